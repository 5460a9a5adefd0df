/* A landscape of hills, lakes and woods from value noise: random heights on a square
 * lattice, blended by a quintic, in octaves of half the wavelength each (Perlin 2002 for
 * the blend). */
#include "synth/synth.h"

#include <math.h>

static double lattice(uint64_t seed, int64_t x, int64_t y)
{
    uint64_t place = (uint64_t)x * UINT64_C(0x9e3779b97f4a7c15) ^
                     ((uint64_t)y * UINT64_C(0xc2b2ae3d27d4eb4f));
    zg_synth_rng rng = zg_synth_rng_make(seed, place, 0x7e44);
    return zg_synth_uniform(&rng);
}

static double blend(double t)
{
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
}

/* [0, 1] */
static double noise(uint64_t seed, double x, double y)
{
    double fx = floor(x), fy = floor(y);
    int64_t ix = (int64_t)fx, iy = (int64_t)fy;
    double bx = blend(x - fx), by = blend(y - fy);
    double a = lattice(seed, ix, iy), b = lattice(seed, ix + 1, iy);
    double c = lattice(seed, ix, iy + 1), d = lattice(seed, ix + 1, iy + 1);
    double low = a + (b - a) * bx, high = c + (d - c) * bx;
    return low + (high - low) * by;
}

static double octaves(uint64_t seed, double east_m, double north_m, double wave_m, int n)
{
    double sum = 0, weight = 1, total = 0;
    for (int i = 0; i < n; i++) {
        sum += weight * noise(seed + (uint64_t)i, east_m / wave_m, north_m / wave_m);
        total += weight;
        weight *= 0.5;
        wave_m *= 0.5;
    }
    return sum / total;
}

zg_synth_ground zg_synth_terrain(uint64_t seed, double east_m, double north_m)
{
    zg_synth_ground g = {0};
    double hills = octaves(seed, east_m, north_m, 9000.0, 6);
    g.height_m = (hills - 0.42) * 420.0;
    if (g.height_m <= 0.0) { /* everything below the lake level is under water */
        g.height_m = 0.0;
        g.water = true;
        return g;
    }
    double woods = octaves(seed + 101, east_m, north_m, 2500.0, 3);
    if (woods > 0.45 && g.height_m < 110.0)
        g.canopy_m = 6.0 + 40.0 * (woods - 0.45);
    return g;
}
