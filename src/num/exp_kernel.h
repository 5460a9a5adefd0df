/* The exponential as 2^k times a table of 2^(j/128) times a short series. */
#ifndef ZG_NUM_EXP_KERNEL_H
#define ZG_NUM_EXP_KERNEL_H

#include "num/tables.h"

/** x = n ln2 / 128 + r, |r| < 2^-8.5. */
typedef struct zg_exp_split {
    zg_dd r;
    zg_dd step; /* 2^(j / 128) with j = n mod 128 */
    int64_t k;  /* n div 128 */
} zg_exp_split;

/* n of up to 18 bits, from its double. */
static inline ZG_ALWAYS void zg_exp_step(double n, zg_exp_split *s)
{
    const int64_t i = (int64_t)n;
    const int64_t j = i & (ZG_EXP2_STEPS - 1);
    s->k = (i - j) / ZG_EXP2_STEPS;
    s->step = zg_exp2_table[j];
}

static inline ZG_ALWAYS double zg_nearest_integer(double x)
{
    return (x + 0x1.8p+52) - 0x1.8p+52;
}

/** For |x| < 800; x.lo is used in full. */
static inline ZG_ALWAYS zg_exp_split zg_exp_reduce(zg_dd x)
{
    const double inverse = 0x1.71547652b82fep+7; /* 128 / ln2 */
    const double part1 = 0x1.62e42fefp-8;        /* ln2 / 128: first 33 bits */
    const double part2 = 0x1.473de6af278edp-41;  /* and the rest */
    const double n = zg_nearest_integer(x.hi * inverse);
    zg_exp_split s;
    zg_exp_step(n, &s);
    s.r = zg_dd_sum(x.hi - n * part1, x.lo - n * part2);
    return s;
}

/** e^r - 1 - r, relative error 2^-53. */
static inline ZG_ALWAYS double zg_exp_tail(double r)
{
    return r * r *
           (0.5 +
            r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0)))));
}

/** e^x / 2^s.k: in [0.99, 2), relative error 2^-61. */
static inline ZG_ALWAYS zg_dd zg_exp_value(const zg_exp_split *s)
{
    const double p = s->r.hi + (s->r.lo + zg_exp_tail(s->r.hi));
    return zg_dd_fast_sum(s->step.hi, s->step.lo + s->step.hi * p);
}

/** e^x - 1 for |x| < 60, relative error 2^-60. */
static inline zg_dd zg_expm1_value(double x)
{
    const zg_exp_split s = zg_exp_reduce((zg_dd){x, 0.0});
    const zg_dd p = zg_dd_fast_sum(s.r.hi, s.r.lo + zg_exp_tail(s.r.hi));
    const double scale = zg_power_of_two(s.k);
    const zg_dd a = {s.step.hi * scale, s.step.lo * scale};
    const zg_dd whole = zg_dd_sum(a.hi, -1.0), part = zg_dd_mul(a, p);
    return zg_dd_add((zg_dd){whole.hi, whole.lo + a.lo}, part);
}

#endif
