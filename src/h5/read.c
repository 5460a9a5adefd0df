/* Reading ranges of rows, or single rows, of one column. Chunks are sorted by address and
 * cut into spans of neighbours; a task fetches one span, decodes its chunks and puts the
 * rows where they belong, so the result does not depend on how tasks are spread over
 * threads. */
#include "h5/h5.h"

#include <stdlib.h>

#define MIN_SPAN_BYTES ((uint64_t)64 << 10)
#define MAX_SPAN_BYTES ((uint64_t)1 << 20)
/* Where a request takes as long as some megabytes, they are so many times larger. */
enum { REMOTE_TIMES = 8 };

/* One chunk to decode. `first` is the range, or the row of the list, that its rows start
 * with, `at` the row of the output. */
typedef struct job {
    zg_h5_ref ref;
    size_t first, n_rows;
    uint64_t at;
} job;

typedef struct span {
    size_t first, n; /* jobs */
} span;

typedef struct reading {
    zg_h5_view view;
    const zagg_rows *ranges; /* read */
    size_t n_ranges;
    const uint64_t *rows; /* gather */
    uint8_t *out;
    zg_vec jobs, spans;
} reading;

/* ---- planning ---- */

static void fill(const reading *r, uint64_t at, uint64_t n)
{
    zg_h5_fill_rows(r->view.ds, r->out + at * r->view.ds->elem_size, (size_t)n);
}

static zagg_status add_job(reading *r, const zg_h5_ref *ref, size_t first, uint64_t at,
                           zagg_err *err)
{
    job *j = zg_vec_push(&r->jobs);
    if (!j)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a plan of chunks");
    *j = (job){*ref, first, 0, at};
    return ZAGG_OK;
}

/* One job for each chunk that meets a range; what no chunk holds is filled right away. */
static zagg_status plan_ranges(reading *r, const zg_vec *refs, zagg_err *err)
{
    uint64_t rows = r->view.ds->chunk_rows, at = 0;
    size_t next = 0, planned = SIZE_MAX;
    for (size_t i = 0; i < r->n_ranges; i++) {
        uint64_t cursor = r->ranges[i].begin, end = r->ranges[i].end;
        while (cursor < end) {
            const zg_h5_ref *ref =
                next < refs->len ? ZG_VEC_AT(refs, const zg_h5_ref, next) : NULL;
            if (ref && (ref->chunk + 1) * rows <= cursor) {
                next++;
                continue;
            }
            uint64_t from = ref ? ref->chunk * rows : end;
            if (from > cursor) { /* a hole up to the next chunk */
                uint64_t stop = from < end ? from : end;
                fill(r, at, stop - cursor);
                at += stop - cursor;
                cursor = stop;
                continue;
            }
            if (planned != next)
                ZAGG_TRY(add_job(r, ref, i, at, err));
            planned = next;
            uint64_t stop = from + rows < end ? from + rows : end;
            at += stop - cursor;
            cursor = stop;
        }
    }
    return ZAGG_OK;
}

static zagg_status plan_rows(reading *r, const zg_vec *refs, size_t n, zagg_err *err)
{
    uint64_t per_chunk = r->view.ds->chunk_rows;
    size_t i = 0;
    for (size_t k = 0; k < refs->len && i < n; k++) {
        const zg_h5_ref *ref = ZG_VEC_AT(refs, const zg_h5_ref, k);
        uint64_t from = ref->chunk * per_chunk;
        size_t first = i;
        while (i < n && r->rows[i] < from)
            i++;
        fill(r, first, i - first);
        first = i;
        while (i < n && r->rows[i] - from < per_chunk)
            i++;
        if (i == first)
            continue;
        ZAGG_TRY(add_job(r, ref, first, first, err));
        ZG_VEC_AT(&r->jobs, job, r->jobs.len - 1)->n_rows = i - first;
    }
    fill(r, i, n - i);
    return ZAGG_OK;
}

