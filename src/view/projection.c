/* Choosing a projection, and rings through it. */
#include "view/projection.h"

#include "num/num.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define RAD (PI / 180)
/* As near to a pole as no corner of a cell is that is not the pole. */
#define POLE_DEG (90.0 - 1e-9)
#define POLAR_DEG 60.0

enum { BINS = 360 };

/* ---- choosing ---- */

typedef struct reach {
    bool any, seen[BINS]; /* degrees of longitude from -180 on */
    double south, north;
} reach;

static double wrapped(double lon_deg)
{
    const double turns = floor((lon_deg + 180.0) / 360.0);
    return lon_deg - 360.0 * turns;
}

static size_t bin_of(double lon_deg)
{
    const double at = floor(wrapped(lon_deg) + 180.0);
    return at < 0 ? 0 : at >= BINS ? BINS - 1 : (size_t)at;
}

/* All degrees on the shorter way between two longitudes. */
static void mark(reach *r, double from, double to)
{
    const double way = wrapped(to - from);
    const size_t start = bin_of(way >= 0 ? from : to), end = bin_of(way >= 0 ? to : from);
    /* counted: places that rounding has moved over a whole degree may stand the other way
     * round */
    for (size_t i = 0, k = start; i < (size_t)fabs(way) + 2; i++, k = (k + 1) % BINS) {
        r->seen[k] = true;
        if (k == end)
            return;
    }
}

static void mark_ring(reach *r, const double *x, const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t j = (i + 1) % n;
        r->south = r->any ? fmin(r->south, y[i]) : y[i];
        r->north = r->any ? fmax(r->north, y[i]) : y[i];
        r->any = true;
        if (fabs(y[i]) < POLE_DEG && fabs(y[j]) < POLE_DEG)
            mark(r, x[i], x[j]);
    }
}

/* Middle of what is seen, of whole degrees; *gap is the longest stretch without. */
static double middle(const reach *r, size_t *gap)
{
    size_t best = 0, best_end = 0, run = 0;
    for (size_t k = 0; k < (size_t)2 * BINS; k++) {
        run = r->seen[k % BINS] || run == BINS ? 0 : run + 1;
        if (run > best) {
            best = run;
            best_end = k + 1;
        }
    }
    *gap = best;
    if (best == 0 || best >= BINS)
        return 0;
    const double cut = (double)best_end - (double)best / 2 - 180.0;
    return round(wrapped(cut + 180.0));
}

static void mark_all(reach *r, const zg_outlines *o)
{
    for (size_t k = 0; k < o->rings.len; k++) {
        const double *x, *y;
        size_t n;
        zg_outlines_get(o, k, &x, &y, &n);
        mark_ring(r, x, y, n);
    }
}

void zg_projection_choose(const zg_outlines *items, const zg_outlines *aoi,
                          zg_view_projection asked, zg_projection *out)
{
    reach r = {.any = false};
    size_t gap = 0;
    mark_all(&r, aoi->rings.len > 0 ? aoi : items);
    if (asked == ZG_PROJECT_AUTO)
        asked = r.any && r.south > POLAR_DEG    ? ZG_PROJECT_NORTH
                : r.any && r.north < -POLAR_DEG ? ZG_PROJECT_SOUTH
                                                : ZG_PROJECT_LONLAT;
    mark_all(&r, items);
    const double lon0 = middle(&r, &gap);
    *out = (zg_projection){.kind = asked, .shrink = 1};
    if (asked != ZG_PROJECT_LONLAT) {
        /* what does not surround the pole stands upright */
        out->lon0_deg = gap >= BINS / 2 && gap < BINS ? lon0 : 0;
        return;
    }
    const bool cut_at_180 = !r.seen[0] && !r.seen[BINS - 1];
    out->lon0_deg = cut_at_180 ? 0 : lon0;
    if (r.any && r.north - r.south < 90.0)
        out->shrink = fmax(0.1, zg_cos((r.north + r.south) / 2 * RAD));
}

