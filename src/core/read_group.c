/* Opening a group of a granule: read plans, coordinates, filters and columns. What is
 * missing or damaged but not needed stays unnoticed, as in upstream: a fault is kept with
 * its filter or column until rows get that far. */
#include "core/read.h"

#include <string.h>

static const zagg_level *find_level(const zagg_data_source *ds, const char *name)
{
    for (size_t i = 0; i < ds->n_levels; i++)
        if (strcmp(ds->levels[i].name, name) == 0)
            return &ds->levels[i];
    return NULL;
}

static zagg_status open_filter(zg_group_read *r, zg_row_filter *f, zagg_err *err)
{
    const zagg_data_source *ds = &r->worker->pipeline->data_source;
    const char *level = f->filter->level;
    const bool base = !level || (ds->base_level && strcmp(level, ds->base_level) == 0);
    zagg_h5_dataset *dataset;
    zg_str text;
    ZAGG_TRY(zg_core_read_open(r, f->filter->dataset, &dataset, err));
    zg_str_init(&text, 256);
    zg_str_addf(&text, "filter on '%.200s'", f->filter->dataset);
    const zagg_status status = zg_core_read_select_column(
        dataset, f->filter->has_column, f->filter->column, text.data, &f->column, err);
    zg_str_free(&text);
    if (status != ZAGG_OK || base)
        return status;
    return zg_level_filter_open(r, f, find_level(ds, level), err);
}

/* Upstream ignores a level filter where no levels are declared; expressions run over the
 * table, when there is one. */
static bool applies_to_rows(const zagg_data_source *ds, const zagg_filter *f)
{
    return !f->expression &&
           (!f->level || (ds->base_level && strcmp(f->level, ds->base_level) == 0) ||
            find_level(ds, f->level));
}

zagg_status zg_filters_open(zg_group_read *r, zagg_err *err)
{
    const zagg_data_source *ds = &r->worker->pipeline->data_source;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, ds->n_filters, sizeof *r->filters, &r->filters,
                              err));
    for (size_t i = 0; i < ds->n_filters; i++) {
        if (!applies_to_rows(ds, &ds->filters[i]))
            continue;
        zg_row_filter *f = &r->filters[r->n_filters++];
        f->filter = &ds->filters[i];
        f->fault.status = open_filter(r, f, &f->fault.err);
        if (f->fault.status == ZAGG_ENOMEM) {
            if (err)
                *err = f->fault.err;
            return ZAGG_ENOMEM;
        }
    }
    return ZAGG_OK;
}

static zagg_status open_base_column(zg_group_read *r, const zagg_variable *v,
                                    zg_row_column *out, zagg_err *err)
{
    zagg_h5_dataset *dataset;
    zg_str what;
    ZAGG_TRY(zg_core_read_open(r, v->path, &dataset, err));
    zg_str_init(&what, 256);
    zg_str_addf(&what, "variable '%.200s'", v->name);
    const zagg_status status = zg_core_read_select_column(
        dataset, v->has_column, v->column, what.data, &out->column, err);
    zg_str_free(&what);
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    out->dtype = info.dtype;
    out->n_rows = info.dims[0];
    return status;
}

zagg_status zg_columns_open(zg_group_read *r, zagg_err *err)
{
    const zagg_worker *w = r->worker;
    ZAGG_TRY(
        zagg_arena_alloc(r->scratch, w->n_columns, sizeof *r->columns, &r->columns, err));
    for (size_t c = 0; c < w->n_columns; c++) {
        zg_row_column *column = &r->columns[c];
        const zg_column_plan *plan = &w->columns[c];
        zagg_err *fault = &column->fault.err;
        column->fault.status = plan->level
                                   ? zg_painted_open(r, plan, column, fault)
                                   : open_base_column(r, plan->variable, column, fault);
        if (column->fault.status == ZAGG_ENOMEM) {
            if (err)
                *err = *fault;
            return ZAGG_ENOMEM;
        }
    }
    return ZAGG_OK;
}

static zagg_status open_coordinates(zg_group_read *r, uint64_t *n_rows, zagg_err *err)
{
    const zagg_data_source *ds = &r->worker->pipeline->data_source;
    ZAGG_TRY(zg_core_read_coordinate(r, ds->latitude, "latitude", &r->lat, err));
    ZAGG_TRY(zg_core_read_coordinate(r, ds->longitude, "longitude", &r->lon, err));
    const zagg_h5_info lat = zagg_h5_dataset_info(r->lat.dataset);
    const zagg_h5_info lon = zagg_h5_dataset_info(r->lon.dataset);
    if (lat.dims[0] != lon.dims[0])
        return zagg_err_set(err, ZAGG_EFORMAT, "%s has %llu rows, %s has %llu",
                            ds->latitude, (unsigned long long)lat.dims[0], ds->longitude,
                            (unsigned long long)lon.dims[0]);
    r->lat_dtype = lat.dtype;
    r->lon_dtype = lon.dtype;
    *n_rows = lat.dims[0];
    return ZAGG_OK;
}

