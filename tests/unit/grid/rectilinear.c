/* Rectilinear grids: construction, padding, edges, numpy's floor division. */
#include "support/support.h"
#include "zagg/grid.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const zagg_rectilinear_spec good = {
    .crs = "EPSG:4326",
    .resolution = {0.1, 0.1},
    .bounds = {-180.0, -90.0, 180.0, 90.0},
    .chunk_shape = {180, 360},
};

static zagg_grid *grid_of(const zagg_rectilinear_spec *spec)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    if (zagg_grid_new_rectilinear(spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static void refuse(zagg_rectilinear_spec spec, zagg_status status, const char *words)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    assert_int_equal(zagg_grid_new_rectilinear(&spec, &grid, &err), status);
    assert_null(grid);
    if (strstr(err.msg, words) == NULL)
        fail_msg("message lacks '%s': %s", words, err.msg);
}

static void wrong_specs(void **state)
{
    (void)state;
    const double inf = (double)INFINITY, nan = (double)NAN;
    zagg_rectilinear_spec s = good;
    s.bounds[2] = -180.0;
    refuse(s, ZAGG_ECONFIG, "output.grid.bounds");
    s = good;
    s.bounds[3] = -91.0;
    refuse(s, ZAGG_ECONFIG, "ymax > ymin");
    s = good;
    s.bounds[0] = nan;
    refuse(s, ZAGG_ECONFIG, "four finite numbers");
    s.bounds[0] = -inf;
    refuse(s, ZAGG_ECONFIG, "four finite numbers");
    const double steps[] = {0.0, -0.1, nan, inf};
    for (size_t k = 0; k < 4; k++) {
        s = good;
        s.resolution[1] = steps[k];
        refuse(s, ZAGG_ECONFIG, "output.grid.resolution must be positive");
    }
    s = good;
    s.chunk_shape[0] = 0;
    refuse(s, ZAGG_ECONFIG, "output.grid.chunk_shape (0, 360)");
    s = good;
    s.chunk_shape[0] = INT64_MAX;
    refuse(s, ZAGG_ECONFIG, "make the shards smaller");
    s = good;
    s.chunk_inner[0] = 7;
    s.chunk_inner[1] = 36;
    refuse(s, ZAGG_ECONFIG, "output.grid.chunk_inner (7, 36) must evenly divide");
    s.chunk_inner[0] = 0;
    refuse(s, ZAGG_ECONFIG, "must evenly divide");
    s = good;
    s.sharded = true;
    refuse(s, ZAGG_ECONFIG, "output.grid.sharded needs more than one inner chunk");
    s.chunk_inner[0] = 180;
    s.chunk_inner[1] = 360;
    refuse(s, ZAGG_ECONFIG, "output.grid.sharded needs more than one inner chunk");
    s = good;
    s.bounds[2] = -180.0 + 1e-12;
    refuse(s, ZAGG_ECONFIG, "larger than the span");
    s = good;
    s.resolution[0] = 1e-9;
    refuse(s, ZAGG_ECONFIG, "columns, beyond the limit");
}

static void coordinate_systems(void **state)
{
    (void)state;
    static const char *const none[] = {"EPSG:notacode", "EPSG:",      "",
                                       "nonsense",      "EPSG:4326x", "ESRI:"};
    static const char *const systems[][2] = {
        {"EPSG:4326", "EPSG:4326"},
        {"epsg:3031", "EPSG:3031"},
        {"OGC:CRS84", "OGC:CRS84"},
        {"+proj=utm +zone=18", "+proj=utm +zone=18 +type=crs"}};
    zagg_rectilinear_spec s = good;
    for (size_t k = 0; k < sizeof none / sizeof none[0]; k++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_grid *grid = NULL;
        s.crs = none[k];
        const zagg_status status = zagg_grid_new_rectilinear(&s, &grid, &err);
        /* without PROJ's database nobody can tell what a name may mean */
        assert_true(status == ZAGG_ECONFIG || status == ZAGG_EUNSUPPORTED);
        assert_non_null(strstr(err.msg, "output.grid.crs: '"));
    }
    for (size_t k = 0; k < sizeof systems / sizeof systems[0]; k++) {
        s.crs = systems[k][0];
        zagg_grid *grid = grid_of(&s);
        assert_string_equal(zagg_grid_get_info(grid)->crs, systems[k][0]);
        assert_string_equal(zagg_grid_get_info(grid)->crs_id, systems[k][1]);
        zagg_grid_free(grid);
    }
    s = good; /* sizes are judged before the CRS */
    s.crs = "EPSG:3031";
    s.chunk_shape[1] = -1;
    refuse(s, ZAGG_ECONFIG, "output.grid.chunk_shape");
}

static void padding(void **state)
{
    (void)state;
    zagg_rectilinear_spec s = {.crs = "OGC:CRS84",
                               .resolution = {0.25, 0.1},
                               .bounds = {-125.0, 24.0, -66.3, 49.95},
                               .chunk_shape = {50, 40},
                               .chunk_inner = {25, 20},
                               .sharded = true};
    zagg_grid *grid = grid_of(&s);
    const zagg_grid_info *i = zagg_grid_get_info(grid);
    assert_int_equal(zagg_grid_get_kind(grid), ZAGG_GRID_RECTILINEAR);
    assert_true(i->shape[0] == 300 && i->shape[1] == 240);
    assert_true(i->bounds[0] == -125.0 && i->bounds[1] == 19.950000000000003);
    assert_true(i->bounds[2] == -65.0 && i->bounds[3] == 49.95);
    assert_true(i->sharded && i->rank == 2);
    assert_int_equal(i->cells_per_shard, 2000);
    assert_int_equal(i->cells_per_chunk, 500);
    assert_int_equal(i->chunks_per_shard, 4);
    assert_string_equal(i->group, "rectilinear");
    assert_string_equal(i->dim_names[0], "y");
    assert_string_equal(i->chunk_dim_names[1], "chunk_x");
    zagg_grid_free(grid);
}

static uint64_t cell_of(const zagg_grid *grid, double lat_deg, double lon_deg)
{
    uint64_t id = 0;
    zagg_grid_leaf_ids(grid, &lat_deg, &lon_deg, 1, &id);
    return id;
}

static void edges(void **state)
{
    (void)state;
    const double inf = (double)INFINITY, nan = (double)NAN;
    zagg_grid *grid = grid_of(&good);
    const uint64_t none = UINT64_MAX, width = 3600;
    /* top and left edges belong to the grid */
    assert_true(cell_of(grid, 90.0, -180.0) == 0);
    /* by numpy's division so do bottom and right: 360 // 0.1 is 3599 */
    assert_true(cell_of(grid, -90.0, 180.0) == 1799 * width + 3599);
    assert_true(cell_of(grid, 0.05, 179.95) == 899 * width + 3599);
    assert_true(cell_of(grid, 0.0, 540.0) == none); /* longitudes are not wrapped */
    assert_true(cell_of(grid, 0.0, -180.0000001) == none);
    assert_true(cell_of(grid, 90.0000001, 0.0) == none);
    assert_true(cell_of(grid, nan, 0.0) == none && cell_of(grid, 0.0, nan) == none);
    assert_true(cell_of(grid, inf, 0.0) == none && cell_of(grid, 0.0, -inf) == none);
    assert_true(cell_of(grid, 0.0, 1e308) == none);
    /* numpy: 1.0 // 0.1 is 9, though floor(1.0 / 0.1) is 10 */
    assert_true(cell_of(grid, 90.0, -179.0) == 9);
    assert_true(cell_of(grid, 89.0, -180.0) == 9 * width);
    zagg_grid_free(grid);
    zagg_rectilinear_spec s = good; /* a step that doubles hold exactly */
    s.resolution[0] = s.resolution[1] = 0.25;
    grid = grid_of(&s);
    assert_true(cell_of(grid, -89.999, 179.999) == 719 * 1440 + 1439);
    assert_true(cell_of(grid, -90.0, 0.0) == none && cell_of(grid, 0.0, 180.0) == none);
    zagg_grid_free(grid);
}

static void ranks_and_chunks(void **state)
{
    (void)state;
    zagg_rectilinear_spec s = {.crs = "EPSG:4326",
                               .resolution = {1.0, 1.0},
                               .bounds = {0.0, 0.0, 16.0, 12.0},
                               .chunk_shape = {6, 8},
                               .chunk_inner = {2, 4},
                               .sharded = true};
    zagg_grid *grid = grid_of(&s);
    const zagg_grid_info *i = zagg_grid_get_info(grid);
    bool seen[4][48] = {{false}};
    for (uint64_t key = 0; key < 4; key++) {
        zagg_shard shard;
        char label[40];
        assert_int_equal(zagg_grid_shard(grid, key, &shard, NULL), ZAGG_OK);
        assert_true(shard.block[0] == key / 2 && shard.block[1] == key % 2);
        assert_true(shard.first_cell == key / 2 * 96 + key % 2 * 8);
        zagg_grid_shard_label(grid, key, label);
        assert_true(label[0] == (char)('0' + key) && label[1] == '\0');
        for (uint64_t b = 0; b < i->chunks_per_shard; b++) {
            uint64_t cells[8], index[2];
            zagg_grid_chunk_index(grid, &shard, b, index);
            assert_true(index[0] == shard.block[0] * 3 + b / 2);
            assert_true(index[1] == shard.block[1] * 2 + b % 2);
            zagg_grid_chunk_cells(grid, &shard, b, cells);
            for (uint64_t c = 0; c < 8; c++) {
                /* the middle of each cell has the rank of its place in the chunk */
                double lon = (double)(cells[c] % 16) + 0.5;
                double lat = 12.0 - ((double)(cells[c] / 16) + 0.5);
                uint32_t rank = 0;
                uint64_t none = 9, owner = 9;
                bool no_key = true;
                zagg_grid_ranks(grid, &shard, &lat, &lon, 1, &rank, &none);
                zagg_grid_shard_keys(grid, &lat, &lon, 1, &owner, &no_key);
                assert_true(rank == b * 8 + c && none == 0);
                assert_true(owner == key && !no_key);
                assert_false(seen[key][rank]);
                seen[key][rank] = true;
                zagg_shard other;
                assert_int_equal(zagg_grid_shard(grid, (key + 1) % 4, &other, NULL),
                                 ZAGG_OK);
                zagg_grid_ranks(grid, &other, &lat, &lon, 1, &rank, &none);
                assert_true(rank == ZAGG_NO_RANK && none == 0);
            }
        }
    }
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shard shard;
    assert_int_equal(zagg_grid_shard(grid, 4, &shard, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "shard key 4 lies beyond the 2 x 2 shards"));
    double lat[2] = {13.0, 5.0}, lon[2] = {1.0, (double)NAN};
    uint32_t rank[2];
    uint64_t none = 0, keys[2];
    bool no_key[2];
    assert_int_equal(zagg_grid_shard(grid, 0, &shard, &err), ZAGG_OK);
    zagg_grid_ranks(grid, &shard, lat, lon, 2, rank, &none);
    zagg_grid_shard_keys(grid, lat, lon, 2, keys, no_key);
    assert_true(none == 2 && rank[0] == ZAGG_NO_RANK && rank[1] == ZAGG_NO_RANK);
    assert_true(no_key[0] && no_key[1]);
    zagg_grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_specs),      cmocka_unit_test(coordinate_systems),
        cmocka_unit_test(padding),          cmocka_unit_test(edges),
        cmocka_unit_test(ranks_and_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
