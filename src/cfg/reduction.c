/* function / expression / source / params: what aggregation.variables and
 * chunk_precompute entries share. */
#include "cfg/cfg.h"

#include <string.h>

static zagg_status load_params(const zg_cfg *c, const zg_spot *params,
                               const char *const *names, size_t n_names,
                               zg_reduction *out)
{
    zagg_param *args = NULL;
    ZAGG_TRY(zg_expect_map(c, params, "argument name to value"));
    if (params->value->n > ZG_CFG_MAX_PARAMS)
        return zg_must(c, params, "at most %d arguments", ZG_CFG_MAX_PARAMS);
    ZAGG_TRY(zg_cfg_alloc(c, params->value->n, sizeof *args, &args));
    for (size_t i = 0; i < params->value->n; i++) {
        zg_spot s = zg_spot_member(params, i);
        const char *text = NULL;
        ZAGG_TRY(zg_read_key(c, &s, &args[i].name));
        if (s.value->kind == ZAGG_STR)
            ZAGG_TRY(zg_read_text(c, &s, &text));
        if (!zg_param_read(&s, names, n_names, &args[i]))
            return zg_must(c, &s, "a number, a column, or an expression that uses one");
    }
    out->params = params->value;
    out->args = args;
    out->n_args = params->value->n;
    return ZAGG_OK;
}

static zagg_status check_function(const zg_cfg *c, const zg_spot *s, const char *name)
{
    if (zg_function_known(name))
        return ZAGG_OK;
    const char *hint = zg_function_hint(name);
    if (hint != NULL)
        return zg_must(c, s, "a known function (did you mean %s?)", hint);
    return zg_must(
        c, s,
        "a known function: a numpy reducer such as mean, np.mean or numpy.mean, "
        "len, count, or one of zagg.stats");
}

zagg_status zg_load_reduction(const zg_cfg *c, const zg_spot *entry,
                              const char *const *names, size_t n_names, zg_reduction *out)
{
    zg_spot function = zg_spot_get(entry, "function");
    zg_spot expression = zg_spot_get(entry, "expression");
    zg_spot source = zg_spot_get(entry, "source");
    zg_spot params = zg_spot_get(entry, "params");
    char bad[64];
    const char *why = NULL;
    if (function.value != NULL && expression.value != NULL)
        return zg_fail(c, entry, "has both function and expression; write one of them");
    if (function.value == NULL && expression.value == NULL)
        return zg_fail(c, entry,
                       "has neither function nor expression; write one of them");
    if (zg_spot_is_set(&source)) {
        ZAGG_TRY(zg_read_text(c, &source, &out->source));
        if (!zg_name_in(out->source, c->columns, c->n_columns) &&
            !(c->toc_word && strcmp(out->source, ZG_TOC_WORD) == 0))
            return zg_must(c, &source, "a column of data_source.variables or of a level");
    }
    if (function.value != NULL) {
        ZAGG_TRY(zg_read_text(c, &function, &out->function));
        ZAGG_TRY(check_function(c, &function, out->function));
        out->stats = zg_stats_find(out->function);
    }
    if (params.value != NULL)
        ZAGG_TRY(load_params(c, &params, names, n_names, out));
    if (expression.value == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zg_read_text(c, &expression, &out->expression));
    if (!zg_expr_names_ok(out->expression, names, n_names, bad, &why))
        return zg_fail(c, &expression, "'%s' %s", bad, why);
    return ZAGG_OK;
}
