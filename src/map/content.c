/* The map itself: pairs become lists, counts become metadata. */

#include "cat/tree_copy.h"
#include "grid/signature.h"
#include "map/build.h"
#include "map/derive.h"
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
    ZAGG_TRY(
        zagg_arena_alloc(b->own->arena, map->n_shards, sizeof *shards, &shards, err));
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

static void put_counts(const zagg_map_builder *b, uint64_t assigned, zg_object *o)
{
    zg_maker *m = o->maker;
    const bool mortie = b->opts.backend == ZAGG_MAP_MORTIE;
    const double wall = zg_clock_mono_s() - b->started_s;
    zg_object_put(o, "backend", zg_make_text(m, mortie ? "mortie" : "spherely"));
    zg_object_put(o, "footprint", zg_make_text(m, b->opts.beams ? "beams" : "swath"));
    zg_object_put(o, "total_granules", zg_make_u64(m, b->considered));
    zg_object_put(o, "granules_assigned", zg_make_u64(m, assigned));
    zg_object_put(o, "total_shards", zg_make_u64(m, b->own->pub.n_shards));
    zg_object_put(o, "total_pairs", zg_make_u64(m, b->pairs.len));
    zg_object_put(o, "build_wall_s", zg_make_double(m, round(wall * 1000.0) / 1000.0));
    if (mortie)
        zg_object_put(
            o, "mortie_order",
            zg_make_u64(m, b->index_order > 0 ? b->index_order : b->target.cover_order));
}

const zagg_value *zg_metadata_merge(zg_maker *m, const zagg_value *meta,
                                    const zagg_value *more)
{
    zg_object o;
    zg_object_begin(&o, m);
    for (size_t i = 0; meta != NULL && meta->kind == ZAGG_MAP && i < meta->n; i++) {
        const zagg_value *newer = zagg_value_get(more, meta->members[i].key->str);
        zg_object_put(&o, meta->members[i].key->str,
                      newer != NULL ? newer : meta->members[i].value);
    }
    for (size_t i = 0; i < more->n; i++)
        if (zagg_value_get(meta, more->members[i].key->str) == NULL)
            zg_object_put(&o, more->members[i].key->str, more->members[i].value);
    return zg_object_end(&o);
}

/* `latitude` is zagg's own: signatures do not tell which latitude keys were made with. */
static zagg_status make_metadata(zagg_map_builder *b, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(b->grid);
    const zagg_value *pairless = NULL, *meta = NULL;
    uint64_t assigned = 0;
    zg_maker m;
    zg_object o;
    ZAGG_TRY(zg_count_ids(b->granules.data, b->granules.len, &assigned, err));
    if (b->meta != NULL)
        ZAGG_TRY(zg_tree_copy(b->own->arena, b->meta, &meta, err));
    zg_make_begin(&m, b->own->arena, err);
    if (b->siblings != NULL)
        ZAGG_TRY(zg_siblings_pairless(b->siblings, &m, b->opts.log, &pairless, err));
    zg_object_begin(&o, &m);
    put_counts(b, assigned, &o);
    if (pairless != NULL) {
        zg_object_put(&o, "pairless", pairless);
        zg_object_put(&o, "sibling_asset", zg_make_text(&m, b->opts.sibling->asset));
    }
    if (zagg_value_get(meta, "footprint_cells_order") != NULL)
        zg_object_put(&o, "footprint_cells", zg_make_bool(&m, b->index_order > 0));
    if (b->opts.aoi_mask)
        zg_object_put(&o, "aoi_mask", zg_make_bool(&m, true));
    if (info->kind == ZAGG_GRID_HEALPIX)
        zg_object_put(&o, "latitude",
                      zg_make_text(&m, info->latitude == ZAGG_LATITUDE_AUTHALIC
                                           ? "authalic-wgs84"
                                           : "geodetic-spherical"));
    b->own->pub.metadata = zg_metadata_merge(&m, meta, zg_object_end(&o));
    return m.status;
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
