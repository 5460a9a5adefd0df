/* points [ORDER [FILE]]: CPU time from latitude and longitude to nested cells, in million
 * points a second on one thread, with each kind of vectors that this CPU has: uniform
 * points on the sphere, and points along tracks as photons come. FILE is for
 * bench/points.py: latitudes, then longitudes, as doubles; the cells of the authalic
 * convention are written over them. */
#include "base/base.h"
#include "zagg/geo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { POINTS = 1000000, ROUNDS = 15 };
#define DEG_PER_RAD 57.29577951308232

typedef struct points {
    double *lat_deg, *lon_deg;
    uint64_t *cells;
    size_t n;
} points;

static double uniform(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static bool allocate(points *p, size_t n)
{
    p->n = n;
    p->lat_deg = zg_alloc(n, sizeof *p->lat_deg);
    p->lon_deg = zg_alloc(n, sizeof *p->lon_deg);
    p->cells = zg_alloc(n, sizeof *p->cells);
    return p->lat_deg != NULL && p->lon_deg != NULL && p->cells != NULL;
}

static void release(points *p)
{
    zg_free(p->lat_deg);
    zg_free(p->lon_deg);
    zg_free(p->cells);
}

static void make_uniform(points *p)
{
    for (size_t k = 0; k < p->n; k++) {
        p->lat_deg[k] = asin(2.0 * uniform() - 1.0) * DEG_PER_RAD;
        p->lon_deg[k] = 360.0 * uniform() - 180.0;
    }
}

/* Pole to pole along an inclined orbit, a photon every 20 m, spread over 12 m. */
static void make_tracks(points *p)
{
    for (size_t k = 0; k < p->n; k++) {
        const double along = 20.0 * (double)k / 6371007.0;
        const double lat = asin(sin(1.6057) * sin(along));
        const double lon = atan2(cos(1.6057) * sin(along), cos(along));
        p->lat_deg[k] = lat * DEG_PER_RAD + 1e-4 * uniform();
        p->lon_deg[k] = remainder(lon * DEG_PER_RAD - 40.0, 360.0) + 1e-4 * uniform();
    }
}

static double seconds_of(points *p, unsigned order, zagg_latitude latitude)
{
    double best = (double)INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        const clock_t start = clock();
        zagg_geo_nested(p->lat_deg, p->lon_deg, p->n, order, latitude, p->cells);
        best = fmin(best, (double)(clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
}

static void measure(const char *name, points *p, unsigned order)
{
    for (int isa = ZG_ISA_SCALAR; isa <= ZG_ISA_AVX512; isa++) {
        if (!zg_isa_force((zg_isa)isa))
            continue;
        const double authalic = seconds_of(p, order, ZAGG_LATITUDE_AUTHALIC);
        const double geodetic = seconds_of(p, order, ZAGG_LATITUDE_GEODETIC);
        printf("%-8s order %u %-7s authalic %6.1f Mpoint/s  geodetic %6.1f Mpoint/s\n",
               name, order, zg_isa_name((zg_isa)isa), (double)p->n / authalic * 1e-6,
               (double)p->n / geodetic * 1e-6);
    }
}

static bool file_points(const char *path, unsigned order)
{
    points p = {0};
    FILE *f = fopen(path, "r+b");
    bool ok = f != NULL && fseek(f, 0, SEEK_END) == 0;
    const long bytes = ok ? ftell(f) : -1;
    ok = ok && bytes > 0 && allocate(&p, (size_t)bytes / 16) &&
         fseek(f, 0, SEEK_SET) == 0 &&
         fread(p.lat_deg, sizeof *p.lat_deg, p.n, f) == p.n &&
         fread(p.lon_deg, sizeof *p.lon_deg, p.n, f) == p.n;
    if (ok) {
        const double s = seconds_of(&p, order, ZAGG_LATITUDE_AUTHALIC);
        printf("%.1f\n", (double)p.n / s * 1e-6);
        ok =
            fseek(f, 0, SEEK_SET) == 0 && fwrite(p.cells, sizeof *p.cells, p.n, f) == p.n;
    }
    if (f != NULL && fclose(f) != 0)
        ok = false;
    release(&p);
    return ok;
}

int main(int argc, char **argv)
{
    const unsigned order = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 19;
    points p;
    if (argc > 2)
        return file_points(argv[2], order) ? 0 : 1;
    if (!allocate(&p, POINTS))
        return 1;
    make_uniform(&p);
    measure("uniform", &p, order);
    make_tracks(&p);
    measure("tracks", &p, order);
    release(&p);
    return 0;
}
