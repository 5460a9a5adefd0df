/* a[i], a[i:j:k], a[mask], a[list], a[:, k], a[:, None] of arrays. */
#include "expr/program.h"

#include <string.h>

enum { ONE, MANY, MASK, SLICE, NEW_AXIS }; /* what an index does */

static bool is_whole(const zx_type *t)
{
    return zagg_dtype_is_signed_int(t->dtype) || zagg_dtype_is_unsigned_int(t->dtype);
}

static zagg_status kind_of(zx_check *c, const zx_type *t, int *out)
{
    if (t->kind == ZX_K_SEQ && !t->is_list && t->n == 3) {
        *out = SLICE;
        for (size_t i = 0; i < 3; i++) {
            const zx_type *part = &t->items[i];
            if (part->kind == ZX_K_ABSENT || part->kind == ZX_K_NONE)
                continue;
            if (part->kind != ZX_K_VALUE || part->rank != 0 || !is_whole(part))
                return zx_refuse(c, "the limits of a slice must be whole numbers");
        }
        return ZAGG_OK;
    }
    if (t->kind == ZX_K_NONE) {
        *out = NEW_AXIS;
        return ZAGG_OK;
    }
    zx_type array = *t;
    if (t->kind == ZX_K_SEQ)
        ZAGG_TRY(zx_array_type(c, t, "the index", &array));
    if (array.kind == ZX_K_VALUE && array.rank == 0 && is_whole(&array))
        *out = ONE;
    else if (array.kind == ZX_K_VALUE && array.rank == 1 && array.dtype == ZAGG_DT_BOOL)
        *out = MASK;
    else if (array.kind == ZX_K_VALUE && array.rank == 1 && is_whole(&array))
        *out = MANY;
    else
        return zx_refuse(c,
                         "an index must be a whole number, a slice, a mask of the same "
                         "length or an array of whole numbers");
    return ZAGG_OK;
}

/* The second index picks a column or takes them all. */
static zagg_status table_type(zx_check *c, const int kinds[2], size_t n, zx_type *out)
{
    if (n == 1) {
        if (kinds[0] == NEW_AXIS)
            return zx_refuse(c, "arrays of three axes are not supported");
        out->rank = kinds[0] == ONE ? 1 : 2;
        return ZAGG_OK;
    }
    if (n != 2 || kinds[0] == NEW_AXIS || kinds[1] == NEW_AXIS)
        return zx_refuse(c, "too many indices: the array has two axes");
    if (kinds[1] != ONE && kinds[1] != SLICE)
        return zx_refuse(c, "the second index of a table must be a number or a slice");
    out->rank = (kinds[0] == ONE ? 0u : 1u) + (kinds[1] == ONE ? 0u : 1u);
    return ZAGG_OK;
}

zagg_status zx_index_type(zx_check *c, const zx_type *types, size_t n, zx_type *out)
{
    int kinds[2] = {ONE, ONE};
    ZAGG_TRY(zx_want_value(c, &types[0], "what is indexed"));
    if (types[0].rank == 0)
        return zx_refuse(c, "one value cannot be indexed");
    *out = zx_value_type(types[0].dtype, types[0].rank);
    if (n == 2 && types[1].kind == ZX_K_TEXT && strcmp(types[1].text, "...") == 0)
        return ZAGG_OK;
    if (n > 3)
        return zx_refuse(c, "too many indices");
    for (size_t i = 1; i < n; i++)
        ZAGG_TRY(kind_of(c, &types[i], &kinds[i - 1]));
    if (types[0].rank == 2)
        return table_type(c, kinds, n - 1, out);
    if (n == 3) {
        if (kinds[0] != SLICE || kinds[1] != NEW_AXIS)
            return zx_refuse(c, "too many indices: the array has one axis");
        out->rank = 2;
        return ZAGG_OK;
    }
    if (kinds[0] == NEW_AXIS)
        return zx_refuse(c, "[None] is not supported; [:, None] is");
    out->rank = kinds[0] == ONE ? 0 : 1;
    return ZAGG_OK;
}

