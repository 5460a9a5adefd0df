/* JSON tokens in place: see json_scan.h. */
#include "cat/json_scan.h"

#include "text/text.h"
#include "text/utf8.h"

#include <math.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

char zg_scan_peek(zg_scan *s)
{
    while (s->at < s->len && is_blank(s->text[s->at]))
        s->at++;
    return s->at < s->len ? s->text[s->at] : '\0';
}

static zagg_status ended(zg_scan *s)
{
    s->at_end = true;
    return zagg_err_set(s->err, ZAGG_EFORMAT, "the text ends in the middle of a value");
}

zagg_status zg_scan_fault(zg_scan *s, const char *must)
{
    if (zg_scan_peek(s) == '\0' && s->at == s->len)
        return ended(s);
    const size_t left = s->len - s->at;
    const int shown = (int)zg_utf8_floor(s->text + s->at, left < 16 ? left : 16);
    return zagg_err_set(s->err, ZAGG_EFORMAT, "%s must stand here (found %.*s)", must,
                        shown, s->text + s->at);
}

zagg_status zg_scan_take(zg_scan *s, char c)
{
    const char must[] = {'\'', c, '\'', '\0'};
    if (zg_scan_peek(s) != c)
        return zg_scan_fault(s, must);
    s->at++;
    return ZAGG_OK;
}

static zagg_status deeper(zg_scan *s)
{
    return ++s->depth <= ZG_SCAN_MAX_DEPTH
               ? ZAGG_OK
               : zagg_err_set(s->err, ZAGG_ERANGE, "nested more than %d levels deep",
                              ZG_SCAN_MAX_DEPTH);
}

/* The bracket or comma before the next entry. */
static zagg_status next_entry(zg_scan *s, bool *first, char open, char close, bool *more)
{
    if (*first) {
        ZAGG_TRY(zg_scan_take(s, open));
        ZAGG_TRY(deeper(s));
        *more = zg_scan_peek(s) != close;
    } else {
        *more = zg_scan_peek(s) != close;
        if (*more && zg_scan_take(s, ',') != ZAGG_OK)
            return zg_scan_fault(s, close == '}' ? "',' or '}'" : "',' or ']'");
    }
    *first = false;
    if (!*more) {
        s->at++;
        s->depth--;
    }
    return ZAGG_OK;
}

zagg_status zg_scan_member(zg_scan *s, bool *first, zg_slice *key, bool *more)
{
    ZAGG_TRY(next_entry(s, first, '{', '}', more));
    if (!*more)
        return ZAGG_OK;
    if (zg_scan_peek(s) != '"')
        return zg_scan_fault(s, "a key in quotes");
    ZAGG_TRY(zg_scan_string(s, key));
    return zg_scan_take(s, ':');
}

zagg_status zg_scan_element(zg_scan *s, bool *first, bool *more)
{
    return next_entry(s, first, '[', ']', more);
}

/* ---- texts ---- */

/* Behind the backslash. */
static zagg_status pass_escape(zg_scan *s)
{
    if (s->at == s->len)
        return ended(s);
    const char c = s->text[s->at++];
    if (memchr("\"\\/bfnrt", c, 8) != NULL)
        return ZAGG_OK;
    if (c != 'u')
        return zagg_err_set(s->err, ZAGG_EFORMAT, "unknown escape in a text");
    for (int i = 0; i < 4; i++, s->at++) {
        if (s->at == s->len)
            return ended(s);
        const char h = s->text[s->at];
        if (!(h >= '0' && h <= '9') && !((h | 0x20) >= 'a' && (h | 0x20) <= 'f'))
            return zagg_err_set(s->err, ZAGG_EFORMAT,
                                "\\u needs four hexadecimal digits");
    }
    return ZAGG_OK;
}

/* What is no plain ASCII character. */
static zagg_status pass_special(zg_scan *s, zg_slice *out)
{
    uint32_t code;
    if (s->text[s->at] == '\\') {
        out->escaped = true;
        s->at++;
        return pass_escape(s);
    }
    if ((unsigned char)s->text[s->at] < 0x20)
        return zagg_err_set(s->err, ZAGG_EFORMAT,
                            "control character in a text; escape it");
    const size_t n = zg_utf8_next(s->text + s->at, s->len - s->at, &code);
    if (n == 0 && s->len - s->at < 4)
        return ended(s);
    if (n == 0)
        return zagg_err_set(s->err, ZAGG_EFORMAT, "text is not UTF-8");
    s->at += n;
    return ZAGG_OK;
}

