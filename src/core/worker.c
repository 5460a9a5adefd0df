/* Compiling a pipeline for running: which columns are read, what each field computes. */
#include "core/worker.h"

#include <math.h>
#include <string.h>

/* Of one cell of a vector, or one row of a ragged field: far above any waveform. */
enum { MOST_ELEMENTS = 1 << 20 };

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

/* Names of expressions, in this order: columns, the leaf ids, chunk_precompute entries.
 */
static zagg_status collect_names(zagg_worker *w, zagg_err *err)
{
    const zagg_pipeline *p = w->pipeline;
    const size_t most = w->n_columns + 1 + p->n_precompute;
    ZAGG_TRY(zagg_arena_alloc(w->arena, most, sizeof *w->names, &w->names, err));
    for (size_t i = 0; i < w->n_columns; i++)
        w->names[i] = (zagg_expr_name){.name = w->columns[i].variable->name, .rank = 1};
    w->names[w->n_columns] = (zagg_expr_name){.name = "leaf_id", .rank = 1};
    for (size_t i = 0; i < p->n_precompute; i++)
        w->names[w->n_columns + 1 + i] =
            (zagg_expr_name){.name = p->precompute[i].name, .uniform = true};
    w->n_names = most;
    w->n_precompute = p->n_precompute;
    return ZAGG_OK;
}

/* Cells without rows: counts are 0, floats NaN whatever the declared fill, integers the
 * fill (default 0), as upstream 0.61 does. Vectors hold their fill. */
static zagg_status empty_value(const zagg_field *f, zg_calc_kind kind, uint8_t empty[8],
                               zagg_err *err)
{
    zg_scalar s = {ZAGG_DT_I64, {.i = 0}};
    const bool fill = f->kind == ZAGG_FIELD_VECTOR || !zagg_dtype_is_float(f->dtype);
    if (kind != ZG_CALC_COUNT) {
        int64_t i;
        uint64_t u;
        double d;
        if (fill && f->fill && zagg_value_i64(f->fill, &i)) {
            s.v.i = i;
        } else if (fill && f->fill && zagg_value_u64(f->fill, &u)) {
            s.dtype = ZAGG_DT_U64;
            s.v.u = u;
        } else if (fill && f->fill && zagg_value_number(f->fill, &d)) {
            s.dtype = ZAGG_DT_F64;
            s.v.f = d;
        } else if (zagg_dtype_is_float(f->dtype)) {
            s.dtype = ZAGG_DT_F64;
            s.v.f = f->fill && zagg_value_is(f->fill, "Infinity")    ? HUGE_VAL
                    : f->fill && zagg_value_is(f->fill, "-Infinity") ? -HUGE_VAL
                                                                     : __builtin_nan("");
            if (!fill)
                s.v.f = __builtin_nan("");
        }
    }
    return zg_scalar_store(s, f->dtype, empty, err);
}

/* The chunk_precompute entry that an expression consists of, blanks aside. */
static size_t bare_entry(const zagg_worker *w, const zagg_field *f)
{
    static const char BLANKS[] = " \t\r\n";
    if (!f->expression || f->kind != ZAGG_FIELD_SCALAR)
        return ZG_NO_ENTRY;
    const char *text = f->expression + strspn(f->expression, BLANKS);
    size_t len = strlen(text);
    while (len > 0 && strchr(BLANKS, text[len - 1]))
        len--;
    for (size_t i = 0; i < w->n_precompute; i++) {
        const char *name = w->pipeline->precompute[i].name;
        if (strlen(name) == len && memcmp(name, text, len) == 0)
            return i;
    }
    return ZG_NO_ENTRY;
}

static zagg_status compile_field(zagg_worker *w, const zagg_field *f, zg_field_plan *out,
                                 zagg_err *err)
{
    *out = (zg_field_plan){.field = f, .width = 1, .bare = bare_entry(w, f)};
    ZAGG_TRY(zg_calc_compile(w, f, &out->calc, err));
    for (size_t i = 0; f->kind != ZAGG_FIELD_SCALAR && i < f->n_shape; i++)
        if (!zg_mul_size(out->width, (size_t)f->shape[i], &out->width) ||
            out->width > MOST_ELEMENTS)
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s:%u: aggregation.variables.%s: more than %d elements a "
                "cell",
                w->pipeline->name, f->line, f->name, MOST_ELEMENTS);
    const zagg_status status = empty_value(f, out->calc.kind, out->empty, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s:%u: aggregation.variables.%s",
                                w->pipeline->name, f->line, f->name);
    return ZAGG_OK;
}

/* Everything that computes, in the order of zagg_worker.texts. */
static zagg_status compile_calculations(zagg_worker *w, zagg_err *err)
{
    const zagg_pipeline *p = w->pipeline;
    const zagg_data_source *ds = &p->data_source;
    const size_t most =
        ds->n_filters + p->n_precompute + p->n_fields * (1 + ZG_CALC_ROW_ARGS);
    ZAGG_TRY(zagg_arena_alloc(w->arena, most, sizeof *w->texts, &w->texts, err));
    ZAGG_TRY(zagg_arena_alloc(w->arena, p->n_fields, sizeof *w->fields, &w->fields, err));
    for (size_t i = 0; i < ds->n_filters; i++)
        if (ds->filters[i].expression)
            ZAGG_TRY(zg_filter_parse(w, &ds->filters[i], err));
    w->n_filters = w->n_texts;
    for (size_t i = 0; i < p->n_precompute; i++)
        ZAGG_TRY(zg_precompute_parse(w, &p->precompute[i], err));
    for (size_t i = 0; i < p->n_fields; i++)
        ZAGG_TRY(compile_field(w, &p->fields[i], &w->fields[i], err));
    w->n_fields = p->n_fields;
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
    ZAGG_TRY(collect_names(w, err));
    return compile_calculations(w, err);
}

zagg_status zagg_worker_new(const zagg_pipeline *pipeline, const zagg_grid *grid,
                            zagg_worker **out, zagg_err *err)
{
    zagg_worker *w = zg_alloc(1, sizeof *w);
    if (!w)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a worker");
    if (pthread_mutex_init(&w->lock, NULL) != 0) {
        zg_free(w);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a worker's lock");
    }
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
    for (size_t i = 0; i < worker->n_texts; i++)
        zagg_expr_free(worker->texts[i].expr);
    zg_typed_free(worker->typed);
    zg_memory_free(worker->memories);
    pthread_mutex_destroy(&worker->lock);
    zagg_arena_free(worker->arena);
    zg_free(worker);
}

const zagg_grid *zagg_worker_grid(const zagg_worker *worker)
{
    return worker->grid;
}

size_t zg_column_bytes(const zagg_worker *w, const zagg_dtype *dtypes, size_t c)
{
    if (c == w->n_columns)
        return w->leaf_ids ? sizeof(uint64_t) : 0;
    return w->columns[c].used ? zagg_dtype_size(dtypes[c]) : 0;
}

size_t zg_row_bytes(const zagg_worker *w, const zagg_dtype *dtypes)
{
    size_t bytes = 0;
    for (size_t c = 0; c <= w->n_columns; c++)
        bytes += zg_column_bytes(w, dtypes, c);
    return bytes;
}
