/* How a field comes about: a count, a reducer, an expression, or one of upstream's own
 * statistics. A function with parameters that the reducers do not take becomes the
 * expression it stands for, np.f(source, key=value, ...). */
#include "cfg/cfg.h"
#include "core/worker.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Upstream's statistics, what they take for each row, and what as numbers. */
typedef struct statistic {
    zg_calc_kind kind;
    double delta; /* default; 0 for those that build no digest */
    const char *rows[ZG_CALC_ROW_ARGS];
    const char *numbers[4];
    double defaults[4];
} statistic;

static const statistic STATISTICS[] = {
    [ZAGG_STATS_TDIGEST] = {ZG_CALC_DIGEST, 512, {0}, {0}, {0}},
    [ZAGG_STATS_TDIGEST_PAIRWISE] = {ZG_CALC_DIGEST, 512, {0}, {0}, {0}},
    [ZAGG_STATS_TDIGEST_WHERE] = {ZG_CALC_DIGEST, 512, {"where"}, {0}, {0}},
    [ZAGG_STATS_COMPOSITION] = {ZG_CALC_COMPOSITION,
                                0,
                                {"conf_land", "conf_ocean", "conf_sea_ice",
                                 "conf_land_ice", "conf_inland_water"},
                                {"threshold"},
                                {2}},
    [ZAGG_STATS_WAVEFORM_DIGEST] = {ZG_CALC_WAVEFORM,
                                    4096,
                                    {"counts", "noise_mean", "noise_stddev"},
                                    {"gain", "false_positive_rate", "samples_per_record",
                                     "correlation_length"},
                                    {1, 1e-3, 1, 1}},
    [ZAGG_STATS_SHOT_COUNT] = {ZG_CALC_SHOT_COUNT, 0, {0}, {0}, {0}},
    [ZAGG_STATS_SHOT_NUMBER] = {ZG_CALC_SHOT_NUMBER, 0, {0}, {0}, {0}},
    [ZAGG_STATS_SINGLE_SHOT] = {ZG_CALC_SINGLE_SHOT, 0, {0}, {0}, {0}},
    [ZAGG_STATS_CELL_ENVELOPE] = {ZG_CALC_TIMES, 0, {0}, {0}, {0}},
};

static size_t find_column(const zagg_worker *w, const char *name)
{
    for (size_t i = 0; i < w->n_columns; i++)
        if (strcmp(w->columns[i].variable->name, name) == 0)
            return i;
    return strcmp(name, "leaf_id") == 0 ? w->n_columns : ZG_NO_COLUMN;
}

static void mark_used(zagg_worker *w, size_t column)
{
    if (column < w->n_columns)
        w->columns[column].used = true;
    else
        w->leaf_ids = true;
}

static zagg_status use_column(zagg_worker *w, const zagg_field *f, const char *name,
                              size_t *out, zagg_err *err)
{
    const size_t c = find_column(w, name);
    if (c == ZG_NO_COLUMN)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "column '%s'%s is not read; add it to data_source.variables or "
            "name another source",
            name, f->source_given ? "" : " (the default source)");
    mark_used(w, c);
    *out = c;
    return ZAGG_OK;
}

/* ---- texts ---- */

/* Columns that the text reads are read from the granules. */
static zagg_status add_text(zagg_worker *w, const char *key, uint32_t line,
                            const char *text, zagg_expr_scope scope, bool sees_precompute,
                            size_t *out, zagg_err *err)
{
    const size_t n_rows_names = w->n_names - w->n_precompute;
    zg_text *t = &w->texts[w->n_texts];
    ZAGG_TRY(zagg_expr_parse(text, w->names, sees_precompute ? w->n_names : n_rows_names,
                             scope, &t->expr, err));
    t->key = zagg_arena_strndup(w->arena, key, strlen(key));
    t->text = zagg_arena_strndup(w->arena, text, strlen(text));
    t->line = line;
    t->sees_precompute = sees_precompute;
    if (!t->key || !t->text) {
        zagg_expr_free(t->expr);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an expression");
    }
    for (size_t i = 0; i < n_rows_names; i++)
        if (zagg_expr_uses(t->expr, i))
            mark_used(w, i);
    *out = w->n_texts++;
    return ZAGG_OK;
}

