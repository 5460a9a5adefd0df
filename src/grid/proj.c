/* Projections. A PJ object of PROJ belongs to one thread at a time, a grid to all of
 * them: each call borrows a copy from the projection, which makes one more when all are
 * out. */
#include "grid/proj.h"

#include "base/base.h"
#include "grid/crs.h"
#include "grid/proj_context.h"
#include "zagg/grid.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* One thread's copy, in a context of its own. */
typedef struct proj_copy {
    zg_proj_context context;
    PJ *pj;
    struct proj_copy *next;
} proj_copy;

struct zg_proj {
    char *id;
    bool lonlat, geographic;
    zg_proj_context context; /* of the first one, which only copies are made of */
    PJ *pj;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    proj_copy *idle; /* copies that nobody has borrowed */
};

const char *zg_proj_id(const zg_proj *proj)
{
    return proj->id;
}

bool zg_proj_is_lonlat(const zg_proj *proj)
{
    return proj->lonlat;
}

bool zg_proj_is_geographic(const zg_proj *proj)
{
    return proj->geographic;
}

const char *zagg_grid_proj_version(void)
{
    return zg_proj_load(NULL) == ZAGG_OK ? zg_libproj.info().version : "not found";
}

/* ---- copies ---- */

static void free_copy(proj_copy *copy)
{
    (void)zg_libproj.destroy(copy->pj);
    zg_proj_context_end(&copy->context);
    zg_free(copy);
}

/* NULL without memory. The caller holds the lock: the first one is read. */
static proj_copy *new_copy(const zg_proj *proj)
{
    proj_copy *copy = zg_alloc(1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    if (zg_proj_context_init(&copy->context, false)) {
        /* points that cannot be projected are ordinary */
        (void)zg_libproj.log_level(copy->context.ctx, PJ_LOG_NONE);
        copy->pj = zg_libproj.clone(copy->context.ctx, proj->pj);
        if (copy->pj != NULL)
            return copy;
    }
    free_copy(copy);
    return NULL;
}

/* Never fails: one copy is made with the projection, and where memory is short a thread
 * waits for another's. */
static proj_copy *borrow(const zg_proj *proj)
{
    zg_proj *shared = (zg_proj *)proj; /* only the list, under its lock */
    pthread_mutex_lock(&shared->lock);
    proj_copy *copy = shared->idle == NULL ? new_copy(proj) : NULL;
    while (copy == NULL) {
        copy = shared->idle;
        if (copy != NULL)
            shared->idle = copy->next;
        else
            pthread_cond_wait(&shared->given_back, &shared->lock);
    }
    pthread_mutex_unlock(&shared->lock);
    return copy;
}

static void give_back(const zg_proj *proj, proj_copy *copy)
{
    zg_proj *shared = (zg_proj *)proj;
    pthread_mutex_lock(&shared->lock);
    copy->next = shared->idle;
    shared->idle = copy;
    pthread_cond_signal(&shared->given_back);
    pthread_mutex_unlock(&shared->lock);
}

/* ---- making one ---- */

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a projection");
}

/* Is it a CRS with two axes on the ground, and are these angles? */
static bool is_ground(PJ_CONTEXT *ctx, const PJ *crs, bool *geographic)
{
    PJ *plain = zg_proj_horizontal(ctx, zg_libproj.clone(ctx, crs));
    const PJ_TYPE type = plain != NULL ? zg_libproj.get_type(plain) : PJ_TYPE_UNKNOWN;
    (void)zg_libproj.destroy(plain);
    *geographic = type == PJ_TYPE_GEOGRAPHIC_2D_CRS || type == PJ_TYPE_GEOGRAPHIC_3D_CRS;
    return *geographic || type == PJ_TYPE_PROJECTED_CRS;
}

static zagg_status read_crs(zg_proj *proj, const char *text, PJ **out, zagg_err *err)
{
    char shown[96];
    zg_proj_context *c = &proj->context;
    PJ *crs = zg_libproj.create(c->ctx, proj->id);
    if (crs == NULL && !zg_proj_context_has_database(c))
        return zagg_err_set(
            err, ZAGG_EUNSUPPORTED,
            "output.grid.crs: '%s' cannot be read without PROJ's database, proj.db, "
            "which "
            "is not found; install it (Debian: proj-data) or set PROJ_DATA to its folder",
            zg_crs_shown(text, shown));
    if (crs == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.crs: '%s' names no coordinate reference system; "
                            "write an authority code such as EPSG:4326%s%s%s",
                            zg_crs_shown(text, shown), c->reason[0] != '\0' ? " (" : "",
                            c->reason, c->reason[0] != '\0' ? ")" : "");
    if (!is_ground(c->ctx, crs, &proj->geographic)) {
        (void)zg_libproj.destroy(crs);
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "output.grid.crs: '%s' is no geographic or projected "
                            "coordinate reference system, so it has no x and y",
                            zg_crs_shown(text, shown));
    }
    *out = crs;
    return ZAGG_OK;
}

/* WGS 84, out of the database where there is one: then PROJ picks the same operation as
 * upstream's. */
static PJ *wgs84(zg_proj *proj)
{
    zg_crs_known known;
    if (zg_proj_context_has_database(&proj->context))
        return zg_libproj.create(proj->context.ctx, "EPSG:4326");
    char *wkt = zg_crs_find_known("EPSG:4326", &known) ? zg_crs_known_wkt(&known) : NULL;
    PJ *crs = wkt != NULL ? zg_libproj.create(proj->context.ctx, wkt) : NULL;
    zg_free(wkt);
    return crs;
}

