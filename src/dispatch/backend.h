/* Where shards are done: what a run needs of AWS Lambda, of Slurm, of a command. */
#ifndef ZG_DISPATCH_BACKEND_H
#define ZG_DISPATCH_BACKEND_H

#include "dispatch/fleet.h"
#include "dispatch/ledger.h"

typedef struct zg_backend {
    zg_executor executor;
    /** Do one event and wait for its answer. Takes the event, as executor.send. */
    zagg_status (*once)(void *self, zg_str *event, zg_reply *out, zagg_err *err);
    /** Nothing is under way any more, or is given up. */
    void (*close)(void *self);
    void *self;
    size_t workers;       /* at once */
    double timeout_s;     /* of an invocation; 0: none */
    size_t event_bytes;   /* of an event about a shard, at most; 0: any length */
    const char *too_long; /* what to do about longer ones; static */
    bool reports; /* workers leave status objects themselves: events have run_id */
} zg_backend;

/** Each fills `summary` with what it finds out about where the run goes, and logs it.
 * `units` is the number of shards that are to be done. */
zagg_status zg_lambda_open(const zagg_dispatch_opts *opts, zg_ledger *ledger,
                           size_t units, zg_backend *out, zagg_dispatch_summary *summary,
                           zagg_err *err);

/** `workers` commands at once. */
zagg_status zg_exec_open(const zagg_dispatch_opts *opts, size_t workers, zg_backend *out,
                         zagg_err *err);
zagg_status zg_slurm_open(const zagg_dispatch_opts *opts, const char *run_id,
                          size_t units, zg_backend *out, zagg_err *err);

#endif
