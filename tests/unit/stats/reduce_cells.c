/* Many slices at once: the same bytes as slice by slice, for every reducer and type. */
#include "stats/reduce.h"
#include "support/random.h"
#include "support/support.h"

#include <string.h>

static const struct {
    const char *function, *params;
} REDUCERS[] = {
    {"count", NULL},
    {"sum", NULL},
    {"prod", NULL},
    {"mean", NULL},
    {"var", NULL},
    {"var", "{ddof: 1}"},
    {"std", NULL},
    {"std", "{ddof: 3}"},
    {"min", NULL},
    {"max", NULL},
    {"ptp", NULL},
    {"median", NULL},
    {"quantile", "{q: 0.3}"},
    {"quantile", "{q: 1}"},
    {"percentile", "{q: 5, method: lower}"},
    {"quantile", "{q: 0.5, method: midpoint}"},
    {"quantile", "{q: 0.5, method: inverted_cdf}"},
    {"average", NULL},
    {"average", "{weights: w}"},
    {"nansum", NULL},
    {"nanmean", NULL},
    {"nanvar", NULL},
    {"nanstd", NULL},
    {"nanmin", NULL},
    {"nanmax", NULL},
    {"nanmedian", NULL},
    {"nanquantile", "{q: 0.25}"},
    {"argmin", NULL},
    {"argmax", NULL},
    {"count_nonzero", NULL},
    {"any", NULL},
    {"all", NULL},
};
enum { N_REDUCERS = sizeof REDUCERS / sizeof REDUCERS[0], N_CELLS = 60, N_ROWS = 22000 };

typedef struct data {
    zagg_arena *arena;
    const zg_reducer *reducers[N_REDUCERS];
    size_t bounds[N_CELLS + 1];
    uint32_t places[N_CELLS];
    double weights[N_ROWS];
    uint64_t values[N_ROWS]; /* elements of any type */
    uint64_t scratch[2 * N_ROWS];
} data;

static uint64_t seed = 1;

static int setup(void **state)
{
    data *d = zg_alloc(1, sizeof *d);
    zagg_err err = ZAGG_ERR_INIT;
    assert_non_null(d);
    *state = d;
    assert_int_equal(zagg_arena_new(0, &d->arena, &err), ZAGG_OK);
    for (size_t k = 0; k < N_REDUCERS; k++) {
        const zagg_value *params = NULL;
        const char *text = REDUCERS[k].params;
        if (text && zagg_yaml_parse(d->arena, text, strlen(text), "p", &params, &err))
            fail_msg("%s", err.msg);
        if (zg_reducer_compile(d->arena, REDUCERS[k].function, params, &d->reducers[k],
                               &err))
            fail_msg("%s", err.msg);
    }
    /* One row, a few, and one cell whose sum is made of several blocks. */
    d->bounds[0] = 17;
    for (size_t i = 0; i < N_CELLS; i++) {
        const size_t n = i == 30 ? 9000 : i < 25 ? i + 1 : 1 + random_u64(&seed) % 300;
        d->bounds[i + 1] = d->bounds[i] + n;
        d->places[i] = (uint32_t)(2 * i + 1);
    }
    assert_true(d->bounds[N_CELLS] - d->bounds[0] <= N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++)
        d->weights[i] = 0.5 + (double)(random_u64(&seed) % 1000);
    return 0;
}

static int teardown(void **state)
{
    data *d = *state;
    zagg_arena_free(d->arena);
    zg_free(d);
    return 0;
}

/* Values with repeats, zeros of both signs and, where asked for, NaN. */
static void fill(data *d, zagg_dtype dtype, bool nans)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const uint64_t r = random_u64(&seed);
        const bool nan = nans && r % 97 == 0;
        double x = (double)((int64_t)(r % 2000) - 1000) / 8;
        if (x == 0 && r % 3 == 0)
            x = -0.0;
        if (nan)
            x = __builtin_nan("");
        if (dtype == ZAGG_DT_F32)
            ((float *)d->values)[i] = (float)x;
        else if (dtype == ZAGG_DT_F64)
            ((double *)d->values)[i] = x;
        else if (dtype == ZAGG_DT_BOOL)
            ((uint8_t *)d->values)[i] = r % 5 == 0;
        else
            memcpy((uint8_t *)d->values + i * zagg_dtype_size(dtype), &r,
                   zagg_dtype_size(dtype));
    }
}

static void label(char out[96], size_t k, zagg_dtype dtype, size_t cell)
{
    (void)snprintf(out, 96, "%s %s of %s, cell %zu", REDUCERS[k].function,
                   REDUCERS[k].params ? REDUCERS[k].params : "", zagg_dtype_name(dtype),
                   cell);
}

