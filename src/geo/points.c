/* Points to nested cells: no state, the same bits for any split of the points and any
 * width of vectors.
 *
 * Two paths. The exact one is sphere.h as it stands: it defines the cells. The quick one
 * evaluates the same projection by one polynomial in plain doubles and leaves to the
 * exact path every point for which the difference between the two could matter, so that
 * both give the same cells.
 *
 * Let v be (h + l) or (h - l), of which a coordinate in the base cell is the integer part
 * after scaling by 2^(order - 1), and V what both paths approximate: the value of the
 * projection in real numbers, with ZG_SQRT6 and the doubles of the series for latitude.
 * |v - V| is at most, in units of 2^-53 (rounding a value below 2^k costs 2^(k-1), a
 * rounded factor of a value x costs |x|):
 *  exact: latitude on the sphere, below 2, after 4 products and sums and 3 rounded
 *    factors (degrees to radians, the series, back, and again): 9, and the argument of
 *    the caps: 1; times the slope of at most 3/2: 15. Sine, its factor, the division: 4.
 *    Sums below 4: 6. x = lon / 45 below 12 after 2 roundings and 2 rounded factors: 48.
 *  quick: the polynomial's error: 18; its evaluation, all but the last steps of which
 *    act on terms that are small beside the first: 8. Sums: 6. x after one rounding and
 *    one rounded factor: 20. (90 - |lat| is exact there, x - odd and scaling on both.)
 * The paths differ by less than 73 + 52 = 125 units and NEAR is 512: a v further than
 * NEAR from all whole cells has the same integer part on both. Which base cell it is
 * follows from the signs of (h + l) and (h - l), whose borders are whole cells too, from
 * the quadrant, which ends where |xp| = 1, and from the transition between belt and caps;
 * the latter two have margins of their own. Away from the transition no V is outside the
 * base cell, so that a v which upstream's limits move in is near a whole cell. */
#include "geo/points.h"

#include "base/base.h"
#include "geo/latitude.h"
#include "geo/point_tables.h"
#include "geo/sphere.h"

/* Beyond this the quadrant count of upstream's reduction (8 bits) saturates. */
#define MAX_LON_DEG 11475.0

/* Longitudes up to here are quick: x stays below 12. */
#define QUICK_LON_DEG 540.0
#define NEAR 0x1p-44
/* ZG_SQRT6 is a little large: in the caps, 2 - |y| exceeds 1, and points leave their base
 * cell and are moved back in, up to 4.5e-9 degrees from the transition. */
#define NEAR_TRANSITION_DEG 1e-8

/* Points of which the coordinates fit the first-level cache. */
enum { BLOCK = 512, MANY_DOUBTS = BLOCK / 8 };

#define ALWAYS static inline __attribute__((always_inline))

/* ---- the exact path ---- */

ALWAYS void exact_points(const double *restrict lat_deg, const double *restrict lon_deg,
                         size_t n, unsigned order, bool authalic,
                         uint64_t *restrict nested)
{
    double side = (double)(UINT32_C(1) << order);
    for (size_t k = 0; k < n; k++) {
        double lat = lat_deg[k], lon = lon_deg[k];
        /* both comparisons are false for NaN */
        bool valid = (fabs(lat) <= 90.0) & (fabs(lon) <= MAX_LON_DEG);
        lat = zg_select(valid, lat, 0.0);
        lon = zg_select(valid, lon, 0.0);
        lat = authalic ? zg_authalic_deg(lat) : lat;
        uint64_t id =
            zg_sphere_nested(lat * ZG_RAD_PER_DEG, lon * ZG_RAD_PER_DEG, order, side);
        nested[k] = id | (0u - (uint64_t)!valid); /* ZAGG_GEO_NO_CELL */
    }
}

ALWAYS void exact(const double *lat_deg, const double *lon_deg, size_t n, unsigned order,
                  zagg_latitude latitude, uint64_t *nested)
{
    if (latitude == ZAGG_LATITUDE_AUTHALIC)
        exact_points(lat_deg, lon_deg, n, order, true, nested);
    else
        exact_points(lat_deg, lon_deg, n, order, false, nested);
}

/* ---- the quick path ---- */

