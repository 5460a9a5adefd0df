/* Leaves of a hive: what is written in which order, what a second run takes away, what
 * its manifest refuses, and how the coverage at the root grows. Values and bytes are held
 * to upstream's stores in tests/golden/run_stores.c. */
#include "io/sink.h"
#include "support/support.h"
#include "zagg/core.h"

#include <stdio.h>
#include <string.h>

#define CONFIG(output, grid)                                                             \
    "data_source:\n"                                                                     \
    "  groups: [gt1l]\n"                                                                 \
    "  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}\n"         \
    "  variables: {h: \"/{group}/h\"}\n"                                                 \
    "aggregation:\n"                                                                     \
    "  coordinates: {extra: {dtype: int16, fill_value: 7}}\n"                            \
    "  variables:\n"                                                                     \
    "    number: {function: min, source: h}\n"                                           \
    "    rows: {kind: ragged, inner_shape: 1, expression: h, dtype: int32}\n"            \
    "    one: {expression: h, resolution: chunk}\n"                                      \
    "output:\n" output "  grid: {type: healpix, " grid "}\n"
#define GRID "parent_order: 2, chunk_inner: 3, child_order: 4"
#define LEAF "-3/1/4/-314.zarr/"

enum { MAX_LOG = 64, LINE = 128, CELLS = 4, CHUNKS = 4 };

/* ---- a sink that writes down what it is asked for ---- */

typedef struct diary {
    zagg_sink *inner;
    char lines[MAX_LOG][LINE];
    size_t n;
} diary;

static diary the_diary;

static void note(const char *what, const char *key)
{
    diary *d = &the_diary;
    assert_true(d->n < MAX_LOG);
    (void)snprintf(d->lines[d->n++], LINE, "%s %s", what, key);
}

static zagg_status d_put(void *self, const char *key, const void *data, size_t len,
                         zagg_err *err)
{
    note("put", key);
    return zagg_sink_put(((diary *)self)->inner, key, data, len, err);
}

static zagg_status d_get(void *self, const char *key, size_t max, void **out, size_t *len,
                         zagg_err *err)
{
    return zagg_sink_get(((diary *)self)->inner, key, max, out, len, err);
}

static zagg_status d_list(void *self, const char *prefix, zagg_sink_list_fn fn,
                          void *user, zagg_err *err)
{
    return zagg_sink_list(((diary *)self)->inner, prefix, fn, user, err);
}

static zagg_status d_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                              void *user, zagg_err *err)
{
    return zagg_sink_list_dir(((diary *)self)->inner, prefix, fn, user, err);
}

static zagg_status d_remove(void *self, const char *key, zagg_err *err)
{
    note("remove", key);
    return zagg_sink_delete(((diary *)self)->inner, key, err);
}

static zagg_status d_remove_prefix(void *self, const char *prefix, zagg_err *err)
{
    note("clear", prefix);
    return zagg_sink_delete_prefix(((diary *)self)->inner, prefix, err);
}

static void d_close(void *self)
{
    zagg_sink_close(((diary *)self)->inner);
}

static const zg_sink_vtable DIARY = {.put = d_put,
                                     .get = d_get,
                                     .list = d_list,
                                     .list_dir = d_list_dir,
                                     .remove = d_remove,
                                     .remove_prefix = d_remove_prefix,
                                     .close = d_close};

/* ---- one store ---- */

typedef struct hive {
    char *path;
    zagg_sink *store;
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_store_plan *plan;
    zagg_store_writer *writer;
    zagg_shard shard;
    zagg_err err;
} hive;

static void ok(hive *h, zagg_status status)
{
    if (status != ZAGG_OK)
        fail_msg("%s", h->err.msg);
}

static void plan_with(hive *h, const char *config)
{
    uint64_t key = 0;
    ok(h, zagg_pipeline_parse(config, strlen(config), "t.yaml", NULL, &h->pipeline,
                              &h->err));
    ok(h, zagg_pipeline_check_runnable(h->pipeline, &h->err));
    ok(h,
       zagg_grid_from_pipeline(h->pipeline, ZAGG_LATITUDE_AUTHALIC, &h->grid, &h->err));
    ok(h, zagg_word_parse_decimal("-314", 4, &key, &h->err));
    ok(h, zagg_grid_shard(h->grid, key, &h->shard, &h->err));
    ok(h, zagg_store_plan_new(h->pipeline, h->grid, &h->plan, &h->err));
}

