/* Functions of numpy that work element by element, and Python's built-ins. */
#include "expr/elementwise.h"
#include "expr/fn.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

/* ---- two operands ---- */

static zagg_status binary_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zagg_dtype compute;
    zx_type a = p[0], b = p[1];
    if (p[0].kind == ZX_K_SEQ)
        ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    if (p[1].kind == ZX_K_SEQ)
        ZAGG_TRY(zx_array_type(c, &p[1], fn->name, &b));
    return zx_binary_type(c, (zx_op)fn->op, &a, &b, false, out, &compute);
}

static zagg_status binary_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                              zx_run *r, zx_val *out)
{
    zx_check none = {.text = ""};
    zagg_dtype compute;
    zx_type result, types[2] = {p[0], p[1]};
    zx_val values[2] = {a[0], a[1]};
    for (int i = 0; i < 2; i++)
        if (p[i].kind == ZX_K_SEQ) {
            ZAGG_TRY(zx_array_type(&none, &p[i], fn->name, &types[i]));
            ZAGG_TRY(zx_as_array(r, &p[i], &a[i], &values[i]));
        }
    ZAGG_TRY(zx_binary_type(&none, (zx_op)fn->op, &types[0], &types[1], false, &result,
                            &compute));
    return zx_binary(r, (zx_op)fn->op, &types[0], &types[1], &result, compute, &values[0],
                     &values[1], out);
}

/* ---- one operand ---- */

enum {
    U_ABS,
    U_FABS,
    U_SIGN,
    U_SQUARE,
    U_SQRT,
    U_RECIPROCAL,
    U_FLOOR,
    U_CEIL,
    U_TRUNC,
    U_RINT,
    U_NEGATIVE,
    U_POSITIVE,
    U_INVERT,
    U_DEG2RAD,
    U_RAD2DEG,
    U_ISNAN,
    U_ISFINITE,
    U_ISINF,
    U_SIGNBIT,
    U_NOT
};

/* float32 for 16 bits, float64 for more; float16 does not exist here. */
static zagg_status float_of(zx_check *c, zagg_dtype t, const char *name, zagg_dtype *out)
{
    *out = t;
    if (zagg_dtype_is_float(t))
        return ZAGG_OK;
    if (zagg_dtype_size(t) == 1)
        return zx_refuse(c,
                         "np.%s of %s gives float16, which is not supported; convert "
                         "with astype",
                         name, zagg_dtype_name(t));
    *out = zagg_dtype_size(t) == 2 ? ZAGG_DT_F32 : ZAGG_DT_F64;
    return ZAGG_OK;
}

static zagg_status unary_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                              zx_type *out)
{
    zx_type a = p[0];
    if (p[0].kind == ZX_K_SEQ)
        ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    ZAGG_TRY(zx_want_value(c, &a, "the argument"));
    *out = zx_value_type(a.dtype, a.rank);
    switch (fn->op) {
    case U_FABS:
    case U_SQRT:
    case U_RINT:
    case U_DEG2RAD:
    case U_RAD2DEG:
        return float_of(c, a.dtype, fn->name, &out->dtype);
    case U_ISNAN:
    case U_ISFINITE:
    case U_ISINF:
    case U_SIGNBIT:
    case U_NOT:
        out->dtype = ZAGG_DT_BOOL;
        return ZAGG_OK;
    case U_NEGATIVE:
    case U_POSITIVE:
    case U_SIGN:
        if (a.dtype == ZAGG_DT_BOOL)
            return zx_refuse(c, "np.%s of truth values", fn->name);
        return ZAGG_OK;
    case U_INVERT:
        if (zagg_dtype_is_float(a.dtype))
            return zx_refuse(c, "np.%s of %s", fn->name, zagg_dtype_name(a.dtype));
        return ZAGG_OK;
    case U_SQUARE:
    case U_RECIPROCAL:
        if (a.dtype == ZAGG_DT_BOOL)
            out->dtype = ZAGG_DT_I8;
        return ZAGG_OK;
    default: /* whole numbers stay what they are */
        return ZAGG_OK;
    }
}

#define EACH(T, R, expression)                                                           \
    do {                                                                                 \
        const T *x_ = src;                                                               \
        R *z_ = dst;                                                                     \
        for (size_t i = 0; i < n; i++) {                                                 \
            const T x = x_[i];                                                           \
            z_[i] = (R)(expression);                                                     \
        }                                                                                \
    } while (0)

