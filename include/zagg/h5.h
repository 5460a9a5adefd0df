/* Own bounded reader of the HDF5 subset that ICESat-2 granules use. No libhdf5 behind it.
 */
#ifndef ZAGG_H5_H
#define ZAGG_H5_H

#include "zagg/dtype.h"
#include "zagg/io.h"
#include "zagg/pool.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZAGG_H5_MAX_RANK 8

typedef struct zagg_h5 zagg_h5; /* one open granule */
typedef struct zagg_h5_dataset
    zagg_h5_dataset; /* one resolved dataset; owned by its file */

typedef enum zagg_h5_layout {
    ZAGG_H5_COMPACT = 0,
    ZAGG_H5_CONTIGUOUS = 1,
    ZAGG_H5_CHUNKED = 2
} zagg_h5_layout;

typedef struct zagg_h5_info {
    const char *path; /* absolute; owned by the dataset */
    zagg_dtype dtype; /* element type as delivered (little endian of this machine) */
    unsigned rank;
    uint64_t dims[ZAGG_H5_MAX_RANK];
    zagg_h5_layout layout;
    uint64_t chunk_dims[ZAGG_H5_MAX_RANK]; /* chunked only */
    bool shuffle, deflate, fletcher32;
} zagg_h5_info;

/** Budgets against hostile files. */
typedef struct zagg_h5_limits {
    uint64_t max_metadata_bytes; /* pages and parsed metadata kept per granule */
    uint64_t max_chunk_bytes;    /* decoded size of one chunk */
} zagg_h5_limits;
#define ZAGG_H5_LIMITS_INIT                                                              \
    {                                                                                    \
        (uint64_t)64 << 20, (uint64_t)256 << 20                                          \
    }

/** Open a granule on `source` (which must outlive it). Reads the superblock only.
 * `limits` may be NULL. Errors: FORMAT (not HDF5, truncated: message says so),
 * UNSUPPORTED naming the feature, IO. Opening datasets is for one thread at a time;
 * reading datasets is thread-safe. */
ZAGG_API zagg_status zagg_h5_open(zagg_source *source, const zagg_h5_limits *limits,
                                  zagg_h5 **out, zagg_err *err);
ZAGG_API void zagg_h5_close(zagg_h5 *file);

/** Resolve an absolute path ("/gt1l/heights/h_ph"; one leading and one trailing '/' do
 * not matter) to a dataset. NOTFOUND names the part of the path that is missing. The
 * handle lives until zagg_h5_close; asking again for the same path gives the same handle.
 */
ZAGG_API zagg_status zagg_h5_dataset_open(zagg_h5 *file, const char *path,
                                          zagg_h5_dataset **out, zagg_err *err);
/** Whether a group exists at `path` (NOTFOUND is turned into *out = false). */
ZAGG_API zagg_status zagg_h5_group_exists(zagg_h5 *file, const char *path, bool *out,
                                          zagg_err *err);
/** Called for each link of a group, in no particular order. */
typedef zagg_status (*zagg_h5_link_fn)(void *user, const char *name, bool is_group,
                                       zagg_err *err);
ZAGG_API zagg_status zagg_h5_group_list(zagg_h5 *file, const char *path,
                                        zagg_h5_link_fn fn, void *user, zagg_err *err);
ZAGG_API zagg_h5_info zagg_h5_dataset_info(const zagg_h5_dataset *dataset);

/** Half-open range of rows (first axis). */
typedef struct zagg_rows {
    uint64_t begin, end;
} zagg_rows;

/** A dataset as a column: 1-D with column -1, or 2-D with the column picked while
 * decoding (0..dims[1]-1). */
typedef struct zagg_h5_column {
    zagg_h5_dataset *dataset;
    int64_t column;
} zagg_h5_column;

/** Read the rows of the given ranges (ascending, not overlapping, inside dims[0]) of one
 *  column, one range behind the other, into `out` (total rows x element size). Chunks are
 *  planned, fetched with coalesced reads and decoded in parallel on `pool` (may be NULL).
 *  Memory beyond `out`: threads x (span + chunk). Unallocated chunks give the fill value.
 *  Errors carry the dataset's path: FORMAT, UNSUPPORTED, IO, RANGE, NOMEM. */
