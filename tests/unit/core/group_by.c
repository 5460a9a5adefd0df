/* Grouping by keys, and reducing of groups, against the plain way of doing it. */
#include "core/group_by.h"

#include "stats/reduce.h"
#include "support/random.h"
#include "support/support.h"
#include "zagg/arrow.h"

#include <stdlib.h>
#include <string.h>

static uint64_t seed = 1;

/* ---- keys ---- */

/* A key as a number that compares as its type does: signed ones are shifted up. */
static uint64_t ordered(zagg_dtype dtype, const void *keys, size_t i)
{
    uint64_t key = 0;
    const size_t size = zagg_dtype_size(dtype);
    memcpy(&key, (const uint8_t *)keys + i * size, size);
    if (zagg_dtype_is_signed_int(dtype))
        key ^= UINT64_C(1) << (8 * size - 1);
    return key;
}

static void check_groups(const char *what, zagg_dtype dtype, const void *keys, size_t n)
{
    zg_groups g;
    zagg_err err = ZAGG_ERR_INIT;
    size_t rows = 0;
    if (zg_group_keys(dtype, keys, n, &g, &err))
        fail_msg("%s: %s", what, err.msg);
    assert_int_equal(g.bounds[0], 0);
    assert_int_equal(g.bounds[g.n], n);
    uint8_t *seen = zg_alloc(n, 1);
    for (size_t i = 0; i < g.n; i++) {
        const uint64_t key = ordered(dtype, keys, g.order[g.bounds[i]]);
        if (g.bounds[i + 1] <= g.bounds[i])
            fail_msg("%s: group %zu is empty", what, i);
        if (i > 0 && ordered(dtype, keys, g.order[g.bounds[i] - 1]) >= key)
            fail_msg("%s: group %zu does not ascend", what, i);
        for (size_t k = g.bounds[i]; k < g.bounds[i + 1]; k++, rows++) {
            if (ordered(dtype, keys, g.order[k]) != key || seen[g.order[k]]++)
                fail_msg("%s: row %u does not belong to group %zu", what, g.order[k], i);
            if (k > g.bounds[i] && g.order[k] <= g.order[k - 1])
                fail_msg("%s: rows of group %zu are not in order", what, i);
        }
    }
    assert_int_equal(rows, n);
    zg_free(seen);
    zg_groups_free(&g);
}

static void test_keys(void **state)
{
    enum { N = 20000 };
    /* Which bits differ: none, one, a few, runs with gaps, every other bit, all. */
    static const uint64_t masks[] = {0,
                                     1,
                                     0x30,
                                     UINT64_C(0x3fffc00000),
                                     UINT64_C(0x00ff00ff000000ff),
                                     UINT64_C(0x8000000000000001),
                                     UINT64_C(0x5555555555555555),
                                     UINT64_C(0xaaaaaaaaaaaaaaaa),
                                     UINT64_C(0xffffffff00000000),
                                     UINT64_MAX};
    uint64_t *keys = zg_alloc(N, sizeof *keys);
    (void)state;
    for (size_t m = 0; m < sizeof masks / sizeof masks[0]; m++) {
        for (zagg_dtype t = ZAGG_DT_I8; t <= ZAGG_DT_U64; t = (zagg_dtype)(t + 1)) {
            static const size_t sizes[] = {0, 1, 2, 1023, 1024, 1025, N};
            const uint64_t base = random_u64(&seed);
            char what[80];
            for (size_t i = 0; i < N; i++) {
                const uint64_t key = (base & ~masks[m]) | (random_u64(&seed) & masks[m]);
                memcpy((uint8_t *)keys + i * zagg_dtype_size(t), &key,
                       zagg_dtype_size(t));
            }
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                (void)snprintf(what, sizeof what, "%zu %s keys, mask %llx", sizes[s],
                               zagg_dtype_name(t), (unsigned long long)masks[m]);
                check_groups(what, t, keys, sizes[s]);
            }
        }
    }
    zg_free(keys);
}

