/* One field over the cells of a chunk. Expressions run over batches of cells whose rows
 * stay in the cache; cells without rows hold the field's empty value and cost nothing
 * else. */
#include "core/fields.h"

#include "expr/value.h"

#include <stdio.h>
#include <string.h>

void zg_fill_elements(void *data, const uint8_t *element, size_t size, size_t n)
{
    uint8_t *p = data;
    bool zero = true;
    for (size_t i = 0; i < size; i++)
        zero &= element[i] == 0;
    if (zero) {
        memset(p, 0, n * size);
        return;
    }
    if (size == 4) {
        uint32_t x, *to = data;
        memcpy(&x, element, sizeof x);
        for (size_t i = 0; i < n; i++)
            to[i] = x;
        return;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(p + i * size, element, size);
}

/* What a user can look up: the cell's decimal morton id, or row * width + column. */
static void cell_label(const zg_chunk_rows *chunk, uint32_t cell, char out[48])
{
    const zagg_grid *grid = chunk->worker->grid;
    const zagg_grid_info *info = chunk->worker->info;
    uint64_t *ids =
        chunk->shard ? zg_alloc((size_t)info->cells_per_chunk, sizeof *ids) : NULL;
    (void)snprintf(out, 48, "%lu of the chunk", (unsigned long)cell);
    if (!ids)
        return;
    if (info->kind == ZAGG_GRID_HEALPIX) {
        zagg_grid_chunk_words(grid, chunk->shard, chunk->index, ids);
        (void)zagg_word_decimal(ids[cell], out, NULL);
    } else {
        zagg_grid_chunk_cells(grid, chunk->shard, chunk->index, ids);
        (void)snprintf(out, 48, "%llu", (unsigned long long)ids[cell]);
    }
    zg_free(ids);
}

zagg_status zg_cell_failed(const zg_chunk_rows *chunk, const zg_field_plan *field,
                           size_t filled, zagg_status status, zagg_err *err)
{
    char label[48];
    cell_label(chunk, chunk->cells[filled], label);
    return zagg_err_context(err, status, "%s: field '%s': cell %s", chunk->where,
                            field->field->name, label);
}

/* ---- batches ---- */

zagg_status zg_batches_begin(const zg_chunk_rows *chunk, zg_batch *b, zagg_err *err)
{
    const zagg_worker *w = chunk->worker;
    *b = (zg_batch){.chunk = chunk};
    b->inputs = zg_alloc(w->n_names, sizeof *b->inputs);
    if (!b->inputs)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the inputs of a field");
    for (size_t i = 0; chunk->values && i < w->n_precompute; i++)
        b->inputs[w->n_columns + 1 + i] = (zagg_expr_input){
            chunk->values[i].data, chunk->values[i].n, chunk->values[i].columns};
    return ZAGG_OK;
}

void zg_batches_end(zg_batch *b)
{
    zg_free(b->inputs);
}

bool zg_batch_next(zg_batch *b)
{
    const zg_chunk_rows *chunk = b->chunk;
    const zagg_worker *w = chunk->worker;
    b->first += b->n;
    b->n = 0;
    if (b->first == chunk->n_filled)
        return false;
    const size_t start = chunk->bounds[b->first];
    do {
        b->n++;
    } while (b->first + b->n < chunk->n_filled &&
             chunk->bounds[b->first + b->n + 1] - start <= ZAGG_EXPR_BATCH_ROWS);
    b->row = start;
    b->bounds = chunk->bounds + b->first;
    for (size_t c = 0; c <= w->n_columns; c++)
        b->inputs[c].data = chunk->columns[c]
                                ? (const uint8_t *)chunk->columns[c] +
                                      start * zagg_dtype_size(chunk->dtypes[c])
                                : NULL;
    return true;
}

zagg_status zg_batch_run(const zg_batch *b, size_t text, zagg_expr_result *out,
                         size_t *bad, zagg_err *err)
{
    zg_vec *offsets = &b->chunk->memory->batch;
    *bad = 0;
    if (!zg_vec_reserve(offsets, b->n + 1))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", b->n);
    size_t *to = offsets->data;
    for (size_t i = 0; i <= b->n; i++)
        to[i] = b->bounds[i] - b->row;
    return zagg_program_run(b->chunk->typed->programs[text], b->chunk->memory->expr,
                            b->inputs, to, b->n, out, bad, err);
}

/* ---- scalars ---- */

static zg_scalar element(zagg_dtype dtype, const void *data, size_t i)
{
    zg_scalar s = {dtype, {0}};
    switch (dtype) {
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        s.v.u = ((const uint8_t *)data)[i];
        break;
    case ZAGG_DT_I8:
        s.v.i = ((const int8_t *)data)[i];
        break;
    case ZAGG_DT_I16:
        s.v.i = ((const int16_t *)data)[i];
        break;
    case ZAGG_DT_U16:
        s.v.u = ((const uint16_t *)data)[i];
        break;
    case ZAGG_DT_I32:
        s.v.i = ((const int32_t *)data)[i];
        break;
    case ZAGG_DT_U32:
        s.v.u = ((const uint32_t *)data)[i];
        break;
    case ZAGG_DT_I64:
        s.v.i = ((const int64_t *)data)[i];
        break;
    case ZAGG_DT_F32:
        s.v.f = (double)((const float *)data)[i];
        break;
    case ZAGG_DT_F64:
        s.v.f = ((const double *)data)[i];
        break;
    default:
        s.v.u = ((const uint64_t *)data)[i];
        break;
    }
    return s;
}

/* One value a cell into the column. */
static zagg_status store_batch(const zg_batch *b, const zg_field_plan *f,
                               const zagg_expr_result *result, zagg_carrier_column *out,
                               size_t *bad, zagg_err *err)
{
    const size_t size = zagg_dtype_size(out->dtype);
    const uint32_t *cells = b->chunk->cells + b->first;
    uint8_t *to = out->data;
    (void)f;
    if (result->type.rank != 0)
        return zagg_err_set(
            err, ZAGG_ERANGE,
            "gives an array where a scalar field needs one value; declare "
            "kind: vector or reduce it");
    if (result->type.dtype == ZAGG_DT_F32 && out->dtype == ZAGG_DT_F32) {
        for (size_t i = 0; i < b->n; i++)
            memcpy(to + cells[i] * size, (const float *)result->data + i, size);
        return ZAGG_OK;
    }
    for (size_t i = 0; i < b->n; i++) {
        const zagg_status status =
            zg_scalar_store(element(result->type.dtype, result->data, i), out->dtype,
                            to + cells[i] * size, err);
        if (status != ZAGG_OK) {
            *bad = i;
            return status;
        }
    }
    return ZAGG_OK;
}

/* ---- vectors ---- */

static zagg_status store_vectors(const zg_batch *b, const zg_field_plan *f,
                                 const zagg_expr_result *result, zagg_carrier_column *out,
                                 size_t *bad, zagg_err *err)
{
    const size_t size = zagg_dtype_size(result->type.dtype);
    const size_t row_bytes = f->width * zagg_dtype_size(out->dtype);
    const uint32_t *cells = b->chunk->cells + b->first;
    if (result->type.rank != f->field->n_shape)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "gives %s where trailing_shape has %zu axes",
                            result->type.rank == 0   ? "one value"
                            : result->type.rank == 1 ? "an array of one axis"
                                                     : "an array of two axes",
                            f->field->n_shape);
    for (size_t i = 0; i < b->n; i++) {
        const size_t first = result->offsets[i] * result->columns;
        const size_t n = result->offsets[i + 1] * result->columns - first;
        if (n != f->width ||
            (f->field->n_shape == 2 && (size_t)f->field->shape[1] != result->columns)) {
            *bad = i;
            return zagg_err_set(err, ZAGG_ERANGE,
                                "gives %zu values where trailing_shape holds %zu", n,
                                f->width);
        }
        zg_cast(result->type.dtype, (const uint8_t *)result->data + first * size,
                out->dtype, (uint8_t *)out->data + cells[i] * row_bytes, n);
    }
    return ZAGG_OK;
}

