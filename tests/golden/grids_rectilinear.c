/* Golden set grids/rectilinear: extents, shards, chunks and points of the grids whose CRS
 * zagg knows; the others must be refused as unsupported. */
#include "support/support.h"
#include "zagg/grid.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const zagg_value *member(const zagg_value *v, const char *key)
{
    const zagg_value *m = zagg_value_get(v, key);
    if (m == NULL)
        fail_msg("golden file lacks the key %s", key);
    return m;
}

static double number(const zagg_value *v)
{
    double out = 0.0;
    if (!zagg_value_number(v, &out))
        fail_msg("golden file: a number expected");
    return out;
}

static void check(case_report *r, const char *name, const char *what, bool ok)
{
    if (ok)
        case_pass(r);
    else
        case_fail(r, name, "%s", what);
}

static bool pair_is(const uint64_t ours[2], const zagg_value *list)
{
    return list->n == 2 && ours[0] == (uint64_t)list->items[0]->u.i &&
           ours[1] == (uint64_t)list->items[1]->u.i;
}

static zagg_rectilinear_spec spec_of(const zagg_value *config)
{
    zagg_rectilinear_spec s = {.crs = member(config, "crs")->str};
    const zagg_value *res = member(config, "resolution");
    const zagg_value *inner = zagg_value_get(config, "chunk_inner");
    for (size_t k = 0; k < 2; k++) {
        s.resolution[k] = number(res->kind == ZAGG_LIST ? res->items[k] : res);
        s.chunk_shape[k] = member(config, "chunk_shape")->items[k]->u.i;
        s.chunk_inner[k] = inner != NULL ? inner->items[k]->u.i : 0;
    }
    for (size_t k = 0; k < 4; k++)
        s.bounds[k] = number(member(config, "bounds")->items[k]);
    return s;
}

static void check_extent(case_report *r, const char *name, const zagg_grid_info *info,
                         const zagg_value *v)
{
    const zagg_value *extent = member(v, "extent_xmin_ymin_xmax_ymax");
    for (size_t k = 0; k < 4; k++)
        check(r, name, "extent", info->bounds[k] == number(extent->items[k]));
    check(r, name, "array shape", pair_is(info->shape, member(v, "array_shape")));
    check(r, name, "shard tile", pair_is(info->shard_shape, member(v, "shard_tile")));
    check(r, name, "chunk shape", pair_is(info->chunk_shape, member(v, "chunk_shape")));
    check(r, name, "chunks a shard",
          info->chunks_per_shard == (uint64_t)member(v, "chunks_per_shard")->u.i);
}

static void check_shard(case_report *r, const char *grid_name, const zagg_grid *grid,
                        const zagg_value *v)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shard shard;
    char name[96], label[40], hex[65];
    uint64_t key = (uint64_t)member(v, "shard_key")->u.i;
    snprintf(name, sizeof name, "%s shard %" PRIu64, grid_name, key);
    if (zagg_grid_shard(grid, key, &shard, &err) != ZAGG_OK) {
        case_fail(r, name, "refused: %s", err.msg);
        return;
    }
    zagg_grid_shard_label(grid, key, label);
    check(r, name, "label", strcmp(label, member(v, "label")->str) == 0);
    check(r, name, "block index", pair_is(shard.block, member(v, "block_index")));
    check(r, name, "first cell",
          shard.first_cell == (uint64_t)member(v, "children_first")->u.i);
    const zagg_value *chunks = member(v, "chunks");
    size_t per_chunk = (size_t)info->cells_per_chunk;
    uint64_t *cells = calloc((size_t)info->cells_per_shard, sizeof *cells);
    assert_non_null(cells);
    check(r, name, "number of chunks", chunks->n == info->chunks_per_shard);
    for (size_t b = 0; b < chunks->n && b < info->chunks_per_shard; b++) {
        const zagg_value *const *want = chunks->items[b]->items;
        uint64_t index[2], *ours = cells + b * per_chunk;
        zagg_grid_chunk_index(grid, &shard, b, index);
        zagg_grid_chunk_cells(grid, &shard, b, ours);
        check(r, name, "chunk",
              index[0] == (uint64_t)want[0]->u.i && index[1] == (uint64_t)want[1]->u.i &&
                  ours[0] == (uint64_t)want[2]->u.i &&
                  ours[per_chunk - 1] == (uint64_t)want[3]->u.i);
    }
    zg_sha256_hex(cells, (size_t)info->cells_per_shard * sizeof *cells, hex);
    check(r, name, "hash of the cells in stored order",
          strcmp(hex, member(v, "concat_sha256_le_i64")->str) == 0);
    free(cells);
}

