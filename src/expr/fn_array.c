/* Functions that make arrays or put them together. */
#include "expr/elementwise.h"
#include "expr/fn.h"

#include <math.h>
#include <string.h>

/* ---- shapes given as numbers ---- */

/* A length, or (rows, columns): literal, or computed from the rows (len(h), h.size). */
static zagg_status shape_type(zx_check *c, const zx_type *p, unsigned *rank)
{
    const zx_type *items = p->kind == ZX_K_SEQ ? p->items : p;
    const size_t n = p->kind == ZX_K_SEQ ? p->n : 1;
    if (n < 1 || n > 2)
        return zx_refuse(c, "a shape must have one or two axes");
    for (size_t i = 0; i < n; i++) {
        if (items[i].kind != ZX_K_VALUE || items[i].rank != 0 ||
            zagg_dtype_is_float(items[i].dtype) || items[i].dtype == ZAGG_DT_BOOL)
            return zx_refuse(c, "a shape must consist of whole numbers");
        if (items[i].constant && items[i].i < 0)
            return zx_refuse(c, "negative dimensions are not allowed");
    }
    *rank = (unsigned)n;
    return ZAGG_OK;
}

static zagg_status new_shape(zx_run *r, const zx_type *p, const zx_val *v,
                             zagg_dtype dtype, zx_val *out)
{
    const zx_val *n = p->kind == ZX_K_SEQ ? &v->items[0] : v;
    const size_t *off;
    ZAGG_TRY(zx_lengths(r, n, &off));
    if (p->kind != ZX_K_SEQ || p->n == 1)
        return zx_new_array(r, dtype, off, out);
    const int64_t cols = zx_int(&v->items[1], 0);
    for (size_t s = 1; s < r->n_seg && !v->items[1].uniform; s++)
        if (zx_int(&v->items[1], s) != cols)
            return zx_fail(r, s, "tables of different widths in different cells");
    if (cols < 0 || (uint64_t)cols > r->limit ||
        (off[1] && (uint64_t)cols > r->limit / off[1]))
        return zx_fail(r, 0, "an array of %lld columns is too large", (long long)cols);
    *out = (zx_val){
        .dtype = dtype, .n_seg = r->n_seg, .off = off, .rank = 2, .cols = (size_t)cols};
    out->data = zx_take(r, off[r->n_seg] * (size_t)cols + 1, zagg_dtype_size(dtype));
    return out->data ? ZAGG_OK : r->err->status;
}

static void fill(zx_val *v, zagg_dtype from, const void *element)
{
    const size_t size = zagg_dtype_size(v->dtype);
    char *to = v->data;
    for (size_t i = 0, n = zx_elements(v); i < n; i++)
        zg_cast(from, element, v->dtype, to + i * size, 1);
}

/* ---- zeros ones full and their _like ---- */

enum { ZEROS, ONES, FULL, ZEROS_LIKE, ONES_LIKE, FULL_LIKE };

static const zx_type *dtype_param(const zx_fn *fn, const zx_type *p)
{
    return &p[fn->op == FULL || fn->op == FULL_LIKE ? 2 : 1];
}

static zagg_status fill_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    zagg_dtype dtype;
    unsigned rank = 0;
    ZAGG_TRY(zx_want_dtype(c, dtype_param(fn, p), &dtype));
    if (fn->op >= ZEROS_LIKE) {
        ZAGG_TRY(zx_want_value(c, &p[0], "the model"));
        *out = zx_value_type(p[0].dtype, p[0].rank);
    } else {
        ZAGG_TRY(shape_type(c, &p[0], &rank));
        *out = zx_value_type(ZAGG_DT_F64, rank);
    }
    if (fn->op == FULL || fn->op == FULL_LIKE) {
        ZAGG_TRY(zx_want_value(c, &p[1], "the fill value"));
        if (p[1].rank != 0)
            return zx_refuse(c, "the fill value must be one value");
        if (fn->op == FULL)
            out->dtype = p[1].dtype;
    }
    if (dtype != ZAGG_DT_NONE)
        out->dtype = dtype;
    return ZAGG_OK;
}