/* Radians and degrees of one unit as numpy has them: worked out in the type itself. */
#define FLOATS(T, ABS, SQRT, FLOOR, CEIL, TRUNC, RINT, RAD, DEG)                         \
    static void floats_##T(int op, const void *src, void *dst, size_t n)                 \
    {                                                                                    \
        switch (op) {                                                                    \
        case U_ABS:                                                                      \
        case U_FABS:                                                                     \
            EACH(T, T, ABS(x));                                                          \
            break;                                                                       \
        case U_SIGN:                                                                     \
            EACH(T, T, x > 0 ? (T)1 : x < 0 ? (T)-1 : x == 0 ? (T)0 : x);                \
            break;                                                                       \
        case U_SQUARE:                                                                   \
            EACH(T, T, x *x);                                                            \
            break;                                                                       \
        case U_SQRT:                                                                     \
            EACH(T, T, SQRT(x));                                                         \
            break;                                                                       \
        case U_RECIPROCAL:                                                               \
            EACH(T, T, (T)1 / x);                                                        \
            break;                                                                       \
        case U_FLOOR:                                                                    \
            EACH(T, T, FLOOR(x));                                                        \
            break;                                                                       \
        case U_CEIL:                                                                     \
            EACH(T, T, CEIL(x));                                                         \
            break;                                                                       \
        case U_TRUNC:                                                                    \
            EACH(T, T, TRUNC(x));                                                        \
            break;                                                                       \
        case U_RINT:                                                                     \
            EACH(T, T, RINT(x));                                                         \
            break;                                                                       \
        case U_NEGATIVE:                                                                 \
            EACH(T, T, -x);                                                              \
            break;                                                                       \
        case U_DEG2RAD:                                                                  \
            EACH(T, T, x *(T)(RAD));                                                     \
            break;                                                                       \
        case U_RAD2DEG:                                                                  \
            EACH(T, T, x *(T)(DEG));                                                     \
            break;                                                                       \
        case U_ISNAN:                                                                    \
            EACH(T, uint8_t, x != x);                                                    \
            break;                                                                       \
        case U_ISFINITE:                                                                 \
            EACH(T, uint8_t, x - x == 0);                                                \
            break;                                                                       \
        case U_ISINF:                                                                    \
            EACH(T, uint8_t, x == x && x - x != 0);                                      \
            break;                                                                       \
        case U_SIGNBIT:                                                                  \
            EACH(T, uint8_t, x == x && signbit(x) != 0); /* NaN has the CPU's sign */    \
            break;                                                                       \
        case U_NOT:                                                                      \
            EACH(T, uint8_t, x == 0);                                                    \
            break;                                                                       \
        default:                                                                         \
            EACH(T, T, x);                                                               \
            break;                                                                       \
        }                                                                                \
    }

FLOATS(float, fabsf, sqrtf, floorf, ceilf, truncf, rintf, 0x1.1df46ap-6F, 0x1.ca5dcp+5F)
FLOATS(double, fabs, sqrt, floor, ceil, trunc, rint, 0.017453292519943295,
       57.29577951308232)

/* By way of 64 bits: numpy wraps in the type itself, which gives the same low bits. */
static void wholes(int op, bool is_unsigned, const int64_t *src, int64_t *dst, size_t n)
{
    switch (op) {
    case U_ABS:
        for (size_t i = 0; i < n; i++)
            dst[i] =
                !is_unsigned && src[i] < 0 ? (int64_t)(0 - (uint64_t)src[i]) : src[i];
        break;
    case U_SIGN:
        for (size_t i = 0; i < n; i++)
            dst[i] = is_unsigned ? src[i] != 0 : (src[i] > 0) - (src[i] < 0);
        break;
    case U_SQUARE:
        for (size_t i = 0; i < n; i++)
            dst[i] = (int64_t)((uint64_t)src[i] * (uint64_t)src[i]);
        break;
    case U_RECIPROCAL: /* 1 // x, towards zero; of 0 numpy gives what the CPU does: 0 here
                        */
        for (size_t i = 0; i < n; i++)
            dst[i] = src[i] == 1 ? 1 : src[i] == -1 && !is_unsigned ? -1 : 0;
        break;
    case U_NEGATIVE:
        for (size_t i = 0; i < n; i++)
            dst[i] = (int64_t)(0 - (uint64_t)src[i]);
        break;
    case U_INVERT:
        for (size_t i = 0; i < n; i++)
            dst[i] = ~src[i];
        break;
    default:
        memcpy(dst, src, n * sizeof *dst);
        break;
    }
}

