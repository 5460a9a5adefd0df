/* A cell as great circles: its corners, and near the poles points of its sides. */
#ifndef ZG_GEO_CELL_SHAPE_H
#define ZG_GEO_CELL_SHAPE_H

#include "geo/ring.h"

enum { ZG_SHAPE_POINTS = 4 * 16 };

typedef struct zg_cell_shape {
    zg_vector centre;
    zg_vector probe;                    /* a point inside that is on nothing special */
    zg_vector outline[ZG_SHAPE_POINTS]; /* N, W, S, E and what lies between */
    unsigned n;                         /* 4, or 4 s: s points a side */
    double radius;                      /* of a cap around the cell, radians */
} zg_cell_shape;

void zg_cell_shape_of(uint64_t nested, unsigned order, zg_cell_shape *out);

/** The edge crosses or touches a side, or crosses a line from the centre to a corner. */
bool zg_cell_meets(const zg_cell_shape *cell, const zg_edge *edge);

/** Cell of a vector. */
uint64_t zg_vector_nested(zg_vector v, unsigned order);

enum { ZG_VERTEX_CELLS = 9 };
/** Cells at `order` that hold the vertex: `own`, and with repetitions those that touch it
 * there when it lies on a side or a corner of its own, as far as doubles can tell. */
unsigned zg_vertex_cells(zg_vector v, uint64_t own, unsigned order,
                         uint64_t out[ZG_VERTEX_CELLS]);

/** May the edge come into the cell's cap? False only where it does not. */
bool zg_cell_near(const zg_cell_shape *cell, const zg_edge *edge);

#endif
