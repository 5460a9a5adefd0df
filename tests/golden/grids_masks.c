/* Areas of interest: golden sets grids/healpix_grid/shards.json and the mask of
 * grids/rectilinear/grids.json, from polygon to stored cells. */
#include "core/mask.h"
#include "grid/aoi.h"
#include "support/support.h"

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

static void check_count(case_report *r, const char *name, const char *what, uint64_t ours,
                        uint64_t theirs)
{
    if (ours == theirs)
        case_pass(r);
    else
        case_fail(r, name, "%s: %" PRIu64 ", expected %" PRIu64, what, ours, theirs);
}

static void check_hash(case_report *r, const char *name, const char *what,
                       const void *data, size_t bytes, const zagg_value *expected)
{
    char hex[65];
    zg_sha256_hex(data, bytes, hex);
    if (strcmp(hex, expected->str) == 0)
        case_pass(r);
    else
        case_fail(r, name, "%s: other bytes", what);
}

static double *numbers(const zagg_value *list)
{
    double *out = zg_alloc(list->n + 1, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < list->n; i++)
        assert_true(zagg_value_number(list->items[i], &out[i]));
    return out;
}

/** The area of the benchmarks, as in grids/coverage. */
static zagg_ring aop(zagg_arena *arena)
{
    const zagg_value *list = member(
        golden_json(arena, golden_path("grids/coverage/polygons.json")), "polygons");
    for (size_t i = 0; i < list->n; i++) {
        const zagg_value *v = list->items[i];
        if (!zagg_value_is(member(v, "name"), "neon_aop"))
            continue;
        const zagg_value *ring = member(v, "rings_lat_lon")->items[0];
        return (zagg_ring){numbers(ring->items[0]), numbers(ring->items[1]),
                           ring->items[0]->n};
    }
    fail_msg("no polygon neon_aop");
    return (zagg_ring){NULL, NULL, 0};
}

static void ring_free(const zagg_ring *ring)
{
    zg_free((void *)ring->lat_deg);
    zg_free((void *)ring->lon_deg);
}

/** The mask of a shard of one chunk, byte by byte; *n_true of them are 1. */
static bool *mask_bytes(const zagg_grid *grid, uint64_t key, const zagg_words *payload,
                        size_t *n_true)
{
    const size_t n = (size_t)zagg_grid_get_info(grid)->cells_per_shard;
    bool *inside = zg_alloc(n, sizeof *inside);
    zagg_shard shard;
    zg_mask mask;
    zagg_err err = ZAGG_ERR_INIT;
    assert_non_null(inside);
    assert_int_equal(zagg_grid_shard(grid, key, &shard, &err), ZAGG_OK);
    assert_int_equal(zg_mask_new(grid, payload->words, payload->n, &mask, &err), ZAGG_OK);
    zg_mask_fill(&mask, grid, &shard, 0, inside);
    zg_mask_free(&mask);
    *n_true = 0;
    for (size_t i = 0; i < n; i++)
        *n_true += inside[i];
    return inside;
}

/* ---- HEALPix ---- */

static void check_coverage(case_report *r, const char *name, const zagg_ring *ring,
                           zagg_latitude latitude, unsigned order,
                           const zagg_value *expected)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_cover_opts opts = {.latitude = latitude, .flat = true};
    zagg_words cover;
    if (zagg_cover_polygon(ring, 1, order, &opts, &cover, &err) != ZAGG_OK) {
        case_fail(r, name, "refused: %s", err.msg);
        return;
    }
    check_count(r, name, "shards", cover.n, expected->n);
    for (size_t i = 0; i < cover.n && i < expected->n; i++)
        check_count(r, name, "shard", cover.words[i],
                    strtoull(expected->items[i]->str, NULL, 10));
    zagg_words_free(&cover);
}

static void check_shard(case_report *r, const zagg_grid *grid, const zagg_aoi *aoi,
                        const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *name = member(v, "label")->str;
    const uint64_t key = strtoull(member(v, "shard_key")->str, NULL, 10);
    zagg_words payload;
    size_t n_true;
    if (zagg_aoi_shard(aoi, key, &payload, &err) != ZAGG_OK) {
        case_fail(r, name, "refused: %s", err.msg);
        return;
    }
    check_count(r, name, "words", payload.n,
                (uint64_t)member(v, "aoi_sub_moc_count")->u.i);
    check_hash(r, name, "words", payload.words, 8 * payload.n,
               member(v, "aoi_sub_moc_sha256_le_u64"));
    bool *inside = mask_bytes(grid, key, &payload, &n_true);
    check_count(r, name, "cells inside", n_true, (uint64_t)member(v, "aoi_true")->u.i);
    check_hash(r, name, "mask", inside, (size_t)zagg_grid_get_info(grid)->cells_per_shard,
               member(v, "aoi_mask_sha256_u1"));
    zg_free(inside);
    zagg_words_free(&payload);
}

