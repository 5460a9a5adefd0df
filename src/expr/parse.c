/* Recursive descent over the grammar of the language (docs/expressions.md): Python's,
 * without everything that is not arithmetic. */
#include "expr/parse.h"

#include <string.h>

/* Brackets and signs within one another; and operations whose results feed one another,
 * which a + b + c + ... piles up without any bracket. */
enum { MOST_TEXT = 4096, MOST_DEPTH = 64, MOST_HEIGHT = 256 };

zagg_status zx_at(zagg_err *err, zagg_status status, const char *text, uint32_t column)
{
    if (strlen(text) <= 300)
        return zagg_err_context(err, status, "'%s': column %u", text, column);
    return zagg_err_context(err, status, "'%.*s...': column %u",
                            (int)zg_utf8_floor(text, 250), text, column);
}

zagg_status zx_advance(zx_parser *p)
{
    return zx_lex(p->e->text, p->next, &p->t, &p->next, p->err);
}

zagg_status zx_unexpected(zx_parser *p, const char *allowed)
{
    if (p->t.kind == ZX_T_END)
        return ZX_REFUSE(p, p->t.column, "the text ends where %s should follow", allowed);
    return ZX_REFUSE(p, p->t.column, "'%.*s' is not allowed here; expected %s",
                     p->t.len > 40 ? (int)zg_utf8_floor(p->t.text, 40) : (int)p->t.len,
                     p->t.text, allowed);
}

zagg_status zx_expect(zx_parser *p, const char *mark, const char *allowed)
{
    if (!zx_is(&p->t, mark) || p->t.kind != ZX_T_MARK)
        return zx_unexpected(p, allowed);
    return zx_advance(p);
}

zagg_status zx_add_node(zx_parser *p, zx_node node, const int32_t *children, size_t n,
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
        return ZX_REFUSE(p, node.column, "more than %d operations build on one another",
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

/* ---- operators, from the tightest ---- */

/* One step deeper; what follows must give the step back. */
static zagg_status deeper(zx_parser *p)
{
    if (++p->depth > MOST_DEPTH)
        return ZX_REFUSE(p, p->t.column, "nested deeper than %d levels", MOST_DEPTH);
    return ZAGG_OK;
}

static zagg_status unary(zx_parser *p, int32_t *out);

static zagg_status power(zx_parser *p, int32_t *out)
{
    int32_t sides[2];
    ZAGG_TRY(zx_parse_postfix(p, &sides[0]));
    const uint32_t column = p->t.column;
    if (!zx_is(&p->t, "**")) {
        *out = sides[0];
        return ZAGG_OK;
    }
    ZAGG_TRY(deeper(p));
    ZAGG_TRY(zx_advance(p));
    ZAGG_TRY(unary(p, &sides[1]));
    p->depth--;
    return zx_add_node(p, (zx_node){.kind = ZX_BINARY, .column = column, .op = ZX_POW},
                       sides, 2, out);
}

static zagg_status unary(zx_parser *p, int32_t *out)
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
            ZAGG_TRY(zx_advance(p));
            ZAGG_TRY(unary(p, &child));
            p->depth--;
            return zx_add_node(
                p, (zx_node){.kind = ZX_UNARY, .column = column, .op = OPS[i].op}, &child,
                1, out);
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

static bool operator_of(const zx_parser *p, const level *l, zx_op *op)
{
    for (size_t i = 0; i < 4 && l->marks[i]; i++)
        if (p->t.kind == ZX_T_MARK && zx_is(&p->t, l->marks[i])) {
            *op = l->ops[i];
            return true;
        }
    return false;
}

/* a @ b of two arrays is their dot product; it binds as * does. */
static bool is_dot(const zx_parser *p, int at)
{
    return at == 0 && p->t.kind == ZX_T_MARK && zx_is(&p->t, "@");
}

static zagg_status binary(zx_parser *p, int at, int32_t *out)
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
        ZAGG_TRY(zx_advance(p));
        ZAGG_TRY(binary(p, at - 1, &sides[1]));
        ZAGG_TRY(zx_add_node(p, node, sides, 2, &sides[0]));
    }
    *out = sides[0];
    return ZAGG_OK;
}

