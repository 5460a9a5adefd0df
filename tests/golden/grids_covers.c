/* Golden set grids/coverage: covers of polygons and lines, and what is refused. */
#include "support/departures.h"
#include "support/support.h"
#include "zagg/cover.h"

#include <inttypes.h>
#include <math.h>
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

static double *numbers(const zagg_value *list)
{
    double *out = zg_alloc(list->n + 1, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < list->n; i++)
        assert_true(zagg_value_number(list->items[i], &out[i]));
    return out;
}

/* ---- polygons ---- */

typedef struct polygon {
    zagg_ring rings[8];
    size_t n;
    bool directed;
} polygon;

static polygon polygon_of(const zagg_value *list, const char *name)
{
    polygon p = {.n = 0};
    for (size_t i = 0; i < list->n; i++) {
        const zagg_value *v = list->items[i];
        if (!zagg_value_is(member(v, "name"), name))
            continue;
        const zagg_value *rings = member(v, "rings_lat_lon");
        assert_in_range(rings->n, 1, 8);
        for (p.n = 0; p.n < rings->n; p.n++) {
            const zagg_value *ring = rings->items[p.n];
            p.rings[p.n] = (zagg_ring){numbers(ring->items[0]), numbers(ring->items[1]),
                                       ring->items[0]->n};
        }
        p.directed = !member(v, "normalize")->u.b;
        return p;
    }
    fail_msg("no polygon %s", name);
    return p;
}

static void polygon_free(polygon *p)
{
    for (size_t i = 0; i < p->n; i++) {
        zg_free((void *)p->rings[i].lat_deg);
        zg_free((void *)p->rings[i].lon_deg);
    }
}

static void compare(case_report *r, const char *name, const zagg_words *ours,
                    const uint64_t *theirs, size_t n)
{
    size_t missing = 0, extra = 0, i = 0, k = 0;
    while (i < ours->n || k < n) {
        if (k == n || (i < ours->n && ours->words[i] < theirs[k])) {
            extra++;
            i++;
        } else if (i == ours->n || ours->words[i] > theirs[k]) {
            missing++;
            k++;
        } else {
            i++;
            k++;
        }
    }
    if (missing + extra == 0)
        case_pass(r);
    else
        case_fail(r, name, "of %zu words %zu are missing, %zu are too many", n, missing,
                  extra);
}

static void check_polygon(case_report *r, const zagg_value *list, const zagg_value *v,
                          const npy *words)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *name = member(v, "name")->str;
    polygon p = polygon_of(list, name);
    zagg_cover_opts opts = ZAGG_COVER_OPTS_INIT;
    zagg_words ours;
    char label[160];
    unsigned order = (unsigned)member(v, "order")->u.i;
    size_t offset = (size_t)member(v, "offset")->u.i, n = (size_t)member(v, "count")->u.i;
    assert_true(zagg_latitude_parse(member(v, "latitude")->str, &opts.latitude));
    opts.directed = p.directed;
    opts.flat = zagg_value_is(member(v, "form"), "flat");
    (void)snprintf(label, sizeof label, "%s order %u %s", name, order,
                   member(v, "latitude")->str);
    assert_true(offset + n <= words->n);
    if (zagg_cover_polygon(p.rings, p.n, order, &opts, &ours, &err) != ZAGG_OK) {
        case_fail(r, label, "refused: %s", err.msg);
    } else {
        compare(r, label, &ours, (const uint64_t *)words->data + offset, n);
        zagg_words_free(&ours);
    }
    polygon_free(&p);
}

