/* Codecs: exact inflate, shuffle in both directions, CRC-32C. */
#include "codec/codec.h"

#include "support/support.h"

#include <libdeflate.h>
#include <string.h>

static void fill(unsigned char *bytes, size_t len)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(x >> 24);
    }
}

/* ---- inflate ---- */

enum { RAW_BYTES = 5000, PACKED_BYTES = 8000 };

typedef struct packed {
    unsigned char raw[RAW_BYTES];
    unsigned char bytes[PACKED_BYTES];
    size_t len;
} packed;

static void pack(packed *p)
{
    fill(p->raw, RAW_BYTES);
    memset(p->raw + 1000, 7, 3000);
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    assert_non_null(compressor);
    p->len =
        libdeflate_zlib_compress(compressor, p->raw, RAW_BYTES, p->bytes, PACKED_BYTES);
    libdeflate_free_compressor(compressor);
    assert_true(p->len > 100);
}

static void test_inflate_exact(void **state)
{
    (void)state;
    packed p;
    pack(&p);
    zg_inflater *inf = zg_inflater_new();
    assert_non_null(inf);
    unsigned char out[RAW_BYTES + 1];
    zagg_err err = ZAGG_ERR_INIT;
    for (int round = 0; round < 2; round++) { /* the state can be used again */
        memset(out, 0, sizeof out);
        assert_int_equal(zg_inflate_exact(inf, p.bytes, p.len, out, RAW_BYTES, &err),
                         ZAGG_OK);
        assert_memory_equal(out, p.raw, RAW_BYTES);
    }
    assert_int_equal(zg_inflate_exact(inf, p.bytes, p.len, out, RAW_BYTES - 1, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "more than the expected 4999"));
    assert_int_equal(zg_inflate_exact(inf, p.bytes, p.len, out, RAW_BYTES + 1, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "holds 5000 bytes where 5001"));
    assert_int_equal(zg_inflate_exact(inf, p.bytes, p.len + 3, out, RAW_BYTES, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "3 stray bytes"));
    for (size_t len = 0; len < p.len; len += 1 + len / 5)
        assert_int_equal(zg_inflate_exact(inf, p.bytes, len, out, RAW_BYTES, NULL),
                         ZAGG_EFORMAT);
    zg_inflater_free(inf);
    zg_inflater_free(NULL);
}

static void test_inflate_never_gives_wrong_bytes(void **state)
{
    (void)state;
    packed p;
    pack(&p);
    zg_inflater *inf = zg_inflater_new();
    unsigned char out[RAW_BYTES];
    size_t unnoticed = 0;
    for (size_t i = 0; i < p.len; i++) {
        p.bytes[i] ^= 0x20;
        zagg_status status = zg_inflate_exact(inf, p.bytes, p.len, out, RAW_BYTES, NULL);
        p.bytes[i] ^= 0x20;
        if (status == ZAGG_EFORMAT)
            continue;
        /* Bits that only pad a block to a whole byte (RFC 1951, 3.2.4) carry nothing. */
        assert_int_equal(status, ZAGG_OK);
        assert_memory_equal(out, p.raw, RAW_BYTES);
        unnoticed++;
    }
    assert_true(unnoticed <= 4);
    zg_inflater_free(inf);
}

static void test_inflate_of_nothing(void **state)
{
    (void)state;
    static const unsigned char empty[] = {0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01};
    zg_inflater *inf = zg_inflater_new();
    unsigned char out[1];
    assert_int_equal(zg_inflate_exact(inf, empty, sizeof empty, out, 0, NULL), ZAGG_OK);
    assert_int_equal(zg_inflate_exact(inf, empty, sizeof empty, out, 1, NULL),
                     ZAGG_EFORMAT);
    zg_inflater_free(inf);
    zg_alloc_fail_nth(1);
    assert_null(zg_inflater_new());
}

/* ---- shuffle ---- */

static void test_unshuffle_forms_agree(void **state)
{
    (void)state;
    enum { MAX_LEN = 300 };
    for (size_t elem_size = 1; elem_size <= 17; elem_size++) {
        for (size_t len = 0; len <= MAX_LEN; len++) {
            /* Heap blocks of the exact size, so that a sanitizer sees any overrun. */
            unsigned char *raw = zg_alloc(len, 1), *mixed = zg_alloc(len, 1);
            unsigned char *fast = zg_alloc(len, 1), *plain = zg_alloc(len, 1);
            fill(raw, len);
            zg_shuffle(raw, mixed, len, elem_size);
            zg_unshuffle(mixed, fast, len, elem_size);
            zg_unshuffle_scalar(mixed, plain, len, elem_size);
            if (memcmp(fast, raw, len) != 0 || memcmp(plain, raw, len) != 0)
                fail_msg("elements of %zu bytes, length %zu", elem_size, len);
            zg_free(raw);
            zg_free(mixed);
            zg_free(fast);
            zg_free(plain);
        }
    }
}

/* Any part of any number of elements, in every form that this CPU has. */
static void test_unshuffle_of_parts(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 4, 8, 16}, counts[] = {1, 31, 63, 200};
    size_t forms = 0;
    for (int f = ZG_UNSHUFFLE_SCALAR; f <= ZG_UNSHUFFLE_AVX2; f++) {
        if (!zg_unshuffle_has((zg_unshuffle_form)f))
            continue;
        forms++;
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                size_t size = sizes[s], n = counts[c];
                unsigned char *raw = zg_alloc(n, size), *mixed = zg_alloc(n, size);
                fill(raw, n * size);
                zg_shuffle(raw, mixed, n * size, size);
                zg_planes planes = {mixed, n, size};
                for (size_t first = 0; first < n; first += 1 + first / 3)
                    for (size_t count = 0; count <= n - first; count += 1 + count / 4) {
                        unsigned char *out = zg_alloc(count, size);
                        zg_unshuffle_part_as((zg_unshuffle_form)f, &planes, first, count,
                                             out);
                        if (memcmp(out, raw + first * size, count * size) != 0)
                            fail_msg("form %d: %zu of %zu elements of %zu bytes", f,
                                     count, n, size);
                        zg_free(out);
                    }
                zg_free(raw);
                zg_free(mixed);
            }
    }
    assert_true(forms >= 1);
}

