/* Golden sets grids/rectilinear and grids/signatures.json: extents, shards, chunks,
 * points, footprints, coverage, signatures and refused grids. Coordinates come from
 * another version of PROJ there: metres must agree within 1e-8, degrees of footprints
 * within 1e-8 (PROJ 9.1 inverts authalic latitudes near a pole to 3.5e-9), and cells
 * exactly. */
#include "grid/footprint.h"
#include "grid/grid.h"
#include "support/support.h"
#include "zagg/core.h"
#include "zagg/run.h"

#include <inttypes.h>
#include <math.h>
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

/* ---- points ---- */

#define METRES 1e-8
#define DEGREES 2e-8

static bool close_to(double ours, double theirs, double tolerance)
{
    return fabs(ours - theirs) <= tolerance ||
           (isnan(theirs) ? !isfinite(ours) : isinf(theirs) && isinf(ours));
}

/** Leaf id and shard of each point against the rows of a file. `at`: x and y, or
 * longitude and latitude, for messages. */
static void check_cells(case_report *r, const zagg_grid *grid, const char *file,
                        const npy *at, const uint64_t *leaf)
{
    char path[160];
    npy expected;
    snprintf(path, sizeof path, "grids/rectilinear/%s_leaf_shard.npy", file);
    expected = npy_read(golden_path(path));
    size_t n = (size_t)at->dims[0], width = (size_t)at->dims[1];
    assert_int_equal(expected.n, 2 * n);
    for (size_t k = 0; k < n; k++) {
        const int64_t *want = (const int64_t *)expected.data + 2 * k;
        const double *point = (const double *)at->data + k * width;
        int64_t shard = -1;
        if (leaf[k] != ZAGG_GEO_NO_CELL)
            shard = (int64_t)grid->ops->shard_key_of_cell(grid, leaf[k]);
        if ((int64_t)leaf[k] == want[0] && shard == want[1]) {
            case_pass(r);
            continue;
        }
        snprintf(path, sizeof path, "%s row %zu", file, k);
        case_fail(r, path, "(%.17g, %.17g): cell %" PRId64 ", expected %" PRId64,
                  point[0], point[1], (int64_t)leaf[k], want[0]);
    }
    npy_free(&expected);
}

/* Rows of longitude, latitude, x, y. */
static void check_lonlat(case_report *r, const char *name, const zagg_grid *grid)
{
    char path[160];
    double worst = 0.0;
    snprintf(path, sizeof path, "grids/rectilinear/%s_lonlat_xy.npy", name);
    npy rows = npy_read(golden_path(path));
    size_t n = (size_t)rows.dims[0];
    double *lat = calloc(4 * n, sizeof *lat), *lon = lat + n, *x = lon + n, *y = x + n;
    uint64_t *leaf = calloc(2 * n, sizeof *leaf), *keys = leaf + n;
    bool *no_key = calloc(n, sizeof *no_key);
    assert_true(lat != NULL && leaf != NULL && no_key != NULL && rows.dims[1] == 4);
    for (size_t k = 0; k < n; k++) {
        lon[k] = ((const double *)rows.data)[4 * k];
        lat[k] = ((const double *)rows.data)[4 * k + 1];
    }
    zg_proj_forward(grid->proj, lon, lat, n, x, y);
    zagg_grid_leaf_ids(grid, lat, lon, n, leaf);
    zagg_grid_shard_keys(grid, lat, lon, n, keys, no_key);
    for (size_t k = 0; k < n; k++) {
        const double *want = (const double *)rows.data + 4 * k + 2;
        /* beyond the poles zagg has no point, upstream's degrees have */
        const bool none = !(fabs(lat[k]) <= 90.0) || !isfinite(lon[k]);
        const bool near =
            none ? isinf(x[k]) && isinf(y[k])
                 : close_to(x[k], want[0], METRES) && close_to(y[k], want[1], METRES);
        check(r, name, "x, y", near);
        if (!none && isfinite(want[0]))
            worst = fmax(worst, fmax(fabs(x[k] - want[0]), fabs(y[k] - want[1])));
        check(r, name, "shard key",
              no_key[k] ? leaf[k] == ZAGG_GEO_NO_CELL
                        : keys[k] == grid->ops->shard_key_of_cell(grid, leaf[k]));
    }
    check_cells(r, grid, name, &rows, leaf);
    print_message("%s: x, y within %g of upstream's\n", name, worst);
    free(lat);
    free(leaf);
    free(no_key);
    npy_free(&rows);
}

