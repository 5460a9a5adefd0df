/* A picture in memory: areas, lines and words with soft edges. Pixels are sRGB; the
 * origin is the upper left corner, x and y are in pixels. */
#ifndef ZG_VIEW_RASTER_H
#define ZG_VIEW_RASTER_H

#include "base/base.h"

typedef struct zg_raster {
    size_t width, height;
    uint8_t *rgb;     /* width * height * 3 */
    float *cover;     /* width: of the row at hand */
    size_t low, high; /* pixels of it that are covered: low..high - 1 */
    zg_vec edges;     /* of the area that is being made */
    zg_vec crossings; /* of the line at hand */
} zg_raster;

typedef struct zg_ink {
    uint8_t rgb[3];
    double alpha; /* 0..1 */
} zg_ink;

/** All white. NOMEM. */
zagg_status zg_raster_new(zg_raster *r, size_t width, size_t height, zagg_err *err);
void zg_raster_free(zg_raster *r);

/** Add a ring to the area; n vertices, closed by itself. False: no memory. */
bool zg_raster_ring(zg_raster *r, const double *x, const double *y, size_t n);
/** A ring along a line of this width, closed to the first vertex if asked for. */
bool zg_raster_line(zg_raster *r, const double *x, const double *y, size_t n, bool closed,
                    double width);
/** Paint the area (even-odd, or where `all` whatever any ring goes around) and begin a
 * new one. */
bool zg_raster_fill(zg_raster *r, bool all, zg_ink ink);
/** A rectangle along pixels. */
void zg_raster_box(zg_raster *r, size_t x, size_t y, size_t w, size_t h, zg_ink ink);
/** ASCII text in a font of its own, 6 `size` wide and 8 `size` high a letter, from the
 * upper left corner; what is no printable ASCII is a '?'. What lies outside is cut. */
void zg_raster_text(zg_raster *r, double x, double y, size_t size, const char *text,
                    zg_ink ink);
size_t zg_raster_text_width(size_t size, const char *text);

#endif
