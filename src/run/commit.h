/* Finished shards become complete: their objects are made durable, then their final
 * records are written. One thread does so for whatever has finished since it last looked,
 * so that the disk is waited for once for many shards and no worker waits at all. */
#ifndef ZG_RUN_COMMIT_H
#define ZG_RUN_COMMIT_H

#include "io/behind.h"
#include "run/hold.h"
#include "run/journal.h"
#include "run/records.h"

/** A shard whose objects are written. */
typedef struct zg_finished {
    zg_shard_facts facts;
    char label[40];
    const char **ids;      /* of facts; owned */
    zg_recorder *recorder; /* owned */
    zagg_sink *behind;     /* below the recorder; owned, may be NULL */
    bool rewritten;        /* an older record is kept aside, to be removed at the end */
} zg_finished;

typedef struct zg_commit_how {
    zagg_sink *status;
    zg_recorder *template; /* what the store needs besides shards; made durable first */
    zg_journal *journal;
    zg_behind *behind; /* puts side by side; may be NULL */
    zg_hold *hold;     /* nothing counts once it is lost; may be NULL */
} zg_commit_how;

typedef struct zg_commit zg_commit;

/** Where no thread can be had, all is done by zg_commit_close. */
zagg_status zg_commit_new(const zg_commit_how *how, zg_commit **out, zagg_err *err);
/** Hand a finished shard over; it is freed in any case. Thread-safe. */
zagg_status zg_commit_add(zg_commit *commit, zg_finished *shard, zagg_err *err);
/** Has something failed? No further shard becomes complete then. */
bool zg_commit_failed(zg_commit *commit);
/** Wait for all that were handed over, and for the template; the first failure. NULL is
 * fine. */
zagg_status zg_commit_close(zg_commit *commit, zagg_err *err);
void zg_finished_free(zg_finished *shard);

#endif
