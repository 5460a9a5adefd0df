/* Functions of numpy that work element by element: of one operand and of two. */
#include "expr/elementwise.h"
#include "expr/fn.h"

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

#define BINARY(name, op)                                                                 \
    {                                                                                    \
        name, "x1 x2", 2, false, op, binary_type, binary_run                             \
    }
#define UNARY(name, op, method)                                                          \
    {                                                                                    \
        name, "x", 1, method, op, unary_type, unary_run                                  \
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
    {0},
};
