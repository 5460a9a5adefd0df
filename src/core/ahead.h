/* Work that is begun before its turn, by threads that do nothing else: waiting for a
 * server takes no processor, and who needs the result does something else meanwhile. */
#ifndef ZG_CORE_AHEAD_H
#define ZG_CORE_AHEAD_H

#include "base/base.h"

/** One piece of work, on the memory of whoever waits for it. */
typedef struct zg_ahead_job {
    zagg_status (*run)(void *user, zagg_err *err);
    void *user;
    /* ---- the queue's ---- */
    struct zg_ahead_job *prev, *next;
    enum { ZG_AHEAD_IDLE = 0, ZG_AHEAD_WAITING, ZG_AHEAD_RUNNING, ZG_AHEAD_DONE } state;
    zagg_status status;
    zagg_err err;
} zg_ahead_job;

typedef struct zg_ahead zg_ahead;

/** Up to `n_threads` of them; with fewer, or none, jobs are done by those who wait. */
zagg_status zg_ahead_new(size_t n_threads, zg_ahead **out, zagg_err *err);
/** All jobs must be over. NULL is fine. */
void zg_ahead_free(zg_ahead *ahead);

/** Have a job done (`run` and `user` are set). Jobs are begun in this order. */
void zg_ahead_begin(zg_ahead *ahead, zg_ahead_job *job);
/** Its result, when it is done: at once where nobody has begun it, by the caller. May be
 * asked for again. */
zagg_status zg_ahead_end(zg_ahead *ahead, zg_ahead_job *job, zagg_err *err);
/** It is not needed any more: true when nobody has begun it; else waits for its end. A
 * job that was never given is fine (true). */
bool zg_ahead_drop(zg_ahead *ahead, zg_ahead_job *job);

#endif
