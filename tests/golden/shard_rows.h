/* Rows of shards: a golden config whose only fields hold every column of every row, in
 * the order in which rows come to aggregation, run shard by shard and all together. */
#ifndef ZAGG_TESTS_SHARD_ROWS_H
#define ZAGG_TESTS_SHARD_ROWS_H

#include "golden/core_cases.h"
#include "zagg/run.h"

/** One shard processed by itself; without data `dense` has no columns. */
typedef struct shard_alone {
    zagg_shard shard;
    zagg_shard_result result;
    core_dense dense; /* ragged columns rows_NAME of doubles */
} shard_alone;

typedef struct shard_rows {
    zagg_arena *arena;
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_shardmap *map; /* the caller sets it; released with the rest */
    zagg_latitude latitude;
    shard_alone *alone; /* one for each shard of the map */
} shard_rows;

/** A worker for a data_source and an output.grid. Its fields rows_NAME are the columns of
 * the config and the coordinates of the rows (rows_row_latitude, rows_row_longitude). On
 * failure everything is released. */
zagg_status shard_rows_new(const zagg_value *data_source, const zagg_value *grid,
                           zagg_latitude latitude, shard_rows *out, zagg_err *err);
void shard_rows_free(shard_rows *s);

/** Element i of a column as double. */
double shard_rows_element(zagg_dtype dtype, const void *data, size_t i);

/** Process every shard of the map by itself, without a pool. */
zagg_status shard_rows_alone(shard_rows *s, zagg_err *err);

/** Are the rows of each shard alone those that its granules give when they are read group
 * by group in the order of its list, cell by cell? What differs goes to `why`. */
bool shard_rows_are_those_read(const shard_rows *s, char why[256]);

/** Run the whole map at once with so many threads into STORE. Does each shard have the
 * numbers and, cell by cell, the rows that it has alone? */
bool shard_rows_are_those_of_a_run(const shard_rows *s, size_t threads, const char *store,
                                   char why[256]);

/** Does upstream's flat store have as many rows in each cell (its array `count`)? True
 * also where it has no such array: `n_cells` counts the cells compared. */
bool shard_rows_are_counted(const shard_rows *s, const char *store, size_t *n_cells,
                            char why[256]);

#endif
