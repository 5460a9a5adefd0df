/* Any bytes as a chunk or shard object of a small array, read back through the reader,
 * and any bytes as the chunks of a shard, which must come back. The input starts with
 *
 *   0  data type in bits 0..2, 0x08: variable-length bytes instead, 0x10: zstd, 0x40: the
 *      rest are chunks to be written, 0x80: a right crc32c of the index is put in
 *   1  rank 1..2 in bit 0, 0x80: sharded, bits 1..3 and 4..6: chunk along each axis 1..8
 *   2  inner chunks of a shard along each axis 1..16, four bits each
 */
#include "base/base.h"
#include "codec/codec.h"
#include "fuzz/fuzz.h"
#include "fuzz/mem_sink.h"
#include "zarr/objects.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 3
#define OBJECT_KEY_1D "g/a/c/0"
#define OBJECT_KEY_2D "g/a/c/0/0"

/* What was written, to be met again in ascending order. */
typedef struct written {
    const zagg_zarr_array *array;
    const uint8_t *data; /* chunks in C order, of views for VLEN; NULL: only look */
    size_t elem_bytes;   /* what they are aligned to */
    size_t chunk_elems, chunk_bytes, n_chunks, n_met;
    uint64_t sum;
} written;

static zagg_zarr_array array_of(const uint8_t *head)
{
    static const zagg_dtype TYPES[8] = {ZAGG_DT_I8,  ZAGG_DT_U16, ZAGG_DT_I32,
                                        ZAGG_DT_U64, ZAGG_DT_F32, ZAGG_DT_F64,
                                        ZAGG_DT_U8,  ZAGG_DT_I64};
    zagg_zarr_array a = {.name = "a", .dtype = TYPES[head[0] & 7]};
    if (head[0] & 0x08) {
        a.kind = ZAGG_ZARR_VLEN;
        a.dtype = ZAGG_DT_NONE;
    }
    a.zstd = (head[0] & 0x10) != 0;
    a.zstd_level = head[0] & 7;
    a.rank = 1 + (head[1] & 1);
    a.sharded = head[1] >> 7;
    for (unsigned d = 0; d < a.rank; d++) {
        a.chunk[d] = 1 + (head[1] >> (1 + 3 * d) & 7);
        uint64_t inner = 1 + (head[2] >> (4 * d) & 15);
        a.shard[d] = a.chunk[d] * inner;
        a.shape[d] = a.sharded ? a.shard[d] : a.chunk[d];
    }
    return a;
}

/* Every byte of the elements is touched; those that were written must be the same. */
static void see_views(written *w, const zagg_bytes_view *views, const uint8_t *expected,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *bytes = views[i].data;
        zagg_bytes_view want;
        for (size_t k = 0; k < views[i].len; k++)
            w->sum += bytes[k];
        if (!expected)
            continue;
        memcpy(&want, expected + i * sizeof want, sizeof want);
        fuzz_check(views[i].len == want.len);
        fuzz_check(want.len == 0 || memcmp(bytes, want.data, want.len) == 0);
    }
}

static zagg_status see_chunk(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    written *w = user;
    size_t at = 0;
    (void)err;
    fuzz_check(n == w->chunk_elems && (uintptr_t)data % w->elem_bytes == 0);
    for (unsigned d = 0; d < w->array->rank; d++) {
        size_t inner = (size_t)(w->array->shape[d] / w->array->chunk[d]);
        fuzz_check(index[d] < inner);
        at = at * inner + (size_t)index[d];
    }
    fuzz_check(at < w->n_chunks);
    const uint8_t *expected = w->data ? w->data + at * w->chunk_bytes : NULL;
    if (w->array->kind == ZAGG_ZARR_VLEN)
        see_views(w, data, expected, n);
    else if (expected)
        fuzz_check(memcmp(data, expected, w->chunk_bytes) == 0);
    (void)zagg_zarr_all_fill(w->array, data, n);
    w->n_met++;
    return ZAGG_OK;
}

static void read_back(zagg_sink *store, written *w, bool must_be_right)
{
    zg_zarr_read_totals totals = {0, 0};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status =
        zg_zarr_read_objects(store, "g/a", w->array, see_chunk, w, &totals, &err);
    if (status != ZAGG_OK) {
        fuzz_check(!must_be_right);
        fuzz_check_error(status, &err);
    }
}

