/* Bytes that are put aside while an object is made, and read back. A chunk that was added
 * lies in the file as a whole or in memory as a whole. */
#include "io/sink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct zg_scratch {
    zagg_sink *sink;
    char *key;
    zg_held held;
    uint64_t filed; /* bytes in the file */
    int fd;         /* -1: all is held */
    bool no_file;   /* the sink has none */
};

zagg_status zg_scratch_new(zagg_sink *sink, const char *key, zg_scratch **out,
                           zagg_err *err)
{
    zg_scratch *s = zg_alloc(1, sizeof *s);
    char *copy = zg_strdup(key);
    if (s == NULL || copy == NULL) {
        zg_free(s);
        zg_free(copy);
        return zg_sink_no_memory(sink, key, err);
    }
    s->sink = sink;
    s->key = copy;
    s->fd = -1;
    *out = s;
    return ZAGG_OK;
}

void zg_scratch_free(zg_scratch *scratch)
{
    if (scratch == NULL)
        return;
    if (scratch->fd >= 0)
        close(scratch->fd);
    zg_held_free(&scratch->held);
    zg_free(scratch->key);
    zg_free(scratch);
}

zagg_status zg_sink_scratch_open(zagg_sink *sink, const char *key, int *out_fd,
                                 zagg_err *err)
{
    *out_fd = -1;
    if (sink->vtable->scratch_open == NULL)
        return ZAGG_OK;
    return sink->vtable->scratch_open(sink->self, key, out_fd, err);
}

zagg_status zg_sink_scratch_add(zagg_sink *sink, int fd, const void *data, size_t len,
                                zagg_err *err)
{
    return sink->vtable->scratch_add(sink->self, fd, data, len, err);
}

static zagg_status hold(zg_scratch *s, const void *data, size_t len, zagg_err *err)
{
    return zg_held_add(&s->held, data, len) ? ZAGG_OK
                                            : zg_sink_no_memory(s->sink, s->key, err);
}

static zagg_status file(zg_scratch *s, const void *data, size_t len, zagg_err *err)
{
    ZAGG_TRY(zg_sink_scratch_add(s->sink, s->fd, data, len, err));
    s->filed += len;
    return ZAGG_OK;
}

static zagg_status take(zg_scratch *s, const void *data, size_t len, zagg_err *err)
{
    if (s->no_file || len < ZG_IO_HELD_BYTES - s->held.len)
        return hold(s, data, len, err);
    if (s->fd < 0)
        ZAGG_TRY(zg_sink_scratch_open(s->sink, s->key, &s->fd, err));
    s->no_file = s->fd < 0;
    if (s->no_file)
        return hold(s, data, len, err);
    ZAGG_TRY(file(s, s->held.data, s->held.len, err));
    s->held.len = 0;
    return len < ZG_IO_HELD_BYTES ? hold(s, data, len, err) : file(s, data, len, err);
}

zagg_status zg_scratch_add(zg_scratch *scratch, const void *data, size_t len,
                           uint64_t *offset, zagg_err *err)
{
    const uint64_t at = scratch->filed + scratch->held.len;
    ZAGG_TRY(take(scratch, data, len, err));
    *offset = at;
    return ZAGG_OK;
}

static zagg_status read_filed(const zg_scratch *s, uint64_t offset, size_t len, void *out,
                              zagg_err *err)
{
    int failure;
    if (zg_fd_read_at(s->fd, offset, len, out, &failure) == len)
        return ZAGG_OK;
    return zagg_err_set_errno(err, ZAGG_EIO, failure ? failure : EIO,
                              "cannot read back what was put aside for %s/%s",
                              s->sink->name, s->key);
}

zagg_status zg_scratch_read(const zg_scratch *scratch, uint64_t offset, size_t len,
                            void *out, zagg_err *err)
{
    const zg_scratch *s = scratch;
    if (offset < s->filed)
        return read_filed(s, offset, len, out, err);
    memcpy(out, s->held.data + (offset - s->filed), len);
    return ZAGG_OK;
}
