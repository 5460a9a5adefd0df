/* zstd frames and the framing of variable-length elements: what upstream writes, and what
 * damaged or hostile bytes give. */
#include "codec/codec.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

enum { RAW_BYTES = 300000 };

typedef struct packed_data {
    zg_zstd *z;
    unsigned char *raw, *frame;
    size_t cap, len;
} packed_data;

static void fill(unsigned char *bytes, size_t len)
{
    uint32_t x = 99;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(x >> 28); /* packs to half its size */
    }
}

static packed_data pack(size_t len)
{
    packed_data p = {.z = zg_zstd_new(), .cap = zg_zstd_bound(len)};
    assert_non_null(p.z);
    p.raw = zg_alloc(len ? len : 1, 1);
    p.frame = zg_alloc(p.cap, 1);
    fill(p.raw, len);
    assert_int_equal(zg_zstd_pack(p.z, 3, p.raw, len, p.frame, p.cap, &p.len, NULL),
                     ZAGG_OK);
    return p;
}

static void packed_free(packed_data *p)
{
    zg_zstd_free(p->z);
    zg_free(p->raw);
    zg_free(p->frame);
}

static void unpack_is_exact(void **state)
{
    (void)state;
    packed_data p = pack(RAW_BYTES);
    unsigned char *out = zg_alloc(RAW_BYTES + 1, 1);
    zagg_err err = ZAGG_ERR_INIT;
    size_t size = 0;
    for (int round = 0; round < 2; round++) { /* the state can be used again */
        memset(out, 0, RAW_BYTES);
        assert_int_equal(zg_zstd_unpack(p.z, p.frame, p.len, out, RAW_BYTES, &err),
                         ZAGG_OK);
        assert_memory_equal(out, p.raw, RAW_BYTES);
    }
    assert_int_equal(zg_zstd_content_size(p.frame, p.len, RAW_BYTES, &size, &err),
                     ZAGG_OK);
    assert_int_equal(size, RAW_BYTES);
    assert_int_equal(zg_zstd_content_size(p.frame, p.len, RAW_BYTES - 1, &size, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "299999 are the most"));
    assert_int_equal(zg_zstd_unpack(p.z, p.frame, p.len, out, RAW_BYTES - 1, &err),
                     ZAGG_EFORMAT);
    assert_int_equal(zg_zstd_unpack(p.z, p.frame, p.len, out, RAW_BYTES + 1, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "300000 bytes where 300001 are expected"));
    for (size_t len = 0; len < p.len; len += 1 + len / 5)
        assert_int_equal(zg_zstd_unpack(p.z, p.frame, len, out, RAW_BYTES, NULL),
                         ZAGG_EFORMAT);
    zg_free(out);
    packed_free(&p);
    zg_zstd_free(NULL);
}

/* Header of a frame (RFC 8878, 3.1.1.1): the flags that upstream's frames have. */
static void frames_are_plain(void **state)
{
    (void)state;
    const size_t lens[] = {0, 1, 255, 256, 65791, 65792, RAW_BYTES};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        packed_data p = pack(lens[i]);
        const unsigned char flags = p.frame[4];
        assert_int_equal(flags & 0x20, 0x20); /* one segment: content size present */
        assert_int_equal(flags & 0x04, 0);    /* no checksum */
        assert_int_equal(flags & 0x03, 0);    /* no dictionary id */
        packed_free(&p);
    }
    assert_int_equal(zg_zstd_bound(SIZE_MAX), 0);
}

static void other_frames_are_refused(void **state)
{
    (void)state;
    packed_data p = pack(1000);
    zagg_err err = ZAGG_ERR_INIT;
    unsigned char out[2000], two[4000];
    size_t size = 0;
    memcpy(two, p.frame, p.len);
    memcpy(two + p.len, p.frame, p.len);
    assert_int_equal(zg_zstd_unpack(p.z, two, 2 * p.len, out, 2000, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "stray bytes"));

    /* a frame that is to be skipped, which others take for one of 0 bytes */
    static const unsigned char skipped[] = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
    assert_int_equal(zg_zstd_unpack(p.z, skipped, sizeof skipped, out, 0, &err),
                     ZAGG_EFORMAT);
    assert_int_equal(zg_zstd_unpack(p.z, "", 0, out, 0, &err), ZAGG_EFORMAT);

    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    const size_t len = ZSTD_compress2(c, two, sizeof two, p.raw, 1000);
    ZSTD_freeCCtx(c);
    assert_int_equal(zg_zstd_content_size(two, len, 2000, &size, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "without its content size"));
    packed_free(&p);
}

