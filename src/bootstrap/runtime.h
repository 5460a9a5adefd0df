/* The Lambda Runtime API (2018-06-01): the next event, and what became of it. */
#ifndef ZG_BOOTSTRAP_RUNTIME_H
#define ZG_BOOTSTRAP_RUNTIME_H

#include "bootstrap/http1.h"

/* Longer responses are answered with 413, and the caller learns nothing. */
enum { ZG_RUNTIME_MAX_RESPONSE = 6291556 };

typedef struct zg_runtime {
    zg_http1 http;
} zg_runtime;

typedef struct zg_invocation {
    char request_id[512], trace_id[512];
    double
        remaining_s; /* until the sandbox is stopped, when the event came; 0: unknown */
    char *event;     /* NUL-terminated */
    size_t event_len;
} zg_invocation;

zagg_status zg_runtime_init(zg_runtime *r, const char *api, zagg_err *err);
void zg_runtime_free(zg_runtime *r);

/** Wait for an event, without end. Tried three times. */
zagg_status zg_runtime_next(zg_runtime *r, zg_invocation *out, zagg_err *err);
/** The event is wiped: it holds keys. */
void zg_invocation_free(zg_invocation *i);

zagg_status zg_runtime_respond(zg_runtime *r, const zg_invocation *i, const char *text,
                               size_t len, zagg_err *err);
/** `type`: "Category.Reason". */
zagg_status zg_runtime_fail(zg_runtime *r, const zg_invocation *i, const char *type,
                            const char *message, zagg_err *err);
/** Before the first event: nothing will be invoked. */
zagg_status zg_runtime_fail_init(zg_runtime *r, const char *type, const char *message,
                                 zagg_err *err);

#endif
