/* Tokens of the expression language. */
#ifndef ZG_EXPR_LEXER_H
#define ZG_EXPR_LEXER_H

#include "base/base.h"

typedef enum zx_token_kind {
    ZX_T_END = 0,
    ZX_T_INT,
    ZX_T_FLOAT,
    ZX_T_STRING,
    ZX_T_NAME, /* keywords of Python too */
    ZX_T_MARK  /* operators and brackets: text and len */
} zx_token_kind;

typedef struct zx_token {
    zx_token_kind kind;
    const char *text;
    size_t len;
    uint32_t column; /* from 1 */
    int64_t i;
    double f;
} zx_token;

/** The token at `at` of `text`; *next is behind it. ECONFIG naming what is no token. */
zagg_status zx_lex(const char *text, const char *at, zx_token *out, const char **next,
                   zagg_err *err);

/** True when the token is this mark or word. */
bool zx_is(const zx_token *t, const char *mark);

#endif
