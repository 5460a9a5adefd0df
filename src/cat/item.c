/* STAC items (stac-spec 1.0, item-spec) as JSON text. */
#include "cat/item.h"

#include <string.h>

/* ---- assets ---- */

static bool begins_with(const zg_slice *s, const char *prefix)
{
    const size_t n = strlen(prefix);
    return s->len >= n && memcmp(s->text, prefix, n) == 0;
}

static bool ends_with(const zg_slice *s, const char *suffix)
{
    const size_t n = strlen(suffix);
    return s->len >= n && memcmp(s->text + s->len - n, suffix, n) == 0;
}

void zg_hrefs_note(zg_hrefs *h, const zg_slice *key, const zg_slice *href, bool is_data)
{
    if (zg_slice_is(key, "data"))
        h->data = *href;
    else if (zg_slice_is(key, "data_s3"))
        h->data_s3 = *href;
    else if (is_data && href->text != NULL && ends_with(href, ".h5"))
        *(begins_with(href, "https") ? &h->by_https : &h->by_s3) = *href;
}

void zg_hrefs_choose(const zg_hrefs *h, zg_slice *s3, zg_slice *https)
{
    const bool named = h->data.text != NULL || h->data_s3.text != NULL;
    *s3 = named ? h->data_s3 : h->by_s3;
    *https = named ? h->data : h->by_https;
    if (s3->text == NULL && https->text != NULL && begins_with(https, "s3://")) {
        *s3 = *https;
        *https = (zg_slice){NULL, 0, false};
    }
}

/* Also of no cells at all the item has an index, which is empty. */
zagg_status zg_item_take_cells(zg_item_reader *r, zagg_err *err)
{
    uint64_t *words = NULL;
    ZAGG_TRY(zagg_arena_alloc(r->arena, r->cells.len, sizeof *words, &words, err));
    if (r->cells.len > 0)
        memcpy(words, r->cells.data, r->cells.len * sizeof *words);
    r->item.footprint_cells = words;
    r->item.n_footprint_cells = r->cells.len;
    return ZAGG_OK;
}

/* ---- members ---- */

typedef struct item_state {
    zg_item_reader *r;
    zg_scan *s;
    zg_hrefs hrefs;
    bool feature, typed, shard_map;
} item_state;

typedef zagg_status (*member_fn)(item_state *st, const zg_slice *key);

/* Each member of the object that begins here; null and other values than objects are
 * passed over. */
static zagg_status each_member(item_state *st, member_fn take)
{
    bool first = true, more = false;
    zg_slice key;
    if (zg_scan_peek(st->s) != '{')
        return zg_scan_skip(st->s);
    for (;;) {
        ZAGG_TRY(zg_scan_member(st->s, &first, &key, &more));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(take(st, &key));
    }
}

static zagg_status context(item_state *st, zagg_status status, const char *what)
{
    return status == ZAGG_OK ? ZAGG_OK : zagg_err_context(st->s->err, status, "%s", what);
}

/* A text as a slice; anything else is passed over and gives none. */
static zagg_status scan_slice(zg_scan *s, zg_slice *out)
{
    *out = (zg_slice){NULL, 0, false};
    return zg_scan_peek(s) == '"' ? zg_scan_string(s, out) : zg_scan_skip(s);
}

static zagg_status scan_roles(zg_scan *s, bool *is_data)
{
    bool first = true, more = false;
    zg_slice role;
    if (zg_scan_peek(s) != '[')
        return zg_scan_skip(s);
    for (;;) {
        ZAGG_TRY(zg_scan_element(s, &first, &more));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(scan_slice(s, &role));
        *is_data = *is_data || (role.text != NULL && zg_slice_is(&role, "data"));
    }
}

static zagg_status take_asset(item_state *st, const zg_slice *key)
{
    bool first = true, more = false, is_data = false;
    zg_slice member, href = {NULL, 0, false};
    if (zg_scan_peek(st->s) != '{')
        return zg_scan_skip(st->s);
    for (;;) {
        ZAGG_TRY(zg_scan_member(st->s, &first, &member, &more));
        if (!more)
            break;
        if (zg_slice_is(&member, "href"))
            ZAGG_TRY(scan_slice(st->s, &href));
        else if (zg_slice_is(&member, "roles"))
            ZAGG_TRY(scan_roles(st->s, &is_data));
        else
            ZAGG_TRY(zg_scan_skip(st->s));
    }
    zg_hrefs_note(&st->hrefs, key, &href, is_data);
    return ZAGG_OK;
}

