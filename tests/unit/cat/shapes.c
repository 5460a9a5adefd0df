/* Shapes: what GeoJSON, WKT and WKB give, which bytes are refused, boxes both ways. */
#include "cat/shape.h"
#include "cat/wkb_value.h"
#include "support/support.h"
#include "text/text.h"
#include "zagg/catalog.h"

#include <math.h>
#include <stdio.h>
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

/* "P(0 1,2 3;4 5)L(...)": kinds, rings, vertices as lon lat. */
static const char *shown(const zagg_shape *s)
{
    static zg_str text;
    static const char KINDS[] = "PLp";
    if (text.data != NULL)
        zg_str_free(&text);
    zg_str_init(&text, 0);
    for (size_t i = 0; i < s->n_parts; i++) {
        zg_str_addf(&text, "%c(", KINDS[s->parts[i].kind]);
        for (size_t k = 0; k < s->parts[i].n_rings; k++) {
            const zagg_ring *r = &s->parts[i].rings[k];
            zg_str_add(&text, k > 0 ? ";" : "");
            for (size_t v = 0; v < r->n; v++)
                zg_str_addf(&text, "%s%g %g", v > 0 ? "," : "", r->lon_deg[v],
                            r->lat_deg[v]);
        }
        zg_str_addc(&text, ')');
    }
    return text.data;
}

static zagg_status from_scan(const char *text, zagg_shape *out, zagg_err *err)
{
    zg_shape_builder b;
    zg_scan s = {.text = text, .len = strlen(text), .err = err};
    zg_shape_begin(&b, 0);
    zagg_status status = zg_shape_scan_geojson(&b, &s);
    if (status == ZAGG_OK)
        status = zg_shape_finish(&b, arena, out, err);
    zg_shape_free(&b);
    return status;
}

/* Both readers of GeoJSON, the one of trees and the one of text. */
static void expect_geojson(const char *text, const char *want)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    if (zagg_shape_from_geojson(arena, json(text), 0, &s, &err) != ZAGG_OK)
        fail_msg("%s: %s", text, err.msg);
    assert_string_equal(shown(&s), want);
    if (from_scan(text, &s, &err) != ZAGG_OK)
        fail_msg("%s: %s", text, err.msg);
    assert_string_equal(shown(&s), want);
}

static void refuse_geojson(const char *text, zagg_status want, const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    assert_int_equal(zagg_shape_from_geojson(arena, json(text), 0, &s, &err), want);
    assert_string_equal(err.msg, message);
    assert_int_equal(from_scan(text, &s, &err), want);
}

#define SQUARE "[[0,1],[2,1],[2,3],[0,1]]"

static void geojson(void **state)
{
    (void)state;
    expect_geojson("{\"type\":\"Polygon\",\"coordinates\":[" SQUARE ",[[1,1],[1,2],[2,2],"
                   "[1,1]]]}",
                   "P(0 1,2 1,2 3;1 1,1 2,2 2)");
    expect_geojson("{\"coordinates\":[[" SQUARE "],[" SQUARE "]],\"type\":"
                   "\"MultiPolygon\"}",
                   "P(0 1,2 1,2 3)P(0 1,2 1,2 3)");
    expect_geojson("{\"type\":\"LineString\",\"coordinates\":" SQUARE "}",
                   "L(0 1,2 1,2 3,0 1)");
    expect_geojson("{\"type\":\"MultiLineString\",\"coordinates\":[[[0,0],[1,1]],[]]}",
                   "L(0 0,1 1)");
    expect_geojson("{\"type\":\"Point\",\"coordinates\":[7,8,9]}", "p(7 8)");
    expect_geojson("{\"type\":\"MultiPoint\",\"coordinates\":[[7,8],[9,10]]}",
                   "p(7 8)p(9 10)");
    expect_geojson(
        "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\","
        "\"coordinates\":[1,2]},{\"type\":\"GeometryCollection\","
        "\"geometries\":[{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}"
        "]}]}",
        "p(1 2)L(1 2,3 4)");
    expect_geojson("{\"type\":\"Feature\",\"id\":\"x\",\"geometry\":{\"type\":\"Point\","
                   "\"coordinates\":[1,2]},\"properties\":{\"type\":\"y\"}}",
                   "p(1 2)");
    expect_geojson(
        "{\"features\":[{\"type\":\"Feature\",\"geometry\":null},{\"geometry\":"
        "{\"type\":\"Point\",\"coordinates\":[1,2]},\"type\":\"Feature\"}],"
        "\"type\":\"FeatureCollection\"}",
        "p(1 2)");
}

