/* Sine and cosine as one fixed sequence of IEEE operations, so that cells depend neither
 * on the CPU nor on its libm. Arguments are reduced by pi/2 in three parts (Cody and
 * Waite 1980); polynomials interpolate the remainder of the Taylor series at Chebyshev
 * nodes; products that matter are kept in double-double. Loops over points inline all of
 * it. */
#ifndef ZG_NUM_TRIG_KERNEL_H
#define ZG_NUM_TRIG_KERNEL_H

#include "num/dd.h"

/* Reduction is exact to 2^-100 below this; geographic angles stay under 400 rad. */
#define ZG_TRIG_MAX_RAD 1.0e5

/** x = n * pi/2 + r with |r| <= pi/4 (a hair more at ties); |x| < ZG_TRIG_MAX_RAD. */
static inline ZG_ALWAYS zg_dd zg_trig_reduce(double x, int64_t *n)
{
    const double two_over_pi = 0.6366197723675814;
    const double part1 = 0x1.921fb544p+0;       /* pi/2: first 33 bits */
    const double part2 = 0x1.0b4611a6p-34;      /* next 33 bits */
    const double part3 = 0x1.3198a2e037073p-69; /* and the rest */
    const double round_to_integer = 0x1.8p+52;
    double q = (x * two_over_pi + round_to_integer) - round_to_integer;
    *n = (int64_t)q;
    zg_dd r = zg_dd_sum(x - q * part1, -(q * part2));
    r.lo -= q * part3;
    return zg_dd_fast_sum(r.hi, r.lo);
}

/* sin r = r - r^3/6 + r^5 P(r^2) on |r| <= pi/4, error 2^-64 */
static inline ZG_ALWAYS double zg_trig_sin_tail(double z)
{
    return 0.008333333333333333 +
           z * (-0.00019841269841268963 +
                z * (2.755731922232443e-06 +
                     z * (-2.505210723603745e-08 +
                          z * (1.6058684329175855e-10 + z * -7.595306678125121e-13))));
}

/* cos r = 1 - r^2/2 + r^4/24 + r^6 P(r^2) on |r| <= pi/4, error 2^-66 */
static inline ZG_ALWAYS double zg_trig_cos_tail(double z)
{
    return -0.001388888888888889 +
           z * (2.4801587301586814e-05 +
                z * (-2.755731922306237e-07 +
                     z * (2.0876756348991543e-09 +
                          z * (-1.1470545781861682e-11 + z * 4.7506581205663246e-14))));
}

/** sin(r) for |r| <= pi/4; relative error about 2^-62. */
static inline ZG_ALWAYS zg_dd zg_trig_sin_kernel(zg_dd r)
{
    const double sixth = 0.16666666666666666, sixth_lo = 9.25185853854297e-18;
    zg_dd z = zg_dd_product(r.hi, r.hi);
    z.lo += 2.0 * r.hi * r.lo;
    zg_dd u = zg_dd_fast_sum(-sixth, z.hi * zg_trig_sin_tail(z.hi));
    u.lo -= sixth_lo;
    zg_dd w = zg_dd_mul(zg_dd_mul(z, u), r);
    zg_dd s = zg_dd_fast_sum(r.hi, w.hi);
    return zg_dd_fast_sum(s.hi, s.lo + (w.lo + r.lo));
}

/** cos(r) for |r| <= pi/4; relative error about 2^-62. */
static inline ZG_ALWAYS zg_dd zg_trig_cos_kernel(zg_dd r)
{
    const double i24 = 0.041666666666666664, i24_lo = 2.3129646346357427e-18;
    zg_dd z = zg_dd_product(r.hi, r.hi);
    z.lo += 2.0 * r.hi * r.lo;
    zg_dd u = zg_dd_fast_sum(i24, z.hi * zg_trig_cos_tail(z.hi));
    u.lo += i24_lo;
    zg_dd v = zg_dd_mul(z, u);
    zg_dd t = zg_dd_fast_sum(-0.5, v.hi);
    t.lo += v.lo;
    zg_dd w = zg_dd_mul(z, t);
    zg_dd s = zg_dd_fast_sum(1.0, w.hi);
    return zg_dd_fast_sum(s.hi, s.lo + w.lo);
}

/** Sine and cosine of 0 <= x <= pi to about 1 ulp, for the terms of a series that are
 * small beside its sum. */
static inline ZG_ALWAYS void zg_trig_sincos_quick(double x, double *sine, double *cosine)
{
    const double part1 = 0x1.921fb544p+0; /* pi/2: first 33 bits, and the rest */
    const double rest = 0x1.0b4611a626331p-34;
    const double quarter = 0.7853981633974483;
    bool past1 = x > quarter, past3 = x > 3.0 * quarter, odd = past1 != past3;
    double n = zg_select(past1, 1.0, 0.0) + zg_select(past3, 1.0, 0.0);
    double r = (x - n * part1) - n * rest;
    double z = r * r;
    double s = r + r * z * (-0.16666666666666666 + z * zg_trig_sin_tail(z));
    double c = z * (0.041666666666666664 + z * zg_trig_cos_tail(z));
    c = 1.0 + z * (-0.5 + c);
    *sine = zg_select(odd, c, zg_select(past3, -s, s));
    *cosine = zg_select(odd, -s, zg_select(past3, -c, c));
}

#endif
