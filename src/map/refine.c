/* Every granule of the map is compared once with all parts of all shards; what lies below
 * shards that list it is kept. */
#include "map/refine.h"

#include "map/beams.h"
#include "map/footprint.h"
#include "map/record.h"
#include "map/target.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_COVER_ORDER 18
#define MAX_PARTS ((uint64_t)1 << 28)

/** A granule of the map: its footprint, from the catalog, and the parts that it meets. */
typedef struct footprint {
    const zagg_granule *granule;
    zagg_ring ring; /* n 0: the catalog has none */
    const char *start, *end;
    size_t first_hit, n_hits;
} footprint;

typedef struct refinement {
    const zagg_shardmap *map;
    const zagg_grid *grid;
    zg_derive *d;
    zagg_arena *arena;
    zg_map_numbers numbers;
    zg_vec all;      /* footprint, by number */
    uint32_t *by_id; /* numbers, sorted by id */
    uint64_t *keys;  /* of all parts, ascending */
    size_t per_shard;
    size_t *order;       /* the map's shards, by key */
    zg_vec hits;         /* uint32_t: places among keys */
    uint32_t *last_part; /* by number: 1 + the part that it was put into last */
    bool beams;
} refinement;

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to split shards");
}

/* ---- granules ---- */

static zagg_status list_granules(refinement *r, zagg_err *err)
{
    ZAGG_TRY(zg_map_numbers_new(r->map, &r->numbers, err));
    for (size_t i = 0; i < r->map->n_shards; i++)
        for (size_t k = 0; k < r->map->shards[i].n_granules; k++) {
            bool first;
            const footprint f = {.granule = r->map->shards[i].granules[k]};
            (void)zg_map_number_of(&r->numbers, f.granule, &first);
            if (first && !zg_vec_append(&r->all, &f, 1))
                return no_memory(err);
        }
    return ZAGG_OK;
}

static const char *id_of(const footprint *f)
{
    return f->granule->id != NULL ? f->granule->id : "";
}

typedef struct named {
    const char *id;
    uint32_t number;
} named;

static int by_id(const void *pa, const void *pb)
{
    const named *a = pa, *b = pb;
    const int c = strcmp(a->id, b->id);
    return c != 0 ? c : (a->number > b->number) - (a->number < b->number);
}

static zagg_status sort_ids(refinement *r, zagg_err *err)
{
    named *names = zg_alloc(r->all.len + 1, sizeof *names);
    r->by_id = zg_alloc(r->all.len + 1, sizeof *r->by_id);
    r->last_part = zg_alloc(r->all.len + 1, sizeof *r->last_part);
    if (names == NULL || r->by_id == NULL || r->last_part == NULL) {
        zg_free(names);
        return no_memory(err);
    }
    for (size_t i = 0; i < r->all.len; i++)
        names[i] = (named){id_of(ZG_VEC_AT(&r->all, footprint, i)), (uint32_t)i};
    if (r->all.len > 1)
        qsort(names, r->all.len, sizeof *names, by_id);
    for (size_t i = 0; i < r->all.len; i++)
        r->by_id[i] = names[i].number;
    zg_free(names);
    return ZAGG_OK;
}

