/* Internal shape of reading: one group of a granule for all shards that want it.
 *
 * A group is opened once: its datasets are found, its link records and level filters
 * read, and each shard gets its read plan. Its base rows are then read slab by slab, each
 * slab by one thread; a kept row belongs to exactly one shard, its owner. */
#ifndef ZG_CORE_READ_H
#define ZG_CORE_READ_H

#include "core/worker.h"

/** Shards that are read together, and how cells find theirs. Immutable. */
typedef struct zg_shard_set {
    const zagg_grid *grid;
    size_t n;
    zagg_shard *shards;
    zagg_shard_index *index;
} zg_shard_set;
zagg_status zg_shard_set_new(const zagg_grid *grid, const uint64_t *keys, size_t n,
                             zg_shard_set *out, zagg_err *err);
void zg_shard_set_free(zg_shard_set *set);

/** Which shards of a set a granule is read for. */
typedef struct zg_wanted {
    const zg_shard_set *set;
    const uint32_t *shards; /* n numbers in the set, ascending */
    size_t n;
    const uint32_t *local; /* for each shard of the set its place in `shards`, or
                              ZAGG_NO_SHARD */
} zg_wanted;

/** Link records of a level, as stored: both arrays n long, in the scratch of the read. */
typedef struct zg_records {
    size_t n;
    const int64_t *beg;   /* index_beg, not yet reduced by index_base */
    const int64_t *count; /* may hold 0 */
} zg_records;

/** A shard's read plan: rows outside of its slices are not its rows, wherever they lie.
 */
typedef struct zg_slices {
    bool whole; /* all base rows; else: */
    const zagg_rows *ranges;
    size_t n; /* ascending, not overlapping */
    uint64_t n_rows;
} zg_slices;

/** The read plan of a group, made before the group was opened. */
typedef struct zg_group_plan {
    bool made; /* else it could not be, or is not made of records */
    bool empty;
    uint64_t n_base;
    zg_slices *slices; /* of each wanted shard */
} zg_group_plan;

/** What could not be opened; it only matters to reads that get as far as needing it. */
typedef struct zg_fault {
    zagg_status status;
    zagg_err err;
} zg_fault;

/** Base rows of a coarse level's records, ascending. */
typedef struct zg_owner {
    uint64_t begin, end;
    size_t record;
} zg_owner;

/** A filter, ready to be applied to rows. */
typedef struct zg_row_filter {
    const zagg_filter *filter;
    zg_fault fault;
    bool by_rows;          /* keep rows of the records that pass; else by values: */
    zagg_h5_column column; /* of the base level */
    const zagg_rows *pass; /* rows of the records that pass, as they come */
    size_t n_pass;
} zg_row_filter;

/** A column, ready to be read at rows. */
typedef struct zg_row_column {
    zg_fault fault;
    zagg_dtype dtype;
    uint64_t n_rows;       /* of the dataset; base level */
    zagg_h5_column column; /* base level */
    const zg_owner *owners;
    size_t n_owners;
    const void *values; /* coarse level: of its records */
} zg_row_column;

/** One group being read. */
typedef struct zg_group_read {
    const zagg_worker *worker;
    const zg_wanted *wanted;
    zagg_h5 *granule;
    const char *group;
    zagg_pool *pool; /* of what is read whole; NULL: by the calling thread alone */
    const zg_group_plan *plan; /* NULL: none was made */
    bool all_columns, with_leaf_ids;
    zagg_arena *scratch; /* all of the below; gone after the group is read */
    zg_slices *slices;   /* of each wanted shard */
    size_t n_whole;      /* shards whose slices are `whole` */
    zagg_rows *ranges;   /* their union; n_ranges 0: nothing to read */
    size_t n_ranges;
    uint64_t n_base;    /* rows of the base level as links see it */
    bool planned;       /* slices were planned for all: links may end beyond n_base */
    zagg_extent extent; /* around the wanted shards, unless rows are planned */
    bool absent;        /* the granule does not hold the beam */
    bool empty;         /* no base rows: shards whose slices are `whole` notice */
    zagg_h5_column lat, lon;
    zagg_dtype lat_dtype, lon_dtype;
    uint64_t chunk_rows; /* of the base datasets: largest; 1 where there are no chunks */
    zg_row_filter *filters;
    size_t n_filters;
    zg_row_column *columns; /* worker->n_columns */
} zg_group_read;

/** Open a group: everything of `r` from `slices` on is set; what is before is the
 * caller's. `*common` tells whether an error, or the absence of the beam, meets every
 * wanted shard in the same way; else each has to be read alone to know. One thread a
 * granule. */
zagg_status zg_group_open(zg_group_read *r, bool *common, zagg_err *err);

/** Memory that is kept from slab to slab; what it holds need not be zero. */
typedef struct zg_buffer {
    void *data;
    size_t bytes;
} zg_buffer;

/** Kept rows of a slab: ascending base rows, the shard of each (place in wanted->shards)
 * and its cell there. One is used for slab after slab: their memory is as large, and new
 * pages would cost more than what is done with them. */
typedef struct zg_slab {
    struct zg_slab *next; /* of those that wait for work */
    zg_group_read *read;
    zagg_arena *arena;  /* what callers need for this slab */
    zg_vec rows;        /* uint64_t */
    zg_vec owners;      /* uint32_t */
    zg_vec ranks;       /* uint32_t */
    zg_vec leaf_ids;    /* uint64_t, when asked for */
    uint64_t n_no_cell; /* points without a cell */
    zg_vec no_cell;     /* uint64_t: for each wanted shard, those of its slices */
    zg_buffer keep, owned, values; /* of filters */
    zagg_table table;              /* n_rows 0 when nothing is kept */
} zg_slab;

