/* Carriers into a store and back: every kind of field, chunk by chunk and by shard, on
 * both kinds of grids, in both forms of ragged fields. */
#include "support/support.h"
#include "zagg/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELDS                                                                           \
    "    number: {function: min, source: h}\n"                                           \
    "    hist: {kind: vector, trailing_shape: 2, expression: h, dtype: int32, "          \
    "fill_value: 0}\n"                                                                   \
    "    rows: {kind: ragged, inner_shape: 2, expression: h}\n"                          \
    "    same: {expression: h, resolution: chunk}\n"                                     \
    "    pair: {kind: vector, trailing_shape: 2, expression: h, resolution: chunk}\n"    \
    "    note: {kind: ragged, inner_shape: 1, expression: h, dtype: uint64, "            \
    "resolution: "                                                                       \
    "chunk}\n"
#define CONFIG(output)                                                                   \
    "data_source:\n"                                                                     \
    "  groups: [gt1l]\n"                                                                 \
    "  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}\n"         \
    "  variables: {h: \"/{group}/h\"}\n"                                                 \
    "aggregation:\n"                                                                     \
    "  variables:\n" FIELDS "output:\n" output
#define HEALPIX(more)                                                                    \
    "  grid: {type: healpix, parent_order: 1, chunk_inner: 2, child_order: 3" more "}\n"
#define RECTILINEAR(more)                                                                \
    "  grid: {type: rectilinear, crs: \"EPSG:4326\", resolution: 1, bounds: [0, 0, 12, " \
    "8], chunk_shape: [4, 6], chunk_inner: [2, 3]" more "}\n"

enum { N_COLUMNS = 6, MAX_CELLS = 6, MAX_ROWS = 16 };

/* What the cells of a chunk hold follows from the number of the chunk. */
typedef struct cells {
    size_t n;
    float number[MAX_CELLS], same[MAX_CELLS], pair[MAX_CELLS][2], rows[MAX_ROWS][2];
    int32_t hist[MAX_CELLS][2];
    uint64_t offsets[MAX_CELLS + 1], note[MAX_CELLS], note_offsets[MAX_CELLS + 1];
    zagg_carrier_column columns[N_COLUMNS];
} cells;

/* Chunk 1 holds nothing but empty cells. */
static void fill(cells *c, uint64_t chunk, size_t n)
{
    const float nan = __builtin_nanf("");
    const bool empty = chunk == 1;
    *c = (cells){.n = n};
    for (size_t i = 0; i < n; i++) {
        const bool holds = !empty && (i + chunk) % 3 != 0;
        const size_t n_rows = holds ? 1 + (i + chunk) % 2 : 0;
        c->number[i] = holds ? (float)chunk + (float)i / 8 : nan;
        c->same[i] = holds ? (float)chunk : nan;
        c->pair[i][0] = c->pair[i][1] = c->same[i];
        c->hist[i][0] = c->hist[i][1] = holds ? (int32_t)(10 * chunk + i) : 0;
        c->offsets[i + 1] = c->offsets[i] + n_rows;
        c->note_offsets[i + 1] = c->note_offsets[i] + holds;
        if (holds)
            c->note[c->note_offsets[i]] = 1000 + chunk;
    }
    for (size_t r = 0; r < c->offsets[n]; r++) {
        c->rows[r][0] = (float)r + (float)chunk * 16;
        c->rows[r][1] = 1;
    }
    const zagg_carrier_column columns[N_COLUMNS] = {
        {"number", ZAGG_FIELD_SCALAR, ZAGG_DT_F32, 1, c->number, NULL},
        {"hist", ZAGG_FIELD_VECTOR, ZAGG_DT_I32, 2, c->hist, NULL},
        {"rows", ZAGG_FIELD_RAGGED, ZAGG_DT_F32, 2, c->rows, c->offsets},
        {"same", ZAGG_FIELD_SCALAR, ZAGG_DT_F32, 1, c->same, NULL},
        {"pair", ZAGG_FIELD_VECTOR, ZAGG_DT_F32, 2, c->pair, NULL},
        {"note", ZAGG_FIELD_RAGGED, ZAGG_DT_U64, 1, c->note, c->note_offsets}};
    memcpy(c->columns, columns, sizeof columns);
}

/* ---- one store ---- */

