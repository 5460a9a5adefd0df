/* Which arrays a pipeline writes on a grid, and the attributes that describe the grid.
 * HEALPix attributes: the dggs convention of zarr-conventions, with mortie's extension as
 * upstream 0.61 writes it, or upstream 0.11's form under output.compat. */
#include "core/store_plan.h"

#include "text/text.h"

#include <string.h>

static const char DGGS_SCHEMA[] =
    "https://raw.githubusercontent.com/zarr-conventions/dggs/refs/tags/v1/schema.json";
static const char DGGS_SPEC[] =
    "https://github.com/zarr-conventions/dggs/blob/v1/README.md";
static const char MORTON_SCHEMA[] =
    "https://github.com/espg/mortie/blob/main/docs/specification.md#dggs-attrs";
static const char MORTON_SPEC[] =
    "https://github.com/espg/mortie/blob/main/docs/specification.md";

static void text_member(zg_json_out *w, const char *key, const char *value)
{
    zg_json_key(w, key);
    zg_json_str(w, value);
}

static void convention(zg_json_out *w, const char *const part[5])
{
    static const char *const KEYS[5] = {"schema_url", "spec_url", "uuid", "name",
                                        "description"};
    zg_json_open_map(w);
    for (int i = 0; i < 5; i++)
        text_member(w, KEYS[i], part[i]);
    zg_json_close_map(w);
}

static void ellipsoid(zg_json_out *w, const char *axis_key)
{
    zg_json_key(w, "ellipsoid");
    zg_json_open_map(w);
    text_member(w, "name", "WGS84");
    zg_json_key(w, axis_key);
    zg_json_double(w, 6378137.0);
    zg_json_key(w, "inverse_flattening");
    zg_json_double(w, 298.257223563);
    zg_json_close_map(w);
}

static void healpix_attributes(zg_json_out *w, const zagg_grid_info *info, bool old)
{
    static const char *const DGGS[5] = {
        DGGS_SCHEMA, DGGS_SPEC, "7b255807-140c-42ca-97f6-7a1cfecdbc38", "dggs",
        "Discrete Global Grid Systems convention for zarr"};
    static const char *const MORTON[5] = {
        MORTON_SCHEMA, MORTON_SPEC, "3e22156d-ea9e-4e01-95fe-e3809a4b41e7", "morton-dggs",
        "Packed-u64 morton (HEALPix) DGGS convention"};
    zg_json_open_map(w);
    zg_json_key(w, "zarr_conventions");
    zg_json_open_list(w);
    convention(w, DGGS);
    if (!old)
        convention(w, MORTON);
    zg_json_close_list(w);
    zg_json_key(w, "dggs");
    zg_json_open_map(w);
    text_member(w, "name", old ? "healpix" : "morton");
    zg_json_key(w, "refinement_level");
    zg_json_i64(w, info->child_order);
    if (old)
        text_member(w, "indexing_scheme", "nested");
    text_member(w, "spatial_dimension", "cells");
    ellipsoid(w, old ? "semimajor_axis" : "semi_major_axis");
    if (old) {
        text_member(w, "coordinate", "cell_ids");
        text_member(w, "compression", "none");
    } else {
        text_member(w, "compression", "none");
        text_member(w, "latitude",
                    info->latitude == ZAGG_LATITUDE_AUTHALIC ? "authalic-wgs84"
                                                             : "geodetic-spherical");
        text_member(w, "coordinate", "morton");
    }
    zg_json_close_map(w);
    zg_json_close_map(w);
}

static void rectilinear_attributes(zg_json_out *w, const zagg_grid_info *info)
{
    zg_json_open_map(w);
    text_member(w, "crs", info->crs);
    zg_json_key(w, "resolution");
    zg_json_open_list(w);
    zg_json_double(w, info->resolution[0]);
    zg_json_double(w, info->resolution[1]);
    zg_json_close_list(w);
    zg_json_key(w, "bounds");
    zg_json_open_list(w);
    for (int i = 0; i < 4; i++)
        zg_json_double(w, info->bounds[i]);
    zg_json_close_list(w);
    zg_json_close_map(w);
}

static zagg_status set_attributes(zagg_store_plan *plan, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 1u << 16);
    zg_json_begin(&w, &text, -1);
    if (plan->info->kind == ZAGG_GRID_HEALPIX)
        healpix_attributes(&w, plan->info,
                           plan->pipeline->output.compat == ZAGG_COMPAT_0_11);
    else
        rectilinear_attributes(&w, plan->info);
    char *kept =
        text.failed ? NULL : zagg_arena_strndup(plan->arena, text.data, text.len);
    zg_str_free(&text);
    if (!kept)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the attributes of the grid");
    plan->tmpl.group_attributes_json = kept;
    return ZAGG_OK;
}

