/* Record batches of others as columns: offsets, nulls, and structs that lie. */
#include "support/support.h"
#include "zagg/arrow.h"

#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 3, N_ROWS = 10 };

/* A batch made by hand: float32 "h_ph", bool "flag", uint64 "cell"; every member can be
 * spoilt. */
typedef struct batch {
    struct ArrowArray array, arrays[N_COLUMNS], *array_list[N_COLUMNS];
    struct ArrowSchema schema, schemas[N_COLUMNS], *schema_list[N_COLUMNS];
    const void *buffers[N_COLUMNS][2], *root_buffers[1];
    float heights[N_ROWS];
    uint8_t flags[2], validity[2];
    uint64_t cells[N_ROWS];
    int released;
} batch;

static void release_array(struct ArrowArray *a)
{
    batch *b = a->private_data;
    b->released++;
    a->release = NULL;
}

static void release_schema(struct ArrowSchema *s)
{
    batch *b = s->private_data;
    b->released += 100;
    s->release = NULL;
}

static void fill(batch *b)
{
    static const char *const names[N_COLUMNS] = {"h_ph", "flag", "cell"};
    static const char *const formats[N_COLUMNS] = {"f", "b", "L"};
    *b = (batch){.flags = {0xa5, 0x03}, .validity = {0xff, 0xff}};
    for (size_t i = 0; i < N_ROWS; i++) {
        b->heights[i] = (float)i;
        b->cells[i] = 1000 + i;
    }
    b->buffers[0][1] = b->heights;
    b->buffers[1][1] = b->flags;
    b->buffers[2][1] = b->cells;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        b->arrays[i] = (struct ArrowArray){.length = N_ROWS,
                                           .n_buffers = 2,
                                           .buffers = b->buffers[i],
                                           .release = release_array,
                                           .private_data = b};
        b->schemas[i] = (struct ArrowSchema){.format = formats[i],
                                             .name = names[i],
                                             .flags = ARROW_FLAG_NULLABLE,
                                             .release = release_schema,
                                             .private_data = b};
        b->array_list[i] = &b->arrays[i];
        b->schema_list[i] = &b->schemas[i];
    }
    b->array = b->arrays[0];
    b->array.n_buffers = 1;
    b->array.buffers = b->root_buffers;
    b->array.n_children = N_COLUMNS;
    b->array.children = b->array_list;
    b->schema = b->schemas[0];
    b->schema.format = "+s";
    b->schema.name = "";
    b->schema.n_children = N_COLUMNS;
    b->schema.children = b->schema_list;
}

static zagg_import *import(batch *b)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_import *out = NULL;
    if (zagg_table_import_arrow(&b->array, &b->schema, &out, &err))
        fail_msg("%s", err.msg);
    assert_null(b->array.release);
    assert_null(b->schema.release);
    return out;
}

static void refuse(batch *b, zagg_status status, const char *words)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_import *out = NULL;
    const zagg_status got = zagg_table_import_arrow(&b->array, &b->schema, &out, &err);
    if (got != status || !strstr(err.msg, words))
        fail_msg("%s: %s, expected %s: %s", zagg_status_name(got), err.msg,
                 zagg_status_name(status), words);
    assert_null(out);
    assert_int_equal(b->released, 0);
}

static void test_columns(void **state)
{
    batch b;
    (void)state;
    fill(&b);
    zagg_import *in = import(&b);
    const zagg_table *t = zagg_import_table(in);
    assert_int_equal(t->n_rows, N_ROWS);
    assert_int_equal(t->n_columns, N_COLUMNS);
    assert_null(t->ranks);
    assert_null(t->leaf_ids);
    assert_string_equal(t->columns[0].name, "h_ph");
    assert_int_equal(t->columns[0].dtype, ZAGG_DT_F32);
    assert_ptr_equal(t->columns[0].data, b.heights);
    assert_string_equal(t->columns[1].name, "flag");
    assert_int_equal(t->columns[1].dtype, ZAGG_DT_BOOL);
    static const uint8_t flags[N_ROWS] = {1, 0, 1, 0, 0, 1, 0, 1, 1, 1};
    assert_memory_equal(t->columns[1].data, flags, N_ROWS);
    assert_ptr_equal(t->columns[2].data, b.cells);
    assert_int_equal(b.released, 0);
    zagg_import_free(in);
    assert_int_equal(b.released, 101);
    zagg_import_free(NULL);
}

