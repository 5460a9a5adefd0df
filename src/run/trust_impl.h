/* Inside of zg_trust, for trust.c and attempt.c. */
#ifndef ZG_RUN_TRUST_IMPL_H
#define ZG_RUN_TRUST_IMPL_H

#include "io/dir.h"
#include "io/lock.h"
#include "run/commit.h"
#include "run/identity.h"
#include "run/trust.h"

struct zg_trust {
    const zagg_run_opts *opts;
    zg_driver driver;
    const zagg_grid *grid;
    size_t selected;
    const char *run_id;
    char host[65], started_at[21], map_hash[65];
    char semantic_hash[ZAGG_SEMANTIC_HASH_BYTES]; /* upstream's; "" where it has none */
    char *path;                                   /* of the status folder */
    zg_identity identity;
    zagg_arena *arena;
    zagg_sink *store, *status;
    zg_recorder *template;   /* objects that belong to no shard */
    zg_lock *lock;           /* NULL where the file system knows no locks */
    const zagg_value *prior; /* the record of the run before; NULL: none */
    zg_journal *journal;
    zg_commit *commit;
    bool started;  /* the run record says so */
    bool creating; /* the template is this run's and not known to be durable */
    bool fresh;    /* no shard was in the store when the run began */
};

#endif