static zagg_status whole_values(zx_run *r, int op, zagg_dtype dtype, const zx_val *a,
                                zx_val *out)
{
    zx_val wide, result;
    ZAGG_TRY(zx_cast(r, a, ZAGG_DT_I64, &wide));
    ZAGG_TRY(zx_new_like(r, a, ZAGG_DT_I64, &result));
    wholes(op, zagg_dtype_is_unsigned_int(a->dtype), wide.data, result.data,
           zx_elements(a));
    return zx_cast(r, &result, dtype, out);
}

static zagg_status predicate(zx_run *r, int op, const zx_val *a, zx_val *out)
{
    const size_t n = zx_elements(a);
    ZAGG_TRY(zx_new_like(r, a, ZAGG_DT_BOOL, out));
    uint8_t *to = out->data;
    zx_val wide;
    switch (op) {
    case U_ISFINITE:
        memset(to, 1, n);
        break;
    case U_NOT:
        ZAGG_TRY(zx_cast(r, a, ZAGG_DT_BOOL, &wide));
        for (size_t i = 0; i < n; i++)
            to[i] = !((const uint8_t *)wide.data)[i];
        break;
    case U_SIGNBIT:
        ZAGG_TRY(zx_cast(r, a, ZAGG_DT_I64, &wide));
        for (size_t i = 0; i < n; i++)
            to[i] =
                zagg_dtype_is_signed_int(a->dtype) && ((const int64_t *)wide.data)[i] < 0;
        break;
    default:
        memset(to, 0, n);
        break;
    }
    return ZAGG_OK;
}

static zagg_status unary_run(const zx_fn *fn, const zx_type *p, const zx_val *a_in,
                             zx_run *r, zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    zx_val a;
    ZAGG_TRY(zx_as_array(r, &p[0], &a_in[0], &a));
    ZAGG_TRY(unary_type(fn, p, &none, &result));
    const bool truth = result.dtype == ZAGG_DT_BOOL && fn->op >= U_ISNAN;
    if (zagg_dtype_is_float(a.dtype) || zagg_dtype_is_float(result.dtype)) {
        if (!truth)
            ZAGG_TRY(zx_cast(r, &a, result.dtype, &a));
        ZAGG_TRY(zx_new_like(r, &a, result.dtype, out));
        (a.dtype == ZAGG_DT_F32 ? floats_float : floats_double)(fn->op, a.data, out->data,
                                                                zx_elements(&a));
        return ZAGG_OK;
    }
    if (truth)
        return predicate(r, fn->op, &a, out);
    if (a.dtype == ZAGG_DT_BOOL && fn->op == U_INVERT) /* ~True is False, not -2 */
        return predicate(r, U_NOT, &a, out);
    return whole_values(r, fn->op, result.dtype, &a, out);
}

/* ---- where, clip, round, nan_to_num, astype ---- */

static zagg_status where_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                              zx_type *out)
{
    unsigned rank;
    (void)fn;
    if (p[1].kind == ZX_K_ABSENT && p[2].kind == ZX_K_ABSENT)
        return zx_nonzero_type(p, c, out);
    if (p[1].kind == ZX_K_ABSENT || p[2].kind == ZX_K_ABSENT)
        return zx_refuse(c, "where needs one argument (the places) or three");
    for (int i = 0; i < 3; i++)
        ZAGG_TRY(zx_want_value(c, &p[i], "each argument of where"));
    ZAGG_TRY(zx_join_ranks(c, p[1].rank, p[2].rank, &rank));
    ZAGG_TRY(zx_join_ranks(c, rank, p[0].rank, &rank));
    *out = zx_value_type(zx_common(&p[1], &p[2]), rank);
    return ZAGG_OK;
}

#define CHOOSE(T)                                                                        \
    do {                                                                                 \
        const T *x = v[1].data, *y = v[2].data;                                          \
        T *z = out->data;                                                                \
        for (size_t i = 0; i < n; i++)                                                   \
            z[i] = mask[step[0] * i] ? x[step[1] * i] : y[step[2] * i];                  \
    } while (0)

