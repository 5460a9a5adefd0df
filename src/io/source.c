/* Sources: bounds checks, counters and the dispatch to an implementation; the one in
 * memory. */
#include "io/source.h"

#include <inttypes.h>
#include <string.h>

/* 20 ms at 100 Mbit/s, about what a server takes to answer. */
#define REMOTE_REQUEST_BYTES ((size_t)256 << 10)

void zg_io_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

zagg_io_stats zg_io_snapshot(const zg_io_counters *counters)
{
    zagg_io_stats stats = {
        atomic_load_explicit(&counters->calls, memory_order_relaxed),
        atomic_load_explicit(&counters->requests, memory_order_relaxed),
        atomic_load_explicit(&counters->bytes, memory_order_relaxed),
        atomic_load_explicit(&counters->puts, memory_order_relaxed),
        atomic_load_explicit(&counters->put_bytes, memory_order_relaxed),
    };
    return stats;
}

zagg_status zagg_source_open_custom(const zagg_source_vtable *vtable, void *self,
                                    uint64_t size, const char *name, zagg_source **out,
                                    zagg_err *err)
{
    zagg_source *source = zg_alloc(1, sizeof *source);
    char *copy = zg_strdup(name);
    if (source == NULL || copy == NULL) {
        zg_free(source);
        zg_free(copy);
        /* Said first: `name` may belong to `self`. */
        zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to open it", name);
        if (vtable->close != NULL)
            vtable->close(self);
        return ZAGG_ENOMEM;
    }
    source->vtable = vtable;
    source->self = self;
    source->size = size;
    source->name = copy;
    *out = source;
    return ZAGG_OK;
}

void zagg_source_close(zagg_source *source)
{
    if (source == NULL)
        return;
    if (source->vtable->close != NULL)
        source->vtable->close(source->self);
    zg_free(source->name);
    zg_free(source);
}

uint64_t zagg_source_size(const zagg_source *source)
{
    return source->size;
}

const char *zagg_source_name(const zagg_source *source)
{
    return source->name;
}

size_t zg_source_request_bytes(const zagg_source *source)
{
    return source->vtable->request_bytes ? source->vtable->request_bytes
                                         : REMOTE_REQUEST_BYTES;
}

zagg_io_stats zagg_source_stats(const zagg_source *source)
{
    return zg_io_snapshot(&source->counters);
}

zagg_status zg_source_check(const zagg_source *source, uint64_t offset, size_t len,
                            zagg_err *err)
{
    if (offset <= source->size && len <= source->size - offset)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ERANGE,
                        "%s: %zu bytes at offset %" PRIu64 " lie outside its %" PRIu64
                        " bytes",
                        source->name, len, offset, source->size);
}

zagg_status zg_source_request(zagg_source *source, uint64_t offset, size_t len, void *out,
                              zagg_err *err)
{
    if (len == 0)
        return ZAGG_OK;
    zg_io_count(&source->counters.requests, 1);
    ZAGG_TRY(source->vtable->read_at(source->self, offset, len, out, err));
    zg_io_count(&source->counters.bytes, len);
    return ZAGG_OK;
}

zagg_status zg_source_request_many(zagg_source *source, const zagg_range *spans, size_t n,
                                   bool metadata, zagg_err *err)
{
    const zagg_source_vtable *v = source->vtable;
    uint64_t bytes = 0;
    if (!zg_source_is_parallel(source)) {
        for (size_t i = 0; i < n; i++)
            ZAGG_TRY(zg_source_request(source, spans[i].offset, spans[i].len,
                                       spans[i].out, err));
        return ZAGG_OK;
    }
    if (n == 0)
        return ZAGG_OK;
    for (size_t i = 0; i < n; i++)
        bytes += spans[i].len;
    zg_io_count(&source->counters.requests, n);
    ZAGG_TRY((metadata && v->read_metadata ? v->read_metadata
                                           : v->read_many)(source->self, spans, n, err));
    zg_io_count(&source->counters.bytes, bytes);
    return ZAGG_OK;
}

zagg_status zagg_source_read_at(zagg_source *source, uint64_t offset, size_t len,
                                void *out, zagg_err *err)
{
    zg_io_count(&source->counters.calls, 1);
    ZAGG_TRY(zg_source_check(source, offset, len, err));
    return zg_source_request(source, offset, len, out, err);
}

/* ---- memory ---- */

typedef struct mem_source {
    const unsigned char *data;
} mem_source;

static zagg_status mem_read_at(void *self, uint64_t offset, size_t len, void *out,
                               zagg_err *err)
{
    const mem_source *mem = self;
    (void)err;
    memcpy(out, mem->data + offset, len);
    return ZAGG_OK;
}

static const zagg_source_vtable mem_vtable = {
    .read_at = mem_read_at, .close = zg_free, .request_bytes = ZG_LOCAL_REQUEST_BYTES};

zagg_status zagg_source_open_mem(const void *data, size_t len, zagg_source **out,
                                 zagg_err *err)
{
    mem_source *mem = zg_alloc(1, sizeof *mem);
    if (mem == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a block of memory");
    mem->data = data;
    return zagg_source_open_custom(&mem_vtable, mem, len, "memory", out, err);
}