static void test_unshuffle_of_single_elements(void **state)
{
    (void)state;
    enum { COUNT = 300, COLS = 3, BASE = 1000 };
    static const size_t sizes[] = {1, 2, 4, 5, 8};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t size = sizes[s], n = 0;
        unsigned char *raw = zg_alloc(COUNT, size), *mixed = zg_alloc(COUNT, size),
                      *out = zg_alloc(COUNT, size);
        uint64_t rows[COUNT / COLS];
        for (uint64_t row = 0; row < COUNT / COLS; row += 1 + row % 3)
            rows[n++] = BASE + row;
        fill(raw, COUNT * size);
        zg_shuffle(raw, mixed, COUNT * size, size);
        zg_planes planes = {mixed, COUNT, size};
        zg_unshuffle_pick(&planes, rows, BASE, COLS, n, out);
        for (size_t i = 0; i < n; i++)
            assert_memory_equal(out + i * size, raw + (rows[i] - BASE) * COLS * size,
                                size);
        zg_free(raw);
        zg_free(mixed);
        zg_free(out);
    }
}

static void test_shuffle_layout(void **state)
{
    (void)state;
    static const unsigned char raw[] = {0x11, 0x12, 0x21, 0x22, 0x31, 0x32, 0x41};
    static const unsigned char planes[] = {0x11, 0x21, 0x31, 0x12, 0x22, 0x32, 0x41};
    unsigned char out[sizeof raw];
    zg_shuffle(raw, out, sizeof raw, 2);
    assert_memory_equal(out, planes, sizeof planes);
    zg_unshuffle(planes, out, sizeof planes, 2);
    assert_memory_equal(out, raw, sizeof raw);
}

static void test_unshuffle_of_a_chunk(void **state)
{
    (void)state;
    enum { LEN = 100003 };
    unsigned char *raw = zg_alloc(LEN, 1), *mixed = zg_alloc(LEN, 1),
                  *out = zg_alloc(LEN, 1);
    fill(raw, LEN);
    for (size_t elem_size = 1; elem_size <= 8; elem_size++) {
        zg_shuffle(raw, mixed, LEN, elem_size);
        zg_unshuffle(mixed, out, LEN, elem_size);
        assert_memory_equal(out, raw, LEN);
    }
    zg_free(raw);
    zg_free(mixed);
    zg_free(out);
}

/* ---- crc32c ---- */

static void test_crc32c_check_value(void **state)
{
    (void)state;
    assert_int_equal(zg_crc32c("123456789", 9), 0xE3069283);
    assert_int_equal(zg_crc32c_table("123456789", 9), 0xE3069283);
    assert_int_equal(zg_crc32c(NULL, 0), 0);
    unsigned char bytes[1000];
    fill(bytes, sizeof bytes);
    for (size_t len = 0; len < 990; len += 7) {
        for (size_t start = 0; start < 9; start++)
            assert_int_equal(zg_crc32c(bytes + start, len),
                             zg_crc32c_table(bytes + start, len));
    }
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void test_crc32c_golden(void **state)
{
    (void)state;
    if (!golden_available("stores/codec_vectors.json"))
        return;
    case_report report = {"stores/codec_vectors.json crc32c", 0, 0, 0};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("stores/codec_vectors.json"));
    const zagg_value *cases = zagg_value_get(root, "crc32c");
    assert_non_null(cases);
    for (size_t i = 0; i < cases->n; i++) {
        const zagg_value *hex = zagg_value_get(cases->items[i], "hex");
        uint64_t expected;
        unsigned char bytes[256];
        assert_true(zagg_value_u64(zagg_value_get(cases->items[i], "crc32c"), &expected));
        assert_true(hex != NULL && hex->str_len / 2 <= sizeof bytes);
        for (size_t b = 0; b < hex->str_len / 2; b++)
            bytes[b] = (unsigned char)(hex_digit(hex->str[2 * b]) << 4 |
                                       hex_digit(hex->str[2 * b + 1]));
        uint32_t got = zg_crc32c(bytes, hex->str_len / 2);
        uint32_t plain = zg_crc32c_table(bytes, hex->str_len / 2);
        if (got == expected && plain == expected)
            case_pass(&report);
        else
            case_fail(&report, hex->str, "%u and %u, expected %u", got, plain,
                      (unsigned)expected);
    }
    zagg_arena_free(arena);
    report_end(&report, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inflate_exact),
        cmocka_unit_test(test_inflate_never_gives_wrong_bytes),
        cmocka_unit_test(test_inflate_of_nothing),
        cmocka_unit_test(test_unshuffle_forms_agree),
        cmocka_unit_test(test_unshuffle_of_parts),
        cmocka_unit_test(test_unshuffle_of_single_elements),
        cmocka_unit_test(test_shuffle_layout),
        cmocka_unit_test(test_unshuffle_of_a_chunk),
        cmocka_unit_test(test_crc32c_check_value),
        cmocka_unit_test(test_crc32c_golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
