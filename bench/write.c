/* Writing shards of carriers that are in memory (zagg_store_writer), as a run does:
 *
 *     write FOLDER [SHARDS [NAME]]
 *
 * Into FOLDER/store (removed afterwards), one field a store: scalars,
 * vectors of 128 counts (gain_bias), ragged pairs, each with the word of every cell as
 * stores have it (HEALPix), and chunks that hold nothing but fill, without words;
 * HEALPix shards of 65,536 cells in 16 chunks, rectilinear ones of 262,144 cells in
 * 8 x 8; flat stores, with the hash of every object (recording sink) and without, and
 * hives, whose leaves carry hashes of what they hold, too; one thread and two, each with
 * shards of its own. NAME: only cases whose name it is a part of. Written over and over
 * until it took half a second. GB/s counts the bytes of the carriers, of decoded
 * elements; into the page cache: nothing is synced. */
#include "cells.h"
#include "io/record_sink.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG                                                                           \
    "data_source:\n"                                                                     \
    "  groups: [gt1l]\n"                                                                 \
    "  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}\n"         \
    "  variables: {h: \"/{group}/h\"}\n"                                                 \
    "aggregation:\n"                                                                     \
    "  variables:\n    %s\n"                                                             \
    "output:\n  store_layout: %s\n  grid: {%s}\n"
#define HEALPIX "type: healpix, parent_order: 11, chunk_inner: 13, child_order: 19"
#define RECTILINEAR                                                                      \
    "type: rectilinear, crs: \"EPSG:3413\", resolution: 100, bounds: [0, 0, 204800, "    \
    "51200], chunk_shape: [512, 512], chunk_inner: [64, 64], sharded: true"
#define SCALAR "f: {function: min, source: h}"
#define VECTOR                                                                           \
    "f: {kind: vector, trailing_shape: 128, expression: h, dtype: uint32, fill_value: "  \
    "0}"
#define RAGGED "f: {kind: ragged, inner_shape: 2, expression: h}"

enum { MAX_THREADS = 2, MAX_SHARDS = 64, CONFIG_BYTES = 2048, VECTOR_WIDTH = 128 };

typedef struct bench_case {
    const char *name, *field, *layout, *grid;
    size_t width; /* elements a cell; 0: ragged */
    bool fill;
    bool recorded;
} bench_case;

static const bench_case CASES[] = {
    {"scalar f32, flat, no hashes", SCALAR, "flat", HEALPIX, 1, false, false},
    {"scalar f32, flat", SCALAR, "flat", HEALPIX, 1, false, true},
    {"scalar f32, hive", SCALAR, "hive", HEALPIX, 1, false, true},
    {"scalar f32, rectilinear", SCALAR, "flat", RECTILINEAR, 1, false, true},
    {"128 x u32, flat, no hashes", VECTOR, "flat", HEALPIX, VECTOR_WIDTH, false, false},
    {"128 x u32, flat", VECTOR, "flat", HEALPIX, VECTOR_WIDTH, false, true},
    {"128 x u32, hive", VECTOR, "hive", HEALPIX, VECTOR_WIDTH, false, true},
    {"128 x u32, rectilinear", VECTOR, "flat", RECTILINEAR, VECTOR_WIDTH, false, true},
    {"ragged f32 pairs, flat, no hashes", RAGGED, "flat", HEALPIX, 0, false, false},
    {"ragged f32 pairs, flat", RAGGED, "flat", HEALPIX, 0, false, true},
    {"ragged f32 pairs, hive", RAGGED, "hive", HEALPIX, 0, false, true},
    {"scalar fill, flat", SCALAR, "flat", HEALPIX, 1, true, true},
    {"128 x u32 fill, flat", VECTOR, "flat", HEALPIX, VECTOR_WIDTH, true, true},
    {"128 x u32 fill, hive", VECTOR, "hive", HEALPIX, VECTOR_WIDTH, true, true},
};

/* Elements of one chunk, the same for all. */
typedef struct chunk {
    void *data;
    uint64_t *offsets, *words;
    unsigned char *occupied;
    size_t n, bytes;
} chunk;

typedef struct bench {
    const bench_case *how;
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    const zagg_grid_info *info;
    zagg_store_plan *plan;
    zagg_sink *folder, *store;
    chunk chunk;
    uint64_t keys[MAX_SHARDS];
    size_t n_shards;
} bench;

/* ---- input ---- */

/* Small numbers, as counts are, and heights; of ragged cells every other one has up to
 * eight pairs. */
