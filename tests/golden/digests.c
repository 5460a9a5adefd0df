/* Golden sets aggregate/td*, merge*, kway*, chan*: building and merging digests. */
#include "golden/digest_cases.h"

#include <stdio.h>
#include <string.h>

/* The cells of aggregate/td_values_f32, and what upstream made of them. */
typedef struct cells {
    parts values, centroids;
    npy delta;
} cells;

static cells cells_read(void)
{
    cells c = {.values = parts_read("td_values_f32", "td_values_off", ZAGG_DT_F32, 1),
               .centroids =
                   parts_read("td_centroids", "td_centroids_off", ZAGG_DT_F32, 2),
               .delta = array_read("td_delta", ZAGG_DT_F64)};
    assert_int_equal(c.values.n, c.centroids.n);
    assert_int_equal(c.values.n, c.delta.n);
    return c;
}

static void cells_free(cells *c)
{
    parts_free(&c->values);
    parts_free(&c->centroids);
    npy_free(&c->delta);
}

static double delta_at(const npy *delta, size_t i)
{
    return ((const double *)delta->data)[i];
}

static void build_case(case_report *r, const char *name, zagg_digest_memory *memory,
                       zagg_digest_rows rows, double delta, const parts *expected,
                       size_t i)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_digest d = {.n = 0};
    zagg_status status = zagg_digest_build(memory, &rows, delta, &d, &err);
    judge_digest(r, name, status, &err, &d, expected, i);
}

static void test_build(void **state)
{
    (void)state;
    if (!golden_available("aggregate/td_centroids.npy"))
        return;
    cells c = cells_read();
    case_report report = {.set = "td"};
    zagg_digest_memory *memory = new_memory();
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *notes = golden_json(arena, golden_path("aggregate/td_notes.json"));
    for (size_t i = 0; i < c.values.n; i++) {
        char name[128];
        zagg_digest_rows rows = {.dtype = ZAGG_DT_F32};
        rows.values = part_at(&c.values, i, &rows.n);
        (void)snprintf(name, sizeof name, "%zu (%s, delta %g)", i,
                       i < notes->n ? notes->items[i]->str : "", delta_at(&c.delta, i));
        build_case(&report, name, memory, rows, delta_at(&c.delta, i), &c.centroids, i);
    }
    report_end(&report, 400);
    zagg_arena_free(arena);
    zagg_digest_memory_free(memory);
    cells_free(&c);
}

/* The same values in float64, and with words beside them: the centroids stay the same. */
static void test_build_other_ways(void **state)
{
    (void)state;
    if (!golden_available("aggregate/td_centroids.npy"))
        return;
    cells c = cells_read();
    case_report report = {.set = "td as float64, with words, with weights"};
    zagg_digest_memory *memory = new_memory();
    size_t n_rows = c.values.values.n;
    double *wide = zg_alloc(n_rows, sizeof *wide), *ones = zg_alloc(n_rows, sizeof *ones);
    uint64_t *words = zg_alloc(n_rows, sizeof *words);
    assert_true(wide != NULL && ones != NULL && words != NULL);
    for (size_t i = 0; i < c.values.n; i++) {
        char name[64];
        zagg_digest_rows rows = {.dtype = ZAGG_DT_F32};
        rows.values = part_at(&c.values, i, &rows.n);
        for (size_t k = 0; k < rows.n; k++) {
            wide[k] = (double)((const float *)rows.values)[k];
            ones[k] = 1;
            words[k] = k + 1;
        }
        double delta = delta_at(&c.delta, i);
        (void)snprintf(name, sizeof name, "%zu", i);
        rows.times = words;
        build_case(&report, name, memory, rows, delta, &c.centroids, i);
        rows.times = NULL;
        rows.weights = ones;
        build_case(&report, name, memory, rows, delta, &c.centroids, i);
        rows.weights = NULL;
        rows.dtype = ZAGG_DT_F64;
        rows.values = wide;
        build_case(&report, name, memory, rows, delta, &c.centroids, i);
    }
    report_end(&report, 1200);
    zg_free(wide);
    zg_free(ones);
    zg_free(words);
    zagg_digest_memory_free(memory);
    cells_free(&c);
}

