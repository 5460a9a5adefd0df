/* From items to pairs of shard and granule: items far from all shards are dropped as they
 * come, the others are collected, given to their shards by all threads, and folded in the
 * order of the catalog. */
#include "map/build.h"

#include "cat/tree_copy.h"
#include "map/beams.h"
#include "map/footprint.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_COVER_ORDER 18 /* upstream's limit for orders that are not asked for */
enum { BATCH_ITEMS = 512 };
#define BATCH_BYTES ((size_t)16 << 20)

static void tally(zg_tally *t, const char *id)
{
    if (t->n++ == 0)
        (void)snprintf(t->first, sizeof t->first, "%s", id != NULL ? id : "without id");
}

/* ---- one item ---- */

typedef struct task_batch {
    zagg_map_builder *b;
} task_batch;

/** Shards of one item, in order. */
typedef struct outcome {
    bool unusable;
    zg_vec hits; /* uint32_t */
} outcome;

static zagg_status polygon_hits(const zagg_map_builder *b, zagg_arena *arena,
                                const zagg_shape *shape, zg_target_scratch *scratch,
                                outcome *out, zagg_err *err)
{
    zg_rings rings;
    bool usable = false, any = false;
    if (!b->by_record) {
        ZAGG_TRY(zg_footprint_all_rings(arena, shape, &rings, err));
        ZAGG_TRY(zg_target_rings(&b->target, &rings, scratch, &out->hits, &any, err));
    } else {
        rings = (zg_rings){zg_footprint_record_ring(shape), 1};
        if (b->opts.beams)
            ZAGG_TRY(zg_beams_rings(arena, rings.items, &rings, err));
        for (size_t i = 0; i < rings.n; i++) {
            const zg_rings one = {&rings.items[i], 1};
            ZAGG_TRY(
                zg_target_rings(&b->target, &one, scratch, &out->hits, &usable, err));
            any |= usable;
        }
    }
    out->unusable |= !any;
    return ZAGG_OK;
}

static zagg_status shape_hits(const zagg_map_builder *b, zagg_arena *arena,
                              const zg_pending_item *item, zg_target_scratch *scratch,
                              outcome *out, zagg_err *err)
{
    const zagg_shape *shape = &item->shape;
    if (item->cells != NULL)
        ZAGG_TRY(
            zg_target_words(&b->target, item->cells, item->n_cells, &out->hits, err));
    else if (zg_footprint_is_polygonal(shape))
        ZAGG_TRY(polygon_hits(b, arena, shape, scratch, out, err));
    for (size_t i = 0; b->opts.lines && i < shape->n_parts; i++) {
        const zagg_shape_part *part = &shape->parts[i];
        bool usable = true;
        if (part->kind != ZAGG_SHAPE_POLYGON && part->n_rings > 0)
            ZAGG_TRY(zg_target_line(&b->target, &part->rings[0], scratch, &out->hits,
                                    &usable, err));
        out->unusable |= !usable;
    }
    zg_target_distinct(&out->hits);
    return ZAGG_OK;
}

