/* Footprints of granules from the tracks of their beams. */
#ifndef ZG_CAT_SWATH_H
#define ZG_CAT_SWATH_H

#include "cat/make_value.h"

/** Points of one beam in the order of their recording; those that are no place on the
 * ground are passed over. */
typedef struct zg_track {
    const double *lat_deg, *lon_deg;
    size_t n;
} zg_track;

/** A polygon (GeoJSON) that holds all points with `margin_deg` of the sphere around them,
 * a little more where that saves vertices: from track to track, and straight across
 * where a track has a gap. NOTFOUND without points, UNSUPPORTED for tracks that go more
 * than half round the globe. */
zagg_status zg_swath_polygon(zg_maker *m, const zg_track *tracks, size_t n,
                             double margin_deg, const zagg_value **out, zagg_err *err);
/** The tracks as lines (MultiLineString) of as few vertices as keep within
 * `tolerance_deg`. NOTFOUND without points. */
zagg_status zg_swath_lines(zg_maker *m, const zg_track *tracks, size_t n,
                           double tolerance_deg, const zagg_value **out, zagg_err *err);

#endif
