/* Reading CSR fields back. Nothing is believed: keys, shapes, sizes and offsets are held
 * against each other, and memory is asked for only against bytes that are there. */
#include "zarr/csr.h"
#include "zarr/pack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct csr_reader {
    zagg_sink *store;
    const char *path;
    zagg_dtype dtype;
    zg_zstd *zstd;
    zg_vec keys; /* uint64_t */
    zg_zarr_read_totals *totals;
} csr_reader;

/* One array of a chunk: its description and its elements. */
typedef struct csr_member {
    zagg_zarr_array array;
    void *data; /* zg_free */
    size_t n;   /* elements */
} csr_member;

/* ---- keys ---- */

/* A folder name that is a decimal number without leading zeros. */
static bool parse_key(const char *name, size_t len, uint64_t *out)
{
    uint64_t key = 0;
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9' || !zg_mul_u64(key, 10, &key) ||
            !zg_add_u64(key, (uint64_t)(name[i] - '0'), &key))
            return false;
    }
    *out = key;
    return len == 1 || (len > 1 && name[0] != '0');
}

static zagg_status add_key(void *user, const char *name, uint64_t size, zagg_err *err)
{
    csr_reader *r = user;
    const size_t len = strlen(name);
    uint64_t key = 0;
    (void)size;
    if (len == 0 || name[len - 1] != '/')
        return ZAGG_OK;
    if (!parse_key(name, len - 1, &key))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s is a group inside a group and no ragged field in CSR "
                            "form: %s is no number",
                            r->path, name);
    uint64_t *added = zg_vec_push(&r->keys);
    if (added == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the chunks of %s", r->path);
    *added = key;
    return ZAGG_OK;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The numbers below the field's group, ascending; r->keys is freed by the caller. */
static zagg_status find_keys(csr_reader *r, zagg_err *err)
{
    char prefix[ZG_ZARR_MAX_KEY];
    zg_vec_init(&r->keys, sizeof(uint64_t), 0);
    const int len = snprintf(prefix, sizeof prefix, "%s/", r->path);
    if (len < 0 || (size_t)len >= sizeof prefix)
        return zagg_err_set(err, ZAGG_ERANGE, "path of node %s is too long", r->path);
    const zagg_status status = zagg_sink_list_dir(r->store, prefix, add_key, r, err);
    if (r->keys.len > 1)
        qsort(r->keys.data, r->keys.len, sizeof(uint64_t), by_number);
    return status;
}

/* ---- documents ---- */

/* Path of the group of a chunk, or of what is in it. */
static zagg_status path_of(const csr_reader *r, uint64_t key, const char *member,
                           char out[ZG_ZARR_MAX_KEY], zagg_err *err)
{
    const int len = snprintf(out, ZG_ZARR_MAX_KEY, "%s/%" PRIu64 "%s%s", r->path, key,
                             member[0] != '\0' ? "/" : "", member);
    if (len < 0 || len >= ZG_ZARR_MAX_KEY)
        return zagg_err_set(err, ZAGG_ERANGE, "path of node %s is too long", r->path);
    return ZAGG_OK;
}

/* Document of the group of a chunk, or of an array in it; *out stays NULL where there is
 * none. */
static zagg_status get_doc(const csr_reader *r, uint64_t key, const char *member,
                           zagg_arena *arena, const zagg_value **out, zagg_err *err)
{
    char path[ZG_ZARR_MAX_KEY], doc[ZG_ZARR_MAX_KEY];
    ZAGG_TRY(path_of(r, key, member, path, err));
    const int len = snprintf(doc, sizeof doc, "%s/zarr.json", path);
    if (len < 0 || (size_t)len >= sizeof doc)
        return zagg_err_set(err, ZAGG_ERANGE, "path of node %s is too long", path);
    const zagg_status status = zg_zarr_get_doc(r->store, doc, arena, out, err);
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

static zagg_status bad(const csr_reader *r, uint64_t key, const char *member,
                       const char *why, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "%s/%" PRIu64 "/%s: %s", r->path, key, member,
                        why);
}

/* A group that is being written has no document yet. */
static zagg_status chunk_is_there(const csr_reader *r, uint64_t key, zagg_arena *arena,
                                  bool *there, zagg_err *err)
{
    const zagg_value *doc = NULL;
    ZAGG_TRY(get_doc(r, key, "", arena, &doc, err));
    *there = doc != NULL;
    if (doc != NULL && !zg_zarr_is_node(doc, "group"))
        return bad(r, key, "zarr.json", "not that of a Zarr v3 group", err);
    return ZAGG_OK;
}

static zagg_status describe(const csr_reader *r, uint64_t key, const char *member,
                            zagg_arena *arena, zagg_zarr_array *out, zagg_err *err)
{
    const zagg_value *doc = NULL;
    char where[ZG_ZARR_MAX_KEY];
    ZAGG_TRY(get_doc(r, key, member, arena, &doc, err));
    if (doc == NULL)
        return bad(r, key, member, "is missing", err);
    ZAGG_TRY(path_of(r, key, member, where, err));
    return zg_zarr_array_parse(doc, member, where, arena, out, err);
}

/* ---- elements ---- */

static zagg_status one_chunk_only(const csr_reader *r, uint64_t key,
                                  const zagg_zarr_array *a, zagg_err *err)
{
    bool one = !a->sharded && a->kind == ZAGG_ZARR_DENSE;
    for (unsigned d = 0; d < a->rank && one; d++)
        one = a->shape[d] == 0 || a->chunk[d] == a->shape[d];
    return one ? ZAGG_OK
               : zagg_err_set(err, ZAGG_EUNSUPPORTED,
                              "%s/%" PRIu64 "/%s is not one chunk of numbers", r->path,
                              key, a->name);
}

static zagg_status no_memory(const csr_reader *r, size_t bytes, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of %s (%zu bytes)",
                        r->path, bytes);
}

