/* Sources and sinks that fail on demand. */
#include "support/fault_io.h"

#include "io/sink.h"

typedef struct wrapper {
    fault_io *how;
    zagg_source *source; /* one of the two */
    zagg_sink *sink;
} wrapper;

static const char *name_of(const wrapper *w)
{
    return w->source != NULL ? zagg_source_name(w->source) : zagg_sink_name(w->sink);
}

static zagg_status injected(const wrapper *w, zagg_err *err)
{
    return zagg_err_set(err, w->how->status, "%s: injected fault", name_of(w));
}

/* Do `call` unless the plan strikes; when it does, the call fails before or behind it. */
#define UNLESS_STRUCK(w, kind, call)                                                     \
    do {                                                                                 \
        const bool strikes = fault_strikes(kind);                                        \
        if (strikes && !(w)->how->late)                                                  \
            return injected((w), err);                                                   \
        const zagg_status status_ = (call);                                              \
        return strikes ? injected((w), err) : status_;                                   \
    } while (0)

static void wrapper_close(void *self)
{
    wrapper *w = self;
    zagg_source_close(w->source);
    zagg_sink_close(w->sink);
    zg_free(w);
}

static zagg_status read_at(void *self, uint64_t offset, size_t len, void *out,
                           zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SOURCE_READ,
                  zagg_source_read_at(w->source, offset, len, out, err));
}

zagg_status fault_source_open(void *user, const char *path, zagg_source **out,
                              zagg_err *err)
{
    static const zagg_source_vtable VTABLE = {.read_at = read_at, .close = wrapper_close};
    wrapper *w = zg_alloc(1, sizeof *w);
    if (w == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", path);
    w->how = user;
    zagg_status status = zagg_source_open_file(path, &w->source, err);
    if (status == ZAGG_OK && fault_strikes(FAULT_SOURCE_OPEN))
        status = injected(w, err);
    if (status != ZAGG_OK) {
        wrapper_close(w);
        return status;
    }
    return zagg_source_open_custom(&VTABLE, w, zagg_source_size(w->source), path, out,
                                   err);
}

static zagg_status put(void *self, const char *key, const void *data, size_t len,
                       zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SINK_PUT, zagg_sink_put(w->sink, key, data, len, err));
}

static zagg_status put_whole(void *self, const char *key, const void *data, size_t len,
                             zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SINK_PUT, zagg_sink_put_whole(w->sink, key, data, len, err));
}

static zagg_status get(void *self, const char *key, size_t max_len, void **out_data,
                       size_t *out_len, zagg_err *err)
{
    wrapper *w = self;
    if (fault_strikes(FAULT_SINK_GET))
        return injected(w, err);
    return zagg_sink_get(w->sink, key, max_len, out_data, out_len, err);
}

static zagg_status list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SINK_LIST, zagg_sink_list(w->sink, prefix, fn, user, err));
}

static zagg_status list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SINK_LIST, zagg_sink_list_dir(w->sink, prefix, fn, user, err));
}

static zagg_status remove_one(void *self, const char *key, zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SINK_DELETE, zagg_sink_delete(w->sink, key, err));
}

static zagg_status remove_prefix(void *self, const char *prefix, zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SINK_DELETE, zagg_sink_delete_prefix(w->sink, prefix, err));
}

static zagg_status sync_keys(void *self, const char *const *keys, size_t n, zagg_err *err)
{
    wrapper *w = self;
    UNLESS_STRUCK(w, FAULT_SINK_SYNC, zagg_sink_sync(w->sink, keys, n, err));
}

zagg_status fault_sink_open(fault_io *how, zagg_sink *inner, zagg_sink **out,
                            zagg_err *err)
{
    static const zg_sink_vtable VTABLE = {.put = put,
                                          .put_whole = put_whole,
                                          .get = get,
                                          .list = list,
                                          .list_dir = list_dir,
                                          .remove = remove_one,
                                          .remove_prefix = remove_prefix,
                                          .close = wrapper_close,
                                          .sync = sync_keys};
    wrapper *w = zg_alloc(1, sizeof *w);
    if (w == NULL) {
        zagg_sink_close(inner);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a sink");
    }
    w->how = how;
    w->sink = inner;
    return zg_sink_new(&VTABLE, w, zagg_sink_name(inner), out, err);
}
