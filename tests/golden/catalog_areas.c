/* Golden set catalog/synth: the shards that an area of interest reaches, and the masks
 * that maps hold for them. */
#include "grid/aoi.h"
#include "grid/footprint.h"
#include "support/support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RINGS = 16 };

/* The hole of the case aoi_mask_wkt_hole, as the set's README has it. */
static const double HOLE_LAT[] = {38.87, 38.91, 38.91, 38.87};
static const double HOLE_LON[] = {-76.58, -76.58, -76.54, -76.54};

typedef struct area {
    zagg_ring rings[MAX_RINGS + 1];
    size_t n; /* exterior rings */
    bool hole;
} area;

static const zagg_value *member(const zagg_value *v, const char *key)
{
    const zagg_value *m = zagg_value_get(v, key);
    if (m == NULL)
        fail_msg("golden file lacks the key %s", key);
    return m;
}

static double *numbers(const zagg_value *list)
{
    double *out = zg_alloc(list->n + 1, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < list->n; i++)
        assert_true(zagg_value_number(list->items[i], &out[i]));
    return out;
}

/** The box of a catalog as a ring: south-west first, along the south. */
static zagg_ring box_ring(const zagg_value *bbox)
{
    double *b = numbers(bbox);
    double *lat = zg_alloc(4, sizeof *lat), *lon = zg_alloc(4, sizeof *lon);
    assert_true(lat != NULL && lon != NULL);
    lat[0] = lat[1] = b[1];
    lat[2] = lat[3] = b[3];
    lon[0] = lon[3] = b[0];
    lon[1] = lon[2] = b[2];
    zg_free(b);
    return (zagg_ring){lat, lon, 4};
}

static area area_of(const zagg_value *v, const char *name)
{
    area a = {.hole = strcmp(name, "aoi_mask_wkt_hole") == 0};
    const zagg_value *parts = zagg_value_get_set(v, "region_parts_latlon");
    if (parts == NULL) {
        a.rings[a.n++] = box_ring(member(v, "catalog_bbox"));
        return a;
    }
    assert_in_range(parts->n, 1, MAX_RINGS);
    for (; a.n < parts->n; a.n++) {
        const zagg_value *p = parts->items[a.n];
        a.rings[a.n] =
            (zagg_ring){numbers(p->items[0]), numbers(p->items[1]), p->items[0]->n};
    }
    a.rings[a.n] = (zagg_ring){HOLE_LAT, HOLE_LON, 4};
    return a;
}

