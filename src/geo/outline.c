/* Rings on the sphere become polygons of the plane of longitude and latitude: unrolled,
 * completed at the poles, and cut at the antimeridian. */
#include "geo/outline.h"

#include <math.h>
#include <string.h>

enum { MAX_RING = 2 * ZG_OUTLINE_CORNERS };
/* What lies so close to a pole or the antimeridian lies on it; a cell of order 29 is a
 * thousand times as large. */
#define NEAR_DEG 1e-10

typedef struct flat_ring {
    size_t n;
    double x[MAX_RING], y[MAX_RING];
} flat_ring;

static void push(flat_ring *r, double x, double y)
{
    if (r->n < MAX_RING) {
        r->x[r->n] = x;
        r->y[r->n++] = y;
    }
}

static bool is_pole(double lat_deg)
{
    return fabs(lat_deg) > 90.0 - NEAR_DEG;
}

/* The turn of `lon` that is nearest to `from`. */
static double nearest_turn(double lon, double from)
{
    return lon - 360.0 * floor((lon - from + 180.0) / 360.0);
}

/* Longitudes of the corners one after another without jumps, poles left out; those of
 * poles stay as they are. Returns how far the ring goes around: 0, or 360 degrees. */
static double unroll(double *lon, const double *lat, size_t n, double centre)
{
    double at = centre, first = 0.0, total = 0.0;
    bool begun = false;
    for (size_t i = 0; i < n; i++) {
        if (is_pole(lat[i]))
            continue;
        lon[i] = nearest_turn(lon[i], at);
        if (!begun)
            first = lon[i];
        begun = true;
        at = lon[i];
    }
    total = nearest_turn(first, at) - first;
    return fabs(total) > 180.0 ? total : 0.0;
}

/* The corner before (step n - 1) or after (step 1) that is no pole. */
static size_t beside(const double *lat, size_t n, size_t i, size_t step)
{
    for (size_t k = 1; k < n; k++) {
        i = (i + step) % n;
        if (!is_pole(lat[i]))
            break;
    }
    return i;
}

static void flatten(double *lon, const double *lat, size_t n, double centre, flat_ring *r)
{
    const double around = unroll(lon, lat, n, centre);
    double sum = 0.0;
    bool pole = false;
    r->n = 0;
    for (size_t i = 0; i < n; i++) {
        sum += lat[i];
        if (!is_pole(lat[i])) {
            push(r, lon[i], lat[i]);
            continue;
        }
        pole = true;
        const double limit = copysign(90.0, lat[i]);
        push(r, lon[beside(lat, n, i, n - 1)], limit);
        push(r, lon[beside(lat, n, i, 1)], limit);
    }
    if (around != 0.0 && !pole) {
        const double first = r->x[0];
        push(r, first + around, r->y[0]);
        push(r, first + around, copysign(90.0, sum));
        push(r, first, copysign(90.0, sum));
    }
}

/* The part of the ring on one side of a meridian: sign * x <= sign * limit. */
static void clip(const flat_ring *in, double limit, double sign, flat_ring *out)
{
    out->n = 0;
    for (size_t i = 0; i < in->n; i++) {
        const size_t k = (i + 1) % in->n;
        const double a = sign * (in->x[i] - limit), b = sign * (in->x[k] - limit);
        if (a <= 0)
            push(out, in->x[i], in->y[i]);
        if ((a < 0 && b > 0) || (a > 0 && b < 0))
            push(out, limit, in->y[i] + (in->y[k] - in->y[i]) * (a / (a - b)));
    }
}

static double area(const flat_ring *r)
{
    double sum = 0.0;
    for (size_t i = 0; i < r->n; i++) {
        const size_t k = (i + 1) % r->n;
        sum += (r->x[i] - r->x[0]) * (r->y[k] - r->y[0]) -
               (r->x[k] - r->x[0]) * (r->y[i] - r->y[0]);
    }
    return sum / 2;
}

/* Without corners that repeat the one before. */
static void add_ring(zg_outline *out, const flat_ring *r, double shift)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < out->n_rings; i++)
        at += out->counts[i];
    double *xy = out->xy + 2 * at;
    for (size_t i = 0; i < r->n && at + n < ZG_OUTLINE_POINTS; i++) {
        const size_t before = (i + r->n - 1) % r->n;
        if (r->x[i] == r->x[before] && r->y[i] == r->y[before])
            continue;
        xy[2 * n] = r->x[i] - shift;
        xy[2 * n + 1] = r->y[i];
        n++;
    }
    if (n >= 3)
        out->counts[out->n_rings++] = n;
}

void zg_outline_of_ring(const double *lon_deg, const double *lat_deg, size_t n,
                        double centre_lon_deg, zg_outline *out)
{
    double lon[ZG_OUTLINE_CORNERS];
    flat_ring whole, west, part;
    out->n_rings = 0;
    if (n < 3 || n > ZG_OUTLINE_CORNERS || !isfinite(centre_lon_deg))
        return;
    memcpy(lon, lon_deg, n * sizeof *lon);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(lon[i]) || !(fabs(lat_deg[i]) <= 90.0))
            return;
    flatten(lon, lat_deg, n, nearest_turn(centre_lon_deg, 0.0), &whole);
    for (int turn = -1; turn <= 1; turn++) {
        const double shift = 360.0 * turn;
        flat_ring *r = &whole;
        for (size_t i = 0; i < r->n; i++) { /* exactly on the cut, where almost */
            if (fabs(r->x[i] - (shift - 180.0)) < NEAR_DEG)
                r->x[i] = shift - 180.0;
        }
    }
    for (int turn = -1; turn <= 1; turn++) {
        const double shift = 360.0 * turn;
        clip(&whole, shift + 180.0, 1.0, &west);
        clip(&west, shift - 180.0, -1.0, &part);
        if (area(&part) > 0)
            add_ring(out, &part, shift);
    }
}

void zg_outline_of_cell(uint64_t nested, unsigned order, zagg_latitude latitude,
                        zg_outline *out)
{
    double lat[4], lon[4], centre_lat, centre_lon;
    zagg_geo_centre(nested, order, latitude, &centre_lat, &centre_lon);
    zagg_geo_corners(nested, order, latitude, lat, lon);
    zg_outline_of_ring(lon, lat, 4, centre_lon, out);
}
