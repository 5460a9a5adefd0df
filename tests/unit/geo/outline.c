/* Cells as polygons: they cover the plane, are counter-clockwise, and hold their centres;
 * rings at the antimeridian and around poles. */
#include "geo/outline.h"

#include "support/support.h"

#include <math.h>

static double ring_area(const double *xy, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t k = (i + 1) % n;
        sum += (xy[2 * i] - xy[0]) * (xy[2 * k + 1] - xy[1]) -
               (xy[2 * k] - xy[0]) * (xy[2 * i + 1] - xy[1]);
    }
    return sum / 2;
}

/* Even-odd rule. */
static bool ring_holds(const double *xy, size_t n, double x, double y)
{
    bool inside = false;
    for (size_t i = 0; i < n; i++) {
        const size_t k = (i + 1) % n;
        const double y0 = xy[2 * i + 1], y1 = xy[2 * k + 1];
        if ((y0 > y) != (y1 > y) &&
            x < xy[2 * i] + (y - y0) / (y1 - y0) * (xy[2 * k] - xy[2 * i]))
            inside = !inside;
    }
    return inside;
}

static double outline_area(const zg_outline *o)
{
    double sum = 0;
    const double *xy = o->xy;
    for (size_t r = 0; r < o->n_rings; r++) {
        const double area = ring_area(xy, o->counts[r]);
        assert_true(o->counts[r] >= 3);
        assert_true(area > 0); /* counter-clockwise */
        sum += area;
        for (size_t i = 0; i < o->counts[r]; i++) {
            assert_true(fabs(xy[2 * i]) <= 180.0);
            assert_true(fabs(xy[2 * i + 1]) <= 90.0);
        }
        xy += 2 * o->counts[r];
    }
    return sum;
}

static bool outline_holds(const zg_outline *o, double x, double y)
{
    const double *xy = o->xy;
    for (size_t r = 0; r < o->n_rings; r++) {
        if (ring_holds(xy, o->counts[r], x, y))
            return true;
        xy += 2 * o->counts[r];
    }
    return false;
}

/* All cells of an order: the whole plane, once. */
static void test_cover(void **state)
{
    (void)state;
    for (int latitude = 0; latitude < 2; latitude++)
        for (unsigned order = 0; order <= 5; order++) {
            const uint64_t n = (uint64_t)12 << 2 * order;
            double sum = 0;
            size_t parted = 0;
            for (uint64_t cell = 0; cell < n; cell++) {
                zg_outline o;
                double lat, lon;
                zg_outline_of_cell(cell, order, (zagg_latitude)latitude, &o);
                assert_true(o.n_rings >= 1 && o.n_rings <= 2);
                sum += outline_area(&o);
                parted += o.n_rings == 2;
                zagg_geo_centre(cell, order, (zagg_latitude)latitude, &lat, &lon);
                lon -= lon > 180.0 ? 360.0 : 0.0;
                /* a centre on the cut itself lies on an edge of both parts */
                if (fabs(lon) < 179.999)
                    assert_true(outline_holds(&o, lon, lat));
            }
            assert_true(fabs(sum - 360.0 * 180.0) < 1e-6);
            assert_int_equal(parted, (size_t)1 << order);
        }
}

/* Fine cells at the antimeridian, the equator and the poles. At a pole the corners of the
 * very finest have one latitude, that of the pole: no area is left. */
static void test_fine(void **state)
{
    (void)state;
    static const double PLACES[][2] = {{0.0, 180.0}, {0.0, -180.0}, {40.0, 179.9999999},
                                       {90.0, 0.0},  {-90.0, 0.0},  {89.9999999, 180.0},
                                       {-75.3, 12.0}};
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        const unsigned order = fabs(PLACES[i][0]) < 80 ? 29 : 24;
        uint64_t cell;
        zg_outline o;
        zagg_geo_nested(&PLACES[i][0], &PLACES[i][1], 1, order, ZAGG_LATITUDE_AUTHALIC,
                        &cell);
        zg_outline_of_cell(cell, order, ZAGG_LATITUDE_AUTHALIC, &o);
        const double area = outline_area(&o);
        assert_true(area > 0);
        assert_true(area < (order == 29 ? 1e-12 : 1e-3));
    }
}

static void expect(const double *lon, const double *lat, size_t n, double centre,
                   size_t rings, double area)
{
    zg_outline o;
    zg_outline_of_ring(lon, lat, n, centre, &o);
    assert_int_equal(o.n_rings, rings);
    assert_true(fabs(outline_area(&o) - area) < 1e-9);
}

static void test_rings(void **state)
{
    (void)state;
    const double lat[] = {0, 0, 10, 10}, box[] = {170, -170, -170, 170};
    expect(box, lat, 4, 180, 2, 200);
    expect(box, lat, 4, -180, 2, 200);
    const double other[] = {530, 550, 550, 530};
    expect(other, lat, 4, 540, 2, 200);
    const double touch[] = {170, 180, -180, 170}, west[] = {-180, -170, -170, 180};
    expect(touch, lat, 4, 175, 1, 100);
    expect(west, lat, 4, -175, 1, 100);

    /* around the poles: counter-clockwise as seen from outside */
    const double round_lon[] = {-135, -45, 45, 135};
    const double back_lon[] = {135, 45, -45, -135};
    const double high[] = {80, 80, 80, 80}, low[] = {-80, -80, -80, -80};
    expect(round_lon, high, 4, 0, 2, 3600);
    expect(back_lon, low, 4, 0, 2, 3600);
    /* with a corner on a pole, whose longitude says nothing */
    const double at_pole[] = {12, 0, 45, 90}, pole_lat[] = {90, 80, 75, 80};
    expect(at_pole, pole_lat, 4, 45, 1, 90 * 10 + 45 * 5);

    zg_outline o;
    const double line[] = {0, 1, 2}, flat[] = {0, 0, 0}, bad[] = {0, NAN, 1},
                 beyond[] = {0, 91, 1};
    zg_outline_of_ring(line, flat, 3, 0, &o);
    assert_int_equal(o.n_rings, 0);
    zg_outline_of_ring(line, bad, 3, 0, &o);
    assert_int_equal(o.n_rings, 0);
    zg_outline_of_ring(bad, flat, 3, 0, &o);
    assert_int_equal(o.n_rings, 0);
    zg_outline_of_ring(line, beyond, 3, 0, &o);
    assert_int_equal(o.n_rings, 0);
    zg_outline_of_ring(line, flat, 3, (double)INFINITY, &o);
    assert_int_equal(o.n_rings, 0);
    zg_outline_of_ring(line, flat, 2, 0, &o);
    assert_int_equal(o.n_rings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cover),
                                       cmocka_unit_test(test_fine),
                                       cmocka_unit_test(test_rings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
