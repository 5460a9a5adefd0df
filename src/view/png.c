/* The picture: heading, map and legend. */
#include "view/graticule.h"
#include "view/raster.h"
#include "view/scene.h"

#include <errno.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>

enum {
    WIDTH = 1200,
    HEIGHT = 900,
    TOP = 64,    /* heading */
    BOTTOM = 84, /* legend */
    RAMP_WIDTH = 420,
    RAMP_HEIGHT = 16,
    MARGIN = 24
};

static const zg_ink INK = {{0x1c, 0x27, 0x33}, 1}, SOFT = {{0x5a, 0x67, 0x75}, 1},
                    LINE = {{0xdf, 0xe5, 0xea}, 1}, EDGE = {{255, 255, 255}, 0.65},
                    NONE = {{0xc3, 0xca, 0xd1}, 1}, AREA = {{0xa6, 0x1e, 0x5a}, 1},
                    HALO = {{255, 255, 255}, 1}, PANEL = {{0xf4, 0xf6, 0xf8}, 1},
                    LAND = {{0xed, 0xeb, 0xe4}, 1};

typedef struct picture {
    const zg_scene *scene;
    zg_raster raster;
    double scale, x0, y0; /* pixels: x0 + x * scale, y0 - y * scale */
    zg_vec px, py;        /* double: of the ring at hand */
    bool ok;              /* false: no memory */
} picture;

/* ---- map ---- */

static void choose_view(picture *p)
{
    const zg_scene *s = p->scene;
    const double w = WIDTH, h = HEIGHT - TOP - BOTTOM;
    p->scale = fmin(w / (s->east - s->west), h / (s->north - s->south));
    p->x0 = w / 2 - (s->east + s->west) / 2 * p->scale;
    p->y0 = TOP + h / 2 + (s->north + s->south) / 2 * p->scale;
}

/* The ring in pixels. */
static size_t to_pixels(picture *p, const double *x, const double *y, size_t n)
{
    p->px.len = p->py.len = 0;
    for (size_t i = 0; p->ok && i < n; i++) {
        const double px = p->x0 + x[i] * p->scale, py = p->y0 - y[i] * p->scale;
        p->ok = zg_vec_append(&p->px, &px, 1) && zg_vec_append(&p->py, &py, 1);
    }
    return p->ok ? n : 0;
}

static void add_item(picture *p, const zg_outlines *o, size_t i, double line)
{
    size_t first, end;
    zg_outlines_item(o, i, &first, &end);
    for (size_t r = first; p->ok && r < end; r++) {
        const double *x, *y;
        size_t n;
        zg_outlines_get(o, r, &x, &y, &n);
        n = to_pixels(p, x, y, n);
        p->ok &= line > 0
                     ? zg_raster_line(&p->raster, p->px.data, p->py.data, n, true, line)
                     : zg_raster_ring(&p->raster, p->px.data, p->py.data, n);
    }
}

static void fill(picture *p, bool all, zg_ink ink)
{
    p->ok = p->ok && zg_raster_fill(&p->raster, all, ink);
}

/* Are items wide enough for an edge between them? */
static bool is_wide(const picture *p)
{
    const double *x = p->scene->shapes.x.data;
    if (p->scene->shapes.rings.len == 0)
        return false;
    const size_t n = *ZG_VEC_AT(&p->scene->shapes.rings, size_t, 0);
    double west = x[0], east = x[0];
    for (size_t i = 1; i < n; i++) {
        west = fmin(west, x[i]);
        east = fmax(east, x[i]);
    }
    return (east - west) * p->scale > 8;
}

static void draw_items(picture *p)
{
    const zg_scene *s = p->scene;
    const size_t n = s->items.len;
    const bool wide = is_wide(p);
    for (size_t i = 0; p->ok && i < n; i++) {
        const double at =
            zg_scale_place(&s->scale, ZG_VEC_AT(&s->items, zg_item, i)->value);
        zg_ink ink = NONE;
        if (at >= 0)
            zg_ramp_colour(at, ink.rgb);
        if (s->see_through)
            ink.alpha = fmax(0.06, fmin(0.45, 6.0 / (double)n));
        add_item(p, &s->shapes, i, 0);
        fill(p, false, ink);
        ink.alpha = s->see_through ? 0.9 : 1;
        add_item(p, &s->shapes, i, s->see_through ? 1.3 : wide ? 1 : 0.7);
        fill(p, true, wide && !s->see_through ? EDGE : ink);
    }
}

