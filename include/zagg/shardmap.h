/* Shard maps: which granules each shard reads. Upstream's JSON form. */
#ifndef ZAGG_SHARDMAP_H
#define ZAGG_SHARDMAP_H

#include "zagg/geo.h"
#include "zagg/status.h"
#include "zagg/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One granule of a shard. Text is owned by the shard map; NULL where the record lacks
 * it. */
typedef struct zagg_granule {
    const char *id;
    const char *s3;
    const char *https;
    const char *record; /* the whole record as compact JSON; NULL where the map was made
                           from granules, whose records have no more than the above */
} zagg_granule;

typedef struct zagg_shard_entry {
    uint64_t key;
    const zagg_granule *const *granules; /* interned: the same record is one object */
    size_t n_granules;
    /* Cells inside the area of interest: morton words of any order (HEALPix) or cell ids.
     * NULL and 0 where the map has none for any shard. */
    const uint64_t *aoi_mask;
    size_t n_aoi_mask;
} zagg_shard_entry;

/** How the map says (or does not say) which latitude its keys were made with. */
typedef enum zagg_map_latitude {
    ZAGG_MAP_LATITUDE_AUTHALIC = 0, /* its token, or metadata.granules_assigned */
    ZAGG_MAP_LATITUDE_GEODETIC,     /* its token */
    ZAGG_MAP_LATITUDE_LEGACY,       /* metadata.mortie_order without granules_assigned */
    ZAGG_MAP_LATITUDE_UNKNOWN
} zagg_map_latitude;

typedef struct zagg_shardmap {
    const char *name; /* for messages */
    const zagg_shard_entry *shards;
    size_t n_shards;
    bool has_aoi_mask; /* the map tells for every shard which cells are inside */
    const zagg_value *grid_signature; /* MAP or NULL (null in the file) */
    const zagg_value *metadata;       /* MAP or NULL */
    zagg_map_latitude latitude;
} zagg_shardmap;

/** Load a shard map: upstream's JSON, the compact form, or, in programs with carquet,
 * upstream's Parquet table, told by content. JSON holds parallel lists shard_keys and
 * granules, grid_signature, metadata; also aoi_mask, parallel to them, where the map has
 * it. The latitude token is
 * metadata.latitude or grid_signature.latitude. Keys keep 64 bits. ECONFIG naming what is
 * missing or of unequal length; FORMAT for text that is no JSON. Records without id get
 * the last part of their href. Memory grows with the file. */
ZAGG_API zagg_status zagg_shardmap_load(const char *path, zagg_shardmap **out,
                                        zagg_err *err);
ZAGG_API zagg_status zagg_shardmap_parse(const char *text, size_t len, const char *name,
                                         zagg_shardmap **out, zagg_err *err);

/** Builder used when the map is made from granules: shards come out sorted by key,
 * granules of a shard in the order in which they were added. */
typedef struct zagg_shardmap_builder zagg_shardmap_builder;
ZAGG_API zagg_status zagg_shardmap_builder_new(zagg_shardmap_builder **out,
                                               zagg_err *err);
/** Add one granule (path is copied; becomes its id's basename and href) to these shards.
 */
ZAGG_API zagg_status zagg_shardmap_builder_add(zagg_shardmap_builder *builder,
                                               const char *path, const uint64_t *keys,
                                               size_t n_keys, zagg_err *err);
/** Finish; the builder is gone, also on failure. `latitude` becomes the map's. */
ZAGG_API zagg_status zagg_shardmap_builder_finish(zagg_shardmap_builder *builder,
                                                  const char *name,
                                                  zagg_latitude latitude,
                                                  zagg_shardmap **out, zagg_err *err);
/** Drop a builder that is not to be finished. NULL is fine. */
ZAGG_API void zagg_shardmap_builder_free(zagg_shardmap_builder *builder);
ZAGG_API void zagg_shardmap_free(zagg_shardmap *map);

#ifdef __cplusplus
}
#endif
#endif
