/* Areas of interest: which cells of a grid's shards lie inside. What shard maps hold
 * under `aoi_mask` and output.aoi_mask stores. */
#ifndef ZAGG_AOI_H
#define ZAGG_AOI_H

#include "zagg/cover.h"
#include "zagg/grid.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An area on a grid; immutable, shared by all threads. */
typedef struct zagg_aoi zagg_aoi;

/** Area between rings in geodetic degrees, all of them one even-odd set; upstream's maps
 * hold exterior rings only. HEALPix: the cells that the area touches, as
 * zagg_cover_polygon says. Rectilinear: the cells whose centre lies inside and not on the
 * outline; the edges are straight in longitude and latitude and are followed in steps of
 * 4 % of the root of the area (square degrees). The grid must outlive the area. ARG for
 * rings that are no polygon, RANGE for too many cells or vertices. */
ZAGG_API zagg_status zagg_aoi_new(const zagg_grid *grid, const zagg_ring *rings,
                                  size_t n_rings, zagg_aoi **out, zagg_err *err);
ZAGG_API void zagg_aoi_free(zagg_aoi *aoi);

/** What a shard map holds for one shard. HEALPix: canonical words of its part of the
 * area; the shard's own word when all of it is inside. Rectilinear: ids of the cells
 * inside, ascending. ECONFIG for a key that is not the grid's. O(log cells + result), or
 * rectilinear O(cells of the shard). */
ZAGG_API zagg_status zagg_aoi_shard(const zagg_aoi *aoi, uint64_t key, zagg_words *out,
                                    zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
