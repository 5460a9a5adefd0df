/* Histograms against numpy's answers (tests/golden/data/histograms.json: bounds and data
 * of every kind, edges, error texts), the reuse of bins, and failing memory. */
#include "stats/histogram.h"

#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 64 };

/* Room for a slice of any type. */
typedef union slice {
    uint8_t bytes[VALUES_MAX * 8];
    uint64_t align;
} slice;

/* Whole numbers are written as such, floats as C99 hex texts. */
static zg_scalar scalar_of(zagg_dtype dtype, const char *text)
{
    zg_scalar s = {.dtype = dtype, .v.i = 0};
    if (zagg_dtype_is_float(dtype))
        s.v.f = golden_double(text);
    else if (zagg_dtype_is_unsigned_int(dtype))
        s.v.u = strtoull(text, NULL, 10);
    else
        s.v.i = strtoll(text, NULL, 10);
    return s;
}

/* Numbers of a list from `from` on. */
static size_t slice_of(const zagg_value *list, size_t from, zagg_dtype dtype, slice *out)
{
    size_t n = list->n - from, size = zagg_dtype_size(dtype);
    assert_in_range(n, 0, VALUES_MAX);
    for (size_t i = 0; i < n; i++) {
        zg_scalar s = scalar_of(dtype, list->items[from + i]->str);
        float f = (float)s.v.f;
        memcpy(out->bytes + i * size,
               dtype == ZAGG_DT_F32 ? (const void *)&f : (const void *)&s.v, size);
    }
    return n;
}

static zg_bound bound_of(const zagg_value *pair)
{
    const char *type = pair->items[0]->str, *text = pair->items[1]->str;
    if (strcmp(type, "int") == 0)
        return (zg_bound){.value = scalar_of(ZAGG_DT_I64, text), .weak = true};
    if (strcmp(type, "float") == 0)
        return (zg_bound){.value = scalar_of(ZAGG_DT_F64, text), .weak = true};
    return (zg_bound){.value = scalar_of(zagg_dtype_from_name(type), text)};
}

static zagg_status set_bins(zg_histogram *h, const zagg_value *c, zagg_dtype dtype,
                            const slice *values, size_t n, zagg_err *err)
{
    const zagg_value *edges = zagg_value_get(c, "edges"),
                     *range = zagg_value_get(c, "range");
    if (edges != NULL) {
        slice e;
        zagg_dtype type = zagg_dtype_from_name(edges->items[0]->str);
        size_t n_edges = slice_of(edges, 1, type, &e);
        return zg_histogram_set_edges(h, dtype, type, e.bytes, n_edges, err);
    }
    int64_t bins = zagg_value_get(c, "bins")->u.i;
    if (range == NULL)
        return zg_histogram_set_auto(h, dtype, values->bytes, n, bins, err);
    return zg_histogram_set_range(h, dtype, bound_of(range->items[0]),
                                  bound_of(range->items[1]), bins, err);
}

static bool same_edges(const zg_histogram *h, const zagg_value *want)
{
    zagg_dtype dtype = ZAGG_DT_NONE;
    const void *edges = zg_histogram_edges(h, &dtype);
    if (want == NULL)
        return edges == NULL;
    if (edges == NULL || strcmp(zagg_dtype_name(dtype), want->items[0]->str) != 0 ||
        zg_histogram_bins(h) + 2 != want->n)
        return false;
    for (size_t i = 0; i + 1 < want->n; i++) {
        double e = dtype == ZAGG_DT_F32 ? (double)((const float *)edges)[i]
                                        : ((const double *)edges)[i];
        if (!same_double(e, golden_double(want->items[i + 1]->str)))
            return false;
    }
    return true;
}

static bool same_counts(const zg_histogram *h, const int64_t *got, const uint32_t *added,
                        const zagg_value *want)
{
    if (zg_histogram_bins(h) != want->n)
        return false;
    for (size_t i = 0; i < want->n; i++) {
        if (got[i] != want->items[i]->u.i || added[i] != 10 + (uint32_t)got[i])
            return false;
    }
    return true;
}

