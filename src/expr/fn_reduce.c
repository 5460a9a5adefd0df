/* Reductions: one value for each segment, or along an axis of a table. The arithmetic is
 * that of the reducers (stats), so that an expression and a field's function give the
 * same bits. */
#include "expr/elementwise.h"
#include "expr/fn.h"
#include "stats/reduce_impl.h"
#include "stats/segments.h"

#include <math.h>
#include <string.h>

enum { SKIPS_NAN = 64, OP = 63 };
enum { WHOLE = -1 }; /* no axis: everything of a segment */

static zg_reduce_op op_of(const zx_fn *fn)
{
    return (zg_reduce_op)(fn->op & OP);
}

/* Where a signature has its parameters: see the table at the end. */
typedef enum place {
    AT_AXIS,
    AT_DTYPE,
    AT_OUT,
    AT_DDOF,
    AT_WEIGHTS,
    AT_Q,
    AT_METHOD
} place;

static size_t param_index(const zx_fn *fn, place what)
{
    const zg_reduce_op op = op_of(fn);
    const bool spread = op == ZG_OP_VAR || op == ZG_OP_STD;
    const bool typed = spread || op == ZG_OP_SUM || op == ZG_OP_PROD || op == ZG_OP_MEAN;
    switch (what) {
    case AT_AXIS:
        return op == ZG_OP_QUANTILE ? 2 : 1;
    case AT_DTYPE:
        return typed ? 2 : ZX_MAX_PARAMS;
    case AT_OUT:
        return spread || op == ZG_OP_QUANTILE ? 3 : ZX_MAX_PARAMS;
    case AT_DDOF:
        return spread ? 4 : ZX_MAX_PARAMS;
    case AT_WEIGHTS:
        return op == ZG_OP_AVERAGE ? 2 : ZX_MAX_PARAMS;
    case AT_Q:
        return op == ZG_OP_QUANTILE ? 1 : ZX_MAX_PARAMS;
    default:
        return op == ZG_OP_QUANTILE ? 5 : ZX_MAX_PARAMS;
    }
}

static const zx_type *param(const zx_fn *fn, const zx_type *p, place what)
{
    static const zx_type ABSENT = {0};
    const size_t i = param_index(fn, what);
    return i < ZX_MAX_PARAMS ? &p[i] : &ABSENT;
}

static bool is_given(const zx_type *t)
{
    return t->kind != ZX_K_ABSENT && t->kind != ZX_K_NONE;
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
    const zg_reduce_op op = op_of(fn);
    ZAGG_TRY(zx_want_dtype(c, param(fn, p, AT_DTYPE), &wanted));
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
        if (a == ZAGG_DT_BOOL && op == ZG_OP_QUANTILE)
            return zx_refuse(c, "%s of truth values", fn->name);
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
    const zx_type *t = param(fn, p, AT_AXIS);
    int64_t a;
    ZAGG_TRY(zx_want_int(c, t, "axis", 0, &a));
    *axis = WHOLE;
    *left = 0;
    if (!is_given(t))
        return ZAGG_OK;
    if (a < 0)
        a += rank;
    if (a < 0 || a >= (int64_t)(rank ? rank : 1))
        return zx_refuse(c, "axis %lld is out of bounds for an array of %u axes",
                         (long long)t->i, rank);
    if (rank == 2) {
        *axis = (int)a;
        *left = 1;
    }
    return ZAGG_OK;
}

/* q as it must be: literal or computed; a list or an array of float64 gives float64. */
typedef struct quantile_type {
    bool list, wide, whole; /* whole: 0 or 1, which take elements */
} quantile_type;

