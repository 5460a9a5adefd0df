/* Functions that order and pick. */
#include "expr/elementwise.h"
#include "expr/fn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- order ---- */

/* NaN is above everything, as numpy sorts. */
static int order_f64(double x, double y)
{
    if (x != x || y != y)
        return (x != x) - (y != y);
    return (x > y) - (x < y);
}

/* Elements and where they were: the place makes any sort stable. */
typedef struct keyed {
    union {
        double f;
        int64_t i;
        uint64_t u;
    } key;
    size_t place;
} keyed;

#define BY(name, member, compare)                                                        \
    static int name(const void *a, const void *b)                                        \
    {                                                                                    \
        const keyed *x = a, *y = b;                                                      \
        const int o = compare(x->key.member, y->key.member);                             \
        return o ? o : (x->place > y->place) - (x->place < y->place);                    \
    }
#define WHOLE_ORDER(x, y) (((x) > (y)) - ((x) < (y)))
BY(by_f64, f, order_f64)
BY(by_i64, i, WHOLE_ORDER)
BY(by_u64, u, WHOLE_ORDER)

static zagg_dtype wide_type(zagg_dtype dtype)
{
    if (zagg_dtype_is_float(dtype))
        return ZAGG_DT_F64;
    return zagg_dtype_is_unsigned_int(dtype) || dtype == ZAGG_DT_BOOL ? ZAGG_DT_U64
                                                                      : ZAGG_DT_I64;
}

static int order_keys(zagg_dtype dtype, const keyed *a, const keyed *b)
{
    switch (wide_type(dtype)) {
    case ZAGG_DT_F64:
        return order_f64(a->key.f, b->key.f);
    case ZAGG_DT_U64:
        return WHOLE_ORDER(a->key.u, b->key.u);
    default:
        return WHOLE_ORDER(a->key.i, b->key.i);
    }
}

static zagg_status keys_of(zx_run *r, zagg_dtype dtype, const void *x, size_t n,
                           keyed **out)
{
    const size_t size = zagg_dtype_size(dtype);
    const zagg_dtype wide = wide_type(dtype);
    keyed *k = zx_take(r, n + 1, sizeof *k);
    if (!k)
        return r->err->status;
    for (size_t i = 0; i < n; i++) {
        zg_cast(dtype, (const char *)x + i * size, wide, &k[i].key, 1);
        k[i].place = i;
    }
    qsort(k, n, sizeof *k,
          wide == ZAGG_DT_F64   ? by_f64
          : wide == ZAGG_DT_U64 ? by_u64
                                : by_i64);
    *out = k;
    return ZAGG_OK;
}

enum { SORT, ARGSORT, UNIQUE };

static zagg_status sort_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    int64_t axis;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, out));
    if (fn->op != UNIQUE) {
        ZAGG_TRY(zx_want_int(c, &p[1], "axis", -1, &axis));
        if (axis != 0 && axis != -1)
            return zx_refuse(c, "axis %lld is out of bounds", (long long)axis);
        if (p[2].kind != ZX_K_ABSENT && p[2].kind != ZX_K_TEXT && p[2].kind != ZX_K_NONE)
            return zx_refuse(c, "kind must be a text");
    }
    if (out->rank == 0 && fn->op == UNIQUE)
        out->rank = 1;
    if (out->rank != 1)
        return zx_refuse(c, "%s needs an array of one axis", fn->name);
    if (fn->op == ARGSORT)
        out->dtype = ZAGG_DT_I64;
    return ZAGG_OK;
}

static zagg_status sort_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    zx_val v;
    keyed *k;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &v));
    ZAGG_TRY(zx_new_like(r, &v, fn->op == ARGSORT ? ZAGG_DT_I64 : v.dtype, out));
    const size_t size = zagg_dtype_size(v.dtype);
    for (size_t s = 0; s < (v.uniform ? 1 : r->n_seg); s++) {
        const size_t n = zx_rows(&v, s), first = zx_first(&v, s);
        const char *x = zx_at_segment(&v, s);
        ZAGG_TRY(keys_of(r, v.dtype, x, n, &k));
        for (size_t i = 0; i < n; i++)
            if (fn->op == ARGSORT)
                ((int64_t *)out->data)[first + i] = (int64_t)k[i].place;
            else
                memcpy((char *)out->data + (first + i) * size, x + k[i].place * size,
                       size);
    }
    return ZAGG_OK;
}

static bool same_element(zagg_dtype dtype, const char *x, const char *y)
{
    if (!zagg_dtype_is_float(dtype))
        return memcmp(x, y, zagg_dtype_size(dtype)) == 0;
    double u, v;
    zg_cast(dtype, x, ZAGG_DT_F64, &u, 1);
    zg_cast(dtype, y, ZAGG_DT_F64, &v, 1);
    return u == v || (u != u && v != v); /* NaNs are one, as np.unique has them */
}

