/* data_source without filters and levels: driver, groups, coordinates, variables,
 * read_plan; and the set of column names that the rest of the config may refer to. */
#include "cfg/cfg.h"

#include <string.h>

static zagg_status load_groups(const zg_cfg *c, const zg_spot *source)
{
    zagg_data_source *d = &c->p->data_source;
    zg_spot groups = zg_spot_get(source, "groups");
    const char **out = NULL;
    if (!zg_spot_is_set(&groups))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_list(c, &groups, "group names"));
    ZAGG_TRY(zg_cfg_alloc(c, groups.value->n, sizeof *out, &out));
    for (size_t i = 0; i < groups.value->n; i++) {
        zg_spot item = zg_spot_item(&groups, i);
        ZAGG_TRY(zg_read_text(c, &item, &out[i]));
    }
    d->groups = out;
    d->n_groups = groups.value->n;
    return ZAGG_OK;
}

static zagg_status load_base_coordinates(const zg_cfg *c, const zg_spot *source)
{
    zagg_data_source *d = &c->p->data_source;
    zg_spot coordinates = zg_spot_get(source, "coordinates");
    if (!zg_spot_is_set(&coordinates))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &coordinates, "latitude and longitude"));
    zg_spot latitude = zg_spot_get(&coordinates, "latitude");
    zg_spot longitude = zg_spot_get(&coordinates, "longitude");
    zg_spot toc = zg_spot_get(&coordinates, ZG_TOC_WORD);
    ZAGG_TRY(zg_read_opt_text(c, &latitude, &d->latitude));
    ZAGG_TRY(zg_read_opt_text(c, &longitude, &d->longitude));
    if (toc.value != NULL)
        return zg_fail(c, &toc, "this name is reserved by upstream; rename the column");
    return ZAGG_OK;
}

/* {path, column} picks one column of a 2-D dataset. */
static zagg_status load_column_form(const zg_cfg *c, const zg_spot *s, zagg_variable *out)
{
    static const char *const keys[] = {"path", "column", NULL};
    zg_spot path = zg_spot_get(s, "path");
    zg_spot column = zg_spot_get(s, "column");
    if (!zg_spot_is_map(s))
        return zg_must(c, s, "a dataset path or a mapping of path and column");
    ZAGG_TRY(zg_only_keys(c, s, keys));
    ZAGG_TRY(zg_read_path(c, &path, &out->path));
    ZAGG_TRY(zg_read_i64(c, &column, 0, &out->column));
    out->has_column = true;
    return ZAGG_OK;
}

static zagg_status load_variables(const zg_cfg *c, const zg_spot *source)
{
    zagg_data_source *d = &c->p->data_source;
    zg_spot variables = zg_spot_get(source, "variables");
    zagg_variable *out = NULL;
    if (variables.value == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &variables, "column name to dataset path"));
    ZAGG_TRY(zg_cfg_alloc(c, variables.value->n, sizeof *out, &out));
    for (size_t i = 0; i < variables.value->n; i++) {
        zg_spot s = zg_spot_member(&variables, i);
        ZAGG_TRY(zg_read_key(c, &s, &out[i].name));
        if (strcmp(out[i].name, ZG_TOC_WORD) == 0)
            return zg_fail(c, &s, "this name is reserved by upstream; rename the column");
        if (s.value->kind == ZAGG_STR)
            ZAGG_TRY(zg_read_text(c, &s, &out[i].path));
        else
            ZAGG_TRY(load_column_form(c, &s, &out[i]));
    }
    d->variables = out;
    d->n_variables = variables.value->n;
    return ZAGG_OK;
}

static zagg_status load_read_plan(const zg_cfg *c, const zg_spot *source)
{
    zagg_read_plan *plan = &c->p->data_source.read_plan;
    zg_spot s = zg_spot_get(source, "read_plan");
    plan->pad = 1;
    plan->full_read_threshold = 0.9;
    if (!zg_spot_is_set(&s))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &s, "spatial_index, pad and full_read_threshold"));
    zg_spot index = zg_spot_get(&s, "spatial_index");
    zg_spot pad = zg_spot_get(&s, "pad");
    zg_spot threshold = zg_spot_get(&s, "full_read_threshold");
    plan->present = true;
    if (zagg_value_truthy(index.value))
        ZAGG_TRY(zg_read_text(c, &index, &plan->spatial_index));
    if (pad.value != NULL)
        ZAGG_TRY(zg_read_i64(c, &pad, INT64_MIN, &plan->pad));
    if (threshold.value != NULL)
        ZAGG_TRY(zg_read_number(c, &threshold, &plan->full_read_threshold));
    return ZAGG_OK;
}

zagg_status zg_load_source(const zg_cfg *c, const zg_spot *source)
{
    zg_spot driver = zg_spot_get(source, "driver");
    zg_spot provider = zg_spot_get(source, "credentials_provider");
    ZAGG_TRY(zg_read_opt_text(c, &driver, &c->p->data_source.driver));
    ZAGG_TRY(zg_read_opt_text(c, &provider, &c->p->data_source.credentials_provider));
    ZAGG_TRY(load_groups(c, source));
    ZAGG_TRY(load_base_coordinates(c, source));
    ZAGG_TRY(load_read_plan(c, source));
    return load_variables(c, source);
}

/* The words of the clock are a column where some field wants them. */
static bool has_toc_word(const zg_cfg *c, const zg_spot *aggregation)
{
    zg_spot variables = zg_spot_get(aggregation, "variables");
    if (!c->p->output.time_source.present || !zg_spot_is_map(&variables))
        return false;
    for (size_t i = 0; i < variables.value->n; i++)
        if (zagg_value_truthy(
                zagg_value_get(variables.value->members[i].value, "temporal")))
            return true;
    return false;
}

/* Base variables, then the segment variables of every level in file order. */
zagg_status zg_collect_columns(zg_cfg *c, const zg_spot *aggregation)
{
    const zagg_data_source *d = &c->p->data_source;
    size_t n = d->n_variables;
    for (size_t i = 0; i < d->n_levels; i++)
        n += d->levels[i].n_variables;
    ZAGG_TRY(zg_cfg_alloc(c, n, sizeof *c->columns, &c->columns));
    for (size_t i = 0; i < d->n_variables; i++)
        c->columns[c->n_columns++] = d->variables[i].name;
    for (size_t i = 0; i < d->n_levels; i++)
        for (size_t k = 0; k < d->levels[i].n_variables; k++)
            c->columns[c->n_columns++] = d->levels[i].variables[k].name;
    ZAGG_TRY(zg_cfg_alloc(c, n + 2, sizeof *c->names, &c->names));
    for (size_t i = 0; i < n; i++)
        c->names[c->n_names++] = c->columns[i];
    c->names[c->n_names++] = ZG_LEAF_ID;
    c->toc_word = has_toc_word(c, aggregation);
    if (c->toc_word)
        c->names[c->n_names++] = ZG_TOC_WORD;
    return ZAGG_OK;
}
