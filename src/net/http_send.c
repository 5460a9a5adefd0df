/* Calls side by side: the sender's thread decides what is sent when, and waits. */
#include "net/http_impl.h"

#include <string.h>
#include <time.h>

/* How long a wait may overlook the flag that stops a run, which wakes nobody. */
#define STOP_SLICE_S 0.05
#define LONGEST_WAIT_S 3600.0

typedef struct sender {
    zg_http *http;
    zg_exchange *exchanges;
    size_t n, flying, over;
    bool failed;              /* a call has: no new ones */
    const volatile int *stop; /* NULL: nothing stops these */
    zg_waiter waiter;
} sender;

bool zg_waiter_init(zg_waiter *waiter)
{
    pthread_condattr_t attributes;
    waiter->done = 0;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&waiter->news, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return ok;
}

void zg_waiter_destroy(zg_waiter *waiter)
{
    pthread_cond_destroy(&waiter->news);
}

void zg_call_reset(zg_call *call)
{
    zg_headers headers = call->headers;
    memset(&call->headers, 0, sizeof call->headers);
    zg_call_free(call);
    call->headers = headers;
    call->status = ZAGG_OK;
    memset(&call->err, 0, sizeof call->err);
    call->http_status = 0;
    call->total_len = 0;
    call->attempts = 0;
}

static bool begin(sender *s, zg_http *http, zg_call *calls, size_t n)
{
    memset(s, 0, sizeof *s);
    s->http = http;
    s->n = n;
    s->stop = calls[0].despite_stop ? NULL : http->opts.stop;
    s->exchanges = zg_alloc(n, sizeof *s->exchanges);
    if (s->exchanges == NULL)
        return false;
    if (!zg_waiter_init(&s->waiter)) {
        zg_free(s->exchanges);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        s->exchanges[i].http = http;
        s->exchanges[i].call = &calls[i];
        zg_call_reset(&calls[i]);
    }
    return true;
}

/* Counts follow the state of an exchange that `flew` before. */
static void account(sender *s, const zg_exchange *x, bool flew)
{
    s->flying += (size_t)(x->state == ZG_EXCHANGE_FLYING) - (size_t)flew;
    if (x->state != ZG_EXCHANGE_OVER)
        return;
    s->over++;
    if (x->call->status != ZAGG_OK)
        s->failed = true;
}

static void skip(sender *s, zg_exchange *x)
{
    bool flew = x->state == ZG_EXCHANGE_FLYING;
    zg_exchange_drop(x);
    x->skipped = true;
    x->call->attempts = 0;
    zg_exchange_end(x, zagg_err_set(&x->call->err, ZAGG_ECANCELLED,
                                    "not sent, as another request had failed"));
    account(s, x, flew);
}

/* After a failure: calls of which no request has been begun are not sent. */
static void skip_unbegun(sender *s)
{
    for (size_t i = 0; i < s->n; i++) {
        zg_exchange *x = &s->exchanges[i];
        bool unsent = x->state == ZG_EXCHANGE_READY && x->call->attempts == 0;
        bool first = x->state == ZG_EXCHANGE_FLYING && x->call->attempts == 1 &&
                     x->hops == 0 && x->renewals == 0;
        if (unsent || (first && zg_engine_recall(s->http->engine, x->transfer)))
            skip(s, x);
    }
}

/* Send what is due; the moment at which more will be. */
static double send_due(sender *s)
{
    double now = zg_clock_mono_s(), next = now + LONGEST_WAIT_S;
    for (size_t i = 0; i < s->n; i++) {
        zg_exchange *x = &s->exchanges[i];
        if (x->state != ZG_EXCHANGE_READY || (s->failed && x->call->attempts == 0))
            continue;
        if (x->at > now) {
            next = x->at < next ? x->at : next;
        } else if (s->flying < s->http->opts.max_connections) {
            zg_exchange_go(x, &s->waiter);
            account(s, x, false);
        }
    }
    return next;
}

