/* Footprints from tracks: all points lie inside, wherever on the globe, and not much else
 * does. */
#include "cat/swath.h"

#include "support/random.h"
#include "support/support.h"
#include "zagg/catalog.h"
#include "zagg/cover.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RAD (3.14159265358979323846 / 180.0)
enum { ORDER = 12, BEAMS = 6 };

static zagg_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    return zagg_arena_new(0, &arena, NULL) == ZAGG_OK ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    zagg_arena_free(arena);
    return 0;
}

typedef struct beam {
    double *lat, *lon;
    size_t n;
} beam;

/* A beam `across` degrees left of a track that crosses the equator at `node` going up at
 * 92 degrees, the Earth turning below it. */
static beam fly(double node, double from, double to, double across, size_t n)
{
    beam b = {zg_alloc(n, sizeof(double)), zg_alloc(n, sizeof(double)), n};
    for (size_t i = 0; i < n; i++) {
        const double u =
            (from + (to - from) * (double)i / (double)(n > 1 ? n - 1 : 1)) * RAD;
        const double inclination = 92.0 * RAD, side = across * RAD;
        const double x = cos(side) * cos(u), y = cos(side) * sin(u), z = sin(side);
        const double ry = y * cos(inclination) - z * sin(inclination);
        const double rz = y * sin(inclination) + z * cos(inclination);
        b.lat[i] = asin(rz) / RAD;
        b.lon[i] = remainder(atan2(ry, x) / RAD + node - u / RAD / 15.3, 360.0);
    }
    return b;
}

static void free_beam(beam *b)
{
    zg_free(b->lat);
    zg_free(b->lon);
}

static zagg_shape outline(const zg_track *tracks, size_t n, double margin)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_maker m;
    const zagg_value *polygon = NULL;
    zagg_shape shape = {NULL, 0};
    zg_make_begin(&m, arena, &err);
    if (zg_swath_polygon(&m, tracks, n, margin, &polygon, &err) != ZAGG_OK ||
        zagg_shape_from_geojson(arena, polygon, 0, &shape, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(shape.n_parts, 1);
    assert_int_equal(shape.parts[0].n_rings, 1);
    return shape;
}

/* Every point's cell is one that the polygon meets; returns how many cells it meets. */
static size_t check_inside(const zagg_shape *shape, const beam *beams, size_t n)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_words words;
    const zagg_cover_opts opts = {.flat = true};
    if (zagg_cover_polygon(shape->parts[0].rings, 1, ORDER, &opts, &words, &err) !=
        ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t b = 0; b < n; b++)
        for (size_t i = 0; i < beams[b].n; i++) {
            uint64_t cell;
            zagg_geo_nested(&beams[b].lat[i], &beams[b].lon[i], 1, ORDER,
                            ZAGG_LATITUDE_AUTHALIC, &cell);
            const uint64_t word = zagg_word_from_nested(cell, ORDER);
            size_t lo = 0, hi = words.n;
            while (lo < hi) {
                const size_t mid = lo + (hi - lo) / 2;
                if (words.words[mid] < word)
                    lo = mid + 1;
                else
                    hi = mid;
            }
            if (lo == words.n || words.words[lo] != word)
                fail_msg("beam %zu: %g %g is outside", b, beams[b].lat[i],
                         beams[b].lon[i]);
        }
    const size_t cells = words.n;
    zagg_words_free(&words);
    return cells;
}

static void everywhere(void **state)
{
    (void)state;
    uint64_t seed = 7;
    size_t most_vertices = 0;
    for (int k = 0; k < 60; k++) {
        const double node = random_between(&seed, -180, 180);
        const double from = random_between(&seed, -180, 180);
        const double length = random_between(&seed, 0.01, 27);
        beam beams[BEAMS];
        zg_track tracks[BEAMS];
        for (int b = 0; b < BEAMS; b++) {
            /* some beams begin late or end early */
            const double late = b % 3 == 1 ? length * 0.3 : 0.0;
            beams[b] = fly(node, from + late, from + length,
                           0.03 * (b / 2 - 1) + 0.0008 * (b % 2), 500);
            tracks[b] = (zg_track){beams[b].lat, beams[b].lon, beams[b].n};
        }
        const zagg_shape shape = outline(tracks, BEAMS, 0.005);
        const size_t cells = check_inside(&shape, beams, BEAMS);
        /* the swath is 7 km wide and `length` long, cells are 1.6 km: not much more */
        const double wide = 0.06 + 2 * 0.01, cell = 0.0143;
        const double fair = (wide / cell + 2) * (length / cell + 4);
        if ((double)cells > 1.6 * fair)
            fail_msg("%g long: %zu cells, fair are %g", length, cells, fair);
        if (shape.parts[0].rings[0].n > most_vertices)
            most_vertices = shape.parts[0].rings[0].n;
        for (int b = 0; b < BEAMS; b++)
            free_beam(&beams[b]);
    }
    printf("at most %zu vertices\n", most_vertices);
    assert_in_range(most_vertices, 8, 80);
}

static void few_points(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zg_maker m;
    const zagg_value *v = NULL;
    static double lat[] = {10, (double)NAN, 95, -200}, lon[] = {20, 20, 20, 20};
    beam one = {lat, lon, 1};
    const zg_track tracks[] = {{lat, lon, 4}, {NULL, NULL, 0}};
    /* one place: a small square around it */
    const zagg_shape shape = outline(tracks, 2, 0.005);
    assert_int_equal(shape.parts[0].rings[0].n, 4);
    (void)check_inside(&shape, &one, 1);
    /* at a pole */
    static double pole[] = {90, 90}, any[] = {0, 77};
    beam two = {pole, any, 2};
    const zg_track at_pole[] = {{pole, any, 2}};
    const zagg_shape around = outline(at_pole, 1, 0.005);
    (void)check_inside(&around, &two, 1);
    zg_make_begin(&m, arena, &err);
    const zg_track none[] = {{lat + 1, lon, 3}};
    assert_int_equal(zg_swath_polygon(&m, none, 1, 0.005, &v, &err), ZAGG_ENOTFOUND);
    assert_int_equal(zg_swath_lines(&m, none, 1, 0.005, &v, &err), ZAGG_ENOTFOUND);
    beam orbit = fly(0, 0, 350, 0, 5000);
    const zg_track round[] = {{orbit.lat, orbit.lon, orbit.n}};
    assert_int_equal(zg_swath_polygon(&m, round, 1, 0.005, &v, &err), ZAGG_EUNSUPPORTED);
    free_beam(&orbit);
}

/* Lines keep to their points with few vertices. */
static void lines(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zg_maker m;
    const zagg_value *v = NULL;
    zagg_shape shape;
    beam b = fly(170, 60, 85, 0.03, 20000);
    const zg_track tracks[] = {{b.lat, b.lon, b.n}, {b.lat, b.lon, 1}};
    zg_make_begin(&m, arena, &err);
    assert_int_equal(zg_swath_lines(&m, tracks, 2, 0.001, &v, &err), ZAGG_OK);
    assert_int_equal(zagg_shape_from_geojson(arena, v, 0, &shape, &err), ZAGG_OK);
    assert_int_equal(shape.n_parts, 1); /* a single point is no line */
    assert_int_equal(shape.parts[0].kind, ZAGG_SHAPE_LINE);
    assert_in_range(shape.parts[0].rings[0].n, 2, 60);
    assert_true(fabs(shape.parts[0].rings[0].lat_deg[0] - b.lat[0]) < 1e-6);
    free_beam(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everywhere),
                                       cmocka_unit_test(few_points),
                                       cmocka_unit_test(lines)};
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
