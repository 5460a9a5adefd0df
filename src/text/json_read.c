/* JSON text to a value tree in the caller's arena (RFC 8259, with Python's NaN and
 * Infinity). Tokens have been checked when this begins (json_check.h): what is left are
 * structure and values. Of equal keys the first keeps its place and the last its value,
 * as in Python. */
#include "text/compare.h"
#include "text/json_check.h"
#include "text/text.h"
#include "text/tree.h"

#include <math.h>
#include <string.h>

/* Keys of one shape of object come back thousands of times: recent ones are shared. */
enum { KEY_SLOTS = 256 };
typedef struct reader {
    const char *text, *name;
    size_t len, pos;
    zg_tree tree;
    zg_vec items;   /* const zagg_value *: elements of the lists that are open */
    zg_vec members; /* zagg_member: the same for objects */
    zg_str decoded; /* a text with escapes */
    const zagg_value *keys[KEY_SLOTS];
    zagg_err *err;
} reader;

static zagg_status fault(const reader *r, const char *what)
{
    if (r->pos >= r->len)
        what = "unexpected end of data";
    return zagg_err_set(r->err, ZAGG_EFORMAT, "%s: line %zu, byte %zu: %s", r->name,
                        zg_json_line(r->text, r->pos), r->pos, what);
}

static zagg_status no_memory(const reader *r)
{
    return zagg_err_set(r->err, ZAGG_ENOMEM, "no memory to parse JSON");
}

/* The next character that is no blank, not taken; NUL at the end. */
static char peek(reader *r)
{
    while (r->pos < r->len && strchr(" \t\r\n", r->text[r->pos]) != NULL &&
           r->text[r->pos] != '\0')
        r->pos++;
    return r->pos < r->len ? r->text[r->pos] : '\0';
}

/* ---- texts ---- */

static unsigned hex4(const char *digits)
{
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        const unsigned ch = (unsigned char)digits[i];
        code = code * 16 + (ch <= '9' ? ch - '0' : (ch | 0x20U) - 'a' + 10);
    }
    return code;
}

static void add_utf8(zg_str *out, unsigned code)
{
    if (code < 0x80) {
        zg_str_addc(out, (char)code);
        return;
    }
    const unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
    zg_str_addc(out, (char)(lead[more] | code >> 6 * more));
    for (unsigned i = more; i-- > 0;)
        zg_str_addc(out, (char)(0x80U | (code >> 6 * i & 0x3fU)));
}

/* \uXXXX at `at` (behind the u), a pair of surrogates where one begins; half a pair
 * becomes U+FFFD. Returns what lies behind. */
static const char *add_code(zg_str *out, const char *at)
{
    unsigned code = hex4(at);
    at += 4;
    if (code >= 0xd800 && code < 0xdc00 && at[0] == '\\' && at[1] == 'u') {
        const unsigned low = hex4(at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            add_utf8(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
            return at + 6;
        }
    }
    add_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
    return at;
}

static void decode(zg_str *out, const char *at, const char *end)
{
    static const char names[] = "bfnrt", chars[] = "\b\f\n\r\t";
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        if (escape == NULL)
            escape = end;
        zg_str_addn(out, at, (size_t)(escape - at));
        if (escape == end)
            return;
        const char kind = escape[1];
        const char *name = strchr(names, kind);
        at = escape + 2;
        if (kind == 'u')
            at = add_code(out, at);
        else
            zg_str_addc(out, name != NULL ? chars[name - names] : kind);
    }
}

/* The text that begins at the quote here, decoded; good until the next one. */
static zagg_status take_text(reader *r, const char **out, size_t *len)
{
    const size_t first = ++r->pos;
    bool escapes = false;
    while (r->text[r->pos] != '"') {
        const bool escape = r->text[r->pos] == '\\';
        escapes |= escape;
        r->pos += escape ? 2 : 1;
    }
    *out = r->text + first;
    *len = r->pos++ - first;
    if (!escapes)
        return ZAGG_OK;
    r->decoded.len = 0;
    decode(&r->decoded, *out, *out + *len);
    if (r->decoded.failed)
        return no_memory(r);
    *out = r->decoded.data;
    *len = r->decoded.len;
    return ZAGG_OK;
}

