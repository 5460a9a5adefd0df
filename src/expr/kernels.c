/* Loops over elements. Each exists for two arrays and for an array with one element on
 * either side; the compiler makes vector code of those that allow it. */
#include "expr/elementwise.h"
#include "num/num.h"

#include <math.h>

#define EACH(T, R, expression)                                                           \
    do {                                                                                 \
        const T *x_ = a, *y_ = b;                                                        \
        R *z_ = out;                                                                     \
        if (stride_a && stride_b) {                                                      \
            for (size_t i = 0; i < n; i++) {                                             \
                const T x = x_[i], y = y_[i];                                            \
                z_[i] = (R)(expression);                                                 \
            }                                                                            \
        } else if (stride_a) {                                                           \
            const T y = y_[0];                                                           \
            for (size_t i = 0; i < n; i++) {                                             \
                const T x = x_[i];                                                       \
                z_[i] = (R)(expression);                                                 \
            }                                                                            \
        } else if (stride_b) {                                                           \
            const T x = x_[0];                                                           \
            for (size_t i = 0; i < n; i++) {                                             \
                const T y = y_[i];                                                       \
                z_[i] = (R)(expression);                                                 \
            }                                                                            \
        } else {                                                                         \
            const T x = x_[0], y = y_[0];                                                \
            const R z = (R)(expression);                                                 \
            for (size_t i = 0; i < n; i++)                                               \
                z_[i] = z;                                                               \
        }                                                                                \
    } while (0)

/* ---- whole numbers wrap ---- */

#define SIGNED_DIVIDE(T, UT)                                                             \
    static T floor_div_##T(T x, T y)                                                     \
    {                                                                                    \
        if (y == 0)                                                                      \
            return 0;                                                                    \
        if (y == -1)                                                                     \
            return (T)(UT)(0 - (uint64_t)x);                                             \
        return (T)(x / y - ((x % y != 0) && ((x < 0) != (y < 0))));                      \
    }                                                                                    \
    static T c_mod_##T(T x, T y)                                                         \
    {                                                                                    \
        return (T)(y == 0 || y == -1 ? 0 : x % y);                                       \
    }                                                                                    \
    static T floor_mod_##T(T x, T y)                                                     \
    {                                                                                    \
        const T m = c_mod_##T(x, y);                                                     \
        return (T)((m != 0 && ((m < 0) != (y < 0))) ? m + y : m);                        \
    }                                                                                    \
    static T shift_left_##T(T x, T y)                                                    \
    {                                                                                    \
        return (T)((uint64_t)y < sizeof(T) * 8 ? (UT)((uint64_t)(UT)x << y) : 0);        \
    }                                                                                    \
    static T shift_right_##T(T x, T y)                                                   \
    {                                                                                    \
        return (T)(x >>                                                                  \
                   ((uint64_t)y < sizeof(T) * 8 ? (int)y : (int)sizeof(T) * 8 - 1));     \
    }

#define UNSIGNED_DIVIDE(T)                                                               \
    static T floor_div_##T(T x, T y)                                                     \
    {                                                                                    \
        return (T)(y == 0 ? 0 : x / y);                                                  \
    }                                                                                    \
    static T c_mod_##T(T x, T y)                                                         \
    {                                                                                    \
        return (T)(y == 0 ? 0 : x % y);                                                  \
    }                                                                                    \
    static T floor_mod_##T(T x, T y)                                                     \
    {                                                                                    \
        return c_mod_##T(x, y);                                                          \
    }                                                                                    \
    static T shift_left_##T(T x, T y)                                                    \
    {                                                                                    \
        return (T)(y < sizeof(T) * 8 ? (uint64_t)x << y : 0);                            \
    }                                                                                    \
    static T shift_right_##T(T x, T y)                                                   \
    {                                                                                    \
        return (T)(y < sizeof(T) * 8 ? (uint64_t)x >> y : 0);                            \
    }