static void settle_done(sender *s)
{
    for (size_t i = 0; i < s->n; i++) {
        zg_exchange *x = &s->exchanges[i];
        if (x->state != ZG_EXCHANGE_FLYING ||
            !zg_engine_is_done(s->http->engine, x->transfer))
            continue;
        zg_exchange_settle(x, &s->waiter);
        account(s, x, true);
    }
}

/* ---- ending early ---- */

static const char *reason_to_end(const sender *s)
{
    const zg_http_opts *opts = &s->http->opts;
    if (zg_is_stopped(s->stop))
        return "stopped";
    if (opts->deadline_s > 0 && zg_clock_mono_s() >= opts->deadline_s)
        return "the deadline has passed";
    return NULL;
}

static void end_one(sender *s, zg_exchange *x, const char *why)
{
    zagg_err *err = &x->call->err;
    bool flew = x->state == ZG_EXCHANGE_FLYING;
    if (x->state == ZG_EXCHANGE_OVER)
        return;
    zg_exchange_drop(x);
    if (err->msg[0] != '\0')
        zagg_err_set(err, ZAGG_ECANCELLED, "%s, after: %s", why, err->msg);
    else
        zagg_err_set(err, ZAGG_ECANCELLED, "%s", why);
    zg_exchange_end(x, ZAGG_ECANCELLED);
    account(s, x, flew);
}

/* Get all transfers back from the engine, whatever they have come to. */
static void end_all(sender *s, const char *why)
{
    zg_engine *e = s->http->engine;
    settle_done(s);
    for (size_t i = 0; i < s->n; i++) {
        zg_exchange *x = &s->exchanges[i];
        if (x->state == ZG_EXCHANGE_FLYING && !zg_engine_recall(e, x->transfer))
            zg_engine_cancel(e, x->transfer);
        else
            end_one(s, x, why);
    }
    while (s->over < s->n) {
        zg_engine_wait(e, &s->waiter, zg_clock_mono_s() + LONGEST_WAIT_S);
        for (size_t i = 0; i < s->n; i++) {
            zg_exchange *x = &s->exchanges[i];
            if (x->state == ZG_EXCHANGE_FLYING && zg_engine_is_done(e, x->transfer)) {
                zg_exchange_note(x);
                end_one(s, x, why);
            }
        }
    }
}

static void wait_for_news(sender *s, double next)
{
    const zg_http_opts *opts = &s->http->opts;
    double now = zg_clock_mono_s();
    if (s->stop != NULL && next > now + STOP_SLICE_S)
        next = now + STOP_SLICE_S;
    if (opts->deadline_s > 0 && next > opts->deadline_s)
        next = opts->deadline_s;
    zg_engine_wait(s->http->engine, &s->waiter, next);
}

/* The first failure in the order of the calls; skipped calls are its consequence. */
static zagg_status result_of(const sender *s, zagg_err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const zg_call *call = s->exchanges[i].call;
        if (call->status == ZAGG_OK || s->exchanges[i].skipped)
            continue;
        if (err != NULL)
            *err = call->err;
        return call->status;
    }
    return ZAGG_OK;
}

zagg_status zg_http_send(zg_http *http, zg_call *calls, size_t n, zagg_err *err)
{
    sender s;
    if (n == 0)
        return ZAGG_OK;
    if (!begin(&s, http, calls, n)) {
        for (size_t i = 0; i < n; i++)
            calls[i].status =
                zagg_err_set(&calls[i].err, ZAGG_ENOMEM, "no memory for a request");
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for requests");
    }
    while (s.over < n) {
        const char *why = reason_to_end(&s);
        if (why != NULL) {
            end_all(&s, why);
            break;
        }
        double next = send_due(&s);
        if (s.failed)
            skip_unbegun(&s);
        if (s.over < n)
            wait_for_news(&s, next);
        settle_done(&s);
    }
    zagg_status status = result_of(&s, err);
    for (size_t i = 0; i < n; i++)
        zg_exchange_free(&s.exchanges[i]);
    zg_free(s.exchanges);
    zg_waiter_destroy(&s.waiter);
    return status;
}
