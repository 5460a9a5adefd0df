/* Group reads: which rows are looked at, which are kept, what coarser levels paint on
 * them, what is counted and what is refused. */
#include "read_test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct fixture {
    zagg_arena *arena;
    zagg_pool *pool;
    char *dir;
    beam beam;
} fixture;

typedef struct reading {
    zagg_status status;
    zagg_err err;
    zagg_table *table;
    zagg_read_counters counters;
} reading;

static int setup(void **state)
{
    fixture *f = zg_alloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(zagg_arena_new(0, &f->arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_pool_new(3, &f->pool, NULL), ZAGG_OK);
    f->dir = make_temp_dir();
    f->beam = beam_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    zagg_pool_free(f->pool);
    zagg_arena_free(f->arena);
    remove_tree(f->dir);
    zg_free(f->dir);
    zg_free(f);
    return 0;
}

static void write_file(const fixture *f, char path[512])
{
    (void)snprintf(path, 512, "%s/granule.h5", f->dir);
    granule_file *file = granule_create(path);
    beam_write(&f->beam, file, "gt1l");
    granule_close(file);
}

static reading read_from(const fixture *f, const char *path, const config_parts *parts,
                         uint64_t key, const char *group)
{
    reading r = {.status = ZAGG_OK};
    zagg_shard shard;
    core_granule g;
    core_case c = config_case(f->arena, parts);
    const zagg_read_opts opts = {f->pool, true, true};
    assert_int_equal(zagg_grid_shard(c.grid, key, &shard, NULL), ZAGG_OK);
    assert_int_equal(core_granule_open(path, &g, &r.err), ZAGG_OK);
    r.status = zagg_worker_read_group(c.worker, &shard, g.file, group, &opts, f->arena,
                                      &r.table, &r.counters, &r.err);
    core_granule_close(&g);
    core_case_free(&c); /* takes the names of columns along; their values stay */
    return r;
}

static reading read_beam(const fixture *f, const config_parts *parts, uint64_t key)
{
    char path[512];
    write_file(f, path);
    return read_from(f, path, parts, key, "gt1l");
}

/* Heights name the photons: 100 + index. */
static void kept(const reading *r, const char *photons)
{
    char found[128] = "";
    size_t used = 0;
    if (r->status != ZAGG_OK)
        fail_msg("%s", r->err.msg);
    for (size_t i = 0; r->table && i < r->table->n_rows; i++) {
        const float h = ((const float *)r->table->columns[0].data)[i];
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%d",
                                 used ? " " : "", (int)h - 100);
    }
    assert_string_equal(found, photons);
}

static void refused(const reading *r, zagg_status status, const char *text)
{
    if (r->status != status || !strstr(r->err.msg, text))
        fail_msg("%s: %s", zagg_status_name(r->status), r->err.msg);
    assert_null(r->table);
}

#define PLAN(rest)                                                                       \
    {                                                                                    \
        .read_plan = "{\"spatial_index\": \"segments\", " rest "}"                       \
    }

static void slices_are_padded(void **state)
{
    const fixture *f = *state;
    const config_parts pad0 = PLAN("\"pad\": 0"), pad1 = PLAN("\"pad\": 1");
    reading r = read_beam(f, &pad0, 1);
    kept(&r, "6 7 8 9 10 11");
    assert_int_equal(r.counters.rows_read, 6);
    r = read_beam(f, &pad1, 1);
    kept(&r, "5 6 7 8 9 10 11");
    assert_int_equal(r.counters.rows_read, 9);
    r = read_beam(f, &pad1, 2); /* no segment there */
    assert_null(r.table);
    assert_int_equal(r.counters.rows_read, 0);
}

static void threshold_is_strict(void **state)
{
    const fixture *f = *state;
    const config_parts half = PLAN("\"pad\": 0, \"full_read_threshold\": 0.5");
    const config_parts less = PLAN("\"pad\": 0, \"full_read_threshold\": 0.49");
    reading r = read_beam(f, &half, 1);
    assert_int_equal(r.counters.rows_read, 6);
    r = read_beam(f, &less, 1);
    kept(&r, "5 6 7 8 9 10 11");
    assert_int_equal(r.counters.rows_read, N_PHOTONS);
}

