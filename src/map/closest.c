/* For every time at which a shard was observed the granule that was taken closest to it.
 */
#include "cat/times.h"
#include "cat/tree_copy.h"
#include "map/derive.h"
#include "map/epochs.h"
#include "map/region.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_OFFSET INT64_MIN
enum { MOST_REFERENCES = 64 };

/** A granule of the shard at hand, by its time. */
typedef struct acquisition {
    int64_t utc_ns;
    size_t at; /* in the shard's list */
} acquisition;

/** An epoch and the granule that it selects. */
typedef struct choice {
    size_t at;
    const zg_epoch *epoch;
    int64_t offset_ns; /* granule after epoch; NO_OFFSET: beyond 64 bits */
} choice;

typedef struct join {
    const zagg_shardmap *map;
    const zagg_map_closest_opts *opts;
    zg_epochs epochs;
    zagg_words region;
    zg_derive d;
    zg_maker m;          /* of metadata, in the new map's arena */
    zagg_arena *scratch; /* of one shard */
    zg_vec records;      /* const zagg_value *: of its granules */
    zg_vec acquisitions, choices;
    zg_vec dropped, unreached; /* const zagg_value * */
    uint64_t total, paired, low_resolution, reached;
} join;

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard map");
}

static zagg_status append(zg_vec *list, const void *element, zagg_err *err)
{
    return zg_vec_append(list, element, 1) ? ZAGG_OK : no_memory(err);
}

/* ---- what is told ---- */

/** "2019-01-05T16:33:08.267000000", as numpy writes nanoseconds. */
static const zagg_value *moment(zg_maker *m, int64_t utc_ns)
{
    const int64_t us = utc_ns >= 0 ? utc_ns / 1000 : -((999 - utc_ns) / 1000);
    char text[32], out[48];
    if (!zg_utc_format(us, text))
        return zg_make_null(m);
    const int64_t second = us >= 0 ? us / 1000000 : -((999999 - us) / 1000000);
    (void)snprintf(out, sizeof out, "%.19s.%09lld", text,
                   (long long)(utc_ns - second * 1000000000));
    return zg_make_text(m, out);
}

static const zagg_value *shard_id(zg_maker *m, uint64_t key)
{
    char id[33];
    return zagg_word_decimal(key, id, NULL) == ZAGG_OK ? zg_make_text(m, id)
                                                       : zg_make_null(m);
}

static zagg_status drop(join *j, const zg_epoch *e, int64_t offset_ns, bool coarse,
                        zagg_err *err)
{
    zg_object o;
    zg_object_begin(&o, &j->m);
    zg_object_put(&o, "shard", shard_id(&j->m, e->key));
    zg_object_put(&o, "epoch", moment(&j->m, e->utc_ns));
    if (coarse) {
        zg_object_put(&o, "temporal_order", zg_make_u64(&j->m, e->order));
        zg_object_put(&o, "cover_half_span_ns",
                      zg_make_u64(&j->m, UINT64_C(1) << (62 - e->order)));
    } else {
        zg_object_put(&o, "nearest_offset_ns",
                      offset_ns == NO_OFFSET ? zg_make_null(&j->m)
                                             : zg_make_i64(&j->m, offset_ns));
    }
    const zagg_value *row = zg_object_end(&o);
    ZAGG_TRY(j->m.status);
    return append(&j->dropped, &row, err);
}

/* ---- granules of a shard ---- */

static int by_time(const void *pa, const void *pb)
{
    const acquisition *a = pa, *b = pb;
    if (a->utc_ns != b->utc_ns)
        return a->utc_ns < b->utc_ns ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static zagg_status read_granule(join *j, const zagg_granule *g, size_t at, zagg_err *err)
{
    enum { NS_PER_US = 1000 };
    const zagg_value *record = NULL;
    int64_t us = 0;
    if (g->record != NULL)
        ZAGG_TRY(zagg_json_parse(j->scratch, g->record, strlen(g->record), "record",
                                 &record, err));
    const char *text = record != NULL ? zg_value_text(record, "datetime") : NULL;
    if (text == NULL && record != NULL)
        text = zg_value_text(record, "time_start");
    acquisition a = {.at = at};
    if (text == NULL || !zg_utc_parse(text, &us) || us > INT64_MAX / NS_PER_US ||
        us < INT64_MIN / NS_PER_US)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: granule %s has no time (neither datetime nor time_start), "
            "so that nothing tells which is closest",
            j->map->name, g->id != NULL ? g->id : "without id");
    a.utc_ns = us * NS_PER_US;
    ZAGG_TRY(append(&j->records, &record, err));
    return append(&j->acquisitions, &a, err);
}

