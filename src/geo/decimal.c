/* Decimal form of morton words: optional '-', base digit 1..6 (base cells 0..5, with the
 * sign 6..11), one digit 1..4 for each order, and a final 'p' on order-29 points. */
#include "base/base.h"
#include "geo/word.h"
#include "zagg/geo.h"

#include <string.h>

/* Enough of a wrong id to recognise it in a message. */
#define SHOWN_BYTES 200

zagg_status zagg_word_decimal(uint64_t word, char out[33], zagg_err *err)
{
    if (!zagg_word_valid(word))
        return zg_word_refuse_invalid(word, err);
    unsigned order = zagg_word_order(word);
    uint64_t nested = zagg_word_nested(word);
    unsigned base = (unsigned)(nested >> (2u * order));
    char *p = out;
    if (base >= 6)
        *p++ = '-';
    *p++ = (char)('1' + base % 6u);
    for (unsigned k = order; k-- > 0;)
        *p++ = (char)('1' + (nested >> (2u * k) & 3u));
    if (zagg_word_is_point(word))
        *p++ = 'p';
    *p = '\0';
    return ZAGG_OK;
}

/** As Rust prints strings in messages: control characters escaped, other text as it is.
 */
static void add_escaped(zg_str *s, const char *text, size_t len)
{
    for (size_t k = 0; k < len && k < SHOWN_BYTES; k++) {
        unsigned char c = (unsigned char)text[k];
        const char *names = c == 0      ? "\\0"
                            : c == '\t' ? "\\t"
                            : c == '\n' ? "\\n"
                            : c == '\r' ? "\\r"
                            : c == '\'' ? "\\'"
                            : c == '"'  ? "\\\""
                            : c == '\\' ? "\\\\"
                                        : NULL;
        if (names != NULL)
            zg_str_add(s, names);
        else if (c < 0x20 || c == 0x7f)
            zg_str_addf(s, "\\u{%x}", c);
        else
            zg_str_addc(s, (char)c);
    }
    if (len > SHOWN_BYTES)
        zg_str_add(s, "...");
}

static zagg_status refuse_malformed(const char *text, size_t len, zagg_err *err)
{
    zg_str s;
    zg_str_init(&s, 0);
    add_escaped(&s, text, len);
    zagg_status st =
        zagg_err_set(err, ZAGG_EFORMAT, "malformed decimal Morton id '%s'", s.data);
    zg_str_free(&s);
    return st;
}

static bool all_digits(const char *text, size_t len)
{
    for (size_t k = 0; k < len; k++)
        if (text[k] < '0' || text[k] > '9')
            return false;
    return len > 0;
}

zagg_status zagg_word_parse_decimal(const char *text, size_t len, uint64_t *out,
                                    zagg_err *err)
{
    size_t body_len = len;
    bool point = len > 0 && text[len - 1] == 'p';
    if (point)
        body_len--;
    bool south = body_len > 0 && text[0] == '-';
    const char *body = south ? text + 1 : text;
    body_len -= south ? 1 : 0;
    if (!all_digits(body, body_len))
        return refuse_malformed(text, len, err);
    int shown = len > SHOWN_BYTES ? SHOWN_BYTES : (int)len;
    if (body[0] < '1' || body[0] > '6')
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "decimal Morton id '%.*s': base digit %c outside 1..6", shown,
                            text, body[0]);
    size_t order = body_len - 1;
    if (order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "decimal Morton id '%.*s': order %zu exceeds %d", shown, text,
                            order, ZAGG_GEO_MAX_ORDER);
    if (point && order != ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "decimal Morton id '%.*s': the kind suffix 'p' is legal only on "
            "full order-29 point ids (points exist only at order 29)",
            shown, text);
    uint64_t nested = (uint64_t)(body[0] - '1') + (south ? 6u : 0u);
    for (size_t k = 1; k <= order; k++) {
        if (body[k] < '1' || body[k] > '4')
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "decimal Morton id '%.*s': digit %c outside 1..4", shown,
                                text, body[k]);
        nested = nested << 2 | (uint64_t)(body[k] - '1');
    }
    *out =
        point ? zagg_word_point(nested) : zagg_word_from_nested(nested, (unsigned)order);
    return ZAGG_OK;
}