static zagg_status q_type(const zx_fn *fn, const zx_type *q, zx_check *c,
                          quantile_type *out)
{
    zx_type a;
    ZAGG_TRY(zx_array_type(c, q, "q", &a));
    out->list = a.rank == 1;
    if (a.rank > 1)
        return zx_refuse(c, "q must be a number or a list of numbers");
    if (!zagg_dtype_is_float(a.dtype) && a.dtype != ZAGG_DT_I64)
        return zx_refuse(c, "q must be a number");
    out->wide = q->kind == ZX_K_SEQ || !q->weak;
    out->whole = a.dtype == ZAGG_DT_I64 && strstr(fn->name, "quantile") != NULL;
    if (a.dtype == ZAGG_DT_F32)
        return zx_refuse(c, "q must not be float32; convert with float()");
    return ZAGG_OK;
}

static bool find_method(const zx_type *t, zg_quantile_method *out)
{
    static const struct {
        const char *name;
        zg_quantile_method method;
    } METHODS[] = {{"linear", ZG_Q_LINEAR},
                   {"lower", ZG_Q_LOWER},
                   {"higher", ZG_Q_HIGHER},
                   {"nearest", ZG_Q_NEAREST},
                   {"midpoint", ZG_Q_MIDPOINT},
                   {"inverted_cdf", ZG_Q_INVERTED_CDF},
                   {"averaged_inverted_cdf", ZG_Q_AVERAGED_INVERTED_CDF},
                   {"closest_observation", ZG_Q_CLOSEST_OBSERVATION},
                   {"interpolated_inverted_cdf", ZG_Q_INTERPOLATED_INVERTED_CDF},
                   {"hazen", ZG_Q_HAZEN},
                   {"weibull", ZG_Q_WEIBULL},
                   {"median_unbiased", ZG_Q_MEDIAN_UNBIASED},
                   {"normal_unbiased", ZG_Q_NORMAL_UNBIASED}};
    *out = ZG_Q_LINEAR;
    if (!is_given(t))
        return true;
    for (size_t i = 0; t->kind == ZX_K_TEXT && i < sizeof METHODS / sizeof METHODS[0];
         i++)
        if (strcmp(t->text, METHODS[i].name) == 0) {
            *out = METHODS[i].method;
            return true;
        }
    return false;
}

/* Methods that pick elements keep the type of the data. */
static bool picks(zg_quantile_method m)
{
    return m == ZG_Q_LOWER || m == ZG_Q_HIGHER || m == ZG_Q_NEAREST ||
           m == ZG_Q_INVERTED_CDF || m == ZG_Q_CLOSEST_OBSERVATION;
}

static zagg_status quantile_result(const zx_fn *fn, const zx_type *p, zx_check *c,
                                   zx_type *out)
{
    quantile_type q = {0};
    zg_quantile_method method;
    zx_type a;
    const zx_type *qt = param(fn, p, AT_Q);
    ZAGG_TRY(zx_array_type(c, &p[0], "the first argument", &a));
    ZAGG_TRY(q_type(fn, qt, c, &q));
    if (!find_method(param(fn, p, AT_METHOD), &method))
        return zx_refuse(
            c, "method must be linear, lower, higher, nearest, midpoint, hazen, "
               "weibull, median_unbiased, normal_unbiased or one of the cdf "
               "methods");
    if (picks(method))
        out->dtype = a.dtype;
    else if (q.wide)
        out->dtype = ZAGG_DT_F64;
    if (method == ZG_Q_LINEAR && q.whole)
        out->dtype = a.dtype;
    if (q.whole && q.wide &&
        (method == ZG_Q_WEIBULL || method == ZG_Q_INTERPOLATED_INVERTED_CDF))
        return zx_refuse(c, "this method needs q as floats: 0.0 and 1.0");
    if (q.list && out->rank > 0)
        return zx_refuse(c, "a list of q along an axis is not supported");
    out->rank += q.list;
    return ZAGG_OK;
}

