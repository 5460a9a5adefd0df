/* Logarithms. */
#include "num/log_kernel.h"
#include "num/num.h"

/** True where there is nothing to compute: *out is the logarithm of a zero, a negative,
 * infinite or undefined number. Otherwise *x is made normal, and *below is the exponent
 * taken off. */
static bool special(double *x, double *below, double *out)
{
    *below = 0.0;
    if (*x > 0.0 && *x <= 0x1.fffffffffffffp+1023) {
        if (*x < 0x1p-1022) {
            *x *= 0x1p+54;
            *below = 54.0;
        }
        return false;
    }
    *out = *x == 0.0 ? -(double)INFINITY : *x > 0.0 ? *x : (double)NAN;
    return true;
}

/** ln x in double-double for normal x. */
static zg_dd logarithm(double x, double below)
{
    double k;
    const zg_dd part = zg_log_parts(x, 0.0, &k);
    return zg_log_join(k - below, part);
}

double zg_log(double x)
{
    double below, out;
    return special(&x, &below, &out) ? out : logarithm(x, below).hi;
}

double zg_log2(double x)
{
    const zg_dd inverse = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56}; /* 1 / ln2 */
    double below, k, out;
    if (special(&x, &below, &out))
        return out;
    const zg_dd part = zg_log_parts(x, 0.0, &k);
    return zg_dd_add((zg_dd){k - below, 0.0}, zg_dd_mul(part, inverse)).hi;
}

double zg_log10(double x)
{
    const zg_dd inverse = {0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57}; /* 1 / ln10 */
    double below, out;
    if (special(&x, &below, &out))
        return out;
    const zg_dd product = zg_dd_mul(logarithm(x, below), inverse);
    return product.hi + product.lo;
}

double zg_log1p(double x)
{
    if (isnan(x) || x < -1.0)
        return (double)NAN;
    if (x == -1.0)
        return -(double)INFINITY;
    if (fabs(x) < 0x1p-54)
        return x;
    if (fabs(x) < 0x1p-8)
        return zg_log1p_series((zg_dd){x, 0.0}).hi;
    if (x > 0x1p+60)
        return zg_log(x);
    double k;
    const zg_dd sum = zg_dd_sum(1.0, x);
    const zg_dd part = zg_log_parts(sum.hi, sum.lo, &k);
    return zg_log_join(k, part).hi;
}