static void polygons(void **state)
{
    (void)state;
    if (!golden_available("grids/coverage"))
        skip();
    case_report r = {.set = "grids/coverage/polygons"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *list = member(
        golden_json(arena, golden_path("grids/coverage/polygons.json")), "polygons");
    const zagg_value *index =
        golden_json(arena, golden_path("grids/coverage/index.json"));
    npy words = npy_read(golden_path("grids/coverage/words.npy"));
    for (size_t i = 0; i < index->n; i++)
        check_polygon(&r, list, index->items[i], &words);
    npy_free(&words);
    zagg_arena_free(arena);
    report_end(&r, 100);
}

/* ---- lines ---- */

static void check_line(case_report *r, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_cover_opts opts = ZAGG_COVER_OPTS_INIT;
    opts.flat = true;
    double *lat = numbers(member(v, "lat")), *lon = numbers(member(v, "lon"));
    const zagg_ring line = {lat, lon, member(v, "lat")->n};
    zagg_words ours;
    char label[160], hex[65];
    unsigned order = (unsigned)member(v, "order")->u.i;
    (void)snprintf(label, sizeof label, "%s order %u", member(v, "name")->str, order);
    if (zagg_cover_line(&line, order, &opts, &ours, &err) != ZAGG_OK) {
        case_fail(r, label, "refused: %s", err.msg);
    } else {
        zg_sha256_hex(ours.words, 8 * ours.n, hex);
        if (strcmp(hex, member(v, "sha256_le_u64")->str) == 0)
            case_pass(r);
        else
            case_fail(r, label, "%zu other words than the %lld expected", ours.n,
                      (long long)member(v, "count")->u.i);
        zagg_words_free(&ours);
    }
    zg_free(lat);
    zg_free(lon);
}

static void lines(void **state)
{
    (void)state;
    if (!golden_available("grids/coverage"))
        skip();
    case_report r = {.set = "grids/coverage/linestrings"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *list =
        golden_json(arena, golden_path("grids/coverage/linestrings.json"));
    for (size_t i = 0; i < list->n; i++)
        check_line(&r, list->items[i]);
    zagg_arena_free(arena);
    report_end(&r, 4);
}

/* ---- what is refused ---- */

/* The set tells the outcome of a case, not its input. */
typedef struct bad_case {
    const char *name;
    double lat[4], lon[4];
    size_t n;
    unsigned order;
} bad_case;

static const bad_case BAD[] = {
    {"two_vertices", {0, 1}, {0, 1}, 2, 6},
    {"nan", {0, NAN, 1}, {0, 1, 1}, 3, 6},
    {"inf", {0, 1, 1}, {0, INFINITY, 1}, 3, 6},
    {"order0", {0, 1, 1}, {0, 0, 1}, 3, 0},
    {"order30", {0, 1, 1}, {0, 0, 1}, 3, 30},
    {"lat_out_of_range", {80, 95, 80}, {0, 10, 20}, 3, 4},
    {"all_same_point", {5, 5, 5}, {7, 7, 7}, 3, 6},
};

static const bad_case *bad_case_of(const char *name)
{
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        if (strcmp(BAD[i].name, name) == 0)
            return &BAD[i];
    return NULL;
}

static void check_bad(case_report *r, departures *d, const zagg_value *v)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *name = member(v, "case")->str;
    const zagg_value *message = zagg_value_get(v, "message");
    const bad_case *bad = bad_case_of(name);
    char difference[1200] = "";
    zagg_words out = {NULL, 0};
    if (bad == NULL) {
        case_skip(r, name,
                  strcmp(name, "len") == 0 ? "a ring has one length here"
                                           : "the set does not tell its vertices");
        return;
    }
    const zagg_ring ring = {bad->lat, bad->lon, bad->n};
    const zagg_status st = zagg_cover_polygon(&ring, 1, bad->order, NULL, &out, &err);
    if (st != ZAGG_OK && (message == NULL || strcmp(message->str, err.msg) != 0))
        (void)snprintf(difference, sizeof difference, "refused: %s", err.msg);
    else if (st == ZAGG_OK &&
             (message != NULL || (int64_t)out.n != member(v, "count")->u.i))
        (void)snprintf(difference, sizeof difference, "accepted: %zu cells", out.n);
    departures_judge_as(d, r, name, difference, difference);
    zagg_words_free(&out);
}

static void invalid(void **state)
{
    (void)state;
    if (!golden_available("grids/coverage"))
        skip();
    case_report r = {.set = "grids/coverage/invalid"};
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    departures d = departures_load(arena, r.set);
    const zagg_value *list =
        golden_json(arena, golden_path("grids/coverage/invalid.json"));
    for (size_t i = 0; i < list->n; i++)
        check_bad(&r, &d, list->items[i]);
    departures_end(&d, &r);
    zagg_arena_free(arena);
    report_end(&r, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polygons), cmocka_unit_test(lines), cmocka_unit_test(invalid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
