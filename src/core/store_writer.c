/* Carriers of a shard into the store: chunk by chunk, or one object per array and shard.
 * Sharded arrays are encoded chunk by chunk as they come. In a hive the arrays are those
 * of the shard's leaf. */
#include "core/hive.h"
#include "zarr/shard.h"

#include <inttypes.h>
#include <string.h>

struct zagg_store_writer {
    const zagg_store_plan *plan;
    zagg_sink *store;
    zagg_zarr_shard **shards; /* of each sharded array, made on first use */
    bool *begun; /* of each CSR field: its own group is written; sharded: its object */
    zg_hive_leaf *leaf; /* hive: from the first carrier on */
    const zagg_store_origin *origin;
    double seconds; /* spent on the leaf */
    bool some;      /* carriers came */
    uint64_t shard; /* key of the one that they are of */
};

zagg_status zagg_store_writer_new(const zagg_store_plan *plan, zagg_sink *store,
                                  zagg_store_writer **out, zagg_err *err)
{
    zagg_store_writer *w = zg_alloc(1, sizeof *w);
    if (!w)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a store writer");
    w->plan = plan;
    w->store = store;
    w->shards = zg_alloc(plan->tmpl.n_arrays, sizeof *w->shards);
    w->begun = zg_alloc(plan->tmpl.n_arrays, sizeof *w->begun);
    if (!w->shards || !w->begun) {
        zagg_store_writer_free(w);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a store writer");
    }
    *out = w;
    return ZAGG_OK;
}

void zagg_store_writer_free(zagg_store_writer *writer)
{
    if (!writer)
        return;
    for (size_t i = 0; writer->shards && i < writer->plan->tmpl.n_arrays; i++)
        zagg_zarr_shard_free(writer->shards[i]);
    zg_hive_leaf_free(writer->leaf);
    zg_free(writer->shards);
    zg_free(writer->begun);
    zg_free(writer);
}

void zagg_store_writer_set_origin(zagg_store_writer *writer,
                                  const zagg_store_origin *origin)
{
    writer->origin = origin;
}

/* Group of the arrays in the store. */
static const char *group_of(const zagg_store_writer *w)
{
    return w->leaf ? zg_hive_leaf_group(w->leaf) : w->plan->tmpl.group;
}

/* Array of a carrier column; n_arrays when the store does not hold it (cell_ids that the
 * config does not declare, words that upstream 0.11 did not know). */
static size_t array_of(const zagg_store_plan *plan, const char *name)
{
    size_t i = 0;
    while (i < plan->tmpl.n_arrays && strcmp(plan->arrays[i].name, name) != 0)
        i++;
    return i;
}

/* A column and where it goes. */
typedef struct placed {
    size_t array; /* in the plan */
    zg_store_cells cells;
    uint64_t key;                       /* of its CSR group */
    uint64_t index[ZAGG_ZARR_MAX_RANK]; /* of the chunk, in its shard or in the array */
    zagg_zarr_shard *shard;             /* NULL: not sharded */
} placed;

uint64_t zg_csr_key(const zagg_store_plan *plan, const zagg_shard *shard,
                    const uint64_t *chunk_index)
{
    const zagg_grid_info *info = plan->info;
    if (info->chunks_per_shard == 1)
        return shard->key;
    uint64_t key = 0;
    for (unsigned d = 0; d < info->rank; d++)
        key = key * (info->shape[d] / info->chunk_shape[d]) + chunk_index[d];
    return key;
}

static zagg_status check_column(const zagg_store_plan *plan, size_t i,
                                const zagg_carrier_column *column, zagg_err *err)
{
    const zagg_zarr_array *array = &plan->arrays[i];
    const zagg_field *field = plan->fields[i];
    const bool ragged = column->kind == ZAGG_FIELD_RAGGED;
    const zagg_dtype dtype = field                           ? field->dtype
                             : array->kind == ZAGG_ZARR_VLEN ? ZAGG_DT_U64
                                                             : array->dtype;
    size_t width = 1;
    for (size_t k = 0; field && k < field->n_shape; k++)
        width *= (size_t)field->shape[k];
    if (ragged != (array->kind != ZAGG_ZARR_DENSE) ||
        ragged != (column->offsets != NULL) || column->dtype != dtype ||
        column->width != width)
        return zagg_err_set(err, ZAGG_EARG,
                            "column '%s' is not what the store plan makes of its field",
                            column->name);
    return ZAGG_OK;
}