/* An object that is not there stands for elements that are all fill. */
static zagg_status fill_member(const csr_reader *r, uint64_t key, size_t bytes,
                               size_t elem_bytes, csr_member *m, zagg_err *err)
{
    if (bytes > ZG_ZARR_MAX_ABSENT_BYTES)
        return bad(r, key, m->array.name, "a chunk of this size is missing", err);
    unsigned char *data = zg_alloc(bytes, 1);
    if (data == NULL)
        return no_memory(r, bytes, err);
    for (size_t i = 0; i < bytes; i += elem_bytes)
        memcpy(data + i, m->array.fill, elem_bytes);
    m->data = data;
    return ZAGG_OK;
}

/* The elements get memory of their own, so that all three arrays last. */
static zagg_status unpack_member(const csr_reader *r, const zg_zarr_layout *layout,
                                 const void *stored, size_t len, csr_member *m,
                                 zagg_err *err)
{
    zg_zarr_unpacked chunk;
    ZAGG_TRY(zg_zarr_unpack(r->zstd, &m->array, layout, stored, len, &chunk, err));
    if (chunk.owned == NULL) {
        chunk.owned = zg_realloc(NULL, layout->chunk_bytes, 1);
        if (chunk.owned == NULL)
            return no_memory(r, layout->chunk_bytes, err);
        memcpy(chunk.owned, chunk.elements, layout->chunk_bytes);
    }
    m->data = chunk.owned;
    return ZAGG_OK;
}

static zagg_status get_member(const csr_reader *r, uint64_t key, const char *object,
                              const zg_zarr_layout *layout, csr_member *m, zagg_err *err)
{
    void *stored = NULL;
    size_t len = 0;
    zagg_status status =
        zagg_sink_get(r->store, object, layout->object_max_bytes, &stored, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return fill_member(r, key, layout->chunk_bytes, layout->elem_bytes, m, err);
    if (status == ZAGG_ERANGE)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: more bytes than its chunk can have",
                            object);
    if (status != ZAGG_OK)
        return status;
    status = unpack_member(r, layout, stored, len, m, err);
    zagg_bytes_free(stored);
    r->totals->bytes += len;
    r->totals->objects++;
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", object);
}

