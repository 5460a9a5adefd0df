/* Codecs of an innermost chunk: numbers as they are, or framed byte strings (vlen-bytes),
 * and zstd around them where the array has it. */
#include "zarr/pack.h"

#include <string.h>

static zagg_status no_memory(const zagg_zarr_array *array, size_t bytes, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of '%s' (%zu bytes)",
                        array->name, bytes);
}

/* Uninitialised memory: the pages that nobody touches cost nothing. */
static void *room(size_t bytes)
{
    return zg_realloc(NULL, bytes > 0 ? bytes : 1, 1);
}

static zagg_status frame(const zagg_zarr_array *array, const zg_zarr_layout *layout,
                         const zagg_bytes_view *items, zg_zarr_packed *out, zagg_err *err)
{
    size_t bytes = 0;
    if (!zg_vlen_size(items, layout->chunk_elems, &bytes))
        return zagg_err_set(err, ZAGG_ERANGE,
                            "zarr array '%s': an element of 4 GiB or more, or as many of "
                            "them",
                            array->name);
    void *framed = room(bytes);
    if (framed == NULL)
        return no_memory(array, bytes, err);
    zg_vlen_encode(items, layout->chunk_elems, framed);
    *out = (zg_zarr_packed){framed, bytes, framed};
    return ZAGG_OK;
}

static zagg_status pack_with(zg_zstd *zstd, const zagg_zarr_array *array,
                             zg_zarr_packed *chunk, zagg_err *err)
{
    const size_t cap = zg_zstd_bound(chunk->len);
    void *packed = cap > 0 ? room(cap) : NULL;
    size_t len = 0;
    if (packed == NULL)
        return no_memory(array, chunk->len, err);
    const zagg_status status = zg_zstd_pack(zstd, array->zstd_level, chunk->data,
                                            chunk->len, packed, cap, &len, err);
    if (status != ZAGG_OK) {
        zg_free(packed);
        return zagg_err_context(err, status, "zarr array '%s'", array->name);
    }
    zg_free(chunk->owned);
    *chunk = (zg_zarr_packed){packed, len, packed};
    return ZAGG_OK;
}

zagg_status zg_zarr_pack(zg_zstd *zstd, const zagg_zarr_array *array,
                         const zg_zarr_layout *layout, const void *elements,
                         zg_zarr_packed *out, zagg_err *err)
{
    zg_zarr_packed chunk = {elements, layout->chunk_bytes, NULL};
    if (array->kind == ZAGG_ZARR_VLEN)
        ZAGG_TRY(frame(array, layout, elements, &chunk, err));
    const zagg_status status =
        array->zstd ? pack_with(zstd, array, &chunk, err) : ZAGG_OK;
    if (status == ZAGG_OK)
        *out = chunk;
    else
        zg_free(chunk.owned);
    return status;
}

static zagg_status unzip(zg_zstd *zstd, const zagg_zarr_array *array,
                         const zg_zarr_layout *layout, const void *stored, size_t len,
                         zg_zarr_packed *out, zagg_err *err)
{
    size_t bytes = 0;
    ZAGG_TRY(zg_zstd_content_size(stored, len, ZG_ZARR_MAX_CHUNK_BYTES, &bytes, err));
    if (array->kind == ZAGG_ZARR_DENSE && bytes != layout->chunk_bytes)
        return zagg_err_set(err, ZAGG_EFORMAT, "%zu bytes instead of %zu", bytes,
                            layout->chunk_bytes);
    void *raw = room(bytes);
    if (raw == NULL)
        return no_memory(array, bytes, err);
    const zagg_status status = zg_zstd_unpack(zstd, stored, len, raw, bytes, err);
    if (status != ZAGG_OK) {
        zg_free(raw);
        return status;
    }
    *out = (zg_zarr_packed){raw, bytes, raw};
    return ZAGG_OK;
}

/* Views cost 16 bytes an element: asked for once the bytes are seen to hold as many. */
static zagg_status unframe(const zagg_zarr_array *array, const zg_zarr_layout *layout,
                           const zg_zarr_packed *chunk, zagg_bytes_view **out,
                           zagg_err *err)
{
    const size_t n = layout->chunk_elems;
    if (chunk->len / sizeof(uint32_t) <= n)
        return zagg_err_set(err, ZAGG_EFORMAT, "%zu bytes cannot hold %zu elements",
                            chunk->len, n);
    zagg_bytes_view *views = room(layout->chunk_bytes);
    if (views == NULL)
        return no_memory(array, layout->chunk_bytes, err);
    const zagg_status status = zg_vlen_decode(chunk->data, chunk->len, views, n, err);
    if (status == ZAGG_OK)
        *out = views;
    else
        zg_free(views);
    return status;
}

/* Numbers of a shard's payload may lie at odd places. */
static zagg_status align(const zagg_zarr_array *array, const zg_zarr_layout *layout,
                         zg_zarr_packed *chunk, zagg_err *err)
{
    if ((uintptr_t)chunk->data % layout->elem_bytes == 0)
        return ZAGG_OK;
    void *copy = room(chunk->len);
    if (copy == NULL)
        return no_memory(array, chunk->len, err);
    memcpy(copy, chunk->data, chunk->len);
    *chunk = (zg_zarr_packed){copy, chunk->len, copy};
    return ZAGG_OK;
}

zagg_status zg_zarr_unpack(zg_zstd *zstd, const zagg_zarr_array *array,
                           const zg_zarr_layout *layout, const void *stored, size_t len,
                           zg_zarr_unpacked *out, zagg_err *err)
{
    zg_zarr_packed chunk = {stored, len, NULL};
    zagg_bytes_view *views = NULL;
    if (layout->fixed && len != layout->chunk_bytes)
        return zagg_err_set(err, ZAGG_EFORMAT, "%zu bytes instead of %zu", len,
                            layout->chunk_bytes);
    zagg_status status =
        array->zstd ? unzip(zstd, array, layout, stored, len, &chunk, err) : ZAGG_OK;
    if (status == ZAGG_OK)
        status = array->kind == ZAGG_ZARR_VLEN
                     ? unframe(array, layout, &chunk, &views, err)
                     : align(array, layout, &chunk, err);
    if (status != ZAGG_OK) {
        zg_free(chunk.owned);
        return status;
    }
    *out = (zg_zarr_unpacked){views != NULL ? views : chunk.data, chunk.owned, views};
    return ZAGG_OK;
}

void zg_zarr_unpacked_free(zg_zarr_unpacked *chunk)
{
    zg_free(chunk->owned);
    zg_free(chunk->views);
}
