/* Rows of stac-geoparquet as items (catalog.md 1.3). Every item property is a column;
 * what an item lacks is null. */
#include "cat/table.h"

#include "cat/wkb_value.h"
#include "text/text.h"

#include <string.h>

struct zg_item_table {
    char *path;
    const zg_pq_ops *ops;
    zg_pq_reader *rows;
    bool assets, whole;
    uint64_t row;
};

zagg_status zg_item_table_open(const char *path, bool assets, bool whole,
                               zg_item_table **out, zagg_err *err)
{
    const zg_pq_ops *ops = NULL;
    ZAGG_TRY(zg_pq_get(&ops, path, err));
    zg_item_table *t = zg_alloc(1, sizeof *t);
    if (t == NULL || (t->path = zg_strdup(path)) == NULL) {
        zg_free(t);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the catalog", path);
    }
    t->ops = ops;
    t->assets = assets;
    t->whole = whole;
    const zagg_status status = ops->open(path, &t->rows, err);
    if (status != ZAGG_OK)
        zg_item_table_close(t);
    else
        *out = t;
    return status;
}

void zg_item_table_close(zg_item_table *t)
{
    if (t == NULL)
        return;
    if (t->rows != NULL)
        t->ops->close(t->rows);
    zg_free(t->path);
    zg_free(t);
}

const char *zg_item_table_meta(const zg_item_table *table)
{
    return table->ops->metadata(table->rows, "zagg:catalog_meta");
}

/* ---- which columns ---- */

typedef struct wanted {
    const zg_item_table *table;
    const char *time_key;
    bool id, geometry; /* seen */
} wanted;

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

static bool want(void *user, const char *const *path, size_t depth)
{
    static const char *const SIMPLE[] = {"type",
                                         "id",
                                         "collection",
                                         "datetime",
                                         "start_datetime",
                                         "end_datetime",
                                         "footprint_cells",
                                         "geometry",
                                         "bbox",
                                         NULL};
    static const char *const OF_ASSETS[] = {"href", "roles", NULL};
    wanted *w = user;
    w->id = w->id || strcmp(path[0], "id") == 0;
    w->geometry = w->geometry || (depth == 1 && strcmp(path[0], "geometry") == 0);
    if (w->table->whole || is_one_of(path[0], SIMPLE))
        return true;
    if (w->time_key != NULL && strcmp(path[0], w->time_key) == 0)
        return true;
    return strcmp(path[0], "assets") == 0 &&
           (w->table->assets || (depth > 2 && is_one_of(path[2], OF_ASSETS)));
}

zagg_status zg_item_table_select(zg_item_table *t, const char *time_key, zagg_err *err)
{
    wanted w = {.table = t, .time_key = time_key};
    t->ops->select(t->rows, want, &w);
    if (w.id && w.geometry)
        return ZAGG_OK;
    return zagg_err_set(
        err, ZAGG_EFORMAT, "%s: no catalog: a column %s%s is needed (stac-geoparquet)",
        t->path, w.id ? "geometry" : "id", w.id ? " of well-known binary" : "");
}

/* ---- what a build needs of a row ---- */

static const char *text_of(const zagg_value *row, const char *key)
{
    return zg_value_text(row, key);
}

static zg_slice slice_of(const zagg_value *map, const char *key)
{
    const zagg_value *v = zagg_value_get_set(map, key);
    if (v == NULL || v->kind != ZAGG_STR)
        return (zg_slice){NULL, 0, false};
    return (zg_slice){v->str, v->str_len, false};
}

static bool has_data_role(const zagg_value *asset)
{
    const zagg_value *roles = zagg_value_get_set(asset, "roles");
    for (size_t i = 0; roles != NULL && roles->kind == ZAGG_LIST && i < roles->n; i++)
        if (zagg_value_is(roles->items[i], "data"))
            return true;
    return false;
}

