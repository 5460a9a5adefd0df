/* What makes two configs the same for a store, the hash of granule lists, and where the
 * status folder lies. */
#include "run/identity.h"

#include "run/records.h"
#include "run/status_dir.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char CONFIG[] =
    "data_source:\n"
    "  groups: [gt1l]\n"
    "  driver: %s\n"
    "  coordinates: {latitude: '/{group}/lat', longitude: '/{group}/lon'}\n"
    "  variables: {h: '/{group}/h'}\n"
    "aggregation:\n"
    "  handoff: %s\n"
    "  variables:\n"
    "    n: {function: len, source: h, dtype: int32, fill_value: %s}\n"
    "output:\n"
    "  store: %s\n"
    "  store_layout: flat\n"
    "  grid: {type: healpix, parent_order: 6, child_order: %s}\n";

static zg_identity identity(const char *driver, const char *handoff, const char *fill,
                            const char *store, const char *order, zagg_latitude latitude)
{
    char text[2048];
    zagg_pipeline *p = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zg_identity id = {0};
    const int n =
        snprintf(text, sizeof text, CONFIG, driver, handoff, fill, store, order);
    if (zagg_pipeline_parse(text, (size_t)n, "c.yaml", NULL, &p, &err) != ZAGG_OK ||
        zg_identity_make(p, latitude, &id, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_pipeline_free(p);
    return id;
}

static void assert_difference(const zg_identity *a, const zg_identity *b,
                              const char *expected)
{
    zg_str what;
    zg_str_init(&what, 0);
    zg_identity_difference(a->text, b->text, &what);
    assert_string_equal(what.data, expected);
    assert_int_equal(strcmp(a->hash, b->hash) == 0, expected[0] == '\0');
    zg_str_free(&what);
}

static void places_do_not_count(void **state)
{
    const zagg_latitude A = ZAGG_LATITUDE_AUTHALIC;
    zg_identity base = identity("s3", "arrow", "0", "/a", "12", A);
    zg_identity others[] = {
        identity("file", "pandas", "0", "/b", "12", A),
        identity("s3", "arrow", "-1", "/a", "12", A),
        identity("s3", "arrow", "0", "/a", "13", A),
        identity("s3", "arrow", "0", "/a", "12", ZAGG_LATITUDE_GEODETIC)};
    static const char *const EXPECTED[] = {
        "", "aggregation.variables.n.fill_value: 0 then, -1 now",
        "output.grid.child_order: 12 then, 13 now",
        "latitude: \"authalic\" then, \"geodetic\" now"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_difference(&base, &others[i], EXPECTED[i]);
        zg_identity_free(&others[i]);
    }
    zg_identity_free(&base);
}

static void keys_that_are_missing(void **state)
{
    zg_str what;
    (void)state;
    zg_str_init(&what, 0);
    zg_identity_difference("{\"config\":{\"a\":1},\"latitude\":\"x\"}",
                           "{\"config\":{\"a\":1,\"b\":[1]},\"latitude\":\"x\"}", &what);
    assert_string_equal(what.data, "b: nothing then, [1] now");
    zg_str_free(&what);
    zg_identity_difference("no JSON", "{}", &what);
    assert_string_equal(what.data, "");
    zg_str_free(&what);
}

/* sha256sum of the sorted names joined by line ends, as upstream's granules.json. */
static void hash_of_granules(void **state)
{
    static const char *const IDS[] = {"b.h5", "a.h5"};
    char hex[65], expected[65];
    (void)state;
    assert_int_equal(zg_granules_hash(IDS, 2, hex, NULL), ZAGG_OK);
    zg_sha256_hex("a.h5\nb.h5", 9, expected);
    assert_string_equal(hex, expected);
}

static void changes_of_granule_lists(void **state)
{
    static const char RECORD[] = "{\"granule_ids\": [\"a\", \"b\"]}";
    static const char *const SAME[] = {"a", "b"}, *const TURNED[] = {"b", "a"},
                             *const MORE[] = {"a", "b", "c"}, *const FEWER[] = {"b"},
                             *const MIXED[] = {"c", "b"};
    const struct {
        const char *const *ids;
        size_t n;
        zg_list_change expected;
    } CASES[] = {{SAME, 2, ZG_LIST_EQUAL},  {TURNED, 2, ZG_LIST_OTHER},
                 {MORE, 3, ZG_LIST_OTHER},  {FEWER, 1, ZG_LIST_FEWER},
                 {MIXED, 2, ZG_LIST_FEWER}, {NULL, 0, ZG_LIST_FEWER}};
    zagg_arena *arena = NULL;
    const zagg_value *record = NULL;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(
        zagg_json_parse(arena, RECORD, sizeof RECORD - 1, "r", &record, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zg_list_change change;
        const char *missing = "";
        assert_int_equal(zg_compare_granules(record, CASES[i].ids, CASES[i].n, &change,
                                             &missing, NULL),
                         ZAGG_OK);
        assert_int_equal(change, CASES[i].expected);
        if (change == ZG_LIST_FEWER)
            assert_string_equal(missing, "a");
    }
    zagg_arena_free(arena);
}

static void assert_status_path(const char *store, const char *expected)
{
    char *path = NULL;
    assert_int_equal(zg_status_path(store, &path, NULL), ZAGG_OK);
    assert_string_equal(path, expected);
    zg_free(path);
}

static void place_of_the_folder(void **state)
{
    char expected[4096], link[4096], target[4096];
    (void)state;
    assert_status_path("out.zarr", "out.zarr.status");
    assert_status_path("out.zarr//", "out.zarr.status");
    assert_status_path("file:///a/b/", "/a/b.status");
    assert_status_path("a/.b", "a/.b.status");
    char *dir = make_temp_dir();
    (void)snprintf(target, sizeof target, "%s/store", dir);
    (void)snprintf(link, sizeof link, "%s/link", dir);
    (void)snprintf(expected, sizeof expected, "%s/store.status", dir);
    assert_int_equal(mkdir(target, 0777), 0);
    assert_int_equal(symlink(target, link), 0);
    assert_status_path(link, expected); /* two names of one store share it */
    (void)snprintf(link, sizeof link, "%s/store/.", dir);
    assert_status_path(link, expected);
    remove_tree(dir);
    zg_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_do_not_count), cmocka_unit_test(keys_that_are_missing),
        cmocka_unit_test(hash_of_granules),    cmocka_unit_test(changes_of_granule_lists),
        cmocka_unit_test(place_of_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
