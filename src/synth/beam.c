/* Photons of one beam. What the columns hold follows the ATL03 data dictionary: photons
 * in order along the track, segments that name their first photon (from 1; 0 for none),
 * surface confidence -2 for the transmitter echo, -1 to 1 for noise and 2 to 4 for
 * signal. */
#include "base/base.h"
#include "synth/synth.h"

#include <math.h>
#include <string.h>

#define SEGMENT_S (20.0 / 7000.0) /* 20 m at about 7 km/s over ground */
#define FIRST_SEGMENT_ID 780000
#define POINTING_DEG 3e-6

uint64_t zg_synth_segments(const zg_synth_options *o)
{
    uint64_t n = o->photons / o->per_segment;
    return n < 8 ? 8 : n;
}

static zagg_status allocate(zg_synth_beam *b, size_t segments, size_t photons,
                            zagg_err *err)
{
    b->count = zg_alloc(segments, sizeof *b->count);
    b->first = zg_alloc(segments, sizeof *b->first);
    b->segment_id = zg_alloc(segments, sizeof *b->segment_id);
    b->dem_m = zg_alloc(segments, sizeof *b->dem_m);
    b->segment_time_s = zg_alloc(segments, sizeof *b->segment_time_s);
    size_t n = photons ? photons : 1; /* an empty beam still passes valid pointers on */
    b->lat_deg = zg_alloc(n, sizeof *b->lat_deg);
    b->lon_deg = zg_alloc(n, sizeof *b->lon_deg);
    b->time_s = zg_alloc(n, sizeof *b->time_s);
    b->height_m = zg_alloc(n, sizeof *b->height_m);
    b->conf = zg_alloc(n, 5);
    b->quality = zg_alloc(n, 1);
    if (!b->count || !b->first || !b->segment_id || !b->dem_m || !b->segment_time_s ||
        !b->lat_deg || !b->lon_deg || !b->time_s || !b->height_m || !b->conf ||
        !b->quality)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu photons", photons);
    return ZAGG_OK;
}

/* How bright a segment is: water reflects little, one segment in twenty is lost to cloud.
 */
static double brightness(zg_synth_rng *rng, bool water)
{
    double scatter = 0.3 + 1.4 * zg_synth_uniform(rng) * zg_synth_uniform(rng);
    return zg_synth_uniform(rng) < 0.05 ? 0.0 : scatter * (water ? 0.4 : 1.0);
}

/* Share out `photons` over the segments by brightness; the counts sum up exactly. */
static void fill_counts(zg_synth_beam *b, zg_synth_rng *rng,
                        const zg_synth_ground *ground, double *sums)
{
    size_t n = b->track.n;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        total += brightness(rng, ground[i].water);
        sums[i] = total;
    }
    uint64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t upto = b->photons;
        if (i + 1 < n && total > 0)
            upto = (uint64_t)floor(sums[i] / total * (double)b->photons);
        if (upto < before) /* cannot fall while the sums rise; keeps the counts sound */
            upto = before;
        b->count[i] = (int32_t)(upto - before);
        b->first[i] = b->count[i] ? (int64_t)before + 1 : 0;
        before = upto;
    }
}

static double step(const double *v, size_t n, size_t i)
{
    size_t j = i + 1 < n ? i : i - 1;
    double d = v[j + 1] - v[j];
    return fabs(d) > 1.0 ? 0.0 : d; /* the segment that crosses the antimeridian */
}

static void fill_photon(zg_synth_beam *b, zg_synth_rng *rng, const zg_synth_ground *g,
                        size_t p)
{
    double kind = zg_synth_uniform(rng);
    bool signal = kind < 0.75;
    double h = g->height_m;
    if (!signal)
        h += zg_synth_uniform(rng) * 300.0 - 150.0;
    else if (kind >= 0.5 && g->canopy_m > 0)
        h += g->canopy_m * sqrt(zg_synth_uniform(rng));
    else
        h += zg_synth_normal(rng) * (g->water ? 0.08 : 0.3);
    b->height_m[p] = (float)h;

    bool echo = zg_synth_uniform(rng) < 0.01;
    for (size_t c = 0; c < 5; c++) {
        int64_t conf =
            signal ? zg_synth_between(rng, 2, 4) : zg_synth_between(rng, -1, 1);
        b->conf[5 * p + c] = (int8_t)(echo ? -2 : conf);
    }
    b->quality[p] = (int8_t)(zg_synth_uniform(rng) < 0.02);
}

