/* What makes a store trustworthy across runs: one writer at a time, a record for every
 * finished shard, and the decision which shards a run has to do. docs/trust.md. */
#ifndef ZG_RUN_TRUST_H
#define ZG_RUN_TRUST_H

#include "io/record_sink.h"
#include "run/run.h"

typedef struct zg_trust zg_trust;

/** Take the store: its lock, its earlier records, the identity of this run. EEXISTS
 * naming the run that holds it. Nothing in the store is touched. `selected` is the number
 * of shards of the run; `run_id` must outlive it. */
zagg_status zg_trust_open(const zagg_run_opts *opts, zg_driver driver,
                          const zagg_grid *grid, const char *run_id, size_t selected,
                          zg_trust **out, zagg_err *err);

/** Create the template, or take over what is there, as the earlier records allow: EEXISTS
 * where the store was made by another config and may not be overwritten. Temporary files
 * of dead runs are removed. From here on the folder says that the run is on. */
zagg_status zg_trust_begin(zg_trust *trust, const zagg_store_plan *plan, zagg_err *err);

/** The store, for objects that belong to no shard. One thread. */
zagg_sink *zg_trust_store(zg_trust *trust);

/** What went into the store so far, shards included. */
zagg_io_stats zg_trust_stats(const zg_trust *trust);

/** Shards may start: what was written so far is the template. */
zagg_status zg_trust_start_shards(zg_trust *trust, zagg_err *err);

typedef enum zg_verdict {
    ZG_DO = 0,
    ZG_CURRENT, /* finished with the same inputs: nothing to do */
    ZG_REFUSED  /* fewer granules than it was made of */
} zg_verdict;

/** One shard of a run. */
typedef struct zg_attempt zg_attempt;

/** Must this shard be done? Nothing is changed; `*out` is the attempt. With ZG_REFUSED
 * `err` has the reason, though the status is OK. Thread-safe for distinct shards, as all
 * below. */
zagg_status zg_trust_judge(zg_trust *trust, const zagg_shard_entry *entry,
                           zg_verdict *verdict, zg_attempt **out, zagg_err *err);
/** ..., and with ZG_CURRENT `*out` has what the record says: zg_attempt_recorded. */
void zg_attempt_recorded(const zg_attempt *attempt, uint64_t *obs, uint64_t *cells);
/** These shards will be written: whatever runs that were dispatched into the store noted
 * of them holds no longer. Writes nothing where there were none. Before the first of them
 * begins. */
zagg_status zg_trust_claim(zg_trust *trust, const zagg_shard_job *jobs, size_t n,
                           zagg_err *err);
/** With ZG_DO, before anything of the shard is written: its final record, if there is
 * one, is taken away. */
zagg_status zg_attempt_begin(zg_attempt *attempt, zagg_err *err);
/** Where the shard's objects go. */
zagg_sink *zg_attempt_store(zg_attempt *attempt);
/** False where nothing of an earlier attempt can be in the store. */
bool zg_attempt_may_meet_debris(const zg_attempt *attempt);
/** The shard is as it should be: objects of an older one that it no longer has are
 * removed, and it will become complete. The attempt is gone in any case. */
zagg_status zg_attempt_finish(zg_attempt *attempt, const zagg_shard_result *result,
                              double write_s, zagg_err *err);
/** It failed, or lacks reads: no record. Tells whether the store could not be written. */
bool zg_attempt_drop(zg_attempt *attempt);

/** Lines of the journal. `what`: "shard_start", "shard_skipped", "shard_refused",
 * "shard_failed", "shard_incomplete"; `error` may be NULL. */
void zg_trust_note(zg_trust *trust, const char *what, uint64_t key, const char *error);

/** Did making shards durable fail? Then no further one should start. */
bool zg_trust_failed(zg_trust *trust);
/** Wait until all finished shards are complete. */
zagg_status zg_trust_end_shards(zg_trust *trust, zagg_err *err);
/** The run has come to its end, with this status so far: last records, lock given back.
 * Returns `status`, or what went wrong here. NULL is fine. */
zagg_status zg_trust_close(zg_trust *trust, zagg_status status,
                           const zagg_run_summary *summary, zagg_err *err);

#endif
