/* Bins of a histogram: ranges, edges and their checks as numpy makes them. */
#include "stats/histogram_impl.h"
#include "stats/reduce_impl.h"
#include "text/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Positions and the bins next to them fit an int32. */
#define MAX_BINS ((int64_t)INT32_MAX - 2)

zagg_status zg_histogram_new(zg_histogram **out, zagg_err *err)
{
    zg_histogram *h = zg_alloc(1, sizeof *h);
    if (h == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a histogram");
    *out = h;
    return ZAGG_OK;
}

void zg_histogram_free(zg_histogram *h)
{
    if (h == NULL)
        return;
    zg_free(h->edges);
    zg_free(h->spare);
    zg_free(h);
}

size_t zg_histogram_bins(const zg_histogram *h)
{
    return h->bins.n;
}

const void *zg_histogram_edges(const zg_histogram *h, zagg_dtype *dtype)
{
    if (h->bins.kind == ZG_BINS_NONE || h->bins.kind == ZG_BINS_LIST)
        return NULL;
    *dtype = h->bins.kind == ZG_BINS_F64 ? ZAGG_DT_F64 : ZAGG_DT_F32;
    return h->edges;
}

/* ---- numbers of a range ---- */

static bool is_whole(zg_bound b)
{
    return !zagg_dtype_is_float(b.value.dtype);
}

static double as_double(zg_bound b)
{
    if (zagg_dtype_is_float(b.value.dtype))
        return b.value.v.f;
    if (zagg_dtype_is_unsigned_int(b.value.dtype))
        return (double)b.value.v.u;
    return (double)b.value.v.i;
}

/* The type that two bounds promote to; F64 for whole numbers too where `inexact`. */
static zagg_dtype type_of_bounds(zg_bound lo, zg_bound hi, bool inexact)
{
    zagg_dtype t = lo.weak ? hi.value.dtype : lo.value.dtype;
    bool weak_float = (lo.weak && !is_whole(lo)) || (hi.weak && !is_whole(hi));
    if (!lo.weak && !hi.weak)
        t = zg_promote(lo.value.dtype, hi.value.dtype);
    else if (lo.weak && hi.weak)
        t = ZAGG_DT_I64;
    return !zagg_dtype_is_float(t) && (weak_float || inexact) ? ZAGG_DT_F64 : t;
}

/* The type of the edges for slices of `data`; whole numbers of different kinds that each
 * fit a float32 do so together. */
static zagg_dtype type_of_edges(zg_bound lo, zg_bound hi, zagg_dtype data)
{
    const zagg_dtype types[3] = {data, lo.weak ? data : lo.value.dtype,
                                 hi.weak ? data : hi.value.dtype};
    bool f32 = false, narrow = true;
    for (size_t i = 0; i < 3; i++) {
        f32 = f32 || types[i] == ZAGG_DT_F32;
        narrow = narrow && zg_promote(types[i], ZAGG_DT_F32) == ZAGG_DT_F32;
    }
    return f32 && narrow ? ZAGG_DT_F32 : ZAGG_DT_F64;
}

/* Order of two whole numbers of any type: -1, 0, 1. */
static int compare_whole(zg_scalar a, zg_scalar b)
{
    bool a_big = zagg_dtype_is_unsigned_int(a.dtype) && a.v.u > (uint64_t)INT64_MAX;
    bool b_big = zagg_dtype_is_unsigned_int(b.dtype) && b.v.u > (uint64_t)INT64_MAX;
    if (a_big != b_big)
        return a_big ? 1 : -1;
    if (a_big)
        return (a.v.u > b.v.u) - (a.v.u < b.v.u);
    return (a.v.i > b.v.i) - (a.v.i < b.v.i);
}

/* -1, 0, 1; 0 also where a NaN takes part. */
static int compare_bounds(zg_bound a, zg_bound b)
{
    if (is_whole(a) && is_whole(b))
        return compare_whole(a.value, b.value);
    double x = as_double(a), y = as_double(b);
    if (type_of_bounds(a, b, true) == ZAGG_DT_F32) {
        x = (double)(float)x;
        y = (double)(float)y;
    }
    return (x > y) - (x < y);
}

static void bound_text(zg_bound b, char out[32])
{
    if (!is_whole(b)) /* also a float32 is formatted as a Python float */
        (void)zg_float_repr(b.value.v.f, out);
    else if (zagg_dtype_is_unsigned_int(b.value.dtype))
        (void)snprintf(out, 32, "%" PRIu64, b.value.v.u);
    else
        (void)snprintf(out, 32, "%" PRId64, b.value.v.i);
}

/* The bound moved by a half, which makes a whole number a float. */
static zg_bound shifted(zg_bound b, double by)
{
    double x = as_double(b) + by;
    if (b.value.dtype == ZAGG_DT_F32 && !b.weak)
        return zg_bound_f32((float)b.value.v.f + (float)by);
    return b.weak ? zg_bound_weak(x) : zg_bound_f64(x);
}

/* Checks and, where both ends are equal, widening by a half on each side. */
static zagg_status outer_edges(zg_bound *lo, zg_bound *hi, const char *origin,
                               zagg_err *err)
{
    int order = compare_bounds(*lo, *hi);
    if (order > 0)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "max must be larger than min in range parameter.");
    if (!isfinite(as_double(*lo)) || !isfinite(as_double(*hi))) {
        char a[32], b[32];
        bound_text(*lo, a);
        bound_text(*hi, b);
        return zagg_err_set(err, ZAGG_ERANGE, "%s range of [%s, %s] is not finite",
                            origin, a, b);
    }
    if (order == 0) {
        *lo = shifted(*lo, -0.5);
        *hi = shifted(*hi, 0.5);
    }
    return ZAGG_OK;
}