static void test_build_0_11(void **state)
{
    (void)state;
    if (!golden_available("aggregate/td_seed_diff_cells.npy"))
        return;
    cells c = cells_read();
    npy differing = array_read("td_seed_diff_cells", ZAGG_DT_I32);
    parts centroids =
        parts_read("td_seed_diff_centroids", "td_seed_diff_off", ZAGG_DT_F32, 2);
    assert_int_equal(differing.n, centroids.n);
    case_report report = {.set = "td of 0.11"};
    zagg_digest_memory *memory = new_memory();
    zagg_digest_memory_use_0_11(memory, true);
    for (size_t i = 0, at = 0; i < c.values.n; i++) {
        char name[64];
        zagg_digest_rows rows = {.dtype = ZAGG_DT_F32};
        rows.values = part_at(&c.values, i, &rows.n);
        (void)snprintf(name, sizeof name, "%zu", i);
        bool differs =
            at < differing.n && ((const int32_t *)differing.data)[at] == (int32_t)i;
        build_case(&report, name, memory, rows, delta_at(&c.delta, i),
                   differs ? &centroids : &c.centroids, differs ? at : i);
        at += differs;
    }
    report_end(&report, 400);
    zagg_digest_memory_free(memory);
    parts_free(&centroids);
    npy_free(&differing);
    cells_free(&c);
}

static void test_build_float64(void **state)
{
    (void)state;
    if (!golden_available("aggregate/td64_values.npy"))
        return;
    parts values = parts_read("td64_values", "td64_off", ZAGG_DT_F64, 1);
    parts centroids = parts_read("td64_centroids", "td64_centroids_off", ZAGG_DT_F32, 2);
    assert_int_equal(values.n, centroids.n);
    case_report report = {.set = "td64"};
    zagg_digest_memory *memory = new_memory();
    for (size_t i = 0; i < values.n; i++) {
        char name[64];
        zagg_digest_rows rows = {.dtype = ZAGG_DT_F64};
        rows.values = part_at(&values, i, &rows.n);
        (void)snprintf(name, sizeof name, "%zu", i);
        build_case(&report, name, memory, rows, 256, &centroids, i);
    }
    report_end(&report, 3);
    zagg_digest_memory_free(memory);
    parts_free(&values);
    parts_free(&centroids);
}

static void merge_cases(bool as_0_11, const char *out, const char *offsets)
{
    cells c = cells_read();
    npy ab = array_read("merge_ab", ZAGG_DT_I32);
    npy delta = array_read("merge_delta", ZAGG_DT_F64);
    parts expected = parts_read(out, offsets, ZAGG_DT_F32, 2);
    assert_int_equal(ab.n, 2 * expected.n);
    assert_int_equal(delta.n, expected.n);
    case_report report = {.set = as_0_11 ? "merge of 0.11" : "merge"};
    zagg_digest_memory *memory = new_memory();
    zagg_digest_memory_use_0_11(memory, as_0_11);
    for (size_t i = 0; i < expected.n; i++) {
        char name[64];
        const int32_t *pair = (const int32_t *)ab.data + 2 * i;
        zagg_digest a = digest_at(&c.centroids, (size_t)pair[0]);
        zagg_digest b = digest_at(&c.centroids, (size_t)pair[1]);
        zagg_digest d = {.n = 0};
        zagg_err err = ZAGG_ERR_INIT;
        (void)snprintf(name, sizeof name, "%zu: cells %d and %d", i, pair[0], pair[1]);
        zagg_status status =
            zagg_digest_merge(memory, &a, &b, delta_at(&delta, i), &d, &err);
        judge_digest(&report, name, status, &err, &d, &expected, i);
    }
    report_end(&report, 100);
    zagg_digest_memory_free(memory);
    parts_free(&expected);
    npy_free(&ab);
    npy_free(&delta);
    cells_free(&c);
}

static void test_merge(void **state)
{
    (void)state;
    if (!golden_available("aggregate/merge_out.npy"))
        return;
    merge_cases(false, "merge_out", "merge_off");
    merge_cases(true, "merge_seed_out", "merge_seed_off");
}