/* Slices must end within the rows that there are. */
static zagg_status check_slices(const zg_group_read *r, uint64_t n_rows, zagg_err *err)
{
    for (size_t i = 0; i < r->wanted->n; i++) {
        const zg_slices *s = &r->slices[i];
        if (!s->whole && s->n && s->ranges[s->n - 1].end > n_rows)
            return zagg_err_set(
                err, ZAGG_EFORMAT, "level '%s' links to row %llu, but %s has %llu rows",
                r->worker->index_level->name, (unsigned long long)s->ranges[s->n - 1].end,
                r->worker->pipeline->data_source.latitude, (unsigned long long)n_rows);
    }
    return ZAGG_OK;
}

static void widen_chunk(uint64_t *rows, const zagg_h5_column *column)
{
    const zagg_h5_info info = zagg_h5_dataset_info(column->dataset);
    if (info.layout == ZAGG_H5_CHUNKED && info.chunk_dims[0] > *rows)
        *rows = info.chunk_dims[0];
}

/* Slabs of whole chunks: no chunk is inflated for two of them. */
static void find_chunk_rows(zg_group_read *r)
{
    r->chunk_rows = 1;
    widen_chunk(&r->chunk_rows, &r->lat);
    widen_chunk(&r->chunk_rows, &r->lon);
    for (size_t i = 0; i < r->n_filters; i++)
        if (r->filters[i].fault.status == ZAGG_OK && !r->filters[i].by_rows)
            widen_chunk(&r->chunk_rows, &r->filters[i].column);
    for (size_t c = 0; c < r->worker->n_columns; c++)
        if (r->columns[c].fault.status == ZAGG_OK && !r->columns[c].values &&
            r->columns[c].column.dataset)
            widen_chunk(&r->chunk_rows, &r->columns[c].column);
}

static bool wants_rows(zg_group_read *r)
{
    bool any = false;
    for (size_t i = 0; i < r->wanted->n; i++) {
        any |= r->slices[i].whole || r->slices[i].n > 0;
        r->n_whole += r->slices[i].whole;
    }
    return any;
}

static zagg_status find_extent(zg_group_read *r, zagg_err *err)
{
    const zg_wanted *w = r->wanted;
    uint64_t *keys;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, w->n, sizeof *keys, &keys, err));
    for (size_t i = 0; i < w->n; i++)
        keys[i] = w->set->shards[w->shards[i]].key;
    return zagg_grid_extent_of(w->set->grid, keys, w->n, &r->extent, err);
}

static zagg_status open_group(zg_group_read *r, bool *common, zagg_err *err)
{
    uint64_t n_rows = 0;
    ZAGG_TRY(zg_plan_slices(r, err));
    if (r->empty || !wants_rows(r))
        return ZAGG_OK;
    *common = !r->worker->index_level;
    ZAGG_TRY(open_coordinates(r, &n_rows, err));
    ZAGG_TRY(check_slices(r, n_rows, err));
    *common = false;
    r->planned = r->n_whole == 0;
    if (!r->planned) {
        r->empty = n_rows == 0;
        r->n_base = n_rows;
    }
    ZAGG_TRY(zg_plan_union(r, n_rows, err));
    if (r->n_ranges == 0)
        return ZAGG_OK;
    if (!r->planned)
        ZAGG_TRY(find_extent(r, err));
    ZAGG_TRY(zg_filters_open(r, err));
    ZAGG_TRY(zg_columns_open(r, err));
    find_chunk_rows(r);
    return ZAGG_OK;
}

zagg_status zg_group_open(zg_group_read *r, bool *common, zagg_err *err)
{
    *common = true;
    const zagg_status status = open_group(r, common, err);
    if (status != ZAGG_ENOTFOUND)
        return status;
    bool absent = false;
    if (zg_beam_absent(r, &absent, NULL) != ZAGG_OK || !absent)
        return status;
    r->absent = true;
    r->n_ranges = 0;
    if (err)
        *err = (zagg_err)ZAGG_ERR_INIT;
    return ZAGG_OK;
}
