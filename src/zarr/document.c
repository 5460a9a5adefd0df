/* Reading metadata documents: which node a zarr.json describes, and the description of a
 * dense or variable-length array. Everything outside what zagg writes is refused by name.
 */
#include "zarr/layout.h"

#include <string.h>

zagg_status zg_zarr_get_doc(zagg_sink *store, const char *key, zagg_arena *arena,
                            const zagg_value **out, zagg_err *err)
{
    void *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_sink_get(store, key, ZG_ZARR_MAX_DOC_BYTES, &text, &len, err));
    zagg_status status = zagg_json_parse(arena, text, len, key, out, err);
    zagg_bytes_free(text);
    return status;
}

bool zg_zarr_is_node(const zagg_value *doc, const char *node_type)
{
    int64_t format = 0;
    return zagg_value_i64(zagg_value_get(doc, "zarr_format"), &format) && format == 3 &&
           zagg_value_is(zagg_value_get(doc, "node_type"), node_type);
}

/* Where a document is being read, for messages. */
typedef struct doc_reader {
    const char *where;
    zagg_arena *arena;
    zagg_err *err;
} doc_reader;

static zagg_status bad(const doc_reader *r, const char *key, const char *why)
{
    return zagg_err_set(r->err, ZAGG_EFORMAT, "%s: %s %s", r->where, key, why);
}

static zagg_status unsupported(const doc_reader *r, const char *what,
                               const zagg_value *name)
{
    const char *text = name != NULL && name->kind == ZAGG_STR ? name->str : "?";
    return zagg_err_set(r->err, ZAGG_EUNSUPPORTED,
                        "%s: %s '%s' is not one that zagg reads", r->where, what, text);
}

static bool is_empty(const zagg_value *v)
{
    return v == NULL || v->kind == ZAGG_NULL ||
           ((v->kind == ZAGG_LIST || v->kind == ZAGG_MAP) && v->n == 0);
}

/* "name" of a codec, chunk grid and so on: an object, or (as the spec allows) bare text.
 */
static const zagg_value *named(const zagg_value *v)
{
    return v != NULL && v->kind == ZAGG_STR ? v : zagg_value_get(v, "name");
}

static const zagg_value *setting(const zagg_value *v, const char *key)
{
    return zagg_value_get_set(zagg_value_get_set(v, "configuration"), key);
}

static zagg_status read_extent(const doc_reader *r, const zagg_value *list,
                               const char *key, unsigned rank,
                               uint64_t out[ZAGG_ZARR_MAX_RANK])
{
    if (list == NULL || list->kind != ZAGG_LIST || list->n != rank)
        return bad(r, key, "is no list of one length an axis");
    for (unsigned d = 0; d < rank; d++) {
        if (!zagg_value_u64(list->items[d], &out[d]))
            return bad(r, key, "holds something that is no length");
    }
    return ZAGG_OK;
}

/* Little-endian `bytes`; a single byte may go without an order. */
static zagg_status check_bytes_codec(const doc_reader *r, const zagg_value *codec,
                                     size_t elem_bytes)
{
    if (!zagg_value_is(named(codec), "bytes"))
        return unsupported(r, "codec", named(codec));
    const zagg_value *endian = setting(codec, "endian");
    if (elem_bytes > 1 && endian == NULL)
        return bad(r, "codec 'bytes'", "has no endian");
    if (elem_bytes > 1 && !zagg_value_is(endian, "little"))
        return unsupported(r, "byte order", endian);
    return ZAGG_OK;
}

static zagg_status check_list(const doc_reader *r, const zagg_value *list)
{
    if (list == NULL || list->kind != ZAGG_LIST || list->n == 0)
        return bad(r, "codecs", "is no list of codecs");
    return ZAGG_OK;
}

/* Codecs of a shard's index: bytes, then crc32c, and nothing more. */
static zagg_status check_index_codecs(const doc_reader *r, const zagg_value *list)
{
    ZAGG_TRY(check_list(r, list));
    ZAGG_TRY(check_bytes_codec(r, list->items[0], 8));
    if (list->n < 2)
        return zagg_err_set(r->err, ZAGG_EUNSUPPORTED,
                            "%s: a shard index without crc32c is not one that zagg reads",
                            r->where);
    if (!zagg_value_is(named(list->items[1]), "crc32c"))
        return unsupported(r, "codec", named(list->items[1]));
    return list->n > 2 ? unsupported(r, "codec", named(list->items[2])) : ZAGG_OK;
}

