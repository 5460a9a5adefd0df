/* Which arrays a pipeline writes: their kinds, shapes, axes and attributes. */
#include "support/support.h"
#include "zagg/core.h"

#include <string.h>

#define CONFIG(output, fields)                                                           \
    "data_source:\n"                                                                     \
    "  groups: [gt1l]\n"                                                                 \
    "  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}\n"         \
    "  variables: {h: \"/{group}/h\", w: \"/{group}/w\"}\n"                              \
    "aggregation:\n"                                                                     \
    "  variables:\n" fields "output:\n" output

#define HEALPIX                                                                          \
    "  store_layout: flat\n"                                                             \
    "  grid: {type: healpix, parent_order: 6, chunk_inner: 7, child_order: 8}\n"
#define OLD "  compat: zagg-0.11\n" HEALPIX
#define RECTILINEAR                                                                      \
    "  grid: {type: rectilinear, crs: \"EPSG:4326\", resolution: 1, bounds: [0, 0, 12, " \
    "8], chunk_shape: [4, 6], chunk_inner: [2, 3], sharded: true}\n"

#define DESCRIBED(crs)                                                                   \
    "  grid: {type: rectilinear, crs: \"" crs "\", resolution: 1, bounds: [0, 0, 12, "   \
    "8], chunk_shape: [4, 6], cf: true}\n"

#define DENSE                                                                            \
    "    plain: {function: min, source: h}\n"                                            \
    "    told: {function: min, source: h, attrs: {units: m, n: [1, 2.5]}}\n"             \
    "    hist: {kind: vector, trailing_shape: 5, expression: h, dtype: uint32, "         \
    "fill_value: 0, attrs: {a: 1}}\n"                                                    \
    "    cube: {kind: vector, trailing_shape: [2, 3], expression: h}\n"                  \
    "    one: {expression: h, resolution: chunk}\n"                                      \
    "    five: {kind: vector, trailing_shape: 5, expression: h, resolution: chunk}\n"

#define DIGEST                                                                           \
    "kind: ragged, inner_shape: 2, function: zagg.stats.tdigest.build_tdigest, "
#define RAGGED                                                                           \
    "    td: {" DIGEST "source: h, params: {delta: 32}}\n"                               \
    "    rows: {kind: ragged, inner_shape: [2, 3], expression: h, dtype: int16}\n"       \
    "    one: {kind: ragged, inner_shape: 1, expression: h, resolution: chunk}\n"

typedef struct planned {
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_store_plan *plan;
} planned;

static zagg_status plan_new(const char *text, planned *p, zagg_err *err)
{
    *p = (planned){NULL, NULL, NULL};
    zagg_status status =
        zagg_pipeline_parse(text, strlen(text), "t.yaml", NULL, &p->pipeline, err);
    if (status == ZAGG_OK)
        status =
            zagg_grid_from_pipeline(p->pipeline, ZAGG_LATITUDE_AUTHALIC, &p->grid, err);
    if (status == ZAGG_OK)
        status = zagg_store_plan_new(p->pipeline, p->grid, &p->plan, err);
    return status;
}

static void plan_free(planned *p)
{
    zagg_store_plan_free(p->plan);
    zagg_grid_free(p->grid);
    zagg_pipeline_free(p->pipeline);
}

