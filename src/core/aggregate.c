/* Fields over cells: one task an inner chunk, carriers handed over in chunk order. */
#include "core/worker.h"

#include <string.h>

typedef struct job {
    const zagg_worker *worker;
    const zagg_shard *shard;
    const zg_grouped *rows;
    zagg_carrier_fn sink;
    void *user;
    uint64_t cells_with_data;
} job;

/* A carrier and the memory behind its columns. */
typedef struct chunk_result {
    zagg_carrier carrier;
    zagg_carrier_column *columns;
    void *block;
} chunk_result;

static void result_free(void *user, void *result)
{
    chunk_result *c = result;
    (void)user;
    if (!c)
        return;
    zg_free(c->block);
    zg_free(c->columns);
    zg_free(c);
}

static bool writes_cell_ids(const zagg_worker *w)
{
    const zagg_output *o = &w->pipeline->output;
    return w->info->kind == ZAGG_GRID_HEALPIX &&
           (o->emit_cell_ids || o->compat == ZAGG_COMPAT_0_11);
}

/* Columns of a chunk in one block: fields, then the cell words. */
static chunk_result *result_new(const zagg_worker *w)
{
    const bool healpix = w->info->kind == ZAGG_GRID_HEALPIX;
    const size_t n_cells = (size_t)w->info->cells_per_chunk;
    const size_t n_columns =
        w->n_fields + (healpix ? 1u : 0u) + (writes_cell_ids(w) ? 1u : 0u);
    size_t row_bytes = 0, bytes;
    chunk_result *c = zg_alloc(1, sizeof *c);
    if (!c)
        return NULL;
    /* Wide columns first would pack tighter, but 8 bytes a column keep every one aligned.
     */
    row_bytes = n_columns * 8;
    c->columns = zg_alloc(n_columns ? n_columns : 1, sizeof *c->columns);
    c->block =
        zg_mul_size(row_bytes, n_cells, &bytes) ? zg_alloc(bytes ? bytes : 1, 1) : NULL;
    if (!c->columns || !c->block) {
        result_free(NULL, c);
        return NULL;
    }
    for (size_t i = 0; i < n_columns; i++) {
        zagg_carrier_column *col = &c->columns[i];
        col->data = (uint8_t *)c->block + i * 8 * n_cells;
        col->kind = ZAGG_FIELD_SCALAR;
        col->width = 1;
        if (i < w->n_fields) {
            col->name = w->fields[i].field->name;
            col->dtype = w->fields[i].field->dtype;
        } else {
            col->name = i == w->n_fields ? "morton" : "cell_ids";
            col->dtype = ZAGG_DT_U64;
        }
    }
    c->carrier.n_cells = n_cells;
    c->carrier.n_columns = n_columns;
    c->carrier.columns = c->columns;
    return c;
}

static void fill_empty(void *data, const uint8_t empty[8], size_t size, size_t n)
{
    uint8_t *p = data;
    for (size_t i = 0; i < n; i++)
        memcpy(p + i * size, empty, size);
}

static zagg_status cell_failed(const job *j, const zg_field_plan *f, uint64_t chunk,
                               size_t cell, zagg_status status, zagg_err *err)
{
    char label[40];
    zagg_grid_shard_label(j->worker->grid, j->shard->key, label);
    return zagg_err_context(err, status, "shard %s: field '%s': cell %zu of chunk %llu",
                            label, f->field->name, cell, (unsigned long long)chunk);
}

