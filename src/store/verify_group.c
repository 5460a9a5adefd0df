/* Groups: their documents and attributes, all their arrays; content hashes of leaves;
 * consolidated metadata. */
#include "store/verify.h"
#include "zarr/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- attributes ---- */

static bool has_member(const zagg_store_group *group, const char *name)
{
    for (size_t i = 0; i < group->n_fields; i++)
        if (strcmp(group->fields[i].name, name) == 0)
            return true;
    return false;
}

static zagg_status wrong(zg_verifier *v, const char *path, const char *what,
                         zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    ZAGG_TRY(zg_path_join(path, "zarr.json", key, err));
    return zg_find(v, ZAGG_FINDING_PROBLEM, err, key, "%s", what);
}

/* The conventions that readers look for, by their ids. */
static bool has_convention(const zagg_value *attributes, const char *uuid)
{
    const zagg_value *list = zagg_value_get_set(attributes, "zarr_conventions");
    if (list == NULL || list->kind != ZAGG_LIST)
        return false;
    for (size_t i = 0; i < list->n; i++)
        if (zagg_value_is(zagg_value_get(list->items[i], "uuid"), uuid))
            return true;
    return false;
}

static zagg_status check_ellipsoid(zg_verifier *v, const char *path,
                                   const zagg_value *dggs, zagg_err *err)
{
    const zagg_value *e = zagg_value_get_set(dggs, "ellipsoid");
    const zagg_value *axis = zagg_value_get_set(e, "semi_major_axis");
    double a = 0, f = 0;
    axis = axis != NULL ? axis : zagg_value_get_set(e, "semimajor_axis");
    if (zagg_value_is(zagg_value_get(e, "name"), "WGS84") &&
        zagg_value_number(axis, &a) &&
        zagg_value_number(zagg_value_get(e, "inverse_flattening"), &f) &&
        a == 6378137.0 && f == 298.257223563)
        return ZAGG_OK;
    return wrong(v, path, "dggs.ellipsoid is not that of WGS84", err);
}

static zagg_status check_dggs(zg_verifier *v, const char *path, const char *name,
                              const zagg_store_group *group, zagg_err *err)
{
    const zagg_value *dggs = zagg_value_get_set(group->attributes, "dggs");
    const zagg_value *coordinate = zagg_value_get_set(dggs, "coordinate");
    const zagg_value *latitude = zagg_value_get_set(dggs, "latitude");
    const bool morton = zagg_value_is(zagg_value_get(dggs, "name"), "morton");
    char order[8];
    zagg_latitude token;
    (void)snprintf(order, sizeof order, "%u", group->grid.cell_order);
    if (strcmp(order, name) != 0)
        ZAGG_TRY(
            wrong(v, path, "dggs.refinement_level is not the name of the group", err));
    if (!zagg_value_is(zagg_value_get(dggs, "spatial_dimension"), "cells"))
        ZAGG_TRY(wrong(v, path, "dggs.spatial_dimension is not cells", err));
    if (!zagg_value_is(coordinate, morton ? "morton" : "cell_ids"))
        ZAGG_TRY(wrong(v, path, "dggs.coordinate is not that of dggs.name", err));
    else if (group->n_fields > 0 && !has_member(group, coordinate->str))
        ZAGG_TRY(wrong(v, path, "dggs.coordinate names no array of the group", err));
    if (morton == (zagg_value_get_set(dggs, "indexing_scheme") != NULL))
        ZAGG_TRY(wrong(v, path,
                       morton ? "dggs.indexing_scheme beside the name morton"
                              : "dggs.indexing_scheme is missing",
                       err));
    if (!zagg_value_is(zagg_value_get(dggs, "compression"), "none"))
        ZAGG_TRY(wrong(v, path, "dggs.compression is not none", err));
    if (latitude != NULL && (latitude->kind != ZAGG_STR ||
                             (strcmp(latitude->str, "authalic-wgs84") != 0 &&
                              strcmp(latitude->str, "geodetic-spherical") != 0) ||
                             !zagg_latitude_parse(latitude->str, &token)))
        ZAGG_TRY(wrong(v, path, "dggs.latitude is no convention that is known", err));
    if (!has_convention(group->attributes, "7b255807-140c-42ca-97f6-7a1cfecdbc38"))
        ZAGG_TRY(wrong(v, path, "zarr_conventions lacks the one of dggs", err));
    if (morton &&
        !has_convention(group->attributes, "3e22156d-ea9e-4e01-95fe-e3809a4b41e7"))
        ZAGG_TRY(wrong(v, path, "zarr_conventions lacks the one of morton-dggs", err));
    return check_ellipsoid(v, path, dggs, err);
}

