/* Derived maps: lists of the granules of the source. */
#include "map/derive.h"

#include "cat/tree_copy.h"
#include "map/build.h"

#include <stdlib.h>
#include <string.h>

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
}

zagg_status zg_derive_begin(const zagg_shardmap *source, zg_derive *out, zagg_err *err)
{
    *out = (zg_derive){.source = source};
    zg_vec_init(&out->copies, sizeof(const zagg_granule *), 0);
    zg_vec_init(&out->shards, sizeof(zagg_shard_entry), 0);
    ZAGG_TRY(zg_map_numbers_new(source, &out->numbers, err));
    zagg_status status = zg_owned_map_new(source->name, &out->own, err);
    if (status != ZAGG_OK)
        zg_derive_free(out);
    else
        zg_tree_init(&out->tree, out->own->arena);
    return status;
}

void zg_derive_free(zg_derive *d)
{
    zg_map_numbers_free(&d->numbers);
    zg_vec_free(&d->copies);
    zg_vec_free(&d->shards);
    if (d->own != NULL)
        zagg_shardmap_free(&d->own->pub);
    d->own = NULL;
}

static bool copy_text(zg_tree *tree, const char *text, const char **out)
{
    *out = NULL;
    return text == NULL || zg_tree_text(tree, text, strlen(text), out, NULL) == ZAGG_OK;
}

static zagg_status copy_of(zg_derive *d, const zagg_granule *g, const zagg_granule **out,
                           zagg_err *err)
{
    bool first;
    zagg_granule *copy = NULL;
    const uint32_t number = zg_map_number_of(&d->numbers, g, &first);
    if (first) {
        if (zg_tree_alloc(&d->tree, 1, sizeof *copy, &copy, NULL) != ZAGG_OK ||
            !copy_text(&d->tree, g->id, &copy->id) ||
            !copy_text(&d->tree, g->s3, &copy->s3) ||
            !copy_text(&d->tree, g->https, &copy->https) ||
            !copy_text(&d->tree, g->record, &copy->record) ||
            !zg_vec_append(&d->copies, &copy, 1))
            return no_memory(err);
    }
    *out = *ZG_VEC_AT(&d->copies, const zagg_granule *, number);
    return ZAGG_OK;
}

zagg_status zg_derive_replace(zg_derive *d, const zagg_granule *old,
                              const zagg_granule *copy, zagg_err *err)
{
    bool first;
    const uint32_t number = zg_map_number_of(&d->numbers, old, &first);
    if (first && !zg_vec_append(&d->copies, &copy, 1))
        return no_memory(err);
    *ZG_VEC_AT(&d->copies, const zagg_granule *, number) = copy;
    return ZAGG_OK;
}

zagg_status zg_derive_shard(zg_derive *d, uint64_t key,
                            const zagg_granule *const *granules, size_t n,
                            const uint64_t *mask, size_t n_mask, zagg_err *err)
{
    const zagg_granule **list = NULL;
    uint64_t *words = NULL;
    ZAGG_TRY(zg_tree_alloc(&d->tree, n, sizeof *list, (void *)&list, err));
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(copy_of(d, granules[i], &list[i], err));
    if (mask != NULL) {
        ZAGG_TRY(zg_tree_alloc(&d->tree, n_mask, sizeof *words, &words, err));
        if (n_mask > 0)
            memcpy(words, mask, n_mask * sizeof *words);
    }
    const zagg_shard_entry entry = {key, list, n, words, n_mask};
    d->pairs += n;
    return zg_vec_append(&d->shards, &entry, 1) ? ZAGG_OK : no_memory(err);
}

zagg_status zg_derive_granule(zg_derive *d, const zagg_granule *of, const char *record,
                              const zagg_granule **out, zagg_err *err)
{
    zagg_granule *g = NULL;
    if (zg_tree_alloc(&d->tree, 1, sizeof *g, &g, NULL) != ZAGG_OK ||
        !copy_text(&d->tree, of->id, &g->id) || !copy_text(&d->tree, of->s3, &g->s3) ||
        !copy_text(&d->tree, of->https, &g->https) ||
        !copy_text(&d->tree, record, &g->record))
        return no_memory(err);
    *out = g;
    return zg_vec_append(&d->copies, out, 1) ? ZAGG_OK : no_memory(err);
}

