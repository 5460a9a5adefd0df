/* astype: every type to every other. */
#include "expr/value.h"

#include <math.h>
#include <string.h>

/* What cvttsd2si leaves: truncated, or the smallest integer where that does not fit. */
static int64_t to_i64(double x)
{
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}
static int32_t to_i32(double x)
{
    return x > -0x1p31 - 1 && x < 0x1p31 ? (int32_t)x : INT32_MIN;
}
/* Above 2^63 compilers go by x - 2^63. */
static uint64_t to_u64(double x)
{
    if (x >= 0x1p63)
        return (uint64_t)to_i64(x - 0x1p63) ^ (UINT64_C(1) << 63);
    return (uint64_t)to_i64(x);
}

#define LOOP(S, D, convert)                                                              \
    do {                                                                                 \
        const S *from_ = src;                                                            \
        D *to_ = dst;                                                                    \
        for (size_t i = 0; i < n; i++)                                                   \
            to_[i] = convert(from_[i]);                                                  \
    } while (0)

#define PLAIN(D, x) ((D)(x))
#define TO_BOOL(x) ((uint8_t)((x) != 0))
#define TO_I8(x) PLAIN(int8_t, x)
#define TO_I16(x) PLAIN(int16_t, x)
#define TO_I32(x) PLAIN(int32_t, x)
#define TO_I64(x) PLAIN(int64_t, x)
#define TO_U8(x) PLAIN(uint8_t, x)
#define TO_U16(x) PLAIN(uint16_t, x)
#define TO_U32(x) PLAIN(uint32_t, x)
#define TO_U64(x) PLAIN(uint64_t, x)
#define TO_F32(x) PLAIN(float, x)
#define TO_F64(x) PLAIN(double, x)
/* Narrow types take the low bits of a 32-bit result, uint32 those of a 64-bit one. */
#define F_I8(x) ((int8_t)(uint8_t)to_i32((double)(x)))
#define F_I16(x) ((int16_t)(uint16_t)to_i32((double)(x)))
#define F_I32(x) to_i32((double)(x))
#define F_I64(x) to_i64((double)(x))
#define F_U8(x) ((uint8_t)to_i32((double)(x)))
#define F_U16(x) ((uint16_t)to_i32((double)(x)))
#define F_U32(x) ((uint32_t)to_i64((double)(x)))
#define F_U64(x) to_u64((double)(x))

/* From S to each type; WHOLE##_type converts to whole numbers. */
#define CONVERT(S, WHOLE)                                                                \
    switch (to) {                                                                        \
    case ZAGG_DT_BOOL:                                                                   \
        LOOP(S, uint8_t, TO_BOOL);                                                       \
        break;                                                                           \
    case ZAGG_DT_I8:                                                                     \
        LOOP(S, int8_t, WHOLE##_I8);                                                     \
        break;                                                                           \
    case ZAGG_DT_I16:                                                                    \
        LOOP(S, int16_t, WHOLE##_I16);                                                   \
        break;                                                                           \
    case ZAGG_DT_I32:                                                                    \
        LOOP(S, int32_t, WHOLE##_I32);                                                   \
        break;                                                                           \
    case ZAGG_DT_I64:                                                                    \
        LOOP(S, int64_t, WHOLE##_I64);                                                   \
        break;                                                                           \
    case ZAGG_DT_U8:                                                                     \
        LOOP(S, uint8_t, WHOLE##_U8);                                                    \
        break;                                                                           \
    case ZAGG_DT_U16:                                                                    \
        LOOP(S, uint16_t, WHOLE##_U16);                                                  \
        break;                                                                           \
    case ZAGG_DT_U32:                                                                    \
        LOOP(S, uint32_t, WHOLE##_U32);                                                  \
        break;                                                                           \
    case ZAGG_DT_U64:                                                                    \
        LOOP(S, uint64_t, WHOLE##_U64);                                                  \
        break;                                                                           \
    case ZAGG_DT_F32:                                                                    \
        LOOP(S, float, TO_F32);                                                          \
        break;                                                                           \
    case ZAGG_DT_F64:                                                                    \
        LOOP(S, double, TO_F64);                                                         \
        break;                                                                           \
    case ZAGG_DT_NONE:                                                                   \
        break;                                                                           \
    }                                                                                    \
    break

#define FROM_INT(S) CONVERT(S, TO)
#define FROM_FLOAT(S) CONVERT(S, F)

void zg_cast(zagg_dtype from, const void *src, zagg_dtype to, void *dst, size_t n)
{
    if (n == 0)
        return;
    if (from == to) {
        memmove(dst, src, n * zagg_dtype_size(to));
        return;
    }
    switch (from) {
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        FROM_INT(uint8_t);
    case ZAGG_DT_I8:
        FROM_INT(int8_t);
    case ZAGG_DT_I16:
        FROM_INT(int16_t);
    case ZAGG_DT_I32:
        FROM_INT(int32_t);
    case ZAGG_DT_I64:
        FROM_INT(int64_t);
    case ZAGG_DT_U16:
        FROM_INT(uint16_t);
    case ZAGG_DT_U32:
        FROM_INT(uint32_t);
    case ZAGG_DT_U64:
        FROM_INT(uint64_t);
    case ZAGG_DT_F32:
        FROM_FLOAT(float);
    case ZAGG_DT_F64:
        FROM_FLOAT(double);
    case ZAGG_DT_NONE:
        break;
    }
}
