/* The gain of a chunk of heights, in float32: the next power of two of a range over 128
 * bins. Its logarithm is the one elementary function that decides about whole bins. */
#include "num/num.h"
#include "support/support.h"

#include <math.h>

static float gain(float low, float high)
{
    const float range = fmaxf(1e-6f, high - low);
    return fmaxf(0.5f, exp2f(ceilf(zg_log2_f32(range / 128.0f))));
}

static void gains(void **state)
{
    (void)state;
    if (!golden_available("aggregate/gain_min_max_gain.npy"))
        skip();
    npy rows = npy_read(golden_path("aggregate/gain_min_max_gain.npy"));
    assert_true(rows.dtype == ZAGG_DT_F32 && rows.rank == 2 && rows.dims[1] == 3);
    case_report report = {.set = "gain_min_max_gain.npy"};
    for (size_t i = 0; i < rows.dims[0]; i++) {
        const float *row = (const float *)rows.data + 3 * i;
        const double got = (double)gain(row[0], row[1]);
        if (got == (double)row[2])
            case_pass(&report);
        else
            case_fail(&report, "row", "%zu: %a, upstream has %a", i, got, (double)row[2]);
    }
    npy_free(&rows);
    report_end(&report, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
