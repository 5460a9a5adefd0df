/* JSON: what is accepted and refused, and text as Python's json.dumps writes it. */
#include "canon.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void test_accepted(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"null", "N"},
        {" 12 ", "I12"},
        {"-0", "I0"},
        {"-0.0", "D-0.0"},
        {"\"x\"", "S\"x\""},
        {"[18446744073709551615,9223372036854775808,9223372036854775807]",
         "[I18446744073709551615,I9223372036854775808,I9223372036854775807,]"},
        {"[-9223372036854775808]", "[I-9223372036854775808,]"},
        {"{\"11529215046068469760\":1}", "{S\"11529215046068469760\":I1,}"},
        {"[NaN,Infinity,-Infinity]", "[Dnan,Dinf,D-inf,]"},
        {"[1e5,1E+5,1e-05,1e400,-1e-400]", "[D100000.0,D100000.0,D1e-05,Dinf,D-0.0,]"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "{S\"a\":I3,S\"b\":I2,}"},
        {"{\"\":{},\"l\":[]}", "{S\"\":{},S\"l\":[],}"},
        {"[\"\\u0000x\\/\\b\\f\\n\\r\\t\\\"\\\\\"]",
         "[S\"\\u0000x/\\b\\f\\n\\r\\t\\\"\\\\\",]"},
        {"[\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \xc3\xa9 \\u00E9\"]",
         "[S\"\\ud83d\\ude00 \\ud83d\\ude00 \\u00e9 \\u00e9\",]"},
        /* pairs that json-c takes for halves, halves, and what looks like a pair */
        {"{\"\\uD836\\uDFC0\": \"\\\\ud836\\udbff\\udfff\\ud836\\ud836\\udc00x\"}",
         "{S\"\\ud836\\udfc0\":S\"\\\\ud836\\udbff\\udfff\\ufffd\\ud836\\udc00x\",}"},
        {"\t{\r\n\"a\" : [ true , false , null ] } \n", "{S\"a\":[T,F,N,],}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_canon(zagg_json_parse, cases[i][0], cases[i][1]);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "  ",
                                        "[1,]",
                                        "{\"a\":1,}",
                                        "[01]",
                                        "[-01]",
                                        "[1.]",
                                        "[.5]",
                                        "[+1]",
                                        "[1e]",
                                        "[1e+]",
                                        "[--1]",
                                        "[-]",
                                        "[-NaN]",
                                        "[1 2]",
                                        "{\"a\" 1}",
                                        "{1:2}",
                                        "[1}",
                                        "[",
                                        "[]]",
                                        "\"abc",
                                        "\"abc\\",
                                        "{\"a\":1",
                                        "{\"a\"",
                                        "nul",
                                        "True",
                                        "NAN",
                                        "infinity",
                                        "/*a*/1",
                                        "//\n1",
                                        "['a']",
                                        "[1]x",
                                        "1 2",
                                        "[\"\t\"]",
                                        "[\"\\x\"]",
                                        "[\"\\u12\"]",
                                        "[\"\\u12g4\"]",
                                        "\xef\xbb\xbf[1]",
                                        "[\"\xff\"]",
                                        "[\"\xc0\xaf\"]",
                                        "[\"\xed\xa0\x80\"]",
                                        "[\"\xf4\x90\x80\x80\"]",
                                        "[\"\xe2\x82\"]",
                                        "{\"a\\u0000b\":1}",
                                        "{\"a\\u0000b\" :1}",
                                        ",",
                                        ":",
                                        "{,}",
                                        "[,]",
                                        "{\"a\":}",
                                        "truefalse",
                                        "[1true]",
                                        "[truefalse]",
                                        "[\"a\"\"b\"]"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_canon(zagg_json_parse, cases[i], "Eformat");
    static const char *const too_large[] = {"18446744073709551616",
                                            "[-9223372036854775809]",
                                            "[100000000000000000000000000]"};
    for (size_t i = 0; i < sizeof too_large / sizeof too_large[0]; i++)
        assert_canon(zagg_json_parse, too_large[i], "Erange");
}

static void test_nul_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"[\0]", 3}, {"[\"\0\"]", 5}, {"[\"\\\0\"]", 6}, {"[1]\0", 4}, {"1\0", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *got = canon_of(zagg_json_parse, cases[i].text, cases[i].len, NULL);
        assert_string_equal(got, "Eformat");
        zg_free(got);
    }
}

static void assert_fault(const char *text, const char *message)
{
    zagg_err err;
    char *got = canon_of(zagg_json_parse, text, strlen(text), &err);
    if (got[0] != 'E' || !strstr(err.msg, message))
        fail_msg("'%s' lacks '%s'", err.msg, message);
    zg_free(got);
}

static void test_messages(void **state)
{
    (void)state;
    assert_fault("{\"a\": 1,\n \"b\": [01]}", "text: line 2, byte 18: a number must not");
    assert_fault("[1,\n2", "text: line 2, byte 5: unexpected end of data");
    assert_fault("[1,\n2 3]", "text: line 2, byte 6: ");
    assert_fault("[1]\n[2]", "text: line 2, byte 4: text behind the end");
}

