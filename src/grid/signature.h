/* What a grid is in space, as shard maps carry it. */
#ifndef ZG_GRID_SIGNATURE_H
#define ZG_GRID_SIGNATURE_H

#include "zagg/grid.h"
#include "zagg/value.h"

/** A MAP in `arena`, members and numbers as upstream writes them: type, orders and
 * layout, or CRS, affine transform, shape and tile. */
zagg_status zg_grid_signature(const zagg_grid *grid, zagg_arena *arena,
                              const zagg_value **out, zagg_err *err);

/** The grid that a signature tells of, its chunks the shards. ECONFIG for what is none.
 */
zagg_status zg_grid_of_signature(const zagg_value *signature, zagg_latitude latitude,
                                 zagg_grid **out, zagg_err *err);

#endif
