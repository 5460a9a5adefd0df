/* One group of one granule for one shard: plan, coordinates, exact test, filters,
 * columns.
 *
 * Coordinates are decoded piece by piece and only the numbers of kept rows stay; every
 * other column is gathered straight into its compacted place. Memory is threads x chunk +
 * kept rows, whatever the size of the granule. */
#include "core/worker.h"

#include <stdatomic.h>
#include <string.h>

enum { BLOCK = 1024 };

/* Rows kept of one piece of the scan. */
typedef struct piece {
    zg_vec rows, ranks, leaf_ids;
} piece;

typedef struct scan_state {
    zg_group_read *read;
    zagg_dtype lat_dtype, lon_dtype;
    _Atomic uint64_t n_no_cell;
} scan_state;

static void piece_free(void *user, void *result)
{
    piece *p = result;
    (void)user;
    if (!p)
        return;
    zg_vec_free(&p->rows);
    zg_vec_free(&p->ranks);
    zg_vec_free(&p->leaf_ids);
    zg_free(p);
}

static piece *piece_new(void)
{
    piece *p = zg_alloc(1, sizeof *p);
    if (!p)
        return NULL;
    zg_vec_init(&p->rows, sizeof(uint64_t), 0);
    zg_vec_init(&p->ranks, sizeof(uint32_t), 0);
    zg_vec_init(&p->leaf_ids, sizeof(uint64_t), 0);
    return p;
}

static bool piece_add(piece *p, uint64_t row, uint32_t rank)
{
    uint64_t *r = zg_vec_push(&p->rows);
    uint32_t *k = zg_vec_push(&p->ranks);
    if (!r || !k)
        return false;
    *r = row;
    *k = rank;
    return true;
}

static zagg_status keep_block(scan_state *s, uint64_t first, size_t n, const double *lat,
                              const double *lon, piece **p, zagg_err *err)
{
    const zagg_worker *w = s->read->worker;
    uint32_t ranks[BLOCK];
    uint64_t no_cell = 0;
    zagg_grid_ranks(w->grid, s->read->shard, lat, lon, n, ranks, &no_cell);
    if (no_cell)
        atomic_fetch_add_explicit(&s->n_no_cell, no_cell, memory_order_relaxed);
    for (size_t i = 0; i < n; i++) {
        if (ranks[i] == ZAGG_NO_RANK)
            continue;
        if (!*p && !(*p = piece_new()))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for kept rows");
        if (!piece_add(*p, first + i, ranks[i]))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for kept rows");
        if (s->read->with_leaf_ids) {
            uint64_t *leaf = zg_vec_push(&(*p)->leaf_ids);
            if (!leaf)
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory for leaf ids");
            zagg_grid_leaf_ids(w->grid, &lat[i], &lon[i], 1, leaf);
        }
    }
    return ZAGG_OK;
}

static zagg_status scan_work(void *user, size_t slot, uint64_t first, size_t n,
                             const void *const *cols, void **result, zagg_err *err)
{
    scan_state *s = user;
    double wide_lat[BLOCK], wide_lon[BLOCK];
    piece *p = NULL;
    (void)slot;
    for (size_t at = 0; at < n; at += BLOCK) {
        const size_t len = n - at < BLOCK ? n - at : BLOCK;
        const double *lat = zg_as_double(s->lat_dtype, cols[0], at, len, wide_lat);
        const double *lon = zg_as_double(s->lon_dtype, cols[1], at, len, wide_lon);
        const zagg_status status = keep_block(s, first + at, len, lat, lon, &p, err);
        if (status != ZAGG_OK) {
            piece_free(NULL, p);
            return status;
        }
    }
    *result = p;
    return ZAGG_OK;
}

static zagg_status scan_fold(void *user, void *result, zagg_err *err)
{
    scan_state *s = user;
    piece *p = result;
    if (!p)
        return ZAGG_OK;
    const bool ok = zg_vec_append(&s->read->rows, p->rows.data, p->rows.len) &&
                    zg_vec_append(&s->read->ranks, p->ranks.data, p->ranks.len) &&
                    zg_vec_append(&s->read->leaf_ids, p->leaf_ids.data, p->leaf_ids.len);
    piece_free(NULL, p);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for kept rows");
}

