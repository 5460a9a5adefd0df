/* Packed words and their decimal form. */
#include "support/random.h"
#include "support/support.h"
#include "zagg/geo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void round_trips(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned order = 0; order <= 29; order++)
        for (int k = 0; k < 500; k++) {
            uint64_t nested = random_u64(&seed) % (UINT64_C(12) << (2 * order)),
                     parsed = 0;
            uint64_t word = zagg_word_from_nested(nested, order), up = 0;
            char text[33];
            assert_true(zagg_word_valid(word) && !zagg_word_is_point(word));
            assert_int_equal(zagg_word_order(word), order);
            assert_int_equal(zagg_word_nested(word), nested);
            assert_int_equal(zagg_word_decimal(word, text, NULL), ZAGG_OK);
            assert_int_equal(zagg_word_parse_decimal(text, strlen(text), &parsed, NULL),
                             ZAGG_OK);
            assert_true(parsed == word);
            unsigned above = (unsigned)(random_u64(&seed) % (order + 1));
            assert_int_equal(zagg_word_coarsen(word, above, &up, NULL), ZAGG_OK);
            assert_true(up ==
                        zagg_word_from_nested(nested >> (2 * (order - above)), above));
        }
}

static void points(void **state)
{
    (void)state;
    uint64_t nested = (UINT64_C(11) << 58) | 0x123456789abcdefU, word, up = 0, parsed = 0;
    char text[33];
    word = zagg_word_point(nested);
    assert_true(zagg_word_is_point(word));
    assert_int_equal(zagg_word_order(word), 29);
    assert_true(zagg_word_nested(word) == nested);
    assert_int_equal(zagg_word_decimal(word, text, NULL), ZAGG_OK);
    assert_int_equal(strlen(text), 32);
    assert_int_equal(zagg_word_parse_decimal(text, 32, &parsed, NULL), ZAGG_OK);
    assert_true(parsed == word);
    assert_int_equal(zagg_word_parse_decimal(text, 31, &parsed, NULL), ZAGG_OK);
    assert_true(parsed == zagg_word_from_nested(nested, 29));
    for (unsigned k = 0; k < 29; k++) {
        assert_int_equal(zagg_word_coarsen(word, k, &up, NULL), ZAGG_OK);
        assert_true(up == zagg_word_from_nested(nested >> (2 * (29 - k)), k));
    }
    assert_int_equal(zagg_word_coarsen(word, 29, &up, NULL), ZAGG_OK);
    assert_true(up == word);
}

static void known_words(void **state)
{
    (void)state;
    uint64_t word = 0, begin = 0, end = 0;
    char text[33];
    assert_int_equal(zagg_word_parse_decimal("-31123", 6, &word, NULL), ZAGG_OK);
    assert_true(word == UINT64_C(0x9060000000000004));
    assert_int_equal(zagg_word_nested(word), 8 * 256 + 6);
    assert_int_equal(zagg_word_decimal(UINT64_C(0x9060000000000004), text, NULL),
                     ZAGG_OK);
    assert_string_equal(text, "-31123");
    zagg_word_range29(word, &begin, &end);
    assert_true(begin == UINT64_C(2054) << 50 && end == UINT64_C(2055) << 50);
    assert_true(zagg_word_from_nested(0, 0) == UINT64_C(1) << 60);
    assert_true(zagg_word_from_nested(11, 0) == UINT64_C(12) << 60);
}

static void ids_out_of_range(void **state)
{
    (void)state;
    for (unsigned order = 0; order <= 29; order++) {
        assert_int_equal(zagg_word_from_nested(UINT64_C(12) << (2 * order), order), 0);
        assert_int_equal(zagg_word_from_nested(ZAGG_GEO_NO_CELL, order), 0);
    }
    assert_int_equal(zagg_word_from_nested(0, 30), 0);
    assert_int_equal(zagg_word_point(ZAGG_GEO_NO_CELL), 0);
}

