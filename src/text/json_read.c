/* JSON text to a value tree, parsed by json-c and copied into the caller's arena. */
#include "text/json_check.h"
#include "text/json_pairs.h"
#include "text/text.h"
#include "text/tree.h"

#include <json-c/json.h>
#include <string.h>

/* json-c counts the scalar inside the innermost container as a level, too. */
enum { TOKENER_DEPTH = ZG_TREE_MAX_DEPTH + 2, FEED_BYTES = 1 << 30 };

/* Keys of one shape of object come back thousands of times: recent ones are shared. */
enum { KEY_SLOTS = 256 };
typedef struct reader {
    zg_tree tree;
    const zagg_value *keys[KEY_SLOTS];
    zagg_err *err;
} reader;

static zagg_status from_text(zg_tree *t, const char *text, size_t len, zagg_value **out,
                             zagg_err *err)
{
    ZAGG_TRY(zg_tree_node(t, ZAGG_STR, out, err));
    (*out)->quoted = true;
    (*out)->str_len = len;
    return zg_tree_text(t, text, len, &(*out)->str, err);
}

static zagg_status from_key(reader *r, const char *key, const zagg_value **out)
{
    uint32_t slot = 2166136261U; /* FNV-1a */
    size_t len = strlen(key);
    for (size_t i = 0; i < len; i++)
        slot = (slot ^ (unsigned char)key[i]) * 16777619U;
    slot = (slot ^ slot >> 16) % KEY_SLOTS;
    const zagg_value *known = r->keys[slot];
    if (!known || known->str_len != len || memcmp(known->str, key, len) != 0) {
        zagg_value *node = NULL;
        ZAGG_TRY(from_text(&r->tree, key, len, &node, r->err));
        known = r->keys[slot] = node;
    }
    *out = known;
    return ZAGG_OK;
}

static zagg_status from_json(reader *r, json_object *o, const zagg_value **out);

static zagg_status from_array(reader *r, json_object *o, zagg_value *node)
{
    size_t n = json_object_array_length(o);
    const zagg_value **items = NULL;
    ZAGG_TRY(zg_tree_alloc(&r->tree, n, sizeof *items, (void *)&items, r->err));
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(from_json(r, json_object_array_get_idx(o, i), &items[i]));
    node->n = n;
    node->items = items;
    return ZAGG_OK;
}

/* json-c keeps the last value of a key at the place of the first, which is what we want.
 */
static zagg_status from_object(reader *r, json_object *o, zagg_value *node)
{
    size_t n = (size_t)json_object_object_length(o), i = 0;
    zagg_member *members = NULL;
    ZAGG_TRY(zg_tree_alloc(&r->tree, n, sizeof *members, (void *)&members, r->err));
    struct json_object_iterator it = json_object_iter_begin(o);
    struct json_object_iterator end = json_object_iter_end(o);
    for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it), i++) {
        ZAGG_TRY(from_key(r, json_object_iter_peek_name(&it), &members[i].key));
        ZAGG_TRY(from_json(r, json_object_iter_peek_value(&it), &members[i].value));
    }
    node->n = n;
    node->members = members;
    return ZAGG_OK;
}

static void from_int(json_object *o, zagg_value *node)
{
    uint64_t u = json_object_get_uint64(o); /* 0 for negative numbers */
    if (u > INT64_MAX) {
        node->kind = ZAGG_UINT;
        node->u.u = u;
    } else {
        node->kind = ZAGG_INT;
        node->u.i = json_object_get_int64(o);
    }
}

static zagg_status from_json(reader *r, json_object *o, const zagg_value **out)
{
    zagg_value *node = NULL;
    enum json_type type = json_object_get_type(o);
    if (type == json_type_string) {
        ZAGG_TRY(from_text(&r->tree, json_object_get_string(o),
                           (size_t)json_object_get_string_len(o), &node, r->err));
        *out = node;
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_tree_node(&r->tree, ZAGG_NULL, &node, r->err));
    *out = node;
    switch (type) {
    case json_type_boolean:
        node->kind = ZAGG_BOOL;
        node->u.b = json_object_get_boolean(o);
        return ZAGG_OK;
    case json_type_int:
        from_int(o, node);
        return ZAGG_OK;
    case json_type_double:
        node->kind = ZAGG_FLOAT;
        node->u.f = json_object_get_double(o);
        return ZAGG_OK;
    case json_type_array:
        node->kind = ZAGG_LIST;
        return from_array(r, o, node);
    case json_type_object:
        node->kind = ZAGG_MAP;
        return from_object(r, o, node);
    default:
        return ZAGG_OK;
    }
}

/* Feed everything, then a NUL to end a number at top level. *end: bytes used. */
static json_object *tokenize(json_tokener *tok, const char *text, size_t len, size_t *end)
{
    json_object *o = NULL;
    size_t fed = 0;
    while (fed < len) {
        size_t n = len - fed < FEED_BYTES ? len - fed : FEED_BYTES;
        o = json_tokener_parse_ex(tok, text + fed, (int)n);
        fed += json_tokener_get_parse_end(tok);
        if (json_tokener_get_error(tok) != json_tokener_continue)
            break;
    }
    *end = fed;
    if (fed == len && (len == 0 || json_tokener_get_error(tok) == json_tokener_continue))
        o = json_tokener_parse_ex(tok, "", 1);
    return o;
}

