/* Ragged columns into the store: each cell's rows as the bytes of one element
 * (zagg-ragged/1), or as upstream 0.11's CSR groups. */
#include "core/store_plan.h"

static size_t row_bytes(const zagg_carrier_column *column)
{
    return column->width * zagg_dtype_size(column->dtype);
}

static const void *rows_of(const zagg_carrier_column *column, size_t cell)
{
    const unsigned char *data = column->data;
    return data ? data + (size_t)column->offsets[cell] * row_bytes(column) : NULL;
}

zagg_status zg_store_put_vlen(zagg_sink *store, const char *group,
                              const zagg_zarr_array *array, zagg_zarr_shard *shard,
                              const uint64_t *index, const zagg_carrier_column *column,
                              size_t first_cell, size_t n_cells, zagg_err *err)
{
    zagg_bytes_view *views = zg_alloc(n_cells, sizeof *views);
    if (!views)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells of '%s'", n_cells,
                            column->name);
    for (size_t i = 0; i < n_cells; i++) {
        const size_t cell = first_cell + i;
        views[i].data = rows_of(column, cell);
        views[i].len = (size_t)(column->offsets[cell + 1] - column->offsets[cell]) *
                       row_bytes(column);
    }
    const zagg_status status =
        shard ? zagg_zarr_shard_add(shard, index, views, err)
              : zagg_zarr_write_chunk(store, group, array, index, views, err);
    zg_free(views);
    return status;
}

/* Cells with rows among n_cells from first_cell on: their places there and, from 0 on,
 * where their rows start. */
static size_t compact(const zagg_carrier_column *column, size_t first_cell,
                      size_t n_cells, int64_t *cell_ids, int64_t *offsets)
{
    const uint64_t *from = column->offsets + first_cell;
    size_t n = 0;
    offsets[0] = 0;
    for (size_t i = 0; i < n_cells; i++) {
        if (from[i + 1] == from[i])
            continue;
        cell_ids[n++] = (int64_t)i;
        offsets[n] = (int64_t)(from[i + 1] - from[0]);
    }
    return n;
}

zagg_status zg_store_put_csr(zagg_sink *store, const char *group, const char *field,
                             uint64_t key, const zagg_carrier_column *column,
                             size_t first_cell, size_t n_cells, zagg_err *err)
{
    int64_t *cell_ids = zg_alloc(n_cells + 1, sizeof *cell_ids);
    int64_t *offsets = zg_alloc(n_cells + 1, sizeof *offsets);
    zagg_status status;
    if (cell_ids && offsets) {
        const zagg_zarr_csr csr = {
            column->dtype,
            column->width,
            compact(column, first_cell, n_cells, cell_ids, offsets),
            cell_ids,
            offsets,
            rows_of(column, first_cell)};
        status = zagg_zarr_csr_write(store, group, field, key, &csr, err);
    } else {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells of '%s'",
                              n_cells, column->name);
    }
    zg_free(cell_ids);
    zg_free(offsets);
    return status;
}
