/* Operators: what type they give (NEP 50), how shapes meet, which loop runs. */
#include "expr/elementwise.h"

#include "num/num.h"

#include <math.h>
#include <string.h>

static const char *mark_of(zx_op op)
{
    static const char *const MARKS[] = {"+",  "-",  "*", "/",  "//", "%",
                                        "**", "&",  "|", "^",  "<<", ">>",
                                        "<",  "<=", ">", ">=", "==", "!="};
    return op <= ZX_NE ? MARKS[op] : "function";
}

static bool is_comparison(zx_op op)
{
    return op >= ZX_LT && op <= ZX_NE;
}

static bool is_int(zagg_dtype t)
{
    return zagg_dtype_is_signed_int(t) || zagg_dtype_is_unsigned_int(t);
}

zagg_status zx_join_ranks(zx_check *c, unsigned a, unsigned b, unsigned *out)
{
    (void)c;
    *out = a > b ? a : b;
    return ZAGG_OK;
}

/* ---- types ---- */

/* Two Python numbers. Booleans count as whole numbers. */
static zagg_status python_type(zx_check *c, zx_op op, const zx_type *a, const zx_type *b,
                               zx_type *out, zagg_dtype *compute)
{
    const bool whole = a->dtype != ZAGG_DT_F64 && b->dtype != ZAGG_DT_F64;
    const bool truth = a->dtype == ZAGG_DT_BOOL && b->dtype == ZAGG_DT_BOOL;
    *compute = whole ? ZAGG_DT_I64 : ZAGG_DT_F64;
    *out = zx_value_type(*compute, 0);
    out->weak = true;
    /* Beyond 64 bits Python goes on exactly; what meets such a number is a float. */
    const bool huge = op == ZX_POW && whole && a->constant && b->constant && b->i > 0 &&
                      fabs(zg_pow(a->f, b->f)) >= 0x1p63;
    if (op == ZX_DIV || huge || (op == ZX_POW && whole && b->constant && b->i < 0)) {
        *compute = ZAGG_DT_F64;
        out->dtype = ZAGG_DT_F64;
    } else if (is_comparison(op)) {
        out->dtype = ZAGG_DT_BOOL;
    } else if (op >= ZX_BITAND && op <= ZX_RSHIFT && !whole) {
        return zx_refuse(c, "operands of %s must be whole numbers", mark_of(op));
    } else if (op >= ZX_BITAND && op <= ZX_BITXOR && truth) {
        *compute = out->dtype = ZAGG_DT_BOOL; /* True & False is no number */
    }
    return ZAGG_OK;
}

/* Comparisons of whole numbers are exact, whatever their types. */
static zagg_dtype comparison_type(const zx_type *a, const zx_type *b, zagg_dtype common)
{
    const bool a_int = is_int(a->dtype), b_int = is_int(b->dtype);
    if (a_int && b_int && (a->weak || b->weak)) {
        const zx_type *strong = a->weak ? b : a;
        return strong->dtype == ZAGG_DT_U64 ? ZAGG_DT_NONE : ZAGG_DT_I64;
    }
    if (a_int && b_int && common == ZAGG_DT_F64)
        return ZAGG_DT_NONE; /* int64 beside uint64 */
    return common;
}

