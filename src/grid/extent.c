/* Boxes of longitude and latitude around shards, and the points that lie in them. A box
 * may be too large, never too small.
 *
 * HEALPix (Calabretta and Roukema 2007): in the plane of the projection a cell is a
 * square on its corner. Latitude depends on y alone, so that the corners N and S have the
 * extremes. With s = 1 in the belt and 2 - |y| in the caps, longitude is u / s eighths of
 * a turn from the middle of the base cell, u the distance from it in the plane. u / s is
 * monotone along lines where s > 0, and a cell that lies on both sides of |y| = 1 has its
 * corners W and E there: corners have the extremes again. A cell at a pole, where s = 0,
 * has the whole quadrant.
 */
#include "base/base.h"
#include "geo/cells.h"
#include "geo/latitude.h"
#include "geo/sphere.h"
#include "grid/grid.h"

#include <math.h>
#include <stdlib.h>

/* Latitude and longitude of a point may be off by 1e-11 degrees (longitudes up to 11475;
 * the series of latitudes), and by 5e-9 where sqrt(6) as upstream has it leaves a step
 * between belt and caps. */
#define MARGIN_DEG 1e-7
/* Close to a pole that is more: an error of 1e-15 in l = u is one of 1e-15 / s. */
#define POLE_MARGIN_DEG 1e-12
/* Rectilinear: columns are quotients below 2^31, off by less than 1e-6. */
#define MARGIN_CELLS 1e-4
/* Differences with a bound are off by one part in 2^53 of it. */
#define MARGIN_OF_BOUND 1e-12

#define MAX_LON_DEG 11475.0
#define TURN_DEG 360.0

/* One cell's longitudes, 0 <= west < 360, not beyond west + 360. */
typedef struct arc {
    double west, east;
} arc;

typedef struct box {
    double south, north;
    arc lon;
} box;

/* ---- one HEALPix cell ---- */

static double geodetic_deg(double y, zagg_latitude latitude)
{
    double lat, lon;
    zg_unproject(0.0, y, &lat, &lon);
    double deg = lat * ZG_DEG_PER_RAD;
    return latitude == ZAGG_LATITUDE_AUTHALIC ? zagg_geo_geodetic_from_authalic_deg(deg)
                                              : deg;
}

/* Of a corner: widen [*low, *high] by its longitude from the middle of the base cell, in
 * degrees. */
static void add_corner(double u, double y, double *low, double *high)
{
    double s = fabs(y) > 1.0 ? 2.0 - fabs(y) : 1.0;
    double from = -45.0, to = 45.0, margin = MARGIN_DEG;
    if (s > 0.0) {
        from = to = 45.0 * (u / s);
        margin += POLE_MARGIN_DEG / s;
    }
    *low = fmin(*low, from - margin);
    *high = fmax(*high, to + margin);
}

static box healpix_box(const zagg_grid_info *i, uint64_t nested)
{
    const unsigned bits = 2u * i->parent_order;
    const double side = (double)(UINT32_C(1) << i->parent_order), t = 1.0 / side;
    const uint64_t base = nested >> bits, within = nested & ((UINT64_C(1) << bits) - 1u);
    const double row = 1.0 - (double)(base >> 2);
    const double middle = 90.0 * (double)(base & 3u) + (base >> 2 == 1 ? 0.0 : 45.0);
    const double a = zg_gather_bits(within), b = zg_gather_bits(within >> 1);
    /* exact: halves, quarters, ... */
    const double u = (a - b) / side, y = (a + b - (side - 1.0)) / side + row;
    double low = 360.0, high = -360.0;
    add_corner(u, y + t, &low, &high);
    add_corner(u, y - t, &low, &high);
    add_corner(u - t, y, &low, &high);
    add_corner(u + t, y, &low, &high);
    box r = {.south = geodetic_deg(y - t, i->latitude) - MARGIN_DEG,
             .north = geodetic_deg(y + t, i->latitude) + MARGIN_DEG};
    double west = middle + low;
    r.lon.west = west < 0.0 ? west + TURN_DEG : west;
    r.lon.east = r.lon.west + (high - low);
    return r;
}

/* ---- the union of arcs ---- */

static int compare_arcs(const void *a, const void *b)
{
    const arc *p = a, *q = b;
    return p->west < q->west ? -1 : p->west > q->west;
}

/* The arc that leaves out the widest gap of them all. */
static arc join(arc *arcs, size_t n)
{
    qsort(arcs, n, sizeof *arcs, compare_arcs);
    double end = arcs[0].east; /* of all so far, some of which pass 360 */
    for (size_t k = 1; k < n; k++)
        end = fmax(end, arcs[k].east);
    double reach = end - TURN_DEG, widest = 0.0, west = 0.0, gap_start = 0.0;
    for (size_t k = 0; k < n; k++) {
        if (arcs[k].west - reach > widest || k == 0) {
            widest = arcs[k].west - reach;
            gap_start = reach;
            west = arcs[k].west;
        }
        reach = fmax(reach, arcs[k].east);
    }
    return widest > 0.0 ? (arc){west, gap_start + TURN_DEG} : (arc){0.0, TURN_DEG};
}

