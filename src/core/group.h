/* Grouping the rows of one shard by cell, all at once or some inner chunks at a time. */
#ifndef ZG_CORE_GROUP_H
#define ZG_CORE_GROUP_H

#include "core/row_store.h"

/** Chunks that are grouped together. */
typedef struct zg_group_part {
    size_t first_chunk, n_chunks;
    uint64_t n_rows;
} zg_group_part;

typedef struct zg_grouping {
    const zagg_worker *worker;
    zg_row_store *store;
    size_t shard;
    const zagg_dtype *dtypes;
    zagg_pool *pool;
    zg_group_part *parts; /* in chunk order */
    size_t n_parts;
} zg_grouping;

/** Decide on the parts of a sealed shard that has rows. `pool` (may be NULL) helps with
 * large ones. ENOMEM, EIO. To be ended in any case. */
zagg_status zg_grouping_begin(const zagg_worker *w, zg_row_store *store, size_t shard,
                              zagg_pool *pool, zg_grouping *out, zagg_err *err);
void zg_grouping_end(zg_grouping *g);
/** Memory that grouping part i takes. */
uint64_t zg_grouping_bytes(const zg_grouping *g, size_t i);
/** Group part i, in order: with the last one the rows in the store are used up. To be
 * freed with zg_grouped_free. Cost: reads all rows of the shard twice. */
zagg_status zg_grouping_part(zg_grouping *g, size_t i, zg_grouped *out, zagg_err *err);

/** The rows of table i for shard 0 of a store. */
zagg_status zg_group_add_table(const zagg_worker *w, zg_row_store *store, size_t i,
                               const zagg_table *t, zagg_err *err);
/** Rows of `n` (at least 1) tables of one shard, joined in order and grouped at once:
 * grouping apart from reading, for tests and benchmarks. To be freed with
 * zg_grouped_free. */
zagg_status zg_group_tables(const zagg_worker *w, const zagg_table *const *tables,
                            size_t n, zg_grouped *out, zagg_err *err);

#endif
