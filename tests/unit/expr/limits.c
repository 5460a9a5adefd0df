/* What a config may ask for ends somewhere, with a message, and never in a crash, a loop
 * or all of the memory; lack of memory at any allocation is an error without leaks. */
#include "evaluate.h"

#include <stdio.h>
#include <string.h>

static zagg_status parse_only(const char *text, zagg_err *err)
{
    zagg_expr *e = NULL;
    const zagg_status status =
        zagg_expr_parse(text, cell_names, NAMES, ZAGG_EXPR_FIELD, &e, err);
    zagg_expr_free(e);
    return status;
}

/* head, n times `unit`, tail */
static void repeat(char *out, size_t cap, const char *head, const char *unit, size_t n,
                   const char *tail)
{
    assert_true(strlen(head) + n * strlen(unit) + strlen(tail) < cap);
    out += sprintf(out, "%s", head);
    for (size_t i = 0; i < n; i++)
        out += sprintf(out, "%s", unit);
    (void)sprintf(out, "%s", tail);
}

static void test_texts(void **state)
{
    static char text[8192], tail[80];
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    repeat(text, sizeof text, "h", " ", 4095, "");
    assert_int_equal(parse_only(text, &err), ZAGG_OK);
    repeat(text, sizeof text, "h", " ", 4096, "");
    assert_int_equal(parse_only(text, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "4097 bytes; 4096 are allowed"));
    assert_int_equal(parse_only("  ", &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "without text"));
    memset(tail, ')', 70);
    tail[63] = '\0';
    repeat(text, sizeof text, "", "(", 63, "h");
    assert_int_equal(parse_only(strcat(text, tail), &err), ZAGG_OK);
    tail[63] = ')';
    tail[64] = '\0';
    repeat(text, sizeof text, "", "(", 64, "h");
    assert_int_equal(parse_only(strcat(text, tail), &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "column 65: nested deeper than 64 levels"));
    static const char *const DEEP[] = {"-", "not ", "2**", "1 if n else ", "abs(", "["};
    for (size_t i = 0; i < sizeof DEEP / sizeof DEEP[0]; i++) {
        repeat(text, sizeof text, "", DEEP[i], 300, "n");
        assert_int_equal(parse_only(text, &err), ZAGG_ECONFIG);
        assert_non_null(strstr(err.msg, "nested deeper"));
    }
    static const char *const HIGH[] = {"+h", "[:]", ".T", " and n", " or n", "*h", "|m"};
    for (size_t i = 0; i < sizeof HIGH / sizeof HIGH[0]; i++) {
        repeat(text, sizeof text, "h", HIGH[i], 256, "");
        assert_int_equal(parse_only(text, &err), ZAGG_OK);
        repeat(text, sizeof text, "h", HIGH[i], 257, "");
        assert_int_equal(parse_only(text, &err), ZAGG_ECONFIG);
        assert_non_null(strstr(err.msg, "more than 256 operations"));
    }
    repeat(text, sizeof text, "1", " < n", 15, "");
    assert_int_equal(parse_only(text, &err), ZAGG_OK);
    repeat(text, sizeof text, "1", " < n", 16, "");
    assert_int_equal(parse_only(text, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "more than 15 comparisons"));
    assert_int_equal(parse_only("np.sum(h,a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1)", &err),
                     ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "more than 8 keyword arguments"));
}

/* The longest sums that may be written, and equal parts all over, compile and run. */
static void test_heights(void **state)
{
    static char text[8192];
    (void)state;
    repeat(text, sizeof text, "1", "+h", 256, "");
    evaluated e = evaluate(text);
    assert_int_equal(e.status, ZAGG_OK);
    evaluated_free(&e);
    repeat(text, sizeof text, "[0", ",h[0]", 700, "][1]");
    e = evaluate(text);
    assert_int_equal(e.status, ZAGG_OK);
    evaluated_free(&e);
}

