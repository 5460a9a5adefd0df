/* Golden set grids/words: decimal forms with upstream's messages, coarsening and
 * children, operations on sets of cells. */
#include "support/support.h"
#include "zagg/geo.h"
#include "zagg/moc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const zagg_value *member(const zagg_value *v, const char *key)
{
    const zagg_value *m = zagg_value_get(v, key);
    if (m == NULL)
        fail_msg("golden file lacks the key %s", key);
    return m;
}

static uint64_t parse_u64(const char *text, int base)
{
    char *end = NULL;
    uint64_t v = strtoull(text, &end, base);
    if (end == text || *end != '\0')
        fail_msg("not an integer: '%s'", text);
    return v;
}

static uint64_t u64_member(const zagg_value *v, const char *key)
{
    return parse_u64(member(v, key)->str, 10);
}

static void check_u64(case_report *r, const char *name, const char *what, uint64_t ours,
                      uint64_t theirs)
{
    if (ours == theirs)
        case_pass(r);
    else
        case_fail(r, name, "%s: 0x%016" PRIx64 ", expected 0x%016" PRIx64, what, ours,
                  theirs);
}

static void check_valid_word(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *decimal = member(v, "decimal");
    uint64_t word = u64_member(v, "word"), parsed = 0;
    bool point = zagg_value_is(member(v, "kind"), "point");
    char text[33];
    if (zagg_word_decimal(word, text, &err) != ZAGG_OK)
        case_fail(r, decimal->str, "refused: %s", err.msg);
    else if (strcmp(text, decimal->str) != 0)
        case_fail(r, decimal->str, "printed as %s", text);
    else
        case_pass(r);
    if (zagg_word_parse_decimal(decimal->str, decimal->str_len, &parsed, &err) != ZAGG_OK)
        case_fail(r, decimal->str, "not parsed: %s", err.msg);
    else
        check_u64(r, decimal->str, "parsed", parsed, word);
    check_u64(r, decimal->str, "order", zagg_word_order(word),
              (uint64_t)member(v, "order")->u.i);
    check_u64(r, decimal->str, "is point", zagg_word_is_point(word), point);
    uint64_t nested = u64_member(v, "nested");
    check_u64(r, decimal->str, "nested", zagg_word_nested(word), nested);
    check_u64(r, decimal->str, "packed",
              point ? zagg_word_point(nested)
                    : zagg_word_from_nested(nested, zagg_word_order(word)),
              word);
    size_t unmarked = decimal->str_len - (point ? 1 : 0);
    if (zagg_word_parse_decimal(decimal->str, unmarked, &parsed, &err) != ZAGG_OK)
        case_fail(r, decimal->str, "unmarked form not parsed: %s", err.msg);
    else
        check_u64(r, decimal->str, "unmarked form", parsed,
                  u64_member(v, "unmarked_parse"));
}

static void check_invalid_string(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *s = member(v, "s");
    const char *message = member(v, "message")->str;
    uint64_t word = 12345;
    if (zagg_word_parse_decimal(s->str, s->str_len, &word, &err) == ZAGG_OK)
        case_fail(r, message, "accepted");
    else if (strcmp(err.msg, message) != 0)
        case_fail(r, message, "message: %s", err.msg);
    else if (word != 12345)
        case_fail(r, message, "result written in spite of the error");
    else
        case_pass(r);
}

static void check_invalid_word(case_report *r, const zagg_value *v)
{
    static const char prefix[] = "ValueError: ";
    zagg_err err = ZAGG_ERR_INIT;
    const char *hex = member(v, "hex")->str;
    const char *expected = member(v, "decimal")->str + strlen(prefix);
    uint64_t word = parse_u64(hex, 16), out;
    char text[33];
    check_u64(r, hex, "order", zagg_word_order(word),
              (uint64_t)member(v, "orders_of")->u.i);
    check_u64(r, hex, "is point", zagg_word_is_point(word), member(v, "is_point")->u.b);
    check_u64(r, hex, "valid", zagg_word_valid(word), false);
    bool refused = zagg_word_decimal(word, text, &err) == ZAGG_EARG &&
                   strncmp(err.msg, expected, strlen(expected)) == 0 &&
                   zagg_word_coarsen(word, 0, &out, &err) == ZAGG_EARG &&
                   strncmp(err.msg, expected, strlen(expected)) == 0;
    if (refused)
        case_pass(r);
    else
        case_fail(r, hex, "not refused as upstream does: %s", err.msg);
}

