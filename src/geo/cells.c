/* Cells back to points: centres, corners and boxes. The inverse projection and the route
 * of the corners through a unit vector follow mortie operation by operation. */
#include "geo/cells.h"

#include "geo/latitude.h"
#include "geo/sphere.h"
#include "num/num.h"
#include "zagg/geo.h"

/* A pole has no longitude: below this distance the projected x is not divided by it. */
#define POLE_DISTANCE 1e-13
#define ZG_TWO_PI 6.283185307179586

static double output_deg(double lat_deg, zagg_latitude latitude)
{
    return latitude == ZAGG_LATITUDE_AUTHALIC
               ? zagg_geo_geodetic_from_authalic_deg(lat_deg)
               : lat_deg;
}

void zg_projected_centre(uint64_t nested, unsigned order, double *x, double *y)
{
    uint64_t within = nested & ((UINT64_C(1) << (2u * order)) - 1u);
    unsigned base = (unsigned)(nested >> (2u * order));
    double i = (double)zg_gather_bits(within), j = (double)zg_gather_bits(within >> 1);
    double side = (double)(UINT32_C(1) << order);
    int row = 1 - (int)(base >> 2);
    unsigned column = 2u * (base & 3u) | (base >> 2 == 1 ? 0u : 1u);
    double px = (i - j) / side + (double)column;
    *x = px < 0.0 ? px + 8.0 : px;
    *y = (i + j - (side - 1.0)) / side + (double)row;
}

void zg_unproject(double x, double y, double *lat_rad, double *lon_rad)
{
    double ax = fabs(x), ay = fabs(y), lat;
    unsigned odd = (unsigned)ax | 1u; /* ax is in [0, 8] */
    double u = ax - (double)odd;
    if (ay <= 1.0) {
        lat = zg_asin(ay * (2.0 / 3.0));
    } else {
        double s = 2.0 - ay;
        if (s > POLE_DISTANCE) {
            u /= s;
            u = u > 1.0 ? 1.0 : u < -1.0 ? -1.0 : u;
        }
        lat = 2.0 * zg_acos(s / ZG_SQRT6) - ZG_HALF_PI;
    }
    *lat_rad = copysign(lat, y);
    *lon_rad = copysign((u + (double)(odd & 7u)) * ZG_QUARTER_PI, x);
}

void zagg_geo_centre(uint64_t nested, unsigned order, zagg_latitude latitude,
                     double *lat_deg, double *lon_deg)
{
    double x, y, lat, lon;
    zg_projected_centre(nested, order, &x, &y);
    zg_unproject(x, y, &lat, &lon);
    *lat_deg = output_deg(lat * ZG_DEG_PER_RAD, latitude);
    *lon_deg = lon * ZG_DEG_PER_RAD;
}

static void corner(double x, double y, zagg_latitude latitude, double *lat_deg,
                   double *lon_deg)
{
    double lat, lon;
    zg_unproject(x, y, &lat, &lon);
    double cos_lat = zg_cos(lat);
    double vx = cos_lat * zg_cos(lon), vy = cos_lat * zg_sin(lon), vz = zg_sin(lat);
    vz = vz > 1.0 ? 1.0 : vz < -1.0 ? -1.0 : vz;
    double angle = zg_atan2(vy, vx);
    /* by way of [0, 2 pi), which rounds small negative longitudes */
    double lon_out = (angle < 0.0 ? angle + ZG_TWO_PI : angle) * ZG_DEG_PER_RAD;
    *lat_deg = output_deg(90.0 - zg_acos(vz) * ZG_DEG_PER_RAD, latitude);
    *lon_deg = lon_out > 180.0 ? lon_out - 360.0 : lon_out;
}

void zagg_geo_corners(uint64_t nested, unsigned order, zagg_latitude latitude,
                      double lat_deg[4], double lon_deg[4])
{
    double x, y, t = 1.0 / (double)(UINT32_C(1) << order);
    zg_projected_centre(nested, order, &x, &y);
    double west = x - t < 0.0 ? x - t + 8.0 : x - t;
    corner(x, y + t, latitude, &lat_deg[0], &lon_deg[0]);
    corner(west, y, latitude, &lat_deg[1], &lon_deg[1]);
    corner(x, y - t, latitude, &lat_deg[2], &lon_deg[2]);
    corner(x + t, y, latitude, &lat_deg[3], &lon_deg[3]);
}

void zagg_geo_ring(uint64_t nested, unsigned order, zagg_latitude latitude, unsigned step,
                   double *lat_deg, double *lon_deg)
{
    /* where each side starts, and the way along it, in half diagonals: N, E, S, W */
    static const double FROM[4][2] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
    static const double WAY[4][2] = {{1, -1}, {-1, -1}, {-1, 1}, {1, 1}};
    const double t = 1.0 / (double)(UINT32_C(1) << order);
    double cx, cy;
    zg_projected_centre(nested, order, &cx, &cy);
    for (unsigned side = 0; side < 4; side++)
        for (unsigned k = 0; k < step; k++) {
            const double part = (double)k / (double)step;
            double x = cx + t * (FROM[side][0] + part * WAY[side][0]);
            const double y = cy + t * (FROM[side][1] + part * WAY[side][1]);
            x = x < 0.0 ? x + 8.0 : x >= 8.0 ? x - 8.0 : x;
            corner(x, y, latitude, &lat_deg[side * step + k], &lon_deg[side * step + k]);
        }
}
