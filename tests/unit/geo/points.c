/* Points to cells: latitudes, the committed golden points, points without a cell, and
 * that neither vectors nor the split of the points change a bit. */
#include "geo/points.h"

#include "base/base.h"
#include "geo/latitude.h"
#include "geo/sphere.h"
#include "support/random.h"
#include "support/support.h"
#include "zagg/geo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define N_RANDOM 20001 /* odd: a remainder after every width of vectors */

/** Authalic latitude in closed form (Snyder 1987, equations 3-11 and 3-12). */
static long double authalic_closed_form_rad(long double phi)
{
    const long double f = 1.0L / 298.257223563L, e2 = f * (2.0L - f), e = sqrtl(e2);
    long double s = sinl(phi);
    long double q = (1.0L - e2) * (s / (1.0L - e2 * s * s) -
                                   logl((1.0L - e * s) / (1.0L + e * s)) / (2.0L * e));
    long double qp =
        (1.0L - e2) * (1.0L / (1.0L - e2) - logl((1.0L - e) / (1.0L + e)) / (2.0L * e));
    return asinl(q / qp);
}

static void latitudes(void **state)
{
    (void)state;
    const long double rad = 3.14159265358979323846L / 180.0L;
    for (int k = -8900; k <= 8900; k++) {
        double lat = 0.01 * k, ours = zagg_geo_authalic_from_geodetic_deg(lat);
        long double want = authalic_closed_form_rad((long double)lat * rad);
        if (fabsl((long double)ours * rad - want) > 1e-13L)
            fail_msg("authalic latitude of %g: %.17g", lat, ours);
        double back = zagg_geo_geodetic_from_authalic_deg(ours);
        if (fabs(back - lat) > 1e-11)
            fail_msg("geodetic latitude of %.17g: %.17g, expected %g", ours, back, lat);
    }
    assert_true(zagg_geo_authalic_from_geodetic_deg(90.0) == 90.0);
    assert_true(zagg_geo_authalic_from_geodetic_deg(-90.0) == -90.0);
    assert_true(zagg_geo_geodetic_from_authalic_deg(-90.0) == -90.0);
    assert_true(signbit(zagg_geo_authalic_from_geodetic_deg(-0.0)));
}

static void latitudes_beyond_the_pole(void **state)
{
    (void)state;
    /* the series is periodic and is not clamped there */
    double at45 = zagg_geo_authalic_from_geodetic_deg(45.0) - 45.0;
    assert_true(fabs(zagg_geo_authalic_from_geodetic_deg(135.0) - (135.0 - at45)) <
                1e-12);
    assert_true(fabs(zagg_geo_authalic_from_geodetic_deg(-225.0) + 225.0 + at45) < 1e-12);
    assert_true(isnan(zagg_geo_authalic_from_geodetic_deg((double)NAN)));
    assert_true(isinf(zagg_geo_geodetic_from_authalic_deg((double)-INFINITY)));
}

static uint64_t nested_of(double lat_deg, double lon_deg, unsigned order)
{
    uint64_t out = 1;
    zagg_geo_nested(&lat_deg, &lon_deg, 1, order, ZAGG_LATITUDE_GEODETIC, &out);
    return out;
}

static void base_cells(void **state)
{
    (void)state;
    for (unsigned q = 0; q < 4; q++) {
        double middle = 45.0 + 90.0 * q;
        assert_int_equal(nested_of(80.0, middle, 0), q);
        assert_int_equal(nested_of(0.0, 90.0 * q, 0), 4 + q);
        assert_int_equal(nested_of(-80.0, middle, 0), 8 + q);
        assert_int_equal(nested_of(80.0, middle - 360.0, 0), q);
        assert_int_equal(nested_of(90.0, middle, 0), q);
        assert_int_equal(nested_of(-90.0, middle, 0), 8 + q);
    }
    assert_int_equal(nested_of(90.0, 0.0, 0), 0);
    assert_int_equal(nested_of(-90.0, 0.0, 0), 8);
    /* whole turns change nothing */
    assert_int_equal(nested_of(12.0, 34.0, 13), nested_of(12.0, 34.0 + 3600.0, 13));
    assert_int_equal(nested_of(12.0, 34.0, 13), nested_of(12.0, 34.0 - 3600.0, 13));
}

