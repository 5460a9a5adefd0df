/* Outlines in flat arrays. */
#include "view/outlines.h"

#include "num/num.h"

#include <math.h>

#define PI 3.14159265358979323846

void zg_outlines_init(zg_outlines *o)
{
    *o = (zg_outlines){.failed = false};
    zg_vec_init(&o->x, sizeof(double), 0);
    zg_vec_init(&o->y, sizeof(double), 0);
    zg_vec_init(&o->rings, sizeof(size_t), 0);
    zg_vec_init(&o->items, sizeof(size_t), 0);
}

void zg_outlines_free(zg_outlines *o)
{
    zg_vec_free(&o->x);
    zg_vec_free(&o->y);
    zg_vec_free(&o->rings);
    zg_vec_free(&o->items);
}

size_t zg_outlines_n(const zg_outlines *o)
{
    return o->items.len;
}

void zg_outlines_vertex(zg_outlines *o, double x, double y)
{
    o->failed |= !zg_vec_append(&o->x, &x, 1) || !zg_vec_append(&o->y, &y, 1);
}

static size_t last_of(const zg_vec *ends)
{
    return ends->len > 0 ? *ZG_VEC_AT(ends, size_t, ends->len - 1) : 0;
}

void zg_outlines_end_ring(zg_outlines *o)
{
    size_t first = last_of(&o->rings), n = o->x.len;
    const double *x = o->x.data, *y = o->y.data;
    if (o->failed)
        return;
    if (n > first + 1 && x[first] == x[n - 1] && y[first] == y[n - 1]) {
        o->x.len--;
        o->y.len--;
        n--;
    }
    if (n > first)
        o->failed |= !zg_vec_append(&o->rings, &n, 1);
}

void zg_outlines_end_item(zg_outlines *o)
{
    if (!o->failed)
        o->failed = !zg_vec_append(&o->items, &o->rings.len, 1);
}

static bool is_place(double x, double y)
{
    return isfinite(x) && isfinite(y) && fabs(y) <= 90.0 && fabs(x) <= 1e6;
}

void zg_outlines_ring(zg_outlines *o, const double *x, const double *y, size_t n)
{
    const size_t step = n > ZG_RING_MAX ? (n + ZG_RING_MAX - 1) / ZG_RING_MAX : 1;
    for (size_t i = 0; !o->failed && i < n; i += step)
        if (is_place(x[i], y[i]))
            zg_outlines_vertex(o, x[i], y[i]);
    zg_outlines_end_ring(o);
}

void zg_outlines_item(const zg_outlines *o, size_t i, size_t *first, size_t *end)
{
    *first = i > 0 ? *ZG_VEC_AT(&o->items, size_t, i - 1) : 0;
    *end = *ZG_VEC_AT(&o->items, size_t, i);
}

void zg_outlines_get(const zg_outlines *o, size_t r, const double **x, const double **y,
                     size_t *n)
{
    const size_t first = r > 0 ? *ZG_VEC_AT(&o->rings, size_t, r - 1) : 0;
    *x = ZG_VEC_AT(&o->x, double, first);
    *y = ZG_VEC_AT(&o->y, double, first);
    *n = *ZG_VEC_AT(&o->rings, size_t, r) - first;
}

/* ---- shapes ---- */

/* Edges of more than this get vertices between, along the great circle. */
#define LONG_EDGE_DEG 2.0
#define MAX_PIECES 180

static void unit_vector(double lon_deg, double lat_deg, double v[3])
{
    const double lon = lon_deg * (PI / 180), lat = lat_deg * (PI / 180);
    v[0] = zg_cos(lat) * zg_cos(lon);
    v[1] = zg_cos(lat) * zg_sin(lon);
    v[2] = zg_sin(lat);
}

/* What lies between two vertices, both left out. */
static void great_circle(zg_outlines *o, double x0, double y0, double x1, double y1)
{
    double a[3], b[3];
    if (fabs(y1 - y0) <= LONG_EDGE_DEG && fabs(x1 - x0) <= LONG_EDGE_DEG)
        return;
    unit_vector(x0, y0, a);
    unit_vector(x1, y1, b);
    const double dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const double arc = zg_acos(fmax(-1.0, fmin(1.0, dot)));
    const double pieces = ceil(arc * (180 / PI) / LONG_EDGE_DEG);
    if (pieces < 2 || zg_sin(arc) < 1e-6) /* of antipodes there is no one way */
        return;
    const int n = pieces < MAX_PIECES ? (int)pieces : MAX_PIECES;
    for (int i = 1; i < n; i++) {
        const double f = i / (double)n, at = zg_sin((1 - f) * arc), to = zg_sin(f * arc);
        const double v[3] = {at * a[0] + to * b[0], at * a[1] + to * b[1],
                             at * a[2] + to * b[2]};
        zg_outlines_vertex(o, zg_atan2(v[1], v[0]) * (180 / PI),
                           zg_atan2(v[2], zg_hypot(v[0], v[1])) * (180 / PI));
    }
}

typedef struct walk {
    zg_outlines *o;
    double x, y; /* the last vertex */
    bool begun;
} walk;

static void go_to(walk *w, double x, double y)
{
    if (!is_place(x, y))
        return;
    if (w->begun)
        great_circle(w->o, w->x, w->y, x, y);
    zg_outlines_vertex(w->o, x, y);
    *w = (walk){w->o, x, y, true};
}

static void add_ring(zg_outlines *o, const zagg_ring *ring, zagg_shape_kind kind)
{
    walk w = {.o = o};
    const size_t n = ring->n;
    const size_t step = n > ZG_RING_MAX ? (n + ZG_RING_MAX - 1) / ZG_RING_MAX : 1;
    for (size_t i = 0; !o->failed && i < n; i += step)
        go_to(&w, ring->lon_deg[i], ring->lat_deg[i]);
    if (kind == ZAGG_SHAPE_LINE)
        for (size_t i = n > 0 ? (n - 1) / step * step : 0; i >= step; i -= step)
            go_to(&w, ring->lon_deg[i - step], ring->lat_deg[i - step]);
    else if (kind == ZAGG_SHAPE_POLYGON && n > 0)
        go_to(&w, ring->lon_deg[0], ring->lat_deg[0]);
    zg_outlines_end_ring(o);
}

void zg_outlines_shape(zg_outlines *o, const zagg_shape *shape)
{
    for (size_t i = 0; i < shape->n_parts; i++)
        for (size_t k = 0; k < shape->parts[i].n_rings; k++)
            add_ring(o, &shape->parts[i].rings[k], shape->parts[i].kind);
    zg_outlines_end_item(o);
}