static void numpy_case(case_report *r, const char *name, const zagg_value *c,
                       zg_histogram *h)
{
    slice values;
    int64_t counts[128] = {0};
    uint32_t added[128];
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *error = zagg_value_get(c, "error");
    zagg_dtype dtype = zagg_dtype_from_name(zagg_value_get(c, "dtype")->str);
    size_t n = slice_of(zagg_value_get(c, "values"), 0, dtype, &values);
    zagg_status status = set_bins(h, c, dtype, &values, n, &err);
    for (size_t i = 0; i < 128; i++)
        added[i] = 10;
    if (status == ZAGG_OK)
        status = zg_histogram_count(h, values.bytes, n, counts, &err);
    if (status == ZAGG_OK)
        assert_int_equal(zg_histogram_add_u32(h, values.bytes, n, added, &err), ZAGG_OK);
    if (error != NULL && (status != ZAGG_ERANGE || strcmp(err.msg, error->str) != 0))
        case_fail(r, name, "'%s', expected '%s'", err.msg, error->str);
    else if (error == NULL && status != ZAGG_OK)
        case_fail(r, name, "%s", err.msg);
    else if (error == NULL && !same_edges(h, zagg_value_get(c, "result_edges")))
        case_fail(r, name, "other edges");
    else if (error == NULL && !same_counts(h, counts, added, zagg_value_get(c, "counts")))
        case_fail(r, name, "other counts");
    else
        case_pass(r);
}

static void test_numpy(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    zg_histogram *h = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(zg_histogram_new(&h, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, source_path("tests/golden/data/histograms.json"));
    const zagg_value *cases = zagg_value_get(root, "cases");
    case_report report = {.set = "histograms"};
    for (size_t i = 0; i < cases->n; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%zu", i);
        numpy_case(&report, name, cases->items[i], h);
    }
    report_end(&report, 190);
    zg_histogram_free(h);
    zagg_arena_free(arena);
}

static void test_promotion(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, source_path("tests/golden/data/histograms.json"));
    const zagg_value *types = zagg_value_get(root, "types");
    const zagg_value *table = zagg_value_get(root, "promotion");
    assert_int_equal(types->n, 11);
    for (size_t i = 0; i < types->n; i++) {
        for (size_t j = 0; j < types->n; j++) {
            zagg_dtype t = zg_promote(zagg_dtype_from_name(types->items[i]->str),
                                      zagg_dtype_from_name(types->items[j]->str));
            assert_string_equal(zagg_dtype_name(t), table->items[i]->items[j]->str);
        }
    }
    zagg_arena_free(arena);
}

/* More values than one block holds, with every value in sight of an edge. */
static void test_many_values(void **state)
{
    (void)state;
    enum { N = 5000, BINS = 37 };
    static float x[N];
    static double wide[N];
    static int64_t counts[BINS], wide_counts[BINS];
    zg_histogram *h = NULL;
    assert_int_equal(zg_histogram_new(&h, NULL), ZAGG_OK);
    assert_int_equal(zg_histogram_set_range(h, ZAGG_DT_F32, zg_bound_f32(-1.7F),
                                            zg_bound_f32(3.1F), BINS, NULL),
                     ZAGG_OK);
    zagg_dtype dtype;
    const float *e = zg_histogram_edges(h, &dtype);
    int64_t expected[BINS] = {0};
    for (size_t i = 0; i < N; i++) {
        size_t k = i * 7 % (BINS + 1);
        x[i] = i % 3 == 0   ? e[k]
               : i % 3 == 1 ? nextafterf(e[k], INFINITY)
                            : nextafterf(e[k], -INFINITY);
        wide[i] = (double)x[i];
        for (size_t b = 0; b < BINS; b++)
            expected[b] +=
                x[i] >= e[b] && (b + 1 < BINS ? x[i] < e[b + 1] : x[i] <= e[BINS]);
    }
    assert_int_equal(zg_histogram_count(h, x, N, counts, NULL), ZAGG_OK);
    assert_memory_equal(counts, expected, sizeof expected);
    /* the same edges as a list, and float64 values */
    double edges[BINS + 1];
    for (size_t b = 0; b <= BINS; b++)
        edges[b] = (double)e[b];
    assert_int_equal(
        zg_histogram_set_edges(h, ZAGG_DT_F64, ZAGG_DT_F64, edges, BINS + 1, NULL),
        ZAGG_OK);
    assert_int_equal(zg_histogram_count(h, wide, N, wide_counts, NULL), ZAGG_OK);
    assert_memory_equal(wide_counts, expected, sizeof expected);
    zg_histogram_free(h);
}