/* Rows of x, y: the arithmetic of cells without a projection. */
static void check_arithmetic(case_report *r, const char *name, const zagg_grid *grid)
{
    char path[160], file[96];
    snprintf(path, sizeof path, "grids/rectilinear/%s_arith_xy.npy", name);
    npy rows = npy_read(golden_path(path));
    size_t n = (size_t)rows.dims[0];
    double *x = calloc(2 * n, sizeof *x), *y = x + n;
    uint64_t *leaf = calloc(n, sizeof *leaf);
    assert_true(x != NULL && leaf != NULL && rows.dims[1] == 2);
    for (size_t k = 0; k < n; k++) {
        x[k] = ((const double *)rows.data)[2 * k];
        y[k] = ((const double *)rows.data)[2 * k + 1];
    }
    zg_rectilinear_cells_of_xy(grid, x, y, n, leaf);
    snprintf(file, sizeof file, "%s_arith", name);
    check_cells(r, grid, file, &rows, leaf);
    free(x);
    free(leaf);
    npy_free(&rows);
}

/* ---- areas ---- */

static void check_footprint(case_report *r, const char *name, const zagg_grid *grid,
                            const zagg_value *v)
{
    const zagg_value *ring = member(v, "footprint_lonlat");
    double lon[ZG_FOOTPRINT_MAX], lat[ZG_FOOTPRINT_MAX];
    zagg_err err = ZAGG_ERR_INIT;
    size_t n = 0;
    uint64_t key = (uint64_t)member(v, "shard_key")->u.i;
    if (zg_grid_shard_outline(grid, key, lon, lat, &n, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    bool same = n == ring->n;
    for (size_t k = 0; same && k < n; k++)
        same = close_to(lon[k], number(ring->items[k]->items[0]), DEGREES) &&
               close_to(lat[k], number(ring->items[k]->items[1]), DEGREES);
    check(r, name, "footprint", same);
}

/* "box_20_10_26_12" is a rectangle of longitudes and latitudes; "aop" is the survey area.
 */
static zg_ground_ring ring_of(const char *name, double lat[8], double lon[8])
{
    static const double AOP_LAT[] = {38.842973, 38.844515, 38.934599, 38.933052,
                                     38.842973};
    static const double AOP_LON[] = {-76.621242, -76.506054, -76.507957, -76.623291,
                                     -76.621242};
    double box[4];
    if (strcmp(name, "aop") == 0)
        return (zg_ground_ring){AOP_LAT, AOP_LON, 5};
    if (sscanf(name, "box_%lf_%lf_%lf_%lf", &box[0], &box[1], &box[2], &box[3]) != 4)
        fail_msg("golden file: coverage of %s?", name);
    for (int k = 0; k < 5; k++) {
        lon[k] = box[k == 1 || k == 2 ? 2 : 0];
        lat[k] = box[k == 2 || k == 3 ? 3 : 1];
    }
    return (zg_ground_ring){lat, lon, 5};
}

static void check_coverage(case_report *r, const char *name, const zagg_grid *grid,
                           const zagg_value *cases)
{
    for (size_t c = 0; c < cases->n; c++) {
        const zagg_value *want = cases->members[c].value;
        double lat[8], lon[8];
        zg_vec keys;
        zagg_err err = ZAGG_ERR_INIT;
        zg_ground_ring ring = ring_of(cases->members[c].key->str, lat, lon);
        zg_vec_init(&keys, sizeof(uint64_t), 0);
        if (zg_grid_coverage(grid, &ring, 1, &keys, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        bool same = keys.len == want->n;
        for (size_t k = 0; same && k < want->n; k++)
            same = *ZG_VEC_AT(&keys, uint64_t, k) == (uint64_t)want->items[k]->u.i;
        check(r, name, cases->members[c].key->str, same);
        zg_vec_free(&keys);
    }
}

static void check_signature(case_report *r, const char *name, const zagg_grid *grid,
                            const zagg_value *signature)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_shardmap map = {.name = name, .grid_signature = signature};
    if (zagg_run_check_signature(grid, &map, &err) == ZAGG_OK)
        case_pass(r);
    else
        case_fail(r, name, "%s", err.msg);
}

static void check_grid(case_report *r, const char *name, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    zagg_rectilinear_spec spec = spec_of(member(v, "config"));
    zagg_status st = zagg_grid_new_rectilinear(&spec, &grid, &err);
    if (st != ZAGG_OK) {
        case_fail(r, name, "refused: %s", err.msg);
        return;
    }
    check_extent(r, name, zagg_grid_get_info(grid), v);
    const zagg_value *shards = member(v, "shards");
    for (size_t k = 0; k < shards->n; k++) {
        check_shard(r, name, grid, shards->items[k]);
        check_footprint(r, name, grid, shards->items[k]);
    }
    check_coverage(r, name, grid, member(v, "coverage"));
    check_signature(r, name, grid, member(v, "spatial_signature"));
    check_lonlat(r, name, grid);
    check_arithmetic(r, name, grid);
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
    report_end(&r, 47000);
}

/* ---- configs ---- */

static zagg_status grid_of_text(const char *text, const char *name, zagg_grid **grid,
                                zagg_err *err)
{
    zagg_pipeline *p = NULL;
    *grid = NULL;
    zagg_status status = zagg_pipeline_parse(text, strlen(text), name, NULL, &p, err);
    if (status == ZAGG_OK)
        status = zagg_grid_from_pipeline(p, ZAGG_LATITUDE_AUTHALIC, grid, err);
    zagg_pipeline_free(p);
    return status;
}

/* Python's literal as YAML: tuples are lists. */
static void add_literal(zg_str *out, const char *key, const zagg_value *v)
{
    if (v == NULL)
        return;
    zg_str_addf(out, ", %s: ", key);
    for (const char *c = v->str; *c != '\0'; c++)
        zg_str_addc(out, *c == '(' ? '[' : *c == ')' ? ']' : *c);
}

/* Grids whose constructor raises upstream are no grids here, with another status than a
 * defect's. */
static void refused_grids(void **state)
{
    (void)state;
    static const char *const KEYS[] = {"resolution", "bounds", "chunk_shape",
                                       "chunk_inner", "sharded"};
    if (!golden_available("grids/rectilinear"))
        skip();
    case_report r = {.set = "grids/rectilinear constructor_errors"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, golden_path("grids/rectilinear/grids.json"));
    const zagg_value *cases = member(root, "constructor_errors");
    for (size_t i = 0; i < cases->n; i++) {
        const zagg_value *kw = member(cases->items[i], "kw");
        zagg_err err = ZAGG_ERR_INIT;
        zagg_grid *grid = NULL;
        char name[32];
        zg_str text;
        zg_str_init(&text, 0);
        zg_str_addf(
            &text,
            "data_source: {driver: file, reader: h5coro, groups: [gt1l],\n"
            "  coordinates: {latitude: /la, longitude: /lo}, variables: {h: /h}}\n"
            "aggregation: {variables: {n: {function: len, source: h}}}\n"
            "output: {grid: {type: rectilinear, crs: \"%s\"",
            member(kw, "crs")->str);
        for (size_t k = 0; k < sizeof KEYS / sizeof KEYS[0]; k++)
            add_literal(&text, KEYS[k], zagg_value_get(kw, KEYS[k]));
        zg_str_add(&text, "}}\n");
        snprintf(name, sizeof name, "case %zu", i);
        const zagg_status status = grid_of_text(text.data, name, &grid, &err);
        check(&r, name, text.data,
              status == ZAGG_ECONFIG && strstr(err.msg, "output.grid.") != NULL);
        zagg_grid_free(grid);
        zg_str_free(&text);
    }
    zagg_arena_free(arena);
    report_end(&r, 11);
}

static void benchmark_signatures(void **state)
{
    (void)state;
    if (!golden_available("grids/signatures.json"))
        skip();
    case_report r = {.set = "grids/signatures.json"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("grids/signatures.json"));
    for (size_t i = 0; i < root->n; i++) {
        const char *name = root->members[i].key->str;
        static const char *const VERSIONS[] = {"v0_11", "v0_61"};
        char path[160], *text = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_grid *grid = NULL;
        size_t len = 0;
        snprintf(path, sizeof path, "data/benchmark/configs/%s.yaml", name);
        if (zagg_file_read(shared_path(path), (size_t)1 << 20, &text, &len, &err) !=
            ZAGG_OK) {
            case_skip(&r, name, err.msg);
            continue;
        }
        if (grid_of_text(text, name, &grid, &err) != ZAGG_OK)
            case_fail(&r, name, "%s", err.msg);
        for (int v = 0; grid != NULL && v < 2; v++)
            check_signature(
                &r, name, grid,
                member(member(root->members[i].value, VERSIONS[v]), "spatial_signature"));
        zagg_grid_free(grid);
        zagg_bytes_free(text);
    }
    zagg_arena_free(arena);
    report_end(&r, getenv("ZAGG_GOLDEN") != NULL ? 0 : 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grids),
                                       cmocka_unit_test(refused_grids),
                                       cmocka_unit_test(benchmark_signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
