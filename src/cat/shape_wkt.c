/* Well-known text (OGC 06-103r4), with PostGIS's "SRID=4326;" in front. Words in any
 * case; Z, M and ZM may stand apart or at the end of the type's name. */
#include "cat/shape.h"
#include "text/text.h"

#include <math.h>
#include <string.h>
#include <strings.h>

typedef struct wkt_reader {
    const char *text;
    size_t len, at;
    zagg_err *err;
} wkt_reader;

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void skip_blanks(wkt_reader *r)
{
    while (r->at < r->len && is_blank(r->text[r->at]))
        r->at++;
}

static zagg_status fault(const wkt_reader *r, const char *must)
{
    const size_t left = r->len - r->at;
    return zagg_err_set(r->err, ZAGG_EFORMAT,
                        "WKT: byte %zu: %s must stand here (found '%.*s')", r->at, must,
                        (int)(left < 12 ? left : 12), r->text + r->at);
}

static bool take(wkt_reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->len || r->text[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* The letters that follow, in upper case; "" where there are none. Longer words are cut,
 * and then are none that is known. */
static void peek_word(wkt_reader *r, char out[24], size_t *end)
{
    size_t n = 0, at;
    skip_blanks(r);
    for (at = r->at; at < r->len && is_letter(r->text[at]); at++)
        if (n < 23)
            out[n++] = (char)(r->text[at] & ~0x20);
    out[n] = '\0';
    *end = at;
}

static bool take_word(wkt_reader *r, const char *word)
{
    char found[24];
    size_t end;
    peek_word(r, found, &end);
    if (strcmp(found, word) != 0)
        return false;
    r->at = end;
    return true;
}

static zagg_status read_number(wkt_reader *r, double *out)
{
    skip_blanks(r);
    const char *p = r->text + r->at;
    size_t n = 0;
    while (r->at + n < r->len && !is_blank(p[n]) && p[n] != ',' && p[n] != ')' &&
           p[n] != '(')
        n++;
    const size_t sign = n > 0 && p[0] == '-';
    if (n == 3 && strncasecmp(p, "nan", 3) == 0)
        *out = (double)NAN;
    else if ((n - sign == 3 && strncasecmp(p + sign, "inf", 3) == 0) ||
             (n - sign == 8 && strncasecmp(p + sign, "infinity", 8) == 0))
        *out = sign ? -(double)INFINITY : (double)INFINITY;
    else if (n == 0 || !zg_float_parse(p, n, out))
        return fault(r, "a number");
    r->at += n;
    return ZAGG_OK;
}

/* Longitude and latitude; up to two numbers more are passed over. */
static zagg_status add_vertex(zg_shape_builder *b, wkt_reader *r)
{
    double v[4];
    size_t n = 0;
    for (;;) {
        skip_blanks(r);
        if (n >= 2 && r->at < r->len && (r->text[r->at] == ',' || r->text[r->at] == ')'))
            break;
        if (n == 4)
            return fault(r, "',' or ')'");
        ZAGG_TRY(read_number(r, &v[n]));
        n++;
    }
    return zg_shape_vertex(b, v[0], v[1], r->err);
}

static bool take_empty(wkt_reader *r)
{
    return take_word(r, "EMPTY");
}

typedef zagg_status (*add_fn)(zg_shape_builder *b, wkt_reader *r);

/* "(a, b, ...)" or EMPTY. */
static zagg_status add_list(zg_shape_builder *b, wkt_reader *r, add_fn add)
{
    if (take_empty(r))
        return ZAGG_OK;
    if (!take(r, '('))
        return fault(r, "'(' or EMPTY");
    do {
        ZAGG_TRY(add(b, r));
    } while (take(r, ','));
    return take(r, ')') ? ZAGG_OK : fault(r, "',' or ')'");
}

static zagg_status add_ring(zg_shape_builder *b, wkt_reader *r)
{
    ZAGG_TRY(zg_shape_ring(b, r->err));
    ZAGG_TRY(add_list(b, r, add_vertex));
    zg_shape_end_ring(b);
    return ZAGG_OK;
}

static zagg_status add_part(zg_shape_builder *b, wkt_reader *r, zagg_shape_kind kind,
                            add_fn add_rings)
{
    ZAGG_TRY(zg_shape_part(b, kind, r->err));
    ZAGG_TRY(add_rings(b, r));
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_rings(zg_shape_builder *b, wkt_reader *r)
{
    return add_list(b, r, add_ring);
}

static zagg_status add_polygon(zg_shape_builder *b, wkt_reader *r)
{
    return add_part(b, r, ZAGG_SHAPE_POLYGON, add_rings);
}

static zagg_status add_line(zg_shape_builder *b, wkt_reader *r)
{
    return add_part(b, r, ZAGG_SHAPE_LINE, add_ring);
}

static zagg_status add_point(zg_shape_builder *b, wkt_reader *r)
{
    return add_part(b, r, ZAGG_SHAPE_POINT, add_ring);
}

/* A point of a multipoint may come without its brackets. */
static zagg_status add_bare_ring(zg_shape_builder *b, wkt_reader *r)
{
    ZAGG_TRY(zg_shape_ring(b, r->err));
    ZAGG_TRY(add_vertex(b, r));
    zg_shape_end_ring(b);
    return ZAGG_OK;
}

static zagg_status add_member_point(zg_shape_builder *b, wkt_reader *r)
{
    char word[24];
    size_t end;
    peek_word(r, word, &end);
    const bool bracket = r->at < r->len && r->text[r->at] == '(';
    return add_part(b, r, ZAGG_SHAPE_POINT,
                    bracket || strcmp(word, "EMPTY") == 0 ? add_ring : add_bare_ring);
}

static const struct {
    const char *name;
    add_fn add;
    bool multi;
} TYPES[] = {{"POLYGON", add_polygon, false},       {"MULTIPOLYGON", add_polygon, true},
             {"LINESTRING", add_line, false},       {"LINEARRING", add_line, false},
             {"MULTILINESTRING", add_line, true},   {"POINT", add_point, false},
             {"MULTIPOINT", add_member_point, true}};

static const char *const DIMENSIONS[] = {"ZM", "Z", "M"};

/* Whether `word` is `name`, alone or with Z, M or ZM behind it. */
static bool is_type(const char *word, const char *name)
{
    const size_t n = strlen(name);
    if (strncmp(word, name, n) != 0)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (strcmp(word + n, DIMENSIONS[i]) == 0)
            return true;
    return word[n] == '\0';
}

static zagg_status add_any(zg_shape_builder *b, wkt_reader *r, unsigned depth);

static zagg_status add_collection(zg_shape_builder *b, wkt_reader *r, unsigned depth)
{
    if (take_empty(r))
        return ZAGG_OK;
    if (!take(r, '('))
        return fault(r, "'(' or EMPTY");
    do {
        ZAGG_TRY(add_any(b, r, depth + 1));
    } while (take(r, ','));
    return take(r, ')') ? ZAGG_OK : fault(r, "',' or ')'");
}

static zagg_status add_any(zg_shape_builder *b, wkt_reader *r, unsigned depth)
{
    char word[24];
    size_t end;
    if (depth > ZG_SHAPE_MAX_DEPTH)
        return zagg_err_set(r->err, ZAGG_ERANGE, "WKT nested more than %d deep",
                            ZG_SHAPE_MAX_DEPTH);
    peek_word(r, word, &end);
    const size_t at = r->at;
    r->at = end;
    for (size_t i = 0; i < 3; i++)
        if (take_word(r, DIMENSIONS[i]))
            break;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (is_type(word, TYPES[i].name))
            return TYPES[i].multi ? add_list(b, r, TYPES[i].add) : TYPES[i].add(b, r);
    if (is_type(word, "GEOMETRYCOLLECTION"))
        return add_collection(b, r, depth);
    r->at = at;
    return fault(r, "POLYGON, LINESTRING, POINT, one of them with MULTI, or "
                    "GEOMETRYCOLLECTION");
}

static zagg_status skip_srid(wkt_reader *r)
{
    static const char PREFIX[] = "SRID=";
    skip_blanks(r);
    if (r->len - r->at < 5 || strncasecmp(r->text + r->at, PREFIX, 5) != 0)
        return ZAGG_OK;
    const char *from = r->text + r->at + 5;
    const char *end = memchr(from, ';', r->len - r->at - 5);
    if (end == NULL)
        return fault(r, "SRID=4326;");
    if (end - from != 4 || strncmp(from, "4326", 4) != 0)
        return zagg_err_set(r->err, ZAGG_EUNSUPPORTED,
                            "WKT with another SRID than 4326: must be longitude and "
                            "latitude");
    r->at = (size_t)(end - r->text) + 1;
    return ZAGG_OK;
}

zagg_status zg_shape_add_wkt(zg_shape_builder *b, const char *text, size_t len,
                             zagg_err *err)
{
    wkt_reader r = {.text = text, .len = len, .err = err};
    ZAGG_TRY(skip_srid(&r));
    ZAGG_TRY(add_any(b, &r, 0));
    skip_blanks(&r);
    return r.at == r.len ? ZAGG_OK : fault(&r, "the end");
}
