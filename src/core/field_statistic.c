/* Fields that upstream's own statistics make: digests, composition words, waveforms,
 * envelopes of time. */
#include "core/fields.h"
#include "expr/value.h"

#include <string.h>

/* ---- values for each row of a batch ---- */

/* A parameter for the rows of a batch: what an expression gave, kept in the memory that
 * the next expression does not touch. */
static zagg_status row_values(const zg_batch *b, size_t text, const char *name,
                              size_t part, size_t n_parts, zagg_values *out, size_t *bad,
                              zagg_err *err)
{
    zagg_expr_result result;
    const size_t n = b->bounds[b->n] - b->row;
    void *kept;
    ZAGG_TRY(zg_batch_run(b, text, &result, bad, err));
    if (result.type.rank != 1 || result.offsets[b->n] != n)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "params.%s: one value for each row is needed", name);
    ZAGG_TRY(
        zg_memory_scratch(b->chunk->memory, n_parts * n * sizeof(double), &kept, err));
    kept = (char *)kept + part * n * sizeof(double);
    memcpy(kept, result.data, n * zagg_dtype_size(result.type.dtype));
    *out = (zagg_values){result.type.dtype, kept};
    return ZAGG_OK;
}

/* The values from row `first` of the batch on. */
static zagg_values from_row(zagg_values v, size_t first)
{
    v.data = (const uint8_t *)v.data + first * zagg_dtype_size(v.dtype);
    return v;
}

