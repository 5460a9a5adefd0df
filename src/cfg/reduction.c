/* function / expression / source / params: what aggregation.variables and
 * chunk_precompute entries share. */
#include "cfg/cfg.h"
#include "text/text.h"

#include <string.h>

/* Values of numpy's `method` argument, which upstream's check takes for unknown columns.
 */
static const char *const methods[] = {"linear",
                                      "lower",
                                      "higher",
                                      "nearest",
                                      "midpoint",
                                      "hazen",
                                      "weibull",
                                      "inverted_cdf",
                                      "averaged_inverted_cdf",
                                      "closest_observation",
                                      "interpolated_inverted_cdf",
                                      "median_unbiased",
                                      "normal_unbiased"};

/* As Python's float() reads it, blanks and the words for NaN and infinity included. */
static bool is_python_number(const char *text)
{
    static const char *const special[] = {"nan", "inf", "infinity"};
    char word[64];
    double number = 0;
    size_t n = 0;
    text += strspn(text, " \t\r\n\v\f");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n\v\f", text[len - 1]) != NULL)
        len--;
    for (size_t i = 0; i < len && n + 1 < sizeof word; i++) {
        char b = text[i];
        if (b != '_')
            word[n++] = b >= 'A' && b <= 'Z' ? (char)(b - 'A' + 'a') : b;
    }
    word[n] = '\0';
    const char *bare = word[0] == '+' || word[0] == '-' ? word + 1 : word;
    return zg_name_in(bare, special, 3) || zg_float_parse(word, n, &number);
}

/* Upstream accepts text that holds a column's name anywhere, as an expression. */
static bool param_text_ok(const char *text, const char *const *names, size_t n_names)
{
    if (is_python_number(text))
        return true;
    for (size_t i = 0; i < n_names; i++)
        if (strstr(text, names[i]) != NULL)
            return true;
    return false;
}

static zagg_status check_params(const zg_cfg *c, const zg_spot *params,
                                const char *const *names, size_t n_names)
{
    ZAGG_TRY(zg_expect_map(c, params, "argument name to value"));
    if (params->value->n > ZG_CFG_MAX_PARAMS)
        return zg_must(c, params, "at most %d arguments", ZG_CFG_MAX_PARAMS);
    for (size_t i = 0; i < params->value->n; i++) {
        zg_spot s = zg_spot_member(params, i);
        const char *key = NULL;
        const char *text = NULL;
        ZAGG_TRY(zg_read_key(c, &s, &key));
        if (s.value->kind != ZAGG_STR)
            continue;
        ZAGG_TRY(zg_read_text(c, &s, &text));
        if (strcmp(key, "method") == 0 &&
            zg_name_in(text, methods, sizeof methods / sizeof methods[0]))
            continue;
        if (!param_text_ok(text, names, n_names))
            return zg_must(c, &s, "a number, a column, or an expression that uses one");
    }
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
        if (!zg_name_in(out->source, c->columns, c->n_columns))
            return zg_must(c, &source, "a column of data_source.variables or of a level");
    }
    if (function.value != NULL) {
        ZAGG_TRY(zg_read_text(c, &function, &out->function));
        ZAGG_TRY(check_function(c, &function, out->function));
    }
    if (params.value != NULL) {
        ZAGG_TRY(check_params(c, &params, names, n_names));
        out->params = params.value;
    }
    if (expression.value == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zg_read_text(c, &expression, &out->expression));
    if (!zg_expr_names_ok(out->expression, names, n_names, bad, &why))
        return zg_fail(c, &expression, "'%s' %s", bad, why);
    return ZAGG_OK;
}