static zagg_status fill_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    static const double NUMBERS[] = {0, 1};
    zx_check none = {.text = ""};
    zx_type result;
    ZAGG_TRY(fill_type(fn, p, &none, &result));
    zx_val shape = a[0];
    const bool fills = fn->op == FULL || fn->op == FULL_LIKE;
    if (fn->op >= ZEROS_LIKE && fills && shape.uniform && !a[1].uniform)
        ZAGG_TRY(zx_write_out(r, &a[0], &shape));
    if (fn->op >= ZEROS_LIKE)
        ZAGG_TRY(zx_new_like(r, &shape, result.dtype, out));
    else
        ZAGG_TRY(new_shape(r, &p[0], &a[0], result.dtype, out));
    if (!fills) {
        fill(out, ZAGG_DT_F64, &NUMBERS[fn->op == ONES || fn->op == ONES_LIKE]);
        return ZAGG_OK;
    }
    const size_t size = zagg_dtype_size(result.dtype);
    char *to = out->data;
    for (size_t s = 0; s < (out->uniform ? 1 : r->n_seg); s++)
        for (size_t i = 0; i < zx_rows(out, s) * out->cols; i++, to += size)
            zg_cast(a[1].dtype, zx_at_segment(&a[1], s), result.dtype, to, 1);
    return ZAGG_OK;
}

/* ---- array, asarray, ravel, size ---- */

static zagg_status array_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                              zx_type *out)
{
    zagg_dtype dtype;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, out));
    ZAGG_TRY(zx_want_dtype(c, &p[1], &dtype));
    if (dtype != ZAGG_DT_NONE)
        out->dtype = dtype;
    return ZAGG_OK;
}

static zagg_status array_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                             zx_run *r, zx_val *out)
{
    zx_check none = {.text = ""};
    zx_type result;
    ZAGG_TRY(array_type(fn, p, &none, &result));
    return zx_as_array_of(r, &p[0], &a[0], result.dtype, out);
}

static zagg_status ravel_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                              zx_type *out)
{
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, out));
    out->rank = 1;
    return ZAGG_OK;
}

static zagg_status ravel_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                             zx_run *r, zx_val *out)
{
    (void)fn;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], out));
    const size_t n = out->uniform ? 1 : r->n_seg;
    size_t *off = zx_take(r, n + 1, sizeof *off);
    if (!off)
        return r->err->status;
    off[0] = 0;
    for (size_t s = 0; s < n; s++)
        off[s + 1] = off[s] + zx_rows(out, s) * out->cols;
    out->rank = 1;
    out->cols = 1;
    out->off = off;
    return ZAGG_OK;
}

static zagg_status size_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, out));
    *out = zx_value_type(ZAGG_DT_I64, 0);
    out->weak = true;
    return ZAGG_OK;
}

static zagg_status size_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    zx_val v;
    (void)fn;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &v));
    ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, v.rank == 0 || v.uniform, out));
    out->weak = true;
    for (size_t s = 0; s < (out->uniform ? 1 : r->n_seg); s++)
        ((int64_t *)out->data)[s] = (int64_t)(zx_rows(&v, s) * v.cols);
    return ZAGG_OK;
}

/* ---- putting arrays together ---- */

enum { CONCATENATE, HSTACK, VSTACK, COLUMN_STACK, STACK };

/* The type of all parts together: whole numbers of different kinds that each fit a
 * float32 beside them do so together. */
typedef struct parts_dtype {
    zagg_dtype folded;
    bool any_f32, all_narrow;
} parts_dtype;

