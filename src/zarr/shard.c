/* Shard objects of the sharding_indexed codec (Zarr v3): the stored inner chunks without
 * gaps from offset 0, then for each inner chunk in C order its offset and length as u64
 * (both 2^64-1 where absent), then the crc32c of that index. zarr-python writes the
 * payloads in Z-order of the inner chunks' coordinates, and so does this, for equal
 * bytes.
 *
 * Only stored chunks are held, in one block that becomes the object: it is put in order
 * in place and the index is added behind, so that a shard is never in memory twice. */
#include "codec/codec.h"
#include "zarr/layout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One stored inner chunk, in the order of arrival. */
typedef struct shard_entry {
    uint64_t z_order;
    size_t c_order; /* position in the index */
    size_t arrival; /* position in the block, in chunks */
} shard_entry;

struct zagg_zarr_shard {
    zagg_zarr_array array; /* texts: `name` only, own copy */
    char *name;
    zg_zarr_layout layout;
    bool *seen; /* by C order: handed over already */
    zg_vec entries;
    unsigned char *block;
    size_t block_bytes;
    bool in_order; /* entries arrived in ascending Z-order */
};

/* Interleaved coordinate bits, axis 0 lowest; an axis whose bits are used up is left out
 * (zarr-python's decode_morton). */
static uint64_t z_order_of(const zg_zarr_layout *layout, unsigned rank,
                           const uint64_t *index)
{
    uint64_t z = 0;
    unsigned at = 0;
    for (unsigned bit = 0; bit < 64 && at < 64; bit++) {
        for (unsigned d = 0; d < rank && at < 64; d++) {
            if ((layout->inner[d] - 1) >> bit != 0)
                z |= (index[d] >> bit & 1) << at++;
        }
    }
    return z;
}

zagg_status zagg_zarr_shard_new(const zagg_zarr_array *array, zagg_zarr_shard **out,
                                zagg_err *err)
{
    zg_zarr_layout layout;
    ZAGG_TRY(zg_zarr_layout_of(array, &layout, err));
    if (!array->sharded)
        return zagg_err_set(err, ZAGG_EARG, "zarr array '%s' is not sharded",
                            array->name);
    zagg_zarr_shard *shard = zg_alloc(1, sizeof *shard);
    if (shard == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard of '%s'",
                            array->name);
    shard->array = *array;
    shard->layout = layout;
    shard->in_order = true;
    shard->array.attributes_json = NULL;
    memset(shard->array.dim_names, 0, sizeof shard->array.dim_names);
    zg_vec_init(&shard->entries, sizeof(shard_entry), layout.n_inner);
    shard->name = zg_strdup(array->name);
    shard->array.name = shard->name;
    shard->seen = zg_alloc(layout.n_inner, sizeof *shard->seen);
    if (shard->name == NULL || shard->seen == NULL) {
        zagg_zarr_shard_free(shard);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the %zu chunks of a shard",
                            layout.n_inner);
    }
    *out = shard;
    return ZAGG_OK;
}

void zagg_zarr_shard_free(zagg_zarr_shard *shard)
{
    if (shard == NULL)
        return;
    zg_vec_free(&shard->entries);
    zg_free(shard->seen);
    zg_free(shard->name);
    zg_free(shard->block);
    zg_free(shard);
}

static zagg_status resize_block(zagg_zarr_shard *shard, size_t bytes, zagg_err *err)
{
    unsigned char *block = zg_realloc(shard->block, bytes, 1);
    if (block == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard of '%s' (%zu bytes)",
                            shard->name, bytes);
    shard->block = block;
    shard->block_bytes = bytes;
    return ZAGG_OK;
}

/* Room for chunk number `stored`: half as much again each time, at most the whole object.
 */
static zagg_status make_room(zagg_zarr_shard *shard, size_t stored, zagg_err *err)
{
    const zg_zarr_layout *l = &shard->layout;
    size_t need = (stored + 1) * l->chunk_bytes;
    if (need <= shard->block_bytes)
        return ZAGG_OK;
    size_t chunks = stored + stored / 2 + 4;
    size_t bytes = chunks < l->n_inner ? chunks * l->chunk_bytes : l->object_max_bytes;
    return resize_block(shard, bytes, err);
}

