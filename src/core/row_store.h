/* Kept rows of all shards of a pass, until their shard is complete. Rows come in any
 * order, in fragments that say where they belong; what exceeds the budget goes to one
 * unlinked file on the disk. */
#ifndef ZG_CORE_ROW_STORE_H
#define ZG_CORE_ROW_STORE_H

#include "core/spill.h"
#include "core/worker.h"

typedef struct zg_row_store zg_row_store;

/** Where the rows of a fragment belong in their shard: granule in its list, group,
 * first base row. */
typedef struct zg_row_key {
    uint32_t position, group;
    uint64_t first_row;
} zg_row_key;

/** Rows in reading order: columns of the worker (NULL where unused) and leaf ids (NULL
 * unless the worker needs them). */
typedef struct zg_row_batch {
    size_t n_rows;
    const uint32_t *ranks;
    const zagg_dtype *dtypes; /* n_columns */
    const void *const *columns;
    const uint64_t *leaf_ids;
} zg_row_batch;

/** `budget_bytes`: of rows in memory, 0: no limit; half of it is for the grouping of
 * `n_threads` shards at once. `spill_dir`: where the file goes,
 * NULL: $TMPDIR, else /var/tmp, else /tmp. It is made when it is needed. */
zagg_status zg_row_store_new(const zagg_worker *w, size_t n_shards, size_t n_threads,
                             uint64_t budget_bytes, const char *spill_dir,
                             zg_row_store **out, zagg_err *err);
void zg_row_store_free(zg_row_store *store);

/** Copy a batch (of less than 2^32 rows). Thread-safe. ENOMEM; EIO where the
 * disk is full. */
zagg_status zg_row_store_add(zg_row_store *store, size_t shard, zg_row_key key,
                             const zg_row_batch *batch, zagg_err *err);
/** Forget what came of one group of a granule. Not while rows of that shard are added. */
void zg_row_store_drop(zg_row_store *store, size_t shard, uint32_t position,
                       uint32_t group);

/** No more rows will come for this shard: its fragments are put in order. EFORMAT where
 * their types differ, ERANGE for more than 2^32 - 2 rows. After this a shard is for one
 * thread, but that several may read its fragments. */
zagg_status zg_row_store_seal(zg_row_store *store, size_t shard, zagg_err *err);
uint64_t zg_row_store_n_rows(const zg_row_store *store, size_t shard);
size_t zg_row_store_n_fragments(const zg_row_store *store, size_t shard);
/** Types of the columns of a sealed shard with rows, the leaf ids last (n_columns + 1).
 */
const zagg_dtype *zg_row_store_dtypes(const zg_row_store *store, size_t shard);

/** Buffers of a reader of fragments. */
typedef struct zg_row_reader {
    uint32_t *ranks;
    void **columns; /* n_columns + 1: the leaf ids last; NULL where unused */
    size_t n_rows;  /* of the fragment that was read last */
    void *block;
    size_t block_bytes, cap_rows;
} zg_row_reader;
/** Bring back fragment `i` of a sealed shard: its ranks, and with `columns` all else. */
zagg_status zg_row_store_read(zg_row_store *store, size_t shard, size_t i, bool columns,
                              zg_row_reader *reader, zagg_err *err);
void zg_row_reader_free(zg_row_reader *reader);

/** Fragment `i` will not be read again: blocks that hold nothing else are given back. */
void zg_row_store_forget(zg_row_store *store, size_t shard, size_t i);
/** Give the rows of a shard back. */
void zg_row_store_release(zg_row_store *store, size_t shard);

/** Take memory for the work on a sealed shard out of the budget: rows make room for it,
 * first those of shards that are not complete, then its own. */
zagg_status zg_row_store_reserve(zg_row_store *store, size_t shard, uint64_t bytes,
                                 zagg_err *err);
void zg_row_store_unreserve(zg_row_store *store, uint64_t bytes);
/** Bytes that one shard may take at once to be grouped. */
uint64_t zg_row_store_share(const zg_row_store *store);

/** What went to the disk so far. */
zg_spill_stats zg_row_store_spilled(const zg_row_store *store);

#endif
