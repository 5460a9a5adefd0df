/* Shards: the order of rows over granules, beams and photons; reads that differ in type;
 * failing reads beside good ones; sinks that fail; cells without rows. */
#include "read_test.h"

#include <string.h>

enum { N_GRANULES = 3 };

typedef granule_set fixture;

/* Heights tell granule, beam and photon. */
static int setup(void **state)
{
    fixture *f = granule_set_new();
    for (int g = 0; g < N_GRANULES; g++)
        granule_set_write(f, g, true, beam_new());
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    granule_set_free(*state);
    return 0;
}

/* Shard 1 has cells of rank 0 (photons 5..8) and 1 (photons 9..11); the rows of each must
 * come granule by granule, beam by beam, photon by photon. */
static void rows_of_a_cell_keep_their_order(void **state)
{
    const fixture *f = *state;
    const config_parts parts = {0};
    core_case c = config_case(f->arena, &parts);
    zagg_shard shard;
    const zagg_table *tables[2 * N_GRANULES];
    zg_grouped grouped = {0};
    zagg_read_counters counters = {0};
    assert_int_equal(zagg_grid_shard(c.grid, 1, &shard, NULL), ZAGG_OK);
    for (size_t t = 0; t < 2 * N_GRANULES; t++) {
        core_granule g;
        zagg_table *table = NULL;
        assert_int_equal(core_granule_open(f->hrefs[t / 2], &g, NULL), ZAGG_OK);
        assert_int_equal(zagg_worker_read_group(c.worker, &shard, g.file,
                                                t % 2 ? "gt1r" : "gt1l", NULL, f->arena,
                                                &table, &counters, NULL),
                         ZAGG_OK);
        core_granule_close(&g);
        tables[t] = table;
    }
    assert_int_equal(zg_group_tables(c.worker, tables, 2 * N_GRANULES, &grouped, NULL),
                     ZAGG_OK);
    static const uint32_t offsets[] = {0, 24, 42, 42, 42};
    assert_memory_equal(grouped.offsets, offsets, sizeof offsets);
    const float *h = grouped.columns[0];
    for (int cell = 0; cell < 2; cell++)
        for (int t = 0; t < 2 * N_GRANULES; t++)
            for (int i = 0; i < 4 - cell; i++) {
                const int photon = cell ? 9 + i : 5 + i;
                assert_int_equal((int)*h++, 1000 * (t / 2) + 100 * (t % 2) + photon);
            }
    zg_grouped_free(c.worker, &grouped);
    core_case_free(&c);
}

static void reads_of_two_types_are_refused(void **state)
{
    const fixture *f = *state;
    const config_parts parts = {0};
    core_case c = config_case(f->arena, &parts);
    static double wide[1];
    static float narrow[1];
    static int8_t quality[1];
    uint32_t rank = 0;
    zagg_column a[] = {{"h", ZAGG_DT_F32, narrow}, {"quality", ZAGG_DT_I8, quality}};
    zagg_column b[] = {{"h", ZAGG_DT_F64, wide}, {"quality", ZAGG_DT_I8, quality}};
    const zagg_table one = {1, 2, a, &rank, NULL}, two = {1, 2, b, &rank, NULL};
    const zagg_table *const tables[] = {&one, &two};
    zg_grouped grouped = {0};
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zg_group_tables(c.worker, tables, 2, &grouped, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "column 'h' is float32 in one read and float64"));
    core_case_free(&c);
}

static zagg_status full(void *user, const zagg_shard *shard, const zagg_carrier *carrier,
                        zagg_err *err)
{
    (void)user;
    (void)shard;
    (void)carrier;
    return zagg_err_set(err, ZAGG_EIO, "no room");
}

static void failures_of_the_whole_shard(void **state)
{
    const fixture *f = *state;
    const config_parts parts = {0};
    core_case c = config_case(f->arena, &parts);
    zagg_shard_result res;
    core_dense dense = {0};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    assert_int_equal(zagg_process_shard(c.worker, 1, f->hrefs, N_GRANULES, NULL, full,
                                        NULL, &res, &err),
                     ZAGG_EIO);
    assert_string_equal(err.msg, "no room");
    assert_int_equal(zagg_process_shard(c.worker, 16, f->hrefs, N_GRANULES, NULL,
                                        core_dense_take, &dense, &res, &err),
                     ZAGG_ECONFIG);
    assert_int_equal(res.granule_count, N_GRANULES);
    assert_int_equal(zagg_pool_new(2, &opts.pool, NULL), ZAGG_OK);
    zagg_pool_cancel(opts.pool);
    assert_int_equal(zagg_process_shard(c.worker, 1, f->hrefs, N_GRANULES, &opts,
                                        core_dense_take, &dense, &res, &err),
                     ZAGG_ECANCELLED);
    assert_int_equal(dense.n_carriers, 0);
    zagg_pool_free(opts.pool);
    core_case_free(&c);
}

