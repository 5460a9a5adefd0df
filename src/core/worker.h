/* Internal shape of the worker: what is compiled once per run, and the parts of a group
 * read. */
#ifndef ZG_CORE_WORKER_H
#define ZG_CORE_WORKER_H

#include "base/base.h"
#include "core/mask.h"
#include "stats/observation_time.h"
#include "stats/reduce.h"
#include "zagg/core.h"
#include "zagg/digest.h"
#include "zagg/expr.h"

#include <pthread.h>

/** A column that a group read can deliver. */
typedef struct zg_column_plan {
    const zagg_variable *variable;
    const zagg_level *level; /* NULL: base level */
    bool used;               /* some field, filter or chunk_precompute entry reads it */
} zg_column_plan;

#define ZG_NO_COLUMN SIZE_MAX

/** An expression of the config, parsed once per run. */
typedef struct zg_text {
    zagg_expr *expr;
    const char *key; /* where it stands: "aggregation.variables.h_range" */
    const char *text;
    uint32_t line;
    bool sees_precompute; /* its names go on with those of chunk_precompute */
} zg_text;

#define ZG_NO_TEXT SIZE_MAX

typedef enum zg_calc_kind {
    ZG_CALC_COUNT = 0, /* rows of the cell */
    ZG_CALC_REDUCE,    /* a reducer over `source` */
    ZG_CALC_TEXT,      /* an expression */
    ZG_CALC_DIGEST,    /* t-digest of `source` */
    ZG_CALC_COMPOSITION,
    ZG_CALC_WAVEFORM, /* flux digest of `source` */
    ZG_CALC_SHOT_COUNT,
    ZG_CALC_SHOT_NUMBER,
    ZG_CALC_SINGLE_SHOT,
    ZG_CALC_TIMES /* the words of a cell's rows joined to one */
} zg_calc_kind;

enum { ZG_CALC_ROW_ARGS = 5 };

/** How a field comes from the rows of a cell. */
typedef struct zg_calc {
    zg_calc_kind kind;
    const zg_reducer *reducer;
    size_t source, weights; /* column numbers; ZG_NO_COLUMN where there is none */
    size_t text;            /* number of the expression; ZG_NO_TEXT */
    double delta;           /* digests */
    size_t locations;       /* column of the words of located digests; ZG_NO_COLUMN */
    bool times;             /* words of the clock go along: per centroid, or per cell */
    size_t row_args[ZG_CALC_ROW_ARGS]; /* texts of row-wise parameters: `where`; the five
                                          confidences; counts, noise mean, noise stddev */
    double number_args[4]; /* composition: threshold; waveform: gain, false positive
                              rate, samples a record, correlation length */
} zg_calc;

typedef struct zg_field_plan {
    const zagg_field *field;
    zg_calc calc;
    size_t width;     /* elements of one cell, or of one row of a ragged field */
    size_t bare;      /* the expression is just this chunk_precompute entry */
    uint8_t empty[8]; /* what (each element of) a cell without rows holds */
} zg_field_plan;

#define ZG_NO_ENTRY SIZE_MAX

/** Working memory of one thread; see zg_memory_take. */
typedef struct zg_memory {
    struct zg_memory *next;
    zagg_expr_memory *expr;
    zagg_digest_memory *digest;
    zagg_arena *arena;           /* of one chunk */
    zagg_arena_mark empty;       /* what it goes back to: its first block stays mapped */
    zg_vec cells, bounds, batch; /* see zg_chunk_rows */
    zg_vec times;                /* words of the rows of a batch */
    void *scratch;
    size_t scratch_bytes;
} zg_memory;

/** Programs of all texts for one set of column types: immutable. */
typedef struct zg_typed {
    struct zg_typed *next;
    zagg_dtype *dtypes;      /* of every column and of the leaf ids */
    size_t first, n_texts;   /* texts first..first+n_texts-1 were compiled */
    zagg_program **programs; /* by number of the text */
} zg_typed;

struct zagg_worker {
    zagg_arena *arena;
    const zagg_pipeline *pipeline;
    const zagg_grid *grid;
    const zagg_grid_info *info;
    const zagg_level *index_level; /* NULL: every group is read whole */
    size_t n_columns;
    zg_column_plan
        *columns;   /* variables, then those of coarser levels, in config order */
    bool leaf_ids;  /* some text or field reads "leaf_id", column number n_columns */
    bool has_clock; /* output.time_source */
    zg_clock clock;
    size_t clock_column;
    /* Names of expressions: columns, "leaf_id", chunk_precompute entries. */
    zagg_expr_name *names;
    size_t n_names;
    size_t n_texts; /* filters first, then chunk_precompute, then fields */
    zg_text *texts;
    size_t n_filters;    /* expression filters: texts 0..n_filters-1 */
    size_t n_precompute; /* texts n_filters.. one an entry */
    size_t n_fields;
    zg_field_plan *fields;
    pthread_mutex_t lock; /* of the two lists below */
    zg_typed *typed;
    zg_memory *memories; /* that no thread uses at the moment */
};

