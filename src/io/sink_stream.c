/* Objects that come piece by piece. Pieces are gathered in memory first, so that a small
 * object is one put and many small pieces are few requests; a sink that cannot take
 * pieces gets all of it at once in the end. */
#include "io/sink.h"

#include <string.h>

struct zagg_sink_stream {
    zagg_sink *sink;
    char *key;
    zg_held held;
    zg_sha256_stream *hash; /* of all bytes taken, while that is known */
    bool hashed;
    size_t hold_bytes;  /* less than that is gathered */
    void *begun;        /* the implementation's; NULL: all is held */
    uint64_t bytes;     /* of the object */
    zagg_status failed; /* of the first failure */
};

zagg_status zagg_sink_stream_begin(zagg_sink *sink, const char *key,
                                   zagg_sink_stream **out, zagg_err *err)
{
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    zagg_sink_stream *s = zg_alloc(1, sizeof *s);
    char *copy = zg_strdup(key);
    if (s == NULL || copy == NULL) {
        zg_free(s);
        zg_free(copy);
        return zg_sink_no_memory(sink, key, err);
    }
    s->sink = sink;
    s->key = copy;
    s->hold_bytes = ZG_IO_HELD_BYTES;
    *out = s;
    return ZAGG_OK;
}

zagg_status zg_sink_stream_begin_direct(zagg_sink *sink, const char *key,
                                        zagg_sink_stream **out, zagg_err *err)
{
    ZAGG_TRY(zagg_sink_stream_begin(sink, key, out, err));
    (*out)->hold_bytes = 0;
    return ZAGG_OK;
}

static zagg_status send(zagg_sink_stream *s, const void *data, size_t len,
                        const zg_sha256_stream *so_far, zagg_err *err)
{
    const zg_sink_vtable *v = s->sink->vtable;
    if (s->begun == NULL)
        ZAGG_TRY(v->stream_begin(s->sink->self, s->key, &s->begun, err));
    return len > 0 ? v->stream_add(s->sink->self, s->begun, data, len, so_far, err)
                   : ZAGG_OK;
}

static zagg_status hold(zagg_sink_stream *s, const void *data, size_t len, zagg_err *err)
{
    return zg_held_add(&s->held, data, len) ? ZAGG_OK
                                            : zg_sink_no_memory(s->sink, s->key, err);
}

static zagg_status send_held(zagg_sink_stream *s, zagg_err *err)
{
    const size_t len = s->held.len;
    s->held.len = 0;
    return send(s, s->held.data, len, s->hashed ? s->hash : NULL, err);
}

static zagg_status take(zagg_sink_stream *s, const void *data, size_t len,
                        const zg_sha256_stream *so_far, zagg_err *err)
{
    if (s->sink->vtable->stream_begin == NULL || len < s->hold_bytes - s->held.len)
        return hold(s, data, len, err);
    ZAGG_TRY(send_held(s, err));
    return len < s->hold_bytes ? hold(s, data, len, err)
                               : send(s, data, len, so_far, err);
}

zagg_status zg_sink_stream_add_hashed(zagg_sink_stream *stream, const void *data,
                                      size_t len, const zg_sha256_stream *so_far,
                                      zagg_err *err)
{
    zagg_sink_stream *s = stream;
    if (s->failed != ZAGG_OK)
        return zagg_err_set(err, s->failed, "%s: an earlier write of %s failed",
                            s->sink->name, s->key);
    s->failed = take(s, data, len, so_far, err);
    s->bytes += len;
    if (len == 0)
        return s->failed;
    if (so_far != NULL && s->hash == NULL)
        s->hash = zg_sha256_new(); /* without memory it is not known */
    s->hashed = so_far != NULL && s->hash != NULL;
    if (s->hashed)
        zg_sha256_copy(s->hash, so_far);
    return s->failed;
}

zagg_status zagg_sink_stream_add(zagg_sink_stream *stream, const void *data, size_t len,
                                 zagg_err *err)
{
    return zg_sink_stream_add_hashed(stream, data, len, NULL, err);
}

/* The stream without what the implementation holds. */
static void free_stream(zagg_sink_stream *s)
{
    zg_held_free(&s->held);
    zg_sha256_free(s->hash);
    zg_free(s->key);
    zg_free(s);
}

static zagg_status commit(zagg_sink_stream *s, zagg_err *err)
{
    const zg_sink_vtable *v = s->sink->vtable;
    if (s->begun == NULL)
        return v->put(s->sink->self, s->key, s->held.data, s->held.len, err);
    const zagg_status status = send_held(s, err);
    if (status == ZAGG_OK)
        return v->stream_commit(s->sink->self, s->begun, err);
    v->stream_abandon(s->sink->self, s->begun);
    return status;
}

zagg_status zagg_sink_stream_commit(zagg_sink_stream *stream, zagg_err *err)
{
    zagg_sink *sink = stream->sink;
    zagg_status status = zagg_sink_stream_add(stream, NULL, 0, err);
    if (status != ZAGG_OK) {
        zagg_sink_stream_abandon(stream);
        return status;
    }
    zg_sink_count_request(sink);
    status = commit(stream, err);
    if (status == ZAGG_OK)
        zg_sink_count_put(sink, stream->bytes);
    free_stream(stream);
    return status;
}

void zagg_sink_stream_abandon(zagg_sink_stream *stream)
{
    if (stream == NULL)
        return;
    if (stream->begun != NULL)
        stream->sink->vtable->stream_abandon(stream->sink->self, stream->begun);
    free_stream(stream);
}
