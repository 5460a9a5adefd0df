/* Arrays of variable-length bytes and zstd chunks: what is stored, in which order, and
 * what damaged objects give. */
#include "codec/codec.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK = 4, MAX_CHUNKS = 24, TEXT_BYTES = 64 };

static zagg_zarr_array vlen_array(void)
{
    zagg_zarr_array a = {.name = "digest",
                         .kind = ZAGG_ZARR_VLEN,
                         .rank = 1,
                         .shape = {16},
                         .chunk = {CHUNK},
                         .zstd = true,
                         .zstd_level = 3,
                         .dim_names = {"cells"}};
    return a;
}

static zagg_zarr_array sharded_vlen(void)
{
    zagg_zarr_array a = vlen_array();
    a.sharded = true;
    a.shard[0] = 16;
    return a;
}

/* Elements of chunk k: lengths that differ from chunk to chunk, every third one empty. */
typedef struct chunk_of_bytes {
    char text[CHUNK][TEXT_BYTES];
    zagg_bytes_view views[CHUNK];
} chunk_of_bytes;

static void fill_chunk(chunk_of_bytes *c, size_t k)
{
    for (size_t i = 0; i < CHUNK; i++) {
        const size_t len = (7 * k + 13 * i) % 40;
        for (size_t j = 0; j < TEXT_BYTES; j++)
            c->text[i][j] = (char)(k * 31 + i * 7 + j * j);
        c->views[i] = (zagg_bytes_view){c->text[i], k % 3 == 2 ? 0 : len};
    }
}

static void ok(temp_store *s, zagg_status status)
{
    if (status != ZAGG_OK)
        fail_msg("%s", s->err.msg);
}

/* ---- writing ---- */

static void unsharded_chunk_is_one_frame(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array a = vlen_array();
    const uint64_t second[] = {1};
    const zagg_bytes_view cells[CHUNK] = {{"ab", 2}, {NULL, 0}, {"cde", 3}, {NULL, 0}};
    const zagg_bytes_view empty[CHUNK] = {{NULL, 0}, {"x", 0}, {NULL, 0}, {NULL, 0}};
    static const char FRAMED[] = "\4\0\0\0\2\0\0\0ab\0\0\0\0\3\0\0\0cde\0\0\0\0";
    char framed[sizeof FRAMED - 1];
    size_t len = 0;
    ok(s, zagg_zarr_write_chunk(s->sink, "19", &a, second, cells, &s->err));
    char *stored = get_text(s, "19/digest/c/1", &len);
    assert_non_null(stored);
    zg_zstd *z = zg_zstd_new();
    ok(s, zg_zstd_unpack(z, stored, len, framed, sizeof framed, &s->err));
    assert_memory_equal(framed, FRAMED, sizeof framed);
    zg_zstd_free(z);
    zg_free(stored);
    assert_true(zagg_zarr_all_fill(&a, empty, CHUNK));
    assert_false(zagg_zarr_all_fill(&a, cells, CHUNK));
    ok(s, zagg_zarr_write_chunk(s->sink, "19", &a, second, empty, &s->err));
    assert_false(has_object(s, "19/digest/c/1"));
}

static void huge_elements_are_refused(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array a = vlen_array();
    const uint64_t first[] = {0};
    const zagg_bytes_view cells[CHUNK] = {{"x", (size_t)1 << 32}};
    assert_int_equal(zagg_zarr_write_chunk(s->sink, "19", &a, first, cells, &s->err),
                     ZAGG_ERANGE);
    assert_has_text(s->err.msg, "'digest'");
}

