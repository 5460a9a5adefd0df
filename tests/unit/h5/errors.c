/* What the HDF5 reader says and refuses: messages, links, arguments, limits, faults of
 * the source, damage anywhere in a small file, and columns of different chunk grids. */
#include "codec/codec.h"
#include "h5/h5.h"
#include "h5_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- an open fixture ---- */

typedef struct opened {
    char *dir, path[512];
    zagg_source *source;
    zagg_h5 *file;
} opened;

static opened open_fixture(size_t kind)
{
    opened o = {.dir = make_temp_dir()};
    zagg_err err = ZAGG_ERR_INIT;
    fixture_write(&fixture_kinds[kind], o.dir, o.path);
    assert_int_equal(zagg_source_open_file(o.path, &o.source, &err), ZAGG_OK);
    if (zagg_h5_open(o.source, NULL, &o.file, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return o;
}

static void close_fixture(opened *o)
{
    zagg_h5_close(o->file);
    zagg_source_close(o->source);
    remove_tree(o->dir);
    zg_free(o->dir);
}

static zagg_h5_dataset *must_open(const opened *o, const char *path)
{
    zagg_h5_dataset *ds = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_h5_dataset_open(o->file, path, &ds, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return ds;
}

static void refuses(zagg_h5 *file, const char *path, zagg_status status, const char *text)
{
    zagg_h5_dataset *ds = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status st = zagg_h5_dataset_open(file, path, &ds, &err);
    if (st != status || !strstr(err.msg, text) || !strstr(err.msg, "fixture.h5: "))
        fail_msg("%s: %s: %s", path, zagg_status_name(st), err.msg);
    assert_null(ds);
}

/* ---- links and paths ---- */

static void paths(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        opened o = open_fixture(k);
        zagg_h5_dataset *ds = must_open(&o, "/layouts/holes");
        assert_ptr_equal(ds, must_open(&o, "layouts/holes"));
        assert_ptr_equal(ds, must_open(&o, "//layouts//holes/"));
        assert_string_equal(zagg_h5_dataset_info(ds).path, "/layouts/holes");
        must_open(&o, "/links/absolute");
        must_open(&o, "/links/relative");
        must_open(&o, "/links/to_group/holes");
        must_open(&o, "/links/hard");
        must_open(&o, "/crowd/values");
        must_open(&o, "/crowd/./values");
        refuses(o.file, "/nope/holes", ZAGG_ENOTFOUND, "no 'nope' in /");
        refuses(o.file, "/layouts/nope", ZAGG_ENOTFOUND, "no 'nope' in /layouts");
        refuses(o.file, "/layouts/holes/x", ZAGG_ENOTFOUND, "not a group");
        refuses(o.file, "/layouts", ZAGG_ENOTFOUND, "a group, not a dataset");
        refuses(o.file, "/", ZAGG_ENOTFOUND, "a group, not a dataset");
        refuses(o.file, "/links/round", ZAGG_EFORMAT, "soft links");
        refuses(o.file, "/links/dangling", ZAGG_ENOTFOUND, "no 'nowhere' in /");
        refuses(o.file, "/links/outside", ZAGG_EUNSUPPORTED, "external link");
        refuses(o.file, "/refused/text", ZAGG_EUNSUPPORTED, "string");
        refuses(o.file, "/refused/pair", ZAGG_EUNSUPPORTED, "compound");
        refuses(o.file, "/refused/null", ZAGG_EUNSUPPORTED, "dataspace");
        refuses(o.file, "/refused/committed", ZAGG_EUNSUPPORTED, "committed");
        refuses(o.file, "/refused/scaled", ZAGG_EUNSUPPORTED, "scale-offset");
        char longest[ZG_H5_MAX_PATH + 1];
        memset(longest, 'x', sizeof longest);
        longest[ZG_H5_MAX_PATH] = '\0';
        assert_int_equal(zagg_h5_dataset_open(o.file, longest, &ds, NULL), ZAGG_EARG);
        close_fixture(&o);
    }
}

typedef struct listed {
    zagg_h5 *file;
    size_t groups, others, opened;
} listed;

static zagg_status on_listed(void *user, const char *name, bool is_group, zagg_err *err)
{
    listed *l = user;
    l->groups += is_group;
    l->others += !is_group;
    char path[256];
    zagg_h5_dataset *ds;
    snprintf(path, sizeof path, "/layouts/%s", name);
    l->opened += zagg_h5_dataset_open(l->file, path, &ds, err) == ZAGG_OK;
    return ZAGG_OK;
}

static zagg_status stop_listing(void *user, const char *name, bool is_group,
                                zagg_err *err)
{
    (void)user;
    (void)is_group;
    return zagg_err_set(err, ZAGG_ECANCELLED, "enough of %s", name);
}

static void listing(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_fixture_kinds; k++) {
        opened o = open_fixture(k);
        listed l = {.file = o.file};
        zagg_err err = ZAGG_ERR_INIT;
        assert_int_equal(zagg_h5_group_list(o.file, "/crowd", on_listed, &l, &err),
                         ZAGG_OK);
        assert_int_equal(l.groups, FIXTURE_CROWD);
        assert_int_equal(l.others, 1);
        l = (listed){.file = o.file};
        assert_int_equal(zagg_h5_group_list(o.file, "layouts", on_listed, &l, &err),
                         ZAGG_OK);
        assert_int_equal(l.groups, 0);
        assert_int_equal(l.opened, l.others);
        assert_true(l.opened > 15);
        l = (listed){.file = o.file};
        assert_int_equal(zagg_h5_group_list(o.file, "/links", on_listed, &l, &err),
                         ZAGG_OK);
        assert_int_equal(l.groups, 1); /* the soft link to a group */
        assert_int_equal(zagg_h5_group_list(o.file, "/", stop_listing, NULL, &err),
                         ZAGG_ECANCELLED);
        assert_int_equal(zagg_h5_group_list(o.file, "/gone", on_listed, &l, &err),
                         ZAGG_ENOTFOUND);
        bool is = false;
        assert_int_equal(zagg_h5_group_exists(o.file, "/", &is, &err), ZAGG_OK);
        assert_true(is);
        assert_int_equal(zagg_h5_group_exists(o.file, "/gone/x", &is, &err), ZAGG_OK);
        assert_false(is);
        close_fixture(&o);
    }
}

/* ---- arguments ---- */

static void read_fails(zagg_h5_dataset *ds, int64_t column, uint64_t begin, uint64_t end,
                       zagg_status status)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_h5_column c = {ds, column};
    zagg_rows range = {begin, end};
    char out[64];
    zagg_status st = zagg_h5_read(c, &range, 1, NULL, out, &err);
    if (st != status || !strstr(err.msg, zagg_h5_dataset_info(ds).path))
        fail_msg("%s: %s", zagg_status_name(st), err.msg);
    uint64_t row = end;
    st = zagg_h5_gather(c, &row, 1, NULL, out, &err);
    assert_int_not_equal(st, ZAGG_OK);
}

