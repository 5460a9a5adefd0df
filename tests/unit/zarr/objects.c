/* Chunk and shard objects: bytes, keys, the order of payloads, what is not stored. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void chunk_is_stored_or_removed(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array a = count_array();
    const int32_t data[4] = {0, 7, 0, 0}, empty[4] = {0};
    const uint64_t second[] = {1}, outside[] = {4};
    size_t len = 0;
    assert_int_equal(zagg_zarr_write_chunk(s->sink, "19", &a, second, data, &s->err),
                     ZAGG_OK);
    char *stored = get_text(s, "19/count/c/1", &len);
    assert_non_null(stored);
    assert_int_equal(len, sizeof data);
    assert_memory_equal(stored, data, sizeof data);
    zg_free(stored);
    assert_int_equal(zagg_zarr_write_chunk(s->sink, "19", &a, second, empty, &s->err),
                     ZAGG_OK);
    assert_false(has_object(s, "19/count/c/1"));
    assert_int_equal(zagg_zarr_write_chunk(s->sink, "19", &a, outside, data, &s->err),
                     ZAGG_ERANGE);
    zagg_zarr_array sharded = a;
    sharded.sharded = true;
    sharded.shard[0] = 8;
    assert_int_equal(
        zagg_zarr_write_chunk(s->sink, "19", &sharded, second, data, &s->err), ZAGG_EARG);
}

static void keys(void **state)
{
    temp_store *s = *state;
    char key[64], small[8] = "kept";
    zagg_zarr_array a = {.name = "hist8",
                         .dtype = ZAGG_DT_U32,
                         .rank = 3,
                         .shape = {80, 80, 8},
                         .chunk = {20, 10, 8},
                         .sharded = true,
                         .shard = {40, 40, 8}};
    const uint64_t index[] = {1, 0, 0}, outside[] = {0, 2, 0};
    assert_int_equal(
        zagg_zarr_object_key("rectilinear", &a, index, key, sizeof key, &s->err),
        ZAGG_OK);
    assert_string_equal(key, "rectilinear/hist8/c/1/0/0");
    assert_int_equal(zagg_zarr_object_key("", &a, index, key, sizeof key, &s->err),
                     ZAGG_OK);
    assert_string_equal(key, "hist8/c/1/0/0");
    assert_int_equal(zagg_zarr_object_key("g", &a, outside, key, sizeof key, &s->err),
                     ZAGG_ERANGE);
    assert_int_equal(zagg_zarr_object_key("g", &a, index, small, sizeof small, &s->err),
                     ZAGG_ERANGE);
    assert_string_equal(small, "kept");
}

/* ---- shard vectors ---- */

typedef struct vector {
    zagg_zarr_array array;
    uint64_t grid[ZAGG_ZARR_MAX_RANK];
    size_t n_inner, chunk_elems;
    int32_t values[64];
    const char *object_hex, *group;
} vector;

static void read_vector(const zagg_value *v, vector *out)
{
    const zagg_value *shape = zagg_value_get(v, "shape"),
                     *inner = zagg_value_get(v, "inner");
    const zagg_value *values = zagg_value_get(v, "values");
    *out = (vector){.n_inner = 1, .chunk_elems = 1};
    out->array = (zagg_zarr_array){
        .name = "v", .dtype = ZAGG_DT_I32, .rank = (unsigned)shape->n, .sharded = true};
    for (size_t d = 0; d < shape->n; d++) {
        assert_true(zagg_value_u64(shape->items[d], &out->array.shape[d]));
        assert_true(zagg_value_u64(inner->items[d], &out->array.chunk[d]));
        out->array.shard[d] = out->array.shape[d];
        out->grid[d] = out->array.shape[d] / out->array.chunk[d];
        out->n_inner *= (size_t)out->grid[d];
        out->chunk_elems *= (size_t)out->array.chunk[d];
    }
    assert_true(values->n <= 64);
    for (size_t i = 0; i < values->n; i++) {
        int64_t x = 0;
        assert_true(zagg_value_i64(values->items[i], &x));
        out->values[i] = (int32_t)x;
    }
    out->object_hex = zagg_value_get(v, "object_hex")->str;
}

/* Cut inner chunk `c` (C order) out of the values; its index goes to `index`. */
static void cut_chunk(const vector *v, size_t c, uint64_t *index, int32_t *chunk)
{
    unsigned rank = v->array.rank;
    for (unsigned d = rank; d-- > 0; c /= (size_t)v->grid[d])
        index[d] = c % v->grid[d];
    for (size_t e = 0; e < v->chunk_elems; e++) {
        uint64_t at[ZAGG_ZARR_MAX_RANK], flat = 0;
        size_t rest = e;
        for (unsigned d = rank; d-- > 0; rest /= (size_t)v->array.chunk[d])
            at[d] = index[d] * v->array.chunk[d] + rest % v->array.chunk[d];
        for (unsigned d = 0; d < rank; d++)
            flat = flat * v->array.shape[d] + at[d];
        chunk[e] = v->values[flat];
    }
}

