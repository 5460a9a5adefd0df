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

/** Cell ids of n points (geodetic degrees); UINT64_MAX without a cell (see above).
 * *n_no_cell (may be NULL) counts these. Thread-safe. */
ZAGG_API void zagg_grid_cells(const zagg_grid *grid, const double *lat_deg,
                              const double *lon_deg, size_t n, uint64_t *cell_ids,
                              uint64_t *n_no_cell);

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

/* ---- many shards at once ---- */

/** From cell ids to positions in a list of shards; immutable, shareable between threads.
 */
typedef struct zagg_shard_index zagg_shard_index;

#define ZAGG_NO_SHARD UINT32_MAX

/** Index n shards (below UINT32_MAX) by their keys, in any order; the keys are copied,
 * the grid is borrowed and must outlive the index. ECONFIG for a key that is no shard of
 * the grid or is there twice, NOMEM. O(n). */
ZAGG_API zagg_status zagg_shard_index_new(const zagg_grid *grid,
                                          const uint64_t *shard_keys, size_t n,
                                          zagg_shard_index **out, zagg_err *err);
ZAGG_API void zagg_shard_index_free(zagg_shard_index *index);

/** For each of n cell ids the position of its shard in the list of keys, ZAGG_NO_SHARD
 * where it is not there (or the point has no cell), and the cell's rank in that shard,
 * ZAGG_NO_RANK where there is none. O(1) a cell, fastest where neighbours in the list lie
 * in the same shard. Thread-safe. */
ZAGG_API void zagg_shard_index_find(const zagg_shard_index *index,
                                    const uint64_t *cell_ids, size_t n, uint32_t *shard,
                                    uint32_t *rank);

/** A box on the ground, degrees, that holds all points of some shards. It is filled by
 * zagg_grid_extent_of. */
typedef struct zagg_extent {
    bool everything; /* no box is known: all points are candidates */
    double south_deg, north_deg;
    /* Longitudes within half_width_deg of the middle, whole turns of turn_deg apart; 0:
     * longitudes of the grid do not repeat. */
    double middle_lon_deg, half_width_deg, turn_deg;
    /* Points beyond these (latitude, longitude) have no cell, or are not far from that:
     * they are candidates wherever the box is, because callers count them. */
    double valid_south_deg, valid_north_deg, valid_west_deg, valid_east_deg;
} zagg_extent;

/** The box around n >= 1 shards of HEALPix grids and of rectilinear grids in WGS 84
 * degrees; everything for other rectilinear grids. Latitudes and longitudes are widened
 * by more than what points can be off by rounding. ECONFIG for a key that is no shard of
 * the grid, ARG for n = 0, NOMEM. O(n log n). Thread-safe. */
ZAGG_API zagg_status zagg_grid_extent_of(const zagg_grid *grid,
                                         const uint64_t *shard_keys, size_t n,
                                         zagg_extent *out, zagg_err *err);

/** candidate[k] = 1 for each of n points (geodetic degrees) that may lie in one of the
 * shards and for each that has no cell; 0 for those that certainly have a cell in another
 * shard. Returns the number of candidates. Under 1 ns a point. Thread-safe. */
ZAGG_API size_t zagg_extent_candidates(const zagg_extent *extent, const double *lat_deg,
                                       const double *lon_deg, size_t n,
                                       uint8_t *candidate);

/** Human name of a shard: decimal morton id, or the key in decimal. */
ZAGG_API void zagg_grid_shard_label(const zagg_grid *grid, uint64_t key, char out[40]);

#ifdef __cplusplus
}
#endif
#endif
