/* All stored chunks of a dataset, and the bytes they take. */
#include "h5/inspect.h"

/* Places of the chunk grid that are looked up together. */
#define RUN_PLACES ((uint64_t)256 << 10)

/* Chunks side by side in one row of the chunk grid. */
static uint64_t places_per_row(const zagg_h5_dataset *ds)
{
    uint64_t n = 1;
    for (unsigned i = 1; i < ds->info.rank; i++) {
        uint64_t dim = ds->info.dims[i], chunk = ds->info.chunk_dims[i];
        if (!zg_mul_u64(n, dim / chunk + (dim % chunk != 0), &n))
            return UINT64_MAX;
    }
    return n;
}

/* Copy the entries of chunk rows [begin, end): their cache may be dropped as soon as the
 * lock is free. */
static zagg_status copy_run(zagg_h5_dataset *ds, uint64_t begin, uint64_t end,
                            zg_vec *out, zagg_err *err)
{
    ZAGG_TRY(zg_h5_index_cover(ds, begin, end, err));
    const zg_h5_entry *entries = ds->index.data;
    size_t lo = 0, hi = ds->index.len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (entries[mid].row < begin)
            lo = mid + 1;
        else
            hi = mid;
    }
    out->len = 0;
    for (; lo < ds->index.len && entries[lo].row < end; lo++) {
        zg_h5_entry *at = zg_vec_push(out);
        if (!at)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of chunks");
        *at = entries[lo];
    }
    return ZAGG_OK;
}

zagg_status zg_h5_each_entries(zagg_h5_dataset *ds, zg_h5_entries_fn fn, void *user,
                               zagg_err *err)
{
    /* An empty dataset has no chunks, however long its other dimensions claim to be. */
    if (ds->info.layout != ZAGG_H5_CHUNKED || ds->addr == ZG_H5_UNDEF ||
        zg_h5_data_bytes(ds) == 0)
        return ZAGG_OK;
    uint64_t rows = ds->n_rows / ds->chunk_rows + (ds->n_rows % ds->chunk_rows != 0);
    uint64_t per_row = places_per_row(ds);
    uint64_t step = per_row && per_row < RUN_PLACES ? RUN_PLACES / per_row : 1;
    zagg_status st = ZAGG_OK;
    zg_vec run;
    zg_vec_init(&run, sizeof(zg_h5_entry), 0);
    for (uint64_t row = 0; row < rows && st == ZAGG_OK; row += step) {
        uint64_t end = rows - row < step ? rows : row + step;
        pthread_mutex_lock(&ds->file->lock);
        st = copy_run(ds, row, end, &run, err);
        pthread_mutex_unlock(&ds->file->lock);
        if (st == ZAGG_OK && run.len)
            st = fn(user, run.data, run.len, err);
    }
    zg_vec_free(&run);
    return st;
}

uint64_t zg_h5_data_bytes(const zagg_h5_dataset *ds)
{
    uint64_t bytes = ds->elem_size; /* bounded when the dataset was opened */
    for (unsigned i = 0; i < ds->info.rank; i++)
        bytes *= ds->info.dims[i];
    return bytes;
}

static zagg_status add_up(void *user, const zg_h5_entry *entries, size_t n, zagg_err *err)
{
    (void)err;
    zagg_h5_storage *sum = user;
    for (size_t i = 0; i < n; i++)
        sum->stored_bytes += entries[i].size;
    sum->chunks += n;
    return ZAGG_OK;
}

zagg_status zagg_h5_storage_read(zagg_h5_dataset *dataset, zagg_h5_storage *out,
                                 zagg_err *err)
{
    zagg_h5_storage sum = {.data_bytes = zg_h5_data_bytes(dataset)};
    if (dataset->info.layout == ZAGG_H5_CHUNKED) {
        zagg_status st = zg_h5_each_entries(dataset, add_up, &sum, err);
        if (st != ZAGG_OK)
            return zg_h5_where(dataset, err, st);
    } else if (dataset->info.layout == ZAGG_H5_COMPACT || dataset->addr != ZG_H5_UNDEF) {
        sum.stored_bytes = sum.data_bytes;
        sum.chunks = 1;
    }
    *out = sum;
    return ZAGG_OK;
}