/* An array over the cells of the grid. */
static zagg_zarr_array cell_array(const zagg_grid_info *info, const char *name,
                                  zagg_dtype dtype)
{
    zagg_zarr_array a = {.name = name, .dtype = dtype, .rank = info->rank};
    a.sharded = info->sharded;
    for (unsigned i = 0; i < info->rank; i++) {
        a.shape[i] = info->shape[i];
        a.chunk[i] = info->chunk_shape[i];
        a.shard[i] = info->shard_shape[i];
        a.dim_names[i] = info->dim_names[i];
    }
    return a;
}

static zagg_status add_array(zagg_store_plan *plan, zagg_zarr_array array,
                             const zagg_value *fill, const char *key, zagg_err *err)
{
    for (size_t i = 0; i < plan->tmpl.n_arrays; i++)
        if (strcmp(plan->arrays[i].name, array.name) == 0)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "%s: %s: the name is used twice in the store",
                                plan->pipeline->name, key);
    const zagg_status status =
        zagg_zarr_fill_from_value(array.dtype, fill, key, array.fill, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s", plan->pipeline->name);
    plan->arrays[plan->tmpl.n_arrays++] = array;
    return ZAGG_OK;
}

static const char *key_of(zagg_store_plan *plan, const char *section, const char *name)
{
    zg_str key;
    zg_str_init(&key, 1024);
    zg_str_addf(&key, "%s.%s.fill_value", section, name);
    const char *kept = zagg_arena_strndup(plan->arena, key.data, key.len);
    zg_str_free(&key);
    return kept ? kept : section;
}

static zagg_status add_coordinates(zagg_store_plan *plan, zagg_err *err)
{
    const zagg_pipeline *p = plan->pipeline;
    const bool healpix = plan->info->kind == ZAGG_GRID_HEALPIX;
    const bool ids = p->output.emit_cell_ids || p->output.compat == ZAGG_COMPAT_0_11;
    bool have_words = false, have_ids = false;
    for (size_t i = 0; i < p->n_coordinates; i++) {
        const zagg_coordinate *c = &p->coordinates[i];
        const bool words = strcmp(c->name, "morton") == 0;
        const bool cell_ids = strcmp(c->name, "cell_ids") == 0;
        if ((words || cell_ids) && (!healpix || (cell_ids && !ids)))
            continue;
        if ((words || cell_ids) && c->dtype != ZAGG_DT_U64)
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: aggregation.coordinates.%s.dtype: found %s; cell words and "
                "ids are uint64",
                p->name, c->name, zagg_dtype_name(c->dtype));
        have_words |= words;
        have_ids |= cell_ids;
        ZAGG_TRY(add_array(plan, cell_array(plan->info, c->name, c->dtype), c->fill,
                           key_of(plan, "aggregation.coordinates", c->name), err));
    }
    static const zagg_value ZERO = {.kind = ZAGG_INT};
    if (healpix && !have_words)
        ZAGG_TRY(add_array(plan, cell_array(plan->info, "morton", ZAGG_DT_U64), &ZERO,
                           "aggregation.coordinates.morton", err));
    if (healpix && p->output.emit_cell_ids && !have_ids)
        ZAGG_TRY(add_array(plan, cell_array(plan->info, "cell_ids", ZAGG_DT_U64), &ZERO,
                           "aggregation.coordinates.cell_ids", err));
    return ZAGG_OK;
}

/* x and y of a rectilinear grid: cell centres, one chunk each, named as CF does. */
static zagg_status add_axes(zagg_store_plan *plan, zagg_err *err)
{
    static const char *const NAMES[2] = {"y", "x"};
    static const char *const ATTRIBUTES[2] = {
        "{\"standard_name\": \"projection_y_coordinate\", \"units\": \"m\"}",
        "{\"standard_name\": \"projection_x_coordinate\", \"units\": \"m\"}"};
    static const zagg_value ZERO = {.kind = ZAGG_FLOAT};
    for (int axis = 1; axis >= 0; axis--) {
        zagg_zarr_array a = {.name = NAMES[axis], .dtype = ZAGG_DT_F64, .rank = 1};
        a.shape[0] = a.chunk[0] = plan->info->shape[axis];
        a.dim_names[0] = NAMES[axis];
        a.attributes_json = ATTRIBUTES[axis];
        plan->axis_array[axis] = plan->tmpl.n_arrays;
        ZAGG_TRY(add_array(plan, a, &ZERO, NAMES[axis], err));
    }
    return ZAGG_OK;
}