static void runs_that_touch_are_joined(void **state)
{
    fixture *f = *state;
    const config_parts pad0 = PLAN("\"pad\": 0"), pad1 = PLAN("\"pad\": 1");
    f->beam.seg_lon[1] = 5; /* segments 0 and 2, 3 in shards of their own */
    f->beam.seg_lon[2] = 0.5;
    f->beam.seg_lon[3] = 5;
    reading r = read_beam(f, &pad0, 0);
    assert_int_equal(r.counters.rows_read, 6);
    kept(&r, "0 1 2");
    r = read_beam(f, &pad1, 0); /* full: 12 of 12 rows */
    assert_int_equal(r.counters.rows_read, N_PHOTONS);
    kept(&r, "0 1 2 3 4");
}

static void empty_segments_bound_nothing(void **state)
{
    fixture *f = *state;
    const config_parts pad1 = PLAN("\"pad\": 1, \"full_read_threshold\": 2.0");
    f->beam.count[1] = 0;
    f->beam.index_beg[1] = 0;
    reading r = read_beam(f, &pad1, 1);
    assert_int_equal(r.counters.rows_read, 6);
    kept(&r, "6 7 8 9 10 11");
    for (int s = 0; s < N_SEGMENTS; s++)
        f->beam.count[s] = 0;
    r = read_beam(f, &pad1, 1);
    assert_null(r.table);
    assert_int_equal(r.counters.groups_empty, 1);
}

static void segments_paint_their_rows(void **state)
{
    fixture *f = *state;
    const config_parts parts = {
        .segment_variables =
            "{\"dem\": \"/{group}/geo/dem\", \"flag\": \"/{group}/geo/flag\"}"};
    f->beam.count[2] = 2; /* photon 8 belongs to nobody */
    reading r = read_beam(f, &parts, 1);
    kept(&r, "5 6 7 8 9 10 11");
    assert_int_equal(r.table->n_columns, 4);
    const float *dem = r.table->columns[2].data;
    const int8_t *flag = r.table->columns[3].data;
    static const float want_dem[] = {20, 30, 30, NAN, 40, 40, 40};
    static const int8_t want_flag[] = {2, 3, 3, 0, 4, 4, 4};
    assert_int_equal(r.table->columns[2].dtype, ZAGG_DT_F32);
    assert_int_equal(core_differing(ZAGG_DT_F32, dem, want_dem, 7), 0);
    assert_memory_equal(flag, want_flag, 7);
}

static void damaged_links_are_refused(void **state)
{
    fixture *f = *state;
    const config_parts parts = {.segment_variables = "{\"dem\": \"/{group}/geo/dem\"}"};
    f->beam.count[1] = 4;
    reading r = read_beam(f, &parts, 1);
    refused(&r, ZAGG_EFORMAT,
            "overlap: record 1 covers base rows [3:7] but record 2 starts at 6");
    f->beam = beam_new();
    f->beam.count[3] = 4;
    r = read_beam(f, &parts, 1);
    refused(&r, ZAGG_EFORMAT, "range [9:13] exceeds base size 12");
    f->beam = beam_new();
    f->beam.index_beg[0] = 0;
    r = read_beam(f, &parts, 1);
    refused(&r, ZAGG_EFORMAT, "index_beg_arr[0]=0 is less than index_base=1");
    f->beam.index_beg[0] = INT64_MAX;
    r = read_beam(f, &parts, 1);
    refused(&r, ZAGG_EFORMAT, "");
    f->beam = beam_new();
    f->beam.count[3] = 7;
    const config_parts plan = PLAN("\"pad\": 0, \"full_read_threshold\": 2.0");
    r = read_beam(f, &plan, 1);
    refused(&r, ZAGG_EFORMAT, "links to row 16");
}

static void types_of_links_and_coordinates(void **state)
{
    fixture *f = *state;
    static const zagg_dtype integers[] = {ZAGG_DT_I8,  ZAGG_DT_I16, ZAGG_DT_I32,
                                          ZAGG_DT_U8,  ZAGG_DT_U16, ZAGG_DT_U32,
                                          ZAGG_DT_U64, ZAGG_DT_I64};
    const config_parts pad0 = PLAN("\"pad\": 0");
    reading r;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        f->beam.links = integers[i];
        r = read_beam(f, &pad0, 1);
        kept(&r, "6 7 8 9 10 11");
        assert_int_equal(r.counters.rows_read, 6);
    }
    f->beam.links = ZAGG_DT_F32;
    r = read_beam(f, &pad0, 1);
    refused(&r, ZAGG_ECONFIG, "/gt1l/geo/beg: holds float32; integers are needed here");
    f->beam.links = ZAGG_DT_U64;
    f->beam.index_beg[2] = -1; /* stored as 2^64 - 1, which is no row */
    r = read_beam(f, &pad0, 1);
    refused(&r, ZAGG_EFORMAT, "link record 2 is out of range");
    f->beam = beam_new();
    f->beam.coordinates = ZAGG_DT_F32;
    r = read_beam(f, &pad0, 1);
    kept(&r, "6 7 8 9 10 11");
    f->beam.coordinates = ZAGG_DT_I32;
    r = read_beam(f, &pad0, 1);
    refused(&r, ZAGG_ECONFIG, "holds int32; coordinates must be floating point");
}

