/* GeoJSON values and WKB (OGC 06-103r4, 8.2). */
#include "cat/wkb_value.h"

#include "cat/shape.h"

#include <math.h>
#include <string.h>

/* By number of the WKB type; the depth of lists in coordinates, or of members. */
static const char *const NAMES[] = {
    NULL,         "Point",           "LineString",   "Polygon",
    "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"};
enum { POINT = 1, LINE, POLYGON, MULTIPOINT, MULTILINE, MULTIPOLYGON, COLLECTION };

/* ---- from WKB ---- */

typedef struct reader {
    zg_maker *m;
    const uint8_t *data;
    size_t len, at, dims;
    uint32_t member; /* type of the parts of the multi-part geometry that is read */
    bool swap;
    zagg_err *err;
} reader;

static zagg_status cut_short(const reader *r)
{
    return zagg_err_set(r->err, ZAGG_EFORMAT, "WKB is cut short (byte %zu of %zu)", r->at,
                        r->len);
}

static zagg_status read_u32(reader *r, uint32_t *out)
{
    if (r->len - r->at < 4)
        return cut_short(r);
    memcpy(out, r->data + r->at, 4);
    if (r->swap)
        *out = __builtin_bswap32(*out);
    r->at += 4;
    return ZAGG_OK;
}

static zagg_status read_count(reader *r, size_t least, uint32_t *out)
{
    ZAGG_TRY(read_u32(r, out));
    return *out <= (r->len - r->at) / least ? ZAGG_OK : cut_short(r);
}

static zagg_status read_head(reader *r, uint32_t *type)
{
    uint32_t srid;
    if (r->at == r->len)
        return cut_short(r);
    r->swap = r->data[r->at++] == 0;
    ZAGG_TRY(read_u32(r, type));
    r->dims = (size_t)2 + (*type >> 31) + (*type >> 30 & 1);
    if ((*type >> 29 & 1) != 0)
        ZAGG_TRY(read_u32(r, &srid));
    *type &= 0x1fffffff;
    if (*type >= 1000 && *type < 4000) {
        r->dims = *type >= 3000 ? 4 : 3;
        *type %= 1000;
    }
    if (*type >= POINT && *type <= COLLECTION)
        return ZAGG_OK;
    return zagg_err_set(r->err, ZAGG_EUNSUPPORTED, "WKB geometry type %u", *type);
}

/* GeoJSON knows a height and nothing else. */
static zagg_status read_position(reader *r, const zagg_value **out)
{
    double v[4];
    if ((r->len - r->at) / 8 < r->dims)
        return cut_short(r);
    for (size_t i = 0; i < r->dims; i++, r->at += 8) {
        uint64_t bits;
        memcpy(&bits, r->data + r->at, 8);
        if (r->swap)
            bits = __builtin_bswap64(bits);
        memcpy(&v[i], &bits, 8);
    }
    const bool empty = isnan(v[0]) && isnan(v[1]);
    *out = zg_make_doubles(r->m, v, empty ? 0 : r->dims < 3 ? r->dims : 3);
    return r->m->status;
}

typedef zagg_status (*read_fn)(reader *r, const zagg_value **out);

/* A count, then as many of what `read` reads; each takes at least `least` bytes. */
static zagg_status read_list(reader *r, size_t least, read_fn read,
                             const zagg_value **out)
{
    uint32_t n = 0;
    ZAGG_TRY(read_count(r, least, &n));
    const zagg_value **items = zg_alloc((size_t)n + 1, sizeof *items);
    if (items == NULL)
        return zagg_err_set(r->err, ZAGG_ENOMEM, "no memory for a geometry");
    zagg_status status = ZAGG_OK;
    for (uint32_t i = 0; i < n && status == ZAGG_OK; i++)
        status = read(r, &items[i]);
    if (status == ZAGG_OK)
        *out = zg_make_list(r->m, items, n);
    zg_free((void *)items);
    return status != ZAGG_OK ? status : r->m->status;
}

static zagg_status read_line(reader *r, const zagg_value **out)
{
    return read_list(r, 8 * r->dims, read_position, out);
}

static zagg_status read_polygon(reader *r, const zagg_value **out)
{
    return read_list(r, 4, read_line, out);
}

