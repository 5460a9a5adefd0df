/* What keeps a valid config from running in this version, and what to write instead. */
#include "cfg/cfg.h"

#include <math.h>
#include <string.h>

/* Messages need places; those of a loaded config are found again by name. */
static zg_cfg for_messages(const zagg_pipeline *p, zagg_err *err)
{
    zg_cfg c = {.name = p->name, .err = err};
    return c;
}

static zg_spot section(const zagg_pipeline *p, const char *name)
{
    zg_spot root = zg_spot_root(p->root);
    return zg_spot_get(&root, name);
}

static zg_spot at_line(const char *path, const char *name, uint32_t line)
{
    zg_spot s = {.line = line};
    zg_spot empty = {0};
    s = zg_spot_get(&empty, path);
    s = zg_spot_get(&s, name);
    s.line = line;
    return s;
}

static zagg_status check_layout(const zg_cfg *c, const zagg_pipeline *p)
{
    zg_spot output = section(p, "output");
    zg_spot layout = zg_spot_get(&output, "store_layout");
    if (p->output.store_layout != ZAGG_LAYOUT_HIVE)
        return ZAGG_OK;
    return zg_fail(c, &layout,
                   "%sthe hive layout is not written by this version; write "
                   "`store_layout: flat` under output",
                   p->output.store_layout_given ? "" : "hive is the default here, but ");
}

static zagg_status check_source(const zg_cfg *c, const zagg_pipeline *p)
{
    const zagg_data_source *d = &p->data_source;
    zg_spot source = section(p, "data_source");
    zg_spot groups = zg_spot_get(&source, "groups");
    zg_spot coordinates = zg_spot_get(&source, "coordinates");
    if (d->n_groups == 0)
        return zg_must(c, &groups, "a list of at least one group to read");
    if (d->latitude == NULL || d->longitude == NULL)
        return zg_must(c, &coordinates, "dataset paths of latitude and longitude");
    for (size_t i = 0; i < d->n_filters; i++) {
        if (d->filters[i].expression == NULL)
            continue;
        zg_spot at = at_line("data_source", "filters", d->filters[i].line);
        return zg_fail(
            c, &at,
            "expression filters are not run by this version; write a filter with "
            "dataset, op and value");
    }
    return ZAGG_OK;
}

static bool takes(const char *function, const char *param)
{
    const char *bare = zg_function_bare(function);
    if (strcmp(param, "q") == 0)
        return strstr(bare, "quantile") != NULL || strstr(bare, "percentile") != NULL;
    if (strcmp(param, "ddof") == 0)
        return strcmp(bare, "var") == 0 || strcmp(bare, "std") == 0 ||
               strcmp(bare, "nanvar") == 0 || strcmp(bare, "nanstd") == 0;
    return strcmp(param, "weights") == 0 && strcmp(bare, "average") == 0;
}

