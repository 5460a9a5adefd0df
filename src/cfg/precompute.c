/* aggregation.chunk_precompute: values of one inner chunk that its cells' expressions may
 * use. Entries see columns only, not each other. */
#include "cfg/cfg.h"

#include <string.h>

static zagg_status load_entry(const zg_cfg *c, const zg_spot *s, zagg_precompute *out)
{
    zg_reduction r = {0};
    ZAGG_TRY(zg_read_key(c, s, &out->name));
    if (zg_name_in(out->name, c->columns, c->n_columns) ||
        strcmp(out->name, ZG_LEAF_ID) == 0 || strcmp(out->name, ZG_TOC_WORD) == 0)
        return zg_fail(c, s,
                       "a column has this name (or it is reserved); rename the entry");
    ZAGG_TRY(zg_expect_map(c, s, "function or expression"));
    ZAGG_TRY(zg_load_reduction(c, s, c->names, c->n_names, &r));
    zg_spot dtype = zg_spot_get(s, "dtype");
    ZAGG_TRY(zg_read_dtype(c, &dtype, ZAGG_DT_NONE, &out->dtype));
    out->function = r.function;
    out->expression = r.expression;
    out->source = r.source;
    out->params = r.params;
    out->stats = r.stats != NULL ? r.stats->function : ZAGG_STATS_NONE;
    out->args = r.args;
    out->n_args = r.n_args;
    out->line = s->line;
    return ZAGG_OK;
}

zagg_status zg_load_precompute(zg_cfg *c, const zg_spot *aggregation)
{
    zg_spot entries = zg_spot_get(aggregation, "chunk_precompute");
    zagg_precompute *out = NULL;
    const char **names = NULL;
    if (entries.value == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &entries, "name to entry"));
    size_t n = entries.value->n;
    ZAGG_TRY(zg_cfg_alloc(c, n, sizeof *out, &out));
    ZAGG_TRY(zg_cfg_alloc(c, c->n_names + n, sizeof *names, &names));
    for (size_t i = 0; i < c->n_names; i++)
        names[i] = c->names[i];
    for (size_t i = 0; i < n; i++) {
        zg_spot s = zg_spot_member(&entries, i);
        ZAGG_TRY(load_entry(c, &s, &out[i]));
        names[c->n_names + i] = out[i].name;
    }
    c->p->precompute = out;
    c->p->n_precompute = n;
    c->names = names;
    c->n_names += n;
    return ZAGG_OK;
}
