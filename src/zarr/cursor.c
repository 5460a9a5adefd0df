/* Single chunks of one array, in any order: the object that holds the wanted chunk is
 * read whole and kept, so that the chunks of a shard cost one request. */
#include "zarr/objects.h"
#include "zarr/pack.h"

#include <string.h>

struct zagg_zarr_cursor {
    zagg_sink *store;
    const zagg_zarr_array *array;
    zg_zarr_layout layout;
    char *group;
    zg_zstd *zstd; /* NULL where the array has none */
    /* the object read last; data NULL: it is not stored */
    bool loaded;
    uint64_t object[ZAGG_ZARR_MAX_RANK];
    char key[ZG_ZARR_MAX_KEY];
    void *data;
    size_t len;
    const unsigned char *index; /* of a shard */
    size_t unused;              /* bytes of a shard that belong to no chunk */
    /* decoded */
    bool unpacked;
    zg_zarr_unpacked chunk;
    void *fill; /* a chunk of fill (zg_map), made when first needed */
};

zagg_status zagg_zarr_cursor_new(zagg_sink *store, const char *group,
                                 const zagg_zarr_array *array, zagg_zarr_cursor **out,
                                 zagg_err *err)
{
    zg_zarr_layout layout;
    ZAGG_TRY(zg_zarr_layout_of(array, &layout, err));
    zagg_zarr_cursor *c = zg_alloc(1, sizeof *c);
    if (c == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read '%s'", array->name);
    c->store = store;
    c->array = array;
    c->layout = layout;
    c->group = zg_strdup(group);
    c->zstd = array->zstd ? zg_zstd_new() : NULL;
    if (c->group == NULL || (array->zstd && c->zstd == NULL)) {
        zagg_zarr_cursor_free(c);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read '%s'", array->name);
    }
    *out = c;
    return ZAGG_OK;
}

static void drop_chunk(zagg_zarr_cursor *c)
{
    if (c->unpacked)
        zg_zarr_unpacked_free(&c->chunk);
    c->unpacked = false;
}

static void drop_object(zagg_zarr_cursor *c)
{
    drop_chunk(c);
    c->unused = 0;
    zagg_bytes_free(c->data);
    c->data = NULL;
    c->loaded = false;
}

void zagg_zarr_cursor_free(zagg_zarr_cursor *c)
{
    if (c == NULL)
        return;
    drop_object(c);
    zg_unmap(c->fill, c->layout.chunk_elems, c->layout.elem_bytes);
    zg_zstd_free(c->zstd);
    zg_free(c->group);
    zg_free(c);
}

/* Views of absent VLEN elements are zero, as the pages are. */
static zagg_status make_fill(zagg_zarr_cursor *c, zagg_err *err)
{
    const zg_zarr_layout *l = &c->layout;
    static const uint8_t ZERO[8] = {0};
    if (c->fill != NULL)
        return ZAGG_OK;
    if (l->chunk_bytes > ZG_ZARR_MAX_CHUNK_BYTES)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: a chunk of %zu bytes is more than zagg reads",
                            c->array->name, l->chunk_bytes);
    c->fill = zg_map(l->chunk_elems, l->elem_bytes);
    if (c->fill == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of '%s' (%zu bytes)",
                            c->array->name, l->chunk_bytes);
    if (c->array->kind == ZAGG_ZARR_DENSE &&
        memcmp(c->array->fill, ZERO, l->elem_bytes) != 0)
        for (size_t i = 0; i < l->chunk_elems; i++)
            memcpy((unsigned char *)c->fill + i * l->elem_bytes, c->array->fill,
                   l->elem_bytes);
    return ZAGG_OK;
}

static zagg_status load(zagg_zarr_cursor *c, const uint64_t *object, zagg_err *err)
{
    if (c->loaded && memcmp(c->object, object, sizeof c->object) == 0)
        return ZAGG_OK;
    drop_object(c);
    ZAGG_TRY(
        zagg_zarr_object_key(c->group, c->array, object, c->key, sizeof c->key, err));
    zagg_status status = zagg_sink_get(c->store, c->key, c->layout.object_max_bytes,
                                       &c->data, &c->len, err);
    if (status == ZAGG_ENOTFOUND) {
        c->data = NULL;
    } else if (status == ZAGG_ERANGE) {
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: more bytes than its chunk can have",
                            c->key);
    } else if (status != ZAGG_OK) {
        return status;
    } else if (c->array->sharded) {
        const zg_zarr_stored whole = {c->key, c->data, c->len, 0};
        status = zg_zarr_shard_check(&c->layout, &whole, &c->index, &c->unused, err);
        if (status != ZAGG_OK) {
            drop_object(c);
            return status;
        }
    }
    memcpy(c->object, object, sizeof c->object);
    c->loaded = true;
    return ZAGG_OK;
}

/* Bytes of the chunk inside the object; false where it is not stored. */
static bool find(const zagg_zarr_cursor *c, size_t inner, zg_zarr_stored *out)
{
    uint64_t place[2];
    *out = (zg_zarr_stored){c->key, c->data, c->len, inner};
    if (c->data == NULL || !c->array->sharded)
        return c->data != NULL;
    if (!zg_zarr_shard_place(c->index, inner, place))
        return false;
    out->data = (const unsigned char *)c->data + (size_t)place[0];
    out->len = (size_t)place[1];
    return true;
}

zagg_status zagg_zarr_cursor_read(zagg_zarr_cursor *c, const uint64_t *chunk_index,
                                  zagg_zarr_chunk *out, zagg_err *err)
{
    const zg_zarr_layout *l = &c->layout;
    uint64_t object[ZAGG_ZARR_MAX_RANK] = {0};
    size_t inner = 0;
    zg_zarr_stored stored;
    for (unsigned d = 0; d < c->array->rank; d++) {
        object[d] = chunk_index[d] / l->inner[d];
        inner = inner * (size_t)l->inner[d] + (size_t)(chunk_index[d] % l->inner[d]);
    }
    ZAGG_TRY(load(c, object, err));
    drop_chunk(c);
    if (!find(c, inner, &stored)) {
        ZAGG_TRY(make_fill(c, err));
        *out = (zagg_zarr_chunk){false, c->fill, l->chunk_elems};
        return ZAGG_OK;
    }
    zagg_status status =
        zg_zarr_unpack(c->zstd, c->array, l, stored.data, stored.len, &c->chunk, err);
    if (status != ZAGG_OK && c->array->sharded)
        status = zagg_err_context(err, status, "inner chunk %zu", inner);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s", c->key);
    c->unpacked = true;
    *out = (zagg_zarr_chunk){true, c->chunk.elements, l->chunk_elems};
    return ZAGG_OK;
}

size_t zg_zarr_cursor_unused(const zagg_zarr_cursor *c)
{
    return c->unused;
}
