/* Growable array of fixed-size elements with an upper bound on its length. */
#include "base/base.h"

#include <string.h>

void zg_vec_init(zg_vec *v, size_t elem_size, size_t max_len)
{
    zg_vec empty = {NULL, 0, 0, elem_size, max_len == 0 ? SIZE_MAX : max_len};
    *v = empty;
}

bool zg_vec_reserve(zg_vec *v, size_t len)
{
    if (len <= v->cap)
        return true;
    if (len > v->max_len)
        return false;
    size_t cap = v->cap < 8 ? 8 : v->cap;
    while (cap < len)
        cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
    if (cap > v->max_len)
        cap = v->max_len;
    void *data = zg_realloc(v->data, cap, v->elem_size);
    if (data == NULL)
        return false;
    v->data = data;
    v->cap = cap;
    return true;
}

void *zg_vec_push(zg_vec *v)
{
    if (v->len == SIZE_MAX || !zg_vec_reserve(v, v->len + 1))
        return NULL;
    char *elem = (char *)v->data + v->len * v->elem_size;
    memset(elem, 0, v->elem_size);
    v->len++;
    return elem;
}

bool zg_vec_append(zg_vec *v, const void *data, size_t n)
{
    size_t len;
    if (n == 0)
        return true;
    if (!zg_add_size(v->len, n, &len) || !zg_vec_reserve(v, len))
        return false;
    memcpy((char *)v->data + v->len * v->elem_size, data, n * v->elem_size);
    v->len = len;
    return true;
}

void zg_vec_free(zg_vec *v)
{
    zg_free(v->data);
    v->data = NULL;
    v->len = v->cap = 0;
}
