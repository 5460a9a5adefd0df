/* Parquet files read back by carquet: types, values, nulls, lists, metadata, row groups.
 * Other readers stand beside it in the peer tests. */
#include "fixture.h"

#include <carquet/carquet.h>
#include <math.h>
#include <string.h>

static carquet_reader_t *write_and_open(sample *s, size_t times)
{
    carquet_error_t error = CARQUET_ERROR_INIT;
    const char *path = sample_path(s, "t.parquet");
    sample_write(s, (zg_table_options){ZG_TABLE_PARQUET, path, false, false}, times);
    carquet_reader_t *reader = carquet_reader_open(path, NULL, &error);
    if (reader == NULL)
        fail_msg("%s", error.message);
    assert_int_equal(carquet_reader_num_rows(reader), times * SAMPLE_ROWS);
    assert_int_equal(carquet_reader_num_columns(reader), SAMPLE_COLUMNS);
    return reader;
}

/* Values of the first rows of a column; of nulls nothing. */
static int64_t read_column(carquet_reader_t *reader, const char *name, void *values,
                           int64_t max, int16_t *def, int16_t *rep)
{
    const carquet_schema_t *schema = carquet_reader_schema(reader);
    const int32_t column = carquet_schema_find_column(schema, name);
    assert_true(column >= 0);
    carquet_column_reader_t *c = carquet_reader_get_column(reader, 0, column, NULL);
    assert_non_null(c);
    const int64_t n = carquet_column_read_batch(c, values, max, def, rep);
    carquet_column_reader_free(c);
    return n;
}

static void test_numbers(void **state)
{
    carquet_reader_t *reader = write_and_open(*state, 1);
    int32_t i32[3];
    int64_t i64[3];
    float f32[3];
    double f64[3];
    int16_t def[3];
    assert_int_equal(read_column(reader, "i16", i32, 3, NULL, NULL), 3);
    assert_int_equal(i32[0], -32768);
    assert_int_equal(i32[2], 32767);
    assert_int_equal(read_column(reader, "u8", i32, 3, NULL, NULL), 3);
    assert_int_equal(i32[2], 255);
    assert_int_equal(read_column(reader, "i64", i64, 3, NULL, NULL), 3);
    assert_true(i64[0] == INT64_MIN && i64[2] == INT64_MAX);
    assert_int_equal(read_column(reader, "u64", i64, 3, NULL, NULL), 3);
    assert_true((uint64_t)i64[1] == UINT64_C(0x8000000000000001));
    assert_int_equal(read_column(reader, "f32", f32, 3, NULL, NULL), 3);
    assert_true(f32[0] == 0.1F && isnan(f32[1]) && isinf(f32[2]));
    assert_int_equal(read_column(reader, "f64", f64, 3, def, NULL), 3);
    assert_true(f64[0] == 0.1 && isnan(f64[1])); /* packed: the second row is null */
    assert_true(def[0] == 1 && def[1] == 0 && def[2] == 1);
    assert_int_equal(read_column(reader, "i8", i32, 3, def, NULL), 3);
    assert_true(i32[0] == -128 && i32[1] == 127 && def[1] == 0);
    carquet_reader_close(reader);
}

static void check_type(carquet_reader_t *reader, const char *name, int8_t bits,
                       bool is_signed)
{
    const carquet_schema_t *schema = carquet_reader_schema(reader);
    for (int32_t i = 0; i < carquet_schema_num_elements(schema); i++) {
        const carquet_schema_node_t *node = carquet_schema_get_element(schema, i);
        if (strcmp(carquet_schema_node_name(node), name) != 0)
            continue;
        const carquet_logical_type_t *t = carquet_schema_node_logical_type(node);
        assert_non_null(t);
        assert_int_equal(t->id, CARQUET_LOGICAL_INTEGER);
        assert_int_equal(t->params.integer.bit_width, bits);
        assert_int_equal(t->params.integer.is_signed, is_signed);
        return;
    }
    fail_msg("no column %s", name);
}

