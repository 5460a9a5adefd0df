# Toolchain: cross compile to 64-bit ARM Linux and run the tests under qemu-user. The libraries
# come from ${ZAGG_SYSROOT}, which scripts/arm64 fills with Debian's arm64 packages.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(ZAGG_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-sysroot)
if(DEFINED ENV{ZAGG_ARM64_SYSROOT}) # scripts/lambda has archives of its own
  set(ZAGG_SYSROOT $ENV{ZAGG_ARM64_SYSROOT})
endif()
set(ZAGG_SYSROOT_LIB ${ZAGG_SYSROOT}/usr/lib/aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} ${ZAGG_SYSROOT_LIB}/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ZAGG_SYSROOT})
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${ZAGG_SYSROOT_LIB} -Wl,-rpath-link,${ZAGG_SYSROOT_LIB}")
set(CMAKE_CROSSCOMPILING_EMULATOR
  qemu-aarch64;-L;/usr/aarch64-linux-gnu;-E;LD_LIBRARY_PATH=${ZAGG_SYSROOT_LIB})
