/* A shard map as text, in upstream's JSON form, with granules that have come to other
 * places. */
#include "cat/cat.h"
#include "text/text.h"

#include <string.h>

static zagg_status put_optional(zg_json_out *w, const char *key, const zagg_value *v,
                                zagg_err *err)
{
    zg_json_key(w, key);
    if (v != NULL)
        return zg_json_value(w, v, err);
    zg_json_null(w);
    return ZAGG_OK;
}

/* A map that was made from granules has no metadata: what a reader could not know. */
static zagg_status put_metadata(zg_json_out *w, const zagg_shardmap *map, zagg_err *err)
{
    if (map->metadata != NULL || (map->latitude != ZAGG_MAP_LATITUDE_AUTHALIC &&
                                  map->latitude != ZAGG_MAP_LATITUDE_GEODETIC))
        return put_optional(w, "metadata", map->metadata, err);
    zg_json_key(w, "metadata");
    zg_json_open_map(w);
    zg_json_put_str(w, "latitude",
                    map->latitude == ZAGG_MAP_LATITUDE_AUTHALIC ? "authalic-wgs84"
                                                                : "geodetic-spherical");
    zg_json_close_map(w);
    return ZAGG_OK;
}

static bool is_href(const zagg_value *key)
{
    return strcmp(key->str, "s3") == 0 || strcmp(key->str, "https") == 0;
}

/* The record as it was, its addresses replaced: both, as maps of local granules have
 * them. */
static zagg_status put_record(zg_json_out *w, zagg_arena *arena, const zagg_granule *g,
                              const char *place, zagg_err *err)
{
    const zagg_value *record = NULL;
    ZAGG_TRY(
        zagg_json_parse(arena, g->record, strlen(g->record), "granule", &record, err));
    zg_json_open_map(w);
    for (size_t i = 0; i < record->n; i++) {
        const zagg_member *m = &record->members[i];
        if (is_href(m->key)) {
            zg_json_put_str(w, m->key->str, place);
            continue;
        }
        zg_json_key(w, m->key->str);
        ZAGG_TRY(zg_json_value(w, m->value, err));
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status put_granule(zg_json_out *w, zagg_arena *arena, const zagg_granule *g,
                               const char *place, zagg_err *err)
{
    if (g->record != NULL) {
        const zagg_arena_mark mark = zagg_arena_get_mark(arena);
        const zagg_status status = put_record(w, arena, g, place, err);
        zagg_arena_release(arena, mark);
        return status;
    }
    zg_json_open_map(w);
    zg_json_put_str(w, "id", g->id);
    zg_json_put_str(w, "s3", place);
    zg_json_put_str(w, "https", place);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status put_lists(zg_json_out *w, zagg_arena *arena, const zg_map_text *what,
                             zagg_err *err)
{
    zg_json_key(w, "shard_keys");
    zg_json_open_list(w);
    for (size_t i = 0; i < what->n_shards; i++)
        zg_json_u64(w, what->shards[i]->key);
    zg_json_close_list(w);
    zg_json_key(w, "granules");
    zg_json_open_list(w);
    for (size_t i = 0; i < what->n_shards; i++) {
        const zagg_shard_entry *s = what->shards[i];
        zg_json_open_list(w);
        for (size_t g = 0; g < s->n_granules; g++)
            ZAGG_TRY(put_granule(w, arena, s->granules[g],
                                 what->place(what->user, s->granules[g]), err));
        zg_json_close_list(w);
    }
    zg_json_close_list(w);
    return ZAGG_OK;
}

static void put_masks(zg_json_out *w, const zg_map_text *what)
{
    zg_json_key(w, "aoi_mask");
    zg_json_open_list(w);
    for (size_t i = 0; i < what->n_shards; i++) {
        zg_json_open_list(w);
        for (size_t k = 0; k < what->shards[i]->n_aoi_mask; k++)
            zg_json_u64(w, what->shards[i]->aoi_mask[k]);
        zg_json_close_list(w);
    }
    zg_json_close_list(w);
}

static zagg_status put_map(zg_json_out *w, zagg_arena *arena, const zg_map_text *what,
                           zagg_err *err)
{
    zg_json_open_map(w);
    ZAGG_TRY(put_metadata(w, what->map, err));
    ZAGG_TRY(put_optional(w, "grid_signature", what->map->grid_signature, err));
    ZAGG_TRY(put_lists(w, arena, what, err));
    if (what->map->has_aoi_mask)
        put_masks(w, what);
    zg_json_close_map(w);
    return ZAGG_OK;
}

zagg_status zg_map_write(const zg_map_text *what, zg_str *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    zg_json_out w;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_json_begin(&w, out, -1);
    zagg_status status = put_map(&w, arena, what, err);
    zagg_arena_free(arena);
    zg_str_addc(out, '\n');
    if (status == ZAGG_OK && out->failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the shard map",
                              what->map->name);
    return status;
}
