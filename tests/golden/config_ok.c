/* Configs that upstream accepts: oddities of 0.11 with their normalised filters, its
 * built-in templates with their fields, and every config that golden stores were made
 * with. */
#include "support/departures.h"
#include "support/support.h"
#include "text/text.h"
#include "zagg/core.h"
#include "zagg/run.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static const char *const op_names[] = {"eq", "ne", "ge", "le",
                                       "lt", "gt", "in", "not_in"};

static bool text_equal(const zagg_value *want, const char *got)
{
    if (want == NULL || want->kind == ZAGG_NULL)
        return got == NULL;
    return got != NULL && zagg_value_is(want, got);
}

static bool values_equal(const zagg_value *want, const zagg_filter *got)
{
    if (want == NULL || want->n != got->n_values)
        return false;
    for (size_t i = 0; i < want->n; i++)
        if (!zagg_value_equal(want->items[i], got->values[i]))
            return false;
    return true;
}

static bool filter_equal(const zagg_value *want, const zagg_filter *got)
{
    const zagg_value *column = zagg_value_get_set(want, "column");
    int64_t index = 0;
    if (!text_equal(zagg_value_get(want, "level"), got->level))
        return false;
    if (zagg_value_get(want, "expression") != NULL || got->expression != NULL)
        return text_equal(zagg_value_get(want, "expression"), got->expression);
    if (column != NULL && (!zagg_value_i64(column, &index) || index != got->column))
        return false;
    if ((column != NULL) != got->has_column ||
        !text_equal(zagg_value_get(want, "dataset"), got->dataset) ||
        !zagg_value_is(zagg_value_get(want, "op"), op_names[got->op]) ||
        zagg_value_get(want, "keep")->u.b != got->keep)
        return false;
    if (got->op == ZAGG_OP_IN || got->op == ZAGG_OP_NOT_IN)
        return values_equal(zagg_value_get(want, "values"), got);
    return zagg_value_equal(zagg_value_get(want, "value"), got->value);
}

static bool filters_equal(const zagg_value *want, const zagg_pipeline *p)
{
    if (want->n != p->data_source.n_filters)
        return false;
    for (size_t i = 0; i < want->n; i++)
        if (!filter_equal(want->items[i], &p->data_source.filters[i]))
            return false;
    return true;
}

