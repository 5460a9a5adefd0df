/* Written maps: what comes back, in every form; parts of maps. */
#include "cat/parquet.h"
#include "codec/codec.h"
#include "fixture.h"
#include "pq/pq.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

static const char MAP[] =
    "{\"metadata\": {\"source\": \"t\\u00e9st\", \"bbox\": [-1.5, 0, 1e16, 0.1]}, "
    "\"grid_signature\": {\"type\": \"healpix\", \"indexing_scheme\": \"nested\", "
    "\"parent_order\": 2, \"child_order\": 4, \"layout\": \"fullsphere\"}, "
    "\"shard_keys\": [1152921504606846978, 13835058055282163714], \"granules\": "
    "[[{\"id\": \"a\", \"s3\": null, \"https\": \"https://h/a.h5\", \"time_start\": "
    "\"2019-01-05T16:33:08+00:00\", \"time_end\": \"2019-01-05T16:41:38.500000+00:00\"}, "
    "{\"id\": \"b\", \"s3\": \"s3://b/b.h5\", \"https\": null, \"assets\": {\"l2a\": "
    "{\"id\": "
    "\"c\", \"s3\": null, \"https\": null}}}], [{\"id\": \"b\", \"s3\": \"s3://b/b.h5\", "
    "\"https\": null, \"assets\": {\"l2a\": {\"id\": \"c\", \"s3\": null, \"https\": "
    "null}}}]], \"aoi_mask\": [[1152921504606846979, 1152921504606846980], []]}";

