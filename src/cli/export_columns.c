/* zagg export: the columns, and their values. */
#include "cli/export.h"
#include "zagg/digest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- which fields ---- */

/* Fields whose values are columns. */
static bool is_column(const zagg_store_field_info *f)
{
    return f->kind <= ZAGG_STORE_COMPANION || f->kind == ZAGG_STORE_MASK;
}

/* Fields in which zagg_store_has_data sees data. */
static bool tells_rows(const zagg_store_field_info *f)
{
    return f->kind <= ZAGG_STORE_SERIES;
}

static bool is_count(const zagg_store_field_info *f)
{
    return strcmp(f->name, "count") == 0 && f->kind == ZAGG_STORE_SCALAR &&
           (zagg_dtype_is_signed_int(f->dtype) || zagg_dtype_is_unsigned_int(f->dtype));
}

static zagg_status no_field(const export_job *job, const char *name, size_t len,
                            zagg_err *err)
{
    zg_str list;
    zg_str_init(&list, 400);
    for (size_t k = 0; k < job->group->n_fields; k++)
        if (is_column(&job->group->fields[k]))
            zg_str_addf(&list, "%s%s", list.len > 0 ? ", " : "",
                        job->group->fields[k].name);
    const zagg_status status =
        zagg_err_set(err, ZAGG_EARG, "--fields: there is no field '%.*s'; %s: %s%s",
                     len > 64 ? 64 : (int)len, name, job->group->name, list.data,
                     list.failed ? ", ..." : "");
    zg_str_free(&list);
    return status;
}

/* One name of --fields. */
static zagg_status show(export_job *job, const char *name, size_t len, zagg_err *err)
{
    for (size_t k = 0; k < job->group->n_fields; k++) {
        const zagg_store_field_info *f = &job->group->fields[k];
        if (strlen(f->name) != len || memcmp(f->name, name, len) != 0)
            continue;
        if (f->kind == ZAGG_STORE_OTHER)
            return zagg_err_set(err, ZAGG_EUNSUPPORTED, "--fields: %s: %s", f->name,
                                f->why != NULL ? f->why : "cannot be read");
        if (!is_column(f))
            break; /* axes and coordinates are columns in any case, mappings none */
        job->shown[k] = true;
        return ZAGG_OK;
    }
    return no_field(job, name, len, err);
}

static zagg_status choose_fields(export_job *job, zagg_err *err)
{
    const zagg_store_group *g = job->group;
    const char *at = job->args->fields;
    for (size_t k = 0; at == NULL && k < g->n_fields; k++)
        job->shown[k] = is_column(&g->fields[k]);
    for (; at != NULL; at = *at == ',' ? at + 1 : NULL) {
        const size_t len = strcspn(at, ",");
        ZAGG_TRY(show(job, at, len, err));
        at += len;
    }
    return ZAGG_OK;
}

/* A count above 0 makes a row; where there is none, data in any field that is shown, or,
 * where these are companions and masks only, in any field at all. */
static void choose_telling(export_job *job)
{
    const zagg_store_group *g = job->group;
    bool any = false;
    job->count = g->n_fields;
    for (size_t k = 0; k < g->n_fields; k++) {
        if (is_count(&g->fields[k]))
            job->count = k;
        job->telling[k] = job->shown[k] && tells_rows(&g->fields[k]);
        any |= job->telling[k];
    }
    for (size_t k = 0; k < g->n_fields; k++) {
        if (job->count < g->n_fields)
            job->telling[k] = k == job->count;
        else if (!any)
            job->telling[k] = tells_rows(&g->fields[k]);
        job->wanted[k] = job->shown[k] || (job->telling[k] && !job->args->all_cells);
    }
    if (job->args->all_cells)
        job->count = g->n_fields;
}

/* ---- which columns ---- */

static const char *const NAMES[] = {[EXPORT_CELL] = "cell",
                                    [EXPORT_MORTON] = "morton",
                                    [EXPORT_CELL_ID] = "cell_id",
                                    [EXPORT_ROW] = "row",
                                    [EXPORT_COLUMN] = "col",
                                    [EXPORT_X] = "x",
                                    [EXPORT_Y] = "y",
                                    [EXPORT_LON] = "lon",
                                    [EXPORT_LAT] = "lat",
                                    [EXPORT_WINDOW] = "window",
                                    [EXPORT_GEOMETRY] = "geometry"};

