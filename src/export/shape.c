/* Outlines of cells. */
#include "export/export.h"

#include <math.h>
#include <string.h>

/* Corners this near to a pole are the pole: the nearest other corner of an order-29 cell
 * is 3e-8 degrees away. */
static const double POLE_DEG = 90.0 - 1e-9;

typedef struct ring {
    size_t n;
    double x[ZG_SHAPE_POINTS], y[ZG_SHAPE_POINTS];
} ring;

static void ring_add(ring *r, double x, double y)
{
    r->x[r->n] = x;
    r->y[r->n++] = y;
}

/* Longitudes within 180 degrees of `from`. */
static double near_to(double lon, double from)
{
    while (lon - from > 180.0)
        lon -= 360.0;
    while (lon - from < -180.0)
        lon += 360.0;
    return lon;
}

/* Corners in one piece: longitudes may pass 180 degrees. A corner at a pole stands for a
 * side of the map, from the longitude of the corner before to that of the one after. */
static ring unrolled(const double lat[4], const double lon[4])
{
    ring r = {.n = 0};
    size_t first = 0;
    while (first < 4 && fabs(lat[first]) > POLE_DEG)
        first++;
    double at = lon[first % 4];
    for (size_t i = 0; i < 4; i++) {
        const size_t k = (first + i) % 4;
        if (fabs(lat[k]) > POLE_DEG) {
            const double pole = copysign(90.0, lat[k]);
            ring_add(&r, at, pole);
            at = near_to(lon[(k + 1) % 4], at);
            ring_add(&r, at, pole);
        } else {
            at = near_to(lon[k], at);
            ring_add(&r, at, lat[k]);
        }
    }
    return r;
}

/* The part of a ring on one side of the meridian x = at: sign 1 west of it, -1 east. */
static ring cut(const ring *r, double at, double sign)
{
    ring out = {.n = 0};
    for (size_t i = 0; i < r->n; i++) {
        const size_t j = (i + 1) % r->n;
        const double a = sign * (at - r->x[i]), b = sign * (at - r->x[j]);
        if (a >= 0 && out.n < ZG_SHAPE_POINTS)
            ring_add(&out, r->x[i], r->y[i]);
        if ((a > 0 && b < 0) || (a < 0 && b > 0)) {
            const double t = a / (a - b);
            if (out.n < ZG_SHAPE_POINTS)
                ring_add(&out, at, r->y[i] + t * (r->y[j] - r->y[i]));
        }
    }
    return out;
}

static void add_part(zg_shape *out, const ring *r, double shift)
{
    const size_t part = out->n_parts;
    size_t n = 0;
    for (size_t i = 0; i < r->n && n < ZG_SHAPE_POINTS - 1; i++, n++) {
        out->x[part][n] = r->x[i] + shift;
        out->y[part][n] = r->y[i];
    }
    if (n < 3)
        return;
    out->x[part][n] = out->x[part][0];
    out->y[part][n] = out->y[part][0];
    out->n[part] = n + 1;
    out->n_parts++;
}

void zg_shape_of_corners(const double lat_deg[4], const double lon_deg[4], zg_shape *out)
{
    const ring r = unrolled(lat_deg, lon_deg);
    double west = r.x[0], east = r.x[0];
    *out = (zg_shape){.point = false};
    for (size_t i = 1; i < r.n; i++) {
        west = fmin(west, r.x[i]);
        east = fmax(east, r.x[i]);
    }
    const double edge = east > 180.0 ? 180.0 : -180.0;
    if (west >= edge || east <= edge) { /* in one piece, perhaps a turn away */
        add_part(out, &r, west >= 180.0 ? -360.0 : east <= -180.0 ? 360.0 : 0.0);
        return;
    }
    const ring w = cut(&r, edge, 1.0), e = cut(&r, edge, -1.0);
    add_part(out, &w, edge < 0 ? 360.0 : 0.0);
    add_part(out, &e, edge < 0 ? 0.0 : -360.0);
}

void zg_shape_of_box(double west, double south, double east, double north, zg_shape *out)
{
    const double x[5] = {west, east, east, west, west};
    const double y[5] = {south, south, north, north, south};
    *out = (zg_shape){.n_parts = 1, .n = {5}};
    memcpy(out->x[0], x, sizeof x);
    memcpy(out->y[0], y, sizeof y);
}

void zg_shape_of_point(double x, double y, zg_shape *out)
{
    *out = (zg_shape){.point = true, .n_parts = 1, .n = {1}};
    out->x[0][0] = x;
    out->y[0][0] = y;
}
