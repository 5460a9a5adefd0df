/* Reducers that compare, count or multiply: min, max, ptp, argmin, argmax, count_nonzero,
 * any, all, prod, and the sum of whole numbers, with numpy's result types: sums and
 * products of whole numbers are 64 bits wide and wrap. */
#include "stats/reduce_impl.h"

#include <math.h>

/* 64-bit result of a sum or product: unsigned for unsigned sources only. */
static zg_scalar whole64(zagg_dtype source, uint64_t x)
{
    if (zagg_dtype_is_unsigned_int(source))
        return zg_scalar_uint(ZAGG_DT_U64, x);
    return zg_scalar_int(ZAGG_DT_I64, (int64_t)x);
}

#define IS_FLOAT 0
#define SCALAR(dtype, x) zg_scalar_int(dtype, x)
#define SUBTRACT(a, b) ((T)((MASK)(a) - (MASK)(b)))

#define T int8_t
#define MASK uint8_t
#define NAME(x) x##_i8
#define LOWEST INT8_MIN
#define HIGHEST INT8_MAX
#include "stats/reduce_order_type.h"

#define T int16_t
#define MASK uint16_t
#define NAME(x) x##_i16
#define LOWEST INT16_MIN
#define HIGHEST INT16_MAX
#include "stats/reduce_order_type.h"

#define T int32_t
#define MASK uint32_t
#define NAME(x) x##_i32
#define LOWEST INT32_MIN
#define HIGHEST INT32_MAX
#include "stats/reduce_order_type.h"

#define T int64_t
#define MASK uint64_t
#define NAME(x) x##_i64
#define LOWEST INT64_MIN
#define HIGHEST INT64_MAX
#include "stats/reduce_order_type.h"

#undef SCALAR
#define SCALAR(dtype, x) zg_scalar_uint(dtype, x)

#define T uint8_t
#define MASK uint8_t
#define NAME(x) x##_u8
#define LOWEST 0
#define HIGHEST UINT8_MAX
#include "stats/reduce_order_type.h"

#define T uint16_t
#define MASK uint16_t
#define NAME(x) x##_u16
#define LOWEST 0
#define HIGHEST UINT16_MAX
#include "stats/reduce_order_type.h"

#define T uint32_t
#define MASK uint32_t
#define NAME(x) x##_u32
#define LOWEST 0
#define HIGHEST UINT32_MAX
#include "stats/reduce_order_type.h"

#define T uint64_t
#define MASK uint64_t
#define NAME(x) x##_u64
#define LOWEST 0
#define HIGHEST UINT64_MAX
#include "stats/reduce_order_type.h"

#undef IS_FLOAT
#undef SCALAR
#undef SUBTRACT
#define IS_FLOAT 1
#define SCALAR(dtype, x) zg_scalar_float(dtype, (double)(x))
#define SUBTRACT(a, b) ((a) - (b))

#define T float
#define MASK uint32_t
#define NAME(x) x##_f32
#define LOWEST (-(T)INFINITY)
#define HIGHEST ((T)INFINITY)
#include "stats/reduce_order_type.h"

#define T double
#define MASK uint64_t
#define NAME(x) x##_f64
#define LOWEST (-(T)INFINITY)
#define HIGHEST ((T)INFINITY)
#include "stats/reduce_order_type.h"

void zg_extremes(zg_slice x, double *least, double *most)
{
    if (x.dtype == ZAGG_DT_F32)
        both_f32(x.values, x.n, least, most);
    else
        both_f64(x.values, x.n, least, most);
}

/* numpy's words for a reduction that has no answer for no elements. */
static zagg_status refuse_empty(const zg_reducer *r, zagg_err *err)
{
    if (r->op == ZG_OP_ARGMIN || r->op == ZG_OP_ARGMAX)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "%s: no values (an empty sequence has none)", r->name);
    return zagg_err_set(err, ZAGG_ERANGE, "%s: no values (a zero-size array has no %s)",
                        r->name, r->op == ZG_OP_MIN ? "minimum" : "maximum");
}

zagg_status zg_reduce_order(const zg_reducer *r, zg_slice x, zg_scalar *out,
                            zagg_err *err)
{
    bool needs_value = r->op == ZG_OP_MIN || r->op == ZG_OP_MAX || r->op == ZG_OP_PTP ||
                       r->op == ZG_OP_ARGMIN || r->op == ZG_OP_ARGMAX;
    if (x.n == 0 && needs_value)
        return refuse_empty(r, err);
    if (r->op == ZG_OP_PTP && x.dtype == ZAGG_DT_BOOL)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s: bool values cannot be subtracted", r->name);
    switch (x.dtype) {
    case ZAGG_DT_BOOL: /* one byte, 0 or 1: as uint8 */
        *out = order_u8(r, x);
        return ZAGG_OK;
    case ZAGG_DT_I8:
        *out = order_i8(r, x);
        return ZAGG_OK;
    case ZAGG_DT_I16:
        *out = order_i16(r, x);
        return ZAGG_OK;
    case ZAGG_DT_I32:
        *out = order_i32(r, x);
        return ZAGG_OK;
    case ZAGG_DT_I64:
        *out = order_i64(r, x);
        return ZAGG_OK;
    case ZAGG_DT_U8:
        *out = order_u8(r, x);
        return ZAGG_OK;
    case ZAGG_DT_U16:
        *out = order_u16(r, x);
        return ZAGG_OK;
    case ZAGG_DT_U32:
        *out = order_u32(r, x);
        return ZAGG_OK;
    case ZAGG_DT_U64:
        *out = order_u64(r, x);
        return ZAGG_OK;
    case ZAGG_DT_F32:
        *out = order_f32(r, x);
        return ZAGG_OK;
    case ZAGG_DT_F64:
        *out = order_f64(r, x);
        return ZAGG_OK;
    case ZAGG_DT_NONE:
        break;
    }
    return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s: values have no known type", r->name);
}
