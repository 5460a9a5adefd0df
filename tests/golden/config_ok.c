/* Configs that upstream accepts: oddities of 0.11 with their normalised filters, its
 * built-in templates with their fields, and every config that golden stores were made
 * with. */
#include "support/departures.h"
#include "support/support.h"
#include "zagg/config.h"

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
