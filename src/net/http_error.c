/* Transfers that brought no answer: what happened, between whom, and whether asking again
 * may help. */
#include "net/http_impl.h"

#include <stdio.h>
#include <string.h>

/* What the texts below are made of. */
typedef struct scene {
    const zg_transfer *t;
    const zg_http_opts *opts;
    char what[ZG_HTTP_SHOWN_BYTES + 16]; /* METHOD URL */
    char peer[340];                      /* HOST:PORT, or "the proxy HOST:PORT" */
    char tried[280];                     /* " (IPv4 ...)", or empty */
    const char *host;
    zagg_err *err;
} scene;

static scene make_scene(const zg_transfer *t, const zg_http_opts *opts,
                        const zg_http_env *env, zagg_err *err)
{
    scene s = {.t = t, .opts = opts, .host = t->origin.host, .err = err};
    char url[ZG_HTTP_SHOWN_BYTES];
    zg_url_show(t->url, url, sizeof url);
    snprintf(s.what, sizeof s.what, "%.12s %s", t->call->method, url);
    const zg_proxy *proxy = t->origin.tls ? &env->https : &env->http;
    if (t->by_proxy)
        snprintf(s.peer, sizeof s.peer, "the proxy %s", proxy->shown);
    else
        snprintf(s.peer, sizeof s.peer, "%s:%u", t->origin.host, t->origin.port);
    if (t->tried[0] != '\0')
        snprintf(s.tried, sizeof s.tried, " (%s)", t->tried);
    return s;
}

/* libcurl's own words, or the name of the kind of failure. */
static const char *reason_of(const zg_transfer *t)
{
    return t->reason[0] ? t->reason : zg_libcurl.easy_strerror(t->result);
}

static zg_verdict no_connection(const scene *s)
{
    if (s->t->sys_errno != 0)
        zagg_err_set_errno(s->err, ZAGG_EIO, s->t->sys_errno, "%s: no connection to %s%s",
                           s->what, s->peer, s->tried);
    else
        zagg_err_set(s->err, ZAGG_EIO, "%s: no connection to %s%s: %s", s->what, s->peer,
                     s->tried, reason_of(s->t));
    return ZG_VERDICT_AGAIN;
}

static zg_verdict timed_out(const scene *s)
{
    if (!s->t->was_connected)
        zagg_err_set(s->err, ZAGG_EIO, "%s: no connection to %s within %g s%s", s->what,
                     s->peer, s->opts->connect_s, s->tried);
    else
        zagg_err_set(s->err, ZAGG_EIO,
                     "%s: the transfer stalled: less than 1 kB/s for %g s from %s, after "
                     "%zu bytes",
                     s->what, s->opts->stall_s, s->peer, s->t->answer.len);
    return ZG_VERDICT_AGAIN;
}

static zg_verdict broke_off(const scene *s)
{
    if (s->t->sys_errno != 0)
        zagg_err_set_errno(s->err, ZAGG_EIO, s->t->sys_errno,
                           "%s: the connection to %s broke after %zu bytes", s->what,
                           s->peer, s->t->answer.len);
    else
        zagg_err_set(s->err, ZAGG_EIO,
                     "%s: the connection to %s broke after %zu bytes: %s", s->what,
                     s->peer, s->t->answer.len, reason_of(s->t));
    return ZG_VERDICT_AGAIN;
}

/* A proxy that does not let through will not do so a second later. */
static zg_verdict proxy_refused(const scene *s)
{
    long status = s->t->proxy_status;
    zagg_err_set(s->err, ZAGG_EIO,
                 "%s: %s answered HTTP %ld instead of connecting to %s%s", s->what,
                 s->peer, status, s->host,
                 status == 407 ? "; it wants a user and a password" : "");
    return status >= 500 || status == 429 ? ZG_VERDICT_AGAIN : ZG_VERDICT_FAILED;
}

static zg_verdict refuse_certificate(const scene *s)
{
    zagg_err_set(
        s->err, ZAGG_EIO,
        "%s: TLS with %s: its certificate is refused: %s; SSL_CERT_FILE can name "
        "other authorities to trust",
        s->what, s->host, reason_of(s->t));
    return ZG_VERDICT_FAILED;
}

static zg_verdict fail(const scene *s, zagg_status status, const char *text)
{
    zagg_err_set(s->err, status, "%s: %s: %s", s->what, text, reason_of(s->t));
    return ZG_VERDICT_FAILED;
}

/* libcurl says that it has no memory where a line is longer than it takes, too. */
static bool is_endless_header(const zg_transfer *t)
{
    return t->first_byte_s > 0 && !t->answer.headers_over && !t->lacked_memory;
}

zg_verdict zg_judge_transport(const zg_transfer *t, const zg_http_opts *opts,
                              const zg_http_env *env, zagg_err *err)
{
    const scene s = make_scene(t, opts, env, err);
    if (t->proxy_status >= 300)
        return proxy_refused(&s);
    switch (t->result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        zagg_err_set(err, ZAGG_EIO, "%s: the name of %s cannot be resolved", s.what,
                     s.peer);
        return ZG_VERDICT_AGAIN;
    case CURLE_COULDNT_CONNECT:
        return no_connection(&s);
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(&s);
    case CURLE_SSL_CONNECT_ERROR:
        zagg_err_set(err, ZAGG_EIO, "%s: TLS with %s failed: %s", s.what, s.host,
                     reason_of(t));
        return ZG_VERDICT_AGAIN;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return refuse_certificate(&s);
    case CURLE_SSL_CACERT_BADFILE:
        return fail(&s, ZAGG_ECONFIG, "the certificates to trust cannot be used");
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PROXY:
        return broke_off(&s);
    case CURLE_OUT_OF_MEMORY:
        if (is_endless_header(t)) {
            zagg_err_set(err, ZAGG_EHTTP, "%s: an answer with a header without end",
                         s.what);
            return ZG_VERDICT_FAILED;
        }
        return fail(&s, ZAGG_ENOMEM, "no memory for a transfer");
    case CURLE_BAD_FUNCTION_ARGUMENT: /* libcurl's own calls, for want of a copy */
        return fail(&s, ZAGG_ENOMEM, "no memory for a transfer");
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
        return fail(&s, ZAGG_EARG, "not an URL that can be asked for");
    default:
        return fail(&s, ZAGG_EHTTP, "the transfer failed");
    }
}
