/* The built-in configs: each loads as either version had it, and all but one run. */
#include "cfg_test.h"

#include <string.h>

/* The text with a line put behind "output:". */
static zagg_pipeline *load_with(const char *text, const char *line)
{
    const char *cut = strstr(text, "\noutput:\n");
    char both[8192];
    assert_non_null(cut);
    cut += strlen("\noutput:\n");
    int n = snprintf(both, sizeof both, "%.*s%s%s", (int)(cut - text), text, line, cut);
    assert_true(n > 0 && (size_t)n < sizeof both);
    return must_load(both);
}

static void must_be_runnable(const char *name, zagg_pipeline *p)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_pipeline_check_runnable(p, &err) != ZAGG_OK)
        fail_msg("%s: %s", name, err.msg);
    zagg_pipeline_free(p);
}

static void test_builtins(void **state)
{
    (void)state;
    const char *const *names = zagg_config_builtin_names();
    size_t n = 0;
    for (; names[n] != NULL; n++) {
        const char *text = zagg_config_builtin(names[n]);
        const char *purpose = zagg_config_builtin_purpose(names[n]);
        zagg_pipeline *p = must_load(text);
        bool strata = strcmp(names[n], "atl03_tdigest_strata_healpix") == 0;
        if (n > 0)
            assert_true(strcmp(names[n - 1], names[n]) < 0);
        assert_memory_equal(text + 2, purpose, strlen(purpose));
        assert_null(strchr(purpose, '\n'));
        assert_ptr_equal(zagg_config_builtin_compat(names[n], ZAGG_COMPAT_NONE), text);
        if (strata) { /* test_strata */
            zagg_pipeline_free(p);
            continue;
        }
        must_be_runnable(names[n], p);
        must_be_runnable(names[n], load_with(text, "  codec: zstd\n"));
    }
    assert_int_equal(n, 11);
    assert_null(zagg_config_builtin("atl99"));
    assert_null(zagg_config_builtin(NULL));
    assert_null(zagg_config_builtin_purpose("atl99"));
    assert_null(zagg_config_builtin_compat("atl99", ZAGG_COMPAT_NONE));
}

static void test_compat(void **state)
{
    (void)state;
    const char *const *names = zagg_config_builtin_names();
    size_t n = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *text = zagg_config_builtin_compat(names[i], ZAGG_COMPAT_0_11);
        if (text == NULL)
            continue;
        zagg_pipeline_free(must_load(text));
        must_be_runnable(names[i], load_with(text, "  compat: zagg-0.11\n"));
        n++;
    }
    assert_int_equal(n, 7);
}

/* Of upstream's largest template a run asks for one key after the other. */
static void test_strata(void **state)
{
    (void)state;
    static const char *const keys[][2] = {
        {"  streaming:\n    mode: spill\n", "aggregation.streaming"},
        {"  windowing:\n"
         "    schedule: yearly\n"
         "    time_field: delta_time\n"
         "    epoch: \"2018-01-01T00:00:00\"\n"
         "    scale: gps\n"
         "    units: seconds\n",
         "output.windowing"},
    };
    char text[8192];
    (void)snprintf(text, sizeof text, "%s",
                   zagg_config_builtin("atl03_tdigest_strata_healpix"));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_pipeline *p = must_load(text);
        assert_int_equal(zagg_pipeline_check_runnable(p, &err), ZAGG_ECONFIG);
        if (strstr(err.msg, keys[i][1]) == NULL)
            fail_msg("not %s: %s", keys[i][1], err.msg);
        zagg_pipeline_free(p);
        char *cut = strstr(text, keys[i][0]);
        assert_non_null(cut);
        size_t n = strlen(keys[i][0]);
        memmove(cut, cut + n, strlen(cut + n) + 1);
    }
    must_be_runnable("strata", must_load(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtins),
        cmocka_unit_test(test_compat),
        cmocka_unit_test(test_strata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
