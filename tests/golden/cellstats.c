/* golden/cellstats.json: upstream's aggregation of four cells (one of them without rows)
 * under its built-in configs: every stored field and payload, or the failure. */
#include "golden/core_cases.h"

#include <stdio.h>
#include <string.h>

static const char GRID[] =
    "{\"type\": \"healpix\", \"parent_order\": 5, \"child_order\": 6}";
enum { N_CELLS = 4 };

typedef struct suite {
    case_report report;
    zagg_arena *arena;
    const zagg_value *configs;
} suite;

static void *take(const suite *s, size_t n, size_t size)
{
    void *p;
    assert_int_equal(zagg_arena_alloc(s->arena, n, size, &p, NULL), ZAGG_OK);
    return p;
}

/* Elements of a list of hex floats or whole numbers, in the type that goes with it. */
static void *elements(const suite *s, const zagg_value *array, zagg_dtype *dtype,
                      size_t *n)
{
    const zagg_value *values = zagg_value_get(array, "values");
    *dtype = zagg_dtype_from_name(zagg_value_get(array, "dtype")->str);
    *n = values->n;
    const size_t size = zagg_dtype_size(*dtype);
    uint8_t *out = take(s, *n ? *n : 1, size);
    for (size_t i = 0; i < *n; i++) {
        const zagg_value *v = values->items[i];
        zg_scalar scalar = {ZAGG_DT_F64, {0}};
        if (v->kind == ZAGG_STR) {
            scalar.v.f = golden_double(v->str);
        } else {
            scalar.dtype = ZAGG_DT_I64;
            assert_true(zagg_value_i64(v, &scalar.v.i));
        }
        assert_int_equal(zg_scalar_store(scalar, *dtype, out + i * size, NULL), ZAGG_OK);
    }
    return out;
}

/* The rows of the case as one read. */
static void make_table(const suite *s, const zagg_value *entry, const zagg_worker *w,
                       zagg_table *t)
{
    const zagg_value *columns = zagg_value_get(entry, "columns");
    const zagg_value *slices = zagg_value_get(entry, "slices");
    const zagg_value *children = zagg_value_get(entry, "children");
    *t = (zagg_table){.n_columns = w->n_columns};
    t->columns = take(s, w->n_columns, sizeof *t->columns);
    for (size_t c = 0; c < w->n_columns; c++) {
        const char *name = w->columns[c].variable->name;
        t->columns[c].name = name;
        t->columns[c].data =
            elements(s, zagg_value_get(columns, name), &t->columns[c].dtype, &t->n_rows);
    }
    t->ranks = take(s, t->n_rows + 1, sizeof *t->ranks);
    for (size_t k = 0; k < children->n; k++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%lld", (long long)children->items[k]->u.i);
        const zagg_value *slice = zagg_value_get(slices, name);
        for (int64_t i = slice ? slice->items[0]->u.i : 0;
             slice && i < slice->items[1]->u.i; i++)
            t->ranks[i] = (uint32_t)k;
    }
}

static void check_field(suite *s, const char *name, const zagg_value *want,
                        const zagg_carrier_column *got, char why[256])
{
    zagg_dtype dtype;
    size_t n;
    const void *values = elements(s, want, &dtype, &n);
    if (!got)
        (void)snprintf(why, 256, "no column '%s'", name);
    else if (got->dtype != dtype || got->width * N_CELLS != n)
        (void)snprintf(why, 256, "%s: another type or size", name);
    else if (core_differing(dtype, got->data, values, n))
        (void)snprintf(why, 256, "%s: %zu elements differ", name,
                       core_differing(dtype, got->data, values, n));
}

static void check_payloads(suite *s, const char *name, const zagg_value *want,
                           const zagg_carrier_column *got, char why[256])
{
    const zagg_value *cells = zagg_value_get(want, "cell_idx");
    const zagg_value *payloads = zagg_value_get(want, "payloads");
    size_t filled = 0;
    if (!got || got->kind != ZAGG_FIELD_RAGGED) {
        (void)snprintf(why, 256, "no ragged column '%s'", name);
        return;
    }
    for (size_t i = 0; i < N_CELLS; i++)
        filled += got->offsets[i + 1] > got->offsets[i];
    if (filled != cells->n)
        (void)snprintf(why, 256, "%s: %zu cells have a payload", name, filled);
    for (size_t k = 0; k < cells->n && !why[0]; k++) {
        zagg_dtype dtype;
        size_t n;
        const void *values = elements(s, payloads->items[k], &dtype, &n);
        const size_t cell = (size_t)cells->items[k]->u.i;
        const size_t first = (size_t)got->offsets[cell] * got->width;
        if ((size_t)got->offsets[cell + 1] * got->width - first != n ||
            core_differing(dtype, (const float *)got->data + first, values, n))
            (void)snprintf(why, 256, "%s: payload %zu differs", name, k);
    }
}

