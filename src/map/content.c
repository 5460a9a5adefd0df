/* The map itself: pairs become lists, counts become metadata. */


#include "cat/tree_copy.h"
#include "grid/signature.h"
#include "map/build.h"
#include "text/text.h"
#include "zagg/aoi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

typedef struct ordered {
    const zagg_granule *granule;
    uint32_t at;
} ordered;

static int by_record(const void *pa, const void *pb)
{
    const ordered *a = pa, *b = pb;
    const int c = strcmp(a->granule->record, b->granule->record);
    return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

/** Records that are equal are one object: the first. */
static zagg_status intern(zagg_map_builder *b, zagg_err *err)
{
    const size_t n = b->granules.len;
    const zagg_granule **granules = b->granules.data;
    ordered *all = zg_alloc(n + 1, sizeof *all);
    if (all == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu granules", n);
    for (size_t i = 0; i < n; i++)
        all[i] = (ordered){granules[i], (uint32_t)i};
    if (n > 1)
        qsort(all, n, sizeof *all, by_record);
    for (size_t i = 1; i < n; i++)
        if (strcmp(all[i - 1].granule->record, all[i].granule->record) == 0) {
            all[i].granule = all[i - 1].granule;
            granules[all[i].at] = all[i].granule;
        }
    zg_free(all);
    return ZAGG_OK;
}

/** How many granules each candidate has; how many candidates have any. */
static size_t count_pairs(const zagg_map_builder *b, size_t *counts)
{
    size_t n = 0;
    for (size_t i = 0; i < b->pairs.len; i++)
        n += counts[ZG_VEC_AT(&b->pairs, zg_pair, i)->shard]++ == 0;
    return n;
}

/* Pairs are in record order, so that a pass over them fills every list in that order. */
static zagg_status fill_lists(zagg_map_builder *b, size_t *next, zagg_err *err)
{
    zagg_shardmap *map = &b->own->pub;
    const zagg_granule *const *granules = b->granules.data;
    zagg_shard_entry *shards;
    const zagg_granule **lists;
    size_t at = 0, shard = 0;
    map->n_shards = count_pairs(b, next);
    ZAGG_TRY(zagg_arena_alloc(b->own->arena, map->n_shards, sizeof *shards, &shards, err));
    ZAGG_TRY(zagg_arena_alloc(b->own->arena, b->pairs.len, sizeof *lists, &lists, err));
    for (size_t i = 0; i < b->keys.n; i++) {
        const size_t n = next[i];
        if (n == 0)
            continue;
        shards[shard++] = (zagg_shard_entry){
            .key = b->keys.words[i], .granules = lists + at, .n_granules = n};
        next[i] = at;
        at += n;
    }
    for (size_t i = 0; i < b->pairs.len; i++) {
        const zg_pair *p = ZG_VEC_AT(&b->pairs, zg_pair, i);
        lists[next[p->shard]++] = granules[p->granule];
    }
    map->shards = shards;
    return ZAGG_OK;
}

static zagg_status make_lists(zagg_map_builder *b, zagg_err *err)
{
    size_t *next = zg_alloc(b->keys.n + 1, sizeof *next);
    if (next == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", b->keys.n);
    zagg_status status = fill_lists(b, next, err);
    zg_free(next);
    return status;
}

/* ---- masks ---- */

static zagg_status mask_shards(zagg_map_builder *b, const zagg_aoi *aoi, zagg_err *err)
{
    zagg_shard_entry *shards = (zagg_shard_entry *)b->own->pub.shards;
    for (size_t i = 0; i < b->own->pub.n_shards; i++) {
        zagg_words cells;
        uint64_t *copy;
        ZAGG_TRY(zagg_aoi_shard(aoi, shards[i].key, &cells, err));
        zagg_status status =
            zagg_arena_alloc(b->own->arena, cells.n, sizeof *copy, &copy, err);
        if (status == ZAGG_OK && cells.n > 0)
            memcpy(copy, cells.words, cells.n * sizeof *copy);
        shards[i].aoi_mask = copy;
        shards[i].n_aoi_mask = cells.n;
        zagg_words_free(&cells);
        ZAGG_TRY(status);
    }
    b->own->pub.has_aoi_mask = true;
    return ZAGG_OK;
}

/** Holes of an area that is given for the mask count on the sphere and not in the plane,
 * as upstream has it. */
static zagg_status make_masks(zagg_map_builder *b, zagg_err *err)
{
    const bool holes = zagg_grid_get_kind(b->grid) == ZAGG_GRID_HEALPIX;
    zg_rings rings = b->region;
    zagg_aoi *aoi;
    if (!b->opts.aoi_mask)
        return ZAGG_OK;
    if (b->opts.aoi != NULL)
        ZAGG_TRY(zg_region_rings(b->region_arena, b->opts.aoi, holes, b->opts.log, &rings,
                                 err));
    ZAGG_TRY(zagg_aoi_new(b->grid, rings.items, rings.n, &aoi, err));
    zagg_status status = mask_shards(b, aoi, err);
    zagg_aoi_free(aoi);
    return status;
}

/* ---- metadata ---- */

static int by_id(const void *pa, const void *pb)
{
    return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

static zagg_status count_ids(const zagg_map_builder *b, uint64_t *out, zagg_err *err)
{
    const size_t n = b->granules.len;
    const zagg_granule *const *granules = b->granules.data;
    const char **ids = zg_alloc(n + 1, sizeof *ids);
    if (ids == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu granules", n);
    for (size_t i = 0; i < n; i++)
        ids[i] = granules[i]->id != NULL ? granules[i]->id : "";
    if (n > 1)
        qsort(ids, n, sizeof *ids, by_id);
    *out = n > 0;
    for (size_t i = 1; i < n; i++)
        *out += strcmp(ids[i - 1], ids[i]) != 0;
    zg_free(ids);
    return ZAGG_OK;
}

static void put_counts(const zagg_map_builder *b, uint64_t assigned, zg_members *m)
{
    const bool mortie = b->opts.backend == ZAGG_MAP_MORTIE;
    const double wall = zg_clock_mono_s() - b->started_s;
    zg_members_str(m, "backend", mortie ? "mortie" : "spherely");
    zg_members_str(m, "footprint", b->opts.beams ? "beams" : "swath");
    zg_members_int(m, "total_granules", b->considered);
    zg_members_int(m, "granules_assigned", assigned);
    zg_members_int(m, "total_shards", b->own->pub.n_shards);
    zg_members_int(m, "total_pairs", b->pairs.len);
    zg_members_float(m, "build_wall_s", round(wall * 1000.0) / 1000.0);
    if (mortie)
        zg_members_int(m, "mortie_order", b->target.cover_order);
}

/* `latitude` is zagg's own: signatures do not tell which latitude keys were made with. */
static zagg_status make_metadata(zagg_map_builder *b, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(b->grid);
    const zagg_value *pairless = NULL;
    const zagg_value *meta = NULL;
    uint64_t assigned;
    zg_members m;
    ZAGG_TRY(count_ids(b, &assigned, err));
    if (b->meta != NULL)
        ZAGG_TRY(zg_tree_copy(b->own->arena, b->meta, &meta, err));
    if (b->siblings != NULL)
        ZAGG_TRY(zg_siblings_pairless(b->siblings, &b->tree, b->opts.log, &pairless, err));
    zg_members_begin(&m, &b->tree);
    zg_members_copy(&m, meta);
    put_counts(b, assigned, &m);
    if (pairless != NULL) {
        zg_members_put(&m, "pairless", pairless);
        zg_members_str(&m, "sibling_asset", b->opts.sibling->asset);
    }
    if (zagg_value_get(meta, "footprint_cells_order") != NULL)
        zg_members_bool(&m, "footprint_cells", false);
    if (b->opts.aoi_mask)
        zg_members_bool(&m, "aoi_mask", true);
    if (info->kind == ZAGG_GRID_HEALPIX)
        zg_members_str(&m, "latitude",
                       info->latitude == ZAGG_LATITUDE_AUTHALIC ? "authalic-wgs84"
                                                                : "geodetic-spherical");
    return zg_members_end(&m, &b->own->pub.metadata, err);
}

zagg_status zg_build_content(zagg_map_builder *b, zagg_err *err)
{
    zagg_shardmap *map = &b->own->pub;
    ZAGG_TRY(intern(b, err));
    ZAGG_TRY(make_lists(b, err));
    ZAGG_TRY(make_masks(b, err));
    ZAGG_TRY(make_metadata(b, err));
    if (zagg_grid_get_kind(b->grid) == ZAGG_GRID_HEALPIX)
        map->latitude = zagg_grid_get_info(b->grid)->latitude == ZAGG_LATITUDE_AUTHALIC
                            ? ZAGG_MAP_LATITUDE_AUTHALIC
                            : ZAGG_MAP_LATITUDE_GEODETIC;
    else
        map->latitude = ZAGG_MAP_LATITUDE_UNKNOWN;
    return zg_grid_signature(b->grid, b->own->arena, &map->grid_signature, err);
}