static zagg_status add_literal(zg_str *out, const zagg_value *v, zagg_err *err);

static zagg_status add_list(zg_str *out, const zagg_value *v, zagg_err *err)
{
    zg_str_add(out, "[");
    for (size_t i = 0; i < v->n; i++) {
        zg_str_add(out, i ? ", " : "");
        ZAGG_TRY(add_literal(out, v->items[i], err));
    }
    zg_str_add(out, "]");
    return ZAGG_OK;
}

static zagg_status add_quoted(zg_str *out, const zagg_value *v, zagg_err *err)
{
    if (strcspn(v->str, "'\\\n\r") != v->str_len)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "text with quotes or line ends is no argument");
    zg_str_addf(out, "'%s'", v->str);
    return ZAGG_OK;
}

static void add_float(zg_str *out, double x)
{
    char digits[32];
    if (!isfinite(x)) {
        zg_str_add(out, isnan(x) ? "np.nan" : x < 0 ? "-np.inf" : "np.inf");
        return;
    }
    zg_float_repr(x, digits);
    zg_str_add(out, digits);
}

/* A YAML value as the expression language writes it. */
static zagg_status add_literal(zg_str *out, const zagg_value *v, zagg_err *err)
{
    switch (v->kind) {
    case ZAGG_NULL:
        zg_str_add(out, "None");
        return ZAGG_OK;
    case ZAGG_BOOL:
        zg_str_add(out, v->u.b ? "True" : "False");
        return ZAGG_OK;
    case ZAGG_INT:
        zg_str_addf(out, "%lld", (long long)v->u.i);
        return ZAGG_OK;
    case ZAGG_UINT:
        zg_str_addf(out, "%llu", (unsigned long long)v->u.u);
        return ZAGG_OK;
    case ZAGG_FLOAT:
        add_float(out, v->u.f);
        return ZAGG_OK;
    case ZAGG_STR:
        return add_quoted(out, v, err);
    case ZAGG_LIST:
        return add_list(out, v, err);
    default:
        return zagg_err_set(err, ZAGG_ECONFIG, "%s is no argument",
                            zagg_value_kind_name(v));
    }
}

/* What an argument stands for, written as a part of a call. */
static zagg_status add_argument(const zagg_worker *w, zg_str *out, const zagg_param *p,
                                zagg_err *err)
{
    zagg_expr *alone;
    switch (p->kind) {
    case ZAGG_PARAM_VALUE:
        return add_literal(out, p->value, err);
    case ZAGG_PARAM_METHOD:
        return add_quoted(out, p->value, err);
    case ZAGG_PARAM_NUMBER:
        add_float(out, p->number);
        return ZAGG_OK;
    default:
        /* By itself first: its faults are then told in its own columns, and "1)" cannot
         * end the call. */
        ZAGG_TRY(
            zagg_expr_parse(p->text, w->names, w->n_names, ZAGG_EXPR_PARAM, &alone, err));
        zagg_expr_free(alone);
        zg_str_addf(out, "(%s)", p->text);
        return ZAGG_OK;
    }
}

static zagg_status write_call(const zagg_worker *w, const char *function,
                              const char *source, const zagg_param *args, size_t n_args,
                              zg_str *out, zagg_err *err)
{
    zg_str_addf(out, "np.%s(%s", zg_function_bare(function), source);
    for (size_t i = 0; i < n_args; i++) {
        zg_str_addf(out, ", %s=", args[i].name);
        const zagg_status status = add_argument(w, out, &args[i], err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "params.%s", args[i].name);
    }
    zg_str_add(out, ")");
    return ZAGG_OK;
}

