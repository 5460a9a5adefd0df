/* Outlines and projections: nothing is lost, torn or doubled at poles, at the
 * antimeridian and around the globe, whatever stands in the rings. */
#include "support/support.h"
#include "view/frame.h"
#include "view/projection.h"
#include "view/shrink.h"

#include <math.h>

static double ring_area(const zg_outlines *o, size_t r)
{
    const double *x, *y;
    size_t n;
    double twice = 0;
    zg_outlines_get(o, r, &x, &y, &n);
    for (size_t i = 0; i < n; i++)
        twice += x[i] * y[(i + 1) % n] - x[(i + 1) % n] * y[i];
    return fabs(twice) / 2;
}

static double total_area(const zg_outlines *o)
{
    double sum = 0;
    for (size_t r = 0; r < o->rings.len; r++)
        sum += ring_area(o, r);
    return sum;
}

static void extent(const zg_outlines *o, double box[4])
{
    const double *x = o->x.data, *y = o->y.data;
    assert_true(o->x.len > 0);
    box[0] = box[2] = x[0];
    box[1] = box[3] = y[0];
    for (size_t i = 1; i < o->x.len; i++) {
        box[0] = fmin(box[0], x[i]);
        box[1] = fmin(box[1], y[i]);
        box[2] = fmax(box[2], x[i]);
        box[3] = fmax(box[3], y[i]);
    }
}

/* `ground` on the map; both are the caller's. */
static zg_projection apply(const zg_outlines *ground, zg_view_projection asked,
                           zg_outlines *map, size_t *hidden)
{
    zg_outlines none;
    zg_projection p;
    size_t n = 0;
    zg_outlines_init(&none);
    zg_outlines_init(map);
    zg_projection_choose(ground, &none, asked, &p);
    zg_projection_apply(&p, ground, map, &n);
    assert_false(map->failed);
    assert_int_equal(zg_outlines_n(map), zg_outlines_n(ground));
    if (hidden != NULL)
        *hidden = n;
    return p;
}

static void add(zg_outlines *o, size_t n, const double *lon, const double *lat)
{
    zg_outlines_ring(o, lon, lat, n);
    zg_outlines_end_item(o);
}

/* ---- projections ---- */

static void there_and_back(void **state)
{
    (void)state;
    for (int kind = ZG_PROJECT_NORTH; kind <= ZG_PROJECT_LONLAT; kind++) {
        const zg_projection p = {(zg_view_projection)kind, -76.0,
                                 kind == ZG_PROJECT_LONLAT ? 0.77 : 1};
        for (double lat = -89.5; lat < 90; lat += 7.25)
            for (double lon = -179.5; lon < 180; lon += 13) {
                double x, y, lon2, lat2;
                zg_projection_place(&p, lon, lat, &x, &y);
                if (kind == ZG_PROJECT_LONLAT && fabs(lon + 76.0) > 180)
                    continue;
                assert_true(zg_projection_degrees(&p, x, y, &lon2, &lat2));
                assert_true(fabs(lat - lat2) < 1e-9 && fabs(lon - lon2) < 1e-6);
            }
    }
    double lon, lat;
    const zg_projection north = {ZG_PROJECT_NORTH, 0, 1};
    assert_false(zg_projection_degrees(&north, 1.9, 1.9, &lon, &lat));
}

static void chosen_by_latitude(void **state)
{
    (void)state;
    static const struct {
        double south, north;
        zg_view_projection kind;
    } CASES[] = {{61, 62, ZG_PROJECT_NORTH},
                 {59, 62, ZG_PROJECT_LONLAT},
                 {-80, -61, ZG_PROJECT_SOUTH},
                 {-61, 61, ZG_PROJECT_LONLAT}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const double lon[3] = {10, 11, 10},
                     lat[3] = {CASES[i].south, CASES[i].south, CASES[i].north};
        zg_outlines ground, map;
        zg_outlines_init(&ground);
        add(&ground, 3, lon, lat);
        assert_int_equal(apply(&ground, ZG_PROJECT_AUTO, &map, NULL).kind, CASES[i].kind);
        zg_outlines_free(&map);
        assert_int_equal(apply(&ground, ZG_PROJECT_SOUTH, &map, NULL).kind,
                         ZG_PROJECT_SOUTH);
        zg_outlines_free(&map);
        zg_outlines_free(&ground);
    }
}

/* ---- whole globes ---- */

static void all_cells(zg_outlines *ground, unsigned order)
{
    zg_frame frame;
    zg_frame_healpix(&frame, order, ZAGG_LATITUDE_AUTHALIC);
    zg_outlines_init(ground);
    for (uint64_t id = 0; id < (uint64_t)12 << (2 * order); id++)
        zg_frame_outline(&frame, 0, id, ground);
}

