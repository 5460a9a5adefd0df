/* Meridians and parallels. */
#include "view/graticule.h"

#include <math.h>
#include <stdio.h>

enum { SAMPLES = 24, MAX_LINES = 64 };

static const double STEPS[] = {90,    45,   30,   15,   10,   5,    2,     1,
                               0.5,   0.2,  0.1,  0.05, 0.02, 0.01, 0.005, 0.002,
                               0.001, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5};

static double step_for(double range, double lines)
{
    const size_t n = sizeof STEPS / sizeof STEPS[0];
    for (size_t i = 0; i < n; i++)
        if (STEPS[i] <= range / lines)
            return STEPS[i];
    return STEPS[n - 1];
}

static double from_middle(double lon, double lon0)
{
    const double d = lon - lon0;
    return lon0 + d - 360.0 * floor((d + 180.0) / 360.0);
}

static void take(zg_graticule *g, double lon, double lat)
{
    g->west = g->any ? fmin(g->west, lon) : lon;
    g->east = g->any ? fmax(g->east, lon) : lon;
    g->south = g->any ? fmin(g->south, lat) : lat;
    g->north = g->any ? fmax(g->north, lat) : lat;
    g->any = true;
}

void zg_graticule_choose(zg_graticule *g, const zg_projection *p, const double box[4])
{
    const bool polar = p->kind != ZG_PROJECT_LONLAT;
    *g = (zg_graticule){.any = false};
    if (!polar) {
        g->any = true;
        g->west = p->lon0_deg + fmax(box[0] / p->shrink, -180.0);
        g->east = p->lon0_deg + fmin(box[2] / p->shrink, 180.0);
        g->south = fmax(box[1], -90.0);
        g->north = fmin(box[3], 90.0);
    }
    for (int i = 0; polar && i <= SAMPLES; i++)
        for (int k = 0; k <= SAMPLES; k++) {
            double lon, lat;
            if (zg_projection_degrees(p, box[0] + (box[2] - box[0]) * i / SAMPLES,
                                      box[1] + (box[3] - box[1]) * k / SAMPLES, &lon,
                                      &lat))
                take(g, from_middle(lon, p->lon0_deg), lat);
        }
    if (!g->any)
        return;
    const bool pole = polar && box[0] < 0 && box[2] > 0 && box[1] < 0 && box[3] > 0;
    if (pole) {
        g->west = p->lon0_deg - 180.0;
        g->east = p->lon0_deg + 179.999;
        if (p->kind == ZG_PROJECT_NORTH)
            g->north = 90;
        else
            g->south = -90;
    }
    g->lat_step = step_for(g->north - g->south, 3);
    g->lon_step = pole ? 30 : step_for(g->east - g->west, 4);
}

static void name_degrees(double v, double step, const char *ends, char out[32])
{
    const int digits = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    const bool zero = fabs(v) < step / 2 || fabs(v) == 180.0; /* of neither side */
    (void)snprintf(out, 32, "%.*f%s%c", digits, fabs(v), zero ? "" : " ",
                   zero    ? '\0'
                   : v > 0 ? ends[0]
                           : ends[1]);
}

bool zg_graticule_line(const zg_graticule *g, const zg_projection *p, bool meridian,
                       size_t k, double x[ZG_GRATICULE_POINTS],
                       double y[ZG_GRATICULE_POINTS], char name[32])
{
    const double low = meridian ? g->west : g->south;
    const double high = meridian ? g->east : g->north;
    const double step = meridian ? g->lon_step : g->lat_step;
    const double at = g->any ? (ceil(low / step) + (double)k) * step : 0;
    if (!g->any || k >= MAX_LINES || at > high)
        return false;
    for (int i = 0; i < ZG_GRATICULE_POINTS; i++) {
        const double part = (double)i / (ZG_GRATICULE_POINTS - 1);
        if (meridian)
            zg_projection_place(p, at, g->south + (g->north - g->south) * part, &x[i],
                                &y[i]);
        else
            zg_projection_place(p, g->west + (g->east - g->west) * part, at, &x[i],
                                &y[i]);
    }
    if (meridian)
        name_degrees(from_middle(at, 0), step, "EW", name);
    else
        name_degrees(at, step, "NS", name);
    return true;
}
