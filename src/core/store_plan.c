/* Which arrays a pipeline writes on a grid. */
#include "core/store_plan.h"

#include "core/mask.h"

#include <string.h>

/* An array over the cells of the grid, or of one shard. */
static zagg_zarr_array cell_array(const zagg_store_plan *plan, const char *name,
                                  zagg_dtype dtype)
{
    const zagg_grid_info *info = plan->info;
    zagg_zarr_array a = {.name = name, .dtype = dtype, .rank = info->rank};
    a.sharded = info->sharded;
    for (unsigned i = 0; i < info->rank; i++) {
        a.shape[i] = plan->hive ? info->shard_shape[i] : info->shape[i];
        a.chunk[i] = info->chunk_shape[i];
        a.shard[i] = info->shard_shape[i];
        a.dim_names[i] = info->dim_names[i];
    }
    a.zstd = plan->pipeline->output.zstd;
    a.zstd_level = a.zstd ? plan->pipeline->output.zstd_level : 0;
    return a;
}

zagg_status zg_store_plan_add(zagg_store_plan *plan, zagg_zarr_array array,
                              const zagg_field *field, const char *key, zagg_err *err)
{
    for (size_t i = 0; i < plan->tmpl.n_arrays; i++)
        if (strcmp(plan->arrays[i].name, array.name) == 0)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "%s: %s: the name is used twice in the store",
                                plan->pipeline->name, key);
    plan->fields[plan->tmpl.n_arrays] = field;
    plan->arrays[plan->tmpl.n_arrays++] = array;
    return ZAGG_OK;
}

static zagg_status add_array(zagg_store_plan *plan, zagg_zarr_array array,
                             const zagg_field *field, const zagg_value *fill,
                             const char *key, zagg_err *err)
{
    const zagg_status status =
        zagg_zarr_fill_from_value(array.dtype, fill, key, array.fill, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s", plan->pipeline->name);
    return zg_store_plan_add(plan, array, field, key, err);
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
        ZAGG_TRY(add_array(plan, cell_array(plan, c->name, c->dtype), NULL, c->fill,
                           key_of(plan, "aggregation.coordinates", c->name), err));
    }
    static const zagg_value ZERO = {.kind = ZAGG_INT};
    if (healpix && !have_words)
        ZAGG_TRY(add_array(plan, cell_array(plan, "morton", ZAGG_DT_U64), NULL, &ZERO,
                           "aggregation.coordinates.morton", err));
    if (healpix && p->output.emit_cell_ids && !have_ids)
        ZAGG_TRY(add_array(plan, cell_array(plan, "cell_ids", ZAGG_DT_U64), NULL, &ZERO,
                           "aggregation.coordinates.cell_ids", err));
    static const zagg_value OUTSIDE = {.kind = ZAGG_BOOL};
    if (p->output.aoi_mask)
        ZAGG_TRY(add_array(plan, cell_array(plan, ZG_MASK_NAME, ZAGG_DT_BOOL), NULL,
                           &OUTSIDE, "output.aoi_mask", err));
    return ZAGG_OK;
}

/* Array of a field over cells, or over chunks, before its trailing axes. */
static zagg_zarr_array field_array(const zagg_store_plan *plan, const zagg_field *f)
{
    const zagg_grid_info *info = plan->info;
    zagg_zarr_array a = cell_array(plan, f->name, f->dtype);
    if (!f->chunk_resolution)
        return a;
    a.sharded = a.zstd = false; /* one element a chunk: nothing to pack */
    a.zstd_level = 0;
    memset(a.shard, 0, sizeof a.shard);
    for (unsigned i = 0; i < info->rank; i++) {
        a.shape[i] /= info->chunk_shape[i];
        a.chunk[i] = 1;
        a.dim_names[i] = info->chunk_dim_names[i];
    }
    return a;
}

