/* Shard maps as JSON: upstream's layout, and the compact one in which every granule
 * stands once. */
#include "map/write.h"

#include "cat/cat.h"
#include "codec/codec.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define GZIP_LEVEL 6

/* ---- numbering ---- */

zagg_status zg_map_numbers_new(const zagg_shardmap *map, zg_map_numbers *out,
                               zagg_err *err)
{
    size_t pairs = 0, n = 64;
    for (size_t i = 0; i < map->n_shards; i++)
        pairs += map->shards[i].n_granules;
    while (n < 3 * pairs) /* also for one more granule a pair, which deriving may add */
        n *= 2;
    *out = (zg_map_numbers){.slots = zg_alloc(n, sizeof *out->slots),
                            .numbers = zg_alloc(n, sizeof *out->numbers),
                            .n_slots = n};
    if (out->slots != NULL && out->numbers != NULL)
        return ZAGG_OK;
    zg_map_numbers_free(out);
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the granules of a shard map");
}

void zg_map_numbers_free(zg_map_numbers *n)
{
    zg_free(n->slots);
    zg_free(n->numbers);
    n->slots = NULL;
    n->numbers = NULL;
}

uint32_t zg_map_number_of(zg_map_numbers *n, const zagg_granule *g, bool *first)
{
    /* Fibonacci hashing; addresses are multiples of eight */
    uint64_t hash = (uint64_t)(uintptr_t)g * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 20) & (n->n_slots - 1);
    while (n->slots[at] != NULL && n->slots[at] != g)
        at = (at + 1) & (n->n_slots - 1);
    *first = n->slots[at] == NULL;
    if (*first) {
        n->slots[at] = g;
        n->numbers[at] = (uint32_t)n->n++;
    }
    return n->numbers[at];
}

/* ---- granules ---- */

static void write_trio(zg_json_out *w, const zagg_granule *g)
{
    zg_json_open_map(w);
    zg_json_put_str(w, "id", g->id);
    zg_json_put_str(w, "s3", g->s3);
    zg_json_put_str(w, "https", g->https);
    zg_json_close_map(w);
}

zagg_status zg_write_granule(zg_str *out, const zagg_granule *g, int indent, int depth,
                             zagg_err *err)
{
    zagg_arena *arena;
    const zagg_value *record;
    zg_json_out w;
    zg_json_begin(&w, out, indent);
    w.depth = depth;
    w.after_key = true; /* what stands before it is the caller's */
    if (g->record == NULL) {
        write_trio(&w, g);
        return ZAGG_OK;
    }
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status =
        zagg_json_parse(arena, g->record, strlen(g->record), "record", &record, err);
    if (status == ZAGG_OK)
        status = zg_json_value(&w, record, err);
    zagg_arena_free(arena);
    return status;
}

/* ---- upstream's form ---- */