/* One shard of all chunks that are given in the order first, first + step, ... */
static char *shard_object(temp_store *s, const zagg_zarr_array *a, size_t n, size_t step,
                          size_t *len)
{
    zagg_zarr_shard *shard = NULL;
    const uint64_t origin[ZAGG_ZARR_MAX_RANK] = {0};
    char key[64];
    ok(s, zagg_zarr_shard_new(a, &shard, &s->err));
    for (int round = 0; round < 2; round++) { /* a builder can be used again */
        ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", origin, &s->err));
        for (size_t i = 0; i < n; i++) {
            const size_t k = (i * step + step - 1) % n;
            uint64_t index[ZAGG_ZARR_MAX_RANK] = {0};
            size_t rest = k;
            chunk_of_bytes c;
            for (unsigned d = a->rank; d-- > 0;) {
                index[d] = rest % (a->shard[d] / a->chunk[d]);
                rest /= (size_t)(a->shard[d] / a->chunk[d]);
            }
            fill_chunk(&c, k);
            ok(s, zagg_zarr_shard_add(shard, index, c.views, &s->err));
        }
        ok(s, zagg_zarr_shard_end(shard, &s->err));
    }
    zagg_zarr_shard_free(shard);
    ok(s, zagg_zarr_object_key("g", a, origin, key, sizeof key, &s->err));
    return get_text(s, key, len);
}

/* Places of the stored chunks ascend without gaps along `order`; absent: 2^64 - 1. */
static void check_places(const char *object, size_t len, const size_t *order, size_t n)
{
    const char *index = object + len - (16 * n + 4);
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t place[2];
        memcpy(place, index + 16 * order[i], sizeof place);
        if (order[i] % 3 == 2) {
            assert_true(place[0] == UINT64_MAX && place[1] == UINT64_MAX);
            continue;
        }
        assert_true(place[0] == at && place[1] > 0);
        at += place[1];
    }
    assert_int_equal(at, len - (16 * n + 4));
}

static void arrival_makes_no_difference(void **state)
{
    temp_store *s = *state;
    static const size_t LINE[4] = {0, 1, 2, 3};
    /* rows of 4, Z-order with axis 0 as the lowest bit */
    static const size_t PLANE[16] = {0, 4, 1, 5, 8,  12, 9,  13,
                                     2, 6, 3, 7, 10, 14, 11, 15};
    zagg_zarr_array plane = vlen_array();
    plane.name = "plane";
    plane.rank = 2;
    plane.sharded = true;
    for (unsigned d = 0; d < 2; d++) {
        plane.chunk[d] = 2;
        plane.shape[d] = plane.shard[d] = 8;
    }
    const zagg_zarr_array line = sharded_vlen();
    const struct {
        const zagg_zarr_array *a;
        size_t n;
        const size_t *order;
    } cases[] = {{&line, 4, LINE}, {&plane, 16, PLANE}};
    for (size_t i = 0; i < 2; i++) {
        size_t len = 0;
        char *first = shard_object(s, cases[i].a, cases[i].n, 1, &len);
        check_places(first, len, cases[i].order, cases[i].n);
        const size_t steps[] = {3, 5, cases[i].n - 1};
        for (size_t j = 0; j < 3; j++) {
            size_t again_len = 0;
            char *again = shard_object(s, cases[i].a, cases[i].n, steps[j], &again_len);
            assert_int_equal(again_len, len);
            assert_memory_equal(again, first, len);
            zg_free(again);
        }
        zg_free(first);
    }
}

static void misuse_of_a_builder(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array a = sharded_vlen();
    zagg_zarr_shard *shard = NULL;
    const uint64_t first[] = {0}, second[] = {1};
    const zagg_bytes_view huge[CHUNK] = {{"x", (size_t)1 << 32}};
    chunk_of_bytes c;
    fill_chunk(&c, 1);
    ok(s, zagg_zarr_shard_new(&a, &shard, &s->err));
    ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", first, &s->err));
    assert_int_equal(zagg_zarr_shard_add(shard, first, huge, &s->err), ZAGG_ERANGE);
    ok(s, zagg_zarr_shard_add(shard, first, c.views, &s->err)); /* not taken before */
    assert_int_equal(zagg_zarr_shard_add(shard, first, c.views, &s->err), ZAGG_EARG);
    for (size_t i = 0; i < CHUNK; i++)
        c.views[i].len = 0;
    ok(s, zagg_zarr_shard_add(shard, second, c.views, &s->err));
    assert_int_equal(zagg_zarr_shard_add(shard, second, c.views, &s->err), ZAGG_EARG);
    zagg_zarr_shard_free(shard);
    zagg_zarr_array csr = {.name = "x", .kind = ZAGG_ZARR_CSR, .dtype = ZAGG_DT_F32};
    assert_int_equal(zagg_zarr_shard_new(&csr, &shard, &s->err), ZAGG_EARG);
}

