#include "evaluate.h"

#include "expr/value.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 60 };

static const zagg_expr_name LIST[NAMES] = {
    {.name = "h", .dtype = ZAGG_DT_F32, .rank = 1},
    {.name = "s", .dtype = ZAGG_DT_F32, .rank = 1},
    {.name = "t", .dtype = ZAGG_DT_F64, .rank = 1},
    {.name = "i", .dtype = ZAGG_DT_I32, .rank = 1},
    {.name = "k", .dtype = ZAGG_DT_I8, .rank = 1},
    {.name = "u", .dtype = ZAGG_DT_U16, .rank = 1},
    {.name = "w", .dtype = ZAGG_DT_U64, .rank = 1},
    {.name = "m", .dtype = ZAGG_DT_BOOL, .rank = 1},
    {.name = "level", .dtype = ZAGG_DT_F64, .rank = 0},
    {.name = "gain", .dtype = ZAGG_DT_F32, .rank = 0, .uniform = true},
    {.name = "n", .dtype = ZAGG_DT_I64, .weak = true, .rank = 0, .uniform = true},
    {.name = "q", .dtype = ZAGG_DT_F64, .weak = true, .rank = 0, .uniform = true},
    {.name = "edges", .dtype = ZAGG_DT_F64, .rank = 1, .uniform = true},
    {.name = "lut", .dtype = ZAGG_DT_I32, .rank = 1, .uniform = true},
    {.name = "xyz", .dtype = ZAGG_DT_F32, .rank = 2},
};
const zagg_expr_name *const cell_names = LIST;
const size_t cell_rows[CELLS + 1] = {0, 1, 6, 8, 17, 18, 21, 40, 44, ROWS};

static struct {
    float h[ROWS], s[ROWS], xyz[ROWS][3];
    double t[ROWS];
    int32_t i[ROWS];
    int8_t k[ROWS];
    uint16_t u[ROWS];
    uint64_t w[ROWS];
    uint8_t m[ROWS];
} rows;
static const double LEVELS[CELLS] = {0.5, -1, 2, 3.25, 0, 7, 100, -0.125, 9};
static const double EDGES[5] = {-10, -1, 0, 2.5, 40};
static const int32_t LUT[8] = {5, -4, 3, 0, 12, 7, -1, 2};

static void make_rows(void)
{
    uint32_t state = 12345;
    for (size_t r = 0; r < ROWS; r++) {
        state = state * 1664525U + 1013904223U;
        const int x = (int)(state >> 24) - 128;
        rows.h[r] = (float)x / 4.0F;
        rows.s[r] = 0.25F + (float)(state >> 20 & 15) / 8.0F;
        rows.t[r] = x * 0.37 - 3;
        rows.i[r] = x * 1001;
        rows.k[r] = (int8_t)x;
        rows.u[r] = (uint16_t)(state >> 12 & 0xfff);
        rows.w[r] = ((uint64_t)state << 32) + r;
        rows.m[r] = state >> 27 & 1;
        for (size_t c = 0; c < 3; c++)
            rows.xyz[r][c] = (float)x * 0.5F + (float)c;
    }
    rows.h[10] = __builtin_nanf("");
    rows.t[30] = -__builtin_inf();
}

