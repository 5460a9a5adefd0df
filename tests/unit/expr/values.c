/* What the language promises beyond single golden cases: Python's numbers, laziness,
 * types that meet, one NaN, literals, precedence. */
#include "evaluate.h"

#include <math.h>
#include <string.h>

static void test_types(void **state)
{
    static const struct {
        const char *text, *type;
    } CASES[] = {
        {"1", "int"},
        {"1.0", "float"},
        {"True", "truth"},
        {"len(h)", "int"},
        {"len(h) > 3", "truth"},
        {"(len(h) > 3) & (n < 10)", "truth"},
        {"(len(h) > 3) + 1", "int"},
        {"not n", "truth"},
        {"n / 2", "float"},
        {"n ** -1", "float"},
        {"float(n)", "float"},
        {"int(level)", "int"},
        {"h.size", "int"},
        {"h.ndim", "int"},
        {"-True", "int"},
        {"~True", "int"},
        {"abs(True)", "int"},
        {"np.pi", "float"},
        {"h * 2.5", "float32[]"},
        {"h * np.pi", "float32[]"},
        {"h + n * 0.5", "float32[]"},
        {"h + t", "float64[]"},
        {"h + i", "float64[]"},
        {"h + k", "float32[]"},
        {"h + u", "float32[]"},
        {"k + u", "int32[]"},
        {"w + i", "float64[]"},
        {"k * 2", "int8[]"},
        {"k / 2", "float64[]"},
        {"m * 2", "int64[]"},
        {"m + m", "bool[]"},
        {"m // m", "int8[]"},
        {"m ** 2", "int8[]"},
        {"m ** 3", "int64[]"},
        {"np.power(m, 2)", "int64[]"},
        {"m & True", "bool[]"},
        {"m & (len(h) > 2) & (n > 1)", "bool[]"},
        {"(len(h) > 2) & (n > 1) & m", "bool[]"},
        {"gain * 2", "float32"},
        {"level * gain", "float64"},
        {"np.sum(h)", "float32"},
        {"np.sum(k)", "int64"},
        {"np.sum(u)", "uint64"},
        {"sum(k)", "int8"},
        {"sum(m)", "int64"},
        {"np.mean(i)", "float64"},
        {"np.count_nonzero(h) * h", "float64[]"},
        {"len(h) * h", "float32[]"},
        {"np.where(m, h, np.nan)", "float32[]"},
        {"np.where(m, h, level)", "float64[]"},
        {"np.where(m, 1, 0)", "int64[]"},
        {"[1, 2.5]", "refused"},
        {"np.array([1, 2.5])", "float64[]"},
        {"np.array([h[0], s[0]])", "float32[]"},
        {"np.quantile(h, 0.5)", "float32"},
        {"np.quantile(h, [0.5])", "float64[]"},
        {"np.float64(2) * h", "float64[]"},
        {"xyz * h[:, None]", "float32[][]"},
        {"h[:, None]", "float32[][]"},
        {"h[0] if m[0] else level", "float64"},
        {"1 if m[0] else 2.5", "float"},
        {"h.astype('uint16')", "uint16[]"},
        {"h.astype(float)", "float64[]"},
        {"h.astype(int)", "int64[]"},
        {"float + 1", "refused"},
        {"h.astype('f4') + t.astype('<f8')", "float64[]"},
        {"np.sqrt(i)", "float64[]"},
        {"np.sqrt(u)", "float32[]"},
        {"np.floor(i)", "int32[]"},
        {"np.histogram(h, 4, (0, 1))[0]", "int64[]"},
        {"np.histogram(h, 4, (0.0, 1.0))[1]", "float32[]"},
    };
    (void)state;
    for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++)
        if (strcmp(type_of(CASES[c].text), CASES[c].type) != 0)
            fail_msg("'%s' is %s, not %s", CASES[c].text, type_of(CASES[c].text),
                     CASES[c].type);
}