static void points_without_a_cell(void **state)
{
    (void)state;
    const double inf = (double)INFINITY, nan = (double)NAN;
    const double bad[][2] = {{nan, 0.0},       {0.0, nan},     {inf, 0.0},
                             {0.0, -inf},      {nan, nan},     {90.0000001, 1},
                             {-9999., -9999.}, {0.0, 11476.0}, {1e300, 0.0},
                             {0.0, -1e300},    {-inf, 0.0},    {0.0, 11475.01}};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
        for (unsigned conv = 0; conv < 2; conv++)
            for (unsigned order = 0; order <= 29; order++) {
                /* between good points, so that vectors see both */
                double lat[9] = {1, 2, 3, 4, bad[k][0], 6, 7, 8, 9};
                double lon[9] = {1, 2, 3, 4, bad[k][1], 6, 7, 8, 9};
                uint64_t out[9];
                zagg_geo_nested(lat, lon, 9, order, (zagg_latitude)conv, out);
                for (size_t m = 0; m < 9; m++)
                    assert_int_equal(out[m] == ZAGG_GEO_NO_CELL, m == 4);
            }
    assert_true(nested_of(90.0, 11475.0, 29) != ZAGG_GEO_NO_CELL);
    assert_true(nested_of(-90.0, -11475.0, 29) != ZAGG_GEO_NO_CELL);
}

static void random_points(double *lat, double *lon, size_t n)
{
    uint64_t seed = 4;
    for (size_t k = 0; k < n; k++) {
        lat[k] = random_between(&seed, -90.0, 90.0);
        lon[k] = random_between(&seed, -360.0, 360.0);
        if (k % 16 == 0) /* edges of quadrants */
            lon[k] = 45.0 * (double)(int)(lon[k] / 45.0);
        if (k % 64 == 1) /* edges of the caps on the sphere */
            lat[k] = 41.810314895778596;
        if (k % 128 == 2)
            lat[k] = k % 256 == 2 ? 90.0 : -90.0;
    }
}

static void vectors_and_splits(void **state)
{
    (void)state;
    double *lat = calloc(N_RANDOM, sizeof *lat), *lon = calloc(N_RANDOM, sizeof *lon);
    uint64_t *whole = calloc(N_RANDOM, sizeof *whole);
    assert_true(lat != NULL && lon != NULL && whole != NULL);
    random_points(lat, lon, N_RANDOM);
    for (unsigned conv = 0; conv < 2; conv++) {
        zagg_geo_nested(lat, lon, N_RANDOM, 29, (zagg_latitude)conv, whole);
        for (size_t k = 0; k < N_RANDOM; k++) {
            uint64_t alone;
            double sphere = conv == 0 ? zg_authalic_deg(lat[k]) : lat[k];
            uint64_t scalar = zg_sphere_nested(sphere * ZG_RAD_PER_DEG,
                                               lon[k] * ZG_RAD_PER_DEG, 29, 0x1p29);
            zagg_geo_nested(lat + k, lon + k, 1, 29, (zagg_latitude)conv, &alone);
            if (whole[k] != scalar || whole[k] != alone)
                fail_msg("lat %.17g lon %.17g: %" PRIu64 ", alone %" PRIu64
                         ", without vectors %" PRIu64,
                         lat[k], lon[k], whole[k], alone, scalar);
        }
    }
    free(lat);
    free(lon);
    free(whole);
}

/* What the quick path has to leave to the exact one, and what it need not: points near
 * corners and edges of cells of any order, quadrants, the transition to the caps, poles,
 * longitudes of several turns, and points anywhere. */
static void hard_points(uint64_t *seed, double *lat, double *lon, size_t n,
                        zagg_latitude latitude)
{
    const double transition_deg =
        latitude == ZAGG_LATITUDE_AUTHALIC
            ? zagg_geo_geodetic_from_authalic_deg(41.81031489577862)
            : 41.81031489577862;
    for (size_t k = 0; k < n; k++) {
        const uint64_t r = random_u64(seed);
        lat[k] = asin(random_between(seed, -1.0, 1.0)) * ZG_DEG_PER_RAD;
        lon[k] = random_between(seed, -180.0, 180.0);
        const double hair = ldexp(random_between(seed, -1.0, 1.0), -(int)(r >> 16 & 63u));
        if (r % 16 < 4) {
            const unsigned order = (unsigned)(r >> 8) % 30u;
            double corner_lat[4], corner_lon[4];
            uint64_t cell;
            zagg_geo_nested(&lat[k], &lon[k], 1, order, latitude, &cell);
            zagg_geo_corners(cell, order, latitude, corner_lat, corner_lon);
            lat[k] = corner_lat[r >> 32 & 3u] + hair;
            lon[k] = corner_lon[r >> 34 & 3u] + (r & 4096u ? hair : 0.0);
        } else if (r % 16 == 4) {
            lon[k] = 45.0 * (double)((int)(r >> 32 & 31u) - 16) + hair;
        } else if (r % 16 == 5) {
            lat[k] = copysign(transition_deg + hair, lat[k]);
            if (r & 4096u) /* where base cells meet */
                lon[k] = 90.0 * (double)((int)(r >> 32 & 7u) - 4) +
                         ldexp(hair, (int)(r >> 40 & 15u) - 8);
        } else if (r % 16 == 6) {
            lat[k] = copysign(90.0 - fabs(hair), lat[k]);
        } else if (r % 16 == 7) {
            lon[k] = random_between(seed, -11500.0, 11500.0);
        } else if (r % 16 == 8) {
            lat[k] = hair;
        } else if (r % 256 == 9) {
            lat[k] = r & 256u ? (double)NAN : -9999.0;
        }
    }
}

