/* Reading digests: values worked out by hand, empty and malformed digests, windows that
 * do not make sense, raw values. */
#include "support/support.h"
#include "zagg/digest.h"

#include <math.h>
#include <string.h>

static const float three[6] = {10, 2, 20, 4, 40, 2};
static const zagg_digest digest = {.n = 3, .centroids = three};
static const float single[2] = {7, 5};
static const zagg_digest one = {.n = 1, .centroids = single};
static const zagg_digest empty = {.n = 0};

static void test_quantile(void **state)
{
    (void)state;
    /* 8 values, ranks 0..7: 0..1 in the first centroid, 2..5, 6..7 */
    assert_true(zagg_digest_quantile(&digest, 0) == 10);
    assert_true(zagg_digest_quantile(&digest, 1.0 / 7) == 15);
    assert_true(zagg_digest_quantile(&digest, 2.0 / 7) == 15);
    assert_true(zagg_digest_quantile(&digest, 0.5) == 22.5);
    assert_true(zagg_digest_quantile(&digest, 1) == 40);
    assert_true(zagg_digest_quantile(&digest, 1.5) == 40);
    assert_true(zagg_digest_quantile(&one, 0.3) == 7);
    assert_true(isnan(zagg_digest_quantile(&empty, 0.5)));
}

static void test_cdf(void **state)
{
    (void)state;
    static const double x[] = {(double)NAN, (double)-INFINITY, 9.9, 10, 15, 20, 30, 40,
                               40.1,        (double)INFINITY,  15};
    static const double expected[] = {(double)NAN, 0, 0, 1, 2.5, 4, 5.5, 7, 8, 8, 2.5};
    double out[11];
    zagg_digest_cdf(&digest, x, 11, out);
    for (size_t i = 0; i < 11; i++)
        assert_true(same_double(out[i], expected[i]));
    zagg_digest_cdf(&one, (const double[]){6, 7, 8, (double)NAN}, 4, out);
    assert_true(out[0] == 0 && out[1] == 5 && out[2] == 5 && out[3] == 0);
    zagg_digest_cdf(&empty, x, 2, out);
    assert_true(isnan(out[0]) && isnan(out[1]));
    /* equal means: the last of them counts */
    static const float ties[8] = {1, 1, 2, 1, 2, 1, 3, 1};
    const zagg_digest tied = {.n = 4, .centroids = ties};
    zagg_digest_cdf(&tied, (const double[]){2, 2.5, 1.5}, 3, out);
    assert_true(out[0] == 2.5 && out[1] == 3 && out[2] == 1);
}

static void test_rasterize(void **state)
{
    (void)state;
    double out[6];
    zagg_digest_rasterize(&digest, 0, 10, 6, out);
    static const double expected[6] = {1, 3, 1.5, 1.5, 1, 0};
    for (size_t i = 0; i < 6; i++)
        assert_true(out[i] == expected[i]);
    zagg_digest_rasterize(&empty, 0, 10, 2, out);
    assert_true(out[0] == 0 && out[1] == 0);
    zagg_digest_rasterize(&digest, 100, 1, 2, out);
    assert_true(out[0] == 0 && out[1] == 0);
}

static void expect_window(zagg_digest_fit fit, size_t n_bins, double resolution,
                          size_t want_bins, double want_resolution)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_digest_window w = {.n_bins = n_bins, .resolution = resolution};
    const zagg_digest both[2] = {empty, digest};
    zagg_status status = zagg_digest_fit_window(both, 2, 0, 1, fit, &w, &err);
    if (want_bins == 0) {
        assert_int_equal(status, ZAGG_ERANGE);
        assert_true(w.n_bins == n_bins && w.resolution == resolution && w.z_lo == 0);
        return;
    }
    assert_int_equal(status, ZAGG_OK);
    assert_true(w.z_lo == 10);
    assert_int_equal(w.n_bins, want_bins);
    assert_true(w.resolution == want_resolution);
}

