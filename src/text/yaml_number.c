/* Numbers of YAML 1.1 as PyYAML's SafeConstructor reads them (yaml/constructor.py), big
 * integers included. Explicit tags reach this code with any text, so nothing is taken for
 * granted about it. */
#include "text/text.h"
#include "text/yaml_scalar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Python's own limit for integers in decimal text. */
enum { MAX_INT_DIGITS = 4300, MAX_LIMBS = 600, MAX_FLOAT_PARTS = 13 };

/* A magnitude in base 10^9, least limb first. */
typedef struct big {
    uint32_t limbs[MAX_LIMBS];
    size_t n;
} big;

static bool big_mul_add(big *b, uint32_t factor, uint32_t summand)
{
    const uint32_t base = 1000000000;
    uint64_t carry = summand;
    for (size_t i = 0; i < b->n; i++) {
        uint64_t v = (uint64_t)b->limbs[i] * factor + carry;
        b->limbs[i] = (uint32_t)(v % base);
        carry = v / base;
    }
    while (carry > 0) {
        if (b->n == MAX_LIMBS)
            return false;
        b->limbs[b->n++] = (uint32_t)(carry % base);
        carry /= base;
    }
    return true;
}

static bool big_u64(const big *b, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = b->n; i-- > 0;) {
        if (!zg_mul_u64(v, 1000000000, &v) || !zg_add_u64(v, b->limbs[i], &v))
            return false;
    }
    *out = v;
    return true;
}

static zagg_status no_number(const char *what, const char *text, size_t len,
                             zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "'%.*s' is not %s", (int)(len < 60 ? len : 60),
                        text, what);
}

static zagg_status store_int(zg_tree *tree, const big *b, bool negative, zagg_value *node,
                             zagg_err *err)
{
    uint64_t v = 0;
    if (big_u64(b, &v) && (!negative || v <= (uint64_t)INT64_MAX + 1)) {
        node->kind = v > INT64_MAX && !negative ? ZAGG_UINT : ZAGG_INT;
        if (node->kind == ZAGG_UINT)
            node->u.u = v;
        else if (negative)
            node->u.i = v == 0 ? 0 : -(int64_t)(v - 1) - 1;
        else
            node->u.i = (int64_t)v;
        return ZAGG_OK;
    }
    char *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zg_tree_alloc(tree, 9 * b->n + 2, 1, (void *)&text, err));
    if (negative)
        text[len++] = '-';
    for (size_t i = b->n; i-- > 0;)
        len += (size_t)snprintf(text + len, 10, i + 1 == b->n ? "%u" : "%09u",
                                (unsigned)b->limbs[i]);
    node->kind = ZAGG_BIGINT;
    node->str = text;
    node->str_len = len;
    return ZAGG_OK;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && is_space(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_space((*text)[*len - 1]))
        (*len)--;
}

/* Digits as Python's int(text, base): blanks around and a sign in front are fine. Several
 * digits are gathered before the big number is touched. */
static bool read_int(const char *text, size_t len, uint32_t base, big *b, bool *negative)
{
    b->n = 0;
    *negative = false;
    trim(&text, &len);
    if (len > 0 && (*text == '-' || *text == '+')) {
        *negative = *text == '-';
        text++;
        len--;
    }
    if (base == 8 && len > 2 && text[0] == '0' && (text[1] == 'o' || text[1] == 'O')) {
        text += 2;
        len -= 2;
    }
    if (len == 0)
        return false;
    uint32_t factor = 1, gathered = 0;
    for (size_t i = 0; i < len; i++) {
        int d = digit_value(text[i]);
        if (d >= (int)base)
            return false;
        gathered = gathered * base + (uint32_t)d;
        factor *= base;
        if (factor > 10000000 || i + 1 == len) {
            if (!big_mul_add(b, factor, gathered))
                return false;
            factor = 1;
            gathered = 0;
        }
    }
    return true;
}

