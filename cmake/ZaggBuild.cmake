# Compiler flags and the two helpers that every directory uses.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(ZAGG_WERROR "Treat compiler warnings as errors (CI)" OFF)
set(ZAGG_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
option(ZAGG_COVERAGE "Instrument for gcov" OFF)
option(ZAGG_FUZZ "Build the fuzz targets with clang's libFuzzer" OFF)

# Numbers must not depend on the CPU: no contraction to FMA, no reassociation.
add_compile_options(-ffp-contract=off)
add_compile_definitions(_POSIX_C_SOURCE=200809L ZAGG_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wstrict-prototypes
  -Wmissing-prototypes -Wformat=2 -Wundef -Wcast-align -Wwrite-strings -Wdouble-promotion
  -Wnull-dereference)
if(ZAGG_WERROR)
  add_compile_options(-Werror)
endif()
if(ZAGG_SANITIZE)
  add_compile_options(-fsanitize=${ZAGG_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ZAGG_SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
endif()
if(ZAGG_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(ZAGG_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic -O0) # atomic: counts of threads
  add_link_options(--coverage)
endif()

# zagg_module(NAME SOURCES a.c ... [LINKS zagg_base ...]): one module of the library.
function(zagg_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(zagg_${name} STATIC ${ARG_SOURCES})
  target_include_directories(zagg_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
    ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(zagg_${name} PUBLIC ${ARG_LINKS})
endfunction()

# What every test program may rely on. Programs are $ZAGG_BUILD_DIR/zagg and zagg-synth.
# Of a cross build they are wrappers that start the emulator (scripts/arm64).
set(ZAGG_TEST_PROGRAMS ${PROJECT_BINARY_DIR})
if(CMAKE_CROSSCOMPILING)
  set(ZAGG_TEST_PROGRAMS ${PROJECT_BINARY_DIR}/emulated)
endif()
# Looking for keys asks no instance service: tests talk to this machine only.
set(ZAGG_TEST_ENVIRONMENT "AWS_EC2_METADATA_DISABLED=true" "ZAGG_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "ZAGG_BUILD_DIR=${ZAGG_TEST_PROGRAMS}")

# zagg_test(NAME SOURCES a.c ... LINKS zagg_base ... [LABELS unit]): one cmocka program.
function(zagg_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT HDF5_FOUND AND "${ARG_LINKS}" MATCHES "HDF5|zagg_test_granule")
    message(STATUS "libhdf5 was not found: test ${name} is not built")
    return()
  endif()
  add_executable(test_${name} ${ARG_SOURCES})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src
    ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(test_${name} PRIVATE ${ARG_LINKS} PkgConfig::CMOCKA m)
  add_test(NAME ${name} COMMAND test_${name})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}"
    ENVIRONMENT "${ZAGG_TEST_ENVIRONMENT}" TIMEOUT 900)
endfunction()
