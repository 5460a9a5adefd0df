/* Names under which runs know granules. */
#ifndef ZG_MAP_NAMES_H
#define ZG_MAP_NAMES_H

#include "zagg/grid.h"
#include "zagg/shardmap.h"

/** Refuse a map in which two granules of a shard go by one name: runs record names, so
 * that one of them would be lost. Granules that agree in id, hrefs and datetime are the
 * same one listed twice, and pass. `granules`: every granule of the map at least once.
 * ECONFIG naming shards and hrefs. O(n log n) of the granules, and of the map where names
 * are shared. */
zagg_status zg_check_names(const zagg_grid *grid, const zagg_shardmap *map,
                           const zagg_granule *const *granules, size_t n, zagg_err *err);

/** Do two granules agree in id, hrefs and datetime? */
bool zg_same_granule(const zagg_granule *a, const zagg_granule *b);

#endif
