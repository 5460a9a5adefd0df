/* Memory and end of a scene. */
#include "view/scene.h"

#include "map/region.h"
#include "view/land.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

zagg_status zg_scene_new(const char *kind, zg_scene **out, zagg_err *err)
{
    zg_scene *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a map to look at");
    s->kind = kind;
    s->text_left = ZG_VIEW_MAX_TEXT;
    zg_vec_init(&s->facts, sizeof(zg_fact), 0);
    zg_vec_init(&s->notes, sizeof(const char *), 0);
    zg_vec_init(&s->items, sizeof(zg_item), 0);
    zg_vec_init(&s->members, sizeof(uint32_t), 0);
    zg_vec_init(&s->granules, sizeof(zg_granule_text), 0);
    zg_outlines_init(&s->shapes);
    zg_outlines_init(&s->footprints);
    zg_outlines_init(&s->aoi);
    zg_outlines_init(&s->land);
    zagg_status status = zagg_arena_new(0, &s->arena, err);
    if (status != ZAGG_OK) {
        zg_scene_free(s);
        return status;
    }
    *out = s;
    return ZAGG_OK;
}

void zg_scene_free(zg_scene *s)
{
    if (s == NULL)
        return;
    zg_vec_free(&s->facts);
    zg_vec_free(&s->notes);
    zg_vec_free(&s->items);
    zg_vec_free(&s->members);
    zg_vec_free(&s->granules);
    zg_outlines_free(&s->shapes);
    zg_outlines_free(&s->footprints);
    zg_outlines_free(&s->aoi);
    zg_outlines_free(&s->land);
    zagg_arena_free(s->arena);
    zg_free(s);
}

size_t zg_scene_n_items(const zg_scene *s)
{
    return s->items.len;
}

const char *zg_scene_value_name(const zg_scene *s)
{
    return s->value_name;
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a map to look at");
}

zagg_status zg_scene_text(zg_scene *s, const char *text, const char **out, zagg_err *err)
{
    char *copy;
    if (text == NULL) {
        *out = NULL;
        return ZAGG_OK;
    }
    const size_t n = strlen(text) + 1;
    ZAGG_TRY(zagg_arena_alloc(s->arena, n, 1, &copy, err));
    memcpy(copy, text, n);
    *out = copy;
    return ZAGG_OK;
}

static zagg_status format(zg_scene *s, const char *fmt, va_list args, const char **out,
                          zagg_err *err)
{
    char text[1024]; /* what is longer is cut: these are sentences for people */
    (void)vsnprintf(text, sizeof text, fmt, args);
    text[zg_utf8_floor(text, strlen(text))] = '\0';
    return zg_scene_text(s, text, out, err);
}

zagg_status zg_scene_fact(zg_scene *s, zagg_err *err, const char *name, const char *fmt,
                          ...)
{
    va_list args;
    zg_fact fact = {name, NULL};
    va_start(args, fmt);
    const zagg_status status = format(s, fmt, args, &fact.text, err);
    va_end(args);
    ZAGG_TRY(status);
    return zg_vec_append(&s->facts, &fact, 1) ? ZAGG_OK : no_memory(err);
}

zagg_status zg_scene_note(zg_scene *s, zagg_err *err, const char *fmt, ...)
{
    va_list args;
    const char *text;
    va_start(args, fmt);
    const zagg_status status = format(s, fmt, args, &text, err);
    va_end(args);
    ZAGG_TRY(status);
    return zg_vec_append(&s->notes, &text, 1) ? ZAGG_OK : no_memory(err);
}

zg_item *zg_scene_item(zg_scene *s)
{
    zg_item *item = zg_vec_push(&s->items);
    if (item != NULL)
        *item = (zg_item){.value = NAN,
                          .parts = 1,
                          .low = NAN,
                          .high = NAN,
                          .count = UINT64_MAX,
                          .first_member = s->members.len};
    return item;
}