static void test_numbers(void **state)
{
    /* level is -1 in the cell that is looked at, n is 6, q is 0.25, gain is 1.5. */
    static const struct {
        const char *text;
        double value;
    } CASES[] = {
        {"2 ** 3 ** 2", 512},
        {"-2 ** 2", -4},
        {"2 ** -1", 0.5},
        {"(-8) ** 3", -512},
        {"0 ** 0", 1},
        {"(n - 7) ** (n + 1)", -1},
        {"-7 // 2", -4},
        {"-7 % 3", 2},
        {"7 % -3", -2},
        {"-7.5 // 2", -4},
        {"7 / 2", 3.5},
        {"1 + 2 * 3 - 4 / 2", 5},
        {"1 | 6 ^ 3 & 2", 5},
        {"1 << 3 + 1", 16},
        {"-1 >> 70", -1},
        {"~5", -6},
        {"not 0 == 1", 1},
        {"1 < 2 == True", 0},
        {"3 > 2 > 1", 1},
        {"1 if 0 else 2 if 0 else 3", 3},
        {"0 or 5", 5},
        {"0 and 5", 0},
        {"2 and 5", 5},
        {"level and 3", 3},
        {"False or level", -1},
        {"True + True", 2},
        {"True and 7", 7},
        {"int(-2.9)", -2},
        {"int(2.9)", 2},
        {"float('1e3')", 1000},
        {"float('-inf') < 0", 1},
        {"abs(-3)", 3},
        {"sum([1, 2, 3.5])", 6.5},
        {"len((1, 2, 3))", 3},
        {"1_000", 1000},
        {".5 + 1.", 1.5},
        {"1e-3 * 1E3", 1},
        {"n", 6},
        {"n // 4 * q", 0.25},
        {"len(h)", 5},
        {"h.size + h.shape[0] + h.ndim + xyz.size", 26},
        {"(1, 2, 3)[-1]", 3},
        {"[1, 2, 3][0]", 1},
        {"edges[-1]", 40},
        {"lut[lut[0]]", 7},
        {"np.float32(0.1) == 0.1", 1},
        {"np.float64(np.float32(0.1)) == 0.1", 0},
        {"np.uint8(255) + 1 == 0", 1},
        {"np.int64(7) // 0", 0},
        {"np.isinf(np.float64(1) / 0)", 1},
        {"np.int8(-128) // np.int8(-1)", -128},
        {"np.signbit(-np.nan)", 0},
        {"np.copysign(1.0, -np.nan)", 1},
        {"np.signbit(np.float64(0.0) * -1)", 1},
        {"9007199254740993 == 9007199254740992", 0},
        {"np.uint64(9223372036854775807) * 2 + 1 > -1", 1},
        {"np.int64(-1) < np.uint64(1)", 1},
    };
    (void)state;
    for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++) {
        const double x = number_of(CASES[c].text);
        if (x != CASES[c].value)
            fail_msg("'%s' is %.17g, not %.17g", CASES[c].text, x, CASES[c].value);
    }
}

/* Results never hold the NaN that the CPU happens to make. */
static void test_nan(void **state)
{
    static const char *const TEXTS[] = {
        "-np.float64(np.nan)",
        "np.float64(0) / 0",
        "np.sqrt(np.float64(-1))",
        "t - t * np.inf",
        "-h / (h - h)",
        "np.where(m, -np.nan, -np.nan)",
        "np.mean(t[:0])",
        "np.array([-np.nan, 1.0])",
        "np.std(-h[:0])",
        "np.max(-h / (h - h))",
        "-np.nan if True else np.nan",
        "np.float32(-np.nan)",
    };
    (void)state;
    for (size_t c = 0; c < sizeof TEXTS / sizeof TEXTS[0]; c++) {
        evaluated e = evaluate(TEXTS[c]);
        if (e.status != ZAGG_OK)
            fail_msg("%s", e.err.msg);
        size_t seen = 0;
        for (size_t at = 0; at < e.bytes; at += zagg_dtype_size(e.type.dtype)) {
            uint64_t bits = 0;
            memcpy(&bits, e.data + at, zagg_dtype_size(e.type.dtype));
            const bool wide = e.type.dtype == ZAGG_DT_F64;
            const uint64_t infinity = wide ? 0x7ff0000000000000 : 0x7f800000;
            const uint64_t sign = wide ? UINT64_C(1) << 63 : UINT64_C(1) << 31;
            if ((bits & ~sign) <= infinity)
                continue;
            seen++;
            assert_int_equal(bits, wide ? 0x7ff8000000000000 : 0x7fc00000);
        }
        assert_true(seen > 0);
        evaluated_free(&e);
    }
}

