/* Runs: many shards of a shard map into one store. */
#ifndef ZAGG_RUN_H
#define ZAGG_RUN_H

#include "zagg/config.h"
#include "zagg/core.h"
#include "zagg/net.h"
#include "zagg/shardmap.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Latitude convention of a run. A convention asked for (command line before config
 * before compat) must agree with the map's token; a map that only says that it is of the
 * geodetic time is refused unless geodetic is asked for; a map that says nothing gives a
 * warning. */
ZAGG_API zagg_status zagg_run_latitude(const zagg_pipeline *pipeline,
                                       const zagg_shardmap *map,
                                       const zagg_latitude *asked, zagg_log *log,
                                       zagg_latitude *out, zagg_err *err);

/** ECONFIG naming the first difference when the map was made for another grid. */
ZAGG_API zagg_status zagg_run_check_signature(const zagg_grid *grid,
                                              const zagg_shardmap *map, zagg_err *err);

typedef struct zagg_granules_opts {
    zagg_pool *pool; /* may be NULL */
    zagg_net *net;   /* opens what is behind https:// and s3://; NULL: all are paths */
    zagg_log *log;
    zagg_open_fn open; /* opens all granules instead; NULL: as `net` says */
    void *open_user;
} zagg_granules_opts;
/** Shard map from granules: files, folders (every *.h5 below), glob patterns and, with
 * `net`, URLs of single granules. `opts` may be NULL. Each granule goes to every shard
 * that holds one of its reference points (of the read plan's index level; its base
 * coordinates without one). Granules in byte order of their paths; reading is spread over
 * the pool. A granule that cannot be read is an error. */
ZAGG_API zagg_status zagg_run_map_from_granules(const zagg_worker *worker,
                                                const char *const *paths, size_t n_paths,
                                                const zagg_granules_opts *opts,
                                                zagg_shardmap **out, zagg_err *err);

/** One shard came to its end (in any order), or a granule was read for those that want
 * it. */
typedef struct zagg_run_event {
    size_t index, total;            /* shards that came to their end, and all */
    const zagg_shard_result *shard; /* the last of them; NULL: a granule was read */
    zagg_status status;             /* of processing or writing */
    bool skipped;                   /* an earlier run finished it: `shard` has its key */
    const char *message;            /* error text, "" when there is data */
    size_t granules_read, granules_total;
    uint64_t rows_kept, rows_read; /* of these shards */
    double elapsed_s;
} zagg_run_event;
typedef void (*zagg_run_progress_fn)(void *user, const zagg_run_event *event);

typedef struct zagg_run_opts {
    const zagg_pipeline *pipeline;
    const zagg_shardmap *map;
    const char *program; /* "zagg 0.1.0", for the run's record; may be NULL */
    const char *store;   /* local path, file:// or, with `net`, s3://BUCKET/NAME */
    const char *driver;  /* "file", "s3", "https", or NULL: config's, else inferred */
    const char *shard;   /* only this one: decimal key, or decimal morton id; NULL: all */
    int64_t max_shards;  /* 0: all */
    size_t threads;      /* 0: the machine's processors */
    uint64_t memory_bytes; /* see zagg_shard_opts */
    bool overwrite, dry_run;
    bool redo;              /* shards that an earlier run finished are done again */
    bool allow_contraction; /* ..., those that lost granules since then, too */
    bool trace_rss;         /* see zagg_shard_opts */
    zagg_latitude latitude; /* see zagg_run_latitude */
    zagg_net *net; /* borrowed; opens what is behind https:// and s3://. NULL: such
                      granules are refused */
    zagg_log *log;
    zagg_run_progress_fn progress; /* may be NULL; on any thread, one at a time */
    void *user;
    const volatile int
        *stop; /* set to non-zero (a signal handler may): no new shard starts */
} zagg_run_opts;

/** One shard that came to its end: what zagg_shard_result says of it, in few bytes, as a
 * run may have very many. */
typedef struct zagg_run_result {
    uint64_t shard_key, cells_with_data, total_obs, granule_count, files_processed;
    uint64_t read_errors, granule_errors, auth_errors;
    zagg_read_counters counters;
    double read_s, index_s, aggregate_s, write_s, duration_s;
    bool no_data, failed;
    char *error;      /* NULL: none; the summary's, as the next one */
    char *read_error; /* the first read that failed; NULL: none */
} zagg_run_result;

