/* Conversions: astype, np.float32(x) and its like, Python's built-ins. */
#include "expr/elementwise.h"
#include "expr/fn.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

static zagg_status astype_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                               zx_type *out)
{
    zagg_dtype dtype;
    (void)fn;
    ZAGG_TRY(zx_want_value(c, &p[0], "what is converted"));
    ZAGG_TRY(zx_want_dtype(c, &p[1], &dtype));
    if (dtype == ZAGG_DT_NONE)
        return zx_refuse(c, "astype needs a type");
    *out = zx_value_type(dtype, p[0].rank);
    return ZAGG_OK;
}

static zagg_status astype_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                              zx_run *r, zx_val *out)
{
    const zagg_dtype dtype =
        p[1].kind == ZX_K_DTYPE ? p[1].dtype : zx_dtype_from_text(p[1].text);
    (void)fn;
    return zx_cast(r, &a[0], dtype, out);
}

/* np.float32(x) and its like. */
static zagg_status convert_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                zx_type *out)
{
    zx_type a;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    *out = zx_value_type((zagg_dtype)fn->op, a.rank);
    return ZAGG_OK;
}

static zagg_status convert_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                               zx_run *r, zx_val *out)
{
    const zagg_dtype dtype = (zagg_dtype)fn->op;
    zx_val array;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &array));
    if (p[0].kind != ZX_K_VALUE || !p[0].weak || zagg_dtype_is_float(dtype) ||
        dtype == ZAGG_DT_BOOL)
        return zx_cast(r, &array, dtype, out);
    return zx_as_item(r, &a[0], dtype, out);
}

#define CONVERT(name, dtype)                                                             \
    {                                                                                    \
        name, "x", 1, false, dtype, convert_type, convert_run                            \
    }

const zx_fn ZX_CONVERSIONS[] = {
    {"astype", "x dtype", 2, true, 0, astype_type, astype_run},
    CONVERT("bool_", ZAGG_DT_BOOL),
    CONVERT("bool", ZAGG_DT_BOOL),
    CONVERT("int8", ZAGG_DT_I8),
    CONVERT("int16", ZAGG_DT_I16),
    CONVERT("int32", ZAGG_DT_I32),
    CONVERT("int64", ZAGG_DT_I64),
    CONVERT("int_", ZAGG_DT_I64),
    CONVERT("intp", ZAGG_DT_I64),
    CONVERT("uint8", ZAGG_DT_U8),
    CONVERT("uint16", ZAGG_DT_U16),
    CONVERT("uint32", ZAGG_DT_U32),
    CONVERT("uint64", ZAGG_DT_U64),
    CONVERT("float32", ZAGG_DT_F32),
    CONVERT("single", ZAGG_DT_F32),
    CONVERT("float64", ZAGG_DT_F64),
    CONVERT("double", ZAGG_DT_F64),
    {0},
};

/* ---- Python's built-ins ---- */

enum { B_LEN, B_FLOAT, B_INT, B_ABS, B_SUM };

/* sum of a list: 0 + item + item ..., each step with Python's types. */
static zagg_status fold_type(const zx_type *p, zx_check *c, zx_type *out)
{
    zagg_dtype compute;
    zx_type next;
    *out = zx_value_type(ZAGG_DT_I64, 0);
    out->weak = true;
    for (size_t i = 0; i < p[0].n; i++) {
        ZAGG_TRY(zx_binary_type(c, ZX_ADD, out, &p[0].items[i], true, &next, &compute));
        *out = next;
    }
    return ZAGG_OK;
}

static zagg_status fold_list(zx_run *r, const zx_type *p, const zx_val *a, zx_val *out)
{
    zx_check none = {.text = ""};
    zagg_dtype compute;
    zx_type so_far = zx_value_type(ZAGG_DT_I64, 0), next;
    ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, true, out));
    *(int64_t *)out->data = 0;
    out->weak = so_far.weak = true;
    for (size_t i = 0; i < p[0].n; i++) {
        zx_val sum;
        ZAGG_TRY(zx_binary_type(&none, ZX_ADD, &so_far, &p[0].items[i], true, &next,
                                &compute));
        ZAGG_TRY(zx_binary(r, ZX_ADD, &so_far, &p[0].items[i], &next, compute, out,
                           &a[0].items[i], &sum));
        *out = sum;
        so_far = next;
    }
    return ZAGG_OK;
}

/* What float() reads from text: numbers, nan, inf. */
static bool number_text(const char *text, double *out)
{
    const bool minus = *text == '-';
    const char *bare = text + (minus || *text == '+');
    if (strcmp(bare, "nan") == 0)
        *out = __builtin_nan("");
    else if (strcmp(bare, "inf") == 0 || strcmp(bare, "infinity") == 0)
        *out = HUGE_VAL;
    else if (!zg_float_parse(bare, strlen(bare), out))
        return false;
    *out = minus ? -*out : *out;
    return true;
}