/* Bounds are those of a whole number of cells, as many as the arrays have. */
static zagg_status check_rectilinear(zg_verifier *v, const char *path,
                                     const zagg_store_group *group, zagg_err *err)
{
    const zagg_store_grid *g = &group->grid;
    const double width = (double)g->shape[1], height = (double)g->shape[0];
    if (g->bounds[0] + width * g->resolution[0] != g->bounds[2] ||
        g->bounds[3] - height * g->resolution[1] != g->bounds[1])
        ZAGG_TRY(wrong(v, path,
                       "bounds are not those of the arrays' cells at this resolution",
                       err));
    if (!has_member(group, "x") || !has_member(group, "y"))
        ZAGG_TRY(wrong(v, path, "its arrays x and y are missing", err));
    return ZAGG_OK;
}

/* ---- arrays ---- */

static zagg_status keep_hash(zg_vec *hashes, const char *group, const char *name,
                             const char hex[65], zg_verifier *v, zagg_err *err)
{
    if (hashes == NULL)
        return ZAGG_OK;
    zg_content_hash *h = zg_vec_push(hashes);
    if (h == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for content hashes");
    memcpy(h->hex, hex, sizeof h->hex);
    return zg_store_text(&v->scratch, &h->path, err, "%s/%s", group, name);
}

static zagg_status check_arrays(zg_verifier *v, const char *path, const char *name,
                                const zagg_store_group *group, uint64_t first_cell,
                                zg_vec *hashes, zagg_err *err)
{
    for (size_t i = 0; i < group->n_fields; i++) {
        const zagg_store_field_info *f = &group->fields[i];
        const zg_array_check c = {group, f, first_cell, hashes != NULL};
        char hex[65] = "";
        if (f->array != NULL && f->array->kind == ZAGG_ZARR_CSR) {
            ZAGG_TRY(zg_verify_csr(v, path, &c, err));
            continue;
        }
        ZAGG_TRY(zg_verify_array(v, path, &c, hex, err));
        ZAGG_TRY(keep_hash(hashes, name, f->name, hex, v, err));
    }
    return ZAGG_OK;
}

/* Document and members of the group; *found is false where it cannot be read. */
static zagg_status read_group(zg_verifier *v, const char *path, int shard_order,
                              zagg_store_group *group, bool *found, zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    const zagg_value *doc = NULL;
    zagg_err reason = ZAGG_ERR_INIT;
    *found = false;
    ZAGG_TRY(zg_path_join(path, "zarr.json", key, err));
    ZAGG_TRY(zg_verify_doc(v, key, true, &doc, err));
    if (doc == NULL)
        return ZAGG_OK;
    if (!zg_zarr_is_node(doc, "group"))
        return wrong(v, path, "not that of a Zarr v3 group", err);
    *group = (zagg_store_group){.name = path,
                                .attributes = zagg_value_get_set(doc, "attributes")};
    zagg_status status =
        zg_store_read_members(&v->scratch, path, shard_order < 0, group, &reason);
    if (status == ZAGG_OK) {
        *found = true;
        status = zg_store_read_grid(&v->scratch, path, shard_order, group, &reason);
        if (status != ZAGG_OK) /* its arrays are looked at all the same */
            status = zg_store_text(&v->scratch, &group->why, err, "%s", reason.msg);
    }
    if (status == ZAGG_OK)
        status = zg_store_classify(&v->scratch, group, shard_order >= 0, &reason);
    if (status == ZAGG_OK)
        return ZAGG_OK;
    *found = false;
    return zg_find_failure(v, path, status, &reason, err);
}

zagg_status zg_verify_group(zg_verifier *v, const char *path, const char *name,
                            int shard_order, uint64_t shard_nested, zg_vec *hashes,
                            zagg_err *err)
{
    zagg_store_group group;
    bool found = false;
    uint64_t first_cell = 0;
    ZAGG_TRY(read_group(v, path, shard_order, &group, &found, err));
    if (!found)
        return ZAGG_OK;
    if (!group.has_grid)
        ZAGG_TRY(wrong(v, path, group.why, err));
    else if (group.grid.kind == ZAGG_GRID_RECTILINEAR)
        ZAGG_TRY(check_rectilinear(v, path, &group, err));
    else
        ZAGG_TRY(check_dggs(v, path, name, &group, err));
    if (group.has_grid && shard_order >= 0)
        first_cell = shard_nested * group.grid.cells_per_shard;
    return check_arrays(v, path, name, &group, first_cell, hashes, err);
}

/* ---- content hashes ---- */

/* SHA-256 of the sorted hashes, joined by line ends. */
static zagg_status combine(const zg_vec *hashes, char hex[65], zagg_err *err)
{
    const char **sorted = zg_alloc(hashes->len > 0 ? hashes->len : 1, sizeof *sorted);
    if (sorted == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for content hashes");
    for (size_t i = 0; i < hashes->len; i++)
        sorted[i] = ZG_VEC_AT(hashes, zg_content_hash, i)->hex;
    qsort(sorted, hashes->len, sizeof *sorted, zg_compare_texts);
    zg_sha256_lines(sorted, hashes->len, hex);
    zg_free(sorted);
    return ZAGG_OK;
}

static const zg_content_hash *find_hash(const zg_vec *hashes, const char *path)
{
    for (size_t i = 0; i < hashes->len; i++) {
        const zg_content_hash *h = ZG_VEC_AT(hashes, zg_content_hash, i);
        if (strcmp(h->path, path) == 0)
            return h;
    }
    return NULL;
}

static zagg_status check_recorded(zg_verifier *v, const char *where, const zg_vec *hashes,
                                  const zagg_value *arrays, zagg_err *err)
{
    for (size_t i = 0; i < arrays->n; i++) {
        const zagg_member *m = &arrays->members[i];
        const zg_content_hash *h = find_hash(hashes, m->key->str);
        if (h == NULL)
            ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, where,
                             "content_hashes names %s, which is no array of the leaf",
                             m->key->str));
        else if (h->hex[0] == '\0')
            continue; /* damaged: reported already */
        else if (!zagg_value_is(m->value, h->hex))
            ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, where,
                             "the content of %s is not that of its recorded hash",
                             m->key->str));
        v->verdict.content_hashes += h != NULL;
    }
    return ZAGG_OK;
}

