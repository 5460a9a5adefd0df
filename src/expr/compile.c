/* From tree to steps: every value gets its type, and what numpy would refuse for these
 * types and ranks is refused here. Equal parts of a text are computed once. */
#include "expr/elementwise.h"
#include "expr/program.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_STEPS = 1 << 15 };

typedef struct compiler {
    const zagg_expr *e;
    const zagg_expr_name *names;
    zagg_program *p;
    zg_vec steps, slots;
    const int32_t *first; /* of the nodes that equal a node */
    size_t *slot_of;      /* of each first node; ZX_NO_SLOT before */
    unsigned lazy;        /* inside a branch: nothing is shared with the outside */
    zx_check check;
    zagg_err *err;
} compiler;

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

static zagg_status no_memory(compiler *c)
{
    return zagg_err_set(c->err, ZAGG_ENOMEM, "no memory for an expression");
}

/* `type` may be that of another slot, which moves when slots are added. */
static zagg_status new_slot(compiler *c, const zx_type *type, size_t *out)
{
    const zx_type kept = *type;
    zx_type *t = zg_vec_push(&c->slots);
    if (!t)
        return no_memory(c);
    *t = kept;
    *out = c->slots.len - 1;
    return ZAGG_OK;
}

static const zx_type *type_of(const compiler *c, size_t slot)
{
    return ZG_VEC_AT(&c->slots, zx_type, slot);
}

/* Copy the argument slots and their types of a step. */
static zagg_status set_args(compiler *c, zx_step *s, const size_t *args, size_t n)
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
            types[i] = *type_of(c, args[i]);
    }
    s->n_args = n;
    s->args = kept;
    s->types = types;
    return ZAGG_OK;
}

static zagg_status push(compiler *c, const zx_step *step)
{
    zx_step *s = c->steps.len < MOST_STEPS ? zg_vec_push(&c->steps) : NULL;
    if (!s)
        return no_memory(c);
    *s = *step;
    return ZAGG_OK;
}

/* A step that makes a value of this type. */
static zagg_status emit(compiler *c, zx_step step, const zx_type *type, size_t *slot)
{
    ZAGG_TRY(new_slot(c, type, slot));
    step.out = *slot;
    return push(c, &step);
}

static zagg_status compile(compiler *c, int32_t node, size_t *slot);

/* ---- leaves ---- */

static zagg_status literal(compiler *c, const zx_node *n, size_t *slot)
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
    return emit(c, s, &t, slot);
}

static zagg_status no_value(compiler *c, const zx_node *n, size_t *slot)
{
    zx_type t = {.kind = n->kind == ZX_NONE ? ZX_K_NONE : ZX_K_TEXT, .text = "..."};
    if (n->kind == ZX_DTYPE) {
        t.kind = ZX_K_DTYPE;
        t.dtype = n->dtype;
    } else if (n->kind == ZX_STRING) {
        t.text = zagg_arena_strndup(c->p->arena, n->text, strlen(n->text));
        if (!t.text)
            return no_memory(c);
    }
    return new_slot(c, &t, slot);
}

static zagg_status input(compiler *c, const zx_node *n, size_t *slot)
{
    const zagg_expr_name *name = &c->names[n->i];
    if (name->dtype == ZAGG_DT_NONE || name->rank > 2)
        return zagg_err_set(c->err, ZAGG_EARG, "'%s' has no type", name->name);
    zx_type t = zx_value_type(name->dtype, name->rank);
    t.weak = name->weak && name->rank == 0;
    return emit(c,
                (zx_step){.kind = ZX_S_NAME, .column = n->column, .target = (size_t)n->i},
                &t, slot);
}

static zagg_status sequence(compiler *c, const zx_node *n, size_t *slot)
{
    size_t *args;
    zx_type *items;
    ZAGG_TRY(zagg_arena_alloc(c->p->arena, n->n, sizeof *args, &args, c->err));
    ZAGG_TRY(zagg_arena_alloc(c->p->arena, n->n, sizeof *items, &items, c->err));
    for (size_t i = 0; i < n->n; i++) {
        args[i] = ZX_NO_SLOT; /* part of a slice that is not given */
        if (n->children[i] < 0)
            continue;
        ZAGG_TRY(compile(c, n->children[i], &args[i]));
        items[i] = *type_of(c, args[i]);
    }
    zx_step s = {.kind = ZX_S_SEQ, .column = n->column};
    zx_type t = {
        .kind = ZX_K_SEQ, .n = n->n, .items = items, .is_list = n->kind == ZX_LIST};
    ZAGG_TRY(set_args(c, &s, args, n->n));
    return emit(c, s, &t, slot);
}

/* ---- operators ---- */

