/* What a read needs: the column's place in the chunk grid, and the stored chunks that
 * hold the wanted rows. */
#include "h5/h5.h"

zagg_status zg_h5_view_of(zagg_h5_column column, zg_h5_view *out, zagg_err *err)
{
    zagg_h5_dataset *ds = column.dataset;
    const zagg_h5_info *info = &ds->info;
    *out = (zg_h5_view){ds, 0, 0, 1};
    if (info->rank > 2)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%u dimensions (columns come from 1 or 2)", info->rank);
    if (info->rank < 2)
        return column.column < 0 ? ZAGG_OK
                                 : zagg_err_set(err, ZAGG_EARG,
                                                "column %lld of a dataset that has only "
                                                "one dimension",
                                                (long long)column.column);
    if (column.column < 0)
        return zagg_err_set(err, ZAGG_EARG,
                            "dataset of two dimensions: choose one of its columns");
    uint64_t col = (uint64_t)column.column;
    if (col >= info->dims[1])
        return zagg_err_set(err, ZAGG_ERANGE, "column %llu of %llu",
                            (unsigned long long)col, (unsigned long long)info->dims[1]);
    out->chunk_col = col / ds->chunk_cols;
    out->col = (size_t)(col % ds->chunk_cols);
    out->stride = (size_t)ds->chunk_cols;
    return ZAGG_OK;
}

zagg_status zg_h5_check_ranges(const zagg_h5_dataset *ds, const zagg_rows *ranges,
                               size_t n, uint64_t *total, zagg_err *err)
{
    uint64_t sum = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].begin > ranges[i].end || ranges[i].begin < last)
            return zagg_err_set(err, ZAGG_EARG, "row ranges do not ascend");
        if (ranges[i].end > ds->n_rows)
            return zagg_err_set(err, ZAGG_ERANGE, "rows %llu to %llu of %llu",
                                (unsigned long long)ranges[i].begin,
                                (unsigned long long)ranges[i].end,
                                (unsigned long long)ds->n_rows);
        sum += ranges[i].end - ranges[i].begin; /* at most n_rows: they do not overlap */
        last = ranges[i].end;
    }
    *total = sum;
    return ZAGG_OK;
}

static zagg_status add_ref(zg_vec *out, zg_h5_ref ref, zagg_err *err)
{
    zg_h5_ref *at = zg_vec_push(out);
    if (!at)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of chunks");
    *at = ref;
    return ZAGG_OK;
}

/* Contiguous and compact data as chunks of their own grid. */
static zagg_status plain_refs(const zagg_h5_dataset *ds, uint64_t begin, uint64_t end,
                              zg_vec *out, zagg_err *err)
{
    if (ds->info.layout == ZAGG_H5_COMPACT)
        return add_ref(
            out,
            (zg_h5_ref){ZG_H5_UNDEF, 0, (uint32_t)ds->chunk_bytes, 0, ds->inline_data},
            err);
    if (ds->addr == ZG_H5_UNDEF)
        return ZAGG_OK;
    uint64_t row_bytes = ds->chunk_bytes / ds->chunk_rows;
    for (uint64_t c = begin / ds->chunk_rows; c * ds->chunk_rows < end; c++) {
        uint64_t left = (ds->n_rows - c * ds->chunk_rows) * row_bytes;
        uint64_t size = left < ds->chunk_bytes ? left : ds->chunk_bytes;
        ZAGG_TRY(add_ref(
            out, (zg_h5_ref){ds->addr + c * ds->chunk_bytes, c, (uint32_t)size, 0, NULL},
            err));
    }
    return ZAGG_OK;
}

static zagg_status chunk_refs(const zg_h5_view *view, uint64_t begin, uint64_t end,
                              zg_vec *out, zagg_err *err)
{
    zagg_h5_dataset *ds = view->ds;
    uint64_t from = begin / ds->chunk_rows, to = (end - 1) / ds->chunk_rows + 1;
    ZAGG_TRY(zg_h5_index_cover(ds, from, to, err));
    size_t lo = 0, hi = ds->index.len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (ZG_VEC_AT(&ds->index, zg_h5_entry, mid)->row < from)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < ds->index.len; lo++) {
        const zg_h5_entry *e = ZG_VEC_AT(&ds->index, zg_h5_entry, lo);
        if (e->row >= to)
            break;
        if (e->col == view->chunk_col)
            ZAGG_TRY(
                add_ref(out, (zg_h5_ref){e->addr, e->row, e->size, e->mask, NULL}, err));
    }
    return ZAGG_OK;
}

zagg_status zg_h5_refs(const zg_h5_view *view, uint64_t begin, uint64_t end, zg_vec *out,
                       zagg_err *err)
{
    if (begin >= end)
        return ZAGG_OK;
    if (view->ds->info.layout != ZAGG_H5_CHUNKED)
        return plain_refs(view->ds, begin, end, out, err);
    pthread_mutex_lock(&view->ds->file->lock);
    zagg_status st = chunk_refs(view, begin, end, out, err);
    pthread_mutex_unlock(&view->ds->file->lock);
    return st;
}

size_t zg_h5_ref_at(const zg_h5_ref *refs, size_t n, uint64_t chunk)
{
    size_t lo = 0;
    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;
        if (refs[mid].chunk < chunk)
            lo = mid + 1;
        else
            n = mid;
    }
    return lo;
}
