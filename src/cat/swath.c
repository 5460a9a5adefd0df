/* Footprints of granules: see swath.h.
 *
 * All of it is done in longitudes and latitudes about a great circle along the tracks: as
 * `along` and `across` a swath is a narrow band that reaches neither pole. The outline is
 * the greatest and least `across` of the tracks at each `along`, with vertices left out
 * where the rest stays within a tolerance that the margin makes up for. */
#include "cat/swath.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps along the tracks at which the outline is looked at. */
#define STEP_DEG 0.05
#define MAX_ALONG_DEG 180.0
#define RAD (3.14159265358979323846 / 180.0)

typedef struct vec3 {
    double x, y, z;
} vec3;

typedef struct frame {
    vec3 forward, left, pole; /* orthonormal; `along` is 0 at forward */
} frame;

typedef struct place {
    double along, across; /* degrees */
} place;

/* One track in the frame, sorted by `along`. */
typedef struct run {
    place *places;
    size_t n;
} run;

static bool is_place(double lat, double lon)
{
    return fabs(lat) <= 90.0 && fabs(lon) <= 720.0;
}

static vec3 vector_of(double lat, double lon)
{
    const double c = cos(lat * RAD);
    return (vec3){c * cos(lon * RAD), c * sin(lon * RAD), sin(lat * RAD)};
}

static vec3 cross(vec3 a, vec3 b)
{
    return (vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

static double dot(vec3 a, vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static vec3 scaled(vec3 a, double f)
{
    return (vec3){a.x * f, a.y * f, a.z * f};
}

static bool normalise(vec3 *v)
{
    const double n = sqrt(dot(*v, *v));
    if (!(n > 1e-12))
        return false;
    *v = scaled(*v, 1.0 / n);
    return true;
}

/* First and last place of a track; false without any. */
static bool ends_of(const zg_track *t, vec3 *first, vec3 *last, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!is_place(t->lat_deg[i], t->lon_deg[i]))
            continue;
        *last = vector_of(t->lat_deg[i], t->lon_deg[i]);
        if ((*n)++ == 0)
            *first = *last;
    }
    return *n > 0;
}

/* The great circle along the track with the most places, its zero in the middle of all.
 */
static bool make_frame(const zg_track *tracks, size_t n, frame *f)
{
    vec3 first = {0}, last = {0}, middle = {0};
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        vec3 a = {0, 0, 0}, b = a;
        size_t places = 0;
        if (!ends_of(&tracks[i], &a, &b, &places))
            continue;
        middle = (vec3){middle.x + a.x + b.x, middle.y + a.y + b.y, middle.z + a.z + b.z};
        if (places > most) {
            most = places;
            first = a;
            last = b;
        }
    }
    if (most == 0)
        return false;
    f->pole = cross(first, last);
    if (!normalise(&f->pole)) { /* one place: any direction will do */
        f->pole = cross(first, fabs(first.z) < 0.9 ? (vec3){0, 0, 1} : (vec3){1, 0, 0});
        (void)normalise(&f->pole);
    }
    f->forward = (vec3){middle.x - dot(middle, f->pole) * f->pole.x,
                        middle.y - dot(middle, f->pole) * f->pole.y,
                        middle.z - dot(middle, f->pole) * f->pole.z};
    if (!normalise(&f->forward)) {
        f->forward = cross(f->pole, cross(first, f->pole));
        (void)normalise(&f->forward);
    }
    f->left = cross(f->pole, f->forward);
    return true;
}

static place to_frame(const frame *f, double lat, double lon)
{
    const vec3 v = vector_of(lat, lon);
    const double up = dot(v, f->pole);
    return (place){atan2(dot(v, f->left), dot(v, f->forward)) / RAD,
                   asin(up > 1.0    ? 1.0
                        : up < -1.0 ? -1.0
                                    : up) /
                       RAD};
}

static void from_frame(const frame *f, place p, double *lat, double *lon)
{
    const double c = cos(p.across * RAD), a = c * cos(p.along * RAD),
                 b = c * sin(p.along * RAD), up = sin(p.across * RAD);
    const vec3 v = {a * f->forward.x + b * f->left.x + up * f->pole.x,
                    a * f->forward.y + b * f->left.y + up * f->pole.y,
                    a * f->forward.z + b * f->left.z + up * f->pole.z};
    /* a tenth of a metre is fine enough, and short to write */
    *lat = round(atan2(v.z, hypot(v.x, v.y)) / RAD * 1e6) / 1e6;
    *lon = round(atan2(v.y, v.x) / RAD * 1e6) / 1e6;
}

