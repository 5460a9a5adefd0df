/* Shard objects of the sharding_indexed codec (Zarr v3): the stored inner chunks without
 * gaps from offset 0, then for each inner chunk in C order its offset and length as u64
 * (both 2^64-1 where absent), then the crc32c of that index. zarr-python writes the
 * payloads in Z-order of the inner chunks' coordinates, and so does this, for equal
 * bytes.
 *
 * A chunk goes to the store as soon as it is known of all that precede it in Z-order
 * whether they are stored; one that comes too early is put aside until then. Along one
 * axis chunks come in order. Of two axes they come row after row, so that most of them
 * are put aside. */
#include "zarr/shard.h"

#include "io/sink.h"
#include "zarr/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes moved at once of what was put aside. */
enum { MOVE_BYTES = 256 << 10 };

/* What is known of an inner chunk. */
enum { UNKNOWN, SETTLED, ASIDE };

/* As the index holds it, but of a chunk put aside: where it lies there. */
typedef struct shard_entry {
    uint64_t offset, len;
} shard_entry;

struct zagg_zarr_shard {
    zagg_zarr_array array; /* texts: `name` only, own copy */
    char *name;
    zg_zarr_layout layout;
    size_t *order;        /* the inner chunks (by C order) in Z-order; NULL: the same */
    uint8_t *known;       /* by C order */
    shard_entry *entries; /* by C order; room for the crc behind them */
    size_t next;          /* in Z-order: all chunks before it are settled */
    uint64_t used;        /* bytes of the stored chunks in the object so far */
    size_t n_stored;      /* the ones put aside too */
    zg_zstd *zstd;        /* NULL where the array has none */
    unsigned char *moved; /* MOVE_BYTES, once chunks were put aside */
    zagg_sink *store;     /* NULL: nothing is begun */
    char key[ZG_ZARR_MAX_KEY];
    zagg_sink_stream *stream; /* from the first stored chunk on */
    zg_scratch *aside;        /* from the first chunk put aside on */
    zagg_status failed;
};

/* ---- Z-order ---- */

typedef struct z_place {
    uint64_t z_order;
    size_t c_order;
} z_place;

/* Interleaved coordinate bits, axis 0 lowest; an axis whose bits are used up is left out
 * (zarr-python's decode_morton). */
static uint64_t z_order_of(const zg_zarr_layout *layout, unsigned rank, size_t c_order)
{
    uint64_t z = 0, index[ZAGG_ZARR_MAX_RANK];
    unsigned at = 0;
    for (unsigned d = rank; d-- > 0;) {
        index[d] = c_order % layout->inner[d];
        c_order /= (size_t)layout->inner[d];
    }
    for (unsigned bit = 0; bit < 64 && at < 64; bit++) {
        for (unsigned d = 0; d < rank && at < 64; d++) {
            if ((layout->inner[d] - 1) >> bit != 0)
                z |= (index[d] >> bit & 1) << at++;
        }
    }
    return z;
}

static int by_z_order(const void *a, const void *b)
{
    const z_place *x = a, *y = b;
    return (x->z_order > y->z_order) - (x->z_order < y->z_order);
}

/* False without memory. */
static bool make_order(zagg_zarr_shard *shard)
{
    const zg_zarr_layout *l = &shard->layout;
    unsigned n_axes = 0;
    for (unsigned d = 0; d < shard->array.rank; d++)
        n_axes += l->inner[d] > 1;
    if (n_axes < 2)
        return true;
    z_place *places = zg_alloc(l->n_inner, sizeof *places);
    shard->order = zg_alloc(l->n_inner, sizeof *shard->order);
    if (places != NULL && shard->order != NULL) {
        for (size_t i = 0; i < l->n_inner; i++)
            places[i] = (z_place){z_order_of(l, shard->array.rank, i), i};
        qsort(places, l->n_inner, sizeof *places, by_z_order);
        for (size_t i = 0; i < l->n_inner; i++)
            shard->order[i] = places[i].c_order;
    }
    zg_free(places);
    return places != NULL && shard->order != NULL;
}

/* ---- beginning ---- */