static zagg_shardmap *parse(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    if (zagg_shardmap_parse(text, strlen(text), "map", &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return map;
}

static void path_in(const char *dir, const char *name, char out[1200])
{
    (void)snprintf(out, 1200, "%s/%s", dir, name);
}

/** Written, read again and written as JSON: the same text. */
static void forms(void **state)
{
    static const char *const NAMES[] = {"m.json", "m.json.gz"};
    char *dir = make_temp_dir(), path[1200];
    zagg_shardmap *map = parse(MAP);
    char *expected = map_text(map);
    (void)state;
    for (int form = 0; form < 2; form++) {
        zagg_shardmap *back = NULL;
        path_in(dir, NAMES[form], path);
        assert_int_equal(zagg_shardmap_write(map, (zagg_map_form)form, path, NULL),
                         ZAGG_OK);
        assert_int_equal(zagg_shardmap_load(path, &back, NULL), ZAGG_OK);
        char *text = map_text(back);
        assert_string_equal(text, expected);
        assert_ptr_equal(back->shards[0].granules[1], back->shards[1].granules[0]);
        zg_free(text);
        zagg_shardmap_free(back);
    }
    zg_free(expected);
    zagg_shardmap_free(map);
    remove_tree(dir);
    zg_free(dir);
}

/** Maps without shards, and without metadata and signature. */
static void empty(void **state)
{
    zagg_shardmap *map = parse("{\"metadata\": null, \"grid_signature\": null, "
                               "\"shard_keys\": [], \"granules\": []}");
    char *text = map_text(map);
    (void)state;
    assert_string_equal(text, "{\n  \"metadata\": {},\n  \"grid_signature\": null,\n  "
                              "\"shard_keys\": [],\n  \"granules\": []\n}");
    zg_free(text);
    zagg_shardmap_free(map);
    map = parse("{\"grid_signature\": {}, \"shard_keys\": [7], \"granules\": [[]]}");
    text = map_text(map);
    assert_non_null(strstr(text, "\"granules\": [\n    []\n  ]\n}"));
    zg_free(text);
    zagg_shardmap_free(map);
}

/** Compact maps that are not what they say. */
static void wrong_compact(void **state)
{
    static const struct {
        const char *text, *message;
    } CASES[] = {
        {"{\"format\": \"zagg-shardmap-compact/2\"}",
         "of the format zagg-shardmap-compact/1"},
        {"{\"format\": \"zagg-shardmap-compact/1\"}", "must hold the list shard_keys"},
        {"{\"format\": \"zagg-shardmap-compact/1\", \"shard_keys\": [1], "
         "\"shard_granules\": [], \"granules\": [], \"grid_signature\": {}}",
         "must be parallel"},
        {"{\"format\": \"zagg-shardmap-compact/1\", \"shard_keys\": [1], "
         "\"shard_granules\": [[0]], \"granules\": [], \"grid_signature\": {}}",
         "must be a number below 0"},
        {"{\"format\": \"zagg-shardmap-compact/1\", \"shard_keys\": [1], "
         "\"shard_granules\": [[-1]], \"granules\": [{\"id\": \"a\"}], "
         "\"grid_signature\": "
         "{}}",
         "must be a number below 1"},
        {"{\"format\": \"zagg-shardmap-compact/1\", \"shard_keys\": [1], "
         "\"shard_granules\": [3], \"granules\": [], \"grid_signature\": {}}",
         "must be a list (found int)"},
        {"{\"format\": \"zagg-shardmap-compact/1\", \"shard_keys\": [1], "
         "\"shard_granules\": [[0]], \"granules\": [7], \"grid_signature\": {}}",
         "a granule must be an object"},
        {"{\"format\": \"zagg-shardmap-compact/1\", \"shard_keys\": [], "
         "\"shard_granules\": [], \"granules\": []}",
         "grid_signature is missing"}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_shardmap *map = NULL;
        assert_int_equal(
            zagg_shardmap_parse(CASES[i].text, strlen(CASES[i].text), "map", &map, &err),
            ZAGG_ECONFIG);
        if (strstr(err.msg, CASES[i].message) == NULL)
            fail_msg("case %zu: %s", i, err.msg);
    }
}

/** gzip that ends early. */
static void cut_short(void **state)
{
    char *dir = make_temp_dir(), path[1200];
    zagg_shardmap *map = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    void *packed = NULL;
    size_t len = 0;
    (void)state;
    assert_int_equal(zg_gzip_pack(6, MAP, sizeof MAP - 1, &packed, &len, NULL), ZAGG_OK);
    path_in(dir, "cut.json.gz", path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(packed, 1, len - 9, file), len - 9);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(zagg_shardmap_load(path, &map, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "cut.json.gz"));
    zg_free(packed);
    remove_tree(dir);
    zg_free(dir);
}

/** Upstream's table: a row a shard, and what it has no column for in the footer. */
static void parquet(void **state)
{
    char *dir = make_temp_dir(), path[1200];
    zagg_shardmap *map = parse(MAP);
    zagg_err err = ZAGG_ERR_INIT;
    const zg_pq_ops *pq = NULL;
    zg_pq_reader *reader = NULL;
    zagg_arena *arena = NULL;
    const zagg_value *row = NULL;
    bool more = true;
    (void)state;
    path_in(dir, "m.parquet", path);
    assert_int_equal(zagg_shardmap_write(map, ZAGG_MAP_PARQUET, path, &err),
                     ZAGG_EUNSUPPORTED);
    zg_pq_install();
    if (zg_pq_get(&pq, path, NULL) == ZAGG_OK) {
        assert_int_equal(zagg_shardmap_write(map, ZAGG_MAP_PARQUET, path, &err), ZAGG_OK);
        assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
        assert_int_equal(pq->open(path, &reader, &err), ZAGG_OK);
        assert_int_equal(pq->n_rows(reader), 2);
        const char *meta = pq->metadata(reader, "zagg:shardmap_meta");
        assert_non_null(meta);
        assert_non_null(strstr(meta, "{\"metadata\": {\"source\": \"t\\u00e9st\", "));
        assert_non_null(strstr(meta, "\"grid_signature\": {\"type\": \"healpix\""));
        for (size_t i = 0; i < 2; i++) {
            uint64_t key = 0;
            assert_int_equal(pq->next(reader, arena, &row, &more, &err), ZAGG_OK);
            assert_true(more);
            assert_true(zagg_value_u64(zagg_value_get(row, "shard_keys"), &key));
            assert_true(key == map->shards[i].key);
        }
        assert_true(zagg_value_is(zagg_value_get(row, "aoi_mask"), "[]"));
        assert_true(zagg_value_is(zagg_value_get(row, "granules"),
                                  "[{\"id\": \"b\", \"s3\": \"s3://b/b.h5\", \"https\": "
                                  "null, \"assets\": {\"l2a\": "
                                  "{\"id\": \"c\", \"s3\": null, \"https\": null}}}]"));
        pq->close(reader);
        zagg_arena_free(arena);
    }
    zagg_shardmap_free(map);
    remove_tree(dir);
    zg_free(dir);
}

/** Where nothing can be written nothing is left. */
static void nowhere(void **state)
{
    char *dir = make_temp_dir(), path[1200];
    zagg_shardmap *map = parse(MAP);
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    path_in(dir, "", path);
    assert_int_equal(zagg_shardmap_write(map, ZAGG_MAP_JSON, path, &err), ZAGG_EARG);
    assert_int_equal(zagg_shardmap_write(map, ZAGG_MAP_JSON, "/dev/null/m.json", &err),
                     ZAGG_EIO);
    zagg_shardmap_free(map);
    remove_tree(dir);
    zg_free(dir);
}

/* ---- parts ---- */

static zagg_shardmap *part_of(const zagg_shardmap *map, zagg_map_part part)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *out = NULL;
    zagg_grid *grid = NULL;
    assert_int_equal(zagg_map_grid(map, ZAGG_LATITUDE_AUTHALIC, &grid, NULL), ZAGG_OK);
    if (zagg_map_subset(map, grid, &part, &out, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_grid_free(grid);
    return out;
}

static void parts(void **state)
{
    zagg_shardmap *map = parse(MAP);
    zagg_arena *arena = NULL;
    const uint64_t key = map->shards[1].key, other = 5;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zagg_shardmap *one = part_of(map, (zagg_map_part){.keys = &key, .n_keys = 1});
    assert_int_equal(one->n_shards, 1);
    assert_true(one->shards[0].key == key);
    assert_true(one->has_aoi_mask);
    zagg_shardmap_free(one);
    one = part_of(map, (zagg_map_part){.max_shards = 1});
    assert_int_equal(one->n_shards, 1);
    assert_int_equal(one->shards[0].n_aoi_mask, 2);
    zagg_shardmap_free(one);
    /* granules without a time stay */
    one = part_of(map, (zagg_map_part){.start = "2019-01-06"});
    assert_int_equal(one->n_shards, 2);
    assert_int_equal(one->shards[0].n_granules, 1);
    zagg_shardmap_free(one);
    one = part_of(map,
                  (zagg_map_part){.start = "2019-01-05T16:40:00Z", .end = "2019-01-05"});
    assert_int_equal(one->shards[0].n_granules, 2);
    zagg_shardmap_free(one);
    const zagg_shape far = box_shape(arena, 100, -50, 101, -49);
    one = part_of(map, (zagg_map_part){.region = &far});
    assert_int_equal(one->n_shards, 0);
    zagg_shardmap_free(one);
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_map_subset(map, NULL,
                                     &(zagg_map_part){.keys = &other, .n_keys = 1}, &one,
                                     &err),
                     ZAGG_ECONFIG);
    assert_int_equal(
        zagg_map_subset(map, NULL, &(zagg_map_part){.start = "soon"}, &one, &err),
        ZAGG_EFORMAT);
    zagg_shardmap_free(map);
    zagg_arena_free(arena);
}

/** What maps of other orders are made of: unions keep the order, latitude goes along. */
static void joined(void **state)
{
    zagg_shardmap *map = parse(MAP), *coarse = NULL;
    zagg_grid *grid = new_healpix(0, 4);
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    if (zagg_map_reproject(map, grid, NULL, NULL, &coarse, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(coarse->n_shards, 2);
    assert_int_equal(coarse->shards[0].n_granules, 2);
    assert_false(coarse->has_aoi_mask);
    assert_null(zagg_value_get(coarse->metadata, "granules_assigned"));
    zagg_shardmap_free(coarse);
    zagg_grid_free(grid);
    zagg_shardmap_free(map);
}

/** Rows that builders put beside entries are united, each once; what is not parallel
 * stays as the first shard has it. */
static void joined_rows(void **state)
{
    static const char TEXT[] =
        "{\"grid_signature\": {\"type\": \"healpix\", \"parent_order\": 2, "
        "\"child_order\": 4}, \"metadata\": {\"latitude\": \"authalic-wgs84\"}, "
        "\"shard_keys\": [1152921504606846978, 1224979098644774914, "
        "1297036692682702850], "
        "\"granules\": [[{\"id\": \"a\", \"s3\": \"s3://b/a\", \"paired\": [1, 2], "
        "\"off\": [10, 20], \"other\": [7]}], [{\"id\": \"a\", \"s3\": \"s3://b/a\", "
        "\"paired\": [2, 2, 3], \"off\": [20, 21, 30]}], [{\"id\": \"a\", \"s3\": "
        "\"s3://b/a\", \"paired\": [1], \"off\": [10]}]]}";
    zagg_shardmap *map = parse(TEXT), *coarse = NULL;
    zagg_grid *grid = new_healpix(0, 4);
    (void)state;
    assert_int_equal(zagg_map_reproject(map, grid, NULL, NULL, &coarse, NULL), ZAGG_OK);
    assert_int_equal(coarse->n_shards, 1);
    assert_int_equal(coarse->shards[0].n_granules, 1);
    assert_string_equal(
        coarse->shards[0].granules[0]->record,
        "{\"id\":\"a\",\"s3\":\"s3://b/a\",\"paired\":[1,2,2,3],\"off\":[10,"
        "20,21,30],\"other\":[7]}");
    zagg_shardmap_free(coarse);
    zagg_grid_free(grid);
    zagg_shardmap_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parquet),    cmocka_unit_test(forms),
        cmocka_unit_test(empty),      cmocka_unit_test(wrong_compact),
        cmocka_unit_test(cut_short),  cmocka_unit_test(nowhere),
        cmocka_unit_test(parts),      cmocka_unit_test(joined),
        cmocka_unit_test(joined_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
