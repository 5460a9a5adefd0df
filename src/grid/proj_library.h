/* PROJ, loaded when the first projection is made: it brings in some forty libraries, for
 * which a run on HEALPix would pay 5 ms and 10 MB at its start. */
#ifndef ZG_GRID_PROJ_LIBRARY_H
#define ZG_GRID_PROJ_LIBRARY_H

#include "zagg/status.h"

#include <geodesic.h>
#include <proj.h>

#define ZG_PROJ_FUNCTIONS(X)                                                             \
    X(as_projjson)                                                                       \
    X(as_wkt)                                                                            \
    X(clone)                                                                             \
    X(context_create)                                                                    \
    X(context_destroy)                                                                   \
    X(context_get_database_metadata)                                                     \
    X(context_set_enable_network)                                                        \
    X(context_set_fileapi)                                                               \
    X(coordoperation_get_method_info)                                                    \
    X(coordoperation_get_param)                                                          \
    X(coordoperation_get_param_count)                                                    \
    X(create)                                                                            \
    X(create_crs_to_crs_from_pj)                                                         \
    X(crs_get_coordinate_system)                                                         \
    X(crs_get_coordoperation)                                                            \
    X(crs_get_datum_forced)                                                              \
    X(crs_get_geodetic_crs)                                                              \
    X(crs_get_sub_crs)                                                                   \
    X(cs_get_axis_info)                                                                  \
    X(destroy)                                                                           \
    X(ellipsoid_get_parameters)                                                          \
    X(get_ellipsoid)                                                                     \
    X(get_name)                                                                          \
    X(get_prime_meridian)                                                                \
    X(get_source_crs)                                                                    \
    X(get_type)                                                                          \
    X(info)                                                                              \
    X(log_func)                                                                          \
    X(log_level)                                                                         \
    X(normalize_for_visualization)                                                       \
    X(prime_meridian_get_parameters)                                                     \
    X(trans_generic)

/** The functions of PROJ that zagg calls, by their names without "proj_". */
typedef struct zg_proj_functions {
#define ZG_PROJ_MEMBER(name) __typeof__(proj_##name) *name;
    ZG_PROJ_FUNCTIONS(ZG_PROJ_MEMBER)
#undef ZG_PROJ_MEMBER
} zg_proj_functions;

/** Filled by zg_proj_load and constant from then on. */
extern zg_proj_functions zg_libproj;

/** Geodesics on an ellipsoid, which PROJ has, too: by their names without "geod_". */
typedef struct zg_geod_functions {
    __typeof__(geod_init) *init;
    __typeof__(geod_inverse) *inverse;
    __typeof__(geod_direct) *direct;
} zg_geod_functions;
extern zg_geod_functions zg_libgeod;

/** Load PROJ unless it is loaded. EUNSUPPORTED where it is not installed or too old,
 * saying so. Thread-safe; some 5 ms the first time. */
zagg_status zg_proj_load(zagg_err *err);

#endif