/* Coordinates i (low half) and j of points in their base cells, the base cells, and bits
 * that are not 0 where the point is left to the exact path. */
typedef struct coordinates {
    uint64_t ij[BLOCK], base[BLOCK], doubt[BLOCK];
} coordinates;

ALWAYS double flip(double x, uint64_t sign)
{
    return zg_from_bits(zg_bits_of(x) ^ sign);
}

ALWAYS uint64_t mask_of(bool c)
{
    return 0u - (uint64_t)c;
}

/* x less 1/2, rounded: x truncated but where it is (almost) an integer. *rest is what was
 * rounded away. */
ALWAYS uint64_t integer_part(double x, double *rest)
{
    const double shift = 0x1.8p+52;
    const double less = x - 0.5, shifted = less + shift;
    *rest = fabs(less - (shifted - shift));
    return zg_bits_of(shifted);
}

ALWAYS uint64_t quick_points(const double *restrict lat_deg,
                             const double *restrict lon_deg, size_t n, unsigned order,
                             const zg_point_table *table, coordinates *restrict c)
{
    const uint64_t sign_bit = UINT64_C(1) << 63;
    const zg_point_table t = *table;
    const double scale = 0.5 * (double)(UINT32_C(1) << order);
    const double near_rest = 0.5 - NEAR * scale;
    uint64_t any = 0;
    for (size_t k = 0; k < n; k++) {
        const double lat = lat_deg[k], lon = lon_deg[k];
        const double a = fabs(lat), b = fabs(lon);
        const uint64_t south = zg_bits_of(lat) & sign_bit;
        const uint64_t west = zg_bits_of(lon) & sign_bit;

        const double x = b * (1.0 / 45.0), round_to_integer = 0x1.8p+52;
        const double half_shifted = (0.5 * x - 0.5) + round_to_integer;
        const double half = half_shifted - round_to_integer;
        const double xp = flip(x - (2.0 * half + 1.0), west);
        const uint64_t quadrant = (zg_bits_of(half_shifted) ^ (0u - (west >> 63))) & 3u;

        const bool cap = a > t.transition_deg;
        const double w = zg_select(cap, 90.0 - a, a), z = w * w;
        double p = zg_select(cap, t.cap[ZG_POINT_TERMS - 1], t.belt[ZG_POINT_TERMS - 1]);
        for (int m = ZG_POINT_TERMS - 2; m >= 0; m--)
            p = p * z + zg_select(cap, t.cap[m], t.belt[m]);
        const double f = w * p;

        /* y in the belt; 2 - t in the north, t in the south */
        const uint64_t cap_mask = mask_of(cap), south_mask = 0u - (south >> 63);
        const double h = flip(f, south ^ (cap_mask & sign_bit)) +
                         zg_from_bits(zg_bits_of(2.0) & cap_mask & ~south_mask);
        const double l = zg_select(cap, f * xp, xp);
        const double v = h + l, u = h - l;
        /* in the belt: not right of the falling border, above the rising one */
        const uint64_t left = mask_of(v < 0.0), above = mask_of(u < 0.0);
        const double v2 = v + zg_from_bits(zg_bits_of(2.0) & left);
        const double u2 = u + zg_from_bits(zg_bits_of(2.0) & above);
        const uint64_t row = (left & 4u) + (above & 4u);
        const uint64_t column = (quadrant + (above & ~left & 1u)) & 3u;

        double rest_i, rest_j;
        const uint64_t i = integer_part(v2 * scale, &rest_i);
        const uint64_t j = integer_part(u2 * scale, &rest_j);
        const bool sure = (a <= 90.0) & (b <= QUICK_LON_DEG) & (fabs(xp) < 1.0 - NEAR) &
                          (fabs(a - t.transition_deg) > NEAR_TRANSITION_DEG) &
                          (rest_i < near_rest) & (rest_j < near_rest);
        const uint64_t doubt = ~mask_of(sure);
        c->ij[k] = (i & UINT32_MAX) | j << 32;
        c->base[k] = row + column + (cap_mask & south_mask & 8u);
        c->doubt[k] = doubt;
        any |= doubt;
    }
    return any;
}

