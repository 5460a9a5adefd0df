/* zagg inspect for programs: one JSON object. */
#include "cli/inspect.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void put_count(zg_json_out *w, const char *key, uint64_t n)
{
    zg_json_key(w, key);
    if (n == UINT64_MAX)
        zg_json_null(w);
    else
        zg_json_u64(w, n);
}

static void put_number(zg_json_out *w, const char *key, double v)
{
    zg_json_key(w, key);
    if (isfinite(v))
        zg_json_double(w, v);
    else
        zg_json_null(w);
}

static void put_extent(zg_json_out *w, const char *key, const uint64_t *extent,
                       unsigned rank)
{
    zg_json_key(w, key);
    zg_json_open_list(w);
    for (unsigned d = 0; d < rank; d++)
        zg_json_u64(w, extent[d]);
    zg_json_close_list(w);
}

static void put_numbers(zg_json_out *w, const char *key, const double *v, size_t n)
{
    zg_json_key(w, key);
    zg_json_open_list(w);
    for (size_t i = 0; i < n; i++)
        zg_json_double(w, v[i]);
    zg_json_close_list(w);
}

/* ---- grid ---- */

static void put_grid(zg_json_out *w, const zagg_store_group *group)
{
    const zagg_store_grid *g = &group->grid;
    zg_json_key(w, "grid");
    if (!group->has_grid) {
        zg_json_null(w);
        zg_json_put_str(w, "why", group->why);
        return;
    }
    zg_json_open_map(w);
    if (g->kind == ZAGG_GRID_HEALPIX) {
        zg_json_put_str(w, "type", "healpix");
        put_count(w, "shard_order", g->shard_order);
        put_count(w, "chunk_order", g->chunk_order);
        put_count(w, "cell_order", g->cell_order);
        zg_json_put_str(w, "latitude", zagg_latitude_name(g->latitude));
        zg_json_key(w, "latitude_recorded");
        zg_json_bool(w, g->latitude_recorded);
    } else {
        zg_json_put_str(w, "type", "rectilinear");
        zg_json_put_str(w, "crs", g->crs);
        put_numbers(w, "resolution", g->resolution, 2);
        put_numbers(w, "bounds", g->bounds, 4);
    }
    put_extent(w, "shape", g->shape, g->rank);
    put_extent(w, "shard_shape", g->shard_shape, g->rank);
    put_extent(w, "chunk_shape", g->chunk_shape, g->rank);
    zg_json_close_map(w);
}

/* ---- arrays ---- */

static void put_layout(zg_json_out *w, const zagg_zarr_array *a)
{
    char codecs[64];
    inspect_codecs(a, codecs);
    zg_json_put_str(w, "codecs", codecs);
    if (a->kind == ZAGG_ZARR_CSR)
        return;
    put_extent(w, "shape", a->shape, a->rank);
    put_extent(w, "chunk_shape", a->chunk, a->rank);
    if (a->sharded)
        put_extent(w, "shard_shape", a->shard, a->rank);
    if (a->kind == ZAGG_ZARR_DENSE)
        put_number(w, "fill", zagg_store_number(a->dtype, a->fill));
}

static void put_stats(zg_json_out *w, const zagg_store_field_info *f,
                      const zagg_store_stats *s)
{
    put_count(w, "objects", s->objects);
    put_count(w, "bytes", s->bytes);
    if (f->kind == ZAGG_STORE_OTHER || f->kind == ZAGG_STORE_AXIS ||
        f->kind == ZAGG_STORE_MAPPING)
        return;
    put_count(w, f->kind == ZAGG_STORE_COMPANION ? "chunks" : "cells", s->cells);
    if (f->kind == ZAGG_STORE_COORDINATE || f->kind == ZAGG_STORE_MASK)
        return;
    put_count(w, f->digest ? "centroids" : "values", s->values);
    put_number(w, "min", s->min);
    put_number(w, "max", s->max);
    put_number(w, "mean", s->mean);
    if (f->digest)
        put_number(w, "weight", s->weight);
}