static void children(void **state)
{
    (void)state;
    uint64_t parent = zagg_word_from_nested(2345678, 10), out[64];
    size_t count = 0;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_word_children(parent, 13, out, 64, &count, &err), ZAGG_OK);
    assert_int_equal(count, 64);
    for (size_t k = 0; k < count; k++)
        assert_true(out[k] ==
                    zagg_word_from_nested((UINT64_C(2345678) << 6) + (uint64_t)k, 13));
    assert_int_equal(zagg_word_children(parent, 29, NULL, 0, &count, &err), ZAGG_OK);
    assert_true(count == (size_t)1 << 38);
    count = 7;
    assert_int_equal(zagg_word_children(parent, 14, out, 64, &count, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_word_children(parent, 9, out, 64, &count, &err), ZAGG_ERANGE);
    assert_string_equal(err.msg, "target_order (9) must be >= parent_order (10)");
    assert_int_equal(zagg_word_children(parent, 30, out, 64, &count, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_word_children(0, 9, out, 64, &count, &err), ZAGG_EARG);
    assert_int_equal(count, 7);
}

static uint64_t ancestor(const uint64_t *words, size_t n)
{
    uint64_t out = 0;
    assert_int_equal(zagg_word_common_ancestor(words, n, &out, NULL), ZAGG_OK);
    return out;
}

static void common_ancestor(void **state)
{
    (void)state;
    uint64_t point = zagg_word_point(UINT64_C(3) << 58 | 0x1234), out = 7;
    uint64_t cell = zagg_word_from_nested(UINT64_C(3) << 58 | 0x1234, 29);
    assert_true(ancestor(&point, 1) == point);
    assert_true(ancestor((const uint64_t[]){point, point}, 2) == cell);
    assert_true(ancestor((const uint64_t[]){point, cell}, 2) == cell);
    /* neighbours, and words of other orders */
    uint64_t next = zagg_word_point(UINT64_C(3) << 58 | 0x1235);
    assert_true(ancestor((const uint64_t[]){point, next}, 2) ==
                zagg_word_from_nested((UINT64_C(3) << 58 | 0x1234) >> 2, 28));
    uint64_t coarse = zagg_word_from_nested(UINT64_C(3) << 10 | 5, 5);
    assert_true(ancestor((const uint64_t[]){point, coarse}, 2) ==
                zagg_word_from_nested(UINT64_C(3) << 6, 3));
    uint64_t base = zagg_word_from_nested(3, 0);
    assert_true(ancestor((const uint64_t[]){point, base, next}, 3) == base);
    uint64_t far = zagg_word_point(UINT64_C(3) << 58 | UINT64_C(3) << 56);
    assert_true(ancestor((const uint64_t[]){point, far}, 2) == base);
    /* all four children */
    uint64_t four[4];
    size_t count;
    assert_int_equal(zagg_word_children(coarse, 6, four, 4, &count, NULL), ZAGG_OK);
    assert_true(ancestor(four, 4) == coarse);
    zagg_err err = ZAGG_ERR_INIT;
    const uint64_t apart[2] = {point, zagg_word_from_nested(4, 0)};
    assert_int_equal(zagg_word_common_ancestor(apart, 2, &out, &err), ZAGG_EARG);
    assert_int_equal(zagg_word_common_ancestor(apart, 0, &out, &err), ZAGG_EARG);
    const uint64_t bad[2] = {point, 0};
    assert_int_equal(zagg_word_common_ancestor(bad, 2, &out, &err), ZAGG_EARG);
    assert_int_equal(zagg_word_common_ancestor(bad + 1, 1, &out, &err), ZAGG_EARG);
    assert_true(out == 7);
}

static void invalid_words(void **state)
{
    (void)state;
    static const uint64_t bad[] = {0, 29, UINT64_C(13) << 60, UINT64_MAX};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        zagg_err err = ZAGG_ERR_INIT;
        uint64_t out = 5;
        char text[33] = "x";
        assert_false(zagg_word_valid(bad[k]));
        assert_int_equal(zagg_word_decimal(bad[k], text, &err), ZAGG_EARG);
        assert_non_null(strstr(err.msg, "empty or invalid word"));
        assert_int_equal(zagg_word_coarsen(bad[k], 3, &out, &err), ZAGG_EARG);
        assert_string_equal(text, "x");
        assert_int_equal(out, 5);
    }
}

static void refuse(const char *text, size_t len, const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t out = 5;
    assert_int_equal(zagg_word_parse_decimal(text, len, &out, &err), ZAGG_EFORMAT);
    assert_string_equal(err.msg, message);
    assert_int_equal(out, 5);
}

static void invalid_texts(void **state)
{
    (void)state;
    refuse("", 0, "malformed decimal Morton id ''");
    refuse("-p", 2, "malformed decimal Morton id '-p'");
    refuse("4\n\t\r\x01\0'\"\\", 9,
           "malformed decimal Morton id '4\\n\\t\\r\\u{1}\\0\\'\\\"\\\\'");
    refuse("7", 1, "decimal Morton id '7': base digit 7 outside 1..6");
    refuse("41p", 3,
           "decimal Morton id '41p': the kind suffix 'p' is legal only on full order-29 "
           "point "
           "ids (points exist only at order 29)");
    refuse("-1115", 5, "decimal Morton id '-1115': digit 5 outside 1..4");
    refuse("4111111111111111111111111111111", 31,
           "decimal Morton id '4111111111111111111111111111111': order 30 exceeds 29");
    char longer[1000];
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t out;
    memset(longer, '1', sizeof longer);
    assert_int_equal(zagg_word_parse_decimal(longer, sizeof longer, &out, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "order 999 exceeds 29"));
    memset(longer, 'x', sizeof longer);
    assert_int_equal(zagg_word_parse_decimal(longer, sizeof longer, &out, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "xxx...'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),   cmocka_unit_test(points),
        cmocka_unit_test(known_words),   cmocka_unit_test(ids_out_of_range),
        cmocka_unit_test(children),      cmocka_unit_test(common_ancestor),
        cmocka_unit_test(invalid_words), cmocka_unit_test(invalid_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
