/* A shard map made here: (shard, granule) pairs collected, then sorted by key. */
#include "cat/shardmap.h"

#include <stdlib.h>
#include <string.h>

typedef struct pair {
    uint64_t key;
    size_t granule; /* number in the order of adding */
} pair;

struct zagg_shardmap_builder {
    zg_shardmap_own *own;
    zg_vec granules; /* zagg_granule * */
    zg_vec pairs;
};

zagg_status zagg_shardmap_builder_new(zagg_shardmap_builder **out, zagg_err *err)
{
    zagg_shardmap_builder *b = zg_alloc(1, sizeof *b);
    if (!b)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    zg_vec_init(&b->granules, sizeof(zagg_granule *), 0);
    zg_vec_init(&b->pairs, sizeof(pair), 0);
    const zagg_status status = zg_shardmap_own_new("granules", &b->own, err);
    if (status != ZAGG_OK) {
        zagg_shardmap_builder_free(b);
        return status;
    }
    *out = b;
    return ZAGG_OK;
}

void zagg_shardmap_builder_free(zagg_shardmap_builder *builder)
{
    if (!builder)
        return;
    zg_vec_free(&builder->granules);
    zg_vec_free(&builder->pairs);
    if (builder->own)
        zagg_shardmap_free(&builder->own->map);
    zg_free(builder);
}

zagg_status zagg_shardmap_builder_add(zagg_shardmap_builder *builder, const char *path,
                                      const uint64_t *keys, size_t n_keys, zagg_err *err)
{
    zagg_granule *g = NULL;
    ZAGG_TRY(zagg_arena_alloc(builder->own->arena, 1, sizeof *g, &g, err));
    const char *kept = zagg_arena_strndup(builder->own->arena, path, strlen(path));
    zagg_granule **slot = kept ? zg_vec_push(&builder->granules) : NULL;
    if (!slot || !zg_vec_reserve(&builder->pairs, builder->pairs.len + n_keys))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    *g = (zagg_granule){zg_href_basename(kept), kept, NULL};
    *slot = g;
    for (size_t i = 0; i < n_keys; i++) {
        pair *p = zg_vec_push(&builder->pairs);
        if (!p)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
        *p = (pair){keys[i], builder->granules.len - 1};
    }
    return ZAGG_OK;
}

static int by_key_then_granule(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->granule < y->granule ? -1 : x->granule > y->granule;
}

static zagg_status fill(zagg_shardmap_builder *b, zagg_err *err)
{
    zagg_arena *arena = b->own->arena;
    pair *pairs = b->pairs.data;
    const zagg_granule **granules = NULL;
    zagg_shard_entry *entries = NULL;
    size_t n_shards = 0;
    if (b->pairs.len > 1)
        qsort(pairs, b->pairs.len, sizeof *pairs, by_key_then_granule);
    for (size_t i = 0; i < b->pairs.len; i++)
        n_shards += i == 0 || pairs[i].key != pairs[i - 1].key;
    ZAGG_TRY(zagg_arena_alloc(arena, b->pairs.len, sizeof *granules, &granules, err));
    ZAGG_TRY(zagg_arena_alloc(arena, n_shards, sizeof *entries, &entries, err));
    size_t s = 0;
    for (size_t i = 0; i < b->pairs.len; i++) {
        granules[i] = *ZG_VEC_AT(&b->granules, zagg_granule *, pairs[i].granule);
        if (i == 0 || pairs[i].key != pairs[i - 1].key)
            entries[s++] = (zagg_shard_entry){pairs[i].key, &granules[i], 0};
        entries[s - 1].n_granules++;
    }
    b->own->map.shards = entries;
    b->own->map.n_shards = n_shards;
    return ZAGG_OK;
}

zagg_status zagg_shardmap_builder_finish(zagg_shardmap_builder *builder, const char *name,
                                         zagg_latitude latitude, zagg_shardmap **out,
                                         zagg_err *err)
{
    zagg_shardmap *map = &builder->own->map;
    const char *kept = zagg_arena_strndup(builder->own->arena, name, strlen(name));
    const zagg_status status =
        kept ? fill(builder, err)
             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    if (status == ZAGG_OK) {
        map->name = kept;
        map->latitude = latitude == ZAGG_LATITUDE_AUTHALIC ? ZAGG_MAP_LATITUDE_AUTHALIC
                                                           : ZAGG_MAP_LATITUDE_GEODETIC;
        *out = map;
        builder->own = NULL;
    }
    zagg_shardmap_builder_free(builder);
    return status;
}
