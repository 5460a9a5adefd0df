/* Settings of transfers out of the environment, and bytes that were asked for in vain. */
#include "net/patience.h"

#include "net/vain.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"ZAGG_NET_STALL_S", "ZAGG_NET_ATTEMPTS",
                                    "ZAGG_NET_BACKOFF_S"};

static int clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        unsetenv(NAMES[i]);
    return 0;
}

static void settings(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zg_http_opts opts = {.stall_s = 7, .attempts = 3};
    assert_int_equal(zg_patience_read(&opts, &err), ZAGG_OK);
    assert_true(opts.stall_s == 7 && opts.attempts == 3 && opts.backoff_s == 0);
    setenv("ZAGG_NET_STALL_S", "2.5", 1);
    setenv("ZAGG_NET_ATTEMPTS", "8", 1);
    setenv("ZAGG_NET_BACKOFF_S", "0.02", 1);
    assert_int_equal(zg_patience_read(&opts, &err), ZAGG_OK);
    assert_true(opts.stall_s == 2.5 && opts.attempts == 8 && opts.backoff_s == 0.02);
}

static void wrong_settings(void **state)
{
    static const struct {
        const char *name, *value, *range;
    } CASES[] = {{"ZAGG_NET_STALL_S", "0", "number from 1 to 3600"},
                 {"ZAGG_NET_STALL_S", "nan", "number from 1 to 3600"},
                 {"ZAGG_NET_STALL_S", "1e9", "number from 1 to 3600"},
                 {"ZAGG_NET_ATTEMPTS", "0", "whole number from 1 to 100"},
                 {"ZAGG_NET_ATTEMPTS", "2.5", "whole number from 1 to 100"},
                 {"ZAGG_NET_ATTEMPTS", "many", "whole number from 1 to 100"},
                 {"ZAGG_NET_BACKOFF_S", "-1", "number from 0.001 to 10"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[128];
        zagg_net *net = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        (void)clear(state);
        setenv(CASES[i].name, CASES[i].value, 1);
        assert_int_equal(zagg_net_new(NULL, &net, &err), ZAGG_ECONFIG);
        (void)snprintf(text, sizeof text, "%s: found '%s'; must be a %s", CASES[i].name,
                       CASES[i].value, CASES[i].range);
        assert_string_equal(err.msg, text);
    }
}

static zagg_status ask(zg_vain *v, uint64_t offset, size_t len, zagg_err *err)
{
    const zagg_range ranges[2] = {{1u << 30, 1, NULL}, {offset, len, NULL}};
    return zg_vain_check(v, ranges, 2, 5, err);
}

static void in_vain(void **state)
{
    (void)state;
    zg_vain v;
    zagg_err why = ZAGG_ERR_INIT, err = ZAGG_ERR_INIT;
    zagg_err_set(&why, ZAGG_EHTTP, "HTTP 503");
    zg_vain_init(&v);
    assert_int_equal(ask(&v, 0, 100, &err), ZAGG_OK);
    zg_vain_note(&v, 100, 50, 5, &why);
    assert_int_equal(ask(&v, 0, 100, &err), ZAGG_OK);
    assert_int_equal(ask(&v, 150, 10, &err), ZAGG_OK);
    assert_int_equal(ask(&v, 149, 10, &err), ZAGG_EHTTP);
    assert_string_equal(err.msg, "HTTP 503");
    assert_int_equal(ask(&v, 50, 51, NULL), ZAGG_EHTTP);
    /* asked for less often: again, until it is enough for both together */
    zg_vain_note(&v, 1000, 10, 3, &why);
    assert_int_equal(ask(&v, 1000, 10, &err), ZAGG_OK);
    zg_vain_note(&v, 1005, 20, 2, &why);
    assert_int_equal(ask(&v, 1000, 1, &err), ZAGG_EHTTP);
    assert_int_equal(ask(&v, 1024, 1, &err), ZAGG_EHTTP);
    assert_int_equal(ask(&v, 1025, 1, &err), ZAGG_OK);
    /* all of it, without an end */
    zagg_err_set(&why, ZAGG_EIO, "gone");
    zg_vain_note(&v, 5000, UINT64_MAX, 5, &why);
    assert_int_equal(ask(&v, UINT64_MAX - 9, 5, &err), ZAGG_EIO);
    zg_vain_free(&v);
}

/* There is a bound to what is remembered; what is beyond it is asked for again. */
static void in_vain_everywhere(void **state)
{
    (void)state;
    zg_vain v;
    zagg_err why = ZAGG_ERR_INIT, err = ZAGG_ERR_INIT;
    zagg_err_set(&why, ZAGG_EIO, "broke");
    zg_vain_init(&v);
    for (uint64_t i = 0; i < 1000; i++)
        zg_vain_note(&v, i * 100, 10, 5, &why);
    assert_int_equal(ask(&v, 0, 1, &err), ZAGG_EIO);
    assert_int_equal(ask(&v, 99900, 1, &err), ZAGG_OK);
    zg_vain_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(settings, clear),
        cmocka_unit_test_teardown(wrong_settings, clear),
        cmocka_unit_test(in_vain),
        cmocka_unit_test(in_vain_everywhere),
    };
    return cmocka_run_group_tests_name("net_patience", tests, NULL, NULL);
}
