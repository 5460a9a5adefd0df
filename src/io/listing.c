/* Keys one behind the other in blocks, and a sorted list of where they are. */
#include "io/listing.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 << 10 };

typedef struct block {
    struct block *next;
    size_t used;
    char bytes[];
} block;

typedef struct object {
    const char *key;
    uint64_t size;
} object;

struct zg_listing {
    zg_vec objects; /* object, sorted by key */
    block *blocks;
    size_t most;
    bool too_many, unsorted;
};

static const object *at(const zg_listing *l, size_t i)
{
    return ZG_VEC_AT(&l->objects, object, i);
}

/* A copy of the key that lives as long as the listing, or NULL. */
static const char *keep(zg_listing *l, const char *key)
{
    const size_t len = strlen(key) + 1;
    if (l->blocks == NULL || len > BLOCK_BYTES - l->blocks->used) {
        block *b = zg_alloc(1, sizeof *b + (len > BLOCK_BYTES ? len : BLOCK_BYTES));
        if (b == NULL)
            return NULL;
        b->next = l->blocks;
        l->blocks = b;
    }
    char *copy = l->blocks->bytes + l->blocks->used;
    memcpy(copy, key, len);
    l->blocks->used += len < BLOCK_BYTES ? len : BLOCK_BYTES;
    return copy;
}

static zagg_status add(void *user, const char *key, uint64_t size, zagg_err *err)
{
    zg_listing *l = user;
    if (l->most > 0 && l->objects.len == l->most) {
        l->too_many = true;
        return ZAGG_ECANCELLED;
    }
    const char *copy = keep(l, key);
    object *o = copy != NULL ? zg_vec_push(&l->objects) : NULL;
    if (o == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to list a store");
    *o = (object){copy, size};
    const size_t n = l->objects.len;
    l->unsorted |= n > 1 && strcmp(at(l, n - 2)->key, copy) > 0;
    return ZAGG_OK;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const object *)a)->key, ((const object *)b)->key);
}

zagg_status zg_listing_new(zagg_sink *sink, size_t most, zg_listing **out, zagg_err *err)
{
    zg_listing *l = zg_alloc(1, sizeof *l);
    *out = NULL;
    if (l == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to list a store");
    zg_vec_init(&l->objects, sizeof(object), 0);
    l->most = most;
    const zagg_status status =
        sink != NULL ? zagg_sink_list(sink, "", add, l, err) : ZAGG_OK;
    if (status != ZAGG_OK) {
        const bool too_many = l->too_many;
        zg_listing_free(l);
        return too_many ? ZAGG_OK : status;
    }
    if (l->unsorted)
        qsort(l->objects.data, l->objects.len, sizeof(object), by_key);
    *out = l;
    return ZAGG_OK;
}

void zg_listing_free(zg_listing *listing)
{
    if (listing == NULL)
        return;
    for (block *b = listing->blocks; b != NULL;) {
        block *next = b->next;
        zg_free(b);
        b = next;
    }
    zg_vec_free(&listing->objects);
    zg_free(listing);
}

size_t zg_listing_n(const zg_listing *listing)
{
    return listing->objects.len;
}

/* Index of the first key that is not before `key`. */
static size_t first_at(const zg_listing *l, const char *key)
{
    size_t lo = 0, hi = l->objects.len;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (strcmp(at(l, mid)->key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool zg_listing_has(const zg_listing *listing, const char *key, uint64_t *size)
{
    const size_t i = first_at(listing, key);
    if (i == listing->objects.len || strcmp(at(listing, i)->key, key) != 0)
        return false;
    if (size != NULL)
        *size = at(listing, i)->size;
    return true;
}

bool zg_listing_has_below(const zg_listing *listing, const char *prefix)
{
    const size_t i = first_at(listing, prefix);
    return i < listing->objects.len &&
           strncmp(at(listing, i)->key, prefix, strlen(prefix)) == 0;
}
