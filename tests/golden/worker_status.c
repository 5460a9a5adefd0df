/* golden/dispatch/v061: classes of errors, and the members of status objects in their
 * order, as upstream's later dispatchers read them. */
#include "run/event.h"
#include "support/program.h"

#include <stdio.h>
#include <string.h>

static void errors_have_upstreams_classes(void **state)
{
    (void)state;
    case_report report = {.set = "dispatch/v061 store_error_class"};
    zagg_arena *arena = NULL;
    if (!golden_available("dispatch/v061.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *cases = zagg_value_get(
        golden_json(arena, golden_path("dispatch/v061.json")), "store_error_class");
    for (size_t i = 0; i < cases->n; i++) {
        const char *error = cases->members[i].key->str;
        const char *want = cases->members[i].value->str;
        const char *got = zg_event_error_class(error);
        if (strcmp(got, want) == 0)
            case_pass(&report);
        else
            case_fail(&report, error, "%s, not %s", got, want);
    }
    assert_true(cases->n > 0);
    report_end(&report, cases->n);
    zagg_arena_free(arena);
}

/* One event about a shard that has no granules: its object has the members of upstream's
 * "nodata" one, with the same kinds of values. */
static void status_objects_have_upstreams_members(void **state)
{
    static const char EVENT[] =
        "{\"shard_key\": 12715069122950463494, \"parent_order\": 6, \"granule_urls\": "
        "[], "
        "\"store_path\": \"%s/x.zarr\", \"s3_credentials\": {}, \"child_order\": 12, "
        "\"run_id\": \"r\"}";
    (void)state;
    zagg_arena *arena = NULL;
    zagg_event_response response = {0};
    zagg_err err = ZAGG_ERR_INIT;
    if (!golden_available("dispatch/v061.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *dir = make_temp_dir(), event[1024], path[1024];
    char *text = NULL;
    size_t len = 0;
    (void)snprintf(event, sizeof event, EVENT, dir);
    assert_int_equal(zagg_event_handle(event, strlen(event), NULL, &response, &err),
                     ZAGG_OK);
    zagg_event_response_free(&response);
    (void)snprintf(path, sizeof path,
                   "%s/x.zarr.status/run-r/shard-12715069122950463494.json", dir);
    if (zagg_file_read(path, 1 << 20, &text, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    const zagg_value *got = NULL;
    assert_int_equal(zagg_json_parse(arena, text, len, path, &got, &err), ZAGG_OK);
    zagg_bytes_free(text);
    const zagg_value *want = zagg_value_get(
        zagg_value_get(
            zagg_value_get(golden_json(arena, golden_path("dispatch/v061.json")),
                           "status_objects"),
            "nodata"),
        "obj");
    assert_int_equal(got->n, want->n);
    for (size_t i = 0; i < want->n; i++) {
        assert_string_equal(got->members[i].key->str, want->members[i].key->str);
        assert_int_equal(got->members[i].value->kind, want->members[i].value->kind);
    }
    static const char *const SAME[] = {"schema_version", "status",  "run_id",
                                       "window",         "timings", "store_error_class",
                                       "status_code"};
    for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++)
        if (!zagg_value_equal(zagg_value_get(got, SAME[i]),
                              zagg_value_get(want, SAME[i])))
            fail_msg("another %s", SAME[i]);
    assert_true(zagg_value_is(zagg_value_get(got, "shard"), "12715069122950463494"));
    assert_true(zagg_value_is(zagg_value_get(got, "error"), "No granules found"));
    assert_int_equal(strlen(zagg_value_get(got, "attempt_id")->str), 32);
    remove_tree(dir);
    zg_free(dir);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_upstreams_classes),
        cmocka_unit_test(status_objects_have_upstreams_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
