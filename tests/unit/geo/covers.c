/* Covers: what holds for every polygon, hostile input, limits, and sides of great circles
 * at points where doubles alone cannot tell. */
#include "geo/vector.h"
#include "support/random.h"
#include "support/support.h"
#include "zagg/cover.h"

#include <math.h>
#include <string.h>

#define PI 3.141592653589793

enum { MOST = 40 };

typedef struct drawn {
    double lat[MOST], lon[MOST];
    zagg_ring ring;
} drawn;

/** A star around a point: convex only in the plane of degrees, never self-crossing. */
static void draw_star(uint64_t *seed, double lat, double lon, double radius, drawn *out)
{
    size_t n = 3 + (size_t)(random_u64(seed) % (MOST - 3));
    for (size_t i = 0; i < n; i++) {
        double angle =
            2.0 * PI * ((double)i + random_between(seed, 0.1, 0.9)) / (double)n;
        double r = radius * random_between(seed, 0.4, 1.0);
        out->lat[i] = lat + r * sin(angle);
        out->lon[i] = lon + r * cos(angle);
    }
    out->ring = (zagg_ring){out->lat, out->lon, n};
}

static zagg_words cover(const zagg_ring *rings, size_t n, unsigned order, bool directed,
                        bool flat)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_words out;
    const zagg_cover_opts opts = {
        .latitude = ZAGG_LATITUDE_GEODETIC, .directed = directed, .flat = flat};
    if (zagg_cover_polygon(rings, n, order, &opts, &out, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return out;
}

static void assert_same(zagg_words *a, zagg_words *b)
{
    assert_int_equal(a->n, b->n);
    assert_true(a->n == 0 || memcmp(a->words, b->words, 8 * a->n) == 0);
    zagg_words_free(a);
    zagg_words_free(b);
}

static bool holds(const zagg_words *flat, uint64_t word)
{
    size_t lo = 0, hi = flat->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (flat->words[mid] < word)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < flat->n && flat->words[lo] == word;
}

/* Points on the edges and between them belong to cells of the cover. */
static void points_are_covered(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 60; round++) {
        double lat[3], lon[3], at[2];
        unsigned order = 4 + (unsigned)(random_u64(&seed) % 8);
        double size = 200.0 / (double)(1u << order);
        at[0] = random_between(&seed, -85.0, 85.0);
        at[1] = random_between(&seed, -400.0, 400.0);
        for (int k = 0; k < 3; k++) {
            lat[k] = fmax(-90.0, fmin(90.0, at[0] + random_between(&seed, -size, size)));
            lon[k] = at[1] + random_between(&seed, -size, size);
        }
        const zagg_ring ring = {lat, lon, 3};
        zagg_words flat = cover(&ring, 1, order, false, true);
        zg_vector v[3];
        for (int k = 0; k < 3; k++)
            v[k] = zg_vector_of(lat[k] * PI / 180.0, lon[k] * PI / 180.0);
        for (int s = 0; s < 2000; s++) {
            double a = random_between(&seed, 0.0, 1.0),
                   b = random_between(&seed, 0.0, 1.0);
            double c = s % 2 == 0 ? 0.0 : random_between(&seed, 0.0, 1.0);
            zg_vector p = zg_unit(zg_plus(zg_plus(zg_scaled(v[0], a), zg_scaled(v[1], b)),
                                          zg_scaled(v[2], c)));
            double p_lat = asin(p.z) * 180.0 / PI;
            double p_lon = atan2(p.y, p.x) * 180.0 / PI;
            uint64_t nested;
            zagg_geo_nested(&p_lat, &p_lon, 1, order, ZAGG_LATITUDE_GEODETIC, &nested);
            assert_true(holds(&flat, zagg_word_from_nested(nested, order)));
        }
        zagg_words_free(&flat);
    }
}

