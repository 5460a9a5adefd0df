/* Creating templates (the overwrite table) and consolidated metadata. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Two arrays in group "19"; a case may change them before it creates. */
typedef struct plan {
    zagg_zarr_array arrays[3];
    zagg_zarr_template t;
} plan;

static void make_plan(plan *p)
{
    *p = (plan){.arrays = {count_array(), count_array(), count_array()}};
    p->arrays[1].name = "h_mean";
    p->arrays[1].dtype = ZAGG_DT_F64;
    p->arrays[2].name = "h_max";
    p->t = (zagg_zarr_template){
        .group = "19",
        .group_attributes_json =
            "{\"dggs\":{\"name\":\"healpix\",\"refinement_level\":19}}",
        .arrays = p->arrays,
        .n_arrays = 2};
}

static void create_ok(temp_store *s, const plan *p, bool overwrite)
{
    if (zagg_zarr_create(s->sink, &p->t, overwrite, &s->err) != ZAGG_OK)
        fail_msg("%s", s->err.msg);
}

static void create_refused(temp_store *s, const plan *p, const char *part)
{
    assert_int_equal(zagg_zarr_create(s->sink, &p->t, false, &s->err), ZAGG_EEXISTS);
    assert_has_text(s->err.msg, part);
    assert_has_text(s->err.msg, "--overwrite");
}

static void new_store(void **state)
{
    temp_store *s = *state;
    plan p;
    make_plan(&p);
    create_ok(s, &p, false);
    char *root = get_text(s, "zarr.json", NULL);
    assert_string_equal(root, "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n"
                              "  \"node_type\": \"group\"\n}");
    zg_free(root);
    assert_true(has_object(s, "19/zarr.json"));
    assert_true(has_object(s, "19/count/zarr.json"));
    assert_true(has_object(s, "19/h_mean/zarr.json"));
}

static void equal_group_is_taken_over_untouched(void **state)
{
    temp_store *s = *state;
    plan p;
    make_plan(&p);
    create_ok(s, &p, false);
    put_text(s, "19/count/c/0", "chunk");
    /* equal by value, another text */
    put_text(s, "19/zarr.json",
             "{\"node_type\":\"group\",\"zarr_format\":3,\"attributes\":{\"dggs\":"
             "{\"refinement_level\":19.0,\"name\":\"healpix\"}}}");
    put_text(s, "19/notes/readme.txt", "no Zarr node");
    const char *root = "{\"attributes\": {\"mine\": 1}, \"zarr_format\": 3,"
                       "\"consolidated_metadata\": null, \"node_type\": \"group\"}";
    put_text(s, "zarr.json", root);
    const uint64_t moved = zagg_sink_stats(s->sink).bytes;
    create_ok(s, &p, false);
    assert_true(zagg_sink_stats(s->sink).bytes > moved); /* it has read */
    char *text = get_text(s, "zarr.json", NULL);
    assert_string_equal(text, root);
    zg_free(text);
    text = get_text(s, "19/zarr.json", NULL);
    assert_has_text(text, "19.0");
    zg_free(text);
    assert_true(has_object(s, "19/count/c/0"));
}

static void other_groups_are_refused(void **state)
{
    temp_store *s = *state;
    plan p, other;
    make_plan(&p);
    create_ok(s, &p, false);
    make_plan(&other);
    other.arrays[1].dtype = ZAGG_DT_F32;
    create_refused(s, &other,
                   "h_mean: data_type (there: \"float64\", asked: \"float32\")");
    make_plan(&other);
    other.arrays[0].chunk[0] = 8;
    create_refused(s, &other, "count: chunk_grid.configuration.chunk_shape");
    make_plan(&other);
    other.arrays[0].fill[0] = 1;
    create_refused(s, &other, "count: fill_value (there: 0, asked: 1)");
    make_plan(&other);
    other.arrays[0].attributes_json = "{\"units\":\"1\"}";
    create_refused(s, &other, "count: attributes.units (there: nothing, asked: \"1\")");
    make_plan(&other);
    other.t.n_arrays = 3;
    create_refused(s, &other, "h_max: is missing there");
    make_plan(&other);
    other.t.n_arrays = 1;
    create_refused(s, &other, "h_mean: is not in the template");
    make_plan(&other);
    other.t.group_attributes_json =
        "{\"dggs\":{\"name\":\"healpix\",\"refinement_level\":18}}";
    create_refused(s, &other, "attributes.dggs.refinement_level (there: 19, asked: 18)");
    put_text(s, "19/h_tdigest/zarr.json",
             "{\"attributes\": {}, \"zarr_format\": 3, \"node_type\": \"group\"}");
    create_refused(s, &p, "h_tdigest: is not in the template");
}

static void something_else_in_the_place(void **state)
{
    temp_store *s = *state;
    plan p;
    make_plan(&p);
    put_text(s, "19/count/zarr.json", "{}");
    create_refused(s, &p, "count");
    put_text(s, "zarr.json", "{\"zarr_format\": 3, \"node_type\": \"array\"}");
    assert_int_equal(zagg_zarr_create(s->sink, &p.t, true, &s->err), ZAGG_EEXISTS);
    assert_has_text(s->err.msg, "not that of a Zarr v3 group");
    put_text(s, "zarr.json", "{broken");
    assert_int_equal(zagg_zarr_create(s->sink, &p.t, true, &s->err), ZAGG_EFORMAT);
    assert_true(has_object(s, "19/count/zarr.json"));
}