static zagg_status read_coordinates(reader *r, uint32_t type, const zagg_value **out)
{
    return type == POINT  ? read_position(r, out)
           : type == LINE ? read_line(r, out)
                          : read_polygon(r, out);
}

/* A member of a multi-part geometry: its head, then what coordinates it has. */
static zagg_status read_member(reader *r, const zagg_value **out)
{
    uint32_t type = 0;
    ZAGG_TRY(read_head(r, &type));
    if (type != r->member)
        return zagg_err_set(r->err, ZAGG_EFORMAT,
                            "WKB: a %s inside a multi-part geometry", NAMES[type]);
    return read_coordinates(r, type, out);
}

static zagg_status read_geometry(reader *r, unsigned depth, const zagg_value **out);

static zagg_status read_members(reader *r, unsigned depth, const zagg_value **out)
{
    uint32_t n = 0;
    ZAGG_TRY(read_count(r, 5, &n));
    const zagg_value **items = zg_alloc((size_t)n + 1, sizeof *items);
    if (items == NULL)
        return zagg_err_set(r->err, ZAGG_ENOMEM, "no memory for a geometry");
    zagg_status status = ZAGG_OK;
    for (uint32_t i = 0; i < n && status == ZAGG_OK; i++)
        status = read_geometry(r, depth + 1, &items[i]);
    if (status == ZAGG_OK)
        *out = zg_make_list(r->m, items, n);
    zg_free((void *)items);
    return status;
}

static zagg_status read_geometry(reader *r, unsigned depth, const zagg_value **out)
{
    uint32_t type = 0;
    const zagg_value *content = NULL;
    zg_object map;
    if (depth > ZG_SHAPE_MAX_DEPTH)
        return zagg_err_set(r->err, ZAGG_ERANGE, "WKB nested more than %d deep",
                            ZG_SHAPE_MAX_DEPTH);
    ZAGG_TRY(read_head(r, &type));
    if (type == COLLECTION) {
        ZAGG_TRY(read_members(r, depth, &content));
    } else if (type > POLYGON) {
        r->member = type - (MULTIPOINT - POINT);
        ZAGG_TRY(read_list(r, 5, read_member, &content));
    } else {
        ZAGG_TRY(read_coordinates(r, type, &content));
    }
    zg_object_begin(&map, r->m);
    zg_object_put(&map, "type", zg_make_text(r->m, NAMES[type]));
    zg_object_put(&map, type == COLLECTION ? "geometries" : "coordinates", content);
    *out = zg_object_end(&map);
    return r->m->status;
}

zagg_status zg_wkb_to_value(zg_maker *m, const void *wkb, size_t len,
                            const zagg_value **out, zagg_err *err)
{
    reader r = {.m = m, .data = wkb, .len = len, .err = err};
    return read_geometry(&r, 0, out);
}

/* ---- to WKB ---- */

typedef struct writer {
    zg_vec *bytes;
    size_t dims;
    zagg_err *err;
} writer;

static zagg_status put(writer *w, const void *data, size_t n)
{
    return zg_vec_append(w->bytes, data, n)
               ? ZAGG_OK
               : zagg_err_set(w->err, ZAGG_ENOMEM, "no memory for a geometry");
}

static zagg_status put_u32(writer *w, uint32_t v)
{
    return put(w, &v, sizeof v);
}

static zagg_status put_head(writer *w, uint32_t type)
{
    static const uint8_t LITTLE = 1;
    ZAGG_TRY(put(w, &LITTLE, 1));
    return put_u32(w, type + (w->dims == 3 ? 1000 : 0));
}

static zagg_status need_list(const writer *w, const zagg_value *v)
{
    if (v != NULL && v->kind == ZAGG_LIST && v->n <= UINT32_MAX)
        return ZAGG_OK;
    return zagg_err_set(w->err, ZAGG_EFORMAT,
                        "coordinates: a list must stand here (found %s)",
                        v != NULL ? zagg_value_kind_name(v) : "nothing");
}