/* ---- reading back ---- */

typedef struct seen {
    size_t n;
    uint64_t index[MAX_CHUNKS];
    bool bytes; /* chunks of fill_chunk, else int32 of 1, 2, 3, 4 */
} seen;

static zagg_status see_chunk(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    static const int32_t NUMBERS[CHUNK] = {1, 2, 3, 4};
    seen *found = user;
    chunk_of_bytes c;
    const zagg_bytes_view *views = data;
    (void)err;
    assert_int_equal(n, CHUNK);
    assert_true(found->n < MAX_CHUNKS);
    found->index[found->n++] = index[0];
    fill_chunk(&c, (size_t)index[0]);
    if (!found->bytes)
        assert_memory_equal(data, NUMBERS, sizeof NUMBERS);
    for (size_t i = 0; i < n && found->bytes; i++) {
        assert_int_equal(views[i].len, c.views[i].len);
        if (views[i].len > 0)
            assert_memory_equal(views[i].data, c.text[i], views[i].len);
    }
    return ZAGG_OK;
}

static void create(temp_store *s, const zagg_zarr_array *a)
{
    const zagg_zarr_template t = {"g", NULL, a, 1};
    ok(s, zagg_zarr_create(s->sink, &t, false, &s->err));
}

static zagg_status read_all(temp_store *s, seen *found)
{
    zagg_zarr_reader *r = NULL;
    ok(s, zagg_zarr_open(s->sink, &r, &s->err));
    assert_int_equal(zagg_zarr_reader_n(r), 1);
    const zagg_status status =
        zagg_zarr_read_chunks(r, 0, see_chunk, found, NULL, NULL, &s->err);
    zagg_zarr_reader_free(r);
    return status;
}

static void written_bytes_come_back(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array a = sharded_vlen();
    seen found = {.bytes = true};
    size_t len = 0;
    create(s, &a);
    zg_free(shard_object(s, &a, 4, 1, &len));
    ok(s, read_all(s, &found));
    assert_int_equal(found.n, 3); /* chunk 2 is empty */
    assert_int_equal(found.index[2], 3);
    zagg_zarr_reader *r = NULL;
    ok(s, zagg_zarr_open(s->sink, &r, &s->err));
    const zagg_zarr_array *read = zagg_zarr_reader_array(r, 0);
    assert_true(read->kind == ZAGG_ZARR_VLEN && read->zstd && read->zstd_level == 3);
    assert_int_equal(read->dtype, ZAGG_DT_NONE);
    zagg_zarr_reader_free(r);
}

/* vlen-bytes without zstd, numbers with it: what others may write with these codecs. */
static void other_pairs_of_codecs(void **state)
{
    temp_store *s = *state;
    static const int32_t NUMBERS[CHUNK] = {1, 2, 3, 4};
    const uint64_t index[] = {3};
    zagg_zarr_array a = sharded_vlen();
    seen found = {.bytes = true}, numbers = {.bytes = false};
    size_t len = 0;
    a.zstd = false;
    create(s, &a);
    zg_free(shard_object(s, &a, 4, 3, &len));
    ok(s, read_all(s, &found));
    assert_int_equal(found.n, 3);
    ok(s, zagg_sink_delete_prefix(s->sink, "g/", &s->err));
    for (int sharded = 0; sharded < 2; sharded++) {
        zagg_zarr_shard *shard = NULL;
        a = count_array();
        a.zstd = true;
        a.sharded = sharded == 1;
        a.shard[0] = 16;
        create(s, &a);
        if (a.sharded) {
            const uint64_t first[] = {0};
            ok(s, zagg_zarr_shard_new(&a, &shard, &s->err));
            ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", first, &s->err));
            ok(s, zagg_zarr_shard_add(shard, index, NUMBERS, &s->err));
            ok(s, zagg_zarr_shard_end(shard, &s->err));
            zagg_zarr_shard_free(shard);
        } else {
            ok(s, zagg_zarr_write_chunk(s->sink, "g", &a, index, NUMBERS, &s->err));
        }
        ok(s, read_all(s, &numbers));
        assert_int_equal(numbers.n, 1 + sharded);
        assert_int_equal(numbers.index[sharded], 3);
        ok(s, zagg_sink_delete_prefix(s->sink, "g/", &s->err));
    }
}