static zagg_status item_task(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    const task_batch *batch = user;
    zagg_map_builder *b = batch->b;
    const zg_pending_item *item = ZG_VEC_AT(&b->pending.items, zg_pending_item, index);
    const zagg_arena_mark mark = zagg_arena_get_mark(b->arenas[slot]);
    outcome *out = zg_alloc(1, sizeof *out);
    if (out == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shards of a granule");
    zg_vec_init(&out->hits, sizeof(uint32_t), 0);
    *result = out;
    zagg_status status =
        shape_hits(b, b->arenas[slot], item, &b->scratch[slot], out, err);
    zagg_arena_release(b->arenas[slot], mark);
    if (status != ZAGG_OK && item->record.id != NULL)
        return zagg_err_context(err, status, "footprint of %s", item->record.id);
    return status;
}

static void discard(void *user, void *result)
{
    outcome *out = result;
    (void)user;
    if (out != NULL)
        zg_vec_free(&out->hits);
    zg_free(out);
}

static zagg_status add_granule(zagg_map_builder *b, const zg_pending_item *item,
                               const zg_vec *hits, zagg_err *err)
{
    zagg_granule *granule;
    const uint32_t at = (uint32_t)b->granules.len;
    if (b->granules.len >= UINT32_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "more than 2^32 granules");
    ZAGG_TRY(zg_map_granule(&b->tree, b->region_arena, &item->record, &granule, err));
    bool ok = zg_vec_append(&b->granules, &granule, 1);
    for (size_t i = 0; ok && i < hits->len; i++) {
        const zg_pair pair = {*ZG_VEC_AT(hits, uint32_t, i), at};
        ok = zg_vec_append(&b->pairs, &pair, 1);
    }
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
}

static zagg_status fold_item(void *user, size_t index, zagg_status status, void *result,
                             const zagg_err *task_err, zagg_err *err)
{
    const task_batch *batch = user;
    zagg_map_builder *b = batch->b;
    outcome *out = result;
    const zg_pending_item *item = ZG_VEC_AT(&b->pending.items, zg_pending_item, index);
    if (status != ZAGG_OK && err != NULL)
        *err = *task_err;
    if (status == ZAGG_OK && out->unusable)
        tally(&b->unusable, item->record.id);
    if (status == ZAGG_OK && out->hits.len > 0)
        status = add_granule(b, item, &out->hits, err);
    discard(NULL, out);
    return status;
}

zagg_status zg_build_flush(zagg_map_builder *b, zagg_err *err)
{
    task_batch batch = {b};
    zagg_status status = ZAGG_OK;
    if (b->pending.items.len > 0)
        status = zagg_pool_map(b->opts.pool, b->pending.items.len, BATCH_ITEMS, item_task,
                               fold_item, discard, &batch, err);
    b->pending.items.len = 0;
    zagg_arena_free(b->pending.arena);
    b->pending.arena = NULL;
    return status;
}

/* ---- taking items ---- */

static zagg_status copy_text(zagg_arena *arena, const char **text, zagg_err *err)
{
    if (*text == NULL)
        return ZAGG_OK;
    *text = zagg_arena_strndup(arena, *text, strlen(*text));
    return *text != NULL ? ZAGG_OK
                         : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a granule");
}

static zagg_status copy_ring(zagg_arena *arena, zagg_ring *ring, zagg_err *err)
{
    double *v;
    ZAGG_TRY(zagg_arena_alloc(arena, 2 * ring->n + 1, sizeof *v, &v, err));
    if (ring->n > 0) {
        memcpy(v, ring->lat_deg, ring->n * sizeof *v);
        memcpy(v + ring->n, ring->lon_deg, ring->n * sizeof *v);
    }
    ring->lat_deg = v;
    ring->lon_deg = v + ring->n;
    return ZAGG_OK;
}

static zagg_status copy_shape(zagg_arena *arena, const zagg_shape *from, zagg_shape *out,
                              zagg_err *err)
{
    zagg_shape_part *parts;
    ZAGG_TRY(zagg_arena_alloc(arena, from->n_parts + 1, sizeof *parts, &parts, err));
    for (size_t i = 0; i < from->n_parts; i++) {
        zagg_ring *rings;
        const size_t n = from->parts[i].n_rings;
        ZAGG_TRY(zagg_arena_alloc(arena, n + 1, sizeof *rings, &rings, err));
        for (size_t k = 0; k < n; k++) {
            rings[k] = from->parts[i].rings[k];
            ZAGG_TRY(copy_ring(arena, &rings[k], err));
        }
        parts[i] = (zagg_shape_part){from->parts[i].kind, rings, n};
    }
    *out = (zagg_shape){parts, from->n_parts};
    return ZAGG_OK;
}

static zagg_status copy_record(zagg_arena *arena, zg_source_record *r, zagg_err *err)
{
    const char **texts[] = {&r->id,    &r->s3,  &r->https,   &r->datetime,
                            &r->start, &r->end, &r->time_key};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ZAGG_TRY(copy_text(arena, texts[i], err));
    return r->assets != NULL ? zg_tree_copy(arena, r->assets, &r->assets, err) : ZAGG_OK;
}

static zagg_status copy_cells(zagg_arena *arena, const zagg_item *from,
                              zg_pending_item *out, zagg_err *err)
{
    uint64_t *cells;
    ZAGG_TRY(
        zagg_arena_alloc(arena, from->n_footprint_cells + 1, sizeof *cells, &cells, err));
    if (from->n_footprint_cells > 0)
        memcpy(cells, from->footprint_cells, from->n_footprint_cells * sizeof *cells);
    out->cells = cells;
    out->n_cells = from->n_footprint_cells;
    return ZAGG_OK;
}

/** Items without cells in a catalog that has them are taken by their geometry. */
static zagg_status keep_pending(zagg_map_builder *b, const zg_source_record *record,
                                const zagg_item *from, zagg_err *err)
{
    zg_pending *p = &b->pending;
    zg_pending_item item = {.record = *record};
    if (p->arena == NULL)
        ZAGG_TRY(zagg_arena_new(0, &p->arena, err));
    ZAGG_TRY(copy_record(p->arena, &item.record, err));
    ZAGG_TRY(copy_shape(p->arena, &from->shape, &item.shape, err));
    if (b->index_order > 0 && from->footprint_cells != NULL)
        ZAGG_TRY(copy_cells(p->arena, from, &item, err));
    if (!zg_vec_append(&p->items, &item, 1))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a granule");
    if (p->items.len >= BATCH_ITEMS || zagg_arena_used(p->arena) >= BATCH_BYTES)
        return zg_build_flush(b, err);
    return ZAGG_OK;
}

/** Beams lie within their swath but for the width of a corridor, which the box's margins
 * have room for. */
static bool far_away(const zagg_map_builder *b, const zagg_shape *shape)
{
    for (size_t i = 0; i < shape->n_parts; i++)
        for (size_t k = 0; k < shape->parts[i].n_rings; k++)
            if (zg_prefilter_may_reach(&b->target.prefilter, &shape->parts[i].rings[k]))
                return false;
    return true;
}

zagg_status zagg_map_builder_add(zagg_map_builder *b, const zagg_item *item,
                                 zagg_err *err)
{
    zg_source_record record = {.id = item->id,
                               .s3 = item->s3,
                               .https = item->https,
                               .start = item->start,
                               .end = item->end};
    zagg_status status = ZAGG_OK;
    if (item->shape.n_parts == 0) {
        tally(&b->without_geometry, item->id);
        return ZAGG_OK;
    }
    if (!zg_footprint_is_polygonal(&item->shape) && !b->opts.lines)
        return ZAGG_OK;
    if (b->siblings != NULL && !zg_siblings_pair(b->siblings, &record, &status, err))
        return status;
    b->considered++;
    if (b->keys.n == 0 || far_away(b, &item->shape))
        return ZAGG_OK;
    if (item->s3 == NULL && item->https == NULL) {
        record.datetime = item->datetime;
        record.time_key = item->time_key;
        record.assets = item->assets;
    }
    return keep_pending(b, &record, item, err);
}

/* ---- beginning ---- */

static zagg_status find_region(zagg_map_builder *b, zagg_err *err)
{
    const zagg_value *bbox = zagg_value_get_set(b->meta, "bbox");
    double box[4];
    if (b->opts.region != NULL)
        return zg_region_rings(b->region_arena, b->opts.region, false, b->opts.log,
                               &b->region, err);
    if (bbox == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "no region is given and the catalog names no bbox: give a "
                            "polygon or a bounding box");
    const zagg_status status = zagg_bbox_from_value(bbox, box, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "bbox of the catalog");
    return zg_region_box(b->region_arena, box, b->opts.log, &b->region, err);
}

static zagg_status check_beams(const zagg_map_builder *b, zagg_err *err)
{
    const char *collection = b->meta ? zg_value_text(b->meta, "collection") : NULL;
    if (!b->opts.beams || zg_beams_of_product(collection))
        return ZAGG_OK;
    if (collection == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "footprints of beams are those of ATL03 and ATL06, and the "
                            "catalog does not name its collection");
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "footprints of beams are those of ATL03 and ATL06; the catalog's "
                        "collection is %s",
                        collection);
}

