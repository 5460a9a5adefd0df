/* Which cell stands for a chunk, and how it is told that the cells differ. */
#include "core/store_plan.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CELLS = 6 };

/* ---- values ---- */

static zagg_carrier_column values(zagg_dtype dtype, size_t width, void *data)
{
    return (zagg_carrier_column){.name = "f",
                                 .kind =
                                     width > 1 ? ZAGG_FIELD_VECTOR : ZAGG_FIELD_SCALAR,
                                 .dtype = dtype,
                                 .width = width,
                                 .data = data};
}

/* The cell that is chosen, or the number of values that the refusal tells as -n. */
static long choose(const zagg_carrier_column *c, size_t n_cells)
{
    zagg_err err = ZAGG_ERR_INIT;
    size_t cell = 99;
    const bool ragged = c->kind == ZAGG_FIELD_RAGGED;
    const zagg_status status =
        (ragged ? zg_companion_payload : zg_companion_cell)(c, n_cells, &cell, &err);
    if (status == ZAGG_OK)
        return (long)cell;
    assert_int_equal(status, ZAGG_ERANGE);
    assert_int_equal(cell, 99);
    char expected[400];
    const char *carry = strstr(err.msg, "carry ");
    assert_non_null(carry);
    const long n = strtol(carry + 6, NULL, 10);
    (void)snprintf(
        expected, sizeof expected,
        ragged
            ? "resolution: chunk ragged field 'f' is not chunk-uniform: the populated "
              "cells carry %ld distinct payloads; a chunk-resolution field must reduce "
              "to one payload per chunk (use resolution: cell for a per-cell ragged "
              "field)"
            : "resolution: chunk field 'f' is not chunk-uniform: the populated cells "
              "carry %ld distinct values; a chunk-resolution field must reduce to one "
              "value per chunk (use resolution: cell for a per-cell field)",
        n);
    assert_string_equal(err.msg, expected);
    return -n;
}

static void scalars(void **state)
{
    (void)state;
    const float nan = NAN, inf = INFINITY;
    static const struct {
        long expected;
        size_t n;
        int pick[MAX_CELLS]; /* into the values below */
    } cases[] = {
        {0, 4, {1, 1, 1, 1}}, {2, 5, {0, 0, 1, 0, 1}}, /* NaN: no value */
        {0, 3, {0, 0, 0}},    {-2, 3, {1, 2, 1}},      {-3, 5, {1, 2, 3, 0, 1}},
        {0, 1, {1}},          {0, 2, {4, 5}}, /* 0 and -0 are equal: the first is stored
                                               */
        {-2, 3, {4, 5, 1}},                   /* and count as one */
        {-2, 3, {6, 1, 0}},                   /* infinity is a value */
    };
    const float of[] = {nan, 1.5f, 2.5f, -1, 0.0f, -0.0f, inf};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float f[MAX_CELLS];
        double d[MAX_CELLS];
        for (size_t k = 0; k < cases[i].n; k++)
            d[k] = (double)(f[k] = of[cases[i].pick[k]]);
        const zagg_carrier_column narrow = values(ZAGG_DT_F32, 1, f),
                                  wide = values(ZAGG_DT_F64, 1, d);
        if (choose(&narrow, cases[i].n) != cases[i].expected ||
            choose(&wide, cases[i].n) != cases[i].expected)
            fail_msg("case %zu", i);
    }
}

/* Integers have no empty cells. */
static void integers(void **state)
{
    (void)state;
    int32_t same[3] = {7, 7, 7}, differ[4] = {0, 7, 0, -7};
    uint64_t big[2] = {UINT64_MAX, UINT64_MAX - 1};
    uint8_t truth[3] = {1, 0, 1};
    zagg_carrier_column c = values(ZAGG_DT_I32, 1, same);
    assert_int_equal(choose(&c, 3), 0);
    c = values(ZAGG_DT_I32, 1, differ);
    assert_int_equal(choose(&c, 4), -3);
    c = values(ZAGG_DT_U64, 1, big);
    assert_int_equal(choose(&c, 2), -2);
    c = values(ZAGG_DT_BOOL, 1, truth);
    assert_int_equal(choose(&c, 3), -2);
}

/* A vector counts as empty only when it is NaN throughout; NaN inside equals NaN. */
static void vectors(void **state)
{
    (void)state;
    const double nan = (double)NAN;
    double none[2][2] = {{nan, nan}, {nan, nan}};
    double holed[3][2] = {{nan, nan}, {nan, 2}, {nan, 2}};
    double filled[2][2] = {{nan, 2}, {1, 2}};
    double infinite[3][2] = {{nan, 2}, {(double)INFINITY, 2}, {3, 2}};
    uint32_t bins[2][2] = {{1, 2}, {1, 3}};
    zagg_carrier_column c = values(ZAGG_DT_F64, 2, none);
    assert_int_equal(choose(&c, 2), 0);
    c.data = holed;
    assert_int_equal(choose(&c, 3), 1);
    c.data = filled;
    assert_int_equal(choose(&c, 2), -2);
    c.data = infinite; /* upstream counts NaN and infinity as one */
    assert_int_equal(choose(&c, 3), -2);
    c = values(ZAGG_DT_U32, 2, bins);
    assert_int_equal(choose(&c, 2), -2);
    c = values(ZAGG_DT_U32, 1, bins);
    assert_int_equal(choose(&c, 1), 0);
}

/* ---- payloads ---- */

static void payloads(void **state)
{
    (void)state;
    float rows[] = {1, 2, 1, 2, 1, 2, NAN, 3, NAN, 3, -0.0f, 0.0f};
    static const struct {
        long expected;
        size_t n;
        uint64_t offsets[MAX_CELLS + 1];
    } cases[] = {
        {3, 3, {0, 0, 0, 0}},    /* none: no cell */
        {1, 4, {0, 0, 1, 1, 2}}, /* equal ones around empty ones */
        {0, 1, {0, 6}},          /* one alone */
        {-2, 2, {0, 1, 3}},      /* another number of rows */
        {0, 2, {3, 4, 5}},       /* NaN equals NaN */
        {-2, 3, {2, 3, 4, 4}},   {-3, 4, {1, 2, 3, 4, 6}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const zagg_carrier_column c = {.name = "f",
                                       .kind = ZAGG_FIELD_RAGGED,
                                       .dtype = ZAGG_DT_F32,
                                       .width = 2,
                                       .data = rows,
                                       .offsets = cases[i].offsets};
        if (choose(&c, cases[i].n) != cases[i].expected)
            fail_msg("case %zu", i);
    }
    const uint64_t nothing[3] = {0, 0, 0};
    const zagg_carrier_column empty = {.name = "f",
                                       .kind = ZAGG_FIELD_RAGGED,
                                       .dtype = ZAGG_DT_U64,
                                       .width = 1,
                                       .offsets = nothing};
    assert_int_equal(choose(&empty, 2), 2); /* no rows at all: no memory either */
}

static void lack_of_memory(void **state)
{
    (void)state;
    int32_t differ[2] = {1, 2};
    const zagg_carrier_column c = values(ZAGG_DT_I32, 1, differ);
    zagg_err err = ZAGG_ERR_INIT;
    size_t cell = 0;
    for (int nth = 1; nth <= 2; nth++) {
        zg_alloc_fail_nth(nth);
        assert_int_equal(zg_companion_cell(&c, 2, &cell, &err), ZAGG_ENOMEM);
        zg_alloc_fail_nth(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),        cmocka_unit_test(integers),
        cmocka_unit_test(vectors),        cmocka_unit_test(payloads),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