/* Direction, start, closing vertex, repeated vertices and turns make no difference. */
static void same_ring_same_cover(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int round = 0; round < 40; round++) {
        drawn d, other = {.ring = {NULL, NULL, 0}};
        double lat[2 * MOST], lon[2 * MOST];
        draw_star(&seed, random_between(&seed, -60.0, 60.0),
                  random_between(&seed, -180.0, 180.0), 8.0, &d);
        const size_t n = d.ring.n;
        for (size_t i = 0; i < n; i++) {
            size_t from = (n - 1 - i + 3) % n;
            other.lat[i] = d.lat[from];
            other.lon[i] = d.lon[from] + 360.0;
        }
        other.ring = (zagg_ring){other.lat, other.lon, n};
        zagg_words a = cover(&d.ring, 1, 7, false, true);
        zagg_words b = cover(&other.ring, 1, 7, false, true);
        assert_true(a.n > 0);
        /* turns round the last bits of coordinates */
        assert_in_range(b.n, a.n - 2, a.n + 2);
        zagg_words_free(&b);
        for (size_t i = 0; i < 2 * n; i++) {
            lat[i] = d.lat[i / 2];
            lon[i] = d.lon[i / 2];
        }
        const zagg_ring twice = {lat, lon, 2 * n};
        b = cover(&twice, 1, 7, false, true);
        assert_same(&a, &b);
        /* the canonical form is the same set */
        a = cover(&d.ring, 1, 7, false, true);
        zagg_words moc = cover(&d.ring, 1, 7, false, false);
        assert_true(moc.n <= a.n);
        assert_int_equal(zagg_moc_to_order(moc.words, moc.n, 7, 0, &b, NULL), ZAGG_OK);
        zagg_words_free(&moc);
        assert_same(&a, &b);
    }
}

/* A ring and the same ring the other way make the sphere; cells in both are on it. */
static void both_sides(void **state)
{
    (void)state;
    uint64_t seed = 8, all[12];
    for (unsigned k = 0; k < 12; k++)
        all[k] = zagg_word_from_nested(k, 0);
    for (int round = 0; round < 30; round++) {
        drawn d, back;
        zagg_words sum, both;
        draw_star(&seed, random_between(&seed, -50.0, 50.0),
                  random_between(&seed, -180.0, 180.0), random_between(&seed, 2.0, 35.0),
                  &d);
        for (size_t i = 0; i < d.ring.n; i++) {
            back.lat[i] = d.lat[d.ring.n - 1 - i];
            back.lon[i] = d.lon[d.ring.n - 1 - i];
        }
        back.ring = (zagg_ring){back.lat, back.lon, d.ring.n};
        zagg_words inner = cover(&d.ring, 1, 5, true, false);
        zagg_words outer = cover(&back.ring, 1, 5, true, false);
        zagg_words small = cover(&back.ring, 1, 5, false, false);
        assert_int_equal(
            zagg_moc_or(inner.words, inner.n, outer.words, outer.n, &sum, NULL), ZAGG_OK);
        assert_int_equal(sum.n, 12);
        assert_memory_equal(sum.words, all, sizeof all);
        assert_int_equal(
            zagg_moc_and(inner.words, inner.n, outer.words, outer.n, &both, NULL),
            ZAGG_OK);
        assert_in_range(both.n, d.ring.n / 3, 2000);
        zagg_words_free(&sum);
        zagg_words_free(&both);
        zagg_words_free(&outer);
        assert_same(&inner, &small);
    }
}

/* A hole takes away what it holds as a whole and nothing else. */
static void holes(void **state)
{
    (void)state;
    static const double lat[] = {40, 40, 50, 50}, lon[] = {-125, -115, -115, -125};
    static const double hole_lat[] = {43, 43, 47, 47},
                        hole_lon[] = {-122, -118, -118, -122};
    const zagg_ring rings[] = {{lat, lon, 4}, {hole_lat, hole_lon, 4}};
    zagg_words whole = cover(rings, 1, 9, false, false);
    zagg_words hole = cover(rings + 1, 1, 9, false, false);
    zagg_words ring = cover(rings, 2, 9, false, false), sum;
    assert_int_equal(zagg_moc_or(hole.words, hole.n, ring.words, ring.n, &sum, NULL),
                     ZAGG_OK);
    zagg_words_free(&hole);
    zagg_words_free(&ring);
    assert_same(&sum, &whole);
    /* a part given twice cancels itself: only its outline is left */
    const zagg_ring twice[] = {rings[0], rings[0]};
    whole = cover(rings, 1, 6, false, true);
    ring = cover(twice, 2, 6, false, true);
    assert_true(ring.n > 0 && ring.n < whole.n / 2);
    zagg_words_free(&whole);
    zagg_words_free(&ring);
}

