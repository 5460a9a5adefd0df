/* Names of columns, of numpy's functions and of Python's built-ins; calls. */
#include "expr/parse.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

/* ---- calls ---- */

typedef struct arguments {
    zg_vec children; /* int32_t */
    const char *keys[ZX_MAX_KEYS];
    size_t n_keys;
} arguments;

/* NAME "=" begins a keyword argument; "==" does not. */
static bool is_keyword(const zx_parser *p)
{
    const char *at = p->next + strspn(p->next, " \t\r\n");
    return p->t.kind == ZX_T_NAME && at[0] == '=' && at[1] != '=';
}

static zagg_status keyword(zx_parser *p, arguments *a)
{
    if (a->n_keys == ZX_MAX_KEYS)
        return ZX_REFUSE(p, p->t.column, "more than %d keyword arguments", ZX_MAX_KEYS);
    const char *name = zagg_arena_strndup(p->e->arena, p->t.text, p->t.len);
    if (!name)
        return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
    a->keys[a->n_keys++] = name;
    ZAGG_TRY(zx_advance(p));
    return zx_advance(p);
}

static zagg_status argument_list(zx_parser *p, arguments *a)
{
    while (!zx_is(&p->t, ")")) {
        if (is_keyword(p))
            ZAGG_TRY(keyword(p, a));
        else if (a->n_keys > 0)
            return ZX_REFUSE(p, p->t.column,
                             "positional argument behind a keyword argument");
        int32_t child;
        ZAGG_TRY(zx_parse_expr(p, &child));
        int32_t *slot = zg_vec_push(&a->children);
        if (!slot)
            return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
        *slot = child;
        if (!zx_is(&p->t, ","))
            break;
        ZAGG_TRY(zx_advance(p));
    }
    return zx_expect(p, ")", "',' or ')'");
}

zagg_status zx_parse_call(zx_parser *p, const zx_fn *fn, uint32_t column, int32_t self,
                          int32_t *out)
{
    arguments a = {.n_keys = 0};
    zx_node node = {.kind = ZX_CALL, .column = column, .fn = fn, .method = self >= 0};
    zg_vec_init(&a.children, sizeof(int32_t), 0);
    zagg_status status = zx_advance(p);
    if (status == ZAGG_OK && self >= 0) {
        int32_t *slot = zg_vec_push(&a.children);
        if (slot)
            *slot = self;
        else
            status = zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
    }
    if (status == ZAGG_OK)
        status = argument_list(p, &a);
    if (status == ZAGG_OK && a.n_keys > 0) {
        node.n_keys = a.n_keys;
        status = zagg_arena_alloc(p->e->arena, a.n_keys, sizeof *node.keys, &node.keys,
                                  p->err);
        if (status == ZAGG_OK)
            memcpy(node.keys, a.keys, a.n_keys * sizeof *node.keys);
    }
    if (status == ZAGG_OK)
        status = zx_add_node(p, node, a.children.data, a.children.len, out);
    zg_vec_free(&a.children);
    return status;
}

/* ---- names ---- */

static bool constant(const zx_token *t, double *out)
{
    static const struct {
        const char *name;
        double value;
    } CONSTANTS[] = {{"pi", 3.141592653589793}, {"e", 2.718281828459045}};
    if (zx_is(t, "inf") || zx_is(t, "nan")) {
        *out = zx_is(t, "inf") ? HUGE_VAL : __builtin_nan("");
        return true;
    }
    for (size_t i = 0; i < sizeof CONSTANTS / sizeof CONSTANTS[0]; i++)
        if (zx_is(t, CONSTANTS[i].name)) {
            *out = CONSTANTS[i].value;
            return true;
        }
    return false;
}

static zagg_dtype dtype_word(const zx_token *t)
{
    char name[16];
    if (t->len >= sizeof name)
        return ZAGG_DT_NONE;
    memcpy(name, t->text, t->len);
    name[t->len] = '\0';
    if (strcmp(name, "bool_") == 0)
        return ZAGG_DT_BOOL;
    if (strcmp(name, "double") == 0)
        return ZAGG_DT_F64;
    if (strcmp(name, "single") == 0)
        return ZAGG_DT_F32;
    if (strcmp(name, "int_") == 0 || strcmp(name, "intp") == 0)
        return ZAGG_DT_I64;
    return zagg_dtype_from_name(name);
}

/* The word as a text of its own, as far as it matters for messages. */
static const char *word_of(const zx_token *t, char word[41])
{
    const size_t len = t->len < 40 ? t->len : 40;
    memcpy(word, t->text, len);
    word[len] = '\0';
    return word;
}

/* A slip of the pen: two letters, in a word that has more. */
static bool is_near(const char *word, const char *name)
{
    const size_t distance = zg_edit_distance(word, name);
    return distance <= 2 && distance + 2 <= strlen(name);
}

