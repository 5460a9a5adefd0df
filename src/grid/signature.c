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
        text.failed
            ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a grid signature")
            : zagg_json_parse(arena, text.data, text.len, "grid signature", out, err);
    zg_str_free(&text);
    return status;
}

/* ---- back to the grid ---- */

static bool numbers(const zagg_value *list, size_t n, double *out)
{
    bool ok = list != NULL && list->kind == ZAGG_LIST && list->n == n;
    for (size_t i = 0; ok && i < n; i++)
        ok = zagg_value_number(list->items[i], &out[i]);
    return ok;
}

static zagg_status not_a_signature(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "grid_signature tells of no grid (type healpix with orders, or "
                        "rectilinear with crs, affine, shape and chunk_shape)");
}

static zagg_status healpix_of(const zagg_value *s, zagg_latitude latitude,
                              zagg_grid **out, zagg_err *err)
{
    zagg_healpix_spec spec = {.chunk_inner = -1, .latitude = latitude};
    if (!zagg_value_i64(zagg_value_get(s, "parent_order"), &spec.parent_order) ||
        !zagg_value_i64(zagg_value_get(s, "child_order"), &spec.child_order))
        return not_a_signature(err);
    return zagg_grid_new_healpix(&spec, out, err);
}

static zagg_status rectilinear_of(const zagg_value *s, zagg_grid **out, zagg_err *err)
{
    const char *crs = zg_value_text(s, "crs");
    double affine[6], shape[2], tile[2];
    if (crs == NULL || !numbers(zagg_value_get(s, "affine"), 6, affine) ||
        !numbers(zagg_value_get(s, "shape"), 2, shape) ||
        !numbers(zagg_value_get(s, "chunk_shape"), 2, tile) ||
        !(tile[0] >= 1.0 && tile[0] < 1e9 && tile[1] >= 1.0 && tile[1] < 1e9))
        return not_a_signature(err);
    const zagg_rectilinear_spec spec = {
        .crs = crs,
        .resolution = {affine[0], -affine[4]},
        .bounds = {affine[2], affine[5] + shape[0] * affine[4],
                   affine[2] + shape[1] * affine[0], affine[5]},
        .chunk_shape = {(int64_t)tile[0], (int64_t)tile[1]}};
    return zagg_grid_new_rectilinear(&spec, out, err);
}

zagg_status zg_grid_of_signature(const zagg_value *signature, zagg_latitude latitude,
                                 zagg_grid **out, zagg_err *err)
{
    const zagg_value *type = zagg_value_get(signature, "type");
    if (type != NULL && zagg_value_is(type, "healpix"))
        return healpix_of(signature, latitude, out, err);
    if (type != NULL && zagg_value_is(type, "rectilinear"))
        return rectilinear_of(signature, out, err);
    return not_a_signature(err);
}
