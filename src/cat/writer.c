/* Writing catalogs: NDJSON and collections as the items come; tables in two passes, since
 * their columns are known when all items are. */
#include "cat/item_columns.h"
#include "cat/json_items.h"
#include "cat/out_file.h"
#include "text/text.h"
#include "zagg/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef enum form { FORM_NDJSON = 0, FORM_COLLECTION, FORM_TABLE } form;

struct zagg_catalog_writer {
    char *path;
    form form;
    zg_str line; /* of one item */
    zg_out_file *file;
    /* ---- tables ---- */
    const zg_pq_ops *ops;
    char *meta; /* text of zagg:catalog_meta */
    zg_item_columns *columns;
    FILE *spool; /* items as lines, in a file without a name */
    uint64_t n;
    double box[4];
};

static const struct {
    const char *ending;
    form form;
    bool gzip;
} FORMS[] = {{".parquet", FORM_TABLE, false},       {".ndjson.gz", FORM_NDJSON, true},
             {".ndjson", FORM_NDJSON, false},       {".jsonl.gz", FORM_NDJSON, true},
             {".jsonl", FORM_NDJSON, false},        {".json", FORM_COLLECTION, false},
             {".geojson", FORM_COLLECTION, false},  {".json.gz", FORM_COLLECTION, true},
             {".geojson.gz", FORM_COLLECTION, true}};

static const zg_json_style COMPACT = {.indent = -1, .compact = true};
static const zg_json_style PYTHON = {.indent = -1};

void zagg_catalog_writer_abandon(zagg_catalog_writer *w)
{
    if (w == NULL)
        return;
    zg_out_file_abandon(w->file);
    zg_item_columns_free(w->columns);
    if (w->spool != NULL)
        (void)fclose(w->spool);
    zg_str_free(&w->line);
    zg_free(w->meta);
    zg_free(w->path);
    zg_free(w);
}

static zagg_status no_memory(const zagg_catalog_writer *w, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write it", w->path);
}

static zagg_status choose_form(const char *path, form *out, bool *gzip, zagg_err *err)
{
    const size_t len = strlen(path);
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        const size_t n = strlen(FORMS[i].ending);
        if (len <= n || strcmp(path + len - n, FORMS[i].ending) != 0)
            continue;
        *out = FORMS[i].form;
        *gzip = FORMS[i].gzip;
        return ZAGG_OK;
    }
    return zagg_err_set(err, ZAGG_EARG,
                        "%s: ends with no form of a catalog: .parquet, .ndjson, "
                        ".ndjson.gz, .json",
                        path);
}

/* ---- beginning ---- */

static zagg_status add_line(zagg_catalog_writer *w, zagg_err *err)
{
    if (w->line.failed)
        return no_memory(w, err);
    return zg_out_file_add(w->file, w->line.data, w->line.len, err);
}

static zagg_status begin_text(zagg_catalog_writer *w, const zagg_value *meta, bool gzip,
                              zagg_err *err)
{
    const bool any = meta != NULL && meta->n > 0, collection = w->form == FORM_COLLECTION;
    ZAGG_TRY(zg_out_file_new(w->path, gzip, &w->file, err));
    w->line.len = 0;
    if (collection)
        zg_str_add(&w->line, "{\"type\":\"FeatureCollection\",");
    if (any) {
        zg_str_add(&w->line,
                   collection ? "\"zagg:catalog_meta\":" : "{\"zagg:catalog_meta\":");
        ZAGG_TRY(zg_json_write(&w->line, meta, COMPACT, err));
        zg_str_add(&w->line, collection ? "," : "}\n");
    }
    if (collection)
        zg_str_add(&w->line, "\"features\":[");
    return add_line(w, err);
}

/* Beside the table, where there is room for it, and without a name: nothing stays behind.
 */
static zagg_status open_spool(zagg_catalog_writer *w, zagg_err *err)
{
    zg_str temp;
    zg_str_init(&temp, 0);
    zg_str_addf(&temp, "%s.%ld.items.tmp", w->path, (long)getpid());
    if (temp.failed) {
        zg_str_free(&temp);
        return no_memory(w, err);
    }
    w->spool = fopen(temp.data, "w+b");
    const int number = errno;
    if (w->spool != NULL)
        (void)unlink(temp.data);
    zg_str_free(&temp);
    return w->spool != NULL ? ZAGG_OK
                            : zagg_err_set_errno(err, ZAGG_EIO, number,
                                                 "%s: cannot put items aside", w->path);
}

