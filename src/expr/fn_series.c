/* Evenly spaced numbers, differences and areas. */
#include "expr/elementwise.h"
#include "expr/fn.h"
#include "stats/reduce_impl.h"

#include <math.h>
#include <string.h>

/* ---- arange ---- */

/* numpy starts from int64: float32 and uint64 beside it are float64. */
static zagg_status arange_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zagg_dtype dtype = ZAGG_DT_I64, wanted;
    (void)fn;
    for (int i = 0; i < 3; i++) {
        if (p[i].kind == ZX_K_ABSENT || p[i].kind == ZX_K_NONE)
            continue;
        ZAGG_TRY(zx_want_value(c, &p[i], "each limit"));
        if (p[i].rank != 0)
            return zx_refuse(c, "limits of arange must be single values");
        dtype = zg_promote(dtype, p[i].dtype);
    }
    ZAGG_TRY(zx_want_dtype(c, &p[3], &wanted));
    if (wanted == ZAGG_DT_BOOL)
        return zx_refuse(c, "arange of truth values is not supported");
    *out = zx_value_type(wanted != ZAGG_DT_NONE ? wanted : dtype, 1);
    return ZAGG_OK;
}

typedef struct range {
    zx_val first, second;
    zx_val gap, length; /* stop - start; that over the step: float64 */
} range;

static zagg_status python_op(zx_run *r, zx_op op, const zx_type *ta, const zx_val *a,
                             const zx_type *tb, const zx_val *b, zx_type *t, zx_val *out)
{
    zx_check none = {.text = ""};
    zagg_dtype compute;
    ZAGG_TRY(zx_binary_type(&none, op, ta, tb, true, t, &compute));
    return zx_binary(r, op, ta, tb, t, compute, a, b, out);
}

/* (stop - start) / step, start and start + step with the operators of their own types. */
static zagg_status limits(zx_run *r, const zx_type *p, const zx_val *a, range *out)
{
    static const int64_t NUMBERS[] = {0, 1};
    zx_type types[2] = {zx_value_type(ZAGG_DT_I64, 0), zx_value_type(ZAGG_DT_I64, 0)}, t,
            q;
    zx_val values[2], sum;
    for (int i = 0; i < 2; i++) {
        types[i].weak = true;
        values[i] = (zx_val){.dtype = ZAGG_DT_I64,
                             .weak = true,
                             .uniform = true,
                             .n_seg = r->n_seg,
                             .cols = 1,
                             .data = (void *)(uintptr_t)&NUMBERS[i]};
    }
    const bool two = p[1].kind == ZX_K_VALUE, stepped = p[2].kind == ZX_K_VALUE;
    const zx_type *start = two ? &p[0] : &types[0], *step = stepped ? &p[2] : &types[1];
    const zx_val *first = two ? &a[0] : &values[0], *width = stepped ? &a[2] : &values[1];
    ZAGG_TRY(python_op(r, ZX_SUB, &p[two], &a[two], start, first, &t, &out->gap));
    ZAGG_TRY(python_op(r, ZX_DIV, &t, &out->gap, step, width, &q, &out->length));
    ZAGG_TRY(zx_cast(r, &out->length, ZAGG_DT_F64, &out->length));
    ZAGG_TRY(python_op(r, ZX_ADD, start, first, step, width, &t, &sum));
    out->first = *first;
    out->second = sum;
    return ZAGG_OK;
}

static zagg_status arange_offsets(zx_run *r, const range *x, const size_t **out)
{
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    if (!off)
        return r->err->status;
    off[0] = 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        const double length = zx_double(&x->length, s);
        double n = ceil(length);
        if (length == 0 && !signbit(length) && zx_double(&x->gap, s) != 0)
            n = 1; /* the step is far beyond the gap */
        if (n != n)
            return zx_fail(r, s, "ValueError: arange: cannot compute length");
        if (fabs(n) >= 0x1p63)
            return zx_fail(r, s, "ValueError: Maximum allowed size exceeded");
        if (n > (double)r->limit)
            return zx_fail(r, s, "arange: %.0f elements are too many", n);
        off[s + 1] = off[s] + (n > 0 ? (size_t)n : 0);
    }
    *out = off;
    return ZAGG_OK;
}

