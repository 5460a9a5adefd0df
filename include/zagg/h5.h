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

#ifdef __cplusplus
}
#endif
#endif
