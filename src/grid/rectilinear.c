/* Regular grids of rows and columns, row 0 at the top; shards are tiles of it and chunks
 * tiles of those. The arithmetic is upstream's, down to numpy's floor division. */
#include "base/base.h"
#include "grid/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Cells by which bounds may miss a whole number of cells and still count as one. */
#define PAD_SLACK_CELLS 1e-9
/* Rows or columns of an array; keeps quotients within the fast path of floor_divide. */
#define MAX_SIDE 2147483647.0
/* Quotients further than this from an integer have only one floor. */
#define FLOOR_MARGIN 1e-6

/** a // b as Python and numpy define it for doubles, b > 0; it is not always floor(a /
 * b). */
static double floor_divide(double a, double b)
{
    double q = a / b, f = floor(q);
    if (q - f > FLOOR_MARGIN && q - f < 1.0 - FLOOR_MARGIN)
        return f;
    double rest = fmod(a, b);
    double d = (a - rest) / b;
    if (rest < 0.0)
        d -= 1.0;
    f = floor(d);
    return d - f > 0.5 ? f + 1.0 : f;
}

static uint64_t tiles_per_row(const zagg_grid *g)
{
    return g->info.shape[1] / g->info.shard_shape[1];
}

static zagg_status rectilinear_shard(const zagg_grid *g, uint64_t key, zagg_shard *out,
                                     zagg_err *err)
{
    const zagg_grid_info *i = &g->info;
    uint64_t columns = tiles_per_row(g), rows = i->shape[0] / i->shard_shape[0];
    if (key >= rows * columns)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "shard key %" PRIu64 " lies beyond the %" PRIu64 " x %" PRIu64
            " shards of the grid; was the shard map made for another grid?",
            key, rows, columns);
    uint64_t row = key / columns, column = key % columns;
    *out = (zagg_shard){.key = key,
                        .block = {row, column},
                        .first_cell = row * i->shard_shape[0] * i->shape[1] +
                                      column * i->shard_shape[1]};
    return ZAGG_OK;
}

/* Cells of points in the CRS of the grid; a point that is not finite lies nowhere. */
static void cells_of_xy(const zagg_grid_info *i, const double *x, const double *y,
                        size_t n, uint64_t *cell_ids)
{
    double xmin = i->bounds[0], ymax = i->bounds[3];
    double rx = i->resolution[0], ry = i->resolution[1];
    double width = (double)i->shape[1], height = (double)i->shape[0];
    for (size_t k = 0; k < n; k++) {
        cell_ids[k] = ZAGG_GEO_NO_CELL;
        if (!isfinite(x[k]) || !isfinite(y[k]))
            continue;
        double column = floor_divide(x[k] - xmin, rx);
        double row = floor_divide(ymax - y[k], ry);
        if (column >= 0.0 && column < width && row >= 0.0 && row < height)
            cell_ids[k] = (uint64_t)row * i->shape[1] + (uint64_t)column;
    }
}

void zg_rectilinear_cells_of_xy(const zagg_grid *grid, const double *x, const double *y,
                                size_t n, uint64_t *cell_ids)
{
    cells_of_xy(&grid->info, x, y, n, cell_ids);
}

static void rectilinear_cells(const zagg_grid *g, const double *lat_deg,
                              const double *lon_deg, size_t n, uint64_t *cell_ids)
{
    double x[ZG_GRID_BLOCK], y[ZG_GRID_BLOCK];
    for (size_t first = 0; first < n; first += ZG_GRID_BLOCK) {
        size_t m = n - first < ZG_GRID_BLOCK ? n - first : ZG_GRID_BLOCK;
        zg_proj_forward(g->proj, lon_deg + first, lat_deg + first, m, x, y);
        cells_of_xy(&g->info, x, y, m, cell_ids + first);
    }
}

static uint64_t rectilinear_shard_key_of_cell(const zagg_grid *g, uint64_t cell_id)
{
    const zagg_grid_info *i = &g->info;
    uint64_t row = cell_id / i->shape[1], column = cell_id % i->shape[1];
    return row / i->shard_shape[0] * tiles_per_row(g) + column / i->shard_shape[1];
}

