/* A scene of a store: cells by a field, or by how many observations they hold. */
#include "cat/cat.h"
#include "view/bins.h"
#include "view/scene.h"
#include "view/store_field.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct source {
    const zagg_store *store;
    const zagg_store_group *group;
    size_t group_at;
    const zg_view_opts *opts;
    zg_scene *scene;
    zg_pick pick;
    zg_frame frame; /* of what is coloured: cells, chunks or shards */
    zg_bins bins;
    uint64_t cells; /* with data */
} source;

/* ---- choosing ---- */

static zagg_status find_group(source *s, zagg_err *err)
{
    const char *wanted = s->opts->group, *name = zagg_store_name(s->store);
    size_t n = 0;
    for (size_t i = 0; i < zagg_store_n_groups(s->store); i++) {
        const zagg_store_group *g = zagg_store_get_group(s->store, i);
        if (!g->has_grid || (wanted != NULL && strcmp(g->name, wanted) != 0))
            continue;
        if (n++ == 0) {
            s->group = g;
            s->group_at = i;
        }
    }
    if (n == 1)
        return ZAGG_OK;
    if (wanted != NULL)
        return zagg_err_set(err, ZAGG_EARG,
                            "%s: --group %s: there is no such group of cells", name,
                            wanted);
    return zagg_err_set(err, n > 1 ? ZAGG_EARG : ZAGG_ENOTFOUND,
                        n > 1 ? "%s: has several groups of cells; choose one with --group"
                              : "%s: has no group of cells",
                        name);
}

static zagg_status find_frame(source *s, zagg_err *err)
{
    const zagg_store_grid *g = &s->group->grid;
    static const uint64_t ONE[2] = {1, 1};
    const uint64_t *unit = s->pick.kind == ZG_PICK_CELLS   ? g->shard_shape
                           : s->pick.kind == ZG_PICK_CHUNK ? g->chunk_shape
                                                           : ONE;
    if (g->kind == ZAGG_GRID_RECTILINEAR)
        return zg_frame_boxes(&s->frame, g->crs, g->resolution, g->bounds, g->shape, unit,
                              err);
    zg_frame_healpix(&s->frame,
                     s->pick.kind == ZG_PICK_CELLS   ? g->shard_order
                     : s->pick.kind == ZG_PICK_CHUNK ? g->chunk_order
                                                     : g->cell_order,
                     g->latitude);
    return ZAGG_OK;
}

/* ---- reading ---- */

static uint64_t unit_of_block(const source *s, const uint64_t index[2])
{
    return s->frame.kind == ZAGG_GRID_HEALPIX ? index[0]
                                              : index[0] * s->frame.columns + index[1];
}

static zagg_status take_chunk(source *s, const zagg_store_shard *shard,
                              const zagg_store_chunk *chunk, zagg_err *err)
{
    const size_t n = s->pick.kind == ZG_PICK_CHUNK ? 1 : chunk->n_cells;
    for (size_t cell = 0; cell < n; cell++) {
        bool has;
        double value;
        ZAGG_TRY(zg_pick_value(&s->pick, chunk, cell, &has, &value, err));
        if (!has)
            continue;
        s->cells++;
        const uint64_t id = s->pick.kind == ZG_PICK_CELLS ? unit_of_block(s, shard->block)
                            : s->pick.kind == ZG_PICK_CHUNK
                                ? unit_of_block(s, chunk->index)
                                : chunk->cell_ids[cell];
        ZAGG_TRY(
            zg_bins_add(&s->bins, id, value, zg_pick_count(&s->pick, chunk, cell), err));
    }
    return ZAGG_OK;
}

static zagg_status read_shards(source *s, zagg_store_reader *reader, zagg_err *err)
{
    zagg_store_chunk chunk;
    for (size_t i = 0; i < s->group->n_shards; i++) {
        ZAGG_TRY(zagg_store_reader_shard(reader, i, err));
        for (uint64_t b = 0; b < s->group->grid.chunks_per_shard; b++) {
            if (zg_is_stopped(s->opts->stop))
                return zagg_err_set(err, ZAGG_ECANCELLED, "interrupted");
            ZAGG_TRY(zagg_store_reader_chunk(reader, b, &chunk, err));
            ZAGG_TRY(take_chunk(s, &s->group->shards[i], &chunk, err));
        }
    }
    return zg_bins_finish(&s->bins, err);
}

