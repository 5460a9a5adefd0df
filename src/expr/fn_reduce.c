/* Reductions: one value for each segment, or along an axis of a table. The arithmetic is
 * that of the reducers (stats), so that an expression and a field's function give the
 * same bits. */
#include "expr/fn_reduce.h"

#include "expr/elementwise.h"

#include <math.h>
#include <string.h>

size_t zx_param_index(const zx_fn *fn, zx_place what)
{
    const zg_reduce_op op = zx_reduce_op(fn);
    const bool spread = op == ZG_OP_VAR || op == ZG_OP_STD;
    const bool typed = spread || op == ZG_OP_SUM || op == ZG_OP_PROD || op == ZG_OP_MEAN;
    switch (what) {
    case ZX_AT_AXIS:
        return op == ZG_OP_QUANTILE ? 2 : 1;
    case ZX_AT_DTYPE:
        return typed ? 2 : ZX_MAX_PARAMS;
    case ZX_AT_OUT:
        return spread || op == ZG_OP_QUANTILE ? 3 : ZX_MAX_PARAMS;
    case ZX_AT_DDOF:
        return spread ? 4 : ZX_MAX_PARAMS;
    case ZX_AT_WEIGHTS:
        return op == ZG_OP_AVERAGE ? 2 : ZX_MAX_PARAMS;
    case ZX_AT_Q:
        return op == ZG_OP_QUANTILE ? 1 : ZX_MAX_PARAMS;
    default:
        return op == ZG_OP_QUANTILE ? 5 : ZX_MAX_PARAMS;
    }
}

const zx_type *zx_param(const zx_fn *fn, const zx_type *p, zx_place what)
{
    static const zx_type ABSENT = {0};
    const size_t i = zx_param_index(fn, what);
    return i < ZX_MAX_PARAMS ? &p[i] : &ABSENT;
}

/* ---- types ---- */

static zagg_dtype sum_dtype(zagg_dtype t)
{
    if (zagg_dtype_is_float(t))
        return t;
    return zagg_dtype_is_unsigned_int(t) ? ZAGG_DT_U64 : ZAGG_DT_I64;
}

static zagg_status result_dtype(const zx_fn *fn, const zx_type *p, zagg_dtype a,
                                zx_check *c, zagg_dtype *out)
{
    zagg_dtype wanted;
    const zg_reduce_op op = zx_reduce_op(fn);
    ZAGG_TRY(zx_want_dtype(c, zx_param(fn, p, ZX_AT_DTYPE), &wanted));
    switch (op) {
    case ZG_OP_SUM:
    case ZG_OP_PROD:
        *out = wanted != ZAGG_DT_NONE ? wanted : sum_dtype(a);
        return ZAGG_OK;
    case ZG_OP_MEAN:
        *out = wanted != ZAGG_DT_NONE ? wanted : zg_real_of(a);
        if (!zagg_dtype_is_float(*out))
            return zx_refuse(c, "dtype of a mean must be float32 or float64");
        return ZAGG_OK;
    case ZG_OP_VAR:
    case ZG_OP_STD:
        if (wanted != ZAGG_DT_NONE)
            return zx_refuse(c, "%s takes no dtype here; convert with astype", fn->name);
        *out = zg_real_of(a);
        return ZAGG_OK;
    case ZG_OP_MEDIAN:
    case ZG_OP_QUANTILE:
        *out = zg_real_of(a);
        return ZAGG_OK;
    case ZG_OP_ARGMIN:
    case ZG_OP_ARGMAX:
    case ZG_OP_COUNT_NONZERO:
        *out = ZAGG_DT_I64;
        return ZAGG_OK;
    case ZG_OP_ANY:
    case ZG_OP_ALL:
        *out = ZAGG_DT_BOOL;
        return ZAGG_OK;
    case ZG_OP_PTP:
        if (a == ZAGG_DT_BOOL)
            return zx_refuse(c, "ptp of truth values");
        *out = a;
        return ZAGG_OK;
    default:
        *out = a;
        return ZAGG_OK;
    }
}

/* The axis that is reduced, and what rank is left. */
static zagg_status axis_type(const zx_fn *fn, const zx_type *p, unsigned rank,
                             zx_check *c, int *axis, unsigned *left)
{
    const zx_type *t = zx_param(fn, p, ZX_AT_AXIS);
    int64_t a;
    ZAGG_TRY(zx_want_int(c, t, "axis", 0, &a));
    *axis = ZX_WHOLE;
    *left = 0;
    if (!zx_is_given(t))
        return ZAGG_OK;
    if (a < 0)
        a += rank;
    if (a < 0 || a >= (int64_t)rank)
        return zx_refuse(c, "axis %lld is out of bounds for an array of %u axes",
                         (long long)t->i, rank);
    if (rank == 2) {
        *axis = (int)a;
        *left = 1;
    }
    return ZAGG_OK;
}