static void arguments(void **state)
{
    (void)state;
    opened o = open_fixture(0);
    zagg_h5_dataset *flat = must_open(&o, "/layouts/holes");
    zagg_h5_dataset *wide = must_open(&o, "/layouts/wide");
    read_fails(flat, 0, 0, 5000, ZAGG_EARG);
    read_fails(wide, -1, 0, 301, ZAGG_EARG);
    read_fails(wide, 23, 0, 301, ZAGG_ERANGE);
    read_fails(flat, -1, 4990, 5001, ZAGG_ERANGE);
    read_fails(flat, -1, 5001, 5000, ZAGG_EARG);
    zagg_h5_column c = {flat, -1};
    const zagg_rows overlap[] = {{0, 10}, {9, 12}};
    const uint64_t falling[] = {5, 4};
    float out[32];
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_h5_read(c, overlap, 2, NULL, out, &err), ZAGG_EARG);
    assert_int_equal(zagg_h5_gather(c, falling, 2, NULL, out, &err), ZAGG_EARG);
    assert_int_equal(zagg_h5_read(c, NULL, 0, NULL, out, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_gather(c, NULL, 0, NULL, out, &err), ZAGG_OK);
    const uint64_t twice[] = {4, 4, 4999};
    assert_int_equal(zagg_h5_gather(c, twice, 3, NULL, out, &err), ZAGG_OK);
    assert_true(out[0] == out[1]);
    close_fixture(&o);
}

/* ---- columns of different grids in one scan ---- */

typedef struct grids {
    double *got[4];
    size_t fail_at, folded, made, dropped;
} grids;

