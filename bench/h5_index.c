/* h5_index [CHUNKS [ROUNDS]]: how long it takes to open a dataset and walk its whole
 * chunk index, for every kind of index that HDF5 files have. The files are written by
 * libhdf5 into the folder for temporary files, and are in the page cache when they are
 * read.
 *
 * h5_index GRANULE DATASET [ROUNDS]: the same for a dataset that is there. */
#include "base/base.h"
#include "zagg/h5.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROWS_PER_CHUNK 4
#define MAX_ROUNDS 101

static const struct {
    const char *name;
    bool latest;   /* data layout version 4 */
    int unlimited; /* axes */
    bool early;    /* allocation, which gives an implicit index */
    bool deflate;
} kinds[] = {{"B-tree v1", false, 0, false, false},
             {"B-tree v1, deflate", false, 0, false, true},
             {"implicit", true, 0, true, false},
             {"fixed array", true, 0, false, false},
             {"fixed array, deflate", true, 0, false, true},
             {"extensible array", true, 1, false, false},
             {"extensible array, deflate", true, 1, false, true},
             {"B-tree v2", true, 2, false, false},
             {"B-tree v2, deflate", true, 2, false, true}};

static bool write_file(const char *path, size_t kind, hsize_t chunks)
{
    hsize_t rows = chunks * ROWS_PER_CHUNK, dims[2] = {rows, 1}, max[2] = {rows, 1};
    const hsize_t chunk[2] = {ROWS_PER_CHUNK, 1};
    int rank = kinds[kind].unlimited > 1 ? 2 : 1;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), plist = H5Pcreate(H5P_DATASET_CREATE);
    if (kinds[kind].latest)
        H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    for (int i = 0; i < kinds[kind].unlimited; i++)
        max[i] = H5S_UNLIMITED;
    H5Pset_chunk(plist, rank, chunk);
    if (kinds[kind].early)
        H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
    if (kinds[kind].deflate)
        H5Pset_deflate(plist, 1);
    float *values = calloc(rows, sizeof *values);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    hid_t space = H5Screate_simple(rank, dims, max);
    hid_t ds =
        H5Dcreate2(file, "h_ph", H5T_IEEE_F32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    bool ok = values && ds >= 0 &&
              H5Dwrite(ds, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    H5Dclose(ds);
    H5Sclose(space);
    ok = H5Fclose(file) >= 0 && ok;
    H5Pclose(plist);
    H5Pclose(access);
    free(values);
    return ok;
}

/* Seconds from the open file source to the whole index. */
static zagg_status walk_once(zagg_source *source, const char *dataset,
                             zagg_h5_storage *out, double *took_s, double *cpu_s,
                             zagg_err *err)
{
    clock_t cpu = clock();
    zagg_h5 *file = NULL;
    zagg_h5_dataset *ds = NULL;
    double start = zg_clock_mono_s();
    zagg_status st = zagg_h5_open(source, NULL, &file, err);
    if (st == ZAGG_OK)
        st = zagg_h5_dataset_open(file, dataset, &ds, err);
    if (st == ZAGG_OK)
        st = zagg_h5_storage_read(ds, out, err);
    *took_s = zg_clock_mono_s() - start;
    *cpu_s = (double)(clock() - cpu) / CLOCKS_PER_SEC;
    zagg_h5_close(file);
    return st;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static zagg_status measure(const char *path, const char *dataset, const char *label,
                           size_t rounds, zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5_storage storage = {0, 0, 0};
    double took_s[MAX_ROUNDS] = {0}, cpu_s[MAX_ROUNDS] = {0};
    ZAGG_TRY(zagg_source_open_file(path, &source, err));
    zagg_status st = ZAGG_OK;
    for (size_t i = 0; i < rounds && st == ZAGG_OK; i++)
        st = walk_once(source, dataset, &storage, &took_s[i], &cpu_s[i], err);
    zagg_source_close(source);
    qsort(took_s, rounds, sizeof *took_s, by_value);
    qsort(cpu_s, rounds, sizeof *cpu_s, by_value);
    if (st == ZAGG_OK)
        printf("| %s | %llu | %.1f | %.1f | %.1f | %.1f |\n", label,
               (unsigned long long)storage.chunks, took_s[0] * 1e3,
               took_s[rounds / 2] * 1e3, took_s[rounds - 1] * 1e3,
               cpu_s[rounds / 2] * 1e3);
    return st;
}

/* Files of all kinds, one after another in the same place. */
static int measure_kinds(size_t chunks, size_t rounds, zagg_err *err)
{
    const char *folder = getenv("TMPDIR");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/zagg-h5-index-%ld.h5", folder ? folder : "/tmp",
                   (long)getpid());
    int status = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && status == 0; i++) {
        if (!write_file(path, i, (hsize_t)chunks))
            status = 1;
        else if (measure(path, "/h_ph", kinds[i].name, rounds, err) != ZAGG_OK)
            status = 1;
    }
    (void)unlink(path);
    return status;
}

int main(int argc, char **argv)
{
    /* a granule is no number */
    int is_file = argc > 2 && strtoull(argv[1], NULL, 10) == 0;
    unsigned long long chunks = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    const char *text = is_file ? argv[3] : argc > 2 ? argv[2] : NULL;
    unsigned long long rounds = text ? strtoull(text, NULL, 10) : 21;
    zagg_err err = ZAGG_ERR_INIT;
    if ((!is_file && (chunks < 1 || chunks > 10000000)) || rounds < 1 ||
        rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: h5_index [CHUNKS [ROUNDS]]\n"
                        "       h5_index GRANULE DATASET [ROUNDS]\n");
        return 2;
    }
    printf("| index | chunks | best ms | median ms | worst ms | CPU ms (median) |\n"
           "|---|---|---|---|---|---|\n");
    int status = is_file
                     ? measure(argv[1], argv[2], argv[2], (size_t)rounds, &err) != ZAGG_OK
                     : measure_kinds((size_t)chunks, (size_t)rounds, &err);
    if (status != 0)
        fprintf(stderr, "h5_index: %s\n", err.msg);
    return status;
}
