/* Building shapes vertex by vertex, for the readers of GeoJSON, WKT and WKB. */
#ifndef ZG_CAT_SHAPE_H
#define ZG_CAT_SHAPE_H

#include "base/base.h"
#include "cat/json_scan.h"
#include "zagg/catalog.h"

/* Deepest nesting of collections in a geometry. */
#define ZG_SHAPE_MAX_DEPTH 32
#define ZG_SHAPE_MAX_VERTICES ((size_t)1 << 24)

/** A shape that grows. Rings without vertices and parts whose first ring has none are
 * left out, as are the closing vertices of polygons' rings. One thread at a time. */
typedef struct zg_shape_builder {
    zg_vec lat, lon; /* double, of all rings */
    zg_vec rings;    /* size_t: where each begins in them */
    zg_vec parts;    /* kind, and where its rings begin */
    size_t max_vertices;
    bool part_empty; /* the first ring of this part had no vertex */
} zg_shape_builder;

/** max_vertices 0: ZG_SHAPE_MAX_VERTICES. */
void zg_shape_begin(zg_shape_builder *b, size_t max_vertices);
/** Keeps the memory for another shape. */
void zg_shape_clear(zg_shape_builder *b);
void zg_shape_free(zg_shape_builder *b);
zagg_status zg_shape_part(zg_shape_builder *b, zagg_shape_kind kind, zagg_err *err);
zagg_status zg_shape_ring(zg_shape_builder *b, zagg_err *err);
/** RANGE beyond max_vertices. */
zagg_status zg_shape_vertex(zg_shape_builder *b, double lon, double lat, zagg_err *err);
/** Call after the last vertex of each ring, and after the last ring of each part. */
void zg_shape_end_ring(zg_shape_builder *b);
void zg_shape_end_part(zg_shape_builder *b);
/** Copy what was built into `arena`. */
zagg_status zg_shape_finish(const zg_shape_builder *b, zagg_arena *arena, zagg_shape *out,
                            zagg_err *err);

/** As zagg_shape_from_geojson and so on, into a builder that may be used again. */
zagg_status zg_shape_add_geojson(zg_shape_builder *b, const zagg_value *value,
                                 zagg_err *err);
/** The same of text, which is read in place; s->err gets the fault. Objects may hold
 * their members in any order. */
zagg_status zg_shape_scan_geojson(zg_shape_builder *b, zg_scan *s);
zagg_status zg_shape_add_wkt(zg_shape_builder *b, const char *text, size_t len,
                             zagg_err *err);
zagg_status zg_shape_add_wkb(zg_shape_builder *b, const void *data, size_t len,
                             zagg_err *err);

#endif
