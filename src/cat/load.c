/* Reading a shard map: upstream's JSON object of parallel lists `shard_keys` and
 * `granules`, with `grid_signature` and `metadata` (catalog.md 3). Keys reach 2^64, so
 * they are never doubles. The document is dropped after reading; what is kept holds each
 * granule once. */
#include "cat/cat.h"
#include "cat/text_source.h"
#include "cat/tree_copy.h"
#include "zagg/io.h"

#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES ((size_t)2 << 30)

zagg_status zg_owned_map_new(const char *name, zg_owned_map **out, zagg_err *err)
{
    zg_owned_map *own = zg_alloc(1, sizeof *own);
    if (own == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the shard map", name);
    zagg_status status = zagg_arena_new(0, &own->arena, err);
    if (status == ZAGG_OK) {
        own->pub.name = zagg_arena_strndup(own->arena, name, strlen(name));
        if (own->pub.name == NULL)
            status =
                zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the shard map", name);
    }
    if (status != ZAGG_OK) {
        zagg_shardmap_free(&own->pub);
        return status;
    }
    *out = own;
    return ZAGG_OK;
}

void zagg_shardmap_free(zagg_shardmap *map)
{
    if (map == NULL)
        return;
    zg_owned_map *own = (zg_owned_map *)map;
    zagg_arena_free(own->arena);
    zg_free(own);
}

static zagg_status check_form(const char *name, const zagg_value *root, zagg_err *err)
{
    static const char *const needed[] = {"shard_keys", "granules", "grid_signature"};
    const char *missing = NULL;
    if (zg_is_compact(root))
        return zg_check_compact(name, root, err);
    for (size_t i = 0; i < 3 && missing == NULL; i++)
        if (zagg_value_get(root, needed[i]) == NULL)
            missing = needed[i];
    if (missing != NULL)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s is not a shard map: it must hold shard_keys, granules and "
            "grid_signature (%s is missing)",
            name, missing);
    const zagg_value *keys = zagg_value_get(root, "shard_keys");
    const zagg_value *granules = zagg_value_get(root, "granules");
    if (keys->kind != ZAGG_LIST || granules->kind != ZAGG_LIST)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: shard_keys and granules must be lists (found %s and %s)",
                            name, zagg_value_kind_name(keys),
                            zagg_value_kind_name(granules));
    if (keys->n != granules->n)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: shard_keys has %zu entries but granules has %zu; they must "
            "be parallel",
            name, keys->n, granules->n);
    return ZAGG_OK;
}

/* Optional text of a record. */
static zagg_status record_text(const char *name, const zagg_value *record,
                               const char *key, const char **out, zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(record, key);
    if (v == NULL)
        return ZAGG_OK;
    if (v->kind != ZAGG_STR || strlen(v->str) != v->str_len)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: %s of a granule must be text without NUL bytes (found %s)", name, key,
            v->kind == ZAGG_STR ? "a NUL byte" : zagg_value_kind_name(v));
    *out = v->str;
    return ZAGG_OK;
}

zagg_status zg_read_record(const char *name, const zagg_value *record, zg_record *out,
                           zagg_err *err)
{
    if (record->kind != ZAGG_MAP)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: a granule must be an object with id, s3 and https (found "
            "%s)",
            name, zagg_value_kind_name(record));
    out->whole = record;
    ZAGG_TRY(record_text(name, record, "id", &out->id, err));
    ZAGG_TRY(record_text(name, record, "s3", &out->s3, err));
    return record_text(name, record, "https", &out->https, err);
}

static zagg_status count_pairs(const char *name, const zagg_value *lists, size_t *out,
                               zagg_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < lists->n; i++) {
        if (lists->items[i]->kind != ZAGG_LIST)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "%s: granules[%zu] must be a list (found %s)", name, i,
                                zagg_value_kind_name(lists->items[i]));
        if (!zg_add_size(n, lists->items[i]->n, &n))
            return zagg_err_set(err, ZAGG_ERANGE, "%s: too many granules", name);
    }
    *out = n;
    return ZAGG_OK;
}

