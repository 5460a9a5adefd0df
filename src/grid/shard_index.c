/* From cells to positions in a list of shards: an open hash table over the shards'
 * numbers on the grid. Points come along tracks, so that the shard, and the row of a
 * rectilinear grid, of one point are tried first for the next. */
#include "base/base.h"
#include "grid/grid.h"

#include <inttypes.h>

/* Shards are numbered by their nested id, or row by row. */
typedef struct slot {
    uint64_t number;
    uint32_t shard; /* ZAGG_NO_SHARD: empty */
} slot;

struct zagg_shard_index {
    const zagg_grid *grid; /* borrowed */
    slot *slots;
    uint64_t mask;           /* slots - 1, a power of two less 1 */
    unsigned shift;          /* of a product to a slot */
    uint64_t tiles_per_row;  /* rectilinear */
    uint64_t chunks_per_row; /* rectilinear: in one tile */
};

/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits of a product. */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static slot *slot_of(const zagg_shard_index *index, uint64_t number)
{
    uint64_t at = (number * GOLDEN) >> index->shift;
    while (index->slots[at].shard != ZAGG_NO_SHARD && index->slots[at].number != number)
        at = (at + 1) & index->mask;
    return &index->slots[at];
}

static zagg_status insert(zagg_shard_index *index, uint64_t key, uint32_t position,
                          zagg_err *err)
{
    const zagg_grid_info *i = &index->grid->info;
    zagg_shard shard;
    ZAGG_TRY(zagg_grid_shard(index->grid, key, &shard, err));
    uint64_t number = i->kind == ZAGG_GRID_HEALPIX ? shard.block[0] : key;
    slot *s = slot_of(index, number);
    if (s->shard != ZAGG_NO_SHARD) {
        char label[40];
        zagg_grid_shard_label(index->grid, key, label);
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "shard %s (key %" PRIu64 ") is there twice: as number "
                            "%" PRIu32 " and %" PRIu32 " of the list",
                            label, key, s->shard, position);
    }
    *s = (slot){.number = number, .shard = position};
    return ZAGG_OK;
}

static zagg_status build(zagg_shard_index *index, const uint64_t *shard_keys, size_t n,
                         zagg_err *err)
{
    unsigned bits = 1;
    while ((UINT64_C(1) << bits) < 2 * (uint64_t)n) /* half empty: short searches */
        bits++;
    size_t slots = (size_t)1 << bits;
    index->mask = slots - 1;
    index->shift = 64 - bits;
    index->slots = zg_alloc(slots, sizeof *index->slots);
    if (index->slots == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an index of %zu shards", n);
    for (size_t k = 0; k < slots; k++)
        index->slots[k].shard = ZAGG_NO_SHARD;
    for (size_t k = 0; k < n; k++)
        ZAGG_TRY(insert(index, shard_keys[k], (uint32_t)k, err));
    return ZAGG_OK;
}

zagg_status zagg_shard_index_new(const zagg_grid *grid, const uint64_t *shard_keys,
                                 size_t n, zagg_shard_index **out, zagg_err *err)
{
    if (n >= ZAGG_NO_SHARD)
        return zagg_err_set(err, ZAGG_EARG, "an index of %zu shards: too many", n);
    zagg_shard_index *index = zg_alloc(1, sizeof *index);
    if (index == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an index of shards");
    const zagg_grid_info *i = &grid->info;
    index->grid = grid;
    index->tiles_per_row = i->shape[1] / i->shard_shape[1];
    index->chunks_per_row = i->shard_shape[1] / i->chunk_shape[1];
    zagg_status status = build(index, shard_keys, n, err);
    if (status != ZAGG_OK) {
        zagg_shard_index_free(index);
        return status;
    }
    *out = index;
    return ZAGG_OK;
}

void zagg_shard_index_free(zagg_shard_index *index)
{
    if (index == NULL)
        return;
    zg_free(index->slots);
    zg_free(index);
}

/* NO_CELL becomes a number beyond the shards: there are 12 * 4^p of them, and it has 64 -
 * 2c bits more than 2p, six at least. */
static void find_healpix(const zagg_shard_index *index, const uint64_t *cell_ids,
                         size_t n, uint32_t *shard, uint32_t *rank)
{
    const zagg_grid_info *i = &index->grid->info;
    const unsigned shift = 2u * (i->child_order - i->parent_order);
    const uint64_t in_shard = i->cells_per_shard - 1;
    uint64_t last = UINT64_MAX;
    uint32_t found = ZAGG_NO_SHARD;
    for (size_t k = 0; k < n; k++) {
        uint64_t number = cell_ids[k] >> shift;
        if (number != last) {
            last = number;
            found = slot_of(index, number)->shard;
        }
        shard[k] = found;
        rank[k] =
            found == ZAGG_NO_SHARD ? ZAGG_NO_RANK : (uint32_t)(cell_ids[k] & in_shard);
    }
}

/* One row of one tile: its cells follow each other. */
typedef struct tile_row {
    uint64_t first_cell, width;
    uint32_t shard;
    uint64_t first_rank; /* of the row in the first chunk that it passes */
} tile_row;

static tile_row row_of(const zagg_shard_index *index, uint64_t cell)
{
    const zagg_grid_info *i = &index->grid->info;
    uint64_t row = cell / i->shape[1], column = cell % i->shape[1];
    uint64_t tile_down = row / i->shard_shape[0], down = row % i->shard_shape[0];
    uint64_t tile_across = column / i->shard_shape[1];
    uint64_t number = tile_down * index->tiles_per_row + tile_across;
    return (tile_row){
        .first_cell = cell - column % i->shard_shape[1],
        .width = i->shard_shape[1],
        .shard = row < i->shape[0] ? slot_of(index, number)->shard : ZAGG_NO_SHARD,
        .first_rank =
            down / i->chunk_shape[0] * index->chunks_per_row * i->cells_per_chunk +
            down % i->chunk_shape[0] * i->chunk_shape[1],
    };
}

static void find_rectilinear(const zagg_shard_index *index, const uint64_t *cell_ids,
                             size_t n, uint32_t *shard, uint32_t *rank)
{
    const zagg_grid_info *i = &index->grid->info;
    const uint32_t chunk_width = (uint32_t)i->chunk_shape[1]; /* short divisions */
    tile_row at = {.width = 0, .shard = ZAGG_NO_SHARD};
    for (size_t k = 0; k < n; k++) {
        /* wraps to a large number before the row; NO_CELL is in none */
        if (cell_ids[k] - at.first_cell >= at.width && cell_ids[k] != ZAGG_GEO_NO_CELL)
            at = row_of(index, cell_ids[k]);
        bool none = cell_ids[k] == ZAGG_GEO_NO_CELL || at.shard == ZAGG_NO_SHARD;
        uint32_t across = none ? 0 : (uint32_t)(cell_ids[k] - at.first_cell);
        shard[k] = none ? ZAGG_NO_SHARD : at.shard;
        rank[k] =
            none ? ZAGG_NO_RANK
                 : (uint32_t)(at.first_rank + across / chunk_width * i->cells_per_chunk +
                              across % chunk_width);
    }
}

void zagg_shard_index_find(const zagg_shard_index *index, const uint64_t *cell_ids,
                           size_t n, uint32_t *shard, uint32_t *rank)
{
    if (index->grid->info.kind == ZAGG_GRID_HEALPIX)
        find_healpix(index, cell_ids, n, shard, rank);
    else
        find_rectilinear(index, cell_ids, n, shard, rank);
}
