/* Internal: decoding the stored objects of one array. */
#ifndef ZG_ZARR_OBJECTS_H
#define ZG_ZARR_OBJECTS_H

#include "zagg/zarr.h"

typedef struct zg_zarr_read_totals {
    uint64_t bytes, objects;
} zg_zarr_read_totals;

/** Report every stored inner chunk of the array at `path`, in C order of the objects and
 * of the chunks inside them. */
zagg_status zg_zarr_read_objects(zagg_sink *store, const char *path,
                                 const zagg_zarr_array *array, zagg_zarr_chunk_fn fn,
                                 void *user, zg_zarr_read_totals *totals, zagg_err *err);

#endif
