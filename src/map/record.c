/* Records of granules: {id, s3, https} and what else upstream puts beside them. */
#include "map/record.h"

#include "cat/times.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

void zg_map_time(const char *text, char out[64])
{
    char utc[32];
    int64_t us;
    if (zg_utc_parse(text, &us) && zg_utc_format(us, utc))
        (void)snprintf(out, 64, "%.*s+00:00", (int)strcspn(utc, "Z"), utc);
    else
        (void)snprintf(out, 64, "%s", text);
}

/* ---- records ---- */

const char *zg_map_name_of(const char *href)
{
    if (href == NULL)
        return NULL;
    const char *slash = strrchr(href, '/');
    const char *name = slash == NULL ? href : slash + 1;
    return *name != '\0' ? name : NULL;
}

static void put_time(zg_object *o, const char *key, const char *text)
{
    char time[64];
    if (text == NULL)
        return;
    zg_map_time(text, time);
    zg_object_put(o, key, zg_make_text(o->maker, time));
}

/** Members {name: href} of all assets but the metadata; how many. */
static size_t put_raster_assets(zg_object *o, const zagg_value *assets)
{
    size_t n = 0;
    for (size_t i = 0; assets != NULL && i < assets->n; i++) {
        const char *key = assets->members[i].key->str;
        const char *href = zg_value_text(assets->members[i].value, "href");
        if (href == NULL || strcmp(key, "metadata") == 0 || strcmp(key, "data") == 0 ||
            strcmp(key, "data_s3") == 0)
            continue;
        zg_object_put(o, key, zg_make_text(o->maker, href));
        n++;
    }
    return n;
}

static const zagg_value *trio(zg_maker *m, const char *id, const char *s3,
                              const char *https)
{
    zg_object o;
    zg_object_begin(&o, m);
    zg_object_put(&o, "id", zg_make_text(m, id));
    zg_object_put(&o, "s3", zg_make_text(m, s3));
    zg_object_put(&o, "https", zg_make_text(m, https));
    return zg_object_end(&o);
}

/** The record as a tree. */
static const zagg_value *record_tree(zg_maker *m, const zg_source_record *s)
{
    const bool raster = s->s3 == NULL && s->https == NULL;
    zg_object o, assets;
    size_t n = 0;
    zg_object_begin(&assets, m);
    if (raster)
        n = put_raster_assets(&assets, s->assets);
    if (s->sibling_asset != NULL)
        zg_object_put(&assets, s->sibling_asset,
                      trio(m, s->sibling_id, s->sibling_s3, s->sibling_https));
    const zagg_value *others = zg_object_end(&assets);
    zg_object_begin(&o, m);
    zg_object_put(&o, "id", zg_make_text(m, s->id));
    zg_object_put(&o, "s3", zg_make_text(m, s->s3));
    zg_object_put(&o, "https", zg_make_text(m, s->https));
    zg_object_put(&o, "assets", others->n > 0 ? others : NULL);
    if (n > 0)
        put_time(&o, "datetime", s->datetime);
    if (n > 0 && s->time_key != NULL)
        zg_object_put(&o, "time_key", zg_make_text(m, s->time_key));
    put_time(&o, "time_start", s->start);
    put_time(&o, "time_end", s->end);
    return zg_object_end(&o);
}

static zagg_status copy(zg_tree *tree, const char *text, const char **out, zagg_err *err)
{
    *out = NULL;
    return text != NULL ? zg_tree_text(tree, text, strlen(text), out, err) : ZAGG_OK;
}

static zagg_status copy_texts(zg_tree *tree, const zg_source_record *source,
                              const zagg_value *record, zagg_granule *g, zagg_err *err)
{
    static const zg_json_style COMPACT = {.indent = -1, .compact = true};
    const char *id = source->id != NULL   ? source->id
                     : source->s3 != NULL ? zg_map_name_of(source->s3)
                                          : zg_map_name_of(source->https);
    zg_str text;
    ZAGG_TRY(copy(tree, id, &g->id, err));
    ZAGG_TRY(copy(tree, source->s3, &g->s3, err));
    ZAGG_TRY(copy(tree, source->https, &g->https, err));
    zg_str_init(&text, 0);
    zagg_status status = zg_json_write(&text, record, COMPACT, err);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a record");
    if (status == ZAGG_OK)
        status = zg_tree_text(tree, text.data, text.len, &g->record, err);
    zg_str_free(&text);
    return status;
}

zagg_status zg_map_granule(zg_tree *tree, zagg_arena *scratch,
                           const zg_source_record *source, zagg_granule **out,
                           zagg_err *err)
{
    const zagg_arena_mark mark = zagg_arena_get_mark(scratch);
    zagg_granule *g = NULL;
    zg_maker maker;
    zg_make_begin(&maker, scratch, err);
    const zagg_value *record = record_tree(&maker, source);
    zagg_status status = maker.status;
    if (status == ZAGG_OK)
        status = zg_tree_alloc(tree, 1, sizeof *g, &g, err);
    if (status == ZAGG_OK)
        status = copy_texts(tree, source, record, g, err);
    zagg_arena_release(scratch, mark);
    if (status == ZAGG_OK)
        *out = g;
    return status;
}