static zagg_status strong_type(zx_check *c, zx_op op, const zx_type *a, const zx_type *b,
                               zx_type *out, zagg_dtype *compute)
{
    const zagg_dtype common = zx_common(a, b);
    const bool is_bool = common == ZAGG_DT_BOOL, is_float = zagg_dtype_is_float(common);
    *compute = common;
    out->dtype = common;
    switch (op) {
    case ZX_SUB:
        if (is_bool)
            return zx_refuse(c, "- of truth values; use ^ (differing) or & ~");
        break;
    case ZX_DIV:
        if (!is_float)
            *compute = out->dtype = ZAGG_DT_F64;
        break;
    case ZX_FLOORDIV:
    case ZX_MOD:
    case ZX_FMOD:
    case ZX_POW:
        if (is_bool)
            *compute = out->dtype = ZAGG_DT_I8;
        break;
    case ZX_LSHIFT:
    case ZX_RSHIFT:
        if (is_bool)
            *compute = out->dtype = ZAGG_DT_I8;
        /* fall through */
    case ZX_BITAND:
    case ZX_BITOR:
    case ZX_BITXOR:
        if (is_float)
            return zx_refuse(c, "%s needs whole numbers or truth values, not %s and %s",
                             mark_of(op), zagg_dtype_name(a->dtype),
                             zagg_dtype_name(b->dtype));
        break;
    case ZX_COPYSIGN:
    case ZX_ARCTAN2:
    case ZX_HYPOT:
        if (!is_float)
            *compute = out->dtype = ZAGG_DT_F64;
        if (!is_float && common != ZAGG_DT_BOOL && zagg_dtype_size(common) == 2)
            *compute = out->dtype = ZAGG_DT_F32;
        else if (!is_float && zagg_dtype_size(common) == 1)
            return zx_refuse(c, "numpy would give float16, which is not supported; "
                                "convert with astype");
        break;
    case ZX_LOGAND:
    case ZX_LOGOR:
    case ZX_LOGXOR:
        *compute = out->dtype = ZAGG_DT_BOOL;
        break;
    default:
        if (is_comparison(op)) {
            *compute = comparison_type(a, b, common);
            out->dtype = ZAGG_DT_BOOL;
        }
        break;
    }
    return ZAGG_OK;
}

zagg_status zx_binary_type(zx_check *c, zx_op op, const zx_type *a, const zx_type *b,
                           bool python, zx_type *out, zagg_dtype *compute)
{
    unsigned rank;
    ZAGG_TRY(zx_want_value(c, a, "the left operand"));
    ZAGG_TRY(zx_want_value(c, b, "the right operand"));
    if (python && a->weak && b->weak)
        return python_type(c, op, a, b, out, compute);
    ZAGG_TRY(zx_join_ranks(c, a->rank, b->rank, &rank));
    *out = zx_value_type(ZAGG_DT_NONE, rank);
    ZAGG_TRY(strong_type(c, op, a, b, out, compute));
    /* numpy's operator squares, which of truth values gives int8. */
    if (python && op == ZX_POW && a->dtype == ZAGG_DT_BOOL && a->rank > 0 && b->weak &&
        b->constant && b->dtype == ZAGG_DT_I64 && b->i == 2)
        *compute = out->dtype = ZAGG_DT_I8;
    return ZAGG_OK;
}

/* ---- shapes ---- */

static bool same_rows(const zx_val *a, const zx_val *b)
{
    if (a->rank != b->rank || a->cols != b->cols || a->uniform != b->uniform)
        return false;
    if (a->off == b->off)
        return true;
    const size_t n = a->uniform ? 1 : a->n_seg;
    for (size_t s = 0; s < n; s++)
        if (zx_rows(a, s) != zx_rows(b, s))
            return false;
    return true;
}

/* Rows and columns of an operand in a segment, seen as part of a result of this rank: a
 * vector beside a table is one row. */
static void extent(const zx_val *v, unsigned rank, size_t seg, size_t *rows, size_t *cols)
{
    *rows = v->rank == 0 ? 1 : zx_rows(v, seg);
    *cols = v->rank == 2 ? v->cols : 1;
    if (rank == 2 && v->rank == 1) {
        *cols = *rows;
        *rows = 1;
    }
}

/* The shape in each segment: equal extents, or 1. */
static zagg_status common_rows(zx_run *r, zx_val *const *v, size_t n, zx_val *shape)
{
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    size_t total = 0;
    if (!off)
        return ZAGG_ENOMEM;
    shape->cols = 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        size_t rows = 1, cols = 1, one_rows, one_cols;
        for (size_t i = 0; i < n; i++) {
            extent(v[i], shape->rank, s, &one_rows, &one_cols);
            if ((one_rows != 1 && rows != 1 && one_rows != rows) ||
                (one_cols != 1 && cols != 1 && one_cols != cols))
                return zx_fail(
                    r, s,
                    "ValueError: operands could not be broadcast together: %zu "
                    "and %zu elements",
                    one_rows == rows ? cols : rows,
                    one_rows == rows ? one_cols : one_rows);
            rows = one_rows != 1 ? one_rows : rows;
            cols = one_cols != 1 ? one_cols : cols;
        }
        if (s > 0 && cols != shape->cols)
            return zx_fail(r, s, "tables of different widths in different cells");
        if (cols && rows > r->limit / cols)
            return zx_fail(r, s, "an array of %zu x %zu elements is too large", rows,
                           cols);
        shape->cols = cols;
        off[s] = total;
        total += rows;
    }
    off[r->n_seg] = total;
    shape->off = off;
    shape->uniform = false;
    shape->n_seg = r->n_seg;
    return ZAGG_OK;
}