static zagg_status reduce_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zx_type a;
    int axis;
    ZAGG_TRY(zx_array_type(c, &p[0], "the first argument", &a));
    if (is_given(param(fn, p, AT_OUT)))
        return zx_refuse(c, "out is not supported");
    *out = zx_value_type(a.dtype, 0);
    ZAGG_TRY(axis_type(fn, p, a.rank, c, &axis, &out->rank));
    ZAGG_TRY(result_dtype(fn, p, a.dtype, c, &out->dtype));
    const zx_type *ddof = param(fn, p, AT_DDOF);
    if (is_given(ddof) && (ddof->kind != ZX_K_VALUE || !ddof->constant))
        return zx_refuse(c, "ddof must be a literal number");
    if (op_of(fn) == ZG_OP_QUANTILE)
        return quantile_result(fn, p, c, out);
    const zx_type *weights = param(fn, p, AT_WEIGHTS);
    if (op_of(fn) == ZG_OP_AVERAGE) {
        out->dtype = zg_real_of(a.dtype);
        if (is_given(weights)) {
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

/* ---- values ---- */

typedef struct work {
    zx_run *r;
    zg_reducer reducer;
    zagg_dtype result;
    zagg_dtype cast_to; /* dtype= of a sum or mean; NONE */
    void *scratch;
    size_t scratch_n; /* elements that the scratch serves */
} work;

static zagg_status need_scratch(work *w, zagg_dtype dtype, size_t n)
{
    if (n <= w->scratch_n && w->scratch)
        return ZAGG_OK;
    w->scratch_n = n < 64 ? 64 : n;
    w->scratch =
        zx_take(w->r, zg_reducer_scratch_bytes(&w->reducer, dtype, w->scratch_n) + 64, 1);
    return w->scratch ? ZAGG_OK : w->r->err->status;
}

/* The values with `instead` in place of NaN. */
static zagg_status without_nan(work *w, zagg_dtype dtype, const void **x, size_t n,
                               double instead)
{
    void *copy = zx_take(w->r, n + 1, zagg_dtype_size(dtype));
    if (!copy)
        return w->r->err->status;
    for (size_t i = 0; i < n; i++) {
        if (dtype == ZAGG_DT_F32) {
            const float v = ((const float *)*x)[i];
            ((float *)copy)[i] = v == v ? v : (float)instead;
        } else {
            const double v = ((const double *)*x)[i];
            ((double *)copy)[i] = v == v ? v : instead;
        }
    }
    *x = copy;
    return ZAGG_OK;
}

/* numpy casts what it sums in blocks, whose sums are added one after another. */
static zagg_status sum_of_blocks(work *w, zagg_dtype dtype, const char *x, size_t n,
                                 double *out)
{
    enum { BLOCK = 8192 };
    const zagg_dtype to = w->cast_to;
    void *block = zx_take(w->r, BLOCK, zagg_dtype_size(to));
    if (!block)
        return w->r->err->status;
    double sum = 0;
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        zg_cast(dtype, x + i * zagg_dtype_size(dtype), to, block, m);
        const zg_terms terms = {.term = ZG_TERM_VALUE, .x = {to, block, m}};
        sum = zg_round_to(to, sum + zg_sum_terms(to, &terms));
    }
    *out = sum;
    return ZAGG_OK;
}

static bool casts(const work *w, zagg_dtype dtype)
{
    return w->cast_to != ZAGG_DT_NONE && w->cast_to != dtype;
}

static zagg_status reduced(work *w, const zg_reducer *reducer, size_t seg,
                           zagg_dtype dtype, const void *x, size_t n,
                           const zg_slice *weights, zg_scalar *out)
{
    ZAGG_TRY(need_scratch(w, dtype, n));
    const zagg_status status =
        zg_reduce(reducer, dtype, x, n, weights ? weights->dtype : ZAGG_DT_NONE,
                  weights ? weights->values : NULL, w->scratch, out, w->r->err);
    if (status == ZAGG_OK || status == ZAGG_ENOMEM)
        return status;
    w->r->bad_segment = seg;
    return ZAGG_ERANGE;
}

/* sum, prod and mean in another type than that of the data. */
static zagg_status cast_and_reduce(work *w, size_t seg, zagg_dtype dtype, const void *x,
                                   size_t n, zg_scalar *out)
{
    const zg_reduce_op op = w->reducer.op;
    size_t count = n;
    if (w->reducer.skip_nan && zagg_dtype_is_float(dtype)) {
        const void *all = x;
        ZAGG_TRY(without_nan(w, dtype, &x, n, op == ZG_OP_PROD ? 1 : 0));
        for (size_t i = 0; i < n; i++)
            count -= dtype == ZAGG_DT_F32 ? isnan(((const float *)all)[i]) != 0
                                          : isnan(((const double *)all)[i]) != 0;
    }
    if (op != ZG_OP_PROD && zagg_dtype_is_float(w->cast_to)) {
        double sum = 0;
        ZAGG_TRY(sum_of_blocks(w, dtype, x, n, &sum));
        if (op == ZG_OP_MEAN)
            sum = zg_round_to(w->cast_to, sum / (double)count);
        *out = zg_scalar_float(w->cast_to, sum);
        return ZAGG_OK;
    }
    void *values = zx_take(w->r, n + 1, zagg_dtype_size(w->cast_to));
    if (!values)
        return w->r->err->status;
    zg_cast(dtype, x, w->cast_to, values, n);
    zg_reducer same = w->reducer;
    same.skip_nan = false;
    if (w->cast_to == ZAGG_DT_BOOL)
        same.op = op == ZG_OP_PROD ? ZG_OP_ALL : ZG_OP_ANY;
    return reduced(w, &same, seg, w->cast_to, values, n, NULL, out);
}

/* numpy puts the other extreme in the place of NaN, which is then found where no number
 * goes further. */
static zagg_status arg_skipping_nan(work *w, size_t seg, zagg_dtype dtype, const void *x,
                                    size_t n, int64_t *out)
{
    const bool most = w->reducer.op == ZG_OP_ARGMAX;
    double best = 0;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        const double v =
            dtype == ZAGG_DT_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
        const double u = v == v ? v : most ? -HUGE_VAL : HUGE_VAL;
        any |= v == v;
        if (i > 0 && (most ? u <= best : u >= best))
            continue;
        best = u;
        *out = (int64_t)i;
    }
    return any ? ZAGG_OK : zx_fail(w->r, seg, "ValueError: All-NaN slice encountered");
}

