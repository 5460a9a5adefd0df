/* golden/aggregate/shards: rows of a whole shard in, every cell of every column out,
 * bit for bit (SHA-256), with every pool width. The rows come with upstream's cell
 * ids, so grouping and reducing are judged apart from reading. */
#include "golden/core_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SOURCE[] =
    "{\"groups\": [\"a\"], \"coordinates\": {\"latitude\": \"/{group}/lat\","
    " \"longitude\": \"/{group}/lon\"}, \"variables\": {\"h_ph\": \"/{group}/h_ph\","
    " \"dem_h\": \"/{group}/dem_h\"}}";

/* The aggregation sections of upstream's configs that made the three kinds. */
#define COUNT                                                                            \
    "\"count\": {\"function\": \"len\", \"source\": \"h_ph\", \"dtype\": \"int64\","     \
    " \"fill_value\": 0}"

typedef struct kind {
    const char *name;
    const char *aggregation;
} kind;

static const kind KINDS[] = {
    {"scalar", "{\"variables\": {" COUNT ","
               " \"h_min\": {\"function\": \"min\", \"source\": \"h_ph\"},"
               " \"h_max\": {\"function\": \"max\", \"source\": \"h_ph\"},"
               " \"h_mean\": {\"function\": \"mean\", \"source\": \"h_ph\"},"
               " \"h_median\": {\"function\": \"median\", \"source\": \"h_ph\"},"
               " \"h_variance\": {\"function\": \"var\", \"source\": \"h_ph\"}}}"},
    {"gain_bias",
     "{\"chunk_precompute\": {\"chunk_gain\": {\"expression\":"
     " \"np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(np.maximum(1e-6,"
     " np.max(h_ph) - np.min(h_ph)) / 128.0))))\", \"source\": \"h_ph\","
     " \"dtype\": \"float32\"}, \"chunk_offset\": {\"expression\":"
     " \"np.float32(np.floor(np.min(dem_h)))\", \"source\": \"dem_h\","
     " \"dtype\": \"float32\"}}, \"variables\": {"
     "\"waveform_counts\": {\"kind\": \"vector\", \"trailing_shape\": 128,"
     " \"expression\": \"np.histogram(h_ph, 128, (chunk_offset - 27.0 * chunk_gain,"
     " chunk_offset + 101.0 * chunk_gain))[0].astype('uint32')\", \"source\": \"h_ph\","
     " \"dtype\": \"uint32\", \"fill_value\": 0},"
     " \"offset_h\": {\"expression\": \"chunk_offset\", \"source\": \"h_ph\","
     " \"dtype\": \"float32\", \"resolution\": \"chunk\"},"
     " \"gain_h\": {\"expression\": \"chunk_gain\", \"source\": \"h_ph\","
     " \"dtype\": \"float32\", \"resolution\": \"chunk\"}}}"},
    {"tdigest", "{\"variables\": {" COUNT ", \"h_tdigest\": {\"kind\": \"ragged\","
                " \"function\": \"zagg.stats.tdigest.build_tdigest\","
                " \"source\": \"h_ph\", \"inner_shape\": [2],"
                " \"params\": {\"delta\": 256}, \"dtype\": \"float32\","
                " \"fill_value\": 0}}}"},
};

typedef struct shard_case {
    const char *folder;
    const char *grid;
} shard_case;

static const shard_case CASES[] = {
    {"hp", "{\"type\": \"healpix\", \"parent_order\": 11, \"chunk_inner\": 13,"
           " \"child_order\": 19}"},
    {"rect", "{\"type\": \"rectilinear\", \"crs\": \"EPSG:4326\", \"resolution\": 0.0001,"
             " \"bounds\": [-76.52, 38.88, -76.48, 38.92], \"chunk_shape\": [64, 64],"
             " \"chunk_inner\": [32, 32]}"},
};

typedef struct suite {
    case_report report;
    zagg_arena *arena;
    core_pools pools;
    const shard_case *which;
    const kind *kind;
    core_case worker;
    const zagg_value *json;
    zagg_shard shard;
    npy children; /* cell ids or words of all chunks, in stored order */
} suite;

static npy read_array(const suite *s, const char *name)
{
    char relative[256];
    (void)snprintf(relative, sizeof relative, "aggregate/shards/%s/%s.npy",
                   s->which->folder, name);
    return npy_read(golden_path(relative));
}

static void *take(const suite *s, size_t n, size_t size)
{
    void *p;
    assert_int_equal(zagg_arena_alloc(s->arena, n, size, &p, NULL), ZAGG_OK);
    return p;
}

typedef struct place {
    uint64_t cell;
    uint32_t rank;
} place;

static int by_cell(const void *a, const void *b)
{
    const uint64_t x = ((const place *)a)->cell, y = ((const place *)b)->cell;
    return x < y ? -1 : x > y;
}