static zagg_values source_rows(const zg_batch *b, const zg_calc *calc)
{
    const zagg_dtype dtype = b->chunk->dtypes[calc->source];
    return (zagg_values){dtype, (const uint8_t *)b->chunk->columns[calc->source] +
                                    b->row * zagg_dtype_size(dtype)};
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

/* ---- digests ---- */

static zagg_status keep_digest(const zagg_digest *digest, uint32_t cell,
                               const zg_field_out *out, zagg_err *err)
{
    size_t column = out->first;
    if (digest->n == 0)
        return ZAGG_OK;
    ZAGG_TRY(zg_carrier_append(out->carrier, column++, cell, digest->centroids, digest->n,
                               err));
    if (digest->locations)
        ZAGG_TRY(zg_carrier_append(out->carrier, column++, cell, digest->locations,
                                   digest->n, err));
    if (digest->times)
        return zg_carrier_append(out->carrier, column, cell, digest->times, digest->n,
                                 err);
    return ZAGG_OK;
}

/* The row mask of a batch: any number is a truth value. */
static zagg_status mask_of(const zg_batch *b, const zg_calc *calc, const uint8_t **mask,
                           size_t *bad, zagg_err *err)
{
    zagg_values values;
    const size_t n = b->bounds[b->n] - b->row;
    *mask = NULL;
    if (calc->row_args[0] == ZG_NO_TEXT)
        return ZAGG_OK;
    ZAGG_TRY(row_values(b, calc->row_args[0], "where", 0, 2, &values, bad, err));
    uint8_t *truth = (uint8_t *)(uintptr_t)values.data + n * sizeof(double);
    zg_cast(values.dtype, values.data, ZAGG_DT_BOOL, truth, n);
    *mask = truth;
    return ZAGG_OK;
}

static zagg_status digest_batch(const zg_batch *b, const zg_field_plan *f,
                                const zg_field_out *out, size_t *bad, zagg_err *err)
{
    const zg_chunk_rows *chunk = b->chunk;
    const zg_calc *calc = &f->calc;
    const zagg_values source = source_rows(b, calc);
    const uint8_t *mask;
    const uint64_t *times;
    const uint64_t *words =
        calc->locations == ZG_NO_COLUMN ? NULL : chunk->columns[calc->locations];
    ZAGG_TRY(mask_of(b, calc, &mask, bad, err));
    ZAGG_TRY(times_of(b, calc, &times, err));
    for (size_t i = 0; i < b->n; i++) {
        const size_t first = b->bounds[i] - b->row;
        const zagg_digest_rows rows = {
            .n = b->bounds[i + 1] - b->bounds[i],
            .dtype = source.dtype,
            .values = from_row(source, first).data,
            .where = mask ? mask + first : NULL,
            .locations = words ? words + b->bounds[i] : NULL,
            .times = times ? times + first : NULL,
        };
        zagg_digest digest;
        *bad = i;
        ZAGG_TRY(
            zagg_digest_build(chunk->memory->digest, &rows, calc->delta, &digest, err));
        ZAGG_TRY(keep_digest(&digest, chunk->cells[b->first + i], out, err));
    }
    return ZAGG_OK;
}

static zagg_status waveform_batch(const zg_batch *b, const zg_field_plan *f,
                                  const zg_field_out *out, size_t *bad, zagg_err *err)
{
    static const char *const NAMES[] = {"counts", "noise_mean", "noise_stddev"};
    const zg_chunk_rows *chunk = b->chunk;
    const zg_calc *calc = &f->calc;
    const zagg_values source = source_rows(b, calc);
    const uint64_t *times;
    zagg_values args[3];
    for (size_t k = 0; k < 3; k++)
        ZAGG_TRY(row_values(b, calc->row_args[k], NAMES[k], k, 3, &args[k], bad, err));
    ZAGG_TRY(times_of(b, calc, &times, err));
    for (size_t i = 0; i < b->n; i++) {
        const size_t first = b->bounds[i] - b->row;
        const zagg_waveform_rows rows = {
            .n = b->bounds[i + 1] - b->bounds[i],
            .values = from_row(source, first),
            .counts = from_row(args[0], first),
            .noise_mean = from_row(args[1], first),
            .noise_sd = from_row(args[2], first),
            .times = times ? times + first : NULL,
        };
        zagg_digest digest;
        *bad = i;
        ZAGG_TRY(zagg_digest_build_waveform(chunk->memory->digest, &rows,
                                            calc->number_args[0], calc->number_args[1],
                                            calc->delta, &digest, err));
        ZAGG_TRY(keep_digest(&digest, chunk->cells[b->first + i], out, err));
    }
    return ZAGG_OK;
}

/* ---- one value a cell ---- */

static zagg_status store(const zg_batch *b, const zg_field_out *out, size_t i,
                         zg_scalar value, zagg_err *err)
{
    zagg_carrier_column *column = &zg_carrier_columns(out->carrier)[out->first];
    return zg_scalar_store(value, column->dtype,
                           (uint8_t *)column->data + b->chunk->cells[b->first + i] *
                                                         zagg_dtype_size(column->dtype),
                           err);
}

static zagg_status composition_batch(const zg_batch *b, const zg_field_plan *f,
                                     const zg_field_out *out, size_t *bad, zagg_err *err)
{
    enum { N = ZAGG_COMPOSITION_SURFACES };
    const zg_calc *calc = &f->calc;
    const zagg_values source = source_rows(b, calc);
    zagg_values confidence[N];
    for (size_t k = 0; k < N; k++)
        ZAGG_TRY(
            row_values(b, calc->row_args[k], "conf_*", k, N, &confidence[k], bad, err));
    for (size_t i = 0; i < b->n; i++) {
        const size_t first = b->bounds[i] - b->row;
        zagg_values own[N];
        zagg_composition c;
        for (size_t k = 0; k < N; k++)
            own[k] = from_row(confidence[k], first);
        zagg_composition_pack(from_row(source, first), b->bounds[i + 1] - b->bounds[i],
                              own, (int64_t)calc->number_args[0], &c);
        *bad = i;
        ZAGG_TRY(store(b, out, i, (zg_scalar){ZAGG_DT_U64, {.u = c.word}}, err));
    }
    return ZAGG_OK;
}

static zagg_status shot_value(const zg_batch *b, const zg_calc *calc, zagg_values ids,
                              size_t n, zg_scalar *out, zagg_err *err)
{
    uint64_t id = 0;
    switch (calc->kind) {
    case ZG_CALC_SHOT_COUNT:
        out->dtype = ZAGG_DT_U64;
        return zagg_waveform_shot_count(b->chunk->memory->digest, ids, n, &out->v.u, err);
    case ZG_CALC_SHOT_NUMBER:
        zagg_waveform_shot_number(ids, n, &id);
        if (zagg_dtype_is_float(ids.dtype)) {
            out->dtype = ZAGG_DT_F64;
            zg_cast(ids.dtype, &id, ZAGG_DT_F64, &out->v.f, 1);
        } else {
            out->dtype = zagg_dtype_is_signed_int(ids.dtype) ? ZAGG_DT_I64 : ZAGG_DT_U64;
            zg_cast(ids.dtype, &id, out->dtype, &out->v, 1);
        }
        return ZAGG_OK;
    default:
        out->dtype = ZAGG_DT_F64;
        out->v.f = zagg_waveform_single_value(ids, n);
        return ZAGG_OK;
    }
}

static zagg_status shots_batch(const zg_batch *b, const zg_field_plan *f,
                               const zg_field_out *out, size_t *bad, zagg_err *err)
{
    const zagg_values source = source_rows(b, &f->calc);
    for (size_t i = 0; i < b->n; i++) {
        zg_scalar value = {ZAGG_DT_U64, {0}};
        *bad = i;
        ZAGG_TRY(shot_value(b, &f->calc, from_row(source, b->bounds[i] - b->row),
                            b->bounds[i + 1] - b->bounds[i], &value, err));
        ZAGG_TRY(store(b, out, i, value, err));
    }
    return ZAGG_OK;
}

static zagg_status envelope_batch(const zg_batch *b, const zg_field_plan *f,
                                  const zg_field_out *out, size_t *bad, zagg_err *err)
{
    const uint64_t *times;
    ZAGG_TRY(times_of(b, &f->calc, &times, err));
    for (size_t i = 0; i < b->n; i++) {
        zg_scalar value = {ZAGG_DT_U64, {0}};
        *bad = i;
        ZAGG_TRY(zagg_time_join(times + (b->bounds[i] - b->row),
                                b->bounds[i + 1] - b->bounds[i], &value.v.u, err));
        ZAGG_TRY(store(b, out, i, value, err));
    }
    return ZAGG_OK;
}

zagg_status zg_statistic_field(const zg_chunk_rows *chunk, const zg_field_plan *f,
                               zg_batch *b, const zg_field_out *out, zagg_err *err)
{
    /* Worth a look each time: the memory serves the whole worker. */
    zagg_digest_memory_use_0_11(chunk->memory->digest,
                                chunk->worker->pipeline->output.compat ==
                                    ZAGG_COMPAT_0_11);
    while (zg_batch_next(b)) {
        size_t bad = 0;
        zagg_status status;
        switch (f->calc.kind) {
        case ZG_CALC_DIGEST:
            status = digest_batch(b, f, out, &bad, err);
            break;
        case ZG_CALC_WAVEFORM:
            status = waveform_batch(b, f, out, &bad, err);
            break;
        case ZG_CALC_COMPOSITION:
            status = composition_batch(b, f, out, &bad, err);
            break;
        case ZG_CALC_TIMES:
            status = envelope_batch(b, f, out, &bad, err);
            break;
        default:
            status = shots_batch(b, f, out, &bad, err);
            break;
        }
        if (status != ZAGG_OK)
            return zg_cell_failed(chunk, f, b->first + bad, status, err);
    }
    return ZAGG_OK;
}
