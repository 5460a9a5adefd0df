/* A command a shard: the event on its standard input, the response on its standard
 * output. What the command does to have it done (ssh, kubectl, a container) is its own.
 */
#include "dispatch/backend.h"
#include "dispatch/message.h"
#include "dispatch/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A response has at most 6 MB where Lambda is; no other way needs more. */
enum { RESPONSE_BYTES = 8 << 20, NOT_EXECUTABLE = 126, NOT_FOUND = 127, LOST = 255 };

/* As long as Lambda gives an invocation at most. */
#define DEFAULT_TIMEOUT_S 900.0

/* Setup and finalize. */
#define NO_SHARD SIZE_MAX

typedef struct slot {
    zg_process process;
    size_t ticket;
    bool busy;
} slot;

typedef struct exec_backend {
    char *command;
    slot *slots;
    zg_process **list; /* of the slots, for waiting */
    size_t n;
    double timeout_s; /* of a command */
} exec_backend;

static slot *free_slot(exec_backend *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (!e->slots[i].busy)
            return &e->slots[i];
    return NULL;
}

static zagg_status send_exec(void *self, size_t ticket, zg_str *event, zagg_err *err)
{
    exec_backend *e = self;
    slot *s = free_slot(e);
    char number[40], place[40], count[40];
    const char *const settings[] = {number, place, count, NULL};
    zagg_status status;
    if (s == NULL) {
        status = zagg_err_set(err, ZAGG_EINTERNAL, "more workers than there is room for");
    } else {
        if (ticket == NO_SHARD)
            (void)snprintf(number, sizeof number, "ZAGG_SHARD_INDEX=");
        else
            (void)snprintf(number, sizeof number, "ZAGG_SHARD_INDEX=%zu", ticket);
        (void)snprintf(place, sizeof place, "ZAGG_WORKER_SLOT=%zu",
                       (size_t)(s - e->slots));
        /* The default worker takes its share of the machine by this. */
        (void)snprintf(count, sizeof count, "ZAGG_WORKER_COUNT=%zu", e->n);
        status = zg_process_start(e->command, event->data, event->len, settings,
                                  RESPONSE_BYTES, e->timeout_s, &s->process, err);
        s->ticket = ticket;
        s->busy = status == ZAGG_OK;
    }
    zg_message_free(event);
    return status;
}

/* The command's time was over: what it may have said since is about that. */
static void reply_overdue(const exec_backend *e, zg_reply *out)
{
    char text[80];
    (void)snprintf(text, sizeof text, "Task timed out after %.0f s (--timeout)",
                   e->timeout_s);
    out->kind = ZG_REPLY_BROKEN;
    out->payload = zg_strdup(text);
    out->len = strlen(text);
}

/* A worker that failed says so in its response; only one without a response is broken. */
static void reply_of(const exec_backend *e, const zg_process *p, zg_reply *out)
{
    char text[160];
    out->who = "Worker";
    out->kind = ZG_REPLY_RESPONSE;
    if (p->overdue) {
        reply_overdue(e, out);
        return;
    }
    if (p->out.len > 0 && !p->out.failed) {
        out->payload = zg_strndup(p->out.data, p->out.len);
        out->len = p->out.len;
        if (out->payload != NULL)
            return;
        out->kind = ZG_REPLY_FATAL;
        (void)zagg_err_set(&out->err, ZAGG_ENOMEM, "no memory for a response");
        return;
    }
    if (p->out.failed)
        (void)snprintf(text, sizeof text, "more than %d bytes of response",
                       RESPONSE_BYTES);
    else
        (void)snprintf(text, sizeof text, "no response, exit status %d", p->status);
    (void)snprintf(out->type, sizeof out->type, "exit %d", p->status);
    (void)zagg_err_set(&out->err, ZAGG_EIO, "the worker's command gave %s", text);
    if (p->status == NOT_FOUND || p->status == NOT_EXECUTABLE || p->out.failed) {
        out->kind = ZG_REPLY_REFUSED;
    } else if (p->status == LOST) { /* ssh's: the other machine was not reached */
        out->kind = ZG_REPLY_FAULT;
    } else {
        out->kind = ZG_REPLY_BROKEN;
        out->payload = zg_strdup(text);
        out->len = strlen(text);
    }
}

static bool next_exec(void *self, double until_s, size_t *ticket, zg_reply *out)
{
    exec_backend *e = self;
    const size_t i = zg_process_wait(e->list, e->n, until_s);
    if (i == e->n)
        return false;
    slot *s = &e->slots[i];
    *ticket = s->ticket;
    reply_of(e, &s->process, out);
    zg_process_free(&s->process);
    s->busy = false;
    return true;
}

static zagg_status once(void *self, zg_str *event, zg_reply *out, zagg_err *err)
{
    size_t ticket;
    ZAGG_TRY(send_exec(self, NO_SHARD, event, err));
    while (!next_exec(self, zg_clock_mono_s() + 1, &ticket, out))
        continue;
    return ZAGG_OK;
}

static void close_exec(void *self)
{
    exec_backend *e = self;
    for (size_t i = 0; e->slots != NULL && i < e->n; i++)
        if (e->slots[i].busy)
            zg_process_free(&e->slots[i].process);
    zg_free(e->slots);
    zg_free(e->list);
    zg_free(e->command);
    zg_free(e);
}

zagg_status zg_exec_open(const zagg_dispatch_opts *opts, size_t workers, zg_backend *out,
                         zagg_err *err)
{
    exec_backend *e = zg_alloc(1, sizeof *e);
    if (e == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for workers");
    e->n = workers;
    e->timeout_s = opts->timeout_s > 0 ? opts->timeout_s : DEFAULT_TIMEOUT_S;
    e->slots = zg_alloc(workers, sizeof *e->slots);
    e->list = zg_alloc(workers, sizeof(zg_process *));
    zagg_status status = ZAGG_OK;
    if (e->slots == NULL || e->list == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu workers", workers);
    else if (opts->command == NULL)
        status = zg_worker_command(&e->command, err);
    else if ((e->command = zg_strdup(opts->command)) == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a command");
    if (status != ZAGG_OK) {
        close_exec(e);
        return status;
    }
    for (size_t i = 0; i < workers; i++)
        e->list[i] = &e->slots[i].process;
    *out = (zg_backend){.executor = {send_exec, next_exec, e},
                        .once = once,
                        .close = close_exec,
                        .self = e,
                        .workers = workers,
                        .timeout_s = e->timeout_s,
                        .reports = true};
    return ZAGG_OK;
}
