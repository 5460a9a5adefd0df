/* The semantic core of a config: what decides the values that a store holds, by upstream
 * 0.61's rules, so that its aggregation.yaml and semantic_hash come out the same.
 *
 * In the core: aggregation without how rows travel (handoff, streaming), data_source
 * without how bytes are fetched, type and sharding of the grid (rectilinear: its place,
 * too), the kind of pipeline, and of output what changes the arrays. Orders, chunks,
 * paths and everything beside the arrays are not. Keys that are null are as absent.
 *
 * Two choices that upstream does not have join where they are not upstream's own: cells
 * of geodetic latitude (grid.latitude) and output.compat. */
#include "cfg/cfg.h"
#include "text/text.h"
#include "text/tree.h"

#include <math.h>
#include <string.h>

static const char *const source_packaging[] = {
    "reader",        "driver",          "read_plan",    "index",
    "anonymous",     "source_region",   "read_workers", "credentials_provider",
    "shard_workers", "granule_workers", "write_buffer", NULL};
static const char *const aggregation_packaging[] = {"handoff", "streaming", NULL};
static const char *const no_keys[] = {NULL};

typedef struct core_tree {
    zg_tree tree;
    zagg_err *err;
} core_tree;

/* A mapping that members are put into, up to the number it was made for. */
typedef struct core_map {
    zagg_value *node;
    zagg_member *members;
} core_map;

static zagg_status new_map(core_tree *t, size_t most, core_map *out)
{
    ZAGG_TRY(zg_tree_node(&t->tree, ZAGG_MAP, &out->node, t->err));
    ZAGG_TRY(zg_tree_alloc(&t->tree, most ? most : 1, sizeof *out->members, &out->members,
                           t->err));
    out->node->members = out->members;
    return ZAGG_OK;
}

static void put(core_map *m, const zagg_value *key, const zagg_value *value)
{
    m->members[m->node->n++] = (zagg_member){key, value};
}

static zagg_status new_text(core_tree *t, const char *text, const zagg_value **out)
{
    zagg_value *node = NULL;
    ZAGG_TRY(zg_tree_node(&t->tree, ZAGG_STR, &node, t->err));
    node->str = text; /* static, or the config's */
    node->str_len = strlen(text);
    *out = node;
    return ZAGG_OK;
}

static zagg_status put_value(core_tree *t, core_map *m, const char *key,
                             const zagg_value *value)
{
    const zagg_value *k = NULL;
    ZAGG_TRY(new_text(t, key, &k));
    put(m, k, value);
    return ZAGG_OK;
}

static zagg_status put_text(core_tree *t, core_map *m, const char *key, const char *text)
{
    const zagg_value *v = NULL;
    ZAGG_TRY(new_text(t, text, &v));
    return put_value(t, m, key, v);
}

static zagg_status put_bool(core_tree *t, core_map *m, const char *key, bool b)
{
    zagg_value *v = NULL;
    ZAGG_TRY(zg_tree_node(&t->tree, ZAGG_BOOL, &v, t->err));
    v->u.b = b;
    return put_value(t, m, key, v);
}

static bool is_one_of(const zagg_value *key, const char *const *names)
{
    for (; *names != NULL; names++)
        if (zagg_value_is(key, *names))
            return true;
    return false;
}

static zagg_status copy(core_tree *t, const zagg_value *v, const char *const *without,
                        const zagg_value **out);

/* Members that are set; a fill that is no number is upstream's text for it. */
static zagg_status copy_map(core_tree *t, const zagg_value *v, const char *const *without,
                            const zagg_value **out)
{
    core_map m;
    ZAGG_TRY(new_map(t, v->n, &m));
    for (size_t i = 0; i < v->n; i++) {
        const zagg_value *key = v->members[i].key, *value = v->members[i].value;
        const zagg_value *kept = NULL;
        if (value == NULL || value->kind == ZAGG_NULL || is_one_of(key, without))
            continue;
        if (zagg_value_is(key, "fill_value") && value->kind == ZAGG_FLOAT &&
            isnan(value->u.f))
            ZAGG_TRY(new_text(t, "NaN", &kept));
        else
            ZAGG_TRY(copy(t, value, no_keys, &kept));
        put(&m, key, kept);
    }
    *out = m.node;
    return ZAGG_OK;
}

/* Places in a list count, so nothing is left out of one. */
static zagg_status copy_list(core_tree *t, const zagg_value *v, const zagg_value **out)
{
    zagg_value *node = NULL;
    const zagg_value **items = NULL;
    ZAGG_TRY(zg_tree_node(&t->tree, ZAGG_LIST, &node, t->err));
    ZAGG_TRY(
        zg_tree_alloc(&t->tree, v->n ? v->n : 1, sizeof(void *), (void *)&items, t->err));
    for (size_t i = 0; i < v->n; i++)
        ZAGG_TRY(copy(t, v->items[i], no_keys, &items[i]));
    node->items = items;
    node->n = v->n;
    *out = node;
    return ZAGG_OK;
}

