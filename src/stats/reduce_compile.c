/* Reducers by name and their parameters. Upstream hands any name to numpy; here a closed
 * table holds those that give one number for a slice. */
#include "stats/reduce_impl.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

enum { TAKES_Q = 1, TAKES_DDOF = 2, TAKES_WEIGHTS = 4, IN_PERCENT = 8, SKIPS_NAN = 16 };

static const struct {
    const char *name;
    zg_reduce_op op;
    unsigned traits;
} reducers[] = {
    {"len", ZG_OP_COUNT, 0},
    {"count", ZG_OP_COUNT, 0},
    {"min", ZG_OP_MIN, 0},
    {"max", ZG_OP_MAX, 0},
    {"amin", ZG_OP_MIN, 0},
    {"amax", ZG_OP_MAX, 0},
    {"sum", ZG_OP_SUM, 0},
    {"prod", ZG_OP_PROD, 0},
    {"mean", ZG_OP_MEAN, 0},
    {"var", ZG_OP_VAR, TAKES_DDOF},
    {"std", ZG_OP_STD, TAKES_DDOF},
    {"median", ZG_OP_MEDIAN, 0},
    {"average", ZG_OP_AVERAGE, TAKES_WEIGHTS},
    {"ptp", ZG_OP_PTP, 0},
    {"quantile", ZG_OP_QUANTILE, TAKES_Q},
    {"percentile", ZG_OP_QUANTILE, TAKES_Q | IN_PERCENT},
    {"nansum", ZG_OP_SUM, SKIPS_NAN},
    {"nanprod", ZG_OP_PROD, SKIPS_NAN},
    {"nanmean", ZG_OP_MEAN, SKIPS_NAN},
    {"nanvar", ZG_OP_VAR, TAKES_DDOF | SKIPS_NAN},
    {"nanstd", ZG_OP_STD, TAKES_DDOF | SKIPS_NAN},
    {"nanmin", ZG_OP_MIN, SKIPS_NAN},
    {"nanmax", ZG_OP_MAX, SKIPS_NAN},
    {"nanmedian", ZG_OP_MEDIAN, SKIPS_NAN},
    {"nanquantile", ZG_OP_QUANTILE, TAKES_Q | SKIPS_NAN},
    {"nanpercentile", ZG_OP_QUANTILE, TAKES_Q | IN_PERCENT | SKIPS_NAN},
    {"argmin", ZG_OP_ARGMIN, 0},
    {"argmax", ZG_OP_ARGMAX, 0},
    {"count_nonzero", ZG_OP_COUNT_NONZERO, 0},
    {"any", ZG_OP_ANY, 0},
    {"all", ZG_OP_ALL, 0},
};

enum { N_REDUCERS = (int)(sizeof reducers / sizeof reducers[0]) };

static const char *const method_names[] = {
    [ZG_Q_LINEAR] = "linear",
    [ZG_Q_LOWER] = "lower",
    [ZG_Q_HIGHER] = "higher",
    [ZG_Q_NEAREST] = "nearest",
    [ZG_Q_MIDPOINT] = "midpoint",
    [ZG_Q_INVERTED_CDF] = "inverted_cdf",
    [ZG_Q_AVERAGED_INVERTED_CDF] = "averaged_inverted_cdf",
    [ZG_Q_CLOSEST_OBSERVATION] = "closest_observation",
    [ZG_Q_INTERPOLATED_INVERTED_CDF] = "interpolated_inverted_cdf",
    [ZG_Q_HAZEN] = "hazen",
    [ZG_Q_WEIBULL] = "weibull",
    [ZG_Q_MEDIAN_UNBIASED] = "median_unbiased",
    [ZG_Q_NORMAL_UNBIASED] = "normal_unbiased",
};

enum { N_METHODS = (int)(sizeof method_names / sizeof method_names[0]) };

/* Index in the table, or -1. "np." and "numpy." are numpy's own; len and count are not.
 */
static int find_reducer(const char *function)
{
    const char *bare = function;
    if (strncmp(function, "np.", 3) == 0)
        bare += 3;
    else if (strncmp(function, "numpy.", 6) == 0)
        bare += 6;
    for (int i = 0; i < N_REDUCERS; i++) {
        bool in_numpy = reducers[i].op != ZG_OP_COUNT;
        if (strcmp(bare, reducers[i].name) == 0 && (in_numpy || bare == function))
            return i;
    }
    return -1;
}

static zagg_status unknown_function(const char *function, zagg_err *err)
{
    zg_str names;
    zg_str_init(&names, 512);
    for (int i = 0; i < N_REDUCERS; i++)
        zg_str_addf(&names, "%s%s", i > 0 ? ", " : "", reducers[i].name);
    zagg_status status = zagg_err_set(
        err, ZAGG_ECONFIG,
        "function \"%s\" is not a reducer that gives one number; known are %s", function,
        names.data);
    zg_str_free(&names);
    return status;
}

/* Says what was found instead: kind, value, and the line where that is known. */
static zagg_status bad_param(const char *function, const char *param, const zagg_value *v,
                             const char *wanted, zagg_err *err)
{
    zg_str found;
    zg_str_init(&found, 256);
    double number;
    char digits[32];
    zg_str_add(&found, zagg_value_kind_name(v));
    if (v->kind == ZAGG_STR)
        zg_str_addf(&found, " \"%.40s\"", v->str);
    else if (zagg_value_number(v, &number))
        zg_str_addf(&found, " %.*s", (int)zg_float_repr(number, digits), digits);
    if (v->line > 0)
        zg_str_addf(&found, " (line %u)", (unsigned)v->line);
    zagg_status status =
        zagg_err_set(err, ZAGG_ECONFIG, "%s: parameter %s must be %s, found %s", function,
                     param, wanted, found.data);
    zg_str_free(&found);
    return status;
}

