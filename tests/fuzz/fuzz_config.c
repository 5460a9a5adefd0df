/* Any bytes as a pipeline config: validate it, and prepare everything a run prepares
 * before it opens a granule: the grid, the worker, the store's arrays and documents. */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "fuzz/mem_sink.h"
#include "zagg/core.h"

#include <stdlib.h>

#define MAX_AXIS 4096
#define MAX_CELLS 4096

static void drop_message(void *user, zagg_log_level level, const char *message)
{
    size_t *n = user;
    (void)level;
    *n += message[0] != '\0';
}

static void check_documents(const zagg_store_plan *plan, const zagg_grid *grid)
{
    const zagg_zarr_template *t = zagg_store_plan_template(plan);
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    zagg_err err = ZAGG_ERR_INIT;
    zagg_sink *store = mem_sink_new();
    if (!store)
        abort();
    zagg_status status = zagg_zarr_create(store, t, false, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
    } else {
        /* What was created is accepted as its own equal. */
        fuzz_check(zagg_zarr_create(store, t, false, &err) == ZAGG_OK);
        if (info->shape[0] <= MAX_AXIS && (info->rank < 2 || info->shape[1] <= MAX_AXIS))
            (void)zagg_store_plan_write_static(plan, store, &err);
        if (zagg_store_plan_consolidates(plan))
            (void)zagg_zarr_consolidate(store, &err);
    }
    zagg_sink_close(store);
}

/* Points all over the grid have shards that decode. */
static void check_shards(const zagg_grid *grid)
{
    static const double lat[4] = {-88.0, -1.0, 12.5, 61.0};
    static const double lon[4] = {-170.0, 20.25, 0.0, 179.5};
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    uint64_t keys[4], index[2], cells[MAX_CELLS];
    uint32_t ranks[4];
    bool no_key[4];
    zagg_grid_shard_keys(grid, lat, lon, 4, keys, no_key);
    for (size_t i = 0; i < 4; i++) {
        zagg_shard shard;
        zagg_err err = ZAGG_ERR_INIT;
        char label[40];
        if (no_key[i])
            continue;
        fuzz_check(zagg_grid_shard(grid, keys[i], &shard, &err) == ZAGG_OK);
        zagg_grid_ranks(grid, &shard, lat, lon, 4, ranks, NULL);
        fuzz_check(ranks[i] < info->cells_per_shard);
        zagg_grid_shard_label(grid, keys[i], label);
        zagg_grid_chunk_index(grid, &shard, info->chunks_per_shard - 1, index);
        if (info->cells_per_chunk <= MAX_CELLS)
            zagg_grid_chunk_cells(grid, &shard, info->chunks_per_shard - 1, cells);
    }
}

static void prepare(const zagg_pipeline *pipeline, zagg_latitude latitude)
{
    zagg_grid *grid = NULL;
    zagg_worker *worker = NULL;
    zagg_store_plan *plan = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = zagg_grid_from_pipeline(pipeline, latitude, &grid, &err);
    if (status == ZAGG_OK) {
        check_shards(grid);
        status = zagg_worker_new(pipeline, grid, &worker, &err);
    }
    if (status == ZAGG_OK)
        status = zagg_store_plan_new(pipeline, grid, &plan, &err);
    if (status == ZAGG_OK)
        check_documents(plan, grid);
    else
        fuzz_check_error(status, &err);
    zagg_store_plan_free(plan);
    zagg_worker_free(worker);
    zagg_grid_free(grid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_pipeline *pipeline = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    size_t messages = 0;
    zagg_log *log = zagg_log_new(ZAGG_LOG_DEBUG, drop_message, &messages);
    if (!log)
        abort();
    zagg_status status =
        zagg_pipeline_parse((const char *)data, size, "fuzz.yaml", log, &pipeline, &err);
    if (status == ZAGG_OK) {
        status = zagg_pipeline_check_runnable(pipeline, &err);
        if (status != ZAGG_OK)
            fuzz_check_error(status, &err);
        prepare(pipeline, ZAGG_LATITUDE_AUTHALIC);
        prepare(pipeline, ZAGG_LATITUDE_GEODETIC);
    } else {
        fuzz_check_error(status, &err);
    }
    zagg_pipeline_free(pipeline);
    zagg_log_free(log);
    return 0;
}
