/* Cells back to points: centres hash to their cell, corners surround it, and the
 * antimeridian rule. */
#include "support/random.h"
#include "support/support.h"
#include "zagg/geo.h"

#include <inttypes.h>
#include <math.h>

static void centres_lie_in_their_cell(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (unsigned order = 0; order <= 24; order++)
        for (int k = 0; k < 400; k++) {
            zagg_latitude latitude = (zagg_latitude)(k % 2);
            uint64_t cells = UINT64_C(12) << (2 * order), back;
            uint64_t nested = random_u64(&seed) % cells;
            double lat, lon;
            zagg_geo_centre(nested, order, latitude, &lat, &lon);
            assert_true(lon >= 0.0 && lon < 360.0 && fabs(lat) < 90.0);
            zagg_geo_nested(&lat, &lon, 1, order, latitude, &back);
            if (back != nested)
                fail_msg("centre of cell %" PRIu64 " of order %u lies in %" PRIu64,
                         nested, order, back);
        }
}

static void known_centres(void **state)
{
    (void)state;
    double lat, lon;
    zagg_geo_centre(4, 0, ZAGG_LATITUDE_AUTHALIC, &lat, &lon);
    assert_true(lat == 0.0 && lon == 0.0);
    zagg_geo_centre(6, 0, ZAGG_LATITUDE_GEODETIC, &lat, &lon);
    assert_true(lat == 0.0 && lon == 180.0);
    /* a base cell of the north: asin(2/3) */
    zagg_geo_centre(0, 0, ZAGG_LATITUDE_GEODETIC, &lat, &lon);
    assert_true(fabs(lat - 41.810314895778596) < 1e-12 && lon == 45.0);
    zagg_geo_centre(8, 0, ZAGG_LATITUDE_GEODETIC, &lat, &lon);
    assert_true(fabs(lat + 41.810314895778596) < 1e-12 && lon == 45.0);
}

static void corners_of_base_cells(void **state)
{
    (void)state;
    double lat[4], lon[4];
    zagg_geo_corners(0, 0, ZAGG_LATITUDE_AUTHALIC, lat, lon);
    assert_true(fabs(lat[0] - 90.0) < 1e-5 && fabs(lat[2]) < 1e-12);  /* N, S */
    assert_true(fabs(lon[1]) < 1e-12 && fabs(lon[3] - 90.0) < 1e-12); /* W, E */
    zagg_geo_corners(8, 0, ZAGG_LATITUDE_AUTHALIC, lat, lon);
    assert_true(fabs(lat[2] + 90.0) < 1e-5 && fabs(lat[0]) < 1e-12);
    zagg_geo_corners(4, 0, ZAGG_LATITUDE_GEODETIC, lat, lon);
    assert_true(fabs(lon[1] + 45.0) < 1e-12 && fabs(lon[3] - 45.0) < 1e-12);
}

static void boxes_hold_centres(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (unsigned order = 1; order <= 20; order++)
        for (int k = 0; k < 200; k++) {
            uint64_t nested = random_u64(&seed) % (UINT64_C(12) << (2 * order));
            double lat, lon, box[4];
            zagg_geo_centre(nested, order, ZAGG_LATITUDE_AUTHALIC, &lat, &lon);
            zagg_geo_cell_bbox(nested, order, ZAGG_LATITUDE_AUTHALIC, box);
            assert_true(box[1] < lat && lat < box[3]);
            lon = lon > 180.0 ? lon - 360.0 : lon;
            if (box[2] - box[0] <
                180.0) /* others cross the antimeridian or hold a pole */
                assert_true(box[0] < lon && lon < box[2]);
        }
}

static void antimeridian(void **state)
{
    (void)state;
    double west[4] = {180.0, -179.0, -179.5, -179.0};
    zagg_geo_fix_antimeridian(west, 4);
    assert_true(west[0] == -180.0 && west[1] == -179.0);
    double east[4] = {-179.9999999, 179.0, 179.5, 179.0};
    zagg_geo_fix_antimeridian(east, 4);
    assert_true(east[0] == 180.0 && east[1] == 179.0);
    double tie[4] = {180.0, -179.0, 179.0, 178.0};
    tie[1] = -0.05; /* votes for no side */
    tie[2] = -180.0;
    tie[3] = 180.0;
    zagg_geo_fix_antimeridian(tie, 4);
    assert_true(tie[0] == 180.0 && tie[2] == 180.0);
    double even[4] = {180.0, -180.0, -170.0, 160.0};
    zagg_geo_fix_antimeridian(even, 4); /* a tie: the median of the others is -5 */
    assert_true(even[0] == -180.0 && even[1] == -180.0);
    double crossing[4] = {-179.0, 179.0, 178.0, -178.0};
    zagg_geo_fix_antimeridian(crossing, 4); /* no vertex on it: both signs stay */
    assert_true(crossing[0] == -179.0 && crossing[1] == 179.0);
    double on[2] = {180.0, -180.0};
    zagg_geo_fix_antimeridian(on, 2); /* all on it and no majority */
    assert_true(on[0] == 180.0 && on[1] == -180.0);
    double narrow[2] = {180.0, 1.0};
    zagg_geo_fix_antimeridian(narrow, 2);
    assert_true(narrow[0] == 180.0);
    zagg_geo_fix_antimeridian(narrow, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(centres_lie_in_their_cell),
        cmocka_unit_test(known_centres),
        cmocka_unit_test(corners_of_base_cells),
        cmocka_unit_test(boxes_hold_centres),
        cmocka_unit_test(antimeridian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