zagg_status zg_verify_hashes(zg_verifier *v, const char *where, const zg_vec *hashes,
                             const zagg_value *recorded, zagg_err *err)
{
    const zagg_value *arrays = zagg_value_get_set(recorded, "arrays");
    char combined[65];
    bool sound = true;
    if (arrays == NULL || arrays->kind != ZAGG_MAP)
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, where,
                       "content_hashes has no map of arrays");
    ZAGG_TRY(check_recorded(v, where, hashes, arrays, err));
    for (size_t i = 0; i < hashes->len; i++) {
        const zg_content_hash *h = ZG_VEC_AT(hashes, zg_content_hash, i);
        sound = sound && h->hex[0] != '\0';
        if (zagg_value_get(arrays, h->path) == NULL)
            ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, where,
                             "content_hashes does not name the array %s", h->path));
    }
    ZAGG_TRY(combine(hashes, combined, err));
    if (sound && !zagg_value_is(zagg_value_get(recorded, "combined"), combined))
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, where,
                       "content_hashes.combined is not that of its arrays");
    return ZAGG_OK;
}

/* ---- consolidated metadata ---- */

/* Equal members but for the block of copies; integers and floats by value. */
static bool same_doc(const zagg_value *copy, const zagg_value *doc)
{
    size_t n = 0, m = 0;
    if (copy->kind != ZAGG_MAP || doc->kind != ZAGG_MAP)
        return false;
    for (size_t i = 0; i < doc->n; i++)
        m += strcmp(doc->members[i].key->str, "consolidated_metadata") != 0;
    for (size_t i = 0; i < copy->n; i++) {
        const char *key = copy->members[i].key->str;
        if (strcmp(key, "consolidated_metadata") == 0)
            continue;
        const zagg_value *held = zagg_value_get(doc, key);
        if (held == NULL || !zagg_value_equal(held, copy->members[i].value))
            return false;
        n++;
    }
    return n == m;
}

static zagg_status check_copy(zg_verifier *v, const zagg_member *m, zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    const zagg_value *doc = NULL;
    zagg_err reason = ZAGG_ERR_INIT;
    ZAGG_TRY(zg_path_join(m->key->str, "zarr.json", key, err));
    const zagg_status status =
        zg_zarr_get_doc(v->sink, key, v->scratch.arena, &doc, &reason);
    if (status == ZAGG_ENOTFOUND)
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, key,
                       "missing, though the consolidated metadata have it");
    if (status != ZAGG_OK)
        return zg_find_failure(v, key, status, &reason, err);
    return same_doc(m->value, doc)
               ? ZAGG_OK
               : zg_find(v, ZAGG_FINDING_PROBLEM, err, key,
                         "not what the consolidated metadata in zarr.json say");
}

zagg_status zg_verify_consolidated(zg_verifier *v, const zagg_value *root, zagg_err *err)
{
    static const char TAIL[] = "/zarr.json";
    const zagg_value *block = zagg_value_get_set(root, "consolidated_metadata");
    const zagg_value *metadata = zagg_value_get_set(block, "metadata");
    if (block == NULL)
        return ZAGG_OK;
    if (metadata == NULL || metadata->kind != ZAGG_MAP ||
        !zagg_value_is(zagg_value_get(block, "kind"), "inline"))
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, "zarr.json",
                       "its consolidated metadata are no inline map");
    for (size_t i = 0; i < metadata->n; i++)
        ZAGG_TRY(check_copy(v, &metadata->members[i], err));
    for (size_t i = 0; i < v->objects.len; i++) {
        const zg_object *o = ZG_VEC_AT(&v->objects, zg_object, i);
        const size_t len = strlen(o->key), tail = sizeof TAIL - 1;
        char path[ZG_STORE_MAX_PATH];
        if (len <= tail || len - tail >= sizeof path ||
            strcmp(o->key + len - tail, TAIL) != 0)
            continue;
        memcpy(path, o->key, len - tail);
        path[len - tail] = '\0';
        if (zagg_value_get(metadata, path) == NULL)
            ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, o->key,
                             "not in the consolidated metadata in zarr.json"));
    }
    return ZAGG_OK;
}