static void geojson_without_vertices(void **state)
{
    (void)state;
    expect_geojson("null", "");
    expect_geojson("{\"type\":\"Polygon\",\"coordinates\":[]}", "");
    expect_geojson("{\"type\":\"Polygon\",\"coordinates\":[[]]}", "");
    /* holes of nothing are nothing; an empty hole is none */
    expect_geojson("{\"type\":\"Polygon\",\"coordinates\":[[]," SQUARE "]}", "");
    expect_geojson("{\"type\":\"MultiPolygon\",\"coordinates\":[[[]],[" SQUARE ",[]]]}",
                   "P(0 1,2 1,2 3)");
    expect_geojson("{\"type\":\"Point\",\"coordinates\":[]}", "");
    expect_geojson("{\"type\":\"FeatureCollection\",\"features\":[]}", "");
}

static void geojson_as_it_is(void **state)
{
    (void)state;
    /* not finite, out of range, a spike, one vertex, the same vertex twice */
    expect_geojson("{\"type\":\"Polygon\",\"coordinates\":[[[NaN,1],[Infinity,-Infinity],"
                   "[900,-91]]]}",
                   "P(nan 1,inf -inf,900 -91)");
    expect_geojson(
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[5,0],[1,0],[1,1],"
        "[0,0]]]}",
        "P(0 0,1 0,5 0,1 0,1 1)");
    expect_geojson("{\"type\":\"Polygon\",\"coordinates\":[[[4,5]]]}", "P(4 5)");
    expect_geojson("{\"type\":\"Polygon\",\"coordinates\":[[[4,5],[4,5],[4,5],[4,5]]]}",
                   "P(4 5,4 5,4 5)");
}

static void geojson_refused(void **state)
{
    (void)state;
    refuse_geojson("3", ZAGG_EFORMAT, "must be a GeoJSON object (found int)");
    refuse_geojson("{\"coordinates\":[1,2]}", ZAGG_EFORMAT,
                   "a GeoJSON object without a type");
    refuse_geojson("{\"type\":\"Circle\"}", ZAGG_EFORMAT, "'Circle' is no GeoJSON type");
    refuse_geojson("{\"type\":\"Point\"}", ZAGG_EFORMAT,
                   "Point: a Point without coordinates");
    refuse_geojson("{\"type\":\"Polygon\",\"coordinates\":[[[0,1],[2]]]}", ZAGG_EFORMAT,
                   "Polygon: ring 0: vertex 1: must be a list of longitude and latitude "
                   "(found list)");
    refuse_geojson("{\"type\":\"Polygon\",\"coordinates\":[[[0,\"1\"]]]}", ZAGG_EFORMAT,
                   "Polygon: ring 0: vertex 0: must be a list of longitude and latitude "
                   "(found list)");
    refuse_geojson("{\"type\":\"Polygon\",\"coordinates\":[0]}", ZAGG_EFORMAT,
                   "Polygon: ring 0: must be a list of positions (found int)");
    refuse_geojson("{\"type\":\"MultiPoint\",\"coordinates\":7}", ZAGG_EFORMAT,
                   "MultiPoint: must be a list (found int)");
    refuse_geojson("{\"type\":\"GeometryCollection\",\"geometries\":7}", ZAGG_EFORMAT,
                   "geometries must be a list (found int)");
}