static zagg_status copy(core_tree *t, const zagg_value *v, const char *const *without,
                        const zagg_value **out)
{
    if (v->kind == ZAGG_MAP)
        return copy_map(t, v, without, out);
    if (v->kind == ZAGG_LIST)
        return copy_list(t, v, out);
    *out = v;
    return ZAGG_OK;
}

/* Without the size of overviews, and without weights that are counts: the default. */
static zagg_status copy_variables(core_tree *t, const zagg_value *variables,
                                  const zagg_value **out)
{
    static const char *const overview[] = {"overview_delta", NULL};
    static const char *const counts[] = {"overview_delta", "weights", NULL};
    core_map m;
    ZAGG_TRY(new_map(t, variables->n, &m));
    for (size_t i = 0; i < variables->n; i++) {
        const zagg_value *field = variables->members[i].value, *kept = NULL;
        if (field == NULL || field->kind == ZAGG_NULL)
            continue;
        bool default_weights = zagg_value_is(zagg_value_get(field, "weights"), "counts");
        ZAGG_TRY(copy(t, field, default_weights ? counts : overview, &kept));
        put(&m, variables->members[i].key, kept);
    }
    *out = m.node;
    return ZAGG_OK;
}

static zagg_status copy_aggregation(core_tree *t, const zagg_value *aggregation,
                                    const zagg_value **out)
{
    const zagg_value *variables = zagg_value_get_set(aggregation, "variables");
    const zagg_value *whole = NULL, *kept = NULL;
    ZAGG_TRY(copy(t, aggregation, aggregation_packaging, &whole));
    if (variables == NULL || variables->kind != ZAGG_MAP) {
        *out = whole;
        return ZAGG_OK;
    }
    core_map m;
    ZAGG_TRY(new_map(t, whole->n, &m));
    ZAGG_TRY(copy_variables(t, variables, &kept));
    for (size_t i = 0; i < whole->n; i++) {
        const zagg_member *of = &whole->members[i];
        put(&m, of->key, zagg_value_is(of->key, "variables") ? kept : of->value);
    }
    *out = m.node;
    return ZAGG_OK;
}

static zagg_status grid_core(core_tree *t, const zagg_pipeline *p, zagg_latitude latitude,
                             const zagg_value **out)
{
    static const char *const places[] = {"crs", "resolution", "bounds"};
    const zagg_value *output = zagg_value_get_set(p->root, "output");
    const zagg_value *grid = zagg_value_get_set(output, "grid");
    const zagg_value *sharded = zagg_value_get(grid, "sharded");
    const char *type = p->output.grid_type ? p->output.grid_type : "healpix";
    const bool healpix = strcmp(type, "healpix") == 0;
    core_map m;
    ZAGG_TRY(new_map(t, 6, &m));
    ZAGG_TRY(put_text(t, &m, "type", type));
    if (healpix) {
        ZAGG_TRY(put_text(t, &m, "indexing_scheme", "nested"));
        if (latitude == ZAGG_LATITUDE_GEODETIC)
            ZAGG_TRY(put_text(t, &m, "latitude", "geodetic-spherical"));
    }
    for (size_t i = 0; !healpix && i < sizeof places / sizeof places[0]; i++) {
        const zagg_value *v = zagg_value_get_set(grid, places[i]), *kept = NULL;
        if (v == NULL)
            continue;
        ZAGG_TRY(copy(t, v, no_keys, &kept));
        ZAGG_TRY(put_value(t, &m, places[i], kept));
    }
    ZAGG_TRY(put_bool(t, &m, "sharded",
                      sharded == NULL ? healpix : zagg_value_truthy(sharded)));
    *out = m.node;
    return ZAGG_OK;
}

/* The clock counts only where words are made from it. */
static bool has_time_words(const zagg_pipeline *p)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (p->fields[i].temporal != ZAGG_TEMPORAL_NONE)
            return true;
    return false;
}

