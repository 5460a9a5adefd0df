/* Values that are known: special ones of C's annex F, exact ones, symmetries; and that
 * the bits are those of the day this was written. */
#include "num/num.h"
#include "support/random.h"
#include "support/support.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double inf = (double)INFINITY, nan_ = (double)NAN;
static const double pi = 3.141592653589793;

/** The very same bits: a zero with its sign, the positive quiet NaN. */
static bool is(double got, double want)
{
    uint64_t a, b;
    memcpy(&a, &got, sizeof a);
    memcpy(&b, &want, sizeof b);
    return a == (isnan(want) ? UINT64_C(0x7ff8000000000000) : b);
}

static bool is_f32(float got, float want)
{
    uint32_t a, b;
    memcpy(&a, &got, sizeof a);
    memcpy(&b, &want, sizeof b);
    return a == (isnan(want) ? UINT32_C(0x7fc00000) : b);
}

typedef struct unary {
    const char *name;
    double (*f)(double);
    float (*f32)(float);
    double zero, plus_inf, minus_inf; /* f(0), f(inf), f(-inf) */
    int parity;                       /* -1: f(-x) = -f(x); 1: f(-x) = f(x) */
} unary;

#define BOTH(name) #name, zg_##name, zg_##name##_f32
#define INF ((double)INFINITY)
#define UNDEFINED ((double)NAN)
static const unary UNARY[] = {
    {BOTH(exp), 1.0, INF, 0.0, 0},
    {BOTH(exp2), 1.0, INF, 0.0, 0},
    {BOTH(expm1), 0.0, INF, -1.0, 0},
    {BOTH(log), -INF, INF, UNDEFINED, 0},
    {BOTH(log2), -INF, INF, UNDEFINED, 0},
    {BOTH(log10), -INF, INF, UNDEFINED, 0},
    {BOTH(log1p), 0.0, INF, UNDEFINED, 0},
    {BOTH(sin), 0.0, UNDEFINED, UNDEFINED, -1},
    {BOTH(cos), 1.0, UNDEFINED, UNDEFINED, 1},
    {BOTH(tan), 0.0, UNDEFINED, UNDEFINED, -1},
    {BOTH(asin), 0.0, UNDEFINED, UNDEFINED, -1},
    {BOTH(acos), 0x1.921fb54442d18p+0, UNDEFINED, UNDEFINED, 0},
    {BOTH(atan), 0.0, 0x1.921fb54442d18p+0, -0x1.921fb54442d18p+0, -1},
    {BOTH(sinh), 0.0, INF, -INF, -1},
    {BOTH(cosh), 1.0, INF, INF, 1},
    {BOTH(tanh), 0.0, 1.0, -1.0, -1},
    {BOTH(cbrt), 0.0, INF, -INF, -1},
};
enum { N_UNARY = sizeof UNARY / sizeof UNARY[0] };

static void special_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_UNARY; i++) {
        const unary *u = &UNARY[i];
        const double minus_zero = u->zero == 0.0 ? -0.0 : u->zero;
        const bool good = is(u->f(0.0), u->zero) && is(u->f(-0.0), minus_zero) &&
                          is(u->f(inf), u->plus_inf) && is(u->f(-inf), u->minus_inf) &&
                          is(u->f(nan_), nan_) && is(u->f(-nan_), nan_);
        const bool good_f32 = is_f32(u->f32(0.0f), (float)u->zero) &&
                              is_f32(u->f32(-0.0f), (float)minus_zero) &&
                              is_f32(u->f32(INFINITY), (float)u->plus_inf) &&
                              is_f32(u->f32(-INFINITY), (float)u->minus_inf) &&
                              is_f32(u->f32(NAN), NAN) && is_f32(u->f32(-NAN), NAN);
        if (!good || !good_f32)
            fail_msg("%s: a special value is wrong", u->name);
    }
}

static void parity(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int k = 0; k < 20000; k++) {
        const double x = random_between(&seed, -1.0, 1.0) *
                         exp(random_between(&seed, -40.0, k % 2 == 0 ? 0.0 : 20.0));
        for (size_t i = 0; i < N_UNARY; i++)
            if (UNARY[i].parity != 0 &&
                !is(UNARY[i].f(-x),
                    isnan(UNARY[i].f(x)) ? nan_ : UNARY[i].parity * UNARY[i].f(x)))
                fail_msg("%s(-x) at %a", UNARY[i].name, x);
    }
}

