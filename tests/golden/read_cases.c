/* Group reads of golden/read: rows, columns, leaf ids and rows decoded, as upstream's
 * reader gives them, with every pool width. */
#include "golden/read_cases.h"

#include "golden/core_cases.h"
#include "support/departures.h"

#include <stdio.h>
#include <string.h>

typedef struct outcome {
    zagg_status status;
    zagg_err err;
    zagg_table *table;
    zagg_read_counters counters;
} outcome;

typedef struct suite {
    case_report report;
    departures departures;
    core_pools pools;
    zagg_arena *arena;
    const zagg_value *grids;
} suite;

/* [dtype, count, id] of a column: the array behind it. */
static npy expected_array(const zagg_value *entry)
{
    char relative[128];
    assert_int_equal(entry->kind, ZAGG_LIST);
    (void)snprintf(relative, sizeof relative, "read/npy/%s.npy", entry->items[2]->str);
    return npy_read(golden_path(relative));
}

/* What differs between a column and its golden array; "" when nothing does. */
static void compare_column(const zagg_value *entry, const char *name, zagg_dtype dtype,
                           const void *data, size_t n, char why[256])
{
    npy want = expected_array(entry);
    /* HEALPix leaf ids are unsigned upstream, rectilinear ones signed: same bits. */
    const bool leaf = strcmp(name, "leaf_id") == 0 && want.dtype == ZAGG_DT_I64;
    if (want.dtype != dtype && !leaf)
        (void)snprintf(why, 256, "%s is %s, not %s", name, zagg_dtype_name(dtype),
                       zagg_dtype_name(want.dtype));
    else if (want.n != n)
        (void)snprintf(why, 256, "%s has %zu rows, not %zu", name, n, want.n);
    else if (core_differing(dtype, data, want.data, n) > 0)
        (void)snprintf(why, 256, "%s: %zu of %zu values differ", name,
                       core_differing(dtype, data, want.data, n), n);
    npy_free(&want);
}

static void compare_table(const zagg_value *columns, const zagg_table *t, char why[256])
{
    if (columns->n != t->n_columns + 1) {
        (void)snprintf(why, 256, "%zu columns, not %zu", t->n_columns, columns->n - 1);
        return;
    }
    for (size_t i = 0; i < t->n_columns && !why[0]; i++) {
        const zagg_column *col = &t->columns[i];
        if (!zagg_value_is(columns->members[i].key, col->name))
            (void)snprintf(why, 256, "column %zu is %s, not %s", i, col->name,
                           columns->members[i].key->str);
        else
            compare_column(columns->members[i].value, col->name, col->dtype, col->data,
                           t->n_rows, why);
    }
    if (!why[0])
        compare_column(zagg_value_get(columns, "leaf_id"), "leaf_id", ZAGG_DT_U64,
                       t->leaf_ids, t->n_rows, why);
}

/* How an outcome departs from the expected one; "" when it does not. */
static void compare(const zagg_value *want, const outcome *o, char why[256])
{
    const zagg_value *result = zagg_value_get(want, "result");
    const char *got = o->status != ZAGG_OK ? "error" : o->table ? "rows" : "none";
    why[0] = '\0';
    if (!zagg_value_is(result, got))
        (void)snprintf(why, 256, "%.20s instead of %.20s: %.180s", got, result->str,
                       o->err.msg);
    else if (o->status == ZAGG_OK &&
             o->counters.rows_read != core_number(want, "obs_read"))
        (void)snprintf(why, 256, "%llu rows read, not %llu",
                       (unsigned long long)o->counters.rows_read,
                       (unsigned long long)core_number(want, "obs_read"));
    else if (o->table)
        compare_table(zagg_value_get(want, "columns"), o->table, why);
}