static zagg_status add_column(export_job *job, export_column column, zg_table_column head,
                              zagg_err *err)
{
    const size_t i = job->n_columns;
    const bool bytes = head.kind != ZG_COLUMN_NUMBER;
    zg_str_init(&column.data, 0);
    if (bytes || head.list)
        ZAGG_TRY(zagg_arena_alloc(job->arena, EXPORT_ROWS + 1, sizeof *column.offsets,
                                  &column.offsets, err));
    if (bytes)
        ZAGG_TRY(zagg_arena_alloc(job->arena, EXPORT_ROWS, sizeof *column.views,
                                  &column.views, err));
    if (head.nullable)
        ZAGG_TRY(zagg_arena_alloc(job->arena, EXPORT_ROWS, sizeof *column.null,
                                  &column.null, err));
    job->columns[i] = column;
    job->heads[i] = head;
    job->n_columns++;
    return ZAGG_OK;
}

static zagg_status add_own(export_job *job, export_source source, zg_column_kind kind,
                           zagg_dtype dtype, bool nullable, zagg_err *err)
{
    return add_column(job, (export_column){.source = source},
                      (zg_table_column){NAMES[source], kind, dtype, false, nullable},
                      err);
}

static zagg_status add_place(export_job *job, zagg_err *err)
{
    const bool healpix = job->group->grid.kind == ZAGG_GRID_HEALPIX;
    bool windows = false;
    if (healpix) {
        ZAGG_TRY(add_own(job, EXPORT_CELL, ZG_COLUMN_TEXT, ZAGG_DT_NONE, false, err));
        ZAGG_TRY(add_own(job, EXPORT_MORTON, ZG_COLUMN_NUMBER, ZAGG_DT_U64, false, err));
        ZAGG_TRY(add_own(job, EXPORT_CELL_ID, ZG_COLUMN_NUMBER, ZAGG_DT_U64, false, err));
    } else {
        ZAGG_TRY(add_own(job, EXPORT_ROW, ZG_COLUMN_NUMBER, ZAGG_DT_I64, false, err));
        ZAGG_TRY(add_own(job, EXPORT_COLUMN, ZG_COLUMN_NUMBER, ZAGG_DT_I64, false, err));
        ZAGG_TRY(add_own(job, EXPORT_X, ZG_COLUMN_NUMBER, ZAGG_DT_F64, false, err));
        ZAGG_TRY(add_own(job, EXPORT_Y, ZG_COLUMN_NUMBER, ZAGG_DT_F64, false, err));
    }
    ZAGG_TRY(add_own(job, EXPORT_LON, ZG_COLUMN_NUMBER, ZAGG_DT_F64, !healpix, err));
    ZAGG_TRY(add_own(job, EXPORT_LAT, ZG_COLUMN_NUMBER, ZAGG_DT_F64, !healpix, err));
    for (size_t i = 0; i < job->group->n_shards; i++)
        windows |= job->group->shards[i].window != NULL;
    return windows ? add_own(job, EXPORT_WINDOW, ZG_COLUMN_TEXT, ZAGG_DT_NONE, true, err)
                   : ZAGG_OK;
}

static bool is_taken(const export_job *job, const char *name)
{
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (NAMES[i] != NULL && strcmp(NAMES[i], name) == 0)
            return true;
    for (size_t i = 0; i < job->n_columns; i++)
        if (strcmp(job->heads[i].name, name) == 0)
            return true;
    return false;
}

/* NAME, or NAME_field, NAME_field_field, ... where that is another column. */
static zagg_status column_name(const export_job *job, const char *wish, const char **out,
                               zagg_err *err)
{
    zg_str name;
    char *copy = NULL;
    zg_str_init(&name, 0);
    zg_str_add(&name, wish);
    while (!name.failed && is_taken(job, name.data))
        zg_str_add(&name, "_field");
    zagg_status status = name.failed
                             ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a name")
                             : zagg_arena_alloc(job->arena, name.len + 1, 1, &copy, err);
    if (status == ZAGG_OK) {
        memcpy(copy, name.data, name.len + 1);
        *out = copy;
    }
    zg_str_free(&name);
    return status;
}

/* "NAME_q10" of 0.1, "NAME_q2_5" of 0.025. */
static void quantile_name(zg_str *out, const char *name, double q)
{
    const size_t start = out->len;
    zg_str_addf(out, "%s_q%.10g", name, 100 * q);
    for (size_t k = start + strlen(name); k < out->len; k++)
        if (out->data[k] == '.')
            out->data[k] = '_';
}

