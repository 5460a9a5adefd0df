/* zagg export: where cells are, and their geometry. */
#include "cli/export.h"
#include "geo/outline.h"
#include "grid/crs_json.h"
#include "table/wkb.h"

#include <math.h>

static bool is_healpix(const export_job *job)
{
    return job->group->grid.kind == ZAGG_GRID_HEALPIX;
}

zagg_status export_place_new(export_job *job, zagg_err *err)
{
    const char *crs = job->group->grid.crs;
    if (is_healpix(job))
        return ZAGG_OK;
    zagg_status status = zg_proj_new(crs, &job->proj, err);
    if (status == ZAGG_OK && job->args->format == ZG_TABLE_PARQUET)
        status = zg_crs_json(crs, &job->crs_json, err);
    return status == ZAGG_OK
               ? ZAGG_OK
               : zagg_err_context(err, status, "group %s", job->group->name);
}

/* ---- centres ---- */

static void healpix_centres(export_job *job, const zagg_store_chunk *chunk)
{
    const zagg_store_grid *g = &job->group->grid;
    for (size_t i = 0; i < job->n_rows; i++) {
        zagg_geo_centre(chunk->cell_ids[job->rows[i]], g->cell_order, g->latitude,
                        &job->lat[i], &job->lon[i]);
        job->lon[i] -= job->lon[i] > 180.0 ? 360.0 : 0.0;
        job->x[i] = job->lon[i];
        job->y[i] = job->lat[i];
    }
}

void export_place_rows(export_job *job, const zagg_store_chunk *chunk)
{
    const zagg_store_grid *g = &job->group->grid;
    if (is_healpix(job)) {
        healpix_centres(job, chunk);
        return;
    }
    for (size_t i = 0; i < job->n_rows; i++) {
        const uint64_t id = chunk->cell_ids[job->rows[i]];
        job->x[i] = g->bounds[0] + ((double)(id % g->shape[1]) + 0.5) * g->resolution[0];
        job->y[i] = g->bounds[3] - ((double)(id / g->shape[1]) + 0.5) * g->resolution[1];
    }
    zg_proj_inverse(job->proj, job->x, job->y, job->n_rows, job->lon, job->lat);
}

/* ---- box ---- */

/* How far east of the box's western side, 0 to below 360. */
static double eastward(const double bbox[4], double lon)
{
    const double east = lon - bbox[0];
    return east - 360.0 * floor(east / 360.0);
}

static double box_width(const double bbox[4])
{
    const double width = bbox[2] - bbox[0];
    return width < 0 ? width + 360.0 : width;
}

bool export_in_box(const export_job *job, size_t i)
{
    const double *bbox = job->args->bbox;
    return !job->args->has_bbox ||
           (job->lat[i] >= bbox[1] && job->lat[i] <= bbox[3] && isfinite(job->lon[i]) &&
            eastward(bbox, job->lon[i]) <= box_width(bbox));
}

/* Corners are the outermost points of a HEALPix cell; this is for their rounding. */
#define SLACK_DEG 1e-6

static bool ring_meets(const double bbox[4], const double *xy, size_t n)
{
    double west = xy[0], east = xy[0], south = xy[1], north = xy[1];
    for (size_t k = 1; k < n; k++) {
        west = fmin(west, xy[2 * k]);
        east = fmax(east, xy[2 * k]);
        south = fmin(south, xy[2 * k + 1]);
        north = fmax(north, xy[2 * k + 1]);
    }
    west -= SLACK_DEG;
    east += SLACK_DEG;
    return north + SLACK_DEG >= bbox[1] && south - SLACK_DEG <= bbox[3] &&
           (eastward(bbox, west) <= box_width(bbox) ||
            eastward(bbox, west) + (east - west) >= 360.0);
}

bool export_box_meets(const export_job *job, const zagg_store_shard *shard, uint64_t b)
{
    const zagg_store_grid *g = &job->group->grid;
    const bool whole = b == UINT64_MAX;
    zg_outline o;
    if (!job->args->has_bbox || !is_healpix(job))
        return true;
    zg_outline_of_cell(whole ? shard->block[0]
                             : shard->block[0] * g->chunks_per_shard + b,
                       whole ? g->shard_order : g->chunk_order, g->latitude, &o);
    const double *xy = o.xy;
    bool meets = o.n_rings == 0; /* too fine to tell */
    for (size_t r = 0; r < o.n_rings; r++) {
        meets = meets || ring_meets(job->args->bbox, xy, o.counts[r]);
        xy += 2 * o.counts[r];
    }
    return meets;
}

/* ---- geometry ---- */

/* Corners of a rectilinear cell, counter-clockwise from the upper left. */
static void rectilinear_corners(const zagg_store_grid *g, uint64_t id, double x[4],
                                double y[4])
{
    const double column = (double)(id % g->shape[1]), row = (double)(id / g->shape[1]);
    x[0] = x[1] = g->bounds[0] + column * g->resolution[0];
    x[2] = x[3] = g->bounds[0] + (column + 1) * g->resolution[0];
    y[0] = y[3] = g->bounds[3] - row * g->resolution[1];
    y[1] = y[2] = g->bounds[3] - (row + 1) * g->resolution[1];
}

static bool add_outline(const zg_outline *o, zg_str *wkb)
{
    if (o->n_rings > 0)
        zg_wkb_add_polygons(wkb, o->xy, o->counts, o->n_rings);
    return o->n_rings > 0;
}

static bool add_rectilinear(const export_job *job, uint64_t id, double centre_lon,
                            zg_str *wkb)
{
    const size_t corners = 4;
    double x[4], y[4], xy[8];
    zg_outline o;
    rectilinear_corners(&job->group->grid, id, x, y);
    if (job->args->format == ZG_TABLE_NDJSON) { /* longitude and latitude always */
        double lon[4], lat[4];
        zg_proj_inverse(job->proj, x, y, corners, lon, lat);
        zg_outline_of_ring(lon, lat, corners, centre_lon, &o);
        return add_outline(&o, wkb);
    }
    for (size_t k = 0; k < corners; k++) {
        xy[2 * k] = x[k];
        xy[2 * k + 1] = y[k];
    }
    zg_wkb_add_polygons(wkb, xy, &corners, 1);
    return true;
}

bool export_geometry(const export_job *job, const zagg_store_chunk *chunk, size_t i,
                     zg_str *wkb)
{
    const zagg_store_grid *g = &job->group->grid;
    const uint64_t id = chunk->cell_ids[job->rows[i]];
    zg_outline o;
    if (job->args->shape == EXPORT_POINT) {
        const bool plane = !is_healpix(job) && job->args->format != ZG_TABLE_NDJSON;
        const double x = plane ? job->x[i] : job->lon[i];
        const double y = plane ? job->y[i] : job->lat[i];
        if (!isfinite(x) || !isfinite(y))
            return false;
        zg_wkb_add_point(wkb, x, y);
        return true;
    }
    if (!is_healpix(job))
        return add_rectilinear(job, id, job->lon[i], wkb);
    zg_outline_of_cell(id, g->cell_order, g->latitude, &o);
    return add_outline(&o, wkb);
}
