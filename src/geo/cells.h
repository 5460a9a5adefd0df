/* The HEALPix plane: where cells lie in it, and its points on the sphere. */
#ifndef ZG_GEO_CELLS_H
#define ZG_GEO_CELLS_H

#include <stdint.h>

/** Projected centre: x in [0, 8) to the east, y in [-2, 2] to the north; unit: pi/4. The
 * corners lie 2^-order away from it along the axes. */
void zg_projected_centre(uint64_t nested, unsigned order, double *x, double *y);
/** Inverse projection, radians; |x| <= 8. */
void zg_unproject(double x, double y, double *lat_rad, double *lon_rad);

#endif
