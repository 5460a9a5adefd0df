/* Output grids behind one vtable: points to cells, cells to shards, shards to chunks. */
#ifndef ZAGG_GRID_H
#define ZAGG_GRID_H

#include "zagg/geo.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zagg_grid zagg_grid; /* immutable, shareable between threads */

typedef enum zagg_grid_kind {
    ZAGG_GRID_HEALPIX = 0,
    ZAGG_GRID_RECTILINEAR
} zagg_grid_kind;

typedef struct zagg_healpix_spec {
    int64_t parent_order, child_order;
    int64_t chunk_inner; /* -1: one chunk a shard */
    bool sharded;
    zagg_latitude latitude;
} zagg_healpix_spec;

typedef struct zagg_rectilinear_spec {
    const char *crs;
    double resolution[2];
    double bounds[4]; /* xmin ymin xmax ymax */
    int64_t chunk_shape[2];
    int64_t chunk_inner[2]; /* 0, 0: one chunk a shard */
    bool sharded;
} zagg_rectilinear_spec;

/** Build a grid; ECONFIG with upstream's reason in better words. Messages name the key
 *  (output.grid.child_order, ...). HEALPix child orders up to 29. The CRS of a
 * rectilinear grid is an authority code (EPSG:32618), PROJ string or well-known text; one
 * that PROJ's database has to explain is UNSUPPORTED where there is none, and so are
 * those that name grid files. */
ZAGG_API zagg_status zagg_grid_new_healpix(const zagg_healpix_spec *spec, zagg_grid **out,
                                           zagg_err *err);
ZAGG_API zagg_status zagg_grid_new_rectilinear(const zagg_rectilinear_spec *spec,
                                               zagg_grid **out, zagg_err *err);
ZAGG_API void zagg_grid_free(zagg_grid *grid);
/** Version of PROJ, which computes the coordinates of rectilinear grids: "9.1.1", or "not
 * found". PROJ is loaded with the first grid that needs it. */
ZAGG_API const char *zagg_grid_proj_version(void);
ZAGG_API zagg_grid_kind zagg_grid_get_kind(const zagg_grid *grid);

/** What never changes about a grid. Cells are identified by "cell ids": the nested id at
 * child order, or row * width + col. "Rank" is a cell's position among the cells of its
 * shard in the order in which chunks and their cells are stored: 0..cells_per_shard-1, so
 * rank / cells_per_chunk is the chunk and rank % cells_per_chunk the position in it. */
typedef struct zagg_grid_info {
    zagg_grid_kind kind;
    bool sharded; /* after upstream's rules for K = 1 */
    uint64_t cells_per_shard, cells_per_chunk, chunks_per_shard;
    unsigned rank;                  /* axes of a cell array: 1 or 2 */
    uint64_t shape[2];              /* whole array, cells */
    uint64_t shard_shape[2];        /* cells of one shard along each axis */
    uint64_t chunk_shape[2];        /* cells of one inner chunk along each axis */
    const char *dim_names[2];       /* "cells", or "y", "x" */
    const char *chunk_dim_names[2]; /* "chunks", or "chunk_y", "chunk_x" */
    char group[32];                 /* "19" or "rectilinear" */
    /* HEALPix only */
    unsigned parent_order, child_order, chunk_order;
    zagg_latitude latitude;
    /* rectilinear only: after padding */
    const char *crs;    /* as configured */
    const char *crs_id; /* as signatures carry it: "EPSG:4326", "+proj=... +type=crs" */
    double resolution[2], bounds[4];
} zagg_grid_info;
ZAGG_API const zagg_grid_info *zagg_grid_get_info(const zagg_grid *grid);

/** One shard, decoded once: what the inner loops need. */
typedef struct zagg_shard {
    uint64_t key;        /* packed parent word, or row block * blocks + column block */
    uint64_t block[2];   /* shard index along each axis of the sharded array */
    uint64_t first_cell; /* HEALPix: nested id of the first child; rectilinear: cell id of
                            the tile's first cell */
} zagg_shard;

/** Check a key and decode it. ECONFIG: not a cell of parent order / beyond the array. */
ZAGG_API zagg_status zagg_grid_shard(const zagg_grid *grid, uint64_t key, zagg_shard *out,
                                     zagg_err *err);

#define ZAGG_NO_RANK UINT32_MAX

/** Ranks of n points (geodetic degrees) inside `shard`; ZAGG_NO_RANK for a point that
 * lies in another shard or has no cell. *n_no_cell (may be NULL) counts the latter
 * (non-finite, |lat| > 90, outside the grid). Thread-safe. */
ZAGG_API void zagg_grid_ranks(const zagg_grid *grid, const zagg_shard *shard,
                              const double *lat_deg, const double *lon_deg, size_t n,
                              uint32_t *ranks, uint64_t *n_no_cell);

/** Leaf ids as upstream carries them: order-29 point words (HEALPix, 0 without a cell) or
 * row * width + col (-1 as UINT64_MAX without a cell). */
ZAGG_API void zagg_grid_leaf_ids(const zagg_grid *grid, const double *lat_deg,
                                 const double *lon_deg, size_t n, uint64_t *leaf_ids);

/** Shard keys of n points; *no_key (false/true per point) tells those without a shard. */
ZAGG_API void zagg_grid_shard_keys(const zagg_grid *grid, const double *lat_deg,
                                   const double *lon_deg, size_t n, uint64_t *keys,
                                   bool *no_key);

/** Index of chunk b (0..chunks_per_shard-1, stored order) of a shard along each axis of
 * the chunk grid. */
ZAGG_API void zagg_grid_chunk_index(const zagg_grid *grid, const zagg_shard *shard,
                                    uint64_t b, uint64_t index[2]);

/** Cell ids of chunk b in stored order (cells_per_chunk values). */
ZAGG_API void zagg_grid_chunk_cells(const zagg_grid *grid, const zagg_shard *shard,
                                    uint64_t b, uint64_t *cell_ids);

/** Morton words of chunk b in stored order; HEALPix only. */
ZAGG_API void zagg_grid_chunk_words(const zagg_grid *grid, const zagg_shard *shard,
                                    uint64_t b, uint64_t *words);

/** Human name of a shard: decimal morton id, or the key in decimal. */
ZAGG_API void zagg_grid_shard_label(const zagg_grid *grid, uint64_t key, char out[40]);

#ifdef __cplusplus
}
#endif
#endif
