/* median, quantile, percentile and their nan- forms, bit-equal to numpy 2.x.
 *
 * Elements become signed whole-number keys of the same order (floats by their bits), so
 * one selection serves all types. A quantile is a place v in the sorted slice, computed
 * in double for every type; between two elements a and b it is a + (b-a)*g below the half
 * way and b - (b-a)*(1-g) from there, each step rounded to the element type. Differences
 * of whole numbers wrap in their own type before they become float64, as in numpy. */
#include "stats/reduce_impl.h"

#include <math.h>
#include <string.h>

enum { SMALL = 48, SAMPLE_MAX = 15, PASS_LIMIT = 64, COUNT_BLOCK = 1 << 30 };

#include "stats/reduce_select.h"

/* Keys of the infinities: NaNs lie outside of them. */
#define INF_KEY_32 INT32_C(0x7f800000)
#define INF_KEY_64 INT64_C(0x7ff0000000000000)

typedef struct keyed {
    zagg_dtype dtype;
    size_t n;
    int32_t *keys32, *work32; /* NULL for types of 64 bits */
    int64_t *keys64, *work64;
} keyed;

static bool is_wide(zagg_dtype dtype)
{
    return zagg_dtype_size(dtype) == 8;
}

size_t zg_reducer_scratch_bytes(const zg_reducer *r, zagg_dtype dtype, size_t n)
{
    if (r->op != ZG_OP_MEDIAN && r->op != ZG_OP_QUANTILE)
        return 0;
    size_t bytes = SIZE_MAX;
    (void)zg_mul_size(n, is_wide(dtype) ? 2 * sizeof(int64_t) : 2 * sizeof(int32_t),
                      &bytes);
    return bytes;
}

/* Order-keeping keys of floats: negative ones count down with their bits. */
static size_t keys_of_f32(const float *a, size_t n, int32_t *keys)
{
    size_t numbers = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &a[i], sizeof bits);
        keys[i] = bits ^ (bits < 0 ? INT32_MAX : 0);
        numbers += a[i] == a[i];
    }
    return numbers;
}

static size_t keys_of_f64(const double *a, size_t n, int64_t *keys)
{
    size_t numbers = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, &a[i], sizeof bits);
        keys[i] = bits ^ (bits < 0 ? INT64_MAX : 0);
        numbers += a[i] == a[i];
    }
    return numbers;
}

/* Keys of the slice; the result is how many elements are numbers (not NaN). */
static size_t fill_keys(const zg_slice *x, keyed *k)
{
#define KEYS_AS(T, keys, expr)                                                           \
    for (size_t i = 0; i < x->n; i++) {                                                  \
        T v = ((const T *)x->values)[i];                                                 \
        k->keys[i] = expr;                                                               \
    }                                                                                    \
    return x->n
    switch (x->dtype) {
    case ZAGG_DT_BOOL:
        KEYS_AS(uint8_t, keys32, v != 0);
    case ZAGG_DT_I8:
        KEYS_AS(int8_t, keys32, v);
    case ZAGG_DT_I16:
        KEYS_AS(int16_t, keys32, v);
    case ZAGG_DT_I32:
        KEYS_AS(int32_t, keys32, v);
    case ZAGG_DT_I64:
        KEYS_AS(int64_t, keys64, v);
    case ZAGG_DT_U8:
        KEYS_AS(uint8_t, keys32, v);
    case ZAGG_DT_U16:
        KEYS_AS(uint16_t, keys32, v);
    case ZAGG_DT_U32:
        KEYS_AS(uint32_t, keys32, (int32_t)(v ^ UINT32_C(0x80000000)));
    case ZAGG_DT_U64:
        KEYS_AS(uint64_t, keys64, (int64_t)(v ^ UINT64_C(0x8000000000000000)));
    case ZAGG_DT_F32:
        return keys_of_f32(x->values, x->n, k->keys32);
    default:
        return keys_of_f64(x->values, x->n, k->keys64);
    }
#undef KEYS_AS
}

static void drop_nan_keys(keyed *k)
{
    size_t kept = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (k->keys32 != NULL) {
            int32_t key = k->keys32[i];
            k->keys32[kept] = key;
            kept += key <= INF_KEY_32 && key >= -INF_KEY_32 - 1;
        } else {
            int64_t key = k->keys64[i];
            k->keys64[kept] = key;
            kept += key <= INF_KEY_64 && key >= -INF_KEY_64 - 1;
        }
    }
    k->n = kept;
}

/* One or two neighbouring elements of the sorted slice: floats in f, whole numbers of all
 * types modulo 2^64 in u. */
typedef struct element {
    double f;
    uint64_t u;
} element;

