/* What the files of the parser share. */
#ifndef ZG_EXPR_PARSE_H
#define ZG_EXPR_PARSE_H

#include "expr/ast.h"
#include "expr/fn.h"
#include "expr/lexer.h"

typedef struct zx_parser {
    zagg_expr *e;
    zagg_expr_scope scope;
    zx_token t; /* the current token */
    const char *next;
    unsigned depth;
    zg_vec nodes;
    zagg_err *err;
} zx_parser;

/** Refuse the text at a column. */
#define ZX_REFUSE(p, column, ...)                                                        \
    zx_at((p)->err, zagg_err_set((p)->err, ZAGG_ECONFIG, __VA_ARGS__), (p)->e->text,     \
          column)

/** The next token becomes the current one. */
zagg_status zx_advance(zx_parser *p);
/** Refuse the current token, saying what may stand there. */
zagg_status zx_unexpected(zx_parser *p, const char *allowed);
/** Step over a mark. */
zagg_status zx_expect(zx_parser *p, const char *mark, const char *allowed);
zagg_status zx_add_node(zx_parser *p, zx_node node, const int32_t *children, size_t n,
                        int32_t *out);

/** A whole expression. */
zagg_status zx_parse_expr(zx_parser *p, int32_t *out);
/** A name, with what is called by it. */
zagg_status zx_parse_name(zx_parser *p, int32_t *out);
/** Arguments of a call, the current token being "("; `self` is the object of a method, or
 * -1. */
zagg_status zx_parse_call(zx_parser *p, const zx_fn *fn, uint32_t column, int32_t self,
                          int32_t *out);
/** A number, text, name or bracket, and the indices and attributes behind it. */
zagg_status zx_parse_postfix(zx_parser *p, int32_t *out);

#endif