static void compare_paths(uint64_t *seed, size_t points, bool hard)
{
    enum { AT_ONCE = 5000 };
    static double lat[AT_ONCE], lon[AT_ONCE];
    static uint64_t quick[AT_ONCE], exact[AT_ONCE];
    for (size_t done = 0; done < points; done += AT_ONCE) {
        const zagg_latitude latitude =
            random_u64(seed) & 1u ? ZAGG_LATITUDE_GEODETIC : ZAGG_LATITUDE_AUTHALIC;
        const uint64_t r = random_u64(seed);
        const unsigned order = r & 1u ? 29u : r & 2u ? 19u : (unsigned)(r >> 8) % 30u;
        if (hard)
            hard_points(seed, lat, lon, AT_ONCE, latitude);
        for (size_t k = 0; k < AT_ONCE && !hard; k++) {
            lat[k] = random_between(seed, -90.0, 90.0);
            lon[k] = random_between(seed, -360.0, 360.0);
        }
        zagg_geo_nested(lat, lon, AT_ONCE, order, latitude, quick);
        zg_nested_exact(lat, lon, AT_ONCE, order, latitude, exact);
        for (size_t k = 0; k < AT_ONCE; k++)
            if (quick[k] != exact[k])
                fail_msg("%s lat %.17g lon %.17g order %u: %" PRIu64
                         ", by the exact path %" PRIu64,
                         zagg_latitude_name(latitude), lat[k], lon[k], order, quick[k],
                         exact[k]);
    }
}

/** ZAGG_POINTS points in all (1 million): `make points` sets it. */
static void quick_path(void **state)
{
    (void)state;
    const char *asked = getenv("ZAGG_POINTS");
    const size_t points = asked != NULL ? strtoull(asked, NULL, 10) : 1000000;
    uint64_t seed = 7;
    assert_true(points > 0);
    compare_paths(&seed, points / 2, true);
    compare_paths(&seed, points / 2, false);
}

/* The exact path is what sphere.h says, one point at a time. */
static void exact_path(void **state)
{
    (void)state;
    enum { N = 20000 };
    static double lat[N], lon[N];
    static uint64_t exact[N];
    uint64_t seed = 8;
    for (unsigned conv = 0; conv < 2; conv++) {
        hard_points(&seed, lat, lon, N, (zagg_latitude)conv);
        zg_nested_exact(lat, lon, N, 19, (zagg_latitude)conv, exact);
        for (size_t k = 0; k < N; k++) {
            const double sphere = conv == 0 ? zg_authalic_deg(lat[k]) : lat[k];
            if (!(fabs(lat[k]) <= 90.0) || fabs(lon[k]) > 11475.0)
                assert_true(exact[k] == ZAGG_GEO_NO_CELL);
            else
                assert_true(exact[k] == zg_sphere_nested(sphere * ZG_RAD_PER_DEG,
                                                         lon[k] * ZG_RAD_PER_DEG, 19,
                                                         0x1p19));
        }
    }
}