typedef struct fixture {
    char *path;
    zagg_sink *store;
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    const zagg_grid_info *info;
    zagg_store_plan *plan;
    zagg_store_writer *writer;
    zagg_shard shard;
    zagg_err err;
} fixture;

static void ok(fixture *f, zagg_status status)
{
    if (status != ZAGG_OK)
        fail_msg("%s", f->err.msg);
}

static void store_open(fixture *f, const char *config, uint64_t key)
{
    *f = (fixture){.path = make_temp_dir()};
    ok(f, zagg_sink_open_dir(f->path, &f->store, &f->err));
    ok(f, zagg_pipeline_parse(config, strlen(config), "t.yaml", NULL, &f->pipeline,
                              &f->err));
    ok(f,
       zagg_grid_from_pipeline(f->pipeline, ZAGG_LATITUDE_AUTHALIC, &f->grid, &f->err));
    f->info = zagg_grid_get_info(f->grid);
    if (f->info->kind == ZAGG_GRID_HEALPIX)
        zagg_grid_shard_keys(f->grid, &(double){38.0}, &(double){-76.0}, 1, &key,
                             &(bool){false});
    ok(f, zagg_grid_shard(f->grid, key, &f->shard, &f->err));
    ok(f, zagg_store_plan_new(f->pipeline, f->grid, &f->plan, &f->err));
    ok(f, zagg_zarr_create(f->store, zagg_store_plan_template(f->plan), false, &f->err));
    ok(f, zagg_store_writer_new(f->plan, f->store, &f->writer, &f->err));
}

static void store_close(fixture *f)
{
    zagg_store_writer_free(f->writer);
    zagg_store_plan_free(f->plan);
    zagg_grid_free(f->grid);
    zagg_pipeline_free(f->pipeline);
    zagg_sink_close(f->store);
    remove_tree(f->path);
    zg_free(f->path);
}

static zagg_status put(fixture *f, uint64_t chunk, cells *c)
{
    zagg_carrier carrier = {
        .chunk = chunk, .n_cells = c->n, .n_columns = N_COLUMNS, .columns = c->columns};
    zagg_grid_chunk_index(f->grid, &f->shard, chunk, carrier.chunk_index);
    return zagg_store_writer_carrier(f->writer, &f->shard, &carrier, &f->err);
}

static void write_shard(fixture *f)
{
    for (uint64_t chunk = 0; chunk < f->info->chunks_per_shard; chunk++) {
        cells c;
        fill(&c, chunk, (size_t)f->info->cells_per_chunk);
        ok(f, put(f, chunk, &c));
    }
    ok(f, zagg_store_writer_finish(f->writer, &f->shard, &f->err));
}

/* ---- reading it back ---- */

typedef struct check {
    fixture *f;
    const zagg_zarr_array *array;
    size_t n; /* chunks seen */
} check;

static bool is(const check *c, const char *name)
{
    return strcmp(c->array->name, name) == 0;
}

/* Number of the chunk in its shard, from its place in the grid of chunks. */
static uint64_t chunk_at(const fixture *f, const uint64_t *index)
{
    for (uint64_t chunk = 0; chunk < f->info->chunks_per_shard; chunk++) {
        uint64_t at[2];
        zagg_grid_chunk_index(f->grid, &f->shard, chunk, at);
        if (at[0] == index[0] && (f->info->rank == 1 || at[1] == index[1]))
            return chunk;
    }
    fail_msg("a chunk of another shard");
    return 0;
}

/* The same by the number under which CSR groups are kept. */
static uint64_t chunk_of_key(const fixture *f, uint64_t key)
{
    const uint64_t n_columns =
        f->info->rank == 2 ? f->info->shape[1] / f->info->chunk_shape[1] : 1;
    const uint64_t index[2] = {key / n_columns, key % n_columns};
    if (f->info->chunks_per_shard > 1)
        return chunk_at(f, index);
    assert_int_equal(key, f->shard.key);
    return 0;
}

static void check_views(const zagg_bytes_view *views, const cells *want,
                        const zagg_carrier_column *column, size_t first, size_t n)
{
    const size_t row = column->width * zagg_dtype_size(column->dtype);
    (void)want;
    for (size_t i = 0; i < n; i++) {
        const uint64_t *at = column->offsets + first + i;
        assert_int_equal(views[i].len, (at[1] - at[0]) * row);
        if (views[i].len > 0)
            assert_memory_equal(views[i].data, (const char *)column->data + at[0] * row,
                                views[i].len);
    }
}