static void put(zg_scalar s, zagg_dtype dtype, void *to)
{
    if (zagg_dtype_is_float(s.dtype))
        zg_cast(ZAGG_DT_F64, &s.v.f, dtype, to, 1);
    else
        zg_cast(zagg_dtype_is_unsigned_int(s.dtype) ? ZAGG_DT_U64 : ZAGG_DT_I64, &s.v,
                dtype, to, 1);
}

static zagg_status reduce_slice(work *w, size_t seg, zagg_dtype dtype, const void *x,
                                size_t n, zagg_dtype weights_dtype, const void *weights,
                                void *to)
{
    zg_scalar value = {ZAGG_DT_I64, {0}};
    if (w->reducer.skip_nan && zagg_dtype_is_float(dtype) &&
        (w->reducer.op == ZG_OP_ARGMIN || w->reducer.op == ZG_OP_ARGMAX)) {
        ZAGG_TRY(arg_skipping_nan(w, seg, dtype, x, n, &value.v.i));
        put(value, w->result, to);
        return ZAGG_OK;
    }
    const zg_slice weights_slice = {weights_dtype, weights, n};
    if (casts(w, dtype))
        ZAGG_TRY(cast_and_reduce(w, seg, dtype, x, n, &value));
    else
        ZAGG_TRY(reduced(w, &w->reducer, seg, dtype, x, n,
                         weights ? &weights_slice : NULL, &value));
    put(value, w->result, to);
    return ZAGG_OK;
}

static bool sums_plainly(const work *w, const zx_val *a)
{
    return (w->reducer.op == ZG_OP_SUM || w->reducer.op == ZG_OP_MEAN) && a->rank == 1 &&
           !w->reducer.skip_nan && w->result == a->dtype;
}

