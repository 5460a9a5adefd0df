/* The HEALPix projection of the sphere (Gorski et al. 2005; Calabretta and Roukema 2007):
 * base cells 0..3 north, 4..7 equatorial, 8..11 south; inside a base cell i runs to the
 * north-east and j to the north-west. */
#ifndef ZG_GEO_SPHERE_H
#define ZG_GEO_SPHERE_H

#include "num/trig_kernel.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* sqrt(6) as the implementation behind mortie spells it. The true value
 * is 2.449489742783178; the truncated one moves order-29 cells of the polar caps, and
 * byte parity needs it. */
#define ZG_SQRT6 2.449489743
#define ZG_TRANSITION_LAT_RAD 0.7297276562269663 /* asin(2/3): caps begin here */
#define ZG_QUARTER_PI 0.7853981633974483
#define ZG_HALF_PI 1.5707963267948966
#define ZG_HALF_PI_LOW 6.123233995736766e-17 /* pi/2 less ZG_HALF_PI */

#define ZG_TWO_TO_52 0x1p+52

/** x truncated, 0 <= x < 2^51, also as an integer: steps that every vector unit has. */
static inline ZG_ALWAYS double zg_truncate(double x, uint64_t *integer)
{
    double t = (x + ZG_TWO_TO_52) - ZG_TWO_TO_52; /* rounded */
    t -= zg_select(t > x, 1.0, 0.0);
    double shifted = t + ZG_TWO_TO_52;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    *integer = bits & ((UINT64_C(1) << 52) - 1u);
    return t;
}

static inline ZG_ALWAYS bool zg_sign(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits >> 63) != 0;
}

/** Spread the low 32 bits of v over the even places. */
static inline ZG_ALWAYS uint64_t zg_spread_bits(uint64_t v)
{
    uint64_t x = (v | v << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    return (x | x << 1) & UINT64_C(0x5555555555555555);
}

/** Gather the even places of v. */
static inline uint32_t zg_gather_bits(uint64_t v)
{
    uint64_t x = v & UINT64_C(0x5555555555555555);
    x = (x | x >> 1) & UINT64_C(0x3333333333333333);
    x = (x | x >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(x | x >> 16);
}

/** sin(r) as both projections need it: of the latitude in the belt; in the caps of r
 * where cos(|lat| / 2 + pi/4) = -sin(r). */
static inline ZG_ALWAYS double zg_sphere_sine(double abs_lat_rad, bool cap)
{
    /* the argument of the cosine, rounded as upstream rounds it; less pi/2 exactly */
    double argument = 0.5 * abs_lat_rad + ZG_QUARTER_PI;
    zg_dd r = zg_dd_sum(argument - ZG_HALF_PI, -ZG_HALF_PI_LOW);
    r.hi = zg_select(cap, r.hi, abs_lat_rad);
    r.lo = zg_select(cap, r.lo, 0.0);
    return zg_trig_sin_kernel(r).hi;
}

/** One coordinate inside the base cell, 0 <= v < side; v a hair outside is moved in. */
static inline ZG_ALWAYS uint64_t zg_sphere_side(double v, double scale, double last)
{
    uint64_t integer;
    double x = v * scale;
    x = zg_select(x > 0.0, x, 0.0);
    x = zg_select(x < last, x, last);
    (void)zg_truncate(x, &integer);
    return integer;
}

/** Nested id of a point of the sphere; finite, |lat| <= pi/2, |lon| <= 255 pi/4. `side`
 * is 2^order. Both the belt and the caps are computed, so that the loop over points has
 * no branches. */
static inline ZG_ALWAYS uint64_t zg_sphere_nested(double lat_rad, double lon_rad,
                                                  unsigned order, double side)
{
    double x = fabs(lon_rad) / ZG_QUARTER_PI;
    uint64_t half;
    double odd = 2.0 * zg_truncate(0.5 * x, &half) + 1.0;
    bool west = zg_sign(lon_rad);
    /* in [-1, 1] from the middle of the quadrant */
    double xp = zg_select(west, odd - x, x - odd);
    uint64_t quadrant = (half ^ (0u - (uint64_t)west)) & 3u;

    double abs_lat = fabs(lat_rad);
    bool cap = abs_lat > ZG_TRANSITION_LAT_RAD, south = zg_sign(lat_rad);
    double sine = zg_sphere_sine(abs_lat, cap);

    double t = ZG_SQRT6 * -sine;
    double cap_h = zg_select(south, t, 2.0 - t);
    uint64_t cap_base = quadrant + ((uint64_t)south << 3);

    double y = zg_select(south, -sine, sine) / (2.0 / 3.0);
    bool above = xp > y, right = xp >= -y;
    double a = zg_select(above, 1.0, 0.0), b = zg_select(right, 1.0, 0.0);
    double belt_l = xp - (a + b - 1.0);
    double belt_h = y + (a + (1.0 - b));
    uint64_t row = (uint64_t)above + (uint64_t)!right;
    uint64_t belt_base = (row << 2) + ((quadrant + (uint64_t)(above & right)) & 3u);

    double l = zg_select(cap, xp * t, belt_l), h = zg_select(cap, cap_h, belt_h);
    uint64_t cap_mask = 0u - (uint64_t)cap;
    uint64_t base = (cap_base & cap_mask) | (belt_base & ~cap_mask);
    double scale = 0.5 * side, last = side - 1.0;
    uint64_t i = zg_sphere_side(h + l, scale, last);
    uint64_t j = zg_sphere_side(h - l, scale, last);
    return base << (2u * order) | zg_spread_bits(i) | zg_spread_bits(j) << 1;
}

#endif
