/* Shards of a rectilinear grid on the ground, and the shards that polygons touch. */
#ifndef ZG_GRID_FOOTPRINT_H
#define ZG_GRID_FOOTPRINT_H

#include "base/base.h"
#include "zagg/grid.h"

/* Points of a footprint: at most 33 a side and the first one again. */
#define ZG_FOOTPRINT_MAX 133

/** Outline of a shard's tile in degrees, closed, from the upper left corner down and
 * around: its sides in steps of 1/32 of the longer one, so that edges that are curved on
 * the ground stay in place; of a grid in WGS 84 degrees its four corners. Infinite where
 * the projection has no point. *n: points. ECONFIG for a key beyond the grid; rectilinear
 * grids only. */
zagg_status zg_grid_shard_outline(const zagg_grid *grid, uint64_t key,
                                  double lon_deg[ZG_FOOTPRINT_MAX],
                                  double lat_deg[ZG_FOOTPRINT_MAX], size_t *n,
                                  zagg_err *err);

/** One ring of a polygon, geodetic degrees; closed or not. */
typedef struct zg_ground_ring {
    const double *lat_deg, *lon_deg;
    size_t n;
} zg_ground_ring;

/** Keys (uint64_t, ascending, each once) of the shards that meet at least one of the
 * rings, appended to `keys`. Only vertices are projected; vertices that have no place are
 * left out. A tile that touches a ring counts, but not a neighbour that only touches its
 * bounding box (upstream's rule: candidates are the tiles of the pixels that the box has
 * a part of). A ring of fewer than 3 vertices covers nothing. Rectilinear grids only.
 * Cost: rows of candidate tiles x vertices, and tiles x edges beside them. */
zagg_status zg_grid_coverage(const zagg_grid *grid, const zg_ground_ring *rings,
                             size_t n_rings, zg_vec *keys, zagg_err *err);

#endif
