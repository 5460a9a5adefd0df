/* Many shards in one pass over their granules: every shard must come out as it does
 * alone, whatever is damaged and however many threads work. */
#include "read_test.h"
#include "support/parallel.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Granules 0..2 are whole; the others are what their names say. */
enum { LACKS_A_BEAM = 3, DAMAGED_HEIGHT, DAMAGED_LINK, MISSING, N_GRANULES };
/* Of the grid of 8 x 8 degrees; 2 and 3 hold no photon, 0 names no granule twice over. */
enum { N_SHARDS = 5, MOST_HREFS = 10 };

typedef granule_set fixture;

static int setup(void **state)
{
    fixture *f = granule_set_new();
    for (int g = 0; g < N_GRANULES; g++) {
        beam b = beam_new();
        if (g == 2)
            b.lat[7] = 91.0; /* has no cell */
        if (g != MISSING)
            granule_set_write(f, g, g != LACKS_A_BEAM, b);
    }
    /* Photons 10 and 11 are shard 1's: shard 0 does not need that chunk. */
    granule_damage(f->paths[DAMAGED_HEIGHT], "/gt1l/heights/h", 10);
    granule_damage(f->paths[DAMAGED_LINK], "/gt1r/geo/cnt", 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    granule_set_free(*state);
    return 0;
}

/* What a shard gave. */
typedef struct outcome {
    size_t times, order;
    zagg_status status;
    zagg_shard_result result;
    core_dense dense;
    zagg_err err;
} outcome;

typedef struct collected {
    outcome shards[N_SHARDS];
    atomic_size_t n_over;
} collected;

static zagg_status ready(void *user, size_t index, zagg_shard_rows *rows, zagg_err *err)
{
    outcome *o = &((collected *)user)->shards[index];
    (void)err;
    o->times++;
    o->status =
        zagg_shard_rows_aggregate(rows, core_dense_take, &o->dense, &o->result, &o->err);
    return ZAGG_OK;
}

static zagg_status over(void *user, size_t index, zagg_err *err)
{
    collected *c = user;
    (void)err;
    c->shards[index].order = c->n_over++;
    return ZAGG_OK;
}

typedef struct shard_list {
    zagg_shard_job jobs[N_SHARDS];
    const char *hrefs[N_SHARDS][MOST_HREFS];
} shard_list;

/* Shard after shard: numbers of granules, -1 at the end. Shard 0 names one twice. */
static void list_shards(const fixture *f, shard_list *l)
{
    static const int NUMBERS[N_SHARDS][MOST_HREFS] = {
        {2, 0, LACKS_A_BEAM, 2, DAMAGED_HEIGHT, DAMAGED_LINK, MISSING, 1, -1},
        {MISSING, DAMAGED_LINK, 0, DAMAGED_HEIGHT, 1, 2, -1},
        {1, DAMAGED_HEIGHT, -1},
        {-1},
        {MISSING, -1}};
    for (size_t i = 0; i < N_SHARDS; i++) {
        size_t n = 0;
        for (; NUMBERS[i][n] >= 0; n++)
            l->hrefs[i][n] = f->paths[NUMBERS[i][n]];
        l->jobs[i] = (zagg_shard_job){.key = i, .hrefs = l->hrefs[i], .n_hrefs = n};
    }
}

static void same_counts(const zagg_shard_result *a, const zagg_shard_result *b)
{
    assert_int_equal(a->shard_key, b->shard_key);
    assert_int_equal(a->total_obs, b->total_obs);
    assert_int_equal(a->cells_with_data, b->cells_with_data);
    assert_int_equal(a->granule_count, b->granule_count);
    assert_int_equal(a->files_processed, b->files_processed);
    assert_int_equal(a->read_errors, b->read_errors);
    assert_int_equal(a->granule_errors, b->granule_errors);
    assert_int_equal(a->counters.rows_read, b->counters.rows_read);
    assert_int_equal(a->counters.points_without_cell, b->counters.points_without_cell);
    assert_int_equal(a->counters.groups_absent, b->counters.groups_absent);
    assert_int_equal(a->counters.groups_empty, b->counters.groups_empty);
    assert_int_equal(a->no_data, b->no_data);
    assert_int_equal(a->failed, b->failed);
    assert_string_equal(a->error, b->error);
    assert_int_equal(a->n_exemplars, b->n_exemplars);
    for (size_t i = 0; i < a->n_exemplars; i++)
        assert_string_equal(a->exemplars[i], b->exemplars[i]);
}

static void same_columns(const core_dense *a, const core_dense *b)
{
    assert_int_equal(a->n_cells, b->n_cells);
    assert_int_equal(a->n_columns, b->n_columns);
    for (size_t i = 0; i < a->n_columns; i++) {
        const zagg_carrier_column *x = &a->columns[i], *y = &b->columns[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(core_differing(x->dtype, x->data, y->data, a->n_cells), 0);
    }
}

static void compare(const core_case *c, const shard_list *l, const collected *all)
{
    for (size_t i = 0; i < N_SHARDS; i++) {
        outcome alone = {0};
        const outcome *o = &all->shards[i];
        alone.status =
            zagg_process_shard(c->worker, i, l->hrefs[i], l->jobs[i].n_hrefs, NULL,
                               core_dense_take, &alone.dense, &alone.result, &alone.err);
        assert_int_equal(o->times, 1);
        assert_int_equal(o->status, alone.status);
        assert_string_equal(o->err.msg, alone.err.msg);
        same_counts(&o->result, &alone.result);
        same_columns(&o->dense, &alone.dense);
        core_dense_free(&alone.dense);
    }
}

static void free_collected(collected *c)
{
    for (size_t i = 0; i < N_SHARDS; i++)
        core_dense_free(&c->shards[i].dense);
}

static const char FIELDS[] =
    "{\"n\": {\"function\": \"count\", \"source\": \"h\", \"dtype\": \"int64\","
    " \"fill_value\": 0},"
    " \"h_min\": {\"function\": \"min\", \"source\": \"h\", \"dtype\": \"float32\"},"
    " \"h_sum\": {\"expression\": \"np.sum(h * np.arange(len(h)))\","
    " \"dtype\": \"float64\"}}";

static const config_parts CONFIGS[] = {
    {.fields = FIELDS},
    {.fields = FIELDS, .read_plan = "{\"spatial_index\": \"segments\"}"},
    {.fields = FIELDS,
     .read_plan = "{\"spatial_index\": \"segments\", \"pad\": 1,"
                  " \"full_read_threshold\": 0.7}"},
    {.fields = FIELDS,
     .filters = "[{\"dataset\": \"/{group}/heights/quality\", \"op\": \"lt\","
                " \"value\": 3}, {\"level\": \"segments\","
                " \"dataset\": \"/{group}/geo/flag\", \"op\": \"ne\", \"value\": 2}]"},
    {.fields = FIELDS,
     .read_plan = "{\"spatial_index\": \"segments\"}",
     .segment_variables = "{\"dem\": \"/{group}/geo/dem\"}",
     .filters = "[{\"expression\": \"h <= np.mean(h)\"}]"},
};

static void pass_and_compare(const core_case *c, const shard_list *l, size_t threads,
                             const zagg_shard_opts *how)
{
    collected all = {0};
    const zagg_shard_taker taker = {ready, over, NULL, &all};
    zagg_shard_opts opts = *how;
    zagg_pass_stats stats;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_pool_new(threads, &opts.pool, NULL), ZAGG_OK);
    if (zagg_process_shards(c->worker, l->jobs, N_SHARDS, &opts, &taker, &stats, &err) !=
        ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(all.n_over, N_SHARDS);
    assert_int_equal(stats.granules, MISSING); /* each once */
    compare(c, l, &all);
    free_collected(&all);
    zagg_pool_free(opts.pool);
}

static void as_each_alone(void **state)
{
    const fixture *f = *state;
    const zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    shard_list l;
    list_shards(f, &l);
    for (size_t i = 0; i < sizeof CONFIGS / sizeof CONFIGS[0]; i++) {
        core_case c = config_case(f->arena, &CONFIGS[i]);
        for (size_t threads = 1; threads <= 4; threads++)
            pass_and_compare(&c, &l, threads, &opts);
        core_case_free(&c);
    }
}

/* Sources whose requests take time, with and without reading ahead: nothing else comes
 * out. */
static void as_from_files(void **state)
{
    const fixture *f = *state;
    shard_list l;
    list_shards(f, &l);
    for (size_t i = 0; i < sizeof CONFIGS / sizeof CONFIGS[0]; i++) {
        core_case c = config_case(f->arena, &CONFIGS[i]);
        for (size_t ahead = 0; ahead <= 4; ahead += 2)
            for (size_t threads = 1; threads <= 3; threads++) {
                parallel_counts counts = {.calls = 0};
                zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
                opts.open = parallel_open;
                opts.open_user = &counts;
                opts.ahead = ahead;
                pass_and_compare(&c, &l, threads, &opts);
            }
        core_case_free(&c);
    }
}

/* Whichever request fails, and all after it or not: shards that lack rows say so. */
static void requests_fail(void **state)
{
    const fixture *f = *state;
    const char *const hrefs[] = {f->paths[0], f->paths[1], f->paths[2]};
    const zagg_shard_job jobs[] = {{.key = 0, .hrefs = hrefs, .n_hrefs = 3},
                                   {.key = 1, .hrefs = hrefs, .n_hrefs = 3}};
    for (size_t i = 0; i < 2; i++) {
        core_case c = config_case(f->arena, &CONFIGS[i]);
        bool fired = true;
        for (int nth = 1; fired; nth++) {
            parallel_counts counts = {.fail_at = nth, .fail_on = nth % 2 == 0};
            collected all = {0};
            const zagg_shard_taker taker = {ready, over, NULL, &all};
            zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
            zagg_err err = ZAGG_ERR_INIT;
            counts.failure = nth % 3 ? ZAGG_EHTTP : ZAGG_EAUTH;
            opts.open = parallel_open;
            opts.open_user = &counts;
            opts.ahead = 2;
            assert_int_equal(zagg_pool_new(2, &opts.pool, NULL), ZAGG_OK);
            if (zagg_process_shards(c.worker, jobs, 2, &opts, &taker, NULL, &err) !=
                ZAGG_OK)
                fail_msg("request %d: %s", nth, err.msg);
            fired = counts.fail_at != nth && counts.calls >= nth;
            for (size_t s = 0; s < 2; s++) {
                const zagg_shard_result *r = &all.shards[s].result;
                assert_int_equal(all.shards[s].times, 1);
                assert_int_equal(r->auth_errors > 0,
                                 counts.failure == ZAGG_EAUTH &&
                                     r->read_errors + r->granule_errors > 0);
                if (r->auth_errors && r->no_data)
                    assert_non_null(strstr(r->error, "Access denied reading source"));
            }
            free_collected(&all);
            zagg_pool_free(opts.pool);
        }
        core_case_free(&c);
    }
}

/* Whole granules are scanned once, though every shard looks at all of their rows. */
static void rows_are_scanned_once(void **state)
{
    const fixture *f = *state;
    core_case c = config_case(f->arena, &CONFIGS[0]);
    const char *const hrefs[] = {f->paths[0], f->paths[1]};
    collected all = {0};
    zagg_shard_job jobs[N_SHARDS];
    const zagg_shard_taker taker = {ready, NULL, NULL, &all};
    zagg_pass_stats stats;
    for (size_t i = 0; i < N_SHARDS; i++)
        jobs[i] = (zagg_shard_job){.key = i, .hrefs = hrefs, .n_hrefs = 2};
    assert_int_equal(
        zagg_process_shards(c.worker, jobs, N_SHARDS, NULL, &taker, &stats, NULL),
        ZAGG_OK);
    assert_int_equal(stats.granules, 2);
    assert_int_equal(stats.rows_scanned, 2 * 2 * N_PHOTONS);
    assert_int_equal(stats.spilled_bytes, 0);
    assert_int_equal(all.shards[0].result.counters.rows_read, 2 * 2 * N_PHOTONS);
    free_collected(&all);
    core_case_free(&c);
}

/* ---- a group of several slabs ---- */

enum { LONG_ROWS = 200000, LONG_CHUNK = 10000, OUTSIDE = 100 };

/* In 0 .. 1: what is made of these takes room in the file. */
static double noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

/* All photons in shard 0, but for the last ones, which have no cell. */
static void write_long(const char *path)
{
    uint64_t random = 1;
    granule_file *file = granule_create(path);
    const granule_shape shape = {LONG_ROWS, 0, LONG_CHUNK};
    const beam b = beam_new();
    double *x = zg_alloc(LONG_ROWS, sizeof *x);
    float *h = zg_alloc(LONG_ROWS, sizeof *h);
    assert_true(x && h);
    for (size_t i = 0; i < LONG_ROWS; i++)
        x[i] = i < LONG_ROWS - OUTSIDE ? b.lat[0] + 1e-9 * noise(&random) : 91.0;
    granule_put(file, "/gt1l/heights/lat", ZAGG_DT_F64, shape, x);
    for (size_t i = 0; i < LONG_ROWS; i++) {
        x[i] = b.lon[0] + 1e-9 * noise(&random);
        h[i] = (float)noise(&random);
    }
    granule_put(file, "/gt1l/heights/lon", ZAGG_DT_F64, shape, x);
    granule_put(file, "/gt1l/heights/h", ZAGG_DT_F32, shape, h);
    granule_put(file, "/gt1l/heights/quality", ZAGG_DT_F32, shape, h);
    granule_close(file);
    zg_free(x);
    zg_free(h);
}

/* Shard 0 of `n_jobs` that all want one granule. */
static zagg_shard_result read_long_by(const core_case *c, const char *path, size_t n_jobs,
                                      size_t threads, const zagg_shard_opts *how)
{
    zagg_shard_job jobs[2];
    collected all = {0};
    const zagg_shard_taker taker = {ready, over, NULL, &all};
    zagg_shard_opts opts = *how;
    for (size_t i = 0; i < n_jobs; i++)
        jobs[i] = (zagg_shard_job){.key = i, .hrefs = &path, .n_hrefs = 1};
    assert_int_equal(zagg_pool_new(threads, &opts.pool, NULL), ZAGG_OK);
    assert_int_equal(
        zagg_process_shards(c->worker, jobs, n_jobs, &opts, &taker, NULL, NULL), ZAGG_OK);
    zagg_pool_free(opts.pool);
    free_collected(&all);
    return all.shards[0].result;
}

static zagg_shard_result read_long(const core_case *c, const char *path, size_t n_jobs,
                                   size_t threads)
{
    const zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    return read_long_by(c, path, n_jobs, threads, &opts);
}

/* As many windows as there are slabs: the least memory makes them so small. */
static zagg_shard_result read_long_remote(const core_case *c, const char *path,
                                          size_t n_jobs, size_t threads,
                                          parallel_counts *counts)
{
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    opts.open = parallel_open;
    opts.open_user = counts;
    opts.ahead = 2;
    opts.memory_bytes = 1;
    return read_long_by(c, path, n_jobs, threads, &opts);
}

/* What is counted and said does not depend on which slab met the fault first. */
static void damage_in_one_of_many_slabs(void **state)
{
    const fixture *f = *state;
    char path[600];
    core_case c = config_case(f->arena, &CONFIGS[0]);
    (void)snprintf(path, sizeof path, "%s/long.h5", f->dir);
    write_long(path);
    const zagg_shard_result whole = read_long(&c, path, 1, 3);
    assert_int_equal(whole.total_obs, LONG_ROWS - OUTSIDE);
    assert_int_equal(whole.counters.points_without_cell, OUTSIDE);
    granule_damage(path, "/gt1l/heights/h", 0);
    const zagg_shard_result h = read_long(&c, path, 1, 1);
    assert_int_equal(h.read_errors, 1);
    assert_int_equal(h.counters.points_without_cell, OUTSIDE);
    assert_non_null(strstr(h.error, "heights/h"));
    granule_damage(path, "/gt1l/heights/lon", LONG_ROWS - LONG_CHUNK);
    const zagg_shard_result lon = read_long(&c, path, 1, 1);
    assert_non_null(strstr(lon.error, "heights/lon"));
    for (size_t threads = 1; threads <= 3; threads++)
        for (size_t n_jobs = 1; n_jobs <= 2; n_jobs++) {
            parallel_counts counts = {.calls = 0};
            const zagg_shard_result again = read_long(&c, path, n_jobs, threads);
            same_counts(&lon, &again);
            const zagg_shard_result remote =
                read_long_remote(&c, path, n_jobs, threads, &counts);
            same_counts(&lon, &remote);
        }
    core_case_free(&c);
}

/* Slab after slab: the coordinates of each with one call, then the heights of the rows
 * that are kept with another. */
static void windows(void **state)
{
    const fixture *f = *state;
    enum { SLABS = (LONG_ROWS + 59999) / 60000 };
    char path[600];
    core_case c = config_case(f->arena, &CONFIGS[0]);
    (void)snprintf(path, sizeof path, "%s/long.h5", f->dir);
    write_long(path);
    const zagg_shard_result local = read_long(&c, path, 1, 1);
    for (size_t threads = 1; threads <= 3; threads++) {
        parallel_counts counts = {.calls = 0};
        const zagg_shard_result remote = read_long_remote(&c, path, 1, threads, &counts);
        same_counts(&local, &remote);
        /* heights of the last slab, which is short, may have come with metadata */
        assert_in_range(counts.calls - counts.metadata_calls, 2 * SLABS - 1, 2 * SLABS);
        assert_true(counts.metadata_calls <= 8);
    }
    core_case_free(&c);
}

/* ---- beams without wanted rows ---- */

enum { WIDE_ROWS = 60000, WIDE_SEGMENTS = 60 };

/* A beam in one shard whose photons take more room than a page of metadata. */
static void put_wide(granule_file *file, const char *beam_name, double lon,
                     uint64_t *random)
{
    static const granule_shape photons = {WIDE_ROWS, 0, 10000},
                               segments = {WIDE_SEGMENTS, 0, 0};
    static double x[WIDE_ROWS], seg[WIDE_SEGMENTS];
    static float h[WIDE_ROWS];
    static int64_t beg[WIDE_SEGMENTS];
    static int32_t cnt[WIDE_SEGMENTS];
    char path[64];
    const beam b = beam_new();
#define PUT(name, type, shape, data)                                                     \
    (void)snprintf(path, sizeof path, "/%s/%s", beam_name, name);                        \
    granule_put(file, path, type, shape, data)
    for (size_t i = 0; i < WIDE_SEGMENTS; i++) {
        seg[i] = b.seg_lat[0];
        beg[i] = (int64_t)(1 + i * (WIDE_ROWS / WIDE_SEGMENTS));
        cnt[i] = WIDE_ROWS / WIDE_SEGMENTS;
    }
    PUT("geo/lat", ZAGG_DT_F64, segments, seg);
    PUT("geo/beg", ZAGG_DT_I64, segments, beg);
    PUT("geo/cnt", ZAGG_DT_I32, segments, cnt);
    for (size_t i = 0; i < WIDE_SEGMENTS; i++)
        seg[i] = lon;
    PUT("geo/lon", ZAGG_DT_F64, segments, seg);
    for (size_t i = 0; i < WIDE_ROWS; i++) {
        x[i] = b.lat[0] + 1e-9 * noise(random);
        h[i] = (float)noise(random);
    }
    PUT("heights/lat", ZAGG_DT_F64, photons, x);
    for (size_t i = 0; i < WIDE_ROWS; i++)
        x[i] = lon + 1e-9 * noise(random);
    PUT("heights/lon", ZAGG_DT_F64, photons, x);
    PUT("heights/h", ZAGG_DT_F32, photons, h);
    PUT("heights/quality", ZAGG_DT_F32, photons, h);
#undef PUT
}

static size_t read_wide(const core_case *c, const char *path, size_t first, size_t n_jobs,
                        parallel_counts *counts)
{
    zagg_shard_job jobs[2] = {{0}};
    collected all = {0};
    const zagg_shard_taker taker = {ready, NULL, NULL, &all};
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    size_t n = 0;
    opts.open = parallel_open;
    opts.open_user = counts;
    opts.ahead = 2;
    for (size_t i = 0; i < n_jobs; i++)
        jobs[i] = (zagg_shard_job){.key = first + i, .hrefs = &path, .n_hrefs = 1};
    assert_int_equal(
        zagg_process_shards(c->worker, jobs, n_jobs, &opts, &taker, NULL, NULL), ZAGG_OK);
    for (size_t i = 0; i < n_jobs; i++) {
        assert_int_equal(all.shards[i].result.read_errors, 0);
        n += all.shards[i].result.total_obs;
    }
    free_collected(&all);
    return n;
}

/* Of a beam that no wanted shard meets only the records are looked for. */
static void only_beams_that_are_wanted(void **state)
{
    const fixture *f = *state;
    const beam b = beam_new();
    char path[600];
    uint64_t random = 1;
    core_case c = config_case(f->arena, &CONFIGS[1]);
    (void)snprintf(path, sizeof path, "%s/wide.h5", f->dir);
    granule_file *file = granule_create(path);
    put_wide(file, "gt1l", b.seg_lon[0], &random);
    put_wide(file, "gt1r", b.seg_lon[N_SEGMENTS - 1], &random);
    granule_close(file);
    parallel_counts both = {.calls = 0}, left = {.calls = 0}, right = {.calls = 0},
                    none = {.calls = 0};
    assert_int_equal(read_wide(&c, path, 0, 2, &both), 2 * WIDE_ROWS);
    assert_int_equal(read_wide(&c, path, 0, 1, &left), WIDE_ROWS);
    assert_int_equal(read_wide(&c, path, 1, 1, &right), WIDE_ROWS);
    assert_int_equal(read_wide(&c, path, 2, 1, &none), 0);
    assert_true(left.metadata_bytes < both.metadata_bytes);
    assert_true(right.metadata_bytes < both.metadata_bytes);
    assert_true(none.metadata_bytes < left.metadata_bytes);
    assert_true(none.metadata_bytes < right.metadata_bytes);
    assert_true(none.calls <= left.calls);
    core_case_free(&c);
}

/* Points without a cell are those that a shard's own plan looks at. */
static void points_without_a_cell(void **state)
{
    const fixture *f = *state;
    const char *href = f->paths[2]; /* photon 7 of each beam */
    static const config_parts PARTS[] = {
        {.fields = FIELDS},
        {.fields = FIELDS, .read_plan = "{\"spatial_index\": \"segments\", \"pad\": 0}"},
        {.fields = FIELDS,
         .read_plan = "{\"spatial_index\": \"segments\", \"pad\": 0,"
                      " \"full_read_threshold\": 0.4}"}};
    /* Shards 0 and 1 have two segments of four each, shard 2 none. */
    static const uint64_t EXPECTED[][3] = {{2, 2, 2}, {0, 2, 0}, {2, 2, 0}};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        core_case c = config_case(f->arena, &PARTS[i]);
        zagg_shard_job jobs[3];
        collected all = {0};
        const zagg_shard_taker taker = {ready, over, NULL, &all};
        for (size_t k = 0; k < 3; k++)
            jobs[k] = (zagg_shard_job){.key = k, .hrefs = &href, .n_hrefs = 1};
        assert_int_equal(zagg_process_shards(c.worker, jobs, 3, NULL, &taker, NULL, NULL),
                         ZAGG_OK);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(all.shards[k].result.counters.points_without_cell,
                             EXPECTED[i][k]);
        free_collected(&all);
        core_case_free(&c);
    }
}

static zagg_status refuse(void *user, size_t index, zagg_shard_rows *rows, zagg_err *err)
{
    (void)user;
    (void)index;
    (void)rows;
    return zagg_err_set(err, ZAGG_EIO, "no room");
}

static void the_taker_ends_it(void **state)
{
    const fixture *f = *state;
    core_case c = config_case(f->arena, &CONFIGS[0]);
    shard_list l;
    const zagg_shard_taker taker = {refuse, NULL, NULL, NULL};
    zagg_err err = ZAGG_ERR_INIT;
    list_shards(f, &l);
    assert_int_equal(
        zagg_process_shards(c.worker, l.jobs, N_SHARDS, NULL, &taker, NULL, &err),
        ZAGG_EIO);
    assert_string_equal(err.msg, "no room");
    core_case_free(&c);
}

/* ---- how a pass ends ---- */

typedef struct rendezvous {
    atomic_bool second_done;
    size_t n_over, over[2], n_read;
} rendezvous;

static zagg_status first_fails_last(void *user, size_t index, zagg_shard_rows *rows,
                                    zagg_err *err)
{
    rendezvous *r = user;
    (void)rows;
    if (index == 1) {
        atomic_store(&r->second_done, true);
        return ZAGG_OK;
    }
    for (int i = 0; i < 5000 && !atomic_load(&r->second_done); i++) {
        const struct timespec ms = {0, 1000 * 1000};
        nanosleep(&ms, NULL);
    }
    return zagg_err_set(err, ZAGG_EIO, "no room");
}

static zagg_status note_over(void *user, size_t index, zagg_err *err)
{
    rendezvous *r = user;
    (void)err;
    r->over[r->n_over++] = index;
    return ZAGG_OK;
}

/* Both shards are ready with one granule; the second is done when the first fails. */
static void what_was_done_is_told(void **state)
{
    const fixture *f = *state;
    core_case c = config_case(f->arena, &CONFIGS[0]);
    const char *href = f->paths[0];
    const zagg_shard_job jobs[] = {{.key = 0, .hrefs = &href, .n_hrefs = 1},
                                   {.key = 1, .hrefs = &href, .n_hrefs = 1}};
    rendezvous r = {0};
    const zagg_shard_taker taker = {first_fails_last, note_over, NULL, &r};
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_pool_new(2, &opts.pool, NULL), ZAGG_OK);
    assert_int_equal(zagg_process_shards(c.worker, jobs, 2, &opts, &taker, NULL, &err),
                     ZAGG_EIO);
    assert_string_equal(err.msg, "no room");
    assert_int_equal(r.n_over, 1);
    assert_int_equal(r.over[0], 1);
    zagg_pool_free(opts.pool);
    core_case_free(&c);
}

