/* Carriers of a shard into the store: chunk by chunk, or one object per array and shard.
 */
#include "core/store_plan.h"

#include <string.h>

struct zagg_store_writer {
    const zagg_store_plan *plan;
    zagg_sink *store;
    zagg_zarr_shard *
        *shards; /* one builder per array of a sharded grid, made on first use */
};

zagg_status zagg_store_writer_new(const zagg_store_plan *plan, zagg_sink *store,
                                  zagg_store_writer **out, zagg_err *err)
{
    zagg_store_writer *w = zg_alloc(1, sizeof *w);
    if (w)
        w->shards = zg_alloc(plan->tmpl.n_arrays, sizeof *w->shards);
    if (!w || !w->shards) {
        zg_free(w);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a store writer");
    }
    w->plan = plan;
    w->store = store;
    *out = w;
    return ZAGG_OK;
}

void zagg_store_writer_free(zagg_store_writer *writer)
{
    if (!writer)
        return;
    for (size_t i = 0; i < writer->plan->tmpl.n_arrays; i++)
        zagg_zarr_shard_free(writer->shards[i]);
    zg_free(writer->shards);
    zg_free(writer);
}

/* Array of a carrier column; n_arrays when the store does not hold it (cell_ids that the
 * config does not declare). */
static size_t array_of(const zagg_store_plan *plan, const char *name)
{
    size_t i = 0;
    while (i < plan->tmpl.n_arrays && strcmp(plan->arrays[i].name, name) != 0)
        i++;
    return i;
}

static zagg_status put_column(zagg_store_writer *w, const zagg_shard *shard,
                              const zagg_carrier *carrier,
                              const zagg_carrier_column *column, zagg_err *err)
{
    const zagg_store_plan *plan = w->plan;
    const size_t i = array_of(plan, column->name);
    if (i == plan->tmpl.n_arrays)
        return ZAGG_OK;
    const zagg_zarr_array *array = &plan->arrays[i];
    if (!array->sharded)
        return zagg_zarr_write_chunk(w->store, plan->tmpl.group, array,
                                     carrier->chunk_index, column->data, err);
    uint64_t inner[2] = {0, 0};
    for (unsigned axis = 0; axis < array->rank; axis++)
        inner[axis] = carrier->chunk_index[axis] -
                      shard->block[axis] * (array->shard[axis] / array->chunk[axis]);
    if (!w->shards[i])
        ZAGG_TRY(zagg_zarr_shard_new(array, &w->shards[i], err));
    return zagg_zarr_shard_add(w->shards[i], inner, column->data, err);
}

zagg_status zagg_store_writer_carrier(void *writer, const zagg_shard *shard,
                                      const zagg_carrier *carrier, zagg_err *err)
{
    zagg_store_writer *w = writer;
    for (size_t i = 0; i < carrier->n_columns; i++)
        ZAGG_TRY(put_column(w, shard, carrier, &carrier->columns[i], err));
    return ZAGG_OK;
}

zagg_status zagg_store_writer_finish(zagg_store_writer *writer, const zagg_shard *shard,
                                     zagg_err *err)
{
    const zagg_store_plan *plan = writer->plan;
    for (size_t i = 0; i < plan->tmpl.n_arrays; i++)
        if (writer->shards[i])
            ZAGG_TRY(zagg_zarr_shard_write(writer->shards[i], writer->store,
                                           plan->tmpl.group, shard->block, err));
    return ZAGG_OK;
}
