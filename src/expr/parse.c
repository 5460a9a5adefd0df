/* Recursive descent over the grammar of the language (docs/expressions.md): Python's,
 * without everything that is not arithmetic. */
#include "expr/ast.h"
#include "expr/fn.h"
#include "expr/lexer.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

/* Brackets and signs within one another; and operations whose results feed one another,
 * which a + b + c + ... piles up without any bracket. */
enum { MOST_TEXT = 4096, MOST_DEPTH = 64, MOST_HEIGHT = 256 };

typedef struct parser {
    zagg_expr *e;
    zagg_expr_scope scope;
    zx_token t; /* the current token */
    const char *next;
    unsigned depth;
    zg_vec nodes;
    zagg_err *err;
} parser;

zagg_status zx_at(zagg_err *err, zagg_status status, const char *text, uint32_t column)
{
    if (strlen(text) <= 300)
        return zagg_err_context(err, status, "'%s': column %u", text, column);
    return zagg_err_context(err, status, "'%.250s...': column %u", text, column);
}

#define REFUSE(p, column, ...)                                                           \
    zx_at((p)->err, zagg_err_set((p)->err, ZAGG_ECONFIG, __VA_ARGS__), (p)->e->text,     \
          column)

static zagg_status advance(parser *p)
{
    return zx_lex(p->e->text, p->next, &p->t, &p->next, p->err);
}

static zagg_status unexpected(parser *p, const char *allowed)
{
    if (p->t.kind == ZX_T_END)
        return REFUSE(p, p->t.column, "the text ends where %s should follow", allowed);
    return REFUSE(p, p->t.column, "'%.*s' is not allowed here; expected %s",
                  p->t.len > 40 ? 40 : (int)p->t.len, p->t.text, allowed);
}

static zagg_status expect(parser *p, const char *mark, const char *allowed)
{
    if (!zx_is(&p->t, mark) || p->t.kind != ZX_T_MARK)
        return unexpected(p, allowed);
    return advance(p);
}

static zagg_status add(parser *p, zx_node node, const int32_t *children, size_t n,
                       int32_t *out)
{
    zx_node *slot = zg_vec_push(&p->nodes);
    if (!slot)
        return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
    node.n = n;
    for (size_t i = 0; i < n; i++)
        if (children[i] >= 0 &&
            ZG_VEC_AT(&p->nodes, zx_node, children[i])->height >= node.height)
            node.height = ZG_VEC_AT(&p->nodes, zx_node, children[i])->height + 1;
    if (node.height > MOST_HEIGHT)
        return REFUSE(p, node.column, "more than %d operations build on one another",
                      MOST_HEIGHT);
    *slot = node;
    if (n > 0) {
        ZAGG_TRY(
            zagg_arena_alloc(p->e->arena, n, sizeof *children, &slot->children, p->err));
        memcpy(slot->children, children, n * sizeof *children);
    }
    *out = (int32_t)(p->nodes.len - 1);
    return ZAGG_OK;
}

static zagg_status expr(parser *p, int32_t *out);

/* ---- calls ---- */

typedef struct arguments {
    zg_vec children; /* int32_t */
    const char *keys[ZX_MAX_KEYS];
    size_t n_keys;
} arguments;

/* NAME "=" begins a keyword argument; "==" does not. */
static bool is_keyword(const parser *p)
{
    const char *at = p->next + strspn(p->next, " \t\r\n");
    return p->t.kind == ZX_T_NAME && at[0] == '=' && at[1] != '=';
}

static zagg_status keyword(parser *p, arguments *a)
{
    if (a->n_keys == ZX_MAX_KEYS)
        return REFUSE(p, p->t.column, "more than %d keyword arguments", ZX_MAX_KEYS);
    const char *name = zagg_arena_strndup(p->e->arena, p->t.text, p->t.len);
    if (!name)
        return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
    a->keys[a->n_keys++] = name;
    ZAGG_TRY(advance(p));
    return advance(p);
}

static zagg_status argument_list(parser *p, arguments *a)
{
    while (!zx_is(&p->t, ")")) {
        if (is_keyword(p))
            ZAGG_TRY(keyword(p, a));
        else if (a->n_keys > 0)
            return REFUSE(p, p->t.column,
                          "positional argument behind a keyword argument");
        int32_t child;
        ZAGG_TRY(expr(p, &child));
        int32_t *slot = zg_vec_push(&a->children);
        if (!slot)
            return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
        *slot = child;
        if (!zx_is(&p->t, ","))
            break;
        ZAGG_TRY(advance(p));
    }
    return expect(p, ")", "',' or ')'");
}

