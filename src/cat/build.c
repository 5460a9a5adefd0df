/* A shard map made from granules at hand: pairs of key and granule, sorted at the end. */
#include "cat/cat.h"

#include <stdlib.h>
#include <string.h>

typedef struct pair {
    uint64_t key;
    size_t granule; /* place among the granules added */
} pair;

struct zagg_shardmap_builder {
    zg_owned_map *own;
    zg_vec granules; /* const zagg_granule * */
    zg_vec pairs;
};

void zagg_shardmap_builder_free(zagg_shardmap_builder *b)
{
    if (b == NULL)
        return;
    if (b->own != NULL)
        zagg_shardmap_free(&b->own->pub);
    zg_vec_free(&b->granules);
    zg_vec_free(&b->pairs);
    zg_free(b);
}

zagg_status zagg_shardmap_builder_new(zagg_shardmap_builder **out, zagg_err *err)
{
    if (out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_shardmap_builder_new: NULL argument");
    zagg_shardmap_builder *b = zg_alloc(1, sizeof *b);
    if (b == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    zg_vec_init(&b->granules, sizeof(const zagg_granule *), 0);
    zg_vec_init(&b->pairs, sizeof(pair), 0);
    zagg_status status = zg_owned_map_new("granules", &b->own, err);
    if (status != ZAGG_OK) {
        zagg_shardmap_builder_free(b);
        return status;
    }
    *out = b;
    return ZAGG_OK;
}

static zagg_status new_granule(zagg_shardmap_builder *b, const char *path, zagg_err *err)
{
    zg_record record = {.s3 = path, .https = path};
    const zagg_granule *granule = NULL;
    ZAGG_TRY(zg_intern(b->own->arena, &record, 1, &granule, err));
    const zagg_granule **slot = zg_vec_push(&b->granules);
    if (slot == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a shard map", path);
    *slot = granule;
    return ZAGG_OK;
}

zagg_status zagg_shardmap_builder_add(zagg_shardmap_builder *builder, const char *path,
                                      const uint64_t *keys, size_t n_keys, zagg_err *err)
{
    if (builder == NULL || path == NULL || (keys == NULL && n_keys > 0))
        return zagg_err_set(err, ZAGG_EARG, "zagg_shardmap_builder_add: NULL argument");
    ZAGG_TRY(new_granule(builder, path, err));
    for (size_t i = 0; i < n_keys; i++) {
        pair *p = zg_vec_push(&builder->pairs);
        if (p == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a shard map", path);
        p->key = keys[i];
        p->granule = builder->granules.len - 1;
    }
    return ZAGG_OK;
}

static int compare_pairs(const void *pa, const void *pb)
{
    const pair *a = pa;
    const pair *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->granule > b->granule) - (a->granule < b->granule);
}

/* A key given twice for one granule counts once. Returns the number of pairs left. */
static size_t drop_repeats(pair *pairs, size_t n, size_t *n_shards)
{
    size_t kept = 0;
    *n_shards = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && compare_pairs(&pairs[kept - 1], &pairs[i]) == 0)
            continue;
        if (kept == 0 || pairs[kept - 1].key != pairs[i].key)
            ++*n_shards;
        pairs[kept++] = pairs[i];
    }
    return kept;
}

static zagg_status lay_out(zagg_shardmap_builder *b, zagg_err *err)
{
    zagg_shardmap *map = &b->own->pub;
    pair *pairs = b->pairs.data;
    zagg_shard_entry *shards = NULL;
    const zagg_granule **lists = NULL;
    size_t n_shards = 0;
    size_t shard = 0;
    if (b->pairs.len > 1)
        qsort(pairs, b->pairs.len, sizeof *pairs, compare_pairs);
    size_t n = drop_repeats(pairs, b->pairs.len, &n_shards);
    ZAGG_TRY(zagg_arena_alloc(b->own->arena, n_shards, sizeof *shards, &shards, err));
    ZAGG_TRY(zagg_arena_alloc(b->own->arena, n, sizeof *lists, &lists, err));
    for (size_t i = 0; i < n; i++) {
        lists[i] = *ZG_VEC_AT(&b->granules, const zagg_granule *, pairs[i].granule);
        if (i > 0 && pairs[i].key != pairs[i - 1].key)
            shard++;
        if (shards[shard].n_granules++ == 0) {
            shards[shard].key = pairs[i].key;
            shards[shard].granules = lists + i;
        }
    }
    map->shards = shards;
    map->n_shards = n_shards;
    return ZAGG_OK;
}

zagg_status zagg_shardmap_builder_finish(zagg_shardmap_builder *builder, const char *name,
                                         zagg_latitude latitude, zagg_shardmap **out,
                                         zagg_err *err)
{
    if (builder == NULL)
        return zagg_err_set(err, ZAGG_EARG,
                            "zagg_shardmap_builder_finish: NULL argument");
    zagg_status status = ZAGG_OK;
    if (name == NULL || out == NULL)
        status =
            zagg_err_set(err, ZAGG_EARG, "zagg_shardmap_builder_finish: NULL argument");
    if (status == ZAGG_OK)
        status = lay_out(builder, err);
    if (status == ZAGG_OK) {
        zagg_shardmap *map = &builder->own->pub;
        map->name = zagg_arena_strndup(builder->own->arena, name, strlen(name));
        map->latitude = latitude == ZAGG_LATITUDE_AUTHALIC ? ZAGG_MAP_LATITUDE_AUTHALIC
                                                           : ZAGG_MAP_LATITUDE_GEODETIC;
        if (map->name == NULL) {
            status =
                zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a shard map", name);
        } else {
            *out = map;
            builder->own = NULL;
        }
    }
    zagg_shardmap_builder_free(builder);
    return status;
}
