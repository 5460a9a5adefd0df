/* Structured filters against numpy 2.5: what each comparison keeps of each column. The
 * expected masks are numpy's (NEP 50 for scalars, numpy.isin for lists). */
#include "core/read.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

#define COLUMN(dtype, type, ...)                                                         \
    dtype, (const type[])                                                                \
    {                                                                                    \
        __VA_ARGS__                                                                      \
    }
#define I8(...) COLUMN(ZAGG_DT_I8, int8_t, __VA_ARGS__)
#define I16(...) COLUMN(ZAGG_DT_I16, int16_t, __VA_ARGS__)
#define I32(...) COLUMN(ZAGG_DT_I32, int32_t, __VA_ARGS__)
#define I64(...) COLUMN(ZAGG_DT_I64, int64_t, __VA_ARGS__)
#define U8(...) COLUMN(ZAGG_DT_U8, uint8_t, __VA_ARGS__)
#define U16(...) COLUMN(ZAGG_DT_U16, uint16_t, __VA_ARGS__)
#define U32(...) COLUMN(ZAGG_DT_U32, uint32_t, __VA_ARGS__)
#define U64(...) COLUMN(ZAGG_DT_U64, uint64_t, __VA_ARGS__)
#define F32(...) COLUMN(ZAGG_DT_F32, float, __VA_ARGS__)
#define F64(...) COLUMN(ZAGG_DT_F64, double, __VA_ARGS__)

typedef struct rule {
    zagg_dtype dtype;
    const void *values;
    zagg_op op;
    const char *literal; /* YAML: a number, or a list for in and not_in */
    const char *kept;    /* '1' a value that stays */
} rule;

/* clang-format off */
static const rule RULES[] = {
    {I8(-128, -1, 0, 1, 127), ZAGG_OP_EQ, "300", "00000"},
    {I8(-128, -1, 0, 1, 127), ZAGG_OP_NE, "300", "11111"},
    {I8(-128, 0, 127), ZAGG_OP_LT, "300", "111"},
    {I8(-128, 0, 127), ZAGG_OP_GE, "-129", "111"},
    {I8(-128, 0, 127), ZAGG_OP_LE, "-128", "100"},
    {I8(-2, 0, 1), ZAGG_OP_GT, "0.5", "001"},
    {I8(0, 1, 2), ZAGG_OP_EQ, "true", "010"},
    {I8(0, 1), ZAGG_OP_EQ, "1.0", "01"},
    {U8(0, 1, 255), ZAGG_OP_GE, "-1", "111"},
    {U8(0, 1, 255), ZAGG_OP_EQ, "-1", "000"},
    {U8(0, 254, 255), ZAGG_OP_GE, "254.5", "001"},
    {U8(0, 255), ZAGG_OP_LT, "256", "11"},
    {I16(-32768, 32767), ZAGG_OP_LT, "32768", "11"},
    {U16(0, 65535), ZAGG_OP_LE, "65535", "11"},
    {U16(0, 65535), ZAGG_OP_GT, "-0.5", "11"},
    {I32(INT32_MIN, 2147483647), ZAGG_OP_GT, "2147483646.5", "01"},
    {U32(0, 4294967295), ZAGG_OP_EQ, "4294967295", "01"},
    {U32(0, 4294967295), ZAGG_OP_GT, "4294967296", "00"},
    {I64(9007199254740992, 9007199254740993), ZAGG_OP_EQ, "9007199254740992", "10"},
    {I64(9007199254740992, 9007199254740993), ZAGG_OP_EQ, "9007199254740992.0", "11"},
    {I64(9007199254740993), ZAGG_OP_GT, "9007199254740992.0", "0"},
    {I64(INT64_MIN, 9223372036854775807), ZAGG_OP_LT, "9223372036854775808", "11"},
    {I64(INT64_MIN, 9223372036854775807), ZAGG_OP_EQ, "9223372036854775808", "00"},
    {I64(INT64_MIN, 9223372036854775807), ZAGG_OP_EQ, "9223372036854775808.0", "01"},
    {U64(0, 9223372036854775808u, 18446744073709551615u), ZAGG_OP_GE, "-1", "111"},
    {U64(0, 9223372036854775808u, 18446744073709551615u),
     ZAGG_OP_EQ, "18446744073709551615", "001"},
    {U64(0, 9223372036854775808u, 18446744073709551615u),
     ZAGG_OP_GT, "9223372036854775807", "011"},
    {U64(0, 18446744073709551615u), ZAGG_OP_LT, "18446744073709551616", "11"},
    {U64(0, 18446744073709551615u), ZAGG_OP_EQ, "18446744073709551616.0", "01"},
    {I64(INT64_MIN, 9223372036854775807), ZAGG_OP_GT, "-9223372036854775809", "11"},
    {F32(0.1f, 0.2f), ZAGG_OP_EQ, "0.1", "10"},
    {F32(0.1f, 0.2f), ZAGG_OP_LE, "0.1", "10"},
    {F32(16777216.0f, 16777218.0f), ZAGG_OP_EQ, "16777217", "10"},
    {F32(3e38f, INFINITY), ZAGG_OP_LT, "1.0e+300", "10"},
    {F32(3e38f, INFINITY), ZAGG_OP_EQ, "1.0e+300", "01"},
    {F32(1152921504606846976.0f, 1152921642045800448.0f),
     ZAGG_OP_EQ, "1152921573326323713", "10"},
    {F32(3.4028235e38f, 1.0f, INFINITY),
     ZAGG_OP_EQ, "340282350000000000000000000000000000000", "100"},
    {F64(1e30, 2e30), ZAGG_OP_EQ, "1000000000000000000000000000000", "10"},
    {F64(0.1, 0.2, NAN), ZAGG_OP_EQ, "0.1", "100"},
    {F64(NAN, 1.0), ZAGG_OP_NE, "1", "10"},
    {F64(NAN, 1.0), ZAGG_OP_EQ, ".nan", "00"},
    {F64(NAN, 1.0), ZAGG_OP_NE, ".nan", "11"},
    {F64(NAN, 1.0), ZAGG_OP_LT, "2", "01"},
    {F64(NAN, 1.0), ZAGG_OP_GE, "-.inf", "01"},
    {F32(NAN, -0.0f, 0.0f), ZAGG_OP_EQ, "0", "011"},
    {I8(0, 1, 2, 3), ZAGG_OP_IN, "[1, 3]", "0101"},
    {I8(0, 1, 2, 3), ZAGG_OP_NOT_IN, "[1, 3]", "1010"},
    {I8(1, 2), ZAGG_OP_IN, "[257, 2]", "01"},
    {U8(255, 1), ZAGG_OP_IN, "[-1, 1]", "01"},
    {I8(0, 1), ZAGG_OP_IN, "[]", "00"},
    {I8(0, 1), ZAGG_OP_NOT_IN, "[]", "11"},
    {I64(9007199254740992, 9007199254740993), ZAGG_OP_IN, "[9007199254740992]", "10"},
    {I64(9007199254740992, 9007199254740993),
     ZAGG_OP_IN, "[9007199254740992, 0.5]", "11"},
    {F32(0.1f, 0.5f), ZAGG_OP_IN, "[0.1, 0.5]", "01"},
    {F32(16777216.0f, 1.0f), ZAGG_OP_IN, "[16777217, 1]", "01"},
    {F64(NAN, 1.0), ZAGG_OP_IN, "[.nan, 1]", "01"},
    {F64(NAN, 1.0), ZAGG_OP_NOT_IN, "[.nan]", "11"},
    {U64(18446744073709551615u, 0), ZAGG_OP_IN, "[18446744073709551615]", "10"},
    {I32(1, 2), ZAGG_OP_IN, "[1.0, 2.5]", "10"},
    {I8(0, 1), ZAGG_OP_EQ, "text", "00"},
    {F32(0.0f, 1.0f), ZAGG_OP_EQ, "~", "00"},
};
/* clang-format on */