static zagg_status on_grids(void *user, size_t slot, uint64_t first, size_t n,
                            const void *const *cols, void **result, zagg_err *err)
{
    (void)slot;
    grids *g = user;
    for (size_t c = 0; c < 4; c++)
        memcpy(g->got[c] + first, cols[c], n * sizeof(double));
    if (first + n > g->fail_at)
        return zagg_err_set(err, ZAGG_ECONFIG, "stopped at row %llu",
                            (unsigned long long)first);
    *result = g;
    return ZAGG_OK;
}

static zagg_status count_fold(void *user, void *result, zagg_err *err)
{
    (void)err;
    assert_ptr_equal(user, result);
    ((grids *)user)->folded++;
    return ZAGG_OK;
}

static void count_drop(void *user, void *result)
{
    assert_ptr_equal(user, result);
    ((grids *)user)->dropped++;
}

static void mixed_grids(void **state)
{
    (void)state;
    static const char *const names[4] = {"/grids/a", "/grids/b", "/grids/c", "/grids/d"};
    opened o = open_fixture(1);
    zagg_pool *pool = NULL;
    assert_int_equal(zagg_pool_new(3, &pool, NULL), ZAGG_OK);
    for (size_t turn = 0; turn < 4; turn++) {
        zagg_h5_column cols[4];
        double *want[4];
        grids g = {.fail_at = SIZE_MAX};
        zagg_rows ranges[] = {{0, 777}, {777, 779}, {5000, FIXTURE_GRID_ROWS}};
        for (size_t c = 0; c < 4; c++) {
            cols[c] = (zagg_h5_column){must_open(&o, names[(c + turn) % 4]), -1};
            want[c] = calloc(FIXTURE_GRID_ROWS, sizeof(double));
            g.got[c] = calloc(FIXTURE_GRID_ROWS, sizeof(double));
            double *to = want[c];
            for (size_t r = 0; r < 3; to = want[c] + 5000, r += 2) {
                zagg_rows one = r ? ranges[2] : (zagg_rows){0, 779};
                assert_int_equal(zagg_h5_read(cols[c], &one, 1, pool, to, NULL), ZAGG_OK);
            }
        }
        zagg_err err = ZAGG_ERR_INIT;
        if (zagg_h5_scan(cols, 4, ranges, 3, pool, on_grids, count_fold, count_drop, &g,
                         &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        assert_true(g.folded >= 3);
        assert_int_equal(g.dropped, 0);
        for (size_t c = 0; c < 4; c++)
            assert_memory_equal(want[c], g.got[c], FIXTURE_GRID_ROWS * sizeof(double));
        g.fail_at = 9000;
        assert_int_equal(zagg_h5_scan(cols, 4, ranges, 3, pool, on_grids, count_fold,
                                      count_drop, &g, &err),
                         ZAGG_ECONFIG);
        assert_non_null(strstr(err.msg, "stopped at row"));
        for (size_t c = 0; c < 4; c++) {
            free(want[c]);
            free(g.got[c]);
        }
    }
    zagg_h5_column unequal[2] = {{must_open(&o, "/grids/a"), -1},
                                 {must_open(&o, "/layouts/holes"), -1}};
    zagg_rows one = {0, 1};
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(
        zagg_h5_scan(unequal, 2, &one, 1, pool, on_grids, NULL, NULL, NULL, &err),
        ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "5000 rows, but /grids/a has"));
    zagg_pool_free(pool);
    close_fixture(&o);
}

/* ---- damage and faults ---- */

static void not_hdf5(void **state)
{
    (void)state;
    static const char text[] = "this is a text file and not a granule at all";
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t len = 0; len < sizeof text; len += 11) {
        assert_int_equal(zagg_source_open_mem(text, len, &source, &err), ZAGG_OK);
        assert_int_equal(zagg_h5_open(source, NULL, &file, &err), ZAGG_EFORMAT);
        char want[256];
        snprintf(want, sizeof want, "%s: not an HDF5 file", zagg_source_name(source));
        assert_string_equal(err.msg, want);
        zagg_source_close(source);
    }
}

/* Read everything below a group of an image; what it says does not matter, only that it
 * ends well (the sanitizer builds see to that). */
