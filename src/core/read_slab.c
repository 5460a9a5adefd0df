/* A slab: some base rows of a group, read by one thread for all shards that want them.
 *
 * Coordinates are decoded piece by piece and only the numbers of kept rows stay; every
 * other column is gathered straight into its compacted place. */
#include "core/read.h"

#include <string.h>

enum { BLOCK = 1024 };

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a read");
}

zagg_status zg_slab_new(const zagg_worker *w, zg_slab **out, zagg_err *err)
{
    zg_slab *slab = zg_alloc(1, sizeof *slab);
    if (!slab)
        return no_memory(err);
    zg_vec_init(&slab->rows, sizeof(uint64_t), 0);
    zg_vec_init(&slab->owners, sizeof(uint32_t), 0);
    zg_vec_init(&slab->ranks, sizeof(uint32_t), 0);
    zg_vec_init(&slab->leaf_ids, sizeof(uint64_t), 0);
    zg_vec_init(&slab->no_cell, sizeof(uint64_t), 0);
    slab->table.n_columns = w->n_columns;
    slab->table.columns = zg_alloc(w->n_columns + 1, sizeof *slab->table.columns);
    zagg_status status =
        slab->table.columns ? zagg_arena_new(0, &slab->arena, err) : no_memory(err);
    if (status == ZAGG_OK)
        *out = slab;
    else
        zg_slab_free(slab);
    return status;
}

void zg_slab_free(zg_slab *slab)
{
    if (!slab)
        return;
    zg_free(slab->table.columns);
    zg_free(slab->keep.data);
    zg_free(slab->owned.data);
    zg_free(slab->values.data);
    zg_vec_free(&slab->rows);
    zg_vec_free(&slab->owners);
    zg_vec_free(&slab->ranks);
    zg_vec_free(&slab->leaf_ids);
    zg_vec_free(&slab->no_cell);
    zagg_arena_free(slab->arena);
    zg_free(slab);
}

/* Room for n elements; what was there is gone. */
static zagg_status need(zg_buffer *b, size_t n, size_t size, void *out_ptr, zagg_err *err)
{
    size_t bytes;
    if (!zg_mul_size(n, size, &bytes))
        return no_memory(err);
    if (bytes > b->bytes) {
        zg_free(b->data);
        b->data = zg_alloc(bytes, 1);
        b->bytes = b->data ? bytes : 0;
        if (!b->data)
            return no_memory(err);
    }
    memcpy(out_ptr, &b->data, sizeof b->data);
    return ZAGG_OK;
}

static zagg_status begin(zg_slab *slab, zg_group_read *r, zagg_err *err)
{
    static const zagg_arena_mark EMPTY;
    const size_t n = r->wanted->n;
    slab->read = r;
    slab->rows.len = slab->owners.len = slab->ranks.len = slab->leaf_ids.len = 0;
    slab->table.n_rows = 0;
    slab->n_no_cell = 0;
    zagg_arena_release(slab->arena, EMPTY);
    if (!zg_vec_reserve(&slab->no_cell, n))
        return no_memory(err);
    slab->no_cell.len = n;
    memset(slab->no_cell.data, 0, n * sizeof(uint64_t));
    return ZAGG_OK;
}

/* ---- coordinates ---- */

/* The slice of one shard that was looked at last. */
typedef struct slice_cursor {
    uint32_t local;
    uint64_t begin, end;
} slice_cursor;

/* Whether a row lies in the slices of a shard. Neighbours mostly lie in one slice. */
static bool is_planned(const zg_group_read *r, slice_cursor *c, uint32_t local,
                       uint64_t row)
{
    if (c->local == local && row >= c->begin && row < c->end)
        return true;
    const zg_slices *s = &r->slices[local];
    if (s->whole) {
        *c = (slice_cursor){local, 0, UINT64_MAX};
        return true;
    }
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (s->ranges[mid].end <= row)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == s->n || s->ranges[lo].begin > row)
        return false;
    *c = (slice_cursor){local, s->ranges[lo].begin, s->ranges[lo].end};
    return true;
}

/* Every shard counts the points without a cell that its own plan looks at; those without
 * a plan look at all of them. */
static void count_no_cell(zg_slab *slab, uint64_t row)
{
    const zg_group_read *r = slab->read;
    slab->n_no_cell++;
    for (uint32_t i = 0; r->n_whole < r->wanted->n && i < r->wanted->n; i++) {
        slice_cursor c = {ZAGG_NO_SHARD, 0, 0};
        if (!r->slices[i].whole)
            *ZG_VEC_AT(&slab->no_cell, uint64_t, i) += is_planned(r, &c, i, row);
    }
}

static void add_no_cell(zg_slab *slab)
{
    const zg_group_read *r = slab->read;
    for (size_t i = 0; i < r->wanted->n; i++)
        if (r->slices[i].whole)
            *ZG_VEC_AT(&slab->no_cell, uint64_t, i) = slab->n_no_cell;
}

