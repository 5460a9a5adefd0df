/* Builds from the cells that a catalog keeps of its footprints. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

enum { ITEMS = 300, PARENT = 8, FINE = 11 };

typedef struct scene {
    zagg_arena *arena;
    zagg_grid *grid;
    zagg_shape region;
    test_item items[ITEMS];
    swath swaths[ITEMS];
    zagg_words cells[ITEMS];
    char log[1024];
    zagg_log *logger;
} scene;

static void note(void *user, zagg_log_level level, const char *message)
{
    scene *s = user;
    (void)level;
    (void)snprintf(s->log, sizeof s->log, "%s", message);
}

/** Items with the cells of `order`. */
static void index_items(scene *s, unsigned order)
{
    for (size_t i = 0; i < ITEMS; i++) {
        const zagg_ring ring = {s->swaths[i].lat, s->swaths[i].lon, SWATH_VERTICES};
        zagg_words_free(&s->cells[i]);
        assert_int_equal(zagg_cover_polygon(&ring, 1, order, NULL, &s->cells[i], NULL),
                         ZAGG_OK);
        s->items[i].item.footprint_cells = s->cells[i].words;
        s->items[i].item.n_footprint_cells = s->cells[i].n;
    }
}

static int scene_new(void **state)
{
    uint64_t seed = 4;
    scene *s = zg_alloc(1, sizeof *s);
    if (s == NULL || zagg_arena_new(0, &s->arena, NULL) != ZAGG_OK)
        return -1;
    memset(s->cells, 0, sizeof s->cells);
    s->grid = new_healpix(PARENT, 12);
    s->region = box_shape(s->arena, -78, 37, -75, 40);
    s->logger = zagg_log_new(ZAGG_LOG_DEBUG, note, s);
    if (s->logger == NULL)
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
    for (size_t i = 0; i < ITEMS; i++)
        zagg_words_free(&s->cells[i]);
    zagg_log_free(s->logger);
    zagg_grid_free(s->grid);
    zagg_arena_free(s->arena);
    zg_free(s);
    return 0;
}

/** What the catalog says of itself; `order` of its cells as JSON, NULL: nothing. */
static const zagg_value *meta_of(const scene *s, const char *order)
{
    const zagg_value *meta = NULL;
    char text[128];
    const int len = snprintf(text, sizeof text, "{\"collection\": \"ATL03_007\"%s%s}",
                             order != NULL ? ", \"footprint_cells_order\": " : "",
                             order != NULL ? order : "");
    assert_int_equal(zagg_json_parse(s->arena, text, (size_t)len, "meta", &meta, NULL),
                     ZAGG_OK);
    return meta;
}

static zagg_status build_of(const scene *s, const zagg_grid *grid, const zagg_value *meta,
                            size_t n, zagg_map_opts opts, zagg_shardmap **out,
                            zagg_err *err)
{
    zagg_map_builder *b = NULL;
    opts.region = &s->region;
    opts.log = s->logger;
    zagg_status status = zagg_map_builder_new(grid, meta, &opts, &b, err);
    if (status != ZAGG_OK)
        return status;
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        status = zagg_map_builder_add(b, &s->items[i].item, err);
    if (status == ZAGG_OK)
        return zagg_map_builder_finish(b, "map", out, err);
    zagg_map_builder_free(b);
    return status;
}

