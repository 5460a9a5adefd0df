/* One signed call to the bucket of a store. */
#include "net/s3_sink.h"

#include <string.h>

zagg_status zg_s3_raw_key(const zg_s3_sink *s, const char *key, char **out, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, s->prefix);
    zg_str_add(&text, key);
    *out = zg_str_take(&text);
    return *out != NULL
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a key", s->name);
}

static zagg_status init(const zg_s3_sink *s, zg_s3_call *c, const char *method,
                        const char *query, zagg_err *err)
{
    ZAGG_TRY(zg_s3_url(s->s3, c->key, query, &c->url, err));
    c->call.method = method;
    c->call.url = c->url;
    c->call.no_redirects = true; /* which keep neither body nor signature */
    c->call.despite_stop = true; /* a run that is stopped ends its shards */
    zg_s3_common_headers(s->s3, &c->call.headers);
    return ZAGG_OK;
}

zagg_status zg_s3_call_init_raw(const zg_s3_sink *s, zg_s3_call *c, const char *method,
                                const char *raw_key, const char *query, zagg_err *err)
{
    *c = (zg_s3_call){.key = zg_strdup(raw_key)};
    if (c->key == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a key", s->name);
    return init(s, c, method, query, err);
}

zagg_status zg_s3_call_init(const zg_s3_sink *s, zg_s3_call *c, const char *method,
                            const char *key, const char *query, zagg_err *err)
{
    *c = (zg_s3_call){.key = NULL};
    if (key == NULL)
        return zg_s3_call_init_raw(s, c, method, "", query, err);
    ZAGG_TRY(zg_s3_raw_key(s, key, &c->key, err));
    return init(s, c, method, query, err);
}

zagg_status zg_s3_call_check(const zg_s3_sink *s, const zg_call *call, zagg_err *err)
{
    if (call->http_status / 100 != 3)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EHTTP,
                        "%s %s: the server leads elsewhere (HTTP %ld); give the endpoint "
                        "and region of the bucket",
                        call->method, s->name, call->http_status);
}

zagg_status zg_s3_call_send(const zg_s3_sink *s, zg_s3_call *c, zagg_err *err)
{
    char code[64] = "", text[8];
    zg_s3_sign_calls(s->s3, &c->call, 1);
    const zagg_status status = zg_http_send(s->http, &c->call, 1, err);
    if (status == ZAGG_ENOTFOUND || c->call.http_status == 404)
        zg_http_explain(c->call.out_body, c->call.out_len, code, text, sizeof text);
    if (strcmp(code, "NoSuchBucket") == 0) /* which is more than a missing object */
        return zagg_err_set(err, ZAGG_EHTTP, "%s: there is no bucket %s", s->name,
                            zg_s3_bucket(s->s3));
    ZAGG_TRY(status);
    return zg_s3_call_check(s, &c->call, err);
}

void zg_s3_call_free(zg_s3_call *c)
{
    zg_call_free(&c->call);
    zg_free(c->url);
    zg_free(c->key);
    *c = (zg_s3_call){.key = NULL};
}
