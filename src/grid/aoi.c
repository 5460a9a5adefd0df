/* Areas of interest: covers on the sphere, centres of cells in a plane. */
#include "grid/aoi.h"

#include "base/base.h"
#include "grid/grid.h"

#include <math.h>
#include <stdlib.h>

/* Steps along the edges of a rectilinear area, in roots of its area. */
#define STEP_SHARE 0.04
#define MAX_STEPS_A_RING 10000000.0

typedef struct edge {
    double a[2], b[2];
} edge;

struct zagg_aoi {
    const zagg_grid *grid;
    zagg_words cover; /* HEALPix: canonical */
    zg_vec edges;     /* rectilinear: edge */
};

static zagg_status aoi_alloc(const zagg_grid *grid, zagg_aoi **out, zagg_err *err)
{
    zagg_aoi *aoi = zg_alloc(1, sizeof *aoi);
    if (aoi == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an area of interest");
    aoi->grid = grid;
    zg_vec_init(&aoi->edges, sizeof(edge), 0);
    *out = aoi;
    return ZAGG_OK;
}

void zagg_aoi_free(zagg_aoi *aoi)
{
    if (aoi == NULL)
        return;
    zagg_words_free(&aoi->cover);
    zg_vec_free(&aoi->edges);
    zg_free(aoi);
}

/* ---- rectilinear: the outline in the plane ---- */

static zagg_status add_ring(zagg_aoi *aoi, const zg_plane_ring *ring, zagg_err *err)
{
    double first[2] = {0.0, 0.0}, last[2] = {0.0, 0.0};
    bool any = false;
    for (size_t k = 0; k <= ring->n; k++) {
        const double at[2] = {k < ring->n ? ring->x[k] : first[0],
                              k < ring->n ? ring->y[k] : first[1]};
        if (!isfinite(at[0]) || !isfinite(at[1]))
            continue;
        if (any) {
            edge *e = zg_vec_push(&aoi->edges);
            if (e == NULL)
                return zagg_err_set(err, ZAGG_ENOMEM,
                                    "no memory for an area of interest");
            *e = (edge){{last[0], last[1]}, {at[0], at[1]}};
        } else {
            first[0] = at[0];
            first[1] = at[1];
        }
        any = true;
        last[0] = at[0];
        last[1] = at[1];
    }
    return ZAGG_OK;
}

zagg_status zg_aoi_new_projected(const zagg_grid *grid, const zg_plane_ring *rings,
                                 size_t n_rings, zagg_aoi **out, zagg_err *err)
{
    zagg_aoi *aoi = NULL;
    ZAGG_TRY(aoi_alloc(grid, &aoi, err));
    zagg_status status = ZAGG_OK;
    for (size_t k = 0; k < n_rings && status == ZAGG_OK; k++)
        status = add_ring(aoi, &rings[k], err);
    if (status != ZAGG_OK) {
        zagg_aoi_free(aoi);
        return status;
    }
    *out = aoi;
    return ZAGG_OK;
}

/** Area of a ring in square degrees. */
static double ring_area(const zagg_ring *ring)
{
    double twice = 0.0;
    for (size_t k = 0; k < ring->n; k++) {
        const size_t next = k + 1 < ring->n ? k + 1 : 0;
        /* from the first vertex, so that large longitudes cost no digits */
        twice += (ring->lon_deg[k] - ring->lon_deg[0]) *
                     (ring->lat_deg[next] - ring->lat_deg[0]) -
                 (ring->lon_deg[next] - ring->lon_deg[0]) *
                     (ring->lat_deg[k] - ring->lat_deg[0]);
    }
    return 0.5 * fabs(twice);
}

/** Vertices of the ring with steps between them, x and y in turn. */
static zagg_status walk(const zagg_ring *ring, double step, zg_vec *points, zagg_err *err)
{
    for (size_t k = 0; k < ring->n; k++) {
        const size_t next = k + 1 < ring->n ? k + 1 : 0;
        const double x = ring->lon_deg[k], y = ring->lat_deg[k];
        const double dx = ring->lon_deg[next] - x, dy = ring->lat_deg[next] - y;
        const double length = sqrt(dx * dx + dy * dy);
        if (step > 0.0 && length / step > MAX_STEPS_A_RING)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "the area of interest is too thin: an edge of %g degrees "
                                "would be cut into more than %.0f pieces",
                                length, MAX_STEPS_A_RING);
        double d = 0.0;
        do {
            const double part = d > 0.0 ? d / length : 0.0;
            const double at[2] = {x + part * dx, y + part * dy};
            if (!zg_vec_append(points, at, 1))
                return zagg_err_set(err, ZAGG_ENOMEM,
                                    "no memory for an area of interest");
            d += step;
        } while (step > 0.0 && d < length);
    }
    return ZAGG_OK;
}

