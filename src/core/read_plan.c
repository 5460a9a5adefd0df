/* The planned route: which base rows can hold points of a shard, from a coarser level's
 * reference points and link records.
 *
 * Runs of records whose reference point lies in the shard are widened by `pad` records,
 * joined where they touch and turned into row slices. Records without rows carry count 0
 * and an index_beg that means nothing, so they never bound a slice. */
#include "core/worker.h"

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

/* Slices of all padded and joined runs of matching records; 0 slices is fine. */
static zagg_status slices(zg_group_read *r, const zg_records *rec, const uint32_t *rank,
                          zagg_rows **out, size_t *n_out, zagg_err *err)
{
    const zagg_level *level = r->worker->index_level;
    const int64_t pad64 = r->worker->pipeline->data_source.read_plan.pad;
    const size_t pad = pad64 < 0 ? 0 : (size_t)pad64;
    zg_vec runs;
    zg_vec_init(&runs, sizeof(zagg_rows), 0);
    zagg_status status = ZAGG_OK;
    size_t i = 0;
    while (i < rec->n) {
        if (rank[i] == ZAGG_NO_RANK) {
            i++;
            continue;
        }
        size_t s = i;
        while (i < rec->n && rank[i] != ZAGG_NO_RANK)
            i++;
        size_t e = i - 1;
        s = s > pad ? s - pad : 0;
        e = rec->n - 1 - e > pad ? e + pad : rec->n - 1;
        zagg_rows *last = runs.len ? ZG_VEC_AT(&runs, zagg_rows, runs.len - 1) : NULL;
        if (last && s <= last->end + 1) {
            if (e > last->end)
                last->end = e;
        } else {
            zagg_rows *run = zg_vec_push(&runs);
            if (!run) {
                status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the read plan");
                goto done;
            }
            *run = (zagg_rows){s, e};
        }
    }
    zagg_rows *ranges;
    status = zagg_arena_alloc(r->scratch, runs.len, sizeof *ranges, &ranges, err);
    if (status != ZAGG_OK)
        goto done;
    size_t n = 0;
    for (size_t k = 0; k < runs.len; k++) {
        const zagg_rows *run = ZG_VEC_AT(&runs, zagg_rows, k);
        if (slice_of_run(rec, level, run->begin, run->end, r->n_base, &ranges[n]))
            n++;
    }
    *out = ranges;
    *n_out = n;
done:
    zg_vec_free(&runs);
    return status;
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

zagg_status zg_plan_rows(zg_group_read *r, zagg_rows **ranges, size_t *n_ranges,
                         bool *whole, zagg_err *err)
{
    const zagg_level *level = r->worker->index_level;
    *whole = true;
    *ranges = NULL;
    *n_ranges = 0;
    if (!level)
        return ZAGG_OK;
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
    *whole = false;
    ZAGG_TRY(base_rows(&rec, level, &r->n_base, err));
    if (r->n_base == 0) {
        r->counters->groups_empty++;
        return ZAGG_OK;
    }
    uint32_t *rank;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, rec.n, sizeof *rank, &rank, err));
    zagg_grid_ranks(r->worker->grid, r->shard, lat, lon, rec.n, rank, NULL);
    ZAGG_TRY(slices(r, &rec, rank, ranges, n_ranges, err));
    uint64_t planned = 0;
    for (size_t i = 0; i < *n_ranges; i++)
        planned += (*ranges)[i].end - (*ranges)[i].begin;
    const double limit = r->worker->pipeline->data_source.read_plan.full_read_threshold *
                         (double)r->n_base;
    if (!ascending(*ranges, *n_ranges) || (double)planned > limit) {
        *whole = true;
        *ranges = NULL;
        *n_ranges = 0;
    }
    return ZAGG_OK;
}
