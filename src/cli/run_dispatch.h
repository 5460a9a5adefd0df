/* zagg run with another backend than this machine. */
#ifndef ZG_CLI_RUN_DISPATCH_H
#define ZG_CLI_RUN_DISPATCH_H

#include "cli/progress.h"
#include "cli/run_args.h"

typedef struct dispatch_job {
    const run_args *args;
    progress *progress;
    const zagg_pipeline *pipeline;
    const zagg_shardmap *map;
    zagg_latitude latitude;
    const char *store;
    zagg_net *net; /* NULL: nothing is behind a network */
    const volatile int *stop;
} dispatch_job;

/** Run it and print what came of it; the exit code. `err` has a text where there is one
 * to be shown. */
int run_dispatch(const dispatch_job *job, zagg_err *err);

/** Summary and JSON (dispatch_output.c). */
void print_dispatch(const zagg_dispatch_summary *s, const dispatch_job *job);
zagg_status print_dispatch_json(const zagg_dispatch_summary *s, const dispatch_job *job,
                                zagg_err *err);

#endif
