/* Cells of a set that polygons and lines meet: what covers say of them. */
#include "geo/cell_set.h"
#include "support/random.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

#define DEG 57.29577951308232

enum { MAX_VERTICES = 40 };

typedef struct star {
    double lat[MAX_VERTICES], lon[MAX_VERTICES];
    size_t n;
} star;

/** A star of up to 40 corners around a point of the sphere. */
static void make_star(uint64_t *seed, double radius, star *out)
{
    const double lat0 = asin(random_between(seed, -1.0, 1.0));
    const double lon0 = random_between(seed, -3.14159, 3.14159);
    out->n = (size_t)random_between(seed, 3.0, 40.99);
    for (size_t i = 0; i < out->n; i++) {
        const double azimuth =
            6.283185 * ((double)i + random_between(seed, 0.0, 0.9)) / (double)out->n;
        const double r = radius * random_between(seed, 0.3, 1.0);
        const double lat = asin(sin(lat0) * cos(r) + cos(lat0) * sin(r) * cos(azimuth));
        out->lat[i] = DEG * lat;
        out->lon[i] = DEG * (lon0 + atan2(sin(azimuth) * sin(r) * cos(lat0),
                                          cos(r) - sin(lat0) * sin(lat)));
    }
}

/** Cells of `order` around a star, of which a third are left out. */
static zagg_words some_cells(uint64_t *seed, const star *s, unsigned order)
{
    zagg_words cells = {NULL, 0}, wide = {NULL, 0};
    const zagg_ring ring = {s->lat, s->lon, s->n};
    const zagg_cover_opts flat = {.flat = true};
    const unsigned coarse = order > 2 ? order - 2 : 1;
    assert_int_equal(zagg_cover_polygon(&ring, 1, coarse, &flat, &wide, NULL), ZAGG_OK);
    assert_int_equal(zagg_moc_to_order(wide.words, wide.n, order, 0, &cells, NULL),
                     ZAGG_OK);
    zagg_words_free(&wide);
    size_t kept = 0;
    for (size_t i = 0; i < cells.n; i++)
        if (random_u64(seed) % 3 != 0)
            cells.words[kept++] = cells.words[i];
    cells.n = kept;
    return cells;
}

/** Positions of the set's cells that are in a list of ascending words. */
static size_t common(const zagg_words *set, const zagg_words *cover, uint32_t *out)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < set->n; i++) {
        while (k < cover->n && cover->words[k] < set->words[i])
            k++;
        if (k < cover->n && cover->words[k] == set->words[i])
            out[n++] = (uint32_t)i;
    }
    return n;
}

static void compare(const zagg_words *cells, const star *s, unsigned order,
                    zg_set_scratch *scratch)
{
    const zagg_ring ring = {s->lat, s->lon, s->n};
    const unsigned own = zagg_word_order(cells->words[0]);
    const zagg_cover_opts flat = {.flat = true};
    zagg_words cover = {NULL, 0}, at_own = {NULL, 0};
    zg_cell_set set;
    zg_vec hits;
    zg_vec_init(&hits, sizeof(uint32_t), 0);
    assert_int_equal(
        zg_cell_set_new(cells->words, cells->n, ZAGG_LATITUDE_AUTHALIC, &set, NULL),
        ZAGG_OK);
    assert_int_equal(zg_cell_set_polygon(&set, &ring, 1, order, scratch, &hits, NULL),
                     ZAGG_OK);
    assert_int_equal(zagg_cover_polygon(&ring, 1, order, &flat, &cover, NULL), ZAGG_OK);
    assert_int_equal(zagg_moc_to_order(cover.words, cover.n, own, 0, &at_own, NULL),
                     ZAGG_OK);
    uint32_t *expected = zg_alloc(cells->n, sizeof *expected);
    assert_non_null(expected);
    assert_int_equal(hits.len, common(cells, &at_own, expected));
    if (hits.len > 0)
        assert_memory_equal(hits.data, expected, hits.len * sizeof *expected);
    zg_free(expected);
    zagg_words_free(&cover);
    zagg_words_free(&at_own);
    zg_vec_free(&hits);
    zg_cell_set_free(&set);
}

/** For sets anywhere and polygons of all sizes near and far, at the set's order and two
 * finer. */
static void as_covers(void **state)
{
    uint64_t seed = 11;
    zg_set_scratch scratch;
    star near, other;
    (void)state;
    zg_set_scratch_init(&scratch);
    for (int i = 0; i < 150; i++) {
        const double radius = 1.2 * pow(10.0, random_between(&seed, -2.5, -0.3));
        const unsigned order = (unsigned)fmax(
            1.0, fmin(12.0, log2(random_between(&seed, 2.0, 20.0) / radius)));
        make_star(&seed, radius, &near);
        make_star(&seed, 1.0, &other);
        zagg_words cells = some_cells(&seed, &near, order);
        if (cells.n > 0) {
            compare(&cells, &near, order, &scratch);
            compare(&cells, &near, order + 2, &scratch);
            if (order <= 6)
                compare(&cells, &other, order, &scratch);
        }
        zagg_words_free(&cells);
    }
    zg_set_scratch_free(&scratch);
}

/** Every cell in which a line has a point is met, and none that its covers' neighbours do
 * not hold. */
