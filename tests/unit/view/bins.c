/* Bins: what they hold is what a sum over all values of their units is, at the finest
 * size that is few enough. */
#include "view/bins.h"

#include "support/support.h"

#include <math.h>

enum { N = 3000, MAX = 100 };

static uint64_t units[N];
static double values[N];

/* Bins of the units at a step, by brute force: how many, and of one id its sum. */
static size_t distinct(const zg_frame *f, unsigned step)
{
    size_t n = 0;
    for (size_t i = 0; i < N; i++) {
        bool again = false;
        for (size_t k = 0; !again && k < i; k++)
            again = zg_frame_coarsen(f, step, units[k]) ==
                    zg_frame_coarsen(f, step, units[i]);
        n += !again;
    }
    return n;
}

static void check(const zg_frame *frame)
{
    zg_bins b;
    uint64_t parts = 0;
    zg_bins_init(&b, frame, MAX);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(zg_bins_add(&b, units[i], values[i], i % 7, NULL), ZAGG_OK);
    assert_int_equal(zg_bins_finish(&b, NULL), ZAGG_OK);
    assert_true(b.bins.len <= MAX);
    assert_int_equal(b.bins.len, distinct(frame, b.step));
    if (b.step > 0)
        assert_true(distinct(frame, b.step - 1) > MAX);
    for (size_t k = 0; k < b.bins.len; k++) {
        const zg_bin *bin = ZG_VEC_AT(&b.bins, zg_bin, k);
        double sum = 0, low = INFINITY, high = -INFINITY;
        uint64_t n = 0, finite = 0, count = 0;
        for (size_t i = 0; i < N; i++) {
            if (zg_frame_coarsen(frame, b.step, units[i]) != bin->id)
                continue;
            n++;
            count += i % 7;
            if (!isfinite(values[i]))
                continue;
            finite++;
            sum += values[i];
            low = fmin(low, values[i]);
            high = fmax(high, values[i]);
        }
        assert_true(k == 0 || bin[-1].id < bin->id);
        assert_int_equal(bin->parts, n);
        assert_int_equal(bin->values, finite);
        assert_int_equal(bin->count, count);
        if (finite > 0)
            assert_true(fabs(bin->sum - sum) < 1e-9 && bin->low == low &&
                        bin->high == high);
        parts += n;
    }
    assert_int_equal(parts, N);
    zg_bins_free(&b);
}

static void make(uint64_t limit)
{
    uint64_t seed = 1;
    for (size_t i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        units[i] = (seed >> 20) % limit;
        values[i] = i % 11 == 3   ? (double)NAN
                    : i % 13 == 5 ? (double)INFINITY
                                  : (double)(seed >> 50) / 16;
    }
}

static void cells(void **state)
{
    (void)state;
    zg_frame f;
    zg_frame_healpix(&f, 8, ZAGG_LATITUDE_AUTHALIC);
    make((uint64_t)12 << 16);
    check(&f);
    make(90); /* few enough as they are */
    check(&f);
    make((uint64_t)12 << 58 >> 42); /* close together */
    check(&f);
}

static void boxes(void **state)
{
    (void)state;
    static const uint64_t SHAPES[][2] = {{1000, 777}, {1, 50000}, {50000, 1}, {9, 9}};
    for (size_t i = 0; i < 4; i++) {
        const zg_frame f = {
            .kind = ZAGG_GRID_RECTILINEAR, .rows = SHAPES[i][0], .columns = SHAPES[i][1]};
        make(f.rows * f.columns);
        check(&f);
    }
}

/* The last step joins all units of a box grid into one. */
static void steps_end(void **state)
{
    (void)state;
    zg_frame f = {.kind = ZAGG_GRID_RECTILINEAR, .rows = 9, .columns = 5};
    assert_int_equal(zg_frame_max_step(&f), 4);
    assert_int_equal(zg_frame_coarsen(&f, 4, 44), 0);
    f.rows = f.columns = 1;
    assert_int_equal(zg_frame_max_step(&f), 0);
    zg_frame_healpix(&f, 29, ZAGG_LATITUDE_AUTHALIC);
    assert_int_equal(zg_frame_coarsen(&f, 29, ((uint64_t)12 << 58) - 1), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cells), cmocka_unit_test(boxes),
                                       cmocka_unit_test(steps_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
