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
    return zg_promote(a->dtype, b->dtype);
}
