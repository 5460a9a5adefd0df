/* aggregation.variables and aggregation.coordinates: the arrays of the store. */
#include "cfg/cfg.h"

#include <string.h>

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
    f->args = r.args;
    f->n_args = r.n_args;
    f->stats = r.stats != NULL ? r.stats->function : ZAGG_STATS_NONE;
    f->source_given = r.source != NULL;
    f->source = r.source != NULL ? r.source : "h_li"; /* upstream's default */
    ZAGG_TRY(zg_load_field_shape(c, s, f));
    ZAGG_TRY(zg_load_field_channels(c, s, f));
    ZAGG_TRY(zg_load_field_attrs(c, s, f));
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