/* A number or true, false as it is written. */
static zagg_status copy_scalar(item_state *st, size_t from, const char **out)
{
    zg_scan value = {.text = st->s->text, .len = st->s->at, .at = from};
    const char c = zg_scan_peek(&value);
    if (c == 'n' || c == '{' || c == '[')
        return ZAGG_OK;
    *out = zagg_arena_strndup(st->r->arena, value.text + value.at, value.len - value.at);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(st->s->err, ZAGG_ENOMEM, "no memory for a text");
}

static zagg_status take_time_key(item_state *st)
{
    const size_t from = st->s->at;
    ZAGG_TRY(zg_scan_text(st->s, st->r->arena, &st->r->item.time_key));
    return st->r->item.time_key != NULL ? ZAGG_OK
                                        : copy_scalar(st, from, &st->r->item.time_key);
}

/* The index that upstream keeps in a column of its tables. */
static zagg_status take_cells(item_state *st)
{
    bool first = true, more = false;
    zg_vec *cells = &st->r->cells;
    if (zg_scan_peek(st->s) != '[')
        return zg_scan_skip(st->s);
    cells->len = 0;
    for (;;) {
        uint64_t word = 0;
        ZAGG_TRY(zg_scan_element(st->s, &first, &more));
        if (!more)
            break;
        ZAGG_TRY(zg_scan_u64(st->s, &word));
        if (!zg_vec_append(cells, &word, 1))
            return zagg_err_set(st->s->err, ZAGG_ENOMEM, "no memory for footprint_cells");
    }
    return zg_item_take_cells(st->r, st->s->err);
}

static zagg_status take_property(item_state *st, const zg_slice *key)
{
    zg_item_reader *r = st->r;
    const size_t from = st->s->at;
    if (r->time_key != NULL && zg_slice_is(key, r->time_key)) {
        ZAGG_TRY(take_time_key(st));
        st->s->at = from; /* it may be one of the times */
    }
    if (zg_slice_is(key, "datetime"))
        return zg_scan_text(st->s, r->arena, &r->item.datetime);
    if (zg_slice_is(key, "start_datetime"))
        return zg_scan_text(st->s, r->arena, &r->item.start);
    if (zg_slice_is(key, "end_datetime"))
        return zg_scan_text(st->s, r->arena, &r->item.end);
    if (zg_slice_is(key, "footprint_cells"))
        return take_cells(st);
    return zg_scan_skip(st->s);
}

static zagg_status take_bbox(item_state *st)
{
    bool first = true, more = false;
    double v[6];
    size_t n = 0;
    if (zg_scan_peek(st->s) != '[')
        return zg_scan_skip(st->s);
    for (;; n++) {
        ZAGG_TRY(zg_scan_element(st->s, &first, &more));
        if (!more)
            break;
        if (n == 6)
            return zagg_err_set(st->s->err, ZAGG_EFORMAT, "more than six numbers");
        ZAGG_TRY(zg_scan_number(st->s, &v[n]));
    }
    if (n != 4 && n != 6)
        return zagg_err_set(st->s->err, ZAGG_EFORMAT,
                            "%zu numbers; must be four, or six with heights", n);
    double *box = st->r->item.bbox;
    memcpy(box, v, 2 * sizeof *box);
    memcpy(box + 2, v + n / 2, 2 * sizeof *box);
    st->r->item.has_bbox = true;
    return ZAGG_OK;
}

static zagg_status take_geometry(item_state *st)
{
    zg_shape_clear(st->r->shape);
    return zg_shape_scan_geojson(st->r->shape, st->s);
}

static zagg_status take_type(item_state *st)
{
    zg_slice type;
    ZAGG_TRY(scan_slice(st->s, &type));
    st->typed = true;
    st->feature = type.text != NULL && zg_slice_is(&type, "Feature");
    return ZAGG_OK;
}

