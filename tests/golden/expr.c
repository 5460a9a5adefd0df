/* golden/expr: every expression with numpy's answer, every text that must be refused, and
 * the matrices of result types. Values are compared bit for bit (NaN as a class) unless
 * the case gives a tolerance; each case runs alone, and as two equal cells of one batch.
 */
#include "zagg/expr.h"

#include "support/departures.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 64 };

typedef struct inputs {
    size_t n, n_rows;
    zagg_expr_name names[MOST_NAMES];
    zagg_expr_input one[MOST_NAMES];  /* one segment */
    zagg_expr_input both[MOST_NAMES]; /* the same rows twice */
} inputs;

typedef struct suite {
    case_report report;
    zagg_arena *arena;
    departures departures;
    zagg_expr_memory *memory;
    const zagg_value *inputs;
} suite;

static void *take(const suite *s, size_t n, size_t size)
{
    void *p;
    assert_int_equal(zagg_arena_alloc(s->arena, n ? n : 1, size, &p, NULL), ZAGG_OK);
    return p;
}

static double number(const zagg_value *v)
{
    double x = 0;
    if (v->kind == ZAGG_STR)
        return golden_double(v->str);
    if (v->kind == ZAGG_BOOL)
        return v->u.b;
    assert_true(zagg_value_number(v, &x));
    return x;
}

/* One element of a golden array, in its type. */
static void element(const zagg_value *v, zagg_dtype dtype, void *out)
{
    const double x = number(v);
    const float f = (float)x;
    int64_t i = 0;
    uint64_t u = 0;
    if (dtype == ZAGG_DT_F64) {
        memcpy(out, &x, sizeof x);
    } else if (dtype == ZAGG_DT_F32) {
        memcpy(out, &f, sizeof f);
    } else {
        if (v->kind == ZAGG_BOOL)
            u = v->u.b;
        else if (zagg_value_i64(v, &i))
            u = (uint64_t)i;
        else
            assert_true(zagg_value_u64(v, &u));
        memcpy(out, &u, zagg_dtype_size(dtype)); /* the low bytes */
    }
}

static void *elements(const suite *s, const zagg_value *values, zagg_dtype dtype,
                      size_t times)
{
    const size_t size = zagg_dtype_size(dtype);
    char *out = take(s, values->n * times, size);
    for (size_t i = 0; i < values->n * times; i++)
        element(values->items[i % values->n], dtype, out + i * size);
    return out;
}

/* Rows are what most arrays have; arrays of another length serve all cells. */
static size_t count_rows(const zagg_value *set)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < set->n; i++) {
        const zagg_value *shape = zagg_value_get(set->members[i].value, "shape");
        size_t same = 0;
        if (shape->n != 1)
            continue;
        for (size_t k = 0; k < set->n; k++) {
            const zagg_value *other = zagg_value_get(set->members[k].value, "shape");
            same += other->n == 1 && other->items[0]->u.i == shape->items[0]->u.i;
        }
        if (same > most) {
            most = same;
            best = (size_t)shape->items[0]->u.i;
        }
    }
    return best;
}

static void load_inputs(const suite *s, const char *name, inputs *out)
{
    const zagg_value *set = zagg_value_get(s->inputs, name);
    assert_true(set && set->n <= MOST_NAMES);
    *out = (inputs){.n = set->n, .n_rows = count_rows(set)};
    for (size_t i = 0; i < set->n; i++) {
        const zagg_value *v = set->members[i].value;
        const zagg_value *shape = zagg_value_get(v, "shape");
        const zagg_value *values = zagg_value_get(v, "values");
        zagg_expr_name *n = &out->names[i];
        n->name = set->members[i].key->str;
        n->dtype = zagg_dtype_from_name(zagg_value_get(v, "dtype")->str);
        n->rank = (unsigned)shape->n;
        const size_t rows = shape->n ? (size_t)shape->items[0]->u.i : 1;
        n->uniform = shape->n != 1 || rows != out->n_rows;
        out->one[i].data = elements(s, values, n->dtype, 1);
        out->both[i].data =
            n->uniform ? out->one[i].data : elements(s, values, n->dtype, 2);
        out->one[i].n = out->both[i].n = rows;
        out->one[i].columns = out->both[i].columns =
            shape->n == 2 ? (size_t)shape->items[1]->u.i : 1;
    }
}

