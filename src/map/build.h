/* Inside of building: what the files of the builder share. */
#ifndef ZG_MAP_BUILD_H
#define ZG_MAP_BUILD_H

#include "cat/cat.h"
#include "map/names.h"
#include "map/record.h"
#include "map/siblings.h"
#include "map/target.h"

/** Granule `granule` belongs to shard `shard`, both places in lists. */
typedef struct zg_pair {
    uint32_t shard, granule;
} zg_pair;

/** Items on the way to their shards. */
typedef struct zg_pending {
    zagg_arena *arena;
    zg_vec items; /* zg_pending_item */
} zg_pending;

typedef struct zg_pending_item {
    zg_source_record record;
    zagg_shape shape;
    const uint64_t *cells; /* of its footprint, in the place of the polygons; or NULL */
    size_t n_cells;
} zg_pending_item;

/** Items of which something has to be said, once. */
typedef struct zg_tally {
    uint64_t n;
    char first[128]; /* id of the first */
} zg_tally;

struct zagg_map_builder {
    const zagg_grid *grid;
    const zagg_value *meta;
    zagg_map_opts opts;
    bool by_record;       /* footprints are the rings of records, not all rings */
    unsigned index_order; /* of the catalog's cells, where they are used; 0: geometry */
    double started_s;

    zg_owned_map *own; /* the map to be */
    zg_tree tree;      /* in its arena */
    zagg_arena *region_arena;
    zg_rings region;
    zagg_words keys; /* candidate shards */
    zg_target target;
    zg_siblings *siblings; /* NULL: none */

    zg_pending pending;
    zg_target_scratch *scratch; /* one for each slot of the pool */
    zagg_arena **arenas;        /* the same */
    size_t n_slots;

    zg_vec granules; /* const zagg_granule *, in record order */
    zg_vec pairs;    /* zg_pair, granules ascending */
    uint64_t considered;
    zg_tally unusable, without_geometry;
};

/** Give the pending items to their shards. */
zagg_status zg_build_flush(zagg_map_builder *b, zagg_err *err);

/** Shards, lists and metadata of the map out of pairs and granules. */
zagg_status zg_build_content(zagg_map_builder *b, zagg_err *err);

#endif
