#include "num/dd.h"

double zg_dd_scale(zg_dd a, int64_t k)
{
    a = zg_dd_fast_sum(a.hi, a.lo);
    if (k > 1000)
        return a.hi * 0x1p+1000 * zg_power_of_two(k - 1000);
    if (k >= -1000)
        return a.hi * zg_power_of_two(k);
    /* in units of the smallest subnormal */
    const double unit = zg_power_of_two(k + 1074), h = a.hi * unit;
    if (h >= 0x1p+52)
        return h * 0x1p-74 * 0x1p-1000;
    double n = (h + 0x1p+52) - 0x1p+52;
    const double rest = (h - n) + a.lo * unit;
    if (rest > 0.5)
        n += 1.0;
    if (rest < -0.5)
        n -= 1.0;
    return zg_from_bits((uint64_t)n);
}
