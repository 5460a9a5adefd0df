/* golden/aggregate/process_shard_edges_0.61.json: shards without granules, without rows,
 * with failing reads, and fields that cannot hold their result: the numbers and words
 * that upstream returns. Each situation is made with granules written here; messages of
 * single failures are our own ("; e.g. ..." is cut off on both sides). */
#include "golden/core_cases.h"
#include "support/granule.h"
#include "support/parallel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PATH_LEN 512

/* What is processed. Rows are spread over the first cells of the shard. */
typedef struct situation {
    const char *grid;                   /* NULL: 16 cells in one chunk */
    const char *fields;                 /* NULL: FIELDS */
    size_t n_granules, rows[2];         /* no rows: they lie in another shard */
    size_t first_cell[2], last_cell[2]; /* cells that hold the rows of a granule */
    bool broken[2];                     /* the beam lacks the heights */
    bool missing;                       /* there are no such files */
    bool refused; /* a server stops to serve the last granule when it is open */
    const char *handoff;
    const char *precompute; /* chunk_precompute; NULL: none */
    float first_height;     /* of every granule; 0: an ordinary one */
    bool no_terrain;        /* terrain heights are HDF5's fill value */
} situation;

typedef struct edge {
    const char *name, *skip; /* skip: why there is no such situation here */
    situation s;
} edge;

static const char GRID16[] =
    "{\"type\": \"healpix\", \"parent_order\": 11, \"child_order\": 13}";
static const char GRID_K16[] = "{\"type\": \"healpix\", \"parent_order\": 11,"
                               " \"chunk_inner\": 13, \"child_order\": 19}";
static const char SOURCE[] =
    "{\"groups\": [\"gt1l\"], \"coordinates\": {\"latitude\": \"/{group}/lat\","
    " \"longitude\": \"/{group}/lon\"}, \"variables\": {\"h_ph\": \"/{group}/h_ph\","
    " \"dem_h\": \"/{group}/dem_h\"}}";
static const char FIELDS[] =
    "{\"count\": {\"function\": \"len\", \"source\": \"h_ph\", \"dtype\": \"int64\","
    " \"fill_value\": 0},"
    " \"h_min\": {\"function\": \"min\", \"source\": \"h_ph\"},"
    " \"h_max\": {\"function\": \"max\", \"source\": \"h_ph\"},"
    " \"h_mean\": {\"function\": \"mean\", \"source\": \"h_ph\"},"
    " \"h_median\": {\"function\": \"median\", \"source\": \"h_ph\"},"
    " \"h_variance\": {\"function\": \"var\", \"source\": \"h_ph\"}}";
#define ONE_FIELD(rest) "{\"m\": {\"source\": \"h_ph\", " rest "}}"
/* Histograms in the window of the chunk, as upstream's gain_bias config has them. */
#define GAIN                                                                             \
    "{\"gain\": {\"expression\": \"np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2("   \
    "np.maximum(1e-6, np.max(h_ph) - np.min(h_ph)) / 128.0))))\","                       \
    " \"dtype\": \"float32\"}, \"offset\": {\"expression\":"                             \
    " \"np.float32(np.floor(np.min(dem_h)))\", \"dtype\": \"float32\"}}"
#define WAVEFORM                                                                         \
    "{\"m\": {\"kind\": \"vector\", \"trailing_shape\": 128, \"dtype\": \"uint32\","     \
    " \"fill_value\": 0, \"expression\": \"np.histogram(h_ph, 128, (offset - 27.0 *"     \
    " gain, offset + 101.0 * gain))[0].astype('uint32')\"}}"
#define VECTOR4(text)                                                                    \
    "{\"m\": {\"kind\": \"vector\", \"trailing_shape\": 4, \"fill_value\": 0, " text "}" \
    "}"
#define REMOTE "a server that answers with nothing is an error of its own"
#define ONE_SINK "carriers always go to one callback"
#define WITH_DATA                                                                        \
    .n_granules = 2, .rows = {514, 657}, .last_cell = {4, 9}, .first_cell = {0, 5}

