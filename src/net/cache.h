/* A read cache in a folder that processes share: bytes of objects by URL and version. */
#ifndef ZG_NET_CACHE_H
#define ZG_NET_CACHE_H

#include "net/net.h"

/** Folder `dir` is made when something is first kept. `bytes`: its bound; 0: 10 GiB.
 * NOMEM; CONFIG for an empty name; IO for one that is no folder. */
zagg_status zg_cache_open(const char *dir, uint64_t bytes, zagg_log *log, zg_cache **out,
                          zagg_err *err);
/** NULL is fine. */
void zg_cache_close(zg_cache *cache);
/** Adds hits, misses and bytes. NULL is fine. */
void zg_cache_add_stats(const zg_cache *cache, zagg_net_stats *stats);

/** Is anything of this URL there, whatever its version? */
bool zg_cache_knows(zg_cache *cache, const char *url);

/** One version of an object. Thread-safe. */
typedef struct zg_cache_object zg_cache_object;
/** `version`: its ETag, or what else tells versions apart. NOMEM; a folder that cannot be
 * read holds nothing. */
zagg_status zg_cache_object_open(zg_cache *cache, const char *url, const char *version,
                                 uint64_t size, zg_cache_object **out, zagg_err *err);
/** NULL is fine. */
void zg_cache_object_close(zg_cache_object *object);

/** Fill ranges from the cache; those that are not whole in there stay in `ranges`, in
 * order, and their number is returned. What is damaged counts as not there. */
size_t zg_cache_take(zg_cache_object *object, zagg_range *ranges, size_t n);
/** Keep what was read, as far as it goes: a failure is told of once, as a warning. */
void zg_cache_keep(zg_cache_object *object, const zagg_range *ranges, size_t n);

#endif
