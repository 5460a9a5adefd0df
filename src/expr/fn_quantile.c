/* Quantiles and percentiles: one, or one for each of a list. */
#include "expr/fn_reduce.h"

#include <string.h>

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

bool zx_find_quantile_method(const zx_type *t, zg_quantile_method *out)
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
    if (!zx_is_given(t))
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

zagg_status zx_quantile_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    quantile_type q = {0};
    zg_quantile_method method;
    zx_type a;
    const zx_type *qt = zx_param(fn, p, ZX_AT_Q);
    ZAGG_TRY(zx_array_type(c, &p[0], "the first argument", &a));
    ZAGG_TRY(q_type(fn, qt, c, &q));
    if (!zx_find_quantile_method(zx_param(fn, p, ZX_AT_METHOD), &method))
        return zx_refuse(
            c, "method must be linear, lower, higher, nearest, midpoint, hazen, "
               "weibull, median_unbiased, normal_unbiased or one of the cdf "
               "methods");
    if (a.dtype == ZAGG_DT_BOOL && !picks(method) && !(method == ZG_Q_LINEAR && q.whole))
        return zx_refuse(c, "%s of truth values; method='lower' and its like pick one",
                         fn->name);
    if (picks(method))
        out->dtype = a.dtype;
    else if (q.wide)
        out->dtype = ZAGG_DT_F64;
    if (method == ZG_Q_LINEAR && q.whole)
        out->dtype = a.dtype;
    if (q.whole && q.wide &&
        (method == ZG_Q_WEIBULL || method == ZG_Q_INTERPOLATED_INVERTED_CDF ||
         method == ZG_Q_AVERAGED_INVERTED_CDF))
        return zx_refuse(c, "this method needs q as floats: 0.0 and 1.0");
    if (q.list && out->rank > 0)
        return zx_refuse(c, "a list of q along an axis is not supported");
    out->rank += q.list;
    return ZAGG_OK;
}

/* ---- values ---- */

static zagg_status one_quantile(zx_reduction *w, const zx_type *qt, const zx_val *a,
                                size_t seg, double q, bool percent, bool q_picks,
                                void *to)
{
    const size_t n = zx_rows(a, seg) * a->cols;
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
    const zg_slice x = {a->dtype, zx_at_segment(a, seg), n};
    return zx_reduce_slice(w, seg, &x, NULL, to);
}

zagg_status zx_quantiles(zx_reduction *w, const zx_fn *fn, const zx_type *p,
                         const zx_val *args, const zx_val *a, zx_val *out)
{
    const zx_type *qt = zx_param(fn, p, ZX_AT_Q);
    const bool percent = strstr(fn->name, "percent") != NULL;
    const size_t size = zagg_dtype_size(w->result);
    zx_val q;
    ZAGG_TRY(zx_as_array(w->r, qt, &args[zx_param_index(fn, ZX_AT_Q)], &q));
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
