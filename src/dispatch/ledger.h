/* What a run leaves beside its store, in <store>.status/run-<id>/: a manifest of what was
 * sent, a status object for each shard that ended, and the list of them all at the end.
 * Runs that come later leave out what these say is finished, and workers whose answers
 * nobody waits for leave theirs here. docs/dispatch.md describes the files. */
#ifndef ZG_DISPATCH_LEDGER_H
#define ZG_DISPATCH_LEDGER_H

#include "dispatch/reply.h"
#include "zagg/config.h"
#include "zagg/grid.h"
#include "zagg/io.h"

typedef struct zg_ledger zg_ledger;

/** A shard of the run, and what it is made of. */
typedef struct zg_ledger_unit {
    uint64_t key;
    char granules[65]; /* zg_granules_hash of these, and of the area of interest */
} zg_ledger_unit;

typedef struct zg_ledger_opts {
    const char *store;
    zagg_net *net;
    zagg_log *log;
    const char *run_id, *program, *backend, *function; /* the last may be "" */
    const char *identity, *semantic_hash;              /* hex */
    const zagg_pipeline *pipeline; /* with the grid: what of the store is the run's */
    const zagg_grid *grid;
    bool overwrite;
    const zg_ledger_unit *units; /* borrowed */
    size_t n;
} zg_ledger_opts;

/** Open the folder, and hold the store as runs on this machine do (run/hold.h): EEXISTS
 * where another run has it. Where the folder may not be written to, there is a warning
 * and no hold. */
zagg_status zg_ledger_open(const zg_ledger_opts *opts, zg_ledger **out, zagg_err *err);
/** Ends what is under way, and gives the store back. NULL is fine. */
void zg_ledger_close(zg_ledger *ledger);
/** EEXISTS once the hold is lost: nothing may be sent any more. */
zagg_status zg_ledger_check(const zg_ledger *ledger, zagg_err *err);

/** Which units earlier runs with the same config and granules have finished: done[i], and
 * obs[i] of them where it is known. Of each unit the last run that may have written it
 * tells, whatever its config, this machine's runs included. Only runs count that wrote
 * into the store that is there now (run/store_stamp.h), and of these none before one that
 * overwrote it. `from` (33 bytes) gets the last of these runs, or "". `done` NULL: only
 * look when the last one began. NOMEM; a folder that cannot be read is told in the log.
 */
zagg_status zg_ledger_finished(zg_ledger *ledger, bool *done, uint64_t *obs,
                               char from[33], zagg_err *err);

/** Write the manifest, later than those of all runs that zg_ledger_finished saw. From now
 * on the run exists. `done[i]`: unit i will not be sent. */
zagg_status zg_ledger_begin(zg_ledger *ledger, const bool *done, zagg_err *err);
/** The store has been set up: note which one it is. Without this no later run counts what
 * this one does. */
void zg_ledger_note_store(zg_ledger *ledger);
/** A shard ended; `object`: its status object is written, while the caller goes on (it is
 * there already where the worker leaves it). What cannot be written is told once in the
 * log, and the run goes on without. */
void zg_ledger_note(zg_ledger *ledger, const zagg_dispatch_result *result, bool object);
/** Wait for what is under way, and write the list of all that ended. `stopped`: others
 * were or may have been begun. */
void zg_ledger_end(zg_ledger *ledger, bool stopped);

/** Number of the unit with that key; SIZE_MAX: none. */
size_t zg_ledger_unit_of(const zg_ledger *ledger, uint64_t key);
/** What a status object says, as the answer that it stands for. Text that is no object
 * makes an answer that is none. */
zagg_status zg_reply_of_object(const char *text, size_t len, zg_reply *out,
                               zagg_err *err);

/** A status object that a worker left. `*taken`: it need not be told of again. */
typedef zagg_status (*zg_ledger_found_fn)(void *user, uint64_t key, const char *text,
                                          size_t len, bool *taken, zagg_err *err);
/** Tell of objects that are there and were not taken yet. One listing and a read for
 * each. An error where not all could be told of; those that could have been. */
zagg_status zg_ledger_poll(zg_ledger *ledger, zg_ledger_found_fn found, void *user,
                           zagg_err *err);
#endif
