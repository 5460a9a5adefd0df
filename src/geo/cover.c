/* Covers of polygons: down the tree of cells from the twelve base cells. A cell that no
 * edge meets is inside or outside as a whole; others are split. Whether it is inside
 * follows from its parent by counting the edges between their probes. */
#include "zagg/cover.h"

#include "geo/cell_shape.h"

#include <inttypes.h>
#include <stdlib.h>

#define DEFAULT_MAX_CELLS ((size_t)1 << 26)

typedef struct cover {
    const zg_polygon *polygon;
    unsigned order;
    zg_vec words; /* of any order, ascending */
    zg_vec near;  /* size_t: edges near the cells on the way down, cell after cell */
} cover;

/** Edges of a cell on the way down: a run of `near`. */
typedef struct near_edges {
    size_t first, n;
} near_edges;

static zagg_status keep(cover *c, uint64_t nested, unsigned order, zagg_err *err)
{
    uint64_t *word = zg_vec_push(&c->words);
    if (word == NULL)
        return c->words.len >= c->words.max_len
                   ? zagg_err_set(
                         err, ZAGG_ERANGE,
                         "the polygon has more than %zu cells at order %u: take a "
                         "coarser order",
                         c->words.max_len, c->order)
                   : zagg_err_set(err, ZAGG_ENOMEM,
                                  "no memory for the cells of a polygon");
    *word = zagg_word_from_nested(nested, order);
    return ZAGG_OK;
}

static const zg_edge *near_edge(const cover *c, near_edges e, size_t i)
{
    return &c->polygon->edges[*ZG_VEC_AT(&c->near, size_t, e.first + i)];
}

/** Does the cell hold the cell of a vertex? */
static bool holds_vertex(const cover *c, uint64_t nested, unsigned order)
{
    const unsigned shift = 2u * (c->order - order);
    const uint64_t first = nested << shift, end = (nested + 1u) << shift;
    const uint64_t *leaves = c->polygon->leaves.data;
    size_t lo = 0, hi = c->polygon->leaves.len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (leaves[mid] < first)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->polygon->leaves.len && leaves[lo] < end;
}

static bool on_boundary(const cover *c, const zg_cell_shape *cell, near_edges edges)
{
    if (holds_vertex(c, cell->nested, cell->order))
        return true;
    zg_outline outline;
    if (edges.n > 0)
        zg_cell_outline(cell, &outline);
    for (size_t i = 0; i < edges.n; i++)
        if (zg_cell_meets(cell, &outline, near_edge(c, edges, i)))
            return true;
    return false;
}

/** Those of the parent's edges that come near a child. */
static zagg_status edges_of_child(cover *c, near_edges parent, const zg_cell_shape *child,
                                  near_edges *out, zagg_err *err)
{
    *out = (near_edges){c->near.len, 0};
    for (size_t i = 0; i < parent.n; i++) {
        if (!zg_cell_near(child, near_edge(c, parent, i)))
            continue;
        size_t *slot = zg_vec_push(&c->near);
        if (slot == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the edges of a polygon");
        *slot = *ZG_VEC_AT(&c->near, size_t, parent.first + i);
        out->n++;
    }
    return ZAGG_OK;
}

static bool probes_apart(const cover *c, near_edges edges, zg_vector p, zg_vector q)
{
    bool odd = false;
    for (size_t i = 0; i < edges.n; i++)
        odd ^= zg_edge_crosses(near_edge(c, edges, i), p, q);
    return odd;
}

/* One cell and all below it; at most 30 deep. */
static zagg_status visit(cover *c, const zg_cell_shape *cell, bool inside,
                         near_edges edges, zagg_err *err)
{
    zg_cell_shape children[4];
    if (!on_boundary(c, cell, edges))
        return inside ? keep(c, cell->nested, cell->order, err) : ZAGG_OK;
    if (cell->order == c->order)
        return keep(c, cell->nested, cell->order, err);
    zg_cell_shape_split(cell, children);
    for (unsigned k = 0; k < 4; k++) {
        near_edges below;
        ZAGG_TRY(edges_of_child(c, edges, &children[k], &below, err));
        bool child_inside =
            inside ^ probes_apart(c, edges, cell->probe, children[k].probe);
        ZAGG_TRY(visit(c, &children[k], child_inside, below, err));
        c->near.len = below.first;
    }
    return ZAGG_OK;
}

static zagg_status descend(cover *c, zagg_err *err)
{
    near_edges all = {0, c->polygon->n_edges};
    for (size_t i = 0; i < all.n; i++) {
        size_t *slot = zg_vec_push(&c->near);
        if (slot == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the edges of a polygon");
        *slot = i;
    }
    for (uint64_t base = 0; base < 12 && all.n > 0; base++) {
        zg_cell_shape shape;
        near_edges edges;
        zg_cell_shape_of(base, 0, &shape);
        ZAGG_TRY(edges_of_child(c, all, &shape, &edges, err));
        ZAGG_TRY(visit(c, &shape, zg_polygon_holds(c->polygon, shape.probe), edges, err));
        c->near.len = all.n;
    }
    return ZAGG_OK;
}

zagg_status zagg_cover_polygon(const zagg_ring *rings, size_t n_rings, unsigned order,
                               const zagg_cover_opts *opts, zagg_words *out,
                               zagg_err *err)
{
    static const zagg_cover_opts DEFAULTS = ZAGG_COVER_OPTS_INIT;
    const zagg_cover_opts *o = opts != NULL ? opts : &DEFAULTS;
    const size_t max_cells = o->max_cells != 0 ? o->max_cells : DEFAULT_MAX_CELLS;
    zg_polygon polygon;
    if (order < 1 || order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_EARG, "Order must be between 1 and %d",
                            ZAGG_GEO_MAX_ORDER);
    ZAGG_TRY(zg_polygon_new(rings, n_rings, order, o, &polygon, err));
    cover c = {.polygon = &polygon, .order = order};
    zg_vec_init(&c.words, sizeof(uint64_t), max_cells);
    zg_vec_init(&c.near, sizeof(size_t), 0);
    zagg_status status = descend(&c, err);
    if (status == ZAGG_OK)
        status = o->flat ? zagg_moc_to_order(c.words.data, c.words.len, order, max_cells,
                                             out, err)
                         : zagg_moc_compress(c.words.data, c.words.len, out, err);
    zg_vec_free(&c.words);
    zg_vec_free(&c.near);
    zg_polygon_free(&polygon);
    return status;
}