static zagg_status unique_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                              zx_run *r, zx_val *out)
{
    zx_val v;
    keyed *k;
    size_t *off, n_out = 0;
    (void)fn;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &v));
    const size_t size = zagg_dtype_size(v.dtype);
    const size_t n_seg = v.uniform ? 1 : r->n_seg;
    off = zx_take(r, r->n_seg + 1, sizeof *off);
    char *to = off ? zx_take(r, zx_elements(&v) + 1, size) : NULL;
    if (!to)
        return r->err->status;
    off[0] = 0;
    for (size_t s = 0; s < n_seg; s++) {
        const size_t n = zx_rows(&v, s);
        const char *x = zx_at_segment(&v, s);
        ZAGG_TRY(keys_of(r, v.dtype, x, n, &k));
        for (size_t i = 0; i < n; i++)
            if (i == 0 ||
                !same_element(v.dtype, x + k[i].place * size, x + k[i - 1].place * size))
                memcpy(to + n_out++ * size, x + k[i].place * size, size);
        off[s + 1] = n_out;
    }
    *out = v;
    out->weak = false;
    out->rank = 1;
    out->off = off;
    out->data = to;
    return ZAGG_OK;
}

/* ---- places of what is not zero ---- */

/* The places alone, or as the tuple of one that nonzero gives. */
static zagg_status places(zx_run *r, const zx_val *a, zx_val *out)
{
    zx_val truth;
    size_t n_out = 0;
    ZAGG_TRY(zx_cast(r, a, ZAGG_DT_BOOL, &truth));
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    int64_t *to = off ? zx_take(r, zx_elements(&truth) + 1, sizeof *to) : NULL;
    if (!to)
        return r->err->status;
    off[0] = 0;
    for (size_t s = 0; s < (truth.uniform ? 1 : r->n_seg); s++) {
        const uint8_t *x = zx_at_segment(&truth, s);
        for (size_t i = 0; i < zx_rows(&truth, s); i++)
            if (x[i])
                to[n_out++] = (int64_t)i;
        off[s + 1] = n_out;
    }
    *out = truth;
    out->dtype = ZAGG_DT_I64;
    out->off = off;
    out->data = to;
    return ZAGG_OK;
}

zagg_status zx_nonzero_type(const zx_type *p, zx_check *c, zx_type *out)
{
    zx_type *items;
    ZAGG_TRY(zx_want_array(c, &p[0], "the argument"));
    if (p[0].rank != 1)
        return zx_refuse(c, "places in a table are not supported");
    ZAGG_TRY(zagg_arena_alloc(c->arena, 1, sizeof *items, &items, c->err));
    items[0] = zx_value_type(ZAGG_DT_I64, 1);
    *out = (zx_type){.kind = ZX_K_SEQ, .n = 1, .items = items};
    return ZAGG_OK;
}

zagg_status zx_nonzero(zx_run *r, const zx_val *a, zx_val *out)
{
    zx_val *items = zx_take(r, 1, sizeof *items);
    if (!items)
        return r->err->status;
    ZAGG_TRY(places(r, a, &items[0]));
    *out = (zx_val){.n = 1, .items = items};
    return ZAGG_OK;
}

static zagg_status nonzero_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                zx_type *out)
{
    ZAGG_TRY(zx_nonzero_type(p, c, out));
    if (fn->op == 0)
        *out = zx_value_type(ZAGG_DT_I64, 1);
    return ZAGG_OK;
}

static zagg_status nonzero_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                               zx_run *r, zx_val *out)
{
    (void)p;
    return fn->op == 0 ? places(r, &a[0], out) : zx_nonzero(r, &a[0], out);
}

/* ---- isin ---- */

static zagg_status isin_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    zx_type a, b;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    ZAGG_TRY(zx_array_type(c, &p[1], fn->name, &b));
    *out = zx_value_type(ZAGG_DT_BOOL, a.rank);
    return ZAGG_OK;
}

