/* t-digests as upstream stores them: float32 (mean, weight) pairs, means ascending.
 * Building, merging and reading; words of place and time that centroids carry; waveform
 * samples; composition words. All results are those of upstream's numpy code, bit for
 * bit, on every CPU. */
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
 *  for each centroid. Means ascend and are finite, weights are above 0: what reads or
 *  merges others gives results without meaning, but no harm. */
typedef struct zagg_digest {
    size_t n;
    const float *centroids;    /* 2 n */
    const uint64_t *locations; /* n morton words, or NULL */
    const uint64_t *times;     /* n time words, or NULL */
} zagg_digest;

/** A column of numbers of any type. */
typedef struct zagg_values {
    zagg_dtype dtype;
    const void *data;
} zagg_values;

/* ---- building and merging ---- */

/** Working memory of one thread: sort buffers, which grow to the largest cell, and the
 *  partitions by (n, delta), which are worked out once and of which at most about 5 MiB
 *  are kept. Results live in it until its next use. */
typedef struct zagg_digest_memory zagg_digest_memory;
ZAGG_API zagg_status zagg_digest_memory_new(zagg_digest_memory **out, zagg_err *err);
/** NULL is fine. */
ZAGG_API void zagg_digest_memory_free(zagg_digest_memory *memory);
/** Build and merge from now on as upstream 0.11 did, or (the state of a new memory) as
 *  0.61 does. 0.11 updates the mean of a centroid value by value and compares distances
 *  instead of ends on the scale; means then differ now and then in their last bit. */
ZAGG_API void zagg_digest_memory_use_0_11(zagg_digest_memory *memory, bool use);

/** Rows of one cell. */
typedef struct zagg_digest_rows {
    size_t n;         /* at most 2^32 - 1 */
    zagg_dtype dtype; /* any number type */
    const void *values;
    const double *weights; /* NULL: 1 each. Rows whose weight is not finite and above 0
                              are left out */
    const uint8_t *where;  /* NULL: all rows; else 0 leaves a row out */
    const uint64_t *locations; /* NULL, or a morton word for each row */
    const uint64_t *times;     /* NULL, or a time word for each row */
} zagg_digest_rows;

/** Digest of rows with compression delta (> 0): non-finite values are dropped; none left
 *  gives n = 0. The merging digest of Dunning and Ertl (2019) under their scale k1:
 * sorted values are joined while a centroid spans at most one unit of delta (asin(2q - 1)
 * / pi + 1/2). Without weights there are at most about 1.28 delta centroids, and up
 * to 1.27 delta values each keeps its own. A centroid of one row has its word, one of
 * several the deepest cell, or the envelope of time, that holds theirs. `out` is
 * untouched on failure. ERANGE for a word 0 or too many rows, EARG for delta or words
 * that are none, ENOMEM. Thread-safe for distinct memories. About 10 ns a row of float32,
 * and O(n) for n beyond some hundred; O(n log n) at most. */
ZAGG_API zagg_status zagg_digest_build(zagg_digest_memory *memory,
                                       const zagg_digest_rows *rows, double delta,
                                       zagg_digest *out, zagg_err *err);

/** Two-way merge: an empty side leaves the other unchanged. Not associative; equal means
 *  keep the order a, b. The inputs may be results that lie in `memory`. EARG where only
 *  one side carries words; errors else as above. O(n log n) in the centroids. */
ZAGG_API zagg_status zagg_digest_merge(zagg_digest_memory *memory, const zagg_digest *a,
                                       const zagg_digest *b, double delta,
                                       zagg_digest *out, zagg_err *err);
/** k-way merge: independent of the order of its inputs; a single one that is not empty
 *  stays unchanged. Not the same as a chain of two-way merges. Errors and cost as above.
 */
ZAGG_API zagg_status zagg_digest_merge_all(zagg_digest_memory *memory,
                                           const zagg_digest *digests, size_t n,
                                           double delta, zagg_digest *out, zagg_err *err);

/** The envelope of n time words: a single instant stays one, anything else becomes the
 *  range from the earliest start to the latest end, rounded outward. Independent of order
 *  and grouping. A word is 32 bits of start in units of 2^31 ns, a bit that tells an
 *  instant, and 31 bits: the rest of the instant in ns, or the end in units of 2^32 ns.
 *  EARG for n = 0. O(n). */
ZAGG_API zagg_status zagg_time_join(const uint64_t *words, size_t n, uint64_t *out,
                                    zagg_err *err);

/* ---- reading ---- */

/** Value at quantile q (0..1); NaN for an empty digest. Linear within the ranks of a
 *  centroid, between the middles of neighbouring means. O(n). */
ZAGG_API double zagg_digest_quantile(const zagg_digest *digest, double q);
/** Weight at or below each of n_x values, 0..total; half of a centroid lies below its
 * mean, between means weight is spread evenly. NaN for an empty digest and for NaN. O(n +
 * n_x) for ascending values, O(n n_x) at most. */
ZAGG_API void zagg_digest_cdf(const zagg_digest *digest, const double *x, size_t n_x,
                              double *out);
/** Weight in n_bins bins of width `resolution` from z_lo on; what lies outside is lost.
 *  Zeros for an empty digest. O(n + n_bins). */
ZAGG_API void zagg_digest_rasterize(const zagg_digest *digest, double z_lo,
                                    double resolution, size_t n_bins, double *out);