/** A fingerprint that no CPU, compiler or libm may change. */
static void same_bits_everywhere(void **state)
{
    (void)state;
    static const char *const expected[2] = {
        "9cf8852dd90009fef1ef1644b3bd5d4949b34c01dbb843abade3f40db55e080d",
        "f644da7922604a872519595a18c46c764722d243e728114d1b4369f6afe760e2"};
    double *lat = calloc(N_RANDOM, sizeof *lat), *lon = calloc(N_RANDOM, sizeof *lon);
    uint64_t *ids = calloc(N_RANDOM, sizeof *ids);
    assert_true(lat != NULL && lon != NULL && ids != NULL);
    random_points(lat, lon, N_RANDOM);
    for (unsigned conv = 0; conv < 2; conv++) {
        char hex[65];
        zagg_geo_nested(lat, lon, N_RANDOM, 29, (zagg_latitude)conv, ids);
        zg_sha256_hex(ids, N_RANDOM * sizeof *ids, hex);
        assert_string_equal(hex, expected[conv]);
    }
    free(lat);
    free(lon);
    free(ids);
}

static uint64_t word_of(const zagg_value *v)
{
    uint64_t word = 0;
    if (!zagg_value_u64(v, &word))
        fail_msg("grids_points.json: a word expected");
    return word;
}

/** 203 golden points, both conventions, orders 11, 19 and 29. */
static void committed_golden_points(void **state)
{
    (void)state;
    case_report r = {.set = "grids_points.json"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, source_path("tests/golden/data/grids_points.json"));
    const zagg_value *orders = zagg_value_get(root, "orders");
    const zagg_value *points = zagg_value_get(root, "points");
    for (size_t k = 0; k < points->n; k++) {
        const zagg_value *const *row = points->items[k]->items;
        double lat = 0.0, lon = 0.0;
        assert_true(zagg_value_number(row[0], &lat) && zagg_value_number(row[1], &lon));
        for (size_t m = 0; m < 2 * orders->n; m++) {
            uint64_t nested, want = word_of(row[2 + m / orders->n]->items[m % orders->n]);
            unsigned order = (unsigned)orders->items[m % orders->n]->u.i;
            zagg_latitude latitude =
                m < orders->n ? ZAGG_LATITUDE_AUTHALIC : ZAGG_LATITUDE_GEODETIC;
            zagg_geo_nested(&lat, &lon, 1, order, latitude, &nested);
            if (zagg_word_from_nested(nested, order) == want)
                case_pass(&r);
            else
                case_fail(&r, zagg_latitude_name(latitude),
                          "point %zu (%.17g, %.17g) order %u: 0x%016" PRIx64
                          ", expected 0x%016" PRIx64,
                          k, lat, lon, order, zagg_word_from_nested(nested, order), want);
        }
    }
    zagg_arena_free(arena);
    report_end(&r, 1200);
}

static void latitude_names(void **state)
{
    (void)state;
    zagg_latitude l = ZAGG_LATITUDE_GEODETIC;
    assert_true(zagg_latitude_parse("authalic", &l) && l == ZAGG_LATITUDE_AUTHALIC);
    assert_true(zagg_latitude_parse("geodetic", &l) && l == ZAGG_LATITUDE_GEODETIC);
    assert_true(zagg_latitude_parse("authalic-wgs84", &l) && l == ZAGG_LATITUDE_AUTHALIC);
    assert_true(zagg_latitude_parse("geodetic-spherical", &l) &&
                l == ZAGG_LATITUDE_GEODETIC);
    assert_false(zagg_latitude_parse("Authalic", &l));
    assert_false(zagg_latitude_parse("", &l));
    assert_int_equal(l, ZAGG_LATITUDE_GEODETIC);
    assert_string_equal(zagg_latitude_name(ZAGG_LATITUDE_AUTHALIC), "authalic");
    assert_string_equal(zagg_latitude_name(ZAGG_LATITUDE_GEODETIC), "geodetic");
}

/* The tests of points for each kind of vectors that this CPU has. */
int main(void)
{
    static const zg_isa all[] = {ZG_ISA_SCALAR, ZG_ISA_NEON, ZG_ISA_AVX2, ZG_ISA_AVX512};
    const struct CMUnitTest once[] = {
        cmocka_unit_test(latitudes),
        cmocka_unit_test(latitudes_beyond_the_pole),
        cmocka_unit_test(latitude_names),
    };
    const struct CMUnitTest points[] = {
        cmocka_unit_test(base_cells),
        cmocka_unit_test(points_without_a_cell),
        cmocka_unit_test(vectors_and_splits),
        cmocka_unit_test(quick_path),
        cmocka_unit_test(exact_path),
        cmocka_unit_test(same_bits_everywhere),
        cmocka_unit_test(committed_golden_points),
    };
    int failed = cmocka_run_group_tests(once, NULL, NULL);
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        if (zg_isa_force(all[k]))
            failed +=
                cmocka_run_group_tests_name(zg_isa_name(all[k]), points, NULL, NULL);
    return failed;
}
