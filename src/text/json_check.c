/* Token check of JSON text (RFC 8259, with Python's NaN and Infinity).
 *
 * json-c alone is not strict enough for numbers that name places in a store: it saturates
 * integers beyond 64 bits, cuts keys at \u0000, lets control characters and broken UTF-8
 * through, takes words in any case. Structure (commas, colons, brackets) stays its
 * business. */
#include "text/json_check.h"

#include "text/tree.h"
#include "text/utf8.h"

#include <string.h>

typedef struct checker {
    const char *text, *name;
    size_t len, pos;
    zagg_err *err;
} checker;

size_t zg_json_line(const char *text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static zagg_status fault(const checker *c, zagg_status status, const char *what)
{
    return zagg_err_set(c->err, status, "%s: line %zu, byte %zu: %s", c->name,
                        zg_json_line(c->text, c->pos), c->pos, what);
}

static bool at_digit(const checker *c)
{
    return c->pos < c->len && c->text[c->pos] >= '0' && c->text[c->pos] <= '9';
}

static void skip_digits(checker *c)
{
    while (at_digit(c))
        c->pos++;
}

static bool at(const checker *c, char ch)
{
    return c->pos < c->len && c->text[c->pos] == ch;
}

static bool take_word(checker *c, const char *word)
{
    size_t n = strlen(word);
    if (c->len - c->pos < n || memcmp(c->text + c->pos, word, n) != 0)
        return false;
    c->pos += n;
    return true;
}

/* Whether the digits fit int64 (negative) or uint64. */
static bool integer_fits(const char *digits, size_t n, bool negative)
{
    const uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!zg_mul_u64(v, 10, &v) || !zg_add_u64(v, (uint64_t)(digits[i] - '0'), &v))
            return false;
    }
    return v <= limit;
}

static zagg_status check_number(checker *c)
{
    bool negative = at(c, '-'), integer = true;
    c->pos += negative;
    if (negative && take_word(c, "Infinity"))
        return ZAGG_OK;
    size_t first = c->pos;
    if (!at_digit(c))
        return fault(c, ZAGG_EFORMAT, "a number needs a digit here");
    skip_digits(c);
    size_t n_digits = c->pos - first;
    if (n_digits > 1 && c->text[first] == '0')
        return fault(c, ZAGG_EFORMAT, "a number must not begin with 0");
    if (at(c, '.')) {
        integer = false;
        c->pos++;
        if (!at_digit(c))
            return fault(c, ZAGG_EFORMAT, "a digit must follow the decimal point");
        skip_digits(c);
    }
    if (at(c, 'e') || at(c, 'E')) {
        integer = false;
        c->pos++;
        c->pos += at(c, '+') || at(c, '-');
        if (!at_digit(c))
            return fault(c, ZAGG_EFORMAT, "the exponent has no digits");
        skip_digits(c);
    }
    if (integer && !integer_fits(c->text + first, n_digits, negative))
        return fault(c, ZAGG_ERANGE, "integer does not fit 64 bits; write it as text");
    return ZAGG_OK;
}

/* One escape behind the backslash; *nul set for \u0000. */
static zagg_status check_escape(checker *c, bool *nul)
{
    unsigned code = 0;
    if (c->pos >= c->len || !memchr("\"\\/bfnrtu", c->text[c->pos], 9))
        return fault(c, ZAGG_EFORMAT, "unknown escape in a text");
    if (c->text[c->pos++] != 'u')
        return ZAGG_OK;
    for (int i = 0; i < 4; i++, c->pos++) {
        char ch = c->pos < c->len ? c->text[c->pos] : '\0';
        if (ch >= '0' && ch <= '9')
            code = code * 16 + (unsigned)(ch - '0');
        else if ((ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F'))
            code = code * 16 + (unsigned)((ch | 0x20) - 'a' + 10);
        else
            return fault(c, ZAGG_EFORMAT, "\\u needs four hexadecimal digits");
    }
    *nul = *nul || code == 0;
    return ZAGG_OK;
}

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

/* True when the string that ends at c->pos is a key. */
static bool colon_follows(const checker *c)
{
    size_t i = c->pos;
    while (i < c->len && is_blank(c->text[i]))
        i++;
    return i < c->len && c->text[i] == ':';
}

static zagg_status check_string(checker *c)
{
    bool nul = false;
    c->pos++;
    while (!at(c, '"')) {
        uint32_t code;
        if (c->pos >= c->len)
            return fault(c, ZAGG_EFORMAT, "a text is not closed; add the missing quote");
        size_t n = zg_utf8_next(c->text + c->pos, c->len - c->pos, &code);
        if (n == 0)
            return fault(c, ZAGG_EFORMAT, "text is not UTF-8");
        if (code < 0x20)
            return fault(c, ZAGG_EFORMAT, "control character in a text; escape it");
        c->pos += n;
        if (code == '\\')
            ZAGG_TRY(check_escape(c, &nul));
    }
    c->pos++;
    if (nul && colon_follows(c))
        return fault(c, ZAGG_EFORMAT, "a key must not hold \\u0000");
    return ZAGG_OK;
}

static zagg_status check_word(checker *c)
{
    if (take_word(c, "null") || take_word(c, "true") || take_word(c, "false") ||
        take_word(c, "NaN") || take_word(c, "Infinity"))
        return ZAGG_OK;
    return fault(c, ZAGG_EFORMAT,
                 "unexpected character; JSON needs a value or a bracket");
}

zagg_status zg_json_check(const char *text, size_t len, const char *name, zagg_err *err)
{
    checker c = {.text = text, .name = name, .len = len, .err = err};
    size_t depth = 0;
    while (c.pos < len) {
        char ch = text[c.pos];
        if (ch == '"') {
            ZAGG_TRY(check_string(&c));
        } else if (ch == '-' || (ch >= '0' && ch <= '9')) {
            ZAGG_TRY(check_number(&c));
        } else if (ch == '{' || ch == '[') {
            if (++depth > ZG_TREE_MAX_DEPTH)
                return fault(&c, ZAGG_ERANGE, "nested more than 64 levels deep");
            c.pos++;
        } else if (ch == '}' || ch == ']') {
            depth -= depth > 0;
            c.pos++;
        } else if (ch == ',' || ch == ':' || is_blank(ch)) {
            c.pos++;
        } else {
            ZAGG_TRY(check_word(&c));
        }
    }
    return ZAGG_OK;
}
