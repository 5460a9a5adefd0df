/* Finding functions, and what their type functions share. */
#include "expr/fn.h"

#include "expr/elementwise.h"

#include <math.h>
#include <string.h>

static const zx_fn *find(const zx_fn *table, const char *name, size_t len)
{
    for (; table->name; table++)
        if (strlen(table->name) == len && memcmp(table->name, name, len) == 0)
            return table;
    return NULL;
}

const zx_fn *const ZX_TABLES[ZX_N_TABLES] = {
    ZX_ELEMENTWISE, ZX_CHOICES, ZX_CONVERSIONS, ZX_MATH,   ZX_REDUCTIONS,
    ZX_ARRAYS,      ZX_SERIES,  ZX_SORTING,     ZX_SEARCH, ZX_HISTOGRAM};

const char *zx_near_fn(const char *word, bool (*is_near)(const char *, const char *))
{
    for (size_t i = 0; i < ZX_N_TABLES; i++)
        for (const zx_fn *fn = ZX_TABLES[i]; fn->name; fn++)
            if (is_near(word, fn->name))
                return fn->name;
    return NULL;
}

const zx_fn *zx_find_fn(const char *name, size_t len)
{
    for (size_t i = 0; i < ZX_N_TABLES; i++) {
        const zx_fn *fn = find(ZX_TABLES[i], name, len);
        if (fn)
            return fn;
    }
    return NULL;
}

const zx_fn *zx_find_builtin(const char *name, size_t len)
{
    return find(ZX_BUILTINS, name, len);
}

zagg_status zx_want_value(zx_check *c, const zx_type *p, const char *name)
{
    static const char *const KINDS[] = {"nothing", "a value",         "a tuple or list",
                                        "text",    "None or a slice", "a type"};
    if (p->kind == ZX_K_VALUE)
        return ZAGG_OK;
    return zx_refuse(c, "%s must be a number or an array, not %s", name, KINDS[p->kind]);
}

zagg_status zx_want_array(zx_check *c, const zx_type *p, const char *name)
{
    ZAGG_TRY(zx_want_value(c, p, name));
    if (p->rank == 0)
        return zx_refuse(c, "%s must be an array, not one value", name);
    return ZAGG_OK;
}

zagg_status zx_want_int(zx_check *c, const zx_type *p, const char *name,
                        int64_t otherwise, int64_t *out)
{
    *out = otherwise;
    if (p->kind == ZX_K_ABSENT || p->kind == ZX_K_NONE)
        return ZAGG_OK;
    if (p->kind != ZX_K_VALUE || !p->constant || p->dtype != ZAGG_DT_I64)
        return zx_refuse(c, "%s must be a literal whole number", name);
    *out = p->i;
    return ZAGG_OK;
}

zagg_status zx_want_flag(zx_check *c, const zx_type *p, const char *name)
{
    if (p->kind == ZX_K_ABSENT || p->kind == ZX_K_NONE ||
        (p->kind == ZX_K_VALUE && p->constant && p->dtype != ZAGG_DT_F64))
        return ZAGG_OK;
    return zx_refuse(c, "%s must be True or False", name);
}

zagg_status zx_want_dtype(zx_check *c, const zx_type *p, zagg_dtype *out)
{
    *out = ZAGG_DT_NONE;
    if (p->kind == ZX_K_ABSENT || p->kind == ZX_K_NONE)
        return ZAGG_OK;
    if (p->kind == ZX_K_DTYPE)
        *out = p->dtype;
    else if (p->kind == ZX_K_TEXT)
        *out = zx_dtype_from_text(p->text);
    if (*out == ZAGG_DT_NONE)
        return zx_refuse(c,
                         "a type must be one of bool, int8 ... int64, uint8 ... uint64, "
                         "float32, float64");
    return ZAGG_OK;
}

/* numpy's short forms beside the names: 'f4', '<f8', 'i2', ... */
zagg_dtype zx_dtype_from_text(const char *text)
{
    static const struct {
        const char *text;
        zagg_dtype dtype;
    } SHORT[] = {{"f4", ZAGG_DT_F32},    {"f8", ZAGG_DT_F64},  {"i1", ZAGG_DT_I8},
                 {"i2", ZAGG_DT_I16},    {"i4", ZAGG_DT_I32},  {"i8", ZAGG_DT_I64},
                 {"u1", ZAGG_DT_U8},     {"u2", ZAGG_DT_U16},  {"u4", ZAGG_DT_U32},
                 {"u8", ZAGG_DT_U64},    {"?", ZAGG_DT_BOOL},  {"b1", ZAGG_DT_BOOL},
                 {"float", ZAGG_DT_F64}, {"int", ZAGG_DT_I64}, {"double", ZAGG_DT_F64},
                 {"f", ZAGG_DT_F32},     {"d", ZAGG_DT_F64},   {"single", ZAGG_DT_F32}};
    const char *bare = *text == '<' || *text == '=' || *text == '|' ? text + 1 : text;
    for (size_t i = 0; i < sizeof SHORT / sizeof SHORT[0]; i++)
        if (strcmp(SHORT[i].text, bare) == 0)
            return SHORT[i].dtype;
    return zagg_dtype_from_name(text);
}

/* ---- arrays written as lists ---- */

/* Python numbers in a list count as float64 and int64. */
static zx_type strong(const zx_type *t)
{
    zx_type s = *t;
    s.weak = false;
    return s;
}

