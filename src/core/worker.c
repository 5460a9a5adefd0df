/* Compiling a pipeline for running: which columns are read, what each field computes. */
#include "core/worker.h"

#include <string.h>

static size_t find_column(const zagg_worker *w, const char *name)
{
    for (size_t i = 0; i < w->n_columns; i++)
        if (strcmp(w->columns[i].variable->name, name) == 0)
            return i;
    return ZG_NO_COLUMN;
}

static zagg_status collect_columns(zagg_worker *w, zagg_err *err)
{
    const zagg_data_source *ds = &w->pipeline->data_source;
    size_t n = ds->n_variables;
    for (size_t l = 0; l < ds->n_levels; l++)
        if (!ds->levels[l].is_base)
            n += ds->levels[l].n_variables;
    ZAGG_TRY(zagg_arena_alloc(w->arena, n, sizeof *w->columns, &w->columns, err));
    for (size_t i = 0; i < ds->n_variables; i++)
        w->columns[w->n_columns++] = (zg_column_plan){&ds->variables[i], NULL, false};
    for (size_t l = 0; l < ds->n_levels; l++) {
        const zagg_level *level = &ds->levels[l];
        for (size_t i = 0; !level->is_base && i < level->n_variables; i++)
            w->columns[w->n_columns++] =
                (zg_column_plan){&level->variables[i], level, false};
    }
    return ZAGG_OK;
}

static zagg_status use_column(zagg_worker *w, const zagg_field *f, const char *name,
                              size_t *out, zagg_err *err)
{
    const size_t c = find_column(w, name);
    if (c == ZG_NO_COLUMN)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s:%u: aggregation.variables.%s: column '%s'%s is not read; add "
            "it to data_source.variables or name another source",
            w->pipeline->name, f->line, f->name, name,
            f->source_given ? "" : " (the default source)");
    w->columns[c].used = true;
    *out = c;
    return ZAGG_OK;
}

/* Cells without rows: counts are 0, floats NaN whatever the declared fill, integers the
 * fill (default 0), as upstream 0.61 does. */
static zagg_status empty_value(const zagg_field *f, const zg_reducer *reducer,
                               uint8_t empty[8], zagg_err *err)
{
    zg_scalar s = {ZAGG_DT_I64, {.i = 0}};
    if (!zg_reducer_is_count(reducer)) {
        int64_t i;
        uint64_t u;
        double d;
        if (zagg_dtype_is_float(f->dtype)) {
            s.dtype = ZAGG_DT_F64;
            s.v.f = __builtin_nan("");
        } else if (f->fill && zagg_value_i64(f->fill, &i)) {
            s.v.i = i;
        } else if (f->fill && zagg_value_u64(f->fill, &u)) {
            s.dtype = ZAGG_DT_U64;
            s.v.u = u;
        } else if (f->fill && zagg_value_number(f->fill, &d)) {
            s.dtype = ZAGG_DT_F64;
            s.v.f = d;
        }
    }
    return zg_scalar_store(s, f->dtype, empty, err);
}

static zagg_status compile_field(zagg_worker *w, const zagg_field *f, zg_field_plan *out,
                                 zagg_err *err)
{
    *out = (zg_field_plan){f, NULL, ZG_NO_COLUMN, ZG_NO_COLUMN, {0}};
    zagg_status status =
        zg_reducer_compile(w->arena, f->function, f->params, &out->reducer, err);
    if (status == ZAGG_OK)
        status = empty_value(f, out->reducer, out->empty, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s:%u: aggregation.variables.%s",
                                w->pipeline->name, f->line, f->name);
    if (zg_reducer_is_count(out->reducer))
        return ZAGG_OK;
    ZAGG_TRY(use_column(w, f, f->source, &out->source, err));
    const char *weights = zg_reducer_weights(out->reducer);
    if (weights)
        ZAGG_TRY(use_column(w, f, weights, &out->weights, err));
    return ZAGG_OK;
}

/* The level whose reference points plan the reads; NULL for the full route. */
static zagg_status find_index_level(zagg_worker *w, zagg_err *err)
{
    const zagg_data_source *ds = &w->pipeline->data_source;
    const char *name = ds->read_plan.present ? ds->read_plan.spatial_index : NULL;
    if (!name)
        return ZAGG_OK;
    const char *const file = w->pipeline->name;
    static const char KEY[] = "data_source.read_plan.spatial_index";
    if (ds->n_levels == 0 || !ds->base_level)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: %s: '%s' needs data_source.levels and base_level", file,
                            KEY, name);
    for (size_t i = 0; i < ds->n_levels; i++)
        if (strcmp(ds->levels[i].name, name) == 0)
            w->index_level = &ds->levels[i];
    if (!w->index_level)
        return zagg_err_set(err, ZAGG_ECONFIG, "%s: %s: '%s' is not one of the levels",
                            file, KEY, name);
    if (!w->index_level->has_link || strcmp(w->index_level->link.to, ds->base_level) != 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: %s: level '%s' must have a link to the base level '%s'",
                            file, KEY, name, ds->base_level);
    if (!w->index_level->has_coordinates)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: %s: level '%s' needs coordinates {latitude, longitude}",
                            file, KEY, name);
    return ZAGG_OK;
}

static zagg_status compile(zagg_worker *w, zagg_err *err)
{
    const zagg_pipeline *p = w->pipeline;
    ZAGG_TRY(zagg_pipeline_check_runnable(p, err));
    if (!p->data_source.latitude || !p->data_source.longitude)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: data_source.coordinates: latitude and longitude are needed", p->name);
    ZAGG_TRY(find_index_level(w, err));
    ZAGG_TRY(collect_columns(w, err));
    ZAGG_TRY(zagg_arena_alloc(w->arena, p->n_fields, sizeof *w->fields, &w->fields, err));
    for (size_t i = 0; i < p->n_fields; i++)
        ZAGG_TRY(compile_field(w, &p->fields[i], &w->fields[i], err));
    w->n_fields = p->n_fields;
    return ZAGG_OK;
}

zagg_status zagg_worker_new(const zagg_pipeline *pipeline, const zagg_grid *grid,
                            zagg_worker **out, zagg_err *err)
{
    zagg_worker *w = zg_alloc(1, sizeof *w);
    if (!w)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a worker");
    w->pipeline = pipeline;
    w->grid = grid;
    w->info = zagg_grid_get_info(grid);
    zagg_status status = zagg_arena_new(0, &w->arena, err);
    if (status == ZAGG_OK)
        status = compile(w, err);
    if (status != ZAGG_OK) {
        zagg_worker_free(w);
        return status;
    }
    *out = w;
    return ZAGG_OK;
}

void zagg_worker_free(zagg_worker *worker)
{
    if (!worker)
        return;
    zagg_arena_free(worker->arena);
    zg_free(worker);
}

const zagg_grid *zagg_worker_grid(const zagg_worker *worker)
{
    return worker->grid;
}