static void test_accepted_seed(void **state)
{
    (void)state;
    case_report r = {.set = "config_ok/accepted_seed"};
    zagg_arena *arena = NULL;
    if (!golden_available("config_ok/accepted_seed.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    departures d = departures_load(arena, r.set);
    const zagg_value *set =
        golden_json(arena, golden_path("config_ok/accepted_seed.json"));
    for (size_t i = 0; i < set->n; i++) {
        const char *note = zagg_value_get(set->items[i], "note")->str;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_pipeline *p = NULL;
        zagg_status status = zagg_pipeline_from_value(
            zagg_value_get(set->items[i], "config"), "event", NULL, &p, &err);
        if (status != ZAGG_OK)
            departures_judge(&d, &r, note, true, err.msg);
        else if (!filters_equal(zagg_value_get(set->items[i], "filters"), p))
            case_fail(&r, note, "other filters");
        else
            departures_judge(&d, &r, note, false, "");
        zagg_pipeline_free(p);
    }
    departures_end(&d, &r);
    report_end(&r, 20);
    zagg_arena_free(arena);
}

static bool shape_equal(const zagg_value *want, const zagg_field *got, bool relevant)
{
    int64_t dim = 0;
    size_t n = relevant ? got->n_shape : 0;
    if (want->n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!zagg_value_i64(want->items[i], &dim) || dim != got->shape[i])
            return false;
    return true;
}

/* A field of the signature, found by name: kind, dtype, shapes. */
static bool signature_equal(const zagg_value *want, const zagg_pipeline *p)
{
    static const char *const kinds[] = {"scalar", "vector", "ragged"};
    const zagg_field *f = NULL;
    for (size_t i = 0; i < p->n_fields; i++)
        if (zagg_value_is(zagg_value_get(want, "name"), p->fields[i].name))
            f = &p->fields[i];
    return f != NULL && zagg_value_is(zagg_value_get(want, "kind"), kinds[f->kind]) &&
           zagg_value_is(zagg_value_get(want, "dtype"), zagg_dtype_name(f->dtype)) &&
           shape_equal(zagg_value_get(want, "trailing_shape"), f,
                       f->kind == ZAGG_FIELD_VECTOR) &&
           shape_equal(zagg_value_get(want, "inner_shape"), f,
                       f->kind == ZAGG_FIELD_RAGGED);
}

static const char *builtin_differs(const zagg_value *want, const zagg_pipeline *p)
{
    const zagg_value *fields = zagg_value_get(want, "output_field_signature");
    const zagg_value *names = zagg_value_get(want, "data_vars");
    const zagg_value *coords = zagg_value_get(want, "coords");
    if (!filters_equal(zagg_value_get(want, "filters"), p))
        return "other filters";
    if (fields->n != p->n_fields || names->n != p->n_fields ||
        coords->n != p->n_coordinates)
        return "another number of fields";
    for (size_t i = 0; i < fields->n; i++)
        if (!signature_equal(fields->items[i], p) ||
            !zagg_value_is(names->items[i], p->fields[i].name))
            return "other fields";
    for (size_t i = 0; i < coords->n; i++)
        if (!zagg_value_is(coords->items[i], p->coordinates[i].name))
            return "other coordinates";
    return NULL;
}

/* What the grid of 0.11 is like: sizes, folder, and the signature that a shard map of it
 * carries. */
static const char *grid_differs(const zagg_value *want, const zagg_grid *grid)
{
    static const char *const sizes[] = {"array_shape", "chunk_shape", "chunk_grid_shape"};
    const zagg_grid_info *g = zagg_grid_get_info(grid);
    const zagg_shardmap map = {
        .name = "golden", .grid_signature = zagg_value_get(want, "spatial_signature")};
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t n = 0;
    if (zagg_run_check_signature(grid, &map, &err) != ZAGG_OK)
        return "another spatial signature";
    if (!zagg_value_is(zagg_value_get(want, "group_path"), g->group))
        return "another group";
    if (!zagg_value_u64(zagg_value_get(want, "chunks_per_shard"), &n) ||
        n != g->chunks_per_shard)
        return "another number of chunks a shard";
    for (size_t k = 0; k < 3; k++) {
        const zagg_value *size = zagg_value_get(want, sizes[k]);
        if (size->n != g->rank)
            return "another number of axes";
        for (size_t i = 0; i < g->rank; i++) {
            uint64_t have = k == 0   ? g->shape[i]
                            : k == 1 ? g->chunk_shape[i]
                                     : g->shape[i] / g->chunk_shape[i];
            if (!zagg_value_u64(size->items[i], &n) || n != have)
                return sizes[k];
        }
    }
    return NULL;
}

static const char *source_differs(const zagg_value *want, const zagg_pipeline *p)
{
    const zagg_data_source *d = &p->data_source;
    const zagg_value *segment = zagg_value_get(want, "segment_vars");
    const zagg_value *sharded = zagg_value_get(want, "sharded");
    size_t n = 0;
    for (size_t i = 0; i < d->n_levels; i++)
        for (size_t k = 0; k < d->levels[i].n_variables; k++, n++)
            if (n >= segment->n ||
                !zagg_value_is(segment->items[n], d->levels[i].variables[k].name))
                return "other variables of levels";
    if (n != segment->n || !zagg_value_is(zagg_value_get(want, "driver"), d->driver))
        return "another source";
    return sharded->u.b == p->output.sharded ? NULL : "sharded";
}

/* The config that `zagg config show NAME --compat zagg-0.11` prints, with the line that
 * makes it write what 0.11 wrote. */
static const char *run_differs(const zagg_value *want, const char *name, const char *text,
                               zagg_err *err)
{
    const char *differs = NULL;
    zagg_pipeline *p = NULL;
    zagg_grid *grid = NULL;
    zg_str with;
    const char *cut = strstr(text, "\noutput:\n");
    assert_non_null(cut);
    cut += strlen("\noutput:\n");
    zg_str_init(&with, 0);
    zg_str_addn(&with, text, (size_t)(cut - text));
    zg_str_add(&with, "  compat: zagg-0.11\n");
    zg_str_add(&with, cut);
    assert_false(with.failed);
    zagg_status status = zagg_pipeline_parse(with.data, with.len, name, NULL, &p, err);
    if (status == ZAGG_OK)
        status = zagg_pipeline_check_runnable(p, err);
    if (status != ZAGG_OK)
        differs = err->msg;
    else
        status = zagg_grid_from_pipeline(p, p->output.latitude, &grid, err);
    if (status != ZAGG_OK)
        differs = err->msg;
    if (differs == NULL)
        differs = builtin_differs(want, p);
    if (differs == NULL)
        differs = source_differs(want, p);
    if (differs == NULL && grid != NULL)
        differs = grid_differs(want, grid);
    zagg_grid_free(grid);
    zagg_pipeline_free(p);
    zg_str_free(&with);
    return differs;
}

/* The config as a worker event carries it: five sections in this order, absent ones null.
 */
static void add_event(zg_str *out, const zagg_value *root)
{
    static const char *const sections[] = {"data_source", "aggregation", "output",
                                           "catalog", "bounds"};
    static const zagg_value null = {.kind = ZAGG_NULL};
    const zg_json_style style = {-1, false, false};
    for (size_t i = 0; i < 5; i++) {
        const zagg_value *v = zagg_value_get(root, sections[i]);
        zg_str_addf(out, "%s\"%s\": ", i == 0 ? "{" : ", ", sections[i]);
        assert_int_equal(zg_json_write(out, v != NULL ? v : &null, style, NULL), ZAGG_OK);
    }
    zg_str_addc(out, '}');
}

static const char *text_differs(zagg_arena *arena, const zagg_value *want,
                                const char *name, zagg_err *err)
{
    const zagg_value *text = zagg_value_get(want, "event_config_json");
    const char *yaml = zagg_config_builtin_compat(name, ZAGG_COMPAT_0_11);
    const zagg_value *root = NULL;
    zagg_pipeline *p = NULL;
    zg_str event;
    if (yaml == NULL)
        return "not built in";
    if (zagg_yaml_parse(arena, yaml, strlen(yaml), name, &root, err) != ZAGG_OK)
        return err->msg;
    zg_str_init(&event, 0);
    add_event(&event, root);
    const char *differs = NULL;
    if (event.len != text->str_len || memcmp(event.data, text->str, event.len) != 0)
        differs = "another event text";
    zg_str_free(&event);
    if (differs == NULL &&
        zagg_pipeline_parse(yaml, strlen(yaml), name, NULL, &p, err) != ZAGG_OK)
        differs = err->msg;
    zagg_pipeline_free(p);
    return differs != NULL ? differs : run_differs(want, name, yaml, err);
}

static void test_builtin_seed(void **state)
{
    (void)state;
    case_report r = {.set = "config_ok/builtin_seed"};
    zagg_arena *arena = NULL;
    if (!golden_available("config_ok/builtin_seed.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *set =
        golden_json(arena, golden_path("config_ok/builtin_seed.json"));
    for (size_t i = 0; i < set->n; i++) {
        const char *name = set->members[i].key->str;
        const zagg_value *want = set->members[i].value;
        const zagg_value *text = zagg_value_get(want, "event_config_json");
        const zagg_value *event = NULL;
        const char *differs = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_pipeline *p = NULL;
        if (zagg_json_parse(arena, text->str, text->str_len, name, &event, &err) !=
                ZAGG_OK ||
            !zagg_value_equal(event, zagg_value_get(want, "config")))
            differs = "event text and config differ";
        else if (zagg_pipeline_from_value(event, name, NULL, &p, &err) != ZAGG_OK)
            differs = err.msg;
        else
            differs = builtin_differs(want, p);
        if (differs == NULL)
            differs = text_differs(arena, want, name, &err);
        if (differs != NULL)
            case_fail(&r, name, "%s", differs);
        else
            case_pass(&r);
        zagg_pipeline_free(p);
    }
    report_end(&r, 7);
    zagg_arena_free(arena);
}

/* Every *.yaml of a folder of golden data must load. */
static void load_folder(case_report *r, const char *folder)
{
    char path[4096];
    char base[4096];
    (void)snprintf(base, sizeof base, "%s", golden_path(folder));
    DIR *dir = opendir(base);
    const struct dirent *entry = NULL;
    if (dir == NULL)
        fail_msg("%s cannot be listed", base);
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        zagg_err err = ZAGG_ERR_INIT;
        zagg_pipeline *p = NULL;
        if (dot == NULL || strcmp(dot, ".yaml") != 0)
            continue;
        int n = snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
        assert_true(n > 0 && (size_t)n < sizeof path);
        if (zagg_pipeline_load(path, NULL, &p, &err) == ZAGG_OK)
            case_pass(r);
        else
            case_fail(r, entry->d_name, "%s", err.msg);
        zagg_pipeline_free(p);
    }
    (void)closedir(dir);
}

static void test_store_configs(void **state)
{
    (void)state;
    case_report r = {.set = "stores/configs, real"};
    if (!golden_available("stores/configs") || !golden_available("real"))
        skip();
    load_folder(&r, "stores/configs");
    load_folder(&r, "real");
    report_end(&r, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_seed),
        cmocka_unit_test(test_builtin_seed),
        cmocka_unit_test(test_store_configs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
