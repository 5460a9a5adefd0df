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

typedef struct zagg_map_opts {
    zagg_map_backend backend;
    bool beams;            /* footprints of beams instead of the swath */
    bool drop_invalid;     /* spherely's rule: rings that are no simple polygon go */
    zagg_latitude latitude;
    const zagg_shape *region; /* NULL: the catalog's bbox */
    const zagg_shape *aoi;    /* of the mask; NULL: the region */
    bool aoi_mask;            /* output.aoi_mask of the config */
    const char *const *siblings; /* names of sibling assets to pair; NULL: none */
    size_t n_siblings;
    zagg_pool *pool; /* may be NULL */
    zagg_log *log;
} zagg_map_opts;

/** Read a catalog to its end and build the map: shards in upstream's order (ascending
 * keys), granules of each in record order. Errors: CONFIG (no region and no bbox, no
 * shards), RANGE, FORMAT, NOMEM. Memory: the map, the footprints in flight. */
ZAGG_API zagg_status zagg_map_build(const zagg_grid *grid, zagg_catalog *catalog,
                                    const zagg_map_opts *opts, zagg_shardmap **out,
                                    zagg_err *err);

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