static void draw_land(picture *p)
{
    for (size_t i = 0; i < zg_outlines_n(&p->scene->land); i++) {
        add_item(p, &p->scene->land, i, 0);
        fill(p, false, LAND);
    }
}

static void draw_aoi(picture *p)
{
    const zg_outlines *aoi = &p->scene->aoi;
    for (size_t i = 0; i < zg_outlines_n(aoi); i++) {
        add_item(p, aoi, i, 5);
        fill(p, true, HALO);
        add_item(p, aoi, i, 2.5);
        fill(p, true, AREA);
    }
}

/* ---- graticule ---- */

/* The name stands where the line is lowest, or farthest left, inside of the map. */
static void name_line(picture *p, bool lowest, const char *name)
{
    const double *x = p->px.data, *y = p->py.data;
    double bx = 0, by = 0;
    bool any = false;
    const bool polar = p->scene->projection.kind != ZG_PROJECT_LONLAT;
    for (size_t i = 0; i < p->px.len; i++)
        if ((!lowest || !polar || hypot(x[i] - p->x0, y[i] - p->y0) > 60) && x[i] > 8 &&
            x[i] < WIDTH - 70 && y[i] > TOP + 16 && y[i] < HEIGHT - BOTTOM - 4 &&
            (!any || (lowest ? y[i] > by : x[i] < bx))) {
            bx = x[i];
            by = y[i];
            any = true;
        }
    if (!any)
        return;
    const size_t w = zg_raster_text_width(2, name);
    const zg_ink paper = {{255, 255, 255}, 0.8};
    zg_raster_box(&p->raster, (size_t)bx + 3, (size_t)by - 19, w + 2, 18, paper);
    zg_raster_text(&p->raster, bx + 5, by - 17, 2, name, SOFT);
}

static void draw_graticule(picture *p, bool names)
{
    const double box[4] = {-p->x0 / p->scale, (p->y0 - (HEIGHT - BOTTOM)) / p->scale,
                           (WIDTH - p->x0) / p->scale, (p->y0 - TOP) / p->scale};
    double x[ZG_GRATICULE_POINTS], y[ZG_GRATICULE_POINTS];
    char name[32];
    zg_graticule g;
    zg_graticule_choose(&g, &p->scene->projection, box);
    for (int meridian = 0; meridian < 2; meridian++)
        for (size_t k = 0; p->ok && zg_graticule_line(&g, &p->scene->projection,
                                                      meridian == 1, k, x, y, name);
             k++) {
            const size_t n = to_pixels(p, x, y, ZG_GRATICULE_POINTS);
            if (names) {
                name_line(p, meridian == 1, name);
            } else {
                p->ok = p->ok &&
                        zg_raster_line(&p->raster, p->px.data, p->py.data, n, false, 1);
                fill(p, true, LINE);
            }
        }
}

/* ---- heading and legend ---- */

/* Text that is cut where the room ends. */
static void put_text(picture *p, double x, double y, size_t size, const char *text,
                     size_t room, zg_ink ink)
{
    char part[WIDTH / 6 + 4];
    const size_t most = room / (6 * size);
    (void)snprintf(part, sizeof part, "%.*s", (int)(most < WIDTH / 6 ? most : WIDTH / 6),
                   text);
    zg_raster_text(&p->raster, x, y, size, part, ink);
}

static void draw_heading(picture *p)
{
    char line[300];
    const zg_scene *s = p->scene;
    zg_raster_box(&p->raster, 0, 0, WIDTH, TOP, PANEL);
    zg_raster_box(&p->raster, 0, HEIGHT - BOTTOM, WIDTH, BOTTOM, PANEL);
    put_text(p, MARGIN, 10, 3, s->title, WIDTH - 2 * MARGIN, INK);
    (void)snprintf(line, sizeof line, "%s: %zu %s%s by %.200s", s->kind, s->items.len,
                   s->item_name, s->items.len == 1 ? "" : "s", s->value_name);
    put_text(p, MARGIN, 40, 2, line, WIDTH - 2 * MARGIN, SOFT);
}