/* Collections in collections, as deep as text may be nested. */
static void nested_collections(void **state)
{
    (void)state;
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    zg_str_init(&text, 0);
    for (int i = 0; i < 40; i++)
        zg_str_add(&text, "GEOMETRYCOLLECTION(");
    zg_str_add(&text, "POINT(1 2)");
    for (int i = 0; i < 40; i++)
        zg_str_addc(&text, ')');
    assert_int_equal(zagg_shape_from_wkt(arena, text.data, text.len, 0, &s, &err),
                     ZAGG_ERANGE);
    assert_string_equal(err.msg, "WKT nested more than 32 deep");
    zg_str_free(&text);
    uint8_t wkb[9 * 40];
    for (int i = 0; i < 40; i++)
        memcpy(wkb + 9 * i, "\1\7\0\0\0\1\0\0\0", 9);
    assert_int_equal(zagg_shape_from_wkb(arena, wkb, sizeof wkb, 0, &s, &err),
                     ZAGG_ERANGE);
    zg_str_init(&text, 0);
    for (int i = 0; i < 30; i++)
        zg_str_add(&text, "{\"type\":\"GeometryCollection\",\"geometries\":[");
    zg_str_add(&text, "{\"type\":\"Point\",\"coordinates\":[1,2]}");
    for (int i = 0; i < 30; i++)
        zg_str_add(&text, "]}");
    assert_int_equal(from_scan(text.data, &s, &err), ZAGG_OK);
    assert_string_equal(shown(&s), "p(1 2)");
    zg_str_free(&text);
    zg_str_init(&text, 0);
    for (int i = 0; i < 70; i++)
        zg_str_add(&text, "{\"geometry\":");
    assert_int_equal(from_scan(text.data, &s, &err), ZAGG_ERANGE);
    zg_str_free(&text);
}

/* ---- WKT ---- */

static void expect_wkt(const char *text, const char *want)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    if (zagg_shape_from_wkt(arena, text, strlen(text), 0, &s, &err) != ZAGG_OK)
        fail_msg("%s: %s", text, err.msg);
    assert_string_equal(shown(&s), want);
}

static void refuse_wkt(const char *text, zagg_status want, const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    assert_int_equal(zagg_shape_from_wkt(arena, text, strlen(text), 0, &s, &err), want);
    assert_string_equal(err.msg, message);
}

static void wkt(void **state)
{
    (void)state;
    expect_wkt("POLYGON((0 1,2 1,2 3,0 1),(1 1,1 2,2 2,1 1))",
               "P(0 1,2 1,2 3;1 1,1 2,2 2)");
    expect_wkt(" multipolygon (((0 1, 2 1, 2 3, 0 1)), EMPTY) ", "P(0 1,2 1,2 3)");
    expect_wkt("LineString Z (0 1 5, 2 3 6)", "L(0 1,2 3)");
    expect_wkt("LINESTRINGZM(0 1 5 6, 2 3 6 7)", "L(0 1,2 3)");
    expect_wkt("POINT M (1 2 3)", "p(1 2)");
    expect_wkt("POINT(1.5e1 -2.)", "p(15 -2)");
    expect_wkt("MULTIPOINT(1 2, 3 4)", "p(1 2)p(3 4)");
    expect_wkt("MULTIPOINT((1 2), EMPTY, (3 4))", "p(1 2)p(3 4)");
    expect_wkt("MULTILINESTRING((1 2, 3 4), (5 6, 7 8))", "L(1 2,3 4)L(5 6,7 8)");
    expect_wkt("GEOMETRYCOLLECTION(POINT(1 2), GEOMETRYCOLLECTION EMPTY, LINESTRING(1 2, "
               "3 4))",
               "p(1 2)L(1 2,3 4)");
    expect_wkt("SRID=4326;POINT(1 2)", "p(1 2)");
    expect_wkt("POLYGON EMPTY", "");
    expect_wkt("POINT(nan -inf)", "p(nan -inf)");
    expect_wkt("POINT(NaN Infinity)", "p(nan inf)");
}