static zagg_status reduce_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zx_type a;
    int axis;
    ZAGG_TRY(zx_array_type(c, &p[0], "the first argument", &a));
    if (zx_is_given(zx_param(fn, p, ZX_AT_OUT)))
        return zx_refuse(c, "out is not supported");
    *out = zx_value_type(a.dtype, 0);
    ZAGG_TRY(axis_type(fn, p, a.rank, c, &axis, &out->rank));
    ZAGG_TRY(result_dtype(fn, p, a.dtype, c, &out->dtype));
    const zx_type *ddof = zx_param(fn, p, ZX_AT_DDOF);
    if (zx_is_given(ddof) && (ddof->kind != ZX_K_VALUE || !ddof->constant))
        return zx_refuse(c, "ddof must be a literal number");
    if (zx_reduce_op(fn) == ZG_OP_QUANTILE)
        return zx_quantile_type(fn, p, c, out);
    const zx_type *weights = zx_param(fn, p, ZX_AT_WEIGHTS);
    if (zx_reduce_op(fn) == ZG_OP_AVERAGE) {
        out->dtype = zg_real_of(a.dtype);
        if (zx_is_given(weights)) {
            ZAGG_TRY(zx_want_value(c, weights, "weights"));
            if (weights->rank != a.rank)
                return zx_refuse(c, "weights must have the shape of what is averaged");
            out->dtype = zg_promote(a.dtype, weights->dtype);
            if (!zagg_dtype_is_float(a.dtype))
                out->dtype = zg_promote(out->dtype, ZAGG_DT_F64);
        }
    }
    return ZAGG_OK;
}

static zagg_status average(zx_reduction *w, const zx_fn *fn, const zx_type *p,
                           const zx_val *args, const zx_val *a, int axis, zx_val *out)
{
    const size_t at = zx_param_index(fn, ZX_AT_WEIGHTS);
    if (zx_is_given(&p[at])) {
        if (axis != ZX_WHOLE)
            return zx_fail(w->r, 0, "weights along an axis of a table are not supported");
        w->reducer.weights = "weights";
        return zx_reduce_axis(w, a, &args[at], axis, out);
    }
    w->reducer.op = ZG_OP_MEAN;
    ZAGG_TRY(zx_reduce_axis(w, a, NULL, axis, out));
    /* numpy divides the numbers of elements, too */
    for (size_t s = 0; axis != ZX_WHOLE && s < (out->uniform ? 1 : w->r->n_seg); s++)
        if (zx_rows(out, s) == 0)
            return zx_fail(w->r, s, "ZeroDivisionError: division by zero");
    return ZAGG_OK;
}

static zagg_status reduce_run(const zx_fn *fn, const zx_type *p, const zx_val *args,
                              zx_run *r, zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    zx_val a;
    int axis;
    unsigned left;
    zx_reduction w = {.r = r};
    ZAGG_TRY(reduce_type(fn, p, &none, &result));
    ZAGG_TRY(zx_as_array(r, &p[0], &args[0], &a));
    ZAGG_TRY(axis_type(fn, p, a.rank, &none, &axis, &left));
    w.reducer = (zg_reducer){.name = fn->name,
                             .op = zx_reduce_op(fn),
                             .skip_nan = (fn->op & ZX_SKIPS_NAN) != 0};
    w.result = result.dtype;
    const zx_type *ddof = zx_param(fn, p, ZX_AT_DDOF);
    w.reducer.ddof = zx_is_given(ddof) ? ddof->f : 0;
    if (w.reducer.op == ZG_OP_QUANTILE)
        (void)zx_find_quantile_method(zx_param(fn, p, ZX_AT_METHOD), &w.reducer.method);
    ZAGG_TRY(zx_want_dtype(&none, zx_param(fn, p, ZX_AT_DTYPE), &w.cast_to));
    if (w.reducer.op == ZG_OP_AVERAGE)
        return average(&w, fn, p, args, &a, axis, out);
    if (w.reducer.op == ZG_OP_QUANTILE && axis == ZX_WHOLE)
        return zx_quantiles(&w, fn, p, args, &a, out);
    if (w.reducer.op == ZG_OP_QUANTILE) {
        w.reducer.q =
            zx_param(fn, p, ZX_AT_Q)->f / (strstr(fn->name, "percent") ? 100 : 1);
        if (!zx_param(fn, p, ZX_AT_Q)->constant ||
            !(w.reducer.q >= 0 && w.reducer.q <= 1))
            return zx_fail(r, 0,
                           "ValueError: q must be a literal number in its range here");
    }
    return zx_reduce_axis(&w, &a, NULL, axis, out);
}

/* ---- running sums ---- */

