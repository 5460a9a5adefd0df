/* Calls that begin and end one by one: one thread starts them as it likes and takes
 * whichever is over. */
#include "net/http_impl.h"

#include <string.h>

/* A wait is a look at what has changed; nobody may be left waiting for good. */
#define LONGEST_LOOK_S 3600.0

struct zg_flight {
    zg_http *http;
    zg_vec exchanges; /* zg_exchange * */
    zg_waiter waiter;
};

zagg_status zg_flight_new(zg_http *http, zg_flight **out, zagg_err *err)
{
    zg_flight *f = zg_alloc(1, sizeof *f);
    if (f == NULL || !zg_waiter_init(&f->waiter)) {
        zg_free(f);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for requests");
    }
    f->http = http;
    zg_vec_init(&f->exchanges, sizeof(zg_exchange *), 0);
    *out = f;
    return ZAGG_OK;
}

size_t zg_flight_n(const zg_flight *f)
{
    return f->exchanges.len;
}

zagg_status zg_flight_send(zg_flight *f, zg_call *call, zagg_err *err)
{
    zg_exchange *x = zg_alloc(1, sizeof *x);
    zg_exchange **place = x != NULL ? zg_vec_push(&f->exchanges) : NULL;
    if (place == NULL) {
        zg_free(x);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    }
    *place = x;
    x->http = f->http;
    x->call = call;
    zg_call_reset(call);
    zg_exchange_go(x, &f->waiter);
    return ZAGG_OK;
}

static zg_exchange *at(const zg_flight *f, size_t i)
{
    return *ZG_VEC_AT(&f->exchanges, zg_exchange *, i);
}

/* The call of an exchange that is over; the exchange is gone. */
static zg_call *take_out(zg_flight *f, size_t i)
{
    zg_exchange *x = at(f, i);
    zg_call *call = x->call;
    *ZG_VEC_AT(&f->exchanges, zg_exchange *, i) = at(f, f->exchanges.len - 1);
    f->exchanges.len--;
    zg_exchange_free(x);
    zg_free(x);
    return call;
}

/* What is due is sent, what came is judged. */
static void advance(zg_flight *f, zg_exchange *x, double now, double *next)
{
    if (x->state == ZG_EXCHANGE_FLYING && zg_engine_is_done(f->http->engine, x->transfer))
        zg_exchange_settle(x, &f->waiter);
    if (x->state != ZG_EXCHANGE_READY)
        return;
    if (x->at <= now)
        zg_exchange_go(x, &f->waiter);
    else if (x->at < *next)
        *next = x->at;
}

zg_call *zg_flight_next(zg_flight *f, double until)
{
    for (;;) {
        const double now = zg_clock_mono_s();
        double next = until < now + LONGEST_LOOK_S ? until : now + LONGEST_LOOK_S;
        for (size_t i = 0; i < f->exchanges.len; i++) {
            advance(f, at(f, i), now, &next);
            if (at(f, i)->state == ZG_EXCHANGE_OVER)
                return take_out(f, i);
        }
        if (now >= until || f->exchanges.len == 0)
            return NULL;
        zg_engine_wait(f->http->engine, &f->waiter, next);
    }
}

/* What the engine has not begun comes back at once, the rest once it has let go. */
static void recall(zg_flight *f, zg_exchange *x)
{
    zg_engine *e = f->http->engine;
    if (zg_engine_recall(e, x->transfer))
        x->state = ZG_EXCHANGE_READY;
    else
        zg_engine_cancel(e, x->transfer);
}

void zg_flight_cancel(zg_flight *f)
{
    for (size_t i = 0; i < f->exchanges.len; i++)
        if (at(f, i)->state == ZG_EXCHANGE_FLYING)
            recall(f, at(f, i));
    for (size_t i = 0; i < f->exchanges.len; i++) {
        zg_exchange *x = at(f, i);
        while (x->state == ZG_EXCHANGE_FLYING &&
               !zg_engine_is_done(f->http->engine, x->transfer))
            zg_engine_wait(f->http->engine, &f->waiter, zg_clock_mono_s() + 1);
        if (x->state == ZG_EXCHANGE_OVER)
            continue;
        zg_exchange_drop(x);
        (void)zagg_err_set(&x->call->err, ZAGG_ECANCELLED, "stopped");
        zg_exchange_end(x, ZAGG_ECANCELLED);
    }
}

void zg_flight_free(zg_flight *f)
{
    if (f == NULL)
        return;
    zg_flight_cancel(f);
    while (f->exchanges.len > 0)
        (void)take_out(f, 0);
    zg_vec_free(&f->exchanges);
    zg_waiter_destroy(&f->waiter);
    zg_free(f);
}
