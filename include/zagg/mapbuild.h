/* From a catalog and an area to a shard map. docs/catalog.md. */
#ifndef ZAGG_MAPBUILD_H
#define ZAGG_MAPBUILD_H

#include "zagg/catalog.h"
#include "zagg/grid.h"
#include "zagg/pool.h"
#include "zagg/shardmap.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The rule by which a granule belongs to a shard. */
typedef enum zagg_map_backend {
    ZAGG_MAP_MORTIE = 0, /* footprint meets the four-corner quad of the cell, on the
                            sphere of the latitude convention; HEALPix */
    ZAGG_MAP_SPHERELY    /* footprint meets the true outline, latitudes as spherical */
} zagg_map_backend;

/** A catalog whose items are siblings of the granules: products of the same acquisition.
 * Entries get them under assets[asset]; granules without a sibling are left out and
 * listed in metadata.pairless. */
typedef struct zagg_map_sibling {
    const char *asset; /* "l2a" */
    zagg_catalog *catalog;
} zagg_map_sibling;

typedef struct zagg_map_opts {
    zagg_map_backend backend;
    bool beams;               /* corridors of beams instead of the swath (ATL03, ATL06) */
    bool drop_invalid;        /* spherely's rule: rings that are no simple polygon go */
    bool lines;               /* lines and points are footprints, too */
    bool skip_null;           /* items without a geometry are left out, else CONFIG */
    unsigned cover_order;     /* mortie: of the cells that footprints are covered with; 0:
                                 that of the shards, for beams and siblings that of the chunks
                                 (at most 18), as upstream */
    const zagg_shape *region; /* NULL: the catalog's bbox */
    const zagg_shape *aoi;    /* of the mask, with its holes; NULL: the region */
    bool aoi_mask;            /* output.aoi_mask of the config */
    const zagg_map_sibling *sibling; /* NULL: none */
    zagg_pool *pool;                 /* may be NULL */
    zagg_log *log;
} zagg_map_opts;

/** Read a catalog to its end and build the map: shards in upstream's order (ascending
 * keys), granules of each in record order. Only shards with granules are there. The
 * latitude convention is the grid's. Errors: CONFIG (no region and no bbox, an item
 * without geometry, two granules of one name in a shard, beams of another product),
 * RANGE, FORMAT, NOMEM. Memory: the map, the footprints in flight. */
ZAGG_API zagg_status zagg_map_build(const zagg_grid *grid, zagg_catalog *catalog,
                                    const zagg_map_opts *opts, zagg_shardmap **out,
                                    zagg_err *err);

/** The same item by item, for those that have no catalog file. `meta`: what the catalog
 * says of itself (MAP or NULL); grid, meta and opts must outlive the builder. One thread
 * at a time. */
typedef struct zagg_map_builder zagg_map_builder;
ZAGG_API zagg_status zagg_map_builder_new(const zagg_grid *grid, const zagg_value *meta,
                                          const zagg_map_opts *opts,
                                          zagg_map_builder **out, zagg_err *err);
/** The item is copied as far as it is needed. */
ZAGG_API zagg_status zagg_map_builder_add(zagg_map_builder *builder,
                                          const zagg_item *item, zagg_err *err);
/** The builder is gone afterwards, also on failure. */
ZAGG_API zagg_status zagg_map_builder_finish(zagg_map_builder *builder, const char *name,
                                             zagg_shardmap **out, zagg_err *err);
ZAGG_API void zagg_map_builder_free(zagg_map_builder *builder);

/** A map of the same cells with shards of another order (HEALPix, the same child_order).
 * Coarser: shards are joined, exactly. Finer: the granules of each shard are given to its
 * parts by mortie's rule; their footprints come from the catalog, and parts outside of
 * the area of the build may be among them. The same order: a copy. Masks are dropped.
 * `grid` has the map's latitude convention; of `opts` cover_order, pool and log count,
 * NULL is fine. ECONFIG for other grids, a catalog that lacks granules or is not given
 * (NULL), and two granules of one name in a shard. */
ZAGG_API zagg_status zagg_map_reproject(const zagg_shardmap *map, const zagg_grid *grid,
                                        zagg_catalog *catalog, const zagg_map_opts *opts,
                                        zagg_shardmap **out, zagg_err *err);

/** Which part of a map is wanted; what is 0 or NULL does not count. */
typedef struct zagg_map_part {
    const uint64_t *keys; /* these shards */
    size_t n_keys;
    const zagg_shape *region; /* shards that it reaches */
    const char *start, *end;  /* RFC 3339 or days: granules that were taken then; those
                                 whose record has no time stay */
    size_t max_shards;        /* the first ones */
} zagg_map_part;

/** That part: its shards in the map's order, and of them the granules that are wanted;
 * shards without any go. `grid`: of the map, needed for a region only. Masks stay.
 * ECONFIG for a key that the map lacks, FORMAT for times. */
ZAGG_API zagg_status zagg_map_subset(const zagg_shardmap *map, const zagg_grid *grid,
                                     const zagg_map_part *part, zagg_shardmap **out,
                                     zagg_err *err);

/** A store whose coverage.toc tells when its shards were observed. */
typedef struct zagg_map_reference {
    const char *name;  /* what metadata and messages call it */
    const char *cover; /* bytes of its coverage.toc */
    size_t len;
} zagg_map_reference;

typedef struct zagg_map_closest_opts {
    const zagg_map_reference *references;
    size_t n_references;
    const zagg_shape *region; /* only epochs of shards that it reaches; NULL: all */
    int64_t max_offset_ns;    /* farther granules are none; -1: no limit */
    size_t max_granules;      /* refuse shards with more; 0: no limit */
    zagg_log *log;
} zagg_map_closest_opts;

/** Of a map of rasters the granules that were taken closest to each time at which the
 * reference stores observed the shard: upstream's closest_obs_shardmap. Times are the
 * middles of the buckets that coverage.toc has; of two granules as close the earlier one
 * is taken, of those of one moment the first. Entries gain paired_epochs and
 * epoch_offsets_ns, metadata.closest_obs says what became of every epoch. `grid`: the
 * map's. Masks are dropped. ECONFIG: covers that are none or have shards of another
 * order, a granule without a time, a shard with too many granules. RANGE, NOMEM. */
ZAGG_API zagg_status zagg_map_closest(const zagg_shardmap *map, const zagg_grid *grid,
                                      const zagg_map_closest_opts *opts,
                                      zagg_shardmap **out, zagg_err *err);

/** The grid that a map's signature tells of; chunks are the shards. ECONFIG for what is
 * no signature. */
ZAGG_API zagg_status zagg_map_grid(const zagg_shardmap *map, zagg_latitude latitude,
                                   zagg_grid **out, zagg_err *err);

typedef enum zagg_map_form {
    ZAGG_MAP_JSON = 0, /* upstream's bytes */
    ZAGG_MAP_COMPACT,  /* granules interned, gzip */
    ZAGG_MAP_PARQUET   /* upstream's table */
} zagg_map_form;
/** Write a map as one step. zagg_shardmap_load reads JSON and the compact form. */
ZAGG_API zagg_status zagg_shardmap_write(const zagg_shardmap *map, zagg_map_form form,
                                         const char *path, zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
