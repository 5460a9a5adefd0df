/* Golden set grids/points: cells, words, latitudes and centres of 23 828 points. */
#include "golden/grids_close.h"
#include "support/support.h"
#include "zagg/geo.h"
#include "zagg/grid.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77 }; /* as CMakeLists.txt tells ctest */

static const unsigned orders[] = {6, 11, 13, 19, 24, 29};
#define N_ORDERS (sizeof orders / sizeof orders[0])

typedef struct point_set {
    npy lat, lon, robust;
    size_t n;
} point_set;

static npy read_column(const char *name, zagg_dtype dtype, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "grids/points/%s.npy", name);
    npy a = npy_read(golden_path(path));
    assert_int_equal(a.dtype, dtype);
    if (n > 0)
        assert_int_equal(a.n, n);
    return a;
}

static point_set read_points(void)
{
    point_set p;
    p.lat = read_column("lat", ZAGG_DT_F64, 0);
    p.n = p.lat.n;
    p.lon = read_column("lon", ZAGG_DT_F64, p.n);
    p.robust = read_column("robust_bits", ZAGG_DT_U8, p.n);
    return p;
}

static void free_points(point_set *p)
{
    npy_free(&p->lat);
    npy_free(&p->lon);
    npy_free(&p->robust);
}

static bool is_tie(const point_set *p, size_t row, size_t order_index)
{
    return (((const uint8_t *)p->robust.data)[row] >> order_index & 1u) == 0;
}

static void fail_row(case_report *r, const point_set *p, const char *what, size_t row,
                     uint64_t ours, uint64_t theirs)
{
    char name[128];
    snprintf(name, sizeof name, "%s row %zu", what, row);
    case_fail(r, name, "lat %.17g lon %.17g: %" PRIu64 ", expected %" PRIu64,
              ((const double *)p->lat.data)[row], ((const double *)p->lon.data)[row],
              ours, theirs);
}

/** A column of ids against the file; a point that the tie bit names may differ. */
static void compare_ids(case_report *r, const point_set *p, const char *file,
                        size_t order_index, const uint64_t *ours)
{
    npy expected = read_column(file, ZAGG_DT_U64, p->n);
    const uint64_t *theirs = expected.data;
    size_t ties = 0;
    for (size_t k = 0; k < p->n; k++) {
        if (ours[k] == theirs[k])
            case_pass(r);
        else if (is_tie(p, k, order_index))
            ties++;
        else
            fail_row(r, p, file, k, ours[k], theirs[k]);
    }
    if (ties > 0)
        print_message("%s: %zu ties fell the other way\n", file, ties);
    npy_free(&expected);
}

static void compare_order(case_report *r, const point_set *p, size_t order_index,
                          zagg_latitude latitude)
{
    unsigned order = orders[order_index];
    bool authalic = latitude == ZAGG_LATITUDE_AUTHALIC;
    char file[64];
    uint64_t *ids = calloc(p->n, sizeof *ids);
    assert_non_null(ids);
    zagg_geo_nested(p->lat.data, p->lon.data, p->n, order, latitude, ids);
    if (authalic) {
        snprintf(file, sizeof file, "nested_o%u", order);
        compare_ids(r, p, file, order_index, ids);
    }
    for (size_t k = 0; k < p->n; k++)
        ids[k] = zagg_word_from_nested(ids[k], order);
    snprintf(file, sizeof file, authalic ? "word_o%u" : "legacy_word_o%u", order);
    compare_ids(r, p, file, order_index, ids);
    free(ids);
}

static void cells_authalic(void **state)
{
    (void)state;
    if (!golden_available("grids/points"))
        skip();
    case_report r = {.set = "grids/points authalic"};
    point_set p = read_points();
    for (size_t o = 0; o < N_ORDERS; o++)
        compare_order(&r, &p, o, ZAGG_LATITUDE_AUTHALIC);
    free_points(&p);
    report_end(&r, 280000);
}

static void cells_geodetic(void **state)
{
    (void)state;
    if (!golden_available("grids/points"))
        skip();
    case_report r = {.set = "grids/points geodetic"};
    point_set p = read_points();
    for (size_t o = 0; o < N_ORDERS; o++)
        if (orders[o] == 11 || orders[o] == 19 || orders[o] == 29)
            compare_order(&r, &p, o, ZAGG_LATITUDE_GEODETIC);
    free_points(&p);
    report_end(&r, 71000);
}

static void point_words(void **state)
{
    (void)state;
    if (!golden_available("grids/points"))
        skip();
    case_report r = {.set = "grids/points point words"};
    point_set p = read_points();
    zagg_grid *grid = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_healpix_spec spec = {.parent_order = 11, .child_order = 19, .chunk_inner = -1};
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, &err), ZAGG_OK);
    uint64_t *ids = calloc(p.n, sizeof *ids);
    assert_non_null(ids);
    zagg_grid_leaf_ids(grid, p.lat.data, p.lon.data, p.n, ids);
    compare_ids(&r, &p, "word_point29", N_ORDERS - 1, ids);
    free(ids);
    zagg_grid_free(grid);
    free_points(&p);
    report_end(&r, 20000);
}