/* ---- damage ---- */

static zagg_status see_anything(void *user, const uint64_t *index, const void *data,
                                size_t n, zagg_err *err)
{
    const zagg_bytes_view *views = data;
    size_t *sum = user;
    (void)index;
    (void)err;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < views[i].len; j++)
            *sum += ((const unsigned char *)views[i].data)[j];
    return ZAGG_OK;
}

static zagg_status read_damaged(temp_store *s, const char *key, const void *data,
                                size_t len)
{
    zagg_zarr_reader *r = NULL;
    size_t sum = 0;
    ok(s, zagg_sink_put(s->sink, key, data, len, &s->err));
    ok(s, zagg_zarr_open(s->sink, &r, &s->err));
    const zagg_status status =
        zagg_zarr_read_chunks(r, 0, see_anything, &sum, NULL, NULL, &s->err);
    zagg_zarr_reader_free(r);
    return status;
}

static void every_damaged_byte_of_a_shard(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array a = sharded_vlen();
    size_t len = 0, noticed = 0;
    create(s, &a);
    char *object = shard_object(s, &a, 4, 1, &len);
    for (size_t i = 0; i < len; i++) {
        object[i] ^= 0x15;
        const zagg_status status = read_damaged(s, "g/digest/c/0", object, len);
        object[i] ^= 0x15;
        assert_true(status == ZAGG_OK || status == ZAGG_EFORMAT);
        noticed += status == ZAGG_EFORMAT;
        if (status == ZAGG_EFORMAT)
            assert_has_text(s->err.msg, "g/digest/c/0");
    }
    assert_true(noticed >= 16 * 4 + 4); /* the whole index among them */
    zg_free(object);
}

/* A chunk of the array as zstd of the given framed bytes. */
static void lies_in_a_frame(void **state)
{
    temp_store *s = *state;
    static const struct {
        const char *framed;
        size_t len;
        const char *part;
    } cases[] = {
        {"\4\0\0\0\1\0\0\0a\0\0\0\0\0\0\0\0\0\0\0\0", 21, NULL},
        {"\4\0\0\0\1\0\0\0a\0\0\0\0\0\0\0\0\0\0\0\0x", 22, "1 stray bytes"},
        {"\4\0\0\0\2\0\0\0a\0\0\0\0\0\0\0\0\0\0\0\0", 21, "ends inside element 3"},
        {"\4\0\0\0\377\377\377\377a\0\0\0\0\0\0\0\0\0\0\0\0", 21, "inside element 0"},
        {"\3\0\0\0\1\0\0\0a\0\0\0\0\0\0\0\0\0\0\0\0", 21, "the 4 elements of a chunk"},
        {"\4\0\0\0\1\0\0\0a\0\0\0\0\0\0\0\0", 17, "cannot hold 4 elements"},
        {"", 0, "cannot hold 4 elements"},
    };
    const zagg_zarr_array a = vlen_array();
    zg_zstd *z = zg_zstd_new();
    create(s, &a);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char packed[200];
        size_t len = 0;
        ok(s, zg_zstd_pack(z, 3, cases[i].framed, cases[i].len, packed, sizeof packed,
                           &len, &s->err));
        const zagg_status status = read_damaged(s, "g/digest/c/2", packed, len);
        assert_int_equal(status, cases[i].part ? ZAGG_EFORMAT : ZAGG_OK);
        if (cases[i].part)
            assert_has_text(s->err.msg, cases[i].part);
    }
    assert_int_equal(read_damaged(s, "g/digest/c/2", "no zstd data", 12), ZAGG_EFORMAT);
    assert_has_text(s->err.msg, "g/digest/c/2: no zstd data");
    zg_zstd_free(z);
}

