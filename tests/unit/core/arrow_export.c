/* Carriers and tables as Arrow record batches, seen by a consumer made by hand. */
#include "core/carrier.h"
#include "support/support.h"
#include "zagg/arrow.h"

#include <string.h>

enum { N_CELLS = 3, N_COLUMNS = 7 };

static const zg_carrier_spec SPECS[N_COLUMNS] = {
    {"h_mean", ZAGG_FIELD_SCALAR, ZAGG_DT_F32, 1, false},
    {"counts", ZAGG_FIELD_VECTOR, ZAGG_DT_U32, 128, false},
    {"digest", ZAGG_FIELD_RAGGED, ZAGG_DT_F32, 2, false},
    {"digest_locations", ZAGG_FIELD_RAGGED, ZAGG_DT_U64, 1, true},
    {"list", ZAGG_FIELD_RAGGED, ZAGG_DT_I16, 1, false},
    {"mask", ZAGG_FIELD_SCALAR, ZAGG_DT_BOOL, 1, false},
    {"morton", ZAGG_FIELD_SCALAR, ZAGG_DT_U64, 1, true},
};

static const char WORDS[] =
    "\2\0\0\0\x14\0\0\0ARROW:extension:name\x13\0\0\0mortie.morton_"
    "index\x18\0\0\0ARROW:extension:metadata\0\0\0\0";

static zagg_carrier *carrier(size_t n_cells)
{
    static const float centroids[] = {1, 2, 3, 4, 5, 6};
    static const uint64_t words[] = {7, 8, 9};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_carrier *c = NULL;
    if (zg_carrier_new(SPECS, N_COLUMNS, n_cells, &c, &err))
        fail_msg("%s", err.msg);
    if (n_cells == N_CELLS) {
        static const uint64_t cells[N_CELLS] = {11, 22, 33};
        static const uint8_t mask[N_CELLS] = {1, 0, 1};
        memcpy(c->columns[5].data, mask, sizeof mask);
        memcpy(c->columns[6].data, cells, sizeof cells);
        if (zg_carrier_append(c, 2, 1, centroids, 3, &err) ||
            zg_carrier_append(c, 3, 1, words, 3, &err))
            fail_msg("%s", err.msg);
    }
    zg_carrier_finish(c);
    return c;
}

static void export(zagg_carrier *c, struct ArrowArray *array, struct ArrowSchema *schema)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_carrier_export_arrow(c, array, schema, &err))
        fail_msg("%s", err.msg);
}

static void expect_schema(const struct ArrowSchema *s, const char *format,
                          const char *name, int64_t flags, int64_t n_children)
{
    assert_string_equal(s->format, format);
    assert_string_equal(s->name, name);
    assert_int_equal(s->flags, flags);
    assert_int_equal(s->n_children, n_children);
    assert_null(s->dictionary);
    assert_non_null(s->release);
}

/* What upstream exports, and the natural forms of ragged columns and bools. */
static void test_schema(void **state)
{
    static const struct {
        const char *name, *formats[3];
        bool words;
    } want[N_COLUMNS] = {
        {"h_mean", {"f"}, false},
        {"counts", {"+w:128", "I"}, false},
        {"digest", {"+L", "+w:2", "f"}, false},
        {"digest_locations", {"+L", "L"}, true},
        {"list", {"+L", "s"}, false},
        {"mask", {"b"}, false},
        {"morton", {"L"}, true},
    };
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_carrier *c = carrier(N_CELLS);
    (void)state;
    export(c, &array, &schema);
    expect_schema(&schema, "+s", "", 0, N_COLUMNS);
    assert_null(schema.metadata);
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const struct ArrowSchema *s = schema.children[i];
        for (size_t k = 0; k < 3 && want[i].formats[k]; k++) {
            const bool last = k == 2 || !want[i].formats[k + 1];
            expect_schema(s, want[i].formats[k], k == 0 ? want[i].name : "",
                          ARROW_FLAG_NULLABLE, last ? 0 : 1);
            if (last && want[i].words)
                assert_memory_equal(s->metadata, WORDS, sizeof WORDS - 1);
            else
                assert_null(s->metadata);
            s = last ? NULL : s->children[0];
        }
    }
    array.release(&array);
    schema.release(&schema);
    zagg_carrier_release(c);
}

static void expect_array(const struct ArrowArray *a, int64_t length, int64_t n_buffers,
                         int64_t n_children)
{
    assert_int_equal(a->length, length);
    assert_int_equal(a->null_count, 0);
    assert_int_equal(a->offset, 0);
    assert_int_equal(a->n_buffers, n_buffers);
    assert_int_equal(a->n_children, n_children);
    assert_null(a->buffers[0]);
    assert_null(a->dictionary);
}