static zagg_status where_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                             zx_run *r, zx_val *out)
{
    zagg_dtype dtype;
    zx_val v[3], shape;
    zx_val *const all[3] = {&v[0], &v[1], &v[2]};
    size_t step[3];
    (void)fn;
    if (p[1].kind == ZX_K_ABSENT)
        return zx_nonzero(r, &a[0], out);
    dtype = zx_common(&p[1], &p[2]);
    ZAGG_TRY(zx_cast(r, &a[0], ZAGG_DT_BOOL, &v[0]));
    ZAGG_TRY(p[1].weak && !p[2].weak ? zx_adopt(r, &a[1], dtype, &v[1])
                                     : zx_cast(r, &a[1], dtype, &v[1]));
    ZAGG_TRY(p[2].weak && !p[1].weak ? zx_adopt(r, &a[2], dtype, &v[2])
                                     : zx_cast(r, &a[2], dtype, &v[2]));
    ZAGG_TRY(zx_meet(r, all, 3, &shape));
    ZAGG_TRY(zx_new_like(r, &shape, dtype, out));
    const size_t n = zx_elements(out);
    const uint8_t *mask = v[0].data;
    for (int i = 0; i < 3; i++)
        step[i] = !(v[i].rank == 0 && v[i].uniform);
    switch (zagg_dtype_size(dtype)) {
    case 1:
        CHOOSE(uint8_t);
        break;
    case 2:
        CHOOSE(uint16_t);
        break;
    case 4:
        CHOOSE(uint32_t);
        break;
    default:
        CHOOSE(uint64_t);
        break;
    }
    return ZAGG_OK;
}

/* A limit that is absent or None does not clip. */
static bool is_limit(const zx_type *p)
{
    return p->kind == ZX_K_VALUE;
}

static zagg_status clip_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    (void)fn;
    ZAGG_TRY(zx_want_value(c, &p[0], "what is clipped"));
    *out = zx_value_type(p[0].dtype, p[0].rank);
    for (int i = 1; i < 3; i++) {
        if (!is_limit(&p[i]))
            continue;
        zx_type so_far = *out;
        so_far.weak = p[0].weak && i == 1;
        out->dtype = zx_common(&so_far, &p[i]);
        ZAGG_TRY(zx_join_ranks(c, out->rank, p[i].rank, &out->rank));
    }
    return ZAGG_OK;
}

/* A whole limit that every number of the type keeps does nothing; one that none keeps is
 * an error. */
static zagg_status limit_value(zx_run *r, const zx_type *p, const zx_val *v, bool lower,
                               zagg_dtype dtype, zx_val *out)
{
    if (!p->weak || p->dtype != ZAGG_DT_I64 || zagg_dtype_is_float(dtype))
        return zx_cast(r, v, dtype, out);
    const unsigned bits = (unsigned)zagg_dtype_size(dtype) * 8;
    const bool is_unsigned = zagg_dtype_is_unsigned_int(dtype);
    const int64_t least = is_unsigned ? 0 : INT64_MIN >> (64 - bits);
    const int64_t most = is_unsigned ? (bits == 64 ? INT64_MAX : (INT64_C(1) << bits) - 1)
                                     : INT64_MAX >> (64 - bits);
    zx_val fitted;
    ZAGG_TRY(zx_new_like(r, v, ZAGG_DT_I64, &fitted));
    for (size_t s = 0; s < zx_elements(v); s++) {
        const int64_t x = zx_int(v, s);
        if (lower ? x > most : x < least)
            return zx_fail(r, s,
                           "OverflowError: Python integer %lld out of bounds for %s",
                           (long long)x, zagg_dtype_name(dtype));
        ((int64_t *)fitted.data)[s] = x < least ? least : x > most ? most : x;
    }
    return zx_cast(r, &fitted, dtype, out);
}

static zagg_status clip_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    zx_val value;
    ZAGG_TRY(clip_type(fn, p, &none, &result));
    ZAGG_TRY(zx_cast(r, &a[0], result.dtype, &value));
    for (int i = 1; i < 3; i++) {
        zx_val limit, shape;
        zx_val *const both[2] = {&value, &limit};
        if (!is_limit(&p[i]))
            continue;
        ZAGG_TRY(limit_value(r, &p[i], &a[i], i == 1, result.dtype, &limit));
        ZAGG_TRY(zx_meet(r, both, 2, &shape));
        zx_val next;
        ZAGG_TRY(zx_new_like(r, &shape, result.dtype, &next));
        zx_kernel_binary(i == 1 ? ZX_MAXIMUM : ZX_MINIMUM, result.dtype, value.data,
                         !(value.rank == 0 && value.uniform), limit.data,
                         !(limit.rank == 0 && limit.uniform), next.data,
                         zx_elements(&next));
        value = next;
    }
    *out = value;
    return ZAGG_OK;
}

static zagg_status round_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                              zx_type *out)
{
    int64_t decimals;
    (void)fn;
    ZAGG_TRY(zx_want_value(c, &p[0], "what is rounded"));
    ZAGG_TRY(zx_want_int(c, &p[1], "decimals", 0, &decimals));
    if (decimals < -300 || decimals > 300)
        return zx_refuse(c, "decimals must lie between -300 and 300");
    if (p[0].dtype == ZAGG_DT_BOOL)
        return zx_refuse(c, "np.round of bool gives float16, which is not supported");
    *out = zx_value_type(p[0].dtype, p[0].rank);
    return ZAGG_OK;
}