ZAGG_API zagg_status zagg_h5_read(zagg_h5_column column, const zagg_rows *ranges,
                                  size_t n_ranges, zagg_pool *pool, void *out,
                                  zagg_err *err);

/** Read single rows, given as ascending indices, into `out` (n x element size): only
 * chunks that hold a wanted row are fetched, and rows go straight to their place. */
ZAGG_API zagg_status zagg_h5_gather(zagg_h5_column column, const uint64_t *rows, size_t n,
                                    zagg_pool *pool, void *out, zagg_err *err);

/** Sees one piece of a scan: rows first..first+n-1 of every column, cols[i] being
 * contiguous elements of column i that are valid during the call. Runs on any thread. */
typedef zagg_status (*zagg_h5_scan_fn)(void *user, size_t scratch_slot, uint64_t first,
                                       size_t n, const void *const *cols, void **result,
                                       zagg_err *err);
/** Takes the results in ascending order of rows on the calling thread. A piece that left
 * its result NULL is passed over. */
typedef zagg_status (*zagg_h5_fold_fn)(void *user, void *result, zagg_err *err);

/** Decode several columns of equal length side by side, piece by piece (a piece is at
 * most one chunk of the first column and lies inside one range), so that the caller can
 * keep only what it selects: memory is threads x pieces, whatever the ranges span.
 * `discard` frees results that are not folded after an error. scratch_slot as in
 * zagg_pool_task_fn. */
ZAGG_API zagg_status zagg_h5_scan(const zagg_h5_column *columns, size_t n_columns,
                                  const zagg_rows *ranges, size_t n_ranges,
                                  zagg_pool *pool, zagg_h5_scan_fn work,
                                  zagg_h5_fold_fn fold,
                                  void (*discard)(void *user, void *result), void *user,
                                  zagg_err *err);

/* ---- reading ahead: for sources whose requests take time (read_many) ---- */

/** Is this a file of such a source? What follows does nothing for others. */
ZAGG_API bool zagg_h5_is_remote(const zagg_h5 *file);

/** Find datasets that will be opened, with about as many calls as the deepest takes
 * alone. Whatever fails will fail for whoever needs it. Thread-safe. */
ZAGG_API void zagg_h5_ahead_open(zagg_h5 *file, const char *const *paths, size_t n);

/** Rows of a column that will be read: ranges as for zagg_h5_read. */
typedef struct zagg_h5_want {
    zagg_h5_column column;
    const zagg_rows *ranges;
    size_t n_ranges; /* 0: which rows is not known yet */
} zagg_h5_want;
/** Read the chunk indexes of these rows, all datasets side by side; where the rows are
 * not known, the upper levels. Failures as above. Thread-safe. */
ZAGG_API void zagg_h5_ahead_index(zagg_h5 *file, const zagg_h5_want *wants, size_t n);

/** Stored chunks that were fetched before they are decoded: while it lives, reading takes
 * them from it. It must outlive the calls that read these rows. */
typedef struct zagg_h5_stage zagg_h5_stage;
/** Fetch what the wanted rows are stored in, with one call. Memory: the stored bytes.
 * Of files that are not remote an empty one. Errors as zagg_h5_read's. Thread-safe. */
ZAGG_API zagg_status zagg_h5_stage_new(zagg_h5 *file, const zagg_h5_want *wants, size_t n,
                                       zagg_h5_stage **out, zagg_err *err);
/** Before the file is closed. NULL is fine. Thread-safe. */
ZAGG_API void zagg_h5_stage_free(zagg_h5_stage *stage);

/** What reading the datasets of a file has cost so far; metadata are not in it. In one
 * call of zagg_h5_read, _gather or _scan a chunk is decoded once for each column that
 * needs it, however many ranges or rows lie in it; in a scan, a chunk that reaches over a
 * border of its blocks (whole chunks of the first column) is decoded on both sides. */
typedef struct zagg_h5_stats {
    uint64_t
        chunks_decoded; /* stored chunks, filtered or not; contiguous data have none */
    uint64_t bytes_inflated; /* what came out of deflate */
    uint64_t bytes_fetched;  /* asked of the source, gaps between chunks included */
} zagg_h5_stats;
/** Totals since the file was opened. Thread-safe; exact between calls that read. */
ZAGG_API zagg_h5_stats zagg_h5_stats_of(const zagg_h5 *file);

