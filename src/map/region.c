/* Regions: polygons and boxes to rings, rings to shards. */
#include "map/region.h"

#include "grid/footprint.h"

#include <math.h>
#include <string.h>

/* ---- boxes ---- */

zagg_status zg_region_box(zagg_arena *arena, const double bbox[4], zagg_log *log,
                          zg_rings *out, zagg_err *err)
{
    zagg_shape shape;
    ZAGG_TRY(zagg_shape_from_bbox(arena, bbox, &shape, err));
    if (bbox[2] - bbox[0] >= 360.0)
        zagg_log_write(log, ZAGG_LOG_INFO,
                       "the box from latitude %.10g to %.10g has all longitudes: it is "
                       "taken as a ring around the globe",
                       bbox[1], bbox[3]);
    return zg_region_rings(arena, &shape, true, log, out, err);
}

/* ---- shapes ---- */

static bool same(double a, double b)
{
    return !(a < b) && !(a > b);
}

/** A rectangle of degrees all around the globe: on the sphere its sides along parallels
 * have no length. */
static bool full_box(const zagg_ring *r, double bbox[4])
{
    size_t n = r->n;
    if (n == 5 && same(r->lat_deg[0], r->lat_deg[4]) &&
        same(r->lon_deg[0], r->lon_deg[4]))
        n = 4;
    if (n != 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        const size_t k = (i + 1) % 4;
        const bool along = same(r->lat_deg[i], r->lat_deg[k]);
        if (along == same(r->lon_deg[i], r->lon_deg[k]))
            return false;
        if (along == same(r->lat_deg[k], r->lat_deg[(k + 1) % 4]))
            return false;
    }
    for (int axis = 0; axis < 2; axis++) {
        const double *v = axis == 0 ? r->lon_deg : r->lat_deg;
        bbox[axis] = fmin(v[0], v[2]);
        bbox[axis + 2] = fmax(v[0], v[2]);
    }
    return bbox[2] - bbox[0] >= 360.0;
}

static zagg_status add_ring(zagg_arena *arena, const zagg_ring *ring, zagg_log *log,
                            zg_vec *rings, zagg_err *err)
{
    double bbox[4];
    zg_rings boxes = {ring, 1};
    if (full_box(ring, bbox))
        ZAGG_TRY(zg_region_box(arena, bbox, log, &boxes, err));
    return zg_vec_append(rings, boxes.items, boxes.n)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rings of a region");
}

static zagg_status collect(zagg_arena *arena, const zagg_shape *shape, bool holes,
                           zagg_log *log, zg_vec *rings, zagg_err *err)
{
    for (size_t i = 0; i < shape->n_parts; i++) {
        const zagg_shape_part *part = &shape->parts[i];
        if (part->kind != ZAGG_SHAPE_POLYGON)
            continue;
        for (size_t k = 0; k < part->n_rings && (k == 0 || holes); k++)
            ZAGG_TRY(add_ring(arena, &part->rings[k], log, rings, err));
    }
    return ZAGG_OK;
}

zagg_status zg_region_rings(zagg_arena *arena, const zagg_shape *shape, bool holes,
                            zagg_log *log, zg_rings *out, zagg_err *err)
{
    zg_vec rings;
    zagg_ring *copy = NULL;
    zg_vec_init(&rings, sizeof(zagg_ring), 0);
    zagg_status status = collect(arena, shape, holes, log, &rings, err);
    if (status == ZAGG_OK && rings.len == 0)
        status = zagg_err_set(err, ZAGG_ECONFIG, "the region has no polygon");
    if (status == ZAGG_OK)
        status = zagg_arena_alloc(arena, rings.len, sizeof *copy, &copy, err);
    if (status == ZAGG_OK) {
        memcpy(copy, rings.data, rings.len * sizeof *copy);
        *out = (zg_rings){copy, rings.len};
    }
    zg_vec_free(&rings);
    return status;
}

/* ---- shards ---- */

/* There are no covers at order 0: the base cells of one at order 1. */
static zagg_status healpix_shards(const zagg_grid_info *info, const zg_rings *region,
                                  zagg_words *out, zagg_err *err)
{
    const zagg_cover_opts opts = {.latitude = info->latitude, .flat = true};
    zagg_words fine;
    if (info->parent_order > 0)
        return zagg_cover_polygon(region->items, region->n, info->parent_order, &opts,
                                  out, err);
    ZAGG_TRY(zagg_cover_polygon(region->items, region->n, 1, &opts, &fine, err));
    zagg_status status = zagg_moc_to_order(fine.words, fine.n, 0, 0, out, err);
    zagg_words_free(&fine);
    return status;
}

static zagg_status tile_shards(const zagg_grid *grid, const zg_rings *region,
                               zagg_words *out, zagg_err *err)
{
    zg_vec keys;
    zg_ground_ring *rings = zg_alloc(region->n, sizeof *rings);
    if (rings == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rings of a region");
    for (size_t i = 0; i < region->n; i++)
        rings[i] = (zg_ground_ring){region->items[i].lat_deg, region->items[i].lon_deg,
                                    region->items[i].n};
    zg_vec_init(&keys, sizeof(uint64_t), 0);
    zagg_status status = zg_grid_coverage(grid, rings, region->n, &keys, err);
    zg_free(rings);
    if (status != ZAGG_OK || keys.len == 0) {
        zg_vec_free(&keys);
        *out = (zagg_words){NULL, 0};
        return status;
    }
    *out = (zagg_words){keys.data, keys.len};
    return ZAGG_OK;
}

zagg_status zg_region_shards(const zagg_grid *grid, const zg_rings *region,
                             zagg_words *out, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    if (info->kind == ZAGG_GRID_HEALPIX)
        return healpix_shards(info, region, out, err);
    return tile_shards(grid, region, out, err);
}
