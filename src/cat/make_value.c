/* Trees of values: see make_value.h. */
#include "cat/make_value.h"

#include <string.h>

/* What stands for a node that could not be made. */
static const zagg_value NOTHING = {.kind = ZAGG_NULL};

void zg_make_begin(zg_maker *m, zagg_arena *arena, zagg_err *err)
{
    *m = (zg_maker){.status = ZAGG_OK, .err = err};
    zg_tree_init(&m->tree, arena);
}

static zagg_value *node(zg_maker *m, zagg_kind kind)
{
    zagg_value *v = NULL;
    if (m->status == ZAGG_OK)
        m->status = zg_tree_node(&m->tree, kind, &v, m->err);
    return m->status == ZAGG_OK ? v : NULL;
}

const zagg_value *zg_make_null(zg_maker *m)
{
    (void)m;
    return &NOTHING;
}

const zagg_value *zg_make_bool(zg_maker *m, bool v)
{
    zagg_value *n = node(m, ZAGG_BOOL);
    if (n == NULL)
        return &NOTHING;
    n->u.b = v;
    return n;
}

const zagg_value *zg_make_i64(zg_maker *m, int64_t v)
{
    zagg_value *n = node(m, ZAGG_INT);
    if (n == NULL)
        return &NOTHING;
    n->u.i = v;
    return n;
}

const zagg_value *zg_make_u64(zg_maker *m, uint64_t v)
{
    if (v <= INT64_MAX)
        return zg_make_i64(m, (int64_t)v);
    zagg_value *n = node(m, ZAGG_UINT);
    if (n == NULL)
        return &NOTHING;
    n->u.u = v;
    return n;
}

const zagg_value *zg_make_double(zg_maker *m, double v)
{
    zagg_value *n = node(m, ZAGG_FLOAT);
    if (n == NULL)
        return &NOTHING;
    n->u.f = v;
    return n;
}

const zagg_value *zg_make_bytes(zg_maker *m, const char *text, size_t len)
{
    zagg_value *n = node(m, ZAGG_STR);
    if (n == NULL)
        return &NOTHING;
    n->quoted = true;
    n->str_len = len;
    m->status = zg_tree_text(&m->tree, text, len, &n->str, m->err);
    return m->status == ZAGG_OK ? n : &NOTHING;
}

const zagg_value *zg_make_text(zg_maker *m, const char *text)
{
    return text != NULL ? zg_make_bytes(m, text, strlen(text)) : &NOTHING;
}

const zagg_value *zg_make_list(zg_maker *m, const zagg_value *const *items, size_t n)
{
    const zagg_value **copy = NULL;
    zagg_value *list = node(m, ZAGG_LIST);
    if (list == NULL)
        return &NOTHING;
    m->status = zg_tree_alloc(&m->tree, n, sizeof *copy, &copy, m->err);
    if (m->status != ZAGG_OK)
        return &NOTHING;
    if (n > 0)
        memcpy(copy, items, n * sizeof *copy);
    list->items = copy;
    list->n = n;
    return list;
}

const zagg_value *zg_make_doubles(zg_maker *m, const double *v, size_t n)
{
    const zagg_value *items[8] = {NULL};
    if (n > sizeof items / sizeof items[0])
        n = sizeof items / sizeof items[0];
    for (size_t i = 0; i < n; i++)
        items[i] = zg_make_double(m, v[i]);
    return zg_make_list(m, items, n);
}

/* ---- objects ---- */

void zg_object_begin(zg_object *map, zg_maker *m)
{
    map->maker = m;
    zg_vec_init(&map->members, sizeof(zagg_member), 0);
}

void zg_object_put(zg_object *map, const char *key, const zagg_value *value)
{
    if (value == NULL)
        return;
    const zagg_member member = {zg_make_text(map->maker, key), value};
    if (!zg_vec_append(&map->members, &member, 1) && map->maker->status == ZAGG_OK)
        map->maker->status =
            zagg_err_set(map->maker->err, ZAGG_ENOMEM, "no memory for an object");
}

const zagg_value *zg_object_end(zg_object *map)
{
    zg_maker *m = map->maker;
    zagg_member *copy = NULL;
    zagg_value *v = node(m, ZAGG_MAP);
    if (v != NULL)
        m->status =
            zg_tree_alloc(&m->tree, map->members.len, sizeof *copy, &copy, m->err);
    if (v != NULL && m->status == ZAGG_OK) {
        if (map->members.len > 0)
            memcpy(copy, map->members.data, map->members.len * sizeof *copy);
        v->members = copy;
        v->n = map->members.len;
    }
    zg_vec_free(&map->members);
    return v != NULL && m->status == ZAGG_OK ? v : &NOTHING;
}
