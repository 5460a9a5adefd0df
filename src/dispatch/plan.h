/* What a run beyond this machine consists of: its shards in the order in which they are
 * sent, and what their events have in common. */
#ifndef ZG_DISPATCH_PLAN_H
#define ZG_DISPATCH_PLAN_H

#include "dispatch/ledger.h"
#include "dispatch/message.h"
#include "run/run.h"

typedef struct zg_plan {
    const zagg_dispatch_opts *opts;
    zagg_grid *grid;
    zg_driver driver;
    const zagg_shard_entry **shards; /* in the order of sending */
    size_t n;
    char *config;            /* of events */
    zg_message_run messages; /* borrows grid, config and the options' texts */
    zg_creds *granule_creds; /* NULL: workers read granules with their own keys, */
    char *edl_token;         /* or with this */
    char identity[65], semantic_hash[65];
    zg_ledger_unit *units; /* parallel to shards */
} zg_plan;

/** Selects and sorts shards (most granules first, as upstream; those with as many keep
 * the map's order), checks that config, grid and map belong together, and fills the
 * summary's counts. Nothing is asked of any server. Errors: as zagg_run_local. */
zagg_status zg_plan_make(const zagg_dispatch_opts *opts, zg_plan *out,
                         zagg_dispatch_summary *summary, zagg_err *err);
/** Hashes, keys and the common parts of events: what is needed once shards are sent. */
zagg_status zg_plan_complete(zg_plan *plan, zagg_err *err);
void zg_plan_free(zg_plan *plan);

/** The event of a shard, with keys that last for `timeout_s` and five minutes more where
 * there can be such. */
zagg_status zg_plan_event(const zg_plan *plan, size_t unit, double timeout_s, zg_str *out,
                          zagg_err *err);

/** Order of n shards by their numbers of granules. */
zagg_status zg_dispatch_order(const zagg_shard_entry **shards, size_t n, zagg_err *err);

#endif