static zagg_status text_node(reader *r, const char *text, size_t len,
                             const zagg_value **out)
{
    zagg_value *node = NULL;
    ZAGG_TRY(zg_tree_node(&r->tree, ZAGG_STR, &node, r->err));
    node->quoted = true;
    node->str_len = len;
    *out = node;
    return zg_tree_text(&r->tree, text, len, &node->str, r->err);
}

static zagg_status take_key(reader *r, const zagg_value **out)
{
    const char *key = NULL;
    size_t len = 0;
    if (peek(r) != '"')
        return fault(r, "a key in quotes must stand here");
    ZAGG_TRY(take_text(r, &key, &len));
    uint32_t slot = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        slot = (slot ^ (unsigned char)key[i]) * 16777619U;
    slot = (slot ^ slot >> 16) % KEY_SLOTS;
    const zagg_value *known = r->keys[slot];
    if (known == NULL || known->str_len != len || memcmp(known->str, key, len) != 0) {
        ZAGG_TRY(text_node(r, key, len, &known));
        r->keys[slot] = known;
    }
    *out = known;
    if (peek(r) != ':')
        return fault(r, "a colon must follow the key");
    r->pos++;
    return ZAGG_OK;
}

/* ---- numbers and words ---- */

static void skip_digits(reader *r)
{
    while (r->pos < r->len && r->text[r->pos] >= '0' && r->text[r->pos] <= '9')
        r->pos++;
}

static void take_integer(const char *digits, const char *end, bool negative,
                         zagg_value *node)
{
    uint64_t v = 0;
    for (; digits < end; digits++)
        v = 10 * v + (uint64_t)(*digits - '0');
    node->kind = ZAGG_INT;
    if (negative) {
        node->u.i = v == 0 ? 0 : -(int64_t)(v - 1) - 1;
    } else if (v > INT64_MAX) {
        node->kind = ZAGG_UINT;
        node->u.u = v;
    } else {
        node->u.i = (int64_t)v;
    }
}

static zagg_status take_number(reader *r, zagg_value *node)
{
    const size_t first = r->pos;
    const bool negative = r->text[first] == '-';
    r->pos += negative;
    skip_digits(r);
    const size_t whole_end = r->pos;
    if (r->pos < r->len && r->text[r->pos] == '.') {
        r->pos++;
        skip_digits(r);
    }
    if (r->pos < r->len && (r->text[r->pos] == 'e' || r->text[r->pos] == 'E')) {
        r->pos += r->text[r->pos + 1] == '+' || r->text[r->pos + 1] == '-' ? 2 : 1;
        skip_digits(r);
    }
    if (r->pos == whole_end) {
        take_integer(r->text + first + negative, r->text + whole_end, negative, node);
        return ZAGG_OK;
    }
    node->kind = ZAGG_FLOAT;
    return zg_float_parse(r->text + first, r->pos - first, &node->u.f)
               ? ZAGG_OK
               : fault(r, "not a number");
}

static bool take_word(reader *r, const char *word)
{
    const size_t n = strlen(word);
    if (r->len - r->pos < n || memcmp(r->text + r->pos, word, n) != 0)
        return false;
    r->pos += n;
    return true;
}

static zagg_status take_scalar(reader *r, const zagg_value **out)
{
    zagg_value *node = NULL;
    const char ch = r->text[r->pos];
    ZAGG_TRY(zg_tree_node(&r->tree, ZAGG_NULL, &node, r->err));
    *out = node;
    if (take_word(r, "null"))
        return ZAGG_OK;
    if (ch == 't' || ch == 'f') {
        node->kind = ZAGG_BOOL;
        node->u.b = ch == 't';
        return take_word(r, "true") || take_word(r, "false")
                   ? ZAGG_OK
                   : fault(r, "a value must stand here");
    }
    node->kind = ZAGG_FLOAT;
    if (take_word(r, "NaN"))
        node->u.f = (double)NAN;
    else if (take_word(r, "Infinity"))
        node->u.f = (double)INFINITY;
    else if (take_word(r, "-Infinity"))
        node->u.f = -(double)INFINITY;
    else if (ch == '-' || (ch >= '0' && ch <= '9'))
        return take_number(r, node);
    else
        return fault(r, "a value must stand here");
    return ZAGG_OK;
}

/* ---- lists and objects ---- */

static zagg_status take_value(reader *r, const zagg_value **out);

