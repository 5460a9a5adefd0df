/* Taking a shard's objects away, where an earlier attempt may have left some that writing
 * it again would not replace. */
#include "core/hive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEY = 1024 };

static bool is_static(const zagg_store_plan *plan, size_t i)
{
    return plan->info->kind == ZAGG_GRID_RECTILINEAR &&
           (i == plan->axis_array[0] || i == plan->axis_array[1]);
}

static zagg_status erase_object(const zagg_store_plan *plan, zagg_sink *store, size_t i,
                                const uint64_t *index, zagg_err *err)
{
    char key[MAX_KEY];
    ZAGG_TRY(zagg_zarr_object_key(plan->tmpl.group, &plan->arrays[i], index, key,
                                  sizeof key, err));
    return zagg_sink_delete(store, key, err);
}

static zagg_status erase_csr(const zagg_store_plan *plan, zagg_sink *store, size_t i,
                             uint64_t number, zagg_err *err)
{
    char prefix[MAX_KEY];
    const int len = snprintf(prefix, sizeof prefix, "%s/%s/%" PRIu64 "/",
                             plan->tmpl.group, plan->arrays[i].name, number);
    if (len < 0 || (size_t)len >= sizeof prefix)
        return zagg_err_set(err, ZAGG_ERANGE, "name of ragged field '%s' is too long",
                            plan->arrays[i].name);
    return zagg_sink_delete_prefix(store, prefix, err);
}

/* One inner chunk, in all arrays whose objects are chunks. */
static zagg_status erase_chunk(const zagg_store_plan *plan, zagg_sink *store,
                               const zagg_shard *shard, const uint64_t *index,
                               bool csr_only, zagg_err *err)
{
    for (size_t i = 0; i < plan->tmpl.n_arrays; i++) {
        const zagg_zarr_array *array = &plan->arrays[i];
        if (array->kind == ZAGG_ZARR_CSR)
            ZAGG_TRY(erase_csr(plan, store, i, zg_csr_key(plan, shard, index), err));
        else if (!csr_only && !array->sharded && !is_static(plan, i))
            ZAGG_TRY(erase_object(plan, store, i, index, err));
    }
    return ZAGG_OK;
}

static bool has_chunk_objects(const zagg_store_plan *plan, bool csr_only)
{
    for (size_t i = 0; i < plan->tmpl.n_arrays; i++)
        if (plan->arrays[i].kind == ZAGG_ZARR_CSR ||
            (!csr_only && !plan->arrays[i].sharded))
            return true;
    return false;
}

zagg_status zagg_store_plan_erase_shard(const zagg_store_plan *plan, zagg_sink *store,
                                        const zagg_shard *shard, bool csr_only,
                                        zagg_err *err)
{
    const zagg_grid_info *info = plan->info;
    if (plan->hive)
        return csr_only ? ZAGG_OK : zg_hive_leaf_erase(plan, store, shard, err);
    uint64_t block[ZAGG_ZARR_MAX_RANK] = {0}, per_axis[2] = {1, 1};
    for (unsigned d = 0; d < info->rank; d++) {
        block[d] = shard->block[d];
        per_axis[d] = info->shard_shape[d] / info->chunk_shape[d];
    }
    for (size_t i = 0; !csr_only && i < plan->tmpl.n_arrays; i++)
        if (plan->arrays[i].sharded)
            ZAGG_TRY(erase_object(plan, store, i, block, err));
    if (!has_chunk_objects(plan, csr_only))
        return ZAGG_OK;
    for (uint64_t c = 0; c < per_axis[0] * per_axis[1]; c++) {
        uint64_t index[ZAGG_ZARR_MAX_RANK] = {0};
        const uint64_t at[2] = {c / per_axis[1], c % per_axis[1]};
        for (unsigned d = 0; d < info->rank; d++)
            index[d] = block[d] * per_axis[d] + at[d];
        ZAGG_TRY(erase_chunk(plan, store, shard, index, csr_only, err));
    }
    return ZAGG_OK;
}
