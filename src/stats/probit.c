/* The threshold of waveforms. */
#include "base/base.h"
#include "num/num.h"
#include "text/text.h"
#include "zagg/digest.h"

#include <math.h>

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
        double q = sqrt(-2.0 * zg_log(p < low ? p : 1.0 - p));
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
    double p = 1.0 - (1.0 - zg_pow(none, 1.0 / trials));
    if (!(p > 0 && p < 1))
        return zagg_err_set(err, ZAGG_ERANGE,
                            "false_positive_rate %g over %g independent samples is too "
                            "small to be told from 0",
                            false_positive_rate, trials);
    *n_sigma = probit(p);
    return ZAGG_OK;
}