/* The first two, and so on in steps of their difference. */
#define STEPS(T, D)                                                                      \
    do {                                                                                 \
        const T a_ = *(const T *)first, b_ = *(const T *)second;                         \
        const D d_ = (D)((D)b_ - (D)a_);                                                 \
        T *z_ = to;                                                                      \
        for (size_t i = 0; i < n; i++)                                                   \
            z_[i] = i == 0 ? a_ : i == 1 ? b_ : (T)((D)a_ + (D)i * d_);                  \
    } while (0)

static void step_on(zagg_dtype dtype, const void *first, const void *second, void *to,
                    size_t n)
{
    switch (dtype) {
    case ZAGG_DT_I8:
    case ZAGG_DT_U8:
        STEPS(uint8_t, uint64_t);
        break;
    case ZAGG_DT_I16:
    case ZAGG_DT_U16:
        STEPS(uint16_t, uint64_t);
        break;
    case ZAGG_DT_I32:
    case ZAGG_DT_U32:
        STEPS(uint32_t, uint64_t);
        break;
    case ZAGG_DT_F32:
        STEPS(float, float);
        break;
    case ZAGG_DT_F64:
        STEPS(double, double);
        break;
    default:
        STEPS(uint64_t, uint64_t);
        break;
    }
}

/* The value of one segment as an item of the result. */
static zagg_status item_of(zx_run *r, const zx_val *v, size_t s, zagg_dtype dtype,
                           uint64_t *out)
{
    const size_t n_seg = r->n_seg;
    const zx_val one = {.dtype = v->dtype,
                        .weak = v->weak,
                        .uniform = true,
                        .n_seg = 1,
                        .cols = 1,
                        .data = (void *)(uintptr_t)zx_at_segment(v, s)};
    zx_val item;
    r->n_seg = 1;
    const zagg_status status = zx_as_item(r, &one, dtype, &item);
    r->n_seg = n_seg;
    if (status == ZAGG_OK)
        memcpy(out, item.data, zagg_dtype_size(dtype));
    else
        r->bad_segment = s;
    return status;
}

static zagg_status arange_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                              zx_run *r, zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    range x;
    const size_t *off = NULL;
    ZAGG_TRY(arange_type(fn, p, &none, &result));
    ZAGG_TRY(limits(r, p, a, &x));
    ZAGG_TRY(arange_offsets(r, &x, &off));
    ZAGG_TRY(zx_new_array(r, result.dtype, off, out));
    const size_t size = zagg_dtype_size(result.dtype);
    for (size_t s = 0; s < r->n_seg; s++) {
        const size_t n = off[s + 1] - off[s];
        uint64_t first = 0, second = 0; /* room for any type */
        if (n > 0)
            ZAGG_TRY(item_of(r, &x.first, s, result.dtype, &first));
        if (n > 1)
            ZAGG_TRY(item_of(r, &x.second, s, result.dtype, &second));
        step_on(result.dtype, &first, &second, (char *)out->data + off[s] * size, n);
    }
    return ZAGG_OK;
}

/* ---- linspace ---- */

static zagg_status linspace_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                 zx_type *out)
{
    (void)fn;
    for (int i = 0; i < 2; i++) {
        ZAGG_TRY(zx_want_value(c, &p[i], "each limit"));
        if (p[i].rank != 0)
            return zx_refuse(c, "limits of linspace must be single values");
    }
    if (p[2].kind != ZX_K_ABSENT &&
        (p[2].kind != ZX_K_VALUE || p[2].rank != 0 || zagg_dtype_is_float(p[2].dtype)))
        return zx_refuse(c, "num must be a whole number");
    ZAGG_TRY(zx_want_flag(c, &p[3], "endpoint"));
    *out = zx_value_type(ZAGG_DT_F64, 1);
    if (zx_common(&p[0], &p[1]) == ZAGG_DT_F32 && !(p[0].weak && p[1].weak))
        out->dtype = ZAGG_DT_F32;
    return ZAGG_OK;
}

