/* Golden set catalog: whole shard maps, pair for pair, by both backends' rules. */
#include "catalog_cases.h"
#include "support/departures.h"
#include "zagg/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 4096 };

typedef struct suite {
    zagg_arena *arena;
    zagg_pool *pool;
    case_report report;
    departures departures;
    const char *ids[MAX_ROWS]; /* of the NEON catalog */
    size_t n_ids;
} suite;

/* ---- comparing ---- */

typedef struct difference {
    char text[400];
} difference;

static void differ(difference *d, const char *fmt, ...) ZAGG_PRINTF(2, 3);
static void differ(difference *d, const char *fmt, ...)
{
    va_list args;
    if (d->text[0] != '\0')
        return;
    va_start(args, fmt);
    (void)vsnprintf(d->text, sizeof d->text, fmt, args);
    va_end(args);
}

static size_t pairs_of(const zagg_shardmap *map)
{
    size_t n = 0;
    for (size_t i = 0; i < map->n_shards; i++)
        n += map->shards[i].n_granules;
    return n;
}

/** Id of an entry: its row in the catalog, or the id. */
static const char *entry_id(const suite *s, const zagg_value *v)
{
    if (v->kind == ZAGG_STR)
        return v->str;
    const uint64_t row = catalog_number(v);
    assert_true(row < s->n_ids);
    return s->ids[row];
}

static void compare_lists(const suite *s, const zagg_shardmap *map,
                          const zagg_value *golden, difference *d)
{
    const zagg_value *keys = catalog_member(golden, "shard_keys");
    const zagg_value *lists = zagg_value_get(golden, "rows");
    if (lists == NULL)
        lists = catalog_member(golden, "granule_ids");
    if (map->n_shards != keys->n)
        differ(d, "%zu shards instead of %zu (%zu pairs)", map->n_shards, keys->n,
               pairs_of(map));
    for (size_t i = 0; i < keys->n && d->text[0] == '\0'; i++) {
        const zagg_shard_entry *shard = &map->shards[i];
        if (shard->key != catalog_number(keys->items[i]))
            differ(d, "shard %zu is another one", i);
        else if (shard->n_granules != lists->items[i]->n)
            differ(d, "shard %zu has %zu granules instead of %zu; %zu pairs", i,
                   shard->n_granules, lists->items[i]->n, pairs_of(map));
        for (size_t k = 0; k < shard->n_granules && d->text[0] == '\0'; k++)
            if (strcmp(shard->granules[k]->id, entry_id(s, lists->items[i]->items[k])) !=
                0)
                differ(d, "shard %zu: granule %zu is %s", i, k, shard->granules[k]->id);
    }
}

/** The members that upstream has, in its order; build_wall_s and our latitude beside. */
static void compare_metadata(const zagg_value *ours, const zagg_value *golden,
                             difference *d)
{
    size_t at = 0;
    for (size_t i = 0; i < ours->n; i++) {
        const zagg_value *key = ours->members[i].key;
        if (zagg_value_is(key, "build_wall_s") || zagg_value_is(key, "latitude"))
            continue;
        if (at == golden->n || strcmp(golden->members[at].key->str, key->str) != 0)
            differ(d, "metadata: %s is not where upstream has it", key->str);
        else if (!zagg_value_equal(golden->members[at].value, ours->members[i].value))
            differ(d, "metadata: %s differs", key->str);
        if (d->text[0] != '\0')
            return;
        at++;
    }
    if (at != golden->n)
        differ(d, "metadata: %s is missing", golden->members[at].key->str);
}

static void compare_first_entry(const zagg_shardmap *map, const zagg_value *golden,
                                zagg_arena *arena, difference *d)
{
    const zagg_value *theirs = zagg_value_get_set(golden, "first_entry"), *ours = NULL;
    if (theirs == NULL || map->n_shards == 0)
        return;
    const char *record = map->shards[0].granules[0]->record;
    assert_int_equal(
        zagg_json_parse(arena, record, strlen(record), "record", &ours, NULL), ZAGG_OK);
    if (ours->n != theirs->n || !zagg_value_equal(ours, theirs))
        differ(d, "the first entry is %s", record);
    for (size_t i = 0; i < ours->n && d->text[0] == '\0'; i++)
        if (strcmp(ours->members[i].key->str, theirs->members[i].key->str) != 0)
            differ(d, "the first entry is in another order: %s", record);
}

static void compare_masks(const zagg_shardmap *map, const zagg_value *golden,
                          difference *d)
{
    const zagg_value *masks = zagg_value_get_set(golden, "aoi_mask");
    if (map->has_aoi_mask != (masks != NULL)) {
        differ(d, "masks are there or are not");
        return;
    }
    for (size_t i = 0; masks != NULL && i < map->n_shards; i++) {
        const zagg_shard_entry *s = &map->shards[i];
        bool same = s->n_aoi_mask == masks->items[i]->n;
        for (size_t k = 0; same && k < s->n_aoi_mask; k++)
            same = s->aoi_mask[k] == catalog_number(masks->items[i]->items[k]);
        if (!same)
            differ(d, "the mask of shard %zu", i);
    }
}

