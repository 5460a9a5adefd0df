/* Internal shape of a store plan, shared with the writer. */
#ifndef ZG_CORE_STORE_PLAN_H
#define ZG_CORE_STORE_PLAN_H

#include "base/base.h"
#include "zagg/core.h"

/** A zarr.json below a leaf's group; name "" is the group's own. */
typedef struct zg_store_document {
    const char *name, *text;
    size_t len;
} zg_store_document;

struct zagg_store_plan {
    zagg_arena *arena;
    const zagg_pipeline *pipeline;
    const zagg_grid_info *info;
    zagg_zarr_template tmpl;
    zagg_zarr_array *arrays;
    const zagg_field *
        *fields;          /* of each array; NULL: coordinate, axis, companion words */
    size_t axis_array[2]; /* rectilinear: y and x in arrays */
    bool hive;
    zg_store_document *documents; /* hive: the same for all leaves; the group's first */
    size_t n_documents;
    char semantic_hash[ZAGG_SEMANTIC_HASH_BYTES]; /* hive */
};

/** Add an array to the template; ECONFIG where its name is taken. */
zagg_status zg_store_plan_add(zagg_store_plan *plan, zagg_zarr_array array,
                              const zagg_field *field, const char *key, zagg_err *err);

/* ---- store_axes.c: x, y and the grid mapping of a rectilinear grid ---- */

#define ZG_STORE_GRID_MAPPING "spatial_ref"

zagg_status zg_store_add_axes(zagg_store_plan *plan, zagg_err *err);
/** With output.grid.cf: every array over the cells names the grid mapping. */
zagg_status zg_store_name_mapping(zagg_store_plan *plan, zagg_err *err);

/** Names of the arrays of words beside a ragged field; NULL where it has none. */
typedef struct zg_store_words {
    const char *locations, *times;
} zg_store_words;

/* ---- store_writer.c ---- */

/** The number by which upstream 0.11 names a chunk: the shard's key where that is one
 * chunk, else its place in the chunk grid, row after row. */
uint64_t zg_csr_key(const zagg_store_plan *plan, const zagg_shard *shard,
                    const uint64_t *chunk_index);

/* ---- store_attributes.c: JSON objects in the arena of the plan ---- */

zagg_status zg_store_group_attributes(zagg_store_plan *plan, const char **out,
                                      zagg_err *err);
/** Of a field's own array; *out NULL for {}. */
zagg_status zg_store_field_attributes(zagg_store_plan *plan, const zagg_field *field,
                                      const zg_store_words *words, const char **out,
                                      zagg_err *err);
/** Of an array of location words, or else of time words, beside a ragged field. */
zagg_status zg_store_words_attributes(zagg_store_plan *plan, bool locations,
                                      const char **out, zagg_err *err);

/* ---- companion.c: the one value of a chunk, field `resolution: chunk` ---- */

/** Cell whose elements of a scalar or vector column stand for the chunk: the first
 * populated one, to which all populated ones must be equal (NaN equals NaN); 0 where none
 * is. Floating-point cells that are NaN throughout are not populated, all others are.
 * ERANGE in upstream's words where they differ. */
zagg_status zg_companion_cell(const zagg_carrier_column *column, size_t n_cells,
                              size_t *cell, zagg_err *err);
/** Cell whose payload of a ragged column stands for the chunk, in the same manner;
 * n_cells where no cell has a payload. */
zagg_status zg_companion_payload(const zagg_carrier_column *column, size_t n_cells,
                                 size_t *cell, zagg_err *err);

/* ---- store_ragged.c ---- */

/** Cells of a ragged column that are stored: those of a chunk, or the one of a companion.
 */
typedef struct zg_store_cells {
    const zagg_carrier_column *column;
    size_t first, n;
} zg_store_cells;

/** Write one chunk: through `shard` where the array is sharded, else (NULL) as an object
 * of its own. */
zagg_status zg_store_put_vlen(zagg_sink *store, const char *group,
                              const zagg_zarr_array *array, zagg_zarr_shard *shard,
                              const uint64_t *index, const zg_store_cells *cells,
                              zagg_err *err);
/** Write one chunk as a CSR group of the column's field. */
zagg_status zg_store_put_csr(zagg_sink *store, const char *group, uint64_t key,
                             const zg_store_cells *cells, zagg_err *err);

#endif