/* ---- values ---- */

static zagg_status out_of_bounds(zx_run *r, size_t seg, int64_t i, size_t n)
{
    return zx_fail(r, seg,
                   "IndexError: index %lld is out of bounds for axis 0 with size %zu",
                   (long long)i, n);
}

static zagg_status position(zx_run *r, size_t seg, int64_t i, size_t n, size_t *out)
{
    const int64_t at = i < 0 ? i + (int64_t)n : i;
    if (at < 0 || at >= (int64_t)n)
        return out_of_bounds(r, seg, i, n);
    *out = (size_t)at;
    return ZAGG_OK;
}

typedef struct span {
    int64_t start, step;
    size_t n;
} span;

static int64_t clamp(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* Python's rule for the limits of a slice over n rows. */
static zagg_status slice_of(zx_run *r, const zx_type *t, const zx_val *v, size_t seg,
                            size_t rows, span *out)
{
    const int64_t n = (int64_t)rows;
    bool given[3];
    int64_t part[3] = {0, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        given[i] = t->items[i].kind == ZX_K_VALUE;
        if (given[i])
            part[i] = zx_int(&v->items[i], seg);
    }
    const int64_t step = part[2];
    if (step == 0)
        return zx_fail(r, seg, "ValueError: slice step cannot be zero");
    const int64_t lo = step > 0 ? 0 : -1, hi = step > 0 ? n : n - 1;
    const int64_t start = !given[0] ? (step > 0 ? 0 : n - 1)
                                    : clamp(part[0] < 0 ? part[0] + n : part[0], lo, hi);
    const int64_t stop = !given[1] ? (step > 0 ? n : -1)
                                   : clamp(part[1] < 0 ? part[1] + n : part[1], lo, hi);
    int64_t count = 0;
    if (step > 0 && stop > start)
        count = (stop - start - 1) / step + 1;
    else if (step < 0 && stop < start)
        count = (start - stop - 1) / (step == INT64_MIN ? INT64_MAX : -step) + 1;
    *out = (span){start, step, (size_t)count};
    return ZAGG_OK;
}

/* Row numbers that an index picks from each segment: offsets and positions. */
typedef struct picks {
    const size_t *off;
    size_t *rows; /* in the whole value */
} picks;

static zagg_status count_picks(zx_run *r, int kind, const zx_type *t, const zx_val *index,
                               const zx_val *v, size_t seg, size_t *n)
{
    span s;
    *n = 1;
    if (kind == SLICE) {
        ZAGG_TRY(slice_of(r, t, index, seg, zx_rows(v, seg), &s));
        *n = s.n;
    } else if (kind == MANY) {
        *n = zx_rows(index, seg);
    } else if (kind == MASK) {
        const uint8_t *mask = zx_at_segment(index, seg);
        /* a mask of no rows picks none of any number */
        if (zx_rows(index, seg) != zx_rows(v, seg) && zx_rows(index, seg) != 0)
            return zx_fail(r, seg,
                           "IndexError: boolean index did not match indexed array: %zu "
                           "values for %zu rows",
                           zx_rows(index, seg), zx_rows(v, seg));
        *n = 0;
        for (size_t i = 0; i < zx_rows(index, seg); i++)
            *n += mask[i] != 0;
    }
    return ZAGG_OK;
}

static zagg_status list_picks(zx_run *r, int kind, const zx_type *t, const zx_val *index,
                              const zx_val *v, size_t seg, size_t *rows)
{
    const size_t n = zx_rows(v, seg), first = zx_first(v, seg);
    span s;
    if (kind == ONE) {
        ZAGG_TRY(position(r, seg, zx_int(index, seg), n, rows));
        *rows += first;
    } else if (kind == SLICE) {
        ZAGG_TRY(slice_of(r, t, index, seg, n, &s));
        for (size_t i = 0; i < s.n; i++)
            rows[i] = first + (size_t)(s.start + (int64_t)i * s.step);
    } else if (kind == MASK) {
        const uint8_t *mask = zx_at_segment(index, seg);
        for (size_t i = 0; i < zx_rows(index, seg); i++)
            if (mask[i])
                *rows++ = first + i;
    } else {
        const int64_t *list = zx_at_segment(index, seg);
        for (size_t i = 0; i < zx_rows(index, seg); i++) {
            ZAGG_TRY(position(r, seg, list[i], n, &rows[i]));
            rows[i] += first;
        }
    }
    return ZAGG_OK;
}

static zagg_status pick(zx_run *r, int kind, const zx_type *t, const zx_val *index,
                        const zx_val *v, picks *out)
{
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    if (!off)
        return r->err->status;
    off[0] = 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        size_t n;
        ZAGG_TRY(count_picks(r, kind, t, index, v, s, &n));
        off[s + 1] = off[s] + n;
    }
    out->off = off;
    out->rows = zx_take(r, off[r->n_seg] + 1, sizeof *out->rows);
    if (!out->rows)
        return r->err->status;
    for (size_t s = 0; s < r->n_seg; s++)
        ZAGG_TRY(list_picks(r, kind, t, index, v, s, out->rows + off[s]));
    return ZAGG_OK;
}

