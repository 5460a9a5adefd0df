/* Fields over the cells of one small shard: what expressions, vectors, ragged fields and
 * chunk_precompute leave in the carrier, and how failures tell where they happened. */
#include "golden/core_cases.h"

#include <math.h>
#include <string.h>

/* Four cells: three rows, none, one row, two rows. */
enum { N_CELLS = 4, N_ROWS = 6 };
static const float HEIGHTS[N_ROWS] = {3, 1, 2, 10, 7, 5};
static const float TERRAIN[N_ROWS] = {0.5F, 0.5F, 0.5F, 8, 4, 4};
static const uint32_t RANKS[N_ROWS] = {0, 0, 0, 2, 3, 3};
static const uint64_t LEAVES[N_ROWS] = {11, 12, 13, 30, 41, 42};

static const char SOURCE[] =
    "{\"groups\": [\"a\"], \"coordinates\": {\"latitude\": \"/{group}/lat\","
    " \"longitude\": \"/{group}/lon\"}, \"variables\": {\"h\": \"/{group}/h\","
    " \"t\": \"/{group}/t\"}}";
static const char GRID[] =
    "{\"type\": \"healpix\", \"parent_order\": 5, \"child_order\": 6}";

typedef struct outcome {
    zagg_status status;
    zagg_err err;
    core_dense dense;
} outcome;

/* Aggregate the rows under this aggregation section. */
static outcome run(const char *aggregation)
{
    outcome o = {.status = ZAGG_OK};
    zagg_arena *arena;
    core_case c;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    o.status =
        core_case_of(arena, core_json(arena, SOURCE), core_json(arena, aggregation),
                     core_json(arena, GRID), &c, &o.err);
    if (o.status != ZAGG_OK)
        return o;
    zagg_column columns[2] = {{"h", ZAGG_DT_F32, (void *)(uintptr_t)HEIGHTS},
                              {"t", ZAGG_DT_F32, (void *)(uintptr_t)TERRAIN}};
    const zagg_table table = {N_ROWS, 2, columns, (uint32_t *)(uintptr_t)RANKS,
                              (uint64_t *)(uintptr_t)LEAVES};
    const zagg_table *tables[1] = {&table};
    const double lat = 45, lon = 10;
    uint64_t key, cells;
    bool none;
    zagg_shard shard;
    zg_grouped grouped;
    zagg_grid_shard_keys(c.grid, &lat, &lon, 1, &key, &none);
    assert_int_equal(zagg_grid_shard(c.grid, key, &shard, NULL), ZAGG_OK);
    assert_int_equal(zg_group_tables(c.worker, tables, 1, &grouped, NULL), ZAGG_OK);
    o.status = zg_aggregate(c.worker, &shard, &grouped, NULL, NULL, core_dense_take,
                            &o.dense, &cells, &o.err);
    zg_grouped_free(c.worker, &grouped);
    core_case_free(&c);
    return o;
}

static const zagg_carrier_column *column(const outcome *o, const char *name)
{
    if (o->status != ZAGG_OK)
        fail_msg("%s", o->err.msg);
    const zagg_carrier_column *c = core_dense_column(&o->dense, name);
    assert_non_null(c);
    return c;
}

static void expect_floats(const outcome *o, const char *name, const float *want, size_t n)
{
    const zagg_carrier_column *c = column(o, name);
    assert_int_equal(c->dtype, ZAGG_DT_F32);
    if (core_differing(ZAGG_DT_F32, c->data, want, n))
        fail_msg("%s differs", name);
}

static void expect_refusal(const char *aggregation, zagg_status status, const char *part)
{
    outcome o = run(aggregation);
    if (o.status != status || strstr(o.err.msg, part) == NULL)
        fail_msg("status %d, message: %s\nwanted: %s", o.status, o.err.msg, part);
    core_dense_free(&o.dense);
}