/* A promise of 2^40 bytes in 16 is seen through before anybody asks for the memory. */
static void promises_are_weighed(void **state)
{
    (void)state;
    static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0,    0, 0,
                                          0,    0,    1,    0,    0,    0x01, 0, 0};
    zagg_err err = ZAGG_ERR_INIT;
    size_t size = 0;
    assert_int_equal(zg_zstd_content_size(frame, sizeof frame, SIZE_MAX, &size, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "cannot hold"));

    /* what does pack best still passes */
    enum { ZEROS = 64 << 20 };
    unsigned char *zeros = zg_alloc(ZEROS, 1), *packed = zg_alloc(1 << 20, 1);
    zg_zstd *z = zg_zstd_new();
    size_t len = 0;
    assert_int_equal(zg_zstd_pack(z, 3, zeros, ZEROS, packed, 1 << 20, &len, &err),
                     ZAGG_OK);
    assert_int_equal(zg_zstd_content_size(packed, len, SIZE_MAX, &size, &err), ZAGG_OK);
    assert_int_equal(size, ZEROS);
    zg_zstd_free(z);
    zg_free(zeros);
    zg_free(packed);
}

static void damage_gives_no_wrong_size(void **state)
{
    (void)state;
    packed_data p = pack(5000);
    unsigned char out[5000];
    for (size_t i = 0; i < p.len; i++) {
        p.frame[i] ^= 0x11;
        const zagg_status status =
            zg_zstd_unpack(p.z, p.frame, p.len, out, sizeof out, NULL);
        p.frame[i] ^= 0x11;
        assert_true(status == ZAGG_OK || status == ZAGG_EFORMAT); /* no checksum */
    }
    assert_int_equal(zg_zstd_unpack(p.z, p.frame, p.len, out, sizeof out, NULL), ZAGG_OK);
    assert_memory_equal(out, p.raw, sizeof out);
    packed_free(&p);
}

/* ---- vlen-bytes ---- */

static void framing_comes_back(void **state)
{
    (void)state;
    const zagg_bytes_view items[4] = {{"abc", 3}, {NULL, 0}, {"", 0}, {"\0\1\2\3\4", 5}};
    zagg_bytes_view read[4];
    unsigned char framed[28];
    size_t size = 0;
    zagg_err err = ZAGG_ERR_INIT;
    assert_true(zg_vlen_size(items, 4, &size));
    assert_int_equal(size, sizeof framed);
    zg_vlen_encode(items, 4, framed);
    assert_int_equal(zg_vlen_decode(framed, size, read, 4, &err), ZAGG_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read[i].len, items[i].len);
        if (items[i].len > 0)
            assert_memory_equal(read[i].data, items[i].data, items[i].len);
    }
    for (size_t len = 0; len < size; len++) { /* exact heap blocks: sanitizers look on */
        unsigned char *cut = zg_alloc(len ? len : 1, 1);
        memcpy(cut, framed, len);
        assert_int_equal(zg_vlen_decode(cut, len, read, 4, &err), ZAGG_EFORMAT);
        zg_free(cut);
    }
    assert_int_equal(zg_vlen_decode(framed, size, read, 3, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "the 3 elements"));
    const zagg_bytes_view none = {NULL, 0};
    assert_true(zg_vlen_size(&none, 0, &size));
    assert_int_equal(size, 4);
}

