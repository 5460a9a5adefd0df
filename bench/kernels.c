/* kernels NAME: one of zagg's own kernels over a fixed input, for bench/kernels.py, which
 * counts the instructions of bench_kernel_measured under callgrind; nothing else is
 * counted. Without a name, the names with the elements of each, one a line. Which code
 * of several for different CPUs runs is set by the environment (ZAGG_ISA). */
#include "cells.h"
#include "codec/codec.h"
#include "stats/histogram.h"
#include "zagg/digest.h"
#include "zagg/geo.h"
#include "zagg/io.h"
#include "zagg/zarr.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 1 << 16, CELLS = 65536, BINS = 128, ROWS_OF_CELL = 16, DELTA = 256 };
static const uint64_t SHARD_KEY = UINT64_C(5347296131049062411); /* some order-11 cell */

/* All inputs and outputs; a kernel takes what it needs. */
typedef struct state {
    double *lat_deg, *lon_deg;
    float *heights;
    uint64_t *out;
    uint32_t *ranks;
    bench_worker worker;
    zg_grouped grouped;
    zg_inflater *inflater;
    void *packed;
    size_t packed_len;
    zagg_digest_memory *digests;
    zg_histogram *histogram;
    zagg_sink *sink;
    char folder[64];
} state;

typedef struct kernel {
    const char *name;
    void (*prepare)(state *s);
    void (*run)(state *s);
} kernel;

static void ok(zagg_status status, const zagg_err *err)
{
    if (status != ZAGG_OK)
        bench_die("a kernel failed", err);
}

static uint64_t next_random(void)
{
    static uint64_t x = UINT64_C(0x9e3779b97f4a7c15);
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static double uniform(void)
{
    return (double)(next_random() >> 11) * 0x1p-53;
}

/* Points along a track, heights, and ranks in which every cell has about one row in a
 * run of neighbours: drawn with integer and IEEE operations alone, so equal everywhere.
 */
static void fill(state *s)
{
    s->lat_deg = bench_take(N, sizeof(double));
    s->lon_deg = bench_take(N, sizeof(double));
    s->heights = bench_take(N, sizeof(float));
    s->ranks = bench_take(N, sizeof(uint32_t));
    s->out = bench_take(N, sizeof(uint64_t));
    for (size_t i = 0; i < N; i++) {
        s->lat_deg[i] = 38.9 + 1e-5 * (double)i + 1e-6 * uniform();
        s->lon_deg[i] = -76.5 + 1e-6 * (double)i + 1e-6 * uniform();
        s->heights[i] = (float)(400 + 20 * uniform() * uniform());
        s->ranks[i] = (uint32_t)(i / ROWS_OF_CELL * 7 + next_random() % 4) % CELLS;
    }
}

/* ---- points, codecs ---- */

static void run_points(state *s)
{
    zagg_geo_nested(s->lat_deg, s->lon_deg, N, 19, ZAGG_LATITUDE_AUTHALIC, s->out);
}

static void run_unshuffle8(state *s)
{
    zg_unshuffle(s->lat_deg, s->out, N * sizeof(double), sizeof(double));
}

static void run_unshuffle4(state *s)
{
    zg_unshuffle(s->heights, s->out, N * sizeof(float), sizeof(float));
}

static void run_crc32c(state *s)
{
    s->out[0] = zg_crc32c(s->lat_deg, N * sizeof(double));
}

static void prepare_inflate(state *s)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    if (!c)
        bench_die("no memory", NULL);
    const size_t room = libdeflate_zlib_compress_bound(c, N * sizeof(float));
    s->packed = bench_take(room, 1);
    s->packed_len =
        libdeflate_zlib_compress(c, s->heights, N * sizeof(float), s->packed, room);
    libdeflate_free_compressor(c);
    s->inflater = zg_inflater_new();
    if (!s->inflater)
        bench_die("no memory", NULL);
}

static void run_inflate(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    ok(zg_inflate_exact(s->inflater, s->packed, s->packed_len, s->out, N * sizeof(float),
                        &err),
       &err);
}

/* ---- grouping and fields ---- */

static const char SIX[] =
    "    count: {function: len, source: h, dtype: int32, fill_value: 0}\n"
    "    min: {function: min, source: h, dtype: float32}\n"
    "    max: {function: max, source: h, dtype: float32}\n"
    "    mean: {function: mean, source: h, dtype: float32}\n"
    "    median: {function: median, source: h, dtype: float32}\n"
    "    var: {function: var, source: h, dtype: float32}\n";
static const char EXPRESSION[] =
    "    range: {expression: \"np.max(h) - np.min(h)\", source: h, dtype: float32}\n";

static void run_grouping(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_column column = {"h", ZAGG_DT_F32, s->heights};
    const zagg_table table = {N, 1, &column, s->ranks, NULL};
    const zagg_table *const tables[] = {&table};
    ok(zg_group_tables(s->worker.worker, tables, 1, &s->grouped, &err), &err);
}

static void prepare_grouping(state *s)
{
    s->worker = bench_worker_of_fields(SIX, SHARD_KEY);
}

