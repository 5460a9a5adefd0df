#include "h5_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const fixture_kind fixture_kinds[] = {{"old groups", false, 0},
                                      {"new groups", true, 0},
                                      {"user block", false, 1024},
                                      {"new groups behind a user block", true, 512}};
const size_t n_fixture_kinds = sizeof fixture_kinds / sizeof *fixture_kinds;

typedef struct dataset_spec {
    const char *name;
    hid_t type;
    int rank;
    hsize_t dims[2], chunk[2]; /* chunk 0: contiguous */
    const char *filters;       /* d deflate, s shuffle, f fletcher32, in this order */
    double fill;               /* 0: none set */
    hsize_t hole[2];           /* rows not written */
} dataset_spec;

static void apply_filters(hid_t plist, const char *filters)
{
    for (; *filters; filters++)
        if (*filters == 'd')
            assert_true(H5Pset_deflate(plist, 6) >= 0);
        else if (*filters == 's')
            assert_true(H5Pset_shuffle(plist) >= 0);
        else
            assert_true(H5Pset_fletcher32(plist) >= 0);
}

static void write_rows(hid_t ds, const dataset_spec *s, hsize_t begin, hsize_t end)
{
    if (begin >= end)
        return;
    hsize_t cols = s->rank > 1 ? s->dims[1] : 1, n = (end - begin) * cols;
    double *values = malloc(n * sizeof *values);
    assert_non_null(values);
    for (hsize_t i = 0; i < n;
         i++) /* integers that fit any type, irregular but compressible */
        values[i] = (double)((begin * cols + i) * 2654435761u % 1000003 % 119);
    hsize_t start[2] = {begin, 0}, count[2] = {end - begin, cols};
    hid_t file_space = H5Dget_space(ds), mem = H5Scopy(file_space);
    if (s->rank) {
        H5Sset_extent_simple(mem, s->rank, count, NULL);
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL);
    }
    assert_true(H5Dwrite(ds, H5T_NATIVE_DOUBLE, mem, file_space, H5P_DEFAULT, values) >=
                0);
    H5Sclose(mem);
    H5Sclose(file_space);
    free(values);
}

static void write_dataset(hid_t loc, const dataset_spec *s)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    if (s->chunk[0])
        assert_true(H5Pset_chunk(plist, s->rank, s->chunk) >= 0);
    apply_filters(plist, s->filters);
    if (s->fill != 0)
        assert_true(H5Pset_fill_value(plist, H5T_NATIVE_DOUBLE, &s->fill) >= 0);
    if (strcmp(s->name, "compact") == 0)
        assert_true(H5Pset_layout(plist, H5D_COMPACT) >= 0);
    const hsize_t max[2] = {H5S_UNLIMITED, s->dims[1]}; /* chunks may exceed the rows */
    hid_t space = s->rank ? H5Screate_simple(s->rank, s->dims, s->chunk[0] ? max : NULL)
                          : H5Screate(H5S_SCALAR);
    hid_t ds = H5Dcreate2(loc, s->name, s->type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(ds >= 0);
    write_rows(ds, s, 0, s->hole[1] ? s->hole[0] : s->dims[0]);
    if (s->hole[1])
        write_rows(ds, s, s->hole[1], s->dims[0]);
    H5Dclose(ds);
    H5Sclose(space);
    H5Pclose(plist);
}

static void write_types(hid_t loc)
{
    const hid_t types[] = {H5T_STD_I8LE,   H5T_STD_I16LE,  H5T_STD_I32LE, H5T_STD_I64LE,
                           H5T_STD_U8LE,   H5T_STD_U16LE,  H5T_STD_U32LE, H5T_STD_U64LE,
                           H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32BE, H5T_IEEE_F64BE,
                           H5T_STD_U16BE,  H5T_IEEE_F32BE};
    const char *const filters[] = {"", "d", "sd", "sdf", "f", "s", "fsd"};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
            char name[32];
            snprintf(name, sizeof name, "t%zu_%s", t, filters[f]);
            dataset_spec s = {.name = name,
                              .type = types[t],
                              .rank = 1,
                              .dims = {1003, 0},
                              .chunk = {100, 0},
                              .filters = filters[f]};
            write_dataset(loc, &s);
        }
}

