/* The JSON of events. Upstream's dispatcher writes members in a fixed order, and whoever
 * compares payloads (tests, logs, caches) may rely on it. */
#include "dispatch/message.h"

#include "core/hive.h"
#include "net/secret_text.h"
#include "text/text.h"

#include <string.h>

/* The name and version of a dataset. */
enum { MOST_DATASET = 4096 };

/* ---- the config ---- */

static zagg_status put_value(zg_json_out *w, const char *key, const zagg_value *v,
                             zagg_err *err)
{
    zg_json_key(w, key);
    if (v == NULL) {
        zg_json_null(w);
        return ZAGG_OK;
    }
    return zg_json_value(w, v, err);
}

/* A map with one text member replaced, or put behind the others. */
static zagg_status put_changed(zg_json_out *w, const zagg_value *map, const char *key,
                               const char *text, zagg_err *err)
{
    bool there = false;
    zg_json_open_map(w);
    for (size_t i = 0; map != NULL && i < map->n; i++) {
        const zagg_member *m = &map->members[i];
        const bool same = zagg_value_is(m->key, key);
        if (m->key->kind != ZAGG_STR)
            return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                                "a key of the config that is no text cannot be sent");
        there |= same;
        if (same)
            zg_json_put_str(w, key, text);
        else
            ZAGG_TRY(put_value(w, m->key->str, m->value, err));
    }
    if (!there)
        zg_json_put_str(w, key, text);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status put_source(zg_json_out *w, const zagg_value *source,
                              const char *driver, zagg_err *err)
{
    if (driver == NULL)
        return put_value(w, "data_source", source, err);
    zg_json_key(w, "data_source");
    return put_changed(w, source, "driver", driver, err);
}

