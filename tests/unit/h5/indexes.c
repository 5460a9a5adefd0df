/* Every chunk index of data layout version 4 against libhdf5: files written in the format
 * of HDF5 1.10 with all indexes, one or two axes (the unlimited one first or last), with
 * and without filters, pages, partial edge chunks and unallocated chunks. */
#include "h5/h5.h"
#include "h5_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNLIMITED H5S_UNLIMITED

/* Rows written: [begin, end); the rest is unallocated. */
typedef struct rows {
    hsize_t begin, end;
} rows;

typedef struct index_spec {
    const char *name;
    zg_h5_index_kind kind;
    int rank;
    hsize_t dims[2], max[2], chunk[2];
    const char *filters; /* d deflate, s shuffle, f fletcher32; e edges without filters */
    rows written[4];     /* none: all of them */
    double fill;
    hsize_t final_dims[2]; /* set at last; 0: as they were */
    bool once;             /* so large that it is in the first file only */
} index_spec;

static const index_spec specs[] = {
    {"single", ZG_H5_INDEX_SINGLE, 1, {100}, {100}, {100}, .filters = ""},
    {"single_filtered", ZG_H5_INDEX_SINGLE, 1, {999}, {999}, {999}, .filters = "sd"},
    {"single_2d", ZG_H5_INDEX_SINGLE, 2, {50, 7}, {50, 7}, {50, 7}, .filters = "df"},
    {"single_unwritten",
     ZG_H5_INDEX_SINGLE,
     1,
     {100},
     {100},
     {100},
     .filters = "d",
     .written = {{100, 100}},
     .fill = 3},
    {"implicit", ZG_H5_INDEX_IMPLICIT, 1, {1003}, {1003}, {10}, .filters = "i"},
    {"implicit_2d", ZG_H5_INDEX_IMPLICIT, 2, {103, 9}, {103, 9}, {10, 4}, .filters = "i"},
    {"implicit_room",
     ZG_H5_INDEX_IMPLICIT,
     2,
     {33, 9},
     {99, 21},
     {10, 4},
     .filters = "i",
     .final_dims = {57, 13}},
    {"fixed", ZG_H5_INDEX_FIXED_ARRAY, 1, {1003}, {1003}, {10}, .filters = ""},
    {"fixed_filtered", ZG_H5_INDEX_FIXED_ARRAY, 1, {5000}, {5000}, {64}, .filters = "sd"},
    {"fixed_edges", ZG_H5_INDEX_FIXED_ARRAY, 1, {1003}, {1003}, {10}, .filters = "sde"},
    {"fixed_2d",
     ZG_H5_INDEX_FIXED_ARRAY,
     2,
     {301, 23},
     {301, 23},
     {16, 7},
     .filters = ""},
    {"fixed_2d_edges",
     ZG_H5_INDEX_FIXED_ARRAY,
     2,
     {301, 23},
     {301, 23},
     {16, 7},
     .filters = "sdfe"},
    {"fixed_room",
     ZG_H5_INDEX_FIXED_ARRAY,
     2,
     {40, 9},
     {400, 90},
     {16, 7},
     .filters = "d",
     .final_dims = {45, 24}},
    {"fixed_smaller",
     ZG_H5_INDEX_FIXED_ARRAY,
     2,
     {400, 24},
     {400, 24},
     {16, 7},
     .filters = "",
     .final_dims = {105, 9}},
    {"fixed_holes",
     ZG_H5_INDEX_FIXED_ARRAY,
     1,
     {3000},
     {3000},
     {10},
     .filters = "sd",
     .written = {{5, 95}, {300, 400}, {2990, 3000}},
     .fill = -7},
    {"fixed_unwritten",
     ZG_H5_INDEX_FIXED_ARRAY,
     1,
     {3000},
     {3000},
     {10},
     .filters = "",
     .written = {{0, 0}},
     .fill = -7},
    {"fixed_paged", ZG_H5_INDEX_FIXED_ARRAY, 1, {9001}, {9001}, {3}, .filters = ""},
    {"fixed_paged_holes",
     ZG_H5_INDEX_FIXED_ARRAY,
     1,
     {90000},
     {90000},
     {4},
     .once = true,
     .filters = "d",
     .written = {{0, 100}, {40000, 40400}, {89990, 90000}},
     .fill = 11},
    {"fixed_paged_2d",
     ZG_H5_INDEX_FIXED_ARRAY,
     2,
     {2000, 5},
     {2500, 6},
     {2, 2},
     .filters = ""},
    {"extensible",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {4321},
     {UNLIMITED},
     {10},
     .filters = ""},
    {"extensible_few",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {30},
     {UNLIMITED},
     {10},
     .filters = "s"},
    {"extensible_filtered",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {9999},
     {UNLIMITED},
     {16},
     .filters = "sdf"},
    {"extensible_edges",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {995},
     {UNLIMITED},
     {10},
     .filters = "de",
     .final_dims = {1003}},
    {"extensible_2d",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     2,
     {1001, 12},
     {UNLIMITED, 15},
     {4, 5},
     .filters = "d"},
    {"extensible_2d_last",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     2,
     {101, 12},
     {144, UNLIMITED},
     {4, 5},
     .filters = "d"},
    {"extensible_2d_last_holes",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     2,
     {501, 11},
     {501, UNLIMITED},
     {4, 1},
     .filters = "",
     .written = {{17, 99}, {400, 501}},
     .fill = 2},
    {"extensible_unwritten",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {500},
     {UNLIMITED},
     {10},
     .filters = "",
     .written = {{0, 0}},
     .fill = 4},
    {"extensible_smaller",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {5000},
     {UNLIMITED},
     {10},
     .filters = "",
     .final_dims = {123}},
    {"extensible_paged",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {140000},
     {UNLIMITED},
     {1},
     .once = true,
     .filters = "",
     .written = {{0, 300}, {131000, 131300}, {133000, 133050}, {139990, 140000}},
     .fill = 6},
    {"extensible_paged_filtered",
     ZG_H5_INDEX_EXTENSIBLE_ARRAY,
     1,
     {140000},
     {UNLIMITED},
     {1},
     .once = true,
     .filters = "d",
     .written = {{100, 300}, {132000, 132300}, {139000, 139050}, {139990, 140000}},
     .fill = 6},
    {"btree",
     ZG_H5_INDEX_BTREE2,
     2,
     {101, 12},
     {UNLIMITED, UNLIMITED},
     {4, 5},
     .filters = ""},
    {"btree_filtered",
     ZG_H5_INDEX_BTREE2,
     2,
     {501, 12},
     {UNLIMITED, UNLIMITED},
     {4, 5},
     .filters = "sd"},
    {"btree_edges",
     ZG_H5_INDEX_BTREE2,
     2,
     {99, 12},
     {UNLIMITED, UNLIMITED},
     {4, 5},
     .filters = "dfe",
     .final_dims = {103, 13}},
    {"btree_deep",
     ZG_H5_INDEX_BTREE2,
     2,
     {8000, 3},
     {UNLIMITED, UNLIMITED},
     {2, 1},
     .once = true,
     .filters = "",
     .written = {{100, 7900}},
     .fill = 9},
    {"btree_deep_filtered",
     ZG_H5_INDEX_BTREE2,
     2,
     {6000, 2},
     {UNLIMITED, UNLIMITED},
     {1, 2},
     .once = true,
     .filters = "d"},
};

