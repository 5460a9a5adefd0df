/* One granule: which beams it has, how they lie, and the datasets of its product. */
#include "base/base.h"
#include "synth/synth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAIR_SPACING_M 3300.0
#define BEAM_SPACING_M 90.0

static const char *const beam_names[ZG_SYNTH_MAX_BEAMS] = {"gt1l", "gt1r", "gt2l",
                                                           "gt2r", "gt3l", "gt3r"};

static zagg_status write_columns(zg_synth_file *f, const char *beam,
                                 const zg_synth_column *columns, size_t n, zagg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        char path[96];
        zg_synth_column c = columns[i];
        snprintf(path, sizeof path, "%s/%s", beam, c.path);
        c.path = path;
        ZAGG_TRY(zg_synth_file_column(f, &c, err));
    }
    return ZAGG_OK;
}

static zagg_status write_photons(zg_synth_file *f, const char *beam,
                                 const zg_synth_beam *b, zagg_err *err)
{
    size_t p = b->photons, s = b->track.n;
    const zg_synth_column columns[] = {
        {"heights/lat_ph", ZG_SYNTH_F64, p, 0, b->lat_deg},
        {"heights/lon_ph", ZG_SYNTH_F64, p, 0, b->lon_deg},
        {"heights/h_ph", ZG_SYNTH_F32, p, 0, b->height_m},
        {"heights/signal_conf_ph", ZG_SYNTH_I8, p, 5, b->conf},
        {"heights/quality_ph", ZG_SYNTH_I8, p, 0, b->quality},
        {"heights/delta_time", ZG_SYNTH_F64, p, 0, b->time_s},
        {"geolocation/reference_photon_lat", ZG_SYNTH_F64, s, 0, b->track.lat_deg},
        {"geolocation/reference_photon_lon", ZG_SYNTH_F64, s, 0, b->track.lon_deg},
        {"geolocation/ph_index_beg", ZG_SYNTH_I64, s, 0, b->first},
        {"geolocation/segment_ph_cnt", ZG_SYNTH_I32, s, 0, b->count},
        {"geolocation/segment_id", ZG_SYNTH_I32, s, 0, b->segment_id},
        {"geolocation/delta_time", ZG_SYNTH_F64, s, 0, b->segment_time_s},
        {"geophys_corr/dem_h", ZG_SYNTH_F32, s, 0, b->dem_m},
    };
    return write_columns(f, beam, columns, sizeof columns / sizeof columns[0], err);
}

/* Land-ice segments are 40 m long: every second segment, with a height and its error. */
typedef struct land_ice {
    double *lat_deg, *lon_deg, *time_s;
    float *height_m, *sigma_m;
    int8_t *quality;
    int32_t *segment_id;
} land_ice;

static void fill_land_ice(const zg_synth_beam *b, size_t n, zg_synth_rng rng, land_ice *l)
{
    for (size_t i = 0; i < n; i++) {
        double u = zg_synth_uniform(&rng);
        l->lat_deg[i] = b->track.lat_deg[2 * i];
        l->lon_deg[i] = b->track.lon_deg[2 * i];
        l->time_s[i] = b->segment_time_s[2 * i];
        l->segment_id[i] = b->segment_id[2 * i];
        l->sigma_m[i] = (float)(0.01 + 0.12 * u * u);
        l->height_m[i] = b->dem_m[2 * i] + (float)(0.1 * zg_synth_normal(&rng));
        l->quality[i] = (int8_t)(zg_synth_uniform(&rng) < 0.1);
    }
}

static zagg_status write_land_ice(zg_synth_file *f, const char *beam,
                                  const zg_synth_beam *b, zg_synth_rng rng, zagg_err *err)
{
    size_t n = b->photons ? (b->track.n + 1) / 2 : 0, room = n ? n : 1;
    land_ice l = {
        zg_alloc(room, sizeof(double)),  zg_alloc(room, sizeof(double)),
        zg_alloc(room, sizeof(double)),  zg_alloc(room, sizeof(float)),
        zg_alloc(room, sizeof(float)),   zg_alloc(room, 1),
        zg_alloc(room, sizeof(int32_t)),
    };
    zagg_status s = ZAGG_ENOMEM;
    if (!l.lat_deg || !l.lon_deg || !l.time_s || !l.height_m || !l.sigma_m ||
        !l.quality || !l.segment_id) {
        zagg_err_set(err, s, "no memory for %zu land-ice segments", n);
        goto done;
    }
    fill_land_ice(b, n, rng, &l);
    const zg_synth_column columns[] = {
        {"land_ice_segments/latitude", ZG_SYNTH_F64, n, 0, l.lat_deg},
        {"land_ice_segments/longitude", ZG_SYNTH_F64, n, 0, l.lon_deg},
        {"land_ice_segments/delta_time", ZG_SYNTH_F64, n, 0, l.time_s},
        {"land_ice_segments/h_li", ZG_SYNTH_F32, n, 0, l.height_m},
        {"land_ice_segments/h_li_sigma", ZG_SYNTH_F32, n, 0, l.sigma_m},
        {"land_ice_segments/atl06_quality_summary", ZG_SYNTH_I8, n, 0, l.quality},
        {"land_ice_segments/segment_id", ZG_SYNTH_I32, n, 0, l.segment_id},
    };
    s = write_columns(f, beam, columns, sizeof columns / sizeof columns[0], err);
done:
    zg_free(l.lat_deg);
    zg_free(l.lon_deg);
    zg_free(l.time_s);
    zg_free(l.height_m);
    zg_free(l.sigma_m);
    zg_free(l.quality);
    zg_free(l.segment_id);
    return s;
}