static void test_types(void **state)
{
    carquet_reader_t *reader = write_and_open(*state, 1);
    check_type(reader, "i8", 8, true);
    check_type(reader, "u8", 8, false);
    check_type(reader, "i16", 16, true);
    check_type(reader, "i32", 32, true);
    check_type(reader, "i64", 64, true);
    check_type(reader, "u64", 64, false);
    carquet_reader_close(reader);
}

static void test_texts_and_lists(void **state)
{
    sample *s = *state;
    carquet_reader_t *reader = write_and_open(s, 1);
    carquet_byte_array_t texts[3];
    float list[4];
    int16_t def[4], rep[4];
    const carquet_schema_t *schema = carquet_reader_schema(reader);
    carquet_column_reader_t *c = carquet_reader_get_column(
        reader, 0, carquet_schema_find_column(schema, "geometry"), NULL);
    assert_int_equal(carquet_column_read_batch(c, texts, 3, def, NULL), 3);
    assert_true(def[0] == 1 && def[1] == 0 && def[2] == 1);
    assert_int_equal(texts[1].length, s->shapes[2].len);
    assert_memory_equal(texts[1].data, s->shapes[2].data, s->shapes[2].len);
    carquet_column_reader_free(c);
    /* the leaf of a list is the last but one */
    c = carquet_reader_get_column(reader, 0, SAMPLE_COLUMNS - 2, NULL);
    assert_int_equal(carquet_column_read_batch(c, list, 4, def, rep), 4);
    const int16_t starts[] = {0, 1, 0, 0};
    assert_memory_equal(rep, starts, sizeof starts);
    assert_true(list[0] == 0.1F && list[1] == -2.5F && list[2] == 1e20F);
    assert_true(def[2] < def[0] && def[2] > 0); /* empty, and not null */
    carquet_column_reader_free(c);
    carquet_reader_close(reader);
}

static const char *metadata(carquet_reader_t *reader, const char *key)
{
    for (int32_t i = 0; i < carquet_reader_num_metadata(reader); i++) {
        const char *found = NULL, *value = NULL;
        assert_int_equal(carquet_reader_get_metadata(reader, i, &found, &value),
                         CARQUET_OK);
        if (strcmp(found, key) == 0)
            return value;
    }
    fail_msg("no metadata %s", key);
    return NULL;
}

static void test_metadata(void **state)
{
    sample *s = *state;
    carquet_reader_t *reader = write_and_open(s, 1);
    assert_string_equal(metadata(reader, "zagg"), "{\"a\": 1}");
    assert_string_equal(metadata(reader, "geo"),
                        "{\"version\":\"1.1.0\",\"primary_column\":\"geometry\","
                        "\"columns\":{\"geometry\":{\"encoding\":\"WKB\","
                        "\"geometry_types\":[\"Polygon\",\"MultiPolygon\"],"
                        "\"orientation\":\"counterclockwise\","
                        "\"bbox\":[-180.0,-1.0,180.0,2.0]}}}");
    carquet_reader_close(reader);
    assert_int_equal(remove(s->path), 0);
    s->schema.crs_json = "{\"id\":5}";
    reader = write_and_open(s, 0);
    assert_string_equal(metadata(reader, "geo"),
                        "{\"version\":\"1.1.0\",\"primary_column\":\"geometry\","
                        "\"columns\":{\"geometry\":{\"encoding\":\"WKB\","
                        "\"geometry_types\":[],\"crs\":{\"id\":5}}}}");
    carquet_reader_close(reader);
}

static void test_row_groups(void **state)
{
    carquet_reader_t *reader = write_and_open(*state, 100000);
    const int32_t groups = carquet_reader_num_row_groups(reader);
    int64_t rows = 0;
    assert_true(groups >= 3);
    for (int32_t i = 0; i < groups; i++) {
        carquet_row_group_metadata_t m;
        assert_int_equal(carquet_reader_row_group_metadata(reader, i, &m), CARQUET_OK);
        assert_true(m.num_rows > 0 && m.num_rows <= ZG_TABLE_MAX_ROWS);
        assert_true(m.total_byte_size <= ZG_TABLE_GROUP_BYTES);
        rows += m.num_rows;
    }
    assert_int_equal(rows, 300000);
    carquet_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_types, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_texts_and_lists, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_metadata, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_row_groups, sample_open, sample_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
