/* Grids, items and rings for the tests of map. */
#ifndef ZAGG_TESTS_MAP_FIXTURE_H
#define ZAGG_TESTS_MAP_FIXTURE_H

#include "map/target.h"
#include "support/random.h"
#include "support/support.h"
#include "zagg/mapbuild.h"

zagg_grid *new_healpix(int64_t parent, int64_t child);
/** UTM 18 N, 40 km wide, tiles of 5 km. */
zagg_grid *new_utm(void);

enum { SWATH_VERTICES = 26 };
/** A swath like one of ICESat-2's: a degree and a half long, 12 km wide, somewhere within
 * five degrees of a point. */
typedef struct swath {
    double lat[SWATH_VERTICES], lon[SWATH_VERTICES];
} swath;
void make_swath(uint64_t *seed, double lat, double lon, swath *out);

/** An item with one polygon; the texts are the caller's. */
typedef struct test_item {
    zagg_item item;
    zagg_ring ring;
    zagg_shape_part part;
    char id[64], s3[96], https[96];
} test_item;
/** `ring` is borrowed. The item stays where it is. */
void make_item(test_item *t, size_t number, zagg_ring ring);

/** A box as a shape that lives as long as the arena. */
zagg_shape box_shape(zagg_arena *arena, double west, double south, double east,
                     double north);

/** The map's JSON but for the time that building took; zg_free. */
char *map_text(const zagg_shardmap *map);

#endif
