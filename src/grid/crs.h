/* Which coordinate reference systems rectilinear grids can be in. */
#ifndef ZG_GRID_CRS_H
#define ZG_GRID_CRS_H

#include "zagg/status.h"

/** Canonical name of a CRS in degrees (x = longitude, y = latitude; static text). ECONFIG
 * for a text that names no CRS, UNSUPPORTED for one that needs a map projection. */
zagg_status zg_crs_degrees(const char *crs, const char **id, zagg_err *err);

#endif
