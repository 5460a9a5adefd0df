/* Dispatch of the grid operations, and what they have in common. */
#include "grid/grid.h"

#include "base/base.h"

void zagg_grid_free(zagg_grid *grid)
{
    if (grid == NULL)
        return;
    zg_free(grid->crs);
    zg_proj_free(grid->proj);
    zg_free(grid);
}

zagg_grid_kind zagg_grid_get_kind(const zagg_grid *grid)
{
    return grid->info.kind;
}

const zagg_grid_info *zagg_grid_get_info(const zagg_grid *grid)
{
    return &grid->info;
}

zagg_status zagg_grid_shard(const zagg_grid *grid, uint64_t key, zagg_shard *out,
                            zagg_err *err)
{
    return grid->ops->shard(grid, key, out, err);
}

void zagg_grid_ranks(const zagg_grid *grid, const zagg_shard *shard,
                     const double *lat_deg, const double *lon_deg, size_t n,
                     uint32_t *ranks, uint64_t *n_no_cell)
{
    uint64_t cells[ZG_GRID_BLOCK], none = 0;
    for (size_t first = 0; first < n; first += ZG_GRID_BLOCK) {
        size_t m = n - first < ZG_GRID_BLOCK ? n - first : ZG_GRID_BLOCK;
        grid->ops->cells(grid, lat_deg + first, lon_deg + first, m, cells);
        grid->ops->ranks_of_cells(grid, shard, cells, m, ranks + first);
        for (size_t k = 0; k < m; k++)
            none += cells[k] == ZAGG_GEO_NO_CELL;
    }
    if (n_no_cell != NULL)
        *n_no_cell = none;
}

void zagg_grid_cells(const zagg_grid *grid, const double *lat_deg, const double *lon_deg,
                     size_t n, uint64_t *cell_ids, uint64_t *n_no_cell)
{
    grid->ops->cells(grid, lat_deg, lon_deg, n, cell_ids);
    uint64_t none = 0;
    for (size_t k = 0; k < n && n_no_cell != NULL; k++)
        none += cell_ids[k] == ZAGG_GEO_NO_CELL;
    if (n_no_cell != NULL)
        *n_no_cell = none;
}

void zagg_grid_leaf_ids(const zagg_grid *grid, const double *lat_deg,
                        const double *lon_deg, size_t n, uint64_t *leaf_ids)
{
    grid->ops->leaf_ids(grid, lat_deg, lon_deg, n, leaf_ids);
}

void zagg_grid_shard_keys(const zagg_grid *grid, const double *lat_deg,
                          const double *lon_deg, size_t n, uint64_t *keys, bool *no_key)
{
    grid->ops->cells(grid, lat_deg, lon_deg, n, keys);
    for (size_t k = 0; k < n; k++) {
        no_key[k] = keys[k] == ZAGG_GEO_NO_CELL;
        keys[k] = no_key[k] ? 0 : grid->ops->shard_key_of_cell(grid, keys[k]);
    }
}

void zagg_grid_chunk_index(const zagg_grid *grid, const zagg_shard *shard, uint64_t b,
                           uint64_t index[2])
{
    grid->ops->chunk_index(grid, shard, b, index);
}

void zagg_grid_chunk_cells(const zagg_grid *grid, const zagg_shard *shard, uint64_t b,
                           uint64_t *cell_ids)
{
    grid->ops->chunk_cells(grid, shard, b, cell_ids);
}

void zagg_grid_chunk_words(const zagg_grid *grid, const zagg_shard *shard, uint64_t b,
                           uint64_t *words)
{
    uint64_t n = grid->info.cells_per_chunk;
    grid->ops->chunk_cells(grid, shard, b, words);
    for (uint64_t k = 0; k < n; k++)
        words[k] = zagg_word_from_nested(words[k], grid->info.child_order);
}

void zagg_grid_shard_label(const zagg_grid *grid, uint64_t key, char out[40])
{
    grid->ops->label(key, out);
}
