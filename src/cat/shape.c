/* Shapes: building them, and copying what was built into an arena. */
#include "cat/shape.h"

#include <string.h>

typedef struct built_part {
    zagg_shape_kind kind;
    size_t first_ring;
} built_part;

void zg_shape_begin(zg_shape_builder *b, size_t max_vertices)
{
    *b = (zg_shape_builder){.max_vertices =
                                max_vertices > 0 ? max_vertices : ZG_SHAPE_MAX_VERTICES};
    zg_vec_init(&b->lat, sizeof(double), 0);
    zg_vec_init(&b->lon, sizeof(double), 0);
    zg_vec_init(&b->rings, sizeof(size_t), 0);
    zg_vec_init(&b->parts, sizeof(built_part), 0);
}

void zg_shape_clear(zg_shape_builder *b)
{
    b->lat.len = b->lon.len = b->rings.len = b->parts.len = 0;
}

void zg_shape_free(zg_shape_builder *b)
{
    zg_vec_free(&b->lat);
    zg_vec_free(&b->lon);
    zg_vec_free(&b->rings);
    zg_vec_free(&b->parts);
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a geometry");
}

zagg_status zg_shape_part(zg_shape_builder *b, zagg_shape_kind kind, zagg_err *err)
{
    const built_part part = {kind, b->rings.len};
    b->part_empty = false;
    return zg_vec_append(&b->parts, &part, 1) ? ZAGG_OK : no_memory(err);
}

zagg_status zg_shape_ring(zg_shape_builder *b, zagg_err *err)
{
    return zg_vec_append(&b->rings, &b->lat.len, 1) ? ZAGG_OK : no_memory(err);
}

zagg_status zg_shape_vertex(zg_shape_builder *b, double lon, double lat, zagg_err *err)
{
    if (b->lat.len >= b->max_vertices)
        return zagg_err_set(err, ZAGG_ERANGE, "the geometry has more than %zu vertices",
                            b->max_vertices);
    return zg_vec_append(&b->lat, &lat, 1) && zg_vec_append(&b->lon, &lon, 1)
               ? ZAGG_OK
               : no_memory(err);
}

static const built_part *last_part(const zg_shape_builder *b)
{
    return ZG_VEC_AT(&b->parts, built_part, b->parts.len - 1);
}

static void drop_closing_vertex(zg_shape_builder *b, size_t first)
{
    const size_t last = b->lat.len - 1;
    const double *lat = b->lat.data, *lon = b->lon.data;
    if (last > first && lat[first] == lat[last] && lon[first] == lon[last])
        b->lat.len = b->lon.len = last;
}

void zg_shape_end_ring(zg_shape_builder *b)
{
    const size_t first = *ZG_VEC_AT(&b->rings, size_t, b->rings.len - 1);
    if (b->lat.len == first) {
        b->part_empty = b->part_empty || last_part(b)->first_ring == b->rings.len - 1;
        b->rings.len--;
    } else if (last_part(b)->kind == ZAGG_SHAPE_POLYGON) {
        drop_closing_vertex(b, first);
    }
}

void zg_shape_end_part(zg_shape_builder *b)
{
    const size_t first = last_part(b)->first_ring;
    if (b->part_empty && b->rings.len > first) /* holes of nothing */
        b->lat.len = b->lon.len = *ZG_VEC_AT(&b->rings, size_t, first);
    if (b->part_empty)
        b->rings.len = first;
    if (b->rings.len == first)
        b->parts.len--;
}

static zagg_status copy_numbers(const zg_vec *from, zagg_arena *arena, double **out,
                                zagg_err *err)
{
    ZAGG_TRY(zagg_arena_alloc(arena, from->len, sizeof **out, out, err));
    if (from->len > 0)
        memcpy(*out, from->data, from->len * sizeof **out);
    return ZAGG_OK;
}

zagg_status zg_shape_finish(const zg_shape_builder *b, zagg_arena *arena, zagg_shape *out,
                            zagg_err *err)
{
    double *lat = NULL, *lon = NULL;
    zagg_ring *rings = NULL;
    zagg_shape_part *parts = NULL;
    if (b->parts.len == 0) {
        *out = (zagg_shape){NULL, 0};
        return ZAGG_OK;
    }
    ZAGG_TRY(copy_numbers(&b->lat, arena, &lat, err));
    ZAGG_TRY(copy_numbers(&b->lon, arena, &lon, err));
    ZAGG_TRY(zagg_arena_alloc(arena, b->rings.len, sizeof *rings, &rings, err));
    ZAGG_TRY(zagg_arena_alloc(arena, b->parts.len, sizeof *parts, &parts, err));
    for (size_t i = 0; i < b->rings.len; i++) {
        const size_t *at = ZG_VEC_AT(&b->rings, size_t, i);
        const size_t end = i + 1 < b->rings.len ? at[1] : b->lat.len;
        rings[i] = (zagg_ring){lat + at[0], lon + at[0], end - at[0]};
    }
    for (size_t i = 0; i < b->parts.len; i++) {
        const built_part *p = ZG_VEC_AT(&b->parts, built_part, i);
        const size_t end = i + 1 < b->parts.len ? p[1].first_ring : b->rings.len;
        parts[i] = (zagg_shape_part){p->kind, rings + p->first_ring, end - p->first_ring};
    }
    *out = (zagg_shape){parts, b->parts.len};
    return ZAGG_OK;
}

/* ---- the public readers ---- */

static zagg_status finish_and_free(zg_shape_builder *b, zagg_status status,
                                   zagg_arena *arena, zagg_shape *out, zagg_err *err)
{
    if (status == ZAGG_OK)
        status = zg_shape_finish(b, arena, out, err);
    zg_shape_free(b);
    return status;
}

zagg_status zagg_shape_from_geojson(zagg_arena *arena, const zagg_value *value,
                                    size_t max_vertices, zagg_shape *out, zagg_err *err)
{
    zg_shape_builder b;
    zg_shape_begin(&b, max_vertices);
    return finish_and_free(&b, zg_shape_add_geojson(&b, value, err), arena, out, err);
}

zagg_status zagg_shape_from_wkt(zagg_arena *arena, const char *text, size_t len,
                                size_t max_vertices, zagg_shape *out, zagg_err *err)
{
    zg_shape_builder b;
    zg_shape_begin(&b, max_vertices);
    return finish_and_free(&b, zg_shape_add_wkt(&b, text, len, err), arena, out, err);
}

zagg_status zagg_shape_from_wkb(zagg_arena *arena, const void *data, size_t len,
                                size_t max_vertices, zagg_shape *out, zagg_err *err)
{
    zg_shape_builder b;
    zg_shape_begin(&b, max_vertices);
    return finish_and_free(&b, zg_shape_add_wkb(&b, data, len, err), arena, out, err);
}
