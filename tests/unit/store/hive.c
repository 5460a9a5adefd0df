/* Hives that are damaged or hostile: one line that names the object, and never more of
 * the file system than the store. */
#include "store/verify.h"
#include "unit/store/fixture.h"

#include <stdio.h>
#include <string.h>

/* ---- opening ---- */

/* The message of opening, or "" where that goes well; *debris gets the first reason. */
static void open_store(const hive *h, char msg[1024], char debris[256])
{
    zagg_store *store = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    msg[0] = debris[0] = '\0';
    if (zagg_store_open(h->path, &store, &err) != ZAGG_OK) {
        (void)snprintf(msg, 1024, "%s", err.msg);
        return;
    }
    const zagg_store_group *g = zagg_store_get_group(store, 0);
    if (g->n_debris > 0)
        (void)snprintf(debris, 256, "%s: %s", g->debris[0].path, g->debris[0].why);
    zagg_store_close(store);
}

static void manifests(void **state)
{
    static const struct {
        const char *text, *says;
    } CASES[] = {
        {"{", "morton_hive.json: "},
        {"[]", "spec is neither"},
        {"{\"spec\":\"morton-hive/3\",\"cell_order\":6,\"shard_order\":4}",
         "spec is neither"},
        {"{\"spec\":\"morton-hive/1\",\"cell_order\":6}", "shard_order is no order"},
        {"{\"spec\":\"morton-hive/1\",\"cell_order\":30,\"shard_order\":4}",
         "cell_order is no order from 0 to 29"},
        {"{\"spec\":\"morton-hive/1\",\"cell_order\":3,\"shard_order\":4}",
         "cells of order 3 do not lie in shards of order 4"},
        {"{\"spec\":\"morton-hive/1\",\"cell_order\":-1,\"shard_order\":4}",
         "cell_order is no order"},
        {"{\"spec\":\"morton-hive/1\",\"cell_order\":6,\"shard_order\":4,"
         "\"path_grouping\":0}",
         "path_grouping is no number of digits"},
        {"{\"spec\":\"morton-hive/1\",\"cell_order\":7,\"shard_order\":4}",
         "7/zarr.json"},
    };
    hive h = hive_new();
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char msg[1024], debris[256];
        hive_put(&h, "morton_hive.json", CASES[i].text);
        open_store(&h, msg, debris);
        if (strstr(msg, CASES[i].says) == NULL || strchr(msg, '\n') != NULL)
            fail_msg("%s: '%s' does not say '%s'", CASES[i].text, msg, CASES[i].says);
    }
    hive_free(&h);
}

static void stamps(void **state)
{
    static const struct {
        const char *members, *says;
    } CASES[] = {
        {"\"current\":\"../../../..\"", "is not the name of a version"},
        {"\"current\":\"run-a/../../x\"", "is not the name of a version"},
        {"\"current\":\"run\"", "is not the name of a version"},
        {"\"current\":7", "is not the name of a version"},
        {"\"current\":\"run-1\\u0000x\"", "is not the name of a version"},
    };
    hive h = hive_new();
    char msg[1024], debris[256];
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        hive_stamp(&h, CASES[i].members);
        open_store(&h, msg, debris);
        assert_string_equal(msg, "");
        if (strstr(debris, CASES[i].says) == NULL)
            fail_msg("%s: '%s'", CASES[i].members, debris);
    }
    hive_put(&h, HIVE_LEAF "/zarr.json",
             "{\"attributes\":{},\"zarr_format\":3,\"node_type\":\"group\"}");
    open_store(&h, msg, debris);
    assert_string_equal(debris,
                        HIVE_LEAF ": unfinished: its zarr.json has no commit stamp");
    hive_put(&h, HIVE_LEAF "/zarr.json", "{");
    open_store(&h, msg, debris);
    assert_non_null(strstr(debris, HIVE_LEAF "/zarr.json"));
    hive_free(&h);
}

