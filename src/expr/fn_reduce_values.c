/* Values of reductions: slices, and the columns and rows of tables. The arithmetic of a
 * slice is that of the reducers (stats), so that an expression and a field's function
 * give the same bits. */
#include "expr/fn_reduce.h"
#include "stats/segments.h"

#include <math.h>
#include <string.h>

static zagg_status need_scratch(zx_reduction *w, zagg_dtype dtype, size_t n)
{
    if (n <= w->scratch_n && w->scratch)
        return ZAGG_OK;
    w->scratch_n = n < 64 ? 64 : n;
    w->scratch =
        zx_take(w->r, zg_reducer_scratch_bytes(&w->reducer, dtype, w->scratch_n) + 64, 1);
    return w->scratch ? ZAGG_OK : w->r->err->status;
}

static double float_at(const zg_slice *x, size_t i)
{
    return x->dtype == ZAGG_DT_F32 ? (double)((const float *)x->values)[i]
                                   : ((const double *)x->values)[i];
}

/* ---- another type than that of the data ---- */

/* The values with `instead` in place of NaN, and how many there are of the others. */
static zagg_status without_nan(zx_reduction *w, zg_slice *x, double instead,
                               size_t *numbers)
{
    void *copy = zx_take(w->r, x->n + 1, zagg_dtype_size(x->dtype));
    if (!copy)
        return w->r->err->status;
    *numbers = 0;
    for (size_t i = 0; i < x->n; i++) {
        const double v = float_at(x, i), u = v == v ? v : instead;
        *numbers += v == v;
        if (x->dtype == ZAGG_DT_F32)
            ((float *)copy)[i] = (float)u;
        else
            ((double *)copy)[i] = u;
    }
    x->values = copy;
    return ZAGG_OK;
}

/* numpy casts what it sums in blocks, whose sums are added one after another. */
static zagg_status sum_of_blocks(zx_reduction *w, const zg_slice *x, double *out)
{
    enum { BLOCK = 8192 };
    const zagg_dtype to = w->cast_to;
    void *block = zx_take(w->r, x->n < BLOCK ? x->n + 1 : BLOCK, zagg_dtype_size(to));
    if (!block)
        return w->r->err->status;
    double sum = 0;
    for (size_t i = 0; i < x->n; i += BLOCK) {
        const size_t m = x->n - i < BLOCK ? x->n - i : BLOCK;
        zg_cast(x->dtype, (const char *)x->values + i * zagg_dtype_size(x->dtype), to,
                block, m);
        const zg_terms terms = {.term = ZG_TERM_VALUE, .x = {to, block, m}};
        sum = zg_round_to(to, sum + zg_sum_terms(to, &terms));
    }
    *out = sum;
    return ZAGG_OK;
}

static bool casts(const zx_reduction *w, zagg_dtype dtype)
{
    return w->cast_to != ZAGG_DT_NONE && w->cast_to != dtype;
}

static zagg_status reduced(zx_reduction *w, const zg_reducer *reducer, size_t seg,
                           const zg_slice *x, const zg_slice *weights, zg_scalar *out)
{
    ZAGG_TRY(need_scratch(w, x->dtype, x->n));
    const zagg_status status = zg_reduce(
        reducer, x->dtype, x->values, x->n, weights ? weights->dtype : ZAGG_DT_NONE,
        weights ? weights->values : NULL, w->scratch, out, w->r->err);
    if (status == ZAGG_OK || status == ZAGG_ENOMEM)
        return status;
    w->r->bad_segment = seg;
    return ZAGG_ERANGE;
}

