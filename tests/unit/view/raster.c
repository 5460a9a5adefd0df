/* Pictures in memory: areas have the size that they should, wherever they lie. */
#include "view/raster.h"

#include "support/support.h"

#include <math.h>
#include <string.h>

enum { W = 40, H = 30 };
static const zg_ink BLACK = {{0, 0, 0}, 1};

/* Ink on the whole picture, in pixels. */
static double ink_of(const zg_raster *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width * r->height; i++)
        sum += (255 - r->rgb[3 * i]) / 255.0;
    return sum;
}

static double filled(const double *x, const double *y, size_t n, size_t rings, bool all)
{
    zg_raster r;
    assert_int_equal(zg_raster_new(&r, W, H, NULL), ZAGG_OK);
    for (size_t k = 0; k < rings; k++)
        assert_true(zg_raster_ring(&r, x + k * n, y + k * n, n));
    assert_true(zg_raster_fill(&r, all, BLACK));
    const double ink = ink_of(&r);
    zg_raster_free(&r);
    return ink;
}

static void areas(void **state)
{
    (void)state;
    const double x[] = {3.25, 10.75, 10.75, 3.25, 5, 7, 7, 5};
    const double y[] = {2, 2, 8.5, 8.5, 3, 3, 5, 5};
    assert_true(fabs(filled(x, y, 4, 1, false) - 7.5 * 6.5) < 0.5);
    assert_true(fabs(filled(x, y, 4, 2, false) - (7.5 * 6.5 - 4)) < 0.5);
    assert_true(fabs(filled(x, y, 4, 2, true) - 7.5 * 6.5) < 0.5);
    const double tx[] = {0, 20, 0}, ty[] = {0, 0, 20};
    assert_true(fabs(filled(tx, ty, 3, 1, false) - 200) < 2);
}

static void outside(void **state)
{
    (void)state;
    const double x[] = {-1e9, 1e9, 1e9, -1e9}, y[] = {-1e9, -1e9, 1e9, 1e9};
    assert_true(fabs(filled(x, y, 4, 1, false) - W * H) < 1);
    const double far[] = {50, 60, 60, 50}, low[] = {0, 0, 5, 5};
    assert_true(filled(far, low, 4, 1, false) == 0);
    assert_true(filled(low, far, 4, 1, false) == 0);
    assert_true(filled(x, y, 1, 1, false) == 0);
    assert_true(filled(x, y, 0, 1, false) == 0);
}

static void lines(void **state)
{
    (void)state;
    zg_raster r;
    const double x[] = {5, 25, 25}, y[] = {5, 5, 25};
    assert_int_equal(zg_raster_new(&r, W, H, NULL), ZAGG_OK);
    assert_true(zg_raster_line(&r, x, y, 3, false, 2));
    assert_true(zg_raster_fill(&r, true, BLACK));
    assert_true(fabs(ink_of(&r) - 84) < 3); /* 20 + 20 long, 2 wide, three ends */
    zg_raster_free(&r);
    assert_int_equal(zg_raster_new(&r, W, H, NULL), ZAGG_OK);
    assert_true(zg_raster_line(&r, x, y, 1, true, 4));
    assert_true(zg_raster_fill(&r, true, BLACK));
    assert_true(ink_of(&r) > 8); /* a point can be seen */
    zg_raster_free(&r);
}

static void letters(void **state)
{
    (void)state;
    zg_raster r;
    char all[96 + 4];
    for (int i = 0; i < 95; i++)
        all[i] = (char)(' ' + i);
    memcpy(all + 95, "\xc3\xa4\x01", 4);
    assert_int_equal(zg_raster_new(&r, 700, 10, NULL), ZAGG_OK);
    zg_raster_text(&r, 0, 1, 1, all, BLACK);
    for (size_t k = 1; k < 98; k++) { /* every letter has ink, and stays in its place */
        size_t dots = 0;
        for (size_t row = 0; row < 10; row++)
            for (size_t c = 0; c < 6; c++) {
                const bool ink = r.rgb[3 * (row * 700 + 6 * k + c)] == 0;
                dots += ink;
                assert_false(ink && (c == 5 || row == 0 || row == 9));
            }
        assert_true(dots >= 2 && dots <= 20);
    }
    zg_raster_text(&r, -30, 5, 3, "cut at every side", BLACK);
    zg_raster_text(&r, 690, -5, 9, "cut", BLACK);
    zg_raster_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(areas), cmocka_unit_test(outside),
                                       cmocka_unit_test(lines),
                                       cmocka_unit_test(letters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
