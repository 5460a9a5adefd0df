/* Is every granule of a shard named differently? Nearly always no two granules of the
 * whole map share a name, and no shard has to be looked at. */
#include "map/names.h"

#include "map/record.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 3 };

/** A granule under one of its spellings: names compare within a spelling. */
typedef struct spelled {
    char spelling; /* 's', 'h', or 'i' for those without hrefs */
    const char *name;
    const zagg_granule *granule;
} spelled;

static int by_name(const void *pa, const void *pb)
{
    const spelled *a = pa, *b = pb;
    if (a->spelling != b->spelling)
        return a->spelling < b->spelling ? -1 : 1;
    const int c = strcmp(a->name, b->name);
    if (c != 0)
        return c;
    return (a->granule > b->granule) - (a->granule < b->granule);
}

static bool one_name(const spelled *a, const spelled *b)
{
    return a->spelling == b->spelling && strcmp(a->name, b->name) == 0;
}

static bool add(zg_vec *names, char spelling, const char *name, const zagg_granule *g)
{
    const spelled s = {spelling, name, g};
    return name == NULL || zg_vec_append(names, &s, 1);
}

static bool add_names(zg_vec *names, const zagg_granule *g)
{
    if (g->s3 == NULL && g->https == NULL)
        return add(names, 'i', zg_map_name_of(g->id), g);
    return add(names, 's', zg_map_name_of(g->s3), g) &&
           add(names, 'h', zg_map_name_of(g->https), g);
}

/* ---- the same granule ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/** Its datetime, copied into `out`, "" where it has none. */
static void datetime_of(const zagg_granule *g, char out[64])
{
    zagg_arena *arena = NULL;
    const zagg_value *record = NULL;
    const char *text = NULL;
    out[0] = '\0';
    if (g->record == NULL || zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return;
    if (zagg_json_parse(arena, g->record, strlen(g->record), "record", &record, NULL) ==
        ZAGG_OK)
        text = zg_value_text(record, "datetime");
    for (size_t i = 0; text != NULL && text[i] != '\0' && i < 63; i++) {
        out[i] = text[i];
        out[i + 1] = '\0';
    }
    zagg_arena_free(arena);
}

bool zg_same_granule(const zagg_granule *a, const zagg_granule *b)
{
    char at_a[64], at_b[64];
    if (a == b)
        return true;
    if (!same_text(a->id, b->id) || !same_text(a->s3, b->s3) ||
        !same_text(a->https, b->https))
        return false;
    if (same_text(a->record, b->record))
        return true;
    datetime_of(a, at_a);
    datetime_of(b, at_b);
    return strcmp(at_a, at_b) == 0;
}

/* ---- shards ---- */

typedef struct finding {
    const zagg_grid *grid;
    zg_str text;
    uint64_t n; /* collisions */
} finding;

static const char *label(const zagg_granule *g)
{
    return g->s3 != NULL ? g->s3 : g->https != NULL ? g->https : g->id;
}

static void note(finding *f, uint64_t key, const char *name, const zagg_granule *a,
                 const zagg_granule *b)
{
    char shard[40];
    if (f->n++ >= SHOWN)
        return;
    zagg_grid_shard_label(f->grid, key, shard);
    zg_str_addf(&f->text, "%sshard %s: %s is %s and %s", f->n > 1 ? "; " : "", shard,
                name, label(a), label(b));
}

/** Names of one shard, sorted. A pair that shares both its names is one collision. */
static void look_through(finding *f, uint64_t key, const spelled *names, size_t n)
{
    const zagg_granule *told_a = NULL, *told_b = NULL;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        const zagg_granule *other = NULL;
        for (; end < n && one_name(&names[i], &names[end]); end++)
            if (other == NULL && !zg_same_granule(names[i].granule, names[end].granule))
                other = names[end].granule;
        if (other != NULL && !(told_a == names[i].granule && told_b == other)) {
            note(f, key, names[i].name, names[i].granule, other);
            told_a = names[i].granule;
            told_b = other;
        }
        i = end;
    }
}

static int by_address(const void *pa, const void *pb)
{
    const zagg_granule *a = *(const zagg_granule *const *)pa;
    const zagg_granule *b = *(const zagg_granule *const *)pb;
    return (a > b) - (a < b);
}

static zagg_status check_shards(finding *f, const zagg_shardmap *map,
                                const zg_vec *shared, zg_vec *names, zagg_err *err)
{
    for (size_t i = 0; i < map->n_shards; i++) {
        const zagg_shard_entry *shard = &map->shards[i];
        names->len = 0;
        for (size_t k = 0; k < shard->n_granules; k++)
            if (bsearch(&shard->granules[k], shared->data, shared->len, sizeof(void *),
                        by_address) != NULL &&
                !add_names(names, shard->granules[k]))
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory for names of granules");
        if (names->len > 1)
            qsort(names->data, names->len, sizeof(spelled), by_name);
        look_through(f, shard->key, names->data, names->len);
    }
    return ZAGG_OK;
}

/** Granules whose name another one has, by address. */
static bool find_shared(const spelled *names, size_t n, zg_vec *shared)
{
    for (size_t i = 0; i < n; i++) {
        const bool same = (i > 0 && one_name(&names[i - 1], &names[i])) ||
                          (i + 1 < n && one_name(&names[i], &names[i + 1]));
        if (same && !zg_vec_append(shared, &names[i].granule, 1))
            return false;
    }
    if (shared->len > 1)
        qsort(shared->data, shared->len, sizeof(void *), by_address);
    return true;
}

static zagg_status refuse(const finding *f, zagg_err *err)
{
    return zagg_err_set(
        err, ZAGG_ECONFIG,
        "%llu times two granules of one shard have the same name, by which runs record "
        "them, so that one would be lost: %s%s. Mostly one file below two prefixes: "
        "leave "
        "one of them out of the catalog",
        (unsigned long long)f->n, f->text.data, f->n > SHOWN ? "; ..." : "");
}

zagg_status zg_check_names(const zagg_grid *grid, const zagg_shardmap *map,
                           const zagg_granule *const *granules, size_t n, zagg_err *err)
{
    zg_vec names, shared;
    finding f = {.grid = grid};
    bool ok = true;
    zg_vec_init(&names, sizeof(spelled), 0);
    zg_vec_init(&shared, sizeof(const zagg_granule *), 0);
    zg_str_init(&f.text, 4096);
    for (size_t i = 0; ok && i < n; i++)
        ok = add_names(&names, granules[i]);
    if (ok && names.len > 1)
        qsort(names.data, names.len, sizeof(spelled), by_name);
    ok = ok && find_shared(names.data, names.len, &shared);
    zagg_status status =
        ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for names of granules");
    if (status == ZAGG_OK && shared.len > 0)
        status = check_shards(&f, map, &shared, &names, err);
    if (status == ZAGG_OK && f.n > 0)
        status = refuse(&f, err);
    zg_vec_free(&names);
    zg_vec_free(&shared);
    zg_str_free(&f.text);
    return status;
}