/* An operand written out in a shape. */
static zagg_status spread(zx_run *r, const zx_val *shape, zx_val *v)
{
    const size_t size = zagg_dtype_size(v->dtype);
    zx_val out;
    ZAGG_TRY(zx_new_like(r, shape, v->dtype, &out));
    char *to = out.data;
    for (size_t s = 0; s < r->n_seg; s++) {
        const size_t rows = shape->off[s + 1] - shape->off[s];
        size_t own_rows, own_cols;
        const char *from = zx_at_segment(v, s);
        extent(v, shape->rank, s, &own_rows, &own_cols);
        if (own_rows == rows && own_cols == shape->cols) {
            memcpy(to, from, rows * shape->cols * size);
            to += rows * shape->cols * size;
            continue;
        }
        if (own_rows == 1 && own_cols == 1 && size == 4) {
            uint32_t x, *wide = (uint32_t *)(void *)to;
            memcpy(&x, from, sizeof x);
            for (size_t i = 0; i < rows * shape->cols; i++)
                wide[i] = x;
            to += rows * shape->cols * size;
            continue;
        }
        for (size_t i = 0; i < rows; i++)
            for (size_t k = 0; k < shape->cols; k++, to += size)
                memcpy(to,
                       from + ((own_rows == 1 ? 0 : i) * own_cols +
                               (own_cols == 1 ? 0 : k)) *
                                  size,
                       size);
    }
    *v = out;
    return ZAGG_OK;
}

/* One element for all segments needs no writing out. */
static bool is_one(const zx_val *v)
{
    return v->rank == 0 && v->uniform;
}

zagg_status zx_meet(zx_run *r, zx_val *const *operands, size_t n, zx_val *shape)
{
    const zx_val *model = NULL;
    bool all_same = true;
    unsigned rank = 0;
    for (size_t i = 0; i < n; i++)
        if (operands[i]->rank > rank)
            rank = operands[i]->rank;
    for (size_t i = 0; i < n; i++) {
        const zx_val *v = operands[i];
        if (is_one(v))
            continue;
        if (!model)
            model = v;
        all_same &= v->rank == rank && same_rows(model, v);
    }
    if (!model) { /* scalars that are the same everywhere */
        *shape = (zx_val){.uniform = true, .n_seg = r->n_seg, .cols = 1};
        return ZAGG_OK;
    }
    if (all_same) {
        *shape = *model;
        shape->rank = rank;
        return ZAGG_OK;
    }
    *shape = (zx_val){.rank = rank};
    ZAGG_TRY(common_rows(r, operands, n, shape));
    for (size_t i = 0; i < n; i++)
        if (!is_one(operands[i]) &&
            (operands[i]->rank != rank || !same_rows(operands[i], shape)))
            ZAGG_TRY(spread(r, shape, operands[i]));
    return ZAGG_OK;
}

zagg_status zx_new_like(zx_run *r, const zx_val *shape, zagg_dtype dtype, zx_val *out)
{
    zx_val v = *shape;
    v.dtype = dtype;
    v.weak = false;
    v.data = zx_take(r, zx_elements(&v), zagg_dtype_size(dtype));
    *out = v;
    return v.data ? ZAGG_OK : (r->err ? r->err->status : ZAGG_ENOMEM);
}

/* ---- values ---- */

static zagg_status python_error(zx_run *r, size_t seg, zx_op op, bool overflow)
{
    if (overflow)
        return zx_fail(r, seg, "OverflowError: a whole number beyond 64 bits");
    return zx_fail(r, seg, "ZeroDivisionError: %s",
                   op == ZX_MOD ? "modulo by zero" : "division by zero");
}

