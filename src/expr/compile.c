/* From tree to steps: every value gets its type, and what numpy would refuse for these
 * types and ranks is refused here. Equal parts of a text are computed once. */
#include "expr/compile.h"

#include "expr/elementwise.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_STEPS = 1 << 15 };

zagg_status zx_refuse(zx_check *c, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    zagg_err_set(c->err, ZAGG_ECONFIG, "%s", text);
    return zx_at(c->err, ZAGG_ECONFIG, c->text, c->column);
}

zagg_status zx_no_memory(zx_compiler *c)
{
    return zagg_err_set(c->err, ZAGG_ENOMEM, "no memory for an expression");
}

/* `type` may be that of another slot, which moves when slots are added. */
zagg_status zx_new_slot(zx_compiler *c, const zx_type *type, size_t *out)
{
    const zx_type kept = *type;
    zx_type *t = zg_vec_push(&c->slots);
    if (!t)
        return zx_no_memory(c);
    *t = kept;
    *out = c->slots.len - 1;
    return ZAGG_OK;
}

const zx_type *zx_slot_type(const zx_compiler *c, size_t slot)
{
    return ZG_VEC_AT(&c->slots, zx_type, slot);
}

/* Copy the argument slots and their types of a step. */
zagg_status zx_set_args(zx_compiler *c, zx_step *s, const size_t *args, size_t n)
{
    size_t *kept;
    zx_type *types;
    ZAGG_TRY(zagg_arena_alloc(c->p->arena, n, sizeof *kept, &kept, c->err));
    /* Functions may look at parameters that they do not have: those are absent. */
    ZAGG_TRY(zagg_arena_alloc(c->p->arena, n > ZX_MAX_PARAMS ? n : ZX_MAX_PARAMS,
                              sizeof *types, &types, c->err));
    for (size_t i = 0; i < n; i++) {
        kept[i] = args[i];
        if (args[i] != ZX_NO_SLOT)
            types[i] = *zx_slot_type(c, args[i]);
    }
    s->n_args = n;
    s->args = kept;
    s->types = types;
    return ZAGG_OK;
}

zagg_status zx_push_step(zx_compiler *c, const zx_step *step)
{
    zx_step *s = c->steps.len < MOST_STEPS ? zg_vec_push(&c->steps) : NULL;
    if (!s)
        return zx_no_memory(c);
    *s = *step;
    return ZAGG_OK;
}

/* A step that makes a value of this type. */
zagg_status zx_emit(zx_compiler *c, zx_step step, const zx_type *type, size_t *slot)
{
    ZAGG_TRY(zx_new_slot(c, type, slot));
    step.out = *slot;
    return zx_push_step(c, &step);
}

/* ---- leaves ---- */

static zagg_status literal(zx_compiler *c, const zx_node *n, size_t *slot)
{
    zx_type t = {.kind = ZX_K_VALUE, .constant = true, .weak = true};
    zx_step s = {.kind = ZX_S_CONST, .column = n->column};
    if (n->kind == ZX_FLOAT) {
        t.dtype = ZAGG_DT_F64;
        t.f = n->f;
        memcpy(&s.constant, &n->f, sizeof n->f);
    } else {
        t.dtype = n->kind == ZX_INT ? ZAGG_DT_I64 : ZAGG_DT_BOOL;
        t.i = n->i;
        t.f = (double)n->i;
        s.constant = (uint64_t)n->i;
    }
    return zx_emit(c, s, &t, slot);
}

static zagg_status no_value(zx_compiler *c, const zx_node *n, size_t *slot)
{
    zx_type t = {.kind = n->kind == ZX_NONE ? ZX_K_NONE : ZX_K_TEXT, .text = "..."};
    if (n->kind == ZX_DTYPE) {
        t.kind = ZX_K_DTYPE;
        t.dtype = n->dtype;
    } else if (n->kind == ZX_STRING) {
        t.text = zagg_arena_strndup(c->p->arena, n->text, strlen(n->text));
        if (!t.text)
            return zx_no_memory(c);
    }
    return zx_new_slot(c, &t, slot);
}

static zagg_status input(zx_compiler *c, const zx_node *n, size_t *slot)
{
    const zagg_expr_name *name = &c->names[n->i];
    if (name->dtype == ZAGG_DT_NONE || name->rank > 2)
        return zagg_err_set(c->err, ZAGG_EARG, "'%s' has no type", name->name);
    zx_type t = zx_value_type(name->dtype, name->rank);
    t.weak = name->weak && name->rank == 0;
    return zx_emit(
        c, (zx_step){.kind = ZX_S_NAME, .column = n->column, .target = (size_t)n->i}, &t,
        slot);
}

