/* Golden set grids/healpix_grid: shards, chunks and cells of the HEALPix grid. */
#include "support/support.h"
#include "zagg/grid.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHILD_ORDER 19
#define CHUNK_ORDER 13

static const zagg_value *member(const zagg_value *v, const char *key)
{
    const zagg_value *m = zagg_value_get(v, key);
    if (m == NULL)
        fail_msg("golden file lacks the key %s", key);
    return m;
}

static uint64_t text_u64(const zagg_value *v)
{
    char *end = NULL;
    uint64_t word = strtoull(v->str, &end, 10);
    if (end == v->str || *end != '\0')
        fail_msg("not an integer: '%s'", v->str);
    return word;
}

static zagg_grid *new_grid(int64_t parent, int64_t chunk)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    zagg_healpix_spec spec = {.parent_order = parent,
                              .child_order = CHILD_ORDER,
                              .chunk_inner = chunk,
                              .sharded = true};
    if (zagg_grid_new_healpix(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static void check(case_report *r, const char *name, const char *what, bool ok)
{
    if (ok)
        case_pass(r);
    else
        case_fail(r, name, "%s", what);
}

/** Chunk indices, the first child of each chunk, and all cells and words of the shard. */
static void check_chunks(case_report *r, const char *name, const zagg_grid *grid,
                         const zagg_shard *shard, const zagg_value *v)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    const zagg_value *blocks = member(v, "chunk_blocks");
    const zagg_value *first = member(v, "chunk_first_children");
    const zagg_value *starts = member(v, "local_starts");
    size_t n = (size_t)info->cells_per_shard, per_chunk = (size_t)info->cells_per_chunk;
    uint64_t *cells = calloc(n, sizeof *cells), *words = calloc(n, sizeof *words);
    assert_true(cells != NULL && words != NULL);
    check(r, name, "number of chunks",
          blocks->n == info->chunks_per_shard && first->n == blocks->n &&
              starts->n == blocks->n);
    for (size_t b = 0; b < blocks->n && b < info->chunks_per_shard; b++) {
        uint64_t index[2];
        zagg_grid_chunk_index(grid, shard, b, index);
        zagg_grid_chunk_cells(grid, shard, b, cells + b * per_chunk);
        zagg_grid_chunk_words(grid, shard, b, words + b * per_chunk);
        check(r, name, "chunk index", index[0] == (uint64_t)blocks->items[b]->u.i);
        check(r, name, "first child of a chunk",
              words[b * per_chunk] == text_u64(first->items[b]));
        check(r, name, "local start",
              cells[b * per_chunk] - shard->first_cell ==
                  (uint64_t)starts->items[b]->u.i);
    }
    char hex[65];
    zg_sha256_hex(words, n * sizeof *words, hex);
    check(r, name, "hash of the children",
          strcmp(hex, member(v, "children_sha256_le_u64")->str) == 0);
    zg_sha256_hex(cells, n * sizeof *cells, hex);
    check(r, name, "hash of the cell ids",
          strcmp(hex, member(v, "cell_ids_sha256_le_u64")->str) == 0);
    free(cells);
    free(words);
}

static void check_shard(case_report *r, const zagg_grid *grid, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *name = member(v, "label")->str;
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    uint64_t key = text_u64(member(v, "shard_key"));
    zagg_shard shard;
    char label[40];
    if (zagg_grid_shard(grid, key, &shard, &err) != ZAGG_OK) {
        case_fail(r, name, "refused: %s", err.msg);
        return;
    }
    zagg_grid_shard_label(grid, key, label);
    check(r, name, "label", strcmp(label, name) == 0);
    check(r, name, "block index",
          shard.block[0] == (uint64_t)member(v, "block_index")->items[0]->u.i);
    check(r, name, "number of children",
          info->cells_per_shard == (uint64_t)member(v, "n_children")->u.i);
    check(r, name, "first cell id",
          shard.first_cell == text_u64(member(v, "cell_ids_first")));
    check_chunks(r, name, grid, &shard, v);
}

static void shards(void **state)
{
    (void)state;
    if (!golden_available("grids/healpix_grid"))
        skip();
    case_report r = {.set = "grids/healpix_grid/shards"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, golden_path("grids/healpix_grid/shards.json"));
    for (int64_t parent = 10; parent <= 11; parent++) {
        char key[64];
        snprintf(key, sizeof key, "atl03_tdigest_healpix_o%d", (int)parent);
        const zagg_value *list = member(member(root, key), "shards");
        zagg_grid *grid = new_grid(parent, CHUNK_ORDER);
        assert_true(zagg_grid_get_info(grid)->sharded);
        for (size_t k = 0; k < list->n; k++)
            check_shard(&r, grid, list->items[k]);
        zagg_grid_free(grid);
    }
    zagg_arena_free(arena);
    report_end(&r, 3000);
}

typedef struct neon_set {
    npy lat, lon, shard, cell, rank;
    size_t first, n; /* rows of the points */
} neon_set;

static neon_set read_neon(void)
{
    neon_set s = {.first = 18000}; /* source_rows of shards.json */
    s.lat = npy_read(golden_path("grids/points/lat.npy"));
    s.lon = npy_read(golden_path("grids/points/lon.npy"));
    s.shard = npy_read(golden_path("grids/healpix_grid/neon_shard.npy"));
    s.cell = npy_read(golden_path("grids/healpix_grid/neon_cell.npy"));
    s.rank = npy_read(golden_path("grids/healpix_grid/neon_cell_rank_in_shard.npy"));
    s.n = s.shard.n;
    assert_int_equal(s.cell.n, s.n);
    assert_int_equal(s.rank.n, s.n);
    assert_int_equal(s.rank.dtype, ZAGG_DT_I32);
    assert_true(s.first + s.n <= s.lat.n);
    return s;
}

static void neon_ranks(void **state)
{
    (void)state;
    if (!golden_available("grids/healpix_grid"))
        skip();
    case_report r = {.set = "grids/healpix_grid/neon"};
    neon_set s = read_neon();
    const double *lat = (const double *)s.lat.data + s.first;
    const double *lon = (const double *)s.lon.data + s.first;
    const uint64_t *keys = s.shard.data, *cells = s.cell.data;
    const int32_t *expected = s.rank.data;
    zagg_grid *grid = new_grid(11, CHUNK_ORDER);
    uint32_t *ranks = calloc(s.n, sizeof *ranks);
    uint64_t *ours = calloc(s.n, sizeof *ours), none = 99;
    bool *no_key = calloc(s.n, sizeof *no_key);
    assert_true(ranks != NULL && ours != NULL && no_key != NULL);
    zagg_grid_shard_keys(grid, lat, lon, s.n, ours, no_key);
    for (size_t k = 0; k < s.n; k++) {
        char name[64];
        snprintf(name, sizeof name, "row %zu", s.first + k);
        zagg_shard shard;
        uint64_t word;
        check(&r, name, "shard key", ours[k] == keys[k] && !no_key[k]);
        /* all points against the shard of this one: each is in it or has no rank */
        assert_int_equal(zagg_grid_shard(grid, keys[k], &shard, NULL), ZAGG_OK);
        zagg_grid_ranks(grid, &shard, lat, lon, s.n, ranks, &none);
        bool all = none == 0;
        for (size_t m = 0; m < s.n; m++)
            all &=
                ranks[m] == (keys[m] == keys[k] ? (uint32_t)expected[m] : ZAGG_NO_RANK);
        check(&r, name, "ranks", all);
        word = zagg_word_from_nested(shard.first_cell + ranks[k], CHILD_ORDER);
        check(&r, name, "cell", word == cells[k]);
        if (k >= 64)
            k += 37; /* quadratic: every row up to 64, then a sample */
    }
    free(ranks);
    free(ours);
    free(no_key);
    zagg_grid_free(grid);
    npy *all[] = {&s.lat, &s.lon, &s.shard, &s.cell, &s.rank};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        npy_free(all[k]);
    report_end(&r, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shards),
                                       cmocka_unit_test(neon_ranks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
