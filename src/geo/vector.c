/* Exact sides: the sign of a determinant of doubles. A quick bound decides nearly always;
 * else its 24 products are added without rounding (Shewchuk 1997). */
#include "geo/vector.h"

#include "num/dd.h"
#include "num/num.h"

#define TINY 0x1p-200
/* Largest error of det() against the sum of the absolute products. */
#define DET_ERROR 0x1p-50
/* The same where the second and third vector are differences: three roundings more a
 * product. */
#define NEAR_ERROR 0x1p-48
#define TOUCH_ERROR (4.0 * 0x1p-52)
/* A touch must be finer than this share of the arc. */
#define TOUCH_SHARE 0.01

double zg_length(zg_vector a)
{
    return sqrt(zg_dot(a, a));
}

zg_vector zg_unit(zg_vector a)
{
    double length = zg_length(a);
    return length > 0.0 ? zg_scaled(a, 1.0 / length) : a;
}

static double flushed(double x)
{
    return fabs(x) < TINY ? 0.0 : x;
}

zg_vector zg_vector_of(double lat_rad, double lon_rad)
{
    double c = zg_cos(lat_rad);
    return (zg_vector){flushed(c * zg_cos(lon_rad)), flushed(c * zg_sin(lon_rad)),
                       flushed(zg_sin(lat_rad))};
}

static double det(zg_vector a, zg_vector b, zg_vector c)
{
    return (a.y * b.z - a.z * b.y) * c.x + (a.z * b.x - a.x * b.z) * c.y +
           (a.x * b.y - a.y * b.x) * c.z;
}

/** Sum of the absolute values of the six products. */
static double permanent(zg_vector a, zg_vector b, zg_vector c)
{
    return (fabs(a.y * b.z) + fabs(a.z * b.y)) * fabs(c.x) +
           (fabs(a.z * b.x) + fabs(a.x * b.z)) * fabs(c.y) +
           (fabs(a.x * b.y) + fabs(a.y * b.x)) * fabs(c.z);
}

/** A sum without rounding: parts that do not overlap, the largest last. */
typedef struct exact {
    double parts[32];
    unsigned n;
} exact;

static void add(exact *e, double x)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < e->n; i++) {
        zg_dd s = zg_dd_sum(x, e->parts[i]);
        x = s.hi;
        if (s.lo != 0.0)
            e->parts[kept++] = s.lo;
    }
    if (x != 0.0)
        e->parts[kept++] = x;
    e->n = kept;
}

static void add_product(exact *e, double x, double y, double z)
{
    zg_dd xy = zg_dd_product(x, y);
    zg_dd high = zg_dd_product(xy.hi, z), low = zg_dd_product(xy.lo, z);
    add(e, low.lo);
    add(e, low.hi);
    add(e, high.lo);
    add(e, high.hi);
}

static int exact_side(zg_vector a, zg_vector b, zg_vector c)
{
    exact e = {.n = 0};
    add_product(&e, a.y, b.z, c.x);
    add_product(&e, -a.z, b.y, c.x);
    add_product(&e, a.z, b.x, c.y);
    add_product(&e, -a.x, b.z, c.y);
    add_product(&e, a.x, b.y, c.z);
    add_product(&e, -a.y, b.x, c.z);
    if (e.n == 0)
        return 0;
    return e.parts[e.n - 1] > 0.0 ? 1 : -1;
}

/** The same determinant seen from a: the parts of b - a and c - a are right to half a
 * place each, so that points close to each other are told apart. 0 where this does not
 * decide. */
static int near_side(zg_vector a, zg_vector to_b, zg_vector to_c)
{
    double d = det(a, to_b, to_c), bound = NEAR_ERROR * permanent(a, to_b, to_c);
    return (d > bound) - (d < -bound);
}

int zg_side(zg_vector a, zg_vector b, zg_vector c)
{
    double d = det(a, b, c), bound = DET_ERROR * permanent(a, b, c);
    if (d > bound)
        return 1;
    if (d < -bound)
        return -1;
    const int near = near_side(a, zg_less(b, a), zg_less(c, a));
    return near != 0 ? near : exact_side(a, b, c);
}

bool zg_touches(zg_vector a, zg_vector b, zg_vector c)
{
    double bound = TOUCH_ERROR * permanent(a, b, c);
    if (!(fabs(det(a, b, c)) <= bound))
        return false;
    zg_vector n = zg_cross(a, b);
    return bound <= TOUCH_SHARE * zg_dot(n, n) &&
           zg_dot(zg_cross(n, a), c) >= -TOUCH_ERROR &&
           zg_dot(zg_cross(b, n), c) >= -TOUCH_ERROR;
}
