/* Which cells a polygon or a line meets. Edges are great circles of the sphere on which
 * cells are defined: with the authalic convention vertices are converted to authalic
 * latitude first. */
#ifndef ZAGG_COVER_H
#define ZAGG_COVER_H

#include "zagg/geo.h"
#include "zagg/moc.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Vertices in geodetic degrees, n of each; a closing vertex equal to the first may be
 * there or not. Longitudes of any turn. */
typedef struct zagg_ring {
    const double *lat_deg, *lon_deg;
    size_t n;
} zagg_ring;

typedef struct zagg_cover_opts {
    zagg_latitude latitude;
    bool directed;    /* the interior lies to the left of the edges, be it larger than a
                         hemisphere; false: the smaller side is inside, however the ring
                         runs */
    bool flat;        /* cells of `order` instead of the canonical form */
    size_t max_cells; /* of the result, and of those on the boundary; 0: 2^26 */
} zagg_cover_opts;
#define ZAGG_COVER_OPTS_INIT                                                             \
    {                                                                                    \
        ZAGG_LATITUDE_AUTHALIC, false, false, 0                                          \
    }

/** Cells of `order` (1..29) that meet the closed region between the rings, ascending. All
 * rings make one even-odd set: a ring inside another is a hole, and where two overlap is
 * a hole too. Every cell whose interior the polygon meets is there, but for the sliver
 * between a cell's curved side and the great circle through its corners. `opts` may be
 * NULL. ARG: fewer than 3 vertices, a coordinate that is not finite, |lat| > 90, order
 * out of range. RANGE beyond max_cells. Rings that collapse to one point have no cells.
 * Cost: edges times cells that they cross, a few hundred ns each. Thread-safe. */
ZAGG_API zagg_status zagg_cover_polygon(const zagg_ring *rings, size_t n_rings,
                                        unsigned order, const zagg_cover_opts *opts,
                                        zagg_words *out, zagg_err *err);

/** Cells of `order` (1..29) along a line of n >= 1 vertices, ascending: those of its
 * vertices and of points at most half a cell apart on its great circles, as upstream
 * makes them; a cell that the line only clips may be missing. Of `opts` latitude, flat
 * and max_cells count. */
ZAGG_API zagg_status zagg_cover_line(const zagg_ring *line, unsigned order,
                                     const zagg_cover_opts *opts, zagg_words *out,
                                     zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
