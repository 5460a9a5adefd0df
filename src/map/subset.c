/* Parts of maps. */
#include "cat/times.h"
#include "cat/tree_copy.h"
#include "map/derive.h"
#include "map/region.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)

typedef struct filter {
    const zagg_map_part *part;
    uint64_t *keys; /* sorted copy; NULL: all */
    zagg_words region;
    bool by_region, by_time;
    int64_t start, end; /* microseconds; end is beyond */
} filter;

/* ---- times ---- */

/** A moment, or a day: its beginning, or with `end` the beginning of the next. */
static zagg_status parse_time(const char *text, bool end, int64_t *out, zagg_err *err)
{
    int64_t days;
    if (zg_utc_parse(text, out)) {
        *out += end ? 1 : 0;
        return ZAGG_OK;
    }
    if (!zg_date_parse(text, &days))
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "'%.40s' is no time; write 2019-01-05 or 2019-01-05T16:33:08Z", text);
    *out = (days + (end ? 1 : 0)) * DAY_US;
    return ZAGG_OK;
}

static bool member_time(const zagg_value *record, const char *const keys[2], int64_t *out)
{
    for (int i = 0; i < 2; i++) {
        const char *text = keys[i] != NULL ? zg_value_text(record, keys[i]) : NULL;
        if (text != NULL && zg_utc_parse(text, out))
            return true;
    }
    return false;
}

/** Was it taken while the window was open? Upstream's rule: it begins before the end, and
 * ends at the start or later. */
static bool in_time(const filter *f, const zagg_granule *g, zagg_arena *arena)
{
    static const char *const STARTS[2] = {"time_start", "datetime"};
    static const char *const ENDS[2] = {"time_end", NULL};
    const zagg_value *record = NULL;
    int64_t start, end;
    if (!f->by_time || g->record == NULL)
        return true;
    const zagg_arena_mark mark = zagg_arena_get_mark(arena);
    bool inside = true;
    if (zagg_json_parse(arena, g->record, strlen(g->record), "record", &record, NULL) ==
            ZAGG_OK &&
        member_time(record, STARTS, &start)) {
        if (!member_time(record, ENDS, &end))
            end = start;
        inside = start < f->end && end >= f->start;
    }
    zagg_arena_release(arena, mark);
    return inside;
}

/* ---- shards ---- */

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool among(const uint64_t *sorted, size_t n, uint64_t key)
{
    return n > 0 && bsearch(&key, sorted, n, sizeof *sorted, by_number) != NULL;
}

static zagg_status check_keys(const zagg_shardmap *map, const filter *f, zagg_err *err)
{
    for (size_t i = 0; i < f->part->n_keys; i++) {
        size_t k = 0;
        while (k < map->n_shards && map->shards[k].key != f->part->keys[i])
            k++;
        if (k == map->n_shards)
            return zagg_err_set(err, ZAGG_ECONFIG, "%s: the map has no shard %llu",
                                map->name, (unsigned long long)f->part->keys[i]);
    }
    return ZAGG_OK;
}

static zagg_status begin(filter *f, const zagg_shardmap *map, const zagg_grid *grid,
                         zagg_err *err)
{
    const zagg_map_part *p = f->part;
    f->start = INT64_MIN;
    f->end = INT64_MAX;
    f->by_time = p->start != NULL || p->end != NULL;
    if (p->start != NULL)
        ZAGG_TRY(parse_time(p->start, false, &f->start, err));
    if (p->end != NULL)
        ZAGG_TRY(parse_time(p->end, true, &f->end, err));
    if (p->n_keys > 0) {
        ZAGG_TRY(check_keys(map, f, err));
        f->keys = zg_alloc(p->n_keys, sizeof *f->keys);
        if (f->keys == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu keys", p->n_keys);
        memcpy(f->keys, p->keys, p->n_keys * sizeof *f->keys);
        qsort(f->keys, p->n_keys, sizeof *f->keys, by_number);
    }
    f->by_region = p->region != NULL;
    if (!f->by_region)
        return ZAGG_OK;
    zagg_arena *arena;
    zg_rings rings;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_region_rings(arena, p->region, false, NULL, &rings, err);
    if (status == ZAGG_OK)
        status = zg_region_shards(grid, &rings, &f->region, err);
    zagg_arena_free(arena);
    return status;
}

static bool wanted(const filter *f, uint64_t key)
{
    if (f->keys != NULL && !among(f->keys, f->part->n_keys, key))
        return false;
    return !f->by_region || among(f->region.words, f->region.n, key);
}

static zagg_status take(const filter *f, const zagg_shardmap *map, zg_derive *d,
                        zagg_arena *arena, zagg_err *err)
{
    const size_t most = f->part->max_shards;
    zg_vec list;
    zagg_status status = ZAGG_OK;
    zg_vec_init(&list, sizeof(const zagg_granule *), 0);
    for (size_t i = 0; i < map->n_shards && status == ZAGG_OK; i++) {
        const zagg_shard_entry *s = &map->shards[i];
        if (!wanted(f, s->key))
            continue;
        list.len = 0;
        for (size_t k = 0; k < s->n_granules && status == ZAGG_OK; k++)
            if (in_time(f, s->granules[k], arena) &&
                !zg_vec_append(&list, &s->granules[k], 1))
                status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
        if (status == ZAGG_OK && list.len > 0)
            status = zg_derive_shard(d, s->key, list.data, list.len, s->aoi_mask,
                                     s->n_aoi_mask, err);
        if (most > 0 && d->shards.len == most)
            break;
    }
    zg_vec_free(&list);
    return status;
}

static zagg_status finish(const zagg_shardmap *map, zg_derive *d, zagg_shardmap **out,
                          zagg_err *err)
{
    const zagg_value *meta = NULL, *signature = NULL;
    zagg_status status = ZAGG_OK;
    if (map->metadata != NULL)
        status = zg_tree_copy(d->own->arena, map->metadata, &meta, err);
    if (status == ZAGG_OK && map->grid_signature != NULL)
        status = zg_tree_copy(d->own->arena, map->grid_signature, &signature, err);
    d->own->pub.has_aoi_mask = map->has_aoi_mask;
    if (status == ZAGG_OK)
        return zg_derive_end(d, signature, meta, out, err);
    zg_derive_free(d);
    return status;
}

zagg_status zagg_map_subset(const zagg_shardmap *map, const zagg_grid *grid,
                            const zagg_map_part *part, zagg_shardmap **out, zagg_err *err)
{
    filter f = {.part = part};
    zg_derive d;
    zagg_arena *arena = NULL;
    if (map == NULL || part == NULL || out == NULL || (part->region && grid == NULL))
        return zagg_err_set(err, ZAGG_EARG, "zagg_map_subset: NULL argument");
    zagg_status status = begin(&f, map, grid, err);
    if (status == ZAGG_OK)
        status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = zg_derive_begin(map, &d, err);
    if (status == ZAGG_OK) {
        status = take(&f, map, &d, arena, err);
        if (status == ZAGG_OK)
            status = finish(map, &d, out, err);
        else
            zg_derive_free(&d);
    }
    zagg_arena_free(arena);
    zg_free(f.keys);
    zagg_words_free(&f.region);
    return status;
}