static void test_arrays(void **state)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_carrier *c = carrier(N_CELLS);
    (void)state;
    export(c, &array, &schema);
    expect_array(&array, N_CELLS, 1, N_COLUMNS);
    struct ArrowArray **a = array.children;
    expect_array(a[0], N_CELLS, 2, 0);
    assert_ptr_equal(a[0]->buffers[1], c->columns[0].data);
    expect_array(a[1], N_CELLS, 1, 1);
    expect_array(a[1]->children[0], N_CELLS * 128, 2, 0);
    assert_ptr_equal(a[1]->children[0]->buffers[1], c->columns[1].data);
    expect_array(a[2], N_CELLS, 2, 1);
    assert_ptr_equal(a[2]->buffers[1], c->columns[2].offsets);
    expect_array(a[2]->children[0], 3, 1, 1);
    expect_array(a[2]->children[0]->children[0], 6, 2, 0);
    assert_ptr_equal(a[2]->children[0]->children[0]->buffers[1], c->columns[2].data);
    expect_array(a[3]->children[0], 3, 2, 0);
    assert_ptr_equal(a[3]->children[0]->buffers[1], c->columns[3].data);
    expect_array(a[4], N_CELLS, 2, 1);
    expect_array(a[4]->children[0], 0, 2, 0);
    assert_int_equal(((const int64_t *)a[4]->buffers[1])[N_CELLS], 0);
    expect_array(a[5], N_CELLS, 2, 0);
    assert_int_equal(*(const uint8_t *)a[5]->buffers[1], 5); /* bits 0 and 2 */
    expect_array(a[6], N_CELLS, 2, 0);
    assert_ptr_equal(a[6]->buffers[1], c->columns[6].data);
    array.release(&array);
    assert_null(array.release);
    schema.release(&schema);
    assert_null(schema.release);
    zagg_carrier_release(c);
}

/* The batch keeps the memory; children moved out of it keep it, too. A sanitizer tells.
 */
static void test_release(void **state)
{
    struct ArrowArray array, moved, list;
    struct ArrowSchema schema, moved_schema;
    zagg_carrier *c = carrier(N_CELLS);
    (void)state;
    export(c, &array, &schema);
    zagg_carrier_release(c);
    void (*release)(struct ArrowArray *) = array.release;
    moved = *array.children[6];
    array.children[6]->release = NULL;
    list = *array.children[2];
    array.children[2]->release = NULL;
    moved_schema = *schema.children[2];
    schema.children[2]->release = NULL;
    array.release(&array);
    release(&array); /* a second time does nothing */
    schema.release(&schema);
    assert_int_equal(((const uint64_t *)moved.buffers[1])[2], 33);
    assert_string_equal(moved_schema.name, "digest");
    assert_string_equal(moved_schema.children[0]->format, "+w:2");
    moved.release(&moved);
    assert_null(moved.release);
    const struct ArrowArray *elements = list.children[0]->children[0];
    assert_true(((const float *)elements->buffers[1])[5] == 6);
    list.release(&list);
    moved_schema.release(&moved_schema);
}

/* Word 0 is null, as in upstream's arrays of words. */
static void test_null_words(void **state)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_carrier *c = carrier(N_CELLS);
    (void)state;
    ((uint64_t *)c->columns[6].data)[1] = 0;
    export(c, &array, &schema);
    assert_int_equal(array.children[6]->null_count, 1);
    assert_int_equal(*(const uint8_t *)array.children[6]->buffers[0], 5);
    array.release(&array);
    schema.release(&schema);
    zagg_carrier_release(c);
}

static void test_no_rows(void **state)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_carrier *c = carrier(0);
    (void)state;
    export(c, &array, &schema);
    zagg_carrier_release(c);
    expect_array(&array, 0, 1, N_COLUMNS);
    for (size_t i = 0; i < N_COLUMNS; i++)
        assert_int_equal(array.children[i]->length, 0);
    assert_int_equal(*(const int64_t *)array.children[2]->buffers[1], 0);
    array.release(&array);
    schema.release(&schema);
}

static void test_refused(void **state)
{
    zg_carrier_spec wide = {"wide", ZAGG_FIELD_VECTOR, ZAGG_DT_U8, (size_t)1 << 31,
                            false};
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_carrier *c = carrier(N_CELLS);
    zagg_carrier copy = *c;
    (void)state;
    copy.owner = NULL;
    assert_int_equal(zagg_carrier_export_arrow(&copy, &array, &schema, &err), ZAGG_EARG);
    zagg_carrier_release(c);
    assert_int_equal(zg_carrier_new(&wide, 1, 0, &c, &err), ZAGG_OK);
    assert_int_equal(zagg_carrier_export_arrow(c, &array, &schema, &err), ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "'wide'"));
    zagg_carrier_release(c);
}

