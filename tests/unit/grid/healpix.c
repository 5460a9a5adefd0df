/* The HEALPix grid: construction, shards, ranks and chunks. */
#include "support/support.h"
#include "zagg/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static zagg_grid *grid_of(int64_t parent, int64_t child, int64_t chunk, bool sharded)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    zagg_healpix_spec spec = {.parent_order = parent,
                              .child_order = child,
                              .chunk_inner = chunk,
                              .sharded = sharded};
    if (zagg_grid_new_healpix(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static void refuse(int64_t parent, int64_t child, int64_t chunk, const char *key)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    zagg_healpix_spec spec = {
        .parent_order = parent, .child_order = child, .chunk_inner = chunk};
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, &err), ZAGG_ECONFIG);
    assert_null(grid);
    if (strstr(err.msg, key) != err.msg)
        fail_msg("message does not begin with %s: %s", key, err.msg);
}

static void wrong_specs(void **state)
{
    (void)state;
    refuse(6, 4, -1,
           "output.grid.child_order (4) must be >= output.grid.parent_order (6)");
    refuse(6, 12, 3, "output.grid.chunk_inner (3)");
    refuse(6, 12, 13, "output.grid.chunk_inner (13)");
    refuse(6, 12, -2, "output.grid.chunk_inner (-2)");
    refuse(-1, 12, -1, "output.grid.parent_order (-1)");
    refuse(20, 30, -1, "output.grid.child_order (30)");
    refuse(3, 19, -1, "output.grid.child_order (19) may exceed");
    refuse(INT64_MIN, INT64_MAX, -1, "output.grid.parent_order");
    refuse(0, INT64_MAX, INT64_MAX, "output.grid.child_order");
}

static void derived_sizes(void **state)
{
    (void)state;
    zagg_grid *grid = grid_of(11, 19, 13, true);
    const zagg_grid_info *i = zagg_grid_get_info(grid);
    assert_int_equal(zagg_grid_get_kind(grid), ZAGG_GRID_HEALPIX);
    assert_true(i->sharded && i->rank == 1);
    assert_int_equal(i->cells_per_shard, 65536);
    assert_int_equal(i->cells_per_chunk, 4096);
    assert_int_equal(i->chunks_per_shard, 16);
    assert_true(i->shape[0] == UINT64_C(3298534883328));
    assert_true(i->shard_shape[0] == 65536 && i->chunk_shape[0] == 4096);
    assert_string_equal(i->group, "19");
    assert_string_equal(i->dim_names[0], "cells");
    assert_string_equal(i->chunk_dim_names[0], "chunks");
    zagg_grid_free(grid);
    zagg_grid_free(NULL);
}

/** One chunk a shard: the same with and without sharding, and never sharded. */
static void one_chunk(void **state)
{
    (void)state;
    for (int64_t chunk = -1; chunk <= 6; chunk += 7) {
        zagg_grid *grid = grid_of(6, 12, chunk, true);
        const zagg_grid_info *i = zagg_grid_get_info(grid);
        assert_false(i->sharded);
        assert_int_equal(i->chunks_per_shard, 1);
        assert_int_equal(i->cells_per_chunk, 4096);
        assert_int_equal(i->chunk_order, 6);
        zagg_grid_free(grid);
    }
}

static void extreme_orders(void **state)
{
    (void)state;
    zagg_shard shard;
    uint64_t cell = 0;
    zagg_grid *grid = grid_of(29, 29, -1, false); /* a cell a shard */
    assert_int_equal(zagg_grid_get_info(grid)->cells_per_shard, 1);
    uint64_t last = (UINT64_C(12) << 58) - 1;
    assert_int_equal(zagg_grid_shard(grid, zagg_word_from_nested(last, 29), &shard, NULL),
                     ZAGG_OK);
    zagg_grid_chunk_cells(grid, &shard, 0, &cell);
    assert_true(cell == last);
    zagg_grid_free(grid);
    grid = grid_of(0, 15, 0, false);
    assert_true(zagg_grid_get_info(grid)->cells_per_shard == UINT64_C(1) << 30);
    assert_int_equal(zagg_grid_shard(grid, UINT64_C(12) << 60, &shard, NULL), ZAGG_OK);
    assert_true(shard.first_cell == UINT64_C(11) << 30);
    zagg_grid_free(grid);
}

static void shard_keys(void **state)
{
    (void)state;
    zagg_grid *grid = grid_of(11, 19, 13, true);
    zagg_shard shard = {.key = 77};
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t nested = 15259047, key = zagg_word_from_nested(nested, 11);
    const uint64_t wrong[] = {0,
                              1,
                              zagg_word_from_nested(nested, 12),
                              key | 1u << 7,
                              zagg_word_point(nested),
                              UINT64_MAX};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        assert_int_equal(zagg_grid_shard(grid, wrong[k], &shard, &err), ZAGG_ECONFIG);
        assert_non_null(strstr(err.msg, "output.grid.parent_order"));
        assert_int_equal(shard.key, 77);
    }
    char label[40];
    assert_int_equal(zagg_grid_shard(grid, key, &shard, &err), ZAGG_OK);
    assert_true(shard.key == key && shard.block[0] == nested);
    assert_true(shard.first_cell == nested << 16);
    zagg_grid_shard_label(grid, key, label);
    assert_string_equal(label, "433142223324");
    zagg_grid_shard_label(grid, 42, label); /* no word: still something to print */
    assert_string_equal(label, "42");
    zagg_grid_free(grid);
}

