/* Expression filters: over all rows of a read at once, as they may hold reductions. */
#include "core/worker.h"

#include <string.h>

/* Any number is a truth value; NaN is true, as in numpy. */
#define TRUTH(T)                                                                         \
    do {                                                                                 \
        const T *x = result->data;                                                       \
        for (size_t i = 0; i < n; i++)                                                   \
            keep[i] = x[i] != 0;                                                         \
    } while (0)

static void truth_values(const zagg_expr_result *result, size_t n, uint8_t *keep)
{
    switch (result->type.dtype) {
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
    case ZAGG_DT_I8:
        TRUTH(uint8_t);
        break;
    case ZAGG_DT_I16:
    case ZAGG_DT_U16:
        TRUTH(uint16_t);
        break;
    case ZAGG_DT_I32:
    case ZAGG_DT_U32:
        TRUTH(uint32_t);
        break;
    case ZAGG_DT_F32:
        TRUTH(float);
        break;
    case ZAGG_DT_F64:
        TRUTH(double);
        break;
    default:
        TRUTH(uint64_t);
        break;
    }
}

static size_t compact(void *data, size_t size, const uint8_t *keep, size_t n)
{
    uint8_t *bytes = data;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (keep[i]) {
            memmove(bytes + kept * size, bytes + i * size, size);
            kept++;
        }
    return kept;
}

static void keep_rows(zagg_table *t, const uint8_t *keep)
{
    const size_t n = t->n_rows;
    for (size_t c = 0; c < t->n_columns; c++)
        if (t->columns[c].data)
            compact(t->columns[c].data, zagg_dtype_size(t->columns[c].dtype), keep, n);
    if (t->leaf_ids)
        compact(t->leaf_ids, sizeof *t->leaf_ids, keep, n);
    t->n_rows = compact(t->ranks, sizeof *t->ranks, keep, n);
}

static zagg_status run_filter(const zagg_worker *w, const zagg_program *program,
                              zg_memory *memory, const zagg_expr_input *inputs,
                              zagg_table *table, zagg_err *err)
{
    const size_t offsets[2] = {0, table->n_rows};
    zagg_expr_result result;
    void *keep;
    (void)w;
    ZAGG_TRY(
        zagg_program_run(program, memory->expr, inputs, offsets, 1, &result, NULL, err));
    if (result.type.rank != 1 || result.offsets[1] != table->n_rows)
        return zagg_err_set(
            err, ZAGG_ERANGE, "gives %s where one value for each of %zu rows is needed",
            result.type.rank == 0 ? "one value" : "another number of values",
            table->n_rows);
    ZAGG_TRY(zg_memory_scratch(memory, table->n_rows, &keep, err));
    truth_values(&result, table->n_rows, keep);
    keep_rows(table, keep);
    return ZAGG_OK;
}

static zagg_status run_filters(const zagg_worker *w, const zg_typed *typed,
                               zg_memory *memory, zagg_expr_input *inputs,
                               zagg_table *table, zagg_err *err)
{
    for (size_t c = 0; c < w->n_columns; c++)
        inputs[c].data = table->columns[c].data;
    inputs[w->n_columns].data = table->leaf_ids;
    for (size_t i = 0; i < w->n_filters && table->n_rows > 0; i++) {
        const zagg_status status =
            run_filter(w, typed->programs[i], memory, inputs, table, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "%s:%u: expression filter '%s'",
                                    w->pipeline->name, w->texts[i].line,
                                    w->texts[i].text);
    }
    return ZAGG_OK;
}

zagg_status zg_filter_table(const zagg_worker *w, zagg_table *table, zagg_err *err)
{
    const zg_typed *typed;
    zg_memory *memory;
    if (w->n_filters == 0)
        return ZAGG_OK;
    zagg_dtype *dtypes = zg_alloc(w->n_columns + 1, sizeof *dtypes);
    zagg_expr_input *inputs = zg_alloc(w->n_columns + 1, sizeof *inputs);
    zagg_status status = ZAGG_OK;
    if (!dtypes || !inputs) {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a filter");
    } else {
        for (size_t c = 0; c < w->n_columns; c++)
            dtypes[c] = table->columns[c].dtype;
        dtypes[w->n_columns] = ZAGG_DT_U64;
        status = zg_typed_get(w, dtypes, 0, w->n_filters, &typed, err);
    }
    if (status == ZAGG_OK && (status = zg_memory_take(w, &memory, err)) == ZAGG_OK) {
        status = run_filters(w, typed, memory, inputs, table, err);
        zg_memory_give(w, memory);
    }
    zg_free(inputs);
    zg_free(dtypes);
    return status;
}
