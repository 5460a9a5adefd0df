/* Rules of assignment: by the cells that upstream's library mortie covers a footprint
 * with, or by the outlines of shards. */
#include "map/target.h"

#include "map/footprint.h"

#include <math.h>
#include <stdlib.h>

/* ---- where the shards are ---- */

static zagg_status widen(const zg_target *t, size_t at, zg_prefilter *box, double *west,
                         double *east, zagg_err *err)
{
    double lat[ZG_SHARD_OUTLINE_MAX], lon[ZG_SHARD_OUTLINE_MAX], turn = 0.0;
    size_t n;
    ZAGG_TRY(zg_shard_outline(t->grid, t->keys[at], lat, lon, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(lat[i]) || !isfinite(lon[i])) {
            box->everything = true;
            return ZAGG_OK;
        }
        const double before = lon[i > 0 ? i - 1 : n - 1];
        turn += remainder(lon[i] - before, 360.0);
        const double moved = box->middle_lon + remainder(lon[i] - box->middle_lon, 360.0);
        box->south = fmin(box->south, lat[i]);
        box->north = fmax(box->north, lat[i]);
        *west = fmin(*west, moved);
        *east = fmax(*east, moved);
    }
    box->everything |= fabs(turn) > 1.0; /* around a pole */
    return ZAGG_OK;
}

/** A box around tiles on the ground, unless they reach around a pole or far. */
static zagg_status box_of_tiles(zg_target *t, zagg_err *err)
{
    double lat[ZG_SHARD_OUTLINE_MAX], lon[ZG_SHARD_OUTLINE_MAX];
    size_t n;
    ZAGG_TRY(zg_shard_outline(t->grid, t->keys[0], lat, lon, &n, err));
    zg_prefilter box = {.south = lat[0],
                        .north = lat[0],
                        .middle_lon = lon[0],
                        .everything = !isfinite(lon[0])};
    double west = lon[0], east = lon[0];
    for (size_t i = 0; i < t->n_keys && !box.everything; i++)
        ZAGG_TRY(widen(t, i, &box, &west, &east, err));
    box.half_width = 0.5 * (east - west);
    box.middle_lon = 0.5 * (east + west);
    box.everything |= !(box.half_width < 80.0);
    t->prefilter = box;
    return ZAGG_OK;
}

static zagg_status find_box(zg_target *t, zagg_err *err)
{
    zagg_extent extent;
    if (zagg_grid_get_kind(t->grid) == ZAGG_GRID_RECTILINEAR)
        return box_of_tiles(t, err);
    ZAGG_TRY(zagg_grid_extent_of(t->grid, t->keys, t->n_keys, &extent, err));
    t->prefilter = (zg_prefilter){extent.everything || extent.half_width_deg > 170.0,
                                  extent.south_deg, extent.north_deg,
                                  extent.middle_lon_deg, extent.half_width_deg};
    return ZAGG_OK;
}

/* ---- tiles as cells ---- */

typedef struct tile_cell {
    uint64_t word;
    uint32_t shard;
} tile_cell;

static int by_word(const void *a, const void *b)
{
    const tile_cell *x = a, *y = b;
    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return (x->shard > y->shard) - (x->shard < y->shard);
}

/* Tiles without a place on the ground have no cells. */
static zagg_status add_tile(const zg_target *t, size_t at, zg_vec *cells, zagg_err *err)
{
    const zagg_cover_opts opts = {.flat = true};
    double lat[ZG_SHARD_OUTLINE_MAX], lon[ZG_SHARD_OUTLINE_MAX];
    zagg_words cover;
    size_t n;
    ZAGG_TRY(zg_shard_outline(t->grid, t->keys[at], lat, lon, &n, err));
    const zagg_ring ring = {lat, lon, n};
    zagg_status status =
        zagg_cover_polygon(&ring, 1, ZG_TILE_COVER_ORDER, &opts, &cover, err);
    if (status == ZAGG_EARG)
        return ZAGG_OK;
    if (status != ZAGG_OK)
        return status;
    for (size_t i = 0; i < cover.n && status == ZAGG_OK; i++) {
        const tile_cell c = {cover.words[i], (uint32_t)at};
        if (!zg_vec_append(cells, &c, 1))
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the cells of tiles");
    }
    zagg_words_free(&cover);
    return status;
}

