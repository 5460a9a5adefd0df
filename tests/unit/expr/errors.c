/* Every refusal names the text, the column and what is allowed there. */
#include "evaluate.h"

#include <stdio.h>
#include <string.h>

typedef struct refusal {
    const char *text;
    unsigned column;
    const char *words; /* somewhere in the message */
} refusal;

static unsigned wrong;

static void check(const refusal *r, zagg_status status, const zagg_err *err,
                  zagg_status expected)
{
    char column[32];
    (void)snprintf(column, sizeof column, ": column %u: ", r->column);
    if (status != expected || !strstr(err->msg, r->text) || !strstr(err->msg, column) ||
        !strstr(err->msg, r->words)) {
        wrong++;
        print_message("'%s': status %d: %s\n", r->text, (int)status, err->msg);
    }
}

static void test_syntax(void **state)
{
    static const refusal CASES[] = {
        {"h +", 4, "the text ends where a column, a number or a function should follow"},
        {"h h", 3, "'h' is not allowed here; expected an operator or the end"},
        {"open('x')", 1,
         "'open' is neither a column nor a function; allowed: h, s, t, i, k"},
        {"np.sum(h) + hh", 13, "'hh' is neither"},
        {"levl + 1", 1, "(did you mean 'level'?)"},
        {"mean(h)", 1, "(did you mean 'np....'?)"},
        {"np.mead(h)", 4, "did you mean 'np.mean'?"},
        {"np.load('x')", 4, "'np.load' is no function of the expression language"},
        {"np.sum", 4, "np.sum is a function: write np.sum(...)"},
        {"len", 1, "len is a function: write len(...)"},
        {"np", 3, "'.' and a function of numpy"},
        {"np.linalg.norm(h)", 4, "'np.linalg' is no function"},
        {"h.__class__", 3, "'.__class__' is not allowed"},
        {"h.tofile('x')", 3, "'.tofile' is not allowed; attributes are size"},
        {"h.sum", 3, "'.sum' is not allowed"},
        {"h[", 3, "the text ends where"},
        {"h[]", 2, "an index is missing"},
        {"h[1", 4, "',' or ']'"},
        {"np.sum(h", 9, "',' or ')'"},
        {"(h", 3, "',' or ')'"},
        {"lambda: 1", 1, "'lambda' is not allowed here"},
        {"[x for x in h]", 2, "'x' is neither a column nor a function"},
        {"[h for h in h]", 4, "'for' is not allowed here"},
        {"h = 1", 3, "'=' is not allowed here"},
        {"h := 1", 3, "':' is not allowed here"},
        {"h; s", 2, "';' has no meaning here; operators are + - *"},
        {"h ! s", 3, "'!' has no meaning here"},
        {"h \x01 s", 3, "this character has no meaning here"},
        {"np.sum(axis=0, h)", 16, "positional argument behind a keyword argument"},
        {"1 if h", 7, "'else'"},
        {"'abc", 1, "this text does not end"},
        {"'a\\n'", 1, "no backslashes"},
        {"f'{h}'", 1, "'f' is neither a column nor a function"},
        {"012", 1, "this is no decimal number"},
        {"1x", 1, "this is no decimal number"},
        {"0x10", 1, "this is no decimal number"},
        {"1j", 1, "this is no decimal number"},
        {"9223372036854775808", 1, "whole numbers end at 9223372036854775807"},
        {"h is None", 3, "'is' is not allowed here"},
        {"1 in h", 3, "'in' is not allowed here"},
    };
    (void)state;
    wrong = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_expr *e = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        check(
            &CASES[i],
            zagg_expr_parse(CASES[i].text, cell_names, NAMES, ZAGG_EXPR_FIELD, &e, &err),
            &err, ZAGG_ECONFIG);
        assert_null(e);
    }
    assert_int_equal(wrong, 0);
}