/* function(source, **params) as a text. */
static zagg_status add_call(zagg_worker *w, const char *key, uint32_t line,
                            const char *function, const char *source,
                            const zagg_param *args, size_t n_args, bool sees_precompute,
                            size_t *out, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    zagg_status status = write_call(w, function, source, args, n_args, &text, err);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the parameters");
    if (status == ZAGG_OK)
        status =
            add_text(w, key, line, text.data, ZAGG_EXPR_FIELD, sees_precompute, out, err);
    zg_str_free(&text);
    return status;
}

/* ---- upstream's statistics ---- */

static size_t index_of(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n && names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return n;
}

static zagg_status statistic_param(zagg_worker *w, const zagg_field *f,
                                   const statistic *s, const char *key,
                                   const zagg_param *p, zg_calc *out, zagg_err *err)
{
    const size_t row = index_of(p->name, s->rows, ZG_CALC_ROW_ARGS);
    const size_t number = index_of(p->name, s->numbers, 4);
    double value = p->number;
    if (row < ZG_CALC_ROW_ARGS) {
        if (p->kind != ZAGG_PARAM_NAME && p->kind != ZAGG_PARAM_EXPRESSION)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "params.%s: must be a column or an expression", p->name);
        const zagg_status status = add_text(w, key, f->line, p->text, ZAGG_EXPR_PARAM,
                                            true, &out->row_args[row], err);
        return status == ZAGG_OK ? status
                                 : zagg_err_context(err, status, "params.%s", p->name);
    }
    const bool delta = strcmp(p->name, "delta") == 0 && s->delta > 0;
    if (!delta && number == 4)
        return zagg_err_set(err, ZAGG_ECONFIG, "params.%s: %s takes no such parameter",
                            p->name, f->function);
    if ((p->kind != ZAGG_PARAM_NUMBER && !zagg_value_number(p->value, &value)) ||
        !isfinite(value) || (delta && !(value > 0)))
        return zagg_err_set(err, ZAGG_ECONFIG, "params.%s: must be a number%s", p->name,
                            delta ? " above 0" : "");
    if (delta)
        out->delta = value;
    else
        out->number_args[number] = value;
    return ZAGG_OK;
}

static zagg_status use_clock(zagg_worker *w, zagg_err *err)
{
    const zagg_time_source *t = &w->pipeline->output.time_source;
    if (w->has_clock)
        return ZAGG_OK;
    if (!t->present)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "temporal: needs output.time_source {field, epoch, scale, units}");
    w->clock_column = find_column(w, t->field);
    if (w->clock_column >= w->n_columns)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "output.time_source.field: column '%s' is not read; add it to "
            "data_source.variables",
            t->field);
    mark_used(w, w->clock_column);
    w->has_clock = true;
    return zg_clock_new(t->epoch, t->units, &w->clock, err);
}

static zagg_status compile_statistic(zagg_worker *w, const zagg_field *f, const char *key,
                                     zg_calc *out, zagg_err *err)
{
    const statistic *s = &STATISTICS[f->stats];
    out->kind = s->kind;
    out->delta = s->delta;
    memcpy(out->number_args, s->defaults, sizeof out->number_args);
    if (s->kind != ZG_CALC_TIMES) /* whose source are the words of the clock */
        ZAGG_TRY(use_column(w, f, f->source, &out->source, err));
    for (size_t i = 0; i < f->n_args; i++)
        ZAGG_TRY(statistic_param(w, f, s, key, &f->args[i], out, err));
    for (size_t i = 0; i < ZG_CALC_ROW_ARGS && s->rows[i]; i++)
        if (out->row_args[i] == ZG_NO_TEXT)
            return zagg_err_set(err, ZAGG_ECONFIG, "params.%s is missing; %s needs it",
                                s->rows[i], f->function);
    if (f->location)
        ZAGG_TRY(use_column(w, f, f->location, &out->locations, err));
    out->times = f->temporal != ZAGG_TEMPORAL_NONE || s->kind == ZG_CALC_TIMES;
    if (out->times)
        ZAGG_TRY(use_clock(w, err));
    if (s->kind == ZG_CALC_WAVEFORM) /* from here on the threshold, worked out once */
        ZAGG_TRY(zagg_waveform_threshold(out->number_args[1], out->number_args[2],
                                         out->number_args[3], &out->number_args[1], err));
    return ZAGG_OK;
}

