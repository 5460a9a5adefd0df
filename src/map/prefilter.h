/* A quick no for footprints that are far from all shards, without a sine. */
#ifndef ZG_MAP_PREFILTER_H
#define ZG_MAP_PREFILTER_H

#include "zagg/cover.h"

#include <stdbool.h>

/** A box in degrees that holds all shards. */
typedef struct zg_prefilter {
    bool everything; /* no box is known */
    double south, north, middle_lon, half_width;
} zg_prefilter;

/** May the region within the ring, its smaller side, reach the box? False only where it
 * does not, whatever way its longitudes are written; edges are great circles. About 5 ns
 * a vertex. */
bool zg_prefilter_may_reach(const zg_prefilter *filter, const zagg_ring *ring);

#endif
