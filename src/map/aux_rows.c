/* Tables within entries, column by column. */
#include "map/aux_rows.h"

#include "text/text.h"

#include <string.h>

enum { MAX_COLUMNS = 16 };

typedef struct columns {
    const char *keys[MAX_COLUMNS];
    const zagg_value *first[MAX_COLUMNS], *second[MAX_COLUMNS];
    size_t n;
} columns;

static bool is_list(const zagg_value *v)
{
    return v != NULL && v->kind == ZAGG_LIST;
}

/** False where there are none, or they are of several lengths. */
static bool find_columns(const zagg_value *a, const zagg_value *b, columns *out)
{
    out->n = 0;
    for (size_t i = 0; i < b->n && out->n < MAX_COLUMNS; i++) {
        const char *key = b->members[i].key->str;
        const zagg_value *other = zagg_value_get(a, key);
        if (!is_list(b->members[i].value) || !is_list(other))
            continue;
        out->keys[out->n] = key;
        out->first[out->n] = other;
        out->second[out->n++] = b->members[i].value;
    }
    for (size_t k = 1; k < out->n; k++)
        if (out->first[k]->n != out->first[0]->n ||
            out->second[k]->n != out->second[0]->n)
            return false;
    return out->n > 0;
}

static bool has_row(const columns *c, size_t row)
{
    for (size_t i = 0; i < c->first[0]->n; i++) {
        bool same = true;
        for (size_t k = 0; same && k < c->n; k++)
            same = zagg_value_equal(c->first[k]->items[i], c->second[k]->items[row]);
        if (same)
            return true;
    }
    return false;
}

/** Column k with the new rows below the old ones. */
static zagg_status longer(zg_maker *m, const columns *c, size_t k, const size_t *rows,
                          size_t n, const zagg_value **out, zagg_err *err)
{
    const zagg_value *old = c->first[k];
    const zagg_value **items = zg_alloc(old->n + n + 1, sizeof *items);
    if (items == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a granule");
    for (size_t i = 0; i < old->n; i++)
        items[i] = old->items[i];
    for (size_t i = 0; i < n; i++)
        items[old->n + i] = c->second[k]->items[rows[i]];
    *out = zg_make_list(m, items, old->n + n);
    zg_free((void *)items);
    return m->status;
}

static zagg_status joined(zg_maker *m, const zagg_value *record, const columns *c,
                          const size_t *rows, size_t n, const zagg_value **out,
                          zagg_err *err)
{
    zg_object o;
    zagg_status status = ZAGG_OK;
    zg_object_begin(&o, m);
    for (size_t i = 0; i < record->n && status == ZAGG_OK; i++) {
        const char *key = record->members[i].key->str;
        const zagg_value *value = record->members[i].value;
        for (size_t k = 0; k < c->n && status == ZAGG_OK; k++)
            if (strcmp(c->keys[k], key) == 0)
                status = longer(m, c, k, rows, n, &value, err);
        zg_object_put(&o, key, value);
    }
    *out = zg_object_end(&o);
    return status == ZAGG_OK ? m->status : status;
}

static zagg_status copy_with(zg_tree *tree, const zagg_granule *g,
                             const zagg_value *record, const zagg_granule **out,
                             zagg_err *err)
{
    static const zg_json_style COMPACT = {.indent = -1, .compact = true};
    zagg_granule *copy;
    zg_str text;
    ZAGG_TRY(zg_tree_alloc(tree, 1, sizeof *copy, &copy, err));
    *copy = *g;
    zg_str_init(&text, 0);
    zagg_status status = zg_json_write(&text, record, COMPACT, err);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a record");
    if (status == ZAGG_OK)
        status = zg_tree_text(tree, text.data, text.len, &copy->record, err);
    zg_str_free(&text);
    *out = copy;
    return status;
}

static zagg_status unite(zg_tree *tree, zagg_arena *arena, const zagg_granule *first,
                         const zagg_granule *second, const zagg_granule **out,
                         zagg_err *err)
{
    const zagg_value *a, *b, *record;
    columns c;
    size_t *rows, n = 0;
    zg_maker m;
    ZAGG_TRY(
        zagg_json_parse(arena, first->record, strlen(first->record), "record", &a, err));
    ZAGG_TRY(zagg_json_parse(arena, second->record, strlen(second->record), "record", &b,
                             err));
    if (!find_columns(a, b, &c))
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_alloc(arena, c.second[0]->n + 1, sizeof *rows, &rows, err));
    for (size_t i = 0; i < c.second[0]->n; i++)
        if (!has_row(&c, i))
            rows[n++] = i;
    if (n == 0)
        return ZAGG_OK;
    zg_make_begin(&m, arena, err);
    ZAGG_TRY(joined(&m, a, &c, rows, n, &record, err));
    return copy_with(tree, first, record, out, err);
}

zagg_status zg_unite_rows(zg_tree *tree, const zagg_granule *first,
                          const zagg_granule *second, const zagg_granule **out,
                          zagg_err *err)
{
    zagg_arena *arena;
    *out = first;
    if (first->record == NULL || second->record == NULL ||
        strcmp(first->record, second->record) == 0)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = unite(tree, arena, first, second, out, err);
    zagg_arena_free(arena);
    return status;
}
