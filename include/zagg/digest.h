/* t-digests as upstream stores them: float32 (mean, weight) pairs, means ascending. Building,
 * merging and reading; companion words of centroids; composition words. */
#ifndef ZAGG_DIGEST_H
#define ZAGG_DIGEST_H

#include "zagg/dtype.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A digest: n centroids as (mean, weight) pairs, and for located or temporal ones a word
 *  for each centroid. */
typedef struct zagg_digest {
    size_t n;
    const float *centroids;     /* 2 n */
    const uint64_t *locations;  /* n morton words, or NULL */
    const uint64_t *times;      /* n time words, or NULL */
} zagg_digest;

/** Working memory of one thread: sort buffers, and the partitions by (n, delta), which are
 *  worked out once. Results live in it until its next use. */
typedef struct zagg_digest_memory zagg_digest_memory;
ZAGG_API zagg_status zagg_digest_memory_new(zagg_digest_memory **out, zagg_err *err);
ZAGG_API void zagg_digest_memory_free(zagg_digest_memory *memory);

/** Rows of one cell. */
typedef struct zagg_digest_rows {
    size_t n;
    zagg_dtype dtype;           /* any number type */
    const void *values;
    const double *weights;      /* NULL: 1 each */
    const uint8_t *where;       /* NULL: all rows; else 0 leaves a row out */
    const uint64_t *locations;  /* NULL, or a morton word for each row */
    const uint64_t *times;      /* NULL, or a time word for each row */
} zagg_digest_rows;

/** Digest of rows with compression delta (>= 1): non-finite values are dropped; none left gives
 *  n = 0. Upstream 0.61's algorithm (aggregate.md 3.4), bit for bit. ERANGE for zero words.
 *  O(n log n) or better. */
ZAGG_API zagg_status zagg_digest_build(zagg_digest_memory *memory, const zagg_digest_rows *rows,
                                       double delta, zagg_digest *out, zagg_err *err);

/** Two-way merge: an empty side leaves the other unchanged. Not associative. */
ZAGG_API zagg_status zagg_digest_merge(zagg_digest_memory *memory, const zagg_digest *a,
                                       const zagg_digest *b, double delta, zagg_digest *out,
                                       zagg_err *err);
/** k-way merge: independent of the order of its inputs. */
ZAGG_API zagg_status zagg_digest_merge_all(zagg_digest_memory *memory,
                                           const zagg_digest *digests, size_t n, double delta,
                                           zagg_digest *out, zagg_err *err);

/** Value at quantile q (0..1); NaN for an empty digest. O(n). */
ZAGG_API double zagg_digest_quantile(const zagg_digest *digest, double q);
/** Weight at or below each of n_x ascending or unordered values, 0..total. */
ZAGG_API void zagg_digest_cdf(const zagg_digest *digest, const double *x, size_t n_x,
                              double *out);
/** Weight in n_bins bins of width `resolution` from z_lo on; what lies outside is lost. */
ZAGG_API void zagg_digest_rasterize(const zagg_digest *digest, double z_lo, double resolution,
                                    size_t n_bins, double *out);

#ifdef __cplusplus
}
#endif
#endif
