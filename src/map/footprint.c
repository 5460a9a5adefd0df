/* Polygons of items: which ring stands for them. */
#include "map/footprint.h"

#include <math.h>

bool zg_footprint_is_polygonal(const zagg_shape *shape)
{
    for (size_t i = 0; i < shape->n_parts; i++)
        if (shape->parts[i].kind == ZAGG_SHAPE_POLYGON && shape->parts[i].n_rings > 0)
            return true;
    return false;
}

/** Area in square degrees, seen from the first vertex. */
static double ring_area(const zagg_ring *r)
{
    double sum = 0.0;
    for (size_t i = 1; i + 1 < r->n; i++) {
        const double x0 = r->lon_deg[i] - r->lon_deg[0],
                     y0 = r->lat_deg[i] - r->lat_deg[0];
        const double x1 = r->lon_deg[i + 1] - r->lon_deg[0];
        const double y1 = r->lat_deg[i + 1] - r->lat_deg[0];
        sum += x0 * y1 - x1 * y0;
    }
    return 0.5 * fabs(sum);
}

const zagg_ring *zg_footprint_record_ring(const zagg_shape *shape)
{
    const zagg_ring *best = NULL;
    double best_area = 0.0;
    for (size_t i = 0; i < shape->n_parts; i++) {
        const zagg_shape_part *part = &shape->parts[i];
        if (part->kind != ZAGG_SHAPE_POLYGON || part->n_rings == 0)
            continue;
        double area = ring_area(&part->rings[0]);
        for (size_t k = 1; k < part->n_rings; k++)
            area -= ring_area(&part->rings[k]);
        if (best == NULL || area > best_area) {
            best = &part->rings[0];
            best_area = area;
        }
    }
    return best;
}

zagg_status zg_footprint_all_rings(zagg_arena *arena, const zagg_shape *shape,
                                   zg_rings *out, zagg_err *err)
{
    size_t n = 0;
    zagg_ring *rings;
    for (size_t i = 0; i < shape->n_parts; i++)
        if (shape->parts[i].kind == ZAGG_SHAPE_POLYGON)
            n += shape->parts[i].n_rings;
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof *rings, &rings, err));
    n = 0;
    for (size_t i = 0; i < shape->n_parts; i++)
        if (shape->parts[i].kind == ZAGG_SHAPE_POLYGON)
            for (size_t k = 0; k < shape->parts[i].n_rings; k++)
                rings[n++] = shape->parts[i].rings[k];
    *out = (zg_rings){rings, n};
    return ZAGG_OK;
}