zagg_status zg_slab_new(const zagg_worker *w, zg_slab **out, zagg_err *err);
void zg_slab_free(zg_slab *slab);
/** Read base rows of these ranges (part of r->ranges): coordinates, owners, filters but
 * for expressions, columns. Several slabs of a group may be read at once. What the slab
 * held before is gone. */
zagg_status zg_slab_read(zg_slab *slab, zg_group_read *r, const zagg_rows *ranges,
                         size_t n_ranges, zagg_err *err);
/** The same in two steps: which rows are kept as far as coordinates tell, then the rest.
 */
zagg_status zg_slab_scan(zg_slab *slab, zg_group_read *r, const zagg_rows *ranges,
                         size_t n_ranges, zagg_err *err);
zagg_status zg_slab_fill(zg_slab *slab, zagg_err *err);

/* ---- read_access.c ---- */

/** Path of a template with every "{group}" replaced. In the scratch of the read. */
zagg_status zg_core_read_path(zg_group_read *r, const char *tmpl, const char **out,
                              zagg_err *err);
/** Open the dataset of a template. */
zagg_status zg_core_read_open(zg_group_read *r, const char *tmpl, zagg_h5_dataset **out,
                              zagg_err *err);
/** A whole 1-D integer dataset as int64. */
zagg_status zg_core_read_i64(zg_group_read *r, const char *tmpl, const int64_t **out,
                             size_t *n, zagg_err *err);
/** A whole 1-D dataset in its own type. */
zagg_status zg_core_read_whole(zg_group_read *r, zagg_h5_column column, void **out,
                               size_t *n, zagg_err *err);
/** A whole 1-D floating-point dataset as double. */
zagg_status zg_core_read_f64(zg_group_read *r, const char *tmpl, const double **out,
                             size_t *n, zagg_err *err);
/** Link records of a level: equal lengths are checked. */
zagg_status zg_core_read_records(zg_group_read *r, const zagg_level *level,
                                 zg_records *out, zagg_err *err);
/** Check a dataset against "column given or not": what: "filter on '/x'" or "variable
 * 'h'". */
zagg_status zg_core_read_select_column(zagg_h5_dataset *dataset, bool has_column,
                                       int64_t column, const char *what,
                                       zagg_h5_column *out, zagg_err *err);

/** A 1-D floating-point dataset; `what` names its part in messages. */
zagg_status zg_core_read_coordinate(zg_group_read *r, const char *tmpl, const char *what,
                                    zagg_h5_column *out, zagg_err *err);
/** Whether the folder of the beam's latitudes is missing: ordinary, as not every granule
 * holds every beam. A folder without the dataset is an error instead. */
zagg_status zg_beam_absent(zg_group_read *r, bool *absent, zagg_err *err);
/** Elements first.. of a float32 or float64 column as double; floats are widened into
 * `wide`. */
const double *zg_as_double(zagg_dtype dtype, const void *column, size_t first, size_t n,
                           double *wide);

/* ---- read_plan.c ---- */

/** Slices of every wanted shard by the index level: r->slices, r->n_base, r->empty. All
 * are `whole` where the config has no index level, or a shard's slices are not worth it.
 */
zagg_status zg_plan_slices(zg_group_read *r, zagg_err *err);
/** Their union into r->ranges; `n_rows` are the base rows of a whole read. */
zagg_status zg_plan_union(zg_group_read *r, uint64_t n_rows, zagg_err *err);

/* ---- read_ahead.c ---- */

/** What was read of a remote granule before its first group is opened. */
typedef struct zg_read_ahead {
    zagg_h5_stage
        *records[2]; /* of coarser levels: of the read plan, others; may be NULL */
    zagg_arena *arena;
    zg_group_plan *plans; /* of each group; NULL where there is no index level */
    double plan_s;        /* what making them took */
} zg_read_ahead;

/** The read plan of every group; what says where the data of groups lie that hold wanted
 * rows; and the records of coarser levels, up to `most_bytes` of these. What fails will
 * fail again where it is needed. Everything of *out is set. */
void zg_read_ahead_do(const zagg_worker *w, const zg_wanted *wanted, zagg_h5 *file,
                      uint64_t most_bytes, zg_read_ahead *out);
/** The records are not needed any more: all groups are open. */
void zg_read_ahead_opened(zg_read_ahead *ahead);
/** Zero-initialised is fine. */
void zg_read_ahead_free(zg_read_ahead *ahead);
/** The points that zagg_worker_shard_keys reads, up to `most_bytes`. *stage (may become
 * NULL) holds them until it is freed. */
void zg_read_ahead_points(const zagg_worker *w, zagg_h5 *file, uint64_t most_bytes,
                          zagg_h5_stage **stage);

/* ---- read_filter.c, read_level.c ---- */

/** Make ready what filters (but expressions) and columns need. Faults stay with them. */
zagg_status zg_filters_open(zg_group_read *r, zagg_err *err);
zagg_status zg_columns_open(zg_group_read *r, zagg_err *err);
/** Rows of the records of a coarse level that pass a filter: r->filters[i].pass. */
zagg_status zg_level_filter_open(zg_group_read *r, zg_row_filter *f,
                                 const zagg_level *level, zagg_err *err);
/** Owners and values of a coarse level's variable. */
zagg_status zg_painted_open(zg_group_read *r, const zg_column_plan *plan,
                            zg_row_column *out, zagg_err *err);
/** A coarse level's variable painted on ascending rows. */
void zg_paint_rows(const zg_row_column *column, const uint64_t *rows, size_t n,
                   void *painted);

/** AND the outcome of one structured filter over n values into keep[]. */
zagg_status zg_filter_values(const zagg_filter *filter, zagg_dtype dtype,
                             const void *values, size_t n, uint8_t *keep, zagg_err *err);

#endif