static void rectilinear_ranks_of_cells(const zagg_grid *g, const zagg_shard *shard,
                                       const uint64_t *cell_ids, size_t n,
                                       uint32_t *ranks)
{
    const zagg_grid_info *i = &g->info;
    uint64_t first_row = shard->block[0] * i->shard_shape[0];
    uint64_t first_column = shard->block[1] * i->shard_shape[1];
    uint64_t chunks_per_row = i->shard_shape[1] / i->chunk_shape[1];
    for (size_t k = 0; k < n; k++) {
        ranks[k] = ZAGG_NO_RANK;
        if (cell_ids[k] == ZAGG_GEO_NO_CELL)
            continue;
        /* wrap to large values above or left of the tile */
        uint64_t row = cell_ids[k] / i->shape[1] - first_row;
        uint64_t column = cell_ids[k] % i->shape[1] - first_column;
        if (row >= i->shard_shape[0] || column >= i->shard_shape[1])
            continue;
        uint64_t chunk =
            row / i->chunk_shape[0] * chunks_per_row + column / i->chunk_shape[1];
        ranks[k] = (uint32_t)(chunk * i->cells_per_chunk +
                              row % i->chunk_shape[0] * i->chunk_shape[1] +
                              column % i->chunk_shape[1]);
    }
}

static void rectilinear_chunk_index(const zagg_grid *g, const zagg_shard *shard,
                                    uint64_t b, uint64_t index[2])
{
    const zagg_grid_info *i = &g->info;
    uint64_t per_column = i->shard_shape[0] / i->chunk_shape[0];
    uint64_t per_row = i->shard_shape[1] / i->chunk_shape[1];
    index[0] = shard->block[0] * per_column + b / per_row;
    index[1] = shard->block[1] * per_row + b % per_row;
}

static void rectilinear_chunk_cells(const zagg_grid *g, const zagg_shard *shard,
                                    uint64_t b, uint64_t *cell_ids)
{
    const zagg_grid_info *i = &g->info;
    uint64_t index[2];
    rectilinear_chunk_index(g, shard, b, index);
    uint64_t first =
        index[0] * i->chunk_shape[0] * i->shape[1] + index[1] * i->chunk_shape[1];
    for (uint64_t row = 0; row < i->chunk_shape[0]; row++)
        for (uint64_t column = 0; column < i->chunk_shape[1]; column++)
            *cell_ids++ = first + row * i->shape[1] + column;
}

static void rectilinear_label(uint64_t key, char out[40])
{
    snprintf(out, 40, "%" PRIu64, key);
}

static const zg_grid_ops rectilinear_ops = {
    .shard = rectilinear_shard,
    .cells = rectilinear_cells,
    .leaf_ids = rectilinear_cells, /* NO_CELL is -1 in 64 bits */
    .shard_key_of_cell = rectilinear_shard_key_of_cell,
    .ranks_of_cells = rectilinear_ranks_of_cells,
    .chunk_index = rectilinear_chunk_index,
    .chunk_cells = rectilinear_chunk_cells,
    .label = rectilinear_label,
};

static zagg_status check_tiles(const zagg_rectilinear_spec *s, zagg_err *err)
{
    int64_t h = s->chunk_shape[0], w = s->chunk_shape[1];
    int64_t ih = s->chunk_inner[0], iw = s->chunk_inner[1];
    int64_t limit = (int64_t)ZG_GRID_MAX_SHARD_CELLS;
    if (h < 1 || w < 1)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.chunk_shape (%" PRId64 ", %" PRId64
                            ") must be two positive numbers of cells",
                            h, w);
    if (h > limit / w)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.chunk_shape (%" PRId64 ", %" PRId64
                            ") has more than %" PRId64 " cells; make the shards smaller",
                            h, w, limit);
    bool one_chunk = ih == 0 && iw == 0;
    if (!one_chunk && (ih < 1 || iw < 1 || h % ih != 0 || w % iw != 0))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.chunk_inner (%" PRId64 ", %" PRId64
                            ") must evenly divide output.grid.chunk_shape (%" PRId64
                            ", %" PRId64 ")",
                            ih, iw, h, w);
    if (s->sharded && (one_chunk || (ih == h && iw == w)))
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "output.grid.sharded needs more than one inner chunk a shard: "
            "set output.grid.chunk_inner finer than chunk_shape (%" PRId64 ", %" PRId64
            "), or sharded: false",
            h, w);
    return ZAGG_OK;
}

