/* Attributes that say what a store's arrays mean: of the group, the grid; of a field's
 * array, how its elements are to be read, and what the config adds to it. HEALPix: the
 * dggs convention of zarr-conventions, with mortie's extension as upstream 0.61 writes
 * it, or upstream 0.11's form under output.compat. Ragged arrays: zagg-ragged/1. */
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

static void convention(zg_json_out *w, const char *const part[5])
{
    static const char *const KEYS[5] = {"schema_url", "spec_url", "uuid", "name",
                                        "description"};
    zg_json_open_map(w);
    for (int i = 0; i < 5; i++)
        zg_json_put_str(w, KEYS[i], part[i]);
    zg_json_close_map(w);
}

static void ellipsoid(zg_json_out *w, const char *axis_key)
{
    zg_json_key(w, "ellipsoid");
    zg_json_open_map(w);
    zg_json_put_str(w, "name", "WGS84");
    zg_json_put_double(w, axis_key, 6378137.0);
    zg_json_put_double(w, "inverse_flattening", 298.257223563);
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
    zg_json_put_str(w, "name", old ? "healpix" : "morton");
    zg_json_key(w, "refinement_level");
    zg_json_i64(w, info->child_order);
    if (old)
        zg_json_put_str(w, "indexing_scheme", "nested");
    zg_json_put_str(w, "spatial_dimension", "cells");
    ellipsoid(w, old ? "semimajor_axis" : "semi_major_axis");
    if (old) {
        zg_json_put_str(w, "coordinate", "cell_ids");
        zg_json_put_str(w, "compression", "none");
    } else {
        zg_json_put_str(w, "compression", "none");
        zg_json_put_str(w, "latitude",
                        info->latitude == ZAGG_LATITUDE_AUTHALIC ? "authalic-wgs84"
                                                                 : "geodetic-spherical");
        zg_json_put_str(w, "coordinate", "morton");
    }
    zg_json_close_map(w);
    zg_json_close_map(w);
}

static void rectilinear_attributes(zg_json_out *w, const zagg_grid_info *info, bool cf)
{
    zg_json_open_map(w);
    if (cf)
        zg_json_put_str(w, "Conventions", "CF-1.11");
    zg_json_put_str(w, "crs", info->crs);
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

/* The text as kept by the plan; the builder is freed. */
static zagg_status keep(zagg_store_plan *plan, zg_str *text, const char **out,
                        zagg_err *err)
{
    char *kept =
        text->failed ? NULL : zagg_arena_strndup(plan->arena, text->data, text->len);
    zg_str_free(text);
    if (!kept)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the attributes of a store");
    *out = kept;
    return ZAGG_OK;
}

zagg_status zg_store_group_attributes(zagg_store_plan *plan, const char **out,
                                      zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 1u << 16);
    zg_json_begin(&w, &text, -1);
    if (plan->info->kind == ZAGG_GRID_HEALPIX)
        healpix_attributes(&w, plan->info,
                           plan->pipeline->output.compat == ZAGG_COMPAT_0_11);
    else
        rectilinear_attributes(&w, plan->info, plan->pipeline->output.cf);
    return keep(plan, &text, out, err);
}

/* ---- fields ---- */

/* {"spec": ..., "shape": ..., "grammar": ...}: which words an array holds. */
static void put_words(zg_json_out *w, const char *key, const char *spec,
                      const char *shape, const char *grammar)
{
    zg_json_key(w, key);
    zg_json_open_map(w);
    zg_json_put_str(w, "spec", spec);
    zg_json_put_str(w, "shape", shape);
    zg_json_put_str(w, "grammar", grammar);
    zg_json_close_map(w);
}

static void put_time_words(zg_json_out *w, const char *shape)
{
    put_words(w, "temporal", "zagg-toc/1", shape, "mortie-toc/1");
}

/* The element of a ragged array: rows without number of elements of the given shape. */
static void put_ragged(zg_json_out *w, zagg_dtype dtype, const int64_t *shape,
                       size_t n_shape, const char *locations)
{
    zg_json_key(w, "ragged");
    zg_json_open_map(w);
    zg_json_put_str(w, "spec", "zagg-ragged/1");
    zg_json_key(w, "element");
    zg_json_open_map(w);
    zg_json_put_str(w, "dtype", zagg_dtype_name(dtype));
    zg_json_key(w, "shape");
    zg_json_open_list(w);
    zg_json_i64(w, -1);
    for (size_t i = 0; i < n_shape; i++)
        zg_json_i64(w, shape[i]);
    zg_json_close_list(w);
    zg_json_close_map(w);
    if (locations)
        zg_json_put_str(w, "locations", locations);
    zg_json_close_map(w);
}

