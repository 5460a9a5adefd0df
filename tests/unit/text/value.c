/* Reading values, equality as Python's, floats as text, edit distance. */
#include "canon.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const zagg_value *yaml(zagg_arena *arena, const char *text)
{
    const zagg_value *v = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_yaml_parse(arena, text, strlen(text), "text", &v, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return v;
}

static zagg_arena *new_arena(void)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    return arena;
}

static void test_get(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena();
    const zagg_value *v = yaml(arena, "{a: 1, b: ~, 3: c}");
    assert_non_null(zagg_value_get(v, "a"));
    assert_non_null(zagg_value_get(v, "b"));
    assert_null(zagg_value_get_set(v, "b"));
    assert_null(zagg_value_get(v, "c"));
    assert_null(zagg_value_get(v, "3")); /* the key is a number */
    assert_null(zagg_value_get(NULL, "a"));
    assert_null(zagg_value_get(zagg_value_get(v, "a"), "a"));
    assert_true(zagg_value_is(v->members[2].value, "c"));
    assert_false(zagg_value_is(v->members[2].value, "cc"));
    assert_false(zagg_value_is(NULL, "c"));
    zagg_arena_free(arena);
}

static void test_kinds_and_truth(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kind;
        bool truth;
    } cases[] = {
        {"~", "null", false},
        {"yes", "bool", true},
        {"no", "bool", false},
        {"0", "int", false},
        {"-1", "int", true},
        {"0.0", "float", false},
        {".nan", "float", true},
        {"\"\"", "str", false},
        {"\"no\"", "str", true},
        {"2020-01-01", "date", true},
        {"[]", "list", false},
        {"[0]", "list", true},
        {"{}", "mapping", false},
        {"{a: 0}", "mapping", true},
        {"18446744073709551615", "int", true},
        {"99999999999999999999", "int", true},
    };
    zagg_arena *arena = new_arena();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const zagg_value *v = yaml(arena, cases[i].text);
        assert_string_equal(zagg_value_kind_name(v), cases[i].kind);
        assert_int_equal(zagg_value_truthy(v), cases[i].truth);
    }
    assert_false(zagg_value_truthy(NULL));
    assert_string_equal(zagg_value_kind_name(NULL), "null");
    zagg_arena_free(arena);
}

static void test_numbers(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena();
    double d = 7;
    int64_t i = 7;
    uint64_t u = 7;
    const zagg_value *big = yaml(arena, "18446744073709551615");
    assert_true(zagg_value_u64(big, &u));
    assert_true(u == UINT64_MAX);
    assert_false(zagg_value_i64(big, &i));
    assert_true(zagg_value_number(big, &d));
    assert_true(d == 18446744073709551616.0);
    const zagg_value *low = yaml(arena, "-9223372036854775808");
    assert_true(zagg_value_i64(low, &i));
    assert_true(i == INT64_MIN);
    assert_false(zagg_value_u64(low, &u));
    static const char *const none[] = {"yes", "\"1\"", "99999999999999999999", "~", "[]"};
    for (size_t k = 0; k < 5; k++) {
        const zagg_value *v = yaml(arena, none[k]);
        assert_false(zagg_value_number(v, &d) || zagg_value_i64(v, &i) ||
                     zagg_value_u64(v, &u));
    }
    assert_false(zagg_value_i64(yaml(arena, "1.0"), &i));
    assert_false(zagg_value_number(NULL, &d));
    zagg_arena_free(arena);
}

