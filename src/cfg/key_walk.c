/* The config against the key table: keys that this version refuses, when it loads a
 * config or when it runs one, and keys that neither upstream version reads. Below a path
 * that the table does not go into (attrs, bounds.spatial,
 * ...) everything is free. */
#include "cfg/cfg.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

/* Hostile files must not flood the log. */
#define MAX_WARNINGS 32
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Refused by a run only: they change how rows are folded or which arrays there are, not
 * what the rest of the config means. */
static const char *const refused_by_runs[] = {
    "aggregation.streaming",
    "output.windowing",
};

/* Not refused by the walk: their own section says it in better words. */
static const char *const refused_elsewhere[] = {
    "data_source.levels.<name>.link.reference_index",
    "output.grid.cell_ids_encoding",
};

typedef enum walk_mode { WALK_LOAD, WALK_RUN, WALK_WARN } walk_mode;

typedef struct walk {
    const zg_cfg *c;
    const zagg_key *keys;
    size_t n_keys;
    walk_mode mode;
    size_t warnings; /* so far */
} walk;

/* Index of the first key that does not sort before `path`. */
static size_t lower_bound(const walk *w, const char *path)
{
    size_t lo = 0;
    size_t hi = w->n_keys;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(w->keys[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static const zagg_key *find_key(const walk *w, const char *path)
{
    size_t i = lower_bound(w, path);
    return i < w->n_keys && strcmp(w->keys[i].path, path) == 0 ? &w->keys[i] : NULL;
}

/* True when the table goes on behind `path` with `.` or `[]`. */
static bool has_below(const walk *w, const char *path)
{
    size_t i = lower_bound(w, path);
    size_t n = strlen(path);
    return i < w->n_keys && strncmp(w->keys[i].path, path, n) == 0;
}

static bool make_path(char out[ZG_CFG_PATH], const char *head, const char *tail)
{
    int n = snprintf(out, ZG_CFG_PATH, "%s%s%s", head,
                     head[0] == '\0' || tail[0] == '[' ? "" : ".", tail);
    return n >= 0 && n < ZG_CFG_PATH;
}

/* null, false, the words that mean "as if absent", and windows on no schedule. */
static bool is_off(const zagg_value *v)
{
    if (zagg_value_is(zagg_value_get(v, "schedule"), "none"))
        return true;
    return v->kind == ZAGG_NULL || (v->kind == ZAGG_BOOL && !v->u.b) ||
           zagg_value_is(v, "none");
}

static bool below_one_of(const char *path, const char *const *heads, size_t n_heads)
{
    for (size_t i = 0; i < n_heads; i++) {
        size_t n = strlen(heads[i]);
        if (strncmp(path, heads[i], n) == 0 && (path[n] == '\0' || path[n] == '.'))
            return true;
    }
    return false;
}

static zagg_status refuse(const walk *w, const zg_spot *s, const zagg_key *key)
{
    bool by_run = below_one_of(key->path, refused_by_runs, COUNT(refused_by_runs));
    if (key->state != ZAGG_KEY_REFUSED || is_off(s->value) ||
        w->mode != (by_run ? WALK_RUN : WALK_LOAD) ||
        below_one_of(key->path, refused_elsewhere, COUNT(refused_elsewhere)))
        return ZAGG_OK;
    return zg_fail(w->c, s, "this version does not do it (%s); remove the key",
                   key->meaning);
}

/* The sibling whose spelling is nearest, at most two edits away. */
static const char *nearest(const walk *w, const char *parent, const char *name)
{
    char head[ZG_CFG_PATH];
    const char *best = NULL;
    size_t best_distance = 3;
    if (!make_path(head, parent, ""))
        head[0] = '\0';
    size_t n = strlen(head);
    for (size_t i = lower_bound(w, head);
         i < w->n_keys && strncmp(w->keys[i].path, head, n) == 0; i++) {
        const char *tail = w->keys[i].path + n;
        if (strpbrk(tail, ".[<") != NULL)
            continue;
        size_t distance = zg_edit_distance(name, tail);
        if (distance < best_distance) {
            best_distance = distance;
            best = tail;
        }
    }
    return best;
}

static void warn_unknown(walk *w, const zg_spot *s, const char *parent)
{
    char line[24] = "";
    const char *hint = NULL;
    if (w->mode != WALK_WARN || w->c->log == NULL || w->warnings++ >= MAX_WARNINGS)
        return;
    if (s->line != 0)
        (void)snprintf(line, sizeof line, ":%lu", (unsigned long)s->line);
    if (s->key->kind == ZAGG_STR)
        hint = nearest(w, parent, s->key->str);
    zagg_log_write(w->c->log, ZAGG_LOG_WARN, "%s%s: %s: unknown key, ignored%s%s%s",
                   w->c->name, line, s->path, hint != NULL ? " (did you mean " : "",
                   hint != NULL ? hint : "", hint != NULL ? "?)" : "");
}

static zagg_status walk_value(walk *w, const zg_spot *s, const char *pattern);

static zagg_status walk_member(walk *w, const zg_spot *s, const char *parent)
{
    char pattern[ZG_CFG_PATH];
    const zagg_key *key = NULL;
    if (s->key->kind == ZAGG_STR && strpbrk(s->key->str, ".[<") == NULL &&
        make_path(pattern, parent, s->key->str))
        key = find_key(w, pattern);
    if (key == NULL && make_path(pattern, parent, "<name>"))
        key = find_key(w, pattern);
    if (key == NULL) {
        warn_unknown(w, s, parent);
        return ZAGG_OK;
    }
    ZAGG_TRY(refuse(w, s, key));
    return walk_value(w, s, pattern);
}

static zagg_status walk_value(walk *w, const zg_spot *s, const char *pattern)
{
    char below[ZG_CFG_PATH];
    if (zg_spot_is_map(s)) {
        if (!make_path(below, pattern, "") || !has_below(w, below))
            return ZAGG_OK;
        for (size_t i = 0; i < s->value->n; i++) {
            zg_spot m = zg_spot_member(s, i);
            ZAGG_TRY(walk_member(w, &m, pattern));
        }
    } else if (zg_spot_is_list(s)) {
        if (!make_path(below, pattern, "[]") || !has_below(w, below))
            return ZAGG_OK;
        for (size_t i = 0; i < s->value->n; i++) {
            zg_spot item = zg_spot_item(s, i);
            ZAGG_TRY(walk_value(w, &item, below));
        }
    }
    return ZAGG_OK;
}

zagg_status zg_check_refused_keys(const zg_cfg *c, const zg_spot *root)
{
    walk w = {.c = c, .mode = WALK_LOAD};
    w.keys = zagg_config_keys(&w.n_keys);
    return walk_value(&w, root, "");
}

zagg_status zg_check_run_keys(const zg_cfg *c, const zg_spot *root)
{
    walk w = {.c = c, .mode = WALK_RUN};
    w.keys = zagg_config_keys(&w.n_keys);
    return walk_value(&w, root, "");
}

void zg_warn_unknown_keys(const zg_cfg *c, const zg_spot *root)
{
    walk w = {.c = c, .mode = WALK_WARN};
    if (c->log == NULL)
        return;
    w.keys = zagg_config_keys(&w.n_keys);
    /* refuses nothing in this mode */
    (void)walk_value(&w, root, "");
    if (w.warnings > MAX_WARNINGS)
        zagg_log_write(c->log, ZAGG_LOG_WARN, "%s: and %zu more unknown keys", c->name,
                       w.warnings - MAX_WARNINGS);
}