/* "1:30:15" in base 60: every part an integer of its own, of 64 bits here. */
static bool read_base60(const char *text, size_t len, big *b)
{
    big part;
    b->n = 0;
    for (size_t start = 0; start <= len;) {
        const char *colon = memchr(text + start, ':', len - start);
        size_t end = colon ? (size_t)(colon - text) : len;
        bool negative;
        if (!read_int(text + start, end - start, 10, &part, &negative) || negative ||
            !big_mul_add(b, 60, 0))
            return false;
        if (b->n == 0) {
            *b = part;
        } else {
            if (part.n > 1 || !big_mul_add(b, 1, part.n ? part.limbs[0] : 0))
                return false;
        }
        start = end + 1;
    }
    return true;
}

zagg_status zg_yaml_int(zg_tree *tree, const char *text, size_t len, zagg_value *node,
                        zagg_err *err)
{
    const char *p = text;
    size_t n = len;
    bool negative = false, inner = false, ok;
    big b = {.n = 0};
    if (len > MAX_INT_DIGITS)
        return zagg_err_set(err, ZAGG_ERANGE, "integer of more than %d digits",
                            MAX_INT_DIGITS);
    if (n > 0 && (*p == '-' || *p == '+')) {
        negative = *p == '-';
        p++;
        n--;
    }
    if (n > 1 && p[0] == '0' && p[1] == 'b')
        ok = read_int(p + 2, n - 2, 2, &b, &inner);
    else if (n > 1 && p[0] == '0' && p[1] == 'x')
        ok = read_int(p + 2, n - 2, 16, &b, &inner);
    else if (n > 0 && p[0] == '0')
        ok = read_int(p, n, 8, &b, &inner);
    else if (memchr(p, ':', n))
        ok = read_base60(p, n, &b);
    else
        ok = read_int(p, n, 10, &b, &inner);
    if (!ok)
        return no_number("an integer", text, len, err);
    return store_int(tree, &b, negative != inner, node, err);
}

/* One number as Python's float(text); the words for infinity and NaN come through
 * !!float. */
static bool read_float(const char *text, size_t len, double *out)
{
    static const char *const words[] = {"inf", "infinity", "nan"};
    trim(&text, &len);
    bool sign = len > 0 && (*text == '-' || *text == '+');
    for (size_t i = 0; i < 3; i++) {
        if (len == strlen(words[i]) + sign &&
            memcmp(text + sign, words[i], len - sign) == 0) {
            *out = i == 2 ? (double)NAN : (double)INFINITY;
            if (sign && *text == '-')
                *out = -*out;
            return true;
        }
    }
    return zg_float_parse(text, len, out);
}

/* PyYAML adds the parts from the last to the first, times 1, 60, 3600, ... */
static bool read_float60(const char *text, size_t len, double *out)
{
    double sum = 0, base = 1, part;
    size_t end = len;
    for (int n = 0; n < MAX_FLOAT_PARTS; n++) {
        size_t start = end;
        while (start > 0 && text[start - 1] != ':')
            start--;
        if (!read_float(text + start, end - start, &part))
            return false;
        sum += part * base;
        base *= 60;
        if (start == 0) {
            *out = sum;
            return true;
        }
        end = start - 1;
    }
    return false;
}

zagg_status zg_yaml_float(const char *text, size_t len, zagg_value *node, zagg_err *err)
{
    const char *p = text;
    size_t n = len;
    double v = 0, sign = 1;
    bool ok = true;
    if (n > 0 && (*p == '-' || *p == '+')) {
        sign = *p == '-' ? -1 : 1;
        p++;
        n--;
    }
    if (n == 4 && memcmp(p, ".inf", 4) == 0)
        v = (double)INFINITY;
    else if (n == 4 && memcmp(p, ".nan", 4) == 0)
        v = (double)NAN;
    else if (memchr(p, ':', n))
        ok = read_float60(p, n, &v);
    else
        ok = read_float(p, n, &v);
    if (!ok)
        return no_number("a float", text, len, err);
    node->kind = ZAGG_FLOAT;
    node->u.f = sign * v;
    return ZAGG_OK;
}