/* A field's own attributes as a JSON object. */
static zagg_status field_attributes(zagg_store_plan *plan, const zagg_field *f,
                                    const char **out, zagg_err *err)
{
    const zg_json_style one_line = {-1, false, false};
    zg_str text;
    zg_str_init(&text, 1u << 24);
    zagg_status status = zg_json_write(&text, f->attrs, one_line, err);
    if (status != ZAGG_OK) {
        zagg_err_context(err, status, "%s:%u: aggregation.variables.%s.attrs",
                         plan->pipeline->name, f->line, f->name);
    } else {
        const char *kept =
            text.failed ? NULL : zagg_arena_strndup(plan->arena, text.data, text.len);
        if (kept)
            *out = kept;
        else
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for attributes");
    }
    zg_str_free(&text);
    return status;
}

static zagg_status build(zagg_store_plan *plan, zagg_err *err)
{
    const zagg_pipeline *p = plan->pipeline;
    const size_t most = p->n_coordinates + p->n_fields + 4;
    ZAGG_TRY(
        zagg_arena_alloc(plan->arena, most, sizeof *plan->arrays, &plan->arrays, err));
    plan->tmpl.group = plan->info->group;
    plan->tmpl.arrays = plan->arrays;
    ZAGG_TRY(set_attributes(plan, err));
    if (plan->info->kind == ZAGG_GRID_RECTILINEAR)
        ZAGG_TRY(add_axes(plan, err));
    ZAGG_TRY(add_coordinates(plan, err));
    for (size_t i = 0; i < p->n_fields; i++) {
        const zagg_field *f = &p->fields[i];
        zagg_zarr_array array = cell_array(plan->info, f->name, f->dtype);
        /* Upstream 0.11 did not know field attributes. */
        if (f->attrs && p->output.compat != ZAGG_COMPAT_0_11)
            ZAGG_TRY(field_attributes(plan, f, &array.attributes_json, err));
        ZAGG_TRY(add_array(plan, array, f->fill,
                           key_of(plan, "aggregation.variables", f->name), err));
    }
    return ZAGG_OK;
}

zagg_status zagg_store_plan_new(const zagg_pipeline *pipeline, const zagg_grid *grid,
                                zagg_store_plan **out, zagg_err *err)
{
    zagg_store_plan *plan = zg_alloc(1, sizeof *plan);
    if (!plan)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the plan of a store");
    plan->pipeline = pipeline;
    plan->info = zagg_grid_get_info(grid);
    zagg_status status = zagg_arena_new(0, &plan->arena, err);
    if (status == ZAGG_OK)
        status = build(plan, err);
    if (status != ZAGG_OK) {
        zagg_store_plan_free(plan);
        return status;
    }
    *out = plan;
    return ZAGG_OK;
}

void zagg_store_plan_free(zagg_store_plan *plan)
{
    if (!plan)
        return;
    zagg_arena_free(plan->arena);
    zg_free(plan);
}

const zagg_zarr_template *zagg_store_plan_template(const zagg_store_plan *plan)
{
    return &plan->tmpl;
}

bool zagg_store_plan_consolidates(const zagg_store_plan *plan)
{
    const zagg_output *o = &plan->pipeline->output;
    return o->consolidate_metadata || o->compat == ZAGG_COMPAT_0_11;
}

zagg_status zagg_store_plan_write_static(const zagg_store_plan *plan, zagg_sink *store,
                                         zagg_err *err)
{
    const zagg_grid_info *info = plan->info;
    static const uint64_t FIRST[1] = {0};
    for (int axis = 0; info->kind == ZAGG_GRID_RECTILINEAR && axis < 2; axis++) {
        const size_t n = (size_t)info->shape[axis];
        const double origin = axis ? info->bounds[0] : info->bounds[3];
        const double step = info->resolution[axis ? 0 : 1];
        double *centres = zg_alloc(n, sizeof *centres);
        if (!centres)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu axis values", n);
        for (size_t i = 0; i < n; i++) {
            const double offset = ((double)i + 0.5) * step;
            centres[i] = axis ? origin + offset : origin - offset;
        }
        const zagg_status status = zagg_zarr_write_chunk(
            store, info->group, &plan->arrays[plan->axis_array[axis]], FIRST, centres,
            err);
        zg_free(centres);
        if (status != ZAGG_OK)
            return status;
    }
    return ZAGG_OK;
}
