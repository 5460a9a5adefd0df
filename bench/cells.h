/* What the benchmarks of aggregation share: input arrays, a worker for a config, clocks
 * and memory. Anything that fails ends the program with a message. */
#ifndef ZAGG_BENCH_CELLS_H
#define ZAGG_BENCH_CELLS_H

#include "core/group.h"

/** End the program: WHAT and, where there is one, the error. */
_Noreturn void bench_die(const char *what, const zagg_err *err);

/** Zeroed memory for n elements, to be freed with zg_free. */
void *bench_take(size_t n, size_t size);

/** The 1-D array FOLDER/NAME.npy, which must hold `dtype`; *n elements (n may be NULL).
 * To be freed with zg_free. */
void *bench_load(const char *folder, const char *name, zagg_dtype dtype, size_t *n);

/** A worker for one shard. */
typedef struct bench_worker {
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_shard shard;
} bench_worker;
/** For a pipeline, which is taken over. */
bench_worker bench_worker_new(zagg_pipeline *pipeline, uint64_t shard_key);
/** For one column `h`, a shard of order 11 and its 65,536 cells of order 19; `fields`:
 * the YAML of the fields to be made of it, lines indented by four. */
bench_worker bench_worker_of_fields(const char *fields, uint64_t shard_key);
void bench_worker_free(bench_worker *w);
/** Takes carriers, as zg_aggregate wants it, and does nothing with them. */
zagg_status bench_drop(void *user, const zagg_shard *shard, const zagg_carrier *carrier,
                       zagg_err *err);

/** User and system time of the process; time of day that only goes on. Seconds. */
double bench_cpu_s(void);
double bench_wall_s(void);

/** Time and memory of one piece of work. */
typedef struct bench_meter {
    double cpu_s, wall_s, lap_s;
    uint64_t resident_bytes;
    bool peak_reset; /* the kernel let the peak be counted from here on */
} bench_meter;
void bench_meter_start(bench_meter *m);
/** CPU seconds since the start or the last call. */
double bench_meter_lap(bench_meter *m);
/** Totals since the start; resident_bytes: how far memory rose above where it was then,
 * or at most that where the peak could not be reset. */
void bench_meter_stop(bench_meter *m);

#endif