static void check_csr(const check *c, const zagg_zarr_csr *csr, const cells *want,
                      const zagg_carrier_column *column)
{
    const size_t row = column->width * zagg_dtype_size(column->dtype);
    const bool note = is(c, "note");
    size_t n = 0;
    assert_int_equal(csr->dtype, column->dtype);
    for (size_t i = 0; i < want->n; i++) {
        const uint64_t *at = column->offsets + i;
        if (at[1] == at[0] || (note && n > 0))
            continue;
        assert_int_equal(csr->cell_ids[n], note ? 0 : i);
        assert_int_equal(csr->offsets[n + 1] - csr->offsets[n], at[1] - at[0]);
        assert_int_equal(csr->width, column->width);
        assert_memory_equal((const char *)csr->values + (size_t)csr->offsets[n] * row,
                            (const char *)column->data + at[0] * row,
                            (at[1] - at[0]) * row);
        n++;
    }
    assert_int_equal(csr->n_cells, n);
}

static const zagg_carrier_column *column_of(const cells *want, const char *name)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (strcmp(want->columns[i].name, name) == 0)
            return &want->columns[i];
    fail_msg("no column %s", name);
    return NULL;
}

static zagg_status see(void *user, const uint64_t *index, const void *data, size_t n,
                       zagg_err *err)
{
    check *c = user;
    const bool csr = c->array->kind == ZAGG_ZARR_CSR;
    const uint64_t chunk = csr ? chunk_of_key(c->f, index[0]) : chunk_at(c->f, index);
    cells want;
    (void)err;
    fill(&want, chunk, (size_t)c->f->info->cells_per_chunk);
    const zagg_carrier_column *column = column_of(&want, c->array->name);
    c->n++;
    if (csr) {
        check_csr(c, data, &want, column);
    } else if (c->array->kind == ZAGG_ZARR_VLEN) {
        const size_t first = is(c, "note") ? (want.note_offsets[1] == 0) : 0;
        check_views(data, &want, column, first, n);
    } else {
        /* the first cell that holds something stands for a chunk */
        const size_t size = zagg_dtype_size(column->dtype);
        const size_t first = n == column->width && chunk % 3 == 0 ? column->width : 0;
        assert_memory_equal(data, (const char *)column->data + first * size, n * size);
    }
    return ZAGG_OK;
}

/* Every field of the store holds `stored` chunks, CSR fields of cells `csr`. */
static void read_back(fixture *f, size_t stored, size_t csr)
{
    zagg_zarr_reader *r = NULL;
    size_t n_fields = 0;
    ok(f, zagg_zarr_open(f->store, &r, &f->err));
    for (size_t i = 0; i < zagg_zarr_reader_n(r); i++) {
        check c = {f, zagg_zarr_reader_array(r, i), 0};
        if (is(&c, "morton") || is(&c, "x") || is(&c, "y"))
            continue;
        n_fields++;
        ok(f, zagg_zarr_read_chunks(r, i, see, &c, NULL, NULL, &f->err));
        const size_t expected =
            c.array->kind == ZAGG_ZARR_CSR && is(&c, "rows") ? csr : stored;
        if (c.n != expected)
            fail_msg("%s: %zu chunks instead of %zu", c.array->name, c.n, expected);
    }
    assert_int_equal(n_fields, N_COLUMNS);
    zagg_zarr_reader_free(r);
}

static void test_every_layout(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        uint64_t key;
    } cases[] = {
        {CONFIG("  store_layout: flat\n" HEALPIX("")), 0},
        {CONFIG("  store_layout: flat\n" HEALPIX(", sharded: false")), 0},
        {CONFIG("  compat: zagg-0.11\n" HEALPIX("")), 0},
        {CONFIG("  compat: zagg-0.11\n" HEALPIX(", sharded: true")), 0},
        {CONFIG(RECTILINEAR(", sharded: true")), 3},
        {CONFIG(RECTILINEAR("")), 3},
        {CONFIG("  compat: zagg-0.11\n" RECTILINEAR("")), 3},
        {CONFIG("  compat: zagg-0.11\n" RECTILINEAR(", sharded: true")), 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        store_open(&f, cases[i].config, cases[i].key);
        assert_int_equal(f.info->chunks_per_shard, 4);
        write_shard(&f);
        read_back(&f, 3, 4); /* empty chunks have a CSR group, too */
        store_close(&f);
    }
}

