/* Masks of the area of interest against one flag for each cell, on both grids, in one
 * chunk a shard and in several; hostile payloads. */
#include "core/mask.h"

#include "support/support.h"

#include <string.h>

static zagg_grid *healpix(int64_t parent, int64_t chunk, int64_t child)
{
    zagg_grid *grid = NULL;
    const zagg_healpix_spec spec = {parent, child, chunk, chunk >= 0,
                                    ZAGG_LATITUDE_AUTHALIC};
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, NULL), ZAGG_OK);
    return grid;
}

static zagg_grid *rectilinear(int64_t rows, int64_t columns)
{
    zagg_grid *grid = NULL;
    const zagg_rectilinear_spec spec = {"EPSG:4326", {1, 1},          {0, 0, 24, 16},
                                        {8, 12},     {rows, columns}, rows > 0};
    assert_int_equal(zagg_grid_new_rectilinear(&spec, &grid, NULL), ZAGG_OK);
    return grid;
}

/** Every cell of every chunk of a shard against the model, which knows cell ids. */
static void check(const zagg_grid *grid, uint64_t key, const uint64_t *payload, size_t n,
                  bool (*model)(uint64_t cell))
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    const size_t n_cells = (size_t)info->cells_per_chunk;
    uint64_t *cells = zg_alloc(n_cells, sizeof *cells);
    bool *inside = zg_alloc(n_cells, sizeof *inside);
    zg_mask mask;
    zagg_shard shard;
    assert_true(cells != NULL && inside != NULL);
    assert_int_equal(zagg_grid_shard(grid, key, &shard, NULL), ZAGG_OK);
    assert_int_equal(zg_mask_new(grid, payload, n, &mask, NULL), ZAGG_OK);
    for (uint64_t b = 0; b < info->chunks_per_shard; b++) {
        memset(inside, 0, n_cells);
        zg_mask_fill(&mask, grid, &shard, b, inside);
        zagg_grid_chunk_cells(grid, &shard, b, cells);
        for (size_t i = 0; i < n_cells; i++)
            assert_int_equal(inside[i], model(cells[i]));
    }
    zg_mask_free(&mask);
    zg_free(cells);
    zg_free(inside);
}

static bool every(uint64_t cell)
{
    (void)cell;
    return true;
}

static bool none(uint64_t cell)
{
    (void)cell;
    return false;
}

/* Of shard 5 of order 2: a quarter at order 3, a cell of order 6, the cell below which
 * one of order 8 lies. */
static bool some_words(uint64_t cell)
{
    return cell >> 6 == 5 * 4 + 2 || cell == (5 << 8) + 3 || cell == (5 << 8) + 255;
}

static void test_healpix(void **state)
{
    (void)state;
    static const int64_t chunks[] = {-1, 3, 4};
    const uint64_t key = zagg_word_from_nested(5, 2);
    const uint64_t words[] = {
        zagg_word_from_nested((5 << 8) + 3, 6), /* in no order, one twice */
        zagg_word_from_nested(5 * 4 + 2, 3),
        zagg_word_from_nested((((5 << 8) + 255) << 4) + 7, 8),
        zagg_word_from_nested((5 << 8) + 3, 6),
        zagg_word_from_nested(77, 4), /* of another shard */
    };
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        zagg_grid *grid = healpix(2, chunks[i], 6);
        check(grid, key, words, sizeof words / sizeof words[0], some_words);
        check(grid, key, &key, 1, every);
        check(grid, key, NULL, 0, none);
        const uint64_t above = zagg_word_from_nested(0, 0), beside = words[4];
        check(grid, key, &above, 1, every); /* a word of a larger cell */
        check(grid, key, &beside, 1, none);
        zagg_grid_free(grid);
    }
}

/* Upstream expands words to cells and gives up beyond 4^10 of them. */
static void test_large_shard(void **state)
{
    (void)state;
    zagg_grid *grid = healpix(2, 6, 13);
    const uint64_t key = zagg_word_from_nested(5, 2);
    zagg_shard shard;
    zg_mask mask;
    const size_t n = (size_t)zagg_grid_get_info(grid)->cells_per_chunk;
    bool *inside = zg_alloc(n, 1);
    assert_non_null(inside);
    assert_true(zagg_grid_get_info(grid)->cells_per_shard > ZAGG_MOC_MAX_CELLS);
    assert_int_equal(zagg_grid_shard(grid, key, &shard, NULL), ZAGG_OK);
    assert_int_equal(zg_mask_new(grid, &key, 1, &mask, NULL), ZAGG_OK);
    zg_mask_fill(&mask, grid, &shard, 255, inside);
    for (size_t i = 0; i < n; i++)
        assert_true(inside[i]);
    zg_mask_free(&mask);
    zg_free(inside);
    zagg_grid_free(grid);
}

static const uint64_t IDS[] = {
    24 * 8 + 12, 24 * 8 + 13, 24 * 9 + 23, 24 * 10, 24 * 15 + 23, 24 * 8 + 12, 0};

static bool some_ids(uint64_t cell)
{
    for (size_t i = 0; i < sizeof IDS / sizeof IDS[0]; i++)
        if (IDS[i] == cell)
            return true;
    return false;
}

static void test_rectilinear(void **state)
{
    (void)state;
    static const int64_t inner[][2] = {{0, 0}, {4, 6}, {2, 3}, {8, 1}};
    uint64_t tile[96];
    for (size_t i = 0; i < 96; i++)
        tile[95 - i] = (8 + i / 12) * 24 + 12 + i % 12;
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        zagg_grid *grid = rectilinear(inner[i][0], inner[i][1]);
        check(grid, 3, IDS, sizeof IDS / sizeof IDS[0], some_ids);
        check(grid, 0, IDS, sizeof IDS / sizeof IDS[0], some_ids);
        check(grid, 3, tile, 96, every);
        check(grid, 0, tile, 96, none);
        check(grid, 3, NULL, 0, none);
        zagg_grid_free(grid);
    }
}

static void test_bad_payloads(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zg_mask mask;
    zagg_grid *grid = healpix(2, 4, 6);
    const uint64_t words[] = {zagg_word_from_nested(5, 2), 0};
    assert_int_equal(zg_mask_new(grid, words, 2, &mask, &err), ZAGG_ECONFIG);
    assert_string_equal(err.msg, "aoi_mask: 0 is no morton word");
    zagg_grid_free(grid);
    grid = rectilinear(0, 0);
    const uint64_t ids[] = {3, 24 * 16};
    assert_int_equal(zg_mask_new(grid, ids, 2, &mask, &err), ZAGG_ECONFIG);
    assert_string_equal(err.msg,
                        "aoi_mask: cell 384 lies beyond the 384 cells of the grid");
    zg_alloc_fail_nth(2);
    assert_int_equal(zg_mask_new(grid, ids, 1, &mask, &err), ZAGG_ENOMEM);
    zg_alloc_fail_nth(0);
    zagg_grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healpix),
        cmocka_unit_test(test_large_shard),
        cmocka_unit_test(test_rectilinear),
        cmocka_unit_test(test_bad_payloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
