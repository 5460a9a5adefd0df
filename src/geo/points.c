/* Points to nested cells: one pass, no state, the same bits for any split of the points.
 */
#include "geo/latitude.h"
#include "geo/sphere.h"
#include "zagg/geo.h"

/* Beyond this the quadrant count of the reduction (8 bits) saturates. */
#define MAX_LON_DEG 11475.0

static inline bool has_cell(double lat_deg, double lon_deg)
{
    /* both comparisons are false for NaN */
    return fabs(lat_deg) <= 90.0 && fabs(lon_deg) <= MAX_LON_DEG;
}

static void nested_authalic(const double *lat_deg, const double *lon_deg, size_t n,
                            unsigned order, uint64_t *nested)
{
    for (size_t k = 0; k < n; k++) {
        double lat = lat_deg[k], lon = lon_deg[k];
        nested[k] = has_cell(lat, lon)
                        ? zg_sphere_nested(zg_authalic_deg(lat) * ZG_RAD_PER_DEG,
                                           lon * ZG_RAD_PER_DEG, order)
                        : ZAGG_GEO_NO_CELL;
    }
}

static void nested_geodetic(const double *lat_deg, const double *lon_deg, size_t n,
                            unsigned order, uint64_t *nested)
{
    for (size_t k = 0; k < n; k++) {
        double lat = lat_deg[k], lon = lon_deg[k];
        nested[k] = has_cell(lat, lon) ? zg_sphere_nested(lat * ZG_RAD_PER_DEG,
                                                          lon * ZG_RAD_PER_DEG, order)
                                       : ZAGG_GEO_NO_CELL;
    }
}

void zagg_geo_nested(const double *lat_deg, const double *lon_deg, size_t n,
                     unsigned order, zagg_latitude latitude, uint64_t *nested)
{
    unsigned o = order > ZAGG_GEO_MAX_ORDER ? ZAGG_GEO_MAX_ORDER : order;
    if (latitude == ZAGG_LATITUDE_AUTHALIC)
        nested_authalic(lat_deg, lon_deg, n, o, nested);
    else
        nested_geodetic(lat_deg, lon_deg, n, o, nested);
}
