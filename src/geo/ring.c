/* Rings on the sphere: which side is inside, and which points are. */
#include "geo/ring.h"

#include "geo/cell_shape.h"
#include "geo/latitude.h"
#include "num/num.h"

#include <math.h>
#include <stdlib.h>

#define MAX_LON_DEG 11475.0 /* as for points */
/* Vertices closer than this in each component are one. */
#define SAME_VERTEX 1e-12
#define ZG_PI 3.141592653589793

/* ---- vertices and edges ---- */

zagg_status zg_check_points(const zagg_ring *ring, zagg_err *err)
{
    for (size_t i = 0; i < ring->n; i++) {
        if (!isfinite(ring->lat_deg[i]) || !isfinite(ring->lon_deg[i]))
            return zagg_err_set(err, ZAGG_EARG,
                                "lats and lons must not contain NaN or infinity");
        if (fabs(ring->lat_deg[i]) > 90.0 || fabs(ring->lon_deg[i]) > MAX_LON_DEG)
            return zagg_err_set(
                err, ZAGG_EARG,
                "vertex %zu (latitude %.10g, longitude %.10g) is no point "
                "of the Earth",
                i, ring->lat_deg[i], ring->lon_deg[i]);
    }
    return ZAGG_OK;
}

zg_vector zg_vertex_vector(double lat_deg, double lon_deg, zagg_latitude latitude)
{
    double lat = latitude == ZAGG_LATITUDE_AUTHALIC
                     ? zagg_geo_authalic_from_geodetic_deg(lat_deg)
                     : lat_deg;
    return zg_vector_of(lat * ZG_RAD_PER_DEG, lon_deg * ZG_RAD_PER_DEG);
}

static bool same_vertex(zg_vector a, zg_vector b)
{
    return fabs(a.x - b.x) < SAME_VERTEX && fabs(a.y - b.y) < SAME_VERTEX &&
           fabs(a.z - b.z) < SAME_VERTEX;
}

/** Distinct vertices of a ring one after the other; returns how many. */
static size_t distinct_vertices(const zagg_ring *ring, zagg_latitude latitude,
                                zg_vector *out)
{
    size_t n = 0;
    for (size_t i = 0; i < ring->n; i++) {
        zg_vector v = zg_vertex_vector(ring->lat_deg[i], ring->lon_deg[i], latitude);
        if (n == 0 || out[n - 1].x != v.x || out[n - 1].y != v.y || out[n - 1].z != v.z)
            out[n++] = v;
    }
    while (n > 1 && same_vertex(out[n - 1], out[0]))
        n--;
    return n;
}

static zg_edge edge_of(zg_vector a, zg_vector b, bool ascending)
{
    zg_edge e = {.a = a, .b = b, .ascending = ascending};
    e.normal = zg_unit(zg_cross(a, b));
    e.middle = zg_unit(zg_plus(a, b));
    double chord = zg_length(zg_less(a, b));
    /* an arc is at most pi/2 times its chord */
    e.half = 0.25 * ZG_PI * chord;
    return e;
}

static void add_edges(zg_polygon *p, const zg_vector *v, size_t n, bool reversed)
{
    for (size_t i = 0; i < n; i++) {
        size_t from = reversed ? n - 1 - i : i;
        size_t to = reversed ? (from + n - 1) % n : (from + 1) % n;
        p->edges[p->n_edges++] = edge_of(v[from], v[to], from < to);
    }
}

/* ---- which side is inside ---- */

/** Sum of the signed exterior angles: 2 pi less the area to the left of a simple ring. */
static double turning(const zg_vector *v, size_t n)
{
    double sum = 0.0, lost = 0.0;
    for (size_t i = 0; i < n; i++) {
        zg_vector before = zg_cross(v[(i + n - 1) % n], v[i]);
        zg_vector after = zg_cross(v[i], v[(i + 1) % n]);
        double angle =
            zg_atan2(zg_dot(v[i], zg_cross(before, after)), zg_dot(before, after));
        double y = angle - lost, t = sum + y;
        lost = (t - sum) - y;
        sum = t;
    }
    return sum;
}