/* Everything of each segment. */
static zagg_status reduce_whole(work *w, const zx_val *a, const zx_val *weights,
                                zx_val *out)
{
    const size_t size = zagg_dtype_size(w->result);
    const bool uniform = a->uniform && (!weights || weights->uniform);
    ZAGG_TRY(zx_new_scalar(w->r, w->result, uniform, out));
    if (!uniform && !weights && sums_plainly(w, a) &&
        zg_sum_segments(a->dtype, a->data, a->off, w->r->n_seg,
                        w->reducer.op == ZG_OP_MEAN, out->data))
        return ZAGG_OK;
    for (size_t s = 0; s < (uniform ? 1 : w->r->n_seg); s++) {
        const size_t n = zx_rows(a, s) * a->cols;
        if (weights && zx_rows(weights, s) * weights->cols != n)
            return zx_fail(w->r, s, "ValueError: weights of another shape");
        ZAGG_TRY(reduce_slice(w, s, a->dtype, zx_at_segment(a, s), n,
                              weights ? weights->dtype : ZAGG_DT_NONE,
                              weights ? zx_at_segment(weights, s) : NULL,
                              (char *)out->data + s * size));
    }
    return ZAGG_OK;
}

/* Each row of a table. */
static zagg_status reduce_rows(work *w, const zx_val *a, zx_val *out)
{
    const size_t size = zagg_dtype_size(w->result), in = zagg_dtype_size(a->dtype);
    *out = *a;
    out->dtype = w->result;
    out->rank = 1;
    out->cols = 1;
    out->data = zx_take(w->r, zx_elements(out) + 1, size);
    if (!out->data)
        return w->r->err->status;
    const char *row = a->data;
    char *to = out->data;
    for (size_t s = 0; s < (out->uniform ? 1 : w->r->n_seg); s++)
        for (size_t i = 0; i < zx_rows(out, s); i++, row += a->cols * in, to += size)
            ZAGG_TRY(reduce_slice(w, s, a->dtype, row, a->cols, ZAGG_DT_NONE, NULL, to));
    return ZAGG_OK;
}

/* numpy adds the rows of a table in order where it has more than one column. */
static void add_rows(zagg_dtype real, const double *x, size_t rows, double *sum)
{
    *sum = 0;
    for (size_t i = 0; i < rows; i++)
        *sum = real == ZAGG_DT_F32 ? (double)((float)*sum + (float)x[i]) : *sum + x[i];
}

static bool sums_in_order(const work *w, const zx_val *a)
{
    return a->cols > 1 && zagg_dtype_is_float(a->dtype) && w->cast_to == ZAGG_DT_NONE &&
           (w->reducer.op == ZG_OP_SUM || w->reducer.op == ZG_OP_MEAN ||
            w->reducer.op == ZG_OP_VAR || w->reducer.op == ZG_OP_STD) &&
           !w->reducer.skip_nan;
}

static double column_sum(const work *w, zagg_dtype real, double *x, size_t n)
{
    double sum;
    add_rows(real, x, n, &sum);
    if (w->reducer.op == ZG_OP_SUM)
        return sum;
    const double mean = zg_round_to(real, sum / (double)n);
    if (w->reducer.op == ZG_OP_MEAN)
        return mean;
    for (size_t i = 0; i < n; i++) {
        const double d = zg_round_to(real, x[i] - mean);
        x[i] = zg_round_to(real, d * d);
    }
    add_rows(real, x, n, &sum);
    const double free = (double)n - w->reducer.ddof;
    const double var = zg_round_to(real, sum / (free > 0 ? free : 0));
    return w->reducer.op == ZG_OP_VAR ? var : zg_round_to(real, sqrt(var));
}

