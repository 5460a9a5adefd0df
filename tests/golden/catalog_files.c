/* Golden set catalog: the same items as stac-geoparquet and as NDJSON, what comes of them
 * when they are written again, areas, and boxes around shards. */
#include "cat/footprint_index.h"
#include "cat/times.h"
#include "map/shards_box.h"
#include "pq/pq.h"
#include "support/support.h"
#include "text/text.h"
#include "zagg/catalog.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- items as text ---- */

static void add_time(zg_str *out, const char *name, const char *time)
{
    int64_t us = 0;
    if (time == NULL)
        zg_str_addf(out, " %s=-", name);
    else if (zg_utc_parse(time, &us)) /* files differ in how they write one moment */
        zg_str_addf(out, " %s=%lld", name, (long long)us);
    else
        zg_str_addf(out, " %s=%s", name, time);
}

static void add_shape(zg_str *out, const zagg_shape *s)
{
    for (size_t i = 0; i < s->n_parts; i++) {
        zg_str_addf(out, " %d(", s->parts[i].kind);
        for (size_t k = 0; k < s->parts[i].n_rings; k++) {
            const zagg_ring *r = &s->parts[i].rings[k];
            for (size_t v = 0; v < r->n; v++)
                zg_str_addf(out, "%a %a,", r->lon_deg[v], r->lat_deg[v]);
            zg_str_addc(out, ';');
        }
        zg_str_addc(out, ')');
    }
}

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

static zagg_status note(void *user, const zagg_item *item, zagg_err *err)
{
    zg_str *out = user;
    (void)err;
    zg_str_addf(out, "%s %s s3=%s https=%s key=%s", or_dash(item->id),
                or_dash(item->collection), or_dash(item->s3), or_dash(item->https),
                or_dash(item->time_key));
    add_time(out, "t", item->datetime);
    add_time(out, "a", item->start);
    add_time(out, "b", item->end);
    for (int i = 0; i < 4 && item->has_bbox; i++)
        zg_str_addf(out, " %a", item->bbox[i]);
    add_shape(out, &item->shape);
    zg_str_addf(out, " %zu cells", item->n_footprint_cells);
    for (size_t i = 0; i < item->n_footprint_cells; i++)
        zg_str_addf(out, " %llx", (unsigned long long)item->footprint_cells[i]);
    zg_str_addc(out, '\n');
    return ZAGG_OK;
}

static zagg_status note_whole(void *user, const zagg_item *item, zagg_err *err)
{
    zg_str *out = user;
    ZAGG_TRY(zg_json_write(out, item->whole,
                           (zg_json_style){.indent = -1, .compact = true}, err));
    zg_str_addc(out, '\n');
    return ZAGG_OK;
}

static char *items_of(const char *path, bool whole)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    const zagg_catalog_opts opts = {.whole = whole};
    zg_str text;
    zg_str_init(&text, 0);
    if (zagg_catalog_open(path, &opts, &c, &err) != ZAGG_OK ||
        zagg_catalog_read(c, whole ? note_whole : note, &text, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_catalog_close(c);
    char *out = zg_str_take(&text);
    assert_non_null(out);
    return out;
}

/* ---- pairs of files ---- */

static void compare_pair(case_report *report, const char *name, const char *table,
                         const char *lines)
{
    char *a = items_of(table, false), *b = items_of(lines, false);
    if (strcmp(a, b) == 0) {
        case_pass(report);
    } else {
        size_t at = 0;
        while (a[at] == b[at])
            at++;
        case_fail(report, name, "differ at \"%.60s\" and \"%.60s\"", a + at, b + at);
    }
    zg_free(a);
    zg_free(b);
}

typedef void (*pair_fn)(case_report *report, const char *name, const char *table,
                        const char *lines);

/* Each table of synth/ with its items, and the large one of data/. */
static void each_pair(case_report *report, pair_fn fn)
{
    static const char SUFFIX[] = ".items.ndjson";
    char table[1024], lines[1024];
    DIR *dir = opendir(golden_path("catalog/synth"));
    assert_non_null(dir);
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        const size_t n = strlen(d->d_name), m = sizeof SUFFIX - 1;
        if (n <= m || strcmp(d->d_name + n - m, SUFFIX) != 0)
            continue;
        (void)snprintf(lines, sizeof lines, "%s/%s", golden_path("catalog/synth"),
                       d->d_name);
        (void)snprintf(table, sizeof table, "%s/%.*s.parquet",
                       golden_path("catalog/synth"), (int)(n - m), d->d_name);
        fn(report, d->d_name, table, lines);
    }
    (void)closedir(dir);
    (void)snprintf(table, sizeof table, "%s",
                   golden_path("catalog/data/cat_neon.parquet"));
    (void)snprintf(lines, sizeof lines, "%s",
                   golden_path("catalog/data/cat_neon.items.ndjson.gz"));
    fn(report, "cat_neon", table, lines);
}

