/* From longitude and latitude to the map: plate carree stretched for its middle latitude,
 * or Lambert's azimuthal equal-area projection around a pole (Snyder 1987, 24-3 with the
 * sphere's radius 1), which has a place for all of the sphere. */
#ifndef ZG_VIEW_PROJECTION_H
#define ZG_VIEW_PROJECTION_H

#include "view/outlines.h"

typedef enum zg_view_projection {
    ZG_PROJECT_AUTO = 0,
    ZG_PROJECT_NORTH,
    ZG_PROJECT_SOUTH,
    ZG_PROJECT_LONLAT
} zg_view_projection;

typedef struct zg_projection {
    zg_view_projection kind; /* not AUTO */
    double lon0_deg; /* the middle meridian; around a pole the one that runs upright */
    double shrink;   /* LONLAT: of longitudes, cosine of the middle latitude */
} zg_projection;

/** What fits the outlines `items` and `aoi` on the ground: a polar one where the area, or
 * without one every item, lies beyond 60 degrees, unless something else is `asked` for.
 * Longitudes are cut where nothing lies. O(vertices). */
void zg_projection_choose(const zg_outlines *items, const zg_outlines *aoi,
                          zg_view_projection asked, zg_projection *out);
/** Place of a point; y grows to the top of the map. */
void zg_projection_place(const zg_projection *p, double lon_deg, double lat_deg,
                         double *x, double *y);
/** The way back; false where the map has no point. Longitude -180 to 180. */
bool zg_projection_degrees(const zg_projection *p, double x, double y, double *lon_deg,
                           double *lat_deg);
/** The same outlines on the map, item by item; rings over the meridian where the map ends
 * are cut in two, rings around a pole reach along its side. Around a pole an item that
 * lies beyond the equator has no rings; *n_hidden counts those. */
void zg_projection_apply(const zg_projection *p, const zg_outlines *ground,
                         zg_outlines *map, size_t *n_hidden);

#endif
