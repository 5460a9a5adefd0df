/* Meridians and parallels of a part of the map. */
#ifndef ZG_VIEW_GRATICULE_H
#define ZG_VIEW_GRATICULE_H

#include "view/projection.h"

#define ZG_GRATICULE_POINTS 121

typedef struct zg_graticule {
    double west, south, east, north; /* degrees; longitudes from the middle meridian on */
    double lon_step, lat_step;
    bool any;
} zg_graticule;

/** What a part of the map (west, south, east, north on it) shows, in round steps: about
 * four lines each way. */
void zg_graticule_choose(zg_graticule *g, const zg_projection *p, const double box[4]);
/** Line k (0, 1, ...) of the meridians or parallels: its points on the map, and its name
 * ("76.55 W", "38.9 N"). False beyond the last one. */
bool zg_graticule_line(const zg_graticule *g, const zg_projection *p, bool meridian,
                       size_t k, double x[ZG_GRATICULE_POINTS],
                       double y[ZG_GRATICULE_POINTS], char name[32]);

#endif