/* Each column of a table. */
static zagg_status reduce_columns(work *w, const zx_val *a, zx_val *out)
{
    const size_t size = zagg_dtype_size(w->result), in = zagg_dtype_size(a->dtype);
    ZAGG_TRY(zx_new_rows(w->r, w->result, a->cols, 1, 1, out));
    for (size_t s = 0; s < w->r->n_seg; s++) {
        const size_t n = zx_rows(a, s);
        const char *x = zx_at_segment(a, s);
        char *column = zx_take(w->r, n + 1, in);
        double *wide = sums_in_order(w, a) ? zx_take(w->r, n + 1, sizeof *wide) : NULL;
        if (!column || (sums_in_order(w, a) && !wide))
            return w->r->err->status;
        for (size_t k = 0; k < a->cols; k++) {
            char *to = (char *)out->data + (s * a->cols + k) * size;
            for (size_t i = 0; i < n; i++)
                memcpy(column + i * in, x + (i * a->cols + k) * in, in);
            if (wide) {
                zg_cast(a->dtype, column, ZAGG_DT_F64, wide, n);
                const double v = column_sum(w, a->dtype, wide, n);
                zg_cast(ZAGG_DT_F64, &v, w->result, to, 1);
            } else {
                ZAGG_TRY(reduce_slice(w, s, a->dtype, column, n, ZAGG_DT_NONE, NULL, to));
            }
        }
    }
    return ZAGG_OK;
}

/* ---- quantiles ---- */

static zagg_status one_quantile(work *w, const zx_type *qt, const zx_val *a, size_t seg,
                                double q, bool percent, bool q_picks, void *to)
{
    const size_t n = zx_rows(a, seg) * a->cols;
    const void *x = zx_at_segment(a, seg);
    if (percent)
        q /= 100;
    if (!(q >= 0 && q <= 1))
        return zx_fail(w->r, seg, "ValueError: %s must be in the range %s",
                       percent ? "Percentiles" : "Quantiles",
                       percent ? "[0, 100]" : "[0, 1]");
    if (n == 0 && w->reducer.skip_nan && !zagg_dtype_is_float(w->result))
        return zx_fail(w->r, seg, "NaN, as there are no values, does not fit %s",
                       zagg_dtype_name(w->result));
    w->reducer.q = q;
    w->reducer.q_picks = q_picks;
    w->reducer.q_wide = qt->kind == ZX_K_SEQ || !qt->weak;
    return reduce_slice(w, seg, a->dtype, x, n, ZAGG_DT_NONE, NULL, to);
}

static zagg_status quantiles(work *w, const zx_fn *fn, const zx_type *p,
                             const zx_val *args, const zx_val *a, zx_val *out)
{
    const zx_type *qt = param(fn, p, AT_Q);
    const bool percent = strstr(fn->name, "percent") != NULL;
    const size_t size = zagg_dtype_size(w->result);
    zx_val q;
    ZAGG_TRY(zx_as_array(w->r, qt, &args[param_index(fn, AT_Q)], &q));
    const bool whole = !percent && q.dtype == ZAGG_DT_I64;
    ZAGG_TRY(zx_cast(w->r, &q, ZAGG_DT_F64, &q));
    if (q.rank == 0) {
        ZAGG_TRY(zx_new_scalar(w->r, w->result, a->uniform && q.uniform, out));
        for (size_t s = 0; s < (out->uniform ? 1 : w->r->n_seg); s++)
            ZAGG_TRY(one_quantile(w, qt, a, s, zx_double(&q, s), percent, whole,
                                  (char *)out->data + s * size));
        return ZAGG_OK;
    }
    *out = q; /* one value for each q of each segment */
    if (q.uniform)
        ZAGG_TRY(zx_new_rows(w->r, w->result, q.off[1], 1, 1, out));
    else
        ZAGG_TRY(zx_new_array(w->r, w->result, q.off, out));
    char *to = out->data;
    for (size_t s = 0; s < w->r->n_seg; s++) {
        const double *each = zx_at_segment(&q, s);
        for (size_t i = 0; i < zx_rows(&q, s); i++, to += size)
            ZAGG_TRY(one_quantile(w, qt, a, s, each[i], percent, whole, to));
    }
    return ZAGG_OK;
}

