/* Files whose requests take time: how often one waits, and what a failure ahead of its
 * time means (nothing). What is read is compared in oracle.c and indexes.c. */
#include "h5/h5.h"
#include "h5_test.h"
#include "support/parallel.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_PATHS = 400 };

typedef struct remote {
    char *dir, path[512];
    parallel_counts counts;
    zagg_source *source;
    zagg_h5 *file;
    char *paths[MOST_PATHS]; /* of all datasets */
    size_t n;
} remote;

static zagg_status note_path(void *user, const zagg_h5_node *node, zagg_err *err)
{
    remote *r = user;
    (void)err;
    if (node->dataset && r->n < MOST_PATHS)
        r->paths[r->n++] = zg_strdup(node->path);
    return ZAGG_OK;
}

static void open_file(remote *r, const zagg_h5_limits *limits)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (parallel_open(&r->counts, r->path, &r->source, &err) != ZAGG_OK ||
        zagg_h5_open(r->source, limits, &r->file, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

static void close_file(remote *r)
{
    zagg_h5_close(r->file);
    zagg_source_close(r->source);
    r->file = NULL;
    r->source = NULL;
    r->counts = (parallel_counts){.calls = 0};
}

static int setup(void **state)
{
    static remote r;
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    r = (remote){.dir = make_temp_dir()};
    fixture_write(&fixture_kinds[1], r.dir, r.path);
    assert_int_equal(zagg_source_open_file(r.path, &source, NULL), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &file, NULL), ZAGG_OK);
    assert_int_equal(zagg_h5_walk(file, "/", 8, note_path, &r, NULL), ZAGG_OK);
    zagg_h5_close(file);
    zagg_source_close(source);
    assert_true(r.n > 50);
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    remote *r = *state;
    for (size_t i = 0; i < r->n; i++)
        zg_free(r->paths[i]);
    remove_tree(r->dir);
    zg_free(r->dir);
    return 0;
}

/* All datasets together: a few waits, and none is left for those who open them. */
static void datasets(void **state)
{
    remote *r = *state;
    zagg_h5_dataset *ds;
    open_file(r, NULL);
    zagg_h5_ahead_open(r->file, (const char *const *)r->paths, r->n);
    const int waits = r->counts.calls;
    assert_true(waits > 0 && waits <= 12);
    assert_int_equal(r->counts.metadata_calls, waits);
    for (size_t i = 0; i < r->n; i++)
        assert_int_equal(zagg_h5_dataset_open(r->file, r->paths[i], &ds, NULL), ZAGG_OK);
    assert_int_equal(r->counts.calls, waits);
    close_file(r);
    /* One after another it is as many more. */
    open_file(r, NULL);
    for (size_t i = 0; i < r->n; i++)
        assert_int_equal(zagg_h5_dataset_open(r->file, r->paths[i], &ds, NULL), ZAGG_OK);
    assert_true(r->counts.calls >= waits);
    close_file(r);
}

static size_t open_all(remote *r, zagg_h5_want *wants, zagg_rows *rows)
{
    size_t n = 0;
    zagg_h5_ahead_open(r->file, (const char *const *)r->paths, r->n);
    for (size_t i = 0; i < r->n; i++) {
        zagg_h5_dataset *ds = NULL;
        assert_int_equal(zagg_h5_dataset_open(r->file, r->paths[i], &ds, NULL), ZAGG_OK);
        const zagg_h5_info info = zagg_h5_dataset_info(ds);
        if (info.rank == 0 || info.rank > 2)
            continue;
        rows[n] = (zagg_rows){0, info.dims[0]};
        wants[n] = (zagg_h5_want){{ds, info.rank == 2 ? 0 : -1}, &rows[n], 1};
        n++;
    }
    return n;
}

/* Indexes of all datasets: as many waits as the deepest has levels. */
static void indexes(void **state)
{
    remote *r = *state;
    static zagg_h5_want wants[MOST_PATHS];
    static zagg_rows rows[MOST_PATHS];
    zagg_h5_storage storage;
    open_file(r, NULL);
    const size_t n = open_all(r, wants, rows);
    int before = r->counts.calls;
    zagg_h5_ahead_index(r->file, wants, n);
    assert_true(r->counts.calls - before <= 4);
    before = r->counts.calls;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(zagg_h5_storage_read(wants[i].column.dataset, &storage, NULL),
                         ZAGG_OK);
    assert_int_equal(r->counts.calls, before);
    close_file(r);
}

/* Where the rows are not known, the leaves of a tree stay where they are. */
static void upper_levels(void **state)
{
    remote *r = *state;
    zagg_h5_want want = {{NULL, -1}, NULL, 0};
    const zagg_rows all = {0, 24001};
    open_file(r, NULL);
    r->file->page_bytes = 4096; /* or all of it comes with the first page */
    assert_int_equal(zagg_h5_dataset_open(r->file, "/layouts/two_level_index",
                                          &want.column.dataset, NULL),
                     ZAGG_OK);
    const uint64_t before = r->counts.bytes;
    zagg_h5_ahead_index(r->file, &want, 1);
    const uint64_t upper = r->counts.bytes - before;
    assert_int_equal(want.column.dataset->index.len, 0);
    want.ranges = &all;
    want.n_ranges = 1;
    zagg_h5_ahead_index(r->file, &want, 1);
    assert_int_equal(want.column.dataset->index.len, 6001);
    assert_true(r->counts.bytes - before > 10 * upper);
    close_file(r);
}

/* One call of a staged read brings all chunks, whoever asks. */
static void one_call(void **state)
{
    remote *r = *state;
    static zagg_h5_want wants[MOST_PATHS];
    static zagg_rows rows[MOST_PATHS];
    zagg_h5_stage *stage = NULL;
    open_file(r, NULL);
    const size_t n = open_all(r, wants, rows);
    zagg_h5_ahead_index(r->file, wants, n);
    const int before = r->counts.calls;
    assert_int_equal(zagg_h5_stage_new(r->file, wants, n, &stage, NULL), ZAGG_OK);
    assert_int_equal(r->counts.calls, before + 1);
    zagg_h5_stage_free(stage);
    close_file(r);
}

static void want_range(zagg_h5 *file, void *user)
{
    const zagg_range *range = user;
    (void)zg_h5_meta_wants(file, range->offset, range->len);
}

/* Chunks that came along with metadata are not asked for again, and are the file's. */
static void chunks_of_pages(void **state)
{
    remote *r = *state;
    static zagg_h5_want wants[MOST_PATHS];
    static zagg_rows rows[MOST_PATHS];
    static uint8_t values[1 << 20], expected[1 << 20];
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    size_t held = 0;
    assert_int_equal(zagg_source_open_file(r->path, &source, NULL), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &file, NULL), ZAGG_OK);
    open_file(r, NULL);
    const size_t n = open_all(r, wants, rows);
    zagg_h5_ahead_index(r->file, wants, n);
    for (size_t i = 0; i < n; i++) {
        const zagg_h5_info info = zagg_h5_dataset_info(wants[i].column.dataset);
        zagg_h5_column column = {NULL, wants[i].column.column};
        zagg_h5_stage *stage = NULL;
        const size_t size = (size_t)rows[i].end * zagg_dtype_size(info.dtype);
        const int before = r->counts.calls;
        if (size > sizeof values)
            continue;
        const zagg_status st = zagg_h5_stage_new(r->file, &wants[i], 1, &stage, NULL);
        assert_true(r->counts.calls - before <= 1);
        held += st == ZAGG_OK && size > 0 && r->counts.calls == before;
        assert_int_equal(zagg_h5_dataset_open(file, info.path, &column.dataset, NULL),
                         ZAGG_OK);
        const zagg_status read =
            zagg_h5_read(wants[i].column, &rows[i], 1, NULL, values, NULL);
        assert_int_equal(zagg_h5_read(column, &rows[i], 1, NULL, expected, NULL), read);
        if (read == ZAGG_OK)
            assert_memory_equal(values, expected, size);
        zagg_h5_stage_free(stage);
    }
    assert_true(held > n / 4); /* small datasets lie among their headers */
    zagg_h5_close(file);
    zagg_source_close(source);
    close_file(r);
}

