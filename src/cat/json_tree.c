/* Values of scanned text as trees. json-c takes ten times as long for the same, which
 * counts where every item of a large catalog is wanted as a whole. */
#include "cat/json_scan.h"
#include "text/tree.h"

#include <string.h>

/* Members up to which equal keys are looked for by comparing all of them. */
enum { FEW_MEMBERS = 64 };

typedef struct builder {
    zg_scan *s;
    zg_tree tree;
    zg_vec values;  /* const zagg_value *: items of lists that are open */
    zg_vec members; /* zagg_member: of objects that are open */
} builder;

static zagg_status build(builder *b, const zagg_value **out);

static zagg_status no_memory(builder *b)
{
    return zagg_err_set(b->s->err, ZAGG_ENOMEM, "no memory for a value");
}

/* What the parser of all JSON makes of a part of the text. */
static zagg_status parse_part(builder *b, const char *text, size_t len,
                              const zagg_value **out)
{
    return zagg_json_parse(b->tree.arena, text, len, "value", out, b->s->err);
}

static zagg_status build_slice(builder *b, const zg_slice *slice, const zagg_value **out)
{
    zagg_value *v = NULL;
    if (slice->escaped)
        return parse_part(b, slice->text - 1, slice->len + 2, out);
    ZAGG_TRY(zg_tree_node(&b->tree, ZAGG_STR, &v, b->s->err));
    v->quoted = true;
    v->str_len = slice->len;
    *out = v;
    return zg_tree_text(&b->tree, slice->text, slice->len, &v->str, b->s->err);
}

static zagg_status build_list(builder *b, const zagg_value **out)
{
    bool first = true, more = false;
    const size_t base = b->values.len;
    for (;;) {
        const zagg_value *item = NULL;
        ZAGG_TRY(zg_scan_element(b->s, &first, &more));
        if (!more)
            break;
        ZAGG_TRY(build(b, &item));
        if (!zg_vec_append(&b->values, &item, 1))
            return no_memory(b);
    }
    zagg_value *v = NULL;
    const zagg_value **items = NULL;
    const size_t n = b->values.len - base;
    ZAGG_TRY(zg_tree_node(&b->tree, ZAGG_LIST, &v, b->s->err));
    ZAGG_TRY(zg_tree_alloc(&b->tree, n, sizeof *items, &items, b->s->err));
    if (n > 0)
        memcpy(items, ZG_VEC_AT(&b->values, const zagg_value *, base), n * sizeof *items);
    v->items = items;
    v->n = n;
    b->values.len = base;
    *out = v;
    return ZAGG_OK;
}

/* The member of this key among those of the object that is open, or NULL. */
static zagg_member *find_member(builder *b, size_t base, const zagg_value *key)
{
    for (size_t i = base; i < b->members.len; i++) {
        zagg_member *m = ZG_VEC_AT(&b->members, zagg_member, i);
        if (m->key->str_len == key->str_len &&
            memcmp(m->key->str, key->str, key->str_len) == 0)
            return m;
    }
    return NULL;
}

static zagg_status build_member(builder *b, size_t base, const zg_slice *name)
{
    zagg_member m = {NULL, NULL};
    ZAGG_TRY(build_slice(b, name, &m.key));
    ZAGG_TRY(build(b, &m.value));
    zagg_member *known = find_member(b, base, m.key);
    if (known != NULL)
        known->value = m.value; /* the last one, at the place of the first */
    else if (!zg_vec_append(&b->members, &m, 1))
        return no_memory(b);
    return ZAGG_OK;
}

static zagg_status build_object(builder *b, const zagg_value **out)
{
    bool first = true, more = false;
    const size_t base = b->members.len, from = b->s->at;
    const unsigned depth = b->s->depth;
    zg_slice key;
    for (;;) {
        ZAGG_TRY(zg_scan_member(b->s, &first, &key, &more));
        if (!more)
            break;
        ZAGG_TRY(build_member(b, base, &key));
        if (b->members.len - base > FEW_MEMBERS) {
            b->members.len = base;
            b->s->at = from;
            b->s->depth = depth;
            ZAGG_TRY(zg_scan_skip(b->s));
            return parse_part(b, b->s->text + from, b->s->at - from, out);
        }
    }
    zagg_value *v = NULL;
    zagg_member *members = NULL;
    const size_t n = b->members.len - base;
    ZAGG_TRY(zg_tree_node(&b->tree, ZAGG_MAP, &v, b->s->err));
    ZAGG_TRY(zg_tree_alloc(&b->tree, n, sizeof *members, &members, b->s->err));
    if (n > 0)
        memcpy(members, ZG_VEC_AT(&b->members, zagg_member, base), n * sizeof *members);
    v->members = members;
    v->n = n;
    b->members.len = base;
    *out = v;
    return ZAGG_OK;
}

static bool holds_any(const char *text, size_t len, const char *of)
{
    for (size_t i = 0; i < len; i++)
        if (strchr(of, text[i]) != NULL)
            return true;
    return false;
}

static zagg_status build_number(builder *b, const zagg_value **out)
{
    enum { SURE_DIGITS = 15 }; /* a double has them exactly */
    zagg_value *v = NULL;
    double number = 0.0;
    const size_t from = b->s->at;
    ZAGG_TRY(zg_scan_number(b->s, &number));
    const char *text = b->s->text + from;
    const size_t len = b->s->at - from;
    const bool whole = !holds_any(text, len, ".eENI");
    if (whole && len > SURE_DIGITS)
        return parse_part(b, text, len, out);
    ZAGG_TRY(zg_tree_node(&b->tree, whole ? ZAGG_INT : ZAGG_FLOAT, &v, b->s->err));
    if (whole)
        v->u.i = (int64_t)number;
    else
        v->u.f = number;
    *out = v;
    return ZAGG_OK;
}

static zagg_status build_word(builder *b, char c, const zagg_value **out)
{
    zagg_value *v = NULL;
    if (c == 'N' || c == 'I')
        return build_number(b, out);
    ZAGG_TRY(zg_scan_skip(b->s));
    ZAGG_TRY(zg_tree_node(&b->tree, c == 'n' ? ZAGG_NULL : ZAGG_BOOL, &v, b->s->err));
    v->u.b = c == 't';
    *out = v;
    return ZAGG_OK;
}

static zagg_status build(builder *b, const zagg_value **out)
{
    zg_slice slice;
    const char c = zg_scan_peek(b->s);
    if (c == '"') {
        ZAGG_TRY(zg_scan_string(b->s, &slice));
        return build_slice(b, &slice, out);
    }
    if (c == '{')
        return build_object(b, out);
    if (c == '[')
        return build_list(b, out);
    return c == '-' || (c >= '0' && c <= '9') ? build_number(b, out)
                                              : build_word(b, c, out);
}

zagg_status zg_scan_value(zg_scan *s, zagg_arena *arena, const zagg_value **out)
{
    builder b = {.s = s};
    zg_tree_init(&b.tree, arena);
    zg_vec_init(&b.values, sizeof(const zagg_value *), 0);
    zg_vec_init(&b.members, sizeof(zagg_member), 0);
    const zagg_status status = build(&b, out);
    zg_vec_free(&b.values);
    zg_vec_free(&b.members);
    return status;
}