/** First place in by_id whose id is not below `id`. */
static size_t find_id(const refinement *r, const char *id)
{
    size_t lo = 0, hi = r->all.len;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (strcmp(id_of(ZG_VEC_AT(&r->all, footprint, r->by_id[mid])), id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* ---- the catalog ---- */

static bool copy_text(zagg_arena *arena, const char *text, const char **out)
{
    *out = text == NULL ? NULL : zagg_arena_strndup(arena, text, strlen(text));
    return text == NULL || *out != NULL;
}

static zagg_status copy_ring(zagg_arena *arena, const zagg_ring *from, zagg_ring *out,
                             zagg_err *err)
{
    double *v;
    ZAGG_TRY(zagg_arena_alloc(arena, 2 * from->n + 1, sizeof *v, &v, err));
    memcpy(v, from->lat_deg, from->n * sizeof *v);
    memcpy(v + from->n, from->lon_deg, from->n * sizeof *v);
    *out = (zagg_ring){v, v + from->n, from->n};
    return ZAGG_OK;
}

/* Of items of one id the last one counts, as upstream has it. */
static zagg_status note_item(void *user, const zagg_item *item, zagg_err *err)
{
    refinement *r = user;
    const zagg_ring *ring = zg_footprint_record_ring(&item->shape);
    footprint found = {.first_hit = 0};
    if (item->id == NULL || ring == NULL)
        return ZAGG_OK;
    size_t at = find_id(r, item->id);
    for (bool copied = false; at < r->all.len; at++) {
        footprint *f = ZG_VEC_AT(&r->all, footprint, r->by_id[at]);
        if (strcmp(id_of(f), item->id) != 0)
            break;
        if (!copied) {
            ZAGG_TRY(copy_ring(r->arena, ring, &found.ring, err));
            if (!copy_text(r->arena, item->start, &found.start) ||
                !copy_text(r->arena, item->end, &found.end))
                return no_memory(err);
            copied = true;
        }
        f->ring = found.ring;
        f->start = found.start;
        f->end = found.end;
    }
    return ZAGG_OK;
}

static zagg_status read_catalog(refinement *r, zagg_catalog *catalog, zagg_err *err)
{
    size_t missing = 0;
    const char *first = NULL;
    if (catalog == NULL)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: to split shards the catalog of the map is needed: the map "
            "itself has no footprints",
            r->map->name);
    ZAGG_TRY(zagg_catalog_read(catalog, note_item, r, err));
    for (size_t i = 0; i < r->all.len; i++) {
        const footprint *f = ZG_VEC_AT(&r->all, footprint, i);
        if (f->ring.n == 0 && missing++ == 0)
            first = id_of(f);
    }
    if (missing > 0)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "the catalog lacks %zu of the map's %zu granules (the first is "
            "%s)",
            missing, r->all.len, first);
    return ZAGG_OK;
}

/* ---- parts ---- */

typedef struct keyed {
    uint64_t key;
    size_t at;
} keyed;

static int by_key(const void *a, const void *b)
{
    const uint64_t x = ((const keyed *)a)->key, y = ((const keyed *)b)->key;
    return (x > y) - (x < y);
}

static zagg_status sort_shards(refinement *r, zagg_err *err)
{
    const size_t n = r->map->n_shards;
    keyed *all = zg_alloc(n + 1, sizeof *all);
    r->order = zg_alloc(n + 1, sizeof *r->order);
    if (all == NULL || r->order == NULL) {
        zg_free(all);
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++)
        all[i] = (keyed){r->map->shards[i].key, i};
    if (n > 1)
        qsort(all, n, sizeof *all, by_key);
    for (size_t i = 0; i < n; i++)
        r->order[i] = all[i].at;
    zg_free(all);
    return ZAGG_OK;
}

static zagg_status make_parts(refinement *r, zagg_err *err)
{
    const unsigned order = zagg_grid_get_info(r->grid)->parent_order;
    const size_t n = r->map->n_shards;
    r->per_shard = 1;
    if (n == 0)
        return ZAGG_OK;
    if (!zagg_word_valid(r->map->shards[0].key))
        return zagg_err_set(err, ZAGG_ECONFIG, "%s: %llu is no HEALPix shard",
                            r->map->name, (unsigned long long)r->map->shards[0].key);
    const unsigned steps = order - zagg_word_order(r->map->shards[0].key);
    if (steps > 13 || ((uint64_t)n << 2 * steps) > MAX_PARTS)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "%zu shards have too many parts of order %u", n, order);
    r->per_shard = (size_t)1 << 2 * steps;
    r->keys = zg_alloc(n * r->per_shard, sizeof *r->keys);
    if (r->keys == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        size_t count;
        ZAGG_TRY(zagg_word_children(r->map->shards[r->order[i]].key, order,
                                    r->keys + i * r->per_shard, r->per_shard, &count,
                                    err));
        if (count != r->per_shard)
            return zagg_err_set(err, ZAGG_ECONFIG, "%s: shards are of several orders",
                                r->map->name);
    }
    return ZAGG_OK;
}

static zagg_status meet(refinement *r, const zg_target *target, footprint *f,
                        zg_target_scratch *scratch, zagg_arena *arena, zagg_err *err)
{
    zg_rings rings = {&f->ring, 1};
    zg_vec hits;
    zagg_status status = ZAGG_OK;
    if (r->beams)
        ZAGG_TRY(zg_beams_rings(arena, &f->ring, &rings, err));
    zg_vec_init(&hits, sizeof(uint32_t), 0);
    for (size_t i = 0; i < rings.n && status == ZAGG_OK; i++) {
        bool usable;
        const zg_rings one = {&rings.items[i], 1};
        status = zg_target_rings(target, &one, scratch, &hits, &usable, err);
    }
    zg_target_distinct(&hits);
    f->first_hit = r->hits.len;
    f->n_hits = hits.len;
    if (status == ZAGG_OK && !zg_vec_append(&r->hits, hits.data, hits.len))
        status = no_memory(err);
    zg_vec_free(&hits);
    return status;
}

