/* golden/dispatch/seed_events.json, and the events of v061.json: what is sent to a
 * worker, byte for byte. Each payload is made anew of what stands in it: its config goes
 * through the config module, its shard through the grid. */
#include "dispatch/limits.h"
#include "dispatch/message.h"
#include "support/departures.h"
#include "text/text.h"
#include "zagg/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_LISTED = 256 };
static const zg_json_style PYTHON = {.indent = -1};

typedef struct event_case {
    zagg_arena *arena;
    const char *name;
    const zagg_value *want; /* the payload, parsed */
} event_case;

/* Of events that carry no config: the grid that all of them are for. */
static const char PLAIN_CONFIG[] =
    "{\"data_source\": {\"groups\": [\"gt1l\"], \"coordinates\": {\"latitude\": \"/a\", "
    "\"longitude\": \"/b\"}, \"variables\": {\"h\": \"/h\"}}, \"aggregation\": "
    "{\"variables\": {\"count\": {\"function\": \"len\", \"source\": \"h\", \"dtype\": "
    "\"int32\", \"fill_value\": 0}}}, \"output\": {\"grid\": {\"type\": \"healpix\", "
    "\"parent_order\": %" PRIu64 ", \"child_order\": %" PRIu64 "}}}";

static uint64_t number_or(const zagg_value *map, const char *key, uint64_t otherwise)
{
    uint64_t v = otherwise;
    (void)zagg_value_u64(zagg_value_get(map, key), &v);
    return v;
}

static bool is_empty(const zagg_value *config)
{
    return config == NULL || config->kind != ZAGG_MAP || config->n == 0;
}

static zagg_grid *grid_of(const event_case *c)
{
    const zagg_value *config = zagg_value_get(c->want, "config");
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    char text[1024];
    (void)snprintf(text, sizeof text, PLAIN_CONFIG, number_or(c->want, "parent_order", 6),
                   number_or(c->want, "child_order", 12));
    if (is_empty(config))
        assert_int_equal(
            zagg_json_parse(c->arena, text, strlen(text), "grid", &config, NULL),
            ZAGG_OK);
    if (zagg_pipeline_from_value(config, "event", NULL, &pipeline, &err) != ZAGG_OK ||
        zagg_grid_from_pipeline(pipeline, ZAGG_LATITUDE_GEODETIC, &grid, &err) != ZAGG_OK)
        fail_msg("%s: %s", c->name, err.msg);
    zagg_pipeline_free(pipeline);
    return grid;
}

static char *text_of(const zagg_value *map, const char *key)
{
    return (char *)(uintptr_t)zg_value_text(map, key);
}

static zg_aws_keys keys_of(const zagg_value *map)
{
    return (zg_aws_keys){.access_key = text_of(map, "accessKeyId"),
                         .secret_key = text_of(map, "secretAccessKey"),
                         .token = text_of(map, "sessionToken")};
}

static zagg_status make_process(const event_case *c, const zg_message_run *run,
                                zg_str *out, zagg_err *err)
{
    const zagg_value *urls = zagg_value_get(c->want, "granule_urls");
    const zagg_value *aoi = zagg_value_get_set(c->want, "aoi_payload");
    const zagg_value *creds = zagg_value_get(c->want, "s3_credentials");
    const zg_aws_keys keys = keys_of(creds);
    const char **hrefs = zg_alloc(urls->n + 1, sizeof *hrefs);
    uint64_t cells[MOST_LISTED];
    zg_message_shard shard = {.urls = hrefs,
                              .n_urls = urls->n,
                              .keys = &keys,
                              .edl_token = text_of(creds, "edl_token"),
                              .aoi = aoi != NULL ? cells : NULL,
                              .n_aoi = aoi != NULL ? aoi->n : 0,
                              .result_url = text_of(c->want, "result_url")};
    assert_non_null(hrefs);
    assert_in_range(shard.n_aoi, 0, MOST_LISTED);
    for (size_t i = 0; i < urls->n; i++)
        hrefs[i] = urls->items[i]->str;
    for (size_t i = 0; i < shard.n_aoi; i++)
        assert_true(zagg_value_u64(aoi->items[i], &cells[i]));
    assert_true(zagg_value_u64(zagg_value_get(c->want, "shard_key"), &shard.key));
    const zagg_status status = zg_message_process(run, &shard, out, err);
    zg_free(hrefs);
    return status;
}

