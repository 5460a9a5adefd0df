/* Faulty configs: what upstream 0.61 refuses at load is refused at load, naming file,
 * line and key; what it finds when it builds the grid may be found at load already. */
#include "support/departures.h"
#include "support/support.h"
#include "zagg/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* "<path>:<digits>: ...<key>..." */
static bool names_line_and_key(const char *msg, const char *path, const char *key)
{
    size_t n = strlen(path);
    if (strncmp(msg, path, n) != 0 || msg[n] != ':' ||
        !isdigit((unsigned char)msg[n + 1]))
        return false;
    const char *rest = strchr(msg + n + 1, ':');
    return rest != NULL && strstr(rest, key) != NULL;
}

static void check_case(case_report *r, departures *d, const zagg_value *entry)
{
    const char *file = zagg_value_get(entry, "file")->str;
    const char *key = zagg_value_get(entry, "key")->str;
    const zagg_value *stage = zagg_value_get(zagg_value_get(entry, "v061"), "stage");
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = NULL;
    char relative[256];
    (void)snprintf(relative, sizeof relative, "config_bad/%s", file);
    const char *path = golden_path(relative);
    zagg_status status = zagg_pipeline_load(path, NULL, &p, &err);
    bool refused = status == ZAGG_ECONFIG;
    zagg_pipeline_free(p);
    if (status != ZAGG_OK && !refused)
        case_fail(r, file, "status %s: %s", zagg_status_name(status), err.msg);
    else if (refused && !names_line_and_key(err.msg, path, key))
        case_fail(r, file, "the message does not name line and %s: %s", key, err.msg);
    else if (zagg_value_is(stage, "grid"))
        departures_judge(d, r, file, false, "");
    else
        departures_judge(d, r, file, refused != zagg_value_is(stage, "validate"),
                         refused ? err.msg : "it loads");
}

static void test_config_bad(void **state)
{
    (void)state;
    case_report r = {.set = "config_bad"};
    zagg_arena *arena = NULL;
    if (!golden_available("config_bad/index.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    departures d = departures_load(arena, "config_bad");
    const zagg_value *index = golden_json(arena, golden_path("config_bad/index.json"));
    for (size_t i = 0; i < index->n; i++)
        check_case(&r, &d, index->items[i]);
    departures_end(&d, &r);
    report_end(&r, 90);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_config_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