static void framing_that_lies(void **state)
{
    (void)state;
    /* two elements: lengths are words 1 and 2 when the first is empty */
    static const struct {
        uint32_t words[4];
        size_t n_words;
        const char *part;
    } cases[] = {
        {{2, 0, 0}, 3, NULL},
        {{2, 4, 7, 0}, 4, NULL},
        {{2, 5, 7, 0}, 4, "ends inside element 1"},
        {{2, UINT32_MAX, 0, 0}, 4, "ends inside element 0"},
        {{2, 0, UINT32_MAX - 3, 0}, 4, "ends inside element 1"},
        {{2, 0, 0, 0}, 4, "4 stray bytes"},
        {{3, 0, 0, 0}, 4, "does not hold the 2"},
        {{UINT32_MAX, 0, 0, 0}, 4, "does not hold the 2"},
        {{2, 9}, 2, "ends inside element 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        zagg_bytes_view read[2];
        zagg_err err = ZAGG_ERR_INIT;
        const size_t len = cases[i].n_words * 4;
        unsigned char *exact = zg_alloc(len, 1);
        memcpy(exact, cases[i].words, len);
        const zagg_status status = zg_vlen_decode(exact, len, read, 2, &err);
        assert_int_equal(status, cases[i].part ? ZAGG_EFORMAT : ZAGG_OK);
        if (cases[i].part && !strstr(err.msg, cases[i].part))
            fail_msg("'%s' does not hold '%s'", err.msg, cases[i].part);
        zg_free(exact);
    }
}

static void framing_has_32_bits(void **state)
{
    (void)state;
    const zagg_bytes_view huge[2] = {{"x", (size_t)UINT32_MAX + 1}, {"x", UINT32_MAX}};
    size_t size = 7;
    assert_false(zg_vlen_size(huge, 1, &size));
    assert_int_equal(size, 7);
    assert_true(zg_vlen_size(huge + 1, 1, &size));
    assert_int_equal(size, (size_t)UINT32_MAX + 8);
}

/* ---- golden ---- */

static size_t from_hex(const zagg_value *hex, unsigned char *out, size_t cap)
{
    const char digits[] = "0123456789abcdef";
    assert_true(hex != NULL && hex->str_len / 2 <= cap);
    for (size_t i = 0; i < hex->str_len / 2; i++) {
        const size_t high = (size_t)(strchr(digits, hex->str[2 * i]) - digits);
        const size_t low = (size_t)(strchr(digits, hex->str[2 * i + 1]) - digits);
        out[i] = (unsigned char)(high << 4 | low);
    }
    return hex->str_len / 2;
}

static void check_frame(case_report *r, const zagg_value *c)
{
    unsigned char raw[4096], frame[4096], got[8192], back[4096];
    const size_t raw_len = from_hex(zagg_value_get(c, "raw_hex"), raw, sizeof raw);
    const size_t len = from_hex(zagg_value_get(c, "frame_hex"), frame, sizeof frame);
    char name[64];
    zg_zstd *z = zg_zstd_new();
    (void)snprintf(name, sizeof name, "frame of %zu bytes", raw_len);
    for (int level = 0; level <= 3; level += 3) {
        size_t got_len = 0;
        if (zg_zstd_pack(z, level, raw, raw_len, got, sizeof got, &got_len, NULL) !=
                ZAGG_OK ||
            got_len != len || memcmp(got, frame, len) != 0)
            case_fail(r, name, "level %d gives other bytes", level);
        else
            case_pass(r);
    }
    if (zg_zstd_unpack(z, frame, len, back, raw_len, NULL) != ZAGG_OK ||
        memcmp(back, raw, raw_len) != 0)
        case_fail(r, name, "does not unpack to the raw bytes");
    zg_zstd_free(z);
}

/* The payloads of the cells as float32, and a view of each cell. */
static size_t cells_of(const zagg_value *cells, float *floats, zagg_bytes_view *items)
{
    size_t at = 0;
    for (size_t i = 0; i < cells->n; i++) {
        const zagg_value *rows = cells->items[i];
        items[i].data = floats + at;
        for (size_t j = 0; j < rows->n; j++) {
            for (size_t k = 0; k < rows->items[j]->n; k++) {
                double v = 0;
                assert_true(zagg_value_number(rows->items[j]->items[k], &v));
                floats[at++] = (float)v;
            }
        }
        items[i].len =
            (size_t)((const char *)(floats + at) - (const char *)items[i].data);
    }
    return cells->n;
}

static void check_vlen(case_report *r, const zagg_value *v)
{
    float floats[64];
    zagg_bytes_view items[8], read[8];
    unsigned char framed[512], expected[512], packed[512], frame[1024];
    const size_t n = cells_of(zagg_value_get(v, "cells"), floats, items);
    const size_t len =
        from_hex(zagg_value_get(v, "framed_hex"), expected, sizeof expected);
    const size_t packed_len =
        from_hex(zagg_value_get(v, "zstd3_hex"), packed, sizeof packed);
    size_t size = 0, frame_len = 0;
    zg_zstd *z = zg_zstd_new();
    assert_true(zg_vlen_size(items, n, &size) && size <= sizeof framed);
    zg_vlen_encode(items, n, framed);
    if (size == len && memcmp(framed, expected, len) == 0)
        case_pass(r);
    else
        case_fail(r, "vlen_bytes", "framed otherwise");
    assert_int_equal(
        zg_zstd_pack(z, 3, framed, size, frame, sizeof frame, &frame_len, NULL), ZAGG_OK);
    if (frame_len == packed_len && memcmp(frame, packed, frame_len) == 0)
        case_pass(r);
    else
        case_fail(r, "vlen_bytes", "packed otherwise");
    zagg_status status = zg_zstd_unpack(z, packed, packed_len, framed, len, NULL);
    if (status == ZAGG_OK)
        status = zg_vlen_decode(framed, len, read, n, NULL);
    bool same = status == ZAGG_OK;
    for (size_t i = 0; i < n && same; i++)
        same = read[i].len == items[i].len &&
               memcmp(read[i].data, items[i].data, read[i].len) == 0;
    if (same)
        case_pass(r);
    else
        case_fail(r, "vlen_bytes", "does not come back");
    zg_zstd_free(z);
}

static void golden_vectors(void **state)
{
    (void)state;
    if (!golden_available("stores/codec_vectors.json"))
        return;
    case_report report = {"stores/codec_vectors.json zstd and vlen-bytes", 0, 0, 0};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("stores/codec_vectors.json"));
    const zagg_value *frames = zagg_value_get(root, "zstd_level3");
    for (size_t i = 0; i < frames->n; i++)
        check_frame(&report, frames->items[i]);
    check_vlen(&report, zagg_value_get(root, "vlen_bytes"));
    zagg_arena_free(arena);
    report_end(&report, 15);
}

static void lack_of_memory(void **state)
{
    (void)state;
    zg_alloc_fail_nth(1);
    assert_null(zg_zstd_new());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpack_is_exact),
        cmocka_unit_test(frames_are_plain),
        cmocka_unit_test(other_frames_are_refused),
        cmocka_unit_test(promises_are_weighed),
        cmocka_unit_test(damage_gives_no_wrong_size),
        cmocka_unit_test(framing_comes_back),
        cmocka_unit_test(framing_that_lies),
        cmocka_unit_test(framing_has_32_bits),
        cmocka_unit_test(golden_vectors),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
