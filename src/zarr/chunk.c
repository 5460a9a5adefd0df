/* Unsharded chunks: encoded elements in C order, one object each. A chunk of nothing but
 * fill is not stored, and a stale object of it is removed (zarr-python's
 * write_empty_chunks=false). */
#include "zarr/pack.h"

static zagg_status put_packed(zagg_sink *store, const char *key,
                              const zagg_zarr_array *array, const zg_zarr_layout *layout,
                              const void *data, zagg_err *err)
{
    zg_zarr_packed chunk;
    zg_zstd *zstd = array->zstd ? zg_zstd_new() : NULL;
    if (array->zstd && zstd == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to pack a chunk of '%s'",
                            array->name);
    zagg_status status = zg_zarr_pack(zstd, array, layout, data, &chunk, err);
    zg_zstd_free(zstd);
    if (status != ZAGG_OK)
        return status;
    status = zagg_sink_put(store, key, chunk.data, chunk.len, err);
    zg_free(chunk.owned);
    return status;
}

zagg_status zagg_zarr_write_chunk(zagg_sink *store, const char *group,
                                  const zagg_zarr_array *array,
                                  const uint64_t *chunk_index, const void *data,
                                  zagg_err *err)
{
    zg_zarr_layout layout;
    char key[ZG_ZARR_MAX_KEY];
    ZAGG_TRY(zg_zarr_layout_of(array, &layout, err));
    if (array->sharded)
        return zagg_err_set(err, ZAGG_EARG,
                            "zarr array '%s' is sharded: its chunks are written by shard",
                            array->name);
    ZAGG_TRY(zagg_zarr_object_key(group, array, chunk_index, key, sizeof key, err));
    if (zagg_zarr_all_fill(array, data, layout.chunk_elems))
        return zagg_sink_delete(store, key, err);
    return put_packed(store, key, array, &layout, data, err);
}
