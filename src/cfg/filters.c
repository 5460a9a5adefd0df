/* data_source.filters and quality_filter, folded into one effective list: an explicit
 * filters list wins, even an empty one; quality_filter is one base-level `eq`. */
#include "cfg/cfg.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    zagg_op op;
} ops[] = {{"eq", ZAGG_OP_EQ}, {"ne", ZAGG_OP_NE},        {"ge", ZAGG_OP_GE},
           {"le", ZAGG_OP_LE}, {"lt", ZAGG_OP_LT},        {"gt", ZAGG_OP_GT},
           {"in", ZAGG_OP_IN}, {"not_in", ZAGG_OP_NOT_IN}};

static zagg_status check_quality_filter(const zg_cfg *c, const zg_spot *qf)
{
    static const char *const keys[] = {"dataset", "value", NULL};
    ZAGG_TRY(zg_expect_map(c, qf, "dataset and value"));
    for (size_t i = 0; i < qf->value->n; i++) {
        zg_spot s = zg_spot_member(qf, i);
        if (!zagg_value_is(s.key, keys[0]) && !zagg_value_is(s.key, keys[1]))
            return zg_fail(c, &s,
                           "not read here (only dataset and value are); write a filters "
                           "list to set op, column or keep");
    }
    return ZAGG_OK;
}

static zagg_status load_quality_filter(zg_cfg *c, const zg_spot *qf)
{
    zagg_filter *f = NULL;
    zg_spot dataset = zg_spot_get(qf, "dataset");
    zg_spot value = zg_spot_get(qf, "value");
    ZAGG_TRY(zg_cfg_alloc(c, 1, sizeof *f, &f));
    ZAGG_TRY(zg_read_path(c, &dataset, &f->dataset));
    if (value.value == NULL)
        return zg_must(c, &value, "the value that kept rows have");
    f->op = ZAGG_OP_EQ;
    f->keep = true;
    f->value = value.value; /* of any kind: upstream does not look at it */
    f->line = qf->line;
    c->filters = f;
    c->p->data_source.filters = f;
    c->p->data_source.n_filters = 1;
    return ZAGG_OK;
}

static zagg_status load_expression(const zg_cfg *c, const zg_spot *s, zagg_filter *f)
{
    zg_spot op = zg_spot_get(s, "op");
    zg_spot dataset = zg_spot_get(s, "dataset");
    zg_spot level = zg_spot_get(s, "level");
    zg_spot expression = zg_spot_get(s, "expression");
    if (op.value != NULL || dataset.value != NULL)
        return zg_fail(c, op.value != NULL ? &op : &dataset,
                       "an expression filter takes no op or dataset; remove one of them");
    if (zg_spot_is_set(&level))
        return zg_fail(c, &level,
                       "an expression filter works on the base level; remove level");
    f->keep = true; /* upstream drops the key */
    return zg_read_text(c, &expression, &f->expression);
}

static zagg_status load_values(const zg_cfg *c, const zg_spot *s, zagg_filter *f)
{
    zg_spot values = zg_spot_get(s, "values");
    double number = 0;
    if (!zg_spot_is_list(&values))
        return zg_must(c, &values, "a list of numbers, as op in and not_in need");
    for (size_t i = 0; i < values.value->n; i++) {
        if (zagg_value_number(values.value->items[i], &number))
            continue;
        zg_spot item = zg_spot_item(&values, i);
        return zg_read_number(c, &item, &number);
    }
    f->values = values.value->items;
    f->n_values = values.value->n;
    return ZAGG_OK;
}

static zagg_status load_op(const zg_cfg *c, const zg_spot *s, zagg_op *out)
{
    zg_spot op = zg_spot_get(s, "op");
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (zagg_value_is(op.value, ops[i].name)) {
            *out = ops[i].op;
            return ZAGG_OK;
        }
    }
    return zg_must(c, &op, "eq, ne, ge, le, lt, gt, in or not_in");
}

