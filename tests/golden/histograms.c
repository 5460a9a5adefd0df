/* Golden set aggregate/hist*: 130 histograms of float32 values, half of them on an edge
 * or right beside one. */
#include "golden/digest_cases.h"
#include "stats/histogram.h"

#include <stdio.h>
#include <string.h>

static const char *judge(const zg_histogram *h, const parts *values, const parts *counts,
                         const float *edges, size_t i, int64_t *got, uint32_t *narrow,
                         zagg_err *err)
{
    zagg_dtype dtype = ZAGG_DT_NONE;
    size_t n, bins;
    const float *x = part_at(values, i, &n);
    const uint32_t *want = part_at(counts, i, &bins);
    memset(narrow, 0, bins * sizeof *narrow);
    if (zg_histogram_count(h, x, n, got, err) != ZAGG_OK ||
        zg_histogram_add_u32(h, x, n, narrow, err) != ZAGG_OK)
        return err->msg;
    const void *e = zg_histogram_edges(h, &dtype);
    if (dtype != ZAGG_DT_F32 || memcmp(e, edges, (bins + 1) * sizeof *edges) != 0)
        return "other edges";
    for (size_t k = 0; k < bins; k++) {
        if (got[k] != (int64_t)want[k] || narrow[k] != want[k])
            return "other counts";
    }
    return NULL;
}

static void test_histograms(void **state)
{
    (void)state;
    if (!golden_available("aggregate/hist_counts.npy"))
        return;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    parts values = parts_read("hist_values", "hist_off", ZAGG_DT_F32, 1);
    parts counts = parts_read("hist_counts", "hist_counts_off", ZAGG_DT_U32, 1);
    npy lo_hi = array_read("hist_lo_hi", ZAGG_DT_F64);
    npy n_bins = array_read("hist_nbins", ZAGG_DT_I32);
    npy edges = array_read("hist_edges", ZAGG_DT_F32);
    const zagg_value *types =
        golden_json(arena, golden_path("aggregate/hist_bound_type.json"));
    assert_int_equal(lo_hi.n, 2 * values.n);
    assert_int_equal(types->n, values.n);
    assert_int_equal(edges.n, counts.values.n + counts.n);
    int64_t *got = zg_alloc(counts.values.n, sizeof *got);
    uint32_t *narrow = zg_alloc(counts.values.n, sizeof *narrow);
    assert_true(got != NULL && narrow != NULL);
    zg_histogram *h = NULL;
    assert_int_equal(zg_histogram_new(&h, NULL), ZAGG_OK);
    case_report report = {.set = "hist"};
    const float *e = edges.data;
    for (size_t i = 0; i < values.n; i++) {
        char name[64];
        zagg_err err = ZAGG_ERR_INIT;
        const double *range = (const double *)lo_hi.data + 2 * i;
        int32_t bins = ((const int32_t *)n_bins.data)[i];
        bool weak = zagg_value_is(types->items[i], "f64 bounds");
        zg_bound lo = weak ? zg_bound_weak(range[0]) : zg_bound_f32((float)range[0]);
        zg_bound hi = weak ? zg_bound_weak(range[1]) : zg_bound_f32((float)range[1]);
        (void)snprintf(name, sizeof name, "%zu (%s, %d bins)", i, types->items[i]->str,
                       bins);
        if (zg_histogram_set_range(h, ZAGG_DT_F32, lo, hi, bins, &err) != ZAGG_OK) {
            case_fail(&report, name, "%s", err.msg);
        } else {
            const char *wrong = judge(h, &values, &counts, e, i, got, narrow, &err);
            if (wrong == NULL)
                case_pass(&report);
            else
                case_fail(&report, name, "%s", wrong);
        }
        e += bins + 1;
    }
    report_end(&report, 130);
    zg_histogram_free(h);
    zg_free(got);
    zg_free(narrow);
    npy_free(&lo_hi);
    npy_free(&n_bins);
    npy_free(&edges);
    parts_free(&values);
    parts_free(&counts);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histograms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