/* Numbers around 0, around a power of two, and with a common step. */
static void test_ranges(void **state)
{
    enum { N = 5000 };
    static int64_t around[N];
    static uint64_t power[N];
    static int32_t steps[N];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        const uint64_t r = random_u64(&seed);
        around[i] = (int64_t)(r % 2000) - 1000;
        power[i] = (UINT64_C(1) << 40) + r % 70000 - 35000;
        steps[i] = (int32_t)(r % 900) * 4096 - 1900000;
    }
    check_groups("around 0", ZAGG_DT_I64, around, N);
    check_groups("around 2^40", ZAGG_DT_U64, power, N);
    check_groups("with a step", ZAGG_DT_I32, steps, N);
}

/* ---- reducing ---- */

enum { N_ROWS = 6000, N_COLUMNS = 4 };

typedef struct data {
    zagg_arena *arena;
    int64_t keys[N_ROWS];
    float heights[N_ROWS];
    double sigmas[N_ROWS];
    uint16_t words[N_ROWS];
    zagg_column columns[N_COLUMNS];
    zagg_table table;
} data;

static const struct {
    zagg_group_field field;
    const char *params;
} FIELDS[] = {
    {{"n", "count", NULL, NULL, ZAGG_DT_NONE}, NULL},
    {{"h_min", "np.min", "h", NULL, ZAGG_DT_NONE}, NULL},
    {{"h_mean", "mean", "h", NULL, ZAGG_DT_NONE}, NULL},
    {{"h_wide", "mean", "h", NULL, ZAGG_DT_F64}, NULL},
    {{"h_var", "var", "h", NULL, ZAGG_DT_NONE}, "{ddof: 1}"},
    {{"h_median", "median", "h", NULL, ZAGG_DT_NONE}, NULL},
    {{"h_q", "quantile", "h", NULL, ZAGG_DT_NONE}, "{q: 0.9}"},
    {{"w_max", "max", "w", NULL, ZAGG_DT_NONE}, NULL},
    {{"w_sum", "sum", "w", NULL, ZAGG_DT_NONE}, NULL},
    {{"h_avg", "average", "h", NULL, ZAGG_DT_NONE}, "{weights: s}"},
    {{"n_short", "len", "absent", NULL, ZAGG_DT_U16}, NULL},
};
enum { N_FIELDS = sizeof FIELDS / sizeof FIELDS[0] };

static int setup(void **state)
{
    data *d = zg_alloc(1, sizeof *d);
    assert_non_null(d);
    *state = d;
    for (size_t i = 0; i < N_ROWS; i++) {
        const uint64_t r = random_u64(&seed);
        d->keys[i] = (int64_t)(r % 1500) * 3 - 2000;
        d->heights[i] = (float)(r % 977) / 8 - 40;
        d->sigmas[i] = 1 + (double)(r % 13);
        d->words[i] = (uint16_t)r;
    }
    d->columns[0] = (zagg_column){"key", ZAGG_DT_I64, d->keys};
    d->columns[1] = (zagg_column){"h", ZAGG_DT_F32, d->heights};
    d->columns[2] = (zagg_column){"s", ZAGG_DT_F64, d->sigmas};
    d->columns[3] = (zagg_column){"w", ZAGG_DT_U16, d->words};
    d->table = (zagg_table){N_ROWS, N_COLUMNS, d->columns, NULL, NULL};
    return zagg_arena_new(0, &d->arena, NULL) == ZAGG_OK ? 0 : -1;
}

static int teardown(void **state)
{
    data *d = *state;
    zagg_arena_free(d->arena);
    zg_free(d);
    return 0;
}

static zagg_group_field field_of(data *d, size_t i)
{
    zagg_group_field f = FIELDS[i].field;
    const char *text = FIELDS[i].params;
    zagg_err err = ZAGG_ERR_INIT;
    if (text && zagg_yaml_parse(d->arena, text, strlen(text), "p", &f.params, &err))
        fail_msg("%s", err.msg);
    return f;
}

static void fields_of(data *d, zagg_group_field fields[N_FIELDS])
{
    for (size_t i = 0; i < N_FIELDS; i++)
        fields[i] = field_of(d, i);
}

