/* The semantic core: upstream's hash of the nine benchmark configs, and hash and
 * aggregation.yaml of its hive stores. */
#include "support/support.h"
#include "zagg/config.h"
#include "zagg/io.h"

#include <stdio.h>
#include <string.h>

static zagg_pipeline *load(const char *path)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = NULL;
    if (zagg_pipeline_load(path, NULL, &p, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return p;
}

static void check_hash(case_report *r, const char *name, const char *config,
                       const zagg_value *expected)
{
    char hash[ZAGG_SEMANTIC_HASH_BYTES] = "";
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = load(config);
    assert_non_null(expected);
    if (zagg_pipeline_semantic_hash(p, ZAGG_LATITUDE_AUTHALIC, hash, &err) != ZAGG_OK)
        case_fail(r, name, "%s", err.msg);
    else if (!zagg_value_is(expected, hash))
        case_fail(r, name, "found %s, not %s", hash, expected->str);
    else
        case_pass(r);
    zagg_pipeline_free(p);
}

static void test_signatures(void **state)
{
    (void)state;
    case_report r = {.set = "grids/signatures.json"};
    zagg_arena *arena = NULL;
    if (!golden_available("grids/signatures.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *set = golden_json(arena, golden_path("grids/signatures.json"));
    for (size_t i = 0; i < set->n; i++) {
        const char *name = set->members[i].key->str;
        char path[256];
        (void)snprintf(path, sizeof path, "data/benchmark/configs/%s.yaml", name);
        check_hash(&r, name, shared_path(path),
                   zagg_value_get(set->members[i].value, "v0_61_semantic_hash"));
    }
    report_end(&r, 9);
    zagg_arena_free(arena);
}

/* Only two small files of a store are wanted: tar picks them. */
static char *from_archive(const char *store, const char *file)
{
    char command[1024];
    char relative[256];
    (void)snprintf(relative, sizeof relative, "stores/%s.tar.zst", store);
    (void)snprintf(command, sizeof command, "tar --zstd -xOf '%s' %s/%s",
                   golden_path(relative), store, file);
    const char *argv[] = {"sh", "-c", command, NULL};
    run_result result = run_program(argv, NULL);
    assert_int_equal(result.status, 0);
    char *text = zg_strdup(result.out);
    assert_non_null(text);
    run_result_free(&result);
    return text;
}

static void check_store(case_report *r, zagg_arena *arena, const char *store,
                        const char *config)
{
    char path[256];
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *manifest = NULL;
    char *found = NULL;
    size_t len = 0;
    (void)snprintf(path, sizeof path, "stores/configs/%s.yaml", config);
    char *json = from_archive(store, "morton_hive.json");
    char *yaml = from_archive(store, "aggregation.yaml");
    assert_int_equal(zagg_json_parse(arena, json, strlen(json), store, &manifest, NULL),
                     ZAGG_OK);
    check_hash(r, store, golden_path(path), zagg_value_get(manifest, "semantic_hash"));
    zagg_pipeline *p = load(golden_path(path));
    if (zagg_pipeline_semantic_yaml(p, ZAGG_LATITUDE_AUTHALIC, &found, &len, &err) !=
        ZAGG_OK)
        case_fail(r, store, "%s", err.msg);
    else if (len != strlen(yaml) || memcmp(found, yaml, len) != 0)
        case_fail(r, store, "another aggregation.yaml: %s", found);
    else
        case_pass(r);
    zagg_bytes_free(found);
    zagg_pipeline_free(p);
    zg_free(json);
    zg_free(yaml);
}

static void test_hive_stores(void **state)
{
    (void)state;
    static const char *const stores[][2] = {
        {"v061_hiveplain_scalar_healpix_o11", "scalar_healpix_o11.hiveplain061"},
        {"v061_hiveplain_tdigest_healpix_o11", "tdigest_healpix_o11.hiveplain061"},
        {"v061_hiveplain_gain_bias_healpix_o11", "gain_bias_healpix_o11.hiveplain061"},
        {"v061_mini_hiveplain", "mini_all.hiveplain061"},
    };
    case_report r = {.set = "stores"};
    zagg_arena *arena = NULL;
    if (!golden_available("stores/configs"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
        check_store(&r, arena, stores[i][0], stores[i][1]);
    report_end(&r, 8);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signatures),
                                       cmocka_unit_test(test_hive_stores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