static zagg_status meet_all(refinement *r, const zagg_map_opts *opts, unsigned order,
                            zagg_err *err)
{
    const zagg_map_opts rule = {.backend = ZAGG_MAP_MORTIE, .log = opts->log};
    zg_target target;
    zg_target_scratch scratch;
    ZAGG_TRY(zg_target_new(r->grid, r->keys, r->map->n_shards * r->per_shard, &rule,
                           order, &target, err));
    zagg_status status = ZAGG_OK;
    zg_target_scratch_init(&scratch);
    for (size_t i = 0; i < r->all.len && status == ZAGG_OK; i++) {
        const zagg_arena_mark mark = zagg_arena_get_mark(r->arena);
        status =
            meet(r, &target, ZG_VEC_AT(&r->all, footprint, i), &scratch, r->arena, err);
        zagg_arena_release(r->arena, mark);
    }
    zg_target_scratch_free(&scratch);
    zg_target_free(&target);
    return status;
}

/* ---- records ---- */

static const char *newer_time(const char *key, const footprint *f, char space[64])
{
    const char *text = strcmp(key, "time_start") == 0 ? f->start
                       : strcmp(key, "time_end") == 0 ? f->end
                                                      : NULL;
    if (text == NULL)
        return NULL;
    zg_map_time(text, space);
    return space;
}

/** The map's record with the catalog's times. */
static const zagg_value *renewed(zg_maker *m, const zagg_value *record,
                                 const footprint *f)
{
    static const char *const TIMES[] = {"time_start", "time_end"};
    char space[64];
    zg_object o;
    zg_object_begin(&o, m);
    for (size_t i = 0; i < record->n; i++) {
        const char *key = record->members[i].key->str;
        const char *time = newer_time(key, f, space);
        zg_object_put(&o, key,
                      time != NULL ? zg_make_text(m, time) : record->members[i].value);
    }
    for (int i = 0; i < 2; i++) {
        const char *time = newer_time(TIMES[i], f, space);
        if (time != NULL && zagg_value_get(record, TIMES[i]) == NULL)
            zg_object_put(&o, TIMES[i], zg_make_text(m, time));
    }
    return zg_object_end(&o);
}

static zagg_status renew(refinement *r, const footprint *f, zagg_err *err)
{
    static const zg_json_style COMPACT = {.indent = -1, .compact = true};
    const zagg_granule *g = f->granule;
    const zagg_value *record;
    zagg_granule *copy;
    zg_maker m;
    zg_str text;
    if (g->record == NULL || (f->start == NULL && f->end == NULL))
        return ZAGG_OK;
    ZAGG_TRY(
        zagg_json_parse(r->arena, g->record, strlen(g->record), "record", &record, err));
    zg_make_begin(&m, r->arena, err);
    record = renewed(&m, record, f);
    ZAGG_TRY(m.status);
    zg_str_init(&text, 0);
    zg_tree *tree = &r->d->tree;
    zagg_status status = zg_json_write(&text, record, COMPACT, err);
    if (status == ZAGG_OK && text.failed)
        status = no_memory(err);
    if (status == ZAGG_OK)
        status = zg_tree_alloc(tree, 1, sizeof *copy, &copy, err);
    if (status == ZAGG_OK)
        status = zg_tree_text(tree, text.data, text.len, &copy->record, err);
    zg_str_free(&text);
    ZAGG_TRY(status);
    if (!copy_text(r->d->own->arena, g->id, &copy->id) ||
        !copy_text(r->d->own->arena, g->s3, &copy->s3) ||
        !copy_text(r->d->own->arena, g->https, &copy->https))
        return no_memory(err);
    return zg_derive_replace(r->d, g, copy, err);
}

/* ---- shards of the new map ---- */

typedef struct part_granule {
    uint32_t part;
    uint32_t place; /* in the shard's list */
} part_granule;