static void test_depth(void **state)
{
    (void)state;
    char text[200000];
    memset(text, '[', sizeof text);
    memset(text + 64, ']', 64);
    char *got = canon_of(zagg_json_parse, text, 128, NULL);
    assert_int_equal(got[0], '[');
    zg_free(got);
    memset(text, '[', sizeof text);
    memset(text + 65, ']', 65);
    got = canon_of(zagg_json_parse, text, 130, NULL);
    assert_string_equal(got, "Erange");
    zg_free(got);
    memset(text, '[', sizeof text);
    got = canon_of(zagg_json_parse, text, sizeof text, NULL);
    assert_string_equal(got, "Erange");
    zg_free(got);
}

static zagg_arena *new_arena(void)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    return arena;
}

static const zagg_value *parsed(zagg_arena *arena, parse_fn *parse, const char *text)
{
    const zagg_value *v = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (parse(arena, text, strlen(text), "text", &v, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return v;
}

static void assert_written(parse_fn *parse, const char *text, zg_json_style style,
                           const char *expected)
{
    zagg_arena *arena = new_arena();
    zg_str out;
    zg_str_init(&out, 0);
    const zagg_value *v = parsed(arena, parse, text);
    assert_int_equal(zg_json_write(&out, v, style, NULL), ZAGG_OK);
    assert_string_equal(out.data, expected);
    zg_str_free(&out);
    zagg_arena_free(arena);
}

/* Expected texts are Python's json.dumps(v, indent=..., separators=..., sort_keys=...).
 */
static void test_styles(void **state)
{
    (void)state;
    static const char text[] =
        "{\"b\":[1,2.5,[],{}],\"a\":{\"y\":null,\"x\":\"\\u00e9\x7f\"}}";
    const zg_json_style line = {.indent = -1}, compact = {.indent = -1, .compact = true};
    const zg_json_style two = {.indent = 2}, zero = {.indent = 0};
    const zg_json_style sorted = {.indent = -1, .sort_keys = true};
    assert_written(zagg_json_parse, text, line,
                   "{\"b\": [1, 2.5, [], {}], \"a\": {\"y\": null, \"x\": "
                   "\"\\u00e9\\u007f\"}}");
    assert_written(zagg_json_parse, text, compact,
                   "{\"b\":[1,2.5,[],{}],\"a\":{\"y\":null,\"x\":\"\\u00e9\\u007f\"}}");
    assert_written(
        zagg_json_parse, text, sorted,
        "{\"a\": {\"x\": \"\\u00e9\\u007f\", \"y\": null}, \"b\": [1, 2.5, [], "
        "{}]}");
    assert_written(zagg_json_parse, text, two,
                   "{\n  \"b\": [\n    1,\n    2.5,\n    [],\n    {}\n  ],\n  \"a\": {\n"
                   "    \"y\": null,\n    \"x\": \"\\u00e9\\u007f\"\n  }\n}");
    assert_written(zagg_json_parse, "[1,{\"a\":2}]", zero, "[\n1,\n{\n\"a\": 2\n}\n]");
    assert_written(zagg_json_parse, "[NaN,-Infinity,1e16,1e-5]", line,
                   "[NaN, -Infinity, 1e+16, 1e-05]");
    assert_written(zagg_yaml_parse,
                   "{1: a, true: b, ~: c, 1.5: d, 0x1FFFFFFFFFFFFFFFF: e}", line,
                   "{\"1\": \"b\", \"null\": \"c\", \"1.5\": \"d\", "
                   "\"36893488147419103231\": \"e\"}");
}

static void test_unwritable(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a:\n  b: 2020-01-01", "line 2: date value 2020-01-01"},
        {"2020-01-01: 1", "line 1: date as a key 2020-01-01"},
    };
    for (size_t i = 0; i < 2; i++) {
        zagg_arena *arena = new_arena();
        zagg_err err = ZAGG_ERR_INIT;
        zg_str out;
        zg_str_init(&out, 0);
        const zagg_value *v = parsed(arena, zagg_yaml_parse, cases[i][0]);
        zg_json_style style = {.indent = -1};
        assert_int_equal(zg_json_write(&out, v, style, &err), ZAGG_EUNSUPPORTED);
        assert_memory_equal(err.msg, cases[i][1], strlen(cases[i][1]));
        zg_str_free(&out);
        zagg_arena_free(arena);
    }
}

static void test_not_utf8(void **state)
{
    (void)state;
    zg_str out;
    zg_str_init(&out, 0);
    zg_json_add_string(&out, "a\xff\xc3(\xed\xa0\x80z\0", 9);
    assert_string_equal(out.data, "\"a\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffdz\\u0000\"");
    zg_str_free(&out);
}

static void write_sample(zg_json_out *w, const zagg_value *tree)
{
    zg_json_open_map(w);
    zg_json_key(w, "none");
    zg_json_open_list(w);
    zg_json_close_list(w);
    zg_json_key(w, "list");
    zg_json_open_list(w);
    zg_json_i64(w, INT64_MIN);
    zg_json_u64(w, UINT64_MAX);
    zg_json_open_map(w);
    zg_json_close_map(w);
    zg_json_double(w, 0.1);
    zg_json_close_list(w);
    zg_json_key(w, "tree");
    assert_int_equal(zg_json_value(w, tree, NULL), ZAGG_OK);
    zg_json_key(w, "map");
    zg_json_open_map(w);
    zg_json_key(w, "t");
    zg_json_bool(w, true);
    zg_json_key(w, "n");
    zg_json_null(w);
    zg_json_key(w, "s");
    zg_json_str(w, "\"\n");
    zg_json_close_map(w);
    zg_json_close_map(w);
}

static void test_step_writer(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena();
    const zagg_value *tree = parsed(arena, zagg_json_parse, "[1,{\"a\":[2]}]");
    zg_json_out w;
    zg_str out;
    zg_str_init(&out, 0);
    zg_json_begin(&w, &out, 2);
    write_sample(&w, tree);
    assert_string_equal(
        out.data,
        "{\n  \"none\": [],\n  \"list\": [\n    -9223372036854775808,\n"
        "    18446744073709551615,\n    {},\n    0.1\n  ],\n  \"tree\": [\n    1,\n"
        "    {\n      \"a\": [\n        2\n      ]\n    }\n  ],\n  \"map\": {\n"
        "    \"t\": true,\n    \"n\": null,\n    \"s\": \"\\\"\\n\"\n  }\n}");
    zg_str_free(&out);
    zg_str_init(&out, 0);
    zg_json_begin(&w, &out, -1);
    write_sample(&w, tree);
    assert_string_equal(
        out.data, "{\"none\": [], \"list\": [-9223372036854775808, 18446744073709551615, "
                  "{}, 0.1], \"tree\": [1, {\"a\": [2]}], \"map\": {\"t\": true, \"n\": "
                  "null, \"s\": \"\\\"\\n\"}}");
    zg_str_free(&out);
    zagg_arena_free(arena);
}

static void test_memory_limit(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *v = NULL;
    zg_str s;
    zg_str_init(&s, 0);
    zg_str_add(&s, "[0");
    for (int i = 0; i < 50000; i++)
        zg_str_add(&s, ",\"some text\"");
    zg_str_addc(&s, ']');
    assert_int_equal(zagg_arena_new(1 << 20, &arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_json_parse(arena, s.data, s.len, "big.json", &v, &err),
                     ZAGG_ENOMEM);
    assert_null(v);
    assert_memory_equal(err.msg, "big.json: ", 10);
    zagg_arena_free(arena);
    zg_str_free(&s);
}

/* A shard map's shape: many keys, equal ones among them, must not cost n^2. */
static void test_large_map_is_linear(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena();
    zg_str s;
    zg_str_init(&s, 0);
    zg_str_addc(&s, '{');
    for (int i = 0; i < 120000; i++)
        zg_str_addf(&s, "%s\"%llu\":[{\"url\":\"g%d.h5\"}]", i ? "," : "",
                    (unsigned long long)UINT64_MAX - (unsigned)(i % 100000), i);
    zg_str_addc(&s, '}');
    const zagg_value *v = parsed(arena, zagg_json_parse, s.data);
    assert_int_equal(v->n, 100000);
    assert_string_equal(v->members[0].key->str, "18446744073709551615");
    assert_true(zagg_value_is(zagg_value_get(v->members[0].value->items[0], "url"),
                              "g100000.h5"));
    zg_str_free(&s);
    zagg_arena_free(arena);
}

/* The event text of every built-in config, from the config parsed as JSON. */
static void test_event_texts(void **state)
{
    (void)state;
    static const char set[] = "config_ok/builtin_seed.json";
    if (!golden_available(set))
        return;
    zagg_arena *arena = new_arena();
    const zagg_value *all = golden_json(arena, golden_path(set));
    case_report report = {.set = set};
    for (size_t i = 0; i < all->n; i++) {
        zg_str out;
        zg_str_init(&out, 0);
        const zagg_value *v = all->members[i].value;
        zg_json_style style = {.indent = -1};
        zagg_status st = zg_json_write(&out, zagg_value_get(v, "config"), style, NULL);
        if (st == ZAGG_OK &&
            zagg_value_is(zagg_value_get(v, "event_config_json"), out.data))
            case_pass(&report);
        else
            case_fail(&report, all->members[i].key->str, "%.300s", out.data);
        zg_str_free(&out);
    }
    zagg_arena_free(arena);
    report_end(&report, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_styles),
        cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_step_writer),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_large_map_is_linear),
        cmocka_unit_test(test_event_texts),
    };
    return cmocka_run_group_tests_name("text_json", tests, NULL, NULL);
}
