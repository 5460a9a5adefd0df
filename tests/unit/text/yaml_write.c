/* YAML as PyYAML's safe_dump(sort_keys=True) writes it: its answers for what needs
 * quotes, for numbers, for nesting and for long lines. */
#include "support/support.h"
#include "text/text.h"

#include <string.h>

static const zagg_value *parse(zagg_arena *arena, const char *json)
{
    const zagg_value *v = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_json_parse(arena, json, strlen(json), "case", &v, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return v;
}

static void test_as_pyyaml(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"{\"b\": 1, \"a\": {\"z\": [], \"y\": {}}, \"c\": [[1, 2], {"
         "\"k\": \"v\"}, \"s\"]}",
         "a:\n  y: {}\n  z: []\nb: 1\nc:\n- - 1\n  - 2\n- k: v\n- s\n"},
        {"{\"t\": [\"yes\", \"no\", \"on\", \"null\", \"~\", \"\", \"1\", \"1.5"
         "\", \"1e3\", \"1.0e+3\", \"0x1f\", \"010\", \"1:30\", \"2020-01-01"
         "\", \"=\", \"<<\", \"NaN\", \".nan\", \"True\"]}",
         "t:\n- 'yes'\n- 'no'\n- 'on'\n- 'null'\n- '~'\n- ''\n- '1'\n- '1.5'"
         "\n- 1e3\n- '1.0e+3'\n- '0x1f'\n- '010'\n- '1:30'\n- '2020-01-01'\n- '="
         "'\n- '<<'\n- NaN\n- '.nan'\n- 'True'\n"},
        {"{\"n\": [0, -1, 18446744073709551615, 1.5, 1e+16, 1e-05, 1e+22, -0.0, "
         "1e+100, true, false, null]}",
         "n:\n- 0\n- -1\n- 18446744073709551615\n- 1.5\n- 1.0e+16\n- 1.0e-05"
         "\n- 1.0e+22\n- -0.0\n- 1.0e+100\n- true\n- false\n- null\n"},
        {"{\"q\": [\"- x\", \"x: y\", \"x #y\", \"#x\", \"  lead\", \"trail "
         "\", \"a b\", \"it's"
         "\","
         " \"\\\"q\\\"\", \"%x\", \"@x\", \"`x\", \"&a\", \"*a\", \"!t\", \"[x]"
         "\", \"{x}\", \",\", \"?\", \"? x\", \":\", \"x:\", \"-\", \"--- x"
         "\", \"...\"]}",
         "q:\n- '- x'\n- 'x: y'\n- 'x #y'\n- '#x'\n- '  lead'\n- 'trail '\n- a b"
         "\n- it's\n- '\"q\"'\n- '%x'\n- '@x'\n- '`x'\n- '&a'\n- '*a'\n- '!t'"
         "\n- '[x]'\n- '{x}'\n- ','\n- '?'\n- '? x'\n- ':'\n- 'x:'\n- '-'\n- '--"
         "- x'\n- '...'\n"},
        {"{\"e\": [\"tab\\tx\", \"new\\nline\", \"\\u00e9\", \"\\u2028"
         "\", \"\\ud83d\\ude00\", \"\\u0007\", \"a\\\\b\", \"x\\r\\ny\"]}",
         "e:\n- \"tab\\tx\"\n- 'new\n\n  line'"
         "\n- \"\\xE9\"\n- \"\\L\"\n- \"\\U0001F600\"\n- \"\\a\"\n- a"
         "\\b\n- \"x\\r\\ny\"\n"},
        {"{\"/{group}/heights/h_ph\": \"np.float32(np.maximum(0.5, 2.0 ** np.cei"
         "l(np.log2(np.maximum(1e-6, np.max(h_ph) - np.min(h_ph)) / 128.0))))"
         "\", \"+1\": 1, \"yes\": 2, \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
         "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
         "kkkkkkkkkkkkkkkkkkk\": 3}",
         "'+1': 1\n/{group}/heights/h_ph: np.float32(np.maximum(0.5, 2.0 ** np.c"
         "eil(np.log2(np.maximum(1e-6,\n  np.max(h_ph) - np.min(h_ph)) / 128.0))"
         "))\n? kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
         "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
         "\n: 3\n'yes': 2\n"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_arena *arena = NULL;
        const zagg_value *back = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        zg_str out;
        zg_str_init(&out, 0);
        assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
        const zagg_value *v = parse(arena, CASES[i][0]);
        assert_int_equal(zg_yaml_write(&out, v, &err), ZAGG_OK);
        assert_string_equal(out.data, CASES[i][1]);
        assert_int_equal(zagg_yaml_parse(arena, out.data, out.len, "t", &back, &err),
                         ZAGG_OK);
        assert_true(zagg_value_equal(v, back));
        zg_str_free(&out);
        zagg_arena_free(arena);
    }
}

/* What PyYAML lays out otherwise reads back as what it was. */
static void test_read_back(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    const zagg_value *back = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str json, out;
    zg_str_init(&json, 0);
    zg_str_init(&out, 0);
    zg_str_add(&json, "{\"\": 1, \"long\": \"");
    for (int i = 0; i < 60; i++)
        zg_str_add(&json, "word \\u00e9 ");
    zg_str_add(&json, "\"}");
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    const zagg_value *v = parse(arena, json.data);
    assert_int_equal(zg_yaml_write(&out, v, &err), ZAGG_OK);
    assert_int_equal(zagg_yaml_parse(arena, out.data, out.len, "t", &back, &err),
                     ZAGG_OK);
    assert_true(zagg_value_equal(v, back));
    zg_str_free(&json);
    zg_str_free(&out);
    zagg_arena_free(arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[][2] = {
        {"a: 2020-01-01\n", "line 1: the date 2020-01-01 cannot be written; quote it"},
        {"a:\n  1: 2\n", "line 2: a mapping with a key of kind int cannot be sorted; "
                         "quote its keys"}};
    for (size_t i = 0; i < 2; i++) {
        zagg_arena *arena = NULL;
        const zagg_value *v = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        zg_str out;
        zg_str_init(&out, 0);
        assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
        assert_int_equal(
            zagg_yaml_parse(arena, TEXTS[i][0], strlen(TEXTS[i][0]), "t", &v, &err),
            ZAGG_OK);
        assert_int_equal(zg_yaml_write(&out, v, &err), ZAGG_EUNSUPPORTED);
        assert_string_equal(err.msg, TEXTS[i][1]);
        zg_str_free(&out);
        zagg_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_pyyaml),
                                       cmocka_unit_test(test_read_back),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
