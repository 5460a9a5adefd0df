/* Aggregates one shard without writing a store, and prints the columns that come out:
 *
 *     one_shard CONFIG GRANULE...
 *     one_shard demo.yaml granules/a.h5 granules/b.h5
 *
 * The shard is the first that the first granule reaches.
 *
 *     cc -std=c17 one_shard.c $(pkg-config --cflags --libs --static zagg) -o one_shard
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zagg/core.h>

/* What a run over many shards would make once. */
typedef struct job {
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_pool *pool;
} job;

static zagg_status job_new(job *j, const char *config, zagg_err *err)
{
    zagg_status status = zagg_pipeline_load(config, NULL, &j->pipeline, err);
    if (status == ZAGG_OK)
        status =
            zagg_grid_from_pipeline(j->pipeline, ZAGG_LATITUDE_AUTHALIC, &j->grid, err);
    if (status == ZAGG_OK)
        status = zagg_worker_new(j->pipeline, j->grid, &j->worker, err);
    if (status == ZAGG_OK)
        status = zagg_pool_new(2, &j->pool, err);
    return status;
}

static void job_free(job *j)
{
    zagg_pool_free(j->pool);
    zagg_worker_free(j->worker);
    zagg_grid_free(j->grid);
    zagg_pipeline_free(j->pipeline);
}

static zagg_status first_shard(const job *j, const char *granule, uint64_t *key,
                               zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_arena *arena = NULL;
    uint64_t *keys = NULL;
    size_t n = 0;
    zagg_status status = zagg_source_open_file(granule, &source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(source, NULL, &file, err);
    if (status == ZAGG_OK)
        status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = zagg_worker_shard_keys(j->worker, file, j->pool, arena, &keys, &n, err);
    if (status == ZAGG_OK && n == 0)
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "%s reaches no shard", granule);
    if (status == ZAGG_OK)
        *key = keys[0];
    zagg_arena_free(arena);
    zagg_h5_close(file);
    zagg_source_close(source);
    return status;
}

/* Cells without photons hold NaN, or the fill value of an integer column. */
static void print_floats(const zagg_carrier_column *c, size_t n)
{
    double min = INFINITY, max = -INFINITY;
    size_t finite = 0;
    for (size_t i = 0; i < n; i++) {
        const double v = c->dtype == ZAGG_DT_F32 ? (double)((const float *)c->data)[i]
                                                 : ((const double *)c->data)[i];
        if (!isfinite(v))
            continue;
        finite++;
        min = v < min ? v : min;
        max = v > max ? v : max;
    }
    printf("  %-16s %-8s %zu values", c->name, zagg_dtype_name(c->dtype), finite);
    if (finite)
        printf(" from %.3f to %.3f", min, max);
    printf("\n");
}

static zagg_status print_carrier(void *user, const zagg_shard *shard,
                                 const zagg_carrier *carrier, zagg_err *err)
{
    (void)user;
    (void)shard;
    (void)err;
    if (carrier->cells_with_data == 0)
        return ZAGG_OK;
    printf("chunk %" PRIu64 ": %zu of %zu cells with data\n", carrier->chunk,
           carrier->cells_with_data, carrier->n_cells);
    for (size_t k = 0; k < carrier->n_columns; k++) {
        const zagg_carrier_column *c = &carrier->columns[k];
        /* ragged columns hold as many rows as their cells have together */
        const size_t rows =
            c->offsets ? (size_t)c->offsets[carrier->n_cells] : carrier->n_cells;
        if (zagg_dtype_is_float(c->dtype))
            print_floats(c, rows * c->width);
        else
            printf("  %-16s %s\n", c->name, zagg_dtype_name(c->dtype));
    }
    return ZAGG_OK;
}

static zagg_status run(job *j, const char *config, const char *const *granules, size_t n,
                       zagg_err *err)
{
    uint64_t key = 0;
    char label[40];
    zagg_shard_result result;
    ZAGG_TRY(job_new(j, config, err));
    ZAGG_TRY(first_shard(j, granules[0], &key, err));
    zagg_grid_shard_label(j->grid, key, label);
    printf("shard %s\n", label);
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    opts.pool = j->pool;
    ZAGG_TRY(zagg_process_shard(j->worker, key, granules, n, &opts, print_carrier, NULL,
                                &result, err));
    printf("%" PRIu64 " cells with data from %" PRIu64 " photons of %" PRIu64
           " granules\n",
           result.cells_with_data, result.total_obs, result.files_processed);
    if (result.failed)
        return zagg_err_set(err, ZAGG_EIO, "%s", result.error);
    return ZAGG_OK;
}

int main(int argc, char **argv)
{
    zagg_err err = ZAGG_ERR_INIT;
    job j;
    if (argc < 3) {
        fprintf(stderr, "usage: one_shard CONFIG GRANULE...\n");
        return 2;
    }
    memset(&j, 0, sizeof j);
    const zagg_status status =
        run(&j, argv[1], (const char *const *)(argv + 2), (size_t)argc - 2, &err);
    if (status != ZAGG_OK)
        fprintf(stderr, "one_shard: %s\n", err.msg);
    job_free(&j);
    return status == ZAGG_OK ? 0 : 1;
}