static zagg_status begin_table(zagg_catalog_writer *w, const zagg_value *meta,
                               zagg_err *err)
{
    ZAGG_TRY(zg_pq_get(&w->ops, w->path, err));
    ZAGG_TRY(zg_item_columns_new(&w->columns, err));
    if (meta != NULL && meta->n > 0) {
        zg_str text;
        zg_str_init(&text, 0);
        const zagg_status status = zg_json_write(&text, meta, PYTHON, err);
        w->meta = status == ZAGG_OK ? zg_str_take(&text) : NULL;
        zg_str_free(&text);
        if (w->meta == NULL)
            return status != ZAGG_OK ? status : no_memory(w, err);
    }
    return open_spool(w, err);
}

zagg_status zagg_catalog_writer_new(const char *path, const zagg_value *meta,
                                    zagg_catalog_writer **out, zagg_err *err)
{
    form chosen = FORM_NDJSON;
    bool gzip = false;
    ZAGG_TRY(choose_form(path, &chosen, &gzip, err));
    zagg_catalog_writer *w = zg_alloc(1, sizeof *w);
    if (w == NULL || (w->path = zg_strdup(path)) == NULL) {
        zg_free(w);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write it", path);
    }
    w->form = chosen;
    zg_str_init(&w->line, 0);
    const zagg_status status =
        chosen == FORM_TABLE ? begin_table(w, meta, err) : begin_text(w, meta, gzip, err);
    if (status != ZAGG_OK)
        zagg_catalog_writer_abandon(w);
    else
        *out = w;
    return status;
}

/* ---- items ---- */

static void widen_box(zagg_catalog_writer *w, const zagg_value *item)
{
    double b[4];
    if (zagg_bbox_from_value(zagg_value_get_set(item, "bbox"), b, NULL) != ZAGG_OK)
        return;
    if (b[0] > b[2]) { /* crosses the antimeridian */
        b[0] = -180.0;
        b[2] = 180.0;
    }
    const bool first = w->box[0] > w->box[2];
    for (int i = 0; i < 4; i++)
        if (first || (i < 2 ? b[i] < w->box[i] : b[i] > w->box[i]))
            w->box[i] = b[i];
}

static zagg_status spool_item(zagg_catalog_writer *w, const zagg_value *item,
                              zagg_err *err)
{
    if (w->n == 0) {
        w->box[0] = 1.0; /* none yet */
        w->box[2] = 0.0;
    }
    widen_box(w, item);
    const zagg_status status = zg_item_columns_note(w->columns, item, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s: item %llu", w->path,
                                (unsigned long long)w->n);
    if (fwrite(w->line.data, 1, w->line.len, w->spool) != w->line.len)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot put items aside",
                                  w->path);
    return ZAGG_OK;
}

zagg_status zagg_catalog_writer_add(zagg_catalog_writer *w, const zagg_value *item,
                                    zagg_err *err)
{
    if (item == NULL || item->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_EARG, "%s: an item must be an object", w->path);
    w->line.len = 0;
    if (w->form == FORM_COLLECTION)
        zg_str_add(&w->line, w->n > 0 ? ",\n" : "\n");
    ZAGG_TRY(zg_json_write(&w->line, item, COMPACT, err));
    if (w->form != FORM_COLLECTION)
        zg_str_addc(&w->line, '\n');
    if (w->line.failed)
        return no_memory(w, err);
    ZAGG_TRY(w->form == FORM_TABLE ? spool_item(w, item, err) : add_line(w, err));
    w->n++;
    return ZAGG_OK;
}

/* ---- the end of a table ---- */

/* GeoParquet 1.1: longitude and latitude is its default. */
static void geo_metadata(const zagg_catalog_writer *w, zg_str *out)
{
    zg_str_add(out, "{\"version\": \"1.1.0\", \"primary_column\": \"geometry\", "
                    "\"columns\": {\"geometry\": {\"encoding\": \"WKB\", "
                    "\"geometry_types\": [], \"edges\": \"planar\", \"covering\": "
                    "{\"bbox\": {\"xmin\": [\"bbox\", \"xmin\"], \"ymin\": [\"bbox\", "
                    "\"ymin\"], \"xmax\": [\"bbox\", \"xmax\"], \"ymax\": [\"bbox\", "
                    "\"ymax\"]}}");
    for (int i = 0; i < 4 && w->n > 0 && w->box[0] <= w->box[2]; i++) {
        zg_str_add(out, i == 0 ? ", \"bbox\": [" : ", ");
        zg_json_add_double(out, w->box[i]);
        zg_str_add(out, i == 3 ? "]" : "");
    }
    zg_str_add(out, "}}}");
}