static void check_noncanonical(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *hex = member(v, "hex")->str;
    uint64_t word = parse_u64(hex, 16), out = 0;
    char text[33];
    assert_int_equal(zagg_word_decimal(word, text, &err), ZAGG_OK);
    if (strcmp(text, member(v, "decimal")->str) == 0)
        case_pass(r);
    else
        case_fail(r, hex, "printed as %s", text);
    check_u64(r, hex, "nested", zagg_word_nested(word),
              parse_u64(member(v, "nested_depth")->items[0]->str, 10));
    assert_int_equal(zagg_word_coarsen(word, 6, &out, &err), ZAGG_OK);
    check_u64(r, hex, "coarsen to 6", out, parse_u64(member(v, "coarsen6")->str, 16));
    assert_int_equal(zagg_word_coarsen(word, 3, &out, &err), ZAGG_OK);
    check_u64(r, hex, "coarsen to 3", out, parse_u64(member(v, "coarsen3")->str, 16));
}

static void for_each(case_report *r, const zagg_value *list,
                     void (*check)(case_report *, const zagg_value *))
{
    for (size_t k = 0; k < list->n; k++)
        check(r, list->items[k]);
}

static void decimal(void **state)
{
    (void)state;
    if (!golden_available("grids/words"))
        skip();
    case_report r = {.set = "grids/words/decimal"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("grids/words/decimal.json"));
    for_each(&r, member(root, "valid"), check_valid_word);
    for_each(&r, member(root, "invalid_strings"), check_invalid_string);
    for_each(&r, member(root, "invalid_words"), check_invalid_word);
    for_each(&r, member(root, "noncanonical_words"), check_noncanonical);
    zagg_arena_free(arena);
    report_end(&r, 2800);
}

static void check_coarsen(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *to = member(v, "to");
    const char *name = member(v, "word")->str;
    for (size_t k = 0; k < to->n; k++) {
        uint64_t out = 0;
        unsigned order = (unsigned)parse_u64(to->members[k].key->str, 10);
        assert_int_equal(zagg_word_coarsen(u64_member(v, "word"), order, &out, &err),
                         ZAGG_OK);
        check_u64(r, name, to->members[k].key->str, out,
                  parse_u64(to->members[k].value->str, 10));
    }
}

static void check_children(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *name = member(v, "word")->str;
    unsigned order = (unsigned)member(v, "order")->u.i;
    uint64_t out[4096];
    size_t count = 0;
    zagg_status st =
        zagg_word_children(u64_member(v, "word"), order, out, 4096, &count, &err);
    const zagg_value *error = zagg_value_get(v, "error");
    if (error != NULL) {
        if (st == ZAGG_ERANGE && strcmp(err.msg, member(v, "message")->str) == 0)
            case_pass(r);
        else
            case_fail(r, name, "not refused as upstream does: %s", err.msg);
        return;
    }
    if (st != ZAGG_OK) {
        case_fail(r, name, "refused: %s", err.msg);
        return;
    }
    char hex[65];
    check_u64(r, name, "count", count, (uint64_t)member(v, "n")->u.i);
    check_u64(r, name, "last child", out[count - 1], u64_member(v, "last"));
    zg_sha256_hex(out, count * sizeof out[0], hex);
    if (strcmp(hex, member(v, "sha256_le_u64")->str) == 0)
        case_pass(r);
    else
        case_fail(r, name, "other children");
}

static void check_op(case_report *r, const zagg_value *v)
{
    if (zagg_value_is(member(v, "op"), "coarsen"))
        check_coarsen(r, v);
    else if (zagg_value_is(member(v, "op"), "children"))
        check_children(r, v);
    else
        case_fail(r, member(v, "op")->str, "an operation without a check");
}

/** Words of a list of decimal texts; freed by the caller. */
static zagg_words word_list(const zagg_value *list)
{
    zagg_words out = {.words = zg_alloc(list->n + 1, sizeof(uint64_t)), .n = list->n};
    assert_non_null(out.words);
    for (size_t k = 0; k < list->n; k++)
        out.words[k] = parse_u64(list->items[k]->str, 10);
    return out;
}

