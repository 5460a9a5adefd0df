/* Functions that search in sorted arrays, interpolate in them, and count. */
#include "expr/elementwise.h"
#include "expr/fn.h"

#include <math.h>
#include <string.h>

/* ---- searching in sorted arrays ---- */

/* NaN is above everything, as numpy sorts. */
static int order_f64(double x, double y)
{
    if (x != x || y != y)
        return (x != x) - (y != y);
    return (x > y) - (x < y);
}

#define WHOLE_ORDER(x, y) (((x) > (y)) - ((x) < (y)))

/* How many of n sorted elements come before x: those in front of it, and those that are
 * equal where `closed`. */
#define PLACE(name, T, ORDER)                                                            \
    static size_t name(const T *sorted, size_t n, T x, bool closed, bool descending)     \
    {                                                                                    \
        size_t lo = 0, hi = n;                                                           \
        while (lo < hi) {                                                                \
            const size_t mid = lo + (hi - lo) / 2;                                       \
            const int o = ORDER(sorted[mid], x);                                         \
            if (o == 0 ? closed : (o < 0) != descending)                                 \
                lo = mid + 1;                                                            \
            else                                                                         \
                hi = mid;                                                                \
        }                                                                                \
        return lo;                                                                       \
    }
PLACE(place_f64, double, order_f64)
PLACE(place_i64, int64_t, WHOLE_ORDER)
PLACE(place_u64, uint64_t, WHOLE_ORDER)

/* The type in which elements of both are compared without loss. */
static zagg_dtype compared(zagg_dtype a, zagg_dtype b)
{
    const zagg_dtype common = zg_promote(a, b);
    if (zagg_dtype_is_float(common))
        return ZAGG_DT_F64;
    return common == ZAGG_DT_U64 ? ZAGG_DT_U64 : ZAGG_DT_I64;
}

static void find_places(zagg_dtype dtype, const void *sorted, size_t n, const void *x,
                        size_t n_x, bool closed, bool descending, int64_t *out)
{
    for (size_t i = 0; i < n_x; i++)
        switch (dtype) {
        case ZAGG_DT_F64:
            out[i] =
                (int64_t)place_f64(sorted, n, ((const double *)x)[i], closed, descending);
            break;
        case ZAGG_DT_U64:
            out[i] = (int64_t)place_u64(sorted, n, ((const uint64_t *)x)[i], closed,
                                        descending);
            break;
        default:
            out[i] = (int64_t)place_i64(sorted, n, ((const int64_t *)x)[i], closed,
                                        descending);
            break;
        }
}

static bool is_right(const zx_type *t)
{
    return t->kind == ZX_K_TEXT && strcmp(t->text, "right") == 0;
}

static zagg_status search_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zx_type a, v;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    ZAGG_TRY(zx_array_type(c, &p[1], fn->name, &v));
    const zx_type *sorted = fn->op ? &v : &a;
    if (sorted->rank != 1 || v.rank > 1 || a.rank > 1)
        return zx_refuse(c, "%s needs an array of one axis to search in", fn->name);
    if (p[2].kind == ZX_K_TEXT && strcmp(p[2].text, "left") != 0 && !is_right(&p[2]))
        return zx_refuse(c, "side must be 'left' or 'right'");
    *out = zx_value_type(ZAGG_DT_I64, fn->op ? a.rank : v.rank);
    return ZAGG_OK;
}

/* digitize: bins that descend count from the other end. */
static zagg_status is_descending(zx_run *r, size_t seg, zagg_dtype dtype,
                                 const void *bins, size_t n, bool *out)
{
    bool up = true, down = true;
    for (size_t i = 0; i + 1 < n; i++) {
        double pair[2];
        zg_cast(dtype, (const char *)bins + i * sizeof(double), ZAGG_DT_F64, pair, 2);
        up &= order_f64(pair[0], pair[1]) <= 0;
        down &= order_f64(pair[0], pair[1]) >= 0;
    }
    *out = !up;
    return up || down ? ZAGG_OK
                      : zx_fail(r, seg,
                                "ValueError: bins must be monotonically increasing or "
                                "decreasing");
}