/* The same byte for byte, in blocks that touch or do not. */
static void held_bytes(void **state)
{
    remote *r = *state;
    uint8_t first[64], part[64];
    open_file(r, NULL);
    r->file->base = 0;
    const uint64_t at = r->file->page_bytes; /* behind what opening read */
    assert_true(r->file->size > at + 2048);
    zagg_range pages[] = {{at, 512, NULL}, {at + 512, 512, NULL}, {at + 1536, 512, NULL}};
    for (size_t i = 0; i < 3; i++)
        zg_h5_read_ahead(r->file, want_range, &pages[i]);
    assert_true(zg_h5_blocks_hold(r->file, at, 1024, NULL));
    assert_true(zg_h5_blocks_hold(r->file, at + 500, 64, part));
    assert_int_equal(zagg_source_read_at(r->source, at + 500, 64, first, NULL), ZAGG_OK);
    assert_memory_equal(part, first, 64);
    assert_false(zg_h5_blocks_hold(r->file, at + 1000, 64, NULL));
    assert_false(zg_h5_blocks_hold(r->file, at + 1535, 2, NULL));
    assert_true(zg_h5_blocks_hold(r->file, at + 1536, 512, NULL));
    assert_false(zg_h5_blocks_hold(r->file, at + 1536, 513, NULL));
    close_file(r);
}