/* Every allocation fails once: nothing is written and nothing is left behind. */
static void test_memory(void **state)
{
    zagg_carrier *c = carrier(N_CELLS);
    zagg_status status = ZAGG_ENOMEM;
    (void)state;
    ((uint64_t *)c->columns[6].data)[1] = 0;
    for (int64_t nth = 1; status != ZAGG_OK; nth++) {
        struct ArrowArray array = {0};
        struct ArrowSchema schema = {0};
        zagg_err err = ZAGG_ERR_INIT;
        zg_alloc_fail_nth(nth);
        status = zagg_carrier_export_arrow(c, &array, &schema, &err);
        zg_alloc_fail_nth(0);
        if (status == ZAGG_OK) {
            assert_true(nth > 9);
            array.release(&array);
            schema.release(&schema);
        } else {
            assert_int_equal(status, ZAGG_ENOMEM);
            assert_null(array.release);
            assert_null(schema.release);
        }
    }
    zagg_carrier_release(c);
}

/* ---- tables ---- */

typedef struct table {
    zagg_table table;
    zagg_column columns[3];
    float heights[4];
    uint8_t flags[4];
    uint64_t leaf_ids[4];
    int released;
} table;

static void released(void *user)
{
    ((table *)user)->released++;
}

static void fill(table *t)
{
    *t =
        (table){.heights = {1, 2, 3, 4}, .flags = {0, 1, 0, 1}, .leaf_ids = {5, 6, 7, 8}};
    t->columns[0] = (zagg_column){"h_ph", ZAGG_DT_F32, t->heights};
    t->columns[1] = (zagg_column){"not_decoded", ZAGG_DT_F64, NULL};
    t->columns[2] = (zagg_column){"flag", ZAGG_DT_BOOL, t->flags};
    t->table = (zagg_table){4, 3, t->columns, NULL, t->leaf_ids};
}

static void test_table(void **state)
{
    struct ArrowArray array, child;
    struct ArrowSchema schema;
    zagg_err err = ZAGG_ERR_INIT;
    table t;
    (void)state;
    fill(&t);
    if (zagg_table_export_arrow(&t.table, NULL, released, &t, &array, &schema, &err))
        fail_msg("%s", err.msg);
    expect_schema(&schema, "+s", "", 0, 3);
    expect_schema(schema.children[0], "f", "h_ph", ARROW_FLAG_NULLABLE, 0);
    expect_schema(schema.children[1], "b", "flag", ARROW_FLAG_NULLABLE, 0);
    expect_schema(schema.children[2], "L", "leaf_id", ARROW_FLAG_NULLABLE, 0);
    assert_null(schema.children[2]->metadata);
    expect_array(&array, 4, 1, 3);
    assert_ptr_equal(array.children[0]->buffers[1], t.heights);
    assert_int_equal(*(const uint8_t *)array.children[1]->buffers[1], 10);
    assert_ptr_equal(array.children[2]->buffers[1], t.leaf_ids);
    schema.release(&schema);
    child = *array.children[1];
    array.children[1]->release = NULL;
    array.release(&array);
    assert_int_equal(t.released, 0);
    child.release(&child);
    assert_int_equal(t.released, 1);
}

/* Cell numbers of rectilinear grids are int64; without leaf ids and without hook. */
static void test_table_of_numbers(void **state)
{
    const zagg_rectilinear_spec spec = {.crs = "EPSG:4326",
                                        .resolution = {1, 1},
                                        .bounds = {0, 0, 8, 8},
                                        .chunk_shape = {4, 4}};
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_grid *grid = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    table t;
    (void)state;
    fill(&t);
    if (zagg_grid_new_rectilinear(&spec, &grid, &err) ||
        zagg_table_export_arrow(&t.table, grid, NULL, NULL, &array, &schema, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(schema.children[2]->format, "l");
    array.release(&array);
    schema.release(&schema);
    t.table.leaf_ids = NULL;
    t.table.n_rows = 0;
    if (zagg_table_export_arrow(&t.table, grid, NULL, NULL, &array, &schema, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(schema.n_children, 2);
    assert_int_equal(array.length, 0);
    array.release(&array);
    schema.release(&schema);
    zagg_grid_free(grid);
}

/* The arena of a read is handed over; a failed export leaves it to the caller. */
static void test_arena(void **state)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_arena *arena = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    table t;
    (void)state;
    fill(&t);
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    assert_int_equal(zagg_arena_alloc(arena, 4, 4, &t.columns[0].data, &err), ZAGG_OK);
    zg_alloc_fail_nth(2);
    assert_int_equal(zagg_table_export_arrow(&t.table, NULL, zagg_arrow_free_arena, arena,
                                             &array, &schema, &err),
                     ZAGG_ENOMEM);
    ((float *)t.columns[0].data)[3] = 9;
    if (zagg_table_export_arrow(&t.table, NULL, zagg_arrow_free_arena, arena, &array,
                                &schema, &err))
        fail_msg("%s", err.msg);
    schema.release(&schema);
    assert_true(((const float *)array.children[0]->buffers[1])[3] == 9);
    array.release(&array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema),           cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_release),          cmocka_unit_test(test_null_words),
        cmocka_unit_test(test_no_rows),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_memory),           cmocka_unit_test(test_table),
        cmocka_unit_test(test_table_of_numbers), cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
