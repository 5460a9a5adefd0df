/* Cells as they are written on the command line. */
#include "cli/cell_args.h"

#include "text/text.h"
#include "zagg/io.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MAX_LIST_BYTES ((size_t)64 << 20)
enum { MAX_CELL_TEXT = 80 };

bool cell_args_negative(const char *text)
{
    return text[0] == '-' && (isdigit((unsigned char)text[1]) || text[1] == '.');
}

static bool parse_number(const char *text, size_t len, uint64_t *out)
{
    const bool hex = len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const unsigned base = hex ? 16 : 10;
    uint64_t v = 0;
    size_t i = hex ? 2 : 0;
    if (i == len)
        return false;
    for (; i < len; i++) {
        const char c = (char)tolower((unsigned char)text[i]);
        const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                      : 99;
        if (digit >= base || !zg_mul_u64(v, base, &v) || !zg_add_u64(v, digit, &v))
            return false;
    }
    *out = v;
    return true;
}

static zagg_status no_cell(const char *text, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EARG,
                        "found '%.*s'; must be LAT,LON, a decimal morton id, a packed "
                        "word, NESTED@ORDER or @FILE",
                        MAX_CELL_TEXT, text);
}

static zagg_status from_place(const char *text, const char *comma,
                              const cell_terms *terms, uint64_t *out, zagg_err *err)
{
    double lat, lon;
    uint64_t nested = ZAGG_GEO_NO_CELL;
    const char *second = comma + 1;
    if (!zg_float_parse(text, (size_t)(comma - text), &lat) ||
        !zg_float_parse(second, strlen(second), &lon))
        return no_cell(text, err);
    zagg_geo_nested(&lat, &lon, 1, terms->order, terms->latitude, &nested);
    if (nested == ZAGG_GEO_NO_CELL)
        return zagg_err_set(err, ZAGG_EARG, "latitude %g, longitude %g is no place", lat,
                            lon);
    *out = zagg_word_from_nested(nested, terms->order);
    return ZAGG_OK;
}

static zagg_status from_nested(const char *text, const char *mark, uint64_t *out,
                               zagg_err *err)
{
    uint64_t nested, order;
    if (!parse_number(text, (size_t)(mark - text), &nested) ||
        !parse_number(mark + 1, strlen(mark + 1), &order) || order > ZAGG_GEO_MAX_ORDER)
        return no_cell(text, err);
    if (nested >= (uint64_t)12 << 2 * order)
        return zagg_err_set(err, ZAGG_EARG,
                            "order %" PRIu64 " has %" PRIu64 " cells, no %s", order,
                            (uint64_t)12 << 2 * order, text);
    *out = zagg_word_from_nested(nested, (unsigned)order);
    return ZAGG_OK;
}

static zagg_status from_text(const char *text, const cell_terms *terms, uint64_t *out,
                             zagg_err *err)
{
    const char *comma = strchr(text, ','), *mark = strchr(text, '@');
    if (comma != NULL)
        return from_place(text, comma, terms, out, err);
    if (mark != NULL)
        return from_nested(text, mark, out, err);
    if (zagg_word_parse_decimal(text, strlen(text), out, NULL) == ZAGG_OK)
        return ZAGG_OK;
    return parse_number(text, strlen(text), out) && zagg_word_valid(*out)
               ? ZAGG_OK
               : no_cell(text, err);
}

static zagg_status take_file(const char *path, const cell_terms *terms, zg_vec *words,
                             zagg_err *err)
{
    char *text;
    size_t len;
    ZAGG_TRY(zagg_file_read(path, MAX_LIST_BYTES, &text, &len, err));
    const zagg_status status =
        strlen(text) == len
            ? cell_args_list(text, terms, words, err)
            : zagg_err_set(err, ZAGG_EARG, "the file has a NUL byte and is no list");
    zagg_bytes_free(text);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", path);
}

zagg_status cell_args_take(const char *text, const cell_terms *terms, zg_vec *words,
                           zagg_err *err)
{
    uint64_t word = 0;
    if (text[0] == '@')
        return take_file(text + 1, terms, words, err);
    ZAGG_TRY(from_text(text, terms, &word, err));
    return zg_vec_append(words, &word, 1)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of cells");
}

zagg_status cell_args_list(const char *text, const cell_terms *terms, zg_vec *words,
                           zagg_err *err)
{
    static const char BLANKS[] = " \t\r\n";
    char one[MAX_CELL_TEXT + 1];
    for (const char *p = text + strspn(text, BLANKS); *p != '\0';
         p += strspn(p, BLANKS)) {
        const size_t n = strcspn(p, BLANKS);
        if (n > MAX_CELL_TEXT || p[0] == '@')
            return no_cell(p, err);
        memcpy(one, p, n);
        one[n] = '\0';
        ZAGG_TRY(cell_args_take(one, terms, words, err));
        p += n;
    }
    return ZAGG_OK;
}
