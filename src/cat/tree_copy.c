/* The small trees of a shard map (signature, metadata) outlive the document they come
 * from. */
#include "cat/tree_copy.h"

#define MAX_DEPTH 64

static zagg_status copy_at(zagg_arena *arena, const zagg_value *v, int depth,
                           const zagg_value **out, zagg_err *err);

static zagg_status copy_list(zagg_arena *arena, const zagg_value *v, int depth,
                             zagg_value *copy, zagg_err *err)
{
    const zagg_value **items = NULL;
    ZAGG_TRY(zagg_arena_alloc(arena, v->n, sizeof *items, &items, err));
    for (size_t i = 0; i < v->n; i++)
        ZAGG_TRY(copy_at(arena, v->items[i], depth + 1, &items[i], err));
    copy->items = items;
    return ZAGG_OK;
}

static zagg_status copy_map(zagg_arena *arena, const zagg_value *v, int depth,
                            zagg_value *copy, zagg_err *err)
{
    zagg_member *members = NULL;
    ZAGG_TRY(zagg_arena_alloc(arena, v->n, sizeof *members, &members, err));
    for (size_t i = 0; i < v->n; i++) {
        ZAGG_TRY(copy_at(arena, v->members[i].key, depth + 1, &members[i].key, err));
        ZAGG_TRY(copy_at(arena, v->members[i].value, depth + 1, &members[i].value, err));
    }
    copy->members = members;
    return ZAGG_OK;
}

static zagg_status copy_at(zagg_arena *arena, const zagg_value *v, int depth,
                           const zagg_value **out, zagg_err *err)
{
    zagg_value *copy = NULL;
    if (depth > MAX_DEPTH)
        return zagg_err_set(err, ZAGG_ERANGE, "nested deeper than %d levels", MAX_DEPTH);
    ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *copy, &copy, err));
    *copy = *v;
    if (v->str != NULL) {
        copy->str = zagg_arena_strndup(arena, v->str, v->str_len);
        if (copy->str == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a copy of a value");
    }
    if (v->kind == ZAGG_LIST)
        ZAGG_TRY(copy_list(arena, v, depth, copy, err));
    else if (v->kind == ZAGG_MAP)
        ZAGG_TRY(copy_map(arena, v, depth, copy, err));
    *out = copy;
    return ZAGG_OK;
}

zagg_status zg_tree_copy(zagg_arena *arena, const zagg_value *v, const zagg_value **out,
                         zagg_err *err)
{
    return copy_at(arena, v, 0, out, err);
}
