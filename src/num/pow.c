/* Powers as exp(y ln x), the logarithm and the product in double-double. */
#include "num/exp_kernel.h"
#include "num/log_kernel.h"
#include "num/num.h"

/* 0: y is no integer, 1: odd, 2: even. */
static int parity(double y)
{
    const double a = fabs(y);
    if (a >= 0x1p+53)
        return 2;
    if (a != floor(a))
        return 0;
    return (int64_t)a % 2 != 0 ? 1 : 2;
}

/* Where x is 0 or one of them is not finite. */
static double special(double x, double y)
{
    if (isnan(x) || isnan(y))
        return (double)NAN;
    if (isinf(y)) {
        const double a = fabs(x);
        if (a == 1.0)
            return 1.0;
        return (a > 1.0) == (y > 0.0) ? (double)INFINITY : 0.0;
    }
    const double sign = signbit(x) && parity(y) == 1 ? -1.0 : 1.0;
    return (x == 0.0) == (y > 0.0) ? copysign(0.0, sign) : sign * (double)INFINITY;
}

/** a^y for finite a > 0. */
static double positive(double a, double y)
{
    if (fabs(y) < 0x1p-65)
        return 1.0;
    double below = 0.0, k;
    if (a < 0x1p-1022) {
        a *= 0x1p+54;
        below = 54.0;
    }
    const zg_dd part = zg_log_parts(a, 0.0, &k);
    const zg_dd log = zg_log_join(k - below, part);
    const double about = y * log.hi;
    if (about > 709.8)
        return (double)INFINITY;
    if (about < -745.2)
        return 0.0;
    zg_dd product = zg_dd_product(y, log.hi);
    product.lo += y * log.lo;
    const zg_exp_split s = zg_exp_reduce(product);
    return zg_dd_scale(zg_exp_value(&s), s.k);
}

double zg_pow(double x, double y)
{
    if (x == 1.0 || y == 0.0)
        return 1.0;
    if (x == 0.0 || !isfinite(x) || !isfinite(y))
        return special(x, y);
    if (x > 0.0)
        return positive(x, y);
    const int kind = parity(y);
    if (kind == 0)
        return (double)NAN;
    const double r = x == -1.0 ? 1.0 : positive(-x, y);
    return kind == 1 ? -r : r;
}