static zagg_status add_projected(zagg_aoi *aoi, const zg_vec *points, zagg_err *err)
{
    const size_t n = points->len;
    double *x = zg_alloc(n + 1, sizeof *x), *y = zg_alloc(n + 1, sizeof *y);
    zagg_status status = ZAGG_OK;
    if (x == NULL || y == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for an area of interest");
    for (size_t k = 0; k < n && status == ZAGG_OK; k++) {
        x[k] = ((const double *)points->data)[2 * k];
        y[k] = ((const double *)points->data)[2 * k + 1];
    }
    if (status == ZAGG_OK) {
        zg_proj_forward(aoi->grid->proj, x, y, n, x, y);
        status = add_ring(aoi, &(zg_plane_ring){x, y, n}, err);
    }
    zg_free(x);
    zg_free(y);
    return status;
}

static zagg_status trace(zagg_aoi *aoi, const zagg_ring *rings, size_t n_rings,
                         zagg_err *err)
{
    double area = 0.0;
    for (size_t k = 0; k < n_rings; k++)
        area += ring_area(&rings[k]);
    /* in degrees edges stay what they are */
    const double step =
        zg_proj_is_lonlat(aoi->grid->proj) ? 0.0 : STEP_SHARE * sqrt(area);
    zagg_status status = ZAGG_OK;
    for (size_t k = 0; k < n_rings && status == ZAGG_OK; k++) {
        zg_vec points;
        zg_vec_init(&points, 2 * sizeof(double), 0);
        status = walk(&rings[k], step, &points, err);
        if (status == ZAGG_OK)
            status = add_projected(aoi, &points, err);
        zg_vec_free(&points);
    }
    return status;
}

/* ---- making ---- */

static zagg_status check_rings(const zagg_ring *rings, size_t n_rings, zagg_err *err)
{
    for (size_t k = 0; k < n_rings; k++) {
        if (rings[k].n < 3)
            return zagg_err_set(err, ZAGG_EARG, "Need at least 3 vertices for a polygon");
        for (size_t i = 0; i < rings[k].n; i++)
            if (!isfinite(rings[k].lat_deg[i]) || !isfinite(rings[k].lon_deg[i]))
                return zagg_err_set(err, ZAGG_EARG,
                                    "lats and lons must not contain NaN or infinity");
    }
    return ZAGG_OK;
}

zagg_status zagg_aoi_new(const zagg_grid *grid, const zagg_ring *rings, size_t n_rings,
                         zagg_aoi **out, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    zagg_aoi *aoi = NULL;
    ZAGG_TRY(check_rings(rings, n_rings, err));
    ZAGG_TRY(aoi_alloc(grid, &aoi, err));
    zagg_status status;
    if (info->kind == ZAGG_GRID_HEALPIX) {
        const zagg_cover_opts opts = {.latitude = info->latitude};
        status = zagg_cover_polygon(rings, n_rings, info->child_order, &opts, &aoi->cover,
                                    err);
    } else {
        status = trace(aoi, rings, n_rings, err);
    }
    if (status != ZAGG_OK) {
        zagg_aoi_free(aoi);
        return status;
    }
    *out = aoi;
    return ZAGG_OK;
}

/* ---- one shard ---- */

static zagg_status copy_words(const uint64_t *words, size_t n, zagg_words *out,
                              zagg_err *err)
{
    uint64_t *copy = NULL;
    if (n > 0 && (copy = zg_alloc(n, sizeof *copy)) == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n);
    for (size_t k = 0; k < n; k++)
        copy[k] = words[k];
    *out = (zagg_words){copy, n};
    return ZAGG_OK;
}

/* The words of the cover that lie in the shard, or the shard where one of them holds it.
 */
static zagg_status healpix_shard(const zagg_aoi *aoi, uint64_t key, zagg_words *out,
                                 zagg_err *err)
{
    const zagg_words *cover = &aoi->cover;
    uint64_t first, beyond, begin, end;
    size_t lo = 0, hi = cover->n;
    zagg_word_range29(key, &first, &beyond);
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        zagg_word_range29(cover->words[mid], &begin, &end);
        if (end <= first)
            lo = mid + 1;
        else
            hi = mid;
    }
    size_t n = 0;
    for (; lo + n < cover->n; n++) {
        zagg_word_range29(cover->words[lo + n], &begin, &end);
        if (begin >= beyond)
            break;
        if (begin <= first && end >= beyond)
            return copy_words(&key, 1, out, err);
    }
    return copy_words(n > 0 ? cover->words + lo : NULL, n, out, err);
}

