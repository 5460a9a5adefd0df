/* Exponentials and hyperbolic functions. */
#include "num/exp_kernel.h"
#include "num/num.h"

/* Beyond these every result is infinite, or 0. */
static const double EXP_MOST = 709.8, EXP_LEAST = -745.2, EXP2_LEAST = -1075.0;
/* Above this 1 is nothing beside e^x. */
static const double FAR_OUT = 50.0;
/* Below this x^2 is less than half an ulp of 1. */
static const double TINY = 0x1p-28;

double zg_exp(double x)
{
    if (isnan(x))
        return (double)NAN;
    if (x > EXP_MOST)
        return (double)INFINITY;
    if (x < EXP_LEAST)
        return 0.0;
    const zg_exp_split s = zg_exp_reduce((zg_dd){x, 0.0});
    return zg_dd_scale(zg_exp_value(&s), s.k);
}

double zg_exp2(double x)
{
    if (isnan(x))
        return (double)NAN;
    if (x >= 1024.0)
        return (double)INFINITY;
    if (x < EXP2_LEAST)
        return 0.0;
    const zg_dd ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
    const double n = zg_nearest_integer(x * 128.0), rest = x - n / 128.0;
    zg_exp_split s;
    zg_exp_step(n, &s);
    s.r = zg_dd_product(rest, ln2.hi);
    s.r.lo += rest * ln2.lo;
    return zg_dd_scale(zg_exp_value(&s), s.k);
}

double zg_expm1(double x)
{
    if (isnan(x))
        return (double)NAN;
    if (fabs(x) < 0x1p-54)
        return x;
    if (x > FAR_OUT)
        return zg_exp(x);
    return x < -FAR_OUT ? -1.0 : zg_expm1_value(x).hi;
}

/** (e^a + sign e^-a) / 2 for a > FAR_OUT, where the second term is lost. */
static double half_exp(double a)
{
    if (a > EXP_MOST + 1.0)
        return (double)INFINITY;
    const zg_exp_split s = zg_exp_reduce((zg_dd){a, 0.0});
    return zg_dd_scale(zg_exp_value(&s), s.k - 1);
}

double zg_sinh(double x)
{
    const double a = fabs(x);
    if (isnan(x))
        return (double)NAN;
    if (a < TINY)
        return x;
    if (a > FAR_OUT)
        return copysign(half_exp(a), x);
    const zg_dd up = zg_expm1_value(a), down = zg_expm1_value(-a);
    return copysign(0.5 * zg_dd_add(up, (zg_dd){-down.hi, -down.lo}).hi, x);
}

double zg_cosh(double x)
{
    const double a = fabs(x);
    if (isnan(x))
        return (double)NAN;
    if (a > FAR_OUT)
        return half_exp(a);
    const zg_dd sum = zg_dd_add(zg_expm1_value(a), zg_expm1_value(-a));
    return zg_dd_add((zg_dd){1.0, 0.0}, (zg_dd){0.5 * sum.hi, 0.5 * sum.lo}).hi;
}

double zg_tanh(double x)
{
    const double a = fabs(x);
    if (isnan(x))
        return (double)NAN;
    if (a < TINY)
        return x;
    if (a > 0.5 * FAR_OUT)
        return copysign(1.0, x);
    const zg_dd u = zg_expm1_value(2.0 * a);
    return copysign(zg_dd_div(u, zg_dd_add(u, (zg_dd){2.0, 0.0})).hi, x);
}