/* clang-format off */
static const edge EDGES[] = {
    {"no_granules", NULL, {.n_granules = 0}},
    {"no_granules_profile", NULL, {.n_granules = 0}},
    {"all_none", NULL, {.n_granules = 2}},
    {"all_none_profile", NULL, {.n_granules = 2}},
    {"all_raise", NULL, {.n_granules = 2, .rows = {3, 3}, .broken = {true, true}}},
    {"all_raise_auth", NULL, {.n_granules = 2, .rows = {0, 3}, .refused = true}},
    {"all_raise_emptybody", REMOTE, {0}},
    {"none_and_raise", NULL, {.n_granules = 2, .rows = {0, 3}, .broken = {false, true}}},
    {"data_and_raise", NULL, {.n_granules = 2, .rows = {514, 7}, .last_cell = {4, 1},
                              .broken = {false, true}}},
    {"data_profile", NULL, {WITH_DATA}},
    {"bad_handoff", NULL, {WITH_DATA, .handoff = "polars"}},
    {"k16_no_sink", ONE_SINK, {0}},
    {"k16_chunk_results", NULL, {.grid = GRID_K16, .n_granules = 2, .rows = {700, 471},
                                 .first_cell = {0, 514}, .last_cell = {513, 613}}},
    {"open_fails", NULL, {.n_granules = 2, .missing = true}},
    {"gainbias_dem_all_fill", NULL, {WITH_DATA, .fields = WAVEFORM, .precompute = GAIN,
                                     .no_terrain = true}},
    {"gainbias_nan_height", NULL, {WITH_DATA, .fields = WAVEFORM, .precompute = GAIN,
                                   .first_height = NAN}},
    {"gainbias_inf_height", NULL, {WITH_DATA, .fields = WAVEFORM, .precompute = GAIN,
                                   .first_height = INFINITY}},
    {"arrow_null", "columns of a granule have no nulls", {0}},
    {"int_scalar_min_int32_fill0", NULL,
     {WITH_DATA, .fields = ONE_FIELD("\"function\": \"min\", \"dtype\": \"int32\","
                                     " \"fill_value\": 0")}},
    {"float_fill_-9999", NULL,
     {WITH_DATA, .fields = ONE_FIELD("\"function\": \"mean\", \"fill_value\": -9999")}},
    {"count_no_fill_int32", "a whole-number array without fill_value has no store", {0}},
    {"scalar_expr_array", NULL,
     {WITH_DATA, .fields = "{\"m\": {\"expression\": \"h_ph*2\"}}"}},
    {"vector_wrong_len", NULL,
     {WITH_DATA, .fields = VECTOR4("\"expression\": \"h_ph*2\"")}},
    {"vector_uint_nofill", NULL,
     {WITH_DATA, .fields = VECTOR4("\"dtype\": \"uint32\", \"expression\":"
                                   " \"np.histogram(h_ph, 4, (0.0, 1.0))[0]\"")}},
    {"default_source", NULL, {WITH_DATA, .fields = "{\"m\": {\"function\": \"mean\"}}"}},
    {"both_sinks", ONE_SINK, {0}},
    {"write_chunk_and_ragged_out", ONE_SINK, {0}},
};
/* clang-format on */

typedef struct suite {
    case_report report;
    zagg_arena *arena;
    core_pools pools;
    char *dir;
    uint64_t key;
} suite;

typedef struct answer {
    zagg_status status;
    zagg_err err;
    zagg_shard_result result;
    core_dense dense;
} answer;

/* So much that what follows does not come along with the beginning of the file. */
static void put_apart(granule_file *file)
{
    enum { FAR = 1 << 20 };
    float *zeros = zg_alloc(FAR, sizeof *zeros);
    assert_non_null(zeros);
    memset(zeros, 0, FAR * sizeof *zeros);
    granule_put(file, "/apart", ZAGG_DT_F32, (granule_shape){FAR, 0, 0}, zeros);
    zg_free(zeros);
}

