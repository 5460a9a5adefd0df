/* YAML as PyYAML's safe loader reads it: a table of its answers, places, limits, bad
 * input. */
#include "canon.h"
#include "yaml_table.h"

#include <stdlib.h>
#include <string.h>

static void test_table(void **state)
{
    (void)state;
    case_report report = {.set = "yaml"};
    for (size_t i = 0; i < sizeof yaml_cases / sizeof yaml_cases[0]; i++) {
        const yaml_case *c = &yaml_cases[i];
        zagg_err err;
        char *got = canon_of(zagg_yaml_parse, c->text, strlen(c->text), &err);
        if (strcmp(got, c->expected) == 0)
            case_pass(&report);
        else
            case_fail(&report, c->text, "%s instead of %s %s", got, c->expected, err.msg);
        zg_free(got);
    }
    report_end(&report, 300);
}

static void test_places(void **state)
{
    (void)state;
    static const char text[] = "a: 1\nb:\n  - x\n  -   'y'\nc: 2020-01-01\n";
    zagg_arena *arena = NULL;
    const zagg_value *v = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_yaml_parse(arena, text, sizeof text - 1, "t", &v, NULL),
                     ZAGG_OK);
    assert_int_equal(v->line, 1);
    assert_int_equal(zagg_value_get(v, "a")->column, 4);
    const zagg_value *b = zagg_value_get(v, "b");
    assert_int_equal(b->line, 3);
    assert_int_equal(b->items[1]->line, 4);
    assert_int_equal(b->items[1]->column, 7);
    assert_false(b->items[0]->quoted);
    assert_true(b->items[1]->quoted);
    assert_string_equal(zagg_value_get(v, "c")->str, "2020-01-01");
    zagg_arena_free(arena);
}

static void assert_fault(const char *text, zagg_status status, const char *message)
{
    zagg_err err;
    char *got = canon_of(zagg_yaml_parse, text, strlen(text), &err);
    assert_int_equal(err.status, status);
    if (!strstr(err.msg, message))
        fail_msg("'%s' lacks '%s'", err.msg, message);
    zg_free(got);
}

static void test_messages(void **state)
{
    (void)state;
    assert_fault("a:\n  b: 2020-02-30\n", ZAGG_EFORMAT,
                 "text: line 2, column 6: '2020-02-30'");
    assert_fault("a: 1\nb: !x 1", ZAGG_EUNSUPPORTED, "line 2, column 4: tag !x");
    assert_fault("a: 1\n---\nb: 2", ZAGG_EUNSUPPORTED,
                 "line 2, column 1: a second document");
    assert_fault("&a [*a]", ZAGG_EUNSUPPORTED, "line 1, column 5: this alias");
    assert_fault("a: 'x\n", ZAGG_EFORMAT, "line 2, column 1: ");
    assert_fault("a: b\n\xff\xfe", ZAGG_EFORMAT, "byte 5: invalid leading UTF-8");
    assert_fault("\"\xc0\x80\"", ZAGG_EFORMAT, "text: line 1");
    assert_fault("? [1]\n: 2", ZAGG_EFORMAT, "cannot be a key");
}

static void test_nul_in_text(void **state)
{
    (void)state;
    zagg_err err;
    char *got = canon_of(zagg_yaml_parse, "a: \0b", 5, &err);
    assert_string_equal(got, "Eformat");
    zg_free(got);
    assert_canon(zagg_yaml_parse, "\"a\\0b\"", "S\"a\\u0000b\"");
}

/* `count` times `piece`, then `tail`. */
static char *repeated(const char *piece, size_t count, const char *tail)
{
    zg_str s;
    zg_str_init(&s, 0);
    for (size_t i = 0; i < count; i++)
        zg_str_add(&s, piece);
    zg_str_add(&s, tail);
    char *text = zg_str_take(&s);
    assert_non_null(text);
    return text;
}

static void assert_repeated(const char *piece, size_t count, const char *tail,
                            const char *expected)
{
    char *text = repeated(piece, count, tail);
    assert_canon(zagg_yaml_parse, text, expected);
    zg_free(text);
}

