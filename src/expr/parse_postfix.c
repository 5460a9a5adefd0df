/* Operands: numbers, brackets, indices, attributes, methods. */
#include "expr/parse.h"

/* ---- sequences, indices, attributes ---- */

/* Elements up to the closing bracket; *trailing tells a comma behind the last. */
static zagg_status elements(zx_parser *p, const char *close, zg_vec *children,
                            bool *comma, zagg_status (*one)(zx_parser *, int32_t *))
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
        ZAGG_TRY(zx_advance(p));
    }
    return zx_expect(p, close, close[0] == ')' ? "',' or ')'" : "',' or ']'");
}

static zagg_status sequence(zx_parser *p, int32_t *out)
{
    const uint32_t column = p->t.column;
    const bool list = zx_is(&p->t, "[");
    bool comma;
    zg_vec children;
    zg_vec_init(&children, sizeof(int32_t), 0);
    zagg_status status = zx_advance(p);
    if (status == ZAGG_OK)
        status = elements(p, list ? "]" : ")", &children, &comma, zx_parse_expr);
    if (status == ZAGG_OK && !list && children.len == 1 && !comma)
        *out = *ZG_VEC_AT(&children, int32_t, 0);
    else if (status == ZAGG_OK)
        status =
            zx_add_node(p, (zx_node){.kind = list ? ZX_LIST : ZX_TUPLE, .column = column},
                        children.data, children.len, out);
    zg_vec_free(&children);
    return status;
}

static bool ends_slice_part(const zx_parser *p)
{
    return zx_is(&p->t, ":") || zx_is(&p->t, ",") || zx_is(&p->t, "]");
}

static zagg_status one_index(zx_parser *p, int32_t *out)
{
    const uint32_t column = p->t.column;
    int32_t parts[3] = {-1, -1, -1};
    if (zx_is(&p->t, "...")) {
        ZAGG_TRY(zx_advance(p));
        return zx_add_node(p, (zx_node){.kind = ZX_ELLIPSIS, .column = column}, NULL, 0,
                           out);
    }
    if (!ends_slice_part(p))
        ZAGG_TRY(zx_parse_expr(p, &parts[0]));
    if (!zx_is(&p->t, ":")) {
        *out = parts[0];
        return parts[0] >= 0 ? ZAGG_OK : zx_unexpected(p, "an index");
    }
    for (int i = 1; i < 3 && zx_is(&p->t, ":"); i++) {
        ZAGG_TRY(zx_advance(p));
        if (!ends_slice_part(p))
            ZAGG_TRY(zx_parse_expr(p, &parts[i]));
    }
    return zx_add_node(p, (zx_node){.kind = ZX_SLICE, .column = column}, parts, 3, out);
}

static zagg_status index_of(zx_parser *p, int32_t *node)
{
    const uint32_t column = p->t.column;
    bool comma;
    zg_vec children;
    zg_vec_init(&children, sizeof(int32_t), 0);
    int32_t *slot = zg_vec_push(&children);
    zagg_status status =
        slot ? zx_advance(p)
             : zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
    if (slot)
        *slot = *node;
    if (status == ZAGG_OK)
        status = elements(p, "]", &children, &comma, one_index);
    if (status == ZAGG_OK && children.len == 1)
        status = ZX_REFUSE(p, column, "an index is missing between the brackets");
    if (status == ZAGG_OK)
        status = zx_add_node(p, (zx_node){.kind = ZX_INDEX, .column = column},
                             children.data, children.len, node);
    zg_vec_free(&children);
    return status;
}

static zagg_status attribute(zx_parser *p, int32_t *node)
{
    static const struct {
        const char *name;
        zx_attr attr;
    } ATTRIBUTES[] = {{"size", ZX_ATTR_SIZE},
                      {"shape", ZX_ATTR_SHAPE},
                      {"ndim", ZX_ATTR_NDIM},
                      {"T", ZX_ATTR_T},
                      {"dtype", ZX_ATTR_DTYPE}};
    ZAGG_TRY(zx_advance(p));
    const zx_token t = p->t;
    if (t.kind != ZX_T_NAME)
        return zx_unexpected(p, "a method or attribute");
    ZAGG_TRY(zx_advance(p));
    if (zx_is(&p->t, "(")) {
        const zx_fn *fn = zx_find_fn(t.text, t.len);
        if (fn && fn->method)
            return zx_parse_call(p, fn, t.column, *node, node);
    } else {
        for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof ATTRIBUTES[0]; i++)
            if (zx_is(&t, ATTRIBUTES[i].name))
                return zx_add_node(p,
                                   (zx_node){.kind = ZX_ATTR,
                                             .column = t.column,
                                             .attr = ATTRIBUTES[i].attr},
                                   node, 1, node);
    }
    return ZX_REFUSE(
        p, t.column,
        "'.%.*s' is not allowed; attributes are size, shape, ndim, T, dtype, "
        "methods those of arrays (max, mean, astype, ...)",
        t.len > 40 ? 40 : (int)t.len, t.text);
}

static zagg_status atom(zx_parser *p, int32_t *out)
{
    const zx_token t = p->t;
    static const char *const WORDS[] = {
        "lambda", "for", "in",    "is",    "import", "if",  "else",  "and",
        "or",     "not", "await", "yield", "def",    "del", "class", "return"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (zx_is(&t, WORDS[i]))
            return zx_unexpected(p, "a column, a number or a function");
    switch (t.kind) {
    case ZX_T_INT:
        ZAGG_TRY(zx_advance(p));
        return zx_add_node(p, (zx_node){.kind = ZX_INT, .column = t.column, .i = t.i},
                           NULL, 0, out);
    case ZX_T_FLOAT:
        ZAGG_TRY(zx_advance(p));
        return zx_add_node(p, (zx_node){.kind = ZX_FLOAT, .column = t.column, .f = t.f},
                           NULL, 0, out);
    case ZX_T_STRING: {
        const char *text = zagg_arena_strndup(p->e->arena, t.text, t.len);
        if (!text)
            return zagg_err_set(p->err, ZAGG_ENOMEM, "no memory for an expression");
        ZAGG_TRY(zx_advance(p));
        return zx_add_node(p,
                           (zx_node){.kind = ZX_STRING, .column = t.column, .text = text},
                           NULL, 0, out);
    }
    case ZX_T_NAME:
        return zx_parse_name(p, out);
    case ZX_T_MARK:
        if (zx_is(&t, "(") || zx_is(&t, "["))
            return sequence(p, out);
        break;
    case ZX_T_END:
        break;
    }
    return zx_unexpected(p, "a column, a number or a function");
}

zagg_status zx_parse_postfix(zx_parser *p, int32_t *out)
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
