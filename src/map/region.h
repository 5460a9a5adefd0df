/* What is to be covered: rings on the ground, and the shards of a grid that they reach.
 */
#ifndef ZG_MAP_REGION_H
#define ZG_MAP_REGION_H

#include "base/base.h"
#include "zagg/catalog.h"
#include "zagg/grid.h"

/** Rings that make one even-odd set, or one footprint of several. */
typedef struct zg_rings {
    const zagg_ring *items;
    size_t n;
} zg_rings;

/** Rings of the polygons of a shape, in `arena` where they are new; without holes unless
 * asked for, as upstream reads areas. A rectangle of degrees that is 360 degrees wide has
 * no sides on the sphere: it becomes what zg_region_box makes of it, and the log is told.
 * ECONFIG where there is no polygon. */
zagg_status zg_region_rings(zagg_arena *arena, const zagg_shape *shape, bool holes,
                            zagg_log *log, zg_rings *out, zagg_err *err);

/** Rings of a box (west, south, east, north) as zagg_shape_from_bbox makes it; the log is
 * told of one around the globe. */
zagg_status zg_region_box(zagg_arena *arena, const double bbox[4], zagg_log *log,
                          zg_rings *out, zagg_err *err);

/** Keys of the shards that the region reaches, ascending; freed with zagg_words_free. */
zagg_status zg_region_shards(const zagg_grid *grid, const zg_rings *region,
                             zagg_words *out, zagg_err *err);

#endif