typedef struct zagg_run_summary {
    size_t total_shards; /* of the map */
    size_t selected;     /* of these to be processed */
    size_t finished;
    size_t with_data;
    size_t failed;     /* not processed or not written */
    size_t incomplete; /* written, but some group or granule could not be read */
    size_t skipped;    /* finished by an earlier run with the same inputs: not done */
    size_t refused;    /* of `failed`: they would lose granules */
    uint64_t skipped_obs, skipped_cells; /* what the records of these say */
    bool store_failed; /* the store could not be written: no further shard was started */
    uint64_t total_obs, cells_with_data, rows_read;
    uint64_t read_errors, granule_errors, auth_errors, groups_absent, groups_empty,
        points_without_cell;
    size_t granules_min, granules_max; /* per selected shard */
    double granules_mean;
    double wall_s, read_s, index_s, aggregate_s, write_s;
    uint64_t granules_read; /* opened, each once */
    uint64_t rows_scanned;  /* as rows_read, but rows that several shards look at once */
    uint64_t chunks_decoded, bytes_fetched;
    bool has_net; /* something was asked of a server: */
    zagg_net_stats net;
    uint64_t spilled_bytes; /* rows that did not fit into the memory */
    double spill_s;
    uint64_t store_objects, store_bytes; /* put by this run */
    uint64_t peak_rss_bytes;
    bool stopped; /* by opts.stop */
    size_t threads;
    const char *driver; /* static text */
    zagg_run_result
        *results; /* of finished shards, in map order; zagg_run_summary_free */
    size_t n_results;
} zagg_run_summary;

/** Does a run with these options ask servers for anything, and hence need `net`? */
ZAGG_API bool zagg_run_needs_net(const zagg_run_opts *opts);

/** Run the local backend. An error status means that the run stopped before or outside
 * any shard (config, store, memory); failed shards are counted in the summary, which is
 * filled in any case. Blocking; the caller's thread works along. */
ZAGG_API zagg_status zagg_run_local(const zagg_run_opts *opts, zagg_run_summary *summary,
                                    zagg_err *err);
ZAGG_API void zagg_run_summary_free(zagg_run_summary *summary);

/* ---- the status folder of a store (docs/trust.md) ---- */

typedef enum zagg_run_state {
    ZAGG_RUN_RUNNING = 0, /* its lock is held */
    ZAGG_RUN_FINISHED,    /* to its end; shards may have failed */
    ZAGG_RUN_INTERRUPTED, /* stopped on request */
    ZAGG_RUN_FAILED,      /* ended by an error */
    ZAGG_RUN_CRASHED      /* gone without a word */
} zagg_run_state;
/** "running", "finished", "interrupted", "failed", "crashed". Static text. */
ZAGG_API const char *zagg_run_state_name(zagg_run_state state);

#define ZAGG_STATUS_ERRORS 5
typedef struct zagg_status_error {
    char label[40], at[24], text[512];
} zagg_status_error;

/** The last run into a store, on or over. */
typedef struct zagg_run_status {
    zagg_run_state state;
    char run_id[48], program[48], host[72], started_at[24], ended_at[24];
    char config[512], semantic_hash[72];
    char holder[256]; /* what the holder of the lock noted */
    char error[1024]; /* why a failed run ended; "" */
    uint64_t pid;
    uint64_t selected; /* shards of the run */
    uint64_t begun;    /* of these, handed to a worker */
    uint64_t done;     /* complete: durable, with a record */
    uint64_t skipped, failed, refused, incomplete;
    uint64_t remaining;
    uint64_t obs, objects, bytes; /* of the shards that it did */
    double elapsed_s, shards_per_s;
    double eta_s;  /* -1 where there is none to tell */
    double last_s; /* seconds since 1970 of its last event about a shard */
    zagg_status_error errors[ZAGG_STATUS_ERRORS]; /* the last ones, oldest first */
    size_t n_errors;
} zagg_run_status;

/** Read the status folder of a store; disturbs no run. NOTFOUND where no run has left a
 * record. Cost: reads the journal, about 300 bytes an event. */
ZAGG_API zagg_status zagg_run_status_read(const char *store, zagg_run_status *out,
                                          zagg_err *err);
/** The same of a folder that is open, wherever it lies. */
ZAGG_API zagg_status zagg_run_status_read_sink(zagg_sink *status, zagg_run_status *out,
                                               zagg_err *err);

/** What a store holds, read back from its objects. */
typedef struct zagg_store_field {
    char name[128];
    zagg_dtype dtype;      /* of ragged fields in arrays: NONE */
    bool ragged;           /* its values are the cells that have a payload */
    uint64_t n_values;     /* elements that are neither NaN nor, for integers, the fill */
    uint64_t n_cells;      /* cells (of `resolution: chunk`: chunks) that have some */
    double min, mean, max; /* over these; NaN when there are none, and where ragged */
    double sum;
    uint64_t bytes, objects;
} zagg_store_field;
typedef struct zagg_store_report {
    zagg_store_field *fields; /* in byte order of their paths */
    size_t n_fields;
    uint64_t shards;         /* distinct objects of the array that has most of them */
    uint64_t cells;          /* cells with data: most that any field of cells has */
    uint64_t bytes, objects; /* of all arrays */
    char group[64];
} zagg_store_report;
ZAGG_API zagg_status zagg_store_report_read(const char *store, zagg_store_report *out,
                                            zagg_err *err);
/** The same of a store that is open, wherever it lies. */
ZAGG_API zagg_status zagg_store_report_read_sink(zagg_sink *store, zagg_store_report *out,
                                                 zagg_err *err);
ZAGG_API void zagg_store_report_free(zagg_store_report *report);

#ifdef __cplusplus
}
#endif
#endif