/* ---- edges ---- */

/* Room for n elements in the spare buffer. */
static zagg_status spare_edges(zg_histogram *h, size_t n, size_t size, zagg_err *err)
{
    size_t bytes;
    if (zg_mul_size(n, size, &bytes) && bytes <= h->spare_room)
        return ZAGG_OK;
    void *p = zg_alloc(n, size);
    if (p == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu edges of a histogram",
                            n);
    zg_free(h->spare);
    h->spare = p;
    h->spare_room = n * size;
    return ZAGG_OK;
}

static void take_spare(zg_histogram *h)
{
    void *p = h->edges;
    size_t room = h->edges_room;
    h->edges = h->spare;
    h->edges_room = h->spare_room;
    h->spare = p;
    h->spare_room = room;
}

/* numpy.linspace in the type of the bounds, then cast to that of the edges; n is the
 * number of bins. */
#define EDGES(NAME, B, E)                                                                \
    static void NAME(E *e, size_t n, double lo, double hi)                               \
    {                                                                                    \
        const B start = (B)lo, count = (B)n, delta = (B)hi - (B)lo;                      \
        const B step = delta / count;                                                    \
        if (step == 0) {                                                                 \
            for (size_t i = 0; i < n; i++)                                               \
                e[i] = (E)((B)i / count * delta + start);                                \
        } else {                                                                         \
            for (size_t i = 0; i < n; i++)                                               \
                e[i] = (E)((B)i * step + start);                                         \
        }                                                                                \
        e[n] = (E)(B)hi;                                                                 \
    }
EDGES(edges_f32, float, float)
EDGES(edges_f32_as_f64, float, double)
EDGES(edges_f64_as_f32, double, float)
EDGES(edges_f64, double, double)
#undef EDGES

