/* Exact predicates of rings in a plane: sides, containment, rectangles. */
#ifndef ZG_GRID_POLYGON_H
#define ZG_GRID_POLYGON_H

#include <stdbool.h>
#include <stddef.h>

/** A closed ring; the last vertex may repeat the first or not. Vertices are finite. */
typedef struct zg_plane_ring {
    const double *x, *y;
    size_t n;
} zg_plane_ring;

/** Sign of the area of (a, b, c): 1 where c lies to the left of a -> b, -1 to the right,
 * 0 on the line. Exact unless a product of coordinates overflows or underflows. Method:
 * the determinant with an error bound, then as an exact sum of products (Dekker, Knuth,
 * after Shewchuk 1997). */
int zg_plane_side(const double a[2], const double b[2], const double c[2]);

/** Take the edge a-b into account for a point: true when the point lies on it; else
 * *inside is toggled where a ray from the point to the right crosses the edge, so that
 * after all edges of closed rings it tells the even-odd rule. */
bool zg_plane_pass_edge(const double a[2], const double b[2], double x, double y,
                        bool *inside);

/** One side of a ring. */
typedef struct zg_plane_edge {
    double a[2], b[2];
} zg_plane_edge;

/** Where a point lies of the region that the ring encloses by the even-odd rule: 1
 * inside, 0 on the ring, -1 outside. */
int zg_plane_locate(const zg_plane_ring *ring, double x, double y);

/** True when the closed rectangle meets the closed region of a ring, or the even-odd set
 * of several: touching counts. `edges`: all those whose extent along y meets that of the
 * rectangle; others do not count. */
bool zg_plane_edges_meet_box(const zg_plane_edge *edges, size_t n, const double min[2],
                             const double max[2]);

#endif