static void tables_and_lines(void **state)
{
    (void)state;
    case_report report = {.set = "catalog tables and lines"};
    if (!golden_available("catalog/synth"))
        return;
    each_pair(&report, compare_pair);
    report_end(&report, 19);
}

/* The large catalog comes out of its table exactly as upstream wrote its items. */
static void neon_as_a_whole(void **state)
{
    (void)state;
    if (!golden_available("catalog/data/cat_neon.parquet"))
        return;
    char *a = items_of(golden_path("catalog/data/cat_neon.parquet"), true);
    char *b = items_of(golden_path("catalog/data/cat_neon.items.ndjson.gz"), true);
    assert_string_equal(a, b);
    zg_free(a);
    zg_free(b);
}

/* ---- written again ---- */

static zagg_status add_whole(void *user, const zagg_item *item, zagg_err *err)
{
    return zagg_catalog_writer_add(user, item->whole, err);
}

static void convert(const char *from, const char *to)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    zagg_catalog_writer *w = NULL;
    const zagg_catalog_opts opts = {.whole = true};
    if (zagg_catalog_open(from, &opts, &c, &err) != ZAGG_OK ||
        zagg_catalog_writer_new(to, zagg_catalog_meta(c), &w, &err) != ZAGG_OK ||
        zagg_catalog_read(c, add_whole, w, &err) != ZAGG_OK ||
        zagg_catalog_writer_finish(w, &err) != ZAGG_OK)
        fail_msg("%s: %s", from, err.msg);
    zagg_catalog_close(c);
}

static void rewrite(case_report *report, const char *name, const char *table,
                    const char *lines)
{
    static const char *const NAMES[] = {"c.parquet", "c.ndjson.gz", "c.json"};
    char path[512], *dir = make_temp_dir();
    const char *from[2] = {table, lines};
    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, NAMES[i / 2]);
        convert(from[i % 2], path);
        compare_pair(report, name, path, table);
    }
    remove_tree(dir);
    zg_free(dir);
}

static void written_again(void **state)
{
    (void)state;
    case_report report = {.set = "catalogs written again"};
    if (!golden_available("catalog/synth"))
        return;
    each_pair(&report, rewrite);
    rewrite(&report, "indexed",
            golden_path("catalog/synth/multipolygon_holes_indexed_o9.parquet"),
            golden_path("catalog/synth/multipolygon_holes_indexed_o9.parquet"));
    rewrite(&report, "s2", golden_path("catalog/data/cat_s2_neon_2025.parquet"),
            golden_path("catalog/data/cat_s2_neon_2025.parquet"));
    report_end(&report, 126);
}

/* ---- the index of cells ---- */

static zagg_status note_indexed(void *user, const zagg_item *item, zagg_err *err)
{
    zg_str *out = user;
    zagg_arena *arena = NULL;
    const zagg_value *v = NULL;
    zg_maker m;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_make_begin(&m, arena, err);
    zagg_status status = zg_index_item(&m, item, 9, &v, err);
    if (status == ZAGG_OK)
        status =
            zg_json_write(out, v, (zg_json_style){.indent = -1, .compact = true}, err);
    zg_str_addc(out, '\n');
    zagg_arena_free(arena);
    return status;
}