/* A vector's own axes, each one chunk whole. */
static zagg_status add_trailing(const zagg_store_plan *plan, const zagg_field *f,
                                zagg_zarr_array *a, zagg_err *err)
{
    static const char *const NAMES[] = {"vector_0", "vector_1", "vector_2"};
    if (f->n_shape > ZAGG_ZARR_MAX_RANK - a->rank)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s:%u: aggregation.variables.%s.trailing_shape: found %zu "
                            "axes; at most %u fit beside those of the grid",
                            plan->pipeline->name, f->line, f->name, f->n_shape,
                            ZAGG_ZARR_MAX_RANK - a->rank);
    for (size_t i = 0; i < f->n_shape; i++, a->rank++) {
        a->shape[a->rank] = a->chunk[a->rank] = (uint64_t)f->shape[i];
        a->shard[a->rank] = a->sharded ? (uint64_t)f->shape[i] : 0;
        a->dim_names[a->rank] = f->n_shape == 1 ? "vector" : NAMES[i];
    }
    return ZAGG_OK;
}

static zagg_status add_dense_field(zagg_store_plan *plan, const zagg_field *f,
                                   const char *key, zagg_err *err)
{
    const zg_store_words none = {NULL, NULL};
    zagg_zarr_array array = field_array(plan, f);
    if (f->kind == ZAGG_FIELD_VECTOR)
        ZAGG_TRY(add_trailing(plan, f, &array, err));
    /* Upstream 0.11 did not know attributes of fields. */
    if (plan->pipeline->output.compat != ZAGG_COMPAT_0_11)
        ZAGG_TRY(zg_store_field_attributes(plan, f, &none, &array.attributes_json, err));
    return add_array(plan, array, f, f->fill, key, err);
}

static const char *sibling_name(zagg_store_plan *plan, const zagg_field *f,
                                const char *tail)
{
    zg_str name;
    zg_str_init(&name, 0);
    zg_str_addf(&name, "%s_%s", f->name, tail);
    const char *kept =
        name.failed ? NULL : zagg_arena_strndup(plan->arena, name.data, name.len);
    zg_str_free(&name);
    return kept;
}

/* Words beside the rows of a ragged field, in an array of the same layout. */
static zagg_status add_words(zagg_store_plan *plan, zagg_zarr_array array,
                             const char *name, bool locations, const char *key,
                             zagg_err *err)
{
    if (!name)
        return ZAGG_OK;
    array.name = name;
    ZAGG_TRY(zg_store_words_attributes(plan, locations, &array.attributes_json, err));
    return zg_store_plan_add(plan, array, NULL, key, err);
}

static zagg_status add_ragged_field(zagg_store_plan *plan, const zagg_field *f,
                                    const char *key, zagg_err *err)
{
    enum { ZSTD_LEVEL = 3 };
    zg_store_words words = {NULL, NULL};
    zagg_zarr_array array = field_array(plan, f);
    array.kind = ZAGG_ZARR_VLEN;
    array.dtype = ZAGG_DT_NONE;
    array.zstd = true;
    array.zstd_level = ZSTD_LEVEL;
    /* A leaf's ragged array is one object, whatever `sharded` says. */
    if (plan->hive && !f->chunk_resolution && plan->info->chunks_per_shard > 1)
        array.sharded = true;
    const bool located = f->location != NULL;
    const bool timed = f->temporal == ZAGG_TEMPORAL_PER_CENTROID;
    if (located)
        words.locations = sibling_name(plan, f, "locations");
    if (timed)
        words.times = sibling_name(plan, f, "times");
    if ((located && !words.locations) || (timed && !words.times))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the arrays of a store");
    ZAGG_TRY(zg_store_field_attributes(plan, f, &words, &array.attributes_json, err));
    ZAGG_TRY(zg_store_plan_add(plan, array, f, key, err));
    ZAGG_TRY(add_words(plan, array, words.locations, true, key, err));
    return add_words(plan, array, words.times, false, key, err);
}

