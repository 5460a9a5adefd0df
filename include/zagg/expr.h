/* The closed expression language of configs: numpy's syntax, promotion and results for a
 * fixed set of functions, checked and compiled before anything runs. No I/O, import or
 * attribute walk can be expressed. */
#ifndef ZAGG_EXPR_H
#define ZAGG_EXPR_H

#include "zagg/dtype.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A name that a text may use. */
typedef struct zagg_expr_name {
    const char *name;
    zagg_dtype dtype; /* NONE: not known yet (zagg_expr_parse only) */
    bool weak;        /* rank 0: a Python number, which takes the type of its partner */
    unsigned rank;    /* 1: a value for each row; 0: one value for each segment;
                         values of one chunk (chunk_precompute) are `uniform` */
    bool uniform;     /* the same value, or the same array, for every segment */
} zagg_expr_name;

/** Which names beside the given ones are visible. */
typedef enum zagg_expr_scope {
    ZAGG_EXPR_FIELD = 0, /* np numpy len float int abs sum */
    ZAGG_EXPR_PARAM      /* np numpy only: text of a field's params */
} zagg_expr_scope;

/** A parsed text: immutable, shared by threads. */
typedef struct zagg_expr zagg_expr;

/** Parse and check syntax, names, functions, keywords and limits (4096 bytes, depth 64).
 *  ECONFIG; the message holds the text, the column (1-based) at fault and what is allowed
 *  there. O(text). */
ZAGG_API zagg_status zagg_expr_parse(const char *text, const zagg_expr_name *names,
                                     size_t n_names, zagg_expr_scope scope,
                                     zagg_expr **out, zagg_err *err);
ZAGG_API void zagg_expr_free(zagg_expr *expr);
/** True when the text uses names[i] of the parse. */
ZAGG_API bool zagg_expr_uses(const zagg_expr *expr, size_t i);

/** A typed program: immutable, shared by threads. */
typedef struct zagg_program zagg_program;

/** Result of a program, as far as types tell. */
typedef struct zagg_expr_type {
    zagg_dtype dtype;
    bool weak;     /* a Python number: int64, float64 or bool by dtype */
    unsigned rank; /* 0 scalar, 1, 2 */
} zagg_expr_type;

/** Give the names their types (same order as in the parse) and compile. ECONFIG with text
 * and column where numpy would raise for these types and ranks whatever the values. */
ZAGG_API zagg_status zagg_expr_compile(const zagg_expr *expr, const zagg_expr_name *names,
                                       size_t n_names, zagg_program **out, zagg_err *err);
ZAGG_API void zagg_program_free(zagg_program *program);
ZAGG_API zagg_expr_type zagg_program_type(const zagg_program *program);

/** Value of one name during a run. */
typedef struct zagg_expr_input {
    const void *data; /* rank 1: offsets[n_segments] rows; rank 0: n_segments elements;
                         uniform: one element, or `n` elements of an array */
    size_t n;         /* uniform arrays only: rows */
    size_t columns;   /* uniform arrays of rank 2: elements of a row */
} zagg_expr_input;

/** Working memory of one thread, reused between runs. */
typedef struct zagg_expr_memory zagg_expr_memory;
ZAGG_API zagg_status zagg_expr_memory_new(zagg_expr_memory **out, zagg_err *err);
ZAGG_API void zagg_expr_memory_free(zagg_expr_memory *memory);

/** Values of a program for some segments (cells). Owned by the memory, valid until its
 * next use; may share the arrays of the inputs, and the offsets of the run. */
typedef struct zagg_expr_result {
    zagg_expr_type type;
    const void *data;      /* rank 0: one element a segment; else elements in C order */
    const size_t *offsets; /* rank 1, 2: first item (row) of each segment, and the end */
    size_t columns;        /* rank 2: elements of one item; else 1 */
} zagg_expr_result;

/** Rows up to which the values of a run stay in the L1 cache: callers pass segments in
 * batches of about this many rows. A segment is never split, so a batch may be one larger
 * segment. */
#define ZAGG_EXPR_BATCH_ROWS 2048

/** Run over n_segments consecutive segments: rows offsets[s]..offsets[s+1] of every row
 * input (offsets[0] is 0), at least one row each unless the whole shard is one empty
 * segment. Fails as numpy would; *bad_segment (may be NULL) then names the segment, the
 * message text and column. ERANGE for values, ENOMEM. Floating-point warnings are no
 * errors; NaN comes out as the positive quiet NaN. Deterministic: the same bits on every
 * CPU. Thread-safe for distinct memories. */
ZAGG_API zagg_status zagg_program_run(const zagg_program *program,
                                      zagg_expr_memory *memory,
                                      const zagg_expr_input *inputs,
                                      const size_t *offsets, size_t n_segments,
                                      zagg_expr_result *out, size_t *bad_segment,
                                      zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
