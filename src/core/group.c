/* Rows of all granules grouped by cell: a stable counting sort on the rank inside the
 * shard, so that rows of a cell stay in granule order > group order > ascending photon
 * index. */
#include "core/worker.h"

#include <string.h>

/* Two reads that carry a column in different types cannot be joined bit for bit. */
static zagg_status check_types(const zagg_worker *w, const zagg_table *const *tables,
                               size_t n_tables, zagg_err *err)
{
    for (size_t t = 1; t < n_tables; t++)
        for (size_t c = 0; c < w->n_columns; c++)
            if (tables[t]->columns[c].dtype != tables[0]->columns[c].dtype)
                return zagg_err_set(err, ZAGG_EFORMAT,
                                    "column '%s' is %s in one read and %s in another; "
                                    "granules of one shard "
                                    "must agree",
                                    tables[0]->columns[c].name,
                                    zagg_dtype_name(tables[0]->columns[c].dtype),
                                    zagg_dtype_name(tables[t]->columns[c].dtype));
    return ZAGG_OK;
}

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

/* Offsets of all cells, and for each row (in reading order) its place behind the sort. */
static void places(const zagg_table *const *tables, size_t n_tables, size_t n_cells,
                   uint32_t *offsets, uint32_t *place)
{
    for (size_t t = 0; t < n_tables; t++)
        for (size_t i = 0; i < tables[t]->n_rows; i++)
            offsets[tables[t]->ranks[i] + 1]++;
    for (size_t c = 0; c < n_cells; c++)
        offsets[c + 1] += offsets[c];
    /* Each cell's start moves forward as its rows take their places, and is moved back by
     * one cell afterwards: no second array of cell size is needed. */
    for (size_t t = 0; t < n_tables; t++)
        for (size_t i = 0; i < tables[t]->n_rows; i++)
            *place++ = offsets[tables[t]->ranks[i]]++;
    memmove(offsets + 1, offsets, n_cells * sizeof *offsets);
    offsets[0] = 0;
}

zagg_status zg_group_rows(const zagg_worker *w, zagg_arena *arena,
                          const zagg_table *const *tables, size_t n_tables,
                          zg_grouped *out, zagg_err *err)
{
    uint32_t *place;
    size_t n_rows = 0;
    const size_t n_cells = (size_t)w->info->cells_per_shard;
    ZAGG_TRY(check_types(w, tables, n_tables, err));
    for (size_t t = 0; t < n_tables; t++)
        n_rows += tables[t]->n_rows;
    if (n_rows >= UINT32_MAX)
        return zagg_err_set(
            err, ZAGG_ERANGE,
            "%zu rows in one shard are too many; choose a finer parent_order", n_rows);
    ZAGG_TRY(
        zagg_arena_alloc(arena, n_cells + 1, sizeof *out->offsets, &out->offsets, err));
    ZAGG_TRY(
        zagg_arena_alloc(arena, w->n_columns, sizeof *out->columns, &out->columns, err));
    for (size_t c = 0; c < w->n_columns; c++) {
        zagg_column *col = &out->columns[c];
        *col =
            (zagg_column){tables[0]->columns[c].name, tables[0]->columns[c].dtype, NULL};
        if (w->columns[c].used)
            ZAGG_TRY(zagg_arena_alloc(arena, n_rows, zagg_dtype_size(col->dtype),
                                      &col->data, err));
    }
    const zagg_arena_mark mark = zagg_arena_get_mark(arena);
    ZAGG_TRY(zagg_arena_alloc(arena, n_rows, sizeof *place, &place, err));
    places(tables, n_tables, n_cells, out->offsets, place);
    for (size_t c = 0; c < w->n_columns; c++) {
        size_t first = 0;
        for (size_t t = 0; out->columns[c].data && t < n_tables; t++) {
            scatter(out->columns[c].data, tables[t]->columns[c].data, place + first,
                    tables[t]->n_rows, zagg_dtype_size(out->columns[c].dtype));
            first += tables[t]->n_rows;
        }
    }
    zagg_arena_release(arena, mark);
    out->n_rows = n_rows;
    return ZAGG_OK;
}
