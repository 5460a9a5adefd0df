/* The manifest of a hive, and whether a run may write into the one that is there.
 *
 * Frozen keys must agree: spec, dataset, orders, split_schedule, path_grouping (1 where
 * absent), temporal, and semantic_hash where both have one. The manifest that is there
 * then stays as it is; with --overwrite it is replaced. One that differs is refused, with
 * --overwrite only as long as there are leaves: they would pass for leaves of the new
 * config. */
#include "core/hive.h"

#include <string.h>

#define INDENT 1

static void put_dataset(zg_json_out *w, const zagg_shardmap *map)
{
    static const char *const KEYS[] = {"short_name", "version"};
    zg_json_key(w, "dataset");
    zg_json_open_map(w);
    for (size_t i = 0; i < 2; i++)
        zg_json_put_str(w, KEYS[i], zg_value_text(map ? map->metadata : NULL, KEYS[i]));
    zg_json_close_map(w);
}

/* No overviews are written, so none are declared. */
static void put_pyramid(zg_json_out *w)
{
    zg_json_key(w, "pyramid");
    zg_json_open_map(w);
    zg_json_put_str(w, "spec", "zagg-pyramid/1");
    zg_json_key(w, "overview");
    zg_json_open_map(w);
    zg_json_key(w, "orders");
    zg_json_open_list(w);
    zg_json_close_list(w);
    zg_json_close_map(w);
    zg_json_close_map(w);
}

static void manifest_text(const zagg_store_plan *plan, const zagg_shardmap *map,
                          zg_str *text)
{
    const zagg_grid_info *info = plan->info;
    zg_json_out w;
    char now[26];
    zg_clock_utc_offset(now);
    zg_json_begin(&w, text, INDENT);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", ZG_HIVE_SPEC);
    put_dataset(&w, map);
    zg_json_put_str(&w, "semantic_hash", plan->semantic_hash);
    zg_json_key(&w, "cell_order");
    zg_json_i64(&w, info->child_order);
    zg_json_key(&w, "shard_order");
    zg_json_i64(&w, info->parent_order);
    zg_json_key(&w, "split_schedule");
    zg_json_open_list(&w);
    for (unsigned i = 0; i < info->parent_order; i++)
        zg_json_i64(&w, 1);
    zg_json_close_list(&w);
    zg_json_key(&w, "path_grouping");
    zg_json_i64(&w, 1);
    put_pyramid(&w);
    zg_json_put_str(&w, "generated_at", now);
    zg_json_close_map(&w);
}

/* ---- the one that is there ---- */

static zagg_status parse(zagg_arena *arena, const char *text, size_t len,
                         const zagg_value **out, zagg_err *err)
{
    ZAGG_TRY(zagg_json_parse(arena, text, len, ZG_HIVE_MANIFEST, out, err));
    if ((*out)->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_EFORMAT, ZG_HIVE_MANIFEST ": not an object");
    return ZAGG_OK;
}