/* Multiply by 10^d, to the nearest even, divide: in the type of the data. */
static zagg_status round_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                             zx_run *r, zx_val *out)
{
    const int64_t d = p[1].kind == ZX_K_VALUE ? p[1].i : 0;
    const size_t n = zx_elements(&a[0]);
    double power = 1;
    (void)fn;
    for (int64_t i = 0; i < (d < 0 ? -d : d); i++)
        power *= 10;
    ZAGG_TRY(zx_new_like(r, &a[0], a[0].dtype, out));
    if (a[0].dtype == ZAGG_DT_F32) {
        const float *x = a[0].data, f = (float)power;
        float *z = out->data;
        for (size_t i = 0; i < n; i++)
            z[i] = d == 0  ? rintf(x[i])
                   : d > 0 ? rintf(x[i] * f) / f
                           : rintf(x[i] / f) * f;
    } else if (a[0].dtype == ZAGG_DT_F64) {
        const double *x = a[0].data;
        double *z = out->data;
        for (size_t i = 0; i < n; i++)
            z[i] = d == 0  ? rint(x[i])
                   : d > 0 ? rint(x[i] * power) / power
                           : rint(x[i] / power) * power;
    } else if (d >= 0) {
        out->data = a[0].data;
    } else { /* tens: by way of double, as numpy goes */
        zx_val wide;
        ZAGG_TRY(zx_cast(r, &a[0], ZAGG_DT_F64, &wide));
        ZAGG_TRY(zx_new_like(r, &wide, ZAGG_DT_F64, &wide));
        for (size_t i = 0; i < n; i++) {
            double x;
            zg_cast(a[0].dtype, (const char *)a[0].data + i * zagg_dtype_size(a[0].dtype),
                    ZAGG_DT_F64, &x, 1);
            ((double *)wide.data)[i] = rint(x / power) * power;
        }
        return zx_cast(r, &wide, a[0].dtype, out);
    }
    return ZAGG_OK;
}

static zagg_status nan_to_num_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                   zx_type *out)
{
    (void)fn;
    ZAGG_TRY(zx_want_value(c, &p[0], "the argument"));
    for (int i = 1; i < 4; i++)
        if (p[i].kind != ZX_K_ABSENT && p[i].kind != ZX_K_NONE &&
            (p[i].kind != ZX_K_VALUE || !p[i].constant))
            return zx_refuse(c, "nan, posinf and neginf must be literal numbers");
    *out = zx_value_type(p[0].dtype, p[0].rank);
    return ZAGG_OK;
}

static zagg_status nan_to_num_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                                  zx_run *r, zx_val *out)
{
    const size_t n = zx_elements(&a[0]);
    const bool narrow = a[0].dtype == ZAGG_DT_F32;
    const double most = narrow ? 0x1.fffffep127 : 0x1.fffffffffffffp1023;
    const double nan = p[1].kind == ZX_K_VALUE ? p[1].f : 0;
    const double up = p[2].kind == ZX_K_VALUE ? p[2].f : most;
    const double down = p[3].kind == ZX_K_VALUE ? p[3].f : -most;
    (void)fn;
    if (!zagg_dtype_is_float(a[0].dtype)) {
        *out = a[0];
        out->weak = false;
        return ZAGG_OK;
    }
    ZAGG_TRY(zx_new_like(r, &a[0], a[0].dtype, out));
    for (size_t i = 0; i < n; i++) {
        double x = narrow ? (double)((const float *)a[0].data)[i]
                          : ((const double *)a[0].data)[i];
        x = x != x ? nan : x == HUGE_VAL ? up : x == -HUGE_VAL ? down : x;
        if (narrow)
            ((float *)out->data)[i] = (float)x;
        else
            ((double *)out->data)[i] = x;
    }
    return ZAGG_OK;
}

static zagg_status astype_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zagg_dtype dtype;
    (void)fn;
    ZAGG_TRY(zx_want_value(c, &p[0], "what is converted"));
    ZAGG_TRY(zx_want_dtype(c, &p[1], &dtype));
    if (dtype == ZAGG_DT_NONE)
        return zx_refuse(c, "astype needs a type");
    *out = zx_value_type(dtype, p[0].rank);
    return ZAGG_OK;
}

static zagg_status astype_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                              zx_run *r, zx_val *out)
{
    const zagg_dtype dtype =
        p[1].kind == ZX_K_DTYPE ? p[1].dtype : zx_dtype_from_text(p[1].text);
    (void)fn;
    return zx_cast(r, &a[0], dtype, out);
}

