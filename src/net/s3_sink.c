/* An s3:// store as a sink. */
#include "net/s3_sink.h"

#include <string.h>

static zagg_status s3_get(void *self, const char *key, size_t max_len, void **out_data,
                          size_t *out_len, zagg_err *err)
{
    const zg_s3_sink *s = self;
    zg_s3_call c;
    zagg_status status = zg_s3_call_init(s, &c, "GET", key, "", err);
    c.call.max_body = max_len > 0 ? max_len : 1; /* 0 stands for another limit */
    if (status == ZAGG_OK)
        status = zg_s3_call_send(s, &c, err);
    if ((status == ZAGG_OK && c.call.out_len > max_len) ||
        (status == ZAGG_EHTTP && c.call.http_status / 100 == 2))
        status =
            zagg_err_set(err, ZAGG_ERANGE, "%s/%s is larger than the limit of %zu bytes",
                         s->name, key, max_len);
    if (status == ZAGG_OK) {
        *out_data = c.call.out_body;
        *out_len = c.call.out_len;
        c.call.out_body = NULL;
    }
    zg_s3_call_free(&c);
    return status;
}

static zagg_status read_length(const zg_s3_sink *s, const char *key, const zg_call *call,
                               uint64_t *out, zagg_err *err)
{
    const char *text = zg_headers_get(&call->out_headers, "Content-Length");
    uint64_t n = 0;
    bool ok = text != NULL && text[0] != '\0';
    for (const char *c = text; ok && *c != '\0'; c++)
        ok = *c >= '0' && *c <= '9' && zg_mul_u64(n, 10, &n) &&
             zg_add_u64(n, (uint64_t)(*c - '0'), &n);
    if (!ok)
        return zagg_err_set(err, ZAGG_EHTTP,
                            "%s: the server does not tell the size of %s", s->name, key);
    *out = n;
    return ZAGG_OK;
}

static zagg_status s3_size(void *self, const char *key, uint64_t *out, zagg_err *err)
{
    const zg_s3_sink *s = self;
    zg_s3_call c;
    zagg_status status = zg_s3_call_init(s, &c, "HEAD", key, "", err);
    if (status == ZAGG_OK)
        status = zg_s3_call_send(s, &c, err);
    if (status == ZAGG_OK)
        status = read_length(s, key, &c.call, out, err);
    zg_s3_call_free(&c);
    return status;
}

static void s3_close(void *self)
{
    zg_s3_sink *s = self;
    zg_crew_free(s->crew);
    pthread_cond_destroy(&s->parted);
    pthread_mutex_destroy(&s->lock);
    zg_free(s->prefix);
    zg_free(s->name);
    zg_free(s);
}

static const zg_sink_vtable VTABLE = {
    .put = zg_s3_put,
    .get = s3_get,
    .list = zg_s3_list,
    .list_dir = zg_s3_list_dir,
    .remove = zg_s3_remove,
    .remove_prefix = zg_s3_remove_prefix,
    .close = s3_close,
    .size = s3_size,
    .clean = zg_s3_clean,
    .stream_begin = zg_s3_stream_begin,
    .stream_add = zg_s3_stream_add,
    .stream_commit = zg_s3_stream_commit,
    .stream_abandon = zg_s3_stream_abandon,
    .put_if = zg_s3_put_if,
    .get_tagged = zg_s3_get_tagged,
};

/* ---- opening ---- */

static bool name_it(zg_s3_sink *s, const char *prefix)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addf(&text, "s3://%s%s%s", zg_s3_bucket(s->s3), prefix[0] != '\0' ? "/" : "",
                prefix);
    s->name = zg_str_take(&text);
    zg_str_init(&text, 0);
    zg_str_addf(&text, "%s%s", prefix, prefix[0] != '\0' ? "/" : "");
    s->prefix = zg_str_take(&text);
    return s->name != NULL && s->prefix != NULL;
}

zagg_status zg_s3_sink_open(const zg_s3_sink_opts *opts, zagg_sink **out, zagg_err *err)
{
    zg_s3_sink *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a store");
    s->http = opts->http;
    s->s3 = opts->s3;
    s->part_bytes = opts->part_bytes > 0 ? opts->part_bytes : ZG_S3_PART_BYTES;
    if (pthread_mutex_init(&s->lock, NULL) != 0) {
        zg_free(s);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    if (pthread_cond_init(&s->parted, NULL) != 0) {
        pthread_mutex_destroy(&s->lock);
        zg_free(s);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    if (!name_it(s, opts->prefix)) {
        s3_close(s);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a store");
    }
    return zg_sink_new(&VTABLE, s, s->name, out, err);
}
