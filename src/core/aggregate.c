/* Fields over cells: one task an inner chunk, carriers handed over in chunk order. */
#include "core/carrier.h"
#include "core/worker.h"

#include <stdio.h>
#include <string.h>

typedef struct job {
    const zagg_worker *worker;
    const zagg_shard *shard;
    const zg_grouped *rows;
    const zg_typed *typed;
    const zg_mask *mask; /* NULL: no cell is inside */
    zagg_carrier_fn sink;
    void *user;
    uint64_t cells_with_data;
} job;

static void result_free(void *user, void *result)
{
    (void)user;
    zagg_carrier_release(result);
}

static bool writes_cell_ids(const zagg_worker *w)
{
    const zagg_output *o = &w->pipeline->output;
    return w->info->kind == ZAGG_GRID_HEALPIX &&
           (o->emit_cell_ids || o->compat == ZAGG_COMPAT_0_11);
}

static bool is_located(const zg_field_plan *f)
{
    return f->calc.locations != ZG_NO_COLUMN;
}

static bool is_timed(const zg_field_plan *f)
{
    return f->calc.times && f->field->kind == ZAGG_FIELD_RAGGED;
}

/* Name of a companion, in `arena`. */
static const char *companion(zagg_arena *arena, const char *field, const char *suffix)
{
    zg_str name;
    zg_str_init(&name, 4096);
    zg_str_addf(&name, "%s%s", field, suffix);
    const char *kept =
        name.failed ? NULL : zagg_arena_strndup(arena, name.data, name.len);
    zg_str_free(&name);
    return kept;
}

/* Columns of a chunk: fields with their companions, then cell words, ids and mask. */
static zagg_status carrier_new(const zagg_worker *w, zagg_arena *arena,
                               zagg_carrier **out, zagg_err *err)
{
    size_t n = 0;
    zg_carrier_spec *specs;
    ZAGG_TRY(zagg_arena_alloc(arena, 3 * w->n_fields + 3, sizeof *specs, &specs, err));
    for (size_t i = 0; i < w->n_fields; i++) {
        const zg_field_plan *f = &w->fields[i];
        specs[n++] = (zg_carrier_spec){f->field->name, f->field->kind, f->field->dtype,
                                       f->width, false};
        if (is_located(f))
            specs[n++] = (zg_carrier_spec){companion(arena, f->field->name, "_locations"),
                                           ZAGG_FIELD_RAGGED, ZAGG_DT_U64, 1, true};
        if (is_timed(f))
            specs[n++] = (zg_carrier_spec){companion(arena, f->field->name, "_times"),
                                           ZAGG_FIELD_RAGGED, ZAGG_DT_U64, 1, false};
    }
    for (size_t i = 0; i < n; i++)
        if (!specs[i].name)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for names");
    if (w->info->kind == ZAGG_GRID_HEALPIX)
        specs[n++] = (zg_carrier_spec){"morton", ZAGG_FIELD_SCALAR, ZAGG_DT_U64, 1, true};
    if (writes_cell_ids(w))
        specs[n++] =
            (zg_carrier_spec){"cell_ids", ZAGG_FIELD_SCALAR, ZAGG_DT_U64, 1, false};
    if (w->pipeline->output.aoi_mask)
        specs[n++] =
            (zg_carrier_spec){ZG_MASK_NAME, ZAGG_FIELD_SCALAR, ZAGG_DT_BOOL, 1, false};
    return zg_carrier_new(specs, n, (size_t)w->info->cells_per_chunk, out, err);
}

/* Cells that hold rows, and where these lie in the chunk. */
static zagg_status find_cells(zg_chunk_rows *chunk, const uint32_t *offsets,
                              zagg_err *err)
{
    zg_memory *m = chunk->memory;
    size_t n = 0;
    if (!zg_vec_reserve(&m->cells, chunk->n_cells) ||
        !zg_vec_reserve(&m->bounds, chunk->n_cells + 1))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", chunk->n_cells);
    uint32_t *cells = m->cells.data;
    size_t *bounds = m->bounds.data;
    bounds[0] = 0;
    for (size_t i = 0; i < chunk->n_cells; i++)
        if (offsets[i + 1] > offsets[i]) {
            cells[n++] = (uint32_t)i;
            bounds[n] = offsets[i + 1] - offsets[0];
        }
    chunk->cells = cells;
    chunk->bounds = bounds;
    chunk->n_filled = n;
    chunk->n_rows = bounds[n];
    return ZAGG_OK;
}

static zagg_status find_columns(zg_chunk_rows *chunk, const zg_grouped *rows,
                                size_t first, zagg_arena *arena, zagg_err *err)
{
    const zagg_worker *w = chunk->worker;
    ZAGG_TRY(zagg_arena_alloc(arena, w->n_columns + 1, sizeof *chunk->columns,
                              &chunk->columns, err));
    for (size_t c = 0; c <= w->n_columns; c++)
        if (rows->columns[c])
            chunk->columns[c] =
                (uint8_t *)rows->columns[c] + first * zagg_dtype_size(rows->dtypes[c]);
    chunk->dtypes = rows->dtypes;
    return ZAGG_OK;
}