/* The current token is "("; `self` is the object of a method, or -1. */
static zagg_status call(parser *p, const zx_fn *fn, uint32_t column, int32_t self,
                        int32_t *out)
{
    arguments a = {.n_keys = 0};
    zx_node node = {.kind = ZX_CALL, .column = column, .fn = fn, .method = self >= 0};
    zg_vec_init(&a.children, sizeof(int32_t), 0);
    zagg_status status = advance(p);
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
        status = add(p, node, a.children.data, a.children.len, out);
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

static zagg_status unknown_function(parser *p, const zx_token *t)
{
    char word[41];
    const char *near = zx_near_fn(word_of(t, word), is_near);
    return REFUSE(p, t->column,
                  "'np.%s' is no function of the expression language%s%s%s "
                  "(docs/expressions.md lists them)",
                  word, near ? "; did you mean 'np." : "", near ? near : "",
                  near ? "'?" : "");
}

/* Behind "np" and its dot. */
static zagg_status numpy_name(parser *p, int32_t *out)
{
    const zx_token t = p->t;
    double value;
    if (t.kind != ZX_T_NAME)
        return unexpected(p, "a function of numpy");
    ZAGG_TRY(advance(p));
    if (constant(&t, &value))
        return add(p, (zx_node){.kind = ZX_FLOAT, .column = t.column, .f = value}, NULL,
                   0, out);
    if (zx_is(&t, "newaxis"))
        return add(p, (zx_node){.kind = ZX_NONE, .column = t.column}, NULL, 0, out);
    const zagg_dtype dtype = dtype_word(&t);
    if (dtype != ZAGG_DT_NONE && !zx_is(&p->t, "("))
        return add(p, (zx_node){.kind = ZX_DTYPE, .column = t.column, .dtype = dtype},
                   NULL, 0, out);
    const zx_fn *fn = zx_find_fn(t.text, t.len);
    if (!fn)
        return unknown_function(p, &t);
    if (!zx_is(&p->t, "("))
        return REFUSE(p, t.column, "np.%s is a function: write np.%s(...)", fn->name,
                      fn->name);
    return call(p, fn, t.column, -1, out);
}

static zagg_status unknown_name(parser *p, const zx_token *t)
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
    const zagg_status status = REFUSE(
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

static zagg_status name(parser *p, int32_t *out)
{
    const zx_token t = p->t;
    for (size_t i = 0; i < p->e->n_names; i++)
        if (zx_is(&t, p->e->names[i])) {
            p->e->used[i] = true;
            ZAGG_TRY(advance(p));
            return add(p, (zx_node){.kind = ZX_NAME, .column = t.column, .i = (int64_t)i},
                       NULL, 0, out);
        }
    ZAGG_TRY(advance(p));
    if (zx_is(&t, "True") || zx_is(&t, "False"))
        return add(p,
                   (zx_node){.kind = ZX_BOOL, .column = t.column, .i = zx_is(&t, "True")},
                   NULL, 0, out);
    if (zx_is(&t, "None"))
        return add(p, (zx_node){.kind = ZX_NONE, .column = t.column}, NULL, 0, out);
    if (zx_is(&t, "np") || zx_is(&t, "numpy")) {
        ZAGG_TRY(expect(p, ".", "'.' and a function of numpy"));
        return numpy_name(p, out);
    }
    const zx_fn *fn = p->scope == ZAGG_EXPR_FIELD ? zx_find_builtin(t.text, t.len) : NULL;
    if (!fn)
        return unknown_name(p, &t);
    if (!zx_is(&p->t, "(") && (zx_is(&t, "float") || zx_is(&t, "int")))
        return add(p,
                   (zx_node){.kind = ZX_DTYPE,
                             .column = t.column,
                             .dtype = zx_is(&t, "int") ? ZAGG_DT_I64 : ZAGG_DT_F64},
                   NULL, 0, out); /* as in h.astype(float) */
    if (!zx_is(&p->t, "("))
        return REFUSE(p, t.column, "%s is a function: write %s(...)", fn->name, fn->name);
    return call(p, fn, t.column, -1, out);
}

/* ---- sequences, indices, attributes ---- */

/* Elements up to the closing bracket; *trailing tells a comma behind the last. */
static zagg_status elements(parser *p, const char *close, zg_vec *children, bool *comma,
                            zagg_status (*one)(parser *, int32_t *))
{
    *comma = false;
    while (!zx_is(&p->t, close)) {
        int32_t child;
        ZAGG_TRY(one(p, &child));
        int32_t *slot = zg_vec_push(children);
        if (!slot)
            return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
        *slot = child;
        *comma = zx_is(&p->t, ",");
        if (!*comma)
            break;
        ZAGG_TRY(advance(p));
    }
    return expect(p, close, close[0] == ')' ? "',' or ')'" : "',' or ']'");
}

static zagg_status sequence(parser *p, int32_t *out)
{
    const uint32_t column = p->t.column;
    const bool list = zx_is(&p->t, "[");
    bool comma;
    zg_vec children;
    zg_vec_init(&children, sizeof(int32_t), 0);
    zagg_status status = advance(p);
    if (status == ZAGG_OK)
        status = elements(p, list ? "]" : ")", &children, &comma, expr);
    if (status == ZAGG_OK && !list && children.len == 1 && !comma)
        *out = *ZG_VEC_AT(&children, int32_t, 0);
    else if (status == ZAGG_OK)
        status = add(p, (zx_node){.kind = list ? ZX_LIST : ZX_TUPLE, .column = column},
                     children.data, children.len, out);
    zg_vec_free(&children);
    return status;
}

static bool ends_slice_part(const parser *p)
{
    return zx_is(&p->t, ":") || zx_is(&p->t, ",") || zx_is(&p->t, "]");
}

static zagg_status one_index(parser *p, int32_t *out)
{
    const uint32_t column = p->t.column;
    int32_t parts[3] = {-1, -1, -1};
    if (zx_is(&p->t, "...")) {
        ZAGG_TRY(advance(p));
        return add(p, (zx_node){.kind = ZX_ELLIPSIS, .column = column}, NULL, 0, out);
    }
    if (!ends_slice_part(p))
        ZAGG_TRY(expr(p, &parts[0]));
    if (!zx_is(&p->t, ":")) {
        *out = parts[0];
        return parts[0] >= 0 ? ZAGG_OK : unexpected(p, "an index");
    }
    for (int i = 1; i < 3 && zx_is(&p->t, ":"); i++) {
        ZAGG_TRY(advance(p));
        if (!ends_slice_part(p))
            ZAGG_TRY(expr(p, &parts[i]));
    }
    return add(p, (zx_node){.kind = ZX_SLICE, .column = column}, parts, 3, out);
}

static zagg_status index_of(parser *p, int32_t *node)
{
    const uint32_t column = p->t.column;
    bool comma;
    zg_vec children;
    zg_vec_init(&children, sizeof(int32_t), 0);
    int32_t *slot = zg_vec_push(&children);
    zagg_status status =
        slot ? advance(p)
             : zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
    if (slot)
        *slot = *node;
    if (status == ZAGG_OK)
        status = elements(p, "]", &children, &comma, one_index);
    if (status == ZAGG_OK && children.len == 1)
        status = REFUSE(p, column, "an index is missing between the brackets");
    if (status == ZAGG_OK)
        status = add(p, (zx_node){.kind = ZX_INDEX, .column = column}, children.data,
                     children.len, node);
    zg_vec_free(&children);
    return status;
}

static zagg_status attribute(parser *p, int32_t *node)
{
    static const struct {
        const char *name;
        zx_attr attr;
    } ATTRIBUTES[] = {{"size", ZX_ATTR_SIZE},
                      {"shape", ZX_ATTR_SHAPE},
                      {"ndim", ZX_ATTR_NDIM},
                      {"T", ZX_ATTR_T},
                      {"dtype", ZX_ATTR_DTYPE}};
    ZAGG_TRY(advance(p));
    const zx_token t = p->t;
    if (t.kind != ZX_T_NAME)
        return unexpected(p, "a method or attribute");
    ZAGG_TRY(advance(p));
    if (zx_is(&p->t, "(")) {
        const zx_fn *fn = zx_find_fn(t.text, t.len);
        if (fn && fn->method)
            return call(p, fn, t.column, *node, node);
    } else {
        for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof ATTRIBUTES[0]; i++)
            if (zx_is(&t, ATTRIBUTES[i].name))
                return add(p,
                           (zx_node){.kind = ZX_ATTR,
                                     .column = t.column,
                                     .attr = ATTRIBUTES[i].attr},
                           node, 1, node);
    }
    return REFUSE(p, t.column,
                  "'.%.*s' is not allowed; attributes are size, shape, ndim, T, dtype, "
                  "methods those of arrays (max, mean, astype, ...)",
                  t.len > 40 ? 40 : (int)t.len, t.text);
}

/* ---- operators, from the tightest ---- */

static zagg_status atom(parser *p, int32_t *out)
{
    const zx_token t = p->t;
    static const char *const WORDS[] = {
        "lambda", "for", "in",    "is",    "import", "if",  "else",  "and",
        "or",     "not", "await", "yield", "def",    "del", "class", "return"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (zx_is(&t, WORDS[i]))
            return unexpected(p, "a column, a number or a function");
    switch (t.kind) {
    case ZX_T_INT:
        ZAGG_TRY(advance(p));
        return add(p, (zx_node){.kind = ZX_INT, .column = t.column, .i = t.i}, NULL, 0,
                   out);
    case ZX_T_FLOAT:
        ZAGG_TRY(advance(p));
        return add(p, (zx_node){.kind = ZX_FLOAT, .column = t.column, .f = t.f}, NULL, 0,
                   out);
    case ZX_T_STRING: {
        const char *text = zagg_arena_strndup(p->e->arena, t.text, t.len);
        if (!text)
            return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
        ZAGG_TRY(advance(p));
        return add(p, (zx_node){.kind = ZX_STRING, .column = t.column, .text = text},
                   NULL, 0, out);
    }
    case ZX_T_NAME:
        return name(p, out);
    case ZX_T_MARK:
        if (zx_is(&t, "(") || zx_is(&t, "["))
            return sequence(p, out);
        break;
    case ZX_T_END:
        break;
    }
    return unexpected(p, "a column, a number or a function");
}

static zagg_status postfix(parser *p, int32_t *out)
{
    ZAGG_TRY(atom(p, out));
    while (p->t.kind == ZX_T_MARK) {
        if (zx_is(&p->t, "["))
            ZAGG_TRY(index_of(p, out));
        else if (zx_is(&p->t, "."))
            ZAGG_TRY(attribute(p, out));
        else
            break;
    }
    return ZAGG_OK;
}

/* One step deeper; what follows must give the step back. */
static zagg_status deeper(parser *p)
{
    if (++p->depth > MOST_DEPTH)
        return REFUSE(p, p->t.column, "nested deeper than %d levels", MOST_DEPTH);
    return ZAGG_OK;
}

static zagg_status unary(parser *p, int32_t *out);

static zagg_status power(parser *p, int32_t *out)
{
    int32_t sides[2];
    ZAGG_TRY(postfix(p, &sides[0]));
    const uint32_t column = p->t.column;
    if (!zx_is(&p->t, "**")) {
        *out = sides[0];
        return ZAGG_OK;
    }
    ZAGG_TRY(deeper(p));
    ZAGG_TRY(advance(p));
    ZAGG_TRY(unary(p, &sides[1]));
    p->depth--;
    return add(p, (zx_node){.kind = ZX_BINARY, .column = column, .op = ZX_POW}, sides, 2,
               out);
}

static zagg_status unary(parser *p, int32_t *out)
{
    static const struct {
        const char *mark;
        zx_op op;
    } OPS[] = {{"+", ZX_POS}, {"-", ZX_NEG}, {"~", ZX_INVERT}};
    const uint32_t column = p->t.column;
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++)
        if (p->t.kind == ZX_T_MARK && zx_is(&p->t, OPS[i].mark)) {
            int32_t child;
            ZAGG_TRY(deeper(p));
            ZAGG_TRY(advance(p));
            ZAGG_TRY(unary(p, &child));
            p->depth--;
            return add(p, (zx_node){.kind = ZX_UNARY, .column = column, .op = OPS[i].op},
                       &child, 1, out);
        }
    return power(p, out);
}

typedef struct level {
    const char *marks[4];
    zx_op ops[4];
} level;

/* From the tightest to the loosest. */
static const level LEVELS[] = {
    {{"*", "//", "/", "%"}, {ZX_MUL, ZX_FLOORDIV, ZX_DIV, ZX_MOD}},
    {{"+", "-"}, {ZX_ADD, ZX_SUB}},
    {{"<<", ">>"}, {ZX_LSHIFT, ZX_RSHIFT}},
    {{"&"}, {ZX_BITAND}},
    {{"^"}, {ZX_BITXOR}},
    {{"|"}, {ZX_BITOR}},
};
enum { N_LEVELS = sizeof LEVELS / sizeof LEVELS[0] };

static bool operator_of(const parser *p, const level *l, zx_op *op)
{
    for (size_t i = 0; i < 4 && l->marks[i]; i++)
        if (p->t.kind == ZX_T_MARK && zx_is(&p->t, l->marks[i])) {
            *op = l->ops[i];
            return true;
        }
    return false;
}

/* a @ b of two arrays is their dot product; it binds as * does. */
static bool is_dot(const parser *p, int at)
{
    return at == 0 && p->t.kind == ZX_T_MARK && zx_is(&p->t, "@");
}

static zagg_status binary(parser *p, int at, int32_t *out)
{
    int32_t sides[2];
    zx_op op = ZX_ADD;
    if (at < 0)
        return unary(p, out);
    ZAGG_TRY(binary(p, at - 1, &sides[0]));
    while (is_dot(p, at) || operator_of(p, &LEVELS[at], &op)) {
        zx_node node = {.kind = ZX_BINARY, .column = p->t.column, .op = op};
        if (is_dot(p, at)) {
            node.kind = ZX_CALL;
            node.fn = zx_find_fn("dot", 3);
        }
        ZAGG_TRY(advance(p));
        ZAGG_TRY(binary(p, at - 1, &sides[1]));
        ZAGG_TRY(add(p, node, sides, 2, &sides[0]));
    }
    *out = sides[0];
    return ZAGG_OK;
}

static bool comparison(const parser *p, zx_op *op)
{
    static const level COMPARISONS[] = {
        {{"<", "<=", ">", ">="}, {ZX_LT, ZX_LE, ZX_GT, ZX_GE}},
        {{"==", "!="}, {ZX_EQ, ZX_NE}}};
    return operator_of(p, &COMPARISONS[0], op) || operator_of(p, &COMPARISONS[1], op);
}

static zagg_status compare(parser *p, int32_t *out)
{
    enum { MOST = 16 };
    int32_t sides[MOST];
    zx_op ops[MOST] = {ZX_LT};
    size_t n = 1;
    uint32_t column = p->t.column;
    ZAGG_TRY(binary(p, N_LEVELS - 1, &sides[0]));
    while (comparison(p, &ops[n - 1])) {
        column = n == 1 ? p->t.column : column;
        if (n == MOST)
            return REFUSE(p, p->t.column, "more than %d comparisons in a chain",
                          MOST - 1);
        ZAGG_TRY(advance(p));
        ZAGG_TRY(binary(p, N_LEVELS - 1, &sides[n++]));
    }
    if (n == 1) {
        *out = sides[0];
        return ZAGG_OK;
    }
    zx_node node = {.kind = ZX_COMPARE, .column = column};
    ZAGG_TRY(zagg_arena_alloc(p->e->arena, n - 1, sizeof *node.ops, &node.ops, p->err));
    memcpy(node.ops, ops, (n - 1) * sizeof *ops);
    return add(p, node, sides, n, out);
}

static zagg_status not_(parser *p, int32_t *out)
{
    const uint32_t column = p->t.column;
    int32_t child;
    if (!zx_is(&p->t, "not"))
        return compare(p, out);
    ZAGG_TRY(deeper(p));
    ZAGG_TRY(advance(p));
    ZAGG_TRY(not_(p, &child));
    p->depth--;
    return add(p, (zx_node){.kind = ZX_NOT, .column = column}, &child, 1, out);
}

static zagg_status logical(parser *p, bool is_or, int32_t *out)
{
    int32_t sides[2];
    ZAGG_TRY(is_or ? logical(p, false, &sides[0]) : not_(p, &sides[0]));
    while (zx_is(&p->t, is_or ? "or" : "and")) {
        const uint32_t column = p->t.column;
        ZAGG_TRY(advance(p));
        ZAGG_TRY(is_or ? logical(p, false, &sides[1]) : not_(p, &sides[1]));
        ZAGG_TRY(add(p, (zx_node){.kind = is_or ? ZX_OR : ZX_AND, .column = column},
                     sides, 2, &sides[0]));
    }
    *out = sides[0];
    return ZAGG_OK;
}

static zagg_status expr(parser *p, int32_t *out)
{
    int32_t parts[3];
    ZAGG_TRY(deeper(p));
    ZAGG_TRY(logical(p, true, &parts[0]));
    if (zx_is(&p->t, "if")) {
        const uint32_t column = p->t.column;
        ZAGG_TRY(advance(p));
        ZAGG_TRY(logical(p, true, &parts[1]));
        if (!zx_is(&p->t, "else"))
            return unexpected(p, "'else'");
        ZAGG_TRY(advance(p));
        ZAGG_TRY(expr(p, &parts[2]));
        ZAGG_TRY(
            add(p, (zx_node){.kind = ZX_COND, .column = column}, parts, 3, &parts[0]));
    }
    p->depth--;
    *out = parts[0];
    return ZAGG_OK;
}

/* ---- entry ---- */

static zagg_status keep_names(zagg_expr *e, const zagg_expr_name *names, size_t n,
                              zagg_err *err)
{
    ZAGG_TRY(zagg_arena_alloc(e->arena, n, sizeof *e->names, &e->names, err));
    ZAGG_TRY(zagg_arena_alloc(e->arena, n, sizeof *e->used, &e->used, err));
    for (size_t i = 0; i < n; i++) {
        e->names[i] = zagg_arena_strndup(e->arena, names[i].name, strlen(names[i].name));
        if (!e->names[i])
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an expression");
    }
    e->n_names = n;
    return ZAGG_OK;
}

static zagg_status whole_text(parser *p)
{
    ZAGG_TRY(advance(p));
    if (p->t.kind == ZX_T_END)
        return zagg_err_set(p->err, ZAGG_ECONFIG, "an expression without text");
    ZAGG_TRY(expr(p, &p->e->root));
    if (p->t.kind != ZX_T_END)
        return unexpected(p, "an operator or the end of the text");
    ZAGG_TRY(zagg_arena_alloc(p->e->arena, p->nodes.len, sizeof *p->e->nodes,
                              &p->e->nodes, p->err));
    memcpy(p->e->nodes, p->nodes.data, p->nodes.len * sizeof *p->e->nodes);
    p->e->n_nodes = p->nodes.len;
    return ZAGG_OK;
}

zagg_status zagg_expr_parse(const char *text, const zagg_expr_name *names, size_t n_names,
                            zagg_expr_scope scope, zagg_expr **out, zagg_err *err)
{
    const size_t len = strlen(text);
    zagg_expr *e = zg_alloc(1, sizeof *e);
    if (!e)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an expression");
    parser p = {.e = e, .scope = scope, .err = err};
    zg_vec_init(&p.nodes, sizeof(zx_node), MOST_TEXT);
    zagg_status status =
        len <= MOST_TEXT
            ? zagg_arena_new(0, &e->arena, err)
            : zagg_err_set(err, ZAGG_ECONFIG,
                           "an expression of %zu bytes; %d are allowed", len, MOST_TEXT);
    if (status == ZAGG_OK && !(e->text = zagg_arena_strndup(e->arena, text, len)))
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for an expression");
    if (status == ZAGG_OK)
        status = keep_names(e, names, n_names, err);
    p.next = e->text;
    if (status == ZAGG_OK)
        status = whole_text(&p);
    zg_vec_free(&p.nodes);
    if (status != ZAGG_OK) {
        zagg_expr_free(e);
        return status;
    }
    *out = e;
    return ZAGG_OK;
}

void zagg_expr_free(zagg_expr *expr)
{
    if (!expr)
        return;
    zagg_arena_free(expr->arena);
    zg_free(expr);
}

bool zagg_expr_uses(const zagg_expr *expr, size_t i)
{
    return i < expr->n_names && expr->used[i];
}
