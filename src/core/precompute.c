/* chunk_precompute: values of one inner chunk, over the rows of all its cells in stored
 * order. */
#include "core/worker.h"
#include "expr/value.h"

#include <string.h>

static zagg_status keep(const zagg_precompute *entry, const zagg_expr_result *result,
                        zagg_arena *arena, zg_chunk_value *out, zagg_err *err)
{
    const zagg_dtype dtype =
        entry->dtype == ZAGG_DT_NONE ? result->type.dtype : entry->dtype;
    out->dtype = dtype;
    out->rank = result->type.rank;
    out->columns = result->type.rank == 2 ? result->columns : 1;
    out->n = result->type.rank == 0 ? 1 : result->offsets[1];
    const size_t n_elements = out->n * out->columns;
    ZAGG_TRY(
        zagg_arena_alloc(arena, n_elements, zagg_dtype_size(dtype), &out->data, err));
    zg_cast(result->type.dtype, result->data, dtype, out->data, n_elements);
    return ZAGG_OK;
}

zagg_status zg_precompute(const zg_chunk_rows *chunk, zagg_arena *arena,
                          zg_chunk_value *values, zagg_err *err)
{
    const zagg_worker *w = chunk->worker;
    const size_t offsets[2] = {0, chunk->n_rows};
    zagg_expr_input *inputs;
    ZAGG_TRY(zagg_arena_alloc(arena, w->n_names, sizeof *inputs, &inputs, err));
    for (size_t c = 0; c <= w->n_columns; c++)
        inputs[c].data = chunk->columns[c];
    for (size_t i = 0; i < w->n_precompute; i++) {
        const zg_text *text = &w->texts[w->n_filters + i];
        zagg_expr_result result;
        zagg_status status =
            zagg_program_run(chunk->typed->programs[w->n_filters + i],
                             chunk->memory->expr, inputs, offsets, 1, &result, NULL, err);
        if (status == ZAGG_OK)
            status = keep(&w->pipeline->precompute[i], &result, arena, &values[i], err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "%s: %s: '%s'", chunk->where, text->key,
                                    text->text);
    }
    return ZAGG_OK;
}
