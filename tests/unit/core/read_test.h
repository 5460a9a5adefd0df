/* A small granule and workers over it, for the tests of group reads and shards.
 *
 * Beam gt1l: 4 segments of 3 photons, one degree further east each; the last photon of
 * segment 1 lies with segment 2. The grid has cells of one degree and shards of 2 x 2
 * cells: shard 0 holds photons 0..4, shard 1 photons 5..11. */
#ifndef ZAGG_TESTS_READ_TEST_H
#define ZAGG_TESTS_READ_TEST_H

#include "golden/core_cases.h"
#include "support/granule.h"

#define N_PHOTONS 12
#define N_SEGMENTS 4

/** What the granule holds; tests change it before it is written. */
typedef struct beam {
    double lat[N_PHOTONS], lon[N_PHOTONS];
    float h[N_PHOTONS];
    int8_t quality[N_PHOTONS];
    double seg_lat[N_SEGMENTS], seg_lon[N_SEGMENTS];
    int64_t index_beg[N_SEGMENTS];
    int32_t count[N_SEGMENTS];
    float dem[N_SEGMENTS];
    int8_t flag[N_SEGMENTS];
    size_t n_photons;
    size_t chunk_rows;             /* 0: contiguous */
    zagg_dtype coordinates, links; /* as which these are stored */
} beam;
beam beam_new(void);
void beam_write(const beam *b, granule_file *file, const char *group);

/** Parts of the config, as JSON; NULL: left out. */
typedef struct config_parts {
    const char *read_plan, *filters, *segment_variables, *fields;
} config_parts;
core_case config_case(zagg_arena *arena, const config_parts *parts);

/** Room for granules in a folder of their own, and an arena. */
enum { MOST_GRANULES = 8 };
typedef struct granule_set {
    zagg_arena *arena;
    char *dir, paths[MOST_GRANULES][512];
    const char *hrefs[MOST_GRANULES]; /* the paths */
} granule_set;
/** Without any granule. */
granule_set *granule_set_new(void);
/** Write a granule of the beam gt1l, and of gt1r if `both`, which are like `b` but for
 * their heights: 1000 * number + 100 (gt1r) + number of the photon. */
void granule_set_write(const granule_set *set, int number, bool both, beam b);
void granule_set_free(granule_set *set);

#endif
