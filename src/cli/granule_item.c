/* A STAC item of a granule: footprint from the coordinates of its beams, times from
 * ancillary data, from those of the points, or from its name. */
#include "cli/granule_item.h"

#include "cat/swath.h"
#include "cat/times.h"
#include "run/run.h"
#include "zagg/catalog.h"
#include "zagg/h5.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Photons lie tens of metres from their reference points, and these 20 m apart. */
#define MARGIN_DEG 0.005
#define LINE_TOLERANCE_DEG 0.001
enum { N_BEAMS = 6, MAX_POINTS = 50000000 };

static const char *const BEAMS[N_BEAMS] = {"gt1l", "gt1r", "gt2l",
                                           "gt2r", "gt3l", "gt3r"};

/* Where products have the places and times of what they are indexed by; the first that is
 * there counts. */
static const struct {
    const char *lat, *lon, *time;
} FORMS[] = {
    {"geolocation/reference_photon_lat", "geolocation/reference_photon_lon",
     "geolocation/delta_time"},
    {"land_ice_segments/latitude", "land_ice_segments/longitude",
     "land_ice_segments/delta_time"},
    {"land_segments/latitude", "land_segments/longitude", "land_segments/delta_time"},
    {"sea_ice_segments/latitude", "sea_ice_segments/longitude",
     "sea_ice_segments/delta_time"},
    {"heights/lat_ph", "heights/lon_ph", "heights/delta_time"}};
enum { N_FORMS = sizeof FORMS / sizeof FORMS[0] };

typedef struct granule {
    zagg_h5 *file;
    zg_track tracks[N_BEAMS];
    double *columns[2 * N_BEAMS]; /* of the tracks */
    size_t n;
    double first_s, last_s; /* delta times; NaN: not known */
    double epoch_s;         /* GPS seconds of delta time 0 */
    zagg_err *err;
} granule;

/* ---- datasets ---- */

static zagg_status find(granule *g, const char *path, zagg_h5_dataset **out)
{
    zagg_err ignored = ZAGG_ERR_INIT;
    *out = NULL;
    const zagg_status status = zagg_h5_dataset_open(g->file, path, out, &ignored);
    if (status == ZAGG_OK || status == ZAGG_ENOTFOUND || status == ZAGG_EUNSUPPORTED)
        return ZAGG_OK;
    if (g->err != NULL)
        *g->err = ignored;
    return status;
}

/* A column of doubles, whatever it is stored as; NULL where there is none. */
static zagg_status read_column(granule *g, const char *path, double **out, size_t *n)
{
    zagg_h5_dataset *d = NULL;
    *out = NULL;
    *n = 0;
    ZAGG_TRY(find(g, path, &d));
    if (d == NULL)
        return ZAGG_OK;
    const zagg_h5_info info = zagg_h5_dataset_info(d);
    if (info.rank != 1 || info.dims[0] == 0 || !zagg_dtype_is_float(info.dtype))
        return ZAGG_OK;
    if (info.dims[0] > MAX_POINTS)
        return zagg_err_set(g->err, ZAGG_ERANGE, "%s: %llu points are too many", path,
                            (unsigned long long)info.dims[0]);
    const size_t count = (size_t)info.dims[0];
    double *values = zg_alloc(count, sizeof *values);
    if (values == NULL)
        return zagg_err_set(g->err, ZAGG_ENOMEM, "%s: no memory", path);
    const zagg_rows all = {0, count};
    const zagg_status status =
        zagg_h5_read((zagg_h5_column){d, -1}, &all, 1, NULL, values, g->err);
    if (status != ZAGG_OK) {
        zg_free(values);
        return status;
    }
    if (info.dtype == ZAGG_DT_F32)
        for (size_t i = count; i-- > 0;) {
            float f;
            memcpy(&f, (const char *)values + i * sizeof f, sizeof f);
            values[i] = (double)f;
        }
    *out = values;
    *n = count;
    return ZAGG_OK;
}