/* sum, prod and mean with dtype=. */
static zagg_status cast_and_reduce(zx_reduction *w, size_t seg, const zg_slice *all,
                                   zg_scalar *out)
{
    const zg_reduce_op op = w->reducer.op;
    zg_slice x = *all;
    size_t count = x.n;
    if (w->reducer.skip_nan && zagg_dtype_is_float(x.dtype))
        ZAGG_TRY(without_nan(w, &x, op == ZG_OP_PROD ? 1 : 0, &count));
    if (op != ZG_OP_PROD && zagg_dtype_is_float(w->cast_to)) {
        double sum = 0;
        ZAGG_TRY(sum_of_blocks(w, &x, &sum));
        if (op == ZG_OP_MEAN)
            sum = zg_round_to(w->cast_to, sum / (double)count);
        *out = zg_scalar_float(w->cast_to, sum);
        return ZAGG_OK;
    }
    void *values = zx_take(w->r, x.n + 1, zagg_dtype_size(w->cast_to));
    if (!values)
        return w->r->err->status;
    zg_cast(x.dtype, x.values, w->cast_to, values, x.n);
    const zg_slice cast = {w->cast_to, values, x.n};
    zg_reducer same = w->reducer;
    same.skip_nan = false;
    if (w->cast_to == ZAGG_DT_BOOL)
        same.op = op == ZG_OP_PROD ? ZG_OP_ALL : ZG_OP_ANY;
    return reduced(w, &same, seg, &cast, NULL, out);
}

/* ---- slices ---- */

/* numpy puts the other extreme in the place of NaN, which is then found where no number
 * goes further. */
static zagg_status arg_skipping_nan(zx_reduction *w, size_t seg, const zg_slice *x,
                                    int64_t *out)
{
    const bool most = w->reducer.op == ZG_OP_ARGMAX;
    double best = 0;
    bool any = false;
    for (size_t i = 0; i < x->n; i++) {
        const double v = float_at(x, i);
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

zagg_status zx_reduce_slice(zx_reduction *w, size_t seg, const zg_slice *x,
                            const zg_slice *weights, void *to)
{
    const zg_reduce_op op = w->reducer.op;
    zg_scalar value = {ZAGG_DT_I64, {0}};
    if (w->reducer.skip_nan && zagg_dtype_is_float(x->dtype) &&
        (op == ZG_OP_ARGMIN || op == ZG_OP_ARGMAX))
        ZAGG_TRY(arg_skipping_nan(w, seg, x, &value.v.i));
    else if (casts(w, x->dtype))
        ZAGG_TRY(cast_and_reduce(w, seg, x, &value));
    else
        ZAGG_TRY(reduced(w, &w->reducer, seg, x, weights, &value));
    put(value, w->result, to);
    return ZAGG_OK;
}

/* ---- whole segments ---- */

static bool sums_plainly(const zx_reduction *w, const zx_val *a)
{
    return (w->reducer.op == ZG_OP_SUM || w->reducer.op == ZG_OP_MEAN) && a->rank == 1 &&
           !w->reducer.skip_nan && w->result == a->dtype;
}

static zagg_status reduce_whole(zx_reduction *w, const zx_val *a, const zx_val *weights,
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
        const zg_slice x = {a->dtype, zx_at_segment(a, s), zx_rows(a, s) * a->cols};
        zg_slice y = x;
        if (weights)
            y = (zg_slice){weights->dtype, zx_at_segment(weights, s),
                           zx_rows(weights, s) * weights->cols};
        if (y.n != x.n)
            return zx_fail(w->r, s, "ValueError: weights of another shape");
        ZAGG_TRY(
            zx_reduce_slice(w, s, &x, weights ? &y : NULL, (char *)out->data + s * size));
    }
    return ZAGG_OK;
}

/* ---- rows and columns of tables ---- */

static zagg_status reduce_rows(zx_reduction *w, const zx_val *a, zx_val *out)
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
        for (size_t i = 0; i < zx_rows(out, s); i++, row += a->cols * in, to += size) {
            const zg_slice x = {a->dtype, row, a->cols};
            ZAGG_TRY(zx_reduce_slice(w, s, &x, NULL, to));
        }
    return ZAGG_OK;
}

/* numpy adds the rows of a table in order where it has more than one column; NONE where
 * the order does not matter, else the type in which it adds. */
static zagg_dtype sums_in_order(const zx_reduction *w, const zx_val *a)
{
    const zagg_dtype cast = w->cast_to;
    if (a->cols < 2 || (cast != ZAGG_DT_NONE && !zagg_dtype_is_float(cast)))
        return ZAGG_DT_NONE;
    switch (w->reducer.op) {
    case ZG_OP_SUM:
        if (cast == ZAGG_DT_NONE && !zagg_dtype_is_float(a->dtype))
            return ZAGG_DT_NONE;
        /* fall through */
    case ZG_OP_MEAN:
        return cast != ZAGG_DT_NONE ? cast : zg_real_of(a->dtype);
    case ZG_OP_VAR:
    case ZG_OP_STD:
        return zg_real_of(a->dtype);
    default:
        return ZAGG_DT_NONE;
    }
}

