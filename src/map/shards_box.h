/* The box around shards, with which a catalog is to be fetched that is complete for them:
 * shards are processed whole, also where they reach beyond an area. */
#ifndef ZG_MAP_SHARDS_BOX_H
#define ZG_MAP_SHARDS_BOX_H

#include "zagg/catalog.h"
#include "zagg/grid.h"

/** W, S, E, N around the shards that a region reaches, from points of their outlines (of
 * HEALPix cells four a side, as upstream takes them); W > E across the antimeridian, and
 * a pole inside counts. ECONFIG where there are none, RANGE, NOMEM. */
zagg_status zg_region_shards_box(const zagg_grid *grid, const zagg_shape *region,
                                 zagg_log *log, double out[4], size_t *n_shards,
                                 zagg_err *err);

#endif
