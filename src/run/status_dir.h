/* The folder beside a store that says what has been done to it: names and small parts
 * that its writers and its reader share. docs/trust.md describes the files. */
#ifndef ZG_RUN_STATUS_DIR_H
#define ZG_RUN_STATUS_DIR_H

#include "base/base.h"
#include "text/text.h"
#include "zagg/io.h"
#include "zagg/net.h"
#include "zagg/value.h"

#define ZG_RUN_RECORD "run.json"
#define ZG_RUN_RECORD_SPEC "zagg-run-record/1"
#define ZG_STORE_RECORD "objects.json"
#define ZG_STORE_RECORD_SPEC "zagg-store-record/1"
#define ZG_SHARD_RECORD_SPEC "zagg-shard-record/1"
#define ZG_JOURNAL "journal.ndjson"
#define ZG_JOURNAL_PARTS "journal/"
#define ZG_LOCK "lock"

enum { ZG_MAX_RECORD_BYTES = 1 << 28 };

/** Path or URL of the folder that belongs to the store at `path`: "<path>.status", links
 * to the store followed. Free with zg_free. */
zagg_status zg_status_path(const char *store, char **out, zagg_err *err);

/** CONFIG unless `store` names something that can be a store: a path, or s3:// with a
 * bucket and a name in it. */
zagg_status zg_store_check(const char *store, zagg_err *err);
/** The store that a path or URL names; `net` may be NULL where that is no URL. */
zagg_status zg_store_open(const char *store, zagg_net *net, zagg_sink **out,
                          zagg_err *err);
/** Its folder of records. `writing`: what is put there is durable when it comes back. */
zagg_status zg_status_open(const char *store, zagg_net *net, bool writing,
                           zagg_sink **out, zagg_err *err);

/** "shards/<key>.json", and where it is kept while the shard is written again. */
void zg_record_name(uint64_t shard_key, bool rewriting, char out[64]);

/** A record of the status folder; NOTFOUND where there is none, also where the file holds
 * no record of this spec: what is not whole says nothing. The tree is the arena's. */
zagg_status zg_record_load(zagg_sink *status, const char *name, const char *spec,
                           zagg_arena *arena, const zagg_value **out, zagg_err *err);

/** Name of this machine, or "?". */
void zg_host_name(char out[65]);

/** Text member, "" when it is absent. */
const char *zg_text_of(const zagg_value *map, const char *key);
/** Whole number member, 0 when it is absent. */
uint64_t zg_number_of(const zagg_value *map, const char *key);

#endif