static zagg_status on_damaged(void *user, const char *name, bool is_group, zagg_err *err)
{
    (void)err;
    if (is_group)
        return ZAGG_OK;
    zagg_h5 *file = user;
    char path[256];
    zagg_h5_dataset *ds;
    snprintf(path, sizeof path, "/layouts/%s", name);
    if (zagg_h5_dataset_open(file, path, &ds, NULL) != ZAGG_OK)
        return ZAGG_OK;
    zagg_h5_info info = zagg_h5_dataset_info(ds);
    uint64_t rows = info.rank && info.dims[0] < 4000 ? info.dims[0] : 0;
    zagg_rows range = {0, rows};
    void *out = malloc((size_t)rows * 8 + 1);
    assert_non_null(out);
    (void)zagg_h5_read((zagg_h5_column){ds, info.rank == 2 ? 0 : -1}, &range, 1, NULL,
                       out, NULL);
    free(out);
    return ZAGG_OK;
}

static void random_damage(void **state)
{
    (void)state;
    uint64_t random = 99;
    for (size_t k = 0; k < 2; k++) {
        opened o = open_fixture(k);
        char *bytes = NULL;
        size_t len = 0;
        assert_int_equal(zagg_file_read(o.path, (size_t)1 << 26, &bytes, &len, NULL),
                         ZAGG_OK);
        char *image = malloc(len);
        assert_non_null(image);
        for (int round = 0; round < 150; round++) {
            memcpy(image, bytes, len);
            for (int i = 0; i < 200; i++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                size_t at = (size_t)(random >> 20) % len;
                image[at] =
                    (char)(random >> 13 & 3 ? image[at] ^ (1 << (random >> 56 & 7)) : -1);
            }
            zagg_source *source = NULL;
            zagg_h5 *file = NULL;
            assert_int_equal(zagg_source_open_mem(image, len, &source, NULL), ZAGG_OK);
            if (zagg_h5_open(source, NULL, &file, NULL) == ZAGG_OK)
                (void)zagg_h5_group_list(file, "/layouts", on_damaged, file, NULL);
            zagg_h5_close(file);
            zagg_source_close(source);
        }
        free(image);
        zagg_bytes_free(bytes);
        close_fixture(&o);
    }
}

typedef struct faulty {
    zagg_source *inner;
    size_t reads_left;
} faulty;

static zagg_status faulty_read(void *self, uint64_t offset, size_t len, void *out,
                               zagg_err *err)
{
    faulty *f = self;
    if (f->reads_left == 0)
        return zagg_err_set(err, ZAGG_EIO, "the wire was cut");
    f->reads_left--;
    return zagg_source_read_at(f->inner, offset, len, out, err);
}

/* The source fails at its first, second, ... read until nothing fails any more. */
static void faults_of_the_source(void **state)
{
    (void)state;
    static const zagg_source_vtable vtable = {.read_at = faulty_read};
    opened o = open_fixture(0);
    bool passed = false;
    for (size_t n = 0; n < 200 && !passed; n++) {
        faulty f = {o.source, n};
        zagg_source *source = NULL;
        zagg_h5 *file = NULL;
        zagg_h5_dataset *ds = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        assert_int_equal(zagg_source_open_custom(&vtable, &f, zagg_source_size(o.source),
                                                 "faulty", &source, &err),
                         ZAGG_OK);
        zagg_status st = zagg_h5_open(source, NULL, &file, &err);
        if (st == ZAGG_OK)
            st = zagg_h5_dataset_open(file, "/layouts/large_chunks", &ds, &err);
        double *out = malloc(150000 * sizeof *out);
        zagg_rows all = {0, 150000};
        if (st == ZAGG_OK)
            st = zagg_h5_read((zagg_h5_column){ds, -1}, &all, 1, NULL, out, &err);
        passed = st == ZAGG_OK;
        if (!passed && (st != ZAGG_EIO || !strstr(err.msg, "the wire was cut")))
            fail_msg("%s: %s", zagg_status_name(st), err.msg);
        free(out);
        zagg_h5_close(file);
        zagg_source_close(source);
    }
    assert_true(passed);
    close_fixture(&o);
}

typedef struct recorder {
    zagg_source *inner;
    size_t most_bytes;
} recorder;

static zagg_status recorded_read(void *self, uint64_t offset, size_t len, void *out,
                                 zagg_err *err)
{
    recorder *r = self;
    r->most_bytes = len > r->most_bytes ? len : r->most_bytes;
    return zagg_source_read_at(r->inner, offset, len, out, err);
}

