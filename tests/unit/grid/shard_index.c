/* Cells to positions in a list of shards, against each shard's own ranks. */
#include "base/base.h"
#include "grid/grid.h"
#include "support/random.h"
#include "support/support.h"

#include <string.h>

enum { POINTS = 4000, MAX_SHARDS = 300 };

static uint64_t seed = 1;

static zagg_grid *healpix(int64_t parent, int64_t child)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_healpix_spec spec = {
        .parent_order = parent, .child_order = child, .chunk_inner = -1};
    zagg_grid *grid = NULL;
    if (zagg_grid_new_healpix(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static zagg_grid *rectilinear(void)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_rectilinear_spec spec = {.crs = "EPSG:4326",
                                        .resolution = {0.5, 0.25},
                                        .bounds = {-180.0, -90.0, 180.0, 90.0},
                                        .chunk_shape = {48, 30},
                                        .chunk_inner = {12, 10}};
    zagg_grid *grid = NULL;
    if (zagg_grid_new_rectilinear(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static uint64_t number_of_shards(const zagg_grid *grid)
{
    const zagg_grid_info *i = zagg_grid_get_info(grid);
    return i->shape[0] / i->shard_shape[0] * (i->shape[1] / i->shard_shape[1]);
}

static uint64_t key_of(const zagg_grid *grid, uint64_t number)
{
    const zagg_grid_info *i = zagg_grid_get_info(grid);
    return i->kind == ZAGG_GRID_HEALPIX ? zagg_word_from_nested(number, i->parent_order)
                                        : number;
}

/* n different keys in no order. */
static void pick(const zagg_grid *grid, uint64_t *keys, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        bool twice;
        do {
            keys[k] = key_of(grid, random_u64(&seed) % number_of_shards(grid));
            twice = false;
            for (size_t j = 0; j < k; j++)
                twice = twice || keys[j] == keys[k];
        } while (twice);
    }
}

/* Cells of the shards, of other shards, of none; runs as tracks have them. */
static void make_cells(const zagg_grid *grid, const uint64_t *keys, size_t n,
                       uint64_t *cells)
{
    const zagg_grid_info *i = zagg_grid_get_info(grid);
    uint64_t chunk[360];
    for (size_t k = 0; k < POINTS; k++) {
        uint64_t what = random_u64(&seed) % 8;
        if (k > 0 && what >= 3) {
            cells[k] = cells[k - 1];
        } else if (what == 2) {
            cells[k] = ZAGG_GEO_NO_CELL;
        } else if (what == 1) {
            cells[k] = random_u64(&seed) % (i->shape[0] * i->shape[1]);
        } else if (i->kind == ZAGG_GRID_HEALPIX) {
            cells[k] =
                zagg_word_nested(keys[random_u64(&seed) % n]) * i->cells_per_shard +
                random_u64(&seed) % i->cells_per_shard;
        } else {
            zagg_shard shard;
            assert_int_equal(
                zagg_grid_shard(grid, keys[random_u64(&seed) % n], &shard, NULL),
                ZAGG_OK);
            assert_true(i->cells_per_chunk <= 360);
            zagg_grid_chunk_cells(grid, &shard, random_u64(&seed) % i->chunks_per_shard,
                                  chunk);
            cells[k] = chunk[random_u64(&seed) % i->cells_per_chunk];
        }
    }
}

static void check(zagg_grid *grid, size_t n)
{
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t keys[MAX_SHARDS];
    static uint64_t cells[POINTS];
    static uint32_t shard[POINTS], rank[POINTS], want_shard[POINTS], want_rank[POINTS];
    zagg_shard_index *index = NULL;
    pick(grid, keys, n);
    make_cells(grid, keys, n, cells);
    memset(want_shard, 0xff, sizeof want_shard);
    memset(want_rank, 0xff, sizeof want_rank);
    for (size_t s = 0; s < n; s++) {
        zagg_shard one;
        uint32_t ranks[POINTS];
        assert_int_equal(zagg_grid_shard(grid, keys[s], &one, &err), ZAGG_OK);
        grid->ops->ranks_of_cells(grid, &one, cells, POINTS, ranks);
        for (size_t k = 0; k < POINTS; k++)
            if (ranks[k] != ZAGG_NO_RANK) {
                want_shard[k] = (uint32_t)s;
                want_rank[k] = ranks[k];
            }
    }
    if (zagg_shard_index_new(grid, keys, n, &index, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_shard_index_find(index, cells, POINTS, shard, rank);
    assert_memory_equal(shard, want_shard, sizeof shard);
    assert_memory_equal(rank, want_rank, sizeof rank);
    zagg_shard_index_free(index);
    zagg_grid_free(grid);
}

static void healpix_shards(void **state)
{
    (void)state;
    check(healpix(0, 0), 12);
    check(healpix(0, 5), 3);
    check(healpix(6, 12), 300);
    check(healpix(11, 19), 1);
    check(healpix(14, 29), 20);
    check(healpix(29, 29), 100);
}

static void rectilinear_shards(void **state)
{
    (void)state;
    check(rectilinear(), 1);
    check(rectilinear(), 2);
    check(rectilinear(), 300);
}

static void the_first_cell(void **state)
{
    (void)state;
    zagg_grid *grid = rectilinear();
    const uint64_t other = 5, cells[] = {0, 1};
    uint32_t shard[2], rank[2];
    zagg_shard_index *index = NULL;
    assert_int_equal(zagg_shard_index_new(grid, &other, 1, &index, NULL), ZAGG_OK);
    zagg_shard_index_find(index, cells, 2, shard, rank);
    assert_int_equal(shard[0], ZAGG_NO_SHARD);
    assert_int_equal(rank[1], ZAGG_NO_RANK);
    zagg_shard_index_free(index);
    assert_int_equal(zagg_shard_index_new(grid, NULL, 0, &index, NULL), ZAGG_OK);
    zagg_shard_index_find(index, cells, 2, shard, rank);
    assert_int_equal(shard[1], ZAGG_NO_SHARD);
    zagg_shard_index_free(index);
    zagg_grid_free(grid);
}

static void refused(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shard_index *index = NULL;
    zagg_grid *grid = healpix(6, 12);
    uint64_t keys[] = {key_of(grid, 5), key_of(grid, 9), key_of(grid, 5)};
    assert_int_equal(zagg_shard_index_new(grid, keys, 3, &index, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "number 0 and 2 of the list"));
    keys[2] = 17;
    assert_int_equal(zagg_shard_index_new(grid, keys, 3, &index, &err), ZAGG_ECONFIG);
    assert_null(index);
    for (int64_t nth = 1; nth <= 2; nth++) {
        zg_alloc_fail_nth(nth);
        assert_int_equal(zagg_shard_index_new(grid, keys, 2, &index, &err), ZAGG_ENOMEM);
    }
    zg_alloc_fail_nth(0);
    zagg_grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healpix_shards),
        cmocka_unit_test(rectilinear_shards),
        cmocka_unit_test(the_first_cell),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