/** Leaf ids and shards of points; the first two columns of the points are x and y, which
 * in degrees are longitude and latitude. */
static void check_points(case_report *r, const char *name, const zagg_grid *grid,
                         const char *points, const char *ids)
{
    char path[160];
    snprintf(path, sizeof path, "grids/rectilinear/%s_%s.npy", name, points);
    npy xy = npy_read(golden_path(path));
    snprintf(path, sizeof path, "grids/rectilinear/%s_%s.npy", name, ids);
    npy expected = npy_read(golden_path(path));
    size_t n = (size_t)xy.dims[0], width = (size_t)xy.dims[1];
    assert_int_equal(expected.n, 2 * n);
    double *lat = calloc(n, sizeof *lat), *lon = calloc(n, sizeof *lon);
    uint64_t *leaf = calloc(n, sizeof *leaf), *keys = calloc(n, sizeof *keys);
    bool *no_key = calloc(n, sizeof *no_key);
    assert_true(lat != NULL && lon != NULL && leaf != NULL && keys != NULL &&
                no_key != NULL);
    for (size_t k = 0; k < n; k++) {
        lon[k] = ((const double *)xy.data)[k * width];
        lat[k] = ((const double *)xy.data)[k * width + 1];
    }
    zagg_grid_leaf_ids(grid, lat, lon, n, leaf);
    zagg_grid_shard_keys(grid, lat, lon, n, keys, no_key);
    for (size_t k = 0; k < n; k++) {
        const int64_t *want = (const int64_t *)expected.data + 2 * k;
        bool ok = (int64_t)leaf[k] == want[0] && no_key[k] == (want[1] == -1) &&
                  (no_key[k] || (int64_t)keys[k] == want[1]);
        if (ok) {
            case_pass(r);
            continue;
        }
        snprintf(path, sizeof path, "%s %s row %zu", name, points, k);
        case_fail(r, path, "lat %.17g lon %.17g: cell %" PRId64 ", expected %" PRId64,
                  lat[k], lon[k], (int64_t)leaf[k], want[0]);
    }
    free(lat);
    free(lon);
    free(leaf);
    free(keys);
    free(no_key);
    npy_free(&xy);
    npy_free(&expected);
}

static void check_grid(case_report *r, const char *name, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    zagg_rectilinear_spec spec = spec_of(member(v, "config"));
    zagg_status st = zagg_grid_new_rectilinear(&spec, &grid, &err);
    if (strcmp(spec.crs, "EPSG:4326") != 0) {
        check(r, name, "a projected CRS is refused",
              st == ZAGG_EUNSUPPORTED && strstr(err.msg, spec.crs) != NULL);
        return;
    }
    if (st != ZAGG_OK) {
        case_fail(r, name, "refused: %s", err.msg);
        return;
    }
    check_extent(r, name, zagg_grid_get_info(grid), v);
    const zagg_value *shards = member(v, "shards");
    for (size_t k = 0; k < shards->n; k++)
        check_shard(r, name, grid, shards->items[k]);
    check_points(r, name, grid, "lonlat_xy", "leaf_shard");
    check_points(r, name, grid, "arith_xy", "arith_leaf_shard");
    zagg_grid_free(grid);
}

static void grids(void **state)
{
    (void)state;
    if (!golden_available("grids/rectilinear"))
        skip();
    case_report r = {.set = "grids/rectilinear"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, golden_path("grids/rectilinear/grids.json"));
    size_t n = 0;
    for (size_t k = 0; k < root->n; k++)
        if (zagg_value_get(root->members[k].value, "config") != NULL) {
            check_grid(&r, root->members[k].key->str, root->members[k].value);
            n++;
        }
    zagg_arena_free(arena);
    assert_true(n >= 8);
    report_end(&r, 5900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grids)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
