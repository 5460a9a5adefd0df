/* The outlines of land. */
#ifndef ZG_VIEW_LAND_H
#define ZG_VIEW_LAND_H

#include <stddef.h>
#include <stdint.h>

/* Stands behind the last vertex of each ring. */
#define ZG_LAND_END 9999

/** Longitude and latitude in tenths of a degree, ring after ring. One ring goes around
 * the south pole. */
extern const int16_t zg_land[][2];
extern const size_t zg_land_n;

#endif
