/* Rows taken straight out of shuffled chunks, against the plain way: the same values with
 * random chunk sizes, element sizes, byte orders, pipelines and missing chunks, for any
 * density of rows. Filters are left out for single chunks as well. */
#include "h5_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 3000, MAX_COLS = 5, MAX_SIZE = 8, SETS = 60 };

typedef struct set {
    char path[32];
    size_t rows, cols, size, chunk_rows;
    uint8_t want[MAX_ROWS * MAX_COLS * MAX_SIZE]; /* in the machine's byte order */
} set;

static uint64_t seed;

static size_t below(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % n;
}

static hid_t file_type(size_t size, bool big_endian)
{
    hid_t type = H5Tcopy(size == 1   ? H5T_NATIVE_UINT8
                         : size == 2 ? H5T_NATIVE_UINT16
                         : size == 4 ? H5T_NATIVE_UINT32
                                     : H5T_NATIVE_UINT64);
    H5Tset_order(type, big_endian ? H5T_ORDER_BE : H5T_ORDER_LE);
    return type;
}

/* A chunk as it is in memory, with the mask of all filters but none applied. */
static void write_bare(hid_t ds, const set *s, size_t chunk, bool big_endian)
{
    size_t elems = s->chunk_rows * s->cols;
    uint8_t *bytes = calloc(elems, s->size);
    assert_non_null(bytes);
    for (size_t i = 0; i < elems; i++)
        for (size_t b = 0; b < s->size; b++) {
            size_t from = (chunk * elems + i) * s->size;
            if (chunk * s->chunk_rows + i / s->cols < s->rows)
                bytes[i * s->size + b] =
                    s->want[from + (big_endian ? s->size - 1 - b : b)];
        }
    const hsize_t offset[2] = {chunk * s->chunk_rows, 0};
    assert_true(H5Dwrite_chunk(ds, H5P_DEFAULT, 0xff, offset, elems * s->size, bytes) >=
                0);
    free(bytes);
}

static void write_set(hid_t file, set *s, int k)
{
    snprintf(s->path, sizeof s->path, "/set%d", k);
    s->rows = 1 + below(MAX_ROWS);
    s->cols = below(3) ? 1 : MAX_COLS;
    s->size = (size_t)1 << below(4);
    s->chunk_rows = 1 + below(below(2) ? 40 : 1500);
    bool big_endian = below(3) == 0, bare = below(3) == 0;
    for (size_t i = 0; i < s->rows * s->cols * s->size; i++)
        s->want[i] = (uint8_t)(below(4) ? i % 7 : below(256));
    int rank = s->cols > 1 ? 2 : 1;
    const hsize_t dims[2] = {s->rows, s->cols}, chunk[2] = {s->chunk_rows, s->cols};
    const hsize_t max[2] = {H5S_UNLIMITED, s->cols};
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE), type = file_type(s->size, big_endian);
    hid_t native = file_type(s->size, false);
    H5Pset_chunk(plist, rank, chunk);
    uint64_t fill = 0x1122334455667788u;
    H5Pset_fill_value(plist, native, &fill);
    bool sum_first = below(4) == 0;
    if (sum_first)
        H5Pset_fletcher32(plist);
    H5Pset_shuffle(plist);
    if (below(4))
        H5Pset_deflate(plist, 3);
    if (!sum_first && below(3) == 0)
        H5Pset_fletcher32(plist);
    hid_t space = H5Screate_simple(rank, dims, max);
    hid_t ds = H5Dcreate2(file, s->path, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(ds >= 0);
    size_t n_chunks = (s->rows + s->chunk_rows - 1) / s->chunk_rows;
    for (size_t c = 0; c < n_chunks; c++) {
        hsize_t start[2] = {c * s->chunk_rows, 0}, count[2] = {s->chunk_rows, s->cols};
        if (start[0] + count[0] > s->rows)
            count[0] = s->rows - start[0];
        uint8_t *from = s->want + start[0] * s->cols * s->size;
        if (below(6) == 0) {
            for (size_t i = 0; i < count[0] * s->cols; i++)
                memcpy(from + i * s->size, &fill, s->size);
            continue;
        }
        if (bare && below(3) == 0) {
            write_bare(ds, s, c, big_endian);
            continue;
        }
        hid_t mem = H5Screate_simple(rank, count, NULL);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        assert_true(H5Dwrite(ds, native, mem, space, H5P_DEFAULT, from) >= 0);
        H5Sclose(mem);
    }
    H5Dclose(ds);
    H5Sclose(space);
    H5Tclose(type);
    H5Tclose(native);
    H5Pclose(plist);
}