static zagg_status end_after_two(void *user, size_t done, size_t total, zagg_err *err)
{
    rendezvous *r = user;
    assert_int_equal(total, 3);
    assert_int_equal(done, ++r->n_read);
    return done == 2 ? zagg_err_set(err, ZAGG_EIO, "enough") : ZAGG_OK;
}

static void granules_are_told_of(void **state)
{
    const fixture *f = *state;
    core_case c = config_case(f->arena, &CONFIGS[0]);
    const char *const hrefs[] = {f->paths[0], f->paths[1], f->paths[2]};
    const zagg_shard_job job = {.key = 0, .hrefs = hrefs, .n_hrefs = 3};
    rendezvous r = {0};
    const zagg_shard_taker taker = {refuse, NULL, end_after_two, &r};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pass_stats stats;
    assert_int_equal(zagg_process_shards(c.worker, &job, 1, NULL, &taker, &stats, &err),
                     ZAGG_EIO);
    assert_string_equal(err.msg, "enough");
    assert_int_equal(stats.granules, 2);
    core_case_free(&c);
}

/* Stopping is no error: the shards that lack rows are not handed over. */
static void stopping(void **state)
{
    const fixture *f = *state;
    core_case c = config_case(f->arena, &CONFIGS[0]);
    const volatile int stop = 1;
    shard_list l;
    collected all = {0};
    const zagg_shard_taker taker = {ready, over, NULL, &all};
    zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    opts.stop = &stop;
    list_shards(f, &l);
    assert_int_equal(
        zagg_process_shards(c.worker, l.jobs, N_SHARDS, &opts, &taker, NULL, NULL),
        ZAGG_OK);
    assert_int_equal(all.n_over, 1); /* that without granules */
    zagg_shard_result result;
    assert_int_equal(
        zagg_process_shard(c.worker, 0, l.hrefs[0], 1, &opts, NULL, NULL, &result, NULL),
        ZAGG_ECANCELLED);
    free_collected(&all);
    core_case_free(&c);
}

