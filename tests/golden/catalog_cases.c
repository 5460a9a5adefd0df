#include "catalog_cases.h"

#include <stdlib.h>
#include <string.h>

const zagg_value *catalog_member(const zagg_value *v, const char *key)
{
    const zagg_value *m = zagg_value_get(v, key);
    if (m == NULL)
        fail_msg("golden file lacks the key %s", key);
    return m;
}

uint64_t catalog_number(const zagg_value *v)
{
    uint64_t out = 0;
    if (v->kind == ZAGG_STR)
        return strtoull(v->str, NULL, 10);
    assert_true(zagg_value_u64(v, &out));
    return out;
}

static double number(const zagg_value *v)
{
    double out = 0.0;
    assert_true(zagg_value_number(v, &out));
    return out;
}

zagg_grid *catalog_grid(const zagg_value *s, int64_t chunk_inner, zagg_latitude latitude)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    zagg_status st;
    if (zagg_value_is(catalog_member(s, "type"), "healpix")) {
        const zagg_healpix_spec spec = {
            (int64_t)catalog_number(catalog_member(s, "parent_order")),
            (int64_t)catalog_number(catalog_member(s, "child_order")), chunk_inner, false,
            latitude};
        st = zagg_grid_new_healpix(&spec, &grid, &err);
    } else {
        const zagg_value *affine = catalog_member(s, "affine");
        const zagg_value *shape = catalog_member(s, "shape");
        const zagg_value *tile = catalog_member(s, "chunk_shape");
        double m[6];
        for (size_t i = 0; i < 6; i++)
            m[i] = number(affine->items[i]);
        const zagg_rectilinear_spec spec = {
            .crs = catalog_member(s, "crs")->str,
            .resolution = {m[0], -m[4]},
            .bounds = {m[2], m[5] + number(shape->items[0]) * m[4],
                       m[2] + number(shape->items[1]) * m[0], m[5]},
            .chunk_shape = {(int64_t)catalog_number(tile->items[0]),
                            (int64_t)catalog_number(tile->items[1])}};
        st = zagg_grid_new_rectilinear(&spec, &grid, &err);
    }
    if (st != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static const double *numbers(zagg_arena *arena, const zagg_value *list)
{
    double *out = NULL;
    assert_int_equal(zagg_arena_alloc(arena, list->n, sizeof *out, &out, NULL), ZAGG_OK);
    for (size_t i = 0; i < list->n; i++)
        out[i] = number(list->items[i]);
    return out;
}

zagg_shape catalog_region(zagg_arena *arena, const zagg_value *list)
{
    zagg_shape_part *parts = NULL;
    zagg_ring *rings = NULL;
    assert_int_equal(zagg_arena_alloc(arena, list->n, sizeof *parts, &parts, NULL),
                     ZAGG_OK);
    assert_int_equal(zagg_arena_alloc(arena, list->n, sizeof *rings, &rings, NULL),
                     ZAGG_OK);
    for (size_t i = 0; i < list->n; i++) {
        const zagg_value *p = list->items[i];
        rings[i] = (zagg_ring){numbers(arena, p->items[0]), numbers(arena, p->items[1]),
                               p->items[0]->n};
        parts[i] = (zagg_shape_part){ZAGG_SHAPE_POLYGON, &rings[i], 1};
    }
    return (zagg_shape){parts, list->n};
}

const zagg_value *catalog_meta(zagg_arena *arena, const zagg_value *metadata)
{
    zagg_value *copy = NULL;
    size_t n = 0;
    while (n < metadata->n && !zagg_value_is(metadata->members[n].key, "backend"))
        n++;
    assert_int_equal(zagg_arena_alloc(arena, 1, sizeof *copy, &copy, NULL), ZAGG_OK);
    *copy = *metadata;
    copy->n = n;
    return copy;
}

typedef struct feed {
    zagg_map_builder *builder;
    size_t row, null_row;
} feed;

static zagg_status take(void *user, const zagg_item *item, zagg_err *err)
{
    feed *f = user;
    zagg_item copy = *item;
    if (f->row++ == f->null_row)
        copy.shape = (zagg_shape){NULL, 0};
    return zagg_map_builder_add(f->builder, &copy, err);
}

zagg_status catalog_build(const char *items, const zagg_grid *grid,
                          const zagg_value *meta, const zagg_map_opts *opts,
                          size_t null_row, zagg_shardmap **out, zagg_err *err)
{
    static const zagg_catalog_opts ASSETS = {.assets = true};
    zagg_catalog *catalog = NULL;
    feed f = {NULL, 0, null_row};
    zagg_status status = zagg_map_builder_new(grid, meta, opts, &f.builder, err);
    if (status != ZAGG_OK)
        return status;
    status = zagg_catalog_open(items, &ASSETS, &catalog, err);
    if (status == ZAGG_OK) {
        status = zagg_catalog_read(catalog, take, &f, err);
        zagg_catalog_close(catalog);
    }
    if (status == ZAGG_OK)
        return zagg_map_builder_finish(f.builder, "map", out, err);
    zagg_map_builder_free(f.builder);
    return status;
}
