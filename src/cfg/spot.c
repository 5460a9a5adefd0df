/* Places in the config tree and the readers of single values. A message names file, line,
 * key path, what was found and what is allowed; lines are those of the key, or of the
 * mapping that lacks it. */
#include "cfg/cfg.h"
#include "text/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NEAR_MISS_MAX_KEYS 64

static void join_path(char out[ZG_CFG_PATH], const char *head, const char *sep,
                      const char *tail)
{
    /* snprintf cuts what does not fit; only messages are made from it */
    int n = snprintf(out, ZG_CFG_PATH, "%s%s%s", head, sep, tail);
    if (n < 0)
        out[0] = '\0';
}

static uint32_t value_line(const zagg_value *v, uint32_t fallback)
{
    return v != NULL && v->line != 0 ? v->line : fallback;
}

zg_spot zg_spot_root(const zagg_value *root)
{
    zg_spot s = {.value = root, .line = value_line(root, 0)};
    return s;
}

zg_spot zg_spot_get(const zg_spot *map, const char *key)
{
    zg_spot s = {.line = map->line, .parent = map->value};
    join_path(s.path, map->path, map->path[0] == '\0' ? "" : ".", key);
    if (!zg_spot_is_map(map))
        return s;
    for (size_t i = 0; i < map->value->n; i++) {
        const zagg_member *m = &map->value->members[i];
        if (zagg_value_is(m->key, key)) {
            s.value = m->value;
            s.key = m->key;
            s.line = value_line(m->key, value_line(m->value, map->line));
            break;
        }
    }
    return s;
}

zg_spot zg_spot_member(const zg_spot *map, size_t i)
{
    const zagg_member *m = &map->value->members[i];
    zg_spot s = {.value = m->value,
                 .key = m->key,
                 .line = value_line(m->key, value_line(m->value, map->line))};
    char shown[96];
    if (m->key->kind == ZAGG_STR && m->key->str_len < 64 &&
        strlen(m->key->str) == m->key->str_len)
        join_path(s.path, map->path, map->path[0] == '\0' ? "" : ".", m->key->str);
    else {
        zg_found(m->key, shown, sizeof shown);
        join_path(s.path, map->path, map->path[0] == '\0' ? "" : ".", shown);
    }
    return s;
}

zg_spot zg_spot_item(const zg_spot *list, size_t i)
{
    zg_spot s = {.value = list->value->items[i],
                 .line = value_line(list->value->items[i], list->line)};
    char index[32];
    (void)snprintf(index, sizeof index, "[%zu]", i);
    join_path(s.path, list->path, index, "");
    return s;
}

bool zg_spot_is_set(const zg_spot *s)
{
    return s->value != NULL && s->value->kind != ZAGG_NULL;
}

bool zg_spot_is_map(const zg_spot *s)
{
    return s->value != NULL && s->value->kind == ZAGG_MAP;
}

bool zg_spot_is_list(const zg_spot *s)
{
    return s->value != NULL && s->value->kind == ZAGG_LIST;
}

size_t zg_spot_count(const zg_spot *s)
{
    return zg_spot_is_map(s) || zg_spot_is_list(s) ? s->value->n : 0;
}

/* Text is shown without control bytes and cut at 60 bytes, at a character's start. */
static void found_text(const zagg_value *v, char *out, size_t out_size)
{
    char shown[64];
    size_t n = v->str_len < 60 ? v->str_len : 60;
    while (n > 0 && n < v->str_len && ((unsigned char)v->str[n] & 0xC0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)v->str[i];
        shown[i] = b < 0x20 || b == 0x7F ? '?' : (char)b;
    }
    shown[n] = '\0';
    (void)snprintf(out, out_size, "'%s%s'", shown, n < v->str_len ? "..." : "");
}

/* Up to four numbers are shown as written, other lists by their length. */
static void found_list(const zagg_value *v, char *out, size_t out_size)
{
    char item[96];
    size_t used = 0;
    double number = 0;
    bool numbers = v->n > 0 && v->n <= 4;
    for (size_t i = 0; i < v->n && numbers; i++)
        numbers = zagg_value_number(v->items[i], &number);
    if (!numbers) {
        (void)snprintf(out, out_size, v->n == 0 ? "an empty list" : "a list of %zu",
                       v->n);
        return;
    }
    for (size_t i = 0; i < v->n && used < out_size; i++) {
        zg_found(v->items[i], item, sizeof item);
        int n = snprintf(out + used, out_size - used, "%s%s%s", i == 0 ? "[" : ", ", item,
                         i + 1 == v->n ? "]" : "");
        used += n < 0 ? 0 : (size_t)n;
    }
}