static chunk make_chunk(const bench_case *c, size_t n)
{
    chunk k = {.n = n};
    size_t elements = n * c->width;
    k.words = bench_take(n, sizeof *k.words);
    k.occupied = bench_take(n, 1);
    memset(k.occupied, 1, n);
    for (size_t i = 0; i < n; i++)
        k.words[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
    if (c->width == 0) {
        k.offsets = bench_take(n + 1, sizeof *k.offsets);
        for (size_t i = 0; i < n; i++)
            k.offsets[i + 1] = k.offsets[i] + (i % 2 ? 1 + i / 2 % 8 : 0);
        elements = 2 * k.offsets[n];
    }
    float *heights = bench_take(elements, sizeof *heights);
    uint32_t *counts = (void *)heights;
    for (size_t i = 0; i < elements; i++) {
        if (c->width == VECTOR_WIDTH)
            counts[i] = c->fill ? 0 : (uint32_t)(i * 2654435761u) >> 28;
        else
            heights[i] = c->fill ? __builtin_nanf("")
                                 : 100 + (float)((i * 2654435761u) >> 8 & 0xffff) / 1024;
    }
    k.data = heights;
    k.bytes = elements * sizeof *heights;
    return k;
}

static void must(zagg_status status, const char *what, const zagg_err *err)
{
    if (status != ZAGG_OK)
        bench_die(what, err);
}

static void choose_shards(bench *b, size_t n)
{
    b->n_shards = n;
    for (size_t i = 0; i < n; i++) {
        b->keys[i] = i % 4; /* of the rectilinear grid */
        if (b->info->kind != ZAGG_GRID_HEALPIX)
            continue;
        const double lat = 38 + (double)i / 10, lon = -76;
        bool outside = false;
        zagg_grid_shard_keys(b->grid, &lat, &lon, 1, &b->keys[i], &outside);
    }
}

static bench open_bench(const bench_case *c, const char *folder, size_t n_shards)
{
    bench b = {.how = c};
    char config[CONFIG_BYTES];
    zagg_err err = ZAGG_ERR_INIT;
    const int len = snprintf(config, sizeof config, CONFIG, c->field, c->layout, c->grid);
    must(zagg_pipeline_parse(config, (size_t)len, "config", NULL, &b.pipeline, &err),
         c->name, &err);
    must(zagg_grid_from_pipeline(b.pipeline, ZAGG_LATITUDE_AUTHALIC, &b.grid, &err),
         c->name, &err);
    must(zagg_store_plan_new(b.pipeline, b.grid, &b.plan, &err), c->name, &err);
    must(zagg_sink_open_dir(folder, &b.folder, &err), c->name, &err);
    zg_str path;
    zg_str_init(&path, 0);
    zg_str_addf(&path, "%s/store", folder);
    must(zagg_sink_open_dir(path.data, &b.store, &err), c->name, &err);
    zg_str_free(&path);
    b.info = zagg_grid_get_info(b.grid);
    b.chunk = make_chunk(c, b.info->cells_per_chunk);
    if (b.info->kind == ZAGG_GRID_HEALPIX && !c->fill)
        b.chunk.bytes += b.chunk.n * sizeof *b.chunk.words;
    choose_shards(&b, n_shards);
    return b;
}

static void close_bench(bench *b)
{
    zg_free(b->chunk.data);
    zg_free(b->chunk.offsets);
    zg_free(b->chunk.words);
    zg_free(b->chunk.occupied);
    zagg_err err = ZAGG_ERR_INIT;
    must(zagg_sink_delete_prefix(b->folder, "store/", &err), b->how->name, &err);
    zagg_sink_close(b->store);
    zagg_sink_close(b->folder);
    zagg_store_plan_free(b->plan);
    zagg_grid_free(b->grid);
    zagg_pipeline_free(b->pipeline);
}

/* ---- writing ---- */

static void put_chunks(const bench *b, zagg_store_writer *w, const zagg_shard *shard)
{
    const chunk *k = &b->chunk;
    const bench_case *c = b->how;
    const zagg_field_kind kind = c->width == 0   ? ZAGG_FIELD_RAGGED
                                 : c->width == 1 ? ZAGG_FIELD_SCALAR
                                                 : ZAGG_FIELD_VECTOR;
    const zagg_carrier_column columns[] = {
        {"f", kind, c->width == VECTOR_WIDTH ? ZAGG_DT_U32 : ZAGG_DT_F32,
         c->width ? c->width : 2, k->data, k->offsets},
        {"morton", ZAGG_FIELD_SCALAR, ZAGG_DT_U64, 1, k->words, NULL}};
    zagg_err err = ZAGG_ERR_INIT;
    for (uint64_t i = 0; i < b->info->chunks_per_shard; i++) {
        zagg_carrier carrier = {.chunk = i,
                                .n_cells = k->n,
                                .n_columns = c->fill ? 1 : 2,
                                .columns = columns,
                                .occupied = k->occupied};
        zagg_grid_chunk_index(b->grid, shard, i, carrier.chunk_index);
        must(zagg_store_writer_carrier(w, shard, &carrier, &err), c->name, &err);
    }
}

static void write_shard(const bench *b, uint64_t key)
{
    static const zagg_shard_result RESULT = {.granule_count = 0};
    const zagg_shard_entry entry = {.key = key};
    const zagg_shardmap map = {.name = "m", .shards = &entry, .n_shards = 1};
    const zagg_store_origin origin = {&map, &entry, NULL, 0, &RESULT, "run"};
    zagg_store_writer *w = NULL;
    zg_recorder *recorder = NULL;
    zagg_shard shard;
    zagg_err err = ZAGG_ERR_INIT;
    if (b->how->recorded)
        must(zg_recorder_new(b->store, &recorder, &err), "no recorder", &err);
    zagg_sink *store = recorder ? zg_recorder_sink(recorder) : b->store;
    must(zagg_grid_shard(b->grid, key, &shard, &err), b->how->name, &err);
    must(zagg_store_writer_new(b->plan, store, &w, &err), b->how->name, &err);
    put_chunks(b, w, &shard);
    zagg_store_writer_set_origin(w, &origin);
    must(zagg_store_writer_finish(w, &shard, &err), b->how->name, &err);
    zagg_store_writer_free(w);
    zg_recorder_free(recorder);
}

typedef struct hand {
    const bench *b;
    size_t first, n;
} hand;

static void *write_some(void *user)
{
    const hand *h = user;
    for (size_t i = h->first; i < h->first + h->n; i++)
        write_shard(h->b, h->b->keys[i]);
    return NULL;
}

static void write_round(const bench *b, size_t n_threads)
{
    pthread_t threads[MAX_THREADS];
    hand hands[MAX_THREADS];
    const size_t each = b->n_shards / n_threads;
    for (size_t i = 0; i < n_threads; i++) {
        hands[i] = (hand){b, i * each, each};
        if (pthread_create(&threads[i], NULL, write_some, &hands[i]) != 0)
            bench_die("no thread", NULL);
    }
    for (size_t i = 0; i < n_threads; i++)
        (void)pthread_join(threads[i], NULL);
}

/* The best round of as many as half a second holds, the first one aside. Each finds an
 * empty folder: to take the place of an object is another matter (on ext4 it starts
 * writing to the disk). */
static void measure(const bench *b, size_t n_threads)
{
    const size_t each = b->n_shards / n_threads;
    const double bytes = (double)b->chunk.bytes * (double)b->info->chunks_per_shard *
                         (double)(each * n_threads);
    double wall_s = 1e9, cpu_s = 0, total_s = 0;
    uint64_t resident = 0;
    zagg_err err = ZAGG_ERR_INIT;
    write_round(b, n_threads);
    for (int i = 0; i < 3 || total_s < 0.5; i++) {
        bench_meter m;
        must(zagg_sink_delete_prefix(b->folder, "store/", &err), b->how->name, &err);
        bench_meter_start(&m);
        write_round(b, n_threads);
        bench_meter_stop(&m);
        total_s += m.wall_s;
        resident = m.resident_bytes > resident ? m.resident_bytes : resident;
        if (m.wall_s < wall_s) {
            wall_s = m.wall_s;
            cpu_s = m.cpu_s;
        }
    }
    printf("%-36s %7zu %9.1f %9.1f %8.2f %8.2f %8.1f\n", b->how->name, n_threads,
           bytes / 1e6, 1e3 * wall_s, bytes / 1e9 / wall_s, bytes / 1e9 / cpu_s,
           (double)resident / 1048576);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const long n = argc > 2 ? strtol(argv[2], NULL, 10) : 4;
    if (argc < 2 || argc > 4 || n < 2 || n > MAX_SHARDS) {
        (void)fprintf(stderr, "usage: write FOLDER [SHARDS [NAME]]\n");
        return 2;
    }
    printf("%-36s %7s %9s %9s %8s %8s %8s\n", "", "threads", "MB", "ms", "GB/s",
           "GB/CPU s", "MiB");
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        if (argc > 3 && !strstr(CASES[i].name, argv[3]))
            continue;
        bench b = open_bench(&CASES[i], argv[1], (size_t)n);
        for (size_t threads = 1; threads <= MAX_THREADS; threads++)
            measure(&b, threads);
        close_bench(&b);
    }
    return 0;
}
