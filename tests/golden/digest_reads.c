/* Golden sets aggregate/quantile*, cdf*, zrange_cases.json: reading digests. */
#include "golden/digest_cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The digests of aggregate/td_centroids. */
static parts digests_read(void)
{
    return parts_read("td_centroids", "td_centroids_off", ZAGG_DT_F32, 2);
}

static void test_quantile(void **state)
{
    (void)state;
    if (!golden_available("aggregate/quantile_out.npy"))
        return;
    parts digests = digests_read();
    npy cells = array_read("quantile_cells", ZAGG_DT_I32);
    npy q = array_read("quantile_q", ZAGG_DT_F64),
        out = array_read("quantile_out", ZAGG_DT_F64);
    assert_int_equal(out.n, cells.n * q.n);
    case_report report = {.set = "quantile"};
    for (size_t i = 0; i < out.n; i++) {
        char name[64];
        size_t cell = (size_t)((const int32_t *)cells.data)[i / q.n];
        double at = ((const double *)q.data)[i % q.n],
               want = ((const double *)out.data)[i];
        zagg_digest d = digest_at(&digests, cell);
        double got = zagg_digest_quantile(&d, at);
        (void)snprintf(name, sizeof name, "cell %zu at %g", cell, at);
        if (same_bits(got, want))
            case_pass(&report);
        else
            case_fail(&report, name, "%a, expected %a", got, want);
    }
    report_end(&report, 1700);
    parts_free(&digests);
    npy_free(&cells);
    npy_free(&q);
    npy_free(&out);
}

/* Ascending, then one by one from the end: the walk along the centroids starts anew. */
static void test_cdf(void **state)
{
    (void)state;
    if (!golden_available("aggregate/cdf_y.npy"))
        return;
    parts digests = digests_read();
    parts x = parts_read("cdf_x", "cdf_off", ZAGG_DT_F64, 1);
    parts y = parts_read("cdf_y", "cdf_off", ZAGG_DT_F64, 1);
    npy cells = array_read("quantile_cells", ZAGG_DT_I32);
    assert_true(x.n <= cells.n);
    double *ascending = zg_alloc(x.values.n, sizeof *ascending);
    double *descending = zg_alloc(x.values.n, sizeof *descending);
    double *turned = zg_alloc(x.values.n, sizeof *turned);
    assert_true(ascending != NULL && descending != NULL && turned != NULL);
    case_report report = {.set = "cdf"};
    for (size_t i = 0; i < x.n; i++) {
        char name[64];
        size_t n, bad = SIZE_MAX;
        const double *at = part_at(&x, i, &n), *want = part_at(&y, i, &n);
        zagg_digest d = digest_at(&digests, (size_t)((const int32_t *)cells.data)[i]);
        for (size_t k = 0; k < n; k++)
            turned[k] = at[n - 1 - k];
        zagg_digest_cdf(&d, at, n, ascending);
        zagg_digest_cdf(&d, turned, n, descending);
        for (size_t k = 0; k < n; k++) {
            if (!same_bits(ascending[k], want[k]) ||
                !same_bits(descending[n - 1 - k], want[k]))
                bad = k;
        }
        (void)snprintf(name, sizeof name, "%zu", i);
        if (bad == SIZE_MAX)
            case_pass(&report);
        else
            case_fail(&report, name, "at %g: %a (backwards %a), expected %a", at[bad],
                      ascending[bad], descending[n - 1 - bad], want[bad]);
    }
    report_end(&report, 80);
    zg_free(ascending);
    zg_free(descending);
    zg_free(turned);
    parts_free(&digests);
    parts_free(&x);
    parts_free(&y);
    npy_free(&cells);
}

/* ---- windows ---- */

static double number_of(const zagg_value *map, const char *key)
{
    double x = 0;
    if (!zagg_value_number(zagg_value_get(map, key), &x))
        fail_msg("no number %s", key);
    return x;
}