/** Order at which upstream covers footprints: with rings of records that of the chunks.
 */
static unsigned cover_order(const zagg_map_builder *b)
{
    const zagg_grid_info *info = zagg_grid_get_info(b->grid);
    if (b->opts.cover_order != 0 || info->kind != ZAGG_GRID_HEALPIX)
        return b->opts.cover_order;
    if (!b->by_record)
        return info->parent_order;
    const unsigned order =
        info->chunk_order < MAX_COVER_ORDER ? info->chunk_order : MAX_COVER_ORDER;
    return order > info->parent_order ? order : info->parent_order;
}

/** Whether the cells that the catalog keeps of its footprints serve this build: they are
 * those of swaths, at their order, on the authalic sphere. */
static zagg_status look_for_index(zagg_map_builder *b, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(b->grid);
    const zagg_value *v = zagg_value_get_set(b->meta, "footprint_cells_order");
    uint64_t order = 0;
    if (v == NULL || b->by_record || b->opts.cover_order != 0)
        return ZAGG_OK;
    if (!zagg_value_u64(v, &order) || order < 1 || order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "footprint_cells_order of the catalog is no order of cells");
    if (info->latitude != ZAGG_LATITUDE_AUTHALIC) {
        zagg_log_write(b->opts.log, ZAGG_LOG_INFO,
                       "the catalog's footprint_cells are of authalic latitude, which "
                       "the shards are not of: geometries are used");
        return ZAGG_OK;
    }
    if (order < info->parent_order)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "the catalog's footprint_cells have order %llu, and every shard of order %u "
            "below one of them would get the granule: index it anew with zagg catalog "
            "convert --index-footprints %u, or use the geometries (--cover-order %u)",
            (unsigned long long)order, info->parent_order, info->parent_order,
            info->parent_order);
    b->index_order = (unsigned)order;
    return ZAGG_OK;
}