static void check_fields(suite *s, const zagg_value *entry, const core_dense *dense,
                         char why[256])
{
    const zagg_value *fields = zagg_value_get(entry, "fields");
    const zagg_value *ragged = zagg_value_get(entry, "ragged");
    for (size_t i = 0; fields && i < fields->n && !why[0]; i++) {
        const char *name = fields->members[i].key->str;
        check_field(s, name, fields->members[i].value, core_dense_column(dense, name),
                    why);
    }
    for (size_t i = 0; ragged && i < ragged->n && !why[0]; i++) {
        const char *name = ragged->members[i].key->str;
        check_payloads(s, name, ragged->members[i].value, core_dense_column(dense, name),
                       why);
    }
}

static void run_case(suite *s, const zagg_value *entry, const core_case *c, char why[256])
{
    zagg_table table;
    zg_grouped grouped;
    zagg_shard shard;
    core_dense dense = {0};
    uint64_t cells = 0;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *error = zagg_value_get(entry, "error");
    const zagg_table *tables[1] = {&table};
    make_table(s, entry, c->worker, &table);
    uint64_t key;
    const double lat = 45, lon = 10;
    bool none;
    zagg_grid_shard_keys(c->grid, &lat, &lon, 1, &key, &none);
    assert_int_equal(zagg_grid_shard(c->grid, key, &shard, NULL), ZAGG_OK);
    assert_int_equal(zg_group_tables(c->worker, tables, 1, &grouped, NULL), ZAGG_OK);
    const zagg_status status = zg_aggregate(c->worker, &shard, &grouped, NULL, NULL,
                                            core_dense_take, &dense, &cells, &err);
    if (error && status == ZAGG_OK)
        (void)snprintf(why, 256, "upstream raises %s", error->str);
    else if (!error && status != ZAGG_OK)
        (void)snprintf(why, 256, "%.200s", err.msg);
    else if (!error && cells != core_number(entry, "cells_with_data"))
        (void)snprintf(why, 256, "%llu cells with data", (unsigned long long)cells);
    else if (!error)
        check_fields(s, entry, &dense, why);
    core_dense_free(&dense);
    zg_grouped_free(c->worker, &grouped);
}

static void check_case(suite *s, const zagg_value *entry, size_t number)
{
    const char *config = zagg_value_get(entry, "config")->str;
    const zagg_value *root = zagg_value_get(zagg_value_get(s->configs, config), "config");
    char name[256], why[256] = "";
    core_case c;
    zagg_arena *arena;
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(name, sizeof name, "%zu %s: %s", number, config,
                   zagg_value_get(entry, "note")->str);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    if (core_case_of(arena, zagg_value_get(root, "data_source"),
                     zagg_value_get(root, "aggregation"), core_json(s->arena, GRID), &c,
                     &err) != ZAGG_OK) {
        case_fail(&s->report, name, "%s", err.msg);
        return;
    }
    run_case(s, entry, &c, why);
    core_case_free(&c);
    if (why[0])
        case_fail(&s->report, name, "%s", why);
    else
        case_pass(&s->report);
}

static void test_cellstats(void **state)
{
    (void)state;
    suite s = {.report = {.set = "cellstats"}};
    if (!golden_available("cellstats.json") ||
        !golden_available("config_ok/builtin_seed.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &s.arena, NULL), ZAGG_OK);
    s.configs = golden_json(s.arena, golden_path("config_ok/builtin_seed.json"));
    const zagg_value *cases = golden_json(s.arena, golden_path("cellstats.json"));
    for (size_t i = 0; i < cases->n; i++)
        check_case(&s, cases->items[i], i);
    zagg_arena_free(s.arena);
    report_end(&s.report, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cellstats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