/* granules[]: all records in file order, interned; shards point into that order. */
static zagg_status read_granules(zg_owned_map *own, zagg_arena *scratch,
                                 const zagg_value *lists, zagg_shard_entry *shards,
                                 zagg_err *err)
{
    const char *name = own->pub.name;
    zg_record *records = NULL;
    const zagg_granule **granules = NULL;
    size_t n = 0;
    size_t at = 0;
    ZAGG_TRY(count_pairs(name, lists, &n, err));
    ZAGG_TRY(zagg_arena_alloc(scratch, n, sizeof *records, &records, err));
    ZAGG_TRY(zagg_arena_alloc(own->arena, n, sizeof *granules, &granules, err));
    for (size_t i = 0; i < lists->n; i++) {
        const zagg_value *list = lists->items[i];
        shards[i].granules = granules + at;
        shards[i].n_granules = list->n;
        for (size_t k = 0; k < list->n; k++, at++) {
            records[at].at = at;
            ZAGG_TRY(zg_read_record(name, list->items[k], &records[at], err));
        }
    }
    return zg_intern(own->arena, records, n, granules, err);
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Two entries of one key would write the same chunks. */
static zagg_status check_distinct(const char *name, zagg_arena *scratch,
                                  const zagg_shard_entry *shards, size_t n, zagg_err *err)
{
    uint64_t *keys = NULL;
    ZAGG_TRY(zagg_arena_alloc(scratch, n, sizeof *keys, &keys, err));
    for (size_t i = 0; i < n; i++)
        keys[i] = shards[i].key;
    if (n > 1)
        qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n; i++)
        if (keys[i - 1] == keys[i])
            return zagg_err_set(err, ZAGG_ECONFIG, "%s: shard key %llu occurs twice",
                                name, (unsigned long long)keys[i]);
    return ZAGG_OK;
}

static zagg_status read_keys(const char *name, const zagg_value *keys,
                             zagg_shard_entry *shards, zagg_err *err)
{
    for (size_t i = 0; i < keys->n; i++)
        if (!zagg_value_u64(keys->items[i], &shards[i].key))
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: shard_keys[%zu] must be an integer from 0 to 2^64 - 1 "
                "(found %s)",
                name, i, zagg_value_kind_name(keys->items[i]));
    return ZAGG_OK;
}

/* aoi_mask[]: integers of all shards in one block. Absent and null: the map has none. */
static zagg_status read_masks(zg_owned_map *own, const zagg_value *lists,
                              zagg_shard_entry *shards, size_t n_shards, zagg_err *err)
{
    const char *name = own->pub.name;
    uint64_t *words = NULL;
    size_t n = 0, at = 0;
    if (lists == NULL)
        return ZAGG_OK;
    if (lists->kind != ZAGG_LIST || lists->n != n_shards)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: aoi_mask must be a list parallel to shard_keys (found %s "
            "of %zu for %zu shards)",
            name, zagg_value_kind_name(lists), lists->n, n_shards);
    for (size_t i = 0; i < n_shards; i++) {
        if (lists->items[i]->kind != ZAGG_LIST)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "%s: aoi_mask[%zu] must be a list of integers (found %s)",
                                name, i, zagg_value_kind_name(lists->items[i]));
        if (!zg_add_size(n, lists->items[i]->n, &n))
            return zagg_err_set(err, ZAGG_ERANGE, "%s: aoi_mask is too long", name);
    }
    ZAGG_TRY(zagg_arena_alloc(own->arena, n, sizeof *words, &words, err));
    for (size_t i = 0; i < n_shards; i++) {
        const zagg_value *list = lists->items[i];
        shards[i].aoi_mask = words + at;
        shards[i].n_aoi_mask = list->n;
        for (size_t k = 0; k < list->n; k++)
            if (!zagg_value_u64(list->items[k], &words[at++]))
                return zagg_err_set(
                    err, ZAGG_ECONFIG,
                    "%s: aoi_mask[%zu][%zu] must be an integer from 0 to 2^64 - 1 (found "
                    "%s)",
                    name, i, k, zagg_value_kind_name(list->items[k]));
    }
    own->pub.has_aoi_mask = true;
    return ZAGG_OK;
}

static zagg_status copy_object(zg_owned_map *own, const zagg_value *root, const char *key,
                               const zagg_value **out, zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(root, key);
    if (v == NULL)
        return ZAGG_OK;
    if (v->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: %s must be an object or null (found %s)", own->pub.name,
                            key, zagg_value_kind_name(v));
    return zg_tree_copy(own->arena, v, out, err);
}

static zagg_status token_latitude(const char *name, const char *where,
                                  const zagg_value *map, bool *given, zagg_latitude *out,
                                  zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(map, "latitude");
    zagg_latitude latitude = ZAGG_LATITUDE_AUTHALIC;
    if (v == NULL)
        return ZAGG_OK;
    if (v->kind != ZAGG_STR || strlen(v->str) != v->str_len ||
        !zagg_latitude_parse(v->str, &latitude))
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: %s.latitude must be authalic-wgs84 or geodetic-spherical", name, where);
    if (*given && latitude != *out)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: metadata.latitude and grid_signature.latitude contradict "
            "each other",
            name);
    *given = true;
    *out = latitude;
    return ZAGG_OK;
}