static zagg_digest_fit fit_of(const zagg_value *args)
{
    static const char *const names[] = {"raise", "degrade_resolution", "collapse_bins"};
    for (size_t i = 0; i < 3; i++) {
        if (zagg_value_is(zagg_value_get(args, "fit"), names[i]))
            return (zagg_digest_fit)i;
    }
    fail_msg("unknown fit");
    return ZAGG_FIT_RAISE;
}

/* The window and the raster of each cell against what upstream gave. */
static const char *judge_rasters(const zagg_value *c, const zagg_digest *digests,
                                 zagg_digest_window window)
{
    const zagg_value *result = zagg_value_get(c, "result");
    const zagg_value *hashes = zagg_value_get(c, "raster_f64_sha256");
    double z_lo, n_bins, resolution;
    if (result->n != 3 || !zagg_value_number(result->items[0], &z_lo) ||
        !zagg_value_number(result->items[1], &n_bins) ||
        !zagg_value_number(result->items[2], &resolution))
        return "malformed case";
    if (!same_bits(window.z_lo, z_lo) || (double)window.n_bins != n_bins ||
        window.resolution != resolution)
        return "another window";
    double *raster = zg_alloc(window.n_bins, sizeof *raster);
    assert_non_null(raster);
    const char *wrong = NULL;
    for (size_t i = 0; i < hashes->n; i++) {
        char hex[65];
        zagg_digest_rasterize(&digests[i], window.z_lo, window.resolution, window.n_bins,
                              raster);
        zg_sha256_hex(raster, window.n_bins * sizeof *raster, hex);
        if (!zagg_value_is(hashes->items[i], hex))
            wrong = "another raster";
    }
    zg_free(raster);
    return wrong;
}

static void window_case(case_report *r, const char *name, const zagg_value *c,
                        const parts *digests)
{
    enum { CELLS_MAX = 256 };
    zagg_digest cells[CELLS_MAX];
    const zagg_value *list = zagg_value_get(c, "cells"),
                     *args = zagg_value_get(c, "args");
    const zagg_value *error = zagg_value_get_set(c, "error");
    assert_in_range(list->n, 0, CELLS_MAX);
    for (size_t i = 0; i < list->n; i++)
        cells[i] = digest_at(digests, (size_t)list->items[i]->u.i);
    zagg_err err = ZAGG_ERR_INIT;
    zagg_digest_window window = {.n_bins = (size_t)number_of(args, "n_bins"),
                                 .resolution = number_of(args, "resolution")};
    zagg_status status =
        zagg_digest_fit_window(cells, list->n, number_of(args, "bottom"),
                               number_of(args, "top"), fit_of(args), &window, &err);
    const char *wrong = NULL;
    if (error != NULL && (status != ZAGG_ERANGE || strcmp(err.msg, error->str) != 0))
        case_fail(r, name, "'%s', expected '%s'", err.msg, error->str);
    else if (error == NULL && status != ZAGG_OK)
        case_fail(r, name, "%s", err.msg);
    else if (error == NULL && (wrong = judge_rasters(c, cells, window)) != NULL)
        case_fail(r, name, "%s: z_lo %g, %zu bins of %g", wrong, window.z_lo,
                  window.n_bins, window.resolution);
    else
        case_pass(r);
}

static void test_windows(void **state)
{
    (void)state;
    if (!golden_available("aggregate/zrange_cases.json"))
        return;
    parts digests = digests_read();
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *cases =
        golden_json(arena, golden_path("aggregate/zrange_cases.json"));
    case_report report = {.set = "zrange"};
    for (size_t i = 0; i < cases->n; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%zu", i);
        window_case(&report, name, cases->items[i], &digests);
    }
    report_end(&report, 60);
    zagg_arena_free(arena);
    parts_free(&digests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quantile),
                                       cmocka_unit_test(test_cdf),
                                       cmocka_unit_test(test_windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
