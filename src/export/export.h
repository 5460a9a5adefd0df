/* Cells of a store as rows of a file that other programs read: one row a cell, its values
 * and its outline. Writers are behind one vtable, so that the rows know no format. */
#ifndef ZG_EXPORT_EXPORT_H
#define ZG_EXPORT_EXPORT_H

#include "zagg/dtype.h"
#include "zagg/store.h"

#include <stdio.h>

/* ---- shapes ---- */

enum { ZG_SHAPE_POINTS = 8, ZG_SHAPE_PARTS = 2 };

/** A point, or a polygon of one ring that the antimeridian may cut in two. Rings run
 * counterclockwise and end with their first point. */
typedef struct zg_shape {
    bool point;
    size_t n_parts;
    size_t n[ZG_SHAPE_PARTS];
    double x[ZG_SHAPE_PARTS][ZG_SHAPE_POINTS], y[ZG_SHAPE_PARTS][ZG_SHAPE_POINTS];
} zg_shape;

/** Ring of a cell in degrees from its corners N, W, S, E (zagg_geo_corners): corners at a
 * pole, where all longitudes meet, become two, and rings over the antimeridian two parts.
 * Sides are straight in longitude and latitude. */
void zg_shape_of_corners(const double lat_deg[4], const double lon_deg[4], zg_shape *out);
/** A rectangle. */
void zg_shape_of_box(double west, double south, double east, double north, zg_shape *out);
void zg_shape_of_point(double x, double y, zg_shape *out);

/* ---- rows ---- */

typedef enum zg_column_kind {
    ZG_COLUMN_SCALAR = 0, /* a value of `dtype` */
    ZG_COLUMN_TEXT,       /* UTF-8 */
    ZG_COLUMN_LIST        /* any number of values of `dtype` */
} zg_column_kind;

typedef struct zg_column {
    const char *name;
    zg_column_kind kind;
    zagg_dtype dtype; /* TEXT: NONE */
} zg_column;

/** Values of one column for the rows of a batch. */
typedef struct zg_values {
    const void *data;         /* SCALAR: n values; LIST: those of all rows */
    const int32_t *offsets;   /* LIST: n + 1, from 0 */
    const char *const *texts; /* TEXT */
} zg_values;

typedef struct zg_batch {
    size_t n;
    const zg_values *values; /* one for each column */
    const zg_shape *shapes;  /* NULL: the file has no geometry */
} zg_batch;

/** What a file is to hold. Borrowed until the writer is freed. */
typedef struct zg_layout {
    const zg_column *columns;
    size_t n_columns;
    bool geometry, points; /* points: shapes are points, else polygons */
    const char *crs_json;  /* PROJJSON of the geometry; NULL: longitude and latitude */
} zg_layout;

/* ---- writers ---- */

typedef struct zg_writer zg_writer;

typedef struct zg_writer_ops {
    zagg_status (*batch)(zg_writer *w, const zg_batch *batch, zagg_err *err);
    /* What is left, up to the last byte; the file itself is closed by the caller. */
    zagg_status (*end)(zg_writer *w, zagg_err *err);
    void (*free)(zg_writer *w);
} zg_writer_ops;

struct zg_writer {
    const zg_writer_ops *ops;
    const zg_layout *layout;
    FILE *file;
};

/** Open a writer on a file that is open for writing. */
typedef zagg_status (*zg_writer_open)(const zg_layout *layout, FILE *file,
                                      zg_writer **out, zagg_err *err);
/** RFC 4180, geometry as well-known text; NaN is an empty field, lists are JSON. */
zagg_status zg_csv_open(const zg_layout *layout, FILE *file, zg_writer **out,
                        zagg_err *err);
/** One GeoJSON feature (RFC 7946) a line; what is not finite is null. */
zagg_status zg_geojson_open(const zg_layout *layout, FILE *file, zg_writer **out,
                            zagg_err *err);
/** GeoParquet 1.1, zstd. UNSUPPORTED where zagg was built without carquet. */
zagg_status zg_parquet_open(const zg_layout *layout, FILE *file, zg_writer **out,
                            zagg_err *err);

/* ---- the whole ---- */

typedef enum zg_geometry {
    ZG_GEOMETRY_POLYGON = 0,
    ZG_GEOMETRY_POINT,
    ZG_GEOMETRY_NONE
} zg_geometry;

enum { ZG_EXPORT_QUANTILES = 16 };

typedef struct zg_export_opts {
    zg_writer_open open;
    bool lonlat;       /* geometry in longitude and latitude whatever the grid's system */
    const char *group; /* NULL: the one that there is */
    const char *fields; /* names with commas between them; NULL: all */
    bool all_cells;     /* of stored shards, also those without data */
    bool has_box;
    double
        box[4]; /* west south east north: centres that count; west > east crosses 180 */
    zg_geometry geometry;
    double quantiles[ZG_EXPORT_QUANTILES]; /* of digests, in place of their centroids */
    size_t n_quantiles;
    const char *name;         /* of the file, for messages */
    const volatile int *stop; /* not 0: end with CANCELLED; may be NULL */
    void (*progress)(void *user, size_t shards_done, size_t shards);
    void *user;
} zg_export_opts;

/** Write the rows of a store to an open file, shard by shard in stored order. Memory: a
 * reader's and one batch. `rows` counts them. */
zagg_status zg_export(const zagg_store *store, const zg_export_opts *opts, FILE *file,
                      uint64_t *rows, zagg_err *err);

#endif
