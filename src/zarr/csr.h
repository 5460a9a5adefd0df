/* Internal: the groups and arrays of a CSR field. */
#ifndef ZG_ZARR_CSR_H
#define ZG_ZARR_CSR_H

#include "codec/codec.h"
#include "zarr/layout.h"
#include "zarr/objects.h"

/** Type of the values of the CSR field at `path`, from one of its chunks; NONE for a
 * group without members. UNSUPPORTED for a group with other members than chunks of such a
 * field. Reads two documents at most. */
zagg_status zg_zarr_csr_type(zagg_sink *store, const char *path, zagg_dtype *out,
                             zagg_err *err);

/** Elements of a row of the values, from the first chunk that has some; 0 for values
 * along one axis and where there are none. Reads two documents a chunk until then. */
zagg_status zg_zarr_csr_width(zagg_sink *store, const char *path, size_t *out,
                              zagg_err *err);

/** The keys of the chunks of a CSR field (uint64_t), ascending; the caller frees the
 * vector. */
zagg_status zg_zarr_csr_keys(zagg_sink *store, const char *path, zg_vec *out,
                             zagg_err *err);

/** Report the one chunk with this key, or nothing where there is none. */
zagg_status zg_zarr_read_csr_chunk(zagg_sink *store, const char *path, zagg_dtype dtype,
                                   uint64_t key, zg_zstd *zstd, zagg_zarr_chunk_fn fn,
                                   void *user, zagg_err *err);

/** Report every chunk of the CSR field at `path` in ascending order of the keys; `dtype`
 * is what all of them must hold. FORMAT where the three arrays of a chunk contradict each
 * other. */
zagg_status zg_zarr_read_csr(zagg_sink *store, const char *path, zagg_dtype dtype,
                             zagg_zarr_chunk_fn fn, void *user,
                             zg_zarr_read_totals *totals, zagg_err *err);

#endif
