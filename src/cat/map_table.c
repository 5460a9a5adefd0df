/* A shard map from upstream's Parquet table: a row a shard, granules and masks as JSON
 * texts, metadata and signature in the footer. */
#include "cat/cat.h"
#include "cat/make_value.h"
#include "cat/parquet.h"
#include "cat/text_source.h"
#include "zagg/io.h"

#include <string.h>

typedef struct map_table {
    const zg_pq_ops *pq;
    zg_pq_reader *reader;
    const char *path;
    zagg_arena *arena;
    zg_vec keys, granules, masks; /* const zagg_value * */
    uint64_t n;
} map_table;

bool zg_is_table(const char *path)
{
    char head[4] = {0};
    zagg_source *source = NULL;
    if (zagg_source_open_file(path, &source, NULL) != ZAGG_OK)
        return false;
    const bool is = zagg_source_size(source) >= sizeof head &&
                    zagg_source_read_at(source, 0, sizeof head, head, NULL) == ZAGG_OK &&
                    memcmp(head, "PAR1", sizeof head) == 0;
    zagg_source_close(source);
    return is;
}

static zagg_status keep(zg_vec *list, const zagg_value *v, zagg_err *err)
{
    return zg_vec_append(list, &v, 1)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
}

static zagg_status parse_cell(const map_table *t, const zagg_value *row,
                              const char *column, const zagg_value **out, zagg_err *err)
{
    const zagg_value *text = zagg_value_get_set(row, column);
    if (text == NULL || text->kind != ZAGG_STR)
        return zagg_err_set(err, ZAGG_ECONFIG, "row %llu: %s must be a JSON text",
                            (unsigned long long)t->n, column);
    const zagg_status status =
        zagg_json_parse(t->arena, text->str, text->str_len, column, out, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "row %llu", (unsigned long long)t->n);
    return ZAGG_OK;
}

/* The key 0 is null in such tables. */
static zagg_status take_row(map_table *t, const zagg_value *row, zagg_err *err)
{
    const zagg_value *key = zagg_value_get(row, "shard_keys"), *cell = NULL;
    zg_maker m;
    zg_make_begin(&m, t->arena, err);
    if (key == NULL || key->kind == ZAGG_NULL)
        key = zg_make_u64(&m, 0);
    ZAGG_TRY(m.status);
    ZAGG_TRY(keep(&t->keys, key, err));
    ZAGG_TRY(parse_cell(t, row, "granules", &cell, err));
    ZAGG_TRY(keep(&t->granules, cell, err));
    if (zagg_value_get(row, "aoi_mask") == NULL)
        return ZAGG_OK;
    ZAGG_TRY(parse_cell(t, row, "aoi_mask", &cell, err));
    return keep(&t->masks, cell, err);
}

static zagg_status read_rows(map_table *t, zagg_err *err)
{
    const zagg_value *row = NULL;
    bool more = true;
    for (;; t->n++) {
        ZAGG_TRY(t->pq->next(t->reader, t->arena, &row, &more, err));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(take_row(t, row, err));
    }
}

/** The object that upstream's JSON would hold. */
static zagg_status make_root(map_table *t, const zagg_value **out, zagg_err *err)
{
    const char *text = t->pq->metadata(t->reader, ZG_MAP_TABLE_META);
    const zagg_value *meta = NULL;
    zg_maker m;
    zg_object o;
    if (text == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s is not a shard map: its footer lacks " ZG_MAP_TABLE_META,
                            t->path);
    ZAGG_TRY(
        zagg_json_parse(t->arena, text, strlen(text), ZG_MAP_TABLE_META, &meta, err));
    if (meta->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_ECONFIG, "%s: " ZG_MAP_TABLE_META " is no object",
                            t->path);
    const zagg_status status = read_rows(t, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s", t->path);
    zg_make_begin(&m, t->arena, err);
    zg_object_begin(&o, &m);
    zg_object_put(&o, "metadata", zagg_value_get(meta, "metadata"));
    zg_object_put(&o, "grid_signature", zagg_value_get(meta, "grid_signature"));
    zg_object_put(&o, "shard_keys", zg_make_list(&m, t->keys.data, t->keys.len));
    zg_object_put(&o, "granules", zg_make_list(&m, t->granules.data, t->granules.len));
    if (t->masks.len > 0)
        zg_object_put(&o, "aoi_mask", zg_make_list(&m, t->masks.data, t->masks.len));
    *out = zg_object_end(&o);
    return m.status;
}

zagg_status zg_map_table_read(const char *path, zagg_arena *arena, const zagg_value **out,
                              zagg_err *err)
{
    map_table t = {.path = path, .arena = arena};
    ZAGG_TRY(zg_pq_get(&t.pq, path, err));
    ZAGG_TRY(t.pq->open(path, &t.reader, err));
    zg_vec_init(&t.keys, sizeof(const zagg_value *), 0);
    zg_vec_init(&t.granules, sizeof(const zagg_value *), 0);
    zg_vec_init(&t.masks, sizeof(const zagg_value *), 0);
    const zagg_status status = make_root(&t, out, err);
    zg_vec_free(&t.keys);
    zg_vec_free(&t.granules);
    zg_vec_free(&t.masks);
    t.pq->close(t.reader);
    return status;
}