static void take_part(parts_dtype *t, zagg_dtype part, bool first)
{
    const bool narrow = zg_promote(part, ZAGG_DT_F32) == ZAGG_DT_F32;
    t->folded = first ? part : zg_promote(t->folded, part);
    t->any_f32 = (!first && t->any_f32) || part == ZAGG_DT_F32;
    t->all_narrow = (first || t->all_narrow) && narrow;
}

static zagg_status parts_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                              bool scalars, zx_type *out)
{
    parts_dtype all = {.folded = ZAGG_DT_F64};
    if (p[0].kind != ZX_K_SEQ || p[0].n == 0)
        return zx_refuse(c, "%s needs a list of arrays", fn->name);
    for (size_t i = 0; i < p[0].n; i++) {
        zx_type item;
        ZAGG_TRY(zx_array_type(c, &p[0].items[i], fn->name, &item));
        if (item.rank == 0 && !scalars)
            return zx_refuse(c, "zero-dimensional arrays cannot be concatenated");
        if (item.rank > 1)
            return zx_refuse(c, "%s of tables is not supported", fn->name);
        take_part(&all, item.dtype, i == 0);
        if (i == 0)
            out->rank = item.rank;
        else if (fn->op != HSTACK && item.rank != out->rank)
            return zx_refuse(c, "%s: arrays of different rank", fn->name);
    }
    out->dtype = all.any_f32 && all.all_narrow ? ZAGG_DT_F32 : all.folded;
    return ZAGG_OK;
}

static zagg_status join_type(const zx_fn *fn, const zx_type *p, zx_check *c, zx_type *out)
{
    int64_t axis;
    *out = zx_value_type(ZAGG_DT_F64, 1);
    ZAGG_TRY(parts_type(fn, p, c, fn->op == HSTACK, out));
    ZAGG_TRY(zx_want_int(c, &p[1], "axis", 0, &axis));
    if (fn->op == CONCATENATE && axis != 0 && axis != -1)
        return zx_refuse(c, "axis %lld is out of bounds for an array of 1 axis",
                         (long long)axis);
    out->rank = 1;
    return ZAGG_OK;
}

static zagg_status join_run(const zx_fn *fn, const zx_type *p, const zx_val *a, zx_run *r,
                            zx_val *out)
{
    enum { MOST = 32 };
    zx_check none = {.text = ""};
    zx_type result;
    zx_val parts[MOST];
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    if (!off)
        return r->err->status;
    if (p[0].n > MOST)
        return zx_fail(r, 0, "more than %d arrays", MOST);
    ZAGG_TRY(join_type(fn, p, &none, &result));
    for (size_t i = 0; i < p[0].n; i++) {
        ZAGG_TRY(zx_as_array(r, &p[0].items[i], &a[0].items[i], &parts[i]));
        ZAGG_TRY(zx_cast(r, &parts[i], result.dtype, &parts[i]));
    }
    off[0] = 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        off[s + 1] = off[s];
        for (size_t i = 0; i < p[0].n; i++)
            off[s + 1] += zx_rows(&parts[i], s);
    }
    ZAGG_TRY(zx_new_array(r, result.dtype, off, out));
    const size_t size = zagg_dtype_size(result.dtype);
    char *to = out->data;
    for (size_t s = 0; s < r->n_seg; s++)
        for (size_t i = 0; i < p[0].n; i++) {
            const size_t bytes = zx_rows(&parts[i], s) * size;
            if (bytes)
                memcpy(to, zx_at_segment(&parts[i], s), bytes);
            to += bytes;
        }
    return ZAGG_OK;
}

/* Arrays as the rows or the columns of a table. */
static zagg_status stack_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                              zx_type *out)
{
    int64_t axis;
    *out = zx_value_type(ZAGG_DT_F64, 1);
    ZAGG_TRY(parts_type(fn, p, c, fn->op == STACK, out));
    ZAGG_TRY(zx_want_int(c, &p[1], "axis", 0, &axis));
    if (fn->op == STACK) {
        if (axis < -2 || axis > 1)
            return zx_refuse(c, "axis %lld is out of bounds", (long long)axis);
        if (out->rank == 0) {
            out->rank = 1;
            return ZAGG_OK;
        }
    }
    out->rank = 2;
    return ZAGG_OK;
}

