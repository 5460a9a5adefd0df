/* What lies beside a leaf, for people and for upstream's tools; readers of values do
 * without: granules.json (which granules), stats.json (how the shard went) and
 * shardmap.json (the shard's part of the shard map, itself a shard map). */
#include "core/hive.h"

#include <stdlib.h>
#include <string.h>

#ifndef ZAGG_VERSION
#define ZAGG_VERSION "unknown"
#endif
/* Upstream's versions are numbers, too: the prefix tells the two programs apart. */
#define WRITER_VERSION "c-" ZAGG_VERSION

enum { INDENT = 1 };

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the records of a leaf");
}

/* ---- granules ---- */

/* What follows the last '/', however the granule is fetched. */
static char *basename_of(const char *href)
{
    const size_t end = zg_href_len(href);
    size_t begin = end;
    while (begin > 0 && href[begin - 1] != '/')
        begin--;
    return begin < end ? zg_strndup(href + begin, end - begin) : zg_strndup(href, end);
}

/* Sorted names of the granules, and their hash: "" without granules. */
typedef struct granule_names {
    char **names; /* owned */
    size_t n;
    char sha256[65];
} granule_names;

static void free_names(granule_names *g)
{
    for (size_t i = 0; i < g->n; i++)
        zg_free(g->names[i]);
    zg_free(g->names);
}

static zagg_status granule_names_of(const zagg_store_origin *origin, granule_names *out,
                                    zagg_err *err)
{
    *out = (granule_names){
        .names = zg_alloc(origin->n_hrefs ? origin->n_hrefs : 1, sizeof *out->names)};
    while (out->names && out->n < origin->n_hrefs &&
           (out->names[out->n] = basename_of(origin->hrefs[out->n])) != NULL)
        out->n++;
    if (!out->names || out->n < origin->n_hrefs) {
        free_names(out);
        return no_memory(err);
    }
    if (out->n > 1)
        qsort(out->names, out->n, sizeof *out->names, zg_compare_texts);
    if (out->n > 0)
        zg_sha256_lines((const char *const *)out->names, out->n, out->sha256);
    return ZAGG_OK;
}

static zagg_status put_granules(zagg_sink *store, const zg_hive_path *path,
                                const granule_names *granules, zagg_err *err)
{
    zg_json_out w;
    zg_str text;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", "zagg-granule-ids/1");
    zg_json_put_str(&w, "granules_sha256", granules->n ? granules->sha256 : NULL);
    zg_json_key(&w, "granule_ids");
    zg_json_open_list(&w);
    for (size_t i = 0; i < granules->n; i++)
        zg_json_str(&w, granules->names[i]);
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    return zg_hive_put_text(store, path->folder, "granules.json", &text, err);
}

/* ---- stats ---- */

static void put_timings(zg_json_out *w, const zagg_shard_result *r,
                        const zg_hive_figures *f)
{
    zg_json_key(w, "phase_timings");
    zg_json_open_map(w);
    zg_json_put_double(w, "read", r->read_s);
    zg_json_put_double(w, "index", r->index_s);
    zg_json_put_double(w, "aggregate", r->aggregate_s);
    zg_json_put_double(w, "hash", f->hash_s);
    zg_json_put_double(w, "write", f->write_s);
    zg_json_close_map(w);
    zg_json_put_double(w, "duration_s", r->duration_s);
    zg_json_put_double(w, "duration_total_s", r->duration_s + f->hash_s + f->write_s);
}

