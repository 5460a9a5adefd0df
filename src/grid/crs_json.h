/* A coordinate reference system as PROJJSON. */
#ifndef ZG_GRID_CRS_JSON_H
#define ZG_GRID_CRS_JSON_H

#include "zagg/status.h"

/** PROJJSON on one line (heap, zg_free) of a CRS text that zg_proj_new takes; errors as
 * there. The common systems need no database. */
zagg_status zg_crs_json(const char *crs, char **out, zagg_err *err);

#endif