static zagg_status make_slots(zagg_map_builder *b, zagg_err *err)
{
    const size_t n = zagg_pool_width(b->opts.pool);
    b->scratch = zg_alloc(n, sizeof *b->scratch);
    b->arenas = zg_alloc(n, sizeof(zagg_arena *));
    if (b->scratch == NULL || b->arenas == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to build a shard map");
    for (size_t i = 0; i < n; i++) {
        char *first; /* a block that stays: without it every item would map its own */
        ZAGG_TRY(zagg_arena_new(0, &b->arenas[i], err));
        zg_target_scratch_init(&b->scratch[i]);
        b->n_slots++;
        ZAGG_TRY(zagg_arena_alloc(b->arenas[i], 1, 1, &first, err));
    }
    return ZAGG_OK;
}

static zagg_status begin(zagg_map_builder *b, zagg_err *err)
{
    ZAGG_TRY(check_beams(b, err));
    ZAGG_TRY(look_for_index(b, err));
    ZAGG_TRY(zg_owned_map_new("shard map", &b->own, err));
    zg_tree_init(&b->tree, b->own->arena);
    ZAGG_TRY(zagg_arena_new(0, &b->region_arena, err));
    ZAGG_TRY(make_slots(b, err));
    ZAGG_TRY(find_region(b, err));
    ZAGG_TRY(zg_region_shards(b->grid, &b->region, &b->keys, err));
    ZAGG_TRY(zg_target_new(b->grid, b->keys.words, b->keys.n, &b->opts, cover_order(b),
                           &b->target, err));
    if (b->opts.sibling != NULL)
        ZAGG_TRY(zg_siblings_read(b->opts.sibling, &b->siblings, err));
    return ZAGG_OK;
}

zagg_status zagg_map_builder_new(const zagg_grid *grid, const zagg_value *meta,
                                 const zagg_map_opts *opts, zagg_map_builder **out,
                                 zagg_err *err)
{
    zagg_map_builder *b = zg_alloc(1, sizeof *b);
    if (b == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to build a shard map");
    *b = (zagg_map_builder){.grid = grid, .meta = meta, .opts = *opts};
    b->by_record = opts->backend == ZAGG_MAP_SPHERELY || opts->beams ||
                   opts->sibling != NULL ||
                   zagg_grid_get_kind(grid) == ZAGG_GRID_RECTILINEAR;
    b->started_s = zg_clock_mono_s();
    zg_vec_init(&b->pending.items, sizeof(zg_pending_item), 0);
    zg_vec_init(&b->granules, sizeof(const zagg_granule *), 0);
    zg_vec_init(&b->pairs, sizeof(zg_pair), 0);
    zagg_status status = begin(b, err);
    if (status != ZAGG_OK) {
        zagg_map_builder_free(b);
        return status;
    }
    *out = b;
    return ZAGG_OK;
}

void zagg_map_builder_free(zagg_map_builder *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->n_slots; i++) {
        zg_target_scratch_free(&b->scratch[i]);
        zagg_arena_free(b->arenas[i]);
    }
    zg_free(b->scratch);
    zg_free(b->arenas);
    zg_target_free(&b->target);
    zg_siblings_free(b->siblings);
    zagg_words_free(&b->keys);
    zagg_arena_free(b->pending.arena);
    zagg_arena_free(b->region_arena);
    zg_vec_free(&b->pending.items);
    zg_vec_free(&b->granules);
    zg_vec_free(&b->pairs);
    if (b->own != NULL)
        zagg_shardmap_free(&b->own->pub);
    zg_free(b);
}

/* ---- ending ---- */

static zagg_status judge_geometry(const zagg_map_builder *b, zagg_err *err)
{
    const zg_tally *t = &b->without_geometry;
    if (t->n > 0 && !b->opts.skip_null)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%llu items of the catalog have no geometry (the first is "
            "%s), so that nothing tells which shards they belong to: leave "
            "them out of the catalog, or ask for them to be skipped",
            (unsigned long long)t->n, t->first);
    if (t->n > 0)
        zagg_log_write(b->opts.log, ZAGG_LOG_WARN,
                       "%llu items without a geometry are left out (the first is %s)",
                       (unsigned long long)t->n, t->first);
    if (b->unusable.n > 0)
        zagg_log_write(
            b->opts.log, ZAGG_LOG_WARN,
            "%llu granules have a footprint that is no polygon and belong to no "
            "shard (the first is %s)",
            (unsigned long long)b->unusable.n, b->unusable.first);
    return ZAGG_OK;
}

zagg_status zagg_map_builder_finish(zagg_map_builder *b, const char *name,
                                    zagg_shardmap **out, zagg_err *err)
{
    zagg_status status = zg_build_flush(b, err);
    if (status == ZAGG_OK)
        status = judge_geometry(b, err);
    if (status == ZAGG_OK)
        status = zg_build_content(b, err);
    if (status == ZAGG_OK)
        status =
            zg_check_names(b->grid, &b->own->pub, b->granules.data, b->granules.len, err);
    if (status == ZAGG_OK)
        status = zg_tree_text(&b->tree, name, strlen(name), &b->own->pub.name, err);
    if (status == ZAGG_OK) {
        *out = &b->own->pub;
        b->own = NULL;
    }
    zagg_map_builder_free(b);
    return status;
}

static zagg_status add_item(void *user, const zagg_item *item, zagg_err *err)
{
    return zagg_map_builder_add(user, item, err);
}

zagg_status zagg_map_build(const zagg_grid *grid, zagg_catalog *catalog,
                           const zagg_map_opts *opts, zagg_shardmap **out, zagg_err *err)
{
    zagg_map_builder *b;
    ZAGG_TRY(zagg_map_builder_new(grid, zagg_catalog_meta(catalog), opts, &b, err));
    zagg_status status = zagg_catalog_read(catalog, add_item, b, err);
    if (status == ZAGG_OK)
        return zagg_map_builder_finish(b, "shard map", out, err);
    zagg_map_builder_free(b);
    return status;
}
