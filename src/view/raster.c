/* Painting by rows: each row is looked at along four lines, and of every line the
 * stretches inside count with the part of the pixels that they cover. */
#include "view/raster.h"

#include "view/font.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_A_ROW = 4 };

typedef struct edge {
    double x0, y0, x1, y1; /* y0 < y1 */
    int down;              /* 1 or -1: which way it runs */
} edge;

typedef struct crossing {
    double x;
    int down;
} crossing;

zagg_status zg_raster_new(zg_raster *r, size_t width, size_t height, zagg_err *err)
{
    *r = (zg_raster){.width = width, .height = height, .low = width};
    zg_vec_init(&r->edges, sizeof(edge), 0);
    zg_vec_init(&r->crossings, sizeof(crossing), 0);
    r->rgb = zg_alloc(width * height, 3);
    r->cover = zg_alloc(width, sizeof *r->cover);
    if (r->rgb == NULL || r->cover == NULL) {
        zg_raster_free(r);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a picture");
    }
    memset(r->rgb, 255, width * height * 3);
    return ZAGG_OK;
}

void zg_raster_free(zg_raster *r)
{
    zg_vec_free(&r->edges);
    zg_vec_free(&r->crossings);
    zg_free(r->rgb);
    zg_free(r->cover);
    r->rgb = NULL;
    r->cover = NULL;
}

/* ---- areas ---- */

/* Far beyond the picture places do not matter, and sums stay exact. */
static double tame(double v)
{
    return fmin(fmax(v, -1e6), 1e6);
}

static bool add_edge(zg_raster *r, double x0, double y0, double x1, double y1)
{
    const bool down = y0 < y1;
    const double low = down ? y0 : y1, high = down ? y1 : y0;
    if (!(low < high) || high < 0 || low > (double)r->height)
        return true;
    const edge e = down ? (edge){x0, y0, x1, y1, 1} : (edge){x1, y1, x0, y0, -1};
    return zg_vec_append(&r->edges, &e, 1);
}

bool zg_raster_ring(zg_raster *r, const double *x, const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t j = (i + 1) % n;
        if (!add_edge(r, tame(x[i]), tame(y[i]), tame(x[j]), tame(y[j])))
            return false;
    }
    return true;
}

/* Each piece is a rectangle, longer by half a width at both ends, so that they join. */
static bool add_piece(zg_raster *r, double x0, double y0, double x1, double y1,
                      double half)
{
    const double dx = x1 - x0, dy = y1 - y0, length = sqrt(dx * dx + dy * dy);
    const double ux = length > 0 ? dx / length * half : half;
    const double uy = length > 0 ? dy / length * half : 0;
    const double x[4] = {x0 - ux - uy, x1 + ux - uy, x1 + ux + uy, x0 - ux + uy};
    const double y[4] = {y0 - uy + ux, y1 + uy + ux, y1 + uy - ux, y0 - uy - ux};
    return zg_raster_ring(r, x, y, 4);
}

bool zg_raster_line(zg_raster *r, const double *x, const double *y, size_t n, bool closed,
                    double width)
{
    for (size_t i = 0; i + 1 < n + (closed ? 1 : 0); i++) {
        const size_t j = (i + 1) % n;
        if (!add_piece(r, tame(x[i]), tame(y[i]), tame(x[j]), tame(y[j]), width / 2))
            return false;
    }
    return n != 1 ||
           add_piece(r, tame(x[0]), tame(y[0]), tame(x[0]), tame(y[0]), width / 2);
}

static int by_top(const void *pa, const void *pb)
{
    const edge *a = pa, *b = pb;
    return (a->y0 > b->y0) - (a->y0 < b->y0);
}

static int by_x(const void *pa, const void *pb)
{
    const crossing *a = pa, *b = pb;
    return (a->x > b->x) - (a->x < b->x);
}

static void cover_stretch(zg_raster *r, double from, double to)
{
    const double width = (double)r->width;
    from = fmax(from, 0);
    to = fmin(to, width);
    if (!(from < to))
        return;
    const size_t first = (size_t)from, last = to < width ? (size_t)to : r->width - 1;
    const double part = 1.0 / LINES_A_ROW;
    r->low = r->low < first ? r->low : first;
    r->high = r->high > last ? r->high : last + 1;
    if (first == last) {
        r->cover[first] += (float)((to - from) * part);
        return;
    }
    r->cover[first] += (float)(((double)first + 1 - from) * part);
    for (size_t i = first + 1; i < last; i++)
        r->cover[i] += (float)part;
    r->cover[last] += (float)((to - (double)last) * part);
}

