/* zagg export: which cells become rows, chunk by chunk. */
#include "cli/export.h"

#include <string.h>

/* Is element `at` of a column of integers above 0? */
static bool is_positive(zagg_dtype dtype, const void *data, size_t at)
{
    const size_t size = zagg_dtype_size(dtype);
    const uint8_t *element = (const uint8_t *)data + at * size;
    bool any = false;
    for (size_t k = 0; k < size; k++)
        any |= element[k] != 0;
    return any && !(zagg_dtype_is_signed_int(dtype) && element[size - 1] >= 0x80);
}

static bool is_row(const export_job *job, const zagg_store_chunk *chunk, size_t cell)
{
    if (job->args->all_cells)
        return true;
    if (job->count < chunk->n_columns) {
        const zagg_store_column *c = &chunk->columns[job->count];
        return is_positive(c->field->dtype, c->data, cell);
    }
    for (size_t k = 0; k < chunk->n_columns; k++)
        if (job->telling[k] && zagg_store_has_data(chunk, k, cell))
            return true;
    return false;
}

/* Can any cell of this chunk be a row? */
static bool has_rows(const export_job *job, const zagg_store_chunk *chunk)
{
    bool any = job->args->all_cells || job->count < chunk->n_columns;
    for (size_t k = 0; k < chunk->n_columns; k++)
        any = any || (job->telling[k] && chunk->columns[k].stored);
    return any;
}

/* Leave out what lies outside the box. */
static void keep_box(export_job *job)
{
    size_t kept = 0;
    for (size_t i = 0; i < job->n_rows; i++) {
        if (!export_in_box(job, i))
            continue;
        job->rows[kept] = job->rows[i];
        job->x[kept] = job->x[i];
        job->y[kept] = job->y[i];
        job->lon[kept] = job->lon[i];
        job->lat[kept++] = job->lat[i];
    }
    job->n_rows = kept;
}

static zagg_status write_batch(export_job *job, const zagg_store_shard *shard,
                               const zagg_store_chunk *chunk, zagg_err *err)
{
    export_place_rows(job, chunk);
    keep_box(job);
    if (job->n_rows == 0)
        return ZAGG_OK;
    ZAGG_TRY(export_fill(job, shard, chunk, err));
    return zg_table_write(job->table, job->n_rows, job->values, err);
}

static zagg_status write_chunk(export_job *job, const zagg_store_shard *shard, uint64_t b,
                               zagg_err *err)
{
    zagg_store_chunk chunk;
    if (*job->stop != 0)
        return zagg_err_set(err, ZAGG_ECANCELLED, "interrupted; nothing was written");
    ZAGG_TRY(zagg_store_reader_chunk(job->reader, b, &chunk, err));
    if (!has_rows(job, &chunk))
        return ZAGG_OK;
    job->n_rows = 0;
    for (size_t cell = 0; cell < chunk.n_cells; cell++) {
        if (is_row(job, &chunk, cell))
            job->rows[job->n_rows++] = cell;
        if (job->n_rows == EXPORT_ROWS || cell + 1 == chunk.n_cells) {
            ZAGG_TRY(write_batch(job, shard, &chunk, err));
            job->n_rows = 0;
        }
    }
    return ZAGG_OK;
}

zagg_status export_rows(export_job *job, zagg_err *err)
{
    const zagg_store_group *g = job->group;
    for (size_t i = 0; i < g->n_shards; i++) {
        if (!export_box_meets(job, &g->shards[i], UINT64_MAX))
            continue;
        ZAGG_TRY(zagg_store_reader_shard(job->reader, i, err));
        for (uint64_t b = 0; b < g->grid.chunks_per_shard; b++)
            if (export_box_meets(job, &g->shards[i], b))
                ZAGG_TRY(write_chunk(job, &g->shards[i], b, err));
    }
    return ZAGG_OK;
}
