/* Footprints and areas that are no honest polygons: an answer or an error, in good time.
 */
#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MANY = 50000 }; /* sanitizers take ten times as long */
#else
enum { MANY = 1000000 };
#endif
enum { SOME = MANY / 5 }; /* where every vertex costs much */
#define GOOD_TIME_S 15.0

typedef struct bench {
    zagg_arena *arena;
    zagg_grid *grid;
    zagg_shape region;
    double started; /* of processor time */
} bench;

/* Of the processor: others may keep it busy. */
static double spent_s(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bench begin(zagg_grid *grid)
{
    bench b = {.grid = grid, .started = spent_s()};
    assert_int_equal(zagg_arena_new(0, &b.arena, NULL), ZAGG_OK);
    b.region = box_shape(b.arena, -76.8, 38.8, -76.4, 39.1);
    return b;
}

static void end(bench *b)
{
    assert_true(spent_s() - b->started < GOOD_TIME_S);
    zagg_grid_free(b->grid);
    zagg_arena_free(b->arena);
}

/** Pairs of a map of one granule with these parts. */
static size_t pairs_of(const bench *b, const zagg_shape *shape, zagg_map_opts opts)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_map_builder *builder = NULL;
    zagg_shardmap *map = NULL;
    test_item t;
    size_t pairs = 0;
    make_item(&t, 1, (zagg_ring){NULL, NULL, 0});
    t.item.shape = *shape;
    opts.region = &b->region;
    if (zagg_map_builder_new(b->grid, NULL, &opts, &builder, &err) != ZAGG_OK ||
        zagg_map_builder_add(builder, &t.item, &err) != ZAGG_OK ||
        zagg_map_builder_finish(builder, "map", &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < map->n_shards; i++)
        pairs += map->shards[i].n_granules;
    zagg_shardmap_free(map);
    return pairs;
}

static size_t pairs_of_ring(const bench *b, const double *lat, const double *lon,
                            size_t n, zagg_map_opts opts)
{
    const zagg_ring ring = {lat, lon, n};
    const zagg_shape_part part = {ZAGG_SHAPE_POLYGON, &ring, 1};
    const zagg_shape shape = {&part, 1};
    return pairs_of(b, &shape, opts);
}

static const zagg_map_opts RULES[] = {
    {.backend = ZAGG_MAP_MORTIE},
    {.backend = ZAGG_MAP_SPHERELY},
    {.backend = ZAGG_MAP_SPHERELY, .drop_invalid = true}};

/** Not finite, no point of the Earth, too few vertices: no shards. */
static void no_places(void **state)
{
    static const double LAT[][4] = {{38.9, NAN, 39, 39},
                                    {38.9, 38.9, 39, HUGE_VAL},
                                    {38.9, 38.9, 39, 95},
                                    {38.9, 38.9, 39, 39},
                                    {38.9, 38.9, 39, 1e308}};
    static const double LON[][4] = {{-76.7, -76.6, -76.6, -76.7},
                                    {-76.7, -76.6, -76.6, -76.7},
                                    {-76.7, -76.6, -76.6, -76.7},
                                    {-76.7, -76.6, NAN, -76.7},
                                    {-76.7, -76.6, -76.6, -1e300}};
    (void)state;
    bench b = begin(new_healpix(9, 12));
    for (size_t rule = 0; rule < 3; rule++) {
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(pairs_of_ring(&b, LAT[i], LON[i], 4, RULES[rule]), 0);
        for (size_t n = 0; n < 3; n++)
            assert_int_equal(pairs_of_ring(&b, LAT[3], LON[0], n, RULES[rule]), 0);
    }
    end(&b);
}

/** Bow-ties, spikes, vertices twice, a line there and back, both windings: the same
 * shards and more, none where S2 refuses them, except for the windings. */
static void odd_rings(void **state)
{
    static const double LAT[][6] = {
        {38.9, 38.9, 39, 39, 38.9, 38.9}, {38.9, 39, 39, 38.9, 38.9, 38.9},
        {38.9, 39, 38.9, 39, 38.9, 38.9}, {38.9, 38.9, 38.9, 39, 39, 38.9},
        {38.9, 38.9, 45, 38.9, 39, 39},   {38.9, 38.95, 39, 38.95, 38.9, 38.9}};
    static const double LON[][6] = {{-76.7, -76.6, -76.6, -76.7, -76.7, -76.7},
                                    {-76.7, -76.7, -76.6, -76.6, -76.7, -76.7},
                                    {-76.7, -76.6, -76.6, -76.7, -76.7, -76.7},
                                    {-76.7, -76.6, -76.6, -76.6, -76.7, -76.7},
                                    {-76.7, -76.6, -76.6, -76.6, -76.6, -76.7},
                                    {-76.7, -76.7, -76.7, -76.7, -76.7, -76.7}};
    (void)state;
    bench b = begin(new_healpix(9, 12));
    const size_t plain = pairs_of_ring(&b, LAT[0], LON[0], 4, RULES[0]);
    assert_true(plain > 0);
    for (size_t i = 0; i < 6; i++) {
        const size_t n = i < 3 ? 4 : 6;
        assert_true(pairs_of_ring(&b, LAT[i], LON[i], n, RULES[0]) > 0);
        assert_true(pairs_of_ring(&b, LAT[i], LON[i], n, RULES[1]) > 0);
        const size_t dropped = pairs_of_ring(&b, LAT[i], LON[i], n, RULES[2]);
        assert_int_equal(dropped > 0, i < 2);
    }
    assert_int_equal(pairs_of_ring(&b, LAT[1], LON[1], 4, RULES[0]), plain);
    end(&b);
}

/** A ring that collapses to a point, parts without rings, rings without vertices. */
static void nothing_in_it(void **state)
{
    static const double LAT[] = {39, 39, 39, 39}, LON[] = {-76.6, -76.6, -76.6, -76.6};
    const zagg_ring empty = {NULL, NULL, 0};
    const zagg_shape_part parts[] = {{ZAGG_SHAPE_POLYGON, &empty, 1},
                                     {ZAGG_SHAPE_POLYGON, NULL, 0},
                                     {ZAGG_SHAPE_LINE, &empty, 1},
                                     {ZAGG_SHAPE_POINT, NULL, 0}};
    const zagg_shape shape = {parts, 4};
    (void)state;
    bench b = begin(new_healpix(9, 12));
    for (size_t rule = 0; rule < 3; rule++) {
        zagg_map_opts lines = RULES[rule];
        lines.lines = true;
        assert_int_equal(pairs_of_ring(&b, LAT, LON, 4, RULES[rule]), 0);
        assert_int_equal(pairs_of(&b, &shape, RULES[rule]), 0);
        assert_int_equal(pairs_of(&b, &shape, lines), 0);
    }
    end(&b);
}

/** Nearly all of the sphere around a hole in which the area lies: the smaller side is
 * inside, whichever way the ring runs. */
static void large_side(void **state)
{
    double lat[72], lon[72], back_lat[72], back_lon[72];
    (void)state;
    for (int i = 0; i < 72; i++) {
        lat[i] = 39 + 5 * sin(i * 0.0872664626);
        lon[i] = -76.6 + 6 * cos(i * 0.0872664626);
        back_lat[71 - i] = lat[i];
        back_lon[71 - i] = lon[i];
    }
    bench b = begin(new_healpix(8, 12));
    const size_t n = pairs_of_ring(&b, lat, lon, 72, RULES[0]);
    assert_true(n > 0);
    assert_int_equal(pairs_of_ring(&b, back_lat, back_lon, 72, RULES[0]), n);
    assert_int_equal(pairs_of_ring(&b, lat, lon, 72, RULES[1]), n);
    assert_int_equal(pairs_of_ring(&b, back_lat, back_lon, 72, RULES[2]), n);
    end(&b);
}

static double *many(void)
{
    double *v = zg_alloc(MANY, sizeof *v);
    assert_non_null(v);
    return v;
}

/** A million vertices around a circle; a fifth of that on a comb whose teeth are as long
 * as the area, and all over the sphere at random. */
static void a_million(void **state)
{
    uint64_t seed = 1;
    double *lat = many(), *lon = many();
    (void)state;
    bench b = begin(new_healpix(9, 12));
    for (int i = 0; i < MANY; i++) {
        lat[i] = 38.95 + 0.1 * sin(6.283185307179586 * i / MANY);
        lon[i] = -76.6 + 0.1 * cos(6.283185307179586 * i / MANY);
    }
    const size_t circle = pairs_of_ring(&b, lat, lon, MANY, RULES[0]);
    assert_true(circle > 0);
    assert_true(pairs_of_ring(&b, lat, lon, MANY, RULES[2]) > 0);
    end(&b);
    b = begin(new_healpix(9, 12));
    for (int i = 0; i < SOME; i++) {
        lat[i] = i % 2 ? 38.9 : 39.0;
        lon[i] = -76.7 + 0.2 * i / SOME;
    }
    assert_true(pairs_of_ring(&b, lat, lon, SOME, RULES[0]) > 0);
    end(&b);
    b = begin(new_healpix(5, 12));
    for (int i = 0; i < SOME; i++) {
        lat[i] = random_between(&seed, -90.0, 90.0);
        lon[i] = random_between(&seed, -540.0, 540.0);
    }
    assert_true(pairs_of_ring(&b, lat, lon, SOME, RULES[0]) > 0);
    assert_int_equal(pairs_of_ring(&b, lat, lon, SOME, RULES[2]), 0);
    end(&b);
    zg_free(lat);
    zg_free(lon);
}

/** An area of a million vertices over many tiles, and part of it over cells. */
static void a_large_area(void **state)
{
    double *lat = many(), *lon = many();
    static const double LAT[] = {38.8, 38.8, 39.1, 39.1},
                        LON[] = {-76.8, -76.4, -76.4, -76.8};
    zagg_grid *grids[] = {new_utm(), new_healpix(8, 12)};
    (void)state;
    for (int i = 0; i < MANY; i++) {
        lat[i] = 38.95 + 0.12 * sin(6.283185307179586 * i / MANY);
        lon[i] = -76.6 + 0.16 * cos(6.283185307179586 * i / MANY);
    }
    zagg_ring ring = {lat, lon, MANY};
    const zagg_shape_part part = {ZAGG_SHAPE_POLYGON, &ring, 1};
    for (int i = 0; i < 2; i++) {
        bench b = begin(grids[i]);
        ring.n = i == 0 ? MANY : SOME;
        b.region = (zagg_shape){&part, 1};
        assert_true(pairs_of_ring(&b, LAT, LON, 4, RULES[1]) > 1);
        end(&b);
    }
    zg_free(lat);
    zg_free(lon);
}

/** Areas that are none. */
static void no_areas(void **state)
{
    static const double LAT[] = {38.9, NAN, 39, 39}, LON[] = {-76.7, -76.6, -76.6, -76.7};
    const zagg_ring rings[] = {{LAT, LON, 4}, {LAT, LON, 1}, {NULL, NULL, 0}};
    (void)state;
    bench b = begin(new_healpix(9, 12));
    for (size_t i = 0; i < 4; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_map_builder *builder = NULL;
        const zagg_shape_part part = {ZAGG_SHAPE_POLYGON, &rings[i < 3 ? i : 0], 1};
        const zagg_shape shape = {&part, i < 3};
        const zagg_map_opts opts = {.region = &shape};
        assert_int_not_equal(zagg_map_builder_new(b.grid, NULL, &opts, &builder, &err),
                             ZAGG_OK);
        assert_null(builder);
        assert_true(err.msg[0] != '\0');
    }
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_places),     cmocka_unit_test(odd_rings),
        cmocka_unit_test(nothing_in_it), cmocka_unit_test(large_side),
        cmocka_unit_test(a_million),     cmocka_unit_test(a_large_area),
        cmocka_unit_test(no_areas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
