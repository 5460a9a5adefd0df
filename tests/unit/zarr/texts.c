/* Texts of zarr.json against those that upstream wrote
 * (tests/golden/data/zarr_texts.json). */
#include "fixture.h"

#include <math.h>
#include <string.h>

typedef struct texts {
    zagg_arena *arena;
    const zagg_value *golden;
} texts;

static int open_texts(void **state)
{
    texts *t = zg_alloc(1, sizeof *t);
    assert_non_null(t);
    assert_int_equal(zagg_arena_new(0, &t->arena, NULL), ZAGG_OK);
    t->golden = golden_json(t->arena, source_path("tests/golden/data/zarr_texts.json"));
    *state = t;
    return 0;
}

static int close_texts(void **state)
{
    texts *t = *state;
    zagg_arena_free(t->arena);
    zg_free(t);
    return 0;
}

static void expect_text(const texts *t, const char *name, char *text, size_t len)
{
    const zagg_value *expected = zagg_value_get(t->golden, name);
    assert_non_null(expected);
    assert_string_equal(text, expected->str);
    assert_int_equal(len, expected->str_len);
    zagg_bytes_free(text);
}

static void expect_array(const texts *t, const zagg_zarr_array *a)
{
    char *text = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_zarr_array_json(a, &text, &len, &err) != ZAGG_OK)
        fail_msg("%s: %s", a->name, err.msg);
    expect_text(t, a->name, text, len);
}

/* A 1-D array of 4 in chunks of 2 with the bytes of one element as its fill. */
static zagg_zarr_array small_array(const char *name, zagg_dtype dtype, const void *fill)
{
    zagg_zarr_array a = {.name = name,
                         .dtype = dtype,
                         .rank = 1,
                         .shape = {4},
                         .chunk = {2},
                         .dim_names = {"cells"}};
    memcpy(a.fill, fill, zagg_dtype_size(dtype));
    return a;
}

static void arrays_of_the_benchmark_configs(void **state)
{
    const texts *t = *state;
    zagg_zarr_array ids = {.name = "cell_ids",
                           .dtype = ZAGG_DT_U64,
                           .rank = 1,
                           .shape = {UINT64_C(3298534883328)},
                           .chunk = {4096},
                           .dim_names = {"cells"}};
    zagg_zarr_array counts = {.name = "waveform_counts",
                              .dtype = ZAGG_DT_U32,
                              .rank = 2,
                              .shape = {UINT64_C(3298534883328), 128},
                              .chunk = {4096, 128},
                              .sharded = true,
                              .shard = {65536, 128},
                              .dim_names = {"cells", "vector"}};
    zagg_zarr_array gain = {.name = "gain_h",
                            .dtype = ZAGG_DT_F32,
                            .rank = 2,
                            .shape = {16, 16},
                            .chunk = {1, 1},
                            .dim_names = {"chunk_y", "chunk_x"}};
    zagg_zarr_array x = {
        .name = "x",
        .dtype = ZAGG_DT_F64,
        .rank = 1,
        .shape = {1200},
        .chunk = {1200},
        .dim_names = {"x"},
        .attributes_json =
            "{\"standard_name\":\"projection_x_coordinate\", \"units\" : \"m\"}"};
    const float nan_fill = NAN;
    memcpy(gain.fill, &nan_fill, sizeof nan_fill);
    expect_array(t, &ids);
    expect_array(t, &counts);
    expect_array(t, &gain);
    expect_array(t, &x);
}

static void groups(void **state)
{
    const texts *t = *state;
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    assert_int_equal(zagg_zarr_group_json(NULL, &text, &len, &err), ZAGG_OK);
    expect_text(t, "root", text, len);
    const char *attributes = "{\"crs\": \"EPSG:32618\", \"resolution\": [10.0, 10.0],"
                             "\"bounds\": [358300.0, 4299600.0, 370300.0, 4311600.0]}";
    assert_int_equal(zagg_zarr_group_json(attributes, &text, &len, &err), ZAGG_OK);
    expect_text(t, "group", text, len);
}

static void one_byte_types_have_no_byte_order(void **state)
{
    const texts *t = *state;
    const uint8_t yes = 1;
    zagg_zarr_array flag = small_array("flag", ZAGG_DT_BOOL, &yes);
    zagg_zarr_array quality = {.name = "quality",
                               .dtype = ZAGG_DT_U8,
                               .rank = 2,
                               .shape = {6, 4},
                               .chunk = {1, 2},
                               .sharded = true,
                               .shard = {3, 4},
                               .fill = {255},
                               .dim_names = {"y", "x"}};
    expect_array(t, &flag);
    expect_array(t, &quality);
}

