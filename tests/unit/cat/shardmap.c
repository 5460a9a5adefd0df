/* Shard maps: what a good one gives, what is wrong with bad ones, and the builder. */
#include "zagg/shardmap.h"

#include "support/support.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURE "\"grid_signature\": {\"type\": \"healpix\", \"parent_order\": 11}"

static zagg_shardmap *parse(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    if (zagg_shardmap_parse(text, strlen(text), "m.json", &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return map;
}

static void refuse(const char *text, zagg_status want, const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    zagg_status status = zagg_shardmap_parse(text, strlen(text), "m.json", &map, &err);
    assert_null(map);
    assert_int_equal(status, want);
    if (message != NULL)
        assert_string_equal(err.msg, message);
}

static void test_whole(void **state)
{
    (void)state;
    zagg_shardmap *map =
        parse("{\"metadata\": {\"granules_assigned\": 2}, " SIGNATURE ", "
              "\"shard_keys\": [11530143033882312713, 7], \"granules\": ["
              "[{\"id\": \"a.h5\", \"s3\": \"s3://b/a.h5\", \"https\": null}, {\"s3\": "
              "\"/d/b.h5\"}],"
              "[{\"id\": \"a.h5\", \"s3\": \"s3://b/a.h5\", \"https\": null}, {\"id\": "
              "\"a.h5\", \"s3\": \"s3://b/a.h5\", \"time_start\": [1, {\"x\": 2.5}]}]]}");
    assert_int_equal(map->n_shards, 2);
    assert_true(map->shards[0].key == UINT64_C(11530143033882312713));
    assert_true(map->shards[1].key == 7);
    assert_int_equal(map->shards[0].n_granules, 2);
    assert_string_equal(map->shards[0].granules[0]->id, "a.h5");
    assert_null(map->shards[0].granules[0]->https);
    assert_string_equal(map->shards[0].granules[1]->id, "b.h5");
    assert_ptr_equal(map->shards[0].granules[0], map->shards[1].granules[0]);
    assert_ptr_not_equal(map->shards[1].granules[0], map->shards[1].granules[1]);
    assert_string_equal(map->shards[0].granules[1]->record, "{\"s3\":\"/d/b.h5\"}");
    assert_string_equal(
        map->shards[1].granules[1]->record,
        "{\"id\":\"a.h5\",\"s3\":\"s3://b/a.h5\",\"time_start\":[1,{\"x\":"
        "2.5}]}");
    assert_int_equal(map->latitude, ZAGG_MAP_LATITUDE_AUTHALIC);
    assert_true(zagg_value_is(zagg_value_get(map->grid_signature, "type"), "healpix"));
    assert_string_equal(map->name, "m.json");
    zagg_shardmap_free(map);
}

static void test_masks(void **state)
{
    (void)state;
    zagg_shardmap *map = parse("{" SIGNATURE ", \"shard_keys\": [7, 8, 9], \"granules\": "
                               "[[], [], []], \"aoi_mask\": [[18446744073709551615, 3], "
                               "[], [5]]}");
    assert_true(map->has_aoi_mask);
    assert_int_equal(map->shards[0].n_aoi_mask, 2);
    assert_true(map->shards[0].aoi_mask[0] == UINT64_MAX);
    assert_true(map->shards[0].aoi_mask[1] == 3);
    assert_int_equal(map->shards[1].n_aoi_mask, 0);
    assert_int_equal(map->shards[2].n_aoi_mask, 1);
    assert_true(map->shards[2].aoi_mask[0] == 5);
    zagg_shardmap_free(map);
    map = parse("{" SIGNATURE ", \"shard_keys\": [7], \"granules\": [[]], \"aoi_mask\": "
                "null}");
    assert_false(map->has_aoi_mask);
    assert_null(map->shards[0].aoi_mask);
    zagg_shardmap_free(map);
    static const char *const bad[][2] = {
        {"{}",
         "m.json: aoi_mask must be a list parallel to shard_keys (found mapping of 0 for "
         "1 shards)"},
        {"[]", "m.json: aoi_mask must be a list parallel to shard_keys (found list of 0 "
               "for 1 shards)"},
        {"[5]", "m.json: aoi_mask[0] must be a list of integers (found int)"},
        {"[[5, 1.5]]", "m.json: aoi_mask[0][1] must be an integer from 0 to 2^64 - 1 "
                       "(found float)"},
        {"[[-1]]", NULL},
        {"[[true]]", NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "{" SIGNATURE ", \"shard_keys\": [7], \"granules\": [[]], "
                       "\"aoi_mask\": %s}",
                       bad[i][0]);
        refuse(text, ZAGG_ECONFIG, bad[i][1]);
    }
}

static zagg_map_latitude latitude_of(const char *metadata, const char *signature)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"metadata\": %s, \"grid_signature\": %s, \"shard_keys\": [], "
                   "\"granules\": []}",
                   metadata, signature);
    zagg_shardmap *map = parse(text);
    zagg_map_latitude latitude = map->latitude;
    assert_int_equal(map->n_shards, 0);
    zagg_shardmap_free(map);
    return latitude;
}