/* ---- one build ---- */

typedef struct build {
    const char *name, *items;
    const zagg_value *signature, *golden, *region; /* parts, or NULL */
    const zagg_shape *shape, *aoi;                 /* of them; of the mask */
    const zagg_map_sibling *sibling;
    size_t null_row;
} build;

static void compare(suite *s, const build *b, const zagg_grid *grid,
                    const zagg_map_opts *opts, difference *d)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    const zagg_value *error = zagg_value_get(b->golden, "error");
    const zagg_value *metadata = zagg_value_get(b->golden, "metadata");
    const zagg_value *meta = metadata != NULL ? catalog_meta(s->arena, metadata) : NULL;
    if (meta == NULL) { /* of a build that fails */
        static const char TEXT[] = "{\"collection\": \"GEDI01_B_002\", \"bbox\": [-76.6, "
                                   "38.8, -76.55, 38.9]}";
        assert_int_equal(
            zagg_json_parse(s->arena, TEXT, sizeof TEXT - 1, "meta", &meta, NULL),
            ZAGG_OK);
    }
    zagg_status status =
        catalog_build(b->items, grid, meta, opts, b->null_row, &map, &err);
    if (error != NULL) {
        if (status == ZAGG_OK)
            differ(d, "no error");
        else if (status != ZAGG_ECONFIG)
            differ(d, "another error: %s", err.msg);
    } else if (status != ZAGG_OK) {
        differ(d, "an error: %s", err.msg);
    } else {
        compare_lists(s, map, b->golden, d);
        compare_metadata(map->metadata, metadata, d);
        compare_first_entry(map, b->golden, s->arena, d);
        compare_masks(map, b->golden, d);
        if (d->text[0] == '\0' && !zagg_value_equal(map->grid_signature, b->signature))
            differ(d, "the signature");
    }
    zagg_shardmap_free(map);
}

static bool member_is(const zagg_value *v, const char *key, const char *text)
{
    return v != NULL && zagg_value_is(zagg_value_get(v, key), text);
}

static void run_build(suite *s, const build *b, const char *backend)
{
    const zagg_value *metadata = zagg_value_get(b->golden, "metadata");
    const zagg_value *order = zagg_value_get(metadata, "mortie_order");
    const zagg_value *parent = zagg_value_get(b->signature, "parent_order");
    difference d = {""};
    int64_t chunk = -1;
    zagg_map_opts opts = {.backend = strcmp(backend, "mortie") == 0 ? ZAGG_MAP_MORTIE
                                                                    : ZAGG_MAP_SPHERELY,
                          .beams = member_is(metadata, "footprint", "beams") ||
                                   strstr(b->name, "beams_wrong") != NULL,
                          .region = b->shape,
                          .aoi = b->aoi,
                          .aoi_mask = zagg_value_get(b->golden, "aoi_mask") != NULL,
                          .sibling = b->sibling,
                          .pool = s->pool};
    opts.drop_invalid = opts.backend == ZAGG_MAP_SPHERELY;
    if (order != NULL && parent != NULL && catalog_number(order) > catalog_number(parent))
        chunk = (int64_t)catalog_number(order);
    zagg_grid *grid = catalog_grid(b->signature, chunk, ZAGG_LATITUDE_AUTHALIC);
    compare(s, b, grid, &opts, &d);
    departures_judge(&s->departures, &s->report, b->name, d.text[0] != '\0', d.text);
    zagg_grid_free(grid);
}

/* ---- NEON ---- */

static zagg_status note_id(void *user, const zagg_item *item, zagg_err *err)
{
    suite *s = user;
    (void)err;
    assert_true(s->n_ids < MAX_ROWS);
    s->ids[s->n_ids++] = zagg_arena_strndup(s->arena, item->id, strlen(item->id));
    return ZAGG_OK;
}

static zagg_shape neon_area(suite *s)
{
    zagg_shape area = {NULL, 0};
    assert_int_equal(
        zagg_shape_from_geojson(
            s->arena, golden_json(s->arena, golden_path("catalog/data/AOP_NEON.geojson")),
            0, &area, NULL),
        ZAGG_OK);
    return area;
}

static void neon(suite *s)
{
    char items[1024];
    zagg_catalog *catalog = NULL;
    const zagg_shape area = neon_area(s);
    (void)snprintf(items, sizeof items, "%s",
                   golden_path("catalog/data/cat_neon.items.ndjson.gz"));
    assert_int_equal(zagg_catalog_open(items, NULL, &catalog, NULL), ZAGG_OK);
    assert_int_equal(zagg_catalog_read(catalog, note_id, s, NULL), ZAGG_OK);
    zagg_catalog_close(catalog);
    const zagg_value *root =
        golden_json(s->arena, golden_path("catalog/neon/neon_shardmaps.json"));
    for (size_t i = 0; i < root->n; i++) {
        const zagg_value *golden = root->members[i].value;
        const char *name = root->members[i].key->str;
        const build b = {.name = name,
                         .items = items,
                         .signature = catalog_member(golden, "grid_signature"),
                         .golden = golden,
                         .shape = strstr(name, "bboxregion") != NULL ? NULL : &area,
                         .null_row = SIZE_MAX};
        run_build(s, &b,
                  catalog_member(catalog_member(golden, "metadata"), "backend")->str);
    }
}

