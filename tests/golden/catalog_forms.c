/* Golden set catalog: bytes of maps, corridors of beams, maps of earlier versions, maps
 * made of maps. */
#include "cat/text_source.h"
#include "catalog_cases.h"
#include "map/beams.h"
#include "pq/pq.h"
#include "support/departures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zagg_arena *new_arena(void)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    return arena;
}

static const char *kept_path(zagg_arena *arena, const char *relative)
{
    const char *path = golden_path(relative);
    return zagg_arena_strndup(arena, path, strlen(path));
}

/* ---- bytes ---- */

static char *text_of(const char *path, size_t *len)
{
    char *text = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_text_load(path, (size_t)1 << 30, &text, len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return text;
}

/** Load, write, and compare with what was loaded; then by way of the other forms. */
static void round_trip(case_report *r, const char *path, const char *name)
{
    static const struct {
        const char *file, *how;
        zagg_map_form form;
    } WAYS[] = {{NULL, "", ZAGG_MAP_JSON},
                {"map.json.gz", " by way of the compact form", ZAGG_MAP_COMPACT},
                {"map.parquet", " by way of Parquet", ZAGG_MAP_PARQUET}};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL, *again = NULL;
    char *dir = make_temp_dir(), out[1200], other[1200];
    size_t n, m;
    char *theirs = text_of(path, &n);
    (void)snprintf(out, sizeof out, "%s/map.json", dir);
    if (zagg_shardmap_load(path, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
        (void)snprintf(other, sizeof other, "%s/%s", dir, i > 0 ? WAYS[i].file : "");
        const zagg_status status =
            i > 0 ? zagg_shardmap_write(map, WAYS[i].form, other, &err) : ZAGG_OK;
        if (status == ZAGG_EUNSUPPORTED) {
            case_skip(r, name, "there is no carquet");
            continue;
        }
        if (status != ZAGG_OK ||
            zagg_shardmap_load(i > 0 ? other : path, &again, &err) != ZAGG_OK ||
            zagg_shardmap_write(again, ZAGG_MAP_JSON, out, &err) != ZAGG_OK)
            fail_msg("%s%s: %s", name, WAYS[i].how, err.msg);
        char *ours = text_of(out, &m);
        if (m == n && memcmp(ours, theirs, n) == 0)
            case_pass(r);
        else
            case_fail(r, name, "%zu bytes%s instead of %zu, or other ones", m,
                      WAYS[i].how, n);
        zg_free(ours);
        zagg_shardmap_free(again);
    }
    zagg_shardmap_free(map);
    zg_free(theirs);
    remove_tree(dir);
    zg_free(dir);
}

/** Upstream's table of a map is the map. */
static void table(case_report *r, const char *path, const char *json)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    char *dir = make_temp_dir(), out[1200];
    size_t n, m;
    (void)snprintf(out, sizeof out, "%s/map.json", dir);
    const zagg_status status = zagg_shardmap_load(path, &map, &err);
    if (status == ZAGG_EUNSUPPORTED) {
        case_skip(r, path, "there is no carquet");
    } else if (status != ZAGG_OK ||
               zagg_shardmap_write(map, ZAGG_MAP_JSON, out, &err) != ZAGG_OK) {
        case_fail(r, path, "%s", err.msg);
    } else {
        char *ours = text_of(out, &m), *theirs = text_of(json, &n);
        if (m == n && memcmp(ours, theirs, n) == 0)
            case_pass(r);
        else
            case_fail(r, path, "%zu bytes instead of %zu, or other ones", m, n);
        zg_free(ours);
        zg_free(theirs);
        zagg_shardmap_free(map);
    }
    remove_tree(dir);
    zg_free(dir);
}

static void bytes(void **state)
{
    static const char *const MAPS[] = {
        "synth/times_o9.shardmap.json",       "data/seed_sm_healpix_o10.json.gz",
        "data/seed_sm_healpix_o11.json.gz",   "data/seed_sm_rect_3km.json.gz",
        "data/seed_sm_rect_6km.json.gz",      "data/aug_sm_healpix_o9.json.gz",
        "data/aug_sm_healpix_o10.json.gz",    "data/aug_sm_healpix_o11.json.gz",
        "data/aug_sm_healpix_o9_88s.json.gz", "data/aug_sm_healpix_o10_88s.json.gz"};
    static const char *const BENCHMARK[] = {"sm_healpix_o10", "sm_healpix_o11",
                                            "sm_rect_3km", "sm_rect_6km"};
    (void)state;
    if (!golden_available("catalog/synth"))
        skip();
    zg_pq_install();
    case_report r = {.set = "catalog/bytes"};
    zagg_arena *arena = new_arena();
    table(&r, kept_path(arena, "catalog/synth/times_o9.shardmap.parquet"),
          kept_path(arena, "catalog/synth/times_o9.shardmap.json"));
    char relative[200];
    for (size_t i = 0; i < sizeof MAPS / sizeof MAPS[0]; i++) {
        (void)snprintf(relative, sizeof relative, "catalog/%s", MAPS[i]);
        round_trip(&r, kept_path(arena, relative), MAPS[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(relative, sizeof relative, "data/benchmark/shardmaps/%s.json",
                       BENCHMARK[i]);
        const char *path = shared_path(relative);
        round_trip(&r, zagg_arena_strndup(arena, path, strlen(path)), BENCHMARK[i]);
    }
    zagg_arena_free(arena);
    report_end(&r, 28);
}

/* ---- beams ---- */

static const double *numbers(zagg_arena *arena, const zagg_value *list)
{
    double *out = NULL;
    assert_int_equal(zagg_arena_alloc(arena, list->n, sizeof *out, &out, NULL), ZAGG_OK);
    for (size_t i = 0; i < list->n; i++)
        assert_true(zagg_value_number(list->items[i], &out[i]));
    return out;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9;
}

/** Every 25th vertex is in the golden file. */
static bool same_ring(zagg_arena *arena, const zagg_ring *ours, const zagg_value *golden)
{
    enum { STEP = 25 };
    const double *lat = numbers(arena, catalog_member(golden, "lat"));
    const double *lon = numbers(arena, catalog_member(golden, "lon"));
    if (ours->n != catalog_number(catalog_member(golden, "n")))
        return false;
    for (size_t i = 0; STEP * i < ours->n; i++)
        if (!near(ours->lat_deg[STEP * i], lat[i]) ||
            !near(ours->lon_deg[STEP * i], lon[i]))
            return false;
    return true;
}

static void check_beams(case_report *r, zagg_arena *arena, const zagg_value *v)
{
    const char *name = catalog_member(v, "id")->str;
    const zagg_value *lats = catalog_member(v, "lats"),
                     *rings = catalog_member(v, "rings");
    const zagg_ring swath = {numbers(arena, lats),
                             numbers(arena, catalog_member(v, "lons")), lats->n};
    const bool fallback = catalog_member(v, "fallback")->u.b;
    zg_rings ours;
    zg_centerline line;
    double half = 0.0;
    assert_int_equal(zg_beams_rings(arena, &swath, &ours, NULL), ZAGG_OK);
    assert_int_equal(zg_beams_centerline(arena, &swath, &line, NULL), ZAGG_OK);
    if (fallback) {
        if (ours.n == 1 && ours.items == &swath && line.n == 0)
            case_pass(r);
        else
            case_fail(r, name, "corridors instead of the swath");
        return;
    }
    const zagg_value *golden = catalog_member(v, "centerline");
    assert_true(zagg_value_number(catalog_member(golden, "half_width_m"), &half));
    if (line.n != catalog_number(catalog_member(golden, "n")) ||
        fabs(line.half_width_m - half) > 1e-6)
        case_fail(r, name, "a middle of %zu points and half a width of %.6f m", line.n,
                  line.half_width_m);
    else if (ours.n != rings->n)
        case_fail(r, name, "%zu rings", ours.n);
    else
        case_pass(r);
    for (size_t i = 0; i < ours.n && i < rings->n; i++)
        if (same_ring(arena, &ours.items[i], rings->items[i]))
            case_pass(r);
        else
            case_fail(r, name, "ring %zu is another one", i);
}

static void beams(void **state)
{
    (void)state;
    if (!golden_available("catalog/beams"))
        skip();
    case_report r = {.set = "catalog/beams"};
    zagg_arena *arena = new_arena();
    const zagg_value *root =
        golden_json(arena, golden_path("catalog/beams/beam_rings.json"));
    for (size_t i = 0; i < root->n; i++)
        check_beams(&r, arena, root->items[i]);
    zagg_arena_free(arena);
    report_end(&r, 36);
}

/* ---- maps of earlier versions ---- */

/** The granules of a map, by the names of their files. */
typedef struct chosen {
    zagg_map_builder *builder;
    char **names;
    size_t n;
} chosen;

static const char *basename_of(const char *href)
{
    return href == NULL ? "" : strrchr(href, '/') ? strrchr(href, '/') + 1 : href;
}

static void choose(const zagg_shardmap *map, zg_vec *names)
{
    for (size_t i = 0; i < map->n_shards; i++)
        for (size_t k = 0; k < map->shards[i].n_granules; k++) {
            const char *name = basename_of(map->shards[i].granules[k]->https);
            assert_true(zg_vec_append(names, &name, 1));
        }
    qsort(names->data, names->len, sizeof(char *), zg_compare_texts);
}

static zagg_status feed(void *user, const zagg_item *item, zagg_err *err)
{
    chosen *c = user;
    const char *name = basename_of(item->https);
    if (bsearch(&name, c->names, c->n, sizeof(char *), zg_compare_texts) == NULL)
        return ZAGG_OK;
    return zagg_map_builder_add(c->builder, item, err);
}

static void compare_maps(case_report *r, const char *name, const zagg_shardmap *ours,
                         const zagg_shardmap *theirs)
{
    if (ours->n_shards != theirs->n_shards) {
        case_fail(r, name, "%zu shards instead of %zu", ours->n_shards, theirs->n_shards);
        return;
    }
    for (size_t i = 0; i < ours->n_shards; i++) {
        const zagg_shard_entry *a = &ours->shards[i], *b = &theirs->shards[i];
        bool same = a->key == b->key && a->n_granules == b->n_granules;
        for (size_t k = 0; same && k < a->n_granules; k++)
            same = strcmp(basename_of(a->granules[k]->https),
                          basename_of(b->granules[k]->https)) == 0;
        if (!same) {
            case_fail(r, name, "shard %zu has other granules", i);
            return;
        }
    }
    case_pass(r);
}

static void rebuild(case_report *r, zagg_arena *arena, const char *file,
                    zagg_latitude latitude)
{
    char relative[200];
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *theirs = NULL, *ours = NULL;
    zagg_catalog *catalog = NULL;
    zagg_shape area = {NULL, 0};
    zg_vec names;
    (void)snprintf(relative, sizeof relative, "catalog/data/%s.json.gz", file);
    assert_int_equal(zagg_shardmap_load(golden_path(relative), &theirs, &err), ZAGG_OK);
    assert_int_equal(zagg_shape_from_geojson(
                         arena,
                         golden_json(arena, golden_path("catalog/data/AOP_NEON.geojson")),
                         0, &area, NULL),
                     ZAGG_OK);
    zagg_grid *grid = catalog_grid(theirs->grid_signature, -1, latitude);
    const bool tiles = zagg_grid_get_kind(grid) == ZAGG_GRID_RECTILINEAR;
    const zagg_map_opts opts = {.backend = tiles ? ZAGG_MAP_SPHERELY : ZAGG_MAP_MORTIE,
                                .cover_order = tiles ? 0 : 13,
                                .region = &area};
    zg_vec_init(&names, sizeof(char *), 0);
    choose(theirs, &names);
    chosen c = {NULL, names.data, names.len};
    assert_int_equal(
        zagg_map_builder_new(grid, theirs->metadata, &opts, &c.builder, &err), ZAGG_OK);
    assert_int_equal(
        zagg_catalog_open(golden_path("catalog/data/cat_neon.items.ndjson.gz"), NULL,
                          &catalog, &err),
        ZAGG_OK);
    assert_int_equal(zagg_catalog_read(catalog, feed, &c, &err), ZAGG_OK);
    zagg_catalog_close(catalog);
    assert_int_equal(zagg_map_builder_finish(c.builder, file, &ours, &err), ZAGG_OK);
    compare_maps(r, file, ours, theirs);
    zg_vec_free(&names);
    zagg_shardmap_free(ours);
    zagg_shardmap_free(theirs);
    zagg_grid_free(grid);
}

static void earlier(void **state)
{
    static const char *const SEEDS[] = {"seed_sm_healpix_o10", "seed_sm_healpix_o11",
                                        "seed_sm_rect_3km", "seed_sm_rect_6km"};
    static const char *const AUGUST[] = {"aug_sm_healpix_o9", "aug_sm_healpix_o10",
                                         "aug_sm_healpix_o11"};
    (void)state;
    if (!golden_available("catalog/data"))
        skip();
    case_report r = {.set = "catalog/earlier"};
    zagg_arena *arena = new_arena();
    for (size_t i = 0; i < 4; i++)
        rebuild(&r, arena, SEEDS[i], ZAGG_LATITUDE_GEODETIC);
    for (size_t i = 0; i < 3; i++)
        rebuild(&r, arena, AUGUST[i], ZAGG_LATITUDE_AUTHALIC);
    zagg_arena_free(arena);
    report_end(&r, 7);
}

/* ---- maps of maps ---- */

static void compare_golden(case_report *r, const char *name, const zagg_shardmap *map,
                           const zagg_value *golden)
{
    const zagg_value *keys = catalog_member(golden, "shard_keys");
    const zagg_value *lists = catalog_member(golden, "granule_ids");
    const zagg_value *meta = catalog_member(golden, "metadata");
    bool same = map->n_shards == keys->n;
    for (size_t i = 0; same && i < keys->n; i++) {
        const zagg_shard_entry *s = &map->shards[i];
        same = s->key == catalog_number(keys->items[i]) &&
               s->n_granules == lists->items[i]->n;
        for (size_t k = 0; same && k < s->n_granules; k++)
            same = strcmp(s->granules[k]->id, lists->items[i]->items[k]->str) == 0;
    }
    if (!same) {
        case_fail(r, name, "%zu shards, not the same as the %zu expected", map->n_shards,
                  keys->n);
        return;
    }
    for (size_t i = 0; same && i < meta->n; i++)
        same = zagg_value_get(map->metadata, meta->members[i].key->str) != NULL &&
               zagg_value_equal(zagg_value_get(map->metadata, meta->members[i].key->str),
                                meta->members[i].value);
    if (!same || map->metadata->n != meta->n + 1) /* and latitude */
        case_fail(r, name, "other metadata");
    else
        case_pass(r);
}

typedef struct source_map {
    zagg_arena *arena;
    const char *items;
    zagg_shardmap *map;
    const zagg_value *signature;
} source_map;

static source_map global_swaths(zagg_arena *arena, const zagg_value *root)
{
    source_map s = {.arena = arena};
    const zagg_value *v = catalog_member(root, "global_swaths");
    const zagg_value *run = catalog_member(catalog_member(v, "runs"), "hp_o6");
    const zagg_value *golden = catalog_member(run, "mortie");
    const zagg_shape region =
        catalog_region(arena, catalog_member(v, "region_parts_latlon"));
    const zagg_map_opts opts = {.region = &region};
    zagg_err err = ZAGG_ERR_INIT;
    s.signature = catalog_member(run, "grid_signature");
    s.items = kept_path(arena, "catalog/synth/global_swaths.items.ndjson");
    zagg_grid *grid = catalog_grid(s.signature, -1, ZAGG_LATITUDE_AUTHALIC);
    const zagg_value *meta = catalog_meta(arena, catalog_member(golden, "metadata"));
    assert_int_equal(catalog_build(s.items, grid, meta, &opts, SIZE_MAX, &s.map, &err),
                     ZAGG_OK);
    zagg_grid_free(grid);
    return s;
}

static zagg_status reproject(const source_map *s, int64_t parent, int64_t child,
                             bool with_catalog, zagg_shardmap **out, zagg_err *err)
{
    const zagg_healpix_spec spec = {parent, child, -1, false, ZAGG_LATITUDE_AUTHALIC};
    zagg_grid *grid = NULL;
    zagg_catalog *catalog = NULL;
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, NULL), ZAGG_OK);
    if (with_catalog)
        assert_int_equal(zagg_catalog_open(s->items, NULL, &catalog, NULL), ZAGG_OK);
    zagg_status status = zagg_map_reproject(s->map, grid, catalog, NULL, out, err);
    if (catalog != NULL)
        zagg_catalog_close(catalog);
    zagg_grid_free(grid);
    return status;
}

static void reprojected(void **state)
{
    (void)state;
    if (!golden_available("catalog/synth"))
        skip();
    case_report r = {.set = "catalog/reproject"};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    zagg_arena *arena = new_arena();
    const zagg_value *root =
        golden_json(arena, golden_path("catalog/synth/synth_shardmaps.json"));
    const zagg_value *golden = catalog_member(root, "reproject");
    source_map s = global_swaths(arena, root);
    assert_int_equal(reproject(&s, 4, 10, false, &map, &err), ZAGG_OK);
    compare_golden(&r, "coarsen_o4", map, catalog_member(golden, "coarsen_o4"));
    zagg_shardmap_free(map);
    if (reproject(&s, 7, 10, true, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    compare_golden(&r, "refine_o7", map, catalog_member(golden, "refine_o7"));
    zagg_shardmap_free(map);
    assert_int_equal(reproject(&s, 6, 10, false, &map, &err), ZAGG_OK);
    const zagg_value *meta = catalog_member(golden, "noop");
    bool same = map->n_shards == s.map->n_shards && map->metadata->n == meta->n + 2;
    for (size_t i = 0; same && i < meta->n; i++) /* ours has build_wall_s and latitude */
        same = zagg_value_equal(zagg_value_get(map->metadata, meta->members[i].key->str),
                                meta->members[i].value);
    if (same)
        case_pass(&r);
    else
        case_fail(&r, "noop", "another map or other metadata");
    zagg_shardmap_free(map);
    if (reproject(&s, 4, 11, false, &map, &err) == ZAGG_ECONFIG)
        case_pass(&r);
    else
        case_fail(&r, "child_mismatch", "no error");
    if (reproject(&s, 7, 10, false, &map, &err) == ZAGG_ECONFIG)
        case_pass(&r);
    else
        case_fail(&r, "refine_no_catalog", "no error");
    zagg_shardmap_free(s.map);
    zagg_arena_free(arena);
    report_end(&r, 5);
}

/* ---- rasters ---- */

static void check_raster(case_report *r, const zagg_shardmap *map, zagg_arena *arena,
                         const zagg_value *golden)
{
    const zagg_value *keys = catalog_member(golden, "shard_keys"), *first = NULL;
    const zagg_value *theirs = catalog_member(golden, "first_entry");
    const zagg_value *lists = catalog_member(golden, "granule_ids");
    bool same = map->n_shards == keys->n;
    for (size_t i = 0; same && i < keys->n; i++) {
        same = map->shards[i].key == catalog_number(keys->items[i]) &&
               map->shards[i].n_granules == lists->items[i]->n;
        for (size_t k = 0; same && k < lists->items[i]->n; k++)
            same = strcmp(map->shards[i].granules[k]->id,
                          lists->items[i]->items[k]->str) == 0;
    }
    if (same)
        case_pass(r);
    else
        case_fail(r, "s2_neon", "other shards or granules");
    const char *record = map->shards[0].granules[0]->record;
    assert_int_equal(
        zagg_json_parse(arena, record, strlen(record), "record", &first, NULL), ZAGG_OK);
    if (zagg_value_equal(first, theirs))
        case_pass(r);
    else
        case_fail(r, "s2_neon", "the first entry is %s", record);
}

/** Items without data for HDF5: hrefs by asset, the moment, the group of acquisition. */
static void rasters(void **state)
{
    static const zagg_catalog_opts ASSETS = {.assets = true};
    (void)state;
    if (!golden_available("catalog/synth"))
        skip();
    case_report r = {.set = "catalog/rasters"};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_arena *arena = new_arena();
    zagg_catalog *catalog = NULL;
    zagg_shardmap *map = NULL;
    zagg_grid *grid = NULL;
    zagg_shape area = {NULL, 0};
    const zagg_healpix_spec spec = {9, 19, -1, false, ZAGG_LATITUDE_AUTHALIC};
    const zagg_value *root =
        golden_json(arena, golden_path("catalog/synth/synth_shardmaps.json"));
    zg_pq_install();
    zagg_status status = zagg_catalog_open(
        golden_path("catalog/data/cat_s2_neon_2025.parquet"), &ASSETS, &catalog, &err);
    if (status == ZAGG_EUNSUPPORTED) { /* built without carquet */
        zagg_arena_free(arena);
        skip();
    }
    assert_int_equal(status, ZAGG_OK);
    assert_int_equal(zagg_shape_from_geojson(
                         arena,
                         golden_json(arena, golden_path("catalog/data/AOP_NEON.geojson")),
                         0, &area, NULL),
                     ZAGG_OK);
    const zagg_map_opts opts = {.region = &area};
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, NULL), ZAGG_OK);
    if (zagg_map_build(grid, catalog, &opts, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    check_raster(&r, map, arena, catalog_member(root, "s2_neon"));
    zagg_catalog_close(catalog);
    zagg_shardmap_free(map);
    zagg_grid_free(grid);
    zagg_arena_free(arena);
    report_end(&r, 2);
}

/* ---- latitudes ---- */

static void compare_keys(case_report *r, const char *name, const zg_rings *region,
                         const zagg_value *golden, int64_t order, zagg_latitude latitude)
{
    const zagg_healpix_spec spec = {order, 19, -1, false, latitude};
    zagg_grid *grid = NULL;
    zagg_words keys = {NULL, 0};
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, NULL), ZAGG_OK);
    assert_int_equal(zg_region_shards(grid, region, &keys, NULL), ZAGG_OK);
    bool same = keys.n == golden->n;
    for (size_t i = 0; same && i < keys.n; i++)
        same = keys.words[i] == catalog_number(golden->items[i]);
    if (same)
        case_pass(r);
    else
        case_fail(r, name, "%zu shards instead of %zu, or others", keys.n, golden->n);
    zagg_words_free(&keys);
    zagg_grid_free(grid);
}

static void latitudes(void **state)
{
    (void)state;
    if (!golden_available("catalog/synth"))
        skip();
    case_report r = {.set = "catalog/latitudes"};
    zagg_arena *arena = new_arena();
    zagg_shape area = {NULL, 0};
    zg_rings region;
    const zagg_value *root =
        golden_json(arena, golden_path("catalog/synth/synth_shardmaps.json"));
    const zagg_value *golden = catalog_member(root, "latitude_convention");
    assert_int_equal(zagg_shape_from_geojson(
                         arena,
                         golden_json(arena, golden_path("catalog/data/AOP_NEON.geojson")),
                         0, &area, NULL),
                     ZAGG_OK);
    assert_int_equal(zg_region_rings(arena, &area, false, NULL, &region, NULL), ZAGG_OK);
    for (int64_t order = 9; order <= 11; order++) {
        char name[8];
        (void)snprintf(name, sizeof name, "o%d", (int)order);
        const zagg_value *both = catalog_member(golden, name);
        compare_keys(&r, name, &region, catalog_member(both, "authalic"), order,
                     ZAGG_LATITUDE_AUTHALIC);
        compare_keys(&r, name, &region, catalog_member(both, "geodetic_spherical"), order,
                     ZAGG_LATITUDE_GEODETIC);
    }
    zagg_arena_free(arena);
    report_end(&r, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes),   cmocka_unit_test(beams),
        cmocka_unit_test(earlier), cmocka_unit_test(reprojected),
        cmocka_unit_test(rasters), cmocka_unit_test(latitudes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