static zagg_status unary(compiler *c, const zx_node *n, size_t *slot)
{
    size_t a;
    zx_type t;
    zx_step s = {.kind = ZX_S_UNARY, .column = n->column, .op = n->op};
    ZAGG_TRY(compile(c, n->children[0], &a));
    c->check.column = n->column;
    ZAGG_TRY(zx_unary_type(&c->check, n->op, type_of(c, a), &t));
    ZAGG_TRY(set_args(c, &s, &a, 1));
    return emit(c, s, &t, slot);
}

static zagg_status binary_step(compiler *c, zx_op op, uint32_t column,
                               const size_t args[2], size_t *slot)
{
    zx_type t;
    zx_step s = {.kind = ZX_S_BINARY, .column = column, .op = op};
    c->check.column = column;
    ZAGG_TRY(zx_binary_type(&c->check, op, type_of(c, args[0]), type_of(c, args[1]), true,
                            &t, &s.compute));
    ZAGG_TRY(set_args(c, &s, args, 2));
    return emit(c, s, &t, slot);
}

static zagg_status binary(compiler *c, const zx_node *n, size_t *slot)
{
    size_t args[2];
    ZAGG_TRY(compile(c, n->children[0], &args[0]));
    ZAGG_TRY(compile(c, n->children[1], &args[1]));
    return binary_step(c, n->op, n->column, args, slot);
}

static zagg_status want_one(compiler *c, size_t slot, uint32_t column, const char *where)
{
    const zx_type *t = type_of(c, slot);
    c->check.column = column;
    if (t->kind != ZX_K_VALUE || t->rank != 0)
        return zx_refuse(
            &c->check,
            "%s needs one value, not an array; combine arrays with & | ~ and "
            "np.where",
            where);
    return ZAGG_OK;
}

static zagg_status jump(compiler *c, zx_step_kind kind, size_t condition, size_t *at)
{
    zx_step s = {.kind = kind};
    if (kind != ZX_S_JUMP)
        ZAGG_TRY(set_args(c, &s, &condition, 1));
    c->p->branches = true;
    *at = c->steps.len;
    return push(c, &s);
}

static void land(compiler *c, size_t at)
{
    ZG_VEC_AT(&c->steps, zx_step, at)->target = c->steps.len;
}

static zagg_status move(compiler *c, size_t from, size_t to)
{
    zx_step s = {.kind = ZX_S_MOVE, .out = to};
    ZAGG_TRY(set_args(c, &s, &from, 1));
    return push(c, &s);
}

/* What two branches may both become. */
static zagg_status unify(compiler *c, uint32_t column, const zx_type *a, const zx_type *b,
                         zx_type *out)
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
static zagg_status branch(compiler *c, int32_t node, size_t *slot)
{
    c->lazy++;
    const zagg_status status = compile(c, node, slot);
    c->lazy--;
    return status;
}

static zagg_status conditional(compiler *c, const zx_node *n, size_t *slot)
{
    size_t condition, yes, no, to_no, to_end;
    zx_type t;
    ZAGG_TRY(compile(c, n->children[1], &condition));
    ZAGG_TRY(want_one(c, condition, n->column, "a condition"));
    ZAGG_TRY(new_slot(c, type_of(c, condition), slot)); /* its type comes later */
    ZAGG_TRY(jump(c, ZX_S_JUMP_FALSE, condition, &to_no));
    ZAGG_TRY(branch(c, n->children[0], &yes));
    ZAGG_TRY(move(c, yes, *slot));
    ZAGG_TRY(jump(c, ZX_S_JUMP, 0, &to_end));
    land(c, to_no);
    ZAGG_TRY(branch(c, n->children[2], &no));
    ZAGG_TRY(unify(c, n->column, type_of(c, yes), type_of(c, no), &t));
    ZAGG_TRY(move(c, no, *slot));
    land(c, to_end);
    *ZG_VEC_AT(&c->slots, zx_type, *slot) = t;
    return ZAGG_OK;
}

/* `a and b` is a where a is false, else b; nothing of b is computed in the first case. */
static zagg_status logical(compiler *c, const zx_node *n, size_t *slot)
{
    size_t a, b, to_end;
    zx_type t;
    ZAGG_TRY(compile(c, n->children[0], &a));
    ZAGG_TRY(want_one(c, a, n->column, n->kind == ZX_AND ? "'and'" : "'or'"));
    ZAGG_TRY(new_slot(c, type_of(c, a), slot));
    ZAGG_TRY(move(c, a, *slot));
    ZAGG_TRY(jump(c, n->kind == ZX_AND ? ZX_S_JUMP_FALSE : ZX_S_JUMP_TRUE, a, &to_end));
    ZAGG_TRY(branch(c, n->children[1], &b));
    ZAGG_TRY(want_one(c, b, n->column, n->kind == ZX_AND ? "'and'" : "'or'"));
    ZAGG_TRY(unify(c, n->column, type_of(c, a), type_of(c, b), &t));
    ZAGG_TRY(move(c, b, *slot));
    land(c, to_end);
    *ZG_VEC_AT(&c->slots, zx_type, *slot) = t;
    return ZAGG_OK;
}