static void test_formats(void **state)
{
    static const struct {
        const char *format;
        zagg_dtype dtype;
    } cases[] = {{"c", ZAGG_DT_I8},  {"s", ZAGG_DT_I16}, {"i", ZAGG_DT_I32},
                 {"l", ZAGG_DT_I64}, {"C", ZAGG_DT_U8},  {"S", ZAGG_DT_U16},
                 {"I", ZAGG_DT_U32}, {"L", ZAGG_DT_U64}, {"f", ZAGG_DT_F32},
                 {"g", ZAGG_DT_F64}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        batch b;
        fill(&b);
        b.schemas[2].format = cases[i].format; /* the widest buffer fits all */
        zagg_import *in = import(&b);
        assert_int_equal(zagg_import_table(in)->columns[2].dtype, cases[i].dtype);
        zagg_import_free(in);
    }
}

/* The batch is a slice of its columns, which are slices of their buffers. */
static void test_offsets(void **state)
{
    batch b;
    (void)state;
    fill(&b);
    for (size_t i = 0; i < N_COLUMNS; i++) {
        b.arrays[i].offset = 2;
        b.arrays[i].length = N_ROWS - 2;
    }
    b.array.offset = 1;
    b.array.length = 5;
    b.validity[0] = 0x07; /* rows 3 to 7 are the slice */
    b.buffers[0][0] = b.validity;
    b.arrays[0].null_count = -1;
    refuse(&b, ZAGG_EFORMAT, "got nulls in ['h_ph']");
    b.validity[0] = 0xf8;
    b.validity[1] = 0;
    zagg_import *in = import(&b);
    const zagg_table *t = zagg_import_table(in);
    static const uint8_t flags[5] = {0, 0, 1, 0, 1};
    assert_int_equal(t->n_rows, 5);
    assert_ptr_equal(t->columns[0].data, b.heights + 3);
    assert_memory_equal(t->columns[1].data, flags, 5);
    assert_ptr_equal(t->columns[2].data, b.cells + 3);
    zagg_import_free(in);
}

static void test_unaligned(void **state)
{
    batch b;
    uint8_t bytes[N_ROWS * 4 + 1];
    (void)state;
    fill(&b);
    memcpy(bytes + 1, b.heights, sizeof b.heights);
    b.buffers[0][1] = bytes + 1;
    zagg_import *in = import(&b);
    const void *data = zagg_import_table(in)->columns[0].data;
    assert_int_equal((uintptr_t)data % 4, 0);
    assert_memory_equal(data, b.heights, sizeof b.heights);
    zagg_import_free(in);
}

static void test_no_rows(void **state)
{
    batch b;
    (void)state;
    fill(&b);
    b.array.length = 0;
    for (size_t i = 0; i < N_COLUMNS; i++)
        b.buffers[i][1] = NULL;
    zagg_import *in = import(&b);
    assert_int_equal(zagg_import_table(in)->n_rows, 0);
    assert_int_equal(zagg_import_table(in)->n_columns, N_COLUMNS);
    zagg_import_free(in);
    fill(&b); /* nor any columns */
    b.array.n_children = b.schema.n_children = 0;
    b.array.children = NULL;
    b.schema.children = NULL;
    in = import(&b);
    assert_int_equal(zagg_import_table(in)->n_columns, 0);
    zagg_import_free(in);
}

