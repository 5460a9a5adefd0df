/* golden/dispatch/seed_events.json: what is sent to a worker, byte for byte. Each payload
 * is made anew of what stands in it: its config goes through the config module, its shard
 * through the grid. */
#include "dispatch/message.h"
#include "support/support.h"
#include "text/text.h"
#include "zagg/core.h"

#include <stdio.h>
#include <string.h>

typedef struct event_case {
    case_report *report;
    const char *name;
    const zagg_value *want; /* the payload, parsed */
    const char *text;
} event_case;

/* Of events that carry no config: the grid that all of them are for. */
static const char PLAIN_GRID[] =
    "{\"data_source\": {\"groups\": [\"gt1l\"], \"coordinates\": {\"latitude\": \"/a\", "
    "\"longitude\": \"/b\"}, \"variables\": {\"h\": \"/h\"}}, \"aggregation\": "
    "{\"variables\": {\"count\": {\"function\": \"len\", \"source\": \"h\", \"dtype\": "
    "\"int32\", \"fill_value\": 0}}}, \"output\": {\"grid\": {\"type\": \"healpix\", "
    "\"parent_order\": 6, \"child_order\": 12}}}";

static zagg_grid *grid_of(zagg_arena *arena, const zagg_value *config)
{
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (config == NULL)
        assert_int_equal(zagg_json_parse(arena, PLAIN_GRID, sizeof PLAIN_GRID - 1, "grid",
                                         &config, NULL),
                         ZAGG_OK);
    if (zagg_pipeline_from_value(config, "event", NULL, &pipeline, &err) != ZAGG_OK ||
        zagg_grid_from_pipeline(pipeline, ZAGG_LATITUDE_GEODETIC, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_pipeline_free(pipeline);
    return grid;
}

static char *text_of(const zagg_value *map, const char *key)
{
    const zagg_value *v = zagg_value_get(map, key);
    return v != NULL ? (char *)(uintptr_t)v->str : NULL;
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
    const zg_aws_keys keys = keys_of(zagg_value_get(c->want, "s3_credentials"));
    const char *hrefs[8];
    zg_message_shard shard = {.urls = hrefs, .n_urls = urls->n, .keys = &keys};
    for (size_t i = 0; i < urls->n; i++)
        hrefs[i] = urls->items[i]->str;
    assert_true(zagg_value_u64(zagg_value_get(c->want, "shard_key"), &shard.key));
    return zg_message_process(run, &shard, out, err);
}

static zagg_status make_setup(const event_case *c, const zg_message_run *run, zg_str *out,
                              zagg_err *err)
{
    uint64_t n = 0;
    const bool dense = zagg_value_u64(zagg_value_get(c->want, "n_parent_cells"), &n);
    const zg_message_begin begin = {
        .overwrite = zagg_value_truthy(zagg_value_get(c->want, "overwrite")),
        .dense = dense,
        .n_shards = n};
    return zg_message_setup(run, &begin, out, err);
}

static void check_event(const event_case *c, zagg_arena *arena)
{
    const zagg_value *config = zagg_value_get(c->want, "config");
    const zagg_value *mode = zagg_value_get(c->want, "mode");
    const zagg_value *creds = zagg_value_get(c->want, "output_credentials");
    const zg_output_creds output = {.keys = keys_of(creds),
                                    .region = text_of(creds, "region"),
                                    .endpoint = text_of(creds, "endpointUrl")};
    const bool arrow = zagg_value_is(zagg_value_get(c->want, "handoff"), "arrow");
    zagg_grid *grid = grid_of(arena, config);
    zg_message_run run = {.grid = grid,
                          .store = text_of(c->want, "store_path"),
                          .output = &output,
                          .region = "eu-nowhere-1",
                          .profile = zagg_value_get(c->want, "profile") != NULL,
                          .handoff = arrow ? ZAGG_HANDOFF_ARROW : ZAGG_HANDOFF_PANDAS};
    zg_str text, got;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&text, 0);
    if (config != NULL) {
        assert_int_equal(
            zg_message_config(config, &(zg_message_changes){NULL}, &text, &err), ZAGG_OK);
        run.config = text.data;
    }
    zagg_status status;
    if (mode == NULL)
        status = make_process(c, &run, &got, &err);
    else if (zagg_value_is(mode, "setup"))
        status = make_setup(c, &run, &got, &err);
    else
        status = zg_message_finalize(&run, NULL, &got, &err);
    if (status != ZAGG_OK)
        case_fail(c->report, c->name, "%s", err.msg);
    else if (strcmp(got.data, c->text) != 0)
        case_fail(c->report, c->name, "got\n%s\nnot\n%s", got.data, c->text);
    else
        case_pass(c->report);
    zg_message_free(&got);
    zg_str_free(&text);
    zagg_grid_free(grid);
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
    for (size_t i = 0; i < cases->n; i++) {
        event_case c = {.report = &report, .name = cases->members[i].key->str};
        const zagg_value *text = zagg_value_get(cases->members[i].value, "payload_text");
        c.text = text->str;
        assert_int_equal(
            zagg_json_parse(arena, text->str, text->str_len, c.name, &c.want, NULL),
            ZAGG_OK);
        check_event(&c, arena);
    }
    zagg_arena_free(arena);
    report_end(&report, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
