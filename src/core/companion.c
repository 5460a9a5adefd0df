/* Fields with `resolution: chunk`: the cells of a chunk carry one value between them,
 * which is stored once. The rules of which cells count and when they agree are upstream's
 * (processing/write.py), and so are the words of the refusal. */
#include "core/store_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Elements of the cells, as bytes. */
typedef struct cells {
    const zagg_carrier_column *column;
    size_t elem_bytes;
} cells;

static cells cells_of(const zagg_carrier_column *column)
{
    return (cells){column, zagg_dtype_size(column->dtype)};
}

/* Rows first .. first + n of `width` elements each. */
static zagg_bytes_view rows(const cells *c, uint64_t first, uint64_t n)
{
    const size_t row_bytes = c->column->width * c->elem_bytes;
    const unsigned char *data = c->column->data;
    return (zagg_bytes_view){data ? data + (size_t)first * row_bytes : NULL,
                             (size_t)n * row_bytes};
}

static zagg_bytes_view payload(const cells *c, size_t cell)
{
    const uint64_t *offsets = c->column->offsets;
    return rows(c, offsets[cell], offsets[cell + 1] - offsets[cell]);
}

/* Element i of a view as a double; of floating-point types only. */
static double float_at(zagg_dtype dtype, const void *data, size_t i)
{
    if (dtype == ZAGG_DT_F32) {
        float v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    double v;
    memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
    return v;
}

static bool all_nan(const cells *c, zagg_bytes_view v)
{
    bool nan = true;
    for (size_t i = 0; i < v.len / c->elem_bytes && nan; i++)
        nan = isnan(float_at(c->column->dtype, v.data, i)) != 0;
    return nan;
}

/* Equal as numbers, NaN equal to NaN. */
static bool same(const cells *c, zagg_bytes_view a, zagg_bytes_view b)
{
    if (a.len != b.len)
        return false;
    bool equal = a.len == 0 || memcmp(a.data, b.data, a.len) == 0;
    if (equal || !zagg_dtype_is_float(c->column->dtype))
        return equal;
    equal = true;
    for (size_t i = 0; i < a.len / c->elem_bytes && equal; i++) {
        const double x = float_at(c->column->dtype, a.data, i);
        const double y = float_at(c->column->dtype, b.data, i);
        equal = x == y || (isnan(x) && isnan(y));
    }
    return equal;
}

static int by_bytes(const void *a, const void *b)
{
    const zagg_bytes_view *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->len == 0 ? 0 : memcmp(x->data, y->data, x->len);
}

static size_t count_distinct(zagg_bytes_view *views, size_t n)
{
    size_t distinct = n > 0;
    qsort(views, n, sizeof *views, by_bytes);
    for (size_t i = 1; i < n; i++)
        distinct += by_bytes(&views[i - 1], &views[i]) != 0;
    return distinct;
}

/* As upstream counts: NaN is one value, which it takes infinity for, and -0 is 0. */
static void make_countable(const cells *c, void *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double v = float_at(c->column->dtype, data, i);
        v = isnan(v) ? (double)INFINITY : v == 0.0 ? 0.0 : v;
        const float narrow = (float)v;
        char *at = (char *)data + i * c->elem_bytes;
        if (c->column->dtype == ZAGG_DT_F32)
            memcpy(at, &narrow, sizeof narrow);
        else
            memcpy(at, &v, sizeof v);
    }
}

static zagg_status no_memory(const cells *c, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to compare the cells of field '%s'",
                        c->column->name);
}

static bool is_populated(const cells *c, size_t cell)
{
    return !zagg_dtype_is_float(c->column->dtype) || !all_nan(c, rows(c, cell, 1));
}

/* The refusal, with how many values there are. */
static zagg_status values_differ(const cells *c, size_t n_cells, zagg_err *err)
{
    const size_t row_bytes = c->column->width * c->elem_bytes;
    zagg_bytes_view *views = zg_alloc(n_cells, sizeof *views);
    unsigned char *copy = zg_alloc(n_cells, row_bytes);
    size_t n = 0;
    if (!views || !copy) {
        zg_free(views);
        zg_free(copy);
        return no_memory(c, err);
    }
    memcpy(copy, c->column->data, n_cells * row_bytes);
    if (zagg_dtype_is_float(c->column->dtype))
        make_countable(c, copy, n_cells * c->column->width);
    for (size_t i = 0; i < n_cells; i++)
        if (is_populated(c, i))
            views[n++] = (zagg_bytes_view){copy + i * row_bytes, row_bytes};
    const size_t distinct = count_distinct(views, n);
    zg_free(views);
    zg_free(copy);
    return zagg_err_set(
        err, ZAGG_ERANGE,
        "resolution: chunk field '%s' is not chunk-uniform: the populated "
        "cells carry %zu distinct values; a chunk-resolution field must "
        "reduce to one value per chunk (use resolution: cell for a "
        "per-cell field)",
        c->column->name, distinct);
}

zagg_status zg_companion_cell(const zagg_carrier_column *column, size_t n_cells,
                              size_t *cell, zagg_err *err)
{
    const cells c = cells_of(column);
    size_t first = n_cells;
    for (size_t i = 0; i < n_cells; i++) {
        if (!is_populated(&c, i))
            continue;
        if (first == n_cells)
            first = i;
        else if (!same(&c, rows(&c, first, 1), rows(&c, i, 1)))
            return values_differ(&c, n_cells, err);
    }
    *cell = first == n_cells ? 0 : first;
    return ZAGG_OK;
}

/* Payloads are counted by their bytes. */
static zagg_status payloads_differ(const cells *c, size_t n_cells, zagg_err *err)
{
    zagg_bytes_view *views = zg_alloc(n_cells, sizeof *views);
    size_t n = 0;
    if (!views)
        return no_memory(c, err);
    for (size_t i = 0; i < n_cells; i++)
        if (payload(c, i).len > 0)
            views[n++] = payload(c, i);
    const size_t distinct = count_distinct(views, n);
    zg_free(views);
    return zagg_err_set(
        err, ZAGG_ERANGE,
        "resolution: chunk ragged field '%s' is not chunk-uniform: the "
        "populated cells carry %zu distinct payloads; a chunk-resolution "
        "field must reduce to one payload per chunk (use resolution: cell "
        "for a per-cell ragged field)",
        c->column->name, distinct);
}

zagg_status zg_companion_payload(const zagg_carrier_column *column, size_t n_cells,
                                 size_t *cell, zagg_err *err)
{
    const cells c = cells_of(column);
    size_t first = n_cells;
    for (size_t i = 0; i < n_cells; i++) {
        if (payload(&c, i).len == 0)
            continue;
        if (first == n_cells)
            first = i;
        else if (!same(&c, payload(&c, first), payload(&c, i)))
            return payloads_differ(&c, n_cells, err);
    }
    *cell = first;
    return ZAGG_OK;
}