static void scalars_by_expression(void **state)
{
    static const float range[] = {2, NAN, 0, 2}, mean[] = {2, NAN, 10, 6};
    static const float weighted[] = {2, NAN, 10, 6};
    (void)state;
    outcome o = run("{\"variables\": {"
                    "\"range\": {\"expression\": \"np.max(h) - np.min(h)\"},"
                    "\"cut\": {\"expression\": \"np.mean(h) if len(h) > 1 else 10\"},"
                    "\"weighted\": {\"function\": \"average\", \"source\": \"h\","
                    " \"params\": {\"weights\": \"1.0 / t**2\"}},"
                    "\"n\": {\"expression\": \"len(leaf_id)\", \"dtype\": \"int16\","
                    " \"fill_value\": -1}}}");
    static const int16_t n[] = {3, -1, 1, 2};
    expect_floats(&o, "range", range, N_CELLS);
    expect_floats(&o, "cut", mean, N_CELLS);
    expect_floats(&o, "weighted", weighted, N_CELLS);
    assert_memory_equal(column(&o, "n")->data, n, sizeof n);
    core_dense_free(&o.dense);
}

static void vectors_hold_their_fill_in_empty_cells(void **state)
{
    static const uint8_t counts[] = {1, 2, 9, 9, 0, 1, 0, 2}; /* two bins a cell */
    static const float ends[] = {1, 3, NAN, NAN, 10, 10, 5, 7};
    (void)state;
    outcome o = run("{\"variables\": {"
                    "\"bins\": {\"kind\": \"vector\", \"trailing_shape\": 2,"
                    " \"dtype\": \"uint8\", \"fill_value\": 9,"
                    " \"expression\": \"np.histogram(h, [0.0, 1.5, 20.0])[0]\"},"
                    "\"ends\": {\"kind\": \"vector\", \"trailing_shape\": [2],"
                    " \"expression\": \"np.array([np.min(h), np.max(h)])\"}}}");
    const zagg_carrier_column *bins = column(&o, "bins");
    assert_int_equal(bins->width, 2);
    assert_memory_equal(bins->data, counts, sizeof counts);
    expect_floats(&o, "ends", ends, 2 * N_CELLS);
    core_dense_free(&o.dense);
    expect_refusal("{\"variables\": {\"v\": {\"kind\": \"vector\", \"trailing_shape\": 2,"
                   " \"expression\": \"h * 2\"}}}",
                   ZAGG_ERANGE, "gives 3 values where trailing_shape holds 2");
    expect_refusal("{\"variables\": {\"v\": {\"kind\": \"vector\", \"trailing_shape\": 2,"
                   " \"expression\": \"np.sum(h)\"}}}",
                   ZAGG_ERANGE, "gives one value where trailing_shape has 1 axes");
}

static void ragged_fields_by_expression(void **state)
{
    static const uint64_t offsets[] = {0, 2, 2, 2, 4};
    static const float above[] = {3, 2, 7, 5};
    static const uint64_t pair_offsets[] = {0, 3, 3, 4, 6};
    static const float pairs[] = {3, 0.5F, 1, 0.5F, 2, 0.5F, 10, 8, 7, 4, 5, 4};
    (void)state;
    outcome o = run("{\"variables\": {"
                    "\"above\": {\"kind\": \"ragged\", \"inner_shape\": [1],"
                    " \"expression\": \"h[(h > 1.5) & (h < 9)]\", \"fill_value\": 0},"
                    "\"pairs\": {\"kind\": \"ragged\", \"inner_shape\": [2],"
                    " \"expression\": \"np.column_stack((h, t))\", \"fill_value\": 0}}}");
    const zagg_carrier_column *a = column(&o, "above"), *p = column(&o, "pairs");
    assert_memory_equal(a->offsets, offsets, sizeof offsets);
    assert_memory_equal(a->data, above, sizeof above);
    assert_memory_equal(p->offsets, pair_offsets, sizeof pair_offsets);
    assert_memory_equal(p->data, pairs, sizeof pairs);
    core_dense_free(&o.dense);
    expect_refusal("{\"variables\": {\"r\": {\"kind\": \"ragged\", \"inner_shape\": [2],"
                   " \"expression\": \"h\", \"fill_value\": 0}}}",
                   ZAGG_ERANGE, "gives 3 values, no whole number of rows of 2");
}

