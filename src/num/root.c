/* Roots: a double near the result, and one Newton step whose residue is exact. */
#include "num/dd.h"
#include "num/num.h"

double zg_hypot(double x, double y)
{
    double a = fabs(x), b = fabs(y);
    if (isinf(a) || isinf(b))
        return (double)INFINITY;
    if (isnan(a) || isnan(b))
        return (double)NAN;
    if (a < b) {
        const double c = a;
        a = b;
        b = c;
    }
    if (b == 0.0 || b < a * 0x1p-54)
        return a;
    int64_t k;
    const double m = zg_mantissa(a, &k);
    /* 2^-k in two steps: that of a subnormal is too large for one */
    const double half = zg_power_of_two(-(k / 2)), other = zg_power_of_two(k / 2 - k);
    const double n = b * half * other;
    const zg_dd square = zg_dd_product(m, m), second = zg_dd_product(n, n);
    const zg_dd sum = zg_dd_add(square, second);
    const double root = sqrt(sum.hi);
    const zg_dd back = zg_dd_product(root, root);
    const double rest = ((sum.hi - back.hi) - back.lo) + sum.lo;
    return zg_dd_scale((zg_dd){root, rest / (2.0 * root)}, k);
}

double zg_cbrt(double x)
{
    if (isnan(x))
        return (double)NAN;
    if (x == 0.0 || isinf(x))
        return x;
    int64_t k;
    double m = zg_mantissa(fabs(x), &k);
    /* m 2^k with k a multiple of 3 */
    const int64_t over = ((k % 3) + 3) % 3;
    m *= zg_power_of_two(over);
    k = (k - over) / 3;
    /* the bits divided by 3: within 7 %; two steps of Halley: within 2^-36 */
    double y = zg_from_bits(zg_bits_of(m) / 3 + (UINT64_C(682) << 52));
    for (int i = 0; i < 2; i++) {
        const double cube = y * y * y;
        y *= (cube + 2.0 * m) / (2.0 * cube + m);
    }
    const zg_dd cube = zg_dd_mul(zg_dd_product(y, y), (zg_dd){y, 0.0});
    const double rest = (m - cube.hi) - cube.lo;
    const double r = y + rest / (3.0 * y * y);
    return copysign(r * zg_power_of_two(k), x);
}