/* ---- entry points ---- */

static zagg_status compile(zagg_worker *w, const zagg_field *f, const char *key,
                           zg_calc *out, zagg_err *err)
{
    if (f->expression) {
        out->kind = ZG_CALC_TEXT;
        return add_text(w, key, f->line, f->expression, ZAGG_EXPR_FIELD, true, &out->text,
                        err);
    }
    if (f->stats != ZAGG_STATS_NONE)
        return compile_statistic(w, f, key, out, err);
    zagg_err reducer_err = ZAGG_ERR_INIT;
    out->kind = ZG_CALC_REDUCE;
    if (f->kind == ZAGG_FIELD_SCALAR &&
        zg_reducer_compile(w->arena, f->function, f->params, &out->reducer,
                           &reducer_err) == ZAGG_OK) {
        if (zg_reducer_is_count(out->reducer)) {
            out->kind = ZG_CALC_COUNT;
            return ZAGG_OK;
        }
        const char *weights = zg_reducer_weights(out->reducer);
        if (!weights || find_column(w, weights) != ZG_NO_COLUMN) {
            ZAGG_TRY(use_column(w, f, f->source, &out->source, err));
            return weights ? use_column(w, f, weights, &out->weights, err) : ZAGG_OK;
        }
    }
    if (reducer_err.status == ZAGG_ENOMEM)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s", reducer_err.msg);
    out->kind = ZG_CALC_TEXT;
    ZAGG_TRY(use_column(w, f, f->source, &out->source, err));
    return add_call(w, key, f->line, f->function, f->source, f->args, f->n_args, true,
                    &out->text, err);
}

static void key_of(const char *section, const char *name, char key[256])
{
    (void)snprintf(key, 256, "%s.%.200s", section, name);
}

zagg_status zg_calc_compile(zagg_worker *w, const zagg_field *f, zg_calc *out,
                            zagg_err *err)
{
    char key[256];
    *out = (zg_calc){.source = ZG_NO_COLUMN,
                     .weights = ZG_NO_COLUMN,
                     .text = ZG_NO_TEXT,
                     .locations = ZG_NO_COLUMN};
    for (size_t i = 0; i < ZG_CALC_ROW_ARGS; i++)
        out->row_args[i] = ZG_NO_TEXT;
    key_of("aggregation.variables", f->name, key);
    const zagg_status status = compile(w, f, key, out, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s:%u: %s", w->pipeline->name, f->line,
                                key);
    return ZAGG_OK;
}

zagg_status zg_precompute_parse(zagg_worker *w, const zagg_precompute *entry,
                                zagg_err *err)
{
    char key[256];
    size_t text;
    key_of("aggregation.chunk_precompute", entry->name, key);
    zagg_status status;
    if (entry->stats != ZAGG_STATS_NONE)
        status = zagg_err_set(err, ZAGG_ECONFIG, "%s makes no value for a whole chunk",
                              entry->function);
    else if (entry->expression)
        status = add_text(w, key, entry->line, entry->expression, ZAGG_EXPR_FIELD, false,
                          &text, err);
    else if (strcmp(entry->function, "count") == 0 || strcmp(entry->function, "len") == 0)
        status = add_call(w, key, entry->line, "size", entry->source, NULL, 0, false,
                          &text, err);
    else
        status = add_call(w, key, entry->line, entry->function, entry->source,
                          entry->args, entry->n_args, false, &text, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s:%u: %s", w->pipeline->name, entry->line,
                                key);
    return ZAGG_OK;
}

zagg_status zg_filter_parse(zagg_worker *w, const zagg_filter *filter, zagg_err *err)
{
    static const char KEY[] = "data_source.filters";
    size_t text;
    const zagg_status status = add_text(w, KEY, filter->line, filter->expression,
                                        ZAGG_EXPR_FIELD, false, &text, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "%s:%u: %s", w->pipeline->name, filter->line,
                                KEY);
    return ZAGG_OK;
}
