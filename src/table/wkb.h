/* Geometries as well-known binary, little endian, and as text. */
#ifndef ZG_TABLE_WKB_H
#define ZG_TABLE_WKB_H

#include "base/base.h"
#include "zagg/dtype.h"

typedef enum zg_wkb_type {
    ZG_WKB_POINT = 1,
    ZG_WKB_POLYGON = 3,
    ZG_WKB_MULTIPOLYGON = 6
} zg_wkb_type;

void zg_wkb_add_point(zg_str *out, double x, double y);
/** A polygon for each of `n` rings, or a multi polygon of them where there are several.
 * `xy`: x and y of all corners; ring i has counts[i] of them, and is closed here. */
void zg_wkb_add_polygons(zg_str *out, const double *xy, const size_t *counts, size_t n);

/** Type of what zagg wrote; west, south, east and north of all its corners widen
 * `bounds`. False when it is no geometry of these types. */
bool zg_wkb_read(zagg_bytes_view wkb, zg_wkb_type *type, double bounds[4]);
/** As WKT, or as a GeoJSON object; numbers in the shortest form. False as above. */
bool zg_wkb_to_wkt(zagg_bytes_view wkb, zg_str *out);
bool zg_wkb_to_geojson(zagg_bytes_view wkb, zg_str *out);

#endif