/* ---- ragged fields of an expression ---- */

static zagg_status store_ragged(const zg_batch *b, const zg_field_plan *f,
                                const zagg_expr_result *result, const zg_field_out *out,
                                size_t *bad, zagg_err *err)
{
    const size_t size = zagg_dtype_size(result->type.dtype);
    const size_t inner = f->width;
    if (result->type.rank == 0 || f->field->n_shape != 1)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "gives %s, which cannot fill rows of inner_shape",
                            result->type.rank == 0 ? "one value" : "an array");
    for (size_t i = 0; i < b->n; i++) {
        const size_t first = result->offsets[i] * result->columns;
        const size_t n = result->offsets[i + 1] * result->columns - first;
        void *to;
        if (n % inner != 0 || (result->type.rank == 2 && result->columns != inner)) {
            *bad = i;
            return zagg_err_set(err, ZAGG_ERANGE,
                                "gives %zu values, no whole number of rows of %zu", n,
                                inner);
        }
        ZAGG_TRY(zg_memory_scratch(b->chunk->memory, n * zagg_dtype_size(f->field->dtype),
                                   &to, err));
        zg_cast(result->type.dtype, (const uint8_t *)result->data + first * size,
                f->field->dtype, to, n);
        ZAGG_TRY(zg_carrier_append(out->carrier, out->first,
                                   b->chunk->cells[b->first + i], to, n / inner, err));
    }
    return ZAGG_OK;
}