void zg_projection_place(const zg_projection *p, double lon_deg, double lat_deg,
                         double *x, double *y)
{
    if (p->kind == ZG_PROJECT_LONLAT) {
        *x = (lon_deg - p->lon0_deg) * p->shrink;
        *y = lat_deg;
        return;
    }
    const double sign = p->kind == ZG_PROJECT_NORTH ? 1.0 : -1.0;
    const double rho = 2.0 * zg_sin((90.0 - sign * lat_deg) / 2 * RAD);
    const double lon = (lon_deg - p->lon0_deg) * RAD;
    *x = rho * zg_sin(lon);
    *y = -sign * rho * zg_cos(lon);
}

bool zg_projection_degrees(const zg_projection *p, double x, double y, double *lon_deg,
                           double *lat_deg)
{
    if (p->kind == ZG_PROJECT_LONLAT) {
        const double lon = x / p->shrink;
        *lon_deg = wrapped(lon + p->lon0_deg);
        *lat_deg = y;
        return fabs(lon) <= 180.0 && fabs(y) <= 90.0;
    }
    const double sign = p->kind == ZG_PROJECT_NORTH ? 1.0 : -1.0;
    const double rho = zg_hypot(x, y);
    if (!(rho <= 2.0))
        return false;
    *lat_deg = sign * (90.0 - 2.0 * zg_asin(rho / 2) / RAD);
    *lon_deg = wrapped(zg_atan2(x, -sign * y) / RAD + p->lon0_deg);
    return true;
}

/* ---- rings in longitude and latitude ---- */

typedef struct points {
    zg_vec x, y;
} points;

static bool add(points *p, double x, double y)
{
    return zg_vec_append(&p->x, &x, 1) && zg_vec_append(&p->y, &y, 1);
}

static double near_to(double lon, double from)
{
    return from + wrapped(lon - from);
}

/* The ring in one piece, longitudes from the middle on: they may pass the end of the map.
 * A vertex at a pole stands for a side of the map; so does the pole that a ring goes
 * around, which is the nearer one. */
static bool unroll(const double *x, const double *y, size_t n, double lon0, points *out)
{
    size_t first = 0;
    double sum = 0;
    bool ok = true;
    out->x.len = out->y.len = 0;
    while (first < n && fabs(y[first]) >= POLE_DEG)
        first++;
    if (first == n)
        return true;
    const double begin = near_to(x[first], lon0);
    double at = begin;
    for (size_t i = 0; ok && i < n; i++) {
        const size_t k = (first + i) % n;
        sum += y[k];
        if (fabs(y[k]) >= POLE_DEG) {
            ok = add(out, at, copysign(90.0, y[k]));
            at = near_to(x[(k + 1) % n], at);
            ok = ok && add(out, at, copysign(90.0, y[k]));
        } else {
            at = near_to(x[k], at);
            ok = add(out, at, y[k]);
        }
    }
    const double end = near_to(x[first], at), pole = copysign(90.0, sum);
    if (ok && fabs(end - begin) > 180.0)
        ok = add(out, end, y[first]) && add(out, end, pole) && add(out, begin, pole);
    return ok;
}

/* The part of a ring on one side of the meridian x = at: east where sign is 1. */
static bool cut(const points *in, double at, double sign, points *out)
{
    const double *x = in->x.data, *y = in->y.data;
    const size_t n = in->x.len;
    bool ok = true;
    out->x.len = out->y.len = 0;
    for (size_t i = 0; ok && i < n; i++) {
        const size_t j = (i + 1) % n;
        const double a = sign * (x[i] - at), b = sign * (x[j] - at);
        if (a >= 0)
            ok = add(out, x[i], y[i]);
        if (ok && ((a > 0 && b < 0) || (a < 0 && b > 0)))
            ok = add(out, at, y[i] + a / (a - b) * (y[j] - y[i]));
    }
    return ok;
}

