/* Counting in bins, with numpy's results. Bins are worked out and checked once and then
 * serve any number of slices. */
#ifndef ZG_STATS_HISTOGRAM_H
#define ZG_STATS_HISTOGRAM_H

#include "stats/reduce.h"

/** One end of a range. */
typedef struct zg_bound {
    zg_scalar value; /* a number; BOOL is refused, as numpy cannot subtract it */
    bool weak; /* a Python int or float (I64, F64): takes the type of what it meets */
} zg_bound;

static inline zg_bound zg_bound_f32(float x)
{
    return (zg_bound){.value = {.dtype = ZAGG_DT_F32, .v.f = (double)x}, .weak = false};
}
static inline zg_bound zg_bound_f64(double x)
{
    return (zg_bound){.value = {.dtype = ZAGG_DT_F64, .v.f = x}, .weak = false};
}
/** A Python float. */
static inline zg_bound zg_bound_weak(double x)
{
    return (zg_bound){.value = {.dtype = ZAGG_DT_F64, .v.f = x}, .weak = true};
}
/** A Python int. */
static inline zg_bound zg_bound_weak_int(int64_t x)
{
    return (zg_bound){.value = {.dtype = ZAGG_DT_I64, .v.i = x}, .weak = true};
}

/** The type in which numpy computes with two arrays of these number types: for int64 and
 * uint64, and for a float32 with a whole number of 32 or 64 bits, float64. */
zagg_dtype zg_promote(zagg_dtype a, zagg_dtype b);

/** Bins, and the memory of their edges. Counting does not change them: threads may count
 *  with the same bins at the same time, but not while one sets them. */
typedef struct zg_histogram zg_histogram;
/** Without bins: one of the zg_histogram_set_ functions comes first. ENOMEM. */
zagg_status zg_histogram_new(zg_histogram **out, zagg_err *err);
/** NULL is fine. */
void zg_histogram_free(zg_histogram *h);

/** np.histogram(a, n_bins, (lo, hi)) for slices of type `data` (bool counts as uint8, as
 *  in numpy). The same arguments as last time cost nothing. ERANGE with numpy's text (lo
 *  above hi, not finite, edges that are not apart, n_bins < 1), also for more than 2^31 -
 * 3 bins; EUNSUPPORTED for a bound of type bool; ENOMEM. The bins are as before after an
 *  error. O(n_bins). */
zagg_status zg_histogram_set_range(zg_histogram *h, zagg_dtype data, zg_bound lo,
                                   zg_bound hi, int64_t n_bins, zagg_err *err);
/** np.histogram(a, n_bins): from the smallest to the largest of the n values; (0, 1) for
 *  none. Errors as above. O(n + n_bins). */
zagg_status zg_histogram_set_auto(zg_histogram *h, zagg_dtype data, const void *values,
                                  size_t n, int64_t n_bins, zagg_err *err);
/** np.histogram(a, edges) with n_edges (0 and 1: no bin) that must not decrease: ERANGE
 *  with numpy's text; ENOMEM. The edges are copied. O(n_edges). */
zagg_status zg_histogram_set_edges(zg_histogram *h, zagg_dtype data, zagg_dtype dtype,
                                   const void *edges, size_t n_edges, zagg_err *err);

size_t zg_histogram_bins(const zg_histogram *h);
/** The n_bins + 1 edges that set_range or set_auto worked out, and their type (F32, F64);
 *  valid until the bins are set again. NULL after set_edges. */
const void *zg_histogram_edges(const zg_histogram *h, zagg_dtype *dtype);

/** Counts of one slice: bins hold what is >= their lower edge and < their upper one, the
 *  last bin its upper edge too; NaN and what lies outside is left out. `counts` has
 *  n_bins elements, which are overwritten. ERANGE with numpy's text where rounding throws
 *  a value out of the bins (a range beyond the finite numbers, bounds of different
 *  types). O(n). */
zagg_status zg_histogram_count(const zg_histogram *h, const void *values, size_t n,
                               int64_t *counts, zagg_err *err);
/** The same, added to `counts` modulo 2^32; what they hold after an error is unspecified.
 */
zagg_status zg_histogram_add_u32(const zg_histogram *h, const void *values, size_t n,
                                 uint32_t *counts, zagg_err *err);

#endif