static zagg_status add_quantiles(export_job *job, size_t k, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < job->args->n_quantiles; i++) {
        zg_table_column head = {NULL, ZG_COLUMN_NUMBER, ZAGG_DT_F64, false, true};
        const double q = job->args->quantiles[i];
        zg_str name;
        zg_str_init(&name, 0);
        quantile_name(&name, job->group->fields[k].name, q);
        status = name.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a name")
                             : column_name(job, name.data, &head.name, err);
        zg_str_free(&name);
        if (status == ZAGG_OK)
            status = add_column(
                job, (export_column){.source = EXPORT_QUANTILE, .field = k, .q = q}, head,
                err);
    }
    return status;
}

static zagg_status add_field(export_job *job, size_t k, zagg_err *err)
{
    const zagg_store_field_info *f = &job->group->fields[k];
    zg_table_column head = {NULL, ZG_COLUMN_NUMBER, f->dtype, false, false};
    if (f->digest && job->args->n_quantiles > 0)
        return add_quantiles(job, k, err);
    head.list = f->ragged || f->width > 1 || f->kind == ZAGG_STORE_VECTOR ||
                f->kind == ZAGG_STORE_SERIES;
    ZAGG_TRY(column_name(job, f->name, &head.name, err));
    return add_column(job, (export_column){.source = EXPORT_FIELD, .field = k}, head,
                      err);
}

/* What lists hold, for those who find the file later. */
static zagg_status describe(export_job *job, zagg_err *err)
{
    const zagg_store_grid *g = &job->group->grid;
    zg_json_out w;
    zg_json_begin(&w, &job->about, -1);
    zg_json_open_map(&w);
    zg_json_key(&w, "zagg");
    zg_json_str(&w, ZAGG_VERSION);
    zg_json_key(&w, "group");
    zg_json_str(&w, job->group->name);
    if (g->kind == ZAGG_GRID_HEALPIX) {
        zg_json_key(&w, "cell_order");
        zg_json_u64(&w, g->cell_order);
        zg_json_key(&w, "latitude");
        zg_json_str(&w, zagg_latitude_name(g->latitude));
    } else {
        zg_json_key(&w, "crs");
        zg_json_str(&w, g->crs);
    }
    zg_json_key(&w, "columns");
    zg_json_open_map(&w);
    for (size_t i = 0; i < job->n_columns; i++) {
        const export_column *c = &job->columns[i];
        if (c->source != EXPORT_FIELD && c->source != EXPORT_QUANTILE)
            continue;
        const zagg_store_field_info *f = &job->group->fields[c->field];
        zg_json_key(&w, job->heads[i].name);
        zg_json_open_map(&w);
        zg_json_key(&w, "field");
        zg_json_str(&w, f->name);
        zg_json_key(&w, "kind");
        zg_json_str(&w, zagg_store_kind_name(f->kind));
        zg_json_key(&w, "width");
        zg_json_u64(&w, f->width);
        zg_json_key(&w, "digest");
        zg_json_bool(&w, f->digest);
        zg_json_close_map(&w);
    }
    zg_json_close_map(&w);
    zg_json_close_map(&w);
    return job->about.failed
               ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the metadata")
               : ZAGG_OK;
}

zagg_status export_plan(export_job *job, zagg_err *err)
{
    const size_t n = job->group->n_fields;
    const size_t each = job->args->n_quantiles > 1 ? job->args->n_quantiles : 1;
    size_t max = 0;
    if (!zg_mul_size(n, each, &max) || !zg_add_size(max, 16, &max))
        return zagg_err_set(err, ZAGG_ERANGE, "too many columns");
    ZAGG_TRY(zagg_arena_alloc(job->arena, n, sizeof *job->shown, &job->shown, err));
    ZAGG_TRY(zagg_arena_alloc(job->arena, n, sizeof *job->wanted, &job->wanted, err));
    ZAGG_TRY(zagg_arena_alloc(job->arena, n, sizeof *job->telling, &job->telling, err));
    ZAGG_TRY(zagg_arena_alloc(job->arena, max, sizeof *job->columns, &job->columns, err));
    ZAGG_TRY(zagg_arena_alloc(job->arena, max, sizeof *job->heads, &job->heads, err));
    ZAGG_TRY(zagg_arena_alloc(job->arena, max, sizeof *job->values, &job->values, err));
    ZAGG_TRY(choose_fields(job, err));
    choose_telling(job);
    ZAGG_TRY(add_place(job, err));
    for (size_t k = 0; k < n; k++)
        if (job->shown[k])
            ZAGG_TRY(add_field(job, k, err));
    if (job->args->shape != EXPORT_NO_GEOMETRY)
        ZAGG_TRY(
            add_own(job, EXPORT_GEOMETRY, ZG_COLUMN_GEOMETRY, ZAGG_DT_NONE, true, err));
    return describe(job, err);
}
