/* Rings of a polygon on the sphere, made ready for covering: edges in one list. */
#ifndef ZG_GEO_RING_H
#define ZG_GEO_RING_H

#include "base/base.h"
#include "geo/vector.h"
#include "zagg/cover.h"

typedef struct zg_edge {
    zg_vector a, b;
    zg_vector normal, middle; /* unit vectors; a, b and normal make a right hand */
    double half;              /* at least half its length, radians */
    bool ascending;           /* decides ties in the same way from both ends */
} zg_edge;

/** One ring: a run of the polygon's edges. */
typedef struct zg_ring {
    size_t first, n;
    bool capped;    /* the ring lies on one side of the plane across `axis` */
    zg_vector axis; /* capped: middle of the side where it lies */
    bool far_side;  /* capped: the interior holds what lies beyond that plane */
} zg_ring;

typedef struct zg_polygon {
    zg_edge *edges;
    size_t n_edges;
    zg_ring *rings;
    size_t n_rings;
    zg_vec leaves; /* uint64_t: cells of the vertices at the order asked for, ascending */
} zg_polygon;

/** All points of the sphere within `radius` (radians) of the axis. */
typedef struct zg_cap {
    zg_vector axis;
    double radius;
} zg_cap;

/** ARG for rings that make no polygon (see zagg_cover_polygon). */
zagg_status zg_polygon_new(const zagg_ring *rings, size_t n_rings, unsigned order,
                           const zagg_cover_opts *opts, zg_polygon *out, zagg_err *err);
/** The same without leaves. */
zagg_status zg_polygon_edges(const zagg_ring *rings, size_t n_rings,
                             const zagg_cover_opts *opts, zg_polygon *out, zagg_err *err);
/** A line: edges from vertex to vertex, no rings, nothing inside; without leaves. ARG for
 * coordinates that are no points. */
zagg_status zg_polygon_path(const zagg_ring *line, zagg_latitude latitude,
                            zg_polygon *out, zagg_err *err);
/** Add the leaves of the vertices and sort them all. A vertex outside the cap (NULL: none
 * is) gets its own cell only, not those that it may touch. */
zagg_status zg_polygon_add_leaves(zg_polygon *polygon, const zagg_ring *rings,
                                  size_t n_rings, unsigned order, zagg_latitude latitude,
                                  const zg_cap *cap, zagg_err *err);
void zg_polygon_free(zg_polygon *polygon);

/** May the edge come into the cap? False only where it does not. */
bool zg_edge_near(const zg_edge *edge, const zg_cap *cap);

/** Is a point that no edge comes near inside an odd number of rings? O(edges). */
bool zg_polygon_holds(const zg_polygon *polygon, zg_vector point);

/** Does the edge cross the arc from p to q? Where it passes through one of its ends ties
 * are broken, so that of a closed ring an even number of edges cross a closed path. */
bool zg_edge_crosses(const zg_edge *edge, zg_vector p, zg_vector q);

/** Check coordinates: finite, |lat| <= 90, |lon| <= 11475. */
zagg_status zg_check_points(const zagg_ring *ring, zagg_err *err);
/** Vector of a vertex on the sphere of the convention. */
zg_vector zg_vertex_vector(double lat_deg, double lon_deg, zagg_latitude latitude);

#endif