static zagg_status set_q(zg_reducer *r, bool percent, const zagg_value *v, zagg_err *err)
{
    const char *wanted = percent ? "one number from 0 to 100" : "one number from 0 to 1";
    double q;
    if (!zagg_value_number(v, &q))
        return bad_param(r->name, "q", v,
                         v->kind == ZAGG_LIST
                             ? "one number: a list gives an array, not a scalar"
                             : wanted,
                         err);
    if (percent)
        q /= 100;
    if (!(q >= 0 && q <= 1))
        return bad_param(r->name, "q", v, wanted, err);
    r->q = q;
    r->q_picks = !percent && v->kind == ZAGG_INT;
    return ZAGG_OK;
}

static zagg_status set_method(zg_reducer *r, const zagg_value *v, zagg_err *err)
{
    for (int i = 0; i < N_METHODS; i++) {
        if (zagg_value_is(v, method_names[i])) {
            r->method = (zg_quantile_method)i;
            return ZAGG_OK;
        }
    }
    return bad_param(r->name, "method", v,
                     "linear, lower, higher, nearest, midpoint, hazen, weibull, "
                     "median_unbiased, normal_unbiased, inverted_cdf, "
                     "averaged_inverted_cdf, closest_observation or "
                     "interpolated_inverted_cdf",
                     err);
}

static zagg_status set_ddof(zg_reducer *r, const zagg_value *v, zagg_err *err)
{
    double ddof;
    if (!zagg_value_number(v, &ddof) || !isfinite(ddof))
        return bad_param(r->name, "ddof", v, "a finite number", err);
    r->ddof = ddof;
    return ZAGG_OK;
}

static zagg_status set_weights(zg_reducer *r, zagg_arena *arena, const zagg_value *v,
                               zagg_err *err)
{
    if (v->kind == ZAGG_NULL)
        return ZAGG_OK;
    if (v->kind != ZAGG_STR || v->str_len == 0)
        return bad_param(r->name, "weights", v, "the name of a column", err);
    r->weights = zagg_arena_strndup(arena, v->str, v->str_len);
    if (r->weights == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the parameters of %s",
                            r->name);
    return ZAGG_OK;
}

static zagg_status check_axis(const zg_reducer *r, const zagg_value *v, zagg_err *err)
{
    int64_t axis;
    bool only_axis =
        v->kind == ZAGG_NULL || (zagg_value_i64(v, &axis) && (axis == 0 || axis == -1));
    if (!only_axis)
        return bad_param(r->name, "axis", v, "0 (a cell's values have one axis)", err);
    return ZAGG_OK;
}

static zagg_status set_param(zg_reducer *r, unsigned traits, zagg_arena *arena,
                             const zagg_member *m, zagg_err *err)
{
    if ((traits & TAKES_Q) != 0 && zagg_value_is(m->key, "q"))
        return set_q(r, (traits & IN_PERCENT) != 0, m->value, err);
    if ((traits & TAKES_Q) != 0 && zagg_value_is(m->key, "method"))
        return set_method(r, m->value, err);
    if ((traits & TAKES_DDOF) != 0 && zagg_value_is(m->key, "ddof"))
        return set_ddof(r, m->value, err);
    if ((traits & TAKES_WEIGHTS) != 0 && zagg_value_is(m->key, "weights"))
        return set_weights(r, arena, m->value, err);
    if (zagg_value_is(m->key, "axis"))
        return check_axis(r, m->value, err);
    return zagg_err_set(
        err, ZAGG_ECONFIG, "%s: parameter \"%.40s\" is not known; it takes %s", r->name,
        m->key->kind == ZAGG_STR ? m->key->str : zagg_value_kind_name(m->key),
        (traits & TAKES_Q) != 0         ? "q and method"
        : (traits & TAKES_DDOF) != 0    ? "ddof"
        : (traits & TAKES_WEIGHTS) != 0 ? "weights"
                                        : "none");
}

zagg_status zg_reducer_compile(zagg_arena *arena, const char *function,
                               const zagg_value *params, const zg_reducer **out,
                               zagg_err *err)
{
    int at = find_reducer(function);
    if (at < 0)
        return unknown_function(function, err);
    unsigned traits = reducers[at].traits;
    zg_reducer *r;
    ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *r, &r, err));
    r->name = reducers[at].name;
    r->op = reducers[at].op;
    r->skip_nan = (traits & SKIPS_NAN) != 0;
    bool given = params != NULL && params->kind != ZAGG_NULL;
    if (given && params->kind != ZAGG_MAP)
        return bad_param(r->name, "params", params, "a mapping", err);
    /* upstream counts rows without looking at the parameters of a count */
    if (given && r->op != ZG_OP_COUNT) {
        for (size_t i = 0; i < params->n; i++)
            ZAGG_TRY(set_param(r, traits, arena, &params->members[i], err));
    }
    if ((traits & TAKES_Q) != 0 && zagg_value_get(params, "q") == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: parameter q is missing (one number from 0 to %s)",
                            r->name, (traits & IN_PERCENT) != 0 ? "100" : "1");
    *out = r;
    return ZAGG_OK;
}