/* np.float32(x) and its like. */
static zagg_status convert_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                zx_type *out)
{
    zx_type a;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    *out = zx_value_type((zagg_dtype)fn->op, a.rank);
    return ZAGG_OK;
}

static zagg_status convert_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                               zx_run *r, zx_val *out)
{
    const zagg_dtype dtype = (zagg_dtype)fn->op;
    zx_val array;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &array));
    if (p[0].kind != ZX_K_VALUE || !p[0].weak || zagg_dtype_is_float(dtype) ||
        dtype == ZAGG_DT_BOOL)
        return zx_cast(r, &array, dtype, out);
    return zx_as_item(r, &a[0], dtype, out);
}

#define BINARY(name, op)                                                                 \
    {                                                                                    \
        name, "x1 x2", 2, false, op, binary_type, binary_run                             \
    }
#define UNARY(name, op, method)                                                          \
    {                                                                                    \
        name, "x", 1, method, op, unary_type, unary_run                                  \
    }
#define CONVERT(name, dtype)                                                             \
    {                                                                                    \
        name, "x", 1, false, dtype, convert_type, convert_run                            \
    }

const zx_fn ZX_ELEMENTWISE[] = {
    BINARY("add", ZX_ADD),
    BINARY("subtract", ZX_SUB),
    BINARY("multiply", ZX_MUL),
    BINARY("divide", ZX_DIV),
    BINARY("true_divide", ZX_DIV),
    BINARY("floor_divide", ZX_FLOORDIV),
    BINARY("mod", ZX_MOD),
    BINARY("remainder", ZX_MOD),
    BINARY("fmod", ZX_FMOD),
    BINARY("power", ZX_POW),
    BINARY("bitwise_and", ZX_BITAND),
    BINARY("bitwise_or", ZX_BITOR),
    BINARY("bitwise_xor", ZX_BITXOR),
    BINARY("left_shift", ZX_LSHIFT),
    BINARY("right_shift", ZX_RSHIFT),
    BINARY("less", ZX_LT),
    BINARY("less_equal", ZX_LE),
    BINARY("greater", ZX_GT),
    BINARY("greater_equal", ZX_GE),
    BINARY("equal", ZX_EQ),
    BINARY("not_equal", ZX_NE),
    BINARY("minimum", ZX_MINIMUM),
    BINARY("maximum", ZX_MAXIMUM),
    BINARY("fmin", ZX_FMIN),
    BINARY("fmax", ZX_FMAX),
    BINARY("copysign", ZX_COPYSIGN),
    BINARY("logical_and", ZX_LOGAND),
    BINARY("logical_or", ZX_LOGOR),
    BINARY("logical_xor", ZX_LOGXOR),
    BINARY("arctan2", ZX_ARCTAN2),
    BINARY("hypot", ZX_HYPOT),
    UNARY("abs", U_ABS, false),
    UNARY("absolute", U_ABS, false),
    UNARY("fabs", U_FABS, false),
    UNARY("sign", U_SIGN, false),
    UNARY("square", U_SQUARE, false),
    UNARY("sqrt", U_SQRT, false),
    UNARY("reciprocal", U_RECIPROCAL, false),
    UNARY("floor", U_FLOOR, false),
    UNARY("ceil", U_CEIL, false),
    UNARY("trunc", U_TRUNC, false),
    UNARY("fix", U_TRUNC, false),
    UNARY("rint", U_RINT, false),
    UNARY("negative", U_NEGATIVE, false),
    UNARY("positive", U_POSITIVE, false),
    UNARY("invert", U_INVERT, false),
    UNARY("bitwise_not", U_INVERT, false),
    UNARY("deg2rad", U_DEG2RAD, false),
    UNARY("radians", U_DEG2RAD, false),
    UNARY("rad2deg", U_RAD2DEG, false),
    UNARY("degrees", U_RAD2DEG, false),
    UNARY("isnan", U_ISNAN, false),
    UNARY("isfinite", U_ISFINITE, false),
    UNARY("isinf", U_ISINF, false),
    UNARY("signbit", U_SIGNBIT, false),
    UNARY("logical_not", U_NOT, false),
    {"where", "condition x y", 1, false, 0, where_type, where_run},
    {"clip", "a a_min a_max", 1, true, 0, clip_type, clip_run},
    {"round", "a decimals", 1, true, 0, round_type, round_run},
    {"around", "a decimals", 1, false, 0, round_type, round_run},
    {"nan_to_num", "x nan posinf neginf", 1, false, 0, nan_to_num_type, nan_to_num_run},
    {"astype", "x dtype", 2, true, 0, astype_type, astype_run},
    CONVERT("bool_", ZAGG_DT_BOOL),
    CONVERT("bool", ZAGG_DT_BOOL),
    CONVERT("int8", ZAGG_DT_I8),
    CONVERT("int16", ZAGG_DT_I16),
    CONVERT("int32", ZAGG_DT_I32),
    CONVERT("int64", ZAGG_DT_I64),
    CONVERT("int_", ZAGG_DT_I64),
    CONVERT("intp", ZAGG_DT_I64),
    CONVERT("uint8", ZAGG_DT_U8),
    CONVERT("uint16", ZAGG_DT_U16),
    CONVERT("uint32", ZAGG_DT_U32),
    CONVERT("uint64", ZAGG_DT_U64),
    CONVERT("float32", ZAGG_DT_F32),
    CONVERT("single", ZAGG_DT_F32),
    CONVERT("float64", ZAGG_DT_F64),
    CONVERT("double", ZAGG_DT_F64),
    {0},
};

