/* Datasets of golden/read/datasets.json one by one: every chunk index, filter and number
 * type, with the values that the HDF5 library gives, or refused by the name of what is
 * not read. */
#include "support/support.h"
#include "zagg/h5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is not read, and what the refusal says. */
static const struct {
    const char *path, *says;
} refused[] = {{"/x/compound", "elements of type compound"},
               {"/x/lzf", "filter 32000 (lzf)"},
               {"/x/scaleoffset", "filter 6 (scale-offset)"},
               {"/x/strings", "elements of type string"},
               {"/x/t_f2", "floats of 2 bytes"}};

static const char *refusal_of(const char *path)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(path, refused[i].path) == 0)
            return refused[i].says;
    return NULL;
}

/* Member `key` is a list of these numbers; null counts as an empty one. */
static bool same_numbers(const zagg_value *entry, const char *key,
                         const uint64_t *numbers, size_t n)
{
    const zagg_value *list = zagg_value_get(entry, key);
    size_t len = list->kind == ZAGG_LIST ? list->n : 0;
    for (size_t i = 0; i < len && i < n; i++) {
        uint64_t want = 0;
        if (!zagg_value_u64(list->items[i], &want) || want != numbers[i])
            return false;
    }
    return len == n;
}

/* What differs between a dataset and its description; "" when nothing does. */
static const char *compare_info(const zagg_value *entry, const zagg_h5_info *info)
{
    static const char *const layouts[] = {"compact", "contiguous", "chunked"};
    bool has[4] = {false, info->deflate, info->shuffle, info->fletcher32};
    const zagg_value *filters = zagg_value_get(entry, "filters");
    size_t n_filters = (size_t)has[1] + has[2] + has[3];
    if (!same_numbers(entry, "shape", info->dims, info->rank))
        return "shape";
    if (!zagg_value_is(zagg_value_get(entry, "layout"), layouts[info->layout]))
        return "layout";
    if (!same_numbers(entry, "chunks", info->chunk_dims,
                      info->layout == ZAGG_H5_CHUNKED ? info->rank : 0))
        return "chunks";
    for (size_t i = 0; i < filters->n; i++) {
        uint64_t id = 0;
        if (!zagg_value_u64(filters->items[i], &id) || id > 3 || !has[id])
            return "filters";
    }
    return filters->n == n_filters ? "" : "filters";
}

/* All rows, all columns, in C order. */
static zagg_status read_all(zagg_h5_dataset *ds, zagg_pool *pool, uint8_t *out,
                            zagg_err *err)
{
    zagg_h5_info info = zagg_h5_dataset_info(ds);
    uint64_t rows = info.rank ? info.dims[0] : 1, cols = info.rank > 1 ? info.dims[1] : 1;
    size_t size = zagg_dtype_size(info.dtype);
    zagg_rows all = {0, rows};
    uint8_t *column = malloc((size_t)rows * size + 1);
    assert_non_null(column);
    zagg_status st = ZAGG_OK;
    for (uint64_t c = 0; c < cols && st == ZAGG_OK; c++) {
        zagg_h5_column from = {ds, info.rank > 1 ? (int64_t)c : -1};
        st = zagg_h5_read(from, &all, 1, pool, column, err);
        for (uint64_t r = 0; r < rows && st == ZAGG_OK; r++)
            memcpy(out + (r * cols + c) * size, column + r * size, size);
    }
    free(column);
    return st;
}

static void compare_values(case_report *report, const char *name, const zagg_value *entry,
                           zagg_h5_dataset *ds, zagg_pool *pool)
{
    const zagg_value *expect = zagg_value_get(entry, "expect");
    zagg_h5_info info = zagg_h5_dataset_info(ds);
    size_t n = 1, size = zagg_dtype_size(info.dtype);
    zagg_err err = ZAGG_ERR_INIT;
    for (unsigned d = 0; d < info.rank; d++)
        n *= (size_t)info.dims[d];
    uint8_t *got = malloc(n * size + 1);
    assert_non_null(got);
    if (read_all(ds, pool, got, &err) != ZAGG_OK) {
        case_fail(report, name, "%s", err.msg);
    } else if (!expect) { /* the scalar: one value, which is not in the set */
        case_pass(report);
    } else {
        char relative[128];
        (void)snprintf(relative, sizeof relative, "read/npy/%s.npy",
                       expect->items[2]->str);
        npy want = npy_read(golden_path(relative));
        if (want.dtype != info.dtype || want.n != n)
            case_fail(report, name, "%zu x %s instead of %zu x %s", n,
                      zagg_dtype_name(info.dtype), want.n, zagg_dtype_name(want.dtype));
        else if (memcmp(got, want.data, n * size) != 0)
            case_fail(report, name, "values differ");
        else
            case_pass(report);
        npy_free(&want);
    }
    free(got);
}

static void dataset_case(case_report *report, zagg_h5 *file, const char *path,
                         const zagg_value *entry, zagg_pool *pool)
{
    zagg_h5_dataset *ds = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const char *says = refusal_of(path);
    zagg_status st = zagg_h5_dataset_open(file, path, &ds, &err);
    if (says) {
        if (st == ZAGG_EUNSUPPORTED && strstr(err.msg, says))
            case_pass(report);
        else
            case_fail(report, path, "not refused as '%s': %s", says, err.msg);
        return;
    }
    if (st != ZAGG_OK) {
        case_fail(report, path, "%s", err.msg);
        return;
    }
    zagg_h5_info info = zagg_h5_dataset_info(ds);
    const char *differs = compare_info(entry, &info);
    if (*differs)
        case_fail(report, path, "its %s differ", differs);
    else
        compare_values(report, path, entry, ds, pool);
}

static void datasets_of(zagg_arena *arena, const char *name, size_t at_least)
{
    char relative[128];
    (void)snprintf(relative, sizeof relative, "read/%s", name);
    const zagg_value *root = golden_json(arena, golden_path("read/datasets.json"));
    const zagg_value *list = zagg_value_get(root, name);
    case_report report = {.set = name};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_pool *pool = NULL;
    assert_non_null(list);
    assert_int_equal(zagg_source_open_file(golden_path(relative), &source, &err),
                     ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &file, &err), ZAGG_OK);
    assert_int_equal(zagg_pool_new(3, &pool, &err), ZAGG_OK);
    for (size_t i = 0; i < list->n; i++) {
        const char *path = list->members[i].key->str;
        dataset_case(&report, file, path, list->members[i].value, i % 2 ? pool : NULL);
    }
    zagg_pool_free(pool);
    zagg_h5_close(file);
    zagg_source_close(source);
    report_end(&report, at_least);
}

static void test_datasets(void **state)
{
    (void)state;
    if (!golden_available("read/datasets.json"))
        skip();
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    datasets_of(arena, "g3_layout_v4.h5", 12);
    datasets_of(arena, "g4_filters_dtypes.h5", 35);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_datasets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