/* ---- worker.c ---- */

/** Bytes of a row in column `c` of these types (n_columns: the leaf ids, whose type need
 * not be among them); 0: nobody reads it. */
size_t zg_column_bytes(const zagg_worker *w, const zagg_dtype *dtypes, size_t c);
/** And in all columns. */
size_t zg_row_bytes(const zagg_worker *w, const zagg_dtype *dtypes);

/* ---- calc.c, typed.c, memory.c: what is compiled ---- */

/** Compile how a field comes about. Columns and leaf ids it reads are marked as used. */
zagg_status zg_calc_compile(zagg_worker *w, const zagg_field *f, zg_calc *out,
                            zagg_err *err);
/** Parse the text of entry i of chunk_precompute, or of a filter, as the next text. */
zagg_status zg_precompute_parse(zagg_worker *w, const zagg_precompute *entry,
                                zagg_err *err);
zagg_status zg_filter_parse(zagg_worker *w, const zagg_filter *filter, zagg_err *err);

/** Programs of texts first..first+n-1 for columns of these types (n_columns + 1: the leaf
 *  ids last). Compiled on first use and kept by the worker. ECONFIG naming key and line.
 */
zagg_status zg_typed_get(const zagg_worker *w, const zagg_dtype *dtypes, size_t first,
                         size_t n, const zg_typed **out, zagg_err *err);
void zg_typed_free(zg_typed *list);

/** Working memory for the calling thread alone, until it is given back. */
zagg_status zg_memory_take(const zagg_worker *w, zg_memory **out, zagg_err *err);
void zg_memory_give(const zagg_worker *w, zg_memory *memory);
void zg_memory_free(zg_memory *list);
/** At least `bytes` of scratch, aligned for any type. */
zagg_status zg_memory_scratch(zg_memory *memory, size_t bytes, void **out, zagg_err *err);

/** Apply the expression filters to a table (rows move up). Leaf ids go along. */
zagg_status zg_filter_table(const zagg_worker *w, zagg_table *table, zagg_err *err);

/* ---- group.c ---- */

/** Rows of some chunks of a shard in cell order: columns sorted stably by rank. */
typedef struct zg_grouped {
    size_t first_chunk, n_chunks;
    size_t n_rows;
    uint32_t *offsets; /* of the cells of these chunks, and one more */
    size_t n_cells;
    zagg_dtype *dtypes; /* n_columns + 1: the leaf ids last */
    void **columns;     /* NULL where unused */
} zg_grouped;
void zg_grouped_free(const zagg_worker *w, zg_grouped *grouped);

/* ---- fields.c ... aggregate.c ---- */

/** Value of one chunk_precompute entry for one chunk. */
typedef struct zg_chunk_value {
    zagg_dtype dtype;
    unsigned rank;
    size_t n, columns; /* rows (1 for rank 0); elements of a row (1 but for rank 2) */
    void *data;
} zg_chunk_value;

/** The rows of one inner chunk, as fields see them. */
typedef struct zg_chunk_rows {
    const zagg_worker *worker;
    const zg_typed *typed;
    zg_memory *memory;
    const zagg_shard *shard; /* NULL: cells are told by number */
    uint64_t index;          /* of the chunk in the shard */
    const char *where;       /* "shard 6134114, chunk 3", for messages */
    size_t n_cells;
    size_t n_rows;
    void **columns; /* first row of the chunk in each column; NULL where unused */
    const zagg_dtype *dtypes;
    size_t n_filled;              /* cells that hold rows */
    const uint32_t *cells;        /* their numbers, ascending */
    const size_t *bounds;         /* n_filled + 1: their rows */
    const zg_chunk_value *values; /* of chunk_precompute; NULL in a chunk without rows */
} zg_chunk_rows;

/** Values of chunk_precompute over the rows of the chunk, in `arena`. */
zagg_status zg_precompute(const zg_chunk_rows *chunk, zagg_arena *arena,
                          zg_chunk_value *values, zagg_err *err);

/** Where a field goes: columns first.. of a carrier, its companions behind it. */
typedef struct zg_field_out {
    zagg_carrier *carrier;
    size_t first;
} zg_field_out;

/** One field over the cells of a chunk. */
zagg_status zg_field_evaluate(const zg_chunk_rows *chunk, const zg_field_plan *field,
                              const zg_field_out *out, zagg_err *err);

/** Evaluate every field over the chunks that were grouped and hand the carriers over in
 * chunk order; `cells_with_data` is added to. At most one carrier a thread is there at a
 * time. With output.aoi_mask each has a column of the mask; `mask` NULL: no cell is
 * inside. */
zagg_status zg_aggregate(const zagg_worker *w, const zagg_shard *shard,
                         const zg_grouped *rows, const zg_mask *mask, zagg_pool *pool,
                         zagg_carrier_fn sink, void *user, uint64_t *cells_with_data,
                         zagg_err *err);

#endif