static zagg_status load_structured(const zg_cfg *c, const zg_spot *s, zagg_filter *f)
{
    zg_spot dataset = zg_spot_get(s, "dataset");
    zg_spot level = zg_spot_get(s, "level");
    zg_spot column = zg_spot_get(s, "column");
    zg_spot keep = zg_spot_get(s, "keep");
    zg_spot value = zg_spot_get(s, "value");
    double number = 0;
    ZAGG_TRY(zg_read_path(c, &dataset, &f->dataset));
    ZAGG_TRY(zg_read_opt_text(c, &level, &f->level));
    ZAGG_TRY(load_op(c, s, &f->op));
    if (zg_spot_is_set(&column)) {
        ZAGG_TRY(zg_read_i64(c, &column, INT64_MIN, &f->column));
        f->has_column = true;
    }
    f->keep = keep.value == NULL || zagg_value_truthy(keep.value);
    if (f->op == ZAGG_OP_IN || f->op == ZAGG_OP_NOT_IN)
        return load_values(c, s, f);
    ZAGG_TRY(zg_read_number(c, &value, &number));
    f->value = value.value;
    return ZAGG_OK;
}

zagg_status zg_load_filters(zg_cfg *c, const zg_spot *source)
{
    zg_spot qf = zg_spot_get(source, "quality_filter");
    zg_spot list = zg_spot_get(source, "filters");
    zagg_filter *out = NULL;
    if (zg_spot_is_set(&qf))
        ZAGG_TRY(check_quality_filter(c, &qf));
    if (!zg_spot_is_set(&list))
        return zg_spot_is_set(&qf) ? load_quality_filter(c, &qf) : ZAGG_OK;
    ZAGG_TRY(zg_expect_list(c, &list, "filters"));
    ZAGG_TRY(zg_cfg_alloc(c, list.value->n, sizeof *out, &out));
    for (size_t i = 0; i < list.value->n; i++) {
        zg_spot s = zg_spot_item(&list, i);
        zg_spot expression = zg_spot_get(&s, "expression");
        ZAGG_TRY(zg_expect_map(c, &s, "dataset, op and value, or expression"));
        out[i].line = s.line;
        if (expression.value != NULL)
            ZAGG_TRY(load_expression(c, &s, &out[i]));
        else
            ZAGG_TRY(load_structured(c, &s, &out[i]));
    }
    c->filters = out;
    c->p->data_source.filters = out;
    c->p->data_source.n_filters = list.value->n;
    return ZAGG_OK;
}

/* Without levels a filter's level is not looked at, as upstream. With them it must be
 * one; the base level's name means no level. */
zagg_status zg_check_filter_levels(const zg_cfg *c, const zg_spot *source)
{
    const zagg_data_source *d = &c->p->data_source;
    zg_spot list = zg_spot_get(source, "filters");
    if (d->n_levels == 0 || !zg_spot_is_list(&list))
        return ZAGG_OK;
    for (size_t i = 0; i < d->n_filters; i++) {
        zg_spot item = zg_spot_item(&list, i);
        zg_spot level = zg_spot_get(&item, "level");
        size_t k = 0;
        if (d->filters[i].level == NULL)
            continue;
        while (k < d->n_levels && strcmp(d->levels[k].name, d->filters[i].level) != 0)
            k++;
        if (k == d->n_levels)
            return zg_must(c, &level, "a key of data_source.levels");
        if (d->levels[k].is_base)
            c->filters[i].level = NULL;
    }
    return ZAGG_OK;
}

zagg_status zg_check_filter_names(const zg_cfg *c)
{
    const zagg_data_source *d = &c->p->data_source;
    char bad[64];
    const char *why = NULL;
    for (size_t i = 0; i < d->n_filters; i++) {
        const zagg_filter *f = &d->filters[i];
        if (f->expression == NULL ||
            zg_expr_names_ok(f->expression, c->columns, c->n_columns, bad, &why))
            continue;
        zg_spot at = {.line = f->line};
        (void)snprintf(at.path, sizeof at.path, "data_source.filters[%zu].expression", i);
        return zg_fail(c, &at, "'%s' %s", bad, why);
    }
    return ZAGG_OK;
}