/* Which cells are stored: all of the chunk, or the one that stands for it; none where no
 * cell of a ragged field has a payload. */
static zagg_status choose_cells(const zagg_store_plan *plan, const zagg_carrier *carrier,
                                placed *p, zagg_err *err)
{
    const zagg_field *field = plan->fields[p->array];
    const zagg_carrier_column *column = p->cells.column;
    p->cells.first = 0;
    p->cells.n = carrier->n_cells;
    if (!field || !field->chunk_resolution)
        return ZAGG_OK;
    p->cells.n = 1;
    if (column->kind != ZAGG_FIELD_RAGGED)
        return zg_companion_cell(column, carrier->n_cells, &p->cells.first, err);
    return zg_companion_payload(column, carrier->n_cells, &p->cells.first, err);
}

/* The object of a sharded array, with the first chunk of a shard. */
static zagg_status begin_object(zagg_store_writer *w, const zagg_shard *shard, placed *p,
                                zagg_err *err)
{
    uint64_t index[ZAGG_ZARR_MAX_RANK] = {0};
    zagg_zarr_shard **object = &w->shards[p->array];
    if (!*object)
        ZAGG_TRY(zagg_zarr_shard_new(&w->plan->arrays[p->array], object, err));
    p->shard = *object;
    if (w->begun[p->array])
        return ZAGG_OK;
    for (unsigned d = 0; d < w->plan->info->rank && !w->leaf; d++)
        index[d] = shard->block[d];
    ZAGG_TRY(zagg_zarr_shard_begin(p->shard, w->store, group_of(w), index, err));
    w->begun[p->array] = true;
    return ZAGG_OK;
}

static zagg_status choose_place(zagg_store_writer *w, const zagg_shard *shard,
                                const zagg_carrier *carrier, placed *p, zagg_err *err)
{
    const zagg_zarr_array *array = &w->plan->arrays[p->array];
    memset(p->index, 0, sizeof p->index);
    for (unsigned d = 0; d < w->plan->info->rank; d++)
        p->index[d] = carrier->chunk_index[d];
    if (w->leaf) /* whose arrays begin with the shard */
        p->index[0] = carrier->chunk;
    p->key = zg_csr_key(w->plan, shard, carrier->chunk_index);
    p->shard = NULL;
    if (!array->sharded)
        return ZAGG_OK;
    for (unsigned d = 0; d < w->plan->info->rank && !w->leaf; d++)
        p->index[d] -= shard->block[d] * (array->shard[d] / array->chunk[d]);
    return begin_object(w, shard, p, err);
}

static zagg_status put_csr(zagg_store_writer *w, const placed *p, zagg_err *err)
{
    const char *group = group_of(w);
    if (!w->begun[p->array])
        ZAGG_TRY(zagg_zarr_csr_create(w->store, group, p->cells.column->name, err));
    w->begun[p->array] = true;
    return zg_store_put_csr(w->store, group, p->key, &p->cells, err);
}

static zagg_status put_dense(zagg_store_writer *w, const placed *p, zagg_err *err)
{
    const zagg_carrier_column *column = p->cells.column;
    const size_t cell_bytes = column->width * zagg_dtype_size(column->dtype);
    const void *data = (const char *)column->data + p->cells.first * cell_bytes;
    if (p->shard) {
        const zg_sha256_stream *content =
            w->leaf ? zg_hive_leaf_hash(w->leaf, p->array) : NULL;
        return zg_zarr_shard_add_hashed(p->shard, p->index, data, content, err);
    }
    return zagg_zarr_write_chunk(w->store, group_of(w), &w->plan->arrays[p->array],
                                 p->index, data, err);
}

