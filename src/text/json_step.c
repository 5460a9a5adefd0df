/* JSON text written step by step, laid out as Python's json.dumps(indent=n) does: an
 * empty list or map stays on its line. */
#include "text/json_style.h"

#include <inttypes.h>
#include <string.h>

void zg_json_begin(zg_json_out *w, zg_str *out, int indent)
{
    *w = (zg_json_out){.out = out, .indent = indent, .fresh = true};
}

/* Whatever stands between the element before and this one. */
static void next_element(zg_json_out *w)
{
    bool after_key = w->after_key, first = w->fresh;
    w->after_key = false;
    w->fresh = false;
    if (after_key || w->depth == 0)
        return;
    if (!first)
        zg_str_add(w->out, w->indent < 0 ? ", " : ",");
    if (w->indent >= 0)
        zg_json_newline(w->out, w->indent, w->depth);
}

static void open_with(zg_json_out *w, char bracket)
{
    next_element(w);
    zg_str_addc(w->out, bracket);
    w->depth++;
    w->fresh = true;
}

static void close_with(zg_json_out *w, char bracket)
{
    w->depth--;
    if (!w->fresh && w->indent >= 0)
        zg_json_newline(w->out, w->indent, w->depth);
    zg_str_addc(w->out, bracket);
    w->fresh = false;
}

void zg_json_open_map(zg_json_out *w)
{
    open_with(w, '{');
}

void zg_json_close_map(zg_json_out *w)
{
    close_with(w, '}');
}

void zg_json_open_list(zg_json_out *w)
{
    open_with(w, '[');
}

void zg_json_close_list(zg_json_out *w)
{
    close_with(w, ']');
}

void zg_json_key(zg_json_out *w, const char *key)
{
    next_element(w);
    zg_json_add_string(w->out, key, strlen(key));
    zg_str_add(w->out, ": ");
    w->after_key = true;
}

void zg_json_str(zg_json_out *w, const char *text)
{
    next_element(w);
    zg_json_add_string(w->out, text, strlen(text));
}

void zg_json_i64(zg_json_out *w, int64_t v)
{
    next_element(w);
    zg_str_addf(w->out, "%" PRId64, v);
}

void zg_json_u64(zg_json_out *w, uint64_t v)
{
    next_element(w);
    zg_str_addf(w->out, "%" PRIu64, v);
}

void zg_json_double(zg_json_out *w, double v)
{
    next_element(w);
    zg_json_add_double(w->out, v);
}

void zg_json_bool(zg_json_out *w, bool v)
{
    next_element(w);
    zg_str_add(w->out, v ? "true" : "false");
}

void zg_json_null(zg_json_out *w)
{
    next_element(w);
    zg_str_add(w->out, "null");
}

void zg_json_text(zg_json_out *w, const char *json)
{
    next_element(w);
    zg_str_add(w->out, json);
}

void zg_json_put_str(zg_json_out *w, const char *key, const char *text)
{
    zg_json_key(w, key);
    if (text)
        zg_json_str(w, text);
    else
        zg_json_null(w);
}

void zg_json_put_u64(zg_json_out *w, const char *key, uint64_t v)
{
    zg_json_key(w, key);
    zg_json_u64(w, v);
}

void zg_json_put_double(zg_json_out *w, const char *key, double v)
{
    zg_json_key(w, key);
    zg_json_double(w, v);
}

zagg_status zg_json_value(zg_json_out *w, const zagg_value *v, zagg_err *err)
{
    next_element(w);
    zg_json_style style = {.indent = w->indent};
    return zg_json_add_value(w->out, v, style, w->depth, err);
}