static int by_along(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return (x->along > y->along) - (x->along < y->along);
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a footprint");
}

static zagg_status make_run(const frame *f, const zg_track *t, run *out, zagg_err *err)
{
    out->places = zg_alloc(t->n + 1, sizeof *out->places);
    out->n = 0;
    if (out->places == NULL)
        return no_memory(err);
    for (size_t i = 0; i < t->n; i++)
        if (is_place(t->lat_deg[i], t->lon_deg[i]))
            out->places[out->n++] = to_frame(f, t->lat_deg[i], t->lon_deg[i]);
    return ZAGG_OK;
}

/* ---- thinning (Douglas and Peucker 1973, in the frame) ---- */

/* Where the great circle between two kept places leaves the others farthest away: the
 * sides of polygons are great circles. */
static size_t farthest(const place *p, size_t a, size_t b, double *distance)
{
    const double span = (p[b].along - p[a].along) * RAD, width = sin(span);
    const double from = tan(p[a].across * RAD), to = tan(p[b].across * RAD);
    size_t at = a;
    *distance = 0.0;
    for (size_t i = a + 1; i < b; i++) {
        const double part = (p[i].along - p[a].along) * RAD;
        const double side = fabs(width) > 1e-9
                                ? atan((from * sin(span - part) + to * sin(part)) / width)
                                : p[a].across * RAD;
        const double d = fabs(p[i].across - side / RAD);
        if (d > *distance) {
            *distance = d;
            at = i;
        }
    }
    return at;
}

/* Keep what the tolerance needs; the first and last place always. Returns how many. */
static zagg_status thin(place *p, size_t *n, double tolerance, zagg_err *err)
{
    if (*n < 3)
        return ZAGG_OK;
    unsigned char *keep = zg_alloc(*n, 1);
    zg_vec open; /* pairs of places between which is still to be looked */
    zg_vec_init(&open, 2 * sizeof(size_t), 0);
    const size_t whole[2] = {0, *n - 1};
    bool ok = keep != NULL && zg_vec_append(&open, whole, 1);
    if (ok)
        keep[0] = keep[*n - 1] = 1;
    while (ok && open.len > 0) {
        const size_t *top = (const size_t *)open.data + 2 * --open.len;
        const size_t a = top[0], b = top[1];
        double distance;
        const size_t at = farthest(p, a, b, &distance);
        if (distance <= tolerance)
            continue;
        keep[at] = 1;
        ok = zg_vec_append(&open, (size_t[2]){a, at}, 1) &&
             zg_vec_append(&open, (size_t[2]){at, b}, 1);
    }
    size_t kept = 0;
    for (size_t i = 0; ok && i < *n; i++)
        if (keep[i])
            p[kept++] = p[i];
    if (ok)
        *n = kept;
    zg_vec_free(&open);
    zg_free(keep);
    return ok ? ZAGG_OK : no_memory(err);
}

/* ---- the outline ---- */

typedef struct band {
    place *upper, *lower;
    size_t n;
} band;

/* `across` of a run at `along`, also a step before and behind it; false outside of that.
 * *hint moves up with `along`. */
static bool across_at(const run *r, double along, size_t *hint, double *out)
{
    if (r->n == 0 || along < r->places[0].along - STEP_DEG ||
        along > r->places[r->n - 1].along + STEP_DEG)
        return false;
    if (along <= r->places[0].along || along >= r->places[r->n - 1].along) {
        *out = r->places[along <= r->places[0].along ? 0 : r->n - 1].across;
        return true;
    }
    while (*hint + 2 < r->n && r->places[*hint + 1].along < along)
        (*hint)++;
    const place *a = &r->places[*hint], *b = a + 1;
    const double span = b->along - a->along;
    const double part = span > 0.0 ? (along - a->along) / span : 0.0;
    *out = a->across + part * (b->across - a->across);
    return true;
}