static void outside_the_domain(void **state)
{
    (void)state;
    assert_true(is(zg_log(-1.0), nan_) && is(zg_log2(-0x1p-1074), nan_));
    assert_true(is(zg_log10(-DBL_MAX), nan_) && is(zg_log1p(-1.0000000000000002), nan_));
    assert_true(is(zg_log1p(-1.0), -inf));
    assert_true(is(zg_asin(1.0000000000000002), nan_) && is(zg_asin(-2.0), nan_));
    assert_true(is(zg_acos(-1.0000000000000002), nan_) && is(zg_acos(inf), nan_));
}

static void ends_of_the_range(void **state)
{
    (void)state;
    assert_true(is(zg_exp(0x1.62e42fefa39efp+9), 0x1.fffffffffff2ap+1023));
    assert_true(is(zg_exp(0x1.62e42fefa39fp+9), inf));
    assert_true(is(zg_exp(-0x1.74910d52d3051p+9), 0x1p-1074));
    assert_true(is(zg_exp(-0x1.74910d52d3052p+9), 0.0));
    assert_true(is(zg_exp2(-1074.0), 0x1p-1074) && is(zg_exp2(-1075.0), 0.0));
    assert_true(is(zg_exp2(-1074.9999999999998), 0x1p-1074) && is(zg_exp2(-1076.0), 0.0));
    assert_true(is(zg_exp2(1023.9999999999999), 0x1.ffffffffffd3ap+1023));
    assert_true(is(zg_exp2(1024.0), inf) && is(zg_exp2(DBL_MAX), inf));
    assert_true(is(zg_sinh(711.0), inf) && is(zg_cosh(-711.0), inf));
    assert_true(is(zg_sinh(-DBL_MAX), -inf) && isfinite(zg_sinh(710.4)));
    assert_true(is(zg_expm1(DBL_MAX), inf) && is(zg_expm1(-DBL_MAX), -1.0));
    assert_true(is(zg_hypot(DBL_MAX, DBL_MAX), inf));
    assert_true(is(zg_pow(2.0, -1074.0), 0x1p-1074) && is(zg_pow(2.0, -1075.0), 0.0));
    assert_true(is(zg_pow(-2.0, 1023.0), -0x1p+1023) && is(zg_pow(-2.0, 1025.0), -inf));
    assert_true(is(zg_pow(0x1p-1074, 2.0), 0.0) && is(zg_pow(0x1p-1074, -1.0), inf));
    assert_true(is_f32(zg_exp_f32(0x1.62e42ep+6f), 0x1.ffff08p+127f));
    assert_true(is_f32(zg_exp_f32(0x1.62e43p+6f), INFINITY));
    assert_true(is_f32(zg_exp2_f32(-149.0f), 0x1p-149f));
}

static void exact_values(void **state)
{
    (void)state;
    assert_true(zg_sin(pi / 2) == 1.0 && zg_sin(pi) == 1.2246467991473532e-16);
    assert_true(zg_cos(pi / 2) == 6.123233995736766e-17);
    assert_true(zg_sin(0x1p+1000) == -0x1.460b8ae1c886ep-3);
    assert_true(zg_cos(DBL_MAX) == -0x1.fffe62ecfab75p-1);
    assert_true(zg_tan(pi / 4) == 0x1.fffffffffffffp-1);
    assert_true(zg_tan(pi / 2) == 0x1.d02967c31cdb5p+53);
    assert_true(zg_asin(1.0) == pi / 2 && zg_asin(-1.0) == -pi / 2);
    assert_true(is(zg_acos(1.0), 0.0) && zg_acos(-1.0) == pi && zg_atan(1.0) == pi / 4);
    assert_true(is(zg_log(1.0), 0.0) && is(zg_log2(1.0), 0.0) && is(zg_log10(1.0), 0.0));
    for (int k = -1074; k <= 1023; k++) {
        const double power = ldexp(1.0, k);
        assert_true(zg_log2(power) == k && zg_exp2(k) == power &&
                    zg_pow(2.0, k) == power);
        assert_true(zg_hypot(3.0 * power, 4.0 * power) == 5.0 * power);
    }
    double power = 1.0;
    for (int k = 0; k <= 22; k++, power *= 10.0)
        assert_true(zg_log10(power) == k && zg_pow(10.0, k) == power);
    uint64_t seed = 5;
    for (int k = 0; k < 10000; k++) {
        const double n = floor(random_between(&seed, 1.0, 208063.0));
        assert_true(zg_cbrt(n * n * n) == n && zg_cbrt(-n * n * n) == -n);
        assert_true(zg_pow(n, 3.0) == n * n * n && zg_pow(-n, 2.0) == n * n);
        assert_true(zg_pow(n * n, 0.5) == n && zg_pow(n, 1.0) == n &&
                    zg_pow(n, 0.0) == 1.0);
    }
}