static zagg_status python_int(zx_run *r, size_t seg, zx_op op, int64_t x, int64_t y,
                              int64_t *z)
{
    bool over = false;
    switch (op) {
    case ZX_ADD:
        over = __builtin_add_overflow(x, y, z);
        break;
    case ZX_SUB:
        over = __builtin_sub_overflow(x, y, z);
        break;
    case ZX_MUL:
        over = __builtin_mul_overflow(x, y, z);
        break;
    case ZX_FLOORDIV:
    case ZX_MOD:
        if (y == 0)
            return python_error(r, seg, op, false);
        zx_kernel_binary(op, ZAGG_DT_I64, &x, 1, &y, 1, z, 1);
        break;
    case ZX_POW:
        if (y < 0)
            return zx_fail(r, seg, "a negative exponent; write it as a float");
        *z = 1;
        for (int64_t i = 0; i < y && !over && *z != 0 && i < 64 * 64; i++) {
            if (*z == 1 && (x == 1 || x == 0 || x == -1) && i > 1)
                break;
            over = __builtin_mul_overflow(*z, x, z);
        }
        if (x == 1 || x == 0 || x == -1)
            *z = y == 0 ? 1 : x == -1 ? (y % 2 ? -1 : 1) : x;
        break;
    case ZX_LSHIFT:
        over = y < 0 || y > 62 || (x != 0 && (x > INT64_MAX >> y || x < INT64_MIN >> y));
        *z = over ? 0 : (int64_t)((uint64_t)x << y);
        break;
    case ZX_RSHIFT:
        if (y < 0)
            return zx_fail(r, seg, "ValueError: negative shift count");
        *z = x >> (y > 63 ? 63 : y);
        break;
    default:
        zx_kernel_binary(op, ZAGG_DT_I64, &x, 1, &y, 1, z, 1);
        break;
    }
    return over ? python_error(r, seg, op, true) : ZAGG_OK;
}

/* Where Python raises, or leaves the real numbers, and C has a value. */
static zagg_status python_float(zx_run *r, size_t seg, zx_op op, double x, double y)
{
    if (y == 0 && (op == ZX_DIV || op == ZX_FLOORDIV || op == ZX_MOD))
        return python_error(r, seg, op, false);
    if (op != ZX_POW || !isfinite(x) || !isfinite(y))
        return ZAGG_OK;
    if (x == 0 && y < 0)
        return zx_fail(r, seg, "ZeroDivisionError: 0.0 to a negative power");
    if (x < 0 && y != floor(y))
        return zx_fail(r, seg, "a negative number to a fraction is a complex number");
    if (!isfinite(zg_pow(x, y)))
        return zx_fail(r, seg, "OverflowError: a power beyond the largest float");
    return ZAGG_OK;
}

static zagg_status python_values(zx_run *r, zx_op op, const zx_type *result,
                                 zagg_dtype compute, const zx_val *a, const zx_val *b,
                                 zx_val *out)
{
    ZAGG_TRY(zx_new_scalar(r, result->dtype, a->uniform && b->uniform, out));
    out->weak = true;
    const size_t n = out->uniform ? 1 : r->n_seg;
    for (size_t s = 0; s < n; s++) {
        void *z = (char *)out->data + s * zagg_dtype_size(result->dtype);
        if (compute == ZAGG_DT_I64 && !is_comparison(op)) {
            int64_t *whole = z;
            ZAGG_TRY(python_int(r, s, op, zx_int(a, s), zx_int(b, s), whole));
        } else if (compute == ZAGG_DT_I64) {
            const int64_t x = zx_int(a, s), y = zx_int(b, s);
            zx_kernel_binary(op, compute, &x, 1, &y, 1, z, 1);
        } else if (compute == ZAGG_DT_BOOL) {
            const uint8_t x = zx_int(a, s) != 0, y = zx_int(b, s) != 0;
            zx_kernel_binary(op, compute, &x, 1, &y, 1, z, 1);
        } else {
            const double x = zx_double(a, s), y = zx_double(b, s);
            ZAGG_TRY(python_float(r, s, op, x, y));
            zx_kernel_binary(op, compute, &x, 1, &y, 1, z, 1);
        }
    }
    return ZAGG_OK;
}

/* x ** y where one exponent serves all of an array: x * x, a root and a reciprocal are
 * exact, as numpy has them. */