static zagg_status text_field(const zg_chunk_rows *chunk, const zg_field_plan *f,
                              zg_batch *b, const zg_field_out *to, zagg_err *err)
{
    zagg_carrier_column *out = &zg_carrier_columns(to->carrier)[to->first];
    while (zg_batch_next(b)) {
        zagg_expr_result result;
        size_t bad;
        zagg_status status = zg_batch_run(b, f->calc.text, &result, &bad, err);
        if (status == ZAGG_OK && f->field->kind == ZAGG_FIELD_SCALAR)
            status = store_batch(b, f, &result, out, &bad, err);
        else if (status == ZAGG_OK && f->field->kind == ZAGG_FIELD_VECTOR)
            status = store_vectors(b, f, &result, out, &bad, err);
        else if (status == ZAGG_OK)
            status = store_ragged(b, f, &result, to, &bad, err);
        if (status != ZAGG_OK)
            return zg_cell_failed(chunk, f, b->first + bad, status, err);
    }
    return ZAGG_OK;
}

/* ---- reducers ---- */

static size_t most_rows(const zg_chunk_rows *chunk)
{
    size_t most = 0;
    for (size_t i = 0; i < chunk->n_filled; i++)
        if (chunk->bounds[i + 1] - chunk->bounds[i] > most)
            most = chunk->bounds[i + 1] - chunk->bounds[i];
    return most;
}

