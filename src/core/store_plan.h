/* Internal shape of a store plan, shared with the writer. */
#ifndef ZG_CORE_STORE_PLAN_H
#define ZG_CORE_STORE_PLAN_H

#include "base/base.h"
#include "zagg/core.h"

struct zagg_store_plan {
    zagg_arena *arena;
    const zagg_pipeline *pipeline;
    const zagg_grid_info *info;
    zagg_zarr_template tmpl;
    zagg_zarr_array *arrays;
    size_t axis_array[2]; /* rectilinear: y and x in arrays */
};

#endif
