/* The HEALPix projection of the sphere (Gorski et al. 2005; Calabretta and Roukema 2007):
 * base cells 0..3 north, 4..7 equatorial, 8..11 south; inside a base cell i runs to the
 * north-east and j to the north-west. */
#ifndef ZG_GEO_SPHERE_H
#define ZG_GEO_SPHERE_H

#include "geo/trig_kernel.h"

#include <math.h>
#include <stdint.h>

/* sqrt(6) as the implementation behind mortie spells it. The true value
 * is 2.449489742783178; the truncated one moves order-29 cells of the polar caps, and
 * byte parity needs it. */
#define ZG_SQRT6 2.449489743
#define ZG_TRANSITION_LAT_RAD 0.7297276562269663 /* asin(2/3): caps begin here */
#define ZG_QUARTER_PI 0.7853981633974483
#define ZG_HALF_PI 1.5707963267948966

/** Truncate with saturation; negatives and NaN give 0, where a C cast would be undefined.
 */
static inline uint32_t zg_saturate_u8(double x)
{
    return x >= 255.0 ? 255u : x > 0.0 ? (uint32_t)x : 0u;
}

static inline uint32_t zg_saturate_u32(double x)
{
    return x >= 4294967295.0 ? UINT32_MAX : x > 0.0 ? (uint32_t)x : 0u;
}

/** Spread the bits of v over the even places. */
static inline uint64_t zg_spread_bits(uint32_t v)
{
    uint64_t x = v;
    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
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

/** Nested id of a point of the sphere; finite, |lat| <= pi/2, |lon| below 200 rad. */
static inline uint64_t zg_sphere_nested(double lat_rad, double lon_rad, unsigned order)
{
    double x = fabs(lon_rad) / ZG_QUARTER_PI;
    uint32_t odd = zg_saturate_u8(x) | 1u;
    uint32_t quadrant = (odd & 7u) >> 1;
    double xp = x - (double)odd; /* in [-1, 1] from the middle of the quadrant */
    if (signbit(lon_rad)) {
        xp = -xp;
        quadrant = 3u - quadrant;
    }
    double l, h;
    uint32_t base;
    if (lat_rad > ZG_TRANSITION_LAT_RAD) {
        double t = ZG_SQRT6 * zg_trig_sin_dd(0.5 * lat_rad + ZG_QUARTER_PI, 1).hi;
        l = xp * t;
        h = 2.0 - t;
        base = quadrant;
    } else if (lat_rad < -ZG_TRANSITION_LAT_RAD) {
        double t = ZG_SQRT6 * zg_trig_sin_dd(0.5 * lat_rad - ZG_QUARTER_PI, 1).hi;
        l = xp * t;
        h = t;
        base = quadrant + 8u;
    } else {
        double y = zg_trig_sin_kernel((zg_dd){lat_rad, 0.0}).hi / (2.0 / 3.0);
        uint32_t a = xp > y, b = xp >= -y;
        uint32_t c = a + (1u - b);
        l = xp - ((double)(a + b) - 1.0);
        h = y + (double)c;
        base = 4u * c + ((quadrant + (a & b)) & 3u);
    }
    double scale = 0.5 * (double)(UINT32_C(1) << order);
    uint32_t side = UINT32_C(1) << order;
    uint32_t i = zg_saturate_u32((h + l) * scale);
    uint32_t j = zg_saturate_u32((h - l) * scale);
    i = i >= side ? side - 1u : i;
    j = j >= side ? side - 1u : j;
    return (uint64_t)base << (2u * order) | zg_spread_bits(i) | zg_spread_bits(j) << 1;
}

#endif
