/* Outlines of cells: counterclockwise, closed, inside the map, and as large as they
 * should be wherever the cell lies. */
#include "export/export.h"
#include "support/support.h"
#include "zagg/geo.h"

#include <math.h>

static double part_area(const zg_shape *s, size_t part)
{
    double twice = 0;
    for (size_t i = 0; i + 1 < s->n[part]; i++)
        twice += s->x[part][i] * s->y[part][i + 1] - s->x[part][i + 1] * s->y[part][i];
    return twice / 2;
}

static double area(const zg_shape *s)
{
    double sum = 0;
    for (size_t p = 0; p < s->n_parts; p++) {
        assert_true(s->n[p] >= 4 && s->n[p] <= ZG_SHAPE_POINTS);
        assert_true(s->x[p][0] == s->x[p][s->n[p] - 1]);
        assert_true(s->y[p][0] == s->y[p][s->n[p] - 1]);
        for (size_t i = 0; i < s->n[p]; i++)
            assert_true(fabs(s->x[p][i]) <= 180 + 1e-9 && fabs(s->y[p][i]) <= 90);
        assert_true(part_area(s, p) > 0);
        sum += part_area(s, p);
    }
    return sum;
}

/* The whole map is 360 x 180 degrees, and cells of an order cover it once. Sides are
 * straight here and bent on the sphere, so coarse orders are off by little. */
static void cells_cover_the_map(void **state)
{
    (void)state;
    for (unsigned order = 3; order < 7; order++) {
        const uint64_t n = (uint64_t)12 << (2 * order);
        double sum = 0, lat[4], lon[4];
        size_t split = 0;
        for (uint64_t cell = 0; cell < n; cell++) {
            zg_shape s;
            zagg_geo_corners(cell, order, ZAGG_LATITUDE_AUTHALIC, lat, lon);
            zg_shape_of_corners(lat, lon, &s);
            sum += area(&s);
            split += s.n_parts == 2;
        }
        print_message("order %u: area %.9g, %zu cells cut\n", order, sum, split);
        assert_true(fabs(sum / (360.0 * 180.0) - 1) < 0.3 / (double)(1u << order));
        assert_true(split > 0 && split <= (size_t)4 << order);
    }
}

static void over_the_antimeridian(void **state)
{
    (void)state;
    const double lat[4] = {1, 0, -1, 0};
    const double east[4] = {179.5, 178.5, 179.5, -179.5};
    const double west[4] = {-179.5, 179.5, -179.5, -178.5};
    zg_shape s;
    zg_shape_of_corners(lat, east, &s);
    assert_int_equal(s.n_parts, 2);
    assert_true(fabs(area(&s) - 2) < 1e-12);
    assert_true(part_area(&s, 0) > part_area(&s, 1));
    zg_shape_of_corners(lat, west, &s);
    assert_int_equal(s.n_parts, 2);
    assert_true(fabs(area(&s) - 2) < 1e-12);
    assert_true(part_area(&s, 0) < part_area(&s, 1));
}

static void at_the_poles(void **state)
{
    (void)state;
    const double north[4] = {90, 80, 75, 80}, south[4] = {-75, -80, -90, -80};
    const double lon[4] = {45, 0, 45, 90};
    zg_shape s;
    zg_shape_of_corners(north, lon, &s);
    assert_int_equal(s.n_parts, 1);
    assert_true(fabs(area(&s) - (90 * 10 + 90 * 5 / 2.0)) < 1e-9);
    zg_shape_of_corners(south, lon, &s);
    assert_int_equal(s.n_parts, 1);
    assert_true(fabs(area(&s) - (90 * 10 + 90 * 5 / 2.0)) < 1e-9);
}

static void boxes_and_points(void **state)
{
    (void)state;
    zg_shape s;
    zg_shape_of_box(-3, -2, 1, 5, &s);
    assert_true(area(&s) == 28);
    zg_shape_of_point(7, 8, &s);
    assert_true(s.point && s.x[0][0] == 7 && s.y[0][0] == 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_cover_the_map),
        cmocka_unit_test(over_the_antimeridian),
        cmocka_unit_test(at_the_poles),
        cmocka_unit_test(boxes_and_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