/* ---- comparing ---- */

typedef struct answer {
    zagg_status status;
    zagg_err err;
    zagg_expr_type type;
    size_t rows[2], columns; /* of the last segment too */
    char *data;              /* both segments, heap */
} answer;

/* The n-th item of a tuple or list is asked for by its index. */
static zagg_status evaluate(suite *s, const char *text, const inputs *in, size_t n_seg,
                            answer *out)
{
    const size_t offsets[3] = {0, in->n_rows, 2 * in->n_rows};
    zagg_expr *expr = NULL;
    zagg_program *program = NULL;
    zagg_expr_result r;
    *out = (answer){.status = ZAGG_OK};
    zagg_status status =
        zagg_expr_parse(text, in->names, in->n, ZAGG_EXPR_FIELD, &expr, &out->err);
    if (status == ZAGG_OK)
        status = zagg_expr_compile(expr, in->names, in->n, &program, &out->err);
    if (status == ZAGG_OK)
        status = zagg_program_run(program, s->memory, n_seg == 2 ? in->both : in->one,
                                  offsets, n_seg, &r, NULL, &out->err);
    if (status == ZAGG_OK) {
        size_t total = 0;
        out->type = r.type;
        out->columns = r.columns;
        for (size_t i = 0; i < n_seg; i++) {
            out->rows[i] = r.type.rank ? r.offsets[i + 1] - r.offsets[i] : 1;
            total += out->rows[i];
        }
        const size_t bytes = total * r.columns * zagg_dtype_size(r.type.dtype);
        out->data = malloc(bytes + 1);
        assert_non_null(out->data);
        memcpy(out->data, r.data, bytes);
    }
    zagg_program_free(program);
    zagg_expr_free(expr);
    out->status = status;
    return status;
}

