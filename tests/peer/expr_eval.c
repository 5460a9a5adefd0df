/* expr_eval: evaluates the expressions that a test sends, one after the other, until the
 * input ends. Numbers are those of this machine; texts have their length in front.
 *
 *   request  text; uint8 scope (zagg_expr_scope); uint32 number of names
 *     name   text; uint8 dtype (zagg_dtype), weak, rank, uniform; uint32 n, columns;
 *            uint64 bytes, values
 *            uint32 segments; uint64 offsets, one more than segments
 *   answer   uint8 0; uint8 dtype, weak, rank; uint64 columns; uint64 offsets where rank
 *            is not 0; uint64 bytes, values
 *     or     uint8 1 not parsed, 2 not compiled, 3 failed; uint32 status, segment; text
 *
 * Every text is run twice with the same memory, which must give the same bytes. A request
 * that takes more than SECONDS_PER_CASE ends the program. */
#include "base/base.h"
#include "zagg/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS_PER_CASE = 20, MOST_NAMES = 64 };

typedef struct request {
    char *text;
    zagg_expr_scope scope;
    uint32_t n_names, n_segments;
    zagg_expr_name names[MOST_NAMES];
    zagg_expr_input inputs[MOST_NAMES];
    char *texts[MOST_NAMES];
    void *values[MOST_NAMES];
    size_t *offsets;
} request;

/* ---- reading and writing: the pipe ends, or all is there ---- */

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "expr_eval: %s\n", what);
    exit(2);
}

static void get(void *to, size_t bytes)
{
    need(bytes == 0 || fread(to, 1, bytes, stdin) == bytes, "the request ends too early");
}

static uint32_t get_u32(void)
{
    uint32_t x;
    get(&x, sizeof x);
    return x;
}

static uint8_t get_u8(void)
{
    uint8_t x;
    get(&x, sizeof x);
    return x;
}

static uint64_t get_u64(void)
{
    uint64_t x;
    get(&x, sizeof x);
    return x;
}

static void *get_block(size_t bytes, size_t extra)
{
    const size_t size = bytes + extra; /* not more: reads beyond are to be seen */
    char *p = malloc(size ? size : 1);
    need(p != NULL, "no memory");
    get(p, bytes);
    memset(p + bytes, 0, extra);
    return p;
}

static void put(const void *from, size_t bytes)
{
    need(bytes == 0 || fwrite(from, 1, bytes, stdout) == bytes, "cannot write");
}

static void put_u8(uint8_t x)
{
    put(&x, sizeof x);
}

static void put_u32(uint32_t x)
{
    put(&x, sizeof x);
}

static void put_u64(uint64_t x)
{
    put(&x, sizeof x);
}

static bool read_request(request *q)
{
    uint32_t len;
    *q = (request){0};
    if (fread(&len, 1, sizeof len, stdin) != sizeof len)
        return false;
    q->text = get_block(len, 1);
    q->scope = (zagg_expr_scope)get_u8();
    q->n_names = get_u32();
    need(q->n_names <= MOST_NAMES, "too many names");
    for (uint32_t i = 0; i < q->n_names; i++) {
        q->texts[i] = get_block(get_u32(), 1);
        q->names[i].name = q->texts[i];
        q->names[i].dtype = (zagg_dtype)get_u8();
        q->names[i].weak = get_u8() != 0;
        q->names[i].rank = get_u8();
        q->names[i].uniform = get_u8() != 0;
        q->inputs[i].n = get_u32();
        q->inputs[i].columns = get_u32();
        q->values[i] = get_block(get_u64(), 0);
        q->inputs[i].data = q->values[i];
    }
    q->n_segments = get_u32();
    q->offsets = malloc(((size_t)q->n_segments + 1) * sizeof *q->offsets);
    need(q->offsets != NULL, "no memory");
    for (uint32_t i = 0; i <= q->n_segments; i++)
        q->offsets[i] = get_u64();
    return true;
}

static void free_request(request *q)
{
    for (uint32_t i = 0; i < q->n_names; i++) {
        free(q->texts[i]);
        free(q->values[i]);
    }
    free(q->text);
    free(q->offsets);
}

/* ---- evaluating ---- */