static void lines(void **state)
{
    uint64_t seed = 5;
    zg_set_scratch scratch;
    (void)state;
    zg_set_scratch_init(&scratch);
    for (int i = 0; i < 40; i++) {
        star s;
        zagg_words along = {NULL, 0};
        zg_cell_set set;
        zg_vec hits;
        const zagg_cover_opts flat = {.flat = true};
        make_star(&seed, 0.05, &s);
        const zagg_ring line = {s.lat, s.lon, s.n};
        assert_int_equal(zagg_cover_line(&line, 8, &flat, &along, NULL), ZAGG_OK);
        zg_vec_init(&hits, sizeof(uint32_t), 0);
        assert_int_equal(
            zg_cell_set_new(along.words, along.n, ZAGG_LATITUDE_AUTHALIC, &set, NULL),
            ZAGG_OK);
        assert_int_equal(zg_cell_set_line(&set, &line, &scratch, &hits, NULL), ZAGG_OK);
        assert_int_equal(hits.len, along.n);
        hits.len = 0;
        const zagg_ring point = {s.lat, s.lon, 1};
        assert_int_equal(zg_cell_set_line(&set, &point, &scratch, &hits, NULL), ZAGG_OK);
        assert_int_equal(hits.len, 1);
        zg_vec_free(&hits);
        zg_cell_set_free(&set);
        zagg_words_free(&along);
    }
    zg_set_scratch_free(&scratch);
}

/** A line has no inside: what it goes around is not met. */
static void line_around(void **state)
{
    static const double LAT[] = {10.0, 10.0, 12.0, 12.0, 10.0};
    static const double LON[] = {20.0, 22.0, 22.0, 20.0, 20.0};
    static const double INSIDE[] = {11.0}, BESIDE[] = {21.0};
    const zagg_ring ring = {LAT, LON, 5};
    uint64_t nested;
    zg_cell_set set;
    zg_set_scratch scratch;
    zg_vec hits;
    (void)state;
    zagg_geo_nested(INSIDE, BESIDE, 1, 10, ZAGG_LATITUDE_AUTHALIC, &nested);
    const uint64_t word = zagg_word_from_nested(nested, 10);
    zg_vec_init(&hits, sizeof(uint32_t), 0);
    zg_set_scratch_init(&scratch);
    assert_int_equal(zg_cell_set_new(&word, 1, ZAGG_LATITUDE_AUTHALIC, &set, NULL),
                     ZAGG_OK);
    assert_int_equal(zg_cell_set_line(&set, &ring, &scratch, &hits, NULL), ZAGG_OK);
    assert_int_equal(hits.len, 0);
    assert_int_equal(zg_cell_set_polygon(&set, &ring, 1, 10, &scratch, &hits, NULL),
                     ZAGG_OK);
    assert_int_equal(hits.len, 1);
    zg_vec_free(&hits);
    zg_set_scratch_free(&scratch);
    zg_cell_set_free(&set);
}

/** Words of mixed orders, coarser and finer than the set: the cells that share ground. */
static void words(void **state)
{
    uint64_t seed = 8;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    for (int i = 0; i < 60; i++) {
        star s;
        zagg_words cover = {NULL, 0}, at_own = {NULL, 0};
        zg_cell_set set;
        zg_vec hits;
        make_star(&seed, 0.1, &s);
        const zagg_ring ring = {s.lat, s.lon, s.n};
        zagg_words cells = some_cells(&seed, &s, 7);
        assert_true(cells.n > 0);
        assert_int_equal(zagg_cover_polygon(&ring, 1, 10, NULL, &cover, NULL), ZAGG_OK);
        assert_int_equal(zagg_moc_to_order(cover.words, cover.n, 7, 0, &at_own, NULL),
                         ZAGG_OK);
        uint32_t *expected = zg_alloc(cells.n, sizeof *expected);
        assert_non_null(expected);
        const size_t n = common(&cells, &at_own, expected);
        zg_vec_init(&hits, sizeof(uint32_t), 0);
        assert_int_equal(
            zg_cell_set_new(cells.words, cells.n, ZAGG_LATITUDE_AUTHALIC, &set, NULL),
            ZAGG_OK);
        assert_int_equal(zg_cell_set_words(&set, cover.words, cover.n, &hits, NULL),
                         ZAGG_OK);
        size_t distinct = 0; /* in order, but words of several cells may give one again */
        for (size_t k = 0; k < hits.len; k++) {
            const uint32_t at = *ZG_VEC_AT(&hits, uint32_t, k);
            if (distinct > 0 && expected[distinct - 1] == at)
                continue;
            assert_true(distinct < n);
            assert_int_equal(at, expected[distinct++]);
        }
        assert_int_equal(distinct, n);
        const uint64_t bad[] = {cells.words[0], 0};
        assert_int_equal(zg_cell_set_words(&set, bad, 2, &hits, &err), ZAGG_EFORMAT);
        zg_vec_free(&hits);
        zg_free(expected);
        zg_cell_set_free(&set);
        zagg_words_free(&cover);
        zagg_words_free(&at_own);
        zagg_words_free(&cells);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_covers),
                                       cmocka_unit_test(lines), cmocka_unit_test(words),
                                       cmocka_unit_test(line_around)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
