/* Internal header of the HDF5 reader: the open file, its metadata pager, object headers,
 * groups, datasets and chunk references.
 *
 * Addresses in here are HDF5 addresses, relative to the base address of the file; only
 * the pager and the chunk fetch turn them into file offsets. Section numbers in this
 * module are those of the "HDF5 File Format Specification", version 3.0. */
#ifndef ZG_H5_H
#define ZG_H5_H

#include "base/base.h"
#include "codec/codec.h"
#include "zagg/h5.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define ZG_H5_UNDEF UINT64_MAX /* the undefined address */
#define ZG_H5_MAX_FILTERS 8
#define ZG_H5_MAX_DEPTH 16         /* levels of any tree in the file */
#define ZG_H5_MAX_CONTINUATIONS 64 /* blocks of one object header */
#define ZG_H5_MAX_SOFT_LINKS 8     /* followed while resolving one path */
#define ZG_H5_MAX_PATH 4096

/* ---- little-endian bytes with bounds ---- */

static inline uint16_t zg_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t zg_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}
static inline uint64_t zg_le64(const uint8_t *p)
{
    return zg_le32(p) | (uint64_t)zg_le32(p + 4) << 32;
}

/** Bytes of one message or block; `bad` sticks once something beyond them was asked for.
 */
typedef struct zg_h5_cur {
    const uint8_t *p;
    size_t len, pos;
    bool bad;
} zg_h5_cur;

