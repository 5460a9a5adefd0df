/* Lines as upstream covers them: the cells of points along each segment. */
#include "geo/cell_shape.h"
#include "geo/latitude.h"
#include "num/num.h"

#include <math.h>
#include <stdlib.h>

#define DEFAULT_MAX_CELLS ((size_t)1 << 26)
/* Shorter segments have only their ends, radians. */
#define SHORTEST_ARC 1e-6
#define ZG_PI 3.141592653589793

typedef struct sampler {
    unsigned order;
    double step; /* half the side of a cell, radians */
    zg_vec cells;
    const zagg_ring *line;
    zagg_latitude latitude;
} sampler;

static zagg_status add_cell(sampler *s, uint64_t nested, zagg_err *err)
{
    /* neighbours along a line are mostly in one cell */
    if (s->cells.len > 0 && *ZG_VEC_AT(&s->cells, uint64_t, s->cells.len - 1) == nested)
        return ZAGG_OK;
    uint64_t *slot = zg_vec_push(&s->cells);
    if (slot == NULL)
        return s->cells.len >= s->cells.max_len
                   ? zagg_err_set(err, ZAGG_ERANGE,
                                  "the line has more than %zu cells at order %u: take a "
                                  "coarser order",
                                  s->cells.max_len, s->order)
                   : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the cells of a line");
    *slot = nested;
    return ZAGG_OK;
}

static double radians_of(double lat_deg, zagg_latitude latitude)
{
    double lat = latitude == ZAGG_LATITUDE_AUTHALIC
                     ? zagg_geo_authalic_from_geodetic_deg(lat_deg)
                     : lat_deg;
    return lat * ZG_RAD_PER_DEG;
}

static double haversine(double lat1, double lon1, double lat2, double lon2)
{
    double u = zg_sin(0.5 * (lat2 - lat1)), v = zg_sin(0.5 * (lon2 - lon1));
    double h = u * u + zg_cos(lat1) * zg_cos(lat2) * v * v;
    return 2.0 * zg_asin(fmin(1.0, sqrt(h)));
}

/** Points between two vertices. */
static zagg_status add_segment(sampler *s, size_t i, zagg_err *err)
{
    double lat1 = radians_of(s->line->lat_deg[i], s->latitude);
    double lat2 = radians_of(s->line->lat_deg[i + 1], s->latitude);
    double lon1 = s->line->lon_deg[i] * ZG_RAD_PER_DEG;
    double lon2 = s->line->lon_deg[i + 1] * ZG_RAD_PER_DEG;
    double arc = haversine(lat1, lon1, lat2, lon2), sine = zg_sin(arc);
    zg_vector a = zg_vector_of(lat1, lon1), b = zg_vector_of(lat2, lon2);
    if (arc < SHORTEST_ARC || sine == 0.0)
        return ZAGG_OK;
    const double pieces = ceil(arc / s->step);
    for (double k = 1.0; k < pieces; k += 1.0) {
        double f = k / pieces;
        zg_vector p = zg_plus(zg_scaled(a, zg_sin((1.0 - f) * arc) / sine),
                              zg_scaled(b, zg_sin(f * arc) / sine));
        ZAGG_TRY(add_cell(s, zg_vector_nested(p, s->order), err));
    }
    return ZAGG_OK;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static zagg_status sample(sampler *s, zagg_err *err)
{
    for (size_t i = 0; i < s->line->n; i++) {
        uint64_t nested;
        zagg_geo_nested(&s->line->lat_deg[i], &s->line->lon_deg[i], 1, s->order,
                        s->latitude, &nested);
        ZAGG_TRY(add_cell(s, nested, err));
        if (i + 1 < s->line->n)
            ZAGG_TRY(add_segment(s, i, err));
    }
    uint64_t *cells = s->cells.data;
    for (size_t i = 0; i < s->cells.len; i++)
        cells[i] = zagg_word_from_nested(cells[i], s->order);
    if (s->cells.len > 1)
        qsort(cells, s->cells.len, sizeof *cells, by_number);
    return ZAGG_OK;
}

zagg_status zagg_cover_line(const zagg_ring *line, unsigned order,
                            const zagg_cover_opts *opts, zagg_words *out, zagg_err *err)
{
    static const zagg_cover_opts DEFAULTS = ZAGG_COVER_OPTS_INIT;
    const zagg_cover_opts *o = opts != NULL ? opts : &DEFAULTS;
    const size_t max_cells = o->max_cells != 0 ? o->max_cells : DEFAULT_MAX_CELLS;
    if (order < 1 || order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_EARG, "Order must be between 1 and %d",
                            ZAGG_GEO_MAX_ORDER);
    if (line->n == 0)
        return zagg_err_set(err, ZAGG_EARG, "a line needs at least one vertex");
    ZAGG_TRY(zg_check_points(line, err));
    sampler s = {.order = order,
                 .step = 0.5 * sqrt(ZG_PI / 3.0) / (double)(UINT32_C(1) << order),
                 .line = line,
                 .latitude = o->latitude};
    zg_vec_init(&s.cells, sizeof(uint64_t), max_cells);
    zagg_status status = sample(&s, err);
    if (status == ZAGG_OK)
        status = o->flat ? zagg_moc_to_order(s.cells.data, s.cells.len, order, max_cells,
                                             out, err)
                         : zagg_moc_compress(s.cells.data, s.cells.len, out, err);
    zg_vec_free(&s.cells);
    return status;
}