static int by_address(const void *a, const void *b)
{
    const job *x = a, *y = b;
    if (x->ref.addr != y->ref.addr)
        return x->ref.addr < y->ref.addr ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Cut the sorted jobs so that all threads get several spans where there is enough to do.
 */
static zagg_status cut_spans(reading *r, size_t width, zagg_err *err)
{
    const uint64_t times = r->view.ds->file->is_remote ? REMOTE_TIMES : 1;
    uint64_t total = 0;
    const job *jobs = r->jobs.data;
    for (size_t i = 0; i < r->jobs.len; i++)
        total += jobs[i].ref.size;
    uint64_t max = total / (4 * (uint64_t)width);
    max = max < times * MIN_SPAN_BYTES   ? times * MIN_SPAN_BYTES
          : max > times * MAX_SPAN_BYTES ? times * MAX_SPAN_BYTES
                                         : max;
    for (size_t i = 0; i < r->jobs.len;) {
        span *s = zg_vec_push(&r->spans);
        if (!s)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a plan of chunks");
        uint64_t bytes = jobs[i].ref.size;
        *s = (span){i, 1};
        for (i++; i < r->jobs.len && bytes + jobs[i].ref.size <= max; i++, s->n++)
            bytes += jobs[i].ref.size;
    }
    return ZAGG_OK;
}

/* ---- decoding ---- */

static zagg_status deliver_ranges(const reading *r, zg_h5_slot *slot, const job *j,
                                  zagg_err *err)
{
    const zagg_h5_dataset *ds = r->view.ds;
    uint64_t from = j->ref.chunk * ds->chunk_rows, to = from + ds->chunk_rows;
    uint64_t at = j->at;
    const zagg_rows *range = &r->ranges[j->first], *end = r->ranges + r->n_ranges;
    uint8_t *out = r->out + at * ds->elem_size;
    zg_h5_decoded chunk;
    if (range->begin <= from && range->end >= to && r->view.stride == 1) {
        ZAGG_TRY(zg_h5_decode(ds, slot, &j->ref, out, &chunk, err));
        if (chunk.data != out)
            zg_h5_elements(ds, &chunk, 0, (size_t)ds->chunk_rows, out);
        zg_h5_swap(ds, out, (size_t)ds->chunk_rows);
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_h5_decode(ds, slot, &j->ref, NULL, &chunk, err));
    for (; range < end && range->begin < to; range++) {
        uint64_t a = range->begin > from ? range->begin : from;
        uint64_t b = range->end < to ? range->end : to;
        zg_h5_copy_rows(&r->view, &chunk, a - from, (size_t)(b - a), out);
        zg_h5_swap(ds, out, (size_t)(b - a));
        out += (b - a) * ds->elem_size;
    }
    return ZAGG_OK;
}

static zagg_status deliver_rows(const reading *r, zg_h5_slot *slot, const job *j,
                                zagg_err *err)
{
    const zagg_h5_dataset *ds = r->view.ds;
    uint8_t *out = r->out + j->at * ds->elem_size;
    zg_h5_decoded chunk;
    ZAGG_TRY(zg_h5_decode(ds, slot, &j->ref, NULL, &chunk, err));
    ZAGG_TRY(zg_h5_pick_rows(&r->view, &chunk, slot, r->rows + j->first,
                             j->ref.chunk * ds->chunk_rows, j->n_rows, out, err));
    zg_h5_swap(ds, out, j->n_rows);
    return ZAGG_OK;
}

static zagg_status fetch_span(const reading *r, zg_h5_slot *slot, const span *s,
                              zagg_err *err)
{
    zagg_h5 *file = r->view.ds->file;
    if (r->view.ds->info.layout == ZAGG_H5_COMPACT)
        return ZAGG_OK;
    zg_h5_ref **refs = zg_alloc(s->n, sizeof *refs);
    if (!refs)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to fetch chunks");
    for (size_t i = 0; i < s->n; i++)
        refs[i] = &ZG_VEC_AT(&r->jobs, job, s->first + i)->ref;
    zagg_status st = zg_h5_fetch(file, slot, refs, s->n, err);
    zg_free(refs);
    return st;
}

static zagg_status span_task(void *user, size_t index, size_t scratch_slot, void **result,
                             zagg_err *err)
{
    (void)scratch_slot;
    (void)result;
    const reading *r = user;
    const span *s = ZG_VEC_AT(&r->spans, span, index);
    zagg_h5 *file = r->view.ds->file;
    zg_h5_slot *slot = zg_h5_slot_get(file);
    if (!slot)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to decode chunks");
    zagg_status st = fetch_span(r, slot, s, err);
    for (size_t i = 0; i < s->n && st == ZAGG_OK; i++) {
        const job *j = ZG_VEC_AT(&r->jobs, job, s->first + i);
        st = r->rows ? deliver_rows(r, slot, j, err) : deliver_ranges(r, slot, j, err);
    }
    zg_h5_slot_put(file, slot);
    return st;
}

/* Rows [begin, end) enclose everything wanted; n_rows counts the row list of a gather. */
static zagg_status run(reading *r, uint64_t begin, uint64_t end, size_t n_rows,
                       zagg_pool *pool, zagg_err *err)
{
    zg_vec refs;
    zg_vec_init(&refs, sizeof(zg_h5_ref), 0);
    zg_vec_init(&r->jobs, sizeof(job), 0);
    zg_vec_init(&r->spans, sizeof(span), 0);
    zagg_status st = zg_h5_refs(&r->view, begin, end, &refs, err);
    if (st == ZAGG_OK)
        st = r->rows ? plan_rows(r, &refs, n_rows, err) : plan_ranges(r, &refs, err);
    zg_vec_free(&refs);
    if (st == ZAGG_OK && r->jobs.len) {
        qsort(r->jobs.data, r->jobs.len, sizeof(job), by_address);
        st = cut_spans(r, zagg_pool_width(pool), err);
    }
    if (st == ZAGG_OK && r->jobs.len)
        st = zagg_pool_map(pool, r->spans.len, 0, span_task, NULL, NULL, r, err);
    zg_vec_free(&r->jobs);
    zg_vec_free(&r->spans);
    return st;
}

static zagg_status read_ranges(reading *r, zagg_h5_column column, zagg_pool *pool,
                               zagg_err *err)
{
    uint64_t total;
    ZAGG_TRY(zg_h5_view_of(column, &r->view, err));
    ZAGG_TRY(zg_h5_check_ranges(column.dataset, r->ranges, r->n_ranges, &total, err));
    if (total == 0)
        return ZAGG_OK;
    return run(r, r->ranges[0].begin, r->ranges[r->n_ranges - 1].end, 0, pool, err);
}

zagg_status zagg_h5_read(zagg_h5_column column, const zagg_rows *ranges, size_t n_ranges,
                         zagg_pool *pool, void *out, zagg_err *err)
{
    reading r = {.ranges = ranges, .n_ranges = n_ranges, .out = out};
    zagg_status st = read_ranges(&r, column, pool, err);
    return st == ZAGG_OK ? st : zg_h5_where(column.dataset, err, st);
}

static zagg_status gather(reading *r, zagg_h5_column column, size_t n, zagg_pool *pool,
                          zagg_err *err)
{
    ZAGG_TRY(zg_h5_view_of(column, &r->view, err));
    if (n == 0)
        return ZAGG_OK;
    for (size_t i = 1; i < n; i++)
        if (r->rows[i] < r->rows[i - 1])
            return zagg_err_set(err, ZAGG_EARG, "rows do not ascend");
    if (r->rows[n - 1] >= column.dataset->n_rows)
        return zagg_err_set(err, ZAGG_ERANGE, "row %llu of %llu",
                            (unsigned long long)r->rows[n - 1],
                            (unsigned long long)column.dataset->n_rows);
    return run(r, r->rows[0], r->rows[n - 1] + 1, n, pool, err);
}

zagg_status zagg_h5_gather(zagg_h5_column column, const uint64_t *rows, size_t n,
                           zagg_pool *pool, void *out, zagg_err *err)
{
    reading r = {.rows = rows, .out = out};
    zagg_status st = gather(&r, column, n, pool, err);
    return st == ZAGG_OK ? st : zg_h5_where(column.dataset, err, st);
}
