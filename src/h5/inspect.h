/* What walking over a whole file needs beside reading: datasets without a place in the
 * list of the file, and all stored chunks of a dataset. */
#ifndef ZG_H5_INSPECT_H
#define ZG_H5_INSPECT_H

#include "h5/h5.h"

/** The dataset whose object header is at `addr`, for the caller alone: it is not found
 * again by its path and is released with zg_h5_dataset_free. Needs file->lock. */
zagg_status zg_h5_dataset_at(zagg_h5 *file, const char *path, uint64_t addr,
                             zagg_h5_dataset **out, zagg_err *err);
/** Needs file->lock, unless nothing else uses the file any more. NULL is fine. */
void zg_h5_dataset_free(zagg_h5_dataset *dataset);

/** Sees n of a dataset's stored chunks. */
typedef zagg_status (*zg_h5_entries_fn)(void *user, const zg_h5_entry *entries, size_t n,
                                        zagg_err *err);
/** All stored chunks of a chunked dataset, ascending by row of the chunk grid, in runs
 * that end where a row does. `fn` may use the dataset. */
zagg_status zg_h5_each_entries(zagg_h5_dataset *dataset, zg_h5_entries_fn fn, void *user,
                               zagg_err *err);
/** Bytes of all elements. */
uint64_t zg_h5_data_bytes(const zagg_h5_dataset *dataset);

#endif
