/* Values to colours. */
#include "cat/times.h"
#include "num/num.h"
#include "text/text.h"
#include "view/scene.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const uint8_t zg_ramp[ZG_RAMP_STOPS][3] = {
    {0x29, 0x1b, 0x4d}, {0x23, 0x34, 0x76}, {0x00, 0x55, 0x8a},
    {0x00, 0x74, 0x90}, {0x07, 0x92, 0x96}, {0x02, 0xb2, 0x95},
    {0x6c, 0xcb, 0x88}, {0xb4, 0xdd, 0x81}, {0xf2, 0xec, 0x96}};

void zg_ramp_colour(double t, uint8_t rgb[3])
{
    const double at = fmin(fmax(t, 0.0), 1.0) * (ZG_RAMP_STOPS - 1);
    const size_t i = at >= ZG_RAMP_STOPS - 2 ? ZG_RAMP_STOPS - 2 : (size_t)at;
    for (size_t k = 0; k < 3; k++)
        rgb[k] = (uint8_t)(zg_ramp[i][k] +
                           (at - (double)i) * (zg_ramp[i + 1][k] - zg_ramp[i][k]) + 0.5);
}

static int by_value(const void *pa, const void *pb)
{
    const double a = *(const double *)pa, b = *(const double *)pb;
    return (a > b) - (a < b);
}

/* Parts of the values beyond each end that may be cut off, where that gives the others
 * more than twice the room. */
#define CUT_PART 0.02
#define WIDE_RATIO 100.0 /* counts over such a range are shown by their logarithm */

static void choose(const double *sorted, size_t n, zg_value_kind kind, zg_scale *out)
{
    const size_t skip = (size_t)((double)n * CUT_PART);
    const double least = sorted[0], most = sorted[n - 1];
    *out = (zg_scale){.any = true, .low = least, .high = most};
    if (kind == ZG_VALUE_COUNT && least > 0 && most / least > WIDE_RATIO)
        out->log = true;
    if (kind != ZG_VALUE_NUMBER || skip == 0)
        return;
    const double low = sorted[skip], high = sorted[n - 1 - skip];
    if (high > low && most - least > 2 * (high - low)) {
        out->low = low;
        out->high = high;
        out->cut_below = least < low;
        out->cut_above = most > high;
    }
}

zagg_status zg_scale_choose(const zg_scene *s, zg_scale *out, zagg_err *err)
{
    size_t n = 0;
    double *sorted = zg_alloc(s->items.len + 1, sizeof *sorted);
    if (sorted == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the colours of a map");
    *out = (zg_scale){.any = false};
    for (size_t i = 0; i < s->items.len; i++) {
        const double v = ZG_VEC_AT(&s->items, zg_item, i)->value;
        if (isfinite(v))
            sorted[n++] = v;
    }
    if (n > 0) {
        qsort(sorted, n, sizeof *sorted, by_value);
        choose(sorted, n, s->value_kind, out);
    }
    zg_free(sorted);
    return ZAGG_OK;
}

double zg_scale_place(const zg_scale *scale, double value)
{
    if (!scale->any || !isfinite(value))
        return -1;
    if (!(scale->high > scale->low))
        return 0.5;
    const double t =
        scale->log ? zg_log(value / scale->low) / zg_log(scale->high / scale->low)
                   : (value / 2 - scale->low / 2) / (scale->high / 2 - scale->low / 2);
    return fmin(fmax(t, 0.0), 1.0);
}

void zg_value_text_of(zg_value_kind kind, double value, char out[40])
{
    if (!isfinite(value)) {
        (void)snprintf(out, 40, "none");
    } else if (kind == ZG_VALUE_DATE && fabs(value) < 2e6) {
        zg_date_format((int64_t)floor(value), out);
    } else if (value == floor(value) && fabs(value) < 1e15) {
        (void)snprintf(out, 40, "%" PRId64, (int64_t)value);
    } else {
        char digits[40];
        double rounded = value;
        (void)snprintf(digits, sizeof digits, "%.6g", value);
        (void)zg_float_parse(digits, strlen(digits), &rounded);
        (void)zg_float_repr(rounded, out);
    }
}
