/* What a good config becomes: every part of the struct, defaults and resolved values. */
#include "cfg_test.h"

#include <string.h>

static void test_source(void **state)
{
    (void)state;
    zagg_pipeline *p =
        must_load(SOURCE "  driver: https\n"
                         "  filters:\n"
                         "  - {dataset: /q, op: ne, value: -2, column: -1}\n"
                         "  - {dataset: /r, op: in, values: [1, 2.5], keep: no}\n"
                         "  read_plan: {spatial_index: segments}\n" LEVELS FIELDS OUTPUT
                         "catalog: map.json\n");
    const zagg_data_source *d = &p->data_source;
    assert_string_equal(p->name, "t.yaml");
    assert_string_equal(p->catalog, "map.json");
    assert_string_equal(d->driver, "https");
    assert_int_equal(d->n_groups, 2);
    assert_string_equal(d->groups[1], "gt1r");
    assert_string_equal(d->latitude, "/{group}/lat");
    assert_string_equal(d->longitude, "/{group}/lon");
    assert_int_equal(d->n_variables, 2);
    assert_string_equal(d->variables[1].name, "s");
    assert_string_equal(d->variables[1].path, "/{group}/s");
    assert_false(d->variables[1].has_column);
    assert_int_equal(d->n_filters, 2);
    assert_int_equal(d->filters[0].op, ZAGG_OP_NE);
    assert_true(d->filters[0].has_column && d->filters[0].column == -1);
    assert_true(d->filters[0].keep && d->filters[0].value->u.i == -2);
    assert_int_equal(d->filters[0].line, 7);
    assert_int_equal(d->filters[1].n_values, 2);
    assert_false(d->filters[1].keep);
    assert_true(d->read_plan.present && d->read_plan.pad == 1);
    assert_true(d->read_plan.full_read_threshold == 0.9);
    assert_string_equal(d->read_plan.spatial_index, "segments");
    zagg_pipeline_free(p);
}

static void test_levels(void **state)
{
    (void)state;
    zagg_pipeline *p = must_load(
        SOURCE
        "  filters:\n"
        "  - {dataset: /q, op: eq, value: 1, level: photons}\n"
        "  - {dataset: /q, op: eq, value: 1, level: segments}\n" LEVELS FIELDS OUTPUT);
    const zagg_data_source *d = &p->data_source;
    assert_string_equal(d->base_level, "photons");
    assert_int_equal(d->n_levels, 2);
    assert_true(d->levels[0].is_base && !d->levels[0].has_link);
    const zagg_level *s = &d->levels[1];
    assert_true(s->has_coordinates && s->has_link && !s->is_base);
    assert_string_equal(s->latitude, "/{group}/geo/la");
    assert_string_equal(s->longitude, "/abs/lo");
    assert_int_equal(s->n_variables, 1);
    assert_string_equal(s->variables[0].path, "/{group}/dem");
    assert_string_equal(s->link.to, "photons");
    assert_int_equal(s->link.index_base, 1);
    assert_null(d->filters[0].level); /* the base level's name means none */
    assert_string_equal(d->filters[1].level, "segments");
    zagg_pipeline_free(p);
}

static void test_quality_filter(void **state)
{
    (void)state;
    zagg_pipeline *p =
        must_load(SOURCE "  quality_filter: {dataset: /q, value: a}\n" FIELDS OUTPUT);
    assert_int_equal(p->data_source.n_filters, 1);
    assert_int_equal(p->data_source.filters[0].op, ZAGG_OP_EQ);
    assert_true(zagg_value_is(p->data_source.filters[0].value, "a"));
    zagg_pipeline_free(p);
    p = must_load(SOURCE "  quality_filter: {dataset: /q, value: 0}\n"
                         "  filters: []\n" FIELDS OUTPUT);
    assert_int_equal(p->data_source.n_filters, 0);
    zagg_pipeline_free(p);
}

static void test_column_form(void **state)
{
    (void)state;
    zagg_pipeline *p =
        must_load("data_source:\n"
                  "  variables: {h: {path: /a, column: 3}}\n" FIELDS OUTPUT);
    assert_true(p->data_source.variables[0].has_column);
    assert_int_equal(p->data_source.variables[0].column, 3);
    assert_string_equal(p->data_source.variables[0].path, "/a");
    assert_null(p->data_source.driver);
    zagg_pipeline_free(p);
}