static void test_latitude(void **state)
{
    (void)state;
    assert_int_equal(latitude_of("{}", "{}"), ZAGG_MAP_LATITUDE_UNKNOWN);
    assert_int_equal(latitude_of("null", "null"), ZAGG_MAP_LATITUDE_UNKNOWN);
    assert_int_equal(latitude_of("{\"mortie_order\": 13}", "{}"),
                     ZAGG_MAP_LATITUDE_LEGACY);
    assert_int_equal(
        latitude_of("{\"mortie_order\": 13, \"granules_assigned\": 4}", "{}"),
        ZAGG_MAP_LATITUDE_AUTHALIC);
    assert_int_equal(
        latitude_of("{\"mortie_order\": 13}", "{\"latitude\": \"authalic\"}"),
        ZAGG_MAP_LATITUDE_AUTHALIC);
    assert_int_equal(latitude_of("{\"latitude\": \"geodetic-spherical\", "
                                 "\"granules_assigned\": 4}",
                                 "{}"),
                     ZAGG_MAP_LATITUDE_GEODETIC);
}

static void test_refused(void **state)
{
    (void)state;
    refuse(
        "{\"features\": []}", ZAGG_ECONFIG,
        "m.json is not a shard map: it must hold shard_keys, granules and grid_signature "
        "(shard_keys is missing)");
    refuse("[1, 2]", ZAGG_ECONFIG, NULL);
    refuse(
        "{\"shard_keys\": [1], \"granules\": [[]]}", ZAGG_ECONFIG,
        "m.json is not a shard map: it must hold shard_keys, granules and grid_signature "
        "(grid_signature is missing)");
    refuse("{\"shard_keys\": [1, 2], \"granules\": [[]], " SIGNATURE "}", ZAGG_ECONFIG,
           "m.json: shard_keys has 2 entries but granules has 1; they must be parallel");
    refuse("{\"shard_keys\": {}, \"granules\": [], " SIGNATURE "}", ZAGG_ECONFIG,
           "m.json: shard_keys and granules must be lists (found mapping and list)");
    refuse("{\"shard_keys\": [-1], \"granules\": [[]], " SIGNATURE "}", ZAGG_ECONFIG,
           NULL);
    refuse("{\"shard_keys\": [1.0], \"granules\": [[]], " SIGNATURE "}", ZAGG_ECONFIG,
           "m.json: shard_keys[0] must be an integer from 0 to 2^64 - 1 (found float)");
    refuse("{\"shard_keys\": [true], \"granules\": [[]], " SIGNATURE "}", ZAGG_ECONFIG,
           NULL);
    refuse("{\"shard_keys\": [99999999999999999999999], \"granules\": [[]], " SIGNATURE
           "}",
           ZAGG_ERANGE, NULL);
    refuse("{\"shard_keys\": [5, 5], \"granules\": [[], []], " SIGNATURE "}",
           ZAGG_ECONFIG, "m.json: shard key 5 occurs twice");
    refuse("{\"shard_keys\": [5], \"granules\": [7], " SIGNATURE "}", ZAGG_ECONFIG,
           "m.json: granules[0] must be a list (found int)");
    refuse("{\"shard_keys\": [5], \"granules\": [[\"x\"]], " SIGNATURE "}", ZAGG_ECONFIG,
           "m.json: a granule must be an object with id, s3 and https (found str)");
    refuse("{\"shard_keys\": [5], \"granules\": [[{\"s3\": \"a\\u0000b\"}]], " SIGNATURE
           "}",
           ZAGG_ECONFIG,
           "m.json: s3 of a granule must be text without NUL bytes (found a NUL byte)");
    refuse("{\"shard_keys\": [5], \"granules\": [[{\"https\": 4}]], " SIGNATURE "}",
           ZAGG_ECONFIG, NULL);
    refuse("{\"shard_keys\": [], \"granules\": [], \"grid_signature\": 3}", ZAGG_ECONFIG,
           "m.json: grid_signature must be an object or null (found int)");
    refuse("{\"shard_keys\": [], \"granules\": [], \"grid_signature\": {\"latitude\": "
           "\"spherical\"}}",
           ZAGG_ECONFIG, NULL);
    refuse("{\"shard_keys\": [], \"granules\": [], \"grid_signature\": {\"latitude\": "
           "\"authalic\"}, \"metadata\": {\"latitude\": \"geodetic\"}}",
           ZAGG_ECONFIG,
           "m.json: metadata.latitude and grid_signature.latitude contradict each other");
    refuse("{\"shard_keys\": [1", ZAGG_EFORMAT, NULL);
    refuse("", ZAGG_EFORMAT, NULL);
}