zagg_status zg_scene_check(const zg_scene *s, zagg_err *err)
{
    return s->shapes.failed || s->footprints.failed || s->aoi.failed || s->land.failed
               ? no_memory(err)
               : ZAGG_OK;
}

/* ---- the end ---- */

/* The area as builders of maps understand it. */
static zagg_status add_aoi(zg_scene *s, const zg_view_opts *opts, zagg_err *err)
{
    zg_rings rings;
    if (opts->aoi == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zg_region_rings(s->arena, opts->aoi, true, opts->log, &rings, err));
    const zagg_shape_part part = {ZAGG_SHAPE_POLYGON, rings.items, rings.n};
    const zagg_shape shape = {&part, 1};
    zg_outlines_shape(&s->aoi, &shape);
    return zg_scene_check(s, err);
}

/* `ground` becomes what it is on the map. */
static void turn(const zg_projection *p, zg_outlines *ground, size_t *n_hidden)
{
    zg_outlines map;
    zg_outlines_init(&map);
    map.failed = ground->failed;
    zg_projection_apply(p, ground, &map, n_hidden);
    zg_outlines_free(ground);
    *ground = map;
}

static void widen(zg_scene *s, const zg_outlines *o, bool *any)
{
    const double *x = o->x.data, *y = o->y.data;
    for (size_t i = 0; i < o->x.len; i++) {
        s->west = *any ? fmin(s->west, x[i]) : x[i];
        s->east = *any ? fmax(s->east, x[i]) : x[i];
        s->south = *any ? fmin(s->south, y[i]) : y[i];
        s->north = *any ? fmax(s->north, y[i]) : y[i];
        *any = true;
    }
}

/* What is opened with: all items and the area, not the footprints, which reach far. */
static void find_extent(zg_scene *s)
{
    bool any = false;
    widen(s, &s->shapes, &any);
    widen(s, &s->aoi, &any);
    if (!any) {
        const bool flat = s->projection.kind == ZG_PROJECT_LONLAT;
        s->east = flat ? 180.0 : 1.5;
        s->north = flat ? 90.0 : 1.5;
        s->west = -s->east;
        s->south = -s->north;
    }
    const double margin = fmax(fmax(s->east - s->west, s->north - s->south) * 0.04, 1e-9);
    s->west -= margin;
    s->east += margin;
    s->south -= margin;
    s->north += margin;
}

/* Coasts are true to a tenth of a degree: below some degrees they would mislead. */
#define LAND_FROM_DEG 4.0

static void add_land(zg_scene *s)
{
    const double across = fmax(s->east - s->west, s->north - s->south);
    const bool flat = s->projection.kind == ZG_PROJECT_LONLAT;
    if ((flat ? across : across * 57.3) < LAND_FROM_DEG)
        return;
    for (size_t i = 0; i < zg_land_n; i++)
        if (zg_land[i][0] != ZG_LAND_END) {
            zg_outlines_vertex(&s->land, zg_land[i][0] / 10.0, zg_land[i][1] / 10.0);
        } else {
            zg_outlines_end_ring(&s->land);
            zg_outlines_end_item(&s->land);
        }
}

zagg_status zg_scene_finish(zg_scene *s, const zg_view_opts *opts, zagg_err *err)
{
    size_t hidden = 0, others = 0;
    ZAGG_TRY(add_aoi(s, opts, err));
    zg_projection_choose(&s->shapes, &s->aoi, opts->projection, &s->projection);
    turn(&s->projection, &s->shapes, &hidden);
    turn(&s->projection, &s->footprints, &others);
    turn(&s->projection, &s->aoi, &others);
    find_extent(s);
    add_land(s);
    turn(&s->projection, &s->land, &others);
    ZAGG_TRY(zg_scene_check(s, err));
    if (hidden > 0)
        ZAGG_TRY(zg_scene_note(
            s, err, "%zu %ss beyond the equator are not shown in this projection", hidden,
            s->item_name));
    if (opts->title != NULL)
        s->title = opts->title;
    return zg_scale_choose(s, &s->scale, err);
}
