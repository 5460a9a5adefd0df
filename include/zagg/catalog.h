/* Catalogs: what granules there are, where they lie, when they were taken and what their
 * files are called. Read item by item, in constant memory. docs/catalog.md. */
#ifndef ZAGG_CATALOG_H
#define ZAGG_CATALOG_H

#include "zagg/cover.h"
#include "zagg/log.h"
#include "zagg/status.h"
#include "zagg/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- shapes ---- */

typedef enum zagg_shape_kind {
    ZAGG_SHAPE_POLYGON = 0,
    ZAGG_SHAPE_LINE,
    ZAGG_SHAPE_POINT
} zagg_shape_kind;

/** A polygon (outer ring, then holes), a line (one ring of its vertices, not closed) or a
 * point (one ring of one vertex). Geodetic degrees. Rings of polygons come without their
 * closing vertex. */
typedef struct zagg_shape_part {
    zagg_shape_kind kind;
    const zagg_ring *rings;
    size_t n_rings;
} zagg_shape_part;

/** Any geometry, its multi-parts and collections flattened. No part: empty, or null. */
typedef struct zagg_shape {
    const zagg_shape_part *parts;
    size_t n_parts;
} zagg_shape;

/** Parse a geometry into `arena`: GeoJSON (a geometry, Feature or FeatureCollection as a
 * value), WKT, WKB (and EWKB, hex). Z and M are dropped; coordinates are kept as they
 * are, not finite ones too, which are for the user of the shape to judge. At most
 * `max_vertices` (0: 2^24). FORMAT with the place; RANGE. */
ZAGG_API zagg_status zagg_shape_from_geojson(zagg_arena *arena, const zagg_value *value,
                                             size_t max_vertices, zagg_shape *out,
                                             zagg_err *err);
ZAGG_API zagg_status zagg_shape_from_wkt(zagg_arena *arena, const char *text, size_t len,
                                         size_t max_vertices, zagg_shape *out,
                                         zagg_err *err);
ZAGG_API zagg_status zagg_shape_from_wkb(zagg_arena *arena, const void *data, size_t len,
                                         size_t max_vertices, zagg_shape *out,
                                         zagg_err *err);

/** A box from text: "W,S,E,N", "(W, S, E, N)" or "[W, S, E, N]" in degrees, or from a
 * list of four (or six, with heights) numbers or such a text. W > E crosses the
 * antimeridian. FORMAT; RANGE for S > N and numbers that are no degrees. */
ZAGG_API zagg_status zagg_bbox_parse(const char *text, double out[4], zagg_err *err);
ZAGG_API zagg_status zagg_bbox_from_value(const zagg_value *value, double out[4],
                                          zagg_err *err);
/** The region between two meridians and two parallels as polygons whose edges are at most
 * a degree long, each smaller than half of the sphere: all longitudes are a ring (a cap,
 * or a band with a hole) or pieces side by side. They meet in edges, so that the even-odd
 * set of all of them is the box. */
ZAGG_API zagg_status zagg_shape_from_bbox(zagg_arena *arena, const double bbox[4],
                                          zagg_shape *out, zagg_err *err);
/** W, S, E, N around the parts of a shape; edges run the shorter way round, so that W > E
 * where they cross the antimeridian, and a ring round a pole holds it. Else the least and
 * greatest numbers. Vertices that are not finite do not count; *out_any is false (and the
 * box untouched) where there are no others. NOMEM. */
ZAGG_API zagg_status zagg_shape_bbox(const zagg_shape *shape, double out[4],
                                     bool *out_any, zagg_err *err);

/* ---- items ---- */

/** One granule. Texts may be NULL where the item has none; all of it is valid during the
 * call that hands it over. */
typedef struct zagg_item {
    const char *id, *collection;
    const char *datetime, *start, *end; /* as the item has them (RFC 3339) */
    bool has_bbox;
    double bbox[4]; /* lon_min, lat_min, lon_max, lat_max */
    zagg_shape shape;
    const char *s3, *https; /* hrefs of assets data_s3 and data, or by their scheme */
    const char
        *time_key; /* value of the property that zagg:catalog_meta names time_key */
    const uint64_t *footprint_cells; /* stored index of cells, or NULL */
    size_t n_footprint_cells;
    const zagg_value *assets; /* MAP: as in the item, for siblings by name; or NULL */
    const zagg_value *whole;  /* the item as GeoJSON, where it was asked for; or NULL */
} zagg_item;

typedef zagg_status (*zagg_item_fn)(void *user, const zagg_item *item, zagg_err *err);

typedef struct zagg_catalog_opts {
    bool whole;  /* items come with `whole` */
    bool assets; /* items come with `assets` */
    zagg_log *log;
} zagg_catalog_opts;

/** What the file says of itself: zagg:catalog_meta (MAP; empty where it has none). Owned
 * by the catalog. */
typedef struct zagg_catalog zagg_catalog;

/** Open NDJSON (.ndjson, .jsonl, .json lines; .gz of it), a FeatureCollection, a single
 * Feature, or stac-geoparquet: told by content, not by name. zagg:catalog_meta is that of
 * the first line or of a collection's members before its features. Errors name file and
 * line; UNSUPPORTED for Parquet in a program without carquet. */
ZAGG_API zagg_status zagg_catalog_open(const char *path, const zagg_catalog_opts *opts,
                                       zagg_catalog **out, zagg_err *err);
ZAGG_API const zagg_value *zagg_catalog_meta(const zagg_catalog *catalog);
/** "NDJSON", "FeatureCollection" or "stac-geoparquet", with " (gzip)"; static text. */
ZAGG_API const char *zagg_catalog_form(const zagg_catalog *catalog);
/** Every item in file order, on the caller's thread; once. Memory: one item, one row
 * group of Parquet. */
ZAGG_API zagg_status zagg_catalog_read(zagg_catalog *catalog, zagg_item_fn fn, void *user,
                                       zagg_err *err);
ZAGG_API void zagg_catalog_close(zagg_catalog *catalog);

/* ---- writing ---- */

typedef struct zagg_catalog_writer zagg_catalog_writer;
/** By the name: .parquet, .ndjson.gz, .ndjson, .json (FeatureCollection). The file is
 * there, whole, when the writer is finished, and not before. */
ZAGG_API zagg_status zagg_catalog_writer_new(const char *path, const zagg_value *meta,
                                             zagg_catalog_writer **out, zagg_err *err);
/** `item` is a STAC item as GeoJSON (`whole` of an item). */
ZAGG_API zagg_status zagg_catalog_writer_add(zagg_catalog_writer *writer,
                                             const zagg_value *item, zagg_err *err);
ZAGG_API zagg_status zagg_catalog_writer_finish(zagg_catalog_writer *writer,
                                                zagg_err *err);
ZAGG_API void zagg_catalog_writer_abandon(zagg_catalog_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
