/* What the sources of the digests share. */
#ifndef ZG_STATS_DIGEST_IMPL_H
#define ZG_STATS_DIGEST_IMPL_H

#include "base/base.h"
#include "zagg/digest.h"

/** Buffers of a memory, which grow to what the largest cell needs and stay. */
typedef enum zg_digest_buffer {
    ZG_BUF_KEYS, /* sorting, and its second half */
    ZG_BUF_WORK,
    ZG_BUF_ROW_VALUES, /* rows or centroids that take part, in their order */
    ZG_BUF_ROW_WEIGHTS,
    ZG_BUF_ROW_LOCATIONS,
    ZG_BUF_ROW_TIMES,
    ZG_BUF_VALUES, /* the same, sorted */
    ZG_BUF_WEIGHTS,
    ZG_BUF_SORTED_LOCATIONS,
    ZG_BUF_SORTED_TIMES,
    ZG_BUF_SUMS,      /* running sum of weights; then terms of the means */
    ZG_BUF_STARTS,    /* a partition that was just worked out */
    ZG_BUF_FLUX,      /* weights of waveform samples */
    ZG_BUF_CENTROIDS, /* the result */
    ZG_BUF_LOCATIONS,
    ZG_BUF_TIMES,
    ZG_BUF_COUNT
} zg_digest_buffer;

/** Which sub-centroids make a centroid: the first of each. */
typedef struct zg_partition {
    size_t k;
    const uint32_t *starts; /* k, ascending from 0; NULL: each its own (k = n) */
} zg_partition;

typedef struct zg_partition_cache zg_partition_cache;

struct zagg_digest_memory {
    bool as_0_11;
    struct {
        void *data;
        size_t bytes;
    } buffers[ZG_BUF_COUNT];
    zg_partition_cache *cache;
};

/** Room for `count` elements in a buffer, whose content is lost when it grows. NULL when
 * memory is lacking, with `err` set. */
void *zg_digest_room(zagg_digest_memory *memory, zg_digest_buffer buffer, size_t count,
                     size_t size, zagg_err *err);

zagg_status zg_partition_cache_new(zg_partition_cache **out, zagg_err *err);
void zg_partition_cache_free(zg_partition_cache *cache);
/** Bytes that the cache holds, which is bounded, and how many partitions it has worked
 * out. */
size_t zg_partition_cache_bytes(const zg_partition_cache *cache);
uint64_t zg_partition_cache_misses(const zg_partition_cache *cache);

/** Partition of n sub-centroids (n > 0) of weight 1, from the cache where it is there.
 *  Valid until the next call with the same memory. */
zagg_status zg_partition_units(zagg_digest_memory *memory, size_t n, double delta,
                               zg_partition *out, zagg_err *err);
/** Partition of n weighted sub-centroids (n > 0). */
zagg_status zg_partition_weights(zagg_digest_memory *memory, const double *weights,
                                 size_t n, double delta, zg_partition *out,
                                 zagg_err *err);

/** Element i of a column, as numpy casts it to float64. */
double zg_value_at(zagg_dtype dtype, const void *values, size_t i);

/** EARG unless delta is a finite number above 0. */
zagg_status zg_check_delta(double delta, zagg_err *err);
/** ERANGE for more rows than an index of 32 bits can tell apart. */
zagg_status zg_check_rows(size_t n, zagg_err *err);
/** ERANGE for a word 0 at a row of `channel`. */
zagg_status zg_refuse_word(const char *channel, size_t row, zagg_err *err);

/** What sub-centroids carry beside their values. */
enum { ZG_WITH_WEIGHTS = 1, ZG_WITH_LOCATIONS = 2, ZG_WITH_TIMES = 4 };

/** What is to be made a digest of: rows of a cell, or centroids of digests. */
typedef struct zg_subcentroids {
    size_t n;
    double *values;
    double *weights;             /* NULL: 1 each */
    uint64_t *locations, *times; /* or NULL */
} zg_subcentroids;

/** Room for n of them in the ROW_ buffers, with what the ZG_WITH_ bits say. */
zagg_status zg_subcentroids_room(zagg_digest_memory *memory, unsigned with, size_t n,
                                 zg_subcentroids *out, zagg_err *err);
/** Sort by value, equal values in their order; with `total_order` equal values by weight,
 *  location and time. The result lies in the other buffers. */
zagg_status zg_subcentroids_sort(zagg_digest_memory *memory, const zg_subcentroids *in,
                                 bool total_order, zg_subcentroids *out, zagg_err *err);
/** Compress n > 0 sorted sub-centroids into the buffers of the result. */
zagg_status zg_digest_compress(zagg_digest_memory *memory, const zg_subcentroids *in,
                               double delta, zagg_digest *out, zagg_err *err);

#endif
