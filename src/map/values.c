/* Making trees of values. */
#include "map/values.h"

#include <string.h>

void zg_members_begin(zg_members *m, zg_tree *tree)
{
    *m = (zg_members){.tree = tree};
    zg_vec_init(&m->list, sizeof(zagg_member), 0);
}

static zagg_value *node(zg_members *m, zagg_kind kind)
{
    zagg_value *v = NULL;
    if (!m->failed && zg_tree_node(m->tree, kind, &v, NULL) != ZAGG_OK)
        m->failed = true;
    return v;
}

static const zagg_value *text_node(zg_members *m, const char *text)
{
    zagg_value *v = node(m, ZAGG_STR);
    if (v == NULL)
        return NULL;
    v->str_len = strlen(text);
    m->failed |= zg_tree_text(m->tree, text, v->str_len, &v->str, NULL) != ZAGG_OK;
    return v;
}

static zagg_member *find(const zg_members *m, const char *key)
{
    zagg_member *list = m->list.data;
    for (size_t i = 0; i < m->list.len; i++)
        if (zagg_value_is(list[i].key, key))
            return &list[i];
    return NULL;
}

void zg_members_put(zg_members *m, const char *key, const zagg_value *value)
{
    zagg_member *there = find(m, key);
    if (m->failed || value == NULL)
        return;
    if (there != NULL) {
        there->value = value;
        return;
    }
    const zagg_member member = {text_node(m, key), value};
    if (!m->failed)
        m->failed = !zg_vec_append(&m->list, &member, 1);
}

void zg_members_str(zg_members *m, const char *key, const char *text)
{
    zg_members_put(m, key, text != NULL ? text_node(m, text) : node(m, ZAGG_NULL));
}

void zg_members_int(zg_members *m, const char *key, uint64_t v)
{
    const zagg_value *value = NULL;
    m->failed |= zg_integer(m->tree, v, &value, NULL) != ZAGG_OK;
    zg_members_put(m, key, value);
}

void zg_members_float(zg_members *m, const char *key, double v)
{
    zagg_value *value = node(m, ZAGG_FLOAT);
    if (value != NULL)
        value->u.f = v;
    zg_members_put(m, key, value);
}

void zg_members_bool(zg_members *m, const char *key, bool v)
{
    zagg_value *value = node(m, ZAGG_BOOL);
    if (value != NULL)
        value->u.b = v;
    zg_members_put(m, key, value);
}

void zg_members_copy(zg_members *m, const zagg_value *map)
{
    if (map == NULL || map->kind != ZAGG_MAP || m->failed)
        return;
    m->failed = !zg_vec_append(&m->list, map->members, map->n);
}

void zg_members_drop(zg_members *m, const char *key)
{
    zagg_member *there = find(m, key), *list = m->list.data;
    if (there == NULL)
        return;
    const size_t at = (size_t)(there - list);
    memmove(there, there + 1, (m->list.len - at - 1) * sizeof *there);
    m->list.len--;
}

zagg_status zg_members_end(zg_members *m, const zagg_value **out, zagg_err *err)
{
    zagg_member *members = NULL;
    zagg_value *map = node(m, ZAGG_MAP);
    if (map == NULL || m->failed ||
        zg_tree_alloc(m->tree, m->list.len, sizeof *members, &members, NULL) != ZAGG_OK) {
        zg_vec_free(&m->list);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the records of a shard map");
    }
    if (m->list.len > 0)
        memcpy(members, m->list.data, m->list.len * sizeof *members);
    map->n = m->list.len;
    map->members = members;
    *out = map;
    zg_vec_free(&m->list);
    return ZAGG_OK;
}

zagg_status zg_list_of(zg_tree *tree, const zagg_value *const *items, size_t n,
                       const zagg_value **out, zagg_err *err)
{
    zagg_value *list;
    const zagg_value **copy;
    ZAGG_TRY(zg_tree_node(tree, ZAGG_LIST, &list, err));
    ZAGG_TRY(zg_tree_alloc(tree, n, sizeof *copy, &copy, err));
    if (n > 0)
        memcpy(copy, items, n * sizeof *copy);
    list->items = copy;
    list->n = n;
    *out = list;
    return ZAGG_OK;
}

zagg_status zg_integer(zg_tree *tree, uint64_t v, const zagg_value **out, zagg_err *err)
{
    zagg_value *value;
    ZAGG_TRY(zg_tree_node(tree, v <= INT64_MAX ? ZAGG_INT : ZAGG_UINT, &value, err));
    if (v <= INT64_MAX)
        value->u.i = (int64_t)v;
    else
        value->u.u = v;
    *out = value;
    return ZAGG_OK;
}