static zagg_status sequence(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t *args;
    zx_type *items;
    ZAGG_TRY(zagg_arena_alloc(c->p->arena, n->n, sizeof *args, &args, c->err));
    ZAGG_TRY(zagg_arena_alloc(c->p->arena, n->n, sizeof *items, &items, c->err));
    for (size_t i = 0; i < n->n; i++) {
        args[i] = ZX_NO_SLOT; /* part of a slice that is not given */
        if (n->children[i] < 0)
            continue;
        ZAGG_TRY(zx_compile_node(c, n->children[i], &args[i]));
        items[i] = *zx_slot_type(c, args[i]);
    }
    zx_step s = {.kind = ZX_S_SEQ, .column = n->column};
    zx_type t = {
        .kind = ZX_K_SEQ, .n = n->n, .items = items, .is_list = n->kind == ZX_LIST};
    ZAGG_TRY(zx_set_args(c, &s, args, n->n));
    return zx_emit(c, s, &t, slot);
}

/* ---- operators ---- */

static zagg_status unary(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t a;
    zx_type t;
    zx_step s = {.kind = ZX_S_UNARY, .column = n->column, .op = n->op};
    ZAGG_TRY(zx_compile_node(c, n->children[0], &a));
    c->check.column = n->column;
    ZAGG_TRY(zx_unary_type(&c->check, n->op, zx_slot_type(c, a), &t));
    ZAGG_TRY(zx_set_args(c, &s, &a, 1));
    return zx_emit(c, s, &t, slot);
}

zagg_status zx_compile_binary(zx_compiler *c, zx_op op, uint32_t column,
                              const size_t args[2], size_t *slot)
{
    zx_type t;
    zx_step s = {.kind = ZX_S_BINARY, .column = column, .op = op};
    c->check.column = column;
    ZAGG_TRY(zx_binary_type(&c->check, op, zx_slot_type(c, args[0]),
                            zx_slot_type(c, args[1]), true, &t, &s.compute));
    ZAGG_TRY(zx_set_args(c, &s, args, 2));
    return zx_emit(c, s, &t, slot);
}

static zagg_status binary(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t args[2];
    ZAGG_TRY(zx_compile_node(c, n->children[0], &args[0]));
    ZAGG_TRY(zx_compile_node(c, n->children[1], &args[1]));
    return zx_compile_binary(c, n->op, n->column, args, slot);
}

/* ---- the whole ---- */

/* Nodes that compute the same, given the first of the nodes that equal each child. */
static bool same_node(const zx_node *a, const zx_node *b, const int32_t *first)
{
    if (a->kind != b->kind || a->op != b->op || a->attr != b->attr || a->i != b->i ||
        memcmp(&a->f, &b->f, sizeof a->f) != 0 || a->dtype != b->dtype ||
        a->fn != b->fn || a->n != b->n || a->n_keys != b->n_keys)
        return false;
    if (a->kind == ZX_STRING && strcmp(a->text, b->text) != 0)
        return false;
    for (size_t i = 0; i < a->n_keys; i++)
        if (strcmp(a->keys[i], b->keys[i]) != 0)
            return false;
    for (size_t i = 0; a->kind == ZX_COMPARE && i + 1 < a->n; i++)
        if (a->ops[i] != b->ops[i])
            return false;
    for (size_t i = 0; i < a->n; i++) {
        const int32_t x = a->children[i], y = b->children[i];
        if ((x < 0) != (y < 0) || (x >= 0 && first[x] != first[y]))
            return false;
    }
    return true;
}

/* The first of equal nodes for each; children stand before their parents. Quadratic, but
 * texts are short. */
static void find_equal(const zagg_expr *e, int32_t *first)
{
    for (int32_t i = 0; i < (int32_t)e->n_nodes; i++) {
        first[i] = i;
        for (int32_t k = 0; k < i && first[i] == i; k++)
            if (first[k] == k && same_node(&e->nodes[k], &e->nodes[i], first))
                first[i] = k;
    }
}

static zagg_status compile_new(zx_compiler *c, const zx_node *n, size_t *slot)
{
    switch (n->kind) {
    case ZX_INT:
    case ZX_FLOAT:
    case ZX_BOOL:
        return literal(c, n, slot);
    case ZX_NONE:
    case ZX_STRING:
    case ZX_ELLIPSIS:
    case ZX_DTYPE:
        return no_value(c, n, slot);
    case ZX_NAME:
        return input(c, n, slot);
    case ZX_TUPLE:
    case ZX_LIST:
    case ZX_SLICE:
        return sequence(c, n, slot);
    case ZX_UNARY:
        return unary(c, n, slot);
    case ZX_BINARY:
        return binary(c, n, slot);
    case ZX_COMPARE:
        return zx_compile_comparison(c, n, slot);
    case ZX_AND:
    case ZX_OR:
        return zx_compile_logical(c, n, slot);
    case ZX_NOT:
        return zx_compile_not(c, n, slot);
    case ZX_COND:
        return zx_compile_conditional(c, n, slot);
    case ZX_CALL:
        return zx_compile_call(c, n, slot);
    case ZX_INDEX:
        return zx_compile_index(c, n, slot);
    case ZX_ATTR:
        return zx_compile_attribute(c, n, slot);
    }
    return ZAGG_EINTERNAL;
}