static void take_hrefs(zg_item_reader *r, const zagg_value *row)
{
    zg_hrefs hrefs = {.data = {NULL, 0, false}};
    zg_slice s3, https;
    const zagg_value *assets = zagg_value_get_set(row, "assets");
    for (size_t i = 0; assets != NULL && assets->kind == ZAGG_MAP && i < assets->n; i++) {
        const zagg_member *m = &assets->members[i];
        const zg_slice key = {m->key->str, m->key->str_len, false};
        const zg_slice href = slice_of(m->value, "href");
        if (href.text != NULL)
            zg_hrefs_note(&hrefs, &key, &href, has_data_role(m->value));
    }
    zg_hrefs_choose(&hrefs, &s3, &https);
    r->item.s3 = s3.text; /* of values, which end with NUL bytes */
    r->item.https = https.text;
    if (r->assets && assets != NULL && assets->kind == ZAGG_MAP)
        r->item.assets = assets;
}

static void take_bbox(zg_item_reader *r, const zagg_value *row)
{
    static const char *const NAMES[] = {"xmin", "ymin", "xmax", "ymax"};
    const zagg_value *box = zagg_value_get_set(row, "bbox");
    bool all = box != NULL && box->kind == ZAGG_MAP;
    for (size_t i = 0; i < 4 && all; i++) {
        const zagg_value *v = zagg_value_get_set(box, NAMES[i]);
        all = v != NULL && zagg_value_number(v, &r->item.bbox[i]);
    }
    r->item.has_bbox = all;
}

static zagg_status take_cells(zg_item_reader *r, const zagg_value *row, zagg_err *err)
{
    const zagg_value *list = zagg_value_get_set(row, "footprint_cells");
    if (list == NULL)
        return ZAGG_OK;
    if (r->cells.elem_size == 0)
        zg_vec_init(&r->cells, sizeof(uint64_t), 0);
    r->cells.len = 0;
    for (size_t i = 0; i < list->n; i++) {
        uint64_t word = 0;
        if (list->kind != ZAGG_LIST || !zagg_value_u64(list->items[i], &word))
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "footprint_cells must be lists of 64-bit words");
        if (!zg_vec_append(&r->cells, &word, 1))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for footprint_cells");
    }
    return zg_item_take_cells(r, err);
}

/* A property as text, as Python's str() gives it for texts and whole numbers. */
static zagg_status take_time_key(zg_item_reader *r, const zagg_value *row, zagg_err *err)
{
    const zagg_value *v =
        r->time_key != NULL ? zagg_value_get_set(row, r->time_key) : NULL;
    zg_str text;
    if (v == NULL || v->kind == ZAGG_MAP || v->kind == ZAGG_LIST)
        return ZAGG_OK;
    if (v->kind == ZAGG_STR) {
        r->item.time_key = v->str;
        return ZAGG_OK;
    }
    zg_str_init(&text, 0);
    zagg_status status = zg_json_write(&text, v, (zg_json_style){.indent = -1}, err);
    if (status == ZAGG_OK) {
        r->item.time_key = zagg_arena_strndup(r->arena, text.data, text.len);
        if (r->item.time_key == NULL)
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a text");
    }
    zg_str_free(&text);
    return status;
}

static zagg_status take_geometry(zg_item_reader *r, const zagg_value *row, zagg_err *err)
{
    const zagg_value *wkb = zagg_value_get_set(row, "geometry");
    zg_shape_clear(r->shape);
    if (wkb != NULL && wkb->kind != ZAGG_STR)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "geometry: must be well-known binary (found %s)",
                            zagg_value_kind_name(wkb));
    if (wkb != NULL)
        ZAGG_TRY(zg_shape_add_wkb(r->shape, wkb->str, wkb->str_len, err));
    return zg_shape_finish(r->shape, r->arena, &r->item.shape, err);
}

static zagg_status take_row(zg_item_reader *r, const zagg_value *row, zagg_err *err)
{
    r->found = ZG_FOUND_ITEM;
    r->meta = NULL;
    r->item = (zagg_item){.id = text_of(row, "id"),
                          .collection = text_of(row, "collection"),
                          .datetime = text_of(row, "datetime"),
                          .start = text_of(row, "start_datetime"),
                          .end = text_of(row, "end_datetime")};
    take_hrefs(r, row);
    take_bbox(r, row);
    ZAGG_TRY(take_cells(r, row, err));
    ZAGG_TRY(take_time_key(r, row, err));
    return take_geometry(r, row, err);
}

/* ---- a row as a whole item ---- */