static void test_nulls(void **state)
{
    batch b;
    (void)state;
    fill(&b);
    b.validity[1] = 0xfd; /* row 9 */
    b.buffers[0][0] = b.validity;
    b.arrays[0].null_count = 1;
    refuse(&b, ZAGG_EFORMAT,
           "arrow handoff requires null-free columns; got nulls in ['h_ph']");
    b.arrays[0].null_count = -1;
    refuse(&b, ZAGG_EFORMAT, "got nulls in ['h_ph']");
    b.buffers[2][0] = b.validity;
    b.arrays[2].null_count = 1;
    b.schemas[2].name = "it's \"\\\n";
    refuse(&b, ZAGG_EFORMAT, "got nulls in ['h_ph', 'it\\'s \"\\\\\\x0a']");
    b.schemas[2].name = "it's";
    refuse(&b, ZAGG_EFORMAT, "got nulls in ['h_ph', \"it's\"]");
    b.arrays[0].null_count = b.arrays[2].null_count = 0; /* the bitmap is not looked at */
    b.heights[4] = __builtin_nanf("");
    zagg_import_free(import(&b));
    fill(&b); /* bits behind the last row do not matter */
    b.validity[1] = 0x03;
    b.buffers[0][0] = b.validity;
    b.arrays[0].null_count = -1;
    zagg_import_free(import(&b));
    fill(&b);
    b.root_buffers[0] = b.validity;
    b.array.null_count = -1;
    zagg_import_free(import(&b));
    fill(&b);
    b.validity[0] = 0xfe;
    b.root_buffers[0] = b.validity;
    b.array.null_count = -1;
    refuse(&b, ZAGG_EFORMAT, "rows of the record batch");
}

static void test_types_refused(void **state)
{
    static const char *const formats[] = {"u",    "U",     "z", "e",  "n",  "tdD",
                                          "tsn:", "d:5,2", "",  "ff", "w:4"};
    struct ArrowSchema schema_of_dictionary;
    struct ArrowArray dictionary;
    batch b;
    (void)state;
    fill(&b);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        b.schemas[2].format = formats[i];
        refuse(&b, ZAGG_EUNSUPPORTED, "column 'cell' has Arrow format '");
    }
    b.schemas[2].format = NULL;
    refuse(&b, ZAGG_EUNSUPPORTED, "column 'cell'");
    b.schemas[2].format = "+w:2";
    refuse(&b, ZAGG_EUNSUPPORTED, "column 'cell' is nested (Arrow format '+w:2')");
    fill(&b);
    b.schemas[0].dictionary = &schema_of_dictionary;
    refuse(&b, ZAGG_EUNSUPPORTED, "column 'h_ph' is dictionary-encoded");
    fill(&b);
    b.arrays[0].dictionary = &dictionary;
    refuse(&b, ZAGG_EUNSUPPORTED, "column 'h_ph' is dictionary-encoded");
    fill(&b);
    b.schema.format = "f";
    refuse(&b, ZAGG_EUNSUPPORTED, "found 'f'");
    b.schema.format = NULL;
    refuse(&b, ZAGG_EUNSUPPORTED, "a record batch");
}

