/* Functions that choose or limit values: where, clip, round, nan_to_num. */
#include "expr/elementwise.h"
#include "expr/fn.h"

#include <math.h>
#include <string.h>

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

const zx_fn ZX_CHOICES[] = {
    {"where", "condition x y", 1, false, 0, where_type, where_run},
    {"clip", "a a_min a_max", 1, true, 0, clip_type, clip_run},
    {"round", "a decimals", 1, true, 0, round_type, round_run},
    {"around", "a decimals", 1, false, 0, round_type, round_run},
    {"nan_to_num", "x nan posinf neginf", 1, false, 0, nan_to_num_type, nan_to_num_run},
    {0},
};