/* With one chunk a shard a CSR group is named by the key of the shard. */
static void test_key_of_a_single_chunk(void **state)
{
    (void)state;
    fixture f;
    char key[80];
    void *text = NULL;
    size_t len = 0;
    store_open(&f,
               CONFIG("  compat: zagg-0.11\n  grid: {type: healpix, parent_order: 2, "
                      "child_order: 3}\n"),
               0);
    assert_int_equal(f.info->chunks_per_shard, 1);
    write_shard(&f);
    read_back(&f, 1, 1);
    assert_true(f.shard.key > (uint64_t)1 << 32);
    (void)snprintf(key, sizeof key, "3/rows/%llu/values/c/0/0",
                   (unsigned long long)f.shard.key);
    ok(&f, zagg_sink_get(f.store, key, 1000, &text, &len, &f.err));
    zagg_bytes_free(text);
    store_close(&f);
}

/* What is empty now goes away where an earlier run left something. */
static void test_stale_objects_are_removed(void **state)
{
    (void)state;
    static const char *const CONFIGS[] = {
        CONFIG("  store_layout: flat\n" HEALPIX("")),
        CONFIG("  store_layout: flat\n" HEALPIX(", sharded: false"))};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        store_open(&f, CONFIGS[i], 0);
        write_shard(&f);
        for (uint64_t chunk = 0; chunk < 4; chunk++) {
            cells c;
            fill(&c, 1, 4);
            ok(&f, put(&f, chunk, &c));
        }
        ok(&f, zagg_store_writer_finish(f.writer, &f.shard, &f.err));
        read_back(&f, 0, 0);
        store_close(&f);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const uint64_t NONE[5] = {0};
    fixture f;
    cells c;
    store_open(&f, CONFIG("  store_layout: flat\n" HEALPIX("")), 0);
    fill(&c, 2, 4);
    c.same[1] = 7;
    assert_int_equal(put(&f, 2, &c), ZAGG_ERANGE);
    assert_non_null(strstr(f.err.msg, "field 'same' is not chunk-uniform"));
    fill(&c, 2, 4);
    c.note[1] = 7;
    assert_int_equal(put(&f, 3, &c), ZAGG_ERANGE);
    assert_non_null(strstr(f.err.msg, "ragged field 'note' is not chunk-uniform"));
    static const zagg_carrier_column WRONG[] = {
        {"number", ZAGG_FIELD_SCALAR, ZAGG_DT_F64, 1, NULL, NULL},
        {"number", ZAGG_FIELD_VECTOR, ZAGG_DT_F32, 2, NULL, NULL},
        {"hist", ZAGG_FIELD_VECTOR, ZAGG_DT_I32, 3, NULL, NULL},
        {"rows", ZAGG_FIELD_VECTOR, ZAGG_DT_F32, 2, NULL, NULL},
        {"rows", ZAGG_FIELD_RAGGED, ZAGG_DT_F32, 2, NULL, NULL},
        {"rows", ZAGG_FIELD_RAGGED, ZAGG_DT_F64, 2, NULL, NONE},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        fill(&c, 2, 4);
        c.columns[0] = WRONG[i];
        assert_int_equal(put(&f, 0, &c), ZAGG_EARG);
        assert_non_null(strstr(f.err.msg, WRONG[i].name));
    }
    store_close(&f);
}

/* What is begun of a shard is no other's. */
static void test_one_shard_after_another(void **state)
{
    (void)state;
    fixture f;
    cells c;
    store_open(&f, CONFIG("  store_layout: flat\n" HEALPIX("")), 0);
    const zagg_shard shard = f.shard;
    fill(&c, 2, 4);
    ok(&f, put(&f, 2, &c));
    f.shard.key++;
    assert_int_equal(put(&f, 3, &c), ZAGG_EARG);
    assert_int_equal(zagg_store_writer_finish(f.writer, &f.shard, &f.err), ZAGG_EARG);
    assert_non_null(strstr(f.err.msg, "was finished"));
    f.shard = shard;
    ok(&f, zagg_store_writer_finish(f.writer, &f.shard, &f.err));
    f.shard.key++;
    ok(&f, put(&f, 3, &c)); /* the next one */
    store_close(&f);
}

