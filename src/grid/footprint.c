/* Tiles to the ground and back; the arithmetic of corners and pixels is that of
 * upstream's affine transforms. */
#include "grid/footprint.h"

#include "grid/grid.h"
#include "grid/polygon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_A_SIDE 32

/* Corners of a tile in the CRS: left, lower, right, upper. */
static void tile_box(const zagg_grid_info *i, uint64_t row, uint64_t column,
                     double box[4])
{
    const double w = (double)i->shard_shape[1], h = (double)i->shard_shape[0];
    const double left = i->resolution[0] * ((double)column * w) + i->bounds[0];
    const double upper = -i->resolution[1] * ((double)row * h) + i->bounds[3];
    box[0] = left;
    box[1] = -i->resolution[1] * h + upper;
    box[2] = i->resolution[0] * w + left;
    box[3] = upper;
}

/* The points of a side behind its first one, in steps, its end last. */
static size_t walk_side(const double from[2], const double to[2], double step, double *x,
                        double *y)
{
    const double length =
        fabs(to[0] - from[0]) + fabs(to[1] - from[1]); /* along an axis */
    size_t n = 0;
    for (double d = step; d < length && n < STEPS_A_SIDE; d += step, n++) {
        const double part = d / length;
        x[n] = from[0] + (to[0] - from[0]) * part;
        y[n] = from[1] + (to[1] - from[1]) * part;
    }
    x[n] = to[0];
    y[n] = to[1];
    return n + 1;
}

zagg_status zg_grid_shard_outline(const zagg_grid *grid, uint64_t key,
                                  double lon_deg[ZG_FOOTPRINT_MAX],
                                  double lat_deg[ZG_FOOTPRINT_MAX], size_t *n,
                                  zagg_err *err)
{
    const zagg_grid_info *i = &grid->info;
    zagg_shard shard;
    double box[4];
    ZAGG_TRY(zagg_grid_shard(grid, key, &shard, err));
    tile_box(i, shard.block[0], shard.block[1], box);
    const double corners[5][2] = {{box[0], box[3]},
                                  {box[0], box[1]},
                                  {box[2], box[1]},
                                  {box[2], box[3]},
                                  {box[0], box[3]}};
    const double w = (double)i->shard_shape[1] * i->resolution[0];
    const double h = (double)i->shard_shape[0] * i->resolution[1];
    const double step =
        zg_proj_is_lonlat(grid->proj) ? HUGE_VAL : (w > h ? w : h) / STEPS_A_SIDE;
    double x[ZG_FOOTPRINT_MAX], y[ZG_FOOTPRINT_MAX];
    size_t used = 1;
    x[0] = corners[0][0];
    y[0] = corners[0][1];
    for (int k = 0; k < 4; k++)
        used += walk_side(corners[k], corners[k + 1], step, x + used, y + used);
    zg_proj_inverse(grid->proj, x, y, used, lon_deg, lat_deg);
    *n = used;
    return ZAGG_OK;
}

/* ---- coverage ---- */

/* First and last tile of the pixels from `low` to `high`, clamped to the array. */
static void tile_range(double low, double high, uint64_t cells, uint64_t per_tile,
                       uint64_t range[2])
{
    const double last = (double)cells - 1.0;
    double first = floor(low), end = ceil(high);
    first = first > 0.0 ? first : 0.0;
    end = end > 1.0 ? end : 1.0;
    range[0] = (uint64_t)(first < last ? first : last) / per_tile;
    range[1] = ((uint64_t)(end < last + 1.0 ? end : last + 1.0) - 1) / per_tile;
}

/* Ranges of tile rows and columns that the bounding box of the ring has pixels in. */
static void candidates(const zagg_grid_info *i, const zg_plane_ring *ring,
                       uint64_t rows[2], uint64_t columns[2])
{
    double min[2] = {ring->x[0], ring->y[0]}, max[2] = {ring->x[0], ring->y[0]};
    for (size_t k = 1; k < ring->n; k++) {
        min[0] = fmin(min[0], ring->x[k]);
        max[0] = fmax(max[0], ring->x[k]);
        min[1] = fmin(min[1], ring->y[k]);
        max[1] = fmax(max[1], ring->y[k]);
    }
    const double rx = i->resolution[0], ry = -i->resolution[1];
    const double inverse = 1.0 / (rx * ry), ax = ry * inverse, ay = rx * inverse;
    const double x0 = -i->bounds[0] * ax, y0 = -i->bounds[3] * ay;
    tile_range(min[0] * ax + x0, max[0] * ax + x0, i->shape[1], i->shard_shape[1],
               columns);
    tile_range(max[1] * ay + y0, min[1] * ay + y0, i->shape[0], i->shard_shape[0], rows);
}