/* Decode coordinates over the ranges and note the rows that lie in the shard. */
static zagg_status scan(zg_group_read *r, const zagg_rows *ranges, size_t n_ranges,
                        zagg_err *err)
{
    const zagg_h5_column cols[2] = {r->lat, r->lon};
    scan_state s = {r, zagg_h5_dataset_info(r->lat.dataset).dtype,
                    zagg_h5_dataset_info(r->lon.dataset).dtype, 0};
    for (size_t i = 0; i < n_ranges; i++)
        r->counters->rows_read += ranges[i].end - ranges[i].begin;
    const zagg_status status = zagg_h5_scan(cols, 2, ranges, n_ranges, r->opts->pool,
                                            scan_work, scan_fold, piece_free, &s, err);
    r->counters->points_without_cell += atomic_load(&s.n_no_cell);
    return status;
}

static zagg_status base_column(zg_group_read *r, const zagg_variable *v, bool wanted,
                               zagg_column *out, zagg_err *err)
{
    zagg_h5_dataset *dataset;
    zagg_h5_column column;
    void *data = NULL;
    zg_str what;
    ZAGG_TRY(zg_core_read_open(r, v->path, &dataset, err));
    zg_str_init(&what, 256);
    zg_str_addf(&what, "variable '%.200s'", v->name);
    const zagg_status status = zg_core_read_select_column(
        dataset, v->has_column, v->column, what.data, &column, err);
    zg_str_free(&what);
    if (status != ZAGG_OK)
        return status;
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    const uint64_t last = *ZG_VEC_AT(&r->rows, uint64_t, r->rows.len - 1);
    if (info.dims[0] <= last)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: has %llu rows, but row %llu is needed", info.path,
                            (unsigned long long)info.dims[0], (unsigned long long)last);
    if (wanted) {
        ZAGG_TRY(zagg_arena_alloc(r->arena, r->rows.len, zagg_dtype_size(info.dtype),
                                  &data, err));
        ZAGG_TRY(
            zagg_h5_gather(column, r->rows.data, r->rows.len, r->opts->pool, data, err));
    }
    *out = (zagg_column){v->name, info.dtype, data};
    return ZAGG_OK;
}

static zagg_status build_table(zg_group_read *r, zagg_table **out, zagg_err *err)
{
    const zagg_worker *w = r->worker;
    zagg_table *t;
    ZAGG_TRY(zagg_arena_alloc(r->arena, 1, sizeof *t, &t, err));
    ZAGG_TRY(
        zagg_arena_alloc(r->arena, w->n_columns, sizeof *t->columns, &t->columns, err));
    t->n_rows = r->rows.len;
    t->n_columns = w->n_columns;
    for (size_t c = 0; c < w->n_columns; c++) {
        const zg_column_plan *plan = &w->columns[c];
        const bool wanted = plan->used || r->opts->all_columns;
        if (plan->level)
            ZAGG_TRY(zg_paint_column(r, plan, &t->columns[c], err));
        else
            ZAGG_TRY(base_column(r, plan->variable, wanted, &t->columns[c], err));
    }
    ZAGG_TRY(zagg_arena_alloc(r->arena, t->n_rows, sizeof *t->ranks, &t->ranks, err));
    memcpy(t->ranks, r->ranks.data, t->n_rows * sizeof *t->ranks);
    if (r->with_leaf_ids) {
        ZAGG_TRY(zagg_arena_alloc(r->arena, t->n_rows, sizeof *t->leaf_ids, &t->leaf_ids,
                                  err));
        memcpy(t->leaf_ids, r->leaf_ids.data, t->n_rows * sizeof *t->leaf_ids);
    }
    *out = t;
    return ZAGG_OK;
}

