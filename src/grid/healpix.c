/* HEALPix grid: shards are cells of the parent order, array cells those of the child
 * order, and chunks those of an order between; all of them are runs of nested ids. */
#include "base/base.h"
#include "grid/grid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static unsigned shard_shift(const zagg_grid *g)
{
    return 2u * (g->info.child_order - g->info.parent_order);
}

static zagg_status healpix_shard(const zagg_grid *g, uint64_t key, zagg_shard *out,
                                 zagg_err *err)
{
    unsigned parent = g->info.parent_order;
    uint64_t nested = zagg_word_valid(key) ? zagg_word_nested(key) : 0;
    if (!zagg_word_valid(key) || zagg_word_from_nested(nested, parent) != key)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "shard key %" PRIu64 " is not a morton word of order %u "
            "(output.grid.parent_order); was the shard map made for another "
            "grid?",
            key, parent);
    *out = (zagg_shard){
        .key = key, .block = {nested, 0}, .first_cell = nested << shard_shift(g)};
    return ZAGG_OK;
}

static void healpix_cells(const zagg_grid *g, const double *lat_deg,
                          const double *lon_deg, size_t n, uint64_t *cell_ids)
{
    zagg_geo_nested(lat_deg, lon_deg, n, g->info.child_order, g->info.latitude, cell_ids);
}

static void healpix_leaf_ids(const zagg_grid *g, const double *lat_deg,
                             const double *lon_deg, size_t n, uint64_t *leaf_ids)
{
    zagg_geo_nested(lat_deg, lon_deg, n, ZAGG_GEO_MAX_ORDER, g->info.latitude, leaf_ids);
    for (size_t k = 0; k < n; k++)
        leaf_ids[k] = zagg_word_point(leaf_ids[k]);
}

static uint64_t healpix_shard_key_of_cell(const zagg_grid *g, uint64_t cell_id)
{
    return zagg_word_from_nested(cell_id >> shard_shift(g), g->info.parent_order);
}

static void healpix_ranks_of_cells(const zagg_grid *g, const zagg_shard *shard,
                                   const uint64_t *cell_ids, size_t n, uint32_t *ranks)
{
    uint64_t cells = g->info.cells_per_shard;
    for (size_t k = 0; k < n; k++) {
        /* wraps to a large value below the shard; NO_CELL stays beyond it */
        uint64_t rank = cell_ids[k] - shard->first_cell;
        ranks[k] = rank < cells ? (uint32_t)rank : ZAGG_NO_RANK;
    }
}

static void healpix_chunk_index(const zagg_grid *g, const zagg_shard *shard, uint64_t b,
                                uint64_t index[2])
{
    index[0] = shard->block[0] * g->info.chunks_per_shard + b;
    index[1] = 0;
}

static void healpix_chunk_cells(const zagg_grid *g, const zagg_shard *shard, uint64_t b,
                                uint64_t *cell_ids)
{
    uint64_t n = g->info.cells_per_chunk, first = shard->first_cell + b * n;
    for (uint64_t k = 0; k < n; k++)
        cell_ids[k] = first + k;
}

static void healpix_label(uint64_t key, char out[40])
{
    if (zagg_word_decimal(key, out, NULL) != ZAGG_OK)
        snprintf(out, 40, "%" PRIu64, key);
}

static const zg_grid_ops healpix_ops = {
    .shard = healpix_shard,
    .cells = healpix_cells,
    .leaf_ids = healpix_leaf_ids,
    .shard_key_of_cell = healpix_shard_key_of_cell,
    .ranks_of_cells = healpix_ranks_of_cells,
    .chunk_index = healpix_chunk_index,
    .chunk_cells = healpix_chunk_cells,
    .label = healpix_label,
};

static zagg_status check_spec(const zagg_healpix_spec *s, zagg_err *err)
{
    int64_t p = s->parent_order, c = s->child_order, k = s->chunk_inner;
    if (p < 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.parent_order (%" PRId64 ") must be 0 or more",
                            p);
    if (c < p)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.child_order (%" PRId64
                            ") must be >= output.grid.parent_order (%" PRId64 ")",
                            c, p);
    if (c > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.child_order (%" PRId64 ") must be %d or less", c,
                            ZAGG_GEO_MAX_ORDER);
    if (k != -1 && (k < p || k > c))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.chunk_inner (%" PRId64
                            ") must lie between output.grid.parent_order (%" PRId64
                            ") and output.grid.child_order (%" PRId64 ")",
                            k, p, c);
    if (c - p > ZG_GRID_MAX_ORDER_STEP)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.child_order (%" PRId64
                            ") may exceed output.grid.parent_order (%" PRId64
                            ") by %d at most: a shard would have 4^%" PRId64 " cells",
                            c, p, ZG_GRID_MAX_ORDER_STEP, c - p);
    return ZAGG_OK;
}

zagg_status zagg_grid_new_healpix(const zagg_healpix_spec *spec, zagg_grid **out,
                                  zagg_err *err)
{
    ZAGG_TRY(check_spec(spec, err));
    zagg_grid *g = zg_alloc(1, sizeof *g);
    if (g == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a grid");
    zagg_grid_info *i = &g->info;
    unsigned p = (unsigned)spec->parent_order, c = (unsigned)spec->child_order;
    unsigned k = spec->chunk_inner < 0 ? p : (unsigned)spec->chunk_inner;
    i->kind = ZAGG_GRID_HEALPIX;
    i->parent_order = p;
    i->child_order = c;
    i->chunk_order = k;
    i->latitude = spec->latitude;
    i->cells_per_shard = UINT64_C(1) << (2u * (c - p));
    i->cells_per_chunk = UINT64_C(1) << (2u * (c - k));
    i->chunks_per_shard = UINT64_C(1) << (2u * (k - p));
    /* a shard of one chunk needs no index: upstream turns sharding off without a word */
    i->sharded = spec->sharded && i->chunks_per_shard > 1;
    i->rank = 1;
    i->shape[0] = UINT64_C(12) << (2u * c);
    i->shard_shape[0] = i->cells_per_shard;
    i->chunk_shape[0] = i->cells_per_chunk;
    i->shape[1] = i->shard_shape[1] = i->chunk_shape[1] = 1;
    i->dim_names[0] = "cells";
    i->chunk_dim_names[0] = "chunks";
    snprintf(i->group, sizeof i->group, "%u", c);
    g->ops = &healpix_ops;
    *out = g;
    return ZAGG_OK;
}
