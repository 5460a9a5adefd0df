/* One granule as a shard map lists it. */
#ifndef ZG_MAP_RECORD_H
#define ZG_MAP_RECORD_H

#include "cat/make_value.h"
#include "zagg/catalog.h"
#include "zagg/shardmap.h"

/** What a record takes of an item; all of it lives as long as it is needed. */
typedef struct zg_source_record {
    const char *id, *s3, *https;
    const char *datetime, *start, *end, *time_key; /* as the item has them */
    const zagg_value *assets; /* raster items: {name: asset}; or NULL */
    /* of the sibling, NULL: none */
    const char *sibling_asset, *sibling_id, *sibling_s3, *sibling_https;
} zg_source_record;

/** Make the granule, in the tree's arena; upstream's members in upstream's order. NOMEM.
 */
zagg_status zg_map_granule(zg_tree *tree, zagg_arena *scratch,
                           const zg_source_record *source, zagg_granule **out,
                           zagg_err *err);

/** A moment of RFC 3339 as Python's isoformat writes it in UTC:
 * "2019-01-05T16:33:08.267000+00:00". What is no such moment is copied as it is, cut to
 * 63 bytes. */
void zg_map_time(const char *text, char out[64]);

/** Part of an href or id by which runs know a granule: what follows the last '/'. Empty
 * texts and NULL have none (NULL). */
const char *zg_map_name_of(const char *href);

#endif