static zagg_status plan_general(zg_proj *proj, const char *text, zagg_err *err)
{
    char shown[96];
    PJ *crs = NULL;
    ZAGG_TRY(zg_proj_load(err));
    if (!zg_proj_context_init(&proj->context, true))
        return no_memory(err);
    PJ_CONTEXT *ctx = proj->context.ctx;
    ZAGG_TRY(read_crs(proj, text, &crs, err));
    PJ *from = wgs84(proj);
    PJ *plain = from != NULL
                    ? zg_libproj.create_crs_to_crs_from_pj(ctx, from, crs, NULL, NULL)
                    : NULL;
    if (plain != NULL)
        proj->pj = zg_libproj.normalize_for_visualization(ctx, plain);
    (void)zg_libproj.destroy(plain);
    (void)zg_libproj.destroy(from);
    (void)zg_libproj.destroy(crs);
    if (proj->pj == NULL)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "output.grid.crs: '%s': PROJ knows no way there from WGS 84 "
                            "(%s)",
                            zg_crs_shown(text, shown), proj->context.reason);
    return ZAGG_OK;
}

static zagg_status plan_known(zg_proj *proj, const zg_crs_known *known, zagg_err *err)
{
    char pipeline[256];
    proj->lonlat = proj->geographic = known->method == ZG_CRS_LONLAT;
    if (proj->lonlat)
        return ZAGG_OK;
    ZAGG_TRY(zg_proj_load(err));
    if (!zg_proj_context_init(&proj->context, false))
        return no_memory(err);
    zg_crs_known_pipeline(known, pipeline);
    proj->pj = zg_libproj.create(proj->context.ctx, pipeline);
    if (proj->pj == NULL)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "output.grid.crs: this PROJ does not know '%s' (%s)",
                            proj->id, proj->context.reason);
    return ZAGG_OK;
}

zagg_status zg_proj_new(const char *crs, zg_proj **out, zagg_err *err)
{
    zg_crs_known known;
    ZAGG_TRY(zg_crs_check_text(crs, err));
    zg_proj *proj = zg_alloc(1, sizeof *proj);
    if (proj == NULL)
        return no_memory(err);
    pthread_mutex_init(&proj->lock, NULL);
    pthread_cond_init(&proj->given_back, NULL);
    proj->id = zg_crs_id(crs);
    zagg_status status = proj->id == NULL                 ? no_memory(err)
                         : zg_crs_find_known(crs, &known) ? plan_known(proj, &known, err)
                                                          : plan_general(proj, crs, err);
    if (status == ZAGG_OK && !proj->lonlat) {
        proj->idle = new_copy(proj);
        if (proj->idle == NULL)
            status = no_memory(err);
    }
    if (status != ZAGG_OK) {
        zg_proj_free(proj);
        return status;
    }
    *out = proj;
    return ZAGG_OK;
}

void zg_proj_free(zg_proj *proj)
{
    if (proj == NULL)
        return;
    while (proj->idle != NULL) {
        proj_copy *copy = proj->idle;
        proj->idle = copy->next;
        free_copy(copy);
    }
    if (proj->pj != NULL) /* else PROJ may not be loaded */
        (void)zg_libproj.destroy(proj->pj);
    zg_proj_context_end(&proj->context);
    pthread_cond_destroy(&proj->given_back);
    pthread_mutex_destroy(&proj->lock);
    zg_free(proj->id);
    zg_free(proj);
}

/* ---- points ---- */

/* PROJ gives HUGE_VAL for both where it has no answer; anything else that is not finite
 * is made the same. */
static void transform(const zg_proj *proj, PJ_DIRECTION way, double *a, double *b,
                      size_t n)
{
    proj_copy *copy = borrow(proj);
    (void)zg_libproj.trans_generic(copy->pj, way, a, sizeof *a, n, b, sizeof *b, n, NULL,
                                   0, 0, NULL, 0, 0);
    give_back(proj, copy);
    for (size_t k = 0; k < n; k++)
        if (!isfinite(a[k]) || !isfinite(b[k]))
            a[k] = b[k] = HUGE_VAL;
}

void zg_proj_forward(const zg_proj *proj, const double *lon_deg, const double *lat_deg,
                     size_t n, double *x, double *y)
{
    for (size_t k = 0; k < n; k++) {
        const double lon = lon_deg[k], lat = lat_deg[k];
        const bool point = isfinite(lon) && fabs(lat) <= 90.0;
        x[k] = point ? lon : HUGE_VAL;
        y[k] = point ? lat : HUGE_VAL;
    }
    if (!proj->lonlat && n > 0)
        transform(proj, PJ_FWD, x, y, n);
}

void zg_proj_inverse(const zg_proj *proj, const double *x, const double *y, size_t n,
                     double *lon_deg, double *lat_deg)
{
    for (size_t k = 0; k < n; k++) {
        const double a = x[k], b = y[k];
        const bool point = isfinite(a) && isfinite(b);
        lon_deg[k] = point ? a : HUGE_VAL;
        lat_deg[k] = point ? b : HUGE_VAL;
    }
    if (!proj->lonlat && n > 0)
        transform(proj, PJ_INV, lon_deg, lat_deg, n);
}