static double add_in_order(zagg_dtype real, const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = zg_round_to(real, sum + x[i]);
    return sum;
}

/* x holds `count` numbers; the others were NaN and are 0. Its values are used up. */
static double column_value(const zx_reduction *w, zagg_dtype real, double *x, size_t n,
                           const uint8_t *is_nan, size_t count)
{
    const double sum = add_in_order(real, x, n);
    if (w->reducer.op == ZG_OP_SUM)
        return sum;
    const double mean = zg_round_to(real, sum / (double)count);
    if (w->reducer.op == ZG_OP_MEAN)
        return mean;
    for (size_t i = 0; i < n; i++) {
        const double d = is_nan[i] ? 0 : zg_round_to(real, x[i] - mean);
        x[i] = zg_round_to(real, d * d);
    }
    const double free = (double)count - w->reducer.ddof;
    if (w->reducer.skip_nan && free <= 0)
        return __builtin_nan("");
    const double squares = add_in_order(real, x, n);
    const double var = zg_round_to(real, squares / (free > 0 ? free : 0));
    return w->reducer.op == ZG_OP_VAR ? var : zg_round_to(real, sqrt(var));
}

typedef struct column {
    void *values;
    double *wide;
    uint8_t *is_nan;
} column;

static zagg_status new_column(zx_reduction *w, size_t n, size_t size, column *out)
{
    out->values = zx_take(w->r, n + 1, size);
    out->wide = out->values ? zx_take(w->r, n + 1, sizeof *out->wide) : NULL;
    out->is_nan = out->wide ? zx_take(w->r, n + 1, 1) : NULL;
    return out->is_nan ? ZAGG_OK : w->r->err->status;
}

static void column_in_order(const zx_reduction *w, zagg_dtype real, const column *c,
                            const zg_slice *x, void *to)
{
    size_t count = 0;
    zg_cast(x->dtype, x->values, ZAGG_DT_F64, c->wide, x->n);
    for (size_t i = 0; i < x->n; i++) {
        c->is_nan[i] = w->reducer.skip_nan && c->wide[i] != c->wide[i];
        count += !c->is_nan[i];
        c->wide[i] = c->is_nan[i] ? 0 : zg_round_to(real, c->wide[i]);
    }
    const double v = column_value(w, real, c->wide, x->n, c->is_nan, count);
    zg_cast(ZAGG_DT_F64, &v, w->result, to, 1);
}

static zagg_status reduce_columns(zx_reduction *w, const zx_val *a, zx_val *out)
{
    const size_t size = zagg_dtype_size(w->result), in = zagg_dtype_size(a->dtype);
    const zagg_dtype real = sums_in_order(w, a);
    ZAGG_TRY(zx_new_rows(w->r, w->result, a->cols, 1, 1, out));
    for (size_t s = 0; s < w->r->n_seg; s++) {
        const size_t n = zx_rows(a, s);
        const char *table = zx_at_segment(a, s);
        column c;
        ZAGG_TRY(new_column(w, n, in, &c));
        for (size_t k = 0; k < a->cols; k++) {
            const zg_slice x = {a->dtype, c.values, n};
            char *to = (char *)out->data + (s * a->cols + k) * size;
            for (size_t i = 0; i < n; i++)
                memcpy((char *)c.values + i * in, table + (i * a->cols + k) * in, in);
            if (real != ZAGG_DT_NONE)
                column_in_order(w, real, &c, &x, to);
            else
                ZAGG_TRY(zx_reduce_slice(w, s, &x, NULL, to));
        }
    }
    return ZAGG_OK;
}

zagg_status zx_reduce_axis(zx_reduction *w, const zx_val *a, const zx_val *weights,
                           int axis, zx_val *out)
{
    if (axis == ZX_WHOLE)
        return reduce_whole(w, a, weights, out);
    return axis == 0 ? reduce_columns(w, a, out) : reduce_rows(w, a, out);
}
