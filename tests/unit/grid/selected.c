/* The selection of golden values that comes with the sources, tests/golden/data: points
 * of rectilinear grids and covers of polygons (the full sets: tests/golden). */
#include "grid/grid.h"
#include "support/support.h"
#include "zagg/cover.h"
#include "zagg/grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_POINTS = 64 };
static const double METRES = 1e-8;

static double number(const zagg_value *v)
{
    double out = 0.0;
    assert_true(zagg_value_number(v, &out));
    return out;
}

static const zagg_value *member(const zagg_value *v, const char *key)
{
    const zagg_value *m = zagg_value_get(v, key);
    assert_non_null(m);
    return m;
}

static zagg_grid *grid_of(const zagg_value *config)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_rectilinear_spec s = {.crs = member(config, "crs")->str};
    const zagg_value *res = member(config, "resolution");
    const zagg_value *inner = zagg_value_get(config, "chunk_inner");
    zagg_grid *grid = NULL;
    for (size_t k = 0; k < 2; k++) {
        s.resolution[k] = number(res->kind == ZAGG_LIST ? res->items[k] : res);
        s.chunk_shape[k] = member(config, "chunk_shape")->items[k]->u.i;
        s.chunk_inner[k] = inner != NULL ? inner->items[k]->u.i : 0;
    }
    for (size_t k = 0; k < 4; k++)
        s.bounds[k] = number(member(config, "bounds")->items[k]);
    if (zagg_grid_new_rectilinear(&s, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static void check_point(case_report *r, const char *name, const zagg_grid *grid,
                        const zagg_value *row)
{
    double v[4], x = 0, y = 0;
    uint64_t leaf = 0, key = 0;
    bool no_key = false;
    for (size_t k = 0; k < 4; k++)
        v[k] = number(row->items[k]);
    zg_proj_forward(grid->proj, &v[0], &v[1], 1, &x, &y);
    zagg_grid_leaf_ids(grid, &v[1], &v[0], 1, &leaf);
    zagg_grid_shard_keys(grid, &v[1], &v[0], 1, &key, &no_key);
    const int64_t shard = no_key ? -1 : (int64_t)key;
    if (fabs(v[1]) > 90) /* upstream's degrees go on beyond the poles */
        return;
    if (fabs(x - v[2]) <= METRES && fabs(y - v[3]) <= METRES &&
        (int64_t)leaf == row->items[4]->u.i && shard == row->items[5]->u.i)
        case_pass(r);
    else
        case_fail(r, name, "(%.17g, %.17g): %.17g, %.17g, cell %lld", v[0], v[1], x, y,
                  (long long)leaf);
}

static void rectilinear_points(void **state)
{
    (void)state;
    case_report r = {.set = "selected points"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *grids =
        member(golden_json(arena, source_path("tests/golden/data/grids_selected.json")),
               "grids");
    for (size_t i = 0; i < grids->n; i++) {
        const zagg_value *g = grids->items[i], *points = member(g, "points");
        zagg_grid *grid = grid_of(member(g, "config"));
        for (size_t k = 0; k < points->n; k++)
            check_point(&r, member(g, "name")->str, grid, points->items[k]);
        zagg_grid_free(grid);
    }
    zagg_arena_free(arena);
    report_end(&r, 200);
}

static void check_cover(case_report *r, const zagg_value *cover)
{
    static double lat[4][MOST_POINTS], lon[4][MOST_POINTS];
    zagg_ring rings[4];
    zagg_words words = {0};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_cover_opts opts = ZAGG_COVER_OPTS_INIT;
    const zagg_value *list = member(cover, "rings_lat_lon"),
                     *want = member(cover, "words");
    opts.flat = true;
    assert_true(zagg_latitude_parse(member(cover, "latitude")->str, &opts.latitude));
    assert_true(list->n <= 4);
    for (size_t i = 0; i < list->n; i++) {
        const size_t n = list->items[i]->items[0]->n;
        assert_true(n <= MOST_POINTS);
        for (size_t k = 0; k < n; k++) {
            lat[i][k] = number(list->items[i]->items[0]->items[k]);
            lon[i][k] = number(list->items[i]->items[1]->items[k]);
        }
        rings[i] = (zagg_ring){lat[i], lon[i], n};
    }
    if (zagg_cover_polygon(rings, list->n, (unsigned)member(cover, "order")->u.i, &opts,
                           &words, &err) != ZAGG_OK)
        fail_msg("%s: %s", member(cover, "name")->str, err.msg);
    bool same = words.n == want->n;
    for (size_t k = 0; same && k < want->n; k++) {
        uint64_t word = 0;
        same = zagg_value_u64(want->items[k], &word) && words.words[k] == word;
    }
    if (same)
        case_pass(r);
    else
        case_fail(r, member(cover, "name")->str, "%zu words, expected %zu", words.n,
                  want->n);
    zagg_words_free(&words);
}

static void covers(void **state)
{
    (void)state;
    case_report r = {.set = "selected covers"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *list =
        member(golden_json(arena, source_path("tests/golden/data/grids_selected.json")),
               "covers");
    for (size_t i = 0; i < list->n; i++)
        check_cover(&r, list->items[i]);
    zagg_arena_free(arena);
    report_end(&r, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rectilinear_points),
        cmocka_unit_test(covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
