/* A scene of a shard map: shards by how many granules they read. */
#include "cat/cat.h"
#include "map/write.h"
#include "text/text.h"
#include "view/bins.h"
#include "view/granules.h"
#include "zagg/mapbuild.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct source {
    const zagg_shardmap *map;
    const zg_view_opts *opts;
    zg_scene *scene;
    zg_frame frame;
    zagg_grid *grid; /* NULL: not told; the keys are taken for morton words */
} source;

static zagg_latitude latitude_of(const zagg_shardmap *map)
{
    return map->latitude == ZAGG_MAP_LATITUDE_GEODETIC ||
                   map->latitude == ZAGG_MAP_LATITUDE_LEGACY
               ? ZAGG_LATITUDE_GEODETIC
               : ZAGG_LATITUDE_AUTHALIC;
}

/* ---- the grid ---- */

/* Maps without a signature: morton words of one order say all that is needed. */
static zagg_status guess_frame(source *s, zagg_err *err)
{
    const zagg_shardmap *map = s->map;
    const unsigned order = map->n_shards > 0 && zagg_word_valid(map->shards[0].key)
                               ? zagg_word_order(map->shards[0].key)
                               : 0;
    zg_frame_healpix(&s->frame, order, latitude_of(map));
    return map->n_shards == 0 || zagg_word_valid(map->shards[0].key)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ECONFIG,
                              "%s: has no grid_signature, and its keys are no morton "
                              "words: where its shards lie is not known",
                              map->name);
}

static zagg_status find_frame(source *s, zagg_err *err)
{
    if (s->map->grid_signature == NULL)
        return guess_frame(s, err);
    ZAGG_TRY(zagg_map_grid(s->map, latitude_of(s->map), &s->grid, err));
    const zagg_grid_info *g = zagg_grid_get_info(s->grid);
    if (g->kind == ZAGG_GRID_HEALPIX) {
        zg_frame_healpix(&s->frame, g->parent_order, g->latitude);
        return ZAGG_OK;
    }
    return zg_frame_boxes(&s->frame, g->crs, g->resolution, g->bounds, g->shape,
                          g->shard_shape, err);
}

/* Unit of a shard in the frame. */
static zagg_status unit_of(const source *s, uint64_t key, uint64_t *id, zagg_err *err)
{
    if (s->grid != NULL) {
        zagg_shard shard;
        ZAGG_TRY(zagg_grid_shard(s->grid, key, &shard, err));
        *id = s->frame.kind == ZAGG_GRID_HEALPIX
                  ? zagg_word_nested(key)
                  : shard.block[0] * s->frame.columns + shard.block[1];
        return ZAGG_OK;
    }
    if (!zagg_word_valid(key) || zagg_word_order(key) != s->frame.order)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: shard key %" PRIu64 " is no morton word of order %u",
                            s->map->name, key, s->frame.order);
    *id = zagg_word_nested(key);
    return ZAGG_OK;
}

/* ---- items ---- */