/* A field's params know neither the built-ins of Python nor, here, any column. */
static void test_params_scope(void **state)
{
    (void)state;
    static const refusal CASES[] = {{"len(h)", 1, "allowed: np.FUNCTION"},
                                    {"float(1)", 1, "allowed: np.FUNCTION"}};
    for (size_t i = 0; i < 2; i++) {
        zagg_expr *e = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_status status =
            zagg_expr_parse(CASES[i].text, NULL, 0, ZAGG_EXPR_PARAM, &e, &err);
        check(&CASES[i], status, &err, ZAGG_ECONFIG);
        assert_null(strstr(err.msg, "len, float"));
    }
}

static void test_types(void **state)
{
    static const refusal CASES[] = {
        {"m - m", 3, "- of truth values"},
        {"h & 1", 3, "& needs whole numbers or truth values, not float32"},
        {"-m", 1, "- of truth values"},
        {"~h", 1, "~ needs whole numbers or truth values"},
        {"1.5 & 2", 5, "& must be whole numbers"},
        {"np.sum(h, weights=s)", 4, "sum takes no 'weights'; its arguments are: a"},
        {"np.sum(h, a=s)", 4, "sum: 'a' is given twice"},
        {"np.sum()", 4, "sum needs at least 1 arguments"},
        {"np.sqrt(h, s, t)", 4, "sqrt takes at most 1 arguments: x"},
        {"np.sum(h, axis=1)", 4, "axis 1 is out of bounds"},
        {"np.sum(h, axis=k)", 4, "axis must be a literal whole number"},
        {"np.std(h, ddof=n)", 4, "ddof must be a literal number"},
        {"h.astype('datetime64')", 3, "a type must be one of bool, int8"},
        {"h.astype(np.float32, 1)", 3, "astype takes at most 2 arguments"},
        {"np.quantile(m, 0.5)", 4, "quantile of truth values"},
        {"np.quantile(h, 0.5, method='best')", 4, "method must be linear, lower"},
        {"np.sqrt(k)", 4, "float16"},
        {"np.sqrt('x')", 4, "must be a number or an array, not text"},
        {"h + 'x'", 3, "the right operand must be a number or an array, not text"},
        {"h + (1, 2)", 3, "not a tuple or list"},
        {"h + None", 3, "not None"},
        {"1 if h > 0 else 2", 3, "a condition needs one value, not an array"},
        {"h > 0 and s > 0", 7, "'and' needs one value"},
        {"not h", 1, "'not' needs one value"},
        {"0 < h < 1", 3, "a chain of comparisons needs one value"},
        {"h if n else 1.0", 3, "both outcomes must be values of the same shape"},
        {"h[1.5]", 2, "an index must be a whole number, a slice, a mask"},
        {"h[0, 0]", 2, "too many indices"},
        {"h[::0.5]", 2, "the limits of a slice must be whole numbers"},
        {"level[0]", 6, "one value cannot be indexed"},
        {"np.histogram(h)[2]", 16, "index 2 of 2 items"},
        {"np.histogram(h)[n]", 16, "the index of a tuple must be a literal number"},
        {"np.histogram(h)", 4, "several; take one with [0]"},
        {"h.dtype", 3, "but a name"},
        {"'text'", 1, "gives no number or array"},
        {"float(h)", 1, "float of an array; it needs one value"},
        {"len(level)", 1, "len of one value; it needs an array"},
        {"float('abc')", 1, "could not convert text to float: 'abc'"},
        {"np.histogram(h, 0)", 4, "`bins` must be positive"},
        {"np.average(h, weights=1.0)", 4, "weights must have the shape"},
        {"(1_000).ravel()", 9, "Python's numbers have no methods"},
        {"n.size", 3, "Python's numbers have no attributes"},
        {"np.round(m)", 4, "float16"},
    };
    (void)state;
    wrong = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_expr *e = parse(CASES[i].text);
        zagg_program *p = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        check(&CASES[i], zagg_expr_compile(e, cell_names, NAMES, &p, &err), &err,
              ZAGG_ECONFIG);
        assert_null(p);
        zagg_expr_free(e);
    }
    assert_int_equal(wrong, 0);
}

