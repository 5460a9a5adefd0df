/* Double-double arithmetic without FMA: a number as the unevaluated sum of two doubles
 * (Dekker 1971; Knuth, TAOCP 2, 4.2.2), good to about 2^-104 of itself. Products need
 * factors below 2^995 and lose exactness where their low part underflows. */
#ifndef ZG_NUM_DD_H
#define ZG_NUM_DD_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Loops over points become vectors only where every call in them is inlined. */
#define ZG_ALWAYS __attribute__((always_inline))

/** Unevaluated sum, |lo| <= ulp(hi) / 2. */
typedef struct zg_dd {
    double hi, lo;
} zg_dd;

static inline ZG_ALWAYS uint64_t zg_bits_of(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline ZG_ALWAYS double zg_from_bits(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/** c ? a : b without a branch, so that loops over points become vectors. */
static inline ZG_ALWAYS double zg_select(bool c, double a, double b)
{
    uint64_t mask = 0u - (uint64_t)c;
    return zg_from_bits((zg_bits_of(a) & mask) | (zg_bits_of(b) & ~mask));
}

/** 2^k, -1022 <= k <= 1023. */
static inline double zg_power_of_two(int64_t k)
{
    return zg_from_bits((uint64_t)(k + 1023) << 52);
}

/** a + b where |a| >= |b| or a is 0. */
static inline ZG_ALWAYS zg_dd zg_dd_fast_sum(double a, double b)
{
    zg_dd r;
    r.hi = a + b;
    r.lo = b - (r.hi - a);
    return r;
}

static inline ZG_ALWAYS zg_dd zg_dd_sum(double a, double b)
{
    zg_dd r;
    r.hi = a + b;
    double bb = r.hi - a;
    r.lo = (a - (r.hi - bb)) + (b - bb);
    return r;
}

/** Exact product of two doubles (Dekker's splitting by 2^27 + 1). */
static inline ZG_ALWAYS zg_dd zg_dd_product(double a, double b)
{
    const double split = 134217729.0;
    double ca = split * a, cb = split * b;
    double ah = ca - (ca - a), bh = cb - (cb - b);
    double al = a - ah, bl = b - bh;
    zg_dd r;
    r.hi = a * b;
    r.lo = ((ah * bh - r.hi) + ah * bl + al * bh) + al * bl;
    return r;
}

static inline ZG_ALWAYS zg_dd zg_dd_mul(zg_dd a, zg_dd b)
{
    zg_dd p = zg_dd_product(a.hi, b.hi);
    p.lo += a.hi * b.lo + a.lo * b.hi;
    return p;
}

/** a + b; where they cancel, as good as their low parts. */
static inline zg_dd zg_dd_add(zg_dd a, zg_dd b)
{
    zg_dd s = zg_dd_sum(a.hi, b.hi);
    return zg_dd_fast_sum(s.hi, s.lo + (a.lo + b.lo));
}

/** a / b. */
static inline zg_dd zg_dd_div(zg_dd a, zg_dd b)
{
    double q = a.hi / b.hi;
    zg_dd p = zg_dd_product(q, b.hi);
    double rest = ((a.hi - p.hi) - p.lo) + (a.lo - q * b.lo);
    return zg_dd_fast_sum(q, rest / b.hi);
}

/** a * 2^k rounded once, also where that is subnormal; inf where it is too large. a.hi >
 * 0 lies in [2^-8, 2^8], |k| <= 1200. */
double zg_dd_scale(zg_dd a, int64_t k);

/** x with x = m * 2^k, 1 <= m < 2, for finite x > 0 (subnormal ones too). */
static inline double zg_mantissa(double x, int64_t *k)
{
    int64_t below = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p+54;
        below = 54;
    }
    const uint64_t u = zg_bits_of(x);
    *k = (int64_t)(u >> 52) - 1023 - below;
    return zg_from_bits((u & (UINT64_MAX >> 12)) | (UINT64_C(1023) << 52));
}

#endif
