/* Reducers over many slices at once. */
#ifndef ZG_STATS_SEGMENTS_H
#define ZG_STATS_SEGMENTS_H

#include "stats/reduce_impl.h"

/** Sum or mean of the elements offsets[s]..offsets[s+1]-1 of each segment, in the type of
 * the values: the bits of zg_reduce. False (nothing done) for other types than floats.
 * O(n). */
bool zg_sum_segments(zagg_dtype dtype, const void *values, const size_t *offsets,
                     size_t n_segments, bool mean, void *out);

#endif
