/* Calls, indices and attributes. */
#include "expr/compile.h"

#include <string.h>

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

static zagg_status bind(zx_compiler *c, const zx_node *n, size_t args[ZX_MAX_PARAMS],
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
        ZAGG_TRY(zx_compile_node(c, n->children[i], &args[at]));
    }
    c->check.column = n->column;
    for (size_t i = 0; i < fn->required; i++)
        if (args[i] == ZX_NO_SLOT)
            return zx_refuse(&c->check, "%s needs at least %u arguments: %s", fn->name,
                             fn->required, fn->params);
    return ZAGG_OK;
}

/* Python's numbers have neither methods nor attributes of arrays. */
static zagg_status want_numpy(zx_compiler *c, size_t slot, const char *what)
{
    if (!zx_slot_type(c, slot)->weak)
        return ZAGG_OK;
    return zx_refuse(&c->check,
                     "Python's numbers have no %s; those of arrays and of np.float64(x) "
                     "are meant",
                     what);
}

zagg_status zx_compile_call(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t args[ZX_MAX_PARAMS], n_params;
    zx_type t = {0};
    zx_step s = {.kind = ZX_S_CALL, .column = n->column, .fn = n->fn};
    ZAGG_TRY(bind(c, n, args, &n_params));
    if (n->method)
        ZAGG_TRY(want_numpy(c, args[0], "methods"));
    ZAGG_TRY(zx_set_args(c, &s, args, n_params));
    ZAGG_TRY(n->fn->type(n->fn, s.types, &c->check, &t));
    return zx_emit(c, s, &t, slot);
}

/* ---- indices and attributes ---- */

static zagg_status item(zx_compiler *c, const zx_node *n, size_t base, size_t index,
                        size_t *slot)
{
    const zx_type *seq = zx_slot_type(c, base), *i = zx_slot_type(c, index);
    zx_step s = {.kind = ZX_S_ITEM, .column = n->column};
    c->check.column = n->column;
    if (n->n != 2 || i->kind != ZX_K_VALUE || !i->constant || i->dtype != ZAGG_DT_I64)
        return zx_refuse(&c->check, "the index of a tuple must be a literal number");
    const int64_t at = i->i < 0 ? i->i + (int64_t)seq->n : i->i;
    if (at < 0 || at >= (int64_t)seq->n)
        return zx_refuse(&c->check, "index %lld of %zu items", (long long)i->i, seq->n);
    s.target = (size_t)at;
    const zx_type t = seq->items[at];
    ZAGG_TRY(zx_set_args(c, &s, &base, 1));
    return zx_emit(c, s, &t, slot);
}

zagg_status zx_compile_index(zx_compiler *c, const zx_node *n, size_t *slot)
{
    enum { MOST = 4 };
    size_t args[MOST] = {0};
    zx_type t;
    zx_step s = {.kind = ZX_S_INDEX, .column = n->column};
    c->check.column = n->column;
    if (n->n > MOST)
        return zx_refuse(&c->check, "too many indices");
    for (size_t i = 0; i < n->n; i++)
        ZAGG_TRY(zx_compile_node(c, n->children[i], &args[i]));
    if (zx_slot_type(c, args[0])->kind == ZX_K_SEQ)
        return item(c, n, args[0], args[1], slot);
    ZAGG_TRY(zx_set_args(c, &s, args, n->n));
    c->check.column = n->column;
    ZAGG_TRY(zx_index_type(&c->check, s.types, n->n, &t));
    return zx_emit(c, s, &t, slot);
}

zagg_status zx_compile_attribute(zx_compiler *c, const zx_node *n, size_t *slot)
{
    size_t a;
    zx_step s = {.kind = ZX_S_ATTR, .column = n->column, .attr = n->attr};
    zx_type t = zx_value_type(ZAGG_DT_I64, 0), *items;
    t.weak = true;
    ZAGG_TRY(zx_compile_node(c, n->children[0], &a));
    c->check.column = n->column;
    const zx_type of = *zx_slot_type(c, a);
    ZAGG_TRY(zx_want_value(&c->check, &of, "what has attributes"));
    ZAGG_TRY(want_numpy(c, a, "attributes"));
    if (n->attr == ZX_ATTR_DTYPE) {
        t = (zx_type){.kind = ZX_K_DTYPE, .dtype = of.dtype};
        return zx_new_slot(c, &t, slot);
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
    ZAGG_TRY(zx_set_args(c, &s, &a, 1));
    return zx_emit(c, s, &t, slot);
}