/* What departures.json says of ours, word for word. */
static void describe(const outcome *o, char out[128])
{
    const zagg_read_counters *c = &o->counters;
    if (o->status != ZAGG_OK)
        (void)snprintf(out, 128, "an error");
    else if (o->table)
        (void)snprintf(out, 128, "%zu rows; points without a cell: %llu",
                       o->table->n_rows, (unsigned long long)c->points_without_cell);
    else
        (void)snprintf(out, 128, "nothing; beams absent: %llu, empty: %llu",
                       (unsigned long long)c->groups_absent,
                       (unsigned long long)c->groups_empty);
}

static outcome read_case(const core_case *c, const zagg_value *entry, zagg_pool *pool,
                         zagg_arena *arena)
{
    outcome o = {.status = ZAGG_OK};
    zagg_shard shard;
    core_granule g;
    char relative[64];
    const zagg_read_opts opts = {pool, true, true};
    (void)snprintf(relative, sizeof relative, "read/%s",
                   zagg_value_get(entry, "file")->str);
    o.status = zagg_grid_shard(c->grid, core_number(entry, "shard_key"), &shard, &o.err);
    if (o.status == ZAGG_OK)
        o.status = core_granule_open(golden_path(relative), &g, &o.err);
    if (o.status != ZAGG_OK)
        return o;
    o.status = zagg_worker_read_group(c->worker, &shard, g.file,
                                      zagg_value_get(entry, "group")->str, &opts, arena,
                                      &o.table, &o.counters, &o.err);
    core_granule_close(&g);
    return o;
}

static void run_case(suite *s, const zagg_value *entry)
{
    const char *name = zagg_value_get(entry, "name")->str;
    const zagg_value *source = zagg_value_get(entry, "data_source");
    const zagg_value *want = zagg_value_get(entry, "inline");
    if (!zagg_value_get(want, "result"))
        want = zagg_value_get(entry, "hierarchical");
    core_case c;
    outcome first = {.status = ZAGG_OK};
    char why[256], how[128];
    const zagg_value *grid =
        core_grid(s->arena, zagg_value_get(s->grids, zagg_value_get(entry, "grid")->str));
    first.status =
        core_case_new(source, core_max_of_each(s->arena, source), grid, &c, &first.err);
    const bool refused = first.status != ZAGG_OK;
    for (size_t p = 0; !refused && p < N_POOLS; p++) {
        const zagg_arena_mark mark = zagg_arena_get_mark(s->arena);
        outcome o = read_case(&c, entry, s->pools.of[p], s->arena);
        char again[256];
        compare(want, &o, p == 0 ? why : again);
        if (p == 0) {
            first = o;
            describe(&o, how);
        } else if (o.status != first.status || strcmp(why, again) != 0 ||
                   memcmp(&o.counters, &first.counters, sizeof o.counters) != 0) {
            case_fail(&s->report, name, "another answer with more threads: %s", again);
        }
        zagg_arena_release(s->arena, mark);
    }
    if (refused) {
        compare(want, &first, why);
        describe(&first, how);
        if (zagg_value_get(entry, "config_valid")->kind == ZAGG_BOOL)
            (void)snprintf(why, sizeof why, "the config is refused: %.200s",
                           first.err.msg);
    } else {
        core_case_free(&c);
    }
    departures_judge_as(&s->departures, &s->report, name, why, how);
}

void check_read_cases(const char *set)
{
    suite s = {.report = {.set = set}};
    if (!golden_available("read/cases.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &s.arena, NULL), ZAGG_OK);
    s.pools = core_pools_new();
    s.departures = departures_load(s.arena, "read");
    const zagg_value *root = golden_json(s.arena, golden_path("read/cases.json"));
    const zagg_value *cases = zagg_value_get(root, "cases");
    s.grids = zagg_value_get(root, "grids");
    for (size_t i = 0; i < cases->n; i++)
        run_case(&s, cases->items[i]);
    departures_end(&s.departures, &s.report);
    core_pools_free(&s.pools);
    zagg_arena_free(s.arena);
    report_end(&s.report, 129);
}
