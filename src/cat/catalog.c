/* Opening catalogs by what is in them, and reading their items. */
#include "zagg/catalog.h"

#include "cat/json_items.h"
#include "cat/table.h"
#include "cat/tree_copy.h"

#include <string.h>

struct zagg_catalog {
    char *path;
    zagg_arena *kept;  /* meta */
    zagg_arena *items; /* one item at a time, behind `base` */
    zagg_arena_mark base;
    zg_shape_builder shape;
    zg_item_reader reader;
    const zagg_value *meta;
    zg_json_items *json;  /* either */
    zg_item_table *table; /* or */
    bool pending;         /* the reader holds the first item */
    bool read, gzip, collection;
};

static const zagg_value NO_META = {.kind = ZAGG_MAP};

void zagg_catalog_close(zagg_catalog *c)
{
    if (c == NULL)
        return;
    zg_json_items_free(c->json);
    zg_item_table_close(c->table);
    zg_shape_free(&c->shape);
    zg_vec_free(&c->reader.cells);
    zagg_arena_free(c->kept);
    zagg_arena_free(c->items);
    zg_free(c->path);
    zg_free(c);
}

const zagg_value *zagg_catalog_meta(const zagg_catalog *catalog)
{
    return catalog->meta;
}

const char *zagg_catalog_form(const zagg_catalog *catalog)
{
    if (catalog->table != NULL)
        return "stac-geoparquet";
    if (catalog->collection)
        return catalog->gzip ? "FeatureCollection (gzip)" : "FeatureCollection";
    return catalog->gzip ? "NDJSON (gzip)" : "NDJSON";
}

static zagg_status keep_meta(zagg_catalog *c, const zagg_value *meta, zagg_err *err)
{
    if (meta->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: zagg:catalog_meta must be an object (found %s)", c->path,
                            zagg_value_kind_name(meta));
    ZAGG_TRY(zg_tree_copy(c->kept, meta, &c->meta, err));
    const zagg_value *key = zagg_value_get_set(c->meta, "time_key");
    c->reader.time_key = key != NULL && key->kind == ZAGG_STR ? key->str : NULL;
    return ZAGG_OK;
}

static zagg_status next(zagg_catalog *c, bool *more, zagg_err *err)
{
    if (c->table != NULL)
        return zg_item_table_next(c->table, &c->reader, more, err);
    return zg_json_items_next(c->json, &c->reader, more, err);
}

/* ---- opening ---- */

/* What stands before the first item, and that item where nothing does. */
static zagg_status open_json(zagg_catalog *c, zagg_source *source, zagg_err *err)
{
    zg_text_source *text = NULL;
    ZAGG_TRY(zg_text_source_new(source, &text, err));
    c->gzip = zg_text_source_is_gzip(text);
    ZAGG_TRY(zg_json_items_new(text, c->path, &c->json, err));
    bool more = false;
    ZAGG_TRY(next(c, &more, err));
    if (more && c->reader.meta != NULL)
        ZAGG_TRY(keep_meta(c, c->reader.meta, err));
    c->pending = more && c->reader.found == ZG_FOUND_ITEM;
    c->collection = more && c->reader.found == ZG_FOUND_COLLECTION;
    return ZAGG_OK;
}

static zagg_status open_table(zagg_catalog *c, zagg_err *err)
{
    const zagg_value *meta = NULL;
    ZAGG_TRY(
        zg_item_table_open(c->path, c->reader.assets, c->reader.whole, &c->table, err));
    const char *text = zg_item_table_meta(c->table);
    if (text != NULL) {
        const zagg_status status = zagg_json_parse(c->items, text, strlen(text),
                                                   "zagg:catalog_meta", &meta, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "%s", c->path);
        ZAGG_TRY(keep_meta(c, meta, err));
    }
    return zg_item_table_select(c->table, c->reader.time_key, err);
}

static zagg_status open_by_content(zagg_catalog *c, zagg_err *err)
{
    char head[4] = {0};
    zagg_source *source = NULL;
    ZAGG_TRY(zagg_source_open_file(c->path, &source, err));
    zagg_status status = ZAGG_OK;
    if (zagg_source_size(source) >= sizeof head)
        status = zagg_source_read_at(source, 0, sizeof head, head, err);
    if (status == ZAGG_OK && memcmp(head, "PAR1", sizeof head) != 0)
        return open_json(c, source, err);
    zagg_source_close(source);
    return status == ZAGG_OK ? open_table(c, err) : status;
}

static zagg_status begin(zagg_catalog *c, const char *path, zagg_err *err)
{
    void *first = NULL;
    c->path = zg_strdup(path);
    if (c->path == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the catalog", path);
    ZAGG_TRY(zagg_arena_new(0, &c->kept, err));
    ZAGG_TRY(zagg_arena_new(0, &c->items, err));
    /* its first block stays from item to item */
    ZAGG_TRY(zagg_arena_alloc(c->items, 1, 1, &first, err));
    c->base = zagg_arena_get_mark(c->items);
    return ZAGG_OK;
}

zagg_status zagg_catalog_open(const char *path, const zagg_catalog_opts *opts,
                              zagg_catalog **out, zagg_err *err)
{
    static const zagg_catalog_opts NONE = {.log = NULL};
    if (path == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_catalog_open: NULL argument");
    opts = opts != NULL ? opts : &NONE;
    zagg_catalog *c = zg_alloc(1, sizeof *c);
    if (c == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the catalog", path);
    c->meta = &NO_META;
    zg_shape_begin(&c->shape, 0);
    zagg_status status = begin(c, path, err);
    c->reader = (zg_item_reader){.arena = c->items,
                                 .shape = &c->shape,
                                 .assets = opts->assets,
                                 .whole = opts->whole};
    if (status == ZAGG_OK)
        status = open_by_content(c, err);
    if (status != ZAGG_OK) {
        zagg_catalog_close(c);
        return zagg_err_context(err, status, "catalog");
    }
    *out = c;
    return ZAGG_OK;
}

/* ---- reading ---- */

static zagg_status take(zagg_catalog *c, zagg_item_fn fn, void *user, zagg_err *err)
{
    if (c->reader.found == ZG_FOUND_ITEM)
        return fn(user, &c->reader.item, err);
    /* behind the features of a collection, or between items */
    return c->reader.meta != NULL && c->meta == &NO_META
               ? keep_meta(c, c->reader.meta, err)
               : ZAGG_OK;
}

zagg_status zagg_catalog_read(zagg_catalog *c, zagg_item_fn fn, void *user, zagg_err *err)
{
    if (c->read)
        return zagg_err_set(err, ZAGG_EARG, "%s: a catalog is read once", c->path);
    c->read = true;
    if (c->pending)
        ZAGG_TRY(fn(user, &c->reader.item, err));
    c->pending = false;
    for (;;) {
        bool more = false;
        zagg_arena_release(c->items, c->base);
        const zagg_status status = next(c, &more, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "catalog");
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(take(c, fn, user, err));
    }
}
