/* What a store is coloured by. */
#ifndef ZG_VIEW_STORE_FIELD_H
#define ZG_VIEW_STORE_FIELD_H

#include "base/base.h"
#include "zagg/store.h"

typedef enum zg_pick_kind {
    ZG_PICK_CELLS = 0, /* no field: how many cells of a shard hold data */
    ZG_PICK_VALUE,     /* one value of a cell: `part` of a vector or series */
    ZG_PICK_MEDIAN,    /* of a digest */
    ZG_PICK_ROWS,      /* how many rows a ragged field has */
    ZG_PICK_CHUNK      /* one value of a chunk */
} zg_pick_kind;

typedef struct zg_pick {
    zg_pick_kind kind;
    size_t field;     /* of the group; unused for CELLS */
    size_t part;      /* of `width` values */
    bool is_count;    /* observations a cell: sums add up, and nothing is below 0 */
    size_t count;     /* field of observations beside another one; SIZE_MAX: none */
    zg_vec centroids; /* float: of one digest */
    char name[128];   /* for people: "h_mean", "hist[3]", "h_tdigest (median)" */
} zg_pick;

/** `asked`: NAME, NAME[K], "count", or NULL for the field count, or without one the cells
 * that hold data. EARG names what there is to choose from. Free it in any case. */
zagg_status zg_pick_field(const zagg_store_group *group, const char *asked, zg_pick *out,
                          zagg_err *err);
void zg_pick_free(zg_pick *pick);
/** For each field of the group whether it has to be read; zg_free. NULL: no memory. */
bool *zg_pick_wanted(const zg_pick *pick, const zagg_store_group *group);
/** Whether the cell has data, and its value: NaN where that is not finite. NOMEM. */
zagg_status zg_pick_value(zg_pick *pick, const zagg_store_chunk *chunk, size_t cell,
                          bool *has, double *value, zagg_err *err);
/** Observations of the cell, 0 where they are not known. */
uint64_t zg_pick_count(const zg_pick *pick, const zagg_store_chunk *chunk, size_t cell);

#endif
