/* Rings on a lattice. */
#include "view/shrink.h"

#include <math.h>

#define UNITS_ACROSS 65536.0 /* of the whole map, at least */
#define UNITS_AN_ITEM 64.0   /* across an item of mean size */
#define UNITS_AT_MOST 1073741824.0

/* Mean of the longer sides of the items' boxes; 0 without any. */
static double mean_size(const zg_outlines *o)
{
    double sum = 0;
    size_t n = 0;
    for (size_t r = 0; r < o->rings.len; r++) {
        const double *x, *y;
        size_t len;
        zg_outlines_get(o, r, &x, &y, &len);
        double west = x[0], east = x[0], south = y[0], north = y[0];
        for (size_t i = 1; i < len; i++) {
            west = fmin(west, x[i]);
            east = fmax(east, x[i]);
            south = fmin(south, y[i]);
            north = fmax(north, y[i]);
        }
        sum += fmax(east - west, north - south);
        n++;
    }
    return n > 0 ? sum / (double)n : 0;
}

void zg_lattice_choose(zg_lattice *l, const zg_scene *s)
{
    const double across = fmax(s->east - s->west, s->north - s->south);
    const double size = mean_size(&s->shapes);
    double unit = across / UNITS_ACROSS;
    if (size > 0)
        unit = fmin(unit, size / UNITS_AN_ITEM);
    *l = (zg_lattice){.x0 = s->west, .y0 = s->south};
    l->unit = fmax(unit, across / UNITS_AT_MOST);
    zg_vec_init(&l->x, sizeof(int64_t), 0);
    zg_vec_init(&l->y, sizeof(int64_t), 0);
    zg_vec_init(&l->keep, sizeof(bool), 0);
    zg_vec_init(&l->stack, sizeof(size_t), 0);
}

void zg_lattice_free(zg_lattice *l)
{
    zg_vec_free(&l->x);
    zg_vec_free(&l->y);
    zg_vec_free(&l->keep);
    zg_vec_free(&l->stack);
}

/* Farthest of the vertices between a and b from their line; a where none is a unit away.
 */
static size_t farthest(const int64_t *x, const int64_t *y, size_t a, size_t b)
{
    const double dx = (double)(x[b] - x[a]), dy = (double)(y[b] - y[a]);
    const double length2 = dx * dx + dy * dy;
    double most = 1.0;
    size_t at = a;
    for (size_t i = a + 1; i < b; i++) {
        const double px = (double)(x[i] - x[a]), py = (double)(y[i] - y[a]);
        double t = length2 > 0 ? (px * dx + py * dy) / length2 : 0;
        t = fmin(fmax(t, 0.0), 1.0);
        const double ex = px - t * dx, ey = py - t * dy;
        if (ex * ex + ey * ey > most) {
            most = ex * ex + ey * ey;
            at = i;
        }
    }
    return at;
}

/* Marks what is kept of a..b. */
static bool mark(zg_lattice *l, size_t a, size_t b)
{
    const int64_t *x = l->x.data, *y = l->y.data;
    bool *keep = l->keep.data;
    l->stack.len = 0;
    if (!zg_vec_append(&l->stack, &a, 1) || !zg_vec_append(&l->stack, &b, 1))
        return false;
    while (l->stack.len > 0) {
        const size_t to = *ZG_VEC_AT(&l->stack, size_t, l->stack.len - 1);
        const size_t from = *ZG_VEC_AT(&l->stack, size_t, l->stack.len - 2);
        l->stack.len -= 2;
        const size_t at = farthest(x, y, from, to);
        if (at == from)
            continue;
        keep[at] = true;
        const size_t pairs[4] = {from, at, at, to};
        if (!zg_vec_append(&l->stack, pairs, 4))
            return false;
    }
    return true;
}

/* The ring is closed for this, and split where it is farthest from its first vertex. */
static bool thin_out(zg_lattice *l)
{
    const size_t n = l->x.len;
    size_t far = 0, used = 0;
    double most = -1;
    const int64_t first[2] = {*ZG_VEC_AT(&l->x, int64_t, 0),
                              *ZG_VEC_AT(&l->y, int64_t, 0)};
    if (!zg_vec_append(&l->x, &first[0], 1) || !zg_vec_append(&l->y, &first[1], 1))
        return false;
    int64_t *x = l->x.data, *y = l->y.data;
    l->keep.len = 0;
    for (size_t i = 0; i <= n; i++) {
        const double dx = (double)(x[i] - x[0]), dy = (double)(y[i] - y[0]);
        if (zg_vec_push(&l->keep) == NULL)
            return false;
        if (dx * dx + dy * dy > most) {
            most = dx * dx + dy * dy;
            far = i;
        }
    }
    bool *keep = l->keep.data;
    keep[0] = keep[far] = true;
    if (!mark(l, 0, far) || !mark(l, far, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (keep[i] && (used == 0 || x[i] != x[used - 1] || y[i] != y[used - 1])) {
            x[used] = x[i];
            y[used++] = y[i];
        }
    l->x.len = l->y.len = used;
    return true;
}

zagg_status zg_lattice_take(zg_lattice *l, const zg_outlines *o, size_t r,
                            zg_lattice_ring *out, zagg_err *err)
{
    const double *x, *y;
    size_t n;
    bool ok = true;
    zg_outlines_get(o, r, &x, &y, &n);
    l->x.len = l->y.len = 0;
    for (size_t i = 0; ok && i < n; i++) {
        const int64_t px = (int64_t)floor((x[i] - l->x0) / l->unit + 0.5);
        const int64_t py = (int64_t)floor((y[i] - l->y0) / l->unit + 0.5);
        ok = zg_vec_append(&l->x, &px, 1) && zg_vec_append(&l->y, &py, 1);
    }
    if (!ok || (l->x.len > 4 && !thin_out(l)))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an outline");
    *out = (zg_lattice_ring){l->x.data, l->y.data, l->x.len};
    return ZAGG_OK;
}