zagg_status zx_array_type(zx_check *c, const zx_type *p, const char *name, zx_type *out)
{
    if (p->kind != ZX_K_SEQ) {
        ZAGG_TRY(zx_want_value(c, p, name));
        *out = strong(p);
        out->constant = false;
        return ZAGG_OK;
    }
    *out = zx_value_type(ZAGG_DT_F64, 1);
    unsigned rank = 0;
    for (size_t i = 0; i < p->n; i++) {
        zx_type item;
        ZAGG_TRY(zx_array_type(c, &p->items[i], name, &item));
        if (i > 0 && item.rank != rank)
            return zx_refuse(c, "%s: single values and arrays in one list", name);
        rank = item.rank;
        out->dtype = i == 0 ? item.dtype : zg_promote(out->dtype, item.dtype);
    }
    out->rank = rank + 1;
    if (out->rank > 2)
        return zx_refuse(c, "%s: arrays of three axes are not supported", name);
    return ZAGG_OK;
}

static zagg_dtype list_dtype(const zx_type *p)
{
    zagg_dtype dtype = ZAGG_DT_F64;
    for (size_t i = 0; i < p->n; i++) {
        const zx_type *item = &p->items[i];
        const zagg_dtype own = item->kind == ZX_K_SEQ ? list_dtype(item) : item->dtype;
        dtype = i == 0 ? own : zg_promote(dtype, own);
    }
    return dtype;
}

static bool all_uniform(const zx_val *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!items[i].uniform)
            return false;
    return true;
}

zagg_status zx_as_item(zx_run *r, const zx_val *v, zagg_dtype dtype, zx_val *out)
{
    const bool from_float = zagg_dtype_is_float(v->dtype);
    if (zagg_dtype_is_float(dtype) || dtype == ZAGG_DT_BOOL || v->dtype == ZAGG_DT_BOOL)
        return zx_cast(r, v, dtype, out);
    for (size_t s = 0; s < (v->uniform ? 1 : r->n_seg); s++) {
        const double x = trunc(zx_double(v, s));
        const int64_t i = from_float && fabs(x) < 0x1p63 ? (int64_t)x : zx_int(v, s);
        if (x != x)
            return zx_fail(r, s, "ValueError: cannot convert float NaN to integer");
        /* beyond the 64 bits of a signed number only uint64 goes on */
        const bool above = from_float ? x >= 0x1p63 : v->dtype == ZAGG_DT_U64 && i < 0;
        const bool below = from_float && x < -0x1p63;
        if (below || (above ? dtype != ZAGG_DT_U64 || x >= 0x1p64 : !zx_fits(i, dtype)))
            return zx_fail(r, s, "OverflowError: %.17g is out of bounds for %s", x,
                           zagg_dtype_name(dtype));
    }
    return zx_cast(r, v, dtype, out);
}

static zagg_status list_of_scalars(zx_run *r, const zx_type *p, const zx_val *v,
                                   zagg_dtype dtype, zx_val *out)
{
    const size_t size = zagg_dtype_size(dtype);
    const size_t n_seg = r->n_seg;
    const bool uniform = all_uniform(v->items, p->n);
    if (uniform)
        r->n_seg = 1;
    const zagg_status status = zx_new_rows(r, dtype, p->n, 1, 1, out);
    r->n_seg = n_seg;
    ZAGG_TRY(status);
    out->uniform = uniform;
    out->n_seg = n_seg;
    for (size_t i = 0; i < p->n; i++) {
        zx_val item;
        ZAGG_TRY(zx_as_item(r, &v->items[i], dtype, &item));
        for (size_t s = 0; s < (uniform ? 1 : n_seg); s++)
            memcpy((char *)out->data + (s * p->n + i) * size, zx_at_segment(&item, s),
                   size);
    }
    return ZAGG_OK;
}

/* Rows of equal length, one behind the other. */
static zagg_status list_of_rows(zx_run *r, const zx_type *p, const zx_val *v,
                                zagg_dtype dtype, zx_val *out)
{
    const size_t size = zagg_dtype_size(dtype);
    zx_val rows[16];
    if (p->n > 16)
        return zx_fail(r, 0, "more than 16 arrays in a list");
    for (size_t i = 0; i < p->n; i++)
        ZAGG_TRY(zx_as_array(r, &p->items[i], &v->items[i], &rows[i]));
    const size_t cols = zx_rows(&rows[0], 0);
    ZAGG_TRY(zx_new_rows(r, dtype, p->n, 2, cols, out));
    for (size_t s = 0; s < r->n_seg; s++)
        for (size_t i = 0; i < p->n; i++) {
            if (zx_rows(&rows[i], s) != cols)
                return zx_fail(
                    r, s,
                    "ValueError: arrays of %zu and %zu values in one list (or of "
                    "different length in different cells)",
                    cols, zx_rows(&rows[i], s));
            zg_cast(rows[i].dtype, zx_at_segment(&rows[i], s), dtype,
                    (char *)out->data + (s * p->n + i) * cols * size, cols);
        }
    return ZAGG_OK;
}

zagg_status zx_as_array_of(zx_run *r, const zx_type *p, const zx_val *v, zagg_dtype dtype,
                           zx_val *out)
{
    if (p->kind != ZX_K_SEQ) {
        ZAGG_TRY(p->weak ? zx_as_item(r, v, dtype, out) : zx_cast(r, v, dtype, out));
        out->weak = false;
        return ZAGG_OK;
    }
    if (p->n > 0 && (p->items[0].kind == ZX_K_SEQ || p->items[0].rank > 0))
        return list_of_rows(r, p, v, dtype, out);
    return list_of_scalars(r, p, v, dtype, out);
}

zagg_status zx_as_array(zx_run *r, const zx_type *p, const zx_val *v, zx_val *out)
{
    if (p->kind == ZX_K_SEQ)
        return zx_as_array_of(r, p, v, list_dtype(p), out);
    *out = *v;
    out->weak = false;
    return ZAGG_OK;
}
