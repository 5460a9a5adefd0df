/* What came back from an invocation, what it means for its shard, and whether sending it
 * again may help. Pure functions. */
#ifndef ZG_DISPATCH_REPLY_H
#define ZG_DISPATCH_REPLY_H

#include "base/base.h"
#include "zagg/dispatch.h"

typedef enum zg_reply_kind {
    ZG_REPLY_RESPONSE = 0, /* the worker's: `payload` */
    ZG_REPLY_BROKEN,       /* the invocation ended without one: `payload` says how */
    ZG_REPLY_THROTTLED,    /* too many at once: not begun */
    ZG_REPLY_FAULT,        /* of the service or the way to it: may succeed next time */
    ZG_REPLY_REFUSED,      /* will be refused again */
    ZG_REPLY_FATAL         /* nothing more can be sent (open files, memory) */
} zg_reply_kind;

typedef struct zg_reply {
    zg_reply_kind kind;
    char *payload; /* owned, NUL-terminated; NULL: none */
    size_t len;
    const char *who; /* did the work, for messages; NULL: Lambda. A constant */
    char type[64];   /* of BROKEN: "Unhandled"; of faults: the service's error type */
    zagg_err err;    /* of all but RESPONSE and BROKEN */
    double wall_s;   /* of this attempt */
    bool unsent;     /* of FAULT: nobody can have begun what was asked for */
} zg_reply;
void zg_reply_free(zg_reply *answer);

/** Kind of an answer that is no success: by HTTP status (0: none came), the service's
 * error type, and what the transfer ended with. Retried are 429, 500 ServiceException,
 * 502 to 504, and connections that broke. */
zg_reply_kind zg_reply_kind_of(long http_status, const char *error_type,
                               const zagg_err *err);

/** What a broken invocation died of. */
typedef enum zg_break { ZG_BREAK_CRASH = 0, ZG_BREAK_TIMEOUT, ZG_BREAK_MEMORY } zg_break;

/** Fill `out` (zeroed but for shard_key and granule_count; `error` becomes owned) with
 * what an answer says. A shard has data where the response is 200 without an error; the
 * two texts of upstream for shards without data are no failures. `timeout_s`: what an
 * invocation that timed out is charged; others that broke are charged their wall time. An
 * answer that turns out to be the runtime's report becomes BROKEN. NOMEM. */
zagg_status zg_result_of(zg_reply *answer, double timeout_s, zagg_dispatch_result *out,
                         zagg_err *err);

/** How often a shard was sent, and why it was not the last time. */
typedef struct zg_tries {
    unsigned sent;      /* replies that came */
    unsigned attempts;  /* throttled ones not counted */
    unsigned throttles; /* in a row */
    unsigned timeouts;
    double throttled_s; /* since the first throttle in a row */
} zg_tries;
/** Counts the answer, and says whether to send again. `result` is what zg_result_of made
 * of it. */
bool zg_send_again(zg_tries *tries, unsigned max_attempts, const zg_reply *answer,
                   const zagg_dispatch_result *result);
/** Seconds to wait first: full jitter (`random` in [0, 1)) over a range that doubles, at
 * most 30 s. */
double zg_wait_before(const zg_tries *tries, double random);

#endif