static void wkt_refused(void **state)
{
    (void)state;
    refuse_wkt("", ZAGG_EFORMAT,
               "WKT: byte 0: POLYGON, LINESTRING, POINT, one of them with MULTI, or "
               "GEOMETRYCOLLECTION must stand here (found '')");
    refuse_wkt("POLYGONE((0 0))", ZAGG_EFORMAT,
               "WKT: byte 0: POLYGON, LINESTRING, POINT, one of them with MULTI, or "
               "GEOMETRYCOLLECTION must stand here (found 'POLYGONE((0 ')");
    refuse_wkt("POINT(1)", ZAGG_EFORMAT,
               "WKT: byte 7: a number must stand here (found ')')");
    refuse_wkt("POINT(1 2 3 4 5)", ZAGG_EFORMAT,
               "WKT: byte 14: ',' or ')' must stand here (found '5)')");
    refuse_wkt("POINT(1 x)", ZAGG_EFORMAT,
               "WKT: byte 8: a number must stand here (found 'x)')");
    refuse_wkt("POINT(1 2", ZAGG_EFORMAT,
               "WKT: byte 9: a number must stand here (found '')");
    refuse_wkt("POINT(1 2) x", ZAGG_EFORMAT,
               "WKT: byte 11: the end must stand here (found 'x')");
    refuse_wkt("POLYGON(0 0, 1 1)", ZAGG_EFORMAT,
               "WKT: byte 8: '(' or EMPTY must stand here (found '0 0, 1 1)')");
    refuse_wkt("SRID=3031;POINT(1 2)", ZAGG_EUNSUPPORTED,
               "WKT with another SRID than 4326: must be longitude and latitude");
}

/* ---- WKB ---- */

static void put_u32(zg_vec *v, uint32_t n, bool big)
{
    for (int i = 0; i < 4; i++) {
        const uint8_t b = (uint8_t)(n >> 8 * (big ? 3 - i : i));
        assert_true(zg_vec_append(v, &b, 1));
    }
}

static void put_double(zg_vec *v, double d, bool big)
{
    uint8_t b[8];
    memcpy(b, &d, 8);
    for (int i = 0; i < 8; i++)
        assert_true(zg_vec_append(v, &b[big ? 7 - i : i], 1));
}

static void put_head(zg_vec *v, uint32_t type, bool big)
{
    const uint8_t order = big ? 0 : 1;
    assert_true(zg_vec_append(v, &order, 1));
    put_u32(v, type, big);
}

static void expect_wkb(zg_vec *v, const char *want)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    char *hex = zg_alloc(2 * v->len + 4, 1);
    if (zagg_shape_from_wkb(arena, v->data, v->len, 0, &s, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(shown(&s), want);
    zg_hex(v->data, v->len, hex);
    strcat(hex, " \n");
    if (zagg_shape_from_wkb(arena, hex, strlen(hex), 0, &s, &err) != ZAGG_OK)
        fail_msg("hex: %s", err.msg);
    assert_string_equal(shown(&s), want);
    /* cut anywhere it is refused */
    for (size_t n = 0; n < v->len; n++)
        assert_int_not_equal(zagg_shape_from_wkb(arena, v->data, n, 0, &s, &err),
                             ZAGG_OK);
    zg_free(hex);
    zg_vec_free(v);
}

static zg_vec polygon(uint32_t type, bool big, int dims)
{
    static const double AT[4][2] = {{0, 1}, {2, 1}, {2, 3}, {0, 1}};
    zg_vec v;
    zg_vec_init(&v, 1, 0);
    put_head(&v, type, big);
    if ((type & UINT32_C(0x20000000)) != 0)
        put_u32(&v, 4326, big);
    put_u32(&v, 1, big);
    put_u32(&v, 4, big);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < dims; k++)
            put_double(&v, k < 2 ? AT[i][k] : 9.0, big);
    return v;
}

