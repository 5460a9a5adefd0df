/* Escaped surrogate pairs (RFC 8259, section 7) that json-c takes for half a pair.
 *
 * json-c 0.16 looks for a lone surrogate in the low 16 bits of the character that it has
 * just put together, so that U+1D800 to U+1DFFF and their like in every higher plane
 * become U+FFFD. The same characters as UTF-8 are read right. */
#include "text/json_pairs.h"

#include <string.h>

enum { ESCAPE_LEN = 6, PAIR_LEN = 2 * ESCAPE_LEN };

/* The code of a "\uXXXX" at `text`; false where there is none. */
static bool escape_at(const char *text, size_t len, uint32_t *code)
{
    static const char DIGITS[] = "0123456789abcdefABCDEF";
    uint32_t v = 0;
    if (len < ESCAPE_LEN || text[0] != '\\' || text[1] != 'u')
        return false;
    for (size_t i = 2; i < ESCAPE_LEN; i++) {
        const char *digit = memchr(DIGITS, text[i], sizeof DIGITS - 1);
        if (!digit)
            return false;
        uint32_t at = (uint32_t)(digit - DIGITS);
        v = v * 16 + (at < 16 ? at : at - 6);
    }
    *code = v;
    return true;
}

/* The character of an escaped pair at `text` if it is one that json-c loses. */
static bool lost_at(const char *text, size_t len, uint32_t *code)
{
    uint32_t high, low;
    if (!escape_at(text, len, &high) || high >> 10 != 0xD800 >> 10 ||
        !escape_at(text + ESCAPE_LEN, len - ESCAPE_LEN, &low) ||
        low >> 10 != 0xDC00 >> 10)
        return false;
    *code = 0x10000 + ((high & 0x3FF) << 10 | (low & 0x3FF));
    return (*code & 0xF800) == 0xD800;
}

/* From `pos` the next pair that is lost, or `len`. A backslash stands in strings only and
 * takes what follows it along. */
static size_t next_lost(const char *text, size_t len, size_t pos, uint32_t *code)
{
    while (pos < len) {
        const char *slash = memchr(text + pos, '\\', len - pos);
        if (!slash)
            return len;
        pos = (size_t)(slash - text);
        if (lost_at(slash, len - pos, code))
            return pos;
        pos += 2;
    }
    return len;
}

zagg_status zg_json_spell_pairs(const char *text, size_t len, char **out, size_t *out_len,
                                zagg_err *err)
{
    uint32_t code = 0;
    size_t at = next_lost(text, len, 0, &code), from = 0, n = 0;
    if (at == len) {
        *out = NULL;
        *out_len = 0;
        return ZAGG_OK;
    }
    char *copy = zg_alloc(len, 1);
    if (!copy)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to parse JSON");
    while (at < len) {
        memcpy(copy + n, text + from, at - from);
        n += at - from;
        for (int shift = 18; shift >= 0; shift -= 6)
            copy[n++] =
                (char)(shift == 18 ? 0xF0 | code >> 18 : 0x80 | (code >> shift & 63));
        from = at + PAIR_LEN;
        at = next_lost(text, len, from, &code);
    }
    memcpy(copy + n, text + from, len - from);
    *out = copy;
    *out_len = n + len - from;
    return ZAGG_OK;
}