static zagg_status read_granules(join *j, const zagg_shard_entry *shard, zagg_err *err)
{
    j->records.len = j->acquisitions.len = j->choices.len = 0;
    for (size_t i = 0; i < shard->n_granules; i++)
        ZAGG_TRY(read_granule(j, shard->granules[i], i, err));
    if (j->acquisitions.len > 1)
        qsort(j->acquisitions.data, j->acquisitions.len, sizeof(acquisition), by_time);
    return ZAGG_OK;
}

/** Position of the first granule that was taken then or later. */
static size_t first_from(const zg_vec *list, int64_t utc_ns)
{
    size_t lo = 0, hi = list->len;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (ZG_VEC_AT(list, acquisition, mid)->utc_ns < utc_ns)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/** The closest one: the earlier of two, the first of one moment. False: beyond the limit.
 */
static bool choose(const join *j, const zg_epoch *e, choice *out)
{
    const zg_vec *list = &j->acquisitions;
    const size_t at = first_from(list, e->utc_ns);
    uint64_t before = UINT64_MAX, after = UINT64_MAX;
    if (list->len == 0)
        return false;
    if (at > 0)
        before =
            (uint64_t)e->utc_ns - (uint64_t)ZG_VEC_AT(list, acquisition, at - 1)->utc_ns;
    if (at < list->len)
        after = (uint64_t)ZG_VEC_AT(list, acquisition, at)->utc_ns - (uint64_t)e->utc_ns;
    const bool later = after < before;
    const uint64_t apart = later ? after : before;
    const size_t found =
        later ? at : first_from(list, ZG_VEC_AT(list, acquisition, at - 1)->utc_ns);
    *out = (choice){ZG_VEC_AT(list, acquisition, found)->at, e, NO_OFFSET};
    if (apart <= INT64_MAX)
        out->offset_ns = later ? (int64_t)apart : -(int64_t)apart;
    return j->opts->max_offset_ns < 0 || apart <= (uint64_t)j->opts->max_offset_ns;
}

static int by_granule(const void *pa, const void *pb)
{
    const choice *a = pa, *b = pb;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->epoch->utc_ns > b->epoch->utc_ns) - (a->epoch->utc_ns < b->epoch->utc_ns);
}

/* ---- entries ---- */

/** The record with its time under `datetime`, and the epochs that chose it. */
static const zagg_value *paired_record(zg_maker *m, const zagg_value *record,
                                       const zagg_value *epochs,
                                       const zagg_value *offsets)
{
    const zagg_value *time = zagg_value_get_set(record, "datetime");
    zg_object more;
    zg_object_begin(&more, m);
    zg_object_put(&more, "datetime",
                  time != NULL ? time : zagg_value_get(record, "time_start"));
    zg_object_put(&more, "paired_epochs", epochs);
    zg_object_put(&more, "epoch_offsets_ns", offsets);
    return zg_metadata_merge(m, record, zg_object_end(&more));
}

static zagg_status paired_text(join *j, const choice *c, size_t n, zg_str *out,
                               zagg_err *err)
{
    static const zg_json_style COMPACT = {.indent = -1, .compact = true};
    const zagg_value **epochs = NULL, **offsets = NULL;
    zg_maker m;
    zg_make_begin(&m, j->scratch, err);
    ZAGG_TRY(zagg_arena_alloc(j->scratch, n, sizeof *epochs, &epochs, err));
    ZAGG_TRY(zagg_arena_alloc(j->scratch, n, sizeof *offsets, &offsets, err));
    for (size_t i = 0; i < n; i++) {
        epochs[i] = moment(&m, c[i].epoch->utc_ns);
        offsets[i] = c[i].offset_ns == NO_OFFSET ? zg_make_null(&m)
                                                 : zg_make_i64(&m, c[i].offset_ns);
    }
    const zagg_value *record =
        paired_record(&m, *ZG_VEC_AT(&j->records, const zagg_value *, c->at),
                      zg_make_list(&m, epochs, n), zg_make_list(&m, offsets, n));
    ZAGG_TRY(m.status);
    return zg_json_write(out, record, COMPACT, err);
}

