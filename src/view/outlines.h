/* Outlines: many items of some rings each, in flat arrays; on the ground (longitude and
 * latitude) or on the map (x and y), where the projection has put them. */
#ifndef ZG_VIEW_OUTLINES_H
#define ZG_VIEW_OUTLINES_H

#include "base/base.h"
#include "zagg/catalog.h"

/** Rings are not closed. One of fewer than three vertices is a point or a line. */
typedef struct zg_outlines {
    zg_vec x, y;  /* double, vertices of all rings; x is east: longitude first */
    zg_vec rings; /* size_t: where each ends in them */
    zg_vec items; /* size_t: where each ends in the rings */
    bool failed;  /* no memory: later calls do nothing */
} zg_outlines;

/* A ring of more vertices is thinned out evenly when it is added. */
#define ZG_RING_MAX ((size_t)4096)

void zg_outlines_init(zg_outlines *o);
void zg_outlines_free(zg_outlines *o);
size_t zg_outlines_n(const zg_outlines *o);
/** Add a ring to the item that is not ended yet. Vertices that are not finite, or with
 * |lat_deg| > 90, are left out. A closing vertex is dropped. */
void zg_outlines_ring(zg_outlines *o, const double *x, const double *y, size_t n);
/** A vertex by itself, and the end of its ring: for those who make rings bit by bit. */
void zg_outlines_vertex(zg_outlines *o, double x, double y);
void zg_outlines_end_ring(zg_outlines *o);
/** All rings since the last item are the next one; it may have none. */
void zg_outlines_end_item(zg_outlines *o);
/** Rings of item i are *first..*end - 1. */
void zg_outlines_item(const zg_outlines *o, size_t i, size_t *first, size_t *end);
/** Vertices of ring r: *n of them from there on. */
void zg_outlines_get(const zg_outlines *o, size_t r, const double **x, const double **y,
                     size_t *n);
/** An item made of all parts of a shape. A line goes there and back, so that as an area
 * it has none. Edges are those of the sphere: long ones get vertices between. */
void zg_outlines_shape(zg_outlines *o, const zagg_shape *shape);

#endif
