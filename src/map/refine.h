/* Shards to smaller ones. */
#ifndef ZG_MAP_REFINE_H
#define ZG_MAP_REFINE_H

#include "map/derive.h"

/** Add to `d` the shards of the finer grid below those of the map that the footprints of
 * their granules meet. *cover_order: at which these were covered. ECONFIG for granules
 * that the catalog lacks. */
zagg_status zg_refine(const zagg_shardmap *map, const zagg_grid *grid,
                      zagg_catalog *catalog, const zagg_map_opts *opts, zg_derive *d,
                      unsigned *cover_order, zagg_err *err);

#endif