/* Two places of the index that name the same bytes: an object could unpack without end.
 */
static void chunks_that_share_bytes(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array a = sharded_vlen();
    size_t len = 0;
    create(s, &a);
    char *object = shard_object(s, &a, 4, 1, &len);
    char *index = object + len - (16 * 4 + 4);
    memcpy(index + 32, index, 16);
    memcpy(index + 48, index, 16);
    const uint32_t crc = zg_crc32c(index, 64);
    memcpy(index + 64, &crc, sizeof crc);
    uint64_t place[2];
    memcpy(place, index, sizeof place);
    const zagg_status status = read_damaged(s, "g/digest/c/0", object, len);
    if (3 * place[1] > len - 68)
        assert_int_equal(status, ZAGG_EFORMAT);
    uint64_t whole[2] = {0, (uint64_t)len - 68};
    memcpy(index + 16, whole, sizeof whole);
    const uint32_t right = zg_crc32c(index, 64);
    memcpy(index + 64, &right, sizeof right);
    assert_int_equal(read_damaged(s, "g/digest/c/0", object, len), ZAGG_EFORMAT);
    assert_has_text(s->err.msg, "inner chunk 1");
    zg_free(object);
}

/* ---- documents ---- */

static void documents_outside_our_formats(void **state)
{
    temp_store *s = *state;
    static const struct {
        const char *from, *to;
        zagg_status status;
        const char *part;
    } edits[] = {
        {"\"fill_value\": \"\"", "\"fill_value\": \"AA==\"", ZAGG_EFORMAT, "fill_value"},
        {"\"fill_value\": \"\"", "\"fill_value\": 0", ZAGG_EFORMAT, "fill_value"},
        {"\"vlen-bytes\"", "\"bytes\"", ZAGG_EUNSUPPORTED, "codec 'bytes'"},
        {"\"zstd\"", "\"gzip\"", ZAGG_EUNSUPPORTED, "codec 'gzip'"},
        {"\"level\": 3", "\"level\": \"3\"", ZAGG_EFORMAT, "has no level"},
        {"\"level\": 3", "\"level\": 23", ZAGG_EFORMAT, "has no level"},
        {"\"level\": 3,", "", ZAGG_EFORMAT, "has no level"},
        {"\"checksum\": false", "\"checksum\": true", ZAGG_EUNSUPPORTED, "checksum"},
        {"\"name\": \"vlen-bytes\"", "\"name\": \"zstd\"", ZAGG_EUNSUPPORTED,
         "codec 'zstd'"},
    };
    const zagg_zarr_array a = sharded_vlen();
    create(s, &a);
    char *good = get_text(s, "g/digest/zarr.json", NULL);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        const char *at = strstr(good, edits[i].from);
        zagg_zarr_reader *r = NULL;
        zg_str text;
        assert_non_null(at);
        zg_str_init(&text, 0);
        zg_str_addn(&text, good, (size_t)(at - good));
        zg_str_add(&text, edits[i].to);
        zg_str_add(&text, at + strlen(edits[i].from));
        put_text(s, "g/digest/zarr.json", text.data);
        assert_int_equal(zagg_zarr_open(s->sink, &r, &s->err), edits[i].status);
        assert_has_text(s->err.msg, edits[i].part);
        assert_has_text(s->err.msg, "g/digest");
        zg_str_free(&text);
    }
    zg_free(good);
}

#define RAGGED_TEST(f)                                                                   \
    cmocka_unit_test_setup_teardown(f, temp_store_open, temp_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RAGGED_TEST(unsharded_chunk_is_one_frame),
        RAGGED_TEST(huge_elements_are_refused),
        RAGGED_TEST(arrival_makes_no_difference),
        RAGGED_TEST(misuse_of_a_builder),
        RAGGED_TEST(written_bytes_come_back),
        RAGGED_TEST(other_pairs_of_codecs),
        RAGGED_TEST(every_damaged_byte_of_a_shard),
        RAGGED_TEST(lies_in_a_frame),
        RAGGED_TEST(chunks_that_share_bytes),
        RAGGED_TEST(documents_outside_our_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
