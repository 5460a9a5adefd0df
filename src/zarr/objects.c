/* Decoding chunk and shard objects. Nothing in a store is believed: object sizes, the
 * places a shard's index names and the index's crc32c are all checked. The order of
 * payloads in a shard does not matter here. */
#include "zarr/objects.h"

#include "zarr/pack.h"

#include <stdlib.h>
#include <string.h>

/* One object found in the listing. */
typedef struct object {
    uint64_t index[ZAGG_ZARR_MAX_RANK];
} object;

typedef struct object_reader {
    zagg_sink *store;
    const char *path;
    const zagg_zarr_array *array;
    zg_zarr_layout layout;
    zg_str prefix; /* "19/count/c/" */
    zg_vec objects;
    zg_zstd *zstd; /* NULL where the array has none */
    zagg_zarr_chunk_fn fn;
    void *user;
} object_reader;

/* Decimal without leading zeros, ended by '/' or the end of the text. */
static const char *parse_part(const char *text, uint64_t *out)
{
    uint64_t v = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (!zg_mul_u64(v, 10, &v) || !zg_add_u64(v, (uint64_t)(*at - '0'), &v))
            return NULL;
    }
    if (at == text || (text[0] == '0' && at - text > 1))
        return NULL;
    *out = v;
    return at;
}

bool zg_zarr_index_parse(const zagg_zarr_array *array, const zg_zarr_layout *layout,
                         const char *text, uint64_t *index)
{
    for (unsigned d = 0; d < array->rank; d++) {
        bool last = d + 1 == array->rank;
        text = parse_part(text, &index[d]);
        if (text == NULL || *text != (last ? '\0' : '/') || index[d] >= layout->grid[d])
            return false;
        text += !last;
    }
    return true;
}

static zagg_status add_object(void *user, const char *key, uint64_t size, zagg_err *err)
{
    object_reader *r = user;
    object found = {{0}};
    (void)size;
    if (strncmp(key, r->prefix.data, r->prefix.len) != 0 ||
        !zg_zarr_index_parse(r->array, &r->layout, key + r->prefix.len, found.index))
        return zagg_err_set(err, ZAGG_EFORMAT, "%s is no chunk of %s", key, r->path);
    object *o = zg_vec_push(&r->objects);
    if (o == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the chunks of %s", r->path);
    *o = found;
    return ZAGG_OK;
}

static int compare_objects(const void *a, const void *b)
{
    const object *x = a, *y = b;
    for (unsigned d = 0; d < ZAGG_ZARR_MAX_RANK; d++) {
        if (x->index[d] != y->index[d])
            return x->index[d] < y->index[d] ? -1 : 1;
    }
    return 0;
}

typedef zg_zarr_stored stored_chunk;

static zagg_status report_chunk(object_reader *r, const uint64_t *index,
                                const stored_chunk *stored, zagg_err *err)
{
    zg_zarr_unpacked chunk;
    zagg_status status = zg_zarr_unpack(r->zstd, r->array, &r->layout, stored->data,
                                        stored->len, &chunk, err);
    if (status != ZAGG_OK && r->array->sharded)
        status = zagg_err_context(err, status, "inner chunk %zu", stored->inner);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s", stored->key);
    status = r->fn(r->user, index, chunk.elements, r->layout.chunk_elems, err);
    zg_zarr_unpacked_free(&chunk);
    return status;
}

/* Index of inner chunk `i` (C order) of object `o` in the array's grid of inner chunks.
 */
static void chunk_index_of(const object_reader *r, const object *o, size_t i,
                           uint64_t *out)
{
    for (unsigned d = r->array->rank; d-- > 0;) {
        out[d] = o->index[d] * r->layout.inner[d] + i % r->layout.inner[d];
        i /= (size_t)r->layout.inner[d];
    }
}

/* The index of a shard object, with its checksum right. */
static zagg_status find_index(const zg_zarr_layout *l, const stored_chunk *whole,
                              const unsigned char **out, zagg_err *err)
{
    const size_t bytes = l->index_bytes;
    uint32_t crc;
    if (whole->len < bytes)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: %zu bytes hold no shard index of %zu",
                            whole->key, whole->len, bytes);
    const unsigned char *index = whole->data + (whole->len - bytes);
    memcpy(&crc, index + bytes - sizeof crc, sizeof crc);
    if (crc != zg_crc32c(index, bytes - sizeof crc))
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: crc32c of the shard index is wrong",
                            whole->key);
    *out = index;
    return ZAGG_OK;
}

bool zg_zarr_shard_place(const unsigned char *index, size_t i, uint64_t place[2])
{
    memcpy(place, index + i * 16, 16);
    return place[0] != UINT64_MAX || place[1] != UINT64_MAX;
}

