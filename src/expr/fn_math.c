/* Exponentials, logarithms, trigonometry (module num: the same bits on every CPU), and
 * what is made of sums of products. */
#include "expr/elementwise.h"
#include "expr/fn.h"
#include "num/num.h"
#include "stats/reduce_impl.h"

#include <math.h>
#include <string.h>

typedef struct pair {
    double (*wide)(double);
    float (*narrow)(float);
} pair;

static const pair FUNCTIONS[] = {
    {zg_exp, zg_exp_f32},     {zg_exp2, zg_exp2_f32}, {zg_expm1, zg_expm1_f32},
    {zg_log, zg_log_f32},     {zg_log2, zg_log2_f32}, {zg_log10, zg_log10_f32},
    {zg_log1p, zg_log1p_f32}, {zg_sin, zg_sin_f32},   {zg_cos, zg_cos_f32},
    {zg_tan, zg_tan_f32},     {zg_asin, zg_asin_f32}, {zg_acos, zg_acos_f32},
    {zg_atan, zg_atan_f32},   {zg_sinh, zg_sinh_f32}, {zg_cosh, zg_cosh_f32},
    {zg_tanh, zg_tanh_f32},   {zg_cbrt, zg_cbrt_f32},
};

static zagg_status math_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    zx_type a;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    *out = zx_value_type(a.dtype, a.rank);
    if (zagg_dtype_is_float(a.dtype))
        return ZAGG_OK;
    if (zagg_dtype_size(a.dtype) == 1)
        return zx_refuse(
            c,
            "np.%s of %s gives float16, which is not supported; convert with "
            "astype",
            fn->name, zagg_dtype_name(a.dtype));
    out->dtype = zagg_dtype_size(a.dtype) == 2 ? ZAGG_DT_F32 : ZAGG_DT_F64;
    return ZAGG_OK;
}

static zagg_status math_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    zx_val v;
    ZAGG_TRY(math_type(fn, p, &none, &result));
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &v));
    ZAGG_TRY(zx_cast(r, &v, result.dtype, &v));
    ZAGG_TRY(zx_new_like(r, &v, result.dtype, out));
    const pair *f = &FUNCTIONS[fn->op];
    for (size_t i = 0, n = zx_elements(&v); i < n; i++)
        if (result.dtype == ZAGG_DT_F32)
            ((float *)out->data)[i] = f->narrow(((const float *)v.data)[i]);
        else
            ((double *)out->data)[i] = f->wide(((const double *)v.data)[i]);
    return ZAGG_OK;
}

/* ---- products and covariances: numpy's BLAS has its own order, so within 1e-6 ---- */

static zagg_status dot_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    zx_type a, b;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    ZAGG_TRY(zx_array_type(c, &p[1], fn->name, &b));
    if (a.rank != 1 || b.rank != 1)
        return zx_refuse(c, "dot needs two arrays of one axis");
    *out = zx_value_type(zg_promote(a.dtype, b.dtype), 0);
    return ZAGG_OK;
}

/* Floats are added in double, whole numbers in their type. */
static void dot_of(zagg_dtype dtype, const char *x, const char *y, size_t n, void *out)
{
    const size_t size = zagg_dtype_size(dtype);
    double sum = 0;
    uint64_t product;
    if (zagg_dtype_is_float(dtype)) {
        for (size_t i = 0; i < n; i++)
            sum += dtype == ZAGG_DT_F32 ? (double)((const float *)(const void *)x)[i] *
                                              (double)((const float *)(const void *)y)[i]
                                        : ((const double *)(const void *)x)[i] *
                                              ((const double *)(const void *)y)[i];
        zg_cast(ZAGG_DT_F64, &sum, dtype, out, 1);
        return;
    }
    memset(out, 0, size);
    for (size_t i = 0; i < n; i++) {
        zx_kernel_binary(ZX_MUL, dtype, x + i * size, 1, y + i * size, 1, &product, 1);
        zx_kernel_binary(ZX_ADD, dtype, out, 1, &product, 1, out, 1);
    }
}

static zagg_status dot_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                           zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    zx_val x, y;
    ZAGG_TRY(dot_type(fn, p, &none, &result));
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &x));
    ZAGG_TRY(zx_as_array(r, &p[1], &a[1], &y));
    ZAGG_TRY(zx_cast(r, &x, result.dtype, &x));
    ZAGG_TRY(zx_cast(r, &y, result.dtype, &y));
    ZAGG_TRY(zx_new_scalar(r, result.dtype, false, out));
    const size_t size = zagg_dtype_size(result.dtype);
    for (size_t s = 0; s < r->n_seg; s++) {
        const size_t n = zx_rows(&x, s);
        if (zx_rows(&y, s) != n)
            return zx_fail(r, s, "ValueError: shapes (%zu,) and (%zu,) not aligned", n,
                           zx_rows(&y, s));
        dot_of(result.dtype, zx_at_segment(&x, s), zx_at_segment(&y, s), n,
               (char *)out->data + s * size);
    }
    return ZAGG_OK;
}

enum { COV, CORRCOEF };

