/* The text formats, letter by letter, and what happens when the file cannot be written.
 */
#include "export/export.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const zg_column COLUMNS[] = {
    {"cell", ZG_COLUMN_TEXT, ZAGG_DT_NONE}, {"n,o", ZG_COLUMN_SCALAR, ZAGG_DT_U64},
    {"f", ZG_COLUMN_SCALAR, ZAGG_DT_F32},   {"small", ZG_COLUMN_SCALAR, ZAGG_DT_I8},
    {"in", ZG_COLUMN_SCALAR, ZAGG_DT_BOOL}, {"list", ZG_COLUMN_LIST, ZAGG_DT_F32},
};
enum { N_COLUMNS = sizeof COLUMNS / sizeof COLUMNS[0], ROWS = 2 };

typedef struct sample {
    const char *texts[ROWS];
    uint64_t words[ROWS];
    float f[ROWS];
    int8_t small[ROWS];
    uint8_t in[ROWS];
    float list[3];
    int32_t offsets[ROWS + 1];
    zg_shape shapes[ROWS];
    zg_values values[N_COLUMNS];
} sample;

static void make_sample(sample *s)
{
    *s = (sample){.texts = {"-31123", "a \"b\",c"},
                  .words = {UINT64_MAX, 0},
                  .f = {0.1f, NAN},
                  .small = {-128, 127},
                  .in = {1, 0},
                  .list = {1.5f, -0.0f, INFINITY},
                  .offsets = {0, 3, 3}};
    zg_shape_of_box(0, 0, 1, 2, &s->shapes[0]);
    const double lat[4] = {1, 0, -1, 0}, lon[4] = {180, 179, 180, -179};
    zg_shape_of_corners(lat, lon, &s->shapes[1]);
    s->values[0].texts = s->texts;
    s->values[1].data = s->words;
    s->values[2].data = s->f;
    s->values[3].data = s->small;
    s->values[4].data = s->in;
    s->values[5].data = s->list;
    s->values[5].offsets = s->offsets;
}

static zagg_status write_sample(zg_writer_open open, FILE *file, zagg_err *err)
{
    static const zg_layout LAYOUT = {
        .columns = COLUMNS, .n_columns = N_COLUMNS, .geometry = true};
    sample s;
    zg_writer *w = NULL;
    make_sample(&s);
    const zg_batch batch = {ROWS, s.values, s.shapes};
    zagg_status status = open(&LAYOUT, file, &w, err);
    if (status == ZAGG_OK)
        status = w->ops->batch(w, &batch, err);
    if (status == ZAGG_OK)
        status = w->ops->end(w, err);
    if (w != NULL)
        w->ops->free(w);
    return status;
}

static void expect(zg_writer_open open, const char *want)
{
    char *text = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    const zagg_status status = write_sample(open, file, &err);
    assert_int_equal(fclose(file), 0);
    if (status != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(text, want);
    free(text);
}

static void csv(void **state)
{
    (void)state;
    expect(zg_csv_open,
           "cell,\"n,o\",f,small,in,list,geometry\n"
           "-31123,18446744073709551615,0.1,-128,true,\"[1.5,-0.0,null]\","
           "\"POLYGON ((0.0 0.0, 1.0 0.0, 1.0 2.0, 0.0 2.0, 0.0 0.0))\"\n"
           "\"a \"\"b\"\",c\",0,,127,false,\"[]\","
           "\"MULTIPOLYGON (((180.0 1.0, 179.0 0.0, 180.0 -1.0, 180.0 1.0)), "
           "((-180.0 1.0, -180.0 -1.0, -179.0 0.0, -180.0 1.0)))\"\n");
}

static void geojson(void **state)
{
    (void)state;
    expect(
        zg_geojson_open,
        "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
        "[[[0.0,0.0],[1.0,0.0],[1.0,2.0],[0.0,2.0],[0.0,0.0]]]},\"properties\":{"
        "\"cell\":\"-31123\",\"n,o\":18446744073709551615,\"f\":0.1,\"small\":-128,"
        "\"in\":true,\"list\":[1.5,-0.0,null]}}\n"
        "{\"type\":\"Feature\",\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":"
        "[[[[180.0,1.0],[179.0,0.0],[180.0,-1.0],[180.0,1.0]]],"
        "[[[-180.0,1.0],[-180.0,-1.0],[-179.0,0.0],[-180.0,1.0]]]]},\"properties\":{"
        "\"cell\":\"a \\\"b\\\",c\",\"n,o\":0,\"f\":null,\"small\":127,\"in\":false,"
        "\"list\":[]}}\n");
}

/* Not built with carquet: a printed skip for users, a failure in CI. */
static void parquet(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    unsigned char magic[4] = {0};
    FILE *file = tmpfile();
    assert_non_null(file);
    const zagg_status status = write_sample(zg_parquet_open, file, &err);
    if (status == ZAGG_EUNSUPPORTED) {
        fclose(file);
        print_message("skipped: %s\n", err.msg);
        assert_null(getenv("CI"));
        skip();
    }
    assert_int_equal(status, ZAGG_OK);
    rewind(file);
    assert_int_equal(fread(magic, 1, 4, file), 4);
    assert_memory_equal(magic, "PAR1", 4);
    fclose(file);
}

static void full_disk(void **state)
{
    (void)state;
    static const zg_writer_open OPENS[] = {zg_csv_open, zg_geojson_open, zg_parquet_open};
    for (size_t i = 0; i < 3; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        FILE *file = fopen("/dev/full", "wb");
        assert_non_null(file);
        setvbuf(file, NULL, _IONBF, 0);
        const zagg_status status = write_sample(OPENS[i], file, &err);
        assert_true(status == ZAGG_EIO || status == ZAGG_EUNSUPPORTED);
        assert_non_null(strstr(err.msg, i < 2 ? "No space left on device" : ""));
        fclose(file);
    }
}

static void without_memory(void **state)
{
    (void)state;
    static const zg_writer_open OPENS[] = {zg_csv_open, zg_geojson_open};
    for (size_t i = 0; i < 2; i++) {
        bool done = false;
        for (int64_t nth = 1; !done; nth++) {
            zagg_err err = ZAGG_ERR_INIT;
            FILE *file = fopen("/dev/null", "wb");
            assert_non_null(file);
            zg_alloc_fail_nth(nth);
            const zagg_status status = write_sample(OPENS[i], file, &err);
            zg_alloc_fail_nth(0);
            done = status == ZAGG_OK;
            assert_true(done || status == ZAGG_ENOMEM);
            fclose(file);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv),
        cmocka_unit_test(geojson),
        cmocka_unit_test(parquet),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