static void apply(hid_t plist, const index_spec *s)
{
    assert_true(H5Pset_chunk(plist, s->rank, s->chunk) >= 0);
    for (const char *f = s->filters; *f; f++) {
        herr_t done = -1;
        if (*f == 'd')
            done = H5Pset_deflate(plist, 6);
        else if (*f == 's')
            done = H5Pset_shuffle(plist);
        else if (*f == 'f')
            done = H5Pset_fletcher32(plist);
        else if (*f == 'e')
            done = H5Pset_chunk_opts(plist, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
        else if (*f == 'i')
            done = H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
        assert_true(done >= 0);
    }
    if (s->fill != 0)
        assert_true(H5Pset_fill_value(plist, H5T_NATIVE_DOUBLE, &s->fill) >= 0);
}

static void write_rows(hid_t ds, const index_spec *s, rows r)
{
    hsize_t cols = s->rank > 1 ? s->dims[1] : 1, n = (r.end - r.begin) * cols;
    if (n == 0)
        return;
    double *values = malloc(n * sizeof *values);
    assert_non_null(values);
    for (hsize_t i = 0; i < n; i++)
        values[i] = (double)((r.begin * cols + i) * 2654435761u % 1000003 % 30011);
    hsize_t start[2] = {r.begin, 0}, count[2] = {r.end - r.begin, cols};
    hid_t file_space = H5Dget_space(ds), mem = H5Screate_simple(s->rank, count, NULL);
    H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL);
    assert_true(H5Dwrite(ds, H5T_NATIVE_DOUBLE, mem, file_space, H5P_DEFAULT, values) >=
                0);
    H5Sclose(mem);
    H5Sclose(file_space);
    free(values);
}

