/* Reading single values out of a parsed tree. */
#include "text/text.h"

#include <string.h>

static bool str_is(const zagg_value *v, const char *text, size_t len)
{
    return v->kind == ZAGG_STR && v->str_len == len && memcmp(v->str, text, len) == 0;
}

const zagg_value *zagg_value_get(const zagg_value *v, const char *key)
{
    if (!v || v->kind != ZAGG_MAP)
        return NULL;
    size_t len = strlen(key);
    for (size_t i = 0; i < v->n; i++) {
        if (str_is(v->members[i].key, key, len))
            return v->members[i].value;
    }
    return NULL;
}

const zagg_value *zagg_value_get_set(const zagg_value *v, const char *key)
{
    const zagg_value *found = zagg_value_get(v, key);
    return found && found->kind != ZAGG_NULL ? found : NULL;
}

const char *zg_value_text(const zagg_value *map, const char *key)
{
    const zagg_value *v = zagg_value_get(map, key);
    return v && v->kind == ZAGG_STR ? v->str : NULL;
}

const char *zagg_value_kind_name(const zagg_value *v)
{
    switch (v ? v->kind : ZAGG_NULL) {
    case ZAGG_NULL:
        return "null";
    case ZAGG_BOOL:
        return "bool";
    case ZAGG_INT:
    case ZAGG_UINT:
    case ZAGG_BIGINT:
        return "int";
    case ZAGG_FLOAT:
        return "float";
    case ZAGG_STR:
        return "str";
    case ZAGG_DATE:
        return "date";
    case ZAGG_LIST:
        return "list";
    case ZAGG_MAP:
        return "mapping";
    }
    return "unknown";
}

bool zagg_value_truthy(const zagg_value *v)
{
    if (!v)
        return false;
    switch (v->kind) {
    case ZAGG_NULL:
        return false;
    case ZAGG_BOOL:
        return v->u.b;
    case ZAGG_INT:
        return v->u.i != 0;
    case ZAGG_FLOAT:
        return v->u.f != 0; /* NaN is true */
    case ZAGG_STR:
        return v->str_len > 0;
    case ZAGG_LIST:
    case ZAGG_MAP:
        return v->n > 0;
    case ZAGG_UINT:
    case ZAGG_BIGINT:
    case ZAGG_DATE:
        break;
    }
    return true;
}

bool zagg_value_number(const zagg_value *v, double *out)
{
    if (!v)
        return false;
    if (v->kind == ZAGG_INT)
        *out = (double)v->u.i;
    else if (v->kind == ZAGG_UINT)
        *out = (double)v->u.u;
    else if (v->kind == ZAGG_FLOAT)
        *out = v->u.f;
    else
        return false;
    return true;
}

bool zagg_value_i64(const zagg_value *v, int64_t *out)
{
    if (!v || v->kind != ZAGG_INT)
        return false;
    *out = v->u.i;
    return true;
}

bool zagg_value_u64(const zagg_value *v, uint64_t *out)
{
    if (v && v->kind == ZAGG_UINT)
        *out = v->u.u;
    else if (v && v->kind == ZAGG_INT && v->u.i >= 0)
        *out = (uint64_t)v->u.i;
    else
        return false;
    return true;
}

bool zagg_value_is(const zagg_value *v, const char *text)
{
    return v && str_is(v, text, strlen(text));
}