static void open_hive(hive *h, const char *config)
{
    *h = (hive){.path = make_temp_dir()};
    the_diary = (diary){NULL};
    ok(h, zagg_sink_open_dir(h->path, &the_diary.inner, &h->err));
    ok(h, zg_sink_new(&DIARY, &the_diary, h->path, &h->store, &h->err));
    plan_with(h, config);
    ok(h, zagg_store_writer_new(h->plan, h->store, &h->writer, &h->err));
}

static void drop_plan(hive *h)
{
    zagg_store_plan_free(h->plan);
    zagg_grid_free(h->grid);
    zagg_pipeline_free(h->pipeline);
}

static void close_hive(hive *h)
{
    zagg_store_writer_free(h->writer);
    drop_plan(h);
    zagg_sink_close(h->store);
    remove_tree(h->path);
    zg_free(h->path);
}

/* Chunk 1 is empty; of the others the cells from `chunk` on hold something. */
static zagg_status put_chunk(hive *h, uint64_t chunk, bool told)
{
    float number[CELLS], one[CELLS];
    int32_t rows[CELLS];
    uint64_t offsets[CELLS + 1] = {0}, words[CELLS];
    unsigned char occupied[CELLS];
    const float nan = __builtin_nanf("");
    for (size_t i = 0; i < CELLS; i++) {
        occupied[i] = chunk != 1 && i >= chunk;
        number[i] = occupied[i] ? (float)chunk + (float)i / 4 : nan;
        one[i] = occupied[i] ? (float)chunk : nan;
        if (occupied[i])
            rows[offsets[i]] = (int32_t)(chunk * 10 + i);
        offsets[i + 1] = offsets[i] + occupied[i];
        words[i] = zagg_word_from_nested(h->shard.first_cell + chunk * CELLS + i, 4);
    }
    const zagg_carrier_column columns[] = {
        {"number", ZAGG_FIELD_SCALAR, ZAGG_DT_F32, 1, number, NULL},
        {"rows", ZAGG_FIELD_RAGGED, ZAGG_DT_I32, 1, rows, offsets},
        {"one", ZAGG_FIELD_SCALAR, ZAGG_DT_F32, 1, one, NULL},
        {"morton", ZAGG_FIELD_SCALAR, ZAGG_DT_U64, 1, words, NULL}};
    zagg_carrier carrier = {.chunk = chunk,
                            .n_cells = CELLS,
                            .n_columns = 4,
                            .columns = columns,
                            .occupied = told ? occupied : NULL};
    zagg_grid_chunk_index(h->grid, &h->shard, chunk, carrier.chunk_index);
    return zagg_store_writer_carrier(h->writer, &h->shard, &carrier, &h->err);
}

static const zagg_shard_result RESULT = {.granule_count = 2, .total_obs = 10};

static zagg_status finish(hive *h)
{
    static const char *const HREFS[] = {"s3://b/z.h5", "/d/a.h5"};
    static const zagg_granule Z = {"z", "s3://b/z.h5", NULL,
                                   "{\"id\":\"z\",\"n\":[1.5,null]}"};
    static const zagg_granule A = {"a.h5", "/d/a.h5", "/d/a.h5", NULL};
    const zagg_granule *const granules[] = {&Z, &A};
    const zagg_shard_entry entry = {
        .key = h->shard.key, .granules = granules, .n_granules = 2};
    const zagg_shardmap map = {.name = "m", .shards = &entry, .n_shards = 1};
    const zagg_store_origin origin = {&map, &entry, HREFS, 2, &RESULT, "run"};
    zagg_store_writer_set_origin(h->writer, &origin);
    return zagg_store_writer_finish(h->writer, &h->shard, &h->err);
}

static void write_leaf(hive *h)
{
    for (uint64_t chunk = 0; chunk < CHUNKS; chunk++)
        ok(h, put_chunk(h, chunk, true));
    ok(h, finish(h));
}

static char *text_of(hive *h, const char *key)
{
    void *data = NULL;
    size_t len = 0;
    ok(h, zagg_sink_get(h->store, key, 1 << 20, &data, &len, &h->err));
    char *text = zg_strndup(data, len);
    zagg_bytes_free(data);
    assert_non_null(text);
    return text;
}

static void must_hold(hive *h, const char *key, const char *part)
{
    char *text = text_of(h, key);
    if (strstr(text, part) == NULL)
        fail_msg("%s lacks %s: %s", key, part, text);
    zg_free(text);
}