static void put_failure(uint8_t stage, zagg_status status, size_t segment,
                        const char *text)
{
    put_u8(stage);
    put_u32((uint32_t)status);
    put_u32((uint32_t)segment);
    put_u32((uint32_t)strlen(text));
    put(text, strlen(text));
}

static size_t value_bytes(const zagg_expr_result *r, uint32_t n_segments)
{
    const size_t rows = r->type.rank == 0 ? n_segments : r->offsets[n_segments];
    return rows * r->columns * zagg_dtype_size(r->type.dtype);
}

static void put_value(const zagg_expr_result *r, uint32_t n_segments)
{
    const size_t bytes = value_bytes(r, n_segments);
    put_u8(0);
    put_u8((uint8_t)r->type.dtype);
    put_u8(r->type.weak);
    put_u8((uint8_t)r->type.rank);
    put_u64(r->columns);
    for (uint32_t i = 0; r->type.rank > 0 && i <= n_segments; i++)
        put_u64(r->offsets[i]);
    put_u64(bytes);
    put(r->data, bytes);
}

/* What else the memory held must not matter: before the two runs it is full of two
 * numbers. */
static const char *const FILLS[2] = {"np.full(4000, 1.1)", "np.full(4000, -7e300)"};
static zagg_program *fills[2];

static void compile_fills(void)
{
    for (int i = 0; i < 2; i++) {
        zagg_expr *expr = NULL;
        need(zagg_expr_parse(FILLS[i], NULL, 0, ZAGG_EXPR_FIELD, &expr, NULL) ==
                     ZAGG_OK &&
                 zagg_expr_compile(expr, NULL, 0, &fills[i], NULL) == ZAGG_OK,
             "np.full is not there");
        zagg_expr_free(expr);
    }
}

static void fill(zagg_expr_memory *memory, int with)
{
    const size_t offsets[2] = {0, 1};
    zagg_expr_result r;
    need(zagg_program_run(fills[with], memory, NULL, offsets, 1, &r, NULL, NULL) ==
             ZAGG_OK,
         "np.full fails");
}

static void run_twice(const request *q, const zagg_program *program,
                      zagg_expr_memory *memory)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr_result r, again;
    size_t bad = 0;
    fill(memory, 0);
    zagg_status status = zagg_program_run(program, memory, q->inputs, q->offsets,
                                          q->n_segments, &r, &bad, &err);
    if (status != ZAGG_OK) {
        put_failure(3, status, bad, err.msg);
        return;
    }
    const size_t bytes = value_bytes(&r, q->n_segments);
    void *first = malloc(bytes + 1);
    need(first != NULL, "no memory");
    if (bytes)
        memcpy(first, r.data, bytes);
    fill(memory, 1);
    status = zagg_program_run(program, memory, q->inputs, q->offsets, q->n_segments,
                              &again, &bad, &err);
    need(status == ZAGG_OK && value_bytes(&again, q->n_segments) == bytes &&
             (bytes == 0 || memcmp(first, again.data, bytes) == 0),
         "the second run of the same text gives something else");
    free(first);
    put_value(&again, q->n_segments);
}

static void evaluate(const request *q, zagg_expr_memory *memory)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_expr *expr = NULL;
    zagg_program *program = NULL;
    zagg_status status =
        zagg_expr_parse(q->text, q->names, q->n_names, q->scope, &expr, &err);
    if (status != ZAGG_OK) {
        put_failure(1, status, 0, err.msg);
        return;
    }
    status = zagg_expr_compile(expr, q->names, q->n_names, &program, &err);
    if (status == ZAGG_OK)
        run_twice(q, program, memory);
    else
        put_failure(2, status, 0, err.msg);
    zagg_program_free(program);
    zagg_expr_free(expr);
}

int main(void)
{
    zagg_expr_memory *memory = NULL;
    request q;
    need(zagg_expr_memory_new(&memory, NULL) == ZAGG_OK, "no memory");
    compile_fills();
    while (read_request(&q)) {
        alarm(SECONDS_PER_CASE);
        evaluate(&q, memory);
        alarm(0);
        free_request(&q);
        need(fflush(stdout) == 0, "cannot write");
    }
    zagg_program_free(fills[0]);
    zagg_program_free(fills[1]);
    zagg_expr_memory_free(memory);
    return 0;
}
