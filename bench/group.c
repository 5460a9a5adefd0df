/* Grouping and reducing of columns by a key (zagg_group_aggregate), on one thread and on
 * two:
 *
 *     group FOLDER [ROUNDS]
 *
 * FOLDER is what bench/aggregate_input.py wrote: 2 million heights in 37,556 of a shard's
 * 65,536 cells, in reading order. Keys are the words of the cells; with "any 64-bit keys"
 * the same groups have keys that differ in all bits, in no order. CPU seconds, the least
 * of the rounds, and the bytes by which resident memory rose above what it was with the
 * input in memory. */
#include "cells.h"
#include "zagg/arrow.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>

static const char *const SIX[] = {"count", "min", "max", "mean", "median", "var"};
enum { N_SIX = 6, MAX_ROUNDS = 1000 };

typedef struct input {
    size_t n;
    float *heights;
    uint64_t *words, *scattered;
} input;

static input load(const char *folder)
{
    input in;
    size_t n;
    uint32_t *ranks = bench_load(folder, "rank", ZAGG_DT_U32, &in.n);
    uint64_t *shard = bench_load(folder, "shard_key", ZAGG_DT_U64, NULL);
    in.heights = bench_load(folder, "h_ph", ZAGG_DT_F32, &n);
    in.words = zg_alloc(in.n, sizeof *in.words);
    in.scattered = zg_alloc(in.n, sizeof *in.scattered);
    if (n != in.n || !in.words || !in.scattered)
        bench_die("no input", NULL);
    for (size_t i = 0; i < in.n; i++) {
        in.words[i] = (shard[0] & ~(uint64_t)0x3f) + ((uint64_t)ranks[i] << 22) + 19;
        in.scattered[i] = in.words[i] * UINT64_C(0x9e3779b97f4a7c15);
    }
    zg_free(ranks);
    zg_free(shard);
    return in;
}

static void measure(const input *in, const char *what, uint64_t *keys, size_t n_fields,
                    zagg_pool *pool, int rounds)
{
    zagg_column columns[] = {{"cell", ZAGG_DT_U64, keys},
                             {"h_ph", ZAGG_DT_F32, in->heights}};
    const zagg_table table = {in->n, 2, columns, NULL, NULL};
    const zagg_table *const tables[] = {&table};
    zagg_group_field fields[N_SIX];
    double cpu_s = 1e9, wall_s = 1e9;
    uint64_t bytes = 0;
    size_t cells = 0;
    for (size_t i = 0; i < n_fields; i++)
        fields[i] = (zagg_group_field){SIX[i], SIX[i], "h_ph", NULL, ZAGG_DT_NONE};
    for (int round = 0; round < rounds; round++) {
        const zagg_carrier *result = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        bench_meter m;
        bench_meter_start(&m);
        if (zagg_group_aggregate(tables, 1, "cell", fields, n_fields, pool, &result,
                                 &err))
            bench_die(what, &err);
        cells = result->n_cells;
        zagg_carrier_release(result);
        bench_meter_stop(&m);
        cpu_s = m.cpu_s < cpu_s ? m.cpu_s : cpu_s;
        wall_s = m.wall_s < wall_s ? m.wall_s : wall_s;
        bytes = m.resident_bytes > bytes ? m.resident_bytes : bytes;
    }
    printf("%-44s %7zu %9.1f %9.1f %9.1f\n", what, cells, 1e3 * cpu_s, 1e3 * wall_s,
           (double)bytes / 1048576);
}

int main(int argc, char **argv)
{
    const long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 9;
    if (argc < 2 || argc > 3 || rounds < 1 || rounds > MAX_ROUNDS) {
        (void)fprintf(stderr, "usage: group FOLDER [ROUNDS]\n");
        return 2;
    }
    zagg_pool *pool;
    zagg_err err = ZAGG_ERR_INIT;
#ifdef __GLIBC__
    /* Large blocks go back at once, or one measurement would live on memory of another.
     */
    (void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
#endif
    input in = load(argv[1]);
    if (zagg_pool_new(2, &pool, &err) != ZAGG_OK)
        bench_die("no threads", &err);
    printf("%-44s %7s %9s %9s %9s\n", "", "groups", "CPU ms", "wall ms", "MiB");
    measure(&in, "cells, count only", in.words, 1, NULL, (int)rounds);
    measure(&in, "cells, count min max mean", in.words, 4, NULL, (int)rounds);
    measure(&in, "cells, count min max mean median var", in.words, N_SIX, NULL,
            (int)rounds);
    measure(&in, "the same, two threads", in.words, N_SIX, pool, (int)rounds);
    measure(&in, "any 64-bit keys, the same six", in.scattered, N_SIX, NULL, (int)rounds);
    zagg_pool_free(pool);
    zg_free(in.heights);
    zg_free(in.words);
    zg_free(in.scattered);
    return 0;
}