/* Cells share their sides, so that the map is covered once, poles and edges too. */
static void cells_cover_the_map(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 6; order++) {
        zg_outlines ground, map;
        double box[4];
        all_cells(&ground, order);
        const zg_projection p = apply(&ground, ZG_PROJECT_AUTO, &map, NULL);
        assert_int_equal(p.kind, ZG_PROJECT_LONLAT);
        extent(&map, box);
        print_message("order %u: area %.9g of 64800\n", order, total_area(&map));
        assert_true(fabs(total_area(&map) - 64800.0) < 1e-6);
        assert_true(fabs(box[0] - (p.lon0_deg - 180) + p.lon0_deg) < 1e-9);
        assert_true(fabs(box[1] + 90) < 1e-9 && fabs(box[3] - 90) < 1e-9);
        zg_outlines_free(&map);
        zg_outlines_free(&ground);
    }
}

/* Areas are true: a cell has 4 pi / 12 / 4^order, but for its straight pieces. */
static void polar_areas_are_equal(void **state)
{
    (void)state;
    zg_outlines ground, map;
    size_t hidden, checked = 0;
    const double want = 4 * 3.14159265358979 / (12 << 8);
    all_cells(&ground, 4);
    (void)apply(&ground, ZG_PROJECT_NORTH, &map, &hidden);
    assert_true(hidden > 1000 && hidden < 1536);
    for (size_t i = 0; i < zg_outlines_n(&map); i++) {
        size_t first, end;
        zg_outlines_item(&map, i, &first, &end);
        if (first == end)
            continue;
        assert_int_equal(end - first, 1);
        /* authalic latitudes are not the map's geodetic ones */
        assert_true(fabs(ring_area(&map, first) / want - 1) < 0.05);
        checked++;
    }
    assert_int_equal(checked + hidden, zg_outlines_n(&map));
    zg_outlines_free(&map);
    zg_outlines_free(&ground);
}

/* ---- the antimeridian and the poles ---- */

static void antimeridian(void **state)
{
    (void)state;
    static const double LON[][4] = {{178, 183, 183, 178},
                                    {178, -177, -177, 178},
                                    {-182, -177, -177, -182},
                                    {538, 543, 543, 538}};
    const double lat[4] = {0, 0, 4, 4};
    for (size_t i = 0; i < 4; i++) {
        zg_outlines ground, map;
        zg_outlines_init(&ground);
        add(&ground, 4, LON[i], lat);
        (void)apply(&ground, ZG_PROJECT_AUTO, &map, NULL);
        assert_int_equal(map.rings.len, 1); /* the map is cut elsewhere */
        assert_true(fabs(total_area(&map) - 20 * cos(2 * 3.14159265 / 180)) < 1e-6);
        zg_outlines_free(&map);
        /* with something everywhere the map has to be cut there */
        for (double x = -180; x < 180; x += 0.5) {
            const double lon[3] = {x, x + 0.1, x}, low[3] = {50, 50, 51};
            add(&ground, 3, lon, low);
        }
        (void)apply(&ground, ZG_PROJECT_LONLAT, &map, NULL);
        size_t first, end;
        zg_outlines_item(&map, 0, &first, &end);
        assert_int_equal(end - first, 2);
        zg_outlines_free(&map);
        zg_outlines_free(&ground);
    }
}

static void around_a_pole(void **state)
{
    (void)state;
    zg_outlines ground, map;
    double lon[36], lat[36], box[4];
    for (int i = 0; i < 36; i++) {
        lon[i] = -180 + 10 * i;
        lat[i] = -70;
    }
    zg_outlines_init(&ground);
    add(&ground, 36, lon, lat);
    (void)apply(&ground, ZG_PROJECT_LONLAT, &map, NULL);
    extent(&map, box);
    assert_true(fabs(box[1] + 90) < 1e-12 && fabs(box[3] + 70) < 1e-12);
    assert_true(fabs(total_area(&map) / (box[2] - box[0]) - 20) < 1e-9);
    zg_outlines_free(&map);
    assert_int_equal(apply(&ground, ZG_PROJECT_AUTO, &map, NULL).kind, ZG_PROJECT_SOUTH);
    const double cap = 2 * 3.14159265 * (1 - cos(20 * 3.14159265 / 180));
    assert_true(fabs(total_area(&map) / cap - 1) < 0.01);
    zg_outlines_free(&map);
    zg_outlines_free(&ground);
}

/* ---- hostile rings ---- */