/* Limits of all runs at one step; those of the step before where no run is. */
static void limits_at(const run *runs, size_t n, double along, size_t *hints,
                      place *upper, place *lower, bool first)
{
    bool any = false;
    double across;
    const double was_upper = first ? 0.0 : upper[-1].across;
    const double was_lower = first ? 0.0 : lower[-1].across;
    for (size_t i = 0; i < n; i++) {
        if (!across_at(&runs[i], along, &hints[i], &across))
            continue;
        upper->across = any ? fmax(upper->across, across) : across;
        lower->across = any ? fmin(lower->across, across) : across;
        any = true;
    }
    if (!any) {
        upper->across = was_upper;
        lower->across = was_lower;
    }
    upper->along = lower->along = along;
}

static zagg_status make_band(const run *runs, size_t n, double from, double to, band *b,
                             zagg_err *err)
{
    const size_t steps = (size_t)ceil((to - from) / STEP_DEG) + 1;
    size_t *hints = zg_alloc(n + 1, sizeof *hints);
    b->n = steps + 1;
    b->upper = zg_alloc(b->n, sizeof *b->upper);
    b->lower = zg_alloc(b->n, sizeof *b->lower);
    if (hints == NULL || b->upper == NULL || b->lower == NULL) {
        zg_free(hints);
        return no_memory(err);
    }
    for (size_t k = 0; k < b->n; k++) {
        const double along =
            k < steps ? from + (to - from) * ((double)k / (double)steps) : to;
        limits_at(runs, n, along, hints, &b->upper[k], &b->lower[k], k == 0);
    }
    zg_free(hints);
    return ZAGG_OK;
}

/* Between two steps a track may lie a little outside of the line from step to step: widen
 * the band by what that is at most. */
static double outside_band(const run *runs, size_t n, const band *b, double from,
                           double to)
{
    const double step = (to - from) / (double)(b->n - 1);
    double most = 0.0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < runs[i].n && step > 0.0; k++) {
            const place *p = &runs[i].places[k];
            const double at = (p->along - from) / step;
            size_t cell = at > 0.0 ? (size_t)at : 0;
            if (cell + 2 > b->n)
                cell = b->n - 2;
            const double part = at - (double)cell;
            const double upper =
                b->upper[cell].across +
                part * (b->upper[cell + 1].across - b->upper[cell].across);
            const double lower =
                b->lower[cell].across +
                part * (b->lower[cell + 1].across - b->lower[cell].across);
            most = fmax(most, fmax(p->across - upper, lower - p->across));
        }
    return most;
}

/* Counterclockwise: along the lower side, back along the upper one. */
static const zagg_value *polygon_of(zg_maker *m, const frame *f, const band *upper_lower,
                                    size_t n_upper, size_t n_lower, double margin)
{
    const place *upper = upper_lower->upper, *lower = upper_lower->lower;
    const size_t n = n_upper + n_lower;
    const zagg_value **list = NULL;
    if (zg_tree_alloc(&m->tree, n + 1, sizeof *list, &list, m->err) != ZAGG_OK) {
        m->status = ZAGG_ENOMEM;
        return zg_make_null(m);
    }
    for (size_t k = 0; k < n; k++) {
        const bool low = k < n_lower;
        const size_t i = low ? k : n - 1 - k;
        place p = low ? lower[i] : upper[i];
        double at[2];
        p.across += low ? -margin : margin;
        if (i == 0)
            p.along -= margin;
        if (i == (low ? n_lower : n_upper) - 1)
            p.along += margin;
        from_frame(f, p, &at[1], &at[0]);
        list[k] = zg_make_doubles(m, at, 2);
    }
    list[n] = list[0];
    const zagg_value *ring = zg_make_list(m, list, n + 1);
    zg_object o;
    zg_object_begin(&o, m);
    zg_object_put(&o, "type", zg_make_text(m, "Polygon"));
    zg_object_put(&o, "coordinates", zg_make_list(m, &ring, 1));
    return zg_object_end(&o);
}

static void extent_of(const run *runs, size_t n, double *from, double *to)
{
    *from = HUGE_VAL;
    *to = -HUGE_VAL;
    for (size_t i = 0; i < n; i++)
        if (runs[i].n > 0) {
            *from = fmin(*from, runs[i].places[0].along);
            *to = fmax(*to, runs[i].places[runs[i].n - 1].along);
        }
}