static zagg_shardmap *build_ok(const scene *s, const char *order, zagg_map_opts opts)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    if (build_of(s, s->grid, meta_of(s, order), ITEMS, opts, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return map;
}

static void assert_same_lists(const zagg_shardmap *a, const zagg_shardmap *b)
{
    assert_true(a->n_shards > 50);
    assert_int_equal(a->n_shards, b->n_shards);
    for (size_t i = 0; i < a->n_shards; i++) {
        const zagg_shard_entry *x = &a->shards[i], *y = &b->shards[i];
        assert_int_equal(x->key, y->key);
        assert_int_equal(x->n_granules, y->n_granules);
        for (size_t k = 0; k < x->n_granules; k++)
            assert_string_equal(x->granules[k]->id, y->granules[k]->id);
    }
}

static void assert_used(const zagg_shardmap *map, bool used, uint64_t order)
{
    const zagg_value *v = zagg_value_get(map->metadata, "footprint_cells");
    uint64_t told = 0;
    assert_non_null(v);
    assert_int_equal(v->kind, ZAGG_BOOL);
    assert_int_equal(v->u.b, used);
    assert_true(zagg_value_u64(zagg_value_get(map->metadata, "mortie_order"), &told));
    assert_int_equal(told, order);
}

/** Cells of any order give the lists that a cover of that order gives. */
static void as_geometry(void **state)
{
    scene *s = *state;
    static const unsigned ORDERS[] = {PARENT, FINE};
    for (size_t i = 0; i < 2; i++) {
        char order[8];
        (void)snprintf(order, sizeof order, "%u", ORDERS[i]);
        index_items(s, ORDERS[i]);
        zagg_shardmap *cells = build_ok(s, order, (zagg_map_opts){.lines = false});
        zagg_shardmap *shapes =
            build_ok(s, order, (zagg_map_opts){.cover_order = ORDERS[i]});
        assert_used(cells, true, ORDERS[i]);
        assert_used(shapes, false, ORDERS[i]);
        assert_same_lists(cells, shapes);
        zagg_shardmap_free(cells);
        zagg_shardmap_free(shapes);
    }
}

/** What the cells say goes before the geometry; items without cells have only that. */
static void before_geometry(void **state)
{
    scene *s = *state;
    index_items(s, PARENT);
    zagg_shardmap *whole = build_ok(s, "8", (zagg_map_opts){.lines = false});
    for (size_t i = 0; i < ITEMS; i += 3) {
        s->items[i].item.footprint_cells = NULL;
        s->items[i].item.n_footprint_cells = 0;
    }
    zagg_shardmap *partly = build_ok(s, "8", (zagg_map_opts){.lines = false});
    assert_same_lists(whole, partly);
    zagg_shardmap_free(partly);
    static const uint64_t NOWHERE[] = {0x1000000000000000u};
    for (size_t i = 0; i < ITEMS; i++) {
        s->items[i].item.footprint_cells = i % 2 == 0 ? NOWHERE : s->cells[i].words;
        s->items[i].item.n_footprint_cells = i % 2 == 0 ? 0 : s->cells[i].n;
    }
    partly = build_ok(s, "8", (zagg_map_opts){.lines = false});
    uint64_t all = 0, some = 0, considered = 0;
    assert_true(zagg_value_u64(zagg_value_get(whole->metadata, "total_pairs"), &all));
    assert_true(zagg_value_u64(zagg_value_get(partly->metadata, "total_pairs"), &some));
    assert_true(
        zagg_value_u64(zagg_value_get(partly->metadata, "total_granules"), &considered));
    assert_int_equal(considered, ITEMS);
    assert_in_range(some, 1, all - 1);
    for (size_t i = 0; i < partly->n_shards; i++)
        for (size_t k = 0; k < partly->shards[i].n_granules; k++) {
            unsigned number = 0;
            assert_int_equal(
                sscanf(partly->shards[i].granules[k]->id, "granule_%u", &number), 1);
            assert_int_equal(number % 2, 1);
        }
    zagg_shardmap_free(partly);
    zagg_shardmap_free(whole);
}

/** Builds that ask for something that the cells do not tell. */
static void not_used(void **state)
{
    scene *s = *state;
    index_items(s, FINE);
    const zagg_map_opts cases[] = {{.cover_order = PARENT}, {.beams = true}};
    for (size_t i = 0; i < 2; i++) {
        zagg_shardmap *map = build_ok(s, "11", cases[i]);
        const zagg_value *v = zagg_value_get(map->metadata, "footprint_cells");
        assert_true(v != NULL && v->kind == ZAGG_BOOL && !v->u.b);
        zagg_shardmap_free(map);
    }
    zagg_shardmap *map = build_ok(s, NULL, (zagg_map_opts){.lines = false});
    assert_null(zagg_value_get(map->metadata, "footprint_cells"));
    zagg_shardmap_free(map);
}

/** On the geodetic sphere cells of authalic latitude are others. */
static void other_latitude(void **state)
{
    scene *s = *state;
    zagg_grid *geodetic = NULL;
    zagg_shardmap *map = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_healpix_spec spec = {PARENT, 12, -1, false, ZAGG_LATITUDE_GEODETIC};
    index_items(s, PARENT);
    assert_int_equal(zagg_grid_new_healpix(&spec, &geodetic, &err), ZAGG_OK);
    s->log[0] = '\0';
    assert_int_equal(build_of(s, geodetic, meta_of(s, "8"), ITEMS,
                              (zagg_map_opts){.lines = false}, &map, &err),
                     ZAGG_OK);
    assert_non_null(strstr(s->log, "footprint_cells are of authalic latitude"));
    assert_used(map, false, PARENT);
    zagg_shardmap_free(map);
    zagg_grid_free(geodetic);
}

static void refused(void **state)
{
    scene *s = *state;
    zagg_shardmap *map = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_map_opts opts = {.lines = false};
    index_items(s, PARENT);
    assert_int_equal(build_of(s, s->grid, meta_of(s, "7"), 1, opts, &map, &err),
                     ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "--index-footprints 8"));
    static const char *const ORDERS[] = {"\"8\"", "0", "30", "8.5", "true"};
    for (size_t i = 0; i < sizeof ORDERS / sizeof ORDERS[0]; i++) {
        assert_int_equal(build_of(s, s->grid, meta_of(s, ORDERS[i]), 1, opts, &map, &err),
                         ZAGG_ECONFIG);
        assert_non_null(strstr(err.msg, "footprint_cells_order"));
    }
    static const uint64_t BAD[] = {7};
    for (size_t i = 0; i < ITEMS; i++) {
        s->items[i].item.footprint_cells = BAD;
        s->items[i].item.n_footprint_cells = 1;
    }
    assert_int_equal(build_of(s, s->grid, meta_of(s, "8"), ITEMS, opts, &map, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "footprint of granule_"));
    assert_non_null(strstr(err.msg, "the word 7 names no cell"));
    assert_null(map);
}

/** Every allocation refused once. */
static void lack_of_memory(void **state)
{
    scene *s = *state;
    zagg_err err = ZAGG_ERR_INIT;
    int64_t nth = 1;
    zagg_status status = ZAGG_ENOMEM;
    index_items(s, FINE);
    const zagg_value *meta = meta_of(s, "11");
    for (; status != ZAGG_OK; nth++) {
        zagg_shardmap *map = NULL;
        zg_alloc_fail_nth(nth);
        status =
            build_of(s, s->grid, meta, 12, (zagg_map_opts){.lines = false}, &map, &err);
        zg_alloc_fail_nth(0);
        assert_true(status == ZAGG_OK || status == ZAGG_ENOMEM);
        zagg_shardmap_free(map);
    }
    assert_true(nth > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_geometry), cmocka_unit_test(before_geometry),
        cmocka_unit_test(not_used),    cmocka_unit_test(other_latitude),
        cmocka_unit_test(refused),     cmocka_unit_test(lack_of_memory)};
    return cmocka_run_group_tests(tests, scene_new, scene_free);
}
