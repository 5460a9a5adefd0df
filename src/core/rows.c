/* Rows of a shard in reading order. Each read's table is copied behind the rows so far
 * and can be given back at once, so that nothing of a read is left when rows are grouped.
 */
#include "core/worker.h"

#include <string.h>

zagg_status zg_rows_init(const zagg_worker *w, zg_rows *rows, zagg_err *err)
{
    const size_t n = w->n_columns + 1;
    *rows = (zg_rows){0};
    zg_vec_init(&rows->ranks, sizeof(uint32_t), 0);
    rows->dtypes = zg_alloc(n, sizeof *rows->dtypes);
    rows->columns = zg_alloc(n, sizeof *rows->columns);
    if (!rows->dtypes || !rows->columns) {
        zg_rows_free(w, rows);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the columns of a shard");
    }
    for (size_t c = 0; c < n; c++)
        zg_vec_init(&rows->columns[c], sizeof(void *), 0);
    return ZAGG_OK;
}

void zg_rows_free(const zagg_worker *w, zg_rows *rows)
{
    for (size_t c = 0; rows->columns && c <= w->n_columns; c++) {
        for (size_t i = 0; i < rows->columns[c].len; i++)
            zg_unmap(*ZG_VEC_AT(&rows->columns[c], void *, i), ZG_BLOCK_ROWS,
                     zagg_dtype_size(rows->dtypes[c]));
        zg_vec_free(&rows->columns[c]);
    }
    zg_vec_free(&rows->ranks);
    zg_free(rows->columns);
    zg_free(rows->dtypes);
    *rows = (zg_rows){0};
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a shard");
}

/* `n` elements behind the `before` that the blocks hold. */
static zagg_status add(zg_vec *blocks, size_t before, const void *data, size_t n,
                       size_t size, zagg_err *err)
{
    const uint8_t *from = data;
    while (n > 0) {
        const size_t at = before % ZG_BLOCK_ROWS;
        const size_t fits = n < ZG_BLOCK_ROWS - at ? n : ZG_BLOCK_ROWS - at;
        if (at == 0) {
            void **slot = zg_vec_push(blocks);
            if (!slot || !(*slot = zg_map(ZG_BLOCK_ROWS, size)))
                return no_memory(err);
        }
        uint8_t *block = *ZG_VEC_AT(blocks, void *, blocks->len - 1);
        memcpy(block + at * size, from, fits * size);
        from += fits * size;
        before += fits;
        n -= fits;
    }
    return ZAGG_OK;
}

/* Two reads that carry a column in different types cannot be joined bit for bit. */
static zagg_status check_type(zg_rows *rows, size_t c, const zagg_column *column,
                              zagg_err *err)
{
    if (rows->dtypes[c] == ZAGG_DT_NONE)
        rows->dtypes[c] = column->dtype;
    if (rows->dtypes[c] == column->dtype)
        return ZAGG_OK;
    return zagg_err_set(
        err, ZAGG_EFORMAT,
        "column '%s' is %s in one read and %s in another; granules of one "
        "shard must agree",
        column->name, zagg_dtype_name(rows->dtypes[c]), zagg_dtype_name(column->dtype));
}

zagg_status zg_rows_append(const zagg_worker *w, zg_rows *rows, const zagg_table *table,
                           zagg_err *err)
{
    const size_t n = table->n_rows;
    if (n >= UINT32_MAX - rows->n_rows)
        return zagg_err_set(
            err, ZAGG_ERANGE,
            "more than %zu rows in one shard are too many; choose a finer parent_order",
            rows->n_rows);
    for (size_t c = 0; c < w->n_columns; c++) {
        const zagg_column *column = &table->columns[c];
        ZAGG_TRY(check_type(rows, c, column, err));
        if (w->columns[c].used)
            ZAGG_TRY(add(&rows->columns[c], rows->n_rows, column->data, n,
                         zagg_dtype_size(column->dtype), err));
    }
    /* Words, or row * width + column of a rectilinear grid. */
    rows->dtypes[w->n_columns] =
        w->info->kind == ZAGG_GRID_HEALPIX ? ZAGG_DT_U64 : ZAGG_DT_I64;
    if (w->leaf_ids)
        ZAGG_TRY(add(&rows->columns[w->n_columns], rows->n_rows, table->leaf_ids, n,
                     sizeof(uint64_t), err));
    if (!zg_vec_append(&rows->ranks, table->ranks, n))
        return no_memory(err);
    rows->n_rows += n;
    return ZAGG_OK;
}
