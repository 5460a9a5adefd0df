/* CSV and NDJSON, byte for byte; many rows, compressed. */
#include "fixture.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

static const char CSV_HEAD[] = "name,flag,i8,u8,i16,i32,i64,u64,f32,f64,list,geometry\n";
static const char CSV_ROWS[] =
    "plain,true,-128,0,-32768,-2147483648,-9223372036854775808,0,0.1,0.1,\"[0.1,-2.5]\","
    "\"POLYGON ((0 0,1 0,0.5 2,0 0))\"\n"
    "\"a \"\"quote\"\", and\nmore\",,,7,0,0,0,9223372036854775809,nan,,[],\n"
    "\"\",true,127,255,32767,2147483647,9223372036854775807,18446744073709551615,-inf,"
    "nan,"
    "[1e+20],\"MULTIPOLYGON (((179 -1,180 0,179 1,179 -1)),"
    "((-180 0,-179.5 -1,-179 1,-180 0)))\"\n";
static const char NDJSON_ROWS[] =
    "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[0.0,0.0],[1.0,0.0],[0.5,2.0],[0.0,0.0]]]},\"properties\":{\"name\":\"plain\","
    "\"flag\":true,\"i8\":-128,\"u8\":0,\"i16\":-32768,\"i32\":-2147483648,"
    "\"i64\":-9223372036854775808,\"u64\":\"0\",\"f32\":0.1,\"f64\":0.1,"
    "\"list\":[0.1,-2.5]}}\n"
    "{\"type\":\"Feature\",\"geometry\":null,\"properties\":{"
    "\"name\":\"a \\\"quote\\\", and\\nmore\",\"flag\":null,\"i8\":null,\"u8\":7,"
    "\"i16\":0,\"i32\":0,\"i64\":0,\"u64\":\"9223372036854775809\",\"f32\":null,"
    "\"f64\":null,\"list\":[]}}\n"
    "{\"type\":\"Feature\",\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":"
    "[[[[179.0,-1.0],[180.0,0.0],[179.0,1.0],[179.0,-1.0]]],"
    "[[[-180.0,0.0],[-179.5,-1.0],[-179.0,1.0],[-180.0,0.0]]]]},\"properties\":{"
    "\"name\":\"\",\"flag\":true,\"i8\":127,\"u8\":255,\"i16\":32767,"
    "\"i32\":2147483647,\"i64\":9223372036854775807,\"u64\":\"18446744073709551615\","
    "\"f32\":null,\"f64\":null,\"list\":[1e+20]}}\n";

/* The head and then the rows, `times` times. */
static void check_text(const char *text, size_t len, const char *head, const char *rows,
                       size_t times)
{
    const size_t head_len = strlen(head), rows_len = strlen(rows);
    if (times == 1) {
        assert_memory_equal(text, head, head_len);
        assert_string_equal(text + head_len, rows);
    }
    assert_int_equal(len, head_len + times * rows_len);
    assert_memory_equal(text, head, head_len);
    for (size_t i = 0; i < times; i++)
        assert_memory_equal(text + head_len + i * rows_len, rows, rows_len);
}

static void check_file(sample *s, zg_table_format format, const char *name,
                       const char *head, const char *rows, size_t times)
{
    const char *path = sample_path(s, name);
    size_t len;
    sample_write(s, (zg_table_options){format, path, false, false}, times);
    char *text = sample_read(path, &len);
    check_text(text, len, head, rows, times);
    zg_free(text);
}

static void test_csv(void **state)
{
    check_file(*state, ZG_TABLE_CSV, "t.csv", CSV_HEAD, CSV_ROWS, 1);
    check_file(*state, ZG_TABLE_CSV, "many.csv", CSV_HEAD, CSV_ROWS, 20000);
    check_file(*state, ZG_TABLE_CSV, "none.csv", CSV_HEAD, CSV_ROWS, 0);
    assert_int_equal(sample_files(*state), 3); /* and nothing beside them */
}

static void test_ndjson(void **state)
{
    check_file(*state, ZG_TABLE_NDJSON, "t.ndjson", "", NDJSON_ROWS, 1);
    check_file(*state, ZG_TABLE_NDJSON, "many.ndjson", "", NDJSON_ROWS, 5000);
}

/* Every line is one JSON object. */
static void test_ndjson_parses(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    for (const char *at = NDJSON_ROWS; *at != '\0';) {
        const size_t len = strcspn(at, "\n");
        const zagg_value *v = NULL;
        if (zagg_json_parse(arena, at, len, "line", &v, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        assert_non_null(zagg_value_get(v, "properties"));
        at += len + 1;
    }
    zagg_arena_free(arena);
}

/* Members one after another, as gunzip reads them. */
static void test_gzip(void **state)
{
    sample *s = *state;
    const size_t times = 20000;
    const size_t expected = strlen(CSV_HEAD) + times * strlen(CSV_ROWS);
    size_t len, at = 0, done = 0, members = 0;
    sample_write(
        s, (zg_table_options){ZG_TABLE_CSV, sample_path(s, "t.csv.gz"), true, false},
        times);
    char *packed = sample_read(sample_path(s, "t.csv.gz"), &len);
    char *text = zg_alloc(expected + 1, 1);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    for (; at < len; members++) {
        size_t used = 0, got = 0;
        assert_int_equal(libdeflate_gzip_decompress_ex(d, packed + at, len - at,
                                                       text + done, expected - done,
                                                       &used, &got),
                         LIBDEFLATE_SUCCESS);
        at += used;
        done += got;
    }
    assert_true(members > 1);
    check_text(text, done, CSV_HEAD, CSV_ROWS, times);
    libdeflate_free_decompressor(d);
    zg_free(text);
    zg_free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_csv, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_ndjson, sample_open, sample_close),
        cmocka_unit_test(test_ndjson_parses),
        cmocka_unit_test_setup_teardown(test_gzip, sample_open, sample_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
