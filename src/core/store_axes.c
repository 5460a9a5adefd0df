/* What places the arrays of a rectilinear grid: the axes x and y, and, where the config
 * asks for it (output.grid.cf), the CF grid mapping that tells readers the coordinate
 * system. */
#include "core/store_plan.h"
#include "grid/crs_cf.h"
#include "text/text.h"

#include <string.h>

static const char *const AXES[2] = {"y", "x"};

/* ---- texts ---- */

static zagg_status keep(zagg_store_plan *plan, zg_str *text, const char **out,
                        zagg_err *err)
{
    *out = text->failed ? NULL : zagg_arena_strndup(plan->arena, text->data, text->len);
    zg_str_free(text);
    return *out ? ZAGG_OK
                : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the axes of a store");
}

/* "m", or what the unit of the axes is in metres, as UDUNITS writes it. */
static void put_unit(zg_json_out *w, const zg_crs_cf *cf)
{
    char number[32], unit[40] = "m";
    if (cf->metres_per_unit < 1.0 || cf->metres_per_unit > 1.0) {
        const size_t len = zg_float_repr(cf->metres_per_unit, number);
        memcpy(unit, number, len);
        memcpy(unit + len, " m", 3);
    }
    zg_json_put_str(w, "units", unit);
}

static zagg_status cf_axis(zagg_store_plan *plan, const zg_crs_cf *cf, int axis,
                           const char **out, zagg_err *err)
{
    static const char *const DEGREES[2][2] = {{"latitude", "degrees_north"},
                                              {"longitude", "degrees_east"}};
    static const char *const PROJECTED[2] = {"projection_y_coordinate",
                                             "projection_x_coordinate"};
    static const char *const LETTERS[2] = {"Y", "X"};
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 4096);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "standard_name",
                    cf->geographic ? DEGREES[axis][0] : PROJECTED[axis]);
    if (cf->geographic)
        zg_json_put_str(&w, "units", DEGREES[axis][1]);
    else
        put_unit(&w, cf);
    zg_json_put_str(&w, "axis", LETTERS[axis]);
    zg_json_close_map(&w);
    return keep(plan, &text, out, err);
}

/* Where GDAL looks for the place of the grid: origin and steps, row 0 at the top. */
static void put_geo_transform(zg_json_out *w, const zagg_grid_info *info)
{
    const double numbers[6] = {
        info->bounds[0],     info->resolution[0], 0.0, info->bounds[3], 0.0,
        -info->resolution[1]};
    zg_str text;
    zg_str_init(&text, 256);
    for (int i = 0; i < 6; i++) {
        char number[32];
        zg_str_addn(&text, number, zg_float_repr(numbers[i], number));
        if (i < 5)
            zg_str_addc(&text, ' ');
    }
    zg_json_put_str(w, "GeoTransform", text.data);
    zg_str_free(&text);
}

static void put_attr(zg_json_out *w, const zg_crs_cf_attr *a)
{
    zg_json_key(w, a->name);
    if (a->text) {
        zg_json_str(w, a->text);
    } else if (a->n_values == 1) {
        zg_json_double(w, a->values[0]);
    } else {
        zg_json_open_list(w);
        zg_json_double(w, a->values[0]);
        zg_json_double(w, a->values[1]);
        zg_json_close_list(w);
    }
}

static zagg_status grid_mapping(zagg_store_plan *plan, const zg_crs_cf *cf,
                                const char **out, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 1u << 18);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "crs_wkt", cf->wkt);
    if (cf->mapping)
        zg_json_put_str(&w, "grid_mapping_name", cf->mapping);
    for (size_t i = 0; i < cf->n_attrs; i++)
        put_attr(&w, &cf->attrs[i]);
    put_geo_transform(&w, plan->info);
    zg_json_close_map(&w);
    return keep(plan, &text, out, err);
}

/* ---- arrays ---- */

/* Each axis is one chunk. Upstream gives y the chunk length of x, which is the same where
 * a grid is square; elsewhere readers would find its axis in pieces, or with a tail of
 * fill values. */
static zagg_status add_axis(zagg_store_plan *plan, int axis, const char *attributes,
                            zagg_err *err)
{
    zagg_zarr_array a = {.name = AXES[axis], .dtype = ZAGG_DT_F64, .rank = 1};
    a.shape[0] = plan->info->shape[axis];
    a.chunk[0] = plan->info->shape[axis];
    a.dim_names[0] = AXES[axis];
    a.attributes_json = attributes;
    plan->axis_array[axis] = plan->tmpl.n_arrays;
    return zg_store_plan_add(plan, a, NULL, AXES[axis], err);
}