static int by_part(const void *pa, const void *pb)
{
    const part_granule *a = pa, *b = pb;
    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/** Hits of a granule among the parts from `lo` to `hi`. */
static bool hits_between(const refinement *r, const footprint *f, size_t lo, size_t hi,
                         uint32_t place, zg_vec *out)
{
    const uint32_t *hits = ZG_VEC_AT(&r->hits, uint32_t, f->first_hit);
    size_t a = 0, b = f->n_hits;
    while (a < b) {
        const size_t mid = a + (b - a) / 2;
        if (hits[mid] < lo)
            a = mid + 1;
        else
            b = mid;
    }
    for (; a < f->n_hits && hits[a] < hi; a++) {
        const part_granule one = {hits[a], place};
        if (!zg_vec_append(out, &one, 1))
            return false;
    }
    return true;
}

static zagg_status split_shard(refinement *r, size_t at, zg_vec *pairs, zg_vec *list,
                               zagg_err *err)
{
    const zagg_shard_entry *s = &r->map->shards[r->order[at]];
    const size_t lo = at * r->per_shard;
    pairs->len = 0;
    for (size_t k = 0; k < s->n_granules; k++) {
        bool first;
        const uint32_t number = zg_map_number_of(&r->numbers, s->granules[k], &first);
        if (!hits_between(r, ZG_VEC_AT(&r->all, footprint, number), lo, lo + r->per_shard,
                          (uint32_t)k, pairs))
            return no_memory(err);
    }
    part_granule *p = pairs->data;
    if (pairs->len > 1)
        qsort(p, pairs->len, sizeof *p, by_part);
    for (size_t i = 0; i < pairs->len;) {
        const uint32_t part = p[i].part;
        list->len = 0;
        for (; i < pairs->len && p[i].part == part; i++) {
            bool first;
            const zagg_granule *g = s->granules[p[i].place];
            uint32_t *last = &r->last_part[zg_map_number_of(&r->numbers, g, &first)];
            if (*last == part + 1) /* one listed twice is listed once from now on */
                continue;
            *last = part + 1;
            if (!zg_vec_append(list, &g, 1))
                return no_memory(err);
        }
        ZAGG_TRY(
            zg_derive_shard(r->d, r->keys[part], list->data, list->len, NULL, 0, err));
    }
    return ZAGG_OK;
}

static zagg_status split_all(refinement *r, zagg_err *err)
{
    zg_vec pairs, list;
    zagg_status status = ZAGG_OK;
    zg_vec_init(&pairs, sizeof(part_granule), 0);
    zg_vec_init(&list, sizeof(const zagg_granule *), 0);
    for (size_t i = 0; i < r->all.len && status == ZAGG_OK; i++)
        status = renew(r, ZG_VEC_AT(&r->all, footprint, i), err);
    for (size_t i = 0; i < r->map->n_shards && status == ZAGG_OK; i++)
        status = split_shard(r, i, &pairs, &list, err);
    zg_vec_free(&pairs);
    zg_vec_free(&list);
    return status;
}

/* ---- the whole ---- */

static unsigned choose_order(const zagg_grid *grid, const zagg_map_opts *opts)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    unsigned order =
        info->chunk_order < MAX_COVER_ORDER ? info->chunk_order : MAX_COVER_ORDER;
    if (opts->cover_order != 0)
        order = opts->cover_order;
    return order > info->parent_order ? order : info->parent_order;
}

static zagg_status refine(refinement *r, zagg_catalog *catalog, const zagg_map_opts *opts,
                          unsigned order, zagg_err *err)
{
    ZAGG_TRY(zagg_arena_new(0, &r->arena, err));
    ZAGG_TRY(list_granules(r, err));
    ZAGG_TRY(sort_ids(r, err));
    ZAGG_TRY(read_catalog(r, catalog, err));
    ZAGG_TRY(sort_shards(r, err));
    ZAGG_TRY(make_parts(r, err));
    ZAGG_TRY(meet_all(r, opts, order, err));
    return split_all(r, err);
}

zagg_status zg_refine(const zagg_shardmap *map, const zagg_grid *grid,
                      zagg_catalog *catalog, const zagg_map_opts *opts, zg_derive *d,
                      unsigned *cover_order, zagg_err *err)
{
    refinement r = {.map = map, .grid = grid, .d = d};
    r.beams = zagg_value_is(zagg_value_get(map->metadata, "footprint"), "beams") &&
              zg_beams_of_product(zg_value_text(map->metadata, "collection"));
    zg_vec_init(&r.all, sizeof(footprint), 0);
    zg_vec_init(&r.hits, sizeof(uint32_t), 0);
    *cover_order = choose_order(grid, opts);
    zagg_status status = refine(&r, catalog, opts, *cover_order, err);
    zagg_arena_free(r.arena);
    zg_map_numbers_free(&r.numbers);
    zg_vec_free(&r.all);
    zg_vec_free(&r.hits);
    zg_free(r.by_id);
    zg_free(r.last_part);
    zg_free(r.keys);
    zg_free(r.order);
    return status;
}
