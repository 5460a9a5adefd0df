/* Internal: sizes that follow from an array's description, and its documents. */
#ifndef ZG_ZARR_LAYOUT_H
#define ZG_ZARR_LAYOUT_H

#include "base/base.h"
#include "text/text.h"
#include "zagg/zarr.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "elements are moved between memory and store as they are: little endian only"
#endif

/* Longest metadata document that is read: a consolidated root of some 50 000 nodes. */
#define ZG_ZARR_MAX_DOC_BYTES ((size_t)64 << 20)
/* Longest object key. */
#define ZG_ZARR_MAX_KEY 1024
/* Type of a VLEN array, as zarr-python names it. */
#define ZG_ZARR_VLEN_TYPE "variable_length_bytes"
/* Most bytes that a stored chunk may unpack to, and an absent one stand for. */
#define ZG_ZARR_MAX_CHUNK_BYTES ((size_t)1 << 30)
#define ZG_ZARR_MAX_ABSENT_BYTES ((size_t)64 << 20)

/** Sizes of one array, all checked against overflow. An object is one chunk, or one
 * shard. Elements of VLEN count as the views that they are in memory. */
typedef struct zg_zarr_layout {
    size_t elem_bytes;
    size_t chunk_elems, chunk_bytes;
    bool fixed; /* a stored chunk has chunk_bytes bytes, neither more nor less */
    uint64_t inner[ZAGG_ZARR_MAX_RANK]; /* inner chunks of an object along each axis */
    size_t n_inner;
    uint64_t grid[ZAGG_ZARR_MAX_RANK]; /* objects along each axis */
    size_t index_bytes;                /* of a shard: 16 a chunk and the crc; else 0 */
    size_t object_max_bytes; /* every inner chunk stored as large as it can be */
} zg_zarr_layout;

/** EARG when the description is not that of an array, RANGE when a size overflows. */
zagg_status zg_zarr_layout_of(const zagg_zarr_array *array, zg_zarr_layout *out,
                              zagg_err *err);

/** One path part: not empty, no '/', not "." or "..". */
bool zg_zarr_name_ok(const char *name);

/** Element of `dtype` from a value; NULL when it was set, else why not (static text). */
const char *zg_zarr_fill_parse(zagg_dtype dtype, const zagg_value *value,
                               uint8_t fill[8]);
/** The element as zarr-python writes it into fill_value. */
void zg_zarr_fill_write(zg_json_out *w, zagg_dtype dtype, const uint8_t fill[8]);

/** Read and parse one JSON document of the store into `arena`. NOTFOUND passes through.
 */
zagg_status zg_zarr_get_doc(zagg_sink *store, const char *key, zagg_arena *arena,
                            const zagg_value **out, zagg_err *err);
/** Is it the document of a Zarr v3 node of this type ("group", "array")? */
bool zg_zarr_is_node(const zagg_value *doc, const char *node_type);

/** Description of a dense or VLEN array from its document. Texts live in `arena`; `where`
 * names the document in messages. FORMAT, or UNSUPPORTED naming the codec or feature. */
zagg_status zg_zarr_array_parse(const zagg_value *doc, const char *name,
                                const char *where, zagg_arena *arena,
                                zagg_zarr_array *out, zagg_err *err);

/** Take the consolidated metadata out of the root document, if there is such a thing. */
zagg_status zg_zarr_drop_consolidated(zagg_sink *store, zagg_err *err);

#endif