static const zagg_carrier *aggregate(const zagg_table *const *tables, size_t n_tables,
                                     const zagg_group_field *fields, size_t n_fields,
                                     zagg_pool *pool)
{
    const zagg_carrier *out = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_group_aggregate(tables, n_tables, "key", fields, n_fields, pool, &out, &err))
        fail_msg("%s", err.msg);
    return out;
}

/* Element of the result as the plain way gives it: pick the rows, reduce, store. */
static void plain(data *d, const zagg_group_field *f, int64_t key, zagg_dtype dtype,
                  uint64_t *element)
{
    const zg_reducer *r = NULL;
    uint8_t rows[N_ROWS][8];
    double weights[N_ROWS];
    uint64_t scratch[2 * N_ROWS];
    zg_scalar value;
    size_t column = 0, n = 0;
    zagg_err err = ZAGG_ERR_INIT;
    while (f->source && column < N_COLUMNS &&
           strcmp(d->columns[column].name, f->source) != 0)
        column++;
    column = column == N_COLUMNS ? 0 : column;
    const size_t size = zagg_dtype_size(d->columns[column].dtype);
    for (size_t i = 0; i < N_ROWS; i++) {
        if (d->keys[i] != key)
            continue;
        memcpy((uint8_t *)rows + n * size,
               (const uint8_t *)d->columns[column].data + i * size, size);
        weights[n++] = d->sigmas[i];
    }
    assert_int_equal(zg_reducer_compile(d->arena, f->function, f->params, &r, &err),
                     ZAGG_OK);
    const bool weighted = zg_reducer_weights(r) != NULL;
    if (zg_reduce(r, d->columns[column].dtype, rows, n,
                  weighted ? ZAGG_DT_F64 : ZAGG_DT_NONE, weighted ? weights : NULL,
                  scratch, &value, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(dtype, f->dtype == ZAGG_DT_NONE ? value.dtype : f->dtype);
    assert_int_equal(zg_scalar_store(value, dtype, element, &err), ZAGG_OK);
}

static void test_against_the_plain_way(void **state)
{
    data *d = *state;
    const zagg_table *const tables[] = {&d->table};
    zagg_group_field fields[N_FIELDS];
    fields_of(d, fields);
    const zagg_carrier *c = aggregate(tables, 1, fields, N_FIELDS, NULL);
    assert_int_equal(c->n_columns, N_FIELDS + 1);
    assert_int_equal(c->cells_with_data, c->n_cells);
    assert_true(c->n_cells > 1400 && c->n_cells <= 1500);
    assert_string_equal(c->columns[0].name, "key");
    assert_int_equal(c->columns[0].dtype, ZAGG_DT_I64);
    const int64_t *keys = c->columns[0].data;
    for (size_t g = 0; g < c->n_cells; g++) {
        assert_true(g == 0 || keys[g] > keys[g - 1]);
        for (size_t k = 0; k < N_FIELDS; k++) {
            const zagg_carrier_column *col = &c->columns[k + 1];
            const size_t size = zagg_dtype_size(col->dtype);
            uint64_t want = 0;
            if (g % 37 != 0)
                continue;
            plain(d, &fields[k], keys[g], col->dtype, &want);
            assert_string_equal(col->name, fields[k].name);
            if (memcmp((const uint8_t *)col->data + g * size, &want, size) != 0)
                fail_msg("%s of key %lld: other bytes", col->name, (long long)keys[g]);
        }
    }
    zagg_carrier_release(c);
}

static void expect_equal(const zagg_carrier *a, const zagg_carrier *b)
{
    assert_int_equal(a->n_cells, b->n_cells);
    assert_int_equal(a->n_columns, b->n_columns);
    for (size_t i = 0; i < a->n_columns; i++) {
        assert_int_equal(a->columns[i].dtype, b->columns[i].dtype);
        assert_memory_equal(a->columns[i].data, b->columns[i].data,
                            a->n_cells * zagg_dtype_size(a->columns[i].dtype));
    }
}

/* Threads and how the rows are spread over tables change nothing. */
static void test_threads_and_tables(void **state)
{
    static const size_t cuts[] = {0, 0, 1, 2500, 2500, N_ROWS};
    data *d = *state;
    const zagg_table *const whole[] = {&d->table};
    zagg_group_field fields[N_FIELDS];
    zagg_column columns[5][N_COLUMNS];
    zagg_table parts[5];
    const zagg_table *tables[5];
    zagg_pool *pool = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    fields_of(d, fields);
    const zagg_carrier *one = aggregate(whole, 1, fields, N_FIELDS, NULL);
    assert_int_equal(zagg_pool_new(4, &pool, &err), ZAGG_OK);
    const zagg_carrier *four = aggregate(whole, 1, fields, N_FIELDS, pool);
    expect_equal(one, four);
    for (size_t t = 0; t < 5; t++) {
        const size_t n = cuts[t + 1] - cuts[t];
        for (size_t i = 0; i < N_COLUMNS; i++) {
            columns[t][i] = d->columns[i];
            columns[t][i].data = n == 0
                                     ? NULL
                                     : (uint8_t *)d->columns[i].data +
                                           cuts[t] * zagg_dtype_size(d->columns[i].dtype);
        }
        parts[t] = (zagg_table){n, N_COLUMNS, columns[t], NULL, NULL};
        tables[t] = &parts[t];
    }
    const zagg_carrier *joined = aggregate(tables, 5, fields, N_FIELDS, pool);
    expect_equal(one, joined);
    zagg_carrier_release(one);
    zagg_carrier_release(four);
    zagg_carrier_release(joined);
    zagg_pool_free(pool);
}

/* No rows: no cells, but the columns and their types; no fields: the keys alone. */
static void test_little(void **state)
{
    data *d = *state;
    zagg_table none = d->table;
    const zagg_table *const empty[] = {&none}, *const full[] = {&d->table};
    zagg_group_field fields[N_FIELDS];
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_err err = ZAGG_ERR_INIT;
    none.n_rows = 0;
    fields_of(d, fields);
    const zagg_carrier *c = aggregate(empty, 1, fields, N_FIELDS, NULL);
    assert_int_equal(c->n_cells, 0);
    if (zagg_carrier_export_arrow(c, &array, &schema, &err))
        fail_msg("%s", err.msg);
    zagg_carrier_release(c);
    assert_int_equal(array.length, 0);
    static const char *const formats[] = {"l", "l", "f", "f", "g", "f",
                                          "f", "f", "S", "L", "g", "S"};
    for (size_t i = 0; i <= N_FIELDS; i++)
        assert_string_equal(schema.children[i]->format, formats[i]);
    assert_null(schema.children[0]->metadata);
    array.release(&array);
    schema.release(&schema);
    c = aggregate(full, 1, NULL, 0, NULL);
    assert_int_equal(c->n_columns, 1);
    assert_true(c->n_cells > 1400);
    zagg_carrier_release(c);
}

static void refuse(const zagg_table *const *tables, size_t n_tables, const char *key,
                   zagg_group_field field, zagg_status status, const char *words)
{
    const zagg_carrier *out = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_status got =
        zagg_group_aggregate(tables, n_tables, key, &field, 1, NULL, &out, &err);
    if (got != status || !strstr(err.msg, words))
        fail_msg("%s: %s, expected %s: %s", zagg_status_name(got), err.msg,
                 zagg_status_name(status), words);
    assert_null(out);
}

static void test_refused(void **state)
{
    data *d = *state;
    const zagg_group_field mean = {"m", "mean", "h", NULL, ZAGG_DT_NONE};
    zagg_column columns[N_COLUMNS];
    zagg_table other = d->table;
    const zagg_table *const one[] = {&d->table}, *const two[] = {&d->table, &other},
                            *const changed[] = {&other};
    zagg_group_field f = mean;
    refuse(NULL, 0, "key", mean, ZAGG_EARG, "no table");
    refuse(one, 1, "cell", mean, ZAGG_ENOTFOUND, "key: there is no column 'cell'");
    refuse(one, 1, "s", mean, ZAGG_EUNSUPPORTED,
           "'s' is float64; a key is a whole number");
    f.source = "height";
    refuse(one, 1, "key", f, ZAGG_ENOTFOUND, "field 'm': there is no column 'height'");
    f.source = NULL;
    refuse(one, 1, "key", f, ZAGG_EARG, "field 'm' has no source");
    f = mean;
    f.function = "mode";
    refuse(one, 1, "key", f, ZAGG_ECONFIG, "field 'm': function \"mode\"");
    f.function = NULL;
    refuse(one, 1, "key", f, ZAGG_EARG, "field 0");
    f = field_of(d, 9);
    memcpy(columns, d->columns, sizeof columns);
    other.columns = columns;
    columns[2].data = NULL;
    refuse(changed, 1, "key", f, ZAGG_ENOTFOUND, "column 's' holds no data");
    columns[2].data = d->sigmas;
    columns[2].name = "t";
    refuse(changed, 1, "key", f, ZAGG_ENOTFOUND, "field 'h_avg': there is no column 's'");
    refuse(two, 2, "key", mean, ZAGG_EFORMAT, "All batches must have same schema");
    columns[2] = (zagg_column){"s", ZAGG_DT_F32, d->sigmas};
    refuse(two, 2, "key", mean, ZAGG_EFORMAT, "table 1");
    columns[2] = d->columns[2];
    other.n_columns = 3;
    refuse(two, 2, "key", mean, ZAGG_EFORMAT, "same schema");
    other.n_columns = N_COLUMNS;
    other.n_rows = UINT32_MAX - N_ROWS;
    refuse(two, 2, "key", mean, ZAGG_ERANGE, "rows");
}

/* What a group cannot give is told with field and key: the first group at fault. */
static void test_group_at_fault(void **state)
{
    static int8_t keys[] = {5, -7, 5, -7, 120};
    static float values[] = {1, 2, 4, 8.5F, 1};
    data *d = *state;
    zagg_column columns[] = {{"key", ZAGG_DT_I8, keys}, {"v", ZAGG_DT_F32, values}};
    const zagg_table table = {5, 2, columns, NULL, NULL};
    const zagg_table *const tables[] = {&table};
    const zagg_group_field whole = {"m", "mean", "v", NULL, ZAGG_DT_I32};
    zagg_group_field average = field_of(d, 9);
    refuse(tables, 1, "key", whole, ZAGG_ERANGE, "field 'm': key -7: 5.25 is no whole");
    average.source = "v";
    average.name = "a";
    static const char text[] = "{weights: v}";
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(
        zagg_yaml_parse(d->arena, text, strlen(text), "p", &average.params, &err),
        ZAGG_OK);
    values[4] = 0;
    refuse(tables, 1, "key", average, ZAGG_ERANGE, "field 'a': key 120: ");
    values[4] = 1;
}

static void test_memory(void **state)
{
    data *d = *state;
    const zagg_table *const tables[] = {&d->table, &d->table};
    zagg_status status = ZAGG_ENOMEM;
    zagg_group_field fields[N_FIELDS];
    fields_of(d, fields);
    for (int64_t nth = 1; status != ZAGG_OK; nth++) {
        const zagg_carrier *out = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        zg_alloc_fail_nth(nth);
        status =
            zagg_group_aggregate(tables, 2, "key", fields, N_FIELDS, NULL, &out, &err);
        zg_alloc_fail_nth(0);
        assert_true(status == ZAGG_OK ? nth > 6 : status == ZAGG_ENOMEM);
        assert_true((out != NULL) == (status == ZAGG_OK));
        zagg_carrier_release(out);
    }
    /* The sort of scattered keys has allocations of its own. */
    uint64_t keys[300];
    for (size_t i = 0; i < 300; i++)
        keys[i] = random_u64(&seed);
    status = ZAGG_ENOMEM;
    for (int64_t nth = 1; status != ZAGG_OK; nth++) {
        zagg_err err = ZAGG_ERR_INIT;
        zg_groups g;
        zg_alloc_fail_nth(nth);
        status = zg_group_keys(ZAGG_DT_U64, keys, 300, &g, &err);
        zg_alloc_fail_nth(0);
        assert_true(status == ZAGG_OK ? nth == 6 : status == ZAGG_ENOMEM);
        zg_groups_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_against_the_plain_way),
        cmocka_unit_test(test_threads_and_tables),
        cmocka_unit_test(test_little),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_group_at_fault),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