static bool is_there(hive *h, const char *key)
{
    void *data = NULL;
    size_t len = 0;
    const zagg_status status =
        zagg_sink_get(h->store, key, 1 << 20, &data, &len, &h->err);
    if (status == ZAGG_OK)
        zagg_bytes_free(data);
    return status == ZAGG_OK;
}

/* Place of a line in the diary from `from` on. */
static size_t place(const char *line, size_t from)
{
    for (size_t i = from; i < the_diary.n; i++)
        if (strcmp(the_diary.lines[i], line) == 0)
            return i;
    fail_msg("the store was not asked to: %s", line);
    return 0;
}

/* ---- leaves ---- */

static void test_leaf(void **state)
{
    (void)state;
    hive h;
    open_hive(&h, CONFIG("", GRID));
    write_leaf(&h);
    const size_t stamp = place("put " LEAF "zarr.json", 0);
    for (size_t i = 0; i < the_diary.n; i++)
        if (strstr(the_diary.lines[i], LEAF) != NULL)
            assert_true(i <= stamp); /* nothing of the leaf comes after it */
    assert_true(place("put -3/1/4/granules.json", 0) > stamp);
    must_hold(&h, LEAF "zarr.json", "\"cells_with_data\": 7");
    must_hold(&h, LEAF "zarr.json", "\"granule_count\": 2");
    must_hold(&h, LEAF "4/number/zarr.json", "\"shape\": [\n    16\n  ]");
    must_hold(&h, LEAF "4/one/zarr.json", "\"shape\": [\n    4\n  ]");
    assert_false(is_there(&h, LEAF "4/one/c/1"));
    assert_true(is_there(&h, LEAF "4/one/c/2"));
    must_hold(&h, "-3/1/4/granules.json", "[\"a.h5\", \"z.h5\"]");
    must_hold(&h, "-3/1/4/stats.json", "\"n_obs\": 10");
    must_hold(&h, "-3/1/4/stats.json", "\"run_id\": \"run\"");
    must_hold(&h, "-3/1/4/shardmap.json",
              "{\n    \"id\": \"z\",\n    \"n\": [\n     1.5,\n     null\n    ]\n   }");
    must_hold(&h, "-3/1/4/shardmap.json", "\"latitude\": \"authalic-wgs84\"");
    close_hive(&h);
}

/* Bits of cells, first cell first: chunk 0 all, 1 none, 2 its last two, 3 its last. */
static void test_bitmap(void **state)
{
    (void)state;
    hive h;
    void *data = NULL;
    size_t len = 0;
    open_hive(&h, CONFIG("", GRID));
    write_leaf(&h);
    ok(&h, zagg_sink_get(h.store, LEAF "coverage.moc", 100, &data, &len, &h.err));
    static const unsigned char FRAME[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 2,
                                          0x11, 0,    0,    0xf0, 0x31};
    assert_int_equal(len, sizeof FRAME);
    assert_memory_equal(data, FRAME, len);
    zagg_bytes_free(data);
    /* the whole of chunk 0, then what holds the rest of chunks 2 and 3 */
    must_hold(&h, LEAF "zarr.json",
              "\"box\": [\n          \"-3141\",\n          \"-3143\",\n          "
              "\"-31444\",\n          null\n");
    close_hive(&h);
}

/* Everything that an earlier leaf left goes before anything comes, its stamp first. */
static void test_rewriting(void **state)
{
    (void)state;
    hive h;
    open_hive(&h, CONFIG("", GRID));
    write_leaf(&h);
    ok(&h, zagg_sink_put(h.store, LEAF "4/retired/c/0", "x", 1, &h.err));
    const size_t begin = the_diary.n;
    ok(&h, put_chunk(&h, 0, true));
    assert_false(is_there(&h, LEAF "zarr.json"));
    assert_false(is_there(&h, LEAF "4/retired/c/0"));
    assert_false(is_there(&h, LEAF "coverage.moc"));
    assert_false(is_there(&h, "-3/1/4/stats.json"));
    assert_true(is_there(&h, LEAF "4/number/zarr.json"));
    assert_int_equal(place("remove " LEAF "zarr.json", begin), begin);
    assert_int_equal(place("clear " LEAF, begin), begin + 1);
    for (uint64_t chunk = 1; chunk < CHUNKS; chunk++)
        ok(&h, put_chunk(&h, chunk, true));
    ok(&h, finish(&h));
    assert_true(is_there(&h, LEAF "zarr.json"));
    close_hive(&h);
}