/* Up to BLOCK kept rows, before they join the slab. */
typedef struct kept_block {
    size_t n;
    uint64_t rows[BLOCK], leaf_ids[BLOCK];
    uint32_t owners[BLOCK], ranks[BLOCK];
} kept_block;

static bool keep_block(zg_slab *slab, const kept_block *b)
{
    return zg_vec_append(&slab->rows, b->rows, b->n) &&
           zg_vec_append(&slab->owners, b->owners, b->n) &&
           zg_vec_append(&slab->ranks, b->ranks, b->n) &&
           (!slab->read->with_leaf_ids ||
            zg_vec_append(&slab->leaf_ids, b->leaf_ids, b->n));
}

/* Points of a block that may lie in a wanted shard, one behind the other. */
typedef struct candidates {
    size_t n;
    uint16_t at[BLOCK]; /* in the block */
    double lat[BLOCK], lon[BLOCK];
} candidates;

/* Where rows are not planned, most points may lie far from every wanted shard: a box
 * tells for a small part of what a cell costs. */
static void find_candidates(const zg_group_read *r, const double *lat, const double *lon,
                            size_t n, candidates *c)
{
    uint8_t may[BLOCK];
    c->n = 0;
    if (r->planned || r->extent.everything)
        memset(may, 1, n);
    else if (zagg_extent_candidates(&r->extent, lat, lon, n, may) == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        c->at[c->n] = (uint16_t)i;
        c->lat[c->n] = lat[i];
        c->lon[c->n] = lon[i];
        c->n += may[i];
    }
}

/* Rows of the block that belong to a wanted shard. */
static bool find_owners(zg_slab *slab, slice_cursor *cursor, uint64_t first,
                        const candidates *c)
{
    const zg_group_read *r = slab->read;
    const zg_wanted *w = r->wanted;
    uint64_t cells[BLOCK];
    uint32_t shards[BLOCK], ranks[BLOCK];
    kept_block kept;
    kept.n = 0;
    zagg_grid_cells(w->set->grid, c->lat, c->lon, c->n, cells, NULL);
    zagg_shard_index_find(w->set->index, cells, c->n, shards, ranks);
    for (size_t i = 0; i < c->n; i++) {
        const uint64_t row = first + c->at[i];
        if (shards[i] == ZAGG_NO_SHARD) {
            if (cells[i] == ZAGG_GEO_NO_CELL)
                count_no_cell(slab, row);
            continue;
        }
        const uint32_t local = w->local[shards[i]];
        if (local == ZAGG_NO_SHARD || !is_planned(r, cursor, local, row))
            continue;
        kept.rows[kept.n] = row;
        kept.owners[kept.n] = local;
        kept.ranks[kept.n] = ranks[i];
        if (r->with_leaf_ids)
            zagg_grid_leaf_ids(w->set->grid, &c->lat[i], &c->lon[i], 1,
                               &kept.leaf_ids[kept.n]);
        kept.n++;
    }
    return keep_block(slab, &kept);
}

/* Pieces come one after another, in ascending order of rows. */
static zagg_status scan_work(void *user, size_t slot, uint64_t first, size_t n,
                             const void *const *cols, void **result, zagg_err *err)
{
    zg_slab *slab = user;
    const zg_group_read *r = slab->read;
    double wide_lat[BLOCK], wide_lon[BLOCK];
    slice_cursor cursor = {ZAGG_NO_SHARD, 0, 0};
    candidates c;
    (void)slot;
    (void)result;
    for (size_t at = 0; at < n; at += BLOCK) {
        const size_t len = n - at < BLOCK ? n - at : BLOCK;
        const double *lat = zg_as_double(r->lat_dtype, cols[0], at, len, wide_lat);
        const double *lon = zg_as_double(r->lon_dtype, cols[1], at, len, wide_lon);
        find_candidates(r, lat, lon, len, &c);
        if (c.n && !find_owners(slab, &cursor, first + at, &c))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for kept rows");
    }
    return ZAGG_OK;
}

/* ---- filters ---- */

static void compact(zg_slab *slab, const uint8_t *keep)
{
    uint64_t *rows = slab->rows.data;
    uint32_t *owners = slab->owners.data, *ranks = slab->ranks.data;
    uint64_t *leaf_ids = slab->leaf_ids.len ? slab->leaf_ids.data : NULL;
    size_t n = 0;
    for (size_t i = 0; i < slab->rows.len; i++) {
        rows[n] = rows[i];
        owners[n] = owners[i];
        ranks[n] = ranks[i];
        if (leaf_ids)
            leaf_ids[n] = leaf_ids[i];
        n += keep[i];
    }
    slab->rows.len = slab->owners.len = slab->ranks.len = n;
    if (leaf_ids)
        slab->leaf_ids.len = n;
}

/* First of n ascending rows at or behind base row `row`. */
static size_t first_row_from(const uint64_t *rows, size_t n, uint64_t row)
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