zagg_status zg_map_out_flow(zg_map_out *out, bool all, zagg_err *err)
{
    if (out->text.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a shard map");
    if (out->stream == NULL || (!all && out->text.len < PIECE_BYTES))
        return ZAGG_OK;
    ZAGG_TRY(zagg_sink_stream_add(out->stream, out->text.data, out->text.len, err));
    out->text.len = 0;
    return ZAGG_OK;
}

/** Texts of granules, made when they are first needed. */
typedef struct rendered {
    zg_map_numbers numbers;
    zg_str texts;
    zg_vec ends; /* size_t: of the text of granule i in `texts` */
} rendered;

static zagg_status add_rendered(rendered *r, const zagg_granule *g, zg_str *out,
                                zagg_err *err)
{
    bool first;
    const uint32_t number = zg_map_number_of(&r->numbers, g, &first);
    if (first) {
        ZAGG_TRY(zg_write_granule(&r->texts, g, 2, 3, err));
        if (r->texts.failed || !zg_vec_append(&r->ends, &r->texts.len, 1))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a shard map");
    }
    const size_t begin = number > 0 ? *ZG_VEC_AT(&r->ends, size_t, number - 1) : 0;
    zg_str_addn(out, r->texts.data + begin, *ZG_VEC_AT(&r->ends, size_t, number) - begin);
    return ZAGG_OK;
}

static zagg_status write_lists(const zagg_shardmap *map, rendered *r, zg_map_out *out,
                               zagg_err *err)
{
    for (size_t i = 0; i < map->n_shards; i++) {
        const zagg_shard_entry *shard = &map->shards[i];
        zg_str_add(&out->text, i > 0 ? ",\n    [" : "\n    [");
        for (size_t k = 0; k < shard->n_granules; k++) {
            zg_str_add(&out->text, k > 0 ? ",\n      " : "\n      ");
            ZAGG_TRY(add_rendered(r, shard->granules[k], &out->text, err));
            ZAGG_TRY(zg_map_out_flow(out, false, err));
        }
        zg_str_add(&out->text, shard->n_granules > 0 ? "\n    ]" : "]");
    }
    return ZAGG_OK;
}

static zagg_status write_granules(const zagg_shardmap *map, zg_map_out *out,
                                  zagg_err *err)
{
    rendered r;
    ZAGG_TRY(zg_map_numbers_new(map, &r.numbers, err));
    zg_str_init(&r.texts, 0);
    zg_vec_init(&r.ends, sizeof(size_t), 0);
    zg_str_add(&out->text, "[");
    zagg_status status = write_lists(map, &r, out, err);
    zg_str_add(&out->text, map->n_shards > 0 ? "\n  ]" : "]");
    zg_map_numbers_free(&r.numbers);
    zg_str_free(&r.texts);
    zg_vec_free(&r.ends);
    return status;
}

static zagg_status write_masks(const zagg_shardmap *map, int indent, zg_map_out *out,
                               zagg_err *err)
{
    zg_json_out w;
    zg_json_begin(&w, &out->text, indent);
    w.depth = 1;
    w.after_key = true;
    zg_json_open_list(&w);
    for (size_t i = 0; i < map->n_shards; i++) {
        zg_json_open_list(&w);
        for (size_t k = 0; k < map->shards[i].n_aoi_mask; k++) {
            zg_json_u64(&w, map->shards[i].aoi_mask[k]);
            ZAGG_TRY(zg_map_out_flow(out, false, err));
        }
        zg_json_close_list(&w);
    }
    zg_json_close_list(&w);
    return ZAGG_OK;
}

/** Metadata, signature and keys, which both forms begin with. */
static zagg_status write_head(const zagg_shardmap *map, int indent, const char *format,
                              zg_map_out *out, zagg_err *err)
{
    zg_json_out w;
    zg_json_begin(&w, &out->text, indent);
    zg_json_open_map(&w);
    if (format != NULL)
        zg_json_put_str(&w, "format", format);
    zg_json_key(&w, "metadata");
    if (map->metadata != NULL) {
        ZAGG_TRY(zg_json_value(&w, map->metadata, err));
    } else {
        zg_json_open_map(&w);
        zg_json_close_map(&w);
    }
    zg_json_key(&w, "grid_signature");
    if (map->grid_signature != NULL)
        ZAGG_TRY(zg_json_value(&w, map->grid_signature, err));
    else
        zg_json_null(&w);
    zg_json_key(&w, "shard_keys");
    zg_json_open_list(&w);
    for (size_t i = 0; i < map->n_shards; i++) {
        zg_json_u64(&w, map->shards[i].key);
        ZAGG_TRY(zg_map_out_flow(out, false, err));
    }
    zg_json_close_list(&w);
    return ZAGG_OK;
}

zagg_status zg_write_json(const zagg_shardmap *map, zg_map_out *out, zagg_err *err)
{
    ZAGG_TRY(write_head(map, 2, NULL, out, err));
    zg_str_add(&out->text, ",\n  \"granules\": ");
    ZAGG_TRY(write_granules(map, out, err));
    if (map->has_aoi_mask) {
        zg_str_add(&out->text, ",\n  \"aoi_mask\": ");
        ZAGG_TRY(write_masks(map, 2, out, err));
    }
    zg_str_add(&out->text, "\n}");
    return zg_map_out_flow(out, true, err);
}

/* ---- compact ---- */

/** Granules that come for the first time go to `list`; numbers of all to the text. */
static zagg_status write_numbers(const zagg_shardmap *map, zg_map_numbers *numbers,
                                 zg_vec *list, zg_str *out, zagg_err *err)
{
    zg_str_add(out, ", \"shard_granules\": [");
    for (size_t i = 0; i < map->n_shards; i++) {
        zg_str_add(out, i > 0 ? ", [" : "[");
        for (size_t k = 0; k < map->shards[i].n_granules; k++) {
            bool first;
            const zagg_granule *g = map->shards[i].granules[k];
            zg_str_addf(out, "%s%lu", k > 0 ? ", " : "",
                        (unsigned long)zg_map_number_of(numbers, g, &first));
            if (first && !zg_vec_append(list, &g, 1))
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a shard map");
        }
        zg_str_addc(out, ']');
    }
    zg_str_addc(out, ']');
    return ZAGG_OK;
}

zagg_status zg_write_compact(const zagg_shardmap *map, zg_map_out *out, zagg_err *err)
{
    zg_map_numbers numbers;
    zg_vec list;
    ZAGG_TRY(write_head(map, -1, ZG_COMPACT_FORMAT, out, err));
    ZAGG_TRY(zg_map_numbers_new(map, &numbers, err));
    zg_vec_init(&list, sizeof(const zagg_granule *), 0);
    zagg_status status = write_numbers(map, &numbers, &list, &out->text, err);
    zg_str_add(&out->text, ", \"granules\": [");
    for (size_t i = 0; i < list.len && status == ZAGG_OK; i++) {
        zg_str_add(&out->text, i > 0 ? ", " : "");
        status = zg_write_granule(&out->text, *ZG_VEC_AT(&list, const zagg_granule *, i),
                                  -1, 0, err);
    }
    zg_str_addc(&out->text, ']');
    if (status == ZAGG_OK && map->has_aoi_mask) {
        zg_str_add(&out->text, ", \"aoi_mask\": ");
        status = write_masks(map, -1, out, err);
    }
    zg_str_add(&out->text, "}\n");
    zg_map_numbers_free(&numbers);
    zg_vec_free(&list);
    return status == ZAGG_OK ? zg_map_out_flow(out, false, err) : status;
}

/* ---- files ---- */

/** The folder of a path as a sink, and the name in it. */
static zagg_status open_folder(const char *path, zagg_sink **sink, const char **name,
                               zagg_err *err)
{
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    if (**name == '\0')
        return zagg_err_set(err, ZAGG_EARG, "%s: this is a folder; give a file to write",
                            path);
    if (slash == NULL)
        return zagg_sink_open_dir(".", sink, err);
    char *folder = zg_strndup(path, slash > path ? (size_t)(slash - path) : 1);
    if (folder == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    zagg_status status = zagg_sink_open_dir(folder, sink, err);
    zg_free(folder);
    return status;
}

static zagg_status put_compact(zagg_sink *sink, const char *name, const zg_map_out *out,
                               zagg_err *err)
{
    void *packed;
    size_t len;
    ZAGG_TRY(zg_gzip_pack(GZIP_LEVEL, out->text.data, out->text.len, &packed, &len, err));
    zagg_status status = zagg_sink_put(sink, name, packed, len, err);
    zg_free(packed);
    return status;
}

static zagg_status put_json(const zagg_shardmap *map, zagg_sink *sink, const char *name,
                            zg_map_out *out, zagg_err *err)
{
    ZAGG_TRY(zagg_sink_stream_begin(sink, name, &out->stream, err));
    zagg_status status = zg_write_json(map, out, err);
    if (status == ZAGG_OK)
        return zagg_sink_stream_commit(out->stream, err);
    zagg_sink_stream_abandon(out->stream);
    return status;
}

zagg_status zagg_shardmap_write(const zagg_shardmap *map, zagg_map_form form,
                                const char *path, zagg_err *err)
{
    zagg_sink *sink;
    const char *name;
    zg_map_out out = {.stream = NULL};
    if (map == NULL || path == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_shardmap_write: NULL argument");
    if (form == ZAGG_MAP_PARQUET)
        return zg_write_parquet(map, path, err);
    ZAGG_TRY(open_folder(path, &sink, &name, err));
    zg_str_init(&out.text, 0);
    zagg_status status;
    if (form == ZAGG_MAP_JSON) {
        status = put_json(map, sink, name, &out, err);
    } else {
        status = zg_write_compact(map, &out, err);
        if (status == ZAGG_OK)
            status = put_compact(sink, name, &out, err);
    }
    zg_str_free(&out.text);
    zagg_sink_close(sink);
    return status;
}
