/* Points to nested cells: one pass without branches, no state, the same bits for any
 * split of the points and any width of vectors. */
#include "geo/latitude.h"
#include "geo/sphere.h"
#include "zagg/geo.h"

/* Wider vectors where the CPU has them. They do the same IEEE operations: AVX2 without
 * FMA. */
#if defined(__x86_64__) && defined(__GNUC__)
#define ZG_WIDE __attribute__((target("avx2")))
#define ZG_HAVE_WIDE() __builtin_cpu_supports("avx2")
#endif

/* Beyond this the quadrant count of upstream's reduction (8 bits) saturates. */
#define MAX_LON_DEG 11475.0

static inline __attribute__((always_inline)) void
nested_points(const double *restrict lat_deg, const double *restrict lon_deg, size_t n,
              unsigned order, bool authalic, uint64_t *restrict nested)
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

typedef void points_fn(const double *lat_deg, const double *lon_deg, size_t n,
                       unsigned order, uint64_t *nested);

static void authalic_plain(const double *lat_deg, const double *lon_deg, size_t n,
                           unsigned order, uint64_t *nested)
{
    nested_points(lat_deg, lon_deg, n, order, true, nested);
}

static void geodetic_plain(const double *lat_deg, const double *lon_deg, size_t n,
                           unsigned order, uint64_t *nested)
{
    nested_points(lat_deg, lon_deg, n, order, false, nested);
}

#ifdef ZG_WIDE
ZG_WIDE static void authalic_wide(const double *lat_deg, const double *lon_deg, size_t n,
                                  unsigned order, uint64_t *nested)
{
    nested_points(lat_deg, lon_deg, n, order, true, nested);
}

ZG_WIDE static void geodetic_wide(const double *lat_deg, const double *lon_deg, size_t n,
                                  unsigned order, uint64_t *nested)
{
    nested_points(lat_deg, lon_deg, n, order, false, nested);
}
#endif

void zagg_geo_nested(const double *lat_deg, const double *lon_deg, size_t n,
                     unsigned order, zagg_latitude latitude, uint64_t *nested)
{
    unsigned o = order > ZAGG_GEO_MAX_ORDER ? ZAGG_GEO_MAX_ORDER : order;
    bool authalic = latitude == ZAGG_LATITUDE_AUTHALIC;
    points_fn *fn = authalic ? authalic_plain : geodetic_plain;
#ifdef ZG_WIDE
    if (ZG_HAVE_WIDE())
        fn = authalic ? authalic_wide : geodetic_wide;
#endif
    fn(lat_deg, lon_deg, n, o, nested);
}