static planned plan(const char *text)
{
    planned p;
    zagg_err err = ZAGG_ERR_INIT;
    if (plan_new(text, &p, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return p;
}

static const zagg_zarr_array *find(const planned *p, const char *name)
{
    const zagg_zarr_template *t = zagg_store_plan_template(p->plan);
    const zagg_zarr_array *found = NULL;
    for (size_t i = 0; i < t->n_arrays; i++) {
        if (strcmp(t->arrays[i].name, name) == 0) {
            assert_null(found);
            found = &t->arrays[i];
        }
    }
    return found;
}

static const zagg_zarr_array *get(const planned *p, const char *name)
{
    const zagg_zarr_array *a = find(p, name);
    if (a == NULL)
        fail_msg("no array %s", name);
    return a;
}

/* What one member must be: extents of shape, chunk and shard, and the names of the axes.
 */
typedef struct member {
    const char *name;
    zagg_zarr_kind kind;
    zagg_dtype dtype;
    unsigned rank;
    uint64_t shape[4], chunk[4], shard[4]; /* shard 0: not sharded */
    const char *dims[4];
} member;

static void check(const planned *p, const member *m)
{
    const zagg_zarr_array *a = get(p, m->name);
    bool same = a->kind == m->kind && a->dtype == m->dtype && a->rank == m->rank &&
                a->sharded == (m->shard[0] > 0) &&
                a->zstd == (m->kind == ZAGG_ZARR_VLEN) && a->zstd_level == 3 * a->zstd;
    for (unsigned d = 0; d < m->rank && same; d++)
        same = a->shape[d] == m->shape[d] && a->chunk[d] == m->chunk[d] &&
               (!a->sharded || a->shard[d] == m->shard[d]) &&
               strcmp(a->dim_names[d], m->dims[d]) == 0;
    if (!same)
        fail_msg("array %s is another one", m->name);
}

#define DENSE_KIND ZAGG_ZARR_DENSE
#define VLEN_KIND ZAGG_ZARR_VLEN
#define SPHERE (12u << 16)
#define CHUNKS (12u << 14)

static void test_members_healpix(void **state)
{
    (void)state;
    static const member MEMBERS[] = {
        {"plain", DENSE_KIND, ZAGG_DT_F32, 1, {SPHERE}, {4}, {16}, {"cells"}},
        {"hist",
         DENSE_KIND,
         ZAGG_DT_U32,
         2,
         {SPHERE, 5},
         {4, 5},
         {16, 5},
         {"cells", "vector"}},
        {"cube",
         DENSE_KIND,
         ZAGG_DT_F32,
         3,
         {SPHERE, 2, 3},
         {4, 2, 3},
         {16, 2, 3},
         {"cells", "vector_0", "vector_1"}},
        {"one", DENSE_KIND, ZAGG_DT_F32, 1, {CHUNKS}, {1}, {0}, {"chunks"}},
        {"five",
         DENSE_KIND,
         ZAGG_DT_F32,
         2,
         {CHUNKS, 5},
         {1, 5},
         {0},
         {"chunks", "vector"}},
    };
    static const member RAGGED_MEMBERS[] = {
        {"td", VLEN_KIND, ZAGG_DT_NONE, 1, {SPHERE}, {4}, {16}, {"cells"}},
        {"rows", VLEN_KIND, ZAGG_DT_NONE, 1, {SPHERE}, {4}, {16}, {"cells"}},
        {"one", VLEN_KIND, ZAGG_DT_NONE, 1, {CHUNKS}, {1}, {0}, {"chunks"}},
    };
    planned p = plan(CONFIG(HEALPIX, DENSE));
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++)
        check(&p, &MEMBERS[i]);
    plan_free(&p);
    p = plan(CONFIG(HEALPIX, RAGGED));
    for (size_t i = 0; i < sizeof RAGGED_MEMBERS / sizeof RAGGED_MEMBERS[0]; i++)
        check(&p, &RAGGED_MEMBERS[i]);
    plan_free(&p);
}

static void test_members_rectilinear(void **state)
{
    (void)state;
    static const member MEMBERS[] = {
        {"plain", DENSE_KIND, ZAGG_DT_F32, 2, {8, 12}, {2, 3}, {4, 6}, {"y", "x"}},
        {"hist",
         DENSE_KIND,
         ZAGG_DT_U32,
         3,
         {8, 12, 5},
         {2, 3, 5},
         {4, 6, 5},
         {"y", "x", "vector"}},
        {"cube",
         DENSE_KIND,
         ZAGG_DT_F32,
         4,
         {8, 12, 2, 3},
         {2, 3, 2, 3},
         {4, 6, 2, 3},
         {"y", "x", "vector_0", "vector_1"}},
        {"one", DENSE_KIND, ZAGG_DT_F32, 2, {4, 4}, {1, 1}, {0}, {"chunk_y", "chunk_x"}},
        {"five",
         DENSE_KIND,
         ZAGG_DT_F32,
         3,
         {4, 4, 5},
         {1, 1, 5},
         {0},
         {"chunk_y", "chunk_x", "vector"}},
    };
    static const member RAGGED_MEMBERS[] = {
        {"td", VLEN_KIND, ZAGG_DT_NONE, 2, {8, 12}, {2, 3}, {4, 6}, {"y", "x"}},
        {"one", VLEN_KIND, ZAGG_DT_NONE, 2, {4, 4}, {1, 1}, {0}, {"chunk_y", "chunk_x"}},
    };
    planned p = plan(CONFIG(RECTILINEAR, DENSE));
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++)
        check(&p, &MEMBERS[i]);
    plan_free(&p);
    p = plan(CONFIG(RECTILINEAR, RAGGED));
    for (size_t i = 0; i < sizeof RAGGED_MEMBERS / sizeof RAGGED_MEMBERS[0]; i++)
        check(&p, &RAGGED_MEMBERS[i]);
    plan_free(&p);
}