static void refuse(const double *lat, const double *lon, size_t n, unsigned order,
                   zagg_status want, const char *part)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_ring ring = {lat, lon, n};
    zagg_words out = {.words = NULL, .n = 77};
    assert_int_equal(zagg_cover_polygon(&ring, 1, order, NULL, &out, &err), want);
    assert_non_null(strstr(err.msg, part));
    assert_int_equal(out.n, 77);
    if (n == 0 || n > 2) {
        assert_int_equal(zagg_cover_line(&ring, order, NULL, &out, &err), want);
        assert_int_equal(out.n, 77);
    }
}

static void bad_input(void **state)
{
    (void)state;
    double lat[] = {0, 10, 5}, lon[] = {0, 0, 10};
    refuse(lat, lon, 2, 5, ZAGG_EARG, "Need at least 3 vertices for a polygon");
    refuse(lat, lon, 0, 5, ZAGG_EARG, "at least");
    refuse(lat, lon, 3, 0, ZAGG_EARG, "Order must be between 1 and 29");
    refuse(lat, lon, 3, 30, ZAGG_EARG, "Order must be between 1 and 29");
    lat[1] = NAN;
    refuse(lat, lon, 3, 5, ZAGG_EARG, "lats and lons must not contain NaN or infinity");
    lat[1] = -INFINITY;
    refuse(lat, lon, 3, 5, ZAGG_EARG, "lats and lons must not contain NaN or infinity");
    lat[1] = 90.0000001;
    refuse(lat, lon, 3, 5, ZAGG_EARG, "vertex 1 (latitude 90.0000001");
    lat[1] = 10;
    lon[2] = NAN;
    refuse(lat, lon, 3, 5, ZAGG_EARG, "NaN");
    lon[2] = 1e9;
    refuse(lat, lon, 3, 5, ZAGG_EARG, "no point of the Earth");
}

static void limits(void **state)
{
    (void)state;
    static const double lat[] = {0, 10, 5}, lon[] = {0, 0, 10};
    const zagg_ring ring = {lat, lon, 3};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_words out = {.words = NULL, .n = 77};
    zagg_cover_opts opts = {.max_cells = 1000};
    assert_int_equal(zagg_cover_polygon(&ring, 1, 14, &opts, &out, &err), ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "more than 1000 cells at order 14"));
    assert_int_equal(zagg_cover_line(&ring, 14, &opts, &out, &err), ZAGG_ERANGE);
    assert_int_equal(out.n, 77);
    opts.flat = true; /* few words, many cells */
    opts.max_cells = 5000;
    assert_int_equal(zagg_cover_polygon(&ring, 1, 10, &opts, &out, &err), ZAGG_ERANGE);
    /* the default limit stops what would fill the memory; here after 2^10 */
    opts = (zagg_cover_opts){.max_cells = 1024};
    assert_int_equal(zagg_cover_polygon(&ring, 1, 29, &opts, &out, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_cover_line(&ring, 29, &opts, &out, &err), ZAGG_ERANGE);
}

static void memory_may_lack(void **state)
{
    (void)state;
    static const double lat[] = {0, 10, 5}, lon[] = {0, 0, 10};
    const zagg_ring ring = {lat, lon, 3};
    for (int way = 0; way < 2; way++) {
        zagg_status status = ZAGG_ENOMEM;
        int64_t nth = 0;
        while (status == ZAGG_ENOMEM) {
            zagg_words out = {.words = NULL, .n = 77};
            zg_alloc_fail_nth(++nth);
            status = way == 0 ? zagg_cover_polygon(&ring, 1, 8, NULL, &out, NULL)
                              : zagg_cover_line(&ring, 8, NULL, &out, NULL);
            zg_alloc_fail_nth(0);
            if (status == ZAGG_OK)
                zagg_words_free(&out);
            else
                assert_int_equal(out.n, 77);
        }
        assert_int_equal(status, ZAGG_OK);
        assert_in_range(nth, 3, 60);
    }
}