static element element_of(zagg_dtype dtype, int64_t key)
{
    element e = {.u = (uint64_t)key};
    if (dtype == ZAGG_DT_F32) {
        int32_t bits = (int32_t)key ^ (key < 0 ? INT32_MAX : 0);
        float v;
        memcpy(&v, &bits, sizeof v);
        e.f = (double)v;
    } else if (dtype == ZAGG_DT_F64) {
        int64_t bits = key ^ (key < 0 ? INT64_MAX : 0);
        memcpy(&e.f, &bits, sizeof e.f);
    } else if (dtype == ZAGG_DT_U64) {
        e.u = (uint64_t)key ^ UINT64_C(0x8000000000000000);
        e.f = (double)e.u;
    } else {
        if (dtype == ZAGG_DT_U32)
            e.u = (uint32_t)key ^ UINT32_C(0x80000000);
        e.f = (double)(int64_t)e.u;
    }
    return e;
}

/* Element of rank `at`, and of the rank behind it where `b` is not NULL. */
static void pick(const keyed *k, size_t at, element *a, element *b)
{
    int64_t first, second = 0;
    if (k->keys32 != NULL) {
        int32_t key = select_32(k->keys32, k->n, at, k->work32);
        first = key;
        if (b != NULL)
            second = next_of_32(k->keys32, k->n, at, key);
    } else {
        first = select_64(k->keys64, k->n, at, k->work64);
        if (b != NULL)
            second = next_of_64(k->keys64, k->n, at, first);
    }
    *a = element_of(k->dtype, first);
    if (b != NULL)
        *b = element_of(k->dtype, second);
}

static zg_scalar scalar_of(zagg_dtype dtype, element e)
{
    if (zagg_dtype_is_float(dtype))
        return zg_scalar_float(dtype, e.f);
    if (zagg_dtype_is_unsigned_int(dtype))
        return zg_scalar_uint(dtype, e.u);
    return zg_scalar_int(dtype, (int64_t)e.u);
}

/* The mean of the middle element or of the two around the middle. */
static zg_scalar median(const keyed *k)
{
    zagg_dtype real = zg_real_of(k->dtype);
    element a, b;
    if (k->n % 2 == 1) {
        pick(k, k->n / 2, &a, NULL);
        return zg_scalar_float(real, 0.0 + a.f); /* a sum of one: -0.0 becomes +0.0 */
    }
    pick(k, k->n / 2 - 1, &a, &b);
    if (real == ZAGG_DT_F32) {
        float sum = (float)a.f + (float)b.f;
        return zg_scalar_float(real, zg_round_to(real, (0.0 + (double)sum) / 2.0));
    }
    return zg_scalar_float(real, (0.0 + (a.f + b.f)) / 2.0);
}

/* Where a quantile lies in the sorted slice. */
typedef struct place {
    bool exact; /* the element at lo, in the element type */
    size_t lo;
    bool single; /* both neighbours are the element at lo */
    double g;    /* weight of the upper neighbour; beyond 0..1 at the ends, as in numpy */
} place;

/* numpy's virtual index n*q + (alpha + q*(1 - alpha - beta)) - 1 of Hyndman and Fan. */
static double virtual_index(double n, double q, double alpha, double beta)
{
    return n * q + (alpha + q * (1 - alpha - beta)) - 1;
}

/* Discrete methods round the virtual index to a neighbour. */
static size_t discrete_index(double v, bool closest)
{
    double below = floor(v);
    bool odd = fmod(below, 2.0) != 0;
    double at = v == below && (!closest || odd) ? below : below + 1;
    return at < 0 ? 0 : (size_t)at;
}

static place exact_place(size_t at)
{
    place p = {.exact = true, .lo = at, .single = true};
    return p;
}

/* Neighbours and weight for the methods that interpolate. */
static place between(const zg_reducer *r, size_t n, double v)
{
    place p = {.single = true};
    if (v >= (double)(n - 1)) {
        p.lo = n - 1;
        p.g = v + 1; /* numpy calls the last element -1 */
    } else if (v < 0) {
        p.g = v;
    } else {
        p.lo = (size_t)v;
        p.single = false;
        p.g = v - floor(v);
    }
    if (r->method == ZG_Q_MIDPOINT)
        p.g = v == floor(v) ? 0.0 : 0.5;
    else if (r->method == ZG_Q_AVERAGED_INVERTED_CDF)
        p.g = p.g == 0 ? 0.5 : 1.0;
    return p;
}