static void float32_log2_near_powers(void **state)
{
    (void)state;
    for (int k = -126; k < 128; k++) {
        const float power = ldexpf(1.0f, k);
        assert_true(zg_log2_f32(power) == (float)k);
        float x = power;
        for (int i = 0; i < 12; i++)
            x = nextafterf(x, 0.0f);
        for (int i = 0; i < 25 && isfinite(x); i++, x = nextafterf(x, INFINITY))
            if (ceilf(zg_log2_f32(x)) != ceilf((float)log2l((long double)x)))
                fail_msg("ceil(log2(%a))", (double)x);
    }
}

static void atan2_cases(void **state)
{
    (void)state;
    assert_true(is(zg_atan2(0.0, 1.0), 0.0) && is(zg_atan2(-0.0, 1.0), -0.0));
    assert_true(is(zg_atan2(0.0, -1.0), pi) && is(zg_atan2(-0.0, -1.0), -pi));
    assert_true(is(zg_atan2(0.0, 0.0), 0.0) && is(zg_atan2(-0.0, 0.0), -0.0));
    assert_true(is(zg_atan2(0.0, -0.0), pi) && is(zg_atan2(-0.0, -0.0), -pi));
    assert_true(is(zg_atan2(1.0, 0.0), pi / 2) && is(zg_atan2(-1.0, -0.0), -pi / 2));
    assert_true(is(zg_atan2(1.0, 1.0), pi / 4) &&
                is(zg_atan2(1.0, -1.0), 3.0 * (pi / 4)));
    assert_true(is(zg_atan2(1.0, inf), 0.0) && is(zg_atan2(-1.0, inf), -0.0));
    assert_true(is(zg_atan2(1.0, -inf), pi) && is(zg_atan2(-1.0, -inf), -pi));
    assert_true(is(zg_atan2(inf, 1.0), pi / 2) && is(zg_atan2(-inf, DBL_MAX), -pi / 2));
    assert_true(is(zg_atan2(inf, inf), pi / 4) &&
                is(zg_atan2(inf, -inf), 3.0 * (pi / 4)));
    assert_true(is(zg_atan2(-inf, -inf), -3.0 * (pi / 4)));
    assert_true(is(zg_atan2(nan_, 1.0), nan_) && is(zg_atan2(-inf, -nan_), nan_));
    assert_true(is(zg_atan2(0x1p-1074, DBL_MAX), 0.0) &&
                is(zg_atan2(DBL_MAX, 0x1p-1074), pi / 2));
    assert_true(is(zg_atan2(0x1p-1074, -0x1p-1074), 3.0 * (pi / 4)));
}

static void hypot_cases(void **state)
{
    (void)state;
    assert_true(is(zg_hypot(inf, nan_), inf) && is(zg_hypot(nan_, -inf), inf));
    assert_true(is(zg_hypot(nan_, 0.0), nan_) && is(zg_hypot(-0.0, -0.0), 0.0));
    assert_true(is(zg_hypot(0.0, -0x1p-1074), 0x1p-1074));
    assert_true(is(zg_hypot(1.0, 0x1p-54), 1.0) && is(zg_hypot(-5.0, 12.0), 13.0));
}

