/* Boxes: as text, around shapes, and as shapes. */
#include "support/support.h"
#include "zagg/catalog.h"

#include <math.h>
#include <string.h>

static zagg_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    return zagg_arena_new(0, &arena, NULL) == ZAGG_OK ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    zagg_arena_free(arena);
    return 0;
}

static const zagg_value *json(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *v = NULL;
    if (zagg_json_parse(arena, text, strlen(text), "test", &v, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return v;
}

static void expect_box(const char *text, double w, double s, double e, double n)
{
    zagg_err err = ZAGG_ERR_INIT;
    double box[4];
    if (zagg_bbox_parse(text, box, &err) != ZAGG_OK)
        fail_msg("%s: %s", text, err.msg);
    assert_true(box[0] == w && box[1] == s && box[2] == e && box[3] == n);
}

static void refuse_box(const char *text, zagg_status want)
{
    zagg_err err = ZAGG_ERR_INIT;
    double box[4];
    assert_int_equal(zagg_bbox_parse(text, box, &err), want);
}

static void box_texts(void **state)
{
    (void)state;
    expect_box("-76.62107,38.84504,-76.50583,38.93512", -76.62107, 38.84504, -76.50583,
               38.93512);
    expect_box("(-77.0, 38.0, -76.0, 39.0)", -77, 38, -76, 39);
    expect_box(" [ -77 , 38,-76,3.9e1 ] ", -77, 38, -76, 39);
    expect_box("170,-10,-170,10", 170, -10, -170, 10);
    refuse_box("", ZAGG_EFORMAT);
    refuse_box("1,2,3", ZAGG_EFORMAT);
    refuse_box("1,2,3,4,5", ZAGG_EFORMAT);
    refuse_box("1,2,3,", ZAGG_EFORMAT);
    refuse_box("1,2,3,4)", ZAGG_EFORMAT);
    refuse_box("1 2 3 4", ZAGG_EFORMAT);
    refuse_box("a,2,3,4", ZAGG_EFORMAT);
    refuse_box("1,9,3,4", ZAGG_ERANGE);
    refuse_box("1,2,3,91", ZAGG_ERANGE);
    refuse_box("-400,2,3,4", ZAGG_ERANGE);
    refuse_box("nan,2,3,4", ZAGG_EFORMAT);
    zagg_err err = ZAGG_ERR_INIT;
    double box[4];
    assert_int_equal(zagg_bbox_from_value(json("[1,2,0,3,4,9]"), box, &err), 0);
    assert_true(box[0] == 1 && box[1] == 2 && box[2] == 3 && box[3] == 4);
    assert_int_equal(zagg_bbox_from_value(json("\"(1, 2, 3, 4)\""), box, &err), 0);
    assert_int_equal(zagg_bbox_from_value(json("[1,2,3]"), box, &err), ZAGG_EFORMAT);
    assert_int_equal(zagg_bbox_from_value(NULL, box, &err), ZAGG_EFORMAT);
}

static void expect_around(const char *geo, double w, double s, double e, double n)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape shape;
    double box[4];
    bool any = false;
    assert_int_equal(zagg_shape_from_geojson(arena, json(geo), 0, &shape, &err), 0);
    assert_int_equal(zagg_shape_bbox(&shape, box, &any, &err), 0);
    assert_true(any);
    if (fabs(box[0] - w) > 1e-9 || fabs(box[1] - s) > 1e-9 || fabs(box[2] - e) > 1e-9 ||
        fabs(box[3] - n) > 1e-9)
        fail_msg("%s: %g %g %g %g", geo, box[0], box[1], box[2], box[3]);
}

#define POLYGON(rings) "{\"type\":\"Polygon\",\"coordinates\":[" rings "]}"
#define MULTI(polygons) "{\"type\":\"MultiPolygon\",\"coordinates\":[" polygons "]}"

static void boxes_around(void **state)
{
    (void)state;
    expect_around(POLYGON("[[-77,38],[-76,38.5],[-76.5,39],[-77,38]]"), -77, 38, -76, 39);
    /* over the antimeridian: in one ring, in two parts, beyond 180 */
    expect_around(POLYGON("[[170,-5],[-170,-5],[-170,5],[170,5],[170,-5]]"), 170, -5,
                  -170, 5);
    expect_around(
        MULTI("[[[170,-5],[180,-5],[180,5],[170,5],[170,-5]]],[[[-180,-5],[-175,"
              "-5],[-175,5],[-180,5],[-180,-5]]]"),
        170, -5, -175, 5);
    expect_around(POLYGON("[[170,-5],[190,-5],[190,5],[170,5],[170,-5]]"), 170, -5, -170,
                  5);
    expect_around(POLYGON("[[190,-5],[200,-5],[200,5],[190,5],[190,-5]]"), -170, -5, -160,
                  5);
    expect_around(POLYGON("[[170,-5],[180,-5],[180,5],[170,5],[170,-5]]"), 170, -5, 180,
                  5);
    /* it ends on it, with either sign */
    expect_around(POLYGON("[[178,0],[-180,0],[180,5],[178,5],[178,0]]"), 178, 0, 180, 5);
    expect_around(POLYGON("[[-178,0],[180,0],[-180,5],[-178,0]]"), -180, 0, -178, 5);
    /* scattered parts that do not reach it: the numbers as they are */
    expect_around(MULTI("[[[100,0],[101,0],[101,1],[100,0]]],[[[-100,0],[-99,0],[-99,1],"
                        "[-100,0]]]"),
                  -100, 0, 101, 1);
    /* all the way round, as a box and about a pole */
    expect_around(POLYGON("[[-180,-10],[180,-10],[180,10],[-180,10],[-180,-10]]"), -180,
                  -10, 180, 10);
    expect_around(POLYGON("[[-180,-88],[180,-88],[180,-87.7],[-180,-87.7],[-180,-88]]"),
                  -180, -88, 180, -87.7);
    expect_around(POLYGON("[[0,80],[90,81],[180,80],[-90,80],[0,80]]"), -180, 80, 180,
                  90);
    expect_around(POLYGON("[[0,-80],[-90,-80],[180,-79],[90,-80],[0,-80]]"), -180, -90,
                  180, -79);
    expect_around("{\"type\":\"Point\",\"coordinates\":[7,8]}", 7, 8, 7, 8);
    /* vertices that are no numbers do not count */
    expect_around(POLYGON("[[NaN,0],[1,2],[3,4],[2,Infinity]]"), 1, 2, 3, 4);
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_shape none = {NULL, 0};
    double box[4] = {5, 5, 5, 5};
    bool any = true;
    assert_int_equal(zagg_shape_bbox(&none, box, &any, &err), 0);
    assert_false(any);
    assert_true(box[0] == 5);
}

/* Edges of at most a degree, pieces below half of the sphere, poles as one vertex. */
static void check_box_shape(double w, double s, double e, double n, size_t parts,
                            size_t rings)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape shape;
    const double box[4] = {w, s, e, n};
    size_t n_rings = 0;
    assert_int_equal(zagg_shape_from_bbox(arena, box, &shape, &err), 0);
    assert_int_equal(shape.n_parts, parts);
    for (size_t i = 0; i < parts; i++)
        for (size_t k = 0; k < shape.parts[i].n_rings; k++, n_rings++) {
            const zagg_ring *r = &shape.parts[i].rings[k];
            for (size_t v = 0; v < r->n; v++) {
                const size_t next = (v + 1) % r->n;
                double turn = fabs(r->lon_deg[next] - r->lon_deg[v]);
                turn = turn >= 359.0 ? 360.0 - turn : turn;
                const bool pole =
                    fabs(r->lat_deg[v]) == 90.0 || fabs(r->lat_deg[next]) == 90.0;
                assert_true(pole || turn <= 1.0 + 1e-9);
                assert_true(fabs(r->lat_deg[next] - r->lat_deg[v]) <= 1.0 + 1e-9);
                assert_true(r->lat_deg[v] >= s && r->lat_deg[v] <= n);
            }
        }
    assert_int_equal(n_rings, rings);
}

