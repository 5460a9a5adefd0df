/* A shard map that is written for granules that have come elsewhere reads back as it was,
 * but for their addresses. */
#include "cat/cat.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

static const char MAP[] =
    "{\"metadata\": {\"latitude\": \"authalic-wgs84\", \"cycle\": 3},\n"
    " \"grid_signature\": {\"type\": \"healpix\", \"parent_order\": 11},\n"
    " \"shard_keys\": [18446744073709551615, 7],\n"
    " \"granules\": [[{\"id\": \"A\", \"s3\": \"s3://b/a.h5\", \"https\": "
    "\"https://h/a.h5\", "
    "\"box\": [1.5, null]}, {\"https\": \"https://h/n.h5\"}], [{\"s3\": "
    "\"s3://b/a.h5\"}]],\n"
    " \"aoi_mask\": [[5, 18446744073709551614], []]}";

/* Granules with an s3 address have a copy. */
static const char *place(void *user, const zagg_granule *granule)
{
    char *text = user;
    if (granule->s3 == NULL)
        return NULL;
    (void)snprintf(text, 64, "/c/%s", zg_href_basename(granule->s3));
    return text;
}

static zagg_shardmap *parse(const char *text)
{
    zagg_shardmap *map = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_shardmap_parse(text, strlen(text), "map", &map, &err) != ZAGG_OK)
        fail_msg("%s in %s", err.msg, text);
    return map;
}

static zagg_shardmap *rewritten(const zagg_shardmap *map, size_t first, size_t n)
{
    char path[64];
    const zagg_shard_entry *shards[8];
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < n; i++)
        shards[i] = &map->shards[first + i];
    const zg_map_text what = {map, shards, n, place, path};
    zg_str_init(&text, 0);
    if (zg_map_write(&what, &text, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_shardmap *again = parse(text.data);
    zg_str_free(&text);
    return again;
}

static void addresses_are_replaced(void **state)
{
    (void)state;
    zagg_shardmap *map = parse(MAP), *again = rewritten(map, 0, 2);
    assert_int_equal(again->n_shards, 2);
    assert_true(again->shards[0].key == UINT64_MAX);
    assert_int_equal(again->shards[1].key, 7);
    assert_true(zagg_value_equal(again->metadata, map->metadata));
    assert_true(zagg_value_equal(again->grid_signature, map->grid_signature));
    const zagg_granule *a = again->shards[0].granules[0];
    assert_string_equal(a->id, "A");
    assert_string_equal(a->s3, "/c/a.h5");
    assert_string_equal(a->https, "/c/a.h5");
    assert_string_equal(a->record,
                        "{\"id\":\"A\",\"s3\":\"/c/a.h5\",\"https\":\"/c/a.h5\","
                        "\"box\":[1.5,null]}");
    /* One that nobody has a copy of is nowhere. */
    assert_null(again->shards[0].granules[1]->https);
    assert_null(again->shards[0].granules[1]->s3);
    assert_string_equal(again->shards[1].granules[0]->s3, "/c/a.h5");
    assert_true(again->has_aoi_mask);
    assert_int_equal(again->shards[0].n_aoi_mask, 2);
    assert_true(again->shards[0].aoi_mask[1] == UINT64_MAX - 1);
    assert_int_equal(again->shards[1].n_aoi_mask, 0);
    zagg_shardmap_free(again);
    zagg_shardmap_free(map);
}

static void some_shards(void **state)
{
    (void)state;
    zagg_shardmap *map = parse(MAP), *again = rewritten(map, 1, 1);
    assert_int_equal(again->n_shards, 1);
    assert_int_equal(again->shards[0].key, 7);
    zagg_shardmap_free(again);
    zagg_shardmap_free(map);
}

/* A map that was made from granules has no records: the latitude is said in its stead. */
static void made_maps(void **state)
{
    static const uint64_t KEYS[] = {3, 9};
    zagg_shardmap_builder *b = NULL;
    zagg_shardmap *map = NULL;
    (void)state;
    assert_int_equal(zagg_shardmap_builder_new(&b, NULL), ZAGG_OK);
    assert_int_equal(zagg_shardmap_builder_add(b, "s3://b/x.h5", KEYS, 2, NULL), ZAGG_OK);
    assert_int_equal(
        zagg_shardmap_builder_finish(b, "granules", ZAGG_LATITUDE_GEODETIC, &map, NULL),
        ZAGG_OK);
    zagg_shardmap *again = rewritten(map, 0, 2);
    assert_int_equal(again->latitude, ZAGG_MAP_LATITUDE_GEODETIC);
    assert_null(again->grid_signature);
    assert_string_equal(again->shards[1].granules[0]->id, "x.h5");
    assert_string_equal(again->shards[1].granules[0]->https, "/c/x.h5");
    zagg_shardmap_free(again);
    zagg_shardmap_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_replaced),
        cmocka_unit_test(some_shards),
        cmocka_unit_test(made_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
