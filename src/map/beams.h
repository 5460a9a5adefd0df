/* Corridors of ICESat-2's three pairs of beams within the swath that a catalog tells. */
#ifndef ZG_MAP_BEAMS_H
#define ZG_MAP_BEAMS_H

#include "map/region.h"

/** ATL03 and ATL06: the products whose swath is that of the beams. `collection`:
 * "ATL03_007".
 */
bool zg_beams_of_product(const char *collection);

/** Three closed rings 3.3 km left of, along and right of the middle of the swath, each at
 * least 1 km wide, in `arena`; or the swath's own ring where no middle can be found:
 * fewer than six vertices, a step of 180 degrees of longitude, no two long edges.
 * EUNSUPPORTED where PROJ, which knows the geodesics, is not installed. */
zagg_status zg_beams_rings(zagg_arena *arena, const zagg_ring *swath, zg_rings *out,
                           zagg_err *err);

/** The middle of a swath: n points from south to north (NULL: none was found) and half of
 * its width. */
typedef struct zg_centerline {
    double *lat_deg, *lon_deg;
    size_t n;
    double half_width_m;
} zg_centerline;
zagg_status zg_beams_centerline(zagg_arena *arena, const zagg_ring *swath,
                                zg_centerline *out, zagg_err *err);

#endif
