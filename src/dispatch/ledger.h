/* What a run leaves beside its store, in <store>.status/run-<id>/: a manifest of what was
 * sent, a status object for each shard that ended, and the list of them all at the end.
 * Runs that come later leave out what these say is finished, and workers whose answers
 * nobody waits for leave theirs here. docs/dispatch.md describes the files. */
#ifndef ZG_DISPATCH_LEDGER_H
#define ZG_DISPATCH_LEDGER_H

#include "dispatch/reply.h"
#include "zagg/io.h"

typedef struct zg_ledger zg_ledger;

/** A shard of the run, and what it is made of. */
typedef struct zg_ledger_unit {
    uint64_t key;
    char granules[65]; /* zg_granules_hash */
} zg_ledger_unit;

typedef struct zg_ledger_opts {
    const char *store;
    zagg_net *net;
    zagg_log *log;
    const char *run_id, *program, *backend, *function; /* the last may be "" */
    const char *identity, *semantic_hash;              /* hex */
    bool overwrite;
    const zg_ledger_unit *units; /* borrowed */
    size_t n;
} zg_ledger_opts;

/** Open the folder; nothing is read or written yet. */
zagg_status zg_ledger_open(const zg_ledger_opts *opts, zg_ledger **out, zagg_err *err);
/** Ends what is under way. NULL is fine. */
void zg_ledger_close(zg_ledger *ledger);

/** Which units earlier runs with the same config and granules have finished: done[i], and
 * obs[i] of them where it is known. Runs before one that overwrote the store say nothing,
 * and nor does any where the store is empty. `from` (33 bytes) gets the last of these
 * runs, or "". NOMEM; a folder that cannot be read is told in the log. */
zagg_status zg_ledger_finished(zg_ledger *ledger, bool *done, uint64_t *obs,
                               char from[33], zagg_err *err);

/** Write the manifest. From now on the run exists. */
zagg_status zg_ledger_begin(zg_ledger *ledger, zagg_err *err);
/** A shard ended; `object`: its status object is written, while the caller goes on (it is
 * there already where the worker leaves it). What cannot be written is told once in the
 * log, and the run goes on without. */
void zg_ledger_note(zg_ledger *ledger, const zagg_dispatch_result *result, bool object);
/** Wait for what is under way, and write the list of all that ended. */
void zg_ledger_end(zg_ledger *ledger, bool stopped);

/** Number of the unit with that key; SIZE_MAX: none. */
size_t zg_ledger_unit_of(const zg_ledger *ledger, uint64_t key);
/** What a status object says, as the answer that it stands for. Text that is no object
 * makes an answer that is none. */
zagg_status zg_reply_of_object(const char *text, size_t len, zg_reply *out,
                               zagg_err *err);

/** A status object that a worker left. `*taken` false: it is to be told of again. */
typedef zagg_status (*zg_ledger_found_fn)(void *user, uint64_t key, const char *text,
                                          size_t len, bool *taken, zagg_err *err);
/** Tell of objects that are there and were not taken yet. One listing and a read for
 * each. */
zagg_status zg_ledger_poll(zg_ledger *ledger, zg_ledger_found_fn found, void *user,
                           zagg_err *err);
#endif
