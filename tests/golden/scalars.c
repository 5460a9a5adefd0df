/* Golden set aggregate/scal_*: 220 cells of heights through 12 reductions, as the numpy
 * of upstream gives them in float32. */
#include "golden/reducer_cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Columns and how they are made; "sigma" is the expression 1 / sqrt(sum(1 / sigma^2)). */
static const struct {
    const char *column, *function;
    double q; /* negative: no q */
} columns[] = {
    {"sum", "sum", -1},        {"mean", "mean", -1},      {"var", "var", -1},
    {"min", "min", -1},        {"max", "max", -1},        {"median", "median", -1},
    {"q05", "quantile", 0.05}, {"q25", "quantile", 0.25}, {"q50", "quantile", 0.5},
    {"q75", "quantile", 0.75}, {"avg_w", "average", -1},  {"sigma", "sum", -1},
};

enum { N_COLUMNS = (int)(sizeof columns / sizeof columns[0]) };

typedef struct scalar_set {
    npy values, sigma, off, out;
    size_t cells;
    size_t at[N_COLUMNS]; /* position in `out` of each of our columns */
    float *weights;       /* 1 / sigma^2 of all rows */
    void *scratch;
} scalar_set;

static size_t find_column(const zagg_value *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (zagg_value_is(names->items[i], name))
            return i;
    }
    fail_msg("scal_names.json has no column %s", name);
    return 0;
}

static const zg_reducer *compile(zagg_arena *arena, size_t column)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zg_reducer *r = NULL;
    const zagg_value *params = NULL;
    char text[64] = "{}";
    if (columns[column].q >= 0)
        snprintf(text, sizeof text, "{\"q\": %.2f}", columns[column].q);
    else if (strcmp(columns[column].function, "average") == 0)
        snprintf(text, sizeof text, "{\"weights\": \"w\"}");
    assert_int_equal(zagg_json_parse(arena, text, strlen(text), "params", &params, &err),
                     ZAGG_OK);
    assert_int_equal(
        zg_reducer_compile(arena, columns[column].function, params, &r, &err), ZAGG_OK);
    return r;
}

static void check_column(case_report *report, const scalar_set *s, size_t column,
                         const zg_reducer *r)
{
    bool sigma = strcmp(columns[column].column, "sigma") == 0;
    const float *source = sigma ? s->weights : s->values.data;
    const int64_t *off = s->off.data;
    for (size_t cell = 0; cell < s->cells; cell++) {
        zagg_err err = ZAGG_ERR_INIT;
        zg_scalar got = {0};
        size_t lo = (size_t)off[cell], n = (size_t)(off[cell + 1] - off[cell]);
        char name[64];
        snprintf(name, sizeof name, "%s/cell %zu", columns[column].column, cell);
        zagg_status status = zg_reduce(r, ZAGG_DT_F32, source + lo, n, ZAGG_DT_F32,
                                       s->weights + lo, s->scratch, &got, &err);
        float expected = ((const float *)s->out.data)[cell * N_COLUMNS + s->at[column]];
        float value = (float)got.v.f;
        if (sigma)
            value = 1.0F / sqrtf(value);
        if (status != ZAGG_OK)
            case_fail(report, name, "%s", err.msg);
        else if (got.dtype != ZAGG_DT_F32 ||
                 !same_double((double)value, (double)expected))
            case_fail(report, name, "%a, expected %a", (double)value, (double)expected);
        else
            case_pass(report);
    }
}

static void load(scalar_set *s, zagg_arena *arena)
{
    zagg_err err = ZAGG_ERR_INIT;
    s->values = npy_read(golden_path("aggregate/scal_values.npy"));
    s->sigma = npy_read(golden_path("aggregate/scal_sigma.npy"));
    s->off = npy_read(golden_path("aggregate/scal_off.npy"));
    s->out = npy_read(golden_path("aggregate/scal_out.npy"));
    s->cells = s->off.n - 1;
    assert_int_equal(s->out.n, s->cells * N_COLUMNS);
    assert_int_equal(s->out.dtype, ZAGG_DT_F32);
    assert_int_equal(s->values.dtype, ZAGG_DT_F32);
    assert_int_equal(s->sigma.n, s->values.n);
    const zagg_value *names =
        golden_json(arena, golden_path("aggregate/scal_names.json"));
    assert_int_equal(names->n, N_COLUMNS);
    for (size_t c = 0; c < N_COLUMNS; c++)
        s->at[c] = find_column(names, columns[c].column);
    assert_int_equal(
        zagg_arena_alloc(arena, s->values.n, sizeof(float), &s->weights, &err), ZAGG_OK);
    const float *sigma = s->sigma.data;
    for (size_t i = 0; i < s->values.n; i++)
        s->weights[i] = 1.0F / (sigma[i] * sigma[i]);
}

static void test_scalars(void **state)
{
    (void)state;
    if (!golden_available("aggregate/scal_out.npy"))
        return;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    scalar_set s = {0};
    load(&s, arena);
    case_report report = {.set = "scalars"};
    for (size_t c = 0; c < N_COLUMNS; c++) {
        zagg_arena_mark mark = zagg_arena_get_mark(arena);
        const zg_reducer *r = compile(arena, c);
        size_t bytes = zg_reducer_scratch_bytes(r, ZAGG_DT_F32, s.values.n);
        assert_int_equal(zagg_arena_alloc(arena, 1, bytes, &s.scratch, &err), ZAGG_OK);
        check_column(&report, &s, c, r);
        zagg_arena_release(arena, mark);
    }
    report_end(&report, 2000);
    npy_free(&s.values);
    npy_free(&s.sigma);
    npy_free(&s.off);
    npy_free(&s.out);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scalars)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
