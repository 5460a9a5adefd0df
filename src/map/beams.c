/* The middle of a swath is half way between its two long edges; beams run beside it. */
#include "map/beams.h"

#include "geo/latitude.h"
#include "grid/proj_library.h"
#include "num/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Upstream's numbers for ATL03 and ATL06. */
#define PAIR_OFFSET_M 3300.0
#define CORRIDOR_HALF_M 500.0
#define SWATH_HALF_M 6300.0
#define LEAST_WIDTH 0.3 /* of the median; what is narrower is an end */
enum { MIN_VERTICES = 6, SAMPLES = 200 };

#define WGS84_A 6378137.0
#define WGS84_F (1.0 / 298.257223563)

bool zg_beams_of_product(const char *collection)
{
    static const char *const PRODUCTS[] = {"ATL03", "ATL06"};
    for (int i = 0; collection != NULL && i < 2; i++) {
        size_t k = 0;
        while (k < 5 && (collection[k] & ~0x20) == (PRODUCTS[i][k] & ~0x20))
            k++;
        if (k == 5 && (collection[5] == '\0' || collection[5] == '_'))
            return true;
    }
    return false;
}

/* ---- two long edges ---- */

typedef struct knot {
    double t, lat, lon; /* along the swath; degrees */
} knot;

typedef struct long_edge {
    knot *knots;
    size_t n;
} long_edge;

static int by_t(const void *a, const void *b)
{
    const double x = ((const knot *)a)->t, y = ((const knot *)b)->t;
    return (x > y) - (x < y);
}

static double mean(const double *v, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return sum / (double)n;
}

/** A vertex seen from the middle of all, degrees of latitude both ways. */
typedef struct flat_point {
    double x, y;
} flat_point;

/** Which way the axis points decides which end of the swath belongs to both edges, so
 * that it has to be upstream's way: that of LAPACK's dgesdd, which reflects the columns x
 * and y to a triangle (r11, r12; 0, r22) and takes the sign of the larger of r11 and r22.
 */
static bool axis_is_turned(const flat_point *p, size_t n, double ax, double ay)
{
    double norm = 0.0, w = p[0].y, rest = 0.0, second = 0.0;
    for (size_t i = 0; i < n; i++)
        norm += p[i].x * p[i].x;
    const double r11 = p[0].x >= 0.0 ? -sqrt(norm) : sqrt(norm);
    const double v0 = p[0].x - r11, tau = r11 != 0.0 ? -v0 / r11 : 0.0;
    for (size_t i = 1; i < n && v0 != 0.0; i++)
        w += p[i].x / v0 * p[i].y;
    for (size_t i = 1; i < n; i++) {
        const double y = p[i].y - (v0 != 0.0 ? tau * (p[i].x / v0) * w : 0.0);
        second = i == 1 ? y : second;
        rest += y * y;
    }
    if (sqrt(rest) > fabs(r11)) /* the sign of r22, which is not that of `second` */
        return second >= 0.0 ? ay > 0.0 : ay < 0.0;
    return r11 < 0.0 ? ax > 0.0 : ax < 0.0;
}