static void test_arrays(void **state)
{
    static const char *const TOO_LARGE[] = {
        "np.zeros(1048577)",
        "np.ones((n, 1048576))",
        "np.full((1048576, 2), 0.5)",
        "np.arange(1e18)",
        "np.arange(0.0, 1.0, 1e-300)",
        "np.arange(1048577)",
        "np.linspace(0, 1, 1048577)",
        "np.bincount(i + 300000000)",
        "np.bincount(u, minlength=1048577)",
        "np.histogram(h, 1048577)[0]",
        "np.zeros(300000)[:, None] * edges",
        "np.zeros(9223372036854775807)",
        "np.zeros((1048576, 9223372036854775807))",
    };
    static const char *const TOO_MUCH[] = {
        "np.zeros(1048576) + 1 + level * np.ones(1048576) + (np.arange(1048576) + level)",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TOO_LARGE / sizeof TOO_LARGE[0]; i++) {
        evaluated e = evaluate(TOO_LARGE[i]);
        if (e.status != ZAGG_ERANGE ||
            !(strstr(e.err.msg, "too large") || strstr(e.err.msg, "too many") ||
              strstr(e.err.msg, "Maximum allowed size")))
            fail_msg("'%s': status %d: %s", TOO_LARGE[i], (int)e.status, e.err.msg);
        evaluated_free(&e);
    }
    for (size_t i = 0; i < sizeof TOO_MUCH / sizeof TOO_MUCH[0]; i++) {
        evaluated e = evaluate(TOO_MUCH[i]);
        if (e.status != ZAGG_ERANGE ||
            !strstr(e.err.msg, "more than 128 MB of intermediate results"))
            fail_msg("'%s': status %d: %s", TOO_MUCH[i], (int)e.status, e.err.msg);
        evaluated_free(&e);
    }
    evaluated e = evaluate_cell("np.sum(np.zeros(1048576))", 0);
    assert_int_equal(e.status, ZAGG_OK);
    evaluated_free(&e);
}

/* Work that grows faster than what goes in would take minutes here. */
static void test_work(void **state)
{
    static const char *const TEXTS[] = {
        "np.sum(np.isin(np.arange(1000000), np.arange(1000000)))",
        "np.sum(np.digitize(np.arange(1000000), np.arange(1000000)))",
        "np.sum(np.searchsorted(np.arange(1000000), np.arange(1000000)))",
        "np.sum(np.interp(np.arange(100000), np.arange(100000), np.arange(100000)))",
        "np.sum(np.quantile(np.arange(100000), np.linspace(0, 1, 1000)))",
        "9223372036854775807 ** (n * 0) + 1 ** 9223372036854775807",
        "np.sum(np.arange(1000000) ** 9223372036854775807)",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        const double start = zg_clock_mono_s();
        evaluated e = evaluate_cell(TEXTS[i], 0);
        if (e.status != ZAGG_OK)
            fail_msg("%s", e.err.msg);
        evaluated_free(&e);
        if (zg_clock_mono_s() - start > 20)
            fail_msg("'%s' took %.0f s", TEXTS[i], zg_clock_mono_s() - start);
    }
}

static zagg_status everything(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr_memory *memory = NULL;
    zagg_expr *e = NULL;
    zagg_program *p = NULL;
    zagg_status status = zagg_expr_memory_new(&memory, &err);
    if (status == ZAGG_OK)
        status = zagg_expr_parse(text, cell_names, NAMES, ZAGG_EXPR_FIELD, &e, &err);
    if (status == ZAGG_OK)
        status = zagg_expr_compile(e, cell_names, NAMES, &p, &err);
    zagg_expr_free(e);
    for (int round = 0; status == ZAGG_OK && round < 2; round++)
        status = run_status(p, memory, &err);
    zagg_program_free(p);
    zagg_expr_memory_free(memory);
    if (status != ZAGG_OK)
        assert_true(err.status == status && err.msg[0] != '\0');
    return status;
}

static void test_failing_allocations(void **state)
{
    static const char *const TEXTS[] = {
        "np.histogram(h, 16, (level, level + 4.0))[0] * np.sum(h[h > 0]) + np.zeros(16)",
        "np.mean(h) if len(h) > 4 and m[0] else np.median(s[[0, -1]])",
        "np.zeros(n * 4000) + np.quantile(h, [0.1, 0.9])[0] + np.sort(h)[-1]",
        "np.bincount(u % 4, minlength=4)[:, None] * edges",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        assert_int_equal(everything(TEXTS[i]), ZAGG_OK);
        zg_alloc_fail_nth(1);
        assert_int_equal(everything(TEXTS[i]), ZAGG_ENOMEM);
        for (int64_t nth = 1;; nth++) {
            assert_true(nth < 1000);
            zg_alloc_fail_nth(nth);
            const zagg_status status = everything(TEXTS[i]);
            zg_alloc_fail_nth(0);
            if (status == ZAGG_OK)
                break;
            if (status != ZAGG_ENOMEM)
                fail_msg("'%s': allocation %lld: status %d", TEXTS[i], (long long)nth,
                         (int)status);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_heights),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
