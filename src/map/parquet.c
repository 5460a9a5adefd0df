/* Shard maps as upstream's Parquet table: a row a shard, granules and masks as JSON
 * texts; metadata and signature in the footer. */
#include "cat/parquet.h"

#include "cat/cat.h"
#include "cat/make_value.h"
#include "map/write.h"
#include "text/text.h"

#include <string.h>

static const zg_json_style PYTHON_STYLE = {.indent = -1};

static zagg_status check_text(const zg_str *text, zagg_err *err)
{
    return text->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a shard map")
                        : ZAGG_OK;
}

static zagg_status granules_text(const zagg_shard_entry *shard, zg_str *out,
                                 zagg_err *err)
{
    out->len = 0;
    zg_str_addc(out, '[');
    for (size_t k = 0; k < shard->n_granules; k++) {
        zg_str_add(out, k > 0 ? ", " : "");
        ZAGG_TRY(zg_write_granule(out, shard->granules[k], -1, 0, err));
    }
    zg_str_addc(out, ']');
    return check_text(out, err);
}

static zagg_status mask_text(const zagg_shard_entry *shard, zg_str *out, zagg_err *err)
{
    zg_json_out w;
    out->len = 0;
    zg_json_begin(&w, out, -1);
    zg_json_open_list(&w);
    for (size_t k = 0; k < shard->n_aoi_mask; k++)
        zg_json_u64(&w, shard->aoi_mask[k]);
    zg_json_close_list(&w);
    return check_text(out, err);
}

static zagg_status add_shard(const zg_pq_ops *pq, zg_pq_writer *writer,
                             const zagg_shardmap *map, size_t i, zagg_arena *arena,
                             zg_str *text, zagg_err *err)
{
    const zagg_shard_entry *shard = &map->shards[i];
    zg_maker m;
    zg_object row;
    zg_make_begin(&m, arena, err);
    zg_object_begin(&row, &m);
    zg_object_put(&row, "shard_keys", zg_make_u64(&m, shard->key));
    zagg_status status = granules_text(shard, text, err);
    if (status == ZAGG_OK)
        zg_object_put(&row, "granules", zg_make_bytes(&m, text->data, text->len));
    if (status == ZAGG_OK && map->has_aoi_mask) {
        status = mask_text(shard, text, err);
        zg_object_put(&row, "aoi_mask", zg_make_bytes(&m, text->data, text->len));
    }
    const zagg_value *v = zg_object_end(&row);
    ZAGG_TRY(status);
    ZAGG_TRY(m.status);
    return pq->add(writer, v, err);
}

static zagg_status put_meta(const zg_pq_ops *pq, zg_pq_writer *writer,
                            const zagg_shardmap *map, zagg_arena *arena, zg_str *text,
                            zagg_err *err)
{
    zg_maker m;
    zg_object o, empty;
    zg_make_begin(&m, arena, err);
    zg_object_begin(&empty, &m);
    const zagg_value *nothing = zg_object_end(&empty);
    zg_object_begin(&o, &m);
    zg_object_put(&o, "metadata", map->metadata != NULL ? map->metadata : nothing);
    zg_object_put(&o, "grid_signature",
                  map->grid_signature != NULL ? map->grid_signature : zg_make_null(&m));
    const zagg_value *v = zg_object_end(&o);
    ZAGG_TRY(m.status);
    text->len = 0;
    ZAGG_TRY(zg_json_write(text, v, PYTHON_STYLE, err));
    ZAGG_TRY(check_text(text, err));
    return pq->set_metadata(writer, ZG_MAP_TABLE_META, text->data, err);
}

static zagg_status write_rows(const zg_pq_ops *pq, zg_pq_writer *writer,
                              const zagg_shardmap *map, zagg_arena *arena, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    zagg_status status = put_meta(pq, writer, map, arena, &text, err);
    for (size_t i = 0; i < map->n_shards && status == ZAGG_OK; i++) {
        const zagg_arena_mark mark = zagg_arena_get_mark(arena);
        status = add_shard(pq, writer, map, i, arena, &text, err);
        zagg_arena_release(arena, mark);
    }
    zg_str_free(&text);
    return status;
}

zagg_status zg_write_parquet(const zagg_shardmap *map, const char *path, zagg_err *err)
{
    static const zg_pq_column COLUMNS[] = {{"shard_keys", ZG_PQ_U64, NULL, 0},
                                           {"granules", ZG_PQ_TEXT, NULL, 0},
                                           {"aoi_mask", ZG_PQ_TEXT, NULL, 0}};
    const zg_pq_ops *pq;
    zg_pq_writer *writer;
    zagg_arena *arena;
    ZAGG_TRY(zg_pq_get(&pq, path, err));
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status =
        pq->create(path, COLUMNS, map->has_aoi_mask ? 3 : 2, &writer, err);
    if (status == ZAGG_OK) {
        status = write_rows(pq, writer, map, arena, err);
        if (status == ZAGG_OK)
            status = pq->finish(writer, err);
        else
            pq->abandon(writer);
    }
    zagg_arena_free(arena);
    return status;
}