static void wkb(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        int dims;
    } FORMS[] = {{3, 2},          {1003, 3},       {2003, 3},
                 {3003, 4},       {0x80000003, 3}, {0x40000003, 3},
                 {0xc0000003, 4}, {0x20000003, 2}, {0xe0000003, 4}};
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++)
        for (int big = 0; big < 2; big++) {
            zg_vec v = polygon(FORMS[i].type, big == 1, FORMS[i].dims);
            expect_wkb(&v, "P(0 1,2 1,2 3)");
        }
    zg_vec v;
    zg_vec_init(&v, 1, 0);
    put_head(&v, 7, false);
    put_u32(&v, 4, false);
    put_head(&v, 1, true); /* each part has its own byte order */
    put_double(&v, 5, true);
    put_double(&v, 6, true);
    put_head(&v, 1, false); /* an empty point */
    put_double(&v, (double)NAN, false);
    put_double(&v, (double)NAN, false);
    put_head(&v, 2, false);
    put_u32(&v, 0, false);
    put_head(&v, 4, false);
    put_u32(&v, 1, false);
    put_head(&v, 1, false);
    put_double(&v, 7, false);
    put_double(&v, 8, false);
    expect_wkb(&v, "p(5 6)p(7 8)");
}

static void refuse_wkb(const void *data, size_t len, zagg_status want,
                       const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    assert_int_equal(zagg_shape_from_wkb(arena, data, len, 0, &s, &err), want);
    assert_string_equal(err.msg, message);
}

static void wkb_refused(void **state)
{
    (void)state;
    refuse_wkb("", 0, ZAGG_EFORMAT, "WKB ends in the middle of a geometry (byte 0 of 0)");
    refuse_wkb("\2\1\0\0\0", 5, ZAGG_EFORMAT,
               "WKB: byte order 2 at byte 0; must be 0 or 1");
    refuse_wkb("\1\11\0\0\0", 5, ZAGG_EUNSUPPORTED,
               "WKB geometry type 9; zagg reads points, lines, polygons and collections "
               "of them");
    refuse_wkb("\1\1\0\0\x20\x0f\x10\0\0", 9, ZAGG_EUNSUPPORTED,
               "WKB with SRID 4111; must be longitude and latitude (SRID 4326)");
    refuse_wkb("\1\2\0\0\0\xff\xff\xff\xff", 9, ZAGG_EFORMAT,
               "WKB: 4294967295 vertices do not fit the 0 bytes that are left");
    refuse_wkb("\1\3\0\0\0\1\0\0\0\xff\xff\xff\x0f", 13, ZAGG_EFORMAT,
               "WKB: 268435455 vertices do not fit the 0 bytes that are left");
    refuse_wkb("\1\6\0\0\0\xff\xff\xff\xff", 9, ZAGG_EFORMAT,
               "WKB: 4294967295 parts do not fit the 0 bytes that are left");
    refuse_wkb("\1\7\0\0\0\0\0\0\0!", 10, ZAGG_EFORMAT,
               "WKB: 1 bytes behind the end of the geometry");
    refuse_wkb("010", 3, ZAGG_EFORMAT, "WKB as hex has an odd number of digits");
    refuse_wkb("01zz", 4, ZAGG_EFORMAT, "WKB: no hex digit at byte 2");
}

/* A million vertices, in all three forms; and a bound on them. */
static void many_vertices(void **state)
{
    (void)state;
    enum { N = 1000000 };
    zg_str geo, text;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    zg_vec bytes;
    zg_str_init(&geo, 0);
    zg_str_init(&text, 0);
    zg_vec_init(&bytes, 1, 0);
    zg_str_add(&geo, "{\"type\":\"LineString\",\"coordinates\":[");
    zg_str_add(&text, "LINESTRING(");
    put_head(&bytes, 2, false);
    put_u32(&bytes, N, false);
    for (int i = 0; i < N; i++) {
        const double at[2] = {i % 360 - 180, i % 180 - 90};
        zg_str_addf(&geo, "%s[%g,%g]", i > 0 ? "," : "", at[0], at[1]);
        zg_str_addf(&text, "%s%g %g", i > 0 ? "," : "", at[0], at[1]);
        assert_true(zg_vec_append(&bytes, at, sizeof at));
    }
    zg_str_add(&geo, "]}");
    zg_str_addc(&text, ')');
    const double start = zg_clock_mono_s();
    assert_int_equal(from_scan(geo.data, &s, &err), ZAGG_OK);
    assert_int_equal(s.parts[0].rings[0].n, N);
    const double geojson_s = zg_clock_mono_s() - start;
    assert_int_equal(zagg_shape_from_wkt(arena, text.data, text.len, 0, &s, &err), 0);
    assert_int_equal(s.parts[0].rings[0].n, N);
    assert_true(s.parts[0].rings[0].lon_deg[N - 1] == (N - 1) % 360 - 180);
    assert_int_equal(zagg_shape_from_wkb(arena, bytes.data, bytes.len, 0, &s, &err), 0);
    assert_int_equal(s.parts[0].rings[0].n, N);
    printf("a million vertices: GeoJSON %.3f s, all three %.3f s\n", geojson_s,
           zg_clock_mono_s() - start);
    assert_int_equal(zagg_shape_from_wkb(arena, bytes.data, bytes.len, N - 1, &s, &err),
                     ZAGG_ERANGE);
    assert_string_equal(err.msg, "the geometry has more than 999999 vertices");
    zg_str_free(&geo);
    zg_str_free(&text);
    zg_vec_free(&bytes);
}