/* Each line checked with Python's ==. */
static void test_equality(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"10", "10.0", true},
        {"1", "yes", true},
        {"0", "no", true},
        {"-0.0", "0", true},
        {"1", "\"1\"", false},
        {"9007199254740993", "9007199254740992.0", false},
        {"18446744073709551615", "18446744073709551616.0", false},
        {"18446744073709551616", "18446744073709551616.0", true},
        {"-18446744073709551616", "-18446744073709551616.0", true},
        {"100000000000000000000000", "1.0e+23", false},
        {"99999999999999991611392", "1.0e+23", true},
        {"99999999999999999999", "99999999999999999999", true},
        {"99999999999999999999", "-99999999999999999999", false},
        {".nan", ".nan", false},
        {".inf", ".inf", true},
        {".inf", "-.inf", false},
        {"99999999999999999999", ".inf", false},
        {"0.1", "0.1", true},
        {"0.5", "0", false},
        {"-1", "18446744073709551615", false},
        {"~", "~", true},
        {"~", "no", false},
        {"2020-01-01", "2020-01-01", true},
        {"2020-01-01", "\"2020-01-01\"", false},
        {"[1, [2, x]]", "[1.0, [2, x]]", true},
        {"[1]", "[1, 2]", false},
        {"[]", "{}", false},
        {"{a: 1, b: {c: 2, d: 3}}", "{b: {d: 3.0, c: 2}, a: yes}", true},
        {"{a: 1, b: 2}", "{a: 1, c: 2}", false},
        {"{a: 1, b: 2}", "{b: 1, a: 2}", false},
        {"{a: 1}", "{a: 1, b: 2}", false},
        {"{1: a}", "{1.0: a}", true},
    };
    zagg_arena *arena = new_arena();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const zagg_value *a = yaml(arena, cases[i].a), *b = yaml(arena, cases[i].b);
        if (zagg_value_equal(a, b) != cases[i].equal ||
            zagg_value_equal(b, a) != cases[i].equal)
            fail_msg("%s == %s should be %d", cases[i].a, cases[i].b, cases[i].equal);
    }
    assert_true(zagg_value_equal(NULL, NULL));
    assert_false(zagg_value_equal(yaml(arena, "~"), NULL));
    zagg_arena_free(arena);
}

/* Expected texts from Python's repr. */
static void test_float_repr(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {100.0, "100.0"},
        {1e15, "1000000000000000.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {1.5e16, "1.5e+16"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {0x1.52d02c7e14af5p+76, "9.999999999999997e+22"},
        {1e100, "1e+100"},
        {0.0001, "0.0001"},
        {0.00012345, "0.00012345"},
        {0.00001, "1e-05"},
        {-1.25e-7, "-1.25e-07"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {0x1p-1074, "5e-324"},
        {0x1p-1073, "1e-323"},
        {0x1.8p-1070, "1.2e-322"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p-24, "5.960464477539063e-08"},
        {0x1p+63, "9.223372036854776e+18"},
        {(double)0.1F, "0.10000000149011612"},
        {2.0 / 3.0, "0.6666666666666666"},
        {2251799813685248.5, "2251799813685248.5"},
        {99999.99999999999, "99999.99999999999"},
    };
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = zg_float_repr(cases[i].v, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(n, strlen(text));
    }
    zg_float_repr((double)NAN, text);
    assert_string_equal(text, "nan");
    zg_float_repr((double)-INFINITY, text);
    assert_string_equal(text, "-inf");
}

/* Expected texts from numpy's str of a float32, with Python's limit of the exponent form.
 */
static void test_float32_repr(void **state)
{
    (void)state;
    static const struct {
        float v;
        const char *text;
    } cases[] = {
        {0.0F, "0.0"},
        {-0.0F, "-0.0"},
        {0.1F, "0.1"},
        {1.0F / 3.0F, "0.33333334"},
        {-86.714F, "-86.714"},
        {16777216.0F, "16777216.0"},
        {0x1p-24F, "5.9604645e-08"},
        {0x1p+96F, "7.9228163e+28"},
        {FLT_MAX, "3.4028235e+38"},
        {FLT_MIN, "1.1754944e-38"},
        {0x1p-149F, "1e-45"},
        {0x1.8p-145F, "3.4e-44"},
        {0x1p+33F, "8589935000.0"},
        {1e16F, "1e+16"},
    };
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = zg_float32_repr(cases[i].v, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(n, strlen(text));
    }
    zg_float32_repr((float)NAN, text);
    assert_string_equal(text, "nan");
    /* Every exponent, and the floats beside each power of two. */
    for (uint32_t bits = 1; bits < 0x7f800000U; bits += 0x003fffffU) {
        float v;
        double back;
        memcpy(&v, &bits, sizeof v);
        const size_t n = zg_float32_repr(v, text);
        assert_true(zg_float_parse(text, n, &back));
        assert_true((float)back == v);
    }
}

/* Digits of a text without sign, point, exponent and zeros at either end. */
static size_t significant(const char *text, char out[32])
{
    size_t n = 0;
    for (; *text != '\0' && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (n > 0 || *text != '0'))
            out[n++] = *text;
    while (n > 0 && out[n - 1] == '0')
        n--;
    out[n] = '\0';
    return n;
}

/* No decimal with fewer digits reads back, and of those with as many it is the nearest,
 * which is what the C library rounds to where that reads back. */
static void check_shortest(double v)
{
    char text[32], digits[32], rounded[64], nearest[32];
    double back;
    assert_true(zg_float_parse(text, zg_float_repr(v, text), &back));
    assert_true(memcmp(&back, &v, sizeof v) == 0);
    const size_t n = significant(text, digits);
    if (n > 1) {
        snprintf(rounded, sizeof rounded, "%.*e", (int)n - 2, v);
        assert_true(strtod(rounded, NULL) != v);
    }
    snprintf(rounded, sizeof rounded, "%.*e", (int)n - 1, v);
    significant(rounded, nearest);
    if (strtod(rounded, NULL) == v)
        assert_string_equal(digits, nearest);
}

static void test_float_shortest(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252U;
    for (int i = 0; i < 40000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        /* any exponent, powers of two, subnormal numbers, decimal fractions */
        uint64_t bits = x & 0x7fffffffffffffffU;
        double v;
        if (i % 4 == 1)
            bits &= 0x7ff0000000000000U;
        if (i % 4 == 2)
            bits &= 0x000fffffffffffffU;
        memcpy(&v, &bits, sizeof v);
        if (i % 4 == 3)
            v = (double)(x % 20000000) / 1000.0;
        if (v > 0 && v <= DBL_MAX)
            check_shortest(v);
    }
}

static void test_float_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double v;
    } good[] = {
        {"1", 1},
        {"-1.5", -1.5},
        {"+.5", 0.5},
        {"1.", 1},
        {"1e5", 1e5},
        {"1E+05", 1e5},
        {"1.5e-3", .0015},
        {"00012.50", 12.5},
        {"1e400", (double)INFINITY},
        {"-1e99999999999999999999", (double)-INFINITY},
        {"1e-99999999999999999999", 0},
        {"0e99999999999", 0},
        {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
    };
    double v;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!zg_float_parse(good[i].text, strlen(good[i].text), &v) || v != good[i].v)
            fail_msg("%s", good[i].text);
    }
    static const char *const bad[] = {
        "",     ".",   "-",   "+",     "e5",  "1e",   "1e+", "1 ",    " 1", "1,5",
        "0x10", "nan", "inf", "1.2.3", "--1", "1e5.", "1-",  "1e5e5", "1_0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        v = 42;
        if (zg_float_parse(bad[i], strlen(bad[i]), &v) || v != 42)
            fail_msg("'%s' should be refused", bad[i]);
    }
    assert_false(zg_float_parse("1\0", 2, &v));
    /* more digits than fit the stack buffer: 1 with 5000 zeros behind, scaled back */
    char text[5100];
    memset(text, '0', sizeof text);
    text[0] = '1';
    memcpy(text + 5001, "e-5000", 6);
    assert_true(zg_float_parse(text, 5007, &v));
    assert_true(v == 1);
}

