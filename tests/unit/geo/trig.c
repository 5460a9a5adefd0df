/* The trigonometric functions against the long double library and against exact values.
 */
#include "geo/trig.h"

#include "random.h"
#include "support/support.h"

#include <math.h>

#define N_POINTS 1000000
#define MAX_ERROR_ULP 0.52

/** Error of `got` in units in the last place of the true value. */
static double error_ulp(double got, long double want)
{
    double w = fabs((double)want);
    return (double)(fabsl((long double)got - want) /
                    ((long double)nextafter(w, INFINITY) - w));
}

static void close_to(const char *what, double x, double got, long double want)
{
    if (!(error_ulp(got, want) <= MAX_ERROR_ULP))
        fail_msg("%s(%.17g) = %.17g is %.3f ulp off", what, x, got, error_ulp(got, want));
}

static void sine_and_cosine(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int k = 0; k < N_POINTS; k++) {
        double x = random_between(&seed, -20.0, 20.0);
        if (k % 3 == 0)
            x = random_between(&seed, -1.6, 1.6);
        if (k % 7 == 0) /* near multiples of pi/4, where the reduction cancels */
            x = (double)(k % 50 - 25) * 0.7853981633974483 *
                (1.0 + random_between(&seed, -1e-13, 1e-13));
        close_to("sin", x, zg_sin(x), sinl((long double)x));
        close_to("cos", x, zg_cos(x), cosl((long double)x));
    }
}

static void inverses(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int k = 0; k < N_POINTS; k++) {
        double v = random_between(&seed, -1.0, 1.0);
        if (k % 5 == 0) /* towards 1, where acos has no digits left */
            v = copysign(1.0 - exp(random_between(&seed, -36.0, 0.0)), v);
        if (k % 7 == 0)
            v = copysign(exp(random_between(&seed, -36.0, 0.0)), v);
        close_to("asin", v, zg_asin(v), asinl((long double)v));
        close_to("acos", v, zg_acos(v), acosl((long double)v));
    }
}

static void angle_of_vector(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int k = 0; k < N_POINTS / 2; k++) {
        double y = random_between(&seed, -1.0, 1.0), x = random_between(&seed, -1.0, 1.0);
        y *= k % 5 == 0 ? exp(random_between(&seed, -36.0, 0.0)) : 1.0;
        x *= k % 7 == 0 ? exp(random_between(&seed, -36.0, 0.0)) : 1.0;
        close_to("atan2", y, zg_atan2(y, x), atan2l((long double)y, (long double)x));
    }
}

static void exact_values(void **state)
{
    (void)state;
    const double pi = 3.141592653589793;
    assert_true(zg_sin(0.0) == 0.0 && !signbit(zg_sin(0.0)) && signbit(zg_sin(-0.0)));
    assert_true(zg_cos(0.0) == 1.0 && zg_sin(pi / 2) == 1.0);
    assert_true(zg_sin(pi) == 1.2246467991473532e-16);
    assert_true(zg_cos(pi / 2) == 6.123233995736766e-17);
    assert_true(zg_asin(1.0) == pi / 2 && zg_asin(-1.0) == -pi / 2);
    assert_true(zg_asin(0.0) == 0.0 && signbit(zg_asin(-0.0)));
    assert_true(zg_acos(1.0) == 0.0 && zg_acos(-1.0) == pi && zg_acos(0.0) == pi / 2);
    assert_true(zg_atan2(0.0, 1.0) == 0.0 && zg_atan2(0.0, -1.0) == pi);
    assert_true(zg_atan2(-0.0, -1.0) == -pi && signbit(zg_atan2(-0.0, 1.0)));
    assert_true(zg_atan2(1.0, 0.0) == pi / 2 && zg_atan2(-1.0, -0.0) == -pi / 2);
    assert_true(zg_atan2(1.0, 1.0) == pi / 4 && zg_atan2(1.0, -1.0) == 3.0 * (pi / 4));
}

static void outside_the_domain(void **state)
{
    (void)state;
    const double inf = (double)INFINITY, nan = (double)NAN;
    assert_true(isnan(zg_sin(inf)) && isnan(zg_sin(nan)) && isnan(zg_sin(2e5)));
    assert_true(isnan(zg_cos(-inf)) && isnan(zg_cos(nan)) && isnan(zg_cos(-2e5)));
    assert_true(isnan(zg_asin(1.0000000000000002)) && isnan(zg_asin(nan)));
    assert_true(isnan(zg_acos(-1.0000000000000002)) && isnan(zg_acos(inf)));
    assert_true(isnan(zg_atan2(nan, 1.0)) && isnan(zg_atan2(1.0, inf)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sine_and_cosine),    cmocka_unit_test(inverses),
        cmocka_unit_test(angle_of_vector),    cmocka_unit_test(exact_values),
        cmocka_unit_test(outside_the_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