#define COPY(T)                                                                          \
    do {                                                                                 \
        const T *from_ = v->data;                                                        \
        T *to_ = out->data;                                                              \
        for (size_t i = 0; i < n; i++)                                                   \
            for (size_t k = 0; k < out_cols; k++)                                        \
                to_[i * out_cols + k] =                                                  \
                    from_[rows[i] * v->cols +                                            \
                          (size_t)(cols->start + (int64_t)k * cols->step)];              \
    } while (0)

/* Rows and columns of a value, element by element. */
static void gather(const zx_val *v, const size_t *rows, size_t n, const span *cols,
                   zx_val *out)
{
    const size_t out_cols = cols->n;
    switch (zagg_dtype_size(v->dtype)) {
    case 1:
        COPY(uint8_t);
        break;
    case 2:
        COPY(uint16_t);
        break;
    case 4:
        COPY(uint32_t);
        break;
    default:
        COPY(uint64_t);
        break;
    }
}

#define KEEP(T)                                                                          \
    do {                                                                                 \
        const T *restrict x_ = from;                                                     \
        T *restrict z_ = to;                                                             \
        for (size_t i = 0; i < n; i++) {                                                 \
            z_[kept] = x_[i];                                                            \
            kept += keep[i] != 0;                                                        \
        }                                                                                \
    } while (0)

/* What a mask keeps of n elements; one element behind them may be written to. */
static size_t keep_elements(const void *from, size_t size, const uint8_t *restrict keep,
                            size_t n, void *to)
{
    size_t kept = 0;
    switch (size) {
    case 1:
        KEEP(uint8_t);
        break;
    case 2:
        KEEP(uint16_t);
        break;
    case 4:
        KEEP(uint32_t);
        break;
    default:
        KEEP(uint64_t);
        break;
    }
    return kept;
}

/* a[mask] of arrays of the same rows, which is how cells are most often narrowed down. */
static zagg_status mask_rows(zx_run *r, const zx_val *v, const zx_val *mask, zx_val *out)
{
    const size_t size = zagg_dtype_size(v->dtype), n = v->off[r->n_seg];
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    *out = *v;
    out->off = off;
    out->data = off ? zx_take(r, n + 1, size) : NULL;
    if (!out->data)
        return r->err->status;
    const uint8_t *keep = mask->data;
    off[0] = 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        const size_t first = v->off[s];
        off[s + 1] = off[s] + keep_elements((const char *)v->data + first * size, size,
                                            keep + first, v->off[s + 1] - first,
                                            (char *)out->data + off[s] * size);
    }
    return ZAGG_OK;
}