static zagg_status unknown_function(zx_parser *p, const zx_token *t)
{
    char word[41];
    const char *near = zx_near_fn(word_of(t, word), is_near);
    return ZX_REFUSE(p, t->column,
                     "'np.%s' is no function of the expression language%s%s%s "
                     "(docs/expressions.md lists them)",
                     word, near ? "; did you mean 'np." : "", near ? near : "",
                     near ? "'?" : "");
}

/* Behind "np" and its dot. */
static zagg_status numpy_name(zx_parser *p, int32_t *out)
{
    const zx_token t = p->t;
    double value;
    if (t.kind != ZX_T_NAME)
        return zx_unexpected(p, "a function of numpy");
    ZAGG_TRY(zx_advance(p));
    if (constant(&t, &value))
        return zx_add_node(p, (zx_node){.kind = ZX_FLOAT, .column = t.column, .f = value},
                           NULL, 0, out);
    if (zx_is(&t, "newaxis"))
        return zx_add_node(p, (zx_node){.kind = ZX_NONE, .column = t.column}, NULL, 0,
                           out);
    const zagg_dtype dtype = dtype_word(&t);
    if (dtype != ZAGG_DT_NONE && !zx_is(&p->t, "("))
        return zx_add_node(
            p, (zx_node){.kind = ZX_DTYPE, .column = t.column, .dtype = dtype}, NULL, 0,
            out);
    const zx_fn *fn = zx_find_fn(t.text, t.len);
    if (!fn)
        return unknown_function(p, &t);
    if (!zx_is(&p->t, "("))
        return ZX_REFUSE(p, t.column, "np.%s is a function: write np.%s(...)", fn->name,
                         fn->name);
    return zx_parse_call(p, fn, t.column, -1, out);
}

static zagg_status unknown_name(zx_parser *p, const zx_token *t)
{
    char word[41];
    const char *near = NULL;
    zg_str list;
    word_of(t, word);
    zg_str_init(&list, 600);
    for (size_t i = 0; i < p->e->n_names; i++) {
        if (list.len < 300)
            zg_str_addf(&list, "%s%s", i ? ", " : "", p->e->names[i]);
        if (!near && is_near(word, p->e->names[i]))
            near = p->e->names[i];
    }
    const bool function = !near && zx_find_fn(t->text, t->len);
    const zagg_status status = ZX_REFUSE(
        p, t->column,
        "'%s' is neither a column nor a function%s%s%s; allowed: %s%snp.FUNCTION%s", word,
        near || function ? " (did you mean '" : "",
        near       ? near
        : function ? "np."
                   : "",
        near       ? "'?)"
        : function ? "...'?)"
                   : "",
        list.data, list.len ? ", " : "",
        p->scope == ZAGG_EXPR_FIELD ? ", len, float, int, abs, sum" : "");
    zg_str_free(&list);
    return status;
}

zagg_status zx_parse_name(zx_parser *p, int32_t *out)
{
    const zx_token t = p->t;
    for (size_t i = 0; i < p->e->n_names; i++)
        if (zx_is(&t, p->e->names[i])) {
            p->e->used[i] = true;
            ZAGG_TRY(zx_advance(p));
            return zx_add_node(
                p, (zx_node){.kind = ZX_NAME, .column = t.column, .i = (int64_t)i}, NULL,
                0, out);
        }
    ZAGG_TRY(zx_advance(p));
    if (zx_is(&t, "True") || zx_is(&t, "False"))
        return zx_add_node(
            p, (zx_node){.kind = ZX_BOOL, .column = t.column, .i = zx_is(&t, "True")},
            NULL, 0, out);
    if (zx_is(&t, "None"))
        return zx_add_node(p, (zx_node){.kind = ZX_NONE, .column = t.column}, NULL, 0,
                           out);
    if (zx_is(&t, "np") || zx_is(&t, "numpy")) {
        ZAGG_TRY(zx_expect(p, ".", "'.' and a function of numpy"));
        return numpy_name(p, out);
    }
    const zx_fn *fn = p->scope == ZAGG_EXPR_FIELD ? zx_find_builtin(t.text, t.len) : NULL;
    if (!fn)
        return unknown_name(p, &t);
    if (!zx_is(&p->t, "(") && (zx_is(&t, "float") || zx_is(&t, "int")))
        return zx_add_node(
            p,
            (zx_node){.kind = ZX_DTYPE,
                      .column = t.column,
                      .dtype = zx_is(&t, "int") ? ZAGG_DT_I64 : ZAGG_DT_F64},
            NULL, 0, out); /* as in h.astype(float) */
    if (!zx_is(&p->t, "("))
        return ZX_REFUSE(p, t.column, "%s is a function: write %s(...)", fn->name,
                         fn->name);
    return zx_parse_call(p, fn, t.column, -1, out);
}