static zagg_status find_values(zg_chunk_rows *chunk, zagg_arena *arena, zagg_err *err)
{
    const size_t n = chunk->worker->n_precompute;
    zg_chunk_value *values;
    if (n == 0 || chunk->n_rows == 0)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof *values, &values, err));
    ZAGG_TRY(zg_precompute(chunk, arena, values, err));
    chunk->values = values;
    return ZAGG_OK;
}

static zagg_status evaluate(const job *j, zg_chunk_rows *chunk, size_t index,
                            zagg_arena *arena, zagg_carrier *carrier, zagg_err *err)
{
    const uint32_t *offsets =
        j->rows->offsets + (index - j->rows->first_chunk) * chunk->n_cells;
    ZAGG_TRY(find_cells(chunk, offsets, err));
    ZAGG_TRY(find_columns(chunk, j->rows, offsets[0], arena, err));
    ZAGG_TRY(find_values(chunk, arena, err));
    zg_field_out out = {carrier, 0};
    for (size_t k = 0; k < j->worker->n_fields; k++) {
        const zg_field_plan *f = &j->worker->fields[k];
        ZAGG_TRY(zg_field_evaluate(chunk, f, &out, err));
        out.first += 1u + is_located(f) + is_timed(f);
    }
    zg_carrier_finish(carrier);
    unsigned char *occupied = zg_carrier_occupied(carrier);
    for (size_t i = 0; i < chunk->n_filled; i++)
        occupied[chunk->cells[i]] = 1;
    carrier->chunk = index;
    carrier->cells_with_data = chunk->n_filled;
    zagg_grid_chunk_index(j->worker->grid, j->shard, index, carrier->chunk_index);
    if (j->worker->info->kind == ZAGG_GRID_HEALPIX)
        zagg_grid_chunk_words(j->worker->grid, j->shard, index,
                              carrier->columns[out.first++].data);
    if (writes_cell_ids(j->worker))
        zagg_grid_chunk_cells(j->worker->grid, j->shard, index,
                              carrier->columns[out.first++].data);
    if (j->mask && j->worker->pipeline->output.aoi_mask)
        zg_mask_fill(j->mask, j->worker->grid, j->shard, index,
                     carrier->columns[out.first].data);
    return ZAGG_OK;
}

static zagg_status chunk_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    const job *j = user;
    char label[40], where[80];
    zagg_carrier *carrier = NULL;
    zg_chunk_rows chunk = {.worker = j->worker,
                           .typed = j->typed,
                           .shard = j->shard,
                           .where = where,
                           .n_cells = (size_t)j->worker->info->cells_per_chunk};
    (void)slot;
    index += j->rows->first_chunk;
    chunk.index = index;
    zagg_grid_shard_label(j->worker->grid, j->shard->key, label);
    (void)snprintf(where, sizeof where, "shard %s, chunk %zu", label, index);
    ZAGG_TRY(zg_memory_take(j->worker, &chunk.memory, err));
    zagg_status status = carrier_new(j->worker, chunk.memory->arena, &carrier, err);
    if (status == ZAGG_OK)
        status = evaluate(j, &chunk, index, chunk.memory->arena, carrier, err);
    zg_memory_give(j->worker, chunk.memory);
    if (status != ZAGG_OK) {
        zagg_carrier_release(carrier);
        return status;
    }
    *result = carrier;
    return ZAGG_OK;
}

static zagg_status chunk_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    job *j = user;
    zagg_carrier *carrier = result;
    (void)index;
    if (status != ZAGG_OK) {
        if (err && task_err)
            *err = *task_err;
        return status;
    }
    j->cells_with_data += carrier->cells_with_data;
    status = j->sink(j->user, j->shard, carrier, err);
    zagg_carrier_release(carrier);
    return status;
}

zagg_status zg_aggregate(const zagg_worker *w, const zagg_shard *shard,
                         const zg_grouped *rows, const zg_mask *mask, zagg_pool *pool,
                         zagg_carrier_fn sink, void *user, uint64_t *cells_with_data,
                         zagg_err *err)
{
    job j = {w, shard, rows, NULL, mask, sink, user, 0};
    ZAGG_TRY(zg_typed_get(w, rows->dtypes, w->n_filters, w->n_texts - w->n_filters,
                          &j.typed, err));
    ZAGG_TRY(zagg_pool_map(pool, rows->n_chunks, zagg_pool_width(pool), chunk_task,
                           chunk_fold, result_free, &j, err));
    *cells_with_data += j.cells_with_data;
    return ZAGG_OK;
}