/* Upstream 0.11: ragged fields in CSR groups, unsharded, no words beside them. */
static void test_members_of_the_older_form(void **state)
{
    (void)state;
    planned p = plan(CONFIG(OLD, RAGGED "    at: {" DIGEST "source: h, params: {delta: "
                                        "8}, location: w}\n"));
    const zagg_zarr_array *td = get(&p, "td"), *one = get(&p, "one");
    assert_true(td->kind == ZAGG_ZARR_CSR && td->dtype == ZAGG_DT_F32);
    assert_null(td->attributes_json);
    assert_int_equal(get(&p, "rows")->dtype, ZAGG_DT_I16);
    assert_int_equal(one->kind, ZAGG_ZARR_CSR);
    assert_int_equal(get(&p, "at")->kind, ZAGG_ZARR_CSR);
    assert_null(find(&p, "at_locations"));
    assert_true(zagg_store_plan_consolidates(p.plan));
    plan_free(&p);
}

/* ---- attributes ---- */

/* Attributes of a field of a config; NULL for {}. */
static void attributes(const char *text, const char *field, const char *expected)
{
    planned p = plan(text);
    const char *found = get(&p, field)->attributes_json;
    if (expected == NULL)
        assert_null(found);
    else if (found == NULL || strcmp(found, expected) != 0)
        fail_msg("%s: %s", field, found ? found : "none");
    plan_free(&p);
}

static void test_field_attributes(void **state)
{
    static const char FLAT[] = CONFIG(HEALPIX, DENSE);
    (void)state;
    attributes(FLAT, "plain", NULL);
    attributes(FLAT, "told", "{\"units\": \"m\", \"n\": [1, 2.5]}");
    attributes(FLAT, "hist", "{\"a\": 1}");
    attributes(CONFIG(OLD, DENSE), "told", NULL); /* 0.11 did not know them */
}

/* With output.grid.cf arrays over cells name the grid mapping, and the axes say what they
 * are. */
