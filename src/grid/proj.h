/* Between longitude and latitude on WGS 84 and a coordinate reference system, by PROJ. */
#ifndef ZG_GRID_PROJ_H
#define ZG_GRID_PROJ_H

#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>

/** A projection; immutable and shareable between threads. */
typedef struct zg_proj zg_proj;

/** Make the projection of `crs`: an authority code (EPSG:32618), a URN, PROJ string, WKT
 * or PROJJSON. ECONFIG for a text that names no CRS, EUNSUPPORTED for one that is no map
 * or geographic CRS, that names files, or that PROJ's database would have to explain and
 * there is none. Messages begin with output.grid.crs. The common systems on WGS 84 (UTM,
 * polar stereographic, EASE 2, web Mercator, degrees) need no database. */
zagg_status zg_proj_new(const char *crs, zg_proj **out, zagg_err *err);
void zg_proj_free(zg_proj *proj);

/** Name of the CRS as shard maps carry it: "EPSG:3031", "+proj=... +type=crs". Owned by
 * the projection. */
const char *zg_proj_id(const zg_proj *proj);

/** x is the longitude and y the latitude of WGS 84 itself: forward and inverse copy. */
bool zg_proj_is_lonlat(const zg_proj *proj);

/** The CRS has degrees (of whatever datum) for coordinates. */
bool zg_proj_is_geographic(const zg_proj *proj);

/** n points in degrees to x, y of the CRS; both infinite where the input is not finite,
 * its latitude beyond 90 degrees, or the projection has no such point. x and y may be lon
 * and lat. Thread-safe; about 0.1 us a point. */
void zg_proj_forward(const zg_proj *proj, const double *lon_deg, const double *lat_deg,
                     size_t n, double *x, double *y);

/** The way back; both infinite where there is none. Thread-safe. */
void zg_proj_inverse(const zg_proj *proj, const double *x, const double *y, size_t n,
                     double *lon_deg, double *lat_deg);

#endif
