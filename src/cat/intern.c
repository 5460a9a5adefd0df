/* Granule records occur once for every shard that they touch: identical ones become one
 * object. Sorting, not hashing: no input makes it slow. */
#include "cat/cat.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_RECORD_BYTES ((size_t)16 << 20)

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

static int compare_numbers(const zagg_value *a, const zagg_value *b)
{
    double x = 0, y = 0;
    int64_t i = 0, j = 0;
    if (zagg_value_i64(a, &i) && zagg_value_i64(b, &j))
        return (i > j) - (i < j);
    if (a->kind == ZAGG_UINT)
        return (a->u.u > b->u.u) - (a->u.u < b->u.u);
    if (a->kind == ZAGG_BOOL)
        return (int)a->u.b - (int)b->u.b;
    (void)zagg_value_number(a, &x);
    (void)zagg_value_number(b, &y);
    return (x > y) - (x < y);
}

/* Any total order in which only equal trees are equal; members count in their order. The
 * parser bounds the depth. */
static int compare_trees(const zagg_value *a, const zagg_value *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == ZAGG_STR) {
        size_t n = a->str_len < b->str_len ? a->str_len : b->str_len;
        int c = memcmp(a->str, b->str, n);
        return c != 0 ? c : (a->str_len > b->str_len) - (a->str_len < b->str_len);
    }
    if (a->kind != ZAGG_LIST && a->kind != ZAGG_MAP)
        return compare_numbers(a, b);
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = 0; i < a->n; i++) {
        int c = a->kind == ZAGG_LIST
                    ? compare_trees(a->items[i], b->items[i])
                    : compare_trees(a->members[i].key, b->members[i].key);
        if (c == 0 && a->kind == ZAGG_MAP)
            c = compare_trees(a->members[i].value, b->members[i].value);
        if (c != 0)
            return c;
    }
    return 0;
}

static int compare_records(const void *pa, const void *pb)
{
    const zg_record *a = pa;
    const zg_record *b = pb;
    int c = compare_text(a->id, b->id);
    if (c == 0)
        c = compare_text(a->s3, b->s3);
    if (c == 0)
        c = compare_text(a->https, b->https);
    return c != 0 || a->whole == NULL ? c : compare_trees(a->whole, b->whole);
}

static zagg_status copy_whole(zagg_arena *arena, const zagg_value *whole,
                              const char **out, zagg_err *err)
{
    static const zg_json_style compact = {.indent = -1, .compact = true};
    zg_str text;
    *out = NULL;
    if (whole == NULL)
        return ZAGG_OK;
    zg_str_init(&text, MAX_RECORD_BYTES);
    zagg_status status = zg_json_write(&text, whole, compact, err);
    if (status == ZAGG_OK) {
        *out = text.failed ? NULL : zagg_arena_strndup(arena, text.data, text.len);
        if (*out == NULL)
            status = zagg_err_set(err, ZAGG_ENOMEM,
                                  "no memory for the granules of a shard map");
    }
    zg_str_free(&text);
    return status;
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

/* The name of a granule that has none but its address. */
static zagg_status copy_basename(zagg_arena *arena, const char *href, const char **out,
                                 zagg_err *err)
{
    const size_t end = zg_href_len(href);
    size_t begin = end;
    while (begin > 0 && href[begin - 1] != '/')
        begin--;
    *out = zagg_arena_strndup(arena, href + begin, end - begin);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(err, ZAGG_ENOMEM,
                                       "no memory for the granules of a shard map");
}

static zagg_status copy_granule(zagg_arena *arena, const zg_record *record,
                                const zagg_granule **out, zagg_err *err)
{
    zagg_granule *g = NULL;
    const char *href = record->s3 != NULL ? record->s3 : record->https;
    ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *g, &g, err));
    if (record->id != NULL || href == NULL)
        ZAGG_TRY(copy_text(arena, record->id, &g->id, err));
    else
        ZAGG_TRY(copy_basename(arena, href, &g->id, err));
    ZAGG_TRY(copy_text(arena, record->s3, &g->s3, err));
    /* local maps name the same path twice */
    if (record->https != NULL && compare_text(record->https, record->s3) == 0)
        g->https = g->s3;
    else
        ZAGG_TRY(copy_text(arena, record->https, &g->https, err));
    ZAGG_TRY(copy_whole(arena, record->whole, &g->record, err));
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
