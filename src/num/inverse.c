/* Arc functions. They start from a short polynomial (error 2^-28) and take one Newton
 * step against the double-double sine or cosine, which makes them as good as those;
 * arguments near 1 go through the half angle. */
#include "num/num.h"
#include "num/trig_kernel.h"

static const zg_dd zg_pi = {3.141592653589793, 1.2246467991473532e-16};
static const zg_dd zg_half_pi = {1.5707963267948966, 6.123233995736766e-17};

/** asin(s) for |s| <= 1/2, s in double-double. */
static zg_dd asin_small(zg_dd s)
{
    double z = s.hi * s.hi;
    double p = 0.1666666668609178 +
               z * (0.07499992402305881 +
                    z * (0.04464766501999954 +
                         z * (0.030269116781969824 +
                              z * (0.023612006624658625 +
                                   z * (0.010573669029409 + z * 0.030975632157020525)))));
    zg_dd guess = {s.hi + s.hi * z * p, 0.0};
    zg_dd sine = zg_trig_sin_kernel(guess);
    double cosine = zg_trig_cos_kernel(guess).hi;
    double step = ((s.hi - sine.hi) + (s.lo - sine.lo)) / cosine;
    return zg_dd_fast_sum(guess.hi, step);
}

/** asin(sqrt((1 - x) / 2)) for 1/2 < x <= 1: half of acos(x). */
static zg_dd half_acos(double x)
{
    double v = 0.5 * (1.0 - x); /* exact: x lies in [1/2, 1] */
    double root = sqrt(v);
    if (root == 0.0)
        return (zg_dd){0.0, 0.0};
    zg_dd square = zg_dd_product(root, root);
    zg_dd s = {root, ((v - square.hi) - square.lo) / (2.0 * root)};
    return asin_small(s);
}

/** base + scale * a, rounded once (scale a power of two). */
static double offset(zg_dd base, double scale, zg_dd a)
{
    zg_dd s = zg_dd_sum(base.hi, scale * a.hi);
    return s.hi + (s.lo + (base.lo + scale * a.lo));
}

double zg_asin(double x)
{
    double a = fabs(x);
    if (!(a <= 1.0))
        return (double)NAN;
    if (x == 0.0)
        return x;
    double r = a <= 0.5 ? asin_small((zg_dd){a, 0.0}).hi
                        : offset(zg_half_pi, -2.0, half_acos(a));
    return copysign(r, x);
}

double zg_acos(double x)
{
    if (!(fabs(x) <= 1.0))
        return (double)NAN;
    if (fabs(x) <= 0.5)
        return offset(zg_half_pi, -1.0, asin_small((zg_dd){x, 0.0}));
    if (x > 0.0)
        return 2.0 * half_acos(x).hi;
    return offset(zg_pi, -2.0, half_acos(-x));
}

/** atan(y / x) for 0 <= y <= x and 1 <= x < 2. */
static zg_dd atan_octant(double y, double x)
{
    double t = y / x, z = t * t;
    double p = -0.33333333081054933 +
               z * (0.19999949317965718 +
                    z * (-0.14284003704264273 +
                         z * (0.1108826063920036 +
                              z * (-0.08931821370929678 +
                                   z * (0.07031897703730267 +
                                        z * (-0.04896021736455377 +
                                             z * (0.026304691903364187 +
                                                  z * (-0.00914445637898986 +
                                                       z * 0.0014886515200127353))))))));
    zg_dd guess = {t + t * z * p, 0.0};
    zg_dd s = zg_trig_sin_kernel(guess), c = zg_trig_cos_kernel(guess);
    /* tan(angle - guess) = (y cos - x sin) / (x cos + y sin) */
    zg_dd yc = zg_dd_product(y, c.hi), xs = zg_dd_product(x, s.hi);
    double rest = (yc.hi - xs.hi) + ((yc.lo + y * c.lo) - (xs.lo + x * s.lo));
    return zg_dd_fast_sum(guess.hi, rest / (x * c.hi + y * s.hi));
}

/** The same for any 0 < y <= x. */
static zg_dd atan_ratio(double y, double x)
{
    if (y < x * 0x1p-60)
        return (zg_dd){y / x, 0.0};
    int64_t k;
    const double m = zg_mantissa(x, &k);
    /* 2^-k in two steps: that of a subnormal is too large for one */
    return atan_octant(y * zg_power_of_two(-(k / 2)) * zg_power_of_two(k / 2 - k), m);
}

double zg_atan2(double y, double x)
{
    if (isnan(x) || isnan(y))
        return (double)NAN;
    double ay = fabs(y), ax = fabs(x);
    if (isinf(ay) || isinf(ax)) { /* as for 1 and 0 in their place */
        ay = isinf(ay) ? 1.0 : 0.0;
        ax = isinf(ax) ? 1.0 : 0.0;
    }
    if (ay == 0.0) /* C: the sign of y, 0 or pi by the sign of x */
        return copysign(signbit(x) ? zg_pi.hi : 0.0, y);
    double r;
    if (ay <= ax) {
        zg_dd a = atan_ratio(ay, ax);
        r = signbit(x) ? offset(zg_pi, -1.0, a) : a.hi;
    } else if (ax == 0.0) {
        r = zg_half_pi.hi;
    } else {
        r = offset(zg_half_pi, signbit(x) ? 1.0 : -1.0, atan_ratio(ax, ay));
    }
    return copysign(r, y);
}

double zg_atan(double x)
{
    if (isnan(x))
        return (double)NAN;
    return fabs(x) < 0x1p-28 ? x : zg_atan2(x, 1.0);
}