static void test_versioned_leaf(void **state)
{
    (void)state;
    static const char STAMP[] =
        "{\"attributes\": {\"morton_hive_commit\": {\"complete\": "
        "true, \"current\": \"run-1\"}}}";
    hive h;
    open_hive(&h, CONFIG("", GRID));
    ok(&h, zagg_sink_put(h.store, LEAF "zarr.json", STAMP, strlen(STAMP), &h.err));
    assert_int_equal(put_chunk(&h, 0, true), ZAGG_EEXISTS);
    assert_non_null(strstr(h.err.msg, "-3/1/4/-314.zarr is a versioned leaf"));
    assert_true(is_there(&h, LEAF "zarr.json"));
    /* what is no stamp is in nobody's way */
    ok(&h, zagg_sink_put(h.store, LEAF "zarr.json", "{", 1, &h.err));
    write_leaf(&h);
    close_hive(&h);
}

static void test_misuse(void **state)
{
    (void)state;
    hive h;
    open_hive(&h, CONFIG("", GRID));
    assert_int_equal(put_chunk(&h, 0, false), ZAGG_EARG);
    assert_non_null(strstr(h.err.msg, "which cells hold rows"));
    assert_int_equal(put_chunk(&h, 1, true), ZAGG_EARG);
    assert_non_null(strstr(h.err.msg, "chunk 1 came where 0 was due"));
    ok(&h, put_chunk(&h, 0, true));
    assert_int_equal(zagg_store_writer_finish(h.writer, &h.shard, &h.err), ZAGG_EARG);
    assert_non_null(strstr(h.err.msg, "zagg_store_writer_set_origin"));
    assert_int_equal(finish(&h), ZAGG_EARG);
    assert_non_null(strstr(h.err.msg, "1 of 4 chunks came"));
    assert_false(is_there(&h, LEAF "zarr.json"));
    close_hive(&h);
}

/* The hashes in a stamp, as one text. */
static char *hashes_of(const char *output, const char *grid)
{
    hive h;
    char config[2048];
    (void)snprintf(config, sizeof config, CONFIG("%s", "%s"), output, grid);
    open_hive(&h, config);
    write_leaf(&h);
    char *text = text_of(&h, LEAF "zarr.json");
    char *at = strstr(text, "\"content_hashes\"");
    assert_non_null(at);
    assert_non_null(strstr(at, "\"4/extra\"")); /* that nothing fills */
    memmove(text, at, strlen(at) + 1);
    close_hive(&h);
    return text;
}

/* They tell what is in the arrays, not how it is stored. */
static void test_hashes(void **state)
{
    (void)state;
    char *plain = hashes_of("", GRID);
    static const char *const OTHERS[][2] = {
        {"", GRID ", sharded: false"},
        {"  codec: zstd\n", GRID},
        {"  codec: zstd\n  codec_level: 19\n", GRID ", sharded: false"}};
    for (size_t i = 0; i < 3; i++) {
        char *other = hashes_of(OTHERS[i][0], OTHERS[i][1]);
        assert_string_equal(other, plain);
        zg_free(other);
    }
    /* 16 int16 of the fill 7; printf '\007\000' 16 times | sha256sum */
    assert_non_null(strstr(
        plain, "\"4/extra\": "
               "\"8b6309400ef308d53bd07d0375534a6962a70142afc735c6d4174ef325cd58e0\""));
    zg_free(plain);
}

/* Ragged fields are one object even where numbers are not; zstd packs what has elements
 * to pack. */
static void test_layouts(void **state)
{
    (void)state;
    hive h;
    open_hive(&h, CONFIG("  codec: zstd\n  codec_level: 5\n", GRID ", sharded: false"));
    write_leaf(&h);
    assert_true(is_there(&h, LEAF "4/number/c/3"));
    assert_false(is_there(&h, LEAF "4/number/c/1"));
    assert_false(is_there(&h, LEAF "4/rows/c/3"));
    must_hold(&h, LEAF "4/rows/zarr.json", "sharding_indexed");
    must_hold(&h, LEAF "4/rows/zarr.json", "\"level\": 3");
    must_hold(&h, LEAF "4/number/zarr.json", "\"level\": 5");
    char *one = text_of(&h, LEAF "4/one/zarr.json");
    assert_null(strstr(one, "zstd"));
    zg_free(one);
    close_hive(&h);
}