/* Slice by slice. False where numpy has no answer for the type. */
static bool reduce_one(data *d, size_t k, zagg_dtype dtype, size_t i, zg_scalar *out)
{
    const size_t first = d->bounds[i] - d->bounds[0];
    const bool weighted = zg_reducer_weights(d->reducers[k]) != NULL;
    return zg_reduce(
               d->reducers[k], dtype,
               (const uint8_t *)d->values + first * zagg_dtype_size(dtype),
               d->bounds[i + 1] - d->bounds[i], weighted ? ZAGG_DT_F64 : ZAGG_DT_NONE,
               weighted ? d->weights + first : NULL, d->scratch, out, NULL) == ZAGG_OK;
}

static void check(data *d, zagg_dtype dtype)
{
    static uint64_t out[N_REDUCERS][2 * N_CELLS];
    zg_cell_field fields[N_REDUCERS];
    size_t numbers[N_REDUCERS], n = 0, bad_cell, bad_field;
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t k = 0; k < N_REDUCERS; k++) {
        const bool weighted = zg_reducer_weights(d->reducers[k]) != NULL;
        const zagg_dtype weights = weighted ? ZAGG_DT_F64 : ZAGG_DT_NONE;
        zg_scalar one;
        if (!reduce_one(d, k, dtype, 0, &one))
            continue;
        fields[n] =
            (zg_cell_field){d->reducers[k], weights, weighted ? d->weights : NULL,
                            zg_reducer_type(d->reducers[k], dtype, weights), out[n]};
        numbers[n++] = k;
    }
    const zg_cells cells = {dtype, d->values, d->bounds, d->places, N_CELLS};
    assert_true(zg_reduce_cells_scratch_bytes(&cells, fields, n) <= sizeof d->scratch);
    if (zg_reduce_cells(&cells, fields, n, d->scratch, &bad_cell, &bad_field, &err))
        fail_msg("%s", err.msg);
    for (size_t f = 0; f < n; f++)
        for (size_t i = 0; i < N_CELLS; i++) {
            const size_t size = zagg_dtype_size(fields[f].dtype);
            char name[96];
            uint64_t want = 0;
            zg_scalar one;
            label(name, numbers[f], dtype, i);
            assert_true(reduce_one(d, numbers[f], dtype, i, &one));
            if (one.dtype != fields[f].dtype)
                fail_msg("%s: %s, not %s", name, zagg_dtype_name(one.dtype),
                         zagg_dtype_name(fields[f].dtype));
            assert_int_equal(zg_scalar_store(one, fields[f].dtype, &want, &err), ZAGG_OK);
            if (memcmp((const uint8_t *)out[f] + d->places[i] * size, &want, size) != 0)
                fail_msg("%s: other bytes", name);
        }
}

static void test_same_bytes(void **state)
{
    data *d = *state;
    for (zagg_dtype t = ZAGG_DT_BOOL; t <= ZAGG_DT_F64; t = (zagg_dtype)(t + 1)) {
        fill(d, t, false);
        check(d, t);
        fill(d, t, true);
        check(d, t);
    }
}

/* Results go where they belong without places, and into another type. */
static void test_places_and_types(void **state)
{
    static const float values[] = {1, 2, 4, 8};
    static const size_t bounds[] = {0, 1, 4};
    data *d = *state;
    double mean[2];
    int16_t count[2];
    size_t bad_cell, bad_field;
    zagg_err err = ZAGG_ERR_INIT;
    const zg_cells cells = {ZAGG_DT_F32, values, bounds, NULL, 2};
    zg_cell_field fields[] = {{d->reducers[3], ZAGG_DT_NONE, NULL, ZAGG_DT_F64, mean},
                              {d->reducers[0], ZAGG_DT_NONE, NULL, ZAGG_DT_I16, count}};
    assert_int_equal(
        zg_reduce_cells(&cells, fields, 2, d->scratch, &bad_cell, &bad_field, &err),
        ZAGG_OK);
    assert_true(mean[0] == 1 && mean[1] == (double)(14.0F / 3));
    assert_true(count[0] == 1 && count[1] == 3);
    fields[1] = (zg_cell_field){d->reducers[3], ZAGG_DT_NONE, NULL, ZAGG_DT_I16, count};
    assert_int_equal(
        zg_reduce_cells(&cells, fields, 2, d->scratch, &bad_cell, &bad_field, &err),
        ZAGG_ERANGE);
    assert_int_equal(bad_cell, 1);
    assert_int_equal(bad_field, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_places_and_types),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
