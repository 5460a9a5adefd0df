/* Single cells: where a place lies, which chunk holds a cell, whether a cell holds data.
 */
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

/* ---- from a place to a cell ---- */

static zagg_status locate_rectilinear(const zagg_store_grid *g, double lat_deg,
                                      double lon_deg, uint64_t *cell_id, zagg_err *err)
{
    const zagg_rectilinear_spec spec = {
        .crs = g->crs,
        .resolution = {g->resolution[0], g->resolution[1]},
        .bounds = {g->bounds[0], g->bounds[1], g->bounds[2], g->bounds[3]},
        .chunk_shape = {(int64_t)g->shard_shape[0], (int64_t)g->shard_shape[1]}};
    zagg_grid *grid = NULL;
    uint64_t id = UINT64_MAX;
    ZAGG_TRY(zagg_grid_new_rectilinear(&spec, &grid, err));
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    const bool same = info->shape[0] == g->shape[0] && info->shape[1] == g->shape[1];
    if (same)
        zagg_grid_leaf_ids(grid, &lat_deg, &lon_deg, 1, &id);
    zagg_grid_free(grid);
    if (!same)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "bounds and resolution do not give %" PRIu64 " x %" PRIu64
                            " cells",
                            g->shape[0], g->shape[1]);
    if (id == UINT64_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "the place lies outside the grid");
    *cell_id = id;
    return ZAGG_OK;
}

zagg_status zagg_store_locate(const zagg_store_grid *grid, double lat_deg, double lon_deg,
                              uint64_t *cell_id, zagg_err *err)
{
    uint64_t id = ZAGG_GEO_NO_CELL;
    if (grid->kind == ZAGG_GRID_RECTILINEAR)
        return locate_rectilinear(grid, lat_deg, lon_deg, cell_id, err);
    zagg_geo_nested(&lat_deg, &lon_deg, 1, grid->cell_order, grid->latitude, &id);
    if (id == ZAGG_GEO_NO_CELL)
        return zagg_err_set(err, ZAGG_ERANGE, "no place on Earth: latitude is -90 to 90");
    *cell_id = id;
    return ZAGG_OK;
}

/* ---- from a cell to its chunk ---- */

/* Shard, chunk within it and position in the chunk of a cell. */
typedef struct cell_place {
    uint64_t block[2], b;
    size_t at;
} cell_place;

static bool find_place(const zagg_store_grid *g, uint64_t cell_id, cell_place *out)
{
    if (g->rank == 1) {
        if (cell_id >= g->shape[0])
            return false;
        *out = (cell_place){{cell_id / g->cells_per_shard, 0},
                            cell_id % g->cells_per_shard / g->cells_per_chunk,
                            (size_t)(cell_id % g->cells_per_chunk)};
        return true;
    }
    const uint64_t at[2] = {cell_id / g->shape[1], cell_id % g->shape[1]};
    if (at[0] >= g->shape[0])
        return false;
    uint64_t b = 0, rank = 0;
    for (unsigned d = 0; d < 2; d++) {
        const uint64_t inside = at[d] % g->shard_shape[d];
        out->block[d] = at[d] / g->shard_shape[d];
        b = b * (g->shard_shape[d] / g->chunk_shape[d]) + inside / g->chunk_shape[d];
        rank = rank * g->chunk_shape[d] + inside % g->chunk_shape[d];
    }
    out->b = b;
    out->at = (size_t)rank;
    return true;
}

/* First shard that is not before the block. */
static size_t lower_bound(const zagg_store_group *group, const uint64_t block[2])
{
    size_t lo = 0, hi = group->n_shards;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const uint64_t *at = group->shards[mid].block;
        if (at[0] < block[0] || (at[0] == block[0] && at[1] < block[1]))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

zagg_status zagg_store_read_cell(zagg_store_reader *reader, uint64_t cell_id,
                                 zagg_store_chunk *out, size_t *at, zagg_err *err)
{
    const zagg_store_group *group = zg_store_reader_group(reader);
    cell_place place;
    if (!find_place(&group->grid, cell_id, &place))
        return zagg_err_set(err, ZAGG_ERANGE,
                            "there is no cell %" PRIu64 " in the grid of group %s",
                            cell_id, group->name);
    const size_t i = lower_bound(group, place.block);
    if (i == group->n_shards ||
        memcmp(group->shards[i].block, place.block, sizeof place.block) != 0)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "no shard with data holds cell %" PRIu64,
                            cell_id);
    ZAGG_TRY(zagg_store_reader_shard(reader, i, err));
    ZAGG_TRY(zagg_store_reader_chunk(reader, place.b, out, err));
    *at = place.at;
    return ZAGG_OK;
}

/* ---- data or not ---- */

/* NaN, and 0 of integers: what cells without observations hold beside the fill. */
static bool is_empty(zagg_dtype dtype, const void *element)
{
    static const uint8_t ZERO[8] = {0};
    float f;
    double d;
    if (dtype == ZAGG_DT_F32) {
        memcpy(&f, element, sizeof f);
        return f != f;
    }
    if (dtype == ZAGG_DT_F64) {
        memcpy(&d, element, sizeof d);
        return d != d;
    }
    return memcmp(element, ZERO, zagg_dtype_size(dtype)) == 0;
}

bool zagg_store_has_data(const zagg_store_chunk *chunk, size_t column, size_t cell)
{
    const zagg_store_column *c = &chunk->columns[column];
    const zagg_store_field_info *f = c->field;
    if (!c->stored || f->kind == ZAGG_STORE_COORDINATE || f->kind == ZAGG_STORE_MASK ||
        f->kind == ZAGG_STORE_COMPANION)
        return false;
    if (f->ragged)
        return c->payloads[cell].len > 0;
    const size_t size = zagg_dtype_size(f->dtype);
    const bool series = f->kind == ZAGG_STORE_SERIES;
    for (size_t k = 0; k < f->width; k++) {
        const size_t i = series ? k * chunk->n_cells + cell : cell * f->width + k;
        const char *element = (const char *)c->data + i * size;
        if (memcmp(element, f->array->fill, size) != 0 && !is_empty(f->dtype, element))
            return true;
    }
    return false;
}