/** How far each vertex lies along the principal axis of all; `flat` is working space. */
static void project(const zagg_ring *ring, flat_point *flat, knot *out)
{
    const double lat0 = mean(ring->lat_deg, ring->n), lon0 = mean(ring->lon_deg, ring->n);
    const double shrink = zg_cos(lat0 * ZG_RAD_PER_DEG);
    double xx = 0.0, xy = 0.0, yy = 0.0;
    for (size_t i = 0; i < ring->n; i++) {
        const double x = (ring->lon_deg[i] - lon0) * shrink, y = ring->lat_deg[i] - lat0;
        flat[i] = (flat_point){x, y};
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    /* the eigenvector of the larger eigenvalue */
    const double turn = 0.5 * zg_atan2(2.0 * xy, xx - yy);
    double ax = zg_cos(turn), ay = zg_sin(turn);
    if (axis_is_turned(flat, ring->n, ax, ay)) {
        ax = -ax;
        ay = -ay;
    }
    for (size_t i = 0; i < ring->n; i++)
        out[i] =
            (knot){flat[i].x * ax + flat[i].y * ay, ring->lat_deg[i], ring->lon_deg[i]};
}

/** The edges between the two ends of the swath, each with its own first vertex; both have
 * the far end. False where they are too short. `all`: the vertices; `space` holds n + 1
 * knots. */
static bool split(const knot *all, size_t n, knot *space, long_edge *a, long_edge *b)
{
    size_t lo = 0, hi = 0;
    for (size_t i = 1; i < n; i++) {
        lo = all[i].t < all[lo].t ? i : lo;
        hi = all[i].t > all[hi].t ? i : hi;
    }
    const size_t first = (hi + n - lo) % n + 1, second = n + 1 - first;
    if (lo == hi || first < 2 || second < 2)
        return false;
    for (size_t i = 0; i < first; i++)
        space[i] = all[(lo + i) % n];
    for (size_t i = 0; i < second; i++)
        space[first + i] = all[(hi + i) % n];
    *a = (long_edge){space, first};
    *b = (long_edge){space + first, second};
    qsort(a->knots, a->n, sizeof *a->knots, by_t);
    qsort(b->knots, b->n, sizeof *b->knots, by_t);
    return true;
}

static void interpolate(const long_edge *e, double t, double *lat, double *lon)
{
    size_t k = 0;
    while (k + 2 < e->n && e->knots[k + 1].t <= t)
        k++;
    const knot *a = &e->knots[k], *b = &e->knots[k + 1];
    const double span = b->t - a->t;
    const double part = span > 0.0 ? fmax(0.0, fmin(1.0, (t - a->t) / span)) : 0.0;
    *lat = a->lat + (b->lat - a->lat) * part;
    *lon = a->lon + (b->lon - a->lon) * part;
}

/* ---- the middle ---- */

typedef struct sample {
    double lat, lon; /* of the middle */
    double lat_a, lon_a, lat_b, lon_b;
    double width;
} sample;

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
    return n % 2 == 1 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

/** Samples of the swath that are wide enough; how many. */
static size_t take_samples(const long_edge *a, const long_edge *b, sample *out)
{
    const double t0 = fmax(a->knots[0].t, b->knots[0].t);
    const double t1 = fmin(a->knots[a->n - 1].t, b->knots[b->n - 1].t);
    double widths[SAMPLES];
    if (!(t1 > t0))
        return 0;
    const double step = (t1 - t0) / (SAMPLES - 1);
    for (int i = 0; i < SAMPLES; i++) {
        sample *s = &out[i];
        const double t = i + 1 == SAMPLES ? t1 : t0 + step * i;
        interpolate(a, t, &s->lat_a, &s->lon_a);
        interpolate(b, t, &s->lat_b, &s->lon_b);
        s->lat = 0.5 * (s->lat_a + s->lat_b);
        s->lon = 0.5 * (s->lon_a + s->lon_b);
        s->width = fabs((s->lon_a - s->lon_b) * zg_cos(s->lat * ZG_RAD_PER_DEG));
        widths[i] = s->width;
    }
    const double least = LEAST_WIDTH * median(widths, SAMPLES);
    size_t kept = 0;
    for (int i = 0; i < SAMPLES; i++)
        if (out[i].width >= least)
            out[kept++] = out[i];
    return kept;
}

static double half_width(const struct geod_geodesic *earth, const sample *s, size_t n)
{
    double to_a[SAMPLES], to_b[SAMPLES], azimuth, back;
    for (size_t i = 0; i < n; i++) {
        zg_libgeod.inverse(earth, s[i].lat, s[i].lon, s[i].lat_a, s[i].lon_a, &to_a[i],
                           &azimuth, &back);
        zg_libgeod.inverse(earth, s[i].lat, s[i].lon, s[i].lat_b, s[i].lon_b, &to_b[i],
                           &azimuth, &back);
    }
    return fmax(median(to_a, n), median(to_b, n));
}

static bool jumps(const zagg_ring *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (!(fabs(r->lon_deg[i + 1 < r->n ? i + 1 : 0] - r->lon_deg[i]) < 180.0))
            return true;
    return false;
}

/** Vertices without the closing one. */
static zagg_ring open_ring(const zagg_ring *r)
{
    zagg_ring out = *r;
    while (out.n > 1 && memcmp(&r->lat_deg[out.n - 1], &r->lat_deg[0], 8) == 0 &&
           memcmp(&r->lon_deg[out.n - 1], &r->lon_deg[0], 8) == 0)
        out.n--;
    return out;
}

static zagg_status load_earth(struct geod_geodesic *earth, zagg_err *err)
{
    const zagg_status status = zg_proj_load(NULL);
    if (status != ZAGG_OK)
        return zagg_err_set(
            err, status,
            "corridors of beams need PROJ, which cannot be loaded; install "
            "it (Debian: libproj25) or use the swath");
    zg_libgeod.init(earth, WGS84_A, WGS84_F);
    return ZAGG_OK;
}

zagg_status zg_beams_centerline(zagg_arena *arena, const zagg_ring *swath,
                                zg_centerline *out, zagg_err *err)
{
    const zagg_ring ring = open_ring(swath);
    struct geod_geodesic earth;
    sample samples[SAMPLES];
    long_edge a, b;
    flat_point *flat;
    knot *knots;
    *out = (zg_centerline){.n = 0};
    if (ring.n < MIN_VERTICES || jumps(&ring))
        return ZAGG_OK;
    ZAGG_TRY(load_earth(&earth, err));
    ZAGG_TRY(zagg_arena_alloc(arena, 2 * ring.n + 1, sizeof *knots, &knots, err));
    ZAGG_TRY(zagg_arena_alloc(arena, ring.n, sizeof *flat, &flat, err));
    project(&ring, flat, knots);
    if (!split(knots, ring.n, knots + ring.n, &a, &b))
        return ZAGG_OK;
    const size_t n = take_samples(&a, &b, samples);
    if (n < 2)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof(double), &out->lat_deg, err));
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof(double), &out->lon_deg, err));
    out->half_width_m = half_width(&earth, samples, n);
    out->n = n;
    for (size_t i = 0; i < n; i++) { /* from south to north */
        const sample *s = &samples[samples[0].lat > samples[n - 1].lat ? n - 1 - i : i];
        out->lat_deg[i] = s->lat;
        out->lon_deg[i] = s->lon;
    }
    return ZAGG_OK;
}