static void find_side(const zg_vector *v, size_t n, bool directed, zg_ring *ring,
                      bool *reversed)
{
    zg_vector sum = {0.0, 0.0, 0.0};
    for (size_t i = 0; i < n; i++)
        sum = zg_plus(sum, v[i]);
    ring->axis = zg_unit(sum);
    double least = 1.0;
    for (size_t i = 0; i < n; i++)
        least = fmin(least, zg_dot(ring->axis, v[i]));
    ring->capped = zg_length(sum) > SAME_VERTEX && least > SAME_VERTEX;
    double turn = turning(v, n);
    double band = ring->capped ? ZG_PI * least : 1e-14 * (double)n;
    bool decided = fabs(turn) > band && fabs(turn) < 2.5 * ZG_PI;
    *reversed = decided && turn < 0.0 && !directed;
    ring->far_side = decided && turn < 0.0 && directed;
}

/* ---- points ---- */

bool zg_edge_crosses(const zg_edge *e, zg_vector p, zg_vector q)
{
    int tie = e->ascending ? 1 : -1;
    int p_side = zg_side(e->a, e->b, p), q_side = zg_side(e->a, e->b, q);
    p_side = p_side == 0 ? tie : p_side;
    q_side = q_side == 0 ? tie : q_side;
    if (p_side == q_side)
        return false;
    int a_side = zg_side(p, q, e->a), b_side = zg_side(p, q, e->b);
    return zg_arcs_cross(p_side, q_side, a_side == 0 ? 1 : a_side,
                         b_side == 0 ? 1 : b_side);
}

/** Edges of the ring that cross the arc, odd or even; `but` is left out. */
static bool odd_crossings(const zg_polygon *p, const zg_ring *ring, size_t but,
                          zg_vector from, zg_vector to)
{
    bool odd = false;
    for (size_t i = ring->first; i < ring->first + ring->n; i++)
        if (i != but && zg_edge_crosses(&p->edges[i], from, to))
            odd = !odd;
    return odd;
}

/** From the plane across the axis, where all is outside, to the point. */
static bool capped_holds(const zg_polygon *p, const zg_ring *ring, zg_vector point)
{
    double height = zg_dot(point, ring->axis);
    if (height <= 0.0)
        return ring->far_side;
    zg_vector flat = zg_less(point, zg_scaled(ring->axis, height));
    if (zg_length(flat) < 0.01) {
        zg_vector any = fabs(ring->axis.x) < 0.6 ? (zg_vector){1.0, 0.0, 0.0}
                                                 : (zg_vector){0.0, 1.0, 0.0};
        flat = zg_cross(ring->axis, any);
    }
    zg_vector start = zg_unit(flat);
    return odd_crossings(p, ring, SIZE_MAX, start, point) != ring->far_side;
}

