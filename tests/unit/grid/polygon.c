/* Exact predicates of rings, and the tiles that polygons touch. */
#include "grid/polygon.h"

#include "grid/footprint.h"
#include "support/random.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

/* Coordinates 1 + k * 2^-52: differences are whole numbers of that, and exact in 64 bits.
 */
static double at(int64_t k)
{
    return 1.0 + (double)k * 0x1p-52;
}

static void sides_are_exact(void **state)
{
    (void)state;
    uint64_t seed = 1;
    size_t zeros = 0;
    for (int round = 0; round < 20000; round++) {
        int64_t k[6];
        for (int i = 0; i < 6; i++) {
            k[i] = (int64_t)(random_u64(&seed) % (round % 2 == 0 ? 8 : 1u << 20));
        }
        const double a[2] = {at(k[0]), at(k[1])}, b[2] = {at(k[2]), at(k[3])},
                     c[2] = {at(k[4]), at(k[5])};
        const int64_t det = (k[0] - k[4]) * (k[3] - k[5]) - (k[1] - k[5]) * (k[2] - k[4]);
        zeros += det == 0;
        assert_int_equal(zg_plane_side(a, b, c), (det > 0) - (det < 0));
    }
    assert_true(zeros > 100);
    /* far from the origin, a third of the way along */
    const double a[2] = {0.1e7, 0.7e7}, b[2] = {0.1e7 + 3.0, 0.7e7 + 9.0};
    const double on[2] = {0.1e7 + 1.0, 0.7e7 + 3.0};
    const double above[2] = {0.1e7 + 1.0, nextafter(0.7e7 + 3.0, INFINITY)};
    assert_int_equal(zg_plane_side(a, b, on), 0);
    assert_int_equal(zg_plane_side(a, b, above), 1);
    assert_int_equal(zg_plane_side(b, a, above), -1);
}

static const double RING_X[] = {0.0, 4.0, 4.0, 2.0, 0.0}; /* a house upside down */
static const double RING_Y[] = {0.0, 0.0, 4.0, 2.0, 4.0};
static const zg_plane_ring RING = {RING_X, RING_Y, 5};

static void places(void **state)
{
    (void)state;
    static const struct {
        double x, y;
        int want;
    } CASES[] = {{1.0, 1.0, 1},  {2.0, 1.9, 1},   {2.0, 2.0, 0},   {2.0, 2.1, -1},
                 {0.0, 0.0, 0},  {0.0, 4.0, 0},   {0.0, 2.0, 0},   {4.0, 3.0, 0},
                 {5.0, 0.0, -1}, {-1.0, 0.0, -1}, {2.0, 3.0, -1},  {1.0, 3.0, 0},
                 {1.0, 2.99, 1}, {3.0, 4.0, -1},  {-1.0, 4.0, -1}, {-1.0, 2.0, -1},
                 {1.0, 2.0, 1},  {3.0, 2.0, 1},   {2.0, 0.0, 0}};
    const double closed_x[] = {0.0, 4.0, 4.0, 2.0, 0.0, 0.0};
    const double closed_y[] = {0.0, 0.0, 4.0, 2.0, 4.0, 0.0};
    const zg_plane_ring closed = {closed_x, closed_y, 6}, none = {NULL, NULL, 0};
    for (size_t k = 0; k < sizeof CASES / sizeof CASES[0]; k++) {
        if (zg_plane_locate(&RING, CASES[k].x, CASES[k].y) != CASES[k].want)
            fail_msg("(%g, %g)", CASES[k].x, CASES[k].y);
        assert_int_equal(zg_plane_locate(&closed, CASES[k].x, CASES[k].y), CASES[k].want);
    }
    assert_int_equal(zg_plane_locate(&none, 0.0, 0.0), -1);
}

static void boxes(void **state)
{
    (void)state;
    static const struct {
        double min[2], max[2];
        bool want;
    } CASES[] = {{{0.5, 0.5}, {1.0, 1.0}, true},   /* inside */
                 {{-9.0, -9.0}, {9.0, 9.0}, true}, /* around */
                 {{4.0, 4.0}, {5.0, 5.0}, true},   /* a corner touches a corner */
                 {{4.0, 1.0}, {5.0, 2.0}, true},   /* sides touch */
                 {{1.5, 2.6}, {2.5, 3.5}, false},  /* in the notch */
                 {{1.5, 2.5}, {2.5, 3.5}, true},   /* its corners touch the notch */
                 {{2.0, 2.0}, {2.0, 2.0}, true},   /* the point of the notch */
                 {{5.0, 0.0}, {6.0, 9.0}, false},  /* beside */
                 {{1.9, 3.9}, {2.1, 9.0}, false},  /* above the notch */
                 {{-1.0, 3.0}, {5.0, 3.1}, true},  /* across */
                 {{-2.0, -2.0}, {-1.0, 9.0}, false}};
    zg_plane_edge edges[16];
    assert_in_range(RING.n, 3, 16);
    for (size_t k = 0; k < RING.n; k++) {
        const size_t next = (k + 1) % RING.n;
        edges[k] = (zg_plane_edge){{RING.x[k], RING.y[k]}, {RING.x[next], RING.y[next]}};
    }
    for (size_t k = 0; k < sizeof CASES / sizeof CASES[0]; k++)
        if (zg_plane_edges_meet_box(edges, RING.n, CASES[k].min, CASES[k].max) !=
            CASES[k].want)
            fail_msg("case %zu", k);
}

