/* Opening a dataset: its messages put together and checked against each other, so that
 * reading can rely on every size. */
#include "h5/h5.h"
#include "h5/inspect.h"

/* Contiguous data are read in pieces of about this size. */
#define PIECE_BYTES ((uint64_t)64 << 10)
/* Unwritten rows cost nothing in the file, so dimensions are bounded by what deflate can
 * expand the file to, plus this. */
#define FREE_BYTES ((uint64_t)256 << 20)
#define MAX_EXPANSION 1100u

zagg_status zg_h5_where(const zagg_h5_dataset *ds, zagg_err *err, zagg_status status)
{
    return zagg_err_context(err, status, "%s: %s", ds->file->name, ds->path);
}

/* Bytes of all elements, and of one row (of a dataset without dimensions: its element).
 */
static zagg_status data_bytes(const zagg_h5_dataset *ds, uint64_t *total, uint64_t *row,
                              zagg_err *err)
{
    uint64_t bytes = ds->elem_size, bound = FREE_BYTES, more;
    for (unsigned i = 1; i < ds->info.rank; i++)
        if (!zg_mul_u64(bytes, ds->info.dims[i], &bytes))
            return zagg_err_set(err, ZAGG_EFORMAT, "dimensions overflow");
    *row = bytes;
    if (ds->info.rank && !zg_mul_u64(bytes, ds->info.dims[0], &bytes))
        return zagg_err_set(err, ZAGG_EFORMAT, "dimensions overflow");
    if (zg_mul_u64(ds->file->size, MAX_EXPANSION, &more))
        bound += more;
    if (bytes > bound)
        return zagg_err_set(
            err, ZAGG_ERANGE,
            "dimensions of %llu bytes, more than a file of %llu bytes can "
            "hold",
            (unsigned long long)bytes, (unsigned long long)ds->file->size);
    *total = bytes;
    return ZAGG_OK;
}

static zagg_status check_chunked(zg_h5_dataset_parse *p, zagg_err *err)
{
    zagg_h5_dataset *ds = p->ds;
    if (p->layout_rank != ds->info.rank + 1)
        return zagg_err_set(err, ZAGG_EFORMAT, "%u dimensions, but chunks of %u",
                            ds->info.rank, p->layout_rank - 1);
    if (p->layout_elem_size != ds->elem_size)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "elements of %zu bytes, but chunks with elements of %llu",
                            ds->elem_size, (unsigned long long)p->layout_elem_size);
    uint64_t bytes = ds->elem_size;
    for (unsigned i = 0; i < ds->info.rank; i++)
        if (ds->info.chunk_dims[i] == 0 ||
            !zg_mul_u64(bytes, ds->info.chunk_dims[i], &bytes))
            return zagg_err_set(err, ZAGG_EFORMAT, "impossible chunk dimensions");
    if (bytes > ds->file->limits.max_chunk_bytes)
        return zagg_err_set(err, ZAGG_ERANGE, "chunks of %llu bytes (at most %llu)",
                            (unsigned long long)bytes,
                            (unsigned long long)ds->file->limits.max_chunk_bytes);
    ds->chunk_rows = ds->info.chunk_dims[0];
    ds->chunk_cols = ds->info.rank > 1 ? ds->info.chunk_dims[1] : 1;
    ds->chunk_bytes = (size_t)bytes;
    return ZAGG_OK;
}

/* Contiguous and compact data get a grid of their own, in whole rows. */
static zagg_status check_plain(zg_h5_dataset_parse *p, uint64_t total, uint64_t row,
                               zagg_err *err)
{
    zagg_h5_dataset *ds = p->ds;
    bool compact = ds->info.layout == ZAGG_H5_COMPACT;
    uint64_t stored = compact ? p->inline_len : p->layout_bytes;
    if (ds->n_filters)
        return zagg_err_set(err, ZAGG_EFORMAT, "filters on data without chunks");
    if ((compact || ds->addr != ZG_H5_UNDEF) && stored < total)
        return zagg_err_set(err, ZAGG_EFORMAT, "%llu bytes stored, %llu needed",
                            (unsigned long long)stored, (unsigned long long)total);
    uint64_t end;
    if (!compact && ds->addr != ZG_H5_UNDEF &&
        (!zg_add_u64(ds->addr, ds->file->base, &end) || !zg_add_u64(end, total, &end) ||
         end > ds->file->size))
        return zagg_err_set(err, ZAGG_EFORMAT, "data beyond the end of the file");
    if (row > ds->file->limits.max_chunk_bytes)
        return zagg_err_set(err, ZAGG_ERANGE, "rows of %llu bytes (at most %llu)",
                            (unsigned long long)row,
                            (unsigned long long)ds->file->limits.max_chunk_bytes);
    if (compact)
        ds->chunk_rows = ds->n_rows ? ds->n_rows : 1;
    else
        ds->chunk_rows = row < PIECE_BYTES && row ? PIECE_BYTES / row : 1;
    ds->chunk_cols = ds->info.rank > 1 ? ds->info.dims[1] : 1;
    ds->chunk_bytes = (size_t)(ds->chunk_rows * row);
    return ZAGG_OK;
}

