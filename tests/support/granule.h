/* Small granules for tests, written through libhdf5. */
#ifndef ZAGG_TESTS_GRANULE_H
#define ZAGG_TESTS_GRANULE_H

#include "zagg/dtype.h"

#include <stddef.h>

typedef struct granule_file granule_file;

granule_file *granule_create(const char *path);
void granule_close(granule_file *g);

/** What one dataset is like: rows, columns (0: 1-D), rows of a chunk (0: contiguous). */
typedef struct granule_shape {
    size_t rows, columns, chunk_rows;
} granule_shape;

/** Write a dataset in C order; its groups are made on the way. Fails the test when it
 * cannot. Chunked ones are shuffled and deflated. */
void granule_put(granule_file *g, const char *path, zagg_dtype dtype, granule_shape shape,
                 const void *data);

/** Overwrite the stored chunk of a dataset that begins with `row`: it does not inflate.
 */
void granule_damage(const char *file, const char *path, size_t row);

#endif
