/* Fill values from configs, and which chunks count as empty. The table is what
 * pydantic-zarr and zarr-python 3.4 made of the same values. */
#include "support/support.h"
#include "zagg/zarr.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A value as YAML text, and what it becomes; NULL where it is refused. */
typedef struct fill_case {
    zagg_dtype dtype;
    const char *yaml;
    const char *text; /* of fill_value in the document */
} fill_case;

static const fill_case cases[] = {
    {ZAGG_DT_F32, "NaN", "\"NaN\""},
    {ZAGG_DT_F32, "nan", "\"NaN\""},
    {ZAGG_DT_F32, ".nan", "\"NaN\""},
    {ZAGG_DT_F32, "Infinity", "\"Infinity\""},
    {ZAGG_DT_F32, "-Infinity", "\"-Infinity\""},
    {ZAGG_DT_F32, "inf", "\"Infinity\""},
    {ZAGG_DT_F32, "-.inf", "\"-Infinity\""},
    {ZAGG_DT_F32, "'1.5'", "1.5"},
    {ZAGG_DT_F32, "1e20", "1.0000000200408773e+20"},
    {ZAGG_DT_F32, "' 5 '", "5.0"},
    {ZAGG_DT_F32, "true", "1.0"},
    {ZAGG_DT_F32, "0", "0.0"},
    {ZAGG_DT_F32, "-0.0", "-0.0"},
    {ZAGG_DT_F32, "0.1", "0.10000000149011612"},
    {ZAGG_DT_F32, "16777217", "16777216.0"},
    {ZAGG_DT_F32, "1.0e+39", "\"Infinity\""},
    {ZAGG_DT_F32, "18446744073709551616", "1.8446744073709552e+19"},
    {ZAGG_DT_F32, "abc", NULL},
    {ZAGG_DT_F32, "''", NULL},
    {ZAGG_DT_F32, "null", NULL},
    {ZAGG_DT_F32, "[1]", NULL},
    {ZAGG_DT_F64, "0.1", "0.1"},
    {ZAGG_DT_F64, "18446744073709551615", "1.8446744073709552e+19"},
    {ZAGG_DT_F64, "-9999", "-9999.0"},
    {ZAGG_DT_I32, "NaN", NULL},
    {ZAGG_DT_I32, ".nan", NULL},
    {ZAGG_DT_I32, ".inf", NULL},
    {ZAGG_DT_I32, "1.5", NULL},
    {ZAGG_DT_I32, "'1.5'", NULL},
    {ZAGG_DT_I32, "''", NULL},
    {ZAGG_DT_I32, "null", NULL},
    {ZAGG_DT_I32, "'5'", "5"},
    {ZAGG_DT_I32, "5.0", "5"},
    {ZAGG_DT_I32, "-0.0", "0"},
    {ZAGG_DT_I32, "-9999.0", "-9999"},
    {ZAGG_DT_I32, "true", "1"},
    {ZAGG_DT_I32, "1099511627776", NULL},
    {ZAGG_DT_I32, "2147483647", "2147483647"},
    {ZAGG_DT_I32, "2147483648", NULL},
    {ZAGG_DT_I32, "-2147483648", "-2147483648"},
    {ZAGG_DT_I32, "-2147483649", NULL},
    {ZAGG_DT_I64, "-9223372036854775808", "-9223372036854775808"},
    {ZAGG_DT_I64, "9223372036854775808", NULL},
    {ZAGG_DT_U8, "255", "255"},
    {ZAGG_DT_U8, "256", NULL},
    {ZAGG_DT_U8, "-1", NULL},
    {ZAGG_DT_U64, "18446744073709551615", "18446744073709551615"},
    {ZAGG_DT_U64, "18446744073709551616", NULL},
    {ZAGG_DT_U64, "1.0e+20", NULL},
    {ZAGG_DT_I8, "-128", "-128"},
    {ZAGG_DT_I8, "-129", NULL},
    {ZAGG_DT_BOOL, "NaN", "true"},
    {ZAGG_DT_BOOL, "''", "false"},
    {ZAGG_DT_BOOL, "0", "false"},
    {ZAGG_DT_BOOL, "-0.0", "false"},
    {ZAGG_DT_BOOL, "300", "true"},
    {ZAGG_DT_BOOL, "false", "false"},
};