static zagg_status add_entry(join *j, const zagg_shard_entry *shard, const choice *c,
                             size_t n, zg_vec *list, zagg_err *err)
{
    const zagg_granule *from = shard->granules[c->at], *granule = NULL;
    zg_str text;
    zg_str_init(&text, 0);
    zagg_status status = paired_text(j, c, n, &text, err);
    if (status == ZAGG_OK && text.failed)
        status = no_memory(err);
    if (status == ZAGG_OK)
        status = zg_derive_granule(&j->d, from, text.data, &granule, err);
    zg_str_free(&text);
    return status == ZAGG_OK ? append(list, &granule, err) : status;
}

static zagg_status add_shard(join *j, const zagg_shard_entry *shard, zagg_err *err)
{
    const choice *c = j->choices.data;
    zg_vec list;
    zagg_status status = ZAGG_OK;
    zg_vec_init(&list, sizeof(const zagg_granule *), 0);
    if (j->choices.len > 1)
        qsort(j->choices.data, j->choices.len, sizeof *c, by_granule);
    for (size_t i = 0, n; i < j->choices.len && status == ZAGG_OK; i += n) {
        for (n = 1; i + n < j->choices.len && c[i + n].at == c[i].at;)
            n++;
        status = add_entry(j, shard, &c[i], n, &list, err);
    }
    char id[33] = "?";
    (void)zagg_word_decimal(shard->key, id, NULL);
    if (status == ZAGG_OK && j->opts->max_granules > 0 &&
        list.len > j->opts->max_granules)
        status =
            zagg_err_set(err, ZAGG_ECONFIG,
                         "shard %s would have %zu granules, more than the %zu allowed: "
                         "allow more, or less time between them and the epochs",
                         id, list.len, j->opts->max_granules);
    if (status == ZAGG_OK && list.len > 0)
        status = zg_derive_own(&j->d, shard->key, list.data, list.len, err);
    zg_vec_free(&list);
    return status;
}

/* ---- shards ---- */

static bool too_coarse(const join *j, const zg_epoch *e)
{
    return j->opts->max_offset_ns >= 0 &&
           UINT64_C(1) << (62 - e->order) > (uint64_t)j->opts->max_offset_ns;
}

/** Epochs that are not known well enough, whatever granules there are; *out_left: how
 * many are. */
static zagg_status drop_coarse(join *j, const zg_epoch *epochs, size_t n,
                               size_t *out_left, zagg_err *err)
{
    *out_left = n;
    for (size_t i = 0; i < n; i++)
        if (too_coarse(j, &epochs[i])) {
            j->low_resolution++;
            --*out_left;
            ZAGG_TRY(drop(j, &epochs[i], NO_OFFSET, true, err));
        }
    return ZAGG_OK;
}

/** Of a shard that the map has not (NULL) there are no granules at all. */
static zagg_status pair_shard(join *j, const zagg_shard_entry *shard, uint64_t key,
                              const zg_epoch *epochs, size_t n, zagg_err *err)
{
    size_t left;
    ZAGG_TRY(drop_coarse(j, epochs, n, &left, err));
    if (shard == NULL) {
        const zagg_value *id = shard_id(&j->m, key);
        ZAGG_TRY(append(&j->unreached, &id, err));
    } else if (left > 0) {
        ZAGG_TRY(read_granules(j, shard, err));
    }
    for (size_t i = 0; i < n; i++) {
        choice c = {.offset_ns = NO_OFFSET};
        if (too_coarse(j, &epochs[i]))
            continue;
        if (shard == NULL || !choose(j, &epochs[i], &c)) {
            ZAGG_TRY(drop(j, &epochs[i], c.offset_ns, false, err));
            continue;
        }
        ZAGG_TRY(append(&j->choices, &c, err));
        j->paired++;
    }
    return shard != NULL && left > 0 ? add_shard(j, shard, err) : ZAGG_OK;
}

