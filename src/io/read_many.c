/* Reading many ranges with few requests: ranges are taken in order of offset, and
 * neighbours are merged into one request while the gap between them and the whole span
 * stay small. */
#include "io/source.h"

#include <stdlib.h>
#include <string.h>

/* Of gaps that are read along, where requests cost time: at most so much of what is
 * wanted (a part of so many), or so many bytes, and no gap longer than a request is
 * worth.
 */
enum { GAPS_OF_WANTED = 5 };
#define GAPS_AT_LEAST ((uint64_t)64 << 10)
#define GAP_AT_MOST ((uint64_t)1 << 20)

/* The one block that merged requests are read into, kept from span to span. */
typedef struct span_buffer {
    char *data;
    size_t cap;
} span_buffer;

static int range_order(const void *left, const void *right)
{
    const zagg_range *a = left, *b = right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    /* Of ranges that start together the longest comes first: it may hold the others. */
    return a->len == b->len ? 0 : a->len > b->len ? -1 : 1;
}

/* ---- which ranges one request reads ---- */

static zg_span next_span(const zagg_range *sorted, size_t n, size_t first,
                         const zagg_coalesce *how)
{
    zg_span span = {first, first + 1, sorted[first].offset,
                    sorted[first].offset + sorted[first].len};
    for (; span.last < n; span.last++) {
        const zagg_range *next = &sorted[span.last];
        uint64_t next_end = next->offset + next->len;
        if (next_end <= span.end)
            continue; /* inside of what is read anyway */
        bool near = next->offset <= span.end || next->offset - span.end <= how->max_gap;
        if (!near || next_end - span.start > how->max_span)
            break;
        span.end = next_end;
    }
    return span;
}

static int by_length(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The longest gap such that all gaps up to it are not too much together: most requests
 * are saved by filling the shortest. */
static zagg_status affordable_gap(const zagg_source *source, const zagg_range *sorted,
                                  size_t n, uint64_t *out, zagg_err *err)
{
    uint64_t wanted = 0, end = 0, sum = 0;
    size_t n_gaps = 0;
    uint64_t *gaps = zg_alloc(n, sizeof *gaps);
    if (gaps == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for %zu ranges",
                            source->name, n);
    for (size_t i = 0; i < n; i++) {
        const uint64_t next = sorted[i].offset + sorted[i].len;
        if (i > 0 && sorted[i].offset > end)
            gaps[n_gaps++] = sorted[i].offset - end;
        wanted +=
            next <= end ? 0 : next - (sorted[i].offset > end ? sorted[i].offset : end);
        end = next > end ? next : end;
    }
    qsort(gaps, n_gaps, sizeof *gaps, by_length);
    const uint64_t most =
        wanted / GAPS_OF_WANTED > GAPS_AT_LEAST ? wanted / GAPS_OF_WANTED : GAPS_AT_LEAST;
    *out = 0;
    for (size_t i = 0, same; i < n_gaps && gaps[i] <= GAP_AT_MOST; i += same) {
        for (same = 0; i + same < n_gaps && gaps[i + same] == gaps[i]; same++)
            sum += gaps[i]; /* all gaps of a length, or none of them */
        if (sum > most)
            break;
        *out = gaps[i];
    }
    zg_free(gaps);
    return ZAGG_OK;
}

zagg_status zg_source_cut(const zagg_source *source, const zagg_range *sorted, size_t n,
                          const zagg_coalesce *how, zg_span *spans, size_t *n_spans,
                          zagg_err *err)
{
    zagg_coalesce rule = ZAGG_COALESCE_INIT;
    *n_spans = 0;
    if (how != NULL)
        rule = *how;
    if (zg_source_has_holes(source))
        rule.max_gap = 0;
    else if (how == NULL && n > 1 && zg_source_is_parallel(source))
        ZAGG_TRY(affordable_gap(source, sorted, n, &rule.max_gap, err));
    for (size_t first = 0; first < n; first = spans[(*n_spans)++].last)
        spans[*n_spans] = next_span(sorted, n, first, &rule);
    return ZAGG_OK;
}

/* ---- reading them ---- */

static zagg_status no_memory(const zagg_source *source, size_t bytes, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read %zu bytes", source->name,
                        bytes);
}