/* Columns that the store does not hold are passed over. */
static void test_unknown_columns(void **state)
{
    (void)state;
    fixture f;
    cells c;
    store_open(&f, CONFIG("  store_layout: flat\n" HEALPIX("")), 0);
    fill(&c, 2, 4);
    for (size_t i = 0; i < N_COLUMNS; i++)
        c.columns[i].name = "cell_ids";
    ok(&f, put(&f, 2, &c));
    ok(&f, zagg_store_writer_finish(f.writer, &f.shard, &f.err));
    read_back(&f, 0, 0);
    store_close(&f);
}

/* ---- memory ---- */

/* A plan, a writer and a shard whose nth allocation fails. */
static zagg_status write_all(fixture *f, int64_t nth)
{
    zagg_store_plan *plan = NULL;
    zagg_store_writer *writer = NULL, *kept = f->writer;
    zg_alloc_fail_nth(nth);
    zagg_status status = zagg_store_plan_new(f->pipeline, f->grid, &plan, &f->err);
    if (status == ZAGG_OK)
        status = zagg_store_writer_new(plan, f->store, &writer, &f->err);
    f->writer = writer;
    for (uint64_t chunk = 0; status == ZAGG_OK && chunk < 4; chunk++) {
        cells c;
        fill(&c, chunk, (size_t)f->info->cells_per_chunk);
        status = put(f, chunk, &c);
    }
    if (status == ZAGG_OK)
        status = zagg_store_writer_finish(writer, &f->shard, &f->err);
    zg_alloc_fail_nth(0);
    zagg_store_writer_free(writer);
    zagg_store_plan_free(plan);
    f->writer = kept;
    return status;
}

static zagg_status count_chunk(void *user, const uint64_t *index, const void *data,
                               size_t n, zagg_err *err)
{
    (void)index;
    (void)data;
    (void)n;
    (void)err;
    ++*(size_t *)user;
    return ZAGG_OK;
}

static zagg_status read_all(fixture *f, int64_t nth)
{
    zagg_zarr_reader *r = NULL;
    size_t n = 0;
    zg_alloc_fail_nth(nth);
    zagg_status status = zagg_zarr_open(f->store, &r, &f->err);
    for (size_t i = 0; status == ZAGG_OK && i < zagg_zarr_reader_n(r); i++)
        status = zagg_zarr_read_chunks(r, i, count_chunk, &n, NULL, NULL, &f->err);
    zg_alloc_fail_nth(0);
    zagg_zarr_reader_free(r);
    return status;
}

/* Fails each allocation in turn until runs go well because there are no more. A few that
 * only serve a message are done without. */
static int64_t sweep(fixture *f, zagg_status (*run)(fixture *, int64_t))
{
    int64_t nth = 0, well = 0;
    for (; well < 20; nth++) {
        const zagg_status status = run(f, nth + 1);
        well = status == ZAGG_OK ? well + 1 : 0;
        if (status != ZAGG_OK && status != ZAGG_ENOMEM)
            fail_msg("allocation %lld: %s", (long long)nth, f->err.msg);
    }
    return nth - well;
}

/* What lacks memory says so, and the next attempt succeeds. */
static void test_lack_of_memory(void **state)
{
    (void)state;
    static const char *const CONFIGS[] = {
        CONFIG("  store_layout: flat\n" HEALPIX("")),
        CONFIG("  store_layout: flat\n" HEALPIX(", sharded: false")),
        CONFIG("  compat: zagg-0.11\n" HEALPIX(""))};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        store_open(&f, CONFIGS[i], 0);
        assert_true(sweep(&f, write_all) > 100);
        read_back(&f, 3, 4);
        assert_true(sweep(&f, read_all) > 40);
        store_close(&f);
    }
}

int main(void)
{
    /* Memory instead of a disk: thousands of small files. */
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
        assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_layout),
        cmocka_unit_test(test_key_of_a_single_chunk),
        cmocka_unit_test(test_stale_objects_are_removed),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_unknown_columns),
        cmocka_unit_test(test_one_shard_after_another),
        cmocka_unit_test(test_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
