/* A tree of caps over the outlines of shards, eight to a node, and the way down it with
 * the edges of a region that come near. */
#include "map/outline_set.h"

#include "grid/footprint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ZG_PI 3.141592653589793
#define CAP_SLACK 1e-12
/* Outlines that are kept; others are made again whenever they are needed. */
#define KEPT_BYTES ((size_t)48 << 20)

enum { HEALPIX_STEPS = 32, FAN = 8, MAX_LEVELS = 24 };

typedef struct outline {
    size_t n;
    zg_vector points[ZG_SHARD_OUTLINE_MAX];
} outline;

struct zg_outline_set {
    const zagg_grid *grid;
    const uint64_t *keys;
    size_t n;
    uint32_t *order;          /* positions of the shards along the tree's leaves */
    zg_cap *caps[MAX_LEVELS]; /* of leaves first; the last level has one */
    size_t n_caps[MAX_LEVELS];
    size_t n_levels;
    outline **kept; /* by position; read and set atomically */
    size_t kept_bytes;
};

/* ---- outlines ---- */

zagg_status zg_shard_outline(const zagg_grid *grid, uint64_t key, double *lat_deg,
                             double *lon_deg, size_t *n, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    if (info->kind == ZAGG_GRID_HEALPIX) {
        zagg_geo_ring(zagg_word_nested(key), info->parent_order, info->latitude,
                      HEALPIX_STEPS, lat_deg, lon_deg);
        *n = 4 * HEALPIX_STEPS;
        zagg_geo_fix_antimeridian(lon_deg, *n);
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_grid_shard_outline(grid, key, lon_deg, lat_deg, n, err));
    *n -= 1;
    return ZAGG_OK;
}

/** Points that exist, each once. */
static zagg_status make_outline(const zg_outline_set *set, size_t at, outline *out,
                                zagg_err *err)
{
    double lat[ZG_SHARD_OUTLINE_MAX], lon[ZG_SHARD_OUTLINE_MAX];
    size_t n;
    ZAGG_TRY(zg_shard_outline(set->grid, set->keys[at], lat, lon, &n, err));
    out->n = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(lat[i]) && isfinite(lon[i])) {
            out->points[out->n] =
                zg_vertex_vector(lat[i], lon[i], ZAGG_LATITUDE_GEODETIC);
            out->n +=
                out->n == 0 || memcmp(&out->points[out->n], &out->points[out->n - 1],
                                      sizeof(zg_vector)) != 0;
        }
    return ZAGG_OK;
}

/** The outline kept for this shard, else one made into `space`, which is kept if there is
 * room. */
