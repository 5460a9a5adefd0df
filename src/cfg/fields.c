/* aggregation.variables and aggregation.coordinates: the arrays of the store. */
#include "cfg/cfg.h"

#include <string.h>

/* Attributes that the template writes itself (upstream's spec owns them). */
static const char *const owned_attrs[] = {"ragged", "temporal", "located", "times"};

/* An int, or a list of ints: axes of a vector or of a ragged element. */
static zagg_status load_shape(const zg_cfg *c, const zg_spot *s, zagg_field *f)
{
    int64_t *dims = NULL;
    int64_t product = 1;
    size_t n = zg_spot_is_list(s) ? s->value->n : 1;
    if (n == 0 || n > ZG_CFG_MAX_AXES)
        return zg_must(c, s, "1 to %d integers of at least 1", ZG_CFG_MAX_AXES);
    ZAGG_TRY(zg_cfg_alloc(c, n, sizeof *dims, &dims));
    for (size_t i = 0; i < n; i++) {
        zg_spot item = *s;
        if (zg_spot_is_list(s))
            item = zg_spot_item(s, i);
        else if (s->value->kind != ZAGG_INT)
            return zg_must(c, s, "an integer, or a list of integers, of at least 1");
        ZAGG_TRY(zg_read_i64(c, &item, 1, &dims[i]));
        if (__builtin_mul_overflow(product, dims[i], &product) ||
            product > ZG_CFG_MAX_CELL_ITEMS)
            return zg_fail(c, s, "more than %lld values in one cell",
                           (long long)ZG_CFG_MAX_CELL_ITEMS);
    }
    f->shape = dims;
    f->n_shape = n;
    return ZAGG_OK;
}

static zagg_status load_kind(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot kind = zg_spot_get(entry, "kind");
    zg_spot resolution = zg_spot_get(entry, "resolution");
    f->kind = ZAGG_FIELD_SCALAR;
    if (zagg_value_is(kind.value, "vector"))
        f->kind = ZAGG_FIELD_VECTOR;
    else if (zagg_value_is(kind.value, "ragged"))
        f->kind = ZAGG_FIELD_RAGGED;
    else if (kind.value != NULL && !zagg_value_is(kind.value, "scalar"))
        return zg_must(c, &kind, "scalar, vector or ragged");
    f->chunk_resolution = zagg_value_is(resolution.value, "chunk");
    if (resolution.value != NULL && !f->chunk_resolution &&
        !zagg_value_is(resolution.value, "cell"))
        return zg_must(c, &resolution, "cell or chunk");
    return ZAGG_OK;
}

static zagg_status load_output_shape(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot trailing = zg_spot_get(entry, "trailing_shape");
    zg_spot inner = zg_spot_get(entry, "inner_shape");
    zg_spot function = zg_spot_get(entry, "function");
    if (f->kind != ZAGG_FIELD_VECTOR && trailing.value != NULL)
        return zg_fail(c, &trailing, "only a field of kind vector has it; remove it");
    if (f->kind == ZAGG_FIELD_SCALAR)
        return ZAGG_OK;
    const zg_spot *shape = f->kind == ZAGG_FIELD_VECTOR ? &trailing : &inner;
    if (shape->value == NULL)
        return zg_must(c, shape, "an integer, or a list of integers, of at least 1");
    ZAGG_TRY(load_shape(c, shape, f));
    if (f->function != NULL &&
        (strcmp(f->function, "len") == 0 || strcmp(f->function, "count") == 0))
        return zg_fail(
            c, &function,
            "%s gives one number a cell; remove kind, or write another function",
            f->function);
    return ZAGG_OK;
}