static bool short_power(zagg_dtype compute, const zx_val *base, const zx_val *exponent,
                        zx_val *out)
{
    const size_t n = zx_elements(out);
    if (base->rank == 0 || !is_one(exponent) || !zagg_dtype_is_float(compute))
        return false;
    const double e = zx_double(exponent, 0);
    const float one_f = 1;
    const double one = 1;
    if (e == 2) {
        zx_kernel_binary(ZX_MUL, compute, base->data, 1, base->data, 1, out->data, n);
    } else if (e == -1) {
        zx_kernel_binary(ZX_DIV, compute,
                         compute == ZAGG_DT_F32 ? (const void *)&one_f : &one, 0,
                         base->data, 1, out->data, n);
    } else if (e == 0.5) {
        if (compute == ZAGG_DT_F32)
            for (size_t i = 0; i < n; i++)
                ((float *)out->data)[i] = sqrtf(((const float *)base->data)[i]);
        else
            for (size_t i = 0; i < n; i++)
                ((double *)out->data)[i] = sqrt(((const double *)base->data)[i]);
    } else {
        return false;
    }
    return true;
}

/* In 64 bits, of which the result takes the low ones: powers wrap. */
static zagg_status int_power(zx_run *r, zagg_dtype compute, const zx_val *a,
                             const zx_val *b, zx_val *out)
{
    const size_t n = zx_elements(out);
    zx_val base, exponent, power;
    ZAGG_TRY(zx_cast(r, a, ZAGG_DT_U64, &base));
    ZAGG_TRY(zx_cast(r, b, ZAGG_DT_U64, &exponent));
    ZAGG_TRY(zx_new_like(r, out, ZAGG_DT_U64, &power));
    const size_t done =
        zx_kernel_int_power(!zagg_dtype_is_unsigned_int(compute), base.data, !is_one(a),
                            exponent.data, !is_one(b), power.data, n);
    if (done < n)
        return zx_fail(
            r, zx_segment_of(out, done),
            "ValueError: Integers to negative integer powers are not allowed.");
    return zx_cast(r, &power, compute, out);
}

/* A literal that the type of its partner holds is compared in that type: flags of one
 * byte need no eight. */
static zagg_dtype narrow_comparison(const zx_type *ta, const zx_type *tb, const zx_val *a,
                                    const zx_val *b, zagg_dtype compute)
{
    const zx_val *weak = ta->weak ? a : b, *strong = ta->weak ? b : a;
    if (ta->weak == tb->weak || (compute != ZAGG_DT_I64 && compute != ZAGG_DT_NONE) ||
        !is_int(strong->dtype) || !is_one(weak) ||
        !zx_fits(zx_int(weak, 0), strong->dtype))
        return compute;
    return strong->dtype;
}

static zagg_status mixed_compare(zx_run *r, zx_op op, zx_val *a, zx_val *b, zx_val *out)
{
    const bool signed_left = a->dtype != ZAGG_DT_U64;
    zx_val shape;
    zx_val *const both[2] = {a, b};
    ZAGG_TRY(zx_cast(r, a, signed_left ? ZAGG_DT_I64 : ZAGG_DT_U64, a));
    ZAGG_TRY(zx_cast(r, b, signed_left ? ZAGG_DT_U64 : ZAGG_DT_I64, b));
    ZAGG_TRY(zx_meet(r, both, 2, &shape));
    ZAGG_TRY(zx_new_like(r, &shape, ZAGG_DT_BOOL, out));
    zx_kernel_mixed_compare(op, signed_left, a->data, !is_one(a), b->data, !is_one(b),
                            out->data, zx_elements(out));
    return ZAGG_OK;
}

static zagg_status logical_values(zx_run *r, zx_op op, zx_val *a, zx_val *b, zx_val *out)
{
    static const zx_op AS[] = {ZX_BITAND, ZX_BITOR, ZX_BITXOR};
    zx_val shape;
    zx_val *const both[2] = {a, b};
    ZAGG_TRY(zx_cast(r, a, ZAGG_DT_BOOL, a));
    ZAGG_TRY(zx_cast(r, b, ZAGG_DT_BOOL, b));
    ZAGG_TRY(zx_meet(r, both, 2, &shape));
    ZAGG_TRY(zx_new_like(r, &shape, ZAGG_DT_BOOL, out));
    zx_kernel_binary(AS[op - ZX_LOGAND], ZAGG_DT_BOOL, a->data, !is_one(a), b->data,
                     !is_one(b), out->data, zx_elements(out));
    return ZAGG_OK;
}