/* A beam with its points in the middle of cells first..last of the shard in turn. */
static void write_granule(const suite *s, const char *path, const situation *what,
                          size_t g)
{
    enum { MAX_ROWS = 1000 };
    static double lat[MAX_ROWS], lon[MAX_ROWS];
    static float h[MAX_ROWS], terrain[MAX_ROWS];
    const size_t n = what->rows[g] ? what->rows[g] : 20;
    const size_t n_cells = what->last_cell[g] - what->first_cell[g] + 1;
    zagg_shard shard;
    core_case c;
    assert_true(n <= MAX_ROWS);
    assert_int_equal(
        core_case_new(core_json(s->arena, SOURCE), core_json(s->arena, FIELDS),
                      core_json(s->arena, what->grid ? what->grid : GRID16), &c, NULL),
        ZAGG_OK);
    assert_int_equal(zagg_grid_shard(c.grid, s->key, &shard, NULL), ZAGG_OK);
    const unsigned order = zagg_grid_get_info(c.grid)->child_order;
    for (size_t i = 0; i < n; i++) {
        const uint64_t cell = shard.first_cell + what->first_cell[g] + i % n_cells;
        zagg_geo_centre(cell, order, ZAGG_LATITUDE_AUTHALIC, &lat[i], &lon[i]);
        if (!what->rows[g])
            lat[i] = -lat[i];
        h[i] = (float)(i % 37) - 25.5107269f;
        terrain[i] = what->no_terrain ? 3.4028235e38f : 700.0f;
    }
    if (what->first_height != 0)
        h[0] = what->first_height;
    core_case_free(&c);
    granule_file *file = granule_create(path);
    if (what->refused)
        put_apart(file);
    granule_put(file, "/gt1l/lat", ZAGG_DT_F64, (granule_shape){n, 0, 64}, lat);
    granule_put(file, "/gt1l/lon", ZAGG_DT_F64, (granule_shape){n, 0, 64}, lon);
    granule_put(file, "/gt1l/dem_h", ZAGG_DT_F32, (granule_shape){n, 0, 64}, terrain);
    if (!what->broken[g])
        granule_put(file, "/gt1l/h_ph", ZAGG_DT_F32, (granule_shape){n, 0, 64}, h);
    granule_close(file);
}

/* Of the last granule nothing but its beginning comes. */
static zagg_status open_refusing(void *user, const char *href, zagg_source **out,
                                 zagg_err *err)
{
    parallel_counts *counts = user;
    if (strstr(href, "granule1"))
        *counts = (parallel_counts){.fail_at = 2, .fail_on = true, .failure = ZAGG_EAUTH};
    return parallel_open(user, href, out, err);
}

static answer process(const suite *s, const situation *what, zagg_pool *pool)
{
    static char paths[2][PATH_LEN];
    const char *const hrefs[2] = {paths[0], paths[1]};
    answer a = {.status = ZAGG_OK};
    core_case c;
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    opts.pool = pool;
    opts.handoff = what->handoff;
    parallel_counts counts = {.calls = 0};
    if (what->refused) {
        opts.open = open_refusing;
        opts.open_user = &counts;
        opts.pool = NULL; /* one granule after another */
    }
    for (size_t g = 0; g < what->n_granules; g++) {
        (void)snprintf(paths[g], PATH_LEN, "%s/%s%zu.h5", s->dir,
                       what->missing ? "no" : "granule", g);
        if (!what->missing)
            write_granule(s, paths[g], what, g);
    }
    zg_str text;
    zagg_arena *arena;
    zg_str_init(&text, 1 << 16);
    zg_str_addf(&text, "{\"variables\": %s", what->fields ? what->fields : FIELDS);
    if (what->precompute)
        zg_str_addf(&text, ", \"chunk_precompute\": %s", what->precompute);
    zg_str_add(&text, "}");
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    a.status =
        core_case_of(arena, core_json(s->arena, SOURCE), core_json(arena, text.data),
                     core_json(s->arena, what->grid ? what->grid : GRID16), &c, &a.err);
    zg_str_free(&text);
    if (a.status != ZAGG_OK)
        return a;
    a.status = zagg_process_shard(c.worker, s->key, hrefs, what->n_granules, &opts,
                                  core_dense_take, &a.dense, &a.result, &a.err);
    core_case_free(&c);
    return a;
}

