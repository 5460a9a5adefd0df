/* Units of grids on the ground. */
#include "view/frame.h"

#include "zagg/geo.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Sides are drawn with as many pieces as their bend asks for: that of a HEALPix cell
 * shrinks with its size, that of a box depends on its grid. */
enum { BOX_PIECES = 8, MAX_RING = 64 };

void zg_frame_healpix(zg_frame *f, unsigned order, zagg_latitude latitude)
{
    *f = (zg_frame){.kind = ZAGG_GRID_HEALPIX, .order = order, .latitude = latitude};
}

static uint64_t units(uint64_t cells, uint64_t unit)
{
    return unit > 0 ? (cells + unit - 1) / unit : 0;
}

zagg_status zg_frame_boxes(zg_frame *f, const char *crs, const double resolution[2],
                           const double bounds[4], const uint64_t cells[2],
                           const uint64_t unit[2], zagg_err *err)
{
    *f = (zg_frame){.kind = ZAGG_GRID_RECTILINEAR,
                    .rows = units(cells[0], unit[0]),
                    .columns = units(cells[1], unit[1]),
                    .left = bounds[0],
                    .upper = bounds[3],
                    .width = resolution[0] * (double)unit[1],
                    .height = resolution[1] * (double)unit[0]};
    uint64_t n;
    if (f->rows == 0 || f->columns == 0 || !zg_mul_u64(f->rows, f->columns, &n))
        return zagg_err_set(err, ZAGG_ECONFIG, "the grid has no cells, or too many");
    return zg_proj_new(crs, &f->proj, err);
}

void zg_frame_free(zg_frame *f)
{
    if (f->proj != NULL)
        zg_proj_free(f->proj);
    f->proj = NULL;
}

/* ---- coarser units ---- */

uint64_t zg_frame_columns(const zg_frame *f, unsigned step)
{
    return ((f->columns - 1) >> step) + 1;
}

uint64_t zg_frame_coarsen(const zg_frame *f, unsigned step, uint64_t id)
{
    if (f->kind == ZAGG_GRID_HEALPIX)
        return id >> (2 * step);
    return (id / f->columns >> step) * zg_frame_columns(f, step) +
           (id % f->columns >> step);
}

unsigned zg_frame_max_step(const zg_frame *f)
{
    unsigned step = 0;
    if (f->kind == ZAGG_GRID_HEALPIX)
        return f->order;
    while (step < 63 && ((f->rows - 1) >> step > 0 || (f->columns - 1) >> step > 0))
        step++;
    return step;
}

/* ---- outlines ---- */

static unsigned pieces_of(unsigned order)
{
    static const unsigned PIECES[] = {16, 16, 8, 8, 4, 4, 2};
    return order < sizeof PIECES / sizeof PIECES[0] ? PIECES[order] : 1;
}

static void healpix_outline(const zg_frame *f, unsigned order, uint64_t id,
                            zg_outlines *out)
{
    double lat[MAX_RING], lon[MAX_RING];
    const unsigned pieces = pieces_of(order);
    zagg_geo_ring(id, order, f->latitude, pieces, lat, lon);
    zg_outlines_ring(out, lon, lat, (size_t)4 * pieces);
}

/* Rows and columns [from, to) of finest units. */
static void extent(const zg_frame *f, unsigned step, uint64_t id, uint64_t row[2],
                   uint64_t column[2])
{
    const uint64_t columns = zg_frame_columns(f, step);
    row[0] = id / columns << step;
    column[0] = id % columns << step;
    row[1] = row[0] + (UINT64_C(1) << step);
    column[1] = column[0] + (UINT64_C(1) << step);
    row[1] = row[1] < f->rows ? row[1] : f->rows;
    column[1] = column[1] < f->columns ? column[1] : f->columns;
}

static void box_outline(const zg_frame *f, unsigned step, uint64_t id, zg_outlines *out)
{
    uint64_t row[2], column[2];
    double x[4 * BOX_PIECES], y[4 * BOX_PIECES], lon[4 * BOX_PIECES], lat[4 * BOX_PIECES];
    extent(f, step, id, row, column);
    const double west = f->left + f->width * (double)column[0];
    const double east = f->left + f->width * (double)column[1];
    const double north = f->upper - f->height * (double)row[0];
    const double south = f->upper - f->height * (double)row[1];
    const double corners[5][2] = {
        {west, north}, {west, south}, {east, south}, {east, north}, {west, north}};
    const int pieces = zg_proj_is_lonlat(f->proj) ? 1 : BOX_PIECES;
    for (int k = 0; k < 4 * pieces; k++) {
        const double *a = corners[k / pieces], *b = corners[k / pieces + 1];
        const double part = (double)(k % pieces) / pieces;
        x[k] = a[0] + (b[0] - a[0]) * part;
        y[k] = a[1] + (b[1] - a[1]) * part;
    }
    zg_proj_inverse(f->proj, x, y, (size_t)(4 * pieces), lon, lat);
    zg_outlines_ring(out, lon, lat, (size_t)(4 * pieces));
}

void zg_frame_outline(const zg_frame *f, unsigned step, uint64_t id, zg_outlines *out)
{
    if (f->kind == ZAGG_GRID_HEALPIX)
        healpix_outline(f, f->order - step, id, out);
    else
        box_outline(f, step, id, out);
    zg_outlines_end_item(out);
}

/* ---- names ---- */

uint64_t zg_frame_word(const zg_frame *f, unsigned step, uint64_t id)
{
    return f->kind == ZAGG_GRID_HEALPIX ? zagg_word_from_nested(id, f->order - step) : 0;
}

void zg_frame_label(const zg_frame *f, unsigned step, uint64_t id, char out[96])
{
    uint64_t row[2], column[2];
    if (f->kind == ZAGG_GRID_HEALPIX) {
        char decimal[33] = "?";
        (void)zagg_word_decimal(zg_frame_word(f, step, id), decimal, NULL);
        (void)snprintf(out, 96, "%s", decimal);
        return;
    }
    extent(f, step, id, row, column);
    if (step == 0)
        (void)snprintf(out, 96, "row %" PRIu64 ", column %" PRIu64, row[0], column[0]);
    else
        (void)snprintf(out, 96,
                       "rows %" PRIu64 "-%" PRIu64 ", columns %" PRIu64 "-%" PRIu64,
                       row[0], row[1] - 1, column[0], column[1] - 1);
}

/* The root of the area of one of 12 * 4^order equal parts of the Earth. */
#define EARTH_AREA_KM2 510065621.7

void zg_frame_size(const zg_frame *f, unsigned step, char out[48])
{
    double size_m;
    out[0] = '\0';
    if (f->kind == ZAGG_GRID_HEALPIX)
        size_m =
            sqrt(EARTH_AREA_KM2 / 12.0) * 1000.0 / ldexp(1.0, (int)(f->order - step));
    else if (!zg_proj_is_geographic(f->proj))
        size_m = sqrt(f->width * f->height) * ldexp(1.0, (int)step);
    else
        return;
    if (size_m >= 1000.0)
        (void)snprintf(out, 48, "%.3g km", size_m / 1000.0);
    else
        (void)snprintf(out, 48, "%.3g m", size_m);
}