/* Names of the parse that a text uses. */
static void test_uses(void **state)
{
    (void)state;
    zagg_expr *e = parse("np.sum(h) + n * level");
    for (size_t c = 0; c < NAMES; c++)
        assert_int_equal(zagg_expr_uses(e, c), c == 0 || c == 8 || c == 10);
    assert_false(zagg_expr_uses(e, NAMES));
    zagg_expr_free(e);
}

/* A name of the caller wins over what the language has. */
static void test_names(void **state)
{
    (void)state;
    const zagg_expr_name own = {.name = "sum", .dtype = ZAGG_DT_F64, .uniform = true};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr *e = NULL;
    zagg_program *p = NULL;
    assert_int_equal(zagg_expr_parse("sum * 2", &own, 1, ZAGG_EXPR_FIELD, &e, &err),
                     ZAGG_OK);
    assert_int_equal(zagg_expr_compile(e, &own, 1, &p, &err), ZAGG_OK);
    zagg_expr_free(e);
    const double value = 4;
    const zagg_expr_input in = {.data = &value};
    const size_t offsets[3] = {0, 1, 2};
    zagg_expr_memory *memory;
    zagg_expr_result r;
    assert_int_equal(zagg_expr_memory_new(&memory, &err), ZAGG_OK);
    assert_int_equal(zagg_program_run(p, memory, &in, offsets, 2, &r, NULL, &err),
                     ZAGG_OK);
    assert_true(((const double *)r.data)[0] == 8 && ((const double *)r.data)[1] == 8);
    assert_null(r.offsets);
    zagg_expr_memory_free(memory);
    zagg_program_free(p);
}

/* Inputs are never written to, whatever a text does with them. */
static void test_inputs_stay(void **state)
{
    (void)state;
    const zagg_expr_name name = {.name = "x", .dtype = ZAGG_DT_F64, .rank = 1};
    static const char *const TEXTS[] = {"x",           "np.sort(x)", "-x", "x[:]",
                                        "np.ravel(x)", "x.T",        "+x", "x[::-1]"};
    double x[4] = {3, -__builtin_nan(""), 1, 2}, kept[4];
    const size_t offsets[2] = {0, 4};
    const zagg_expr_input in = {.data = x};
    zagg_expr_memory *memory;
    memcpy(kept, x, sizeof x);
    assert_int_equal(zagg_expr_memory_new(&memory, NULL), ZAGG_OK);
    for (size_t c = 0; c < sizeof TEXTS / sizeof TEXTS[0]; c++) {
        zagg_expr *e = NULL;
        zagg_program *p = NULL;
        zagg_expr_result r;
        assert_int_equal(zagg_expr_parse(TEXTS[c], &name, 1, ZAGG_EXPR_FIELD, &e, NULL),
                         ZAGG_OK);
        assert_int_equal(zagg_expr_compile(e, &name, 1, &p, NULL), ZAGG_OK);
        assert_int_equal(zagg_program_run(p, memory, &in, offsets, 1, &r, NULL, NULL),
                         ZAGG_OK);
        assert_memory_equal(x, kept, sizeof x);
        zagg_program_free(p);
        zagg_expr_free(e);
    }
    zagg_expr_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_nan),   cmocka_unit_test(test_uses),
        cmocka_unit_test(test_names), cmocka_unit_test(test_inputs_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
