/* Instants of observations as time words: a column of offsets from an epoch becomes, row
 * by row, the word that located-in-time digests carry. */
#ifndef ZG_STATS_OBSERVATION_TIME_H
#define ZG_STATS_OBSERVATION_TIME_H

#include "base/base.h"
#include "zagg/dtype.h"

/** How a column tells time: value x unit_s seconds behind the epoch. */
typedef struct zg_clock {
    int64_t
        epoch_ns; /* since 1850-01-01 on the continuous, GPS-aligned scale of the words */
    double unit_s; /* 1 for seconds, 86400 for days */
} zg_clock;

/** Clock of an epoch "2018-01-01T00:00:00[.ffffff][Z|+hh:mm]" (UTC; blank or T between,
 * time optional) and units "seconds" or "days". Leap seconds up to the epoch are counted,
 * none behind it: the column counts SI seconds. ECONFIG naming what is wrong. */
zagg_status zg_clock_new(const char *epoch, const char *units, zg_clock *out,
                         zagg_err *err);

/** Words of n values (any number type): nearest nanosecond, bit 31 set (an exact
 * instant), the lower 31 bits as they are, the rest moved up by one. ERANGE for a value
 * that is not finite, before 1850 or behind 2142 (2^63 - 2^32 ns), naming the row. O(n).
 */
zagg_status zg_clock_words(const zg_clock *clock, zagg_dtype dtype, const void *values,
                           size_t n, uint64_t *words, zagg_err *err);

/** Nanoseconds since 1970 in UTC of an instant (below 2^63) on the scale of the words;
 * inside of a leap second that of the second behind it. */
int64_t zg_clock_utc_ns(uint64_t instant_ns);

#endif