/* Whether a text goes on plainly with this character. */
static bool is_plain(char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* Eight at a time: bit 7 of a byte of `odd` is set for control characters, quotes,
 * backslashes and what is no ASCII, and perhaps behind such a byte. */
static void pass_plain(zg_scan *s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    while (s->len - s->at >= sizeof(uint64_t)) {
        uint64_t v;
        memcpy(&v, s->text + s->at, sizeof v);
        const uint64_t quote = v ^ (ones * '"'), slash = v ^ (ones * '\\');
        const uint64_t odd = v | (v - ones * 0x20) | (quote - ones) | (slash - ones);
        if ((odd & tops) != 0)
            break;
        s->at += sizeof v;
    }
    while (s->at < s->len && is_plain(s->text[s->at]))
        s->at++;
}

zagg_status zg_scan_string(zg_scan *s, zg_slice *out)
{
    ZAGG_TRY(zg_scan_take(s, '"'));
    *out = (zg_slice){s->text + s->at, 0, false};
    const size_t from = s->at;
    for (;;) {
        pass_plain(s);
        if (s->at == s->len)
            return ended(s);
        if (s->text[s->at] == '"')
            break;
        ZAGG_TRY(pass_special(s, out));
    }
    out->len = s->at++ - from;
    return ZAGG_OK;
}

bool zg_slice_is(const zg_slice *slice, const char *text)
{
    const size_t len = strlen(text);
    if (!slice->escaped)
        return slice->len == len && memcmp(slice->text, text, len) == 0;
    zagg_arena *arena = NULL;
    const zagg_value *v = NULL;
    const bool is = zagg_arena_new(0, &arena, NULL) == ZAGG_OK &&
                    zagg_json_parse(arena, slice->text - 1, slice->len + 2, "key", &v,
                                    NULL) == ZAGG_OK &&
                    zagg_value_is(v, text);
    zagg_arena_free(arena);
    return is;
}

zagg_status zg_scan_text(zg_scan *s, zagg_arena *arena, const char **out)
{
    zg_slice slice;
    const zagg_value *v = NULL;
    *out = NULL;
    if (zg_scan_peek(s) != '"')
        return zg_scan_skip(s);
    ZAGG_TRY(zg_scan_string(s, &slice));
    if (slice.escaped) {
        ZAGG_TRY(
            zagg_json_parse(arena, slice.text - 1, slice.len + 2, "text", &v, s->err));
        if (strlen(v->str) != v->str_len)
            return zagg_err_set(s->err, ZAGG_EFORMAT, "a text holds a NUL byte");
        *out = v->str;
        return ZAGG_OK;
    }
    *out = zagg_arena_strndup(arena, slice.text, slice.len);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(s->err, ZAGG_ENOMEM, "no memory for a text");
}

/* ---- numbers ---- */

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Digits with at most one point, no exponent, that make an integer below 2^53 divided by
 * a power of ten which is a double: one rounding gives the nearest double (Clinger 1990).
 */
static bool parse_short(const char *p, size_t len, double *out)
{
    uint64_t digits = 0;
    size_t i = len > 0 && p[0] == '-', behind = 0, seen = 0;
    bool point = false;
    for (; i < len; i++) {
        if (p[i] >= '0' && p[i] <= '9') {
            digits = 10 * digits + (uint64_t)(p[i] - '0');
            behind += point;
            seen++;
        } else if (p[i] == '.' && !point && seen > 0) {
            point = true;
        } else {
            return false;
        }
    }
    if (seen == 0 || seen > 18 || digits > UINT64_C(1) << 53)
        return false;
    const double v = (double)digits / POWERS[behind];
    *out = p[0] == '-' ? -v : v;
    return true;
}

bool zg_number_parse(const char *text, size_t len, double *out)
{
    return parse_short(text, len, out) || zg_float_parse(text, len, out);
}

static bool take_word(zg_scan *s, const char *word)
{
    const size_t n = strlen(word);
    if (s->len - s->at < n || memcmp(s->text + s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

/* Whether the text ends inside this word. */
static bool is_cut(const zg_scan *s, const char *word)
{
    const size_t left = s->len - s->at;
    return left < strlen(word) && memcmp(s->text + s->at, word, left) == 0;
}

static bool pass_digits(zg_scan *s)
{
    const size_t from = s->at;
    while (s->at < s->len && s->text[s->at] >= '0' && s->text[s->at] <= '9')
        s->at++;
    return s->at > from;
}

/* The grammar of a number: [-] int [. digits] [e [+-] digits]. */
static bool pass_number(zg_scan *s)
{
    s->at += s->at < s->len && s->text[s->at] == '-';
    const size_t first = s->at;
    if (!pass_digits(s) || (s->text[first] == '0' && s->at - first > 1))
        return false;
    if (s->at < s->len && s->text[s->at] == '.') {
        s->at++;
        if (!pass_digits(s))
            return false;
    }
    if (s->at < s->len && (s->text[s->at] | 0x20) == 'e') {
        s->at++;
        s->at += s->at < s->len && (s->text[s->at] == '+' || s->text[s->at] == '-');
        return pass_digits(s);
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Numbers that do not begin with digits. */
static zagg_status scan_word_number(zg_scan *s, bool negative, double *out)
{
    const char *infinity = negative ? "-Infinity" : "Infinity";
    if (take_word(s, "NaN")) {
        *out = (double)NAN;
        return ZAGG_OK;
    }
    if (take_word(s, infinity)) {
        *out = negative ? -(double)INFINITY : (double)INFINITY;
        return ZAGG_OK;
    }
    return is_cut(s, "NaN") || is_cut(s, infinity) ? ended(s)
                                                   : zg_scan_fault(s, "a number");
}

zagg_status zg_scan_number(zg_scan *s, double *out)
{
    const char c = zg_scan_peek(s);
    const size_t from = s->at;
    const bool negative = c == '-';
    if (!is_digit(c) && !(negative && s->len - from > 1 && is_digit(s->text[from + 1])))
        return scan_word_number(s, negative, out);
    if (!pass_number(s) || !zg_number_parse(s->text + from, s->at - from, out)) {
        if (s->at == s->len)
            return ended(s);
        s->at = from;
        return zg_scan_fault(s, "a number");
    }
    return s->at < s->len ? ZAGG_OK : ended(s);
}

zagg_status zg_scan_u64(zg_scan *s, uint64_t *out)
{
    (void)zg_scan_peek(s);
    const size_t from = s->at;
    uint64_t v = 0;
    bool fits = pass_digits(s);
    if (s->at == s->len)
        return ended(s);
    for (size_t i = from; fits && i < s->at; i++)
        fits = zg_mul_u64(v, 10, &v) && zg_add_u64(v, (uint64_t)(s->text[i] - '0'), &v);
    if (!fits || strchr(".eE", s->text[s->at]) != NULL) {
        s->at = from;
        return zg_scan_fault(s, "an integer from 0 to 2^64 - 1");
    }
    *out = v;
    return ZAGG_OK;
}

/* ---- whole values ---- */

static zagg_status skip_number(zg_scan *s)
{
    const size_t from = s->at;
    if (take_word(s, "-Infinity"))
        return ZAGG_OK;
    if (is_cut(s, "-Infinity"))
        return ended(s);
    if (!pass_number(s)) {
        if (s->at == s->len)
            return ended(s);
        s->at = from;
        return zg_scan_fault(s, "a number");
    }
    return s->at < s->len ? ZAGG_OK : ended(s);
}

static zagg_status skip_word(zg_scan *s)
{
    static const char *const WORDS[] = {"null", "true", "false", "NaN", "Infinity"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (take_word(s, WORDS[i]))
            return ZAGG_OK;
        if (is_cut(s, WORDS[i]))
            return ended(s);
    }
    return zg_scan_fault(s, "a value");
}

static zagg_status skip_object(zg_scan *s)
{
    bool first = true, more = false;
    zg_slice key;
    for (;;) {
        ZAGG_TRY(zg_scan_member(s, &first, &key, &more));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(zg_scan_skip(s));
    }
}

static zagg_status skip_list(zg_scan *s)
{
    bool first = true, more = false;
    for (;;) {
        ZAGG_TRY(zg_scan_element(s, &first, &more));
        if (!more)
            return ZAGG_OK;
        ZAGG_TRY(zg_scan_skip(s));
    }
}

zagg_status zg_scan_skip(zg_scan *s)
{
    zg_slice text;
    const char c = zg_scan_peek(s);
    if (c == '"')
        return zg_scan_string(s, &text);
    if (c == '{')
        return skip_object(s);
    if (c == '[')
        return skip_list(s);
    if (c == '-' || (c >= '0' && c <= '9'))
        return skip_number(s);
    return skip_word(s);
}
