/* The planned route: which base rows can hold points of a shard, from a coarser level's
 * reference points and link records.
 *
 * Runs of records whose reference point lies in a shard are widened by `pad` records,
 * joined where they touch and turned into row slices. Records without rows carry count 0
 * and an index_beg that means nothing, so they never bound a slice. Every record is
 * looked at once, however many shards there are. */
#include "core/read.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 };

/* Records first..last (inclusive) whose reference points lie in one shard. */
typedef struct run {
    uint32_t local; /* place of the shard in wanted->shards */
    size_t first, last;
} run;

/* First row behind a record, or false where the numbers of a damaged file overflow. */
static bool record_end(const zg_records *rec, size_t i, int64_t base, int64_t *begin,
                       int64_t *end)
{
    return !__builtin_sub_overflow(rec->beg[i], base, begin) &&
           !__builtin_add_overflow(*begin, rec->count[i], end);
}

static zagg_status base_rows(const zg_records *rec, const zagg_level *level,
                             uint64_t *n_base, zagg_err *err)
{
    int64_t most = 0;
    for (size_t i = 0; i < rec->n; i++) {
        int64_t begin, end;
        if (rec->count[i] <= 0)
            continue;
        if (!record_end(rec, i, level->link.index_base, &begin, &end))
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "level '%s': link record %zu is out of range",
                                level->name, i);
        if (end > most)
            most = end;
    }
    *n_base = (uint64_t)most;
    return ZAGG_OK;
}

/* Records s..e (inclusive) as a slice of base rows; false when they hold no rows. */
static bool slice_of_run(const zg_records *rec, const zagg_level *level, size_t s,
                         size_t e, uint64_t n_base, zagg_rows *out)
{
    while (s <= e && rec->count[s] <= 0)
        s++;
    while (e > s && rec->count[e] <= 0)
        e--;
    if (s > e)
        return false;
    int64_t begin, end, unused;
    if (!record_end(rec, s, level->link.index_base, &begin, &unused) ||
        !record_end(rec, e, level->link.index_base, &unused, &end))
        return false;
    if (begin < 0)
        begin = 0;
    if (end > (int64_t)n_base)
        end = (int64_t)n_base;
    if (end <= begin)
        return false;
    *out = (zagg_rows){(uint64_t)begin, (uint64_t)end};
    return true;
}

/* ---- runs of records ---- */

/* Whose records these are: runs in record order. */
static zagg_status find_runs(const zg_group_read *r, const double *lat, const double *lon,
                             size_t n, zg_vec *runs, zagg_err *err)
{
    const zg_wanted *w = r->wanted;
    uint64_t cells[BLOCK];
    uint32_t shards[BLOCK], ranks[BLOCK];
    for (size_t at = 0; at < n; at += BLOCK) {
        const size_t len = n - at < BLOCK ? n - at : BLOCK;
        zagg_grid_cells(w->set->grid, lat + at, lon + at, len, cells, NULL);
        zagg_shard_index_find(w->set->index, cells, len, shards, ranks);
        for (size_t i = 0; i < len; i++) {
            if (shards[i] == ZAGG_NO_SHARD || w->local[shards[i]] == ZAGG_NO_SHARD)
                continue;
            const uint32_t local = w->local[shards[i]];
            run *last = runs->len ? ZG_VEC_AT(runs, run, runs->len - 1) : NULL;
            if (last && last->local == local && last->last + 1 == at + i) {
                last->last = at + i;
                continue;
            }
            run *next = zg_vec_push(runs);
            if (!next)
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the read plan");
            *next = (run){local, at + i, at + i};
        }
    }
    return ZAGG_OK;
}

static int by_shard(const void *a, const void *b)
{
    const run *x = a, *y = b;
    if (x->local != y->local)
        return x->local < y->local ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Runs of one shard, padded and joined, in place; the number left is returned. */
static size_t join_runs(run *runs, size_t n, size_t pad, size_t n_records)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t first = runs[i].first > pad ? runs[i].first - pad : 0;
        const size_t last =
            n_records - 1 - runs[i].last > pad ? runs[i].last + pad : n_records - 1;
        if (kept && first <= runs[kept - 1].last + 1) {
            if (last > runs[kept - 1].last)
                runs[kept - 1].last = last;
        } else {
            runs[kept++] = (run){runs[i].local, first, last};
        }
    }
    return kept;
}

/* The records of a link need not be in row order, but slices must ascend without overlap
 * for rows to come once and in order. */
static bool ascending(const zagg_rows *ranges, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (ranges[i].begin < ranges[i - 1].end)
            return false;
    return true;
}