static void emit(const zg_projection *p, const points *ring, double shift,
                 zg_outlines *map)
{
    const double *lon = ring->x.data, *lat = ring->y.data;
    for (size_t i = 0; i < ring->x.len; i++) {
        double x, y;
        zg_projection_place(p, lon[i] + shift, lat[i], &x, &y);
        zg_outlines_vertex(map, x, y);
    }
    zg_outlines_end_ring(map);
}

typedef struct workspace {
    points whole, east, part;
} workspace;

/* Pieces of one map's width of a ring that may be longer than that. */
static void lonlat_ring(const zg_projection *p, const double *x, const double *y,
                        size_t n, workspace *w, zg_outlines *map)
{
    const double west = p->lon0_deg - 180.0;
    if (!unroll(x, y, n, p->lon0_deg, &w->whole)) {
        map->failed = true;
        return;
    }
    if (w->whole.x.len == 0)
        return;
    const double *lon = w->whole.x.data;
    double low = lon[0], high = lon[0];
    for (size_t i = 1; i < w->whole.x.len; i++) {
        low = fmin(low, lon[i]);
        high = fmax(high, lon[i]);
    }
    double turn = floor((low - west) / 360.0), last = ceil((high - west) / 360.0) - 1;
    last = fmin(fmax(last, turn), turn + 4); /* windings of the hostile are cut off */
    if (last <= turn) {
        emit(p, &w->whole, -360.0 * turn, map);
        return;
    }
    for (; turn <= last; turn++) {
        const double edge = west + 360.0 * turn;
        if (!cut(&w->whole, edge, 1.0, &w->east) ||
            !cut(&w->east, edge + 360.0, -1.0, &w->part))
            map->failed = true;
        else
            emit(p, &w->part, -360.0 * turn, map);
    }
}

static void polar_ring(const zg_projection *p, const double *lon, const double *lat,
                       size_t n, zg_outlines *map)
{
    for (size_t i = 0; i < n; i++) {
        double x, y;
        zg_projection_place(p, lon[i], lat[i], &x, &y);
        zg_outlines_vertex(map, x, y);
    }
    zg_outlines_end_ring(map);
}

static bool is_beyond_equator(const zg_projection *p, const double *lat, size_t n)
{
    const double sign = p->kind == ZG_PROJECT_NORTH ? 1.0 : -1.0;
    for (size_t i = 0; i < n; i++)
        if (sign * lat[i] >= 0)
            return false;
    return true;
}

static void points_init(points *p)
{
    zg_vec_init(&p->x, sizeof(double), 0);
    zg_vec_init(&p->y, sizeof(double), 0);
}

static void points_free(points *p)
{
    zg_vec_free(&p->x);
    zg_vec_free(&p->y);
}

void zg_projection_apply(const zg_projection *p, const zg_outlines *ground,
                         zg_outlines *map, size_t *n_hidden)
{
    workspace w;
    points_init(&w.whole);
    points_init(&w.east);
    points_init(&w.part);
    *n_hidden = 0;
    for (size_t i = 0; i < zg_outlines_n(ground); i++) {
        size_t first, end, hidden = 0;
        zg_outlines_item(ground, i, &first, &end);
        for (size_t r = first; !map->failed && r < end; r++) {
            const double *x, *y;
            size_t n;
            zg_outlines_get(ground, r, &x, &y, &n);
            if (p->kind == ZG_PROJECT_LONLAT)
                lonlat_ring(p, x, y, n, &w, map);
            else if (is_beyond_equator(p, y, n))
                hidden++;
            else
                polar_ring(p, x, y, n, map);
        }
        *n_hidden += end > first && hidden == end - first;
        zg_outlines_end_item(map);
    }
    points_free(&w.whole);
    points_free(&w.east);
    points_free(&w.part);
}
