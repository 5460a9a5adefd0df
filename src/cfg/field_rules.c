/* What a field writes: kind and shape, and the words that go beside the values: location,
 * temporal, and what the weights of a digest are. */
#include "cfg/cfg.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"scalar", "vector", "ragged"};

static bool is_count(const zagg_field *f)
{
    return f->function != NULL &&
           (strcmp(f->function, "len") == 0 || strcmp(f->function, "count") == 0);
}

/* An int, or a list of ints: axes of a vector or of a ragged element. */
static zagg_status load_shape(const zg_cfg *c, const zg_spot *s, zagg_field *f)
{
    int64_t *dims = NULL;
    int64_t product = 1;
    size_t n = zg_spot_is_list(s) ? s->value->n : 1;
    if (s->value == NULL)
        return zg_must(c, s, "an integer, or a list of integers, of at least 1");
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
    static const char *const ragged_only[] = {"location", "weights", "overview_delta"};
    zg_spot kind = zg_spot_get(entry, "kind");
    if (zagg_value_is(kind.value, "vector"))
        f->kind = ZAGG_FIELD_VECTOR;
    else if (zagg_value_is(kind.value, "ragged"))
        f->kind = ZAGG_FIELD_RAGGED;
    else if (kind.value != NULL && !zagg_value_is(kind.value, "scalar"))
        return zg_must(c, &kind, "scalar, vector or ragged");
    for (size_t i = 0; i < 3 && f->kind != ZAGG_FIELD_RAGGED; i++) {
        zg_spot s = zg_spot_get(entry, ragged_only[i]);
        if (s.value != NULL)
            return zg_fail(c, &s, "only a field of kind ragged has it; this one is %s",
                           kind_names[f->kind]);
    }
    return ZAGG_OK;
}

/* ---- temporal ---- */

static zagg_status check_producer(const zg_cfg *c, const zg_spot *s, const zagg_field *f)
{
    const zg_stats_info *stats = f->function ? zg_stats_find(f->function) : NULL;
    bool envelope = stats != NULL && stats->function == ZAGG_STATS_CELL_ENVELOPE;
    if (!envelope && (stats == NULL || !stats->takes_times))
        return zg_fail(c, s,
                       "this field's function makes no time words; those of "
                       "zagg.stats.tdigest, build_waveform_digest and cell_envelope do");
    if (envelope != (f->temporal == ZAGG_TEMPORAL_PER_CELL))
        return zg_must(c, s, "%s with this function",
                       envelope ? "per-cell" : "per-centroid");
    if (!c->p->output.time_source.present)
        return zg_fail(c, s,
                       "needs the clock of the observations; write output.time_source: "
                       "{field, epoch, scale, units}");
    return ZAGG_OK;
}

static zagg_status check_per_cell(const zg_cfg *c, const zg_spot *entry, const zg_spot *s,
                                  const zagg_field *f)
{
    zg_spot dtype = zg_spot_get(entry, "dtype");
    zg_spot fill = zg_spot_get(entry, "fill_value");
    double zero = 1;
    if (f->kind != ZAGG_FIELD_SCALAR)
        return zg_fail(c, s, "per-cell words are a scalar field; this one is %s",
                       kind_names[f->kind]);
    if (!zagg_value_is(dtype.value, "uint64"))
        return zg_must(c, &dtype, "uint64, as the field holds time words");
    if (!zagg_value_number(fill.value, &zero) || zero != 0.0)
        return zg_must(c, &fill, "0, which marks cells without observations");
    return ZAGG_OK;
}

static zagg_status load_temporal(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot s = zg_spot_get(entry, "temporal");
    zg_spot resolution = zg_spot_get(entry, "resolution");
    if (!zg_spot_is_set(&s))
        return ZAGG_OK;
    if (zagg_value_is(s.value, "coordinate"))
        return zg_fail(c, &s,
                       "a time axis is no field's; per-cell or per-centroid words are");
    if (zagg_value_is(s.value, "per-cell"))
        f->temporal = ZAGG_TEMPORAL_PER_CELL;
    else if (zagg_value_is(s.value, "per-centroid"))
        f->temporal = ZAGG_TEMPORAL_PER_CENTROID;
    else
        return zg_must(c, &s, "per-cell or per-centroid");
    if (resolution.value != NULL && !zagg_value_is(resolution.value, "cell"))
        return zg_fail(c, &s, "needs resolution: cell");
    if (f->temporal == ZAGG_TEMPORAL_PER_CELL)
        ZAGG_TRY(check_per_cell(c, entry, &s, f));
    else if (f->kind != ZAGG_FIELD_RAGGED)
        return zg_fail(c, &s,
                       "per-centroid words go beside a ragged field; this one is %s",
                       kind_names[f->kind]);
    return check_producer(c, &s, f);
}

/* ---- ragged ---- */

static zagg_status load_weights(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot s = zg_spot_get(entry, "weights");
    zg_spot attrs = zg_spot_get(entry, "attrs");
    zg_spot gain = zg_spot_get(&attrs, "gain");
    if (!zg_spot_is_set(&s))
        return ZAGG_OK;
    if (zagg_value_is(s.value, "counts")) {
        f->weights = ZAGG_WEIGHTS_COUNTS;
        return ZAGG_OK;
    }
    if (!zagg_value_is(s.value, "flux"))
        return zg_must(c, &s, "counts or flux");
    f->weights = ZAGG_WEIGHTS_FLUX;
    if (!zg_spot_is_map(&gain) || zagg_value_get(gain.value, "name") == NULL ||
        zagg_value_get(gain.value, "version") == NULL)
        return zg_must(c, &gain,
                       "a mapping with name and version, as weights: flux says that "
                       "weights are calibrated");
    return ZAGG_OK;
}

