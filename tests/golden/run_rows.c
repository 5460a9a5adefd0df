/* Many shards in one run: whatever the number of threads, each shard has exactly the
 * rows, in the order, that it has by itself, which are those of its own granule list and
 * read plan. Configs and shard maps of golden sets real and stores, and the two granules
 * of read/order.json with all shards that they touch; upstream's numbers of rows of each
 * cell and shard, and its grouped rows, are held against them. */
#include "golden/golden_runs.h"
#include "golden/shard_rows.h"
#include "support/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t WIDTHS[] = {1, 2, 7};
static size_t n_told; /* runs of which upstream says how many rows there are */

/* The rows of each shard in runs of the whole map; false, with the reason, where they
 * differ. */
static bool check_runs(shard_rows *s, const char *temp, char why[256])
{
    zagg_err err = ZAGG_ERR_INIT;
    char store[PATH_BYTES];
    (void)snprintf(store, sizeof store, "%s/ours", temp);
    if (shard_rows_alone(s, &err) != ZAGG_OK) {
        (void)snprintf(why, 256, "%.250s", err.msg);
        return false;
    }
    if (!shard_rows_are_those_read(s, why))
        return false;
    for (size_t i = 0; i < sizeof WIDTHS / sizeof WIDTHS[0]; i++) {
        char differs[256];
        if (shard_rows_are_those_of_a_run(s, WIDTHS[i], store, differs))
            continue;
        (void)snprintf(why, 256, "%zu threads: %.230s", WIDTHS[i], differs);
        return false;
    }
    return true;
}

/* ---- sets real and stores ---- */

/* Upstream's record of a shard of a hive store. */
static bool same_record(const shard_rows *s, const zagg_value *stats, char why[256])
{
    const uint64_t key = core_number(stats, "shard_key");
    for (size_t i = 0; i < s->map->n_shards; i++) {
        const zagg_shard_result *r = &s->alone[i].result;
        if (r->shard_key != key)
            continue;
        if (r->total_obs == core_number(stats, "n_obs") &&
            r->counters.rows_read == core_number(stats, "n_obs_read") &&
            r->cells_with_data == core_number(stats, "cells_with_data") &&
            r->granule_count == core_number(stats, "n_granules"))
            return true;
        (void)snprintf(why, 256, "upstream has other numbers of shard %zu", i);
        return false;
    }
    (void)snprintf(why, 256, "upstream has a shard that is not in the map");
    return false;
}

/* All records of upstream's hive store; how many there are. */
static size_t check_records(const shard_rows *s, const char *store, char why[256])
{
    size_t n = 0;
    char *list = shell_ok(store, "find . -name stats.json -not -path './icechunk/*'");
    for (char *line = strtok(list, "\n"); line && !why[0]; line = strtok(NULL, "\n")) {
        char path[2 * PATH_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", store, line);
        const zagg_value *stats = golden_json(s->arena, path);
        n += same_record(s, stats, why);
    }
    zg_free(list);
    return n;
}

/* Upstream's numbers of rows: of cells in flat stores, of shards in others. */
static bool check_upstream(const shard_rows *s, const golden_run *g, const char *temp,
                           char why[256])
{
    char store[PATH_BYTES];
    size_t n = 0, with_data = 0;
    golden_run_unpack(g, temp, store);
    n = check_records(s, store, why);
    for (size_t i = 0; i < s->map->n_shards; i++)
        with_data += !s->alone[i].result.no_data;
    if (!why[0] && n == 0)
        (void)shard_rows_are_counted(s, store, &n, why);
    else if (!why[0] && n != with_data)
        (void)snprintf(why, 256, "upstream has %zu shards with data", n);
    n_told += n > 0;
    return !why[0];
}

/* Granules are named by their paths: relative hrefs of the set are made absolute. */
static zagg_shardmap *load_map(const golden_run *g)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    char *text = golden_run_map(g), from[PATH_BYTES + 16];
    char *inputs = shell_ok(g->cwd, "printf %%s \"$PWD\"");
    if (strstr(text, "s3://inputs/")) {
        (void)snprintf(from, sizeof from, "%s/inputs/", inputs);
        char *absolute = replaced(text, "s3://inputs/", from);
        zg_free(text);
        text = absolute;
    }
    if (zagg_shardmap_parse(text, strlen(text), g->name, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zg_free(inputs);
    zg_free(text);
    return map;
}

static void check_golden_run(const golden_run *g)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    shard_rows s;
    zagg_err err = ZAGG_ERR_INIT;
    char *text = golden_text(g->config), *temp = make_temp_dir(), why[256] = "";
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_yaml_parse(arena, text, strlen(text), g->name, &root, NULL), 0);
    const zagg_status status = shard_rows_new(
        zagg_value_get(root, "data_source"),
        zagg_value_get(zagg_value_get(root, "output"), "grid"),
        g->compat ? ZAGG_LATITUDE_GEODETIC : ZAGG_LATITUDE_AUTHALIC, &s, &err);
    if (status != ZAGG_OK) {
        case_fail(g->r, g->name, "%s", err.msg);
    } else {
        s.map = load_map(g);
        if (check_runs(&s, temp, why) && check_upstream(&s, g, temp, why))
            case_pass(g->r);
        else
            case_fail(g->r, g->name, "%s", why);
        shard_rows_free(&s);
    }
    zagg_arena_free(arena);
    zagg_bytes_free(text);
    remove_tree(temp);
    zg_free(temp);
}

