/* Predicates of rings, without rounding: a shard that a polygon only touches belongs to
 * it or not, whatever the CPU. */
#include "grid/polygon.h"

#include <float.h>
#include <math.h>

/* ---- sums of doubles without loss ---- */

typedef struct exact_sum {
    double parts[16]; /* ascending, not overlapping */
    size_t n;
} exact_sum;

static void add_exact(exact_sum *s, double v)
{
    size_t kept = 0;
    for (size_t k = 0; k < s->n; k++) {
        const double sum = v + s->parts[k], other = sum - v;
        const double lost = (v - (sum - other)) + (s->parts[k] - other);
        if (lost < 0.0 || lost > 0.0)
            s->parts[kept++] = lost;
        v = sum;
    }
    s->parts[kept++] = v;
    s->n = kept;
}

static void split(double v, double *high, double *low)
{
    const double c = 134217729.0 * v; /* 2^27 + 1 */
    *high = c - (c - v);
    *low = v - *high;
}

static void add_product(exact_sum *s, double a, double b)
{
    double ah, al, bh, bl;
    const double p = a * b;
    split(a, &ah, &al);
    split(b, &bh, &bl);
    add_exact(s, al * bl - (((p - ah * bh) - al * bh) - ah * bl));
    add_exact(s, p);
}

static int exact_side(const double a[2], const double b[2], const double c[2])
{
    exact_sum s = {.n = 0};
    add_product(&s, a[0], b[1]);
    add_product(&s, -a[1], b[0]);
    add_product(&s, b[0], c[1]);
    add_product(&s, -b[1], c[0]);
    add_product(&s, c[0], a[1]);
    add_product(&s, -c[1], a[0]);
    const double top = s.parts[s.n - 1]; /* larger than all below it together */
    return (top > 0.0) - (top < 0.0);
}

int zg_plane_side(const double a[2], const double b[2], const double c[2])
{
    const double left = (a[0] - c[0]) * (b[1] - c[1]);
    const double right = (a[1] - c[1]) * (b[0] - c[0]);
    const double det = left - right;
    /* each of the five roundings is within half a place of its result */
    const double bound = 4.0 * DBL_EPSILON * (fabs(left) + fabs(right));
    if (det > bound)
        return 1;
    if (det < -bound)
        return -1;
    return exact_side(a, b, c);
}

/* ---- rings ---- */

static void vertex(const zg_plane_ring *ring, size_t k, double out[2])
{
    out[0] = ring->x[k];
    out[1] = ring->y[k];
}

static bool between(double v, double a, double b)
{
    return a <= b ? v >= a && v <= b : v >= b && v <= a;
}

bool zg_plane_pass_edge(const double a[2], const double b[2], double x, double y,
                        bool *inside)
{
    const double p[2] = {x, y};
    const bool spans = (a[1] > y) != (b[1] > y);
    if (!spans && !(between(y, a[1], b[1]) && between(x, a[0], b[0])))
        return false;
    const int side = zg_plane_side(a, b, p);
    if (side == 0 && between(x, a[0], b[0]) && between(y, a[1], b[1]))
        return true;
    /* a ray to the right crosses the edge when the point is left of it, seen upward */
    if (spans && (b[1] > a[1] ? side > 0 : side < 0))
        *inside = !*inside;
    return false;
}

int zg_plane_locate(const zg_plane_ring *ring, double x, double y)
{
    double a[2], b[2];
    bool inside = false;
    for (size_t k = 0; k < ring->n; k++) {
        vertex(ring, k, a);
        vertex(ring, k + 1 < ring->n ? k + 1 : 0, b);
        if (zg_plane_pass_edge(a, b, x, y, &inside))
            return 0;
    }
    return inside ? 1 : -1;
}

/* A segment and a box that share no point are parted by an axis or by the segment's line.
 */
static bool segment_meets_box(const double a[2], const double b[2], const double min[2],
                              const double max[2])
{
    for (int axis = 0; axis < 2; axis++)
        if ((a[axis] < min[axis] && b[axis] < min[axis]) ||
            (a[axis] > max[axis] && b[axis] > max[axis]))
            return false;
    const double corners[4][2] = {
        {min[0], min[1]}, {max[0], min[1]}, {max[0], max[1]}, {min[0], max[1]}};
    int sides = 0;
    for (int k = 0; k < 4; k++) {
        const int side = zg_plane_side(a, b, corners[k]);
        if (side == 0)
            return true;
        sides += side;
    }
    return sides > -4 && sides < 4;
}

bool zg_plane_edges_meet_box(const zg_plane_edge *edges, size_t n, const double min[2],
                             const double max[2])
{
    bool inside = false;
    for (size_t k = 0; k < n; k++)
        if (segment_meets_box(edges[k].a, edges[k].b, min, max))
            return true;
    /* no edge meets it, so the box lies inside as a whole or not at all */
    for (size_t k = 0; k < n; k++) /* a ray to the right meets no other edges */
        if (zg_plane_pass_edge(edges[k].a, edges[k].b, min[0], min[1], &inside))
            return true;
    return inside;
}
