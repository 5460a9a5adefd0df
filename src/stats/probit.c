/* The threshold of waveforms. Logarithm and power are worked out in double-double, to
 * about 100 bits, and rounded once: as good as a libm can be, and the same everywhere. */
#include "base/base.h"
#include "geo/trig_kernel.h"
#include "text/text.h"
#include "zagg/digest.h"

#include <math.h>

static const zg_dd ln2 = {0.6931471805599453, 2.3190468138462996e-17};

static zg_dd dd_quotient(zg_dd a, zg_dd b)
{
    double q = a.hi / b.hi;
    zg_dd p = zg_dd_mul((zg_dd){q, 0.0}, b);
    double rest = ((a.hi - p.hi) - p.lo) + a.lo;
    return zg_dd_fast_sum(q, rest / b.hi);
}

static zg_dd dd_sum(zg_dd a, zg_dd b)
{
    zg_dd s = zg_dd_sum(a.hi, b.hi);
    return zg_dd_fast_sum(s.hi, s.lo + (a.lo + b.lo));
}

/* log(x) for finite x > 0: x = m 2^e with m near 1, log m = 2 artanh((m - 1) / (m + 1))
 * by its series. */
static zg_dd log_dd(double x)
{
    int e;
    double m = frexp(x, &e);
    if (m < 0.7071067811865476) {
        m *= 2;
        e--;
    }
    zg_dd t = dd_quotient((zg_dd){m - 1, 0.0}, zg_dd_sum(m, 1));
    zg_dd square = zg_dd_mul(t, t), sum = {0.0, 0.0};
    for (int k = 41; k >= 1; k -= 2) /* t^2 < 2^-5: the rest is below 2^-100 */
        sum =
            dd_sum(dd_quotient((zg_dd){1, 0.0}, (zg_dd){k, 0.0}), zg_dd_mul(square, sum));
    sum = zg_dd_mul(sum, t);
    sum.hi *= 2;
    sum.lo *= 2;
    return dd_sum(zg_dd_mul(ln2, (zg_dd){e, 0.0}), sum);
}

/* exp(x) for -700 < x <= 0: x = n ln2 + 256 r, exp(r) by its series, squared eight times.
 */
static double exp_dd(zg_dd x)
{
    double n = rint(x.hi / ln2.hi);
    zg_dd r = dd_sum(x, zg_dd_mul(ln2, (zg_dd){-n, 0.0}));
    r.hi /= 256;
    r.lo /= 256;
    zg_dd sum = {1, 0.0};
    for (int k = 12; k >= 1; k--)
        sum = dd_sum((zg_dd){1, 0.0}, zg_dd_mul(sum, dd_quotient(r, (zg_dd){k, 0.0})));
    for (int i = 0; i < 8; i++)
        sum = zg_dd_mul(sum, sum);
    return ldexp(sum.hi + sum.lo, (int)n);
}

/* x^y for 0 < x < 1 and 0 < y <= 1. */
static double power(double x, double y)
{
    return exp_dd(zg_dd_mul(log_dd(x), (zg_dd){y, 0.0}));
}

static double polynomial(const double *c, size_t n, double x)
{
    double sum = c[0];
    for (size_t i = 1; i < n; i++)
        sum = sum * x + c[i];
    return sum;
}

/* The normal quantile by Acklam's rational approximations (2003), with 15 digits of their
 * coefficients; 0 < p < 1. */
static double probit(double p)
{
    static const double a[6] = {-39.6968302866538, 220.946098424521,  -275.928510446969,
                                138.357751867269,  -30.6647980661472, 2.50662827745924};
    static const double b[6] = {-54.4760987982241, 161.585836858041,  -155.698979859887,
                                66.8013118877197,  -13.2806815528857, 1};
    static const double c[6] = {-0.00778489400243029, -0.322396458041136,
                                -2.40075827716184,    -2.54973253934373,
                                4.37466414146497,     2.93816398269878};
    static const double d[5] = {0.00778469570904146, 0.32246712907004, 2.445134137143,
                                3.75440866190742, 1};
    const double low = 0.02425;
    if (p < low || p > 1.0 - low) {
        zg_dd log_tail = log_dd(p < low ? p : 1.0 - p);
        double q = sqrt(-2.0 * (log_tail.hi + log_tail.lo));
        double x = polynomial(c, 6, q) / polynomial(d, 5, q);
        return p < low ? x : -x;
    }
    double q = p - 0.5, r = q * q;
    return polynomial(a, 6, r) * q / polynomial(b, 6, r);
}

static zagg_status refuse(const char *name, const char *range, double value,
                          zagg_err *err)
{
    char text[32];
    (void)zg_float_repr(value, text);
    return zagg_err_set(err, ZAGG_EARG, "%s must be %s, not %s", name, range, text);
}

zagg_status zagg_waveform_threshold(double false_positive_rate, double samples_per_record,
                                    double correlation_length, double *n_sigma,
                                    zagg_err *err)
{
    if (!(false_positive_rate > 0 && false_positive_rate < 1))
        return refuse("false_positive_rate", "above 0 and below 1", false_positive_rate,
                      err);
    if (!(samples_per_record >= 1) || !isfinite(samples_per_record))
        return refuse("samples_per_record", "a number from 1 on", samples_per_record,
                      err);
    if (!(correlation_length > 0) || !isfinite(correlation_length))
        return refuse("correlation_length", "a number above 0", correlation_length, err);
    double trials = samples_per_record / correlation_length;
    trials = trials > 1 ? trials : 1;
    double none = 1.0 - false_positive_rate; /* 1 where the rate is below 2^-54 */
    double p = 1.0 - (1.0 - (none < 1 ? power(none, 1.0 / trials) : 1));
    if (!(p > 0 && p < 1))
        return zagg_err_set(err, ZAGG_ERANGE,
                            "false_positive_rate %g over %g independent samples is too "
                            "small to be told from 0",
                            false_positive_rate, trials);
    *n_sigma = probit(p);
    return ZAGG_OK;
}