static void write_layouts(hid_t loc)
{
    const hid_t f4 = H5T_IEEE_F32LE, f8 = H5T_IEEE_F64LE, i1 = H5T_STD_I8LE;
    const dataset_spec specs[] = {
        {"contiguous", f8, 1, {30011, 0}, {0, 0}, "", 0, {0, 0}},
        {"contiguous_2d", i1, 2, {30011, 5}, {0, 0}, "", 0, {0, 0}},
        {"contiguous_be", H5T_STD_I64BE, 1, {20011, 0}, {0, 0}, "", 0, {0, 0}},
        {"contiguous_unwritten", f4, 1, {70, 0}, {0, 0}, "", 7.5, {0, 70}},
        {"compact", f4, 1, {64, 0}, {0, 0}, "", 0, {0, 0}},
        {"holes", f4, 1, {5000, 0}, {64, 0}, "sd", 3.5, {500, 3000}},
        {"holes_be", H5T_STD_I16BE, 1, {5000, 0}, {64, 0}, "sd", 12, {500, 3000}},
        {"unwritten", f8, 1, {1000, 0}, {64, 0}, "sd", -1, {0, 1000}},
        {"empty", f8, 1, {0, 0}, {64, 0}, "sd", 0, {0, 0}},
        {"empty_2d", i1, 2, {0, 5}, {64, 5}, "sd", 0, {0, 0}},
        {"confidence", i1, 2, {3001, 5}, {256, 5}, "sd", 0, {0, 0}},
        {"wide", H5T_STD_I32LE, 2, {301, 23}, {16, 7}, "sd", 9, {100, 200}},
        {"one_column", f4, 2, {301, 1}, {16, 1}, "d", 0, {0, 0}},
        {"two_level_index", H5T_STD_I32LE, 1, {24001, 0}, {4, 0}, "", 0, {0, 0}},
        {"two_level_2d", i1, 2, {1201, 12}, {4, 5}, "d", 0, {0, 0}},
        {"large_chunks", f8, 1, {150000, 0}, {40000, 0}, "d", 0, {0, 0}},
        {"one_chunk", f8, 1, {100, 0}, {10000, 0}, "sd", 0, {0, 0}},
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        write_dataset(loc, &specs[i]);
}

/* Columns of one length on four grids, one with a hole. */
static void write_grids(hid_t file)
{
    static const struct {
        const char *name;
        hsize_t chunk;
        const char *filters;
    } grids[] = {{"a", 100, "sd"}, {"b", 257, "d"}, {"c", 0, ""}, {"d", 5000, ""}};
    hid_t group = H5Gcreate2(file, "grids", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (size_t i = 0; i < sizeof grids / sizeof *grids; i++) {
        dataset_spec s = {.name = grids[i].name,
                          .type = H5T_IEEE_F64LE,
                          .rank = 1,
                          .dims = {FIXTURE_GRID_ROWS, 0},
                          .chunk = {grids[i].chunk, 0},
                          .filters = grids[i].filters,
                          .fill = 1.5,
                          .hole = {i == 1 ? 300 : 0, i == 1 ? 6000 : 0}};
        write_dataset(group, &s);
    }
    H5Gclose(group);
}

/* A group with so many links that new-style files give it a fractal heap with indirect
 * blocks and a name index of several levels. */
static void write_crowd(hid_t file, const fixture_kind *kind)
{
    hid_t plist = H5Pcreate(H5P_GROUP_CREATE);
    if (kind->new_groups)
        assert_true(H5Pset_link_creation_order(plist, H5P_CRT_ORDER_TRACKED |
                                                          H5P_CRT_ORDER_INDEXED) >= 0);
    hid_t group = H5Gcreate2(file, "crowd", H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(group >= 0);
    for (int i = 0; i < FIXTURE_CROWD; i++) {
        char name[64];
        snprintf(name, sizeof name, "member_with_a_rather_long_name_%d", i);
        hid_t child = H5Gcreate2(group, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(child >= 0);
        H5Gclose(child);
    }
    dataset_spec s = {"values", H5T_STD_I32LE, 1, {100, 0}, {30, 0}, "d", 0, {0, 0}};
    write_dataset(group, &s);
    H5Gclose(group);
    H5Pclose(plist);
}

static void write_links(hid_t file)
{
    hid_t group = H5Gcreate2(file, "links", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(group >= 0);
    H5Lcreate_soft("/layouts/holes", group, "absolute", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("absolute", group, "relative", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/layouts", group, "to_group", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("round", group, "round", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/nowhere", group, "dangling", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("other.h5", "/x", group, "outside", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "/layouts/compact", group, "hard", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(group);
}

static void write_unsupported(hid_t file)
{
    hid_t group = H5Gcreate2(file, "refused", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hsize_t dims[1] = {10};
    hid_t space = H5Screate_simple(1, dims, NULL), text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 20);
    hid_t pair = H5Tcreate(H5T_COMPOUND, 12);
    H5Tinsert(pair, "a", 0, H5T_STD_I32LE);
    H5Tinsert(pair, "b", 4, H5T_IEEE_F64LE);
    hid_t named = H5Tcopy(H5T_STD_I32LE);
    H5Tcommit2(group, "type", named, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t types[] = {text, pair, named};
    const char *const names[] = {"text", "pair", "committed"};
    for (int i = 0; i < 3; i++)
        H5Dclose(H5Dcreate2(group, names[i], types[i], space, H5P_DEFAULT, H5P_DEFAULT,
                            H5P_DEFAULT));
    hid_t null = H5Screate(H5S_NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Dclose(H5Dcreate2(group, "null", H5T_STD_I32LE, null, H5P_DEFAULT, H5P_DEFAULT,
                        H5P_DEFAULT));
    H5Pset_chunk(plist, 1, dims);
    H5Pset_scaleoffset(plist, H5Z_SO_INT, 0);
    H5Dclose(H5Dcreate2(group, "scaled", H5T_STD_I32LE, space, H5P_DEFAULT, plist,
                        H5P_DEFAULT));
    H5Pclose(plist);
    H5Sclose(null);
    H5Tclose(named);
    H5Tclose(pair);
    H5Tclose(text);
    H5Sclose(space);
    H5Gclose(group);
}

void fixture_write(const fixture_kind *kind, const char *dir, char path[512])
{
    snprintf(path, 512, "%s/fixture.h5", dir);
    hid_t create = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
    if (kind->user_block)
        assert_true(H5Pset_userblock(create, kind->user_block) >= 0);
    if (kind->new_groups)
        assert_true(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, create, access);
    assert_true(file >= 0);
    hid_t group = H5Gcreate2(file, "types", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_types(group);
    H5Gclose(group);
    group = H5Gcreate2(file, "layouts", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_layouts(group);
    H5Gclose(group);
    dataset_spec scalar = {"scalar", H5T_IEEE_F64LE, 0, {1, 0}, {0, 0}, "", 0, {0, 0}};
    write_dataset(file, &scalar);
    write_grids(file);
    write_crowd(file, kind);
    write_links(file);
    write_unsupported(file);
    H5Pclose(create);
    H5Pclose(access);
    assert_true(H5Fclose(file) >= 0);
}