static void test_bins_stay(void **state)
{
    (void)state;
    const float x[3] = {0.5F, 1.5F, 2.5F};
    int64_t counts[3] = {9, 9, 9};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_dtype dtype;
    zg_histogram *h = NULL;
    assert_int_equal(zg_histogram_new(&h, NULL), ZAGG_OK);
    assert_int_equal(zg_histogram_count(h, x, 3, counts, &err), ZAGG_EARG);
    assert_null(zg_histogram_edges(h, &dtype));
    zg_bound lo = zg_bound_weak(0), hi = zg_bound_weak(3);
    assert_int_equal(zg_histogram_set_range(h, ZAGG_DT_F32, lo, hi, 3, NULL), ZAGG_OK);
    const void *edges = zg_histogram_edges(h, &dtype);
    /* the same again is not worked out again; an error changes nothing */
    zg_alloc_fail_nth(1);
    assert_int_equal(zg_histogram_set_range(h, ZAGG_DT_F32, lo, hi, 3, NULL), ZAGG_OK);
    zg_alloc_fail_nth(0);
    assert_ptr_equal(zg_histogram_edges(h, &dtype), edges);
    assert_int_equal(zg_histogram_set_range(h, ZAGG_DT_F32, hi, lo, 3, NULL),
                     ZAGG_ERANGE);
    const double descending[2] = {2, 1};
    assert_int_equal(
        zg_histogram_set_edges(h, ZAGG_DT_F32, ZAGG_DT_F64, descending, 2, NULL),
        ZAGG_ERANGE);
    assert_int_equal(zg_histogram_count(h, x, 3, counts, &err), ZAGG_OK);
    assert_true(counts[0] == 1 && counts[1] == 1 && counts[2] == 1);
    assert_int_equal(zg_histogram_bins(h), 3);
    zg_bound flag = {.value = {.dtype = ZAGG_DT_BOOL, .v.i = 1}};
    assert_int_equal(zg_histogram_set_range(h, ZAGG_DT_F32, lo, flag, 3, &err),
                     ZAGG_EUNSUPPORTED);
    assert_int_equal(zg_histogram_set_range(h, ZAGG_DT_F32, lo, hi, INT64_MAX, &err),
                     ZAGG_ERANGE);
    zg_histogram_free(h);
    zg_histogram_free(NULL);
}

static void test_failing_memory(void **state)
{
    (void)state;
    const float edges[3] = {0, 1, 2};
    int64_t counts[4];
    zagg_err err = ZAGG_ERR_INIT;
    zg_histogram *h = NULL;
    zg_alloc_fail_nth(1);
    assert_int_equal(zg_histogram_new(&h, &err), ZAGG_ENOMEM);
    assert_int_equal(zg_histogram_new(&h, NULL), ZAGG_OK);
    assert_int_equal(zg_histogram_set_edges(h, ZAGG_DT_F32, ZAGG_DT_F32, edges, 3, NULL),
                     ZAGG_OK);
    zg_alloc_fail_nth(1);
    assert_int_equal(zg_histogram_set_range(h, ZAGG_DT_F32, zg_bound_weak_int(0),
                                            zg_bound_weak_int(4), 4, &err),
                     ZAGG_ENOMEM);
    zg_alloc_fail_nth(1);
    assert_int_equal(zg_histogram_set_edges(h, ZAGG_DT_F32, ZAGG_DT_F32, edges, 3, &err),
                     ZAGG_ENOMEM);
    assert_int_equal(zg_histogram_count(h, edges, 3, counts, NULL), ZAGG_OK);
    assert_true(counts[0] == 1 && counts[1] == 2);
    zg_histogram_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy),          cmocka_unit_test(test_promotion),
        cmocka_unit_test(test_many_values),    cmocka_unit_test(test_bins_stay),
        cmocka_unit_test(test_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