static void check_case(const fill_case *c, const zagg_value *value, const char *shown)
{
    uint8_t fill[8] = {0};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status =
        zagg_zarr_fill_from_value(c->dtype, value, "h.fill_value", fill, &err);
    if (c->text == NULL) {
        assert_int_equal(status, ZAGG_ECONFIG);
        assert_non_null(strstr(err.msg, "h.fill_value"));
        return;
    }
    if (status != ZAGG_OK)
        fail_msg("%s %s: %s", zagg_dtype_name(c->dtype), shown, err.msg);
    zagg_zarr_array a = {
        .name = "h", .dtype = c->dtype, .rank = 1, .shape = {1}, .chunk = {1}};
    memcpy(a.fill, fill, sizeof fill);
    char *text = NULL, expected[80];
    size_t len = 0;
    assert_int_equal(zagg_zarr_array_json(&a, &text, &len, &err), ZAGG_OK);
    (void)snprintf(expected, sizeof expected, "\"fill_value\": %s,\n", c->text);
    if (strstr(text, expected) == NULL)
        fail_msg("%s %s did not become %s:\n%s", zagg_dtype_name(c->dtype), shown,
                 c->text, text);
    zagg_bytes_free(text);
}

static void fills_from_configs(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const zagg_value *value = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        if (zagg_yaml_parse(arena, cases[i].yaml, strlen(cases[i].yaml), "case", &value,
                            &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        check_case(&cases[i], value, cases[i].yaml);
    }
    zagg_arena_free(arena);
}

static void absent_fill_is_nan(void **state)
{
    (void)state;
    const fill_case absent[] = {{ZAGG_DT_F32, "", "\"NaN\""},
                                {ZAGG_DT_F64, "", "\"NaN\""},
                                {ZAGG_DT_I32, "", NULL},
                                {ZAGG_DT_U8, "", NULL},
                                {ZAGG_DT_BOOL, "", "true"}};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        check_case(&absent[i], NULL, "absent");
    uint8_t fill[8];
    const uint8_t quiet[8] = {0, 0, 0xc0, 0x7f, 0, 0, 0, 0};
    assert_int_equal(zagg_zarr_fill_from_value(ZAGG_DT_F32, NULL, "h", fill, NULL),
                     ZAGG_OK);
    assert_memory_equal(fill, quiet, sizeof quiet);
}

static bool empty_f32(float fill, const uint32_t *bits, size_t n)
{
    zagg_zarr_array a = {.name = "h", .dtype = ZAGG_DT_F32};
    memcpy(a.fill, &fill, sizeof fill);
    return zagg_zarr_all_fill(&a, bits, n);
}

static void empty_chunks_of_floats(void **state)
{
    (void)state;
    const uint32_t nans[] = {0x7fc00000, 0xffc00000, 0x7f800001, 0x7fffffff};
    const uint32_t with_inf[] = {0x7fc00000, 0x7f800000};
    const uint32_t zeros[] = {0, 0, 0}, minus[] = {0x80000000, 0x80000000};
    const uint32_t mixed[] = {0, 0x80000000},
                   ones[] = {0x3f800000, 0x3f800000, 0x3f800001};
    assert_true(empty_f32(NAN, nans, 4));
    assert_false(empty_f32(NAN, with_inf, 2));
    assert_true(empty_f32(0.0F, zeros, 3));
    assert_false(empty_f32(0.0F, minus, 2));
    assert_false(empty_f32(0.0F, mixed, 2));
    assert_true(empty_f32(-0.0F, minus, 2));
    assert_false(empty_f32(-0.0F, zeros, 3));
    assert_true(empty_f32(1.0F, ones, 2));
    assert_false(empty_f32(1.0F, ones, 3));
    assert_false(empty_f32(NAN, zeros, 3));
    assert_true(empty_f32(NAN, zeros, 0));
    const double nan64[] = {(double)NAN, -(double)NAN},
                 inf64[] = {(double)NAN, (double)INFINITY};
    zagg_zarr_array a = {.name = "h", .dtype = ZAGG_DT_F64};
    memcpy(a.fill, nan64, sizeof(double));
    assert_true(zagg_zarr_all_fill(&a, nan64, 2));
    assert_false(zagg_zarr_all_fill(&a, inf64, 2));
}

static void empty_chunks_of_integers(void **state)
{
    (void)state;
    zagg_zarr_array a = {
        .name = "n", .dtype = ZAGG_DT_I32, .fill = {0xfb, 0xff, 0xff, 0xff}};
    const int32_t same[] = {-5, -5, -5}, last[] = {-5, -5, 5}, first[] = {5, -5, -5};
    assert_true(zagg_zarr_all_fill(&a, same, 3));
    assert_false(zagg_zarr_all_fill(&a, last, 3));
    assert_false(zagg_zarr_all_fill(&a, first, 3));
    zagg_zarr_array flag = {.name = "f", .dtype = ZAGG_DT_BOOL, .fill = {1}};
    const uint8_t yes[] = {1, 1, 1, 1, 1}, no[] = {1, 1, 1, 1, 0};
    assert_true(zagg_zarr_all_fill(&flag, yes, 5));
    assert_false(zagg_zarr_all_fill(&flag, no, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_from_configs),
        cmocka_unit_test(absent_fill_is_nan),
        cmocka_unit_test(empty_chunks_of_floats),
        cmocka_unit_test(empty_chunks_of_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