static void overwrite_replaces_the_group_only(void **state)
{
    temp_store *s = *state;
    plan p;
    make_plan(&p);
    create_ok(s, &p, false);
    put_text(s, "19/count/c/0", "chunk");
    put_text(s, "19/foreign.txt", "goes");
    put_text(s, "19/h_tdigest/zarr.json", "{}");
    put_text(s, "190/zarr.json", "sibling");
    put_text(s, "stats.parquet", "sibling");
    put_text(s, "zarr.json",
             "{\"attributes\":{\"a\":1},\"zarr_format\":3,"
             "\"node_type\":\"group\"}");
    p.arrays[0].dtype = ZAGG_DT_U16;
    create_ok(s, &p, true);
    assert_false(has_object(s, "19/count/c/0"));
    assert_false(has_object(s, "19/foreign.txt"));
    assert_false(has_object(s, "19/h_tdigest/zarr.json"));
    assert_true(has_object(s, "190/zarr.json"));
    assert_true(has_object(s, "stats.parquet"));
    char *text = get_text(s, "19/count/zarr.json", NULL);
    assert_has_text(text, "uint16");
    zg_free(text);
    text = get_text(s, "zarr.json", NULL);
    assert_has_text(text, "\"a\":1");
    zg_free(text);
}

static void failure_takes_the_documents_back(void **state)
{
    temp_store *s = *state;
    plan p;
    make_plan(&p);
    put_text(s, "19/h_mean", "a file where the array's folder must go");
    assert_int_not_equal(zagg_zarr_create(s->sink, &p.t, false, &s->err), ZAGG_OK);
    assert_false(has_object(s, "zarr.json"));
    assert_false(has_object(s, "19/zarr.json"));
    assert_false(has_object(s, "19/count/zarr.json"));
    assert_true(has_object(s, "19/h_mean"));
}

static void bad_templates_write_nothing(void **state)
{
    temp_store *s = *state;
    plan p;
    make_plan(&p);
    p.arrays[1].name = "count";
    assert_int_equal(zagg_zarr_create(s->sink, &p.t, false, &s->err), ZAGG_EARG);
    assert_has_text(s->err.msg, "'count' is there twice");
    make_plan(&p);
    p.t.group = "a/b";
    assert_int_equal(zagg_zarr_create(s->sink, &p.t, false, &s->err), ZAGG_EARG);
    make_plan(&p);
    p.arrays[1].chunk[0] = 0;
    assert_int_equal(zagg_zarr_create(s->sink, &p.t, false, &s->err), ZAGG_EARG);
    assert_false(has_object(s, "zarr.json"));
}

static void consolidated_text_of_zarr_python(void **state)
{
    temp_store *s = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *golden =
        golden_json(arena, source_path("tests/golden/data/zarr_consolidated.json"));
    const zagg_value *documents = zagg_value_get(golden, "documents");
    for (size_t i = 0; i < documents->n; i++)
        put_text(s, documents->members[i].key->str, documents->members[i].value->str);
    put_text(s, "13/morton/c/0", "chunk");
    put_text(s, "loose/array/zarr.json", "not below a group: left out");
    for (int again = 0; again < 2; again++) {
        if (zagg_zarr_consolidate(s->sink, &s->err) != ZAGG_OK)
            fail_msg("%s", s->err.msg);
        char *text = get_text(s, "zarr.json", NULL);
        assert_string_equal(text, zagg_value_get(golden, "consolidated")->str);
        zg_free(text);
    }
    zagg_arena_free(arena);
}

static void consolidating_what_is_no_store(void **state)
{
    temp_store *s = *state;
    plan p;
    assert_int_equal(zagg_zarr_consolidate(s->sink, &s->err), ZAGG_ENOTFOUND);
    make_plan(&p);
    create_ok(s, &p, false);
    put_text(s, "19/count/zarr.json", "{\"zarr_format\": 2}");
    assert_int_equal(zagg_zarr_consolidate(s->sink, &s->err), ZAGG_EFORMAT);
    assert_has_text(s->err.msg, "19/count");
    char *root = get_text(s, "zarr.json", NULL);
    assert_null(strstr(root, "consolidated_metadata"));
    zg_free(root);
}

#define STORE_TEST(f)                                                                    \
    cmocka_unit_test_setup_teardown(f, temp_store_open, temp_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(new_store),
        STORE_TEST(equal_group_is_taken_over_untouched),
        STORE_TEST(other_groups_are_refused),
        STORE_TEST(something_else_in_the_place),
        STORE_TEST(overwrite_replaces_the_group_only),
        STORE_TEST(failure_takes_the_documents_back),
        STORE_TEST(bad_templates_write_nothing),
        STORE_TEST(consolidated_text_of_zarr_python),
        STORE_TEST(consolidating_what_is_no_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