/* One line through the area at height y, among edges first..end - 1. */
static bool cover_line(zg_raster *r, size_t first, size_t end, double y, bool all)
{
    r->crossings.len = 0;
    for (size_t i = first; i < end; i++) {
        const edge *e = ZG_VEC_AT(&r->edges, edge, i);
        if (y < e->y0 || y >= e->y1)
            continue;
        const crossing c = {e->x0 + (y - e->y0) / (e->y1 - e->y0) * (e->x1 - e->x0),
                            e->down};
        if (!zg_vec_append(&r->crossings, &c, 1))
            return false;
    }
    const crossing *c = r->crossings.data;
    if (r->crossings.len > 1)
        qsort(r->crossings.data, r->crossings.len, sizeof *c, by_x);
    int winding = 0;
    for (size_t i = 0; i + 1 < r->crossings.len; i++) {
        winding += all ? c[i].down : 1;
        if (all ? winding != 0 : winding % 2 != 0)
            cover_stretch(r, c[i].x, c[i + 1].x);
    }
    return true;
}

static void blend(uint8_t *pixel, const zg_ink *ink, double alpha)
{
    for (size_t k = 0; k < 3; k++)
        pixel[k] = (uint8_t)(pixel[k] + alpha * (ink->rgb[k] - pixel[k]) + 0.5);
}

static void paint_row(zg_raster *r, size_t row, const zg_ink *ink)
{
    uint8_t *pixels = r->rgb + row * r->width * 3;
    for (size_t i = r->low; i < r->high; i++)
        if (r->cover[i] > 0) {
            blend(pixels + 3 * i, ink, fmin((double)r->cover[i], 1.0) * ink->alpha);
            r->cover[i] = 0;
        }
    r->low = r->width;
    r->high = 0;
}

bool zg_raster_fill(zg_raster *r, bool all, zg_ink ink)
{
    edge *edges = r->edges.data;
    const size_t n = r->edges.len;
    size_t end = 0, first = 0;
    bool ok = true;
    if (n == 0)
        return true;
    qsort(edges, n, sizeof *edges, by_top);
    double bottom = 0;
    for (size_t i = 0; i < n; i++)
        bottom = fmax(bottom, edges[i].y1);
    const size_t top = edges[0].y0 > 0 ? (size_t)edges[0].y0 : 0;
    for (size_t row = top; ok && row < r->height && (double)row < bottom; row++) {
        while (end < n && edges[end].y0 < (double)row + 1)
            end++;
        while (first < end && edges[first].y1 <= (double)row)
            first++;
        for (int k = 0; ok && k < LINES_A_ROW; k++)
            ok = cover_line(r, first, end, (double)row + (k + 0.5) / LINES_A_ROW, all);
        paint_row(r, row, &ink);
    }
    r->edges.len = 0;
    return ok;
}

/* ---- boxes and words ---- */

void zg_raster_box(zg_raster *r, size_t x, size_t y, size_t w, size_t h, zg_ink ink)
{
    for (size_t j = y; j < y + h && j < r->height; j++)
        for (size_t i = x; i < x + w && i < r->width; i++)
            blend(r->rgb + (j * r->width + i) * 3, &ink, ink.alpha);
}

size_t zg_raster_text_width(size_t size, const char *text)
{
    return strlen(text) * 6 * size;
}

void zg_raster_text(zg_raster *r, double x, double y, size_t size, const char *text,
                    zg_ink ink)
{
    for (size_t k = 0; text[k] != '\0'; k++) {
        const uint8_t *columns = zg_font_letter(text[k]);
        const double left = x + (double)(k * 6 * size);
        for (size_t c = 0; c < ZG_FONT_WIDTH; c++)
            for (size_t row = 0; row < 8; row++) {
                const double px = left + (double)(c * size),
                             py = y + (double)(row * size);
                if ((columns[c] >> row & 1) != 0 && px >= 0 && py >= 0)
                    zg_raster_box(r, (size_t)px, (size_t)py, size, size, ink);
            }
    }
}