/* ---- looking at a whole file ---- */

/** Bytes that a dataset takes in the file, its metadata aside. */
typedef struct zagg_h5_storage {
    uint64_t data_bytes;   /* of all elements */
    uint64_t stored_bytes; /* what they take, filters applied */
    uint64_t chunks;       /* stored ones; 0 or 1 where there are no chunks */
} zagg_h5_storage;
/** Walks the whole chunk index. FORMAT when that is damaged, IO, NOMEM, RANGE. */
ZAGG_API zagg_status zagg_h5_storage_read(zagg_h5_dataset *dataset, zagg_h5_storage *out,
                                          zagg_err *err);

typedef enum zagg_h5_kind {
    ZAGG_H5_GROUP = 0,
    ZAGG_H5_DATASET,
    ZAGG_H5_SOFT_LINK,
    ZAGG_H5_EXTERNAL_LINK,
    ZAGG_H5_OTHER /* committed datatypes, user-defined links, what cannot be told */
} zagg_h5_kind;

/** One link of a file and what it leads to. Everything in it is valid during the call
 * only. */
typedef struct zagg_h5_node {
    const char *path; /* absolute */
    unsigned depth;   /* links below where the walk began */
    zagg_h5_kind kind;
    const char *target;  /* soft links: path; external ones: "FILE:PATH"; else NULL */
    const char *same_as; /* path under which the same object was met; else NULL */
    zagg_h5_dataset *dataset; /* NULL unless this is one that can be read */
    zagg_status status;       /* why an object cannot be read, or a soft link leads */
    const char *reason;       /* nowhere; OK and NULL when all is well */
} zagg_h5_node;
typedef zagg_status (*zagg_h5_walk_fn)(void *user, const zagg_h5_node *node,
                                       zagg_err *err);

/** Visit what is at `path` and, down to `max_depth` links below (UINT_MAX: all), what is
 * in it: groups before their members, members in byte order of their names. Each object
 * is entered once, whatever leads to it; links are told of and not followed. What cannot
 * be read is visited with its reason. Errors: NOTFOUND and the like for `path` itself,
 * RANGE for more links than the metadata budget holds, NOMEM, the visitor's. */
ZAGG_API zagg_status zagg_h5_walk(zagg_h5 *file, const char *path, unsigned max_depth,
                                  zagg_h5_walk_fn fn, void *user, zagg_err *err);

typedef struct zagg_h5_check_summary {
    uint64_t groups, datasets; /* looked at */
    uint64_t chunks;           /* stored ones; of data without chunks: 1 */
    uint64_t bytes;            /* stored ones that were read */
    uint64_t chunks_unsummed;  /* of these: nothing but place and size could be checked */
    uint64_t damaged_objects;  /* groups and datasets that are damaged, or a chunk is */
    uint64_t damaged_chunks;
    uint64_t not_checked; /* objects of features that are not read */
} zagg_h5_check_summary;

/** One damaged or unchecked object, or damaged chunk. */
typedef struct zagg_h5_finding {
    const char *path;
    bool not_checked;
    const char *message;
} zagg_h5_finding;

typedef struct zagg_h5_check_opts {
    zagg_pool *pool; /* chunks side by side; may be NULL */
    /** The order does not depend on the pool. May be NULL. */
    zagg_status (*report)(void *user, const zagg_h5_finding *finding, zagg_err *err);
    /** What has been checked so far. May be NULL. */
    void (*progress)(void *user, const zagg_h5_check_summary *so_far);
    void *user;
} zagg_h5_check_opts;

/** Check everything at and below `path`: groups and headers parse, every stored chunk
 * lies inside the file and over no other of its dataset, can be fetched, passes its
 * checksums, inflates and has its exact size. Damage is counted in `out` and is no
 * error; an error means that the check could not be made. Memory: the index of one
 * dataset, threads x some megabytes. Callbacks run on the caller's thread. */
ZAGG_API zagg_status zagg_h5_check(zagg_h5 *file, const char *path,
                                   const zagg_h5_check_opts *opts,
                                   zagg_h5_check_summary *out, zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
