/* From the output section of a pipeline to a grid. */
#include "zagg/core.h"

#include <string.h>

zagg_status zagg_grid_from_pipeline(const zagg_pipeline *pipeline, zagg_latitude latitude,
                                    zagg_grid **out, zagg_err *err)
{
    const zagg_output *o = &pipeline->output;
    zagg_status status;
    if (!o->grid_type)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: output.grid: a grid is needed, e.g. {type: healpix, "
                            "parent_order: 11, child_order: 19}",
                            pipeline->name);
    if (strcmp(o->grid_type, "healpix") == 0) {
        const zagg_healpix_spec spec = {o->parent_order, o->child_order, o->chunk_inner,
                                        o->sharded, latitude};
        status = zagg_grid_new_healpix(&spec, out, err);
    } else if (strcmp(o->grid_type, "rectilinear") == 0) {
        zagg_rectilinear_spec spec = {.crs = o->crs, .sharded = o->sharded};
        memcpy(spec.resolution, o->resolution, sizeof spec.resolution);
        memcpy(spec.bounds, o->bounds, sizeof spec.bounds);
        memcpy(spec.chunk_shape, o->chunk_shape, sizeof spec.chunk_shape);
        memcpy(spec.chunk_inner, o->rect_chunk_inner, sizeof spec.chunk_inner);
        status = zagg_grid_new_rectilinear(&spec, out, err);
    } else {
        status = zagg_err_set(
            err, ZAGG_ECONFIG,
            "output.grid.type: found '%s'; must be healpix or rectilinear", o->grid_type);
    }
    if (status == ZAGG_OK)
        return ZAGG_OK;
    const zagg_value *grid =
        zagg_value_get(zagg_value_get(pipeline->root, "output"), "grid");
    const zagg_value *crs = zagg_value_get(grid, "crs");
    const uint32_t line = crs ? crs->line : grid ? grid->line : 0;
    return line ? zagg_err_context(err, status, "%s:%u", pipeline->name, line)
                : zagg_err_context(err, status, "%s", pipeline->name);
}
