/* zagg export: the command line, and what its parts share. */
#ifndef ZG_CLI_EXPORT_H
#define ZG_CLI_EXPORT_H

#include "cli/store_args.h"
#include "grid/proj.h"
#include "table/table.h"
#include "text/text.h"
#include "zagg/store.h"

#include <signal.h>

enum { EXPORT_QUANTILES = 64, EXPORT_ROWS = 8192 };

typedef enum export_shape {
    EXPORT_POLYGON = 0,
    EXPORT_POINT,
    EXPORT_NO_GEOMETRY
} export_shape;

typedef struct export_args {
    const char *store, *out, *group, *fields; /* NULL: not given */
    zg_table_format format;
    bool has_format, gzip, force, all_cells, quiet, has_bbox;
    double bbox[4]; /* west, south, east, north */
    export_shape shape;
    double quantiles[EXPORT_QUANTILES];
    size_t n_quantiles;
} export_args;

/** Where the values of a column come from. */
typedef enum export_source {
    EXPORT_CELL = 0,
    EXPORT_MORTON,
    EXPORT_CELL_ID,
    EXPORT_ROW,
    EXPORT_COLUMN,
    EXPORT_X,
    EXPORT_Y,
    EXPORT_LON,
    EXPORT_LAT,
    EXPORT_WINDOW,
    EXPORT_FIELD,
    EXPORT_QUANTILE,
    EXPORT_GEOMETRY
} export_source;

/** A column and its values of one batch. Each of `offsets`, `null` and `views` has room
 * for EXPORT_ROWS rows where the column has need of it. */
typedef struct export_column {
    export_source source;
    size_t field; /* FIELD, QUANTILE */
    double q;
    zg_str data;
    uint32_t *offsets; /* of lists in elements, of texts in bytes */
    uint8_t *null;
    zagg_bytes_view *views;
} export_column;

typedef struct export_job {
    const export_args *args;
    const zagg_store_group *group;
    zagg_arena *arena;
    const volatile sig_atomic_t *stop;
    /* which fields: for output, to be read, to tell rows */
    bool *shown, *wanted, *telling;
    size_t count; /* field that tells rows by being above 0; n_fields: none */
    size_t n_columns, max_columns;
    export_column *columns;
    zg_table_column *heads; /* the same as the table has it */
    zg_table_values *values;
    zg_proj *proj; /* rectilinear */
    char *crs_json;
    zg_str about; /* metadata of the file */
    zagg_store_reader *reader;
    zg_table_writer *table;
    /* the batch: positions in the chunk, and where these are */
    size_t n_rows;
    size_t rows[EXPORT_ROWS];
    double x[EXPORT_ROWS], y[EXPORT_ROWS], lon[EXPORT_ROWS], lat[EXPORT_ROWS];
    float *centroids; /* of one digest, aligned */
    size_t centroids_cap;
} export_job;

/* ---- export_columns.c ---- */

/** Settle which fields are shown and read, and the columns; `job->group` is set. */
zagg_status export_plan(export_job *job, zagg_err *err);
/** Values of all columns for the rows of the batch. */
zagg_status export_fill(export_job *job, const zagg_store_shard *shard,
                        const zagg_store_chunk *chunk, zagg_err *err);

/* ---- export_place.c ---- */

/** The projection of rectilinear grids, and their PROJJSON where the format has room for
 * it. */
zagg_status export_place_new(export_job *job, zagg_err *err);
/** x, y, lon and lat of the rows of the batch; x and y are those of HEALPix, too. */
void export_place_rows(export_job *job, const zagg_store_chunk *chunk);
/** Is row i inside the box asked for? True where there is none. */
bool export_in_box(const export_job *job, size_t i);
/** False: no cell of chunk b, or (UINT64_MAX) of the whole shard, can lie in the box. */
bool export_box_meets(const export_job *job, const zagg_store_shard *shard, uint64_t b);
/** Append the geometry of row i; false where it has none. */
bool export_geometry(const export_job *job, const zagg_store_chunk *chunk, size_t i,
                     zg_str *wkb);

/* ---- export_rows.c ---- */

/** Write all rows that are asked for into job->table. */
zagg_status export_rows(export_job *job, zagg_err *err);

#endif