/* Edges whose extent along y meets that of a row of tiles. */
static bool edges_of_row(const zg_plane_ring *ring, double lower, double upper,
                         zg_vec *edges)
{
    edges->len = 0;
    for (size_t k = 0; k < ring->n; k++) {
        const size_t next = k + 1 < ring->n ? k + 1 : 0;
        const zg_plane_edge e = {{ring->x[k], ring->y[k]},
                                 {ring->x[next], ring->y[next]}};
        if (fmin(e.a[1], e.b[1]) <= upper && fmax(e.a[1], e.b[1]) >= lower &&
            !zg_vec_append(edges, &e, 1))
            return false;
    }
    return true;
}

static bool add_row(const zagg_grid_info *i, const zg_plane_ring *ring, uint64_t row,
                    const uint64_t columns[2], zg_vec *edges, zg_vec *keys)
{
    const uint64_t per_row = i->shape[1] / i->shard_shape[1];
    double box[4];
    tile_box(i, row, columns[0], box);
    if (!edges_of_row(ring, box[1], box[3], edges))
        return false;
    for (uint64_t column = columns[0]; column <= columns[1]; column++) {
        tile_box(i, row, column, box);
        if (!zg_plane_edges_meet_box(edges->data, edges->len, box, box + 2))
            continue;
        uint64_t *key = zg_vec_push(keys);
        if (key == NULL)
            return false;
        *key = row * per_row + column;
    }
    return true;
}

static zagg_status add_tiles(const zagg_grid *grid, const zg_plane_ring *ring,
                             zg_vec *keys, zagg_err *err)
{
    uint64_t rows[2], columns[2];
    zg_vec edges;
    bool ok = true;
    zg_vec_init(&edges, sizeof(zg_plane_edge), 0);
    candidates(&grid->info, ring, rows, columns);
    for (uint64_t row = rows[0]; ok && row <= rows[1]; row++)
        ok = add_row(&grid->info, ring, row, columns, &edges, keys);
    zg_vec_free(&edges);
    return ok ? ZAGG_OK
              : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shards of a polygon");
}

static zagg_status cover_ring(const zagg_grid *grid, const zg_ground_ring *ground,
                              zg_vec *keys, zagg_err *err)
{
    zg_plane_ring ring;
    size_t kept = 0;
    double *x = zg_alloc(ground->n, sizeof *x), *y = zg_alloc(ground->n, sizeof *y);
    zagg_status status = ZAGG_OK;
    if (ground->n > 0 && (x == NULL || y == NULL))
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a polygon");
    if (status == ZAGG_OK && ground->n > 0)
        zg_proj_forward(grid->proj, ground->lon_deg, ground->lat_deg, ground->n, x, y);
    for (size_t k = 0; status == ZAGG_OK && k < ground->n; k++)
        if (isfinite(x[k]) && isfinite(y[k])) {
            x[kept] = x[k];
            y[kept++] = y[k];
        }
    ring = (zg_plane_ring){x, y, kept};
    if (status == ZAGG_OK && kept >= 3)
        status = add_tiles(grid, &ring, keys, err);
    zg_free(x);
    zg_free(y);
    return status;
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

zagg_status zg_grid_coverage(const zagg_grid *grid, const zg_ground_ring *rings,
                             size_t n_rings, zg_vec *keys, zagg_err *err)
{
    const size_t before = keys->len;
    if (grid->info.kind != ZAGG_GRID_RECTILINEAR)
        return zagg_err_set(err, ZAGG_EARG, "coverage by tiles needs a rectilinear grid");
    for (size_t k = 0; k < n_rings; k++)
        ZAGG_TRY(cover_ring(grid, &rings[k], keys, err));
    uint64_t *new_keys = ZG_VEC_AT(keys, uint64_t, before);
    const size_t n = keys->len - before;
    size_t kept = 0;
    if (n > 1)
        qsort(new_keys, n, sizeof *new_keys, by_key);
    for (size_t k = 0; k < n; k++)
        if (kept == 0 || new_keys[k] != new_keys[kept - 1])
            new_keys[kept++] = new_keys[k];
    keys->len = before + kept;
    return ZAGG_OK;
}