static zagg_status index_cells(zg_target *t, const zg_vec *cells, zagg_err *err)
{
    const tile_cell *all = cells->data;
    uint64_t *words = zg_alloc(cells->len + 1, sizeof *words);
    size_t n = 0;
    t->first_shard = zg_alloc(cells->len + 1, sizeof *t->first_shard);
    t->tile_shards = zg_alloc(cells->len + 1, sizeof *t->tile_shards);
    zagg_status status = ZAGG_OK;
    if (words == NULL || t->first_shard == NULL || t->tile_shards == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the cells of tiles");
    for (size_t i = 0; status == ZAGG_OK && i < cells->len; i++) {
        if (n == 0 || words[n - 1] != all[i].word) {
            t->first_shard[n] = i;
            words[n++] = all[i].word;
        }
        t->tile_shards[i] = all[i].shard;
    }
    if (status == ZAGG_OK)
        t->first_shard[n] = cells->len;
    if (status == ZAGG_OK && n > 0)
        status = zg_cell_set_new(words, n, ZAGG_LATITUDE_AUTHALIC, &t->cells, err);
    zg_free(words);
    return status;
}

static zagg_status cells_of_tiles(zg_target *t, zagg_err *err)
{
    zg_vec cells;
    zagg_status status = ZAGG_OK;
    zg_vec_init(&cells, sizeof(tile_cell), 0);
    for (size_t i = 0; i < t->n_keys && status == ZAGG_OK; i++)
        status = add_tile(t, i, &cells, err);
    if (cells.len > 1)
        qsort(cells.data, cells.len, sizeof(tile_cell), by_word);
    if (status == ZAGG_OK)
        status = index_cells(t, &cells, err);
    zg_vec_free(&cells);
    /* cells are larger than tiles: what is near a cell is not near the tile's box */
    t->prefilter.everything = true;
    return status;
}

/* ---- making ---- */

static zagg_status make(zg_target *t, const zagg_map_opts *opts, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(t->grid);
    ZAGG_TRY(find_box(t, err));
    if (opts->backend == ZAGG_MAP_SPHERELY)
        return zg_outline_set_new(t->grid, t->keys, t->n_keys, &t->outlines, err);
    if (info->kind == ZAGG_GRID_RECTILINEAR)
        return cells_of_tiles(t, err);
    return zg_cell_set_new(t->keys, t->n_keys, info->latitude, &t->cells, err);
}

zagg_status zg_target_new(const zagg_grid *grid, const uint64_t *keys, size_t n_keys,
                          const zagg_map_opts *opts, unsigned cover_order, zg_target *out,
                          zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    *out = (zg_target){.backend = opts->backend,
                       .grid = grid,
                       .keys = keys,
                       .n_keys = n_keys,
                       .drop_invalid = opts->drop_invalid,
                       .prefilter = {.everything = true}};
    if (info->kind == ZAGG_GRID_RECTILINEAR)
        out->cover_order = ZG_TILE_COVER_ORDER;
    else
        out->cover_order = cover_order != 0 ? cover_order : info->parent_order;
    if (info->kind == ZAGG_GRID_HEALPIX && out->cover_order < info->parent_order)
        return zagg_err_set(
            err, ZAGG_EARG,
            "footprints cannot be covered at order %u: shards have order "
            "%u, and every one below a coarser cell would get the granule",
            out->cover_order, info->parent_order);
    if (n_keys == 0)
        return ZAGG_OK;
    if (n_keys > UINT32_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "the region has %zu shards", n_keys);
    zagg_status status = make(out, opts, err);
    if (status != ZAGG_OK)
        zg_target_free(out);
    return status;
}

void zg_target_free(zg_target *t)
{
    zg_cell_set_free(&t->cells);
    zg_outline_set_free(t->outlines);
    zg_free(t->first_shard);
    zg_free(t->tile_shards);
    *t = (zg_target){.n_keys = 0};
}

void zg_target_scratch_init(zg_target_scratch *s)
{
    zg_set_scratch_init(&s->set);
    zg_vec_init(&s->near, sizeof(size_t), 0);
    zg_vec_init(&s->found, sizeof(uint32_t), 0);
}

void zg_target_scratch_free(zg_target_scratch *s)
{
    zg_set_scratch_free(&s->set);
    zg_vec_free(&s->near);
    zg_vec_free(&s->found);
}

/* ---- asking ---- */

static zagg_status tiles_of_cells(const zg_target *t, const zg_vec *found, zg_vec *hits,
                                  zagg_err *err)
{
    for (size_t i = 0; i < found->len; i++) {
        const uint32_t cell = *ZG_VEC_AT(found, uint32_t, i);
        const size_t first = t->first_shard[cell];
        if (!zg_vec_append(hits, t->tile_shards + first,
                           t->first_shard[cell + 1] - first))
            return zagg_err_set(err, ZAGG_ENOMEM,
                                "no memory for the shards of a footprint");
    }
    return ZAGG_OK;
}

/** Rings that are no polygon for the rule at hand. */
static zagg_status check_rings(const zg_target *t, const zg_rings *rings, bool *usable,
                               zagg_err *err)
{
    *usable = rings->n > 0;
    for (size_t i = 0; i < rings->n && *usable; i++) {
        *usable =
            rings->items[i].n >= 3 && zg_check_points(&rings->items[i], NULL) == ZAGG_OK;
        if (*usable && t->drop_invalid)
            ZAGG_TRY(zg_footprint_is_simple(&rings->items[i], usable, err));
    }
    return ZAGG_OK;
}

static bool far_away(const zg_target *t, const zg_rings *rings)
{
    for (size_t i = 0; i < rings->n; i++)
        if (zg_prefilter_may_reach(&t->prefilter, &rings->items[i]))
            return false;
    return true;
}

zagg_status zg_target_rings(const zg_target *t, const zg_rings *rings,
                            zg_target_scratch *s, zg_vec *hits, bool *usable,
                            zagg_err *err)
{
    const zagg_cover_opts opts = {.latitude = ZAGG_LATITUDE_GEODETIC};
    zg_polygon region;
    ZAGG_TRY(check_rings(t, rings, usable, err));
    if (!*usable || t->n_keys == 0 || far_away(t, rings))
        return ZAGG_OK;
    if (t->backend == ZAGG_MAP_SPHERELY) {
        ZAGG_TRY(zg_polygon_edges(rings->items, rings->n, &opts, &region, err));
        zagg_status status = ZAGG_OK;
        if (region.n_edges > 0)
            status = zg_outline_set_meet(t->outlines, &region, &s->near, hits, err);
        zg_polygon_free(&region);
        return status;
    }
    s->found.len = 0;
    if (t->cells.n > 0)
        ZAGG_TRY(zg_cell_set_polygon(&t->cells, rings->items, rings->n, t->cover_order,
                                     &s->set, t->first_shard ? &s->found : hits, err));
    return tiles_of_cells(t, &s->found, hits, err);
}

zagg_status zg_target_line(const zg_target *t, const zagg_ring *line,
                           zg_target_scratch *s, zg_vec *hits, bool *usable,
                           zagg_err *err)
{
    zg_polygon region;
    *usable = line->n > 0 && zg_check_points(line, NULL) == ZAGG_OK;
    if (!*usable || t->n_keys == 0)
        return ZAGG_OK;
    if (t->backend == ZAGG_MAP_SPHERELY) {
        ZAGG_TRY(zg_polygon_path(line, ZAGG_LATITUDE_GEODETIC, &region, err));
        zagg_status status =
            zg_outline_set_meet(t->outlines, &region, &s->near, hits, err);
        zg_polygon_free(&region);
        return status;
    }
    s->found.len = 0;
    if (t->cells.n > 0)
        ZAGG_TRY(zg_cell_set_line(&t->cells, line, &s->set,
                                  t->first_shard ? &s->found : hits, err));
    return tiles_of_cells(t, &s->found, hits, err);
}

zagg_status zg_target_words(const zg_target *t, const uint64_t *words, size_t n,
                            zg_vec *hits, zagg_err *err)
{
    return t->n_keys > 0 ? zg_cell_set_words(&t->cells, words, n, hits, err) : ZAGG_OK;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void zg_target_distinct(zg_vec *hits)
{
    uint32_t *v = hits->data;
    size_t kept = 0;
    if (hits->len > 1)
        qsort(v, hits->len, sizeof *v, by_number);
    for (size_t i = 0; i < hits->len; i++)
        if (kept == 0 || v[i] != v[kept - 1])
            v[kept++] = v[i];
    hits->len = kept;
}
