/* Cells against edges. */
#include "geo/cell_shape.h"

#include "geo/cells.h"

#include <math.h>

/* Room of a cap for what lies between the corners, and for children that stick out. */
#define CAP_MARGIN 1.3
#define CAP_SLACK 1e-15
/* Place of the probe, in halves of the diagonals. */
#define PROBE_X 0.1370421
#define PROBE_Y 0.0713907

static zg_vector plane_point(double x, double y)
{
    double lat, lon;
    zg_unproject(x < 0.0 ? x + 8.0 : x, y, &lat, &lon);
    return zg_vector_of(lat, lon);
}

/** Points a side: curved sides near the poles are not their chords. */
static unsigned points_a_side(unsigned order, const zg_vector corners[4])
{
    static const double near_pole[] = {0.03, 0.03, 0.03,  0.03,   0.03,
                                       0.03, 0.02, 0.005, 0.00125};
    double z = 0.0;
    if (order >= sizeof near_pole / sizeof near_pole[0])
        return 1;
    for (unsigned k = 0; k < 4; k++)
        z = fmax(z, fabs(corners[k].z));
    if (1.0 - z >= near_pole[order])
        return 1;
    return order <= 3 ? 16 : order == 4 ? 8 : 4;
}

void zg_cell_shape_of(uint64_t nested, unsigned order, zg_cell_shape *out)
{
    static const double dx[] = {0.0, -1.0, 0.0, 1.0}, dy[] = {1.0, 0.0, -1.0, 0.0};
    double x, y, t = 1.0 / (double)(UINT32_C(1) << order);
    zg_vector corners[4];
    zg_projected_centre(nested, order, &x, &y);
    out->centre = plane_point(x, y);
    out->probe = plane_point(x + PROBE_X * t, y + PROBE_Y * t);
    for (unsigned k = 0; k < 4; k++)
        corners[k] = plane_point(x + dx[k] * t, y + dy[k] * t);
    unsigned side = points_a_side(order, corners);
    double radius = 0.0;
    out->n = 0;
    for (unsigned k = 0; k < 4; k++)
        for (unsigned s = 0; s < side; s++) {
            double f = (double)s / (double)side;
            zg_vector v = corners[k];
            if (s > 0)
                v = plane_point(x + (dx[k] * (1.0 - f) + dx[(k + 1) % 4] * f) * t,
                                y + (dy[k] * (1.0 - f) + dy[(k + 1) % 4] * f) * t);
            out->outline[out->n++] = v;
            radius = fmax(radius, zg_length(zg_less(v, out->centre)));
        }
    out->radius = CAP_MARGIN * radius + CAP_SLACK;
}

bool zg_cell_near(const zg_cell_shape *cell, const zg_edge *edge)
{
    if (fabs(zg_dot(edge->normal, cell->centre)) > cell->radius)
        return false;
    zg_vector apart = zg_less(edge->middle, cell->centre);
    double reach = edge->half + cell->radius;
    return zg_dot(apart, apart) <= reach * reach;
}

/** The edge against one side or spoke p-q whose ends' sides are known. */
static bool crosses(const zg_edge *e, zg_vector p, zg_vector q, int p_side, int q_side)
{
    return p_side * q_side < 0 &&
           zg_arcs_cross(p_side, q_side, zg_side(p, q, e->a), zg_side(p, q, e->b));
}

/** The edge against a ring of points around the centre: every `step`-th of the outline.
 */
static bool meets(const zg_cell_shape *cell, const zg_edge *e, const int *sides,
                  int centre, unsigned step)
{
    for (unsigned k = 0; k < cell->n; k += step) {
        unsigned next = (k + step) % cell->n;
        zg_vector p = cell->outline[k], q = cell->outline[next];
        if (crosses(e, p, q, sides[k], sides[next]) ||
            crosses(e, cell->centre, p, centre, sides[k]) || zg_touches(e->a, e->b, p) ||
            zg_touches(p, q, e->a) || zg_touches(p, q, e->b))
            return true;
    }
    return false;
}

bool zg_cell_meets(const zg_cell_shape *cell, const zg_edge *e)
{
    int sides[ZG_SHAPE_POINTS];
    int centre = zg_side(e->a, e->b, cell->centre);
    for (unsigned k = 0; k < cell->n; k++)
        sides[k] = zg_side(e->a, e->b, cell->outline[k]);
    return meets(cell, e, sides, centre, cell->n / 4) ||
           (cell->n > 4 && meets(cell, e, sides, centre, 1));
}
