/* Comparing stores by the table of docs/store-format.md. */
#include "support/store_format.h"

#include "support/program.h"
#include "text/text.h"
#include "text/tree.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEYS = 8, TEXT = 160, MAX_FILE_BYTES = 1 << 30 };

typedef enum rule_kind { RULE_EQUAL, RULE_KEYS, RULE_ABSENT } rule_kind;

struct store_rule {
    char pattern[TEXT];
    rule_kind kind;
    char keys[MAX_KEYS][TEXT];
    size_t n_keys;
    size_t used;
};

/* ---- the table ---- */

/* Column `i` of a table row, blanks cut off; false where there are fewer. */
static bool column(const char *row, size_t i, char out[4 * TEXT])
{
    const char *p = row;
    for (size_t k = 0; k <= i; k++) {
        p = strchr(p, '|');
        if (p == NULL || *++p == '\0')
            return false;
    }
    const char *end = strchr(p, '|');
    if (end == NULL)
        return false;
    while (p < end && *p == ' ')
        p++;
    while (end > p && end[-1] == ' ')
        end--;
    (void)snprintf(out, 4 * TEXT, "%.*s", (int)(end - p), p);
    return true;
}

/* The next text in backquotes; NULL at the end. */
static const char *quoted(const char *p, char out[TEXT])
{
    const char *open = strchr(p, '`');
    const char *close = open != NULL ? strchr(open + 1, '`') : NULL;
    if (close == NULL)
        return NULL;
    (void)snprintf(out, TEXT, "%.*s", (int)(close - open - 1), open + 1);
    return close + 1;
}

static store_rule read_rule(const char *row)
{
    store_rule rule = {.n_keys = 0};
    char pattern[4 * TEXT], how[4 * TEXT], keys[4 * TEXT];
    if (!column(row, 0, pattern) || !column(row, 1, how) || !column(row, 2, keys) ||
        quoted(pattern, rule.pattern) == NULL)
        fail_msg("docs/store-format.md: no row of the table: %s", row);
    rule.kind = strcmp(how, "equal") == 0           ? RULE_EQUAL
                : strcmp(how, "equal but for") == 0 ? RULE_KEYS
                                                    : RULE_ABSENT;
    if (rule.kind == RULE_ABSENT && strcmp(how, "not written") != 0)
        fail_msg("docs/store-format.md: '%s' is no way to compare", how);
    for (const char *p = keys; rule.n_keys < MAX_KEYS; rule.n_keys++)
        if ((p = quoted(p, rule.keys[rule.n_keys])) == NULL)
            break;
    if ((rule.kind == RULE_KEYS) != (rule.n_keys > 0))
        fail_msg("docs/store-format.md: keys and comparison contradict: %s", row);
    return rule;
}

