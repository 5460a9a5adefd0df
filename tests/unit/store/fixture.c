/* The hive that the tests of the store module start from. */
#include "unit/store/fixture.h"

#include <stdio.h>
#include <string.h>

const char HIVE_STAMP[] =
    "\"spec\":\"morton-hive/1\",\"complete\":true,\"cells_with_data\":4,"
    "\"granule_count\":1,\"written_at\":\"2026-11-26T00:00:00+00:00\"";

static const char MANIFEST[] =
    "{\"spec\":\"morton-hive/1\",\"dataset\":{\"short_name\":\"T\",\"version\":\"1\"},"
    "\"cell_order\":6,\"shard_order\":4}";

static const char GROUP[] =
    "{\"zarr_conventions\":[{\"uuid\":\"7b255807-140c-42ca-97f6-7a1cfecdbc38\"},"
    "{\"uuid\":\"3e22156d-ea9e-4e01-95fe-e3809a4b41e7\"}],\"dggs\":{\"name\":\"morton\","
    "\"refinement_level\":6,\"spatial_dimension\":\"cells\",\"ellipsoid\":{\"name\":"
    "\"WGS84\",\"semi_major_axis\":6378137.0,\"inverse_flattening\":298.257223563},"
    "\"compression\":\"none\",\"latitude\":\"authalic-wgs84\",\"coordinate\":"
    "\"morton\"}}";

static void write_array(zagg_sink *leaf, const zagg_zarr_array *a, const void *elements)
{
    static const uint64_t FIRST[ZAGG_ZARR_MAX_RANK] = {0};
    zagg_zarr_shard *shard = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_zarr_shard_new(a, &shard, &err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_begin(shard, leaf, "6", FIRST, &err), ZAGG_OK);
    for (uint64_t b = 0; b < 4; b++) {
        const uint64_t at[ZAGG_ZARR_MAX_RANK] = {b};
        const char *chunk = elements;
        assert_int_equal(zagg_zarr_shard_add(
                             shard, at, chunk + b * 4 * zagg_dtype_size(a->dtype), &err),
                         ZAGG_OK);
    }
    assert_int_equal(zagg_zarr_shard_end(shard, &err), ZAGG_OK);
    zagg_zarr_shard_free(shard);
}

void hive_put(const hive *h, const char *key, const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_sink_put(h->sink, key, text, strlen(text), &err), ZAGG_OK);
}

void hive_stamp(const hive *h, const char *members)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"attributes\":{\"morton_hive_commit\":{%s}},\"zarr_format\":3,"
                   "\"node_type\":\"group\"}",
                   members);
    hive_put(h, HIVE_LEAF "/zarr.json", text);
}

hive hive_new(void)
{
    hive h = {.dir = make_temp_dir()};
    char path[sizeof h.path + 64];
    zagg_sink *leaf = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t word = 0, words[16];
    const int32_t counts[16] = {[0] = 40, [2] = 1, [5] = 5, [15] = 300};
    const zagg_zarr_array arrays[2] = {{.name = "count",
                                        .dtype = ZAGG_DT_I32,
                                        .rank = 1,
                                        .shape = {16},
                                        .chunk = {4},
                                        .sharded = true,
                                        .shard = {16},
                                        .dim_names = {"cells"}},
                                       {.name = "morton",
                                        .dtype = ZAGG_DT_U64,
                                        .rank = 1,
                                        .shape = {16},
                                        .chunk = {4},
                                        .sharded = true,
                                        .shard = {16},
                                        .dim_names = {"cells"}}};
    const zagg_zarr_template t = {"6", GROUP, arrays, 2};
    assert_int_equal(zagg_word_parse_decimal("11213", 5, &word, &err), ZAGG_OK);
    for (uint64_t i = 0; i < 16; i++)
        words[i] = zagg_word_from_nested(zagg_word_nested(word) * 16 + i, 6);
    (void)snprintf(h.path, sizeof h.path, "%s/h", h.dir);
    (void)snprintf(path, sizeof path, "%s/" HIVE_LEAF, h.path);
    assert_int_equal(zagg_sink_open_dir(h.path, &h.sink, &err), ZAGG_OK);
    assert_int_equal(zagg_sink_open_dir(path, &leaf, &err), ZAGG_OK);
    assert_int_equal(zagg_zarr_create(leaf, &t, false, &err), ZAGG_OK);
    write_array(leaf, &arrays[0], counts);
    write_array(leaf, &arrays[1], words);
    zagg_sink_close(leaf);
    hive_put(&h, "morton_hive.json", MANIFEST);
    hive_stamp(&h, HIVE_STAMP);
    return h;
}

void hive_free(hive *h)
{
    zagg_sink_close(h->sink);
    remove_tree(h->dir);
    zg_free(h->dir);
}