/* The value of the chunk reaches its empty cells where the field is just that value. */
static void values_of_the_chunk(void **state)
{
    static const float low[] = {1, 1, 1, 1}, above[] = {2, NAN, 9, 6};
    static const float first[] = {3, 3, 3, 3};
    (void)state;
    outcome o =
        run("{\"chunk_precompute\": {"
            "\"low\": {\"function\": \"min\", \"source\": \"h\", \"dtype\": \"float32\"},"
            "\"first\": {\"expression\": \"h[0]\"}}, \"variables\": {"
            "\"base\": {\"expression\": \" low \"},"
            "\"start\": {\"expression\": \"first\"},"
            "\"above\": {\"expression\": \"np.max(h) - low\"}}}");
    expect_floats(&o, "base", low, N_CELLS);
    expect_floats(&o, "start", first, N_CELLS);
    expect_floats(&o, "above", above, N_CELLS);
    core_dense_free(&o.dense);
    expect_refusal("{\"chunk_precompute\": {\"c\": {\"expression\": \"h[99]\"}},"
                   " \"variables\": {\"v\": {\"expression\": \"c\"}}}",
                   ZAGG_ERANGE, "chunk 0: aggregation.chunk_precompute.c");
}

static void digests_carry_the_words_of_their_rows(void **state)
{
    (void)state;
    outcome o =
        run("{\"variables\": {\"d\": {\"kind\": \"ragged\", \"inner_shape\": [2],"
            " \"function\": \"zagg.stats.tdigest.build_tdigest\", \"source\": \"h\","
            " \"params\": {\"delta\": 64}, \"fill_value\": 0}}}");
    static const float centroids[] = {1, 1, 2, 1, 3, 1, 10, 1, 5, 1, 7, 1};
    static const uint64_t offsets[] = {0, 3, 3, 4, 6};
    const zagg_carrier_column *d = column(&o, "d");
    assert_int_equal(d->width, 2);
    assert_memory_equal(d->offsets, offsets, sizeof offsets);
    assert_memory_equal(d->data, centroids, sizeof centroids);
    core_dense_free(&o.dense);
    expect_refusal("{\"variables\": {\"d\": {\"kind\": \"ragged\", \"inner_shape\": [2],"
                   " \"function\": \"zagg.stats.tdigest.build_tdigest_where\","
                   " \"source\": \"h\", \"fill_value\": 0}}}",
                   ZAGG_ECONFIG, "where");
}

/* Field, cell, text and cause. */
static void failures_name_the_cell(void **state)
{
    (void)state;
    expect_refusal("{\"variables\": {\"tenth\": {\"expression\": \"h[2] + 1\"}}}",
                   ZAGG_ERANGE, "field 'tenth': cell ");
    expect_refusal(
        "{\"variables\": {\"tenth\": {\"expression\": \"h[2] + 1\"}}}", ZAGG_ERANGE,
        "'h[2] + 1': column 2: IndexError: index 2 is out of bounds for axis 0 with "
        "size 1");
    expect_refusal("{\"variables\": {\"n\": {\"expression\": \"np.mean(h)\","
                   " \"dtype\": \"int32\", \"fill_value\": 0}}}",
                   ZAGG_OK, "");
    expect_refusal("{\"variables\": {\"n\": {\"expression\": \"np.mean(h) / 4\","
                   " \"dtype\": \"int32\", \"fill_value\": 0}}}",
                   ZAGG_ERANGE, "field 'n': cell ");
    expect_refusal("{\"variables\": {\"a\": {\"expression\": \"h\"}}}", ZAGG_ERANGE,
                   "gives an array where a scalar field needs one value");
    expect_refusal("{\"variables\": {\"a\": {\"expression\": \"h @@ 2\"}}}", ZAGG_ECONFIG,
                   "column 4");
    expect_refusal(
        "{\"variables\": {\"a\": {\"function\": \"average\", \"source\": \"h\","
        " \"params\": {\"weights\": \"h * 0\"}}}}",
        ZAGG_ERANGE, "sum to zero, can't be normalized");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_by_expression),
        cmocka_unit_test(vectors_hold_their_fill_in_empty_cells),
        cmocka_unit_test(ragged_fields_by_expression),
        cmocka_unit_test(values_of_the_chunk),
        cmocka_unit_test(digests_carry_the_words_of_their_rows),
        cmocka_unit_test(failures_name_the_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
