/* Cells against edges. */
#include "geo/cell_shape.h"

#include "geo/cells.h"

#include <math.h>

/* Room of a cap for what lies between the corners, and for children that stick out. */
#define CAP_MARGIN 1.3
#define CAP_SLACK 1e-15
/* The probe within the triangle of centre, N and E. */
#define PROBE_CENTRE 0.5873021
#define PROBE_NORTH 0.2291407
#define PROBE_EAST 0.1835572

enum { NORTH, WEST, SOUTH, EAST, SIDE_POINTS = 16 };

/* From the centre to the corners, in halves of the diagonals. */
static const double corner_x[] = {0.0, -1.0, 0.0, 1.0};
static const double corner_y[] = {1.0, 0.0, -1.0, 0.0};

static zg_vector plane_point(double x, double y)
{
    double lat, lon;
    zg_unproject(x < 0.0 ? x + 8.0 : x, y, &lat, &lon);
    return zg_vector_of(lat, lon);
}

static double half_diagonal(unsigned order)
{
    return 1.0 / (double)(UINT32_C(1) << order);
}

/** What follows from centre and corners. */
static void complete(zg_cell_shape *s)
{
    double radius = 0.0;
    for (unsigned k = 0; k < 4; k++)
        radius = fmax(radius, zg_length(zg_less(s->corners[k], s->centre)));
    s->radius = CAP_MARGIN * radius + CAP_SLACK;
    s->probe = zg_unit(zg_plus(zg_scaled(s->centre, PROBE_CENTRE),
                               zg_plus(zg_scaled(s->corners[NORTH], PROBE_NORTH),
                                       zg_scaled(s->corners[EAST], PROBE_EAST))));
}

void zg_cell_shape_of(uint64_t nested, unsigned order, zg_cell_shape *out)
{
    double t = half_diagonal(order);
    *out = (zg_cell_shape){.nested = nested, .order = order};
    zg_projected_centre(nested, order, &out->x, &out->y);
    out->centre = plane_point(out->x, out->y);
    for (unsigned k = 0; k < 4; k++)
        out->corners[k] = plane_point(out->x + corner_x[k] * t, out->y + corner_y[k] * t);
    complete(out);
}

/* Children 0..3 are those at the corners S, E, W, N; beside them lie the middles of the
 * sides. All coordinates in the plane are exact, so that a point has the same bits from
 * whichever cell it is made, but for x = 0, which is x = 8 to the cells west of it. */
void zg_cell_shape_split(const zg_cell_shape *parent, zg_cell_shape children[4])
{
    static const unsigned corner_of[] = {SOUTH, EAST, WEST, NORTH};
    double t = half_diagonal(parent->order);
    if (parent->x - t <= 0.0 || parent->x + t >= 8.0) {
        for (uint64_t k = 0; k < 4; k++)
            zg_cell_shape_of(4u * parent->nested + k, parent->order + 1u, &children[k]);
        return;
    }
    zg_vector middles[4]; /* of the sides NW, WS, SE, EN */
    for (unsigned k = 0; k < 4; k++) {
        unsigned next = (k + 1u) % 4u;
        middles[k] = plane_point(parent->x + 0.5 * t * (corner_x[k] + corner_x[next]),
                                 parent->y + 0.5 * t * (corner_y[k] + corner_y[next]));
    }
    for (unsigned k = 0; k < 4; k++) {
        unsigned at = corner_of[k], before = (at + 3u) % 4u;
        zg_cell_shape *c = &children[k];
        *c = (zg_cell_shape){.nested = 4u * parent->nested + k,
                             .order = parent->order + 1u,
                             .x = parent->x + 0.5 * t * corner_x[at],
                             .y = parent->y + 0.5 * t * corner_y[at]};
        c->centre = plane_point(c->x, c->y);
        c->corners[at] = parent->corners[at];
        c->corners[(at + 2u) % 4u] = parent->centre;
        c->corners[(at + 1u) % 4u] = middles[at];
        c->corners[before] = middles[before];
        complete(c);
    }
}

bool zg_cell_near(const zg_cell_shape *cell, const zg_edge *edge)
{
    if (fabs(zg_dot(edge->normal, cell->centre)) > cell->radius)
        return false;
    zg_vector apart = zg_less(edge->middle, cell->centre);
    double reach = edge->half + cell->radius;
    return zg_dot(apart, apart) <= reach * reach;
}

/* ---- sides ---- */

/** The edge against one side or spoke p-q whose ends' sides are known. */
static bool crosses(const zg_edge *e, zg_vector p, zg_vector q, int p_side, int q_side)
{
    return p_side * q_side < 0 &&
           zg_arcs_cross(p_side, q_side, zg_side(p, q, e->a), zg_side(p, q, e->b));
}

/** The edge against a ring of points and the spokes to them. */
static bool meets(zg_vector centre, const zg_vector *points, unsigned n, const zg_edge *e)
{
    int sides[ZG_OUTLINE_POINTS], centre_side = zg_side(e->a, e->b, centre);
    for (unsigned k = 0; k < n; k++)
        sides[k] = zg_side(e->a, e->b, points[k]);
    for (unsigned k = 0; k < n; k++) {
        unsigned next = (k + 1u) % n;
        zg_vector p = points[k], q = points[next];
        if (crosses(e, p, q, sides[k], sides[next]) ||
            crosses(e, centre, p, centre_side, sides[k]) || zg_touches(e->a, e->b, p) ||
            zg_touches(p, q, e->a) || zg_touches(p, q, e->b))
            return true;
    }
    return false;
}

/** Points a side that its curve asks for: near the poles sides are not their chords. */
static unsigned points_a_side(const zg_cell_shape *cell)
{
    static const double near_pole[] = {0.03, 0.03, 0.03,  0.03,   0.03,
                                       0.03, 0.02, 0.005, 0.00125};
    double z = 0.0;
    if (cell->order >= sizeof near_pole / sizeof near_pole[0])
        return 1;
    for (unsigned k = 0; k < 4; k++)
        z = fmax(z, fabs(cell->corners[k].z));
    if (1.0 - z >= near_pole[cell->order])
        return 1;
    return cell->order <= 3 ? SIDE_POINTS : cell->order == 4 ? 8 : 4;
}

void zg_cell_outline(const zg_cell_shape *cell, zg_outline *out)
{
    double t = half_diagonal(cell->order);
    unsigned side = points_a_side(cell);
    out->n = 0;
    for (unsigned k = 0; k < 4 && side > 1; k++)
        for (unsigned s = 0; s < side; s++) {
            double f = (double)s / (double)side;
            unsigned next = (k + 1u) % 4u;
            double dx = corner_x[k] * (1.0 - f) + corner_x[next] * f;
            double dy = corner_y[k] * (1.0 - f) + corner_y[next] * f;
            out->points[out->n++] = s == 0
                                        ? cell->corners[k]
                                        : plane_point(cell->x + dx * t, cell->y + dy * t);
        }
}

bool zg_cell_meets(const zg_cell_shape *cell, const zg_outline *outline, const zg_edge *e)
{
    return meets(cell->centre, cell->corners, 4, e) ||
           (outline->n > 0 && meets(cell->centre, outline->points, outline->n, e));
}
