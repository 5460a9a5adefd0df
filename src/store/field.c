/* The members of a group: their descriptions, and which of them hold what for the cells
 * of the group's grid. */
#include "store/store.h"
#include "zarr/csr.h"

#include <stdio.h>
#include <string.h>

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the arrays of a store");
}

/* ---- documents ---- */

/* A reason in place of a description. Lack of memory and failing reads stay errors. */
static zagg_status unreadable(zagg_arena *arena, zagg_store_field_info *f,
                              zagg_status status, const zagg_err *reason, zagg_err *err)
{
    if (status != ZAGG_EFORMAT && status != ZAGG_EUNSUPPORTED && status != ZAGG_ERANGE)
        return zagg_err_set(err, status, "%s", reason->msg);
    f->array = NULL;
    f->damaged = status != ZAGG_EUNSUPPORTED;
    f->why = zagg_arena_strndup(arena, reason->msg, strlen(reason->msg));
    return f->why == NULL ? no_memory(err) : ZAGG_OK;
}

/* Element type and width of payloads; why they are not known. */
static const char *read_ragged(zagg_store_field_info *f)
{
    const zagg_value *ragged = zagg_value_get_set(f->attributes, "ragged");
    const zagg_value *element = zagg_value_get_set(ragged, "element");
    const zagg_value *shape = zagg_value_get_set(element, "shape");
    const char *dtype = zg_value_text(element, "dtype");
    int64_t first = 0;
    f->ragged = true;
    if (ragged == NULL)
        return "its elements are not declared (no attribute ragged)";
    if (!zagg_value_is(zagg_value_get(ragged, "spec"), "zagg-ragged/1"))
        return "its ragged.spec is not zagg-ragged/1";
    f->dtype = dtype != NULL ? zagg_dtype_from_name(dtype) : ZAGG_DT_NONE;
    if (f->dtype == ZAGG_DT_NONE)
        return "its ragged.element.dtype is no type that zagg reads";
    if (shape == NULL || shape->kind != ZAGG_LIST || shape->n < 1 || shape->n > 4 ||
        !zagg_value_i64(shape->items[0], &first) || first != -1)
        return "its ragged.element.shape does not start with -1";
    f->width = 1;
    for (size_t i = 1; i < shape->n; i++) {
        uint64_t extent = 0;
        if (!zagg_value_u64(shape->items[i], &extent) || extent == 0 ||
            extent > UINT32_MAX || !zg_mul_size(f->width, (size_t)extent, &f->width) ||
            f->width > UINT32_MAX)
            return "its ragged.element.shape holds no length";
    }
    f->locations = zg_value_text(ragged, "locations");
    f->times = zg_value_text(f->attributes, "times");
    f->times = f->times != NULL ? f->times : zg_value_text(ragged, "times");
    f->weights = zg_value_text(ragged, "weights");
    f->weights =
        f->weights != NULL ? f->weights : zg_value_text(f->attributes, "weights");
    f->digest = f->dtype == ZAGG_DT_F32 && shape->n == 2 && f->width == 2;
    return NULL;
}

/* An array of no axes: what it says is in its attributes. */
static bool is_mapping(const zagg_value *doc)
{
    const zagg_value *shape = zagg_value_get(doc, "shape");
    return zg_zarr_is_node(doc, "array") && shape != NULL && shape->kind == ZAGG_LIST &&
           shape->n == 0;
}

zagg_status zg_store_read_array(zagg_store *s, zagg_arena *arena, const char *folder,
                                const char *name, zagg_store_field_info *out,
                                zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    zagg_err reason = ZAGG_ERR_INIT;
    const zagg_value *doc = NULL;
    zagg_zarr_array *array = NULL;
    *out = (zagg_store_field_info){
        .name = name, .kind = ZAGG_STORE_OTHER, .width = 1, .why = "it is no array"};
    const int len = snprintf(key, sizeof key, "%s/%s/zarr.json", folder, name);
    if (len < 0 || (size_t)len >= sizeof key)
        return zagg_err_set(err, ZAGG_ERANGE, "path of array %s is too long", name);
    ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *array, &array, err));
    zagg_status status = zg_zarr_get_doc(s->sink, key, arena, &doc, &reason);
    if (status == ZAGG_ENOTFOUND)
        return zagg_err_set(err, status, "%s is missing", key);
    if (status == ZAGG_OK && zg_zarr_is_node(doc, "group"))
        return ZAGG_OK; /* array stays NULL */
    if (status == ZAGG_OK && is_mapping(doc)) {
        out->kind = ZAGG_STORE_MAPPING;
        out->attributes = zagg_value_get(doc, "attributes");
        out->why = NULL;
        return ZAGG_OK;
    }
    if (status == ZAGG_OK)
        status = zg_zarr_array_parse(doc, name, key, arena, array, &reason);
    if (status != ZAGG_OK)
        return unreadable(arena, out, status, &reason, err);
    out->array = array;
    out->attributes = zagg_value_get(doc, "attributes");
    out->dtype = array->dtype;
    out->why = array->kind == ZAGG_ZARR_VLEN ? read_ragged(out) : NULL;
    return ZAGG_OK;
}

