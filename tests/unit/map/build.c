/* Building: order, threads, what is left out, refused and reported; lack of memory. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 1500 };

typedef struct scene {
    zagg_arena *arena;
    zagg_grid *grid;
    zagg_shape region;
    test_item *items;
    swath *swaths;
    char log[4096];
    zagg_log *logger;
} scene;

static void note(void *user, zagg_log_level level, const char *message)
{
    scene *s = user;
    const size_t used = strlen(s->log);
    (void)level;
    (void)snprintf(s->log + used, sizeof s->log - used, "%s\n", message);
}

static int scene_new(void **state)
{
    uint64_t seed = 21;
    scene *s = zg_alloc(1, sizeof *s);
    if (s == NULL || zagg_arena_new(0, &s->arena, NULL) != ZAGG_OK)
        return -1;
    s->grid = new_healpix(8, 12);
    s->region = box_shape(s->arena, -78, 37, -75, 40);
    s->items = zg_alloc(ITEMS, sizeof *s->items);
    s->swaths = zg_alloc(ITEMS, sizeof *s->swaths);
    s->logger = zagg_log_new(ZAGG_LOG_DEBUG, note, s);
    if (s->items == NULL || s->swaths == NULL || s->logger == NULL)
        return -1;
    for (size_t i = 0; i < ITEMS; i++) {
        make_swath(&seed, 38.5, -76.5, &s->swaths[i]);
        make_item(&s->items[i], i,
                  (zagg_ring){s->swaths[i].lat, s->swaths[i].lon, SWATH_VERTICES});
    }
    *state = s;
    return 0;
}

static int scene_free(void **state)
{
    scene *s = *state;
    zagg_log_free(s->logger);
    zagg_grid_free(s->grid);
    zagg_arena_free(s->arena);
    zg_free(s->items);
    zg_free(s->swaths);
    zg_free(s);
    return 0;
}

static zagg_status build_of(const scene *s, const test_item *items, size_t n,
                            zagg_map_opts opts, zagg_shardmap **out, zagg_err *err)
{
    zagg_map_builder *b = NULL;
    if (opts.region == NULL)
        opts.region = &s->region;
    zagg_status status = zagg_map_builder_new(s->grid, NULL, &opts, &b, err);
    if (status != ZAGG_OK)
        return status;
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        status = zagg_map_builder_add(b, &items[i].item, err);
    if (status == ZAGG_OK)
        return zagg_map_builder_finish(b, "map", out, err);
    zagg_map_builder_free(b);
    return status;
}

static zagg_shardmap *build_ok(const scene *s, const test_item *items, size_t n,
                               zagg_map_opts opts)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    if (build_of(s, items, n, opts, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return map;
}

/** The same bytes by 1, 2 and 7 threads, whatever the rule; keys ascend, granules stand
 * in record order. */
static void threads(void **state)
{
    const scene *s = *state;
    static const size_t WIDTHS[] = {1, 2, 7};
    for (int backend = 0; backend < 2; backend++) {
        char *first = NULL;
        for (size_t i = 0; i < 3; i++) {
            zagg_map_opts opts = {.backend = (zagg_map_backend)backend};
            assert_int_equal(zagg_pool_new(WIDTHS[i], &opts.pool, NULL), ZAGG_OK);
            zagg_shardmap *map = build_ok(s, s->items, ITEMS, opts);
            assert_true(map->n_shards > 50);
            for (size_t k = 0; k < map->n_shards; k++) {
                const zagg_shard_entry *e = &map->shards[k];
                assert_true(k == 0 || e->key > map->shards[k - 1].key);
                for (size_t g = 1; g < e->n_granules; g++)
                    assert_true(strcmp(e->granules[g - 1]->id, e->granules[g]->id) < 0);
            }
            char *text = map_text(map);
            if (first == NULL)
                first = text;
            else
                assert_string_equal(text, first);
            if (text != first)
                zg_free(text);
            zagg_shardmap_free(map);
            zagg_pool_free(opts.pool);
        }
        zg_free(first);
    }
}