static void expect_object(temp_store *s, const vector *v)
{
    char key[64], *hex = NULL;
    const uint64_t origin[ZAGG_ZARR_MAX_RANK] = {0};
    size_t len = 0;
    zg_str text;
    assert_int_equal(
        zagg_zarr_object_key(v->group, &v->array, origin, key, sizeof key, NULL),
        ZAGG_OK);
    char *object = get_text(s, key, &len);
    assert_non_null(object);
    zg_str_init(&text, 0);
    for (size_t i = 0; i < len; i++)
        zg_str_addf(&text, "%02x", (unsigned)(unsigned char)object[i]);
    hex = zg_str_take(&text);
    assert_string_equal(hex, v->object_hex);
    zg_free(hex);
    zg_free(object);
}

/* Any order of arrival gives the same object, and a builder can be used again. */
static void build_in_order(temp_store *s, const vector *v, zagg_zarr_shard *shard,
                           size_t step)
{
    const uint64_t origin[ZAGG_ZARR_MAX_RANK] = {0};
    if (zagg_zarr_shard_begin(shard, s->sink, v->group, origin, &s->err) != ZAGG_OK)
        fail_msg("%s", s->err.msg);
    for (size_t i = 0; i < v->n_inner; i++) {
        uint64_t index[ZAGG_ZARR_MAX_RANK];
        int32_t chunk[64];
        cut_chunk(v, (i * step + step - 1) % v->n_inner, index, chunk);
        if (zagg_zarr_shard_add(shard, index, chunk, &s->err) != ZAGG_OK)
            fail_msg("%s", s->err.msg);
    }
    if (zagg_zarr_shard_end(shard, &s->err) != ZAGG_OK)
        fail_msg("%s", s->err.msg);
    expect_object(s, v);
}

static void shard_objects_of_zarr_python(void **state)
{
    temp_store *s = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *golden =
        golden_json(arena, source_path("tests/golden/data/zarr_shards.json"));
    const zagg_value *shards = zagg_value_get(golden, "shards");
    const char *const groups[] = {"a", "b", "c", "d"};
    assert_int_equal(shards->n, 4);
    for (size_t i = 0; i < shards->n; i++) {
        vector v;
        zagg_zarr_shard *shard = NULL;
        read_vector(shards->items[i], &v);
        v.group = groups[i];
        assert_int_equal(zagg_zarr_shard_new(&v.array, &shard, &s->err), ZAGG_OK);
        build_in_order(s, &v, shard, 1);
        build_in_order(s, &v, shard, v.n_inner - 1); /* backwards */
        if (v.n_inner % 7 != 0)
            build_in_order(s, &v, shard, 7);
        zagg_zarr_shard_free(shard);
    }
    zagg_arena_free(arena);
}

static void empty_shard_is_removed(void **state)
{
    temp_store *s = *state;
    zagg_zarr_array a = count_array();
    zagg_zarr_shard *shard = NULL;
    const int32_t data[4] = {1, 2, 3, 4}, empty[4] = {0};
    const uint64_t first[] = {0}, second[] = {1};
    a.sharded = true;
    a.shard[0] = 8;
    assert_int_equal(zagg_zarr_shard_new(&a, &shard, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_begin(shard, s->sink, "g", second, &s->err),
                     ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, second, data, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_end(shard, &s->err), ZAGG_OK);
    assert_true(has_object(s, "g/count/c/1"));
    assert_int_equal(zagg_zarr_shard_begin(shard, s->sink, "g", second, &s->err),
                     ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, first, empty, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_end(shard, &s->err), ZAGG_OK);
    assert_false(has_object(s, "g/count/c/1"));
    zagg_zarr_shard_free(shard);
}

static void misuse_of_a_builder(void **state)
{
    temp_store *s = *state;
    zagg_zarr_array a = count_array();
    zagg_zarr_shard *shard = NULL;
    const int32_t data[4] = {1, 2, 3, 4};
    const uint64_t first[] = {0}, outside[] = {2};
    assert_int_equal(zagg_zarr_shard_new(&a, &shard, &s->err), ZAGG_EARG);
    assert_null(shard);
    a.sharded = true;
    a.shard[0] = 8;
    assert_int_equal(zagg_zarr_shard_new(&a, &shard, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, first, data, &s->err), ZAGG_EARG);
    assert_int_equal(zagg_zarr_shard_end(shard, &s->err), ZAGG_EARG);
    assert_int_equal(zagg_zarr_shard_begin(shard, s->sink, "g", outside, &s->err),
                     ZAGG_ERANGE);
    assert_int_equal(zagg_zarr_shard_add(shard, first, data, &s->err), ZAGG_EARG);
    assert_int_equal(zagg_zarr_shard_begin(shard, s->sink, "g", first, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, outside, data, &s->err), ZAGG_ERANGE);
    assert_int_equal(zagg_zarr_shard_add(shard, first, data, &s->err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_add(shard, first, data, &s->err), ZAGG_EARG);
    zagg_zarr_shard_free(shard); /* which forgets what was begun */
    assert_false(has_object(s, "g/count/c/0"));
    zagg_zarr_shard_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chunk_is_stored_or_removed, temp_store_open,
                                        temp_store_close),
        cmocka_unit_test_setup_teardown(keys, temp_store_open, temp_store_close),
        cmocka_unit_test_setup_teardown(shard_objects_of_zarr_python, temp_store_open,
                                        temp_store_close),
        cmocka_unit_test_setup_teardown(empty_shard_is_removed, temp_store_open,
                                        temp_store_close),
        cmocka_unit_test_setup_teardown(misuse_of_a_builder, temp_store_open,
                                        temp_store_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
