/* Reading digests: quantiles, cumulative weight, bins of height, windows, raw values. */
#include "base/base.h"
#include "stats/reduce_impl.h"
#include "text/text.h"
#include "zagg/digest.h"

#include <math.h>

enum { LEAF = 128 };

static double mean_at(const zagg_digest *d, size_t i)
{
    return (double)d->centroids[2 * i];
}

static double weight_at(const zagg_digest *d, size_t i)
{
    return (double)d->centroids[2 * i + 1];
}

/* numpy's pairwise sum of n weights from `lo` on; depth log2(n / 64). */
static double sum_weights(const zagg_digest *d, size_t lo, size_t n)
{
    if (n <= LEAF) {
        double weights[LEAF];
        for (size_t i = 0; i < n; i++)
            weights[i] = weight_at(d, lo + i);
        return zg_pairwise_f64(weights, n);
    }
    size_t half = n / 2;
    half -= half % 8;
    double head = sum_weights(d, lo, half);
    return head + sum_weights(d, lo + half, n - half);
}

static double middle(const zagg_digest *d, size_t i)
{
    return (mean_at(d, i) + mean_at(d, i + 1)) / 2.0;
}

double zagg_digest_quantile(const zagg_digest *d, double q)
{
    if (d->n == 0)
        return (double)NAN;
    const double target = q * (sum_weights(d, 0, d->n) - 1);
    const size_t last = d->n - 1;
    double lo = 0;
    for (size_t k = 0; k < d->n; k++) {
        double upper = lo + weight_at(d, k), hi = upper - 1.0;
        if (target <= hi) { /* in the ranks of this centroid */
            if (hi <= lo)
                return mean_at(d, k);
            double fraction = (target - lo) / (hi - lo);
            double left = k == 0 ? mean_at(d, 0) : middle(d, k - 1);
            double right = k == last ? mean_at(d, k) : middle(d, k);
            return left + fraction * (right - left);
        }
        lo = upper;
    }
    return mean_at(d, last);
}

/* ---- cumulative weight ---- */

/* A walk along the centroids. */
typedef struct walk {
    const zagg_digest *d;
    double total;
    size_t at;     /* last centroid whose mean is not above the last x, or 0 */
    double before; /* weight before it */
} walk;

static walk walk_along(const zagg_digest *d)
{
    walk w = {.d = d, .total = 0.0 + sum_weights(d, 0, d->n)};
    return w;
}

/* Half of each centroid lies below its mean; between means weight is spread evenly.
 * numpy's interp. */
static double weight_up_to(walk *w, double x)
{
    const zagg_digest *d = w->d;
    const size_t last = d->n - 1;
    if (d->n == 1)
        return x >= mean_at(d, 0) ? w->total : 0.0;
    if (x != x)
        return (double)NAN;
    if (x > mean_at(d, last))
        return w->total;
    if (x < mean_at(d, 0))
        return 0.0;
    if (x < mean_at(d, w->at)) {
        w->at = 0;
        w->before = 0;
    }
    for (; w->at < last && mean_at(d, w->at + 1) <= x; w->at++)
        w->before += weight_at(d, w->at);
    double m = mean_at(d, w->at), upper = w->before + weight_at(d, w->at);
    double centre = upper - weight_at(d, w->at) / 2.0;
    if (w->at == last || m == x)
        return centre;
    double next_weight = weight_at(d, w->at + 1);
    double next = (upper + next_weight) - next_weight / 2.0;
    double next_mean = mean_at(d, w->at + 1), slope = (next - centre) / (next_mean - m);
    double up_to = slope * (x - m) + centre;
    return up_to == up_to ? up_to : slope * (x - next_mean) + next;
}

void zagg_digest_cdf(const zagg_digest *d, const double *x, size_t n_x, double *out)
{
    walk w = walk_along(d);
    for (size_t i = 0; i < n_x; i++)
        out[i] = d->n == 0 ? (double)NAN : weight_up_to(&w, x[i]);
}

