/* Cells of a vertex: its own, and where it lies on a side or a corner of that the others
 * that share it. */
#include "geo/cell_shape.h"
#include "geo/sphere.h"
#include "num/num.h"

#include <math.h>

/* Steps into the neighbours, in sides of a cell. */
#define STEP 1e-5

uint64_t zg_vector_nested(zg_vector v, unsigned order)
{
    double z = fmax(-1.0, fmin(1.0, v.z));
    return zg_sphere_nested(zg_asin(z), zg_atan2(v.y, v.x), order,
                            (double)(UINT32_C(1) << order));
}

static bool on_outline(zg_vector v, uint64_t nested, unsigned order)
{
    zg_cell_shape cell;
    zg_cell_shape_of(nested, order, &cell);
    for (unsigned k = 0; k < 4; k++)
        if (zg_touches(cell.corners[k], cell.corners[(k + 1u) % 4u], v))
            return true;
    return false;
}

unsigned zg_vertex_cells(zg_vector v, uint64_t own, unsigned order,
                         uint64_t out[ZG_VERTEX_CELLS])
{
    static const double around[8][2] = {{1.0, 0.0},  {0.7, 0.7},  {0.0, 1.0},
                                        {-0.7, 0.7}, {-1.0, 0.0}, {-0.7, -0.7},
                                        {0.0, -1.0}, {0.7, -0.7}};
    unsigned n = 0;
    out[n++] = own;
    if (!on_outline(v, own, order))
        return n;
    zg_vector any =
        fabs(v.z) < 0.9 ? (zg_vector){0.0, 0.0, 1.0} : (zg_vector){1.0, 0.0, 0.0};
    zg_vector east = zg_unit(zg_cross(any, v)), north = zg_cross(v, east);
    double step = STEP / (double)(UINT32_C(1) << order);
    for (unsigned k = 0; k < 8; k++) {
        zg_vector moved = zg_plus(v, zg_plus(zg_scaled(east, around[k][0] * step),
                                             zg_scaled(north, around[k][1] * step)));
        out[n++] = zg_vector_nested(zg_unit(moved), order);
    }
    return n;
}
