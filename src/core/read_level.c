/* What coarser levels say about base rows: level filters, and variables painted on rows.
 */
#include "core/worker.h"

#include <stdlib.h>
#include <string.h>

/* First kept row at or behind base row `row`. */
static size_t lower_bound(const uint64_t *rows, size_t n, uint64_t row)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (rows[mid] < row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

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

static const zagg_level *find_level(const zagg_data_source *ds, const char *name)
{
    for (size_t i = 0; i < ds->n_levels; i++)
        if (strcmp(ds->levels[i].name, name) == 0)
            return &ds->levels[i];
    return NULL;
}

/* Values of a filter's dataset at rows of its own level, or at the kept base rows. */
static zagg_status filter_column(zg_group_read *r, const zagg_filter *f,
                                 zagg_h5_column *out, zagg_err *err)
{
    zagg_h5_dataset *dataset;
    zg_str text;
    ZAGG_TRY(zg_core_read_open(r, f->dataset, &dataset, err));
    zg_str_init(&text, 256);
    zg_str_addf(&text, "filter on '%.200s'", f->dataset);
    const zagg_status status = zg_core_read_select_column(dataset, f->has_column,
                                                          f->column, text.data, out, err);
    zg_str_free(&text);
    return status;
}

/* keep[] of the kept rows: true iff a record that passes the filter owns the row. */
static zagg_status level_filter(zg_group_read *r, const zagg_filter *f,
                                const zagg_level *level, uint8_t *keep, zagg_err *err)
{
    zg_records rec;
    zagg_h5_column column;
    void *values;
    uint8_t *pass, *owned;
    size_t n;
    ZAGG_TRY(filter_column(r, f, &column, err));
    ZAGG_TRY(zg_core_read_whole(r, column, &values, &n, err));
    ZAGG_TRY(zg_core_read_records(r, level, &rec, err));
    if (n != rec.n)
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "filter on '%s': %zu values but level '%s' has %zu link records", f->dataset,
            n, level->name, rec.n);
    ZAGG_TRY(zagg_arena_alloc(r->scratch, n, 1, &pass, err));
    ZAGG_TRY(zagg_arena_alloc(r->scratch, r->rows.len, 1, &owned, err));
    memset(pass, 1, n);
    const zagg_dtype dtype = zagg_h5_dataset_info(column.dataset).dtype;
    ZAGG_TRY(zg_filter_values(f, dtype, values, n, pass, err));
    const uint64_t *rows = r->rows.data;
    for (size_t i = 0; i < n; i++) {
        uint64_t begin, end;
        if (!pass[i] || rec.count[i] <= 0)
            continue;
        ZAGG_TRY(record_rows(&rec, level, i, &begin, &end, err));
        for (size_t k = lower_bound(rows, r->rows.len, begin);
             k < r->rows.len && rows[k] < end; k++)
            owned[k] = 1;
    }
    for (size_t k = 0; k < r->rows.len; k++)
        keep[k] = (uint8_t)(keep[k] & owned[k]);
    return ZAGG_OK;
}

static zagg_status base_filter(zg_group_read *r, const zagg_filter *f, uint8_t *keep,
                               zagg_err *err)
{
    zagg_h5_column column;
    void *values;
    ZAGG_TRY(filter_column(r, f, &column, err));
    const zagg_dtype dtype = zagg_h5_dataset_info(column.dataset).dtype;
    ZAGG_TRY(
        zagg_arena_alloc(r->scratch, r->rows.len, zagg_dtype_size(dtype), &values, err));
    ZAGG_TRY(
        zagg_h5_gather(column, r->rows.data, r->rows.len, r->opts->pool, values, err));
    return zg_filter_values(f, dtype, values, r->rows.len, keep, err);
}

static void compact(zg_group_read *r, const uint8_t *keep)
{
    uint64_t *rows = r->rows.data;
    uint32_t *ranks = r->ranks.data;
    uint64_t *leaf_ids = r->leaf_ids.len ? r->leaf_ids.data : NULL;
    size_t n = 0;
    for (size_t i = 0; i < r->rows.len; i++) {
        if (!keep[i])
            continue;
        rows[n] = rows[i];
        ranks[n] = ranks[i];
        if (leaf_ids)
            leaf_ids[n] = leaf_ids[i];
        n++;
    }
    r->rows.len = n;
    r->ranks.len = n;
    if (leaf_ids)
        r->leaf_ids.len = n;
}