static zagg_status take_assets(item_state *st)
{
    const size_t from = st->s->at;
    st->hrefs = (zg_hrefs){.data = {NULL, 0, false}};
    ZAGG_TRY(each_member(st, take_asset));
    if (!st->r->assets)
        return ZAGG_OK;
    st->s->at = from;
    ZAGG_TRY(zg_scan_value(st->s, st->r->arena, &st->r->item.assets));
    if (st->r->item.assets->kind != ZAGG_MAP)
        st->r->item.assets = NULL;
    return ZAGG_OK;
}

static zagg_status take_member(item_state *st, const zg_slice *key)
{
    zg_item_reader *r = st->r;
    if (zg_slice_is(key, "type"))
        return take_type(st);
    if (zg_slice_is(key, "id"))
        return context(st, zg_scan_text(st->s, r->arena, &r->item.id), "id");
    if (zg_slice_is(key, "collection"))
        return context(st, zg_scan_text(st->s, r->arena, &r->item.collection),
                       "collection");
    if (zg_slice_is(key, "geometry"))
        return context(st, take_geometry(st), "geometry");
    if (zg_slice_is(key, "bbox"))
        return context(st, take_bbox(st), "bbox");
    if (zg_slice_is(key, "properties"))
        return context(st, each_member(st, take_property), "properties");
    if (zg_slice_is(key, "assets"))
        return context(st, take_assets(st), "assets");
    if (zg_slice_is(key, "zagg:catalog_meta"))
        return context(st, zg_scan_value(st->s, r->arena, &r->meta), "zagg:catalog_meta");
    st->shard_map = st->shard_map || zg_slice_is(key, "shard_keys");
    return zg_scan_skip(st->s);
}

/* ---- the whole ---- */

static zagg_status copy_slice(item_state *st, const zg_slice *slice, const char **out)
{
    if (slice->text == NULL)
        return ZAGG_OK;
    zg_scan text = {.text = slice->text - 1, .len = slice->len + 2, .err = st->s->err};
    return zg_scan_text(&text, st->r->arena, out);
}

static zagg_status finish(item_state *st, size_t from)
{
    zg_item_reader *r = st->r;
    zg_slice s3, https;
    zg_hrefs_choose(&st->hrefs, &s3, &https);
    ZAGG_TRY(copy_slice(st, &s3, &r->item.s3));
    ZAGG_TRY(copy_slice(st, &https, &r->item.https));
    ZAGG_TRY(zg_shape_finish(r->shape, r->arena, &r->item.shape, st->s->err));
    if (!r->whole)
        return ZAGG_OK;
    zg_scan again = {
        .text = st->s->text, .len = st->s->at, .at = from, .err = st->s->err};
    return zg_scan_value(&again, r->arena, &r->item.whole);
}

static zagg_status judge(item_state *st, size_t from)
{
    zg_item_reader *r = st->r;
    if (st->feature) {
        r->found = ZG_FOUND_ITEM;
        return finish(st, from);
    }
    if (r->meta != NULL && !st->typed) {
        r->found = ZG_FOUND_META;
        return ZAGG_OK;
    }
    st->s->at = from;
    return zagg_err_set(
        st->s->err, ZAGG_EFORMAT,
        st->shard_map ? "this is a shard map; a catalog is needed (STAC items)"
                      : "an object that is no STAC item (its type must be Feature)");
}

zagg_status zg_item_scan(zg_item_reader *r, zg_scan *s)
{
    item_state st = {.r = r, .s = s};
    bool first = true, more = false;
    zg_slice key;
    zg_scan_peek(s);
    const size_t from = s->at;
    r->item = (zagg_item){.id = NULL};
    r->meta = NULL;
    if (r->cells.elem_size == 0)
        zg_vec_init(&r->cells, sizeof(uint64_t), 0);
    zg_shape_clear(r->shape);
    for (;;) {
        ZAGG_TRY(zg_scan_member(s, &first, &key, &more));
        if (!more)
            return judge(&st, from);
        if (!st.feature && zg_scan_peek(s) == '[' && zg_slice_is(&key, "features")) {
            r->found = ZG_FOUND_COLLECTION;
            return ZAGG_OK;
        }
        ZAGG_TRY(take_member(&st, &key));
    }
}
