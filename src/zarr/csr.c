/* Writing ragged fields as upstream 0.11 does: below the field's group one group a chunk,
 * named by a number, with the arrays `values` (payloads one after another), `offsets` and
 * `cell_ids`. Each is one chunk with the default compressor of zarr-python; one that
 * holds zeros only is not stored, which befalls `offsets` of an empty chunk and
 * `cell_ids` where cell 0 alone has a payload. */
#include "zarr/layout.h"

#include <inttypes.h>
#include <string.h>

static zagg_status no_memory(const char *field, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of '%s'", field);
}

static zagg_status put_doc(zagg_sink *store, const char *path, char *text, size_t len,
                           zagg_err *err)
{
    zg_str key;
    zg_str_init(&key, ZG_ZARR_MAX_KEY);
    zg_str_addf(&key, "%s/zarr.json", path);
    const zagg_status status =
        key.failed ? zagg_err_set(err, ZAGG_ERANGE, "key of node %s is too long", path)
                   : zagg_sink_put(store, key.data, text, len, err);
    zg_str_free(&key);
    return status;
}

static zagg_status put_group(zagg_sink *store, const char *path, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_zarr_group_json(NULL, &text, &len, err));
    const zagg_status status = put_doc(store, path, text, len, err);
    zagg_bytes_free(text);
    return status;
}

/* An array of rank 1, or 2 where `width` is not 0, as one chunk: object, then document.
 */
static zagg_status put_array(zagg_sink *store, const char *group, const char *name,
                             zagg_dtype dtype, uint64_t n, size_t width, const void *data,
                             zagg_err *err)
{
    static const uint64_t FIRST[2] = {0, 0};
    zagg_zarr_array a = {.name = name, .dtype = dtype, .zstd = true};
    zg_str path;
    char *text = NULL;
    size_t len = 0;
    a.rank = width > 0 ? 2 : 1;
    a.shape[0] = n;
    a.chunk[0] = n > 0 ? n : 1;
    a.shape[1] = a.chunk[1] = width;
    if (n > 0)
        ZAGG_TRY(zagg_zarr_write_chunk(store, group, &a, FIRST, data, err));
    ZAGG_TRY(zagg_zarr_array_json(&a, &text, &len, err));
    zg_str_init(&path, ZG_ZARR_MAX_KEY);
    zg_str_addf(&path, "%s/%s", group, name);
    const zagg_status status = put_doc(store, path.data, text, len, err);
    zg_str_free(&path);
    zagg_bytes_free(text);
    return status;
}

static zagg_status check(const char *group, const char *field, const zagg_zarr_csr *csr,
                         zagg_err *err)
{
    if (group == NULL || !zg_zarr_name_ok(field) || zagg_dtype_size(csr->dtype) == 0)
        return zagg_err_set(err, ZAGG_EARG, "CSR field without a usable name or type");
    bool right = csr->n_cells == 0 || (csr->offsets[0] == 0 && csr->cell_ids[0] >= 0);
    for (size_t i = 0; i < csr->n_cells && right; i++)
        right = csr->offsets[i + 1] > csr->offsets[i] &&
                (i == 0 || csr->cell_ids[i] > csr->cell_ids[i - 1]);
    if (!right)
        return zagg_err_set(err, ZAGG_EARG,
                            "CSR field '%s': cells that do not ascend, or one without a "
                            "payload",
                            field);
    return ZAGG_OK;
}

static zagg_status put_members(zagg_sink *store, const char *group,
                               const zagg_zarr_csr *csr, zagg_err *err)
{
    static const int64_t NONE[1] = {0};
    const size_t n = csr->n_cells;
    const int64_t *offsets = n > 0 ? csr->offsets : NONE;
    ZAGG_TRY(put_array(store, group, "values", csr->dtype, (uint64_t)offsets[n],
                       n > 0 ? csr->width : 0, csr->values, err));
    ZAGG_TRY(put_array(store, group, "offsets", ZAGG_DT_I64, n + 1, 0, offsets, err));
    ZAGG_TRY(put_array(store, group, "cell_ids", ZAGG_DT_I64, n, 0, csr->cell_ids, err));
    return put_group(store, group, err);
}

zagg_status zagg_zarr_csr_create(zagg_sink *store, const char *group, const char *field,
                                 zagg_err *err)
{
    zg_str path;
    if (!zg_zarr_name_ok(group) || !zg_zarr_name_ok(field))
        return zagg_err_set(err, ZAGG_EARG, "CSR field without a usable name");
    zg_str_init(&path, ZG_ZARR_MAX_KEY);
    zg_str_addf(&path, "%s/%s", group, field);
    const zagg_status status =
        path.failed ? no_memory(field, err) : put_group(store, path.data, err);
    zg_str_free(&path);
    return status;
}

zagg_status zagg_zarr_csr_write(zagg_sink *store, const char *group, const char *field,
                                uint64_t key, const zagg_zarr_csr *csr, zagg_err *err)
{
    zg_str path;
    ZAGG_TRY(check(group, field, csr, err));
    zg_str_init(&path, ZG_ZARR_MAX_KEY);
    zg_str_addf(&path, "%s/%s/%" PRIu64, group, field, key);
    const zagg_status status =
        path.failed ? no_memory(field, err) : put_members(store, path.data, csr, err);
    zg_str_free(&path);
    return status;
}