/* A column of words for each row; the reducer carries it along. */
static zagg_status load_location(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot s = zg_spot_get(entry, "location");
    if (!zg_spot_is_set(&s))
        return ZAGG_OK;
    if (s.value->kind != ZAGG_STR)
        return zg_must(c, &s, "leaf_id or a column");
    ZAGG_TRY(zg_read_text(c, &s, &f->location));
    if (f->function == NULL)
        return zg_fail(c, &s, "needs a function; an expression cannot carry words along");
    if (f->chunk_resolution)
        return zg_fail(c, &s, "needs resolution: cell");
    return ZAGG_OK;
}

static zagg_status load_ragged(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot inner = zg_spot_get(entry, "inner_shape");
    zg_spot delta = zg_spot_get(entry, "overview_delta");
    ZAGG_TRY(load_shape(c, &inner, f));
    ZAGG_TRY(load_weights(c, entry, f));
    if (zg_spot_is_set(&delta))
        ZAGG_TRY(zg_read_i64(c, &delta, 1, &f->overview_delta));
    return ZAGG_OK;
}

zagg_status zg_load_field_shape(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot resolution = zg_spot_get(entry, "resolution");
    zg_spot trailing = zg_spot_get(entry, "trailing_shape");
    zg_spot dtype = zg_spot_get(entry, "dtype");
    zg_spot fill = zg_spot_get(entry, "fill_value");
    zg_spot function = zg_spot_get(entry, "function");
    ZAGG_TRY(load_kind(c, entry, f));
    ZAGG_TRY(load_temporal(c, entry, f));
    f->chunk_resolution = zagg_value_is(resolution.value, "chunk");
    if (resolution.value != NULL && !f->chunk_resolution &&
        !zagg_value_is(resolution.value, "cell"))
        return zg_must(c, &resolution, "cell or chunk");
    ZAGG_TRY(zg_read_dtype(c, &dtype, ZAGG_DT_F32, &f->dtype));
    f->fill = zg_read_fill(&fill);
    if (f->kind != ZAGG_FIELD_VECTOR && trailing.value != NULL)
        return zg_fail(c, &trailing, "only a field of kind vector has it; remove it");
    if (f->kind == ZAGG_FIELD_SCALAR)
        return ZAGG_OK;
    ZAGG_TRY(f->kind == ZAGG_FIELD_VECTOR ? load_shape(c, &trailing, f)
                                          : load_ragged(c, entry, f));
    if (is_count(f))
        return zg_fail(
            c, &function,
            "%s gives one number a cell; remove kind, or write another function",
            f->function);
    return load_location(c, entry, f);
}

/* ---- the arrays of words ---- */

/* NAME_locations and NAME_times are arrays of the store that nobody wrote down. */
static zagg_status check_free(const zg_cfg *c, const zg_spot *s, const zg_spot *fields,
                              const char *name, const char *suffix)
{
    char array[ZG_CFG_MAX_NAME + 16];
    (void)snprintf(array, sizeof array, "%s%s", name, suffix);
    bool taken = zagg_value_get(fields->value, array) != NULL;
    for (size_t i = 0; i < c->p->n_coordinates && !taken; i++)
        taken = strcmp(c->p->coordinates[i].name, array) == 0;
    if (taken)
        return zg_fail(c, s,
                       "its words go into an array '%.80s', which is declared too; "
                       "rename one",
                       array);
    return ZAGG_OK;
}

/* Arguments that the words take up. */
static zagg_status check_reserved(const zg_cfg *c, const zg_spot *entry,
                                  const char *argument, const char *key)
{
    zg_spot params = zg_spot_get(entry, "params");
    zg_spot s = zg_spot_get(&params, argument);
    if (s.value != NULL)
        return zg_fail(c, &s, "filled by %s; remove it", key);
    return ZAGG_OK;
}

static zagg_status check_location(const zg_cfg *c, const zg_spot *entry,
                                  const zg_spot *fields, const zagg_field *f)
{
    const zg_stats_info *stats = zg_stats_find(f->function);
    const char *grid = c->p->output.grid_type;
    zg_spot s = zg_spot_get(entry, "location");
    if (strcmp(f->location, ZG_LEAF_ID) != 0 &&
        !zg_name_in(f->location, c->columns, c->n_columns))
        return zg_must(c, &s, "leaf_id or a column of data_source.variables");
    if (grid != NULL && strcmp(grid, "healpix") != 0)
        return zg_fail(c, &s, "needs a healpix grid; remove it");
    ZAGG_TRY(check_reserved(c, entry, "locations", "location"));
    if (stats == NULL || !stats->takes_locations)
        return zg_fail(c, &s,
                       "%s carries no locations along; a function of zagg.stats.tdigest "
                       "does",
                       f->function);
    return check_free(c, &s, fields, f->name, "_locations");
}

zagg_status zg_load_field_channels(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot root = zg_spot_root(c->p->root);
    zg_spot aggregation = zg_spot_get(&root, "aggregation");
    zg_spot fields = zg_spot_get(&aggregation, "variables");
    zg_spot temporal = zg_spot_get(entry, "temporal");
    if (f->location != NULL)
        ZAGG_TRY(check_location(c, entry, &fields, f));
    if (f->temporal != ZAGG_TEMPORAL_PER_CENTROID)
        return ZAGG_OK;
    ZAGG_TRY(check_reserved(c, entry, "temporal", "temporal"));
    return check_free(c, &temporal, &fields, f->name, "_times");
}
