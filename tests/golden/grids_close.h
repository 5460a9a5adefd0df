/* Closeness of coordinates for the grid goldens.
 *
 * Latitudes, centres and corners must agree within 4 units in the last place. Upstream
 * makes a latitude as 90 - acos(z) or 2 acos(s) - pi/2: its last place is then that of 90
 * degrees (or of pi/2), whatever the value is, and a libm that rounds one acos the other
 * way moves a latitude of 35 degrees by 5 of its own places. So 4 places of the scale of
 * 90 degrees (5.7e-14 degrees, 6 nm) are allowed too, but only ZG_MAX_COARSE times in a
 * set. */
#ifndef ZG_TESTS_GRIDS_CLOSE_H
#define ZG_TESTS_GRIDS_CLOSE_H

#include "support/support.h"

#include <math.h>

#define ZG_MAX_ULPS 4
#define ZG_COARSE_DEG (4.0 * 0x1p-46)
#define ZG_MAX_COARSE 4

/** True when `ours` is close to `theirs`; *coarse counts those that needed the scale. */
static inline bool coordinate_close(double ours, double theirs, size_t *coarse)
{
    if (ulp_distance(ours, theirs) <= ZG_MAX_ULPS)
        return true;
    if (!(fabs(ours - theirs) <= ZG_COARSE_DEG))
        return false;
    return ++*coarse <= ZG_MAX_COARSE;
}

#endif
