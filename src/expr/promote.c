/* NEP 50: what type two operands meet in. */
#include "expr/value.h"

/* 0 bool, 1 signed, 2 unsigned, 3 float */
static int family(zagg_dtype t)
{
    if (zagg_dtype_is_float(t))
        return 3;
    if (zagg_dtype_is_unsigned_int(t))
        return 2;
    return zagg_dtype_is_signed_int(t) ? 1 : 0;
}

static zagg_dtype wider(zagg_dtype a, zagg_dtype b)
{
    return zagg_dtype_size(a) >= zagg_dtype_size(b) ? a : b;
}

static zagg_dtype signed_of(size_t bytes)
{
    return bytes == 1   ? ZAGG_DT_I8
           : bytes == 2 ? ZAGG_DT_I16
           : bytes == 4 ? ZAGG_DT_I32
                        : ZAGG_DT_I64;
}

zagg_dtype zx_promote(zagg_dtype a, zagg_dtype b)
{
    const int fa = family(a), fb = family(b);
    if (fa == fb)
        return wider(a, b);
    if (fa > fb)
        return zx_promote(b, a);
    if (fa == 0)
        return b;
    if (fb == 3) /* float32 holds 16 bits of an integer, no more */
        return b == ZAGG_DT_F32 && zagg_dtype_size(a) <= 2 ? ZAGG_DT_F32 : ZAGG_DT_F64;
    const size_t s = zagg_dtype_size(a), u = zagg_dtype_size(b);
    if (u == 8)
        return ZAGG_DT_F64;
    return signed_of(s > u ? s : 2 * u);
}

/* A Python number takes the type of its partner where that is of its kind or above. */
static zagg_dtype adopted(const zx_type *weak, zagg_dtype strong)
{
    const int kind = family(strong);
    if (weak->dtype == ZAGG_DT_BOOL)
        return strong;
    if (weak->dtype == ZAGG_DT_I64)
        return kind == 0 ? ZAGG_DT_I64 : strong;
    return kind == 3 ? strong : ZAGG_DT_F64;
}

zagg_dtype zx_common(const zx_type *a, const zx_type *b)
{
    if (a->weak && !b->weak)
        return adopted(a, b->dtype);
    if (b->weak && !a->weak)
        return adopted(b, a->dtype);
    return zx_promote(a->dtype, b->dtype);
}