static void boxes_as_shapes(void **state)
{
    (void)state;
    check_box_shape(-76.6, 38.8, -76.5, 38.9, 1, 1);
    check_box_shape(170, -5, -170, 5, 1, 1);
    check_box_shape(-100, -60, 60, 60, 1, 1);
    check_box_shape(-100, -90, 100, 90, 3, 3);
    check_box_shape(-180, 88, 180, 90, 1, 1);     /* a cap */
    check_box_shape(-180, -88, 180, -87.7, 1, 2); /* a band: a cap with a hole */
    check_box_shape(-180, -60, 180, 60, 4, 4);
    check_box_shape(-180, -90, 180, 90, 4, 4);
    check_box_shape(-180, 0, 180, 90, 4, 4);
    check_box_shape(5, 5, 5, 5, 1, 1);
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape shape;
    assert_int_equal(zagg_shape_from_bbox(arena, (double[4]){0, 9, 1, 8}, &shape, &err),
                     ZAGG_ERANGE);
    assert_int_equal(
        zagg_shape_from_bbox(arena, (double[4]){0, (double)NAN, 1, 8}, &shape, &err),
        ZAGG_ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(box_texts),
                                       cmocka_unit_test(boxes_around),
                                       cmocka_unit_test(boxes_as_shapes)};
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