/* The one value of a dataset; unchanged where there is none. */
static zagg_status read_one(granule *g, const char *path, double *out)
{
    double *values = NULL;
    size_t n = 0;
    ZAGG_TRY(read_column(g, path, &values, &n));
    if (n > 0)
        *out = values[0];
    zg_free(values);
    return ZAGG_OK;
}

/* ---- beams ---- */

static void widen_times(granule *g, const double *times, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(times[i]) < 1e12)) /* a fill value */
            continue;
        g->first_s = isnan(g->first_s) ? times[i] : fmin(g->first_s, times[i]);
        g->last_s = isnan(g->last_s) ? times[i] : fmax(g->last_s, times[i]);
    }
}

static zagg_status read_times(granule *g, const char *path)
{
    double *times = NULL;
    size_t n = 0;
    ZAGG_TRY(read_column(g, path, &times, &n));
    widen_times(g, times, n);
    zg_free(times);
    return ZAGG_OK;
}

/* In this form of the beam; *found where it has points. */
static zagg_status read_form(granule *g, const char *beam, size_t form, bool *found)
{
    char path[128];
    size_t n_lat = 0, n_lon = 0;
    double **lat = &g->columns[2 * g->n], **lon = lat + 1;
    (void)snprintf(path, sizeof path, "/%s/%s", beam, FORMS[form].lat);
    ZAGG_TRY(read_column(g, path, lat, &n_lat));
    if (n_lat == 0)
        return ZAGG_OK;
    (void)snprintf(path, sizeof path, "/%s/%s", beam, FORMS[form].lon);
    zagg_status status = read_column(g, path, lon, &n_lon);
    if (status == ZAGG_OK && n_lon == n_lat) {
        g->tracks[g->n] = (zg_track){*lat, *lon, n_lat};
        g->n++;
        *found = true;
        (void)snprintf(path, sizeof path, "/%s/%s", beam, FORMS[form].time);
        return read_times(g, path);
    }
    zg_free(*lat);
    zg_free(*lon);
    *lat = *lon = NULL;
    return status;
}

static zagg_status read_beams(granule *g)
{
    for (size_t b = 0; b < N_BEAMS; b++) {
        bool found = false;
        for (size_t form = 0; form < N_FORMS && !found; form++)
            ZAGG_TRY(read_form(g, BEAMS[b], form, &found));
    }
    return g->n > 0 ? ZAGG_OK
                    : zagg_err_set(g->err, ZAGG_ENOTFOUND,
                                   "no beam (gt1l to gt3r) with coordinates");
}

/* What the granule says of itself goes before what its points have. */
static zagg_status read_ancillary(granule *g)
{
    double first = (double)NAN, last = (double)NAN;
    g->epoch_s = 1198800018.0; /* 2018-01-01T00:00:00Z, ATLAS's own */
    ZAGG_TRY(read_one(g, "/ancillary_data/atlas_sdp_gps_epoch", &g->epoch_s));
    ZAGG_TRY(read_one(g, "/ancillary_data/start_delta_time", &first));
    ZAGG_TRY(read_one(g, "/ancillary_data/end_delta_time", &last));
    if (!isnan(first) && !isnan(last)) {
        g->first_s = first;
        g->last_s = last;
    }
    return ZAGG_OK;
}

/* ---- names ---- */

