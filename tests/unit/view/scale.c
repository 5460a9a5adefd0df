/* From values to colours, and to words. */
#include "support/support.h"
#include "view/scene.h"

#include <math.h>

static zg_scale scale_of(const double *values, size_t n, zg_value_kind kind)
{
    zg_scene *s = NULL;
    zg_scale out;
    assert_int_equal(zg_scene_new("store", &s, NULL), ZAGG_OK);
    for (size_t i = 0; i < n; i++)
        zg_scene_item(s)->value = values[i];
    s->value_kind = kind;
    assert_int_equal(zg_scale_choose(s, &out, NULL), ZAGG_OK);
    zg_scene_free(s);
    return out;
}

static void plain(void **state)
{
    (void)state;
    const double v[] = {3, -1, NAN, 7, INFINITY};
    const zg_scale s = scale_of(v, 5, ZG_VALUE_NUMBER);
    assert_true(s.any && !s.log && s.low == -1 && s.high == 7);
    assert_true(zg_scale_place(&s, -1) == 0 && zg_scale_place(&s, 7) == 1);
    assert_true(zg_scale_place(&s, 3) == 0.5 && zg_scale_place(&s, 99) == 1);
    assert_true(zg_scale_place(&s, NAN) == -1 && zg_scale_place(&s, INFINITY) == -1);
}

static void nothing_and_one(void **state)
{
    (void)state;
    const double none[] = {NAN, INFINITY}, one[] = {5, 5, 5};
    zg_scale s = scale_of(none, 2, ZG_VALUE_NUMBER);
    assert_false(s.any);
    assert_true(zg_scale_place(&s, 1) == -1);
    s = scale_of(NULL, 0, ZG_VALUE_COUNT);
    assert_false(s.any);
    s = scale_of(one, 3, ZG_VALUE_COUNT);
    assert_true(s.any && zg_scale_place(&s, 5) == 0.5);
}

/* The whole range of doubles: no overflow on the way. */
static void huge(void **state)
{
    (void)state;
    const double v[] = {-1.7e308, 1.7e308, 0};
    const zg_scale s = scale_of(v, 3, ZG_VALUE_NUMBER);
    assert_true(fabs(zg_scale_place(&s, 0) - 0.5) < 1e-12);
    assert_true(zg_scale_place(&s, 1.7e308) == 1);
}

static void outliers_and_logarithm(void **state)
{
    (void)state;
    double v[1000];
    for (int i = 0; i < 1000; i++)
        v[i] = i;
    v[999] = 1e6;
    zg_scale s = scale_of(v, 1000, ZG_VALUE_NUMBER);
    assert_true(s.cut_above && s.high < 1000 && s.cut_below);
    s = scale_of(v + 1, 999, ZG_VALUE_COUNT);
    assert_true(s.log && s.low == 1 && s.high == 1e6 && !s.cut_above);
    assert_true(fabs(zg_scale_place(&s, 1000) - 0.5) < 1e-9);
    s = scale_of(v, 999, ZG_VALUE_COUNT); /* a zero has no logarithm */
    assert_false(s.log);
}

/* Lightness of the ramp rises everywhere, as people see it who lack one kind of cones:
 * luminance of the linear colours. */
static void ramp(void **state)
{
    (void)state;
    double before = -1;
    uint8_t c[3];
    for (int i = 0; i <= 64; i++) {
        zg_ramp_colour(i / 64.0, c);
        double linear[3];
        for (int k = 0; k < 3; k++)
            linear[k] = pow(c[k] / 255.0, 2.2);
        const double luminance =
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        assert_true(luminance > before);
        before = luminance;
    }
    zg_ramp_colour(-5, c);
    assert_memory_equal(c, zg_ramp[0], 3);
    zg_ramp_colour(7, c);
    assert_memory_equal(c, zg_ramp[ZG_RAMP_STOPS - 1], 3);
}

static void words(void **state)
{
    (void)state;
    static const struct {
        zg_value_kind kind;
        double value;
        const char *text;
    } CASES[] = {
        {ZG_VALUE_NUMBER, 12, "12"},        {ZG_VALUE_NUMBER, -0.123456789, "-0.123457"},
        {ZG_VALUE_NUMBER, 1e300, "1e+300"}, {ZG_VALUE_NUMBER, NAN, "none"},
        {ZG_VALUE_DATE, 0, "1970-01-01"},   {ZG_VALUE_DATE, 17901.69, "2019-01-05"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char out[40];
        zg_value_text_of(CASES[i].kind, CASES[i].value, out);
        assert_string_equal(out, CASES[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain), cmocka_unit_test(nothing_and_one),
        cmocka_unit_test(huge),  cmocka_unit_test(outliers_and_logarithm),
        cmocka_unit_test(ramp),  cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
