/* Tokens: numbers, names, quoted texts and marks, as Python writes them. */
#include "expr/lexer.h"

#include "expr/ast.h"
#include "text/text.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool zx_is(const zx_token *t, const char *mark)
{
    return (t->kind == ZX_T_MARK || t->kind == ZX_T_NAME) && strlen(mark) == t->len &&
           memcmp(t->text, mark, t->len) == 0;
}

/* The longest mark first. */
static size_t mark_length(const char *at)
{
    static const char *const MARKS[] = {
        "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "+",
        "-",   "*",  "/",  "%",  "&",  "|",  "^",  "~",  "<",  ">",
        "(",   ")",  "[",  "]",  ",",  ":",  ".",  "=",  "@"};
    for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; i++)
        if (strncmp(at, MARKS[i], strlen(MARKS[i])) == 0)
            return strlen(MARKS[i]);
    return 0;
}

/* Digits with single underscores between them. */
static const char *skip_digits(const char *at)
{
    while (is_digit(*at) || (*at == '_' && is_digit(at[1]) && is_digit(at[-1])))
        at++;
    return at;
}

static zagg_status number(const char *text, zx_token *t, const char **next, zagg_err *err)
{
    const char *at = skip_digits(t->text);
    char plain[64];
    size_t n = 0;
    t->kind = ZX_T_INT;
    if (*at == '.') {
        t->kind = ZX_T_FLOAT;
        at++;
        if (is_digit(*at))
            at = skip_digits(at);
    }
    if ((*at == 'e' || *at == 'E') &&
        (is_digit(at[1]) || ((at[1] == '+' || at[1] == '-') && is_digit(at[2])))) {
        t->kind = ZX_T_FLOAT;
        at = skip_digits(at + 2);
    }
    t->len = (size_t)(at - t->text);
    *next = at;
    if (is_letter(*at) || t->len >= sizeof plain ||
        (t->kind == ZX_T_INT && t->len > 1 && t->text[0] == '0'))
        return zx_at(err,
                     zagg_err_set(err, ZAGG_ECONFIG,
                                  "this is no decimal number (numbers are written like "
                                  "12, 0.5, 1e-3)"),
                     text, t->column);
    for (size_t i = 0; i < t->len; i++)
        if (t->text[i] != '_')
            plain[n++] = t->text[i];
    plain[n] = '\0';
    if (t->kind == ZX_T_FLOAT)
        return zg_float_parse(plain, n, &t->f)
                   ? ZAGG_OK
                   : zx_at(err, zagg_err_set(err, ZAGG_ECONFIG, "this is no number"),
                           text, t->column);
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(t->i, 10, &t->i) ||
            __builtin_add_overflow(t->i, plain[i] - '0', &t->i))
            return zx_at(err,
                         zagg_err_set(err, ZAGG_ECONFIG,
                                      "whole numbers end at 9223372036854775807 here"),
                         text, t->column);
    return ZAGG_OK;
}

static zagg_status quoted(const char *text, zx_token *t, const char **next, zagg_err *err)
{
    const char quote = *t->text;
    const char *end = t->text + 1;
    while (*end != '\0' && *end != quote && *end != '\\' && *end != '\n')
        end++;
    if (*end != quote)
        return zx_at(err,
                     zagg_err_set(err, ZAGG_ECONFIG,
                                  "this text does not end (no backslashes, one line)"),
                     text, t->column);
    t->kind = ZX_T_STRING;
    t->text++;
    t->len = (size_t)(end - t->text);
    *next = end + 1;
    return ZAGG_OK;
}

zagg_status zx_lex(const char *text, const char *at, zx_token *out, const char **next,
                   zagg_err *err)
{
    at += strspn(at, " \t\r\n");
    *out = (zx_token){.text = at, .column = (uint32_t)(at - text) + 1};
    if (*at == '\0') {
        *next = at;
        return ZAGG_OK;
    }
    if (is_digit(*at) || (*at == '.' && is_digit(at[1])))
        return number(text, out, next, err);
    if (*at == '\'' || *at == '"')
        return quoted(text, out, next, err);
    if (is_letter(*at)) {
        out->kind = ZX_T_NAME;
        while (is_letter(at[out->len]) || is_digit(at[out->len]))
            out->len++;
        *next = at + out->len;
        return ZAGG_OK;
    }
    out->kind = ZX_T_MARK;
    out->len = mark_length(at);
    *next = at + out->len;
    if (out->len == 0)
        return zx_at(
            err,
            (*at > ' ' && *at < 127)
                ? zagg_err_set(err, ZAGG_ECONFIG,
                               "'%c' has no meaning here; operators are + - * / // "
                               "%% ** & | ^ ~ << >> < <= > >= == !=",
                               *at)
                : zagg_err_set(err, ZAGG_ECONFIG, "this character has no meaning here"),
            text, out->column);
    return ZAGG_OK;
}
