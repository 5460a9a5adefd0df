/* Granule records occur once for every shard that they touch: identical ones become one
 * object. Sorting, not hashing: no input makes it slow. */
#include "cat/cat.h"

#include <stdlib.h>
#include <string.h>

const char *zg_href_basename(const char *href)
{
    const char *slash = strrchr(href, '/');
    return slash == NULL ? href : slash + 1;
}

static int compare_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_records(const void *pa, const void *pb)
{
    const zg_record *a = pa;
    const zg_record *b = pb;
    int c = compare_text(a->id, b->id);
    if (c == 0)
        c = compare_text(a->s3, b->s3);
    return c != 0 ? c : compare_text(a->https, b->https);
}

static zagg_status copy_text(zagg_arena *arena, const char *text, const char **out,
                             zagg_err *err)
{
    *out = NULL;
    if (text == NULL)
        return ZAGG_OK;
    *out = zagg_arena_strndup(arena, text, strlen(text));
    if (*out == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM,
                            "no memory for the granules of a shard map");
    return ZAGG_OK;
}

static zagg_status copy_granule(zagg_arena *arena, const zg_record *record,
                                const zagg_granule **out, zagg_err *err)
{
    zagg_granule *g = NULL;
    const char *id = record->id;
    if (id == NULL && record->s3 != NULL)
        id = zg_href_basename(record->s3);
    else if (id == NULL && record->https != NULL)
        id = zg_href_basename(record->https);
    ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *g, &g, err));
    ZAGG_TRY(copy_text(arena, id, &g->id, err));
    ZAGG_TRY(copy_text(arena, record->s3, &g->s3, err));
    /* local maps name the same path twice */
    if (record->https != NULL && compare_text(record->https, record->s3) == 0)
        g->https = g->s3;
    else
        ZAGG_TRY(copy_text(arena, record->https, &g->https, err));
    *out = g;
    return ZAGG_OK;
}

zagg_status zg_intern(zagg_arena *arena, zg_record *records, size_t n,
                      const zagg_granule **granules, zagg_err *err)
{
    const zagg_granule *last = NULL;
    if (n == 0)
        return ZAGG_OK;
    qsort(records, n, sizeof *records, compare_records);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || compare_records(&records[i - 1], &records[i]) != 0)
            ZAGG_TRY(copy_granule(arena, &records[i], &last, err));
        granules[records[i].at] = last;
    }
    return ZAGG_OK;
}