static zagg_status healpix_extent(const zagg_grid *grid, const uint64_t *shard_keys,
                                  size_t n, zagg_extent *out, zagg_err *err)
{
    arc *arcs = zg_alloc(n, sizeof *arcs);
    if (arcs == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the extent of %zu shards",
                            n);
    zagg_status status = ZAGG_OK;
    double south = 90.0, north = -90.0;
    for (size_t k = 0; k < n; k++) {
        zagg_shard shard;
        status = zagg_grid_shard(grid, shard_keys[k], &shard, err);
        if (status != ZAGG_OK)
            break;
        box b = healpix_box(&grid->info, shard.block[0]);
        arcs[k] = b.lon;
        south = fmin(south, b.south);
        north = fmax(north, b.north);
    }
    if (status == ZAGG_OK) {
        arc lon = join(arcs, n);
        *out = (zagg_extent){
            .south_deg = south,
            .north_deg = north,
            .middle_lon_deg = 0.5 * (lon.west + lon.east),
            .half_width_deg = 0.5 * (lon.east - lon.west) + MARGIN_DEG,
            .turn_deg = TURN_DEG,
            .valid_south_deg = -90.0,
            .valid_north_deg = 90.0,
            .valid_west_deg = -MAX_LON_DEG,
            .valid_east_deg = MAX_LON_DEG,
        };
    }
    zg_free(arcs);
    return status;
}

/* ---- rectilinear grids ---- */

static zagg_status lonlat_extent(const zagg_grid *grid, const uint64_t *shard_keys,
                                 size_t n, zagg_extent *out, zagg_err *err)
{
    const zagg_grid_info *i = &grid->info;
    const double *b = i->bounds, *step = i->resolution;
    const double dx =
        MARGIN_CELLS * step[0] + MARGIN_OF_BOUND * fmax(fabs(b[0]), fabs(b[2]));
    const double dy =
        MARGIN_CELLS * step[1] + MARGIN_OF_BOUND * fmax(fabs(b[1]), fabs(b[3]));
    double west = (double)INFINITY, east = -west, south = west, north = -west;
    for (size_t k = 0; k < n; k++) {
        zagg_shard shard;
        ZAGG_TRY(zagg_grid_shard(grid, shard_keys[k], &shard, err));
        double top = (double)(shard.block[0] * i->shard_shape[0]);
        double left = (double)(shard.block[1] * i->shard_shape[1]);
        west = fmin(west, b[0] + left * step[0]);
        east = fmax(east, b[0] + (left + (double)i->shard_shape[1]) * step[0]);
        north = fmax(north, b[3] - top * step[1]);
        south = fmin(south, b[3] - (top + (double)i->shard_shape[0]) * step[1]);
    }
    *out = (zagg_extent){
        .south_deg = south - dy,
        .north_deg = north + dy,
        .middle_lon_deg = 0.5 * (west + east),
        .half_width_deg = 0.5 * (east - west) + dx,
        .valid_south_deg = fmax(b[1] + dy, -90.0),
        .valid_north_deg = fmin(b[3] - dy, 90.0),
        .valid_west_deg = b[0] + dx,
        .valid_east_deg = b[2] - dx,
    };
    return ZAGG_OK;
}

zagg_status zagg_grid_extent_of(const zagg_grid *grid, const uint64_t *shard_keys,
                                size_t n, zagg_extent *out, zagg_err *err)
{
    if (n == 0)
        return zagg_err_set(err, ZAGG_EARG, "no shards: they have no extent");
    if (grid->info.kind == ZAGG_GRID_HEALPIX)
        return healpix_extent(grid, shard_keys, n, out, err);
    if (zg_proj_is_lonlat(grid->proj))
        return lonlat_extent(grid, shard_keys, n, out, err);
    zagg_shard shard;
    for (size_t k = 0; k < n; k++)
        ZAGG_TRY(zagg_grid_shard(grid, shard_keys[k], &shard, err));
    *out = (zagg_extent){.everything = true};
    return ZAGG_OK;
}

/* ---- points ---- */

static inline __attribute__((always_inline)) size_t
candidates(const zagg_extent *e, const double *restrict lat_deg,
           const double *restrict lon_deg, size_t n, uint8_t *restrict candidate)
{
    const double round_to_integer = 0x1.8p+52;
    const double turn = e->turn_deg, per_turn = turn > 0.0 ? 1.0 / turn : 0.0;
    const double south = e->south_deg, north = e->north_deg;
    const double middle = e->middle_lon_deg, half_width = e->half_width_deg;
    const double valid_south = e->valid_south_deg, valid_north = e->valid_north_deg;
    const double valid_west = e->valid_west_deg, valid_east = e->valid_east_deg;
    uint64_t count = 0;
    for (size_t k = 0; k < n; k++) {
        const double lat = lat_deg[k], lon = lon_deg[k];
        const double from = lon - middle;
        const double turns = (from * per_turn + round_to_integer) - round_to_integer;
        /* all comparisons are false for NaN, so that it is a candidate */
        const bool has_cell = (lat >= valid_south) & (lat <= valid_north) &
                              (lon >= valid_west) & (lon <= valid_east);
        const bool apart =
            (lat < south) | (lat > north) | (fabs(from - turns * turn) > half_width);
        const uint64_t in = (uint64_t) !(has_cell & apart);
        candidate[k] = (uint8_t)in;
        count += in;
    }
    return (size_t)count;
}

#ifdef ZG_TARGET_AVX2
ZG_TARGET_AVX2 static size_t candidates_avx2(const zagg_extent *e, const double *lat_deg,
                                             const double *lon_deg, size_t n,
                                             uint8_t *candidate)
{
    return candidates(e, lat_deg, lon_deg, n, candidate);
}
#endif

size_t zagg_extent_candidates(const zagg_extent *extent, const double *lat_deg,
                              const double *lon_deg, size_t n, uint8_t *candidate)
{
    if (extent->everything) {
        for (size_t k = 0; k < n; k++)
            candidate[k] = 1;
        return n;
    }
#ifdef ZG_TARGET_AVX2
    if (zg_isa_active() >= ZG_ISA_AVX2)
        return candidates_avx2(extent, lat_deg, lon_deg, n, candidate);
#endif
    return candidates(extent, lat_deg, lon_deg, n, candidate);
}