static void check_grid(case_report *r, const zagg_ring *ring, const char *name,
                       int64_t parent, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_healpix_spec spec = {parent, 19, -1, false, ZAGG_LATITUDE_AUTHALIC};
    const zagg_cover_opts opts = {.latitude = ZAGG_LATITUDE_AUTHALIC};
    zagg_grid *grid = NULL;
    zagg_aoi *aoi = NULL;
    zagg_words moc;
    check_coverage(r, name, ring, ZAGG_LATITUDE_AUTHALIC, (unsigned)parent,
                   member(v, "coverage_of_AOP"));
    check_coverage(r, name, ring, ZAGG_LATITUDE_GEODETIC, (unsigned)parent,
                   member(v, "coverage_of_AOP_seed_geodetic_spherical"));
    assert_int_equal(zagg_cover_polygon(ring, 1, 19, &opts, &moc, &err), ZAGG_OK);
    check_count(r, name, "words", moc.n, (uint64_t)member(v, "aoi_moc_count")->u.i);
    check_hash(r, name, "words", moc.words, 8 * moc.n,
               member(v, "aoi_moc_sha256_le_u64"));
    zagg_words_free(&moc);
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, &err), ZAGG_OK);
    assert_int_equal(zagg_aoi_new(grid, ring, 1, &aoi, &err), ZAGG_OK);
    const zagg_value *shards = member(v, "shards");
    for (size_t i = 0; i < shards->n; i++)
        check_shard(r, grid, aoi, shards->items[i]);
    zagg_aoi_free(aoi);
    zagg_grid_free(grid);
}

static void healpix(void **state)
{
    (void)state;
    if (!golden_available("grids/healpix_grid") || !golden_available("grids/coverage"))
        skip();
    case_report r = {.set = "grids/healpix_grid/aoi"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, golden_path("grids/healpix_grid/shards.json"));
    zagg_ring ring = aop(arena);
    check_grid(&r, &ring, "o11", 11, member(root, "atl03_tdigest_healpix_o11"));
    check_grid(&r, &ring, "o10", 10, member(root, "atl03_tdigest_healpix_o10"));
    ring_free(&ring);
    zagg_arena_free(arena);
    report_end(&r, 180);
}

/* ---- rectilinear ---- */

/** The grid of the case in one chunk a shard, so that cells lie row by row. */
static zagg_grid *rectilinear_grid(const zagg_value *config)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_rectilinear_spec spec = {.crs = member(config, "crs")->str};
    zagg_grid *grid = NULL;
    assert_true(zagg_value_number(member(config, "resolution"), &spec.resolution[0]));
    spec.resolution[1] = spec.resolution[0];
    for (size_t k = 0; k < 4; k++)
        assert_true(
            zagg_value_number(member(config, "bounds")->items[k], &spec.bounds[k]));
    for (size_t k = 0; k < 2; k++)
        assert_true(zagg_value_i64(member(config, "chunk_shape")->items[k],
                                   &spec.chunk_shape[k]));
    if (zagg_grid_new_rectilinear(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static void check_tiles(case_report *r, const char *way, const zagg_grid *grid,
                        const zagg_aoi *aoi, const zagg_value *shards)
{
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < shards->n; i++) {
        const zagg_value *v = shards->items[i];
        char name[80];
        zagg_words ids;
        size_t n_true;
        uint64_t key = 0;
        assert_true(zagg_value_u64(member(v, "shard_key"), &key));
        (void)snprintf(name, sizeof name, "%s, shard %" PRIu64, way, key);
        assert_int_equal(zagg_aoi_shard(aoi, key, &ids, &err), ZAGG_OK);
        check_count(r, name, "cells inside", ids.n, (uint64_t)member(v, "true")->u.i);
        check_hash(r, name, "ids", ids.words, 8 * ids.n,
                   member(v, "true_ids_sha256_le_i64"));
        bool *inside = mask_bytes(grid, key, &ids, &n_true);
        check_hash(r, name, "mask", inside,
                   (size_t)zagg_grid_get_info(grid)->cells_per_shard,
                   member(v, "mask_sha256_u1"));
        zg_free(inside);
        zagg_words_free(&ids);
    }
}

static void rectilinear(void **state)
{
    (void)state;
    if (!golden_available("grids/rectilinear") || !golden_available("grids/coverage"))
        skip();
    case_report r = {.set = "grids/rectilinear/aoi_mask"};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_arena *arena = NULL;
    zagg_aoi *aoi = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, golden_path("grids/rectilinear/grids.json"));
    const zagg_value *v = member(root, "aoi_mask_utm18_3km");
    zagg_grid *grid = rectilinear_grid(member(member(root, "utm18_3km"), "config"));
    /* the outline as upstream projected it */
    const zagg_value *xy = member(v, "polygon_xy");
    double *x = zg_alloc(xy->n + 1, sizeof *x), *y = zg_alloc(xy->n + 1, sizeof *y);
    assert_true(x != NULL && y != NULL);
    for (size_t i = 0; i < xy->n; i++)
        assert_true(zagg_value_number(xy->items[i]->items[0], &x[i]) &&
                    zagg_value_number(xy->items[i]->items[1], &y[i]));
    const zg_plane_ring outline = {x, y, xy->n};
    assert_int_equal(zg_aoi_new_projected(grid, &outline, 1, &aoi, &err), ZAGG_OK);
    check_tiles(&r, "given outline", grid, aoi, member(v, "shards"));
    zagg_aoi_free(aoi);
    /* and as we do */
    zagg_ring ring = aop(arena);
    assert_int_equal(zagg_aoi_new(grid, &ring, 1, &aoi, &err), ZAGG_OK);
    check_tiles(&r, "own outline", grid, aoi, member(v, "shards"));
    zagg_aoi_free(aoi);
    ring_free(&ring);
    zg_free(x);
    zg_free(y);
    zagg_grid_free(grid);
    zagg_arena_free(arena);
    report_end(&r, 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(healpix),
                                       cmocka_unit_test(rectilinear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
