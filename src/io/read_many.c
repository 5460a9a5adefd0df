/* Reading many ranges with few requests: ranges are taken in order of offset, and
 * neighbours are merged into one request while the gap between them and the whole span
 * stay small. */
#include "io/source.h"

#include <stdlib.h>
#include <string.h>

/* Ranges first .. last - 1 of the sorted list, which cover [start, end). */
typedef struct range_group {
    size_t first, last;
    uint64_t start, end;
} range_group;

/* The one block that merged requests are read into, kept from group to group. */
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

static range_group next_group(const zagg_range *sorted, size_t n, size_t first,
                              const zagg_coalesce *how)
{
    range_group group = {first, first + 1, sorted[first].offset,
                         sorted[first].offset + sorted[first].len};
    for (; group.last < n; group.last++) {
        const zagg_range *next = &sorted[group.last];
        uint64_t next_end = next->offset + next->len;
        if (next_end <= group.end)
            continue; /* inside of what is read anyway */
        bool near = next->offset <= group.end || next->offset - group.end <= how->max_gap;
        if (!near || next_end - group.start > how->max_span)
            break;
        group.end = next_end;
    }
    return group;
}

static zagg_status read_group(zagg_source *source, const zagg_range *sorted,
                              const range_group *group, span_buffer *buffer,
                              zagg_err *err)
{
    const zagg_range *head = &sorted[group->first];
    size_t span = (size_t)(group->end - group->start);
    char *into = head->out;
    size_t rest = group->first + 1;
    if (head->len < span) { /* no single range covers the group */
        if (buffer->cap < span) {
            zg_free(buffer->data);
            buffer->cap = 0;
            buffer->data = zg_realloc(NULL, span, 1);
            if (buffer->data == NULL)
                return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read %zu bytes",
                                    source->name, span);
            buffer->cap = span;
        }
        into = buffer->data;
        rest = group->first;
    }
    ZAGG_TRY(zg_source_request(source, group->start, span, into, err));
    for (size_t i = rest; i < group->last; i++)
        memcpy(sorted[i].out, into + (sorted[i].offset - group->start), sorted[i].len);
    return ZAGG_OK;
}

zagg_status zagg_source_read_many(zagg_source *source, const zagg_range *ranges, size_t n,
                                  const zagg_coalesce *how, zagg_err *err)
{
    static const zagg_coalesce defaults = ZAGG_COALESCE_INIT;
    if (how == NULL)
        how = &defaults;
    zg_io_count(&source->counters.calls, 1);
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(zg_source_check(source, ranges[i].offset, ranges[i].len, err));
    if (n == 0)
        return ZAGG_OK;
    if (n == 1)
        return zg_source_request(source, ranges[0].offset, ranges[0].len, ranges[0].out,
                                 err);

    zagg_range *sorted = zg_alloc(n, sizeof *sorted);
    if (sorted == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for %zu ranges",
                            source->name, n);
    size_t n_sorted = 0;
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].len > 0)
            sorted[n_sorted++] = ranges[i];
    }
    qsort(sorted, n_sorted, sizeof *sorted, range_order);
    zagg_status status = ZAGG_OK;
    span_buffer buffer = {NULL, 0};
    for (size_t first = 0; first < n_sorted && status == ZAGG_OK;) {
        range_group group = next_group(sorted, n_sorted, first, how);
        status = read_group(source, sorted, &group, &buffer, err);
        first = group.last;
    }
    zg_free(buffer.data);
    zg_free(sorted);
    return status;
}