static zg_message_begin beginning_of(const event_case *c)
{
    uint64_t n = 0;
    const bool dense = zagg_value_u64(zagg_value_get(c->want, "n_parent_cells"), &n);
    return (zg_message_begin){.overwrite =
                                  zagg_value_truthy(zagg_value_get(c->want, "overwrite")),
                              .dense = dense,
                              .n_shards = n,
                              .metadata = zagg_value_get_set(c->want, "dataset")};
}

static zagg_status make_event(const event_case *c, const zg_message_run *run, zg_str *out,
                              zagg_err *err)
{
    const zagg_value *mode = zagg_value_get(c->want, "mode");
    const zg_message_begin begin = beginning_of(c);
    if (mode == NULL)
        return make_process(c, run, out, err);
    if (zagg_value_is(mode, "setup"))
        return zg_message_setup(run, &begin, out, err);
    const bool more = zagg_value_get(c->want, "config") != NULL;
    return zg_message_finalize(run, more ? &begin : NULL, out, err);
}

/* The event that our dispatcher makes of what `want` says; zg_message_free. */
static void make_again(const event_case *c, zg_str *out)
{
    const zagg_value *config = zagg_value_get(c->want, "config");
    const zagg_value *creds = zagg_value_get(c->want, "output_credentials");
    const zg_output_creds output = {.keys = keys_of(creds),
                                    .region = text_of(creds, "region"),
                                    .endpoint = text_of(creds, "endpointUrl")};
    const bool arrow = zagg_value_is(zagg_value_get(c->want, "handoff"), "arrow");
    zagg_grid *grid = grid_of(c);
    zg_message_run run = {.grid = grid,
                          .store = text_of(c->want, "store_path"),
                          .output = &output,
                          .region = "eu-nowhere-1",
                          .profile = zagg_value_get(c->want, "profile") != NULL,
                          .handoff = arrow ? ZAGG_HANDOFF_ARROW : ZAGG_HANDOFF_PANDAS,
                          .run_id = text_of(c->want, "run_id")};
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&text, 0);
    if (!is_empty(config)) {
        assert_int_equal(
            zg_message_config(config, &(zg_message_changes){NULL}, &text, &err), ZAGG_OK);
        run.config = text.data;
    } else if (config != NULL) {
        run.config = "{}";
    }
    if (make_event(c, &run, out, &err) != ZAGG_OK)
        fail_msg("%s: %s", c->name, err.msg);
    zg_str_free(&text);
    zagg_grid_free(grid);
}

static event_case case_of(zagg_arena *arena, const char *name, const zagg_value *text)
{
    event_case c = {.arena = arena, .name = name};
    assert_int_equal(
        zagg_json_parse(arena, text->str, text->str_len, name, &c.want, NULL), ZAGG_OK);
    return c;
}

/* ---- of 0.11 ---- */

static void check_event(case_report *report, const event_case *c, const char *text)
{
    zg_str got;
    make_again(c, &got);
    if (strcmp(got.data, text) != 0)
        case_fail(report, c->name, "got\n%s\nnot\n%s", got.data, text);
    else
        case_pass(report);
    zg_message_free(&got);
}

static void check_function(case_report *report, const event_case *c,
                           const zagg_value *golden)
{
    char name[128];
    const char *want = zg_value_text(golden, "FunctionName");
    if (want == NULL)
        return;
    assert_int_equal(zg_function_name(NULL, NULL, zagg_value_get(c->want, "config"), name,
                                      sizeof name, NULL),
                     ZAGG_OK);
    if (strcmp(name, want) != 0)
        case_fail(report, c->name, "the function is %s, not %s", name, want);
}