/** One result against the list under `key`; frees `ours`. */
static void check_list(case_report *r, const zagg_value *v, const char *key,
                       zagg_status status, const zagg_err *err, zagg_words *ours)
{
    zagg_words theirs = word_list(member(v, key));
    if (status != ZAGG_OK)
        case_fail(r, key, "refused: %s", err->msg);
    else if (ours->n != theirs.n ||
             (ours->n > 0 && memcmp(ours->words, theirs.words, 8 * ours->n) != 0))
        case_fail(r, key, "%zu other words than the %zu expected", ours->n, theirs.n);
    else
        case_pass(r);
    zagg_words_free(ours);
    zagg_words_free(&theirs);
}

static void check_compress(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_words in = word_list(member(v, "in")), out = {.words = NULL, .n = 0};
    uint64_t ancestor = 0;
    zagg_status st = zagg_moc_compress(in.words, in.n, &out, &err);
    check_list(r, v, "out", st, &err, &out);
    st = zagg_moc_to_order(in.words, in.n, (unsigned)member(v, "to_order")->u.i,
                           ZAGG_MOC_MAX_CELLS, &out, &err);
    check_list(r, v, "flat", st, &err, &out);
    if (zagg_word_common_ancestor(in.words, in.n, &ancestor, &err) != ZAGG_OK)
        case_fail(r, "common_ancestor", "refused: %s", err.msg);
    else
        check_u64(r, "compress_moc", "common ancestor", ancestor,
                  u64_member(v, "common_ancestor"));
    zagg_words_free(&in);
}

static void check_refused_ancestor(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *message = member(v, "result")->str;
    zagg_words in = word_list(member(v, "in"));
    uint64_t out = 12345;
    if (zagg_word_common_ancestor(in.words, in.n, &out, &err) != ZAGG_EARG)
        case_fail(r, message, "accepted");
    else if (strstr(message, err.msg) == NULL || out != 12345)
        case_fail(r, message, "message: %s", err.msg);
    else
        case_pass(r);
    zagg_words_free(&in);
}

static void check_set(case_report *r, const zagg_value *v)
{
    static const char *const names[] = {"and", "or", "minus", "xor"};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_words a = word_list(member(v, "a")), b = word_list(member(v, "b"));
    for (int op = ZAGG_MOC_AND; op <= ZAGG_MOC_XOR; op++) {
        zagg_words out = {.words = NULL, .n = 0};
        zagg_status st =
            zagg_moc_combine((zagg_moc_op)op, a.words, a.n, b.words, b.n, &out, &err);
        check_list(r, v, names[op], st, &err, &out);
    }
    zagg_words_free(&a);
    zagg_words_free(&b);
}

static void check_moc(case_report *r, const zagg_value *v)
{
    if (zagg_value_is(member(v, "op"), "compress_moc"))
        check_compress(r, v);
    else if (zagg_value_is(member(v, "op"), "common_ancestor"))
        check_refused_ancestor(r, v);
    else if (zagg_value_is(member(v, "op"), "set"))
        check_set(r, v);
    else
        case_fail(r, member(v, "op")->str, "an operation without a check");
}

static void check_box(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_words in = word_list(member(v, "cells"));
    zagg_words box = {.words = zg_alloc(ZAGG_MOC_BOX_WORDS, sizeof(uint64_t)), .n = 0};
    assert_non_null(box.words);
    zagg_status st = zagg_moc_box(in.words, in.n, box.words, &box.n, &err);
    const zagg_value *texts = member(v, "box_decimal");
    for (size_t k = 0; k < box.n && k < texts->n; k++) {
        char text[33];
        assert_int_equal(zagg_word_decimal(box.words[k], text, &err), ZAGG_OK);
        if (strcmp(text, texts->items[k]->str) == 0)
            case_pass(r);
        else
            case_fail(r, text, "expected %s", texts->items[k]->str);
    }
    check_list(r, v, "box", st, &err, &box);
    zagg_words_free(&in);
}

static void ops(void **state)
{
    (void)state;
    if (!golden_available("grids/words"))
        skip();
    case_report r = {.set = "grids/words/ops"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("grids/words/ops.json"));
    for_each(&r, member(root, "ops"), check_op);
    for_each(&r, member(root, "moc"), check_moc);
    for_each(&r, member(root, "morton_box"), check_box);
    zagg_arena_free(arena);
    report_end(&r, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decimal), cmocka_unit_test(ops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