/* Text up to the first example of a failure, and closed again. */
static void without_examples(const char *text, char out[256])
{
    const char *cut = strstr(text, "; e.g. ");
    (void)snprintf(out, 256, "%.*s%s", cut ? (int)(cut - text) : 200, text,
                   cut ? ")" : "");
}

static uint64_t number_or_0(const zagg_value *map, const char *key)
{
    return zagg_value_get(map, key) ? core_number(map, key) : 0;
}

static void compare_numbers(const zagg_value *want, const answer *a, char why[256])
{
    const zagg_shard_result *r = &a->result;
    const zagg_value *examples = zagg_value_get(want, "read_error_exemplars");
    const struct {
        const char *key;
        uint64_t got;
    } numbers[] = {{"shard_key", r->shard_key},
                   {"cells_with_data", r->cells_with_data},
                   {"total_obs", r->total_obs},
                   {"granule_count", r->granule_count},
                   {"files_processed", r->files_processed},
                   {"read_errors", r->read_errors},
                   {"granule_errors", r->granule_errors},
                   {"auth_errors", r->auth_errors}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].got != number_or_0(want, numbers[i].key))
            (void)snprintf(why, 256, "%s is %llu, not %llu", numbers[i].key,
                           (unsigned long long)numbers[i].got,
                           (unsigned long long)number_or_0(want, numbers[i].key));
    /* Upstream's two failing granules say the same; ours name the granule. */
    if ((r->n_exemplars > 0) != (examples != NULL))
        (void)snprintf(why, 256, "%zu examples of failures", r->n_exemplars);
}

static void compare_words(const zagg_value *want, const answer *a, char why[256])
{
    const zagg_value *error = zagg_value_get(want, "error");
    char ours[256], theirs[256] = "";
    without_examples(a->result.error, ours);
    if (error->kind == ZAGG_STR)
        without_examples(error->str, theirs);
    if (strcmp(ours, theirs) != 0)
        (void)snprintf(why, 256, "error '%.110s', not '%.110s'", ours, theirs);
    else if (a->result.no_data != (theirs[0] != '\0'))
        (void)snprintf(why, 256, "no_data is wrong");
    else if (a->result.failed != (strchr(theirs, '(') != NULL))
        (void)snprintf(why, 256, "failed is wrong");
}

/* Cells behind the last one with rows: 0 for counts, NaN for floats, never the fill. */
static void check_empty_cells(const answer *a, char why[256])
{
    for (size_t i = 0; i < a->dense.n_columns; i++) {
        const zagg_carrier_column *col = &a->dense.columns[i];
        const size_t last = a->dense.n_cells - 1;
        if (col->dtype == ZAGG_DT_F32 && !isnan(((const float *)col->data)[last]))
            (void)snprintf(why, 256, "%s of an empty cell is not NaN", col->name);
        if (col->dtype == ZAGG_DT_I32 && ((const int32_t *)col->data)[last] != 0)
            (void)snprintf(why, 256, "%s of an empty cell is not 0", col->name);
    }
}