static zagg_status load_attrs(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot attrs = zg_spot_get(entry, "attrs");
    if (!zg_spot_is_set(&attrs))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &attrs, "attribute name to value"));
    for (size_t i = 0; i < attrs.value->n; i++) {
        zg_spot s = zg_spot_member(&attrs, i);
        const char *name = NULL;
        ZAGG_TRY(zg_read_key(c, &s, &name));
        if (zg_name_in(name, owned_attrs, sizeof owned_attrs / sizeof owned_attrs[0]))
            return zg_fail(c, &s, "this attribute is written by zagg itself; remove it");
    }
    f->attrs = attrs.value;
    return ZAGG_OK;
}

static zagg_status load_field(const zg_cfg *c, const zg_spot *s, zagg_field *f)
{
    zg_reduction r = {0};
    ZAGG_TRY(zg_read_array_name(c, s, &f->name));
    ZAGG_TRY(zg_expect_map(c, s, "function, source, dtype, ..."));
    f->line = s->line;
    ZAGG_TRY(zg_load_reduction(c, s, c->names, c->n_names, &r));
    f->function = r.function;
    f->expression = r.expression;
    f->params = r.params;
    f->source_given = r.source != NULL;
    f->source = r.source != NULL ? r.source : "h_li"; /* upstream's default */
    ZAGG_TRY(load_kind(c, s, f));
    zg_spot dtype = zg_spot_get(s, "dtype");
    zg_spot fill = zg_spot_get(s, "fill_value");
    ZAGG_TRY(zg_read_dtype(c, &dtype, ZAGG_DT_F32, &f->dtype));
    f->fill = zg_read_fill(&fill);
    ZAGG_TRY(load_output_shape(c, s, f));
    ZAGG_TRY(load_attrs(c, s, f));
    for (size_t i = 0; i < c->p->n_coordinates; i++)
        if (strcmp(c->p->coordinates[i].name, f->name) == 0)
            return zg_fail(c, s,
                           "aggregation.coordinates declares an array of this name");
    return ZAGG_OK;
}

zagg_status zg_load_fields(const zg_cfg *c, const zg_spot *aggregation)
{
    zg_spot variables = zg_spot_get(aggregation, "variables");
    zagg_field *out = NULL;
    if (variables.value == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &variables, "array name to field"));
    ZAGG_TRY(zg_cfg_alloc(c, variables.value->n, sizeof *out, &out));
    for (size_t i = 0; i < variables.value->n; i++) {
        zg_spot s = zg_spot_member(&variables, i);
        ZAGG_TRY(load_field(c, &s, &out[i]));
    }
    c->p->fields = out;
    c->p->n_fields = variables.value->n;
    return ZAGG_OK;
}

zagg_status zg_load_coordinates(const zg_cfg *c, const zg_spot *aggregation)
{
    zg_spot coordinates = zg_spot_get(aggregation, "coordinates");
    zagg_coordinate *out = NULL;
    if (!zg_spot_is_set(&coordinates))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &coordinates, "array name to dtype and fill_value"));
    ZAGG_TRY(zg_cfg_alloc(c, coordinates.value->n, sizeof *out, &out));
    for (size_t i = 0; i < coordinates.value->n; i++) {
        zg_spot s = zg_spot_member(&coordinates, i);
        ZAGG_TRY(zg_read_array_name(c, &s, &out[i].name));
        if (zg_spot_is_set(&s))
            ZAGG_TRY(zg_expect_map(c, &s, "dtype and fill_value"));
        zg_spot dtype = zg_spot_get(&s, "dtype");
        zg_spot fill = zg_spot_get(&s, "fill_value");
        ZAGG_TRY(zg_read_dtype(c, &dtype, ZAGG_DT_F32, &out[i].dtype));
        out[i].fill = zg_read_fill(&fill);
        /* 0.11 writes cell_ids wherever they are declared; 0.61 only on request */
        if (c->p->output.compat == ZAGG_COMPAT_0_11 &&
            strcmp(out[i].name, "cell_ids") == 0)
            c->p->output.emit_cell_ids = true;
    }
    c->p->coordinates = out;
    c->p->n_coordinates = coordinates.value->n;
    return ZAGG_OK;
}
