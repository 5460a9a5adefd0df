/* Which cells of a shard lie inside the area of interest: the array `aoi_mask`. */
#ifndef ZG_CORE_MASK_H
#define ZG_CORE_MASK_H

#include "geo/ranges.h"
#include "zagg/grid.h"

/** Name of the array and of its carrier column. */
#define ZG_MASK_NAME "aoi_mask"

/** Ascending runs of cell ids that are inside; they may touch each other. */
typedef struct zg_mask {
    zg_ranges runs;
} zg_mask;

/** Mask of one shard from what the shard map holds for it: words of cells of any order
 * (HEALPix), else cell ids. Cells of other shards are ignored. ECONFIG for a word that
 * names no cell or an id beyond the array. Memory: 16 bytes a word or id. */
zagg_status zg_mask_new(const zagg_grid *grid, const uint64_t *payload, size_t n,
                        zg_mask *out, zagg_err *err);
void zg_mask_free(zg_mask *mask);

/** One value for each cell of chunk b of a shard, in stored order; `inside` is all false
 * before. O(log runs) for each row of the chunk, and what is set. Thread-safe. */
void zg_mask_fill(const zg_mask *mask, const zagg_grid *grid, const zagg_shard *shard,
                  uint64_t b, bool *inside);

#endif
