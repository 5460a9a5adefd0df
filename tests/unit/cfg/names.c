/* The closed tables of functions and the names that an expression may hold. */
#include "cfg/cfg.h"
#include "cfg_test.h"

#include <string.h>

static const char *const columns[] = {"h_ph", "s_ph", "max"};

static void ok(const char *text)
{
    char bad[64];
    const char *why = NULL;
    if (!zg_expr_names_ok(text, columns, 3, bad, &why))
        fail_msg("%s: '%s' %s", text, bad, why);
}

static void bad(const char *text, const char *word)
{
    char got[64];
    const char *why = NULL;
    if (zg_expr_names_ok(text, columns, 3, got, &why))
        fail_msg("%s is accepted", text);
    assert_string_equal(got, word);
    assert_non_null(why);
}

static void test_expressions(void **state)
{
    (void)state;
    ok("");
    ok("1.0 / np.sqrt(np.sum(1.0 / s_ph**2))");
    ok("np.histogram(h_ph, 128, (-128.0, 1e+3))[0].astype('uint32')");
    ok("np.var(h_ph, ddof=1)");
    ok("h_ph.max() if len(h_ph) > 3 else np.nan");
    ok("~((h_ph >= 2) | (s_ph == 1)) & (max != 3)");
    ok("np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(1e-6))))");
    ok("np . mean(h_ph)");
    ok("np.bincount(h_ph, minlength=5)");
    ok("median(h_ph)"); /* upstream's check lets bare numpy names pass */
    bad("nope + 1", "nope");
    bad("np.linalg.norm(h_ph)", "linalg");
    bad("np.save('x', h_ph)", "save");
    bad("h_ph.tofile('x')", "tofile");
    bad("h_ph.__class__", "__class__");
    bad("lambda x: x", "lambda");
    bad("os.system('x')", "os");
    ok("h_ph @ s_ph");
    bad("h_ph $ s_ph", "$");
    bad("h_ph; s_ph", ";");
    bad("'open", "'");
    bad("h_ph \xc3\xa9", "?");
    bad("ddof", "ddof");
    bad("ddof == 1", "ddof");
    bad("h", "h");
    bad("h_ph2", "h_ph2");
}

static void test_functions(void **state)
{
    (void)state;
    assert_true(zg_function_known("len") && zg_function_known("count"));
    assert_true(zg_function_known("min") && zg_function_known("np.min"));
    assert_true(zg_function_known("numpy.min") && zg_function_known("sort"));
    assert_true(zg_function_known("zagg.stats.tdigest.build_tdigest"));
    assert_false(zg_function_known("pi"));
    assert_false(zg_function_known("numpy.pi"));
    assert_false(zg_function_known("np.linalg.norm"));
    assert_false(zg_function_known("os.system"));
    assert_false(zg_function_known("np.len"));
    assert_false(zg_function_known(""));
    assert_string_equal(zg_function_hint("meen"), "mean");
    assert_null(zg_function_hint("pi"));
    assert_null(zg_function_hint("os.system"));
}

/* Parameters: a number as Python's float() reads it, a column's name anywhere, a method.
 */
static void test_params(void **state)
{
    (void)state;
    static const char *const good[] = {"'0.5'",   "'1e3'", "' -inf '",     "nan",
                                       "'1_0.5'", "h",     "'1.0 / s**2'", "3",
                                       "[1, 2]",  "true"};
    static const char *const faulty[] = {"zzz", "'1.0.0'", "'0x10'", "''"};
    char text[1024];
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < 14; i++) {
        zagg_pipeline *p = NULL;
        const char *value = i < 10 ? good[i] : faulty[i - 10];
        (void)snprintf(text, sizeof text,
                       SOURCE FIELDS
                       "    x: {function: mean, source: h, params: {q: %s}}\n" OUTPUT,
                       value);
        zagg_status status = zagg_pipeline_parse(text, strlen(text), "t", NULL, &p, &err);
        if (status != (i < 10 ? ZAGG_OK : ZAGG_ECONFIG))
            fail_msg("%s: %s", value, zagg_status_name(status));
        zagg_pipeline_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_params),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
