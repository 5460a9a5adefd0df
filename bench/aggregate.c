/* Grouping and aggregation of the rows of one shard that are in memory, on one thread:
 *
 *     aggregate CONFIG.yaml FOLDER [--check FOLDER]
 *
 * FOLDER is what bench/aggregate_input.py wrote. Rows are appended read by read, as a
 * shard does while it reads, grouped and aggregated; carriers are dropped as they come.
 * Prints one JSON object: CPU (of the whole and of its parts) and wall seconds, and the
 * bytes by which resident memory rose above what it was with the input in memory. With
 * --check the columns go to files in that folder, one a field, and figures mean nothing.
 */
#include "cells.h"

#include <stdio.h>
#include <string.h>

/* The reads of a shard, each in an arena of its own. */
typedef struct reads {
    size_t n;
    zagg_table *tables;
    zagg_arena **arenas;
} reads;

typedef struct parts {
    double append_s, group_s, aggregate_s;
} parts;

static void *copy(zagg_arena *arena, const void *from, size_t n, size_t size)
{
    void *to;
    if (zagg_arena_alloc(arena, n, size, &to, NULL) != ZAGG_OK)
        bench_die("no memory", NULL);
    memcpy(to, from, n * size);
    return to;
}

/* Cut the ranks and all columns of the config at the ends of the reads. */
static reads load_reads(const bench_worker *w, const char *folder)
{
    const size_t n_columns = w->worker->n_columns;
    size_t n_offsets, n_rows, n;
    uint64_t *at = bench_load(folder, "read_offsets", ZAGG_DT_U64, &n_offsets);
    uint32_t *ranks = bench_load(folder, "rank", ZAGG_DT_U32, &n_rows);
    reads r = {.n = n_offsets - 1};
    r.tables = bench_take(r.n, sizeof *r.tables);
    r.arenas = bench_take(r.n, sizeof(zagg_arena *));
    for (size_t i = 0; i < r.n; i++) {
        if (at[i] > at[i + 1] || at[i + 1] > n_rows)
            bench_die("read_offsets.npy goes beyond the rows", NULL);
        if (zagg_arena_new(0, &r.arenas[i], NULL) != ZAGG_OK)
            bench_die("no memory", NULL);
        r.tables[i] = (zagg_table){.n_rows = (size_t)(at[i + 1] - at[i]),
                                   .n_columns = n_columns,
                                   .columns = bench_take(n_columns, sizeof(zagg_column))};
        r.tables[i].ranks =
            copy(r.arenas[i], ranks + at[i], r.tables[i].n_rows, sizeof *ranks);
    }
    zg_free(ranks);
    for (size_t c = 0; c < n_columns; c++) {
        const char *name = w->worker->columns[c].variable->name;
        float *values = bench_load(folder, name, ZAGG_DT_F32, &n);
        if (n != n_rows)
            bench_die("columns differ in length", NULL);
        for (size_t i = 0; i < r.n; i++)
            r.tables[i].columns[c] = (zagg_column){
                name, ZAGG_DT_F32,
                copy(r.arenas[i], values + at[i], r.tables[i].n_rows, sizeof *values)};
        zg_free(values);
    }
    zg_free(at);
    return r;
}

static void release(reads *r, size_t i)
{
    zagg_arena_free(r->arenas[i]);
    r->arenas[i] = NULL;
}

static void free_reads(reads *r)
{
    for (size_t i = 0; i < r->n; i++) {
        release(r, i);
        zg_free(r->tables[i].columns);
    }
    zg_free(r->tables);
    zg_free(r->arenas);
}

static zagg_status add_to_file(const char *folder, const char *name, const void *data,
                               size_t len, zagg_err *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s.bin", folder, name) >= (int)sizeof path)
        return zagg_err_set(err, ZAGG_ERANGE, "the name of the folder is too long");
    FILE *f = fopen(path, "abe");
    if (!f)
        return zagg_err_set(err, ZAGG_EIO, "%s cannot be opened", path);
    const bool whole = fwrite(data, 1, len, f) == len;
    if (fclose(f) != 0 || !whole)
        return zagg_err_set(err, ZAGG_EIO, "%s cannot be written", path);
    return ZAGG_OK;
}