static zagg_status search_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                              zx_run *r, zx_val *out)
{
    zx_val v[2];
    for (int i = 0; i < 2; i++)
        ZAGG_TRY(zx_as_array(r, &p[i], &a[i], &v[i]));
    const zagg_dtype dtype = compared(v[0].dtype, v[1].dtype);
    for (int i = 0; i < 2; i++)
        ZAGG_TRY(zx_cast(r, &v[i], dtype, &v[i]));
    const bool digitizes = fn->op != 0;
    const zx_val *sorted = &v[digitizes];
    zx_val *x = &v[!digitizes];
    if (!sorted->uniform)
        ZAGG_TRY(zx_write_out(r, x, x));
    ZAGG_TRY(zx_new_like(r, x, ZAGG_DT_I64, out));
    const bool right =
        digitizes ? p[2].kind == ZX_K_VALUE && p[2].i != 0 : is_right(&p[2]);
    for (size_t s = 0; s < (out->uniform ? 1 : r->n_seg); s++) {
        const void *edges = zx_at_segment(sorted, s);
        const size_t n = zx_rows(sorted, s);
        bool descending = false;
        if (digitizes)
            ZAGG_TRY(is_descending(r, s, dtype, edges, n, &descending));
        find_places(dtype, edges, n, zx_at_segment(x, s), zx_rows(x, s),
                    descending ? right : right != digitizes, descending,
                    (int64_t *)out->data + zx_first(out, s));
    }
    return ZAGG_OK;
}

/* ---- bincount ---- */

static zagg_status bincount_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                 zx_type *out)
{
    int64_t least;
    ZAGG_TRY(zx_want_array(c, &p[0], fn->name));
    if (p[0].rank != 1 || zagg_dtype_is_float(p[0].dtype))
        return zx_refuse(c, "bincount needs whole numbers of one axis");
    *out = zx_value_type(ZAGG_DT_I64, 1);
    if (p[1].kind != ZX_K_ABSENT && p[1].kind != ZX_K_NONE) {
        ZAGG_TRY(zx_want_array(c, &p[1], "weights"));
        out->dtype = ZAGG_DT_F64;
    }
    ZAGG_TRY(zx_want_int(c, &p[2], "minlength", 0, &least));
    return least < 0 ? zx_refuse(c, "minlength must not be negative") : ZAGG_OK;
}

static zagg_status bincount_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                                zx_run *r, zx_val *out)
{
    zx_val x, w = {0};
    const bool weighted = p[1].kind == ZX_K_VALUE;
    const int64_t least = p[2].kind == ZX_K_VALUE ? p[2].i : 0;
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    (void)fn;
    if (!off)
        return r->err->status;
    ZAGG_TRY(zx_cast(r, &a[0], ZAGG_DT_I64, &x));
    if (weighted)
        ZAGG_TRY(zx_cast(r, &a[1], ZAGG_DT_F64, &w));
    off[0] = 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        const int64_t *each = zx_at_segment(&x, s);
        int64_t most = least;
        for (size_t i = 0; i < zx_rows(&x, s); i++) {
            if (each[i] < 0)
                return zx_fail(
                    r, s, "ValueError: 'list' argument must have no negative elements");
            most = each[i] >= most ? each[i] + (each[i] < INT64_MAX) : most;
        }
        if ((uint64_t)most > r->limit)
            return zx_fail(r, s, "bincount: %lld bins are too many", (long long)most);
        if (weighted && zx_rows(&w, s) != zx_rows(&x, s))
            return zx_fail(
                r, s, "ValueError: The weights and list don't have the same length.");
        off[s + 1] = off[s] + (size_t)most;
    }
    ZAGG_TRY(zx_new_array(r, weighted ? ZAGG_DT_F64 : ZAGG_DT_I64, off, out));
    if (off[r->n_seg])
        memset(out->data, 0, off[r->n_seg] * 8);
    for (size_t s = 0; s < r->n_seg; s++) {
        const int64_t *each = zx_at_segment(&x, s);
        for (size_t i = 0; i < zx_rows(&x, s); i++)
            if (weighted)
                ((double *)out->data)[off[s] + (size_t)each[i]] +=
                    ((const double *)zx_at_segment(&w, s))[i];
            else
                ((int64_t *)out->data)[off[s] + (size_t)each[i]]++;
    }
    return ZAGG_OK;
}

