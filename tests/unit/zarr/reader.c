/* Reading stores back: what was written, and everything a damaged store can hold. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

enum { N_CELLS = 16 };

/* A store with group "19", sharded "count" (2 shards of 2 chunks) and plain "h". */
static zagg_zarr_array sharded_count(void)
{
    zagg_zarr_array a = count_array();
    a.sharded = true;
    a.shard[0] = 8;
    return a;
}

static int open_written(void **state)
{
    temp_store_open(state);
    temp_store *s = *state;
    zagg_zarr_array arrays[2] = {sharded_count(), count_array()};
    arrays[1].name = "h";
    arrays[1].attributes_json = "{\"units\": \"m\"}";
    const zagg_zarr_template t = {.group = "19",
                                  .group_attributes_json = "{\"level\": 19}",
                                  .arrays = arrays,
                                  .n_arrays = 2};
    const int32_t chunk[4] = {5, 6, 7, 8};
    const uint64_t zero[] = {0}, one[] = {1}, three[] = {3};
    zagg_zarr_shard *shard = NULL;
    assert_int_equal(zagg_zarr_create(s->sink, &t, false, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_new(&arrays[0], &shard, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_begin(shard, s->sink, "19", one, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, one, chunk, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_end(shard, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_begin(shard, s->sink, "19", zero, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, one, chunk, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, zero, chunk, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_end(shard, &s->err), ZAGG_OK);
    zagg_zarr_shard_free(shard);
    assert_int_equal(
        zagg_zarr_write_chunk(s->sink, "19", &arrays[1], three, chunk, &s->err), ZAGG_OK);
    put_text(s, "notes/readme.txt", "no Zarr node");
    return 0;
}

typedef struct seen {
    uint64_t index[8];
    size_t n;
    int64_t sum;
} seen;

static zagg_status see_chunk(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    seen *s = user;
    const int32_t *values = data;
    (void)err;
    assert_true(s->n < 8);
    assert_int_equal(n, 4);
    s->index[s->n++] = index[0];
    for (size_t i = 0; i < n; i++)
        s->sum += values[i];
    return ZAGG_OK;
}

static void written_store_reads_back(void **state)
{
    temp_store *s = *state;
    zagg_zarr_reader *r = NULL;
    if (zagg_zarr_open(s->sink, &r, &s->err) != ZAGG_OK)
        fail_msg("%s", s->err.msg);
    assert_int_equal(zagg_zarr_reader_n(r), 2);
    const zagg_zarr_array *count = zagg_zarr_reader_array(r, 0);
    assert_string_equal(count->name, "count");
    assert_true(count->sharded);
    assert_int_equal(count->shard[0], 8);
    assert_int_equal(count->chunk[0], 4);
    assert_int_equal(count->shape[0], N_CELLS);
    assert_string_equal(count->dim_names[0], "cells");
    assert_null(count->attributes_json);
    assert_string_equal(zagg_zarr_reader_array(r, 1)->attributes_json,
                        "{\"units\": \"m\"}");
    assert_string_equal(zagg_zarr_reader_group(r, 1), "19");
    int64_t level = 0;
    assert_true(zagg_value_i64(
        zagg_value_get(zagg_zarr_reader_group_attributes(r, 0), "level"), &level));
    assert_int_equal(level, 19);
    assert_null(zagg_zarr_reader_array(r, 2));
    uint64_t bytes = 0, objects = 0;
    seen found = {.n = 0};
    assert_int_equal(
        zagg_zarr_read_chunks(r, 0, see_chunk, &found, &bytes, &objects, &s->err),
        ZAGG_OK);
    assert_int_equal(found.n, 3);
    assert_int_equal(found.index[0], 0);
    assert_int_equal(found.index[1], 1);
    assert_int_equal(found.index[2], 3);
    assert_int_equal(found.sum, 3 * 26);
    assert_int_equal(objects, 2);
    assert_int_equal(bytes, 3 * 16 + 2 * (2 * 16 + 4));
    assert_int_equal(zagg_zarr_read_chunks(r, 1, see_chunk, &found, NULL, NULL, &s->err),
                     ZAGG_OK);
    assert_int_equal(found.index[3], 3);
    assert_int_equal(zagg_zarr_read_chunks(r, 2, see_chunk, &found, NULL, NULL, &s->err),
                     ZAGG_ERANGE);
    zagg_zarr_reader_free(r);
}

static zagg_status stop(void *user, const uint64_t *index, const void *data, size_t n,
                        zagg_err *err)
{
    (void)user;
    (void)index;
    (void)data;
    (void)n;
    return zagg_err_set(err, ZAGG_ECANCELLED, "enough");
}

static zagg_status read_first(temp_store *s, zagg_zarr_chunk_fn fn)
{
    zagg_zarr_reader *r = NULL;
    seen found = {.n = 0};
    if (zagg_zarr_open(s->sink, &r, &s->err) != ZAGG_OK)
        fail_msg("%s", s->err.msg);
    zagg_status status = zagg_zarr_read_chunks(r, 0, fn, &found, NULL, NULL, &s->err);
    zagg_zarr_reader_free(r);
    return status;
}

static void callback_can_stop(void **state)
{
    temp_store *s = *state;
    assert_int_equal(read_first(s, stop), ZAGG_ECANCELLED);
}

static void every_damaged_byte_of_an_index_is_noticed(void **state)
{
    temp_store *s = *state;
    size_t len = 0;
    char *object = get_text(s, "19/count/c/0", &len);
    assert_int_equal(len, 2 * 16 + 36);
    for (size_t at = 2 * 16; at < len; at++) {
        object[at] = (char)(object[at] ^ 0x10);
        assert_int_equal(zagg_sink_put(s->sink, "19/count/c/0", object, len, &s->err),
                         ZAGG_OK);
        assert_int_equal(read_first(s, see_chunk), ZAGG_EFORMAT);
        assert_has_text(s->err.msg, "19/count/c/0");
        object[at] = (char)(object[at] ^ 0x10);
    }
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(zagg_sink_put(s->sink, "19/count/c/0", object, cut, &s->err),
                         ZAGG_OK);
        assert_int_equal(read_first(s, see_chunk), ZAGG_EFORMAT);
    }
    zg_free(object);
}

/* An index that is consistent in itself but points outside. */
static void put_forged_index(temp_store *s, uint64_t offset, uint64_t nbytes)
{
    /* the bytes of a shard with this entry, its crc32c by the bitwise definition */
    unsigned char object[16 + 36] = {1};
    memcpy(object + 16, &offset, 8);
    memcpy(object + 24, &nbytes, 8);
    memset(object + 32, 0xff, 16);
    uint32_t crc = UINT32_MAX;
    for (size_t i = 16; i < 48; i++) {
        crc ^= object[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0x82F63B78) & (0 - (crc & 1)));
    }
    crc = ~crc;
    memcpy(object + 48, &crc, 4);
    assert_int_equal(
        zagg_sink_put(s->sink, "19/count/c/0", object, sizeof object, &s->err), ZAGG_OK);
}

static void places_outside_a_shard_are_refused(void **state)
{
    temp_store *s = *state;
    const uint64_t bad[][2] = {{1, 16}, {17, 16},       {UINT64_MAX - 8, 16},
                               {0, 15}, {0, 17},        {UINT64_MAX, 16},
                               {0, 0},  {0, UINT64_MAX}};
    put_forged_index(s, 0, 16);
    assert_int_equal(read_first(s, see_chunk), ZAGG_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_forged_index(s, bad[i][0], bad[i][1]);
        assert_int_equal(read_first(s, see_chunk), ZAGG_EFORMAT);
        assert_has_text(s->err.msg, "inner chunk 0 is not inside");
    }
}

static void objects_of_wrong_size_or_name(void **state)
{
    temp_store *s = *state;
    zagg_zarr_reader *r = NULL;
    seen found = {.n = 0};
    assert_int_equal(zagg_zarr_open(s->sink, &r, &s->err), ZAGG_OK);
    put_text(s, "19/h/c/0", "15 bytes of it.");
    assert_int_equal(zagg_zarr_read_chunks(r, 1, see_chunk, &found, NULL, NULL, &s->err),
                     ZAGG_EFORMAT);
    assert_has_text(s->err.msg, "19/h/c/0: 15 bytes instead of 16");
    put_text(s, "19/h/c/0", "too many bytes of it");
    assert_int_equal(zagg_zarr_read_chunks(r, 1, see_chunk, &found, NULL, NULL, &s->err),
                     ZAGG_EFORMAT);
    assert_int_equal(zagg_sink_delete(s->sink, "19/h/c/0", &s->err), ZAGG_OK);
    const char *const names[] = {"19/h/c/4",
                                 "19/h/c/00",
                                 "19/h/c/01",
                                 "19/h/c/x",
                                 "19/h/c/1x",
                                 "19/h/c/-1",
                                 "19/h/c/99999999999999999999"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        put_text(s, names[i], "x");
        assert_int_equal(
            zagg_zarr_read_chunks(r, 1, see_chunk, &found, NULL, NULL, &s->err),
            ZAGG_EFORMAT);
        assert_has_text(s->err.msg, names[i]);
        assert_int_equal(zagg_sink_delete(s->sink, names[i], &s->err), ZAGG_OK);
    }
    zagg_zarr_reader_free(r);
}

/* ---- documents ---- */

/* One replacement in the document of "19/count", and what opening says then. */
typedef struct edit {
    const char *from, *to;
    zagg_status status;
    const char *part;
} edit;

static const edit edits[] = {
    {"\"int32\"", "\"variable_length_bytes\"", ZAGG_EFORMAT, "fill_value"},
    {"\"int32\"", "\"variable_length_utf8\"", ZAGG_EUNSUPPORTED, "variable_length_utf8"},
    {"\"int32\"", "\"complex64\"", ZAGG_EUNSUPPORTED, "complex64"},
    {"\"int32\"", "{\"name\": \"numpy.datetime64\"}", ZAGG_EUNSUPPORTED,
     "numpy.datetime64"},
    {"\"regular\"", "\"rectangular\"", ZAGG_EUNSUPPORTED, "rectangular"},
    {"\"default\"", "\"v2\"", ZAGG_EUNSUPPORTED, "key encoding 'v2'"},
    {"\"separator\": \"/\"", "\"separator\": \".\"", ZAGG_EUNSUPPORTED, "separator '.'"},
    {"\"index_location\": \"end\"", "\"index_location\": \"start\"", ZAGG_EUNSUPPORTED,
     "start"},
    {"\"crc32c\"", "\"zstd\"", ZAGG_EUNSUPPORTED, "codec 'zstd'"},
    {"\"little\"", "\"big\"", ZAGG_EUNSUPPORTED, "byte order 'big'"},
    {"\"sharding_indexed\"", "\"blosc\"", ZAGG_EUNSUPPORTED, "codec 'blosc'"},
    {"\"name\": \"bytes\"", "\"name\": \"vlen-bytes\"", ZAGG_EUNSUPPORTED, "vlen-bytes"},
    {"\"storage_transformers\": []", "\"storage_transformers\": [1]", ZAGG_EUNSUPPORTED,
     "storage transformers"},
    {"\"zarr_format\": 3", "\"zarr_format\": 2", ZAGG_EFORMAT, "19/count"},
    {"\"fill_value\": 0", "\"fill_value\": \"NaN\"", ZAGG_EFORMAT, "fill_value"},
    {"\"fill_value\": 0", "\"fill_value\": 4294967296", ZAGG_EFORMAT, "fill_value"},
    {"\"fill_value\": 0,", "", ZAGG_EFORMAT, "fill_value"},
    {"\"shape\": [\n    16", "\"shape\": [\n    -16", ZAGG_EFORMAT, "shape"},
    {"\"shape\": [\n    16", "\"shape\": [\n    16, 16", ZAGG_EFORMAT, "chunk_shape"},
    {"\"shape\": [\n    16", "\"shape\": [\n    1, 1, 1, 1, 1", ZAGG_EUNSUPPORTED,
     "rank 5"},
    {"\"shape\": [\n    16\n  ]", "\"shape\": []", ZAGG_EFORMAT, "chunk_shape"},
    {"\"shape\": [\n    16\n  ]", "\"shape\": 16", ZAGG_EFORMAT, "shape"},
    {"        8\n", "        0\n", ZAGG_EFORMAT, "empty chunk"},
    {"        8\n", "        6\n", ZAGG_EFORMAT, "no multiple"},
    {"        8\n", "        4611686018427387904\n", ZAGG_EFORMAT, "larger than memory"},
    {"\"cells\"", "7", ZAGG_EFORMAT, "dimension_names"},
    {"\"attributes\": {}", "\"attributes\": [1]", ZAGG_EFORMAT, "attributes"},
    {"\"node_type\": \"array\"", "\"node_type\": \"group\"", ZAGG_EUNSUPPORTED,
     "19/count"},
    {"{", "", ZAGG_EFORMAT, "19/count"},
};

static char *replaced(const char *text, const edit *e)
{
    const char *at = strstr(text, e->from);
    if (at == NULL)
        fail_msg("'%s' is not in the document", e->from);
    zg_str out;
    zg_str_init(&out, 0);
    zg_str_addn(&out, text, (size_t)(at - text));
    zg_str_add(&out, e->to);
    zg_str_add(&out, at + strlen(e->from));
    return zg_str_take(&out);
}

static void documents_outside_our_formats(void **state)
{
    temp_store *s = *state;
    char *good = get_text(s, "19/count/zarr.json", NULL);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        zagg_zarr_reader *r = NULL;
        char *text = replaced(good, &edits[i]);
        put_text(s, "19/count/zarr.json", text);
        zagg_status status = zagg_zarr_open(s->sink, &r, &s->err);
        if (status != edits[i].status || r != NULL)
            fail_msg("'%s' gave %s (%s)", edits[i].to, zagg_status_name(status),
                     s->err.msg);
        assert_has_text(s->err.msg, edits[i].part);
        assert_has_text(s->err.msg, s->path);
        zg_free(text);
    }
    zg_free(good);
}

static void places_without_a_flat_store(void **state)
{
    temp_store *s = *state;
    zagg_zarr_reader *r = NULL;
    put_text(s, "20/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"array\"}");
    assert_int_equal(zagg_zarr_open(s->sink, &r, &s->err), ZAGG_EUNSUPPORTED);
    put_text(s, "zarr.json", "{\"zarr_format\": 2}");
    assert_int_equal(zagg_zarr_open(s->sink, &r, &s->err), ZAGG_EFORMAT);
    assert_int_equal(zagg_sink_delete(s->sink, "zarr.json", &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_open(s->sink, &r, &s->err), ZAGG_ENOTFOUND);
    assert_null(r);
    zagg_zarr_reader_free(NULL);
}

#define READ_TEST(f) cmocka_unit_test_setup_teardown(f, open_written, temp_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READ_TEST(written_store_reads_back),
        READ_TEST(callback_can_stop),
        READ_TEST(every_damaged_byte_of_an_index_is_noticed),
        READ_TEST(places_outside_a_shard_are_refused),
        READ_TEST(objects_of_wrong_size_or_name),
        READ_TEST(documents_outside_our_formats),
        READ_TEST(places_without_a_flat_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