static bool is_column(const zagg_data_source *d, const char *name)
{
    for (size_t i = 0; i < d->n_variables; i++)
        if (strcmp(d->variables[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < d->n_levels; i++)
        for (size_t k = 0; k < d->levels[i].n_variables; k++)
            if (strcmp(d->levels[i].variables[k].name, name) == 0)
                return true;
    return false;
}

static zagg_status check_param(const zg_cfg *c, const zagg_pipeline *p,
                               const zagg_field *f, const zg_spot *s)
{
    double number = 0;
    const char *name = s->key->str;
    if (!takes(f->function, name))
        return zg_fail(c, s, "this argument of %s is not run by this version; remove it",
                       f->function);
    if (strcmp(name, "weights") == 0) {
        if (s->value->kind == ZAGG_STR && is_column(&p->data_source, s->value->str))
            return ZAGG_OK;
        return zg_must(c, s,
                       "the name of a column (expressions are not run by this version)");
    }
    if (!zagg_value_number(s->value, &number))
        return zg_must(c, s, "one number");
    return ZAGG_OK;
}

static zagg_status check_params(const zg_cfg *c, const zagg_pipeline *p,
                                const zagg_field *f)
{
    zg_spot fields = section(p, "aggregation");
    fields = zg_spot_get(&fields, "variables");
    zg_spot entry = zg_spot_get(&fields, f->name);
    zg_spot params = zg_spot_get(&entry, "params");
    zg_spot q = zg_spot_get(&params, "q");
    for (size_t i = 0; i < zg_spot_count(&params); i++) {
        zg_spot s = zg_spot_member(&params, i);
        ZAGG_TRY(check_param(c, p, f, &s));
    }
    if (takes(f->function, "q") && q.value == NULL)
        return zg_fail(c, &q, "missing; %s needs it", f->function);
    return ZAGG_OK;
}

/* numpy makes no integer of the default "NaN", nor of a fraction; upstream's template
 * fails with a type error. */
static zagg_status check_fill(const zg_cfg *c, const zg_spot *entry, zagg_dtype dtype,
                              const zagg_value *fill)
{
    zg_spot s = zg_spot_get(entry, "fill_value");
    double number = 0;
    if (zagg_dtype_is_float(dtype)) {
        if (fill == NULL || zagg_value_number(fill, &number) ||
            zagg_value_is(fill, "NaN") || zagg_value_is(fill, "Infinity") ||
            zagg_value_is(fill, "-Infinity"))
            return ZAGG_OK;
        return zg_must(c, &s, "a number or \"NaN\"");
    }
    if (dtype == ZAGG_DT_BOOL)
        return ZAGG_OK;
    if (fill != NULL && zagg_value_number(fill, &number) && floor(number) >= number)
        return ZAGG_OK;
    return zg_must(c, &s, "an integer, as the dtype is %s", zagg_dtype_name(dtype));
}

static zagg_status check_field(const zg_cfg *c, const zagg_pipeline *p,
                               const zagg_field *f)
{
    zg_spot at = at_line("aggregation.variables", f->name, f->line);
    zg_spot fields = section(p, "aggregation");
    fields = zg_spot_get(&fields, "variables");
    zg_spot entry = zg_spot_get(&fields, f->name);
    if (f->expression != NULL) {
        zg_spot e = zg_spot_get(&entry, "expression");
        return zg_fail(
            c, &e,
            "expressions are not run by this version; write a function or remove "
            "the field");
    }
    if (f->kind != ZAGG_FIELD_SCALAR) {
        zg_spot kind = zg_spot_get(&entry, "kind");
        return zg_fail(
            c, &kind,
            "%s fields are not written by this version; write a scalar field or "
            "remove it",
            f->kind == ZAGG_FIELD_VECTOR ? "vector" : "ragged");
    }
    if (f->chunk_resolution) {
        zg_spot resolution = zg_spot_get(&entry, "resolution");
        return zg_fail(
            c, &resolution,
            "fields of one value a chunk are not written by this version; write "
            "resolution: cell or remove the field");
    }
    if (!zg_reducer_runs(f->function)) {
        zg_spot function = zg_spot_get(&entry, "function");
        return zg_must(
            c, &function,
            "one that this version runs: len, count, min, max, sum, prod, mean, "
            "var, std, median, average, quantile, percentile, ptp, argmin, argmax, "
            "count_nonzero, any, all, or a nan form of them");
    }
    if (!is_column(&p->data_source, f->source))
        return zg_fail(c, &at,
                       "no source is given, and the default column h_li is not among "
                       "data_source.variables; write source");
    ZAGG_TRY(check_fill(c, &entry, f->dtype, f->fill));
    return check_params(c, p, f);
}

zagg_status zagg_pipeline_check_runnable(const zagg_pipeline *pipeline, zagg_err *err)
{
    if (pipeline == NULL)
        return zagg_err_set(err, ZAGG_EARG,
                            "zagg_pipeline_check_runnable: NULL argument");
    zg_cfg c = for_messages(pipeline, err);
    zg_spot coordinates = section(pipeline, "aggregation");
    coordinates = zg_spot_get(&coordinates, "coordinates");
    ZAGG_TRY(check_layout(&c, pipeline));
    ZAGG_TRY(check_source(&c, pipeline));
    if (pipeline->n_precompute > 0) {
        zg_spot at = at_line("aggregation.chunk_precompute", pipeline->precompute[0].name,
                             pipeline->precompute[0].line);
        return zg_fail(&c, &at,
                       "chunk_precompute is not run by this version; remove it and the "
                       "fields that use it");
    }
    for (size_t i = 0; i < pipeline->n_coordinates; i++) {
        const zagg_coordinate *a = &pipeline->coordinates[i];
        zg_spot entry = zg_spot_get(&coordinates, a->name);
        ZAGG_TRY(check_fill(&c, &entry, a->dtype, a->fill));
    }
    for (size_t i = 0; i < pipeline->n_fields; i++)
        ZAGG_TRY(check_field(&c, pipeline, &pipeline->fields[i]));
    return ZAGG_OK;
}
