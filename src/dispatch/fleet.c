/* The loop of a run: units wait, fly, and are over. Units that wait for another attempt
 * lie in a heap by the moment at which it is due; they go before those that were never
 * sent. */
#include "dispatch/fleet.h"

#include "dispatch/message.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* How long a wait may overlook the flag that stops a run, which wakes nobody. */
#define STOP_SLICE_S 0.1
/* So many good replies widen the window by one. */
enum { GOOD_FOR_ONE = 8 };

typedef struct fleet_unit {
    zg_tries tries;
    double first_sent, sent, throttled_at, due;
    double charged_s; /* of attempts that came to nothing */
} fleet_unit;

typedef struct fleet {
    const zg_fleet_opts *opts;
    zg_fleet_stats *stats;
    fleet_unit *units;
    size_t *waiting; /* heap of units */
    size_t n_waiting, n_sent, flying;
    size_t window;
    unsigned good; /* replies since the window changed */
} fleet;

/* ---- those that wait for another attempt ---- */

static bool before(const fleet *f, size_t a, size_t b)
{
    return f->units[f->waiting[a]].due < f->units[f->waiting[b]].due;
}

static void swap(fleet *f, size_t a, size_t b)
{
    const size_t unit = f->waiting[a];
    f->waiting[a] = f->waiting[b];
    f->waiting[b] = unit;
}

