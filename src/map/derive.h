/* Maps made from other maps. */
#ifndef ZG_MAP_DERIVE_H
#define ZG_MAP_DERIVE_H

#include "cat/cat.h"
#include "cat/make_value.h"
#include "map/write.h"

/** A map that grows shard by shard out of the granules of another one, which are copied
 * when they are first used. */
typedef struct zg_derive {
    const zagg_shardmap *source;
    zg_owned_map *own;
    zg_tree tree;           /* in its arena */
    zg_map_numbers numbers; /* of the source's granules */
    zg_vec copies;          /* const zagg_granule *, by number */
    zg_vec shards;          /* zagg_shard_entry */
    size_t pairs;
} zg_derive;

zagg_status zg_derive_begin(const zagg_shardmap *source, zg_derive *out, zagg_err *err);
/** A shard with these granules of the source, in that order, and a mask (NULL: none). */
zagg_status zg_derive_shard(zg_derive *d, uint64_t key,
                            const zagg_granule *const *granules, size_t n,
                            const uint64_t *mask, size_t n_mask, zagg_err *err);
/** A granule of its own: as one of the source's, with another record. */
zagg_status zg_derive_granule(zg_derive *d, const zagg_granule *of, const char *record,
                              const zagg_granule **out, zagg_err *err);
/** A shard with such granules. */
zagg_status zg_derive_own(zg_derive *d, uint64_t key, const zagg_granule *const *granules,
                          size_t n, zagg_err *err);
/** Put another record in the place of one that was not used yet. */
zagg_status zg_derive_replace(zg_derive *d, const zagg_granule *old,
                              const zagg_granule *copy, zagg_err *err);
/** As zg_check_names, of the shards so far. */
zagg_status zg_derive_check_names(const zg_derive *d, const zagg_grid *grid,
                                  zagg_err *err);
/** `signature` and `metadata`: trees in the new map's arena; counts are put in. The
 * latitude is the source's. `d` is done with, also on failure. */
zagg_status zg_derive_end(zg_derive *d, const zagg_value *signature,
                          const zagg_value *metadata, zagg_shardmap **out, zagg_err *err);
void zg_derive_free(zg_derive *d);

/** Members of `meta` (NULL: none) with those of `more`, which win and keep the place of
 * the ones that they replace. */
const zagg_value *zg_metadata_merge(zg_maker *m, const zagg_value *meta,
                                    const zagg_value *more);

/** Distinct ids among granules. */
zagg_status zg_count_ids(const zagg_granule *const *granules, size_t n, uint64_t *out,
                         zagg_err *err);

#endif
