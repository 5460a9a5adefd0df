/* The descent of a cover, but only to the cells asked for. */
#include "geo/cell_set.h"

#include <math.h>

#define ZG_PI 3.141592653589793
#define CAP_SLACK 1e-12

/* ---- sets ---- */

static zg_cap cap_around(const zg_cell_set *set)
{
    zg_cell_shape shape;
    zg_vector sum = {0.0, 0.0, 0.0};
    zg_cap cap = {.radius = 0.0};
    for (size_t i = 0; i < set->n; i++) {
        zg_cell_shape_of(set->nested[i], set->order, &shape);
        sum = zg_plus(sum, shape.centre);
    }
    if (zg_length(sum) < 1e-3) /* all around the globe */
        return (zg_cap){{1.0, 0.0, 0.0}, ZG_PI};
    cap.axis = zg_unit(sum);
    for (size_t i = 0; i < set->n; i++) {
        zg_cell_shape_of(set->nested[i], set->order, &shape);
        double angle = acos(fmax(-1.0, fmin(1.0, zg_dot(cap.axis, shape.centre))));
        cap.radius = fmax(cap.radius, angle + shape.radius);
    }
    cap.radius = fmin(ZG_PI, cap.radius + CAP_SLACK);
    return cap;
}

zagg_status zg_cell_set_new(const uint64_t *words, size_t n, zagg_latitude latitude,
                            zg_cell_set *out, zagg_err *err)
{
    uint64_t *nested = zg_alloc(n, sizeof *nested);
    if (nested == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n);
    for (size_t i = 0; i < n; i++)
        nested[i] = zagg_word_nested(words[i]);
    *out = (zg_cell_set){.order = zagg_word_order(words[0]),
                         .nested = nested,
                         .n = n,
                         .latitude = latitude};
    out->cap = cap_around(out);
    return ZAGG_OK;
}

void zg_cell_set_free(zg_cell_set *set)
{
    zg_free(set->nested);
    *set = (zg_cell_set){.n = 0};
}

void zg_set_scratch_init(zg_set_scratch *scratch)
{
    zg_descent_init(&scratch->descent, NULL, 0);
}

void zg_set_scratch_free(zg_set_scratch *scratch)
{
    zg_descent_free(&scratch->descent);
}

/* ---- the way down ---- */

typedef struct walk {
    const zg_cell_set *set;
    zg_descent *d;
    zg_vec *hits;
    bool line; /* nothing is inside */
} walk;

/** Cells of the set from `lo` to `hi`, those below the cell at hand. */
typedef struct span {
    size_t lo, hi;
} span;

/** First cell of the span that is not below `nested`. */
static size_t lower_bound(const zg_cell_set *set, span s, uint64_t nested)
{
    while (s.lo < s.hi) {
        size_t mid = s.lo + (s.hi - s.lo) / 2;
        if (set->nested[mid] < nested)
            s.lo = mid + 1;
        else
            s.hi = mid;
    }
    return s.lo;
}

static zagg_status append_span(zg_vec *hits, span s, zagg_err *err)
{
    for (size_t i = s.lo; i < s.hi; i++) {
        uint32_t at = (uint32_t)i;
        if (!zg_vec_append(hits, &at, 1))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the cells of a polygon");
    }
    return ZAGG_OK;
}

static zagg_status hit(walk *w, span s, zagg_err *err)
{
    return append_span(w->hits, s, err);
}

static bool inside_of(const walk *w, const zg_cell_shape *parent, bool inside,
                      zg_near_edges edges, const zg_cell_shape *child)
{
    return !w->line &&
           inside ^ zg_descent_apart(w->d, edges, parent->probe, child->probe);
}

/** Does the cover have a cell in this one? */
static zagg_status exists(walk *w, const zg_cell_shape *cell, bool inside,
                          zg_near_edges edges, bool *found, zagg_err *err)
{
    zg_cell_shape children[4];
    bool boundary = zg_descent_on_boundary(w->d, cell, edges);
    *found = boundary ? cell->order == w->d->order : inside;
    if (*found || !boundary)
        return ZAGG_OK;
    zg_cell_shape_split(cell, children);
    for (unsigned k = 0; k < 4 && !*found; k++) {
        zg_near_edges below;
        ZAGG_TRY(zg_descent_near(w->d, edges, &children[k], &below, err));
        ZAGG_TRY(exists(w, &children[k], inside_of(w, cell, inside, edges, &children[k]),
                        below, found, err));
        w->d->near.len = below.first;
    }
    return ZAGG_OK;
}

