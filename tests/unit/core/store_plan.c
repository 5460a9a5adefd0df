/* Which arrays a pipeline writes: the attributes of fields. */
#include "support/support.h"
#include "zagg/core.h"

#include <string.h>

#define CONFIG(output)                                                                   \
    "data_source:\n"                                                                     \
    "  groups: [gt1l]\n"                                                                 \
    "  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}\n"         \
    "  variables: {h: \"/{group}/h\"}\n"                                                 \
    "aggregation:\n"                                                                     \
    "  variables:\n"                                                                     \
    "    plain: {function: min, source: h}\n"                                            \
    "    told: {function: min, source: h, attrs: {units: m, n: [1, 2.5]}}\n"             \
    "output:\n" output "  grid: {type: healpix, parent_order: 6, child_order: 8}\n"

/* Attributes of a field of the plan; NULL for {}. */
static void check(const char *text, const char *field, const char *attributes)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_store_plan *plan = NULL;
    if (zagg_pipeline_parse(text, strlen(text), "t.yaml", NULL, &pipeline, &err) ||
        zagg_grid_from_pipeline(pipeline, ZAGG_LATITUDE_AUTHALIC, &grid, &err) ||
        zagg_store_plan_new(pipeline, grid, &plan, &err))
        fail_msg("%s", err.msg);
    const zagg_zarr_template *t = zagg_store_plan_template(plan);
    size_t found = 0;
    for (size_t i = 0; i < t->n_arrays; i++) {
        if (strcmp(t->arrays[i].name, field) != 0)
            continue;
        found++;
        if (attributes)
            assert_string_equal(t->arrays[i].attributes_json, attributes);
        else
            assert_null(t->arrays[i].attributes_json);
    }
    assert_int_equal(found, 1);
    zagg_store_plan_free(plan);
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
}

static void test_field_attributes(void **state)
{
    static const char FLAT[] = CONFIG("  store_layout: flat\n");
    static const char OLD[] = CONFIG("  compat: zagg-0.11\n");
    (void)state;
    check(FLAT, "plain", NULL);
    check(FLAT, "told", "{\"units\": \"m\", \"n\": [1, 2.5]}");
    check(OLD, "told", NULL); /* upstream 0.11 did not know them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_field_attributes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
