/* A cell as great circles: its corners, and near the poles points of its sides. */
#ifndef ZG_GEO_CELL_SHAPE_H
#define ZG_GEO_CELL_SHAPE_H

#include "geo/ring.h"

typedef struct zg_cell_shape {
    uint64_t nested;
    unsigned order;
    double x, y; /* projected centre */
    zg_vector centre;
    zg_vector corners[4]; /* N, W, S, E */
    zg_vector probe;      /* a point inside that is on nothing special */
    double radius;        /* of a cap around the cell, radians */
} zg_cell_shape;

void zg_cell_shape_of(uint64_t nested, unsigned order, zg_cell_shape *out);
/** The four children; points that they share with each other or the parent are made
 * once. */
void zg_cell_shape_split(const zg_cell_shape *parent, zg_cell_shape children[4]);

enum { ZG_OUTLINE_POINTS = 4 * 16 };
/** Sides near the poles are not the chords of their corners: points along them. */
typedef struct zg_outline {
    zg_vector points[ZG_OUTLINE_POINTS];
    unsigned n; /* 0 where chords will do */
} zg_outline;
void zg_cell_outline(const zg_cell_shape *cell, zg_outline *out);

/** The edge crosses or touches a side, or crosses a line from the centre to a corner. */
bool zg_cell_meets(const zg_cell_shape *cell, const zg_outline *outline,
                   const zg_edge *edge);

/** May the edge come into the cell's cap? False only where it does not. */
bool zg_cell_near(const zg_cell_shape *cell, const zg_edge *edge);

/** Cell of a vector. */
uint64_t zg_vector_nested(zg_vector v, unsigned order);

enum { ZG_VERTEX_CELLS = 9 };
/** Cells at `order` that hold the vertex: `own`, and with repetitions those that touch it
 * there when it lies on a side or a corner of its own, as far as doubles can tell. */
unsigned zg_vertex_cells(zg_vector v, uint64_t own, unsigned order,
                         uint64_t out[ZG_VERTEX_CELLS]);

#endif
