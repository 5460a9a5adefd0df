/* Internal shape of the worker: what is compiled once per run, and the parts of a group
 * read. */
#ifndef ZG_CORE_WORKER_H
#define ZG_CORE_WORKER_H

#include "base/base.h"
#include "stats/reduce.h"
#include "zagg/core.h"

/** A column that a group read can deliver. */
typedef struct zg_column_plan {
    const zagg_variable *variable;
    const zagg_level *level; /* NULL: base level */
    bool used;               /* some field reads it */
} zg_column_plan;

typedef struct zg_field_plan {
    const zagg_field *field;
    const zg_reducer *reducer;
    size_t source, weights; /* column numbers; ZG_NO_COLUMN where there is none */
    uint8_t empty[8];       /* what a cell without rows holds */
} zg_field_plan;

#define ZG_NO_COLUMN SIZE_MAX

struct zagg_worker {
    zagg_arena *arena;
    const zagg_pipeline *pipeline;
    const zagg_grid *grid;
    const zagg_grid_info *info;
    const zagg_level *index_level; /* NULL: every group is read whole */
    size_t n_columns;
    zg_column_plan
        *columns; /* variables, then those of coarser levels, in config order */
    size_t n_fields;
    zg_field_plan *fields;
};

/** Link records of a level, as stored: both arrays n long, in the scratch of the read. */
typedef struct zg_records {
    size_t n;
    const int64_t *beg;   /* index_beg, not yet reduced by index_base */
    const int64_t *count; /* may hold 0 */
} zg_records;

/** One group being read. */
typedef struct zg_group_read {
    const zagg_worker *worker;
    const zagg_shard *shard;
    zagg_h5 *granule;
    const char *group;
    const zagg_read_opts *opts;
    zagg_arena *arena;   /* what is kept: the table */
    zagg_arena *scratch; /* gone after the read: link records, filter values */
    zagg_read_counters *counters;
    zagg_h5_column lat, lon;
    uint64_t n_base; /* rows of the base level as links see it */
    bool planned;    /* slices were planned: links may end beyond n_base */
    zg_vec rows;     /* uint64_t: kept base rows, ascending */
    zg_vec ranks;    /* uint32_t, one per kept row */
    zg_vec leaf_ids; /* uint64_t, one per kept row when asked for */
} zg_group_read;

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

/** Which base rows to look at: slices of the planned route, or everything. *whole is set
 * when the full route must be taken (or is what the config asks for). */
zagg_status zg_plan_rows(zg_group_read *r, zagg_rows **ranges, size_t *n_ranges,
                         bool *whole, zagg_err *err);

/** Apply all filters to the rows kept so far (compacts rows, ranks and leaf ids). */
zagg_status zg_apply_filters(zg_group_read *r, zagg_err *err);

/** AND the outcome of one structured filter over n values into keep[]. */
zagg_status zg_filter_values(const zagg_filter *filter, zagg_dtype dtype,
                             const void *values, size_t n, uint8_t *keep, zagg_err *err);

/** A coarse level's variable painted on the kept rows. */
zagg_status zg_paint_column(zg_group_read *r, const zg_column_plan *plan,
                            zagg_column *out, zagg_err *err);

/* ---- shard.c, aggregate.c ---- */

/** Rows of a shard in cell order: columns sorted stably by rank. */
typedef struct zg_grouped {
    size_t n_rows;
    uint32_t *offsets;    /* cells_per_shard + 1 */
    zagg_column *columns; /* n_columns of the worker; data NULL where unused */
} zg_grouped;

/** Group the tables of all granules (in order) by cell. */
zagg_status zg_group_rows(const zagg_worker *w, zagg_arena *arena,
                          const zagg_table *const *tables, size_t n_tables,
                          zg_grouped *out, zagg_err *err);

/** Evaluate every field over every chunk and hand the carriers over in chunk order. */
zagg_status zg_aggregate(const zagg_worker *w, const zagg_shard *shard,
                         const zg_grouped *rows, zagg_pool *pool, zagg_carrier_fn sink,
                         void *user, uint64_t *cells_with_data, zagg_err *err);

#endif
