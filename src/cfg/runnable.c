/* What keeps a valid config from running in this version, and what to write instead. */
#include "cfg/cfg.h"

#include <math.h>
#include <string.h>

static zg_spot section(const zagg_pipeline *p, const char *name)
{
    zg_spot root = zg_spot_root(p->root);
    return zg_spot_get(&root, name);
}

static zagg_status check_source(const zg_cfg *c, const zagg_pipeline *p)
{
    const zagg_data_source *d = &p->data_source;
    zg_spot source = section(p, "data_source");
    zg_spot groups = zg_spot_get(&source, "groups");
    zg_spot coordinates = zg_spot_get(&source, "coordinates");
    if (d->n_groups == 0)
        return zg_must(c, &groups, "a list of at least one group to read");
    if (d->latitude == NULL || d->longitude == NULL)
        return zg_must(c, &coordinates, "dataset paths of latitude and longitude");
    return ZAGG_OK;
}

static bool is_column(const zagg_data_source *d, const char *name)
{
    for (size_t i = 0; i < d->n_variables; i++)
        if (strcmp(d->variables[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < d->n_levels; i++)
        for (size_t k = 0; k < d->levels[i].n_variables; k++)
            if (strcmp(d->levels[i].variables[k].name, name) == 0)
                return true;
    return false;
}

/* numpy makes no integer of the default "NaN", nor of a fraction; upstream's template
 * fails with a type error. */
static zagg_status check_fill(const zg_cfg *c, const zg_spot *entry, zagg_dtype dtype,
                              const zagg_value *fill)
{
    zg_spot s = zg_spot_get(entry, "fill_value");
    double number = 0;
    if (zagg_dtype_is_float(dtype)) {
        if (fill == NULL || zagg_value_number(fill, &number) ||
            zagg_value_is(fill, "NaN") || zagg_value_is(fill, "Infinity") ||
            zagg_value_is(fill, "-Infinity"))
            return ZAGG_OK;
        return zg_must(c, &s, "a number or \"NaN\"");
    }
    if (dtype == ZAGG_DT_BOOL)
        return ZAGG_OK;
    if (fill != NULL && zagg_value_number(fill, &number) && floor(number) >= number)
        return ZAGG_OK;
    return zg_must(c, &s, "an integer, as the dtype is %s", zagg_dtype_name(dtype));
}

/* The names of the expression language, which no column may take there. */
static bool is_language_name(const char *name)
{
    static const char *const names[] = {"np",  "numpy", "len", "float",
                                        "int", "abs",   "sum"};
    return zg_name_in(name, names, sizeof names / sizeof names[0]);
}

static zagg_status check_column_name(const zg_cfg *c, const zg_spot *map,
                                     const char *name, bool texts)
{
    zg_spot s = zg_spot_get(map, name);
    if (strcmp(name, ZG_LEAF_ID) == 0)
        return zg_fail(c, &s, "zagg's own column of cells has this name; rename it");
    if (texts && is_language_name(name))
        return zg_fail(c, &s,
                       "expressions have another meaning for this name; rename it");
    return ZAGG_OK;
}

static bool has_text(const zagg_param *args, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (args[i].kind == ZAGG_PARAM_NAME || args[i].kind == ZAGG_PARAM_EXPRESSION)
            return true;
    return false;
}

/* True where some text of the config is an expression over columns. */
static bool uses_names(const zagg_pipeline *p)
{
    for (size_t i = 0; i < p->data_source.n_filters; i++)
        if (p->data_source.filters[i].expression != NULL)
            return true;
    for (size_t i = 0; i < p->n_fields; i++)
        if (p->fields[i].expression != NULL ||
            has_text(p->fields[i].args, p->fields[i].n_args))
            return true;
    return p->n_precompute > 0;
}

static zagg_status check_column_names(const zg_cfg *c, const zagg_pipeline *p)
{
    const zagg_data_source *d = &p->data_source;
    bool texts = uses_names(p);
    zg_spot source = section(p, "data_source");
    zg_spot aggregation = section(p, "aggregation");
    zg_spot variables = zg_spot_get(&source, "variables");
    zg_spot levels = zg_spot_get(&source, "levels");
    zg_spot precompute = zg_spot_get(&aggregation, "chunk_precompute");
    for (size_t i = 0; i < d->n_variables; i++)
        ZAGG_TRY(check_column_name(c, &variables, d->variables[i].name, texts));
    for (size_t i = 0; i < d->n_levels; i++) {
        zg_spot level = zg_spot_get(&levels, d->levels[i].name);
        zg_spot columns = zg_spot_get(&level, "variables");
        for (size_t k = 0; k < d->levels[i].n_variables; k++)
            ZAGG_TRY(
                check_column_name(c, &columns, d->levels[i].variables[k].name, texts));
    }
    for (size_t i = 0; i < p->n_precompute; i++)
        ZAGG_TRY(check_column_name(c, &precompute, p->precompute[i].name, texts));
    return ZAGG_OK;
}

static zagg_status check_precompute(const zg_cfg *c, const zagg_pipeline *p,
                                    const zagg_precompute *e)
{
    zg_spot entries = section(p, "aggregation");
    entries = zg_spot_get(&entries, "chunk_precompute");
    zg_spot entry = zg_spot_get(&entries, e->name);
    zg_spot source = zg_spot_get(&entry, "source");
    zg_spot function = zg_spot_get(&entry, "function");
    if (e->function == NULL)
        return ZAGG_OK;
    if (e->stats != ZAGG_STATS_NONE)
        return zg_must(c, &function, "a function of numpy, len or count");
    if (e->source == NULL)
        return zg_must(c, &source, "the column that %s reads", e->function);
    return ZAGG_OK;
}

/* Upstream's own reducers give one kind of result each. */
static zagg_status check_stats(const zg_cfg *c, const zg_spot *entry, const zagg_field *f)
{
    zg_spot kind = zg_spot_get(entry, "kind");
    zg_spot inner = zg_spot_get(entry, "inner_shape");
    zg_spot dtype = zg_spot_get(entry, "dtype");
    bool digest =
        f->stats == ZAGG_STATS_TDIGEST || f->stats == ZAGG_STATS_TDIGEST_PAIRWISE ||
        f->stats == ZAGG_STATS_TDIGEST_WHERE || f->stats == ZAGG_STATS_WAVEFORM_DIGEST;
    if (f->stats == ZAGG_STATS_CELL_ENVELOPE && strcmp(f->source, ZG_TOC_WORD) != 0) {
        zg_spot source = zg_spot_get(entry, "source");
        return zg_must(c, &source, "toc_word: this version makes the words itself");
    }
    if (f->stats != ZAGG_STATS_CELL_ENVELOPE && strcmp(f->source, ZG_TOC_WORD) == 0) {
        zg_spot source = zg_spot_get(entry, "source");
        return zg_fail(c, &source, "only cell_envelope reads toc_word; write a column");
    }
    if (f->stats == ZAGG_STATS_NONE)
        return ZAGG_OK;
    if (!digest && f->kind != ZAGG_FIELD_SCALAR)
        return zg_must(c, &kind, "scalar, as %s gives one value a cell", f->function);
    if (!digest)
        return ZAGG_OK;
    if (f->kind != ZAGG_FIELD_RAGGED)
        return zg_must(c, &kind, "ragged, as %s gives a digest", f->function);
    if (f->n_shape != 1 || f->shape[0] != 2)
        return zg_must(c, &inner, "2: a digest is a list of means and weights");
    if (f->dtype != ZAGG_DT_F32)
        return zg_must(c, &dtype, "float32, as digests are");
    return ZAGG_OK;
}

/* What 0.11 does not write. */
static zagg_status check_compat(const zg_cfg *c, const zg_spot *entry,
                                const zagg_field *f)
{
    zg_spot location = zg_spot_get(entry, "location");
    zg_spot temporal = zg_spot_get(entry, "temporal");
    zg_spot function = zg_spot_get(entry, "function");
    if (f->location != NULL)
        return zg_fail(c, &location, "zagg 0.11 writes no locations; remove it");
    if (f->temporal != ZAGG_TEMPORAL_NONE)
        return zg_fail(c, &temporal, "zagg 0.11 writes no time words; remove it");
    if (f->stats != ZAGG_STATS_NONE && f->stats != ZAGG_STATS_TDIGEST)
        return zg_must(c, &function, "a function that zagg 0.11 has");
    return ZAGG_OK;
}

static zagg_status check_quantile(const zg_cfg *c, const zg_spot *entry,
                                  const zagg_field *f)
{
    const char *bare = zg_function_bare(f->function);
    zg_spot params = zg_spot_get(entry, "params");
    zg_spot q = zg_spot_get(&params, "q");
    if ((strstr(bare, "quantile") == NULL && strstr(bare, "percentile") == NULL) ||
        q.value != NULL)
        return ZAGG_OK;
    return zg_fail(c, &q, "missing; %s needs it", f->function);
}

static zagg_status check_field(const zg_cfg *c, const zagg_pipeline *p,
                               const zagg_field *f)
{
    zg_spot fields = section(p, "aggregation");
    fields = zg_spot_get(&fields, "variables");
    zg_spot entry = zg_spot_get(&fields, f->name);
    ZAGG_TRY(check_stats(c, &entry, f));
    if (f->function != NULL && f->stats != ZAGG_STATS_CELL_ENVELOPE &&
        !is_column(&p->data_source, f->source))
        return zg_fail(c, &entry,
                       "no source is given, and the default column h_li is not among "
                       "data_source.variables; write source");
    if (f->function != NULL)
        ZAGG_TRY(check_quantile(c, &entry, f));
    if (p->output.compat == ZAGG_COMPAT_0_11)
        ZAGG_TRY(check_compat(c, &entry, f));
    /* cells of a ragged array hold bytes, whatever their fill_value says */
    return f->kind == ZAGG_FIELD_RAGGED ? ZAGG_OK
                                        : check_fill(c, &entry, f->dtype, f->fill);
}

zagg_status zagg_pipeline_check_runnable(const zagg_pipeline *pipeline, zagg_err *err)
{
    if (pipeline == NULL)
        return zagg_err_set(err, ZAGG_EARG,
                            "zagg_pipeline_check_runnable: NULL argument");
    zg_cfg c = {.name = pipeline->name, .err = err};
    zg_spot root = zg_spot_root(pipeline->root);
    zg_spot coordinates = section(pipeline, "aggregation");
    coordinates = zg_spot_get(&coordinates, "coordinates");
    ZAGG_TRY(zg_check_run_keys(&c, &root));
    ZAGG_TRY(check_source(&c, pipeline));
    ZAGG_TRY(check_column_names(&c, pipeline));
    for (size_t i = 0; i < pipeline->n_precompute; i++)
        ZAGG_TRY(check_precompute(&c, pipeline, &pipeline->precompute[i]));
    for (size_t i = 0; i < pipeline->n_coordinates; i++) {
        const zagg_coordinate *a = &pipeline->coordinates[i];
        zg_spot entry = zg_spot_get(&coordinates, a->name);
        ZAGG_TRY(check_fill(&c, &entry, a->dtype, a->fill));
    }
    for (size_t i = 0; i < pipeline->n_fields; i++)
        ZAGG_TRY(check_field(&c, pipeline, &pipeline->fields[i]));
    return ZAGG_OK;
}
