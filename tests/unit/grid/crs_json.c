/* CRS texts as PROJJSON: names and codes of the common systems without a database, and of
 * any other where there is one. */
#include "grid/crs_json.h"

#include "support/support.h"

#include <stdlib.h>
#include <string.h>

static void check(const char *crs, const char *name, uint64_t code)
{
    char *json = NULL;
    uint64_t found = 0;
    zagg_arena *arena = NULL;
    const zagg_value *v = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_crs_json(crs, &json, &err) != ZAGG_OK)
        fail_msg("%s: %s", crs, err.msg);
    assert_null(strchr(json, '\n'));
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    if (zagg_json_parse(arena, json, strlen(json), crs, &v, &err) != ZAGG_OK)
        fail_msg("%s: %s", crs, err.msg);
    assert_non_null(zagg_value_get(v, "$schema"));
    assert_string_equal(zagg_value_get(v, "name")->str, name);
    const zagg_value *id = zagg_value_get(v, "id");
    if (code > 0) {
        assert_true(zagg_value_u64(zagg_value_get(id, "code"), &found));
        assert_int_equal(found, code);
    }
    zagg_arena_free(arena);
    zg_free(json);
}

static void test_common(void **state)
{
    (void)state;
    check("EPSG:4326", "WGS 84", 4326);
    check("epsg:32618", "WGS 84 / UTM zone 18N", 32618);
    check("EPSG:3031", "WGS 84 / Antarctic Polar Stereographic", 3031);
    check("EPSG:3413", "WGS 84 / NSIDC Sea Ice Polar Stereographic North", 3413);
}

static void test_others(void **state)
{
    (void)state;
    char *json = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    check("+proj=laea +lat_0=10 +lon_0=20 +datum=WGS84", "unknown", 0);
    assert_int_not_equal(zg_crs_json("no such thing", &json, &err), ZAGG_OK);
    assert_null(json);
    assert_int_not_equal(zg_crs_json("", &json, &err), ZAGG_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_common),
                                       cmocka_unit_test(test_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
