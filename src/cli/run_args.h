/* The command line of zagg run, parsed. */
#ifndef ZG_CLI_RUN_ARGS_H
#define ZG_CLI_RUN_ARGS_H

#include "base/base.h"
#include "cli/net_args.h"
#include "zagg/dispatch.h"
#include "zagg/geo.h"

typedef struct run_args {
    const char *config, *catalog, *store, *driver, *shard, *handoff;
    net_args net;
    zg_vec granules; /* const char * */
    bool granules_given;
    int64_t max_cells;     /* 0: all */
    size_t max_workers;    /* 0: the machine's */
    uint64_t memory_bytes; /* 0: half of the machine's */
    bool latitude_given;
    zagg_latitude latitude;
    bool redo, allow_contraction; /* --no-resume */
    bool remote;                  /* shards are done elsewhere: */
    zagg_backend backend;
    zagg_transport transport;
    bool transport_given;
    zagg_handoff handoff_kind; /* of `handoff` */
    double timeout_s;          /* of a command of exec; 0: the default */
    const char *function, *command, *partition, *sbatch_options, *job_dir, *events_dir;
    unsigned max_retries; /* 0: 3 */
    double max_usd;       /* 0: any */
    bool yes;
    bool overwrite, dry_run, json, log_json, quiet, verbose, table, profile;
} run_args;

/** Parse; 0, or the exit code to stop with (CLI_DONE after --help). */
int run_args_parse(int argc, char **argv, run_args *out);
void run_args_free(run_args *args);

#endif
