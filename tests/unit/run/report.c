/* What a store is reported to hold: numbers, vectors, one value a chunk, both forms of
 * ragged fields. */
#include "support/support.h"
#include "zagg/run.h"
#include "zagg/zarr.h"

#include <math.h>
#include <string.h>

enum { N_FIELDS = 6, CELLS = 4 };

static const char *field_name(size_t i)
{
    static const char *const NAMES[N_FIELDS] = {"anchor", "csr",    "digest",
                                                "hist",   "morton", "n"};
    return NAMES[i];
}

static zagg_zarr_array array(const char *name, zagg_dtype dtype)
{
    return (zagg_zarr_array){.name = name,
                             .dtype = dtype,
                             .rank = 1,
                             .shape = {16},
                             .chunk = {CELLS},
                             .dim_names = {"cells"}};
}

static void write_store(const char *path)
{
    static const int32_t N[CELLS] = {0, 7, 0, 9}, HIST[CELLS][2] = {{0, 3}, {4, 5}};
    static const uint64_t MORTON[CELLS] = {1, 2, 3, 4}, AT[3] = {2, 0, 0};
    static const float ANCHOR[1] = {2.5f}, ROWS[4] = {1, 1, 2, 1};
    static const int64_t CELL_IDS[3] = {0, 1, 3}, OFFSETS[4] = {0, 1, 2, 3};
    static const zagg_bytes_view DIGEST[CELLS] = {{ROWS, 8}, {NULL, 0}, {ROWS, 16}};
    zagg_zarr_array a[N_FIELDS] = {
        array("anchor", ZAGG_DT_F32),  array("csr", ZAGG_DT_F32),
        array("digest", ZAGG_DT_NONE), array("hist", ZAGG_DT_I32),
        array("morton", ZAGG_DT_U64),  array("n", ZAGG_DT_I32)};
    const float nan = NAN;
    zagg_sink *store = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    a[0].shape[0] = 4;
    a[0].chunk[0] = 1;
    a[0].dim_names[0] = "chunks";
    memcpy(a[0].fill, &nan, sizeof nan);
    a[1].kind = ZAGG_ZARR_CSR;
    a[2].kind = ZAGG_ZARR_VLEN;
    a[2].zstd = true;
    a[3].rank = 2;
    a[3].shape[1] = a[3].chunk[1] = 2;
    a[3].dim_names[1] = "vector";
    const zagg_zarr_template t = {"8", NULL, a, N_FIELDS};
    const zagg_zarr_csr csr = {ZAGG_DT_F32, 1, 3, CELL_IDS, OFFSETS, ROWS};
    const void *const data[N_FIELDS] = {ANCHOR, NULL, DIGEST, HIST, MORTON, N};
    assert_int_equal(zagg_sink_open_dir(path, &store, &err), ZAGG_OK);
    assert_int_equal(zagg_zarr_create(store, &t, false, &err), ZAGG_OK);
    for (size_t i = 0; i < N_FIELDS; i++)
        if (data[i] && zagg_zarr_write_chunk(store, "8", &a[i], AT, data[i], &err))
            fail_msg("%s", err.msg);
    assert_int_equal(zagg_zarr_csr_create(store, "8", "csr", &err), ZAGG_OK);
    assert_int_equal(zagg_zarr_csr_write(store, "8", "csr", 2, &csr, &err), ZAGG_OK);
    zagg_sink_close(store);
}

static void report_of_every_kind(void **state)
{
    static const struct {
        uint64_t values, cells, objects;
        double min, mean, max;
    } expected[N_FIELDS] = {
        {1, 1, 1, 2.5, 2.5, 2.5}, {3, 3, 3, 0, 0, 0},   {2, 2, 1, 0, 0, 0},
        {3, 2, 1, 3, 4, 5},       {4, 4, 1, 1, 2.5, 4}, {2, 2, 1, 7, 8, 9},
    };
    zagg_store_report r = {0};
    zagg_err err = ZAGG_ERR_INIT;
    char *path = make_temp_dir();
    (void)state;
    write_store(path);
    if (zagg_store_report_read(path, &r, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(r.n_fields, N_FIELDS);
    assert_string_equal(r.group, "8");
    assert_int_equal(r.cells, 3); /* most cells with data: those of `csr` */
    assert_int_equal(r.shards, 1);
    assert_int_equal(r.objects, 8);
    for (size_t i = 0; i < N_FIELDS; i++) {
        const zagg_store_field *f = &r.fields[i];
        const bool ragged = i == 1 || i == 2;
        assert_string_equal(f->name, field_name(i));
        if (f->ragged != ragged || f->n_values != expected[i].values ||
            f->n_cells != expected[i].cells || f->objects != expected[i].objects)
            fail_msg("field %s is another one", f->name);
        if (ragged)
            assert_true(isnan(f->min) && isnan(f->mean) && isnan(f->max));
        else
            assert_true(same_double(f->min, expected[i].min) &&
                        same_double(f->mean, expected[i].mean) &&
                        same_double(f->max, expected[i].max));
    }
    zagg_store_report_free(&r);
    remove_tree(path);
    zg_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(report_of_every_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
