/* One reducer over one slice: which rule applies to which operation and element type. */
#include "stats/reduce_impl.h"

bool zg_reducer_is_count(const zg_reducer *r)
{
    return r->op == ZG_OP_COUNT;
}

const char *zg_reducer_weights(const zg_reducer *r)
{
    return r->weights;
}

zagg_status zg_reduce(const zg_reducer *r, zagg_dtype dtype, const void *values, size_t n,
                      zagg_dtype weights_dtype, const void *weights, void *scratch,
                      zg_scalar *out, zagg_err *err)
{
    zg_slice x = {dtype, values, n};
    if (r->op == ZG_OP_COUNT) {
        *out = zg_scalar_int(ZAGG_DT_I64, (int64_t)n);
        return ZAGG_OK;
    }
    if (zagg_dtype_size(dtype) == 0)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s: values have no known type",
                            r->name);
    switch (r->op) {
    case ZG_OP_MEDIAN:
    case ZG_OP_QUANTILE:
        return zg_reduce_quantile(r, x, scratch, out, err);
    case ZG_OP_MEAN:
    case ZG_OP_VAR:
    case ZG_OP_STD:
    case ZG_OP_AVERAGE:
        return zg_reduce_sums(r, x, weights_dtype, weights, out, err);
    case ZG_OP_SUM:
        if (zagg_dtype_is_float(dtype))
            return zg_reduce_sums(r, x, weights_dtype, weights, out, err);
        return zg_reduce_order(r, x, out, err);
    default:
        return zg_reduce_order(r, x, out, err);
    }
}

/* Methods that pick an element, which keeps its type. */
static bool picks(const zg_reducer *r)
{
    switch (r->method) {
    case ZG_Q_LINEAR:
        return r->q_picks;
    case ZG_Q_LOWER:
    case ZG_Q_HIGHER:
    case ZG_Q_NEAREST:
    case ZG_Q_INVERTED_CDF:
    case ZG_Q_CLOSEST_OBSERVATION:
        return true;
    default:
        return false;
    }
}

zagg_dtype zg_reducer_type(const zg_reducer *r, zagg_dtype dtype, zagg_dtype weights)
{
    switch (r->op) {
    case ZG_OP_COUNT:
    case ZG_OP_COUNT_NONZERO:
    case ZG_OP_ARGMIN:
    case ZG_OP_ARGMAX:
        return ZAGG_DT_I64;
    case ZG_OP_ANY:
    case ZG_OP_ALL:
        return ZAGG_DT_BOOL;
    case ZG_OP_SUM:
    case ZG_OP_PROD:
        if (zagg_dtype_is_float(dtype))
            return dtype;
        return zagg_dtype_is_unsigned_int(dtype) ? ZAGG_DT_U64 : ZAGG_DT_I64;
    case ZG_OP_MIN:
    case ZG_OP_MAX:
    case ZG_OP_PTP:
        return dtype;
    case ZG_OP_AVERAGE:
        return r->weights ? zg_weighted_real(dtype, weights) : zg_real_of(dtype);
    case ZG_OP_QUANTILE:
        return picks(r) ? dtype : zg_real_of(dtype);
    default:
        return zg_real_of(dtype);
    }
}