static void chunks(void **state)
{
    (void)state;
    zagg_grid *grid = grid_of(5, 8, 6, true);
    zagg_shard shard;
    uint64_t key = zagg_word_from_nested(7777, 5), children[64], cells[16], words[16];
    size_t count = 0;
    assert_int_equal(zagg_word_children(key, 8, children, 64, &count, NULL), ZAGG_OK);
    assert_int_equal(zagg_grid_shard(grid, key, &shard, NULL), ZAGG_OK);
    for (uint64_t b = 0; b < 4; b++) {
        uint64_t index[2];
        zagg_grid_chunk_index(grid, &shard, b, index);
        assert_true(index[0] == 4 * 7777 + b && index[1] == 0);
        zagg_grid_chunk_cells(grid, &shard, b, cells);
        zagg_grid_chunk_words(grid, &shard, b, words);
        for (size_t k = 0; k < 16; k++) {
            assert_true(words[k] == children[16 * b + k]);
            assert_true(cells[k] == zagg_word_nested(words[k]));
        }
    }
    zagg_grid_free(grid);
}

enum { N_POINTS = 1500 }; /* more than two blocks and a remainder */

static void ranks(void **state)
{
    (void)state;
    zagg_grid *grid = grid_of(6, 12, 8, true);
    double *lat = calloc(N_POINTS, sizeof *lat), *lon = calloc(N_POINTS, sizeof *lon);
    uint32_t *ranks = calloc(N_POINTS, sizeof *ranks);
    uint64_t *cells = calloc(N_POINTS, sizeof *cells),
             *keys = calloc(N_POINTS, sizeof *keys);
    uint64_t *leaves = calloc(N_POINTS, sizeof *leaves), none = 99;
    bool *no_key = calloc(N_POINTS, sizeof *no_key);
    assert_true(lat && lon && ranks && cells && keys && leaves && no_key);
    for (size_t k = 0; k < N_POINTS; k++) { /* a track through several shards */
        lat[k] = 38.0 + 0.002 * (double)k;
        lon[k] = -76.5 - 0.0003 * (double)k;
    }
    lat[3] = (double)NAN;
    lon[700] = (double)INFINITY;
    lat[1499] = 91.0;
    zagg_geo_nested(lat, lon, N_POINTS, 12, ZAGG_LATITUDE_AUTHALIC, cells);
    zagg_grid_shard_keys(grid, lat, lon, N_POINTS, keys, no_key);
    zagg_grid_leaf_ids(grid, lat, lon, N_POINTS, leaves);
    zagg_shard shard;
    assert_int_equal(zagg_grid_shard(grid, keys[0], &shard, NULL), ZAGG_OK);
    zagg_grid_ranks(grid, &shard, lat, lon, N_POINTS, ranks, &none);
    assert_int_equal(none, 3);
    size_t inside = 0, outside = 0;
    for (size_t k = 0; k < N_POINTS; k++) {
        bool bad = k == 3 || k == 700 || k == 1499;
        assert_int_equal(no_key[k], bad);
        if (bad) {
            assert_true(ranks[k] == ZAGG_NO_RANK && leaves[k] == 0 && keys[k] == 0);
            continue;
        }
        assert_true(keys[k] == zagg_word_from_nested(cells[k] >> 12, 6));
        assert_true(zagg_word_is_point(leaves[k]) &&
                    zagg_word_nested(leaves[k]) >> 34 == cells[k]);
        if (keys[k] == keys[0])
            assert_int_equal(ranks[k], cells[k] & 4095);
        else
            assert_true(ranks[k] == ZAGG_NO_RANK);
        inside += keys[k] == keys[0];
        outside += keys[k] != keys[0];
    }
    assert_true(inside > 50 && outside > 50);
    zagg_grid_ranks(grid, &shard, lat, lon, 0, ranks, &none);
    assert_int_equal(none, 0);
    zagg_grid_ranks(grid, &shard, lat, lon, 3, ranks, NULL);
    void *all[] = {lat, lon, ranks, cells, keys, leaves, no_key};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        free(all[k]);
    zagg_grid_free(grid);
}

/** The first and the last shard of the sphere, where comparisons could wrap. */
static void first_and_last_shard(void **state)
{
    (void)state;
    zagg_grid *grid = grid_of(6, 12, -1, false);
    const uint64_t nested[2] = {0, (UINT64_C(12) << 12) - 1};
    for (int s = 0; s < 2; s++) {
        zagg_shard shard;
        double lat[3], lon[3];
        uint32_t ranks[3];
        uint64_t none = 0;
        assert_int_equal(
            zagg_grid_shard(grid, zagg_word_from_nested(nested[s], 6), &shard, NULL),
            ZAGG_OK);
        zagg_geo_centre(shard.first_cell + 4095, 12, ZAGG_LATITUDE_AUTHALIC, &lat[0],
                        &lon[0]);
        zagg_geo_centre(shard.first_cell, 12, ZAGG_LATITUDE_AUTHALIC, &lat[1], &lon[1]);
        lat[2] = (double)NAN;
        lon[2] = 0.0;
        zagg_grid_ranks(grid, &shard, lat, lon, 3, ranks, &none);
        assert_true(ranks[0] == 4095 && ranks[1] == 0 && ranks[2] == ZAGG_NO_RANK);
        assert_int_equal(none, 1);
    }
    zagg_grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_specs), cmocka_unit_test(derived_sizes),
        cmocka_unit_test(one_chunk),   cmocka_unit_test(extreme_orders),
        cmocka_unit_test(shard_keys),  cmocka_unit_test(chunks),
        cmocka_unit_test(ranks),       cmocka_unit_test(first_and_last_shard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