/* Metadata come in requests of the size that the source finds worth one. */
static void request_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t asked, expected;
    } cases[] = {{1, 4096}, {8192, 8192}, {0, 65536}, {(size_t)1 << 30, 65536}};
    opened o = open_fixture(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const zagg_source_vtable vtable = {.read_at = recorded_read,
                                           .request_bytes = cases[i].asked};
        recorder r = {o.source, 0};
        zagg_source *source = NULL;
        zagg_h5 *file = NULL;
        zagg_h5_dataset *ds = NULL;
        zagg_h5_storage storage;
        assert_int_equal(zagg_source_open_custom(&vtable, &r, zagg_source_size(o.source),
                                                 "recorder", &source, NULL),
                         ZAGG_OK);
        assert_int_equal(zagg_h5_open(source, NULL, &file, NULL), ZAGG_OK);
        assert_int_equal(
            zagg_h5_dataset_open(file, "/layouts/two_level_index", &ds, NULL), ZAGG_OK);
        assert_int_equal(zagg_h5_storage_read(ds, &storage, NULL), ZAGG_OK);
        assert_int_equal(storage.chunks, 6001);
        assert_int_equal(r.most_bytes, cases[i].expected);
        zagg_h5_close(file);
        zagg_source_close(source);
    }
    close_fixture(&o);
}

static void budgets(void **state)
{
    (void)state;
    opened o = open_fixture(0);
    zagg_h5_limits tight = {(uint64_t)16 << 10, 1000};
    zagg_h5 *file = NULL;
    zagg_h5_dataset *ds = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_h5_open(o.source, &tight, &file, &err), ZAGG_OK);
    refuses(file, "/layouts/large_chunks", ZAGG_ERANGE, "chunks of 320000 bytes");
    /* 6001 entries do not fit, a part of them does, and so does another part after it */
    assert_int_equal(zagg_h5_dataset_open(file, "/layouts/two_level_index", &ds, &err),
                     ZAGG_OK);
    int32_t out[24001];
    zagg_h5_column c = {ds, -1};
    zagg_rows all = {0, 24001}, some[] = {{0, 400}, {20000, 20400}};
    assert_int_equal(zagg_h5_read(c, &all, 1, NULL, out, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_h5_read(c, &some[0], 1, NULL, out, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_read(c, &some[1], 1, NULL, out, &err), ZAGG_OK);
    /* the index of another dataset takes the place of this one, and the other way round
     */
    int8_t other[200];
    int32_t again[1000];
    zagg_rows first = {0, 1000}, few = {0, 200};
    assert_int_equal(zagg_h5_read(c, &first, 1, NULL, out, &err), ZAGG_OK);
    assert_int_equal(ds->index.len, 250);
    zagg_h5_dataset *grid = NULL;
    assert_int_equal(zagg_h5_dataset_open(file, "/layouts/two_level_2d", &grid, &err),
                     ZAGG_OK);
    assert_int_equal(zagg_h5_read((zagg_h5_column){grid, 3}, &few, 1, NULL, other, &err),
                     ZAGG_OK);
    assert_int_equal(ds->index.len, 0);
    assert_int_equal(zagg_h5_read(c, &first, 1, NULL, again, &err), ZAGG_OK);
    assert_int_equal(grid->index.len, 0);
    assert_memory_equal(out, again, sizeof again);
    zagg_h5_close(file);
    close_fixture(&o);
}

/* Reference values: Jenkins' own driver for lookup3, and Fletcher-32 by its definition.
 */
static void checksums(void **state)
{
    (void)state;
    assert_int_equal(zg_h5_lookup3("", 0), 0xdeadbeef);
    assert_int_equal(zg_h5_lookup3("Four score and seven years ago", 30), 0x17770551);
    static const uint8_t bytes[5] = {1, 2, 3, 4, 5};
    uint32_t a = 0x0102, b = 0x0102 + 0x0406, c = 0x0406 + 0x0500;
    assert_int_equal(zg_h5_fletcher32(bytes, 4), b << 16 | 0x0406);
    assert_int_equal(zg_h5_fletcher32(bytes, 5), (a + 0x0406 + c) << 16 | c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums),     cmocka_unit_test(paths),
        cmocka_unit_test(listing),       cmocka_unit_test(arguments),
        cmocka_unit_test(mixed_grids),   cmocka_unit_test(not_hdf5),
        cmocka_unit_test(random_damage), cmocka_unit_test(faults_of_the_source),
        cmocka_unit_test(request_sizes), cmocka_unit_test(budgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