static void push_waiting(fleet *f, size_t unit)
{
    size_t i = f->n_waiting++;
    f->waiting[i] = unit;
    for (; i > 0 && before(f, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(f, i, (i - 1) / 2);
}

static size_t pop_waiting(fleet *f)
{
    const size_t unit = f->waiting[0];
    f->waiting[0] = f->waiting[--f->n_waiting];
    for (size_t i = 0, child = 1; child < f->n_waiting; child = 2 * i + 1) {
        if (child + 1 < f->n_waiting && before(f, child + 1, child))
            child++;
        if (!before(f, child, i))
            break;
        swap(f, i, child);
        i = child;
    }
    return unit;
}

/* ---- sending ---- */

static zagg_status take_answer(fleet *f, size_t number, zg_reply *a, zagg_err *err);

/* The other end would refuse it each time. */
static zagg_status refuse_unit(fleet *f, size_t number, size_t len, zagg_err *err)
{
    const zg_fleet_opts *o = f->opts;
    zg_reply refusal = {.kind = ZG_REPLY_REFUSED};
    (void)zagg_err_set(
        &refusal.err, ZAGG_ERANGE,
        "the event takes %zu bytes, more than the %zu that can be sent; %s", len,
        o->event_bytes, o->too_long);
    return take_answer(f, number, &refusal, err);
}

static zagg_status send_unit(fleet *f, size_t number, double now, zagg_err *err)
{
    const zg_fleet_opts *o = f->opts;
    fleet_unit *u = &f->units[number];
    zg_str event;
    const zagg_status status = o->event_of(o->user, number, &event, err);
    if (status != ZAGG_OK) {
        zg_message_free(&event);
        return status;
    }
    if (u->first_sent == 0)
        u->first_sent = now;
    u->sent = now;
    f->flying++;
    if (o->event_bytes > 0 && event.len > o->event_bytes) {
        const size_t len = event.len;
        zg_message_free(&event);
        return refuse_unit(f, number, len, err);
    }
    f->stats->attempts++;
    return o->executor.send(o->executor.self, number, &event, err);
}

/* Send what may be sent; *next is when more may be, unless an answer comes first. */
static zagg_status send_due(fleet *f, double *next, zagg_err *err)
{
    while (f->flying < f->window) {
        const double now = zg_clock_mono_s();
        size_t number;
        if (f->n_waiting > 0 && f->units[f->waiting[0]].due <= now)
            number = pop_waiting(f);
        else if (f->n_sent < f->opts->n)
            number = f->n_sent++;
        else
            break;
        if (!f->opts->done[number])
            ZAGG_TRY(send_unit(f, number, now, err));
    }
    if (f->flying < f->window && f->n_waiting > 0)
        *next = f->units[f->waiting[0]].due;
    return ZAGG_OK;
}

/* ---- what came back ---- */

/* Lambda refuses what goes beyond its limit at once and lets the rest run: what flies now
 * is about as much as it takes. Its limit is felt for again one unit at a time, so that
 * few of those sent are refused. */
static void pace(fleet *f, const zg_reply *a)
{
    if (zg_is_stopped(f->opts->stop))
        return; /* nothing will be sent any more */
    if (a->kind == ZG_REPLY_THROTTLED) {
        f->stats->throttles++;
        f->good = 0;
        if (f->flying < f->window)
            f->window = f->flying > 0 ? f->flying : 1;
        if (f->window < f->stats->narrowest)
            f->stats->narrowest = f->window;
    } else if (f->window < f->opts->workers && ++f->good == GOOD_FOR_ONE) {
        f->good = 0;
        f->window++;
    }
}

static void note_throttle(fleet_unit *u, const zg_reply *a, double now)
{
    if (a->kind != ZG_REPLY_THROTTLED)
        u->throttled_at = 0;
    else if (u->throttled_at == 0)
        u->throttled_at = now;
    u->tries.throttled_s = u->throttled_at > 0 ? now - u->throttled_at : 0;
}

static zagg_status take_answer(fleet *f, size_t number, zg_reply *a, zagg_err *err)
{
    const zg_fleet_opts *o = f->opts;
    fleet_unit *u = &f->units[number];
    const double now = zg_clock_mono_s();
    zagg_dispatch_result result = {.wall_s = now - u->first_sent};
    f->flying--;
    a->wall_s = now - u->sent;
    pace(f, a);
    note_throttle(u, a, now);
    if (a->kind == ZG_REPLY_FATAL) {
        if (err)
            *err = a->err;
        return a->err.status;
    }
    ZAGG_TRY(zg_result_of(a, o->timeout_s, &result, err));
    if (zg_send_again(&u->tries, o->max_attempts, a, &result)) {
        u->charged_s += result.duration_s;
        zg_free(result.error);
        f->stats->retried += !zg_is_stopped(o->stop);
        u->due = now + zg_wait_before(&u->tries, o->random(o->user));
        push_waiting(f, number);
        return ZAGG_OK;
    }
    result.duration_s += u->charged_s;
    result.retries = u->tries.sent - 1;
    return o->over(o->user, number, &result, f->flying, err);
}

static bool is_over(const fleet *f)
{
    const bool stopped = zg_is_stopped(f->opts->stop);
    return f->flying == 0 && (stopped || (f->n_waiting == 0 && f->n_sent == f->opts->n));
}

static zagg_status loop(fleet *f, zagg_err *err)
{
    const zg_executor *x = &f->opts->executor;
    while (!is_over(f)) {
        size_t number;
        zg_reply answer = {.kind = ZG_REPLY_RESPONSE};
        double next = zg_clock_mono_s() + STOP_SLICE_S;
        if (!zg_is_stopped(f->opts->stop)) {
            double due = next;
            ZAGG_TRY(send_due(f, &due, err));
            next = due < next ? due : next;
        }
        if (!x->next(x->self, next, &number, &answer))
            continue;
        const zagg_status status = take_answer(f, number, &answer, err);
        zg_reply_free(&answer);
        ZAGG_TRY(status);
    }
    return ZAGG_OK;
}

/* Units that were not brought to an end; some have been paid for. */
static void count_left(fleet *f)
{
    f->stats->left = f->n_waiting;
    for (size_t i = 0; i < f->n_waiting; i++)
        f->stats->left_s += f->units[f->waiting[i]].charged_s;
    for (size_t i = f->n_sent; i < f->opts->n; i++)
        f->stats->left += !f->opts->done[i];
}

zagg_status zg_fleet_run(const zg_fleet_opts *opts, zg_fleet_stats *stats, zagg_err *err)
{
    fleet f = {.opts = opts, .stats = stats, .window = opts->workers};
    *stats = (zg_fleet_stats){.narrowest = opts->workers};
    f.units = zg_alloc(opts->n ? opts->n : 1, sizeof *f.units);
    f.waiting = zg_alloc(opts->n ? opts->n : 1, sizeof *f.waiting);
    zagg_status status = ZAGG_OK;
    if (f.units == NULL || f.waiting == NULL) {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", opts->n);
    } else {
        status = loop(&f, err);
        count_left(&f);
    }
    zg_free(f.units);
    zg_free(f.waiting);
    return status;
}

void zg_wait_until(double until_s)
{
    const double left = until_s - zg_clock_mono_s();
    if (!(left > 0))
        return;
    const double whole = floor(left);
    const struct timespec pause = {.tv_sec = (time_t)whole,
                                   .tv_nsec = (long)((left - whole) * 1e9)};
    (void)nanosleep(&pause, NULL);
}
