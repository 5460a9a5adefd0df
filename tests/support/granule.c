/* Small granules for tests, written through libhdf5. */
#include "support/granule.h"

#include "support/support.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>

struct granule_file {
    hid_t file, links;
};

granule_file *granule_create(const char *path)
{
    granule_file *g = malloc(sizeof *g);
    assert_non_null(g);
    g->file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    g->links = H5Pcreate(H5P_LINK_CREATE);
    assert_true(g->file >= 0 && g->links >= 0);
    assert_true(H5Pset_create_intermediate_group(g->links, 1) >= 0);
    return g;
}

void granule_close(granule_file *g)
{
    assert_true(H5Pclose(g->links) >= 0);
    assert_true(H5Fclose(g->file) >= 0);
    free(g);
}

static hid_t type_of(zagg_dtype dtype)
{
    switch (dtype) {
    case ZAGG_DT_I8:
        return H5T_STD_I8LE;
    case ZAGG_DT_I16:
        return H5T_STD_I16LE;
    case ZAGG_DT_I32:
        return H5T_STD_I32LE;
    case ZAGG_DT_I64:
        return H5T_STD_I64LE;
    case ZAGG_DT_U8:
        return H5T_STD_U8LE;
    case ZAGG_DT_U16:
        return H5T_STD_U16LE;
    case ZAGG_DT_U32:
        return H5T_STD_U32LE;
    case ZAGG_DT_U64:
        return H5T_STD_U64LE;
    case ZAGG_DT_F32:
        return H5T_IEEE_F32LE;
    case ZAGG_DT_F64:
        return H5T_IEEE_F64LE;
    default:
        fail_msg("no HDF5 type for %s", zagg_dtype_name(dtype));
        return -1;
    }
}

void granule_put(granule_file *g, const char *path, zagg_dtype dtype, granule_shape shape,
                 const void *data)
{
    const int rank = shape.columns ? 2 : 1;
    const hsize_t dims[2] = {shape.rows, shape.columns};
    const hsize_t chunk[2] = {shape.chunk_rows, shape.columns};
    const hsize_t most[2] = {H5S_UNLIMITED, shape.columns};
    const hid_t type = type_of(dtype), plist = H5Pcreate(H5P_DATASET_CREATE);
    if (shape.chunk_rows) {
        assert_true(H5Pset_chunk(plist, rank, chunk) >= 0);
        assert_true(H5Pset_shuffle(plist) >= 0);
        assert_true(H5Pset_deflate(plist, 4) >= 0);
    }
    const hid_t space = H5Screate_simple(rank, dims, shape.chunk_rows ? most : NULL);
    const hid_t set =
        H5Dcreate2(g->file, path, type, space, g->links, plist, H5P_DEFAULT);
    assert_true(set >= 0);
    if (shape.rows)
        assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(plist);
}

void granule_damage(const char *file, const char *path, size_t row)
{
    const hsize_t at[2] = {row, 0};
    unsigned mask;
    haddr_t address = 0;
    hsize_t bytes = 0;
    const hid_t id = H5Fopen(file, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t set = H5Dopen2(id, path, H5P_DEFAULT);
    assert_true(H5Dget_chunk_info_by_coord(set, at, &mask, &address, &bytes) >= 0);
    H5Dclose(set);
    H5Fclose(id);
    FILE *stream = fopen(file, "r+b");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, (long)address, SEEK_SET), 0);
    for (hsize_t i = 0; i < bytes; i++)
        assert_int_equal(fputc(0xff, stream), 0xff);
    assert_int_equal(fclose(stream), 0);
}
