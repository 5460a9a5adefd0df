/* Cells to the shards of a list: open addressing on the shard's key, entered only where
 * a point does not lie in the shard of the one before it. */
#include "base/base.h"
#include "grid/grid.h"

struct zagg_shard_index {
    const zagg_grid *grid;
    zagg_shard *shards;
    uint32_t *slots; /* numbers of shards, ZAGG_NO_SHARD where free */
    size_t mask;     /* slots - 1, a power of two less one */
};

/* Fibonacci hashing: keys of neighbours differ in few bits. */
static size_t slot_of(const zagg_shard_index *x, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & x->mask;
}

static uint32_t find_key(const zagg_shard_index *x, uint64_t key)
{
    size_t at = slot_of(x, key);
    while (x->slots[at] != ZAGG_NO_SHARD && x->shards[x->slots[at]].key != key)
        at = (at + 1) & x->mask;
    return x->slots[at];
}

static zagg_status fill(zagg_shard_index *x, const uint64_t *keys, size_t n,
                        zagg_err *err)
{
    for (size_t i = 0; i <= x->mask; i++)
        x->slots[i] = ZAGG_NO_SHARD;
    for (size_t i = 0; i < n; i++) {
        char label[40];
        ZAGG_TRY(zagg_grid_shard(x->grid, keys[i], &x->shards[i], err));
        if (find_key(x, keys[i]) != ZAGG_NO_SHARD) {
            zagg_grid_shard_label(x->grid, keys[i], label);
            return zagg_err_set(err, ZAGG_EARG, "shard %s is listed twice", label);
        }
        size_t at = slot_of(x, keys[i]);
        while (x->slots[at] != ZAGG_NO_SHARD)
            at = (at + 1) & x->mask;
        x->slots[at] = (uint32_t)i;
    }
    return ZAGG_OK;
}

zagg_status zagg_shard_index_new(const zagg_grid *grid, const uint64_t *keys, size_t n,
                                 zagg_shard_index **out, zagg_err *err)
{
    size_t n_slots = 8;
    while (n_slots < 2 * n)
        n_slots *= 2;
    zagg_shard_index *x = zg_alloc(1, sizeof *x);
    if (x) {
        x->grid = grid;
        x->mask = n_slots - 1;
        x->shards = zg_alloc(n ? n : 1, sizeof *x->shards);
        x->slots = zg_alloc(n_slots, sizeof *x->slots);
    }
    zagg_status status =
        x && x->shards && x->slots && n < ZAGG_NO_SHARD
            ? fill(x, keys, n, err)
            : zagg_err_set(err, ZAGG_ENOMEM, "no memory for an index of %zu shards", n);
    if (status == ZAGG_OK)
        *out = x;
    else
        zagg_shard_index_free(x);
    return status;
}

void zagg_shard_index_free(zagg_shard_index *index)
{
    if (!index)
        return;
    zg_free(index->shards);
    zg_free(index->slots);
    zg_free(index);
}

/* Cells i.. that lie in shard s: how many in a row, and their ranks. */
static size_t run_in_shard(const zagg_shard_index *x, uint32_t s, const uint64_t *cells,
                           size_t n, uint32_t *shards, uint32_t *ranks)
{
    enum { AT_ONCE = 64 }; /* ranks beyond the end of the run are computed in vain */
    size_t done = 0;
    while (done < n) {
        const size_t len = n - done < AT_ONCE ? n - done : AT_ONCE;
        x->grid->ops->ranks_of_cells(x->grid, &x->shards[s], cells + done, len,
                                     ranks + done);
        for (size_t i = 0; i < len; i++, done++) {
            if (ranks[done] == ZAGG_NO_RANK)
                return done;
            shards[done] = s;
        }
    }
    return done;
}

void zagg_shard_index_find(const zagg_shard_index *index, const uint64_t *cell_ids,
                           size_t n, uint32_t *shards, uint32_t *ranks)
{
    for (size_t i = 0; i < n;) {
        const uint32_t s =
            cell_ids[i] == ZAGG_GEO_NO_CELL
                ? ZAGG_NO_SHARD
                : find_key(index,
                           index->grid->ops->shard_key_of_cell(index->grid, cell_ids[i]));
        size_t run = 0;
        if (s != ZAGG_NO_SHARD)
            run = run_in_shard(index, s, cell_ids + i, n - i, shards + i, ranks + i);
        if (run == 0) {
            shards[i] = ZAGG_NO_SHARD;
            ranks[i] = ZAGG_NO_RANK;
            run = 1;
        }
        i += run;
    }
}
