/* Inside of the Lambda backend: what both transports share. */
#ifndef ZG_DISPATCH_LAMBDA_H
#define ZG_DISPATCH_LAMBDA_H

#include "dispatch/backend.h"
#include "dispatch/probe.h"

/** An event under way. */
typedef struct zg_invocation {
    zg_aws_call aws; /* the first member: a flight gives it back */
    zg_str event;
    size_t ticket;
} zg_invocation;

typedef struct zg_status_watch zg_status_watch;

typedef struct zg_lambda {
    const zagg_dispatch_opts *opts;
    zagg_dispatch_summary *summary;
    zg_ledger *ledger;
    zg_http *http; /* of invocations alone */
    zg_flight *flight;
    zg_aws_service lambda, monitoring;
    char *encoded, *path;   /* the function's name, and where it is invoked */
    zg_status_watch *watch; /* of event invocations; NULL: answers come by themselves */
} zg_lambda;

typedef enum zg_invocation_type {
    ZG_INVOKE_WAITING = 0, /* for the answer */
    ZG_INVOKE_ONCE,        /* the same, and it is never sent again below our feet */
    ZG_INVOKE_EVENT        /* accepted, and done whenever */
} zg_invocation_type;

/** Takes the event, also on failure. */
zagg_status zg_lambda_invoke(zg_lambda *lambda, size_t ticket, zg_invocation_type type,
                             zg_str *event, zagg_err *err);
/** One that is answered, to be freed; NULL where there is none until then. */
zg_invocation *zg_lambda_next(zg_lambda *lambda, double until_s);
void zg_invocation_answer(zg_invocation *invocation, zg_reply *out);
void zg_invocation_free(zg_invocation *invocation);

/** Shards by event invocations, whose results are watched for (lambda_events.c). */
zagg_status zg_lambda_use_events(zg_lambda *lambda, size_t units, zg_backend *backend,
                                 zagg_err *err);
void zg_status_watch_free(zg_status_watch *watch);

#endif