static void keys_must_differ(void **state)
{
    const fixture *f = *state;
    core_case c = config_case(f->arena, &CONFIGS[0]);
    const zagg_shard_job jobs[] = {{.key = 1}, {.key = 2}, {.key = 1}};
    const zagg_shard_taker taker = {refuse, NULL, NULL, NULL};
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_process_shards(c.worker, jobs, 3, NULL, &taker, NULL, &err),
                     ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "twice"));
    core_case_free(&c);
}

/* Whatever allocation fails, nothing leaks, and what was handed over is right. */
static void memory_may_lack_anywhere(void **state)
{
    const fixture *f = *state;
    core_case c = config_case(f->arena, &CONFIGS[1]);
    shard_list l;
    list_shards(f, &l);
    zagg_status status = ZAGG_ENOMEM;
    for (int64_t nth = 1; status == ZAGG_ENOMEM; nth++) {
        const zagg_shard_taker taker = {refuse, NULL, NULL, NULL};
        zagg_err err = ZAGG_ERR_INIT;
        zagg_shard_job jobs[3] = {l.jobs[1], l.jobs[0], l.jobs[2]};
        zg_alloc_fail_nth(nth);
        status = zagg_process_shards(c.worker, jobs, 3, NULL, &taker, NULL, &err);
        zg_alloc_fail_nth(0);
        if (status != ZAGG_ENOMEM && status != ZAGG_EIO)
            fail_msg("allocation %lld: %s", (long long)nth, err.msg);
        assert_true(nth < 20000);
    }
    core_case_free(&c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(as_each_alone),
                                       TEST(as_from_files),
                                       TEST(requests_fail),
                                       TEST(windows),
                                       TEST(only_beams_that_are_wanted),
                                       TEST(rows_are_scanned_once),
                                       TEST(damage_in_one_of_many_slabs),
                                       TEST(points_without_a_cell),
                                       TEST(the_taker_ends_it),
                                       TEST(what_was_done_is_told),
                                       TEST(granules_are_told_of),
                                       TEST(stopping),
                                       TEST(keys_must_differ),
                                       TEST(memory_may_lack_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