/* keep[] of the kept rows: true iff a record that passes the filter owns the row. */
static zagg_status keep_passing(zg_slab *slab, const zg_row_filter *f, uint8_t *keep,
                                zagg_err *err)
{
    const uint64_t *rows = slab->rows.data;
    const size_t n = slab->rows.len;
    uint8_t *owned;
    ZAGG_TRY(need(&slab->owned, n, 1, &owned, err));
    memset(owned, 0, n);
    for (size_t i = 0; i < f->n_pass; i++) {
        if (f->pass[i].end <= rows[0] || f->pass[i].begin > rows[n - 1])
            continue;
        for (size_t k = first_row_from(rows, n, f->pass[i].begin);
             k < n && rows[k] < f->pass[i].end; k++)
            owned[k] = 1;
    }
    for (size_t k = 0; k < n; k++)
        keep[k] = (uint8_t)(keep[k] & owned[k]);
    return ZAGG_OK;
}

static zagg_status keep_values(zg_slab *slab, const zg_row_filter *f, uint8_t *keep,
                               zagg_err *err)
{
    void *values;
    const zagg_dtype dtype = zagg_h5_dataset_info(f->column.dataset).dtype;
    ZAGG_TRY(need(&slab->values, slab->rows.len, zagg_dtype_size(dtype), &values, err));
    ZAGG_TRY(
        zagg_h5_gather(f->column, slab->rows.data, slab->rows.len, NULL, values, err));
    return zg_filter_values(f->filter, dtype, values, slab->rows.len, keep, err);
}

static zagg_status raise(const zg_fault *fault, zagg_err *err)
{
    if (err && fault->status != ZAGG_OK)
        *err = fault->err;
    return fault->status;
}

/* Apply all filters to the rows kept so far. */
static zagg_status filter_rows(zg_slab *slab, zagg_err *err)
{
    const zg_group_read *r = slab->read;
    uint8_t *keep;
    if (r->n_filters == 0 || slab->rows.len == 0)
        return ZAGG_OK;
    ZAGG_TRY(need(&slab->keep, slab->rows.len, 1, &keep, err));
    memset(keep, 1, slab->rows.len);
    for (size_t i = 0; i < r->n_filters; i++) {
        const zg_row_filter *f = &r->filters[i];
        ZAGG_TRY(raise(&f->fault, err));
        ZAGG_TRY(f->by_rows ? keep_passing(slab, f, keep, err)
                            : keep_values(slab, f, keep, err));
    }
    compact(slab, keep);
    return ZAGG_OK;
}

/* ---- columns ---- */

static zagg_status read_column(zg_slab *slab, size_t c, zagg_column *out, zagg_err *err)
{
    const zg_group_read *r = slab->read;
    const zg_column_plan *plan = &r->worker->columns[c];
    const zg_row_column *column = &r->columns[c];
    const uint64_t *rows = slab->rows.data;
    const size_t n = slab->rows.len;
    void *data = NULL;
    ZAGG_TRY(raise(&column->fault, err));
    if (!plan->level && column->n_rows <= rows[n - 1])
        return zagg_err_set(
            err, ZAGG_EFORMAT, "%s: has %llu rows, but row %llu is needed",
            zagg_h5_dataset_info(column->column.dataset).path,
            (unsigned long long)column->n_rows, (unsigned long long)rows[n - 1]);
    if (plan->used || r->all_columns) {
        ZAGG_TRY(
            zagg_arena_alloc(slab->arena, n, zagg_dtype_size(column->dtype), &data, err));
        if (plan->level)
            zg_paint_rows(column, rows, n, data);
        else
            ZAGG_TRY(zagg_h5_gather(column->column, rows, n, NULL, data, err));
    }
    *out = (zagg_column){plan->variable->name, column->dtype, data};
    return ZAGG_OK;
}

static zagg_status build_table(zg_slab *slab, zagg_err *err)
{
    zagg_table *t = &slab->table;
    for (size_t c = 0; c < t->n_columns; c++)
        ZAGG_TRY(read_column(slab, c, &t->columns[c], err));
    t->n_rows = slab->rows.len;
    t->ranks = slab->ranks.data;
    t->leaf_ids = slab->read->with_leaf_ids ? slab->leaf_ids.data : NULL;
    return ZAGG_OK;
}

zagg_status zg_slab_scan(zg_slab *slab, zg_group_read *r, const zagg_rows *ranges,
                         size_t n_ranges, zagg_err *err)
{
    const zagg_h5_column cols[2] = {r->lat, r->lon};
    ZAGG_TRY(begin(slab, r, err));
    const zagg_status status =
        zagg_h5_scan(cols, 2, ranges, n_ranges, NULL, scan_work, NULL, NULL, slab, err);
    add_no_cell(slab);
    return status;
}

zagg_status zg_slab_fill(zg_slab *slab, zagg_err *err)
{
    ZAGG_TRY(filter_rows(slab, err));
    return slab->rows.len ? build_table(slab, err) : ZAGG_OK;
}

zagg_status zg_slab_read(zg_slab *slab, zg_group_read *r, const zagg_rows *ranges,
                         size_t n_ranges, zagg_err *err)
{
    ZAGG_TRY(zg_slab_scan(slab, r, ranges, n_ranges, err));
    return zg_slab_fill(slab, err);
}
