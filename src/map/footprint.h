/* What of an item's geometry is its footprint. */
#ifndef ZG_MAP_FOOTPRINT_H
#define ZG_MAP_FOOTPRINT_H

#include "map/region.h"

/** The ring by which upstream knows a granule: the exterior one of the polygon with the
 * largest area in plain degrees, the first of equals. NULL where there is no polygon. */
const zagg_ring *zg_footprint_record_ring(const zagg_shape *shape);

/** All rings of all polygons, in `arena`. */
zagg_status zg_footprint_all_rings(zagg_arena *arena, const zagg_shape *shape,
                                   zg_rings *out, zagg_err *err);

/** Does the shape have a polygon? */
bool zg_footprint_is_polygonal(const zagg_shape *shape);

/** A ring that S2 takes for a polygon: three vertices or more, no vertex twice, no two
 * sides that cross. Vertices as points of a sphere as they are; the closing one may be
 * there or not. Cost: about n log n where sides that are near each other follow each
 * other. */
zagg_status zg_footprint_is_simple(const zagg_ring *ring, bool *out, zagg_err *err);

#endif
