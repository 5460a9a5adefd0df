/* The shards of one pass over granules. */
#include "core/read.h"

zagg_status zg_shard_set_new(const zagg_grid *grid, const uint64_t *keys, size_t n,
                             zg_shard_set *out, zagg_err *err)
{
    *out = (zg_shard_set){.grid = grid, .n = n};
    out->shards = zg_alloc(n ? n : 1, sizeof *out->shards);
    if (!out->shards)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < n; i++)
        status = zagg_grid_shard(grid, keys[i], &out->shards[i], err);
    if (status == ZAGG_OK)
        status = zagg_shard_index_new(grid, keys, n, &out->index, err);
    if (status != ZAGG_OK)
        zg_shard_set_free(out);
    return status;
}

void zg_shard_set_free(zg_shard_set *set)
{
    zagg_shard_index_free(set->index);
    zg_free(set->shards);
    *set = (zg_shard_set){0};
}