static void real_photons(void **state)
{
    (void)state;
    n_told = 0;
    golden_runs_check("real", check_golden_run, 4);
    assert_true(n_told >= 3 || getenv("ZAGG_GOLDEN") != NULL);
}

static void synthetic_photons(void **state)
{
    (void)state;
    n_told = 0;
    golden_runs_check("stores", check_golden_run, 24);
    assert_true(n_told >= 20 || getenv("ZAGG_GOLDEN") != NULL);
}

/* ---- read/order.json ---- */

/* All shards that the granules touch, each with those that touch it, in this order. */
static zagg_shardmap *touched(const shard_rows *s, const zagg_value *granules)
{
    zagg_shardmap_builder *builder = NULL;
    zagg_shardmap *map = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_shardmap_builder_new(&builder, NULL), ZAGG_OK);
    for (size_t i = 0; i < granules->n; i++) {
        core_granule g;
        uint64_t *keys;
        size_t n;
        char relative[64];
        (void)snprintf(relative, sizeof relative, "read/%s", granules->items[i]->str);
        if (core_granule_open(golden_path(relative), &g, &err) != ZAGG_OK ||
            zagg_worker_shard_keys(s->worker, g.file, NULL, s->arena, &keys, &n, &err) !=
                ZAGG_OK ||
            zagg_shardmap_builder_add(builder, golden_path(relative), keys, n, &err) !=
                ZAGG_OK)
            fail_msg("%s", err.msg);
        core_granule_close(&g);
    }
    assert_int_equal(
        zagg_shardmap_builder_finish(builder, "order", s->latitude, &map, NULL), ZAGG_OK);
    return map;
}

/* Upstream's rows after its sort by cell, column by column. */
static bool same_grouped(const core_dense *d, const zagg_value *grouped, char why[256])
{
    size_t n = 0;
    for (size_t i = 0; i < grouped->n && !why[0]; i++) {
        char name[128], relative[128];
        (void)snprintf(name, sizeof name, "rows_%s", grouped->members[i].key->str);
        const zagg_carrier_column *col = core_dense_column(d, name);
        if (!col)
            continue; /* leaf_id is no column */
        (void)snprintf(relative, sizeof relative, "read/npy/%s.npy",
                       grouped->members[i].value->items[2]->str);
        npy want = npy_read(golden_path(relative));
        bool same = want.n == col->offsets[d->n_cells];
        for (size_t k = 0; same && k < want.n; k++)
            same = same_double(shard_rows_element(want.dtype, want.data, k),
                               ((const double *)col->data)[k]);
        if (!same)
            (void)snprintf(why, 256, "upstream has other rows in %s", name);
        npy_free(&want);
        n++;
    }
    if (!why[0] && n < 6)
        (void)snprintf(why, 256, "only %zu columns could be compared", n);
    return !why[0];
}

static bool check_order(shard_rows *s, const zagg_value *entry, const char *temp,
                        char why[256])
{
    const uint64_t key = core_number(entry, "shard_key");
    s->map = touched(s, zagg_value_get(entry, "granules"));
    if (s->map->n_shards < 4) {
        (void)snprintf(why, 256, "the granules touch %zu shards only", s->map->n_shards);
        return false;
    }
    if (!check_runs(s, temp, why))
        return false;
    for (size_t i = 0; i < s->map->n_shards; i++)
        if (s->map->shards[i].key == key)
            return same_grouped(&s->alone[i].dense, zagg_value_get(entry, "grouped"),
                                why);
    (void)snprintf(why, 256, "upstream's shard is not among those touched");
    return false;
}

static void two_granules(void **state)
{
    case_report r = {.set = "read/order, all shards"};
    zagg_arena *arena;
    (void)state;
    if (!golden_available("read/order.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("read/order.json"));
    const zagg_value *cases = zagg_value_get(root, "cases");
    for (size_t i = 0; i < cases->n; i++) {
        shard_rows s;
        zagg_err err = ZAGG_ERR_INIT;
        char *temp = make_temp_dir(), name[32], why[256] = "";
        (void)snprintf(name, sizeof name, "%zu", i);
        if (shard_rows_new(zagg_value_get(root, "data_source"),
                           core_grid(arena, zagg_value_get(root, "grid")),
                           ZAGG_LATITUDE_AUTHALIC, &s, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        if (check_order(&s, cases->items[i], temp, why))
            case_pass(&r);
        else
            case_fail(&r, name, "%s", why);
        shard_rows_free(&s);
        remove_tree(temp);
        zg_free(temp);
    }
    zagg_arena_free(arena);
    report_end(&r, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_granules),
        cmocka_unit_test(real_photons),
        cmocka_unit_test(synthetic_photons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
