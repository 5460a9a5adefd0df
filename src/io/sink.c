/* Sinks: key checks, counters and the dispatch to an implementation. */
#include "io/sink.h"

#include <string.h>

zagg_status zg_sink_new(const zg_sink_vtable *vtable, void *self, const char *name,
                        zagg_sink **out, zagg_err *err)
{
    zagg_sink *sink = zg_alloc(1, sizeof *sink);
    char *copy = zg_strdup(name);
    if (sink == NULL || copy == NULL) {
        zg_free(sink);
        zg_free(copy);
        /* Said first: `name` may belong to `self`. */
        zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to open it", name);
        vtable->close(self);
        return ZAGG_ENOMEM;
    }
    sink->vtable = vtable;
    sink->self = self;
    sink->name = copy;
    *out = sink;
    return ZAGG_OK;
}

void zagg_sink_close(zagg_sink *sink)
{
    if (sink == NULL)
        return;
    sink->vtable->close(sink->self);
    zg_free(sink->name);
    zg_free(sink);
}

const char *zagg_sink_name(const zagg_sink *sink)
{
    return sink->name;
}

zagg_io_stats zagg_sink_stats(const zagg_sink *sink)
{
    return zg_io_snapshot(&sink->counters);
}

/* Parts between slashes must name something of their own: nothing leaves the store. */
static bool key_is_clean(const char *key, size_t len)
{
    for (size_t start = 0; start <= len;) {
        size_t end = start;
        while (end < len && key[end] != '/')
            end++;
        size_t n = end - start;
        if (n == 0 || (n <= 2 && memcmp(key + start, "..", n) == 0))
            return false;
        start = end + 1;
    }
    return true;
}

zagg_status zg_sink_check_key(const zagg_sink *sink, const char *key, zagg_err *err)
{
    if (key_is_clean(key, strlen(key)))
        return ZAGG_OK;
    return zagg_err_set(
        err, ZAGG_EARG,
        "%s: key '%s' is refused: a key is a relative path without empty, "
        "'.' or '..' parts",
        sink->name, key);
}

/* "" or a key, with or without a '/' at its end. */
static zagg_status check_prefix(const zagg_sink *sink, const char *prefix, zagg_err *err)
{
    size_t len = strlen(prefix);
    if (len > 0 && prefix[len - 1] == '/')
        len--;
    if (prefix[0] == '\0' || key_is_clean(prefix, len))
        return ZAGG_OK;
    return zg_sink_check_key(sink, prefix, err);
}

zagg_status zg_sink_no_memory(const zagg_sink *sink, const char *key, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write %s", sink->name, key);
}

static bool is_folder(const char *prefix)
{
    size_t len = strlen(prefix);
    return len > 0 && prefix[len - 1] == '/';
}

void zg_sink_count_request(zagg_sink *sink)
{
    zg_io_count(&sink->counters.calls, 1);
    zg_io_count(&sink->counters.requests, 1);
}

void zg_sink_count_put(zagg_sink *sink, uint64_t len)
{
    zg_io_count(&sink->counters.bytes, len);
    zg_io_count(&sink->counters.puts, 1);
    zg_io_count(&sink->counters.put_bytes, len);
}

static zagg_status put(zagg_sink *sink, bool whole, const char *key, const void *data,
                       size_t len, zagg_err *err)
{
    const zg_sink_vtable *v = sink->vtable;
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    zg_sink_count_request(sink);
    ZAGG_TRY(
        (whole && v->put_whole ? v->put_whole : v->put)(sink->self, key, data, len, err));
    zg_sink_count_put(sink, len);
    return ZAGG_OK;
}

zagg_status zagg_sink_put(zagg_sink *sink, const char *key, const void *data, size_t len,
                          zagg_err *err)
{
    return put(sink, false, key, data, len, err);
}

zagg_status zagg_sink_put_whole(zagg_sink *sink, const char *key, const void *data,
                                size_t len, zagg_err *err)
{
    return put(sink, true, key, data, len, err);
}

static zagg_status cannot_tell(const zagg_sink *sink, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                        "%s: this store cannot tell whether an object is there already",
                        sink->name);
}

zagg_status zg_sink_put_if(zagg_sink *sink, const char *key, const void *data, size_t len,
                           const zg_sink_tag *old, zg_sink_tag *out, zagg_err *err)
{
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    if (sink->vtable->put_if == NULL)
        return cannot_tell(sink, err);
    zg_sink_count_request(sink);
    ZAGG_TRY(sink->vtable->put_if(sink->self, key, data, len, old, out, err));
    zg_sink_count_put(sink, len);
    return ZAGG_OK;
}

