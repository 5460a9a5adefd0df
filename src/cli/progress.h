/* Progress and log on stderr: one line that is rewritten on a terminal, plain lines
 * elsewhere. */
#ifndef ZG_CLI_PROGRESS_H
#define ZG_CLI_PROGRESS_H

#include "zagg/log.h"
#include "zagg/run.h"

#include <stdbool.h>

typedef struct progress {
    bool live; /* rewrite one line */
    bool quiet;
    bool shown;    /* a live line stands on the screen */
    double last_s; /* when it was drawn */
    zagg_log *log; /* plain lines go here */
    bool log_json;
} progress;

/** Set up for stderr: live only on a terminal, without NO_COLOR, --quiet and JSON logs.
 * The log of the run is made here and owned by the progress. */
zagg_status progress_init(progress *p, bool quiet, bool verbose, bool log_json,
                          zagg_err *err);
/** Fits zagg_run_progress_fn. */
void progress_shard(void *user, const zagg_run_event *event);
/** Take the live line off the screen. */
void progress_clear(progress *p);
void progress_free(progress *p);

#endif