static void test_merge_all(void **state)
{
    (void)state;
    if (!golden_available("aggregate/kway_out.npy"))
        return;
    enum { MEMBERS_MAX = 64 };
    cells c = cells_read();
    parts members = parts_read("kway_members", "kway_members_off", ZAGG_DT_I32, 1);
    parts expected = parts_read("kway_out", "kway_off", ZAGG_DT_F32, 2);
    npy delta = array_read("kway_delta", ZAGG_DT_F64);
    assert_int_equal(members.n, expected.n);
    assert_int_equal(delta.n, expected.n);
    case_report report = {.set = "kway"};
    zagg_digest_memory *memory = new_memory();
    for (size_t i = 0; i < expected.n; i++) {
        zagg_digest digests[MEMBERS_MAX];
        size_t n;
        const int32_t *cell = part_at(&members, i, &n);
        assert_in_range(n, 0, MEMBERS_MAX);
        /* forwards and backwards: the result is the same */
        for (int backwards = 0; backwards < 2; backwards++) {
            char name[64];
            zagg_digest d = {.n = 0};
            zagg_err err = ZAGG_ERR_INIT;
            for (size_t k = 0; k < n; k++)
                digests[backwards ? n - 1 - k : k] =
                    digest_at(&c.centroids, (size_t)cell[k]);
            (void)snprintf(name, sizeof name, "%zu%s", i, backwards ? ", reversed" : "");
            zagg_status status =
                zagg_digest_merge_all(memory, digests, n, delta_at(&delta, i), &d, &err);
            judge_digest(&report, name, status, &err, &d, &expected, i);
        }
    }
    report_end(&report, 100);
    zagg_digest_memory_free(memory);
    parts_free(&members);
    parts_free(&expected);
    npy_free(&delta);
    cells_free(&c);
}

static void test_channels(void **state)
{
    (void)state;
    if (!golden_available("aggregate/chan_loc.npy"))
        return;
    parts values = parts_read("chan_values", "chan_off", ZAGG_DT_F32, 1);
    parts loc = parts_read("chan_loc", "chan_off", ZAGG_DT_U64, 1);
    parts toc = parts_read("chan_toc", "chan_off", ZAGG_DT_U64, 1);
    parts where = parts_read("chan_where", "chan_off", ZAGG_DT_U8, 1);
    parts out = parts_read("chan_out_centroids", "chan_out_off", ZAGG_DT_F32, 2);
    parts out_loc = parts_read("chan_out_loc", "chan_out_off", ZAGG_DT_U64, 1);
    parts out_toc = parts_read("chan_out_toc", "chan_out_off", ZAGG_DT_U64, 1);
    parts masked =
        parts_read("chan_where_out_centroids", "chan_where_out_off", ZAGG_DT_F32, 2);
    parts masked_loc =
        parts_read("chan_where_out_loc", "chan_where_out_off", ZAGG_DT_U64, 1);
    npy delta = array_read("chan_delta", ZAGG_DT_F64);
    assert_int_equal(delta.n, values.n);
    case_report report = {.set = "chan"};
    zagg_digest_memory *memory = new_memory();
    for (size_t i = 0; i < values.n; i++) {
        char name[64];
        size_t n;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_digest d = {.n = 0};
        zagg_digest_rows rows = {.dtype = ZAGG_DT_F32};
        rows.values = part_at(&values, i, &rows.n);
        rows.locations = part_at(&loc, i, &n);
        rows.times = part_at(&toc, i, &n);
        (void)snprintf(name, sizeof name, "%zu", i);
        zagg_status status =
            zagg_digest_build(memory, &rows, delta_at(&delta, i), &d, &err);
        judge_digest(&report, name, status, &err, &d, &out, i);
        if (status == ZAGG_OK &&
            judge_words(&report, name, "location", d.locations, &out_loc, i) &&
            judge_words(&report, name, "time", d.times, &out_toc, i))
            case_pass(&report);
        rows.times = NULL;
        rows.where = part_at(&where, i, &n);
        (void)snprintf(name, sizeof name, "%zu, where", i);
        status = zagg_digest_build(memory, &rows, delta_at(&delta, i), &d, &err);
        judge_digest(&report, name, status, &err, &d, &masked, i);
        if (status == ZAGG_OK &&
            judge_words(&report, name, "location", d.locations, &masked_loc, i))
            case_pass(&report);
    }
    report_end(&report, 80);
    zagg_digest_memory_free(memory);
    parts *const all[] = {&values,  &loc,     &toc,    &where,     &out,
                          &out_loc, &out_toc, &masked, &masked_loc};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        parts_free(all[i]);
    npy_free(&delta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),      cmocka_unit_test(test_build_other_ways),
        cmocka_unit_test(test_build_0_11), cmocka_unit_test(test_build_float64),
        cmocka_unit_test(test_merge),      cmocka_unit_test(test_merge_all),
        cmocka_unit_test(test_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