/* Read one array of a chunk whole; m->data is NULL where it has no elements. */
static zagg_status read_member(const csr_reader *r, uint64_t key, const char *name,
                               zagg_arena *arena, csr_member *m, zagg_err *err)
{
    static const uint64_t FIRST[ZAGG_ZARR_MAX_RANK] = {0};
    zg_zarr_layout layout;
    char group[ZG_ZARR_MAX_KEY], object[ZG_ZARR_MAX_KEY];
    ZAGG_TRY(describe(r, key, name, arena, &m->array, err));
    ZAGG_TRY(one_chunk_only(r, key, &m->array, err));
    ZAGG_TRY(zg_zarr_layout_of(&m->array, &layout, err));
    for (unsigned d = 0; d < m->array.rank; d++) {
        if (m->array.shape[d] == 0)
            return ZAGG_OK;
    }
    m->n = layout.chunk_elems;
    ZAGG_TRY(path_of(r, key, "", group, err));
    ZAGG_TRY(zagg_zarr_object_key(group, &m->array, FIRST, object, sizeof object, err));
    return get_member(r, key, object, &layout, m, err);
}

/* ---- one chunk ---- */

/* Offsets and cells ascend, and the last offset is the number of rows. */
static zagg_status check_chunk(const csr_reader *r, uint64_t key,
                               const csr_member *values, const csr_member *offsets,
                               const csr_member *cells, zagg_err *err)
{
    const int64_t *offset = offsets->data, *cell = cells->data;
    if (values->array.rank > 2 || values->array.dtype != r->dtype)
        return bad(r, key, "values", "another shape or type than the field has", err);
    if (offsets->array.rank != 1 || offsets->array.dtype != ZAGG_DT_I64 ||
        offsets->n != cells->n + 1)
        return bad(r, key, "offsets", "not one int64 more than there are cells", err);
    if (cells->array.rank != 1 || cells->array.dtype != ZAGG_DT_I64)
        return bad(r, key, "cell_ids", "no list of int64", err);
    if (offset[0] != 0 || offset[cells->n] < 0 ||
        (uint64_t)offset[cells->n] != values->array.shape[0])
        return bad(r, key, "offsets", "do not span the values", err);
    for (size_t i = 0; i < cells->n; i++) {
        if (offset[i + 1] <= offset[i])
            return bad(r, key, "offsets", "do not ascend", err);
        if (cell[i] < 0 || (i > 0 && cell[i] <= cell[i - 1]))
            return bad(r, key, "cell_ids", "do not ascend", err);
    }
    if (cells->n > 0 && values->n == 0)
        return bad(r, key, "values", "rows without elements", err);
    return ZAGG_OK;
}

static zagg_status report(const csr_reader *r, uint64_t key, const csr_member m[3],
                          zagg_zarr_chunk_fn fn, void *user, zagg_err *err)
{
    ZAGG_TRY(check_chunk(r, key, &m[0], &m[1], &m[2], err));
    const zagg_zarr_array *values = &m[0].array;
    const zagg_zarr_csr csr = {
        r->dtype,  values->rank == 2 ? (size_t)values->shape[1] : 0,
        m[2].n,    m[2].data,
        m[1].data, m[0].data};
    const uint64_t index[ZAGG_ZARR_MAX_RANK] = {key};
    return fn(user, index, &csr, csr.n_cells, err);
}