static void test_windows(void **state)
{
    (void)state;
    /* the range is [10, 40] */
    expect_window(ZAGG_FIT_RAISE, 30, 1, 30, 1);
    expect_window(ZAGG_FIT_RAISE, 29, 1, 0, 0);
    expect_window(ZAGG_FIT_DEGRADE_RESOLUTION, 30, 1, 30, 1);
    expect_window(ZAGG_FIT_DEGRADE_RESOLUTION, 7, 0.5, 7, 8);
    expect_window(ZAGG_FIT_COLLAPSE_BINS, 128, 1, 32, 1);
    expect_window(ZAGG_FIT_COLLAPSE_BINS, 20, 1, 0, 0);
    expect_window(ZAGG_FIT_COLLAPSE_BINS, 31, 1, 16, 1); /* as upstream: too few */
    expect_window(ZAGG_FIT_COLLAPSE_BINS, 1, 30, 1, 30);
    zagg_err err = ZAGG_ERR_INIT;
    const double widths[] = {0, -1, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < 4; i++) {
        zagg_digest_window w = {.n_bins = 4, .resolution = widths[i]};
        assert_int_equal(
            zagg_digest_fit_window(&digest, 1, 0, 1, ZAGG_FIT_RAISE, &w, &err),
            ZAGG_EARG);
    }
    zagg_digest_window w = {.n_bins = 0, .resolution = 1};
    assert_int_equal(zagg_digest_fit_window(&digest, 1, 0, 1, ZAGG_FIT_RAISE, &w, &err),
                     ZAGG_EARG);
    w.n_bins = 4;
    assert_int_equal(zagg_digest_fit_window(&empty, 1, 0, 1, ZAGG_FIT_RAISE, &w, &err),
                     ZAGG_ERANGE);
    assert_string_equal(err.msg,
                        "chunk has no populated cells with a finite quantile range");
    /* a zero has no sign in messages */
    const float flat[4] = {-0.0F, 1, 900, 1};
    const zagg_digest zero = {.n = 2, .centroids = flat};
    assert_int_equal(zagg_digest_fit_window(&zero, 1, 0, 1, ZAGG_FIT_RAISE, &w, &err),
                     ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "z-range [0, 900] (span 900)"));
}

static void test_raw_values(void **state)
{
    (void)state;
    double out[3] = {-1, -1, -1};
    zagg_err err = ZAGG_ERR_INIT;
    const float centroids[6] = {1, 1, 2.5F, 1, 3, 1};
    const zagg_digest raw = {.n = 3, .centroids = centroids};
    assert_int_equal(zagg_digest_raw_values(&digest, out, &err), ZAGG_ERANGE);
    assert_true(out[0] == -1);
    assert_int_equal(zagg_digest_raw_values(&raw, out, &err), ZAGG_OK);
    assert_true(out[0] == 1 && out[1] == 2.5 && out[2] == 3);
    assert_int_equal(zagg_digest_raw_values(&empty, NULL, &err), ZAGG_OK);
}

/* What damaged stores might hold gives numbers without meaning, but no harm. */
static void test_malformed(void **state)
{
    (void)state;
    static const float bad[4][8] = {{NAN, 1, 1, NAN, 2, 1, INFINITY, 1},
                                    {3, 1, 2, 1, 1, 1, 0, 1},
                                    {1, -1, 2, -5, 3, 0, 4, 0},
                                    {-INFINITY, 1, 0, INFINITY, INFINITY, 1, 0, 1}};
    static const double x[] = {-1, 0, 1, 1.5, 2, 3, (double)NAN, 0};
    double out[16];
    for (size_t i = 0; i < 4; i++) {
        const zagg_digest d = {.n = 4, .centroids = bad[i]};
        zagg_digest_cdf(&d, x, sizeof x / sizeof *x, out);
        zagg_digest_rasterize(&d, -1, 0.5, 16, out);
        for (double q = 0; q <= 1; q += 0.125)
            (void)zagg_digest_quantile(&d, q);
        zagg_digest_window w = {.n_bins = 16, .resolution = 1};
        (void)zagg_digest_fit_window(&d, 1, 0, 1, ZAGG_FIT_DEGRADE_RESOLUTION, &w, NULL);
        assert_true(w.n_bins == 16 && w.resolution > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantile),   cmocka_unit_test(test_cdf),
        cmocka_unit_test(test_rasterize),  cmocka_unit_test(test_windows),
        cmocka_unit_test(test_raw_values), cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