static zagg_status running_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                zx_type *out)
{
    int64_t axis;
    ZAGG_TRY(zx_want_array(c, &p[0], fn->name));
    ZAGG_TRY(zx_want_int(c, &p[1], "axis", 0, &axis));
    if (p[0].rank != 1 || (axis != 0 && axis != -1))
        return zx_refuse(c, "%s of a table is not supported", fn->name);
    *out = zx_value_type(sum_dtype(p[0].dtype), 1);
    return ZAGG_OK;
}

static zagg_status running_run(const zx_fn *fn, const zx_type *p, const zx_val *args,
                               zx_run *r, zx_val *out)
{
    const zagg_dtype dtype = sum_dtype(p[0].dtype);
    const size_t size = zagg_dtype_size(dtype);
    zx_val a;
    ZAGG_TRY(zx_cast(r, &args[0], dtype, &a));
    ZAGG_TRY(zx_new_like(r, &a, dtype, out));
    const size_t n_seg = a.uniform ? 1 : r->n_seg;
    for (size_t s = 0; s < n_seg; s++) {
        const char *x = zx_at_segment(&a, s);
        char *z = (char *)out->data + zx_first(out, s) * size;
        for (size_t i = 0; i < zx_rows(&a, s); i++) {
            if (i == 0)
                memcpy(z, x, size);
            else
                zx_kernel_binary((zx_op)fn->op, dtype, z + (i - 1) * size, 1,
                                 x + i * size, 1, z + i * size, 1);
        }
    }
    return ZAGG_OK;
}

#define PLAIN(name, method, op)                                                          \
    {                                                                                    \
        name, "a axis", 1, method, op, reduce_type, reduce_run                           \
    }
#define TYPED(name, method, op)                                                          \
    {                                                                                    \
        name, "a axis dtype", 1, method, op, reduce_type, reduce_run                     \
    }
#define SPREAD(name, method, op)                                                         \
    {                                                                                    \
        name, "a axis dtype out ddof", 1, method, op, reduce_type, reduce_run            \
    }
#define QUANTILE(name, op)                                                               \
    {                                                                                    \
        name, "a q axis out overwrite_input method", 2, false, op, reduce_type,          \
            reduce_run                                                                   \
    }

const zx_fn ZX_REDUCTIONS[] = {
    TYPED("sum", true, ZG_OP_SUM),
    TYPED("prod", true, ZG_OP_PROD),
    TYPED("mean", true, ZG_OP_MEAN),
    SPREAD("var", true, ZG_OP_VAR),
    SPREAD("std", true, ZG_OP_STD),
    PLAIN("min", true, ZG_OP_MIN),
    PLAIN("max", true, ZG_OP_MAX),
    PLAIN("amin", false, ZG_OP_MIN),
    PLAIN("amax", false, ZG_OP_MAX),
    PLAIN("ptp", false, ZG_OP_PTP),
    PLAIN("median", false, ZG_OP_MEDIAN),
    PLAIN("any", true, ZG_OP_ANY),
    PLAIN("all", true, ZG_OP_ALL),
    PLAIN("count_nonzero", false, ZG_OP_COUNT_NONZERO),
    PLAIN("argmin", true, ZG_OP_ARGMIN),
    PLAIN("argmax", true, ZG_OP_ARGMAX),
    QUANTILE("quantile", ZG_OP_QUANTILE),
    QUANTILE("percentile", ZG_OP_QUANTILE),
    {"average", "a axis weights", 1, false, ZG_OP_AVERAGE, reduce_type, reduce_run},
    TYPED("nansum", false, ZG_OP_SUM | ZX_SKIPS_NAN),
    TYPED("nanprod", false, ZG_OP_PROD | ZX_SKIPS_NAN),
    TYPED("nanmean", false, ZG_OP_MEAN | ZX_SKIPS_NAN),
    SPREAD("nanvar", false, ZG_OP_VAR | ZX_SKIPS_NAN),
    SPREAD("nanstd", false, ZG_OP_STD | ZX_SKIPS_NAN),
    PLAIN("nanmin", false, ZG_OP_MIN | ZX_SKIPS_NAN),
    PLAIN("nanmax", false, ZG_OP_MAX | ZX_SKIPS_NAN),
    PLAIN("nanmedian", false, ZG_OP_MEDIAN | ZX_SKIPS_NAN),
    PLAIN("nanargmin", false, ZG_OP_ARGMIN | ZX_SKIPS_NAN),
    PLAIN("nanargmax", false, ZG_OP_ARGMAX | ZX_SKIPS_NAN),
    QUANTILE("nanquantile", ZG_OP_QUANTILE | ZX_SKIPS_NAN),
    QUANTILE("nanpercentile", ZG_OP_QUANTILE | ZX_SKIPS_NAN),
    {"cumsum", "a axis", 1, true, ZX_ADD, running_type, running_run},
    {"cumprod", "a axis", 1, true, ZX_MUL, running_type, running_run},
    {0},
};