static void draw_ticks(picture *p, size_t top)
{
    const zg_scene *s = p->scene;
    const zg_scale *c = &s->scale;
    char text[2][48], value[40];
    zg_value_text_of(s->value_kind, c->low, value);
    (void)snprintf(text[0], sizeof text[0], "%s%s", c->cut_below ? "<= " : "", value);
    zg_value_text_of(s->value_kind, c->high, value);
    (void)snprintf(text[1], sizeof text[1], "%s%s", c->cut_above ? ">= " : "", value);
    zg_raster_text(&p->raster, MARGIN, (double)top, 2, text[0], INK);
    if (!(c->high > c->low))
        return;
    const size_t w = zg_raster_text_width(2, text[1]);
    zg_raster_text(&p->raster, (double)(MARGIN + RAMP_WIDTH - w), (double)top, 2, text[1],
                   INK);
}

static void draw_legend(picture *p)
{
    const zg_scene *s = p->scene;
    const size_t top = HEIGHT - BOTTOM + 32;
    char line[200];
    (void)snprintf(line, sizeof line, "%.150s%s", s->value_name,
                   s->scale.log ? " (logarithmic)" : "");
    put_text(p, MARGIN, HEIGHT - BOTTOM + 10, 2, line, WIDTH - 2 * MARGIN, INK);
    if (!s->scale.any) {
        zg_raster_box(&p->raster, MARGIN, top, RAMP_HEIGHT, RAMP_HEIGHT, NONE);
        zg_raster_text(&p->raster, MARGIN + 24, (double)top, 2, "no value", INK);
        return;
    }
    for (size_t i = 0; i < RAMP_WIDTH; i++) {
        zg_ink ink = {{0}, 1};
        zg_ramp_colour(s->scale.high > s->scale.low ? (double)i / (RAMP_WIDTH - 1) : 0.5,
                       ink.rgb);
        zg_raster_box(&p->raster, MARGIN + i, top, 1, RAMP_HEIGHT, ink);
    }
    draw_ticks(p, top + RAMP_HEIGHT + 6);
}

/* ---- the file ---- */

typedef struct png_state { /* apart from the function that jumps back into itself */
    png_structp png;
    png_infop info;
    jmp_buf jump;
    char message[160];
} png_state;

static void on_error(png_structp png, png_const_charp message)
{
    png_state *state = png_get_error_ptr(png);
    (void)snprintf(state->message, sizeof state->message, "%s", message);
    longjmp(state->jump, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* No time, no text, fixed compression: the bytes depend on the pixels alone. */
static bool write_png(const zg_raster *r, FILE *file, png_state *state)
{
    state->png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
    if (state->png == NULL)
        return false;
    if (setjmp(state->jump) != 0) {
        png_destroy_write_struct(&state->png, &state->info);
        return false;
    }
    const png_structp png = state->png;
    state->info = png_create_info_struct(png);
    if (state->info == NULL)
        png_error(png, "no memory for a picture");
    png_init_io(png, file);
    png_set_IHDR(png, state->info, (png_uint_32)r->width, (png_uint_32)r->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(png, 0, PNG_FILTER_SUB);
    png_set_compression_level(png, 9);
    png_write_info(png, state->info);
    for (size_t row = 0; row < r->height; row++)
        png_write_row(png, r->rgb + row * r->width * 3);
    png_write_end(png, NULL);
    png_destroy_write_struct(&state->png, &state->info);
    return true;
}

static zagg_status save(const picture *p, FILE *file, zagg_err *err)
{
    png_state state = {.message = "no memory for a picture"};
    errno = 0;
    if (write_png(&p->raster, file, &state))
        return ZAGG_OK;
    const int number = errno;
    if (!ferror(file))
        return zagg_err_set(err, ZAGG_ENOMEM, "%s", state.message);
    const zagg_status status =
        zagg_err_set(err, ZAGG_EIO, "cannot write: %s", strerror(number));
    if (err != NULL)
        err->sys_errno = number;
    return status;
}

zagg_status zg_view_png(const zg_scene *scene, FILE *file, zagg_err *err)
{
    picture p = {.scene = scene, .ok = true};
    ZAGG_TRY(zg_raster_new(&p.raster, WIDTH, HEIGHT, err));
    zg_vec_init(&p.px, sizeof(double), 0);
    zg_vec_init(&p.py, sizeof(double), 0);
    choose_view(&p);
    draw_land(&p);
    draw_graticule(&p, false);
    draw_items(&p);
    draw_aoi(&p);
    draw_graticule(&p, true);
    draw_heading(&p);
    draw_legend(&p);
    const zagg_status status =
        p.ok ? save(&p, file, err)
             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a picture");
    zg_vec_free(&p.px);
    zg_vec_free(&p.py);
    zg_raster_free(&p.raster);
    return status;
}
