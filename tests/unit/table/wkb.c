/* Geometries: bytes, texts, bounds, damage. */
#include "table/wkb.h"

#include "support/support.h"

#include <math.h>
#include <string.h>

static void check(const zg_str *wkb, zg_wkb_type type, const char *wkt,
                  const char *geojson)
{
    const zagg_bytes_view view = {wkb->data, wkb->len};
    double bounds[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    zg_wkb_type found;
    zg_str text;
    assert_true(zg_wkb_read(view, &found, bounds));
    assert_int_equal(found, type);
    zg_str_init(&text, 0);
    assert_true(zg_wkb_to_wkt(view, &text));
    assert_string_equal(text.data, wkt);
    text.len = 0;
    assert_true(zg_wkb_to_geojson(view, &text));
    assert_string_equal(text.data, geojson);
    for (size_t len = 0; len < wkb->len; len++) { /* no part of it is one */
        const zagg_bytes_view part = {wkb->data, len};
        assert_false(zg_wkb_read(part, &found, bounds));
        assert_false(zg_wkb_to_wkt(part, &text));
        assert_false(zg_wkb_to_geojson(part, &text));
    }
    zg_str_free(&text);
}

static void test_point(void **state)
{
    (void)state;
    zg_str wkb;
    zg_str_init(&wkb, 0);
    zg_wkb_add_point(&wkb, -76.5, 1e-7);
    /* byte order, type, x, y: OGC 06-103r4 8.2.9 */
    const uint8_t head[] = {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x53, 0xc0};
    assert_int_equal(wkb.len, 21);
    assert_memory_equal(wkb.data, head, sizeof head);
    check(&wkb, ZG_WKB_POINT, "POINT (-76.5 1e-07)",
          "{\"type\":\"Point\",\"coordinates\":[-76.5,1e-07]}");
    zg_str_free(&wkb);
}

static void test_polygons(void **state)
{
    (void)state;
    const double xy[] = {0, 0, 1, 0, 0.25, 2, 5, 5, 7, 5, 7, 6, 5, 6};
    const size_t corners[] = {3, 4};
    double bounds[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    zg_wkb_type type;
    zg_str wkb;
    zg_str_init(&wkb, 0);
    zg_wkb_add_polygons(&wkb, xy, corners, 1);
    check(&wkb, ZG_WKB_POLYGON, "POLYGON ((0 0,1 0,0.25 2,0 0))",
          "{\"type\":\"Polygon\",\"coordinates\":"
          "[[[0.0,0.0],[1.0,0.0],[0.25,2.0],[0.0,0.0]]]}");
    wkb.len = 0;
    zg_wkb_add_polygons(&wkb, xy, corners, 2);
    check(&wkb, ZG_WKB_MULTIPOLYGON,
          "MULTIPOLYGON (((0 0,1 0,0.25 2,0 0)),((5 5,7 5,7 6,5 6,5 5)))",
          "{\"type\":\"MultiPolygon\",\"coordinates\":"
          "[[[[0.0,0.0],[1.0,0.0],[0.25,2.0],[0.0,0.0]]],"
          "[[[5.0,5.0],[7.0,5.0],[7.0,6.0],[5.0,6.0],[5.0,5.0]]]]}");
    assert_true(zg_wkb_read((zagg_bytes_view){wkb.data, wkb.len}, &type, bounds));
    const double expected[4] = {0, 0, 7, 6};
    assert_memory_equal(bounds, expected, sizeof expected);
    zg_str_free(&wkb);
}

static void test_others(void **state)
{
    (void)state;
    double bounds[4] = {0, 0, 0, 0};
    zg_wkb_type type;
    const uint8_t big_endian[21] = {0, 0, 0, 0, 1};
    const uint8_t line[] = {1, 2, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t behind[22] = {1, 1};
    const uint8_t count[] = {1, 3, 0, 0, 0, 255, 255, 255, 255};
    const zagg_bytes_view views[] = {{big_endian, sizeof big_endian},
                                     {line, sizeof line},
                                     {behind, sizeof behind},
                                     {count, sizeof count}};
    zg_str text;
    zg_str_init(&text, 0);
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        assert_false(zg_wkb_read(views[i], &type, bounds));
        assert_false(zg_wkb_to_wkt(views[i], &text));
        assert_false(zg_wkb_to_geojson(views[i], &text));
    }
    zg_str_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_point),
                                       cmocka_unit_test(test_polygons),
                                       cmocka_unit_test(test_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