static void put_lanes(zg_json_out *w)
{
    static const char *const LANES[] = {"land",         "ocean", "sea_ice", "land_ice",
                                        "inland_water", "low",   "med",     "high"};
    zg_json_open_list(w);
    for (size_t i = 0; i < sizeof LANES / sizeof LANES[0]; i++)
        zg_json_str(w, LANES[i]);
    zg_json_close_list(w);
}

/* What composition words say about themselves is not the config's to choose. */
static zagg_status put_composition(zg_json_out *w, const zagg_value *block, zagg_err *err)
{
    static const char SPEC[] = "zagg-composition/1";
    zg_json_open_map(w);
    for (size_t i = 0; i < block->n; i++) {
        const zagg_member *m = &block->members[i];
        if (m->key->kind != ZAGG_STR)
            return zagg_err_set(err, ZAGG_ECONFIG, "composition: a key is no text");
        zg_json_key(w, m->key->str);
        if (strcmp(m->key->str, "spec") == 0)
            zg_json_str(w, SPEC);
        else if (strcmp(m->key->str, "lanes") == 0)
            put_lanes(w);
        else
            ZAGG_TRY(zg_json_value(w, m->value, err));
    }
    if (!zagg_value_get(block, "spec"))
        zg_json_put_str(w, "spec", SPEC);
    if (!zagg_value_get(block, "lanes")) {
        zg_json_key(w, "lanes");
        put_lanes(w);
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status put_config_attributes(zg_json_out *w, const zagg_field *f,
                                         zagg_err *err)
{
    for (size_t i = 0; f->attrs && i < f->attrs->n; i++) {
        const zagg_member *m = &f->attrs->members[i];
        if (m->key->kind != ZAGG_STR)
            return zagg_err_set(err, ZAGG_ECONFIG, "a key is no text");
        zg_json_key(w, m->key->str);
        if (m->value == f->composition)
            ZAGG_TRY(put_composition(w, m->value, err));
        else
            ZAGG_TRY(zg_json_value(w, m->value, err));
    }
    return ZAGG_OK;
}

/* Weights that the config does not declare are counts, and are not declared here. */
static void put_ragged_field(zg_json_out *w, const zagg_field *f,
                             const zg_store_words *words)
{
    put_ragged(w, f->dtype, f->shape, f->n_shape, words->locations);
    if (f->weights != ZAGG_WEIGHTS_ABSENT)
        zg_json_put_str(w, "weights",
                        f->weights == ZAGG_WEIGHTS_FLUX ? "flux" : "counts");
    if (words->times)
        zg_json_put_str(w, "times", words->times);
}

zagg_status zg_store_field_attributes(zagg_store_plan *plan, const zagg_field *f,
                                      const zg_store_words *words, const char **out,
                                      zagg_err *err)
{
    const bool ragged = f->kind == ZAGG_FIELD_RAGGED;
    const bool per_cell = f->temporal == ZAGG_TEMPORAL_PER_CELL;
    zg_str text;
    zg_json_out w;
    *out = NULL;
    if (!ragged && !per_cell && !f->attrs)
        return ZAGG_OK;
    zg_str_init(&text, 1u << 24);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    if (ragged)
        put_ragged_field(&w, f, words);
    else if (per_cell)
        put_time_words(&w, "per-cell");
    const zagg_status status = put_config_attributes(&w, f, err);
    zg_json_close_map(&w);
    if (status == ZAGG_OK)
        return keep(plan, &text, out, err);
    zg_str_free(&text);
    return zagg_err_context(err, status, "%s:%u: aggregation.variables.%s.attrs",
                            plan->pipeline->name, f->line, f->name);
}

zagg_status zg_store_words_attributes(zagg_store_plan *plan, bool locations,
                                      const char **out, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 1u << 16);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    put_ragged(&w, ZAGG_DT_U64, NULL, 0, NULL);
    if (locations)
        put_words(&w, "located", "zagg-located/1", "per-centroid", "mortie-morton/1");
    else
        put_time_words(&w, "per-centroid");
    zg_json_close_map(&w);
    return keep(plan, &text, out, err);
}