/* ---- corridors ---- */

/** The point `cross` metres right of the line at a point, left if negative. */
static void offset_point(const struct geod_geodesic *earth, const zg_centerline *line,
                         size_t i, double azimuth, double cross, double *lat, double *lon)
{
    const double turned = cross >= 0.0 ? azimuth + 90.0 : azimuth - 90.0;
    double back;
    zg_libgeod.direct(earth, line->lat_deg[i], line->lon_deg[i], turned, fabs(cross), lat,
                      lon, &back);
}

static zagg_status corridor(zagg_arena *arena, const struct geod_geodesic *earth,
                            const zg_centerline *line, const double reach[2],
                            zagg_ring *out, zagg_err *err)
{
    const size_t n = 2 * line->n + 1;
    double *lat, *lon, azimuth = 0.0, back, length;
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof *lat, &lat, err));
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof *lon, &lon, err));
    for (size_t i = 0; i < line->n; i++) {
        if (i + 1 < line->n) /* the last one keeps that of the one before */
            zg_libgeod.inverse(earth, line->lat_deg[i], line->lon_deg[i],
                               line->lat_deg[i + 1], line->lon_deg[i + 1], &length,
                               &azimuth, &back);
        offset_point(earth, line, i, azimuth, reach[0], &lat[i], &lon[i]);
        offset_point(earth, line, i, azimuth, reach[1], &lat[n - 2 - i], &lon[n - 2 - i]);
    }
    lat[n - 1] = lat[0];
    lon[n - 1] = lon[0];
    *out = (zagg_ring){lat, lon, n};
    return ZAGG_OK;
}

zagg_status zg_beams_rings(zagg_arena *arena, const zagg_ring *swath, zg_rings *out,
                           zagg_err *err)
{
    static const double OFFSETS[] = {-PAIR_OFFSET_M, 0.0, PAIR_OFFSET_M};
    struct geod_geodesic earth;
    zg_centerline line;
    zagg_ring *rings;
    *out = (zg_rings){swath, 1};
    ZAGG_TRY(zg_beams_centerline(arena, swath, &line, err));
    if (line.n == 0)
        return ZAGG_OK;
    ZAGG_TRY(load_earth(&earth, err));
    ZAGG_TRY(zagg_arena_alloc(arena, 3, sizeof *rings, &rings, err));
    const double half = CORRIDOR_HALF_M + fmax(0.0, line.half_width_m - SWATH_HALF_M);
    for (int i = 0; i < 3; i++) {
        const double reach[2] = {OFFSETS[i] - half, OFFSETS[i] + half};
        ZAGG_TRY(corridor(arena, &earth, &line, reach, &rings[i], err));
    }
    *out = (zg_rings){rings, 3};
    return ZAGG_OK;
}
