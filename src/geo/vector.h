/* Points of the sphere as vectors, and on which side of a great circle they lie. */
#ifndef ZG_GEO_VECTOR_H
#define ZG_GEO_VECTOR_H

#include <stdbool.h>

typedef struct zg_vector {
    double x, y, z;
} zg_vector;

static inline zg_vector zg_cross(zg_vector a, zg_vector b)
{
    return (zg_vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z,
                       a.x * b.y - a.y * b.x};
}

static inline double zg_dot(zg_vector a, zg_vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline zg_vector zg_less(zg_vector a, zg_vector b)
{
    return (zg_vector){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline zg_vector zg_plus(zg_vector a, zg_vector b)
{
    return (zg_vector){a.x + b.x, a.y + b.y, a.z + b.z};
}

static inline zg_vector zg_scaled(zg_vector a, double s)
{
    return (zg_vector){a.x * s, a.y * s, a.z * s};
}

double zg_length(zg_vector a);
/** Of length 1; unchanged where it has none. */
zg_vector zg_unit(zg_vector a);

/** Unit vector of a point in radians. Components too small to be multiplied exactly are
 * 0. */
zg_vector zg_vector_of(double lat_rad, double lon_rad);

/** Sign of the determinant of the three, exactly: > 0 where c lies to the left of the
 * great circle from a to b. */
int zg_side(zg_vector a, zg_vector b, zg_vector c);

/** c lies on the arc from a to b as far as doubles can tell. False for arcs too short
 * for that to mean anything. */
bool zg_touches(zg_vector a, zg_vector b, zg_vector c);

/** Do the arcs a-b and p-q (each shorter than half a turn) cross? sides of p, q by a-b
 * and of a, b by p-q are given; a zero is no crossing. */
static inline bool zg_arcs_cross(int p_by_ab, int q_by_ab, int a_by_pq, int b_by_pq)
{
    return p_by_ab != 0 && q_by_ab == -p_by_ab && a_by_pq == q_by_ab &&
           b_by_pq == p_by_ab;
}

#endif