static zagg_status average(work *w, const zx_fn *fn, const zx_type *p, const zx_val *args,
                           const zx_val *a, int axis, zx_val *out)
{
    const size_t at = param_index(fn, AT_WEIGHTS);
    if (!is_given(&p[at])) {
        w->reducer.op = ZG_OP_MEAN;
        return axis == WHOLE ? reduce_whole(w, a, NULL, out)
               : axis == 0   ? reduce_columns(w, a, out)
                             : reduce_rows(w, a, out);
    }
    if (axis != WHOLE)
        return zx_fail(w->r, 0, "weights along an axis of a table are not supported");
    w->reducer.weights = "weights";
    return reduce_whole(w, a, &args[at], out);
}

static zagg_status reduce_run(const zx_fn *fn, const zx_type *p, const zx_val *args,
                              zx_run *r, zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    zx_val a;
    int axis;
    unsigned left;
    work w = {.r = r};
    ZAGG_TRY(reduce_type(fn, p, &none, &result));
    ZAGG_TRY(zx_as_array(r, &p[0], &args[0], &a));
    ZAGG_TRY(axis_type(fn, p, a.rank, &none, &axis, &left));
    w.reducer = (zg_reducer){
        .name = fn->name, .op = op_of(fn), .skip_nan = (fn->op & SKIPS_NAN) != 0};
    w.result = result.dtype;
    const zx_type *ddof = param(fn, p, AT_DDOF);
    w.reducer.ddof = is_given(ddof) ? ddof->f : 0;
    if (w.reducer.op == ZG_OP_QUANTILE)
        (void)find_method(param(fn, p, AT_METHOD), &w.reducer.method);
    ZAGG_TRY(zx_want_dtype(&none, param(fn, p, AT_DTYPE), &w.cast_to));
    if (w.reducer.op == ZG_OP_AVERAGE)
        return average(&w, fn, p, args, &a, axis, out);
    if (w.reducer.op == ZG_OP_QUANTILE && axis == WHOLE)
        return quantiles(&w, fn, p, args, &a, out);
    if (w.reducer.op == ZG_OP_QUANTILE) {
        w.reducer.q = param(fn, p, AT_Q)->f / (strstr(fn->name, "percent") ? 100 : 1);
        if (!param(fn, p, AT_Q)->constant || !(w.reducer.q >= 0 && w.reducer.q <= 1))
            return zx_fail(r, 0,
                           "ValueError: q must be a literal number in its range here");
    }
    if (axis == WHOLE)
        return reduce_whole(&w, &a, NULL, out);
    return axis == 0 ? reduce_columns(&w, &a, out) : reduce_rows(&w, &a, out);
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
    TYPED("nansum", false, ZG_OP_SUM | SKIPS_NAN),
    TYPED("nanprod", false, ZG_OP_PROD | SKIPS_NAN),
    TYPED("nanmean", false, ZG_OP_MEAN | SKIPS_NAN),
    SPREAD("nanvar", false, ZG_OP_VAR | SKIPS_NAN),
    SPREAD("nanstd", false, ZG_OP_STD | SKIPS_NAN),
    PLAIN("nanmin", false, ZG_OP_MIN | SKIPS_NAN),
    PLAIN("nanmax", false, ZG_OP_MAX | SKIPS_NAN),
    PLAIN("nanmedian", false, ZG_OP_MEDIAN | SKIPS_NAN),
    PLAIN("nanargmin", false, ZG_OP_ARGMIN | SKIPS_NAN),
    PLAIN("nanargmax", false, ZG_OP_ARGMAX | SKIPS_NAN),
    QUANTILE("nanquantile", ZG_OP_QUANTILE | SKIPS_NAN),
    QUANTILE("nanpercentile", ZG_OP_QUANTILE | SKIPS_NAN),
    {"cumsum", "a axis", 1, true, ZX_ADD, running_type, running_run},
    {"cumprod", "a axis", 1, true, ZX_MUL, running_type, running_run},
    {0},
};
