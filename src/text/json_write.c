/* Value trees as JSON text, byte for byte as Python's json.dumps(ensure_ascii=True). */
#include "text/json_style.h"
#include "text/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_unit(zg_str *out, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\',
                    'u',
                    hex[unit >> 12 & 15],
                    hex[unit >> 8 & 15],
                    hex[unit >> 4 & 15],
                    hex[unit & 15]};
    zg_str_addn(out, text, sizeof text);
}

static void add_escaped(zg_str *out, uint32_t code)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof letters; i += 2) {
        if (code == (unsigned char)letters[i]) {
            zg_str_addc(out, '\\');
            zg_str_addc(out, letters[i + 1]);
            return;
        }
    }
    if (code >= 0x10000) {
        add_unit(out, 0xd800 + ((code - 0x10000) >> 10));
        add_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
    } else {
        add_unit(out, code);
    }
}

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

void zg_json_add_string(zg_str *out, const char *text, size_t len)
{
    zg_str_addc(out, '"');
    for (size_t i = 0; i < len;) {
        size_t run = i;
        while (run < len && is_plain(text[run]))
            run++;
        zg_str_addn(out, text + i, run - i);
        i = run;
        if (i == len)
            break;
        uint32_t code = 0xfffd;
        size_t n = zg_utf8_next(text + i, len - i, &code);
        add_escaped(out, n ? code : 0xfffd);
        i += n ? n : 1;
    }
    zg_str_addc(out, '"');
}

void zg_json_add_double(zg_str *out, double v)
{
    char text[32];
    if (isnan(v)) {
        zg_str_add(out, "NaN");
    } else if (isinf(v)) {
        zg_str_add(out, v < 0 ? "-Infinity" : "Infinity");
    } else {
        size_t n = zg_float_repr(v, text);
        zg_str_addn(out, text, n);
    }
}

void zg_json_newline(zg_str *out, int indent, int depth)
{
    zg_str_addc(out, '\n');
    for (int i = 0; i < indent * depth; i++)
        zg_str_addc(out, ' ');
}

/* Numbers, words and texts; false for the other kinds. */
static bool add_scalar(zg_str *out, const zagg_value *v)
{
    switch (v->kind) {
    case ZAGG_NULL:
        zg_str_add(out, "null");
        return true;
    case ZAGG_BOOL:
        zg_str_add(out, v->u.b ? "true" : "false");
        return true;
    case ZAGG_INT:
        zg_str_addf(out, "%" PRId64, v->u.i);
        return true;
    case ZAGG_UINT:
        zg_str_addf(out, "%" PRIu64, v->u.u);
        return true;
    case ZAGG_BIGINT:
        zg_str_addn(out, v->str, v->str_len);
        return true;
    case ZAGG_FLOAT:
        zg_json_add_double(out, v->u.f);
        return true;
    case ZAGG_STR:
        zg_json_add_string(out, v->str, v->str_len);
        return true;
    default:
        return false;
    }
}

static zagg_status refuse(const zagg_value *v, const char *where, zagg_err *err)
{
    return zagg_err_set(
        err, ZAGG_EUNSUPPORTED, "line %u: %s %s%s%s cannot be written as JSON; quote it",
        (unsigned)v->line, zagg_value_kind_name(v), where,
        v->kind == ZAGG_DATE ? " " : "", v->kind == ZAGG_DATE ? v->str : "");
}

static zagg_status add_key(zg_str *out, const zagg_value *key, zagg_err *err)
{
    bool quotes = key->kind != ZAGG_STR;
    if (quotes)
        zg_str_addc(out, '"');
    if (!add_scalar(out, key))
        return refuse(key, "as a key", err);
    if (quotes)
        zg_str_addc(out, '"');
    return ZAGG_OK;
}

static void separate(zg_str *out, zg_json_style style, int depth, bool first)
{
    if (!first)
        zg_str_addc(out, ',');
    if (style.indent >= 0)
        zg_json_newline(out, style.indent, depth);
    else if (!first && !style.compact)
        zg_str_addc(out, ' ');
}

static zagg_status add_list(zg_str *out, const zagg_value *v, zg_json_style style,
                            int depth, zagg_err *err)
{
    zg_str_addc(out, '[');
    for (size_t i = 0; i < v->n; i++) {
        separate(out, style, depth + 1, i == 0);
        ZAGG_TRY(zg_json_add_value(out, v->items[i], style, depth + 1, err));
    }
    if (v->n > 0 && style.indent >= 0)
        zg_json_newline(out, style.indent, depth);
    zg_str_addc(out, ']');
    return ZAGG_OK;
}

/* UTF-8 bytes sort as code points do, which is Python's order of texts. */
static int by_key(const void *a, const void *b)
{
    const zagg_value *x = ((const zagg_member *)a)->key;
    const zagg_value *y = ((const zagg_member *)b)->key;
    size_t n = x->str_len < y->str_len ? x->str_len : y->str_len;
    int order = memcmp(x->str, y->str, n);
    return order != 0 ? order : (x->str_len > y->str_len) - (x->str_len < y->str_len);
}

zagg_status zg_sorted_members(const zagg_value *v, zagg_member **out, zagg_err *err)
{
    for (size_t i = 0; i < v->n; i++) {
        if (v->members[i].key->kind != ZAGG_STR)
            return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                                "line %u: a mapping with a key of kind %s cannot be "
                                "sorted; quote its keys",
                                (unsigned)v->line,
                                zagg_value_kind_name(v->members[i].key));
    }
    zagg_member *members = zg_alloc(v->n ? v->n : 1, sizeof *members);
    if (!members)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to sort %zu keys", v->n);
    if (v->n > 0)
        memcpy(members, v->members, v->n * sizeof *members);
    qsort(members, v->n, sizeof *members, by_key);
    *out = members;
    return ZAGG_OK;
}

static zagg_status add_map(zg_str *out, const zagg_value *v, zg_json_style style,
                           int depth, zagg_err *err)
{
    zagg_status st = ZAGG_OK;
    zagg_member *sorted = NULL;
    const zagg_member *members = v->members;
    if (style.sort_keys && v->n > 1) {
        ZAGG_TRY(zg_sorted_members(v, &sorted, err));
        members = sorted;
    }
    zg_str_addc(out, '{');
    for (size_t i = 0; i < v->n; i++) {
        separate(out, style, depth + 1, i == 0);
        st = add_key(out, members[i].key, err);
        if (st != ZAGG_OK)
            goto done;
        zg_str_add(out, style.compact ? ":" : ": ");
        st = zg_json_add_value(out, members[i].value, style, depth + 1, err);
        if (st != ZAGG_OK)
            goto done;
    }
    if (v->n > 0 && style.indent >= 0)
        zg_json_newline(out, style.indent, depth);
    zg_str_addc(out, '}');
done:
    zg_free(sorted);
    return st;
}

zagg_status zg_json_add_value(zg_str *out, const zagg_value *v, zg_json_style style,
                              int depth, zagg_err *err)
{
    if (v->kind == ZAGG_LIST)
        return add_list(out, v, style, depth, err);
    if (v->kind == ZAGG_MAP)
        return add_map(out, v, style, depth, err);
    return add_scalar(out, v) ? ZAGG_OK : refuse(v, "value", err);
}

zagg_status zg_json_write(zg_str *out, const zagg_value *v, zg_json_style style,
                          zagg_err *err)
{
    return zg_json_add_value(out, v, style, 0, err);
}
