/* Shard maps in upstream's JSON form: parallel lists of shard keys and granule records.
 * The same record written for many shards becomes one object. */
#include "cat/shardmap.h"

#include "zagg/io.h"

#include <string.h>

enum { MAX_MAP_BYTES = 1 << 30 };

zagg_status zg_shardmap_own_new(const char *name, zg_shardmap_own **out, zagg_err *err)
{
    zg_shardmap_own *own = zg_alloc(1, sizeof *own);
    if (!own)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    const zagg_status status = zagg_arena_new(0, &own->arena, err);
    own->map.name =
        status == ZAGG_OK ? zagg_arena_strndup(own->arena, name, strlen(name)) : NULL;
    if (!own->map.name) {
        zagg_shardmap_free(&own->map);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    }
    *out = own;
    return ZAGG_OK;
}

void zagg_shardmap_free(zagg_shardmap *map)
{
    if (!map)
        return;
    zg_shardmap_own *own = (zg_shardmap_own *)(void *)map;
    zagg_arena_free(own->arena);
    zg_free(own);
}

const char *zg_href_basename(const char *href)
{
    const char *slash = strrchr(href, '/');
    return slash ? slash + 1 : href;
}

/* ---- granule records, interned ---- */

typedef struct intern_table {
    zagg_granule **slots;
    size_t n_slots, n_used; /* n_slots is a power of two */
} intern_table;

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; text && *text; text++)
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3); /* FNV-1a */
    return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t hash_granule(const zagg_granule *g)
{
    return hash_text(hash_text(hash_text(UINT64_C(0xcbf29ce484222325), g->id), g->s3),
                     g->https);
}

/* Slot of an equal record, or the free slot where it belongs. */
static zagg_granule **find_slot(const intern_table *t, const zagg_granule *g)
{
    size_t i = (size_t)hash_granule(g) & (t->n_slots - 1);
    while (t->slots[i] &&
           !(same_text(t->slots[i]->id, g->id) && same_text(t->slots[i]->s3, g->s3) &&
             same_text(t->slots[i]->https, g->https)))
        i = (i + 1) & (t->n_slots - 1);
    return &t->slots[i];
}

static bool grow(intern_table *t)
{
    intern_table bigger = {NULL, t->n_slots ? t->n_slots * 2 : 256, t->n_used};
    bigger.slots = zg_alloc(bigger.n_slots, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < t->n_slots; i++)
        if (t->slots[i])
            *find_slot(&bigger, t->slots[i]) = t->slots[i];
    zg_free(t->slots);
    *t = bigger;
    return true;
}

static zagg_status intern(zagg_arena *arena, intern_table *t, zagg_granule record,
                          const zagg_granule **out, zagg_err *err)
{
    if (2 * t->n_used >= t->n_slots && !grow(t))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for granule records");
    zagg_granule **slot = find_slot(t, &record);
    if (!*slot) {
        zagg_granule *kept;
        ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *kept, &kept, err));
        *kept = record;
        *slot = kept;
        t->n_used++;
    }
    *out = *slot;
    return ZAGG_OK;
}

/* ---- reading ---- */

/* Text member of a record; absent and null are NULL. */
static zagg_status record_text(const zagg_shardmap *map, const zagg_value *record,
                               const char *key, size_t shard, const char **out,
                               zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(record, key);
    *out = NULL;
    if (!v)
        return ZAGG_OK;
    if (v->kind != ZAGG_STR || strlen(v->str) != v->str_len)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: granules[%zu]: '%s' must be plain text", map->name,
                            shard, key);
    *out = v->str;
    return ZAGG_OK;
}

static zagg_status read_record(zg_shardmap_own *own, intern_table *t, const zagg_value *v,
                               size_t shard, const zagg_granule **out, zagg_err *err)
{
    zagg_granule g = {NULL, NULL, NULL};
    if (v->kind != ZAGG_MAP)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: granules[%zu]: found %s; every granule is a mapping with s3 or "
            "https",
            own->map.name, shard, zagg_value_kind_name(v));
    ZAGG_TRY(record_text(&own->map, v, "id", shard, &g.id, err));
    ZAGG_TRY(record_text(&own->map, v, "s3", shard, &g.s3, err));
    ZAGG_TRY(record_text(&own->map, v, "https", shard, &g.https, err));
    if (!g.id && (g.s3 || g.https))
        g.id = zg_href_basename(g.s3 ? g.s3 : g.https);
    return intern(own->arena, t, g, out, err);
}

