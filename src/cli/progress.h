/* Progress and log on stderr: one line that is rewritten on a terminal, plain lines
 * elsewhere. */
#ifndef ZG_CLI_PROGRESS_H
#define ZG_CLI_PROGRESS_H

#include "zagg/dispatch.h"
#include "zagg/fetch.h"
#include "zagg/log.h"
#include "zagg/run.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many different warnings are remembered, to show each of them once. */
#define PROGRESS_WARNINGS 256

typedef struct progress {
    bool live; /* rewrite one line */
    bool log_json, every_warning;
    pthread_mutex_t lock; /* of what follows: shards log from their own threads */
    bool shown;           /* a live line stands on the screen */
    double last_s;        /* when it was drawn */
    uint64_t warnings[PROGRESS_WARNINGS]; /* hashes of those shown */
    size_t n_warnings, n_repeated;
    zagg_log *log; /* plain lines go here */
} progress;

/** Set up for stderr: live only on a terminal, without NO_COLOR, --quiet and JSON logs.
 * The log of the run is made here and owned by the progress; unless verbose it shows
 * equal warnings (a dataset that no granule has) once. `p` must stay where it is. */
zagg_status progress_init(progress *p, bool quiet, bool verbose, bool log_json,
                          zagg_err *err);
/** Fits zagg_run_progress_fn. */
void progress_shard(void *user, const zagg_run_event *event);
/** A shard that was done elsewhere. */
void progress_dispatch(progress *p, const zagg_dispatch_event *event);
/** Fits zagg_fetch_progress_fn. */
void progress_fetch(void *user, const zagg_fetch_event *event);
/** Take the live line off the screen and tell how many warnings were left out. */
void progress_end(progress *p);
void progress_free(progress *p);

#endif