static void check_rule(zagg_arena *arena, const rule *r, bool keep)
{
    const size_t n = strlen(r->kept);
    uint8_t mask[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const zagg_value *literal;
    zagg_filter f = {.op = r->op, .keep = keep};
    assert_true(n <= sizeof mask);
    assert_int_equal(
        zagg_yaml_parse(arena, r->literal, strlen(r->literal), "rule", &literal, NULL),
        ZAGG_OK);
    f.value = literal;
    if (literal->kind == ZAGG_LIST) {
        f.values = literal->items;
        f.n_values = literal->n;
    }
    mask[0] = 0; /* what an earlier filter dropped stays dropped */
    assert_int_equal(zg_filter_values(&f, r->dtype, r->values, n, mask, NULL), ZAGG_OK);
    assert_int_equal(mask[0], 0);
    mask[0] = 1;
    for (size_t i = 1; i < n; i++)
        mask[i] = 1;
    assert_int_equal(zg_filter_values(&f, r->dtype, r->values, n, mask, NULL), ZAGG_OK);
    for (size_t i = 0; i < n; i++)
        if (mask[i] != ((r->kept[i] == '1') == keep))
            fail_msg("%s, op %d, %s%s: value %zu is %s", zagg_dtype_name(r->dtype),
                     (int)r->op, r->literal, keep ? "" : ", inverted", i,
                     mask[i] ? "kept" : "dropped");
}

static void rules(void **state)
{
    zagg_arena *arena;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        check_rule(arena, &RULES[i], true);
        check_rule(arena, &RULES[i], false);
    }
    zagg_arena_free(arena);
}

static void no_memory_for_a_list(void **state)
{
    static const zagg_value one = {.kind = ZAGG_INT, .u = {.i = 1}};
    static const zagg_value *const list[] = {&one};
    const zagg_filter f = {.op = ZAGG_OP_IN, .keep = true, .values = list, .n_values = 1};
    const int8_t column[] = {1};
    uint8_t mask[] = {1};
    (void)state;
    zg_alloc_fail_nth(1);
    assert_int_equal(zg_filter_values(&f, ZAGG_DT_I8, column, 1, mask, NULL),
                     ZAGG_ENOMEM);
    zg_alloc_fail_nth(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules),
                                       cmocka_unit_test(no_memory_for_a_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