/* Behind an element: *more is false when `bracket` closed the list or object. */
static zagg_status take_separator(reader *r, char bracket, bool *more)
{
    const char ch = peek(r);
    if (ch != ',' && ch != bracket)
        return fault(r, bracket == ']' ? "a comma or ] must stand here"
                                       : "a comma or } must stand here");
    r->pos++;
    *more = ch == ',';
    return ZAGG_OK;
}

/* Behind an opening bracket: false when the closing one follows at once, which is taken.
 */
static bool has_elements(reader *r, char bracket)
{
    r->pos++;
    if (peek(r) != bracket)
        return true;
    r->pos++;
    return false;
}

static zagg_status take_list(reader *r, zagg_value *node)
{
    const size_t base = r->items.len;
    const zagg_value **items = NULL;
    for (bool more = has_elements(r, ']'); more;) {
        const zagg_value *v = NULL;
        ZAGG_TRY(take_value(r, &v));
        const zagg_value **slot = zg_vec_push(&r->items);
        if (slot == NULL)
            return no_memory(r);
        *slot = v;
        ZAGG_TRY(take_separator(r, ']', &more));
    }
    const size_t n = r->items.len - base;
    ZAGG_TRY(zg_tree_alloc(&r->tree, n, sizeof *items, (void *)&items, r->err));
    if (n > 0)
        memcpy((void *)items, ZG_VEC_AT(&r->items, const zagg_value *, base),
               n * sizeof *items);
    node->n = n;
    node->items = items;
    r->items.len = base;
    return ZAGG_OK;
}

static zagg_status take_object(reader *r, zagg_value *node)
{
    const size_t base = r->members.len;
    zagg_member *members = NULL;
    for (bool more = has_elements(r, '}'); more;) {
        zagg_member m = {NULL, NULL};
        ZAGG_TRY(take_key(r, &m.key));
        ZAGG_TRY(take_value(r, &m.value));
        zagg_member *slot = zg_vec_push(&r->members);
        if (slot == NULL)
            return no_memory(r);
        *slot = m;
        ZAGG_TRY(take_separator(r, '}', &more));
    }
    size_t n = r->members.len - base;
    if (n > 1)
        ZAGG_TRY(
            zg_unique_members(ZG_VEC_AT(&r->members, zagg_member, base), n, &n, r->err));
    ZAGG_TRY(zg_tree_alloc(&r->tree, n, sizeof *members, (void *)&members, r->err));
    if (n > 0)
        memcpy(members, ZG_VEC_AT(&r->members, zagg_member, base), n * sizeof *members);
    node->n = n;
    node->members = members;
    r->members.len = base;
    return ZAGG_OK;
}

/* The token check has bounded the nesting, and with it the recursion. */
static zagg_status take_value(reader *r, const zagg_value **out)
{
    const char ch = peek(r);
    if (r->pos >= r->len)
        return fault(r, "");
    if (ch == '"') {
        const char *text = NULL;
        size_t len = 0;
        ZAGG_TRY(take_text(r, &text, &len));
        return text_node(r, text, len, out);
    }
    if (ch != '[' && ch != '{')
        return take_scalar(r, out);
    zagg_value *node = NULL;
    ZAGG_TRY(zg_tree_node(&r->tree, ch == '[' ? ZAGG_LIST : ZAGG_MAP, &node, r->err));
    *out = node;
    return ch == '[' ? take_list(r, node) : take_object(r, node);
}

zagg_status zagg_json_parse(zagg_arena *arena, const char *text, size_t len,
                            const char *name, const zagg_value **out, zagg_err *err)
{
    const zagg_value *root = NULL;
    reader r = {.text = text, .name = name, .len = len, .err = err};
    ZAGG_TRY(zg_json_check(text, len, name, err));
    zg_tree_init(&r.tree, arena);
    zg_vec_init(&r.items, sizeof(const zagg_value *), 0);
    zg_vec_init(&r.members, sizeof(zagg_member), 0);
    zg_str_init(&r.decoded, 0);
    zagg_status status = take_value(&r, &root);
    (void)peek(&r);
    if (status == ZAGG_OK && r.pos < len)
        status = fault(&r, "text behind the end of the JSON value");
    zg_vec_free(&r.items);
    zg_vec_free(&r.members);
    zg_str_free(&r.decoded);
    if (status == ZAGG_ENOMEM)
        return zagg_err_context(err, status, "%s", name);
    if (status == ZAGG_OK)
        *out = root;
    return status;
}