/* A variable without axes whose attributes alone count: its value, 0, is its fill. */
static zagg_status add_grid_mapping(zagg_store_plan *plan, const zg_crs_cf *cf,
                                    zagg_err *err)
{
    zagg_zarr_array a = {.name = ZG_STORE_GRID_MAPPING, .dtype = ZAGG_DT_I32};
    ZAGG_TRY(grid_mapping(plan, cf, &a.attributes_json, err));
    return zg_store_plan_add(plan, a, NULL, "output.grid.cf", err);
}

zagg_status zg_store_add_axes(zagg_store_plan *plan, zagg_err *err)
{
    static const char *const PLAIN[2] = {
        "{\"standard_name\": \"projection_y_coordinate\", \"units\": \"m\"}",
        "{\"standard_name\": \"projection_x_coordinate\", \"units\": \"m\"}"};
    zg_crs_cf cf = {.wkt = NULL};
    const bool described = plan->pipeline->output.cf;
    zagg_status status = ZAGG_OK;
    if (described)
        ZAGG_TRY(zg_crs_cf_of(plan->info->crs, &cf, err));
    for (int axis = 1; axis >= 0 && status == ZAGG_OK; axis--) {
        const char *attributes = PLAIN[axis];
        if (described)
            status = cf_axis(plan, &cf, axis, &attributes, err);
        if (status == ZAGG_OK)
            status = add_axis(plan, axis, attributes, err);
    }
    if (described && status == ZAGG_OK)
        status = add_grid_mapping(plan, &cf, err);
    zg_crs_cf_clear(&cf);
    return status;
}

/* The attributes with one more; a config's own grid_mapping stays. */
static zagg_status name_mapping(zagg_store_plan *plan, zagg_zarr_array *a, zagg_err *err)
{
    const char *old = a->attributes_json;
    const size_t len = old ? strlen(old) : 0; /* as written here: closed by one brace */
    zg_str text;
    if (old && strstr(old, "\"grid_mapping\""))
        return ZAGG_OK;
    zg_str_init(&text, len + 64);
    if (len > 2)
        zg_str_addn(&text, old, len - 1);
    zg_str_addf(&text, "%s\"grid_mapping\": \"%s\"}", len > 2 ? ", " : "{",
                ZG_STORE_GRID_MAPPING);
    return keep(plan, &text, &a->attributes_json, err);
}

zagg_status zg_store_name_mapping(zagg_store_plan *plan, zagg_err *err)
{
    if (!plan->pipeline->output.cf)
        return ZAGG_OK;
    for (size_t i = 0; i < plan->tmpl.n_arrays; i++) {
        zagg_zarr_array *a = &plan->arrays[i];
        const bool cells = a->kind != ZAGG_ZARR_CSR && a->rank >= 2 && a->dim_names[0] &&
                           strcmp(a->dim_names[0], AXES[0]) == 0;
        if (cells)
            ZAGG_TRY(name_mapping(plan, a, err));
    }
    return ZAGG_OK;
}

/* ---- values ---- */

static zagg_status write_axis(const zagg_store_plan *plan, int axis, zagg_sink *store,
                              zagg_err *err)
{
    const zagg_grid_info *info = plan->info;
    const zagg_zarr_array *array = &plan->arrays[plan->axis_array[axis]];
    const double origin = axis ? info->bounds[0] : info->bounds[3];
    const double step = info->resolution[axis ? 0 : 1];
    const uint64_t n = array->shape[0], first = 0;
    double *centres = zg_alloc((size_t)n, sizeof *centres);
    if (!centres)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %llu axis values",
                            (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++) {
        const double offset = ((double)i + 0.5) * step;
        centres[i] = axis ? origin + offset : origin - offset;
    }
    const zagg_status status =
        zagg_zarr_write_chunk(store, info->group, array, &first, centres, err);
    zg_free(centres);
    return status;
}

zagg_status zagg_store_plan_write_static(const zagg_store_plan *plan, zagg_sink *store,
                                         zagg_err *err)
{
    for (int axis = 0; plan->info->kind == ZAGG_GRID_RECTILINEAR && axis < 2; axis++)
        ZAGG_TRY(write_axis(plan, axis, store, err));
    return ZAGG_OK;
}
