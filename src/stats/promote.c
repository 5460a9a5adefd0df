/* numpy's promotion of two number types. */
#include "stats/histogram.h"

static zagg_dtype whole(bool is_signed, size_t bytes)
{
    switch (bytes) {
    case 1:
        return is_signed ? ZAGG_DT_I8 : ZAGG_DT_U8;
    case 2:
        return is_signed ? ZAGG_DT_I16 : ZAGG_DT_U16;
    case 4:
        return is_signed ? ZAGG_DT_I32 : ZAGG_DT_U32;
    default:
        return is_signed ? ZAGG_DT_I64 : ZAGG_DT_U64;
    }
}

zagg_dtype zg_promote(zagg_dtype a, zagg_dtype b)
{
    if (a == b || b == ZAGG_DT_BOOL)
        return a;
    if (a == ZAGG_DT_BOOL)
        return b;
    size_t size_a = zagg_dtype_size(a), size_b = zagg_dtype_size(b);
    if (zagg_dtype_is_float(a) || zagg_dtype_is_float(b)) {
        bool narrow_a = a == ZAGG_DT_F32 || (!zagg_dtype_is_float(a) && size_a <= 2);
        bool narrow_b = b == ZAGG_DT_F32 || (!zagg_dtype_is_float(b) && size_b <= 2);
        return narrow_a && narrow_b ? ZAGG_DT_F32 : ZAGG_DT_F64;
    }
    bool signed_a = zagg_dtype_is_signed_int(a), signed_b = zagg_dtype_is_signed_int(b);
    if (signed_a == signed_b)
        return whole(signed_a, size_a > size_b ? size_a : size_b);
    size_t signed_size = signed_a ? size_a : size_b;
    size_t unsigned_size = signed_a ? size_b : size_a;
    if (unsigned_size < signed_size)
        return whole(true, signed_size);
    return unsigned_size < 8 ? whole(true, 2 * unsigned_size) : ZAGG_DT_F64;
}