static void area_free(area *a)
{
    for (size_t i = 0; i < a->n; i++) {
        zg_free((void *)a->rings[i].lat_deg);
        zg_free((void *)a->rings[i].lon_deg);
    }
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t whole(const zagg_value *v)
{
    uint64_t out = 0;
    if (v->kind == ZAGG_STR)
        return strtoull(v->str, NULL, 10);
    assert_true(zagg_value_u64(v, &out));
    return out;
}

/** The same numbers, whatever their order in the golden file. */
static void compare(case_report *r, const char *name, const char *what,
                    const uint64_t *ours, size_t n, const zagg_value *list)
{
    uint64_t *theirs = zg_alloc(list->n + 1, sizeof *theirs);
    assert_non_null(theirs);
    for (size_t i = 0; i < list->n; i++)
        theirs[i] = whole(list->items[i]);
    qsort(theirs, list->n, sizeof *theirs, by_number);
    if (n == list->n && (n == 0 || memcmp(ours, theirs, 8 * n) == 0))
        case_pass(r);
    else
        case_fail(r, name, "%s: %zu other than the %zu expected", what, n, list->n);
    zg_free(theirs);
}

static zagg_grid *grid_of(const zagg_value *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = NULL;
    zagg_status st;
    if (zagg_value_is(member(s, "type"), "healpix")) {
        const zagg_healpix_spec spec = {(int64_t)whole(member(s, "parent_order")),
                                        (int64_t)whole(member(s, "child_order")), -1,
                                        false, ZAGG_LATITUDE_AUTHALIC};
        st = zagg_grid_new_healpix(&spec, &grid, &err);
    } else {
        double *m = numbers(member(s, "affine"));
        const double h = (double)whole(member(s, "shape")->items[0]);
        const double w = (double)whole(member(s, "shape")->items[1]);
        const zagg_rectilinear_spec spec = {
            .crs = member(s, "crs")->str,
            .resolution = {m[0], -m[4]},
            .bounds = {m[2], m[5] + h * m[4], m[2] + w * m[0], m[5]},
            .chunk_shape = {(int64_t)whole(member(s, "chunk_shape")->items[0]),
                            (int64_t)whole(member(s, "chunk_shape")->items[1])}};
        st = zagg_grid_new_rectilinear(&spec, &grid, &err);
        zg_free(m);
    }
    if (st != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static void check_coverage(case_report *r, const char *name, const zagg_grid *grid,
                           const area *a, const zagg_value *expected)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    const zagg_cover_opts opts = {.flat = true};
    zagg_words cover = {NULL, 0};
    zg_vec keys;
    if (info->kind == ZAGG_GRID_HEALPIX) {
        if (zagg_cover_polygon(a->rings, a->n, info->parent_order, &opts, &cover, &err) !=
            ZAGG_OK)
            case_fail(r, name, "refused: %s", err.msg);
        else
            compare(r, name, "shards", cover.words, cover.n, expected);
        zagg_words_free(&cover);
        return;
    }
    zg_ground_ring rings[MAX_RINGS];
    for (size_t i = 0; i < a->n; i++)
        rings[i] =
            (zg_ground_ring){a->rings[i].lat_deg, a->rings[i].lon_deg, a->rings[i].n};
    zg_vec_init(&keys, sizeof(uint64_t), 0);
    if (zg_grid_coverage(grid, rings, a->n, &keys, &err) != ZAGG_OK)
        case_fail(r, name, "refused: %s", err.msg);
    else
        compare(r, name, "shards", keys.data, keys.len, expected);
    zg_vec_free(&keys);
}

/** Holes count on the sphere and not in the plane, as upstream has it. */
static void check_masks(case_report *r, const char *name, const zagg_grid *grid,
                        const area *a, const zagg_value *run)
{
    zagg_err err = ZAGG_ERR_INIT;
    const bool hole = a->hole && zagg_grid_get_kind(grid) == ZAGG_GRID_HEALPIX;
    const zagg_value *keys = member(run, "shard_keys"), *masks = member(run, "aoi_mask");
    zagg_aoi *aoi = NULL;
    assert_int_equal(zagg_aoi_new(grid, a->rings, a->n + hole, &aoi, &err), ZAGG_OK);
    assert_int_equal(keys->n, masks->n);
    for (size_t i = 0; i < keys->n; i++) {
        zagg_words payload;
        if (zagg_aoi_shard(aoi, whole(keys->items[i]), &payload, &err) != ZAGG_OK) {
            case_fail(r, name, "refused: %s", err.msg);
            continue;
        }
        compare(r, name, "mask", payload.words, payload.n, masks->items[i]);
        zagg_words_free(&payload);
    }
    zagg_aoi_free(aoi);
}

static void check_case(case_report *r, const char *name, const zagg_value *v)
{
    const zagg_value *runs = member(v, "runs");
    area a = area_of(v, name);
    for (size_t i = 0; i < runs->n; i++) {
        const zagg_value *run = runs->members[i].value;
        const zagg_value *mortie = zagg_value_get(run, "mortie");
        zagg_grid *grid = grid_of(member(run, "grid_signature"));
        char label[120];
        (void)snprintf(label, sizeof label, "%s, %s", name, runs->members[i].key->str);
        check_coverage(r, label, grid, &a, member(run, "coverage"));
        if (mortie != NULL && zagg_value_get(mortie, "aoi_mask") != NULL)
            check_masks(r, label, grid, &a, mortie);
        zagg_grid_free(grid);
    }
    area_free(&a);
}

static void areas(void **state)
{
    (void)state;
    if (!golden_available("catalog/synth"))
        skip();
    case_report r = {.set = "catalog/synth/areas"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, golden_path("catalog/synth/synth_shardmaps.json"));
    for (size_t i = 0; i < root->n; i++)
        if (zagg_value_get(root->members[i].value, "runs") != NULL)
            check_case(&r, root->members[i].key->str, root->members[i].value);
    zagg_arena_free(arena);
    report_end(&r, 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(areas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
