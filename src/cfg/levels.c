/* data_source.levels: groups of datasets at coarser rates, each linked to a finer level
 * by first index and count of its children. */
#include "cfg/cfg.h"

#include <string.h>

static zagg_status join_template(const zg_cfg *c, const char *path, const char *name,
                                 const char **out)
{
    if (name[0] == '/') {
        *out = name;
        return ZAGG_OK;
    }
    size_t n = strlen(path);
    zg_str text;
    while (n > 0 && path[n - 1] == '/')
        n--;
    zg_str_init(&text, 2 * ZG_CFG_MAX_TEXT + 2);
    zg_str_addn(&text, path, n);
    zg_str_addc(&text, '/');
    zg_str_add(&text, name);
    const char *joined =
        text.failed ? NULL : zagg_arena_strndup(c->arena, text.data, text.len);
    zg_str_free(&text);
    if (joined == NULL)
        return zagg_err_set(c->err, ZAGG_ENOMEM, "%s: no memory for a level", c->name);
    *out = joined;
    return ZAGG_OK;
}

/* A list is documentation only; a map must hold both names to be of use to a read plan.
 */
static zagg_status load_level_coordinates(const zg_cfg *c, const zg_spot *s,
                                          zagg_level *out)
{
    zg_spot coordinates = zg_spot_get(s, "coordinates");
    zg_spot latitude = zg_spot_get(&coordinates, "latitude");
    zg_spot longitude = zg_spot_get(&coordinates, "longitude");
    const char *lat = NULL;
    const char *lon = NULL;
    if (!zg_spot_is_map(&coordinates))
        return ZAGG_OK;
    ZAGG_TRY(zg_read_opt_text(c, &latitude, &lat));
    ZAGG_TRY(zg_read_opt_text(c, &longitude, &lon));
    if (lat == NULL || lon == NULL)
        return ZAGG_OK;
    ZAGG_TRY(join_template(c, out->path, lat, &out->latitude));
    ZAGG_TRY(join_template(c, out->path, lon, &out->longitude));
    out->has_coordinates = true;
    return ZAGG_OK;
}

static bool declared_before(const zg_cfg *c, const zagg_level *levels, size_t n_levels,
                            const char *name, bool *on_base)
{
    const zagg_data_source *d = &c->p->data_source;
    for (size_t i = 0; i < d->n_variables; i++) {
        if (strcmp(d->variables[i].name, name) == 0) {
            *on_base = true;
            return true;
        }
    }
    *on_base = false;
    for (size_t i = 0; i < n_levels; i++)
        for (size_t k = 0; k < levels[i].n_variables; k++)
            if (strcmp(levels[i].variables[k].name, name) == 0)
                return true;
    return false;
}

/* Paths of segment variables are templates of their own; upstream does not join them. */
static zagg_status load_level_variables(const zg_cfg *c, const zg_spot *s,
                                        zagg_level *levels, size_t at)
{
    zg_spot variables = zg_spot_get(s, "variables");
    zagg_variable *out = NULL;
    bool on_base = false;
    size_t total = c->p->data_source.n_variables;
    if (!zg_spot_is_map(&variables))
        return ZAGG_OK;
    if (levels[at].is_base)
        return zg_fail(c, &variables,
                       "the base level's columns belong in data_source.variables");
    ZAGG_TRY(zg_expect_map(c, &variables, "column name to dataset path"));
    for (size_t i = 0; i < at; i++)
        total += levels[i].n_variables;
    if (total + variables.value->n > ZG_CFG_MAX_ENTRIES)
        return zg_fail(c, &variables, "more than %d columns in all", ZG_CFG_MAX_ENTRIES);
    ZAGG_TRY(zg_cfg_alloc(c, variables.value->n, sizeof *out, &out));
    for (size_t i = 0; i < variables.value->n; i++) {
        zg_spot v = zg_spot_member(&variables, i);
        ZAGG_TRY(zg_read_key(c, &v, &out[i].name));
        if (v.value->kind != ZAGG_STR || v.value->str_len == 0)
            return zg_must(c, &v, "a dataset path");
        ZAGG_TRY(zg_read_text(c, &v, &out[i].path));
        if (declared_before(c, levels, at, out[i].name, &on_base))
            return zg_fail(c, &v, "the column '%.60s' is already declared %s; rename one",
                           out[i].name,
                           on_base ? "in data_source.variables" : "on another level");
    }
    levels[at].variables = out;
    levels[at].n_variables = variables.value->n;
    return ZAGG_OK;
}

