/* The files that AWS's tools share: sections of "key = value". AWS SDKs and Tools
 * Reference Guide, "Shared config and credentials files". */
#include "net/creds_parts.h"
#include "net/secret_text.h"

#include <string.h>

/* Files of people have some; bounds what looking for one costs. */
enum { MOST_SECTIONS = 4096 };

typedef struct entry {
    size_t section;
    char *key; /* in lower case; "key=part" for a part of an indented block */
    char *value;
} entry;

struct zg_ini {
    zg_vec sections; /* char * */
    zg_vec entries;
};

typedef struct reader {
    zg_ini *ini;
    const char *name;
    size_t line;
    bool in_section, has_property;
    size_t section;
    size_t property, indent; /* the last one that is no part of a block */
    bool continued;          /* it has lines */
    zagg_err *err;
} reader;

/* Part of a line. */
typedef struct span {
    const char *at;
    size_t len;
} span;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static span trimmed(span s)
{
    while (s.len > 0 && is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

/* A blank and '#' or ';' begin a comment. */
static span without_comment(span s)
{
    for (size_t i = 1; i < s.len; i++)
        if ((s.at[i] == '#' || s.at[i] == ';') && is_blank(s.at[i - 1]))
            s.len = i;
    return trimmed(s);
}

static zagg_status bad_line(const reader *r, const char *what)
{
    return zagg_err_set(r->err, ZAGG_ECONFIG, "%s: line %zu: %s", r->name, r->line, what);
}

static zagg_status no_memory(const reader *r)
{
    return zagg_err_set(r->err, ZAGG_ENOMEM, "%s: no memory to read it", r->name);
}

/* ---- sections ---- */

static bool find_section(const zg_ini *ini, const char *name, size_t *out)
{
    for (size_t i = 0; i < ini->sections.len; i++)
        if (strcmp(*ZG_VEC_AT(&ini->sections, char *, i), name) == 0) {
            *out = i;
            return true;
        }
    return false;
}

/* "kind  name" and "kind "name"" are "kind name". */
static char *section_name(span s)
{
    zg_str out;
    size_t kind = 0;
    zg_str_init(&out, 0);
    while (kind < s.len && !is_blank(s.at[kind]))
        kind++;
    zg_str_addn(&out, s.at, kind);
    span rest = trimmed((span){s.at + kind, s.len - kind});
    if (rest.len >= 2 && (rest.at[0] == '"' || rest.at[0] == '\'') &&
        rest.at[rest.len - 1] == rest.at[0])
        rest = (span){rest.at + 1, rest.len - 2};
    if (rest.len > 0) {
        zg_str_addc(&out, ' ');
        zg_str_addn(&out, rest.at, rest.len);
    }
    return zg_str_take(&out);
}

static zagg_status read_section(reader *r, span line)
{
    const char *end = memchr(line.at, ']', line.len);
    if (end == NULL)
        return bad_line(r, "a section without its ']'");
    const span rest = trimmed((span){end + 1, line.len - (size_t)(end + 1 - line.at)});
    if (rest.len > 0 && rest.at[0] != '#' && rest.at[0] != ';')
        return bad_line(r, "text behind the ']' of a section");
    const span inside = trimmed((span){line.at + 1, (size_t)(end - line.at) - 1});
    if (inside.len == 0)
        return bad_line(r, "a section without a name");
    char *name = section_name(inside);
    if (name == NULL)
        return no_memory(r);
    r->in_section = true;
    r->has_property = false;
    if (find_section(r->ini, name, &r->section)) {
        zg_free(name);
        return ZAGG_OK;
    }
    if (r->ini->sections.len == MOST_SECTIONS) {
        zg_free(name);
        return bad_line(r, "more than 4096 sections");
    }
    char **slot = zg_vec_push(&r->ini->sections);
    if (slot == NULL) {
        zg_free(name);
        return no_memory(r);
    }
    *slot = name;
    r->section = r->ini->sections.len - 1;
    return ZAGG_OK;
}

/* ---- properties ---- */

static zagg_status add_entry(reader *r, const char *parent, span key, span value)
{
    zg_str name;
    zg_str_init(&name, 0);
    if (parent != NULL)
        zg_str_addf(&name, "%s=", parent);
    for (size_t i = 0; i < key.len; i++)
        zg_str_addc(&name,
                    (char)(key.at[i] >= 'A' && key.at[i] <= 'Z' ? key.at[i] + ('a' - 'A')
                                                                : key.at[i]));
    entry e = {.section = r->section,
               .key = zg_str_take(&name),
               .value = zg_strndup(value.at, value.len)};
    if (e.key == NULL || e.value == NULL || !zg_vec_append(&r->ini->entries, &e, 1)) {
        zg_free(e.key);
        zg_secret_free(e.value);
        return no_memory(r);
    }
    return ZAGG_OK;
}

static zagg_status split_property(const reader *r, span line, span *key, span *value)
{
    size_t i = 0;
    while (i < line.len && line.at[i] != '=' && line.at[i] != ':')
        i++;
    *key = trimmed((span){line.at, i});
    if (i == line.len || key->len == 0)
        return bad_line(r, "neither a section in [] nor 'key = value'");
    *value = without_comment((span){line.at + i, line.len - i});
    *value = trimmed((span){value->at + 1, value->len - 1});
    return ZAGG_OK;
}

/* A line that is indented more than the property above it: of its block, or more of its
 * value. No value of ours has lines: the line end makes it one that is refused where it
 * is used. */
static zagg_status read_indented(reader *r, span line)
{
    entry *above = ZG_VEC_AT(&r->ini->entries, entry, r->property);
    span key, value;
    if (above->value[0] == '\0') {
        ZAGG_TRY(split_property(r, line, &key, &value));
        return add_entry(r, above->key, key, value);
    }
    if (r->continued)
        return ZAGG_OK;
    zg_str joined;
    zg_secret_text_init(&joined, strlen(above->value) + 1);
    zg_str_add(&joined, above->value);
    zg_str_addc(&joined, '\n');
    if (joined.failed) {
        zg_secret_text_free(&joined);
        return no_memory(r);
    }
    zg_secret_free(above->value);
    above->value = zg_str_take(&joined);
    r->continued = true;
    return ZAGG_OK;
}

static zagg_status read_line(reader *r, span line)
{
    size_t indent = 0;
    while (indent < line.len && is_blank(line.at[indent]))
        indent++;
    const span text = trimmed(line);
    if (text.len == 0 || text.at[0] == '#' || text.at[0] == ';')
        return ZAGG_OK;
    if (text.at[0] == '[' && indent == 0)
        return read_section(r, text);
    if (!r->in_section)
        return bad_line(r, "a property before the first section");
    if (r->has_property && indent > r->indent)
        return read_indented(r, text);
    span key, value;
    ZAGG_TRY(split_property(r, text, &key, &value));
    ZAGG_TRY(add_entry(r, NULL, key, value));
    r->has_property = true;
    r->continued = false;
    r->property = r->ini->entries.len - 1;
    r->indent = indent;
    return ZAGG_OK;
}

static zagg_status read_lines(reader *r, const char *text, size_t len)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors begin UTF-8 with it */
    size_t i = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    if (len > ZG_INI_MAX_BYTES)
        return zagg_err_set(r->err, ZAGG_ECONFIG, "%s has more than %d bytes", r->name,
                            ZG_INI_MAX_BYTES);
    if (memchr(text, 0, len) != NULL)
        return zagg_err_set(r->err, ZAGG_ECONFIG, "%s holds a NUL byte: it is no text",
                            r->name);
    while (i < len) {
        const char *end = memchr(text + i, '\n', len - i);
        const size_t n = end != NULL ? (size_t)(end - text) - i : len - i;
        r->line++;
        ZAGG_TRY(read_line(r, (span){text + i, n}));
        i += n + 1;
    }
    return ZAGG_OK;
}

/* ---- the file ---- */

zagg_status zg_ini_parse(const char *text, size_t len, const char *name, zg_ini **out,
                         zagg_err *err)
{
    zg_ini *ini = zg_alloc(1, sizeof *ini);
    if (ini == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", name);
    zg_vec_init(&ini->sections, sizeof(char *), 0);
    zg_vec_init(&ini->entries, sizeof(entry), 0);
    reader r = {.ini = ini, .name = name, .err = err};
    const zagg_status status = read_lines(&r, text, len);
    if (status != ZAGG_OK) {
        zg_ini_free(ini);
        return status;
    }
    *out = ini;
    return ZAGG_OK;
}

const char *zg_ini_get(const zg_ini *ini, const char *section, const char *key)
{
    size_t at;
    if (ini == NULL || !find_section(ini, section, &at))
        return NULL;
    for (size_t i = ini->entries.len; i-- > 0;) {
        const entry *e = ZG_VEC_AT(&ini->entries, entry, i);
        if (e->section == at && strcmp(e->key, key) == 0)
            return e->value;
    }
    return NULL;
}

bool zg_ini_has(const zg_ini *ini, const char *section)
{
    size_t at;
    return ini != NULL && find_section(ini, section, &at);
}

void zg_ini_free(zg_ini *ini)
{
    if (ini == NULL)
        return;
    for (size_t i = 0; i < ini->sections.len; i++)
        zg_free(*ZG_VEC_AT(&ini->sections, char *, i));
    for (size_t i = 0; i < ini->entries.len; i++) {
        zg_free(ZG_VEC_AT(&ini->entries, entry, i)->key);
        zg_secret_free(ZG_VEC_AT(&ini->entries, entry, i)->value);
    }
    zg_vec_free(&ini->sections);
    zg_vec_free(&ini->entries);
    zg_free(ini);
}
