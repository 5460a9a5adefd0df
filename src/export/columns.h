/* Which columns a file has, and their values as they gather for a batch. */
#ifndef ZG_EXPORT_COLUMNS_H
#define ZG_EXPORT_COLUMNS_H

#include "base/base.h"
#include "export/export.h"
#include "grid/proj.h"

/* Where a cell lies. */
typedef struct zg_place {
    double lat, lon; /* of its centre, degrees, -180..180 */
    double x, y;     /* rectilinear: in the grid's system */
} zg_place;

/* What a column is made of. */
typedef enum zg_origin {
    ZG_FROM_DECIMAL = 0, /* text of the morton word */
    ZG_FROM_WORD,
    ZG_FROM_CELL_ID,
    ZG_FROM_ROW,
    ZG_FROM_COLUMN,
    ZG_FROM_X,
    ZG_FROM_Y,
    ZG_FROM_LON,
    ZG_FROM_LAT,
    ZG_FROM_WINDOW,
    ZG_FROM_FIELD,
    ZG_FROM_QUANTILE
} zg_origin;

typedef struct zg_source {
    zg_origin origin;
    size_t field;    /* of the group */
    double quantile; /* QUANTILE */
    zg_vec data;     /* SCALAR and LIST: bytes; TEXT: offsets into `texts` */
    zg_vec offsets;  /* LIST */
} zg_source;

typedef struct zg_columns {
    const zagg_store_group *group;
    const zg_export_opts *opts;
    zg_proj *proj;  /* rectilinear */
    char *crs_json; /* PROJJSON of the grid's system where the geometry is in it */
    bool *wanted;   /* one for each field of the group */
    zg_column *columns;
    zg_source *sources;
    zg_values *values;
    size_t n;
    char **names; /* made for this file */
    size_t n_names;
    zg_vec shapes; /* zg_shape */
    zg_vec texts;  /* characters of all TEXT columns, each text with its NUL */
    zg_vec pointers;
    zg_vec centroids; /* of one digest */
    size_t rows, list_values;
} zg_columns;

/** Choose the columns of a group and describe them in `layout`, which borrows. Free it in
 * any case; a struct of zeros is fine. */
zagg_status zg_columns_new(zg_columns *c, const zagg_store_group *group,
                           const zg_export_opts *opts, zg_layout *layout, zagg_err *err);
void zg_columns_free(zg_columns *c);
/** For each field of the group whether it is read. */
const bool *zg_columns_wanted(const zg_columns *c);
zagg_status zg_columns_place(const zg_columns *c, const zagg_store_chunk *chunk,
                             size_t cell, zg_place *out, zagg_err *err);
zagg_status zg_columns_add(zg_columns *c, const zagg_store_shard *shard,
                           const zagg_store_chunk *chunk, size_t cell,
                           const zg_place *place, zagg_err *err);
size_t zg_columns_rows(const zg_columns *c);
size_t zg_columns_list_values(const zg_columns *c);
/** The rows since the last clear; valid until the next row. */
zagg_status zg_columns_batch(zg_columns *c, zg_batch *out, zagg_err *err);
void zg_columns_clear(zg_columns *c);

#endif