static void check_rows(const set *s, const uint8_t *got, const uint64_t *rows, size_t n,
                       size_t col, const char *how)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(got + i * s->size, s->want + (rows[i] * s->cols + col) * s->size,
                   s->size) != 0)
            fail_msg("%s %s: row %zu of %zu, column %zu; %zu rows, chunks of %zu, "
                     "elements of %zu",
                     s->path, how, i, n, col, s->rows, s->chunk_rows, s->size);
}

typedef struct seen {
    const set *s;
    size_t col;
    uint64_t n;
} seen;

static zagg_status on_piece(void *user, size_t slot, uint64_t first, size_t n,
                            const void *const *cols, void **result, zagg_err *err)
{
    (void)slot;
    (void)result;
    (void)err;
    seen *v = user;
    uint64_t rows[MAX_ROWS];
    for (size_t i = 0; i < n; i++)
        rows[i] = first + i;
    check_rows(v->s, cols[0], rows, n, v->col, "scan");
    v->n += n;
    return ZAGG_OK;
}

/* Every way of reading, with one row in `one_in`, some of them twice, or runs of rows. */
static void check_column(const set *s, zagg_h5_column column, size_t col, size_t one_in)
{
    uint64_t rows[2 * MAX_ROWS];
    uint8_t got[2 * MAX_ROWS * MAX_SIZE];
    zagg_rows ranges[MAX_ROWS];
    size_t n = 0, n_ranges = 0, total = 0;
    for (size_t i = 0; i < s->rows; i++)
        if (below(one_in) == 0) {
            rows[n++] = i;
            if (below(10) == 0)
                rows[n++] = i;
        }
    assert_int_equal(zagg_h5_gather(column, rows, n, NULL, got, NULL), ZAGG_OK);
    check_rows(s, got, rows, n, col, "gather");
    for (size_t at = below(one_in); at < s->rows; at += 1 + below(2 * one_in)) {
        size_t end = at + below(2 * one_in + 60);
        end = end < s->rows ? end : s->rows;
        ranges[n_ranges++] = (zagg_rows){at, end};
        for (; at < end; at++)
            rows[total++] = at;
    }
    assert_int_equal(zagg_h5_read(column, ranges, n_ranges, NULL, got, NULL), ZAGG_OK);
    check_rows(s, got, rows, total, col, "read");
    assert_int_equal(zagg_h5_gather(column, rows, total, NULL, got, NULL), ZAGG_OK);
    check_rows(s, got, rows, total, col, "gather of runs");
    seen v = {s, col, 0};
    assert_int_equal(
        zagg_h5_scan(&column, 1, ranges, n_ranges, NULL, on_piece, NULL, NULL, &v, NULL),
        ZAGG_OK);
    assert_int_equal(v.n, total);
}

static void all_ways_agree(void **state)
{
    (void)state;
    static set sets[SETS];
    static const size_t densities[] = {1, 2, 5, 20, 150};
    char *dir = make_temp_dir(), path[512];
    seed = 7;
    snprintf(path, sizeof path, "%s/fused.h5", dir);
    hid_t out = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(out >= 0);
    for (int k = 0; k < SETS; k++)
        write_set(out, &sets[k], k);
    assert_true(H5Fclose(out) >= 0);
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    assert_int_equal(zagg_source_open_file(path, &source, NULL), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &file, NULL), ZAGG_OK);
    for (int k = 0; k < SETS; k++)
        for (size_t col = 0; col < sets[k].cols; col += 2)
            for (size_t d = 0; d < sizeof densities / sizeof *densities; d++) {
                zagg_h5_column column = {NULL, sets[k].cols > 1 ? (int64_t)col : -1};
                assert_int_equal(
                    zagg_h5_dataset_open(file, sets[k].path, &column.dataset, NULL),
                    ZAGG_OK);
                check_column(&sets[k], column, col, densities[d]);
            }
    zagg_h5_close(file);
    zagg_source_close(source);
    remove_tree(dir);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_ways_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
