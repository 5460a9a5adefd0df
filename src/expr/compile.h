/* What the files of the compiler share. */
#ifndef ZG_EXPR_COMPILE_H
#define ZG_EXPR_COMPILE_H

#include "expr/program.h"

typedef struct zx_compiler {
    const zagg_expr *e;
    const zagg_expr_name *names;
    zagg_program *p;
    zg_vec steps, slots;
    const int32_t *first; /* of the nodes that equal a node */
    size_t *slot_of;      /* of each first node; ZX_NO_SLOT before */
    unsigned lazy;        /* inside a branch: nothing is shared with the outside */
    zx_check check;
    zagg_err *err;
} zx_compiler;

zagg_status zx_no_memory(zx_compiler *c);
/** A slot for values of a type, which may be that of another slot. */
zagg_status zx_new_slot(zx_compiler *c, const zx_type *type, size_t *out);
/** Type of a slot; good until the next slot is added. */
const zx_type *zx_slot_type(const zx_compiler *c, size_t slot);
/** Give a step its argument slots, and their types. */
zagg_status zx_set_args(zx_compiler *c, zx_step *s, const size_t *args, size_t n);
zagg_status zx_push_step(zx_compiler *c, const zx_step *step);
/** A step that makes a value of this type, in a slot of its own. */
zagg_status zx_emit(zx_compiler *c, zx_step step, const zx_type *type, size_t *slot);

/** Steps for a node; the slot in which its value will be. */
zagg_status zx_compile_node(zx_compiler *c, int32_t node, size_t *slot);
zagg_status zx_compile_binary(zx_compiler *c, zx_op op, uint32_t column,
                              const size_t args[2], size_t *slot);
zagg_status zx_compile_conditional(zx_compiler *c, const zx_node *n, size_t *slot);
zagg_status zx_compile_logical(zx_compiler *c, const zx_node *n, size_t *slot);
zagg_status zx_compile_not(zx_compiler *c, const zx_node *n, size_t *slot);
zagg_status zx_compile_comparison(zx_compiler *c, const zx_node *n, size_t *slot);
zagg_status zx_compile_call(zx_compiler *c, const zx_node *n, size_t *slot);
zagg_status zx_compile_index(zx_compiler *c, const zx_node *n, size_t *slot);
zagg_status zx_compile_attribute(zx_compiler *c, const zx_node *n, size_t *slot);

#endif
