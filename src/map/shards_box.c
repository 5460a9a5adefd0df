/* Boxes around the shards of a region. */
#include "map/shards_box.h"

#include "grid/footprint.h"
#include "map/region.h"

enum { SIDE_POINTS = 4 };

/* Points of a shard's outline; of a tile whose sides leave the projection those that have
 * a place. */
static zagg_status outline_of(const zagg_grid *grid, uint64_t key, zagg_arena *arena,
                              zagg_ring *out, zagg_err *err)
{
    double *lat = NULL, *lon = NULL;
    size_t n = 4 * SIDE_POINTS;
    ZAGG_TRY(zagg_arena_alloc(arena, ZG_FOOTPRINT_MAX, sizeof *lat, &lat, err));
    ZAGG_TRY(zagg_arena_alloc(arena, ZG_FOOTPRINT_MAX, sizeof *lon, &lon, err));
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    if (info->kind == ZAGG_GRID_HEALPIX)
        zagg_geo_ring(zagg_word_nested(key), info->parent_order, info->latitude,
                      SIDE_POINTS, lat, lon);
    else
        ZAGG_TRY(zg_grid_shard_outline(grid, key, lon, lat, &n, err));
    *out = (zagg_ring){lat, lon, n};
    return ZAGG_OK;
}

static zagg_status box_of(const zagg_grid *grid, const zagg_words *keys,
                          zagg_arena *arena, double out[4], zagg_err *err)
{
    zagg_ring *rings = NULL;
    zagg_shape_part *parts = NULL;
    bool any = false;
    ZAGG_TRY(zagg_arena_alloc(arena, keys->n, sizeof *rings, &rings, err));
    ZAGG_TRY(zagg_arena_alloc(arena, keys->n, sizeof *parts, &parts, err));
    for (size_t i = 0; i < keys->n; i++) {
        ZAGG_TRY(outline_of(grid, keys->words[i], arena, &rings[i], err));
        parts[i] = (zagg_shape_part){ZAGG_SHAPE_POLYGON, &rings[i], 1};
    }
    const zagg_shape shape = {parts, keys->n};
    ZAGG_TRY(zagg_shape_bbox(&shape, out, &any, err));
    return any ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ECONFIG, "the area reaches no shard of the grid");
}

zagg_status zg_region_shards_box(const zagg_grid *grid, const zagg_shape *region,
                                 zagg_log *log, double out[4], size_t *n_shards,
                                 zagg_err *err)
{
    zagg_arena *arena = NULL;
    zg_rings rings = {NULL, 0};
    zagg_words keys = {NULL, 0};
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_region_rings(arena, region, false, log, &rings, err);
    if (status == ZAGG_OK)
        status = zg_region_shards(grid, &rings, &keys, err);
    if (status == ZAGG_OK)
        status = box_of(grid, &keys, arena, out, err);
    *n_shards = keys.n;
    zagg_words_free(&keys);
    zagg_arena_free(arena);
    return status;
}