static zagg_status reduce_field(const zg_chunk_rows *chunk, const zg_field_plan *f,
                                zagg_carrier_column *out, zagg_err *err)
{
    const zg_calc *calc = &f->calc;
    const size_t size = zagg_dtype_size(out->dtype);
    const zagg_dtype dtype = chunk->dtypes[calc->source];
    const size_t src_size = zagg_dtype_size(dtype);
    const uint8_t *src = chunk->columns[calc->source], *weights = NULL;
    zagg_dtype weights_dtype = ZAGG_DT_NONE;
    size_t weights_size = 0;
    void *scratch;
    if (calc->weights != ZG_NO_COLUMN) {
        weights = chunk->columns[calc->weights];
        weights_dtype = chunk->dtypes[calc->weights];
        weights_size = zagg_dtype_size(weights_dtype);
    }
    ZAGG_TRY(zg_memory_scratch(
        chunk->memory, zg_reducer_scratch_bytes(calc->reducer, dtype, most_rows(chunk)),
        &scratch, err));
    for (size_t i = 0; i < chunk->n_filled; i++) {
        const size_t first = chunk->bounds[i], n = chunk->bounds[i + 1] - first;
        zg_scalar value;
        zagg_status status = zg_reduce(
            calc->reducer, dtype, src + first * src_size, n, weights_dtype,
            weights ? weights + first * weights_size : NULL, scratch, &value, err);
        if (status == ZAGG_OK)
            status = zg_scalar_store(value, out->dtype,
                                     (uint8_t *)out->data + chunk->cells[i] * size, err);
        if (status != ZAGG_OK)
            return zg_cell_failed(chunk, f, i, status, err);
    }
    return ZAGG_OK;
}

static zagg_status count_field(const zg_chunk_rows *chunk, const zg_field_plan *f,
                               zagg_carrier_column *out, zagg_err *err)
{
    const size_t size = zagg_dtype_size(out->dtype);
    for (size_t i = 0; i < chunk->n_filled; i++) {
        const zg_scalar n = {ZAGG_DT_U64, {.u = chunk->bounds[i + 1] - chunk->bounds[i]}};
        const zagg_status status = zg_scalar_store(
            n, out->dtype, (uint8_t *)out->data + chunk->cells[i] * size, err);
        if (status != ZAGG_OK)
            return zg_cell_failed(chunk, f, i, status, err);
    }
    return ZAGG_OK;
}

/* ---- entry ---- */

/* Cells without rows: the chunk's own value where the field is just that value. */
static zagg_status fill_empty(const zg_chunk_rows *chunk, const zg_field_plan *f,
                              zagg_carrier_column *out, zagg_err *err)
{
    const size_t size = zagg_dtype_size(out->dtype);
    uint8_t element_bytes[8];
    memcpy(element_bytes, f->empty, sizeof element_bytes);
    if (f->bare != ZG_NO_ENTRY && chunk->values && chunk->values[f->bare].rank == 0) {
        const zg_chunk_value *v = &chunk->values[f->bare];
        const zagg_status status = zg_scalar_store(element(v->dtype, v->data, 0),
                                                   out->dtype, element_bytes, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "%s: field '%s'", chunk->where,
                                    f->field->name);
    }
    zg_fill_elements(out->data, element_bytes, size, chunk->n_cells * out->width);
    return ZAGG_OK;
}

static zagg_status evaluate_batches(const zg_chunk_rows *chunk, const zg_field_plan *f,
                                    const zg_field_out *out, zagg_err *err)
{
    zg_batch b;
    ZAGG_TRY(zg_batches_begin(chunk, &b, err));
    const zagg_status status = f->calc.kind == ZG_CALC_TEXT
                                   ? text_field(chunk, f, &b, out, err)
                                   : zg_statistic_field(chunk, f, &b, out, err);
    zg_batches_end(&b);
    return status;
}

zagg_status zg_field_evaluate(const zg_chunk_rows *chunk, const zg_field_plan *field,
                              const zg_field_out *out, zagg_err *err)
{
    zagg_carrier_column *column = &zg_carrier_columns(out->carrier)[out->first];
    if (field->field->kind != ZAGG_FIELD_RAGGED)
        ZAGG_TRY(fill_empty(chunk, field, column, err));
    switch (field->calc.kind) {
    case ZG_CALC_COUNT:
        return count_field(chunk, field, column, err);
    case ZG_CALC_REDUCE:
        return reduce_field(chunk, field, column, err);
    default:
        return evaluate_batches(chunk, field, out, err);
    }
}
