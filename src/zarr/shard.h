/* Internal: shards of which somebody has the hash already. */
#ifndef ZG_ZARR_SHARD_H
#define ZG_ZARR_SHARD_H

#include "base/base.h"
#include "zagg/zarr.h"

/** As zagg_zarr_shard_add. `content` (may be NULL): the hash of the elements of all
 * inner chunks up to and with this one in C order, fill included, as they are in memory.
 * While the payload of the object is just that (numbers as they are along one axis, no
 * chunk of nothing but fill so far), a sink that hashes objects takes it over. */
zagg_status zg_zarr_shard_add_hashed(zagg_zarr_shard *shard, const uint64_t *inner_index,
                                     const void *data, const zg_sha256_stream *content,
                                     zagg_err *err);

#endif