static zagg_status make_edges(zg_histogram *h, zg_bound lo, zg_bound hi, size_t n,
                              zagg_dtype edges, zagg_err *err)
{
    ZAGG_TRY(spare_edges(h, n + 1, zagg_dtype_size(edges), err));
    const double a = as_double(lo), b = as_double(hi);
    const bool f32 = type_of_bounds(lo, hi, true) == ZAGG_DT_F32;
    bool apart = true;
    if (edges == ZAGG_DT_F32) {
        float *e = h->spare;
        (f32 ? edges_f32 : edges_f64_as_f32)(e, n, a, b);
        for (size_t i = 0; i < n; i++)
            apart &= !(e[i] >= e[i + 1]);
    } else {
        double *e = h->spare;
        (f32 ? edges_f32_as_f64 : edges_f64)(e, n, a, b);
        for (size_t i = 0; i < n; i++)
            apart &= !(e[i] >= e[i + 1]);
    }
    if (!apart)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "Too many bins for data range. Cannot create %zu "
                            "finite-sized bins.",
                            n);
    return ZAGG_OK;
}

/* ---- what values are compared with ---- */

/* The bound in the type in which numpy compares it with an array of `data`, for a
 * comparison with doubles. */
static double compared(zg_bound b, zagg_dtype data)
{
    zagg_dtype t = zagg_dtype_is_float(data) ? data : ZAGG_DT_F64;
    if (!b.weak)
        t = zg_promote(data, b.value.dtype);
    double x = as_double(b);
    return t == ZAGG_DT_F32 ? (double)(float)x : x;
}

static void keep_from(zg_bins *bins, zg_bound lo)
{
    if (zagg_dtype_is_float(bins->data) || !is_whole(lo)) {
        bins->keep_lo = compared(lo, bins->data);
        return;
    }
    const zg_scalar zero = {.dtype = ZAGG_DT_I64, .v.i = 0};
    bins->keep_lo_u = compare_whole(lo.value, zero) > 0 ? lo.value.v.u : 0;
    /* a bound beyond the int64 keeps nothing of them */
    if (compare_whole(lo.value, (zg_scalar){.dtype = ZAGG_DT_I64, .v.i = INT64_MAX}) > 0)
        bins->keep_lo_i = INT64_MAX, bins->keep_hi_i = INT64_MIN;
    else
        bins->keep_lo_i = lo.value.v.i;
}

static void keep_up_to(zg_bins *bins, zg_bound hi)
{
    if (zagg_dtype_is_float(bins->data) || !is_whole(hi)) {
        bins->keep_hi = compared(hi, bins->data);
        return;
    }
    const zg_scalar zero = {.dtype = ZAGG_DT_I64, .v.i = 0};
    if (compare_whole(hi.value, zero) < 0)
        bins->keep_lo_u = UINT64_MAX; /* below all of them: nothing is kept */
    bins->keep_hi_u = compare_whole(hi.value, zero) > 0 ? hi.value.v.u : 0;
    if (compare_whole(hi.value, (zg_scalar){.dtype = ZAGG_DT_I64, .v.i = INT64_MAX}) <=
            0 &&
        hi.value.v.i < bins->keep_hi_i)
        bins->keep_hi_i = hi.value.v.i;
}

/* hi - lo as numpy makes it: for whole numbers of one type as an unsigned one. */
static zagg_status width_of(zg_bound lo, zg_bound hi, double *width, zagg_dtype *type,
                            zagg_err *err)
{
    zagg_dtype t = type_of_bounds(lo, hi, false);
    double a = as_double(lo), b = as_double(hi);
    *type = t;
    if (t == ZAGG_DT_F32)
        *width = (double)((float)b - (float)a);
    else if (t == ZAGG_DT_F64)
        *width = b - a;
    if (zagg_dtype_is_float(t))
        return ZAGG_OK;
    *width = (double)(hi.value.v.u - lo.value.v.u);
    const zg_bound both[2] = {lo, hi};
    for (size_t i = 0; i < 2; i++) {
        unsigned bits = 8U * (unsigned)zagg_dtype_size(t);
        bool is_signed = zagg_dtype_is_signed_int(t);
        zg_scalar least = {.dtype = ZAGG_DT_I64,
                           .v.i = is_signed ? INT64_MIN >> (64 - bits) : 0};
        zg_scalar most = {.dtype = ZAGG_DT_U64,
                          .v.u = UINT64_MAX >> (64 - bits + (is_signed ? 1 : 0))};
        if (compare_whole(both[i].value, least) < 0 ||
            compare_whole(both[i].value, most) > 0)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "Python integer %" PRId64 " out of bounds for %s",
                                both[i].value.v.i, zagg_dtype_name(t));
    }
    return ZAGG_OK;
}

