/* Bytes gathered in memory before they go on: by half as much again each time. */
#include "io/sink.h"

#include <string.h>

bool zg_held_add(zg_held *held, const void *data, size_t len)
{
    enum { LEAST_GROWTH = 4096 };
    size_t need, cap;
    if (len == 0)
        return true;
    if (!zg_add_size(held->len, len, &need) ||
        !zg_add_size(need, need / 2 + LEAST_GROWTH, &cap))
        return false;
    if (need > held->cap) {
        if (need <= ZG_IO_HELD_BYTES && cap > ZG_IO_HELD_BYTES)
            cap = ZG_IO_HELD_BYTES;
        unsigned char *grown = zg_realloc(held->data, cap, 1);
        if (grown == NULL)
            return false;
        held->data = grown;
        held->cap = cap;
    }
    memcpy(held->data + held->len, data, len);
    held->len = need;
    return true;
}

void zg_held_free(zg_held *held)
{
    zg_free(held->data);
    *held = (zg_held){0};
}
