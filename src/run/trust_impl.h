/* Inside of zg_trust, for trust.c and attempt.c. */
#ifndef ZG_RUN_TRUST_IMPL_H
#define ZG_RUN_TRUST_IMPL_H

#include "io/behind.h"
#include "run/commit.h"
#include "run/hold.h"
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
    zg_identity identity;
    zagg_arena *arena;
    zagg_sink *store, *status;
    zagg_sink *template_behind; /* below `template` where there is `behind` */
    zg_recorder *template;      /* objects that belong to no shard */
    zg_hold *hold;              /* NULL where nothing sees to it that it is one's own */
    /* Of a store behind a network, where each question takes time: what store and status
     * folder held when the run began (NULL: ask), what shards may find of themselves
     * (the former, or nothing), and puts that nobody waits for. */
    bool remote;
    zg_listing *before, *records, *nothing;
    const zg_listing *of_shards;
    zg_behind *behind;
    const zagg_value *prior; /* the record of the run before; NULL: none */
    zg_journal *journal;
    zg_commit *commit;
    bool started;  /* the run record says so */
    bool creating; /* the template is this run's and not known to be durable */
    bool fresh;    /* no shard was in the store when the run began */
};

#endif
