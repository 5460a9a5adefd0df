/* Internal: what a shard map is made of, shared by its reader and its builder. */
#ifndef ZG_CAT_SHARDMAP_H
#define ZG_CAT_SHARDMAP_H

#include "base/base.h"
#include "zagg/shardmap.h"

/** A shard map and the arena that all of it lives in; zagg_shardmap_free takes `map`. */
typedef struct zg_shardmap_own {
    zagg_shardmap map; /* first: the public pointer is this one */
    zagg_arena *arena;
} zg_shardmap_own;

zagg_status zg_shardmap_own_new(const char *name, zg_shardmap_own **out, zagg_err *err);

/** Last part of a path or URL. */
const char *zg_href_basename(const char *href);

#endif