static zagg_status read_rows(zg_group_read *r, zagg_table **out, zagg_err *err)
{
    const zagg_data_source *ds = &r->worker->pipeline->data_source;
    zagg_rows *ranges, everything;
    size_t n_ranges;
    bool whole;
    ZAGG_TRY(zg_plan_rows(r, &ranges, &n_ranges, &whole, err));
    r->planned = !whole;
    if (!whole && n_ranges == 0)
        return ZAGG_OK;
    ZAGG_TRY(zg_core_read_coordinate(r, ds->latitude, "latitude", &r->lat, err));
    ZAGG_TRY(zg_core_read_coordinate(r, ds->longitude, "longitude", &r->lon, err));
    const uint64_t n_lat = zagg_h5_dataset_info(r->lat.dataset).dims[0];
    const uint64_t n_lon = zagg_h5_dataset_info(r->lon.dataset).dims[0];
    if (n_lat != n_lon)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s has %llu rows, %s has %llu",
                            ds->latitude, (unsigned long long)n_lat, ds->longitude,
                            (unsigned long long)n_lon);
    if (whole) {
        if (n_lat == 0) {
            r->counters->groups_empty++;
            return ZAGG_OK;
        }
        r->n_base = n_lat;
        everything = (zagg_rows){0, n_lat};
        ranges = &everything;
        n_ranges = 1;
    } else if (ranges[n_ranges - 1].end > n_lat) {
        return zagg_err_set(
            err, ZAGG_EFORMAT, "level '%s' links to row %llu, but %s has %llu rows",
            r->worker->index_level->name, (unsigned long long)ranges[n_ranges - 1].end,
            ds->latitude, (unsigned long long)n_lat);
    }
    ZAGG_TRY(scan(r, ranges, n_ranges, err));
    ZAGG_TRY(zg_apply_filters(r, err));
    if (r->rows.len == 0)
        return ZAGG_OK;
    ZAGG_TRY(build_table(r, out, err));
    ZAGG_TRY(zg_filter_table(r->worker, *out, err));
    if ((*out)->n_rows == 0)
        *out = NULL;
    return ZAGG_OK;
}

zagg_status zagg_worker_read_group(const zagg_worker *worker, const zagg_shard *shard,
                                   zagg_h5 *granule, const char *group,
                                   const zagg_read_opts *opts, zagg_arena *arena,
                                   zagg_table **out, zagg_read_counters *counters,
                                   zagg_err *err)
{
    static const zagg_read_opts DEFAULTS = ZAGG_READ_OPTS_INIT;
    zg_group_read r = {.worker = worker,
                       .shard = shard,
                       .granule = granule,
                       .group = group,
                       .opts = opts ? opts : &DEFAULTS,
                       .with_leaf_ids = (opts && opts->with_leaf_ids) || worker->leaf_ids,
                       .arena = arena,
                       .counters = counters};
    zagg_table *table = NULL;
    /* Link records are as many as a granule has segments, and the table lives until the
     * shard is grouped: what only the read needs must not stay that long. */
    ZAGG_TRY(zagg_arena_new(0, &r.scratch, err));
    zg_vec_init(&r.rows, sizeof(uint64_t), 0);
    zg_vec_init(&r.ranks, sizeof(uint32_t), 0);
    zg_vec_init(&r.leaf_ids, sizeof(uint64_t), 0);
    zagg_status status = read_rows(&r, &table, err);
    if (status == ZAGG_ENOTFOUND) {
        bool absent = false;
        if (zg_beam_absent(&r, &absent, NULL) == ZAGG_OK && absent) {
            counters->groups_absent++;
            status = ZAGG_OK;
            if (err)
                *err = (zagg_err)ZAGG_ERR_INIT;
        }
    }
    zg_vec_free(&r.rows);
    zg_vec_free(&r.ranks);
    zg_vec_free(&r.leaf_ids);
    zagg_arena_free(r.scratch);
    if (status == ZAGG_OK)
        *out = table;
    return status;
}
