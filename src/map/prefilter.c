/* Rings are followed in longitude from vertex to vertex, the short way: that gives the
 * longitudes they reach even across the antimeridian. */
#include "map/prefilter.h"

#include <math.h>

/* How far a great circle between two points leaves the latitudes of its ends: at most
 * 0.11 degrees where it spans 10 degrees of longitude, 4.2 where it spans 60. */
#define SHORT_SPAN 10.0
#define SHORT_BULGE 0.15
#define LONG_SPAN 60.0
#define LONG_BULGE 4.4
/* Wider rings may have their smaller side on the outside of this box. */
#define MAX_WIDTH 170.0
#define LON_MARGIN 0.05

typedef struct reach {
    double lon, west, east, south, north; /* lon: without turns */
    double widest;                        /* of one edge */
} reach;

static double turned(double lon)
{
    return lon - 360.0 * round(lon / 360.0);
}

/* Comparisons are such that what is not finite is not told to be far. */
static bool follow(reach *r, double lat, double lon)
{
    const double step = turned(lon - r->lon);
    if (!(fabs(step) <= LONG_SPAN))
        return false;
    r->lon += step;
    r->widest = fmax(r->widest, fabs(step));
    r->west = fmin(r->west, r->lon);
    r->east = fmax(r->east, r->lon);
    r->south = fmin(r->south, lat);
    r->north = fmax(r->north, lat);
    return isfinite(lat);
}

bool zg_prefilter_may_reach(const zg_prefilter *f, const zagg_ring *ring)
{
    if (f->everything || ring->n == 0)
        return true;
    const double lat = ring->lat_deg[0], lon = ring->lon_deg[0];
    reach r = {lon, lon, lon, lat, lat, 0.0};
    for (size_t i = 1; i < ring->n; i++)
        if (!follow(&r, ring->lat_deg[i], ring->lon_deg[i]))
            return true;
    if (!follow(&r, lat, lon) || fabs(r.lon - lon) > 1.0 || r.east - r.west > MAX_WIDTH)
        return true; /* long edges, around a pole, very wide */
    const double bulge = r.widest <= SHORT_SPAN ? SHORT_BULGE : LONG_BULGE;
    if (r.north + bulge < f->south || r.south - bulge > f->north)
        return false;
    const double apart = fabs(turned(0.5 * (r.west + r.east) - f->middle_lon));
    return apart <= 0.5 * (r.east - r.west) + f->half_width + LON_MARGIN;
}