/* *out NULL: none is there. */
static zagg_status read_manifest(zagg_sink *store, zagg_arena *arena,
                                 const zagg_value **out, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    *out = NULL;
    zagg_status status =
        zagg_sink_get(store, ZG_HIVE_MANIFEST, ZG_HIVE_MAX_DOC_BYTES, &data, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(status);
    status = parse(arena, data, len, out, err);
    zagg_bytes_free(data);
    return status == ZAGG_OK
               ? status
               : zagg_err_context(err, status, "store %s", zagg_sink_name(store));
}

static bool same(const zagg_value *a, const zagg_value *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return zagg_value_equal(a, b);
}

/* The first frozen key on which the two differ; NULL when they agree. */
static const char *difference(const zagg_value *there, const zagg_value *ours)
{
    static const char *const KEYS[] = {"spec",        "dataset",        "cell_order",
                                       "shard_order", "split_schedule", "temporal"};
    static const zagg_value ONE = {.kind = ZAGG_INT, .u.i = 1};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        if (!same(zagg_value_get_set(there, KEYS[i]), zagg_value_get_set(ours, KEYS[i])))
            return KEYS[i];
    const zagg_value *grouping = zagg_value_get(there, "path_grouping");
    if (zagg_value_truthy(grouping) && !same(grouping, &ONE))
        return "path_grouping";
    const zagg_value *hash = zagg_value_get_set(there, "semantic_hash");
    if (hash != NULL && !same(hash, zagg_value_get(ours, "semantic_hash")))
        return "semantic_hash";
    return NULL;
}

static zagg_status note_base(void *user, const char *name, uint64_t size, zagg_err *err)
{
    bool *leaves = user;
    const char *digit = name[0] == '-' ? name + 1 : name;
    (void)size;
    (void)err;
    if (digit[0] >= '1' && digit[0] <= '6' && strcmp(digit + 1, "/") == 0)
        *leaves = true;
    return ZAGG_OK;
}

static void value_text(const zagg_value *v, zg_str *out)
{
    static const zg_json_style compact = {.indent = -1};
    if (v == NULL)
        zg_str_add(out, "none");
    else if (zg_json_write(out, v, compact, NULL) != ZAGG_OK)
        zg_str_add(out, "?");
}

static zagg_status refuse(zagg_sink *store, const zagg_value *there,
                          const zagg_value *ours, const char *key, const char *advice,
                          zagg_err *err)
{
    zg_str a, b;
    zg_str_init(&a, 200);
    zg_str_init(&b, 200);
    value_text(zagg_value_get_set(there, key), &a);
    value_text(zagg_value_get_set(ours, key), &b);
    const zagg_status status =
        zagg_err_set(err, ZAGG_EEXISTS,
                     "store %s: its " ZG_HIVE_MANIFEST
                     " is another config's (%s: there %s, this run %s); %s",
                     zagg_sink_name(store), key, a.data, b.data, advice);
    zg_str_free(&a);
    zg_str_free(&b);
    return status;
}

/* *keep: the manifest that is there stays. */
static zagg_status compare(const zagg_store_plan *plan, zagg_sink *store,
                           const zg_str *text, bool overwrite, bool *keep, zagg_log *log,
                           zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *there = NULL, *ours = NULL;
    bool leaves = false;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = read_manifest(store, arena, &there, err);
    if (status == ZAGG_OK && there != NULL)
        status = zagg_sink_list_dir(store, "", note_base, &leaves, err);
    if (status == ZAGG_OK && there != NULL)
        status = parse(arena, text->data, text->len, &ours, err);
    if (status == ZAGG_OK && there != NULL) {
        const char *key = difference(there, ours);
        if (key != NULL && !overwrite)
            status = refuse(store, there, ours, key,
                            "name another store, or remove this one", err);
        else if (key != NULL && leaves)
            status = refuse(store, there, ours, key,
                            "--overwrite replaces the manifest only, and there are "
                            "leaves already: remove the store first",
                            err);
        else if (zagg_value_get_set(there, "semantic_hash") == NULL && leaves)
            zagg_log_write(log, ZAGG_LOG_WARN,
                           "store %s: its manifest has no semantic_hash, so that nothing "
                           "tells whether its leaves mean what %s says",
                           zagg_sink_name(store), plan->pipeline->name);
        *keep = key == NULL && !overwrite;
    }
    zagg_arena_free(arena);
    return status;
}

static zagg_status put_semantics(const zagg_store_plan *plan, zagg_sink *store,
                                 zagg_err *err)
{
    char *yaml = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_pipeline_semantic_yaml(plan->pipeline, plan->info->latitude, &yaml,
                                         &len, err));
    const zagg_status status = zagg_sink_put(store, ZG_HIVE_SEMANTICS, yaml, len, err);
    zagg_bytes_free(yaml);
    return status;
}

/* The root of a hive is no Zarr node: one there is another store. */
static zagg_status check_root(zagg_sink *store, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    const zagg_status status =
        zagg_sink_get(store, "zarr.json", ZG_HIVE_MAX_DOC_BYTES, &data, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(status);
    zagg_bytes_free(data);
    return zagg_err_set(err, ZAGG_EEXISTS,
                        "store %s: there is a flat store already (zarr.json); name "
                        "another place, or write `store_layout: flat` under output",
                        zagg_sink_name(store));
}

zagg_status zg_hive_begin(const zagg_store_plan *plan, zagg_sink *store,
                          const zagg_shardmap *map, bool overwrite, zagg_log *log,
                          zagg_err *err)
{
    zg_str text;
    bool keep = false;
    ZAGG_TRY(check_root(store, err));
    zg_str_init(&text, ZG_HIVE_MAX_DOC_BYTES);
    manifest_text(plan, map, &text);
    zagg_status status = compare(plan, store, &text, overwrite, &keep, log, err);
    if (status != ZAGG_OK || keep) {
        zg_str_free(&text);
        return status;
    }
    ZAGG_TRY(zg_hive_put_text(store, "", ZG_HIVE_MANIFEST, &text, err));
    return put_semantics(plan, store, err);
}

zagg_status zg_hive_check(const zagg_store_plan *plan, zagg_sink *store,
                          const zagg_shardmap *map, bool overwrite, bool *there,
                          zagg_err *err)
{
    zg_str text;
    *there = false;
    ZAGG_TRY(check_root(store, err));
    zg_str_init(&text, ZG_HIVE_MAX_DOC_BYTES);
    manifest_text(plan, map, &text);
    const zagg_status status = compare(plan, store, &text, overwrite, there, NULL, err);
    zg_str_free(&text);
    return status;
}
