/* Points to nested cells by the projection of sphere.h alone, one way for all points. */
#ifndef ZG_GEO_POINTS_H
#define ZG_GEO_POINTS_H

#include "zagg/geo.h"

/** What zagg_geo_nested gives, without its quick path: the cells are defined by it. */
void zg_nested_exact(const double *lat_deg, const double *lon_deg, size_t n,
                     unsigned order, zagg_latitude latitude, uint64_t *nested);

#endif