void zagg_digest_rasterize(const zagg_digest *d, double z_lo, double resolution,
                           size_t n_bins, double *out)
{
    walk w = walk_along(d);
    double below = d->n == 0 ? 0 : weight_up_to(&w, z_lo);
    for (size_t i = 0; i < n_bins; i++) {
        double edge = z_lo + resolution * (double)(i + 1);
        double up_to = d->n == 0 ? 0 : weight_up_to(&w, edge);
        double count = up_to - below;
        out[i] = count < 0 ? 0 : count;
        below = up_to;
    }
}

/* ---- windows ---- */

/* Lowest and highest of the trimmed ends; false when no digest has any. */
static bool trimmed_range(const zagg_digest *digests, size_t n, double bottom, double top,
                          double *lowest, double *highest)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        double lo = zagg_digest_quantile(&digests[i], bottom);
        double hi = zagg_digest_quantile(&digests[i], top);
        if (!isfinite(lo) || !isfinite(hi))
            continue;
        *lowest = any && *lowest <= lo ? *lowest : lo;
        *highest = any && *highest >= hi ? *highest : hi;
        any = true;
    }
    return any;
}

/* The smallest power of two of bins, not above n, that halving leads to while the window
 * holds the range. */
static size_t collapsed(size_t n, double resolution, double needed)
{
    size_t bins = 1;
    while (bins <= n / 2)
        bins *= 2;
    while (bins / 2 >= 1 && (double)(bins / 2) * resolution >= needed)
        bins /= 2;
    return bins;
}

zagg_status zagg_digest_fit_window(const zagg_digest *digests, size_t n, double bottom,
                                   double top, zagg_digest_fit fit,
                                   zagg_digest_window *window, zagg_err *err)
{
    const size_t bins = window->n_bins;
    double resolution = window->resolution, lowest = 0, highest = 0;
    char res_text[32], span_text[32];
    if (bins == 0 || !(resolution > 0) || !isfinite(resolution))
        return zagg_err_set(err, ZAGG_EARG,
                            "a window needs bins, of a finite width above 0");
    if (!trimmed_range(digests, n, bottom, top, &lowest, &highest))
        return zagg_err_set(err, ZAGG_ERANGE,
                            "chunk has no populated cells with a finite quantile range");
    /* + 0.0: no minus zero */
    const double lo = floor(lowest) + 0.0, hi = ceil(highest) + 0.0, needed = hi - lo;
    const double span = (double)bins * resolution;
    (void)zg_float_repr(resolution, res_text);
    (void)zg_float_repr(span, span_text);
    if (fit == ZAGG_FIT_COLLAPSE_BINS && needed > span)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "fit=\"collapse_bins\" cannot grow the window: trimmed span "
                            "%.0f exceeds %zu bins × %s = %s",
                            needed, bins, res_text, span_text);
    if (fit == ZAGG_FIT_RAISE && needed > span)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "trimmed z-range [%.0f, %.0f] (span %.0f) exceeds the fixed "
                            "window %zu bins × %s = %s; pass fit=\"degrade_resolution\" "
                            "or fit=\"collapse_bins\" to adapt",
                            lo, hi, needed, bins, res_text, span_text);
    while (needed > (double)bins * resolution)
        resolution *= 2.0;
    window->z_lo = lo;
    window->resolution = resolution;
    if (fit == ZAGG_FIT_COLLAPSE_BINS)
        window->n_bins = collapsed(bins, resolution, needed);
    return ZAGG_OK;
}

/* ---- what was put in ---- */

zagg_status zagg_digest_raw_values(const zagg_digest *d, double *out, zagg_err *err)
{
    for (size_t i = 0; i < d->n; i++) {
        if (weight_at(d, i) > 1.0)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "merged centroids (weight > 1); raw values are not "
                                "losslessly recoverable");
    }
    for (size_t i = 0; i < d->n; i++)
        out[i] = mean_at(d, i);
    return ZAGG_OK;
}
