/* Workers for golden cases of module core: a config put together from the parts that a
 * case gives, its grid, and pools of the widths that must all give the same bytes. */
#ifndef ZAGG_TESTS_CORE_CASES_H
#define ZAGG_TESTS_CORE_CASES_H

#include "core/group.h"
#include "support/support.h"

#define N_POOLS 3

/** Pools of 1, 2 and 7 threads. */
typedef struct core_pools {
    zagg_pool *of[N_POOLS];
} core_pools;
core_pools core_pools_new(void);
void core_pools_free(core_pools *p);

typedef struct core_case {
    zagg_arena *arena;
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_worker *worker;
} core_case;

/** A worker for a data_source, the variables of its aggregation and an output.grid. On
 * failure everything is released. */
zagg_status core_case_new(const zagg_value *data_source, const zagg_value *fields,
                          const zagg_value *grid, core_case *out, zagg_err *err);
/** The same for a whole aggregation section; takes `arena` over, whatever comes. */
zagg_status core_case_of(zagg_arena *arena, const zagg_value *data_source,
                         const zagg_value *aggregation, const zagg_value *grid,
                         core_case *out, zagg_err *err);
void core_case_free(core_case *c);

/** Parse JSON text that the test itself holds, or fail the test. */
const zagg_value *core_json(zagg_arena *arena, const char *text);

/** Fields that use every column of data_source.variables: the maximum of each. */
const zagg_value *core_max_of_each(zagg_arena *arena, const zagg_value *data_source);

/** output.grid of a `grids` entry: {crs, ...} without a type is rectilinear. */
const zagg_value *core_grid(zagg_arena *arena, const zagg_value *entry);

/** One granule opened from a file. */
typedef struct core_granule {
    zagg_source *source;
    zagg_h5 *file;
} core_granule;
zagg_status core_granule_open(const char *path, core_granule *out, zagg_err *err);
/** From now on granules are opened so; NULL: as files. */
void core_granules_by(zagg_open_fn open, void *user);
void core_granule_close(core_granule *g);

/** Every cell of a shard: the columns of its carriers joined in chunk order. */
typedef struct core_dense {
    size_t n_cells, n_columns, n_carriers; /* cells of the shard; carriers taken */
    zagg_carrier_column *columns;
} core_dense;
/** A zagg_carrier_fn with a zeroed core_dense as `user`. */
zagg_status core_dense_take(void *dense, const zagg_shard *shard,
                            const zagg_carrier *carrier, zagg_err *err);
void core_dense_free(core_dense *d);
const zagg_carrier_column *core_dense_column(const core_dense *d, const char *name);

/** Member that must be a whole number. */
uint64_t core_number(const zagg_value *map, const char *key);

/** Same bits, or both NaN where the type is floating point. Number of differing
 * elements. */
size_t core_differing(zagg_dtype dtype, const void *a, const void *b, size_t n);

#endif