void zg_found(const zagg_value *v, char *out, size_t out_size)
{
    char number[32];
    switch (v == NULL ? ZAGG_NULL : v->kind) {
    case ZAGG_NULL:
        (void)snprintf(out, out_size, "null");
        break;
    case ZAGG_BOOL:
        (void)snprintf(out, out_size, "%s", v->u.b ? "true" : "false");
        break;
    case ZAGG_INT:
        (void)snprintf(out, out_size, "%lld", (long long)v->u.i);
        break;
    case ZAGG_UINT:
        (void)snprintf(out, out_size, "%llu", (unsigned long long)v->u.u);
        break;
    case ZAGG_FLOAT:
        (void)zg_float_repr(v->u.f, number);
        (void)snprintf(out, out_size, "%s", number);
        break;
    case ZAGG_BIGINT:
        (void)snprintf(out, out_size, "an integer beyond 64 bits");
        break;
    case ZAGG_STR:
        found_text(v, out, out_size);
        break;
    case ZAGG_DATE:
        (void)snprintf(out, out_size, "a date");
        break;
    case ZAGG_LIST:
        found_list(v, out, out_size);
        break;
    case ZAGG_MAP:
        (void)snprintf(out, out_size, "%s", v->n == 0 ? "an empty mapping" : "a mapping");
        break;
    }
}

/* A key beside the missing one that is at most two edits away. */
static const zagg_value *near_miss(const zg_spot *s)
{
    const char *key = strrchr(s->path, '.');
    key = key == NULL ? s->path : key + 1;
    if (s->value != NULL || s->parent == NULL || s->parent->kind != ZAGG_MAP ||
        strlen(key) < 4)
        return NULL;
    for (size_t i = 0; i < s->parent->n && i < NEAR_MISS_MAX_KEYS; i++) {
        const zagg_value *k = s->parent->members[i].key;
        if (k->kind == ZAGG_STR && zg_edit_distance(key, k->str) <= 2)
            return k;
    }
    return NULL;
}

static zagg_status fail_text(const zg_cfg *c, const zg_spot *s, const char *text)
{
    const zagg_value *near = near_miss(s);
    char hint[128] = "";
    char found[96];
    if (near != NULL) {
        zg_found(near, found, sizeof found);
        (void)snprintf(hint, sizeof hint, " (did you mean it by %s?)", found);
    }
    const char *sep = s->path[0] == '\0' ? "" : ": ";
    if (s->line != 0)
        return zagg_err_set(c->err, ZAGG_ECONFIG, "%s:%lu: %s%s%s%s", c->name,
                            (unsigned long)s->line, s->path, sep, text, hint);
    return zagg_err_set(c->err, ZAGG_ECONFIG, "%s: %s%s%s%s", c->name, s->path, sep, text,
                        hint);
}

zagg_status zg_fail(const zg_cfg *c, const zg_spot *s, const char *fmt, ...)
{
    char text[600];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return fail_text(c, s, text);
}

zagg_status zg_must(const zg_cfg *c, const zg_spot *s, const char *fmt, ...)
{
    char must[500];
    char found[96];
    char text[640];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(must, sizeof must, fmt, args);
    va_end(args);
    if (s->value == NULL) {
        (void)snprintf(text, sizeof text, "missing; must be %s", must);
    } else {
        zg_found(s->value, found, sizeof found);
        (void)snprintf(text, sizeof text, "found %s; must be %s", found, must);
    }
    return fail_text(c, s, text);
}

zagg_status zg_cfg_alloc(const zg_cfg *c, size_t count, size_t size, void *out_ptr)
{
    return zagg_arena_alloc(c->arena, count, size, out_ptr, c->err);
}

zagg_status zg_read_text(const zg_cfg *c, const zg_spot *s, const char **out)
{
    if (s->value == NULL || s->value->kind != ZAGG_STR)
        return zg_must(c, s, "text");
    if (strlen(s->value->str) != s->value->str_len)
        return zg_fail(c, s, "holds a NUL byte; remove it");
    if (s->value->str_len > ZG_CFG_MAX_TEXT)
        return zg_fail(c, s, "found %zu bytes of text; must be at most %d",
                       s->value->str_len, ZG_CFG_MAX_TEXT);
    *out = s->value->str;
    return ZAGG_OK;
}

zagg_status zg_read_path(const zg_cfg *c, const zg_spot *s, const char **out)
{
    if (s->value == NULL || s->value->kind != ZAGG_STR || s->value->str_len == 0)
        return zg_must(c, s, "the path of a dataset or group in the granule");
    return zg_read_text(c, s, out);
}

zagg_status zg_read_opt_text(const zg_cfg *c, const zg_spot *s, const char **out)
{
    if (zg_spot_is_set(s))
        return zg_read_text(c, s, out);
    *out = NULL;
    return ZAGG_OK;
}

zagg_status zg_read_bool(const zg_cfg *c, const zg_spot *s, bool *out)
{
    if (s->value == NULL || s->value->kind != ZAGG_BOOL)
        return zg_must(c, s, "true or false");
    *out = s->value->u.b;
    return ZAGG_OK;
}

zagg_status zg_read_i64(const zg_cfg *c, const zg_spot *s, int64_t least, int64_t *out)
{
    int64_t v = 0;
    if (!zagg_value_i64(s->value, &v) || v < least) {
        if (least == INT64_MIN)
            return zg_must(c, s, "an integer");
        return zg_must(c, s, "an integer of at least %lld", (long long)least);
    }
    *out = v;
    return ZAGG_OK;
}

