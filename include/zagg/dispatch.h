/* Runs whose shards are done elsewhere, one invocation of the worker a shard: AWS Lambda,
 * Slurm, or whatever a command starts. docs/dispatch.md. */
#ifndef ZAGG_DISPATCH_H
#define ZAGG_DISPATCH_H

#include "zagg/config.h"
#include "zagg/net.h"
#include "zagg/run.h"
#include "zagg/shardmap.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum zagg_backend {
    ZAGG_BACKEND_LAMBDA = 0,
    ZAGG_BACKEND_EXEC, /* a command a shard */
    ZAGG_BACKEND_SLURM /* job arrays */
} zagg_backend;

/** How a result comes back from AWS Lambda. */
typedef enum zagg_transport {
    ZAGG_TRANSPORT_SYNC = 0, /* as the answer to the invocation */
    ZAGG_TRANSPORT_EVENT     /* as an object in the status folder of the store */
} zagg_transport;

/** A shard came to its end. */
typedef struct zagg_dispatch_event {
    size_t index, total; /* shards that came to their end, and all */
    size_t done_here;    /* of these, without those that an earlier run finished */
    uint64_t shard_key;
    bool failed, no_data, skipped;
    const char *message; /* error text, or ""; good during the call */
    uint64_t obs;        /* of this shard */
    uint64_t total_obs;
    size_t flying;    /* under way elsewhere */
    double elapsed_s; /* since the first shard was sent */
    double usd;       /* so far; 0 where nobody pays */
} zagg_dispatch_event;
typedef void (*zagg_dispatch_progress_fn)(void *user, const zagg_dispatch_event *event);

/** Asked once, before anything is started, with the line about what the run may cost.
 * False ends the run: CANCELLED. */
typedef bool (*zagg_dispatch_confirm_fn)(void *user, const char *line, double max_usd);

typedef struct zagg_dispatch_opts {
    zagg_backend backend;
    const zagg_pipeline *pipeline;
    const zagg_shardmap *map;
    const char *program; /* "zagg 0.1.0", for the manifest; may be NULL */
    const char *store;   /* Lambda: s3://BUCKET/NAME */
    const char *driver;  /* as in zagg_run_opts */
    const char *shard;   /* as in zagg_run_opts */
    int64_t max_shards;  /* 0: all */
    size_t max_workers;  /* at once; 0: 1700 for Lambda, else this machine's processors */
    unsigned max_retries; /* attempts at a shard, throttled ones not counted; 0: 3 */
    bool overwrite, dry_run, profile;
    bool redo;                   /* shards that an earlier run finished are done again */
    const zagg_handoff *handoff; /* NULL: the config's */
    zagg_latitude latitude;      /* see zagg_run_latitude */
    /* Lambda */
    const char
        *function; /* name or ARN; NULL: ZAGG_LAMBDA_FUNCTION_NAME, process-shard */
    zagg_transport transport;
    double max_usd;                   /* a run that may cost more is refused; 0: any */
    zagg_dispatch_confirm_fn confirm; /* NULL: not asked */
    /* exec: run by /bin/sh -c; slurm: how the worker is called on a node. NULL: `zagg
     * worker` by the path of this program */
    const char *command;
    double timeout_s; /* exec, and slurm's setup and finalize: a command that runs for
                         longer is ended; 0: 900 */
    const char *partition, *sbatch_options; /* slurm; NULL: none */
    const char *job_dir; /* slurm: a folder that nodes share; NULL: where the run was
                            started */
    /* Nothing is done: setup.json, 0.json, 1.json, ... and finalize.json are written into
     * this folder, which is made, for engines that take a file and a number. NULL: no */
    const char *events_dir;
    zagg_net *net; /* borrowed; NULL: nothing is behind a network */
    zagg_log *log;
    zagg_dispatch_progress_fn progress; /* on the caller's thread; may be NULL */
    void *user;
    const volatile int *stop; /* set: nothing further is sent; what is under way ends */
} zagg_dispatch_opts;

/** One shard that came to its end. */
typedef struct zagg_dispatch_result {
    uint64_t shard_key, cells_with_data, total_obs, granule_count, files_processed;
    uint64_t read_errors;
    double duration_s; /* as the worker says, or as it is charged; 0: nobody knows */
    double wall_s;     /* from its first sending to its end */
    double read_s, index_s, aggregate_s, write_s; /* -1: not told */
    double max_memory_mb;                         /* 0: not told */
    int status_code;                              /* of the response; 0: there was none */
    unsigned retries;
    bool no_data, failed, timeout;
    char *error; /* NULL: none; the summary's */
} zagg_dispatch_result;

/** What a run may be told before it starts. */
typedef struct zagg_dispatch_limits {
    bool known;             /* the account's limit is */
    uint64_t account_limit; /* concurrent executions */
    uint64_t concurrent;    /* now */
    uint64_t padding;       /* kept free for others */
    uint64_t available;
    bool has_reserved;
    uint64_t reserved; /* for the function */
    uint64_t files;    /* open files that the system allows */
} zagg_dispatch_limits;

typedef struct zagg_dispatch_summary {
    size_t total_shards, selected;
    size_t events;   /* of shards, that were written to opts.events_dir */
    size_t finished; /* came to an end, with data or without, or failed */
    size_t with_data, failed, skipped;
    uint64_t total_obs, cells_with_data, read_errors, skipped_obs;
    size_t granules_min, granules_max;
    double granules_mean;
    double wall_s, setup_s, fanout_s, finalize_s; /* wall: fan-out and finalize */
    size_t workers;                               /* at once, after the preflight */
    uint64_t attempts, throttles, retried, timeouts;
    zagg_dispatch_limits limits;
    /* of the workers; `timed`: how many told a time, of which: */
    size_t timed;
    double worker_max_s, worker_median_s, worker_pstdev_s, worker_pct_timeout;
    double function_timeout_s;      /* 0: none */
    double phase_max_s[4];          /* read, index, aggregate, write */
    bool has_phases;                /* some worker told them */
    double max_memory_mb;           /* 0: not told */
    double time_s, gb_seconds, usd; /* of all workers */
    double left_s; /* of that: attempts at shards that a stop left undone */
    double memory_gb, price_per_gb_s, max_usd;
    const char *architecture; /* "arm64" or "x86_64"; static text, NULL without a price */
    char function[256];       /* "" where there is none */
    char run_id[33];
    char resumed_from[33]; /* the run whose shards were left out; "": none */
    bool stopped;          /* by opts.stop */
    bool finalize_failed;  /* `finalize_error`; the shards are in the store */
    char finalize_error[512];
    const char *driver; /* static text */
    uint64_t peak_rss_bytes;
    zagg_dispatch_result *results; /* in the order in which they ended */
    size_t n_results;
} zagg_dispatch_summary;

/** Set up the store, do the shards, finalize the store. An error status means that the
 * run stopped before or outside any shard; failed shards are counted in the summary,
 * which is filled in any case. One thread starts all invocations and waits for them:
 * memory grows with what is under way (about 30 KB an invocation) and by 200 bytes a
 * shard. Errors: CONFIG, AUTH, HTTP, IO, CANCELLED (not confirmed), ARG (a shard that is
 * not there). */
ZAGG_API zagg_status zagg_dispatch_run(const zagg_dispatch_opts *opts,
                                       zagg_dispatch_summary *summary, zagg_err *err);
ZAGG_API void zagg_dispatch_summary_free(zagg_dispatch_summary *summary);

#ifdef __cplusplus
}
#endif
#endif