/* Every prefix of a good map is refused, never read beyond its end. */
static void test_truncated(void **state)
{
    (void)state;
    static const char text[] =
        "{\"metadata\": {\"a\": [1, {\"b\": null}]}, " SIGNATURE
        ", \"shard_keys\": [5, 6], "
        "\"granules\": [[{\"id\": \"a\", \"s3\": \"s3://x/a\"}], []]}";
    for (size_t len = 0; len + 1 < sizeof text; len++) {
        zagg_shardmap *map = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        char *copy = zg_strndup(text, len);
        assert_non_null(copy);
        assert_int_not_equal(zagg_shardmap_parse(copy, len, "m.json", &map, &err),
                             ZAGG_OK);
        assert_null(map);
        zg_free(copy);
    }
}

static void test_files(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    assert_int_equal(zagg_shardmap_load("/nonexistent/m.json", &map, &err),
                     ZAGG_ENOTFOUND);
    assert_non_null(strstr(err.msg, "/nonexistent/m.json"));
    assert_int_not_equal(zagg_shardmap_load("/", &map, &err), ZAGG_OK);
    assert_null(map);
}

static void test_builder(void **state)
{
    (void)state;
    const uint64_t first[] = {9, UINT64_MAX, 3, 9};
    const uint64_t second[] = {3, 4};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap_builder *b = NULL;
    zagg_shardmap *map = NULL;
    assert_int_equal(zagg_shardmap_builder_new(&b, &err), ZAGG_OK);
    assert_int_equal(zagg_shardmap_builder_add(b, "/d/a.h5", first, 4, &err), ZAGG_OK);
    assert_int_equal(zagg_shardmap_builder_add(b, "b.h5", second, 2, &err), ZAGG_OK);
    assert_int_equal(zagg_shardmap_builder_add(b, "c.h5", NULL, 0, &err), ZAGG_OK);
    assert_int_equal(zagg_shardmap_builder_finish(b, "my granules",
                                                  ZAGG_LATITUDE_GEODETIC, &map, &err),
                     ZAGG_OK);
    assert_int_equal(map->n_shards, 4);
    assert_true(map->shards[0].key == 3 && map->shards[1].key == 4);
    assert_true(map->shards[2].key == 9 && map->shards[3].key == UINT64_MAX);
    assert_int_equal(map->shards[0].n_granules, 2);
    assert_int_equal(map->shards[2].n_granules, 1);
    assert_string_equal(map->shards[0].granules[0]->id, "a.h5");
    assert_string_equal(map->shards[0].granules[0]->s3, "/d/a.h5");
    assert_string_equal(map->shards[0].granules[0]->https, "/d/a.h5");
    assert_string_equal(map->shards[0].granules[1]->id, "b.h5");
    assert_int_equal(map->latitude, ZAGG_MAP_LATITUDE_GEODETIC);
    assert_string_equal(map->name, "my granules");
    assert_null(map->grid_signature);
    zagg_shardmap_free(map);
}

static void test_builder_empty(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap_builder *b = NULL;
    zagg_shardmap *map = NULL;
    assert_int_equal(zagg_shardmap_builder_new(&b, &err), ZAGG_OK);
    assert_int_equal(
        zagg_shardmap_builder_finish(b, "none", ZAGG_LATITUDE_AUTHALIC, &map, &err),
        ZAGG_OK);
    assert_int_equal(map->n_shards, 0);
    zagg_shardmap_free(map);
    assert_int_equal(zagg_shardmap_builder_new(&b, &err), ZAGG_OK);
    assert_int_equal(
        zagg_shardmap_builder_finish(b, NULL, ZAGG_LATITUDE_AUTHALIC, &map, &err),
        ZAGG_EARG);
}

/* The same 40 granules in 200 shards are kept once. */
static void test_interning(void **state)
{
    (void)state;
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, "{" SIGNATURE ", \"shard_keys\": [0");
    for (int i = 1; i < 200; i++)
        zg_str_addf(&text, ", %d", i);
    zg_str_add(&text, "], \"granules\": [");
    for (int i = 0; i < 200; i++) {
        zg_str_add(&text, i == 0 ? "[" : "], [");
        for (int k = 0; k < 40; k++)
            zg_str_addf(&text, "%s{\"id\": \"g%d\", \"s3\": \"s3://b/g%d\"}",
                        k == 0 ? "" : ",", k, k);
    }
    zg_str_add(&text, "]]}");
    assert_false(text.failed);
    zagg_shardmap *map = parse(text.data);
    for (size_t i = 0; i < map->n_shards; i++) {
        assert_int_equal(map->shards[i].n_granules, 40);
        for (size_t k = 0; k < 40; k++)
            assert_ptr_equal(map->shards[i].granules[k], map->shards[0].granules[k]);
    }
    assert_string_equal(map->shards[199].granules[39]->id, "g39");
    zagg_shardmap_free(map);
    zg_str_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),     cmocka_unit_test(test_masks),
        cmocka_unit_test(test_latitude),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_files),
        cmocka_unit_test(test_builder),   cmocka_unit_test(test_builder_empty),
        cmocka_unit_test(test_interning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