static void compare(const edge *e, const zagg_value *want, const answer *a, char why[256])
{
    const zagg_value *message = zagg_value_get(want, "message");
    const zagg_value *meta = zagg_value_get(want, "metadata");
    const zagg_value *shape = zagg_value_get(want, "df_shape");
    why[0] = '\0';
    if ((message != NULL) != (a->status != ZAGG_OK))
        (void)snprintf(why, 256, "status %s: %.200s", zagg_status_name(a->status),
                       a->err.msg);
    else if (message && strcmp(e->name, "bad_handoff") == 0 &&
             !zagg_value_is(message, a->err.msg))
        (void)snprintf(why, 256, "message '%.200s'", a->err.msg);
    else if (message && a->dense.n_carriers > 0)
        (void)snprintf(why, 256, "a carrier was handed over");
    if (message || why[0])
        return;
    compare_numbers(meta, a, why);
    compare_words(meta, a, why);
    check_empty_cells(a, why);
    if (a->dense.n_cells == 0 ? number_or_0(meta, "total_obs") != 0
                              : a->dense.n_cells == 16 &&
                                    ((size_t)shape->items[0]->u.i != 16 ||
                                     (size_t)shape->items[1]->u.i != a->dense.n_columns))
        (void)snprintf(why, 256, "the carrier has another shape");
}

/* What numpy says of a range is said in its words; the rest of the message is our own. */
static const char *numpys_words(const zagg_value *want)
{
    const zagg_value *message = zagg_value_get(want, "message");
    const char *text = message ? message->str : "";
    if (strncmp(text, "supplied range", 14) == 0 ||
        strncmp(text, "Too many bins", 13) == 0)
        return text;
    return "";
}

/* Fields that cannot be evaluated name themselves. */
static void check_message(const edge *e, const zagg_value *want, const answer *a,
                          char why[256])
{
    if (a->status != ZAGG_OK && e->s.fields && !strstr(a->err.msg, "'m'") &&
        !strstr(a->err.msg, "variables.m"))
        (void)snprintf(why, 256, "the message does not name the field: %.200s",
                       a->err.msg);
    else if (a->status != ZAGG_OK && !strstr(a->err.msg, numpys_words(want)))
        (void)snprintf(why, 256, "the message is not numpy's: %.200s", a->err.msg);
}

static void run_edge(suite *s, const edge *e, const zagg_value *want)
{
    char why[256] = "";
    if (e->skip) {
        case_skip(&s->report, e->name, e->skip);
        return;
    }
    for (size_t p = 0; p < N_POOLS && !why[0]; p++) {
        answer a = process(s, &e->s, s->pools.of[p]);
        compare(e, want, &a, why);
        if (!why[0])
            check_message(e, want, &a, why);
        core_dense_free(&a.dense);
    }
    if (why[0])
        case_fail(&s->report, e->name, "%s", why);
    else
        case_pass(&s->report);
}

static const edge *find_edge(const char *name)
{
    for (size_t i = 0; i < sizeof EDGES / sizeof EDGES[0]; i++)
        if (strcmp(EDGES[i].name, name) == 0)
            return &EDGES[i];
    return NULL;
}

static void test_edges(void **state)
{
    (void)state;
    static const char FILE_NAME[] = "aggregate/process_shard_edges_0.61.json";
    suite s = {.report = {.set = "shard_edges"}};
    if (!golden_available(FILE_NAME))
        skip();
    assert_int_equal(zagg_arena_new(0, &s.arena, NULL), ZAGG_OK);
    s.pools = core_pools_new();
    s.dir = make_temp_dir();
    const zagg_value *root = golden_json(s.arena, golden_path(FILE_NAME));
    s.key = core_number(zagg_value_get(zagg_value_get(root, "no_granules"), "metadata"),
                        "shard_key");
    for (size_t i = 0; i < root->n; i++) {
        const char *name = root->members[i].key->str;
        const edge *e = find_edge(name);
        if (e)
            run_edge(&s, e, root->members[i].value);
        else
            case_fail(&s.report, name, "unknown situation");
    }
    remove_tree(s.dir);
    zg_free(s.dir);
    core_pools_free(&s.pools);
    zagg_arena_free(s.arena);
    report_end(&s.report, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
