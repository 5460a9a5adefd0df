/* Many shards, some of them under way: one thread sends, waits, and decides what comes
 * next. How a shard is sent is the executor's. */
#ifndef ZG_DISPATCH_FLEET_H
#define ZG_DISPATCH_FLEET_H

#include "dispatch/reply.h"

/** How shards are done elsewhere. One thread calls. */
typedef struct zg_executor {
    /** Send an event about unit `ticket`, which is not under way. The event is the
     * executor's from now on, also on failure (zg_message_free). Failures end the run. */
    zagg_status (*send)(void *self, size_t ticket, zg_str *event, zagg_err *err);
    /** Whichever answer is there first; false where there is none until `until_s`
     * (zg_clock_mono_s). `out` is zeroed before. */
    bool (*next)(void *self, double until_s, size_t *ticket, zg_reply *out);
    void *self;
} zg_executor;

/** What the fleet is told, and asks. */
typedef struct zg_fleet_opts {
    zg_executor executor;
    size_t n;         /* units, 0..n-1, sent in this order, */
    const bool *done; /* but for those that are */
    size_t workers;   /* at once, at most */
    unsigned max_attempts;
    double timeout_s;     /* of an invocation; 0: none is known */
    size_t event_bytes;   /* what takes more is not sent, and has failed; 0: any length */
    const char *too_long; /* what to do then, in words */
    /** The event of a unit, for each sending anew. */
    zagg_status (*event_of)(void *user, size_t unit, zg_str *out, zagg_err *err);
    /** A unit is over; `result`'s text is the callee's; `flying` others are under way.
     * A failure ends the run. */
    zagg_status (*over)(void *user, size_t unit, zagg_dispatch_result *result,
                        size_t flying, zagg_err *err);
    double (*random)(void *user); /* in [0, 1) */
    void *user;
    const volatile int *stop;
} zg_fleet_opts;

typedef struct zg_fleet_stats {
    uint64_t attempts, throttles, retried;
    size_t left;      /* units that were not brought to an end, as the run was stopped */
    double left_s;    /* charged for attempts at these that came to nothing */
    size_t narrowest; /* window that throttling led to */
} zg_fleet_stats;

/** Send all units, each until it is over. Throttled: no more fly at
 * once than do then, and one more with every few that are not. After a stop nothing is
 * sent any more, and what is under way is waited for. O(n log n) and 100 bytes a unit. */
zagg_status zg_fleet_run(const zg_fleet_opts *opts, zg_fleet_stats *stats, zagg_err *err);

/** Sleep until a moment of zg_clock_mono_s; a signal may wake it earlier. */
void zg_wait_until(double until_s);

#endif