static zagg_status read_zstd(const doc_reader *r, const zagg_value *codec,
                             zagg_zarr_array *a)
{
    enum { LEAST_LEVEL = -131072, MOST_LEVEL = 22 };
    int64_t level = 0;
    if (!zagg_value_is(named(codec), "zstd"))
        return unsupported(r, "codec", named(codec));
    if (!zagg_value_i64(setting(codec, "level"), &level) || level < LEAST_LEVEL ||
        level > MOST_LEVEL)
        return bad(r, "codec 'zstd'", "has no level");
    if (zagg_value_truthy(setting(codec, "checksum")))
        return zagg_err_set(r->err, ZAGG_EUNSUPPORTED,
                            "%s: zstd with a checksum is not one that zagg reads",
                            r->where);
    a->zstd = true;
    a->zstd_level = (int)level;
    return ZAGG_OK;
}

/* Codecs of an innermost chunk: the elements, then maybe zstd; further ones are named as
 * refused. */
static zagg_status read_chunk_codecs(const doc_reader *r, const zagg_value *list,
                                     zagg_zarr_array *a)
{
    ZAGG_TRY(check_list(r, list));
    if (a->kind == ZAGG_ZARR_DENSE)
        ZAGG_TRY(check_bytes_codec(r, list->items[0], zagg_dtype_size(a->dtype)));
    else if (!zagg_value_is(named(list->items[0]), "vlen-bytes"))
        return unsupported(r, "codec", named(list->items[0]));
    if (list->n > 1)
        ZAGG_TRY(read_zstd(r, list->items[1], a));
    return list->n > 2 ? unsupported(r, "codec", named(list->items[2])) : ZAGG_OK;
}

static zagg_status read_codecs(const doc_reader *r, const zagg_value *codecs,
                               zagg_zarr_array *a)
{
    bool list = codecs != NULL && codecs->kind == ZAGG_LIST && codecs->n > 0;
    const zagg_value *first = list ? codecs->items[0] : NULL;
    if (!zagg_value_is(named(first), "sharding_indexed"))
        return read_chunk_codecs(r, codecs, a);
    if (codecs->n > 1)
        return unsupported(r, "codec", named(codecs->items[1]));
    const zagg_value *location = setting(first, "index_location");
    if (location != NULL && !zagg_value_is(location, "end"))
        return unsupported(r, "shard index location", location);
    ZAGG_TRY(read_chunk_codecs(r, setting(first, "codecs"), a));
    ZAGG_TRY(check_index_codecs(r, setting(first, "index_codecs")));
    a->sharded = true;
    memcpy(a->shard, a->chunk, sizeof a->shard);
    return read_extent(r, setting(first, "chunk_shape"), "chunk_shape", a->rank,
                       a->chunk);
}

static zagg_status read_grid(const doc_reader *r, const zagg_value *doc,
                             zagg_zarr_array *a)
{
    const zagg_value *grid = zagg_value_get(doc, "chunk_grid");
    const zagg_value *keys = zagg_value_get(doc, "chunk_key_encoding");
    const zagg_value *separator = setting(keys, "separator");
    if (!zagg_value_is(named(grid), "regular"))
        return unsupported(r, "chunk grid", named(grid));
    if (!zagg_value_is(named(keys), "default"))
        return unsupported(r, "chunk key encoding", named(keys));
    if (separator != NULL && !zagg_value_is(separator, "/"))
        return unsupported(r, "chunk key separator", separator);
    if (!is_empty(zagg_value_get(doc, "storage_transformers")))
        return zagg_err_set(r->err, ZAGG_EUNSUPPORTED,
                            "%s: storage transformers are not read", r->where);
    return read_extent(r, setting(grid, "chunk_shape"), "chunk_shape", a->rank, a->chunk);
}