zagg_status zx_compile_node(zx_compiler *c, int32_t node, size_t *slot)
{
    const int32_t first = c->first[node];
    if (c->slot_of[first] != ZX_NO_SLOT) {
        *slot = c->slot_of[first];
        return ZAGG_OK;
    }
    ZAGG_TRY(compile_new(c, &c->e->nodes[node], slot));
    if (c->lazy == 0)
        c->slot_of[first] = *slot;
    return ZAGG_OK;
}

static zagg_status finish(zx_compiler *c)
{
    zagg_program *p = c->p;
    const zx_type *t = zx_slot_type(c, p->result);
    c->check.column = c->e->nodes[c->e->root].column;
    if (t->kind != ZX_K_VALUE)
        return zx_refuse(&c->check, "gives no number or array but %s",
                         t->kind == ZX_K_SEQ ? "several; take one with [0]" : "a name");
    ZAGG_TRY(
        zagg_arena_alloc(p->arena, c->steps.len, sizeof *p->steps, &p->steps, c->err));
    ZAGG_TRY(
        zagg_arena_alloc(p->arena, c->slots.len, sizeof *p->slots, &p->slots, c->err));
    if (c->steps.len)
        memcpy(p->steps, c->steps.data, c->steps.len * sizeof *p->steps);
    memcpy(p->slots, c->slots.data, c->slots.len * sizeof *p->slots);
    p->n_steps = c->steps.len;
    p->n_slots = c->slots.len;
    return ZAGG_OK;
}

static zagg_status compile_program(zx_compiler *c)
{
    const zagg_expr *e = c->e;
    zagg_program *p = c->p;
    ZAGG_TRY(zagg_arena_new(0, &p->arena, c->err));
    p->text = zagg_arena_strndup(p->arena, e->text, strlen(e->text));
    if (!p->text)
        return zx_no_memory(c);
    c->check = (zx_check){p->arena, p->text, 1, c->err};
    p->n_names = e->n_names;
    ZAGG_TRY(zagg_arena_alloc(p->arena, e->n_names, sizeof *p->names, &p->names, c->err));
    if (e->n_names)
        memcpy(p->names, c->names, e->n_names * sizeof *p->names);
    ZAGG_TRY(zx_compile_node(c, e->root, &p->result));
    return finish(c);
}

zagg_status zagg_expr_compile(const zagg_expr *expr, const zagg_expr_name *names,
                              size_t n_names, zagg_program **out, zagg_err *err)
{
    zagg_program *p = zg_alloc(1, sizeof *p);
    size_t *slot_of = zg_alloc(expr->n_nodes, sizeof *slot_of);
    int32_t *first = zg_alloc(expr->n_nodes, sizeof *first);
    zagg_status status = ZAGG_OK;
    if (!p || !slot_of || !first)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for an expression");
    else if (n_names < expr->n_names)
        status =
            zagg_err_set(err, ZAGG_EARG, "%zu names where the text was parsed with %zu",
                         n_names, expr->n_names);
    if (status == ZAGG_OK) {
        zx_compiler c = {.e = expr,
                         .names = names,
                         .p = p,
                         .first = first,
                         .slot_of = slot_of,
                         .err = err};
        find_equal(expr, first);
        for (size_t i = 0; i < expr->n_nodes; i++)
            slot_of[i] = ZX_NO_SLOT;
        zg_vec_init(&c.steps, sizeof(zx_step), 0);
        zg_vec_init(&c.slots, sizeof(zx_type), 0);
        status = compile_program(&c);
        zg_vec_free(&c.steps);
        zg_vec_free(&c.slots);
    }
    zg_free(first);
    zg_free(slot_of);
    if (status != ZAGG_OK) {
        zagg_program_free(p);
        return status;
    }
    *out = p;
    return ZAGG_OK;
}

void zagg_program_free(zagg_program *program)
{
    if (!program)
        return;
    zagg_arena_free(program->arena);
    zg_free(program);
}

zagg_expr_type zagg_program_type(const zagg_program *program)
{
    const zx_type *t = &program->slots[program->result];
    return (zagg_expr_type){t->dtype, t->weak, t->rank};
}
