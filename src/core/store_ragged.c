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
                              const uint64_t *index, const zg_store_cells *cells,
                              zagg_err *err)
{
    const zagg_carrier_column *column = cells->column;
    zagg_bytes_view *views = zg_alloc(cells->n, sizeof *views);
    if (!views)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells of '%s'", cells->n,
                            column->name);
    for (size_t i = 0; i < cells->n; i++) {
        const uint64_t *offsets = column->offsets + cells->first + i;
        views[i].data = rows_of(column, cells->first + i);
        views[i].len = (size_t)(offsets[1] - offsets[0]) * row_bytes(column);
    }
    const zagg_status status =
        shard ? zagg_zarr_shard_add(shard, index, views, err)
              : zagg_zarr_write_chunk(store, group, array, index, views, err);
    zg_free(views);
    return status;
}

/* Cells with rows: their places among the n and, from 0 on, where their rows start. */
static size_t compact(const zg_store_cells *cells, int64_t *cell_ids, int64_t *offsets)
{
    const uint64_t *from = cells->column->offsets + cells->first;
    size_t n = 0;
    offsets[0] = 0;
    for (size_t i = 0; i < cells->n; i++) {
        if (from[i + 1] == from[i])
            continue;
        cell_ids[n++] = (int64_t)i;
        offsets[n] = (int64_t)(from[i + 1] - from[0]);
    }
    return n;
}

zagg_status zg_store_put_csr(zagg_sink *store, const char *group, uint64_t key,
                             const zg_store_cells *cells, zagg_err *err)
{
    const zagg_carrier_column *column = cells->column;
    int64_t *cell_ids = zg_alloc(cells->n + 1, sizeof *cell_ids);
    int64_t *offsets = zg_alloc(cells->n + 1, sizeof *offsets);
    zagg_status status;
    if (cell_ids && offsets) {
        const size_t n = compact(cells, cell_ids, offsets);
        const zagg_zarr_csr csr = {
            column->dtype, column->width, n,
            cell_ids,      offsets,       rows_of(column, cells->first)};
        status = zagg_zarr_csr_write(store, group, column->name, key, &csr, err);
    } else {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells of '%s'",
                              cells->n, column->name);
    }
    zg_free(cell_ids);
    zg_free(offsets);
    return status;
}
