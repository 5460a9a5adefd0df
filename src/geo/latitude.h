/* WGS84 geodetic and authalic latitude, in degrees: see latitude.c for the series. */
#ifndef ZG_GEO_LATITUDE_H
#define ZG_GEO_LATITUDE_H

#include "num/trig_kernel.h"

#include <math.h>

#define ZG_RAD_PER_DEG 0.017453292519943295
#define ZG_DEG_PER_RAD 57.29577951308232

/* Truncated series of Karney, "On auxiliary latitudes" (2022), in powers of e^2 up to
 * e^10. */
#define ZG_E2 ((1.0 / 298.257223563) * (2.0 - 1.0 / 298.257223563)) /* WGS84 */
#define ZG_E4 (ZG_E2 * ZG_E2)
#define ZG_E6 (ZG_E4 * ZG_E2)
#define ZG_E8 (ZG_E4 * ZG_E4)
#define ZG_E10 (ZG_E8 * ZG_E2)

#define ZG_SERIES_TERMS 5

/* x + sum of c[k-1] sin(2k x) for lat_deg >= 0; the sum runs in this order because
 * upstream's does and order-29 cells show the last bit. */
static inline ZG_ALWAYS double zg_latitude_series_deg(double lat_deg,
                                                      const double c[ZG_SERIES_TERMS])
{
    double x = lat_deg * ZG_RAD_PER_DEG;
    double sine, cosine;
    zg_trig_sincos_quick(2.0 * x, &sine, &cosine);
    double previous = 0.0, current = sine, sum = c[0] * sine;
    for (int k = 1; k < ZG_SERIES_TERMS; k++) {
        double next = 2.0 * cosine * current - previous;
        previous = current;
        current = next;
        sum += c[k] * current;
    }
    return (x + sum) * ZG_DEG_PER_RAD;
}

extern const double zg_authalic_series[ZG_SERIES_TERMS];
extern const double zg_geodetic_series[ZG_SERIES_TERMS];

/** Authalic latitude for |lat_deg| <= 90: the hot path. */
static inline ZG_ALWAYS double zg_authalic_deg(double lat_deg)
{
    double a = zg_latitude_series_deg(fabs(lat_deg), zg_authalic_series);
    return copysign(zg_select(a > 90.0, 90.0, a), lat_deg);
}

#endif
