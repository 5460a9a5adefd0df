/* golden/read/order.json: rows of two granules and two beams as they reach aggregation
 * (granule order > group order > photon index) and after the stable sort by cell, and
 * what upstream reports of such a shard. */
#include "golden/core_cases.h"

#include <stdio.h>
#include <string.h>

enum { MAX_TABLES = 8 };

typedef struct suite {
    case_report report;
    core_pools pools;
    zagg_arena *arena;
    const zagg_value *source, *grid;
} suite;

typedef struct tables {
    zagg_table *of[MAX_TABLES];
    size_t n, n_rows;
} tables;

static tables read_all(const suite *s, const core_case *c, const zagg_value *entry,
                       zagg_pool *pool)
{
    tables t = {.n = 0};
    zagg_shard shard;
    zagg_read_counters counters = {0};
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_read_opts opts = {pool, true, true};
    const zagg_value *granules = zagg_value_get(entry, "granules");
    const zagg_value *groups = zagg_value_get(entry, "groups");
    assert_int_equal(
        zagg_grid_shard(c->grid, core_number(entry, "shard_key"), &shard, &err), ZAGG_OK);
    for (size_t i = 0; i < granules->n; i++) {
        core_granule g;
        char relative[64];
        (void)snprintf(relative, sizeof relative, "read/%s", granules->items[i]->str);
        if (core_granule_open(golden_path(relative), &g, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        for (size_t k = 0; k < groups->n; k++) {
            zagg_table *table = NULL;
            if (zagg_worker_read_group(c->worker, &shard, g.file, groups->items[k]->str,
                                       &opts, s->arena, &table, &counters,
                                       &err) != ZAGG_OK)
                fail_msg("%s", err.msg);
            if (table) {
                assert_true(t.n < MAX_TABLES);
                t.of[t.n++] = table;
                t.n_rows += table->n_rows;
            }
        }
        core_granule_close(&g);
    }
    return t;
}

static void compare(const zagg_value *columns, const char *name, zagg_dtype dtype,
                    const void *data, size_t n, char why[256])
{
    char relative[128];
    const zagg_value *entry = zagg_value_get(columns, name);
    assert_non_null(entry);
    (void)snprintf(relative, sizeof relative, "read/npy/%s.npy", entry->items[2]->str);
    npy want = npy_read(golden_path(relative));
    if (zagg_dtype_size(want.dtype) != zagg_dtype_size(dtype) || want.n != n)
        (void)snprintf(why, 256, "%s: %zu values of %s", name, n, zagg_dtype_name(dtype));
    else if (core_differing(want.dtype, data, want.data, n) > 0)
        (void)snprintf(why, 256, "%s: %zu of %zu values differ", name,
                       core_differing(want.dtype, data, want.data, n), n);
    npy_free(&want);
}

/* The tables one behind the other: what upstream concatenates. Column n is leaf_id. */
static void check_concatenated(const suite *s, const zagg_value *entry, const tables *t,
                               char why[256])
{
    const zagg_value *sizes = zagg_value_get(entry, "read_sizes");
    const size_t n_columns = t->of[0]->n_columns;
    if (sizes->n != t->n)
        (void)snprintf(why, 256, "%zu reads with rows, not %zu", t->n, sizes->n);
    for (size_t i = 0; i < t->n && !why[0]; i++)
        if ((size_t)sizes->items[i]->u.i != t->of[i]->n_rows)
            (void)snprintf(why, 256, "read %zu has %zu rows", i, t->of[i]->n_rows);
    for (size_t c = 0; c <= n_columns && !why[0]; c++) {
        const zagg_column *col = c < n_columns ? &t->of[0]->columns[c] : NULL;
        const size_t size = col ? zagg_dtype_size(col->dtype) : 8;
        uint8_t *joint, *at;
        assert_int_equal(zagg_arena_alloc(s->arena, t->n_rows, size, &joint, NULL), 0);
        at = joint;
        for (size_t i = 0; i < t->n; i++) {
            const size_t n = t->of[i]->n_rows;
            memcpy(at, col ? t->of[i]->columns[c].data : t->of[i]->leaf_ids, n * size);
            at += n * size;
        }
        compare(zagg_value_get(entry, "concat"), col ? col->name : "leaf_id",
                col ? col->dtype : ZAGG_DT_U64, joint, t->n_rows, why);
    }
}

static void check_grouped(const suite *s, const core_case *c, const zagg_value *entry,
                          const tables *t, char why[256])
{
    zg_grouped g = {0};
    zagg_shard shard;
    uint64_t *cells, *leaf;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *want = zagg_value_get(entry, "grouped");
    const zagg_grid_info *info = zagg_grid_get_info(c->grid);
    if (zg_group_tables(c->worker, (const zagg_table *const *)t->of, t->n, &g, &err) !=
        ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < c->worker->n_columns && !why[0]; i++)
        compare(want, c->worker->columns[i].variable->name, g.dtypes[i], g.columns[i],
                g.n_rows, why);
    /* A leaf of this grid is a cell: offsets alone give the sorted leaf ids. */
    assert_int_equal(info->chunks_per_shard, 1);
    assert_int_equal(
        zagg_grid_shard(c->grid, core_number(entry, "shard_key"), &shard, &err), ZAGG_OK);
    assert_int_equal(
        zagg_arena_alloc(s->arena, info->cells_per_shard, sizeof *cells, &cells, NULL),
        0);
    assert_int_equal(zagg_arena_alloc(s->arena, g.n_rows, sizeof *leaf, &leaf, NULL), 0);
    zagg_grid_chunk_cells(c->grid, &shard, 0, cells);
    for (size_t k = 0; k < info->cells_per_shard; k++)
        for (size_t i = g.offsets[k]; i < g.offsets[k + 1]; i++)
            leaf[i] = cells[k];
    if (!why[0])
        compare(want, "leaf_id", ZAGG_DT_U64, leaf, g.n_rows, why);
    zg_grouped_free(c->worker, &g);
}

/* Numbers that upstream returns with the shard; `first` receives or checks the cells. */
static void check_shard(const core_case *c, const zagg_value *entry, zagg_pool *pool,
                        core_dense *first, char why[256])
{
    char paths[2][1024];
    const char *hrefs[2];
    core_dense dense = {0};
    zagg_shard_result res;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    const zagg_value *meta = zagg_value_get(entry, "metadata");
    const zagg_value *granules = zagg_value_get(entry, "granules");
    opts.pool = pool;
    assert_int_equal(granules->n, 2);
    for (size_t i = 0; i < 2; i++) {
        char relative[64];
        (void)snprintf(relative, sizeof relative, "read/%s", granules->items[i]->str);
        (void)snprintf(paths[i], sizeof paths[i], "%s", golden_path(relative));
        hrefs[i] = paths[i];
    }
    if (zagg_process_shard(c->worker, core_number(entry, "shard_key"), hrefs, 2, &opts,
                           core_dense_take, &dense, &res, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    if (res.no_data || res.failed || res.error[0])
        (void)snprintf(why, 256, "error: %.200s", res.error);
    else if (res.cells_with_data != core_number(meta, "cells_with_data") ||
             res.total_obs != core_number(meta, "total_obs") ||
             res.granule_count != core_number(meta, "granule_count") ||
             res.files_processed != core_number(meta, "files_processed") ||
             res.counters.rows_read != core_number(meta, "total_obs_read"))
        (void)snprintf(why, 256, "the numbers of the shard differ");
    else if (res.read_errors + res.counters.groups_absent + res.counters.groups_empty !=
             core_number(meta, "read_errors"))
        (void)snprintf(why, 256, "upstream's read_errors cannot be derived");
    if (!first->n_columns) {
        *first = dense;
        return;
    }
    for (size_t i = 0; i < dense.n_columns; i++)
        if (memcmp(dense.columns[i].data, first->columns[i].data,
                   dense.n_cells * zagg_dtype_size(dense.columns[i].dtype)) != 0)
            (void)snprintf(why, 256, "%s differs with more threads",
                           dense.columns[i].name);
    core_dense_free(&dense);
}

static void run_case(suite *s, const zagg_value *entry, const char *name)
{
    core_case c;
    core_dense first = {0};
    zagg_err err = ZAGG_ERR_INIT;
    char why[256] = "";
    if (core_case_new(s->source, core_max_of_each(s->arena, s->source), s->grid, &c,
                      &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t p = 0; p < N_POOLS && !why[0]; p++) {
        const tables t = read_all(s, &c, entry, s->pools.of[p]);
        assert_true(t.n > 0);
        check_concatenated(s, entry, &t, why);
        if (!why[0])
            check_grouped(s, &c, entry, &t, why);
        if (!why[0])
            check_shard(&c, entry, s->pools.of[p], &first, why);
    }
    if (why[0])
        case_fail(&s->report, name, "%s", why);
    else
        case_pass(&s->report);
    core_dense_free(&first);
    core_case_free(&c);
}

static void test_order(void **state)
{
    (void)state;
    suite s = {.report = {.set = "read/order"}};
    if (!golden_available("read/order.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &s.arena, NULL), ZAGG_OK);
    s.pools = core_pools_new();
    const zagg_value *root = golden_json(s.arena, golden_path("read/order.json"));
    const zagg_value *cases = zagg_value_get(root, "cases");
    s.source = zagg_value_get(root, "data_source");
    s.grid = core_grid(s.arena, zagg_value_get(root, "grid"));
    for (size_t i = 0; i < cases->n; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%zu", i);
        run_case(&s, cases->items[i], name);
    }
    core_pools_free(&s.pools);
    zagg_arena_free(s.arena);
    report_end(&s.report, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
