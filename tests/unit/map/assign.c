/* Which shards a footprint belongs to: trees against every shard by itself, prefilters
 * against none. */
#include "fixture.h"
#include "map/footprint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static zagg_words shards_of(const zagg_grid *grid, const zagg_shape *shape)
{
    zg_rings rings;
    zagg_words keys = {NULL, 0};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(zg_region_rings(arena, shape, true, NULL, &rings, NULL), ZAGG_OK);
    assert_int_equal(zg_region_shards(grid, &rings, &keys, NULL), ZAGG_OK);
    zagg_arena_free(arena);
    assert_true(keys.n > 0);
    return keys;
}

static void ask(const zg_target *target, const zagg_ring *ring, zg_vec *hits)
{
    zg_target_scratch scratch;
    const zg_rings one = {ring, 1};
    bool usable = false;
    hits->len = 0;
    zg_target_scratch_init(&scratch);
    assert_int_equal(zg_target_rings(target, &one, &scratch, hits, &usable, NULL),
                     ZAGG_OK);
    assert_true(usable);
    zg_target_distinct(hits);
    zg_target_scratch_free(&scratch);
}

static void same_hits(const zg_vec *a, const zg_vec *b)
{
    assert_int_equal(a->len, b->len);
    if (a->len > 0)
        assert_memory_equal(a->data, b->data, a->len * sizeof(uint32_t));
}

/** The same without a prefilter, and, of outlines, shard by shard. */
static void compare(const zagg_grid *grid, const zagg_words *keys,
                    zagg_map_backend backend, const zagg_ring *ring, size_t *met)
{
    const zagg_map_opts opts = {.backend = backend};
    zg_target target;
    zg_vec hits, other;
    zg_vec_init(&hits, sizeof(uint32_t), 0);
    zg_vec_init(&other, sizeof(uint32_t), 0);
    assert_int_equal(zg_target_new(grid, keys->words, keys->n, &opts, 0, &target, NULL),
                     ZAGG_OK);
    ask(&target, ring, &hits);
    target.prefilter.everything = true;
    ask(&target, ring, &other);
    same_hits(&hits, &other);
    *met += hits.len;
    for (size_t i = 0, k = 0; backend == ZAGG_MAP_SPHERELY && i < keys->n; i++) {
        zg_target one;
        assert_int_equal(zg_target_new(grid, keys->words + i, 1, &opts, 0, &one, NULL),
                         ZAGG_OK);
        ask(&one, ring, &other);
        const bool listed = k < hits.len && *ZG_VEC_AT(&hits, uint32_t, k) == i;
        assert_int_equal(other.len, listed);
        k += listed;
        zg_target_free(&one);
    }
    zg_target_free(&target);
    zg_vec_free(&hits);
    zg_vec_free(&other);
}

static void run_all(const zagg_grid *grid, const zagg_shape *shape, double lat,
                    double lon, int n)
{
    uint64_t seed = 3;
    size_t met = 0;
    zagg_words keys = shards_of(grid, shape);
    for (int i = 0; i < n; i++) {
        swath s;
        make_swath(&seed, lat, lon, &s);
        const zagg_ring ring = {s.lat, s.lon, SWATH_VERTICES};
        compare(grid, &keys, ZAGG_MAP_MORTIE, &ring, &met);
        compare(grid, &keys, ZAGG_MAP_SPHERELY, &ring, &met);
    }
    assert_true(met > 5);
    zagg_words_free(&keys);
}

static void healpix(void **state)
{
    zagg_arena *arena = NULL;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zagg_grid *grid = new_healpix(7, 12);
    const zagg_shape inland = box_shape(arena, -78, 37, -75, 40);
    run_all(grid, &inland, 38.5, -76.5, 25);
    const zagg_shape dateline = box_shape(arena, 178, -20, -178, -16);
    run_all(grid, &dateline, -18, 180, 25);
    const zagg_shape polar = box_shape(arena, -180, 86, 180, 88);
    run_all(grid, &polar, 84, 40, 12);
    zagg_grid_free(grid);
    zagg_arena_free(arena);
}

static void tiles(void **state)
{
    zagg_arena *arena = NULL;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zagg_grid *grid = new_utm();
    const zagg_shape area = box_shape(arena, -76.8, 38.8, -76.4, 39.1);
    run_all(grid, &area, 39, -76.6, 40);
    zagg_grid_free(grid);
    zagg_arena_free(arena);
}