static zagg_status load_link(const zg_cfg *c, const zg_spot *s, const zg_spot *levels,
                             zagg_level *out)
{
    static const char *const keys[] = {"to",         "index_beg",       "count",
                                       "index_base", "reference_index", NULL};
    zg_spot link = zg_spot_get(s, "link");
    if (!zg_spot_is_set(&link)) {
        if (out->is_base)
            return ZAGG_OK;
        return zg_fail(c, &link, "missing; only the base level goes without a link");
    }
    ZAGG_TRY(zg_expect_map(c, &link, "to, index_beg and count"));
    zg_spot to = zg_spot_get(&link, "to");
    zg_spot index_beg = zg_spot_get(&link, "index_beg");
    zg_spot count = zg_spot_get(&link, "count");
    zg_spot base = zg_spot_get(&link, "index_base");
    zg_spot reference = zg_spot_get(&link, "reference_index");
    ZAGG_TRY(zg_read_text(c, &to, &out->link.to));
    ZAGG_TRY(zg_read_path(c, &index_beg, &out->link.index_beg));
    ZAGG_TRY(zg_read_path(c, &count, &out->link.count));
    ZAGG_TRY(zg_only_keys(c, &link, keys));
    if (strcmp(out->link.to, out->name) == 0)
        return zg_must(c, &to, "another level, not the level itself");
    if (zagg_value_get(levels->value, out->link.to) == NULL)
        return zg_must(c, &to, "a key of data_source.levels");
    if (base.value != NULL)
        ZAGG_TRY(zg_read_i64(c, &base, 0, &out->link.index_base));
    if (zg_spot_is_set(&reference))
        return zg_fail(c, &reference, "reserved by upstream; remove it or write null");
    out->has_link = true;
    return ZAGG_OK;
}

static zagg_status load_level(const zg_cfg *c, const zg_spot *levels, zagg_level *out,
                              size_t i)
{
    zg_spot s = zg_spot_member(levels, i);
    ZAGG_TRY(zg_read_key(c, &s, &out[i].name));
    out[i].is_base = strcmp(out[i].name, c->p->data_source.base_level) == 0;
    ZAGG_TRY(zg_expect_map(c, &s, "path, coordinates, link and variables"));
    zg_spot path = zg_spot_get(&s, "path");
    ZAGG_TRY(zg_read_path(c, &path, &out[i].path));
    ZAGG_TRY(load_level_variables(c, &s, out, i));
    ZAGG_TRY(load_link(c, &s, levels, &out[i]));
    return load_level_coordinates(c, &s, &out[i]);
}

zagg_status zg_load_levels(const zg_cfg *c, const zg_spot *source)
{
    zagg_data_source *d = &c->p->data_source;
    zg_spot levels = zg_spot_get(source, "levels");
    zg_spot base = zg_spot_get(source, "base_level");
    zagg_level *out = NULL;
    if (!zg_spot_is_set(&levels))
        return ZAGG_OK;
    if (!zg_spot_is_map(&levels) || levels.value->n == 0)
        return zg_must(c, &levels, "a mapping of at least one level");
    if (levels.value->n > ZG_CFG_MAX_LEVELS)
        return zg_must(c, &levels, "at most %d levels", ZG_CFG_MAX_LEVELS);
    if (!zg_spot_is_set(&base))
        return zg_must(c, &base, "a key of data_source.levels");
    ZAGG_TRY(zg_read_text(c, &base, &d->base_level));
    if (zagg_value_get(levels.value, d->base_level) == NULL)
        return zg_must(c, &base, "a key of data_source.levels");
    ZAGG_TRY(zg_cfg_alloc(c, levels.value->n, sizeof *out, &out));
    for (size_t i = 0; i < levels.value->n; i++)
        ZAGG_TRY(load_level(c, &levels, out, i));
    d->levels = out;
    d->n_levels = levels.value->n;
    return ZAGG_OK;
}