zagg_status zx_binary(zx_run *r, zx_op op, const zx_type *ta, const zx_type *tb,
                      const zx_type *result, zagg_dtype compute, const zx_val *a_in,
                      const zx_val *b_in, zx_val *out)
{
    zx_val a = *a_in, b = *b_in, shape;
    zx_val *const both[2] = {&a, &b};
    if (is_comparison(op))
        compute = narrow_comparison(ta, tb, &a, &b, compute);
    if (result->weak)
        return python_values(r, op, result, compute, &a, &b, out);
    if (compute == ZAGG_DT_NONE)
        return mixed_compare(r, op, &a, &b, out);
    if (op >= ZX_LOGAND && op <= ZX_LOGXOR)
        return logical_values(r, op, &a, &b, out);
    /* Comparisons of whole numbers are done in 64 bits, where all literals fit. */
    ZAGG_TRY(ta->weak && !tb->weak ? zx_adopt(r, &a, compute, &a)
                                   : zx_cast(r, &a, compute, &a));
    ZAGG_TRY(tb->weak && !ta->weak ? zx_adopt(r, &b, compute, &b)
                                   : zx_cast(r, &b, compute, &b));
    ZAGG_TRY(zx_meet(r, both, 2, &shape));
    ZAGG_TRY(zx_new_like(r, &shape, result->dtype, out));
    if (op == ZX_POW && is_int(compute))
        return int_power(r, compute, &a, &b, out);
    if (op == ZX_POW && short_power(compute, &a, &b, out))
        return ZAGG_OK;
    zx_kernel_binary(op, compute, a.data, !is_one(&a), b.data, !is_one(&b), out->data,
                     zx_elements(out));
    return ZAGG_OK;
}

/* ---- one operand ---- */

zagg_status zx_unary_type(zx_check *c, zx_op op, const zx_type *a, zx_type *out)
{
    ZAGG_TRY(zx_want_value(c, a, "the operand"));
    *out = *a;
    out->constant = a->constant && op != ZX_INVERT;
    if (a->weak && a->dtype == ZAGG_DT_BOOL) /* -True is the Python number -1 */
        out->dtype = ZAGG_DT_I64;
    else if (a->dtype == ZAGG_DT_BOOL && op != ZX_INVERT)
        return zx_refuse(c, "%s of truth values; use ~ or astype",
                         op == ZX_NEG ? "-" : "+");
    if (op == ZX_INVERT && zagg_dtype_is_float(a->dtype))
        return zx_refuse(c, "~ needs whole numbers or truth values, not %s",
                         zagg_dtype_name(a->dtype));
    if (op == ZX_NEG && a->constant) {
        out->f = -a->f;
        if (__builtin_sub_overflow(0, a->i, &out->i))
            return zx_refuse(c, "a whole number beyond 64 bits");
    }
    return ZAGG_OK;
}

zagg_status zx_unary(zx_run *r, zx_op op, const zx_type *result, const zx_val *a_in,
                     zx_val *out)
{
    zx_val a;
    ZAGG_TRY(zx_cast(r, a_in, result->dtype, &a));
    const size_t n = zx_elements(&a);
    ZAGG_TRY(zx_new_like(r, &a, result->dtype, out));
    out->weak = result->weak;
    if (op == ZX_POS) {
        out->data = a.data;
    } else if (zagg_dtype_is_float(result->dtype)) {
        /* not 0 - x, which gives +0 for +0 */
        if (result->dtype == ZAGG_DT_F32)
            for (size_t i = 0; i < n; i++)
                ((float *)out->data)[i] = -((const float *)a.data)[i];
        else
            for (size_t i = 0; i < n; i++)
                ((double *)out->data)[i] = -((const double *)a.data)[i];
    } else {
        /* 0 - x, and all bits ^ x (1 ^ x for truth values) */
        int64_t left = op == ZX_NEG ? 0 : result->dtype == ZAGG_DT_BOOL ? 1 : -1;
        uint64_t narrow; /* room and alignment for any type */
        zg_cast(ZAGG_DT_I64, &left, result->dtype, &narrow, 1);
        zx_kernel_binary(op == ZX_NEG ? ZX_SUB : ZX_BITXOR, result->dtype, &narrow, 0,
                         a.data, 1, out->data, n);
    }
    return ZAGG_OK;
}