static zagg_status read_shard(zg_shardmap_own *own, intern_table *t,
                              const zagg_value *list, size_t shard,
                              zagg_shard_entry *entry, zagg_err *err)
{
    const zagg_granule **granules;
    if (list->kind != ZAGG_LIST)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: granules[%zu]: found %s; must be a list", own->map.name,
                            shard, zagg_value_kind_name(list));
    ZAGG_TRY(zagg_arena_alloc(own->arena, list->n, sizeof *granules, &granules, err));
    for (size_t i = 0; i < list->n; i++)
        ZAGG_TRY(read_record(own, t, list->items[i], shard, &granules[i], err));
    entry->granules = granules;
    entry->n_granules = list->n;
    return ZAGG_OK;
}

static zagg_status read_shards(zg_shardmap_own *own, const zagg_value *keys,
                               const zagg_value *granules, zagg_err *err)
{
    zagg_shard_entry *entries;
    intern_table t = {NULL, 0, 0};
    zagg_status status =
        zagg_arena_alloc(own->arena, keys->n, sizeof *entries, &entries, err);
    for (size_t i = 0; status == ZAGG_OK && i < keys->n; i++) {
        if (!zagg_value_u64(keys->items[i], &entries[i].key))
            status = zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: shard_keys[%zu]: found %s; must be a whole number of 64 "
                "bits",
                own->map.name, i, zagg_value_kind_name(keys->items[i]));
        else
            status = read_shard(own, &t, granules->items[i], i, &entries[i], err);
    }
    zg_free(t.slots);
    own->map.shards = entries;
    own->map.n_shards = keys->n;
    return status;
}

/* Which latitude the keys were made with, as far as the map tells. */
static zagg_status read_latitude(zagg_shardmap *map, zagg_err *err)
{
    const zagg_value *token = zagg_value_get_set(map->metadata, "latitude");
    zagg_latitude latitude;
    if (!token)
        token = zagg_value_get_set(map->grid_signature, "latitude");
    if (token) {
        if (token->kind != ZAGG_STR || !zagg_latitude_parse(token->str, &latitude))
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: latitude: must be authalic-wgs84 or geodetic-spherical", map->name);
        map->latitude = latitude == ZAGG_LATITUDE_AUTHALIC ? ZAGG_MAP_LATITUDE_AUTHALIC
                                                           : ZAGG_MAP_LATITUDE_GEODETIC;
    } else if (zagg_value_get_set(map->metadata, "granules_assigned")) {
        map->latitude = ZAGG_MAP_LATITUDE_AUTHALIC;
    } else if (zagg_value_get_set(map->metadata, "mortie_order")) {
        map->latitude = ZAGG_MAP_LATITUDE_LEGACY;
    } else {
        map->latitude = ZAGG_MAP_LATITUDE_UNKNOWN;
    }
    return ZAGG_OK;
}

static zagg_status read_map(zg_shardmap_own *own, const zagg_value *root, zagg_err *err)
{
    const zagg_value *keys = zagg_value_get(root, "shard_keys");
    const zagg_value *granules = zagg_value_get(root, "granules");
    const zagg_value *signature = zagg_value_get(root, "grid_signature");
    if (!keys || !granules || !signature)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: is not a shard map: it must hold shard_keys, granules and "
            "grid_signature",
            own->map.name);
    if (keys->kind != ZAGG_LIST || granules->kind != ZAGG_LIST)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: shard_keys and granules must be lists", own->map.name);
    if (keys->n != granules->n)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: %zu shard_keys but %zu granule lists; they are parallel",
                            own->map.name, keys->n, granules->n);
    if (signature->kind != ZAGG_MAP && signature->kind != ZAGG_NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: grid_signature: found %s; must be a mapping",
                            own->map.name, zagg_value_kind_name(signature));
    own->map.grid_signature = signature->kind == ZAGG_MAP ? signature : NULL;
    const zagg_value *metadata = zagg_value_get_set(root, "metadata");
    own->map.metadata = metadata && metadata->kind == ZAGG_MAP ? metadata : NULL;
    ZAGG_TRY(read_latitude(&own->map, err));
    return read_shards(own, keys, granules, err);
}

zagg_status zagg_shardmap_parse(const char *text, size_t len, const char *name,
                                zagg_shardmap **out, zagg_err *err)
{
    zg_shardmap_own *own = NULL;
    const zagg_value *root = NULL;
    ZAGG_TRY(zg_shardmap_own_new(name, &own, err));
    zagg_status status = zagg_json_parse(own->arena, text, len, name, &root, err);
    if (status == ZAGG_OK)
        status = read_map(own, root, err);
    if (status != ZAGG_OK) {
        zagg_shardmap_free(&own->map);
        return status;
    }
    *out = &own->map;
    return ZAGG_OK;
}

zagg_status zagg_shardmap_load(const char *path, zagg_shardmap **out, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_file_read(path, MAX_MAP_BYTES, &text, &len, err));
    const zagg_status status = zagg_shardmap_parse(text, len, path, out, err);
    zagg_bytes_free(text);
    return status;
}