static zagg_status read_store(source *s, zagg_err *err)
{
    zagg_store_reader *reader = NULL;
    bool *wanted = zg_pick_wanted(&s->pick, s->group);
    if (wanted == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read a store");
    zagg_status status =
        zagg_store_reader_new(s->store, s->group_at, wanted, &reader, err);
    if (status == ZAGG_OK)
        status = read_shards(s, reader, err);
    zagg_store_reader_free(reader);
    zg_free(wanted);
    return status;
}

/* ---- items ---- */

static zagg_status add_item(source *s, unsigned step, uint64_t id, zg_item **out,
                            zagg_err *err)
{
    char label[96];
    zg_item *item = zg_scene_item(s->scene);
    if (item == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the cells of a map");
    zg_frame_label(&s->frame, step, id, label);
    zg_frame_outline(&s->frame, step, id, &s->scene->shapes);
    item->key = zg_frame_word(&s->frame, step, id);
    *out = item;
    return zg_scene_text(s->scene, label, &item->label, err);
}

static zagg_status add_items(source *s, zagg_err *err)
{
    const bool adds_up = s->pick.is_count || s->pick.kind == ZG_PICK_CELLS;
    for (size_t i = 0; i < s->bins.bins.len; i++) {
        const zg_bin *bin = ZG_VEC_AT(&s->bins.bins, zg_bin, i);
        zg_item *item;
        ZAGG_TRY(add_item(s, s->bins.step, bin->id, &item, err));
        if (bin->values > 0)
            item->value = adds_up ? bin->sum : bin->sum / (double)bin->values;
        if (s->pick.kind != ZG_PICK_CELLS) {
            item->parts = bin->parts;
            item->low = bin->low;
            item->high = bin->high;
        }
        if (s->pick.count != SIZE_MAX)
            item->count = bin->count;
    }
    return ZAGG_OK;
}

/* Nothing to colour, but the store has shards: they are shown without. */
static zagg_status add_bare_shards(source *s, zagg_err *err)
{
    const size_t n = s->group->n_shards;
    ZAGG_TRY(zg_scene_note(s->scene, err, "no cell holds data in %s", s->pick.name));
    if (n == 0)
        return zg_scene_note(s->scene, err, "the store has no shards");
    zg_frame_free(&s->frame);
    s->pick.kind = ZG_PICK_CELLS;
    ZAGG_TRY(find_frame(s, err));
    s->scene->item_name = "shard";
    for (size_t i = 0; i < n && i < ZG_VIEW_MAX_ITEMS; i++) {
        zg_item *item;
        ZAGG_TRY(add_item(s, 0, unit_of_block(s, s->group->shards[i].block), &item, err));
    }
    return zg_scene_note(s->scene, err, "the stored shards are drawn without a value");
}

/* ---- words ---- */

static zagg_status name_values(source *s, zagg_err *err)
{
    static const char *const UNITS[] = {"shard", "cell", "cell", "cell", "chunk"};
    char text[192];
    const char *how = s->bins.step == 0                                   ? ""
                      : s->pick.is_count || s->pick.kind == ZG_PICK_CELLS ? ", sum"
                                                                          : ", mean";
    zg_scene *scene = s->scene;
    scene->item_name = s->bins.step > 0 ? "block" : UNITS[s->pick.kind];
    scene->value_kind =
        s->pick.is_count || s->pick.kind == ZG_PICK_CELLS || s->pick.kind == ZG_PICK_ROWS
            ? ZG_VALUE_COUNT
            : ZG_VALUE_NUMBER;
    (void)snprintf(text, sizeof text, "%s%s", s->pick.name, how);
    return zg_scene_text(scene, text, &scene->value_name, err);
}

static zagg_status note_summing(source *s, zagg_err *err)
{
    const bool healpix = s->frame.kind == ZAGG_GRID_HEALPIX;
    const unsigned step = s->bins.step;
    char size[48], what[64];
    zg_frame_size(&s->frame, step, size);
    if (healpix)
        (void)snprintf(what, sizeof what, "HEALPix cells of order %u",
                       s->frame.order - step);
    else
        (void)snprintf(what, sizeof what, "blocks of %" PRIu64 " by %" PRIu64 " cells",
                       UINT64_C(1) << step, UINT64_C(1) << step);
    return zg_scene_note(
        s->scene, err,
        "%" PRIu64 " cells are too many for a page: %s of them in %s%s%s%s", s->cells,
        s->pick.is_count || s->pick.kind == ZG_PICK_CELLS ? "the sum" : "the mean", what,
        size[0] != '\0' ? " (" : "", size, size[0] != '\0' ? ")" : "");
}

static zagg_status note_windows(source *s, zagg_err *err)
{
    const char *first = NULL;
    size_t windows = 0;
    for (size_t i = 0; i < s->group->n_shards; i++) {
        const char *w = s->group->shards[i].window;
        if (w != NULL && (first == NULL || strcmp(first, w) != 0)) {
            first = first == NULL ? w : first;
            windows++;
        }
    }
    return windows > 1
               ? zg_scene_note(s->scene, err, "all time windows are shown together")
               : ZAGG_OK;
}

static zagg_status add_facts(source *s, zagg_err *err)
{
    const zagg_store_grid *g = &s->group->grid;
    zg_scene *scene = s->scene;
    char n[40];
    zg_value_text_of(ZG_VALUE_COUNT, (double)s->cells, n);
    ZAGG_TRY(zg_scene_fact(scene, err, "Store", "%s, group %s",
                           zagg_store_form_name(zagg_store_get_form(s->store)),
                           s->group->name));
    ZAGG_TRY(zg_scene_fact(scene, err, "Shards", "%zu", s->group->n_shards));
    ZAGG_TRY(zg_scene_fact(
        scene, err,
        s->pick.kind == ZG_PICK_CHUNK ? "Chunks with data" : "Cells with data", "%s", n));
    if (g->kind == ZAGG_GRID_HEALPIX)
        return zg_scene_fact(scene, err, "Grid",
                             "HEALPix, cells of order %u, shards of order %u",
                             g->cell_order, g->shard_order);
    return zg_scene_fact(scene, err, "Grid",
                         "%s, %" PRIu64 " x %" PRIu64 " cells of %.6g x %.6g", g->crs,
                         g->shape[0], g->shape[1], g->resolution[0], g->resolution[1]);
}

/* ---- the whole ---- */

static zagg_status gather(source *s, zagg_err *err)
{
    ZAGG_TRY(zg_scene_text(s->scene, zg_href_basename(zagg_store_name(s->store)),
                           &s->scene->title, err));
    ZAGG_TRY(find_frame(s, err));
    ZAGG_TRY(read_store(s, err));
    ZAGG_TRY(name_values(s, err));
    ZAGG_TRY(add_facts(s, err));
    if (s->bins.step > 0)
        ZAGG_TRY(note_summing(s, err));
    ZAGG_TRY(note_windows(s, err));
    ZAGG_TRY(s->bins.bins.len > 0 ? add_items(s, err) : add_bare_shards(s, err));
    return zg_scene_finish(s->scene, s->opts, err);
}

zagg_status zg_view_store(const zagg_store *store, const zg_view_opts *opts,
                          zg_scene **out, zagg_err *err)
{
    source s = {.store = store, .opts = opts};
    zagg_status status = find_group(&s, err);
    ZAGG_TRY(status);
    zg_bins_init(&s.bins, &s.frame, ZG_VIEW_MAX_ITEMS);
    status = zg_pick_field(s.group, opts->field, &s.pick, err);
    if (status == ZAGG_OK)
        status = zg_scene_new("store", &s.scene, err);
    if (status == ZAGG_OK)
        status = gather(&s, err);
    zg_bins_free(&s.bins);
    zg_frame_free(&s.frame);
    zg_pick_free(&s.pick);
    if (status == ZAGG_OK)
        *out = s.scene;
    else
        zg_scene_free(s.scene);
    return status;
}
