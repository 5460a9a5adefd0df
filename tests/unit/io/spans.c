/* Sets of byte spans against a plain array of bytes, and their records. */
#include "io/spans.h"

#include "support/random.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

enum { N = 200 };

static void assert_same(const zg_spans *s, const unsigned char *there)
{
    uint64_t bytes = 0, end = 0;
    unsigned char seen[N] = {0};
    for (size_t i = 0; i < s->list.len; i++) {
        const zg_byte_span *span = ZG_VEC_AT(&s->list, zg_byte_span, i);
        assert_true(span->begin < span->end && span->end <= N);
        if (i > 0)
            assert_true(span->begin > end); /* neither overlap nor touch */
        end = span->end;
        bytes += span->end - span->begin;
        memset(seen + span->begin, 1, (size_t)(span->end - span->begin));
    }
    assert_memory_equal(seen, there, N);
    assert_int_equal(bytes, s->bytes);
}

static void assert_hole(const zg_spans *s, const unsigned char *there, uint64_t begin,
                        uint64_t end)
{
    zg_byte_span hole = {7, 7};
    uint64_t from = begin, to;
    while (from < end && there[from])
        from++;
    for (to = from; to < end && !there[to];)
        to++;
    assert_int_equal(zg_spans_hole(s, begin, end, &hole), from < end);
    if (from < end) {
        assert_int_equal(hole.begin, from);
        assert_int_equal(hole.end, to);
    }
}

static void sets(void **state)
{
    (void)state;
    uint64_t r = 1;
    for (int round = 0; round < 200; round++) {
        zg_spans s;
        unsigned char there[N] = {0};
        zg_spans_init(&s);
        for (int i = 0; i < 30; i++) {
            const uint64_t a = random_u64(&r) % (N + 1), b = random_u64(&r) % (N + 1);
            const uint64_t begin = a < b ? a : b, end = a < b ? b : a;
            const uint64_t short_end = begin + 5 < end ? begin + 5 : end;
            assert_true(zg_spans_add(&s, begin, short_end));
            memset(there + begin, 1, (size_t)(short_end - begin));
            assert_same(&s, there);
            assert_hole(&s, there, a < b ? a : b, a < b ? b : a);
        }
        zg_spans_free(&s);
    }
}

static zg_copy_record some_record(void)
{
    zg_copy_record r = {0};
    assert_int_equal(zg_copy_record_new("https://me:secret@host/a/b.h5?X-Sig=1#x",
                                        "\"e 1\"", 5000, &r, NULL),
                     ZAGG_OK);
    assert_true(zg_spans_add(&r.there, 0, 10));
    assert_true(zg_spans_add(&r.there, 4000, 5000));
    return r;
}

static const char TEXT[] =
    "zagg-spans/1\nurl https://host/a/b.h5\netag \"e 1\"\nsize 5000\nspan 0 10\nspan "
    "4000 "
    "5000\nsha256 "
    "b5b3e83db2cd5e4f4fb54e80a2f0b0d1a24ff1f6e1b3e1d5b1e4d27b4cfd0b4f\n";

static void written(void **state)
{
    (void)state;
    zg_copy_record r = some_record(), back = {0};
    zg_str text, again;
    zg_str_init(&text, 0);
    zg_str_init(&again, 0);
    zg_copy_record_write(&r, &text);
    /* The user part and the query may be secrets. */
    assert_memory_equal(text.data, TEXT, strlen(TEXT) - 65);
    assert_int_equal(zg_copy_record_parse(text.data, text.len, "x", &back, NULL),
                     ZAGG_OK);
    assert_string_equal(back.url, "https://host/a/b.h5");
    assert_string_equal(back.etag, "\"e 1\"");
    assert_int_equal(back.size, 5000);
    assert_int_equal(back.there.bytes, 1010);
    zg_copy_record_write(&back, &again);
    assert_string_equal(text.data, again.data);
    zg_str_free(&text);
    zg_str_free(&again);
    zg_copy_record_free(&r);
    zg_copy_record_free(&back);
}