static void filters_on_both_levels(void **state)
{
    fixture *f = *state;
    const config_parts parts = {
        .filters = "[{\"dataset\": \"/{group}/heights/quality\", \"op\": \"ne\","
                   " \"value\": 3}, {\"level\": \"segments\", \"dataset\":"
                   " \"/{group}/geo/flag\", \"op\": \"in\", \"values\": [2, 4]}]"};
    f->beam.count[3] = 7; /* beyond the photons: clipped for filters */
    reading r = read_beam(f, &parts, 1);
    kept(&r, "5 9 10");
    assert_int_equal(r.counters.rows_read, N_PHOTONS);
}

static void points_without_cell_are_dropped(void **state)
{
    fixture *f = *state;
    const config_parts parts = {0};
    f->beam.lat[7] = NAN;
    f->beam.lon[8] = INFINITY;
    f->beam.lat[9] = 8.5; /* north of the grid */
    reading r = read_beam(f, &parts, 1);
    kept(&r, "5 6 10 11");
    assert_int_equal(r.counters.points_without_cell, 3);
    assert_int_equal(r.table->leaf_ids[0], 2);
    assert_int_equal(r.table->ranks[0], 0);
    assert_int_equal(r.table->leaf_ids[3], 3);
    assert_int_equal(r.table->ranks[3], 1);
}

static void absent_and_empty_beams_are_counted(void **state)
{
    fixture *f = *state;
    const config_parts parts = {0};
    char path[512];
    write_file(f, path);
    reading r = read_from(f, path, &parts, 1, "gt1r");
    kept(&r, "");
    assert_int_equal(r.counters.groups_absent, 1);
    assert_string_equal(r.err.msg, "");
    f->beam.n_photons = 0;
    r = read_beam(f, &parts, 1);
    kept(&r, "");
    assert_int_equal(r.counters.groups_empty, 1);
}

/* One dataset of a beam is missing, or shaped so that it cannot be used. */
static void broken_beams_are_errors(void **state)
{
    const fixture *f = *state;
    static const struct {
        const char *leaf; /* written as `rows` x `columns` of `dtype`; NULL: left out */
        zagg_dtype dtype;
        granule_shape shape;
        zagg_status status;
        const char *text;
    } cases[] = {
        {NULL, ZAGG_DT_NONE, {0, 0, 0}, ZAGG_ENOTFOUND, "lat"},
        {"lat", ZAGG_DT_F64, {N_PHOTONS, 2, 0}, ZAGG_ECONFIG, "has 2 dimensions"},
        {"lat", ZAGG_DT_I32, {N_PHOTONS, 0, 0}, ZAGG_ECONFIG, "must be floating point"},
        {"lat", ZAGG_DT_F64, {N_PHOTONS - 1, 0, 0}, ZAGG_EFORMAT, "rows"},
    };
    static const double zeros[2 * N_PHOTONS];
    const config_parts parts = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/broken.h5", f->dir);
        granule_file *file = granule_create(path);
        granule_put(file, "/gt1l/heights/lon", ZAGG_DT_F64,
                    (granule_shape){N_PHOTONS, 0, 0}, zeros);
        if (cases[i].leaf)
            granule_put(file, "/gt1l/heights/lat", cases[i].dtype, cases[i].shape, zeros);
        granule_close(file);
        const reading r = read_from(f, path, &parts, 1, "gt1l");
        refused(&r, cases[i].status, cases[i].text);
    }
}