zagg_status zg_apply_filters(zg_group_read *r, zagg_err *err)
{
    const zagg_data_source *ds = &r->worker->pipeline->data_source;
    uint8_t *keep;
    if (ds->n_filters == 0 || r->rows.len == 0)
        return ZAGG_OK;
    const zagg_arena_mark mark = zagg_arena_get_mark(r->scratch);
    ZAGG_TRY(zagg_arena_alloc(r->scratch, r->rows.len, 1, &keep, err));
    memset(keep, 1, r->rows.len);
    for (size_t i = 0; i < ds->n_filters; i++) {
        const zagg_filter *f = &ds->filters[i];
        if (f->expression) /* over the table, when there is one */
            continue;
        if (!f->level || (ds->base_level && strcmp(f->level, ds->base_level) == 0)) {
            ZAGG_TRY(base_filter(r, f, keep, err));
            continue;
        }
        /* Upstream ignores a level filter where no levels are declared. */
        const zagg_level *level = find_level(ds, f->level);
        if (level)
            ZAGG_TRY(level_filter(r, f, level, keep, err));
    }
    compact(r, keep);
    zagg_arena_release(r->scratch, mark);
    return ZAGG_OK;
}

/* ---- painting ---- */

typedef struct owner {
    uint64_t begin, end;
    size_t record;
} owner;

static int by_begin(const void *a, const void *b)
{
    const owner *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

/* Non-empty records in row order, checked for overlap and, where the whole base was read,
 * for rows beyond it. */
static zagg_status owners(zg_group_read *r, const zagg_level *level,
                          const zg_records *rec, owner **out, size_t *n_out,
                          zagg_err *err)
{
    owner *list;
    size_t n = 0;
    bool sorted = true;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, rec->n, sizeof *list, &list, err));
    for (size_t i = 0; i < rec->n; i++) {
        owner *o = &list[n];
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
    for (size_t i = 1; i < n; i++)
        if (list[i].begin < list[i - 1].end)
            return zagg_err_set(
                err, ZAGG_EFORMAT,
                "link records on level '%s' overlap: record %zu covers base "
                "rows [%llu:%llu] but record %zu starts at %llu",
                level->name, list[i - 1].record, (unsigned long long)list[i - 1].begin,
                (unsigned long long)list[i - 1].end, list[i].record,
                (unsigned long long)list[i].begin);
    *out = list;
    *n_out = n;
    return ZAGG_OK;
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

zagg_status zg_paint_column(zg_group_read *r, const zg_column_plan *plan,
                            zagg_column *out, zagg_err *err)
{
    const zagg_variable *v = plan->variable;
    zagg_h5_dataset *dataset;
    zagg_h5_column column;
    zg_records rec;
    owner *list = NULL;
    void *values;
    uint8_t *painted;
    size_t n_values, n_owners = 0;
    ZAGG_TRY(zg_core_read_open(r, v->path, &dataset, err));
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    if (info.rank != 1)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "variable '%s' of level '%s': %s has %u dimensions; one is needed", v->name,
            plan->level->name, info.path, info.rank);
    column = (zagg_h5_column){dataset, -1};
    const size_t size = zagg_dtype_size(info.dtype);
    ZAGG_TRY(zagg_arena_alloc(r->arena, r->rows.len, size, &painted, err));
    const zagg_arena_mark mark = zagg_arena_get_mark(r->scratch);
    ZAGG_TRY(zg_core_read_records(r, plan->level, &rec, err));
    ZAGG_TRY(zg_core_read_whole(r, column, &values, &n_values, err));
    if (n_values != rec.n)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: %zu values but %zu link records",
                            info.path, n_values, rec.n);
    ZAGG_TRY(owners(r, plan->level, &rec, &list, &n_owners, err));
    const uint64_t *rows = r->rows.data;
    size_t o = 0;
    for (size_t k = 0; k < r->rows.len; k++) {
        while (o < n_owners && list[o].end <= rows[k])
            o++;
        if (o < n_owners && list[o].begin <= rows[k])
            memcpy(painted + k * size, (const uint8_t *)values + list[o].record * size,
                   size);
        else
            fill_unowned(info.dtype, painted + k * size);
    }
    zagg_arena_release(r->scratch, mark);
    *out = (zagg_column){v->name, info.dtype, painted};
    return ZAGG_OK;
}