/** Cells along one axis, rounded up to whole tiles. */
static zagg_status padded_cells(const zagg_rectilinear_spec *s, unsigned axis,
                                uint64_t *out, zagg_err *err)
{
    double span = s->bounds[axis + 2] - s->bounds[axis], step = s->resolution[axis];
    double raw = ceil(span / step - PAD_SLACK_CELLS);
    double tile = (double)s->chunk_shape[1 - axis];
    if (raw < 1.0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.resolution (%g) is larger than the span of "
                            "output.grid.bounds (%g)",
                            step, span);
    double cells = ceil(raw / tile) * tile;
    if (!(cells <= MAX_SIDE))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.resolution (%g) cuts output.grid.bounds into %g "
                            "%s, beyond the limit of %.0f",
                            step, cells, axis == 0 ? "columns" : "rows", MAX_SIDE);
    *out = (uint64_t)cells;
    return ZAGG_OK;
}

static zagg_status check_extent(const zagg_rectilinear_spec *s, zagg_err *err)
{
    const double *b = s->bounds;
    for (int k = 0; k < 4; k++)
        if (!isfinite(b[k]))
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "output.grid.bounds must be four finite numbers");
    if (!(b[2] > b[0]) || !(b[3] > b[1]))
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "output.grid.bounds [xmin, ymin, xmax, ymax] must have xmax > "
            "xmin and ymax > ymin, not [%g, %g, %g, %g]",
            b[0], b[1], b[2], b[3]);
    for (int k = 0; k < 2; k++)
        if (!isfinite(s->resolution[k]) || !(s->resolution[k] > 0.0))
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "output.grid.resolution must be positive, not %g",
                                s->resolution[k]);
    return ZAGG_OK;
}

static void fill_info(zagg_grid *g, const zagg_rectilinear_spec *s,
                      const uint64_t cells[2])
{
    zagg_grid_info *i = &g->info;
    bool one_chunk = s->chunk_inner[0] == 0;
    i->kind = ZAGG_GRID_RECTILINEAR;
    i->sharded = s->sharded;
    i->rank = 2;
    for (unsigned axis = 0; axis < 2;
         axis++) { /* rows first, though bounds have x first */
        i->shape[axis] = cells[1 - axis];
        i->shard_shape[axis] = (uint64_t)s->chunk_shape[axis];
        i->chunk_shape[axis] =
            one_chunk ? i->shard_shape[axis] : (uint64_t)s->chunk_inner[axis];
        i->resolution[axis] = s->resolution[axis];
    }
    i->cells_per_shard = i->shard_shape[0] * i->shard_shape[1];
    i->cells_per_chunk = i->chunk_shape[0] * i->chunk_shape[1];
    i->chunks_per_shard = i->cells_per_shard / i->cells_per_chunk;
    i->dim_names[0] = "y";
    i->dim_names[1] = "x";
    i->chunk_dim_names[0] = "chunk_y";
    i->chunk_dim_names[1] = "chunk_x";
    snprintf(i->group, sizeof i->group, "rectilinear");
    /* padding moves the right and the lower edge */
    i->bounds[0] = s->bounds[0];
    i->bounds[3] = s->bounds[3];
    i->bounds[2] = s->bounds[0] + (double)cells[0] * s->resolution[0];
    i->bounds[1] = s->bounds[3] - (double)cells[1] * s->resolution[1];
}

zagg_status zagg_grid_new_rectilinear(const zagg_rectilinear_spec *spec, zagg_grid **out,
                                      zagg_err *err)
{
    uint64_t cells[2];
    zg_proj *proj = NULL;
    ZAGG_TRY(check_extent(spec, err));
    ZAGG_TRY(check_tiles(spec, err));
    ZAGG_TRY(padded_cells(spec, 0, &cells[0], err));
    ZAGG_TRY(padded_cells(spec, 1, &cells[1], err));
    ZAGG_TRY(zg_proj_new(spec->crs, &proj, err));
    zagg_grid *g = zg_alloc(1, sizeof *g);
    char *crs = zg_strdup(spec->crs);
    if (g == NULL || crs == NULL) {
        zg_free(g);
        zg_free(crs);
        zg_proj_free(proj);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a grid");
    }
    fill_info(g, spec, cells);
    g->crs = crs;
    g->proj = proj;
    g->info.crs = crs;
    g->info.crs_id = zg_proj_id(proj);
    g->ops = &rectilinear_ops;
    *out = g;
    return ZAGG_OK;
}