/* A token says it; else what only authalic versions of upstream wrote
 * (granules_assigned); else what only maps of the mortie backend carry, then a geodetic
 * version's. */
static zagg_status read_latitude(zagg_shardmap *map, zagg_err *err)
{
    bool given = false;
    zagg_latitude latitude = ZAGG_LATITUDE_AUTHALIC;
    ZAGG_TRY(
        token_latitude(map->name, "metadata", map->metadata, &given, &latitude, err));
    ZAGG_TRY(token_latitude(map->name, "grid_signature", map->grid_signature, &given,
                            &latitude, err));
    if (given)
        map->latitude = latitude == ZAGG_LATITUDE_AUTHALIC ? ZAGG_MAP_LATITUDE_AUTHALIC
                                                           : ZAGG_MAP_LATITUDE_GEODETIC;
    else if (zagg_value_get_set(map->metadata, "granules_assigned") != NULL)
        map->latitude = ZAGG_MAP_LATITUDE_AUTHALIC;
    else if (zagg_value_get_set(map->metadata, "mortie_order") != NULL)
        map->latitude = ZAGG_MAP_LATITUDE_LEGACY;
    else
        map->latitude = ZAGG_MAP_LATITUDE_UNKNOWN;
    return ZAGG_OK;
}

static zagg_status fill(zg_owned_map *own, zagg_arena *scratch, const zagg_value *root,
                        zagg_err *err)
{
    zagg_shardmap *map = &own->pub;
    zagg_shard_entry *shards = NULL;
    ZAGG_TRY(check_form(map->name, root, err));
    const zagg_value *keys = zagg_value_get(root, "shard_keys");
    ZAGG_TRY(zagg_arena_alloc(own->arena, keys->n, sizeof *shards, &shards, err));
    ZAGG_TRY(read_keys(map->name, keys, shards, err));
    ZAGG_TRY(check_distinct(map->name, scratch, shards, keys->n, err));
    if (zg_is_compact(root))
        ZAGG_TRY(zg_read_compact(own, scratch, root, shards, err));
    else
        ZAGG_TRY(
            read_granules(own, scratch, zagg_value_get(root, "granules"), shards, err));
    ZAGG_TRY(read_masks(own, zagg_value_get_set(root, "aoi_mask"), shards, keys->n, err));
    ZAGG_TRY(copy_object(own, root, "grid_signature", &map->grid_signature, err));
    ZAGG_TRY(copy_object(own, root, "metadata", &map->metadata, err));
    map->shards = shards;
    map->n_shards = keys->n;
    return read_latitude(map, err);
}

/** Text of `len` bytes, or NULL: the file `name` as a table. */
static zagg_status read_map(const char *text, size_t len, const char *name,
                            zagg_shardmap **out, zagg_err *err)
{
    zg_owned_map *own = NULL;
    zagg_arena *scratch = NULL;
    const zagg_value *root = NULL;
    ZAGG_TRY(zg_owned_map_new(name, &own, err));
    zagg_status status = zagg_arena_new(0, &scratch, err);
    if (status == ZAGG_OK)
        status = text != NULL ? zagg_json_parse(scratch, text, len, name, &root, err)
                              : zg_map_table_read(name, scratch, &root, err);
    if (status == ZAGG_OK)
        status = fill(own, scratch, root, err);
    zagg_arena_free(scratch);
    if (status != ZAGG_OK) {
        zagg_shardmap_free(&own->pub);
        return status;
    }
    *out = &own->pub;
    return ZAGG_OK;
}

zagg_status zagg_shardmap_parse(const char *text, size_t len, const char *name,
                                zagg_shardmap **out, zagg_err *err)
{
    if (text == NULL || name == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_shardmap_parse: NULL argument");
    return read_map(text, len, name, out, err);
}

zagg_status zagg_shardmap_load(const char *path, zagg_shardmap **out, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    if (path == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_shardmap_load: NULL argument");
    if (zg_is_table(path))
        return read_map(NULL, 0, path, out, err);
    zagg_status status = zg_text_load(path, MAX_FILE_BYTES, &text, &len, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "shard map");
    status = zagg_shardmap_parse(text, len, path, out, err);
    zg_free(text);
    return status;
}
