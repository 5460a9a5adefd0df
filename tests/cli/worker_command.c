/* zagg worker from outside: the events of a whole run give the store that zagg run gives,
 * on this machine and in a bucket; keys of the event alone open it; what is wrong with an
 * event, too little memory, too little time. */
#include "cli/fixture.h"
#include "support/server.h"
#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_LEN = 4096 };

/* A run as events: where granules and store are, and whose keys. */
typedef struct event_run {
    const char *config; /* file */
    const char *map;    /* file */
    const char *store;
    const char *more; /* members of every event, behind a comma; NULL: none */
} event_run;

static const char NO_KEYS[] = ", \"s3_credentials\": {}";

/* ---- events ---- */

static const zagg_value *read_tree(zagg_arena *arena, const fixture *f, const char *name)
{
    char path[PATH_LEN], *text = NULL;
    size_t len = 0;
    const zagg_value *root = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(path, sizeof path, "%s/%s", f->dir, name);
    assert_int_equal(zagg_file_read(path, 1 << 24, &text, &len, &err), ZAGG_OK);
    if (zagg_yaml_parse(arena, text, len, name, &root, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_bytes_free(text);
    return root;
}

static void add_json(zg_str *out, const zagg_value *v)
{
    static const zg_json_style PYTHON = {.indent = -1};
    static const zagg_value NOTHING = {.kind = ZAGG_NULL};
    assert_int_equal(zg_json_write(out, v ? v : &NOTHING, PYTHON, NULL), ZAGG_OK);
}

/* The members that all events of a run have. */
static void add_common(zg_str *out, zagg_arena *arena, const fixture *f,
                       const event_run *r)
{
    const zagg_value *config = read_tree(arena, f, r->config);
    const zagg_value *grid = zagg_value_get(zagg_value_get(config, "output"), "grid");
    zg_str_addf(out, "\"store_path\": \"%s\", \"parent_order\": ", r->store);
    add_json(out, zagg_value_get(grid, "parent_order"));
    if (zagg_value_get(grid, "child_order")) {
        zg_str_add(out, ", \"child_order\": ");
        add_json(out, zagg_value_get(grid, "child_order"));
    }
    zg_str_add(out, ", \"config\": ");
    add_json(out, config);
    if (r->more)
        zg_str_add(out, r->more);
}

static void write_event(const fixture *f, const char *name, zg_str *event)
{
    zg_str_addc(event, '}');
    assert_false(event->failed);
    write_text(f->dir, name, event->data);
    zg_str_free(event);
}

static void write_mode(const fixture *f, zagg_arena *arena, const event_run *r,
                       const char *mode)
{
    zg_str event;
    char name[64];
    zg_str_init(&event, 0);
    zg_str_addf(&event, "{\"mode\": \"%s\", \"overwrite\": false, ", mode);
    add_common(&event, arena, f, r);
    (void)snprintf(name, sizeof name, "%s.event", mode);
    write_event(f, name, &event);
}

/* Shard i of the map, with its part of the map. */
static void write_shard(const fixture *f, zagg_arena *arena, const event_run *r, size_t i,
                        const char *name)
{
    const zagg_value *map = read_tree(arena, f, r->map);
    const zagg_value *granules = zagg_value_get(map, "granules")->items[i];
    zg_str event;
    zg_str_init(&event, 0);
    zg_str_add(&event, "{\"chunk_idx\": [0], \"shard_key\": ");
    add_json(&event, zagg_value_get(map, "shard_keys")->items[i]);
    zg_str_add(&event, ", \"granule_urls\": [");
    for (size_t g = 0; g < granules->n; g++) {
        zg_str_add(&event, g ? ", " : "");
        add_json(&event, zagg_value_get(granules->items[g], "s3"));
    }
    zg_str_add(&event, "], \"submap\": {\"granules\": ");
    add_json(&event, granules);
    zg_str_add(&event, ", \"grid_signature\": ");
    add_json(&event, zagg_value_get(map, "grid_signature"));
    zg_str_add(&event, ", \"metadata\": ");
    add_json(&event, zagg_value_get(map, "metadata"));
    zg_str_add(&event, "}, ");
    add_common(&event, arena, f, r);
    write_event(f, name, &event);
}

static size_t n_shards(zagg_arena *arena, const fixture *f, const char *map)
{
    return zagg_value_get(read_tree(arena, f, map), "shard_keys")->n;
}

/* All events of a run, one process each; every one must do what it says. */
static void do_events(const fixture *f, const event_run *r)
{
    static const char DO[] = "zagg worker -q %s >r.json && grep -q '\"statusCode\": 200' "
                             "r.json || { cat r.json; exit 1; }";
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    write_mode(f, arena, r, "ping");
    write_mode(f, arena, r, "setup");
    write_mode(f, arena, r, "finalize");
    zg_free(shell_ok(f->dir, DO, "ping.event"));
    zg_free(shell_ok(f->dir, DO, "setup.event"));
    const size_t n = n_shards(arena, f, r->map);
    for (size_t i = 0; i < n; i++) {
        write_shard(f, arena, r, i, "shard.event");
        zg_free(shell_ok(f->dir, DO, "- <shard.event"));
    }
    zg_free(shell_ok(f->dir, DO, "finalize.event"));
    zagg_arena_free(arena);
}

/* ---- the same store ---- */

typedef struct layout {
    const char *name, *from, *to; /* of FIXTURE_CONFIG */
    bool ragged;                  /* with a digest */
} layout;

#define GRID "store_layout: flat\n  grid: {type: healpix,"

static const layout LAYOUTS[] = {
    {"flat", GRID, GRID, false},
    {"flat, digests", GRID, GRID, true},
    {"consolidated", GRID, "consolidate_metadata: true\n  " GRID, false},
    {"hive", GRID, "store_layout: hive\n  grid: {type: healpix,", true},
    {"0.11, digests", GRID,
     "compat: zagg-0.11\n  grid: {latitude: authalic, type: healpix,", true},
};

static void write_layout(const fixture *f, const layout *l)
{
    char *config = replaced(FIXTURE_CONFIG, l->from, l->to);
    if (l->ragged) {
        char *ragged = replaced(
            config, "    h_max: {function: max, source: h_ph, dtype: float32}\n",
            "    h_digest: {kind: ragged, function: zagg.stats.tdigest.build_tdigest,\n"
            "      source: h_ph, inner_shape: [2], params: {delta: 64},\n"
            "      dtype: float32, fill_value: 0}\n");
        zg_free(config);
        config = ragged;
    }
    write_text(f->dir, "w.yaml", config);
    zg_free(config);
}

/* Times of writing differ, and what names the run. */
static void without_times(const fixture *f, const char *store)
{
    zg_free(shell_ok(
        f->dir,
        "find %s -name stats.json -exec rm {} +; find %s -type f \\( -name zarr.json -o "
        "-name '*.moc' -o -name 'm*.json' -o -name shardmap.json \\) -exec sed -i -E "
        "'s/(\"(written_at|generated_at|run_id)\": )\"[^\"]*\"/\\1\"\"/' {} +",
        store, store));
}

static void events_give_the_store_of_a_run(void **state)
{
    const fixture *f = *state;
    for (size_t i = 0; i < sizeof LAYOUTS / sizeof LAYOUTS[0]; i++) {
        write_layout(f, &LAYOUTS[i]);
        print_message("%s\n", LAYOUTS[i].name);
        zg_free(shell_ok(f->dir,
                         "rm -rf run.zarr* events.zarr*; zagg run -q --config w.yaml "
                         "--catalog m.json --store run.zarr"));
        do_events(f, &(event_run){"w.yaml", "m.json", "events.zarr", NO_KEYS});
        without_times(f, "run.zarr");
        without_times(f, "events.zarr");
        assert_same_stores(f, "run.zarr", "events.zarr");
    }
}

/* Events of shards may come again, and before what upstream sends as an Event is over. */
static void events_may_come_again(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    const event_run r = {"c.yaml", "m.json", "again.zarr", NO_KEYS};
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    do_events(f, &r);
    zg_free(shell_ok(f->dir, "rm -rf once.zarr; cp -r again.zarr once.zarr"));
    do_events(f, &r);
    assert_same_stores(f, "once.zarr", "again.zarr");
    /* What a local run knows of the store does not outlive a shard that is written anew.
     */
    zg_free(shell_ok(f->dir, "rm -rf again.zarr*; zagg run -q --config c.yaml --catalog "
                             "m.json --store again.zarr"));
    write_shard(f, arena, &r, 0, "shard.event");
    char *before = shell_ok(f->dir, "ls again.zarr.status/shards | wc -l");
    zg_free(shell_ok(f->dir, "zagg worker -q shard.event"));
    char *after = shell_ok(f->dir, "ls again.zarr.status/shards | wc -l");
    assert_int_equal(atoi(before), atoi(after) + 1);
    zg_free(before);
    zg_free(after);
    zagg_arena_free(arena);
}

/* ---- status objects ---- */

static void status_objects_tell_how_it_went(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const event_run r = {"c.yaml", "m.json", "told.zarr",
                         ", \"s3_credentials\": {}, \"run_id\": \"r-1\", \"profile\": "
                         "true, \"result_url\": \"told.zarr.status/r-1/x.json\""};
    write_mode(f, arena, &r, "setup");
    write_shard(f, arena, &r, 0, "shard.event");
    char *response =
        shell_ok(f->dir, "zagg worker -q setup.event >r.json && zagg worker -q "
                         "shard.event && cat told.zarr.status/r-1/x.json >copy.json");
    char *copy = shell_ok(f->dir, "cat copy.json");
    assert_true(strncmp(response, copy, strlen(copy)) == 0);
    char *text = shell_ok(f->dir, "cat told.zarr.status/run-r-1/shard-%" PRIu64 ".json",
                          f->keys[0]);
    const zagg_value *status = json_of(arena, text);
    static const char *const KEYS[] = {
        "schema_version", "status", "attempt_id",        "run_id",      "shard", "window",
        "timings",        "error",  "store_error_class", "status_code", "body"};
    assert_int_equal(status->n, sizeof KEYS / sizeof KEYS[0]);
    for (size_t i = 0; i < status->n; i++)
        assert_string_equal(status->members[i].key->str, KEYS[i]);
    assert_true(zagg_value_is(zagg_value_get(status, "status"), "ok"));
    assert_int_equal(json_u64(status, "status_code"), 200);
    assert_int_equal(json_u64(zagg_value_get(status, "body"), "shard_key"), f->keys[0]);
    assert_non_null(zagg_value_get(zagg_value_get(status, "timings"), "write"));
    zg_free(response);
    zg_free(copy);
    zg_free(text);
    zagg_arena_free(arena);
}

/* ---- what is wrong ---- */

#define SHARD_EVENT                                                                      \
    "{\"shard_key\": 1, \"parent_order\": null, \"granule_urls\": [], \"store_path\": "  \
    "\"x\", \"s3_credentials\": null, \"child_order\": 12"

static void what_is_wrong_is_said(void **state)
{
    const fixture *f = *state;
    static const cli_case CASES[] = {
        {"no_file", "zagg worker nothing.json", 1, "",
         "error: event: cannot open nothing.json: *\n"},
        {"no_json", "echo nonsense | zagg worker", 3, "", "error: event: *\n"},
        {"no_object", "echo '[1]' | zagg worker", 3, "",
         "error: event: found a list; must be an object\n"},
        {"empty", "zagg worker </dev/null", 3, "", "error: event*\n"},
        {"two_events", "zagg worker a b", 2, "",
         "zagg worker: b: unexpected argument; there is one event\n"},
        {"refused", "echo '{}' | zagg worker", 3,
         "{\"statusCode\": 400, \"body\": \"{\\\"error\\\": \\\"Missing required "
         "parameters: shard_key, parent_order, granule_urls, store_path, "
         "s3_credentials\\\"}\"}\n",
         ""},
        {"bad_key",
         "echo '{\"shard_key\": 1.5, \"parent_order\": 6, \"granule_urls\": "
         "[], \"store_path\": \"x\", \"s3_credentials\": null, \"child_order\": 12}' | "
         "zagg worker",
         6,
         "{\"statusCode\": 500, \"body\": \"{\\\"error\\\": \\\"Unhandled exception: "
         "event: shard_key: must be an integer from 0 to 2^64 - 1\\\", "
         "\\\"shard_key\\\": 1.5, \\\"request_id\\\": null}\"}\n",
         ""},
        {"no_shard", "echo '" SHARD_EVENT "}' | zagg worker", 6,
         "{\"statusCode\": 500, *Unhandled exception: *}\n", ""},
        {"window",
         "echo '" SHARD_EVENT ", \"window\": {\"label\": \"2020\"}}' | zagg "
         "worker",
         6, "*event: key window: this version writes no time windows*", ""},
        {"other_order", "echo '" SHARD_EVENT "}' | sed 's/: 12/: 13/' | zagg worker", 6,
         "*event: its child_order is not that of its config's output.grid (12)*", ""},
        {"no_store",
         "echo '{\"mode\": \"finalize\", \"store_path\": \"nope.zarr\"}' | zagg worker",
         6,
         "{\"statusCode\": 500, \"body\": \"{\\\"error\\\": \\\"file:///*/nope.zarr\\\", "
         "\\\"mode\\\": \\\"finalize\\\"}\"}\n",
         ""},
        {"no_writing", "echo '{}' | zagg worker -o nowhere/r.json", 1, "",
         "error: cannot write nowhere/r.json: *\n"},
    };
    check_cases(f, "worker", CASES, sizeof CASES / sizeof CASES[0]);
}

/* ---- memory and time ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMITS_WORK 0 /* shadow memory counts too */
#else
#define LIMITS_WORK 1
#endif

static void too_little_memory_is_named(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    if (!LIMITS_WORK)
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    /* One chunk of 4^13 cells: a gigabyte of values, whatever the photons. */
    char *config = replaced(FIXTURE_CONFIG, "chunk_inner: 13, child_order: 16",
                            "sharded: false, child_order: 24");
    write_text(f->dir, "w.yaml", config);
    zg_free(config);
    const event_run r = {"w.yaml", "m.json", "big.zarr", NO_KEYS};
    write_mode(f, arena, &r, "setup");
    write_shard(f, arena, &r, 0, "shard.event");
    zg_free(shell_ok(f->dir, "zagg worker -q setup.event"));
    run_result run = shell_in(f->dir, "ulimit -v 400000; zagg worker -q shard.event");
    assert_int_equal(run.status, 6);
    if (!text_matches("{\"statusCode\": 500, *Out of memory: *}\n", run.out))
        fail_msg("%s%s", run.out, run.err);
    run_result_free(&run);
    zagg_arena_free(arena);
}

/* More photons than the budget holds go to the disk, and the store is the same. */
static void rows_beyond_the_budget_are_spilled(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    const event_run r = {"c.yaml", "n.json", "spilled.zarr", NO_KEYS};
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zg_free(shell_ok(f->dir,
                     "zagg-synth --quiet --out n --granules 2 --beams 6 --photons "
                     "200000 --per-segment 4000 --gzip 1; zagg shardmap build "
                     "--config c.yaml --granules n -o n.json; zagg run -q "
                     "--config c.yaml --catalog n.json --store whole.zarr"));
    assert_int_equal(setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "48", 1), 0);
    do_events(f, &r);
    assert_int_equal(unsetenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 0);
    assert_same_stores(f, "whole.zarr", "spilled.zarr");
    zagg_arena_free(arena);
}

/* ---- in a bucket ---- */

static void keys_of_the_event_open_buckets(void **state)
{
    const fixture *f = *state;
    char root[PATH_LEN], more[PATH_LEN], store[256];
    if (!server_available())
        skip();
    const char *bucket = strrchr(f->dir, '/') + 1;
    (void)snprintf(root, sizeof root, "%.*s", (int)(bucket - 1 - f->dir), f->dir);
    const char *const args[] = {"--root", root,    "--key",    "AKREAD", "readkey",
                                "--key",  "AKOUT", "writekey", NULL};
    test_server *server = server_start("s3_server", args);
    (void)snprintf(more, sizeof more,
                   ", \"s3_credentials\": {\"accessKeyId\": \"AKREAD\", "
                   "\"secretAccessKey\": \"readkey\", \"sessionToken\": \"\"}, "
                   "\"output_credentials\": {\"accessKeyId\": \"AKOUT\", "
                   "\"secretAccessKey\": \"writekey\", \"region\": \"us-west-2\", "
                   "\"endpointUrl\": \"%s\"}, \"run_id\": \"r2\"",
                   server_url(server));
    (void)snprintf(store, sizeof store, "s3://%s/bucket.zarr", bucket);
    /* Keys of the environment would open nothing. */
    assert_int_equal(setenv("AWS_ENDPOINT_URL", server_url(server), 1), 0);
    assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKWRONG", 1), 0);
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "wrong", 1), 0);
    zg_free(shell_ok(f->dir,
                     "sed 's|g/a.h5|s3://%s/g/a.h5|' m.json >b.json; zagg run -q "
                     "--config c.yaml --catalog m.json --store plain.zarr",
                     bucket));
    do_events(f, &(event_run){"c.yaml", "b.json", store, more});
    assert_same_stores(f, "plain.zarr", "bucket.zarr");
    zg_free(shell_ok(f->dir, "test -f bucket.zarr.status/run-r2/shard-%" PRIu64 ".json",
                     f->keys[0]));
    assert_int_equal(server_stat(server, "crashes"), 0);
    server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_give_the_store_of_a_run),
        cmocka_unit_test(events_may_come_again),
        cmocka_unit_test(status_objects_tell_how_it_went),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(too_little_memory_is_named),
        cmocka_unit_test(rows_beyond_the_budget_are_spilled),
        cmocka_unit_test(keys_of_the_event_open_buckets),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
