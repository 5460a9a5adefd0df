/* Which of the candidate shards a footprint belongs to, by the rule asked for. */
#ifndef ZG_MAP_TARGET_H
#define ZG_MAP_TARGET_H

#include "geo/cell_set.h"
#include "map/outline_set.h"
#include "map/prefilter.h"
#include "map/region.h"
#include "zagg/mapbuild.h"

/** Order of the cells by which upstream compares footprints and tiles. */
#define ZG_TILE_COVER_ORDER 8

/** Immutable, but for outlines that are made when they are first needed; shared by all
 * threads. */
typedef struct zg_target {
    zagg_map_backend backend;
    const zagg_grid *grid;
    const uint64_t *keys; /* ascending; borrowed */
    size_t n_keys;
    unsigned cover_order; /* mortie: of the cells that footprints are made of */
    bool drop_invalid;
    zg_prefilter prefilter;
    zg_cell_set cells;        /* mortie: the shards, or the cells of the tiles */
    zg_outline_set *outlines; /* spherely */
    /* mortie and tiles: shards of cell i are tile_shards[first_shard[i]..] */
    size_t *first_shard;
    uint32_t *tile_shards;
} zg_target;

/** `cover_order` 0: that of the shards. ARG for one that is coarser. */
zagg_status zg_target_new(const zagg_grid *grid, const uint64_t *keys, size_t n_keys,
                          const zagg_map_opts *opts, unsigned cover_order, zg_target *out,
                          zagg_err *err);
void zg_target_free(zg_target *target);

/** Working memory of a thread. */
typedef struct zg_target_scratch {
    zg_set_scratch set;
    zg_vec near, found;
} zg_target_scratch;
void zg_target_scratch_init(zg_target_scratch *s);
void zg_target_scratch_free(zg_target_scratch *s);

/** Append the positions (uint32_t) of the shards that the region between the rings
 * belongs to; they may come again and in any order. *usable: false for rings that are no
 * polygon, which belong nowhere. Thread-safe but for the scratch. */
zagg_status zg_target_rings(const zg_target *target, const zg_rings *rings,
                            zg_target_scratch *scratch, zg_vec *hits, bool *usable,
                            zagg_err *err);
/** The same of a line or point. */
zagg_status zg_target_line(const zg_target *target, const zagg_ring *line,
                           zg_target_scratch *scratch, zg_vec *hits, bool *usable,
                           zagg_err *err);
/** The same of cells, area words of any order; mortie's rule on HEALPix grids. FORMAT for
 * a word that names no cell. */
zagg_status zg_target_words(const zg_target *target, const uint64_t *words, size_t n,
                            zg_vec *hits, zagg_err *err);
/** Sort and drop what comes again. */
void zg_target_distinct(zg_vec *hits);

#endif