/* ---- GeoJSON and WKB into each other ---- */

static void round_trip(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_maker m;
    zg_vec wkb_bytes;
    const zagg_value *back = NULL;
    zg_vec_init(&wkb_bytes, 1, 0);
    zg_make_begin(&m, arena, &err);
    const zagg_value *v = json(text);
    if (zg_value_to_wkb(v, &wkb_bytes, &err) != ZAGG_OK ||
        zg_wkb_to_value(&m, wkb_bytes.data, wkb_bytes.len, &back, &err) != ZAGG_OK)
        fail_msg("%s: %s", text, err.msg);
    if (!zagg_value_equal(v, back))
        fail_msg("%s", text);
    for (size_t n = 0; n < wkb_bytes.len; n++)
        assert_int_not_equal(zg_wkb_to_value(&m, wkb_bytes.data, n, &back, &err), 0);
    zg_vec_free(&wkb_bytes);
}

static void wkb_values(void **state)
{
    (void)state;
    round_trip("{\"type\":\"Point\",\"coordinates\":[1,2]}");
    round_trip("{\"type\":\"Point\",\"coordinates\":[]}");
    round_trip("{\"type\":\"Point\",\"coordinates\":[1,2,3]}");
    round_trip("{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}");
    round_trip("{\"type\":\"Polygon\",\"coordinates\":[" SQUARE "," SQUARE "]}");
    round_trip("{\"type\":\"Polygon\",\"coordinates\":[]}");
    round_trip("{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]}");
    round_trip("{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2,0],[3,4,0]]]}");
    round_trip("{\"type\":\"MultiPolygon\",\"coordinates\":[[" SQUARE "],[" SQUARE "]]}");
    round_trip("{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\","
               "\"coordinates\":[1,2]},{\"type\":\"Point\",\"coordinates\":[1,2,3]}]}");
}

/* ---- numbers ---- */

static void numbers(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"0",
                                        "-0",
                                        "1",
                                        "178.56331",
                                        "-76.62107",
                                        "0.1",
                                        "1e22",
                                        "9007199254740993",
                                        "123456789012345678",
                                        "0.000001",
                                        "1e-7",
                                        "4.35",
                                        "179.99999999999997",
                                        "5e-324",
                                        "1.7976931348623157e308"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        double fast = 0, exact = 0;
        assert_true(zg_number_parse(TEXTS[i], strlen(TEXTS[i]), &fast));
        assert_true(zg_float_parse(TEXTS[i], strlen(TEXTS[i]), &exact));
        assert_true(same_double(fast, exact) && signbit(fast) == signbit(exact));
    }
    double v;
    assert_false(zg_number_parse("", 0, &v));
    assert_false(zg_number_parse("-", 1, &v));
    assert_false(zg_number_parse("1.2.3", 5, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geojson),
        cmocka_unit_test(geojson_without_vertices),
        cmocka_unit_test(geojson_as_it_is),
        cmocka_unit_test(geojson_refused),
        cmocka_unit_test(nested_collections),
        cmocka_unit_test(wkt),
        cmocka_unit_test(wkt_refused),
        cmocka_unit_test(wkb),
        cmocka_unit_test(wkb_refused),
        cmocka_unit_test(many_vertices),
        cmocka_unit_test(wkb_values),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
