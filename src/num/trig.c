/* Sine, cosine and tangent. Arguments beyond the three-part reduction of the kernel are
 * multiplied by as many bits of 2/pi as count (Payne and Hanek 1983). */
#include "num/num.h"
#include "num/tables.h"
#include "num/trig_kernel.h"

enum { LIMBS = 8 }; /* of 32 bits, the lowest first */

/** 64 bits of 2/pi from this bit of the table on. */
static uint64_t digits(unsigned at)
{
    const unsigned word = at / 64, shift = at % 64;
    const uint64_t high = zg_two_over_pi[word] << shift;
    return shift == 0 ? high : high | zg_two_over_pi[word + 1] >> (64 - shift);
}

/** Add m * p * 2^(32 i) to the sum, modulo 2^256. */
static void add_product(uint32_t *sum, uint32_t m, const uint32_t *p, unsigned i)
{
    uint64_t carry = 0;
    for (unsigned j = 0; i + j < LIMBS; j++) {
        carry += (uint64_t)m * p[j] + sum[i + j];
        sum[i + j] = (uint32_t)carry;
        carry >>= 32;
    }
}

/** a mod pi/2 for a >= 1, within pi/4; *n counts quarter turns modulo 4. */
static zg_dd reduce_with_all_bits(double a, int64_t *n)
{
    const uint64_t bits = zg_bits_of(a);
    const uint64_t m = (bits & (UINT64_MAX >> 12)) | (UINT64_C(1) << 52);
    const int exponent = (int)(bits >> 52) - 1075; /* a = m 2^exponent */
    /* What is above bit exponent - 2 of 2/pi gives whole turns; 256 bits behind it keep
     * 140 of the remainder closest to 0. The table starts 64 bits ahead. */
    uint32_t p[LIMBS], sum[LIMBS] = {0};
    for (unsigned i = 0; i < LIMBS / 2; i++) {
        const uint64_t w = digits((unsigned)(exponent + 62) + 64 * i);
        p[LIMBS - 1 - 2 * i] = (uint32_t)(w >> 32);
        p[LIMBS - 2 - 2 * i] = (uint32_t)w;
    }
    add_product(sum, (uint32_t)m, p, 0);
    add_product(sum, (uint32_t)(m >> 32), p, 1);
    /* The top two bits count quarter turns, the next one is their half. */
    *n = sum[LIMBS - 1] >> 30;
    sum[LIMBS - 1] &= UINT32_MAX >> 2;
    const bool over = sum[LIMBS - 1] >> 29 != 0;
    *n += over ? 1 : 0;
    zg_dd r = {over ? -1.0 : 0.0, 0.0};
    for (int i = LIMBS - 1; i >= 0; i--) {
        const zg_dd s = zg_dd_sum(r.hi, sum[i] * zg_power_of_two(32 * i - 254));
        r.hi = s.hi;
        r.lo += s.lo;
    }
    const zg_dd half_pi = {1.5707963267948966, 6.123233995736766e-17};
    return zg_dd_mul(zg_dd_fast_sum(r.hi, r.lo), half_pi);
}

/** a mod pi/2 for a >= 0. The three parts are too short beyond ZG_TRIG_MAX_RAD, and where
 * they cancel. */
static zg_dd reduce(double a, int64_t *n)
{
    if (a < ZG_TRIG_MAX_RAD) {
        const zg_dd r = zg_trig_reduce(a, n);
        if (*n == 0 || fabs(r.hi) > 0x1p-20)
            return r;
    }
    return reduce_with_all_bits(a, n);
}

/** sin(a + quarter_turns * pi/2) for finite a >= 0. */
static double sine(double a, int64_t quarter_turns)
{
    int64_t n;
    const zg_dd r = reduce(a, &n);
    n += quarter_turns;
    const double s = (n & 1) != 0 ? zg_trig_cos_kernel(r).hi : zg_trig_sin_kernel(r).hi;
    return (n & 2) != 0 ? -s : s;
}

double zg_sin(double x)
{
    if (!isfinite(x))
        return (double)NAN;
    if (x == 0.0)
        return x;
    return signbit(x) ? -sine(-x, 0) : sine(x, 0);
}

double zg_cos(double x)
{
    return isfinite(x) ? sine(fabs(x), 1) : (double)NAN;
}

double zg_tan(double x)
{
    if (!isfinite(x))
        return (double)NAN;
    if (fabs(x) < 0x1p-28)
        return x;
    int64_t n;
    const zg_dd r = reduce(fabs(x), &n);
    const zg_dd s = zg_trig_sin_kernel(r), c = zg_trig_cos_kernel(r);
    const zg_dd t = (n & 1) != 0 ? zg_dd_div((zg_dd){-c.hi, -c.lo}, s) : zg_dd_div(s, c);
    return signbit(x) ? -t.hi : t.hi;
}
