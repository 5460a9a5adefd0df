/* Events: what a worker is told, byte for byte as upstream's dispatcher writes it. */
#ifndef ZG_DISPATCH_MESSAGE_H
#define ZG_DISPATCH_MESSAGE_H

#include "base/base.h"
#include "net/creds.h"
#include "zagg/config.h"
#include "zagg/grid.h"
#include "zagg/shardmap.h"

/** What all events of a run have in common. Everything is borrowed. */
typedef struct zg_message_run {
    const zagg_grid *grid;
    const char *config; /* zg_message_config; NULL: events carry none */
    const char *store;
    const zg_output_creds *output; /* no access key: no block; NULL: the same */
    const char *output_endpoint;   /* stands before the block's own; NULL: none */
    const char *region;            /* of the block where the keys have none */
    bool profile;
    zagg_handoff handoff;
    const char *run_id; /* of what reports by status objects; NULL: no key */
} zg_message_run;

/** One shard. */
typedef struct zg_message_shard {
    uint64_t key;
    const char *const *urls;
    size_t n_urls;
    const zg_aws_keys *keys; /* to read granules with; NULL, or without an access key: the
                                worker has its own. No token: "" */
    const char *edl_token;   /* of Earthdata Login, in the place of keys; NULL: none */
    const uint64_t *aoi;     /* words or cells of the area of interest; NULL: no key */
    size_t n_aoi;
    const char *result_url; /* NULL: no key */
    const char *submap;     /* zg_message_submap; NULL: no key */
} zg_message_shard;

/** What a config says besides its text: sections that a run's options replace. */
typedef struct zg_message_changes {
    const char *driver;   /* data_source.driver; NULL: as written */
    const char *latitude; /* output.grid.latitude; NULL: as written */
} zg_message_changes;

/** The `config` member of events: data_source, aggregation, output, catalog and bounds as
 * they are written, null where they are not, and of `pipeline` and `worker` those that
 * are there. Appended to `out`. UNSUPPORTED for a date without quotes, as in upstream. */
zagg_status zg_message_config(const zagg_value *root, const zg_message_changes *changes,
                              zg_str *out, zagg_err *err);

/** Events as Python's json.dumps writes them. `out` is made here, in one block of the
 * right size, as it holds keys: zg_message_free, also after a failure. ECONFIG for a key
 * that is no shard of the grid, NOMEM. */
zagg_status zg_message_process(const zg_message_run *run, const zg_message_shard *shard,
                               zg_str *out, zagg_err *err);
/** The `submap` member of an event: what a shard map says of one shard, which the worker
 * leaves beside the leaf of a hive; hrefs without what signs them. Appended to `out`.
 * Maps that were made from granules have neither signature nor metadata: null. */
zagg_status zg_message_submap(const zagg_shardmap *map, const zagg_shard_entry *entry,
                              zg_str *out, zagg_err *err);
/** What the event that begins a store says besides. */
typedef struct zg_message_begin {
    bool overwrite;
    bool dense; /* the store has room for the shards of the run only: */
    size_t n_shards;
    const zagg_value *metadata; /* of the shard map, which names the dataset of a hive;
                                   NULL: no key */
    const char *run_id; /* of setups that nobody watches over: the worker notes which
                           store it was; NULL: no key */
} zg_message_begin;
zagg_status zg_message_setup(const zg_message_run *run, const zg_message_begin *begin,
                             zg_str *out, zagg_err *err);
/** `setup`: what the store was begun with, for stores that end with more than
 * consolidated metadata, or without them (hives, flat ones of 0.61); NULL: for a store of
 * 0.11, whose finalize event has neither config nor orders. */
zagg_status zg_message_finalize(const zg_message_run *run, const zg_message_begin *setup,
                                zg_str *out, zagg_err *err);

/** Wipe and free. */
void zg_message_free(zg_str *event);

#endif