static zagg_status put_column(zagg_store_writer *w, const zagg_shard *shard,
                              const zagg_carrier *carrier,
                              const zagg_carrier_column *column, zagg_err *err)
{
    const zagg_store_plan *plan = w->plan;
    placed p = {.array = array_of(plan, column->name), .cells = {.column = column}};
    if (p.array == plan->tmpl.n_arrays)
        return ZAGG_OK;
    const zagg_zarr_array *array = &plan->arrays[p.array];
    ZAGG_TRY(check_column(plan, p.array, column, err));
    ZAGG_TRY(choose_cells(plan, carrier, &p, err));
    ZAGG_TRY(choose_place(w, shard, carrier, &p, err));
    if (p.cells.first == carrier->n_cells) { /* a companion without a payload */
        if (array->kind == ZAGG_ZARR_CSR)
            return ZAGG_OK; /* such a chunk has no group */
        p.cells.first = 0;  /* any cell: all are empty */
    }
    if (w->leaf)
        zg_hive_leaf_column(w->leaf, p.array, &p.cells);
    if (column->kind != ZAGG_FIELD_RAGGED)
        return put_dense(w, &p, err);
    if (array->kind == ZAGG_ZARR_CSR)
        return put_csr(w, &p, err);
    return zg_store_put_vlen(w->store, group_of(w), array, p.shard, p.index, &p.cells,
                             err);
}

/* One shard is finished before the next one begins. */
static zagg_status check_shard(const zagg_store_writer *w, const zagg_shard *shard,
                               zagg_err *err)
{
    if (!w->some || w->shard == shard->key)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EARG,
                        "shard %" PRIu64 " came before %" PRIu64 " was finished",
                        shard->key, w->shard);
}

static zagg_status take_carrier(zagg_store_writer *w, const zagg_shard *shard,
                                const zagg_carrier *carrier, zagg_err *err)
{
    ZAGG_TRY(check_shard(w, shard, err));
    w->some = true;
    w->shard = shard->key;
    if (w->plan->hive && !w->leaf)
        ZAGG_TRY(zg_hive_leaf_begin(w->plan, w->store, shard, &w->leaf, err));
    if (w->leaf)
        ZAGG_TRY(zg_hive_leaf_chunk(w->leaf, carrier, err));
    for (size_t i = 0; i < carrier->n_columns; i++)
        ZAGG_TRY(put_column(w, shard, carrier, &carrier->columns[i], err));
    return ZAGG_OK;
}

zagg_status zagg_store_writer_carrier(void *writer, const zagg_shard *shard,
                                      const zagg_carrier *carrier, zagg_err *err)
{
    zagg_store_writer *w = writer;
    const double start = zg_clock_mono_s();
    const zagg_status status = take_carrier(w, shard, carrier, err);
    w->seconds += zg_clock_mono_s() - start;
    return status;
}

/* Of a failed one the rest is not ended: what is begun again is a new object. */
static zagg_status end_objects(zagg_store_writer *w, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < w->plan->tmpl.n_arrays; i++) {
        if (!w->shards[i] || !w->begun[i])
            continue;
        w->begun[i] = false;
        if (status == ZAGG_OK)
            status = zagg_zarr_shard_end(w->shards[i], err);
    }
    return status;
}

zagg_status zagg_store_writer_finish(zagg_store_writer *writer, const zagg_shard *shard,
                                     zagg_err *err)
{
    const double start = zg_clock_mono_s();
    if (writer->leaf && !writer->origin)
        return zagg_err_set(err, ZAGG_EARG,
                            "a leaf of a hive needs its origin "
                            "(zagg_store_writer_set_origin)");
    ZAGG_TRY(check_shard(writer, shard, err));
    writer->some = false;
    zagg_status status = end_objects(writer, err);
    if (!writer->leaf)
        return status;
    writer->seconds += zg_clock_mono_s() - start;
    if (status == ZAGG_OK)
        status = zg_hive_leaf_finish(writer->leaf, writer->origin, writer->seconds, err);
    zg_hive_leaf_free(writer->leaf);
    writer->leaf = NULL;
    writer->origin = NULL;
    writer->seconds = 0;
    return status;
}
