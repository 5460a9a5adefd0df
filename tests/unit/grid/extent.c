/* Boxes around shards: no point of a shard is ever outside, points without a cell are
 * candidates, and the boxes are not much larger than the shards. */
#include "base/base.h"
#include "support/random.h"
#include "support/support.h"
#include "zagg/grid.h"

#include <math.h>
#include <string.h>

enum { POINTS = 2000, MAX_SHARDS = 6, ROUNDS = 600 };

static uint64_t seed = 1;

static zagg_grid *healpix(unsigned parent, unsigned child, zagg_latitude latitude)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_healpix_spec spec = {.parent_order = parent,
                                    .child_order = child,
                                    .chunk_inner = -1,
                                    .latitude = latitude};
    zagg_grid *grid = NULL;
    if (zagg_grid_new_healpix(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

/* Close to an edge, a corner or the middle of the shard, or anywhere in it. */
static uint64_t order29_cell(uint64_t shard, unsigned parent)
{
    const unsigned bits = 2u * (29u - parent);
    const uint64_t low = (UINT64_C(1) << bits) - 1u;
    const uint64_t i = UINT64_C(0x5555555555555555) & low, j = i << 1 & low;
    uint64_t within = random_u64(&seed) & low;
    switch (random_u64(&seed) % 8) {
    case 0:
        within &= ~i;
        break;
    case 1:
        within |= i;
        break;
    case 2:
        within &= ~j;
        break;
    case 3:
        within |= j;
        break;
    case 4:
        within = (random_u64(&seed) & 1u ? i : 0) | (random_u64(&seed) & 1u ? j : 0);
        break;
    default:
        break;
    }
    return shard << bits | within;
}

/* Shards at poles, on the antimeridian, at borders of base cells, anywhere. */
static uint64_t some_shard(unsigned parent)
{
    static const double lons[] = {0.0, 45.0, 90.0, 180.0, -180.0, -90.0, 179.999, 360.0};
    static const double lats[] = {90.0, -90.0, 89.9999, 0.0, 41.81, 41.94, -41.81, 1e-7};
    double lat = random_between(&seed, -90.0, 90.0),
           lon = random_between(&seed, -180.0, 360.0);
    uint64_t r = random_u64(&seed), nested;
    if (r & 1u)
        lat = lats[r >> 8 & 7u];
    if (r & 2u)
        lon = lons[r >> 16 & 7u];
    zagg_geo_nested(&lat, &lon, 1, parent, ZAGG_LATITUDE_AUTHALIC, &nested);
    return nested;
}

static void make_points(const uint64_t *shards, size_t n, unsigned parent,
                        zagg_latitude latitude, double *lat, double *lon)
{
    for (size_t k = 0; k < POINTS; k++) {
        uint64_t cell = order29_cell(shards[random_u64(&seed) % n], parent);
        if (random_u64(&seed) % 8 == 0) {
            lat[k] = random_between(&seed, -90.0, 90.0);
            lon[k] = random_between(&seed, -180.0, 360.0);
            continue;
        }
        zagg_geo_centre(cell, 29, latitude, &lat[k], &lon[k]);
        if (random_u64(&seed) & 1u) {
            double c_lat[4], c_lon[4];
            zagg_geo_corners(cell, 29, latitude, c_lat, c_lon);
            unsigned c = random_u64(&seed) & 3u;
            lat[k] = c_lat[c];
            lon[k] = c_lon[c];
        }
        if (random_u64(&seed) % 32 == 0)
            lat[k] = copysign(90.0, lat[k]);
        if (random_u64(&seed) % 8 == 0)
            lon[k] += 360.0 * (double)((int)(random_u64(&seed) % 60) - 30);
        else if (random_u64(&seed) & 1u)
            lon[k] = remainder(lon[k], 360.0);
    }
}

/* Number of points rejected. */
static size_t check(const zagg_grid *grid, const uint64_t *keys, size_t n,
                    const double *lat, const double *lon, size_t points)
{
    zagg_err err = ZAGG_ERR_INIT;
    static uint64_t cells[POINTS];
    static uint32_t shard[POINTS], rank[POINTS];
    static uint8_t candidate[POINTS];
    zagg_extent extent;
    zagg_shard_index *index = NULL;
    if (zagg_grid_extent_of(grid, keys, n, &extent, &err) != ZAGG_OK ||
        zagg_shard_index_new(grid, keys, n, &index, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_grid_cells(grid, lat, lon, points, cells, NULL);
    zagg_shard_index_find(index, cells, points, shard, rank);
    size_t found = zagg_extent_candidates(&extent, lat, lon, points, candidate), sum = 0;
    for (size_t k = 0; k < points; k++) {
        sum += candidate[k];
        bool needed = shard[k] != ZAGG_NO_SHARD || cells[k] == ZAGG_GEO_NO_CELL;
        if (needed && candidate[k] != 1)
            fail_msg("lat %.17g lon %.17g was rejected", lat[k], lon[k]);
    }
    assert_int_equal(sum, found);
    zagg_shard_index_free(index);
    return points - found;
}

static void healpix_points(void **state)
{
    (void)state;
    static double lat[POINTS], lon[POINTS];
    size_t rejected = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned parent = round % 30, child = parent + 10 > 29 ? 29 : parent + 10;
        zagg_latitude latitude =
            round & 1u ? ZAGG_LATITUDE_GEODETIC : ZAGG_LATITUDE_AUTHALIC;
        zagg_grid *grid = healpix(parent, child, latitude);
        uint64_t shards[MAX_SHARDS], keys[MAX_SHARDS];
        size_t n = 0, wanted = 1 + random_u64(&seed) % MAX_SHARDS;
        for (size_t tries = 0; tries < wanted; tries++) {
            uint64_t s = some_shard(parent);
            bool twice = false;
            for (size_t k = 0; k < n; k++)
                twice = twice || shards[k] == s;
            if (!twice)
                shards[n++] = s;
        }
        for (size_t k = 0; k < n; k++)
            keys[k] = zagg_word_from_nested(shards[k], parent);
        make_points(shards, n, parent, latitude, lat, lon);
        rejected += check(grid, keys, n, lat, lon, POINTS);
        zagg_grid_free(grid);
    }
    assert_true(rejected > 0);
}

/* The box of a cell in the belt is twice the cell; in the caps somewhat more. */
static void healpix_tightness(void **state)
{
    (void)state;
    static double lat[POINTS], lon[POINTS];
    const uint64_t key = zagg_word_from_nested(UINT64_C(6) << 6, 3);
    zagg_grid *grid = healpix(3, 9, ZAGG_LATITUDE_AUTHALIC);
    for (size_t k = 0; k < POINTS; k++) {
        lat[k] = asin(random_between(&seed, -1.0, 1.0)) * 57.29577951308232;
        lon[k] = random_between(&seed, -180.0, 180.0);
    }
    assert_true(check(grid, &key, 1, lat, lon, POINTS) > POINTS - POINTS / 100);
    zagg_grid_free(grid);
}

static void no_cell(void **state)
{
    (void)state;
    const double nan = (double)NAN, inf = (double)INFINITY;
    const double lat[] = {nan, 10.0, inf, 90.0001, -9999.0, 10.0, -inf, nan, 10.0};
    const double lon[] = {10.0, nan, 10.0, 10.0, -9999.0, 11475.1, inf, -1e300, -inf};
    const uint64_t key = zagg_word_from_nested(UINT64_C(11) << 12, 6);
    zagg_grid *grid = healpix(6, 12, ZAGG_LATITUDE_AUTHALIC);
    assert_int_equal(check(grid, &key, 1, lat, lon, 9), 0);
    zagg_grid_free(grid);
}

static zagg_grid *rectilinear(const char *crs, double xmin, double ymin, double xmax,
                              double ymax, double step)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_rectilinear_spec spec = {.crs = crs,
                                        .resolution = {step, step},
                                        .bounds = {xmin, ymin, xmax, ymax},
                                        .chunk_shape = {20, 30}};
    zagg_grid *grid = NULL;
    if (zagg_grid_new_rectilinear(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static void lonlat_points(void **state)
{
    (void)state;
    static const double boxes[][5] = {{-180.0, -90.0, 180.0, 90.0, 0.1},
                                      {0.0, -60.0, 360.0, 60.0, 0.3},
                                      {170.0, 3.3, 190.0, 9.9, 0.001},
                                      {-400.0, -20.0, 500.0, 20.0, 0.7}};
    static double lat[POINTS], lon[POINTS];
    size_t rejected = 0;
    for (size_t round = 0; round < 400; round++) {
        const double *b = boxes[round % 4];
        zagg_grid *grid = rectilinear("EPSG:4326", b[0], b[1], b[2], b[3], b[4]);
        const zagg_grid_info *i = zagg_grid_get_info(grid);
        uint64_t keys[2], across = i->shape[1] / i->shard_shape[1];
        keys[0] = random_u64(&seed) % (across * (i->shape[0] / i->shard_shape[0]));
        keys[1] = (keys[0] + 1) % across;
        size_t n = keys[1] != keys[0] ? 1 + round / 4 % 2 : 1;
        for (size_t k = 0; k < POINTS; k++) {
            /* on lines of the grid, where rounding decides, in the tile and around it */
            double column =
                (double)(keys[0] % across * 30) + (double)(random_u64(&seed) % 40);
            double row =
                (double)(keys[0] / across * 20) + (double)(random_u64(&seed) % 30);
            lon[k] = i->bounds[0] + (column - 5.0) * b[4] +
                     random_between(&seed, -2e-14, 2e-14);
            lat[k] =
                i->bounds[3] - (row - 5.0) * b[4] + random_between(&seed, -2e-14, 2e-14);
            if (k % 8 == 0) {
                lon[k] = random_between(&seed, -500.0, 500.0);
                lat[k] = random_between(&seed, -95.0, 95.0);
            }
        }
        rejected += check(grid, keys, n, lat, lon, POINTS);
        zagg_grid_free(grid);
    }
    assert_true(rejected > 400 * (size_t)POINTS / 4);
}

static void projected_everything(void **state)
{
    (void)state;
    zagg_grid *grid = rectilinear("EPSG:3031", -3e6, -3e6, 3e6, 3e6, 5000.0);
    const double lat[] = {-90.0, 45.0, (double)NAN}, lon[] = {0.0, 13.0, 7.0};
    const uint64_t key = 1, beyond = 1u << 20;
    uint8_t candidate[3] = {0};
    zagg_extent extent;
    assert_int_equal(zagg_grid_extent_of(grid, &key, 1, &extent, NULL), ZAGG_OK);
    assert_int_equal(zagg_extent_candidates(&extent, lat, lon, 3, candidate), 3);
    assert_memory_equal(candidate, "\1\1\1", 3);
    assert_int_equal(zagg_grid_extent_of(grid, &beyond, 1, &extent, NULL), ZAGG_ECONFIG);
    assert_int_equal(zagg_grid_extent_of(grid, &key, 0, &extent, NULL), ZAGG_EARG);
    zagg_grid_free(grid);
}

static void refused(void **state)
{
    (void)state;
    zagg_grid *grid = healpix(6, 12, ZAGG_LATITUDE_AUTHALIC);
    const uint64_t key = zagg_word_from_nested(7, 6), wrong = 3;
    zagg_extent extent;
    assert_int_equal(zagg_grid_extent_of(grid, &wrong, 1, &extent, NULL), ZAGG_ECONFIG);
    zg_alloc_fail_nth(1);
    assert_int_equal(zagg_grid_extent_of(grid, &key, 1, &extent, NULL), ZAGG_ENOMEM);
    zg_alloc_fail_nth(0);
    zagg_grid_free(grid);
}

/* The same tests for each kind of vectors that this CPU has. */
int main(void)
{
    static const zg_isa all[] = {ZG_ISA_SCALAR, ZG_ISA_NEON, ZG_ISA_AVX2, ZG_ISA_AVX512};
    int failed = 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healpix_points),
        cmocka_unit_test(healpix_tightness),
        cmocka_unit_test(no_cell),
        cmocka_unit_test(lonlat_points),
        cmocka_unit_test(projected_everything),
    };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        if (zg_isa_force(all[k]))
            failed += cmocka_run_group_tests_name(zg_isa_name(all[k]), tests, NULL, NULL);
    const struct CMUnitTest once[] = {cmocka_unit_test(refused)};
    return failed + cmocka_run_group_tests(once, NULL, NULL);
}
