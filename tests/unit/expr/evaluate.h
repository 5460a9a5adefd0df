/* A fixed set of columns in cells of different size, and texts evaluated over any run of
 * these cells. */
#ifndef ZAGG_TESTS_EXPR_EVALUATE_H
#define ZAGG_TESTS_EXPR_EVALUATE_H

#include "support/support.h"
#include "zagg/expr.h"

/* h s float32, t float64, i int32, k int8, u uint16, w uint64, m bool: rows.
 * level float64: one value a cell. gain float32, n a Python int, q a Python float, edges
 * float64 (5 elements), lut int32 (8): the same for all cells. xyz float32: a table of
 * three columns for the rows. */
enum { CELLS = 9, NAMES = 15 };

extern const zagg_expr_name *const cell_names;
/** First row of each cell, and the end. */
extern const size_t cell_rows[CELLS + 1];

/** What a text gave. Free with evaluated_free. */
typedef struct evaluated {
    zagg_status status;
    zagg_err err;
    size_t bad; /* cell that failed, of those evaluated */
    zagg_expr_type type;
    size_t n, columns;
    size_t items[CELLS]; /* of each cell */
    unsigned char *data;
    size_t bytes;
} evaluated;

zagg_expr *parse(const char *text);
zagg_program *compile(const char *text);
/** Run over the cells first .. first + n. */
evaluated run_cells(const zagg_program *program, zagg_expr_memory *memory, size_t first,
                    size_t n);
/** Run over all cells; the values are not looked at. */
zagg_status run_status(const zagg_program *program, zagg_expr_memory *memory,
                       zagg_err *err);
/** Parse, compile and run over all cells, or one. */
evaluated evaluate(const char *text);
evaluated evaluate_cell(const char *text, size_t cell);
void evaluated_free(evaluated *e);

/** The value of a text in cell 1, which must be one number. */
double number_of(const char *text);
/** Type name of a text: "float32", "int" and "float" for Python numbers, with "[]" or
 * "[][]" behind it for arrays; "refused". One of four static texts. */
const char *type_of(const char *text);

#endif