/* All of it in the type of the result. A step that vanishes is applied last. */
#define SPACED(T)                                                                        \
    static void spaced_##T(T *z, size_t n, T lo, T hi, bool endpoint)                    \
    {                                                                                    \
        const size_t parts = endpoint && n > 0 ? n - 1 : n;                              \
        const T delta = hi - lo, step = parts ? delta / (T)parts : 0;                    \
        for (size_t i = 0; i < n; i++) {                                                 \
            const T at = (T)i;                                                           \
            z[i] = (parts == 0  ? at * delta                                             \
                    : step != 0 ? at * step                                              \
                                : at / (T)parts * delta) +                               \
                   lo;                                                                   \
        }                                                                                \
        if (endpoint && n > 1)                                                           \
            z[n - 1] = hi;                                                               \
    }
SPACED(float)
SPACED(double)

static zagg_status linspace_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                                zx_run *r, zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    const size_t *off;
    zx_val num = a[2];
    int64_t fifty = 50;
    if (p[2].kind == ZX_K_ABSENT)
        num = (zx_val){.dtype = ZAGG_DT_I64, .uniform = true, .cols = 1, .data = &fifty};
    ZAGG_TRY(linspace_type(fn, p, &none, &result));
    ZAGG_TRY(zx_lengths(r, &num, &off));
    ZAGG_TRY(zx_new_array(r, result.dtype, off, out));
    const bool endpoint = p[3].kind != ZX_K_VALUE || p[3].i != 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        const size_t n = zx_rows(out, s);
        const double lo = zx_double(&a[0], s), hi = zx_double(&a[1], s);
        if (result.dtype == ZAGG_DT_F32)
            spaced_float((float *)out->data + off[s], n, (float)lo, (float)hi, endpoint);
        else
            spaced_double((double *)out->data + off[s], n, lo, hi, endpoint);
    }
    return ZAGG_OK;
}

/* ---- diff, trapezoid ---- */

/* op between each element and the one before it. */
static zagg_status with_next(zx_run *r, zx_op op, const zx_val *v, zx_val *out)
{
    const size_t n_seg = v->uniform ? 1 : r->n_seg, size = zagg_dtype_size(v->dtype);
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    if (!off)
        return r->err->status;
    off[0] = 0;
    for (size_t s = 0; s < n_seg; s++)
        off[s + 1] = off[s] + (zx_rows(v, s) ? zx_rows(v, s) - 1 : 0);
    zx_val pairs = *v;
    pairs.off = off;
    pairs.data = zx_take(r, off[n_seg] + 1, size);
    if (!pairs.data)
        return r->err->status;
    for (size_t s = 0; s < n_seg; s++) {
        const char *x = zx_at_segment(v, s);
        zx_kernel_binary(op, v->dtype, x + size, 1, x, 1,
                         (char *)pairs.data + off[s] * size, off[s + 1] - off[s]);
    }
    *out = pairs;
    return ZAGG_OK;
}

static zagg_status difference(zx_run *r, const zx_val *v, zx_val *out)
{
    return with_next(r, v->dtype == ZAGG_DT_BOOL ? ZX_BITXOR : ZX_SUB, v, out);
}

static zagg_status diff_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    int64_t n;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, out));
    ZAGG_TRY(zx_want_int(c, &p[1], "n", 1, &n));
    if (out->rank != 1)
        return zx_refuse(c, "diff needs an array of one axis");
    if (n < 0 || n > 64)
        return zx_refuse(c, "n must lie between 0 and 64");
    return ZAGG_OK;
}

static zagg_status diff_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    const int64_t times = p[1].kind == ZX_K_VALUE ? p[1].i : 1;
    (void)fn;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], out));
    for (int64_t k = 0; k < times; k++)
        ZAGG_TRY(difference(r, out, out));
    return ZAGG_OK;
}

/* Type of the products of steps and heights; the areas have that of its half. */
static zagg_dtype area_type(const zx_type *p, zagg_dtype y)
{
    static const zx_type ONE = {.kind = ZX_K_VALUE, .dtype = ZAGG_DT_F64, .weak = true};
    const zx_type heights = zx_value_type(y, 1);
    if (p[1].kind == ZX_K_VALUE)
        return zg_promote(p[1].dtype, y);
    return zx_common(&heights, p[2].kind == ZX_K_VALUE ? &p[2] : &ONE);
}