enum { MOST_VARIABLES = 16 };

/* cov(x): one number; cov(x, y), or of a table whose rows are variables: one for each
 * pair. */
static zagg_status cov_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    zx_type a, b;
    const bool two = p[1].kind != ZX_K_ABSENT && p[1].kind != ZX_K_NONE;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    if (a.rank == 0 || (a.rank == 2 && two))
        return zx_refuse(c, "%s needs one or two arrays, or one table", fn->name);
    *out = zx_value_type(ZAGG_DT_F64, two || a.rank == 2 ? 2 : 0);
    if (two) {
        ZAGG_TRY(zx_array_type(c, &p[1], fn->name, &b));
        if (b.rank != 1)
            return zx_refuse(c, "%s needs arrays of one axis", fn->name);
    }
    if (p[2].kind != ZX_K_ABSENT && p[2].kind != ZX_K_NONE &&
        (p[2].kind != ZX_K_VALUE || !p[2].constant))
        return zx_refuse(c, "ddof must be a literal number");
    return ZAGG_OK;
}

static double mean_of(const double *x, size_t n)
{
    const zg_terms terms = {.term = ZG_TERM_VALUE, .x = {ZAGG_DT_F64, x, n}};
    return zg_sum_terms(ZAGG_DT_F64, &terms) / (double)n;
}

static double product(const double *x, const double *y, size_t n, double ddof)
{
    const double mx = mean_of(x, n), my = mean_of(y, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mx) * (y[i] - my);
    const double free = (double)n - ddof;
    return sum / (free > 0 ? free : 0);
}

/* Variables of one segment: n values each. */
static zagg_status variables(zx_run *r, const zx_val *x, const zx_val *y, bool two,
                             size_t s, const double **out, size_t *k, size_t *n)
{
    const double *first = zx_at_segment(x, s);
    *k = two ? 2 : x->rank == 2 ? zx_rows(x, s) : 1;
    *n = x->rank == 2 ? x->cols : zx_rows(x, s);
    if (*k > MOST_VARIABLES)
        return zx_fail(r, s, "more than %d variables", MOST_VARIABLES);
    if (two && zx_rows(y, s) != *n)
        return zx_fail(r, s, "ValueError: arrays of different length");
    for (size_t i = 0; i < *k; i++)
        out[i] = first + i * *n;
    if (two)
        out[1] = zx_at_segment(y, s);
    return ZAGG_OK;
}

static void fill_pairs(const double *const *v, size_t k, size_t n, double ddof,
                       bool scaled, double *to)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            double c = product(v[i], v[j], n, ddof);
            if (scaled)
                c = c / sqrt(product(v[i], v[i], n, ddof)) /
                    sqrt(product(v[j], v[j], n, ddof));
            to[i * k + j] = c;
        }
}

static zagg_status cov_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                           zx_val *out)
{
    const bool two = p[1].kind != ZX_K_ABSENT && p[1].kind != ZX_K_NONE;
    const double ddof = p[2].kind == ZX_K_VALUE ? p[2].f : 1;
    const double *v[MOST_VARIABLES];
    zx_val x, y = {0};
    size_t k = 0, n;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &x));
    ZAGG_TRY(zx_cast(r, &x, ZAGG_DT_F64, &x));
    if (two) {
        ZAGG_TRY(zx_as_array(r, &p[1], &a[1], &y));
        ZAGG_TRY(zx_cast(r, &y, ZAGG_DT_F64, &y));
    }
    for (size_t s = 0; s < r->n_seg; s++) {
        const size_t before = k;
        ZAGG_TRY(variables(r, &x, &y, two, s, v, &k, &n));
        if (s == 0)
            ZAGG_TRY(two || x.rank == 2 ? zx_new_rows(r, ZAGG_DT_F64, k, 2, k, out)
                                        : zx_new_scalar(r, ZAGG_DT_F64, false, out));
        else if (k != before)
            return zx_fail(r, s, "another number of variables in another cell");
        fill_pairs(v, k, n, ddof, fn->op == CORRCOEF, (double *)out->data + s * k * k);
    }
    return ZAGG_OK;
}

#define MATH(name, number)                                                               \
    {                                                                                    \
        name, "x", 1, false, number, math_type, math_run                                 \
    }

const zx_fn ZX_MATH[] = {
    MATH("exp", 0),
    MATH("exp2", 1),
    MATH("expm1", 2),
    MATH("log", 3),
    MATH("log2", 4),
    MATH("log10", 5),
    MATH("log1p", 6),
    MATH("sin", 7),
    MATH("cos", 8),
    MATH("tan", 9),
    MATH("arcsin", 10),
    MATH("arccos", 11),
    MATH("arctan", 12),
    MATH("sinh", 13),
    MATH("cosh", 14),
    MATH("tanh", 15),
    MATH("cbrt", 16),
    {"dot", "a b", 2, false, 0, dot_type, dot_run},
    {"cov", "m y ddof", 1, false, COV, cov_type, cov_run},
    {"corrcoef", "x y ddof", 1, false, CORRCOEF, cov_type, cov_run},
    {0},
};
