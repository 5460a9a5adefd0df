/* Signatures of grids, by way of their text. */
#include "grid/signature.h"

#include "text/text.h"

static void write_shape(zg_json_out *w, const char *key, const uint64_t shape[2])
{
    zg_json_key(w, key);
    zg_json_open_list(w);
    zg_json_u64(w, shape[0]);
    zg_json_u64(w, shape[1]);
    zg_json_close_list(w);
}

/* As rasterio writes an affine transform: x then y, each scale, shear, origin. */
static void write_affine(zg_json_out *w, const zagg_grid_info *g)
{
    const double affine[6] = {g->resolution[0],  0.0,         g->bounds[0], 0.0,
                              -g->resolution[1], g->bounds[3]};
    zg_json_key(w, "affine");
    zg_json_open_list(w);
    for (int i = 0; i < 6; i++)
        zg_json_double(w, affine[i]);
    zg_json_close_list(w);
}

static void write_signature(zg_json_out *w, const zagg_grid_info *g)
{
    zg_json_open_map(w);
    zg_json_key(w, "type");
    if (g->kind == ZAGG_GRID_HEALPIX) {
        zg_json_str(w, "healpix");
        zg_json_put_str(w, "indexing_scheme", "nested");
        zg_json_key(w, "parent_order");
        zg_json_i64(w, g->parent_order);
        zg_json_key(w, "child_order");
        zg_json_i64(w, g->child_order);
        zg_json_put_str(w, "layout", "fullsphere");
    } else {
        zg_json_str(w, "rectilinear");
        zg_json_put_str(w, "crs", g->crs_id);
        write_affine(w, g);
        write_shape(w, "shape", g->shape);
        write_shape(w, "chunk_shape", g->shard_shape);
    }
    zg_json_close_map(w);
}

zagg_status zg_grid_signature(const zagg_grid *grid, zagg_arena *arena,
                              const zagg_value **out, zagg_err *err)
{
    zg_json_out w;
    zg_str text;
    zg_str_init(&text, 1u << 16);
    zg_json_begin(&w, &text, -1);
    write_signature(&w, zagg_grid_get_info(grid));
    zagg_status status =
        zagg_json_parse(arena, text.data, text.len, "grid signature", out, err);
    zg_str_free(&text);
    return status;
}
