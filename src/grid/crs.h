/* Texts that name coordinate reference systems, and the systems that need no database. */
#ifndef ZG_GRID_CRS_H
#define ZG_GRID_CRS_H

#include "zagg/status.h"

#include <stdbool.h>

/* Longest text taken for a CRS; WKT of real systems has some thousand characters. */
#define ZG_CRS_MAX_TEXT 65536

typedef enum zg_crs_method {
    ZG_CRS_LONLAT = 0,
    ZG_CRS_TRANSVERSE_MERCATOR,
    ZG_CRS_UPS,          /* polar stereographic, by its scale at the pole, 0.994 */
    ZG_CRS_POLAR_STEREO, /* by the latitude of true scale */
    ZG_CRS_LAEA,
    ZG_CRS_CEA,
    ZG_CRS_MERCATOR,
    ZG_CRS_WEB_MERCATOR,
    ZG_CRS_EQUIDISTANT
} zg_crs_method;

/** A system on WGS 84 that zagg defines by itself, with EPSG's names and numbers. */
typedef struct zg_crs_known {
    int code; /* EPSG; 0: OGC:CRS84 */
    zg_crs_method method;
    char name[56], conversion[56];
    double lat, lon; /* of origin, or the standard parallel, degrees */
    double scale;
    double easting, northing; /* of the origin, metres */
    int zone;                 /* UTM: 1 to 60; southern ones below 0 */
    bool long_axis_names;     /* "easting (X)" in place of "(E)" */
} zg_crs_known;

/** True when the text names one: EPSG:n, its URN or its address at opengis.net, in
 * capitals or not. */
bool zg_crs_find_known(const char *text, zg_crs_known *out);

/** The pipeline from degrees to x, y for proj_create; empty for ZG_CRS_LONLAT. */
void zg_crs_known_pipeline(const zg_crs_known *crs, char out[256]);

/** WKT2:2019 on one line (heap, zg_free); NULL without memory. */
char *zg_crs_known_wkt(const zg_crs_known *crs);

/** The name by which signatures carry a CRS, upstream's: EPSG codes in capitals, a number
 * as an EPSG code, " +type=crs" after a PROJ string, anything else as written (heap,
 * zg_free); NULL without memory. */
char *zg_crs_id(const char *text);

/** ECONFIG or EUNSUPPORTED for a text that is too long, empty, or names files. */
zagg_status zg_crs_check_text(const char *text, zagg_err *err);

/** The text as far as it fits into a message of one line. */
const char *zg_crs_shown(const char *text, char out[96]);

#endif
