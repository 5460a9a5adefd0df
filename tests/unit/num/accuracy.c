/* The elementary functions against the long double library: error in units of the last
 * place, and that neighbours keep their order. */
#include "num/num.h"
#include "support/random.h"
#include "support/support.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { N_POINTS = 100000, N_RUNS = 200, RUN_LENGTH = 100 };
#define MAX_ERROR_ULP 0.52
#define MAX_ERROR_ULP_F32 0.5001

_Static_assert(LDBL_MANT_DIG >= 64, "long double must have bits to spare");

static uint64_t seed;

static double between(double low, double high)
{
    return random_between(&seed, low, high);
}

/** Any magnitude of [low, high], either sign. */
static double magnitude(double low, double high)
{
    const double m = exp(between(log(low), log(high)));
    return random_u64(&seed) % 2 == 0 ? m : -m;
}

/** Any finite double, all bit patterns alike. */
static double any_double(void)
{
    double x;
    do {
        const uint64_t u = random_u64(&seed);
        memcpy(&x, &u, sizeof x);
    } while (!isfinite(x));
    return x;
}

/* ---- arguments, by where a function has its difficulties ---- */

static double exponents(int i)
{
    return i % 3 == 0   ? between(-746.0, 710.0)
           : i % 3 == 1 ? between(-2.0, 2.0)
                        : magnitude(1e-20, 700.0);
}

static double binary_exponents(int i)
{
    return i % 3 == 0   ? between(-1076.0, 1024.0)
           : i % 3 == 1 ? between(-2.0, 2.0)
                        : magnitude(1e-20, 1000.0);
}

static double positive(int i)
{
    return i % 3 == 0   ? fabs(any_double())
           : i % 3 == 1 ? between(0.5, 2.0)
                        : 1.0 + magnitude(1e-16, 0.5);
}

static double above_minus_one(int i)
{
    return i % 3 == 0   ? fabs(any_double())
           : i % 3 == 1 ? between(-1.0, 2.0)
                        : magnitude(1e-20, 0.9);
}

static double angles(int i)
{
    if (i % 7 == 0) /* near multiples of pi/4, where the reduction cancels */
        return (double)(i % 50000) * 0.7853981633974483 * (1.0 + between(-3e-16, 3e-16));
    return i % 3 == 0   ? any_double()
           : i % 3 == 1 ? between(-1e5, 1e5)
                        : between(-7.0, 7.0);
}

static double fractions(int i)
{
    return i % 3 == 0   ? between(-1.0, 1.0)
           : i % 3 == 1 ? 1.0 - fabs(magnitude(1e-16, 1.0)) /* acos has no digits left */
                        : magnitude(1e-300, 1.0);
}

static double ratios(int i)
{
    return i % 2 == 0 ? any_double() : magnitude(1e-10, 1e10);
}

static double hyperbolic(int i)
{
    return i % 3 == 0 ? between(-711.0, 711.0) : magnitude(1e-20, 60.0);
}

static double anything(int i)
{
    (void)i;
    return any_double();
}

static void two_of_a_size(int i, double *x, double *y)
{
    *x = i % 3 == 0 ? any_double() : between(-10.0, 10.0);
    *y = i % 3 == 0   ? any_double()
         : i % 3 == 1 ? between(-10.0, 10.0)
                      : *x * magnitude(1e-20, 1e20);
    if (i % 5 == 0) { /* subnormal */
        *x = between(0.0, 1e6) * 0x1p-1074;
        *y = between(0.0, 1e6) * 0x1p-1074;
    }
}

static void powers(int i, double *x, double *y)
{
    switch (i % 4) {
    case 0:
        *x = fabs(any_double());
        break;
    case 1:
        *x = 1.0 + magnitude(1e-15, 0.1);
        break;
    case 2:
        *x = between(0.0, 5.0);
        *y = between(-10.0, 10.0);
        return;
    default:
        *x = between(-100.0, 100.0);
        *y = floor(between(-10.0, 10.0));
        return;
    }
    *y = between(-746.0, 710.0) / log(*x);
}

/* ---- the functions ---- */

typedef struct unary {
    const char *name;
    double (*got)(double);
    float (*got_f32)(float);
    long double (*want)(long double);
    double (*argument)(int);
    int order; /* +1 ascends, -1 descends, 0 neither */
} unary;