static zagg_status builtin_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                zx_type *out)
{
    if (fn->op == B_LEN && p[0].kind == ZX_K_SEQ) {
        *out = zx_value_type(ZAGG_DT_I64, 0);
        out->weak = out->constant = true;
        out->i = (int64_t)p[0].n;
        out->f = (double)p[0].n;
        return ZAGG_OK;
    }
    if (fn->op == B_SUM && p[0].kind == ZX_K_SEQ)
        return fold_type(p, c, out);
    if (fn->op == B_FLOAT && p[0].kind == ZX_K_TEXT) {
        *out = zx_value_type(ZAGG_DT_F64, 0);
        out->weak = out->constant = true;
        if (!number_text(p[0].text, &out->f))
            return zx_refuse(c, "could not convert text to float: '%.40s'", p[0].text);
        return ZAGG_OK;
    }
    ZAGG_TRY(zx_want_value(c, &p[0], "the argument"));
    if ((fn->op == B_LEN || fn->op == B_SUM) && p[0].rank == 0)
        return zx_refuse(c, "%s of one value; it needs an array", fn->name);
    if ((fn->op == B_FLOAT || fn->op == B_INT) && p[0].rank != 0)
        return zx_refuse(c, "%s of an array; it needs one value", fn->name);
    if (fn->op == B_SUM && p[0].rank > 1)
        return zx_refuse(c, "sum of a table; use np.sum");
    *out = zx_value_type(p[0].dtype, 0);
    switch (fn->op) {
    case B_LEN:
    case B_INT:
        out->dtype = ZAGG_DT_I64;
        out->weak = true;
        break;
    case B_FLOAT:
        out->dtype = ZAGG_DT_F64;
        out->weak = true;
        break;
    case B_ABS:
        out->rank = p[0].rank;
        out->weak = p[0].weak;
        if (p[0].weak && p[0].dtype == ZAGG_DT_BOOL)
            out->dtype = ZAGG_DT_I64;
        break;
    default: /* from int 0 on: truth values become int64 */
        if (p[0].dtype == ZAGG_DT_BOOL)
            out->dtype = ZAGG_DT_I64;
        break;
    }
    return ZAGG_OK;
}

static zagg_status to_int(zx_run *r, const zx_val *a, zx_val *out)
{
    ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, a->uniform, out));
    out->weak = true;
    for (size_t s = 0; s < (a->uniform ? 1 : r->n_seg); s++) {
        const double x = zx_double(a, s);
        if (zagg_dtype_is_float(a->dtype) && x != x)
            return zx_fail(r, s, "ValueError: cannot convert float NaN to integer");
        if (zagg_dtype_is_float(a->dtype) && !(fabs(x) < 0x1p63))
            return zx_fail(r, s, "OverflowError: %.17g is beyond 64 bits", x);
        ((int64_t *)out->data)[s] = zx_int(a, s);
    }
    return ZAGG_OK;
}

/* One value behind the other in the type of the elements, unlike np.sum. */
static zagg_status left_fold(zx_run *r, const zx_val *a_in, zagg_dtype dtype, zx_val *out)
{
    zx_val a;
    const size_t size = zagg_dtype_size(dtype);
    ZAGG_TRY(zx_cast(r, a_in, dtype, &a));
    ZAGG_TRY(zx_new_scalar(r, dtype, a.uniform, out));
    memset(out->data, 0, (a.uniform ? 1 : r->n_seg) * size);
    for (size_t s = 0; s < (a.uniform ? 1 : r->n_seg); s++) {
        const char *x = zx_at_segment(&a, s);
        char *sum = (char *)out->data + s * size;
        for (size_t i = 0; i < zx_rows(&a, s); i++)
            zx_kernel_binary(ZX_ADD, dtype, sum, 1, x + i * size, 1, sum, 1);
    }
    return ZAGG_OK;
}

static zagg_status builtin_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                               zx_run *r, zx_val *out)
{
    switch (fn->op) {
    case B_LEN:
        ZAGG_TRY(
            zx_new_scalar(r, ZAGG_DT_I64, p[0].kind == ZX_K_SEQ || a[0].uniform, out));
        out->weak = true;
        for (size_t s = 0; s < (out->uniform ? 1 : r->n_seg); s++)
            ((int64_t *)out->data)[s] =
                (int64_t)(p[0].kind == ZX_K_SEQ ? p[0].n : zx_rows(&a[0], s));
        return ZAGG_OK;
    case B_FLOAT:
        if (p[0].kind == ZX_K_TEXT) {
            ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_F64, true, out));
            (void)number_text(p[0].text, out->data);
            out->weak = true;
            return ZAGG_OK;
        }
        ZAGG_TRY(zx_cast(r, &a[0], ZAGG_DT_F64, out));
        out->weak = true;
        return ZAGG_OK;
    case B_INT:
        return to_int(r, &a[0], out);
    case B_SUM:
        if (p[0].kind == ZX_K_SEQ)
            return fold_list(r, p, a, out);
        return left_fold(r, &a[0], p[0].dtype == ZAGG_DT_BOOL ? ZAGG_DT_I64 : p[0].dtype,
                         out);
    default: {
        const zx_fn *of_numpy = zx_find_fn("abs", 3);
        zx_val v = a[0];
        if (p[0].weak && p[0].dtype == ZAGG_DT_BOOL)
            ZAGG_TRY(zx_cast(r, &a[0], ZAGG_DT_I64, &v));
        ZAGG_TRY(of_numpy->run(of_numpy, p, &v, r, out));
        out->weak = p[0].weak;
        return ZAGG_OK;
    }
    }
}

const zx_fn ZX_BUILTINS[] = {
    {"len", "x", 1, false, B_LEN, builtin_type, builtin_run},
    {"float", "x", 1, false, B_FLOAT, builtin_type, builtin_run},
    {"int", "x", 1, false, B_INT, builtin_type, builtin_run},
    {"abs", "x", 1, false, B_ABS, builtin_type, builtin_run},
    {"sum", "x", 1, false, B_SUM, builtin_type, builtin_run},
    {0},
};