static zagg_status visit(walk *w, const zg_cell_shape *cell, bool inside,
                         zg_near_edges edges, span s, zagg_err *err)
{
    zg_cell_shape children[4];
    if (cell->order == w->set->order) {
        bool found;
        ZAGG_TRY(exists(w, cell, inside, edges, &found, err));
        return found ? hit(w, s, err) : ZAGG_OK;
    }
    if (!zg_descent_on_boundary(w->d, cell, edges))
        return inside ? hit(w, s, err) : ZAGG_OK;
    zg_cell_shape_split(cell, children);
    const unsigned shift = 2u * (w->set->order - cell->order - 1u);
    for (unsigned k = 0; k < 4; k++) {
        zg_near_edges below;
        span part = {s.lo, s.hi};
        part.hi = lower_bound(w->set, s, (children[k].nested + 1u) << shift);
        s.lo = part.hi;
        if (part.lo == part.hi)
            continue;
        ZAGG_TRY(zg_descent_near(w->d, edges, &children[k], &below, err));
        ZAGG_TRY(visit(w, &children[k], inside_of(w, cell, inside, edges, &children[k]),
                       below, part, err));
        w->d->near.len = below.first;
    }
    return ZAGG_OK;
}

static zagg_status walk_bases(walk *w, zagg_err *err)
{
    zg_near_edges all;
    span s = {0, w->set->n};
    ZAGG_TRY(zg_descent_all(w->d, &all, err));
    for (uint64_t base = 0; base < 12; base++) {
        zg_cell_shape shape;
        zg_near_edges edges;
        span part = {s.lo, s.hi};
        part.hi = lower_bound(w->set, s, (base + 1u) << 2u * w->set->order);
        s.lo = part.hi;
        if (part.lo == part.hi)
            continue;
        zg_cell_shape_of(base, 0, &shape);
        ZAGG_TRY(zg_descent_near(w->d, all, &shape, &edges, err));
        bool inside = !w->line && zg_polygon_holds(w->d->polygon, shape.probe);
        ZAGG_TRY(visit(w, &shape, inside, edges, part, err));
        w->d->near.len = all.n;
    }
    return ZAGG_OK;
}

static bool comes_near(const zg_cell_set *set, const zg_polygon *p)
{
    for (size_t i = 0; i < p->n_edges; i++)
        if (zg_edge_near(&p->edges[i], &set->cap))
            return true;
    return false;
}

zagg_status zg_cell_set_polygon(const zg_cell_set *set, const zagg_ring *rings,
                                size_t n_rings, unsigned order, zg_set_scratch *scratch,
                                zg_vec *hits, zagg_err *err)
{
    const zagg_cover_opts opts = {.latitude = set->latitude};
    zg_polygon polygon;
    ZAGG_TRY(zg_polygon_edges(rings, n_rings, &opts, &polygon, err));
    zagg_status status = ZAGG_OK;
    /* rings that collapse to points have no cells */
    if (polygon.n_edges > 0 &&
        (comes_near(set, &polygon) || zg_polygon_holds(&polygon, set->cap.axis))) {
        walk w = {set, &scratch->descent, hits, false};
        zg_descent_restart(w.d, &polygon, order);
        status = zg_polygon_add_leaves(&polygon, rings, n_rings, order, set->latitude,
                                       &set->cap, err);
        if (status == ZAGG_OK)
            status = walk_bases(&w, err);
    }
    zg_polygon_free(&polygon);
    return status;
}

zagg_status zg_cell_set_line(const zg_cell_set *set, const zagg_ring *line,
                             zg_set_scratch *scratch, zg_vec *hits, zagg_err *err)
{
    zg_polygon polygon;
    walk w = {set, &scratch->descent, hits, true};
    ZAGG_TRY(zg_polygon_path(line, set->latitude, &polygon, err));
    zg_descent_restart(w.d, &polygon, set->order);
    zagg_status status = zg_polygon_add_leaves(&polygon, line, 1, set->order,
                                               set->latitude, &set->cap, err);
    if (status == ZAGG_OK)
        status = walk_bases(&w, err);
    zg_polygon_free(&polygon);
    return status;
}

/* ---- cells of cells ---- */

/** The cells of the set's order that lie in a cell, or the one that holds it. */
static span cells_in(const zg_cell_set *set, uint64_t word)
{
    const unsigned order = zagg_word_order(word);
    uint64_t first = zagg_word_nested(word), end;
    span s = {0, set->n};
    if (order > set->order) {
        first >>= 2u * (order - set->order);
        end = first + 1u;
    } else {
        end = (first + 1u) << 2u * (set->order - order);
        first <<= 2u * (set->order - order);
    }
    s.lo = lower_bound(set, s, first);
    s.hi = lower_bound(set, s, end);
    return s;
}

zagg_status zg_cell_set_words(const zg_cell_set *set, const uint64_t *words, size_t n,
                              zg_vec *hits, zagg_err *err)
{
    span before = {0, 0}; /* fine cells of one of the set follow each other */
    for (size_t i = 0; i < n; i++) {
        if (!zagg_word_valid(words[i]))
            return zagg_err_set(err, ZAGG_EFORMAT, "the word %llu names no cell",
                                (unsigned long long)words[i]);
        const span s = cells_in(set, words[i]);
        if (s.lo == before.lo && s.hi == before.hi)
            continue;
        before = s;
        ZAGG_TRY(append_span(hits, s, err));
    }
    return ZAGG_OK;
}