/* Leaves in folders that are not theirs, or with names that are no ids. */
static void places(void **state)
{
    static const char STAMPED[] =
        "{\"attributes\":{\"morton_hive_commit\":{}},\"zarr_format\":3,\"node_type\":"
        "\"group\"}";
    static const struct {
        const char *leaf, *says;
    } CASES[] = {
        {"1/1/2/1/4/11213.zarr", "its folder is not that of its id"},
        {"1/1/2/1/4/11215.zarr", "its name is no morton id of the shard order"},
        {"1/1/2/1/4/1121.zarr", "its name is no morton id of the shard order"},
        {"1/1/2/1/4/x.zarr", "its name is no morton id of the shard order"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        hive h = hive_new();
        char key[128], msg[1024], debris[256];
        (void)snprintf(key, sizeof key, "%s/zarr.json", CASES[i].leaf);
        hive_put(&h, key, STAMPED);
        open_store(&h, msg, debris);
        if (strstr(debris, CASES[i].says) == NULL)
            fail_msg("%s: '%s'", CASES[i].leaf, debris);
        hive_free(&h);
    }
}

static void paths(void **state)
{
    char path[ZG_STORE_MAX_PATH];
    (void)state;
    assert_true(zg_store_leaf_path("433142241", 3, NULL, path));
    assert_string_equal(path, "4/331/422/41/433142241.zarr");
    assert_true(zg_store_leaf_path("-31123", 1, NULL, path));
    assert_string_equal(path, "-3/1/1/2/3/-31123.zarr");
    assert_true(zg_store_leaf_path("-3", 1, "2019", path));
    assert_string_equal(path, "-3/-3_2019.zarr");
}

/* ---- values ---- */

static void values(void **state)
{
    hive h = hive_new();
    zagg_store *store = NULL;
    zagg_store_reader *reader = NULL;
    zagg_store_chunk chunk;
    zagg_err err = ZAGG_ERR_INIT;
    size_t at = 0;
    uint64_t cell = 0;
    (void)state;
    assert_int_equal(zagg_store_open(h.path, &store, &err), ZAGG_OK);
    assert_int_equal(zagg_store_reader_new(store, 0, NULL, &reader, &err), ZAGG_OK);
    assert_int_equal(zagg_store_reader_chunk(reader, 0, &chunk, &err), ZAGG_EARG);
    assert_int_equal(zagg_store_reader_shard(reader, 1, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_store_reader_shard(reader, 0, &err), ZAGG_OK);
    assert_int_equal(zagg_store_reader_chunk(reader, 4, &chunk, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_store_reader_chunk(reader, 3, &chunk, &err), ZAGG_OK);
    assert_int_equal(((const int32_t *)chunk.columns[0].data)[3], 300);
    assert_true(zagg_store_has_data(&chunk, 0, 3));
    assert_false(zagg_store_has_data(&chunk, 0, 2));
    assert_false(zagg_store_has_data(&chunk, 1, 3)); /* a coordinate */
    const uint64_t last = chunk.cell_ids[3];
    assert_int_equal(chunk.words[3], zagg_word_from_nested(last, 6));
    assert_int_equal(((const uint64_t *)chunk.columns[1].data)[3], chunk.words[3]);
    assert_int_equal(zagg_store_reader_chunk(reader, 2, &chunk, &err), ZAGG_OK);
    assert_false(chunk.columns[0].stored);
    assert_int_equal(((const int32_t *)chunk.columns[0].data)[0], 0);
    assert_int_equal(zagg_store_read_cell(reader, last, &chunk, &at, &err), ZAGG_OK);
    assert_int_equal(at, 3);
    assert_int_equal(zagg_store_read_cell(reader, last + 1, &chunk, &at, &err),
                     ZAGG_ENOTFOUND);
    assert_int_equal(zagg_store_read_cell(reader, UINT64_MAX, &chunk, &at, &err),
                     ZAGG_ERANGE);
    assert_int_equal(
        zagg_store_locate(&zagg_store_get_group(store, 0)->grid, 91, 0, &cell, &err),
        ZAGG_ERANGE);
    zagg_store_reader_free(reader);
    zagg_store_close(store);
    hive_free(&h);
}

/* ---- verifying ---- */

static zagg_status see(void *user, const zagg_finding *f, zagg_err *err)
{
    char *first = user;
    (void)err;
    if (f->kind == ZAGG_FINDING_PROBLEM && first[0] == '\0')
        (void)snprintf(first, 512, "%s: %s", f->path, f->reason);
    return ZAGG_OK;
}

static void verify(const hive *h, char first[512])
{
    zagg_store_verdict verdict;
    zagg_err err = ZAGG_ERR_INIT;
    first[0] = '\0';
    if (zagg_store_verify(h->sink, "h", NULL, see, first, &verdict, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

/* Each object is put into a sound hive, and one problem named. */
static void problems(void **state)
{
    static const struct {
        const char *key, *text, *says;
    } CASES[] = {
        {"coverage.moc",
         "{\"spec\":\"morton-moc/"
         "1\",\"encoding\":\"ranges\",\"order\":4,\"ranges\":[[\"11213"
         "\",\"11214\"]]}",
         "coverage.moc: its ranges name 2 shards, but 1 have a leaf"},
        {"coverage.moc",
         "{\"spec\":\"morton-moc/1\",\"encoding\":\"ranges\",\"order\":4,\"ranges\":[]}",
         "coverage.moc: its ranges lack shard 11213, which has a leaf"},
        {"coverage.moc",
         "{\"spec\":\"morton-moc/"
         "1\",\"encoding\":\"ranges\",\"order\":4,\"ranges\":[[\"11214"
         "\",\"11213\"]]}",
         "coverage.moc: its ranges are no ascending runs of shards"},
        {"1/1/2/1/3/granules.json",
         "{\"spec\":\"zagg-granule-ids/1\",\"granule_ids\":[\"a\"],\"granules_sha256\":"
         "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48b0\"}",
         "granules_sha256 is not that of granule_ids"},
        {"1/1/2/1/3/granules.json",
         "{\"spec\":\"zagg-granule-ids/1\",\"granule_ids\":[\"a\",\"b\"]}",
         "1/1/2/1/3/granules.json: granules_sha256 is not"},
        {"1/1/2/1/3/stats.json", "{\"shard_key\":7}",
         "1/1/2/1/3/stats.json: shard_key is not that of the leaf"},
        {"1/1/2/1/3/shardmap.json", "{\"shard_keys\":[7]}",
         "1/1/2/1/3/shardmap.json: shard_keys lacks the shard of the leaf"},
        {"1/1/2/1/3/moc.rollup.json", "{", "1/1/2/1/3/moc.rollup.json: "},
        {"1/note", "x", "1/note: unexpected"},
        {HIVE_LEAF "/6/count/c/1", "x", HIVE_LEAF "/6/count/c/1: unexpected"},
        {"aggregation.yaml", "a: [", "aggregation.yaml: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        hive h = hive_new();
        char first[512];
        verify(&h, first);
        assert_string_equal(first, "");
        hive_put(&h, CASES[i].key, CASES[i].text);
        verify(&h, first);
        if (strstr(first, CASES[i].says) == NULL)
            fail_msg("%s: '%s' does not say '%s'", CASES[i].key, first, CASES[i].says);
        hive_free(&h);
    }
}

static void wrong_stamps(void **state)
{
    static const struct {
        const char *members, *says;
    } CASES[] = {
        {"\"spec\":\"x\"", "spec is neither"},
        {"\"spec\":\"morton-hive/1\",\"complete\":false", "complete is not true"},
        {"\"spec\":\"morton-hive/1\",\"complete\":true", "cells_with_data is no number"},
        {"\"spec\":\"morton-hive/1\",\"complete\":true,\"cells_with_data\":3,"
         "\"granule_count\":1,\"written_at\":\"x\"",
         "cells_with_data is less than the cells that hold data"},
    };
    static const char *const MORE[][2] = {
        {"\"coverage\":{\"encoding\":\"bitmap\"}", "coverage.moc is missing"},
        {"\"coverage\":{\"encoding\":\"bitmap\",\"sidecar\":\"../../x\"}",
         "coverage.sidecar is no file name"},
        {"\"coverage\":{\"encoding\":\"none\"}", "neither bitmap nor full"},
        {"\"coverage\":{\"spec\":\"morton-moc/1\",\"encoding\":\"full\",\"cell_order\":6,"
         "\"box\":[\"11213\",null,null,null]}",
         "cells_with_data is not the number of cells in the coverage"},
        {"\"content_hashes\":{}", "content_hashes has no map of arrays"},
        {"\"content_hashes\":{\"arrays\":{\"6/nope\":\"x\"}}",
         "content_hashes names 6/nope, which is no array of the leaf"},
        {"\"content_hashes\":{\"arrays\":{\"6/count\":\"x\",\"6/morton\":\"y\"}}",
         "the content of 6/count is not that of its recorded hash"},
    };
    hive h = hive_new();
    char first[512], members[512];
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        hive_stamp(&h, CASES[i].members);
        verify(&h, first);
        if (strstr(first, CASES[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", first, CASES[i].says);
    }
    for (size_t i = 0; i < sizeof MORE / sizeof MORE[0]; i++) {
        (void)snprintf(members, sizeof members, "%s,%s", HIVE_STAMP, MORE[i][0]);
        hive_stamp(&h, members);
        verify(&h, first);
        if (strstr(first, MORE[i][1]) == NULL)
            fail_msg("'%s' does not say '%s'", first, MORE[i][1]);
    }
    hive_free(&h);
}

/* ---- coverage ---- */

static void boxes(void **state)
{
    static const struct {
        uint8_t bits[2];
        const char *box[4];
    } CASES[] = {
        {{0xa4, 0x01}, {"112131", "1121322", "1121344", NULL}}, /* of the specification */
        {{0xff, 0xff}, {"11213", NULL}},
        {{0xf0, 0x00}, {"112131", NULL}},
        {{0x00, 0x01}, {"1121344", NULL}},
        {{0xc0, 0x00}, {"1121311", "1121312", NULL}},
        {{0x88, 0x88}, {"1121311", "1121321", "1121331", "1121341"}},
        {{0x00, 0x00}, {NULL}},
    };
    uint64_t shard = 0;
    (void)state;
    assert_int_equal(zagg_word_parse_decimal("11213", 5, &shard, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t box[4] = {0};
        const size_t n =
            zg_coverage_box(CASES[i].bits, zagg_word_nested(shard), 4, 6, box);
        for (size_t k = 0; k < 4 && CASES[i].box[k] != NULL; k++) {
            char id[33];
            assert_true(k < n);
            assert_int_equal(zagg_word_decimal(box[k], id, NULL), ZAGG_OK);
            assert_string_equal(id, CASES[i].box[k]);
        }
        assert_true(n == 4 || CASES[i].box[n] == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests),    cmocka_unit_test(stamps),
        cmocka_unit_test(places),       cmocka_unit_test(paths),
        cmocka_unit_test(values),       cmocka_unit_test(problems),
        cmocka_unit_test(wrong_stamps), cmocka_unit_test(boxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