/** Points of a swath lie in shards that it meets, by either rule. */
static void points(void **state)
{
    uint64_t seed = 9;
    zagg_arena *arena = NULL;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zagg_grid *grid = new_healpix(8, 12);
    const zagg_shape area = box_shape(arena, -82, 33, -71, 44);
    zagg_words keys = shards_of(grid, &area);
    for (int i = 0; i < 100; i++) {
        const zagg_map_opts opts = {.backend =
                                        i % 2 ? ZAGG_MAP_SPHERELY : ZAGG_MAP_MORTIE};
        swath s;
        zg_target target;
        zg_vec hits;
        make_swath(&seed, 38.5, -76.5, &s);
        const zagg_ring ring = {s.lat, s.lon, SWATH_VERTICES};
        zg_vec_init(&hits, sizeof(uint32_t), 0);
        assert_int_equal(zg_target_new(grid, keys.words, keys.n, &opts, 0, &target, NULL),
                         ZAGG_OK);
        ask(&target, &ring, &hits);
        for (int k = 0; k < 50; k++) {
            uint64_t key;
            bool none;
            const size_t at = (size_t)random_between(&seed, 1.0, 11.999);
            const double f = random_between(&seed, 0.01, 0.99);
            const double lat = s.lat[at];
            const double lon =
                s.lon[at] + f * (s.lon[SWATH_VERTICES - 1 - at] - s.lon[at]);
            zagg_grid_shard_keys(grid, &lat, &lon, 1, &key, &none);
            assert_false(none);
            bool found = false;
            for (size_t h = 0; h < hits.len; h++)
                found |= keys.words[*ZG_VEC_AT(&hits, uint32_t, h)] == key;
            assert_true(found);
        }
        zg_vec_free(&hits);
        zg_target_free(&target);
    }
    zagg_words_free(&keys);
    zagg_grid_free(grid);
    zagg_arena_free(arena);
}

/** However its longitudes are written, a ring reaches the same boxes. */
static void turns(void **state)
{
    static const double LAT[] = {10, 10, 12, 12}, LON[] = {170, 174, 174, 170};
    static const struct {
        double middle, half, south, north;
        bool reaches;
    } BOXES[] = {{172, 1, 11, 11.5, true},  {-188, 1, 11, 11.5, true},
                 {160, 5, 11, 11.5, false}, {-178, 2, 11, 11.5, false},
                 {172, 1, 12.1, 13, true},  {172, 1, 12.5, 13, false},
                 {172, 1, -5, 9.5, false},  {0, 180, 11, 12, true}};
    (void)state;
    for (size_t i = 0; i < sizeof BOXES / sizeof BOXES[0]; i++)
        for (int turn = -2; turn <= 2; turn++) {
            double lon[4];
            for (int k = 0; k < 4; k++)
                lon[k] = LON[k] + 360.0 * (k % 2 ? turn : -turn);
            const zagg_ring ring = {LAT, lon, 4};
            const zg_prefilter box = {false, BOXES[i].south, BOXES[i].north,
                                      BOXES[i].middle, BOXES[i].half};
            assert_int_equal(zg_prefilter_may_reach(&box, &ring), BOXES[i].reaches);
        }
    /* around a pole: nothing can be told by longitudes */
    static const double CAP_LAT[] = {80, 80, 80, 80, 80, 80, 80},
                        CAP_LON[] = {0, 50, 100, 150, -160, -110, -55};
    const zagg_ring cap = {CAP_LAT, CAP_LON, 7};
    const zg_prefilter pole = {false, 89, 90, 10, 1};
    assert_true(zg_prefilter_may_reach(&pole, &cap));
}

/** What S2 takes for a polygon. */
static void simple(void **state)
{
    static const struct {
        double lat[6], lon[6];
        size_t n;
        bool simple;
    } RINGS[] = {{{0, 0, 1, 1}, {0, 1, 1, 0}, 4, true},
                 {{0, 0, 1, 1, 0}, {0, 1, 1, 0, 0}, 5, true},
                 {{0, 0, 1, 1}, {0, 1, 0, 1}, 4, false},       /* bow-tie */
                 {{0, 0, 0, 1, 1}, {0, 1, 1, 1, 0}, 5, false}, /* twice */
                 {{0, 0, 0, 1, 1}, {0, 1, 2, 1, 0}, 5, true},
                 {{0, 0, 1, 0, 1}, {0, 1, 1, 1, 0}, 5, false}, /* there and back */
                 {{0, 1}, {0, 0}, 2, false},
                 {{0, 0, 1}, {0, 1, NAN}, 3, false},
                 {{0, 0, 0}, {0, 0, 0}, 3, false}};
    (void)state;
    for (size_t i = 0; i < sizeof RINGS / sizeof RINGS[0]; i++) {
        bool found = !RINGS[i].simple;
        const zagg_ring ring = {RINGS[i].lat, RINGS[i].lon, RINGS[i].n};
        assert_int_equal(zg_footprint_is_simple(&ring, &found, NULL), ZAGG_OK);
        if (found != RINGS[i].simple)
            fail_msg("ring %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(healpix), cmocka_unit_test(tiles),
                                       cmocka_unit_test(points), cmocka_unit_test(turns),
                                       cmocka_unit_test(simple)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