static zagg_status put_position(writer *w, const zagg_value *v)
{
    double numbers[3] = {(double)NAN, (double)NAN, 0.0};
    ZAGG_TRY(need_list(w, v));
    for (size_t i = 0; i < w->dims && i < v->n; i++)
        if (!zagg_value_number(v->items[i], &numbers[i]))
            return zagg_err_set(w->err, ZAGG_EFORMAT,
                                "coordinates: a number must stand here (found %s)",
                                zagg_value_kind_name(v->items[i]));
    if (v->n == 1)
        return zagg_err_set(w->err, ZAGG_EFORMAT,
                            "a position needs longitude and latitude");
    return put(w, numbers, 8 * w->dims);
}

typedef zagg_status (*put_fn)(writer *w, const zagg_value *v);

static zagg_status put_list(writer *w, const zagg_value *v, put_fn put_item)
{
    ZAGG_TRY(need_list(w, v));
    ZAGG_TRY(put_u32(w, (uint32_t)v->n));
    for (size_t i = 0; i < v->n; i++)
        ZAGG_TRY(put_item(w, v->items[i]));
    return ZAGG_OK;
}

static zagg_status put_line(writer *w, const zagg_value *v)
{
    return put_list(w, v, put_position);
}

static zagg_status put_polygon(writer *w, const zagg_value *v)
{
    return put_list(w, v, put_line);
}

static zagg_status put_point_member(writer *w, const zagg_value *v)
{
    ZAGG_TRY(put_head(w, POINT));
    return put_position(w, v);
}

static zagg_status put_line_member(writer *w, const zagg_value *v)
{
    ZAGG_TRY(put_head(w, LINE));
    return put_line(w, v);
}

static zagg_status put_polygon_member(writer *w, const zagg_value *v)
{
    ZAGG_TRY(put_head(w, POLYGON));
    return put_polygon(w, v);
}

/* Whether the first position has a height. */
static bool has_height(const zagg_value *v)
{
    for (int depth = 0; depth < 5 && v != NULL && v->kind == ZAGG_LIST; depth++) {
        if (v->n == 0)
            return false;
        if (v->items[0]->kind != ZAGG_LIST)
            return v->n >= 3;
        v = v->items[0];
    }
    return false;
}

static zagg_status put_geometry(writer *w, const zagg_value *v, unsigned depth);

static zagg_status put_members(writer *w, const zagg_value *list, unsigned depth)
{
    ZAGG_TRY(need_list(w, list));
    w->dims = 2;
    ZAGG_TRY(put_head(w, COLLECTION));
    ZAGG_TRY(put_u32(w, (uint32_t)list->n));
    for (size_t i = 0; i < list->n; i++)
        ZAGG_TRY(put_geometry(w, list->items[i], depth + 1));
    return ZAGG_OK;
}

static zagg_status put_geometry(writer *w, const zagg_value *v, unsigned depth)
{
    static const struct {
        put_fn put;
        bool list;
    } PUT[] = {{NULL, false},
               {put_position, false},
               {put_line, false},
               {put_polygon, false},
               {put_point_member, true},
               {put_line_member, true},
               {put_polygon_member, true}};
    const zagg_value *type = zagg_value_get(v, "type");
    if (depth > ZG_SHAPE_MAX_DEPTH)
        return zagg_err_set(w->err, ZAGG_ERANGE, "collections nested more than %d deep",
                            ZG_SHAPE_MAX_DEPTH);
    if (zagg_value_is(type, NAMES[COLLECTION]))
        return put_members(w, zagg_value_get(v, "geometries"), depth);
    for (uint32_t t = POINT; t <= MULTIPOLYGON; t++) {
        const zagg_value *c = zagg_value_get(v, "coordinates");
        if (!zagg_value_is(type, NAMES[t]))
            continue;
        w->dims = has_height(c) ? 3 : 2;
        ZAGG_TRY(put_head(w, t));
        return PUT[t].list ? put_list(w, c, PUT[t].put) : PUT[t].put(w, c);
    }
    return zagg_err_set(w->err, ZAGG_EFORMAT, "geometry: '%.40s' is no GeoJSON type",
                        type != NULL && type->kind == ZAGG_STR ? type->str : "");
}

zagg_status zg_value_to_wkb(const zagg_value *geometry, zg_vec *bytes, zagg_err *err)
{
    writer w = {.bytes = bytes, .dims = 2, .err = err};
    const size_t before = bytes->len;
    const zagg_status status = put_geometry(&w, geometry, 0);
    if (status != ZAGG_OK)
        bytes->len = before;
    return status;
}