static void test_grid_mapping(void **state)
{
    (void)state;
    static const char METRES[] = CONFIG(DESCRIBED("EPSG:32618"), DENSE);
    static const char DEGREES[] = CONFIG(
        DESCRIBED("EPSG:4326"), "    td: {" DIGEST "source: h, params: {delta: 32}}\n");
    static const char FEET[] =
        CONFIG(DESCRIBED("+proj=utm +zone=18 +datum=WGS84 +units=us-ft"),
               "    own: {function: min, source: h, attrs: {grid_mapping: mine}}\n");
    attributes(METRES, "plain", "{\"grid_mapping\": \"spatial_ref\"}");
    attributes(METRES, "told",
               "{\"units\": \"m\", \"n\": [1, 2.5], \"grid_mapping\": \"spatial_ref\"}");
    attributes(METRES, "one", NULL); /* lies on the axes of chunks */
    attributes(METRES, "x",
               "{\"standard_name\": \"projection_x_coordinate\", \"units\": \"m\", "
               "\"axis\": \"X\"}");
    attributes(DEGREES, "y",
               "{\"standard_name\": \"latitude\", \"units\": \"degrees_north\", "
               "\"axis\": \"Y\"}");
    attributes(DEGREES, "x",
               "{\"standard_name\": \"longitude\", \"units\": \"degrees_east\", "
               "\"axis\": \"X\"}");
    attributes(DEGREES, "td",
               "{\"ragged\": {\"spec\": \"zagg-ragged/1\", \"element\": {\"dtype\": "
               "\"float32\", \"shape\": [-1, 2]}}, \"grid_mapping\": \"spatial_ref\"}");
    attributes(FEET, "own", "{\"grid_mapping\": \"mine\"}");
    attributes(FEET, "y",
               "{\"standard_name\": \"projection_y_coordinate\", \"units\": "
               "\"0.3048006096012192 m\", \"axis\": \"Y\"}");
    planned p = plan(METRES);
    const zagg_zarr_array *mapping = get(&p, "spatial_ref");
    assert_int_equal(mapping->rank, 0);
    assert_int_equal(mapping->dtype, ZAGG_DT_I32);
    const char *text = mapping->attributes_json;
    assert_non_null(
        strstr(text, "{\"crs_wkt\": \"PROJCRS[\\\"WGS 84 / UTM zone 18N\\\","));
    assert_non_null(strstr(text, "\"grid_mapping_name\": \"transverse_mercator\""));
    assert_non_null(strstr(text, "\"longitude_of_central_meridian\": -75.0"));
    assert_non_null(strstr(text, "\"GeoTransform\": \"0.0 1.0 0.0 8.0 0.0 -1.0\""));
    assert_non_null(strstr(zagg_store_plan_template(p.plan)->group_attributes_json,
                           "\"Conventions\": \"CF-1.11\""));
    plan_free(&p);
    p = plan(CONFIG(RECTILINEAR, DENSE));
    assert_null(find(&p, "spatial_ref"));
    assert_null(strstr(zagg_store_plan_template(p.plan)->group_attributes_json, "CF"));
    plan_free(&p);
}

#define F32_PAIRS                                                                        \
    "\"ragged\": {\"spec\": \"zagg-ragged/1\", \"element\": {\"dtype\": \"float32\", "   \
    "\"shape\": [-1, 2]}"
#define WORDS                                                                            \
    "{\"ragged\": {\"spec\": \"zagg-ragged/1\", \"element\": {\"dtype\": \"uint64\", "   \
    "\"shape\": [-1]}}, "

static void test_ragged_attributes(void **state)
{
    (void)state;
    static const char TEXT[] = CONFIG(
        HEALPIX, RAGGED
        "    at: {" DIGEST "source: h, params: {delta: 8}, location: w, weights: counts, "
        "attrs: {units: m}}\n"
        "    flux: {" DIGEST "source: h, params: {delta: 8}, weights: flux, attrs: "
        "{gain: {name: g, version: 2}}}\n");
    attributes(TEXT, "td", "{" F32_PAIRS "}}");
    attributes(TEXT, "rows",
               "{\"ragged\": {\"spec\": \"zagg-ragged/1\", \"element\": {\"dtype\": "
               "\"int16\", \"shape\": [-1, 2, 3]}}}");
    attributes(TEXT, "one",
               "{\"ragged\": {\"spec\": \"zagg-ragged/1\", \"element\": {\"dtype\": "
               "\"float32\", \"shape\": [-1, 1]}}}");
    attributes(TEXT, "at",
               "{" F32_PAIRS ", \"locations\": \"at_locations\"}, \"weights\": "
               "\"counts\", \"units\": \"m\"}");
    attributes(TEXT, "at_locations",
               WORDS "\"located\": {\"spec\": \"zagg-located/1\", \"shape\": "
                     "\"per-centroid\", \"grammar\": \"mortie-morton/1\"}}");
    attributes(TEXT, "flux",
               "{" F32_PAIRS "}, \"weights\": \"flux\", \"gain\": {\"name\": \"g\", "
               "\"version\": 2}}");
}