static const unary UNARY[] = {
    {"exp", zg_exp, zg_exp_f32, expl, exponents, 1},
    {"exp2", zg_exp2, zg_exp2_f32, exp2l, binary_exponents, 1},
    {"expm1", zg_expm1, zg_expm1_f32, expm1l, exponents, 1},
    {"log", zg_log, zg_log_f32, logl, positive, 1},
    {"log2", zg_log2, zg_log2_f32, log2l, positive, 1},
    {"log10", zg_log10, zg_log10_f32, log10l, positive, 1},
    {"log1p", zg_log1p, zg_log1p_f32, log1pl, above_minus_one, 1},
    {"sin", zg_sin, zg_sin_f32, sinl, angles, 0},
    {"cos", zg_cos, zg_cos_f32, cosl, angles, 0},
    {"tan", zg_tan, zg_tan_f32, tanl, angles, 0},
    {"asin", zg_asin, zg_asin_f32, asinl, fractions, 1},
    {"acos", zg_acos, zg_acos_f32, acosl, fractions, -1},
    {"atan", zg_atan, zg_atan_f32, atanl, ratios, 1},
    {"sinh", zg_sinh, zg_sinh_f32, sinhl, hyperbolic, 1},
    {"cosh", zg_cosh, zg_cosh_f32, coshl, hyperbolic, 0},
    {"tanh", zg_tanh, zg_tanh_f32, tanhl, hyperbolic, 1},
    {"cbrt", zg_cbrt, zg_cbrt_f32, cbrtl, anything, 1},
};

typedef struct binary {
    const char *name;
    double (*got)(double, double);
    float (*got_f32)(float, float);
    long double (*want)(long double, long double);
    void (*arguments)(int, double *, double *);
} binary;

static const binary BINARY[] = {
    {"pow", zg_pow, zg_pow_f32, powl, powers},
    {"atan2", zg_atan2, zg_atan2_f32, atan2l, two_of_a_size},
    {"hypot", zg_hypot, zg_hypot_f32, hypotl, two_of_a_size},
};

/** Error of `got` in units of the last place of `want`; huge where only one is infinite.
 */
static double error_ulp(double got, long double want)
{
    const double w = fabs((double)want);
    if (isinf(w) || isinf(got))
        return got == (double)want ? 0.0 : DBL_MAX;
    const double unit = w < DBL_MAX ? nextafter(w, (double)INFINITY) - w : 0x1p971;
    return (double)(fabsl((long double)got - want) / (long double)unit);
}

static double error_ulp_f32(float got, long double want)
{
    const float w = fabsf((float)want);
    if (isinf(w) || isinf(got))
        return got == (float)want ? 0.0 : DBL_MAX;
    const double unit =
        w < FLT_MAX ? (double)nextafterf(w, INFINITY) - (double)w : 0x1p104;
    return (double)(fabsl((long double)got - want) / (long double)unit);
}

static void one_argument(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof UNARY / sizeof UNARY[0]; f++) {
        const unary *u = &UNARY[f];
        seed = f + 1;
        for (int i = 0; i < N_POINTS; i++) {
            const double x = u->argument(i);
            const float y = (float)x;
            const double e = error_ulp(u->got(x), u->want((long double)x));
            if (!(e <= MAX_ERROR_ULP))
                fail_msg("%s(%a) = %a is %.3f ulp off", u->name, x, u->got(x), e);
            if (!isfinite(y))
                continue;
            const double e32 = error_ulp_f32(u->got_f32(y), u->want((long double)y));
            if (!(e32 <= MAX_ERROR_ULP_F32) && !isnan(u->want((long double)y)))
                fail_msg("float32 %s(%a) = %a is %.3f ulp off", u->name, (double)y,
                         (double)u->got_f32(y), e32);
        }
    }
}

static void two_arguments(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof BINARY / sizeof BINARY[0]; f++) {
        const binary *b = &BINARY[f];
        seed = f + 1;
        for (int i = 0; i < N_POINTS; i++) {
            double x, y;
            b->arguments(i, &x, &y);
            const float u = (float)x, v = (float)y;
            double e = error_ulp(b->got(x, y), b->want((long double)x, (long double)y));
            if (!(e <= MAX_ERROR_ULP))
                fail_msg("%s(%a, %a) = %a is %.3f ulp off", b->name, x, y, b->got(x, y),
                         e);
            const long double want = b->want((long double)u, (long double)v);
            if (!isfinite(u) || !isfinite(v) || isnan(want))
                continue;
            e = error_ulp_f32(b->got_f32(u, v), want);
            if (!(e <= MAX_ERROR_ULP_F32))
                fail_msg("float32 %s(%a, %a) = %a is %.3f ulp off", b->name, (double)u,
                         (double)v, (double)b->got_f32(u, v), e);
        }
    }
}

static void order_of_neighbours(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof UNARY / sizeof UNARY[0]; f++) {
        const unary *u = &UNARY[f];
        seed = f + 100;
        for (int i = 0; i < N_RUNS && u->order != 0; i++) {
            double x = u->argument(i), previous = u->got(x);
            if (i % 5 == 0) /* across the steps of the tables */
                x = nextafter(1.0 - ((double)(random_u64(&seed) % 150) - 75.5) / 256.0,
                              0.0);
            for (int k = 0; k < RUN_LENGTH; k++) {
                x = nextafter(x, (double)INFINITY);
                const double next = u->got(x);
                if (k > 0 && ((u->order > 0 && next < previous) ||
                              (u->order < 0 && next > previous)))
                    fail_msg("%s turns round at %a", u->name, x);
                previous = next;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_argument),
        cmocka_unit_test(two_arguments),
        cmocka_unit_test(order_of_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
