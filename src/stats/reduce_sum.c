/* Sums and what is made of them, bit-equal to numpy: sum, mean, var, std, average and the
 * nan- forms. The order of additions is that of numpy's add.reduce (pairwise, see
 * reduce_pairwise.h); where numpy casts while it sums, it does so in blocks of 8192 that
 * are added one after another. Divisions by a count happen in double and are rounded
 * once. */
#include "stats/reduce_impl.h"

#include <math.h>
#include <string.h>

enum { LEAF = 128, CAST_BLOCK = 8192 };

#define REAL float
#define IS_F32 1
#define NAME(x) x##_f32
#include "stats/reduce_pairwise.h"
#undef REAL
#undef IS_F32
#undef NAME

#define REAL double
#define IS_F32 0
#define NAME(x) x##_f64
#include "stats/reduce_pairwise.h"
#undef REAL
#undef IS_F32
#undef NAME

double zg_sum_terms(zagg_dtype real, const zg_terms *t)
{
    /* the 0 in front is numpy's start value: a sum of -0.0s is +0.0 */
    if (real == ZAGG_DT_F32)
        return (double)(0.0F + pairwise_f32(t, 0, t->x.n));
    return 0.0 + pairwise_f64(t, 0, t->x.n);
}

double zg_pairwise_f64(const double *x, size_t n)
{
    const zg_terms t = {.term = ZG_TERM_VALUE, .x = {ZAGG_DT_F64, x, n}};
    return pairwise_f64(&t, 0, n);
}

double zg_sum_cast(zagg_dtype real, zg_slice x)
{
    zg_terms t = {.term = ZG_TERM_VALUE, .x = x};
    if (x.dtype == real)
        return zg_sum_terms(real, &t);
    return real == ZAGG_DT_F32 ? (double)sum_blocks_f32(&t) : sum_blocks_f64(&t);
}

static size_t count_numbers(zg_slice x)
{
    size_t n = 0;
    if (x.dtype == ZAGG_DT_F32) {
        const float *a = x.values;
        for (size_t i = 0; i < x.n; i++)
            n += a[i] == a[i];
    } else {
        const double *a = x.values;
        for (size_t i = 0; i < x.n; i++)
            n += a[i] == a[i];
    }
    return n;
}

static double sum_values(zagg_dtype real, zg_slice x, bool skip_nan)
{
    if (!skip_nan)
        return zg_sum_cast(real, x);
    zg_terms t = {.term = ZG_TERM_NAN_AS_ZERO, .x = x};
    return zg_sum_terms(real, &t);
}

/* Variance; `count` is the number of elements that are not skipped. */
static double variance(const zg_reducer *r, zg_slice x, bool skip_nan, size_t count)
{
    zagg_dtype real = zg_real_of(x.dtype);
    double mean = zg_round_to(real, sum_values(real, x, skip_nan) / (double)count);
    zg_terms t = {.term = skip_nan ? ZG_TERM_SQUARED_DEVIATION_SKIP_NAN
                                   : ZG_TERM_SQUARED_DEVIATION,
                  .x = x,
                  .centre = mean};
    double squares = zg_sum_terms(real, &t);
    double freedom = (double)count - r->ddof;
    if (skip_nan && freedom <= 0)
        return __builtin_nan("");
    return zg_round_to(real, squares / (freedom > 0 ? freedom : 0));
}

zagg_dtype zg_weighted_real(zagg_dtype values, zagg_dtype weights)
{
    if (values != ZAGG_DT_F32)
        return ZAGG_DT_F64;
    return weights == ZAGG_DT_F32 || zagg_dtype_size(weights) <= 2 ? ZAGG_DT_F32
                                                                   : ZAGG_DT_F64;
}

static zagg_status average(const zg_reducer *r, zg_slice x, zagg_dtype weights_dtype,
                           const void *weights, zg_scalar *out, zagg_err *err)
{
    if (weights == NULL || zagg_dtype_size(weights_dtype) == 0)
        return zagg_err_set(err, ZAGG_EARG, "%s: the weights column \"%s\" is missing",
                            r->name, r->weights);
    zagg_dtype real = zg_weighted_real(x.dtype, weights_dtype);
    zg_slice w = {weights_dtype, weights, x.n};
    double scale = zg_sum_cast(real, w);
    if (scale == 0)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "%s: weights \"%s\" sum to zero, can't be normalized",
                            r->name, r->weights);
    zg_terms t = {.term = ZG_TERM_WEIGHTED,
                  .x = x,
                  .weights_dtype = weights_dtype,
                  .weights = weights};
    double sum = zg_sum_terms(real, &t);
    *out = zg_scalar_float(real, real == ZAGG_DT_F32 ? (double)((float)sum / (float)scale)
                                                     : sum / scale);
    return ZAGG_OK;
}

zagg_status zg_reduce_sums(const zg_reducer *r, zg_slice x, zagg_dtype weights_dtype,
                           const void *weights, zg_scalar *out, zagg_err *err)
{
    if (r->op == ZG_OP_AVERAGE && r->weights != NULL)
        return average(r, x, weights_dtype, weights, out, err);
    zagg_dtype real = zg_real_of(x.dtype);
    bool skip_nan = r->skip_nan && zagg_dtype_is_float(x.dtype);
    if (r->op == ZG_OP_SUM) {
        *out = zg_scalar_float(real, sum_values(real, x, skip_nan));
        return ZAGG_OK;
    }
    size_t count = skip_nan ? count_numbers(x) : x.n;
    if (r->op == ZG_OP_MEAN || r->op == ZG_OP_AVERAGE) {
        double sum = sum_values(real, x, skip_nan);
        *out = zg_scalar_float(real, zg_round_to(real, sum / (double)count));
        return ZAGG_OK;
    }
    double var = variance(r, x, skip_nan, count);
    if (r->op == ZG_OP_STD)
        var = real == ZAGG_DT_F32 ? (double)sqrtf((float)var) : sqrt(var);
    *out = zg_scalar_float(real, var);
    return ZAGG_OK;
}