static void test_depth(void **state)
{
    (void)state;
    char *close = repeated("]", 64, ""), *result = repeated("[", 63, "[]");
    zg_str expected;
    zg_str_init(&expected, 0);
    zg_str_add(&expected, result);
    for (int i = 0; i < 63; i++)
        zg_str_add(&expected, ",]");
    assert_repeated("[", 64, close, expected.data);
    assert_repeated("[", 65, close, "Erange");
    assert_repeated("[", 100000, "", "Erange");
    assert_repeated("{a: ", 100000, "", "Erange");
    assert_repeated("- ", 100000, "x", "Erange");
    assert_repeated("? ", 100000, "x", "Erange");
    zg_str_free(&expected);
    zg_free(close);
    zg_free(result);
}

/* Lists of aliases to the list before: `width` aliases each, `levels` deep. */
static char *alias_ladder(int levels, int width)
{
    zg_str s;
    zg_str_init(&s, 0);
    zg_str_add(&s, "a0: &a0 [x]\n");
    for (int i = 1; i < levels; i++) {
        zg_str_addf(&s, "a%d: &a%d [", i, i);
        for (int k = 0; k < width; k++)
            zg_str_addf(&s, "*a%d, ", i - 1);
        zg_str_add(&s, "]\n");
    }
    return zg_str_take(&s);
}

static void test_aliases_are_counted(void **state)
{
    (void)state;
    char *bomb = alias_ladder(10, 9), *deep = alias_ladder(80, 1);
    assert_canon(zagg_yaml_parse, bomb, "Erange");
    assert_canon(zagg_yaml_parse, deep, "Erange");
    zg_free(bomb);
    zg_free(deep);
    zg_str s;
    zg_str_init(&s, 0);
    for (int i = 0; i < 1025; i++)
        zg_str_addf(&s, "- &a%d 1\n", i);
    assert_canon(zagg_yaml_parse, s.data, "Erange");
    zg_str_free(&s);
}

static void test_node_limit(void **state)
{
    (void)state;
    assert_repeated("- 1\n", 1000000, "", "Erange"); /* the list itself is one more */
    char *text = repeated("- 1\n", 999999, "");
    char *got = canon_of(zagg_yaml_parse, text, strlen(text), NULL);
    assert_int_equal(strlen(got), 3 * 999999 + 2);
    zg_free(got);
    zg_free(text);
}

static void test_integer_limit(void **state)
{
    (void)state;
    char *digits = repeated("9", 4300, ""), *expected = repeated("9", 4300, "");
    zg_str s;
    zg_str_init(&s, 0);
    zg_str_addf(&s, "I%s", expected);
    assert_canon(zagg_yaml_parse, digits, s.data);
    assert_repeated("9", 4301, "", "Erange");
    zg_str_free(&s);
    zg_free(digits);
    zg_free(expected);
}

/* The arena refuses: NOMEM, nothing leaks, out is untouched. */
static void test_memory_limit(void **state)
{
    (void)state;
    char *text = repeated("- some text\n", 100000, "");
    zagg_arena *arena = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *v = NULL;
    assert_int_equal(zagg_arena_new(1 << 20, &arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_yaml_parse(arena, text, strlen(text), "t", &v, &err),
                     ZAGG_ENOMEM);
    assert_null(v);
    zagg_arena_free(arena);
    zg_free(text);
}

static void test_large_map_is_linear(void **state)
{
    (void)state;
    zg_str s;
    zg_str_init(&s, 0);
    for (int i = 0; i < 60000; i++)
        zg_str_addf(&s, "k%d: 1\n", i % 50000);
    zagg_arena *arena = NULL;
    const zagg_value *v = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_yaml_parse(arena, s.data, s.len, "t", &v, NULL), ZAGG_OK);
    assert_int_equal(v->n, 50000);
    assert_string_equal(v->members[49999].key->str, "k49999");
    zagg_arena_free(arena);
    zg_str_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),        cmocka_unit_test(test_places),
        cmocka_unit_test(test_messages),     cmocka_unit_test(test_nul_in_text),
        cmocka_unit_test(test_depth),        cmocka_unit_test(test_aliases_are_counted),
        cmocka_unit_test(test_node_limit),   cmocka_unit_test(test_integer_limit),
        cmocka_unit_test(test_memory_limit), cmocka_unit_test(test_large_map_is_linear),
    };
    return cmocka_run_group_tests_name("text_yaml", tests, NULL, NULL);
}
