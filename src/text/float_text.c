/* Floats as text, the way Python writes and reads them, whatever the locale says: strtod
 * is given digits and an exponent ("12345e-3") without any point, which would depend on
 * it. */
#include "text/float_shortest.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIGITS = 17 };

typedef struct decimal {
    char digits[MAX_DIGITS + 2]; /* no leading zero */
    int n;
    int exp10; /* of the first digit */
} decimal;

/* Shortest digits that read back as v > 0, the nearest of them to v. */
static void decimal_shortest(double v, bool single, decimal *d)
{
    char text[24];
    uint64_t digits;
    int exp10, n = 0;
    zg_float_shortest(v, single, &digits, &exp10);
    while (digits % 10 == 0) {
        digits /= 10;
        exp10++;
    }
    for (; digits > 0; digits /= 10)
        text[n++] = (char)('0' + digits % 10);
    for (int i = 0; i < n; i++)
        d->digits[i] = text[n - 1 - i];
    d->digits[n] = '\0';
    d->n = n;
    d->exp10 = exp10 + n - 1;
}

/* Exponent form as Python: "1e-05", "1.5e+16". */
static size_t write_exponent(const decimal *d, char *out)
{
    size_t len = 0;
    out[len++] = d->digits[0];
    if (d->n > 1) {
        out[len++] = '.';
        memcpy(out + len, d->digits + 1, (size_t)d->n - 1);
        len += (size_t)d->n - 1;
    }
    int written = snprintf(out + len, 8, "e%c%02d", d->exp10 < 0 ? '-' : '+',
                           d->exp10 < 0 ? -d->exp10 : d->exp10);
    return len + (size_t)written;
}

static size_t write_plain(const decimal *d, char *out)
{
    size_t len = 0;
    if (d->exp10 < 0) {
        out[len++] = '0';
        out[len++] = '.';
        for (int i = -1; i > d->exp10; i--)
            out[len++] = '0';
        memcpy(out + len, d->digits, (size_t)d->n);
        return len + (size_t)d->n;
    }
    for (int i = 0; i < d->n || i <= d->exp10; i++) {
        out[len++] = i < d->n ? d->digits[i] : '0';
        if (i == d->exp10)
            out[len++] = '.';
    }
    if (out[len - 1] == '.')
        out[len++] = '0';
    return len;
}

static size_t write_shortest(double v, bool single, char out[32])
{
    const char *word = isnan(v)               ? "nan"
                       : isinf(v)             ? (v < 0 ? "-inf" : "inf")
                       : v == 0 && signbit(v) ? "-0.0"
                       : v == 0               ? "0.0"
                                              : NULL;
    if (word) {
        size_t n = strlen(word);
        memcpy(out, word, n + 1);
        return n;
    }
    decimal d;
    size_t len = 0;
    if (v < 0)
        out[len++] = '-';
    decimal_shortest(fabs(v), single, &d);
    len += d.exp10 < -4 || d.exp10 >= 16 ? write_exponent(&d, out + len)
                                         : write_plain(&d, out + len);
    out[len] = '\0';
    return len;
}

size_t zg_float_repr(double v, char out[32])
{
    return write_shortest(v, false, out);
}

size_t zg_float32_repr(float v, char out[32])
{
    return write_shortest((double)v, true, out);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Decimal exponent of the text behind 'e'; held within +-10^9, far beyond any double. */
static bool read_exponent(const char *text, size_t len, int64_t *out)
{
    size_t i = 0;
    bool negative = len > 0 && text[0] == '-';
    if (len > 0 && (text[0] == '-' || text[0] == '+'))
        i = 1;
    if (i == len)
        return false;
    int64_t e = 0;
    for (; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
        if (e < 1000000000)
            e = e * 10 + (text[i] - '0');
    }
    *out = negative ? -e : e;
    return true;
}

/* A double and the middle between two of them have at most 767 significant digits: behind
 * as many only matters whether there is anything but zeros. */
enum { KEPT_DIGITS = 800 };

/* A number without its exponent: sign, significant digits, and the power of ten that they
 * have to be multiplied by. */
typedef struct mantissa {
    char
        digits[KEPT_DIGITS + 3 + 32]; /* sign, one for all that were cut, exponent, NUL */
    size_t n;
    int64_t exp10;
} mantissa;

/* False when this is no mantissa. */
static bool take_mantissa(const char *text, size_t len, mantissa *m)
{
    size_t seen = 0, significant = 0;
    bool point = false, rest = false;
    m->n = 0;
    m->exp10 = 0;
    for (size_t i = 0; i < len; i++) {
        if (i == 0 && (text[i] == '-' || text[i] == '+')) {
            m->digits[m->n++] = text[i];
        } else if (text[i] == '.' && !point) {
            point = true;
        } else if (is_digit(text[i])) {
            const bool leading = significant == 0 && text[i] == '0';
            const bool kept = !leading && significant < KEPT_DIGITS;
            seen++;
            if (kept) {
                m->digits[m->n++] = text[i];
                significant++;
            } else if (!leading) {
                rest |= text[i] != '0';
            }
            /* A digit moves those before it up by one place, or the point does not. */
            m->exp10 += (!kept && !leading) - point;
        } else {
            return false;
        }
    }
    if (rest) {
        m->digits[m->n++] = '1';
        m->exp10--;
    } else if (significant == 0) {
        m->digits[m->n++] = '0';
    }
    return seen > 0;
}

bool zg_float_parse(const char *text, size_t len, double *out)
{
    mantissa m;
    size_t mantissa_len = 0;
    int64_t exp10 = 0;
    while (mantissa_len < len && text[mantissa_len] != 'e' && text[mantissa_len] != 'E')
        mantissa_len++;
    if (mantissa_len < len &&
        !read_exponent(text + mantissa_len + 1, len - mantissa_len - 1, &exp10))
        return false;
    if (!take_mantissa(text, mantissa_len, &m))
        return false;
    (void)snprintf(m.digits + m.n, sizeof m.digits - m.n, "e%lld",
                   (long long)(exp10 + m.exp10));
    *out = strtod(m.digits, NULL);
    return true;
}