/* Of structs only what is there; a list keeps its places. */
static const zagg_value *without_nulls(zg_maker *m, const zagg_value *v)
{
    zg_object copy;
    if (v->kind == ZAGG_LIST) {
        const zagg_value **items = NULL;
        m->status = m->status == ZAGG_OK
                        ? zg_tree_alloc(&m->tree, v->n, sizeof *items, &items, m->err)
                        : m->status;
        if (m->status != ZAGG_OK)
            return zg_make_null(m);
        for (size_t i = 0; i < v->n; i++)
            items[i] = without_nulls(m, v->items[i]);
        return zg_make_list(m, items, v->n);
    }
    if (v->kind != ZAGG_MAP)
        return v;
    zg_object_begin(&copy, m);
    for (size_t i = 0; i < v->n; i++)
        if (v->members[i].value->kind != ZAGG_NULL)
            zg_object_put(&copy, v->members[i].key->str,
                          without_nulls(m, v->members[i].value));
    return zg_object_end(&copy);
}

static const char *const OUTSIDE_PROPERTIES[] = {
    "type",     "stac_version", "stac_extensions", "id",     "collection",
    "geometry", "bbox",         "links",           "assets", NULL};

/* The time of an item may be null, and must be there. */
static const zagg_value *properties_of(zg_maker *m, const zagg_value *row)
{
    zg_object properties;
    zg_object_begin(&properties, m);
    for (size_t i = 0; i < row->n; i++) {
        const zagg_member *p = &row->members[i];
        if (is_one_of(p->key->str, OUTSIDE_PROPERTIES))
            continue;
        if (p->value->kind != ZAGG_NULL || strcmp(p->key->str, "datetime") == 0)
            zg_object_put(&properties, p->key->str, without_nulls(m, p->value));
    }
    return zg_object_end(&properties);
}

static const zagg_value *member_or(zg_maker *m, const zagg_value *row, const char *key,
                                   const zagg_value *otherwise)
{
    const zagg_value *v = zagg_value_get_set(row, key);
    return v != NULL ? without_nulls(m, v) : otherwise;
}

static zagg_status make_whole(zg_item_reader *r, const zagg_value *row, zagg_err *err)
{
    zg_maker m;
    zg_object item;
    zg_make_begin(&m, r->arena, err);
    const zagg_value *geometry = zg_make_null(&m);
    const zagg_value *wkb = zagg_value_get_set(row, "geometry");
    if (wkb != NULL)
        ZAGG_TRY(zg_wkb_to_value(&m, wkb->str, wkb->str_len, &geometry, err));
    const zagg_value *empty = zg_make_list(&m, NULL, 0);
    zg_object_begin(&item, &m);
    zg_object_put(&item, "type", zg_make_text(&m, "Feature"));
    zg_object_put(&item, "stac_version",
                  member_or(&m, row, "stac_version", zg_make_text(&m, "1.0.0")));
    zg_object_put(&item, "stac_extensions", member_or(&m, row, "stac_extensions", empty));
    zg_object_put(&item, "id", member_or(&m, row, "id", NULL));
    zg_object_put(&item, "collection", member_or(&m, row, "collection", NULL));
    zg_object_put(&item, "geometry", geometry);
    if (r->item.has_bbox)
        zg_object_put(&item, "bbox", zg_make_doubles(&m, r->item.bbox, 4));
    zg_object_put(&item, "properties", properties_of(&m, row));
    zg_object_put(&item, "links", member_or(&m, row, "links", empty));
    zg_object_put(&item, "assets", member_or(&m, row, "assets", NULL));
    r->item.whole = zg_object_end(&item);
    return m.status;
}

zagg_status zg_item_table_next(zg_item_table *t, zg_item_reader *r, bool *more,
                               zagg_err *err)
{
    const zagg_value *row = NULL;
    ZAGG_TRY(t->ops->next(t->rows, r->arena, &row, more, err));
    if (!*more)
        return ZAGG_OK;
    zagg_status status = take_row(r, row, err);
    if (status == ZAGG_OK && r->whole)
        status = make_whole(r, row, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s: row %llu", t->path,
                                (unsigned long long)t->row);
    t->row++;
    return ZAGG_OK;
}
