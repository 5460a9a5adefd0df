/* Fields that upstream's own statistics make: digests, composition words, waveforms. */
#include "core/fields.h"
#include "expr/value.h"

#include <string.h>

static zagg_status digest_cell(const zg_chunk_rows *chunk, const zg_field_plan *f,
                               const zagg_digest_rows *rows, uint32_t cell,
                               const zg_field_out *out, zagg_err *err)
{
    zagg_digest digest;
    ZAGG_TRY(zagg_digest_build(chunk->memory->digest, rows, f->calc.delta, &digest, err));
    if (digest.n == 0)
        return ZAGG_OK;
    ZAGG_TRY(zg_carrier_append(out->carrier, out->first, cell, digest.centroids, digest.n,
                               err));
    size_t column = out->first + 1;
    if (rows->locations)
        ZAGG_TRY(zg_carrier_append(out->carrier, column++, cell, digest.locations,
                                   digest.n, err));
    if (rows->times)
        return zg_carrier_append(out->carrier, column, cell, digest.times, digest.n, err);
    return ZAGG_OK;
}

/* Time words of the rows of a batch; NULL where the field wants none. */
static zagg_status times_of(const zg_batch *b, const zg_calc *calc,
                            const uint64_t **times, zagg_err *err)
{
    const zg_chunk_rows *chunk = b->chunk;
    const zagg_worker *w = chunk->worker;
    const size_t n = b->bounds[b->n] - b->row;
    zg_vec *words = &chunk->memory->times;
    *times = NULL;
    if (!calc->times)
        return ZAGG_OK;
    if (!zg_vec_reserve(words, n))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the times of %zu rows", n);
    const zagg_dtype dtype = chunk->dtypes[w->clock_column];
    ZAGG_TRY(zg_clock_words(&w->clock, dtype,
                            (const uint8_t *)chunk->columns[w->clock_column] +
                                b->row * zagg_dtype_size(dtype),
                            n, words->data, err));
    *times = words->data;
    return ZAGG_OK;
}

/* The row mask of a batch: any number is a truth value. */
static zagg_status mask_of(const zg_batch *b, const zg_calc *calc, const uint8_t **mask,
                           size_t *bad, zagg_err *err)
{
    zagg_expr_result result;
    const size_t n = b->bounds[b->n] - b->row;
    void *kept;
    *mask = NULL;
    if (calc->row_args[0] == ZG_NO_TEXT)
        return ZAGG_OK;
    ZAGG_TRY(zg_batch_run(b, calc->row_args[0], &result, bad, err));
    if (result.type.rank != 1 || result.offsets[b->n] - result.offsets[0] != n)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "params.where: one truth value for each row is needed");
    ZAGG_TRY(zg_memory_scratch(b->chunk->memory, n, &kept, err));
    zg_cast(result.type.dtype, result.data, ZAGG_DT_BOOL, kept, n);
    *mask = kept;
    return ZAGG_OK;
}

static zagg_status digest_batch(const zg_batch *b, const zg_field_plan *f,
                                const zg_field_out *out, size_t *bad, zagg_err *err)
{
    const zg_chunk_rows *chunk = b->chunk;
    const zg_calc *calc = &f->calc;
    const zagg_dtype dtype = chunk->dtypes[calc->source];
    const uint8_t *values = chunk->columns[calc->source], *mask;
    const uint64_t *times;
    const uint64_t *words =
        calc->locations == ZG_NO_COLUMN ? NULL : chunk->columns[calc->locations];
    ZAGG_TRY(mask_of(b, calc, &mask, bad, err));
    ZAGG_TRY(times_of(b, calc, &times, err));
    for (size_t i = 0; i < b->n; i++) {
        const size_t first = b->bounds[i];
        const zagg_digest_rows rows = {
            .n = b->bounds[i + 1] - first,
            .dtype = dtype,
            .values = values + first * zagg_dtype_size(dtype),
            .where = mask ? mask + (first - b->row) : NULL,
            .locations = words ? words + first : NULL,
            .times = times ? times + (first - b->row) : NULL,
        };
        *bad = i;
        ZAGG_TRY(digest_cell(chunk, f, &rows, chunk->cells[b->first + i], out, err));
    }
    return ZAGG_OK;
}

zagg_status zg_statistic_field(const zg_chunk_rows *chunk, const zg_field_plan *f,
                               zg_batch *b, const zg_field_out *out, zagg_err *err)
{
    while (zg_batch_next(b)) {
        size_t bad = 0;
        const zagg_status status = digest_batch(b, f, out, &bad, err);
        if (status != ZAGG_OK)
            return zg_cell_failed(chunk, f, b->first + bad, status, err);
    }
    return ZAGG_OK;
}
