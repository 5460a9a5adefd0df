/* CMR's own list of granules (granules.json), for when its STAC does not answer: pages
 * and entries, made into the items that STAC gives. */
#include "cat/fetch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- pages ---- */

/* {"feed": {"entry": [...]}}; other members are passed over. */
static zagg_status scan_feed(zg_scan *s, zg_fetch_page *page, bool in_feed)
{
    bool first = true, more = false;
    zg_slice key;
    for (;;) {
        ZAGG_TRY(zg_scan_member(s, &first, &key, &more));
        if (!more)
            return ZAGG_OK;
        if (!in_feed && zg_slice_is(&key, "feed"))
            ZAGG_TRY(scan_feed(s, page, true));
        else if (in_feed && zg_slice_is(&key, "entry"))
            ZAGG_TRY(zg_fetch_note_list(s, &page->items));
        else
            ZAGG_TRY(zg_scan_skip(s));
    }
}

static zagg_status next_page(const zg_fetch_request *asked, const zg_headers *headers,
                             zg_fetch_page *page, zagg_err *err)
{
    const char *after = zg_headers_get(headers, "CMR-Search-After");
    const char *hits = zg_headers_get(headers, "CMR-Hits");
    if (hits != NULL)
        page->total = strtoull(hits, NULL, 10);
    if (after == NULL || page->items.len == 0)
        return ZAGG_OK;
    ZAGG_TRY(zg_fetch_request_copy(asked, &page->next, err));
    zg_free(page->next.search_after);
    page->next.search_after = zg_strdup(after);
    if (page->next.search_after == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    page->has_next = true;
    return ZAGG_OK;
}

zagg_status zg_fetch_read_granules(const char *text, size_t len,
                                   const zg_fetch_request *asked,
                                   const zg_headers *headers, zg_fetch_page *out,
                                   zagg_err *err)
{
    zg_fetch_page page = {.text = text, .len = len};
    zg_scan s = {.text = text, .len = len, .err = err};
    zg_vec_init(&page.items, sizeof(size_t), 0);
    zagg_status status = scan_feed(&s, &page, false);
    if (status == ZAGG_OK)
        status = next_page(asked, headers, &page, err);
    if (status != ZAGG_OK)
        zg_fetch_page_free(&page);
    else
        *out = page;
    return status;
}

/* ---- geometry: texts of latitudes and longitudes in turn ---- */

typedef struct outline {
    zg_maker *m;
    double box[4];
    bool any;
    zagg_err *err;
} outline;

static const zagg_value *position(outline *o, double lat, double lon)
{
    const double at[2] = {lon, lat};
    o->box[0] = o->any ? fmin(o->box[0], lon) : lon;
    o->box[1] = o->any ? fmin(o->box[1], lat) : lat;
    o->box[2] = o->any ? fmax(o->box[2], lon) : lon;
    o->box[3] = o->any ? fmax(o->box[3], lat) : lat;
    o->any = true;
    return zg_make_doubles(o->m, at, 2);
}

/* All numbers of a text. */
static zagg_status numbers_of(outline *o, const zagg_value *text, zg_vec *out)
{
    const char *p = text->kind == ZAGG_STR ? text->str : "";
    out->len = 0;
    while (*p != '\0') {
        double v;
        const size_t blanks = strspn(p, " \t\n,"), n = strcspn(p + blanks, " \t\n,");
        p += blanks;
        if (n == 0)
            break;
        if (!zg_number_parse(p, n, &v))
            return zagg_err_set(o->err, ZAGG_EFORMAT, "'%.*s' is no coordinate",
                                (int)(n < 24 ? n : 24), p);
        if (!zg_vec_append(out, &v, 1))
            return zagg_err_set(o->err, ZAGG_ENOMEM, "no memory for a geometry");
        p += n;
    }
    if (out->len < 2 || out->len % 2 != 0)
        return zagg_err_set(o->err, ZAGG_EFORMAT,
                            "coordinates must be pairs of latitude and longitude");
    return ZAGG_OK;
}

/* A text as a list of positions. */
static zagg_status ring_of(outline *o, const zagg_value *text, const zagg_value **out)
{
    zg_vec numbers, positions;
    zg_vec_init(&numbers, sizeof(double), 0);
    zg_vec_init(&positions, sizeof(zagg_value *), 0);
    zagg_status status = numbers_of(o, text, &numbers);
    for (size_t i = 0; status == ZAGG_OK && i < numbers.len; i += 2) {
        const double *pair = ZG_VEC_AT(&numbers, double, i);
        const zagg_value *at = position(o, pair[0], pair[1]);
        if (!zg_vec_append(&positions, &at, 1))
            status = zagg_err_set(o->err, ZAGG_ENOMEM, "no memory for a geometry");
    }
    if (status == ZAGG_OK)
        *out = zg_make_list(o->m, positions.data, positions.len);
    zg_vec_free(&numbers);
    zg_vec_free(&positions);
    return status;
}

/* south west north east as a ring. */
static zagg_status box_of(outline *o, const zagg_value *text, const zagg_value **out)
{
    zg_vec v;
    zg_vec_init(&v, sizeof(double), 0);
    zagg_status status = numbers_of(o, text, &v);
    if (status == ZAGG_OK && v.len != 4)
        status = zagg_err_set(o->err, ZAGG_EFORMAT, "a box must be four numbers");
    if (status == ZAGG_OK) {
        const double *b = v.data;
        const zagg_value *corners[5] = {position(o, b[0], b[1]), position(o, b[0], b[3]),
                                        position(o, b[2], b[3]), position(o, b[2], b[1]),
                                        position(o, b[0], b[1])};
        const zagg_value *ring = zg_make_list(o->m, corners, 5);
        *out = zg_make_list(o->m, &ring, 1);
    }
    zg_vec_free(&v);
    return status;
}

/* A polygon is a list of texts: its outer ring, then holes. */
static zagg_status polygon_of(outline *o, const zagg_value *rings, const zagg_value **out)
{
    const zagg_value *list[64];
    size_t n = 0;
    if (rings->kind != ZAGG_LIST || rings->n == 0)
        return zagg_err_set(o->err, ZAGG_EFORMAT, "a polygon must be a list of rings");
    for (; n < rings->n && n < sizeof list / sizeof list[0]; n++)
        ZAGG_TRY(ring_of(o, rings->items[n], &list[n]));
    *out = zg_make_list(o->m, list, n);
    return ZAGG_OK;
}

static zagg_status point_of(outline *o, const zagg_value *text, const zagg_value **out)
{
    const zagg_value *list = NULL;
    ZAGG_TRY(ring_of(o, text, &list));
    *out = list->n > 0 ? list->items[0] : list;
    return ZAGG_OK;
}

static const struct {
    const char *key;
    zagg_status (*make)(outline *o, const zagg_value *v, const zagg_value **out);
    const char *one, *many;
} SHAPES[] = {{"polygons", polygon_of, "Polygon", "MultiPolygon"},
              {"boxes", box_of, "Polygon", "MultiPolygon"},
              {"lines", ring_of, "LineString", "MultiLineString"},
              {"points", point_of, "Point", "MultiPoint"}};

static zagg_status geometry_of(outline *o, const zagg_value *entry,
                               const zagg_value **out)
{
    enum { MAX_PARTS = 64 };
    const zagg_value *parts[MAX_PARTS];
    for (size_t k = 0; k < sizeof SHAPES / sizeof SHAPES[0]; k++) {
        const zagg_value *list = zagg_value_get_set(entry, SHAPES[k].key);
        size_t n = 0;
        if (list == NULL || list->kind != ZAGG_LIST || list->n == 0)
            continue;
        if (list->n > MAX_PARTS)
            return zagg_err_set(o->err, ZAGG_ERANGE, "a geometry of more than %d parts",
                                MAX_PARTS);
        for (; n < list->n; n++)
            ZAGG_TRY(SHAPES[k].make(o, list->items[n], &parts[n]));
        zg_object geometry;
        zg_object_begin(&geometry, o->m);
        zg_object_put(&geometry, "type",
                      zg_make_text(o->m, n == 1 ? SHAPES[k].one : SHAPES[k].many));
        zg_object_put(&geometry, "coordinates",
                      n == 1 ? parts[0] : zg_make_list(o->m, parts, n));
        *out = zg_object_end(&geometry);
        return ZAGG_OK;
    }
    *out = zg_make_null(o->m);
    return ZAGG_OK;
}

/* ---- links and times ---- */

static bool ends_with(const zagg_value *text, const char *suffix)
{
    const size_t n = strlen(suffix);
    return text != NULL && text->kind == ZAGG_STR && text->str_len >= n &&
           memcmp(text->str + text->str_len - n, suffix, n) == 0;
}

/* The first link of the granule's own whose relation ends so; of data an HDF5 file. */
static const zagg_value *find_href(const zagg_value *links, const char *rel, bool h5)
{
    for (size_t i = 0; links != NULL && links->kind == ZAGG_LIST && i < links->n; i++) {
        const zagg_value *l = links->items[i], *href = zagg_value_get(l, "href");
        if (href != NULL && href->kind == ZAGG_STR &&
            ends_with(zagg_value_get(l, "rel"), rel) &&
            !zagg_value_truthy(zagg_value_get(l, "inherited")) &&
            (!h5 || ends_with(href, ".h5")))
            return href;
    }
    return NULL;
}

static void put_asset(zg_maker *m, zg_object *assets, const char *name,
                      const zagg_value *href, const char *role)
{
    zg_object asset;
    if (href == NULL)
        return;
    const zagg_value *text = zg_make_text(m, role);
    zg_object_begin(&asset, m);
    zg_object_put(&asset, "href", href);
    zg_object_put(&asset, "roles", zg_make_list(m, &text, 1));
    zg_object_put(assets, name, zg_object_end(&asset));
}

static const zagg_value *assets_of(zg_maker *m, const zagg_value *entry)
{
    const zagg_value *links = zagg_value_get_set(entry, "links");
    zg_object assets;
    zg_object_begin(&assets, m);
    put_asset(m, &assets, "data", find_href(links, "/data#", true), "data");
    put_asset(m, &assets, "data_s3", find_href(links, "/s3#", true), "data");
    put_asset(m, &assets, "metadata", find_href(links, "/metadata#", false), "metadata");
    return zg_object_end(&assets);
}

static const zagg_value *properties_of(zg_maker *m, const zagg_value *entry)
{
    const zagg_value *start = zagg_value_get_set(entry, "time_start");
    const zagg_value *end = zagg_value_get_set(entry, "time_end");
    zg_object properties;
    zg_object_begin(&properties, m);
    zg_object_put(&properties, "datetime", start != NULL ? start : zg_make_null(m));
    zg_object_put(&properties, "start_datetime", start);
    zg_object_put(&properties, "end_datetime", end);
    return zg_object_end(&properties);
}

zagg_status zg_fetch_item_of_granule(zg_maker *m, const zagg_value *entry,
                                     const char *collection, const zagg_value **out,
                                     zagg_err *err)
{
    outline o = {.m = m, .err = err};
    const zagg_value *geometry = NULL, *id = zagg_value_get_set(entry, "title");
    if (id == NULL)
        id = zagg_value_get_set(entry, "id");
    if (id == NULL || id->kind != ZAGG_STR)
        return zagg_err_set(err, ZAGG_EFORMAT, "an entry without a title");
    const zagg_status status = geometry_of(&o, entry, &geometry);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%.100s", id->str);
    const zagg_value *none = zg_make_list(m, NULL, 0);
    zg_object item;
    zg_object_begin(&item, m);
    zg_object_put(&item, "type", zg_make_text(m, "Feature"));
    zg_object_put(&item, "stac_version", zg_make_text(m, "1.0.0"));
    zg_object_put(&item, "stac_extensions", none);
    zg_object_put(&item, "id", id);
    zg_object_put(&item, "collection", zg_make_text(m, collection));
    zg_object_put(&item, "geometry", geometry);
    if (o.any)
        zg_object_put(&item, "bbox", zg_make_doubles(m, o.box, 4));
    zg_object_put(&item, "properties", properties_of(m, entry));
    zg_object_put(&item, "links", none);
    zg_object_put(&item, "assets", assets_of(m, entry));
    *out = zg_object_end(&item);
    return m->status;
}
