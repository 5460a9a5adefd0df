/* What coarser levels say about base rows: level filters, and variables painted on rows.
 * Their records are read once a group; rows find theirs by binary search. */
#include "core/read.h"

#include <stdlib.h>
#include <string.h>

/* Base rows of record i, refusing one that starts before row 0 as upstream does. */
static zagg_status record_rows(const zg_records *rec, const zagg_level *level, size_t i,
                               uint64_t *begin, uint64_t *end, zagg_err *err)
{
    int64_t b, e;
    if (rec->beg[i] < level->link.index_base)
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "level '%s': index_beg_arr[%zu]=%lld is less than index_base=%lld",
            level->name, i, (long long)rec->beg[i], (long long)level->link.index_base);
    if (__builtin_sub_overflow(rec->beg[i], level->link.index_base, &b) ||
        __builtin_add_overflow(b, rec->count[i], &e))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "level '%s': link record %zu is out of range", level->name,
                            i);
    *begin = (uint64_t)b;
    *end = (uint64_t)e;
    return ZAGG_OK;
}

/* ---- filters ---- */

/* Rows of passing records; neighbours are joined. */
static zagg_status passing_rows(zg_group_read *r, const zagg_level *level,
                                const zg_records *rec, const uint8_t *pass,
                                zg_row_filter *f, zagg_err *err)
{
    zagg_rows *rows;
    size_t n = 0;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, rec->n, sizeof *rows, &rows, err));
    for (size_t i = 0; i < rec->n; i++) {
        zagg_rows at;
        if (!pass[i] || rec->count[i] <= 0)
            continue;
        ZAGG_TRY(record_rows(rec, level, i, &at.begin, &at.end, err));
        if (n && rows[n - 1].end == at.begin)
            rows[n - 1].end = at.end;
        else
            rows[n++] = at;
    }
    f->pass = rows;
    f->n_pass = n;
    return ZAGG_OK;
}

zagg_status zg_level_filter_open(zg_group_read *r, zg_row_filter *f,
                                 const zagg_level *level, zagg_err *err)
{
    zg_records rec;
    void *values;
    uint8_t *pass;
    size_t n;
    f->by_rows = true;
    ZAGG_TRY(zg_core_read_whole(r, f->column, &values, &n, err));
    ZAGG_TRY(zg_core_read_records(r, level, &rec, err));
    if (n != rec.n)
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "filter on '%s': %zu values but level '%s' has %zu link records",
            f->filter->dataset, n, level->name, rec.n);
    ZAGG_TRY(zagg_arena_alloc(r->scratch, n, 1, &pass, err));
    memset(pass, 1, n);
    const zagg_dtype dtype = zagg_h5_dataset_info(f->column.dataset).dtype;
    ZAGG_TRY(zg_filter_values(f->filter, dtype, values, n, pass, err));
    return passing_rows(r, level, &rec, pass, f, err);
}

/* ---- painting ---- */

static int by_begin(const void *a, const void *b)
{
    const zg_owner *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

static zagg_status check_overlap(const zg_owner *list, size_t n, const zagg_level *level,
                                 zagg_err *err)
{
    for (size_t i = 1; i < n; i++)
        if (list[i].begin < list[i - 1].end)
            return zagg_err_set(
                err, ZAGG_EFORMAT,
                "link records on level '%s' overlap: record %zu covers base "
                "rows [%llu:%llu] but record %zu starts at %llu",
                level->name, list[i - 1].record, (unsigned long long)list[i - 1].begin,
                (unsigned long long)list[i - 1].end, list[i].record,
                (unsigned long long)list[i].begin);
    return ZAGG_OK;
}

/* Non-empty records in row order, checked for overlap and, where the whole base was read,
 * for rows beyond it. */
static zagg_status find_owners(zg_group_read *r, const zagg_level *level,
                               const zg_records *rec, zg_row_column *out, zagg_err *err)
{
    zg_owner *list;
    size_t n = 0;
    bool sorted = true;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, rec->n, sizeof *list, &list, err));
    for (size_t i = 0; i < rec->n; i++) {
        zg_owner *o = &list[n];
        if (rec->count[i] <= 0)
            continue;
        ZAGG_TRY(record_rows(rec, level, i, &o->begin, &o->end, err));
        if (!r->planned && o->end > r->n_base)
            return zagg_err_set(
                err, ZAGG_EFORMAT,
                "segment %zu range [%llu:%llu] exceeds base size %llu; the "
                "link of level '%s' does not tile the rows read",
                i, (unsigned long long)o->begin, (unsigned long long)o->end,
                (unsigned long long)r->n_base, level->name);
        o->record = i;
        if (n > 0 && o->begin < list[n - 1].begin)
            sorted = false;
        n++;
    }
    if (!sorted)
        qsort(list, n, sizeof *list, by_begin);
    out->owners = list;
    out->n_owners = n;
    return check_overlap(list, n, level, err);
}

zagg_status zg_painted_open(zg_group_read *r, const zg_column_plan *plan,
                            zg_row_column *out, zagg_err *err)
{
    const zagg_variable *v = plan->variable;
    zagg_h5_dataset *dataset;
    zg_records rec;
    void *values;
    size_t n_values;
    ZAGG_TRY(zg_core_read_open(r, v->path, &dataset, err));
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    if (info.rank != 1)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "variable '%s' of level '%s': %s has %u dimensions; one is needed", v->name,
            plan->level->name, info.path, info.rank);
    out->dtype = info.dtype;
    ZAGG_TRY(zg_core_read_records(r, plan->level, &rec, err));
    ZAGG_TRY(
        zg_core_read_whole(r, (zagg_h5_column){dataset, -1}, &values, &n_values, err));
    if (n_values != rec.n)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: %zu values but %zu link records",
                            info.path, n_values, rec.n);
    out->values = values;
    return find_owners(r, plan->level, &rec, out, err);
}

static void fill_unowned(zagg_dtype dtype, void *element)
{
    const float nan32 = __builtin_nanf("");
    const double nan64 = __builtin_nan("");
    if (dtype == ZAGG_DT_F32)
        memcpy(element, &nan32, sizeof nan32);
    else if (dtype == ZAGG_DT_F64)
        memcpy(element, &nan64, sizeof nan64);
    else
        memset(element, 0, zagg_dtype_size(dtype));
}

/* First record that does not end before the row. */
static size_t owner_of(const zg_row_column *c, uint64_t row)
{
    size_t lo = 0, hi = c->n_owners;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (c->owners[mid].end <= row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void zg_paint_rows(const zg_row_column *column, const uint64_t *rows, size_t n,
                   void *painted)
{
    const zg_owner *list = column->owners;
    const size_t size = zagg_dtype_size(column->dtype);
    size_t o = n ? owner_of(column, rows[0]) : 0;
    uint8_t *to = painted;
    for (size_t k = 0; k < n; k++, to += size) {
        while (o < column->n_owners && list[o].end <= rows[k])
            o++;
        if (o < column->n_owners && list[o].begin <= rows[k])
            memcpy(to, (const uint8_t *)column->values + list[o].record * size, size);
        else
            fill_unowned(column->dtype, to);
    }
}