/* A group inside a group: a CSR field, or nothing that is read. */
static zagg_status read_csr(zagg_store *s, const char *path, zagg_store_field_info *f,
                            zagg_err *err)
{
    zagg_err reason = ZAGG_ERR_INIT;
    const char *whole = NULL;
    zagg_zarr_array *array = NULL;
    size_t width = 0;
    ZAGG_TRY(zg_store_text(s, &whole, err, "%s/%s", path, f->name));
    ZAGG_TRY(zg_store_alloc(s, 1, sizeof *array, &array, err));
    *array = (zagg_zarr_array){.name = f->name, .kind = ZAGG_ZARR_CSR};
    zagg_status status = zg_zarr_csr_type(s->sink, whole, &array->dtype, &reason);
    if (status == ZAGG_OK)
        status = zg_zarr_csr_width(s->sink, whole, &width, &reason);
    if (status != ZAGG_OK)
        return unreadable(s->arena, f, status, &reason, err);
    if (array->dtype == ZAGG_DT_NONE) {
        f->why = "a group without arrays";
        return ZAGG_OK;
    }
    f->array = array;
    f->dtype = array->dtype;
    f->ragged = true;
    f->width = width > 0 ? width : 1;
    f->digest = f->dtype == ZAGG_DT_F32 && width == 2;
    f->why = NULL;
    return ZAGG_OK;
}

/* Folders without a document are none of Zarr's. */
static zagg_status read_member(zagg_store *s, const char *path, const char *name,
                               bool csr, zagg_store_field_info *f, bool *is_node,
                               zagg_err *err)
{
    const zagg_status status = zg_store_read_array(s, s->arena, path, name, f, err);
    *is_node = status == ZAGG_OK;
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    if (status == ZAGG_OK && f->array == NULL && !f->damaged && f->why != NULL && csr &&
        strcmp(f->why, "it is no array") == 0)
        return read_csr(s, path, f, err);
    return status;
}

zagg_status zg_store_read_members(zagg_store *s, const char *path, bool csr,
                                  zagg_store_group *group, zagg_err *err)
{
    const char *prefix = NULL, **names = NULL;
    size_t n = 0, used = 0;
    zagg_store_field_info *fields = NULL;
    ZAGG_TRY(zg_store_text(s, &prefix, err, "%s/", path));
    ZAGG_TRY(zg_store_folders(s, prefix, &names, &n, err));
    ZAGG_TRY(zg_store_alloc(s, n, sizeof *fields, &fields, err));
    for (size_t i = 0; i < n; i++) {
        bool is_node = false;
        ZAGG_TRY(read_member(s, path, names[i], csr, &fields[used], &is_node, err));
        used += is_node;
    }
    group->fields = fields;
    group->n_fields = used;
    return ZAGG_OK;
}

/* ---- kinds ---- */

typedef struct shape_of {
    const char *cell[2], *chunk[2]; /* names of the axes */
    unsigned rank;
    uint64_t extent[2]; /* cells of an array along them */
    const zagg_store_grid *grid;
} shape_of;

static bool axes_are(const zagg_zarr_array *a, unsigned from, const char *const *names,
                     unsigned n)
{
    bool same = a->rank >= from + n;
    for (unsigned d = 0; d < n && same; d++)
        same = a->dim_names[from + d] != NULL &&
               strcmp(a->dim_names[from + d], names[d]) == 0;
    return same;
}

/* Do the axes from `from` on have the extent and chunks of the cells (or, with
 * `chunks`, of the grid's chunks)? */
static bool extents_are(const zagg_zarr_array *a, unsigned from, const shape_of *w,
                        bool chunks)
{
    bool same = true;
    for (unsigned d = 0; d < w->rank; d++) {
        const uint64_t unit = w->grid->chunk_shape[d];
        same = same &&
               a->shape[from + d] == (chunks ? w->extent[d] / unit : w->extent[d]) &&
               a->chunk[from + d] == (chunks ? 1 : unit);
    }
    return same;
}