/* json-c stops behind the first value: only blanks may follow. */
static bool only_blanks(const char *text, size_t len, size_t *pos)
{
    while (*pos < len && strchr(" \t\r\n", text[*pos]))
        (*pos)++;
    return *pos == len;
}

/* ---- secrets ---- */

/* json-c's own copies of the texts. */
static void wipe_texts(json_object *o)
{
    const enum json_type type = json_object_get_type(o);
    if (type == json_type_string) {
        const char *text = json_object_get_string(o);
        zg_secret_wipe((char *)(uintptr_t)text, (size_t)json_object_get_string_len(o));
    } else if (type == json_type_array) {
        for (size_t i = 0; i < json_object_array_length(o); i++)
            wipe_texts(json_object_array_get_idx(o, i));
    } else if (type == json_type_object) {
        struct json_object_iterator it = json_object_iter_begin(o);
        struct json_object_iterator end = json_object_iter_end(o);
        for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it))
            wipe_texts(json_object_iter_peek_value(&it));
    }
}

static void forget(json_object *o, bool secret)
{
    if (secret)
        wipe_texts(o);
    json_object_put(o);
}

/* The buffer in which the tokenizer gathers a text: filled with another one that is as
 * long as any. Done before, too, it does not grow and leave its beginnings behind. */
static zagg_status fill_buffer(json_tokener *tok, size_t len, zagg_err *err)
{
    char *text = zg_alloc(len + 2, 1);
    if (!text)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to parse JSON");
    memset(text, 'x', len + 2);
    text[0] = text[len + 1] = '"';
    json_tokener_reset(tok);
    size_t end;
    json_object *o = tokenize(tok, text, len + 2, &end);
    const bool failed = o == NULL;
    json_object_put(o);
    json_tokener_reset(tok);
    zg_free(text);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to parse JSON") : ZAGG_OK;
}

/* ---- all of it ---- */

/* Text with characters that json-c loses is parsed once more with these spelt out; the
 * first time is the one that tells where a fault lies. */
static zagg_status parse_lost(json_tokener *tok, const char *text, size_t len,
                              bool secret, json_object **o, zagg_err *err)
{
    char *spelt = NULL;
    size_t n = 0, end = 0;
    ZAGG_TRY(zg_json_spell_pairs(text, len, &spelt, &n, err));
    if (!spelt)
        return ZAGG_OK;
    forget(*o, secret);
    json_tokener_reset(tok);
    *o = tokenize(tok, spelt, n, &end);
    if (secret)
        zg_secret_wipe(spelt, n);
    zg_free(spelt);
    return json_tokener_get_error(tok) == json_tokener_success
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory to parse JSON");
}

/* What is parsed. */
typedef struct json_text {
    const char *text;
    size_t len;
    const char *name;
    bool secret; /* leave no copies but the one in the arena */
} json_text;

static zagg_status read_value(json_tokener *tok, const json_text *j, json_object **o,
                              zagg_err *err)
{
    size_t end = 0;
    *o = tokenize(tok, j->text, j->len, &end);
    const enum json_tokener_error fault = json_tokener_get_error(tok);
    if (fault != json_tokener_success)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: line %zu, byte %zu: %s", j->name,
                            zg_json_line(j->text, end), end,
                            json_tokener_error_desc(fault));
    if (!only_blanks(j->text, j->len, &end))
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "%s: line %zu, byte %zu: text behind the end of the JSON value", j->name,
            zg_json_line(j->text, end), end);
    return ZAGG_OK;
}

static zagg_status copy_value(zagg_arena *arena, json_tokener *tok, const json_text *j,
                              json_object **o, const zagg_value **out, zagg_err *err)
{
    const zagg_value *root = NULL;
    reader r = {.err = err};
    zg_tree_init(&r.tree, arena);
    zagg_status st = parse_lost(tok, j->text, j->len, j->secret, o, err);
    if (st == ZAGG_OK)
        st = from_json(&r, *o, &root);
    if (st != ZAGG_OK)
        return zagg_err_context(err, st, "%s", j->name);
    *out = root;
    return ZAGG_OK;
}

static zagg_status parse(zagg_arena *arena, const json_text *j, const zagg_value **out,
                         zagg_err *err)
{
    json_object *o = NULL;
    zagg_status st = ZAGG_OK;
    ZAGG_TRY(zg_json_check(j->text, j->len, j->name, err));
    json_tokener *tok = json_tokener_new_ex(TOKENER_DEPTH);
    if (!tok)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to parse JSON", j->name);
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
    if (j->secret)
        st = fill_buffer(tok, j->len, err);
    if (st == ZAGG_OK)
        st = read_value(tok, j, &o, err);
    if (st == ZAGG_OK)
        st = copy_value(arena, tok, j, &o, out, err);
    forget(o, j->secret);
    if (j->secret)
        (void)fill_buffer(tok, j->len, NULL);
    json_tokener_free(tok);
    return st;
}

zagg_status zagg_json_parse(zagg_arena *arena, const char *text, size_t len,
                            const char *name, const zagg_value **out, zagg_err *err)
{
    return parse(arena, &(json_text){text, len, name, false}, out, err);
}

zagg_status zg_json_parse_secret(zagg_arena *arena, const char *text, size_t len,
                                 const char *name, const zagg_value **out, zagg_err *err)
{
    return parse(arena, &(json_text){text, len, name, true}, out, err);
}
