/* What reading costs: every stored chunk that holds a wanted row is fetched and decoded
 * once in a call, whatever the number of ranges, rows and threads; no other chunk is. */
#include "h5_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 100,
    CHUNKS = 40,
    ROWS = CHUNK * CHUNKS,
    CHUNK_BYTES = CHUNK * 4,
    MISSING = 7, /* chunk that is not stored */
    COLS = 5,
    WIDTHS = 3
};

static void write_1d(hid_t file, const char *name, bool filtered)
{
    int32_t values[ROWS];
    for (int i = 0; i < ROWS; i++)
        values[i] = (int32_t)((uint32_t)i * 2654435761u >> 8);
    const hsize_t dims[1] = {ROWS}, chunk[1] = {CHUNK};
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, dims, NULL);
    H5Pset_chunk(plist, 1, chunk);
    if (filtered) {
        H5Pset_shuffle(plist);
        H5Pset_deflate(plist, 4);
    }
    hid_t ds =
        H5Dcreate2(file, name, H5T_STD_I32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(ds >= 0);
    for (hsize_t c = 0; c < CHUNKS; c++) {
        hsize_t start[1] = {c * CHUNK}, count[1] = {CHUNK};
        if (c == MISSING)
            continue;
        hid_t mem = H5Screate_simple(1, count, NULL);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        assert_true(H5Dwrite(ds, H5T_NATIVE_INT32, mem, space, H5P_DEFAULT,
                             values + start[0]) >= 0);
        H5Sclose(mem);
    }
    H5Dclose(ds);
    H5Sclose(space);
    H5Pclose(plist);
}