/* Elements and members in 64 bits; NaN is a member of nothing. */
static void search_members(zagg_dtype dtype, const char *each, size_t n,
                           const keyed *members, size_t n_members, uint8_t *to)
{
    const size_t size = zagg_dtype_size(dtype);
    for (size_t i = 0; i < n; i++) {
        size_t lo = 0, hi = n_members;
        keyed x = {.place = 0};
        zg_cast(dtype, each + i * size, wide_type(dtype), &x.key, 1);
        while (lo < hi) {
            const size_t mid = lo + (hi - lo) / 2;
            if (order_keys(dtype, &members[mid], &x) < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
        const bool is_nan = zagg_dtype_is_float(dtype) && x.key.f != x.key.f;
        to[i] = lo < n_members && !is_nan && order_keys(dtype, &members[lo], &x) == 0;
    }
}

/* Few members are compared one by one with all elements, many are sorted. */
static zagg_status find_members(zx_run *r, zagg_dtype dtype, const char *each, size_t n,
                                const char *members, size_t n_members, uint8_t *to)
{
    enum { FEW = 16 };
    const size_t size = zagg_dtype_size(dtype);
    if (n_members > FEW) {
        keyed *sorted;
        ZAGG_TRY(keys_of(r, dtype, members, n_members, &sorted));
        search_members(dtype, each, n, sorted, n_members, to);
        return ZAGG_OK;
    }
    uint8_t *equal = zx_take(r, n + 1, 1);
    if (!equal)
        return r->err->status;
    memset(to, 0, n);
    for (size_t k = 0; k < n_members; k++) {
        zx_kernel_binary(ZX_EQ, dtype, each, 1, members + k * size, 0, equal, n);
        for (size_t i = 0; i < n; i++)
            to[i] |= equal[i];
    }
    return ZAGG_OK;
}

static zagg_status isin_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    zx_val x, set;
    (void)fn;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &x));
    ZAGG_TRY(zx_as_array(r, &p[1], &a[1], &set));
    const zagg_dtype common = zg_promote(x.dtype, set.dtype);
    ZAGG_TRY(zx_cast(r, &x, common, &x));
    ZAGG_TRY(zx_cast(r, &set, common, &set));
    const bool invert = p[3].kind == ZX_K_VALUE && p[3].i != 0;
    if (!set.uniform)
        ZAGG_TRY(zx_write_out(r, &x, &x));
    ZAGG_TRY(zx_new_like(r, &x, ZAGG_DT_BOOL, out));
    uint8_t *to = out->data;
    const size_t n = zx_elements(&x);
    if (set.uniform)
        ZAGG_TRY(find_members(r, common, x.data, n, set.data, zx_elements(&set), to));
    for (size_t s = 0; !set.uniform && s < r->n_seg; s++)
        ZAGG_TRY(find_members(r, common, zx_at_segment(&x, s), zx_rows(&x, s) * x.cols,
                              zx_at_segment(&set, s), zx_rows(&set, s) * set.cols,
                              to + zx_first(out, s) * out->cols));
    for (size_t i = 0; invert && i < n; i++)
        to[i] = !to[i];
    return ZAGG_OK;
}

/* ---- take ---- */

static zagg_status take_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    zx_type a, index;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    ZAGG_TRY(zx_array_type(c, &p[1], fn->name, &index));
    if (a.rank != 1 || index.rank > 1 || zagg_dtype_is_float(index.dtype))
        return zx_refuse(c, "take needs an array of one axis and whole numbers");
    *out = zx_value_type(a.dtype, index.rank);
    return ZAGG_OK;
}

static zagg_status take_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    zx_val v, index;
    (void)fn;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &v));
    ZAGG_TRY(zx_as_array(r, &p[1], &a[1], &index));
    ZAGG_TRY(zx_cast(r, &index, ZAGG_DT_I64, &index));
    if (index.rank == 0)
        ZAGG_TRY(zx_new_scalar(r, v.dtype, false, out));
    else if (index.uniform)
        ZAGG_TRY(zx_new_rows(r, v.dtype, index.off[1], 1, 1, out));
    else
        ZAGG_TRY(zx_new_like(r, &index, v.dtype, out));
    const size_t size = zagg_dtype_size(v.dtype);
    for (size_t s = 0; s < r->n_seg; s++) {
        const int64_t *each = zx_at_segment(&index, s), n = (int64_t)zx_rows(&v, s);
        const char *x = zx_at_segment(&v, s);
        char *to = (char *)out->data + zx_first(out, s) * size;
        for (size_t i = 0; i < zx_rows(&index, s); i++) {
            const int64_t at = each[i] < 0 ? each[i] + n : each[i];
            if (at < 0 || at >= n)
                return zx_fail(
                    r, s,
                    "IndexError: index %lld is out of bounds for axis 0 with size "
                    "%lld",
                    (long long)each[i], (long long)n);
            memcpy(to + i * size, x + (size_t)at * size, size);
        }
    }
    return ZAGG_OK;
}

const zx_fn ZX_SORTING[] = {
    {"sort", "a axis kind", 1, false, SORT, sort_type, sort_run},
    {"argsort", "a axis kind", 1, true, ARGSORT, sort_type, sort_run},
    {"unique", "ar", 1, false, UNIQUE, sort_type, unique_run},
    {"flatnonzero", "a", 1, false, 0, nonzero_type, nonzero_run},
    {"nonzero", "a", 1, true, 1, nonzero_type, nonzero_run},
    {"isin", "element test_elements assume_unique invert", 2, false, 0, isin_type,
     isin_run},
    {"take", "a indices", 2, true, 0, take_type, take_run},
    {0},
};