static bool comparison(const zx_parser *p, zx_op *op)
{
    static const level COMPARISONS[] = {
        {{"<", "<=", ">", ">="}, {ZX_LT, ZX_LE, ZX_GT, ZX_GE}},
        {{"==", "!="}, {ZX_EQ, ZX_NE}}};
    return operator_of(p, &COMPARISONS[0], op) || operator_of(p, &COMPARISONS[1], op);
}

static zagg_status compare(zx_parser *p, int32_t *out)
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
            return ZX_REFUSE(p, p->t.column, "more than %d comparisons in a chain",
                             MOST - 1);
        ZAGG_TRY(zx_advance(p));
        ZAGG_TRY(binary(p, N_LEVELS - 1, &sides[n++]));
    }
    if (n == 1) {
        *out = sides[0];
        return ZAGG_OK;
    }
    zx_node node = {.kind = ZX_COMPARE, .column = column};
    ZAGG_TRY(zagg_arena_alloc(p->e->arena, n - 1, sizeof *node.ops, &node.ops, p->err));
    memcpy(node.ops, ops, (n - 1) * sizeof *ops);
    return zx_add_node(p, node, sides, n, out);
}

static zagg_status not_(zx_parser *p, int32_t *out)
{
    const uint32_t column = p->t.column;
    int32_t child;
    if (!zx_is(&p->t, "not"))
        return compare(p, out);
    ZAGG_TRY(deeper(p));
    ZAGG_TRY(zx_advance(p));
    ZAGG_TRY(not_(p, &child));
    p->depth--;
    return zx_add_node(p, (zx_node){.kind = ZX_NOT, .column = column}, &child, 1, out);
}

static zagg_status logical(zx_parser *p, bool is_or, int32_t *out)
{
    int32_t sides[2];
    ZAGG_TRY(is_or ? logical(p, false, &sides[0]) : not_(p, &sides[0]));
    while (zx_is(&p->t, is_or ? "or" : "and")) {
        const uint32_t column = p->t.column;
        ZAGG_TRY(zx_advance(p));
        ZAGG_TRY(is_or ? logical(p, false, &sides[1]) : not_(p, &sides[1]));
        ZAGG_TRY(zx_add_node(p,
                             (zx_node){.kind = is_or ? ZX_OR : ZX_AND, .column = column},
                             sides, 2, &sides[0]));
    }
    *out = sides[0];
    return ZAGG_OK;
}

zagg_status zx_parse_expr(zx_parser *p, int32_t *out)
{
    int32_t parts[3];
    ZAGG_TRY(deeper(p));
    ZAGG_TRY(logical(p, true, &parts[0]));
    if (zx_is(&p->t, "if")) {
        const uint32_t column = p->t.column;
        ZAGG_TRY(zx_advance(p));
        ZAGG_TRY(logical(p, true, &parts[1]));
        if (!zx_is(&p->t, "else"))
            return zx_unexpected(p, "'else'");
        ZAGG_TRY(zx_advance(p));
        ZAGG_TRY(zx_parse_expr(p, &parts[2]));
        ZAGG_TRY(zx_add_node(p, (zx_node){.kind = ZX_COND, .column = column}, parts, 3,
                             &parts[0]));
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

static zagg_status whole_text(zx_parser *p)
{
    ZAGG_TRY(zx_advance(p));
    if (p->t.kind == ZX_T_END)
        return zagg_err_set(p->err, ZAGG_ECONFIG, "an expression without text");
    ZAGG_TRY(zx_parse_expr(p, &p->e->root));
    if (p->t.kind != ZX_T_END)
        return zx_unexpected(p, "an operator or the end of the text");
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
    zx_parser p = {.e = e, .scope = scope, .err = err};
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