/** From the middle of a long edge nearby, whose left side is inside, to the point. */
static bool open_holds(const zg_polygon *p, const zg_ring *ring, zg_vector point)
{
    size_t best = ring->first;
    double best_score = -1.0;
    for (size_t i = ring->first; i < ring->first + ring->n; i++) {
        double near = zg_dot(p->edges[i].middle, point);
        double score = near > -0.7 ? p->edges[i].half : 0.0;
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    const zg_edge *e = &p->edges[best];
    bool left = zg_side(e->a, e->b, point) >= 0;
    return odd_crossings(p, ring, best, e->middle, point) != left;
}

bool zg_polygon_holds(const zg_polygon *p, zg_vector point)
{
    bool inside = false;
    for (size_t i = 0; i < p->n_rings; i++)
        inside ^= p->rings[i].capped ? capped_holds(p, &p->rings[i], point)
                                     : open_holds(p, &p->rings[i], point);
    return inside;
}

/* ---- making ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool in_cap(const zg_cap *cap, zg_vector v)
{
    return cap == NULL || zg_length(zg_less(v, cap->axis)) <= cap->radius;
}

static zagg_status add_leaves(zg_polygon *p, const zagg_ring *ring, unsigned order,
                              zagg_latitude latitude, const zg_cap *cap, zagg_err *err)
{
    for (size_t i = 0; i < ring->n; i++) {
        uint64_t own, cells[ZG_VERTEX_CELLS];
        zg_vector v = zg_vertex_vector(ring->lat_deg[i], ring->lon_deg[i], latitude);
        zagg_geo_nested(&ring->lat_deg[i], &ring->lon_deg[i], 1, order, latitude, &own);
        cells[0] = own;
        unsigned n = in_cap(cap, v) ? zg_vertex_cells(v, own, order, cells) : 1;
        if (!zg_vec_append(&p->leaves, cells, n))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu vertices", ring->n);
    }
    return ZAGG_OK;
}

zagg_status zg_polygon_add_leaves(zg_polygon *polygon, const zagg_ring *rings,
                                  size_t n_rings, unsigned order, zagg_latitude latitude,
                                  const zg_cap *cap, zagg_err *err)
{
    for (size_t i = 0; i < n_rings; i++)
        ZAGG_TRY(add_leaves(polygon, &rings[i], order, latitude, cap, err));
    if (polygon->leaves.len > 1)
        qsort(polygon->leaves.data, polygon->leaves.len, sizeof(uint64_t), by_number);
    return ZAGG_OK;
}

bool zg_edge_near(const zg_edge *edge, const zg_cap *cap)
{
    if (fabs(zg_dot(edge->normal, cap->axis)) > cap->radius)
        return false;
    zg_vector apart = zg_less(edge->middle, cap->axis);
    double reach = edge->half + cap->radius;
    return zg_dot(apart, apart) <= reach * reach;
}

static void add_ring(zg_polygon *p, const zagg_ring *ring, const zagg_cover_opts *opts,
                     zg_vector *scratch)
{
    size_t n = distinct_vertices(ring, opts->latitude, scratch);
    if (n < 2)
        return;
    zg_ring *r = &p->rings[p->n_rings++];
    bool reversed;
    r->first = p->n_edges;
    r->n = n;
    find_side(scratch, n, opts->directed, r, &reversed);
    add_edges(p, scratch, n, reversed);
}

/** Room for rings and edges, and for the vertices of the longest ring. */
static zagg_status allocate(zg_polygon *out, size_t n_edges, size_t n_rings,
                            size_t longest, zg_vector **scratch, zagg_err *err)
{
    *out = (zg_polygon){.edges = zg_alloc(n_edges + 1, sizeof *out->edges),
                        .rings = zg_alloc(n_rings + 1, sizeof *out->rings)};
    zg_vec_init(&out->leaves, sizeof(uint64_t), 0);
    *scratch = zg_alloc(longest + 1, sizeof **scratch);
    if (out->edges != NULL && out->rings != NULL && *scratch != NULL)
        return ZAGG_OK;
    zg_free(*scratch);
    zg_polygon_free(out);
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu vertices", n_edges);
}

zagg_status zg_polygon_edges(const zagg_ring *rings, size_t n_rings,
                             const zagg_cover_opts *opts, zg_polygon *out, zagg_err *err)
{
    size_t total = 0, longest = 0;
    zg_vector *scratch;
    for (size_t i = 0; i < n_rings; i++) {
        if (rings[i].n < 3)
            return zagg_err_set(err, ZAGG_EARG, "Need at least 3 vertices for a polygon");
        ZAGG_TRY(zg_check_points(&rings[i], err));
        longest = rings[i].n > longest ? rings[i].n : longest;
        if (!zg_add_size(total, rings[i].n, &total))
            return zagg_err_set(err, ZAGG_ERANGE, "too many vertices");
    }
    ZAGG_TRY(allocate(out, total, n_rings, longest, &scratch, err));
    for (size_t i = 0; i < n_rings; i++)
        add_ring(out, &rings[i], opts, scratch);
    zg_free(scratch);
    return ZAGG_OK;
}

zagg_status zg_polygon_path(const zagg_ring *line, zagg_latitude latitude,
                            zg_polygon *out, zagg_err *err)
{
    zg_vector *v;
    ZAGG_TRY(zg_check_points(line, err));
    ZAGG_TRY(allocate(out, line->n, 0, line->n, &v, err));
    size_t n = 0;
    for (size_t i = 0; i < line->n; i++) {
        v[n] = zg_vertex_vector(line->lat_deg[i], line->lon_deg[i], latitude);
        if (n == 0 || !same_vertex(v[n - 1], v[n]))
            n++;
    }
    for (size_t i = 1; i < n; i++)
        out->edges[out->n_edges++] = edge_of(v[i - 1], v[i], true);
    zg_free(v);
    return ZAGG_OK;
}

zagg_status zg_polygon_new(const zagg_ring *rings, size_t n_rings, unsigned order,
                           const zagg_cover_opts *opts, zg_polygon *out, zagg_err *err)
{
    ZAGG_TRY(zg_polygon_edges(rings, n_rings, opts, out, err));
    zagg_status status =
        zg_polygon_add_leaves(out, rings, n_rings, order, opts->latitude, NULL, err);
    if (status != ZAGG_OK)
        zg_polygon_free(out);
    return status;
}

void zg_polygon_free(zg_polygon *polygon)
{
    zg_free(polygon->edges);
    zg_free(polygon->rings);
    zg_vec_free(&polygon->leaves);
    polygon->edges = NULL;
    polygon->rings = NULL;
}
