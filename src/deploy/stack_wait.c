/* Waiting for a stack, and what is told meanwhile. */
#include "deploy/stack.h"

#include <stdio.h>
#include <string.h>

enum { PATIENT_LOOKS = 5 }; /* until the first event is there */

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

bool zg_stack_is_busy(const char *status)
{
    return ends_with(status, "_IN_PROGRESS");
}

/* The first thing that went wrong, apart from what was given up because of it. */
typedef struct failure {
    char text[600]; /* "" without any */
    size_t n_events;
} failure;

static bool is_cancelled(const zg_stack_event *e)
{
    return strstr(e->reason, "cancelled") != NULL ||
           strstr(e->reason, "canceled") != NULL;
}

static void note_failure(failure *f, const zg_stack_event *e)
{
    if (f->text[0] != '\0' || !ends_with(e->status, "_FAILED") || is_cancelled(e))
        return;
    (void)snprintf(f->text, sizeof f->text, "%.80s (%.80s): %.40s: %s", e->resource,
                   e->kind, e->status, e->reason[0] ? e->reason : "no reason was told");
    f->text[zg_utf8_floor(f->text, strlen(f->text))] = '\0';
}

static void tell(const zg_cloud *cloud, const zg_stack_event *e)
{
    zagg_log_write(
        cloud->log, ends_with(e->status, "_FAILED") ? ZAGG_LOG_WARN : ZAGG_LOG_INFO,
        "  %-28s %s%s%s", e->status, e->resource, e->reason[0] ? ": " : "", e->reason);
}

/* What happened since `*since`, which becomes the newest one. */
static zagg_status follow(zg_cloud *cloud, const char *id, char **since, failure *f,
                          zagg_err *err)
{
    zg_vec events;
    ZAGG_TRY(zg_stack_events_since(cloud, id, *since, &events, err));
    for (size_t i = 0; i < events.len; i++) {
        const zg_stack_event *e = ZG_VEC_AT(&events, zg_stack_event, i);
        tell(cloud, e);
        note_failure(f, e);
    }
    f->n_events += events.len;
    if (events.len > 0) {
        zg_stack_event *newest = ZG_VEC_AT(&events, zg_stack_event, events.len - 1);
        zg_free(*since);
        *since = newest->id;
        newest->id = NULL;
    }
    zg_stack_events_free(&events);
    return ZAGG_OK;
}

/* Of a stack that is gone nothing more is told. */
static zagg_status look(zg_cloud *cloud, const char *id, const char *goal, zg_stack *out,
                        zagg_err *err)
{
    zg_stack now;
    const zagg_status status = zg_stack_describe(cloud, id, &now, err);
    if (status == ZAGG_ENOTFOUND && strcmp(goal, "DELETE_COMPLETE") == 0) {
        char *gone = zg_strdup(goal);
        if (gone == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
        zg_free(out->status);
        out->status = gone;
        return ZAGG_OK;
    }
    ZAGG_TRY(status);
    zg_stack_free(out);
    *out = now;
    return ZAGG_OK;
}

static zagg_status judge(const zg_stack *s, const char *goal, const failure *f,
                         zagg_err *err)
{
    if (strcmp(s->status, goal) == 0)
        return ZAGG_OK;
    const char *why = f->text[0] ? f->text : s->reason;
    return zagg_err_set(
        err, ZAGG_EHTTP, "the stack ended as %s%s%s%s", s->status, why[0] ? ": " : "",
        why,
        strstr(why, "not authorized") != NULL
            ? "; deploy/aws/policies/deploy.json lists the rights that are "
              "needed"
            : "");
}

/* *resting: the stack has come to rest, and the answer is about it. */
static zagg_status wait_on(zg_cloud *cloud, const char *id, char **since,
                           const char *goal, double until_s, zg_stack *out, bool *resting,
                           zagg_err *err)
{
    failure f = {.n_events = 0};
    for (int i = 0;; i++) {
        /* Events behind the state: when it is final, so are they. */
        ZAGG_TRY(look(cloud, id, goal, out, err));
        const zagg_status status = follow(cloud, id, since, &f, err);
        /* Their lack is no reason to give up, but where they tell nothing at all. */
        if (status != ZAGG_OK && status != ZAGG_EHTTP && status != ZAGG_ENOTFOUND)
            return status;
        /* A state that is older than the change is not its end. */
        const bool begun = f.n_events > 0 || i >= PATIENT_LOOKS ||
                           strcmp(out->status, "DELETE_COMPLETE") == 0;
        *resting = !zg_stack_is_busy(out->status) && begun;
        if (*resting)
            return judge(out, goal, &f, err);
        if (zg_clock_mono_s() >= until_s)
            return zagg_err_set(err, ZAGG_ERANGE, "the stack is still %s", out->status);
        ZAGG_TRY(zg_cloud_wait(cloud, cloud->interval_s, err));
    }
}

/* Whatever ended the waiting, the change goes on. */
static zagg_status goes_on(zagg_status status, zagg_err *err)
{
    char why[sizeof err->msg];
    if (err == NULL)
        return status;
    (void)snprintf(why, sizeof why, "%s",
                   status == ZAGG_ECANCELLED ? "interrupted" : err->msg);
    return zagg_err_set(
        err, status,
        "%s; CloudFormation goes on, and zagg deploy --status tells how far "
        "it is",
        why);
}

zagg_status zg_stack_wait(zg_cloud *cloud, const char *id, const char *since,
                          const char *goal, double patience_s, zg_stack *out,
                          zagg_err *err)
{
    char *newest = zg_strdup(since);
    *out = (zg_stack){.id = zg_strdup(id),
                      .name = zg_strdup(""),
                      .status = zg_strdup(""),
                      .reason = zg_strdup(""),
                      .changed = zg_strdup("")};
    zagg_status status = newest != NULL && out->id != NULL && out->name != NULL &&
                                 out->status != NULL && out->reason != NULL &&
                                 out->changed != NULL
                             ? ZAGG_OK
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a stack");
    bool resting = false;
    if (status == ZAGG_OK)
        status = wait_on(cloud, id, &newest, goal, zg_clock_mono_s() + patience_s, out,
                         &resting, err);
    zg_free(newest);
    return status == ZAGG_OK || resting ? status : goes_on(status, err);
}