/* A shard that is one cell has no bitmap, and one chunk. */
static void test_single_cell(void **state)
{
    (void)state;
    hive h;
    float number = 1;
    unsigned char occupied = 1;
    open_hive(&h, CONFIG("", "parent_order: 2, child_order: 2"));
    const zagg_carrier_column column = {"number", ZAGG_FIELD_SCALAR, ZAGG_DT_F32,
                                        1,        &number,           NULL};
    const zagg_carrier carrier = {.n_cells = 1,
                                  .n_columns = 1,
                                  .columns = &column,
                                  .occupied = &occupied,
                                  .chunk_index = {h.shard.block[0]}};
    ok(&h, zagg_store_writer_carrier(h.writer, &h.shard, &carrier, &h.err));
    ok(&h, finish(&h));
    assert_false(is_there(&h, LEAF "coverage.moc"));
    must_hold(&h, LEAF "zarr.json", "\"source\": \"worker\"\n");
    must_hold(&h, LEAF "zarr.json", "\"-314\",\n          null,");
    close_hive(&h);
}

/* ---- the root ---- */

static uint64_t key_of(const char *decimal)
{
    uint64_t word = 0;
    assert_int_equal(zagg_word_parse_decimal(decimal, strlen(decimal), &word, NULL),
                     ZAGG_OK);
    return word;
}

static void add_shards(hive *h, const char *a, const char *b, const char *c)
{
    const uint64_t keys[] = {key_of(a), key_of(b), key_of(c)};
    ok(h, zagg_store_plan_end(h->plan, h->store, keys, 3, NULL, &h->err));
}

static void ranges_are(hive *h, const char *expected)
{
    char *text = text_of(h, "coverage.moc");
    char *from = strstr(text, "\"ranges\": ");
    assert_non_null(from);
    zg_str flat;
    zg_str_init(&flat, 0);
    for (const char *p = from + strlen("\"ranges\": "); *p != '\0'; p++)
        if (*p != ' ' && *p != '\n')
            zg_str_addc(&flat, *p);
    assert_string_equal(flat.data, expected);
    zg_str_free(&flat);
    zg_free(text);
}

static void test_root_coverage(void **state)
{
    (void)state;
    static const char SPAN[] = "{\"spec\": \"morton-moc/1\", \"encoding\": \"ranges\", "
                               "\"order\": 2, \"ranges\": "
                               "[[\"311\", \"313\"]], \"time_range\": [\"a\", \"b\"]}";
    hive h;
    open_hive(&h, CONFIG("", GRID));
    add_shards(&h, "144", "211", "-314"); /* neighbours of two base cells stay apart */
    ranges_are(&h, "[[\"144\",\"144\"],[\"211\",\"211\"],[\"-314\",\"-314\"]]}");
    add_shards(&h, "143", "142", "212");
    ranges_are(&h, "[[\"142\",\"144\"],[\"211\",\"212\"],[\"-314\",\"-314\"]]}");
    ok(&h, zagg_store_plan_end(h.plan, h.store, NULL, 0, NULL, &h.err));
    ranges_are(&h, "[[\"142\",\"144\"],[\"211\",\"212\"],[\"-314\",\"-314\"]]}");
    ok(&h, zagg_sink_put(h.store, "coverage.moc", SPAN, strlen(SPAN), &h.err));
    add_shards(&h, "312", "321", "314"); /* inside, behind, adjacent to both */
    ranges_are(&h, "[[\"311\",\"321\"]],\"time_range\":[\"a\",\"b\"]}");
    static const char *const OTHERS[] = {
        "{", "[]",
        "{\"spec\": \"morton-moc/1\", \"encoding\": \"ranges\", \"order\": 3, "
        "\"ranges\": []}",
        "{\"spec\": \"morton-moc/1\", \"encoding\": \"ranges\", \"order\": 2, "
        "\"ranges\": [[\"111\", \"113\"], [\"144\", \"211\"]]}",
        "{\"spec\": \"morton-moc/1\", \"encoding\": \"ranges\", \"order\": 2, "
        "\"ranges\": [[\"113\", \"112\"]]}"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        ok(&h,
           zagg_sink_put(h.store, "coverage.moc", OTHERS[i], strlen(OTHERS[i]), &h.err));
        add_shards(&h, "111", "111", "111");
        ranges_are(&h, "[[\"111\",\"111\"]]}");
    }
    close_hive(&h);
}

