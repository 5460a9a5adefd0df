/* golden/dispatch/credentials: keys in every spelling, and the block that upstream makes
 * of them, byte for byte. */
#include "net/creds.h"
#include "support/support.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

static const zg_json_style PYTHON = {.indent = -1};

static void write_value(const zagg_value *v, zg_str *out)
{
    zg_str_init(out, 0);
    assert_int_equal(zg_json_write(out, v, PYTHON, NULL), ZAGG_OK);
}

/* As upstream writes it into an event: the run's region and endpoint stand in. */
static void write_block(const zg_output_creds *creds, const char *endpoint, zg_str *out)
{
    zg_json_out w;
    zg_str_init(out, 0);
    if (creds->keys.access_key == NULL) {
        zg_str_add(out, "null");
        return;
    }
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "accessKeyId", creds->keys.access_key);
    zg_json_put_str(&w, "secretAccessKey", creds->keys.secret_key);
    zg_json_put_str(&w, "region", creds->region != NULL ? creds->region : "us-west-2");
    if (creds->keys.token != NULL)
        zg_json_put_str(&w, "sessionToken", creds->keys.token);
    if (endpoint == NULL)
        endpoint = creds->endpoint;
    if (endpoint != NULL)
        zg_json_put_str(&w, "endpointUrl", endpoint);
    zg_json_close_map(&w);
}

static void judge_block(case_report *report, const char *name,
                        const zg_output_creds *creds, const char *endpoint,
                        const zagg_value *want)
{
    zg_str got, expected;
    write_block(creds, endpoint, &got);
    write_value(want, &expected);
    if (strcmp(got.data, expected.data) != 0)
        case_fail(report, name, "%s, not %s", got.data, expected.data);
    else
        case_pass(report);
    zg_str_free(&got);
    zg_str_free(&expected);
}

/* What upstream's reading keeps, also of what it then refuses. */
static void judge_normalized(case_report *report, const char *name,
                             const zg_output_creds *creds, const zagg_value *want)
{
    const struct {
        const char *key, *got;
    } members[] = {{"accessKeyId", creds->keys.access_key},
                   {"secretAccessKey", creds->keys.secret_key},
                   {"sessionToken", creds->keys.token},
                   {"region", creds->region},
                   {"endpointUrl", creds->endpoint}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const zagg_value *v = zagg_value_get(want, members[i].key);
        const char *expected = v != NULL ? v->str : NULL;
        if ((expected == NULL) != (members[i].got == NULL) ||
            (expected != NULL && strcmp(expected, members[i].got) != 0))
            case_fail(report, name, "another %s", members[i].key);
        else
            case_pass(report);
    }
}

static void check_case(case_report *report, const zagg_value *c)
{
    zg_str input;
    zagg_err err = ZAGG_ERR_INIT;
    zg_output_creds creds = {0};
    const zagg_value *block = zagg_value_get(c, "event_block_plain");
    const zagg_value *refusal = zagg_value_get(block, "ValueError");
    write_value(zagg_value_get(c, "input"), &input);
    const zagg_status status =
        zg_output_creds_parse(input.data, input.len, "FILE", &creds, &err);
    if (refusal != NULL) {
        char want[300];
        (void)snprintf(want, sizeof want, "FILE: %s", refusal->str);
        const zagg_value *with = zagg_value_get(c, "event_block_ep_kwarg");
        if (!zagg_value_is(zagg_value_get(with, "ValueError"), refusal->str))
            case_fail(report, input.data, "another refusal with an endpoint");
        if (status != ZAGG_ECONFIG || err.status != status || strcmp(err.msg, want) != 0)
            case_fail(report, input.data, "'%s', not '%s'", err.msg, want);
        else
            case_pass(report);
    } else if (status != ZAGG_OK) {
        case_fail(report, input.data, "refused: %s", err.msg);
    } else {
        judge_normalized(report, input.data, &creds, zagg_value_get(c, "normalized"));
        judge_block(report, input.data, &creds, NULL, block);
        judge_block(report, input.data, &creds, "https://kw",
                    zagg_value_get(c, "event_block_ep_kwarg"));
    }
    zg_output_creds_free(&creds);
    zg_str_free(&input);
}

static void test_spellings(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/credentials"};
    if (!golden_available("dispatch/credentials.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *cases =
        golden_json(arena, golden_path("dispatch/credentials.json"));
    for (size_t i = 0; i < cases->n; i++)
        check_case(&report, cases->items[i]);
    const size_t n = cases->n;
    zagg_arena_free(arena);
    assert_true(n > 0);
    report_end(&report, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spellings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
