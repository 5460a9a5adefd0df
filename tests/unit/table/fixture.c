#include "fixture.h"

#include "table/wkb.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const uint8_t FLAGS[] = {1, 0, 1}, U8[] = {0, 7, 255};
static const int8_t I8[] = {-128, -1, 127};
static const int16_t I16[] = {-32768, 0, 32767};
static const int32_t I32[] = {INT32_MIN, 0, INT32_MAX};
static const int64_t I64[] = {INT64_MIN, 0, INT64_MAX};
static const uint64_t U64[] = {0, UINT64_C(0x8000000000000001), UINT64_MAX};
static const float F32_LISTS[] = {0.1F, -2.5F, 1e20F};
static const uint32_t OFFSETS[] = {0, 2, 2, 3};
static const uint8_t SECOND[] = {0, 1, 0};

static void add_columns(sample *s, const float *f32, const double *f64)
{
    const zg_table_column columns[SAMPLE_COLUMNS] = {
        {"name", ZG_COLUMN_TEXT, ZAGG_DT_NONE, false, false},
        {"flag", ZG_COLUMN_NUMBER, ZAGG_DT_BOOL, false, true},
        {"i8", ZG_COLUMN_NUMBER, ZAGG_DT_I8, false, true},
        {"u8", ZG_COLUMN_NUMBER, ZAGG_DT_U8, false, false},
        {"i16", ZG_COLUMN_NUMBER, ZAGG_DT_I16, false, false},
        {"i32", ZG_COLUMN_NUMBER, ZAGG_DT_I32, false, false},
        {"i64", ZG_COLUMN_NUMBER, ZAGG_DT_I64, false, false},
        {"u64", ZG_COLUMN_NUMBER, ZAGG_DT_U64, false, false},
        {"f32", ZG_COLUMN_NUMBER, ZAGG_DT_F32, false, false},
        {"f64", ZG_COLUMN_NUMBER, ZAGG_DT_F64, false, true},
        {"list", ZG_COLUMN_NUMBER, ZAGG_DT_F32, true, true},
        {"geometry", ZG_COLUMN_GEOMETRY, ZAGG_DT_NONE, false, true},
    };
    const zg_table_values values[SAMPLE_COLUMNS] = {
        {.texts = s->texts},
        {.data = FLAGS, .null = SECOND},
        {.data = I8, .null = SECOND},
        {.data = U8},
        {.data = I16},
        {.data = I32},
        {.data = I64},
        {.data = U64},
        {.data = f32},
        {.data = f64, .null = SECOND},
        {.data = F32_LISTS, .offsets = OFFSETS, .null = NULL},
        {.texts = s->shapes, .null = SECOND},
    };
    memcpy(s->columns, columns, sizeof columns);
    memcpy(s->values, values, sizeof values);
}

static void add_shapes(sample *s)
{
    const double one[] = {0, 0, 1, 0, 0.5, 2},
                 two[] = {179, -1, 180, 0, 179, 1, -180, 0, -179.5, -1, -179, 1};
    const size_t corners[] = {3, 3};
    zg_str_init(&s->wkb, 0);
    zg_wkb_add_polygons(&s->wkb, one, corners, 1);
    const size_t len = s->wkb.len;
    zg_wkb_add_polygons(&s->wkb, two, corners, 2);
    assert_false(s->wkb.failed);
    s->shapes[0] = (zagg_bytes_view){s->wkb.data, len};
    s->shapes[2] = (zagg_bytes_view){s->wkb.data + len, s->wkb.len - len};
}

int sample_open(void **state)
{
    static float f32[SAMPLE_ROWS] = {0.1F, 0, -INFINITY};
    static double f64[SAMPLE_ROWS] = {0.1, 0, 0};
    static const zg_table_pair METADATA[] = {{"zagg", "{\"a\": 1}"}};
    sample *s = zg_alloc(1, sizeof *s);
    f32[1] = NAN;
    f64[2] = (double)NAN;
    s->folder = make_temp_dir();
    s->texts[0] = (zagg_bytes_view){"plain", 5};
    s->texts[1] = (zagg_bytes_view){"a \"quote\", and\nmore", 19};
    s->texts[2] = (zagg_bytes_view){"", 0};
    add_shapes(s);
    add_columns(s, f32, f64);
    s->schema = (zg_table_schema){.n_columns = SAMPLE_COLUMNS,
                                  .columns = s->columns,
                                  .n_metadata = 1,
                                  .metadata = METADATA};
    *state = s;
    return 0;
}

int sample_close(void **state)
{
    sample *s = *state;
    remove_tree(s->folder);
    zg_free(s->folder);
    zg_str_free(&s->wkb);
    zg_free(s);
    return 0;
}

const char *sample_path(sample *s, const char *name)
{
    snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
    return s->path;
}

void sample_write(sample *s, zg_table_options options, size_t times)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_table_writer *w = NULL;
    if (zg_table_open(&options, &s->schema, &w, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < times; i++)
        if (zg_table_write(w, SAMPLE_ROWS, s->values, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
    assert_int_equal(zg_table_rows(w), times * SAMPLE_ROWS);
    if (zg_table_close(w, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

char *sample_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *len = (size_t)ftell(f);
    rewind(f);
    char *text = zg_alloc(*len + 1, 1);
    assert_int_equal(fread(text, 1, *len, f), *len);
    fclose(f);
    return text;
}

size_t sample_files(const sample *s)
{
    size_t n = 0;
    DIR *d = opendir(s->folder);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}
