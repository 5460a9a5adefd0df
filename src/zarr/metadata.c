/* Texts of zarr.json, byte for byte as zarr-python 3 writes them: json.dumps(indent=2),
 * keys in the order of its metadata classes, no newline at the end. */
#include "zarr/layout.h"

#include <string.h>

static void put_extent(zg_json_out *w, const char *key, const uint64_t *extent,
                       unsigned rank)
{
    zg_json_key(w, key);
    zg_json_open_list(w);
    for (unsigned d = 0; d < rank; d++)
        zg_json_u64(w, extent[d]);
    zg_json_close_list(w);
}

/* {"name": name, "configuration": { ... left open */
static void open_named(zg_json_out *w, const char *name)
{
    zg_json_open_map(w);
    zg_json_put_str(w, "name", name);
    zg_json_key(w, "configuration");
    zg_json_open_map(w);
}

static void close_named(zg_json_out *w)
{
    zg_json_close_map(w);
    zg_json_close_map(w);
}

/* Elements of one byte have no byte order, and then no configuration is written. */
static void put_bytes_codec(zg_json_out *w, size_t elem_bytes)
{
    if (elem_bytes > 1) {
        open_named(w, "bytes");
        zg_json_put_str(w, "endian", "little");
        close_named(w);
        return;
    }
    zg_json_open_map(w);
    zg_json_put_str(w, "name", "bytes");
    zg_json_close_map(w);
}

/* Codecs of an innermost chunk. */
static void put_chunk_codecs(zg_json_out *w, const zagg_zarr_array *a)
{
    zg_json_open_list(w);
    if (a->kind == ZAGG_ZARR_VLEN) {
        open_named(w, "vlen-bytes");
        close_named(w);
    } else {
        put_bytes_codec(w, zagg_dtype_size(a->dtype));
    }
    if (a->zstd) {
        open_named(w, "zstd");
        zg_json_key(w, "level");
        zg_json_i64(w, a->zstd_level);
        zg_json_key(w, "checksum");
        zg_json_bool(w, false);
        close_named(w);
    }
    zg_json_close_list(w);
}

static void put_codecs(zg_json_out *w, const zagg_zarr_array *a)
{
    zg_json_key(w, "codecs");
    if (a->sharded) {
        zg_json_open_list(w);
        open_named(w, "sharding_indexed");
        put_extent(w, "chunk_shape", a->chunk, a->rank);
        zg_json_key(w, "codecs");
        put_chunk_codecs(w, a);
        zg_json_key(w, "index_codecs");
        zg_json_open_list(w);
        put_bytes_codec(w, 8);
        zg_json_open_map(w);
        zg_json_put_str(w, "name", "crc32c");
        zg_json_close_map(w);
        zg_json_close_list(w);
        zg_json_put_str(w, "index_location", "end");
        close_named(w);
        zg_json_close_list(w);
    } else {
        put_chunk_codecs(w, a);
    }
}

static void put_dim_names(zg_json_out *w, const zagg_zarr_array *a)
{
    unsigned named = 0;
    for (unsigned d = 0; d < a->rank; d++)
        named += a->dim_names[d] != NULL;
    if (named == 0 && a->rank > 0)
        return;
    zg_json_key(w,
                "dimension_names"); /* of no axis: the empty list, as xarray wants it */
    zg_json_open_list(w);
    for (unsigned d = 0; d < a->rank; d++) {
        if (a->dim_names[d] != NULL)
            zg_json_str(w, a->dim_names[d]);
        else
            zg_json_null(w);
    }
    zg_json_close_list(w);
}

static zagg_status put_attributes(zg_json_out *w, const char *json, const char *owner,
                                  zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *attributes = NULL;
    zg_json_key(w, "attributes");
    if (json == NULL) {
        zg_json_open_map(w);
        zg_json_close_map(w);
        return ZAGG_OK;
    }
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status =
        zagg_json_parse(arena, json, strlen(json), "attributes", &attributes, err);
    if (status == ZAGG_OK && attributes->kind != ZAGG_MAP)
        status = zagg_err_set(err, ZAGG_EARG, "not a JSON object");
    if (status == ZAGG_OK)
        status = zg_json_value(w, attributes, err);
    zagg_arena_free(arena);
    return status == ZAGG_OK ? status
                             : zagg_err_context(err, status, "attributes of %s", owner);
}

static zagg_status finish(zg_str *text, zagg_status status, char **out, size_t *out_len,
                          zagg_err *err)
{
    size_t len = text->len;
    if (status == ZAGG_OK && text->failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a zarr.json");
    if (status != ZAGG_OK) {
        zg_str_free(text);
        return status;
    }
    char *taken = zg_str_take(text);
    if (taken == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a zarr.json");
    *out = taken;
    *out_len = len;
    return ZAGG_OK;
}

zagg_status zagg_zarr_array_json(const zagg_zarr_array *array, char **out,
                                 size_t *out_len, zagg_err *err)
{
    zg_zarr_layout layout;
    zg_str text;
    zg_json_out w;
    ZAGG_TRY(zg_zarr_layout_of(array, &layout, err));
    zg_str_init(&text, ZG_ZARR_MAX_DOC_BYTES);
    zg_json_begin(&w, &text, 2);
    zg_json_open_map(&w);
    put_extent(&w, "shape", array->shape, array->rank);
    zg_json_put_str(&w, "data_type",
                    array->kind == ZAGG_ZARR_VLEN ? ZG_ZARR_VLEN_TYPE
                                                  : zagg_dtype_name(array->dtype));
    zg_json_key(&w, "chunk_grid");
    open_named(&w, "regular");
    put_extent(&w, "chunk_shape", array->sharded ? array->shard : array->chunk,
               array->rank);
    close_named(&w);
    zg_json_key(&w, "chunk_key_encoding");
    open_named(&w, "default");
    zg_json_put_str(&w, "separator", "/");
    close_named(&w);
    zg_json_key(&w, "fill_value");
    if (array->kind == ZAGG_ZARR_VLEN)
        zg_json_str(&w, "");
    else
        zg_zarr_fill_write(&w, array->dtype, array->fill);
    put_codecs(&w, array);
    zagg_status status = put_attributes(&w, array->attributes_json, array->name, err);
    put_dim_names(&w, array);
    zg_json_key(&w, "zarr_format");
    zg_json_i64(&w, 3);
    zg_json_put_str(&w, "node_type", "array");
    zg_json_key(&w, "storage_transformers");
    zg_json_open_list(&w);
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    return finish(&text, status, out, out_len, err);
}

zagg_status zagg_zarr_group_json(const char *attributes_json, char **out, size_t *out_len,
                                 zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, ZG_ZARR_MAX_DOC_BYTES);
    zg_json_begin(&w, &text, 2);
    zg_json_open_map(&w);
    zagg_status status = put_attributes(&w, attributes_json, "a group", err);
    zg_json_key(&w, "zarr_format");
    zg_json_i64(&w, 3);
    zg_json_put_str(&w, "node_type", "group");
    zg_json_close_map(&w);
    return finish(&text, status, out, out_len, err);
}