zagg_status zagg_zarr_shard_add(zagg_zarr_shard *shard, const uint64_t *inner_index,
                                const void *data, zagg_err *err)
{
    const zg_zarr_layout *l = &shard->layout;
    size_t c_order = 0, stored = shard->entries.len;
    for (unsigned d = 0; d < shard->array.rank; d++) {
        if (inner_index[d] >= l->inner[d])
            return zagg_err_set(err, ZAGG_ERANGE,
                                "inner chunk %" PRIu64
                                " of a shard of '%s' along axis %u: "
                                "there are %" PRIu64,
                                inner_index[d], shard->name, d, l->inner[d]);
        c_order = c_order * (size_t)l->inner[d] + (size_t)inner_index[d];
    }
    if (shard->seen[c_order])
        return zagg_err_set(err, ZAGG_EARG,
                            "inner chunk %zu of a shard of '%s' given twice", c_order,
                            shard->name);
    if (zagg_zarr_all_fill(&shard->array, data, l->chunk_elems)) {
        shard->seen[c_order] = true;
        return ZAGG_OK;
    }
    ZAGG_TRY(make_room(shard, stored, err));
    shard_entry *entry = zg_vec_push(&shard->entries);
    if (entry == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard of '%s'",
                            shard->name);
    shard->seen[c_order] = true;
    entry->z_order = z_order_of(l, shard->array.rank, inner_index);
    entry->c_order = c_order;
    entry->arrival = stored;
    if (stored > 0 &&
        ZG_VEC_AT(&shard->entries, shard_entry, stored - 1)->z_order > entry->z_order)
        shard->in_order = false;
    memcpy(shard->block + stored * l->chunk_bytes, data, l->chunk_bytes);
    return ZAGG_OK;
}

static int by_z_order(const void *a, const void *b)
{
    const shard_entry *x = a, *y = b;
    return (x->z_order > y->z_order) - (x->z_order < y->z_order);
}

/* Sort the entries and move the chunks after them, cycle by cycle through one spare
 * chunk. */
static zagg_status put_in_order(zagg_zarr_shard *shard, zagg_err *err)
{
    size_t size = shard->layout.chunk_bytes, n = shard->entries.len;
    shard_entry *entries = shard->entries.data;
    unsigned char *spare = zg_alloc(size, 1);
    if (spare == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of '%s'",
                            shard->name);
    qsort(entries, n, sizeof *entries, by_z_order);
    for (size_t start = 0; start < n; start++) {
        if (entries[start].arrival == start)
            continue;
        memcpy(spare, shard->block + start * size, size);
        size_t at = start;
        while (entries[at].arrival != start) {
            size_t from = entries[at].arrival;
            memcpy(shard->block + at * size, shard->block + from * size, size);
            entries[at].arrival = at;
            at = from;
        }
        memcpy(shard->block + at * size, spare, size);
        entries[at].arrival = at;
    }
    zg_free(spare);
    return ZAGG_OK;
}

/* The block with its payloads in order becomes the object. */
static zagg_status add_index(zagg_zarr_shard *shard, size_t *object_bytes, zagg_err *err)
{
    const zg_zarr_layout *l = &shard->layout;
    size_t n = shard->entries.len, payload = n * l->chunk_bytes;
    const shard_entry *entries = shard->entries.data;
    if (payload + l->index_bytes > shard->block_bytes)
        ZAGG_TRY(resize_block(shard, payload + l->index_bytes, err));
    unsigned char *index = shard->block + payload;
    memset(index, 0xff, l->index_bytes);
    for (size_t i = 0; i < n; i++) {
        uint64_t place[2] = {(uint64_t)i * l->chunk_bytes, l->chunk_bytes};
        memcpy(index + entries[i].c_order * sizeof place, place, sizeof place);
    }
    uint32_t crc = zg_crc32c(index, l->index_bytes - sizeof crc);
    memcpy(index + l->index_bytes - sizeof crc, &crc, sizeof crc);
    *object_bytes = payload + l->index_bytes;
    return ZAGG_OK;
}

static void start_again(zagg_zarr_shard *shard)
{
    shard->entries.len = 0;
    shard->in_order = true;
    memset(shard->seen, 0, shard->layout.n_inner * sizeof *shard->seen);
}

zagg_status zagg_zarr_shard_write(zagg_zarr_shard *shard, zagg_sink *store,
                                  const char *group, const uint64_t *shard_index,
                                  zagg_err *err)
{
    char key[ZG_ZARR_MAX_KEY];
    size_t bytes = 0;
    zagg_status status =
        zagg_zarr_object_key(group, &shard->array, shard_index, key, sizeof key, err);
    if (status == ZAGG_OK && shard->entries.len == 0) {
        status = zagg_sink_delete(store, key, err);
    } else {
        if (status == ZAGG_OK && !shard->in_order)
            status = put_in_order(shard, err);
        if (status == ZAGG_OK)
            status = add_index(shard, &bytes, err);
        if (status == ZAGG_OK)
            status = zagg_sink_put(store, key, shard->block, bytes, err);
    }
    start_again(shard);
    return status;
}