static bool are_digits(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

/* PRODUCT_yyyymmddhhmmss_ttttccnn_vvv_rr */
bool granule_name_collection(const char *name, char out[32])
{
    const char *first = strchr(name, '_');
    const size_t product = first != NULL ? (size_t)(first - name) : 0;
    if (product == 0 || product > 20 || strlen(first) < 28 ||
        !are_digits(first + 1, 14) || first[15] != '_' || !are_digits(first + 16, 8) ||
        first[24] != '_' || !are_digits(first + 25, 3) ||
        (first[28] != '_' && first[28] != '.'))
        return false;
    (void)snprintf(out, 32, "%.*s_%.3s", (int)product, name, first + 25);
    return true;
}

bool granule_name_time(const char *name, char out[32])
{
    int64_t us;
    for (const char *p = strchr(name, '_'); p != NULL; p = strchr(p + 1, '_')) {
        const char *d = p + 1;
        if (strlen(d) < 14 || !are_digits(d, 14))
            continue;
        (void)snprintf(out, 32, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", d, d + 4, d + 6, d + 8,
                       d + 10, d + 12);
        return zg_utc_parse(out, &us);
    }
    return false;
}

/* ---- the item ---- */

/* GPS runs 18 s ahead of UTC since 2017. */
static bool utc_of(const granule *g, double delta_s, char out[32])
{
    const double GPS_EPOCH_S = 315964800.0, LEAP_S = 18.0;
    const double s = GPS_EPOCH_S + g->epoch_s - LEAP_S + delta_s;
    return fabs(s) < 2e11 && zg_utc_format((int64_t)llround(s * 1e6), out);
}

static const zagg_value *properties_of(zg_maker *m, const granule *g, const char *name)
{
    char first[32], last[32];
    zg_object o;
    const bool known =
        !isnan(g->first_s) && utc_of(g, g->first_s, first) && utc_of(g, g->last_s, last);
    zg_object_begin(&o, m);
    if (known) {
        zg_object_put(&o, "datetime", zg_make_text(m, first));
        zg_object_put(&o, "start_datetime", zg_make_text(m, first));
        zg_object_put(&o, "end_datetime", zg_make_text(m, last));
    } else {
        zg_object_put(&o, "datetime",
                      granule_name_time(name, first) ? zg_make_text(m, first)
                                                     : zg_make_null(m));
    }
    return zg_object_end(&o);
}

static const zagg_value *asset_of(zg_maker *m, const char *prefix, const char *text)
{
    zg_object o;
    zg_str href;
    const zagg_value *role = zg_make_text(m, "data");
    zg_str_init(&href, 0);
    zg_str_addf(&href, "%s%s%s", prefix,
                prefix[0] != '\0' && prefix[strlen(prefix) - 1] != '/' ? "/" : "", text);
    zg_object_begin(&o, m);
    zg_object_put(&o, "href", zg_make_bytes(m, href.data, href.len));
    zg_object_put(&o, "roles", zg_make_list(m, &role, 1));
    if (href.failed && m->status == ZAGG_OK)
        m->status = zagg_err_set(m->err, ZAGG_ENOMEM, "no memory for an href");
    zg_str_free(&href);
    return zg_object_end(&o);
}

/* The path from the root on; as it is where it is one, or where the system cannot say. */
static void absolute_path(const char *path, zg_str *out)
{
    char folder[PATH_MAX];
    if (path[0] != '/' && getcwd(folder, sizeof folder) != NULL)
        zg_str_addf(out, "%s/", folder);
    zg_str_add(out, strncmp(path, "./", 2) == 0 ? path + 2 : path);
}

static const zagg_value *assets_of(zg_maker *m, const granule_item_opts *opts,
                                   const char *path, const char *name)
{
    zg_object o;
    zg_object_begin(&o, m);
    if (opts->n_prefixes == 0 && zagg_url_is_remote(path)) {
        const bool s3 = strncmp(path, "s3://", 5) == 0;
        zg_object_put(&o, s3 ? "data_s3" : "data", asset_of(m, "", path));
    } else if (opts->n_prefixes == 0) {
        zg_str absolute;
        zg_str_init(&absolute, 0);
        absolute_path(path, &absolute);
        const zagg_value *asset = asset_of(m, "", absolute.data);
        if (absolute.failed && m->status == ZAGG_OK)
            m->status = zagg_err_set(m->err, ZAGG_ENOMEM, "no memory for an href");
        zg_str_free(&absolute);
        zg_object_put(&o, "data", asset);
        zg_object_put(&o, "data_s3", asset);
    }
    for (size_t i = 0; i < opts->n_prefixes; i++) {
        const bool s3 = strncmp(opts->prefixes[i], "s3://", 5) == 0;
        zg_object_put(&o, s3 ? "data_s3" : "data", asset_of(m, opts->prefixes[i], name));
    }
    return zg_object_end(&o);
}

/* The box; all longitudes where it crosses the antimeridian, as in CMR's items. */
static zagg_status box_of(zg_maker *m, zagg_arena *arena, const zagg_value *geometry,
                          const zagg_value **out, zagg_err *err)
{
    zagg_shape shape;
    double box[4];
    bool any = false;
    ZAGG_TRY(zagg_shape_from_geojson(arena, geometry, 0, &shape, err));
    ZAGG_TRY(zagg_shape_bbox(&shape, box, &any, err));
    if (any && box[0] > box[2]) {
        box[0] = -180.0;
        box[2] = 180.0;
    }
    *out = any ? zg_make_doubles(m, box, 4) : NULL;
    return ZAGG_OK;
}

static zagg_status make_item(const granule *g, const char *path,
                             const granule_item_opts *opts, zagg_arena *arena,
                             const zagg_value **out, zagg_err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    const zagg_value *geometry = NULL, *box = NULL;
    char collection[32];
    zg_maker m;
    zg_object o;
    zg_make_begin(&m, arena, err);
    ZAGG_TRY(opts->lines
                 ? zg_swath_lines(&m, g->tracks, g->n, LINE_TOLERANCE_DEG, &geometry, err)
                 : zg_swath_polygon(&m, g->tracks, g->n, MARGIN_DEG, &geometry, err));
    ZAGG_TRY(box_of(&m, arena, geometry, &box, err));
    const zagg_value *none = zg_make_list(&m, NULL, 0);
    zg_object_begin(&o, &m);
    zg_object_put(&o, "type", zg_make_text(&m, "Feature"));
    zg_object_put(&o, "stac_version", zg_make_text(&m, "1.0.0"));
    zg_object_put(&o, "stac_extensions", none);
    zg_object_put(&o, "id", zg_make_text(&m, name));
    if (granule_name_collection(name, collection))
        zg_object_put(&o, "collection", zg_make_text(&m, collection));
    zg_object_put(&o, "geometry", geometry);
    zg_object_put(&o, "bbox", box);
    zg_object_put(&o, "properties", properties_of(&m, g, name));
    zg_object_put(&o, "links", none);
    zg_object_put(&o, "assets", assets_of(&m, opts, path, name));
    *out = zg_object_end(&o);
    return m.status;
}

/* A URL without query and fragment; a path, and a key of a bucket, as they are. */
static zagg_status address_of(const char *path, zagg_arena *arena, const char **out,
                              zagg_err *err)
{
    *out = path;
    if (!zagg_url_is_remote(path) || strncmp(path, "s3://", 5) == 0)
        return ZAGG_OK;
    const char *address = zagg_arena_strndup(arena, path, strcspn(path, "?#"));
    if (address == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an href");
    *out = address;
    return ZAGG_OK;
}

static zagg_status describe(granule *g, const char *address,
                            const granule_item_opts *opts, zagg_arena *arena,
                            const zagg_value **out)
{
    ZAGG_TRY(read_beams(g));
    ZAGG_TRY(read_ancillary(g));
    return make_item(g, address, opts, arena, out, g->err);
}

zagg_status granule_item(const char *path, const granule_item_opts *opts,
                         zagg_arena *arena, const zagg_value **out, zagg_err *err)
{
    granule g = {.first_s = (double)NAN, .last_s = (double)NAN, .err = err};
    zagg_source *source = NULL;
    const char *address;
    ZAGG_TRY(address_of(path, arena, &address, err));
    ZAGG_TRY(zg_granule_open(opts->net, path, &source, err));
    zagg_status status = zagg_h5_open(source, NULL, &g.file, err);
    if (status == ZAGG_OK)
        status = describe(&g, address, opts, arena, out);
    for (size_t i = 0; i < 2 * N_BEAMS; i++)
        zg_free(g.columns[i]);
    zagg_h5_close(g.file);
    if (status != ZAGG_OK)
        zagg_err_context(err, status, "%s", zagg_source_name(source));
    zagg_source_close(source);
    return status;
}
