/* Ground tracks: 20 m segments on a line at azimuth +-8 degrees from north on a local
 * plane, the way ICESat-2 crosses the middle latitudes. */
#include "base/base.h"
#include "synth/synth.h"

#include <math.h>

#define SEGMENT_M 20.0
#define M_PER_DEG 111319.49
#define COS_8_DEG 0.9902680687415704
#define SIN_8_DEG 0.13917310096006544
#define RAD_PER_DEG 0.017453292519943295

/* Taylor series about 0, good to the last bits for |x| <= pi/2: libm's cosine differs
 * between machines. */
static double cosine(double x)
{
    double x2 = x * x, term = 1.0, sum = 1.0;
    for (int k = 1; k <= 12; k++) {
        term *= -x2 / (double)((2 * k - 1) * (2 * k));
        sum += term;
    }
    return sum;
}

double zg_synth_wrap_lon_deg(double lon)
{
    if (lon > 180.0)
        return lon - 360.0;
    return lon < -180.0 ? lon + 360.0 : lon;
}

double zg_synth_half_span_deg(uint64_t segments)
{
    return ((double)segments / 2.0) * SEGMENT_M / M_PER_DEG + 0.1;
}

zagg_status zg_synth_track_make(const zg_synth_options *o, size_t segments,
                                bool ascending, double cross_m, zg_synth_track *out,
                                zagg_err *err)
{
    zg_synth_track t = {.n = segments};
    double north_part = ascending ? COS_8_DEG : -COS_8_DEG;

    t.lat_deg = zg_alloc(segments, sizeof *t.lat_deg);
    t.lon_deg = zg_alloc(segments, sizeof *t.lon_deg);
    t.east_m = zg_alloc(segments, sizeof *t.east_m);
    t.north_m = zg_alloc(segments, sizeof *t.north_m);
    if (!t.lat_deg || !t.lon_deg || !t.east_m || !t.north_m) {
        zg_synth_track_free(&t);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu segments", segments);
    }
    for (size_t i = 0; i < segments; i++) {
        double along = ((double)i - (double)segments / 2.0) * SEGMENT_M;
        t.north_m[i] = along * north_part - cross_m * SIN_8_DEG;
        t.east_m[i] = along * SIN_8_DEG + cross_m * north_part;
        t.lat_deg[i] = o->lat_deg + t.north_m[i] / M_PER_DEG;
        double m_per_deg_lon = M_PER_DEG * cosine(t.lat_deg[i] * RAD_PER_DEG);
        t.lon_deg[i] = zg_synth_wrap_lon_deg(o->lon_deg + t.east_m[i] / m_per_deg_lon);
    }
    *out = t;
    return ZAGG_OK;
}

void zg_synth_track_free(zg_synth_track *t)
{
    zg_free(t->lat_deg);
    zg_free(t->lon_deg);
    zg_free(t->east_m);
    zg_free(t->north_m);
    *t = (zg_synth_track){0};
}