/* Measures of rasters, of memory and of Lambda, which a local run does not have. */
static void put_absent(zg_json_out *w)
{
    static const char *const KEYS[] = {
        "spill_bytes",       "spill_blocks_closed", "raster_bytes_read",
        "raster_px_decoded", "raster_px_sampled",   "leaf_column",
        "icechunk",          "gb_seconds",          "est_cost_usd",
        "max_memory_mb",     "container_hwm_mb",    "lambda"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        zg_json_put_str(w, KEYS[i], NULL);
}

static zagg_status put_stats(const zagg_store_plan *plan, zagg_sink *store,
                             const zg_hive_path *path, const zagg_store_origin *origin,
                             const granule_names *granules, const zg_hive_figures *f,
                             zagg_err *err)
{
    const zagg_shard_result *r = origin->result;
    zg_json_out w;
    zg_str text;
    zg_str_init(&text, ZG_HIVE_MAX_DOC_BYTES);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_u64(&w, "schema_version", 1);
    zg_json_put_u64(&w, "shard_key", origin->entry->key);
    zg_json_put_str(&w, "window", NULL);
    zg_json_put_str(&w, "unit_windows", NULL);
    zg_json_put_str(&w, "run_id", origin->run_id);
    zg_json_put_str(&w, "semantic_hash", plan->semantic_hash);
    zg_json_put_str(&w, "zagg_version", WRITER_VERSION);
    zg_json_put_u64(&w, "n_shards", 1);
    zg_json_put_u64(&w, "n_granules", r->granule_count);
    zg_json_put_str(&w, "granules_sha256", granules->n ? granules->sha256 : NULL);
    zg_json_key(&w, "content_hashes");
    zg_hive_put_hashes(&w, f->hashes);
    zg_json_put_u64(&w, "n_obs", r->total_obs);
    zg_json_put_u64(&w, "n_obs_read", r->counters.rows_read);
    zg_json_put_u64(&w, "cells_with_data", r->cells_with_data);
    put_timings(&w, r, f);
    put_absent(&w);
    zg_json_put_str(&w, "timestamp", f->written_at);
    zg_json_key(&w, "success");
    zg_json_bool(&w, true);
    zg_json_put_str(&w, "error", NULL);
    zg_json_put_str(&w, "store_error_class", NULL);
    zg_json_put_str(&w, "invoked_by", NULL);
    zg_json_close_map(&w);
    return zg_hive_put_text(store, path->folder, "stats.json", &text, err);
}

/* ---- shard map ---- */

static zagg_status distinct_ids(const zagg_shard_entry *entry, uint64_t *out,
                                zagg_err *err)
{
    const size_t n = entry->n_granules;
    const char **ids = zg_alloc(n ? n : 1, sizeof *ids);
    if (!ids)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        ids[i] = entry->granules[i]->id ? entry->granules[i]->id : "";
    if (n > 1)
        qsort(ids, n, sizeof *ids, zg_compare_texts);
    *out = n > 0;
    for (size_t i = 1; i < n; i++)
        *out += strcmp(ids[i - 1], ids[i]) != 0;
    zg_free(ids);
    return ZAGG_OK;
}

/* Counts that mean this shard now, each at its place in the map's metadata or behind it.
 */
static zagg_status put_metadata(zg_json_out *w, const zagg_store_plan *plan,
                                const zagg_store_origin *origin, zagg_err *err)
{
    static const char *const DROPPED[] = {"aoi_mask", "build_wall_s", "reproject",
                                          "pairless"};
    static const char *const COUNTS[] = {"total_shards", "total_granules", "total_pairs",
                                         "granules_assigned"};
    const zagg_value *metadata = origin->map->metadata;
    uint64_t n_ids = 0;
    bool put[4] = {false};
    ZAGG_TRY(distinct_ids(origin->entry, &n_ids, err));
    const uint64_t counts[4] = {1, origin->entry->n_granules, origin->entry->n_granules,
                                n_ids};
    zg_json_open_map(w);
    for (size_t i = 0; metadata && i < metadata->n; i++) {
        const char *key = metadata->members[i].key->str;
        size_t d = 0, c = 0;
        while (d < 4 && strcmp(DROPPED[d], key) != 0)
            d++;
        while (c < 4 && strcmp(COUNTS[c], key) != 0)
            c++;
        if (d < 4)
            continue;
        zg_json_key(w, key);
        if (c < 4) {
            zg_json_u64(w, counts[c]);
            put[c] = true;
        } else {
            ZAGG_TRY(zg_json_value(w, metadata->members[i].value, err));
        }
    }
    if (!metadata) /* a map from granules: what a reader could not know */
        zg_json_put_str(w, "latitude",
                        plan->info->latitude == ZAGG_LATITUDE_AUTHALIC
                            ? "authalic-wgs84"
                            : "geodetic-spherical");
    for (size_t c = 0; c < 4; c++)
        if (!put[c])
            zg_json_put_u64(w, COUNTS[c], counts[c]);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status put_signature(zg_json_out *w, const zagg_store_plan *plan,
                                 const zagg_store_origin *origin, zagg_err *err)
{
    if (origin->map->grid_signature)
        return zg_json_value(w, origin->map->grid_signature, err);
    zg_json_open_map(w);
    zg_json_put_str(w, "type", "healpix");
    zg_json_put_str(w, "indexing_scheme", "nested");
    zg_json_put_u64(w, "parent_order", plan->info->parent_order);
    zg_json_put_u64(w, "child_order", plan->info->child_order);
    zg_json_put_str(w, "layout", "fullsphere");
    zg_json_close_map(w);
    return ZAGG_OK;
}

static bool has_scheme(const char *href, const char *scheme)
{
    return href && strncmp(href, scheme, strlen(scheme)) == 0;
}

static void put_href(zg_json_out *w, const char *key, const char *href)
{
    char *plain = href ? zg_strndup(href, zg_href_len(href)) : NULL;
    if (href && !plain)
        w->out->failed = true;
    zg_json_put_str(w, key, plain);
    zg_free(plain);
}

/* The record as it was, but for what signs its addresses. */
static zagg_status put_record(zg_json_out *w, const zagg_value *record, zagg_err *err)
{
    zg_json_open_map(w);
    for (size_t i = 0; i < record->n; i++) {
        const zagg_member *m = &record->members[i];
        if (m->value->kind == ZAGG_STR &&
            zg_href_len(m->value->str) < m->value->str_len) {
            put_href(w, m->key->str, m->value->str);
            continue;
        }
        zg_json_key(w, m->key->str);
        ZAGG_TRY(zg_json_value(w, m->value, err));
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

/* A granule that was named by one href has it under both names, as a path is read by
 * whatever driver; the record of a URL says where it leads. */
zagg_status zg_hive_put_granule(zg_json_out *w, zagg_arena *arena, const zagg_granule *g,
                                zagg_err *err)
{
    const zagg_value *record = NULL;
    if (g->record) {
        ZAGG_TRY(zagg_json_parse(arena, g->record, strlen(g->record), "granule", &record,
                                 err));
        return put_record(w, record, err);
    }
    zg_json_open_map(w);
    zg_json_put_str(w, "id", g->id);
    put_href(w, "s3", has_scheme(g->s3, "https://") ? NULL : g->s3);
    put_href(w, "https", has_scheme(g->https, "s3://") ? NULL : g->https);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status shardmap_text(zg_json_out *w, zagg_arena *arena,
                                 const zagg_store_plan *plan,
                                 const zagg_store_origin *origin, const char *written_at,
                                 zagg_err *err)
{
    zg_json_open_map(w);
    zg_json_key(w, "metadata");
    ZAGG_TRY(put_metadata(w, plan, origin, err));
    zg_json_key(w, "grid_signature");
    ZAGG_TRY(put_signature(w, plan, origin, err));
    zg_json_key(w, "shard_keys");
    zg_json_open_list(w);
    zg_json_u64(w, origin->entry->key);
    zg_json_close_list(w);
    zg_json_key(w, "granules");
    zg_json_open_list(w);
    zg_json_open_list(w);
    for (size_t i = 0; i < origin->entry->n_granules; i++)
        ZAGG_TRY(zg_hive_put_granule(w, arena, origin->entry->granules[i], err));
    zg_json_close_list(w);
    zg_json_close_list(w);
    zg_json_put_str(w, "written_at", written_at);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status put_shardmap(const zagg_store_plan *plan, zagg_sink *store,
                                const zg_hive_path *path, const zagg_store_origin *origin,
                                const char *written_at, zagg_err *err)
{
    zagg_arena *arena = NULL;
    zg_json_out w;
    zg_str text;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, INDENT);
    const zagg_status status = shardmap_text(&w, arena, plan, origin, written_at, err);
    zagg_arena_free(arena);
    if (status == ZAGG_OK)
        return zg_hive_put_text(store, path->folder, "shardmap.json", &text, err);
    zg_str_free(&text);
    return status;
}

zagg_status zg_hive_put_records(const zagg_store_plan *plan, zagg_sink *store,
                                const zg_hive_path *path, const zagg_store_origin *origin,
                                const zg_hive_figures *figures, zagg_err *err)
{
    granule_names granules;
    ZAGG_TRY(granule_names_of(origin, &granules, err));
    zagg_status status = put_granules(store, path, &granules, err);
    if (status == ZAGG_OK)
        status = put_stats(plan, store, path, origin, &granules, figures, err);
    if (status == ZAGG_OK)
        status = put_shardmap(plan, store, path, origin, figures->written_at, err);
    free_names(&granules);
    return status;
}