static zagg_status output_core(core_tree *t, const zagg_pipeline *p,
                               const zagg_value **out)
{
    const zagg_value *output = zagg_value_get_set(p->root, "output");
    const zagg_value *windowing = zagg_value_get_set(output, "windowing");
    const zagg_value *schedule = zagg_value_get_set(windowing, "schedule");
    const zagg_time_source *clock = &p->output.time_source;
    const zagg_value *kept = NULL;
    core_map m, c;
    ZAGG_TRY(new_map(t, 4, &m));
    ZAGG_TRY(put_bool(t, &m, "aoi_mask",
                      zagg_value_truthy(zagg_value_get(output, "aoi_mask"))));
    if (p->output.compat == ZAGG_COMPAT_0_11)
        ZAGG_TRY(put_text(t, &m, "compat", "zagg-0.11"));
    if (schedule != NULL && !zagg_value_is(schedule, "none")) {
        ZAGG_TRY(copy(t, windowing, no_keys, &kept));
        ZAGG_TRY(put_value(t, &m, "windowing", kept));
    }
    if (clock->present && has_time_words(p)) {
        ZAGG_TRY(new_map(t, 4, &c));
        ZAGG_TRY(put_text(t, &c, "field", clock->field));
        ZAGG_TRY(put_text(t, &c, "epoch", clock->epoch));
        ZAGG_TRY(
            put_text(t, &c, "scale", clock->scale == ZAGG_SCALE_TAI ? "tai" : "gps"));
        ZAGG_TRY(put_text(t, &c, "units", clock->units));
        ZAGG_TRY(put_value(t, &m, "time_source", c.node));
    }
    *out = m.node;
    return ZAGG_OK;
}

static zagg_status semantic_core(core_tree *t, const zagg_pipeline *p,
                                 zagg_latitude latitude, const zagg_value **out)
{
    const zagg_value *type =
        zagg_value_get_set(zagg_value_get(p->root, "pipeline"), "type");
    const zagg_value *v = NULL;
    core_map core, pipeline;
    ZAGG_TRY(new_map(t, 5, &core));
    ZAGG_TRY(copy_aggregation(t, zagg_value_get(p->root, "aggregation"), &v));
    ZAGG_TRY(put_value(t, &core, "aggregation", v));
    ZAGG_TRY(copy(t, zagg_value_get(p->root, "data_source"), source_packaging, &v));
    ZAGG_TRY(put_value(t, &core, "data_source", v));
    ZAGG_TRY(grid_core(t, p, latitude, &v));
    ZAGG_TRY(put_value(t, &core, "grid", v));
    ZAGG_TRY(output_core(t, p, &v));
    ZAGG_TRY(put_value(t, &core, "output", v));
    ZAGG_TRY(new_map(t, 1, &pipeline));
    if (type != NULL)
        ZAGG_TRY(put_value(t, &pipeline, "type", type));
    else
        ZAGG_TRY(put_text(t, &pipeline, "type", "spatial"));
    ZAGG_TRY(put_value(t, &core, "pipeline", pipeline.node));
    *out = core.node;
    return ZAGG_OK;
}

/* The core as text: compact JSON that is hashed, or the YAML of aggregation.yaml. */
static zagg_status core_text(const zagg_pipeline *p, zagg_latitude latitude, bool yaml,
                             zg_str *text, zagg_err *err)
{
    static const zg_json_style hashed = {
        .indent = -1, .compact = true, .sort_keys = true};
    core_tree t = {.err = err};
    const zagg_value *core = NULL;
    zagg_arena *arena = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_tree_init(&t.tree, arena);
    zagg_status status = semantic_core(&t, p, latitude, &core);
    if (status == ZAGG_OK)
        status = yaml ? zg_yaml_write(text, core, err)
                      : zg_json_write(text, core, hashed, err);
    zagg_arena_free(arena);
    if (status == ZAGG_OK && text->failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the semantic core");
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", p->name);
}

zagg_status zagg_pipeline_semantic_hash(const zagg_pipeline *pipeline,
                                        zagg_latitude latitude,
                                        char out[ZAGG_SEMANTIC_HASH_BYTES], zagg_err *err)
{
    zg_str text;
    if (pipeline == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_pipeline_semantic_hash: NULL argument");
    zg_str_init(&text, 4 * ZG_CFG_MAX_FILE_BYTES);
    const zagg_status status = core_text(pipeline, latitude, false, &text, err);
    if (status == ZAGG_OK)
        zg_sha256_hex(text.data, text.len, out);
    zg_str_free(&text);
    return status;
}

zagg_status zagg_pipeline_semantic_yaml(const zagg_pipeline *pipeline,
                                        zagg_latitude latitude, char **out,
                                        size_t *out_len, zagg_err *err)
{
    zg_str text;
    if (pipeline == NULL || out == NULL || out_len == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_pipeline_semantic_yaml: NULL argument");
    zg_str_init(&text, 4 * ZG_CFG_MAX_FILE_BYTES);
    const zagg_status status = core_text(pipeline, latitude, true, &text, err);
    if (status == ZAGG_OK) {
        *out_len = text.len;
        *out = zg_str_take(&text);
    }
    zg_str_free(&text);
    return status;
}
