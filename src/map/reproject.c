/* The same cells in shards of another order. */
#include "cat/tree_copy.h"
#include "grid/signature.h"
#include "map/aux_rows.h"
#include "map/build.h"
#include "map/derive.h"
#include "map/refine.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- coarser ---- */

/** Shards of the source under their new keys, in the source's order. */
typedef struct moved {
    uint64_t key;
    size_t at;
} moved;

static int by_key(const void *pa, const void *pb)
{
    const moved *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static zagg_status add_all(zg_vec *list, const zagg_shard_entry *shard, zagg_err *err)
{
    for (size_t k = 0; k < shard->n_granules; k++)
        if (!zg_vec_append(list, &shard->granules[k], 1))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    return ZAGG_OK;
}

typedef struct placed {
    const zagg_granule *granule;
    size_t at;
} placed;

static int compare(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int by_granule(const void *pa, const void *pb)
{
    const placed *a = pa, *b = pb;
    int c = compare(a->granule->id, b->granule->id);
    if (c == 0)
        c = compare(a->granule->s3, b->granule->s3);
    if (c == 0)
        c = compare(a->granule->https, b->granule->https);
    return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

static int by_place(const void *pa, const void *pb)
{
    const placed *a = pa, *b = pb;
    return (a->at > b->at) - (a->at < b->at);
}

/** Drop what is listed again, keeping the order in which granules come first. */
static zagg_status drop_repeats(zg_derive *d, placed *all, size_t n, size_t *kept,
                                zagg_err *err)
{
    *kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        /* those of one id and hrefs stand together; they differ by their datetime */
        for (size_t k = *kept; k-- > 0 && !again;) {
            if (compare(all[k].granule->id, all[i].granule->id) != 0)
                break;
            again = zg_same_granule(all[k].granule, all[i].granule);
            if (again && all[k].granule != all[i].granule)
                ZAGG_TRY(zg_unite_rows(&d->tree, all[k].granule, all[i].granule,
                                       &all[k].granule, err));
        }
        if (!again)
            all[(*kept)++] = all[i];
    }
    return ZAGG_OK;
}

static zagg_status unite(zg_derive *d, zg_vec *list, zagg_err *err)
{
    const zagg_granule **granules = list->data;
    placed *all = zg_alloc(list->len + 1, sizeof *all);
    size_t kept = 0;
    if (all == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    for (size_t i = 0; i < list->len; i++)
        all[i] = (placed){granules[i], i};
    if (list->len > 1)
        qsort(all, list->len, sizeof *all, by_granule);
    zagg_status status = drop_repeats(d, all, list->len, &kept, err);
    if (kept > 1)
        qsort(all, kept, sizeof *all, by_place);
    for (size_t i = 0; i < kept; i++)
        granules[i] = all[i].granule;
    list->len = kept;
    zg_free(all);
    return status;
}

static zagg_status join_shards(const zagg_shardmap *map, const moved *all, zg_derive *d,
                               zg_vec *list, zagg_err *err)
{
    for (size_t i = 0; i < map->n_shards;) {
        const uint64_t key = all[i].key;
        list->len = 0;
        for (; i < map->n_shards && all[i].key == key; i++)
            ZAGG_TRY(add_all(list, &map->shards[all[i].at], err));
        ZAGG_TRY(unite(d, list, err));
        ZAGG_TRY(zg_derive_shard(d, key, list->data, list->len, NULL, 0, err));
    }
    return ZAGG_OK;
}

static zagg_status coarsen(const zagg_shardmap *map, unsigned order, zg_derive *d,
                           zagg_err *err)
{
    moved *all = zg_alloc(map->n_shards + 1, sizeof *all);
    zagg_status status = ZAGG_OK;
    zg_vec list;
    zg_vec_init(&list, sizeof(const zagg_granule *), 0);
    if (all == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
    for (size_t i = 0; i < map->n_shards && status == ZAGG_OK; i++) {
        all[i].at = i;
        status = zagg_word_coarsen(map->shards[i].key, order, &all[i].key, err);
    }
    if (status == ZAGG_OK && map->n_shards > 1)
        qsort(all, map->n_shards, sizeof *all, by_key);
    if (status == ZAGG_OK)
        status = join_shards(map, all, d, &list, err);
    zg_vec_free(&list);
    zg_free(all);
    return status;
}

static zagg_status copy_all(const zagg_shardmap *map, zg_derive *d, zagg_err *err)
{
    for (size_t i = 0; i < map->n_shards; i++) {
        const zagg_shard_entry *s = &map->shards[i];
        ZAGG_TRY(zg_derive_shard(d, s->key, s->granules, s->n_granules, s->aoi_mask,
                                 s->n_aoi_mask, err));
    }
    d->own->pub.has_aoi_mask = map->has_aoi_mask;
    return ZAGG_OK;
}

/* ---- metadata ---- */

static const char *const METHODS[] = {"coarsen", "noop", "refine"};

/** Members of the source that say nothing of the new map. */
static bool is_stale(const char *key, int method)
{
    static const char *const STALE[] = {"aoi_mask", "build_wall_s", "backend",
                                        "mortie_order"};
    for (size_t i = 0; i < 4 && method != 0; i++)
        if (strcmp(key, STALE[i]) == 0)
            return i < 2 || method < 0;
    return false;
}

/** method: -1 coarser, 0 the same, 1 finer. */
static zagg_status make_metadata(const zagg_shardmap *map, const zagg_grid *grid,
                                 unsigned source_order, unsigned cover_order, int method,
                                 zg_derive *d, const zagg_value **out, zagg_err *err)
{
    const zagg_value *copy = NULL;
    zg_maker m;
    zg_object kept, how, more;
    if (map->metadata != NULL)
        ZAGG_TRY(zg_tree_copy(d->own->arena, map->metadata, &copy, err));
    zg_make_begin(&m, d->own->arena, err);
    zg_object_begin(&kept, &m);
    for (size_t i = 0; copy != NULL && i < copy->n; i++)
        if (!is_stale(copy->members[i].key->str, method))
            zg_object_put(&kept, copy->members[i].key->str, copy->members[i].value);
    const zagg_value *base = zg_object_end(&kept);
    /* these keep their places */
    const bool refine = method > 0;
    zg_object_begin(&how, &m);
    zg_object_put(&how, "source_parent_order", zg_make_u64(&m, source_order));
    zg_object_put(&how, "target_parent_order",
                  zg_make_u64(&m, zagg_grid_get_info(grid)->parent_order));
    zg_object_put(&how, "method", zg_make_text(&m, METHODS[method + 1]));
    const zagg_value *reproject = zg_object_end(&how);
    zg_object_begin(&more, &m);
    zg_object_put(&more, "reproject", reproject);
    if (refine) {
        zg_object_put(&more, "backend", zg_make_text(&m, "mortie"));
        zg_object_put(&more, "mortie_order", zg_make_u64(&m, cover_order));
    }
    *out = zg_metadata_merge(&m, base, zg_object_end(&more));
    return m.status;
}

zagg_status zagg_map_grid(const zagg_shardmap *map, zagg_latitude latitude,
                          zagg_grid **out, zagg_err *err)
{
    const zagg_status status =
        zg_grid_of_signature(map->grid_signature, latitude, out, err);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", map->name);
}

/* ---- the whole ---- */

static zagg_status check(const zagg_shardmap *map, const zagg_grid *grid,
                         unsigned *source_order, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    uint64_t order, child;
    if (info->kind != ZAGG_GRID_HEALPIX ||
        !zagg_value_is(zagg_value_get(map->grid_signature, "type"), "healpix") ||
        !zagg_value_u64(zagg_value_get(map->grid_signature, "parent_order"), &order) ||
        !zagg_value_u64(zagg_value_get(map->grid_signature, "child_order"), &child) ||
        order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: shards of another order are for HEALPix maps and grids",
                            map->name);
    if (child != info->child_order)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: the map has cells of order %llu and the grid of order %u; "
            "only the order of shards can change",
            map->name, (unsigned long long)child, info->child_order);
    *source_order = (unsigned)order;
    return ZAGG_OK;
}

static zagg_status derive(const zagg_shardmap *map, const zagg_grid *grid,
                          zagg_catalog *catalog, const zagg_map_opts *opts,
                          unsigned source_order, zg_derive *d,
                          const zagg_value **metadata, zagg_err *err)
{
    const unsigned order = zagg_grid_get_info(grid)->parent_order;
    unsigned cover_order = 0;
    int method = 0;
    if (order < source_order) {
        method = -1;
        ZAGG_TRY(coarsen(map, order, d, err));
    } else if (order > source_order) {
        method = 1;
        ZAGG_TRY(zg_refine(map, grid, catalog, opts, d, &cover_order, err));
    } else {
        ZAGG_TRY(copy_all(map, d, err));
    }
    return make_metadata(map, grid, source_order, cover_order, method, d, metadata, err);
}

zagg_status zagg_map_reproject(const zagg_shardmap *map, const zagg_grid *grid,
                               zagg_catalog *catalog, const zagg_map_opts *opts,
                               zagg_shardmap **out, zagg_err *err)
{
    static const zagg_map_opts DEFAULTS = {.cover_order = 0};
    const zagg_value *metadata, *signature;
    unsigned source_order = 0;
    zg_derive d;
    if (map == NULL || grid == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_map_reproject: NULL argument");
    ZAGG_TRY(check(map, grid, &source_order, err));
    ZAGG_TRY(zg_derive_begin(map, &d, err));
    zagg_status status = derive(map, grid, catalog, opts != NULL ? opts : &DEFAULTS,
                                source_order, &d, &metadata, err);
    if (status == ZAGG_OK)
        status = zg_grid_signature(grid, d.own->arena, &signature, err);
    if (status != ZAGG_OK) {
        zg_derive_free(&d);
        return status;
    }
    if (zagg_grid_get_info(grid)->parent_order != source_order)
        status = zg_derive_check_names(&d, grid, err);
    if (status != ZAGG_OK) {
        zg_derive_free(&d);
        return status;
    }
    return zg_derive_end(&d, signature, metadata, out, err);
}