ALWAYS void interleave(const coordinates *restrict c, size_t n, unsigned order,
                       uint64_t *restrict nested)
{
    for (size_t k = 0; k < n; k++)
        nested[k] = c->base[k] << (2u * order) | zg_spread_bits(c->ij[k] & UINT32_MAX) |
                    zg_spread_bits(c->ij[k] >> 32) << 1;
}

typedef void points_fn(const double *lat_deg, const double *lon_deg, size_t n,
                       unsigned order, zagg_latitude latitude, uint64_t *nested);

/* Points in doubt one by one, or the whole block where there are many of them. */
ALWAYS void settle(const coordinates *c, const double *lat_deg, const double *lon_deg,
                   size_t n, unsigned order, zagg_latitude latitude, points_fn *whole,
                   uint64_t *nested)
{
    size_t doubts = 0;
    for (size_t k = 0; k < n; k++)
        doubts += c->doubt[k] != 0;
    if (doubts >= MANY_DOUBTS) {
        whole(lat_deg, lon_deg, n, order, latitude, nested);
        return;
    }
    for (size_t k = 0; k < n; k++)
        if (c->doubt[k] != 0)
            exact(&lat_deg[k], &lon_deg[k], 1, order, latitude, &nested[k]);
}

/* ---- one of each for every kind of vectors ---- */

#define EXACT_FOR(name)                                                                  \
    static void exact_##name(const double *lat_deg, const double *lon_deg, size_t n,     \
                             unsigned order, zagg_latitude latitude, uint64_t *nested)   \
    {                                                                                    \
        exact(lat_deg, lon_deg, n, order, latitude, nested);                             \
    }

#define NESTED_FOR(name)                                                                 \
    static void nested_##name(const double *lat_deg, const double *lon_deg, size_t n,    \
                              unsigned order, zagg_latitude latitude, uint64_t *nested)  \
    {                                                                                    \
        coordinates c;                                                                   \
        const zg_point_table *table = &zg_point_tables[latitude];                        \
        const uint64_t doubt = quick_points(lat_deg, lon_deg, n, order, table, &c);      \
        interleave(&c, n, order, nested);                                                \
        if (doubt != 0)                                                                  \
            settle(&c, lat_deg, lon_deg, n, order, latitude, exact_##name, nested);      \
    }

/* For any CPU; on 64-bit ARM these are NEON vectors, which are always there. */
EXACT_FOR(plain)
NESTED_FOR(plain)
#ifdef ZG_TARGET_AVX2
ZG_TARGET_AVX2 EXACT_FOR(avx2)
ZG_TARGET_AVX2 NESTED_FOR(avx2)
ZG_TARGET_AVX512 EXACT_FOR(avx512)
ZG_TARGET_AVX512 NESTED_FOR(avx512)
#endif

    static unsigned bounded(unsigned order)
{
    return order > ZAGG_GEO_MAX_ORDER ? ZAGG_GEO_MAX_ORDER : order;
}

typedef struct points_paths {
    points_fn *nested, *exact;
} points_paths;

static points_paths paths(void)
{
    switch (zg_isa_active()) {
#ifdef ZG_TARGET_AVX2
    case ZG_ISA_AVX512:
        return (points_paths){nested_avx512, exact_avx512};
    case ZG_ISA_AVX2:
        return (points_paths){nested_avx2, exact_avx2};
#endif
    default:
        return (points_paths){nested_plain, exact_plain};
    }
}

void zg_nested_exact(const double *lat_deg, const double *lon_deg, size_t n,
                     unsigned order, zagg_latitude latitude, uint64_t *nested)
{
    paths().exact(lat_deg, lon_deg, n, bounded(order), latitude, nested);
}

void zagg_geo_nested(const double *lat_deg, const double *lon_deg, size_t n,
                     unsigned order, zagg_latitude latitude, uint64_t *nested)
{
    const zagg_latitude convention =
        latitude == ZAGG_LATITUDE_AUTHALIC ? latitude : ZAGG_LATITUDE_GEODETIC;
    points_fn *const block = paths().nested;
    for (size_t first = 0; first < n; first += BLOCK) {
        const size_t m = n - first < BLOCK ? n - first : BLOCK;
        block(lat_deg + first, lon_deg + first, m, bounded(order), convention,
              nested + first);
    }
}