/* Annex F.10.4.4. */
static void pow_cases(void **state)
{
    (void)state;
    assert_true(is(zg_pow(0.0, -3.0), inf) && is(zg_pow(-0.0, -3.0), -inf));
    assert_true(is(zg_pow(-0.0, -2.0), inf) && is(zg_pow(-0.0, -2.5), inf));
    assert_true(is(zg_pow(-0.0, -inf), inf) && is(zg_pow(0.0, inf), 0.0));
    assert_true(is(zg_pow(-0.0, 3.0), -0.0) && is(zg_pow(-0.0, 2.0), 0.0));
    assert_true(is(zg_pow(-0.0, 0.5), 0.0) && is(zg_pow(-0.0, inf), 0.0));
    assert_true(is(zg_pow(-1.0, inf), 1.0) && is(zg_pow(-1.0, -inf), 1.0));
    assert_true(is(zg_pow(1.0, nan_), 1.0) && is(zg_pow(nan_, 0.0), 1.0));
    assert_true(is(zg_pow(nan_, -0.0), 1.0) && is(zg_pow(nan_, 1.0), nan_));
    assert_true(is(zg_pow(2.0, nan_), nan_) && is(zg_pow(-nan_, nan_), nan_));
    assert_true(is(zg_pow(-2.0, 0.5), nan_) && is(zg_pow(-0x1p-1074, 1.5), nan_));
    assert_true(is(zg_pow(0.5, -inf), inf) && is(zg_pow(-0.5, inf), 0.0));
    assert_true(is(zg_pow(2.0, -inf), 0.0) && is(zg_pow(-2.0, inf), inf));
    assert_true(is(zg_pow(-inf, -3.0), -0.0) && is(zg_pow(-inf, -2.0), 0.0));
    assert_true(is(zg_pow(-inf, 3.0), -inf) && is(zg_pow(-inf, 2.5), inf));
    assert_true(is(zg_pow(inf, -0.1), 0.0) && is(zg_pow(inf, 0.1), inf));
    assert_true(is(zg_pow(-inf, inf), inf) && is(zg_pow(inf, -inf), 0.0));
    assert_true(is(zg_pow(-1.0, 3.0), -1.0) && is(zg_pow(-1.0, 0x1p+53), 1.0));
    assert_true(is(zg_pow(-1.0, 9007199254740991.0), -1.0) &&
                is(zg_pow(-8.0, 1.0), -8.0));
    assert_true(is(zg_pow(1.0000000000000002, DBL_MAX), inf) &&
                is(zg_pow(0.5, DBL_MAX), 0.0));
    assert_true(is(zg_pow(-1.0000000000000002, DBL_MAX), inf));
    assert_true(is(zg_pow(2.0, 0x1p-1074), 1.0) && is(zg_pow(DBL_MAX, -0x1p-1074), 1.0));
    assert_true(is_f32(zg_pow_f32(2.0f, -149.0f), 0x1p-149f) &&
                is_f32(zg_pow_f32(-0.0f, -1.0f), -INFINITY));
}

/** All bits of a run over all functions: other values here on a CPU or compiler are a
 * defect, and so is a change of a table or series that was not meant. */
static void bits(void **state)
{
    (void)state;
    uint64_t seed = 6, hash = 0;
    for (int k = 0; k < 100000; k++) {
        const double x = random_between(&seed, -3.0, 3.0) *
                         zg_exp(random_between(&seed, -10.0, k % 2 == 0 ? 0.0 : 10.0));
        const double y = random_between(&seed, -1.0, 1.0);
        double values[N_UNARY + 3];
        for (size_t i = 0; i < N_UNARY; i++)
            values[i] = UNARY[i].f(i % 2 == 0 ? x : y);
        values[N_UNARY] = zg_pow(fabs(x), 20.0 * y);
        values[N_UNARY + 1] = zg_atan2(x, y);
        values[N_UNARY + 2] = zg_hypot(x, y);
        for (size_t i = 0; i < N_UNARY + 3; i++) {
            uint64_t u;
            memcpy(&u, &values[i], sizeof u);
            hash = (hash ^ u) * UINT64_C(0x9e3779b97f4a7c15);
            hash ^= hash >> 29;
        }
    }
    if (hash != UINT64_C(0xb939befbdf470b2c))
        fail_msg("the values hash to %016llx", (unsigned long long)hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_values),     cmocka_unit_test(parity),
        cmocka_unit_test(outside_the_domain), cmocka_unit_test(ends_of_the_range),
        cmocka_unit_test(exact_values),       cmocka_unit_test(float32_log2_near_powers),
        cmocka_unit_test(atan2_cases),        cmocka_unit_test(hypot_cases),
        cmocka_unit_test(pow_cases),          cmocka_unit_test(bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
