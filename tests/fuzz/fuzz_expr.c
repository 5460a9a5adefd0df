/* Any text as an expression over typed columns of some cells: a line of text, then bytes
 * that choose types, cells and values (FIXED ones where there are none). What a batch of
 * cells gives, each cell gives alone. */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "zagg/expr.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 4, MOST_ROWS = 8, ROWS = CELLS * MOST_ROWS, NAMES = 9, MOST_TEXT = 600 };

static const zagg_dtype DTYPES[] = {ZAGG_DT_F32, ZAGG_DT_F64, ZAGG_DT_I8,  ZAGG_DT_I16,
                                    ZAGG_DT_I32, ZAGG_DT_I64, ZAGG_DT_U8,  ZAGG_DT_U16,
                                    ZAGG_DT_U32, ZAGG_DT_U64, ZAGG_DT_BOOL};

typedef struct bytes {
    const uint8_t *data;
    size_t n, at;
} bytes;

/* The same bytes again when they end. */
static uint8_t next(bytes *b)
{
    static const uint8_t FIXED[] = {0, 1, 3, 4, 2, 7, 0x40, 0xc0, 0, 0x3f, 0x80, 0xbf, 1};
    if (b->n == 0)
        return FIXED[b->at++ % sizeof FIXED];
    return b->data[b->at++ % b->n];
}

typedef struct input {
    size_t n_cells, offsets[CELLS + 1];
    zagg_expr_name names[NAMES];
    uint64_t values[NAMES][2 * ROWS];
    size_t rows[NAMES], columns[NAMES];
} input;

static void fill(input *in, size_t name, size_t n, bytes *b)
{
    const zagg_dtype dtype = in->names[name].dtype;
    const size_t size = zagg_dtype_size(dtype);
    uint8_t *to = (uint8_t *)in->values[name];
    for (size_t i = 0; i < n * size; i++)
        to[i] = next(b);
    for (size_t i = 0; dtype == ZAGG_DT_BOOL && i < n; i++)
        to[i] &= 1;
}

static void choose(input *in, bytes b)
{
    static const char *const TEXTS[NAMES] = {"a", "b", "c", "d", "e", "f", "n", "x", "t"};
    for (size_t i = 0; i < NAMES; i++) {
        in->names[i] = (zagg_expr_name){.name = TEXTS[i], .rank = 1};
        in->names[i].dtype = DTYPES[next(&b) % (sizeof DTYPES / sizeof *DTYPES)];
        in->columns[i] = 1;
    }
    in->n_cells = 1 + next(&b) % CELLS;
    for (size_t s = 0; s < in->n_cells; s++)
        in->offsets[s + 1] = in->offsets[s] + 1 + next(&b) % MOST_ROWS;
    in->names[3].rank = 0; /* d: one a cell; e f n x: of all cells; t: a table */
    for (size_t i = 4; i < 8; i++)
        in->names[i].uniform = true;
    in->rows[4] = next(&b) % 6;
    for (size_t i = 5; i < 8; i++)
        in->names[i].rank = 0;
    in->names[6].weak = in->names[7].weak = true;
    in->names[6].dtype = ZAGG_DT_I64;
    in->names[7].dtype = ZAGG_DT_F64;
    in->names[8].rank = 2;
    in->columns[8] = 2;
    for (size_t i = 0; i < NAMES; i++)
        fill(in, i, in->columns[i] * ROWS, &b);
}

static void inputs_from(const input *in, size_t first, zagg_expr_input out[NAMES])
{
    for (size_t i = 0; i < NAMES; i++) {
        const zagg_expr_name *name = &in->names[i];
        const size_t row = name->uniform     ? 0
                           : name->rank == 0 ? first
                                             : in->offsets[first];
        out[i] =
            (zagg_expr_input){.data = (const uint8_t *)in->values[i] +
                                      row * in->columns[i] * zagg_dtype_size(name->dtype),
                              .n = in->rows[i],
                              .columns = in->columns[i]};
    }
}

/* What a result may point to beside the memory. */
typedef struct thread {
    zagg_expr_memory *memory;
    size_t offsets[CELLS + 1];
} thread;

static zagg_status run(const zagg_program *p, thread *t, const input *in, size_t first,
                       size_t n, zagg_expr_result *out, size_t *bad, zagg_err *err)
{
    zagg_expr_input inputs[NAMES];
    inputs_from(in, first, inputs);
    for (size_t s = 0; s <= n; s++)
        t->offsets[s] = in->offsets[first + s] - in->offsets[first];
    *bad = 0;
    const zagg_status status =
        zagg_program_run(p, t->memory, inputs, t->offsets, n, out, bad, err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, err);
        fuzz_check(status == ZAGG_ERANGE && strstr(err->msg, ": column ") && *bad < n);
    }
    return status;
}

