/* Sizes and object keys of an array. Zarr v3 core: the default chunk key encoding is "c"
 * and the chunk index along each axis, joined by '/'. */
#include "zarr/layout.h"

#include "codec/codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool zg_zarr_name_ok(const char *name)
{
    return name != NULL && name[0] != '\0' && strchr(name, '/') == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static zagg_status check_axes(const zagg_zarr_array *a, zagg_err *err)
{
    if (a == NULL || !zg_zarr_name_ok(a->name))
        return zagg_err_set(err, ZAGG_EARG, "zarr array without a usable name");
    if (a->kind != ZAGG_ZARR_DENSE && a->kind != ZAGG_ZARR_VLEN)
        return zagg_err_set(err, ZAGG_EARG, "'%s' is no zarr array", a->name);
    if (a->kind == ZAGG_ZARR_DENSE && zagg_dtype_size(a->dtype) == 0)
        return zagg_err_set(err, ZAGG_EARG, "zarr array '%s' has no data type", a->name);
    if (a->rank > ZAGG_ZARR_MAX_RANK)
        return zagg_err_set(err, ZAGG_EARG, "zarr array '%s' has rank %u, not 0 to %d",
                            a->name, a->rank, ZAGG_ZARR_MAX_RANK);
    if (a->rank == 0 && a->sharded)
        return zagg_err_set(err, ZAGG_EARG, "zarr array '%s' has no axis to shard",
                            a->name);
    for (unsigned d = 0; d < a->rank; d++) {
        if (a->chunk[d] == 0 || (a->sharded && a->shard[d] == 0))
            return zagg_err_set(err, ZAGG_EARG, "zarr array '%s' has an empty chunk",
                                a->name);
        if (a->sharded && a->shard[d] % a->chunk[d] != 0)
            return zagg_err_set(err, ZAGG_EARG,
                                "shard of zarr array '%s' is no multiple of its chunk "
                                "along axis %u (%" PRIu64 ", %" PRIu64 ")",
                                a->name, d, a->shard[d], a->chunk[d]);
    }
    return ZAGG_OK;
}

static bool mul_extent(size_t a, uint64_t b, size_t *out)
{
    return b <= SIZE_MAX && zg_mul_size(a, (size_t)b, out);
}

/* Most bytes that a stored chunk takes. */
static size_t stored_max(const zagg_zarr_array *a, const zg_zarr_layout *l)
{
    if (l->fixed)
        return l->chunk_bytes;
    if (a->kind == ZAGG_ZARR_VLEN || l->chunk_bytes > ZG_ZARR_MAX_CHUNK_BYTES)
        return ZG_ZARR_MAX_CHUNK_BYTES;
    return zg_zstd_bound(l->chunk_bytes);
}

/* False when a product does not fit. */
static bool fill_layout(const zagg_zarr_array *a, zg_zarr_layout *l)
{
    size_t payload;
    const bool vlen = a->kind == ZAGG_ZARR_VLEN;
    l->elem_bytes = vlen ? sizeof(zagg_bytes_view) : zagg_dtype_size(a->dtype);
    l->fixed = !vlen && !a->zstd;
    l->chunk_elems = 1;
    l->n_inner = 1;
    for (unsigned d = 0; d < a->rank; d++) {
        uint64_t extent = a->sharded ? a->shard[d] : a->chunk[d];
        l->inner[d] = extent / a->chunk[d];
        l->grid[d] = a->shape[d] / extent + (a->shape[d] % extent != 0);
        if (!mul_extent(l->chunk_elems, a->chunk[d], &l->chunk_elems) ||
            !mul_extent(l->n_inner, l->inner[d], &l->n_inner))
            return false;
    }
    if (!zg_mul_size(l->chunk_elems, l->elem_bytes, &l->chunk_bytes) ||
        !zg_mul_size(l->n_inner, l->chunk_bytes, &payload))
        return false;
    if (!zg_mul_size(l->n_inner, stored_max(a, l), &payload))
        payload = SIZE_MAX / 2; /* of those that vary: no bound but memory */
    if (a->sharded && (!zg_mul_size(l->n_inner, 16, &l->index_bytes) ||
                       !zg_add_size(l->index_bytes, 4, &l->index_bytes)))
        return false;
    return zg_add_size(payload, l->index_bytes, &l->object_max_bytes);
}

zagg_status zg_zarr_layout_of(const zagg_zarr_array *array, zg_zarr_layout *out,
                              zagg_err *err)
{
    zg_zarr_layout layout = {0};
    ZAGG_TRY(check_axes(array, err));
    if (!fill_layout(array, &layout))
        return zagg_err_set(err, ZAGG_ERANGE,
                            "a chunk or shard of zarr array '%s' is larger than memory "
                            "can hold",
                            array->name);
    *out = layout;
    return ZAGG_OK;
}

zagg_status zagg_zarr_object_key(const char *group, const zagg_zarr_array *array,
                                 const uint64_t *index, char *out, size_t out_len,
                                 zagg_err *err)
{
    zg_zarr_layout layout;
    char key[ZG_ZARR_MAX_KEY];
    ZAGG_TRY(zg_zarr_layout_of(array, &layout, err));
    bool below = group != NULL && group[0] != '\0';
    int len = snprintf(key, sizeof key, "%s%s%s/c", below ? group : "", below ? "/" : "",
                       array->name);
    for (unsigned d = 0; d < array->rank; d++) {
        if (index[d] >= layout.grid[d])
            return zagg_err_set(err, ZAGG_ERANGE,
                                "chunk %" PRIu64
                                " of zarr array '%s' along axis %u: there "
                                "are %" PRIu64,
                                index[d], array->name, d, layout.grid[d]);
        if (len < 0 || (size_t)len >= sizeof key)
            break;
        int more = snprintf(key + len, sizeof key - (size_t)len, "/%" PRIu64, index[d]);
        len = more < 0 ? more : len + more;
    }
    if (len < 0 || (size_t)len >= sizeof key || (size_t)len >= out_len)
        return zagg_err_set(err, ZAGG_ERANGE, "object key of zarr array '%s' is too long",
                            array->name);
    memcpy(out, key, (size_t)len + 1);
    return ZAGG_OK;
}