/* Rows of each cell of a ragged column. */
static zagg_status keep_counts(const char *folder, const zagg_carrier_column *column,
                               size_t n_cells, zagg_err *err)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%.200s.counts", column->name);
    uint64_t *counts = bench_take(n_cells, sizeof *counts);
    for (size_t i = 0; i < n_cells; i++)
        counts[i] = column->offsets[i + 1] - column->offsets[i];
    const zagg_status status =
        add_to_file(folder, name, counts, n_cells * sizeof *counts, err);
    zg_free(counts);
    return status;
}

static zagg_status keep(void *user, const zagg_shard *shard, const zagg_carrier *carrier,
                        zagg_err *err)
{
    (void)shard;
    for (size_t i = 0; i < carrier->n_columns; i++) {
        const zagg_carrier_column *c = &carrier->columns[i];
        size_t n = carrier->n_cells;
        if (strcmp(c->name, "morton") == 0)
            continue;
        if (c->kind == ZAGG_FIELD_RAGGED) {
            ZAGG_TRY(keep_counts(user, c, carrier->n_cells, err));
            n = (size_t)c->offsets[carrier->n_cells];
        }
        ZAGG_TRY(add_to_file(user, c->name, c->data,
                             n * c->width * zagg_dtype_size(c->dtype), err));
    }
    return ZAGG_OK;
}

/* What becomes of reads and carriers. */
typedef struct options {
    bool release;
    zagg_carrier_fn sink;
    char *folder; /* for carriers to keep */
} options;

/* What is measured. */
static zagg_status work(const bench_worker *w, reads *r, const options *opts,
                        bench_meter *meter, parts *out, zagg_err *err)
{
    zg_row_store *store;
    zg_grouping grouping;
    zg_grouped grouped;
    uint64_t cells_with_data = 0;
    bench_meter_start(meter);
    ZAGG_TRY(zg_row_store_new(w->worker, 1, 1, 0, NULL, &store, err));
    for (size_t i = 0; i < r->n; i++) {
        ZAGG_TRY(zg_group_add_table(w->worker, store, i, &r->tables[i], err));
        if (opts->release)
            release(r, i);
    }
    out->append_s = bench_meter_lap(meter);
    ZAGG_TRY(zg_row_store_seal(store, 0, err));
    ZAGG_TRY(zg_grouping_begin(w->worker, store, 0, NULL, &grouping, err));
    ZAGG_TRY(zg_grouping_part(&grouping, 0, &grouped, err));
    zg_grouping_end(&grouping);
    zg_row_store_free(store);
    out->group_s = bench_meter_lap(meter);
    ZAGG_TRY(zg_aggregate(w->worker, &w->shard, &grouped, NULL, NULL, opts->sink,
                          opts->folder, &cells_with_data, err));
    zg_grouped_free(w->worker, &grouped);
    out->aggregate_s = bench_meter_lap(meter);
    bench_meter_stop(meter);
    return ZAGG_OK;
}

int main(int argc, char **argv)
{
    options opts = {false, bench_drop, NULL};
    if (argc == 5 && strcmp(argv[3], "--check") == 0) {
        opts.sink = keep;
        opts.folder = argv[4];
    } else if (argc == 4 && strcmp(argv[3], "--release") == 0) {
        opts.release = true;
    } else if (argc != 3) {
        (void)fprintf(
            stderr, "usage: aggregate CONFIG.yaml FOLDER [--release | --check FOLDER]\n");
        return 2;
    }
    zagg_pipeline *pipeline;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_pipeline_load(argv[1], NULL, &pipeline, &err) != ZAGG_OK)
        bench_die("no pipeline", &err);
    uint64_t *key = bench_load(argv[2], "shard_key", ZAGG_DT_U64, NULL);
    bench_worker w = bench_worker_new(pipeline, *key);
    reads r = load_reads(&w, argv[2]);
    bench_meter m;
    parts p;
    if (work(&w, &r, &opts, &m, &p, &err) != ZAGG_OK)
        bench_die("aggregation failed", &err);
    printf("{\"cpu_s\": %.9f, \"wall_s\": %.9f, \"parts\": {\"append\": %.9f, \"group\": "
           "%.9f, \"aggregate\": %.9f}, \"extra_bytes\": %llu, \"peak_reset\": %s}\n",
           m.cpu_s, m.wall_s, p.append_s, p.group_s, p.aggregate_s,
           (unsigned long long)m.resident_bytes, m.peak_reset ? "true" : "false");
    free_reads(&r);
    zg_free(key);
    bench_worker_free(&w);
    return 0;
}
