/* One call: its attempts, each a request or, with redirects, several. */
#include "net/http_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Two: a bucket of another region, and keys that have ended. */
enum { LONGEST_BACKOFF_S = 10, LONGEST_RETRY_AFTER_S = 60, MOST_RENEWALS = 2 };

void zg_exchange_end(zg_exchange *x, zagg_status status)
{
    x->call->status = status;
    if (status == ZAGG_OK) /* of an earlier attempt */
        memset(&x->call->err, 0, sizeof x->call->err);
    x->state = ZG_EXCHANGE_OVER;
}

static void fail_nomem(zg_exchange *x)
{
    zg_exchange_end(x,
                    zagg_err_set(&x->call->err, ZAGG_ENOMEM, "no memory for a request"));
}

/* ---- sending ---- */

static const char *url_of(const zg_exchange *x)
{
    return x->hop ? x->hop : x->start ? x->start : x->call->url;
}

/* Does a transfer go to the server of a URL? False: no memory. */
static bool compare_server(const char *url, const zg_transfer *t, bool *same)
{
    zg_origin origin;
    const bool known = zg_origin_of(url, &origin);
    *same = known && zg_origin_equal(&origin, &t->origin);
    return known || errno != ENOMEM;
}

/* Headers of the call are for the call's own server, those of an attempt for the server
 * that the attempt began with: after a redirect elsewhere neither says who asks. */
static bool make_headers(const zg_exchange *x, zg_transfer *t)
{
    const zg_call *call = x->call;
    bool at_home, at_start = true;
    if (!compare_server(call->url, t, &at_home) ||
        (x->hop && !compare_server(x->start ? x->start : call->url, t, &at_start)))
        return false;
    char range[80];
    snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-%" PRIu64, call->range_offset,
             call->range_offset + call->range_len - 1);
    bool typed = zg_headers_get(&call->headers, "Content-Type") != NULL ||
                 zg_headers_get(&x->added, "Content-Type") != NULL;
    return zg_slist_add_headers(&t->headers, &call->headers, &x->added, at_home) &&
           zg_slist_add_headers(&t->headers, &x->added, NULL, at_start) &&
           (!call->ranged || zg_slist_add(&t->headers, range)) &&
           /* libcurl's own: a form's type, and a round trip before each body */
           (typed || zg_slist_add(&t->headers, "Content-Type:")) &&
           zg_slist_add(&t->headers, "Expect:");
}

static void free_transfer(zg_transfer *t)
{
    zg_slist_free(t->headers);
    zg_answer_free(&t->answer);
    zg_secret_free(t->location);
    zg_free(t);
}

static void send_request(zg_exchange *x, zg_waiter *waiter)
{
    char shown[ZG_HTTP_SHOWN_BYTES];
    zg_transfer *t = zg_alloc(1, sizeof *t);
    if (t == NULL) {
        fail_nomem(x);
        return;
    }
    t->call = x->call;
    t->url = url_of(x);
    t->waiter = waiter;
    /* On a connection that was used before libcurl sends a request again by itself when
     * the server has closed it: not what must be sent once, and not after a failure, as
     * all connections may be as dead as the last one. */
    t->fresh = x->call->once || (x->call->attempts > 1 && x->call->http_status == 0);
    if (!zg_origin_of(t->url, &t->origin)) {
        const bool no_memory = errno == ENOMEM;
        zg_url_show(t->url, shown, sizeof shown);
        free_transfer(t);
        if (no_memory)
            fail_nomem(x);
        else
            zg_exchange_end(
                x, zagg_err_set(&x->call->err, x->hop ? ZAGG_EHTTP : ZAGG_EARG,
                                "%s: not an URL of the form http[s]://HOST/...%s", shown,
                                x->hop ? ", to which a server leads" : ""));
        return;
    }
    if (!make_headers(x, t) || !zg_engine_submit(x->http->engine, t)) {
        free_transfer(t);
        fail_nomem(x);
        return;
    }
    x->transfer = t;
    x->state = ZG_EXCHANGE_FLYING;
}