static void test_fields(void **state)
{
    (void)state;
    zagg_pipeline *p = must_load(
        SOURCE "aggregation:\n"
               "  handoff: pandas\n"
               "  coordinates:\n"
               "    morton: {dtype: uint64, fill_value: 0}\n"
               "    other:\n"
               "  variables:\n"
               "    a: {function: np.var, source: h, params: {ddof: 1},\n"
               "        attrs: {units: m}, fill_value: .nan}\n"
               "    b: {function: min}\n"
               "    c: {kind: vector, trailing_shape: [2, 3], dtype: uint8,\n"
               "        expression: 'np.sort(h)[:6]'}\n"
               "    d: {kind: ragged, inner_shape: 2, source: h, fill_value: 0,\n"
               "        function: zagg.stats.tdigest.build_tdigest}\n" OUTPUT);
    assert_int_equal(p->handoff, ZAGG_HANDOFF_PANDAS);
    assert_int_equal(p->n_coordinates, 2);
    assert_int_equal(p->coordinates[0].dtype, ZAGG_DT_U64);
    assert_true(p->coordinates[0].fill->u.i == 0);
    assert_int_equal(p->coordinates[1].dtype, ZAGG_DT_F32);
    assert_null(p->coordinates[1].fill);
    assert_int_equal(p->n_fields, 4);
    const zagg_field *f = p->fields;
    assert_string_equal(f[0].function, "np.var");
    assert_true(f[0].source_given);
    assert_true(zagg_value_get(f[0].params, "ddof")->u.i == 1);
    assert_true(zagg_value_is(zagg_value_get(f[0].attrs, "units"), "m"));
    assert_true(zagg_value_is(f[0].fill, "NaN"));
    assert_int_equal(f[0].line, 11);
    assert_string_equal(f[1].source, "h_li");
    assert_false(f[1].source_given);
    assert_int_equal(f[1].dtype, ZAGG_DT_F32);
    assert_int_equal(f[2].kind, ZAGG_FIELD_VECTOR);
    assert_true(f[2].n_shape == 2 && f[2].shape[0] == 2 && f[2].shape[1] == 3);
    assert_int_equal(f[3].kind, ZAGG_FIELD_RAGGED);
    assert_true(f[3].n_shape == 1 && f[3].shape[0] == 2);
    zagg_pipeline_free(p);
}

static zagg_output output_of(const char *output)
{
    char text[2048];
    int n = snprintf(text, sizeof text, "%s%s%s", SOURCE, FIELDS, output);
    assert_true(n > 0 && (size_t)n < sizeof text);
    zagg_pipeline *p = must_load(text);
    zagg_output o = p->output;
    o.grid_type = o.crs = o.store = o.product_name = NULL; /* gone with the pipeline */
    zagg_pipeline_free(p);
    return o;
}

static void test_healpix(void **state)
{
    (void)state;
    zagg_output o =
        output_of("output: {grid: {type: healpix, parent_order: 11, child_order: 19}}\n");
    assert_true(o.sharded && !o.sharded_given);
    assert_int_equal(o.chunk_inner, 13); /* child_order - 6 */
    assert_int_equal(o.store_layout, ZAGG_LAYOUT_HIVE);
    assert_false(o.store_layout_given || o.consolidate_metadata || o.emit_cell_ids);
    assert_int_equal(o.latitude, ZAGG_LATITUDE_AUTHALIC);
    assert_false(o.latitude_given);
    o = output_of("output: {grid: {type: healpix, parent_order: 8, child_order: 14}}\n");
    assert_int_equal(o.chunk_inner, -1); /* 8 is not above parent_order */
    assert_true(o.sharded);
    o = output_of("output: {store_layout: flat, grid: {type: healpix, parent_order: 11,\n"
                  "  child_order: 19, sharded: false, latitude: geodetic,\n"
                  "  emit_cell_ids: true}}\n");
    assert_int_equal(o.chunk_inner, -1);
    assert_true(!o.sharded && o.sharded_given && o.emit_cell_ids && o.latitude_given);
    assert_int_equal(o.latitude, ZAGG_LATITUDE_GEODETIC);
    assert_int_equal(o.store_layout, ZAGG_LAYOUT_FLAT);
}