static zagg_status read_dim_names(const doc_reader *r, const zagg_value *names,
                                  zagg_zarr_array *a)
{
    if (names == NULL)
        return ZAGG_OK;
    if (names->kind != ZAGG_LIST || names->n != a->rank)
        return bad(r, "dimension_names", "is no list of one name an axis");
    for (unsigned d = 0; d < a->rank; d++) {
        const zagg_value *name = names->items[d];
        if (name->kind != ZAGG_STR && name->kind != ZAGG_NULL)
            return bad(r, "dimension_names", "holds something that is no name");
        if (name->kind == ZAGG_STR)
            a->dim_names[d] = name->str;
    }
    return ZAGG_OK;
}

static zagg_status read_attributes(const doc_reader *r, const zagg_value *attributes,
                                   zagg_zarr_array *a)
{
    if (is_empty(attributes))
        return ZAGG_OK;
    if (attributes->kind != ZAGG_MAP)
        return bad(r, "attributes", "is no object");
    zg_str text;
    zg_str_init(&text, ZG_ZARR_MAX_DOC_BYTES);
    zg_json_style style = {.indent = -1};
    zagg_status status = zg_json_write(&text, attributes, style, r->err);
    if (status == ZAGG_OK) {
        a->attributes_json =
            text.failed ? NULL : zagg_arena_strndup(r->arena, text.data, text.len);
        if (a->attributes_json == NULL)
            status = zagg_err_set(r->err, ZAGG_ENOMEM, "%s: no memory", r->where);
    }
    zg_str_free(&text);
    return status;
}

static zagg_status read_type(const doc_reader *r, const zagg_value *doc,
                             zagg_zarr_array *a)
{
    const zagg_value *type = zagg_value_get(doc, "data_type");
    const zagg_value *fill = zagg_value_get(doc, "fill_value");
    if (zagg_value_is(type, ZG_ZARR_VLEN_TYPE)) {
        a->kind = ZAGG_ZARR_VLEN;
        return zagg_value_is(fill, "")
                   ? ZAGG_OK
                   : bad(r, "fill_value", "is not the empty text of " ZG_ZARR_VLEN_TYPE);
    }
    a->dtype = type != NULL && type->kind == ZAGG_STR ? zagg_dtype_from_name(type->str)
                                                      : ZAGG_DT_NONE;
    if (a->dtype == ZAGG_DT_NONE)
        return unsupported(r, "data type", named(type));
    if (fill == NULL || (a->dtype == ZAGG_DT_BOOL && fill->kind != ZAGG_BOOL))
        return bad(r, "fill_value", "is missing or no value of the data type");
    const char *why = zg_zarr_fill_parse(a->dtype, fill, a->fill);
    return why == NULL ? ZAGG_OK : bad(r, "fill_value", why);
}

zagg_status zg_zarr_array_parse(const zagg_value *doc, const char *name,
                                const char *where, zagg_arena *arena,
                                zagg_zarr_array *out, zagg_err *err)
{
    const doc_reader r = {where, arena, err};
    zagg_zarr_array a = {.name = name};
    zg_zarr_layout layout;
    if (!zg_zarr_is_node(doc, "array"))
        return bad(&r, "the document", "is not that of a Zarr v3 array");
    const zagg_value *shape = zagg_value_get(doc, "shape");
    if (shape == NULL || shape->kind != ZAGG_LIST)
        return bad(&r, "shape", "is no list");
    if (shape->n > ZAGG_ZARR_MAX_RANK)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s: rank %zu is not one that zagg reads", where, shape->n);
    a.rank = (unsigned)shape->n;
    ZAGG_TRY(read_extent(&r, shape, "shape", a.rank, a.shape));
    ZAGG_TRY(read_type(&r, doc, &a));
    ZAGG_TRY(read_grid(&r, doc, &a));
    ZAGG_TRY(read_codecs(&r, zagg_value_get(doc, "codecs"), &a));
    ZAGG_TRY(read_dim_names(&r, zagg_value_get_set(doc, "dimension_names"), &a));
    ZAGG_TRY(read_attributes(&r, zagg_value_get(doc, "attributes"), &a));
    zagg_status status = zg_zarr_layout_of(&a, &layout, err);
    if (status != ZAGG_OK) {
        if (err != NULL)
            err->status = ZAGG_EFORMAT;
        return zagg_err_context(err, ZAGG_EFORMAT, "%s", where);
    }
    *out = a;
    return ZAGG_OK;
}
