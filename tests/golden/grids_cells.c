/* Golden set grids/cells: words, centres, corners, antimeridian rule and boxes of cells
 * of all orders. */
#include "golden/grids_close.h"
#include "support/support.h"
#include "zagg/geo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct cell_set {
    npy order, nested, word, centre, corners, ring, bbox;
    size_t n;
} cell_set;

static npy read_cells(const char *name, size_t n, size_t per_cell)
{
    char path[128];
    snprintf(path, sizeof path, "grids/cells/%s.npy", name);
    npy a = npy_read(golden_path(path));
    if (n > 0)
        assert_int_equal(a.n, n * per_cell);
    return a;
}

static void check_values(case_report *r, const char *what, size_t row, const double *ours,
                         const double *theirs, size_t n, size_t *coarse)
{
    for (size_t k = 0; k < n; k++) {
        char name[64];
        if (coordinate_close(ours[k], theirs[k], coarse))
            continue;
        snprintf(name, sizeof name, "%s row %zu value %zu", what, row, k);
        case_fail(r, name, "%.17g, expected %.17g", ours[k], theirs[k]);
        return;
    }
    case_pass(r);
}

static void check_word(case_report *r, size_t row, uint64_t nested, unsigned order,
                       uint64_t word)
{
    char name[64];
    snprintf(name, sizeof name, "word row %zu", row);
    uint64_t ours = zagg_word_from_nested(nested, order);
    if (ours != word)
        case_fail(r, name, "0x%016" PRIx64 ", expected 0x%016" PRIx64, ours, word);
    else if (zagg_word_nested(word) != nested || zagg_word_order(word) != order)
        case_fail(r, name, "unpacks to %" PRIu64 " of order %u", zagg_word_nested(word),
                  zagg_word_order(word));
    else
        case_pass(r);
}

static void check_outline(case_report *r, const cell_set *s, size_t row, uint64_t nested,
                          unsigned order, size_t *coarse)
{
    double lat[4], lon[4], pairs[8], bbox[4];
    zagg_geo_corners(nested, order, ZAGG_LATITUDE_AUTHALIC, lat, lon);
    for (size_t k = 0; k < 4; k++) {
        pairs[2 * k] = lat[k];
        pairs[2 * k + 1] = lon[k];
    }
    check_values(r, "corners", row, pairs, (const double *)s->corners.data + 8 * row, 8,
                 coarse);
    zagg_geo_fix_antimeridian(lon, 4);
    for (size_t k = 0; k < 4; k++)
        pairs[2 * k + 1] = lon[k];
    check_values(r, "ring", row, pairs, (const double *)s->ring.data + 8 * row, 8,
                 coarse);
    zagg_geo_cell_bbox(nested, order, ZAGG_LATITUDE_AUTHALIC, bbox);
    check_values(r, "bbox", row, bbox, (const double *)s->bbox.data + 4 * row, 4, coarse);
}

static void cells(void **state)
{
    (void)state;
    if (!golden_available("grids/cells"))
        skip();
    case_report r = {.set = "grids/cells"};
    cell_set s;
    s.order = read_cells("order", 0, 1);
    s.n = s.order.n;
    s.nested = read_cells("nested", s.n, 1);
    s.word = read_cells("word", s.n, 1);
    s.centre = read_cells("centre_latlon", s.n, 2);
    s.corners = read_cells("corners_NWSE_latlon_raw", s.n, 8);
    s.ring = read_cells("ring4_latlon_antimeridian_fixed", s.n, 8);
    s.bbox = read_cells("bbox_wsen", s.n, 4);
    assert_int_equal(s.order.dtype, ZAGG_DT_U8);
    size_t coarse = 0;
    for (size_t k = 0; k < s.n; k++) {
        unsigned order = ((const uint8_t *)s.order.data)[k];
        uint64_t nested = ((const uint64_t *)s.nested.data)[k];
        double centre[2];
        check_word(&r, k, nested, order, ((const uint64_t *)s.word.data)[k]);
        zagg_geo_centre(nested, order, ZAGG_LATITUDE_AUTHALIC, &centre[0], &centre[1]);
        check_values(&r, "centre", k, centre, (const double *)s.centre.data + 2 * k, 2,
                     &coarse);
        check_outline(&r, &s, k, nested, order, &coarse);
    }
    npy *all[] = {&s.order, &s.nested, &s.word, &s.centre, &s.corners, &s.ring, &s.bbox};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        npy_free(all[k]);
    report_end(&r, 14000);
}

enum { MOST_STEPS = 64 };

/* Outlines with several points a side; the set closes them. */
static void check_stepped(case_report *r, size_t row, const zagg_value *v, size_t *coarse)
{
    double lat[4 * MOST_STEPS + 1], lon[4 * MOST_STEPS + 1], ours[8 * MOST_STEPS + 2],
        theirs[8 * MOST_STEPS + 2];
    const zagg_value *ring = zagg_value_get(v, "ring_latlon");
    const unsigned step = (unsigned)zagg_value_get(v, "step")->u.i;
    const uint64_t word = strtoull(zagg_value_get(v, "word")->str, NULL, 10);
    const size_t n = 4 * step;
    assert_true(step > 0 && step <= MOST_STEPS && ring->n == n + 1);
    zagg_geo_ring(zagg_word_nested(word), zagg_word_order(word), ZAGG_LATITUDE_AUTHALIC,
                  step, lat, lon);
    zagg_geo_fix_antimeridian(lon, n);
    for (size_t k = 0; k <= n; k++) {
        ours[2 * k] = lat[k % n];
        ours[2 * k + 1] = lon[k % n];
        assert_true(zagg_value_number(ring->items[k]->items[0], &theirs[2 * k]));
        assert_true(zagg_value_number(ring->items[k]->items[1], &theirs[2 * k + 1]));
    }
    check_values(r, "stepped ring", row, ours, theirs, 2 * n + 2, coarse);
}

static void stepped_rings(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    size_t coarse = 0;
    case_report r = {.set = "grids/cells/stepped_rings.json"};
    if (!golden_available("grids/cells"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *set =
        golden_json(arena, golden_path("grids/cells/stepped_rings.json"));
    for (size_t i = 0; i < set->n; i++)
        check_stepped(&r, i, set->items[i], &coarse);
    zagg_arena_free(arena);
    report_end(&r, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cells),
                                       cmocka_unit_test(stepped_rings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