/* A locale with a decimal comma changes nothing; without one installed the C locale runs.
 */
static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};
    char text[32];
    double v;
    for (size_t i = 0; i < 4 && !setlocale(LC_ALL, names[i]); i++)
        continue;
    zg_float_repr(1.5, text);
    assert_string_equal(text, "1.5");
    assert_true(zg_float_parse("2.5", 3, &v));
    assert_true(v == 2.5);
    assert_canon(zagg_json_parse, "[1.5]", "[D1.5,]");
    assert_canon(zagg_yaml_parse, "[1.5]", "[D1.5,]");
    setlocale(LC_ALL, "C");
}

static void test_edit_distance(void **state)
{
    (void)state;
    assert_int_equal(zg_edit_distance("", ""), 0);
    assert_int_equal(zg_edit_distance("", "abc"), 3);
    assert_int_equal(zg_edit_distance("abc", ""), 3);
    assert_int_equal(zg_edit_distance("healpix", "healpix"), 0);
    assert_int_equal(zg_edit_distance("helpix", "healpix"), 1);
    assert_int_equal(zg_edit_distance("kitten", "sitting"), 3);
    char a[200], b[200];
    memset(a, 'a', 199);
    memset(b, 'b', 199);
    a[199] = b[199] = '\0';
    assert_int_equal(zg_edit_distance(a, b), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_kinds_and_truth),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_float_repr),
        cmocka_unit_test(test_float32_repr),
        cmocka_unit_test(test_float_shortest),
        cmocka_unit_test(test_float_parse),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_edit_distance),
    };
    return cmocka_run_group_tests_name("text_value", tests, NULL, NULL);
}
