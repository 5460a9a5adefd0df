/* GeoJSON (RFC 7946) as text: without a tree, in which a vertex would take 200 bytes. */
#include "cat/shape.h"

#include <string.h>

/* ---- positions ---- */

static zagg_status scan_position(zg_scan *s, zg_shape_builder *b)
{
    double v[2] = {0.0, 0.0}, more_numbers;
    bool first = true, more = false;
    size_t n = 0;
    for (;; n++) {
        ZAGG_TRY(zg_scan_element(s, &first, &more));
        if (!more)
            break;
        ZAGG_TRY(zg_scan_number(s, n < 2 ? &v[n] : &more_numbers));
    }
    if (n < 2)
        return zagg_err_set(s->err, ZAGG_EFORMAT,
                            "a position needs longitude and latitude");
    return zg_shape_vertex(b, v[0], v[1], s->err);
}

typedef zagg_status (*scan_fn)(zg_scan *s, zg_shape_builder *b);

static zagg_status scan_list(zg_scan *s, zg_shape_builder *b, scan_fn scan)
{
    bool first = true, more = false;
    for (;;) {
        ZAGG_TRY(zg_scan_element(s, &first, &more));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(scan(s, b));
    }
}

static zagg_status scan_ring(zg_scan *s, zg_shape_builder *b)
{
    ZAGG_TRY(zg_shape_ring(b, s->err));
    ZAGG_TRY(scan_list(s, b, scan_position));
    zg_shape_end_ring(b);
    return ZAGG_OK;
}

static zagg_status scan_rings(zg_scan *s, zg_shape_builder *b)
{
    return scan_list(s, b, scan_ring);
}

/* ---- parts ---- */