zagg_status zagg_sink_put_new(zagg_sink *sink, const char *key, const void *data,
                              size_t len, zagg_err *err)
{
    const zg_sink_tag none = {.age_s = -1};
    zg_sink_tag unused;
    if (sink->vtable->put_new == NULL)
        return zg_sink_put_if(sink, key, data, len, &none, &unused, err);
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    zg_sink_count_request(sink);
    ZAGG_TRY(sink->vtable->put_new(sink->self, key, data, len, err));
    zg_sink_count_put(sink, len);
    return ZAGG_OK;
}

zagg_status zg_sink_get_tagged(zagg_sink *sink, const char *key, size_t max_len,
                               void **out_data, size_t *out_len, zg_sink_tag *tag,
                               zagg_err *err)
{
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    if (sink->vtable->get_tagged == NULL)
        return cannot_tell(sink, err);
    zg_sink_count_request(sink);
    ZAGG_TRY(
        sink->vtable->get_tagged(sink->self, key, max_len, out_data, out_len, tag, err));
    zg_io_count(&sink->counters.bytes, *out_len);
    return ZAGG_OK;
}

zagg_status zg_sink_local_path(zagg_sink *sink, const char *key, char **out,
                               zagg_err *err)
{
    *out = NULL;
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    if (sink->vtable->local_path == NULL)
        return ZAGG_OK;
    return sink->vtable->local_path(sink->self, key, out, err);
}

void zg_sink_fence(zagg_sink *sink)
{
    if (sink->vtable->fence != NULL)
        sink->vtable->fence(sink->self);
}

zagg_status zg_sink_wait(zagg_sink *sink, zagg_err *err)
{
    return sink->vtable->wait != NULL ? sink->vtable->wait(sink->self, err) : ZAGG_OK;
}

zagg_status zagg_sink_get(zagg_sink *sink, const char *key, size_t max_len,
                          void **out_data, size_t *out_len, zagg_err *err)
{
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    zg_sink_count_request(sink);
    ZAGG_TRY(sink->vtable->get(sink->self, key, max_len, out_data, out_len, err));
    zg_io_count(&sink->counters.bytes, *out_len);
    return ZAGG_OK;
}

zagg_status zagg_sink_list(zagg_sink *sink, const char *prefix, zagg_sink_list_fn fn,
                           void *user, zagg_err *err)
{
    ZAGG_TRY(check_prefix(sink, prefix, err));
    zg_sink_count_request(sink);
    return sink->vtable->list(sink->self, prefix, fn, user, err);
}

zagg_status zagg_sink_list_dir(zagg_sink *sink, const char *prefix, zagg_sink_list_fn fn,
                               void *user, zagg_err *err)
{
    ZAGG_TRY(check_prefix(sink, prefix, err));
    if (prefix[0] != '\0' && !is_folder(prefix))
        return zagg_err_set(err, ZAGG_EARG, "%s: folder '%s' must end with '/'",
                            sink->name, prefix);
    zg_sink_count_request(sink);
    return sink->vtable->list_dir(sink->self, prefix, fn, user, err);
}

zagg_status zagg_sink_delete(zagg_sink *sink, const char *key, zagg_err *err)
{
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    zg_sink_count_request(sink);
    return sink->vtable->remove(sink->self, key, err);
}

zagg_status zagg_sink_delete_prefix(zagg_sink *sink, const char *prefix, zagg_err *err)
{
    ZAGG_TRY(check_prefix(sink, prefix, err));
    if (!is_folder(prefix))
        return zagg_err_set(err, ZAGG_EARG, "%s: folder '%s' must end with '/'",
                            sink->name, prefix);
    zg_sink_count_request(sink);
    return sink->vtable->remove_prefix(sink->self, prefix, err);
}

zagg_status zagg_sink_sync(zagg_sink *sink, const char *const *keys, size_t n,
                           zagg_err *err)
{
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(zg_sink_check_key(sink, keys[i], err));
    if (sink->vtable->sync == NULL || n == 0)
        return ZAGG_OK;
    zg_sink_count_request(sink);
    return sink->vtable->sync(sink->self, keys, n, err);
}

zagg_status zagg_sink_size(zagg_sink *sink, const char *key, uint64_t *out, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    if (sink->vtable->size == NULL) {
        ZAGG_TRY(zagg_sink_get(sink, key, SIZE_MAX, &data, &len, err));
        zagg_bytes_free(data);
        *out = len;
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_sink_check_key(sink, key, err));
    zg_sink_count_request(sink);
    return sink->vtable->size(sink->self, key, out, err);
}

zagg_status zagg_sink_clean(zagg_sink *sink, size_t *n_removed, zagg_err *err)
{
    *n_removed = 0;
    if (sink->vtable->clean == NULL)
        return ZAGG_OK;
    zg_sink_count_request(sink);
    return sink->vtable->clean(sink->self, n_removed, err);
}
