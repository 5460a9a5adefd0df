/* Granules behind URLs onto this machine: as much of each as a run reads. docs/remote.md.
 */
#ifndef ZAGG_FETCH_H
#define ZAGG_FETCH_H

#include "zagg/config.h"
#include "zagg/geo.h"
#include "zagg/log.h"
#include "zagg/net.h"
#include "zagg/shardmap.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zagg_fetch_event {
    size_t granules_done, granules_total;
    uint64_t bytes; /* that came */
    double elapsed_s;
} zagg_fetch_event;
typedef void (*zagg_fetch_progress_fn)(void *user, const zagg_fetch_event *event);

typedef struct zagg_fetch_opts {
    const zagg_pipeline *pipeline;
    const zagg_shardmap *map; /* NULL: made from `urls` */
    const char *const *urls;  /* of granules (folders and paths are taken, too) */
    size_t n_urls;
    zagg_net *net;
    const char *to;          /* folder of the copies; made as needed */
    const char *catalog_out; /* NULL: TO/shardmap.json */
    const char *driver;      /* as in zagg_run_opts, and the two below */
    const char *shard;
    int64_t max_shards;
    size_t threads;        /* 0: the machine's processors, but at least 4 */
    uint64_t memory_bytes; /* see zagg_shard_opts */
    bool whole;            /* all bytes of each granule */
    zagg_latitude latitude;
    zagg_log *log;
    zagg_fetch_progress_fn progress; /* may be NULL; on any thread, one at a time */
    void *user;
    const volatile int *stop; /* as in zagg_run_opts */
} zagg_fetch_opts;

typedef struct zagg_fetch_summary {
    size_t shards;
    size_t granules;        /* of these shards, each once, and: */
    size_t granules_failed; /* could not be opened */
    uint64_t read_errors;   /* groups of granules that could not be read */
    uint64_t bytes_found;   /* that copies had before */
    uint64_t bytes_fetched; /* that they got */
    uint64_t bytes_whole;   /* of the granules that were opened, as a whole */
    double wall_s;
    bool stopped;
    zagg_err first; /* failure of a granule; its status is OK where there is none */
    char *catalog;  /* path of the map; NULL: none was written */
} zagg_fetch_summary;

/** Read what a run with the same config, shards and granules would read, and keep it: a
 * copy a granule below `to`, and a shard map of these shards in which the copies stand
 * for the granules. Bytes that are there already are not asked for again; a granule that
 * changed since then is fetched anew. Granules that fail are counted, the others are
 * fetched all the same. Errors: what zagg_run_local would refuse before any shard;
 * IO where the folder cannot be written. `summary` is filled in any case. Blocking. */
ZAGG_API zagg_status zagg_fetch(const zagg_fetch_opts *opts, zagg_fetch_summary *summary,
                                zagg_err *err);
ZAGG_API void zagg_fetch_summary_free(zagg_fetch_summary *summary);

#ifdef __cplusplus
}
#endif
#endif