static void write_2d(hid_t file, const char *name)
{
    static int8_t values[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++)
        values[i] = (int8_t)(i % 101);
    const hsize_t dims[2] = {ROWS, COLS}, chunk[2] = {CHUNK, COLS};
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);
    H5Pset_chunk(plist, 2, chunk);
    H5Pset_deflate(plist, 4);
    hid_t ds =
        H5Dcreate2(file, name, H5T_STD_I8LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(ds >= 0);
    assert_true(H5Dwrite(ds, H5T_NATIVE_INT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >=
                0);
    H5Dclose(ds);
    H5Sclose(space);
    H5Pclose(plist);
}

typedef struct fixture {
    char *dir;
    zagg_source *source;
    zagg_h5 *file;
    zagg_pool *pools[WIDTHS];
    zagg_h5_stats last;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    char path[512];
    zagg_err err = ZAGG_ERR_INIT;
    f->dir = make_temp_dir();
    snprintf(path, sizeof path, "%s/stats.h5", f->dir);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    write_1d(file, "/deflated", true);
    write_1d(file, "/plain", false);
    write_2d(file, "/conf");
    H5Fclose(file);
    assert_int_equal(zagg_source_open_file(path, &f->source, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_open(f->source, NULL, &f->file, &err), ZAGG_OK);
    for (size_t i = 1; i < WIDTHS; i++)
        assert_int_equal(zagg_pool_new(i + 1, &f->pools[i], &err), ZAGG_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    for (size_t i = 1; i < WIDTHS; i++)
        zagg_pool_free(f->pools[i]);
    zagg_h5_close(f->file);
    zagg_source_close(f->source);
    remove_tree(f->dir);
    free(f->dir);
    free(f);
    return 0;
}

static zagg_h5_column column(fixture *f, const char *path, int64_t col)
{
    zagg_h5_column c = {NULL, col};
    assert_int_equal(zagg_h5_dataset_open(f->file, path, &c.dataset, NULL), ZAGG_OK);
    return c;
}

/* What the calls since the last time have cost. */
static zagg_h5_stats since(fixture *f)
{
    zagg_h5_stats now = zagg_h5_stats_of(f->file), was = f->last;
    f->last = now;
    return (zagg_h5_stats){now.chunks_decoded - was.chunks_decoded,
                           now.bytes_inflated - was.bytes_inflated,
                           now.bytes_fetched - was.bytes_fetched};
}

/* Several ranges in chunk 3, one over chunks 6 to 8 of which one is missing, and the last
 * row. */
static const zagg_rows ranges[] = {{300, 301}, {310, 350}, {350, 360},
                                   {399, 400}, {650, 850}, {ROWS - 1, ROWS}};
enum { N_RANGES = sizeof ranges / sizeof *ranges, TOUCHED = 4 };

static void opening_costs_nothing(void **state)
{
    fixture *f = *state;
    column(f, "/deflated", -1);
    zagg_h5_stats cost = since(f);
    assert_true(cost.chunks_decoded == 0 && cost.bytes_inflated == 0 &&
                cost.bytes_fetched == 0);
}

static void ranges_in_one_chunk(void **state)
{
    fixture *f = *state;
    zagg_h5_column c = column(f, "/deflated", -1);
    int32_t out[ROWS];
    for (size_t p = 0; p < WIDTHS; p++) {
        assert_int_equal(zagg_h5_read(c, ranges, N_RANGES, f->pools[p], out, NULL),
                         ZAGG_OK);
        zagg_h5_stats cost = since(f);
        assert_int_equal(cost.chunks_decoded, TOUCHED);
        assert_int_equal(cost.bytes_inflated, TOUCHED * CHUNK_BYTES);
        assert_true(cost.bytes_fetched > 0);
    }
}

static void rows_in_one_chunk(void **state)
{
    fixture *f = *state;
    zagg_h5_column c = column(f, "/deflated", -1);
    uint64_t rows[ROWS];
    size_t n = 0;
    int32_t out[ROWS];
    for (size_t i = 0; i < N_RANGES; i++)
        for (uint64_t row = ranges[i].begin; row < ranges[i].end; row++)
            rows[n++] = row;
    for (size_t p = 0; p < WIDTHS; p++) {
        assert_int_equal(zagg_h5_gather(c, rows, n, f->pools[p], out, NULL), ZAGG_OK);
        zagg_h5_stats cost = since(f);
        assert_int_equal(cost.chunks_decoded, TOUCHED);
        assert_int_equal(cost.bytes_inflated, TOUCHED * CHUNK_BYTES);
    }
}

static zagg_status on_piece(void *user, size_t slot, uint64_t first, size_t n,
                            const void *const *cols, void **result, zagg_err *err)
{
    (void)user;
    (void)slot;
    (void)first;
    (void)n;
    (void)cols;
    (void)result;
    (void)err;
    return ZAGG_OK;
}

static void scan_of_two_columns(void **state)
{
    fixture *f = *state;
    const zagg_h5_column columns[2] = {column(f, "/deflated", -1), column(f, "/conf", 0)};
    for (size_t p = 0; p < WIDTHS; p++) {
        assert_int_equal(zagg_h5_scan(columns, 2, ranges, N_RANGES, f->pools[p], on_piece,
                                      NULL, NULL, NULL, NULL),
                         ZAGG_OK);
        zagg_h5_stats cost = since(f);
        assert_int_equal(cost.chunks_decoded, TOUCHED + TOUCHED + 1); /* none missing */
        assert_int_equal(cost.bytes_inflated,
                         TOUCHED * CHUNK_BYTES + (TOUCHED + 1) * CHUNK * COLS);
    }
}

/* Slabs of whole chunks, as a beam is read: each chunk once for each column. */
static void slabs(void **state)
{
    fixture *f = *state;
    zagg_h5_column c = column(f, "/deflated", -1), conf = column(f, "/conf", 4);
    uint64_t rows[ROWS];
    int32_t out[ROWS];
    for (uint64_t a = 0; a < ROWS; a += 8 * CHUNK) {
        zagg_rows slab = {a, a + 8 * CHUNK};
        for (uint64_t i = 0; i < 8 * CHUNK; i++)
            rows[i] = a + i;
        assert_int_equal(
            zagg_h5_scan(&c, 1, &slab, 1, f->pools[1], on_piece, NULL, NULL, NULL, NULL),
            ZAGG_OK);
        assert_int_equal(zagg_h5_gather(conf, rows, 8 * CHUNK, f->pools[1], out, NULL),
                         ZAGG_OK);
    }
    zagg_h5_stats cost = since(f);
    assert_int_equal(cost.chunks_decoded, CHUNKS - 1 + CHUNKS);
    assert_int_equal(cost.bytes_inflated,
                     (CHUNKS - 1) * CHUNK_BYTES + CHUNKS * CHUNK * COLS);
}

static void unfiltered_chunks(void **state)
{
    fixture *f = *state;
    zagg_h5_column c = column(f, "/plain", -1);
    int32_t out[ROWS];
    zagg_rows all = {0, ROWS};
    assert_int_equal(zagg_h5_read(c, &all, 1, f->pools[2], out, NULL), ZAGG_OK);
    zagg_h5_stats cost = since(f);
    assert_int_equal(cost.chunks_decoded, CHUNKS - 1);
    assert_int_equal(cost.bytes_inflated, 0);
    assert_int_equal(cost.bytes_fetched, (CHUNKS - 1) * CHUNK_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opening_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(ranges_in_one_chunk, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_in_one_chunk, setup, teardown),
        cmocka_unit_test_setup_teardown(scan_of_two_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(slabs, setup, teardown),
        cmocka_unit_test_setup_teardown(unfiltered_chunks, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
