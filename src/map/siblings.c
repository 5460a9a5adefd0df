/* Pairing by the part of ids that products of one acquisition share: date, orbit, part of
 * it, track, and the generation of the product. */
#include "map/siblings.h"

#include "map/footprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 5
#define MANY 0.5 /* share of granules without sibling that looks like a mistake */

typedef struct sibling {
    char *key; /* NULL: the id has none */
    const char *id, *s3, *https;
    size_t at; /* its place in the catalog */
    bool shadowed, used;
} sibling;

typedef struct missing {
    const char *id, *what;
} missing;

struct zg_siblings {
    const char *asset;
    zagg_arena *arena;
    zg_vec all;      /* sibling, sorted by key, then place */
    zg_vec pairless; /* missing: granules */
    uint64_t paired, twice;
    char first_twice[128];
};

/* ---- keys ---- */

static size_t run_of_digits(const char *text)
{
    size_t n = 0;
    while (text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/** "_<letter><digits>", or "_<digits>" for '\0'; *text moves behind it. */
static bool field(const char **text, char letter, size_t exactly)
{
    const char *at = *text;
    if (*at != '_' || (letter != '\0' && at[1] != letter))
        return false;
    at += letter != '\0' ? 2 : 1;
    const size_t n = run_of_digits(at);
    if (n == 0 || (exactly != 0 && n != exactly))
        return false;
    *text = at + n;
    return true;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_';
}

/** "_V<digits>" at the end, before an ending like ".h5" or not; where it begins. */
static const char *generation(const char *from)
{
    const char *end = from + strlen(from), *dot = end;
    while (dot > from && is_word(dot[-1]))
        dot--;
    if (dot > from && dot < end && dot[-1] == '.')
        end = dot - 1;
    const char *v = end;
    while (v > from && v[-1] >= '0' && v[-1] <= '9')
        v--;
    return v < end && v - 2 >= from && v[-1] == 'V' && v[-2] == '_' ? v - 2 : NULL;
}

/** The key of an id in `arena`; NULL where it has none, or (*failed) no memory. */
static char *join_key(zagg_arena *arena, const char *id, bool *failed)
{
    for (const char *at = id ? strchr(id, '_') : NULL; at; at = strchr(at + 1, '_')) {
        const char *end = at;
        if (!field(&end, '\0', 13) || !field(&end, 'O', 0) || !field(&end, '\0', 0) ||
            !field(&end, 'T', 0) || *end != '_')
            continue;
        const char *v = generation(end);
        if (v == NULL)
            continue;
        const size_t head = (size_t)(end - at), tail = 2 + run_of_digits(v + 2);
        char *key = zagg_arena_strndup(arena, at, head + tail);
        *failed |= key == NULL;
        if (key != NULL)
            memcpy(key + head, v, tail);
        return key;
    }
    return NULL;
}

/* ---- the sibling's catalog ---- */

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for siblings of granules");
}

static bool copy(zagg_arena *arena, const char *text, const char **out)
{
    *out = text == NULL ? NULL : zagg_arena_strndup(arena, text, strlen(text));
    return text == NULL || *out != NULL;
}

static zagg_status add(void *user, const zagg_item *item, zagg_err *err)
{
    zg_siblings *s = user;
    sibling one = {.at = s->all.len};
    bool failed = false;
    if (!zg_footprint_is_polygonal(&item->shape))
        return ZAGG_OK;
    one.key = join_key(s->arena, item->id, &failed);
    if (one.key == NULL)
        return failed ? no_memory(err) : ZAGG_OK;
    if (!copy(s->arena, item->id, &one.id) || !copy(s->arena, item->s3, &one.s3) ||
        !copy(s->arena, item->https, &one.https) || !zg_vec_append(&s->all, &one, 1))
        return no_memory(err);
    return ZAGG_OK;
}

static int by_key(const void *pa, const void *pb)
{
    const sibling *a = pa, *b = pb;
    const int c = strcmp(a->key, b->key);
    return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

zagg_status zg_siblings_read(const zagg_map_sibling *from, zg_siblings **out,
                             zagg_err *err)
{
    zg_siblings *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return no_memory(err);
    *s = (zg_siblings){.asset = from->asset};
    zg_vec_init(&s->all, sizeof(sibling), 0);
    zg_vec_init(&s->pairless, sizeof(missing), 0);
    zagg_status status = zagg_arena_new(0, &s->arena, err);
    if (status == ZAGG_OK)
        status = zagg_catalog_read(from->catalog, add, s, err);
    if (status != ZAGG_OK) {
        zg_siblings_free(s);
        return status;
    }
    sibling *all = s->all.data;
    if (s->all.len > 1)
        qsort(all, s->all.len, sizeof *all, by_key);
    for (size_t i = 1; i < s->all.len; i++)
        all[i].shadowed = strcmp(all[i - 1].key, all[i].key) == 0;
    *out = s;
    return ZAGG_OK;
}

void zg_siblings_free(zg_siblings *s)
{
    if (s == NULL)
        return;
    zagg_arena_free(s->arena);
    zg_vec_free(&s->all);
    zg_vec_free(&s->pairless);
    zg_free(s);
}

/* ---- pairing ---- */

/** The first sibling of the key. */
static sibling *find(const zg_siblings *s, const char *key)
{
    size_t lo = 0, hi = s->all.len;
    sibling *all = s->all.data;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (strcmp(all[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->all.len && strcmp(all[lo].key, key) == 0 ? &all[lo] : NULL;
}

bool zg_siblings_pair(zg_siblings *s, zg_source_record *record, zagg_status *status,
                      zagg_err *err)
{
    bool failed = false;
    const zagg_arena_mark mark = zagg_arena_get_mark(s->arena);
    const char *key = join_key(s->arena, record->id, &failed);
    sibling *found = key != NULL ? find(s, key) : NULL;
    zagg_arena_release(s->arena, mark);
    if (found == NULL && !failed) {
        missing m = {NULL, s->asset};
        failed =
            !copy(s->arena, record->id, &m.id) || !zg_vec_append(&s->pairless, &m, 1);
    }
    *status = failed ? no_memory(err) : ZAGG_OK;
    if (found == NULL)
        return false;
    if (found->used && s->twice++ == 0)
        (void)snprintf(s->first_twice, sizeof s->first_twice, "%s", record->id);
    found->used = true;
    s->paired++;
    record->sibling_asset = s->asset;
    record->sibling_id = found->id;
    record->sibling_s3 = found->s3;
    record->sibling_https = found->https;
    return true;
}

/* ---- telling ---- */

static int by_place(const void *pa, const void *pb)
{
    const sibling *a = pa, *b = pb;
    return (a->at > b->at) - (a->at < b->at);
}

/** Those of the sibling's catalog that were shadowed, or not used, in its order. */
static bool list_siblings(zg_siblings *s, bool shadowed, zg_vec *out)
{
    const sibling *all = s->all.data;
    for (size_t i = 0; i < s->all.len; i++) {
        const missing m = {all[i].id, shadowed ? "duplicate-key" : "primary"};
        if (all[i].shadowed == shadowed && (shadowed || !all[i].used) &&
            !zg_vec_append(out, &m, 1))
            return false;
    }
    return true;
}

static void tell(const zg_siblings *s, size_t n, zagg_log *log)
{
    const size_t without = s->pairless.len;
    if (n > 0)
        zagg_log_write(log, ZAGG_LOG_WARN,
                       "%zu granules are left out because they are without pair (%zu of "
                       "them have no %s); metadata.pairless lists them",
                       n, without, s->asset);
    if ((double)without > MANY * (double)(without + s->paired))
        zagg_log_write(log, ZAGG_LOG_WARN,
                       "%zu of %zu granules have no %s: were both catalogs made for the "
                       "same area and time?",
                       without, without + (size_t)s->paired, s->asset);
    if (s->twice > 0)
        zagg_log_write(log, ZAGG_LOG_WARN,
                       "%llu granules share their %s with another one (the first is %s)",
                       (unsigned long long)s->twice, s->asset, s->first_twice);
}

static zagg_status list_of(const zg_vec *all, zg_maker *maker, const zagg_value **out,
                           zagg_err *err)
{
    const zagg_value **items = zg_alloc(all->len + 1, sizeof *items);
    if (items == NULL)
        return no_memory(err);
    for (size_t i = 0; i < all->len; i++) {
        const missing *m = ZG_VEC_AT(all, missing, i);
        zg_object entry;
        zg_object_begin(&entry, maker);
        zg_object_put(&entry, "id", zg_make_text(maker, m->id));
        zg_object_put(&entry, "missing", zg_make_text(maker, m->what));
        items[i] = zg_object_end(&entry);
    }
    *out = zg_make_list(maker, items, all->len);
    zg_free(items);
    return maker->status;
}

zagg_status zg_siblings_pairless(zg_siblings *s, zg_maker *maker, zagg_log *log,
                                 const zagg_value **out, zagg_err *err)
{
    zg_vec all;
    zg_vec_init(&all, sizeof(missing), 0);
    if (s->all.len > 1)
        qsort(s->all.data, s->all.len, sizeof(sibling), by_place);
    bool ok = list_siblings(s, true, &all) &&
              zg_vec_append(&all, s->pairless.data, s->pairless.len) &&
              list_siblings(s, false, &all);
    zagg_status status = ok ? list_of(&all, maker, out, err) : no_memory(err);
    if (status == ZAGG_OK)
        tell(s, all.len, log);
    zg_vec_free(&all);
    return status;
}
