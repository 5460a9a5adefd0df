/* What the sources of the histogram share. */
#ifndef ZG_STATS_HISTOGRAM_IMPL_H
#define ZG_STATS_HISTOGRAM_IMPL_H

#include "stats/histogram.h"

/* How the bin of a value is found. */
typedef enum zg_bins_kind {
    ZG_BINS_NONE = 0,
    ZG_BINS_F32,   /* uniform bins, values and edges in float32 */
    ZG_BINS_MIXED, /* edges in float32, position worked out in float64 */
    ZG_BINS_F64,   /* all in float64 */
    ZG_BINS_LIST   /* edges from the caller, in the type `list_type` */
} zg_bins_kind;

/** What the values of uniform bins are compared with and divided by. */
typedef struct zg_bins {
    zg_bins_kind kind;
    zagg_dtype data; /* U8 for bool */
    size_t n;
    double start, width; /* position: (x - start) / width * n */
    double limit;        /* positions below it lie in a bin, or are n */
    /* x is kept when it passes both tests; that of whole numbers only matters for 64 bits
     */
    double keep_lo, keep_hi;
    int64_t keep_lo_i, keep_hi_i;
    uint64_t keep_lo_u, keep_hi_u;
    zagg_dtype list_type; /* I64, U64 or F64 */
    bool list_ascends;    /* also where NaN counts as the largest number */
} zg_bins;

struct zg_histogram {
    zg_bins bins;
    zg_bound lo, hi; /* as given; of set_range */
    bool by_range;
    void *edges; /* n + 1: float for F32 and MIXED, double for F64, else list_type */
    void *spare; /* where the next edges are made */
    size_t edges_room; /* bytes of each */
    size_t spare_room;
};

#endif