static bool looks_like_number(const zagg_value *v)
{
    return v != NULL && v->kind == ZAGG_STR && !v->quoted && v->str_len > 0 &&
           strchr("+-.0123456789", v->str[0]) != NULL;
}

zagg_status zg_read_number(const zg_cfg *c, const zg_spot *s, double *out)
{
    double v = 0;
    if (!zagg_value_number(s->value, &v) || !isfinite(v))
        return zg_must(c, s, "a number%s",
                       looks_like_number(s->value)
                           ? " (YAML 1.1 reads 1e-6 as text: write 1.0e-6)"
                           : "");
    *out = v;
    return ZAGG_OK;
}

zagg_status zg_expect_map(const zg_cfg *c, const zg_spot *s, const char *what)
{
    if (!zg_spot_is_map(s))
        return zg_must(c, s, "a mapping of %s", what);
    if (s->value->n > ZG_CFG_MAX_ENTRIES)
        return zg_fail(c, s, "found %zu entries; must be at most %d", s->value->n,
                       ZG_CFG_MAX_ENTRIES);
    return ZAGG_OK;
}

zagg_status zg_expect_list(const zg_cfg *c, const zg_spot *s, const char *what)
{
    if (!zg_spot_is_list(s))
        return zg_must(c, s, "a list of %s", what);
    if (s->value->n > ZG_CFG_MAX_ENTRIES)
        return zg_fail(c, s, "found %zu entries; must be at most %d", s->value->n,
                       ZG_CFG_MAX_ENTRIES);
    return ZAGG_OK;
}

static bool only_blanks(const char *text)
{
    return text[strspn(text, " \t\r\n\v\f")] == '\0';
}

zagg_status zg_read_key(const zg_cfg *c, const zg_spot *s, const char **out)
{
    const zagg_value *key = s->key;
    char found[96];
    if (key == NULL || key->kind != ZAGG_STR || only_blanks(key->str)) {
        zg_found(key, found, sizeof found);
        return zg_fail(c, s, "found the name %s; must be non-empty text (quote it)",
                       found);
    }
    if (strlen(key->str) != key->str_len || key->str_len > ZG_CFG_MAX_NAME)
        return zg_fail(c, s, "this name holds a NUL byte or is longer than %d bytes",
                       ZG_CFG_MAX_NAME);
    *out = key->str;
    return ZAGG_OK;
}

zagg_status zg_read_array_name(const zg_cfg *c, const zg_spot *s, const char **out)
{
    const char *name = NULL;
    ZAGG_TRY(zg_read_key(c, s, &name));
    if (strchr(name, '/') != NULL || name[strspn(name, ".")] == '\0' ||
        strncmp(name, "__", 2) == 0 || strcmp(name, "zarr.json") == 0)
        return zg_fail(c, s,
                       "found the name '%.60s'; must be usable as a Zarr array name: no "
                       "'/', not dots only, not starting with '__', not 'zarr.json'",
                       name);
    for (const char *b = name; *b != '\0'; b++)
        if ((unsigned char)*b < 0x20 || *b == 0x7F)
            return zg_fail(c, s, "this name holds a control character; remove it");
    *out = name;
    return ZAGG_OK;
}

zagg_status zg_only_keys(const zg_cfg *c, const zg_spot *map, const char *const *keys)
{
    char allowed[256];
    size_t n = 0;
    while (keys[n] != NULL)
        n++;
    for (size_t i = 0; i < zg_spot_count(map); i++) {
        zg_spot m = zg_spot_member(map, i);
        if (m.key->kind == ZAGG_STR && strlen(m.key->str) == m.key->str_len &&
            zg_name_in(m.key->str, keys, n))
            continue;
        size_t used = 0;
        allowed[0] = '\0';
        for (size_t k = 0; k < n && used < sizeof allowed; k++) {
            int w = snprintf(allowed + used, sizeof allowed - used, "%s%s",
                             k == 0 ? "" : ", ", keys[k]);
            used += w < 0 ? 0 : (size_t)w;
        }
        return zg_fail(c, &m, "this key is not read here; allowed: %s", allowed);
    }
    return ZAGG_OK;
}

zagg_status zg_read_dtype(const zg_cfg *c, const zg_spot *s, zagg_dtype dflt,
                          zagg_dtype *out)
{
    if (!zg_spot_is_set(s)) {
        *out = dflt;
        return ZAGG_OK;
    }
    zagg_dtype t = ZAGG_DT_NONE;
    if (s->value->kind == ZAGG_STR && strlen(s->value->str) == s->value->str_len)
        t = zagg_dtype_from_name(s->value->str);
    if (t == ZAGG_DT_NONE)
        return zg_must(c, s,
                       "bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, "
                       "float32 or float64");
    *out = t;
    return ZAGG_OK;
}

const zagg_value *zg_read_fill(const zg_spot *s)
{
    /* upstream (0.61) rewrites a float NaN here, since strict JSON cannot carry it */
    static const zagg_value nan_text = {.kind = ZAGG_STR, .str = "NaN", .str_len = 3};
    if (s->value != NULL && s->value->kind == ZAGG_FLOAT && isnan(s->value->u.f))
        return &nan_text;
    return zg_spot_is_set(s) ? s->value : NULL;
}
