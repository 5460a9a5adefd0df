/* h5_read READER GRANULE BEAM ROUNDS: read five columns of a beam and print, as one JSON
 * object, seconds of every round (wall, CPU), a checksum of what was read and the peak of
 * memory. READER is libhdf5, or zagg:THREADS.
 *
 * A round opens the file and reads lat_ph, lon_ph, h_ph, delta_time and signal_conf_ph:
 * libhdf5 all five confidences of each photon, zagg the first of them, which is what a
 * pipeline asks for. Both deliver the same columns. The first round gets fresh memory
 * for them; later rounds write over it. */
#include "base/base.h"
#include "codec/codec.h"
#include "zagg/h5.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_COLUMNS = 5, MAX_ROUNDS = 100, N_CONF = 5 };

static const struct {
    const char *name;
    size_t elem_size;
} columns[N_COLUMNS] = {
    {"lat_ph", 8}, {"lon_ph", 8}, {"h_ph", 4}, {"delta_time", 8}, {"signal_conf_ph", 1}};

typedef struct bench {
    const char *granule, *beam;
    int threads;           /* 0: libhdf5 */
    void *data[N_COLUMNS]; /* elements of each column, one confidence a photon */
    uint8_t *conf;         /* libhdf5: all confidences */
    size_t rows;
} bench;

static void dataset_path(const bench *b, size_t column, char *out, size_t size)
{
    (void)snprintf(out, size, "/%s/heights/%s", b->beam, columns[column].name);
}

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Memory for one column, made in the first round. */
static bool make_room(bench *b, void **place, size_t rows, size_t row_bytes)
{
    if (!*place) {
        *place = malloc(rows * row_bytes);
        b->rows = rows;
    }
    return *place && rows == b->rows;
}

/* ---- readers ---- */

static zagg_status read_zagg_columns(bench *b, zagg_h5 *file, zagg_pool *pool,
                                     zagg_err *err)
{
    char path[256];
    for (size_t i = 0; i < N_COLUMNS; i++) {
        zagg_h5_dataset *dataset;
        dataset_path(b, i, path, sizeof path);
        ZAGG_TRY(zagg_h5_dataset_open(file, path, &dataset, err));
        zagg_h5_info info = zagg_h5_dataset_info(dataset);
        if (zagg_dtype_size(info.dtype) != columns[i].elem_size ||
            !make_room(b, &b->data[i], (size_t)info.dims[0], columns[i].elem_size))
            return zagg_err_set(err, ZAGG_EFORMAT, "%s: not as expected, or no memory",
                                path);
        zagg_h5_column column = {dataset, info.rank == 2 ? 0 : -1};
        zagg_rows all = {0, info.dims[0]};
        ZAGG_TRY(zagg_h5_read(column, &all, 1, pool, b->data[i], err));
    }
    return ZAGG_OK;
}

static zagg_status read_zagg(bench *b, zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_pool *pool = NULL;
    zagg_status st = zagg_pool_new((unsigned)b->threads, &pool, err);
    if (st == ZAGG_OK)
        st = zagg_source_open_file(b->granule, &source, err);
    if (st == ZAGG_OK)
        st = zagg_h5_open(source, NULL, &file, err);
    if (st == ZAGG_OK)
        st = read_zagg_columns(b, file, pool, err);
    zagg_h5_close(file);
    zagg_source_close(source);
    zagg_pool_free(pool);
    return st;
}

static bool read_libhdf5_column(bench *b, hid_t file, size_t i)
{
    const hid_t types[N_COLUMNS] = {H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE,
                                    H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE,
                                    H5T_NATIVE_SCHAR};
    bool is_conf = i == N_COLUMNS - 1;
    char path[256];
    dataset_path(b, i, path, sizeof path);
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    hid_t space = H5Dget_space(dataset);
    hsize_t dims[2] = {0, 0};
    bool ok = H5Sget_simple_extent_ndims(space) == (is_conf ? 2 : 1) &&
              H5Sget_simple_extent_dims(space, dims, NULL) >= 0 &&
              (!is_conf || dims[1] == N_CONF);
    void **to = is_conf ? (void **)&b->conf : &b->data[i];
    ok = ok &&
         make_room(b, to, (size_t)dims[0],
                   columns[i].elem_size * (is_conf ? N_CONF : 1)) &&
         H5Dread(dataset, types[i], H5S_ALL, H5S_ALL, H5P_DEFAULT, *to) >= 0;
    H5Sclose(space);
    H5Dclose(dataset);
    return ok;
}

static zagg_status read_libhdf5(bench *b, zagg_err *err)
{
    hid_t file = H5Fopen(b->granule, H5F_ACC_RDONLY, H5P_DEFAULT);
    bool ok = file >= 0;
    for (size_t i = 0; i < N_COLUMNS && ok; i++)
        ok = read_libhdf5_column(b, file, i);
    if (file >= 0)
        H5Fclose(file);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_EIO, "libhdf5 cannot read it");
}

/* ---- report ---- */

/* Over all columns, one confidence a photon. */
static uint32_t checksum(bench *b)
{
    uint32_t sums[N_COLUMNS];
    if (b->conf) {
        uint8_t *first = malloc(b->rows);
        if (!first)
            return 0;
        for (size_t i = 0; i < b->rows; i++)
            first[i] = b->conf[i * N_CONF];
        b->data[N_COLUMNS - 1] = first;
    }
    for (size_t i = 0; i < N_COLUMNS; i++)
        sums[i] = zg_crc32c(b->data[i], b->rows * columns[i].elem_size);
    return zg_crc32c(sums, sizeof sums);
}

static void print_list(const char *name, const double *values, size_t n)
{
    printf("\"%s\": [", name);
    for (size_t i = 0; i < n; i++)
        printf("%s%.6f", i ? ", " : "", values[i]);
    printf("], ");
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: h5_read libhdf5|zagg:THREADS GRANULE BEAM ROUNDS\n");
        return 2;
    }
    bench b = {.granule = argv[2], .beam = argv[3]};
    if (strncmp(argv[1], "zagg:", 5) == 0)
        b.threads = (int)strtol(argv[1] + 5, NULL, 10);
    double wall[MAX_ROUNDS], cpu[MAX_ROUNDS];
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < rounds; i++) {
        double wall_start = zg_clock_mono_s(), cpu_start = cpu_s();
        zagg_status st = b.threads > 0 ? read_zagg(&b, &err) : read_libhdf5(&b, &err);
        wall[i] = zg_clock_mono_s() - wall_start;
        cpu[i] = cpu_s() - cpu_start;
        if (st != ZAGG_OK) {
            fprintf(stderr, "h5_read: %s\n", err.msg);
            return 1;
        }
    }
    uint64_t peak = zg_peak_rss_bytes();
    printf("{");
    print_list("wall_s", wall, rounds);
    print_list("cpu_s", cpu, rounds);
    printf("\"rows\": %zu, \"peak_bytes\": %llu, \"crc32c\": \"%08x\"}\n", b.rows,
           (unsigned long long)peak, checksum(&b));
    for (size_t i = 0; i < N_COLUMNS; i++)
        free(b.data[i]);
    free(b.conf);
    return 0;
}