static void failing_granules_are_counted(void **state)
{
    const fixture *f = *state;
    const config_parts parts = {0};
    core_case c = config_case(f->arena, &parts);
    const char *const hrefs[] = {f->hrefs[0], "/nowhere/a.h5", f->dir, f->hrefs[2]};
    zagg_shard_result res;
    core_dense dense = {0};
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_process_shard(c.worker, 1, hrefs, 4, NULL, core_dense_take,
                                        &dense, &res, &err),
                     ZAGG_OK);
    assert_int_equal(res.granule_errors, 2);
    assert_int_equal(res.files_processed, 2);
    assert_int_equal(res.total_obs, 28);
    assert_int_equal(res.n_exemplars, 2);
    assert_non_null(strstr(res.exemplars[0], "/nowhere/a.h5"));
    assert_false(res.no_data || res.failed);
    assert_string_equal(res.error, "");
    core_dense_free(&dense);
    core_case_free(&c);
}

/* Integer fields of cells without rows hold their fill, counts 0, floats NaN. */
static void cells_without_rows(void **state)
{
    const fixture *f = *state;
    const config_parts parts = {
        .fields =
            "{\"n\": {\"function\": \"count\", \"source\": \"h\", \"dtype\": \"int64\","
            " \"fill_value\": 5}, \"q\": {\"function\": \"max\", \"source\":"
            " \"quality\", \"dtype\": \"int16\", \"fill_value\": 7}, \"m\":"
            " {\"function\": \"mean\", \"source\": \"h\", \"dtype\": \"float64\","
            " \"fill_value\": -1}}"};
    core_case c = config_case(f->arena, &parts);
    zagg_shard_result res;
    core_dense dense = {0};
    assert_int_equal(zagg_process_shard(c.worker, 0, f->hrefs, 1, NULL, core_dense_take,
                                        &dense, &res, NULL),
                     ZAGG_OK);
    static const int64_t n[] = {6, 4, 0, 0};
    static const int16_t q[] = {2, 3, 7, 7};
    static const double m[] = {51, 53.5, __builtin_nan(""), __builtin_nan("")};
    assert_int_equal(res.cells_with_data, 2);
    assert_int_equal(dense.n_cells, 4);
    assert_memory_equal(core_dense_column(&dense, "n")->data, n, sizeof n);
    assert_memory_equal(core_dense_column(&dense, "q")->data, q, sizeof q);
    assert_int_equal(
        core_differing(ZAGG_DT_F64, core_dense_column(&dense, "m")->data, m, 4), 0);
    core_dense_free(&dense);
    core_case_free(&c);
}

static void shard_keys_of_a_granule(void **state)
{
    const fixture *f = *state;
    static const config_parts both[] = {
        {0}, {.read_plan = "{\"spatial_index\": \"segments\"}"}};
    for (size_t i = 0; i < 2; i++) {
        core_case c = config_case(f->arena, &both[i]);
        core_granule g;
        uint64_t *keys = NULL;
        size_t n = 0;
        assert_int_equal(core_granule_open(f->hrefs[0], &g, NULL), ZAGG_OK);
        assert_int_equal(
            zagg_worker_shard_keys(c.worker, g.file, NULL, f->arena, &keys, &n, NULL),
            ZAGG_OK);
        assert_int_equal(n, 2);
        assert_int_equal(keys[0], 0);
        assert_int_equal(keys[1], 1);
        core_granule_close(&g);
        core_case_free(&c);
    }
}

/* Whatever allocation fails, the shard says so, hands nothing over and leaks nothing. */
static void memory_may_lack_anywhere(void **state)
{
    const fixture *f = *state;
    const config_parts parts = {0};
    core_case c = config_case(f->arena, &parts);
    zagg_status status = ZAGG_ENOMEM;
    for (int64_t nth = 1; status == ZAGG_ENOMEM; nth++) {
        zagg_shard_result res;
        zagg_err err = ZAGG_ERR_INIT;
        zg_alloc_fail_nth(nth);
        status =
            zagg_process_shard(c.worker, 1, f->hrefs, 2, NULL, full, NULL, &res, &err);
        zg_alloc_fail_nth(0);
        if (status != ZAGG_ENOMEM && status != ZAGG_EIO)
            fail_msg("allocation %lld: %s", (long long)nth, err.msg);
        assert_true(nth < 5000);
    }
    core_case_free(&c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(rows_of_a_cell_keep_their_order),
                                       TEST(reads_of_two_types_are_refused),
                                       TEST(failures_of_the_whole_shard),
                                       TEST(failing_granules_are_counted),
                                       TEST(cells_without_rows),
                                       TEST(shard_keys_of_a_granule),
                                       TEST(memory_may_lack_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
