/* Inside the grid module, and for tests: areas given in the plane of the CRS. */
#ifndef ZG_GRID_AOI_H
#define ZG_GRID_AOI_H

#include "grid/polygon.h"
#include "zagg/aoi.h"

/** Area between rings whose vertices are given in the CRS of a rectilinear grid; vertices
 * that are not finite are left out. ENOMEM. */
zagg_status zg_aoi_new_projected(const zagg_grid *grid, const zg_plane_ring *rings,
                                 size_t n_rings, zagg_aoi **out, zagg_err *err);

#endif