static size_t items_before(const zagg_expr_result *r, size_t cell)
{
    return r->type.rank == 0 ? cell : r->offsets[cell];
}

/* Every element is a value of its type, NaN the positive quiet one. */
static void check_elements(const zagg_expr_result *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (r->type.dtype == ZAGG_DT_BOOL)
            fuzz_check(((const uint8_t *)r->data)[i] <= 1);
        if (r->type.dtype == ZAGG_DT_F32) {
            uint32_t u;
            memcpy(&u, (const float *)r->data + i, sizeof u);
            fuzz_check((u & 0x7fffffff) <= 0x7f800000 || u == 0x7fc00000);
        } else if (r->type.dtype == ZAGG_DT_F64) {
            uint64_t u;
            memcpy(&u, (const double *)r->data + i, sizeof u);
            fuzz_check((u & INT64_MAX) <= UINT64_C(0x7ff0000000000000) ||
                       u == UINT64_C(0x7ff8000000000000));
        }
    }
}

static void check_result(const zagg_program *p, const zagg_expr_result *r, size_t n_cells)
{
    const zagg_expr_type type = zagg_program_type(p);
    fuzz_check(type.dtype == r->type.dtype && type.rank == r->type.rank &&
               type.weak == r->type.weak && type.rank <= 2);
    fuzz_check(type.rank > 0 || (r->offsets == NULL && r->columns == 1));
    for (size_t s = 0; type.rank > 0 && s < n_cells; s++)
        fuzz_check(r->offsets[s] <= r->offsets[s + 1]);
    fuzz_check(type.rank == 0 || r->offsets[0] == 0);
    check_elements(r, items_before(r, n_cells) * r->columns);
}

/* What only many cells together run into. */
static bool is_of_batch(const zagg_err *err)
{
    return strstr(err->msg, "different cells") || strstr(err->msg, "another cell") ||
           strstr(err->msg, "intermediate results");
}

static void check_alone(const zagg_program *p, thread *t, const input *in, size_t cell,
                        const zagg_expr_result *all)
{
    const size_t size = zagg_dtype_size(all->type.dtype);
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr_result one;
    size_t bad;
    fuzz_check(run(p, t, in, cell, 1, &one, &bad, &err) == ZAGG_OK);
    check_result(p, &one, 1);
    const size_t first = items_before(all, cell), n = items_before(&one, 1);
    fuzz_check(n == items_before(all, cell + 1) - first && one.columns == all->columns);
    const uint8_t *own = (const uint8_t *)all->data + first * all->columns * size;
    fuzz_check(n == 0 || memcmp(one.data, own, n * all->columns * size) == 0);
}

static void run_cells(const zagg_program *p, const input *in)
{
    thread threads[2] = {{0}};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr_result all;
    size_t bad;
    for (int i = 0; i < 2; i++)
        if (zagg_expr_memory_new(&threads[i].memory, NULL) != ZAGG_OK)
            abort();
    if (run(p, &threads[0], in, 0, in->n_cells, &all, &bad, &err) == ZAGG_OK) {
        check_result(p, &all, in->n_cells);
        for (size_t s = 0; s < in->n_cells; s++)
            check_alone(p, &threads[1], in, s, &all);
    } else if (!is_of_batch(&err)) {
        fuzz_check(run(p, &threads[1], in, bad, 1, &all, &bad, &err) == ZAGG_ERANGE);
    }
    for (int i = 0; i < 2; i++)
        zagg_expr_memory_free(threads[i].memory);
}

static void check_refusal(zagg_status status, const zagg_err *err)
{
    fuzz_check_error(status, err);
    fuzz_check(status == ZAGG_ECONFIG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static input in;
    char text[MOST_TEXT + 1];
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    const size_t len = end ? (size_t)(end - data) : size;
    if (len > MOST_TEXT || (len && memchr(data, '\0', len)))
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    in = (input){0};
    choose(&in, (bytes){end ? end + 1 : NULL, end ? size - len - 1 : 0, 0});
    for (int scope = ZAGG_EXPR_PARAM; scope >= ZAGG_EXPR_FIELD; scope--) {
        zagg_expr *e = NULL;
        zagg_program *p = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_status status =
            zagg_expr_parse(text, in.names, NAMES, (zagg_expr_scope)scope, &e, &err);
        if (status == ZAGG_OK)
            status = zagg_expr_compile(e, in.names, NAMES, &p, &err);
        zagg_expr_free(e);
        if (status != ZAGG_OK)
            check_refusal(status, &err);
        else if (scope == ZAGG_EXPR_FIELD)
            run_cells(p, &in);
        zagg_program_free(p);
    }
    return 0;
}
