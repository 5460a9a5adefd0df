/* Zarr v3: metadata documents byte for byte as zarr-python writes them, dense chunks,
 * shard objects, flat groups, consolidated metadata, reading back. */
#ifndef ZAGG_ZARR_H
#define ZAGG_ZARR_H

#include "zagg/dtype.h"
#include "zagg/io.h"
#include "zagg/status.h"
#include "zagg/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZAGG_ZARR_MAX_RANK 4

/** One array of a flat group. `chunk` is the innermost chunk; with `sharded`, `shard` is
 * the extent of one object and a multiple of `chunk` along each axis. */
typedef struct zagg_zarr_array {
    const char *name;
    zagg_dtype dtype;
    unsigned rank;
    uint64_t shape[ZAGG_ZARR_MAX_RANK];
    uint64_t chunk[ZAGG_ZARR_MAX_RANK];
    bool sharded;
    uint64_t shard[ZAGG_ZARR_MAX_RANK];
    uint8_t fill[8];                           /* one element, little endian */
    const char *dim_names[ZAGG_ZARR_MAX_RANK]; /* all NULL: no dimension_names */
    const char *attributes_json;               /* a JSON object, NULL for {} */
} zagg_zarr_array;

/** Element of `dtype` from a config's fill_value, by zarr-python's rules: absent is
 * "NaN"; text "NaN", "Infinity", "-Infinity"; numbers rounded to the type; an integer
 * type refuses NaN and fractions (ECONFIG, naming `key`); bool takes truth ("NaN" is
 * true). */
ZAGG_API zagg_status zagg_zarr_fill_from_value(zagg_dtype dtype, const zagg_value *value,
                                               const char *key, uint8_t fill[8],
                                               zagg_err *err);

/** Text of an array's or a group's zarr.json (heap, zagg_bytes_free), 2-space indent, key
 *  order and number forms of zarr-python 3. `attributes_json` NULL means {}. */
ZAGG_API zagg_status zagg_zarr_array_json(const zagg_zarr_array *array, char **out,
                                          size_t *out_len, zagg_err *err);
ZAGG_API zagg_status zagg_zarr_group_json(const char *attributes_json, char **out,
                                          size_t *out_len, zagg_err *err);

/** A flat store: root group and one group of arrays below it. */
typedef struct zagg_zarr_template {
    const char *group;                 /* "19", "rectilinear" */
    const char *group_attributes_json; /* a JSON object */
    const zagg_zarr_array *arrays;
    size_t n_arrays;
} zagg_zarr_template;

/** Create the template in a store, by the overwrite table of upstream: nothing there:
 * created; a group whose members and attributes equal the new ones: accepted untouched;
 * anything else: EEXISTS naming the first difference and --overwrite. With `overwrite`
 * everything below the group is removed first. Root document first, then the group's,
 * then the arrays'. */
ZAGG_API zagg_status zagg_zarr_create(zagg_sink *store, const zagg_zarr_template *t,
                                      bool overwrite, zagg_err *err);

/** Rewrite the root document with inline consolidated metadata of all nodes in the store.
 */
ZAGG_API zagg_status zagg_zarr_consolidate(zagg_sink *store, zagg_err *err);

/** Object key ("19/count/c/15259055" or "rectilinear/x/c/0/1") of a chunk or shard index.
 */
ZAGG_API zagg_status zagg_zarr_object_key(const char *group, const zagg_zarr_array *array,
                                          const uint64_t *index, char *out,
                                          size_t out_len, zagg_err *err);

/** True when `n` elements all equal the fill by zarr's rule: integers by value; floats
 * NaN equal to NaN of any payload, a 0.0 fill only bit for bit, other fills by value. */
ZAGG_API bool zagg_zarr_all_fill(const zagg_zarr_array *array, const void *data,
                                 size_t n);

/** Write one unsharded chunk (whole, C order) or delete its object when it is all fill.
 */
ZAGG_API zagg_status zagg_zarr_write_chunk(zagg_sink *store, const char *group,
                                           const zagg_zarr_array *array,
                                           const uint64_t *chunk_index, const void *data,
                                           zagg_err *err);

/** Builder of one shard object: inner chunks are handed over in any order of their index,
 * each once, and copied unless they are all fill. */
typedef struct zagg_zarr_shard zagg_zarr_shard;
ZAGG_API zagg_status zagg_zarr_shard_new(const zagg_zarr_array *array,
                                         zagg_zarr_shard **out, zagg_err *err);
/** `inner_index`: position of the inner chunk inside the shard along each axis. */
ZAGG_API zagg_status zagg_zarr_shard_add(zagg_zarr_shard *shard,
                                         const uint64_t *inner_index, const void *data,
                                         zagg_err *err);
/** Write the object (payloads in Z-order, then the index in C order and its crc32c), or
 * delete it when no inner chunk is stored. The builder is empty afterwards and can be
 * used again. */
ZAGG_API zagg_status zagg_zarr_shard_write(zagg_zarr_shard *shard, zagg_sink *store,
                                           const char *group, const uint64_t *shard_index,
                                           zagg_err *err);
ZAGG_API void zagg_zarr_shard_free(zagg_zarr_shard *shard);

/* ---- reading back ---- */

/** Parsed metadata of one stored array; text is owned by the reader. */
typedef struct zagg_zarr_reader zagg_zarr_reader;
/** Open a flat store: parses the root, the groups below it and their arrays. */
ZAGG_API zagg_status zagg_zarr_open(zagg_sink *store, zagg_zarr_reader **out,
                                    zagg_err *err);
ZAGG_API void zagg_zarr_reader_free(zagg_zarr_reader *reader);
/** Arrays found, in byte order of their path. The second gives the group ("19"). */
ZAGG_API size_t zagg_zarr_reader_n(const zagg_zarr_reader *reader);
ZAGG_API const zagg_zarr_array *zagg_zarr_reader_array(const zagg_zarr_reader *reader,
                                                       size_t i);
ZAGG_API const char *zagg_zarr_reader_group(const zagg_zarr_reader *reader, size_t i);
/** Attributes of the group of array i, as parsed. */
ZAGG_API const zagg_value *
zagg_zarr_reader_group_attributes(const zagg_zarr_reader *reader, size_t i);

/** Sees one decoded inner chunk: its index in the chunk grid, elements in C order (fill
 * where absent in a stored shard: such chunks are not reported). */
typedef zagg_status (*zagg_zarr_chunk_fn)(void *user, const uint64_t *chunk_index,
                                          const void *data, size_t n, zagg_err *err);
/** Decode every stored inner chunk of array i; shard indexes are bounds- and crc-checked
 *  (FORMAT naming the object). `object_bytes` (may be NULL) adds up the objects' sizes.
 */
ZAGG_API zagg_status zagg_zarr_read_chunks(zagg_zarr_reader *reader, size_t i,
                                           zagg_zarr_chunk_fn fn, void *user,
                                           uint64_t *object_bytes, uint64_t *n_objects,
                                           zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
