# carquet, which reads and writes Parquet: what scripts/deps has built into .deps/carquet, or
# a copy of the system. Sets ZAGG_CARQUET and the target zagg_carquet where it is found.
option(ZAGG_PARQUET "Build with Parquet where carquet is found" ON)
set(ZAGG_CARQUET OFF)
set(ZAGG_CARQUET_ROOT ${PROJECT_SOURCE_DIR}/.deps/carquet CACHE PATH "Where carquet is")
if(ZAGG_PARQUET AND NOT CMAKE_CROSSCOMPILING)
  # Looked for anew each time: scripts/deps may have built it since.
  unset(ZAGG_CARQUET_LIBRARY CACHE)
  unset(ZAGG_CARQUET_INCLUDE CACHE)
  find_library(ZAGG_CARQUET_LIBRARY carquet HINTS ${ZAGG_CARQUET_ROOT}/lib)
  find_path(ZAGG_CARQUET_INCLUDE carquet/carquet.h HINTS ${ZAGG_CARQUET_ROOT}/include)
  pkg_check_modules(CARQUET_NEEDS IMPORTED_TARGET liblz4 zlib libzstd)
  if(ZAGG_CARQUET_LIBRARY AND ZAGG_CARQUET_INCLUDE AND CARQUET_NEEDS_FOUND)
    set(ZAGG_CARQUET ON)
    add_library(zagg_carquet INTERFACE)
    target_include_directories(zagg_carquet SYSTEM INTERFACE ${ZAGG_CARQUET_INCLUDE})
    target_link_libraries(zagg_carquet INTERFACE ${ZAGG_CARQUET_LIBRARY}
      PkgConfig::CARQUET_NEEDS m)
  endif()
endif()
if(NOT ZAGG_CARQUET)
  message(STATUS "Parquet is off: carquet was not found (scripts/deps builds it)")
endif()