static bool wanted(const join *j, uint64_t key)
{
    size_t lo = 0, hi = j->region.n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (j->region.words[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return j->opts->region == NULL || (lo < j->region.n && j->region.words[lo] == key);
}

/** Shards of map and epochs side by side; keys of both ascend. */
static zagg_status pair_all(join *j, zagg_err *err)
{
    const zg_epoch *rows = j->epochs.rows.data;
    size_t at = 0;
    for (size_t i = 0, n; i < j->epochs.rows.len; i += n) {
        const uint64_t key = rows[i].key;
        for (n = 1; i + n < j->epochs.rows.len && rows[i + n].key == key;)
            n++;
        if (!wanted(j, key))
            continue;
        while (at < j->map->n_shards && j->map->shards[at].key < key)
            at++;
        const bool there = at < j->map->n_shards && j->map->shards[at].key == key;
        j->total += n;
        j->reached += there;
        const zagg_arena_mark mark = zagg_arena_get_mark(j->scratch);
        const zagg_status status =
            pair_shard(j, there ? &j->map->shards[at] : NULL, key, &rows[i], n, err);
        zagg_arena_release(j->scratch, mark);
        ZAGG_TRY(status);
    }
    return ZAGG_OK;
}

/* ---- metadata ---- */

static const zagg_value *coarse_orders(join *j)
{
    zg_object o;
    zg_object_begin(&o, &j->m);
    for (size_t i = 0; i < j->epochs.coarse.len; i++) {
        const zg_epoch *e = ZG_VEC_AT(&j->epochs.coarse, zg_epoch, i);
        char id[33];
        if (wanted(j, e->key) && zagg_word_decimal(e->key, id, NULL) == ZAGG_OK)
            zg_object_put(&o, id, zg_make_u64(&j->m, e->order));
    }
    return zg_object_end(&o);
}

static const zagg_value *ledger(join *j)
{
    const zagg_value *names[MOST_REFERENCES];
    zg_maker *m = &j->m;
    const size_t n = j->opts->n_references;
    uint64_t in_region = 0;
    zg_object o;
    for (size_t i = 0; i < n; i++)
        names[i] = zg_make_text(m, j->opts->references[i].name);
    for (size_t i = 0; i < j->map->n_shards; i++)
        in_region += wanted(j, j->map->shards[i].key);
    zg_object_begin(&o, m);
    zg_object_put(&o, "reference_stores", zg_make_list(m, names, n));
    zg_object_put(&o, "shard_order", zg_make_u64(m, j->epochs.shard_order));
    zg_object_put(&o, "max_time_offset_ns",
                  j->opts->max_offset_ns < 0 ? zg_make_null(m)
                                             : zg_make_i64(m, j->opts->max_offset_ns));
    zg_object_put(&o, "epochs_total", zg_make_u64(m, j->total));
    zg_object_put(&o, "epochs_paired", zg_make_u64(m, j->paired));
    zg_object_put(&o, "epochs_dropped", zg_make_u64(m, j->dropped.len));
    zg_object_put(&o, "epochs_dropped_low_resolution", zg_make_u64(m, j->low_resolution));
    zg_object_put(&o, "dropped", zg_make_list(m, j->dropped.data, j->dropped.len));
    zg_object_put(&o, "shards_without_acquisitions",
                  zg_make_list(m, j->unreached.data, j->unreached.len));
    zg_object_put(&o, "spatial_shards_without_epochs",
                  zg_make_u64(m, in_region - j->reached));
    zg_object_put(&o, "coarsened_orders", coarse_orders(j));
    return zg_object_end(&o);
}

/** The map's, but for its mask, with the ledger at the end. */
static const zagg_value *metadata(join *j, const zagg_value *old)
{
    zg_object o;
    zg_object_begin(&o, &j->m);
    for (size_t i = 0; old != NULL && i < old->n; i++)
        if (!zagg_value_is(old->members[i].key, "aoi_mask") &&
            !zagg_value_is(old->members[i].key, "closest_obs"))
            zg_object_put(&o, old->members[i].key->str, old->members[i].value);
    zg_object_put(&o, "closest_obs", ledger(j));
    return zg_object_end(&o);
}

static zagg_status finish(join *j, zagg_shardmap **out, zagg_err *err)
{
    const zagg_value *old = NULL, *signature = NULL;
    if (j->dropped.len > 0)
        zagg_log_write(j->opts->log, ZAGG_LOG_WARN,
                       "%zu of %llu epochs have no granule close enough; "
                       "metadata.closest_obs lists them",
                       j->dropped.len, (unsigned long long)j->total);
    if (j->map->metadata != NULL)
        ZAGG_TRY(zg_tree_copy(j->d.own->arena, j->map->metadata, &old, err));
    if (j->map->grid_signature != NULL)
        ZAGG_TRY(zg_tree_copy(j->d.own->arena, j->map->grid_signature, &signature, err));
    const zagg_value *meta = metadata(j, old);
    ZAGG_TRY(j->m.status);
    return zg_derive_end(&j->d, signature, meta, out, err);
}

/* ---- the whole ---- */

static zagg_status find_region(join *j, const zagg_grid *grid, zagg_err *err)
{
    zg_rings rings;
    if (j->opts->region == NULL)
        return ZAGG_OK;
    ZAGG_TRY(
        zg_region_rings(j->scratch, j->opts->region, false, j->opts->log, &rings, err));
    return zg_region_shards(grid, &rings, &j->region, err);
}

static zagg_status work(join *j, const zagg_grid *grid, zagg_shardmap **out,
                        zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    if (info->kind != ZAGG_GRID_HEALPIX || info->parent_order != j->epochs.shard_order)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: shards of the reference stores are HEALPix cells of order "
            "%u, those of the map are not",
            j->map->name, j->epochs.shard_order);
    ZAGG_TRY(find_region(j, grid, err));
    zg_make_begin(&j->m, j->d.own->arena, err);
    ZAGG_TRY(pair_all(j, err));
    return finish(j, out, err);
}

static void init_lists(join *j)
{
    zg_vec_init(&j->records, sizeof(const zagg_value *), 0);
    zg_vec_init(&j->acquisitions, sizeof(acquisition), 0);
    zg_vec_init(&j->choices, sizeof(choice), 0);
    zg_vec_init(&j->dropped, sizeof(const zagg_value *), 0);
    zg_vec_init(&j->unreached, sizeof(const zagg_value *), 0);
}

static void free_lists(join *j)
{
    zg_vec_free(&j->records);
    zg_vec_free(&j->acquisitions);
    zg_vec_free(&j->choices);
    zg_vec_free(&j->dropped);
    zg_vec_free(&j->unreached);
    zagg_words_free(&j->region);
    zg_epochs_free(&j->epochs);
    zagg_arena_free(j->scratch);
}

zagg_status zagg_map_closest(const zagg_shardmap *map, const zagg_grid *grid,
                             const zagg_map_closest_opts *opts, zagg_shardmap **out,
                             zagg_err *err)
{
    join j = {.map = map, .opts = opts};
    if (map == NULL || grid == NULL || opts == NULL || opts->n_references == 0)
        return zagg_err_set(err, ZAGG_EARG, "zagg_map_closest: NULL argument");
    if (opts->n_references > MOST_REFERENCES)
        return zagg_err_set(err, ZAGG_ERANGE, "more than %d reference stores",
                            MOST_REFERENCES);
    ZAGG_TRY(
        zg_epochs_read(opts->references, opts->n_references, opts->log, &j.epochs, err));
    init_lists(&j);
    zagg_status status = zagg_arena_new(0, &j.scratch, err);
    if (status == ZAGG_OK)
        status = zg_derive_begin(map, &j.d, err);
    if (status == ZAGG_OK) {
        status = work(&j, grid, out, err);
        if (status != ZAGG_OK)
            zg_derive_free(&j.d);
    }
    free_lists(&j);
    return status;
}
