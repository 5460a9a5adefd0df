/* Is a ring simple? Sides that follow each other are bundled into caps, bundles into
 * larger ones; only bundles whose caps meet are compared. */
#include "geo/ring.h"
#include "map/footprint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAF = 8 };

typedef struct sides {
    const zg_vector *v; /* n vertices; side i goes from i to i + 1 */
    size_t n;
    zg_cap *caps;    /* of bundles as a binary heap: children of k are 2k, 2k + 1 */
    size_t n_leaves; /* a power of two; leaf k has sides from k * per_leaf */
    size_t per_leaf;
} sides;

static zg_vector vertex(const sides *s, size_t i)
{
    return s->v[i < s->n ? i : i - s->n];
}

static zg_cap cap_of_sides(const sides *s, size_t first, size_t end)
{
    zg_vector sum = {0.0, 0.0, 0.0};
    if (first >= end)
        return (zg_cap){{1.0, 0.0, 0.0}, -1.0};
    for (size_t i = first; i <= end; i++)
        sum = zg_plus(sum, vertex(s, i));
    zg_cap cap = {zg_unit(sum), 0.0};
    for (size_t i = first; i <= end; i++)
        cap.radius = fmax(cap.radius, zg_length(zg_less(vertex(s, i), cap.axis)));
    /* a chord of 1.2 is less than a quarter turn: arcs between points stay inside */
    cap.radius = cap.radius < 1.2 ? cap.radius + 1e-12 : 2.0;
    return cap;
}

static zg_cap joined(zg_cap a, zg_cap b)
{
    if (a.radius < 0.0 || b.radius < 0.0)
        return a.radius < 0.0 ? b : a;
    zg_cap cap = {zg_unit(zg_plus(a.axis, b.axis)), 0.0};
    cap.radius = fmax(zg_length(zg_less(a.axis, cap.axis)) + a.radius,
                      zg_length(zg_less(b.axis, cap.axis)) + b.radius);
    cap.radius = cap.radius < 1.2 ? cap.radius : 2.0;
    return cap;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void fill_caps(sides *s)
{
    for (size_t k = 0; k < s->n_leaves; k++) {
        const size_t first = k * s->per_leaf;
        s->caps[s->n_leaves + k] =
            cap_of_sides(s, least(first, s->n), least(first + s->per_leaf, s->n));
    }
    for (size_t k = s->n_leaves - 1; k >= 1; k--)
        s->caps[k] = joined(s->caps[2 * k], s->caps[2 * k + 1]);
}

static bool sides_cross(const sides *s, size_t i, size_t k)
{
    const zg_vector a = vertex(s, i), b = vertex(s, i + 1);
    const zg_vector p = vertex(s, k), q = vertex(s, k + 1);
    return zg_arcs_cross(zg_side(a, b, p), zg_side(a, b, q), zg_side(p, q, a),
                         zg_side(p, q, b));
}

static bool leaves_cross(const sides *s, size_t a, size_t b)
{
    const size_t a0 = (a - s->n_leaves) * s->per_leaf, a1 = least(a0 + s->per_leaf, s->n);
    const size_t b0 = (b - s->n_leaves) * s->per_leaf, b1 = least(b0 + s->per_leaf, s->n);
    for (size_t i = a0; i < a1; i++)
        for (size_t k = a == b ? i + 2 : b0; k < b1; k++)
            if (k > i + 1 && !(i == 0 && k + 1 == s->n) && sides_cross(s, i, k))
                return true;
    return false;
}

/* Bundles a and b, a not behind b. Depth: twice that of the heap. */
static bool cross(const sides *s, size_t a, size_t b)
{
    const zg_cap *x = &s->caps[a], *y = &s->caps[b];
    if (x->radius < 0.0 || y->radius < 0.0 ||
        zg_length(zg_less(x->axis, y->axis)) > x->radius + y->radius)
        return false;
    if (a >= s->n_leaves && b >= s->n_leaves)
        return leaves_cross(s, a, b);
    if (a == b)
        return cross(s, 2 * a, 2 * a) || cross(s, 2 * a, 2 * a + 1) ||
               cross(s, 2 * a + 1, 2 * a + 1);
    if (b >= s->n_leaves || (a < s->n_leaves && x->radius >= y->radius))
        return cross(s, 2 * a, b) || cross(s, 2 * a + 1, b);
    return cross(s, a, 2 * b) || cross(s, a, 2 * b + 1);
}

static int by_place(const void *pa, const void *pb)
{
    const zg_vector *a = pa, *b = pb;
    if (a->x < b->x || a->x > b->x)
        return a->x < b->x ? -1 : 1;
    if (a->y < b->y || a->y > b->y)
        return a->y < b->y ? -1 : 1;
    return (a->z > b->z) - (a->z < b->z);
}

/** `space` holds n vectors. */
static bool a_vertex_twice(const zg_vector *v, size_t n, zg_vector *space)
{
    memcpy(space, v, n * sizeof *v);
    qsort(space, n, sizeof *space, by_place);
    for (size_t i = 1; i < n; i++)
        if (by_place(&space[i - 1], &space[i]) == 0)
            return true;
    return false;
}

zagg_status zg_footprint_is_simple(const zagg_ring *ring, bool *out, zagg_err *err)
{
    size_t n = ring->n;
    *out = false;
    if (zg_check_points(ring, NULL) != ZAGG_OK)
        return ZAGG_OK;
    zg_vector *v = zg_alloc(2 * n + 1, sizeof *v);
    sides s = {.v = v, .n_leaves = 1, .per_leaf = LEAF};
    for (size_t i = 0; v != NULL && i < n; i++)
        v[i] =
            zg_vertex_vector(ring->lat_deg[i], ring->lon_deg[i], ZAGG_LATITUDE_GEODETIC);
    if (v != NULL && n > 1 && by_place(&v[0], &v[n - 1]) == 0)
        n--; /* the closing one */
    s.n = n;
    while (s.n_leaves * LEAF < n)
        s.n_leaves *= 2;
    s.caps = zg_alloc(2 * s.n_leaves, sizeof *s.caps);
    zagg_status status = ZAGG_OK;
    if (v == NULL || s.caps == NULL) {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu vertices", n);
    } else if (n >= 3 && !a_vertex_twice(v, n, v + n)) {
        fill_caps(&s);
        *out = !cross(&s, 1, 1);
    }
    zg_free(v);
    zg_free(s.caps);
    return status;
}