static void fills_of_floats(void **state)
{
    const texts *t = *state;
    const float f32[] = {0.1F, -INFINITY, -0.0F};
    const double f64[] = {(double)INFINITY, -9999.0, 1e20, 1e-5};
    zagg_zarr_array arrays[] = {small_array("height", ZAGG_DT_F32, &f32[0]),
                                small_array("bottom", ZAGG_DT_F32, &f32[1]),
                                small_array("minus_zero", ZAGG_DT_F32, &f32[2]),
                                small_array("top", ZAGG_DT_F64, &f64[0]),
                                small_array("missing", ZAGG_DT_F64, &f64[1]),
                                small_array("huge", ZAGG_DT_F64, &f64[2]),
                                small_array("tiny", ZAGG_DT_F64, &f64[3])};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        expect_array(t, &arrays[i]);
}

static void fills_of_integers(void **state)
{
    const texts *t = *state;
    const int64_t least = INT64_MIN;
    const uint64_t most = UINT64_MAX;
    const int8_t small = -128;
    const int16_t minus_five = -5;
    const uint16_t word = 7;
    zagg_zarr_array arrays[] = {small_array("least", ZAGG_DT_I64, &least),
                                small_array("most", ZAGG_DT_U64, &most),
                                small_array("small", ZAGG_DT_I8, &small),
                                small_array("short", ZAGG_DT_I16, &minus_five),
                                small_array("word", ZAGG_DT_U16, &word)};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        expect_array(t, &arrays[i]);
}

static void names_and_attributes(void **state)
{
    const texts *t = *state;
    const uint32_t one = 1;
    const float nan_fill = NAN;
    zagg_zarr_array unnamed = small_array("unnamed", ZAGG_DT_U32, &one);
    unnamed.dim_names[0] = NULL;
    zagg_zarr_array half = {.name = "half",
                            .dtype = ZAGG_DT_I32,
                            .rank = 2,
                            .shape = {4, 4},
                            .chunk = {2, 2},
                            .dim_names = {"y", NULL}};
    zagg_zarr_array noted = small_array("noted", ZAGG_DT_F32, &nan_fill);
    noted.attributes_json =
        "{\"long_name\":\"H\xc3\xb6he \xe2\x86\x92 \xf0\x9f\x98\x80\","
        "\"valid\":[0,1.5,1e-7],\"empty\":{},\"none\":[]}";
    expect_array(t, &unnamed);
    expect_array(t, &half);
    expect_array(t, &noted);
}

static void expect_refused(const zagg_zarr_array *a, zagg_status status)
{
    char *text = NULL;
    size_t len = 7;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_zarr_array_json(a, &text, &len, &err), status);
    assert_null(text);
    assert_int_equal(len, 7);
    assert_true(strlen(err.msg) > 0);
}

static void impossible_arrays_are_refused(void **state)
{
    (void)state;
    zagg_zarr_array a = count_array();
    a.rank = 0; /* is one element, but nothing to shard */
    a.sharded = true;
    expect_refused(&a, ZAGG_EARG);
    a = count_array();
    a.rank = ZAGG_ZARR_MAX_RANK + 1;
    expect_refused(&a, ZAGG_EARG);
    a = count_array();
    a.name = "a/b";
    expect_refused(&a, ZAGG_EARG);
    a.name = "..";
    expect_refused(&a, ZAGG_EARG);
    a = count_array();
    a.dtype = ZAGG_DT_NONE;
    expect_refused(&a, ZAGG_EARG);
    a = count_array();
    a.chunk[0] = 0;
    expect_refused(&a, ZAGG_EARG);
    a = count_array();
    a.sharded = true;
    a.shard[0] = 6;
    expect_refused(&a, ZAGG_EARG);
    a = count_array();
    a.chunk[0] = UINT64_MAX / 2;
    expect_refused(&a, ZAGG_ERANGE);
    a = count_array();
    a.attributes_json = "[1]";
    expect_refused(&a, ZAGG_EARG);
    a.attributes_json = "{";
    expect_refused(&a, ZAGG_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_of_the_benchmark_configs),
        cmocka_unit_test(groups),
        cmocka_unit_test(one_byte_types_have_no_byte_order),
        cmocka_unit_test(fills_of_floats),
        cmocka_unit_test(fills_of_integers),
        cmocka_unit_test(names_and_attributes),
        cmocka_unit_test(impossible_arrays_are_refused),
    };
    return cmocka_run_group_tests(tests, open_texts, close_texts);
}