static void write_index(hid_t file, const index_spec *s, hid_t type)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    apply(plist, s);
    hid_t space = H5Screate_simple(s->rank, s->dims, s->max);
    hid_t ds = H5Dcreate2(file, s->name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(ds >= 0);
    bool some = s->written[0].end || s->fill != 0;
    for (size_t i = 0; some && i < sizeof s->written / sizeof *s->written; i++)
        write_rows(ds, s, s->written[i]);
    if (!some)
        write_rows(ds, s, (rows){0, s->dims[0]});
    if (s->final_dims[0])
        assert_true(H5Dset_extent(ds, s->final_dims) >= 0);
    H5Dclose(ds);
    H5Sclose(space);
    H5Pclose(plist);
}

/* What the file is like around its datasets. */
typedef struct file_kind {
    const char *name;
    H5F_libver_t low;
    hid_t type;
    bool paged;
    H5F_fspace_strategy_t strategy;
    hsize_t page_bytes;
    bool persist;
    hsize_t user_block;
    bool large; /* with what is in one file only */
} file_kind;

static void write_file(const file_kind *k, const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), create = H5Pcreate(H5P_FILE_CREATE);
    assert_true(H5Pset_libver_bounds(access, k->low, H5F_LIBVER_LATEST) >= 0);
    assert_true(H5Pset_file_space_strategy(create, k->strategy, k->persist, 1) >= 0);
    if (k->page_bytes)
        assert_true(H5Pset_file_space_page_size(create, k->page_bytes) >= 0);
    if (k->user_block)
        assert_true(H5Pset_userblock(create, k->user_block) >= 0);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, create, access);
    assert_true(file >= 0);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        if (k->large || !specs[i].once)
            write_index(file, &specs[i], k->type);
    /* free space for those strategies that keep track of it */
    assert_true(H5Ldelete(file, "fixed_filtered", H5P_DEFAULT) >= 0);
    write_index(file, &specs[8], k->type);
    assert_true(H5Fclose(file) >= 0);
    H5Pclose(access);
    H5Pclose(create);
}

/* That the file does contain what it was written for. */
static size_t check_kinds(const char *path, bool large)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_source_open_file(path, &source, &err), ZAGG_OK);
    if (zagg_h5_open(source, NULL, &file, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    size_t n = 0;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        zagg_h5_dataset *ds = NULL;
        if (specs[i].once && !large)
            continue;
        n++;
        if (zagg_h5_dataset_open(file, specs[i].name, &ds, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        if (ds->index_kind != specs[i].kind)
            fail_msg("%s: index of kind %d", specs[i].name, (int)ds->index_kind);
        assert_true(ds->edges_unfiltered == (strchr(specs[i].filters, 'e') != NULL));
    }
    zagg_h5_close(file);
    zagg_source_close(source);
    return n;
}

static void all_indexes(void **state)
{
    (void)state;
    const file_kind kinds[] = {
        {"1.10", H5F_LIBVER_V110, H5T_STD_I32LE, .strategy = H5F_FSPACE_STRATEGY_FSM_AGGR,
         .large = true},
        {"latest, big endian, free space kept", H5F_LIBVER_LATEST, H5T_IEEE_F64BE,
         .strategy = H5F_FSPACE_STRATEGY_FSM_AGGR, .persist = true},
        {"pages of 4096", H5F_LIBVER_V110, H5T_IEEE_F32LE,
         .strategy = H5F_FSPACE_STRATEGY_PAGE, .page_bytes = 4096, .persist = true},
        {"pages of 1 MiB behind a user block", H5F_LIBVER_V110, H5T_STD_U16BE,
         .strategy = H5F_FSPACE_STRATEGY_PAGE, .page_bytes = 1 << 20,
         .user_block = 1 << 20},
        {"no free space", H5F_LIBVER_V110, H5T_STD_I16LE,
         .strategy = H5F_FSPACE_STRATEGY_NONE},
        {"aggregation", H5F_LIBVER_V110, H5T_STD_I64LE,
         .strategy = H5F_FSPACE_STRATEGY_AGGR},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        case_report report = {.set = kinds[i].name};
        char *dir = make_temp_dir(), path[512];
        snprintf(path, sizeof path, "%s/indexes.h5", dir);
        write_file(&kinds[i], path);
        size_t n = check_kinds(path, kinds[i].large);
        compare_file(path, &report);
        compare_file_remote(path, &report);
        remove_tree(dir);
        zg_free(dir);
        report_end(&report, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_indexes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
