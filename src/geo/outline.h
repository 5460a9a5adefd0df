/* Cells as polygons in the plane of longitude and latitude. */
#ifndef ZG_GEO_OUTLINE_H
#define ZG_GEO_OUTLINE_H

#include "zagg/geo.h"

enum {
    ZG_OUTLINE_CORNERS = 8, /* most corners of a ring that is given */
    ZG_OUTLINE_RINGS = 3,
    ZG_OUTLINE_POINTS = 48 /* of all rings together */
};

/** Rings without their closing point, counter-clockwise, within -180..180 and -90..90; in
 * the same place on Earth they form one area, cut where it crosses the antimeridian. */
typedef struct zg_outline {
    size_t n_rings;
    size_t counts[ZG_OUTLINE_RINGS];
    double xy[2 * ZG_OUTLINE_POINTS]; /* longitude, latitude */
} zg_outline;

/** The area to the left of a ring of 3 to ZG_OUTLINE_CORNERS corners in degrees, with
 * edges that are straight in the plane; longitudes of any turn. The ring begins near
 * `centre_lon_deg` (at most half a turn away). A corner on a pole stands for the parallel
 * between its neighbours' meridians, and a ring around a pole takes the pole in. No rings
 * where the ring has no area or a corner is not finite. */
void zg_outline_of_ring(const double *lon_deg, const double *lat_deg, size_t n,
                        double centre_lon_deg, zg_outline *out);

/** Corners of a HEALPix cell with straight edges between them: cells of one order cover
 * the plane without gaps or overlaps. No rings for the few cells beside a pole that are
 * so fine (beyond order 24) that their corners have one latitude as numbers. */
void zg_outline_of_cell(uint64_t nested, unsigned order, zagg_latitude latitude,
                        zg_outline *out);

#endif