static zagg_status read_chunk(const csr_reader *r, uint64_t key, zagg_zarr_chunk_fn fn,
                              void *user, zagg_err *err)
{
    static const char *const NAMES[3] = {"values", "offsets", "cell_ids"};
    csr_member m[3] = {{.data = NULL}, {.data = NULL}, {.data = NULL}};
    zagg_arena *arena = NULL;
    bool there = false;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = chunk_is_there(r, key, arena, &there, err);
    for (size_t i = 0; i < 3 && there && status == ZAGG_OK; i++)
        status = read_member(r, key, NAMES[i], arena, &m[i], err);
    if (there && status == ZAGG_OK)
        status = report(r, key, m, fn, user, err);
    for (size_t i = 0; i < 3; i++)
        zg_free(m[i].data);
    zagg_arena_free(arena);
    return status;
}

zagg_status zg_zarr_read_csr(zagg_sink *store, const char *path, zagg_dtype dtype,
                             zagg_zarr_chunk_fn fn, void *user,
                             zg_zarr_read_totals *totals, zagg_err *err)
{
    csr_reader r = {.store = store, .path = path, .dtype = dtype, .totals = totals};
    r.zstd = zg_zstd_new();
    if (r.zstd == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to unpack %s", path);
    zagg_status status = find_keys(&r, err);
    for (size_t i = 0; i < r.keys.len && status == ZAGG_OK; i++)
        status = read_chunk(&r, *ZG_VEC_AT(&r.keys, uint64_t, i), fn, user, err);
    zg_vec_free(&r.keys);
    zg_zstd_free(r.zstd);
    return status;
}

zagg_status zg_zarr_csr_keys(zagg_sink *store, const char *path, zg_vec *out,
                             zagg_err *err)
{
    csr_reader r = {.store = store, .path = path};
    const zagg_status status = find_keys(&r, err);
    if (status == ZAGG_OK)
        *out = r.keys;
    else
        zg_vec_free(&r.keys);
    return status;
}

zagg_status zg_zarr_read_csr_chunk(zagg_sink *store, const char *path, zagg_dtype dtype,
                                   uint64_t key, zg_zstd *zstd, zagg_zarr_chunk_fn fn,
                                   void *user, zagg_err *err)
{
    zg_zarr_read_totals totals = {0, 0};
    const csr_reader r = {
        .store = store, .path = path, .dtype = dtype, .zstd = zstd, .totals = &totals};
    return read_chunk(&r, key, fn, user, err);
}

/* The array `values` of a chunk; its type stays NONE where there is no such chunk. */
static zagg_status values_of_chunk(const csr_reader *r, uint64_t key,
                                   zagg_zarr_array *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    bool there = false;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = chunk_is_there(r, key, arena, &there, err);
    if (status == ZAGG_OK && there)
        status = describe(r, key, "values", arena, out, err);
    zagg_arena_free(arena);
    return status;
}

zagg_status zg_zarr_csr_type(zagg_sink *store, const char *path, zagg_dtype *out,
                             zagg_err *err)
{
    csr_reader r = {.store = store, .path = path};
    zagg_zarr_array values = {.dtype = ZAGG_DT_NONE};
    zagg_status status = find_keys(&r, err);
    for (size_t i = 0;
         i < r.keys.len && status == ZAGG_OK && values.dtype == ZAGG_DT_NONE; i++)
        status = values_of_chunk(&r, *ZG_VEC_AT(&r.keys, uint64_t, i), &values, err);
    zg_vec_free(&r.keys);
    if (status == ZAGG_OK)
        *out = values.dtype;
    return status;
}

zagg_status zg_zarr_csr_width(zagg_sink *store, const char *path, size_t *out,
                              zagg_err *err)
{
    csr_reader r = {.store = store, .path = path};
    zagg_zarr_array values = {.dtype = ZAGG_DT_NONE};
    zagg_status status = find_keys(&r, err);
    for (size_t i = 0; i < r.keys.len && status == ZAGG_OK && values.shape[0] == 0; i++)
        status = values_of_chunk(&r, *ZG_VEC_AT(&r.keys, uint64_t, i), &values, err);
    zg_vec_free(&r.keys);
    if (status == ZAGG_OK)
        *out = values.rank == 2 ? (size_t)values.shape[1] : 0;
    return status;
}
