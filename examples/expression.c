/* Compiles an expression of the config language and runs it over some numbers:
 *
 *     expression TEXT NUMBER...
 *     expression 'np.max(h) - np.median(h)' 312.5 310.25 318 311
 *
 * The numbers are the float32 column `h`, and one cell. What numpy would give is printed,
 * or why the text is not accepted.
 *
 *     cc -std=c17 expression.c $(pkg-config --cflags --libs --static zagg) -o expression
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zagg/expr.h>

enum { MOST_NUMBERS = 1024 };

static void print_element(zagg_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case ZAGG_DT_F32:
        printf(" %.9g", (double)((const float *)data)[i]);
        break;
    case ZAGG_DT_F64:
        printf(" %.17g", ((const double *)data)[i]);
        break;
    case ZAGG_DT_BOOL:
        printf(" %s", ((const unsigned char *)data)[i] ? "True" : "False");
        break;
    case ZAGG_DT_I64:
        printf(" %" PRId64, ((const int64_t *)data)[i]);
        break;
    case ZAGG_DT_U64:
        printf(" %" PRIu64, ((const uint64_t *)data)[i]);
        break;
    default:
        printf(" (%s)", zagg_dtype_name(dtype));
        break;
    }
}

static void print_result(const zagg_expr_result *r)
{
    const size_t n = r->type.rank == 0 ? 1 : r->offsets[1] * r->columns;
    printf("%s%s:", zagg_dtype_name(r->type.dtype),
           r->type.rank == 0   ? ""
           : r->type.rank == 1 ? " array"
                               : " table");
    for (size_t i = 0; i < n; i++)
        print_element(r->type.dtype, r->data, i);
    printf("\n");
}

static zagg_status evaluate(const char *text, const float *h, size_t n, zagg_err *err)
{
    const zagg_expr_name names[1] = {{.name = "h", .dtype = ZAGG_DT_F32, .rank = 1}};
    const zagg_expr_input inputs[1] = {{.data = h}};
    const size_t offsets[2] = {0, n}; /* one cell that holds all rows */
    zagg_expr *expr = NULL;
    zagg_program *program = NULL;
    zagg_expr_memory *memory = NULL;
    zagg_expr_result result;
    /* A run over many cells does the first three once. */
    zagg_status status = zagg_expr_parse(text, names, 1, ZAGG_EXPR_FIELD, &expr, err);
    if (status == ZAGG_OK)
        status = zagg_expr_compile(expr, names, 1, &program, err);
    if (status == ZAGG_OK)
        status = zagg_expr_memory_new(&memory, err);
    if (status == ZAGG_OK)
        status =
            zagg_program_run(program, memory, inputs, offsets, 1, &result, NULL, err);
    if (status == ZAGG_OK)
        print_result(&result);
    zagg_expr_memory_free(memory);
    zagg_program_free(program);
    zagg_expr_free(expr);
    return status;
}

int main(int argc, char **argv)
{
    float h[MOST_NUMBERS];
    const size_t n = argc > 2 ? (size_t)argc - 2 : 0;
    zagg_err err = ZAGG_ERR_INIT;
    if (argc < 3 || n > MOST_NUMBERS) {
        fprintf(stderr, "usage: expression TEXT NUMBER...   (%d numbers at most)\n",
                MOST_NUMBERS);
        return 2;
    }
    for (size_t i = 0; i < n; i++)
        h[i] = strtof(argv[2 + i], NULL);
    if (evaluate(argv[1], h, n, &err) != ZAGG_OK) {
        fprintf(stderr, "expression: %s\n", err.msg);
        return 1;
    }
    return 0;
}