static inline zg_h5_cur zg_h5_cur_of(const uint8_t *p, size_t len)
{
    return (zg_h5_cur){p, len, 0, false};
}
/** The next n bytes, or NULL (and bad) when there are fewer. */
static inline const uint8_t *zg_h5_take(zg_h5_cur *c, size_t n)
{
    if (c->bad || n > c->len - c->pos) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *at = c->p + c->pos;
    c->pos += n;
    return at;
}
/** The next n (<= 8) bytes as an unsigned number; 0 (and bad) when there are fewer. */
static inline uint64_t zg_h5_uint(zg_h5_cur *c, unsigned n)
{
    const uint8_t *at = zg_h5_take(c, n);
    uint64_t v = 0;
    for (unsigned i = 0; at && i < n; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

/* ---- the file ---- */

typedef struct zg_h5_page {
    uint64_t number; /* offset / page size */
    uint64_t used;   /* stamp of the last use */
    size_t len;
    uint8_t *data;
} zg_h5_page;

/** Metadata of a file whose requests take time (pager_remote.c). */
typedef struct zg_h5_block {
    uint64_t offset;
    size_t len;
    uint8_t *data, *memory; /* where it begins, and the block of memory it lies in */
    uint64_t used;          /* stamp of the last use */
} zg_h5_block;

typedef struct zg_h5_slot zg_h5_slot;

struct zagg_h5 {
    zagg_source *source;
    const char *name;
    uint64_t size; /* of the source, bytes */
    uint64_t base; /* file offset of address 0 */
    uint64_t root; /* address of the root group's object header */
    zagg_h5_limits limits;

    /* zagg_h5_stats; one addition a chunk or request */
    atomic_uint_fast64_t chunks_decoded, bytes_inflated, bytes_fetched;

    pthread_mutex_t lock; /* everything below */
    size_t page_bytes, max_pages;
    zg_vec pages; /* zg_h5_page */
    uint64_t clock;
    bool has_pages; /* it keeps metadata in pages of their own */
    bool is_remote; /* requests take time: the following instead of pages; constant */
    zg_vec blocks;  /* zg_h5_block by offset, not overlapping */
    size_t block_bytes;
    bool collecting;      /* what is missing is noted, not read: */
    zg_vec missing;       /* zagg_range */
    size_t missing_bytes; /* of these */
    bool inner_only;      /* while collecting: leaves of chunk indexes are not needed */
    zagg_h5_stage *stages;
    zg_vec datasets;    /* zagg_h5_dataset * */
    size_t index_bytes; /* of all cached chunk indexes */
    zg_h5_slot *idle;
};

/** Copy `len` bytes at an address. FORMAT when they are not all inside the file. */
zagg_status zg_h5_meta(zagg_h5 *file, uint64_t addr, size_t len, void *out,
                       zagg_err *err);
/** As zg_h5_meta into a new block (zg_free). */
zagg_status zg_h5_meta_new(zagg_h5 *file, uint64_t addr, size_t len, uint8_t **out,
                           zagg_err *err);
void zg_h5_pager_init(zagg_h5 *file);
/** Read metadata from now on in the pages that the file is laid out in. */
void zg_h5_pager_file_pages(zagg_h5 *file, uint64_t file_page_bytes);
void zg_h5_pager_free(zagg_h5 *file);

/** The same of a file whose requests take time: `len` bytes inside the file. While it is
 * collecting CANCELLED, without a text, where some are missing. */
zagg_status zg_h5_blocks_read(zagg_h5 *file, uint64_t offset, size_t len, void *out,
                              zagg_err *err);
/** Whether all of these bytes came along with metadata; then they are copied (`out` may
 * be NULL). Needs file->lock. */
bool zg_h5_blocks_hold(zagg_h5 *file, uint64_t offset, size_t len, void *out);
void zg_h5_blocks_free(zagg_h5 *file);
/** While collecting: true where some of these bytes are not here; they come with the next
 * call. So structures tell what they are about to need; else false. */
bool zg_h5_meta_wants(zagg_h5 *file, uint64_t addr, size_t len);
/** The same for one of the structures that lie close together; of any length. */
void zg_h5_meta_touch(zagg_h5 *file, uint64_t addr);
/** Looks at structures while the file is collecting; needs no result and has no errors.
 */
typedef void (*zg_h5_pass_fn)(zagg_h5 *file, void *user);
/** Let `fn` look until nothing is missing, and read what is, all of a pass with one call.
 * What fails will fail again for whoever needs it. */
void zg_h5_read_ahead(zagg_h5 *file, zg_h5_pass_fn fn, void *user);

/** While collecting, what is not here yet does not keep the others of its kind from
 * telling what they need: that status becomes OK, and *whole false. */
static inline zagg_status zg_h5_defer(const zagg_h5 *file, zagg_status status,
                                      bool *whole)
{
    if (status != ZAGG_ECANCELLED || !file->collecting)
        return status;
    *whole = false;
    return ZAGG_OK;
}

/** How many bytes of structures one walk may visit: they do not overlap in the file, and
 * a sane group or index is small against the metadata budget. */
uint64_t zg_h5_walk_budget(const zagg_h5 *file);
/** FORMAT when the structures visited so far exceed what the file can hold. */
zagg_status zg_h5_spend(uint64_t *budget_bytes, uint64_t bytes, zagg_err *err);

/** Find and read the superblock and its extension: sets base, root and page size. */
zagg_status zg_h5_superblock(zagg_h5 *file, zagg_err *err);

/* ---- checksums ---- */

/** Jenkins lookup3 with initial value 0: metadata checksums and link-name hashes. */
uint32_t zg_h5_lookup3(const void *data, size_t len);
/** Fletcher-32 as the HDF5 filter computes it. */
uint32_t zg_h5_fletcher32(const uint8_t *data, size_t len);
/** Whether metadata have the checksum that is stored with them. */
bool zg_h5_sum_matches(uint32_t stored, const uint8_t *data, size_t len);
/** FORMAT unless the last 4 of `len` bytes are the checksum of those before; `what` names
 * the structure. */
zagg_status zg_h5_verify(const uint8_t *block, size_t len, const char *what,
                         zagg_err *err);

/* ---- object headers ---- */

enum {
    ZG_H5_MSG_DATASPACE = 0x01,
    ZG_H5_MSG_LINK_INFO = 0x02,
    ZG_H5_MSG_DATATYPE = 0x03,
    ZG_H5_MSG_FILL_OLD = 0x04,
    ZG_H5_MSG_FILL = 0x05,
    ZG_H5_MSG_LINK = 0x06,
    ZG_H5_MSG_EXTERNAL = 0x07,
    ZG_H5_MSG_LAYOUT = 0x08,
    ZG_H5_MSG_GROUP_INFO = 0x0A,
    ZG_H5_MSG_FILTERS = 0x0B,
    ZG_H5_MSG_CONTINUATION = 0x10,
    ZG_H5_MSG_SYMBOL_TABLE = 0x11,
    ZG_H5_MSG_DRIVER = 0x14,
    ZG_H5_MSG_FILE_SPACE = 0x17,
    ZG_H5_MSG_CACHE_IMAGE = 0x18,
    ZG_H5_MSG_LAST_KNOWN = 0x18
};
#define ZG_H5_MSG_FLAG_SHARED 0x02u

typedef struct zg_h5_msg {
    unsigned type, flags;
    const uint8_t *data;
    size_t len;
} zg_h5_msg;
typedef zagg_status (*zg_h5_msg_fn)(void *user, const zg_h5_msg *msg, zagg_err *err);

/** Call `fn` for every message of the object header at `addr`, version 1 or 2. */
zagg_status zg_h5_header_walk(zagg_h5 *file, uint64_t addr, zg_h5_msg_fn fn, void *user,
                              zagg_err *err);

/* ---- groups ---- */

typedef enum zg_h5_link_kind {
    ZG_H5_LINK_HARD,
    ZG_H5_LINK_SOFT,
    ZG_H5_LINK_EXTERNAL,
    ZG_H5_LINK_OTHER
} zg_h5_link_kind;

typedef struct zg_h5_link {
    const char *name; /* not NUL-terminated */
    size_t name_len;
    zg_h5_link_kind kind;
    uint64_t addr;      /* hard: object header */
    const char *target; /* soft: path, not NUL-terminated */
    size_t target_len;
} zg_h5_link;
/** `*stop` set to true ends the walk. The link is valid during the call. */
typedef zagg_status (*zg_h5_each_link_fn)(void *user, const zg_h5_link *link, bool *stop,
                                          zagg_err *err);

/** A walk over the links of one group. `wanted` (may be NULL) lets an index skip links of
 *  other names; `fn` must still compare. */
typedef struct zg_h5_link_walk {
    zagg_h5 *file;
    const char *wanted;
    size_t wanted_len;
    zg_h5_each_link_fn fn;
    void *user;
    bool stop;
    uint64_t budget_bytes; /* of structures that may still be visited */
} zg_h5_link_walk;

/** Links of an old-style group: B-tree version 1 of symbol table nodes and a local heap.
 */
zagg_status zg_h5_symbol_table_walk(zg_h5_link_walk *walk, uint64_t btree, uint64_t heap,
                                    zagg_err *err);
/** Links of a dense group: B-tree version 2 of names over a fractal heap. */
zagg_status zg_h5_dense_walk(zg_h5_link_walk *walk, uint64_t heap, uint64_t btree,
                             zagg_err *err);
/** Decode a link message (from an object header or a fractal heap). */
zagg_status zg_h5_link_decode(const uint8_t *data, size_t len, zg_h5_link *out,
                              zagg_err *err);

/** Fractal heap as far as reading managed objects needs it (section III.G). */
typedef struct zg_h5_heap {
    zagg_h5 *file;
    uint64_t *budget_bytes; /* of the walk it belongs to */
    uint64_t addr, root;
    unsigned id_len, offset_bytes, length_bytes;
    unsigned width, start_bits, max_direct_bits, root_rows, heap_bits;
    bool block_checksums; /* direct blocks carry one */
    uint64_t *verified;   /* hash table of their addresses, 0 where free */
    size_t n_verified, cap_verified;
} zg_h5_heap;
/** Released with zg_h5_heap_close, also after a failure. */
zagg_status zg_h5_heap_open(zagg_h5 *file, uint64_t addr, uint64_t *budget_bytes,
                            zg_h5_heap *out, zagg_err *err);
void zg_h5_heap_close(zg_h5_heap *heap);
/** The managed object behind a heap id of heap->id_len bytes, into a new block (zg_free).
 */
zagg_status zg_h5_heap_get(zg_h5_heap *heap, const uint8_t *id, uint8_t **out,
                           size_t *out_len, zagg_err *err);

/** Sees each wanted record of a B-tree version 2, in order. */
typedef zagg_status (*zg_h5_record_fn)(void *user, const uint8_t *record, size_t size,
                                       bool *stop, zagg_err *err);
/** Where a record lies: below (< 0), in (0) or above (> 0) what is wanted. */
typedef int (*zg_h5_place_fn)(const void *user, const uint8_t *record, size_t size);
typedef struct zg_h5_btree2_walk {
    zagg_h5 *file;
    uint64_t *budget_bytes;
    unsigned type;           /* demanded record type */
    size_t rec_min, rec_max; /* demanded record size */
    zg_h5_place_fn place;    /* NULL: all records are wanted */
    zg_h5_record_fn fn;
    void *user;
} zg_h5_btree2_walk;
zagg_status zg_h5_btree2_records(const zg_h5_btree2_walk *b, uint64_t addr,
                                 zagg_err *err);

typedef enum zg_h5_object {
    ZG_H5_OBJECT_OTHER,
    ZG_H5_OBJECT_GROUP,
    ZG_H5_OBJECT_DATASET
} zg_h5_object;
zagg_status zg_h5_classify(zagg_h5 *file, uint64_t addr, zg_h5_object *out,
                           zagg_err *err);
/** Walk every link of the group whose object header is at `addr`. */
zagg_status zg_h5_group_walk(zagg_h5 *file, uint64_t addr, zg_h5_link_walk *walk,
                             zagg_err *err);
/** Object header address behind an absolute path; NOTFOUND names the missing part. */
zagg_status zg_h5_resolve(zagg_h5 *file, const char *path, uint64_t *out, zagg_err *err);
/** Path with one leading '/', none at the end, into buf. ARG when it is too long. */
zagg_status zg_h5_path_normalise(const char *path, char buf[ZG_H5_MAX_PATH],
                                 zagg_err *err);

/* ---- datasets ---- */

/** How the chunks of a dataset are found; data layout version 3 knows only the first,
 * later ones the others (section VII of the specification). */
typedef enum zg_h5_index_kind {
    ZG_H5_INDEX_BTREE1,
    ZG_H5_INDEX_SINGLE,
    ZG_H5_INDEX_IMPLICIT,
    ZG_H5_INDEX_FIXED_ARRAY,
    ZG_H5_INDEX_EXTENSIBLE_ARRAY,
    ZG_H5_INDEX_BTREE2
} zg_h5_index_kind;

/** One stored chunk of the index cache. */
typedef struct zg_h5_entry {
    uint64_t addr;
    uint64_t row; /* chunk number along the first axis */
    uint64_t col; /* along the others, counted in C order; 0 if there are none */
    uint32_t size, mask;
} zg_h5_entry;

struct zagg_h5_dataset {
    zagg_h5 *file;
    char *path;
    zagg_h5_info info;
    size_t elem_size;
    bool swap; /* stored big endian */
    uint8_t fill[8];

    unsigned n_filters;
    uint16_t filters[ZG_H5_MAX_FILTERS]; /* in pipeline order */
    uint64_t addr;        /* contiguous: data; chunked: index; may be undefined */
    uint8_t *inline_data; /* compact */

    zg_h5_index_kind index_kind;
    uint64_t max_dims[ZAGG_H5_MAX_RANK]; /* ZG_H5_UNDEF: unlimited */
    bool edges_unfiltered; /* chunks that reach beyond the dimensions have no filters */
    uint64_t single_size;  /* single chunk: stored bytes and mask, if filtered */
    uint32_t single_mask;

    /* The data as a grid of chunks; contiguous and compact data count as unfiltered ones.
     */
    uint64_t n_rows;
    uint64_t chunk_rows, chunk_cols; /* elements along the axes */
    size_t chunk_bytes;

    /* Index cache: entries of chunk rows [index_begin, index_end), ascending; file->lock
     */
    uint64_t index_begin, index_end;
    zg_vec index; /* zg_h5_entry */
};

enum { ZG_H5_FILTER_DEFLATE = 1, ZG_H5_FILTER_SHUFFLE = 2, ZG_H5_FILTER_FLETCHER32 = 3 };

/** What the messages of a dataset's object header said. */
typedef struct zg_h5_dataset_parse {
    zagg_h5_dataset *ds;
    bool has_space, has_type, has_layout, has_fill;
    unsigned layout_rank;  /* with the element size as last dimension */
    uint64_t layout_bytes; /* contiguous: size of the data */
    uint64_t layout_elem_size;
    size_t inline_len, fill_len;
} zg_h5_dataset_parse;
zagg_status zg_h5_dataset_message(void *parse, const zg_h5_msg *msg, zagg_err *err);
zagg_status zg_h5_msg_datatype(zg_h5_dataset_parse *p, const zg_h5_msg *msg,
                               zagg_err *err);

/** One walk over a chunk index: appends the entries of chunk rows [begin, end). */
typedef struct zg_h5_index_walk {
    zagg_h5_dataset *ds;
    zg_vec *out; /* zg_h5_entry */
    uint64_t begin, end;
    uint64_t budget_bytes;             /* of structures that may still be visited */
    uint64_t counts[ZAGG_H5_MAX_RANK]; /* chunks along each axis */
    bool any_order;                    /* entries may come in any order */
    bool any;                          /* the last entry of this walk is in `out` */
} zg_h5_index_walk;

/** A chunk as an index stores it; `place` are its numbers along the axes. */
typedef struct zg_h5_chunk {
    uint64_t addr, size;
    uint32_t mask;
    uint64_t place[ZAGG_H5_MAX_RANK];
} zg_h5_chunk;
/** Check a chunk and append it; `node` is the address of what names it. */
zagg_status zg_h5_index_add(zg_h5_index_walk *w, const zg_h5_chunk *chunk, uint64_t node,
                            zagg_err *err);
/** FORMAT, saying what is wrong with the chunk index at an address. */
zagg_status zg_h5_index_bad(zagg_err *err, const char *what, uint64_t addr);

zagg_status zg_h5_index_btree1(zg_h5_index_walk *w, zagg_err *err);
zagg_status zg_h5_index_single(zg_h5_index_walk *w, zagg_err *err);
zagg_status zg_h5_index_implicit(zg_h5_index_walk *w, zagg_err *err);
zagg_status zg_h5_index_fixed_array(zg_h5_index_walk *w, zagg_err *err);
zagg_status zg_h5_index_extensible_array(zg_h5_index_walk *w, zagg_err *err);
zagg_status zg_h5_index_btree2(zg_h5_index_walk *w, zagg_err *err);

/** An index that is an array of chunks: element numbers count the chunks of the largest
 * extent in C order, an unlimited axis coming first. */
typedef struct zg_h5_array {
    zg_h5_index_walk *w;
    uint64_t node;                   /* header, for messages */
    size_t elem_bytes;               /* address, and of filtered chunks size and mask */
    unsigned first_axis;             /* the one that comes first */
    uint64_t step[ZAGG_H5_MAX_RANK]; /* elements from chunk to chunk along an axis */
    uint64_t begin, end;             /* wanted elements */
} zg_h5_array;
/** Numbering of the elements, unlimited axes included; elem_bytes is not set. */
zagg_status zg_h5_array_numbering(zg_h5_array *a, zg_h5_index_walk *w, zagg_err *err);
/** Check what the header of an array says of its elements (client: 1 for filtered). */
zagg_status zg_h5_array_elem(zg_h5_array *a, unsigned client, unsigned elem_bytes,
                             zagg_err *err);
/** Whether any of the n elements from `first` on are wanted. */
bool zg_h5_array_wanted(const zg_h5_array *a, uint64_t first, uint64_t n);
/** Take the wanted ones of the n elements from `first` on. */
zagg_status zg_h5_array_take(const zg_h5_array *a, const uint8_t *elems, uint64_t first,
                             uint64_t n, zagg_err *err);
/** Read a block of an array: its budget, signature, version, client, owner and checksum
 * are checked. Freed with zg_free. */
zagg_status zg_h5_array_block(const zg_h5_array *a, uint64_t addr, const char *magic,
                              size_t len, uint8_t **out, zagg_err *err);
/** Take the wanted elements of a page: n elements and a checksum at `addr`. */
zagg_status zg_h5_array_page(const zg_h5_array *a, uint64_t addr, uint64_t first,
                             uint64_t n, zagg_err *err);

/** Make the index cache cover chunk rows [begin, end). Needs file->lock. */
zagg_status zg_h5_index_cover(zagg_h5_dataset *ds, uint64_t begin, uint64_t end,
                              zagg_err *err);
void zg_h5_datasets_free(zagg_h5 *file);
/** While collecting: go through the upper levels of a chunk index. Needs file->lock. */
void zg_h5_index_look(zagg_h5_dataset *ds);
/** As zagg_h5_dataset_open for a path that is normalised. Needs file->lock. */
zagg_status zg_h5_dataset_open_locked(zagg_h5 *file, const char *path,
                                      zagg_h5_dataset **out, zagg_err *err);

/* ---- reading ---- */

/** A column, checked, with the chunk grid seen along it. */
typedef struct zg_h5_view {
    zagg_h5_dataset *ds;
    uint64_t chunk_col; /* which chunks along the second axis */
    size_t col;         /* element inside a chunk row */
    size_t stride;      /* elements from row to row inside a chunk */
} zg_h5_view;
zagg_status zg_h5_view_of(zagg_h5_column column, zg_h5_view *out, zagg_err *err);

/** A stored chunk to fetch: `stored` is set by zg_h5_fetch. */
typedef struct zg_h5_ref {
    uint64_t addr;
    uint64_t chunk; /* number along the first axis */
    uint32_t size, mask;
    const uint8_t *stored;
} zg_h5_ref;
/** The stored chunks that hold rows of [begin, end), ascending; missing ones are left
 * out. */
zagg_status zg_h5_refs(const zg_h5_view *view, uint64_t begin, uint64_t end, zg_vec *out,
                       zagg_err *err);

/** Memory that grows and is used again; what it held is lost when it grows. */
typedef struct zg_h5_buf {
    uint8_t *data;
    size_t cap;
} zg_h5_buf;
/** At least `len` bytes, or NULL on lack of memory. */
uint8_t *zg_h5_buf_need(zg_h5_buf *buf, size_t len);

/** Scratch of one thread at work. */
struct zg_h5_slot {
    zg_h5_slot *next;
    zg_inflater *inflater;
    zg_h5_buf fetched, work[2];
    zg_vec cols; /* zg_h5_buf: two for each column of a scan */
};
/** An idle slot of the file or a new one; hand back with zg_h5_slot_put. */
zg_h5_slot *zg_h5_slot_get(zagg_h5 *file);
void zg_h5_slot_put(zagg_h5 *file, zg_h5_slot *slot);
void zg_h5_slots_free(zagg_h5 *file);
/** `stored` of those that a stage holds is set. */
void zg_h5_staged(zagg_h5 *file, zg_h5_ref *const *refs, size_t n);
/** Fetch `n` chunks into the slot, neighbours with one request, and set their `stored`.
 * The array must be sorted by address. */
zagg_status zg_h5_fetch(zagg_h5 *file, zg_h5_slot *slot, zg_h5_ref *const *refs, size_t n,
                        zagg_err *err);
/** The same into any memory, stages left aside: zg_h5_ref.stored points into it. */
zagg_status zg_h5_fetch_into(zagg_h5 *file, zg_h5_buf *into, zg_h5_ref *const *refs,
                             size_t n, zagg_err *err);
/** A chunk with its filters undone, but for a shuffle at the end of that: which elements
 * are worth putting together is for those to say who take rows out of it. */
typedef struct zg_h5_decoded {
    const uint8_t *data;
    bool planes; /* still shuffled: ds->chunk_bytes in planes */
} zg_h5_decoded;
/** Undo the filters of one chunk; out->data are ds->chunk_bytes bytes in the slot, in the
 * stored bytes themselves, or in `dest` (when not NULL): there only if not in planes. */
zagg_status zg_h5_decode(const zagg_h5_dataset *ds, zg_h5_slot *slot,
                         const zg_h5_ref *ref, uint8_t *dest, zg_h5_decoded *out,
                         zagg_err *err);
/** Put elements [first, first + n) of a chunk together in `out`, in stored byte order. */
void zg_h5_elements(const zagg_h5_dataset *ds, const zg_h5_decoded *chunk, size_t first,
                    size_t n, uint8_t *out);
/** Copy `n` rows of the view from row `first` of a decoded chunk, in stored byte order.
 */
void zg_h5_copy_rows(const zg_h5_view *view, const zg_h5_decoded *chunk, uint64_t first,
                     size_t n, uint8_t *out);
/** As zg_h5_copy_rows for single rows, n > 0 of them; `rows` count from `base`. Shuffled
 * chunks are put together in the slot, or not, whichever is less work. */
zagg_status zg_h5_pick_rows(const zg_h5_view *view, const zg_h5_decoded *chunk,
                            zg_h5_slot *slot, const uint64_t *rows, uint64_t base,
                            size_t n, uint8_t *out, zagg_err *err);
void zg_h5_fill_rows(const zagg_h5_dataset *ds, uint8_t *out, size_t n);
/** Add to a counter of the file: nothing is ordered by it. */
static inline void zg_h5_count(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}
/** Elements of the dataset's size to machine byte order, in place. */
void zg_h5_swap(const zagg_h5_dataset *ds, uint8_t *data, size_t n);
/** The first of `n` ascending refs whose chunk number is not below `chunk`. */
size_t zg_h5_ref_at(const zg_h5_ref *refs, size_t n, uint64_t chunk);
/** Ranges ascending, not overlapping, inside the rows; *total is their sum. */
zagg_status zg_h5_check_ranges(const zagg_h5_dataset *ds, const zagg_rows *ranges,
                               size_t n, uint64_t *total, zagg_err *err);
/** Prepend file and dataset to the message. */
zagg_status zg_h5_where(const zagg_h5_dataset *ds, zagg_err *err, zagg_status status);

#endif
