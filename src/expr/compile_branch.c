/* Parts of a text that may be left out: conditions, and, or, chains of comparisons. */
#include "expr/compile.h"
#include "expr/elementwise.h"

static zagg_status want_one(zx_compiler *c, size_t slot, uint32_t column,
                            const char *where)
{
    const zx_type *t = zx_slot_type(c, slot);
    c->check.column = column;
    if (t->kind != ZX_K_VALUE || t->rank != 0)
        return zx_refuse(
            &c->check,
            "%s needs one value, not an array; combine arrays with & | ~ and "
            "np.where",
            where);
    return ZAGG_OK;
}

static zagg_status jump(zx_compiler *c, zx_step_kind kind, size_t condition, size_t *at)
{
    zx_step s = {.kind = kind};
    if (kind != ZX_S_JUMP)
        ZAGG_TRY(zx_set_args(c, &s, &condition, 1));
    c->p->branches = true;
    *at = c->steps.len;
    return zx_push_step(c, &s);
}

static void land(zx_compiler *c, size_t at)
{
    ZG_VEC_AT(&c->steps, zx_step, at)->target = c->steps.len;
}

static zagg_status move(zx_compiler *c, size_t from, size_t to)
{
    zx_step s = {.kind = ZX_S_MOVE, .out = to};
    ZAGG_TRY(zx_set_args(c, &s, &from, 1));
    return zx_push_step(c, &s);
}

/* What two branches may both become. */
static zagg_status unify(zx_compiler *c, uint32_t column, const zx_type *a,
                         const zx_type *b, zx_type *out)
{
    c->check.column = column;
    if (a->kind != ZX_K_VALUE || b->kind != ZX_K_VALUE || a->rank != b->rank)
        return zx_refuse(&c->check, "both outcomes must be values of the same shape");
    *out = zx_value_type(zx_common(a, b), a->rank);
    out->weak = a->weak && b->weak;
    return ZAGG_OK;
}

/* Steps that are jumped over are not there for what follows: nothing of them is shared.
 */
static zagg_status branch(zx_compiler *c, int32_t node, size_t *slot)
{
    c->lazy++;
    const zagg_status status = zx_compile_node(c, node, slot);
    c->lazy--;
    return status;
}

zagg_status zx_compile_conditional(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t condition, yes, no, to_no, to_end;
    zx_type t;
    ZAGG_TRY(zx_compile_node(c, n->children[1], &condition));
    ZAGG_TRY(want_one(c, condition, n->column, "a condition"));
    ZAGG_TRY(zx_new_slot(c, zx_slot_type(c, condition), slot)); /* its type comes later */
    ZAGG_TRY(jump(c, ZX_S_JUMP_FALSE, condition, &to_no));
    ZAGG_TRY(branch(c, n->children[0], &yes));
    ZAGG_TRY(move(c, yes, *slot));
    ZAGG_TRY(jump(c, ZX_S_JUMP, 0, &to_end));
    land(c, to_no);
    ZAGG_TRY(branch(c, n->children[2], &no));
    ZAGG_TRY(unify(c, n->column, zx_slot_type(c, yes), zx_slot_type(c, no), &t));
    ZAGG_TRY(move(c, no, *slot));
    land(c, to_end);
    *ZG_VEC_AT(&c->slots, zx_type, *slot) = t;
    return ZAGG_OK;
}

/* `a and b` is a where a is false, else b; nothing of b is computed in the first case. */
zagg_status zx_compile_logical(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t a, b, to_end;
    zx_type t;
    ZAGG_TRY(zx_compile_node(c, n->children[0], &a));
    ZAGG_TRY(want_one(c, a, n->column, n->kind == ZX_AND ? "'and'" : "'or'"));
    ZAGG_TRY(zx_new_slot(c, zx_slot_type(c, a), slot));
    ZAGG_TRY(move(c, a, *slot));
    ZAGG_TRY(jump(c, n->kind == ZX_AND ? ZX_S_JUMP_FALSE : ZX_S_JUMP_TRUE, a, &to_end));
    ZAGG_TRY(branch(c, n->children[1], &b));
    ZAGG_TRY(want_one(c, b, n->column, n->kind == ZX_AND ? "'and'" : "'or'"));
    ZAGG_TRY(unify(c, n->column, zx_slot_type(c, a), zx_slot_type(c, b), &t));
    ZAGG_TRY(move(c, b, *slot));
    land(c, to_end);
    *ZG_VEC_AT(&c->slots, zx_type, *slot) = t;
    return ZAGG_OK;
}

zagg_status zx_compile_not(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t a;
    zx_type t = zx_value_type(ZAGG_DT_BOOL, 0);
    zx_step s = {.kind = ZX_S_NOT, .column = n->column};
    t.weak = true;
    ZAGG_TRY(zx_compile_node(c, n->children[0], &a));
    ZAGG_TRY(want_one(c, a, n->column, "'not'"));
    ZAGG_TRY(zx_set_args(c, &s, &a, 1));
    return zx_emit(c, s, &t, slot);
}

/* a < b < c is a < b and b < c, b computed once: for single values only. */
zagg_status zx_compile_comparison(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t args[2], result = ZX_NO_SLOT, to_end[16];
    size_t n_jumps = 0;
    ZAGG_TRY(zx_compile_node(c, n->children[0], &args[0]));
    for (size_t i = 1; i < n->n; i++) {
        ZAGG_TRY(zx_compile_node(c, n->children[i], &args[1]));
        ZAGG_TRY(zx_compile_binary(c, n->ops[i - 1], n->column, args, &result));
        args[0] = args[1];
        if (n->n == 2)
            break;
        ZAGG_TRY(want_one(c, result, n->column, "a chain of comparisons"));
        if (i == 1) {
            zx_type t = zx_value_type(ZAGG_DT_BOOL, 0);
            ZAGG_TRY(zx_new_slot(c, &t, slot));
            c->lazy++;
        }
        ZAGG_TRY(move(c, result, *slot));
        if (i + 1 < n->n)
            ZAGG_TRY(jump(c, ZX_S_JUMP_FALSE, result, &to_end[n_jumps++]));
    }
    if (n->n == 2) {
        *slot = result;
        return ZAGG_OK;
    }
    c->lazy--;
    for (size_t i = 0; i < n_jumps; i++)
        land(c, to_end[i]);
    return ZAGG_OK;
}
