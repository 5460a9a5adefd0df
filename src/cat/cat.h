/* Internals of the catalog module: the memory of a shard map, and interned granules. */
#ifndef ZG_CAT_H
#define ZG_CAT_H

#include "base/base.h"
#include "zagg/shardmap.h"

/** A shard map with the arena that holds all of it; the public part comes first. */
typedef struct zg_owned_map {
    zagg_shardmap pub;
    zagg_arena *arena;
} zg_owned_map;

zagg_status zg_owned_map_new(const char *name, zg_owned_map **out, zagg_err *err);

/** One record of the file before interning: text that lives elsewhere, NULL where absent.
 */
typedef struct zg_record {
    const char *id, *s3, *https;
    const zagg_value *whole; /* MAP; of all records or of none */
    size_t at;               /* its place among all records */
} zg_record;

/** Sort `records` and make one granule of every distinct one, in `arena`; granules[at] is
 *  that of the record at place `at`. */
zagg_status zg_intern(zagg_arena *arena, zg_record *records, size_t n,
                      const zagg_granule **granules, zagg_err *err);

/** Read one granule of a file; `out` points into the document. */
zagg_status zg_read_record(const char *name, const zagg_value *record, zg_record *out,
                           zagg_err *err);

/* ---- compact.c: zagg's own form, in which every granule stands once ---- */

#define ZG_COMPACT_FORMAT "zagg-shardmap-compact/1"
/** It says that it is that form (of whatever version). */
bool zg_is_compact(const zagg_value *root);
/** ECONFIG naming what is missing or of unequal length, or another version. */
zagg_status zg_check_compact(const char *name, const zagg_value *root, zagg_err *err);
/** Granules of all shards. */
zagg_status zg_read_compact(zg_owned_map *own, zagg_arena *scratch,
                            const zagg_value *root, zagg_shard_entry *shards,
                            zagg_err *err);

/* ---- map_table.c: upstream's Parquet form ---- */

#define ZG_MAP_TABLE_META "zagg:shardmap_meta"
/** Whether a file begins as Parquet does. */
bool zg_is_table(const char *path);
/** Such a file as the object that upstream's JSON holds, in `arena`. ECONFIG naming file
 * and row; UNSUPPORTED in programs without carquet. */
zagg_status zg_map_table_read(const char *path, zagg_arena *arena, const zagg_value **out,
                              zagg_err *err);

/** Last part of an href: what follows the last '/'. */
const char *zg_href_basename(const char *href);

/** Some shards of a map, whose granules are elsewhere now. */
typedef struct zg_map_text {
    const zagg_shardmap *map;
    const zagg_shard_entry *const *shards;
    size_t n_shards;
    /* Path of a granule, or NULL where it has none; lives until the next call. */
    const char *(*place)(void *user, const zagg_granule *granule);
    void *user;
} zg_map_text;
/** Append the text that zagg_shardmap_parse reads back: records as they were, but for the
 * addresses. NOMEM; `out` is incomplete then. */
zagg_status zg_map_write(const zg_map_text *what, zg_str *out, zagg_err *err);

#endif
