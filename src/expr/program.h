/* What a text is compiled to: steps over slots. */
#ifndef ZG_EXPR_PROGRAM_H
#define ZG_EXPR_PROGRAM_H

#include "expr/ast.h"
#include "expr/fn.h"
#include "expr/value.h"

typedef enum zx_step_kind {
    ZX_S_NAME = 0, /* input number `target` */
    ZX_S_CONST,    /* element of `constant` */
    ZX_S_SEQ,      /* args are the items */
    ZX_S_UNARY,
    ZX_S_BINARY,
    ZX_S_CALL,
    ZX_S_INDEX, /* see zx_index */
    ZX_S_ITEM,  /* item `target` of a sequence */
    ZX_S_ATTR,
    ZX_S_MOVE, /* arg 0 as the type of the slot: joins branches */
    ZX_S_NOT,
    ZX_S_JUMP,       /* to step `target` */
    ZX_S_JUMP_FALSE, /* if arg 0 is false */
    ZX_S_JUMP_TRUE
} zx_step_kind;

typedef struct zx_step {
    zx_step_kind kind;
    uint32_t column;
    zx_op op;
    zx_attr attr;
    zagg_dtype compute; /* BINARY; NONE: signed against unsigned */
    const zx_fn *fn;
    size_t out, target;
    size_t n_args; /* CALL: one for each parameter, with the number of no slot where
                      absent */
    const size_t *args;
    const zx_type *types; /* of the arguments, CALL: ABSENT where not given */
    uint64_t constant;
} zx_step;

#define ZX_NO_SLOT SIZE_MAX

struct zagg_program {
    zagg_arena *arena;
    const char *text;
    size_t n_names;
    zagg_expr_name *names; /* without their texts */
    zx_step *steps;
    size_t n_steps;
    zx_type *slots; /* types */
    size_t n_slots;
    size_t result;
    bool branches; /* run segment by segment */
};

/** a[i, ...]: type of the result. `types` are the array and its indices, a slice being a
 * SEQ of three items and an ellipsis TEXT. */
zagg_status zx_index_type(zx_check *c, const zx_type *types, size_t n, zx_type *out);
zagg_status zx_index(zx_run *r, const zx_type *types, const zx_val *values, size_t n,
                     zx_val *out);

#endif