/* Slices of one shard, at ranges[0..]; 0 of them is fine. */
static void plan_shard(const zg_group_read *r, const zg_records *rec, run *runs, size_t n,
                       zagg_rows *ranges, zg_slices *out)
{
    const zagg_read_plan *plan = &r->worker->pipeline->data_source.read_plan;
    const size_t pad = plan->pad < 0 ? 0 : (size_t)plan->pad;
    size_t n_ranges = 0;
    uint64_t n_rows = 0;
    n = join_runs(runs, n, pad, rec->n);
    for (size_t k = 0; k < n; k++)
        if (slice_of_run(rec, r->worker->index_level, runs[k].first, runs[k].last,
                         r->n_base, &ranges[n_ranges])) {
            n_rows += ranges[n_ranges].end - ranges[n_ranges].begin;
            n_ranges++;
        }
    *out = (zg_slices){.ranges = ranges, .n = n_ranges, .n_rows = n_rows};
    if (!ascending(ranges, n_ranges) ||
        (double)n_rows > plan->full_read_threshold * (double)r->n_base)
        *out = (zg_slices){.whole = true};
}

static zagg_status plan_shards(zg_group_read *r, const zg_records *rec, zg_vec *runs,
                               zagg_err *err)
{
    run *list = runs->data;
    zagg_rows *ranges;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, runs->len, sizeof *ranges, &ranges, err));
    if (runs->len)
        qsort(list, runs->len, sizeof *list, by_shard);
    for (size_t i = 0; i < runs->len;) {
        size_t end = i;
        while (end < runs->len && list[end].local == list[i].local)
            end++;
        plan_shard(r, rec, list + i, end - i, ranges + i, &r->slices[list[i].local]);
        i = end;
    }
    return ZAGG_OK;
}

static void take_all(zg_group_read *r)
{
    for (size_t i = 0; i < r->wanted->n; i++)
        r->slices[i].whole = true;
}

zagg_status zg_plan_slices(zg_group_read *r, zagg_err *err)
{
    const zagg_level *level = r->worker->index_level;
    if (r->plan && r->plan->made) {
        r->slices = r->plan->slices;
        r->n_base = r->plan->n_base;
        r->empty = r->plan->empty;
        return ZAGG_OK;
    }
    ZAGG_TRY(
        zagg_arena_alloc(r->scratch, r->wanted->n, sizeof *r->slices, &r->slices, err));
    if (!level) {
        take_all(r);
        return ZAGG_OK;
    }
    const double *lat, *lon;
    size_t n_lat, n_lon;
    zg_records rec;
    ZAGG_TRY(zg_core_read_f64(r, level->latitude, &lat, &n_lat, err));
    ZAGG_TRY(zg_core_read_f64(r, level->longitude, &lon, &n_lon, err));
    ZAGG_TRY(zg_core_read_records(r, level, &rec, err));
    if (n_lat != n_lon || n_lat != rec.n)
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "level '%s': %zu latitudes, %zu longitudes and %zu link records", level->name,
            n_lat, n_lon, rec.n);
    ZAGG_TRY(base_rows(&rec, level, &r->n_base, err));
    if (r->n_base == 0) {
        r->empty = true;
        take_all(r);
        return ZAGG_OK;
    }
    zg_vec runs;
    zg_vec_init(&runs, sizeof(run), 0);
    zagg_status status = find_runs(r, lat, lon, rec.n, &runs, err);
    if (status == ZAGG_OK)
        status = plan_shards(r, &rec, &runs, err);
    zg_vec_free(&runs);
    return status;
}

/* ---- the union ---- */

static int by_begin(const void *a, const void *b)
{
    const zagg_rows *x = a, *y = b;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

zagg_status zg_plan_union(zg_group_read *r, uint64_t n_rows, zagg_err *err)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < r->wanted->n; i++)
        n += r->slices[i].n;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, n + 1, sizeof *r->ranges, &r->ranges, err));
    if (r->n_whole) {
        r->ranges[0] = (zagg_rows){0, n_rows};
        r->n_ranges = n_rows > 0;
        return ZAGG_OK;
    }
    for (size_t i = 0, at = 0; i < r->wanted->n; at += r->slices[i].n, i++)
        if (r->slices[i].n)
            memcpy(r->ranges + at, r->slices[i].ranges,
                   r->slices[i].n * sizeof *r->ranges);
    if (n)
        qsort(r->ranges, n, sizeof *r->ranges, by_begin);
    for (size_t i = 0; i < n; i++) {
        zagg_rows *last = kept ? &r->ranges[kept - 1] : NULL;
        if (last && r->ranges[i].begin <= last->end)
            last->end = r->ranges[i].end > last->end ? r->ranges[i].end : last->end;
        else
            r->ranges[kept++] = r->ranges[i];
    }
    r->n_ranges = kept;
    return ZAGG_OK;
}
