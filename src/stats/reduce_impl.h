/* What the sources of the reducers share: the operations and the sums they are made of.
 */
#ifndef ZG_STATS_REDUCE_IMPL_H
#define ZG_STATS_REDUCE_IMPL_H

#include "stats/reduce.h"

typedef enum zg_reduce_op {
    ZG_OP_COUNT,
    ZG_OP_SUM,
    ZG_OP_PROD,
    ZG_OP_MEAN,
    ZG_OP_VAR,
    ZG_OP_STD,
    ZG_OP_AVERAGE,
    ZG_OP_MIN,
    ZG_OP_MAX,
    ZG_OP_PTP,
    ZG_OP_ARGMIN,
    ZG_OP_ARGMAX,
    ZG_OP_COUNT_NONZERO,
    ZG_OP_ANY,
    ZG_OP_ALL,
    ZG_OP_MEDIAN,
    ZG_OP_QUANTILE
} zg_reduce_op;

/** The quantile methods of numpy, named as there. */
typedef enum zg_quantile_method {
    ZG_Q_LINEAR,
    ZG_Q_LOWER,
    ZG_Q_HIGHER,
    ZG_Q_NEAREST,
    ZG_Q_MIDPOINT,
    ZG_Q_INVERTED_CDF,
    ZG_Q_AVERAGED_INVERTED_CDF,
    ZG_Q_CLOSEST_OBSERVATION,
    ZG_Q_INTERPOLATED_INVERTED_CDF,
    ZG_Q_HAZEN,
    ZG_Q_WEIBULL,
    ZG_Q_MEDIAN_UNBIASED,
    ZG_Q_NORMAL_UNBIASED
} zg_quantile_method;

struct zg_reducer {
    const char *name; /* as in the table of names, for messages */
    zg_reduce_op op;
    bool skip_nan;
    double ddof;
    double q;     /* 0..1, percentages already divided */
    bool q_picks; /* q was the integer 0 or 1: an element, never interpolated */
    bool q_wide;  /* q was a float64 of numpy: float32 data are interpolated in float64 */
    zg_quantile_method method;
    const char *weights; /* column of the weights, or NULL */
};

/** One slice as the reducers see it. */
typedef struct zg_slice {
    zagg_dtype dtype;
    const void *values;
    size_t n;
} zg_slice;

static inline zg_scalar zg_scalar_float(zagg_dtype dtype, double x)
{
    /* one NaN for all: which bits an invalid operation leaves differs between CPUs */
    zg_scalar s = {.dtype = dtype, .v.f = x == x ? x : __builtin_nan("")};
    return s;
}
static inline zg_scalar zg_scalar_int(zagg_dtype dtype, int64_t x)
{
    zg_scalar s = {.dtype = dtype, .v.i = x};
    return s;
}
static inline zg_scalar zg_scalar_uint(zagg_dtype dtype, uint64_t x)
{
    zg_scalar s = {.dtype = dtype, .v.u = x};
    return s;
}
/** The type in which numpy averages: float32 stays, everything else is float64. */
static inline zagg_dtype zg_real_of(zagg_dtype dtype)
{
    return dtype == ZAGG_DT_F32 ? ZAGG_DT_F32 : ZAGG_DT_F64;
}
/** `x` rounded to the real type, which a division in double needs. */
static inline double zg_round_to(zagg_dtype real, double x)
{
    return real == ZAGG_DT_F32 ? (double)(float)x : x;
}

/** What is summed for each element. */
typedef enum zg_term {
    ZG_TERM_VALUE,
    ZG_TERM_NAN_AS_ZERO,
    ZG_TERM_SQUARED_DEVIATION,          /* (x - centre)^2 */
    ZG_TERM_SQUARED_DEVIATION_SKIP_NAN, /* the same, 0 for NaN */
    ZG_TERM_WEIGHTED                    /* x * weight */
} zg_term;

typedef struct zg_terms {
    zg_term term;
    zg_slice x;
    double centre; /* representable in the real type */
    zagg_dtype weights_dtype;
    const void *weights;
} zg_terms;

/** 0 + the pairwise sum of the terms, in float32 or float64 arithmetic. Not for a float64
 *  source with a float32 sum. */
double zg_sum_terms(zagg_dtype real, const zg_terms *t);
/** The pairwise sum of n doubles without numpy's 0 in front; -0.0 for none. */
double zg_pairwise_f64(const double *x, size_t n);
/** The type of a product of values and weights, by numpy's promotion. */
zagg_dtype zg_weighted_real(zagg_dtype values, zagg_dtype weights);
/** Sum of values cast to `real`: in blocks of 8192 where the types differ, as numpy's
 *  buffered reduction does. */
double zg_sum_cast(zagg_dtype real, zg_slice x);

/** sum, mean, var, std, average and their nan- forms. */
zagg_status zg_reduce_sums(const zg_reducer *r, zg_slice x, zagg_dtype weights_dtype,
                           const void *weights, zg_scalar *out, zagg_err *err);
/** min, max, ptp, argmin, argmax, count_nonzero, any, all, prod; sum of whole numbers. */
zagg_status zg_reduce_order(const zg_reducer *r, zg_slice x, zg_scalar *out,
                            zagg_err *err);
/** Smallest and largest of n > 0 floats (either type) in one pass; NaN where any is. */
void zg_extremes(zg_slice x, double *least, double *most);
/** median, quantile, percentile and their nan- forms. */
zagg_status zg_reduce_quantile(const zg_reducer *r, zg_slice x, void *scratch,
                               zg_scalar *out, zagg_err *err);

#endif
