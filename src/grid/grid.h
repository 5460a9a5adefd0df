/* Inside of the grid module: the object and the operations that each kind of grid
 * supplies. */
#ifndef ZG_GRID_GRID_H
#define ZG_GRID_GRID_H

#include "grid/proj.h"
#include "zagg/grid.h"

/* Ranks are 32 bits and the last value means "none". */
#define ZG_GRID_MAX_ORDER_STEP 15 /* 4^15 cells a shard */
#define ZG_GRID_MAX_SHARD_CELLS (UINT64_C(1) << 31)

/* Points are converted in blocks whose cell ids fit the first-level cache. */
#define ZG_GRID_BLOCK 512

typedef struct zg_grid_ops {
    zagg_status (*shard)(const zagg_grid *g, uint64_t key, zagg_shard *out,
                         zagg_err *err);
    /* UINT64_MAX for a point without a cell */
    void (*cells)(const zagg_grid *g, const double *lat_deg, const double *lon_deg,
                  size_t n, uint64_t *cell_ids);
    void (*leaf_ids)(const zagg_grid *g, const double *lat_deg, const double *lon_deg,
                     size_t n, uint64_t *leaf_ids);
    uint64_t (*shard_key_of_cell)(const zagg_grid *g, uint64_t cell_id);
    /* ZAGG_NO_RANK for a cell of another shard */
    void (*ranks_of_cells)(const zagg_grid *g, const zagg_shard *shard,
                           const uint64_t *cell_ids, size_t n, uint32_t *ranks);
    void (*chunk_index)(const zagg_grid *g, const zagg_shard *shard, uint64_t b,
                        uint64_t index[2]);
    void (*chunk_cells)(const zagg_grid *g, const zagg_shard *shard, uint64_t b,
                        uint64_t *cell_ids);
    void (*label)(uint64_t key, char out[40]);
} zg_grid_ops;

struct zagg_grid {
    zagg_grid_info info;
    const zg_grid_ops *ops;
    /* rectilinear only, owned */
    char *crs; /* the configured text */
    zg_proj *proj;
};

/** Cells of points given in the CRS of a rectilinear grid; ZAGG_GEO_NO_CELL outside. */
void zg_rectilinear_cells_of_xy(const zagg_grid *grid, const double *x, const double *y,
                                size_t n, uint64_t *cell_ids);

#endif
