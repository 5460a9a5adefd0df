/* Coordinate reference systems as JSON, for GeoParquet. */
#ifndef ZG_GRID_CRS_JSON_H
#define ZG_GRID_CRS_JSON_H

#include "zagg/status.h"

/** PROJJSON of a CRS text on one line (heap, zg_free). ECONFIG for a text that names
 * none, UNSUPPORTED where PROJ cannot express or load it. */
zagg_status zg_crs_json(const char *crs, char **out, zagg_err *err);

#endif