static void fill_segment(zg_synth_beam *b, zg_synth_rng *rng,
                         const zg_synth_ground *ground, size_t i)
{
    const zg_synth_track *t = &b->track;
    double dlat = step(t->lat_deg, t->n, i), dlon = step(t->lon_deg, t->n, i);
    size_t n = (size_t)b->count[i], next = i + 1 < t->n ? i + 1 : i;
    double slope = ground[next].height_m - ground[i].height_m;

    for (size_t k = 0; k < n; k++) {
        size_t p = (size_t)b->first[i] - 1 + k;
        double along = ((double)k + zg_synth_uniform(rng)) / (double)n;
        zg_synth_ground here = ground[i];
        here.height_m += (along - 0.5) * slope;
        b->lat_deg[p] =
            t->lat_deg[i] + (along - 0.5) * dlat + zg_synth_normal(rng) * POINTING_DEG;
        b->lon_deg[p] = zg_synth_wrap_lon_deg(t->lon_deg[i] + (along - 0.5) * dlon +
                                              zg_synth_normal(rng) * POINTING_DEG);
        b->time_s[p] = b->start_s + ((double)i + along) * SEGMENT_S;
        fill_photon(b, rng, &here, p);
    }
}

static zagg_status fill(const zg_synth_options *o, zg_synth_beam *b, zg_synth_rng *rng,
                        zagg_err *err)
{
    size_t n = b->track.n;
    zg_synth_ground *ground = zg_alloc(n, sizeof *ground);
    double *sums = zg_alloc(n, sizeof *sums);

    if (!ground || !sums) {
        zg_free(ground);
        zg_free(sums);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu segments", n);
    }
    for (size_t i = 0; i < n; i++) {
        ground[i] = zg_synth_terrain(o->seed, b->track.east_m[i], b->track.north_m[i]);
        b->dem_m[i] = (float)ground[i].height_m;
        b->segment_id[i] = FIRST_SEGMENT_ID + (int32_t)i;
        b->segment_time_s[i] = b->start_s + (double)i * SEGMENT_S;
    }
    fill_counts(b, rng, ground, sums);
    for (size_t i = 0; i < n; i++)
        fill_segment(b, rng, ground, i);
    zg_free(ground);
    zg_free(sums);
    return ZAGG_OK;
}

zagg_status zg_synth_beam_make(const zg_synth_options *o, const zg_synth_beam_spec *spec,
                               zg_synth_beam *out, zagg_err *err)
{
    zg_synth_rng rng = zg_synth_rng_make(o->seed, spec->granule, spec->index + 1);
    size_t segments = (size_t)zg_synth_segments(o);
    zg_synth_beam b = {.photons = spec->empty ? 0 : (size_t)o->photons};

    zagg_status s =
        zg_synth_track_make(o, segments, spec->ascending, spec->cross_m, &b.track, err);
    if (s == ZAGG_OK)
        s = allocate(&b, segments, b.photons, err);
    if (s == ZAGG_OK) {
        /* passes are about a month apart, counted from the epoch of the product */
        b.start_s = 1.0e8 + (double)spec->granule * 2.6e6 + zg_synth_uniform(&rng) * 0.1;
        s = fill(o, &b, &rng, err);
    }
    if (s != ZAGG_OK) {
        zg_synth_beam_free(&b);
        return s;
    }
    *out = b;
    return ZAGG_OK;
}

void zg_synth_beam_free(zg_synth_beam *b)
{
    zg_synth_track_free(&b->track);
    zg_free(b->count);
    zg_free(b->first);
    zg_free(b->segment_id);
    zg_free(b->dem_m);
    zg_free(b->segment_time_s);
    zg_free(b->lat_deg);
    zg_free(b->lon_deg);
    zg_free(b->time_s);
    zg_free(b->height_m);
    zg_free(b->conf);
    zg_free(b->quality);
    memset(b, 0, sizeof *b);
}