/* What only values tell: numpy's words, and the cell. */
static void test_values(void **state)
{
    static const struct {
        refusal r;
        size_t cell;
    } CASES[] = {
        {{"h[3]", 2, "IndexError: index 3 is out of bounds for axis 0 with size 1"}, 0},
        {{"np.sum(h) + h[2]", 14, "size 1"}, 0},
        {{"i ** k", 3, "Integers to negative integer powers"}, 0},
        {{"np.min(h[h > 1000])", 4, "zero-size array"}, 0},
        {{"k + 1000", 3, "OverflowError: Python integer 1000 out of bounds for int8"}, 0},
        {{"1 // (n - 6)", 3, "ZeroDivisionError"}, 0},
        {{"1.0 / (n - 6)", 5, "ZeroDivisionError"}, 0},
        {{"(q - 0.25) ** -1.0", 12, "ZeroDivisionError"}, 0},
        {{"(q - 1.0) ** 0.5", 11, "complex"}, 0},
        {{"(n * 1e300) ** 2.0", 13, "OverflowError"}, 0},
        {{"2 ** (n * 20)", 3, "OverflowError: a whole number beyond 64 bits"}, 0},
        {{"1 << (n * 20)", 3, "OverflowError"}, 0},
        {{"int(np.sum(h))", 1, "ValueError: cannot convert float NaN to integer"}, 3},
        {{"int(np.sum(t))", 1, "OverflowError"}, 6},
        {{"h + s[1:]", 3, "could not be broadcast together"}, 1},
        {{"np.quantile(h, q * 5)", 4, "Quantiles must be in the range [0, 1]"}, 0},
        {{"np.histogram(h, 4, (1.0, 0.0))[0]", 4, "max must be larger than min"}, 0},
        {{"np.average(h, weights=h - h)", 4, "sum to zero"}, 0},
        {{"h[::n - 6]", 2, "slice step cannot be zero"}, 0},
        {{"np.bincount(k)", 4, "no negative elements"}, 0},
        {{"np.zeros(n - 7)", 4, "negative dimensions"}, 0},
        {{"np.interp(h, h[:0], h[:0])", 4, "array of sample points is empty"}, 0},
    };
    (void)state;
    wrong = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        evaluated e = evaluate(CASES[i].r.text);
        check(&CASES[i].r, e.status, &e.err, ZAGG_ERANGE);
        if (e.bad != CASES[i].cell) {
            wrong++;
            print_message("'%s': cell %zu failed, not %zu\n", CASES[i].r.text, e.bad,
                          CASES[i].cell);
        }
        evaluated_free(&e);
    }
    assert_int_equal(wrong, 0);
}

/* Wrong use by a program. */
static void test_arguments(void **state)
{
    (void)state;
    const zagg_expr_name bare = {.name = "h"};
    zagg_expr *e = parse("h + 1");
    zagg_program *p = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_expr_compile(e, &bare, 1, &p, &err), ZAGG_EARG);
    assert_non_null(strstr(err.msg, "1 names where the text was parsed with 15"));
    zagg_expr_free(e);
    assert_int_equal(zagg_expr_parse("h + 1", &bare, 1, ZAGG_EXPR_FIELD, &e, &err),
                     ZAGG_OK);
    assert_int_equal(zagg_expr_compile(e, &bare, 1, &p, &err), ZAGG_EARG);
    assert_non_null(strstr(err.msg, "'h' has no type"));
    assert_true(zagg_expr_uses(e, 0));
    assert_false(zagg_expr_uses(e, 1));
    zagg_expr_free(e);
    zagg_expr_memory *memory;
    assert_int_equal(zagg_expr_memory_new(&memory, &err), ZAGG_OK);
    p = compile("1 + 1");
    const size_t late[2] = {1, 2};
    const zagg_expr_input in[NAMES] = {{0}};
    zagg_expr_result r;
    assert_int_equal(zagg_program_run(p, memory, in, late, 1, &r, NULL, &err), ZAGG_EARG);
    assert_int_equal(zagg_program_run(p, memory, in, late, 0, &r, NULL, &err), ZAGG_EARG);
    zagg_program_free(p);
    zagg_expr_memory_free(memory);
    zagg_program_free(NULL);
    zagg_expr_free(NULL);
    zagg_expr_memory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),    cmocka_unit_test(test_params_scope),
        cmocka_unit_test(test_types),     cmocka_unit_test(test_values),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