/* ---- Python's built-ins ---- */

enum { B_LEN, B_FLOAT, B_INT, B_ABS, B_SUM };

/* sum of a list: 0 + item + item ..., each step with Python's types. */
static zagg_status fold_type(const zx_type *p, zx_check *c, zx_type *out)
{
    zagg_dtype compute;
    zx_type next;
    *out = zx_value_type(ZAGG_DT_I64, 0);
    out->weak = true;
    for (size_t i = 0; i < p[0].n; i++) {
        ZAGG_TRY(zx_binary_type(c, ZX_ADD, out, &p[0].items[i], true, &next, &compute));
        *out = next;
    }
    return ZAGG_OK;
}

static zagg_status fold_list(zx_run *r, const zx_type *p, const zx_val *a, zx_val *out)
{
    zx_check none = {.text = ""};
    zagg_dtype compute;
    zx_type so_far = zx_value_type(ZAGG_DT_I64, 0), next;
    ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, true, out));
    *(int64_t *)out->data = 0;
    out->weak = so_far.weak = true;
    for (size_t i = 0; i < p[0].n; i++) {
        zx_val sum;
        ZAGG_TRY(zx_binary_type(&none, ZX_ADD, &so_far, &p[0].items[i], true, &next,
                                &compute));
        ZAGG_TRY(zx_binary(r, ZX_ADD, &so_far, &p[0].items[i], &next, compute, out,
                           &a[0].items[i], &sum));
        *out = sum;
        so_far = next;
    }
    return ZAGG_OK;
}

/* What float() reads from text: numbers, nan, inf. */
static bool number_text(const char *text, double *out)
{
    const bool minus = *text == '-';
    const char *bare = text + (minus || *text == '+');
    if (strcmp(bare, "nan") == 0)
        *out = __builtin_nan("");
    else if (strcmp(bare, "inf") == 0 || strcmp(bare, "infinity") == 0)
        *out = HUGE_VAL;
    else if (!zg_float_parse(bare, strlen(bare), out))
        return false;
    *out = minus ? -*out : *out;
    return true;
}

static zagg_status builtin_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                zx_type *out)
{
    if (fn->op == B_LEN && p[0].kind == ZX_K_SEQ) {
        *out = zx_value_type(ZAGG_DT_I64, 0);
        out->weak = out->constant = true;
        out->i = (int64_t)p[0].n;
        out->f = (double)p[0].n;
        return ZAGG_OK;
    }
    if (fn->op == B_SUM && p[0].kind == ZX_K_SEQ)
        return fold_type(p, c, out);
    if (fn->op == B_FLOAT && p[0].kind == ZX_K_TEXT) {
        *out = zx_value_type(ZAGG_DT_F64, 0);
        out->weak = out->constant = true;
        if (!number_text(p[0].text, &out->f))
            return zx_refuse(c, "could not convert text to float: '%.40s'", p[0].text);
        return ZAGG_OK;
    }
    ZAGG_TRY(zx_want_value(c, &p[0], "the argument"));
    if ((fn->op == B_LEN || fn->op == B_SUM) && p[0].rank == 0)
        return zx_refuse(c, "%s of one value; it needs an array", fn->name);
    if ((fn->op == B_FLOAT || fn->op == B_INT) && p[0].rank != 0)
        return zx_refuse(c, "%s of an array; it needs one value", fn->name);
    if (fn->op == B_SUM && p[0].rank > 1)
        return zx_refuse(c, "sum of a table; use np.sum");
    *out = zx_value_type(p[0].dtype, 0);
    switch (fn->op) {
    case B_LEN:
    case B_INT:
        out->dtype = ZAGG_DT_I64;
        out->weak = true;
        break;
    case B_FLOAT:
        out->dtype = ZAGG_DT_F64;
        out->weak = true;
        break;
    case B_ABS:
        out->rank = p[0].rank;
        out->weak = p[0].weak;
        if (p[0].weak && p[0].dtype == ZAGG_DT_BOOL)
            out->dtype = ZAGG_DT_I64;
        break;
    default: /* from int 0 on: truth values become int64 */
        if (p[0].dtype == ZAGG_DT_BOOL)
            out->dtype = ZAGG_DT_I64;
        break;
    }
    return ZAGG_OK;
}