static zagg_status no_memory(const zagg_zarr_shard *shard, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM,
                        "no memory for the %zu chunks of a shard of "
                        "'%s'",
                        shard->layout.n_inner, shard->array.name);
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
    shard->array.attributes_json = NULL;
    memset(shard->array.dim_names, 0, sizeof shard->array.dim_names);
    shard->name = zg_strdup(array->name);
    shard->known = zg_alloc(layout.n_inner, sizeof *shard->known);
    shard->entries = zg_alloc(layout.n_inner + 1, sizeof *shard->entries);
    shard->zstd = array->zstd ? zg_zstd_new() : NULL;
    if (shard->name == NULL || shard->known == NULL || shard->entries == NULL ||
        (array->zstd && shard->zstd == NULL) || !make_order(shard)) {
        const zagg_status status = no_memory(shard, err);
        zagg_zarr_shard_free(shard);
        return status;
    }
    shard->array.name = shard->name;
    *out = shard;
    return ZAGG_OK;
}

static void forget(zagg_zarr_shard *shard)
{
    zagg_sink_stream_abandon(shard->stream);
    zg_scratch_free(shard->aside);
    shard->stream = NULL;
    shard->aside = NULL;
    shard->store = NULL;
}

void zagg_zarr_shard_free(zagg_zarr_shard *shard)
{
    if (shard == NULL)
        return;
    forget(shard);
    zg_zstd_free(shard->zstd);
    zg_free(shard->order);
    zg_free(shard->known);
    zg_free(shard->entries);
    zg_free(shard->moved);
    zg_free(shard->name);
    zg_free(shard);
}

zagg_status zagg_zarr_shard_begin(zagg_zarr_shard *shard, zagg_sink *store,
                                  const char *group, const uint64_t *shard_index,
                                  zagg_err *err)
{
    forget(shard);
    ZAGG_TRY(zagg_zarr_object_key(group, &shard->array, shard_index, shard->key,
                                  sizeof shard->key, err));
    memset(shard->known, UNKNOWN, shard->layout.n_inner);
    memset(shard->entries, 0xff, shard->layout.n_inner * sizeof *shard->entries);
    shard->next = 0;
    shard->used = 0;
    shard->n_stored = 0;
    shard->failed = ZAGG_OK;
    shard->store = store;
    return ZAGG_OK;
}

/* ---- chunks ---- */

/* The chunk that is next in Z-order. */
static size_t next_of(const zagg_zarr_shard *shard)
{
    return shard->order != NULL ? shard->order[shard->next] : shard->next;
}

static zagg_status open_stream(zagg_zarr_shard *shard, zagg_err *err)
{
    if (shard->stream != NULL)
        return ZAGG_OK;
    return zagg_sink_stream_begin(shard->store, shard->key, &shard->stream, err);
}

static zagg_status append(zagg_zarr_shard *shard, size_t c_order,
                          const zg_zarr_packed *chunk, const zg_sha256_stream *content,
                          zagg_err *err)
{
    const zg_zarr_layout *l = &shard->layout;
    if (!l->fixed || shard->order != NULL || shard->used != c_order * l->chunk_bytes)
        content = NULL; /* it is not that of the payload */
    ZAGG_TRY(open_stream(shard, err));
    ZAGG_TRY(
        zg_sink_stream_add_hashed(shard->stream, chunk->data, chunk->len, content, err));
    shard->entries[c_order] = (shard_entry){shard->used, chunk->len};
    shard->used += chunk->len;
    return ZAGG_OK;
}

static zagg_status put_aside(zagg_zarr_shard *shard, size_t c_order,
                             const zg_zarr_packed *chunk, zagg_err *err)
{
    uint64_t offset = 0;
    if (shard->moved == NULL)
        shard->moved = zg_alloc(MOVE_BYTES, 1);
    if (shard->moved == NULL)
        return no_memory(shard, err);
    if (shard->aside == NULL)
        ZAGG_TRY(zg_scratch_new(shard->store, shard->key, &shard->aside, err));
    ZAGG_TRY(zg_scratch_add(shard->aside, chunk->data, chunk->len, &offset, err));
    shard->entries[c_order] = (shard_entry){offset, chunk->len};
    return ZAGG_OK;
}

/* A chunk from where it was put aside to the object. */
static zagg_status move(zagg_zarr_shard *shard, size_t c_order, zagg_err *err)
{
    shard_entry *e = &shard->entries[c_order];
    ZAGG_TRY(open_stream(shard, err));
    for (uint64_t done = 0; done < e->len;) {
        const uint64_t left = e->len - done;
        const size_t len = left < MOVE_BYTES ? (size_t)left : MOVE_BYTES;
        ZAGG_TRY(zg_scratch_read(shard->aside, e->offset + done, len, shard->moved, err));
        ZAGG_TRY(zagg_sink_stream_add(shard->stream, shard->moved, len, err));
        done += len;
    }
    e->offset = shard->used;
    shard->used += e->len;
    return ZAGG_OK;
}