static void tiles_of_polygons(void **state)
{
    (void)state;
    const zagg_rectilinear_spec spec = {.crs = "EPSG:4326",
                                        .resolution = {1.0, 1.0},
                                        .bounds = {0.0, 0.0, 40.0, 40.0},
                                        .chunk_shape = {10, 10}};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    assert_int_equal(zagg_grid_new_rectilinear(&spec, &grid, &err), ZAGG_OK);
    const double nan = (double)NAN;
    /* a triangle over the diagonal; a speck; a ring with a bad vertex; two points */
    const double lon[4][4] = {{1.0, 39.0, 1.0, 1.0},
                              {5.0, 6.0, 5.0, 5.0},
                              {15.0, nan, 16.0, 15.0},
                              {35.0, 36.0, 0.0, 0.0}};
    const double lat[4][4] = {{1.0, 39.0, 39.0, 1.0},
                              {5.0, 5.0, 6.0, 5.0},
                              {25.0, 25.0, 25.0, 26.0},
                              {5.0, 6.0, 0.0, 0.0}};
    const zg_ground_ring rings[] = {{lat[0], lon[0], 4},
                                    {lat[1], lon[1], 4},
                                    {lat[2], lon[2], 4},
                                    {lat[3], lon[3], 2},
                                    {NULL, NULL, 0}};
    /* rows from the top; all above the diagonal, which runs through corners and touches
     * the tiles right below it there */
    static const uint64_t WANT[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13};
    zg_vec keys;
    zg_vec_init(&keys, sizeof(uint64_t), 0);
    assert_int_equal(zg_grid_coverage(grid, rings, 5, &keys, &err), ZAGG_OK);
    assert_int_equal(keys.len, sizeof WANT / sizeof WANT[0]);
    assert_memory_equal(keys.data, WANT, sizeof WANT);
    zg_vec_free(&keys);
    const double far_lon[] = {100.0, 101.0, 100.0}, far_lat[] = {10.0, 10.0, 11.0};
    const zg_ground_ring far = {far_lat, far_lon, 3};
    zg_vec_init(&keys, sizeof(uint64_t), 0);
    assert_int_equal(zg_grid_coverage(grid, &far, 1, &keys, &err), ZAGG_OK);
    assert_int_equal(keys.len, 0);
    zg_vec_free(&keys);
    zagg_grid_free(grid);
}

static void outlines(void **state)
{
    (void)state;
    zagg_rectilinear_spec spec = {.crs = "EPSG:3413",
                                  .resolution = {100.0, 100.0},
                                  .bounds = {-200000.0, -200000.0, 200000.0, 200000.0},
                                  .chunk_shape = {2000, 1000}};
    double lon[ZG_FOOTPRINT_MAX], lat[ZG_FOOTPRINT_MAX];
    size_t n = 0;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    assert_int_equal(zagg_grid_new_rectilinear(&spec, &grid, &err), ZAGG_OK);
    /* the tile that has the pole for its lower right corner: sides with x = 0 too */
    assert_int_equal(zg_grid_shard_outline(grid, 1, lon, lat, &n, &err), ZAGG_OK);
    assert_int_equal(n, 32 + 16 + 32 + 16 + 1);
    assert_true(lat[32 + 16] > 89.999999);
    assert_true(lon[0] == lon[n - 1] && lat[0] == lat[n - 1]);
    assert_int_equal(zg_grid_shard_outline(grid, 8, lon, lat, &n, &err), ZAGG_ECONFIG);
    zagg_grid_free(grid);
    spec.crs = "EPSG:4326";
    spec.resolution[0] = spec.resolution[1] = 0.01;
    spec.bounds[0] = spec.bounds[1] = 0.0;
    spec.bounds[2] = spec.bounds[3] = 20.0;
    assert_int_equal(zagg_grid_new_rectilinear(&spec, &grid, &err), ZAGG_OK);
    assert_int_equal(zg_grid_shard_outline(grid, 0, lon, lat, &n, &err), ZAGG_OK);
    assert_int_equal(n, 5);
    assert_true(lon[0] == 0.0 && lat[0] == 20.0 && lat[1] == 0.0 && lon[2] == 10.0);
    zagg_grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sides_are_exact), cmocka_unit_test(places),
        cmocka_unit_test(boxes),           cmocka_unit_test(tiles_of_polygons),
        cmocka_unit_test(outlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
