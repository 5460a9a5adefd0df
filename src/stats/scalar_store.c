/* A reducer's result into an element of a field: upstream goes by way of double for
 * floats and refuses, for whole-number fields, anything that is not a whole number in
 * range. */
#include "stats/reduce.h"

#include <math.h>
#include <string.h>

/* The scalar as a whole number: magnitude and sign. False for fractions, NaN, infinities
 * and floats beyond 64 bits. */
static bool whole_number(zg_scalar s, bool *negative, uint64_t *magnitude)
{
    if (zagg_dtype_is_float(s.dtype)) {
        double x = s.v.f;
        if (!(fabs(x) < 0x1p64) || trunc(x) != x)
            return false;
        *negative = x < 0;
        *magnitude = (uint64_t)fabs(x);
    } else if (zagg_dtype_is_unsigned_int(s.dtype)) {
        *negative = false;
        *magnitude = s.v.u;
    } else {
        *negative = s.v.i < 0;
        *magnitude = *negative ? -(uint64_t)s.v.i : (uint64_t)s.v.i;
    }
    return true;
}

static double as_double(zg_scalar s)
{
    if (zagg_dtype_is_float(s.dtype))
        return s.v.f;
    return zagg_dtype_is_unsigned_int(s.dtype) ? (double)s.v.u : (double)s.v.i;
}

static bool fits(zagg_dtype dtype, bool negative, uint64_t magnitude)
{
    if (dtype == ZAGG_DT_BOOL)
        return !negative && magnitude <= 1;
    unsigned bits = (unsigned)zagg_dtype_size(dtype) * 8;
    if (zagg_dtype_is_unsigned_int(dtype))
        return !negative && magnitude <= UINT64_MAX >> (64 - bits);
    uint64_t largest = UINT64_MAX >> (65 - bits);
    return magnitude <= largest + negative;
}

/* The low bytes of a two's complement number are the narrower number. */
static void store_whole(zagg_dtype dtype, uint64_t x, void *element)
{
    uint8_t x8 = (uint8_t)x;
    uint16_t x16 = (uint16_t)x;
    uint32_t x32 = (uint32_t)x;
    switch (zagg_dtype_size(dtype)) {
    case 1:
        memcpy(element, &x8, sizeof x8);
        break;
    case 2:
        memcpy(element, &x16, sizeof x16);
        break;
    case 4:
        memcpy(element, &x32, sizeof x32);
        break;
    default:
        memcpy(element, &x, sizeof x);
        break;
    }
}

zagg_status zg_scalar_store(zg_scalar s, zagg_dtype dtype, void *element, zagg_err *err)
{
    double x = as_double(s);
    if (zagg_dtype_is_float(dtype)) {
        if (x != x)
            x = __builtin_nan("");
        float narrow = (float)x;
        if (dtype == ZAGG_DT_F32)
            memcpy(element, &narrow, sizeof narrow);
        else
            memcpy(element, &x, sizeof x);
        return ZAGG_OK;
    }
    if (zagg_dtype_size(dtype) == 0)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "a field without a type");
    bool negative;
    uint64_t magnitude;
    if (!whole_number(s, &negative, &magnitude))
        return zagg_err_set(err, ZAGG_ERANGE,
                            "%.17g is no whole number for a field of %s", x,
                            zagg_dtype_name(dtype));
    if (!fits(dtype, negative, magnitude))
        return zagg_err_set(err, ZAGG_ERANGE, "%s%llu is outside the range of %s",
                            negative ? "-" : "", (unsigned long long)magnitude,
                            zagg_dtype_name(dtype));
    store_whole(dtype, negative ? 0 - magnitude : magnitude, element);
    return ZAGG_OK;
}