static void hostile_rings(void **state)
{
    (void)state;
    static const double LON[] = {0, NAN, 1, INFINITY, 1e300, 2, 0},
                        LAT[] = {0, 0, 91, 1, 1, 3, 0};
    zg_outlines ground, map;
    zg_outlines_init(&ground);
    add(&ground, 7, LON, LAT);
    add(&ground, 0, LON, LAT);
    add(&ground, 1, LON + 1, LAT);
    const double poles_lon[3] = {0, 90, 180}, poles_lat[3] = {90, 90, 90};
    add(&ground, 3, poles_lon, poles_lat);
    double wild_lon[200], wild_lat[200];
    for (int i = 0; i < 200; i++) { /* a spiral of many turns */
        wild_lon[i] = 100.0 * i;
        wild_lat[i] = -89 + 0.8 * i;
    }
    add(&ground, 200, wild_lon, wild_lat);
    for (int kind = ZG_PROJECT_AUTO; kind <= ZG_PROJECT_LONLAT; kind++) {
        (void)apply(&ground, (zg_view_projection)kind, &map, NULL);
        for (size_t i = 0; i < map.x.len; i++) {
            assert_true(isfinite(*ZG_VEC_AT(&map.x, double, i)));
            assert_true(isfinite(*ZG_VEC_AT(&map.y, double, i)));
        }
        zg_outlines_free(&map);
    }
    size_t first, end, n;
    const double *x, *y;
    zg_outlines_item(&ground, 0, &first, &end);
    zg_outlines_get(&ground, first, &x, &y, &n);
    assert_int_equal(n, 2); /* (0, 0) and (2, 3) */
    zg_outlines_free(&ground);
}

static void a_million_vertices(void **state)
{
    (void)state;
    enum { N = 1000000 };
    double *lon = zg_alloc(N, sizeof *lon), *lat = zg_alloc(N, sizeof *lat);
    zg_outlines o;
    assert_true(lon != NULL && lat != NULL);
    for (int i = 0; i < N; i++) {
        lon[i] = 50 * cos(6.283185307 * i / N);
        lat[i] = 50 * sin(6.283185307 * i / N);
    }
    zg_outlines_init(&o);
    const zagg_ring ring = {lat, lon, N};
    const zagg_shape_part part = {ZAGG_SHAPE_POLYGON, &ring, 1};
    const zagg_shape shape = {&part, 1};
    zg_outlines_shape(&o, &shape);
    add(&o, N, lon, lat);
    assert_true(o.x.len > 2 * ZG_RING_MAX / 2 && o.x.len <= 2 * ZG_RING_MAX);
    assert_true(fabs(total_area(&o) / (2 * 3.14159265 * 2500) - 1) < 1e-3);
    zg_outlines_free(&o);
    zg_free(lon);
    zg_free(lat);
}

/* A line has no area, there and back, and long edges bend as great circles do. */
static void lines(void **state)
{
    (void)state;
    const double lon[] = {0, 90}, lat[] = {60, 60};
    const zagg_ring ring = {lat, lon, 2};
    zagg_shape_part part = {ZAGG_SHAPE_LINE, &ring, 1};
    const zagg_shape shape = {&part, 1};
    zg_outlines o;
    double box[4];
    zg_outlines_init(&o);
    zg_outlines_shape(&o, &shape);
    assert_int_equal(o.rings.len, 1);
    assert_true(total_area(&o) < 1e-9);
    extent(&o, box);
    /* the middle of the great circle: tan(lat) = tan(60) / cos(45) */
    assert_true(fabs(box[3] - 67.792) < 0.05);
    zg_outlines_free(&o);
}

/* ---- the lattice ---- */

static void lattice(void **state)
{
    (void)state;
    zg_scene scene = {.west = 0, .south = 0, .east = 10, .north = 10};
    zg_lattice l;
    zg_lattice_ring ring;
    double x[400], y[400];
    for (int i = 0; i < 100; i++) { /* a square with 99 needless vertices a side */
        x[i] = y[100 + i] = i / 20.0;
        x[100 + i] = y[200 + i] = 5;
        x[200 + i] = y[300 + i] = 5 - i / 20.0;
        y[i] = x[300 + i] = 0;
    }
    zg_outlines_init(&scene.shapes);
    zg_outlines_ring(&scene.shapes, x, y, 400);
    zg_outlines_end_item(&scene.shapes);
    zg_lattice_choose(&l, &scene);
    assert_int_equal(zg_lattice_take(&l, &scene.shapes, 0, &ring, NULL), ZAGG_OK);
    assert_int_equal(ring.n, 4);
    for (size_t i = 0; i < ring.n; i++) {
        const double px = (double)ring.x[i] * l.unit + l.x0;
        const double py = (double)ring.y[i] * l.unit + l.y0;
        assert_true(fabs(px) < l.unit || fabs(px - 5) < l.unit);
        assert_true(fabs(py) < l.unit || fabs(py - 5) < l.unit);
    }
    zg_lattice_free(&l);
    zg_outlines_free(&scene.shapes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(chosen_by_latitude),
        cmocka_unit_test(cells_cover_the_map),
        cmocka_unit_test(polar_areas_are_equal),
        cmocka_unit_test(antimeridian),
        cmocka_unit_test(around_a_pole),
        cmocka_unit_test(hostile_rings),
        cmocka_unit_test(a_million_vertices),
        cmocka_unit_test(lines),
        cmocka_unit_test(lattice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