/* Ranks of the rows: where upstream's list of children has their cell. */
static uint32_t *ranks_of_rows(const suite *s, const npy *cells)
{
    place *places = take(s, s->children.n, sizeof *places);
    uint32_t *ranks = take(s, cells->n, sizeof *ranks);
    for (size_t i = 0; i < s->children.n; i++)
        places[i] = (place){((const uint64_t *)s->children.data)[i], (uint32_t)i};
    qsort(places, s->children.n, sizeof *places, by_cell);
    for (size_t i = 0; i < cells->n; i++) {
        const place key = {((const uint64_t *)cells->data)[i], 0};
        const place *hit = bsearch(&key, places, s->children.n, sizeof *places, by_cell);
        if (!hit)
            fail_msg("row %zu lies in no cell of the shard", i);
        else
            ranks[i] = hit->rank;
    }
    return ranks;
}

/* The grid's own chunks hold upstream's children in upstream's order. */
static void check_chunks(suite *s)
{
    const zagg_grid_info *info = zagg_grid_get_info(s->worker.grid);
    npy blocks = read_array(s, "chunk_block");
    const size_t n = (size_t)info->cells_per_chunk;
    size_t wrong = 0;
    uint64_t *own = take(s, n, sizeof *own);
    assert_int_equal(info->chunks_per_shard, core_number(s->json, "chunks_per_shard"));
    assert_int_equal(info->cells_per_shard, s->children.n);
    for (size_t b = 0; b < info->chunks_per_shard; b++) {
        uint64_t index[2] = {0, 0};
        zagg_grid_chunk_index(s->worker.grid, &s->shard, b, index);
        for (size_t axis = 0; axis < info->rank; axis++)
            wrong +=
                ((const uint64_t *)blocks.data)[b * info->rank + axis] != index[axis];
        if (info->kind == ZAGG_GRID_HEALPIX)
            zagg_grid_chunk_words(s->worker.grid, &s->shard, b, own);
        else
            zagg_grid_chunk_cells(s->worker.grid, &s->shard, b, own);
        wrong += core_differing(ZAGG_DT_U64, own,
                                (const uint64_t *)s->children.data + b * n, n);
    }
    if (wrong)
        case_fail(&s->report, s->which->folder, "%zu chunk indices or cells differ",
                  wrong);
    else
        case_pass(&s->report);
    npy_free(&blocks);
}

/* One table per group read that returned rows. */
static zg_grouped group(const suite *s, const npy *heights, const npy *terrain,
                        uint32_t *ranks)
{
    npy offsets = read_array(s, "in_read_offsets");
    const int64_t *at = offsets.data;
    const size_t n = offsets.n - 1;
    zagg_table *tables = take(s, n, sizeof *tables);
    const zagg_table **list = take(s, n, sizeof *list);
    zagg_column *columns = take(s, 2 * n, sizeof *columns);
    zg_grouped grouped = {0};
    for (size_t i = 0; i < n; i++) {
        columns[2 * i] =
            (zagg_column){"h_ph", heights->dtype, (float *)heights->data + at[i]};
        columns[2 * i + 1] =
            (zagg_column){"dem_h", terrain->dtype, (float *)terrain->data + at[i]};
        tables[i] = (zagg_table){(size_t)(at[i + 1] - at[i]), 2, &columns[2 * i],
                                 ranks + at[i], NULL};
        list[i] = &tables[i];
    }
    npy_free(&offsets);
    assert_int_equal(zg_group_tables(s->worker.worker, list, n, &grouped, NULL), ZAGG_OK);
    return grouped;
}

/* Values of a column at the cells that hold rows, against the array of that column. */
static size_t wrong_values(const suite *s, const zagg_carrier_column *col)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s/%s", s->kind->name, col->name);
    npy want = read_array(s, name), populated = read_array(s, "populated");
    const size_t size = col->width * zagg_dtype_size(col->dtype);
    size_t wrong =
        want.n == populated.n * col->width && want.dtype == col->dtype ? 0 : want.n;
    for (size_t i = 0; !wrong && i < populated.n; i++) {
        const size_t cell = (size_t)((const int32_t *)populated.data)[i];
        wrong += core_differing(col->dtype, (const uint8_t *)col->data + cell * size,
                                (const uint8_t *)want.data + i * size, col->width);
    }
    npy_free(&want);
    npy_free(&populated);
    return wrong;
}

static void check_dense(suite *s, const zagg_carrier_column *col, size_t n_cells,
                        const char *name)
{
    char hex[65];
    const zagg_value *dense =
        zagg_value_get(zagg_value_get(s->json, s->kind->name), "dense");
    const zagg_value *want = zagg_value_get(dense, col->name);
    if (!want) {
        case_fail(&s->report, name, "no such column upstream");
        return;
    }
    zg_sha256_hex(col->data, n_cells * col->width * zagg_dtype_size(col->dtype), hex);
    const size_t wrong = strcmp(col->name, "morton") == 0 ? 0 : wrong_values(s, col);
    if (wrong)
        case_fail(&s->report, name, "%zu cells with rows differ", wrong);
    else if (!zagg_value_is(zagg_value_get(want, "sha256"), hex))
        case_fail(&s->report, name, "SHA-256 %s", hex);
    else
        case_pass(&s->report);
}