static zagg_status put_output(zg_json_out *w, const zagg_value *output,
                              const char *latitude, zagg_err *err)
{
    if (latitude == NULL || output == NULL || output->kind != ZAGG_MAP)
        return put_value(w, "output", output, err);
    zg_json_key(w, "output");
    zg_json_open_map(w);
    for (size_t i = 0; i < output->n; i++) {
        const zagg_member *m = &output->members[i];
        if (m->key->kind != ZAGG_STR)
            return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                                "a key of the config that is no text cannot be sent");
        if (strcmp(m->key->str, "grid") != 0) {
            ZAGG_TRY(put_value(w, m->key->str, m->value, err));
            continue;
        }
        zg_json_key(w, "grid");
        ZAGG_TRY(put_changed(w, m->value, "latitude", latitude, err));
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

zagg_status zg_message_config(const zagg_value *root, const zg_message_changes *changes,
                              zg_str *out, zagg_err *err)
{
    static const char *const IF_SET[] = {"pipeline", "worker"};
    zg_json_out w;
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    ZAGG_TRY(put_source(&w, zagg_value_get(root, "data_source"), changes->driver, err));
    ZAGG_TRY(put_value(&w, "aggregation", zagg_value_get(root, "aggregation"), err));
    ZAGG_TRY(put_output(&w, zagg_value_get(root, "output"), changes->latitude, err));
    ZAGG_TRY(put_value(&w, "catalog", zagg_value_get(root, "catalog"), err));
    ZAGG_TRY(put_value(&w, "bounds", zagg_value_get(root, "bounds"), err));
    for (size_t i = 0; i < sizeof IF_SET / sizeof *IF_SET; i++)
        if (zagg_value_get_set(root, IF_SET[i]) != NULL)
            ZAGG_TRY(put_value(&w, IF_SET[i], zagg_value_get(root, IF_SET[i]), err));
    zg_json_close_map(&w);
    return out->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for an event")
                       : ZAGG_OK;
}

/* ---- parts of events ---- */

static void put_bool(zg_json_out *w, const char *key, bool v)
{
    zg_json_key(w, key);
    zg_json_bool(w, v);
}

/* Orders of HEALPix grids; other grids have none. */
static void put_order(zg_json_out *w, const char *key, const zagg_grid_info *info,
                      unsigned order)
{
    zg_json_key(w, key);
    if (info->kind == ZAGG_GRID_HEALPIX)
        zg_json_u64(w, order);
    else
        zg_json_null(w);
}

static void put_config(zg_json_out *w, const zg_message_run *run)
{
    if (run->config == NULL)
        return;
    zg_json_key(w, "config");
    zg_json_text(w, run->config);
}

static void put_output_keys(zg_json_out *w, const zg_message_run *run)
{
    const zg_output_creds *o = run->output;
    if (o == NULL || o->keys.access_key == NULL)
        return;
    const char *endpoint =
        run->output_endpoint != NULL ? run->output_endpoint : o->endpoint;
    zg_json_key(w, "output_credentials");
    zg_json_open_map(w);
    zg_json_put_str(w, "accessKeyId", o->keys.access_key);
    zg_json_put_str(w, "secretAccessKey", o->keys.secret_key);
    zg_json_put_str(w, "region", o->region != NULL ? o->region : run->region);
    if (o->keys.token != NULL)
        zg_json_put_str(w, "sessionToken", o->keys.token);
    if (endpoint != NULL)
        zg_json_put_str(w, "endpointUrl", endpoint);
    zg_json_close_map(w);
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void put_granule_keys(zg_json_out *w, const zg_message_shard *shard)
{
    const zg_aws_keys *keys = shard->keys;
    zg_json_key(w, "s3_credentials");
    zg_json_open_map(w);
    if (shard->edl_token != NULL) {
        zg_json_put_str(w, "edl_token", shard->edl_token);
    } else if (keys != NULL && keys->access_key != NULL) {
        zg_json_put_str(w, "accessKeyId", keys->access_key);
        zg_json_put_str(w, "secretAccessKey", or_empty(keys->secret_key));
        zg_json_put_str(w, "sessionToken", or_empty(keys->token));
    }
    zg_json_close_map(w);
}

/* Where the shard lies among the shards: one number on HEALPix, row and column else. */
static void put_block(zg_json_out *w, const zagg_grid_info *info, const zagg_shard *shard)
{
    zg_json_key(w, "chunk_idx");
    zg_json_open_list(w);
    for (unsigned axis = 0; axis < info->rank; axis++)
        zg_json_u64(w, shard->block[axis]);
    zg_json_close_list(w);
}

static void put_urls(zg_json_out *w, const zg_message_shard *shard)
{
    zg_json_key(w, "granule_urls");
    zg_json_open_list(w);
    for (size_t i = 0; i < shard->n_urls; i++)
        zg_json_str(w, shard->urls[i]);
    zg_json_close_list(w);
}

static void put_aoi(zg_json_out *w, const zg_message_shard *shard)
{
    if (shard->aoi == NULL)
        return;
    zg_json_key(w, "aoi_payload");
    zg_json_open_list(w);
    for (size_t i = 0; i < shard->n_aoi; i++)
        zg_json_u64(w, shard->aoi[i]);
    zg_json_close_list(w);
}

/* Where, and by whose keys: upstream 0.61 puts these behind what 0.11 knows. */
static void put_report(zg_json_out *w, const zg_message_run *run,
                       const zg_message_shard *shard)
{
    if (run->run_id != NULL)
        zg_json_put_str(w, "run_id", run->run_id);
    if (shard->result_url != NULL)
        zg_json_put_str(w, "result_url", shard->result_url);
    if (shard->submap != NULL) {
        zg_json_key(w, "submap");
        zg_json_text(w, shard->submap);
    }
}

/* ---- a shard's part of the shard map ---- */

/* But for what grows with the map and not with the shard. */
static zagg_status put_metadata(zg_json_out *w, const zagg_value *metadata, zagg_err *err)
{
    if (metadata == NULL)
        return put_value(w, "metadata", NULL, err);
    zg_json_key(w, "metadata");
    zg_json_open_map(w);
    for (size_t i = 0; i < metadata->n; i++)
        if (!zagg_value_is(metadata->members[i].key, "pairless"))
            ZAGG_TRY(put_value(w, metadata->members[i].key->str,
                               metadata->members[i].value, err));
    zg_json_close_map(w);
    return ZAGG_OK;
}

zagg_status zg_message_submap(const zagg_shardmap *map, const zagg_shard_entry *entry,
                              zg_str *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    zg_json_out w;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    zagg_status status = put_value(&w, "grid_signature", map->grid_signature, err);
    if (status == ZAGG_OK)
        status = put_metadata(&w, map->metadata, err);
    zg_json_key(&w, "granules");
    zg_json_open_list(&w);
    for (size_t i = 0; status == ZAGG_OK && i < entry->n_granules; i++)
        status = zg_hive_put_granule(&w, arena, entry->granules[i], err);
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    zagg_arena_free(arena);
    if (status == ZAGG_OK && out->failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for an event");
    return status;
}

/* ---- room ---- */

/* Bytes of a text in JSON at most: what is not printable ASCII takes six. */
static size_t room_of(const char *text)
{
    size_t n = 8;
    for (; text != NULL && *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        n += c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? 6 : 1;
    }
    return n;
}

static size_t room_of_keys(const zg_aws_keys *keys)
{
    return keys == NULL ? 0
                        : room_of(keys->access_key) + room_of(keys->secret_key) +
                              room_of(keys->token);
}

/* An event without a shard. */
static size_t room_of_run(const zg_message_run *run)
{
    size_t n = 1024 + room_of(run->store) + room_of(run->region) +
               room_of(run->output_endpoint) + room_of(run->run_id);
    n += run->config != NULL ? strlen(run->config) : 0;
    if (run->output != NULL)
        n += room_of_keys(&run->output->keys) + room_of(run->output->region) +
             room_of(run->output->endpoint);
    return n;
}

static size_t room_of_shard(const zg_message_shard *shard)
{
    size_t n = room_of_keys(shard->keys) + room_of(shard->edl_token) +
               room_of(shard->result_url) + 24 * shard->n_aoi;
    n += shard->submap != NULL ? strlen(shard->submap) : 0;
    for (size_t i = 0; i < shard->n_urls; i++)
        n += room_of(shard->urls[i]);
    return n;
}

static void begin(zg_json_out *w, zg_str *out, size_t room)
{
    zg_secret_text_init(out, room);
    zg_json_begin(w, out, -1);
    zg_json_open_map(w);
}

static zagg_status end(zg_json_out *w, zagg_err *err)
{
    zg_json_close_map(w);
    if (!w->out->failed)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an event");
}

/* ---- events ---- */

zagg_status zg_message_process(const zg_message_run *run, const zg_message_shard *shard,
                               zg_str *out, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(run->grid);
    zagg_shard place;
    zg_json_out w;
    begin(&w, out, room_of_run(run) + room_of_shard(shard));
    ZAGG_TRY(zagg_grid_shard(run->grid, shard->key, &place, err));
    put_block(&w, info, &place);
    zg_json_put_u64(&w, "shard_key", shard->key);
    put_order(&w, "parent_order", info, info->parent_order);
    put_urls(&w, shard);
    zg_json_put_str(&w, "store_path", run->store);
    put_granule_keys(&w, shard);
    if (info->kind == ZAGG_GRID_HEALPIX)
        zg_json_put_u64(&w, "child_order", info->child_order);
    put_config(&w, run);
    put_output_keys(&w, run);
    if (run->profile)
        put_bool(&w, "profile", true);
    put_aoi(&w, shard);
    if (run->handoff != ZAGG_HANDOFF_PANDAS)
        zg_json_put_str(&w, "handoff", "arrow");
    put_report(&w, run, shard);
    return end(&w, err);
}

/* Name and version, as the manifest of a hive has them. */
static zagg_status put_dataset(zg_json_out *w, const zagg_value *metadata, zagg_err *err)
{
    static const char *const KEYS[] = {"short_name", "version"};
    zg_json_key(w, "dataset");
    zg_json_open_map(w);
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        const zagg_value *v = zagg_value_get_set(metadata, KEYS[i]);
        if (v != NULL)
            ZAGG_TRY(put_value(w, KEYS[i], v, err));
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

zagg_status zg_message_setup(const zg_message_run *run, const zg_message_begin *setup,
                             zg_str *out, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(run->grid);
    zg_json_out w;
    begin(&w, out, room_of_run(run) + MOST_DATASET);
    zg_json_put_str(&w, "mode", "setup");
    zg_json_put_str(&w, "store_path", run->store);
    put_order(&w, "parent_order", info, info->parent_order);
    put_order(&w, "child_order", info, info->child_order);
    zg_json_key(&w, "n_parent_cells");
    if (setup->dense)
        zg_json_u64(&w, setup->n_shards);
    else
        zg_json_null(&w);
    put_bool(&w, "overwrite", setup->overwrite);
    put_config(&w, run);
    put_output_keys(&w, run);
    if (setup->metadata != NULL)
        ZAGG_TRY(put_dataset(&w, setup->metadata, err));
    if (setup->run_id != NULL)
        zg_json_put_str(&w, "run_id", setup->run_id);
    return end(&w, err);
}

zagg_status zg_message_finalize(const zg_message_run *run, const zg_message_begin *setup,
                                zg_str *out, zagg_err *err)
{
    zg_json_out w;
    begin(&w, out, room_of_run(run) + MOST_DATASET);
    zg_json_put_str(&w, "mode", "finalize");
    zg_json_put_str(&w, "store_path", run->store);
    if (setup != NULL) {
        const zagg_grid_info *info = zagg_grid_get_info(run->grid);
        put_config(&w, run);
        put_order(&w, "parent_order", info, info->parent_order);
        put_bool(&w, "overwrite", setup->overwrite);
        if (setup->metadata != NULL)
            ZAGG_TRY(put_dataset(&w, setup->metadata, err));
    }
    put_output_keys(&w, run);
    return end(&w, err);
}

void zg_message_free(zg_str *event)
{
    zg_secret_text_free(event);
}
