/* Internal: the stored form of one innermost chunk. */
#ifndef ZG_ZARR_PACK_H
#define ZG_ZARR_PACK_H

#include "codec/codec.h"
#include "zarr/layout.h"

/** Bytes of a chunk: the caller's, or in `owned` (zg_free). */
typedef struct zg_zarr_packed {
    const void *data;
    size_t len;
    void *owned;
} zg_zarr_packed;

/** Encode a whole chunk. `zstd` may be NULL where the array has no zstd. RANGE for an
 * element beyond 32 bits. Memory: the framed bytes and the packed ones. */
zagg_status zg_zarr_pack(zg_zstd *zstd, const zagg_zarr_array *array,
                         const zg_zarr_layout *layout, const void *elements,
                         zg_zarr_packed *out, zagg_err *err);

/** Elements of a chunk: in the stored bytes, or in `owned`; views of VLEN in `views`.
 * Free with zg_zarr_unpacked_free. */
typedef struct zg_zarr_unpacked {
    const void *elements;
    void *owned;
    zagg_bytes_view *views;
} zg_zarr_unpacked;

/** Decode a stored chunk; elements of numbers are aligned to their size. FORMAT when it
 * is not exactly what the array says. */
zagg_status zg_zarr_unpack(zg_zstd *zstd, const zagg_zarr_array *array,
                           const zg_zarr_layout *layout, const void *stored, size_t len,
                           zg_zarr_unpacked *out, zagg_err *err);
void zg_zarr_unpacked_free(zg_zarr_unpacked *chunk);

#endif