static void test_events(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/seed_events"};
    if (!golden_available("dispatch/seed_events.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *cases =
        golden_json(arena, golden_path("dispatch/seed_events.json"));
    const size_t n = cases->n;
    for (size_t i = 0; i < n; i++) {
        const zagg_value *golden = cases->members[i].value;
        const zagg_value *text = zagg_value_get(golden, "payload_text");
        const event_case c = case_of(arena, cases->members[i].key->str, text);
        check_event(&report, &c, text->str);
        check_function(&report, &c, golden);
    }
    zagg_arena_free(arena);
    assert_true(n > 0);
    report_end(&report, n);
}

/* ---- of 0.61 ---- */

/* Our dispatcher sends no such events. */
static bool is_foreign(const event_case *c)
{
    const zagg_value *mode = zagg_value_get(c->want, "mode");
    const zagg_value *urls = zagg_value_get(c->want, "granule_urls");
    if (mode != NULL)
        return !zagg_value_is(mode, "setup") && !zagg_value_is(mode, "finalize");
    for (size_t i = 0; i < urls->n; i++)
        if (urls->items[i]->kind != ZAGG_STR)
            return true;
    return false;
}

static void list_missing(zg_str *out, const char *word, const zagg_value *of,
                         const zagg_value *in)
{
    bool some = false;
    for (size_t i = 0; i < of->n; i++) {
        const char *key = of->members[i].key->str;
        if (zagg_value_get(in, key) != NULL)
            continue;
        zg_str_addf(out, "%s%s", some ? ", " : out->len ? "; " : "", some ? "" : word);
        zg_str_addf(out, "%s%s", some ? "" : " ", key);
        some = true;
    }
}

/* What distinguishes our event from upstream's: keys, or the first member that differs.
 */
static void tell_difference(zg_str *out, const zagg_value *got, const zagg_value *want)
{
    list_missing(out, "without", want, got);
    list_missing(out, "with", got, want);
    for (size_t i = 0; i < want->n; i++) {
        const char *key = want->members[i].key->str;
        const zagg_value *v = zagg_value_get(got, key);
        if (v == NULL || zagg_value_equal(v, want->members[i].value))
            continue;
        zg_str inner;
        zg_str_init(&inner, 0);
        if (v->kind == ZAGG_MAP)
            tell_difference(&inner, v, want->members[i].value);
        else
            zg_str_add(&inner, "another");
        zg_str_addf(out, "%s%s: %s", out->len ? "; " : "", key, inner.data);
        zg_str_free(&inner);
    }
    if (out->len == 0)
        zg_str_add(out, "another order");
}

static void check_later(case_report *report, departures *list, const event_case *c)
{
    zg_str got, want, how;
    const zagg_value *parsed = NULL;
    zg_str_init(&want, 0);
    zg_str_init(&how, 0);
    if (is_foreign(c)) {
        departures_judge_as(list, report, c->name, "is not sent", "is not sent");
        return;
    }
    make_again(c, &got);
    assert_int_equal(zg_json_write(&want, c->want, PYTHON, NULL), ZAGG_OK);
    if (strcmp(got.data, want.data) != 0) {
        assert_int_equal(
            zagg_json_parse(c->arena, got.data, got.len, c->name, &parsed, NULL),
            ZAGG_OK);
        tell_difference(&how, parsed, c->want);
        zg_str_addc(&how, '.');
    }
    departures_judge_as(list, report, c->name, how.data, how.data);
    zg_str_free(&want);
    zg_str_free(&how);
    zg_message_free(&got);
}

/* The payload of the first invocation, or the event itself. */
static const zagg_value *payload_of(const zagg_value *golden)
{
    return golden->kind == ZAGG_LIST ? zagg_value_get(golden->items[0], "payload")
                                     : golden;
}

static void check_group(case_report *report, departures *list, zagg_arena *arena,
                        const zagg_value *cases)
{
    for (size_t i = 0; i < cases->n; i++) {
        const event_case c = {.arena = arena,
                              .name = cases->members[i].key->str,
                              .want = payload_of(cases->members[i].value)};
        check_later(report, list, &c);
    }
}

static void test_later_events(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/v061_events"};
    if (!golden_available("dispatch/v061.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("dispatch/v061.json"));
    const zagg_value *cells = zagg_value_get(root, "cell_events");
    const zagg_value *others = zagg_value_get(root, "other_invokes");
    const zagg_value *text = zagg_value_get(root, "cell_event_text_default");
    departures list = departures_load(arena, report.set);
    const event_case c = case_of(arena, "the default one's text", text);
    check_event(&report, &c, text->str);
    check_group(&report, &list, arena, cells);
    check_group(&report, &list, arena, others);
    departures_end(&list, &report);
    const size_t n = 1 + cells->n + others->n;
    zagg_arena_free(arena);
    report_end(&report, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_events),
                                       cmocka_unit_test(test_later_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
