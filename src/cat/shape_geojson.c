/* GeoJSON (RFC 7946) geometries, and Features and FeatureCollections around them. */
#include "cat/shape.h"

#include <string.h>

static zagg_status wrong(const zagg_value *found, const char *must, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "must be %s (found %s)", must,
                        zagg_value_kind_name(found));
}

static zagg_status add_position(zg_shape_builder *b, const zagg_value *v, zagg_err *err)
{
    double lon = 0.0, lat = 0.0;
    if (v->kind != ZAGG_LIST || v->n < 2 || !zagg_value_number(v->items[0], &lon) ||
        !zagg_value_number(v->items[1], &lat))
        return wrong(v, "a list of longitude and latitude", err);
    return zg_shape_vertex(b, lon, lat, err);
}

/* A ring, a line's vertices, or one position: the innermost level. */
static zagg_status add_ring(zg_shape_builder *b, const zagg_value *v, zagg_err *err)
{
    if (v->kind != ZAGG_LIST)
        return wrong(v, "a list of positions", err);
    ZAGG_TRY(zg_shape_ring(b, err));
    for (size_t i = 0; i < v->n; i++) {
        const zagg_status status = add_position(b, v->items[i], err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "vertex %zu", i);
    }
    zg_shape_end_ring(b);
    return ZAGG_OK;
}

static zagg_status add_point(zg_shape_builder *b, const zagg_value *v, zagg_err *err)
{
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_POINT, err));
    ZAGG_TRY(zg_shape_ring(b, err));
    if (v->kind != ZAGG_LIST || v->n > 0)
        ZAGG_TRY(add_position(b, v, err));
    zg_shape_end_ring(b);
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_line(zg_shape_builder *b, const zagg_value *v, zagg_err *err)
{
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_LINE, err));
    ZAGG_TRY(add_ring(b, v, err));
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_polygon(zg_shape_builder *b, const zagg_value *v, zagg_err *err)
{
    if (v->kind != ZAGG_LIST)
        return wrong(v, "a list of rings", err);
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_POLYGON, err));
    for (size_t i = 0; i < v->n; i++) {
        const zagg_status status = add_ring(b, v->items[i], err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "ring %zu", i);
    }
    zg_shape_end_part(b);
    return ZAGG_OK;
}

typedef zagg_status (*add_fn)(zg_shape_builder *b, const zagg_value *v, zagg_err *err);

static const struct {
    const char *type;
    add_fn add;
    bool multi;
} TYPES[] = {{"Polygon", add_polygon, false}, {"MultiPolygon", add_polygon, true},
             {"LineString", add_line, false}, {"MultiLineString", add_line, true},
             {"Point", add_point, false},     {"MultiPoint", add_point, true}};

static zagg_status add_coordinates(zg_shape_builder *b, size_t type,
                                   const zagg_value *geometry, zagg_err *err)
{
    const zagg_value *c = zagg_value_get(geometry, "coordinates");
    if (c == NULL)
        return zagg_err_set(err, ZAGG_EFORMAT, "a %s without coordinates",
                            TYPES[type].type);
    if (!TYPES[type].multi)
        return TYPES[type].add(b, c, err);
    if (c->kind != ZAGG_LIST)
        return wrong(c, "a list", err);
    for (size_t i = 0; i < c->n; i++) {
        const zagg_status status = TYPES[type].add(b, c->items[i], err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "part %zu", i);
    }
    return ZAGG_OK;
}

static zagg_status add_any(zg_shape_builder *b, const zagg_value *v, unsigned depth,
                           zagg_err *err);

static zagg_status add_all(zg_shape_builder *b, const zagg_value *v, const char *key,
                           unsigned depth, zagg_err *err)
{
    const zagg_value *list = zagg_value_get(v, key);
    if (list == NULL || list->kind != ZAGG_LIST)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s must be a list (found %s)", key,
                            list != NULL ? zagg_value_kind_name(list) : "nothing");
    for (size_t i = 0; i < list->n; i++) {
        const zagg_status status = add_any(b, list->items[i], depth + 1, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "%s[%zu]", key, i);
    }
    return ZAGG_OK;
}

static zagg_status add_any(zg_shape_builder *b, const zagg_value *v, unsigned depth,
                           zagg_err *err)
{
    if (v == NULL || v->kind == ZAGG_NULL)
        return ZAGG_OK;
    if (v->kind != ZAGG_MAP)
        return wrong(v, "a GeoJSON object", err);
    if (depth > ZG_SHAPE_MAX_DEPTH)
        return zagg_err_set(err, ZAGG_ERANGE, "collections nested more than %d deep",
                            ZG_SHAPE_MAX_DEPTH);
    const zagg_value *type = zagg_value_get(v, "type");
    if (type == NULL || type->kind != ZAGG_STR)
        return zagg_err_set(err, ZAGG_EFORMAT, "a GeoJSON object without a type");
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (zagg_value_is(type, TYPES[i].type)) {
            const zagg_status status = add_coordinates(b, i, v, err);
            return status == ZAGG_OK ? ZAGG_OK
                                     : zagg_err_context(err, status, "%s", TYPES[i].type);
        }
    if (zagg_value_is(type, "Feature"))
        return add_any(b, zagg_value_get(v, "geometry"), depth + 1, err);
    if (zagg_value_is(type, "FeatureCollection"))
        return add_all(b, v, "features", depth, err);
    if (zagg_value_is(type, "GeometryCollection"))
        return add_all(b, v, "geometries", depth, err);
    return zagg_err_set(err, ZAGG_EFORMAT, "'%.40s' is no GeoJSON type", type->str);
}

zagg_status zg_shape_add_geojson(zg_shape_builder *b, const zagg_value *value,
                                 zagg_err *err)
{
    return add_any(b, value, 0, err);
}