static zagg_status add_item(const source *s, unsigned step, uint64_t id, zg_item **out,
                            zagg_err *err)
{
    char label[96];
    zg_item *item = zg_scene_item(s->scene);
    if (item == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shards of a map");
    zg_frame_label(&s->frame, step, id, label);
    zg_frame_outline(&s->frame, step, id, &s->scene->shapes);
    *out = item;
    return zg_scene_text(s->scene, label, &item->label, err);
}

static zagg_status add_shards(const source *s, zagg_err *err)
{
    for (size_t i = 0; i < s->map->n_shards; i++) {
        const zagg_shard_entry *shard = &s->map->shards[i];
        uint64_t id;
        zg_item *item;
        char label[40];
        ZAGG_TRY(unit_of(s, shard->key, &id, err));
        ZAGG_TRY(add_item(s, 0, id, &item, err));
        if (s->grid != NULL && s->frame.kind == ZAGG_GRID_RECTILINEAR) {
            zagg_grid_shard_label(s->grid, shard->key, label);
            ZAGG_TRY(zg_scene_text(s->scene, label, &item->label, err));
        }
        item->key = shard->key;
        item->value = (double)shard->n_granules;
    }
    return ZAGG_OK;
}

/* Too many shards for a page: neighbours are shown together. */
static zagg_status sum_up(const source *s, zg_bins *bins, zagg_err *err)
{
    char size[48];
    for (size_t i = 0; i < s->map->n_shards; i++) {
        uint64_t id;
        ZAGG_TRY(unit_of(s, s->map->shards[i].key, &id, err));
        ZAGG_TRY(zg_bins_add(bins, id, (double)s->map->shards[i].n_granules, 0, err));
    }
    ZAGG_TRY(zg_bins_finish(bins, err));
    for (size_t i = 0; i < bins->bins.len; i++) {
        const zg_bin *bin = ZG_VEC_AT(&bins->bins, zg_bin, i);
        zg_item *item;
        ZAGG_TRY(add_item(s, bins->step, bin->id, &item, err));
        item->key = zg_frame_word(&s->frame, bins->step, bin->id);
        item->parts = bin->parts;
        item->value = bin->sum / (double)bin->values;
        item->low = bin->low;
        item->high = bin->high;
    }
    zg_frame_size(&s->frame, bins->step, size);
    s->scene->item_name = "group of shard";
    s->scene->value_name = "granules a shard (mean)";
    return zg_scene_note(s->scene, err,
                         "%zu shards are too many for a page: they are shown in %zu "
                         "groups of up to %" PRIu64 " neighbours%s%s, without their "
                         "granules; `zagg shardmap subset` makes smaller maps",
                         s->map->n_shards, s->scene->items.len,
                         UINT64_C(1) << (2 * (bins->step < 31 ? bins->step : 31)),
                         size[0] != '\0' ? " of about " : "", size);
}

/* ---- granules ---- */

static zagg_status add_members(const source *s, zg_map_numbers *numbers, bool *left_out,
                               zagg_err *err)
{
    for (size_t i = 0; i < s->map->n_shards; i++) {
        const zagg_shard_entry *shard = &s->map->shards[i];
        zg_item *item = ZG_VEC_AT(&s->scene->items, zg_item, i);
        item->first_member = s->scene->members.len;
        for (size_t k = 0; k < shard->n_granules; k++) {
            bool first;
            const uint32_t number = zg_map_number_of(numbers, shard->granules[k], &first);
            if (first)
                ZAGG_TRY(zg_granule_add(s->scene, shard->granules[k]->id, NULL, left_out,
                                        err));
            if (*left_out)
                return ZAGG_OK;
            if (!zg_vec_append(&s->scene->members, &number, 1))
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory for granules");
        }
        item->n_members = shard->n_granules;
    }
    return ZAGG_OK;
}

static zagg_status leave_out(const source *s, size_t pairs, zagg_err *err)
{
    s->scene->members.len = 0;
    s->scene->granules.len = 0;
    for (size_t i = 0; i < s->scene->items.len; i++)
        ZG_VEC_AT(&s->scene->items, zg_item, i)->n_members = 0;
    return zg_scene_note(s->scene, err,
                         "the lists of granules (%zu entries) are too long for a page "
                         "and were left out; `zagg shardmap subset` makes smaller maps",
                         pairs);
}

static zagg_status add_granules(const source *s, size_t pairs, zagg_err *err)
{
    zg_map_numbers numbers;
    bool left_out = pairs > ZG_VIEW_MAX_PAIRS;
    if (!left_out) {
        ZAGG_TRY(zg_map_numbers_new(s->map, &numbers, err));
        const zagg_status status = add_members(s, &numbers, &left_out, err);
        zg_map_numbers_free(&numbers);
        ZAGG_TRY(status);
    }
    if (left_out)
        return leave_out(s, pairs, err);
    return s->opts->catalog != NULL
               ? zg_granule_footprints(s->scene, s->opts->catalog, s->opts, err)
               : ZAGG_OK;
}

/* ---- facts ---- */

static zagg_status add_facts(const source *s, size_t pairs, zagg_err *err)
{
    zg_scene *scene = s->scene;
    const zagg_value *meta = s->map->metadata;
    const char *name = zg_value_text(meta, "short_name");
    const char *version = zg_value_text(meta, "version");
    char size[48];
    zg_frame_size(&s->frame, 0, size);
    ZAGG_TRY(zg_scene_fact(scene, err, "Shards", "%zu", s->map->n_shards));
    if (scene->granules.len > 0)
        ZAGG_TRY(zg_scene_fact(scene, err, "Granules", "%zu", scene->granules.len));
    ZAGG_TRY(zg_scene_fact(scene, err, "Pairs", "%zu", pairs));
    if (s->frame.kind == ZAGG_GRID_HEALPIX)
        ZAGG_TRY(zg_scene_fact(scene, err, "Grid", "HEALPix, shards of order %u (%s)",
                               s->frame.order, size));
    else
        ZAGG_TRY(zg_scene_fact(scene, err, "Grid", "%s%s%s",
                               zagg_grid_get_info(s->grid)->crs_id,
                               size[0] != '\0' ? ", shards of " : "", size));
    if (name != NULL)
        ZAGG_TRY(zg_scene_fact(scene, err, "Product", "%s%s%s", name,
                               version != NULL ? " " : "",
                               version != NULL ? version : ""));
    const char *from = zg_value_text(meta, "start_date"),
               *to = zg_value_text(meta, "end_date");
    if (from != NULL && to != NULL)
        ZAGG_TRY(zg_scene_fact(scene, err, "Period", "%s to %s", from, to));
    return ZAGG_OK;
}

static zagg_status gather(source *s, zagg_err *err)
{
    size_t pairs = 0;
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < s->map->n_shards; i++)
        pairs += s->map->shards[i].n_granules;
    ZAGG_TRY(find_frame(s, err));
    if (s->map->n_shards > ZG_VIEW_MAX_ITEMS) {
        zg_bins bins;
        zg_bins_init(&bins, &s->frame, ZG_VIEW_MAX_ITEMS);
        status = sum_up(s, &bins, err);
        zg_bins_free(&bins);
    } else {
        status = add_shards(s, err);
        if (status == ZAGG_OK)
            status = add_granules(s, pairs, err);
    }
    ZAGG_TRY(status);
    if (s->map->n_shards == 0)
        ZAGG_TRY(zg_scene_note(s->scene, err, "the map has no shards"));
    ZAGG_TRY(add_facts(s, pairs, err));
    return zg_scene_finish(s->scene, s->opts, err);
}

zagg_status zg_view_shardmap(const zagg_shardmap *map, const zg_view_opts *opts,
                             zg_scene **out, zagg_err *err)
{
    source s = {.map = map, .opts = opts};
    if (opts->field != NULL && strcmp(opts->field, "count") != 0)
        return zagg_err_set(err, ZAGG_EARG,
                            "%s: shards are coloured by their count of granules; --field "
                            "is for stores and catalogs",
                            map->name);
    ZAGG_TRY(zg_scene_new("shard map", &s.scene, err));
    s.scene->item_name = "shard";
    s.scene->value_name = "granules";
    s.scene->value_kind = ZG_VALUE_COUNT;
    const zagg_status base =
        zg_scene_text(s.scene, zg_href_basename(map->name), &s.scene->title, err);
    const zagg_status status = base == ZAGG_OK ? gather(&s, err) : base;
    zg_frame_free(&s.frame);
    zagg_grid_free(s.grid);
    if (status == ZAGG_OK)
        *out = s.scene;
    else
        zg_scene_free(s.scene);
    return status;
}
