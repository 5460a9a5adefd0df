/* The object that calls go through: settings, engine, counters. */
#include "net/http_impl.h"

#include <string.h>

enum { DEFAULT_CONNECTIONS = 48, DEFAULT_ATTEMPTS = 5, DEFAULT_RECEIVE = 64 << 10 };

static zg_http_opts complete(const zg_http_opts *opts)
{
    zg_http_opts o = opts ? *opts : (zg_http_opts){0};
    if (o.max_connections == 0)
        o.max_connections = DEFAULT_CONNECTIONS;
    if (!(o.connect_s > 0))
        o.connect_s = 5;
    if (!(o.stall_s > 0))
        o.stall_s = 10;
    if (o.attempts == 0)
        o.attempts = DEFAULT_ATTEMPTS;
    if (!(o.backoff_s > 0))
        o.backoff_s = 0.1;
    if (o.receive_bytes == 0)
        o.receive_bytes = DEFAULT_RECEIVE;
    return o;
}

zagg_status zg_http_new(const zg_http_opts *opts, zg_http **out, zagg_err *err)
{
    ZAGG_TRY(zg_curl_load(err));
    zg_http *http = zg_alloc(1, sizeof *http);
    if (http == NULL || pthread_mutex_init(&http->lock, NULL) != 0) {
        zg_free(http);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for transfers");
    }
    http->opts = complete(opts);
    char seed[33];
    zg_unique_id(seed);
    memcpy(&http->random, seed, sizeof http->random);
    zagg_status status = zg_http_env_read(http->opts.direct, &http->env, err);
    if (status == ZAGG_OK)
        status = zg_engine_new(&http->opts, &http->env, &http->engine, err);
    if (status != ZAGG_OK)
        zg_http_free(http);
    else
        *out = http;
    return status;
}

void zg_http_free(zg_http *http)
{
    if (http == NULL)
        return;
    zg_engine_free(http->engine);
    zg_http_env_free(&http->env);
    pthread_mutex_destroy(&http->lock);
    zg_free(http);
}

unsigned zg_http_attempts(const zg_http *http)
{
    return http->opts.attempts;
}

void zg_call_free(zg_call *call)
{
    zg_headers_free(&call->headers);
    zg_headers_free(&call->out_headers);
    if (call->out_body != NULL)
        zg_secret_wipe(call->out_body, call->out_len);
    zg_free(call->out_body);
    zg_secret_free(call->final_url); /* it may be signed */
    call->out_body = call->final_url = NULL;
    call->out_len = 0;
}

/* ---- counters ---- */

void zg_http_count(zg_http *http, const zg_transfer *t, bool again)
{
    bool throttled = t->answer.status == 429 || t->answer.status == 503;
    pthread_mutex_lock(&http->lock);
    zagg_net_stats *s = &http->stats;
    s->requests++;
    s->retries += again;
    s->throttles += throttled;
    s->bytes_in += t->answer.len;
    s->bytes_out += t->bytes_out;
    s->connections += (uint64_t)t->connects;
    if (t->answer.status != 0) {
        http->first_bytes++;
        s->first_byte_mean_s +=
            (t->first_byte_s - s->first_byte_mean_s) / (double)http->first_bytes;
        if (t->first_byte_s > s->first_byte_max_s)
            s->first_byte_max_s = t->first_byte_s;
    }
    pthread_mutex_unlock(&http->lock);
}

zagg_net_stats zg_http_stats(const zg_http *http)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&http->lock;
    pthread_mutex_lock(lock);
    zagg_net_stats stats = http->stats;
    pthread_mutex_unlock(lock);
    return stats;
}

void zg_http_count_metadata(zg_http *http, uint64_t bytes)
{
    pthread_mutex_lock(&http->lock);
    http->stats.metadata_bytes += bytes;
    pthread_mutex_unlock(&http->lock);
}

/* splitmix64 (Steele, Lea and Flood 2014): waits of many runs must not coincide. */
double zg_http_random(zg_http *http)
{
    pthread_mutex_lock(&http->lock);
    http->random += 0x9E3779B97F4A7C15u;
    uint64_t z = http->random;
    pthread_mutex_unlock(&http->lock);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}
