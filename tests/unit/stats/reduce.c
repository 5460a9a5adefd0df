/* Reducers without the golden folder: a selection of its cases, parameters and their
 * refusal, empty slices, every quantile method, selection and storing. */
#include "stats/reduce.h"

#include "golden/reducer_cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zagg_arena *arena;

static int setup(void **state)
{
    (void)state;
    return zagg_arena_new(0, &arena, NULL) == ZAGG_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    zagg_arena_free(arena);
    return 0;
}

static zagg_status compile(const char *function, const char *params, const zg_reducer **r,
                           zagg_err *err)
{
    const zagg_value *tree = NULL;
    if (params != NULL)
        assert_int_equal(
            zagg_json_parse(arena, params, strlen(params), "params", &tree, err),
            ZAGG_OK);
    return zg_reducer_compile(arena, function, tree, r, err);
}

static zagg_status reduce(const char *function, const char *params, zagg_dtype dtype,
                          const void *values, size_t n, zg_scalar *out, zagg_err *err)
{
    const zg_reducer *r = NULL;
    void *scratch = NULL;
    ZAGG_TRY(compile(function, params, &r, err));
    ZAGG_TRY(
        zagg_arena_alloc(arena, 1, zg_reducer_scratch_bytes(r, dtype, n), &scratch, err));
    return zg_reduce(r, dtype, values, n, ZAGG_DT_NONE, NULL, scratch, out, err);
}

static void expect(const char *function, const char *params, zagg_dtype dtype,
                   const void *values, size_t n, const char *out_dtype, const char *value)
{
    zg_scalar s = {0};
    zagg_err err = ZAGG_ERR_INIT;
    char text[64];
    if (reduce(function, params, dtype, values, n, &s, &err) != ZAGG_OK)
        fail_msg("%s %s: %s", function, params ? params : "", err.msg);
    scalar_text(s, text);
    if (!scalar_is(s, out_dtype, value, true))
        fail_msg("%s %s: %s %s, expected %s %s", function, params ? params : "",
                 zagg_dtype_name(s.dtype), text, out_dtype, value);
}

static void expect_refused(const char *function, const char *params, zagg_dtype dtype,
                           size_t n, zagg_status status, const char *word)
{
    static const double values[4] = {0};
    zg_scalar s = {0};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status got = reduce(function, params, dtype, values, n, &s, &err);
    if (got != status || strstr(err.msg, word) == NULL)
        fail_msg("%s %s: status %s, message '%s'", function, params ? params : "",
                 zagg_status_name(got), err.msg);
}