static zagg_status add_field(zagg_store_plan *plan, const zagg_field *f, zagg_err *err)
{
    const char *key = key_of(plan, "aggregation.variables", f->name);
    if (f->kind != ZAGG_FIELD_RAGGED)
        return add_dense_field(plan, f, key, err);
    if (plan->pipeline->output.compat != ZAGG_COMPAT_0_11)
        return add_ragged_field(plan, f, key, err);
    const zagg_zarr_array csr = {
        .name = f->name, .kind = ZAGG_ZARR_CSR, .dtype = f->dtype};
    return zg_store_plan_add(plan, csr, f, key, err);
}

static zagg_status build(zagg_store_plan *plan, zagg_err *err)
{
    const zagg_pipeline *p = plan->pipeline;
    /* A ragged field has up to two arrays beside it; x, y and spatial_ref, or morton
     * and cell_ids; the mask. */
    const size_t most = p->n_coordinates + 3 * p->n_fields + 5;
    ZAGG_TRY(
        zagg_arena_alloc(plan->arena, most, sizeof *plan->arrays, &plan->arrays, err));
    ZAGG_TRY(
        zagg_arena_alloc(plan->arena, most, sizeof *plan->fields, &plan->fields, err));
    plan->tmpl.group = plan->info->group;
    plan->tmpl.arrays = plan->arrays;
    ZAGG_TRY(zg_store_group_attributes(plan, &plan->tmpl.group_attributes_json, err));
    if (plan->info->kind == ZAGG_GRID_RECTILINEAR)
        ZAGG_TRY(zg_store_add_axes(plan, err));
    ZAGG_TRY(add_coordinates(plan, err));
    for (size_t i = 0; i < p->n_fields; i++)
        ZAGG_TRY(add_field(plan, &p->fields[i], err));
    return zg_store_name_mapping(plan, err);
}

/* ---- hive ---- */

static zagg_status add_document(zagg_store_plan *plan, const char *name, zagg_status made,
                                char *text, size_t len, zagg_err *err)
{
    if (made != ZAGG_OK)
        return made;
    const char *kept = zagg_arena_strndup(plan->arena, text, len);
    zagg_bytes_free(text);
    if (!kept)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the documents of a leaf");
    plan->documents[plan->n_documents++] = (zg_store_document){name, kept, len};
    return ZAGG_OK;
}

/* The documents of a leaf do not depend on its shard: they are made once. */
static zagg_status make_documents(zagg_store_plan *plan, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_arena_alloc(plan->arena, plan->tmpl.n_arrays + 1,
                              sizeof *plan->documents, &plan->documents, err));
    zagg_status made =
        zagg_zarr_group_json(plan->tmpl.group_attributes_json, &text, &len, err);
    ZAGG_TRY(add_document(plan, "", made, text, len, err));
    for (size_t i = 0; i < plan->tmpl.n_arrays; i++) {
        made = zagg_zarr_array_json(&plan->arrays[i], &text, &len, err);
        ZAGG_TRY(add_document(plan, plan->arrays[i].name, made, text, len, err));
    }
    return ZAGG_OK;
}

static zagg_status make(zagg_store_plan *plan, zagg_err *err)
{
    ZAGG_TRY(zagg_arena_new(0, &plan->arena, err));
    ZAGG_TRY(build(plan, err));
    if (!plan->hive)
        return ZAGG_OK;
    ZAGG_TRY(zagg_pipeline_semantic_hash(plan->pipeline, plan->info->latitude,
                                         plan->semantic_hash, err));
    return make_documents(plan, err);
}

zagg_status zagg_store_plan_new(const zagg_pipeline *pipeline, const zagg_grid *grid,
                                zagg_store_plan **out, zagg_err *err)
{
    zagg_store_plan *plan = zg_alloc(1, sizeof *plan);
    if (!plan)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the plan of a store");
    plan->pipeline = pipeline;
    plan->info = zagg_grid_get_info(grid);
    plan->hive = pipeline->output.store_layout == ZAGG_LAYOUT_HIVE &&
                 plan->info->kind == ZAGG_GRID_HEALPIX;
    const zagg_status status = make(plan, err);
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