/* Every byte that is changed, dropped or added is found. */
static void damaged(void **state)
{
    (void)state;
    zg_copy_record r = some_record();
    zg_str text;
    zg_str_init(&text, 0);
    zg_copy_record_write(&r, &text);
    for (size_t i = 0; i < text.len; i++) {
        zg_copy_record back = {0};
        zagg_err err = ZAGG_ERR_INIT;
        const char was = text.data[i];
        text.data[i] = (char)(was ^ 1);
        assert_int_equal(zg_copy_record_parse(text.data, text.len, "x", &back, &err),
                         ZAGG_EFORMAT);
        assert_non_null(strstr(err.msg, "x: line "));
        text.data[i] = was;
        assert_int_equal(zg_copy_record_parse(text.data, i, "x", &back, NULL),
                         ZAGG_EFORMAT);
    }
    zg_str_add(&text, "\n");
    assert_int_equal(
        zg_copy_record_parse(text.data, text.len, "x", &(zg_copy_record){0}, NULL),
        ZAGG_EFORMAT);
    zg_str_free(&text);
    zg_copy_record_free(&r);
}

/* With a checksum that is right. */
static void wrong(void **state)
{
    static const struct {
        const char *text, *message;
    } CASES[] = {
        {"", "line 1: must be zagg-spans/1"},
        {"zagg-spans/2\n", "line 1: must be zagg-spans/1"},
        {"zagg-spans/1\nurl \n", "line 3: must be the url"},
        {"zagg-spans/1\netag \n", "line 2: must be the url"},
        {"zagg-spans/1\nurl u\netag \nsize 10\nspan 0 11\n", "line 5: must be a span"},
        {"zagg-spans/1\nurl u\netag \nsize 10\nspan 5 5\n", "line 5: must be a span"},
        {"zagg-spans/1\nurl u\netag \nsize 10\nspan 0 5\nspan 5 6\n",
         "line 6: must be a span"},
        {"zagg-spans/1\nurl u\netag \nsize 10\nspan 5 6\nspan 0 1\n",
         "line 6: must be a span"},
        {"zagg-spans/1\nurl u\netag \nsize 10\nspan 0 05\n", "line 5: must be a span"},
        {"zagg-spans/1\nurl u\netag \nsize 10\nspan 0 5 \n", "line 5: must be a span"},
        {"zagg-spans/1\nurl u\netag \nsize 99999999999999999999\n",
         "line 4: must be a size"},
        {"zagg-spans/1\nurl u\netag \nsize 9223372036854775808\n",
         "line 4: must be a size"},
        {"zagg-spans/1\nurl u\netag \nsize -1\n", "line 4: must be a size"},
        {"zagg-spans/1\nurl u\netag \nsize 10\nlength 4\n", "line 5: must be a span or"},
        {"zagg-spans/1\nurl u\tv\netag \nsize 10\n", "control characters"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[512], hex[65];
        zg_copy_record back = {0};
        zagg_err err = ZAGG_ERR_INIT;
        zg_sha256_hex(CASES[i].text, strlen(CASES[i].text), hex);
        const int n = snprintf(text, sizeof text, "%ssha256 %s\n", CASES[i].text, hex);
        assert_int_equal(zg_copy_record_parse(text, (size_t)n, "x", &back, &err),
                         ZAGG_EFORMAT);
        if (strstr(err.msg, CASES[i].message) == NULL)
            fail_msg("case %zu: %s", i, err.msg);
    }
    assert_int_equal(
        zg_copy_record_new("u\nspan 0 9", "", 10, &(zg_copy_record){0}, NULL), ZAGG_EARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets),
        cmocka_unit_test(written),
        cmocka_unit_test(damaged),
        cmocka_unit_test(wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