/** An item without geometry is refused, or left out and told. */
static void without_geometry(void **state)
{
    scene *s = *state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    test_item two[2] = {s->items[0], s->items[1]};
    two[1].item.shape = (zagg_shape){NULL, 0};
    zagg_map_opts opts = {.log = s->logger};
    assert_int_equal(build_of(s, two, 2, opts, &map, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg,
                           "1 items of the catalog have no geometry (the first is "
                           "granule_000001.h5)"));
    opts.skip_null = true;
    s->log[0] = '\0';
    map = build_ok(s, two, 2, opts);
    assert_non_null(strstr(s->log, "1 items without a geometry are left out"));
    zagg_shardmap_free(map);
}

/** Lines and points count where that is asked for, and are no granules otherwise. */
static void lines(void **state)
{
    const scene *s = *state;
    uint64_t total = 9;
    test_item one = s->items[0];
    static const double LAT[] = {38, 39}, LON[] = {-76, -76.5};
    const zagg_ring ring = {LAT, LON, 2};
    const zagg_shape_part part = {ZAGG_SHAPE_LINE, &ring, 1};
    one.item.shape = (zagg_shape){&part, 1};
    zagg_map_opts opts = {.lines = false};
    zagg_shardmap *map = build_ok(s, &one, 1, opts);
    assert_int_equal(map->n_shards, 0);
    assert_true(zagg_value_u64(zagg_value_get(map->metadata, "total_granules"), &total));
    assert_int_equal(total, 0);
    zagg_shardmap_free(map);
    opts.lines = true;
    for (int backend = 0; backend < 2; backend++) {
        opts.backend = (zagg_map_backend)backend;
        map = build_ok(s, &one, 1, opts);
        assert_in_range(map->n_shards, 4, 12);
        zagg_shardmap_free(map);
    }
}

/** Footprints that are no polygons are told of; the map is built without them. */
static void unusable(void **state)
{
    scene *s = *state;
    static const double LAT[] = {38, 39, 38.5}, LON[] = {-76, -76.5, 1e9};
    test_item one = s->items[5];
    one.ring = (zagg_ring){LAT, LON, 3};
    one.part.rings = &one.ring;
    one.item.shape.parts = &one.part;
    const zagg_map_opts opts = {.log = s->logger};
    s->log[0] = '\0';
    zagg_shardmap *map = build_ok(s, &one, 1, opts);
    assert_int_equal(map->n_shards, 0);
    assert_non_null(strstr(s->log,
                           "1 granules have a footprint that is no polygon and "
                           "belong to no shard (the first is granule_000005.h5)"));
    zagg_shardmap_free(map);
}

/** Two files of one name in a shard, under either spelling; the same item twice passes
 * and is listed twice. */
static void names(void **state)
{
    const scene *s = *state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    const zagg_map_opts opts = {.log = NULL};
    const zagg_ring wide = s->region.parts[0].rings[0];
    test_item two[2];
    make_item(&two[0], 1, wide);
    make_item(&two[1], 1, wide);
    for (size_t i = 0; i < 2; i++)
        two[i].item.shape.parts = &two[i].part;
    map = build_ok(s, two, 2, opts);
    assert_true(map->n_shards > 0);
    assert_int_equal(map->shards[0].n_granules, 2);
    assert_ptr_equal(map->shards[0].granules[0], map->shards[0].granules[1]);
    zagg_shardmap_free(map);
    two[1].item.s3 = "s3://other/granule_000001.h5";
    assert_int_equal(build_of(s, two, 2, opts, &map, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "granule_000001.h5 is s3://"));
    two[1].item.s3 = NULL;
    two[1].item.https = "https://x/y/granule_000001.h5";
    assert_int_equal(build_of(s, two, 2, opts, &map, &err), ZAGG_ECONFIG);
    two[1].item.https = "https://x/y/another.h5"; /* names are told by the file's alone */
    map = build_ok(s, two, 2, opts);
    zagg_shardmap_free(map);
}