/* The cases of comparisons, the same for whole and for real numbers. */
#define COMPARISONS(T)                                                                   \
    case ZX_LT:                                                                          \
        EACH(T, uint8_t, x < y);                                                         \
        break;                                                                           \
    case ZX_LE:                                                                          \
        EACH(T, uint8_t, x <= y);                                                        \
        break;                                                                           \
    case ZX_GT:                                                                          \
        EACH(T, uint8_t, x > y);                                                         \
        break;                                                                           \
    case ZX_GE:                                                                          \
        EACH(T, uint8_t, x >= y);                                                        \
        break;                                                                           \
    case ZX_EQ:                                                                          \
        EACH(T, uint8_t, x == y);                                                        \
        break;                                                                           \
    case ZX_NE:                                                                          \
        EACH(T, uint8_t, x != y);                                                        \
        break;

#define INT_KERNEL(T, UT)                                                                \
    static void int_##T(zx_op op, const void *a, size_t stride_a, const void *b,         \
                        size_t stride_b, void *out, size_t n)                            \
    {                                                                                    \
        switch (op) {                                                                    \
        case ZX_ADD:                                                                     \
            EACH(T, T, (UT)((uint64_t)x + (uint64_t)y));                                 \
            break;                                                                       \
        case ZX_SUB:                                                                     \
            EACH(T, T, (UT)((uint64_t)x - (uint64_t)y));                                 \
            break;                                                                       \
        case ZX_MUL:                                                                     \
            EACH(T, T, (UT)((uint64_t)x * (uint64_t)y));                                 \
            break;                                                                       \
        case ZX_FLOORDIV:                                                                \
            EACH(T, T, floor_div_##T(x, y));                                             \
            break;                                                                       \
        case ZX_MOD:                                                                     \
            EACH(T, T, floor_mod_##T(x, y));                                             \
            break;                                                                       \
        case ZX_FMOD:                                                                    \
            EACH(T, T, c_mod_##T(x, y));                                                 \
            break;                                                                       \
        case ZX_BITAND:                                                                  \
            EACH(T, T, x &y);                                                            \
            break;                                                                       \
        case ZX_BITOR:                                                                   \
            EACH(T, T, x | y);                                                           \
            break;                                                                       \
        case ZX_BITXOR:                                                                  \
            EACH(T, T, x ^ y);                                                           \
            break;                                                                       \
        case ZX_LSHIFT:                                                                  \
            EACH(T, T, shift_left_##T(x, y));                                            \
            break;                                                                       \
        case ZX_RSHIFT:                                                                  \
            EACH(T, T, shift_right_##T(x, y));                                           \
            break;                                                                       \
        case ZX_MINIMUM:                                                                 \
        case ZX_FMIN:                                                                    \
            EACH(T, T, x < y ? x : y);                                                   \
            break;                                                                       \
        case ZX_MAXIMUM:                                                                 \
        case ZX_FMAX:                                                                    \
            EACH(T, T, x > y ? x : y);                                                   \
            break;                                                                       \
            COMPARISONS(T)                                                               \
        default:                                                                         \
            break;                                                                       \
        }                                                                                \
    }

/* clang-format off: one line a type */
SIGNED_DIVIDE(int8_t, uint8_t)
SIGNED_DIVIDE(int16_t, uint16_t)
SIGNED_DIVIDE(int32_t, uint32_t)
SIGNED_DIVIDE(int64_t, uint64_t)
UNSIGNED_DIVIDE(uint8_t)
UNSIGNED_DIVIDE(uint16_t)
UNSIGNED_DIVIDE(uint32_t)
UNSIGNED_DIVIDE(uint64_t)
INT_KERNEL(int8_t, uint8_t)
INT_KERNEL(int16_t, uint16_t)
INT_KERNEL(int32_t, uint32_t)
INT_KERNEL(int64_t, uint64_t)
INT_KERNEL(uint8_t, uint8_t)
INT_KERNEL(uint16_t, uint16_t)
INT_KERNEL(uint32_t, uint32_t)
INT_KERNEL(uint64_t, uint64_t)
/* clang-format on */

/* ---- truth values: + is or, * is and ---- */

static void bool_kernel(zx_op op, const void *a, size_t stride_a, const void *b,
                        size_t stride_b, void *out, size_t n)
{
    switch (op) {
    case ZX_ADD:
    case ZX_BITOR:
    case ZX_MAXIMUM:
    case ZX_FMAX:
        EACH(uint8_t, uint8_t, x | y);
        break;
    case ZX_MUL:
    case ZX_BITAND:
    case ZX_MINIMUM:
    case ZX_FMIN:
        EACH(uint8_t, uint8_t, x & y);
        break;
    default:
        int_uint8_t(op, a, stride_a, b, stride_b, out, n);
        break;
    }
}

/* ---- floating point ---- */

/* numpy's floor division and remainder, in the width of the operands: config.md 5,
 * rule 7. */
#define FLOAT_DIVIDE(T, FMOD, FLOOR, COPYSIGN)                                           \
    static T divmod_##T(T x, T y, T *rest)                                               \
    {                                                                                    \
        if (y == 0) {                                                                    \
            *rest = (T)__builtin_nan("");                                                \
            return x / y;                                                                \
        }                                                                                \
        T m = FMOD(x, y);                                                                \
        T d = (x - m) / y;                                                               \
        if (m != 0) {                                                                    \
            if ((y < 0) != (m < 0)) {                                                    \
                m += y;                                                                  \
                d -= 1;                                                                  \
            }                                                                            \
        } else {                                                                         \
            m = COPYSIGN((T)0, y);                                                       \
        }                                                                                \
        *rest = m;                                                                       \
        if (d == 0)                                                                      \
            return COPYSIGN((T)0, x / y);                                                \
        T q = FLOOR(d);                                                                  \
        if (d - q > (T)0.5)                                                              \
            q += 1;                                                                      \
        return q;                                                                        \
    }                                                                                    \
    static T quotient_##T(T x, T y)                                                      \
    {                                                                                    \
        T rest;                                                                          \
        return divmod_##T(x, y, &rest);                                                  \
    }                                                                                    \
    static T rest_##T(T x, T y)                                                          \
    {                                                                                    \
        T rest;                                                                          \
        (void)divmod_##T(x, y, &rest);                                                   \
        return rest;                                                                     \
    }

FLOAT_DIVIDE(float, fmodf, floorf, copysignf)
FLOAT_DIVIDE(double, fmod, floor, copysign)

#define FLOAT_KERNEL(T, FMOD, COPYSIGN, POW, ATAN2, HYPOT)                               \
    static void float_##T(zx_op op, const void *a, size_t stride_a, const void *b,       \
                          size_t stride_b, void *out, size_t n)                          \
    {                                                                                    \
        switch (op) {                                                                    \
        case ZX_ADD:                                                                     \
            EACH(T, T, x + y);                                                           \
            break;                                                                       \
        case ZX_SUB:                                                                     \
            EACH(T, T, x - y);                                                           \
            break;                                                                       \
        case ZX_MUL:                                                                     \
            EACH(T, T, x *y);                                                            \
            break;                                                                       \
        case ZX_DIV:                                                                     \
            EACH(T, T, x / y);                                                           \
            break;                                                                       \
        case ZX_FLOORDIV:                                                                \
            EACH(T, T, quotient_##T(x, y));                                              \
            break;                                                                       \
        case ZX_MOD:                                                                     \
            EACH(T, T, rest_##T(x, y));                                                  \
            break;                                                                       \
        case ZX_FMOD:                                                                    \
            EACH(T, T, FMOD(x, y));                                                      \
            break;                                                                       \
        case ZX_POW:                                                                     \
            EACH(T, T, POW(x, y));                                                       \
            break;                                                                       \
        case ZX_ARCTAN2:                                                                 \
            EACH(T, T, ATAN2(x, y));                                                     \
            break;                                                                       \
        case ZX_HYPOT:                                                                   \
            EACH(T, T, HYPOT(x, y));                                                     \
            break;                                                                       \
        case ZX_COPYSIGN:                                                                \
            EACH(T, T, COPYSIGN(x, y == y ? y : (T)1));                                  \
            break;                                                                       \
        case ZX_MINIMUM:                                                                 \
            EACH(T, T, x < y || x != x ? x : y);                                         \
            break;                                                                       \
        case ZX_MAXIMUM:                                                                 \
            EACH(T, T, x > y || x != x ? x : y);                                         \
            break;                                                                       \
        case ZX_FMIN:                                                                    \
            EACH(T, T, x < y || y != y ? x : y);                                         \
            break;                                                                       \
        case ZX_FMAX:                                                                    \
            EACH(T, T, x > y || y != y ? x : y);                                         \
            break;                                                                       \
            COMPARISONS(T)                                                               \
        default:                                                                         \
            break;                                                                       \
        }                                                                                \
    }

FLOAT_KERNEL(float, fmodf, copysignf, zg_pow_f32, zg_atan2_f32, zg_hypot_f32)
FLOAT_KERNEL(double, fmod, copysign, zg_pow, zg_atan2, zg_hypot)

void zx_kernel_binary(zx_op op, zagg_dtype compute, const void *a, size_t stride_a,
                      const void *b, size_t stride_b, void *out, size_t n)
{
    switch (compute) {
    case ZAGG_DT_BOOL:
        bool_kernel(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_I8:
        int_int8_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_I16:
        int_int16_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_I32:
        int_int32_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_I64:
        int_int64_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_U8:
        int_uint8_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_U16:
        int_uint16_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_U32:
        int_uint32_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_U64:
        int_uint64_t(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_F32:
        float_float(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_F64:
        float_double(op, a, stride_a, b, stride_b, out, n);
        break;
    case ZAGG_DT_NONE:
        break;
    }
}

/* ---- one element for many ---- */

#define REPEAT(T)                                                                        \
    do {                                                                                 \
        const T *restrict x_ = elements;                                                 \
        T *restrict z_ = out;                                                            \
        for (size_t s = 0; s < n; s++) {                                                 \
            const T x = x_[s];                                                           \
            for (size_t i = off[s] * cols; i < off[s + 1] * cols; i++)                   \
                z_[i] = x;                                                               \
        }                                                                                \
    } while (0)

void zx_kernel_repeat(size_t size, const void *elements, const size_t *restrict off,
                      size_t n, size_t cols, void *out)
{
    if (size == 4)
        REPEAT(uint32_t);
    else
        REPEAT(uint64_t);
}

/* ---- powers of whole numbers ---- */

static uint64_t power_u64(uint64_t x, uint64_t y)
{
    uint64_t r = 1;
    for (; y; y >>= 1, x *= x)
        if (y & 1)
            r *= x;
    return r;
}

size_t zx_kernel_int_power(bool is_signed, const uint64_t *a, size_t stride_a,
                           const uint64_t *b, size_t stride_b, uint64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t exponent = b[stride_b * i];
        if (is_signed && exponent > INT64_MAX)
            return i;
        out[i] = power_u64(a[stride_a * i], exponent);
    }
    return n;
}

/* ---- int64 against uint64 ---- */

static int order(int64_t s, uint64_t u)
{
    if (s < 0 || (uint64_t)s < u)
        return -1;
    return (uint64_t)s > u;
}

void zx_kernel_mixed_compare(zx_op op, bool signed_left, const void *a, size_t stride_a,
                             const void *b, size_t stride_b, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t x = stride_a ? i : 0, y = stride_b ? i : 0;
        const int o = signed_left
                          ? order(((const int64_t *)a)[x], ((const uint64_t *)b)[y])
                          : -order(((const int64_t *)b)[y], ((const uint64_t *)a)[x]);
        out[i] = op == ZX_LT   ? o < 0
                 : op == ZX_LE ? o <= 0
                 : op == ZX_GT ? o > 0
                 : op == ZX_GE ? o >= 0
                 : op == ZX_EQ ? o == 0
                               : o != 0;
    }
}