/* ---- interp ---- */

static zagg_status interp_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zx_type t[3];
    for (int i = 0; i < 3; i++)
        ZAGG_TRY(zx_array_type(c, &p[i], fn->name, &t[i]));
    if (t[1].rank != 1 || t[2].rank != 1 || t[0].rank > 1)
        return zx_refuse(c, "xp and fp must be arrays of one axis");
    for (int i = 3; i < 5; i++)
        if (p[i].kind != ZX_K_ABSENT && p[i].kind != ZX_K_NONE &&
            (p[i].kind != ZX_K_VALUE || p[i].rank != 0))
            return zx_refuse(c, "left and right must be single values");
    *out = zx_value_type(ZAGG_DT_F64, t[0].rank);
    return ZAGG_OK;
}

/* numpy's rule, NaN results tried from the other side included. */
static double between(const double *x, const double *y, size_t n, double at, double left,
                      double right)
{
    if (at != at && n > 1)
        return at;
    if (at > x[n - 1])
        return right;
    if (at < x[0])
        return left;
    if (n == 1)
        return y[0];
    size_t j = place_f64(x, n, at, true, false) - 1;
    if (j >= n - 1)
        return y[n - 1];
    if (x[j] == at)
        return y[j];
    const double slope = (y[j + 1] - y[j]) / (x[j + 1] - x[j]);
    double v = slope * (at - x[j]) + y[j];
    if (v != v) {
        v = slope * (at - x[j + 1]) + y[j + 1];
        if (v != v && y[j] == y[j + 1])
            v = y[j];
    }
    return v;
}

static zagg_status interp_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                              zx_run *r, zx_val *out)
{
    zx_val v[3];
    (void)fn;
    for (int i = 0; i < 3; i++) {
        ZAGG_TRY(zx_as_array(r, &p[i], &a[i], &v[i]));
        ZAGG_TRY(zx_cast(r, &v[i], ZAGG_DT_F64, &v[i]));
    }
    if (v[0].rank == 0)
        ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_F64, false, out));
    else if (v[0].uniform)
        ZAGG_TRY(zx_new_rows(r, ZAGG_DT_F64, v[0].off[1], 1, 1, out));
    else
        ZAGG_TRY(zx_new_like(r, &v[0], ZAGG_DT_F64, out));
    for (size_t s = 0; s < r->n_seg; s++) {
        const size_t n = zx_rows(&v[1], s);
        const double *at = zx_at_segment(&v[0], s), *x = zx_at_segment(&v[1], s),
                     *y = zx_at_segment(&v[2], s);
        double *to = (double *)out->data + zx_first(out, s);
        if (n == 0)
            return zx_fail(r, s, "ValueError: array of sample points is empty");
        if (zx_rows(&v[2], s) != n)
            return zx_fail(r, s, "ValueError: fp and xp are not of the same length.");
        const double left = p[3].kind == ZX_K_VALUE ? zx_double(&a[3], s) : y[0];
        const double right = p[4].kind == ZX_K_VALUE ? zx_double(&a[4], s) : y[n - 1];
        for (size_t i = 0; i < zx_rows(&v[0], s); i++)
            to[i] = between(x, y, n, at[i], left, right);
    }
    return ZAGG_OK;
}

const zx_fn ZX_SEARCH[] = {
    {"searchsorted", "a v side", 2, false, 0, search_type, search_run},
    {"digitize", "x bins right", 2, false, 1, search_type, search_run},
    {"bincount", "x weights minlength", 1, false, 0, bincount_type, bincount_run},
    {"interp", "x xp fp left right", 3, false, 0, interp_type, interp_run},
    {0},
};