/* Each lie in a batch that is right otherwise. */
static void test_lies(void **state)
{
    static const int64_t huge = INT64_MAX;
    batch b;
    (void)state;
#define LIE(member, value, status, words)                                                \
    do {                                                                                 \
        fill(&b);                                                                        \
        b.member = (value);                                                              \
        refuse(&b, status, words);                                                       \
    } while (0)
    LIE(array.release, NULL, ZAGG_EFORMAT, "released");
    LIE(schema.release, NULL, ZAGG_EFORMAT, "released");
    LIE(array.n_children, 2, ZAGG_EFORMAT, "3 columns by its schema and 2");
    LIE(array.n_children, -1, ZAGG_EFORMAT, "-1");
    LIE(array.children, NULL, ZAGG_EFORMAT, "3 columns");
    LIE(schema.children, NULL, ZAGG_EFORMAT, "3 columns");
    LIE(array.length, -1, ZAGG_EFORMAT, "-1 rows");
    LIE(array.offset, -1, ZAGG_EFORMAT, "from row -1 on");
    LIE(array.offset, huge, ZAGG_EFORMAT, "rows");
    LIE(array.length, huge, ZAGG_ERANGE,
        "column 'h_ph' has 10 rows where the batch ends");
    LIE(array.offset, 1, ZAGG_ERANGE, "ends at row 11");
    LIE(array_list[1], NULL, ZAGG_EFORMAT, "column 1");
    LIE(schema_list[1], NULL, ZAGG_EFORMAT, "column 1");
    LIE(arrays[1].release, NULL, ZAGG_EFORMAT, "column 1");
    LIE(schemas[1].release, NULL, ZAGG_EFORMAT, "column 1");
    LIE(arrays[2].length, -5, ZAGG_EFORMAT, "column 'cell' has -5 rows");
    LIE(arrays[2].length, 9, ZAGG_ERANGE, "column 'cell' has 9 rows");
    LIE(arrays[2].length, huge, ZAGG_ERANGE, "more than memory");
    LIE(arrays[2].offset, -5, ZAGG_EFORMAT, "from row -5 on");
    LIE(arrays[2].offset, huge, ZAGG_EFORMAT, "column 'cell'");
    LIE(arrays[2].offset, huge - 10, ZAGG_ERANGE, "more than memory");
    LIE(arrays[2].n_buffers, 1, ZAGG_EFORMAT, "1 buffers");
    LIE(arrays[2].n_buffers, -1, ZAGG_EFORMAT, "-1 buffers");
    LIE(arrays[2].n_children, 1, ZAGG_EFORMAT, "1 children");
    LIE(arrays[2].buffers, NULL, ZAGG_EFORMAT, "buffers");
    LIE(buffers[2][1], NULL, ZAGG_EFORMAT, "column 'cell' has no data");
    LIE(arrays[2].null_count, -2, ZAGG_EFORMAT, "-2 nulls");
    LIE(arrays[2].null_count, 11, ZAGG_EFORMAT, "11 nulls");
    LIE(arrays[2].null_count, 1, ZAGG_EFORMAT, "no validity bitmap");
#undef LIE
    fill(&b);
    b.array.n_children = b.schema.n_children = huge;
    refuse(&b, ZAGG_EFORMAT, "columns");
    fill(&b); /* not a lie: buffers of no use, and no name */
    b.array.n_buffers = 0;
    b.array.buffers = NULL;
    b.array.null_count = -1;
    b.schemas[0].name = NULL;
    zagg_import *in = import(&b);
    assert_string_equal(zagg_import_table(in)->columns[0].name, "");
    zagg_import_free(in);
}

static void test_memory(void **state)
{
    zagg_status status = ZAGG_ENOMEM;
    batch b;
    (void)state;
    for (int64_t nth = 1; status != ZAGG_OK; nth++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_import *out = NULL;
        fill(&b);
        zg_alloc_fail_nth(nth);
        status = zagg_table_import_arrow(&b.array, &b.schema, &out, &err);
        zg_alloc_fail_nth(0);
        if (status == ZAGG_OK) {
            assert_true(nth > 3);
            zagg_import_free(out);
        } else {
            assert_int_equal(status, ZAGG_ENOMEM);
            assert_int_equal(b.released, 0);
        }
    }
}

/* What zagg exports it takes back. */
static void test_round_trip(void **state)
{
    float heights[2] = {1, 2};
    uint64_t leaf_ids[2] = {3, 4};
    zagg_column column = {"h_ph", ZAGG_DT_F32, heights};
    const zagg_table table = {2, 1, &column, NULL, leaf_ids};
    struct ArrowArray array;
    struct ArrowSchema schema;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_import *in = NULL;
    (void)state;
    if (zagg_table_export_arrow(&table, NULL, NULL, NULL, &array, &schema, &err) ||
        zagg_table_import_arrow(&array, &schema, &in, &err))
        fail_msg("%s", err.msg);
    const zagg_table *back = zagg_import_table(in);
    assert_int_equal(back->n_columns, 2);
    assert_ptr_equal(back->columns[0].data, heights);
    assert_string_equal(back->columns[1].name, "leaf_id");
    assert_ptr_equal(back->columns[1].data, leaf_ids);
    zagg_import_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),       cmocka_unit_test(test_formats),
        cmocka_unit_test(test_offsets),       cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_no_rows),       cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_types_refused), cmocka_unit_test(test_lies),
        cmocka_unit_test(test_memory),        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