static zagg_status outline(zg_maker *m, const frame *f, run *runs, size_t n,
                           double margin, const zagg_value **out, zagg_err *err)
{
    double from, to;
    band b = {NULL, NULL, 0};
    for (size_t i = 0; i < n; i++)
        if (runs[i].n > 1)
            qsort(runs[i].places, runs[i].n, sizeof *runs[i].places, by_along);
    extent_of(runs, n, &from, &to);
    if (to - from > MAX_ALONG_DEG)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "tracks over %.0f degrees of the globe: no swath", to - from);
    zagg_status status = make_band(runs, n, from, to, &b, err);
    if (status == ZAGG_OK) {
        const double tolerance = margin / 3.0;
        const double wide = margin + tolerance + outside_band(runs, n, &b, from, to);
        size_t n_upper = b.n, n_lower = b.n;
        status = thin(b.upper, &n_upper, tolerance, err);
        if (status == ZAGG_OK)
            status = thin(b.lower, &n_lower, tolerance, err);
        if (status == ZAGG_OK)
            *out = polygon_of(m, f, &b, n_upper, n_lower, wide);
    }
    zg_free(b.upper);
    zg_free(b.lower);
    return status == ZAGG_OK ? m->status : status;
}

static void free_runs(run *runs, size_t n)
{
    for (size_t i = 0; runs != NULL && i < n; i++)
        zg_free(runs[i].places);
    zg_free(runs);
}

static zagg_status make_runs(const zg_track *tracks, size_t n, frame *f, run **out,
                             zagg_err *err)
{
    if (!make_frame(tracks, n, f))
        return zagg_err_set(err, ZAGG_ENOTFOUND, "no points on the ground");
    run *runs = zg_alloc(n + 1, sizeof *runs);
    if (runs == NULL)
        return no_memory(err);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        status = make_run(f, &tracks[i], &runs[i], err);
    if (status != ZAGG_OK)
        free_runs(runs, n);
    else
        *out = runs;
    return status;
}

zagg_status zg_swath_polygon(zg_maker *m, const zg_track *tracks, size_t n,
                             double margin_deg, const zagg_value **out, zagg_err *err)
{
    frame f;
    run *runs = NULL;
    ZAGG_TRY(make_runs(tracks, n, &f, &runs, err));
    const zagg_status status = outline(m, &f, runs, n, margin_deg, out, err);
    free_runs(runs, n);
    return status;
}

/* ---- lines ---- */

static const zagg_value *line_of(zg_maker *m, const frame *f, const run *r)
{
    const zagg_value **list = NULL;
    if (zg_tree_alloc(&m->tree, r->n + 1, sizeof *list, &list, m->err) != ZAGG_OK) {
        m->status = ZAGG_ENOMEM;
        return zg_make_null(m);
    }
    for (size_t i = 0; i < r->n; i++) {
        double at[2];
        from_frame(f, r->places[i], &at[1], &at[0]);
        list[i] = zg_make_doubles(m, at, 2);
    }
    return zg_make_list(m, list, r->n);
}

zagg_status zg_swath_lines(zg_maker *m, const zg_track *tracks, size_t n,
                           double tolerance_deg, const zagg_value **out, zagg_err *err)
{
    frame f;
    run *runs = NULL;
    size_t lines = 0;
    ZAGG_TRY(make_runs(tracks, n, &f, &runs, err));
    const zagg_value **list = zg_alloc(n + 1, sizeof *list);
    zagg_status status = list != NULL ? ZAGG_OK : no_memory(err);
    for (size_t i = 0; i < n && status == ZAGG_OK; i++) {
        status = thin(runs[i].places, &runs[i].n, tolerance_deg, err);
        if (status == ZAGG_OK && runs[i].n > 1)
            list[lines++] = line_of(m, &f, &runs[i]);
    }
    if (status == ZAGG_OK) {
        zg_object o;
        zg_object_begin(&o, m);
        zg_object_put(&o, "type", zg_make_text(m, "MultiLineString"));
        zg_object_put(&o, "coordinates", zg_make_list(m, list, lines));
        *out = zg_object_end(&o);
        status = m->status;
    }
    zg_free((void *)list);
    free_runs(runs, n);
    return status;
}