/* The bytes as an object, with the checksum of its index put right if so wished. */
static void hostile(zagg_sink *store, written *w, const uint8_t *data, size_t len,
                    bool right_crc)
{
    size_t index = w->n_chunks * 16;
    uint8_t *object = malloc(len ? len : 1);
    if (!object)
        abort();
    if (len > 0)
        memcpy(object, data, len);
    if (right_crc && len >= index + 4) {
        uint32_t crc = zg_crc32c(object + len - index - 4, index);
        memcpy(object + len - 4, &crc, sizeof crc);
    }
    fuzz_check(zagg_sink_put(store, w->array->rank == 1 ? OBJECT_KEY_1D : OBJECT_KEY_2D,
                             object, len, NULL) == ZAGG_OK);
    free(object);
    read_back(store, w, false);
}

static void inner_index(const zagg_zarr_array *a, size_t i, uint64_t *index)
{
    for (unsigned d = a->rank; d-- > 0;) {
        size_t inner = (size_t)(a->shard[d] / a->chunk[d]);
        index[d] = i % inner;
        i /= inner;
    }
}

/* Elements out of the bytes: byte k tells where and how long element k is. */
static void views_of(uint8_t *all, size_t n, const uint8_t *data, size_t len)
{
    for (size_t k = 0; k < n && k < len; k++) {
        const size_t at = data[k] % len, longest = len - at;
        const zagg_bytes_view view = {data + at, data[k] % (longest < 40 ? longest : 40)};
        memcpy(all + k * sizeof view, &view, sizeof view);
    }
}

/* The bytes as the elements of a shard: handed over from the last chunk to the first. */
static void round_trip(zagg_sink *store, written *w, const uint8_t *data, size_t len)
{
    zagg_zarr_shard *shard = NULL;
    const uint64_t first[ZAGG_ZARR_MAX_RANK] = {0};
    size_t total = w->n_chunks * w->chunk_bytes, stored = 0;
    uint8_t *all = calloc(total, 1);
    if (!all)
        abort();
    if (w->array->kind == ZAGG_ZARR_VLEN)
        views_of(all, w->n_chunks * w->chunk_elems, data, len);
    else
        memcpy(all, data, len < total ? len : total);
    w->data = all;
    if (w->array->sharded) {
        fuzz_check(zagg_zarr_shard_new(w->array, &shard, NULL) == ZAGG_OK);
        fuzz_check(zagg_zarr_shard_begin(shard, store, "g", first, NULL) == ZAGG_OK);
        for (size_t i = w->n_chunks; i-- > 0;) {
            uint64_t index[ZAGG_ZARR_MAX_RANK];
            inner_index(w->array, i, index);
            fuzz_check(zagg_zarr_shard_add(shard, index, all + i * w->chunk_bytes,
                                           NULL) == ZAGG_OK);
        }
        fuzz_check(zagg_zarr_shard_end(shard, NULL) == ZAGG_OK);
        zagg_zarr_shard_free(shard);
    } else {
        fuzz_check(zagg_zarr_write_chunk(store, "g", w->array, first, all, NULL) ==
                   ZAGG_OK);
    }
    for (size_t i = 0; i < w->n_chunks; i++)
        stored += !zagg_zarr_all_fill(w->array, all + i * w->chunk_bytes, w->chunk_elems);
    read_back(store, w, true);
    fuzz_check(w->n_met == stored);
    free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD)
        return 0;
    zagg_zarr_array array = array_of(data);
    zagg_sink *store = mem_sink_new();
    if (!store)
        abort();
    written w = {.array = &array, .chunk_elems = 1, .n_chunks = 1};
    w.elem_bytes = array.kind == ZAGG_ZARR_VLEN ? _Alignof(zagg_bytes_view)
                                                : zagg_dtype_size(array.dtype);
    for (unsigned d = 0; d < array.rank; d++) {
        w.chunk_elems *= (size_t)array.chunk[d];
        w.n_chunks *= (size_t)(array.shape[d] / array.chunk[d]);
    }
    w.chunk_bytes =
        w.chunk_elems *
        (array.kind == ZAGG_ZARR_VLEN ? sizeof(zagg_bytes_view) : w.elem_bytes);
    if (data[0] & 0x40)
        round_trip(store, &w, data + HEAD, size - HEAD);
    else
        hostile(store, &w, data + HEAD, size - HEAD, data[0] & 0x80);
    zagg_sink_close(store);
    return 0;
}