static zagg_status scan_part(zg_scan *s, zg_shape_builder *b, zagg_shape_kind kind,
                             scan_fn scan)
{
    ZAGG_TRY(zg_shape_part(b, kind, s->err));
    ZAGG_TRY(scan(s, b));
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status scan_polygon(zg_scan *s, zg_shape_builder *b)
{
    return scan_part(s, b, ZAGG_SHAPE_POLYGON, scan_rings);
}

static zagg_status scan_line(zg_scan *s, zg_shape_builder *b)
{
    return scan_part(s, b, ZAGG_SHAPE_LINE, scan_ring);
}

static bool is_empty_list(zg_scan *s)
{
    if (zg_scan_peek(s) != '[')
        return false;
    const size_t at = s->at++;
    const bool empty = zg_scan_peek(s) == ']';
    s->at = at;
    return empty;
}

static zagg_status scan_one_position(zg_scan *s, zg_shape_builder *b)
{
    ZAGG_TRY(zg_shape_ring(b, s->err));
    ZAGG_TRY(is_empty_list(s) ? zg_scan_skip(s) : scan_position(s, b));
    zg_shape_end_ring(b);
    return ZAGG_OK;
}

static zagg_status scan_point(zg_scan *s, zg_shape_builder *b)
{
    return scan_part(s, b, ZAGG_SHAPE_POINT, scan_one_position);
}

/* ---- objects ---- */

static const struct {
    const char *name;
    scan_fn scan;
    bool multi;
} TYPES[] = {{"Polygon", scan_polygon, false}, {"MultiPolygon", scan_polygon, true},
             {"LineString", scan_line, false}, {"MultiLineString", scan_line, true},
             {"Point", scan_point, false},     {"MultiPoint", scan_point, true}};
enum { N_TYPES = sizeof TYPES / sizeof TYPES[0] };

/* The index in TYPES of a type that has coordinates; N_TYPES: another one. */
static size_t find_type(const zg_slice *type)
{
    size_t i = 0;
    while (i < N_TYPES && !(type->text != NULL && zg_slice_is(type, TYPES[i].name)))
        i++;
    return i;
}

static zagg_status scan_coordinates(zg_scan *s, zg_shape_builder *b, size_t type)
{
    return TYPES[type].multi ? scan_list(s, b, TYPES[type].scan) : TYPES[type].scan(s, b);
}

/* Where in the text the members of an object that matter begin. 0 (the object's own
 * bracket at best): it has none. */
typedef struct places {
    zg_slice type;
    size_t coordinates, geometry, list;
    bool done; /* the coordinates came behind the type and are read */
} places;

static zagg_status scan_place(zg_scan *s, const zg_slice *key, places *p,
                              zg_shape_builder *b)
{
    const char c = zg_scan_peek(s);
    if (c == '"' && zg_slice_is(key, "type"))
        return zg_scan_string(s, &p->type);
    if (zg_slice_is(key, "coordinates") && !p->done) {
        const size_t type = find_type(&p->type);
        p->coordinates = s->at;
        p->done = type < N_TYPES;
        if (p->done)
            return scan_coordinates(s, b, type);
    } else if (zg_slice_is(key, "geometry")) {
        p->geometry = s->at;
    } else if (zg_slice_is(key, "geometries") || zg_slice_is(key, "features")) {
        p->list = s->at;
    }
    return zg_scan_skip(s);
}

static zagg_status scan_places(zg_scan *s, places *p, zg_shape_builder *b)
{
    bool first = true, more = false;
    zg_slice key;
    *p = (places){.coordinates = 0};
    for (;;) {
        ZAGG_TRY(zg_scan_member(s, &first, &key, &more));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(scan_place(s, &key, p, b));
    }
}

static zagg_status scan_any(zg_scan *s, zg_shape_builder *b, unsigned depth);

static zagg_status scan_members(zg_scan *s, zg_shape_builder *b, unsigned depth)
{
    bool first = true, more = false;
    for (;;) {
        ZAGG_TRY(zg_scan_element(s, &first, &more));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(scan_any(s, b, depth + 1));
    }
}

static zagg_status lacks(zg_scan *s, const zg_slice *type, const char *what)
{
    return zagg_err_set(s->err, ZAGG_EFORMAT, "a %.*s without %s", (int)type->len,
                        type->text, what);
}

/* What was passed over is sound: now read what the type says. */
static zagg_status scan_typed(zg_scan *s, const places *p, zg_shape_builder *b,
                              unsigned depth)
{
    const size_t type = find_type(&p->type);
    if (p->done)
        return ZAGG_OK;
    if (type < N_TYPES && p->coordinates == 0)
        return lacks(s, &p->type, "coordinates");
    if (type < N_TYPES) {
        s->at = p->coordinates;
        return scan_coordinates(s, b, type);
    }
    const bool feature = zg_slice_is(&p->type, "Feature");
    if (!feature && !zg_slice_is(&p->type, "FeatureCollection") &&
        !zg_slice_is(&p->type, "GeometryCollection"))
        return zagg_err_set(
            s->err, ZAGG_EFORMAT, "'%.*s' is no GeoJSON type",
            (int)zg_utf8_floor(p->type.text, p->type.len < 40 ? p->type.len : 40),
            p->type.text);
    s->at = feature ? p->geometry : p->list;
    if (s->at == 0)
        return lacks(s, &p->type, feature ? "geometry" : "a list of its members");
    return feature ? scan_any(s, b, depth + 1) : scan_members(s, b, depth);
}

static zagg_status scan_any(zg_scan *s, zg_shape_builder *b, unsigned depth)
{
    places p;
    if (zg_scan_peek(s) == 'n')
        return zg_scan_skip(s);
    if (depth > ZG_SHAPE_MAX_DEPTH)
        return zagg_err_set(s->err, ZAGG_ERANGE, "collections nested more than %d deep",
                            ZG_SHAPE_MAX_DEPTH);
    ZAGG_TRY(scan_places(s, &p, b));
    if (p.type.text == NULL)
        return zagg_err_set(s->err, ZAGG_EFORMAT, "a GeoJSON object without a type");
    const size_t end = s->at;
    ZAGG_TRY(scan_typed(s, &p, b, depth));
    s->at = end;
    return ZAGG_OK;
}

zagg_status zg_shape_scan_geojson(zg_shape_builder *b, zg_scan *s)
{
    return scan_any(s, b, 0);
}