static void nothing_and_points(void **state)
{
    (void)state;
    static const double same_lat[] = {5, 5, 5, 5}, same_lon[] = {7, 7, 7, 7};
    static const double thin_lat[] = {10, 12, 14}, thin_lon[] = {20, 20, 20};
    zagg_words out = {.words = NULL, .n = 77};
    assert_int_equal(zagg_cover_polygon(NULL, 0, 5, NULL, &out, NULL), ZAGG_OK);
    assert_int_equal(out.n, 0);
    const zagg_ring same = {same_lat, same_lon, 4}, thin = {thin_lat, thin_lon, 3};
    out = cover(&same, 1, 5, false, true);
    assert_int_equal(out.n, 0);
    out = cover(&thin, 1, 5, false, true);
    assert_in_range(out.n, 3, 20);
    zagg_words_free(&out);
    const zagg_ring one = {same_lat, same_lon, 1};
    assert_int_equal(zagg_cover_line(&one, 5, NULL, &out, NULL), ZAGG_OK);
    assert_int_equal(out.n, 1);
    zagg_words_free(&out);
}

/* Rings that make no sense: random vertices, whole degrees, poles, edges of half a turn.
 */
static void wild_rings(void **state)
{
    (void)state;
    uint64_t seed = 13;
    for (int turn = 0; turn < 600; turn++) {
        double lat[3][9], lon[3][9];
        zagg_ring rings[3];
        zagg_words out;
        size_t n_rings = 1 + (size_t)(random_u64(&seed) % 3);
        double grid = turn % 3 == 0 ? 90.0 : turn % 3 == 1 ? 45.0 : 1e-3;
        for (size_t k = 0; k < n_rings; k++) {
            size_t n = 3 + (size_t)(random_u64(&seed) % 7);
            for (size_t i = 0; i < n; i++) {
                lat[k][i] = grid * round(random_between(&seed, -90.0, 90.0) / grid);
                lon[k][i] = grid * round(random_between(&seed, -720.0, 720.0) / grid);
            }
            rings[k] = (zagg_ring){lat[k], lon[k], n};
        }
        const zagg_cover_opts opts = {.directed = turn % 2 == 0, .max_cells = 200000};
        const unsigned order = 1 + (unsigned)(random_u64(&seed) % 5);
        assert_int_equal(zagg_cover_polygon(rings, n_rings, order, &opts, &out, NULL),
                         ZAGG_OK);
        for (size_t i = 1; i < out.n; i++)
            assert_true(out.words[i - 1] < out.words[i]);
        zagg_words_free(&out);
    }
}

/* ---- sides ---- */

static void sides(void **state)
{
    (void)state;
    uint64_t seed = 21;
    size_t zeros = 0, close = 0;
    for (int round = 0; round < 20000; round++) {
        zg_vector v[3];
        for (int k = 0; k < 3; k++)
            v[k] = zg_vector_of(random_between(&seed, -1.5, 1.5),
                                random_between(&seed, -3.0, 3.0));
        if (round % 2 == 0) { /* on the great circle of the others, but for rounding */
            double f = random_between(&seed, 0.0, 1.0);
            v[2] = zg_plus(zg_scaled(v[0], f), zg_scaled(v[1], 1.0 - f));
            close++;
        }
        if (round % 4 == 0) /* and exactly on it */
            v[2] = zg_scaled(v[round % 8 == 0], -0.25);
        int side = zg_side(v[0], v[1], v[2]);
        zeros += side == 0;
        assert_int_equal(zg_side(v[1], v[2], v[0]), side);
        assert_int_equal(zg_side(v[2], v[0], v[1]), side);
        assert_int_equal(zg_side(v[1], v[0], v[2]), -side);
        assert_int_equal(zg_side(v[0], v[2], v[1]), -side);
    }
    assert_in_range(zeros, close / 2, close);
    const zg_vector x = {1, 0, 0}, y = {0, 1, 0}, north = {0.6, 0.6, 1e-18};
    assert_int_equal(zg_side(x, y, north), 1);
    assert_true(zg_touches(x, y, zg_unit((zg_vector){1, 1, 0})));
    assert_false(zg_touches(x, y, zg_unit((zg_vector){1, -1, 0})));
    assert_false(zg_touches(x, y, zg_unit((zg_vector){1, 1, 1e-6})));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_covered), cmocka_unit_test(same_ring_same_cover),
        cmocka_unit_test(both_sides),         cmocka_unit_test(holes),
        cmocka_unit_test(bad_input),          cmocka_unit_test(limits),
        cmocka_unit_test(memory_may_lack),    cmocka_unit_test(nothing_and_points),
        cmocka_unit_test(wild_rings),         cmocka_unit_test(sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