/* Any call may fail: ahead of its time that is nothing, and later all is as ever. */
static void failures(void **state)
{
    remote *r = *state;
    static zagg_h5_want wants[MOST_PATHS];
    static zagg_rows rows[MOST_PATHS];
    open_file(r, NULL);
    const int opening = r->counts.calls;
    close_file(r);
    bool fired = true;
    for (int nth = opening + 1; fired; nth++) {
        zagg_h5_stage *stage = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        r->counts.fail_at = nth;
        r->counts.failure = ZAGG_EHTTP;
        open_file(r, NULL);
        zagg_h5_ahead_open(r->file, (const char *const *)r->paths, r->n);
        const bool over = r->counts.fail_at == 0;
        const size_t n = open_all(r, wants, rows);
        const zagg_status st = zagg_h5_stage_new(r->file, wants, n, &stage, &err);
        if (st != ZAGG_OK) {
            assert_false(over);
            assert_int_equal(st, ZAGG_EHTTP);
            assert_non_null(strstr(err.msg, "a request failed"));
        }
        fired = r->counts.fail_at == 0;
        zagg_h5_stage_free(stage);
        close_file(r);
    }
}

/* Less room for metadata than there are: they come again, and are right. */
static void little_room(void **state)
{
    remote *r = *state;
    const zagg_h5_limits tight = {(uint64_t)256 << 10, (uint64_t)1 << 20};
    zagg_h5_column column = {NULL, -1};
    static int32_t values[24001], expected[24001];
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_h5_dataset *ds;
    const zagg_rows all = {0, 24001};
    open_file(r, &tight);
    zagg_h5_ahead_open(r->file, (const char *const *)r->paths, r->n);
    for (size_t i = 0; i < r->n; i++)
        (void)zagg_h5_dataset_open(r->file, r->paths[i], &ds, NULL);
    assert_true(r->file->block_bytes <= tight.max_metadata_bytes);
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_h5_dataset_open(r->file, "/layouts/two_level_index", &column.dataset,
                             &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    const zagg_status st = zagg_h5_read(column, &all, 1, NULL, values, &err);
    assert_int_equal(zagg_source_open_file(r->path, &source, NULL), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, &tight, &file, NULL), ZAGG_OK);
    assert_int_equal(
        zagg_h5_dataset_open(file, "/layouts/two_level_index", &column.dataset, NULL),
        ZAGG_OK);
    assert_int_equal(zagg_h5_read(column, &all, 1, NULL, expected, NULL), st);
    if (st == ZAGG_OK)
        assert_memory_equal(values, expected, sizeof values);
    zagg_h5_close(file);
    zagg_source_close(source);
    close_file(r);
}

/* Metadata in any order of ranges that overlap: each byte is the file's. */
static void blocks(void **state)
{
    remote *r = *state;
    static uint8_t whole[1 << 20], part[1 << 16];
    zagg_source *source = NULL;
    assert_int_equal(zagg_source_open_file(r->path, &source, NULL), ZAGG_OK);
    const size_t size = zagg_source_size(source) < sizeof whole
                            ? (size_t)zagg_source_size(source)
                            : sizeof whole;
    assert_int_equal(zagg_source_read_at(source, 0, size, whole, NULL), ZAGG_OK);
    open_file(r, NULL);
    r->file->base = 0;
    r->file->page_bytes = 512;
    uint32_t seed = 1;
    for (int i = 0; i < 3000; i++) {
        seed = seed * 1103515245u + 12345u;
        const size_t at = (seed >> 8) % size;
        seed = seed * 1103515245u + 12345u;
        size_t len = (seed >> 8) % (i % 10 ? 300 : sizeof part);
        len = len > size - at ? size - at : len;
        zagg_range exact = {at, len, NULL}; /* beside pages */
        if (i % 3 == 0)
            zg_h5_read_ahead(r->file, want_range, &exact);
        assert_int_equal(zg_h5_meta(r->file, at, len, part, NULL), ZAGG_OK);
        assert_memory_equal(part, whole + at, len);
    }
    uint64_t end = 0, bytes = 0;
    for (size_t i = 0; i < r->file->blocks.len; i++) {
        const zg_h5_block *b = ZG_VEC_AT(&r->file->blocks, zg_h5_block, i);
        assert_true(b->offset >= end && b->len > 0);
        end = b->offset + b->len;
        bytes += b->len;
    }
    assert_int_equal(bytes, r->file->block_bytes);
    zagg_source_close(source);
    close_file(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datasets),        cmocka_unit_test(indexes),
        cmocka_unit_test(upper_levels),    cmocka_unit_test(one_call),
        cmocka_unit_test(chunks_of_pages), cmocka_unit_test(held_bytes),
        cmocka_unit_test(failures),        cmocka_unit_test(little_room),
        cmocka_unit_test(blocks),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
