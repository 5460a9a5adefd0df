/* Rows grouped by cell: a stable counting sort on the rank inside the shard, so that rows
 * of a cell stay in granule order > group order > ascending photon index. */
#include "core/worker.h"

#include <string.h>

#define SCATTER(T)                                                                       \
    do {                                                                                 \
        const T *src = from;                                                             \
        T *dst = to;                                                                     \
        for (size_t i = 0; i < n; i++)                                                   \
            dst[place[i]] = src[i];                                                      \
    } while (0)

static void scatter(void *to, const void *from, const uint32_t *place, size_t n,
                    size_t size)
{
    switch (size) {
    case 1:
        SCATTER(uint8_t);
        break;
    case 2:
        SCATTER(uint16_t);
        break;
    case 4:
        SCATTER(uint32_t);
        break;
    default:
        SCATTER(uint64_t);
        break;
    }
}

/* Offsets of all cells; the rank of each row becomes its place behind the sort. */
static void places(uint32_t *ranks, size_t n_rows, size_t n_cells, uint32_t *offsets)
{
    for (size_t i = 0; i < n_rows; i++)
        offsets[ranks[i] + 1]++;
    for (size_t c = 0; c < n_cells; c++)
        offsets[c + 1] += offsets[c];
    /* Each cell's start moves forward as its rows take their places, and is moved back by
     * one cell afterwards: no second array of cell size is needed. */
    for (size_t i = 0; i < n_rows; i++)
        ranks[i] = offsets[ranks[i]]++;
    memmove(offsets + 1, offsets, n_cells * sizeof *offsets);
    offsets[0] = 0;
}

/* Block after block is given back, so that no column is there twice. */
static void scatter_blocks(zg_rows *rows, size_t column, size_t size, void *to)
{
    zg_vec *blocks = &rows->columns[column];
    for (size_t i = 0; i < blocks->len; i++) {
        void **block = ZG_VEC_AT(blocks, void *, i);
        const size_t first = i * ZG_BLOCK_ROWS;
        const size_t left = rows->n_rows - first;
        scatter(to, *block, ZG_VEC_AT(&rows->ranks, uint32_t, first),
                left < ZG_BLOCK_ROWS ? left : ZG_BLOCK_ROWS, size);
        zg_unmap(*block, ZG_BLOCK_ROWS, size);
        *block = NULL;
    }
}

static zagg_status group(const zagg_worker *w, zg_rows *rows, zg_grouped *out,
                         zagg_err *err)
{
    const size_t n_cells = (size_t)w->info->cells_per_shard;
    out->offsets = zg_alloc(n_cells + 1, sizeof *out->offsets);
    out->dtypes = zg_alloc(w->n_columns + 1, sizeof *out->dtypes);
    out->columns = zg_alloc(w->n_columns + 1, sizeof *out->columns);
    if (!out->offsets || !out->dtypes || !out->columns)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n_cells);
    out->n_rows = rows->n_rows;
    memcpy(out->dtypes, rows->dtypes, (w->n_columns + 1) * sizeof *out->dtypes);
    places(rows->ranks.data, rows->n_rows, n_cells, out->offsets);
    for (size_t c = 0; c <= w->n_columns; c++) {
        const size_t size = zagg_dtype_size(rows->dtypes[c]);
        if (rows->columns[c].len == 0)
            continue;
        out->columns[c] = zg_map(rows->n_rows, size);
        if (!out->columns[c])
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu rows", rows->n_rows);
        scatter_blocks(rows, c, size, out->columns[c]);
    }
    return ZAGG_OK;
}

zagg_status zg_group_rows(const zagg_worker *w, zg_rows *rows, zg_grouped *out,
                          zagg_err *err)
{
    *out = (zg_grouped){0};
    const zagg_status status = group(w, rows, out, err);
    zg_rows_free(w, rows);
    if (status != ZAGG_OK)
        zg_grouped_free(w, out);
    return status;
}

void zg_grouped_free(const zagg_worker *w, zg_grouped *grouped)
{
    for (size_t c = 0; grouped->columns && grouped->dtypes && c <= w->n_columns; c++)
        zg_unmap(grouped->columns[c], grouped->n_rows,
                 zagg_dtype_size(grouped->dtypes[c]));
    zg_free(grouped->columns);
    zg_free(grouped->dtypes);
    zg_free(grouped->offsets);
    *grouped = (zg_grouped){0};
}