static zagg_status get_outline(zg_outline_set *set, size_t at, outline *space,
                               const outline **out, zagg_err *err)
{
    outline *kept = __atomic_load_n(&set->kept[at], __ATOMIC_ACQUIRE);
    *out = kept;
    if (kept != NULL)
        return ZAGG_OK;
    ZAGG_TRY(make_outline(set, at, space, err));
    *out = space;
    const size_t bytes = sizeof *space;
    if (__atomic_add_fetch(&set->kept_bytes, bytes, __ATOMIC_RELAXED) > KEPT_BYTES ||
        (kept = zg_alloc(1, bytes)) == NULL)
        return ZAGG_OK;
    *kept = *space;
    outline *none = NULL;
    if (!__atomic_compare_exchange_n(&set->kept[at], &none, kept, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        zg_free(kept);
    return ZAGG_OK;
}

/* ---- caps ---- */

static double angle(zg_vector a, zg_vector b)
{
    return acos(fmax(-1.0, fmin(1.0, zg_dot(a, b))));
}

static const zg_cap EVERYTHING = {{1.0, 0.0, 0.0}, ZG_PI};
static const zg_cap NOTHING = {{1.0, 0.0, 0.0}, -1.0};

/** A cap that holds all of n caps. */
static zg_cap around(const zg_cap *caps, size_t n)
{
    zg_vector sum = {0.0, 0.0, 0.0};
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        if (caps[i].radius >= 0.0) {
            sum = zg_plus(sum, caps[i].axis);
            used++;
        }
    if (used == 0)
        return NOTHING;
    if (zg_length(sum) < 1e-3)
        return EVERYTHING;
    zg_cap cap = {zg_unit(sum), 0.0};
    for (size_t i = 0; i < n; i++)
        if (caps[i].radius >= 0.0)
            cap.radius = fmax(cap.radius, angle(cap.axis, caps[i].axis) + caps[i].radius);
    cap.radius += CAP_SLACK;
    /* beyond half a turn arcs between its points may leave it */
    return cap.radius < 0.5 * ZG_PI ? cap : EVERYTHING;
}

static zg_cap cap_of_outline(const outline *o)
{
    zg_cap points[ZG_SHARD_OUTLINE_MAX];
    for (size_t i = 0; i < o->n; i++)
        points[i] = (zg_cap){o->points[i], 0.0};
    return around(points, o->n);
}

/* Cells need no outline for that: corners are their farthest points, and sixteen points
 * miss little of them. */
static zg_cap cap_of_cell(const zg_outline_set *set, size_t at)
{
    enum { STEPS = 4, N = 4 * STEPS };
    const zagg_grid_info *info = zagg_grid_get_info(set->grid);
    double lat[N], lon[N];
    zg_cap points[N];
    zagg_geo_ring(zagg_word_nested(set->keys[at]), info->parent_order, info->latitude,
                  STEPS, lat, lon);
    for (size_t i = 0; i < N; i++)
        points[i] =
            (zg_cap){zg_vertex_vector(lat[i], lon[i], ZAGG_LATITUDE_GEODETIC), 0.0};
    zg_cap cap = around(points, N);
    cap.radius = fmin(ZG_PI, 1.05 * cap.radius);
    return cap.radius < 0.5 * ZG_PI ? cap : EVERYTHING;
}

static zagg_status leaf_caps(zg_outline_set *set, zagg_err *err)
{
    const bool cells = zagg_grid_get_kind(set->grid) == ZAGG_GRID_HEALPIX;
    for (size_t i = 0; i < set->n; i++) {
        outline space;
        const outline *o;
        if (cells) {
            set->caps[0][i] = cap_of_cell(set, set->order[i]);
            continue;
        }
        ZAGG_TRY(get_outline(set, set->order[i], &space, &o, err));
        set->caps[0][i] = cap_of_outline(o);
    }
    return ZAGG_OK;
}

/* ---- making the tree ---- */

typedef struct place {
    uint64_t code;
    uint32_t at;
} place;

static uint64_t spread(uint64_t v)
{
    uint64_t out = 0;
    for (unsigned bit = 0; bit < 32; bit++)
        out |= (v >> bit & 1u) << (2 * bit);
    return out;
}

static int by_code(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/** Neighbours beside each other: cells are in that order, tiles are put into it. */
static zagg_status order_leaves(zg_outline_set *set, zagg_err *err)
{
    const bool tiles = zagg_grid_get_kind(set->grid) == ZAGG_GRID_RECTILINEAR;
    place *places = zg_alloc(set->n, sizeof *places);
    if (places == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", set->n);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < set->n; i++) {
        zagg_shard shard;
        places[i] = (place){i, (uint32_t)i};
        if (!tiles)
            continue;
        status = zagg_grid_shard(set->grid, set->keys[i], &shard, err);
        if (status == ZAGG_OK)
            places[i].code = spread(shard.block[0]) << 1 | spread(shard.block[1]);
    }
    if (status == ZAGG_OK && tiles)
        qsort(places, set->n, sizeof *places, by_code);
    for (size_t i = 0; i < set->n; i++)
        set->order[i] = places[i].at;
    zg_free(places);
    return status;
}

static zagg_status grow(zg_outline_set *set, zagg_err *err)
{
    for (size_t level = 1; set->n_caps[level - 1] > 1; level++) {
        const size_t below = set->n_caps[level - 1], n = (below + FAN - 1) / FAN;
        zg_cap *caps = zg_alloc(n, sizeof *caps);
        if (caps == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", set->n);
        for (size_t i = 0; i < n; i++) {
            const size_t end = (i + 1) * FAN < below ? (i + 1) * FAN : below;
            caps[i] = around(&set->caps[level - 1][i * FAN], end - i * FAN);
        }
        set->caps[level] = caps;
        set->n_caps[level] = n;
        set->n_levels = level + 1;
    }
    return ZAGG_OK;
}

zagg_status zg_outline_set_new(const zagg_grid *grid, const uint64_t *keys, size_t n,
                               zg_outline_set **out, zagg_err *err)
{
    zg_outline_set *set = zg_alloc(1, sizeof *set);
    if (set != NULL) {
        *set = (zg_outline_set){.grid = grid, .keys = keys, .n = n};
        set->order = zg_alloc(n, sizeof *set->order);
        set->kept = zg_alloc(n, sizeof *set->kept);
        set->caps[0] = zg_alloc(n, sizeof(zg_cap));
        set->n_caps[0] = n;
        set->n_levels = 1;
    }
    if (set == NULL || !set->order || !set->kept || !set->caps[0]) {
        zg_outline_set_free(set);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    }
    zagg_status status = order_leaves(set, err);
    if (status == ZAGG_OK)
        status = leaf_caps(set, err);
    if (status == ZAGG_OK)
        status = grow(set, err);
    if (status != ZAGG_OK) {
        zg_outline_set_free(set);
        return status;
    }
    *out = set;
    return ZAGG_OK;
}

void zg_outline_set_free(zg_outline_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; set->kept != NULL && i < set->n; i++)
        zg_free(set->kept[i]);
    for (size_t level = 0; level < MAX_LEVELS; level++)
        zg_free(set->caps[level]);
    zg_free(set->order);
    zg_free(set->kept);
    zg_free(set);
}

/* ---- one shard ---- */

/** The edge crosses the outline or touches it. */
static bool edge_meets(const zg_edge *e, const outline *o)
{
    int sides[ZG_SHARD_OUTLINE_MAX];
    for (size_t k = 0; k < o->n; k++)
        sides[k] = zg_side(e->a, e->b, o->points[k]);
    for (size_t k = 0; k < o->n; k++) {
        const size_t next = k + 1 < o->n ? k + 1 : 0;
        const zg_vector p = o->points[k], q = o->points[next];
        if (sides[k] * sides[next] > 0)
            continue;
        if (zg_touches(e->a, e->b, p) || zg_touches(p, q, e->a) || zg_touches(p, q, e->b))
            return true;
        if (zg_arcs_cross(sides[k], sides[next], zg_side(p, q, e->a),
                          zg_side(p, q, e->b)))
            return true;
    }
    return false;
}

/** Is the point inside the outline? Its cap's axis is nothing special: parity along the
 * arc from the opposite of the cap, which is outside of what is smaller than that. */
static bool outline_holds(const outline *o, const zg_cap *cap, zg_vector point)
{
    zg_vector flat = zg_less(point, zg_scaled(cap->axis, zg_dot(point, cap->axis)));
    if (zg_length(flat) < 1e-9) {
        const zg_vector any = fabs(cap->axis.x) < 0.6 ? (zg_vector){1.0, 0.0, 0.0}
                                                      : (zg_vector){0.0, 1.0, 0.0};
        flat = zg_cross(cap->axis, any);
    }
    const zg_vector far = zg_unit(flat);
    bool odd = false;
    for (size_t k = 0; k < o->n; k++) {
        const size_t next = k + 1 < o->n ? k + 1 : 0;
        const zg_edge side = {
            .a = o->points[k], .b = o->points[next], .ascending = next > k};
        odd ^= zg_edge_crosses(&side, point, far);
    }
    return odd;
}

/* ---- the way down ---- */

typedef struct walk {
    zg_outline_set *set;
    const zg_polygon *region;
    zg_vec *near, *hits;
} walk;

typedef struct run {
    size_t first, n; /* of walk.near */
} run;

static const zg_edge *near_edge(const walk *w, run edges, size_t i)
{
    return &w->region->edges[*ZG_VEC_AT(w->near, size_t, edges.first + i)];
}

static bool apart(const walk *w, run edges, zg_vector p, zg_vector q)
{
    bool odd = false;
    if (w->region->n_rings == 0) /* a line has no inside */
        return false;
    for (size_t i = 0; i < edges.n; i++)
        odd ^= zg_edge_crosses(near_edge(w, edges, i), p, q);
    return odd;
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shards of a footprint");
}

static zagg_status edges_near(const walk *w, run parent, const zg_cap *cap, run *out,
                              zagg_err *err)
{
    *out = (run){w->near->len, 0};
    for (size_t i = 0; i < parent.n; i++) {
        if (!zg_edge_near(near_edge(w, parent, i), cap))
            continue;
        size_t *slot = zg_vec_push(w->near);
        if (slot == NULL)
            return no_memory(err);
        *slot = *ZG_VEC_AT(w->near, size_t, parent.first + i);
        out->n++;
    }
    return ZAGG_OK;
}

static zagg_status hit(const walk *w, size_t leaf, zagg_err *err)
{
    return zg_vec_append(w->hits, &w->set->order[leaf], 1) ? ZAGG_OK : no_memory(err);
}

/** Some ring or line of the region lies in the outline as a whole. No edge crosses it, so
 * that of edges in a row the first one tells. */
static bool holds_a_vertex(const walk *w, const outline *o, const zg_cap *cap, run edges)
{
    const zg_edge *before = NULL;
    for (size_t i = 0; i < edges.n; i++) {
        const zg_edge *e = near_edge(w, edges, i);
        const bool joined = before != NULL && memcmp(&before->b, &e->a, sizeof e->a) == 0;
        before = e;
        if (!joined && angle(e->a, cap->axis) <= cap->radius &&
            outline_holds(o, cap, e->a))
            return true;
    }
    return false;
}

static zagg_status visit_leaf(const walk *w, size_t leaf, bool inside, run edges,
                              zagg_err *err)
{
    const zg_cap *cap = &w->set->caps[0][leaf];
    outline space;
    const outline *o;
    if (edges.n == 0)
        return inside && cap->radius >= 0.0 ? hit(w, leaf, err) : ZAGG_OK;
    ZAGG_TRY(get_outline(w->set, w->set->order[leaf], &space, &o, err));
    bool met = false;
    for (size_t i = 0; i < edges.n && !met; i++)
        met = edge_meets(near_edge(w, edges, i), o);
    if (!met && o->n > 0)
        met = inside ^ apart(w, edges, cap->axis, o->points[0]) ||
              holds_a_vertex(w, o, cap, edges);
    return met ? hit(w, leaf, err) : ZAGG_OK;
}

/** `inside`: whether the axis of the node's cap is; `edges` come near that cap. */
static zagg_status visit(const walk *w, size_t level, size_t node, bool inside, run edges,
                         zagg_err *err)
{
    const zg_cap *cap = &w->set->caps[level][node];
    if (level == 0)
        return visit_leaf(w, node, inside, edges, err);
    if (edges.n == 0 && !inside)
        return ZAGG_OK;
    const zg_cap *below = w->set->caps[level - 1];
    for (size_t k = node * FAN; k < (node + 1) * FAN && k < w->set->n_caps[level - 1];
         k++) {
        run part;
        ZAGG_TRY(edges_near(w, edges, &below[k], &part, err));
        ZAGG_TRY(visit(w, level - 1, k,
                       inside ^ apart(w, edges, cap->axis, below[k].axis), part, err));
        w->near->len = part.first;
    }
    return ZAGG_OK;
}

zagg_status zg_outline_set_meet(zg_outline_set *set, const zg_polygon *region,
                                zg_vec *near, zg_vec *hits, zagg_err *err)
{
    const size_t top = set->n_levels - 1;
    const zg_cap *cap = &set->caps[top][0];
    walk w = {set, region, near, hits};
    run edges = {0, 0};
    near->len = 0;
    for (size_t i = 0; i < region->n_edges; i++)
        if (zg_edge_near(&region->edges[i], cap)) {
            if (!zg_vec_append(near, &i, 1))
                return no_memory(err);
            edges.n++;
        }
    const bool inside = region->n_rings > 0 && zg_polygon_holds(region, cap->axis);
    return visit(&w, top, 0, inside, edges, err);
}