static void test_selection_of_golden_cases(void **state)
{
    (void)state;
    case_report report = {.set = "reducers (selection)"};
    run_reducer_cases(&report, source_path("tests/golden/data/reducers.json"));
    report_end(&report, 150);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const known[] = {
        "len",          "count",  "min",     "np.min", "numpy.min",     "max",
        "amin",         "amax",   "sum",     "prod",   "mean",          "var",
        "std",          "median", "average", "ptp",    "nansum",        "nanprod",
        "nanmean",      "nanvar", "nanstd",  "nanmin", "nanmax",        "nanmedian",
        "argmin",       "argmax", "any",     "all",    "count_nonzero", "np.average",
        "numpy.median",
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const zg_reducer *r = NULL;
        assert_int_equal(compile(known[i], NULL, &r, NULL), ZAGG_OK);
        assert_int_equal(zg_reducer_is_count(r), i < 2);
        assert_null(zg_reducer_weights(r));
    }
    static const char *const unknown[] = {"np.len",    "sort",       "np.np.min",
                                          "os.system", "np.linalg",  "",
                                          "Mean",      "numpy.count"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        expect_refused(unknown[i], NULL, ZAGG_DT_F64, 1, ZAGG_ECONFIG, "nanpercentile");
}

static void test_params(void **state)
{
    (void)state;
    static const struct {
        const char *function, *params, *word;
    } refused[] = {
        {"quantile", NULL, "q is missing"},
        {"quantile", "{}", "q is missing"},
        {"quantile", "{\"q\": [0.1, 0.5]}", "a list gives an array"},
        {"quantile", "{\"q\": \"0.5\"}", "found str \"0.5\""},
        {"quantile", "{\"q\": true}", "from 0 to 1"},
        {"quantile", "{\"q\": 1.5}", "found float 1.5"},
        {"quantile", "{\"q\": -1}", "found int -1"},
        {"quantile", "{\"q\": NaN}", "from 0 to 1"},
        {"nanquantile", "{\"q\": 2}", "from 0 to 1"},
        {"percentile", "{\"q\": 100.5}", "from 0 to 100"},
        {"nanpercentile", "{\"q\": null}", "from 0 to 100"},
        {"quantile", "{\"q\": 0.5, \"method\": \"cubic\"}", "averaged_inverted_cdf"},
        {"quantile", "{\"q\": 0.5, \"method\": 1}", "method must be linear"},
        {"quantile", "{\"q\": 0.5, \"weights\": \"w\"}", "\"weights\" is not known"},
        {"var", "{\"ddof\": \"1\"}", "a finite number"},
        {"std", "{\"ddof\": Infinity}", "a finite number"},
        {"nanvar", "{\"ddof\": false}", "a finite number"},
        {"average", "{\"weights\": 2}", "the name of a column"},
        {"average", "{\"weights\": \"\"}", "the name of a column"},
        {"mean", "{\"q\": 1}", "it takes none"},
        {"sum", "{\"axis\": 1}", "one axis"},
        {"sum", "[1]", "a mapping"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect_refused(refused[i].function, refused[i].params, ZAGG_DT_F64, 1,
                       ZAGG_ECONFIG, refused[i].word);
    const zg_reducer *r = NULL;
    assert_int_equal(compile("average", "{\"weights\": \"s_li\"}", &r, NULL), ZAGG_OK);
    assert_string_equal(zg_reducer_weights(r), "s_li");
    assert_int_equal(compile("average", "{\"weights\": null, \"axis\": 0}", &r, NULL),
                     ZAGG_OK);
    assert_null(zg_reducer_weights(r));
    assert_int_equal(compile("len", "{\"anything\": 1}", &r, NULL), ZAGG_OK);
}

static void test_empty_slices(void **state)
{
    (void)state;
    static const struct {
        const char *function, *out_dtype, *value;
    } f32[] = {
        {"len", "int64", "0"},
        {"sum", "float32", "0x0p+0"},
        {"prod", "float32", "1"},
        {"mean", "float32", "nan"},
        {"var", "float32", "nan"},
        {"std", "float32", "nan"},
        {"median", "float32", "nan"},
        {"average", "float32", "nan"},
        {"nansum", "float32", "0"},
        {"nanmean", "float32", "nan"},
        {"nanvar", "float32", "nan"},
        {"nanmedian", "float32", "nan"},
        {"any", "bool", "0"},
        {"all", "bool", "1"},
        {"count_nonzero", "int64", "0"},
    };
    for (size_t i = 0; i < sizeof f32 / sizeof *f32; i++)
        expect(f32[i].function, NULL, ZAGG_DT_F32, NULL, 0, f32[i].out_dtype,
               f32[i].value);
    expect("sum", NULL, ZAGG_DT_BOOL, NULL, 0, "int64", "0");
    expect("sum", NULL, ZAGG_DT_U8, NULL, 0, "uint64", "0");
    expect("mean", NULL, ZAGG_DT_I16, NULL, 0, "float64", "nan");
    expect("var", "{\"ddof\": -1}", ZAGG_DT_F32, NULL, 0, "float32", "0");
    expect("nanquantile", "{\"q\": 0.5}", ZAGG_DT_I8, NULL, 0, "float64", "nan");
    static const char *const none[] = {"min",    "max",    "ptp",   "nanmin",
                                       "nanmax", "argmin", "argmax"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect_refused(none[i], NULL, ZAGG_DT_F32, 0, ZAGG_ERANGE, none[i]);
    expect_refused("quantile", "{\"q\": 0}", ZAGG_DT_F32, 0, ZAGG_ERANGE, "no values");
    expect_refused("percentile", "{\"q\": 5}", ZAGG_DT_I8, 0, ZAGG_ERANGE, "no values");
}

static void test_bool_and_type_errors(void **state)
{
    (void)state;
    const uint8_t flags[] = {1, 0, 1};
    expect("sum", NULL, ZAGG_DT_BOOL, flags, 3, "int64", "2");
    expect("min", NULL, ZAGG_DT_BOOL, flags, 3, "bool", "0");
    expect("nanmax", NULL, ZAGG_DT_BOOL, flags, 3, "bool", "1");
    expect("mean", NULL, ZAGG_DT_BOOL, flags, 3, "float64", "0x1.5555555555555p-1");
    expect("var", NULL, ZAGG_DT_BOOL, flags, 3, "float64", "0x1.c71c71c71c71dp-3");
    expect("median", NULL, ZAGG_DT_BOOL, flags, 3, "float64", "1");
    expect("prod", NULL, ZAGG_DT_BOOL, flags, 3, "int64", "0");
    expect("argmin", NULL, ZAGG_DT_BOOL, flags, 3, "int64", "1");
    expect("quantile", "{\"q\": 1}", ZAGG_DT_BOOL, flags, 3, "bool", "1");
    expect("quantile", "{\"q\": 0.2, \"method\": \"lower\"}", ZAGG_DT_BOOL, flags, 3,
           "bool", "0");
    expect_refused("quantile", "{\"q\": 0.5}", ZAGG_DT_BOOL, 3, ZAGG_EUNSUPPORTED,
                   "bool");
    expect_refused("ptp", NULL, ZAGG_DT_BOOL, 3, ZAGG_EUNSUPPORTED, "bool");
    expect_refused("mean", NULL, ZAGG_DT_NONE, 3, ZAGG_EUNSUPPORTED, "type");
}

static void test_nan_and_infinity(void **state)
{
    (void)state;
    const float gaps[] = {NAN, 3, -1, -NAN, 5, -INFINITY};
    expect("min", NULL, ZAGG_DT_F32, gaps, 5, "float32", "nan");
    expect("nanmin", NULL, ZAGG_DT_F32, gaps, 5, "float32", "-1");
    expect("nanmin", NULL, ZAGG_DT_F32, gaps, 6, "float32", "-inf");
    expect("nanmax", NULL, ZAGG_DT_F32, gaps, 1, "float32", "nan");
    expect("nanmax", NULL, ZAGG_DT_F32, gaps + 5, 1, "float32", "-inf");
    expect("median", NULL, ZAGG_DT_F32, gaps, 5, "float32", "nan");
    expect("nanmedian", NULL, ZAGG_DT_F32, gaps, 5, "float32", "3");
    expect("nanmean", NULL, ZAGG_DT_F32, gaps, 5, "float32", "0x1.2aaaaap+1");
    expect("nanprod", NULL, ZAGG_DT_F32, gaps, 5, "float32", "-15");
    expect("nanvar", "{\"ddof\": 3}", ZAGG_DT_F32, gaps, 5, "float32", "nan");
    expect("var", "{\"ddof\": 5}", ZAGG_DT_F32, gaps + 1, 2, "float32", "inf");
    expect("nanquantile", "{\"q\": 1}", ZAGG_DT_F32, gaps, 5, "float32", "5");
    expect("argmax", NULL, ZAGG_DT_F32, gaps + 1, 4, "int64", "2");
    expect("count_nonzero", NULL, ZAGG_DT_F32, gaps, 6, "int64", "6");
    const double ends[] = {-INFINITY, INFINITY};
    expect("median", NULL, ZAGG_DT_F64, ends, 2, "float64", "nan");
    expect("quantile", "{\"q\": 0.0}", ZAGG_DT_F64, ends, 2, "float64", "nan");
    expect("quantile", "{\"q\": 0}", ZAGG_DT_F64, ends, 2, "float64", "-inf");
    const float negative_zeros[] = {-0.0F, -0.0F};
    expect("sum", NULL, ZAGG_DT_F32, negative_zeros, 2, "float32", "0");
}

static void test_whole_numbers_wrap(void **state)
{
    (void)state;
    const int64_t large[] = {INT64_MAX, 1};
    expect("sum", NULL, ZAGG_DT_I64, large, 2, "int64", "-9223372036854775808");
    const int8_t ends[] = {-128, 127};
    expect("ptp", NULL, ZAGG_DT_I8, ends, 2, "int8", "-1");
    expect("median", NULL, ZAGG_DT_I8, ends, 2, "float64", "-0.5");
    expect("quantile", "{\"q\": 0.5}", ZAGG_DT_I8, ends, 2, "float64", "127.5");
    const uint64_t top[] = {UINT64_MAX, UINT64_MAX - 1};
    expect("max", NULL, ZAGG_DT_U64, top, 2, "uint64", "18446744073709551615");
    expect("quantile", "{\"q\": 0}", ZAGG_DT_U64, top, 2, "uint64",
           "18446744073709551614");
    const uint32_t high[] = {4294967295U, 7, 2147483648U};
    expect("median", NULL, ZAGG_DT_U32, high, 3, "float64", "2147483648");
}

/* Made with numpy 2.5.5: np.quantile(a, q, method=...). */
static const struct {
    const char *method;
    double q;
    bool bytes;
    const char *out_dtype, *value;
} quantiles[] = {
    {"linear", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"linear", 0.3, false, "float32", "0x1.051eb80000000p+0"},
    {"linear", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"linear", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"linear", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"linear", 0.3, true, "float64", "-0x1.f000000000006p+3"},
    {"linear", 0.5, true, "float64", "0x1.0000000000000p+0"},
    {"linear", 1.0, true, "float64", "0x1.fc00000000000p+6"},
    {"lower", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"lower", 0.3, false, "float32", "0x1.99999a0000000p-4"},
    {"lower", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"lower", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"lower", 0.0, true, "int8", "-128"},
    {"lower", 0.3, true, "int8", "-128"},
    {"lower", 0.5, true, "int8", "-3"},
    {"lower", 1.0, true, "int8", "127"},
    {"higher", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"higher", 0.3, false, "float32", "0x1.4000000000000p+0"},
    {"higher", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"higher", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"higher", 0.0, true, "int8", "-128"},
    {"higher", 0.3, true, "int8", "-3"},
    {"higher", 0.5, true, "int8", "5"},
    {"higher", 1.0, true, "int8", "127"},
    {"nearest", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"nearest", 0.3, false, "float32", "0x1.4000000000000p+0"},
    {"nearest", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"nearest", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"nearest", 0.0, true, "int8", "-128"},
    {"nearest", 0.3, true, "int8", "-3"},
    {"nearest", 0.5, true, "int8", "5"},
    {"nearest", 1.0, true, "int8", "127"},
    {"midpoint", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"midpoint", 0.3, false, "float32", "0x1.59999a0000000p-1"},
    {"midpoint", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"midpoint", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"midpoint", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"midpoint", 0.3, true, "float64", "-0x1.0600000000000p+6"},
    {"midpoint", 0.5, true, "float64", "0x1.0000000000000p+0"},
    {"midpoint", 1.0, true, "float64", "0x1.fc00000000000p+6"},
    {"inverted_cdf", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"inverted_cdf", 0.3, false, "float32", "0x1.4000000000000p+0"},
    {"inverted_cdf", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"inverted_cdf", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"inverted_cdf", 0.0, true, "int8", "-128"},
    {"inverted_cdf", 0.3, true, "int8", "-3"},
    {"inverted_cdf", 0.5, true, "int8", "-3"},
    {"inverted_cdf", 1.0, true, "int8", "127"},
    {"averaged_inverted_cdf", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"averaged_inverted_cdf", 0.3, false, "float32", "0x1.4000000000000p+0"},
    {"averaged_inverted_cdf", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"averaged_inverted_cdf", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"averaged_inverted_cdf", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"averaged_inverted_cdf", 0.3, true, "float64", "-0x1.8000000000000p+1"},
    {"averaged_inverted_cdf", 0.5, true, "float64", "0x1.0000000000000p+0"},
    {"averaged_inverted_cdf", 1.0, true, "float64", "0x1.fc00000000000p+6"},
    {"closest_observation", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"closest_observation", 0.3, false, "float32", "0x1.99999a0000000p-4"},
    {"closest_observation", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"closest_observation", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"closest_observation", 0.0, true, "int8", "-128"},
    {"closest_observation", 0.3, true, "int8", "-128"},
    {"closest_observation", 0.5, true, "int8", "-3"},
    {"closest_observation", 1.0, true, "int8", "127"},
    {"interpolated_inverted_cdf", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"interpolated_inverted_cdf", 0.3, false, "float32", "0x1.b851ec0000000p-3"},
    {"interpolated_inverted_cdf", 0.5, false, "float32", "0x1.1000000000000p+1"},
    {"interpolated_inverted_cdf", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"interpolated_inverted_cdf", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"interpolated_inverted_cdf", 0.3, true, "float64", "-0x1.9c00000000000p+6"},
    {"interpolated_inverted_cdf", 0.5, true, "float64", "-0x1.8000000000000p+1"},
    {"interpolated_inverted_cdf", 1.0, true, "float64", "0x1.fc00000000000p+6"},
    {"hazen", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"hazen", 0.3, false, "float32", "0x1.947ae00000000p-1"},
    {"hazen", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"hazen", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"hazen", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"hazen", 0.3, true, "float64", "-0x1.4400000000001p+5"},
    {"hazen", 0.5, true, "float64", "0x1.0000000000000p+0"},
    {"hazen", 1.0, true, "float64", "0x1.fc00000000000p+6"},
    {"weibull", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"weibull", 0.3, false, "float32", "0x1.1eb8520000000p-1"},
    {"weibull", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"weibull", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"weibull", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"weibull", 0.3, true, "float64", "-0x1.0600000000000p+6"},
    {"weibull", 0.5, true, "float64", "0x1.0000000000000p+0"},
    {"weibull", 1.0, true, "float64", "0x1.fc00000000000p+6"},
    {"median_unbiased", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"median_unbiased", 0.3, false, "float32", "0x1.6d3a080000000p-1"},
    {"median_unbiased", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"median_unbiased", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"median_unbiased", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"median_unbiased", 0.3, true, "float64", "-0x1.86aaaaaaaaaabp+5"},
    {"median_unbiased", 0.5, true, "float64", "0x1.0000000000000p+0"},
    {"median_unbiased", 1.0, true, "float64", "0x1.fc00000000000p+6"},
    {"normal_unbiased", 0.0, false, "float32", "-0x1.0000000000000p+1"},
    {"normal_unbiased", 0.3, false, "float32", "0x1.770a3e0000000p-1"},
    {"normal_unbiased", 0.5, false, "float32", "0x1.8000000000000p+1"},
    {"normal_unbiased", 1.0, false, "float32", "0x1.6000000000000p+3"},
    {"normal_unbiased", 0.0, true, "float64", "-0x1.0000000000000p+7"},
    {"normal_unbiased", 0.3, true, "float64", "-0x1.7600000000002p+5"},
    {"normal_unbiased", 0.5, true, "float64", "0x1.0000000000000p+0"},
    {"normal_unbiased", 1.0, true, "float64", "0x1.fc00000000000p+6"},
};

static void test_quantile_methods(void **state)
{
    (void)state;
    const float sevens[] = {7.5F, 1.25F, 3, -2, 11, 0.1F, 3};
    const int8_t bytes[] = {-128, 127, 5, -3};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        char params[96];
        snprintf(params, sizeof params, "{\"q\": %.2f, \"method\": \"%s\"}",
                 quantiles[i].q, quantiles[i].method);
        if (quantiles[i].bytes)
            expect("quantile", params, ZAGG_DT_I8, bytes, 4, quantiles[i].out_dtype,
                   quantiles[i].value);
        else
            expect("quantile", params, ZAGG_DT_F32, sevens, 7, quantiles[i].out_dtype,
                   quantiles[i].value);
    }
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Shapes that are hard on a quickselect: sorted, reversed, ties, two values, saw,
 * outliers. */
static float shaped(unsigned shape, size_t i, size_t n)
{
    switch (shape) {
    case 0:
        return (float)i;
    case 1:
        return (float)(n - i);
    case 2:
        return 4;
    case 3:
        return i % 2 == 0 ? -1.0F : 1.0F;
    case 4:
        return (float)((i * 7919) % 13);
    case 5:
        return (float)(i < n / 2 ? i : n - i);
    default:
        return i % 16 == 3 ? 1e30F : (float)((i * 2654435761U) % 100003) - 5e4F;
    }
}

static void test_selection(void **state)
{
    (void)state;
    static float values[3000], sorted[3000];
    static const size_t sizes[] = {1,  2,  7,  8,  9,   23,   24,
                                   25, 26, 95, 96, 300, 1025, 3000};
    for (unsigned shape = 0; shape < 7; shape++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            size_t n = sizes[s];
            for (size_t i = 0; i < n; i++)
                values[i] = sorted[i] = shaped(shape, i, n);
            qsort(sorted, n, sizeof *sorted, compare_floats);
            for (size_t at = 0; at < n; at += n / 7 + 1) {
                char params[96], value[64];
                snprintf(params, sizeof params, "{\"q\": %.17g, \"method\": \"nearest\"}",
                         n > 1 ? (double)at / (double)(n - 1) : 0.0);
                snprintf(value, sizeof value, "%a", (double)sorted[at]);
                expect("quantile", params, ZAGG_DT_F32, values, n, "float32", value);
            }
        }
    }
}

static zagg_status weigh(const char *function, zagg_dtype dtype, const void *values,
                         zagg_dtype weights_dtype, const void *weights, size_t n,
                         zg_scalar *out, zagg_err *err)
{
    const zg_reducer *r = NULL;
    ZAGG_TRY(compile(function, "{\"weights\": \"w\"}", &r, err));
    return zg_reduce(r, dtype, values, n, weights_dtype, weights, NULL, out, err);
}

static void test_weights(void **state)
{
    (void)state;
    const float h[] = {3, 1, 2};
    const uint8_t flags[] = {1, 0, 1};
    const int32_t wide[] = {1, 2, 1};
    const int8_t cancel[] = {1, -1, 0};
    zg_scalar s = {0};
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(weigh("average", ZAGG_DT_F32, h, ZAGG_DT_BOOL, flags, 3, &s, &err),
                     ZAGG_OK);
    assert_true(scalar_is(s, "float32", "2.5", true));
    assert_int_equal(weigh("average", ZAGG_DT_F32, h, ZAGG_DT_I32, wide, 3, &s, &err),
                     ZAGG_OK);
    assert_true(scalar_is(s, "float64", "1.75", true));
    assert_int_equal(weigh("average", ZAGG_DT_I32, wide, ZAGG_DT_F32, h, 3, &s, &err),
                     ZAGG_OK);
    assert_true(scalar_is(s, "float64", "0x1.2aaaaaaaaaaabp+0", true));
    assert_int_equal(weigh("average", ZAGG_DT_F32, h, ZAGG_DT_I8, cancel, 3, &s, &err),
                     ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "sum to zero"));
    assert_int_equal(weigh("average", ZAGG_DT_F32, h, ZAGG_DT_F32, h, 0, &s, &err),
                     ZAGG_ERANGE);
    assert_int_equal(weigh("average", ZAGG_DT_F32, h, ZAGG_DT_NONE, NULL, 3, &s, &err),
                     ZAGG_EARG);
}

static zg_scalar of_float(double x)
{
    zg_scalar s = {.dtype = ZAGG_DT_F64, .v.f = x};
    return s;
}

static void test_store_floats(void **state)
{
    (void)state;
    float f;
    double d;
    uint32_t bits;
    uint64_t bits64;
    assert_int_equal(zg_scalar_store(of_float(-NAN), ZAGG_DT_F32, &f, NULL), ZAGG_OK);
    memcpy(&bits, &f, sizeof bits);
    assert_int_equal(bits, 0x7fc00000);
    assert_int_equal(zg_scalar_store(of_float(-NAN), ZAGG_DT_F64, &d, NULL), ZAGG_OK);
    memcpy(&bits64, &d, sizeof bits64);
    assert_true(bits64 == UINT64_C(0x7ff8000000000000));
    assert_int_equal(zg_scalar_store(of_float(1e300), ZAGG_DT_F32, &f, NULL), ZAGG_OK);
    assert_true(isinf(f));
    zg_scalar big = {.dtype = ZAGG_DT_U64, .v.u = UINT64_MAX};
    assert_int_equal(zg_scalar_store(big, ZAGG_DT_F64, &d, NULL), ZAGG_OK);
    assert_true(d == 0x1p64);
    zg_scalar yes = {.dtype = ZAGG_DT_BOOL, .v.i = 1};
    assert_int_equal(zg_scalar_store(yes, ZAGG_DT_F32, &f, NULL), ZAGG_OK);
    assert_true(f == 1);
}

static void test_store_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        double x;
        zagg_dtype dtype;
        bool fits;
    } cases[] = {
        {127, ZAGG_DT_I8, true},
        {128, ZAGG_DT_I8, false},
        {-128, ZAGG_DT_I8, true},
        {-129, ZAGG_DT_I8, false},
        {255, ZAGG_DT_U8, true},
        {256, ZAGG_DT_U8, false},
        {-1, ZAGG_DT_U8, false},
        {-0.0, ZAGG_DT_U8, true},
        {65535, ZAGG_DT_U16, true},
        {-32769, ZAGG_DT_I16, false},
        {4294967295.0, ZAGG_DT_U32, true},
        {4294967296.0, ZAGG_DT_U32, false},
        {2147483648.0, ZAGG_DT_I32, false},
        {-0x1p63, ZAGG_DT_I64, true},
        {0x1p63, ZAGG_DT_I64, false},
        {0x1p63, ZAGG_DT_U64, true},
        {0x1p64, ZAGG_DT_U64, false},
        {1.5, ZAGG_DT_I32, false},
        {1, ZAGG_DT_BOOL, true},
        {2, ZAGG_DT_BOOL, false},
        {-INFINITY, ZAGG_DT_I64, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t element = UINT64_C(0x5555555555555555);
        zagg_err err = ZAGG_ERR_INIT;
        zagg_status status =
            zg_scalar_store(of_float(cases[i].x), cases[i].dtype, &element, &err);
        if (status != (cases[i].fits ? ZAGG_OK : ZAGG_ERANGE))
            fail_msg("case %zu: %s %s", i, zagg_status_name(status), err.msg);
        if (!cases[i].fits)
            assert_true(element == UINT64_C(0x5555555555555555));
    }
    int16_t narrow = 0;
    zagg_err err = ZAGG_ERR_INIT;
    zg_scalar s = {.dtype = ZAGG_DT_I64, .v.i = -12345};
    assert_int_equal(zg_scalar_store(s, ZAGG_DT_I16, &narrow, &err), ZAGG_OK);
    assert_int_equal(narrow, -12345);
    assert_int_equal(zg_scalar_store(of_float(NAN), ZAGG_DT_I16, &narrow, &err),
                     ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "nan"));
    assert_int_equal(zg_scalar_store(s, ZAGG_DT_NONE, &narrow, &err), ZAGG_EUNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selection_of_golden_cases),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_empty_slices),
        cmocka_unit_test(test_bool_and_type_errors),
        cmocka_unit_test(test_nan_and_infinity),
        cmocka_unit_test(test_whole_numbers_wrap),
        cmocka_unit_test(test_quantile_methods),
        cmocka_unit_test(test_selection),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_store_floats),
        cmocka_unit_test(test_store_whole_numbers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
