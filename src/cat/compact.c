/* The compact form of shard maps: `granules` lists every record once, `shard_granules`
 * the numbers of those that each shard reads. */
#include "cat/cat.h"

#include <string.h>

bool zg_is_compact(const zagg_value *root)
{
    const zagg_value *format = zagg_value_get(root, "format");
    static const char BEGIN[] = "zagg-shardmap-compact/";
    return format != NULL && format->kind == ZAGG_STR &&
           strncmp(format->str, BEGIN, sizeof BEGIN - 1) == 0;
}

zagg_status zg_check_compact(const char *name, const zagg_value *root, zagg_err *err)
{
    static const char *const LISTS[] = {"shard_keys", "shard_granules", "granules"};
    if (!zagg_value_is(zagg_value_get(root, "format"), ZG_COMPACT_FORMAT))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: this zagg reads compact shard maps of the format %s "
                            "(found %.60s)",
                            name, ZG_COMPACT_FORMAT, zagg_value_get(root, "format")->str);
    for (size_t i = 0; i < 3; i++) {
        const zagg_value *list = zagg_value_get(root, LISTS[i]);
        if (list == NULL || list->kind != ZAGG_LIST)
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: a compact shard map must hold the list %s (found %s)", name,
                LISTS[i], list != NULL ? zagg_value_kind_name(list) : "nothing");
    }
    const size_t keys = zagg_value_get(root, "shard_keys")->n;
    const size_t lists = zagg_value_get(root, "shard_granules")->n;
    if (keys != lists)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: shard_keys has %zu entries but shard_granules has %zu; they "
            "must be parallel",
            name, keys, lists);
    if (zagg_value_get(root, "grid_signature") == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG, "%s: grid_signature is missing", name);
    return ZAGG_OK;
}

static zagg_status read_list(const char *name, size_t shard, const zagg_value *list,
                             const zagg_granule *const *all, size_t n_all,
                             const zagg_granule **out, zagg_err *err)
{
    for (size_t k = 0; k < list->n; k++) {
        uint64_t number;
        if (!zagg_value_u64(list->items[k], &number) || number >= n_all)
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: shard_granules[%zu][%zu] must be a number below %zu, "
                "the number of granules",
                name, shard, k, n_all);
        out[k] = all[number];
    }
    return ZAGG_OK;
}

static zagg_status read_all(zg_owned_map *own, zagg_arena *scratch,
                            const zagg_value *granules, const zagg_granule **all,
                            zagg_err *err)
{
    zg_record *records = NULL;
    ZAGG_TRY(zagg_arena_alloc(scratch, granules->n, sizeof *records, &records, err));
    for (size_t i = 0; i < granules->n; i++) {
        records[i].at = i;
        ZAGG_TRY(zg_read_record(own->pub.name, granules->items[i], &records[i], err));
    }
    return zg_intern(own->arena, records, granules->n, all, err);
}

static zagg_status count(const char *name, const zagg_value *lists, size_t *out,
                         zagg_err *err)
{
    *out = 0;
    for (size_t i = 0; i < lists->n; i++) {
        if (lists->items[i]->kind != ZAGG_LIST)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "%s: shard_granules[%zu] must be a list (found %s)", name,
                                i, zagg_value_kind_name(lists->items[i]));
        if (!zg_add_size(*out, lists->items[i]->n, out))
            return zagg_err_set(err, ZAGG_ERANGE, "%s: too many granules", name);
    }
    return ZAGG_OK;
}

zagg_status zg_read_compact(zg_owned_map *own, zagg_arena *scratch,
                            const zagg_value *root, zagg_shard_entry *shards,
                            zagg_err *err)
{
    const zagg_value *granules = zagg_value_get(root, "granules");
    const zagg_value *lists = zagg_value_get(root, "shard_granules");
    const zagg_granule **all = NULL, **pairs = NULL;
    size_t n;
    ZAGG_TRY(count(own->pub.name, lists, &n, err));
    ZAGG_TRY(zagg_arena_alloc(scratch, granules->n, sizeof(void *), (void *)&all, err));
    ZAGG_TRY(zagg_arena_alloc(own->arena, n, sizeof(void *), (void *)&pairs, err));
    ZAGG_TRY(read_all(own, scratch, granules, all, err));
    for (size_t i = 0; i < lists->n; i++) {
        const zagg_value *list = lists->items[i];
        ZAGG_TRY(read_list(own->pub.name, i, list, all, granules->n, pairs, err));
        shards[i].granules = pairs;
        shards[i].n_granules = list->n;
        pairs += list->n;
    }
    return ZAGG_OK;
}