static zagg_status as_columns(zx_run *r, const zx_val *parts, size_t n, zagg_dtype dtype,
                              zx_val *out)
{
    const size_t size = zagg_dtype_size(dtype);
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    if (!off)
        return r->err->status;
    off[0] = 0;
    for (size_t s = 0; s < r->n_seg; s++)
        off[s + 1] = off[s] + zx_rows(&parts[0], s);
    *out = (zx_val){.dtype = dtype, .n_seg = r->n_seg, .off = off, .rank = 2, .cols = n};
    out->data = zx_take(r, off[r->n_seg] * n + 1, size);
    if (!out->data)
        return r->err->status;
    for (size_t s = 0; s < r->n_seg; s++)
        for (size_t k = 0; k < n; k++) {
            const char *from = zx_at_segment(&parts[k], s);
            if (zx_rows(&parts[k], s) != zx_rows(&parts[0], s))
                return zx_fail(r, s,
                               "ValueError: all input arrays must have the same shape");
            for (size_t i = 0; i < zx_rows(&parts[k], s); i++)
                memcpy((char *)out->data + ((off[s] + i) * n + k) * size, from + i * size,
                       size);
        }
    return ZAGG_OK;
}

static zagg_status stack_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                             zx_run *r, zx_val *out)
{
    enum { MOST = 16 };
    zx_check none = {.text = ""};
    zx_type result;
    zx_val parts[MOST];
    ZAGG_TRY(stack_type(fn, p, &none, &result));
    const int64_t axis = p[1].kind == ZX_K_VALUE ? p[1].i : 0;
    const bool columns =
        fn->op == COLUMN_STACK || (fn->op == STACK && (axis == 1 || axis == -1));
    if (!columns || result.rank == 1) {
        zx_val table;
        ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &table));
        return zx_cast(r, &table, result.dtype, out);
    }
    if (p[0].n > MOST)
        return zx_fail(r, 0, "more than %d arrays", MOST);
    for (size_t i = 0; i < p[0].n; i++) {
        ZAGG_TRY(zx_as_array(r, &p[0].items[i], &a[0].items[i], &parts[i]));
        ZAGG_TRY(zx_cast(r, &parts[i], result.dtype, &parts[i]));
    }
    return as_columns(r, parts, p[0].n, result.dtype, out);
}

#define LIKE(name, op)                                                                   \
    {                                                                                    \
        name, "a dtype", 1, false, op, fill_type, fill_run                               \
    }

const zx_fn ZX_ARRAYS[] = {
    {"zeros", "shape dtype", 1, false, ZEROS, fill_type, fill_run},
    {"ones", "shape dtype", 1, false, ONES, fill_type, fill_run},
    {"full", "shape fill_value dtype", 2, false, FULL, fill_type, fill_run},
    LIKE("zeros_like", ZEROS_LIKE),
    LIKE("ones_like", ONES_LIKE),
    {"full_like", "a fill_value dtype", 2, false, FULL_LIKE, fill_type, fill_run},
    {"array", "object dtype", 1, false, 0, array_type, array_run},
    {"asarray", "a dtype", 1, false, 0, array_type, array_run},
    {"ravel", "a", 1, true, 0, ravel_type, ravel_run},
    {"size", "a", 1, false, 0, size_type, size_run},
    {"concatenate", "arrays axis", 1, false, CONCATENATE, join_type, join_run},
    {"hstack", "tup", 1, false, HSTACK, join_type, join_run},
    {"vstack", "tup", 1, false, VSTACK, stack_type, stack_run},
    {"column_stack", "tup", 1, false, COLUMN_STACK, stack_type, stack_run},
    {"stack", "arrays axis", 1, false, STACK, stack_type, stack_run},
    {0},
};
