/* Rings that touch the antimeridian: the vertices on it take the sign of the side where
 * the rest of the ring lies, as mortie decides it. */
#include "zagg/geo.h"

#include <math.h>

#define ON_ANTIMERIDIAN_DEG 1e-6
#define SIDE_DEG 0.1 /* closer to the prime meridian a vertex votes for no side */
#define CELL_CORNERS 4

static bool on_antimeridian(double lon_deg)
{
    return fabs(fabs(lon_deg) - 180.0) < ON_ANTIMERIDIAN_DEG;
}

static bool spans_half(const double *lon_deg, size_t n)
{
    double low = lon_deg[0], high = lon_deg[0];
    for (size_t k = 1; k < n; k++) {
        low = lon_deg[k] < low ? lon_deg[k] : low;
        high = lon_deg[k] > high ? lon_deg[k] : high;
    }
    return high - low > 180.0;
}

/** Value of rank r (0-based) among the n longitudes off the antimeridian. */
static double ranked_off(const double *lon_deg, size_t n, size_t r)
{
    for (size_t k = 0; k < n; k++) {
        if (on_antimeridian(lon_deg[k]))
            continue;
        size_t below = 0, equal = 0;
        for (size_t m = 0; m < n; m++) {
            if (on_antimeridian(lon_deg[m]))
                continue;
            below += lon_deg[m] < lon_deg[k];
            equal += lon_deg[m] == lon_deg[k];
        }
        if (below <= r && r < below + equal)
            return lon_deg[k];
    }
    return 0.0;
}

/** The side on which the ring lies: -180, 180, or 0 where nothing tells. The vertices
 * vote; `count_on` lets those on the antimeridian vote with the sign that they have. A
 * tie goes to the median of the others. */
static double side_deg(const double *lon_deg, size_t n, bool count_on)
{
    size_t west = 0, east = 0, off = 0;
    for (size_t k = 0; k < n; k++) {
        bool on = on_antimeridian(lon_deg[k]);
        off += !on;
        if (on && !count_on)
            continue;
        west += lon_deg[k] < -SIDE_DEG;
        east += lon_deg[k] > SIDE_DEG;
    }
    if (west != east)
        return west > east ? -180.0 : 180.0;
    if (off == 0)
        return 0.0;
    double upper = ranked_off(lon_deg, n, off / 2);
    double lower = off % 2 == 0 ? ranked_off(lon_deg, n, off / 2 - 1) : upper;
    return lower + upper < 0.0 ? -180.0 : 180.0;
}

static void fix(double *lon_deg, size_t n, bool count_on)
{
    if (n == 0 || !spans_half(lon_deg, n))
        return;
    double side = side_deg(lon_deg, n, count_on);
    for (size_t k = 0; side != 0.0 && k < n; k++)
        if (on_antimeridian(lon_deg[k]))
            lon_deg[k] = side;
}

void zagg_geo_fix_antimeridian(double *lon_deg, size_t n)
{
    fix(lon_deg, n, true);
}

void zagg_geo_cell_bbox(uint64_t nested, unsigned order, zagg_latitude latitude,
                        double bbox_deg[4])
{
    double lat[CELL_CORNERS], lon[CELL_CORNERS];
    zagg_geo_corners(nested, order, latitude, lat, lon);
    fix(lon, CELL_CORNERS, false);
    double west = lon[0], east = lon[0], south = lat[0], north = lat[0];
    for (int k = 1; k < CELL_CORNERS; k++) {
        west = lon[k] < west ? lon[k] : west;
        east = lon[k] > east ? lon[k] : east;
        south = lat[k] < south ? lat[k] : south;
        north = lat[k] > north ? lat[k] : north;
    }
    bbox_deg[0] = west;
    bbox_deg[1] = south;
    bbox_deg[2] = east;
    bbox_deg[3] = north;
}