static zagg_status trapezoid_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                  zx_type *out)
{
    zx_type y;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &y));
    if (y.rank != 1)
        return zx_refuse(c, "trapezoid needs arrays of one axis");
    if (p[1].kind == ZX_K_VALUE)
        ZAGG_TRY(zx_want_array(c, &p[1], "x"));
    else if (p[1].kind != ZX_K_ABSENT && p[1].kind != ZX_K_NONE)
        return zx_refuse(c, "x must be an array");
    if (p[2].kind != ZX_K_ABSENT && (p[2].kind != ZX_K_VALUE || !p[2].constant))
        return zx_refuse(c, "dx must be a literal number");
    const zagg_dtype type = area_type(p, y.dtype);
    *out = zx_value_type(zagg_dtype_is_float(type) ? type : ZAGG_DT_F64, 0);
    return ZAGG_OK;
}

/* dx, or the differences of x, in the type of the products. */
static zagg_status steps(zx_run *r, const zx_type *p, const zx_val *a, const zx_val *y,
                         zagg_dtype product, zx_val *out)
{
    static const double ONE = 1;
    if (p[1].kind != ZX_K_VALUE) {
        const zx_val one = {.dtype = ZAGG_DT_F64,
                            .weak = true,
                            .uniform = true,
                            .n_seg = r->n_seg,
                            .cols = 1,
                            .data = (void *)(uintptr_t)&ONE};
        return zx_adopt(r, p[2].kind == ZX_K_VALUE ? &a[2] : &one, product, out);
    }
    for (size_t s = 0; s < r->n_seg; s++)
        if (zx_rows(&a[1], s) != zx_rows(y, s))
            return zx_fail(r, s, "ValueError: x and y of different length");
    ZAGG_TRY(difference(r, &a[1], out));
    return zx_cast(r, out, product, out);
}

/* (d * (y[1:] + y[:-1]) / 2.0).sum(), each operation in numpy's type for it. */
static zagg_status trapezoid_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                                 zx_run *r, zx_val *out)
{
    static const double TWO = 2;
    static const float TWO_F = 2;
    zx_check none = {.text = ""};
    zx_type result;
    zx_val y, d, areas, shape;
    zx_val *const both[2] = {&d, &y};
    ZAGG_TRY(trapezoid_type(fn, p, &none, &result));
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &y));
    const zagg_dtype product = area_type(p, y.dtype);
    ZAGG_TRY(steps(r, p, a, &y, product, &d));
    ZAGG_TRY(with_next(r, ZX_ADD, &y, &y));
    ZAGG_TRY(zx_cast(r, &y, product, &y));
    ZAGG_TRY(zx_meet(r, both, 2, &shape));
    ZAGG_TRY(zx_new_like(r, &shape, product, &areas));
    zx_kernel_binary(ZX_MUL, product, d.data, d.rank > 0, y.data, 1, areas.data,
                     zx_elements(&areas));
    ZAGG_TRY(zx_cast(r, &areas, result.dtype, &areas));
    const bool narrow = result.dtype == ZAGG_DT_F32;
    zx_kernel_binary(ZX_DIV, result.dtype, areas.data, 1,
                     narrow ? (const void *)&TWO_F : &TWO, 0, areas.data,
                     zx_elements(&areas));
    ZAGG_TRY(zx_new_scalar(r, result.dtype, areas.uniform, out));
    for (size_t s = 0; s < (areas.uniform ? 1 : r->n_seg); s++) {
        const zg_terms terms = {
            .term = ZG_TERM_VALUE,
            .x = {result.dtype, zx_at_segment(&areas, s), zx_rows(&areas, s)}};
        const double sum = zg_sum_terms(result.dtype, &terms);
        zg_cast(ZAGG_DT_F64, &sum, result.dtype,
                (char *)out->data + s * zagg_dtype_size(result.dtype), 1);
    }
    return ZAGG_OK;
}

const zx_fn ZX_SERIES[] = {
    {"arange", "start stop step dtype", 1, false, 0, arange_type, arange_run},
    {"linspace", "start stop num endpoint", 2, false, 0, linspace_type, linspace_run},
    {"diff", "a n", 1, false, 0, diff_type, diff_run},
    {"trapezoid", "y x dx", 1, false, 0, trapezoid_type, trapezoid_run},
    {0},
};
