/* Single chunks in any order: the same elements as the reader gives them, fill where
 * nothing is stored, one request for all chunks of a shard, and refusals of what is
 * damaged. */
#include "support/support.h"
#include "zagg/zarr.h"

#include <string.h>

static const zagg_zarr_array SHARDED = {.name = "a",
                                        .dtype = ZAGG_DT_I16,
                                        .rank = 2,
                                        .shape = {8, 6},
                                        .chunk = {2, 3},
                                        .sharded = true,
                                        .shard = {4, 6},
                                        .fill = {0xff, 0xff}};

static zagg_sink *new_store(char **dir)
{
    zagg_sink *sink = NULL;
    *dir = make_temp_dir();
    assert_int_equal(zagg_sink_open_dir(*dir, &sink, NULL), ZAGG_OK);
    return sink;
}

static void free_store(zagg_sink *sink, char *dir)
{
    zagg_sink_close(sink);
    remove_tree(dir);
    zg_free(dir);
}

/* Elements of the chunk at (y, x) are 100 y + 10 x + their place; (1, 1) is absent. */
static void write_shard(zagg_sink *sink)
{
    static const uint64_t FIRST[ZAGG_ZARR_MAX_RANK] = {0};
    zagg_zarr_shard *shard = NULL;
    assert_int_equal(zagg_zarr_shard_new(&SHARDED, &shard, NULL), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_begin(shard, sink, "g", FIRST, NULL), ZAGG_OK);
    for (uint64_t y = 0; y < 2; y++)
        for (uint64_t x = 0; x < 2; x++) {
            const uint64_t at[ZAGG_ZARR_MAX_RANK] = {y, x};
            int16_t elements[6];
            for (int i = 0; i < 6; i++)
                elements[i] = (int16_t)(y && x ? -1 : 100 * (int)y + 10 * (int)x + i);
            assert_int_equal(zagg_zarr_shard_add(shard, at, elements, NULL), ZAGG_OK);
        }
    assert_int_equal(zagg_zarr_shard_end(shard, NULL), ZAGG_OK);
    zagg_zarr_shard_free(shard);
}

static void shards(void **state)
{
    char *dir;
    zagg_sink *sink = new_store(&dir);
    zagg_zarr_cursor *c = NULL;
    zagg_zarr_chunk chunk;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    write_shard(sink);
    assert_int_equal(zagg_zarr_cursor_new(sink, "g", &SHARDED, &c, &err), ZAGG_OK);
    const uint64_t before = zagg_sink_stats(sink).calls;
    for (uint64_t k = 4; k-- > 0;) {
        const uint64_t at[ZAGG_ZARR_MAX_RANK] = {k / 2, k % 2};
        assert_int_equal(zagg_zarr_cursor_read(c, at, &chunk, &err), ZAGG_OK);
        assert_int_equal(chunk.n, 6);
        assert_true(chunk.stored == (k != 3));
        for (int i = 0; i < 6; i++)
            assert_int_equal(((const int16_t *)chunk.elements)[i],
                             k == 3 ? -1 : 100 * (int)(k / 2) + 10 * (int)(k % 2) + i);
    }
    assert_int_equal(zagg_sink_stats(sink).calls, before + 1);
    const uint64_t other[ZAGG_ZARR_MAX_RANK] = {2, 0},
                   outside[ZAGG_ZARR_MAX_RANK] = {4, 0};
    assert_int_equal(zagg_zarr_cursor_read(c, other, &chunk, &err), ZAGG_OK);
    assert_false(chunk.stored);
    assert_int_equal(zagg_zarr_cursor_read(c, outside, &chunk, &err), ZAGG_ERANGE);
    zagg_zarr_cursor_free(c);
    free_store(sink, dir);
}

/* Of variable length: absent chunks are empty elements. */
static void views(void **state)
{
    const zagg_zarr_array a = {.name = "v",
                               .kind = ZAGG_ZARR_VLEN,
                               .rank = 1,
                               .shape = {4},
                               .chunk = {2},
                               .zstd = true,
                               .zstd_level = 3};
    const zagg_bytes_view items[2] = {{"abc", 3}, {NULL, 0}};
    const uint64_t at[2][ZAGG_ZARR_MAX_RANK] = {{0}, {1}};
    char *dir;
    zagg_sink *sink = new_store(&dir);
    zagg_zarr_cursor *c = NULL;
    zagg_zarr_chunk chunk;
    (void)state;
    assert_int_equal(zagg_zarr_write_chunk(sink, "", &a, at[0], items, NULL), ZAGG_OK);
    assert_int_equal(zagg_zarr_cursor_new(sink, "", &a, &c, NULL), ZAGG_OK);
    assert_int_equal(zagg_zarr_cursor_read(c, at[1], &chunk, NULL), ZAGG_OK);
    assert_false(chunk.stored);
    assert_int_equal(((const zagg_bytes_view *)chunk.elements)[1].len, 0);
    assert_int_equal(zagg_zarr_cursor_read(c, at[0], &chunk, NULL), ZAGG_OK);
    const zagg_bytes_view *read = chunk.elements;
    assert_true(chunk.stored && read[0].len == 3 && read[1].len == 0);
    assert_memory_equal(read[0].data, "abc", 3);
    zagg_zarr_cursor_free(c);
    free_store(sink, dir);
}

/* Each byte of a shard turned: an error that names the object, or other elements. */
static void damage(void **state)
{
    static const uint64_t FIRST[ZAGG_ZARR_MAX_RANK] = {0};
    char *dir;
    zagg_sink *sink = new_store(&dir);
    void *data = NULL;
    size_t len = 0, refused = 0;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    write_shard(sink);
    assert_int_equal(zagg_sink_get(sink, "g/a/c/0/0", 4096, &data, &len, &err), ZAGG_OK);
    for (size_t i = 0; i < len; i++) {
        zagg_zarr_cursor *c = NULL;
        zagg_zarr_chunk chunk;
        ((unsigned char *)data)[i] ^= 0x10;
        assert_int_equal(zagg_sink_put(sink, "g/a/c/0/0", data, len, &err), ZAGG_OK);
        assert_int_equal(zagg_zarr_cursor_new(sink, "g", &SHARDED, &c, &err), ZAGG_OK);
        const zagg_status status = zagg_zarr_cursor_read(c, FIRST, &chunk, &err);
        if (status != ZAGG_OK) {
            assert_int_equal(status, ZAGG_EFORMAT);
            assert_non_null(strstr(err.msg, "g/a/c/0/0"));
            refused++;
        }
        zagg_zarr_cursor_free(c);
        ((unsigned char *)data)[i] ^= 0x10;
    }
    assert_int_equal(refused, 4 * 16 + 4); /* the index and its checksum */
    assert_int_equal(zagg_sink_put(sink, "g/a/c/0/0", data, 3, &err), ZAGG_OK);
    zagg_zarr_cursor *c = NULL;
    zagg_zarr_chunk chunk;
    assert_int_equal(zagg_zarr_cursor_new(sink, "g", &SHARDED, &c, &err), ZAGG_OK);
    assert_int_equal(zagg_zarr_cursor_read(c, FIRST, &chunk, &err), ZAGG_EFORMAT);
    zagg_zarr_cursor_free(c);
    zagg_bytes_free(data);
    free_store(sink, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards),
        cmocka_unit_test(views),
        cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