static void test_no_root_coverage(void **state)
{
    (void)state;
    hive h;
    open_hive(&h, CONFIG("  coverage_moc: false\n", GRID));
    add_shards(&h, "111", "112", "113");
    assert_false(is_there(&h, "coverage.moc"));
    close_hive(&h);
}

static zagg_status begin(hive *h, bool overwrite)
{
    return zagg_store_plan_begin(h->plan, h->store, NULL, overwrite, NULL, &h->err);
}

static void put_manifest(hive *h, const char *changed, const char *to)
{
    char *text = text_of(h, "morton_hive.json");
    char *at = strstr(text, changed);
    assert_non_null(at);
    zg_str out;
    zg_str_init(&out, 0);
    zg_str_addn(&out, text, (size_t)(at - text));
    zg_str_add(&out, to);
    zg_str_add(&out, at + strlen(changed));
    ok(h, zagg_sink_put(h->store, "morton_hive.json", out.data, out.len, &h->err));
    zg_str_free(&out);
    zg_free(text);
}

static void test_manifest(void **state)
{
    (void)state;
    /* what another writer may have put there: taken over, or refused by this key */
    static const char *const CASES[][3] = {
        {" \"path_grouping\": 1,\n", "", NULL},
        {"\"cell_order\": 4", "\"cell_order\": 4.0", NULL},
        {"\"orders\": []", "\"orders\": [1]", NULL},
        {"\"semantic_hash\"", "\"other\"", NULL},
        {"\"path_grouping\": 1", "\"path_grouping\": 3", "path_grouping"},
        {"morton-hive/1", "morton-hive/2", "spec"},
        {"\"cell_order\": 4", "\"cell_order\": 5", "cell_order"},
        {"\"version\": null", "\"version\": \"7\"", "dataset"},
        {"\"semantic_hash\": \"", "\"semantic_hash\": \"0", "semantic_hash"},
        {"\"cell_order\"", "\"temporal\": {\"schedule\": \"yearly\"}, \"cell_order\"",
         "temporal"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        hive h;
        open_hive(&h, CONFIG("", GRID));
        ok(&h, begin(&h, false));
        put_manifest(&h, CASES[i][0], CASES[i][1]);
        char *before = text_of(&h, "morton_hive.json");
        const zagg_status status = begin(&h, false);
        assert_int_equal(status, CASES[i][2] == NULL ? ZAGG_OK : ZAGG_EEXISTS);
        if (CASES[i][2] != NULL)
            assert_non_null(strstr(h.err.msg, CASES[i][2]));
        char *after = text_of(&h, "morton_hive.json");
        assert_string_equal(before, after);
        zg_free(before);
        zg_free(after);
        ok(&h, begin(&h, true)); /* there is no leaf yet */
        must_hold(&h, "morton_hive.json", "\"semantic_hash\": \"");
        put_manifest(&h, CASES[i][0], CASES[i][1]);
        write_leaf(&h);
        assert_int_equal(begin(&h, true), status); /* now there is one */
        close_hive(&h);
    }
}

static void test_roots_of_others(void **state)
{
    (void)state;
    hive h;
    open_hive(&h, CONFIG("", GRID));
    ok(&h, zagg_sink_put(h.store, "morton_hive.json", "[1]", 3, &h.err));
    assert_int_equal(begin(&h, false), ZAGG_EFORMAT);
    ok(&h, zagg_sink_delete(h.store, "morton_hive.json", &h.err));
    ok(&h, zagg_sink_put(h.store, "zarr.json", "{}", 2, &h.err));
    assert_int_equal(begin(&h, true), ZAGG_EEXISTS);
    ok(&h, zagg_sink_delete(h.store, "zarr.json", &h.err));
    ok(&h, begin(&h, false));
    must_hold(&h, "aggregation.yaml", "grid:\n  indexing_scheme: nested\n");
    zagg_store_writer_free(h.writer); /* which uses the plan */
    h.writer = NULL;
    drop_plan(&h);
    plan_with(&h, CONFIG("  store_layout: flat\n", GRID));
    assert_int_equal(begin(&h, true), ZAGG_EEXISTS);
    close_hive(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaf),          cmocka_unit_test(test_bitmap),
        cmocka_unit_test(test_rewriting),     cmocka_unit_test(test_versioned_leaf),
        cmocka_unit_test(test_misuse),        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_layouts),       cmocka_unit_test(test_single_cell),
        cmocka_unit_test(test_root_coverage), cmocka_unit_test(test_no_root_coverage),
        cmocka_unit_test(test_manifest),      cmocka_unit_test(test_roots_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