static zagg_status to_int(zx_run *r, const zx_val *a, zx_val *out)
{
    ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, a->uniform, out));
    out->weak = true;
    for (size_t s = 0; s < (a->uniform ? 1 : r->n_seg); s++) {
        const double x = zx_double(a, s);
        if (zagg_dtype_is_float(a->dtype) && x != x)
            return zx_fail(r, s, "ValueError: cannot convert float NaN to integer");
        if (zagg_dtype_is_float(a->dtype) && !(fabs(x) < 0x1p63))
            return zx_fail(r, s, "OverflowError: %.17g is beyond 64 bits", x);
        ((int64_t *)out->data)[s] = zx_int(a, s);
    }
    return ZAGG_OK;
}

/* One value behind the other in the type of the elements, unlike np.sum. */
static zagg_status left_fold(zx_run *r, const zx_val *a_in, zagg_dtype dtype, zx_val *out)
{
    zx_val a;
    const size_t size = zagg_dtype_size(dtype);
    ZAGG_TRY(zx_cast(r, a_in, dtype, &a));
    ZAGG_TRY(zx_new_scalar(r, dtype, a.uniform, out));
    memset(out->data, 0, (a.uniform ? 1 : r->n_seg) * size);
    for (size_t s = 0; s < (a.uniform ? 1 : r->n_seg); s++) {
        const char *x = zx_at_segment(&a, s);
        char *sum = (char *)out->data + s * size;
        for (size_t i = 0; i < zx_rows(&a, s); i++)
            zx_kernel_binary(ZX_ADD, dtype, sum, 1, x + i * size, 1, sum, 1);
    }
    return ZAGG_OK;
}

static zagg_status builtin_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                               zx_run *r, zx_val *out)
{
    switch (fn->op) {
    case B_LEN:
        ZAGG_TRY(
            zx_new_scalar(r, ZAGG_DT_I64, p[0].kind == ZX_K_SEQ || a[0].uniform, out));
        out->weak = true;
        for (size_t s = 0; s < (out->uniform ? 1 : r->n_seg); s++)
            ((int64_t *)out->data)[s] =
                (int64_t)(p[0].kind == ZX_K_SEQ ? p[0].n : zx_rows(&a[0], s));
        return ZAGG_OK;
    case B_FLOAT:
        if (p[0].kind == ZX_K_TEXT) {
            ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_F64, true, out));
            (void)number_text(p[0].text, out->data);
            out->weak = true;
            return ZAGG_OK;
        }
        ZAGG_TRY(zx_cast(r, &a[0], ZAGG_DT_F64, out));
        out->weak = true;
        return ZAGG_OK;
    case B_INT:
        return to_int(r, &a[0], out);
    case B_SUM:
        if (p[0].kind == ZX_K_SEQ)
            return fold_list(r, p, a, out);
        return left_fold(r, &a[0], p[0].dtype == ZAGG_DT_BOOL ? ZAGG_DT_I64 : p[0].dtype,
                         out);
    default: {
        static const zx_fn ABS = UNARY("abs", U_ABS, false);
        zx_val v = a[0];
        if (p[0].weak && p[0].dtype == ZAGG_DT_BOOL)
            ZAGG_TRY(zx_cast(r, &a[0], ZAGG_DT_I64, &v));
        ZAGG_TRY(unary_run(&ABS, p, &v, r, out));
        out->weak = p[0].weak;
        return ZAGG_OK;
    }
    }
}

const zx_fn ZX_BUILTINS[] = {
    {"len", "x", 1, false, B_LEN, builtin_type, builtin_run},
    {"float", "x", 1, false, B_FLOAT, builtin_type, builtin_run},
    {"int", "x", 1, false, B_INT, builtin_type, builtin_run},
    {"abs", "x", 1, false, B_ABS, builtin_type, builtin_run},
    {"sum", "x", 1, false, B_SUM, builtin_type, builtin_run},
    {0},
};
