/* Internal: decoding the stored objects of one array. */
#ifndef ZG_ZARR_OBJECTS_H
#define ZG_ZARR_OBJECTS_H

#include "zarr/layout.h"

/** Bytes of a chunk, or of a whole object, as the object `key` holds them. */
typedef struct zg_zarr_stored {
    const char *key;
    const unsigned char *data;
    size_t len;
    size_t inner; /* its place in the index of a shard */
} zg_zarr_stored;

/** The index of a shard object, once its checksum and all places it names are right.
 * `unused`: bytes of the object that belong to no chunk. FORMAT naming the object. */
zagg_status zg_zarr_shard_check(const zg_zarr_layout *layout, const zg_zarr_stored *whole,
                                const unsigned char **index, size_t *unused,
                                zagg_err *err);
/** Offset and length of inner chunk i (C order); false for one that is absent. */
bool zg_zarr_shard_place(const unsigned char *index, size_t i, uint64_t place[2]);

typedef struct zg_zarr_read_totals {
    uint64_t bytes, objects;
} zg_zarr_read_totals;

/** Index of an object from the part of its key behind "c/"; false for one that is none of
 * this array. */
bool zg_zarr_index_parse(const zagg_zarr_array *array, const zg_zarr_layout *layout,
                         const char *text, uint64_t *index);

/** Bytes of the shard object that a cursor holds which belong to no chunk. */
size_t zg_zarr_cursor_unused(const zagg_zarr_cursor *cursor);

/** Report every stored inner chunk of the array at `path`, in C order of the objects and
 * of the chunks inside them. */
zagg_status zg_zarr_read_objects(zagg_sink *store, const char *path,
                                 const zagg_zarr_array *array, zagg_zarr_chunk_fn fn,
                                 void *user, zg_zarr_read_totals *totals, zagg_err *err);

#endif