/* ---- synthetic cases ---- */

/** Cases that share the catalog of another one. */
static const char *file_of(const char *name)
{
    static const char *const SHARED[][2] = {{"pole_88s_seedring", "pole_88s"},
                                            {"pole_88s_bbox", "pole_88s"},
                                            {"empty_result", "tiny_aoi"},
                                            {"aoi_mask", "tiny_aoi"},
                                            {"aoi_mask_wkt_hole", "tiny_aoi"},
                                            {"null_geometry", "odd_rows"},
                                            {"aoi_disjoint_parts", "aoi_multipart"},
                                            {"aoi_nested_parts", "aoi_multipart"},
                                            {"aoi_overlapping_parts", "aoi_multipart"},
                                            {"beams_swath", "beams"},
                                            {"sibling_pairing", "sibling_primary"}};
    for (size_t i = 0; i < sizeof SHARED / sizeof SHARED[0]; i++)
        if (strcmp(SHARED[i][0], name) == 0)
            return SHARED[i][1];
    return name;
}

static void items_path(const char *file, char out[1024])
{
    char relative[200];
    (void)snprintf(relative, sizeof relative, "catalog/synth/%s.items.ndjson", file);
    (void)snprintf(out, 1024, "%s", golden_path(relative));
}

/** The area of aoi_mask_wkt_hole, as the set's README has it. */
static zagg_shape area_with_hole(suite *s)
{
    static const char WKT[] =
        "POLYGON ((-76.621242 38.842973, -76.506054 38.844515, -76.507957 38.934599, "
        "-76.623291 38.933052, -76.621242 38.842973), (-76.58 38.87, -76.58 38.91, "
        "-76.54 "
        "38.91, -76.54 38.87, -76.58 38.87))";
    zagg_shape area = {NULL, 0};
    assert_int_equal(zagg_shape_from_wkt(s->arena, WKT, sizeof WKT - 1, 0, &area, NULL),
                     ZAGG_OK);
    return area;
}

static void run_case(suite *s, const char *name, const zagg_value *v)
{
    static const char *const BACKENDS[] = {"mortie", "spherely"};
    char items[1024], siblings[1024], label[200];
    const zagg_value *runs = catalog_member(v, "runs");
    const zagg_value *parts = zagg_value_get_set(v, "region_parts_latlon");
    const bool hole = strcmp(name, "aoi_mask_wkt_hole") == 0;
    const bool paired = strcmp(name, "sibling_pairing") == 0;
    const zagg_shape holed = area_with_hole(s);
    zagg_shape region = {NULL, 0};
    if (parts != NULL)
        region = catalog_region(s->arena, parts);
    items_path(file_of(name), items);
    for (size_t i = 0; i < 2 * runs->n; i++) {
        const zagg_value *run = runs->members[i / 2].value;
        const char *backend = BACKENDS[i % 2];
        zagg_map_sibling sibling = {"l2a", NULL};
        build b = {.name = label,
                   .items = items,
                   .signature = catalog_member(run, "grid_signature"),
                   .golden = zagg_value_get(run, backend),
                   .shape = parts != NULL ? &region : NULL,
                   .aoi = hole ? &holed : NULL,
                   .null_row = strcmp(name, "null_geometry") == 0 ? 2 : SIZE_MAX};
        if (b.golden == NULL)
            continue;
        if (paired) {
            items_path("sibling_l2a", siblings);
            assert_int_equal(zagg_catalog_open(siblings, NULL, &sibling.catalog, NULL),
                             ZAGG_OK);
            b.sibling = &sibling;
        }
        (void)snprintf(label, sizeof label, "%s, %s, %s", name,
                       runs->members[i / 2].key->str, backend);
        run_build(s, &b, backend);
        if (paired)
            zagg_catalog_close(sibling.catalog);
    }
}

static void synthetic(suite *s)
{
    const zagg_value *root =
        golden_json(s->arena, golden_path("catalog/synth/synth_shardmaps.json"));
    for (size_t i = 0; i < root->n; i++)
        if (zagg_value_get(root->members[i].value, "runs") != NULL)
            run_case(s, root->members[i].key->str, root->members[i].value);
}

static void maps(void **state)
{
    (void)state;
    if (!golden_available("catalog/synth"))
        skip();
    suite *s = zg_alloc(1, sizeof *s);
    assert_non_null(s);
    s->report = (case_report){.set = "catalog/maps"};
    assert_int_equal(zagg_arena_new(0, &s->arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_pool_new(3, &s->pool, NULL), ZAGG_OK);
    s->departures = departures_load(s->arena, "catalog/maps");
    neon(s);
    synthetic(s);
    departures_end(&s->departures, &s->report);
    case_report report = s->report;
    zagg_pool_free(s->pool);
    zagg_arena_free(s->arena);
    zg_free(s);
    report_end(&report, 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(maps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