/* Chunks that are unpacked must not share bytes: an object could unpack without end. */
zagg_status zg_zarr_shard_check(const zg_zarr_layout *l, const stored_chunk *whole,
                                const unsigned char **out, size_t *unused, zagg_err *err)
{
    const unsigned char *index = NULL;
    ZAGG_TRY(find_index(l, whole, &index, err));
    const size_t payload = (size_t)(index - whole->data);
    size_t unread = payload;
    for (size_t i = 0; i < l->n_inner; i++) {
        uint64_t place[2];
        if (!zg_zarr_shard_place(index, i, place))
            continue;
        if ((l->fixed && place[1] != l->chunk_bytes) || place[0] > payload ||
            place[1] > payload - place[0] || (!l->fixed && place[1] > unread))
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "%s: inner chunk %zu is not inside the shard", whole->key,
                                i);
        unread -= place[1] < unread ? (size_t)place[1] : unread;
    }
    *unused = unread;
    *out = index;
    return ZAGG_OK;
}

static zagg_status read_shard(object_reader *r, const object *o,
                              const stored_chunk *whole, zagg_err *err)
{
    const unsigned char *index = NULL;
    size_t unused = 0;
    ZAGG_TRY(zg_zarr_shard_check(&r->layout, whole, &index, &unused, err));
    for (size_t i = 0; i < r->layout.n_inner; i++) {
        uint64_t place[2], chunk_index[ZAGG_ZARR_MAX_RANK];
        if (!zg_zarr_shard_place(index, i, place))
            continue;
        chunk_index_of(r, o, i, chunk_index);
        const stored_chunk chunk = {whole->key, whole->data + (size_t)place[0],
                                    (size_t)place[1], i};
        ZAGG_TRY(report_chunk(r, chunk_index, &chunk, err));
    }
    return ZAGG_OK;
}

static zagg_status read_object(object_reader *r, const object *o,
                               zg_zarr_read_totals *totals, zagg_err *err)
{
    char key[ZG_ZARR_MAX_KEY];
    zg_str group;
    void *data = NULL;
    size_t len = 0;
    zg_str_init(&group, ZG_ZARR_MAX_KEY);
    const char *slash = strrchr(r->path, '/');
    zg_str_addn(&group, r->path, slash == NULL ? 0 : (size_t)(slash - r->path));
    zagg_status status =
        group.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a key") : ZAGG_OK;
    if (status == ZAGG_OK)
        status =
            zagg_zarr_object_key(group.data, r->array, o->index, key, sizeof key, err);
    if (status == ZAGG_OK)
        status =
            zagg_sink_get(r->store, key, r->layout.object_max_bytes, &data, &len, err);
    zg_str_free(&group);
    if (status == ZAGG_ERANGE)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: more bytes than its chunk can have",
                            key);
    if (status != ZAGG_OK)
        return status;
    const stored_chunk whole = {key, data, len, 0};
    status = r->array->sharded ? read_shard(r, o, &whole, err)
                               : report_chunk(r, o->index, &whole, err);
    zagg_bytes_free(data);
    totals->bytes += len;
    totals->objects++;
    return status;
}

/* An array without axes: one element, in an object without an index. */
static zagg_status read_single(object_reader *r, zg_zarr_read_totals *totals,
                               zagg_err *err)
{
    static const object only = {{0}};
    const zagg_status status = read_object(r, &only, totals, err);
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

zagg_status zg_zarr_read_objects(zagg_sink *store, const char *path,
                                 const zagg_zarr_array *array, zagg_zarr_chunk_fn fn,
                                 void *user, zg_zarr_read_totals *totals, zagg_err *err)
{
    object_reader r = {
        .store = store, .path = path, .array = array, .fn = fn, .user = user};
    ZAGG_TRY(zg_zarr_layout_of(array, &r.layout, err));
    r.zstd = array->zstd ? zg_zstd_new() : NULL;
    if (array->zstd && r.zstd == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to unpack %s", path);
    zg_vec_init(&r.objects, sizeof(object), 0);
    zg_str_init(&r.prefix, ZG_ZARR_MAX_KEY);
    zg_str_addf(&r.prefix, "%s/c/", path);
    zagg_status status =
        r.prefix.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a key") : ZAGG_OK;
    if (status == ZAGG_OK && array->rank > 0)
        status = zagg_sink_list(store, r.prefix.data, add_object, &r, err);
    else if (status == ZAGG_OK)
        status = read_single(&r, totals, err);
    if (status == ZAGG_OK && r.objects.len > 1)
        qsort(r.objects.data, r.objects.len, sizeof(object), compare_objects);
    for (size_t i = 0; i < r.objects.len && status == ZAGG_OK; i++)
        status = read_object(&r, ZG_VEC_AT(&r.objects, object, i), totals, err);
    zg_zstd_free(r.zstd);
    zg_vec_free(&r.objects);
    zg_str_free(&r.prefix);
    return status;
}
