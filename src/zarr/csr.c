/* Writing ragged fields as upstream 0.11 does: below the field's group one group a chunk,
 * named by a number, with the arrays `values` (payloads one after another), `offsets` and
 * `cell_ids`. Each is one chunk with the default compressor of zarr-python; one that
 * holds zeros only is not stored, which befalls `offsets` of an empty chunk and
 * `cell_ids` where cell 0 alone has a payload. */
#include "zarr/layout.h"

#include <inttypes.h>
#include <stdio.h>

/* "folder/name". */
static zagg_status join(char out[ZG_ZARR_MAX_KEY], const char *folder, const char *name,
                        zagg_err *err)
{
    const int len = snprintf(out, ZG_ZARR_MAX_KEY, "%s/%s", folder, name);
    if (len < 0 || len >= ZG_ZARR_MAX_KEY)
        return zagg_err_set(err, ZAGG_ERANGE, "key of node %s is too long", folder);
    return ZAGG_OK;
}

static zagg_status put_doc(zagg_sink *store, const char *path, const char *text,
                           size_t len, zagg_err *err)
{
    char key[ZG_ZARR_MAX_KEY];
    ZAGG_TRY(join(key, path, "zarr.json", err));
    return zagg_sink_put(store, key, text, len, err);
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
    char path[ZG_ZARR_MAX_KEY], *text = NULL;
    size_t len = 0;
    a.rank = width > 0 ? 2 : 1;
    a.shape[0] = n;
    a.chunk[0] = n > 0 ? n : 1;
    a.shape[1] = a.chunk[1] = width;
    ZAGG_TRY(join(path, group, name, err));
    if (n > 0)
        ZAGG_TRY(zagg_zarr_write_chunk(store, group, &a, FIRST, data, err));
    ZAGG_TRY(zagg_zarr_array_json(&a, &text, &len, err));
    const zagg_status status = put_doc(store, path, text, len, err);
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
    char path[ZG_ZARR_MAX_KEY], key[ZG_ZARR_MAX_KEY], *text = NULL;
    size_t len = 0;
    if (!zg_zarr_name_ok(group) || !zg_zarr_name_ok(field))
        return zagg_err_set(err, ZAGG_EARG, "CSR field without a usable name");
    ZAGG_TRY(join(path, group, field, err));
    ZAGG_TRY(join(key, path, "zarr.json", err));
    ZAGG_TRY(zagg_zarr_group_json(NULL, &text, &len, err));
    /* Shards share it: writing it once more must not endanger those that count on it. */
    const zagg_status status = zagg_sink_put_whole(store, key, text, len, err);
    zagg_bytes_free(text);
    return status;
}

zagg_status zagg_zarr_csr_write(zagg_sink *store, const char *group, const char *field,
                                uint64_t key, const zagg_zarr_csr *csr, zagg_err *err)
{
    char path[ZG_ZARR_MAX_KEY], chunk[ZG_ZARR_MAX_KEY], number[24];
    ZAGG_TRY(check(group, field, csr, err));
    (void)snprintf(number, sizeof number, "%" PRIu64, key);
    ZAGG_TRY(join(path, group, field, err));
    ZAGG_TRY(join(chunk, path, number, err));
    return put_members(store, chunk, csr, err);
}