/** No region, no bbox; a bbox of the catalog that is none; an order that is too coarse;
 * beams of another product. */
static void refused(void **state)
{
    const scene *s = *state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_map_builder *b = NULL;
    zagg_map_opts opts = {.backend = ZAGG_MAP_MORTIE};
    const zagg_value *meta = NULL;
    static const char BAD[] = "{\"bbox\": [1, 2, 3], \"collection\": \"MOD09_061\"}";
    assert_int_equal(zagg_json_parse(s->arena, BAD, sizeof BAD - 1, "meta", &meta, NULL),
                     ZAGG_OK);
    assert_int_equal(zagg_map_builder_new(s->grid, NULL, &opts, &b, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "give a polygon or a bounding box"));
    assert_int_not_equal(zagg_map_builder_new(s->grid, meta, &opts, &b, &err), ZAGG_OK);
    assert_non_null(strstr(err.msg, "bbox of the catalog"));
    opts.region = &s->region;
    opts.cover_order = 5;
    assert_int_equal(zagg_map_builder_new(s->grid, NULL, &opts, &b, &err), ZAGG_EARG);
    opts.cover_order = 0;
    opts.beams = true;
    assert_int_equal(zagg_map_builder_new(s->grid, NULL, &opts, &b, &err), ZAGG_ECONFIG);
    assert_int_equal(zagg_map_builder_new(s->grid, meta, &opts, &b, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "MOD09_061"));
    assert_null(b);
}

/** Every allocation refused once: an error, no leak, and then the same map. */
static void lack_of_memory(void **state)
{
    const scene *s = *state;
    zagg_err err = ZAGG_ERR_INIT;
    for (int backend = 0; backend < 2; backend++) {
        const zagg_map_opts opts = {.backend = (zagg_map_backend)backend,
                                    .aoi_mask = true};
        int64_t nth = 1;
        zagg_status status = ZAGG_ENOMEM;
        for (; status != ZAGG_OK; nth++) {
            zagg_shardmap *map = NULL;
            zg_alloc_fail_nth(nth);
            status = build_of(s, s->items, 12, opts, &map, &err);
            zg_alloc_fail_nth(0);
            if (status != ZAGG_OK && status != ZAGG_ENOMEM)
                fail_msg("allocation %d: %s", (int)nth, err.msg);
            zagg_shardmap_free(map);
        }
        assert_true(nth > 40);
    }
}

/** Masks of shards, and of an area of its own. */
static void masks(void **state)
{
    const scene *s = *state;
    zagg_map_opts opts = {.aoi_mask = true};
    zagg_shardmap *map = build_ok(s, s->items, 200, opts);
    size_t cells = 0;
    assert_true(map->has_aoi_mask);
    for (size_t i = 0; i < map->n_shards; i++)
        cells += map->shards[i].n_aoi_mask;
    assert_true(cells >= map->n_shards);
    zagg_shardmap_free(map);
    const zagg_shape area = box_shape(s->arena, -77, 38, -76, 39);
    opts.aoi = &area;
    map = build_ok(s, s->items, 200, opts);
    size_t masked = 0;
    for (size_t i = 0; i < map->n_shards; i++)
        masked += map->shards[i].n_aoi_mask > 0;
    assert_in_range(masked, 1, map->n_shards - 1);
    zagg_shardmap_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads), cmocka_unit_test(without_geometry),
        cmocka_unit_test(lines),   cmocka_unit_test(unusable),
        cmocka_unit_test(names),   cmocka_unit_test(refused),
        cmocka_unit_test(masks),   cmocka_unit_test(lack_of_memory)};
    return cmocka_run_group_tests(tests, scene_new, scene_free);
}