/* n > 0. */
static place find_place(const zg_reducer *r, size_t n)
{
    double q = r->q, count = (double)n, v = (double)(n - 1) * q;
    switch (r->method) {
    case ZG_Q_LINEAR:
        return r->q_picks ? exact_place(q > 0 ? n - 1 : 0) : between(r, n, v);
    case ZG_Q_LOWER:
        return exact_place((size_t)floor(v));
    case ZG_Q_HIGHER:
        return exact_place((size_t)ceil(v));
    case ZG_Q_NEAREST:
        return exact_place((size_t)nearbyint(v));
    case ZG_Q_MIDPOINT:
        return between(r, n, 0.5 * (floor(v) + ceil(v)));
    case ZG_Q_INVERTED_CDF:
        return exact_place(discrete_index(count * q - 1, false));
    case ZG_Q_AVERAGED_INVERTED_CDF:
        return between(r, n, count * q - 1);
    case ZG_Q_CLOSEST_OBSERVATION:
        return exact_place(discrete_index(count * q - 1 - 0.5, true));
    case ZG_Q_INTERPOLATED_INVERTED_CDF:
        return between(r, n, virtual_index(count, q, 0.0, 1.0));
    case ZG_Q_HAZEN:
        return between(r, n, virtual_index(count, q, 0.5, 0.5));
    case ZG_Q_WEIBULL:
        return between(r, n, virtual_index(count, q, 0.0, 0.0));
    case ZG_Q_MEDIAN_UNBIASED:
        return between(r, n, virtual_index(count, q, 1 / 3.0, 1 / 3.0));
    case ZG_Q_NORMAL_UNBIASED:
        return between(r, n, virtual_index(count, q, 3 / 8.0, 3 / 8.0));
    }
    return exact_place(0);
}

/* b - a of whole numbers, wrapped in their own type. */
static double wrapped_difference(zagg_dtype dtype, uint64_t a, uint64_t b)
{
    uint64_t d = b - a;
    switch (dtype) {
    case ZAGG_DT_I8:
        return (double)(int8_t)d;
    case ZAGG_DT_I16:
        return (double)(int16_t)d;
    case ZAGG_DT_I32:
        return (double)(int32_t)d;
    case ZAGG_DT_I64:
        return (double)(int64_t)d;
    default: /* sorted unsigned numbers do not wrap */
        return (double)d;
    }
}

static zg_scalar interpolate(zagg_dtype dtype, element a, element b, double g, bool wide)
{
    if (dtype == ZAGG_DT_F32 && wide) {
        const double d = (double)((float)b.f - (float)a.f);
        return zg_scalar_float(ZAGG_DT_F64, g < 0.5 ? a.f + d * g : b.f - d * (1 - g));
    }
    if (dtype == ZAGG_DT_F32) {
        float lo = (float)a.f, hi = (float)b.f, d = hi - lo;
        float v = g < 0.5 ? lo + d * (float)g : hi - d * (float)(1 - g);
        return zg_scalar_float(dtype, (double)v);
    }
    double d = dtype == ZAGG_DT_F64 ? b.f - a.f : wrapped_difference(dtype, a.u, b.u);
    return zg_scalar_float(ZAGG_DT_F64, g < 0.5 ? a.f + d * g : b.f - d * (1 - g));
}

static zagg_status quantile(const zg_reducer *r, const keyed *k, zg_scalar *out,
                            zagg_err *err)
{
    place p = find_place(r, k->n);
    if (!p.exact && k->dtype == ZAGG_DT_BOOL)
        return zagg_err_set(
            err, ZAGG_EUNSUPPORTED,
            "%s: bool values cannot be interpolated; choose a method that "
            "picks a value, such as nearest",
            r->name);
    if (p.lo > k->n - 1)
        p.lo = k->n - 1;
    element a, b;
    pick(k, p.lo, &a, p.single ? NULL : &b);
    if (p.single)
        b = a;
    *out = p.exact ? scalar_of(k->dtype, a) : interpolate(k->dtype, a, b, p.g, r->q_wide);
    return ZAGG_OK;
}

zagg_status zg_reduce_quantile(const zg_reducer *r, zg_slice x, void *scratch,
                               zg_scalar *out, zagg_err *err)
{
    zagg_dtype real = zg_real_of(x.dtype);
    if (x.n == 0 && r->op == ZG_OP_QUANTILE && !r->skip_nan)
        return zagg_err_set(err, ZAGG_ERANGE, "%s: no values (an empty slice has none)",
                            r->name);
    keyed k = {.dtype = x.dtype, .n = x.n};
    if (is_wide(x.dtype)) {
        k.keys64 = scratch;
        k.work64 = k.keys64 + x.n;
    } else {
        k.keys32 = scratch;
        k.work32 = k.keys32 + x.n;
    }
    size_t numbers = x.n > 0 ? fill_keys(&x, &k) : 0;
    if (numbers == 0 || (numbers < x.n && !r->skip_nan)) {
        *out = zg_scalar_float(real, __builtin_nan(""));
        return ZAGG_OK;
    }
    if (numbers < x.n)
        drop_nan_keys(&k);
    if (r->op == ZG_OP_QUANTILE)
        return quantile(r, &k, out, err);
    *out = median(&k);
    return ZAGG_OK;
}