/* NAME_cells tells the cells with payloads, NAME_offsets their centroids. */
static void check_ragged(suite *s, const zagg_carrier_column *col, size_t n_cells,
                         const char *name)
{
    char file[128];
    (void)snprintf(file, sizeof file, "%s/%s_cells", s->kind->name, col->name);
    npy cells = read_array(s, file);
    (void)snprintf(file, sizeof file, "%s/%s_offsets", s->kind->name, col->name);
    npy offsets = read_array(s, file);
    (void)snprintf(file, sizeof file, "%s/%s_centroids", s->kind->name, col->name);
    npy payload = read_array(s, file);
    size_t filled = 0, wrong = 0;
    for (size_t i = 0; i < n_cells; i++)
        if (col->offsets[i + 1] > col->offsets[i]) {
            const size_t at = filled++;
            wrong +=
                at >= cells.n || (size_t)((const int32_t *)cells.data)[at] != i ||
                col->offsets[i + 1] != (uint64_t)((const int64_t *)offsets.data)[at + 1];
        }
    if (wrong || filled != cells.n)
        case_fail(&s->report, name, "%zu of %zu cells have other centroids", wrong,
                  cells.n);
    else if (core_differing(ZAGG_DT_F32, col->data, payload.data, payload.n))
        case_fail(&s->report, name, "centroids differ");
    else
        case_pass(&s->report);
    npy_free(&cells);
    npy_free(&offsets);
    npy_free(&payload);
}

/* Dense columns in upstream's order, the ragged ones aside. */
static void check_columns(suite *s, const core_dense *dense, size_t threads)
{
    const zagg_value *run = zagg_value_get(s->json, s->kind->name);
    const zagg_value *order = zagg_value_get(run, "columns_in_order");
    char name[128];
    size_t n_dense = 0;
    for (size_t i = 0; i < dense->n_columns; i++) {
        const zagg_carrier_column *col = &dense->columns[i];
        (void)snprintf(name, sizeof name, "%s %s %s, %zu threads", s->which->folder,
                       s->kind->name, col->name, threads);
        if (col->kind == ZAGG_FIELD_RAGGED) {
            check_ragged(s, col, dense->n_cells, name);
            continue;
        }
        assert_true(n_dense < order->n);
        assert_string_equal(col->name, order->items[n_dense++]->str);
        check_dense(s, col, dense->n_cells, name);
    }
    assert_int_equal(n_dense, order->n);
}

static void check_aggregate(suite *s, const zg_grouped *grouped, size_t pool)
{
    core_dense dense = {0};
    uint64_t cells = 0;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *run = zagg_value_get(s->json, s->kind->name);
    const zagg_value *meta = zagg_value_get(run, "metadata");
    if (zg_aggregate(s->worker.worker, &s->shard, grouped, NULL, s->pools.of[pool],
                     core_dense_take, &dense, &cells, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(cells, core_number(meta, "cells_with_data"));
    assert_int_equal(grouped->n_rows, core_number(meta, "total_obs"));
    assert_int_equal(dense.n_cells, s->children.n);
    check_columns(s, &dense, zagg_pool_width(s->pools.of[pool]));
    core_dense_free(&dense);
}

static void run_kind(suite *s)
{
    zagg_arena *arena;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    if (core_case_of(arena, core_json(s->arena, SOURCE),
                     core_json(s->arena, s->kind->aggregation),
                     core_json(s->arena, s->which->grid), &s->worker, &err) != ZAGG_OK ||
        zagg_grid_shard(s->worker.grid, core_number(s->json, "shard_key"), &s->shard,
                        &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    s->children = read_array(s, "chunk_children");
    check_chunks(s);
    npy cells = read_array(s, "in_cell"), heights = read_array(s, "in_h_ph"),
        terrain = read_array(s, "in_dem_h");
    zg_grouped grouped = group(s, &heights, &terrain, ranks_of_rows(s, &cells));
    for (size_t p = 0; p < N_POOLS; p++)
        check_aggregate(s, &grouped, p);
    zg_grouped_free(s->worker.worker, &grouped);
    npy_free(&cells);
    npy_free(&heights);
    npy_free(&terrain);
    npy_free(&s->children);
    core_case_free(&s->worker);
}

static void run_shard(suite *s, const shard_case *which)
{
    char relative[128];
    s->which = which;
    (void)snprintf(relative, sizeof relative, "aggregate/shards/%s/case.json",
                   which->folder);
    s->json = golden_json(s->arena, golden_path(relative));
    for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++) {
        s->kind = &KINDS[k];
        run_kind(s);
    }
}

static void test_shards(void **state)
{
    (void)state;
    suite s = {.report = {.set = "aggregate/shards"}};
    if (!golden_available("aggregate/shards/hp/case.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &s.arena, NULL), ZAGG_OK);
    s.pools = core_pools_new();
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        run_shard(&s, &CASES[i]);
    core_pools_free(&s.pools);
    zagg_arena_free(s.arena);
    /* chunks; columns of scalar, gain_bias and tdigest, morton for HEALPix */
    report_end(&s.report, 6 + N_POOLS * ((7 + 4 + 3) + (6 + 3 + 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
