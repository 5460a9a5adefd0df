/* What a run does to a store before its first shard and after the last one. */
#include "core/hive.h"

#include <string.h>

/* Upstream makes these beside a hive unless the config says no; no value depends on them,
 * and its own sweep can make them later. */
static void tell_unwritten(const zagg_store_plan *plan, zagg_log *log)
{
    static const char *const KEYS[] = {"pyramid", "icechunk", "leaf_versions", "sweep"};
    const zagg_value *output = zagg_value_get_set(plan->pipeline->root, "output");
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        const zagg_value *v = zagg_value_get_set(output, KEYS[i]);
        if (v == NULL || (v->kind == ZAGG_BOOL && !v->u.b) || zagg_value_is(v, "none"))
            continue;
        zagg_log_write(log, ZAGG_LOG_WARN,
                       "%s: output.%s is not written by this version; the leaves are "
                       "complete without it",
                       plan->pipeline->name, KEYS[i]);
    }
    if (plan->hive)
        zagg_log_write(log, ZAGG_LOG_DEBUG,
                       "hive: plain leaves; no overviews, leaf versions, rollups, "
                       "icechunk");
}

/* The other way round zg_hive_begin looks. */
static zagg_status check_no_hive(zagg_sink *store, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    const zagg_status status =
        zagg_sink_get(store, ZG_HIVE_MANIFEST, ZG_HIVE_MAX_DOC_BYTES, &data, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(status);
    zagg_bytes_free(data);
    return zagg_err_set(err, ZAGG_EEXISTS,
                        "store %s: there is a hive already (" ZG_HIVE_MANIFEST
                        "); name another place for a flat store",
                        zagg_sink_name(store));
}

zagg_status zagg_store_plan_begin(const zagg_store_plan *plan, zagg_sink *store,
                                  const zagg_shardmap *map, zagg_store_start start,
                                  zagg_log *log, zagg_err *err)
{
    const bool overwrite = start == ZAGG_STORE_OVERWRITE;
    tell_unwritten(plan, log);
    if (plan->hive)
        return zg_hive_begin(plan, store, map, overwrite, log, err);
    ZAGG_TRY(check_no_hive(store, err));
    ZAGG_TRY(start == ZAGG_STORE_RESUME
                 ? zagg_zarr_resume(store, &plan->tmpl, err)
                 : zagg_zarr_create(store, &plan->tmpl, overwrite, err));
    return zagg_store_plan_write_static(plan, store, err);
}

zagg_status zagg_store_plan_check(const zagg_store_plan *plan, zagg_sink *store,
                                  const zagg_shardmap *map, zagg_store_start start,
                                  bool *there, zagg_err *err)
{
    const bool overwrite = start == ZAGG_STORE_OVERWRITE;
    if (plan->hive)
        return zg_hive_check(plan, store, map, overwrite, there, err);
    ZAGG_TRY(check_no_hive(store, err));
    return zagg_zarr_check(store, &plan->tmpl, overwrite, start == ZAGG_STORE_RESUME,
                           there, err);
}

zagg_status zagg_store_plan_end(const zagg_store_plan *plan, zagg_sink *store,
                                const uint64_t *keys, size_t n, zagg_log *log,
                                zagg_err *err)
{
    if (plan->hive && plan->pipeline->output.coverage_moc)
        return zg_hive_add_shards(plan, store, keys, n, log, err);
    return zagg_store_plan_consolidates(plan) ? zagg_zarr_consolidate(store, err)
                                              : ZAGG_OK;
}
