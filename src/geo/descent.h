/* Going down the tree of cells with the edges of a polygon that come near each cell. */
#ifndef ZG_GEO_DESCENT_H
#define ZG_GEO_DESCENT_H

#include "geo/cell_shape.h"

typedef struct zg_descent {
    const zg_polygon *polygon;
    unsigned order; /* at which the cells of its vertices are known */
    zg_vec near;    /* size_t: edges near the cells on the way down, cell after cell */
} zg_descent;

/** Edges of a cell on the way down: a run of `near`. After the cell is done, cutting
 * near.len back to `first` forgets them. */
typedef struct zg_near_edges {
    size_t first, n;
} zg_near_edges;

/** The polygon is borrowed. */
void zg_descent_init(zg_descent *d, const zg_polygon *polygon, unsigned order);
/** For another polygon, keeping the memory. */
void zg_descent_restart(zg_descent *d, const zg_polygon *polygon, unsigned order);
void zg_descent_free(zg_descent *d);

/** All edges, to begin with. */
zagg_status zg_descent_all(zg_descent *d, zg_near_edges *out, zagg_err *err);
/** Those of the parent's edges that come near a child. */
zagg_status zg_descent_near(zg_descent *d, zg_near_edges parent,
                            const zg_cell_shape *child, zg_near_edges *out,
                            zagg_err *err);
/** Does an edge meet the cell, or is a vertex in it? */
bool zg_descent_on_boundary(const zg_descent *d, const zg_cell_shape *cell,
                            zg_near_edges edges);
/** Is one of two points inside and the other not? `edges`: all that can part them. */
bool zg_descent_apart(const zg_descent *d, zg_near_edges edges, zg_vector p, zg_vector q);

#endif