/* Smallest float32 that is not below x. */
static double up_to_f32(double x)
{
    float f = (float)x;
    return (double)f >= x ? (double)f : (double)nextafterf(f, INFINITY);
}

static zagg_status describe(zg_bins *bins, zg_bound lo, zg_bound hi, zagg_dtype edges,
                            zagg_err *err)
{
    zagg_dtype width_type;
    ZAGG_TRY(width_of(lo, hi, &bins->width, &width_type, err));
    bins->start = as_double(lo);
    bins->kind = ZG_BINS_F64;
    if (edges == ZAGG_DT_F32) {
        bins->start = (double)(float)bins->start;
        bins->kind =
            zg_promote(width_type, edges) == ZAGG_DT_F32 ? ZG_BINS_F32 : ZG_BINS_MIXED;
    }
    bins->limit = (double)bins->n + 1;
    if (bins->kind == ZG_BINS_F32)
        bins->limit = up_to_f32(bins->limit);
    bins->keep_lo = (double)-INFINITY;
    bins->keep_hi = (double)INFINITY;
    bins->keep_lo_i = INT64_MIN;
    bins->keep_hi_i = INT64_MAX;
    bins->keep_lo_u = 0;
    bins->keep_hi_u = UINT64_MAX;
    keep_from(bins, lo);
    keep_up_to(bins, hi);
    return ZAGG_OK;
}

static zagg_status set_uniform(zg_histogram *h, zagg_dtype data, zg_bound lo, zg_bound hi,
                               int64_t n_bins, const char *origin, zagg_err *err)
{
    if (lo.value.dtype == ZAGG_DT_BOOL || hi.value.dtype == ZAGG_DT_BOOL)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "numpy boolean subtract, the `-` operator, is not supported");
    ZAGG_TRY(outer_edges(&lo, &hi, origin, err));
    zg_bins bins = {.data = data, .n = (size_t)n_bins};
    zagg_dtype edges = type_of_edges(lo, hi, data);
    ZAGG_TRY(make_edges(h, lo, hi, bins.n, edges, err));
    ZAGG_TRY(describe(&bins, lo, hi, edges, err));
    h->bins = bins;
    take_spare(h);
    return ZAGG_OK;
}

static zagg_status check_count(int64_t n_bins, zagg_err *err)
{
    if (n_bins < 1)
        return zagg_err_set(err, ZAGG_ERANGE, "`bins` must be positive, when an integer");
    if (n_bins > MAX_BINS)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "%" PRId64 " bins; a histogram has at most %" PRId64, n_bins,
                            MAX_BINS);
    return ZAGG_OK;
}

/* numpy turns a bool array into uint8 first. */
static zagg_dtype subtractable(zagg_dtype data)
{
    return data == ZAGG_DT_BOOL ? ZAGG_DT_U8 : data;
}

static bool same_bound(zg_bound a, zg_bound b)
{
    return a.weak == b.weak && a.value.dtype == b.value.dtype &&
           a.value.v.u == b.value.v.u;
}

zagg_status zg_histogram_set_range(zg_histogram *h, zagg_dtype data, zg_bound lo,
                                   zg_bound hi, int64_t n_bins, zagg_err *err)
{
    data = subtractable(data);
    if (h->by_range && h->bins.data == data && (int64_t)h->bins.n == n_bins &&
        same_bound(h->lo, lo) && same_bound(h->hi, hi))
        return ZAGG_OK;
    ZAGG_TRY(check_count(n_bins, err));
    ZAGG_TRY(set_uniform(h, data, lo, hi, n_bins, "supplied", err));
    h->by_range = true;
    h->lo = lo;
    h->hi = hi;
    return ZAGG_OK;
}

