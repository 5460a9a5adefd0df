/* Inside of a source, shared by the files that implement reading. */
#ifndef ZG_IO_SOURCE_H
#define ZG_IO_SOURCE_H

#include "base/base.h"
#include "zagg/io.h"

#include <stdatomic.h>

typedef struct zg_io_counters {
    _Atomic uint64_t calls, requests, bytes, puts, put_bytes;
} zg_io_counters;

/* What system calls are worth: about 2 us, or so many bytes copied. */
#define ZG_LOCAL_REQUEST_BYTES ((size_t)16 << 10)

struct zagg_source {
    const zagg_source_vtable *vtable;
    void *self;
    uint64_t size;
    char *name;
    zg_io_counters counters;
};

void zg_io_count(_Atomic uint64_t *counter, uint64_t n);
zagg_io_stats zg_io_snapshot(const zg_io_counters *counters);

/** request_bytes of its vtable, or what stands for it. */
size_t zg_source_request_bytes(const zagg_source *source);

/** RANGE unless all `len` bytes at `offset` are inside. */
zagg_status zg_source_check(const zagg_source *source, uint64_t offset, size_t len,
                            zagg_err *err);
/** One counted request; the range has been checked. */
zagg_status zg_source_request(zagg_source *source, uint64_t offset, size_t len, void *out,
                              zagg_err *err);

/** Does it read spans side by side, so that few and large calls are what costs least? */
static inline bool zg_source_is_parallel(const zagg_source *source)
{
    return source->vtable->read_many != NULL;
}
/** May bytes be missing that lie between those that are needed? */
static inline bool zg_source_has_holes(const zagg_source *source)
{
    return source->vtable->there != NULL;
}
static inline bool zg_source_there(const zagg_source *source, uint64_t offset,
                                   uint64_t *begin, uint64_t *end)
{
    return source->vtable->there(source->self, offset, begin, end);
}
/** Counted requests for spans that ascend and have been checked, side by side where the
 * source can. `metadata`: they describe the data. */
zagg_status zg_source_request_many(zagg_source *source, const zagg_range *spans, size_t n,
                                   bool metadata, zagg_err *err);

/** Ranges first .. last - 1 of a sorted list, read with one request for [start, end). */
typedef struct zg_span {
    size_t first, last;
    uint64_t start, end;
} zg_span;
/** Part ranges sorted by offset, none of them empty, into requests: at most `n` go to
 * `spans`. `how` may be NULL. NOMEM. */
zagg_status zg_source_cut(const zagg_source *source, const zagg_range *sorted, size_t n,
                          const zagg_coalesce *how, zg_span *spans, size_t *n_spans,
                          zagg_err *err);

/** openat(2) of what is there already, again for as long as signals interrupt it (which
 * network file systems let them do). */
int zg_io_open(int dir_fd, const char *path, int flags);

/** All of `fd` up to its end, at most `max_len` bytes, in a new block with a NUL behind
 * them. `expected` is a hint. `path` is used in messages. */
zagg_status zg_fd_read_all(int fd, size_t expected, size_t max_len, const char *path,
                           void **out_data, size_t *out_len, zagg_err *err);

#endif