/* Edges whose extent along y reaches into lo..hi. */
static bool edges_between(const zg_vec *all, double lo, double hi, zg_vec *out)
{
    out->len = 0;
    for (size_t k = 0; k < all->len; k++) {
        const edge *e = ZG_VEC_AT(all, const edge, k);
        if (fmax(e->a[1], e->b[1]) >= lo && fmin(e->a[1], e->b[1]) <= hi &&
            !zg_vec_append(out, e, 1))
            return false;
    }
    return true;
}

static bool centre_inside(const zg_vec *edges, double x, double y)
{
    bool inside = false;
    for (size_t k = 0; k < edges->len; k++) {
        const edge *e = ZG_VEC_AT(edges, const edge, k);
        if (zg_plane_pass_edge(e->a, e->b, x, y, &inside))
            return false; /* on the outline */
    }
    return inside;
}

static zagg_status add_rows(const zagg_aoi *aoi, const zagg_shard *shard, zg_vec *near,
                            zg_vec *row_edges, zg_vec *ids, zagg_err *err)
{
    const zagg_grid_info *i = &aoi->grid->info;
    const uint64_t rows = i->shard_shape[0], columns = i->shard_shape[1];
    const uint64_t row0 = shard->block[0] * rows, column0 = shard->block[1] * columns;
    const double upper = i->bounds[3] - (double)row0 * i->resolution[1];
    const double lower = i->bounds[3] - (double)(row0 + rows) * i->resolution[1];
    bool ok = edges_between(&aoi->edges, lower, upper, near);
    for (uint64_t row = row0; ok && row < row0 + rows; row++) {
        const double y = i->bounds[3] - ((double)row + 0.5) * i->resolution[1];
        ok = edges_between(near, y, y, row_edges);
        for (uint64_t c = column0; ok && row_edges->len > 0 && c < column0 + columns;
             c++) {
            const double x = i->bounds[0] + ((double)c + 0.5) * i->resolution[0];
            const uint64_t id = row * i->shape[1] + c;
            if (centre_inside(row_edges, x, y))
                ok = zg_vec_append(ids, &id, 1);
        }
    }
    return ok ? ZAGG_OK
              : zagg_err_set(err, ZAGG_ENOMEM, "no memory for an area of interest");
}

static zagg_status rectilinear_shard(const zagg_aoi *aoi, const zagg_shard *shard,
                                     zagg_words *out, zagg_err *err)
{
    zg_vec near, row_edges, ids;
    zg_vec_init(&near, sizeof(edge), 0);
    zg_vec_init(&row_edges, sizeof(edge), 0);
    zg_vec_init(&ids, sizeof(uint64_t), 0);
    zagg_status status = add_rows(aoi, shard, &near, &row_edges, &ids, err);
    if (status == ZAGG_OK)
        status = copy_words(ids.data, ids.len, out, err);
    zg_vec_free(&near);
    zg_vec_free(&row_edges);
    zg_vec_free(&ids);
    return status;
}

zagg_status zagg_aoi_shard(const zagg_aoi *aoi, uint64_t key, zagg_words *out,
                           zagg_err *err)
{
    zagg_shard shard;
    ZAGG_TRY(zagg_grid_shard(aoi->grid, key, &shard, err));
    if (zagg_grid_get_kind(aoi->grid) == ZAGG_GRID_HEALPIX)
        return healpix_shard(aoi, key, out, err);
    return rectilinear_shard(aoi, &shard, out, err);
}