static bool zero_sign_matters(const char *text)
{
    static const char *const WORDS[] = {"min",      "max",        "sort",   "median",
                                        "quantile", "percentile", "unique", "clip"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (strstr(text, WORDS[i]))
            return false;
    return true;
}

static uint64_t ulps(zagg_dtype dtype, double a, double b)
{
    if (dtype != ZAGG_DT_F32)
        return ulp_distance(a, b);
    if (a != a || b != b)
        return a != a && b != b ? 0 : UINT64_MAX;
    int32_t x, y;
    const float fa = (float)a, fb = (float)b;
    memcpy(&x, &fa, 4);
    memcpy(&y, &fb, 4);
    const int64_t u = x < 0 ? (int64_t)INT32_MIN - x : x,
                  v = y < 0 ? (int64_t)INT32_MIN - y : y;
    return (uint64_t)(u > v ? u - v : v - u);
}

static double as_double(zagg_dtype dtype, const char *at)
{
    float f;
    double d;
    if (dtype == ZAGG_DT_F32) {
        memcpy(&f, at, sizeof f);
        return (double)f;
    }
    memcpy(&d, at, sizeof d);
    return d;
}

static bool same_element(const zagg_value *entry, zagg_dtype dtype, const char *got,
                         const char *want)
{
    const char *text = zagg_value_get(entry, "expr")->str;
    double tolerance = 0, relative = 0;
    (void)zagg_value_number(zagg_value_get(entry, "tol_ulp"), &tolerance);
    (void)zagg_value_number(zagg_value_get(entry, "tol_rel"), &relative);
    if (!zagg_dtype_is_float(dtype))
        return memcmp(got, want, zagg_dtype_size(dtype)) == 0;
    const double a = as_double(dtype, got), b = as_double(dtype, want);
    if (a != a || b != b)
        return a != a && b != b;
    if (relative > 0)
        return fabs(a - b) <= relative * fabs(b);
    if (tolerance > 0)
        return (double)ulps(dtype, a, b) <= tolerance;
    return a == b && (!zero_sign_matters(text) || !signbit(a) == !signbit(b));
}

static void compare_values(const suite *s, const zagg_value *entry,
                           const zagg_value *want, const answer *got, size_t n_seg,
                           char why[256])
{
    const zagg_value *shape = zagg_value_get(want, "shape");
    const zagg_value *values = zagg_value_get(want, "values");
    const zagg_dtype dtype = zagg_dtype_from_name(zagg_value_get(want, "dtype")->str);
    const size_t size = zagg_dtype_size(dtype);
    const size_t rows = shape->n ? (size_t)shape->items[0]->u.i : 1;
    const size_t columns = shape->n > 1 ? (size_t)shape->items[1]->u.i : 1;
    if (got->type.weak || got->type.dtype != dtype || got->type.rank != shape->n) {
        (void)snprintf(why, 256, "%s%s of rank %u, not %s of rank %zu",
                       got->type.weak ? "Python " : "", zagg_dtype_name(got->type.dtype),
                       got->type.rank, zagg_dtype_name(dtype), shape->n);
        return;
    }
    const char *expected = elements(s, values, dtype, 1);
    const char *at = got->data;
    for (size_t k = 0; k < n_seg && !why[0]; k++) {
        if (got->rows[k] != rows || (shape->n > 1 && got->columns != columns))
            (void)snprintf(why, 256, "%zu x %zu elements, not %zu x %zu", got->rows[k],
                           got->columns, rows, columns);
        for (size_t i = 0; i < values->n && !why[0]; i++, at += size)
            if (!same_element(entry, dtype, at, expected + i * size))
                (void)snprintf(why, 256, "element %zu of cell %zu differs: %.17g", i, k,
                               zagg_dtype_is_float(dtype) ? as_double(dtype, at) : 0.0);
    }
}

/* A Python number. */
static void compare_python(const zagg_value *entry, const zagg_value *want,
                           const answer *got, char why[256])
{
    const char *kind = zagg_value_get(want, "kind")->str;
    const zagg_value *value = zagg_value_get(want, "values")->items[0];
    const zagg_dtype dtype = strcmp(kind, "pyint") == 0     ? ZAGG_DT_I64
                             : strcmp(kind, "pyfloat") == 0 ? ZAGG_DT_F64
                                                            : ZAGG_DT_BOOL;
    uint64_t expected = 0;
    if (!got->type.weak || got->type.dtype != dtype || got->type.rank != 0) {
        (void)snprintf(why, 256, "%s%s, not %s", got->type.weak ? "Python " : "",
                       zagg_dtype_name(got->type.dtype), kind);
        return;
    }
    if (dtype == ZAGG_DT_F64) {
        const double x = number(value);
        memcpy(&expected, &x, sizeof x);
    } else if (value->kind == ZAGG_STR) {
        if (strcmp(value->str, "True") == 0 || strcmp(value->str, "true") == 0)
            expected = 1;
        else
            expected = (uint64_t)strtoll(value->str, NULL, 10);
    } else if (value->kind == ZAGG_BOOL) {
        expected = value->u.b;
    } else {
        expected = (uint64_t)value->u.i;
    }
    if (!same_element(entry, dtype, got->data, (const char *)&expected))
        (void)snprintf(why, 256, "another value");
}

static void check_value(suite *s, const zagg_value *entry, const zagg_value *want,
                        const char *text, const inputs *in, size_t n_seg, char why[256])
{
    const char *kind = zagg_value_get(want, "kind")->str;
    answer got;
    if (strcmp(kind, "tuple") == 0 || strcmp(kind, "list") == 0) {
        const zagg_value *items = zagg_value_get(want, "items");
        for (size_t i = 0; i < items->n && !why[0]; i++) {
            char indexed[600];
            (void)snprintf(indexed, sizeof indexed, "(%.560s)[%zu]", text, i);
            check_value(s, entry, items->items[i], indexed, in, n_seg, why);
        }
        return;
    }
    if (evaluate(s, text, in, n_seg, &got) != ZAGG_OK)
        (void)snprintf(why, 256, "refused: %.230s", got.err.msg);
    else if (strncmp(kind, "py", 2) == 0)
        compare_python(entry, want, &got, why);
    else
        compare_values(s, entry, want, &got, n_seg, why);
    free(got.data);
}

static void check_case(suite *s, const zagg_value *entry)
{
    const char *text = zagg_value_get(entry, "expr")->str;
    const zagg_value *id = zagg_value_get(entry, "id");
    char name[400], why[256] = "";
    inputs in;
    const zagg_arena_mark mark = zagg_arena_get_mark(s->arena);
    (void)snprintf(name, sizeof name, "%lld '%.300s' of %s", (long long)id->u.i, text,
                   zagg_value_get(entry, "in")->str);
    load_inputs(s, zagg_value_get(entry, "in")->str, &in);
    for (size_t n_seg = 1; n_seg <= 2 && !why[0]; n_seg++) {
        answer got;
        if (!zagg_value_get(entry, "error")) {
            check_value(s, entry, zagg_value_get(entry, "out"), text, &in, n_seg, why);
            continue;
        }
        if (evaluate(s, text, &in, n_seg, &got) == ZAGG_OK)
            (void)snprintf(why, sizeof why, "accepted, where numpy raises %s",
                           zagg_value_get(entry, "error")->str);
        free(got.data);
    }
    departures_judge(&s->departures, &s->report, name, why[0] != 0, why);
    zagg_arena_release(s->arena, mark);
}

static suite suite_new(const char *set)
{
    suite s = {.report = {.set = set}};
    assert_int_equal(zagg_arena_new(0, &s.arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_expr_memory_new(&s.memory, NULL), ZAGG_OK);
    s.departures = departures_load(s.arena, set);
    return s;
}

static void suite_end(suite *s, size_t least)
{
    departures_end(&s->departures, &s->report);
    zagg_expr_memory_free(s->memory);
    zagg_arena_free(s->arena);
    report_end(&s->report, least);
}

static void test_cases(void **state)
{
    (void)state;
    if (!golden_available("expr/cases.json"))
        skip();
    suite s = suite_new("expr/cases");
    s.inputs = golden_json(s.arena, golden_path("expr/inputs.json"));
    const zagg_value *cases = golden_json(s.arena, golden_path("expr/cases.json"));
    for (size_t i = 0; i < cases->n; i++)
        check_case(&s, cases->items[i]);
    suite_end(&s, 1);
}

/* Random texts with numpy's answers, made by tests/peer/expr_cases.py: also where there
 * are no golden sets. */
static void test_random(void **state)
{
    (void)state;
    suite s = suite_new("expr_random");
    const zagg_value *file =
        golden_json(s.arena, source_path("tests/golden/data/expr_random.json"));
    const zagg_value *cases = zagg_value_get(file, "cases");
    s.inputs = zagg_value_get(file, "inputs");
    assert_true(cases && s.inputs);
    for (size_t i = 0; i < cases->n; i++)
        check_case(&s, cases->items[i]);
    suite_end(&s, 700);
}

static void test_reject(void **state)
{
    (void)state;
    if (!golden_available("expr/reject.json"))
        skip();
    suite s = suite_new("expr/reject");
    s.inputs = golden_json(s.arena, golden_path("expr/inputs.json"));
    const zagg_value *cases = golden_json(s.arena, golden_path("expr/reject.json"));
    for (size_t i = 0; i < cases->n; i++) {
        const zagg_value *entry = cases->items[i];
        const char *text = zagg_value_get(entry, "expr")->str;
        char why[256] = "";
        inputs in;
        answer got;
        load_inputs(&s, zagg_value_get(entry, "in")->str, &in);
        if (evaluate(&s, text, &in, 1, &got) == ZAGG_OK)
            (void)snprintf(why, sizeof why, "accepted");
        else if (got.err.msg[0] == '\0')
            (void)snprintf(why, sizeof why, "no message");
        free(got.data);
        departures_judge(&s.departures, &s.report, text, why[0] != 0, why);
    }
    suite_end(&s, 1);
}

/* ---- types ---- */

/* What an expression of a (one type) and b (another) gives: a type, or "!" for a refusal.
 */
static const char *type_of(suite *s, const char *text, zagg_dtype a, zagg_dtype b)
{
    static char name[32];
    union {
        double f64;
        float f32;
        uint64_t u;
    } va = {.u = 1}, vb = {.u = 1};
    zagg_expr_name names[2] = {{.name = "a", .dtype = a, .rank = 1},
                               {.name = "b", .dtype = b, .rank = 1}};
    if (a == ZAGG_DT_F32)
        va.f32 = 1;
    if (a == ZAGG_DT_F64)
        va.f64 = 1;
    if (b == ZAGG_DT_F32)
        vb.f32 = 1;
    if (b == ZAGG_DT_F64)
        vb.f64 = 1;
    zagg_expr_input in[2] = {{.data = &va}, {.data = &vb}};
    const size_t offsets[2] = {0, 1};
    zagg_expr *expr = NULL;
    zagg_program *program = NULL;
    zagg_expr_result r;
    zagg_status status = zagg_expr_parse(text, names, 2, ZAGG_EXPR_FIELD, &expr, NULL);
    if (status == ZAGG_OK)
        status = zagg_expr_compile(expr, names, 2, &program, NULL);
    (void)snprintf(name, sizeof name, "!");
    if (status == ZAGG_OK)
        (void)snprintf(name, sizeof name, "%s",
                       zagg_dtype_name(zagg_program_type(program).dtype));
    if (status == ZAGG_OK)
        status = zagg_program_run(program, s->memory, in, offsets, 1, &r, NULL, NULL);
    if (status != ZAGG_OK)
        (void)snprintf(name, sizeof name, "!");
    zagg_program_free(program);
    zagg_expr_free(expr);
    return name;
}

static void judge_type(suite *s, const char *name, const char *got,
                       const zagg_value *want)
{
    char why[256] = "";
    const char *expected = want->kind == ZAGG_STR ? want->str : "";
    /* numpy's float16 does not exist here. */
    const bool refused = expected[0] == '!' || strcmp(expected, "float16") == 0;
    if (refused ? got[0] != '!' : strcmp(got, expected) != 0)
        (void)snprintf(why, sizeof why, "%s, not %s", got, expected);
    departures_judge(&s->departures, &s->report, name, why[0] != 0, why);
}

/* An expression for each operation, as text; the function of numpy where it is a word. */
static void write_binary(const char *op, const char *left, const char *right,
                         char out[128])
{
    if (op[0] >= 'a' && op[0] <= 'z')
        (void)snprintf(out, 128, "np.%s(%s, %s)", op, left, right);
    else
        (void)snprintf(out, 128, "%s %s %s", left, op, right);
}

static void check_matrix(suite *s, const zagg_value *dtypes, const zagg_value *ops)
{
    for (size_t o = 0; ops && o < ops->n; o++) {
        const zagg_value *rows = ops->members[o].value;
        for (size_t i = 0; i < rows->n; i++)
            for (size_t k = 0; k < rows->items[i]->n; k++) {
                char text[128], name[200];
                write_binary(ops->members[o].key->str, "a", "b", text);
                (void)snprintf(name, sizeof name, "%s: %s, %s", text,
                               dtypes->items[i]->str, dtypes->items[k]->str);
                judge_type(s, name,
                           type_of(s, text, zagg_dtype_from_name(dtypes->items[i]->str),
                                   zagg_dtype_from_name(dtypes->items[k]->str)),
                           rows->items[i]->items[k]);
            }
    }
}

/* "int 1": the literal is behind the blank. */
static void check_weak(suite *s, const zagg_value *dtypes, const zagg_value *ops,
                       bool left)
{
    for (size_t o = 0; ops && o < ops->n; o++)
        for (size_t l = 0; l < ops->members[o].value->n; l++) {
            const zagg_member *m = &ops->members[o].value->members[l];
            const char *literal = strchr(m->key->str, ' ') + 1;
            for (size_t i = 0; i < m->value->n; i++) {
                char text[128], name[200];
                write_binary(ops->members[o].key->str, left ? literal : "a",
                             left ? "a" : literal, text);
                (void)snprintf(name, sizeof name, "%s: %s", text, dtypes->items[i]->str);
                judge_type(s, name,
                           type_of(s, text, zagg_dtype_from_name(dtypes->items[i]->str),
                                   ZAGG_DT_F64),
                           m->value->items[i]);
            }
        }
}

/* One text for each type of a (and of b, where `want` is a matrix). */
static void check_text(suite *s, const zagg_value *dtypes, const char *text,
                       const zagg_value *want)
{
    for (size_t i = 0; want && i < want->n; i++) {
        const bool matrix = want->items[i]->kind == ZAGG_LIST;
        for (size_t k = 0; k < (matrix ? want->items[i]->n : 1); k++) {
            char name[200];
            (void)snprintf(name, sizeof name, "%s: %s%s%s", text, dtypes->items[i]->str,
                           matrix ? ", " : "", matrix ? dtypes->items[k]->str : "");
            judge_type(s, name,
                       type_of(s, text, zagg_dtype_from_name(dtypes->items[i]->str),
                               zagg_dtype_from_name(dtypes->items[matrix ? k : 0]->str)),
                       matrix ? want->items[i]->items[k] : want->items[i]);
        }
    }
}

static void check_functions(suite *s, const zagg_value *dtypes,
                            const zagg_value *functions)
{
    for (size_t i = 0; functions && i < functions->n; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "np.%s(a)", functions->members[i].key->str);
        check_text(s, dtypes, text, functions->members[i].value);
    }
}

static void test_promotion(void **state)
{
    (void)state;
    if (!golden_available("expr/promotion.json"))
        skip();
    suite s = suite_new("expr/promotion");
    const zagg_value *root = golden_json(s.arena, golden_path("expr/promotion.json"));
    const zagg_value *dtypes = zagg_value_get(root, "dtypes");
    check_matrix(&s, dtypes, zagg_value_get(root, "binary"));
    check_weak(&s, dtypes, zagg_value_get(root, "weak_right"), false);
    check_weak(&s, dtypes, zagg_value_get(root, "weak_left"), true);
    check_functions(&s, dtypes, zagg_value_get(root, "unary"));
    check_functions(&s, dtypes, zagg_value_get(root, "reduce"));
    check_text(&s, dtypes, "np.quantile(a, 0.5)",
               zagg_value_get(root, "quantile_scalar_q"));
    check_text(&s, dtypes, "np.quantile(a, [0.5])",
               zagg_value_get(root, "quantile_list_q"));
    check_text(&s, dtypes, "np.average(a, weights=b)",
               zagg_value_get(root, "average_weights"));
    check_text(&s, dtypes, "np.where(a > 0, a, b)", zagg_value_get(root, "where"));
    check_text(&s, dtypes, "np.histogram(a, 4, (0.0, 4.0))[1]",
               zagg_value_get(root, "histogram_edges_from_float_range"));
    suite_end(&s, 1);
}

/* ---- the gain of a chunk: float32 logarithms beside powers of two ---- */

static void test_gain(void **state)
{
    static const char TEXT[] =
        "np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(np.maximum("
        "1e-6, np.max(h) - np.min(h)) / 128.0))))";
    const zagg_expr_name names[1] = {{.name = "h", .dtype = ZAGG_DT_F32, .rank = 1}};
    zagg_expr *expr = NULL;
    zagg_program *program = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    if (!golden_available("aggregate/gain_min_max_gain.npy"))
        skip();
    suite s = {.report = {.set = "aggregate/gain_min_max_gain"}};
    assert_int_equal(zagg_expr_memory_new(&s.memory, NULL), ZAGG_OK);
    npy rows = npy_read(golden_path("aggregate/gain_min_max_gain.npy"));
    assert_int_equal(rows.dtype, ZAGG_DT_F32);
    assert_int_equal(rows.dims[1], 3);
    if (zagg_expr_parse(TEXT, names, 1, ZAGG_EXPR_FIELD, &expr, &err) != ZAGG_OK ||
        zagg_expr_compile(expr, names, 1, &program, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < rows.dims[0]; i++) {
        const float *row = (const float *)rows.data + 3 * i;
        const zagg_expr_input in = {.data = row};
        const size_t offsets[2] = {0, 2};
        zagg_expr_result r;
        char name[32];
        (void)snprintf(name, sizeof name, "row %zu", i);
        if (zagg_program_run(program, s.memory, &in, offsets, 1, &r, NULL, &err) !=
            ZAGG_OK)
            case_fail(&s.report, name, "%s", err.msg);
        else if (r.type.dtype != ZAGG_DT_F32 || *(const float *)r.data != row[2])
            case_fail(&s.report, name, "%.9g, not %.9g", (double)*(const float *)r.data,
                      (double)row[2]);
        else
            case_pass(&s.report);
    }
    zagg_program_free(program);
    zagg_expr_free(expr);
    npy_free(&rows);
    zagg_expr_memory_free(s.memory);
    report_end(&s.report, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),  cmocka_unit_test(test_random),
        cmocka_unit_test(test_reject), cmocka_unit_test(test_promotion),
        cmocka_unit_test(test_gain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