zagg_expr *parse(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr *e = NULL;
    if (zagg_expr_parse(text, LIST, NAMES, ZAGG_EXPR_FIELD, &e, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return e;
}

zagg_program *compile(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr *e = parse(text);
    zagg_program *p = NULL;
    if (zagg_expr_compile(e, LIST, NAMES, &p, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_expr_free(e); /* a program stands on its own */
    return p;
}

static void set_inputs(size_t first, zagg_expr_input in[NAMES])
{
    static const float GAIN = 1.5F;
    static const int64_t N = 6;
    static const double Q = 0.25;
    const size_t row = cell_rows[first];
    if (rows.s[0] == 0)
        make_rows();
    in[0].data = rows.h + row;
    in[1].data = rows.s + row;
    in[2].data = rows.t + row;
    in[3].data = rows.i + row;
    in[4].data = rows.k + row;
    in[5].data = rows.u + row;
    in[6].data = rows.w + row;
    in[7].data = rows.m + row;
    in[8].data = LEVELS + first;
    in[9].data = &GAIN;
    in[10].data = &N;
    in[11].data = &Q;
    in[12] = (zagg_expr_input){.data = EDGES, .n = 5};
    in[13] = (zagg_expr_input){.data = LUT, .n = 8};
    in[14] = (zagg_expr_input){.data = rows.xyz + row, .columns = 3};
}

zagg_status run_status(const zagg_program *program, zagg_expr_memory *memory,
                       zagg_err *err)
{
    zagg_expr_input in[NAMES] = {{0}};
    zagg_expr_result r;
    set_inputs(0, in);
    return zagg_program_run(program, memory, in, cell_rows, CELLS, &r, NULL, err);
}

evaluated run_cells(const zagg_program *program, zagg_expr_memory *memory, size_t first,
                    size_t n)
{
    zagg_expr_input in[NAMES] = {{0}};
    size_t offsets[CELLS + 1];
    zagg_expr_result r;
    evaluated e = {.n = n, .bad = SIZE_MAX, .err = ZAGG_ERR_INIT};
    set_inputs(first, in);
    for (size_t s = 0; s <= n; s++)
        offsets[s] = cell_rows[first + s] - cell_rows[first];
    e.status = zagg_program_run(program, memory, in, offsets, n, &r, &e.bad, &e.err);
    if (e.status != ZAGG_OK)
        return e;
    const size_t size = zagg_dtype_size(r.type.dtype);
    e.type = r.type;
    e.columns = r.columns;
    for (size_t s = 0; s < n; s++) {
        e.items[s] = r.type.rank ? r.offsets[s + 1] - r.offsets[s] : 1;
        e.bytes += e.items[s] * r.columns * size;
    }
    e.data = zg_alloc(e.bytes + 1, 1);
    assert_non_null(e.data);
    memcpy(e.data, r.data, e.bytes);
    return e;
}

static evaluated evaluate_some(const char *text, size_t first, size_t n)
{
    evaluated e = {.err = ZAGG_ERR_INIT};
    zagg_expr *expr = NULL;
    zagg_program *program = NULL;
    zagg_expr_memory *memory = NULL;
    assert_int_equal(zagg_expr_memory_new(&memory, NULL), ZAGG_OK);
    e.status = zagg_expr_parse(text, LIST, NAMES, ZAGG_EXPR_FIELD, &expr, &e.err);
    if (e.status == ZAGG_OK)
        e.status = zagg_expr_compile(expr, LIST, NAMES, &program, &e.err);
    if (e.status == ZAGG_OK)
        e = run_cells(program, memory, first, n);
    zagg_program_free(program);
    zagg_expr_free(expr);
    zagg_expr_memory_free(memory);
    return e;
}

evaluated evaluate(const char *text)
{
    return evaluate_some(text, 0, CELLS);
}

evaluated evaluate_cell(const char *text, size_t cell)
{
    return evaluate_some(text, cell, 1);
}

void evaluated_free(evaluated *e)
{
    zg_free(e->data);
    e->data = NULL;
}

double number_of(const char *text)
{
    evaluated e = evaluate_cell(text, 1);
    double x = 0;
    if (e.status != ZAGG_OK)
        fail_msg("%s", e.err.msg);
    assert_int_equal(e.type.rank, 0);
    zg_cast(e.type.dtype, e.data, ZAGG_DT_F64, &x, 1);
    evaluated_free(&e);
    return x;
}

const char *type_of(const char *text)
{
    static char texts[4][32];
    static unsigned turn;
    static const char *const AXES[] = {"", "[]", "[][]"};
    char *out = texts[turn++ % 4];
    evaluated e = evaluate_cell(text, 1);
    const char *name = zagg_dtype_name(e.type.dtype);
    if (e.type.weak)
        name = e.type.dtype == ZAGG_DT_F64   ? "float"
               : e.type.dtype == ZAGG_DT_I64 ? "int"
                                             : "truth";
    (void)snprintf(out, 32, "%s%s", e.status == ZAGG_OK ? name : "refused",
                   e.status == ZAGG_OK ? AXES[e.type.rank] : "");
    evaluated_free(&e);
    return out;
}