/* Whatever allocation fails, the read says so and nothing leaks. */
static void memory_may_lack_anywhere(void **state)
{
    const fixture *f = *state;
    const config_parts parts = {
        .read_plan = "{\"spatial_index\": \"segments\", \"pad\": 1}",
        .segment_variables = "{\"dem\": \"/{group}/geo/dem\"}",
        .filters = "[{\"dataset\": \"/{group}/heights/quality\", \"op\": \"in\","
                   " \"values\": [0, 1]}]"};
    char path[512];
    zagg_shard shard;
    write_file(f, path);
    core_case c = config_case(f->arena, &parts);
    assert_int_equal(zagg_grid_shard(c.grid, 1, &shard, NULL), ZAGG_OK);
    zagg_status status = ZAGG_ENOMEM;
    int64_t nth = 0;
    while (status == ZAGG_ENOMEM) {
        core_granule g;
        zagg_arena *arena;
        zagg_table *table = NULL;
        zagg_read_counters counters = {0};
        zagg_err err = ZAGG_ERR_INIT;
        assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
        assert_int_equal(core_granule_open(path, &g, &err), ZAGG_OK);
        zg_alloc_fail_nth(++nth);
        status = zagg_worker_read_group(c.worker, &shard, g.file, "gt1l", NULL, arena,
                                        &table, &counters, &err);
        zg_alloc_fail_nth(0);
        if (status != ZAGG_OK && status != ZAGG_ENOMEM)
            fail_msg("allocation %lld: %s", (long long)nth, err.msg);
        assert_true(status == ZAGG_OK ? table != NULL : err.msg[0] && !table);
        core_granule_close(&g);
        zagg_arena_free(arena);
        assert_true(nth < 1000);
    }
    assert_int_equal(status, ZAGG_OK);
    assert_true(nth > 10);
    core_case_free(&c);
}

/* Segments of a real granule are far more than the rows that a shard keeps of it, and a
 * table lives until its shard is grouped. */
static void only_the_table_is_kept(void **state)
{
    enum { N_MANY = 50000, KEPT_BYTES = 16384 };
    const fixture *f = *state;
    const config_parts parts = PLAN("\"pad\": 0");
    char path[512];
    double *coordinate = zg_alloc(N_MANY, sizeof *coordinate);
    int64_t *beg = zg_alloc(N_MANY, sizeof *beg);
    int32_t *count = zg_alloc(N_MANY, sizeof *count);
    const granule_shape many = {N_MANY, 0, 1000}, photons = {N_PHOTONS, 0, 5};
    assert_true(coordinate && beg && count);
    (void)snprintf(path, sizeof path, "%s/many.h5", f->dir);
    granule_file *file = granule_create(path);
    granule_put(file, "/gt1l/heights/lat", ZAGG_DT_F64, photons, f->beam.lat);
    granule_put(file, "/gt1l/heights/lon", ZAGG_DT_F64, photons, f->beam.lon);
    granule_put(file, "/gt1l/heights/h", ZAGG_DT_F32, photons, f->beam.h);
    granule_put(file, "/gt1l/heights/quality", ZAGG_DT_I8, photons, f->beam.quality);
    memcpy(beg, f->beam.index_beg, sizeof f->beam.index_beg);
    memcpy(count, f->beam.count, sizeof f->beam.count);
    granule_put(file, "/gt1l/geo/beg", ZAGG_DT_I64, many, beg);
    granule_put(file, "/gt1l/geo/cnt", ZAGG_DT_I32, many, count);
    for (int i = 0; i < N_MANY; i++)
        coordinate[i] = 7.5;
    granule_put(file, "/gt1l/geo/lat", ZAGG_DT_F64, many, coordinate);
    memcpy(coordinate, f->beam.seg_lon, sizeof f->beam.seg_lon);
    granule_put(file, "/gt1l/geo/lon", ZAGG_DT_F64, many, coordinate);
    granule_close(file);

    zagg_shard shard;
    core_granule g;
    zagg_arena *arena;
    zagg_table *table = NULL;
    zagg_read_counters counters = {0};
    zagg_err err = ZAGG_ERR_INIT;
    core_case c = config_case(f->arena, &parts);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_grid_shard(c.grid, 1, &shard, NULL), ZAGG_OK);
    assert_int_equal(core_granule_open(path, &g, &err), ZAGG_OK);
    if (zagg_worker_read_group(c.worker, &shard, g.file, "gt1l", NULL, arena, &table,
                               &counters, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_non_null(table);
    assert_int_equal(table->n_rows, 6);
    assert_true(zagg_arena_peak(arena) < KEPT_BYTES);
    core_granule_close(&g);
    core_case_free(&c);
    zagg_arena_free(arena);
    zg_free(coordinate);
    zg_free(beg);
    zg_free(count);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(slices_are_padded),
                                       TEST(threshold_is_strict),
                                       TEST(runs_that_touch_are_joined),
                                       TEST(empty_segments_bound_nothing),
                                       TEST(segments_paint_their_rows),
                                       TEST(damaged_links_are_refused),
                                       TEST(types_of_links_and_coordinates),
                                       TEST(filters_on_both_levels),
                                       TEST(points_without_cell_are_dropped),
                                       TEST(absent_and_empty_beams_are_counted),
                                       TEST(broken_beams_are_errors),
                                       TEST(only_the_table_is_kept),
                                       TEST(memory_may_lack_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