/* Go on over the chunks that are known; `all`: the others will not come. */
static zagg_status advance(zagg_zarr_shard *shard, bool all, zagg_err *err)
{
    for (; shard->next < shard->layout.n_inner; shard->next++) {
        const size_t c_order = next_of(shard);
        if (shard->known[c_order] == UNKNOWN && !all)
            break;
        if (shard->known[c_order] == ASIDE)
            ZAGG_TRY(move(shard, c_order, err));
        shard->known[c_order] = SETTLED;
    }
    return ZAGG_OK;
}

/* After a failure here the object has lost bytes. */
static zagg_status take(zagg_zarr_shard *shard, size_t c_order,
                        const zg_zarr_packed *chunk, const zg_sha256_stream *content,
                        zagg_err *err)
{
    const bool due = c_order == next_of(shard);
    ZAGG_TRY(due ? append(shard, c_order, chunk, content, err)
                 : put_aside(shard, c_order, chunk, err));
    shard->known[c_order] = due ? SETTLED : ASIDE;
    shard->n_stored++;
    return due ? advance(shard, false, err) : ZAGG_OK;
}

static zagg_status place_of(const zagg_zarr_shard *shard, const uint64_t *inner_index,
                            size_t *out, zagg_err *err)
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
    if (shard->known[c_order] != UNKNOWN)
        return zagg_err_set(err, ZAGG_EARG,
                            "inner chunk %zu of a shard of '%s' given twice", c_order,
                            shard->name);
    *out = c_order;
    return ZAGG_OK;
}

/* Can the object still become right? */
static zagg_status check_begun(const zagg_zarr_shard *shard, zagg_err *err)
{
    if (shard->store == NULL)
        return zagg_err_set(err, ZAGG_EARG, "no shard of '%s' was begun", shard->name);
    if (shard->failed != ZAGG_OK)
        return zagg_err_set(err, shard->failed, "%s: %s: an earlier write failed",
                            zagg_sink_name(shard->store), shard->key);
    return ZAGG_OK;
}

zagg_status zagg_zarr_shard_add(zagg_zarr_shard *shard, const uint64_t *inner_index,
                                const void *data, zagg_err *err)
{
    return zg_zarr_shard_add_hashed(shard, inner_index, data, NULL, err);
}

zagg_status zg_zarr_shard_add_hashed(zagg_zarr_shard *shard, const uint64_t *inner_index,
                                     const void *data, const zg_sha256_stream *content,
                                     zagg_err *err)
{
    const zg_zarr_layout *l = &shard->layout;
    size_t c_order = 0;
    ZAGG_TRY(check_begun(shard, err));
    ZAGG_TRY(place_of(shard, inner_index, &c_order, err));
    if (zagg_zarr_all_fill(&shard->array, data, l->chunk_elems)) {
        shard->known[c_order] = SETTLED;
        shard->failed = advance(shard, false, err);
        return shard->failed;
    }
    zg_zarr_packed chunk;
    ZAGG_TRY(zg_zarr_pack(shard->zstd, &shard->array, l, data, &chunk, err));
    shard->failed = take(shard, c_order, &chunk, content, err);
    zg_free(chunk.owned);
    return shard->failed;
}

/* ---- the end ---- */

static zagg_status finish(zagg_zarr_shard *shard, zagg_err *err)
{
    const size_t index_bytes = shard->layout.index_bytes;
    ZAGG_TRY(check_begun(shard, err));
    if (shard->n_stored == 0)
        return zagg_sink_delete(shard->store, shard->key, err);
    ZAGG_TRY(advance(shard, true, err));
    const uint32_t crc = zg_crc32c(shard->entries, index_bytes - sizeof crc);
    memcpy(&shard->entries[shard->layout.n_inner], &crc, sizeof crc);
    ZAGG_TRY(zagg_sink_stream_add(shard->stream, shard->entries, index_bytes, err));
    zagg_sink_stream *stream = shard->stream;
    shard->stream = NULL;
    return zagg_sink_stream_commit(stream, err);
}

zagg_status zagg_zarr_shard_end(zagg_zarr_shard *shard, zagg_err *err)
{
    const zagg_status status = finish(shard, err);
    forget(shard);
    return status;
}