static void forget_attempt(zg_exchange *x)
{
    zg_headers_free(&x->added);
    zg_secret_free(x->start);
    zg_secret_free(x->hop);
    x->start = x->hop = NULL;
    x->hops = 0;
}

static zagg_status check_call(const zg_call *call, zagg_err *err)
{
    uint64_t end;
    if (call->headers.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the headers of a request");
    if (call->ranged && (call->range_len == 0 || call->into == NULL ||
                         !zg_add_u64(call->range_offset, call->range_len, &end)))
        return zagg_err_set(err, ZAGG_EARG, "a range that cannot be asked for");
    return ZAGG_OK;
}

void zg_exchange_go(zg_exchange *x, zg_waiter *waiter)
{
    zg_call *call = x->call;
    forget_attempt(x);
    call->attempts++;
    zagg_status status = check_call(call, &call->err);
    if (status == ZAGG_OK && call->authorize != NULL)
        status = call->authorize(call->user, call, call->attempts, &x->added, &x->start,
                                 &call->err);
    if (status == ZAGG_OK && x->added.failed)
        status = zagg_err_set(&call->err, ZAGG_ENOMEM, "no memory for a signature");
    if (status != ZAGG_OK)
        zg_exchange_end(x, status);
    else
        send_request(x, waiter);
}

void zg_exchange_drop(zg_exchange *x)
{
    if (x->transfer != NULL)
        free_transfer(x->transfer);
    x->transfer = NULL;
}

void zg_exchange_free(zg_exchange *x)
{
    zg_exchange_drop(x);
    forget_attempt(x);
}

/* ---- what came of it ---- */

void zg_exchange_note(const zg_exchange *x)
{
    const zg_transfer *t = x->transfer;
    char url[ZG_HTTP_SHOWN_BYTES], came[CURL_ERROR_SIZE + 64];
    zg_http_count(x->http, t, x->call->attempts > 1 && x->hops == 0);
    if (x->http->opts.log == NULL)
        return;
    zg_url_show(t->url, url, sizeof url);
    if (t->answer.status != 0)
        snprintf(came, sizeof came, "%ld", t->answer.status);
    else
        snprintf(came, sizeof came, "%s",
                 t->cancelled ? "cancelled" : zg_libcurl.easy_strerror(t->result));
    zagg_log_write(x->http->opts.log, ZAGG_LOG_DEBUG,
                   "%s %s: %s, %zu bytes in, %" PRIu64 " out, %.1f ms", t->call->method,
                   url, came, t->answer.len, t->bytes_out, t->seconds * 1e3);
}

/* Hand the answer to the call, in the place of an earlier one. */
static bool hand_over(zg_exchange *x)
{
    zg_call *call = x->call;
    zg_answer *a = &x->transfer->answer;
    zg_headers_free(&call->out_headers);
    zg_free(call->out_body);
    call->out_headers = a->headers;
    call->out_body = a->body;
    call->out_len = a->len;
    call->http_status = a->status;
    call->total_len = a->total_len;
    if (call->ranged && a->status == 200) /* the whole object */
        call->total_len = a->len;
    memset(&a->headers, 0, sizeof a->headers);
    a->body = NULL;
    if (call->out_body == NULL && a->into == NULL)
        call->out_body = zg_strdup("");
    return call->out_body != NULL || a->into != NULL;
}

static bool note_final_url(zg_exchange *x)
{
    zg_call *call = x->call;
    zg_secret_free(call->final_url);
    call->final_url = x->hop ? zg_strdup(x->hop) : NULL;
    return call->final_url != NULL || x->hop == NULL;
}

/* Full jitter over a range that doubles, and never before the server wants it. */
static double backoff(const zg_exchange *x, double retry_after_s)
{
    double range = x->http->opts.backoff_s * ldexp(1, (int)x->call->attempts - 1);
    double wait = zg_http_random(x->http) * fmin(range, LONGEST_BACKOFF_S);
    return fmax(wait, fmin(retry_after_s, LONGEST_RETRY_AFTER_S));
}

static void give_up(zg_exchange *x)
{
    zagg_err *err = &x->call->err;
    int sys_errno = err->sys_errno;
    if (x->call->attempts > 1)
        zagg_err_set(err, err->status, "%s (%u attempts)", err->msg, x->call->attempts);
    err->sys_errno = sys_errno;
    zg_exchange_end(x, err->status);
}

static void plan_again(zg_exchange *x, double retry_after_s)
{
    const zg_http_opts *opts = &x->http->opts;
    if (x->call->once || x->call->attempts >= opts->attempts) {
        give_up(x);
        return;
    }
    x->at = zg_clock_mono_s() + backoff(x, retry_after_s);
    x->state = ZG_EXCHANGE_READY;
    if (opts->deadline_s > 0 && x->at >= opts->deadline_s) {
        zagg_err *err = &x->call->err;
        zg_exchange_end(x, zagg_err_set(err, ZAGG_ECANCELLED,
                                        "%s; no time is left to try again", err->msg));
    }
}

/* Whether to try again with other keys; a failure to get them is that of the call. */
static bool may_renew(zg_exchange *x, const char *code, bool *failed)
{
    zg_call *call = x->call;
    bool again = false;
    zagg_err err = ZAGG_ERR_INIT;
    if (call->renew == NULL || x->renewals == MOST_RENEWALS)
        return false;
    x->renewals++;
    zagg_status status = call->renew(call->user, call, code, &again, &err);
    *failed = status != ZAGG_OK;
    if (*failed) {
        call->err = err;
        call->err.status = status;
    }
    return again && !*failed;
}

static void explain_refusal(zg_exchange *x, const char *code)
{
    zg_call *call = x->call;
    zagg_err err = ZAGG_ERR_INIT;
    if (call->refused == NULL)
        return;
    zagg_status status = call->refused(call->user, call, code, &err);
    if (status != ZAGG_OK) {
        call->err = err;
        call->err.status = status;
    }
}

static void ask_for_keys(zg_exchange *x, const char *code)
{
    zg_call *call = x->call;
    bool failed = false;
    if (may_renew(x, code, &failed)) {
        x->at = 0;
        x->state = ZG_EXCHANGE_READY;
        return;
    }
    if (!failed)
        explain_refusal(x, code);
    if (call->no_redirects && call->http_status / 100 == 3 &&
        call->err.status == ZAGG_EHTTP)
        zg_exchange_end(x, ZAGG_OK);
    else
        zg_exchange_end(x, call->err.status);
}

/* The next request of the same attempt, to where the answer led. */
static void follow(zg_exchange *x, char *location, zg_waiter *waiter)
{
    char shown[ZG_HTTP_SHOWN_BYTES];
    zg_secret_free(x->hop);
    x->hop = location;
    if (++x->hops > ZG_HTTP_REDIRECTS) {
        zg_url_show(x->call->url, shown, sizeof shown);
        zg_exchange_end(x, zagg_err_set(&x->call->err, ZAGG_EHTTP,
                                        "%s %s: more than %d redirects", x->call->method,
                                        shown, ZG_HTTP_REDIRECTS));
        return;
    }
    send_request(x, waiter);
}

void zg_exchange_settle(zg_exchange *x, zg_waiter *waiter)
{
    zg_transfer *t = x->transfer;
    zg_http *http = x->http;
    char code[64];
    zg_exchange_note(x);
    zg_verdict verdict = zg_judge(t, &http->opts, &http->env, code, &x->call->err);
    bool kept = hand_over(x) && note_final_url(x);
    x->call->unsent = t->unsent && (x->call->attempts == 1 || x->call->unsent);
    double retry_after_s = t->retry_after_s;
    char *location = t->location;
    t->location = NULL;
    zg_exchange_drop(x);
    if (verdict == ZG_VERDICT_MOVED) {
        follow(x, location, waiter);
        return;
    }
    zg_secret_free(location);
    if (!kept)
        fail_nomem(x);
    else if (verdict == ZG_VERDICT_OK)
        zg_exchange_end(x, ZAGG_OK);
    else if (verdict == ZG_VERDICT_AGAIN)
        plan_again(x, retry_after_s);
    else if (verdict == ZG_VERDICT_REFUSED)
        ask_for_keys(x, code);
    else
        give_up(x);
}
