/* Shard objects of the sharding_indexed codec (Zarr v3): the stored inner chunks without
 * gaps from offset 0, then for each inner chunk in C order its offset and length as u64
 * (both 2^64-1 where absent), then the crc32c of that index. zarr-python writes the
 * payloads in Z-order of the inner chunks' coordinates, and so does this, for equal
 * bytes.
 *
 * Only stored chunks are held, encoded, in one block that becomes the object: it is put
 * in order in place and the index is added behind, so that a shard is never in memory
 * twice. Chunks of one size are put in order at the end, each moved once. Those of
 * different sizes cannot change places; each is put where it belongs when it comes, which
 * moves nothing where they come in Z-order, as they do on an axis. */
#include "zarr/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One stored inner chunk, in the order of the block. */
typedef struct shard_entry {
    uint64_t z_order;
    size_t c_order; /* position in the index */
    size_t offset;  /* in the block */
    size_t len;
} shard_entry;

struct zagg_zarr_shard {
    zagg_zarr_array array; /* texts: `name` only, own copy */
    char *name;
    zg_zarr_layout layout;
    bool *seen; /* by C order: handed over already */
    zg_vec entries;
    zg_zstd *zstd; /* NULL where the array has none */
    unsigned char *block;
    size_t block_bytes, used;
    bool in_order; /* entries of one size: they arrived in ascending Z-order */
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
    shard->zstd = array->zstd ? zg_zstd_new() : NULL;
    if (shard->name == NULL || shard->seen == NULL ||
        (array->zstd && shard->zstd == NULL)) {
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
    zg_zstd_free(shard->zstd);
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

/* Room for `more` bytes: half as much again each time, of chunks of one size at most the
 * whole object. */
static zagg_status make_room(zagg_zarr_shard *shard, size_t more, zagg_err *err)
{
    enum { LEAST_GROWTH = 4096 };
    const zg_zarr_layout *l = &shard->layout;
    size_t need, bytes;
    if (!zg_add_size(shard->used, more, &need) ||
        !zg_add_size(need, need / 2 + LEAST_GROWTH, &bytes))
        return zagg_err_set(err, ZAGG_ERANGE, "a shard of '%s' is too large",
                            shard->name);
    if (need <= shard->block_bytes)
        return ZAGG_OK;
    if (bytes > l->object_max_bytes)
        bytes = l->object_max_bytes;
    return resize_block(shard, need > bytes ? need : bytes, err);
}

/* Where a chunk goes among those there: chunks of one size stay in the order of arrival.
 */
static size_t place_of(zagg_zarr_shard *shard, uint64_t z_order)
{
    const shard_entry *entries = shard->entries.data;
    size_t at = shard->entries.len;
    if (shard->layout.fixed) {
        if (at > 0 && entries[at - 1].z_order > z_order)
            shard->in_order = false;
        return at;
    }
    while (at > 0 && entries[at - 1].z_order > z_order)
        at--;
    return at;
}

static zagg_status insert(zagg_zarr_shard *shard, uint64_t z_order, size_t c_order,
                          const zg_zarr_packed *chunk, zagg_err *err)
{
    ZAGG_TRY(make_room(shard, chunk->len, err));
    if (zg_vec_push(&shard->entries) == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard of '%s'",
                            shard->name);
    shard->entries.len--;
    const size_t at = place_of(shard, z_order), behind = shard->entries.len - at;
    shard_entry *entry = ZG_VEC_AT(&shard->entries, shard_entry, at);
    const size_t offset = behind > 0 ? entry->offset : shard->used;
    if (behind > 0) {
        memmove(entry + 1, entry, behind * sizeof *entry);
        memmove(shard->block + offset + chunk->len, shard->block + offset,
                shard->used - offset);
        for (size_t i = 1; i <= behind; i++)
            entry[i].offset += chunk->len;
    }
    *entry = (shard_entry){z_order, c_order, offset, chunk->len};
    memcpy(shard->block + offset, chunk->data, chunk->len);
    shard->entries.len++;
    shard->used += chunk->len;
    return ZAGG_OK;
}

zagg_status zagg_zarr_shard_add(zagg_zarr_shard *shard, const uint64_t *inner_index,
                                const void *data, zagg_err *err)
{
    const zg_zarr_layout *l = &shard->layout;
    size_t c_order = 0;
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
    zg_zarr_packed chunk;
    ZAGG_TRY(zg_zarr_pack(shard->zstd, &shard->array, l, data, &chunk, err));
    const zagg_status status = insert(
        shard, z_order_of(l, shard->array.rank, inner_index), c_order, &chunk, err);
    zg_free(chunk.owned);
    shard->seen[c_order] = status == ZAGG_OK;
    return status;
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
    const size_t size = shard->layout.chunk_bytes, n = shard->entries.len;
    shard_entry *entries = shard->entries.data;
    unsigned char *spare = zg_alloc(size, 1);
    if (spare == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of '%s'",
                            shard->name);
    qsort(entries, n, sizeof *entries, by_z_order);
    for (size_t start = 0; start < n; start++) {
        if (entries[start].offset == start * size)
            continue;
        memcpy(spare, shard->block + start * size, size);
        size_t at = start;
        while (entries[at].offset != start * size) {
            const size_t from = entries[at].offset;
            memcpy(shard->block + at * size, shard->block + from, size);
            entries[at].offset = at * size;
            at = from / size;
        }
        memcpy(shard->block + at * size, spare, size);
        entries[at].offset = at * size;
    }
    zg_free(spare);
    return ZAGG_OK;
}

/* The block with its payloads in order becomes the object. */
static zagg_status add_index(zagg_zarr_shard *shard, size_t *object_bytes, zagg_err *err)
{
    const zg_zarr_layout *l = &shard->layout;
    const size_t n = shard->entries.len, payload = shard->used;
    const shard_entry *entries = shard->entries.data;
    size_t bytes;
    if (!zg_add_size(payload, l->index_bytes, &bytes))
        return zagg_err_set(err, ZAGG_ERANGE, "a shard of '%s' is too large",
                            shard->name);
    if (bytes > shard->block_bytes)
        ZAGG_TRY(resize_block(shard, bytes, err));
    unsigned char *index = shard->block + payload;
    memset(index, 0xff, l->index_bytes);
    for (size_t i = 0; i < n; i++) {
        const uint64_t place[2] = {entries[i].offset, entries[i].len};
        memcpy(index + entries[i].c_order * sizeof place, place, sizeof place);
    }
    uint32_t crc = zg_crc32c(index, l->index_bytes - sizeof crc);
    memcpy(index + l->index_bytes - sizeof crc, &crc, sizeof crc);
    *object_bytes = bytes;
    return ZAGG_OK;
}

static void start_again(zagg_zarr_shard *shard)
{
    shard->entries.len = 0;
    shard->used = 0;
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