zagg_status zg_derive_own(zg_derive *d, uint64_t key, const zagg_granule *const *granules,
                          size_t n, zagg_err *err)
{
    const zagg_granule **list = NULL;
    ZAGG_TRY(zg_tree_alloc(&d->tree, n, sizeof *list, (void *)&list, err));
    memcpy(list, granules, n * sizeof *list);
    const zagg_shard_entry entry = {key, list, n, NULL, 0};
    d->pairs += n;
    return zg_vec_append(&d->shards, &entry, 1) ? ZAGG_OK : no_memory(err);
}

zagg_status zg_derive_check_names(const zg_derive *d, const zagg_grid *grid,
                                  zagg_err *err)
{
    const zagg_shardmap so_far = {.shards = d->shards.data, .n_shards = d->shards.len};
    return zg_check_names(grid, &so_far, d->copies.data, d->copies.len, err);
}

/* ---- counts ---- */

static int by_id(const void *pa, const void *pb)
{
    return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

zagg_status zg_count_ids(const zagg_granule *const *granules, size_t n, uint64_t *out,
                         zagg_err *err)
{
    const char **ids = zg_alloc(n + 1, sizeof *ids);
    if (ids == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        ids[i] = granules[i]->id != NULL ? granules[i]->id : "";
    if (n > 1)
        qsort((void *)ids, n, sizeof *ids, by_id);
    *out = n > 0;
    for (size_t i = 1; i < n; i++)
        *out += strcmp(ids[i - 1], ids[i]) != 0;
    zg_free((void *)ids);
    return ZAGG_OK;
}

static zagg_status finish(zg_derive *d, const zagg_value *signature,
                          const zagg_value *metadata, zagg_err *err)
{
    zagg_shardmap *map = &d->own->pub;
    zagg_shard_entry *shards = NULL;
    uint64_t assigned;
    zg_maker m;
    zg_object counts;
    ZAGG_TRY(zg_count_ids(d->copies.data, d->copies.len, &assigned, err));
    ZAGG_TRY(zg_tree_alloc(&d->tree, d->shards.len, sizeof *shards, &shards, err));
    if (d->shards.len > 0)
        memcpy(shards, d->shards.data, d->shards.len * sizeof *shards);
    map->shards = shards;
    map->n_shards = d->shards.len;
    map->grid_signature = signature;
    map->latitude = d->source->latitude;
    zg_make_begin(&m, d->own->arena, err);
    zg_object_begin(&counts, &m);
    zg_object_put(&counts, "total_shards", zg_make_u64(&m, map->n_shards));
    zg_object_put(&counts, "total_pairs", zg_make_u64(&m, d->pairs));
    /* readers take this one for a sign of authalic latitude */
    if (map->latitude != ZAGG_MAP_LATITUDE_UNKNOWN ||
        zagg_value_get(metadata, "granules_assigned") != NULL)
        zg_object_put(&counts, "granules_assigned", zg_make_u64(&m, assigned));
    if (map->latitude != ZAGG_MAP_LATITUDE_UNKNOWN)
        zg_object_put(&counts, "latitude",
                      zg_make_text(&m, map->latitude == ZAGG_MAP_LATITUDE_AUTHALIC
                                           ? "authalic-wgs84"
                                           : "geodetic-spherical"));
    if (map->latitude == ZAGG_MAP_LATITUDE_LEGACY)
        map->latitude = ZAGG_MAP_LATITUDE_GEODETIC;
    map->metadata = zg_metadata_merge(&m, metadata, zg_object_end(&counts));
    return m.status;
}

zagg_status zg_derive_end(zg_derive *d, const zagg_value *signature,
                          const zagg_value *metadata, zagg_shardmap **out, zagg_err *err)
{
    zagg_status status = finish(d, signature, metadata, err);
    if (status == ZAGG_OK) {
        *out = &d->own->pub;
        d->own = NULL;
    }
    zg_derive_free(d);
    return status;
}
