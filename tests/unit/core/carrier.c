/* The memory behind carriers: layout, ragged rows, references. */
#include "core/carrier.h"

#include "support/support.h"

#include <string.h>

static const zg_carrier_spec SPECS[] = {
    {"flag", ZAGG_FIELD_SCALAR, ZAGG_DT_BOOL, 1, false},
    {"counts", ZAGG_FIELD_VECTOR, ZAGG_DT_U32, 5, false},
    {"digest", ZAGG_FIELD_RAGGED, ZAGG_DT_F32, 2, false},
    {"morton", ZAGG_FIELD_SCALAR, ZAGG_DT_U64, 1, true},
};
enum { N_SPECS = 4 };

static zagg_carrier *make(size_t n_cells)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_carrier *c = NULL;
    if (zg_carrier_new(SPECS, N_SPECS, n_cells, &c, &err))
        fail_msg("%s", err.msg);
    return c;
}

static void append(zagg_carrier *c, size_t column, size_t cell, const float *rows,
                   size_t n_rows)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_carrier_append(c, column, cell, rows, n_rows, &err))
        fail_msg("%s", err.msg);
}

static void test_columns(void **state)
{
    zagg_carrier *c = make(3);
    (void)state;
    assert_int_equal(c->n_cells, 3);
    assert_int_equal(c->n_columns, N_SPECS);
    for (size_t i = 0; i < N_SPECS; i++) {
        const zagg_carrier_column *col = &c->columns[i];
        assert_string_equal(col->name, SPECS[i].name);
        assert_ptr_not_equal(col->name, SPECS[i].name);
        assert_int_equal(col->kind, SPECS[i].kind);
        assert_int_equal(col->dtype, SPECS[i].dtype);
        assert_int_equal(col->width, SPECS[i].width);
        assert_int_equal(zg_carrier_holds_words(c, i), i == 3);
        assert_true((col->offsets != NULL) == (col->kind == ZAGG_FIELD_RAGGED));
        if (col->kind == ZAGG_FIELD_RAGGED)
            continue;
        const size_t bytes = 3 * col->width * zagg_dtype_size(col->dtype);
        assert_int_equal((uintptr_t)col->data % 64, 0);
        for (size_t k = 0; k < bytes; k++)
            assert_int_equal(((const uint8_t *)col->data)[k], 0);
        memset(col->data, 0xff, bytes); /* overlaps would show in the next column */
    }
    zagg_carrier_release(c);
}

static void test_ragged(void **state)
{
    static const uint64_t OFFSETS[] = {0, 0, 3, 3, 103, 103};
    float rows[200];
    zagg_err err = ZAGG_ERR_INIT;
    zagg_carrier *c = make(5);
    (void)state;
    for (size_t i = 0; i < 200; i++)
        rows[i] = (float)i;
    append(c, 2, 1, rows, 2);
    append(c, 2, 1, rows + 4, 1);
    append(c, 2, 2, NULL, 0);
    append(c, 2, 3, rows, 100);
    assert_int_equal(zg_carrier_append(c, 2, 2, rows, 1, &err), ZAGG_EINTERNAL);
    assert_int_equal(zg_carrier_append(c, 2, 5, rows, 1, &err), ZAGG_EINTERNAL);
    assert_int_equal(zg_carrier_append(c, 0, 4, rows, 1, &err), ZAGG_EINTERNAL);
    zg_carrier_finish(c);
    assert_memory_equal(c->columns[2].offsets, OFFSETS, sizeof OFFSETS);
    const float *data = c->columns[2].data;
    for (size_t i = 0; i < 6; i++)
        assert_true(data[i] == (float)i);
    for (size_t i = 0; i < 200; i++)
        assert_true(data[6 + i] == (float)i);
    zagg_carrier_release(c);
}

/* A ragged column without rows has offsets all the same; so has a carrier without cells.
 */
static void test_empty(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3; n++) {
        zagg_carrier *c = make(n);
        zg_carrier_finish(c);
        for (size_t i = 0; i <= n; i++)
            assert_int_equal(c->columns[2].offsets[i], 0);
        zagg_carrier_release(c);
    }
}

static void test_references(void **state)
{
    zagg_carrier *c = make(2);
    zagg_carrier copy = *c;
    (void)state;
    assert_ptr_equal(zagg_carrier_retain(&copy), c);
    zagg_carrier_release(&copy);
    memset(c->columns[3].data, 1, 16); /* still there: the sanitizer tells */
    zagg_carrier_release(c);
    copy.owner = NULL;
    assert_null(zagg_carrier_retain(&copy));
    zagg_carrier_release(&copy);
    zagg_carrier_release(NULL);
}

static void test_memory(void **state)
{
    const float rows[2] = {0};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_carrier *c = NULL;
    zg_carrier_spec spec = SPECS[1];
    (void)state;
    zg_alloc_fail_nth(1);
    assert_int_equal(zg_carrier_new(SPECS, N_SPECS, 2, &c, &err), ZAGG_ENOMEM);
    spec.width = SIZE_MAX / 4;
    assert_int_equal(zg_carrier_new(&spec, 1, 3, &c, &err), ZAGG_ENOMEM);
    assert_null(c);
    c = make(2);
    zg_alloc_fail_nth(1);
    assert_int_equal(zg_carrier_append(c, 2, 0, rows, 1, &err), ZAGG_ENOMEM);
    assert_non_null(strstr(err.msg, "digest"));
    append(c, 2, 0, rows, 1);
    assert_int_equal(zg_carrier_append(c, 2, 0, rows, SIZE_MAX - 1, &err), ZAGG_ENOMEM);
    zg_alloc_fail_nth(1); /* spare memory stays where it cannot be given back */
    zg_carrier_finish(c);
    assert_int_equal(c->columns[2].offsets[2], 1);
    zagg_carrier_release(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns), cmocka_unit_test(test_ragged),
        cmocka_unit_test(test_empty),   cmocka_unit_test(test_references),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
