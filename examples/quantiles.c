/* Quantiles of the t-digests that a store holds, cell by cell:
 *
 *     quantiles STORE FIELD Q...
 *     quantiles out h_tdigest 0.05 0.5 0.95
 *
 * A line for each of the first cells with a digest: the cell's position along the array,
 * how many values went into it, and its quantiles.
 *
 *     cc -std=c17 quantiles.c $(pkg-config --cflags --libs --static zagg) -o quantiles
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zagg/digest.h>
#include <zagg/zarr.h>

enum { MOST_Q = 16, MOST_LINES = 10, MOST_CENTROIDS = 1 << 16 };

typedef struct job {
    const zagg_zarr_array *array;
    size_t n_q;
    double q[MOST_Q];
    uint64_t n_cells; /* with a digest */
} job;

/* A payload is float32 pairs (mean, weight), at any address. */
static void print_cell(job *j, uint64_t cell, const void *payload, size_t bytes)
{
    static float centroids[2 * MOST_CENTROIDS];
    if (bytes == 0 || bytes > sizeof centroids || j->n_cells++ >= MOST_LINES)
        return;
    memcpy(centroids, payload, bytes);
    const zagg_digest digest = {.n = bytes / (2 * sizeof(float)), .centroids = centroids};
    double weight = 0;
    for (size_t i = 0; i < digest.n; i++)
        weight += (double)centroids[2 * i + 1];
    printf("cell %" PRIu64 ": %.0f values,", cell, weight);
    for (size_t i = 0; i < j->n_q; i++)
        printf(" %.4f", zagg_digest_quantile(&digest, j->q[i]));
    printf("\n");
}

static zagg_status take_chunk(void *user, const uint64_t *chunk, const void *data,
                              size_t n, zagg_err *err)
{
    job *j = user;
    (void)err;
    if (j->array->kind == ZAGG_ZARR_CSR) { /* as upstream 0.11 stores them */
        const zagg_zarr_csr *csr = data;
        for (size_t i = 0; i < csr->n_cells; i++) {
            const int64_t first = csr->offsets[i], end = csr->offsets[i + 1];
            print_cell(j, (uint64_t)csr->cell_ids[i],
                       (const float *)csr->values + 2 * first,
                       (size_t)(end - first) * 2 * sizeof(float));
        }
        return ZAGG_OK;
    }
    const zagg_bytes_view *cells = data;
    for (size_t i = 0; i < n; i++)
        print_cell(j, chunk[0] * j->array->chunk[0] + i, cells[i].data, cells[i].len);
    return ZAGG_OK;
}

static zagg_status read_field(const char *store, const char *field, job *j, zagg_err *err)
{
    zagg_sink *sink = NULL;
    zagg_zarr_reader *reader = NULL;
    zagg_status status = zagg_sink_open_dir(store, &sink, err);
    if (status == ZAGG_OK)
        status = zagg_zarr_open(sink, &reader, err);
    size_t i = 0;
    while (status == ZAGG_OK && i < zagg_zarr_reader_n(reader) &&
           strcmp(zagg_zarr_reader_array(reader, i)->name, field) != 0)
        i++;
    if (status == ZAGG_OK && i == zagg_zarr_reader_n(reader))
        status =
            zagg_err_set(err, ZAGG_ENOTFOUND, "%s holds no field '%s'", store, field);
    if (status == ZAGG_OK) {
        j->array = zagg_zarr_reader_array(reader, i);
        if (j->array->kind == ZAGG_ZARR_DENSE)
            status = zagg_err_set(err, ZAGG_EARG, "'%s' holds no digests", field);
        else
            status = zagg_zarr_read_chunks(reader, i, take_chunk, j, NULL, NULL, err);
    }
    zagg_zarr_reader_free(reader);
    zagg_sink_close(sink);
    return status;
}

int main(int argc, char **argv)
{
    job j = {.n_q = argc > 3 ? (size_t)argc - 3 : 0};
    zagg_err err = ZAGG_ERR_INIT;
    if (argc < 4 || j.n_q > MOST_Q) {
        fprintf(stderr, "usage: quantiles STORE FIELD Q...\n");
        return 2;
    }
    for (size_t i = 0; i < j.n_q; i++)
        j.q[i] = strtod(argv[3 + i], NULL);
    if (read_field(argv[1], argv[2], &j, &err) != ZAGG_OK) {
        fprintf(stderr, "quantiles: %s\n", err.msg);
        return 1;
    }
    printf("%" PRIu64 " cells with a digest\n", j.n_cells);
    return 0;
}