/* Upstream's index_footprints(9) of a catalog with holes and several parts. */
static void index_of_cells(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    const zagg_catalog_opts opts = {.whole = true};
    zg_str text;
    if (!golden_available("catalog/synth"))
        return;
    zg_str_init(&text, 0);
    if (zagg_catalog_open(golden_path("catalog/synth/multipolygon_holes.parquet"), &opts,
                          &c, &err) != ZAGG_OK ||
        zagg_catalog_read(c, note_indexed, &text, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_catalog_close(c);
    char *want = items_of(
        golden_path("catalog/synth/multipolygon_holes_indexed_o9.parquet"), true);
    assert_string_equal(text.data, want);
    zg_free(want);
    zg_str_free(&text);
}

/* ---- areas ---- */

static zagg_shape area_of(zagg_arena *arena, const char *name)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape shape = {NULL, 0};
    char relative[128];
    (void)snprintf(relative, sizeof relative, "catalog/data/%s", name);
    const zagg_value *v = golden_json(arena, golden_path(relative));
    if (zagg_shape_from_geojson(arena, v, 0, &shape, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return shape;
}

static void boxes_of_areas(void **state)
{
    (void)state;
    /* as upstream's polygon_to_bbox; the ring around the pole has all longitudes */
    static const struct {
        const char *name;
        double box[4];
    } CASES[] = {{"AOP_NEON.geojson", {-76.623291, 38.842973, -76.506054, 38.934599}},
                 {"antarctic_88s_seed.geojson", {-180, -88, 180, -87.7}},
                 {"antarctic_88s_densified.geojson", {-180, -88, 180, -87.7}}};
    zagg_arena *arena = NULL;
    if (!golden_available("catalog/data"))
        return;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), 0);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const zagg_shape shape = area_of(arena, CASES[i].name);
        double box[4];
        bool any = false;
        assert_int_equal(zagg_shape_bbox(&shape, box, &any, NULL), 0);
        for (int k = 0; k < 4; k++)
            if (!same_double(box[k], CASES[i].box[k]))
                fail_msg("%s: %g %g %g %g", CASES[i].name, box[0], box[1], box[2],
                         box[3]);
    }
    zagg_arena_free(arena);
}

static void boxes_of_shards(void **state)
{
    (void)state;
    static const int ORDERS[] = {9, 10, 11};
    zagg_arena *arena = NULL;
    if (!golden_available("catalog/neon/grid_coverage_footprints.json"))
        return;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), 0);
    const zagg_value *golden =
        golden_json(arena, golden_path("catalog/neon/grid_coverage_footprints.json"));
    const zagg_shape region = area_of(arena, "AOP_NEON.geojson");
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        double box[4];
        size_t n = 0;
        zagg_grid *grid = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        const zagg_healpix_spec spec = {.parent_order = ORDERS[i],
                                        .child_order = 19,
                                        .chunk_inner = -1,
                                        .latitude = ZAGG_LATITUDE_AUTHALIC};
        (void)snprintf(name, sizeof name, "healpix_o%d", ORDERS[i]);
        const zagg_value *want = zagg_value_get(golden, name);
        assert_non_null(want);
        assert_int_equal(zagg_grid_new_healpix(&spec, &grid, &err), ZAGG_OK);
        if (zg_region_shards_box(grid, &region, NULL, box, &n, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        assert_int_equal(n, zagg_value_get(want, "coverage")->n);
        for (size_t k = 0; k < 4; k++) {
            double v = 0;
            assert_true(
                zagg_value_number(zagg_value_get(want, "coverage_bbox")->items[k], &v));
            assert_true(fabs(v - box[k]) < 1e-12 * 180);
        }
        zagg_grid_free(grid);
    }
    zagg_arena_free(arena);
}

static int install(void **state)
{
    (void)state;
    zg_pq_install();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_lines), cmocka_unit_test(neon_as_a_whole),
        cmocka_unit_test(written_again),    cmocka_unit_test(index_of_cells),
        cmocka_unit_test(boxes_of_areas),   cmocka_unit_test(boxes_of_shards),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