static zagg_status not_(compiler *c, const zx_node *n, size_t *slot)
{
    size_t a;
    zx_type t = zx_value_type(ZAGG_DT_BOOL, 0);
    zx_step s = {.kind = ZX_S_NOT, .column = n->column};
    t.weak = true;
    ZAGG_TRY(compile(c, n->children[0], &a));
    ZAGG_TRY(want_one(c, a, n->column, "'not'"));
    ZAGG_TRY(set_args(c, &s, &a, 1));
    return emit(c, s, &t, slot);
}

/* a < b < c is a < b and b < c, b computed once: for single values only. */
static zagg_status comparison(compiler *c, const zx_node *n, size_t *slot)
{
    size_t args[2], result = ZX_NO_SLOT, to_end[16];
    size_t n_jumps = 0;
    ZAGG_TRY(compile(c, n->children[0], &args[0]));
    for (size_t i = 1; i < n->n; i++) {
        ZAGG_TRY(compile(c, n->children[i], &args[1]));
        ZAGG_TRY(binary_step(c, n->ops[i - 1], n->column, args, &result));
        args[0] = args[1];
        if (n->n == 2)
            break;
        ZAGG_TRY(want_one(c, result, n->column, "a chain of comparisons"));
        if (i == 1) {
            zx_type t = zx_value_type(ZAGG_DT_BOOL, 0);
            ZAGG_TRY(new_slot(c, &t, slot));
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

/* ---- calls ---- */

/* Number of a parameter in "a axis ddof"; SIZE_MAX when there is none of that name. */
static size_t param_number(const char *params, const char *name, size_t *n)
{
    size_t found = SIZE_MAX;
    *n = 0;
    for (const char *at = params; *at;) {
        const size_t len = strcspn(at, " ");
        if (name && strlen(name) == len && memcmp(at, name, len) == 0)
            found = *n;
        (*n)++;
        at += len;
        at += strspn(at, " ");
    }
    return found;
}

static zagg_status bind(compiler *c, const zx_node *n, size_t args[ZX_MAX_PARAMS],
                        size_t *n_params)
{
    const zx_fn *fn = n->fn;
    const size_t n_plain = n->n - n->n_keys;
    (void)param_number(fn->params, NULL, n_params);
    for (size_t i = 0; i < ZX_MAX_PARAMS; i++)
        args[i] = ZX_NO_SLOT;
    c->check.column = n->column;
    if (n_plain > *n_params)
        return zx_refuse(&c->check, "%s takes at most %zu arguments: %s", fn->name,
                         *n_params, fn->params);
    for (size_t i = 0; i < n->n; i++) {
        size_t at = i;
        if (i >= n_plain) {
            const char *key = n->keys[i - n_plain];
            at = param_number(fn->params, key, n_params);
            c->check.column = n->column;
            if (at == SIZE_MAX)
                return zx_refuse(&c->check, "%s takes no '%s'; its arguments are: %s",
                                 fn->name, key, fn->params);
            if (args[at] != ZX_NO_SLOT)
                return zx_refuse(&c->check, "%s: '%s' is given twice", fn->name, key);
        }
        ZAGG_TRY(compile(c, n->children[i], &args[at]));
    }
    c->check.column = n->column;
    for (size_t i = 0; i < fn->required; i++)
        if (args[i] == ZX_NO_SLOT)
            return zx_refuse(&c->check, "%s needs at least %u arguments: %s", fn->name,
                             fn->required, fn->params);
    return ZAGG_OK;
}

static zagg_status call(compiler *c, const zx_node *n, size_t *slot)
{
    size_t args[ZX_MAX_PARAMS], n_params;
    zx_type t = {0};
    zx_step s = {.kind = ZX_S_CALL, .column = n->column, .fn = n->fn};
    ZAGG_TRY(bind(c, n, args, &n_params));
    ZAGG_TRY(set_args(c, &s, args, n_params));
    ZAGG_TRY(n->fn->type(n->fn, s.types, &c->check, &t));
    return emit(c, s, &t, slot);
}

/* ---- indices and attributes ---- */

static zagg_status item(compiler *c, const zx_node *n, size_t base, size_t index,
                        size_t *slot)
{
    const zx_type *seq = type_of(c, base), *i = type_of(c, index);
    zx_step s = {.kind = ZX_S_ITEM, .column = n->column};
    c->check.column = n->column;
    if (n->n != 2 || i->kind != ZX_K_VALUE || !i->constant || i->dtype != ZAGG_DT_I64)
        return zx_refuse(&c->check, "the index of a tuple must be a literal number");
    const int64_t at = i->i < 0 ? i->i + (int64_t)seq->n : i->i;
    if (at < 0 || at >= (int64_t)seq->n)
        return zx_refuse(&c->check, "index %lld of %zu items", (long long)i->i, seq->n);
    s.target = (size_t)at;
    const zx_type t = seq->items[at];
    ZAGG_TRY(set_args(c, &s, &base, 1));
    return emit(c, s, &t, slot);
}

static zagg_status index_of(compiler *c, const zx_node *n, size_t *slot)
{
    enum { MOST = 4 };
    size_t args[MOST] = {0};
    zx_type t;
    zx_step s = {.kind = ZX_S_INDEX, .column = n->column};
    c->check.column = n->column;
    if (n->n > MOST)
        return zx_refuse(&c->check, "too many indices");
    for (size_t i = 0; i < n->n; i++)
        ZAGG_TRY(compile(c, n->children[i], &args[i]));
    if (type_of(c, args[0])->kind == ZX_K_SEQ)
        return item(c, n, args[0], args[1], slot);
    ZAGG_TRY(set_args(c, &s, args, n->n));
    c->check.column = n->column;
    ZAGG_TRY(zx_index_type(&c->check, s.types, n->n, &t));
    return emit(c, s, &t, slot);
}

static zagg_status attribute(compiler *c, const zx_node *n, size_t *slot)
{
    size_t a;
    zx_step s = {.kind = ZX_S_ATTR, .column = n->column, .attr = n->attr};
    zx_type t = zx_value_type(ZAGG_DT_I64, 0), *items;
    t.weak = true;
    ZAGG_TRY(compile(c, n->children[0], &a));
    c->check.column = n->column;
    const zx_type of = *type_of(c, a);
    ZAGG_TRY(zx_want_value(&c->check, &of, "what has attributes"));
    if (n->attr == ZX_ATTR_DTYPE) {
        t = (zx_type){.kind = ZX_K_DTYPE, .dtype = of.dtype};
        return new_slot(c, &t, slot);
    }
    if (n->attr == ZX_ATTR_NDIM) {
        t.constant = true;
        t.i = of.rank;
        t.f = of.rank;
    } else if (n->attr == ZX_ATTR_T) {
        if (of.rank == 2)
            return zx_refuse(&c->check, ".T of a table is not supported; use [:, k]");
        t = of;
    } else if (n->attr == ZX_ATTR_SHAPE) {
        ZAGG_TRY(zagg_arena_alloc(c->p->arena, of.rank, sizeof *items, &items, c->err));
        for (unsigned i = 0; i < of.rank; i++)
            items[i] = t;
        t = (zx_type){.kind = ZX_K_SEQ, .n = of.rank, .items = items};
    }
    ZAGG_TRY(set_args(c, &s, &a, 1));
    return emit(c, s, &t, slot);
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

static zagg_status compile_new(compiler *c, const zx_node *n, size_t *slot)
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
        return comparison(c, n, slot);
    case ZX_AND:
    case ZX_OR:
        return logical(c, n, slot);
    case ZX_NOT:
        return not_(c, n, slot);
    case ZX_COND:
        return conditional(c, n, slot);
    case ZX_CALL:
        return call(c, n, slot);
    case ZX_INDEX:
        return index_of(c, n, slot);
    case ZX_ATTR:
        return attribute(c, n, slot);
    }
    return ZAGG_EINTERNAL;
}

static zagg_status compile(compiler *c, int32_t node, size_t *slot)
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

static zagg_status finish(compiler *c)
{
    zagg_program *p = c->p;
    const zx_type *t = type_of(c, p->result);
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

static zagg_status compile_program(compiler *c)
{
    const zagg_expr *e = c->e;
    zagg_program *p = c->p;
    ZAGG_TRY(zagg_arena_new(0, &p->arena, c->err));
    p->text = zagg_arena_strndup(p->arena, e->text, strlen(e->text));
    if (!p->text)
        return no_memory(c);
    c->check = (zx_check){p->arena, p->text, 1, c->err};
    p->n_names = e->n_names;
    ZAGG_TRY(zagg_arena_alloc(p->arena, e->n_names, sizeof *p->names, &p->names, c->err));
    if (e->n_names)
        memcpy(p->names, c->names, e->n_names * sizeof *p->names);
    ZAGG_TRY(compile(c, e->root, &p->result));
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
        compiler c = {.e = expr,
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