static void prepare_reducers(state *s)
{
    s->worker = bench_worker_of_fields(SIX, SHARD_KEY);
    run_grouping(s);
}

static void prepare_expression(state *s)
{
    s->worker = bench_worker_of_fields(EXPRESSION, SHARD_KEY);
    run_grouping(s);
}

static void run_fields(state *s)
{
    uint64_t filled = 0;
    zagg_err err = ZAGG_ERR_INIT;
    ok(zg_aggregate(s->worker.worker, &s->worker.shard, &s->grouped, NULL, NULL,
                    bench_drop, NULL, &filled, &err),
       &err);
}

/* ---- distributions ---- */

static void prepare_digest(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    ok(zagg_digest_memory_new(&s->digests, &err), &err);
}

static void run_digest(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < N; i += (size_t)ROWS_OF_CELL * 32) {
        const zagg_digest_rows rows = {.n = (size_t)ROWS_OF_CELL * 32,
                                       .dtype = ZAGG_DT_F32,
                                       .values = s->heights + i};
        zagg_digest d;
        ok(zagg_digest_build(s->digests, &rows, DELTA, &d, &err), &err);
        s->out[0] += d.n;
    }
}

static void prepare_histogram(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    ok(zg_histogram_new(&s->histogram, &err), &err);
    ok(zg_histogram_set_range(s->histogram, ZAGG_DT_F32, zg_bound_f32(400.0F),
                              zg_bound_f32(420.0F), BINS, &err),
       &err);
}

static void run_histogram(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    static int64_t counts[BINS];
    for (size_t i = 0; i < N; i += ROWS_OF_CELL)
        ok(zg_histogram_count(s->histogram, s->heights + i, ROWS_OF_CELL, counts, &err),
           &err);
}

/* ---- a shard object of 16 chunks ---- */

static void prepare_write(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/zagg-kernels-XXXXXX");
    if (!mkdtemp(s->folder))
        bench_die("no folder below /tmp", NULL);
    ok(zagg_sink_open_dir(s->folder, &s->sink, &err), &err);
}

static void run_write(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_zarr_shard *shard;
    const zagg_zarr_array array = {.name = "h",
                                   .dtype = ZAGG_DT_F32,
                                   .rank = 1,
                                   .shape = {N},
                                   .chunk = {N / 16},
                                   .sharded = true,
                                   .shard = {N}};
    const uint64_t first = 0;
    ok(zagg_zarr_shard_new(&array, &shard, &err), &err);
    ok(zagg_zarr_shard_begin(shard, s->sink, "19", &first, &err), &err);
    for (uint64_t i = 0; i < 16; i++)
        ok(zagg_zarr_shard_add(shard, &i, s->heights + i * (N / 16), &err), &err);
    ok(zagg_zarr_shard_end(shard, &err), &err);
    zagg_zarr_shard_free(shard);
}

static void nothing(state *s)
{
    (void)s;
}

static const kernel KERNELS[] = {
    {"points", nothing, run_points},
    {"unshuffle8", nothing, run_unshuffle8},
    {"unshuffle4", nothing, run_unshuffle4},
    {"crc32c", nothing, run_crc32c},
    {"inflate", prepare_inflate, run_inflate},
    {"grouping", prepare_grouping, run_grouping},
    {"six_reducers", prepare_reducers, run_fields},
    {"expression", prepare_expression, run_fields},
    {"digest", prepare_digest, run_digest},
    {"histogram", prepare_histogram, run_histogram},
    {"shard_write", prepare_write, run_write},
};
enum { N_KERNELS = sizeof KERNELS / sizeof KERNELS[0] };

/* What callgrind counts: never inlined, and seen from outside so that it keeps its name.
 */
void bench_kernel_measured(const kernel *k, state *s);
__attribute__((noinline)) void bench_kernel_measured(const kernel *k, state *s)
{
    k->run(s);
}

static void clean(state *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (s->sink) {
        ok(zagg_sink_delete_prefix(s->sink, "19/", &err), &err);
        zagg_sink_close(s->sink);
        (void)rmdir(s->folder);
    }
    if (s->grouped.columns)
        zg_grouped_free(s->worker.worker, &s->grouped);
    if (s->worker.worker)
        bench_worker_free(&s->worker);
    zg_inflater_free(s->inflater);
    zagg_digest_memory_free(s->digests);
    zg_histogram_free(s->histogram);
    zg_free(s->packed);
    zg_free(s->lat_deg);
    zg_free(s->lon_deg);
    zg_free(s->heights);
    zg_free(s->ranks);
    zg_free(s->out);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 1 && i < N_KERNELS; i++)
        printf("%s %d\n", KERNELS[i].name, N);
    if (argc == 1)
        return 0;
    for (size_t i = 0; argc == 2 && i < N_KERNELS; i++)
        if (strcmp(argv[1], KERNELS[i].name) == 0) {
            state s = {0};
            fill(&s);
            KERNELS[i].prepare(&s);
            bench_kernel_measured(&KERNELS[i], &s);
            clean(&s);
            return 0;
        }
    (void)fprintf(stderr, "usage: kernels [NAME]\n");
    return 2;
}
