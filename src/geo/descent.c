/* What covers of polygons and tests of given cells share. */
#include "geo/descent.h"

void zg_descent_init(zg_descent *d, const zg_polygon *polygon, unsigned order)
{
    *d = (zg_descent){.polygon = polygon, .order = order};
    zg_vec_init(&d->near, sizeof(size_t), 0);
}

void zg_descent_restart(zg_descent *d, const zg_polygon *polygon, unsigned order)
{
    d->polygon = polygon;
    d->order = order;
    d->near.len = 0;
}

void zg_descent_free(zg_descent *d)
{
    zg_vec_free(&d->near);
}

static const zg_edge *near_edge(const zg_descent *d, zg_near_edges e, size_t i)
{
    return &d->polygon->edges[*ZG_VEC_AT(&d->near, size_t, e.first + i)];
}

static zagg_status push(zg_descent *d, size_t edge, zagg_err *err)
{
    size_t *slot = zg_vec_push(&d->near);
    if (slot == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the edges of a polygon");
    *slot = edge;
    return ZAGG_OK;
}

zagg_status zg_descent_all(zg_descent *d, zg_near_edges *out, zagg_err *err)
{
    *out = (zg_near_edges){d->near.len, d->polygon->n_edges};
    for (size_t i = 0; i < out->n; i++)
        ZAGG_TRY(push(d, i, err));
    return ZAGG_OK;
}

zagg_status zg_descent_near(zg_descent *d, zg_near_edges parent,
                            const zg_cell_shape *child, zg_near_edges *out, zagg_err *err)
{
    *out = (zg_near_edges){d->near.len, 0};
    for (size_t i = 0; i < parent.n; i++) {
        if (!zg_cell_near(child, near_edge(d, parent, i)))
            continue;
        ZAGG_TRY(push(d, *ZG_VEC_AT(&d->near, size_t, parent.first + i), err));
        out->n++;
    }
    return ZAGG_OK;
}

/** Does the cell hold the cell of a vertex? */
static bool holds_vertex(const zg_descent *d, uint64_t nested, unsigned order)
{
    const unsigned shift = 2u * (d->order - order);
    const uint64_t first = nested << shift, end = (nested + 1u) << shift;
    const uint64_t *leaves = d->polygon->leaves.data;
    size_t lo = 0, hi = d->polygon->leaves.len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (leaves[mid] < first)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->polygon->leaves.len && leaves[lo] < end;
}

bool zg_descent_on_boundary(const zg_descent *d, const zg_cell_shape *cell,
                            zg_near_edges edges)
{
    if (holds_vertex(d, cell->nested, cell->order))
        return true;
    zg_outline outline;
    if (edges.n > 0)
        zg_cell_outline(cell, &outline);
    for (size_t i = 0; i < edges.n; i++)
        if (zg_cell_meets(cell, &outline, near_edge(d, edges, i)))
            return true;
    return false;
}

bool zg_descent_apart(const zg_descent *d, zg_near_edges edges, zg_vector p, zg_vector q)
{
    bool odd = false;
    for (size_t i = 0; i < edges.n; i++)
        odd ^= zg_edge_crosses(near_edge(d, edges, i), p, q);
    return odd;
}