/* One field over the cells of a chunk. Counts come straight from the offsets. */
static zagg_status evaluate(const job *j, const zg_field_plan *f, uint64_t chunk,
                            const uint32_t *offsets, zagg_carrier_column *out,
                            size_t n_cells, void *scratch, zagg_err *err)
{
    const size_t size = zagg_dtype_size(out->dtype);
    const bool count = zg_reducer_is_count(f->reducer);
    const zagg_column *src = count ? NULL : &j->rows->columns[f->source];
    const zagg_column *wgt =
        f->weights == ZG_NO_COLUMN ? NULL : &j->rows->columns[f->weights];
    const size_t src_size = src ? zagg_dtype_size(src->dtype) : 0;
    const size_t wgt_size = wgt ? zagg_dtype_size(wgt->dtype) : 0;
    uint8_t *cells = out->data;
    fill_empty(cells, f->empty, size, n_cells);
    for (size_t i = 0; i < n_cells; i++) {
        const size_t first = offsets[i], n = offsets[i + 1] - first;
        zg_scalar value = {ZAGG_DT_I64, {.i = (int64_t)n}};
        zagg_status status = ZAGG_OK;
        if (n == 0)
            continue;
        if (!count)
            status = zg_reduce(f->reducer, src->dtype,
                               (const uint8_t *)src->data + first * src_size, n,
                               wgt ? wgt->dtype : ZAGG_DT_NONE,
                               wgt ? (const uint8_t *)wgt->data + first * wgt_size : NULL,
                               scratch, &value, err);
        if (status == ZAGG_OK)
            status = zg_scalar_store(value, out->dtype, cells + i * size, err);
        if (status != ZAGG_OK)
            return cell_failed(j, f, chunk, i, status, err);
    }
    return ZAGG_OK;
}

/* Scratch that the largest cell of the chunk needs for any field. */
static zagg_status scratch_new(const job *j, const uint32_t *offsets, size_t n_cells,
                               void **out, zagg_err *err)
{
    size_t most_rows = 0, bytes = 0;
    for (size_t i = 0; i < n_cells; i++)
        if (offsets[i + 1] - offsets[i] > most_rows)
            most_rows = offsets[i + 1] - offsets[i];
    for (size_t k = 0; k < j->worker->n_fields; k++) {
        const zg_field_plan *f = &j->worker->fields[k];
        if (zg_reducer_is_count(f->reducer))
            continue;
        const size_t need = zg_reducer_scratch_bytes(
            f->reducer, j->rows->columns[f->source].dtype, most_rows);
        if (need > bytes)
            bytes = need;
    }
    *out = NULL;
    if (bytes && !(*out = zg_alloc(bytes, 1)))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a cell of %zu rows",
                            most_rows);
    return ZAGG_OK;
}

static zagg_status chunk_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    const job *j = user;
    const zagg_worker *w = j->worker;
    const size_t n_cells = (size_t)w->info->cells_per_chunk;
    const uint32_t *offsets = j->rows->offsets + index * n_cells;
    void *scratch;
    (void)slot;
    ZAGG_TRY(scratch_new(j, offsets, n_cells, &scratch, err));
    chunk_result *c = result_new(w);
    zagg_status status =
        c ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n_cells);
    for (size_t k = 0; status == ZAGG_OK && k < w->n_fields; k++)
        status = evaluate(j, &w->fields[k], index, offsets, &c->columns[k], n_cells,
                          scratch, err);
    zg_free(scratch);
    if (status != ZAGG_OK) {
        result_free(NULL, c);
        return status;
    }
    c->carrier.chunk = index;
    zagg_grid_chunk_index(w->grid, j->shard, index, c->carrier.chunk_index);
    for (size_t i = 0; i < n_cells; i++)
        c->carrier.cells_with_data += offsets[i + 1] > offsets[i];
    if (w->info->kind == ZAGG_GRID_HEALPIX)
        zagg_grid_chunk_words(w->grid, j->shard, index, c->columns[w->n_fields].data);
    if (writes_cell_ids(w))
        zagg_grid_chunk_cells(w->grid, j->shard, index, c->columns[w->n_fields + 1].data);
    *result = c;
    return ZAGG_OK;
}

static zagg_status chunk_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    job *j = user;
    chunk_result *c = result;
    (void)index;
    if (status != ZAGG_OK) {
        if (err && task_err)
            *err = *task_err;
        return status;
    }
    j->cells_with_data += c->carrier.cells_with_data;
    status = j->sink(j->user, j->shard, &c->carrier, err);
    result_free(NULL, c);
    return status;
}

zagg_status zg_aggregate(const zagg_worker *w, const zagg_shard *shard,
                         const zg_grouped *rows, zagg_pool *pool, zagg_carrier_fn sink,
                         void *user, uint64_t *cells_with_data, zagg_err *err)
{
    job j = {w, shard, rows, sink, user, 0};
    ZAGG_TRY(zagg_pool_map(pool, (size_t)w->info->chunks_per_shard, 0, chunk_task,
                           chunk_fold, result_free, &j, err));
    *cells_with_data = j.cells_with_data;
    return ZAGG_OK;
}