static zagg_status write_beam(zg_synth_file *f, const zg_synth_options *o,
                              const zg_synth_beam_spec *spec, zagg_err *err)
{
    const char *name = beam_names[spec->index];
    zg_synth_beam b;
    ZAGG_TRY(zg_synth_beam_make(o, spec, &b, err));
    zagg_status s = ZAGG_OK;
    if (o->product == ZG_SYNTH_ATL03)
        s = write_photons(f, name, &b, err);
    if (s == ZAGG_OK)
        s = write_land_ice(f, name, &b,
                           zg_synth_rng_make(o->seed, spec->granule, spec->index + 101),
                           err);
    zg_synth_beam_free(&b);
    return s;
}

static zagg_status write_header(zg_synth_file *f, const zg_synth_options *o,
                                zagg_err *err)
{
    static const int8_t orient = 1;
    static const double epoch = 1198800018.0; /* GPS seconds of 2018-01-01T00:00:00Z */
    const zg_synth_column columns[] = {
        {"orbit_info/sc_orient", ZG_SYNTH_I8, 1, 0, &orient},
        {"ancillary_data/atlas_sdp_gps_epoch", ZG_SYNTH_F64, 1, 0, &epoch},
    };
    ZAGG_TRY(zg_synth_file_text(f, "short_name",
                                o->product == ZG_SYNTH_ATL03 ? "ATL03" : "ATL06", err));
    ZAGG_TRY(
        zg_synth_file_text(f, "description", "synthetic photons by zagg-synth", err));
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        ZAGG_TRY(zg_synth_file_column(f, &columns[i], err));
    return ZAGG_OK;
}

static zagg_status write_beams(zg_synth_file *f, const zg_synth_options *o,
                               uint64_t granule, bool ascending, zagg_err *err)
{
    zg_synth_rng rng = zg_synth_rng_make(o->seed, granule, 0);
    double shift_m = zg_synth_normal(&rng) * o->spread_m;
    size_t present = (size_t)(o->beams - o->missing_beams);
    size_t filled = present - (size_t)o->empty_beams;

    for (size_t i = 0; i < present; i++) {
        double pair = (double)(i / 2) - 1.0, right = (double)(i % 2);
        zg_synth_beam_spec spec = {
            .granule = granule,
            .index = i,
            .ascending = ascending,
            .empty = i >= filled,
            .cross_m = pair * PAIR_SPACING_M + right * BEAM_SPACING_M + shift_m,
        };
        ZAGG_TRY(write_beam(f, o, &spec, err));
    }
    return ZAGG_OK;
}

/* Names as the archive gives them: date, track and cycle, region, release, version. */
static void granule_path(const zg_synth_options *o, uint64_t g, bool ascending,
                         char *path, size_t size)
{
    snprintf(path, size, "%s/ATL%s_2019%02u%02u000000_%04u0%c06_%s_01.h5", o->out_dir,
             o->product == ZG_SYNTH_ATL03 ? "03" : "06", (unsigned)(1 + g % 12),
             (unsigned)(1 + g % 28), (unsigned)(g % 10000), ascending ? '2' : '6',
             o->layout == ZG_SYNTH_V006 ? "006" : "007");
}

zagg_status zg_synth_granule_write(const zg_synth_options *o, uint64_t granule,
                                   char *path, size_t path_size, uint64_t *bytes,
                                   zagg_err *err)
{
    bool ascending = granule % 2 == 1;
    char part[4200];
    struct stat info;
    zg_synth_file *f;

    granule_path(o, granule, ascending, path, path_size);
    if ((size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part)
        return zagg_err_set(err, ZAGG_EARG, "%s: the path is too long", o->out_dir);
    ZAGG_TRY(zg_synth_file_create(part, o, &f, err));
    zagg_status s = write_header(f, o, err);
    if (s == ZAGG_OK)
        s = write_beams(f, o, granule, ascending, err);
    zagg_status closed = zg_synth_file_close(f, s == ZAGG_OK ? err : NULL);
    if (s == ZAGG_OK)
        s = closed;
    if (s == ZAGG_OK && (rename(part, path) != 0 || stat(path, &info) != 0))
        s = zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot be put in place", path);
    if (s != ZAGG_OK) {
        unlink(part);
        return s;
    }
    *bytes = (uint64_t)info.st_size;
    return ZAGG_OK;
}