store_format store_format_load(void)
{
    static const char HEAD[] = "| file | compared | without these keys | why |\n";
    char *text = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    zg_vec rules;
    zg_vec_init(&rules, sizeof(store_rule), 0);
    if (zagg_file_read(source_path("docs/store-format.md"), MAX_FILE_BYTES, &text, &len,
                       &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    const char *row = strstr(text, HEAD);
    if (row == NULL)
        fail_msg("docs/store-format.md has no table of files");
    row = strchr(row + strlen(HEAD), '\n') + 1;
    while (*row == '|') {
        char line[8 * TEXT];
        const size_t n = strcspn(row, "\n");
        (void)snprintf(line, sizeof line, "%.*s", (int)n, row);
        store_rule *rule = zg_vec_push(&rules);
        assert_non_null(rule);
        *rule = read_rule(line);
        row += n + (row[n] == '\n');
    }
    zagg_bytes_free(text);
    return (store_format){rules.data, rules.len};
}

void store_format_free(store_format *format)
{
    zg_free(format->rules);
    *format = (store_format){NULL, 0};
}

static store_rule *rule_of(store_format *format, const char *name)
{
    for (size_t i = 0; i < format->n; i++)
        if (fnmatch(format->rules[i].pattern, name, 0) == 0)
            return &format->rules[i];
    fail_msg("docs/store-format.md says nothing about %s", name);
    return format->rules;
}

/* ---- JSON without some keys ---- */

/* A copy of a map without the key that the dotted path leads to; *found tells. */
static const zagg_value *without(zg_tree *t, const zagg_value *v, const char *path,
                                 bool *found)
{
    const size_t n = strcspn(path, ".");
    zagg_value *copy = NULL;
    zagg_member *members = NULL;
    if (v->kind != ZAGG_MAP)
        return v;
    assert_int_equal(zg_tree_node(t, ZAGG_MAP, &copy, NULL), ZAGG_OK);
    assert_int_equal(zg_tree_alloc(t, v->n + 1, sizeof *members, &members, NULL),
                     ZAGG_OK);
    for (size_t i = 0; i < v->n; i++) {
        zagg_member m = v->members[i];
        const bool here = m.key->str_len == n && memcmp(m.key->str, path, n) == 0;
        if (here && path[n] == '\0') {
            *found = true;
            continue;
        }
        if (here)
            m.value = without(t, m.value, path + n + 1, found);
        members[copy->n++] = m;
    }
    copy->members = members;
    return copy;
}

/* The text without the keys, laid out as it was; empty where it is not JSON as Python's
 * json.dumps writes it, or lacks a key. */
static zg_str pruned(const store_rule *rule, const char *text, size_t len)
{
    static const int INDENTS[] = {-1, 1, 2};
    zagg_arena *arena = NULL;
    const zagg_value *v = NULL;
    zg_tree tree;
    zg_str out;
    zg_json_style style = {.indent = -1};
    bool laid_out = false, found = true;
    zg_str_init(&out, 0);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zg_tree_init(&tree, arena);
    if (zagg_json_parse(arena, text, len, rule->pattern, &v, NULL) == ZAGG_OK) {
        for (size_t i = 0; !laid_out && i < 3; i++) {
            zg_str again;
            zg_str_init(&again, 0);
            style.indent = INDENTS[i];
            assert_int_equal(zg_json_write(&again, v, style, NULL), ZAGG_OK);
            laid_out = again.len == len && memcmp(again.data, text, len) == 0;
            zg_str_free(&again);
        }
        for (size_t i = 0; found && i < rule->n_keys; i++) {
            found = false;
            v = without(&tree, v, rule->keys[i], &found);
        }
        if (laid_out && found)
            assert_int_equal(zg_json_write(&out, v, style, NULL), ZAGG_OK);
    }
    zagg_arena_free(arena);
    return out;
}

static bool same_content(const store_rule *rule, const char *const text[2],
                         const size_t len[2])
{
    if (rule->kind != RULE_KEYS)
        return len[0] == len[1] && memcmp(text[0], text[1], len[0]) == 0;
    zg_str a = pruned(rule, text[0], len[0]), b = pruned(rule, text[1], len[1]);
    const bool same = a.len > 0 && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
    zg_str_free(&a);
    zg_str_free(&b);
    return same;
}

static bool same_file(const store_rule *rule, const char *theirs, const char *ours,
                      const char *name)
{
    const char *roots[2] = {theirs, ours};
    char *data[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        char path[8200];
        zagg_err err = ZAGG_ERR_INIT;
        (void)snprintf(path, sizeof path, "%s/%s", roots[i], name);
        if (zagg_file_read(path, MAX_FILE_BYTES, &data[i], &len[i], &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
    }
    const char *const text[2] = {data[0], data[1]};
    const bool same = same_content(rule, text, len);
    zagg_bytes_free(data[0]);
    zagg_bytes_free(data[1]);
    return same;
}

/* ---- stores ---- */

size_t stores_differ(store_format *format, const char *theirs, const char *ours,
                     zg_str *names, size_t *n_files)
{
    zg_vec want = tree_files(theirs), got = tree_files(ours);
    size_t wrong = 0, i = 0, k = 0;
    *n_files = 0;
    while (i < want.len || k < got.len) {
        const char *a = i < want.len ? *ZG_VEC_AT(&want, char *, i) : NULL;
        const char *b = k < got.len ? *ZG_VEC_AT(&got, char *, k) : NULL;
        const int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a, b);
        const char *name = order > 0 ? b : a;
        assert_non_null(name);
        store_rule *rule = rule_of(format, name);
        const bool absent = rule->kind == RULE_ABSENT;
        const char *how = order > 0 || (order == 0 && absent) ? "should not be there"
                          : order < 0 ? (absent ? NULL : "is missing")
                          : same_file(rule, theirs, ours, a) ? NULL
                                                             : "differs";
        if (how != NULL && wrong++ < 20)
            zg_str_addf(names, "\n  %s %s", name, how);
        rule->used += order == 0;
        *n_files += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    tree_files_free(&want);
    tree_files_free(&got);
    return wrong;
}

void store_format_all_used(const store_format *format)
{
    for (size_t i = 0; i < format->n; i++)
        if (format->rules[i].kind == RULE_KEYS && format->rules[i].used == 0)
            fail_msg("docs/store-format.md: no file was compared by `%s`",
                     format->rules[i].pattern);
}
