/* Reads one column of a dataset of an HDF5 file and says what is in it:
 *
 *     read_column FILE DATASET [COLUMN]
 *     read_column ATL03.h5 /gt1l/heights/h_ph
 *
 *     cc -std=c17 read_column.c $(pkg-config --cflags --libs --static zagg) -o
 * read_column
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zagg/h5.h>
#include <zagg/io.h>

/* Element i as a double, whatever the type of the dataset. */
static double value(zagg_dtype dtype, const unsigned char *data, size_t i)
{
    const unsigned char *at = data + i * zagg_dtype_size(dtype);
    const size_t size = zagg_dtype_size(dtype);
    if (dtype == ZAGG_DT_F64) {
        double v;
        memcpy(&v, at, sizeof v);
        return v;
    }
    if (dtype == ZAGG_DT_F32) {
        float v;
        memcpy(&v, at, sizeof v);
        return (double)v;
    }
    uint64_t bits = 0; /* zagg runs on little-endian machines */
    memcpy(&bits, at, size);
    if (!zagg_dtype_is_signed_int(dtype))
        return (double)bits;
    const uint64_t sign = (uint64_t)1 << (8 * size - 1);
    return (double)(int64_t)((bits ^ sign) - sign);
}

static void print_column(const zagg_h5_info *info, const unsigned char *data, size_t n)
{
    double min = 0, max = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double v = value(info->dtype, data, i);
        min = i == 0 || v < min ? v : min;
        max = i == 0 || v > max ? v : max;
        sum += v;
    }
    printf("%s: %zu values of type %s\n", info->path, n, zagg_dtype_name(info->dtype));
    if (n)
        printf("min %g, mean %g, max %g\n", min, sum / (double)n, max);
}

static zagg_status read_column(const char *path, const char *dataset, int64_t column,
                               zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_h5_column of = {NULL, column};
    unsigned char *data = NULL;

    zagg_status status = zagg_source_open_file(path, &source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(source, NULL, &file, err);
    if (status == ZAGG_OK)
        status = zagg_h5_dataset_open(file, dataset, &of.dataset, err);
    if (status == ZAGG_OK) {
        const zagg_h5_info info = zagg_h5_dataset_info(of.dataset);
        const zagg_rows all = {0, info.rank ? info.dims[0] : 1};
        const size_t n = (size_t)all.end;
        data = calloc(n + 1, zagg_dtype_size(info.dtype));
        if (data == NULL)
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu values", n);
        else
            status = zagg_h5_read(of, &all, 1, NULL, data, err);
        if (status == ZAGG_OK)
            print_column(&info, data, n);
    }
    free(data);
    zagg_h5_close(file);
    zagg_source_close(source);
    return status;
}

int main(int argc, char **argv)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: read_column FILE DATASET [COLUMN]\n");
        return 2;
    }
    const int64_t column = argc == 4 ? strtoll(argv[3], NULL, 10) : -1;
    if (read_column(argv[1], argv[2], column, &err) != ZAGG_OK) {
        fprintf(stderr, "read_column: %s\n", err.msg);
        return 1;
    }
    return 0;
}