static void test_compat(void **state)
{
    (void)state;
    zagg_output o = output_of("output: {compat: zagg-0.11, grid: {type: healpix,\n"
                              "  parent_order: 11, child_order: 19}}\n");
    assert_int_equal(o.compat, ZAGG_COMPAT_0_11);
    assert_false(o.sharded);
    assert_int_equal(o.chunk_inner, -1);
    assert_int_equal(o.store_layout, ZAGG_LAYOUT_FLAT);
    assert_int_equal(o.latitude, ZAGG_LATITUDE_GEODETIC);
    assert_true(o.consolidate_metadata);
    assert_false(o.emit_cell_ids); /* not declared */
    zagg_pipeline *p = must_load(
        SOURCE FIELDS "  coordinates: {cell_ids: {dtype: uint64, fill_value: 0}}\n"
                      "output: {compat: zagg-0.11, grid: {type: healpix,\n"
                      "  parent_order: 11, child_order: 19}}\n");
    assert_true(p->output.emit_cell_ids);
    zagg_pipeline_free(p);
}

static void test_rectilinear(void **state)
{
    (void)state;
    zagg_output o = output_of("output: {grid: {type: rectilinear, crs: 'EPSG:4326',\n"
                              "  resolution: 0.5, bounds: [-10, 0, 10, 5.5]}}\n");
    assert_true(o.resolution[0] == 0.5 && o.resolution[1] == 0.5);
    assert_true(o.bounds[0] == -10 && o.bounds[3] == 5.5);
    assert_true(o.chunk_shape[0] == 256 && o.chunk_shape[1] == 256);
    assert_true(o.rect_chunk_inner[0] == 0 && o.rect_chunk_inner[1] == 0);
    assert_false(o.sharded || o.cf);
    assert_int_equal(o.store_layout, ZAGG_LAYOUT_FLAT);
    o = output_of("output: {grid: {type: rectilinear, crs: 'EPSG:4326', cf: true,\n"
                  "  resolution: 0.5, bounds: [-10, 0, 10, 5.5]}}\n");
    assert_true(o.cf);
    zagg_pipeline *p =
        must_load(SOURCE FIELDS "output: {store: ./s.zarr, product_name: atl03,\n"
                                "  grid: {type: rectilinear, crs: 4326, sharded: true,\n"
                                "  resolution: [1, 2], bounds: [0, 0, 9, 9],\n"
                                "  chunk_shape: [8, 4], chunk_inner: [4, 4]}}\n");
    assert_string_equal(p->output.crs, "EPSG:4326");
    assert_string_equal(p->output.store, "./s.zarr");
    assert_string_equal(p->output.product_name, "atl03");
    assert_true(p->output.sharded && p->output.resolution[1] == 2);
    assert_true(p->output.rect_chunk_inner[0] == 4);
    zagg_pipeline_free(p);
}

static void test_no_grid(void **state)
{
    (void)state;
    zagg_pipeline *p = must_load(SOURCE FIELDS "output: {store: ./x.zarr}\n");
    assert_null(p->output.grid_type);
    assert_int_equal(p->output.child_order, -1);
    zagg_pipeline_free(p);
}

static void test_file(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = NULL;
    const char *path = source_path("src/cfg/builtin/atl03.yaml");
    assert_int_equal(zagg_pipeline_load(path, NULL, &p, &err), ZAGG_OK);
    assert_string_equal(p->name, path);
    zagg_pipeline_free(p);
    p = NULL;
    assert_int_equal(zagg_pipeline_load("/nonexistent.yaml", NULL, &p, &err),
                     ZAGG_ENOTFOUND);
    assert_non_null(strstr(err.msg, "/nonexistent.yaml"));
    assert_int_equal(zagg_pipeline_load("/", NULL, &p, &err), ZAGG_EIO);
    assert_null(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source),         cmocka_unit_test(test_levels),
        cmocka_unit_test(test_quality_filter), cmocka_unit_test(test_column_form),
        cmocka_unit_test(test_fields),         cmocka_unit_test(test_healpix),
        cmocka_unit_test(test_compat),         cmocka_unit_test(test_rectilinear),
        cmocka_unit_test(test_no_grid),        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