/* Axes behind those of the cells are one chunk each; their product is the width. */
static const char *read_width(zagg_store_field_info *f, unsigned from)
{
    const zagg_zarr_array *a = f->array;
    if (f->ragged)
        return a->rank == from ? NULL : "ragged along more axes than those of the cells";
    f->width = 1;
    for (unsigned d = from; d < a->rank; d++) {
        if (a->chunk[d] != a->shape[d] || a->shape[d] == 0)
            return "its vectors are parted among chunks";
        if (!zg_mul_size(f->width, (size_t)a->shape[d], &f->width))
            return "its vectors are larger than memory can hold";
    }
    return NULL;
}

static bool is_coordinate(const zagg_store_field_info *f)
{
    return f->array->kind == ZAGG_ZARR_DENSE && f->dtype == ZAGG_DT_U64 &&
           (strcmp(f->name, "morton") == 0 || strcmp(f->name, "cell_ids") == 0);
}

static bool is_mask(const zagg_store_field_info *f)
{
    return f->dtype == ZAGG_DT_BOOL && strcmp(f->name, "aoi_mask") == 0;
}

static const char *of_cells(zagg_store_field_info *f, const shape_of *w)
{
    if (!extents_are(f->array, 0, w, false))
        return "its shape or chunks are not those of the grid's cells";
    const char *why = read_width(f, w->rank);
    if (why != NULL)
        return why;
    f->kind = is_mask(f)                 ? ZAGG_STORE_MASK
              : f->ragged                ? ZAGG_STORE_RAGGED
              : is_coordinate(f)         ? ZAGG_STORE_COORDINATE
              : f->array->rank > w->rank ? ZAGG_STORE_VECTOR
                                         : ZAGG_STORE_SCALAR;
    return NULL;
}

static const char *of_chunks(zagg_store_field_info *f, const shape_of *w)
{
    if (!extents_are(f->array, 0, w, true))
        return "its shape or chunks are not those of the grid's chunks";
    const char *why = read_width(f, w->rank);
    if (why == NULL)
        f->kind = ZAGG_STORE_COMPANION;
    return why;
}

static const char *of_series(zagg_store_field_info *f, const shape_of *w)
{
    const zagg_zarr_array *a = f->array;
    if (f->ragged || a->rank != 1 + w->rank || a->shape[0] == 0 ||
        a->shape[0] > UINT32_MAX || !extents_are(a, 1, w, false))
        return "its shape or chunks are not layers of the grid's cells";
    f->width = (size_t)a->shape[0];
    f->kind = ZAGG_STORE_SERIES;
    return NULL;
}

static const char *classify(zagg_store_field_info *f, const shape_of *w)
{
    const zagg_zarr_array *a = f->array;
    if (a->kind == ZAGG_ZARR_CSR) {
        f->kind = ZAGG_STORE_RAGGED;
        return NULL;
    }
    if (axes_are(a, 0, w->cell, w->rank))
        return of_cells(f, w);
    if (axes_are(a, 0, w->chunk, w->rank))
        return of_chunks(f, w);
    if (axes_are(a, 1, w->cell, w->rank))
        return of_series(f, w);
    if (a->rank == 1 && !f->ragged && axes_are(a, 0, &f->name, 1)) {
        f->kind = ZAGG_STORE_AXIS;
        return NULL;
    }
    return "its axes are neither those of the cells nor of the chunks";
}

zagg_status zg_store_classify(zagg_store *s, zagg_store_group *group, bool leaf,
                              zagg_err *err)
{
    const zagg_store_grid *g = &group->grid;
    const bool healpix = g->kind == ZAGG_GRID_HEALPIX;
    zagg_store_field_info *fields = NULL;
    shape_of w = {{healpix ? "cells" : "y", "x"},
                  {healpix ? "chunks" : "chunk_y", "chunk_x"},
                  g->rank,
                  {0, 0},
                  g};
    for (unsigned d = 0; d < g->rank; d++)
        w.extent[d] = leaf ? g->shard_shape[d] : g->shape[d];
    ZAGG_TRY(zg_store_alloc(s, group->n_fields, sizeof *fields, &fields, err));
    for (size_t i = 0; i < group->n_fields; i++) {
        zagg_store_field_info *f = &fields[i];
        *f = group->fields[i];
        if (f->why != NULL || f->array == NULL)
            continue;
        f->why = group->has_grid ? classify(f, &w) : group->why;
    }
    group->fields = fields;
    return ZAGG_OK;
}