#define CLOCK                                                                            \
    "  time_source: {field: w, epoch: \"2018-01-01T00:00:00\", scale: gps, units: "      \
    "seconds}\n"

static void test_attributes_of_times(void **state)
{
    (void)state;
    static const char TEXT[] = CONFIG(
        CLOCK HEALPIX, "    at: {" DIGEST "source: h, params: {delta: 8}, location: w, "
                       "temporal: per-centroid}\n"
                       "    when: {function: zagg.stats.toc.cell_envelope, source: "
                       "toc_word, dtype: uint64, fill_value: 0, temporal: per-cell, "
                       "attrs: {a: b}}\n");
    attributes(TEXT, "at",
               "{" F32_PAIRS ", \"locations\": \"at_locations\"}, \"times\": "
               "\"at_times\"}");
    attributes(TEXT, "at_times",
               WORDS "\"temporal\": {\"spec\": \"zagg-toc/1\", \"shape\": "
                     "\"per-centroid\", \"grammar\": \"mortie-toc/1\"}}");
    attributes(TEXT, "when",
               "{\"temporal\": {\"spec\": \"zagg-toc/1\", \"shape\": \"per-cell\", "
               "\"grammar\": \"mortie-toc/1\"}, \"a\": \"b\"}");
}

/* The lanes and their version are zagg's to tell, wherever the config puts them. */
static void test_attributes_of_compositions(void **state)
{
    (void)state;
#define LANES                                                                            \
    "[\"land\", \"ocean\", \"sea_ice\", \"land_ice\", \"inland_water\", \"low\", "       \
    "\"med\", \"high\"]"
    attributes(CONFIG(HEALPIX, RAGGED
                      "    words: {function: max, source: w, dtype: uint64, fill_value: "
                      "0, attrs: {composition: {of: td, threshold: 2}, x: 1}}\n"),
               "words",
               "{\"composition\": {\"of\": \"td\", \"threshold\": 2, \"spec\": "
               "\"zagg-composition/1\", \"lanes\": " LANES "}, \"x\": 1}");
}

/* ---- refusals ---- */

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {CONFIG(HEALPIX, "    v: {kind: vector, trailing_shape: [1, 2, 3, 4], "
                         "expression: h}\n"),
         "aggregation.variables.v.trailing_shape: found 4 axes; at most 3"},
        {CONFIG(RECTILINEAR, "    v: {kind: vector, trailing_shape: [1, 2, 3], "
                             "expression: h}\n"),
         "found 3 axes; at most 2"},
        {CONFIG(RECTILINEAR, "    x: {function: min, source: h}\n"),
         "the name is used twice"},
        {CONFIG(DESCRIBED("EPSG:4326"), "    spatial_ref: {function: min, source: h}\n"),
         "the name is used twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        planned p;
        zagg_err err = ZAGG_ERR_INIT;
        assert_int_equal(plan_new(cases[i].text, &p, &err), ZAGG_ECONFIG);
        if (strstr(err.msg, cases[i].part) == NULL)
            fail_msg("'%s' does not hold '%s'", err.msg, cases[i].part);
        plan_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_healpix),
        cmocka_unit_test(test_members_rectilinear),
        cmocka_unit_test(test_members_of_the_older_form),
        cmocka_unit_test(test_field_attributes),
        cmocka_unit_test(test_grid_mapping),
        cmocka_unit_test(test_ragged_attributes),
        cmocka_unit_test(test_attributes_of_times),
        cmocka_unit_test(test_attributes_of_compositions),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