/** Ancestors of the order-29 hash are the hashes of the coarser orders. */
static void coarsening(void **state)
{
    (void)state;
    if (!golden_available("grids/points"))
        skip();
    case_report r = {.set = "grids/points coarsening"};
    point_set p = read_points();
    uint64_t *fine = calloc(p.n, sizeof *fine), *coarse = calloc(p.n, sizeof *coarse);
    assert_true(fine != NULL && coarse != NULL);
    for (unsigned conv = 0; conv < 2; conv++) {
        zagg_geo_nested(p.lat.data, p.lon.data, p.n, 29, (zagg_latitude)conv, fine);
        for (unsigned order = 0; order < 29; order++) {
            zagg_geo_nested(p.lat.data, p.lon.data, p.n, order, (zagg_latitude)conv,
                            coarse);
            for (size_t k = 0; k < p.n; k++) {
                uint64_t want = fine[k] == ZAGG_GEO_NO_CELL
                                    ? ZAGG_GEO_NO_CELL
                                    : fine[k] >> (2 * (29 - order));
                if (coarse[k] == want)
                    case_pass(&r);
                else
                    fail_row(&r, &p, "coarsening", k, coarse[k], want);
            }
        }
    }
    free(fine);
    free(coarse);
    free_points(&p);
    report_end(&r, 1000000);
}

static void compare_coordinates(case_report *r, const char *file, size_t n,
                                const double *ours, size_t *coarse)
{
    npy expected = read_column(file, ZAGG_DT_F64, n);
    const double *theirs = expected.data;
    for (size_t k = 0; k < n; k++) {
        char name[64];
        if (coordinate_close(ours[k], theirs[k], coarse)) {
            case_pass(r);
            continue;
        }
        snprintf(name, sizeof name, "%s row %zu", file, k);
        case_fail(r, name, "%.17g, expected %.17g", ours[k], theirs[k]);
    }
    npy_free(&expected);
}

static void latitudes(void **state)
{
    (void)state;
    if (!golden_available("grids/points"))
        skip();
    case_report r = {.set = "grids/points latitudes"};
    point_set p = read_points();
    size_t coarse = ZG_MAX_COARSE; /* none: no cancellation here */
    double *ours = calloc(p.n, sizeof *ours);
    assert_non_null(ours);
    const double *lat = p.lat.data;
    for (size_t k = 0; k < p.n; k++)
        ours[k] = zagg_geo_authalic_from_geodetic_deg(lat[k]);
    compare_coordinates(&r, "authalic", p.n, ours, &coarse);
    for (size_t k = 0; k < p.n; k++)
        ours[k] = zagg_geo_geodetic_from_authalic_deg(lat[k]);
    compare_coordinates(&r, "geodetic_of_lat_as_authalic", p.n, ours, &coarse);
    free(ours);
    free_points(&p);
    report_end(&r, 47000);
}

static void centres_of_order(case_report *r, unsigned order, size_t *coarse)
{
    char file[64];
    snprintf(file, sizeof file, "nested_o%u", order);
    npy nested = read_column(file, ZAGG_DT_U64, 0);
    double *lat = calloc(nested.n, sizeof *lat), *lon = calloc(nested.n, sizeof *lon);
    assert_true(lat != NULL && lon != NULL);
    for (size_t k = 0; k < nested.n; k++) {
        uint64_t id = ((const uint64_t *)nested.data)[k];
        lat[k] = lon[k] = (double)NAN; /* upstream's centre of the empty word */
        if (id != ZAGG_GEO_NO_CELL)
            zagg_geo_centre(id, order, ZAGG_LATITUDE_AUTHALIC, &lat[k], &lon[k]);
    }
    snprintf(file, sizeof file, "centre_lat_o%u", order);
    compare_coordinates(r, file, nested.n, lat, coarse);
    snprintf(file, sizeof file, "centre_lon_o%u", order);
    compare_coordinates(r, file, nested.n, lon, coarse);
    free(lat);
    free(lon);
    npy_free(&nested);
}

static void centres(void **state)
{
    (void)state;
    if (!golden_available("grids/points"))
        skip();
    case_report r = {.set = "grids/points centres"};
    size_t coarse = 0;
    centres_of_order(&r, 19, &coarse);
    centres_of_order(&r, 29, &coarse);
    report_end(&r, 95000);
}

/* By the kind of vectors that ZAGG_ISA names and by no other, which the CPU may lack. */
int main(void)
{
    const char *isa = zg_isa_name(zg_isa_active()), *asked = getenv("ZAGG_ISA");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_authalic), cmocka_unit_test(cells_geodetic),
        cmocka_unit_test(point_words),    cmocka_unit_test(coarsening),
        cmocka_unit_test(latitudes),      cmocka_unit_test(centres),
    };
    if (asked != NULL && strcmp(asked, isa) != 0) {
        print_message("skipped: no %s vectors here\n", asked);
        return SKIPPED;
    }
    print_message("%s vectors\n", isa);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
