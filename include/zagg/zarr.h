/* Zarr v3: metadata documents byte for byte as zarr-python writes them, chunks of numbers
 * and of variable-length bytes, shard objects, ragged fields in CSR groups, flat groups,
 * consolidated metadata, reading back. */
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

typedef enum zagg_zarr_kind {
    ZAGG_ZARR_DENSE = 0, /* elements of `dtype` */
    ZAGG_ZARR_VLEN,      /* variable_length_bytes: an element is a zagg_bytes_view */
    ZAGG_ZARR_CSR /* a ragged field as upstream 0.11 stores it: no array, but a group
                     with one group of three arrays a chunk (zagg_zarr_csr) */
} zagg_zarr_kind;

/** One member of a flat group. `chunk` is the innermost chunk; with `sharded`, `shard` is
 * the extent of one object and a multiple of `chunk` along each axis. Rank 0 is one
 * element in the object NAME/c. A CSR field has `name` and `dtype` only. */
typedef struct zagg_zarr_array {
    const char *name;
    zagg_zarr_kind kind;
    zagg_dtype dtype; /* VLEN: NONE; CSR: of the values */
    unsigned rank;
    uint64_t shape[ZAGG_ZARR_MAX_RANK];
    uint64_t chunk[ZAGG_ZARR_MAX_RANK];
    bool sharded;
    uint64_t shard[ZAGG_ZARR_MAX_RANK];
    bool zstd; /* chunks are zstd frames, packed with zstd_level */
    int zstd_level;
    uint8_t fill[8]; /* one element, little endian; VLEN: empty */
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

/** A flat store: root group and one group of arrays below it. CSR fields have no document
 * in a template: their groups come with their chunks. */
typedef struct zagg_zarr_template {
    const char *group;                 /* "19", "rectilinear" */
    const char *group_attributes_json; /* a JSON object */
    const zagg_zarr_array *arrays;
    size_t n_arrays;
} zagg_zarr_template;

/** Create the template in a store, by the overwrite table of upstream: nothing there:
 * created; a group whose members and attributes equal the new ones: accepted untouched;
 * anything else, a CSR field with chunks among it: EEXISTS naming the first difference
 * and
 * --overwrite. With `overwrite` everything below the group is removed first. Root
 * document first, then the group's, then the arrays'. */
ZAGG_API zagg_status zagg_zarr_create(zagg_sink *store, const zagg_zarr_template *t,
                                      bool overwrite, zagg_err *err);

/** As zagg_zarr_create without overwrite, but CSR fields may have chunks already: for a
 * writer that knows which of them are whole. */
ZAGG_API zagg_status zagg_zarr_resume(zagg_sink *store, const zagg_zarr_template *t,
                                      zagg_err *err);
/** Would zagg_zarr_create (with `resume` zagg_zarr_resume) go well, and does it take over
 * a group that is `*there` already? Nothing is written. */
ZAGG_API zagg_status zagg_zarr_check(zagg_sink *store, const zagg_zarr_template *t,
                                     bool overwrite, bool resume, bool *there,
                                     zagg_err *err);

/** Rewrite the root document with inline consolidated metadata of all nodes in the store.
 */
ZAGG_API zagg_status zagg_zarr_consolidate(zagg_sink *store, zagg_err *err);

/** Object key ("19/count/c/15259055" or "rectilinear/x/c/0/1") of a chunk or shard index.
 */
ZAGG_API zagg_status zagg_zarr_object_key(const char *group, const zagg_zarr_array *array,
                                          const uint64_t *index, char *out,
                                          size_t out_len, zagg_err *err);

/** True when `n` elements all equal the fill by zarr's rule: integers by value; floats
 * NaN equal to NaN of any payload, a 0.0 fill only bit for bit, other fills by value;
 * VLEN: all empty. Elements are of `dtype`, or zagg_bytes_view. */
ZAGG_API bool zagg_zarr_all_fill(const zagg_zarr_array *array, const void *data,
                                 size_t n);

/** Write one unsharded chunk (whole, C order; elements as for zagg_zarr_all_fill) or
 * delete its object when it is all fill. */
ZAGG_API zagg_status zagg_zarr_write_chunk(zagg_sink *store, const char *group,
                                           const zagg_zarr_array *array,
                                           const uint64_t *chunk_index, const void *data,
                                           zagg_err *err);

/** Builder of shard objects, one after another. Inner chunks are handed over in any order
 * of their index, each once, are encoded at once unless they are all fill, and go to the
 * store as they come, where the object is there as one step in the end
 * (zagg_sink_stream_begin). Chunks that come before others that precede them in Z-order
 * (for an axis: ascending order) are put aside, in a file without a name where the store
 * is a directory, else in memory. Holds the index (17 bytes an inner chunk, 25 of more
 * than one axis), some 300 KiB (600 KiB once a chunk was put aside) and while it takes a
 * chunk that one's encoded form. One thread at a time. */
typedef struct zagg_zarr_shard zagg_zarr_shard;
ZAGG_API zagg_status zagg_zarr_shard_new(const zagg_zarr_array *array,
                                         zagg_zarr_shard **out, zagg_err *err);
/** Begin the object at `shard_index`; `store` must stay until its end. What was begun
 * before and has not ended is forgotten. Nothing is written yet. */
ZAGG_API zagg_status zagg_zarr_shard_begin(zagg_zarr_shard *shard, zagg_sink *store,
                                           const char *group, const uint64_t *shard_index,
                                           zagg_err *err);
/** `inner_index`: position of the inner chunk inside the shard along each axis; `data`:
 * its elements in C order, as for zagg_zarr_all_fill. ERANGE for an element of 4 GiB or
 * more, which leaves the chunk to be handed over; EARG where no object was begun. After
 * an error of the store the object cannot be ended. */
ZAGG_API zagg_status zagg_zarr_shard_add(zagg_zarr_shard *shard,
                                         const uint64_t *inner_index, const void *data,
                                         zagg_err *err);
/** Store the object (payloads in Z-order, then the index in C order and its crc32c), or
 * delete it when no inner chunk is stored; another one can be begun. EARG where none was
 * begun. */
ZAGG_API zagg_status zagg_zarr_shard_end(zagg_zarr_shard *shard, zagg_err *err);
/** What has not ended is forgotten; the store keeps its old object. */
ZAGG_API void zagg_zarr_shard_free(zagg_zarr_shard *shard);

/* ---- ragged fields of upstream 0.11 ---- */

/** One chunk of a ragged field: the payloads of the cells that have one. Stored as three
 * arrays `values`, `offsets` and `cell_ids`, each one zstd chunk, below
 * GROUP/FIELD/KEY/. */
typedef struct zagg_zarr_csr {
    zagg_dtype dtype;
    size_t width;            /* elements of a row of `values`; 0: it has one axis only */
    size_t n_cells;          /* cells with a payload */
    const int64_t *cell_ids; /* their positions in the chunk, ascending */
    const int64_t
        *offsets;       /* n_cells + 1: cell i has rows offsets[i] .. offsets[i + 1] */
    const void *values; /* offsets[n_cells] rows */
} zagg_zarr_csr;

/** Document of a CSR field's own group, GROUP/FIELD/zarr.json: to be written before the
 * first of its chunks. */
ZAGG_API zagg_status zagg_zarr_csr_create(zagg_sink *store, const char *group,
                                          const char *field, zagg_err *err);
/** Write one chunk of a CSR field under its key, an empty one too; the document of its
 * group goes last. Nothing may be there yet under this key. Thread-safe for distinct
 * keys. */
ZAGG_API zagg_status zagg_zarr_csr_write(zagg_sink *store, const char *group,
                                         const char *field, uint64_t key,
                                         const zagg_zarr_csr *csr, zagg_err *err);

/* ---- reading back ---- */

/** Parsed metadata of one stored array; text is owned by the reader. */
typedef struct zagg_zarr_reader zagg_zarr_reader;
/** Open a flat store: parses the root, the groups below it and their arrays; of a CSR
 * field the type of its values. */
ZAGG_API zagg_status zagg_zarr_open(zagg_sink *store, zagg_zarr_reader **out,
                                    zagg_err *err);
ZAGG_API void zagg_zarr_reader_free(zagg_zarr_reader *reader);
/** Arrays and CSR fields found, in byte order of their path. The second gives the group
 * ("19"). */
ZAGG_API size_t zagg_zarr_reader_n(const zagg_zarr_reader *reader);
ZAGG_API const zagg_zarr_array *zagg_zarr_reader_array(const zagg_zarr_reader *reader,
                                                       size_t i);
ZAGG_API const char *zagg_zarr_reader_group(const zagg_zarr_reader *reader, size_t i);
/** Attributes of the group of array i, as parsed. */
ZAGG_API const zagg_value *
zagg_zarr_reader_group_attributes(const zagg_zarr_reader *reader, size_t i);

/** Sees one decoded inner chunk: its index in the chunk grid, its n elements in C order,
 * as for zagg_zarr_all_fill (those of VLEN lie at any address). Chunks that are not
 * stored are not reported. Of a CSR field `data` is one zagg_zarr_csr, n its n_cells and
 * chunk_index[0] its key; empty chunks are reported. Valid during the call only. */
typedef zagg_status (*zagg_zarr_chunk_fn)(void *user, const uint64_t *chunk_index,
                                          const void *data, size_t n, zagg_err *err);
/** Decode every stored inner chunk of array i; shard indexes are bounds- and crc-checked,
 * zstd frames and framed lengths held to what they promise (FORMAT naming the object); a
 * chunk may unpack to 1 GiB. `object_bytes` (may be NULL) adds up the objects' sizes.
 */
ZAGG_API zagg_status zagg_zarr_read_chunks(zagg_zarr_reader *reader, size_t i,
                                           zagg_zarr_chunk_fn fn, void *user,
                                           uint64_t *object_bytes, uint64_t *n_objects,
                                           zagg_err *err);

/** Access to single chunks of one array in any order. Holds the object it read last, and
 * one decoded chunk. One thread at a time; `store` and the texts of `array` must stay. */
typedef struct zagg_zarr_cursor zagg_zarr_cursor;
/** `group`: path of the group that the dense or VLEN array lies in, "" for the root. */
ZAGG_API zagg_status zagg_zarr_cursor_new(zagg_sink *store, const char *group,
                                          const zagg_zarr_array *array,
                                          zagg_zarr_cursor **out, zagg_err *err);
ZAGG_API void zagg_zarr_cursor_free(zagg_zarr_cursor *cursor);

/** One decoded inner chunk. Valid until the cursor's next use. */
typedef struct zagg_zarr_chunk {
    bool stored;          /* false: the elements are all fill */
    const void *elements; /* C order, as for zagg_zarr_all_fill */
    size_t n;             /* elements */
} zagg_zarr_chunk;
/** Decode the chunk at `chunk_index` of the grid of inner chunks. A chunk that is not
 * stored gives elements that are all fill. Objects are checked as zagg_zarr_read_chunks
 * does. RANGE for an index outside the array. */
ZAGG_API zagg_status zagg_zarr_cursor_read(zagg_zarr_cursor *cursor,
                                           const uint64_t *chunk_index,
                                           zagg_zarr_chunk *out, zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
