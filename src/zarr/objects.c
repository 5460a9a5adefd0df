/* Decoding chunk and shard objects. Nothing in a store is believed: object sizes, the
 * places a shard's index names and the index's crc32c are all checked. The order of
 * payloads in a shard does not matter here. */
#include "zarr/objects.h"

#include "codec/codec.h"
#include "zarr/layout.h"

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
    unsigned char *aligned; /* one chunk, for payloads at odd places */
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

static bool parse_index(const object_reader *r, const char *text, uint64_t *index)
{
    for (unsigned d = 0; d < r->array->rank; d++) {
        bool last = d + 1 == r->array->rank;
        text = parse_part(text, &index[d]);
        if (text == NULL || *text != (last ? '\0' : '/') || index[d] >= r->layout.grid[d])
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
        !parse_index(r, key + r->prefix.len, found.index))
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

static zagg_status report_chunk(object_reader *r, const uint64_t *index,
                                const unsigned char *data, zagg_err *err)
{
    const zg_zarr_layout *l = &r->layout;
    if ((uintptr_t)data % l->elem_bytes != 0) {
        if (r->aligned == NULL)
            r->aligned = zg_alloc(l->chunk_bytes, 1);
        if (r->aligned == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of %s", r->path);
        memcpy(r->aligned, data, l->chunk_bytes);
        data = r->aligned;
    }
    return r->fn(r->user, index, data, l->chunk_elems, err);
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

static zagg_status read_shard(object_reader *r, const object *o, const char *key,
                              const unsigned char *data, size_t len, zagg_err *err)
{
    const zg_zarr_layout *l = &r->layout;
    uint32_t crc;
    if (len < l->index_bytes)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: %zu bytes hold no shard index of %zu",
                            key, len, l->index_bytes);
    size_t payload = len - l->index_bytes;
    const unsigned char *index = data + payload;
    memcpy(&crc, index + l->index_bytes - sizeof crc, sizeof crc);
    if (crc != zg_crc32c(index, l->index_bytes - sizeof crc))
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: crc32c of the shard index is wrong",
                            key);
    for (size_t i = 0; i < l->n_inner; i++) {
        uint64_t place[2], chunk_index[ZAGG_ZARR_MAX_RANK];
        memcpy(place, index + i * sizeof place, sizeof place);
        if (place[0] == UINT64_MAX && place[1] == UINT64_MAX)
            continue;
        if (place[1] != l->chunk_bytes || place[0] > payload ||
            place[1] > payload - place[0])
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "%s: inner chunk %zu is not inside the shard", key, i);
        chunk_index_of(r, o, i, chunk_index);
        ZAGG_TRY(report_chunk(r, chunk_index, data + (size_t)place[0], err));
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
    if (r->array->sharded)
        status = read_shard(r, o, key, data, len, err);
    else if (len != r->layout.chunk_bytes)
        status = zagg_err_set(err, ZAGG_EFORMAT, "%s: %zu bytes instead of %zu", key, len,
                              r->layout.chunk_bytes);
    else
        status = report_chunk(r, o->index, data, err);
    zagg_bytes_free(data);
    totals->bytes += len;
    totals->objects++;
    return status;
}

zagg_status zg_zarr_read_objects(zagg_sink *store, const char *path,
                                 const zagg_zarr_array *array, zagg_zarr_chunk_fn fn,
                                 void *user, zg_zarr_read_totals *totals, zagg_err *err)
{
    object_reader r = {
        .store = store, .path = path, .array = array, .fn = fn, .user = user};
    ZAGG_TRY(zg_zarr_layout_of(array, &r.layout, err));
    zg_vec_init(&r.objects, sizeof(object), 0);
    zg_str_init(&r.prefix, ZG_ZARR_MAX_KEY);
    zg_str_addf(&r.prefix, "%s/c/", path);
    zagg_status status =
        r.prefix.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a key") : ZAGG_OK;
    if (status == ZAGG_OK)
        status = zagg_sink_list(store, r.prefix.data, add_object, &r, err);
    if (status == ZAGG_OK && r.objects.len > 1)
        qsort(r.objects.data, r.objects.len, sizeof(object), compare_objects);
    for (size_t i = 0; i < r.objects.len && status == ZAGG_OK; i++)
        status = read_object(&r, ZG_VEC_AT(&r.objects, object, i), totals, err);
    zg_free(r.aligned);
    zg_vec_free(&r.objects);
    zg_str_free(&r.prefix);
    return status;
}