zagg_status zg_histogram_set_auto(zg_histogram *h, zagg_dtype data, const void *values,
                                  size_t n, int64_t n_bins, zagg_err *err)
{
    data = subtractable(data);
    ZAGG_TRY(check_count(n_bins, err));
    zg_bound lo = zg_bound_weak_int(0), hi = zg_bound_weak_int(1);
    if (n > 0) {
        const zg_reducer least = {.name = "min", .op = ZG_OP_MIN};
        const zg_reducer most = {.name = "max", .op = ZG_OP_MAX};
        const zg_slice slice = {data, values, n};
        lo.weak = hi.weak = false;
        ZAGG_TRY(zg_reduce_order(&least, slice, &lo.value, err));
        ZAGG_TRY(zg_reduce_order(&most, slice, &hi.value, err));
    }
    ZAGG_TRY(set_uniform(h, data, lo, hi, n_bins, "autodetected", err));
    h->by_range = false;
    return ZAGG_OK;
}

/* ---- edges from the caller ---- */

static zg_scalar element(zagg_dtype dtype, const void *values, size_t i)
{
    zg_scalar s = {.dtype = dtype, .v.i = 0};
    switch (dtype) {
#define ELEMENT(DT, T, MEMBER)                                                           \
    case DT:                                                                             \
        s.v.MEMBER = ((const T *)values)[i];                                             \
        break;
        ELEMENT(ZAGG_DT_I8, int8_t, i)
        ELEMENT(ZAGG_DT_I16, int16_t, i)
        ELEMENT(ZAGG_DT_I32, int32_t, i)
        ELEMENT(ZAGG_DT_I64, int64_t, i)
        ELEMENT(ZAGG_DT_U8, uint8_t, u)
        ELEMENT(ZAGG_DT_U16, uint16_t, u)
        ELEMENT(ZAGG_DT_U32, uint32_t, u)
        ELEMENT(ZAGG_DT_U64, uint64_t, u)
        ELEMENT(ZAGG_DT_F64, double, f)
#undef ELEMENT
    case ZAGG_DT_F32:
        s.v.f = (double)((const float *)values)[i];
        break;
    default: /* bool */
        s.v.i = ((const uint8_t *)values)[i] != 0;
        break;
    }
    return s;
}

/* Does NaN, as the largest number, stand only at the end? */
static bool ascends(const double *e, size_t n)
{
    bool nan = false;
    for (size_t i = 0; i < n; i++) {
        if (nan && e[i] == e[i])
            return false;
        nan = nan || e[i] != e[i];
    }
    return true;
}

zagg_status zg_histogram_set_edges(zg_histogram *h, zagg_dtype data, zagg_dtype dtype,
                                   const void *edges, size_t n_edges, zagg_err *err)
{
    data = subtractable(data);
    if (n_edges > (size_t)MAX_BINS)
        return check_count(INT64_MAX, err);
    zagg_dtype t = zg_promote(data, dtype);
    zagg_dtype as = zagg_dtype_is_float(t)        ? ZAGG_DT_F64
                    : zagg_dtype_is_signed_int(t) ? ZAGG_DT_I64
                                                  : ZAGG_DT_U64;
    ZAGG_TRY(spare_edges(h, n_edges == 0 ? 1 : n_edges, sizeof(double), err));
    zg_bound before = {.weak = false};
    for (size_t i = 0; i < n_edges; i++) {
        zg_bound e = {.value = element(dtype, edges, i), .weak = false};
        if (i > 0 && compare_bounds(before, e) > 0)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "`bins` must increase monotonically, when an array");
        before = e;
        if (as == ZAGG_DT_F64)
            e.value.v.f = as_double(e);
        memcpy((uint64_t *)h->spare + i, &e.value.v, sizeof(uint64_t));
    }
    h->bins = (zg_bins){.kind = ZG_BINS_LIST,
                        .data = data,
                        .n = n_edges == 0 ? 0 : n_edges - 1,
                        .list_type = as,
                        .list_ascends = as != ZAGG_DT_F64 || ascends(h->spare, n_edges)};
    h->by_range = false;
    take_spare(h);
    return ZAGG_OK;
}