/** What to do where the range of a chunk exceeds the window. */
typedef enum zagg_digest_fit {
    ZAGG_FIT_RAISE = 0,          /* ERANGE */
    ZAGG_FIT_DEGRADE_RESOLUTION, /* bins twice as wide, until they hold it */
    ZAGG_FIT_COLLAPSE_BINS /* ERANGE; and where it fits, fewer bins of the same width:
                              from the largest power of two that is not above n_bins
                              halved while they hold it. So a n_bins that is no power
                              of two may end with too few of them, as upstream does */
} zagg_digest_fit;

typedef struct zagg_digest_window {
    double z_lo; /* a whole number */
    size_t n_bins;
    double resolution;
} zagg_digest_window;

/** The common window of the cells of a chunk: from the floor of the lowest `bottom`
 *  quantile to the ceiling of the highest `top` quantile. n_bins and resolution come in
 * as wished and go out as fitted; `window` is untouched on failure. ERANGE with
 * upstream's text when no digest has finite quantiles or the window does not fit; EARG
 * for no bins or a width that is not finite and above 0. O(centroids). */
ZAGG_API zagg_status zagg_digest_fit_window(const zagg_digest *digests, size_t n,
                                            double bottom, double top,
                                            zagg_digest_fit fit,
                                            zagg_digest_window *window, zagg_err *err);

/** The n values that a digest was made of, ascending, where none were joined; ERANGE
 * where a weight is above 1. */
ZAGG_API zagg_status zagg_digest_raw_values(const zagg_digest *digest, double *out,
                                            zagg_err *err);

/* ---- waveforms ---- */

/** Number of standard deviations above the mean of the noise that any of the
 *  `samples_per_record` samples of pure noise exceeds with probability
 *  `false_positive_rate` (0..1, exclusive) at most, where `correlation_length` neighbours
 *  (> 0) count as one. Sidak's split, normal noise, Acklam's approximation of the normal
 *  quantile (2003; error 1.2e-9). EARG for parameters outside their range, ERANGE where
 *  the quantile is beyond float64. */
ZAGG_API zagg_status zagg_waveform_threshold(double false_positive_rate,
                                             double samples_per_record,
                                             double correlation_length, double *n_sigma,
                                             zagg_err *err);

/** Samples of one cell: n elements each. */
typedef struct zagg_waveform_rows {
    size_t n;
    zagg_values values; /* what the digest is over, e.g. the elevation */
    zagg_values counts, noise_mean, noise_sd;
    const uint64_t *times; /* NULL, or a time word for each sample */
} zagg_waveform_rows;

/** Digest of samples weighted with (count - noise_mean) gain; those that are not above
 *  noise_mean + n_sigma noise_sd are left out. At most about 2 delta + 1 centroids.
 *  Errors, ownership and cost as zagg_digest_build. */
ZAGG_API zagg_status zagg_digest_build_waveform(zagg_digest_memory *memory,
                                                const zagg_waveform_rows *rows,
                                                double gain, double n_sigma, double delta,
                                                zagg_digest *out, zagg_err *err);

/** How many different records the n samples are of; NaNs are one. ENOMEM, ERANGE for more
 *  than 2^32 - 1. O(n log n) at most. */
ZAGG_API zagg_status zagg_waveform_shot_count(zagg_digest_memory *memory, zagg_values ids,
                                              size_t n, uint64_t *out, zagg_err *err);
/** The id of the record that all n samples are of, else (and for n = 0) 0: one element of
 *  the type of the ids. O(n). */
ZAGG_API void zagg_waveform_shot_number(zagg_values ids, size_t n, void *out);
/** The value that all n samples share, else (and for n = 0) NaN. O(n). */
ZAGG_API double zagg_waveform_single_value(zagg_values values, size_t n);

/* ---- composition words (zagg-composition/1) ---- */

#define ZAGG_COMPOSITION_SURFACES 5 /* land, ocean, sea_ice, land_ice, inland_water */
#define ZAGG_COMPOSITION_LANES 8    /* those, then low, med, high confidence */

/** Eight bytes, lane i at bits 8 i: shares, in 255ths, of n signal photons. A share above
 * 0 is never 0. The first five may overlap, the last three add up to 255, but for
 * rounding and a threshold above 2. */
typedef struct zagg_composition {
    uint64_t word;
    uint64_t n;
} zagg_composition;

/** Count n rows: those with a finite value, of which any confidence is >= threshold, are
 *  signal. Lanes 0-4 are shares of those whose confidence for the surface is >=
 * threshold, lanes 5-7 of those whose greatest confidence is 2, 3, 4. No signal gives (0,
 * 0). O(n).
 */
ZAGG_API void
zagg_composition_pack(zagg_values values, size_t n,
                      const zagg_values confidence[ZAGG_COMPOSITION_SURFACES],
                      int64_t threshold, zagg_composition *out);
/** Mean of the shares, weighted by n; a part with n = 0 does not count. */
ZAGG_API zagg_composition zagg_composition_merge(zagg_composition a, zagg_composition b);
/** The same of many parts, rounded once: independent of their order while the sums of
 *  255 n stay below 2^53. */
ZAGG_API zagg_composition zagg_composition_merge_all(const zagg_composition *parts,
                                                     size_t n);
/** Counts that the shares stand for: exact for n <= 254. */
ZAGG_API void zagg_composition_counts(zagg_composition c,
                                      uint64_t counts[ZAGG_COMPOSITION_LANES]);

#ifdef __cplusplus
}
#endif
#endif