static zagg_status put_array(zg_json_out *w, const zagg_store_field_info *f,
                             const zagg_store_stats *s, zagg_err *err)
{
    zg_json_open_map(w);
    zg_json_put_str(w, "name", f->name);
    zg_json_put_str(w, "kind", zagg_store_kind_name(f->kind));
    zg_json_put_str(w, "dtype",
                    f->dtype != ZAGG_DT_NONE ? zagg_dtype_name(f->dtype) : NULL);
    put_count(w, "width", f->width);
    zg_json_key(w, "ragged");
    zg_json_bool(w, f->ragged);
    zg_json_key(w, "digest");
    zg_json_bool(w, f->digest);
    if (f->array != NULL)
        put_layout(w, f->array);
    put_stats(w, f, s);
    if (f->why != NULL)
        zg_json_put_str(w, "why", f->why);
    if (f->attributes != NULL) {
        zg_json_key(w, "attributes");
        ZAGG_TRY(zg_json_value(w, f->attributes, err));
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

/* ---- shards ---- */

static void put_shard(zg_json_out *w, const inspect_group *g, size_t i, bool hive)
{
    const zagg_store_shard *shard = &g->group->shards[i];
    char key[24];
    (void)snprintf(key, sizeof key, "%" PRIu64, shard->key);
    zg_json_open_map(w);
    zg_json_put_str(w, "shard_key", key); /* beyond what JSON readers keep as a number */
    zg_json_put_str(w, "label", shard->label);
    if (shard->window != NULL)
        zg_json_put_str(w, "window", shard->window);
    put_count(w, "cells_with_data", g->cells_with_data[i]);
    if (hive) {
        zg_json_put_str(w, "path", shard->path);
        put_count(w, "granules", g->shards[i].granules);
        put_count(w, "observations", g->shards[i].observations);
        zg_json_put_str(w, "written_at", g->shards[i].written_at);
        zg_json_put_str(w, "run_id", g->shards[i].run_id);
    }
    zg_json_close_map(w);
}

static void put_debris(zg_json_out *w, const zagg_store_group *group)
{
    if (group->n_debris == 0)
        return;
    zg_json_key(w, "debris");
    zg_json_open_list(w);
    for (size_t i = 0; i < group->n_debris; i++) {
        zg_json_open_map(w);
        zg_json_put_str(w, "path", group->debris[i].path);
        zg_json_put_str(w, "why", group->debris[i].why);
        zg_json_close_map(w);
    }
    zg_json_close_list(w);
}

static zagg_status put_group(const inspection *in, zg_json_out *w, const inspect_group *g,
                             zagg_err *err)
{
    const bool hive = zagg_store_get_form(in->store) != ZAGG_STORE_FLAT;
    zg_json_open_map(w);
    zg_json_put_str(w, "group", g->group->name);
    put_grid(w, g->group);
    zg_json_key(w, "arrays");
    zg_json_open_list(w);
    for (size_t i = 0; i < g->group->n_fields; i++)
        if (inspect_wants(in, &g->group->fields[i]))
            ZAGG_TRY(put_array(w, &g->group->fields[i], &g->stats[i], err));
    zg_json_close_list(w);
    zg_json_key(w, "shards");
    zg_json_open_list(w);
    for (size_t i = 0; i < g->group->n_shards; i++)
        put_shard(w, g, i, hive);
    zg_json_close_list(w);
    put_debris(w, g->group);
    if (g->group->attributes != NULL) {
        zg_json_key(w, "attributes");
        ZAGG_TRY(zg_json_value(w, g->group->attributes, err));
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

/* ---- all of it ---- */

static void put_texts(zg_json_out *w, const char *key, const char *const *list, size_t n)
{
    zg_json_key(w, key);
    zg_json_open_list(w);
    for (size_t i = 0; i < n; i++)
        zg_json_str(w, list[i]);
    zg_json_close_list(w);
}

static zagg_status put_store(const inspection *in, zg_json_out *w, zagg_err *err)
{
    const zagg_value *manifest = zagg_store_manifest(in->store);
    zg_json_open_map(w);
    zg_json_put_str(w, "store", in->args->store);
    zg_json_put_str(w, "form", zagg_store_form_name(zagg_store_get_form(in->store)));
    put_count(w, "objects", in->objects);
    put_count(w, "bytes", in->bytes);
    zg_json_key(w, "groups");
    zg_json_open_list(w);
    for (size_t i = 0; i < in->n_groups; i++)
        ZAGG_TRY(put_group(in, w, &in->groups[i], err));
    zg_json_close_list(w);
    put_texts(w, "granules", in->granules, in->n_granules);
    put_texts(w, "zagg_versions", in->versions, in->n_versions);
    if (manifest != NULL) {
        zg_json_key(w, "manifest");
        ZAGG_TRY(zg_json_value(w, manifest, err));
    }
    if (in->run != NULL) {
        zg_json_key(w, "run");
        ZAGG_TRY(zg_json_value(w, in->run, err));
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

zagg_status inspect_print_json(const inspection *in, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zagg_status status = put_store(in, &w, err);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the JSON");
    if (status == ZAGG_OK)
        puts(text.data);
    zg_str_free(&text);
    return status;
}
