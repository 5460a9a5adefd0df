/* Event invocations: accepted at once, done whenever. Each worker leaves a status object
 * beside the store; they are found by listing its folder (watch.h). Where none comes in
 * the time that the function has, and Lambda may keep an event waiting, the invocation
 * counts as timed out. */
#include "dispatch/lambda.h"
#include "dispatch/limits.h"
#include "dispatch/watch.h"

#include <stdio.h>
#include <string.h>

/* Events may be a minute old when they are begun (their age at most, as deployed), and
 * objects take their time. */
#define QUEUE_S 60.0
#define GRACE_S 90.0

typedef struct found {
    size_t ticket;
    zg_reply answer;
} found;

struct zg_status_watch {
    zg_watch units;
    zg_vec found; /* found: waits to be taken */
};

void zg_status_watch_free(zg_status_watch *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->found.len; i++)
        zg_reply_free(&ZG_VEC_AT(&w->found, found, i)->answer);
    zg_vec_free(&w->found);
    zg_watch_free(&w->units);
    zg_free(w);
}

/* ---- objects ---- */

/* An object may be there before its invocation is known to be accepted: the answer waits
 * to be read, or was lost on its way and the event is sent once more. It is left for a
 * later look then. */
static zagg_status take_object(void *user, uint64_t key, const char *text, size_t len,
                               bool *taken, zagg_err *err)
{
    zg_lambda *l = user;
    zg_status_watch *w = l->watch;
    const size_t unit = zg_ledger_unit_of(l->ledger, key);
    found *f = zg_vec_push(&w->found);
    if (f == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
    if (!zg_watch_take(&w->units, unit)) {
        w->found.len--;
        return ZAGG_OK;
    }
    f->ticket = unit;
    *taken = true;
    return zg_reply_of_object(text, len, &f->answer, err);
}

/* ---- the executor ---- */

static zagg_status send_event(void *self, size_t ticket, zg_str *event, zagg_err *err)
{
    return zg_lambda_invoke(self, ticket, ZG_INVOKE_EVENT, event, err);
}

static bool take_found(zg_status_watch *w, size_t *ticket, zg_reply *out)
{
    if (w->found.len == 0)
        return false;
    const found *last = ZG_VEC_AT(&w->found, found, w->found.len - 1);
    *ticket = last->ticket;
    *out = last->answer;
    w->found.len--;
    return true;
}

/* True: it was not accepted, and `out` says why. */
static bool take_refusal(zg_lambda *l, zg_invocation *v, size_t *ticket, zg_reply *out)
{
    zg_invocation_answer(v, out);
    *ticket = v->ticket;
    zg_invocation_free(v);
    if (out->kind != ZG_REPLY_RESPONSE)
        return true;
    zg_reply_free(out);
    *out = (zg_reply){.kind = ZG_REPLY_RESPONSE};
    zg_watch_accept(&l->watch->units, *ticket, zg_clock_mono_s());
    return false;
}

static void look(zg_lambda *l)
{
    zagg_err err = ZAGG_ERR_INIT;
    const double began = zg_clock_mono_s();
    const bool ok = zg_ledger_poll(l->ledger, take_object, l, &err) == ZAGG_OK;
    if (!ok)
        zagg_log_write(l->opts->log, ZAGG_LOG_WARN,
                       "Looking for results failed, and is tried again: %s", err.msg);
    zg_watch_looked(&l->watch->units, began, zg_clock_mono_s(), ok ? NULL : &err);
}

static bool take_overdue(zg_status_watch *w, size_t *ticket, zg_reply *out)
{
    char text[120];
    if (!zg_watch_overdue(&w->units, ticket))
        return false;
    (void)snprintf(text, sizeof text,
                   "Task timed out: no status object within %.0f seconds",
                   w->units.most_s);
    *out = (zg_reply){.kind = ZG_REPLY_BROKEN,
                      .type = "Unknown",
                      .payload = zg_strdup(text),
                      .len = strlen(text)};
    return true;
}

static bool next_event(void *self, double until_s, size_t *ticket, zg_reply *out)
{
    zg_lambda *l = self;
    zg_status_watch *w = l->watch;
    if (take_found(w, ticket, out))
        return true;
    if (zg_watch_is_due(&w->units, zg_clock_mono_s()))
        look(l);
    if (take_found(w, ticket, out) || take_overdue(w, ticket, out))
        return true;
    if (zg_watch_is_blind(&w->units, zg_clock_mono_s(), &out->err)) {
        out->kind = ZG_REPLY_FATAL;
        *ticket = 0;
        return true;
    }
    zg_invocation *v = zg_lambda_next(l, until_s);
    if (v != NULL)
        return take_refusal(l, v, ticket, out);
    if (zg_flight_n(l->flight) == 0)
        zg_wait_until(until_s);
    return false;
}

zagg_status zg_lambda_use_events(zg_lambda *l, size_t units, zg_backend *backend,
                                 zagg_err *err)
{
    zg_status_watch *w = zg_alloc(1, sizeof *w);
    l->watch = w;
    if (w == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", units);
    zg_vec_init(&w->found, sizeof(found), 0);
    ZAGG_TRY(zg_watch_init(&w->units, units,
                           l->summary->function_timeout_s + QUEUE_S + GRACE_S, err));
    backend->executor.send = send_event;
    backend->executor.next = next_event;
    backend->event_bytes = ZG_EVENT_BYTES;
    backend->too_long = "use --transport sync, which takes 6 MB";
    backend->reports = true;
    return ZAGG_OK;
}