static zagg_status check(zg_h5_dataset_parse *p, zagg_err *err)
{
    zagg_h5_dataset *ds = p->ds;
    if (!p->has_layout && !p->has_space)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "not a dataset");
    if (!p->has_layout || !p->has_space || !p->has_type)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "dataset without a dataspace, datatype or layout");
    if (p->fill_len && p->fill_len != ds->elem_size)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "fill value of %zu bytes for elements of %zu", p->fill_len,
                            ds->elem_size);
    ds->n_rows = ds->info.rank ? ds->info.dims[0] : 1;
    uint64_t total = 0, row = 0;
    ZAGG_TRY(data_bytes(ds, &total, &row, err));
    ZAGG_TRY(ds->info.layout == ZAGG_H5_CHUNKED ? check_chunked(p, err)
                                                : check_plain(p, total, row, err));
    zg_h5_swap(ds, ds->fill, 1);
    return ZAGG_OK;
}

static zagg_status parse(zagg_h5_dataset *ds, uint64_t addr, zagg_err *err)
{
    zg_h5_object kind;
    ZAGG_TRY(zg_h5_classify(ds->file, addr, &kind, err));
    if (kind == ZG_H5_OBJECT_GROUP)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "a group, not a dataset");
    zg_h5_dataset_parse p = {.ds = ds};
    ZAGG_TRY(zg_h5_header_walk(ds->file, addr, zg_h5_dataset_message, &p, err));
    return check(&p, err);
}

void zg_h5_dataset_free(zagg_h5_dataset *ds)
{
    if (!ds)
        return;
    ds->file->index_bytes -= ds->index.cap * sizeof(zg_h5_entry);
    zg_vec_free(&ds->index);
    zg_free(ds->inline_data);
    zg_free(ds->path);
    zg_free(ds);
}

zagg_status zg_h5_dataset_at(zagg_h5 *file, const char *path, uint64_t addr,
                             zagg_h5_dataset **out, zagg_err *err)
{
    zagg_h5_dataset *ds = zg_alloc(1, sizeof *ds);
    zagg_status st = ZAGG_OK;
    if (ds) {
        ds->file = file;
        ds->addr = ZG_H5_UNDEF;
        zg_vec_init(&ds->index, sizeof(zg_h5_entry), 0);
        ds->path = zg_strdup(path);
        ds->info.path = ds->path;
    }
    if (!ds || !ds->path)
        st = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a dataset");
    if (st == ZAGG_OK)
        st = parse(ds, addr, err);
    if (st == ZAGG_OK)
        *out = ds;
    else
        zg_h5_dataset_free(ds);
    return st;
}

zagg_status zg_h5_dataset_open_locked(zagg_h5 *file, const char *path,
                                      zagg_h5_dataset **out, zagg_err *err)
{
    for (size_t i = 0; i < file->datasets.len; i++) {
        zagg_h5_dataset *ds = *ZG_VEC_AT(&file->datasets, zagg_h5_dataset *, i);
        if (strcmp(ds->path, path) == 0) {
            *out = ds;
            return ZAGG_OK;
        }
    }
    uint64_t addr;
    zagg_h5_dataset *ds, **place;
    ZAGG_TRY(zg_h5_resolve(file, path, &addr, err));
    ZAGG_TRY(zg_h5_dataset_at(file, path, addr, &ds, err));
    place = zg_vec_push(&file->datasets);
    if (!place) {
        zg_h5_dataset_free(ds);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a dataset");
    }
    *place = ds;
    *out = ds;
    return ZAGG_OK;
}

zagg_status zagg_h5_dataset_open(zagg_h5 *file, const char *path, zagg_h5_dataset **out,
                                 zagg_err *err)
{
    char clean[ZG_H5_MAX_PATH];
    ZAGG_TRY(zg_h5_path_normalise(path, clean, err));
    pthread_mutex_lock(&file->lock);
    zagg_status st = zg_h5_dataset_open_locked(file, clean, out, err);
    pthread_mutex_unlock(&file->lock);
    if (st != ZAGG_OK)
        return zagg_err_context(err, st, "%s: %s", file->name, clean);
    return ZAGG_OK;
}

zagg_h5_info zagg_h5_dataset_info(const zagg_h5_dataset *dataset)
{
    return dataset->info;
}

void zg_h5_datasets_free(zagg_h5 *file)
{
    for (size_t i = 0; i < file->datasets.len; i++)
        zg_h5_dataset_free(*ZG_VEC_AT(&file->datasets, zagg_h5_dataset *, i));
    zg_vec_free(&file->datasets);
}