static zagg_status add_footer(const zagg_catalog_writer *w, zg_pq_writer *table,
                              zagg_err *err)
{
    zg_str geo;
    zg_str_init(&geo, 0);
    geo_metadata(w, &geo);
    zagg_status status = geo.failed ? no_memory(w, err)
                                    : w->ops->set_metadata(table, "geo", geo.data, err);
    zg_str_free(&geo);
    ZAGG_TRY(status);
    ZAGG_TRY(
        w->ops->set_metadata(table, "stac-geoparquet", "{\"version\": \"1.0.0\"}", err));
    if (w->meta == NULL)
        return ZAGG_OK;
    return w->ops->set_metadata(table, "zagg:catalog_meta", w->meta, err);
}

typedef struct spooled {
    zagg_catalog_writer *w;
    zg_pq_writer *table;
    zagg_arena *arena;
    zg_vec line, wkb;
} spooled;

/* The next line of the spool, without its end; false at the end. */
static zagg_status read_line(spooled *s, bool *more, zagg_err *err)
{
    char piece[16384];
    s->line.len = 0;
    while (fgets(piece, sizeof piece, s->w->spool) != NULL) {
        const size_t n = strlen(piece); /* JSON holds no NUL bytes */
        if (!zg_vec_append(&s->line, piece, n))
            return no_memory(s->w, err);
        if (n > 0 && piece[n - 1] == '\n') {
            *more = true;
            return ZAGG_OK;
        }
    }
    *more = false;
    return ferror(s->w->spool) == 0
               ? ZAGG_OK
               : zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot read items again",
                                    s->w->path);
}

static zagg_status copy_row(spooled *s, zagg_err *err)
{
    const zagg_value *item = NULL, *row = NULL;
    zg_scan scan = {.text = s->line.data, .len = s->line.len, .err = err};
    zg_maker m;
    ZAGG_TRY(zg_scan_value(&scan, s->arena, &item));
    zg_make_begin(&m, s->arena, err);
    ZAGG_TRY(zg_item_columns_row(s->w->columns, item, &m, &s->wkb, &row, err));
    return s->w->ops->add(s->table, row, err);
}

static zagg_status copy_rows(spooled *s, zagg_err *err)
{
    void *first = NULL;
    ZAGG_TRY(zagg_arena_alloc(s->arena, 1, 1, &first, err));
    const zagg_arena_mark base = zagg_arena_get_mark(s->arena);
    rewind(s->w->spool);
    for (uint64_t row = 0;; row++) {
        bool more = false;
        zagg_arena_release(s->arena, base);
        ZAGG_TRY(read_line(s, &more, err));
        if (!more)
            return ZAGG_OK;
        const zagg_status status = copy_row(s, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "item %llu", (unsigned long long)row);
    }
}

static zagg_status write_table(zagg_catalog_writer *w, zagg_err *err)
{
    const zg_pq_column *columns = NULL;
    size_t n = 0;
    spooled s = {.w = w};
    zg_vec_init(&s.line, 1, 0);
    zg_vec_init(&s.wkb, 1, 0);
    if (fflush(w->spool) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot put items aside",
                                  w->path);
    ZAGG_TRY(zg_item_columns_settle(w->columns, &columns, &n, err));
    ZAGG_TRY(w->ops->create(w->path, columns, n, &s.table, err));
    zagg_status status = zagg_arena_new(0, &s.arena, err);
    if (status == ZAGG_OK)
        status = copy_rows(&s, err);
    if (status == ZAGG_OK)
        status = add_footer(w, s.table, err);
    zagg_arena_free(s.arena);
    zg_vec_free(&s.line);
    zg_vec_free(&s.wkb);
    if (status == ZAGG_OK)
        return w->ops->finish(s.table, err);
    w->ops->abandon(s.table);
    return status;
}

zagg_status zagg_catalog_writer_finish(zagg_catalog_writer *w, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    if (w->form == FORM_TABLE) {
        status = write_table(w, err);
    } else {
        if (w->form == FORM_COLLECTION)
            status = zg_out_file_add(w->file, "\n]}\n", 4, err);
        if (status == ZAGG_OK) {
            status = zg_out_file_commit(w->file, err);
            w->file = NULL;
        }
    }
    zagg_catalog_writer_abandon(w);
    return status;
}
