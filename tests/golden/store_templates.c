/* Golden sets grids/templates_v0_11.json and templates_v0_61.json with upstream's
 * configs: the store that is planned for a config has upstream's members, and each
 * document is upstream's byte for byte; so are those of a leaf of a hive, before its
 * stamp. */
#include "support/program.h"
#include "zagg/core.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512 };

/* One config and the documents that upstream makes of it. */
typedef struct template_case {
    case_report *r;
    const char *name;
    const zagg_value *documents;
    const zagg_store_plan *plan;
    size_t wrong;
} template_case;

static void compare(template_case *c, const char *key, const char *text, size_t len)
{
    const zagg_value *expected = zagg_value_get(c->documents, key);
    if (expected != NULL && expected->str_len == len &&
        memcmp(expected->str, text, len) == 0)
        return;
    c->wrong++;
    case_fail(c->r, c->name, "%s: wrote\n%s\ninstead of\n%s", key, text,
              expected ? expected->str : "nothing");
}

static void compare_documents(template_case *c)
{
    const zagg_zarr_template *t = zagg_store_plan_template(c->plan);
    zagg_err err = ZAGG_ERR_INIT;
    char key[PATH_BYTES], *text = NULL;
    size_t len = 0, n = 2, n_expected = 0; /* the root's and the group's */
    assert_int_equal(zagg_zarr_group_json(NULL, &text, &len, &err), ZAGG_OK);
    compare(c, "zarr.json", text, len);
    zagg_bytes_free(text);
    assert_int_equal(zagg_zarr_group_json(t->group_attributes_json, &text, &len, &err),
                     ZAGG_OK);
    (void)snprintf(key, sizeof key, "%s/zarr.json", t->group);
    compare(c, key, text, len);
    zagg_bytes_free(text);
    for (size_t i = 0; i < t->n_arrays; i++) {
        if (t->arrays[i].kind == ZAGG_ZARR_CSR)
            continue;
        n++;
        assert_int_equal(zagg_zarr_array_json(&t->arrays[i], &text, &len, &err), ZAGG_OK);
        (void)snprintf(key, sizeof key, "%s/%s/zarr.json", t->group, t->arrays[i].name);
        compare(c, key, text, len);
        zagg_bytes_free(text);
    }
    for (size_t i = 0; i < c->documents->n; i++)
        n_expected += strstr(c->documents->members[i].key->str, "zarr.json") != NULL;
    if (n != n_expected)
        case_fail(c->r, c->name, "%zu documents instead of %zu", n, n_expected);
    else if (c->wrong == 0)
        case_pass(c->r);
}

/* Text of a benchmark config as set stores has it, else of the benchmark itself; with
 * compat for the older upstream, and one layout or the other. */
static char *config_text(const char *name, bool old, bool leaf)
{
    static const struct {
        const char *folder, *ending, *output;
        bool golden, leaf, old;
    } PLACES[] = {{"stores/configs/", ".hiveplain061.yaml", "", true, true, false},
                  {"stores/configs/", ".flat061.yaml", "", true, false, false},
                  {"stores/configs/", ".yaml", "", true, false, true},
                  {"data/benchmark/configs/atl03_", ".yaml", "  store_layout: flat\n",
                   false, false, true}};
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        char relative[PATH_BYTES], output[PATH_BYTES], *text = NULL;
        size_t len = 0;
        if (PLACES[i].leaf != leaf || (old && !PLACES[i].old))
            continue;
        (void)snprintf(relative, sizeof relative, "%s%s%s", PLACES[i].folder, name,
                       PLACES[i].ending);
        if (zagg_file_read(PLACES[i].golden ? golden_path(relative)
                                            : shared_path(relative),
                           (size_t)1 << 20, &text, &len, NULL) != ZAGG_OK)
            continue;
        (void)snprintf(output, sizeof output, "\noutput:\n%s%s",
                       old ? "  compat: zagg-0.11\n" : "", PLACES[i].output);
        char *config = replaced(text, "\noutput:\n", output);
        zagg_bytes_free(text);
        return config;
    }
    return NULL;
}

static void check_config(template_case *c, const char *text, bool old)
{
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_store_plan *plan = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_latitude latitude = old ? ZAGG_LATITUDE_GEODETIC : ZAGG_LATITUDE_AUTHALIC;
    zagg_status status =
        zagg_pipeline_parse(text, strlen(text), c->name, NULL, &pipeline, &err);
    if (status == ZAGG_OK)
        status = zagg_grid_from_pipeline(pipeline, latitude, &grid, &err);
    if (status == ZAGG_OK)
        status = zagg_store_plan_new(pipeline, grid, &plan, &err);
    c->plan = plan;
    if (status == ZAGG_OK)
        compare_documents(c);
    else
        case_fail(c->r, c->name, "%s", err.msg);
    zagg_store_plan_free(plan);
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
}

static void check_file(const char *file, bool old, size_t at_least)
{
    case_report r = {.set = file};
    zagg_arena *arena = NULL;
    if (!golden_available(file) || !golden_available("stores"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *configs = golden_json(arena, golden_path(file));
    for (size_t i = 0; i < configs->n; i++) {
        const char *name = configs->members[i].key->str;
        template_case c = {&r, name, configs->members[i].value, NULL, 0};
        char config[PATH_BYTES];
        (void)snprintf(config, sizeof config, "%s",
                       strncmp(name, "atl03_", 6) == 0 ? name + 6 : name);
        char *leaf = strstr(config, "__leaf");
        if (leaf != NULL)
            *leaf = '\0';
        char *text = config_text(config, old, leaf != NULL);
        if (text != NULL)
            check_config(&c, text, old);
        else
            case_skip(&r, name,
                      "its config is neither in set stores nor in the benchmark");
        zg_free(text);
    }
    zagg_arena_free(arena);
    report_end(&r, at_least);
}

static void templates_v0_11(void **state)
{
    (void)state;
    check_file("grids/templates_v0_11.json", true, 4);
}

static void templates_v0_61(void **state)
{
    (void)state;
    check_file("grids/templates_v0_61.json", false, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_v0_11),
        cmocka_unit_test(templates_v0_61),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