/* The range that the whole span is read for, if there is one. */
static bool is_one_range(const zagg_range *sorted, const zg_span *span)
{
    return sorted[span->first].len == span->end - span->start;
}

static void hand_out(const zagg_range *sorted, const zg_span *span, const char *bytes)
{
    for (size_t i = span->first + is_one_range(sorted, span); i < span->last; i++)
        memcpy(sorted[i].out, bytes + (sorted[i].offset - span->start), sorted[i].len);
}

static zagg_status read_span(zagg_source *source, const zagg_range *sorted,
                             const zg_span *span, span_buffer *buffer, zagg_err *err)
{
    size_t bytes = (size_t)(span->end - span->start);
    char *into = sorted[span->first].out;
    if (!is_one_range(sorted, span)) {
        if (buffer->cap < bytes) {
            zg_free(buffer->data);
            buffer->cap = 0;
            buffer->data = zg_realloc(NULL, bytes, 1);
            if (buffer->data == NULL)
                return no_memory(source, bytes, err);
            buffer->cap = bytes;
        }
        into = buffer->data;
    }
    ZAGG_TRY(zg_source_request(source, span->start, bytes, into, err));
    hand_out(sorted, span, into);
    return ZAGG_OK;
}

static zagg_status read_one_by_one(zagg_source *source, const zagg_range *sorted,
                                   const zg_span *spans, size_t n, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    span_buffer buffer = {NULL, 0};
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        status = read_span(source, sorted, &spans[i], &buffer, err);
    zg_free(buffer.data);
    return status;
}

/* All spans with one call. Those of one range come to where they are wanted, the others
 * into one block. */
static zagg_status read_side_by_side(zagg_source *source, const zagg_range *sorted,
                                     const zg_span *spans, size_t n, zagg_err *err)
{
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_one_range(sorted, &spans[i]))
            bytes += (size_t)(spans[i].end - spans[i].start);
    char *block = zg_realloc(NULL, bytes ? bytes : 1, 1);
    zagg_range *requests = zg_alloc(n, sizeof *requests);
    zagg_status status = block && requests ? ZAGG_OK : no_memory(source, bytes, err);
    for (size_t i = 0; i < n && status == ZAGG_OK; i++) {
        const size_t len = (size_t)(spans[i].end - spans[i].start);
        const bool one = is_one_range(sorted, &spans[i]);
        requests[i] = (zagg_range){spans[i].start, len,
                                   one ? sorted[spans[i].first].out : block + at};
        at += one ? 0 : len;
    }
    if (status == ZAGG_OK)
        status = zg_source_request_many(source, requests, n, false, err);
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        hand_out(sorted, &spans[i], requests[i].out);
    zg_free(requests);
    zg_free(block);
    return status;
}

zagg_status zagg_source_read_many(zagg_source *source, const zagg_range *ranges, size_t n,
                                  const zagg_coalesce *how, zagg_err *err)
{
    zg_io_count(&source->counters.calls, 1);
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(zg_source_check(source, ranges[i].offset, ranges[i].len, err));
    if (n == 0)
        return ZAGG_OK;
    if (n == 1)
        return zg_source_request(source, ranges[0].offset, ranges[0].len, ranges[0].out,
                                 err);

    zagg_range *sorted = zg_alloc(n, sizeof *sorted);
    zg_span *spans = zg_alloc(n, sizeof *spans);
    size_t n_sorted = 0, n_spans = 0;
    zagg_status status =
        sorted && spans ? ZAGG_OK
                        : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for %zu ranges",
                                       source->name, n);
    for (size_t i = 0; i < n && status == ZAGG_OK; i++) {
        if (ranges[i].len > 0)
            sorted[n_sorted++] = ranges[i];
    }
    if (status == ZAGG_OK) {
        qsort(sorted, n_sorted, sizeof *sorted, range_order);
        status = zg_source_cut(source, sorted, n_sorted, how, spans, &n_spans, err);
    }
    if (status == ZAGG_OK && n_spans > 0)
        status = (zg_source_is_parallel(source) ? read_side_by_side : read_one_by_one)(
            source, sorted, spans, n_spans, err);
    zg_free(spans);
    zg_free(sorted);
    return status;
}