/* Columns that the second index of a table picks: the same in every segment. */
static zagg_status pick_columns(zx_run *r, const zx_type *types, const zx_val *values,
                                size_t n, span *out)
{
    *out = (span){0, 1, values[0].cols};
    if (n < 3)
        return ZAGG_OK;
    if (types[2].kind == ZX_K_SEQ)
        return slice_of(r, &types[2], &values[2], 0, values[0].cols, out);
    size_t at = 0;
    const int64_t first = zx_int(&values[2], 0);
    for (size_t s = 1; s < r->n_seg && !values[2].uniform; s++)
        if (zx_int(&values[2], s) != first)
            return zx_fail(r, s, "another column in another cell");
    ZAGG_TRY(position(r, 0, first, values[0].cols, &at));
    *out = (span){(int64_t)at, 1, 1};
    return ZAGG_OK;
}

static int run_kind(const zx_type *t, const zx_val *v)
{
    if (t->kind == ZX_K_SEQ && !t->is_list && t->n == 3)
        return SLICE;
    if (t->kind == ZX_K_NONE)
        return NEW_AXIS;
    if (v->rank == 0)
        return ONE;
    return v->dtype == ZAGG_DT_BOOL ? MASK : MANY;
}

zagg_status zx_index(zx_run *r, const zx_type *types, const zx_val *values, size_t n,
                     zx_val *out)
{
    const zx_val *v = &values[0];
    zx_val index = values[1];
    picks rows;
    span cols;
    if (types[1].kind == ZX_K_TEXT) {
        *out = *v;
        return ZAGG_OK;
    }
    if (n == 2 && types[1].kind == ZX_K_VALUE && index.rank == 1 && v->rank == 1 &&
        index.dtype == ZAGG_DT_BOOL && index.off == v->off && !v->uniform &&
        !index.uniform)
        return mask_rows(r, v, &index, out);
    if (n == 3 &&
        types[2].kind == ZX_K_NONE) { /* [:, None]: each value a row of its own */
        ZAGG_TRY(pick(r, SLICE, &types[1], &index, v, &rows));
        cols = (span){0, 1, 1};
    } else {
        if (types[1].kind == ZX_K_SEQ && !(types[1].n == 3 && !types[1].is_list))
            ZAGG_TRY(zx_as_array(r, &types[1], &values[1], &index));
        const int kind = run_kind(&types[1], &index);
        if (kind == MANY)
            ZAGG_TRY(zx_cast(r, &index, ZAGG_DT_I64, &index));
        ZAGG_TRY(pick(r, kind, &types[1], &index, v, &rows));
        ZAGG_TRY(pick_columns(r, types, values, n, &cols));
    }
    /* A number takes its axis away; what is left decides how the elements are laid out.
     */
    const bool one_row = n >= 2 && run_kind(&types[1], &index) == ONE;
    const bool one_column = v->rank == 1 || (n == 3 && types[2].kind != ZX_K_SEQ);
    if (n == 3 && types[2].kind == ZX_K_NONE) {
        ZAGG_TRY(zx_new_array(r, v->dtype, rows.off, out));
        out->rank = 2;
    } else if (one_row && one_column) {
        ZAGG_TRY(zx_new_scalar(r, v->dtype, false, out));
    } else if (one_row) {
        ZAGG_TRY(zx_new_rows(r, v->dtype, cols.n, 1, 1, out));
    } else {
        *out = (zx_val){.dtype = v->dtype, .n_seg = r->n_seg, .off = rows.off};
        out->rank = one_column ? 1 : 2;
        out->cols = one_column ? 1 : cols.n;
        out->data =
            zx_take(r, rows.off[r->n_seg] * out->cols + 1, zagg_dtype_size(v->dtype));
        if (!out->data)
            return r->err->status;
    }
    gather(v, rows.rows, rows.off[r->n_seg], &cols, out);
    return ZAGG_OK;
}
